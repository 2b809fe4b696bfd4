"""What a text can be read as: ids, numbers, dates and flags, decided from whole columns."""

from typing import Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.problems import DataProblem, some
from segmentation.tables import IBIS_TYPES, Column

DateOrder = Literal["ymd", "dmy", "mdy"]
ZONE = r"(?: ?(?:Z|UTC|[-+]\d{2}(?::?\d{2})?))?"
YEAR_FIRST = rf"^(\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}(?:[ T]\d{{1,2}}:\d{{2}}(?::\d{{2}})?)?)(?:\.\d+)?{ZONE}$"
DAY_OR_MONTH_FIRST = (  # two parts, year; hour, minutes and seconds; a or p of am and pm
    r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})"
    rf"(?:,?[ T](\d{{1,2}})(:\d{{2}}(?::\d{{2}})?)(?:\.\d+)?(?: ?([AaPp])\.?[Mm]\.?)?{ZONE})?$"
)


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


def typed(value: ir.StringColumn, column: Column, date_order: DateOrder) -> ir.Column:
    """Express text as a canonical column's type; null where the text can't be read so."""
    if column.name == "customer_id":
        return ibis.ifelse(value.contains("@"), value.lower(), value.re_replace(r"\.0$", ""))
    if column.kind == "id":
        return value.re_replace(r"\.0$", "")
    if column.kind == "text":
        return value
    if column.kind in ("time", "day"):
        return time(value, date_order).cast(IBIS_TYPES[column.kind])
    if column.kind == "flag":
        true, false = ("true", "yes", "1"), ("false", "no", "0")
        return value.lower().cases(*((word, True) for word in true), *((word, False) for word in false))
    number = value.try_cast("float64")
    if column.kind == "integer":
        whole = number.try_cast("int64")
        return ibis.ifelse(number == whole, whole, ibis.null("int64"))
    return ibis.ifelse(number.isinf() | number.isnan(), ibis.null("float64"), number)


def column_date_order(raw: ir.Table, header: str, name: str, given: str) -> DateOrder | None:
    """Decide the order of one column's dates, none when it holds no date; see `recognise.told_date_order`."""
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
