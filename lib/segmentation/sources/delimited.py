"""Comma separated text and its cousins: in any encoding, proper or damaged."""

import codecs
import glob
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
from ibis.backends.duckdb import Backend

from segmentation.sources.csv_headers import DELIMITERS, Header, find_header
from segmentation.sources.decoding import SHOWN, UTF8, decoded, recode, sample_encoding, whole_encoding
from segmentation.sources.headers import PROBLEM, quoted, text_literal
from segmentation.sources.ragged import LONGEST_LINE, repair

SAMPLE = 2**20
NARROW, WIDE = 3, 1_000


@dataclass(frozen=True)
class Delimited:
    """A text table that is open: read by the engine, or, when that refuses, line by line.

    Attributes
    ----------
    opened : its columns
    kind : how it is read, in words
    tolerant : reads it line by line, marks the rows that are damaged, and is slower; the same each time it is asked
    notes : what was noticed, in sentences; grows while it is read
    """

    opened: duckdb.DuckDBPyRelation
    kind: str
    tolerant: Callable[[], duckdb.DuckDBPyRelation] | None
    notes: list[str] = field(default_factory=list)


def open_delimited(connection: Backend, path: Path, *, name: str, scratch: Path) -> Delimited:
    """Open text in columns; nothing about its values is guessed, and every one of them is text.

    Parameters
    ----------
    connection : the engine
    path : the file
    name : what messages call it
    scratch : folder for the file in UTF-8, where it is in another encoding

    Raises
    ------
    DataProblem
        It is empty, or no text.
    """
    notes: list[str] = []
    told = sample_encoding(path)
    encoding = told or whole_encoding(path)
    path = in_utf8(path, encoding, notes=notes, scratch=scratch)
    header = find_header(first_text(path), name=name)

    @cache
    def tolerant() -> duckdb.DuckDBPyRelation:
        if not is_utf8_throughout(path) and (later := whole_encoding(path)) != UTF8:
            notes.append(f"It was read as {SHOWN[later]}.")
            return open_damaged(connection, in_utf8(path, later, notes=notes, scratch=scratch), header, notes, scratch)
        return open_damaged(connection, path, header, notes, scratch)

    kind = ", ".join(filter(None, ("CSV", SHOWN[encoding], DELIMITERS[header.delimiter])))
    if (told is None and encoding == UTF8) or header.is_below_quotes:
        return Delimited(tolerant(), kind, None, notes)
    return Delimited(open_strictly(connection, path, header), kind, tolerant, notes)


def in_utf8(path: Path, encoding: str, *, notes: list[str], scratch: Path) -> Path:
    """Write a file again in UTF-8 where it is in another encoding, and note what can't be read in that."""
    if not SHOWN[encoding]:
        return path
    recoded, lost = recode(path, encoding, scratch=scratch)
    if lost:
        notes.append(f"{lost:,} letters mean nothing in {SHOWN[encoding]} and were read as \ufffd.")
    return recoded


def open_damaged(
    connection: Backend, path: Path, header: Header, notes: list[str], scratch: Path
) -> duckdb.DuckDBPyRelation:
    """Open a damaged file so that every row can be read, with why it can't be trusted as `__problem`."""
    repaired, told = repair(path, header=header, scratch=scratch)
    notes.extend(told)
    columns = [*header.names, PROBLEM]
    return with_swallowed_marked(read_csv(connection, repaired, columns, header.delimiter), header)


def open_strictly(connection: Backend, path: Path, header: Header) -> duckdb.DuckDBPyRelation:
    """Open proper CSV in UTF-8; a row that does not fit the header is an error when it is read."""
    opened = read_csv(connection, path, header.names, header.delimiter, header=True, skiprows=header.lines_above)
    return with_swallowed_marked(opened, header)


def read_csv(
    connection: Backend, path: Path, columns: Sequence[str], delimiter: str, *, header: bool = False, skiprows: int = 0
) -> duckdb.DuckDBPyRelation:
    """Open proper CSV, every value as text."""
    return connection.con.read_csv(
        glob.escape(str(path)),
        auto_detect=False,
        columns=dict.fromkeys(columns, "VARCHAR"),
        header=header,
        skiprows=skiprows,
        compression="none",
        delimiter=delimiter,
        quotechar='"',
        escapechar='"',
        max_line_size=LONGEST_LINE,
        buffer_size=2 * LONGEST_LINE,  # else sixteen lines, more than the engine may hold
    )


def with_swallowed_marked(opened: duckdb.DuckDBPyRelation, header: Header) -> duckdb.DuckDBPyRelation:
    """Mark rows of which a value holds whole lines of the file.

    A quotation mark that is left open, and another that happens to close it lines later, make one value of what stands
    between. Such a value holds a line with as many separators as a row has; in a narrow table a remark could, too.
    """
    names, between = header.names, len(header.names) - 1
    if not NARROW < between < WIDE:
        return opened
    mark = re.escape(header.delimiter)
    whole_line = text_literal(rf"\n(?:[^{mark}\n]*{mark}){{{between},}}[^{mark}\n]*\n")
    values = ", ".join(map(quoted, names))
    told = f"when {PROBLEM} is not null then {PROBLEM} " if PROBLEM in opened.columns else ""
    problem = (
        f"case {told}when contains(concat({values}), chr(10)) "
        f"and regexp_matches(concat_ws(' ', {values}), {whole_line}) "
        f"then 'a value holds whole lines; a quotation mark is left open' end as {PROBLEM}"
    )
    return opened.project(f"{values}, {problem}")


def is_utf8_throughout(path: Path) -> bool:
    """Tell whether a whole file is proper UTF-8."""
    try:
        with path.open(encoding=UTF8, newline="") as file:
            while file.read(SAMPLE):
                pass
    except UnicodeDecodeError:
        return False
    return True


def first_text(path: Path) -> str:
    """Read the start of a file."""
    with path.open("rb") as file:
        lines = file.read(SAMPLE).removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
    return "".join(decoded(line)[0] for line in lines)
