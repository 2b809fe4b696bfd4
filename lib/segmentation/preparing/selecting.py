"""Which prepared columns tell customers apart: selection that asks for no target."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

NOTHING = 1e-9
NEARLY_ALL = 0.98
ALIKE = 0.95
JUDGED_ON = 100_000


@dataclass(frozen=True)
class Selected:
    """What a selection keeps, and why each other column went.

    Attributes
    ----------
    kept : positions of columns, in their order
    dropped : position to the reason, in words
    remark : on the selection as a whole, empty when there is nothing to say
    scores : position to how much the column tells, for selections that measure it
    """

    kept: list[int]
    dropped: dict[int, str] = field(default_factory=dict)
    remark: str = ""
    scores: dict[int, float] = field(default_factory=dict)


def evenly_spaced(values: np.ndarray, *, most: int = JUDGED_ON) -> np.ndarray:
    """Take every n-th row, so that at most so many are left.

    Examples
    --------
    >>> evenly_spaced(np.arange(5), most=2).tolist()
    [0, 3]
    """
    return values[:: max(1, -(-len(values) // most))]


def unless_all(kept: Sequence[int], dropped: dict[int, str], *, fewest: str) -> Selected:
    """Drop columns unless none would be left."""
    if kept:
        return Selected(list(kept), dropped)
    return Selected(sorted(dropped), {}, f"all {len(dropped):,} {fewest}; they stay")


def without_constant(prepared: np.ndarray, places: Sequence[int]) -> Selected:
    """Drop columns in which all customers are alike; when all columns are, they stay, and nothing tells apart.

    Parameters
    ----------
    prepared : shape (customers, all columns)
    places : the columns that are left
    """
    spread = prepared.max(axis=0) - prepared.min(axis=0)
    left = [place for place in places if spread[place] > NOTHING]
    dropped = {place: "the same for everybody" for place in places if spread[place] <= NOTHING}
    return unless_all(left, dropped, fewest="are the same for everybody")


def by_variance(prepared: np.ndarray, places: Sequence[int]) -> Selected:
    """Drop columns in which at least 98 % of the customers have the same value, judged on 100,000 at most.

    A variance of its own would say nothing: scaling has made all of them equal.

    Parameters
    ----------
    prepared : shape (customers, all columns)
    places : the columns that are left
    """
    sample = evenly_spaced(prepared)
    shares = {place: commonest_share(sample[:, place]) for place in places}
    dropped = {place: f"the same for {share:.1%}" for place, share in shares.items() if share >= NEARLY_ALL}
    left = [place for place in places if place not in dropped]
    return unless_all(left, dropped, fewest=f"are the same for at least {NEARLY_ALL:.0%}")


def commonest_share(values: np.ndarray) -> float:
    """Measure the share of the commonest value.

    Examples
    --------
    >>> commonest_share(np.array([0.0, 0.0, 0.0, 1.0]))
    0.75
    """
    return float(np.unique(values, return_counts=True)[1].max() / len(values))


def by_correlation(prepared: np.ndarray, places: Sequence[int], *, names: Sequence[str]) -> Selected:
    """Drop columns that say what an earlier one says: correlated above 0.95, either way.

    Parameters
    ----------
    prepared : shape (customers, all columns)
    places : the columns that are left, none of them constant
    names : of all columns
    """
    correlations = np.atleast_2d(correlation(prepared[:, places]))
    kept: list[int] = []
    dropped: dict[int, str] = {}
    for row, place in enumerate(places):
        partner = next((k for k in kept if abs(correlations[row, k]) > ALIKE), None)
        if partner is None:
            kept.append(row)
        else:
            dropped[place] = f"correlated {correlations[row, partner]:+.2f} with {names[places[partner]]}"
    return Selected([places[row] for row in kept], dropped)


def correlation(values: np.ndarray) -> np.ndarray:
    """Correlate columns; a constant one is correlated with nothing.

    Returns
    -------
    array of shape (columns, columns), -1 to 1
    """
    centred = values - values.mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    centred = centred / np.where(lengths > NOTHING, lengths, np.inf)
    return np.clip(centred.T @ centred, -1, 1)
