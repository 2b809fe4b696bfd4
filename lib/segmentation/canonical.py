"""From source columns to canonical ones: every row of a file as a row of its canonical table."""

import functools
import operator
from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from segmentation.formats import LINE_TOTAL
from segmentation.items import AMOUNT, ITEM, ITEM_PLACE, unpack_items
from segmentation.problems import DataProblem, some
from segmentation.recognise import Source, attribute_columns, measured_columns, spread_amounts
from segmentation.sources.parts import PROBLEM, ROW
from segmentation.tables import IBIS_TYPES, SOURCE, Column, Table
from segmentation.values import Writing, is_masked, is_shortened, typed

ORDER_VALUE = "__order_value"
TOTAL_WORDS = ("total", "totals", "grand total", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "合计", "总计",
               "小计", "共计", "总和")  # fmt: skip
CLOCK = r"^(\d{1,2}):(\d{2})(:\d{2})?(?:\.\d+)?(?: ?([AaPp])\.?[Mm]\.?)?$"  # hour, minute, second, a or p of am and pm
NO_WRITING = Writing("id")
MOST_MASKED = 0.5  # share of the rows that name a customer

Columns = Mapping[str, ir.Column]


def canonical(raw: ir.Table, source: Source) -> ir.Table:
    """Express a file as its canonical table: every source row once, or once for each item packed in it, typed.

    Parameters
    ----------
    raw : one row a source row, all plain text, with `__row`; see `values.plain_text`
    source : how the file was understood

    Returns
    -------
    Table with the canonical columns in their order; the customers table keeps its other columns behind them. A value
    that can't be read is null, and `unreadable` says so
    """
    lines = read_measured(fill_order_level(raw, source), source)
    if source.items:
        amount = line_total(lines, source)
        lines = unpack_items(lines.mutate(**{ORDER_VALUE: amount.clip(lower=0.0)}), source.items, amount=amount)
        lines = read_measured(lines, source)
    own = [column for column in source.table.columns if column not in SOURCE]
    columns = {column.name: read_column(lines, source, column) for column in own}
    if source.table.name == "orders":
        columns |= order_columns(lines, source, columns)
        is_total = is_total_row(lines, source, columns)
        columns["quantity"] = ibis.ifelse(is_total, ibis.null("int64"), columns["quantity"])  # or it would count twice
    columns["source_file"] = ibis.literal(source.name)
    columns["source_row"] = lines[ROW].cast("int64")
    columns["source_item"] = lines[ITEM_PLACE] + 1 if source.items else ibis.literal(1, type="int64")
    columns["unreadable"] = unreadable(lines, source, columns)
    attributes = {name: lines[name] for name in attribute_columns(source)}
    return lines.select(**columns, **attributes)


def read_measured(lines: ir.Table, source: Source) -> ir.Table:
    """Express what every text that is more than text is read as, in a column beside it, so that it is read once."""
    read = {
        read_name(column, header): as_read(text_at(lines, source, column, header), column, source)
        for column, header in measured(lines, source)
        if read_name(column, header) not in lines.columns
    }
    return lines.mutate(**read) if read else lines


def measured(lines: ir.Table, source: Source) -> list[tuple[Column, str]]:
    """List the canonical columns that are numbers, times, flags or certain words, each with its columns of text."""
    items = [(column, ITEM + column.name) for column in source.table.columns if ITEM + column.name in lines.columns]
    texts = [*items, *measured_columns(source)]
    return [(column, header) for column, header in texts if column.kind not in ("id", "text") or column.words]


def read_name(column: Column, header: str) -> str:
    """Name the column that holds what a text is read as."""
    return f"__read {column.name} {header}"


def text_at(lines: ir.Table, source: Source, column: Column, header: str) -> ir.StringColumn:
    """Express the text that a canonical column is read from, a time's clock joined to its day."""
    clock = source.format.time_of_day.get(column.name)
    return at_clock(lines[header], lines[clock]) if clock else lines[header]


