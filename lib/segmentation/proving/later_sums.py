"""Sums by day and group, as observed and of customers drawn again: what every later figure and interval is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

DRAWS = 300
MIDDLE = (0.025, 0.975)
FEWEST_DRAWS, MOST_DRAWN = 100, 30_000_000  # draws, and customers in all of them
HELD_AT_ONCE = 4_000_000  # numbers of a batch of draws
MEASURES = ("times", "recent_spend", "later_spend", "later_orders", "came_back")


@dataclass(frozen=True)
class Sums:
    """Sums of what customers did, by day and group.

    Attributes
    ----------
    days : of description, the oldest first; groups : in the order of the second axis but one
    values : shape (1 + draws, days, groups, measures), the first as observed, the others of customers drawn again;
        measures as in `MEASURES`, where times counts the customers who stood in a group on a day
    """

    days: Sequence[object]
    groups: Sequence[object]
    values: np.ndarray

    def of(self, measure: str) -> np.ndarray:
        """Give one measure's sums, shape (1 + draws, days, groups)."""
        return self.values[..., MEASURES.index(measure)]

    def mean(self, measure: str, *, pooled: bool = False) -> np.ndarray:
        """Give the mean a customer, missing with nobody; shape (1 + draws, days, groups), no days when pooled."""
        total, times = self.of(measure), self.of("times")
        if pooled:
            total, times = total.sum(axis=1), times.sum(axis=1)
        return np.divide(total, times, out=np.full(total.shape, np.nan), where=times > 0)


def sums(customers: pd.DataFrame, group: pd.Series, *, seed: int, draws: int = DRAWS) -> Sums:
    """Add up what the customers of each day and group did, and again for customers drawn with replacement.

    A customer who is drawn counts on all days, since what one does on one day tells of the next.

    Parameters
    ----------
    customers : one row a customer and day, indexed by day and customer_id
        recent_spend, later_spend : money; later_orders : int
    group : the same index; rows without a group are left out
    seed, draws : of the customers drawn again
    """
    kept = customers[group.notna().to_numpy()]
    told = group[group.notna()]
    days, day = np.unique(kept.index.get_level_values("day"), return_inverse=True)
    groups, place = np.unique(told.to_numpy(), return_inverse=True)
    who, ids = pd.factorize(kept.index.get_level_values("customer_id"))
    cells = day * len(groups) + place
    shape = (len(days) * len(groups), len(ids))
    values = np.column_stack(
        [np.ones(len(kept)), kept[["recent_spend", "later_spend", "later_orders"]], kept["later_orders"] > 0]
    ).astype("float64")
    tables = [csr_matrix((column, (cells, who)), shape=shape) for column in values.T]
    batches = [np.stack([table @ times for table in tables], axis=-1) for times in drawn_times(len(ids), draws, seed)]
    added = np.concatenate([np.swapaxes(batch, 0, 1) for batch in batches])
    return Sums(list(days), list(groups), added.reshape(1 + draws, len(days), len(groups), len(MEASURES)))


def usual_draws(customers: int) -> int:
    """Choose how often customers are drawn again: `DRAWS` times, and less often where there are so many of them.

    Examples
    --------
    >>> usual_draws(5_000), usual_draws(200_000), usual_draws(1_000_000)
    (300, 150, 100)
    """
    return max(FEWEST_DRAWS, min(DRAWS, MOST_DRAWN // max(1, customers)))


def drawn_times(customers: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Count how often each customer is drawn, in batches that fit in memory; the first column is everybody once.

    Yields
    ------
    Arrays of shape (customers, draws of the batch)
    """
    yield np.ones((customers, 1))
    generator = np.random.default_rng(seed)
    size = max(1, HELD_AT_ONCE // max(1, customers))
    for start in range(0, draws, size):
        batch = np.empty((min(size, draws - start), customers))
        for place in range(len(batch)):
            batch[place] = np.bincount(generator.integers(0, customers, customers), minlength=customers)
        yield batch.T


def interval(drawn: np.ndarray) -> np.ndarray:
    """Give the middle 95 % of what was measured on customers drawn again, along the first axis; shape (2, …).

    Draws in which nobody of a group was drawn tell nothing of it; where none does, the interval is missing.
    """
    empty = np.isnan(drawn).all(axis=0)
    known = np.where(empty, 0.0, drawn)
    return np.where(empty, np.nan, np.nanquantile(known, MIDDLE, axis=0))
