"""How segments and actions fall on groups of people, by what the shop knows of gender, age and country."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import binomtest

ATTRIBUTES: Mapping[str, str] = {"gender": "gender", "age_years": "age", "country": "country"}
AGE_BANDS: Mapping[int, str] = {
    14: "14 to 24",
    25: "25 to 34",
    35: "35 to 44",
    45: "45 to 54",
    55: "55 to 64",
    65: "65 and over",
}
UNKNOWN, OTHERS = "unknown", "others"
MOST_GROUPS = 6  # of an attribute; smaller ones are told together
FOUR_FIFTHS = 0.8
FEW = 30  # customers, below which a share says little
CONFIDENCE = 0.95


def people_groups(features: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Put customers into groups by each attribute of which anything is known.

    Groups that are too small, or beyond the `MOST_GROUPS` largest, are told together as `OTHERS`, which is large enough
    itself; so no group that is hidden can be worked out from a total.

    Parameters
    ----------
    features : one row a customer, see `FEATURES`: gender, age_years, country
    min_group : the fewest customers that a group may have

    Returns
    -------
    DataFrame with the same index, one column an attribute ("gender", "age", "country"), the group in words; no column
    for an attribute of which only one group is large enough, or nothing is known
    """
    told = {word: attribute_words(features[name]) for name, word in ATTRIBUTES.items() if features[name].notna().any()}
    groups = {word: pooled_groups(words, min_group=min_group) for word, words in told.items()}
    return pd.DataFrame({word: group for word, group in groups.items() if group.nunique() > 1}, index=features.index)


def attribute_words(values: pd.Series) -> pd.Series:
    """Say each customer's group in a word, ages in bands; who is not known is a group too."""
    if not pd.api.types.is_numeric_dtype(values):
        return values.astype(object).where(values.notna(), UNKNOWN)
    starts, bands = np.array(list(AGE_BANDS)), np.array([*AGE_BANDS.values()], dtype=object)
    places = np.searchsorted(starts, values.fillna(0).to_numpy(), side="right") - 1
    return pd.Series(np.where(places < 0, UNKNOWN, bands[places.clip(0)]), index=values.index)


def pooled_groups(words: pd.Series, *, min_group: int) -> pd.Series:
    """Tell groups that are too small together, with the next larger ones until they are large enough.

    Examples
    --------
    >>> words = pd.Series(["f"] * 9 + ["m"] * 8 + ["x"] * 5 + ["y"])
    >>> pooled_groups(words, min_group=5).value_counts().to_dict()
    {'f': 9, 'm': 8, 'others': 6}
    """
    sizes = words.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    named = [name for name in sizes.index if name != UNKNOWN][MOST_GROUPS:]
    small = [name for name in sizes.index if sizes[name] < min_group or name in named]
    rest = [name for name in reversed(sizes.index) if name not in small]
    while small and rest and (len(small) < 2 or sizes[small].sum() < min_group):
        small.append(rest.pop(0))
    return words.where(~words.isin(small), OTHERS)


def wilson(served: int, customers: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Give Wilson's interval of a share.

    Source
    ------
    Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927)

    Examples
    --------
    >>> [round(limit, 4) for limit in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    found = binomtest(served, customers).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def fairness_of_actions(served: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Measure what share of each group of people each action reaches, against all other customers.

    Parameters
    ----------
    served : one row a customer, one column an action: bool
    people : the same index; see `people_groups`

    Returns
    -------
    DataFrame, one row an action, attribute and group
        action, attribute, group : str; customers, served : int; share, low, high : of the group that is served, with
        Wilson's 95 % interval; rest_share : of all others; ratio : share divided by rest_share, missing when nobody
        else is served; less_served : below four fifths of the rest, and more than chance makes of so many comparisons
    """
    rows = []
    compared = sum(people[attribute].nunique() for attribute in people) * served.shape[1]
    for action in served:
        for attribute in people:
            for group, members in served[action].groupby(people[attribute]):
                told = group_served(members, served[action], compared=compared)
                rows.append({"action": action, "attribute": attribute, "group": group, **told})
    return pd.DataFrame(rows, columns=["action", "attribute", "group", *FAIRNESS])


FAIRNESS = ("customers", "served", "share", "low", "high", "rest_share", "ratio", "less_served")


def group_served(members: pd.Series, everybody: pd.Series, *, compared: int) -> dict[str, float]:
    """Measure one group against all others; see `fairness_of_actions`."""
    customers, served = len(members), int(members.sum())
    others, others_served = len(everybody) - customers, int(everybody.sum()) - served
    low, high = wilson(served, customers)
    share, rest = served / customers, others_served / others
    _, most = difference(served, customers, others_served, others, confidence=1 - (1 - CONFIDENCE) / max(1, compared))
    return {
        "customers": customers, "served": served, "share": share, "low": low, "high": high, "rest_share": rest,
        "ratio": share / rest if rest else np.nan,
        "less_served": share < FOUR_FIFTHS * rest and most < 0,
    }  # fmt: skip


def difference(
    served: int, customers: int, others_served: int, others: int, *, confidence: float
) -> tuple[float, float]:
    """Give the interval of the difference of two shares, from Wilson's intervals of each.

    Source
    ------
    Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17 (1998),
    method 10

    Examples
    --------
    >>> [round(limit, 4) for limit in difference(56, 70, 48, 80, confidence=0.95)]
    [0.0524, 0.3339]
    """
    one, other = served / customers, others_served / others
    low, high = wilson(served, customers, confidence=confidence)
    other_low, other_high = wilson(others_served, others, confidence=confidence)
    apart = one - other
    return apart - math.hypot(one - low, other_high - other), apart + math.hypot(high - one, other - other_low)
