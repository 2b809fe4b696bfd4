"""What a column's first values look like: dates, amounts, ids, e-mail addresses; shares only, never a value."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import pandas as pd

from segmentation.guessing.words import folded, vocabulary

EMPTY = ("", "-", "--", "—", "null", "none", "nan", "n/a", "na", r"\n", "0000-00-00", "0000-00-00 00:00:00")

HALF = r"(?: ?[AaPp]\.?[Mm]\.?)?"
ZONE = r"(?: ?(?:Z|UTC|GMT|CET|CEST|[-+]\d{2}:?\d{2}))?"
TIME = rf"\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d+)?)?{HALF}"
CLOCK = rf"(?:[,T ]+{TIME}{ZONE})?"
MONTH = r"[A-Za-zÀ-ÿ]{3,10}\.?"
DATE = "(?:{})".format(
    "|".join(
        (
            rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}{CLOCK}",
            rf"\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}}){CLOCK}",
            rf"\d{{4}}年\d{{1,2}}月\d{{1,2}}日{CLOCK}",
            rf"\d{{1,2}}[-. ]{MONTH}[-. ]\d{{2,4}}{CLOCK}",
            rf"{MONTH} \d{{1,2}},? \d{{4}}{CLOCK}",
            r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
        )
    )
)
SIGN = r"(?:[A-Z]{2,3}\$?|[$€£¥₹₩￥]|kr\.?|zł|元|Fr\.)"
DIGITS = r"(?:\d{1,3}(?:[.,'’   ]\d{3})+|\d+)"
NUMBER = rf"[-+(]?\s?{SIGN}?\s?[-+]?{DIGITS}(?:[.,]\d+)?\s?{SIGN}?\)?"
CENTS = rf"[-+(]?\s?{SIGN}?\s?[-+]?{DIGITS}[.,]\d{{2}}\s?{SIGN}?\)?"
EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}"
PHONE = r"(?:[+(0]|1[3-9]\d|\d{3}[-. ])[\d\s()./-]{5,18}\d"
MASKED = r".*(?:\*{2,}|x{4,}|X{4,}|#{2,}).*"
PERSON = r"[^\W\d_][^\W\d_.'’-]*\.?(?:,? [^\W\d_][^\W\d_.'’-]*\.?){1,3}"
FLAG = r"(?:(?i:true|false|yes|no|y|n|0|1|ja|nein|oui|non|si|sí|是|否|subscribed|unsubscribed|not_subscribed))"

PATTERNS = {
    name: re.compile(pattern)
    for name, pattern in {
        "dates": DATE,
        "clocks": TIME,
        "cents": CENTS,
        "emails": EMAIL,
        "phones": PHONE,
        "masked": MASKED,
        "persons": PERSON,
        "flags": FLAG,
    }.items()
}
NO_PHONES = ("phones", "dates", "cents")


@dataclass(frozen=True)
class Contents:
    """What a column's filled values look like, as shares from 0 to 1 of them.

    Attributes
    ----------
    rows, filled, distinct : counts; of all values, of those that hold anything, of different ones
    dates, timed, clocks : dates, with or without a time; dates with a time; times of day alone
    serials : numbers that a spreadsheet shows as dates of 1990 to 2100
    numbers, whole, cents : numbers; without a fraction; with two decimals
    emails, phones, masked, persons : addresses; telephone numbers; with parts blotted out; two to four words of letters
    currencies, countries, flags : ISO 4217 codes; codes and names of countries; yes and no
    sentences : longer than 40 letters
    """

    rows: int
    filled: int
    distinct: int
    dates: float
    timed: float
    clocks: float
    serials: float
    numbers: float
    whole: float
    cents: float
    emails: float
    phones: float
    masked: float
    persons: float
    currencies: float
    countries: float
    flags: float
    sentences: float

    @property
    def is_unique(self) -> bool:
        """Whether no value stands there twice."""
        return 1 < self.filled == self.distinct

    @property
    def is_key(self) -> bool:
        """Whether values could be a shop's numbers for something: short, no dates, no amounts, no sentences."""
        return self.filled > 0 and max(self.dates, self.cents, self.persons, self.sentences, self.masked) < 0.2


def filled_values(column: pd.Series) -> pd.Series:
    """Trim a column's text and drop what stands for nothing; the index tells the rows that are left."""
    text = column.astype("string").str.strip().str.replace(r'^(?:="(.*)"|\'(.*))$', r"\1\2", regex=True)
    return text[text.notna() & ~text.str.lower().isin(EMPTY)]


