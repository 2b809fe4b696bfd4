"""How far two groupings of the same customers agree, and the sample on which it is measured."""

import numpy as np


def shared_customers(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count the customers whom each group of one grouping shares with each group of another, shape (groups, groups).

    Examples
    --------
    >>> shared_customers(np.array([0, 0, 1]), np.array([1, 1, 0])).tolist()
    [[0, 2], [1, 0]]
    """
    groups, others = first.max() + 1, second.max() + 1
    return np.bincount(first * others + second, minlength=groups * others).reshape(groups, others)


def adjusted_rand(shared: np.ndarray) -> float:
    """Measure how far two groupings agree: 1 the same, 0 as by chance; 1 when both are a single group.

    Source
    ------
    Hubert & Arabie, Comparing partitions, Journal of Classification 2 (1985)

    Examples
    --------
    >>> adjusted_rand(np.array([[0, 2], [1, 0]]))
    1.0
    """
    together = pairs(shared).sum()
    rows, columns, everybody = pairs(shared.sum(axis=1)).sum(), pairs(shared.sum(axis=0)).sum(), pairs(shared.sum())
    by_chance = rows * columns / everybody if everybody else 0.0
    most = (rows + columns) / 2
    return 1.0 if most == by_chance else float((together - by_chance) / (most - by_chance))


def pairs(counts: np.ndarray) -> np.ndarray:
    """Count the pairs that so many customers form."""
    counts = np.asarray(counts, dtype="float64")
    return counts * (counts - 1) / 2


def jaccards(shared: np.ndarray) -> np.ndarray:
    """Measure the Jaccard similarity of each group of one grouping with each of another, shape (groups, groups).

    Examples
    --------
    >>> jaccards(np.array([[0, 2, 0], [1, 0, 1]])).tolist()
    [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]
    """
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    return shared / np.maximum(either, 1)


def closest_jaccard(shared: np.ndarray) -> np.ndarray:
    """Measure each group's Jaccard similarity to its closest match in another grouping.

    Source
    ------
    Hennig, Cluster-wise assessment of cluster stability, Computational Statistics and Data Analysis 52 (2007)

    Examples
    --------
    >>> closest_jaccard(np.array([[0, 2, 0], [1, 0, 1]])).tolist()
    [1.0, 0.5]
    """
    return jaccards(shared).max(axis=1)


def agreement_of(first: np.ndarray, second: np.ndarray) -> float:
    """Measure how far two groupings agree by their labels, int from 0; missing where one of them is a single group.

    A single group agrees with anything and nothing; see `adjusted_rand`.

    Examples
    --------
    >>> agreement_of(np.array([0, 0, 1]), np.array([1, 1, 0])), agreement_of(np.array([0, 1]), np.array([0, 0]))
    (1.0, nan)
    """
    shared = shared_customers(first, second)
    several = min((shared.sum(axis=axis) > 0).sum() for axis in (0, 1)) >= 2
    return adjusted_rand(shared) if several else float("nan")


def drawn_sample(customers: int, most: int, *, seed: int) -> np.ndarray:
    """Draw the places of at most so many customers, in rising order; all of them when they are few enough."""
    if customers <= most:
        return np.arange(customers)
    return np.sort(np.random.default_rng(seed).choice(customers, most, replace=False))
