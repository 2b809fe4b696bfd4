"""Distances between customers, measured once for all numbers of groups."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist


@dataclass(frozen=True)
class Apart:
    """How far customers of a grouping are apart.

    Attributes
    ----------
    silhouette : -1 to 1, mean over customers; error : its standard error as far as only a sample was measured
    within, between : mean distance of two customers of the same group, and of different groups
    """

    silhouette: float
    error: float
    within: float
    between: float


def distances_between(prepared: np.ndarray) -> np.ndarray:
    """Measure the distance of each customer to each other one, shape (customers, customers)."""
    return cdist(prepared, prepared).astype("float32")


def apart(distances: np.ndarray, labels: np.ndarray, *, of: int) -> Apart:
    """Measure silhouette and mean distances of a grouping.

    Parameters
    ----------
    distances : see `distances_between`
    labels : int from 0, shape (customers,)
    of : customers of whom these are a sample

    Source
    ------
    Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20 (1987)
    """
    groups, labels = np.unique(labels, return_inverse=True)
    sizes = np.bincount(labels)
    total = (distances @ np.eye(len(groups), dtype="float32")[labels]).astype("float64")
    own = total[np.arange(len(labels)), labels]
    pairs_within = (sizes * (sizes - 1)).sum()
    pairs_between = len(labels) * (len(labels) - 1) - pairs_within
    widths = silhouette_widths(total, labels, sizes)
    left_out = max(0.0, 1 - len(labels) / of)
    return Apart(
        silhouette=widths.mean() if len(widths) else np.nan,
        error=widths.std() / np.sqrt(len(labels)) * np.sqrt(left_out) if len(widths) else np.nan,
        within=own.sum() / pairs_within if pairs_within else np.nan,
        between=(total.sum() - own.sum()) / pairs_between if pairs_between else np.nan,
    )


def silhouette_widths(total: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Measure each customer's silhouette; none where there is a single group, or a group for each customer.

    Parameters
    ----------
    total : sum of distances to each group's customers, shape (customers, groups)
    labels, sizes : each customer's group, each group's size
    """
    if not 2 <= len(sizes) < len(labels):
        return np.array([])
    places = np.arange(len(labels))
    inside = total[places, labels] / np.maximum(sizes[labels] - 1, 1)
    means = total / sizes
    means[places, labels] = np.inf
    outside = means.min(axis=1)
    wider = np.maximum(inside, outside)
    widths = np.divide(outside - inside, wider, out=np.zeros(len(labels)), where=wider > 0)
    return np.where(sizes[labels] > 1, widths, 0.0)
