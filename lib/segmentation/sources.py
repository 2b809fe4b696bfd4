"""Files as tables of text: what stands in a CSV, Excel or Parquet file, every value as written."""

import difflib
import gzip
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from segmentation.problems import DataProblem, some

ROW = "__row"


def load_text(connection: Backend, path: Path) -> ir.Table:
    """Load a CSV, gzip'd CSV, Excel or Parquet file into the engine, every value as the text that stands there.

    The kind of file is told from its first bytes, never from its name.

    Parameters
    ----------
    connection : the engine
    path : the file

    Returns
    -------
    Table with the file's own headers, all text, and `__row`, counted from 1 below the header

    Raises
    ------
    DataProblem
        There is no such file, it is empty, holds a header only, or is no table.
    """
    name = some([path.name])
    load = loader(path)
    try:
        table = load(connection, path)
    except (duckdb.Error, UnicodeDecodeError, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno:
            raise
        raise DataProblem(f"Can't read {name} as a table. {first_lines(problem)}") from problem
    if table.count().execute() == 0:
        raise DataProblem(f"Can't read {name}: it holds a header and no rows.")
    return table


def loader(path: Path):
    """Choose how to load a file from its first bytes."""
    if not path.is_file():
        near = difflib.get_close_matches(path.name, [file.name for file in path.parent.glob("*")], n=3)
        hint = f" Did you mean {some(near)}?" if near else ""
        raise DataProblem(f"Can't read {some([path.name])}: there is no such file.{hint}")
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise DataProblem(f"Can't read {some([path.name])}: the file is empty.")
    return {b"PK\x03\x04": load_excel, b"PAR1": load_parquet}.get(start, load_csv)


def first_lines(problem: Exception) -> str:
    """Shorten an engine's message to what a user can act on."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return " ".join(lines[:3])


def load_csv(connection: Backend, path: Path) -> ir.Table:
    """Load comma, semicolon or tab separated UTF-8 text, plain or gzip'd."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    with (gzip.open if zipped else open)(path, "rb") as file:
        header = file.readline()
    relation = connection.con.read_csv(
        str(path),
        all_varchar=True,
        header=True,
        compression="gzip" if zipped else "none",
        delimiter=max(",;\t", key=lambda mark: header.count(mark.encode())),
        quotechar='"',
        escapechar='"',
    )
    return store_text(connection, relation)


def load_parquet(connection: Backend, path: Path) -> ir.Table:
    """Load a Parquet file."""
    return store_text(connection, connection.con.read_parquet(str(path)))


def load_excel(connection: Backend, path: Path) -> ir.Table:
    """Load the sheets of an Excel file, one below the other; they must share their headers."""
    sheets = [sheet for sheet in excel_sheets(path) if sheet]
    if not sheets:
        raise DataProblem(f"Can't read {some([path.name])}: its sheets are empty.")
    if any(sheet[0] != sheets[0][0] for sheet in sheets):
        raise DataProblem(
            f"The sheets of {some([path.name])} must have the same headers; they begin with "
            f"{some(', '.join(map(str, sheet[0][:3])) for sheet in sheets)}. "
            "Save the sheet with the orders as a file of its own?"
        )
    header = [str(name) for name in sheets[0][0]]
    rows = [[cell_text(cell) for cell in row] for sheet in sheets for row in sheet[1:]]
    columns = zip(*rows, strict=True) if rows else [[] for _ in header]
    arrow = pa.table({name: pa.array(values, pa.string()) for name, values in zip(header, columns, strict=True)})
    return store_text(connection, connection.con.from_arrow(arrow))


def excel_sheets(path: Path) -> list[list[list[object]]]:
    """Read every sheet of an Excel file as rows of cells."""
    import python_calamine  # only who brings Excel waits for it

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        return [workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names]
    except python_calamine.CalamineError as problem:
        raise DataProblem(f"Can't read {some([path.name])} as an Excel file. {first_lines(problem)}") from problem


def cell_text(cell: object) -> str | None:
    """Write an Excel cell as the text that a CSV would hold.

    Examples
    --------
    >>> cell_text(13085.0), cell_text(2.95), cell_text(datetime.datetime(2009, 12, 1, 7, 45))
    ('13085', '2.95', '2009-12-01 07:45:00')
    """
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return None if cell == "" else str(cell)


def store_text(connection: Backend, relation: duckdb.DuckDBPyRelation) -> ir.Table:
    """Store what was read as text in the engine, with each row's number; the file is read once."""
    columns = ", ".join(f"cast({quoted(name)} as varchar) as {quoted(name)}" for name in relation.columns)
    name = ibis.util.gen_name("source")
    relation.project(f"row_number() over () as {ROW}, {columns}").create(name)
    return connection.table(name)


def quoted(name: str) -> str:
    """Quote a column's name for SQL.

    Examples
    --------
    >>> quoted('5" ribbon')
    '"5"" ribbon"'
    """
    return '"' + name.replace('"', '""') + '"'
