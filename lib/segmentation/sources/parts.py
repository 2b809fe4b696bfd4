"""What a user's names lead to, as tables of text: every value as it stands in its file."""

import csv
import errno
import glob
import json
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend
from pyarrow import parquet

from segmentation.problems import DataProblem, shorten, some
from segmentation.runs import fingerprint
from segmentation.sources.addresses import is_url
from segmentation.sources.archives import Found, first_bytes, is_gzip, is_workbook, is_zip, unpack_gzip, unpack_zip
from segmentation.sources.decoding import decoded, recode, whole_encoding
from segmentation.sources.delimited import open_delimited
from segmentation.sources.headers import PROBLEM, ROW, distinct_names, quoted, text_literal
from segmentation.sources.json_rows import is_json, open_json
from segmentation.sources.locations import find_files
from segmentation.sources.spreadsheets import open_workbook

__all__ = ["PROBLEM", "ROW", "Part", "distinct_names", "first_rows", "open_parts", "quoted", "store_text"]

Answer = TypeVar("Answer")

# What the engine says of a bad file, and how a user is told.
COMPLAINTS = {
    "(?i)magic bytes|parquet|thrift|TProtocol|footer|metadata|decompress": "it is a Parquet file that is cut off or "
    "damaged.",
    "(?i)out of memory|malloc|failed to allocate": "one of its values is too large to be held.",
    "Errno 22|(?i:invalid argument)": "it is cut off or damaged.",
    "(?i)malformed json": "it is JSON that is cut off or damaged. It must hold objects, one a line or in one list.",
}
# What a database says in the middle of its rows, as the engine passes it on.
SERVER_SAYS = r"(?s)reading the Arrow source failed: Invalid: (?:Can't read '[^']*': )?(.*?)\. Detail: Python"
UNREADABLE = (duckdb.Error, pa.ArrowException, csv.Error, zlib.error, struct.error, zipfile.BadZipFile, EOFError,
              UnicodeError, MemoryError, OverflowError, RecursionError, json.JSONDecodeError, OSError)  # fmt: skip

# What a file may be that is no table, by its first bytes, and what to do about it.
OTHER_FILES = {
    rb"%PDF": "It is a PDF. Export the table as a .csv file.",
    rb"\x89PNG|\xff\xd8\xff|GIF8|BM....\x00\x00\x00\x00": "It is a picture. Export the table as a .csv file.",
    rb"SQLite format 3\x00": "It is an SQLite database. Name its table: `sqlite:///folder/shop.db?table=orders`.",
    rb"(?s).{8}DUCK": "It is a DuckDB database. Name its table: `duckdb:///folder/shop.duckdb?table=orders`.",
    rb"(?s).{257}ustar": "It is a tar archive. Unpack it first.",
    rb"Rar!|7z\xbc\xaf|\xfd7zXZ|BZh|\x28\xb5\x2f\xfd": "It is a packed file of another kind than zip. Unpack it first.",
    rb"(?i)\s*(?:<!doctype html|<html|<table)": "It is a web page, whatever its name. Open it in Excel, and save it "
    "as a workbook or a .csv file.",
    rb"(?i)(?:\xef\xbb\xbf)?\s*<\?xml": "It is XML. Open it in Excel, and save it as a workbook or a .csv file.",
}

MOST_ROWS_PER_BYTE, ROWS_ASKED_ABOVE = 100, 20_000_000  # of a Parquet file


