"""Order lines as features need them: those from before the day, in parts that fit in memory, one row an order."""

import datetime
import math

import ibis
import ibis.expr.datatypes as dt
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
        reduced_value=ibis.ifelse(bought & reduced, list_value, 0.0).sum(),
        pieces=known.quantity.sum(where=bought),
        orders=known.orders_in_row.max(where=bought),
        with_coupon=coupon.cast("int64").max(where=bought),
        channel=known.channel.min(where=bought),
        country=known.country.min(where=bought),
    )


@ibis.udf.scalar.builtin(name="hash")
def spread(value: str) -> dt.uint64:
    """Spread texts over whole numbers; Ibis's own `hash` goes through a text of bits, ten times as slow in DuckDB."""


def in_parts(known: ir.Table, *, most: int) -> list[ir.Table]:
    """Express order lines in parts, each with all lines of its customers, so that a part's sums fit in memory.

    Parameters
    ----------
    known : order lines
    most : lines in a part, about
    """
    number = 1 << math.ceil(math.log2(max(1.0, known.count().execute() / most)))
    if number == 1:
        return [known]
    place = spread(known.customer_id) & (number - 1)  # of a power of two the last bits, which no sign changes
    return [known.filter(place == part) for part in range(number)]


def bought_days(orders: ir.Table) -> ir.Table:
    """Express the days on which each customer ordered, one row a customer and day."""
    return orders.filter(orders.placed_at.notnull()).select("customer_id", day=orders.placed_at.date()).distinct()
