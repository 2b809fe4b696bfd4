"""Step 05: may one act on the segments? What other modules measure is put together here, and recorded."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.cluster import Plan, named_segments
from segmentation.forecasting import Contest, Outlook, hold_contest
from segmentation.forecasting.ahead import LIFETIME
from segmentation.lifetime import (
    LifetimeModels,
    active_grid,
    bias,
    expected_and_actual,
    fit_best,
    fits_table,
    once_above_returning,
    purchase_histories,
)
from segmentation.lifetime.gamma_gamma import NAME as OF_MONEY
from segmentation.lifetime.histories import HISTORY
from segmentation.movement import (
    Moves,
    Verdict,
    drift_between,
    gone_after_days,
    gone_in_words,
    moves_between,
    moves_in_words,
    moves_matrix,
    moves_table,
    refit_agreement,
    refit_verdict,
    segment_moves,
)
from segmentation.problems import DataProblem
from segmentation.proving import (
    Card,
    Evidence,
    Internal,
    LaterEvidence,
    LeakCheck,
    Looks,
    Refits,
    by_kind,
    large_enough,
    refits_agreement,
    require_no_leak,
)
from segmentation.proving.then import Fitted


@dataclass(frozen=True)
class Change:
    """How customers and their segments have changed since the last earlier day.

    Attributes
    ----------
    moves : between today's segments; None without an earlier day
    drift : of the features that decide, see `movement.drift_between`
    verdict : whether to make the segments anew; None without an earlier day
    gone : who fell silent, in words
    why_not : why nothing is compared, in words
    """

    moves: Moves | None
    drift: pd.DataFrame
    verdict: Verdict | None
    gone: str
    why_not: str = ""


def last_of(then: Mapping[datetime.date, Fitted]) -> Fitted | None:
    """Take the segments as made on the last earlier day; None without such a day."""
    return then[max(then)] if then else None


def last_day(looks: Looks) -> datetime.date | None:
    """Tell the last earlier day; None without such a day."""
    return looks.last.day if len(looks) else None


def checked_for_leaks(orders: ir.Table, looks: Looks, *, seed: int, **beside: ir.Table | None) -> LeakCheck | None:
    """Require that nothing that came later tells on the last earlier day; None when there is none."""
    return require_no_leak(orders, looks.last, seed=seed, **beside) if len(looks) else None


def lifetimes_of(orders: ir.Table, *, as_of: datetime.date) -> tuple[pd.DataFrame, LifetimeModels]:
    """Count each customer's purchase history and fit the lifetime models to them; without any where rows are customers.

    Returns
    -------
    histories, see `purchase_histories`; models, see `fit_best`
    """
    try:
        histories = purchase_histories(orders, as_of=as_of)
    except DataProblem as problem:
        nobody = pd.DataFrame({name: pd.Series(dtype="float64") for name in (*HISTORY, "order_value")})
        return nobody, replace(fit_best(nobody), words=str(problem))
    return histories, fit_best(histories)


def lifetimes_used(models: LifetimeModels, *, money: str) -> pd.DataFrame:
    """List the numbers of the models that are used: of orders and of their value; see `fits_table`."""
    table = fits_table(models, money=money)
    return table[table["model"].isin([models.best, OF_MONEY])].reset_index(drop=True)


def lifetimes_tried(histories: pd.DataFrame, looks: Looks, *, min_group: int) -> pd.DataFrame:
    """Compare the days with a purchase that a lifetime model expected after the last earlier day with those that came.

    Parameters
    ----------
    histories : of today, see `purchase_histories`
    looks : see `look_back`
    min_group : groups of fewer customers are left out

    Returns
    -------
    See `expected_and_actual`; no row without an earlier day, or where it carries no model
    """
    if not len(looks):
        return pd.DataFrame(columns=["customers", "expected", "actual"])
    then = purchase_histories(looks.last.orders, as_of=looks.last.day)
    later = histories["repeat_count"].reindex(then.index) - then["repeat_count"]
    return expected_and_actual(then, fit_best(then), later, days=looks.last.days, min_group=min_group)


def tried_in_words(tried: pd.DataFrame) -> str:
    """Say how far the expectation lay off in all; nothing where nothing was tried; see `lifetimes_tried`."""
    if tried.empty:
        return ""
    expected, actual = (tried[name] * tried["customers"] for name in ("expected", "actual"))
    off = bias(expected, actual)
    return f"In all, it expected {abs(off):.0%} {'more' if off > 0 else 'fewer'} than came; it knows no season."


def active_shown(models: LifetimeModels, histories: pd.DataFrame) -> pd.DataFrame:
    """Compute how probably customers are active; no row without a model; see `active_grid`."""
    return active_grid(models, observed_days=histories["observed_days"].max()) if models.best else pd.DataFrame()


def contest_of(looks: Looks, then: Mapping[datetime.date, Fitted], *, seed: int) -> Contest:
    """Compare forecasters on the earlier days, or say why not; see `hold_contest`."""
    if looks.why_not:
        return Contest((), 0, why_not=looks.why_not)
    return hold_contest(looks.looks, then, days=looks.last.days, seed=seed)


def change_since(
    looks: Looks,
    then: Mapping[datetime.date, Fitted],
    features: pd.DataFrame,
    plan: Plan,
    *,
    segmentation: Fitted,
    refits: Refits,
    past: pd.DataFrame | None,
    min_group: int,
) -> Change:
    """Compare today's customers with those of the last earlier day.

    Parameters
    ----------
    looks : see `look_back`; then : segments as made on each of their days
    features : of today; plan, segmentation : today's; past : see `cluster.segment_customers`
    refits : of today's segments: how far they differ when only customers are drawn again
    min_group : fewest customers that may be counted
    """
    if looks.why_not:
        return Change(None, pd.DataFrame(), None, "", looks.why_not)
    last = looks.last
    before, after = named_segments(segmentation, last.features), named_segments(segmentation, features)
    moves = moves_between(before, after, spend_before=last.features["net_spend"], spend_after=features["net_spend"])
    usual = [look.features for look in looks]
    drift = drift_between(last.features, features, columns=plan.recipe.columns, days=last.days, reference=usual)
    old = then.get(last.day, segmentation)
    agreement = refit_agreement(old, features, plan, refits=refits, past=past)
    verdict = refit_verdict(drift, agreement, moved=share_moved(moves), known_days=last.days * (len(looks) - 1))
    silent = gone_after_days(features)
    gone = gone_in_words(last.features, features, days=silent, min_group=min_group)
    return Change(moves, drift, verdict, gone)


def share_moved(moves: Moves) -> float:
    """Measure the share of the customers known on both days who stand in another segment; missing with none."""
    known = moves.known_in_both
    return float(segment_moves(moves)["left"].sum() / known) if known else float("nan")


def change_in_words(change: Change, *, money: str, min_group: int) -> list[str]:
    """Say whether the segments are to be made anew, what shifted, and who moved; or why nothing is compared."""
    if change.moves is None or change.verdict is None:
        return [f"Whether customers have changed is not measured. {change.why_not}"]
    verdict = " ".join(
        ["Would the segments of the last earlier day still do?", change.verdict.sentence, *change.verdict.grounds]
    )
    return [verdict, *moves_in_words(change.moves, min_group=min_group, money=money), change.gone]


def moves_shown(change: Change, *, min_group: int) -> pd.DataFrame:
    """Set out who went from which segment to which; no row without an earlier day; see `moves_matrix`."""
    return pd.DataFrame() if change.moves is None else moves_matrix(change.moves, min_group=min_group)


def moves_told(change: Change, *, min_group: int) -> pd.DataFrame:
    """Set out how each segment came to be as large as it is; no row without an earlier day; see `moves_table`."""
    if change.moves is None:
        return pd.DataFrame(columns=["segment", "before", "after"])
    return moves_table(change.moves, min_group=min_group)


def is_ordered(table: pd.DataFrame, horizons: Sequence[int]) -> bool:
    """Tell whether an outlook is finite, lies within its intervals, and never falls with more days."""
    amounts = [f"{what}_{days}" for what in ("orders", "value") for days in horizons]
    rising = [[f"{what}_{days}" for days in horizons] for what in ("returns", "orders", "value")]
    told = table[[*amounts, *(f"{name}_{end}" for name in amounts for end in ("low", "high")), *rising[0]]]
    within = all(
        (table[f"{name}_low"] <= table[name]).all() and (table[name] <= table[f"{name}_high"]).all() for name in amounts
    )
    grows = all((np.diff(table[names].to_numpy(), axis=1) >= 0).all() for names in rising)
    return bool(np.isfinite(told.to_numpy(dtype="float64")).all() and within and grows)


def worth_in_words(
    outlook: Outlook, contest: Contest, histories: pd.DataFrame, features: pd.DataFrame, models: LifetimeModels
) -> str:
    """Say whether someone who bought once is worth more than who came back with the same spend; empty if unknown."""
    if outlook.why_not or histories.empty:
        return ""
    table, spend = outlook.table, features["net_spend"]
    if contest.winners and contest.winners["value"].kind != LIFETIME:
        models = replace(models, best="")
    return once_above_returning(table, histories.reindex(table.index), spend, models, horizon=outlook.horizons[-1])


# --- what is handed on


def evaluation_record(
    card: Card,
    evidence: Evidence,
    refits: Refits,
    internal: Internal,
    later: LaterEvidence,
    contest: Contest,
    models: LifetimeModels,
    change: Change,
    *,
    came_back: pd.Series,
    min_group: int,
) -> dict[str, object]:
    """Record the evaluation in plain numbers, None for what is not measured, with the reason.

    Parameters
    ----------
    came_back : share of each segment's customers of earlier days who ordered in the period after, by segment name
    min_group : what fewer customers did next is not recorded, since records may be shared
    """
    reasons = {
        "stability": refits.why_not,
        "internal": internal.why_not,
        "hold_out": later.why_not,
        "contest": contest.why_not,
        "lifetime": "" if models.best else models.words,
        "change": change.why_not,
    }
    shown = large_enough(later.segments, min_group=min_group)
    record = {
        "verdict": card.verdict,
        "verdicts": card.segments.set_index("name")["verdict"].to_dict(),
        "agreement": refits_agreement(refits),
        "refits": refits.number,
        "crowd_agreement": evidence.crowd_agreement,
        "jaccard": evidence.stability["jaccard"].to_dict(),
        "trials": by_kind(evidence.trials)["agreement"].to_dict(),
        "internal": internal.table.to_dict(orient="index"),
        "holdout_days": later.days,
        "order": later.order.rename(index=str).to_dict(orient="index"),
        "concordance": later.concordance,
        "later": shown.to_dict(orient="index"),
        "came_back": came_back[came_back.index.isin(shown.index)].dropna().to_dict(),
        "forecasts": {target: scores_of(contest, target) for target in contest.scores},
        "winners": {target: winner.name for target, winner in contest.winners.items()},
        "lifetime": lifetime_record(models),
        "drift": change.drift["beyond"].to_dict() if len(change.drift) else {},
        "refit": change.verdict.word if change.verdict else None,
        "not_measured": {what: why for what, why in reasons.items() if why},
    }
    return without_nan(record)


def scores_of(contest: Contest, target: str) -> dict[str, dict[str, float]]:
    """Take the scores of all days together, one entry a forecaster."""
    return contest.scores[target].xs("all", level="day").to_dict(orient="index")


def lifetime_record(models: LifetimeModels) -> dict[str, object]:
    """Record the lifetime model that is used: its name, parameters and log-likelihood; empty without one."""
    if not models.best:
        return {}
    fit = models.chosen[1]
    return {"model": models.best, "parameters": dict(fit.parameters), "log_likelihood": fit.log_likelihood}


def without_nan(value: object) -> object:
    """Turn missing numbers into None, at any depth, because JSON knows no other missing value.

    Examples
    --------
    >>> without_nan({"all": {"silhouette": float("nan"), "k": 3}})
    {'all': {'silhouette': None, 'k': 3}}
    """
    if isinstance(value, dict):
        return {name: without_nan(part) for name, part in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value
