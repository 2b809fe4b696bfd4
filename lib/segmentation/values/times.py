"""Dates and times as shops' exports write them: which comes first, names of months, serial numbers, zones."""

import re
from collections.abc import Collection
from typing import Literal

import ibis
import ibis.expr.types as ir

from segmentation.values.shapes import Shape, Steps, rewrite, rewritten

DateOrder = Literal["ymd", "dmy", "mdy"]

MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
MONTH = rf"(?:{'|'.join(re.findall('...', MONTHS))})[a-z]*"
WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? *)?"
ZONE = r"(?: ?(?:Z|[A-Z]{3,5}))?(?: ?[-+]\d{1,2}(?::?\d{2})?)?(?: ?\([\w ]+\))?"
# Hours, minutes and seconds, and the a or p of am and pm.
CLOCK = r"(\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?(?: ?([AaPp])\.?[Mm]\.?)?(?: Uhr)?"
TIME = rf"(?:(?:,? at |[ T:,]+){CLOCK}{ZONE})?"

# East Asian words for the parts of a date, and for the halves of a day, which stand before the hour.
EAST_ASIAN = "年月日号時时点點分秒上下午前後后오전후"
FROM_EAST_ASIAN: Steps = (
    ("[年月]", "-"),
    ("[日号]", " "),
    ("[時时点點分]", ":"),
    ("秒", ""),
    (r"(?:上午|午前|오전) *([\d:]+)", r"\1 AM"),
    (r"(?:下午|午後|午后|오후) *([\d:]+)", r"\1 PM"),
    (r"(\d):( [AP]M)?$", r"\1\2"),
    (" +", " "),
    (" $", ""),
)

# Each way to write a date: its pattern, and how its parts stand in the plain form; @ is a month's name.
YEAR_FIRST, DAY_OR_MONTH_FIRST = "year first", "day or month first"
NAMED = ("day, month's name", "month's name, day", "year, month's name")
COMPACT, SERIAL, UNIX = "digits alone", "Excel serial", "since 1970"
PATTERNS: dict[str, tuple[str, str]] = {
    YEAR_FIRST: (rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){TIME}$", r"\1-\2-\3 \4\5"),
    DAY_OR_MONTH_FIRST: (rf"^(\d{{1,2}})[-/.] ?(\d{{1,2}})[-/.] ?(\d{{4}}|\d{{2}}){TIME}$", ""),
    NAMED[0]: (
        rf"(?i)^{WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th)?[-/ .]+(?:of )?{MONTH}[-/ ,.]+(\d{{4}}|\d{{2}}){TIME}$",
        r"\2-@-\1 \3\4",
    ),
    NAMED[1]: (
        rf"(?i)^{WEEKDAY}{MONTH}[-/ .]+(\d{{1,2}})(?:st|nd|rd|th)?[-/ ,.]+(\d{{4}}|\d{{2}}){TIME}$",
        r"\2-@-\1 \3\4",
    ),
    NAMED[2]: (rf"(?i)^(\d{{4}})[-/ .]+{MONTH}[-/ .]+(\d{{1,2}}){TIME}$", r"\1-@-\2 \3\4"),
    COMPACT: (
        r"^(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?(?:\.\d+)?Z?)?$",
        r"\1-\2-\3 \4:\5:\6",
    ),
}
REARRANGED: dict[DateOrder, str] = {"ymd": r"\1-\2-\3 \4\5", "dmy": r"\3-\2-\1 \4\5", "mdy": r"\3-\1-\2 \4\5"}
FULL_YEARS: Steps = ((r"^([0-6]\d)-", r"20\1-"), (r"^([7-9]\d)-", r"19\1-"))
READ = r"^(\d{4}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{2}(?::\d{2})?)?)[ :]*[AaPp]?$"

# Excel counts days from the end of 1899; other programs count seconds, or parts of them, from the start of 1970.
SERIAL_PATTERN, SERIALS = r"^\d{5}(?:\.\d+)?$", (32_874, 73_050)  # from 1990 to 2099
SERIAL_OF_1970 = 25_569
UNIX_PARTS = {10: 1, 13: 1_000, 16: 1_000_000}  # digits, parts of a second
UNIX_PATTERN = r"^(?:\d{10}|\d{13}|\d{16})(?:\.\d+)?$"

