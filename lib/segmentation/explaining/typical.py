"""Typical customers of each segment, told so coarsely that each of them could be several."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segmentation.explaining.standing import fit_scale
from segmentation.explaining.words import feature_name, value_in_words
from segmentation.features import FEATURES
from segmentation.privacy import pseudonym

TOLD = ("recency_days", "order_count", "net_spend", "average_order", "tenure_days")
EACH, MOST_ROWS = 2, 20
STEPS = np.array([1.0, 2.0, 5.0, 10.0])
SHARE_STEP = 0.1


def typical_customers(
    features: pd.DataFrame,
    segments: pd.DataFrame,
    *,
    columns: Sequence[str],
    told: Sequence[str] = TOLD,
    each: int = EACH,
    min_group: int,
) -> pd.DataFrame:
    """Find the customers nearest to the middle of their segment, with coarsely rounded values.

    What is told of a customer is true of at least `min_group` of the segment: values are rounded to 1, 2, 5, 10, 20, …
    (shares to tenths), and where fewer agree in all of them the last ones are left out. Nobody is told of twice in
    the same words.

    Parameters
    ----------
    features : one row a customer, raw
    segments : one row a customer, the same index: segment, name
    columns : features by which the middle is measured: the medians, in standard deviations
    told : features that are told, in order of what matters
    each : customers a segment, fewer where that makes more than twenty in all
    min_group : the fewest customers who share what is told

    Returns
    -------
    DataFrame indexed as `features`, in order of segment and nearness; for the run's own folder, never for a page
        segment : int; name : str; who : "customer A" and so on; then the rounded values, missing where left out
    """
    known = [name for name in told if name in features and features[name].notna().any()]
    coarse = pd.DataFrame({name: coarsely(features[name], name) for name in known}, index=features.index)
    far = from_the_middle(features, segments["segment"], columns=columns)
    each = max(1, min(each, MOST_ROWS // max(1, segments["segment"].nunique())))
    tables = [
        nearest(coarse[members], far[members], each=each, min_group=min_group).assign(segment=segment)
        for segment, members in segment_members(segments)
    ]
    found = pd.concat(tables) if tables else coarse.assign(segment=0).iloc[:0]
    letters = [chr(ord("A") + place) for place in found.groupby("segment").cumcount()]
    found.insert(0, "who", [f"customer {letter}" for letter in letters])
    found.insert(0, "name", segments["name"].reindex(found.index))
    return found[["segment", "name", "who", *known]]


def segment_members(segments: pd.DataFrame) -> list[tuple[int, pd.Series]]:
    """List each segment with who is in it."""
    return [(segment, segments["segment"] == segment) for segment in sorted(segments["segment"].unique())]


def coarsely(values: pd.Series, feature: str) -> pd.Series:
    """Round to 1, 2, 5, 10, 20, 50 and so on, shares to tenths.

    Examples
    --------
    >>> coarsely(pd.Series([0.0, 3.0, 17.0, 160.0]), "net_spend").tolist()
    [0.0, 2.0, 20.0, 200.0]
    >>> coarsely(pd.Series([0.04, 0.26]), "discount_share").tolist()
    [0.0, 0.3]
    """
    if FEATURES[feature].unit == "share":
        return (values / SHARE_STEP).round().mul(SHARE_STEP).round(6)
    size = values.abs().clip(lower=1e-9)
    power = 10.0 ** np.floor(np.log10(size))
    steps = STEPS[np.abs(np.log((size / power).to_numpy()[:, None] / STEPS)).argmin(axis=1)]
    return (np.sign(values) * steps * power).where(values.abs() >= 0.5, 0.0).where(values.notna()).round(6)


def from_the_middle(features: pd.DataFrame, labels: pd.Series, *, columns: Sequence[str]) -> pd.Series:
    """Measure how far each customer is from the middle of their segment, mean squared over what is known of them."""
    scale = fit_scale(features, columns=columns)
    z = pd.DataFrame(scale.standardise(features), index=features.index)
    return ((z - z.groupby(labels).transform("median")) ** 2).mean(axis=1).round(9).fillna(np.inf)


def nearest(coarse: pd.DataFrame, far: pd.Series, *, each: int, min_group: int) -> pd.DataFrame:
    """Choose the nearest whose rounded values at least `min_group` share; the last values are left out till then."""
    for kept in range(coarse.shape[1], 0, -1):
        names = list(coarse.columns[:kept])
        groups = coarse.groupby(names, dropna=False)
        sizes = groups[names[0]].transform("size")
        order = far[sizes >= min_group].sort_values(kind="stable").index
        chosen = coarse.loc[order, names].drop_duplicates().head(each)
        if len(chosen):
            return chosen.reindex(columns=coarse.columns)
    return coarse.iloc[:0]


def typical_table(typical: pd.DataFrame, *, money: str) -> pd.DataFrame:
    """Set typical customers out for a page: no id and no pseudonym, values in words.

    Returns
    -------
    DataFrame: segment, who, then one column a feature; a dash where too few share the value
    """
    told = {
        feature_name(name): typical[name].map(
            lambda value, name=name: f"about {value_in_words(name, value, money=money)}", na_action="ignore"
        )
        for name in typical.columns.drop(["segment", "name", "who"])
    }
    table = pd.DataFrame({"segment": typical["name"], "who": typical["who"], **told})
    return table.reset_index(drop=True)


def pseudonymous(typical: pd.DataFrame, *, key: bytes) -> pd.DataFrame:
    """Put pseudonyms in place of customer ids, for the run's own folder.

    Parameters
    ----------
    typical : see `typical_customers`
    key : the run's secret, see `privacy.pseudonym_key`
    """
    table = typical.reset_index(drop=True)
    table.insert(0, "pseudonym", pseudonym(typical.index, key=key))
    return table
