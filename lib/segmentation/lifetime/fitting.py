"""One way to fit by maximum likelihood that always ends: scaled, restarted, bounded, pulled to the start when flat."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import ThreadpoolController

from segmentation.lifetime.histories import Summary
from segmentation.lifetime.models import Model

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]

THREADS = ThreadpoolController()  # for four parameters, threads of linear algebra wait for each other ten times as long
REACH = 10.0  # how far logarithms of parameters may go from usual ones
SHIFTS = (0.0, -1.0, 1.0)  # of logarithms from usual ones, where the search begins
MANY = 2_000  # different histories, more than which are too many to begin a search with
STEPS, POLISHES = 300, 8
DIFFERENCE = 1e-4  # of logarithms, for the second derivatives
WIDEST = 1.5  # standard error of logarithms beyond which data do not settle them
PULL = 1.0  # standard deviation, of logarithms, of the pull to the start when the likelihood is flat
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Fit:
    """A model's parameters as found by maximum likelihood.

    Attributes
    ----------
    model : name; parameters : name → estimate, in the unit of time and money of the data
    standard_errors, low, high : name → standard error and 95 % interval, found on the logarithm
    log_likelihood : at the estimate, without any pull; customers : fitted to
    penalised : the likelihood was flat or rose to a border, so the parameters were pulled to usual ones
    words : what was done, in a sentence
    covariance : of the parameters' logarithms
    """

    model: str
    parameters: Mapping[str, float]
    standard_errors: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    log_likelihood: float
    customers: int
    penalised: bool
    words: str
    covariance: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """The estimates in order."""
        return np.array([*self.parameters.values()])


@dataclass(frozen=True)
class Refused:
    """A model that the data can't carry, and why."""

    model: str
    reason: str


@dataclass(frozen=True)
class Peak:
    """Where a likelihood is highest: logarithms of the parameters, their covariance, and whether it was flat."""

    logs: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    penalised: bool


def fit_model(model: Model, summary: Summary) -> Fit:
    """Fit a model of the next orders; see `choose.fit_best` for which histories can carry it.

    Of many histories some, evenly taken, tell where to begin.
    """
    unit = float(summary.customers @ summary.span / summary.total)
    scaled = summary.scaled(unit)
    some = scaled.at(slice(None, None, -(-len(scaled.span) // MANY)))
    with THREADS.limit(limits=1):
        usual = model.start(scaled)
        begins = [usual + shift for shift in SHIFTS]
        if len(some.span) < len(scaled.span):
            begins = [climb(partial(model.log_likelihood, summary=some), begins, usual=usual, size=some.total)]
        peak = highest(partial(model.log_likelihood, summary=scaled), begins, usual=usual, size=summary.total)
    shift = np.zeros(len(model.parameters))
    shift[list(model.of_time)] = np.log(unit)
    change = -float(summary.customers @ summary.repeats) * np.log(unit)
    return as_fit(model.name, model.parameters, peak, shift=shift, change=change, customers=int(summary.total))


def highest(objective: Objective, begins: list[np.ndarray], *, usual: np.ndarray, size: float) -> Peak:
    """Find where a log-likelihood is highest; where it is flat or rises to a border, pull it to the usual.

    Parameters
    ----------
    objective : logarithms of the parameters → (log-likelihood, gradient)
    begins : where the search begins; usual : logarithms of usual parameters, around which it stays
    size : customers, so that the steps do not depend on how many there are
    """
    logs = climb(objective, begins, usual=usual, size=size)
    curvature = -second_derivatives(objective, logs)
    if determined(logs, usual, curvature):
        return Peak(logs, np.linalg.inv(curvature), objective(logs)[0], penalised=False)

    def pulled(at: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(at)
        away = (at - usual) / PULL
        return value - away @ away / 2, gradient - away / PULL

    logs = climb(pulled, begins, usual=usual, size=size)
    steepness, along = np.linalg.eigh(-second_derivatives(pulled, logs))
    inverse = 1 / np.maximum(steepness, 1 / PULL**2)
    return Peak(logs, (along * inverse) @ along.T, objective(logs)[0], penalised=True)


def climb(objective: Objective, begins: list[np.ndarray], *, usual: np.ndarray, size: float) -> np.ndarray:
    """Climb from each beginning, and go on from the highest point with Newton's steps."""

    def down(logs: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(logs)
        return -value / size, -gradient / size

    bounds = [(value - REACH, value + REACH) for value in usual]
    options = {"maxiter": STEPS, "ftol": 1e-13, "gtol": 1e-8}
    found = [minimize(down, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options) for begin in begins]
    best = min(found, key=lambda result: result.fun)
    return polished(objective, best.x, usual)


def polished(objective: Objective, logs: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Go on with Newton's steps as long as they lead higher."""
    value, gradient = objective(logs)
    for _ in range(POLISHES):
        curvature = -second_derivatives(objective, logs)
        if np.linalg.eigvalsh(curvature)[0] <= 0:
            break
        step = np.linalg.solve(curvature, gradient)
        further = np.clip(logs + step, usual - REACH, usual + REACH)
        higher, slope = objective(further)
        if not higher > value:
            break
        logs, value, gradient = further, higher, slope
    return logs


def second_derivatives(objective: Objective, logs: np.ndarray) -> np.ndarray:
    """Differentiate the gradient numerically."""
    steps = DIFFERENCE * np.eye(len(logs))
    rows = [(objective(logs + step)[1] - objective(logs - step)[1]) / (2 * DIFFERENCE) for step in steps]
    return (np.array(rows) + np.array(rows).T) / 2


def determined(logs: np.ndarray, usual: np.ndarray, curvature: np.ndarray) -> bool:
    """Tell whether a peak lies inside the borders and every parameter is known within bounds."""
    inside = bool((np.abs(logs - usual) < REACH - 0.01).all())
    return inside and bool(np.linalg.eigvalsh(curvature)[0] > 1 / WIDEST**2)


def as_fit(
    name: str, parameters: tuple[str, ...], peak: Peak, *, shift: np.ndarray, change: float, customers: int
) -> Fit:
    """Put a peak in the data's own units, with standard errors and intervals."""
    logs = peak.logs + shift
    errors = np.sqrt(np.diag(peak.covariance))
    estimates = np.exp(logs)

    def named(values: np.ndarray) -> dict[str, float]:
        return dict(zip(parameters, values.tolist(), strict=True))

    return Fit(
        name,
        named(estimates),
        named(estimates * errors),
        named(np.exp(logs - NORMAL_95 * errors)),
        named(np.exp(logs + NORMAL_95 * errors)),
        float(peak.log_likelihood + change),
        customers,
        peak.penalised,
        in_words(name, customers, penalised=peak.penalised),
        peak.covariance,
    )


def in_words(name: str, customers: int, *, penalised: bool) -> str:
    """Say how a fit came about."""
    if penalised:
        return (
            f"{name} was fitted to {customers:,} customers; they alone do not settle every number of it, so it was "
            "pulled mildly to usual ones."
        )
    return f"{name} was fitted to {customers:,} customers by maximum likelihood."
