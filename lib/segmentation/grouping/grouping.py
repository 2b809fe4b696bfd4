"""One way to call every algorithm."""

from collections.abc import Callable

import numpy as np

from segmentation.agreement import drawn_sample
from segmentation.grouping import centroids, density, tree
from segmentation.grouping.algorithms import ALGORITHMS
from segmentation.grouping.groups import Grouping, grouped, require_prepared
from segmentation.grouping.mixture import mixture
from segmentation.grouping.placing import Fit
from segmentation.problems import DataProblem, some

FIRST_LOOK = 5_000


def group(prepared: np.ndarray, *, algorithm: str = "k-means", k: int, seed: int, starts: int = 5) -> Grouping:
    """Put customers into groups.

    Parameters
    ----------
    prepared : shape (customers, columns), without missing values
    algorithm : one of `ALGORITHMS`
    k : number of groups; algorithms that choose their own ignore it and say so in the facts
    seed : of starts and of the sample that an algorithm is fitted on when it can't hold everyone
    starts : how often an algorithm that depends on its start begins anew; the best is kept

    Raises
    ------
    DataProblem
        There is no such algorithm, k is not from 1 to the number of different customers, or a value is missing.

    Source
    ------
    docs/decisions/0018-algorithms.md
    """
    require_algorithm(algorithm)
    require_prepared(prepared)
    described = ALGORITHMS[algorithm]
    if described.takes_k:
        require_distinct(prepared, k=k)
    seen = prepared[drawn_sample(len(prepared), described.sees(len(prepared)), seed=seed)]
    fit = FITS[algorithm](seen, k, seed=seed, starts=starts)
    return grouped(prepared, fit, algorithm=algorithm, fitted_on=len(seen))


def require_algorithm(name: str) -> None:
    """Require the name of an algorithm."""
    if name not in ALGORITHMS:
        raise DataProblem(f"`algorithm` must be one of {', '.join(ALGORITHMS)}; got {some([name])}.")


def require_distinct(prepared: np.ndarray, *, k: int) -> None:
    """Require a number of groups that the customers are different enough for; a first look mostly tells."""
    if 1 <= k <= len(np.unique(prepared[:FIRST_LOOK], axis=0)):
        return
    distinct = len(np.unique(prepared, axis=0))
    if not 1 <= k <= distinct:
        raise DataProblem(f"`k` must be between 1 and the {distinct:,} different customers; got {k}.")


FITS: dict[str, Callable[..., Fit]] = {
    "k-means": centroids.plain,
    "mini-batch k-means": centroids.in_batches,
    "bisecting k-means": centroids.by_halves,
    "gaussian mixture": mixture,
    "ward": tree.ward,
    "average": tree.average,
    "complete": tree.complete,
    "dbscan": density.dbscan,
    "hdbscan": density.hdbscan,
}
