"""How a feature, a value with its unit, and a bound are worded."""

from functools import cache

from segmentation.features import FEATURES
from segmentation.presets import read_preset

FEW = 10
BARE = ("ratio", "−1 to 1", "word")  # units that say nothing behind a number


@cache
def feature_words() -> dict[str, dict[str, str]]:
    """Read what a marketer calls each feature, and what is said of who is low or high."""
    return read_preset("feature_words")


def feature_name(feature: str) -> str:
    """Name a feature as a marketer would.

    Examples
    --------
    >>> feature_name("recency_days"), feature_name("a_new_one")
    ('days since the last order', 'a new one')
    """
    return feature_words().get(feature, {}).get("name", feature.replace("_", " "))


def word_for(feature: str, *, high: bool, very: bool = False) -> str:
    """Say what holds of a customer who is clearly below or above the average in a feature.

    Examples
    --------
    >>> word_for("recency_days", high=False), word_for("order_count", high=True, very=True)
    ('bought lately', 'orders very often')
    """
    words = feature_words().get(feature, {})
    side = "high" if high else "low"
    plain = words.get(side, f"{side} {feature_name(feature)}")
    return words.get(f"very_{side}", plain) if very else plain


def value_in_words(feature: str, value: float, *, money: str) -> str:
    """Write a value with its unit: shares in per cent, money by the shop's currency.

    Examples
    --------
    >>> value_in_words("recency_days", 49, money="EUR"), value_in_words("discount_share", 0.35, money="EUR")
    ('49 days', '35 %')
    >>> value_in_words("order_count", 1, money="EUR"), value_in_words("net_spend", 1234.5, money="EUR")
    ('1 order', '1,234.50 EUR')
    """
    unit = FEATURES[feature].unit if feature in FEATURES else ""
    unit = "" if unit in BARE else unit
    if unit in ("share", "rate"):
        return f"{100 * value:.4g} %"
    if unit == "money":
        return f"{plain_number(value, digits=2)} {money}"
    number = plain_number(value, digits=1)
    return f"{number} {singular(unit) if number == '1' else unit}".strip()


def singular(unit: str) -> str:
    """Word a unit of which there is one.

    Examples
    --------
    >>> singular("orders"), singular("categories"), singular("bits")
    ('order', 'category', 'bit')
    """
    return f"{unit[:-3]}y" if unit.endswith("ies") else unit.removesuffix("s")


def plain_number(value: float, *, digits: int) -> str:
    """Write a number with thousands separators, and decimals only where there are any.

    Examples
    --------
    >>> plain_number(1500.0, digits=2), plain_number(2.345, digits=1), plain_number(0.0123, digits=1)
    ('1,500', '2.3', '0.012')
    """
    if 0 < abs(value) < 1:
        return f"{value:.2g}"
    rounded = round(float(value), digits)
    return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.{digits}f}"


def bound_in_words(feature: str, *, low: float | None, high: float | None, whole: bool, money: str) -> str:
    """Word what a rule asks of one feature.

    Parameters
    ----------
    feature : its name
    low, high : at least, and below; None for no bound
    whole : the feature's values are whole numbers, so that below 6 is at most 5
    money : the shop's currency

    Examples
    --------
    >>> bound_in_words("recency_days", low=None, high=50, whole=True, money="EUR")
    'last order less than 50 days ago'
    >>> bound_in_words("order_count", low=2, high=6, whole=True, money="EUR")
    'orders from 2 to 5'
    >>> bound_in_words("net_spend", low=20, high=None, whole=False, money="EUR")
    'spent at least 20 EUR'
    """
    if low is not None and high is not None:
        return f"{feature_name(feature)} {span_in_words(feature, low=low, high=high, whole=whole, money=money)}"
    few = whole and high is not None and high <= FEW
    side = "at_least" if high is None else "at_most" if few else "below"
    value = low if high is None else high - few
    plain = f"{feature_name(feature)} {side.replace('_', ' ')} {{value}}"
    return feature_words().get(feature, {}).get(side, plain).format(value=value_in_words(feature, value, money=money))


def span_in_words(feature: str, *, low: float, high: float, whole: bool, money: str) -> str:
    """Word two bounds on one feature; see `bound_in_words`."""
    last = high - 1 if whole else high
    first, end = (number_of(value_in_words(feature, value, money=money)) for value in (low, last))
    if whole and low == last:
        return f"exactly {first}"
    return f"from {first} to {'' if whole else 'under '}{end}"


def number_of(text: str) -> str:
    """Leave a unit out where the feature's name tells it; money and shares keep theirs.

    Examples
    --------
    >>> number_of("49 days"), number_of("35 %"), number_of("20 EUR")
    ('49', '35 %', '20 EUR')
    """
    number, _, unit = text.partition(" ")
    return number if unit in UNITS_IN_NAMES else text


UNITS_IN_NAMES = {
    unit for feature in FEATURES.values() for unit in (feature.unit, feature.unit.removesuffix("s")) if unit
} - {"share", "money", "rate"}
