"""What a text can be read as: ids, numbers, dates and flags, decided from whole columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.problems import DataProblem, some
from segmentation.tables import IBIS_TYPES, Column, Kind

DateOrder = Literal["ymd", "dmy", "mdy"]
ZONE = r"(?: ?(?:Z|UTC|[-+]\d{2}(?::?\d{2})?))?"
YEAR_FIRST = rf"^(\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}(?:[ T]\d{{1,2}}:\d{{2}}(?::\d{{2}})?)?)(?:\.\d+)?{ZONE}$"
DAY_OR_MONTH_FIRST = (  # two parts, year; hour, minutes and seconds; a or p of am and pm
    r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})"
    rf"(?:,?[ T](\d{{1,2}})(:\d{{2}}(?::\d{{2}})?)(?:\.\d+)?(?: ?([AaPp])\.?[Mm]\.?)?{ZONE})?$"
)


@dataclass(frozen=True)
class Writing:
    """How the values of one source column are written, decided from all of them.

    Attributes
    ----------
    kind : what the column is read as
    date_order : order of year, month and day, where it holds dates
    """

    kind: Kind
    date_order: DateOrder = "ymd"


def told_writings(raw: ir.Table, kinds: Mapping[str, Kind], *, name: str, date_order: str) -> dict[str, Writing]:
    """Decide how each column is written, from the whole column, never row by row.

    Parameters
    ----------
    raw : one row a source row, all text
    kinds : what each source column is to be read as
    name : what messages call the file
    date_order : "ymd", "dmy", "mdy", or "" to decide from the columns

    Returns
    -------
    Writing by source column

    Raises
    ------
    DataProblem
        Every day could also be a month, or the rows contradict each other.
    """
    if date_order not in ("", "ymd", "dmy", "mdy"):
        raise DataProblem(f"`date_order` must be ymd, dmy, mdy or empty; got {some([date_order])}.")
    dated = [header for header, kind in kinds.items() if kind in ("time", "day")]
    orders = {header: column_date_order(raw, header, name, date_order) for header in dated}
    if len(set(orders.values()) - {None}) > 1:
        told = ", ".join(f"{header} {order}" for header, order in orders.items() if order)
        raise DataProblem(f"The dates of {some([name])} must share one order; they are {told}.")
    order = next((order for order in orders.values() if order), "ymd")
    return {header: Writing(kind, order) for header, kind in kinds.items()}


def plain_text(raw: ir.Table, writings: Mapping[str, Writing]) -> ir.Table:
    """Express every column in the one plain form of its kind, still as text; what can't be read stays as it is.

    Parameters
    ----------
    raw : one row a source row, all text, with `__row`
    writings : see `told_writings`

    Returns
    -------
    The same rows and columns: ids and words trimmed, numbers as 1234.5, times in ISO 8601, null where nothing stands
    """
    return raw.mutate(**{header: plain(text(raw, header), writing) for header, writing in writings.items()})


def plain(value: ir.StringColumn, writing: Writing) -> ir.StringColumn:
    """Express one column's values in the plain form of its kind; see `plain_text`."""
    if writing.kind in ("time", "day"):
        return ibis.coalesce(time(value, writing.date_order).cast("string"), value)
    return value


def text(raw: ir.Table, header: str) -> ir.StringColumn:
    """Express a source column as trimmed text, null where nothing stands."""
    return raw[header].strip().nullif("")


def time(value: ir.StringColumn, date_order: DateOrder) -> ir.TimestampColumn:
    """Express a date and time as written, its zone left out: the shop's local time; null for anything else."""
    if date_order == "ymd":
        is_plain = value.like("____-__-__ __:__:__")  # most are, and a pattern costs the engine more
        return ibis.ifelse(is_plain, value, value.re_extract(YEAR_FIRST, 1)).try_cast("timestamp(6)")
    part = {letter: value.re_extract(DAY_OR_MONTH_FIRST, i + 1) for i, letter in enumerate(date_order)}
    year = ibis.ifelse(part["y"].length() == 2, ibis.literal("20") + part["y"], part["y"])
    day = year + "-" + part["m"].lpad(2, "0") + "-" + part["d"].lpad(2, "0")
    return (day + " " + clock(value)).try_cast("timestamp(6)")


def clock(value: ir.StringColumn) -> ir.StringColumn:
    """Express the time of day behind a date that has its year last; midnight when there is none."""
    hour, minutes, half = (value.re_extract(DAY_OR_MONTH_FIRST, i) for i in (4, 5, 6))
    number = hour.try_cast("int64")
    number = ibis.ifelse(half == "", number, number % 12 + ibis.ifelse(half.lower() == "p", 12, 0))
    return ibis.coalesce(number.cast("string").lpad(2, "0") + minutes, "00:00")


def typed(value: ir.StringColumn, column: Column) -> ir.Column:
    """Express plain text as a canonical column's type; null where the text can't be read so."""
    if column.name == "customer_id":
        return ibis.ifelse(value.contains("@"), value.lower(), value.re_replace(r"\.0$", ""))
    if column.kind == "id":
        return value.re_replace(r"\.0$", "")
    if column.kind == "text":
        return value
    if column.kind in ("time", "day"):
        return value.try_cast("timestamp(6)").cast(IBIS_TYPES[column.kind])
    if column.kind == "flag":
        true, false = ("true", "yes", "1"), ("false", "no", "0")
        return value.lower().cases(*((word, True) for word in true), *((word, False) for word in false))
    number = value.try_cast("float64")
    if column.kind == "integer":
        whole = number.try_cast("int64")
        return ibis.ifelse(number == whole, whole, ibis.null("int64"))
    return ibis.ifelse(number.isinf() | number.isnan(), ibis.null("float64"), number)


def column_date_order(raw: ir.Table, header: str, name: str, given: str) -> DateOrder | None:
    """Decide the order of one column's dates, none when it holds no date; see `told_writings`."""
    value = text(raw, header)
    first, second = (value.re_extract(DAY_OR_MONTH_FIRST, i).try_cast("int64") for i in (1, 2))
    other = value.notnull() & time(value, "ymd").isnull()
    seen = raw.aggregate(dates=value.count(), other=other.sum(), first=first.max(), second=second.max()).execute()
    dates, others, first, second = seen.iloc[0]
    if not dates:
        return None
    if not others or pd.isna(first):  # what is no date at all is told by `require_readable`
        return "ymd"
    if given:
        return given
    if (first > 12) != (second > 12):
        return "dmy" if first > 12 else "mdy"
    why = "some have the day first, others the month" if first > 12 else "each could have the day or the month first"
    examples = raw.select(value=value).filter(other).limit(3).execute()["value"]
    raise DataProblem(
        f"Can't tell the dates of column {some([header])} in {some([name])}: {why}, as {some(examples)}. "
        "Which is it? Set `date_order` to dmy or mdy."
    )