# What programs write for no date: the zeros of MySQL, Excel, .NET and of day-first systems.
NO_DATE = r"^0+(?:\.0+)?$|^0+[-/.]0+[-/.]0+|^0001-01-01|^1899-12-3[01]|^1900-01-00"
FIRST_DAY, LAST_DAY = "1900-01-02", "2199-12-31 ~"  # as text; outside, no shop sold anything
HEAD = 6  # characters of a date that hold the first two of its parts, or the days of a serial number


def pattern_of(shape: Shape) -> str:
    """Name the way in which the dates of a shape are written, empty when they are none.

    Examples
    --------
    >>> [pattern_of(Shape(text)) for text in ("99/99/9999", "99 May 9999", "soon")]
    ['day or month first', "day, month's name", '']
    """
    text = rewrite(shape.text, FROM_EAST_ASIAN)
    if text != shape.text:
        return YEAR_FIRST if re.search(PATTERNS[YEAR_FIRST][0], text) else ""
    if re.search(SERIAL_PATTERN, text):
        return SERIAL if SERIALS[0] <= int(shape.detail[:5]) < SERIALS[1] else ""
    if re.search(UNIX_PATTERN, text):
        return UNIX
    return next((name for name, (pattern, _) in PATTERNS.items() if re.search(pattern, text)), "")


def first_two(shape: Shape) -> tuple[int, int]:
    """Read the two numbers with which a date begins that has its year last.

    Examples
    --------
    >>> first_two(Shape("9.99.9999", "3.12.2"))
    (3, 12)
    """
    first, second = re.findall(r"\d+", shape.detail)[:2]
    return int(first), int(second)


def needs(shape: Shape, pattern: str) -> set[str]:
    """List what else a date needs than to be rearranged: two-digit years, halves of the day, East Asian words.

    Examples
    --------
    >>> sorted(needs(Shape("99/99/99 9:99 PM"), DAY_OR_MONTH_FIRST))
    ['am and pm', 'two-digit years']
    """
    if pattern not in PATTERNS:
        return set()
    text = rewrite(shape.text, FROM_EAST_ASIAN)
    rearranged = rewrite(text, [(PATTERNS[pattern][0], PATTERNS[pattern][1] or REARRANGED["dmy"])])
    tests = {
        "two-digit years": rearranged.startswith("99-"),
        "am and pm": rearranged[-1] in "AaPp",
        "East Asian words": text != shape.text,
    }
    return {need for need, is_so in tests.items() if is_so}


def plain_time(value: ir.StringColumn, patterns: Collection[str], date_order: DateOrder) -> ir.StringColumn:
    """Express dates and times as 2025-12-31 18:00:00, as written, zone and fractions left out; others stay.

    Parameters
    ----------
    value : with ASCII digits and spaces; see `values.shapes.ASCII`
    patterns : ways to write a date that occur, and what they need; see `PATTERNS` and `needs`
    date_order : what comes first where the year does not
    """
    if UNIX in patterns:
        return ibis.coalesce(since_1970(value).strftime("%Y-%m-%d %H:%M:%S"), value)
    times = [text_time(value, patterns, date_order)] if set(patterns) & set(PATTERNS) else []
    times += [serial_time(value)] if SERIAL in patterns else []
    return ibis.coalesce(*(time.cast("string") for time in times), value)


def text_time(value: ir.StringColumn, patterns: Collection[str], date_order: DateOrder) -> ir.TimestampColumn:
    """Express dates that are written in words and figures; null for anything else."""
    text = rewritten(value, FROM_EAST_ASIAN) if "East Asian words" in patterns else value
    for name, (pattern, replacement) in PATTERNS.items():
        if name in patterns:
            text = text.re_replace(pattern, replacement or REARRANGED[date_order])
    if set(patterns) & set(NAMED):
        text = text.replace("@", month_number(value))
    if "two-digit years" in patterns:
        text = rewritten(text, FULL_YEARS)
    time = text.re_extract(READ, 1).try_cast("timestamp(6)")
    return by_half(time, text) if "am and pm" in patterns else time


