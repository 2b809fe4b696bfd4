"""What every model of the next orders offers, so that one routine fits and one predicts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segmentation.lifetime.histories import Summary


@dataclass(frozen=True)
class Model:
    """A model of when customers order and when they leave for good.

    Attributes
    ----------
    name : as the literature calls it; words : what it assumes of customers
    parameters : names, in order; of_time : places of those that are lengths of time
    log_likelihood : (logarithms of the parameters, summary) → (log-likelihood, gradient by those logarithms)
    start : summary, its time scaled → logarithms to begin at
    active : (parameters, summary) → probability that a customer with each history is active
    orders : (parameters, summary, time) → orders expected in that time when active
    returns : (parameters, summary, time) → probability of at least one order in that time when active
    draw : (parameters, summary, times ascending, generator) → orders until each time when active, shape (histories,
        times), and the rate of orders, shape (histories,)
    """

    name: str
    words: str
    parameters: tuple[str, ...]
    of_time: tuple[int, ...]
    log_likelihood: Callable[[np.ndarray, Summary], tuple[float, np.ndarray]]
    start: Callable[[Summary], np.ndarray]
    active: Callable[[np.ndarray, Summary], np.ndarray]
    orders: Callable[[np.ndarray, Summary, float], np.ndarray]
    returns: Callable[[np.ndarray, Summary, float], np.ndarray]
    draw: Callable[[np.ndarray, Summary, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def orders_shape(summary: Summary) -> float:
    """Guess how alike customers' rates are, as the shape of their gamma distribution, from how repeats spread."""
    weight = summary.customers / summary.total
    mean = weight @ summary.repeats
    extra = weight @ (summary.repeats - mean) ** 2 - mean
    return float(np.clip(mean**2 / extra, 0.1, 10.0)) if extra > 0 else 10.0


def rate_of_orders(summary: Summary) -> float:
    """Measure repeat purchases in a unit of time, over all customers."""
    return float(summary.customers @ summary.repeats / (summary.customers @ summary.span))
