"""A fair contest of forecasters on several earlier days: each knows what was known, and what followed decides."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from segmentation.forecasting.forecasters import all_forecasters
from segmentation.forecasting.known import Forecaster, Target, known_of, outcomes_of
from segmentation.forecasting.scoring import DECIDES, SCORES, Parts, draw_weights, pooled, return_parts, value_parts
from segmentation.forecasting.simple_rules import Anyway
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

TARGETS: tuple[Target, ...] = ("value", "returns")
DRAWS = 200
MIDDLE = (0.025, 0.975)
MODELS = ("lifetime model", "learner", "segments")


@dataclass(frozen=True)
class Winner:
    """Who forecasts best, as far as the days can tell.

    Attributes
    ----------
    name : of the forecaster that is used; kind : its sort
    model, rule : the best model and the best simple rule, by the score that decides; model is empty when there is none
    lead, lead_low, lead_high : how much lower the model's score was than the rule's, and its middle 95 %
    elsewhere : the scores of the forecaster that the other days would have chosen, each day by the others; empty when
        there is one day only
    """

    name: str
    kind: str
    model: str
    rule: str
    lead: float
    lead_low: float
    lead_high: float
    elsewhere: Mapping[str, float]


@dataclass(frozen=True)
class Contest:
    """What each forecaster said on several earlier days, and how good that was; empty when none could be held.

    Attributes
    ----------
    days : the days from which on was forecast; length : of the period forecast, in days
    forecasts : forecaster → DataFrame indexed by (day, customer_id): returns, value; never on a page by customer
    actual : DataFrame indexed by (day, customer_id): returns (0 or 1), value (net, shop currency)
    kinds : forecaster → its sort
    refused : forecaster → why it did not take part
    scores : target → DataFrame, one row a forecaster and day, indexed by (forecaster, day), day "all" for all days
        together: each of `SCORES` with _low and _high, the middle 95 % when customers are drawn again; lead,
        lead_low, lead_high : of the score that decides over the best simple rule, above 0 for better
    winners : target → the winner
    why_not : why there was no contest, in words; empty when there was
    """

    days: tuple[datetime.date, ...]
    length: int
    forecasts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    actual: pd.DataFrame = field(default_factory=pd.DataFrame)
    kinds: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[Target, pd.DataFrame] = field(default_factory=dict)
    winners: Mapping[Target, Winner] = field(default_factory=dict)
    why_not: str = ""


def hold_contest(
    looks: Sequence[Look],
    segmentations: Mapping[datetime.date, Anyway],
    *,
    days: int,
    seed: int,
    forecasters: Sequence[Forecaster] | None = None,
) -> Contest:
    """Let every forecaster tell what customers did after each day but the first, which is for learning only.

    Parameters
    ----------
    looks : oldest first, each until the next
    segmentations : day → the segments as fitted on that day
    days : how far ahead is forecast; the looks look as far
    seed : of draws by chance
    forecasters : who takes part on each day; all of them when None
    """
    why_not = no_contest(looks)
    if why_not:
        return Contest((), days, why_not=why_not)
    told: dict[str, list[pd.DataFrame]] = {}
    kinds, refused = {}, {}
    for learn, now in zip(looks, looks[1:], strict=False):
        for forecaster in forecasters or all_forecasters(segmentations.get(now.day)):
            kinds[forecaster.name] = forecaster.kind
            try:
                said = forecaster.forecast(learn, known_of(now), days=days, seed=seed, targets=TARGETS)
            except DataProblem as problem:
                refused.setdefault(forecaster.name, str(problem))
                continue
            told.setdefault(forecaster.name, []).append(on_day(said, now))
    actual = pd.concat([on_day(outcomes_of(now).assign(value=now.outcomes["later_spend"]), now) for now in looks[1:]])
    took_part = {name: pd.concat(parts) for name, parts in told.items() if name not in refused}
    contest_days = tuple(look.day for look in looks[1:])
    judged = {target: judge(took_part, actual, kinds, target=target, seed=seed) for target in TARGETS}
    return Contest(
        contest_days, days, took_part, actual[["returns", "value"]], kinds, refused,
        {target: scores for target, (scores, _) in judged.items()},
        {target: winner for target, (_, winner) in judged.items()},
    )  # fmt: skip


def no_contest(looks: Sequence[Look]) -> str:
    """Say why no contest can be held; nothing when it can."""
    if len(looks) < 2:
        return (
            "Forecasters are compared on a day of which they know what followed the day before it, so orders must "
            "reach back three periods; they reach back two at most. A shorter `holdout_days` may leave three."
        )
    if not any(look.outcomes["later_orders"].gt(0).any() for look in looks[1:]):
        return "Nobody ordered after any of the earlier days, so there is nothing to forecast."
    return ""


def on_day(table: pd.DataFrame, look: Look) -> pd.DataFrame:
    """Index a table of customers by day and customer."""
    return pd.concat({look.day: table}, names=["day", "customer_id"])


# --- who was best


def judge(
    told: Mapping[str, pd.DataFrame], actual: pd.DataFrame, kinds: Mapping[str, str], *, target: Target, seed: int
) -> tuple[pd.DataFrame, Winner]:
    """Score all forecasters on each day and on all, and choose the winner; see `Contest`."""
    parts = parts_by_day(told, actual, target=target, seed=seed)
    days = list(dict.fromkeys(day for _, day in parts))
    every = {name: pooled([parts[name, day] for day in days], target) for name in told}
    best_rule = best_of(every, kinds, target, simple=True)
    rows = {}
    for day in ["all", *days]:
        scores = every if day == "all" else {name: pooled([parts[name, day]], target) for name in told}
        for name in told:
            rows[name, day] = row(scores[name], scores[best_rule], target)
    index = pd.MultiIndex.from_tuples(rows, names=["forecaster", "day"])
    table = pd.DataFrame(list(rows.values()), index=index)
    winner = choose(every, kinds, target)
    return table, with_elsewhere(winner, parts, kinds, target, days)


def parts_by_day(
    told: Mapping[str, pd.DataFrame], actual: pd.DataFrame, *, target: Target, seed: int
) -> dict[tuple[str, datetime.date], Parts]:
    """Measure each forecaster on each day; who is drawn again is drawn on all days, since customers stay themselves."""
    measure = value_parts if target == "value" else return_parts
    everybody = actual.index.get_level_values("customer_id").unique()
    weights = draw_weights(len(everybody), draws=DRAWS, seed=seed)
    parts = {}
    for day, followed in actual[target].groupby(level="day"):
        drawn = weights[everybody.get_indexer(followed.index.get_level_values("customer_id"))]
        for name, table in told.items():
            parts[name, day] = measure(table.loc[followed.index, target].to_numpy(), followed.to_numpy(), drawn)
    return parts


def row(scores: Parts, rule: Parts, target: Target) -> dict[str, float]:
    """Set out one forecaster's scores with their intervals, and its lead over the best simple rule."""
    told = {}
    lead = rule[DECIDES[target]] - scores[DECIDES[target]]
    for name, drawn in {**scores, "lead": lead}.items():
        low, high = middle(drawn)
        told |= {name: float(drawn[0]), f"{name}_low": low, f"{name}_high": high}
    return told


