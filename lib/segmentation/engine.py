"""The engine under Ibis: DuckDB, embedded, with bounded memory."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend

from segmentation.runs import SCRATCH

MEMORY_MB = 512


def start_engine(folder: Path, *, memory_mb: int = MEMORY_MB) -> Backend:
    """Start DuckDB on a scratch folder, so that what does not fit in memory goes to disk.

    Parameters
    ----------
    folder : where the scratch folder `.scratch` stands until the engine is stopped; it may hold personal data
    memory_mb : what DuckDB may hold in memory, MB

    Returns
    -------
    Ibis backend; row order is not preserved, so whoever needs an order asks for it
    """
    scratch = folder / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    connection = ibis.duckdb.connect(
        scratch / "engine.duckdb",
        temp_directory=str(scratch),
        memory_limit=f"{memory_mb}MB",
        preserve_insertion_order=False,
    )
    connection.con.execute("set enable_progress_bar = false")
    return connection


def stop_engine(connection: Backend, folder: Path) -> None:
    """Stop the engine and remove what it left on disk."""
    connection.disconnect()
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)


@contextmanager
def engine(folder: Path, *, memory_mb: int = MEMORY_MB) -> Iterator[Backend]:
    """Start the engine for a block and stop it whatever happens; see `start_engine`."""
    connection = start_engine(folder, memory_mb=memory_mb)
    try:
        yield connection
    finally:
        stop_engine(connection, folder)
