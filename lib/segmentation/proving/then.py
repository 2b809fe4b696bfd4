"""Customers of earlier days in segments: those that the plan made of what was known then, and today's carried back."""

import datetime
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from segmentation.cluster import Plan, Segmentation, assign_segments, fit
from segmentation.describing.past import FEWEST
from segmentation.gate import FULL
from segmentation.grouping.rules import RuleSegmentation
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look, Looks

Fitted = Segmentation | RuleSegmentation


def segmentations_then(looks: Sequence[Look] | Looks, plan: Plan) -> dict[datetime.date, Fitted]:
    """Make the plan's segments as of each day, of what was known then.

    A plan that learns from later spend learns from the look before, whose period had passed by then; so the oldest
    look, which has none before it, is left out, and so is a day of which the segments can't be made.

    Raises
    ------
    DataProblem
        The segments can be made as of no day.
    """
    made, problems = {}, []
    before = [None, *looks]
    for look, earlier in zip(looks, before, strict=False):
        try:
            made[look.day] = fit(look.features, plan, past=past_of(look, earlier, plan))
        except DataProblem as problem:
            problems.append(problem)
    if not made:
        raise problems[-1]
    return made


def past_of(look: Look, earlier: Look | None, plan: Plan) -> pd.DataFrame | None:
    """Describe customers of the look before with what they spent until the day; None when the plan needs none.

    Raises
    ------
    DataProblem
        The plan needs it, and there is no such look or it has too few customers.
    """
    if plan.mode != FULL or not plan.recipe.needs_target:
        return None
    known = 0 if earlier is None or earlier.until != look.day else len(earlier.features)
    if known < FEWEST:
        raise DataProblem(
            f"A preparation that learns from later spend can't be made anew as of {look.day}: of the {look.days} days "
            f"before it {known:,} customers can be learnt from; at least {FEWEST} are needed."
        )
    return earlier.features.join(earlier.outcomes[["later_spend", "later_orders"]])


def customers_then(looks: Sequence[Look] | Looks, fitted: Mapping[datetime.date, Fitted]) -> pd.DataFrame:
    """Put customers into the segments that were made as of each day; see `placed`."""
    return pd.concat([placed(look, fitted[look.day]) for look in looks if look.day in fitted])


def customers_by_todays(looks: Sequence[Look] | Looks, segmentation: Fitted) -> pd.DataFrame:
    """Put customers, as they stood on each day, into today's segments; see `placed`."""
    return pd.concat([placed(look, segmentation) for look in looks])


def placed(look: Look, segmentation: Fitted) -> pd.DataFrame:
    """Put the customers of a look into segments, beside what they did.

    Returns
    -------
    DataFrame indexed by day and customer_id
        segment : int, -1 for a rule that made no segment; name : missing then; net_spend : until the day;
        recent_spend, later_spend, later_orders : see `Look`
    """
    segment = assign_segments(segmentation, look.features)["segment"]
    customers = look.outcomes.assign(
        segment=segment,
        name=segment.map(dict(enumerate(segmentation.names))),
        net_spend=look.features["net_spend"],
    )
    return pd.concat({look.day: customers}, names=["day"])


def return_rates(looks: Looks, segmentation: Fitted) -> pd.Series:
    """Measure who comes back: of those who stood in each of today's segments on earlier days, how many ordered.

    Returns
    -------
    Series of float between 0 and 1, indexed by today's segment; missing where nobody stood in it on those days
    """
    numbers = pd.RangeIndex(segmentation.k)
    if looks.why_not:
        return pd.Series(np.nan, index=numbers, name="came_back")
    customers = customers_by_todays(looks, segmentation)
    return customers["later_orders"].gt(0).groupby(customers["segment"]).mean().reindex(numbers).rename("came_back")


def past_spend_groups(customers: pd.DataFrame) -> pd.Series:
    """Cut the customers of each day by past spend into as many groups as segments, of the same sizes, richest first.

    Returns
    -------
    Series of str, such as "1 of 7, most", indexed as `customers`
    """
    number = customers["segment"].nunique()
    ends = {0: ", most", number - 1: ", least"}
    words = [f"{place + 1} of {number}{ends.get(place, '')}" for place in range(number)]
    parts = [past_spend_places(part) for _, part in customers.groupby(level="day", sort=False)]
    places = pd.concat(parts) if parts else pd.Series(dtype="int64")
    return places.map(dict(enumerate(words))).rename("past_spend_group")


def past_spend_places(customers: pd.DataFrame) -> pd.Series:
    """Cut the customers of one day; see `past_spend_groups`. Returns the group's place from 0."""
    sizes = customers.groupby("segment")["recent_spend"].agg(["size", "mean"]).sort_values("mean", ascending=False)
    ranks = customers["net_spend"].rank(ascending=False, method="first")
    return pd.Series(np.searchsorted(sizes["size"].cumsum().to_numpy(), ranks.to_numpy()), index=customers.index)
