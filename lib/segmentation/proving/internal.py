"""How clearly do the segments part? The field's internal measures, per segment and in all, with how to read each."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from segmentation.agreement import drawn_sample
from segmentation.choosing.measures import SILHOUETTE_SAMPLE
from segmentation.choosing.silhouettes import apart, distances_between, silhouette_widths
from segmentation.cluster import Segmentation
from segmentation.grouping.groups import means_of
from segmentation.grouping.rules import RuleSegmentation

ALL = "all"
BY_RULES = "Rules go by limits and not by distances, so how clearly their segments part is not measured."
EACH_ALONE = "Every customer is a segment, so there is nobody to be near to."
ONE = "All customers are one group, so there is nothing to part from."
MEASURES = ("silhouette", "davies_bouldin", "calinski_harabasz", "within", "between")
POINTS = 100  # of the curve that stands for a segment's silhouettes, so that no customer's own value is shown

HOW_TO_READ = {
    "silhouette": "1 well inside the own segment, 0 on the border, below 0 nearer to another; in the cloud that "
    "customers usually form 0.2 to 0.4 is normal.",
    "davies_bouldin": "how wide a segment and the neighbour most like it are, as a share of the distance between their "
    "middles; lower parts better, below 1 they hardly overlap.",
    "calinski_harabasz": "how far the segments' middles are apart against how wide the segments are; higher parts "
    "better, and only numbers for the same customers can be compared. It is a measure of all segments at once.",
    "within": "mean distance of two customers of the segment, in standard deviations of the prepared features; lower "
    "means more alike.",
    "between": "mean distance of a customer of the segment and one of another; a segment is worth its name if this is "
    "clearly more than the distance within.",
}


@dataclass(frozen=True)
class Internal:
    """How clearly segments part.

    Attributes
    ----------
    table : indexed by segment (int from 0) and "all": silhouette, davies_bouldin, calinski_harabasz (all only), within,
        between; missing where not defined
    widths : one row a customer measured: segment, silhouette; no row where nothing is measured
    customers : on whom silhouette and distances are measured; of : all there are
    why_not : why nothing is measured, in words; empty when it is
    """

    table: pd.DataFrame
    widths: pd.DataFrame
    customers: int
    of: int
    why_not: str = ""


def internal_measures(segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame, *, seed: int) -> Internal:
    """Measure how well segments part, each and all together.

    Parameters
    ----------
    segmentation : fitted
    features : one row a customer, raw
    seed : of the sample on which silhouette and distances are measured when there are more than 2,500 customers

    Source
    ------
    Rousseeuw (1987); Davies & Bouldin, A cluster separation measure, IEEE PAMI 1 (1979); Calinski & Harabasz, A
    dendrite method for cluster analysis, Communications in Statistics 3 (1974)
    """
    index = pd.Index([*range(segmentation.k), ALL], name="segment")
    why_not = nothing_to_measure(segmentation, customers=len(features))
    if why_not:
        empty = pd.DataFrame(np.nan, index=index, columns=[*MEASURES])
        return Internal(empty, pd.DataFrame(columns=["segment", "silhouette"]), 0, len(features), why_not)
    prepared = segmentation.prepared(features)
    labels = segmentation.grouping.assign(prepared)
    sample = drawn_sample(len(prepared), SILHOUETTE_SAMPLE, seed=seed)
    near, widths = distances_of(prepared[sample], labels[sample], of=len(prepared))
    table = near.reindex(index)
    parts = 2 <= len(np.unique(labels)) < len(labels)
    if parts:
        table["davies_bouldin"] = davies_bouldin(prepared, labels).reindex(index)
        table.loc[ALL, "davies_bouldin"] = davies_bouldin_score(prepared, labels)
        table.loc[ALL, "calinski_harabasz"] = calinski_harabasz_score(prepared, labels)
    return Internal(table.reindex(columns=[*MEASURES]), widths, len(sample), len(prepared))


def nothing_to_measure(segmentation: Segmentation | RuleSegmentation, *, customers: int) -> str:
    """Say why no distance tells anything; empty when one does."""
    if segmentation.k < 2:
        return ONE
    if isinstance(segmentation, RuleSegmentation):
        return BY_RULES
    return EACH_ALONE if segmentation.k >= customers else ""


def distances_of(prepared: np.ndarray, labels: np.ndarray, *, of: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure silhouettes and mean distances of each segment and of all.

    Parameters
    ----------
    prepared, labels : of the customers measured, shapes (customers, columns) and (customers,)
    of : customers of whom these are a sample

    Returns
    -------
    DataFrame indexed by segment and "all": silhouette, within, between; and one row a customer: segment, silhouette
    """
    far = distances_between(prepared)
    groups, places = np.unique(labels, return_inverse=True)
    sizes = np.bincount(places)
    total = (far @ np.eye(len(groups), dtype="float32")[places]).astype("float64")
    values = silhouette_widths(total, places, sizes)
    widths = pd.DataFrame({"segment": labels, "silhouette": values if len(values) else np.nan})
    to_each = np.column_stack([np.bincount(places, weights=column) for column in total.T])
    own, others = np.diag(to_each), to_each.sum(axis=1) - np.diag(to_each)
    pairs_own, pairs_others = sizes * (sizes - 1), sizes * (len(labels) - sizes)
    table = pd.DataFrame(
        {
            "silhouette": widths.groupby("segment")["silhouette"].mean(),
            "within": np.divide(own, pairs_own, out=np.full(len(groups), np.nan), where=pairs_own > 0),
            "between": np.divide(others, pairs_others, out=np.full(len(groups), np.nan), where=pairs_others > 0),
        }
    )
    together = apart(far, labels, of=of)
    table.loc[ALL] = [together.silhouette, together.within, together.between]
    return table, widths


