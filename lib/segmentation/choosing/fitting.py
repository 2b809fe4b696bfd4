"""One fit and its refits, whatever the algorithm; k-means is called directly, because it is called often."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

THREADS = ThreadpoolController()
K_MEANS = "k-means"


@dataclass(frozen=True)
class Fit:
    """A grouping of customers, and what gives others their group.

    Attributes
    ----------
    labels : shape (customers,), int from 0
    assign : gives each row of an array of shape (any, columns) its label
    facts : what the algorithm tells of itself, such as "bic"
    """

    labels: np.ndarray
    assign: Callable[[np.ndarray], np.ndarray]
    facts: dict[str, object]


def fit_groups(
    prepared: np.ndarray, *, algorithm: str, k: int, seed: int, starts: int, weights: np.ndarray | None = None
) -> Fit:
    """Fit one algorithm once.

    Parameters
    ----------
    prepared : shape (customers, columns)
    algorithm : see `grouping.ALGORITHMS`
    k : number of groups; what finds its own number of groups takes no notice
    seed, starts : of the fit
    weights : how often each customer counts, shape (customers,); k-means alone takes them
    """
    if algorithm == K_MEANS:
        return fit_k_means(prepared, k=k, seed=seed, starts=starts, weights=weights)
    from segmentation.grouping import group  # costs a second, and k-means does without

    grouping = group(prepared, algorithm=algorithm, k=k, seed=seed, starts=starts)
    return Fit(np.asarray(grouping.labels), grouping.assign, dict(grouping.facts))


def fit_k_means(prepared: np.ndarray, *, k: int, seed: int, starts: int, weights: np.ndarray | None = None) -> Fit:
    """Fit k-means on one thread; see docs/decisions/0011-threads.md.

    Customers drawn again may be fewer kinds than k: that the fit then finds fewer groups shows in its agreement, and
    needs no warning.
    """
    with THREADS.limit(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = KMeans(k, n_init=starts, random_state=seed).fit(prepared, sample_weight=weights)
    return Fit(model.labels_, lambda others: nearest(others, model.cluster_centers_), {})


def nearest(prepared: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Find the nearest centre of each row.

    Examples
    --------
    >>> nearest(np.array([[0.0], [4.0]]), np.array([[5.0], [1.0]])).tolist()
    [1, 0]
    """
    return ((centres**2).sum(axis=1) - 2 * prepared @ centres.T).argmin(axis=1)