def look_at(column: pd.Series) -> Contents:
    """Measure what a column's values look like.

    Examples
    --------
    >>> seen = look_at(pd.Series(["2024-05-01", "2024-05-02 10:00", "-"]))
    >>> seen.filled, seen.dates, seen.numbers
    (2, 1.0, 0.0)
    """
    counts = filled_values(column).value_counts()
    values, times = counts.index.to_series(), counts.to_numpy()
    number = as_numbers(values)

    def part(flags: Iterable[object]) -> float:
        return float(sum(time for time, flag in zip(times, flags, strict=True) if flag) / max(times.sum(), 1))

    matched = {name: [bool(pattern.fullmatch(value)) for value in values] for name, pattern in PATTERNS.items()}
    is_phone = [
        phone and not date and not cents for phone, date, cents in zip(*map(matched.get, NO_PHONES), strict=True)
    ]
    codes, countries = set(vocabulary()["currencies"]), {*vocabulary()["countries"], *country_names()}
    return Contents(
        rows=len(column),
        filled=int(times.sum()),
        distinct=len(counts),
        timed=part(date and ":" in value for date, value in zip(matched["dates"], values, strict=True)),
        serials=part(number.between(32_874, 73_050)),
        numbers=part(number.notna()),
        whole=part(number.notna() & (number % 1 == 0)),
        phones=part(is_phone),
        currencies=part(value in codes for value in values),
        countries=part(value in countries or folded(value) in countries for value in values),
        sentences=part(len(value) > 40 for value in values),
        **{name: part(matched[name]) for name in ("dates", "clocks", "cents", "emails", "masked", "persons", "flags")},
    )


@cache
def country_names() -> set[str]:
    """List the countries' names that are known, folded."""
    return {folded(name) for name in vocabulary()["countries"] if len(name) > 3 or not name.isascii()}


def share(flags: pd.Series) -> float:
    """Measure how many of some flags are true; 0 when there are none."""
    return float(flags.fillna(False).astype(bool).mean()) if len(flags) else 0.0


def as_numbers(text: pd.Series) -> pd.Series:
    """Read amounts roughly, good enough to compare columns: signs and thousands dropped, a decimal comma understood.

    Returns
    -------
    Series of float with the same index; missing for what is no number

    Examples
    --------
    >>> as_numbers(pd.Series(["€ 1.234,50", "12,90", "(3,00)", "abc"])).tolist()
    [1234.5, 12.9, -3.0, nan]
    """
    text = text.astype("string")
    plain = text.where(text.str.fullmatch(NUMBER)).str.replace(r"[^\d.,()-]", "", regex=True).str.strip(".")
    negative = plain.str.contains(r"[(-]", regex=True)
    plain = plain.str.replace(r"[()-]", "", regex=True)
    commas = share(plain.str.fullmatch(r"[\d.]*,\d{1,2}")) > share(plain.str.fullmatch(r"[\d,]*\.\d{1,2}"))
    if commas:
        plain = plain.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    number = pd.to_numeric(plain.str.replace(",", "", regex=False), errors="coerce").astype("float64")
    return number.mask(negative.fillna(False).astype(bool), -number)


def decides(sample: pd.DataFrame, one: str, other: str) -> tuple[float, int]:
    """Measure whether a value of one column always goes with the same value of another.

    Returns
    -------
    Share, among the values that stand in several rows, of those with one value in the other column; and their number
    """
    pair = pd.DataFrame({"one": filled_values(sample[one]), "other": filled_values(sample[other])})
    groups = pair.dropna(subset="one").groupby("one")["other"]
    repeated = groups.size() > 1
    return (float((groups.nunique()[repeated] <= 1).mean()), int(repeated.sum())) if repeated.any() else (1.0, 0)


def are_equal(sample: pd.DataFrame, one: str, other: str) -> bool:
    """Tell whether two columns hold the same text in every row, or one a day and the other that day with its time."""
    left, right = filled_values(sample[one]), filled_values(sample[other])
    if not left.index.equals(right.index):
        return False
    return all(a.startswith(b) or b.startswith(a) for a, b in zip(left, right, strict=True))


def are_same(sample: pd.DataFrame, one: str, other: str) -> bool:
    """Tell whether two columns say the same: each value of one has its own value of the other."""
    pair = pd.DataFrame({"one": filled_values(sample[one]), "other": filled_values(sample[other])})
    if pair.isna().any(axis=None):
        pair = pair.dropna(how="all")
        if pair.isna().any(axis=None) or pair.empty:
            return False
    pairs = pair.drop_duplicates()
    return bool(len(pairs)) and pairs["one"].is_unique and pairs["other"].is_unique


def is_product(sample: pd.DataFrame, one: str, other: str, result: str, *, least: int = 3) -> bool:
    """Tell whether one column times another gives a third, in all but a few rows and not only where a factor is 1."""
    first, second, third = (as_numbers(filled_values(sample[name])) for name in (one, other, result))
    known = pd.DataFrame({"first": first, "second": second, "third": third}).dropna()
    known = known[(known["first"].abs() != 1) & (known["second"] != 0)]
    if len(known) < least:
        return False
    return bool(((known["first"] * known["second"] - known["third"]).abs() < 0.011).mean() >= 0.95)


def products(sample: pd.DataFrame, counts: Sequence[str], amounts: Sequence[str]) -> list[tuple[str, str, str]]:
    """List the columns of pieces, price and amount that fit: pieces times price gives the amount."""
    return [
        (count, price, amount)
        for count in counts
        for pair in combinations([name for name in amounts if name != count], 2)
        for price, amount in (pair, pair[::-1])
        if is_product(sample, count, price, amount)
    ]
