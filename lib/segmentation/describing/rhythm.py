"""Value and rhythm: how lately, how often, how much, how regularly, and whether more or less than before."""

import datetime

import ibis
import ibis.expr.types as ir

from segmentation.describing.when_and_where import SHARES, orders_by_time

TREND_DAYS = 90


def rhythm(orders: ir.Table, as_of: datetime.date) -> ir.Table:
    """Express what orders tell, one row a customer with something bought.

    Parameters
    ----------
    orders : one row an order or credit note, see `whole_orders`
    as_of : the day of description

    Returns
    -------
    Table: customer_id and the features that times, counts and money of orders give
    """
    told = totals(orders, as_of).left_join(order_gaps(orders), "customer_id").drop("customer_id_right")
    trend = told.recent + told.past
    return told.select(
        "customer_id",
        *("recency_days", "order_count", "net_spend", "tenure_days", "median_gap_days", "gap_spread"),
        "first_order_value",
        average_order=told.net_spend / told.order_count,
        overdue_days=told.recency_days - told.median_gap_days,
        spend_trend=ibis.ifelse(trend > 0, (told.recent - told.past) / trend, 0.0),
        pieces_per_order=told.pieces / told.order_count,
        discount_share=ibis.ifelse(told.list_value > 0, told.reduced_value / told.list_value, 0.0),
        coupon_share=told.with_coupon / told.placed,
        return_share=ibis.ifelse(told.value > 0, 1 - told.net_spend / told.value, 0.0),
        **{name: told[name] / told.placed for name in SHARES},
    )


def totals(orders: ir.Table, as_of: datetime.date) -> ir.Table:
    """Express sums over a customer's orders, one row a customer with something bought; see `rhythm`."""
    today, last, earlier = (ibis.date((as_of - datetime.timedelta(n * TREND_DAYS)).isoformat()) for n in range(3))
    orders = orders.mutate(day=orders.placed_at.date())
    recent, past = orders.day >= last, (orders.day >= earlier) & (orders.day < last)
    sums = ("value", "list_value", "reduced_value", "pieces", "with_coupon")
    customers = orders.group_by("customer_id").aggregate(
        recency_days=today.delta(orders.day.max(), unit="day"),
        tenure_days=today.delta(orders.day.min(), unit="day"),
        order_count=ibis.coalesce(orders.orders, 1).sum(where=orders.day.notnull()),
        placed=orders.day.count(),
        net_spend=orders.net.sum().round(2),
        recent=ibis.coalesce(orders.value.sum(where=recent), 0.0).round(2),
        past=ibis.coalesce(orders.value.sum(where=past), 0.0).round(2),
        **{name: orders[name].sum() for name in sums},
        **orders_by_time(orders),
    )
    return customers.filter(customers.placed > 0)


def order_gaps(orders: ir.Table) -> ir.Table:
    """Express the days between a customer's order days, and what was bought on the first, one row a customer.

    Two orders on one day are no gap.

    Returns
    -------
    Table: customer_id, first_order_value (money), median_gap_days (null with a single day), gap_spread (standard
    deviation ÷ mean, null with a single gap)
    """
    placed = orders.filter(orders.placed_at.notnull())
    placed = placed.select("customer_id", "value", day=placed.placed_at.date())
    in_order = ibis.window(group_by=placed.customer_id, order_by=placed.day)
    gap = placed.day.delta(placed.day.lag().over(in_order), unit="day")
    placed = placed.mutate(gap=gap.nullif(0), first_day=placed.day.first().over(in_order))
    found = placed.group_by("customer_id").aggregate(
        first_order_value=placed.value.sum(where=placed.day == placed.first_day),
        median_gap_days=placed.gap.median(),
        gaps=placed.gap.count(),
        sum=placed.gap.sum(),
        squares=(placed.gap * placed.gap).sum(),
    )
    mean = found["sum"] / found.gaps.nullif(0)
    variance = (found.squares - found["sum"] * mean) / (found.gaps - 1).nullif(0)
    spread = variance.clip(lower=0).sqrt() / mean
    return found.select("customer_id", "first_order_value", "median_gap_days", gap_spread=spread)