def as_read(text: ir.StringColumn, column: Column, source: Source) -> ir.Column:
    """Express what a text is read as, null when it can't be."""
    if column.words:
        return ibis.ifelse(text.isin(column.words), text, ibis.null("string"))
    if column.name == "quantity" and LINE_TOTAL in source.mapping:  # half a kilo is one piece
        is_number = typed(text, source.table["unit_price"]).notnull()
        return ibis.ifelse(is_number, ibis.coalesce(typed(text, column), 1), ibis.null("int64"))
    return typed(text, column)


def order_columns(lines: ir.Table, source: Source, columns: Columns) -> dict[str, ir.Column]:
    """Express what an order line has besides columns that are read one by one: its amounts, its status, its kind."""
    amounts = line_amounts(lines, source)
    value = amounts["quantity"] * amounts["unit_price"] - amounts["discount"]
    amounts["refunded"] = columns["refunded"]
    for name, share in shares_of_order(lines, source, value).items():
        amounts[name] += share
    if source.format.refunded_when:
        is_refunded = any_pattern(lines, source.format.refunded_when)
        amounts["refunded"] = ibis.ifelse(is_refunded, value.clip(lower=0.0), amounts["refunded"])
    return amounts | {
        "customer_id": known_customer(columns["customer_id"], source),
        "currency": columns["currency"].upper(),
        "status": ibis.coalesce(columns["status"], status(lines, source)),
        "line_kind": ibis.coalesce(columns["line_kind"], line_kind(columns, source)),
    }


def read_column(lines: ir.Table, source: Source, column: Column) -> ir.Column:
    """Express one canonical column from the first of its source columns that holds a value."""
    headers = [ITEM + column.name] if ITEM + column.name in lines.columns else []
    headers += source.mapping.get(column.name, [])
    is_read = column.kind not in ("id", "text") or column.words
    values = [lines[read_name(column, header)] if is_read else typed(lines[header], column) for header in headers]
    if column.name in source.format.combine:
        values.append(combined([lines[header] for header in source.format.combine[column.name]]))
    absent = source.format.constants.get(column.name, None if column.words else column.absent)
    if absent is not None or not values:
        default = ibis.literal(absent, type="string").cast(IBIS_TYPES[column.kind])  # a bare 0.0 would be a decimal
        values.append(default)
    return ibis.coalesce(*values) if len(values) > 1 else values[0]


def combined(texts: Sequence[ir.StringColumn]) -> ir.StringColumn:
    """Express an id that several texts tell together, null where one of them is missing."""
    return functools.reduce(lambda left, right: left + " " + right, texts)


def at_clock(day: ir.StringColumn, clock: ir.StringColumn) -> ir.StringColumn:
    """Express a day and the clock time beside it as one time; a clock time that can't be read spoils it."""
    hour, minute, second, half = (clock.re_extract(CLOCK, place) for place in range(1, 5))
    number = hour.try_cast("int64")
    number = ibis.ifelse(half == "", number, number % 12 + ibis.ifelse(half.lower() == "p", 12, 0))
    told = number.cast("string").lpad(2, "0") + ":" + minute + ibis.ifelse(second == "", ":00", second)
    return ibis.ifelse(clock.isnull(), day, day.left(10) + " " + ibis.coalesce(told, clock))


def known_customer(customer: ir.StringColumn, source: Source) -> ir.StringColumn:
    """Express who bought, null where the key names nobody or its middle is hidden, as two people can share the rest."""
    if source.format.nobody:
        customer = ibis.ifelse(customer.re_search(source.format.nobody), ibis.null("string"), customer)
    return ibis.ifelse(is_masked(customer), ibis.null("string"), customer)


