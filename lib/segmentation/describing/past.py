"""Customers as they stood on an earlier day, and what they did from then on: what a choice can be judged by."""

import datetime

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.describing.describe import MIN_GROUP, SEED, collect, customer_features
from segmentation.describing.orders import orders_before
from segmentation.describing.registry import FEATURES
from segmentation.tables import net_value

QUARTER = 90  # days
FEWEST = 20  # customers that must have been known on the earlier day


def later_outcomes(orders: ir.Table, first: datetime.date, until: datetime.date) -> pd.DataFrame:
    """Measure what each customer spent and ordered from one day until before another.

    Returns
    -------
    DataFrame indexed by customer_id in sorted order: spend (net), orders (with something bought)
    """
    start, end = ibis.timestamp(first.isoformat()), ibis.timestamp(until.isoformat())
    lines = orders.filter(orders.ordered_at >= start, orders.ordered_at < end)
    spent = lines.group_by("customer_id").aggregate(
        spend=net_value(lines).sum(), orders=lines.order_id.nunique(where=lines.quantity > 0)
    )
    return spent.execute().set_index("customer_id").sort_index().round({"spend": 2})


def period_days(orders: ir.Table, *, as_of: datetime.date) -> int:
    """Choose a period to look back: a quarter of a year, or a third of the history when that is shorter."""
    first = orders.ordered_at.min().execute()
    reach = 0 if pd.isna(first) else (as_of - first.date()).days
    return max(1, min(QUARTER, reach // 3))


def past_for_choices(
    orders: ir.Table, *, as_of: datetime.date, summary: bool = False, **beside: ir.Table | None
) -> tuple[pd.DataFrame, str]:
    """Describe customers two periods back, and measure what followed in the first of the two.

    Choices of step 04 may go by this. The period after it stays unseen, so that step 05 can hold it out.

    Parameters
    ----------
    orders : clean order lines
    as_of : the day of description
    summary : see `customer_features`
    beside : the tables beside the orders, see `customer_features`

    Returns
    -------
    See `past_features`, no row where there is no such past; the reason then, else an empty text
    """
    days = period_days(orders, as_of=as_of)
    until = as_of - datetime.timedelta(days=days)
    past = past_features(orders_before(orders, until), as_of=until, days=days, summary=summary, **beside)
    if isinstance(past, str):
        nobody = {name: pd.Series(dtype="float64") for name in [*FEATURES, "later_spend", "later_orders"]}
        return pd.DataFrame(nobody).rename_axis("customer_id"), past
    return past, ""


def past_features(
    orders: ir.Table,
    *,
    as_of: datetime.date,
    days: int,
    summary: bool = False,
    customers: ir.Table | None = None,
    events: ir.Table | None = None,
    feedback: ir.Table | None = None,
    contacts: ir.Table | None = None,
    min_group: int = MIN_GROUP,
    seed: int = SEED,
) -> pd.DataFrame | str:
    """Describe customers as of an earlier day, and measure what followed until the day of description.

    Parameters
    ----------
    orders, customers, events, feedback, contacts, summary, min_group, seed : see `customer_features`
    as_of : the day of description, the first that is not looked at any more
    days : how many days earlier; as many must lie before the earlier day

    Returns
    -------
    DataFrame indexed by customer_id in sorted order, one row a customer who had bought before the earlier day
        the columns of `FEATURES`; later_spend : money, net; later_orders : with something bought; 0 for who stayed away
    or, when there is no such past, the reason in a sentence
    """
    if summary:
        return "The file has one row a customer, so it can't tell who bought when."
    first = orders.ordered_at.min().execute()
    earlier = as_of - datetime.timedelta(days=days)
    reach = 0 if pd.isna(first) else (as_of - first.date()).days
    if reach < 2 * days:
        return f"Orders reach back {reach:,} days; to look {days:,} days back they must reach {2 * days:,}."
    described = customer_features(
        orders, as_of=earlier, customers=customers, events=events, feedback=feedback, contacts=contacts,
        min_group=min_group, seed=seed,
    )  # fmt: skip
    features = collect(described)
    if len(features) < FEWEST:
        return f"On {earlier} there were {len(features):,} customers; at least {FEWEST} are needed to learn from."
    later = later_outcomes(orders, earlier, as_of).add_prefix("later_").reindex(features.index)
    return features.join(later.fillna(0.0))
