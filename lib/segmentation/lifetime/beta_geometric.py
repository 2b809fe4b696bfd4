"""What BG/NBD and MBG/NBD share: orders at random while active, and a chance to leave after each purchase.

A customer's rate of orders is drawn from Gamma(r, alpha), the chance to leave after a purchase from Beta(a, b). With
BG/NBD that chance comes with each repeat purchase, with MBG/NBD with the first purchase as well: `at_first` is 0 or 1.
"""

from functools import partial
from itertools import pairwise

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import betainc, gammaln, psi

from segmentation.lifetime.histories import Summary
from segmentation.lifetime.models import Model, orders_shape, rate_of_orders

PARAMETERS = ("r", "alpha", "a", "b")
OF_TIME = (1,)
TERMS = 24  # of the sum over the next orders that are added one by one
NODES, WEIGHTS = leggauss(24)
SPREADS = (
    -9.0,
    -3.0,
    0.0,
    3.0,
    9.0,
    40.0,
    200.0,
)  # where the rest of that sum is cut into parts, in standard deviations
MOST_ORDERS = 1e15  # within a horizon; more is no number of orders


def log_likelihood(logs: np.ndarray, summary: Summary, *, at_first: int) -> tuple[float, np.ndarray]:
    """Compute the log-likelihood and its gradient by the logarithms of r, alpha, a, b; see `models.Model`."""
    r, alpha, a, b = np.exp(logs)
    shape, n = r + summary.repeats, summary.repeats + at_first
    until, since = np.log(alpha + summary.span), np.log(alpha + summary.last)
    stayed, left = -shape * until, log_odds_to_leave(a, b, n) - shape * since
    either = np.logaddexp(stayed, left)
    gone = np.exp(left - either) * summary.customers
    here = summary.customers - gone
    value, gradient = of_counts(r, a, b, summary, at_first=at_first)
    value = value + summary.total * r * logs[1] + summary.customers @ either
    by_alpha = here @ (shape / (alpha + summary.span)) + gone @ (shape / (alpha + summary.last))
    of_times = [
        summary.total * logs[1] - here @ until - gone @ since,
        summary.total * r / alpha - by_alpha,
        gone.sum() / a,
        -gone @ (1 / np.where(n > 0, b + n - 1, 1.0)),
    ]
    return float(value), (gradient + np.array(of_times)) * np.exp(logs)


def log_odds_to_leave(a: float, b: float, n: np.ndarray) -> np.ndarray:
    """Compute the logarithm of the odds to have left with the last of n chances, before it is known how long ago."""
    return np.where(n > 0, np.log(a) - np.log(np.where(n > 0, b + n - 1, 1.0)), -np.inf)


def of_counts(r: float, a: float, b: float, summary: Summary, *, at_first: int) -> tuple[float, np.ndarray]:
    """Add up the part of the log-likelihood that the number of repeats alone decides, and its gradient."""
    counts, weight = summary.counts, summary.customers_by_count
    n = counts + at_first
    value = weight @ (
        gammaln(r + counts) - gammaln(r) + gammaln(a + b) - gammaln(b) + gammaln(b + n) - gammaln(a + b + n)
    )
    both = weight @ (psi(a + b) - psi(a + b + n))
    of_rate = weight @ (psi(r + counts) - psi(r))
    return float(value), np.array([of_rate, 0.0, both, both + weight @ (psi(b + n) - psi(b))])


def probability_active(parameters: np.ndarray, summary: Summary, *, at_first: int) -> np.ndarray:
    """Compute the probability that a customer with each history has not left."""
    r, alpha, a, b = parameters
    ratio = np.log(alpha + summary.span) - np.log(alpha + summary.last)
    odds = log_odds_to_leave(a, b, summary.repeats + at_first) + (r + summary.repeats) * ratio
    return 1 / (1 + np.exp(np.minimum(odds, 700.0)))


def orders_if_active(parameters: np.ndarray, summary: Summary, days: float, *, at_first: int) -> np.ndarray:
    """Compute how many orders a customer with each history gives in the time that follows when active now.

    The j-th next order comes when so many fit in the time, which a negative binomial tells, and the customer has not
    left after one of those before. So orders are a sum of probabilities; the literature's Gauss hypergeometric function
    is that sum too, but cancels where a is near 1 and overflows where orders are many. Its far end is integrated.
    """
    r, alpha, a, b = parameters
    shape, rate = r + summary.repeats, alpha + summary.span
    stay, share = b + summary.repeats + at_first, days / (rate + days)

    def term(j: np.ndarray) -> np.ndarray:
        kept = gammaln(stay + j) - gammaln(stay) + gammaln(a + stay) - gammaln(a + stay + j)
        return betainc(j + 1, shape, share) * np.exp(kept)

    total = np.sum([term(np.full(len(shape), float(j))) for j in range(TERMS)], axis=0)
    mean = shape * days / rate
    spread = np.sqrt(mean * (1 + days / rate))
    borders = [np.log(np.maximum(mean + edge * spread, TERMS - 0.5)) for edge in SPREADS]
    for low, high in pairwise([np.full(len(shape), np.log(TERMS - 0.5)), *borders]):
        if (high > low).any():
            nodes = [low + (high - low) / 2 * (node + 1) for node in NODES]
            terms = [weight * np.exp(node) * term(np.exp(node)) for node, weight in zip(nodes, WEIGHTS, strict=True)]
            total = total + (high - low) / 2 * np.sum(terms, axis=0)
    return total


def returns_if_active(parameters: np.ndarray, summary: Summary, days: float) -> np.ndarray:
    """Compute the probability that an active customer orders within the time that follows."""
    r, alpha, _, _ = parameters
    return -np.expm1(-(r + summary.repeats) * np.log1p(days / (alpha + summary.span)))


def draw_orders(
    parameters: np.ndarray, summary: Summary, days: np.ndarray, generator: np.random.Generator, *, at_first: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the next orders of a customer with each history who is active now; see `models.Model`."""
    r, alpha, a, b = parameters
    rate = generator.gamma(r + summary.repeats) / (alpha + summary.span)
    chance = np.clip(generator.beta(a, b + summary.repeats + at_first), 1e-15, 1 - 1e-15)
    until_left = np.ceil(-generator.exponential(size=len(rate)) / np.log1p(-chance))
    fitting = generator.poisson(np.minimum(rate[:, None] * np.diff(days, prepend=0.0), MOST_ORDERS)).cumsum(axis=1)
    return np.minimum(fitting, np.maximum(until_left, 1.0)[:, None]), rate


def start(summary: Summary) -> np.ndarray:
    """Guess logarithms of the parameters to begin at."""
    shape = orders_shape(summary)
    return np.log([shape, shape / rate_of_orders(summary), 0.8, 2.4])


def model_of(name: str, *, words: str, at_first: int) -> Model:
    """Make a model of the chances to leave that come with the first purchase."""
    return Model(
        name=name,
        words=words,
        parameters=PARAMETERS,
        of_time=OF_TIME,
        log_likelihood=partial(log_likelihood, at_first=at_first),
        start=start,
        active=partial(probability_active, at_first=at_first),
        orders=partial(orders_if_active, at_first=at_first),
        returns=returns_if_active,
        draw=partial(draw_orders, at_first=at_first),
    )
