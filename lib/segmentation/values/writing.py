"""How one column is written, and the plain form of its values."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from segmentation.tables import Kind
from segmentation.values.ids import looks_odd, looks_wrapped, plain_id
from segmentation.values.numbers import Decimal, finite, plain_number
from segmentation.values.shapes import Steps, with_ascii
from segmentation.values.times import NO_DATE, YEAR_FIRST, DateOrder, plain_time, read_time

NUMBERS: tuple[Kind, ...] = ("integer", "number", "money")
TIMES: tuple[Kind, ...] = ("time", "day")
NOT_PLAIN, NOTHINGS = "not plain", "words for nothing"

# What programs write where nothing stands, compared in lower case. A product may be called "None" and Namibia is "NA":
# of words, only what databases, pandas and Excel write is nothing; an id is hardly ever one of the others.
EMPTY_TEXT = ("", "nan", "null", "<na>", "#n/a", "\\n")
EMPTY_ID = (*EMPTY_TEXT, "-", "--", "n/a", "none", "nat", "undefined", "(null)", "(empty)", "(blank)")
EMPTY_MEASURE = (
    *EMPTY_ID,
    *("---", ".", "?", "n.a.", "na", "nil", "empty", "无", "暂无", "空"),
    *("#value!", "#ref!", "#div/0!", "#num!", "#name?", "#null!"),
)
TRUE = (
    *("true", "yes", "y", "1", "1.0", "t", "on", "ja", "j", "oui", "si", "sí", "sim", "是", "已订阅", "✓", "✔"),
    *("subscribed", "accepted", "agreed", "granted", "opted in", "opted_in", "opt-in", "opt_in"),
)
FALSE = (  # whoever has not confirmed yet has not agreed
    *("false", "no", "n", "0", "0.0", "f", "off", "nein", "non", "não", "nao", "否", "未订阅", "✗", "✘"),
    *("unsubscribed", "declined", "rejected", "denied", "withdrawn", "opted out", "opted_out", "opt-out", "opt_out"),
    *("not subscribed", "not_subscribed", "nonsubscribed", "never subscribed", "never_subscribed", "cleaned"),
    *("pending", "unconfirmed"),
)


@dataclass(frozen=True)
class Writing:
    """How the values of one source column are written, decided from all of them.

    Attributes
    ----------
    kind : what the column is read as
    date_order : order of year, month and day, where the year does not come first
    decimal : what stands before the cents
    ways : in words, how the values are written; none when each stands in its plain form already
    empty_words : words that mean that there is no value, besides those that do everywhere
    zone : the zones that the times are written in, empty when none is told
    characters : those that stand for ASCII ones; see `values.shapes.MEANT`
    steps : patterns and replacements that free numbers from what stands around them
    currencies : signs and codes that stand at the amounts
    values, empty : how many values there are, and how many rows without one
    shortened : ids of which Excel has left only 1.23E+11
    """

    kind: Kind
    date_order: DateOrder = "ymd"
    decimal: Decimal = "point"
    ways: frozenset[str] = frozenset()
    empty_words: tuple[str, ...] = ()
    zone: str = ""
    characters: str = ""
    steps: Steps = ()
    currencies: tuple[str, ...] = ()
    values: int = 0
    empty: int = 0
    shortened: int = 0


def plain(value: ir.StringColumn, writing: Writing) -> ir.StringColumn:
    """Express one column's values in the plain form of its kind; what does not occur in it is not looked for."""
    text = readable(value, writing)
    if writing.kind in TIMES:
        read = plain_time(text, writing.ways, writing.date_order)
    elif writing.kind in NUMBERS:
        read = plain_number(text, writing.decimal, steps=writing.steps)
    else:
        read = text
    if NOTHINGS in writing.ways:
        read = ibis.ifelse(is_empty(text, writing), ibis.null("string"), read)
    if writing.kind in TIMES and YEAR_FIRST in writing.ways:  # most are plain then, and patterns cost the engine more
        return ibis.ifelse(is_odd(value, writing), read, value)
    return read


def readable(value: ir.StringColumn, writing: Writing) -> ir.StringColumn:
    """Express a column's values without what surrounds them."""
    if writing.kind in (*NUMBERS, *TIMES):
        return with_ascii(value, writing.characters)
    return plain_id(value, writing.ways)


def is_empty(value: ir.StringColumn, writing: Writing) -> ir.BooleanColumn:
    """Express whether a value, trimmed, means that there is none."""
    words = {"id": EMPTY_ID, "text": EMPTY_TEXT}.get(writing.kind, EMPTY_MEASURE)
    empty = value.lower().isin(words)
    if writing.empty_words:
        empty |= value.isin(writing.empty_words)
    return empty | value.re_search(NO_DATE) if writing.kind in TIMES else empty


def is_odd(value: ir.StringColumn, writing: Writing) -> ir.BooleanColumn:
    """Express whether a value may not stand in the plain form of its kind; quick, for it is asked of every value."""
    if writing.kind in ("id", "text"):
        words = " ".join((*(EMPTY_ID if writing.kind == "id" else EMPTY_TEXT), *writing.empty_words)).lower()
        odd = looks_odd(value) | ibis.literal(words).contains(value.lower())  # far quicker than to compare with each
        return odd | looks_wrapped(value) if writing.kind == "id" else odd
    read = {"time": read_time, "day": read_time, "flag": flag}.get(writing.kind, finite)
    odd = read(value).isnull()
    return value.notnull() & (odd | value.isin(writing.empty_words) if writing.empty_words else odd)


def flag(value: ir.StringColumn) -> ir.BooleanColumn:
    """Express words for yes and no as true and false; null for any other."""
    word = value.lower()
    return ibis.cases((word.isin(TRUE), True), (word.isin(FALSE), False))
