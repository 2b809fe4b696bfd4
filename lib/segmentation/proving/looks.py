"""Looks back: customers as they stood on earlier days, and what they did from then on."""

import datetime
from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from segmentation.features import collect, customer_features, later_outcomes, orders_before
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
    first = orders.ordered_at.min().execute().date()
    reach = (as_of - first).days
    number = min(most, reach // days - 1) if days > 0 else 0
    if number < 1:
        raise DataProblem(
            f"The hold-out period must leave as many days before it as it has: with `holdout_days` {days} orders must "
            f"reach back {2 * days:,} days; they reach back {reach:,}. Set `holdout_days` to {reach // 2} or less?"
        )
    ends = [as_of - datetime.timedelta(days=days * place) for place in range(number, -1, -1)]
    return [look_at(orders, day=day, until=until, **beside) for day, until in zip(ends, ends[1:], strict=False)]
