"""Groups by density: crowds of any shape, parted by emptier space; who stands in none is noise."""

import warnings

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.cluster import HDBSCAN
from sklearn.neighbors import NearestNeighbors

from segmentation.grouping.centroids import fitted
from segmentation.grouping.knee import knee
from segmentation.grouping.placing import Fit, NearestCentre, NearestCore

FEWEST_NEIGHBOURS = 10
MOST_CORES = 5_000
CORES_OF_A_GROUP = 200
MOST_GROUPS = 12
SMALLEST = 0.05
FRONTIER = 256
POINTS = 200
NOISE = -1


def neighbours_for(prepared: np.ndarray) -> int:
    """Count who must stand near, oneself included, to make a crowd: twice the features, ten at least.

    With fewer the knee of the curve follows single customers: on two moons it was missed in four draws of six.

    Source
    ------
    Sander and others, Density-based clustering in spatial databases, Data Mining and Knowledge Discovery 2 (1998)
    """
    return min(len(prepared), max(FEWEST_NEIGHBOURS, 2 * prepared.shape[1]))


def smallest_for(prepared: np.ndarray) -> int:
    """Count the customers that a crowd must have to be a group: a share of all, and at least its neighbours."""
    return max(neighbours_for(prepared), round(SMALLEST * len(prepared)))


def dbscan(prepared: np.ndarray, k: int, *, seed: int, starts: int) -> Fit:
    """Find crowds within a radius that the curve of distances tells.

    Memory stays bounded, which scikit-learn's DBSCAN does not promise: it lists all neighbours of everybody at once.

    Parameters
    ----------
    prepared : shape (customers, columns)
    k : ignored, and the facts say so
    seed : of the core customers that are kept
    starts : not used

    Returns
    -------
    Fit, whose facts are
        radius; neighbours : see `neighbours_for`; smallest : customers that a crowd must have to be a group; curve :
        see `curve_of`; own_k : that k is ignored; found : in words
    """
    neighbours = neighbours_for(prepared)
    reach = distance_to_neighbour(prepared, neighbours=neighbours)
    ascending = np.sort(reach)
    radius = float(ascending[knee(ascending)])
    cores = reach <= radius
    labels = np.full(len(prepared), NOISE)
    labels[cores] = crowds(prepared[cores], radius=radius)
    smallest = smallest_for(prepared)
    labels = largest(labels, smallest=smallest)
    facts = {"radius": radius, "neighbours": neighbours, "smallest": smallest, "curve": curve_of(ascending)}
    noise = share_beyond(prepared, prepared[labels != NOISE], radius=radius)
    return by_cores(prepared, labels, noise=noise, k=k, seed=seed, facts=facts)


def hdbscan(prepared: np.ndarray, k: int, *, seed: int, starts: int) -> Fit:
    """Find crowds that stay together while the demanded density rises, each of at least 5 % of the customers.

    Parameters
    ----------
    prepared, k, seed, starts : see `dbscan`

    Returns
    -------
    Fit, whose facts are
        neighbours : see `neighbours_for`; smallest : customers that a group must have; own_k; found : in words
    """
    neighbours = neighbours_for(prepared)
    smallest = smallest_for(prepared)
    facts = {"neighbours": neighbours, "smallest": smallest}
    labels = np.full(len(prepared), NOISE)
    if len(prepared) >= 2 * smallest:
        with warnings.catch_warnings(), np.errstate(divide="ignore"):  # customers alike are infinitely dense
            warnings.simplefilter("ignore", RuntimeWarning)
            model = HDBSCAN(min_cluster_size=smallest, min_samples=neighbours, copy=True)
            labels = largest(fitted(model, prepared).labels_, smallest=smallest)
    return by_cores(prepared, labels, noise=float((labels == NOISE).mean()), k=k, seed=seed, facts=facts)


def distance_to_neighbour(prepared: np.ndarray, *, neighbours: int) -> np.ndarray:
    """Measure how far each customer's last of so many neighbours stands, oneself counted as the first."""
    model = fitted_neighbours(prepared, neighbours=neighbours)
    return model.kneighbors(prepared)[0][:, -1]


def fitted_neighbours(prepared: np.ndarray, *, neighbours: int) -> NearestNeighbors:
    """Arrange customers so that neighbours are found."""
    return fitted(NearestNeighbors(n_neighbors=neighbours), prepared)


