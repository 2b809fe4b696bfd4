"""What a text can be read as: ids, numbers, dates and flags, decided from whole columns."""

from collections.abc import Collection, Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.problems import DataProblem, some
from segmentation.tables import IBIS_TYPES, Column, Kind
from segmentation.values.decisions import first_look, require_whole_ids, told_numbers, told_times, told_words
from segmentation.values.ids import is_masked, is_shortened
from segmentation.values.numbers import finite
from segmentation.values.times import (
    COMPACT,
    DAY_OR_MONTH_FIRST,
    NAMED,
    SERIAL,
    UNIX,
    YEAR_FIRST,
    DateOrder,
    read_time,
)
from segmentation.values.writing import NOT_PLAIN, NOTHINGS, NUMBERS, TIMES, Writing, flag, plain

__all__ = [
    "DateOrder",
    "Writing",
    "describe_writings",
    "is_masked",
    "is_shortened",
    "plain_text",
    "told_writings",
    "typed",
]

READ_AS: dict[Kind, str] = {
    "id": "id, as text",
    "text": "text",
    "time": "date and time",
    "day": "date",
    "integer": "whole number",
    "number": "number",
    "money": "amount",
    "flag": "yes or no",
}
EXAMPLES = {
    YEAR_FIRST: "year first: 2025-12-31",
    NAMED[0]: "month's name: 31 Dec 2025",
    NAMED[1]: "month's name: Dec 31, 2025",
    NAMED[2]: "month's name: 2025 Dec 31",
    COMPACT: "digits alone: 20251231",
    SERIAL: "Excel's days: 46022",
    UNIX: "seconds since 1970: 1767139200",
}
FIRST_TOLD = {
    "dmy": "day first: 31/12/2025",
    "mdy": "month first: 12/31/2025",
    "ymd": "two-digit year first: 25-12-31",
}


def told_writings(
    raw: ir.Table,
    kinds: Mapping[str, Kind],
    *,
    name: str,
    date_order: str,
    decimal: str = "",
    empty: Sequence[str] = (),
    keys: Collection[str] = (),
) -> dict[str, Writing]:
    """Decide how each column is written, from the whole column, never row by row.

    One query looks at all columns; one or two more at each that is not plain.

    Parameters
    ----------
    raw : one row a source row, all text
    kinds : what each source column is to be read as
    name : what messages call the file
    date_order : "ymd", "dmy", "mdy", or "" to decide from the columns
    decimal : "point", "comma", or "" to decide from the columns; a column that tells decides for itself
    empty : words of the format that mean nothing, such as "-"
    keys : source columns that tell orders or customers apart

    Returns
    -------
    Writing by source column

    Raises
    ------
    DataProblem
        Every day could also be a month, the rows contradict each other, or Excel has shortened the ids.
    """
    require_word("date_order", date_order, ("ymd", "dmy", "mdy"))
    require_word("decimal", decimal, ("point", "comma"))
    writings = first_look(raw, kinds, empty=tuple(empty))
    writings |= told_words(raw, of_kinds(writings, ("id", "text", "flag")))
    require_whole_ids({header: writings[header] for header in keys if header in writings}, name=name)
    writings |= told_times(raw, of_kinds(writings, TIMES), name=name, given=date_order)
    return writings | told_numbers(raw, of_kinds(writings, NUMBERS), name=name, given=decimal)


def require_word(parameter: str, given: str, words: Sequence[str]) -> None:
    """Require that a parameter is one of its words, or empty."""
    if given not in ("", *words):
        raise DataProblem(f"`{parameter}` must be {', '.join(words)} or empty; got {some([given])}.")


def of_kinds(writings: Mapping[str, Writing], kinds: Collection[Kind]) -> dict[str, Writing]:
    """Choose the columns that are read as one of some kinds."""
    return {header: writing for header, writing in writings.items() if writing.kind in kinds}


def plain_text(raw: ir.Table, writings: Mapping[str, Writing]) -> ir.Table:
    """Express every column in the one plain form of its kind, still as text; what can't be read stays as it is.

    Parameters
    ----------
    raw : one row a source row, all text, with `__row`
    writings : see `told_writings`

    Returns
    -------
    The same rows and columns: ids and words trimmed, numbers as 1234.5, times in ISO 8601, null where nothing stands;
    a column that is plain already costs nothing
    """
    changed = {header: plain(raw[header], writing) for header, writing in writings.items() if writing.ways}
    return raw.mutate(**changed) if changed else raw


def typed(value: ir.StringColumn, column: Column) -> ir.Column:
    """Express plain text as a canonical column's type; null where the text can't be read so."""
    if column.name == "customer_id":
        return ibis.ifelse(value.contains("@"), value.lower(), value)
    if column.kind in ("id", "text"):
        return value
    if column.kind in TIMES:
        return read_time(value).cast(IBIS_TYPES[column.kind])
    if column.kind == "flag":
        return flag(value)
    if column.kind == "integer":
        number = finite(value)
        whole = number.try_cast("int64")
        return ibis.ifelse(number == whole, whole, ibis.null("int64"))
    return finite(value)


def describe_writings(writings: Mapping[str, Writing], *, unreadable: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Set out how each source column was read; nothing of the columns' own values is shown.

    Parameters
    ----------
    writings : see `told_writings`
    unreadable : values by source column that can't be read, where they were counted

    Returns
    -------
    DataFrame, one row a source column: column, read as, written as, values, empty, and unreadable where given
    """
    rows = [
        {
            "column": header,
            "read as": READ_AS[writing.kind],
            "written as": written_as(writing),
            "values": writing.values,
            "empty": writing.empty,
        }
        for header, writing in writings.items()
    ]
    table = pd.DataFrame(rows, columns=["column", "read as", "written as", "values", "empty"])
    return table if unreadable is None else table.assign(unreadable=[unreadable.get(one, 0) for one in writings])


def written_as(writing: Writing) -> str:
    """Word how a column is written, with examples that are not the file's.

    Examples
    --------
    >>> written_as(Writing("time", date_order="dmy", ways=frozenset({DAY_OR_MONTH_FIRST}), zone="UTC"))
    'day first: 31/12/2025; zone UTC'
    >>> written_as(Writing("money"))
    'plain'
    """
    ways = writing.ways - {NOT_PLAIN, NOTHINGS, DAY_OR_MONTH_FIRST, "decimal comma", "currency signs"}
    told = sorted(EXAMPLES.get(way, way) for way in ways)
    if writing.currencies:
        told.insert(0, f"with currency signs: {', '.join(writing.currencies)}")
    if DAY_OR_MONTH_FIRST in writing.ways:
        told.insert(0, FIRST_TOLD[writing.date_order])
    if "decimal comma" in writing.ways:
        told.insert(0, "decimal comma: 1.234,56")
    told += [f"zone {writing.zone}"] if writing.zone else []
    told += [f"{writing.shortened:,} shortened by Excel: 1.23E+11"] if writing.shortened else []
    return "; ".join(told) or "plain"
