"""What customers of each segment did next, looked at from several earlier days."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from segmentation.cluster import Plan
from segmentation.problems import DataProblem
from segmentation.proving.later_sums import DRAWS, Sums, interval, sums, usual_draws
from segmentation.proving.looks import Looks
from segmentation.proving.order import ORDER, concordance, order_by_day
from segmentation.proving.then import (
    Fitted,
    customers_by_todays,
    customers_then,
    past_spend_groups,
    segmentations_then,
)

MEANS = ("recent_spend", "later_spend", "came_back", "later_orders")
SHORT = {"later_spend": "later", "came_back": "came_back", "later_orders": "orders", "revenue": "revenue"}
NOBODY = "On the earlier days nobody stood in any of today's segments."
LATER = (
    *("customers", "times", "recent_spend", "later_spend", "later_low", "later_high"),
    *("came_back", "came_back_low", "came_back_high", "later_orders", "orders_low", "orders_high"),
    *("revenue", "revenue_low", "revenue_high", "revenue_share"),
)


def nothing(columns: Sequence[str], *, index: str, beside: str = "") -> pd.DataFrame:
    """Make a table without rows, with an index of one or of two names."""
    names = [index, beside] if beside else [index]
    return pd.DataFrame(columns=[*names, *columns]).set_index(names)


@dataclass(frozen=True)
class LaterEvidence:
    """What the looks back showed; empty tables where there is none.

    Attributes
    ----------
    segments : one row a segment of today's, all days together, see `later_spend_by_group`
    past_spend : the same for as many groups of past spend
    by_day : the same for today's segments, one row a day and segment, indexed by day and name; past_by_day : for the
        groups of past spend
    order : one row a day, and one for all days, of the segments as fitted on each day; see `order_by_day`
    concordance : Kendall's W of the order of today's segments on the days; missing with one day or one segment
    then : the segments as fitted on each day, by day; none where they can't be made
    days : length of each period, none when there is none
    left_out : days that could not be looked back from
    why_not : why nothing is measured, in words; empty when it is; why_no_order : why `order` is not
    """

    segments: pd.DataFrame = field(default_factory=lambda: nothing(LATER, index="segment"))
    past_spend: pd.DataFrame = field(default_factory=lambda: nothing(LATER, index="segment"))
    by_day: pd.DataFrame = field(
        default_factory=lambda: nothing(["day", "segment", *LATER], index="").set_index(["day", "segment"])
    )
    past_by_day: pd.DataFrame = field(default_factory=lambda: nothing(LATER, index="day", beside="segment"))
    order: pd.DataFrame = field(default_factory=lambda: nothing(ORDER, index="day"))
    concordance: float = float("nan")
    then: Mapping[datetime.date, Fitted] = field(default_factory=dict)
    days: int | None = None
    left_out: tuple[datetime.date, ...] = ()
    why_not: str = ""
    why_no_order: str = ""


def later_evidence(looks: Looks, plan: Plan, segmentation: Fitted, *, seed: int) -> LaterEvidence:
    """Measure what customers of each segment did next.

    What members of a segment do next is told by today's segments, carried back to each day. Whether segments tell what
    comes is told by the segments that the plan makes of what was known on each day.

    Parameters
    ----------
    looks : see `look_back`
    plan : of today's segments; segmentation : today's
    seed : of the customers drawn again
    """
    if looks.why_not:
        return LaterEvidence(why_not=looks.why_not, why_no_order=looks.why_not)
    today = customers_by_todays(looks, segmentation)
    if today["name"].isna().all():
        return LaterEvidence(why_not=NOBODY, why_no_order=NOBODY)
    past = past_spend_groups(today)
    draws = usual_draws(today.index.get_level_values("customer_id").nunique())
    added, by_spend = (sums(today, group, seed=seed, draws=draws) for group in (today["name"], past))
    evidence = LaterEvidence(
        segments=pooled(added, today, today["name"]),
        past_spend=pooled(by_spend, today, past),
        by_day=by_day(added),
        past_by_day=by_day(by_spend),
        concordance=concordance(added.mean("later_spend")[0]),
        days=looks.days,
        left_out=looks.left_out,
    )
    try:
        then = segmentations_then(looks, plan)
    except DataProblem as problem:
        return replace(evidence, why_no_order=str(problem))
    return replace(evidence, then=then, order=order_by_day(customers_then(looks, then), seed=seed, draws=draws))


def later_spend_by_group(customers: pd.DataFrame, group: pd.Series, *, seed: int, draws: int = DRAWS) -> pd.DataFrame:
    """Measure what each group's customers did in the period after, all days together, with 95 % intervals.

    Parameters
    ----------
    customers : see `placed`
    group : the same index
    seed, draws : of the customers drawn again

    Returns
    -------
    DataFrame indexed by group, highest recent spend first, columns as in `LATER`
        customers : different ones; times : customers and days; recent_spend, later_spend : mean, shop currency;
        came_back : share with an order; later_orders : mean; revenue : of a period, shop currency, mean over days;
        revenue_share : of all later spend, missing when that is not above zero; _low, _high : 95 % interval
    """
    return pooled(sums(customers, group, seed=seed, draws=draws), customers, group)


def pooled(added: Sums, customers: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Set the sums of all days together out in one row a group; see `later_spend_by_group`."""
    ids = customers.index.get_level_values("customer_id").to_series().groupby(group.to_numpy()).nunique()
    means = {name: added.mean(name, pooled=True) for name in MEANS}
    times = added.of("times")[0].sum(axis=0)
    table = with_intervals(added.groups, times, means, added.of("later_spend").mean(axis=1))
    return table.assign(customers=ids.reindex(table.index).astype("int64")).rename_axis(group.name)


def by_day(added: Sums) -> pd.DataFrame:
    """Set the sums out in one row a day and group where somebody stood, indexed by both; columns as in `LATER`."""
    parts = {}
    for place, day in enumerate(added.days):
        means = {name: added.mean(name)[:, place] for name in MEANS}
        table = with_intervals(added.groups, added.of("times")[0, place], means, added.of("later_spend")[:, place])
        parts[day] = table[table["times"] > 0]
    return pd.concat(parts, names=["day", "segment"])


def with_intervals(
    groups: Sequence[object], times: np.ndarray, means: Mapping[str, np.ndarray], revenue: np.ndarray
) -> pd.DataFrame:
    """Set measures out beside their intervals, one row a group, highest recent spend first.

    Parameters
    ----------
    groups : names; times : customers and days of each, shape (groups,)
    means, revenue : shape (1 + draws, groups), the first as observed
    """
    sizes = times.astype("int64")
    columns = {"customers": sizes, "times": sizes, "recent_spend": means["recent_spend"][0]}
    for name, short in SHORT.items():
        values = revenue if name == "revenue" else means[name]
        low, high = interval(values[1:])
        columns |= {name: values[0], f"{short}_low": low, f"{short}_high": high}
    total = revenue[0].sum()
    columns["revenue_share"] = revenue[0] / total if total > 0 else np.full(len(groups), np.nan)
    table = pd.DataFrame(columns, index=pd.Index(groups))[[*LATER]]
    return table.sort_values("recent_spend", ascending=False, kind="stable")
