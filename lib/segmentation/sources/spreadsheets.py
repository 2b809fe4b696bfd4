"""Workbooks: the sheets of an Excel file that hold the table, one below the other."""

import json
import mmap
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from segmentation.problems import DataProblem, shorten, some
from segmentation.sources.headers import distinct_names, quoted, require_few_columns

LOOKED_AT = 20  # rows among which the header must be
SECONDS, SECONDS_PER_MB = 25.0, 2.0  # several times what a slow machine needs

# What the reading process says in the end, and how a user is told.
COMPLAINTS = {
    "(?i)password": "it is protected by a password. Open it in Excel, take the password off and save it.",
    "(?i)alloc|memory": "it would need more than 2 GB of memory. Does a stray cell stand far outside the table? "
    "Save the sheet as a .csv file.",
}


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its header, and the rows below, every cell text or null."""

    name: str
    header: Sequence[str]
    rows: pa.Table


def open_workbook(
    connection: Backend, path: Path, *, name: str, scratch: Path
) -> tuple[duckdb.DuckDBPyRelation, str, list[str]]:
    """Open the sheets that share the headers of the widest, one below the other.

    Returns
    -------
    Relation of text, how it was read in words, and what was left out in sentences

    Raises
    ------
    DataProblem
        It is damaged, protected by a password, or none of its sheets is a table.
    """
    require_no_password(path, name)
    shown, hidden = read_sheets(path, name=name, scratch=scratch)
    tables = [sheet for sheet in shown if sheet.header] or [sheet for sheet in hidden if sheet.header]
    if not tables:
        raise DataProblem(f"Can't read {some([name])}: its sheets are empty.")
    first = max(tables, key=lambda sheet: (len(sheet.rows) > 0, len(sheet.header)))
    alike = [sheet for sheet in tables if sheet.header == first.header]
    others = [sheet.name for sheet in [*shown, *hidden] if sheet not in alike and sheet.header]
    notes = [f"Its sheets {some(others)} have other headers and were not read."] if others else []
    rows = pa.concat_tables([sheet.rows for sheet in alike])
    filled = f"coalesce({', '.join(map(quoted, rows.column_names))}) is not null"
    opened = connection.con.from_arrow(rows).filter(filled).project(", ".join(map(plain_cell, rows.column_names)))
    return opened, "Excel" if len(alike) == 1 else f"Excel, {len(alike)} sheets", notes


def plain_cell(column: str) -> str:
    """Express a cell as a CSV would hold it: a day without a midnight, a time without the day it is counted from."""
    cell = quoted(column)
    return (
        f"case when starts_with({cell}, '1899-12-31 ') then substr({cell}, 12) "
        f"when ends_with({cell}, ' 00:00:00') then left({cell}, -9) else {cell} end as {cell}"
    )


def require_no_password(path: Path, name: str) -> None:
    """Require that a workbook is not encrypted; such a one is a container of an older kind that says so."""
    with path.open("rb") as file:
        if file.read(4) == b"\xd0\xcf\x11\xe0":
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
                    raise DataProblem(f"Can't read {some([name])}: {COMPLAINTS['(?i)password']}")


def read_sheets(path: Path, *, name: str, scratch: Path) -> tuple[list[Sheet], list[Sheet]]:
    """Read all sheets in a process of their own: those that are shown, and those that are hidden."""
    folder = scratch / ibis.util.gen_name("workbook")
    folder.mkdir()
    words = [sys.executable, "-P", "-m", "segmentation.sources.spreadsheet_process", str(path), str(folder)]
    seconds = SECONDS + SECONDS_PER_MB * path.stat().st_size / 1e6
    try:
        done = subprocess.run(words, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as problem:
        raise DataProblem(
            f"Can't read {some([name])} as an Excel file: it takes longer than {seconds:.0f} seconds. "
            "Save its sheet as a .csv file."
        ) from problem
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace")
        raise DataProblem(f"Can't read {some([name])} as an Excel file: {complaint(said)}")
    sheets = [
        (is_shown, told_sheet(folder / f"{place}.arrow", sheet, name))
        for place, (sheet, is_shown) in enumerate(json.loads(done.stdout))
    ]
    return [sheet for is_shown, sheet in sheets if is_shown], [sheet for is_shown, sheet in sheets if not is_shown]


def complaint(said: str) -> str:
    """Say what is wrong with a workbook, from the last words of the process that read it.

    Examples
    --------
    >>> complaint("Traceback …\\n_fastexcel.CalamineError: calamine error: Cannot detect file format\\nContext: …")
    'Cannot detect file format. Open it in Excel and save it again.'
    """
    for pattern, sentence in COMPLAINTS.items():
        if re.search(pattern, said):
            return sentence
    last = re.findall(r"^[\w.]*(?:Error|Exception): (.+)$", said, re.MULTILINE)[-1:] or ["it is damaged"]
    return f"{shorten(last[0].removeprefix('calamine error: '), limit=200)}. Open it in Excel and save it again."


def told_sheet(file: Path, name: str, workbook: str) -> Sheet:
    """Tell a sheet's header from the rows below it: the first row as wide as the widest of the first ones."""
    with pa.memory_map(str(file)) as stored:
        cells = pa.ipc.open_file(stored).read_all()
    first = [list(row.values()) for row in cells.slice(0, LOOKED_AT).to_pylist()]
    widths = [sum(bool(cell and cell.strip()) for cell in row) for row in first]
    if not any(widths):
        return Sheet(name, [], cells)
    require_few_columns(cells.column_names, name=workbook)
    wanted = max(widths) if max(widths) <= 3 else max(widths) // 2 + 1
    place = next(place for place, width in enumerate(widths) if width >= wanted)
    below = cells.slice(place + 1)
    used = [column for column, cell in enumerate(first[place]) if cell or below[column].null_count < len(below)]
    header = distinct_names(first[place][column] or "" for column in used)
    return Sheet(name, header, below.select(used).rename_columns(header))
