"""Step 01: read a shop's files into the canonical tables, every source row accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from segmentation.canonical import canonical
from segmentation.problems import DataProblem, some
from segmentation.recognise import (
    Source,
    measured_columns,
    recognise,
    source_kinds,
    spread_amounts,
    used_columns,
)
from segmentation.runs import PROJECT, resolve
from segmentation.sources import ROW, Part, open_parts, store_text
from segmentation.tables import TABLES, lines_by_currency
from segmentation.values import plain_text, told_writings, typed


class Reading(NamedTuple):
    """The files of one table as they were understood, and the expression of the canonical table."""

    sources: tuple[Source, ...]
    table: ir.Table

    @property
    def rows(self) -> int:
        """The rows in the files."""
        return sum(source.rows for source in self.sources)


def given_files(orders: Sequence[str], **tables: Sequence[str]) -> dict[str, list[str]]:
    """Collect what was given for each table; the sample's tables go with the sample's orders alone.

    Parameters
    ----------
    orders : the order exports
    tables : for each other table its files, none when there is no such table

    Returns
    -------
    Files by table name, orders first; a table that is not given is absent
    """
    sample = PROJECT / "data" / "sample"
    beside = all(resolve(file).parent == sample for file in orders)
    given = {
        name: [file for file in files if beside or resolve(file).parent != sample] for name, files in tables.items()
    }
    return {"orders": list(orders), **{name: files for name, files in given.items() if files}}


def read_tables(
    connection: Backend,
    given: Mapping[str, Sequence[str]],
    *,
    column_map: Mapping[str, str],
    date_order: str,
    scratch: Path,
) -> dict[str, Reading]:
    """Read the files of each table; the column map is for the orders, the order of dates for all.

    Returns
    -------
    Reading by table name; see `read_table`
    """
    return {
        table: read_table(
            connection,
            open_parts(connection, files, scratch=scratch),
            table=table,
            column_map=column_map if table == "orders" else {},
            date_order=date_order,
        )
        for table, files in given.items()
    }


def read_table(
    connection: Backend, parts: Sequence[Part], *, table: str, column_map: Mapping[str, str], date_order: str
) -> Reading:
    """Read parts, one below the other, and express them as a canonical table.

    Parameters
    ----------
    connection : the engine
    parts : see `sources.open_parts`
    table : "orders", "customers", "events", "feedback" or "contacts"
    column_map : canonical column to source column, over what was recognised
    date_order : "ymd", "dmy", "mdy", or "" to decide from the file

    Returns
    -------
    Reading; its table has one row a source row and every canonical column

    Raises
    ------
    DataProblem
        A part can't be read, a required column has no source, or values can't be read as what they must be.
    """
    read = [read_part(connection, part, table=table, column_map=column_map, date_order=date_order) for part in parts]
    return Reading(tuple(source for source, _ in read), ibis.union(*(expression for _, expression in read)))


def read_part(
    connection: Backend, part: Part, *, table: str, column_map: Mapping[str, str], date_order: str
) -> tuple[Source, ir.Table]:
    """Read one part and express it as a canonical table; see `read_table`."""
    source = recognise(part, table=TABLES[table], column_map=column_map)
    raw = store_text(connection, part, columns=used_columns(source))
    writings = told_writings(raw, source_kinds(source), name=part.name, date_order=date_order)
    source, plain = replace(source, writings=writings, rows=raw.count().execute()), plain_text(raw, writings)
    require_readable(plain, source)
    return source, canonical(plain, source)


WORDS = {
    "time": "a date",
    "day": "a date",
    "integer": "a whole number",
    "number": "a number",
    "money": "a number",
    "flag": "true or false",
}


def require_readable(raw: ir.Table, source: Source) -> None:
    """Require that every number, time and flag can be read as one, and say which rows can't.

    Raises
    ------
    DataProblem
        Some value is text where a number or a time must be; rows are counted from 1 below the header.
    """
    unreadable = {}
    for column, header in measured_columns(source):
        unreadable[header] = raw[header].notnull() & typed(raw[header], column).isnull()
    if not unreadable:
        return
    counts = raw.aggregate([flag.sum().name(header) for header, flag in unreadable.items()]).execute().iloc[0]
    for column, header in measured_columns(source):
        if counts[header]:
            rows = raw.filter(unreadable[header]).order_by(ROW).limit(5).execute()
            told = some(f"{value} (row {row:,})" for row, value in zip(rows[ROW], rows[header], strict=True))
            raise DataProblem(
                f"Column {some([header])} of {some([source.name])} must hold {WORDS[column.kind]} in every row; "
                f"{counts[header]:,} {'does' if counts[header] == 1 else 'do'} not: {told}. Is another column meant? "
                f"Name it with `column_map: {{{column.name}: …}}`."
            )


def require_complete(table: ir.Table, reading: Reading) -> None:
    """Require a value in every column without which a row has no meaning; a guest may lack the customer.

    Raises
    ------
    DataProblem
        Some rows lack it; they are named, counted from 1 below the header.
    """
    source = reading.sources[0]
    required = [c.name for c in source.table.columns if c.required and c.name != "customer_id"]
    missing = table.aggregate([table[name].isnull().sum().name(name) for name in required]).execute().iloc[0]
    for name in required:
        if missing[name]:
            rows = table.filter(table[name].isnull()).order_by("source_row").limit(5).execute()["source_row"]
            raise DataProblem(
                f"Every row of {some([source.name])} must have a value for {name}, from column "
                f"{some(source.mapping[name])}; {missing[name]:,} {'has' if missing[name] == 1 else 'have'} none, "
                f"first row {some(rows)}."
            )


def require_known_words(table: ir.Table, reading: Reading) -> None:
    """Require that a column which may hold only certain words holds no other.

    Raises
    ------
    DataProblem
        Some other word stands there.
    """
    source = reading.sources[0]
    for column in source.table.columns:
        if column.words:
            other = table.filter(table[column.name].notin(column.words)).select(column.name).distinct()
            told = other.order_by(column.name).limit(6).execute()[column.name]
            if len(told):
                raise DataProblem(
                    f"Column {column.name} of {some([source.name])} must hold {', '.join(column.words)}; "
                    f"it holds {some(told)}. Does it mean something else? Rename it in the file, and it is not used."
                )


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
        source = read[name].sources[0]
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
                "file": source.name,
                "format": source.format.name,
                "rows in the file": read[name].rows,
                "rows read": told["read"],
                "customers": told["customers"],
                "first day": told["first"],
                "last day": told["last"],
            }
        )
    return pd.DataFrame(rows).astype({"first day": "datetime64[s]", "last day": "datetime64[s]"})


def inputs(read: Mapping[str, Reading]) -> list[dict[str, object]]:
    """Identify for the manifest everything that was read: table, name, bytes, SHA-256, rows."""
    return [
        {"table": table, **source.part.fingerprint(), "rows": source.rows}
        for table, reading in read.items()
        for source in reading.sources
    ]


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