def davies_bouldin(prepared: np.ndarray, labels: np.ndarray) -> pd.Series:
    """Measure each segment's likeness to the neighbour most like it; their mean is the Davies-Bouldin index.

    Parameters
    ----------
    prepared, labels : shapes (customers, columns) and (customers,)

    Examples
    --------
    >>> davies_bouldin(np.array([[0.0], [2.0], [7.0], [9.0]]), np.array([0, 0, 1, 1])).round(4).to_list()
    [0.2857, 0.2857]
    """
    groups, places = np.unique(labels, return_inverse=True)
    middles = means_of(prepared, places)
    to_middle = np.linalg.norm(prepared - middles[places], axis=1)
    spread = np.bincount(places, weights=to_middle) / np.bincount(places)
    between = cdist(middles, middles)
    likeness = np.divide(spread[:, None] + spread, between, out=np.zeros_like(between), where=between > 0)
    return pd.Series(likeness.max(axis=1), index=groups)


# --- what the notebook shows

WORDS = {
    "silhouette": "silhouette",
    "davies_bouldin": "Davies–Bouldin",
    "calinski_harabasz": "Calinski–Harabasz",
    "within": "distance within",
    "between": "distance to others",
}
INTERNAL_FORMATS = {"Calinski–Harabasz": "{:,.0f}"}


def internal_table(internal: Internal, segments: pd.DataFrame) -> pd.DataFrame:
    """Set the measures out for reading, one row a segment and one for all.

    Parameters
    ----------
    internal : see `internal_measures`
    segments : one row a customer: segment, name

    Returns
    -------
    DataFrame: segment (its name), customers, and the measures by their words; see `INTERNAL_FORMATS`
    """
    names, sizes = segments.groupby("segment")["name"].first(), segments["segment"].value_counts()
    table = internal.table.rename(columns=WORDS)
    table.insert(0, "customers", [sizes.get(label, 0) if label != ALL else len(segments) for label in table.index])
    table.insert(0, "name", [names.get(label, label) for label in table.index])
    return table.rename(columns={"name": "segment"}).reset_index(drop=True)


def how_to_read(internal: Internal) -> str:
    """Word the notes below the table: how to read each measure, on whom it was measured, or why there is none."""
    if internal.why_not:
        return internal.why_not
    notes = " ".join(f"{WORDS[name][0].upper()}{WORDS[name][1:]}: {words}" for name, words in HOW_TO_READ.items())
    if internal.customers < internal.of:
        return f"{notes} Silhouette and distances on {internal.customers:,} of {internal.of:,} customers, by chance."
    return notes


def silhouette_curves(internal: Internal, segments: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Turn each segment's silhouettes into a curve of so many points, lowest first; small segments are left out.

    Returns
    -------
    DataFrame, one row a point: segment, name, share (of the segment's customers, 0 to 1), silhouette, customers (of
    the segment, measured)
    """
    names = segments.groupby("segment")["name"].first()
    at = (np.arange(POINTS) + 0.5) / POINTS
    parts = [
        pd.DataFrame(
            {
                "segment": segment,
                "name": names.get(segment, str(segment)),
                "share": at,
                "silhouette": np.quantile(of["silhouette"], at),
                "customers": len(of),
            }
        )
        for segment, of in internal.widths.groupby("segment")
        if len(of) >= min_group
    ]
    columns = ["segment", "name", "share", "silhouette", "customers"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
