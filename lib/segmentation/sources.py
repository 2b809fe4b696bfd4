"""Files as tables of text: what stands in a CSV, Excel or Parquet file, every value as written."""

import csv
import difflib
import glob
import gzip
import itertools
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from segmentation.problems import DataProblem, shorten, some
from segmentation.runs import fingerprint, resolve

ROW = "__row"

# What the engine and Python say of a bad CSV file, and how a user is told.
COMPLAINTS = {
    r"Line: (?P<line>\d+)(?s:.*)Expected Number of Columns: (?P<wanted>\d+) Found: (?P<found>\d+)": (
        "line {line} must have {wanted} values, as the header has; it has {found}. "
        "Does a value hold a comma or a line break without quotation marks around it?"
    ),
    r"Line: (?P<line>\d+)(?s:.*)unterminated quote": "in line {line} a quotation mark opens that is never closed.",
    r"Line: (?P<line>\d+)(?s:.*)not utf-8": (
        "line {line} is no text in UTF-8. Was it saved by an older program? Save it again as 'CSV UTF-8'."
    ),
    "utf-8": "it is no text in UTF-8. Was it saved by an older program? Save it again as 'CSV UTF-8'.",
    "invalid state": "its lines must all end in the same way; some end in CR LF or CR, others in LF.",
    "(?i)gzip|end-of-stream|decompressing|compression method": (
        "it is a gzip file that is cut off or damaged. Copy or download it again."
    ),
}


class Header(NamedTuple):
    """The header of a CSV file: the columns' names, what separates them, and the empty lines above."""

    names: list[str]
    delimiter: str
    empty_lines: int


@dataclass(frozen=True)
class Part:
    """One table found where the user pointed: a file, a member of an archive, a table of a database.

    Attributes
    ----------
    name : what messages, pages and `source_file` call it; no folder, no password
    kind : how it is read, in words, such as "CSV" or "Excel, 2 sheets"
    opened : its own headers as columns; of its rows nothing is read yet
    modified : when it was last changed, seconds since 1970; 0 when unknown
    path : the file, none for a table of a database
    """

    name: str
    kind: str
    opened: duckdb.DuckDBPyRelation
    modified: float = 0.0
    path: Path | None = None

    @property
    def headers(self) -> list[str]:
        """The part's own headers, in order, each once."""
        return self.opened.columns

    def fingerprint(self) -> dict[str, Any]:
        """Identify what was read by name, bytes and SHA-256; a database has neither bytes nor digest."""
        if self.path is None:
            return {"name": self.name, "bytes": None, "sha256": None}
        return fingerprint(self.path) | {"name": self.name}


def open_parts(connection: Backend, given: Sequence[str], *, scratch: Path) -> list[Part]:
    """Open everything that a parameter names, in the order in which it names it.

    Parameters
    ----------
    connection : the engine
    given : files; a relative path counts from the project
    scratch : folder for what must be unpacked or recoded, removed when the engine stops

    Returns
    -------
    list of Part, at least one

    Raises
    ------
    DataProblem
        There is no such file, it is empty, or is no table.
    """
    return [open_part(connection, resolve(one)) for one in given]


def open_part(connection: Backend, path: Path) -> Part:
    """Open a CSV, gzip'd CSV, Excel or Parquet file; its kind is told from its first bytes, never from its name."""
    with problems_of(path):
        opened = opener(path)(connection, path)
    return Part(path.name, opened_kind(path), opened, path.stat().st_mtime, path)


def store_text(connection: Backend, part: Part, *, columns: Sequence[str]) -> ir.Table:
    """Store columns of a part in the engine, every value as the text that stands there; it is read once.

    Parameters
    ----------
    connection : the engine
    part : see `open_parts`
    columns : the columns to store

    Returns
    -------
    Table with those columns, all text, and `__row`, counted from 1 below the header

    Raises
    ------
    DataProblem
        The part holds a header only, or is no table all the way down.
    """
    as_text = ", ".join(f"cast({quoted(name)} as varchar) as {quoted(name)}" for name in columns)
    name = ibis.util.gen_name("source")
    with problems_of(part.path or Path(part.name)):
        part.opened.project(f"row_number() over () as {ROW}, {as_text}").create(name)
    stored = connection.table(name)
    if stored.count().execute() == 0:
        raise DataProblem(f"Can't read {some([part.name])}: it holds a header and no rows.")
    return stored


@contextmanager
def problems_of(path: Path) -> Iterator[None]:
    """Turn what the engine or Python says of a bad file into a sentence for its user."""
    try:
        yield
    except (duckdb.Error, csv.Error, zlib.error, EOFError, UnicodeDecodeError, OSError) as problem:
        if (isinstance(problem, OSError) and problem.errno) or "write" in str(problem).partition("\n")[0]:
            raise  # the disk is at fault, not the file
        told = complaint(problem).replace(str(path), path.name)
        raise DataProblem(f"Can't read {some([path.name])} as a table: {told}") from problem


def opener(path: Path) -> Callable[[Backend, Path], duckdb.DuckDBPyRelation]:
    """Choose how to open a file from its first bytes."""
    if not path.is_file():
        near = difflib.get_close_matches(path.name, [file.name for file in path.parent.glob("*")], n=3)
        hint = f" Did you mean {some(near)}?" if near else ""
        raise DataProblem(f"Can't read {some([path.name])}: there is no such file.{hint}")
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise DataProblem(f"Can't read {some([path.name])}: the file is empty.")
    known = {b"PK\x03\x04": open_excel, b"\xd0\xcf\x11\xe0": open_excel, b"PAR1": open_parquet}
    return known.get(start, open_csv)


