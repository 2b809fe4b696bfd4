"""What one segment fewer and one more would do to the segments that were chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.agreement import drawn_sample, shared_customers
from segmentation.choosing.fitting import fit_groups
from segmentation.choosing.measures import OTHERS, OWN_NUMBER, SAMPLES, STARTS

PART = 0.15  # of a segment's customers, from which leaving it counts as being split


@dataclass(frozen=True)
class Neighbours:
    """The chosen segments beside one fewer and one more.

    Attributes
    ----------
    k : number of segments chosen
    joined : the two segments that one fewer puts together; empty when it draws other borders
    split : the segments that one more parts, most customers moved first; empty when it draws other borders or can't be
    """

    k: int
    joined: tuple[int, ...]
    split: tuple[int, ...]


def neighbours(prepared: np.ndarray, labels: np.ndarray, *, algorithm: str, seed: int) -> Neighbours:
    """Fit one segment fewer and one more, and see whom that joins and whom it splits.

    Parameters
    ----------
    prepared : shape (customers, columns); a sample of them is fitted, as in `measure`
    labels : each customer's segment, int from 0 to k - 1
    algorithm, seed : see `measure`; an algorithm that finds its own number has no neighbours
    """
    k = int(labels.max()) + 1
    sample = drawn_sample(len(prepared), SAMPLES.get(algorithm, OTHERS), seed=seed)
    own, known = prepared[sample], labels[sample]
    if algorithm in OWN_NUMBER:
        return Neighbours(k, (), ())
    joined, split = (), ()
    if k > 2:
        joined = joined_by(cross_counts(own, known, algorithm=algorithm, k=k - 1, seed=seed))
    if len(np.unique(own, axis=0)) > k:
        split = split_by(cross_counts(own, known, algorithm=algorithm, k=k + 1, seed=seed))
    return Neighbours(k, joined, split)


def cross_counts(prepared: np.ndarray, labels: np.ndarray, *, algorithm: str, k: int, seed: int) -> np.ndarray:
    """Count whom each segment shares with each group of another number of groups."""
    other = fit_groups(prepared, algorithm=algorithm, k=k, seed=seed, starts=STARTS).labels
    return shared_customers(labels, other)


def joined_by(shared: np.ndarray) -> tuple[int, ...]:
    """Find the two segments most of whose customers are in one group of the coarser grouping.

    Examples
    --------
    >>> joined_by(np.array([[50, 0], [40, 2], [1, 70]]))
    (0, 1)
    """
    homes = shared.argmax(axis=1)
    mostly = shared.max(axis=1) > shared.sum(axis=1) / 2
    for group in np.unique(homes[mostly]):
        inside = np.flatnonzero(mostly & (homes == group))
        if len(inside) == 2:
            return tuple(int(segment) for segment in inside)
    return ()


def split_by(shared: np.ndarray) -> tuple[int, ...]:
    """Find the segments that lose the most customers to the group that the finer grouping adds, two at most.

    The added group is the one that the fewest segments call their home.

    Examples
    --------
    >>> split_by(np.array([[30, 0, 20], [0, 70, 1]]))
    (0,)
    """
    homes = shared.argmax(axis=1)
    added = [group for group in range(shared.shape[1]) if group not in homes]
    if len(added) != 1:
        return ()
    lost = shared[:, added[0]]
    parted = [int(place) for place in np.argsort(-lost) if lost[place] >= PART * shared[place].sum()]
    return tuple(parted[:2])


def neighbours_in_words(beside: Neighbours, names: Sequence[str] | Mapping[int, str]) -> str:
    """Word what one segment fewer and one more would do, by the segments' names; nothing when neither is clear.

    Examples
    --------
    >>> neighbours_in_words(Neighbours(5, (0, 1), (1,)), ["regulars", "newcomers", "lapsed", "champions", "others"])
    '4 would put the regulars and the newcomers together; 6 would split the newcomers.'
    """
    told = []
    if beside.joined:
        told.append(f"{beside.k - 1} would put {the(beside.joined, names)} together")
    if len(beside.split) == 1:
        told.append(f"{beside.k + 1} would split {the(beside.split, names)}")
    elif beside.split:
        told.append(f"{beside.k + 1} would make one more out of {the(beside.split, names)}")
    return f"{'; '.join(told)}." if told else ""


def the(segments: Sequence[int], names: Sequence[str] | Mapping[int, str]) -> str:
    """Name segments: the one, or the one and the other; a name with a comma in quotation marks.

    Examples
    --------
    >>> the((0, 1), ["champions", "customers, orders often"])
    "the champions and the 'customers, orders often'"
    """
    told = [names[segment] for segment in segments]
    return " and ".join(f"the '{name}'" if "," in name else f"the {name}" for name in told)