def crowds(cores: np.ndarray, *, radius: float) -> np.ndarray:
    """Give all cores that a chain of steps within the radius connects the same number.

    Each crowd grows from its first member by whoever is in reach; each core is asked once, a few hundred at a time.

    Returns
    -------
    int from 0, shape (cores,)
    """
    labels = np.full(len(cores), NOISE)
    crowd = 0
    waiting = np.arange(len(cores))
    while len(waiting):
        frontier, waiting = waiting[:1], waiting[1:]
        while len(frontier):
            asked, frontier = frontier[:FRONTIER], frontier[FRONTIER:]
            labels[asked] = crowd
            near = (cdist(cores[asked], cores[waiting]) <= radius).any(axis=0)
            frontier, waiting = np.concatenate([frontier, waiting[near]]), waiting[~near]
        crowd += 1
    return labels


def largest(labels: np.ndarray, *, smallest: int) -> np.ndarray:
    """Number crowds by their size and keep the twelve largest that are large enough; all others become noise."""
    numbers, sizes = np.unique(labels[labels != NOISE], return_counts=True)
    order = numbers[np.argsort(-sizes, kind="stable")]
    kept = order[: min(MOST_GROUPS, (sizes >= smallest).sum())]
    renamed = np.full(len(labels), NOISE)
    for place, number in enumerate(kept):
        renamed[labels == number] = place
    return renamed


def by_cores(
    prepared: np.ndarray, labels: np.ndarray, *, noise: float, k: int, seed: int, facts: dict[str, object]
) -> Fit:
    """Place everyone with the nearest member of a crowd; all are one group where there are fewer than two crowds."""
    found = int(labels.max()) + 1
    inside = labels != NOISE
    facts |= {"own_k": own_k_in_words(found, k=k), "found": found_in_words(found, noise=noise)}
    if found < 2:
        return Fit(NearestCentre(prepared.mean(axis=0, keepdims=True)), noise, facts)
    cores, groups = prepared[inside], labels[inside]
    kept = some_of_each(groups, seed=seed)
    return Fit(NearestCore(cores[kept], groups[kept]), noise, facts)


def own_k_in_words(found: int, *, k: int) -> str:
    """Say that the algorithm chooses the number of groups."""
    return f"The number of groups, {max(found, 1)}, is the algorithm's own; `k` asks for {k}, which it can't be told."


def found_in_words(found: int, *, noise: float) -> str:
    """Say what crowds there are."""
    if found == 0:
        return "There is no crowd, only noise: everybody is put in one group."
    if found == 1:
        return f"There is one crowd, and {noise:.1%} of the customers stand outside: everybody is put in one group."
    return f"There are {found} crowds; {noise:.1%} of the customers stand outside and go with the nearest."


def some_of_each(groups: np.ndarray, *, seed: int) -> np.ndarray:
    """Draw the cores that are kept, at most 5,000 or 200 a group: a newcomer is compared with each of them.

    Returns
    -------
    Places of the cores kept, in ascending order
    """
    if len(groups) <= MOST_CORES:
        return np.arange(len(groups))
    shuffled = np.random.default_rng(seed).permutation(len(groups))
    share = MOST_CORES / len(groups)
    sizes = np.bincount(groups)
    most = np.maximum(CORES_OF_A_GROUP, np.floor(share * sizes))
    ranks = pd.Series(shuffled).groupby(groups[shuffled]).cumcount().to_numpy()
    return np.sort(shuffled[ranks < most[groups[shuffled]]])


def share_beyond(prepared: np.ndarray, cores: np.ndarray, *, radius: float) -> float:
    """Measure the share of customers from whom no core is within the radius."""
    if not len(cores):
        return 1.0
    nearest = fitted_neighbours(cores, neighbours=1).kneighbors(prepared)[0][:, 0]
    return float((nearest > radius).mean())


def curve_of(ascending: np.ndarray) -> pd.DataFrame:
    """Take points of the curve of distances for drawing, 200 at most.

    Returns
    -------
    DataFrame, one row a point, ascending: share (of customers whose distance is at most), distance
    """
    places = np.unique(np.linspace(0, len(ascending) - 1, POINTS).round().astype(int))
    return pd.DataFrame({"share": (places + 1) / len(ascending), "distance": ascending[places]})
