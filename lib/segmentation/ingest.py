"""Step 01: read a shop's files into the canonical tables, every source row accounted for."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from segmentation.formats import Format, known_formats
from segmentation.problems import DataProblem, some
from segmentation.runs import PROJECT, resolve
from segmentation.sources import ROW, open_text, store_text
from segmentation.tables import IBIS_TYPES, SOURCE, TABLES, Column, Table, lines_by_currency

ORDER_VALUE = "__order_value"
DateOrder = Literal["ymd", "dmy", "mdy"]
ZONE = r"(?: ?(?:Z|UTC|[-+]\d{2}(?::?\d{2})?))?"
YEAR_FIRST = rf"^(\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}(?:[ T]\d{{1,2}}:\d{{2}}(?::\d{{2}})?)?)(?:\.\d+)?{ZONE}$"
DAY_OR_MONTH_FIRST = (  # two parts, year; hour, minutes and seconds; a or p of am and pm
    r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})"
    rf"(?:,?[ T](\d{{1,2}})(:\d{{2}}(?::\d{{2}})?)(?:\.\d+)?(?: ?([AaPp])\.?[Mm]\.?)?{ZONE})?$"
)


class Reading(NamedTuple):
    """A file as it was understood, and the expression of its canonical table."""

    source: "Source"
    table: ir.Table


@dataclass(frozen=True)
class Source:
    """A file as it was understood: format, headers, what each column became, the order of its dates, its rows."""

    path: Path
    table: Table
    format: Format
    headers: Sequence[str]
    mapping: Mapping[str, Sequence[str]]
    date_order: DateOrder = "ymd"
    rows: int = 0


def companion_files(orders: str, **tables: str) -> dict[str, Path]:
    """Locate the tables beside the orders; the sample's tables go with the sample's orders alone.

    Parameters
    ----------
    orders : the order export, a path
    tables : for each other table its path, "" for none

    Returns
    -------
    Path by table name, orders first; a table that is not given is absent
    """
    sample = PROJECT / "data" / "sample"
    given = {name: resolve(file) for name, file in tables.items() if file}
    if resolve(orders).parent != sample:
        given = {name: path for name, path in given.items() if path.parent != sample}
    return {"orders": resolve(orders), **given}


def read_table(
    connection: Backend, path: Path, *, table: str, column_map: Mapping[str, str], date_order: str
) -> Reading:
    """Read a file and express it as a canonical table.

    Parameters
    ----------
    connection : the engine
    path : CSV, gzip'd CSV, Excel or Parquet
    table : "orders", "customers", "events", "feedback" or "contacts"
    column_map : canonical column to source column, over what was recognised
    date_order : "ymd", "dmy", "mdy", or "" to decide from the file

    Returns
    -------
    Reading; its table has one row a source row and every canonical column

    Raises
    ------
    DataProblem
        The file can't be read, a required column has no source, or values can't be read as what they must be.
    """
    opened = open_text(connection, path)
    source = recognise(path, opened.columns, table=TABLES[table], column_map=column_map)
    raw = store_text(connection, path, opened, columns=used_columns(source))
    source = replace(source, date_order=told_date_order(raw, source, given=date_order), rows=raw.count().execute())
    require_readable(raw, source)
    return Reading(source, canonical(raw, source))


def read_tables(
    connection: Backend, files: Mapping[str, Path], *, column_map: Mapping[str, str], date_order: str
) -> dict[str, Reading]:
    """Read each file as the canonical table of its name; the column map is for the orders, the order of dates for all.

    Returns
    -------
    Reading by table name; see `read_table`
    """
    return {
        table: read_table(
            connection,
            path,
            table=table,
            column_map=column_map if table == "orders" else {},
            date_order=date_order,
        )
        for table, path in files.items()
    }


# --- recognising what a file holds


def recognise(path: Path, headers: Sequence[str], *, table: Table, column_map: Mapping[str, str]) -> Source:
    """Tell what each source column is: from the user's map, from a known format, from canonical names.

    Parameters
    ----------
    path : the file, for messages
    headers : the file's headers
    table : the canonical table wanted
    column_map : canonical column to source column; it wins over everything else

    Raises
    ------
    DataProblem
        A required column has no source, or the map names a column that does not exist.
    """
    check_column_map(path, headers, table, column_map)
    signed = [known for known in known_formats() if set(known.signature) <= set(headers)]
    own = Format(name="Own columns" if column_map else "Canonical columns")
    form = signed[0] if signed and table.name == "orders" else own
    lower_case = {header.strip().lower(): header for header in reversed(headers)}
    mapping = {}
    for column in table.columns:
        wanted = [column_map[column.name]] if column.name in column_map else form.columns.get(column.name, [])
        present = [header for header in wanted if header in headers]
        if not present and column not in SOURCE and column.name in lower_case:
            present = [lower_case[column.name]]
        if present:
            mapping[column.name] = present
    require_columns(path, headers, table, mapping)
    return Source(path=path, table=table, format=form, headers=tuple(headers), mapping=mapping)


def check_column_map(path: Path, headers: Sequence[str], table: Table, column_map: Mapping[str, str]) -> None:
    """Require that a column map leads from the file's columns to canonical ones."""
    known = [column.name for column in table.columns if column not in SOURCE]
    unknown = [name for name in column_map if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean {some(near)}?" if near else ""
        raise DataProblem(
            f"`column_map` must name columns of the {table.name} table, which are {', '.join(known)}; "
            f"it names {some(unknown)}.{hint}"
        )
    absent = [header for header in column_map.values() if header not in headers]
    if absent:
        raise DataProblem(
            f"`column_map` names {some(absent)}, which {some([path.name])} does not have. It has {some(headers)}."
        )


def require_columns(path: Path, headers: Sequence[str], table: Table, mapping: Mapping[str, Sequence[str]]) -> None:
    """Require a source for each column without which the table has no meaning."""
    words = {"customer_id": "the customer", "ordered_at": "the day of the order", "unit_price": "the price"}
    required = [column.name for column in table.columns if column.required]
    for name in sorted(required, key=lambda name: name != "customer_id"):
        if name not in mapping:
            raise DataProblem(
                f"Can't read {table.name}: {some([path.name])} has no column for {words.get(name, name)}. "
                f"It has {some(headers)}. Is it another kind of export? "
                f"Name the column with `column_map: {{{name}: …}}`."
            )


# --- what a text can be read as


def text(raw: ir.Table, header: str) -> ir.StringColumn:
    """Express a source column as trimmed text, null where nothing stands."""
    return raw[header].strip().nullif("")


def time(value: ir.StringColumn, date_order: DateOrder) -> ir.TimestampColumn:
    """Express a date and time as written, its zone left out: the shop's local time; null for anything else."""
    if date_order == "ymd":
        is_plain = value.like("____-__-__ __:__:__")  # most are, and a pattern costs the engine more
        return ibis.ifelse(is_plain, value, value.re_extract(YEAR_FIRST, 1)).try_cast("timestamp(6)")
    part = {letter: value.re_extract(DAY_OR_MONTH_FIRST, i + 1) for i, letter in enumerate(date_order)}
    year = ibis.ifelse(part["y"].length() == 2, ibis.literal("20") + part["y"], part["y"])
    day = year + "-" + part["m"].lpad(2, "0") + "-" + part["d"].lpad(2, "0")
    return (day + " " + clock(value)).try_cast("timestamp(6)")


def clock(value: ir.StringColumn) -> ir.StringColumn:
    """Express the time of day behind a date that has its year last; midnight when there is none."""
    hour, minutes, half = (value.re_extract(DAY_OR_MONTH_FIRST, i) for i in (4, 5, 6))
    number = hour.try_cast("int64")
    number = ibis.ifelse(half == "", number, number % 12 + ibis.ifelse(half.lower() == "p", 12, 0))
    return ibis.coalesce(number.cast("string").lpad(2, "0") + minutes, "00:00")


def typed(value: ir.StringColumn, column: Column, date_order: DateOrder) -> ir.Column:
    """Express text as a canonical column's type; null where the text can't be read so."""
    if column.name == "customer_id":
        return ibis.ifelse(value.contains("@"), value.lower(), value.re_replace(r"\.0$", ""))
    if column.kind == "id":
        return value.re_replace(r"\.0$", "")
    if column.kind == "text":
        return value
    if column.kind in ("time", "day"):
        return time(value, date_order).cast(IBIS_TYPES[column.kind])
    if column.kind == "flag":
        true, false = ("true", "yes", "1"), ("false", "no", "0")
        return value.lower().cases(*((word, True) for word in true), *((word, False) for word in false))
    number = value.try_cast("float64")
    if column.kind == "integer":
        whole = number.try_cast("int64")
        return ibis.ifelse(number == whole, whole, ibis.null("int64"))
    return ibis.ifelse(number.isinf() | number.isnan(), ibis.null("float64"), number)


def told_date_order(raw: ir.Table, source: Source, *, given: str) -> DateOrder:
    """Decide the order of day and month from whole columns, never row by row.

    Raises
    ------
    DataProblem
        Every day could also be a month, or the rows contradict each other.
    """
    if given not in ("", "ymd", "dmy", "mdy"):
        raise DataProblem(f"`date_order` must be ymd, dmy, mdy or empty; got {some([given])}.")
    dated = [column.name for column in source.table.columns if column.kind in ("time", "day")]
    headers = [source.mapping[name][0] for name in dated if name in source.mapping]
    orders = {header: column_date_order(raw, header, source.path, given) for header in headers}
    if len(set(orders.values()) - {None}) > 1:
        told = ", ".join(f"{header} {order}" for header, order in orders.items() if order)
        raise DataProblem(f"The dates of {some([source.path.name])} must share one order; they are {told}.")
    return next((order for order in orders.values() if order), "ymd")


def column_date_order(raw: ir.Table, header: str, path: Path, given: str) -> DateOrder | None:
    """Decide the order of one column's dates, none when it holds no date; see `told_date_order`."""
    value = text(raw, header)
    first, second = (value.re_extract(DAY_OR_MONTH_FIRST, i).try_cast("int64") for i in (1, 2))
    other = value.notnull() & time(value, "ymd").isnull()
    seen = raw.aggregate(dates=value.count(), other=other.sum(), first=first.max(), second=second.max()).execute()
    dates, others, first, second = seen.iloc[0]
    if not dates:
        return None
    if not others or pd.isna(first):  # what is no date at all is told by `require_readable`
        return "ymd"
    if given:
        return given
    if (first > 12) != (second > 12):
        return "dmy" if first > 12 else "mdy"
    why = "some have the day first, others the month" if first > 12 else "each could have the day or the month first"
    examples = raw.select(value=value).filter(other).limit(3).execute()["value"]
    raise DataProblem(
        f"Can't tell the dates of column {some([header])} in {some([path.name])}: {why}, as {some(examples)}. "
        "Which is it? Set `date_order` to dmy or mdy."
    )


def require_readable(raw: ir.Table, source: Source) -> None:
    """Require that every number, time and flag can be read as one, and say which rows can't.

    Raises
    ------
    DataProblem
        Some value is text where a number or a time must be; rows are counted from 1 below the header.
    """
    unreadable = {}
    for column, header in measured_columns(source):
        value = text(raw, header)
        unreadable[header] = value.notnull() & typed(value, column, source.date_order).isnull()
    if not unreadable:
        return
    counts = raw.aggregate([flag.sum().name(header) for header, flag in unreadable.items()]).execute().iloc[0]
    for column, header in measured_columns(source):
        if counts[header]:
            rows = raw.filter(unreadable[header]).order_by(ROW).limit(5).execute()
            told = some(f"{value} (row {row:,})" for row, value in zip(rows[ROW], rows[header], strict=True))
            raise DataProblem(
                f"Column {some([header])} of {some([source.path.name])} must hold {WORDS[column.kind]} in every row; "
                f"{counts[header]:,} {'does' if counts[header] == 1 else 'do'} not: {told}. Is another column meant? "
                f"Name it with `column_map: {{{column.name}: …}}`."
            )


WORDS = {
    "time": "a date",
    "day": "a date",
    "integer": "a whole number",
    "number": "a number",
    "money": "a number",
    "flag": "true or false",
}


def measured_columns(source: Source) -> list[tuple[Column, str]]:
    """List the canonical columns that are more than text, each with the source columns it is read from."""
    columns = [column for column in source.table.columns if column.kind not in ("id", "text")]
    direct = [(column, header) for column in columns for header in source.mapping.get(column.name, [])]
    spread = [(source.table[name], header) for name, header in spread_amounts(source).items()]
    return direct + spread


# --- from source columns to canonical ones


def canonical(raw: ir.Table, source: Source) -> ir.Table:
    """Express a file as its canonical table: one row a source row, every column, typed.

    Parameters
    ----------
    raw : one row a source row, all text, with `__row`
    source : how the file was understood

    Returns
    -------
    Table with the canonical columns in their order; the customers table keeps its other columns behind them
    """
    filled = fill_order_level(raw, source)
    columns = {column.name: read_column(filled, source, column) for column in source.table.columns[:-2]}
    if source.table.name == "orders":
        columns["status"] = ibis.coalesce(columns["status"], status(filled, source))
        columns["line_kind"] = ibis.coalesce(columns["line_kind"], line_kind(columns, source))
    columns["source_file"] = ibis.literal(source.path.name)
    columns["source_row"] = filled[ROW].cast("int64")
    for name, share in shares_of_order(filled, source).items():
        columns[name] += share
    attributes = {name: text(filled, name) for name in attribute_columns(source)}
    return filled.select(**columns, **attributes)


def read_column(filled: ir.Table, source: Source, column: Column) -> ir.Column:
    """Express one canonical column from the first of its source columns that holds a value."""
    headers = source.mapping.get(column.name, [])
    if column.name in ("status", "line_kind") and not headers:
        return ibis.null("string")
    values = [typed(text(filled, header), column, source.date_order) for header in headers]
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
        (ibis.coalesce(text(filled, header).re_search(pattern), False), word)
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


def spread_amounts(source: Source) -> dict[str, str]:
    """List the canonical amounts that the source gives once an order, each with its source column."""
    return {name: header for name, header in source.format.spread.items() if header in source.headers}


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
            amount = ibis.least(ibis.coalesce(text(filled, header).try_cast("float64"), 0.0), left)
            shares[name] = amount * part
            left = left - amount
    return shares


def used_columns(source: Source) -> list[str]:
    """List the source columns that the canonical table is made of; the others need not be read."""
    form = source.format
    patterns = {header for headers in form.status.values() for header in headers}
    used = {*patterns, *form.spread.values(), *form.order_level, *attribute_columns(source)}
    used |= {header for headers in source.mapping.values() for header in headers}
    return [header for header in source.headers if header in used]


def attribute_columns(source: Source) -> list[str]:
    """List the columns of a customers file that no canonical column uses."""
    if source.table.name != "customers":
        return []
    used = {header for headers in source.mapping.values() for header in headers}
    return [header for header in source.headers if header not in used and header.lower() not in source.table.names]


def require_complete(table: ir.Table, source: Source) -> None:
    """Require a value in every column without which a row has no meaning; a guest may lack the customer.

    Raises
    ------
    DataProblem
        Some rows lack it; they are named, counted from 1 below the header.
    """
    required = [c.name for c in source.table.columns if c.required and c.name != "customer_id"]
    missing = table.aggregate([table[name].isnull().sum().name(name) for name in required]).execute().iloc[0]
    for name in required:
        if missing[name]:
            rows = table.filter(table[name].isnull()).order_by("source_row").limit(5).execute()["source_row"]
            raise DataProblem(
                f"Every row of {some([source.path.name])} must have a value for {name}, from column "
                f"{some(source.mapping[name])}; {missing[name]:,} {'has' if missing[name] == 1 else 'have'} none, "
                f"first row {some(rows)}."
            )


def require_known_words(table: ir.Table, source: Source) -> None:
    """Require that a column which may hold only certain words holds no other.

    Raises
    ------
    DataProblem
        Some other word stands there.
    """
    for column in source.table.columns:
        if column.words:
            other = table.filter(table[column.name].notin(column.words)).select(column.name).distinct()
            told = other.order_by(column.name).limit(6).execute()[column.name]
            if len(told):
                raise DataProblem(
                    f"Column {column.name} of {some([source.path.name])} must hold {', '.join(column.words)}; "
                    f"it holds {some(told)}. Does it mean something else? Rename it in the file, and it is not used."
                )


# --- what the notebook shows


def source_columns(source: Source) -> pd.DataFrame:
    """List what each canonical column was read from.

    Returns
    -------
    DataFrame, one row a canonical column that has a source: column, read from, meaning
    """
    read_from = {column.name: where_from(source, column.name) for column in source.table.columns}
    rows = [
        {"column": column.name, "read from": read_from[column.name], "meaning": column.meaning}
        for column in source.table.columns
        if read_from[column.name]
    ]
    return pd.DataFrame(rows)


def where_from(source: Source, column: str) -> str:
    """Word where a canonical column was read from, empty when it has no source."""
    direct = ", else ".join(source.mapping.get(column, []))
    amount = spread_amounts(source).get(column)
    spread = f"{amount}, spread over the order's lines" if amount else ""
    return ", plus ".join(part for part in (direct, spread) if part)


def lines_by_month(orders: ir.Table) -> pd.DataFrame:
    """Count the order lines of each month.

    Returns
    -------
    DataFrame, one row a month that has any, in order: month (its first day), lines
    """
    months = orders.group_by(month=orders.ordered_at.truncate("month")).aggregate(lines=orders.count())
    return months.order_by("month").execute()


def overview(read: Mapping[str, Reading], tables: Mapping[str, ir.Table]) -> pd.DataFrame:
    """Measure what was read: rows, customers, first and last day of each table.

    Parameters
    ----------
    read : how each file was understood
    tables : the canonical tables as stored

    Returns
    -------
    DataFrame, one row a table: table, file, format, rows in the file, rows read, customers, first day, last day
    """
    rows = []
    for name, table in tables.items():
        source = read[name].source
        time = next((column.name for column in source.table.columns if column.kind in ("time", "day")), None)
        seen = table.aggregate(
            read=table.count(),
            customers=table.customer_id.nunique(),
            first=table[time].min().cast("date"),
            last=table[time].max().cast("date"),
        )
        told = seen.execute().iloc[0]
        rows.append(
            {
                "table": name,
                "file": source.path.name,
                "format": source.format.name,
                "rows in the file": source.rows,
                "rows read": told["read"],
                "customers": told["customers"],
                "first day": told["first"],
                "last day": told["last"],
            }
        )
    return pd.DataFrame(rows).astype({"first day": "datetime64[s]", "last day": "datetime64[s]"})


def facts(orders: ir.Table, tables: Sequence[str]) -> dict[str, object]:
    """Collect what later steps and the findings say of the files.

    Returns
    -------
    dict: tables (names), currencies (codes, most lines first), first_day and last_day of the orders
    """
    days = orders.aggregate(first=orders.ordered_at.min(), last=orders.ordered_at.max()).execute().iloc[0]
    return {
        "tables": list(tables),
        "currencies": lines_by_currency(orders).index.tolist(),
        "first_day": f"{days['first']:%Y-%m-%d}",
        "last_day": f"{days['last']:%Y-%m-%d}",
    }
