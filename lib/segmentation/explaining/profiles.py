"""Segments side by side: how many customers, how much money, the middle of each feature."""

import numpy as np
import pandas as pd

PROFILE_FORMATS = {"of customers": "{:.0%}", "of money": "{:.0%}", "on discount": "{:.0%}"}


def segment_profile(features: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Describe each segment: its size, its share of money, and the median of each feature that is a number.

    Parameters
    ----------
    features, segments : one row a customer, the same index; segments has segment and name

    Returns
    -------
    DataFrame indexed by segment, from the largest share of money
        name : str; customers : int; customer_share, money_share : 0 to 1; then one median a feature
    """
    by_segment = features.groupby(segments["segment"])
    size = by_segment.size()
    money = by_segment["net_spend"].sum()
    profile = pd.DataFrame(
        {
            "name": segments.groupby("segment")["name"].first(),
            "customers": size,
            "customer_share": size / size.sum(),
            "money_share": money / money.sum() if money.sum() else 0.0,
        }
    )
    medians = by_segment.median(numeric_only=True)
    return profile.join(medians).sort_values("money_share", ascending=False, kind="stable")


def profile_table(profile: pd.DataFrame, *, money: str) -> pd.DataFrame:
    """Set the profile out for reading: size, money, and the medians that a marketer asks for first.

    Returns
    -------
    DataFrame, one row a segment in the profile's order
    """
    return pd.DataFrame(
        {
            "segment": profile["name"],
            "customers": profile["customers"],
            "of customers": profile["customer_share"],
            "of money": profile["money_share"],
            "last order, days ago": profile["recency_days"].round().astype("Int64"),
            "orders": profile["order_count"].round(1),
            f"spend, {money}": profile["net_spend"],
            f"average order, {money}": profile["average_order"],
            "on discount": profile["discount_share"],
        }
    ).reset_index(drop=True)


def best_sentence(profile: pd.DataFrame, *, min_group: int) -> str:
    """Choose how to word the segment that brings most, of whom nothing is told when it is too small."""
    if len(profile) == 1:
        return "There is one group, so no segment brings more than another."
    if profile["customers"].iloc[0] < min_group:
        return "The {name} bring the most money; they are too few to tell more of them."
    return "The {name} are {customers:.0%} of the customers and bring {money:.0%} of the money."


def shown_standing(stands: pd.DataFrame, profile: pd.DataFrame, *, columns: list[str]) -> pd.DataFrame:
    """List where the segments of a profile stand, by name in the profile's order, in some features.

    Parameters
    ----------
    stands : see `standing`
    profile : see `segment_profile`; segments that are too small to show left out
    columns : features, in the order to show; those that are not known, and those in which all are alike, are left out
    """
    names = [name for name in columns if name in stands and stands[name].abs().max() > 0]
    return stands.loc[profile.index, names].set_axis(profile["name"], axis=0).replace(np.nan, 0.0)
