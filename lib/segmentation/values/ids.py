"""Ids and words as exports write them: kept as text, freed from what spreadsheets put around them."""

import operator
from collections.abc import Collection
from functools import reduce

import ibis.expr.types as ir

from segmentation.values.shapes import EDGES, NO_WIDTH, SPACES

FORMULA = rf'^="[{SPACES}]*(.*?)[{SPACES}]*"$|^=(-?[\d.]+)$'  # how Excel is made to keep an id as text
APOSTROPHE = r"^'(.*?)'?$"  # likewise
FLOAT = r"^(-?\d+)\.0+$"  # a whole number that went through a column of floats
SHORTENED = r"^\d(?:[.,]\d+)?[eE]\+\d{2,3}$"
MASKED = r"\*{2}|＊{2}|•{2}|●{2}|##|(?i:x{4})"

FREQUENT_SPACES = "\u00a0\u3000\u200b\u200e\u202a\ufeff"  # no-break, ideographic, unseen, byte order mark
SPACED, ODDLY_SPACED = "spaces around", "spaces beyond ASCII around"
UNSEEN, FORMULAS, APOSTROPHES, FLOATS = "unseen characters", 'as ="1234"', "as '1234", "as 1234.0"
ID_WAYS = (SPACED, ODDLY_SPACED, UNSEEN, FORMULAS, APOSTROPHES, FLOATS)
TEXT_WAYS = (SPACED, ODDLY_SPACED)


def is_shortened(value: ir.StringColumn) -> ir.BooleanColumn:
    """Express whether Excel has shortened an id to 1.23457E+11, so that different ones look the same."""
    return value.re_search(SHORTENED)


def is_masked(value: ir.StringColumn) -> ir.BooleanColumn:
    """Express whether part of a value is hidden, so that two people can share it: it is no key.

    Platforms write two or more asterisks or dots (`186******05`, `t**1`, `***@x.com`), number signs around what they
    have encrypted (`##…##`), or four or more times x (`138xxxx5678`). A single asterisk can stand in a real id.
    """
    return value.re_search(MASKED)


def looks_odd(value: ir.StringColumn) -> ir.BooleanColumn:
    """Express whether a text may have spaces around it; quick, and rather too often true than too rarely."""
    return reduce(operator.or_, (value.contains(space) for space in FREQUENT_SPACES), value != value.strip())


def looks_wrapped(value: ir.StringColumn) -> ir.BooleanColumn:
    """Express whether an id may be written otherwise than plainly; as quick."""
    starts = value.startswith("=") | value.startswith("'")
    return starts | value.endswith(".0") | value.endswith(".00") | value.contains("E+") | value.contains("e+")


def unwrapped(value: ir.StringColumn) -> ir.StringColumn:
    """Express ids without anything that spreadsheets put around them, but for the .0 of a float."""
    return plain_id(value, set(ID_WAYS) - {FLOATS})


def way_tests(value: ir.StringColumn) -> dict[str, ir.BooleanColumn]:
    """Express, for each id or text, what decides how a column of them is written."""
    bare, seen = unwrapped(value), value.translate(NO_WIDTH, "")
    return {
        SPACED: value != value.strip(),
        ODDLY_SPACED: value.re_replace(EDGES, "") != value.strip(),
        UNSEEN: value != seen,
        FORMULAS: seen.re_search(rf"^[{SPACES}]*="),
        APOSTROPHES: seen.re_search(rf"^[{SPACES}]*'"),
        FLOATS: bare.re_search(FLOAT),
        "decimals": bare.re_search(r"^-?\d+\.\d+$"),
        "shortened": is_shortened(bare),
    }


def plain_id(value: ir.StringColumn, ways: Collection[str]) -> ir.StringColumn:
    """Express ids, or words, as they were before spreadsheets and data frames; see `way_tests`."""
    if UNSEEN in ways:
        value = value.translate(NO_WIDTH, "")
    if SPACED in ways:
        value = value.strip()
    if ODDLY_SPACED in ways:
        value = value.re_replace(EDGES, "")
    if FORMULAS in ways:
        value = value.re_replace(FORMULA, r"\1\2")
    if APOSTROPHES in ways:
        value = value.re_replace(APOSTROPHE, r"\1")
    return value.re_replace(FLOAT, r"\1") if FLOATS in ways else value
