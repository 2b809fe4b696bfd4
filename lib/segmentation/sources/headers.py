"""Names of columns as they are read: each trimmed, each once, none of them ours."""

import itertools
import re
from collections.abc import Iterable, Sequence

from segmentation.problems import DataProblem, some

COLUMNS = 2_000  # that the engine can hold
ROW = "__row"
PROBLEM = "__problem"

AROUND = " \t\r\n\ufeff\u00a0"  # what programs leave around a header cell


def distinct_names(names: Iterable[str]) -> list[str]:
    """Name every column once: an unnamed one by its place, a name that stands there already with a number.

    Examples
    --------
    >>> distinct_names(["", "Price", "price ", "__row", '="Order"'])
    ['column0', 'Price', 'price_1', '__row_1', 'Order']
    """
    taken = {ROW: "", PROBLEM: ""}  # to the engine, letter case does not tell two names apart
    for place, name in enumerate(names):
        plain = plain_name(name) or f"column{place}"
        numbered = (f"{plain}_{number}" for number in itertools.count(1))
        free = next(name for name in itertools.chain([plain], numbered) if name.lower() not in taken)
        taken[free.lower()] = free
    return list(taken.values())[2:]


def require_few_columns(cells: Sequence[object], *, name: str) -> None:
    """Require a number of columns that a table can have.

    Raises
    ------
    DataProblem
        There are more.
    """
    if len(cells) > COLUMNS:
        raise DataProblem(f"A table must have at most {COLUMNS:,} columns; {some([name])} has {len(cells):,}.")


def plain_name(name: str) -> str:
    r"""Take off what stands around a header cell: blanks, a byte order mark, quotation marks left over, `="…"`.

    Examples
    --------
    >>> plain_name('\ufeff"Order" '), plain_name('="Order"'), plain_name('5" ribbon')
    ('Order', 'Order', '5" ribbon')
    """
    plain = name.replace("\x00", "").strip(AROUND)
    return re.sub(r'^=?"([^"]*)"$', r"\1", plain).strip(AROUND)


def quoted(name: str) -> str:
    """Quote a column's name for SQL.

    Examples
    --------
    >>> quoted('5" ribbon')
    '"5"" ribbon"'
    """
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """Quote a value for SQL.

    Examples
    --------
    >>> text_literal("buyer's name")
    "'buyer''s name'"
    """
    return "'" + value.replace("'", "''") + "'"
