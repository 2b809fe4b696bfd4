"""The contest in words and tables."""

import numpy as np
import pandas as pd

from segmentation.forecasting.contest import Contest
from segmentation.forecasting.judging import Winner
from segmentation.forecasting.known import Target
from segmentation.forecasting.outlook_notes import capital
from segmentation.forecasting.scoring import DECIDES

WHAT = {"value": "what customers spend next", "returns": "who orders again"}
SHOWN = {
    "value": {
        "deviance": "deviance", "mae": "mean error", "bias": "bias", "money_explained": "money told",
        "spearman": "rank correlation", "top_share": "top tenth",
    },
    "returns": {"log_loss": "log loss", "auc": "ROC AUC", "brier": "Brier", "bias": "bias"},
}  # fmt: skip
WITH_INTERVAL = {"value": "mae", "returns": "auc"}  # beside the score that decides, whose lead has one
LEAD = "lead over the best rule"
LEADS, ENDS = {"value": "{:+.1f}", "returns": "{:+.3f}"}, {"value": "{:,.0f}", "returns": "{:.3f}"}
FORMATS = {
    "deviance": "{:,.2f}", "mean error": "{:,.2f}", "bias": "{:+.0%}", "money told": "{:.0%}",
    "rank correlation": "{:.3f}", "top tenth": "{:.0%}", "log loss": "{:.3f}",
    "Brier": "{:.3f}", "ROC AUC": "{:.3f}",
}  # fmt: skip


def contest_table(contest: Contest, target: Target) -> pd.DataFrame:
    """Set the contest out for reading, all days together, the best first.

    Returns
    -------
    DataFrame, one row a forecaster: forecaster; the score that decides and its lead over the best simple rule, as an
    interval; the other scores, one of them beside its 95 % interval; no row without a contest
    """
    names, decides, beside = SHOWN[target], DECIDES[target], WITH_INTERVAL[target]
    columns = ["forecaster", *names.values()]
    columns.insert(columns.index(names[decides]) + 1, LEAD)
    columns.insert(columns.index(names[beside]) + 1, "95 %")
    if contest.why_not:
        return pd.DataFrame(columns=columns)
    scores = contest.scores[target].xs("all", level="day").sort_values(decides, kind="stable")
    table = scores[[*names]].rename(columns=names).reset_index()
    table["95 %"] = intervals(scores, beside, ENDS[target])
    leads = intervals(scores, "lead", LEADS[target])
    rule = contest.winners[target].rule
    table[LEAD] = [None if name == rule else lead for name, lead in zip(scores.index, leads, strict=True)]
    return table[columns]


def intervals(scores: pd.DataFrame, name: str, form: str) -> list[str | None]:
    """Word the middle 95 % of a score, one a row; none where it is not known."""
    ends = zip(scores[f"{name}_low"], scores[f"{name}_high"], strict=True)
    return [
        f"{form.format(low)}\u00a0to\u00a0{form.format(high)}" if np.isfinite([low, high]).all() else None
        for low, high in ends
    ]


def table_formats(target: Target) -> dict[str, str]:
    """Choose how the cells of `contest_table` are written."""
    return {name: FORMATS[name] for name in SHOWN[target].values()}


def winner_in_words(contest: Contest) -> list[str]:
    """Say who forecasts best, what that is worth, and who did not take part; one sentence an item."""
    if contest.why_not:
        return [f"Forecasters are not compared. {contest.why_not}"]
    told = [verdict(contest, target) for target in contest.winners]
    return told + [f"{capital(name)} did not take part. {why}" for name, why in contest.refused.items()]


def verdict(contest: Contest, target: Target) -> str:
    """Say who forecasts a target best, with the lead and what the choice was worth on days that had no part in it."""
    winner, words = contest.winners[target], SHOWN[target][DECIDES[target]]
    return f"{opening(winner, target, words)} {worth(contest, target)}"


def opening(winner: Winner, target: Target, words: str) -> str:
    """Word who wins and by how much."""
    if not winner.model or not winner.rule:
        return f"{capital(WHAT[target])} is told by {winner.name}; there was nobody to compare with."
    ends = f"{winner.lead:+.3f} (95 %: {winner.lead_low:+.3f} to {winner.lead_high:+.3f})"
    if winner.name == winner.model:
        return (
            f"{capital(WHAT[target])} is told best by {winner.name}: its {words} is ahead of the "
            f"best simple rule, {winner.rule}, by {ends}."
        )
    return (
        f"To tell {WHAT[target]}, the simple rule wins: no model is clearly ahead of {winner.rule}; the best one, "
        f"{winner.model}, leads by {ends} in {words}."
    )


def worth(contest: Contest, target: Target) -> str:
    """Word the winner's scores, from days that had no part in the choice where there are several."""
    winner = contest.winners[target]
    scores = winner.elsewhere or contest.scores[target].loc[(winner.name, "all")].to_dict()
    if target == "value":
        in_all = f" and by {scores['bias']:+.0%} in all" if np.isfinite(scores["bias"]) else ""
        said = f"is off by {scores['mae']:,.2f} a customer{in_all}"
    elif np.isfinite(scores["auc"]):
        said = f"has a ROC AUC of {scores['auc']:.2f}"
    else:
        said = f"has a Brier score of {scores['brier']:.3f}"
    if winner.elsewhere:
        return (
            f"Chosen on the other days and measured on each of the {len(contest.days)} in turn, the choice {said} over "
            f"{contest.length} days."
        )
    return f"Over {contest.length} days it {said}; chosen and measured on the same day, which flatters a little."
