"""What a page shows of how segments and actions fall on groups of people."""

from collections.abc import Mapping

import pandas as pd

from segmentation.gate import listed
from segmentation.problems import some
from segmentation.proving.fairness import FOUR_FIFTHS
from segmentation.proving.people_groups import OTHERS, UNKNOWN

FEW = 30  # customers, below which a share says little
NOT_KNOWN = "the shop records no gender, age or country of more than one group."
FAIRNESS_NOTES = (
    "Groups that are too small to show are told together as “others”; cells that are too small are left open, and "
    "others with them, so that no total gives them away. Who is not known is a group too."
)


def people_table(fair: pd.DataFrame, names: Mapping[int, str], *, values: Mapping[str, str]) -> pd.DataFrame:
    """Set out for reading how segments fall on groups of people, one row a group.

    Parameters
    ----------
    fair : see `fairness_of_segments`
    names : of the segments, by number
    values : labels of the values, by column, with their units
    """
    if fair.empty:
        return pd.DataFrame(columns=["of", "group", "customers"])
    table = fair.reset_index().rename(columns={"attribute": "of", **values})
    return table.rename(columns={number: name for number, name in names.items() if number in table})


def people_formats(table: pd.DataFrame, names: Mapping[int, str]) -> dict[str, str]:
    """Choose the formats of `people_table`: segments are shares."""
    return {name: "{:.0%}" for name in names.values() if name in table}


def fairness_in_words(fair: pd.DataFrame) -> list[str]:
    """Say plainly which groups are served much less than the rest, or that none is, as far as the numbers allow.

    Parameters
    ----------
    fair : see `fairness_of_actions`

    Returns
    -------
    Sentences, one a group that is served less, or one in all; one more where groups are small
    """
    if fair.empty:
        return [f"Whether actions fall alike on groups of people is not measured: {NOT_KNOWN}"]
    warned = [warning(row) for _, row in fair[fair["less_served"]].iterrows()]
    return [*(warned or [none_less(fair)]), *few_in_words(fair)]


def warning(row: pd.Series) -> str:
    """Warn of a group that is served much less."""
    return (
        f"{who(row)} are {row['action']} much less than others: {row['share']:.0%} of {row['customers']:,} (95 %: "
        f"{row['low']:.0%} to {row['high']:.0%}), against {row['rest_share']:.0%} of all others. Is that meant?"
    )


def who(row: pd.Series) -> str:
    """Word a group of people.

    Examples
    --------
    >>> who(pd.Series({"attribute": "age", "group": "14 to 24"}))
    "Customers of age '14 to 24'"
    >>> who(pd.Series({"attribute": "country", "group": "unknown"}))
    'Customers whose country is not known'
    """
    if row["group"] == UNKNOWN:
        return f"Customers whose {row['attribute']} is not known"
    if row["group"] == OTHERS:
        return f"Customers of another {row['attribute']} than those named"
    return f"Customers of {row['attribute']} {some([row['group']])}"


def none_less(fair: pd.DataFrame) -> str:
    """Say that no group is served much less, and which comes nearest."""
    compared = listed(list(dict.fromkeys(fair["attribute"])))
    opening = (
        f"By {compared}, no group is found to be served much less than all others (below {FOUR_FIFTHS:.0%} of them)"
    )
    known = fair.dropna(subset=["ratio"])
    if known.empty:
        return f"{opening}."
    row = known.loc[known["ratio"].idxmin()]
    group = who(row)
    return (
        f"{opening}; the lowest share is that of {group[0].lower()}{group[1:]}, of whom {row['share']:.0%} are "
        f"{row['action']}, against {row['rest_share']:.0%}."
    )


def few_in_words(fair: pd.DataFrame) -> list[str]:
    """Say which groups have so few customers that their shares say little."""
    few = fair.loc[fair["customers"] < FEW, ["attribute", "group"]].drop_duplicates()
    if few.empty:
        return []
    told = [f"{row.attribute} {row.group}" for row in few.itertuples()]
    return [f"Of fewer than {FEW} customers a share says little: {some(told)}."]