@dataclass(frozen=True)
class Part:
    """One table found where the user pointed: a file, a member of an archive, a table of a database.

    Attributes
    ----------
    name : what messages, pages and `source_file` call it; no folder, no password
    kind : how it is read, in words, such as "CSV, GB18030, semicolons" or "Excel, 2 sheets"
    opened : its own headers as columns, and `__problem` where rows may be marked; of its rows nothing is read yet
    modified : when it was last changed, seconds since 1970; 0 when unknown
    path : where it stands, unpacked; none for a table of a database
    origin : the file that the user named, which may be the archive that holds it; none for a table of a database
    notes : what a reader should know of how it was read, in sentences; grows while it is read
    tolerant : opens a damaged file so that every row can be read, the damaged ones marked; none when nothing can help
    """

    name: str
    kind: str
    opened: duckdb.DuckDBPyRelation
    modified: float = 0.0
    path: Path | None = None
    origin: Path | None = None
    notes: list[str] = field(default_factory=list)
    tolerant: Callable[[], duckdb.DuckDBPyRelation] | None = None

    @property
    def headers(self) -> list[str]:
        """The part's own headers, in order, each once."""
        return [name for name in self.opened.columns if name != PROBLEM]

    def fingerprint(self) -> dict[str, Any]:
        """Identify what was read by name, bytes and SHA-256; a database has neither bytes nor digest."""
        if self.origin is None:
            return {"name": self.name, "bytes": None, "sha256": None}
        return fingerprint(self.origin) | {"name": self.name}


def open_parts(connection: Backend, given: Sequence[str], *, scratch: Path) -> list[Part]:
    """Open everything that a parameter names.

    Parameters
    ----------
    connection : the engine
    given : files, patterns, folders, archives, addresses of databases; a relative path counts from the project
    scratch : folder for what must be unpacked or recoded, removed when the engine stops; it may hold personal data

    Returns
    -------
    list of Part, at least one, databases first; a file that is named twice, or copies another, is among them once

    Raises
    ------
    DataProblem
        There is no such file, it is empty, or is no table.
    """
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    addresses = [one for one in given if is_url(one)]
    files, notes = given_files([one for one in given if not is_url(one)], scratch=scratch)
    single, copies = without_copies(files)
    opened = [open_file(connection, file, scratch=scratch) for file in named_apart(single)]
    tables = [part for part in opened if not is_prose(part)] or opened
    prose = [f"{some([part.name])} is no table and was not read." for part in opened if part not in tables]
    for part in tables[:1]:
        part.notes.extend([*notes, *prose, *copies])
    return [part for one in addresses for part in open_address(connection, one)] + tables


def open_address(connection: Backend, url: str) -> list[Part]:
    """Open what a URL names."""
    from segmentation.sources.databases import open_database  # only who names a database waits for it

    return open_database(connection, url)


def given_files(given: Sequence[str], *, scratch: Path) -> tuple[list[Found], list[str]]:
    """Find the files that names stand for, each once, archives unpacked; and tell what was left out."""
    paths = {path.resolve(): path for one in given for path in find_files(one, base=None)}
    files, notes = [], []
    for real, path in paths.items():
        if not path.is_file():
            raise DataProblem(f"Can't read {some([path.name])}: it is no file.")
        with problems_of(path.name, real):
            found, left_out = unpacked(Found(path.name, real, real.stat().st_mtime, real), scratch=scratch)
        files += found
        notes += left_out
    return files, notes


def unpacked(file: Found, *, scratch: Path, depth: int = 0) -> tuple[list[Found], list[str]]:
    """Unpack a file that is an archive, whose members may be gzip'd; and tell what it holds besides tables."""
    if is_gzip(file.path):
        inside = unpack_gzip(file.path, name=file.name, scratch=scratch)
        return unpacked(replace(file, path=inside), scratch=scratch, depth=depth + 1)
    if not is_zip(file.path) or is_workbook(file.path):
        return [file], []
    if depth:
        raise DataProblem(f"Can't read {some([file.name])}: it is an archive in an archive. Unpack it first.")
    members, others = unpack_zip(file.path, name=file.name, scratch=scratch)
    inside = [unpacked(member, scratch=scratch, depth=1)[0] for member in members]
    notes = [f"Of {some([file.name])}, {some(others)} are no tables and were not read."] if others else []
    return [found for one in inside for found in one], notes


def without_copies(files: Sequence[Found]) -> tuple[list[Found], list[str]]:
    """Leave out files with the same bytes as an earlier one, and tell which."""
    sizes = Counter(file.path.stat().st_size for file in files)
    first: dict[object, Found] = {}
    notes = []
    for place, file in enumerate(files):
        size = file.path.stat().st_size
        key = fingerprint(file.path)["sha256"] if sizes[size] > 1 else place
        if key in first:
            notes.append(f"{some([file.name])} is a copy of {some([first[key].name])} and was not read again.")
        first.setdefault(key, file)
    return list(first.values()), notes


