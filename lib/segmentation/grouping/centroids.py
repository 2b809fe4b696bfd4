"""k-means and its relatives: every group has a centre, and customers belong to the nearest."""

import warnings

import numpy as np
from sklearn.base import ClusterMixin
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

from segmentation.grouping.placing import Fit, NearestCentre

THREADS = ThreadpoolController()
MANY_CUSTOMERS = 100_000
BATCH = 4_096


def k_means(prepared: np.ndarray, k: int, *, starts: int, seed: int) -> KMeans:
    """Fit k-means from several starts; see `fitted`."""
    return fitted(KMeans(k, n_init=starts, random_state=seed), prepared)


def fitted(model: ClusterMixin, prepared: np.ndarray) -> ClusterMixin:
    """Fit a model on one thread while customers are few.

    Small tables use one thread: OpenMP's threads wait for each other at every step, which costs more than they bring
    and, beside another busy process, many times as much. Customers drawn again may be fewer kinds than k: that the fit
    then finds fewer segments shows in its agreement, and needs no warning.
    """
    threads = 1 if len(prepared) < MANY_CUSTOMERS else None
    with THREADS.limit(limits=threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(prepared)


def plain(prepared: np.ndarray, k: int, *, seed: int, starts: int) -> Fit:
    """Find groups by k-means."""
    model = k_means(prepared, k, starts=starts, seed=seed)
    return Fit(NearestCentre(model.cluster_centers_))


def in_batches(prepared: np.ndarray, k: int, *, seed: int, starts: int) -> Fit:
    """Find groups by k-means on a few thousand customers at a time; so few make no batch, and are fitted at once."""
    if len(prepared) <= BATCH:
        fit = plain(prepared, k, seed=seed, starts=starts)
        return Fit(
            fit.placement, facts={"batch": f"All {len(prepared):,} customers fit in one batch: this is k-means."}
        )
    model = MiniBatchKMeans(k, n_init=starts, random_state=seed, batch_size=BATCH)
    return Fit(NearestCentre(fitted(model, prepared).cluster_centers_), facts={"batch": BATCH})


def by_halves(prepared: np.ndarray, k: int, *, seed: int, starts: int) -> Fit:
    """Find groups by cutting the one with the largest distances in two, until there are k."""
    model = BisectingKMeans(k, n_init=starts, random_state=seed, init="k-means++")
    return Fit(NearestCentre(fitted(model, prepared).cluster_centers_))
