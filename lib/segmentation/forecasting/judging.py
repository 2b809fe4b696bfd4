"""Who forecast best: scores with intervals, the winner, and what choosing it was worth on days without a say."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from segmentation.forecasting.known import Target
from segmentation.forecasting.scoring import DECIDES, Parts, draw_weights, pooled, ranks_of, return_parts, value_parts

DRAWS = 200
MIDDLE = (0.025, 0.975)


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


def judge(
    told: Mapping[str, pd.DataFrame], actual: pd.DataFrame, kinds: Mapping[str, str], *, target: Target, seed: int
) -> tuple[pd.DataFrame, Winner]:
    """Score all forecasters on each day and on all, and choose the winner; see `Contest`."""
    parts = parts_by_day(told, actual, target=target, seed=seed)
    days = list(dict.fromkeys(day for _, day in parts))
    every = {name: pooled([parts[name, day] for day in days], target) for name in told}
    best_rule = best_of(every, kinds, target, simple=True) or best_of(every, kinds, target, simple=False)
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
    everybody = actual.index.get_level_values("customer_id").unique()
    weights = draw_weights(len(everybody), draws=DRAWS, seed=seed)
    parts = {}
    for day, followed in actual[target].groupby(level="day"):
        drawn = weights[everybody.get_indexer(followed.index.get_level_values("customer_id"))]
        values = followed.to_numpy()
        ranks = ranks_of(values, drawn)
        for name, table in told.items():
            said = table.loc[followed.index, target].to_numpy()
            parts[name, day] = (
                value_parts(said, values, drawn, ranks) if target == "value" else return_parts(said, values, drawn)
            )
    return parts


def row(scores: Parts, rule: Parts, target: Target) -> dict[str, float]:
    """Set out one forecaster's scores with their intervals, and its lead over the best simple rule."""
    return with_ends({**scores, "lead": rule[DECIDES[target]] - scores[DECIDES[target]]})


def with_ends(scores: Parts) -> dict[str, float]:
    """Set out scores with the middle 95 % of their draws, as name, name_low and name_high."""
    told = {}
    for name, drawn in scores.items():
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
    return replace(winner, elsewhere=with_ends(drawn))