def named_apart(files: Sequence[Found]) -> list[Found]:
    """Give files of the same name in different folders names of their own."""
    taken: Counter[str] = Counter()
    apart = []
    counts = Counter(file.name for file in files)
    for file in files:
        name = file.name if counts[file.name] == 1 else f"{file.path.parent.name}/{file.path.name}"
        taken[name] += 1
        apart.append(replace(file, name=name if taken[name] == 1 else f"{name} ({taken[name]})"))
    return apart


def open_file(connection: Backend, file: Found, *, scratch: Path) -> Part:
    """Open a file; its kind is told from its bytes, never from its name."""
    path, name = file.path, file.name
    start = first_bytes(path, 2**16)
    if not start.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise DataProblem(f"Can't read {some([name])}: the file is empty.")
    for pattern, told in OTHER_FILES.items():
        if re.match(pattern, start):
            raise DataProblem(f"Can't read {some([name])}: it must be a table. {told}")
    with problems_of(name, path):
        if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            opened, kind, notes = open_workbook(connection, path, name=name, scratch=scratch)
            return Part(name, kind, opened, file.modified, path, file.origin, notes)
        if start.startswith(b"PAR1"):
            opened = open_parquet(connection, path, name=name)
            return Part(name, "Parquet", opened, file.modified, path, file.origin)
        if is_json(start):
            opened = open_json(connection, path, name=name, scratch=scratch)
            return Part(name, "JSON", opened, file.modified, path, file.origin)
        return open_text(connection, file, start, scratch=scratch)


def open_text(connection: Backend, file: Found, start: bytes, *, scratch: Path) -> Part:
    """Open text: a web server's log, or else columns."""
    from segmentation.sources.weblogs import is_log, open_log

    def recoded() -> duckdb.DuckDBPyRelation:
        return open_log(connection, recode(file.path, whole_encoding(file.path), scratch=scratch)[0])

    if is_log(decoded(start)[0].splitlines()[:20]):
        opened = open_log(connection, file.path)
        return Part(file.name, "Web server log", opened, file.modified, file.path, file.origin, tolerant=recoded)
    read = open_delimited(connection, file.path, name=file.name, scratch=scratch)
    return Part(file.name, read.kind, read.opened, file.modified, file.path, file.origin, read.notes, read.tolerant)


def open_parquet(connection: Backend, path: Path, *, name: str) -> duckdb.DuckDBPyRelation:
    """Open a Parquet file; nested values become JSON, and bytes the text that they are.

    Raises
    ------
    DataProblem
        It says that it holds far more rows than its size allows.
    """
    rows = parquet.read_metadata(path).num_rows
    if rows > max(ROWS_ASKED_ABOVE, MOST_ROWS_PER_BYTE * path.stat().st_size):
        raise DataProblem(f"Can't read {some([name])}: so small a file can't hold {rows:,} rows of a table.")
    opened = connection.con.read_parquet(glob.escape(str(path)))
    names = distinct_names(opened.columns)
    kinds = zip(opened.columns, names, opened.types, strict=True)
    return opened.project(", ".join(f"{parquet_text(column, kind)} as {quoted(name)}" for column, name, kind in kinds))


def parquet_text(column: str, kind: object) -> str:
    """Express a column of a Parquet file as text in SQL."""
    if str(kind).endswith("]") or str(kind).startswith(("STRUCT", "MAP", "UNION", "LIST")):
        return f"cast(to_json({quoted(column)}) as varchar)"
    if str(kind) == "BLOB":
        return f"coalesce(try(decode({quoted(column)})), cast({quoted(column)} as varchar))"
    return f"cast({quoted(column)} as varchar)"


def is_prose(part: Part) -> bool:
    """Tell a text without columns, such as a README in an archive."""
    return part.kind.startswith("CSV") and len(part.headers) == 1


