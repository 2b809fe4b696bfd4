"""The store of records: one small SQLite file beside the runs, for its owner alone, that several runs can write to."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from segmentation.problems import DataProblem, some
from segmentation.recording.record import Record
from segmentation.runs import home

VERSION = 1
PATIENCE = 5  # seconds that one run waits for another to finish writing
CREATE = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    started TEXT NOT NULL,
    ended TEXT NOT NULL,
    seconds REAL NOT NULL,
    status TEXT NOT NULL,
    failed_step TEXT NOT NULL,
    verdict TEXT NOT NULL,
    steps TEXT NOT NULL,
    parameters TEXT NOT NULL,
    metrics TEXT NOT NULL,
    artifacts TEXT NOT NULL,
    inputs TEXT NOT NULL,
    versions TEXT NOT NULL
)
"""
WORDS = ("name", "failed_step", "verdict")
MOMENTS = ("started", "ended")
AS_JSON = ("steps", "parameters", "metrics", "artifacts", "inputs", "versions")
DERIVED = ("seconds", "status")  # for whoever asks the file in SQL


def store_path() -> Path:
    """Locate the store."""
    return home() / "data" / "runs" / "runs.sqlite"


def add(record: Record) -> None:
    """Add a record, whole or not at all; the store is made when there is none.

    Raises
    ------
    DataProblem
        The store can't be written, is none, or is a newer workbook's.
    """
    row = {name: getattr(record, name) for name in WORDS + DERIVED}
    row |= {name: getattr(record, name).isoformat() for name in MOMENTS}
    row |= {name: json.dumps(getattr(record, name), ensure_ascii=False, default=str) for name in AS_JSON}
    marks = ", ".join(f":{name}" for name in row)
    with opened(store_path(), new=True) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if not version_of(connection):
            connection.execute(CREATE)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(f"INSERT INTO runs ({', '.join(row)}) VALUES ({marks})", row)
        connection.execute("COMMIT")


def records() -> list[Record]:
    """Read every record, the oldest first; none when nothing has been recorded.

    Raises
    ------
    DataProblem
        The store can't be read, is none, or is a newer workbook's.
    """
    if not store_path().exists():
        return []
    with opened(store_path()) as connection:
        begun = version_of(connection)
        return [read(row) for row in connection.execute("SELECT * FROM runs ORDER BY started, id")] if begun else []


def read(row: sqlite3.Row) -> Record:
    """Read one row."""
    plain = {name: json.loads(row[name]) for name in AS_JSON}
    plain |= {name: tuple(plain[name]) for name in ("steps", "artifacts", "inputs")}
    moments = {name: datetime.fromisoformat(row[name]) for name in MOMENTS}
    return Record(**{name: row[name] for name in WORDS}, **moments, **plain)


@contextmanager
def opened(path: Path, *, new: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the store; a transaction that has not been committed by the end is undone.

    Parameters
    ----------
    path : the store
    new : whether to make it when there is none

    Raises
    ------
    DataProblem
        What went wrong with it.
    """
    try:
        if new:
            for_owner_alone(path)
        with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise DataProblem(
            f"Can't use the record of runs in {some([path.name])}: {error}. "
            "Move the file away, and the next run begins a new one?"
        ) from error


def version_of(connection: sqlite3.Connection) -> int:
    """Tell which version of the store this is; 0 when it is still empty."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise DataProblem(
            f"Can't use the record of runs: it has version {version}, this workbook knows {VERSION}. "
            "Has a newer workbook written it?"
        )
    return version


def for_owner_alone(path: Path) -> None:
    """Make sure that the file is there and that nobody but its owner can read it, nor what SQLite puts beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    path.chmod(0o600)