def middle(drawn: np.ndarray) -> tuple[float, float]:
    """Find the middle 95 % of the draws, which come after the customers as they are; missing when none is known."""
    known = drawn[1:][np.isfinite(drawn[1:])]
    low, high = np.quantile(known, MIDDLE) if len(known) else (np.nan, np.nan)
    return float(low), float(high)


def best_of(scores: Mapping[str, Parts], kinds: Mapping[str, str], target: Target, *, simple: bool) -> str:
    """Name the simple rule, or the model, with the best score that decides; empty when there is none."""
    names = [name for name in scores if (kinds[name] == "simple rule") == simple]
    return min(names, key=lambda name: scores[name][DECIDES[target]][0], default="")


def choose(scores: Mapping[str, Parts], kinds: Mapping[str, str], target: Target) -> Winner:
    """Choose the best model when it is clearly ahead of the best simple rule, and else the rule."""
    rule, model = (best_of(scores, kinds, target, simple=simple) for simple in (True, False))
    if not rule or not model:
        name = rule or model
        return Winner(name, kinds[name], model, rule, np.nan, np.nan, np.nan, {})
    lead = scores[rule][DECIDES[target]] - scores[model][DECIDES[target]]
    low, high = middle(lead)
    name = model if low > 0 else rule
    return Winner(name, kinds[name], model, rule, float(lead[0]), low, high, {})


def with_elsewhere(
    winner: Winner,
    parts: Mapping[tuple[str, datetime.date], Parts],
    kinds: Mapping[str, str],
    target: Target,
    days: Sequence[datetime.date],
) -> Winner:
    """Add what a choice is worth on a day that had no part in it: each day's forecaster is chosen by the others."""
    if len(days) < 2:
        return winner
    names = list(dict.fromkeys(name for name, _ in parts))
    chosen = {}
    for day in days:
        others = {name: pooled([parts[name, other] for other in days if other != day], target) for name in names}
        chosen[day] = choose(others, kinds, target).name
    drawn = pooled([parts[chosen[day], day] for day in days], target)
    scores = {name: float(draws[0]) for name, draws in drawn.items()}
    ends = {f"{name}_{end}": value for name in SCORES[target] for end, value in zip(
        ("low", "high"), middle(drawn[name]), strict=True)}  # fmt: skip
    return Winner(
        winner.name, winner.kind, winner.model, winner.rule, winner.lead, winner.lead_low, winner.lead_high,
        scores | ends,
    )  # fmt: skip
