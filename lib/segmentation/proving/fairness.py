"""How segments and actions fall on groups of people, and whether a group is served much less than the rest."""

import math

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from segmentation.proving.people_groups import protected_counts

FOUR_FIFTHS = 0.8
CONFIDENCE = 0.95
NO_OFFER = ("", "none")
TREATED, OFFERED = "treated", "given an offer"
FAIRNESS = ("customers", "served", "share", "low", "high", "rest_share", "ratio", "less_served")


def fairness_of_segments(
    segments: pd.DataFrame, people: pd.DataFrame, *, values: pd.DataFrame, min_group: int
) -> pd.DataFrame:
    """Measure how segments fall on groups of people.

    Parameters
    ----------
    segments : one row a customer: segment, name
    people : the same index; see `people_groups`
    values : the same index, columns of numbers such as spend or expected value
    min_group : cells of fewer customers are hidden, and others with them so that no total gives them away

    Returns
    -------
    DataFrame, one row an attribute and group, indexed by both: customers; mean of each value; for each segment, by its
    number, the share of the group that stands in it, missing where hidden
    """
    parts = {}
    for attribute in people:
        groups = people[attribute]
        counts = pd.crosstab(groups, segments["segment"]).astype("int64")
        shares = protected_counts(counts, min_group=min_group).div(counts.sum(axis=1), axis=0)
        means = values.groupby(groups, observed=True).mean()
        parts[attribute] = counts.sum(axis=1).rename("customers").to_frame().join(means).join(shares)
        parts[attribute].index = parts[attribute].index.astype(object)
    return pd.concat(parts, names=["attribute", "group"]) if parts else pd.DataFrame()


def served_by_plan(customers: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    """Tell for each customer what the campaign's plan gives.

    Parameters
    ----------
    customers : one row a customer, indexed by customer_id: name of the segment, arm
    plan : one row a segment: name, offer

    Returns
    -------
    DataFrame with the same index, bool: "written to", and `OFFERED` where not all of them are
    """
    written = customers["arm"].eq(TREATED)
    offers = ~plan.set_index("name")["offer"].fillna("").str.strip().str.lower().isin(NO_OFFER)
    offered = written & customers["name"].map(offers)
    return pd.DataFrame(
        {"written to": written} if offered.equals(written) else {"written to": written, OFFERED: offered}
    )


def fairness_of_actions(served: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Measure what share of each group of people each action reaches, against all other customers.

    Parameters
    ----------
    served : one row a customer, one column an action: bool; one that reaches nobody is left out
    people : the same index; see `people_groups`

    Returns
    -------
    DataFrame, one row an action, attribute and group
        action, attribute, group : str; customers, served : int; share, low, high : of the group that is served, with
        Wilson's 95 % interval; rest_share : of all others; ratio : share divided by rest_share, missing when nobody
        else is served; less_served : below four fifths of the rest, and more than chance makes of so many comparisons

    Source
    ------
    Uniform guidelines on employee selection procedures, 29 CFR 1607.4 D (1978): the four-fifths rule; Bonferroni
    """
    reaching = [action for action in served if served[action].any()]
    compared = len(reaching) * sum(people[attribute].nunique() for attribute in people)
    rows = [
        {
            "action": action,
            "attribute": attribute,
            "group": group,
            **group_served(members, served[action], confidence=1 - (1 - CONFIDENCE) / compared),
        }
        for action in reaching
        for attribute in people
        for group, members in served[action].groupby(people[attribute], observed=True)
    ]
    return pd.DataFrame(rows, columns=["action", "attribute", "group", *FAIRNESS])


def group_served(members: pd.Series, everybody: pd.Series, *, confidence: float) -> dict[str, object]:
    """Measure one group against all others; see `fairness_of_actions`.

    Parameters
    ----------
    members, everybody : bool, one a customer
    confidence : of the interval of the difference that decides
    """
    customers, served = len(members), int(members.sum())
    others, others_served = len(everybody) - customers, int(everybody.sum()) - served
    low, high = wilson(served, customers)
    share, rest = served / customers, others_served / others
    _, most = difference(served, customers, others_served, others, confidence=confidence)
    return {
        "customers": customers,
        "served": served,
        "share": share,
        "low": low,
        "high": high,
        "rest_share": rest,
        "ratio": share / rest if rest else np.nan,
        "less_served": bool(share < FOUR_FIFTHS * rest and most < 0),
    }


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


def difference(
    served: int, customers: int, others_served: int, others: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Give the interval of the difference of two shares, the first less the second, from Wilson's interval of each.

    Source
    ------
    Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17 (1998),
    method 10; the example is his

    Examples
    --------
    >>> [round(limit, 4) for limit in difference(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    one, other = served / customers, others_served / others
    low, high = wilson(served, customers, confidence=confidence)
    other_low, other_high = wilson(others_served, others, confidence=confidence)
    apart = one - other
    return apart - math.hypot(one - low, other_high - other), apart + math.hypot(high - one, other - other_low)
