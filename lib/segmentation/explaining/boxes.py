"""Boxes: up to three bounds on features that hold as many as possible of some customers and few of the others.

Values are codes: code j of a feature means that the value is at least its j-th threshold and below the next one.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

Box = Mapping[int, tuple[int, int]]
BEAM = 4
MOST_BOUNDS = 3


def readable(values: np.ndarray, *, digits: int = 2) -> np.ndarray:
    """Round to two significant digits.

    Examples
    --------
    >>> readable(np.array([0.0, 0.1234, 5678.0])).tolist()
    [0.0, 0.12, 5700.0]
    """
    size = np.floor(np.log10(np.where(values == 0, 1.0, np.abs(values))))
    return np.array([round(float(value), int(digits - 1 - place)) for value, place in zip(values, size, strict=True)])


def thresholds(values: np.ndarray, *, bins: int) -> np.ndarray:
    """Choose readable thresholds of one feature, about as many customers between one and the next; whole where it is.

    Examples
    --------
    >>> thresholds(np.array([1.0, 1.0, 2.0, 3.0, np.nan]), bins=4).tolist()
    [2.0, 3.0]
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return np.array([])
    cuts = readable(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
    cuts = np.unique(np.ceil(cuts) if (known == np.round(known)).all() else cuts)
    return cuts[(cuts > known.min()) & (cuts <= known.max())]


def codes(values: np.ndarray, cuts: Sequence[np.ndarray]) -> np.ndarray:
    """Tell between which thresholds each value lies; an unknown one lies beyond all, where no bound holds.

    Parameters
    ----------
    values : shape (customers, features)
    cuts : thresholds by feature
    """
    coded = [
        np.where(np.isnan(column), len(cut) + 1, np.searchsorted(cut, column, side="right"))
        for column, cut in zip(values.T, cuts, strict=True)
    ]
    return np.stack(coded, axis=1)


def inside(coded: np.ndarray, box: Box) -> np.ndarray:
    """Tell who is in a box."""
    held = np.ones(len(coded), dtype=bool)
    for feature, (low, high) in box.items():
        held &= (coded[:, feature] >= low) & (coded[:, feature] <= high)
    return held


def bounds(box: Box, places: Sequence[int]) -> int:
    """Count the bounds of a box; `places` are the numbers of codes by feature."""
    return sum((low > 0) + (high < places[feature] - 1) for feature, (low, high) in box.items())


def best_box(coded: np.ndarray, weights: np.ndarray, places: Sequence[int]) -> tuple[float, Box]:
    """Search the box whose customers' weights add up to most, by adding one bound at a time to the best few.

    Returns
    -------
    the sum, and the box; an empty one holds everybody
    """
    best: tuple[float, Box] = (float(weights.sum()), {})
    frontier = [best]
    for _ in range(MOST_BOUNDS):
        found = {tuple(sorted(box.items())): total for _, start in frontier for total, box in
                 tighter(coded, weights, places, start)}  # fmt: skip
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:BEAM]
        frontier = [(total, dict(box)) for box, total in ranked]
        if frontier and frontier[0][0] > best[0] + 1e-9:
            best = frontier[0]
    return best


def tighter(
    coded: np.ndarray, weights: np.ndarray, places: Sequence[int], box: Box
) -> list[tuple[float, dict[int, tuple[int, int]]]]:
    """Add the best further bound to a box, one proposal a feature."""
    held = inside(coded, box)
    within, weighing = coded[held], weights[held]
    proposals = []
    for feature, count in enumerate(places):
        allowed = open_sides(count, *box.get(feature, (0, count - 1)))
        if not allowed.any():
            continue
        sums = np.bincount(within[:, feature], weights=weighing, minlength=count + 1)[:count].cumsum()
        sums = np.concatenate([[0.0], sums])
        totals = np.where(allowed, sums[None, 1:] - sums[:-1, None], -np.inf)
        low, high = divmod(int(totals.argmax()), count)
        proposals.append((float(totals[low, high]), {**box, feature: (low, high)}))
    return proposals


@cache
def open_sides(count: int, low: int, high: int) -> np.ndarray:
    """Tell which (low, high) add one bound to a feature that has none or one; none do where it has both.

    Examples
    --------
    >>> open_sides(3, 0, 2).astype(int).tolist()
    [[1, 1, 0], [0, 0, 1], [0, 0, 1]]
    >>> open_sides(3, 1, 2).astype(int).tolist()
    [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    """
    allowed = np.zeros((count, count), dtype=bool)
    if low == 0:
        allowed[1 : high + 1, high] = True
    if high == count - 1:
        allowed[low, low:high] = True
    return allowed
