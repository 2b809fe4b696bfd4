"""The list of runs: which to show, in which order, with which columns, and how a value is written."""

import difflib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from segmentation.problems import DataProblem, shorten, some
from segmentation.recording.record import HEADLINES, Record

if TYPE_CHECKING:
    import pandas as pd

OF_THE_RUN = ("name", "started", "ended", "seconds", "status", "verdict", "steps")
COLUMNS = ("name", "started", "seconds", "status", "verdict", *HEADLINES)
MISSING = "–"


def select(records: Sequence[Record], *, name: str, every: bool) -> list[Record]:
    """Choose the runs to list.

    Parameters
    ----------
    records : the oldest first
    name : of the runs wanted; all when empty
    every : whether earlier runs of a name are wanted, too

    Raises
    ------
    DataProblem
        No run has the name.
    """
    names = [record.name for record in records]
    if name and name not in names:
        raise DataProblem(
            f"There is no run {some([name])} on record. There are {some(dict.fromkeys(names), limit=20)}."
        )
    wanted = [record for record in records if not name or record.name == name]
    return wanted if every else list({record.name: record for record in wanted}.values())


def known(column: str, records: Sequence[Record]) -> str:
    """Require that a column is one of the run, a parameter or a measure of these runs.

    Raises
    ------
    DataProblem
        There is none; it lists those that there are, of the measures the main ones and those with a like name.
    """
    every = all_columns(records)
    if column in every:
        return column
    near = difflib.get_close_matches(column, every, n=3)
    guess = f" Did you mean {some(near)}?" if near else ""
    kinds = columns_by_kind(records)
    told = [name for name in kinds["Measures"] if name in HEADLINES or column.lower() in name.lower()]
    more = f" and {len(kinds['Measures']) - len(told):,} more, which --csv writes"
    listed = "\n".join(f"{kind}: {', '.join(names)}" for kind, names in (kinds | {"Measures": told}).items())
    raise DataProblem(f"There is no column {some([column])}.{guess} Those that exist:\n{listed}{more}.")


def columns_by_kind(records: Sequence[Record]) -> dict[str, list[str]]:
    """List every column that these runs have."""
    parameters = sorted({name for record in records for name in record.parameters})
    measures = list(dict.fromkeys(name for record in records for name in record.metrics))
    return {"Of the run": list(OF_THE_RUN), "Parameters": parameters, "Measures": measures}


def all_columns(records: Sequence[Record]) -> list[str]:
    """List every column of these runs, in one row."""
    return [name for names in columns_by_kind(records).values() for name in names]


def value(record: Record, column: str) -> Any:
    """Look up a run's value in a column; None when it has none."""
    if column in OF_THE_RUN:
        return getattr(record, column) or None
    return record.metrics.get(column, record.parameters.get(column))


def in_order(records: Sequence[Record], *, by: str, ascending: bool) -> list[Record]:
    """Order runs by a column: numbers before words, and last those that have no value, either way round."""
    having = [record for record in records if value(record, by) is not None]
    lacking = [record for record in records if value(record, by) is None]
    return sorted(having, key=lambda record: rank(value(record, by)), reverse=not ascending) + lacking


def rank(it: Any) -> tuple[bool, float, str]:
    """Make values of several kinds comparable."""
    return (False, it, "") if is_number(it) else (True, 0.0, it.isoformat() if isinstance(it, datetime) else cell(it))


def is_number(it: Any) -> bool:
    """Tell a number from anything else; a truth value is none."""
    return isinstance(it, int | float) and not isinstance(it, bool)


def rows(records: Sequence[Record], columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Write runs as rows of text below a header; numbers stand to the right."""
    lines = [columns, *([cell(value(record, column)) for column in columns] for record in records)]
    numeric = [any(is_number(value(record, column)) for record in records) for column in columns]
    widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
    return [
        tuple(text.rjust(width) if right else text for text, width, right in zip(line, widths, numeric, strict=True))
        for line in lines
    ]


def cell(it: Any) -> str:
    """Write one value: short, a moment in the reader's own time, a dash where there is none.

    Examples
    --------
    >>> cell(0.8602543), cell(41005.2), cell(2000), cell(None), cell(("01_ingest", "02_clean"))
    ('0.86', '41,005', '2,000', '–', '01–02')
    """
    match it:
        case None | "" | ():
            return MISSING
        case datetime():
            return f"{it.astimezone():%Y-%m-%d %H:%M}"
        case tuple():
            return f"{it[0][:2]}–{it[-1][:2]}"
        case float():
            return f"{it:,.0f}" if abs(it) >= 100 else f"{it:.3g}"
        case int() if is_number(it):
            return f"{it:,}"
        case str():
            return shorten(it)
    return shorten(json.dumps(it, ensure_ascii=False))


def table(records: Sequence[Record], columns: Sequence[str]) -> "pd.DataFrame":
    """Set runs as a table of unrounded values, one row a run."""
    import pandas as pd

    return pd.DataFrame(
        [[plain(value(record, column)) for column in columns] for record in records], columns=list(columns)
    )


def plain(it: Any) -> Any:
    """Turn a value into what a cell of a CSV file holds."""
    if isinstance(it, datetime):
        return it.isoformat(timespec="seconds")
    if isinstance(it, tuple):
        return " ".join(it)
    return json.dumps(it, ensure_ascii=False) if isinstance(it, list | dict) else it
