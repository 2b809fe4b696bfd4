"""What a file holds: which format it is in, and what each of its columns means."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from segmentation.formats import (
    LINE_TOTAL,
    Format,
    Item,
    find_headers,
    find_items,
    fit_format,
    fitting_formats,
)
from segmentation.guessing.guess import guess_source
from segmentation.guessing.guesses import Guess
from segmentation.guessing.summary import Summary, guess_summary, require_summary
from segmentation.problems import DataProblem, some
from segmentation.sources.parts import Part, first_rows
from segmentation.tables import SOURCE, TABLES, Column, Kind, Table
from segmentation.values import Writing

ITEM_COLUMNS = ("product_id", "product_name", "quantity", "unit_price", LINE_TOTAL)
LOOKED_AT, VALUES_LOOKED_AT = 1_000, 100_000  # rows of an unknown file, fewer of one with very many columns
MEANINGS = {"customer_id": "the customer", "ordered_at": "the day of the order", "unit_price": "the price"}


@dataclass(frozen=True)
class Source:
    """A file as it was understood.

    Attributes
    ----------
    part : the file
    table : the canonical table that it fills
    format : its format, written in the file's own headers
    mapping : canonical column, or `line_total`, to source columns in order of preference
    items : where the items stand that one row holds side by side; none where a row is one line
    guess : what an unknown file's columns were guessed to mean, and why; none for a known one
    writings : how the values of each source column are written
    rows : its rows
    """

    part: Part
    table: Table
    format: Format
    mapping: Mapping[str, Sequence[str]]
    items: Sequence[Item] = ()
    guess: Guess | Summary | None = None
    writings: Mapping[str, Writing] = field(default_factory=dict)
    rows: int = 0

    @property
    def name(self) -> str:
        """What messages, pages and `source_file` call the part."""
        return self.part.name

    @property
    def headers(self) -> list[str]:
        """The part's own headers."""
        return self.part.headers


def recognise(part: Part, *, table: Table, column_map: Mapping[str, str], as_of: str = "") -> Source:
    """Tell what each source column is: from the user's map, a known format, canonical names, else by guessing.

    Parameters
    ----------
    part : the part, of which the headers are looked at; an unknown file's first rows, too
    table : the canonical table wanted
    column_map : canonical column, or `line_total`, to source column; it wins over everything else
    as_of : the day from which a summary's days since the last order count back, "" when it is not told

    Raises
    ------
    DataProblem
        The platform's export can't be used, a required column has no source, or the map names a column that does not
        exist.
    """
    headers = part.headers
    check_column_map(part.name, headers, table, column_map)
    own = Format(name="Own columns" if column_map else "Canonical columns", table=table.name)
    fitting = [fit_format(known, headers) for known in fitting_formats(headers, table=table.name)]
    form, guess = fitting[0] if fitting else own, None
    if form.refuse and "customer_id" not in column_map:
        raise DataProblem(f"Can't read {table.name}: {some([part.name])} holds {form.name}. {form.refuse}")
    mapping = source_mapping(headers, table, form, column_map)
    if not fitting and missing_columns(table, form, mapping) and not other_table(headers, table):
        guess = guess_unknown(part, table=table, column_map=column_map, as_of=as_of)
        form = guess.format
        mapping = source_mapping(headers, table, form, column_map)
    require_columns(part.name, headers, table, form, mapping)
    is_told = any(name in column_map for name in ITEM_COLUMNS)
    items = [] if is_told else find_items(form, headers)
    return Source(part=part, table=table, format=form, mapping=mapping, items=items, guess=guess)


