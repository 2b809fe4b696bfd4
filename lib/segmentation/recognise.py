"""What a file holds: which format it is in, and what each of its columns means."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from segmentation.formats import Format, known_formats
from segmentation.problems import DataProblem, some
from segmentation.sources import Part
from segmentation.tables import SOURCE, Column, Kind, Table
from segmentation.values import Writing


@dataclass(frozen=True)
class Source:
    """A file as it was understood: format, headers, what each column became, how it is written, its rows."""

    part: Part
    table: Table
    format: Format
    mapping: Mapping[str, Sequence[str]]
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


def recognise(part: Part, *, table: Table, column_map: Mapping[str, str]) -> Source:
    """Tell what each source column is: from the user's map, from a known format, from canonical names.

    Parameters
    ----------
    part : the part, of which the headers are looked at
    table : the canonical table wanted
    column_map : canonical column to source column; it wins over everything else

    Raises
    ------
    DataProblem
        A required column has no source, or the map names a column that does not exist.
    """
    headers = part.headers
    check_column_map(part.name, headers, table, column_map)
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
    require_columns(part.name, headers, table, mapping)
    return Source(part=part, table=table, format=form, mapping=mapping)


def check_column_map(name: str, headers: Sequence[str], table: Table, column_map: Mapping[str, str]) -> None:
    """Require that a column map leads from the file's columns to canonical ones."""
    known = [column.name for column in table.columns if column not in SOURCE]
    unknown = [column for column in column_map if column not in known]
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
            f"`column_map` names {some(absent)}, which {some([name])} does not have. It has {some(headers)}."
        )


def require_columns(name: str, headers: Sequence[str], table: Table, mapping: Mapping[str, Sequence[str]]) -> None:
    """Require a source for each column without which the table has no meaning."""
    words = {"customer_id": "the customer", "ordered_at": "the day of the order", "unit_price": "the price"}
    required = [column.name for column in table.columns if column.required]
    for wanted in sorted(required, key=lambda wanted: wanted != "customer_id"):
        if wanted not in mapping:
            raise DataProblem(
                f"Can't read {table.name}: {some([name])} has no column for {words.get(wanted, wanted)}. "
                f"It has {some(headers)}. Is it another kind of export? "
                f"Name the column with `column_map: {{{wanted}: …}}`."
            )


def source_kinds(source: Source) -> dict[str, Kind]:
    """List the source columns that are used, each with what it is read as."""
    measured = {header: column.kind for column, header in measured_columns(source)}
    return {header: measured.get(header, "text") for header in used_columns(source)}


def measured_columns(source: Source) -> list[tuple[Column, str]]:
    """List the canonical columns that are more than text, each with the source columns it is read from."""
    columns = [column for column in source.table.columns if column.kind not in ("id", "text")]
    direct = [(column, header) for column in columns for header in source.mapping.get(column.name, [])]
    spread = [(source.table[name], header) for name, header in spread_amounts(source).items()]
    return direct + spread


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


def spread_amounts(source: Source) -> dict[str, str]:
    """List the canonical amounts that the source gives once an order, each with its source column."""
    return {name: header for name, header in source.format.spread.items() if header in source.headers}
