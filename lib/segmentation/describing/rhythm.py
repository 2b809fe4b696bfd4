"""Value and rhythm: how lately, how often, how much, how regularly, and whether more or less than before."""

import datetime

import ibis
import ibis.expr.types as ir

from segmentation.describing.when_and_where import SHARES, orders_by_time

TREND_DAYS = 90


def rhythm(days: ir.Table, as_of: datetime.date) -> ir.Table:
    """Express what order days tell, one row a customer with something bought.

    Parameters
    ----------
    days : one row a customer and day, see `order_days`
    as_of : the day of description

    Returns
    -------
    Table: customer_id and the features that shares, counts, gaps and money of order days give
    """
    all_days = totals(days, as_of)
    told = all_days.left_join(order_gaps(days), "customer_id").drop("customer_id_right")
    trend = told.recent + told.past
    return told.select(
        "customer_id",
        *("recency_days", "order_count", "net_spend", "tenure_days", "median_gap_days", "gap_spread"),
        "first_order_value",
        average_order=told.net_spend / told.order_count,
        overdue_days=told.recency_days - told.median_gap_days,
        spend_trend=ibis.ifelse(trend > 0, (told.recent - told.past) / trend, None),
        pieces_per_order=told.pieces / told.order_count,
        discount_share=ibis.ifelse(told.list_value > 0, ibis.coalesce(told.reduced_value, 0.0) / told.list_value, 0.0),
        coupon_share=told.coupons / told.placed,
        return_share=ibis.ifelse(told.value > 0, 1 - told.net_spend / told.value, 0.0),
        **{name: told[name] / told.placed for name in SHARES},
    )


def totals(days: ir.Table, as_of: datetime.date) -> ir.Table:
    """Express sums over a customer's days, one row a customer with something bought; see `rhythm`."""
    today, last, earlier = (as_of - datetime.timedelta(n * TREND_DAYS) for n in range(3))
    recent = days.value.sum(where=days.day >= ibis.date(last.isoformat()))
    past = days.value.sum(where=(days.day >= ibis.date(earlier.isoformat())) & (days.day < ibis.date(last.isoformat())))
    customers = days.group_by("customer_id").aggregate(
        first_day=days.day.min(),
        last_day=days.day.max(),
        order_count=days.orders.sum(),
        net_spend=days.net.sum().round(2),
        first_order_value=days.value.argmin(days.day),
        recent=ibis.coalesce(recent, 0.0).round(2),
        past=ibis.coalesce(past, 0.0).round(2),
        **{name: days[name].sum() for name in ("value", "list_value", "reduced_value", "pieces", "placed", "coupons")},
        **orders_by_time(days),
    )
    day = ibis.date(today.isoformat())
    customers = customers.filter(customers.placed > 0)
    return customers.mutate(
        recency_days=day.delta(customers.last_day, unit="day"), tenure_days=day.delta(customers.first_day, unit="day")
    )


def order_gaps(days: ir.Table) -> ir.Table:
    """Express the days between a customer's order days, one row a customer with two or more.

    Returns
    -------
    Table: customer_id, median_gap_days, gap_spread (standard deviation ÷ mean, null with a single gap)
    """
    days = days.filter(days.day.notnull()).select("customer_id", "day")
    before = days.day.lag().over(group_by=days.customer_id, order_by=days.day)
    gaps = days.mutate(before=before).filter(lambda t: t.before.notnull())
    gaps = gaps.select("customer_id", gap=gaps.day.delta(gaps.before, unit="day"))
    found = gaps.group_by("customer_id").aggregate(
        median_gap_days=gaps.gap.median(), gaps=gaps.count(), sum=gaps.gap.sum(), squares=(gaps.gap * gaps.gap).sum()
    )
    mean = found["sum"] / found.gaps
    variance = (found.squares - found["sum"] * mean) / (found.gaps - 1).nullif(0)
    return found.select("customer_id", "median_gap_days", gap_spread=variance.clip(lower=0).sqrt() / mean)