def fill_order_level(raw: ir.Table, source: Source) -> ir.Table:
    """Express order-level fields on every line of their order, from the one line where each stands.

    Where amounts are to be spread over an order's lines, `__order_value` is the sum that the lines are worth.
    """
    key = source.mapping.get("order_id", [None])[0]
    fields = [header for header in source.format.order_level if header in raw.columns and header != key]
    if not fields:
        return raw
    read = read_measured(raw, source)
    totals = {ORDER_VALUE: line_value(line_amounts(read, source)).sum()} if spread_amounts(source) else {}
    per_order = read.group_by(key).aggregate(**{header: read[header].max() for header in fields}, **totals)
    return raw.drop(*fields).left_join(per_order, key)


def line_amounts(lines: ir.Table, source: Source) -> dict[str, ir.Column]:
    """Express pieces, price of one and discount, from the price of one piece or from the amount for all of them."""
    quantity, price, discount = (
        read_column(lines, source, source.table[name]) for name in ("quantity", "unit_price", "discount")
    )
    if LINE_TOTAL in source.mapping:
        total = lines[AMOUNT] if source.items else line_total(lines, source)
        quantity = ibis.coalesce(quantity.nullif(0), 1)
        quantity = ibis.ifelse((total < 0) & (quantity > 0), -quantity, quantity)
        price = total / quantity
    return {"quantity": quantity, "unit_price": price, "discount": discount}


def line_total(lines: ir.Table, source: Source) -> ir.FloatingColumn:
    """Express the amount for all pieces together, without what it includes besides goods."""
    price, form = source.table["unit_price"], source.format
    zero = ibis.literal("0", type="string").cast("float64")

    def amount(header: str) -> ir.FloatingColumn:
        return ibis.coalesce(lines[read_name(price, header)], zero)

    totals = []
    for header in source.mapping[LINE_TOTAL]:
        added = (amount(other) for other in form.add.get(header, []))
        deducted = (-amount(other) for other in form.deduct.get(header, []))
        totals.append(functools.reduce(operator.add, [*added, *deducted], lines[read_name(price, header)]))
    return ibis.coalesce(*totals)


def line_value(amounts: Columns) -> ir.FloatingColumn:
    """Express what a line is worth by pieces, price and its own discount, at least 0."""
    return (amounts["quantity"] * amounts["unit_price"] - amounts["discount"]).clip(lower=0.0)


def shares_of_order(lines: ir.Table, source: Source, value: ir.FloatingColumn) -> dict[str, ir.FloatingColumn]:
    """Express each line's share of the amounts of its order, in proportion to its value.

    An amount above what earlier ones have left of the order, such as a refund of postage, counts only up to it.
    """
    value = value.clip(lower=0.0)
    total = left = ibis.coalesce(lines[ORDER_VALUE] if ORDER_VALUE in lines.columns else value, 0.0)
    part = ibis.ifelse(total > 0, value / total, 0.0)
    shares = {}
    for name, header in spread_amounts(source).items():
        amount = ibis.least(ibis.coalesce(lines[read_name(source.table[name], header)].abs(), 0.0), left)
        shares[name] = amount * part
        left = left - amount
    return shares


def status(lines: ir.Table, source: Source) -> ir.StringColumn:
    """Express whether an order was placed, or is a credit note, unpaid, cancelled or a test."""
    cases = [(any_pattern(lines, patterns), word) for word, patterns in source.format.status.items() if patterns]
    return ibis.cases(*cases, else_="placed") if cases else ibis.literal("placed")


def line_kind(columns: Columns, source: Source) -> ir.StringColumn:
    """Express whether a line sells a product or is a fee."""
    cases = [(found(columns[name], pattern), "fee") for name, pattern in source.format.fees.items()]
    return ibis.cases(*cases, else_="product") if cases else ibis.literal("product")


def any_pattern(lines: ir.Table, patterns: Mapping[str, str]) -> ir.BooleanColumn:
    """Express whether one of several source columns holds its pattern."""
    return functools.reduce(operator.or_, (found(lines[header], pattern) for header, pattern in patterns.items()))