def store_text(connection: Backend, part: Part, *, columns: Sequence[str]) -> ir.Table:
    """Store columns of a part in the engine, every value as the text that stands there; it is read once.

    Parameters
    ----------
    connection : the engine
    part : see `open_parts`
    columns : the columns to store

    Returns
    -------
    Table with those columns, all text; `__row`, counted from 1 below the header; and `__problem`, which says why a row
    can't be read as what it must be, null when it can

    Raises
    ------
    DataProblem
        The part holds a header only, or is no table all the way down.
    """

    def store(opened: duckdb.DuckDBPyRelation) -> str:
        name = ibis.util.gen_name("source")
        problem = row_problem(columns, is_marked=PROBLEM in opened.columns)
        as_text = [f"cast({quoted(column)} as varchar) as {quoted(column)}" for column in columns]
        rows = opened.project(", ".join([f"row_number() over () as {ROW}", *as_text, f"{problem} as {PROBLEM}"]))
        rows.create(name)
        return name

    stored = connection.table(read(part, store))
    if stored.count().execute() == 0:
        raise DataProblem(f"Can't read {some([part.name])}: it holds a header and no rows.")
    return stored


def first_rows(part: Part, *, limit: int) -> pd.DataFrame:
    """Look at the first rows of a part, for telling what its columns are.

    Returns
    -------
    DataFrame of text, missing where nothing stands; at most `limit` rows
    """
    as_text = ", ".join(f"cast({quoted(name)} as varchar) as {quoted(name)}" for name in part.headers)
    return read(part, lambda opened: opened.limit(limit).project(as_text).df())


def read(part: Part, use: Callable[[duckdb.DuckDBPyRelation], Answer]) -> Answer:
    """Use the rows of a part; where the engine refuses them, those of its tolerant reading.

    Raises
    ------
    DataProblem
        The part is damaged so that no row can be trusted.
    """
    with problems_of(part.name, part.path):
        try:
            return use(part.opened)
        except duckdb.Error as problem:
            if part.tolerant is None or is_disk_problem(problem):
                raise
            return use(part.tolerant())


def row_problem(columns: Sequence[str], *, is_marked: bool) -> str:
    """Express in SQL why a row is none: it is marked already, is empty, or the header again."""
    names = [quoted(column) for column in columns]
    first = f"coalesce({', '.join(names)})"
    same = " and ".join(f"{name} = {text_literal(column)}" for name, column in zip(names, columns, strict=True))
    cases = [f"when {first} is null then 'the row is empty'"]
    if len(columns) > 1:
        cases += [f"when {same} then 'the header stands there again'"]
    return f"case {f'when {PROBLEM} is not null then {PROBLEM} ' if is_marked else ''}{' '.join(cases)} end"


@contextmanager
def problems_of(name: str, path: Path | None) -> Iterator[None]:
    """Turn what the engine or Python says of a bad file into a sentence for its user."""
    try:
        yield
    except UNREADABLE as problem:
        if is_disk_problem(problem):
            raise
        told = complaint(problem)
        if path is not None:
            told = told.replace(str(path), name).replace(path.name, name)
        raise DataProblem(f"Can't read {some([name])} as a table: {told}") from problem


def is_disk_problem(problem: BaseException) -> bool:
    """Tell whether the disk is at fault, not the file."""
    if isinstance(problem, OSError) and problem.errno not in (None, errno.EINVAL):
        return True
    return "write" in str(problem).partition("\n")[0]


def complaint(problem: BaseException) -> str:
    """Say what is wrong with a file, without repeating what stands in it.

    Examples
    --------
    >>> complaint(EOFError("No magic bytes found at end of file"))
    'it is a Parquet file that is cut off or damaged.'
    """
    if told := re.search(SERVER_SAYS, str(problem)):
        return f"{told[1]}."
    for pattern, sentence in COMPLAINTS.items():
        if re.search(pattern, str(problem)):
            return sentence
    lines = [line.strip() for line in str(problem).splitlines() if line.strip() and "Original Line" not in line]
    return shorten(" ".join(lines[:3]), limit=300) or "it is damaged."
