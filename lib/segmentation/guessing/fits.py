"""Whether a column's values agree with what its name says, and how that is put into words."""

from collections.abc import Callable
from typing import NamedTuple

from segmentation.formats import LINE_TOTAL
from segmentation.guessing.contents import Contents
from segmentation.tables import Table


def meaning(table: Table, column: str) -> str:
    """Word what a canonical column is, short."""
    return "the amount of the line or order" if column == LINE_TOTAL else table[column].meaning.partition(";")[0]


class Fit(NamedTuple):
    """What a column's values must look like, and how that is said when they do and when they do not."""

    test: Callable[[Contents], bool]
    says: Callable[[Contents], str]
    against: str


EMPTY = "it is empty"
KEY_OR_EMAIL = Fit(
    lambda seen: seen.is_key or seen.emails > 0.5,
    lambda seen: "e-mail addresses" if seen.emails > 0.5 else f"{seen.distinct:,} different values, short like numbers",
    "its values do not look like the shop's numbers",
)
NUMBERS = Fit(
    lambda seen: seen.numbers >= 0.9 and seen.dates < 0.5,
    lambda seen: f"{seen.numbers:.0%} numbers, {seen.cents:.0%} with two decimals",
    "its values are no numbers",
)
TIMES = Fit(
    lambda seen: seen.dates >= 0.9 or seen.serials >= 0.95,
    lambda seen: f"{seen.dates:.0%} dates" if seen.dates >= 0.9 else "numbers that a spreadsheet shows as dates",
    "its values are no dates",
)
WORDS = Fit(
    lambda seen: max(seen.dates, seen.emails, seen.phones, seen.cents) < 0.2,
    lambda seen: f"{seen.distinct:,} different texts",
    "its values are dates, amounts or addresses",
)
FITS = {
    "customer_id": KEY_OR_EMAIL,
    "email": Fit(lambda seen: seen.emails > 0.5, lambda seen: f"{seen.emails:.0%} addresses", "it holds no addresses"),
    "phone": Fit(
        lambda seen: max(seen.phones, seen.numbers) > 0.5 and seen.cents < 0.1,
        lambda seen: f"{seen.phones:.0%} telephone numbers",
        "it holds no telephone numbers",
    ),
    "quantity": Fit(
        lambda seen: seen.whole >= 0.95 and seen.dates < 0.5,
        lambda seen: f"{seen.whole:.0%} whole numbers",
        "its values are no whole numbers",
    ),
    "currency": Fit(
        lambda seen: seen.numbers < 0.1 and seen.distinct <= 60 and seen.persons < 0.5,
        lambda seen: f"{seen.currencies:.0%} codes of currencies",
        "it holds no currencies",
    ),
    "status": Fit(
        lambda seen: seen.numbers < 0.1 and seen.dates < 0.1 and seen.distinct <= max(10, 0.2 * seen.filled),
        lambda seen: f"{seen.distinct:,} different words",
        "it holds too many different words",
    ),
    "birth_year": Fit(
        lambda seen: seen.whole >= 0.95, lambda seen: f"{seen.whole:.0%} whole numbers", "it has no years"
    ),
    "marketing_consent": Fit(
        lambda seen: seen.flags >= 0.9, lambda seen: f"{seen.flags:.0%} yes or no", "it holds more than yes and no"
    ),
    "arm": Fit(
        lambda seen: seen.distinct <= 2 and seen.numbers < 0.1,
        lambda seen: f"{seen.distinct:,} different words",
        "it must hold the words treated and control",
    ),
}
KIND_FITS = {
    "id": Fit(lambda seen: seen.is_key, KEY_OR_EMAIL.says, KEY_OR_EMAIL.against),
    "text": WORDS,
    "time": TIMES,
    "day": TIMES,
    "integer": NUMBERS,
    "number": NUMBERS,
    "money": NUMBERS,
}
PERSONAL = ("email", "phone", "name", "customer_id", "text", "city")


def fit_of(column: str, table: Table) -> Fit:
    """Find what a canonical column's values must look like."""
    if column in FITS:
        return FITS[column]
    return NUMBERS if column == LINE_TOTAL else KIND_FITS[table[column].kind]


def speaks_against(column: str, seen: Contents, table: Table) -> str:
    """Say why a column can't be what its name says, empty when nothing speaks against it."""
    if not seen.filled:
        is_needed = column == LINE_TOTAL or table[column].required
        return EMPTY if is_needed and seen.rows else ""
    if column in ("customer_id", "email", "phone") and seen.masked >= 0.5:
        return "its values are masked, and two people can share one"
    if column == "customer_id" and seen.persons >= 0.5:
        return "it holds names, and a name is no key: two people can share one"
    if column not in PERSONAL and max(seen.emails, seen.phones if column != "order_id" else 0) >= 0.2:
        return "its values look personal"
    if column in ("name", "text", "city"):
        return ""
    return "" if fit_of(column, table).test(seen) else fit_of(column, table).against


def speaks_for(column: str, seen: Contents, table: Table) -> str:
    """Say what in a column's values agrees with its name."""
    if not seen.filled:
        return "its first rows are empty"
    return WORDS.says(seen) if column in ("name", "text", "city") else fit_of(column, table).says(seen)
