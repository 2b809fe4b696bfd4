"""What step 05 shows of forecasts: tables and pictures' numbers in the reader's words."""

import pandas as pd

from segmentation.forecasting.by_segment import SHOWN as HORIZONS_SHOWN
from segmentation.forecasting.calibration import COLUMNS as BINS
from segmentation.forecasting.calibration import calibration
from segmentation.forecasting.contest import JUDGED, Contest
from segmentation.forecasting.known import Target

WATCH_FORMATS = {"order within 90 days": "{:.0%}"}
HOW_TO_READ: dict[Target, str] = {
    "value": "Deviance (Tweedie, power 1.5) decides, lower is better: under it the true expectation scores best, even "
    "where a few customers bring most of the money. Mean error: of a customer, whichever way; bias: all forecasts "
    "together against all that came. Money told: share of the differences in money that the forecast told, below 0 "
    "worse than the same for everybody. Top tenth: share of what came that those brought who were ranked highest.",
    "returns": "Log loss decides, lower is better: it punishes a chance that was far off. Brier: mean squared error of "
    "the chance. ROC AUC: how often who came back was given more than who did not, 0.5 as by chance.",
}


def how_to_read(target: Target) -> str:
    """Word the notes below a target's table; see `telling.contest_table`."""
    return HOW_TO_READ[target]


def contest_caption(contest: Contest) -> str:
    """Word what the figure of the contest shows, or why there is none."""
    if contest.why_not:
        return f"Not measured. {contest.why_not}"
    customers = contest.actual.index.get_level_values("customer_id").nunique()
    return (
        f"Who told best what {customers:,} customers did in the {contest.length} days after each of "
        f"{len(contest.days)} days from {contest.days[0]} to {contest.days[-1]}; lower is better. Bars: 95 % interval, "
        "customers drawn again. Highlighted: who is used."
    )


def scores_shown(contest: Contest) -> dict[str, pd.DataFrame]:
    """Take each target's scores of all days together, indexed by forecaster."""
    return {target: scores.xs("all", level="day") for target, scores in contest.scores.items()}


def scores_by_day(contest: Contest) -> pd.DataFrame:
    """Set every score of every forecaster on every day under one another."""
    if contest.why_not:
        return pd.DataFrame(columns=["target", "forecaster", "day"])
    return pd.concat(contest.scores, names=["target"]).reset_index().astype({"day": str})


def winners_of(contest: Contest) -> dict[str, str]:
    """Name who is used for each target."""
    return {target: winner.name for target, winner in contest.winners.items()}


def winners_calibrated(contest: Contest, *, min_group: int, seed: int) -> dict[str, pd.DataFrame]:
    """Compare the winners' forecasts with what followed, one table a target; see `calibration`."""
    names = winners_of(contest)
    return {
        target: calibration(contest, names[target], target, min_group=min_group, seed=seed)
        if target in names
        else pd.DataFrame(columns=[*BINS])
        for target in JUDGED
    }


def in_one_table(bins: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Set both targets' bins under one another."""
    return pd.concat([table.assign(target=target) for target, table in bins.items()], ignore_index=True)


def outlook_table(table: pd.DataFrame, *, money: str) -> pd.DataFrame:
    """Set the outlook of segments out for reading; see `by_segment.outlook_by_segment`."""
    shown = {"segment": table["segment"], "customers": table["customers"], "active": table["active"]}
    for days in HORIZONS_SHOWN:
        shown |= {
            f"order in {days}\u00a0days": table[f"returns_{days}"],
            f"{money} in {days}\u00a0days": table[f"value_{days}"],
            f"{days}\u00a0days, 95 %": [
                f"{low:,.0f}\u00a0to\u00a0{high:,.0f}" if pd.notna(low) else None
                for low, high in zip(table[f"value_{days}_low"], table[f"value_{days}_high"], strict=True)
            ],
        }
    return pd.DataFrame(shown)


def outlook_formats(money: str) -> dict[str, str]:
    """Choose how the cells of `outlook_table` are written."""
    shares = {f"order in {days}\u00a0days": "{:.0%}" for days in HORIZONS_SHOWN}
    return {"active": "{:.0%}"} | shares | {f"{money} in {days}\u00a0days": "{:,.0f}" for days in HORIZONS_SHOWN}


def watch_table(table: pd.DataFrame, *, money: str) -> pd.DataFrame:
    """Set the watch list out for reading, one row a segment; see `watch.watch_by_segment`."""
    words = {
        "value_at_risk": f"at risk, {money}",
        "last_year": f"last year, {money}",
        "returns_90": "order within 90 days",
    }
    return table.rename(columns=words)
