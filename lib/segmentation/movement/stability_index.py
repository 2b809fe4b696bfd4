"""The population stability index of one feature between two groups of customers, and how far chance alone moves it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

BINS = 10
FEWEST = 30  # customers on either side, below which nothing is measured
GRAIN = 1_000  # values nearer than this part of the middle nine tenths count as the same


@dataclass(frozen=True)
class StabilityIndex:
    """How far shares in bins have shifted.

    Attributes
    ----------
    value : population stability index less what chance alone makes of it, so about 0 where nothing has shifted; missing
        where it is not measured
    free : bins less one; by_chance : 1/n + 1/m, see `stability_index`
    """

    value: float
    free: int
    by_chance: float

    def error_at(self, shift: float) -> float:
        """Tell the standard error that the value would have if the true shift were so large."""
        return float(np.sqrt(2 * self.free * self.by_chance**2 + 4 * max(shift, 0.0) * self.by_chance))


NOT_MEASURED = StabilityIndex(np.nan, 0, np.nan)


def stability_index(first: pd.Series, second: pd.Series) -> StabilityIndex:
    """Measure how far one feature of customers has shifted; of numbers in tenths of the first, of words by word.

    Where nothing has shifted and the customers are others, the index is about (1/n + 1/m) times a chi-squared variable
    with a degree of freedom less than there are bins. Its mean is taken off. Where the customers are partly the same
    ones, chance moves it less.

    Parameters
    ----------
    first, second : one value a customer, missing where not known, which is a bin of its own

    Source
    ------
    Yurdakul and Naranjo, Statistical properties of the population stability index, Journal of Risk Model Validation 14
    (2020); docs/decisions/0027-movement-and-drift.md

    Examples
    --------
    >>> values = pd.Series(range(1000), dtype=float)
    >>> [round(stability_index(values, values + more).value, 2) for more in (0, 100)]
    [-0.02, 0.58]
    """
    if min(len(first), len(second)) < FEWEST:
        return NOT_MEASURED
    counts = counts_by_bin(first, second) if pd.api.types.is_numeric_dtype(first) else counts_by_word(first, second)
    return index_of_counts(counts)


def index_of_counts(counts: np.ndarray) -> StabilityIndex:
    """Measure how far counts have shifted between two groups, shape (bins, 2); see `stability_index`.

    Half a customer is added to each bin, so that an empty one does not weigh infinitely.
    """
    used = counts[counts.sum(axis=1) > 0] + 0.5
    by_chance = (1 / counts.sum(axis=0)).sum()
    first, second = (used / used.sum(axis=0)).T
    raw = float(((second - first) * np.log(second / first)).sum())
    free = len(used) - 1
    return StabilityIndex(raw - free * float(by_chance), free, float(by_chance))


def counts_by_bin(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Count customers by tenths of the first, and those whose value is missing last, shape (bins, 2).

    Examples
    --------
    >>> counts_by_bin(pd.Series([1.0, 2.0, 3.0, 4.0]), pd.Series([1.0, 1.0, 9.0, None])).tolist()
    [[1, 2], [1, 0], [1, 0], [1, 0], [0, 1], [0, 1]]
    """
    parts = [part.dropna().to_numpy(dtype="float64") for part in (first, second)]
    low, high = np.quantile(parts[0], [0.05, 0.95]) if len(parts[0]) else (0.0, 1.0)
    grain = (high - low or 1.0) / GRAIN
    parts = [np.round(part / grain) for part in parts]
    ends = np.quantile(parts[0], np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf") if len(parts[0]) else []
    edges = np.unique(ends)
    counts = [np.bincount(np.searchsorted(edges, part, side="left"), minlength=len(edges) + 1) for part in parts]
    return np.vstack([np.column_stack(counts), [first.isna().sum(), second.isna().sum()]])


def counts_by_word(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Count customers by word, a missing one being one as well, shape (words, 2)."""
    counts = [part.value_counts(dropna=False) for part in (first, second)]
    return pd.concat(counts, axis=1).fillna(0).to_numpy(dtype="float64")
