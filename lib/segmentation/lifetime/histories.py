"""Purchase histories: how often each customer came back, when last, and how long they have been watched."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.describing.orders import orders_before
from segmentation.problems import DataProblem
from segmentation.tables import net_value

HISTORY = ("repeat_count", "first_to_last_days", "observed_days")


def purchase_histories(orders: ir.Table, *, as_of: datetime.date) -> pd.DataFrame:
    """Sum up when each customer bought, by days: several orders on one day are one purchase.

    Parameters
    ----------
    orders : clean order lines
    as_of : the day of description; what was ordered on it or later does not count

    Returns
    -------
    DataFrame indexed by customer_id in sorted order, one row a customer with something bought before the day
        repeat_count : int, days with a purchase after the first one
        first_to_last_days : float, from the first purchase day to the last; 0 for who bought on one day
        observed_days : float, from the first purchase day to the day of description
        order_value : float, shop currency, what came in after the first purchase day, returns and refunds taken off,
            for each of the later purchase days; missing for who bought on one day, or where it is not above zero
        first_value : float, shop currency, what came in on the first purchase day; missing where it is not above zero

    Raises
    ------
    DataProblem
        Each row stands for all orders of a customer, so it can't be told who bought when.

    Source
    ------
    docs/decisions/0025-lifetime-models.md
    """
    known = orders_before(orders, as_of)
    if ibis.coalesce(known.orders_in_row.max(), 1).execute() > 1:
        raise DataProblem("A lifetime model needs the day of each order; the file has one row a customer.")
    table = counted(known, as_of).execute().set_index("customer_id").sort_index()
    repeats = table["repeat_count"]
    first, later = (table.pop(name).astype("float64") for name in ("first_net", "later_net"))
    value = (later / repeats.clip(lower=1)).where(repeats > 0)
    return table.assign(order_value=value.where(value > 0), first_value=first.where(first > 0))


def counted(known: ir.Table, as_of: datetime.date) -> ir.Table:
    """Express purchase days and later money, one row a customer with something bought; see `purchase_histories`."""
    known = known.mutate(day=known.ordered_at.date(), net=net_value(known))
    days = known.group_by("customer_id", "day").aggregate(bought=(known.quantity > 0).any(), net=known.net.sum())
    firsts = (
        days.filter(days.bought)
        .group_by("customer_id")
        .aggregate(
            first_day=lambda table: table.day.min(),
            last_day=lambda table: table.day.max(),
            purchase_days=lambda table: table.count(),
        )
    )
    later = days.inner_join(firsts, "customer_id")
    later = later.group_by("customer_id").aggregate(
        first_day=later.first_day.min(), last_day=later.last_day.min(), purchase_days=later.purchase_days.min(),
        first_net=later.net.sum(where=later.day == later.first_day).round(2),
        later_net=later.net.sum(where=later.day > later.first_day).round(2),
    )  # fmt: skip
    return later.select(
        "customer_id",
        repeat_count=later.purchase_days - 1,
        first_to_last_days=later.last_day.delta(later.first_day, unit="day").cast("float64"),
        observed_days=ibis.date(as_of.isoformat()).delta(later.first_day, unit="day").cast("float64"),
        first_net=later.first_net,
        later_net=later.later_net,
    )


def summarised(histories: pd.DataFrame) -> pd.DataFrame:
    """Collapse customers with the same history into one row, so that a fit looks at each history once.

    Parameters
    ----------
    histories : see `purchase_histories`

    Returns
    -------
    DataFrame, one row a history in sorted order: repeat_count, first_to_last_days, observed_days, customers

    Examples
    --------
    >>> table = pd.DataFrame({"repeat_count": [1, 0, 1], "first_to_last_days": [5, 0, 5], "observed_days": [9, 9, 9]})
    >>> summarised(table)["customers"].tolist()
    [1, 2]
    """
    return histories.groupby(list(HISTORY)).size().rename("customers").reset_index()


@dataclass(frozen=True)
class Summary:
    """Histories as arrays, each history once.

    Attributes
    ----------
    repeats, last, span : repeat purchases, time from the first to the last, time observed; any unit of time
    customers : how many have this history
    """

    repeats: np.ndarray
    last: np.ndarray
    span: np.ndarray
    customers: np.ndarray

    @classmethod
    def of(cls, histories: pd.DataFrame) -> "Summary":
        """Summarise histories; see `summarised`."""
        return cls(*(column.to_numpy(dtype="float64") for _, column in summarised(histories).items()))

    def scaled(self, unit: float) -> "Summary":
        """Count time in another unit, which is so many of the present one."""
        return Summary(self.repeats, self.last / unit, self.span / unit, self.customers)

    def at(self, place: slice) -> "Summary":
        """Take some of the histories."""
        return Summary(self.repeats[place], self.last[place], self.span[place], self.customers[place])

    def in_chunks(self, size: int) -> Iterator["Summary"]:
        """Go through the histories, so many at a time."""
        return (self.at(slice(first, first + size)) for first in range(0, len(self.repeats), size))

    @cached_property
    def total(self) -> float:
        """Customers in all."""
        return float(self.customers.sum())

    @cached_property
    def counts(self) -> np.ndarray:
        """The different numbers of repeat purchases, ascending."""
        return np.unique(self.repeats)

    @cached_property
    def place(self) -> np.ndarray:
        """Where in `counts` the repeats of each history stand."""
        return np.searchsorted(self.counts, self.repeats)

    @cached_property
    def customers_by_count(self) -> np.ndarray:
        """Customers with each of `counts`."""
        return np.bincount(self.place, weights=self.customers)