def found(value: ir.StringColumn, pattern: str) -> ir.BooleanColumn:
    """Express whether a pattern is found in a value; it is not where nothing stands."""
    return ibis.coalesce(value.re_search(pattern), False)


def unreadable(lines: ir.Table, source: Source, columns: Columns) -> ir.StringColumn:
    """Express why a row can't be read as what it must be, null when it can; its first reason counts.

    What stands in a column of numbers, dates or words is quoted, unless it could be personal.
    """
    cases: list[tuple[ir.BooleanColumn, ir.StringColumn | str]] = []
    if source.table.name == "orders":
        cases.append((is_total_row(lines, source, columns), "total row"))
    if PROBLEM in lines.columns:
        cases.append((lines[PROBLEM].notnull(), lines[PROBLEM]))
    for name in ("order_id", "customer_id") if source.table.name == "orders" else ():
        cases += [
            (is_shortened(lines[header]), f"{name}: shortened by Excel")
            for header in source.mapping.get(name, [])
            if source.writings.get(header, NO_WRITING).shortened
        ]
    for column, header in measured(lines, source):
        text = text_at(lines, source, column, header)
        is_unread = text.notnull() & lines[read_name(column, header)].isnull()
        cases.append((is_unread, quoted(text, column, source.table)))
    return ibis.cases(*cases, else_=ibis.null("string")) if cases else ibis.null("string")


def quoted(text: ir.StringColumn, column: Column, table: Table) -> ir.StringColumn:
    """Express a column's name with what stands there, without it where it could be personal."""
    name = ibis.literal(f"{column.name}: ")
    if table.name == "customers":
        return name + "no " + column.kind
    return name + ibis.ifelse(text.contains("@"), "an e-mail address", ibis.literal("'") + text.left(40) + "'")


def is_total_row(lines: ir.Table, source: Source, columns: Columns) -> ir.BooleanColumn:
    """Express whether a row only adds up others: no customer, no time, and a word for a total in place of the order."""
    headers = dict.fromkeys([*source.headers[:1], *source.mapping.get("order_id", [])])
    words = [
        ibis.coalesce(lines[header].lower().re_replace("[\\s:：]+$", "").isin(TOTAL_WORDS), False) for header in headers
    ]
    is_word = functools.reduce(operator.or_, words)
    return ibis.ifelse(columns["ordered_at"].isnull() & columns["customer_id"].isnull(), is_word, False)


def require_known_customers(read: Sequence[tuple[Source, ir.Table]]) -> None:
    """Require that the files of the orders tell who bought.

    Parameters
    ----------
    read : each file as it was understood, with its plain text; see `values.plain_text`

    Raises
    ------
    DataProblem
        The customers of more than half of the rows that name one are hidden, or no row names any.
    """
    counts = {"rows": 0, "named": 0, "hidden": 0}
    for source, plain in read:
        texts = [plain[header] for header in source.mapping.get("customer_id", [])]
        customer = ibis.coalesce(*texts, ibis.null("string"))
        told = plain.aggregate(rows=plain.count(), named=customer.count(), hidden=is_masked(customer).sum()).execute()
        counts = {name: counts[name] + int(told[name].fillna(0)[0]) for name in counts}
    source = read[0][0]
    hint = source.format.hint or "Export the orders again as someone who may see the customers."
    columns = some(source.mapping.get("customer_id", []))
    if counts["named"] == 0:
        raise DataProblem(
            f"The orders must tell who bought; none of {counts['rows']:,} rows of {some([source.name])} has a value in "
            f"{columns}. {hint}"
        )
    if counts["hidden"] > MOST_MASKED * counts["named"]:
        raise DataProblem(
            f"The orders must tell who bought; in {counts['hidden'] / counts['named']:.0%} of the rows of "
            f"{some([source.name])} that name a customer, {columns} is partly hidden, as 186******05 is, and two "
            f"people can share what is left. {hint}"
        )
