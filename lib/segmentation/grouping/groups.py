"""What every algorithm hands over: each customer's group, the centres, and how a newcomer is placed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.distance import cdist

from segmentation.grouping.placing import Fit, MostLikely, NearestCentre, NearestCore, Placement, in_parts, placement_of
from segmentation.grouping.placing import placement_record as recorded
from segmentation.problems import DataProblem


@dataclass(frozen=True)
class Grouping:
    """Customers in groups, and what places the next one.

    Attributes
    ----------
    algorithm : its name in `ALGORITHMS`
    labels : each customer's group, int from 0 to k - 1 without gaps, shape (customers,)
    centres : the members' means, shape (k, columns)
    placement : how any customer is placed; the labels are what it says of those who were fitted
    fitted_on : customers that the algorithm saw; the others were placed
    left_out : share that a density algorithm calls noise; they are placed with the nearest group
    facts : what else is worth telling, by name; see each algorithm
    """

    algorithm: str
    labels: np.ndarray
    centres: np.ndarray
    placement: Placement
    fitted_on: int
    left_out: float = 0.0
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def k(self) -> int:
        """Number of groups."""
        return len(self.centres)

    def assign(self, prepared: np.ndarray) -> np.ndarray:
        """Place customers, of whom the algorithm may never have heard, in parts that fit in memory.

        Parameters
        ----------
        prepared : shape (customers, columns), prepared as those that were fitted

        Returns
        -------
        Each customer's group, int from 0 to k - 1, shape (customers,)

        Raises
        ------
        DataProblem
            There are other columns than in the fit, or a value is missing.
        """
        require_prepared(prepared, columns=self.placement.columns)
        return self.placement.place(prepared)

    def renumbered(self, order: Sequence[int]) -> "Grouping":
        """Number the groups anew: the group that comes first in `order` becomes 0.

        Parameters
        ----------
        order : today's numbers, each once
        """
        places = np.argsort(np.asarray(order))
        placement = in_order(self.placement, np.asarray(order), places)
        return replace(self, labels=places[self.labels], centres=self.centres[list(order)], placement=placement)

    def record(self) -> dict[str, object]:
        """Record in plain numbers what places customers; `Grouping.of` reads it."""
        return {
            "algorithm": self.algorithm,
            "fitted_on": self.fitted_on,
            "left_out": self.left_out,
            "centres": self.centres.tolist(),
            "placement": recorded(self.placement),
        }

    @classmethod
    def of(cls, record: dict[str, object]) -> "Grouping":
        """Read a recorded grouping: it has nobody's label, and places customers as the recorded one did."""
        return cls(
            algorithm=record["algorithm"],
            labels=np.empty(0, dtype="int64"),
            centres=np.asarray(record["centres"], dtype="float64"),
            placement=placement_of(record["placement"]),
            fitted_on=record["fitted_on"],
            left_out=record["left_out"],
        )


def grouped(prepared: np.ndarray, fit: Fit, *, algorithm: str, fitted_on: int) -> Grouping:
    """Place everyone and number the groups without gaps; a group that nobody stands nearest to is given up."""
    placement, facts, most = fit.placement, dict(fit.facts), groups_of(fit.placement)
    labels = placement.place(prepared)
    kept = np.unique(labels)
    if len(kept) < most:
        facts["given_up"] = f"{most - len(kept)} of {most} groups are given up, because nobody stands nearest to them."
        placement = in_order(placement, kept, np.searchsorted(kept, np.arange(most)))
        labels = np.searchsorted(kept, labels)
    return Grouping(algorithm, labels, means_of(prepared, labels), placement, fitted_on, fit.left_out, facts)


def means_of(prepared: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Measure each group's mean, shape (groups, columns).

    Examples
    --------
    >>> means_of(np.array([[1.0], [3.0], [9.0]]), np.array([0, 0, 1])).tolist()
    [[2.0], [9.0]]
    """
    sums = np.column_stack([np.bincount(labels, weights=column) for column in prepared.T])
    return sums / np.bincount(labels)[:, None]


def groups_of(placement: Placement) -> int:
    """Count the groups that a placement knows."""
    match placement:
        case NearestCentre():
            return len(placement.centres)
        case MostLikely():
            return len(placement.weights)
        case NearestCore():
            return int(placement.groups.max()) + 1
    raise TypeError(f"no placement: {placement!r}")


def in_order(placement: Placement, order: np.ndarray, places: np.ndarray) -> Placement:
    """Number a placement's groups anew, those in `order` only; `places` tells each old group's new number."""
    match placement:
        case NearestCentre():
            return NearestCentre(placement.centres[order])
        case MostLikely():
            weights = placement.weights[order]
            return MostLikely(weights / weights.sum(), placement.means[order], placement.covariances[order])
        case NearestCore():
            kept = np.isin(placement.groups, order)
            return NearestCore(placement.cores[kept], places[placement.groups[kept]])
    raise TypeError(f"no placement: {placement!r}")


def membership(grouping: Grouping, prepared: np.ndarray) -> np.ndarray:
    """Measure how surely each customer belongs to the group that `Grouping.assign` gives.

    Mixtures tell the probability of the component. For the others it is one less the distance to the own centre, as a
    share of the distance to the nearest other centre: 1 at the centre, 0 on the border, and 0 where another centre is
    nearer, which happens to members of groups that are not round.

    Returns
    -------
    float from 0 to 1, shape (customers,); 1 for everyone when there is one group
    """
    require_prepared(prepared, columns=grouping.placement.columns)
    if grouping.k == 1:
        return np.ones(len(prepared))
    if isinstance(grouping.placement, MostLikely):
        return grouping.placement.probabilities(prepared).max(axis=1)
    labels = grouping.assign(prepared)
    distances = in_parts(prepared, lambda part: cdist(part, grouping.centres))
    rows = np.arange(len(prepared))
    own = distances[rows, labels]
    distances[rows, labels] = np.inf
    other = distances.min(axis=1)
    return np.clip(1 - np.divide(own, other, out=np.ones_like(own), where=other > 0), 0, 1)


def require_prepared(prepared: np.ndarray, *, columns: int | None = None) -> None:
    """Require a table of known, finite numbers, with as many columns as were fitted.

    Raises
    ------
    DataProblem
        There are other columns, nobody, or a value is missing or not finite.
    """
    if prepared.ndim != 2 or not prepared.shape[1]:
        raise DataProblem("Grouping needs at least one feature; there is none. Name some with `cluster_features`?")
    if columns is not None and prepared.shape[1] != columns:
        raise DataProblem(
            f"Customers must have the {columns} columns that the groups were made from; these have "
            f"{prepared.shape[1]}. Is the table of features from another version? Run step 03 again."
        )
    unknown = ~np.isfinite(prepared).all(axis=1)
    if unknown.any():
        raise DataProblem(
            f"Every prepared feature must be known of every customer; something is missing for {unknown.sum():,} of "
            f"{len(prepared):,}. Leave the feature out of `cluster_features`, or fill it?"
        )