def guess_unknown(part: Part, *, table: Table, column_map: Mapping[str, str], as_of: str) -> Guess | Summary:
    """Guess what an unknown file is: one row a customer with orders and spend, else the table that is wanted."""
    sample = first_rows(part, limit=min(LOOKED_AT, max(VALUES_LOOKED_AT // len(part.headers), 1)))
    summary = guess_summary(sample) if table.name == "orders" and not column_map else None
    if summary:
        return require_summary(summary, name=part.name, as_of=as_of)
    return guess_source(sample, table=table, column_map=column_map, name=part.name)


def source_mapping(
    headers: Sequence[str], table: Table, form: Format, column_map: Mapping[str, str]
) -> dict[str, list[str]]:
    """List the source columns of each canonical column, and of `line_total` where the file has no price of one piece.

    A column of the same name as a canonical one is that one, unless the file is of a platform with names of its own.
    """
    names = [column.name for column in table.columns if column not in SOURCE]
    mapping = {}
    for name in [*names, LINE_TOTAL] if table.name == "orders" else names:
        told = [column_map[name]] if name in column_map else []
        same = [] if form.columns else [name]
        found = find_headers(told or form.columns.get(name) or form.otherwise.get(name) or same, headers)
        if found:
            mapping[name] = found
    over = "unit_price" if LINE_TOTAL in column_map else LINE_TOTAL
    if {"unit_price", LINE_TOTAL} <= set(mapping):
        del mapping[over]
    return mapping


def check_column_map(name: str, headers: Sequence[str], table: Table, column_map: Mapping[str, str]) -> None:
    """Require that a column map leads from the file's columns to canonical ones."""
    known = [column.name for column in table.columns if column not in SOURCE]
    known += [LINE_TOTAL] if table.name == "orders" else []
    unknown = [column for column in column_map if column not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean {some(near)}?" if near else ""
        raise DataProblem(
            f"`column_map` must name columns of the {table.name} table, which are {', '.join(known)}; "
            f"it names {some(unknown)}.{hint}"
        )
    absent = [header for header in column_map.values() if not find_headers([header], headers)]
    if absent:
        raise DataProblem(
            f"`column_map` names {some(absent)}, which {some([name])} does not have. It has {some(headers)}."
        )


def missing_columns(table: Table, form: Format, mapping: Mapping[str, Sequence[str]]) -> list[str]:
    """List the columns without which the table has no meaning and that have no source, the customer first.

    An amount for all pieces stands in for their price, and without a number of pieces it is one.
    """
    given = {*mapping, *form.combine, *form.constants, *(("quantity", "unit_price") if LINE_TOTAL in mapping else ())}
    missing = [column.name for column in table.columns if column.required and column.name not in given]
    return sorted(missing, key=lambda name: name != "customer_id")


def require_columns(
    name: str, headers: Sequence[str], table: Table, form: Format, mapping: Mapping[str, Sequence[str]]
) -> None:
    """Require a source for each column without which the table has no meaning; see `missing_columns`."""
    for wanted in missing_columns(table, form, mapping):
        kind = f" holds {form.name} and" if form.signature else ""
        hint = other_table(headers, table) or form.hint or "Is it another kind of export?"
        raise DataProblem(
            f"Can't read {table.name}: {some([name])}{kind} has no column for {MEANINGS.get(wanted, wanted)}. "
            f"It has {some(headers)}. {hint} Name the column with `column_map: {{{wanted}: …}}`."
        )


def other_table(headers: Sequence[str], table: Table) -> str:
    """Ask whether a file belongs to another table whose formats it fits, empty when it fits none."""
    for other in TABLES:
        if other != table.name and (fitting := fitting_formats(headers, table=other)):
            return f"Is it {fitting[0].name}? Then give it as `{other}`."
    return ""


def source_kinds(source: Source) -> dict[str, Kind]:
    """List the source columns that are used, each with what it is read as; one with words of ours is text."""
    kinds: dict[str, Kind] = dict.fromkeys(used_columns(source), "text")
    kinds |= {
        header: "id"
        for column in source.table.columns
        if column.kind == "id" or column.name in ("email", "phone")
        for header in source.mapping.get(column.name, [])
    }
    return kinds | item_kinds(source) | {header: column.kind for column, header in measured_columns(source)}


def measured_columns(source: Source) -> list[tuple[Column, str]]:
    """List the canonical columns that are more than free text, each with the source columns it is read from."""
    table = source.table
    columns = [column for column in table.columns if column.kind not in ("id", "text") or column.words]
    direct = [(column, header) for column in columns for header in source.mapping.get(column.name, [])]
    amounts = [(table["unit_price"], header) for header in amount_columns(source)]
    spread = [(table[name], header) for name, header in spread_amounts(source).items()]
    return direct + amounts + spread


def item_kinds(source: Source) -> dict[str, Kind]:
    """List the columns that hold one fact of an item, each with what it is read as; packed ones are text."""
    kinds = {column.name: column.kind for column in source.table.columns} | {LINE_TOTAL: "money"}
    return {
        header: "text" if packed else kinds[name]
        for item in source.items
        for name, fields in item.items()
        for header, packed in fields
    }


def amount_columns(source: Source) -> list[str]:
    """List the source columns of the amount for all pieces together, and of what is taken off it or added to it."""
    totals = source.mapping.get(LINE_TOTAL, [])
    changes = [change.get(total, []) for total in totals for change in (source.format.deduct, source.format.add)]
    return [*totals, *(header for headers in changes for header in headers)]


def used_columns(source: Source) -> list[str]:
    """List the source columns that the canonical table is made of; the others need not be read.

    The first column is always among them: a row with a total has its word there.
    """
    form = source.format
    used = {header for headers in source.mapping.values() for header in headers}
    used |= {header for headers in form.status.values() for header in headers}
    used |= {header for item in source.items for fields in item.values() for header, _ in fields}
    used |= {header for headers in form.combine.values() for header in headers}
    used |= {*form.refunded_when, *form.spread.values(), *form.time_of_day.values(), *amount_columns(source)}
    used |= {*attribute_columns(source), *source.headers[:1]}
    return [header for header in source.headers if header in used]


def attribute_columns(source: Source) -> list[str]:
    """List the columns of a customers file that no canonical column uses."""
    if source.table.name != "customers":
        return []
    used = {header for headers in source.mapping.values() for header in headers}
    return [header for header in source.headers if header not in used and header.lower() not in source.table.names]


def spread_amounts(source: Source) -> dict[str, str]:
    """List the canonical amounts that the source gives once an order, each with its source column."""
    return dict(source.format.spread) if source.table.name == "orders" else {}