def opened_kind(path: Path) -> str:
    """Word how a file is read."""
    return {open_excel: "Excel", open_parquet: "Parquet", open_csv: "CSV"}[opener(path)]


def complaint(problem: Exception) -> str:
    """Say what is wrong with a file, without repeating what stands in it.

    Examples
    --------
    >>> complaint(EOFError("Compressed file ended before the end-of-stream marker was reached"))
    'it is a gzip file that is cut off or damaged. Copy or download it again.'
    """
    for pattern, sentence in COMPLAINTS.items():
        if found := re.search(pattern, str(problem)):
            return sentence.format(**found.groupdict())
    lines = [line.strip() for line in str(problem).splitlines() if line.strip() and "Original Line" not in line]
    return shorten(" ".join(lines[:3]), limit=300)


def open_csv(connection: Backend, path: Path) -> duckdb.DuckDBPyRelation:
    """Open comma, semicolon or tab separated UTF-8 text, plain or gzip'd; nothing about its rows is guessed."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    header = max((read_header(path, mark, zipped=zipped) for mark in ",;\t"), key=lambda header: len(header.names))
    return connection.con.read_csv(
        glob.escape(str(path)),
        auto_detect=False,
        columns=dict.fromkeys(header.names, "VARCHAR"),
        header=True,
        skiprows=header.empty_lines,
        compression="gzip" if zipped else "none",
        delimiter=header.delimiter,
        quotechar='"',
        escapechar='"',
    )


def read_header(path: Path, delimiter: str, *, zipped: bool) -> Header:
    """Read the first line of a CSV file that holds anything, as if its columns were separated by the delimiter.

    Raises
    ------
    DataProblem
        The file holds nothing but empty lines.
    """
    with (gzip.open if zipped else open)(path, "rt", encoding="utf-8-sig", newline="") as file:
        for empty_lines, names in enumerate(csv.reader(file, delimiter=delimiter)):
            if "".join(names).strip():
                return Header(distinct_names(names), delimiter, empty_lines)
    raise DataProblem(f"Can't read {some([path.name])}: the file is empty.")


def distinct_names(names: Iterable[str]) -> list[str]:
    """Name every column once: an unnamed one by its place, a name that stands there already with a number.

    Examples
    --------
    >>> distinct_names(["", "Price", "price ", "__row"])
    ['column0', 'Price', 'price_1', '__row_1']
    """
    taken = {ROW: ""}  # to the engine, letter case does not tell two names apart
    for place, name in enumerate(names):
        plain = name.strip() or f"column{place}"
        numbered = (f"{plain}_{number}" for number in itertools.count(1))
        free = next(name for name in itertools.chain([plain], numbered) if name.lower() not in taken)
        taken[free.lower()] = free
    return list(taken.values())[1:]


def open_parquet(connection: Backend, path: Path) -> duckdb.DuckDBPyRelation:
    """Open a Parquet file."""
    return connection.con.read_parquet(glob.escape(str(path)))


def open_excel(connection: Backend, path: Path) -> duckdb.DuckDBPyRelation:
    """Open the sheets of an Excel file, one below the other; they must share their headers."""
    sheets = [sheet for sheet in excel_sheets(path) if sheet]
    if not sheets:
        raise DataProblem(f"Can't read {some([path.name])}: its sheets are empty.")
    if any(sheet[0] != sheets[0][0] for sheet in sheets):
        raise DataProblem(
            f"The sheets of {some([path.name])} must have the same headers; they begin with "
            f"{some(', '.join(map(str, sheet[0][:3])) for sheet in sheets)}. "
            "Save the sheet with the orders as a file of its own?"
        )
    header = distinct_names(cell_text(name) or "" for name in sheets[0][0])
    rows = [
        [cell_text(cell) for cell in row] for sheet in sheets for row in sheet[1:] if any(cell != "" for cell in row)
    ]
    columns = zip(*rows, strict=True) if rows else [[] for _ in header]
    arrow = pa.table({name: pa.array(values, pa.string()) for name, values in zip(header, columns, strict=True)})
    return connection.con.from_arrow(arrow)


def excel_sheets(path: Path) -> list[list[list[object]]]:
    """Read every sheet of an Excel file as rows of cells."""
    import python_calamine  # only who brings Excel waits for it

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        return [workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names]
    except python_calamine.CalamineError as problem:
        raise DataProblem(
            f"Can't read {some([path.name])} as an Excel file: {complaint(problem)}. Is it an archive? Unpack it first."
        ) from problem


def cell_text(cell: object) -> str | None:
    """Write an Excel cell as the text that a CSV would hold.

    Examples
    --------
    >>> import datetime
    >>> cell_text(13085.0), cell_text(2.95), cell_text(datetime.datetime(2009, 12, 1, 7, 45))
    ('13085', '2.95', '2009-12-01 07:45:00')
    """
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return None if cell == "" else str(cell)


def quoted(name: str) -> str:
    """Quote a column's name for SQL.

    Examples
    --------
    >>> quoted('5" ribbon')
    '"5"" ribbon"'
    """
    return '"' + name.replace('"', '""') + '"'