def month_number(value: ir.StringColumn) -> ir.StringColumn:
    """Express the number of the month that a text names."""
    name = value.lower().re_extract(MONTH, 0).left(3)
    return (ibis.literal(MONTHS).find(name) // 3 + 1).cast("string")


def by_half(time: ir.TimestampColumn, text: ir.StringColumn) -> ir.TimestampColumn:
    """Express a time with its hour of 24, from that of 12 and the letter behind it."""
    half, hour = text.right(1).lower(), text.re_extract(r" (\d+):", 1).try_cast("int64")
    later = ibis.cases(((half == "p") & (hour < 12), 12), ((half == "a") & (hour == 12), -12), else_=0)
    return time + later.as_interval("h")


def serial_time(value: ir.StringColumn) -> ir.TimestampColumn:
    """Express days as Excel counts them, to the second; null for anything else."""
    days = ibis.ifelse(value.re_search(SERIAL_PATTERN), value, ibis.null("string")).try_cast("float64")
    days = ibis.ifelse((days >= SERIALS[0]) & (days < SERIALS[1]), days, ibis.null("float64"))
    return after_1970(((days - SERIAL_OF_1970) * 86_400).round().cast("int64"))


def since_1970(value: ir.StringColumn) -> ir.TimestampColumn:
    """Express seconds, or thousandths or millionths of them, since 1970; null for anything else."""
    whole = value.re_extract(UNIX_PATTERN.replace("?:", "", 1), 1)
    parts = ibis.cases(*((whole.length() == digits, parts) for digits, parts in UNIX_PARTS.items()))
    return after_1970(whole.try_cast("int64") // parts)


def after_1970(seconds: ir.IntegerColumn) -> ir.TimestampColumn:
    """Express seconds since 1970 as a time, whatever the engine's own zone."""
    return ibis.timestamp("1970-01-01 00:00:00") + seconds.as_interval("s")


def zone_in(shape: str) -> str:
    """Give the zone that a text ends in, empty when there is none.

    Examples
    --------
    >>> zone_in("9999-99-99T99:99:99.999Z"), zone_in("99.99.9999 99:99")
    ('Z', '')
    """
    found = re.search(f"{CLOCK}({ZONE})$", shape)
    return found.group(3) if found else ""


def plain_zone(value: ir.StringColumn) -> ir.StringColumn:
    """Express the zone that a time ends in, empty when there is none; see `zone_in`."""
    return value.re_extract(f"{CLOCK}({ZONE})$", 3)


def zone_name(zone: str) -> str:
    """Name a zone by what it is ahead of UTC where that is told.

    Examples
    --------
    >>> [zone_name(zone) for zone in ("Z", " +0000", " GMT+0200 (CEST)", "-05", " UTC+8", " CET", "")]
    ['UTC', 'UTC', 'UTC+02:00', 'UTC-05:00', 'UTC+08:00', 'CET', '']
    """
    if found := re.search(r"([-+])(\d{2}|\d)(?::?(\d{2}))?(?!\d)", zone):
        sign, hours, minutes = found.groups()
        return "UTC" if int(hours + (minutes or "")) == 0 else f"UTC{sign}{int(hours):02}:{minutes or '00'}"
    name = zone.strip()
    return "UTC" if name in ("Z", "UTC", "GMT") else name


def is_plain_time(value: ir.StringColumn) -> ir.BooleanColumn:
    """Express whether a text looks like a time in the plain form, or a day; it may still be the 30th of February."""
    looks = value.like("____-__-__ __:__:__") | value.like("____-__-__")
    return looks & (value >= FIRST_DAY) & (value < LAST_DAY)


def read_time(value: ir.StringColumn) -> ir.TimestampColumn:
    """Express plain text as a time; null where it is none."""
    return ibis.ifelse(is_plain_time(value), value, ibis.null("string")).try_cast("timestamp(6)")
