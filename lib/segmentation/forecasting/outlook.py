"""Each customer's outlook by the winners of the contest: orders, money and the day of the next order."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.features import later_outcomes, orders_before
from segmentation.forecasting.ahead import LIFETIME, told_ahead, who_tells_what
from segmentation.forecasting.contest import Contest
from segmentation.forecasting.forecasters import all_forecasters, new_models
from segmentation.forecasting.intervals import Errors
from segmentation.forecasting.known import Known, known_of
from segmentation.forecasting.lifetimes import LifetimeModel
from segmentation.forecasting.next_order import by_own_gaps
from segmentation.forecasting.outlook_notes import coverage, notes_of
from segmentation.forecasting.past import Past
from segmentation.forecasting.simple_rules import Anyway
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

HORIZONS = (30, 90, 365)
YEAR = 365
NEXT_ORDER = ("next_order_on", "next_order_on_low", "next_order_on_high")
SIMULATED = 200


@dataclass(frozen=True)
class Outlook:
    """What to expect of each customer of today.

    Attributes
    ----------
    day : of description; horizons : in days
    table : one row a customer, indexed by customer_id in sorted order: active, and by horizon returns_30 …, orders_30
        …, value_30 … with _low and _high, next_order_on with _low and _high; empty when nothing can be told
    basis : (target, horizon) → by whom and how it is told, in words
    errors : (orders or value, horizon) → how far such forecasts were off
    last_year : what each customer spent in the 365 days before the day, net
    notes : what a reader must know, one sentence an item: coverage, what is missing and why
    why_not : why there is no outlook; empty when there is one
    """

    day: datetime.date
    horizons: tuple[int, ...]
    table: pd.DataFrame
    basis: Mapping[tuple[str, int], str] = field(default_factory=dict)
    errors: Mapping[tuple[str, int], Errors] = field(default_factory=dict)
    last_year: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"))
    notes: tuple[str, ...] = ()
    why_not: str = ""


def make_outlook(
    contest: Contest,
    looks: Sequence[Look],
    today: Known,
    *,
    segmentation: Anyway | None,
    horizons: Sequence[int] = HORIZONS,
    seed: int,
    **beside: ir.Table | None,
) -> Outlook:
    """Tell each customer's outlook, each target by the winner of the contest.

    Parameters
    ----------
    contest : see `hold_contest`
    looks : those of the contest, oldest first
    today : customers as of the day of description, and all orders before it
    segmentation : today's; needed where the segments won
    horizons : days ahead, ascending
    seed : of draws by chance
    beside : the tables beside the orders, see `customer_features`
    """
    today = replace(today, orders=orders_before(today.orders, today.day))
    past = Past(today, looks, beside)
    forecasters = {forecaster.name: forecaster for forecaster in all_forecasters(segmentation, new_models())}
    lifetimes, refused = lifetimes_or_why(forecasters[LIFETIME], today, horizons=horizons, seed=seed)
    columns, basis, errors, simulated = {}, {}, {}, set()
    try:
        for name, targets in who_tells_what(contest, looks=looks, refused=refused).items():
            for days in horizons:
                part = told_ahead(
                    forecasters[name], past, targets, days=days, seed=seed, lifetimes=lifetimes, contest=contest
                )
                columns |= {(target, days): part.told[target] for target in targets}
                basis |= {(target, days): part.words for target in targets}
                simulated |= {(target, days) for target in targets if part.simulated}
                if part.tried is not None:
                    errors |= {(target, days): part.tried.errors(target) for target in targets if target != "returns"}
    except DataProblem as problem:
        return Outlook(today.day, tuple(horizons), pd.DataFrame(index=today.features.index), why_not=str(problem))
    own = dict.fromkeys(simulated, lifetimes)
    table = with_intervals(columns, errors, own, horizons=horizons)
    table = with_next_order(table, lifetimes, today, horizons=horizons)
    shares = coverage(contest, as_then(forecasters[LIFETIME], contest, looks, seed=seed))
    notes = notes_of(contest, basis, errors, shares, refused, horizons=horizons)
    return Outlook(today.day, tuple(horizons), table, basis, errors, last_year(today), tuple(notes))


def as_then(model: LifetimeModel, contest: Contest, looks: Sequence[Look], *, seed: int) -> pd.DataFrame | None:
    """Tell what the lifetime model said on the last day of the contest, with its intervals, where it has won."""
    if LIFETIME not in {winner.name for winner in contest.winners.values()}:
        return None
    return lifetimes_or_why(model, known_of(looks[-1]), horizons=[contest.length], seed=seed)[0]


def lifetimes_or_why(
    model: LifetimeModel, today: Known, *, horizons: Sequence[int], seed: int
) -> tuple[pd.DataFrame | None, str]:
    """Tell the lifetime models' table, or why there is none."""
    try:
        return model.table(today, horizons=horizons, draws=SIMULATED, seed=seed), ""
    except DataProblem as problem:
        return None, str(problem)


# --- putting it together


def with_intervals(
    columns: Mapping[tuple[str, int], pd.Series],
    errors: Mapping[tuple[str, int], Errors],
    simulated: Mapping[tuple[str, int], pd.DataFrame],
    *,
    horizons: Sequence[int],
) -> pd.DataFrame:
    """Add intervals, as simulated or by what followed such forecasts; more days never mean less."""
    table = {}
    for (target, days), told in columns.items():
        table[f"{target}_{days}"] = told
        if target == "returns":
            continue
        name = f"{target}_{days}"
        if (target, days) in simulated:
            low, high = (simulated[target, days][f"{name}_{end}"] for end in ("low", "high"))
        else:
            low, high = errors[target, days].interval(told.to_numpy())
        table[f"{name}_low"], table[f"{name}_high"] = np.minimum(low, told), np.maximum(high, told)
    return never_less(pd.DataFrame(table), horizons=horizons)


def never_less(table: pd.DataFrame, *, horizons: Sequence[int]) -> pd.DataFrame:
    """Raise what is expected within more days to what is expected within fewer, where it is below."""
    raised = table.copy()
    for ending in (
        "returns_{}",
        *(f"{what}_{{}}{end}" for what in ("orders", "value") for end in ("", "_low", "_high")),
    ):
        names = [ending.format(days) for days in horizons]
        raised[names] = np.maximum.accumulate(table[names].to_numpy(), axis=1)
    return raised


def with_next_order(
    table: pd.DataFrame, lifetimes: pd.DataFrame | None, today: Known, *, horizons: Sequence[int]
) -> pd.DataFrame:
    """Add who is active and the day of the next order: by the lifetime model, or else by the customer's own gaps."""
    if lifetimes is not None:
        active, days = lifetimes["active"], lifetimes[[*NEXT_ORDER]]
    else:
        active, days = table[f"returns_{horizons[-1]}"], by_own_gaps(today)
    active = active.fillna(table[f"returns_{horizons[-1]}"]).clip(0, 1)
    return pd.concat([active.rename("active"), table, days], axis=1)


def last_year(today: Known) -> pd.Series:
    """Measure what each customer spent in the 365 days before today, net."""
    spent = later_outcomes(today.orders, today.day - datetime.timedelta(days=YEAR), today.day)["spend"]
    return spent.reindex(today.features.index, fill_value=0.0).rename("last_year")
