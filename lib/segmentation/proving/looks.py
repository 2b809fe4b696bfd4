"""Looks back: customers as they stood on earlier days, and what they did from then on."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import ibis.expr.types as ir
import pandas as pd

from segmentation.features import collect, customer_features, is_summary, later_outcomes, orders_before, period_days
from segmentation.gate import FULL, SUMMARY_WHY, Allowed
from segmentation.problems import DataProblem

MOST_LOOKS = 5


@dataclass(frozen=True)
class Look:
    """Customers as they stood on one day, and what they did in the days that followed.

    Attributes
    ----------
    day : of description; until : the first day that is not looked at any more
    features : of that day, one row a customer, indexed by customer_id in sorted order; see `customer_features`
    outcomes : the same index
        recent_spend : float, net, in the equally long period before the day, shop currency
        later_spend : float, net, from the day until `until`
        later_orders : int, orders with something bought, from the day until `until`
    orders : clean order lines before the day, for what is counted from them (purchase histories)
    """

    day: datetime.date
    until: datetime.date
    features: pd.DataFrame
    outcomes: pd.DataFrame
    orders: ir.Table

    @property
    def days(self) -> int:
        """Length of the period looked at."""
        return (self.until - self.day).days


@dataclass(frozen=True)
class Looks:
    """Looks back from several earlier days, or the reason why there is none.

    Attributes
    ----------
    looks : the oldest first, each until the next; the last one ends on the day of description
    why_not : why nothing can be looked back at, in words; empty when it can
    left_out : days that were left out because too few customers were known, the oldest first
    """

    looks: tuple[Look, ...] = ()
    why_not: str = ""
    left_out: tuple[datetime.date, ...] = ()

    def __iter__(self) -> Iterator[Look]:
        return iter(self.looks)

    def __len__(self) -> int:
        return len(self.looks)

    @property
    def days(self) -> int | None:
        """Length of each period looked at, none when there is none."""
        return self.looks[-1].days if self.looks else None

    @property
    def last(self) -> Look:
        """The latest look; there must be one."""
        return self.looks[-1]


def look_at(orders: ir.Table, *, day: datetime.date, until: datetime.date, **beside: ir.Table | None) -> Look:
    """Describe customers as of a day by what was known then, and measure what followed.

    Parameters
    ----------
    orders : clean order lines
    day : of description; until : the first day that is not looked at any more
    beside : the tables beside the orders, see `customer_features`
    """
    known = orders_before(orders, day)
    features = collect(customer_features(known, as_of=day, **beside))
    recent = later_outcomes(known, day - (until - day), day)
    later = later_outcomes(orders, day, until)
    outcomes = pd.DataFrame(
        {
            "recent_spend": recent["spend"].reindex(features.index, fill_value=0.0),
            "later_spend": later["spend"].reindex(features.index, fill_value=0.0),
            "later_orders": later["orders"].reindex(features.index, fill_value=0).astype("int64"),
        }
    )
    return Look(day, until, features, outcomes, known)


def look_back(
    orders: ir.Table,
    *,
    allowed: Allowed,
    as_of: datetime.date,
    days: int,
    most: int = MOST_LOOKS,
    fewest: int = 1,
    **beside: ir.Table | None,
) -> Looks:
    """Look back from several earlier days where the data allow it; otherwise say why not.

    Parameters
    ----------
    orders : clean order lines
    allowed : what the gate says of prediction; a period that `days` asks for is looked at whatever it says
    as_of : the first day that is not looked at any more
    days : length of each period, 0 to choose it
    most : looks at most
    fewest : customers who must have been known on a day, such as one for each segment; a day with fewer is left out
    beside : the tables beside the orders, see `customer_features`

    Raises
    ------
    DataProblem
        The period that `days` asks for can't be looked at.
    """
    why_not = SUMMARY_WHY if is_summary(orders) else allowed.why if allowed.mode != FULL and not days else ""
    if why_not:
        return Looks(why_not=why_not)
    length = days or period_days(orders, as_of=as_of)
    try:
        looks = looks_back(orders, as_of=as_of, days=length, most=most, **beside)
        return with_enough(looks, fewest=fewest)
    except DataProblem as problem:
        if days:
            raise
        return Looks(why_not=str(problem))


def with_enough(looks: list[Look], *, fewest: int) -> Looks:
    """Leave out the looks on whose day too few customers were known.

    Raises
    ------
    DataProblem
        No look is left.
    """
    enough = tuple(look for look in looks if len(look.features) >= max(1, fewest))
    few = tuple(look.day for look in looks if len(look.features) < max(1, fewest))
    if not enough:
        last = looks[-1]
        raise DataProblem(
            f"The hold-out period must leave a customer or more for each of the {fewest} segments before it; as of "
            f"{last.day} there are {len(last.features):,}. Set `holdout_days` to less than {last.days}?"
        )
    return Looks(enough, left_out=few)


def looks_back(
    orders: ir.Table, *, as_of: datetime.date, days: int, most: int = MOST_LOOKS, **beside: ir.Table | None
) -> list[Look]:
    """Look back from as many earlier days as the orders allow, so many days apart, each until the next.

    Returns
    -------
    List of Look, the oldest first; the last one ends on `as_of`

    Raises
    ------
    DataProblem
        Before no day the orders reach back as far as the period is long.
    """
    first = orders.ordered_at.min().execute()
    reach = 0 if pd.isna(first) else (as_of - first.date()).days
    number = min(most, reach // days - 1) if days > 0 else 0
    if number < 1:
        raise DataProblem(too_short(reach, days))
    ends = [as_of - datetime.timedelta(days=days * place) for place in range(number, -1, -1)]
    return [look_at(orders, day=day, until=until, **beside) for day, until in pairwise(ends)]


def too_short(reach: int, days: int) -> str:
    """Say why orders that reach back so many days can't be looked back at."""
    if reach < 2:
        return "Later spend can't be held out: all orders are of one day, and two days are the least."
    return (
        f"The hold-out period must leave as many days before it as it has: with `holdout_days` {days} orders must "
        f"reach back {2 * days:,} days; they reach back {reach:,}. Set `holdout_days` to {reach // 2} or less?"
    )
