"""Order lines gathered as features need them: a row an order, then a row an order day, then a row a customer."""

import datetime

import ibis
import ibis.expr.types as ir

from segmentation.tables import net_value


def before(table: ir.Table, time: str, day: datetime.date) -> ir.Table:
    """Express the rows of a table that were known when the day began."""
    return table.filter(table[time] < ibis.timestamp(day.isoformat()))


def orders_before(orders: ir.Table, day: datetime.date) -> ir.Table:
    """Express the order lines that were known when the day began."""
    return before(orders, "ordered_at", day)


def bought_lines(known: ir.Table) -> ir.Table:
    """Express the lines with something bought, and what they cost by list and after their discount."""
    bought = known.filter(known.quantity > 0)
    bought = bought.mutate(list_value=bought.quantity * bought.unit_price)
    return bought.mutate(value=bought.list_value - bought.discount)


def whole_orders(known: ir.Table) -> ir.Table:
    """Express each order or credit note in one row, in one pass over the lines.

    Returns
    -------
    Table, one row a customer and order
        placed_at : when its first bought line was placed; null for a credit note, which has none
        net : money, of all its lines; value, list_value, reduced_value : money, of bought lines
        pieces : bought; orders : that the row stands for; with_coupon : flag; channel, country
    """
    bought = known.quantity > 0
    list_value = known.quantity * known.unit_price
    coupon = known.coupon.notnull()
    reduced = ibis.coalesce(known.discount > 0, False) | coupon
    return known.group_by("customer_id", "order_id").aggregate(
        placed_at=known.ordered_at.min(where=bought),
        net=net_value(known).sum(),
        value=(list_value - known.discount).sum(where=bought),
        list_value=list_value.sum(where=bought),
        reduced_value=list_value.sum(where=bought & reduced),
        pieces=known.quantity.sum(where=bought),
        orders=known.orders_in_row.max(where=bought),
        with_coupon=coupon.cast("int64").max(where=bought),
        channel=known.channel.min(where=bought),
        country=known.country.min(where=bought),
    )


def order_days(orders: ir.Table) -> ir.Table:
    """Express each customer's day with orders in one row; credit notes, which have no day, share one.

    Returns
    -------
    Table, one row a customer and day (null for credit notes): sums of the orders' money, counts of orders by kind
    """
    placed = orders.placed_at
    hour, minute = placed.hour(), placed.minute()
    return orders.group_by("customer_id", day=placed.date()).aggregate(
        net=orders.net.sum(),
        value=orders.value.sum(),
        list_value=orders.list_value.sum(),
        reduced_value=orders.reduced_value.sum(),
        pieces=orders.pieces.sum(),
        orders=ibis.coalesce(orders.orders, 1).sum(where=placed.notnull()),
        placed=placed.count(),
        evenings=(hour >= 18).cast("int64").sum(),
        timed=((hour > 0) | (minute > 0) | (placed.second() > 0)).cast("int64").sum(),
        coupons=orders.with_coupon.sum(),
    )
