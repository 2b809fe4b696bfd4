"""What values look like: the few shapes that a column's values have, however many rows it holds."""

import re
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

LONGEST = 80  # characters of a shape; no date or number is longer
MOST = 5_000  # shapes; a column of numbers has some hundred, one of free text may have as many as rows

# Spaces that trimming must know: ASCII's, no-break, thin, ideographic, and those without width.
SPACES = "\\s\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff"
NO_WIDTH = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
EDGES = f"^[{SPACES}]+|[{SPACES}]+$"

# Characters that mean what an ASCII one means: full width, typographic minus and apostrophe, odd spaces.
FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in (*range(0x30, 0x3B), *b"()+,-./")}
MINUS = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63", "-")
APOSTROPHES = dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'")
BLANKS = dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
SIGNS = {"￥": "¥", "￡": "£", "＄": "$"}
ASCII = FULL_WIDTH | SIGNS | MINUS | APOSTROPHES | BLANKS
MEANT = "".join(ASCII) + NO_WIDTH  # the last ones mean nothing

Steps = Sequence[tuple[str, str]]  # patterns and their replacements


class Shape(NamedTuple):
    """Values that look alike.

    Attributes
    ----------
    text : the values in ASCII, with every digit as 9
    detail : what else tells them apart
    characters : those of `MEANT` that stand in them, for which `text` has ASCII ones
    is_empty : whether they mean that there is no value
    count : how many there are
    """

    text: str
    detail: str = ""
    characters: str = ""
    is_empty: bool = False
    count: int = 1


def distinct_values(raw: ir.Table, header: str) -> ir.Table:
    """Express a column's values, each once: `value`, and in how many rows it stands, `count`; nulls are left out."""
    values = raw.select(value=raw[header]).drop_null()
    return values.group_by("value").aggregate(count=values.count())


def shapes(distinct: ir.Table, *, detail: ir.StringColumn, is_empty: ir.BooleanColumn, most: int = MOST) -> list[Shape]:
    """List the shapes of a column's values, the most frequent first.

    All else is decided from these: one query a column, and its answer is small.

    Parameters
    ----------
    distinct : see `distinct_values`
    detail : what else is to be told apart within a shape
    is_empty : whether a value means that there is none
    most : how many to list at most; rarer ones are not decided from

    Returns
    -------
    list of Shape
    """
    keys = {
        "text": ascii_text(distinct.value).left(LONGEST).translate("012345678", "999999999"),
        "detail": detail,
        "characters": distinct.value.re_replace(f"[^{MEANT}]", ""),
        "is_empty": is_empty,
    }
    table = distinct.select(**keys, count=distinct["count"])
    counted = table.group_by(list(keys)).aggregate(count=table["count"].sum().cast("int64"))
    ordered = counted.order_by(ibis.desc("count"), *keys).limit(most)
    return [Shape(**row) for row in ordered.to_pyarrow().to_pylist()]


def ascii_text(value: ir.StringColumn) -> ir.StringColumn:
    """Express text with ASCII digits, signs and spaces, trimmed, so that one pattern reads it."""
    translated = value.translate(MEANT, "".join(ASCII.values()))
    return ibis.ifelse(value.re_search(f"[{MEANT}]"), translated, value).strip()


def with_ascii(value: ir.StringColumn, characters: str) -> ir.StringColumn:
    """Express the same as `ascii_text`, where it is known which characters occur: that is much quicker."""
    return reduce(lambda value, one: value.replace(one, ASCII.get(one, "")), characters, value).strip()


def rewrite(text: str, steps: Steps) -> str:
    """Apply patterns and their replacements to one text, one after the other.

    Examples
    --------
    >>> rewrite("5 EUR", [(" EUR$", ""), ("^", "-")])
    '-5'
    """
    return reduce(lambda text, step: re.sub(*step, text), steps, text)


def rewritten(value: ir.StringColumn, steps: Steps) -> ir.StringColumn:
    """Express a column after patterns and their replacements; see `rewrite`."""
    return reduce(lambda value, step: value.re_replace(*step), steps, value)
