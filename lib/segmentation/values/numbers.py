"""Numbers as shops' exports write them: currency signs, separators, brackets, decimal commas."""

import re
from collections.abc import Sequence
from typing import Literal

import ibis
import ibis.expr.types as ir

from segmentation.values.shapes import Shape, Steps, rewrite, rewritten

Decimal = Literal["point", "comma"]

# ISO 4217, and what stands for a currency in everyday writing.
CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR "
    "RMB RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS "
    "UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
)
SIGNS = "$£€¥₹₽₩₺₴₫฿₪₱₦₡₲₵₸₼₾"
WORDS = "kr zł zl Kč Ft lei лв руб р 元 円 圓 块 원 Rs R Fr SFr TL Rp RM"
CURRENCY = rf"(?:[A-Z]{{0,3}}[{SIGNS}]|(?i:{'|'.join((CODES + ' ' + WORDS).split())})\.?)"
MOST = 1e12  # beyond it is no shop's amount, and sums of cents would lose some


def without_currency(currency: str) -> str:
    """Give the pattern of a currency before a number or behind, inside of a minus and brackets."""
    return rf"^([-+(]?) *(?:{currency}) *| *(?:{currency}) *([-)]?)$"


# To a bare number with its own separators and at most a minus in front; a second minus makes it unreadable.
TO_BARE: Steps = (
    (without_currency(CURRENCY), r"\1\2"),
    (r"^(.*\d)[.,]-{1,2}$", r"\1"),  # 5,- is five and no cents
    (r"^\( *(.*?) *\)$|^(.*[\d.,]) *-$|^- +(.*)$", r"-\1\2\3"),
    (r"^\+ *", ""),
)
EXPONENT = r"(?:[eE][-+]?\d+)?"


def reads(decimal: Decimal) -> str:
    """Give the pattern of a bare number with a decimal point or comma: groups of three, or India's of two.

    Examples
    --------
    >>> [bool(re.search(reads("point"), bare)) for bare in ("1,234.50", "1'234", "12,34,567", "12,5", "0,500")]
    [True, True, True, False, False]
    >>> [bool(re.search(reads("comma"), bare)) for bare in ("1.234,50", "1 234", "12,5", "12.5", "0.500")]
    [True, True, True, False, False]
    """
    group, mark = (",", r"\.") if decimal == "point" else (r"\.", ",")
    threes = "|".join(rf"[1-9]\d{{0,2}}(?:{separator}\d{{3}})+" for separator in (group, " ", "'"))
    indian = rf"[1-9]\d?(?:{group}\d{{2}})+{group}\d{{3}}"
    return rf"^-?(?:(?:\d+|{threes}|{indian})(?:{mark}\d*)?|{mark}\d+){EXPONENT}$"


def told_decimals(seen: Sequence[Shape]) -> dict[Decimal, int]:
    """Count the values that can be read with a decimal point alone, and with a decimal comma alone.

    Parameters
    ----------
    seen : shapes of a column; `detail` says whether a value begins with a zero before a separator
    """
    counts: dict[Decimal, int] = {"point": 0, "comma": 0}
    for shape in seen:
        point, comma = (re.search(reads(decimal), bare_shape(shape)) for decimal in ("point", "comma"))
        if bool(point) != bool(comma):
            counts["point" if point else "comma"] += shape.count
    return counts


def bare_shape(shape: Shape) -> str:
    """Write a shape as a bare number, its first digit 0 where the values' is; see `TO_BARE`."""
    return rewrite(shape.text, (*TO_BARE, *([("9", "0")] if shape.detail == "0" else [])))


def leading_zero(value: ir.StringColumn) -> ir.StringColumn:
    """Express "0" where a number begins with a zero before a separator, so that what follows is no group of three."""
    return ibis.ifelse(value.re_search(r"^\D*0[.,]"), "0", "")


def currencies(seen: Sequence[Shape]) -> list[str]:
    """List the currency signs and codes that stand at numbers, sorted.

    Examples
    --------
    >>> currencies([Shape("EUR 9.99", count=3), Shape("$9"), Shape("for free", "")])
    ['$', 'EUR']
    """
    numbers = [shape for shape in seen if re.search("^-?[0-9.,' ]+$", bare_shape(shape))]
    found = {sign.rstrip(".").strip() for shape in numbers for sign in re.findall(CURRENCY, shape.text)}
    return sorted(found)


def number_ways(shape: Shape, decimal: Decimal) -> set[str]:
    """Word how the numbers of a shape are written, beyond digits and their decimal point.

    Examples
    --------
    >>> sorted(number_ways(Shape("(€9.999,99)"), "comma"))
    ['below zero in brackets', 'currency signs', 'decimal comma', 'thousands separated']
    """
    bare = bare_shape(shape)
    if not re.search(reads(decimal), bare):
        return set()
    tests = {
        "currency signs": re.search(CURRENCY, shape.text),
        "below zero in brackets": "(" in shape.text,
        "minus behind": re.search(r"\d *-", shape.text) and bare.startswith("-"),
        "thousands separated": re.search("[, ']" if decimal == "point" else "[. ']", bare),
        "decimal comma": decimal == "comma" and "," in bare,
        "powers of ten": re.search("[eE]", bare),
    }
    return {way for way, is_so in tests.items() if is_so}


def needed_steps(seen: Sequence[Shape]) -> Steps:
    """Choose of the steps to a bare number those that change any shape, and of the currencies those that occur."""
    texts, needed = [shape.text for shape in seen], []
    for pattern, replacement in TO_BARE:
        after = [re.sub(pattern, replacement, text) for text in texts]
        if after != texts:
            needed.append((pattern, replacement))
        texts = after
    narrow = without_currency("|".join(rf"{re.escape(sign)}\.?" for sign in sorted(currencies(seen), reverse=True)))
    return tuple((narrow, to) if pattern == TO_BARE[0][0] else (pattern, to) for pattern, to in needed)


def plain_number(value: ir.StringColumn, decimal: Decimal, *, steps: Steps) -> ir.StringColumn:
    """Express numbers as 1234.5; what can't be read stays, worded so that nothing reads it otherwise.

    Parameters
    ----------
    value : with ASCII digits, signs and spaces
    decimal : what stands before the cents
    steps : see `needed_steps`
    """
    bare = rewritten(value, steps).re_extract(reads(decimal), 0).nullif("")
    if decimal == "point":
        return ibis.coalesce(bare.translate(", '", ""), value)
    other = ibis.ifelse(finite(value).notnull(), value + " (decimal point)", value)
    return ibis.coalesce(bare.translate(",. '", "."), other)


def finite(value: ir.StringColumn) -> ir.FloatingColumn:
    """Express plain text as a number, null where it is none: none beyond measure, no underscore."""
    number = value.try_cast("float64")
    is_none = number.isnan() | (number.abs() > MOST) | value.contains("_")
    return ibis.ifelse(is_none, ibis.null("float64"), number)
