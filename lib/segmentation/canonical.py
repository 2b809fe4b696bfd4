"""From source columns to canonical ones: every row of a file as a row of its canonical table."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from segmentation.recognise import Source, attribute_columns, spread_amounts
from segmentation.sources import ROW
from segmentation.tables import IBIS_TYPES, SOURCE, Column
from segmentation.values import typed

ORDER_VALUE = "__order_value"


def canonical(raw: ir.Table, source: Source) -> ir.Table:
    """Express a file as its canonical table: one row a source row, every column, typed.

    Parameters
    ----------
    raw : one row a source row, all plain text, with `__row`; see `values.plain_text`
    source : how the file was understood

    Returns
    -------
    Table with the canonical columns in their order; the customers table keeps its other columns behind them
    """
    filled = fill_order_level(raw, source)
    own = [column for column in source.table.columns if column not in SOURCE]
    columns = {column.name: read_column(filled, source, column) for column in own}
    if source.table.name == "orders":
        columns["status"] = ibis.coalesce(columns["status"], status(filled, source))
        columns["line_kind"] = ibis.coalesce(columns["line_kind"], line_kind(columns, source))
    columns["source_file"] = ibis.literal(source.name)
    columns["source_row"] = filled[ROW].cast("int64")
    columns["unreadable"] = ibis.null("string")
    for name, share in shares_of_order(filled, source).items():
        columns[name] += share
    attributes = {name: filled[name] for name in attribute_columns(source)}
    return filled.select(**columns, **attributes)


def read_column(filled: ir.Table, source: Source, column: Column) -> ir.Column:
    """Express one canonical column from the first of its source columns that holds a value."""
    headers = source.mapping.get(column.name, [])
    if column.name in ("status", "line_kind") and not headers:
        return ibis.null("string")
    values = [typed(filled[header], column) for header in headers]
    absent = ibis.literal(source.format.constants.get(column.name, column.absent), type="string").cast(
        IBIS_TYPES[column.kind]
    )  # a bare 0.0 is a decimal to DuckDB
    return ibis.coalesce(*values, absent)


def fill_order_level(raw: ir.Table, source: Source) -> ir.Table:
    """Express order-level fields on every line of their order, from the one line where each stands.

    Where amounts are to be spread over an order's lines, `__order_value` is the sum that the lines are worth.
    """
    key = source.mapping.get("order_id", [None])[0]
    fields = [header for header in source.format.order_level if header in source.headers and header != key]
    if not fields:
        return raw
    totals = {ORDER_VALUE: line_value(raw, source).sum()} if spread_amounts(source) else {}
    per_order = raw.group_by(key).aggregate(**{header: raw[header].max() for header in fields}, **totals)
    return raw.drop(*fields).left_join(per_order, key)


def status(filled: ir.Table, source: Source) -> ir.StringColumn:
    """Express whether an order was placed, or is a credit note, unpaid, cancelled or a test."""
    cases = [
        (ibis.coalesce(filled[header].re_search(pattern), False), word)
        for word, patterns in source.format.status.items()
        for header, pattern in patterns.items()
        if header in source.headers
    ]
    return ibis.cases(*cases, else_="placed") if cases else ibis.literal("placed")


def line_kind(columns: Mapping[str, ir.Column], source: Source) -> ir.StringColumn:
    """Express whether a line sells a product or is a fee."""
    cases = [
        (ibis.coalesce(columns[name].re_search(pattern), False), "fee") for name, pattern in source.format.fees.items()
    ]
    return ibis.cases(*cases, else_="product") if cases else ibis.literal("product")


def line_value(lines: ir.Table, source: Source) -> ir.FloatingColumn:
    """Express what a line is worth by quantity, price and its own discount, at least 0."""
    quantity, price, discount = (
        read_column(lines, source, source.table[name]) for name in ("quantity", "unit_price", "discount")
    )
    return (quantity * price - discount).clip(lower=0.0)


def shares_of_order(filled: ir.Table, source: Source) -> dict[str, ir.FloatingColumn]:
    """Express each line's share of the amounts of its order, in proportion to its value.

    An amount above what earlier ones have left of the order, such as a refund of postage, counts only up to it.
    """
    shares = {}
    if spread_amounts(source):
        total = left = ibis.coalesce(filled[ORDER_VALUE], 0.0)
        part = ibis.ifelse(total > 0, line_value(filled, source) / total, 0.0)
        for name, header in spread_amounts(source).items():
            amount = ibis.least(ibis.coalesce(filled[header].try_cast("float64"), 0.0), left)
            shares[name] = amount * part
            left = left - amount
    return shares
