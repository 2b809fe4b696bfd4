"""Step 01: read a shop's files into the canonical tables, every source row accounted for."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from segmentation.canonical import canonical, require_known_customers
from segmentation.cleaning.copies import older_copies
from segmentation.cleaning.marks import stored
from segmentation.formats import LINE_TOTAL
from segmentation.guessing.summary import Summary, with_days
from segmentation.problems import DataProblem, some
from segmentation.recognise import (
    Source,
    recognise,
    source_kinds,
    spread_amounts,
    used_columns,
)
from segmentation.sources.parts import Part, open_parts, store_text
from segmentation.tables import TABLES, Table, lines_by_currency
from segmentation.values import Writing, describe_writings, plain_text, told_writings

MOST_UNREADABLE = 0.2  # share of the rows
ROWS = {"line": "an order line", "order": "an order", "payment": "a payment"}
MOST_FILES = 12  # that a page lists one by one
NO_LINES = ("the row is empty", "the header stands there again", "it is a total", "total row")  # as `unreadable` says


@dataclass(frozen=True)
class Reading:
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
    orders : the order exports: files, globs, folders, archives, addresses of databases
    tables : for each other table the same, none when there is no such table

    Returns
    -------
    Names by table, orders first; a table that is not given is absent

    Raises
    ------
    DataProblem
        No orders are named.
    """
    if not orders:
        raise DataProblem("The parameter `orders` must name an order export; it names none.")
    sample = str(Path("data") / "sample")
    beside = all(Path(name).parent == Path(sample) for name in orders)
    given = {
        table: [name for name in names if beside or Path(name).parent != Path(sample)]
        for table, names in tables.items()
    }
    return {"orders": list(orders), **{table: names for table, names in given.items() if names}}


