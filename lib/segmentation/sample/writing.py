"""Write columns as CSV, the same bytes on every machine."""

import gzip
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segmentation.sample.calendar import DAY, DAYS, FIRST_DAY

# fmt: on


class CsvFile:
    """A CSV file that grows chunk by chunk, quoted only where needed, the same bytes on every machine."""

    def __init__(self, path: Path, *, compress: bool) -> None:
        """Open the file; a compressed one holds no clock time."""
        self.raw: BinaryIO = path.open("wb")
        self.out = gzip.GzipFile("", "wb", compresslevel=1, fileobj=self.raw, mtime=0) if compress else self.raw
        self.has_header = False

    def __enter__(self) -> "CsvFile":
        """Hand over the open file."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close the file."""
        self.out.close()
        self.raw.close()

    def append(self, columns: dict[str, pa.Array]) -> None:
        """Write rows, below the header the first time; texts that need quotes already have them."""
        if not self.has_header:
            self.out.write((",".join(columns) + "\n").encode())
            self.has_header = True
        rows = pc.binary_join_element_wise(*columns.values(), ",", null_handling="replace", null_replacement="")
        lines = pc.binary_join_element_wise(rows, "", "\n")
        if len(lines):  # end to end in memory, the lines are the file
            self.out.write(lines.buffers()[2])


def quoted(word: str) -> str:
    """Write a text as a CSV cell.

    Examples
    --------
    >>> print(quoted("Napkins, set of 4"), quoted("Vase"))
    "Napkins, set of 4" Vase
    """
    return '"' + word.replace('"', '""') + '"' if any(mark in word for mark in ',"\n') else word


def worded(words: Sequence[str], codes: np.ndarray, *, where: np.ndarray | None = None) -> pa.Array:
    """Look words up by their place in a list, quoted for CSV; empty outside `where`."""
    return picked(pa.array([quoted(word) for word in words], pa.string()), codes, where=where)


def picked(values: pa.Array, rows: np.ndarray, *, where: np.ndarray | None = None) -> pa.Array:
    """Take values by place; null outside `where`."""
    return values.take(pa.array(rows, mask=None if where is None else ~where))


def numbered(numbers: np.ndarray) -> pa.Array:
    """Write whole numbers as text."""
    return pc.cast(pa.array(numbers), pa.string())


def money(cents: np.ndarray) -> pa.Array:
    """Write cents as an amount with two decimals.

    Examples
    --------
    >>> money(np.array([1250, -5])).to_pylist()
    ['12.50', '-0.05']
    """
    whole = pa.array(cents, pa.int64())
    return pc.cast(pa.Array.from_buffers(pa.decimal64(18, 2), len(whole), whole.buffers()), pa.string())


def offsets() -> list[str]:
    """List the shop's distance from universal time on each day, a month past the end included."""
    zone = ZoneInfo("Europe/Berlin")
    noon = pd.date_range(FIRST_DAY, periods=DAYS + 31, tz=zone) + pd.Timedelta(hours=12)
    return [day.strftime(" %z") for day in noon]


DAY_WORDS = pa.array([(FIRST_DAY + timedelta(days=number)).isoformat() for number in range(DAYS + 31)])
SECOND_WORDS = pa.array([f" {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY)])
OFFSET_WORDS = pa.array(offsets())


def times(seconds: np.ndarray, *, where: np.ndarray | None = None, offset: bool = False) -> pa.Array:
    """Write seconds since the start of FIRST_DAY as local time, with the distance from universal time on demand.

    Examples
    --------
    >>> times(np.array([36000]), offset=True).to_pylist()
    ['2024-07-01 10:00:00 +0200']
    """
    days = seconds // DAY
    parts = [picked(DAY_WORDS, days, where=where), picked(SECOND_WORDS, seconds % DAY)]
    return pc.binary_join_element_wise(*parts, *([picked(OFFSET_WORDS, days)] if offset else []), "")
