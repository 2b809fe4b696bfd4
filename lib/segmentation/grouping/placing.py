"""Where a customer belongs once groups are known: rules in plain numbers, which can be recorded and read back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

ROWS_AT_A_TIME = 20_000


class Placement(Protocol):
    """How prepared customers, shape (customers, columns), are put into groups."""

    rule: ClassVar[str]

    @property
    def columns(self) -> int:
        """Number of prepared columns."""
        ...

    def place(self, prepared: np.ndarray) -> np.ndarray:
        """Give each customer a group, int from 0."""
        ...


@dataclass(frozen=True)
class NearestCentre:
    """The group whose centre is nearest; centres of shape (groups, columns)."""

    centres: np.ndarray
    rule: ClassVar[str] = "nearest centre"

    @property
    def columns(self) -> int:
        """Number of prepared columns."""
        return self.centres.shape[1]

    def place(self, prepared: np.ndarray) -> np.ndarray:
        """Give each customer the nearest centre's group, shape (customers,)."""
        return in_parts(prepared, lambda part: cdist(part, self.centres).argmin(axis=1))


@dataclass(frozen=True)
class MostLikely:
    """The component that most likely made the customer.

    Attributes
    ----------
    weights : shape (groups,), adding up to 1; means : shape (groups, columns); covariances : (groups, columns, columns)
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    rule: ClassVar[str] = "most likely component"

    @property
    def columns(self) -> int:
        """Number of prepared columns."""
        return self.means.shape[1]

    @cached_property
    def roots(self) -> np.ndarray:
        """Lower triangular roots of the covariances."""
        return np.linalg.cholesky(self.covariances)

    def place(self, prepared: np.ndarray) -> np.ndarray:
        """Give each customer the most likely component's group, shape (customers,)."""
        return in_parts(prepared, lambda part: self.log_likelihoods(part).argmax(axis=1))

    def log_likelihoods(self, part: np.ndarray) -> np.ndarray:
        """Measure each component's log density times its weight, less what is the same for all; (customers, groups)."""
        told = np.empty((len(part), len(self.weights)))
        for group, (mean, root) in enumerate(zip(self.means, self.roots, strict=True)):
            apart = solve_triangular(root, (part - mean).T, lower=True)
            told[:, group] = -0.5 * (apart**2).sum(axis=0) - np.log(np.diag(root)).sum()
        return told + np.log(self.weights)

    def probabilities(self, prepared: np.ndarray) -> np.ndarray:
        """Measure how probable each component is for each customer; rows add up to 1."""
        return in_parts(prepared, lambda part: shares_of(self.log_likelihoods(part)))


@dataclass(frozen=True)
class NearestCore:
    """The group of the most similar core customer.

    Attributes
    ----------
    cores : shape (cores, columns); groups : each core's group, shape (cores,)
    """

    cores: np.ndarray
    groups: np.ndarray
    rule: ClassVar[str] = "nearest core customer"

    @property
    def columns(self) -> int:
        """Number of prepared columns."""
        return self.cores.shape[1]

    @cached_property
    def tree(self) -> KDTree:
        """The cores, arranged so that the nearest is found without looking at all."""
        return KDTree(self.cores)

    def place(self, prepared: np.ndarray) -> np.ndarray:
        """Give each customer the nearest core's group, shape (customers,)."""
        return self.groups[in_parts(prepared, lambda part: self.nearest(part)[1])]

    def nearest(self, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest core of each customer: distance and place, each of shape (customers,)."""
        return self.tree.query(part)


@dataclass(frozen=True)
class Fit:
    """What an algorithm found in the customers that it saw.

    Attributes
    ----------
    placement : puts anyone into the groups found
    left_out : share of the customers seen that are called noise
    facts : what else is worth telling, by name
    """

    placement: Placement
    left_out: float = 0.0
    facts: dict[str, object] = field(default_factory=dict)


PLACEMENTS = {placement.rule: placement for placement in (NearestCentre, MostLikely, NearestCore)}
WHOLE = ("groups",)


def parts(prepared: np.ndarray) -> Iterator[np.ndarray]:
    """Cut customers into parts that fit in memory beside what is measured of them."""
    return (prepared[start : start + ROWS_AT_A_TIME] for start in range(0, len(prepared), ROWS_AT_A_TIME))


def in_parts(prepared: np.ndarray, measure: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Measure customers part by part, so that memory does not grow with their number."""
    measured = [measure(part) for part in parts(prepared)]
    return np.concatenate(measured) if measured else measure(prepared)


def shares_of(logarithms: np.ndarray) -> np.ndarray:
    """Turn logarithms into shares that add up to 1 in each row.

    Examples
    --------
    >>> shares_of(np.log([[1.0, 3.0]])).round(2).tolist()
    [[0.25, 0.75]]
    """
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def placement_record(placement: Placement) -> dict[str, object]:
    """Record a placement in plain numbers, as JSON knows them."""
    return {"rule": placement.rule} | {told.name: getattr(placement, told.name).tolist() for told in fields(placement)}


def placement_of(record: dict[str, object]) -> Placement:
    """Read a placement back that places alike; see `placement_record`."""
    told = {
        name: np.asarray(value, dtype="int64" if name in WHOLE else "float64")
        for name, value in record.items()
        if name != "rule"
    }
    return PLACEMENTS[record["rule"]](**told)