def column_maps(column_map: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Sort a column map by table: a plain name is a column of the orders, `customers.email` one of the customers.

    Raises
    ------
    DataProblem
        A name begins with what is no table.

    Examples
    --------
    >>> column_maps({"order_id": "Order", "customers.email": "Mail"})
    {'orders': {'order_id': 'Order'}, 'customers': {'email': 'Mail'}}
    """
    maps: dict[str, dict[str, str]] = {}
    for name, header in column_map.items():
        table, _, column = name.rpartition(".")
        if (table or "orders") not in TABLES:
            raise DataProblem(f"`column_map` must name columns of {', '.join(TABLES)}; it names {some([name])}.")
        maps.setdefault(table or "orders", {})[column] = header
    return maps


@dataclass(frozen=True)
class Hints:
    """What the user tells of the files.

    Attributes
    ----------
    column_map : canonical column to source column, over what is recognised; see `column_maps`
    date_order : "ymd", "dmy", "mdy", or "" to decide from the files
    decimal : "point", "comma", or "" to decide from the files
    as_of : the day of description, from which a summary's days since the last order count back
    """

    column_map: Mapping[str, str] = field(default_factory=dict)
    date_order: str = ""
    decimal: str = ""
    as_of: str = ""


def read_tables(
    connection: Backend, given: Mapping[str, Sequence[str]], hints: Hints, *, scratch: Path
) -> dict[str, Reading]:
    """Read the files of each table.

    Parameters
    ----------
    connection : the engine
    given : see `given_files`
    hints : what the user tells of the files
    scratch : folder for what must be unpacked or recoded

    Returns
    -------
    Reading by table name; see `read_table`
    """
    maps = column_maps(hints.column_map)
    return {
        table: read_table(
            connection,
            open_parts(connection, names, scratch=scratch),
            replace(hints, column_map=maps.get(table, {})),
            table=table,
        )
        for table, names in given.items()
    }


def read_table(connection: Backend, parts: Sequence[Part], hints: Hints, *, table: str) -> Reading:
    """Read parts, one below the other, and express them as a canonical table.

    Parts that share their headers share how their values are written: a month whose days could also be months is
    read as its neighbours are.

    Parameters
    ----------
    connection : the engine
    parts : see `sources.open_parts`
    hints : what the user tells of the files; its column map is for this table alone
    table : "orders", "customers", "events", "feedback" or "contacts"

    Returns
    -------
    Reading; its table has every canonical column, and every source row at least once

    Raises
    ------
    DataProblem
        A part can't be read, a required column has no source, how dates or numbers are written can't be told, or the
        orders do not tell who bought.
    """
    sources = recognised(parts, hints, table=TABLES[table])
    read = [pair for alike in same_headers(sources) for pair in read_alike(connection, alike, hints)]
    if table == "orders":
        require_known_customers(read)
    expressions = [canonical(plain, source) for source, plain in read]
    table_read = expressions[0] if len(expressions) == 1 else ibis.union(*alike_columns(expressions))
    return Reading(tuple(source for source, _ in read), table_read)


def recognised(parts: Sequence[Part], hints: Hints, *, table: Table) -> list[Source]:
    """Recognise parts; those that share their headers are one thing, also when it had to be guessed."""
    first: dict[tuple[str, ...], Source] = {}
    for part in parts:
        if tuple(part.headers) not in first:
            source = recognise(part, table=table, column_map=hints.column_map, as_of=hints.as_of)
            first[tuple(part.headers)] = source
    return [replace(first[tuple(part.headers)], part=part) for part in parts]


def alike_columns(tables: Sequence[ir.Table]) -> list[ir.Table]:
    """Give every table the columns that any has, null where it lacks one; letter case does not tell two apart."""
    names: dict[str, str] = {}
    for table in tables:
        for name in table.columns:
            names.setdefault(name.lower(), name)

    def column(table: ir.Table, key: str, name: str) -> ir.Column:
        own = {header.lower(): header for header in table.columns}
        return (table[own[key]] if key in own else ibis.null("string")).name(name)

    return [table.select(*(column(table, key, name) for key, name in names.items())) for table in tables]


def read_alike(connection: Backend, sources: Sequence[Source], hints: Hints) -> list[tuple[Source, ir.Table]]:
    """Read sources that share their headers: each with how it is written, and its plain text."""
    first = sources[0]
    raws = [stored_text(connection, source, hints) for source in sources]
    writings = told_writings(
        raws[0] if len(raws) == 1 else ibis.union(*raws),
        source_kinds(first),
        name=first.name,
        date_order=hints.date_order or first.format.date_order,
        decimal=hints.decimal or first.format.decimal,
        empty=first.format.empty,
        keys=key_columns(first),
    )
    require_one_written_currency(first, writings)
    return [
        (replace(source, writings=writings, rows=int(raw.count().execute())), plain_text(raw, writings))
        for source, raw in zip(sources, raws, strict=True)
    ]


def require_one_written_currency(source: Source, writings: Mapping[str, Writing]) -> None:
    """Require that amounts with several currency signs have a column that names their currency.

    Raises
    ------
    DataProblem
        They have none, so amounts of several currencies would be added up.
    """
    signs = sorted({sign for writing in writings.values() for sign in writing.currencies})
    if source.table.name == "orders" and len(signs) > 1 and "currency" not in source.mapping:
        raise DataProblem(
            f"The amounts of {some([source.name])} must be in one currency, or a column must name it; they are written "
            f"with {some(signs)}. Is there such a column? Name it with `column_map: {{currency: …}}`."
        )


def stored_text(connection: Backend, source: Source, hints: Hints) -> ir.Table:
    """Store the columns of a source that are used; a summary's days since the last order become that order's day."""
    raw = store_text(connection, source.part, columns=used_columns(source))
    recency = source.guess.recency if isinstance(source.guess, Summary) else None
    return with_days(raw, recency, as_of=datetime.date.fromisoformat(hints.as_of)) if recency else raw


def key_columns(source: Source) -> list[str]:
    """List the source columns that tell orders and customers apart."""
    return [header for name in ("order_id", "customer_id") for header in source.mapping.get(name, [])]


def same_headers(sources: Sequence[Source]) -> list[list[Source]]:
    """Group sources that have the same headers and are in the same format."""
    groups: dict[tuple[str, ...], list[Source]] = {}
    for source in sources:
        groups.setdefault((source.format.name, *source.headers), []).append(source)
    return list(groups.values())


def require_readable_tables(tables: Mapping[str, ir.Table], read: Mapping[str, Reading]) -> None:
    """Require that no table is mostly unreadable; see `require_mostly_readable` and `require_days`."""
    for name, table in tables.items():
        require_mostly_readable(table, read[name])
        require_days(table, read[name])


def require_mostly_readable(table: ir.Table, reading: Reading) -> None:
    """Require that a column is not mostly what it can't be; single rows that can't be read go to quarantine.

    Empty rows, repeated headers and totals are no lines, however many there are.

    Parameters
    ----------
    table : the canonical table as stored
    reading : how its files were understood

    Raises
    ------
    DataProblem
        More than a fifth of the rows can't be read for the same reason: another column must be meant.
    """
    lines = table.filter(~ibis.coalesce(table.unreadable.isin(NO_LINES), False))
    failed = lines.filter(lines.unreadable.notnull())
    counts = failed.group_by(cause=failed.unreadable.split(":")[0]).aggregate(
        rows=failed.count(), example=failed.unreadable.min(), first=failed.source_row.min()
    )
    rows = int(lines.count().execute())
    for told in counts.order_by(ibis.desc("rows")).limit(1).execute().itertuples():
        if told.rows > MOST_UNREADABLE * rows:
            name = reading.sources[0].table.name
            is_column = told.cause in reading.sources[0].table.names
            hint = f"Is another column meant? Name it with `column_map: {{{told.cause}: …}}`."
            raise DataProblem(
                f"Can't read {name}: {told.rows:,} of {rows:,} rows are not what they must be, such as "
                f"{told.example} (row {told.first:,}). {hint if is_column else 'Is the file damaged? Export it again.'}"
            )


def require_days(table: ir.Table, reading: Reading) -> None:
    """Require that a table says when, in at least one row, where it can't do without.

    Raises
    ------
    DataProblem
        Its time is empty in every row.
    """
    canonical = reading.sources[0].table
    for column in canonical.columns:
        if column.kind == "time" and column.required and table[column.name].count().execute() == 0:
            headers = [header for source in reading.sources for header in source.mapping.get(column.name, [])]
            raise DataProblem(
                f"Can't read {canonical.name}: no row of {some([source.name for source in reading.sources])} has a "
                f"value in {some(list(dict.fromkeys(headers)))}. Is another column meant? "
                f"Name it with `column_map: {{{column.name}: …}}`."
            )


def source_columns(reading: Reading) -> pd.DataFrame:
    """List what each canonical column was read from, and for a file of no known platform on what grounds.

    Files in several formats each tell theirs.

    Returns
    -------
    DataFrame, one row a canonical column that has a source: column, read from, meaning; format where there are several,
    and grounds where the columns were guessed
    """
    formats = {source.format.name: source for source in reading.sources}
    told = pd.concat([columns_of(source).assign(format=name) for name, source in formats.items()], ignore_index=True)
    if len(formats) == 1:
        return told.drop(columns="format")
    cells = told["format"] + ": " + told["read from"]
    joined = told.assign(**{"read from": cells}).groupby("column", sort=False, as_index=False)
    return joined.agg({"read from": "; ".join, "meaning": "first"})


def columns_of(source: Source) -> pd.DataFrame:
    """List what each canonical column of one source was read from; see `source_columns`."""
    rows = [
        {"column": column.name, "read from": where_from(source, column.name), "meaning": column.meaning}
        for column in source.table.columns
        if where_from(source, column.name)
    ]
    table = pd.DataFrame(rows, columns=["column", "read from", "meaning"])
    if source.guess is None:
        return table
    grounds = source.guess.evidence.drop_duplicates("column").set_index("column")
    words = grounds["because"] + " (" + grounds["certainty"] + ")"
    words = words if "unit_price" in words else words.rename({LINE_TOTAL: "unit_price"})
    return table.assign(grounds=table["column"].map(words).fillna(""))


def where_from(source: Source, column: str) -> str:
    """Word where a canonical column was read from, empty when it has no source."""
    headers = list(source.mapping.get(column, []))
    total = source.mapping.get(LINE_TOTAL, []) if column == "unit_price" else []
    amount = spread_amounts(source).get(column)
    item = [field.header for item in source.items[:1] for field in item.get(column, [])]
    words = (
        ", else ".join([*headers, *item]),
        f"{total[0]}, by piece" if total else "",
        f"{amount}, spread over the order's lines" if amount else "",
        " and ".join(source.format.combine.get(column, [])),
        f"'{source.format.constants[column]}' in every row" if column in source.format.constants else "",
    )
    return ", plus ".join(word for word in words if word)


def writings(reading: Reading) -> pd.DataFrame:
    """List how the columns are written that are more than text; see `values.describe_writings`."""
    told = {header: writing for source in reading.sources for header, writing in source.writings.items()}
    return describe_writings({header: writing for header, writing in told.items() if writing.kind != "text"})


def told(read: Mapping[str, Reading]) -> str:
    """Say what a reader should know of how the files were read, in sentences; empty when there is nothing."""
    notes = [note for reading in read.values() for source in reading.sources for note in source.part.notes]
    return " ".join(dict.fromkeys(notes))


def formats_in_words(reading: Reading) -> str:
    """Name the formats of a table's files."""
    return " and ".join(dict.fromkeys(source.format.name for source in reading.sources))


def zone_in_words(reading: Reading) -> str:
    """Name the zones that the times of a table's files are written in, empty when they tell none."""
    headers = [(source, header) for source in reading.sources for header in source.mapping.get("ordered_at", [])]
    zones = [source.writings[header].zone for source, header in headers]
    return " and ".join(dict.fromkeys(zone for zone in zones if zone))


def limits(read: Mapping[str, Reading]) -> list[str]:
    """Say what the formats of the orders can't give, a sentence or more each."""
    formats = {source.format.name: source.format.limits for source in read["orders"].sources}
    return [f"{name}: {limits}" for name, limits in formats.items() if limits]


def lines_by_month(orders: ir.Table) -> pd.DataFrame:
    """Count the order lines of each month.

    Returns
    -------
    DataFrame, one row a month that has any, in order: month (its first day), lines
    """
    orders = orders.filter(orders.ordered_at.notnull())
    months = orders.group_by(month=orders.ordered_at.truncate("month")).aggregate(lines=orders.count())
    return months.order_by("month").execute()


def files_read(read: Mapping[str, Reading]) -> pd.DataFrame:
    """List the files as they were recognised; of more than a table can show, the rest is summed up.

    Returns
    -------
    DataFrame, one row a file: file, table, how it is read, format, a row is, rows
    """
    rows = [
        {
            "file": source.name,
            "table": table,
            "how it is read": source.part.kind,
            "format": source.format.name,
            "a row is": ROWS[source.format.row] if table == "orders" else TABLES[table].row.split(";")[0],
            "rows": source.rows,
        }
        for table, reading in read.items()
        for source in reading.sources
    ]
    shown, rest = rows[: MOST_FILES - 1], rows[MOST_FILES - 1 :]
    if len(rest) > 1:
        words = {"file": f"{len(rest):,} more files", "table": ", ".join(sorted({row["table"] for row in rest}))}
        rest = [dict.fromkeys(rows[0], "") | words | {"rows": sum(row["rows"] for row in rest)}]
    return pd.DataFrame(shown + rest)


def overview(read: Mapping[str, Reading], tables: Mapping[str, ir.Table]) -> pd.DataFrame:
    """Measure what was read: rows, customers, first and last day of each table.

    Parameters
    ----------
    read : how the files of each table were understood
    tables : the canonical tables as stored

    Returns
    -------
    DataFrame, one row a table: table, files, rows in the files, rows read, lines, unreadable, customers, first day,
    last day; a row in which a whole order is packed gives several lines
    """
    measured = [
        {"table": name, "files": len(read[name].sources), "rows in the files": read[name].rows}
        | table_overview(table, TABLES[name])
        for name, table in tables.items()
    ]
    return pd.DataFrame(measured).astype({"first day": "datetime64[s]", "last day": "datetime64[s]"})


def table_overview(table: ir.Table, canonical: Table) -> dict[str, object]:
    """Measure one table; see `overview`."""
    time = next(column.name for column in canonical.columns if column.kind in ("time", "day"))
    per_file = table.group_by("source_file").aggregate(rows=table.source_row.nunique())
    seen = table.aggregate(
        lines=table.count(),
        unreadable=table.unreadable.count(),
        customers=table.customer_id.nunique(),
        first=table[time].min().cast("date"),
        last=table[time].max().cast("date"),
    ).execute()
    told = seen.iloc[0]
    return {
        "rows read": int(per_file.rows.sum().execute()),
        "lines": told["lines"],
        "unreadable": told["unreadable"],
        "customers": told["customers"],
        "first day": told["first"],
        "last day": told["last"],
    }


def files_oldest_first(orders: ir.Table, reading: Reading) -> list[str]:
    """Order the files from the oldest to the newest, so that an order in several files is taken from the newest.

    A file with order lines outranks one with whole orders, which tells less; among equals the one that reaches the
    later day is newer, then the one changed later.

    Parameters
    ----------
    orders : the canonical orders as stored
    reading : how their files were understood

    Returns
    -------
    Names as in `source_file`
    """
    if len(reading.sources) == 1:
        return [reading.sources[0].name]
    last = orders.group_by("source_file").aggregate(last=orders.ordered_at.max()).execute().set_index("source_file")
    days = last["last"].astype("datetime64[s]")

    def age(source: Source) -> tuple[bool, pd.Timestamp, float, str]:
        day = days.get(source.name, pd.NaT)
        return source.format.row == "line", pd.Timestamp.min if pd.isna(day) else day, source.part.modified, source.name

    return [source.name for source in sorted(reading.sources, key=age)]


def overlap(orders: ir.Table, files: Sequence[str]) -> pd.DataFrame:
    """Count the orders that stand in several files.

    Parameters
    ----------
    orders : the canonical orders as stored
    files : see `files_oldest_first`

    Returns
    -------
    DataFrame, one row a file, newest first: file, orders, orders that a newer file holds too
    """
    seen = orders.filter(orders.order_id.notnull()).group_by(file=orders.source_file)
    table = seen.aggregate(orders=orders.order_id.nunique()).execute().set_index("file")
    older = stored(older_copies(orders, files=files)).source_file.value_counts(name="older").execute()
    table["orders that a newer file holds too"] = older.set_index("source_file")["older"]
    table = table.reindex(reversed(files)).fillna(0).astype("int64")
    return table.rename_axis("file").reset_index()


def inputs(read: Mapping[str, Reading]) -> list[dict[str, object]]:
    """Identify for the manifest everything that was read: table, name, bytes, SHA-256, rows."""
    return [
        {"table": table, **source.part.fingerprint(), "rows": source.rows}
        for table, reading in read.items()
        for source in reading.sources
    ]


def facts(orders: ir.Table, read: Mapping[str, Reading], *, files: Sequence[str]) -> dict[str, object]:
    """Collect what later steps and the findings say of the files.

    Parameters
    ----------
    orders : the canonical orders as stored
    read : how the files of each table were understood
    files : see `files_oldest_first`

    Returns
    -------
    dict: tables (names), formats (in words), zone (of the orders' times, in words, "" when they tell none), files (of
    the orders, oldest first), currencies (codes, most lines
    first), first_day and last_day of the orders
    """
    days = orders.aggregate(first=orders.ordered_at.min(), last=orders.ordered_at.max()).execute().iloc[0]
    return {
        "tables": list(read),
        "formats": formats_in_words(read["orders"]),
        "zone": zone_in_words(read["orders"]),
        "files": list(files),
        "currencies": lines_by_currency(orders).index.tolist(),
        "first_day": f"{days['first']:%Y-%m-%d}",
        "last_day": f"{days['last']:%Y-%m-%d}",
    }
