"""One sentence a segment, built from its values."""

import pandas as pd

from segmentation.explaining.words import plain_number


def segment_sentences(features: pd.DataFrame, segments: pd.DataFrame, *, min_group: int) -> pd.Series:
    """Say of each segment how lately and how often its customers bought, what they spend and how much they bring.

    Half of a segment is at or below the days and orders told (medians). Spend is the mean against everybody's mean, so
    that it agrees with the shares of customers and money.

    Parameters
    ----------
    features : one row a customer, raw
    segments : one row a customer, the same index: segment, name
    min_group : the fewest customers of a segment that anything is told of

    Returns
    -------
    Series of str indexed by segment in order, named "sentence"

    Examples
    --------
    >>> features = pd.DataFrame({"recency_days": [9.0, 80.0], "order_count": [12.0, 1.0], "net_spend": [90.0, 10.0]})
    >>> segments = pd.DataFrame({"segment": [0, 1], "name": ["champions", "others"]})
    >>> told = segment_sentences(features, segments, min_group=1)
    >>> told[0].partition("; ")[0]
    'They last bought 9 days ago, ordered 12 times, spend 1.8 times the average'
    >>> told[0].partition("; ")[2]
    '50% of customers bring 90% of the money.'
    """
    by_segment = features.groupby(segments["segment"])
    middle, sizes = by_segment.median(numeric_only=True), by_segment.size()
    told = {
        segment: sentence(
            middle.loc[segment],
            share=sizes[segment] / len(features),
            money=money_share(features["net_spend"], segments["segment"] == segment),
        )
        if sizes[segment] >= min_group
        else f"Fewer than {min_group} customers, too few to tell of."
        for segment in sizes.index
    }
    return pd.Series(told, name="sentence", dtype=object).rename_axis("segment")


def named_sentences(sentences: pd.Series, profile: pd.DataFrame) -> list[str]:
    """Put each segment's name before its sentence, in the profile's order; see `segment_sentences`.

    Examples
    --------
    >>> named_sentences(pd.Series(["They last bought today."]), pd.DataFrame({"name": ["regulars"]}))
    ['Regulars: they last bought today.']
    """
    return [
        f"{name[0].upper()}{name[1:]}: {sentences[segment][0].lower()}{sentences[segment][1:]}"
        for segment, name in profile["name"].items()
    ]


def money_share(spend: pd.Series, members: pd.Series) -> float:
    """Measure the share of all money that some customers bring; missing where there is no money."""
    return float(spend[members].sum() / spend.sum()) if spend.sum() > 0 else float("nan")


def sentence(middle: pd.Series, *, share: float, money: float) -> str:
    """Word one segment; what is not known is left out."""
    told = [
        f"last bought {days_ago(middle['recency_days'])}" if known(middle, "recency_days") else "",
        f"ordered {times(middle['order_count'])}" if known(middle, "order_count") else "",
        f"spend {multiple(money / share)} times the average" if pd.notna(money) and money > 0 else "",
    ]
    words = ", ".join(part for part in told if part)
    bring = f" bring {percent(money)} of the money" if pd.notna(money) else ""
    tail = f"{percent(share)} of customers{bring}" if bring else f"they are {percent(share)} of customers"
    return f"They {words}; {tail}." if words else f"{tail[0].upper()}{tail[1:]}."


def multiple(value: float) -> str:
    """Write a ratio with two digits that tell something.

    Examples
    --------
    >>> multiple(3.14), multiple(0.046), multiple(12.3), multiple(250.0)
    ('3.1', '0.05', '12', '250')
    """
    if value < 0.095:
        return f"{max(value, 0.01):.2f}"
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def known(middle: pd.Series, feature: str) -> bool:
    """Tell whether a feature is there and known."""
    return feature in middle.index and pd.notna(middle[feature])


def days_ago(days: float) -> str:
    """Word a number of days.

    Examples
    --------
    >>> days_ago(1.0), days_ago(30.5)
    ('1 day ago', '30 days ago')
    """
    return f"{days:,.0f} day{'' if round(days) == 1 else 's'} ago"


def times(count: float) -> str:
    """Word how often.

    Examples
    --------
    >>> times(1.0), times(2.0), times(12.5)
    ('once', 'twice', '12.5 times')
    """
    return {1.0: "once", 2.0: "twice"}.get(float(count), f"{plain_number(count, digits=1)} times")


def percent(share: float) -> str:
    """Write a share in per cent, never 0 for some or 100 for not all.

    Examples
    --------
    >>> percent(0.114), percent(0.001), percent(0.999), percent(1.0)
    ('11%', 'under 1%', 'over 99%', '100%')
    """
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= share < 1 else f"{share:.0%}"
