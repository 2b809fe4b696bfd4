"""Groups of people by gender, age and country, told so that nobody in a small group can be worked out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

ATTRIBUTES: Mapping[str, str] = {"gender": "gender", "age_years": "age", "country": "country"}
AGE_BANDS: Mapping[int, str] = {
    14: "14 to 24",
    25: "25 to 34",
    35: "35 to 49",
    50: "50 to 64",
    65: "65 and over",
}
UNKNOWN, OTHERS = "unknown", "others"
MOST_GROUPS: Mapping[str, int] = {"gender": 4, "age": 5, "country": 5}  # named; the rest is told together


def people_groups(features: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Put customers into groups by each attribute of which anything is known.

    Groups that are too small, or beyond the largest, are told together as `OTHERS`, which is large enough itself; so no
    group is hidden that could be worked out from a total. Who is not known is a group too.

    Parameters
    ----------
    features : one row a customer, see `FEATURES`: gender, age_years, country
    min_group : the fewest customers that a group may have

    Returns
    -------
    DataFrame with the same index, one column an attribute ("gender", "age", "country"): the group in words, an ordered
    category, `OTHERS` and `UNKNOWN` last; no column for an attribute of which nothing is known or one group is left
    """
    groups = {
        word: pooled_groups(attribute_words(features[name]), most=MOST_GROUPS[word], min_group=min_group)
        for name, word in ATTRIBUTES.items()
        if features[name].notna().any()
    }
    return pd.DataFrame({word: group for word, group in groups.items() if group.nunique() > 1}, index=features.index)


def attribute_words(values: pd.Series) -> pd.Series:
    """Say each customer's group in a word, ages in bands.

    Examples
    --------
    >>> attribute_words(pd.Series([14.0, 24.0, 65.0, None])).tolist()
    ['14 to 24', '14 to 24', '65 and over', 'unknown']
    """
    if not pd.api.types.is_numeric_dtype(values):
        return values.astype(object).where(values.notna(), UNKNOWN)
    bands = np.array([UNKNOWN, *AGE_BANDS.values()], dtype=object)
    places = np.searchsorted(list(AGE_BANDS), values.fillna(0).to_numpy(), side="right")
    return pd.Series(bands[places], index=values.index)


def pooled_groups(words: pd.Series, *, most: int, min_group: int) -> pd.Series:
    """Tell groups that are too small together, and the next larger ones with them until they are large enough.

    Parameters
    ----------
    words : each customer's group
    most : groups named at most, without `OTHERS` and `UNKNOWN`
    min_group : the fewest customers that a group may have

    Examples
    --------
    >>> words = pd.Series(["f"] * 9 + ["m"] * 8 + ["x"] * 5 + ["y"])
    >>> pooled_groups(words, most=9, min_group=5).value_counts().to_dict()
    {'f': 9, 'm': 8, 'others': 6}
    """
    sizes = words.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    named = [name for name in sizes.index if name != UNKNOWN][:most]
    kept = [name for name in sizes.index if sizes[name] >= min_group and name in [*named, UNKNOWN]]
    rest = [name for name in sizes.index if name not in kept]
    while rest and kept and (len(rest) < 2 or sizes[rest].sum() < min_group):
        rest.append(kept.pop())
    in_order = [*(band for band in AGE_BANDS.values() if band in kept), *(name for name in kept if name != UNKNOWN)]
    order = dict.fromkeys([*in_order, *([OTHERS] if rest else []), *([UNKNOWN] if UNKNOWN in kept else [])])
    return words.where(~words.isin(rest), OTHERS).astype(pd.CategoricalDtype([*order], ordered=True))


def protected_counts(counts: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Hide the cells of a table of counts that are too small, and others with them, so that no total gives them away.

    In each row and column with a hidden cell two or more are hidden, and `min_group` customers or more in them.
    Empty cells tell of nobody and stay.

    Parameters
    ----------
    counts : int, one row and one column a group; totals of rows and columns are taken to be known

    Returns
    -------
    DataFrame of float, the same rows and columns, missing where hidden

    Source
    ------
    Cox, Suppression methodology and statistical disclosure control, JASA 75 (1980)

    Examples
    --------
    >>> counts = pd.DataFrame([[3, 20, 30], [40, 50, 60], [70, 80, 90]])
    >>> int(protected_counts(counts, min_group=5).isna().sum().sum())
    4
    """
    cells = counts.to_numpy()
    hidden = (cells > 0) & (cells < min_group)
    before = None
    while before is None or (hidden != before).any():
        before = hidden.copy()
        for lines, marks in ((cells, hidden), (cells.T, hidden.T)):
            for line, mark in zip(lines, marks, strict=True):
                hide_next(line, mark, crossing=marks.any(axis=0), min_group=min_group)
    return counts.astype("float64").mask(hidden)


def hide_next(line: np.ndarray, mark: np.ndarray, *, crossing: np.ndarray, min_group: int) -> None:
    """Mark more cells of a line as hidden, in place, until those hidden protect each other.

    Cells come first whose crossing line hides some already, then the smallest.
    """
    for place in np.lexsort((line, ~crossing)):
        enough = mark.sum() >= 2 and line[mark].sum() >= min_group
        if not mark.any() or enough:
            return
        if line[place] > 0:
            mark[place] = True
