"""What BG/NBD and MBG/NBD share: orders at random while active, and a chance to leave after each purchase.

A customer's rate of orders is drawn from Gamma(r, alpha), the chance to leave after a purchase from Beta(a, b). With
BG/NBD that chance comes with each repeat purchase, with MBG/NBD with the first purchase as well; so the formulas are
those of Fader, Hardie & Lee (2005) and of Batislam, Denizel & Filiztekin (2007), with `n` chances to leave.
"""

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import betainc, gammaln, psi

from segmentation.lifetime.histories import Summary
from segmentation.lifetime.models import orders_shape, rate_of_orders

PARAMETERS = ("r", "alpha", "a", "b")
OF_TIME = (1,)
TERMS = 24  # of the sum over the next orders that are added one by one
NODES, WEIGHTS = leggauss(24)


def log_likelihood(logs: np.ndarray, summary: Summary, *, at_first: int) -> tuple[float, np.ndarray]:
    """Compute the log-likelihood and its gradient by the logarithms of the parameters.

    Parameters
    ----------
    logs : logarithms of r, alpha, a, b
    summary : histories, each once
    at_first : chances to leave that come with the first purchase: 0 for BG/NBD, 1 for MBG/NBD

    Returns
    -------
    (log-likelihood, gradient of shape (4,))
    """
    r, alpha, a, b = np.exp(logs)
    x, n = summary.repeats, summary.repeats + at_first
    until, since = np.log(alpha + summary.span), np.log(alpha + summary.last)
    with np.errstate(divide="ignore"):
        left = np.where(n > 0, np.log(a) - np.log(np.maximum(b + n - 1, np.finfo(float).tiny)), -np.inf)
    left, stayed = left - (r + x) * since, -(r + x) * until
    either = np.logaddexp(stayed, left)
    gone = np.exp(left - either) * summary.customers
    here = summary.customers - gone
    counts, weight = summary.counts, summary.customers_by_count
    chances = counts + at_first
    by_count = gammaln(r + counts) - gammaln(r) + r * logs[1]
    by_count = by_count + gammaln(a + b) - gammaln(b) + gammaln(b + chances) - gammaln(a + b + chances)
    together = weight @ (psi(a + b) - psi(a + b + chances))
    gradient = np.array(
        [
            weight @ (psi(r + counts) - psi(r) + logs[1]) - here @ until - gone @ since,
            summary.total * r / alpha
            - here @ ((r + x) / (alpha + summary.span))
            - gone @ ((r + x) / (alpha + summary.last)),
            together + gone.sum() / a,
            together + weight @ (psi(b + chances) - psi(b)) - (gone[n > 0] / (b + n[n > 0] - 1)).sum(),
        ]
    )
    return float(weight @ by_count + summary.customers @ either), gradient * np.exp(logs)


def probability_active(parameters: np.ndarray, summary: Summary, *, at_first: int) -> np.ndarray:
    """Compute the probability that a customer with each history has not left."""
    r, alpha, a, b = parameters
    n = summary.repeats + at_first
    ratio = (r + summary.repeats) * (np.log(alpha + summary.span) - np.log(alpha + summary.last))
    odds = np.log(a) - np.log(np.where(n > 0, b + n - 1, 1.0)) + ratio
    return np.where(n > 0, 1 / (1 + np.exp(np.minimum(odds, 700.0))), 1.0)


def orders_if_active(parameters: np.ndarray, summary: Summary, days: float, *, at_first: int) -> np.ndarray:
    """Compute how many orders a customer with each history gives in the time that follows when active now.

    The j-th next order comes when so many fit in the time, which a negative binomial tells, and the customer has not
    left after one of those before: a sum of probabilities, so nothing overflows or cancels, as a hypergeometric
    function does. Its far end is integrated.
    """
    r, alpha, a, b = parameters
    shape, rate = r + summary.repeats, alpha + summary.span
    stay, share = b + summary.repeats + at_first, days / (alpha + summary.span + days)

    def term(j: np.ndarray) -> np.ndarray:
        kept = gammaln(stay + j) - gammaln(stay) + gammaln(a + stay) - gammaln(a + stay + j)
        return betainc(j + 1, shape, share) * np.exp(kept)

    total = sum((term(np.full(len(shape), float(j))) for j in range(TERMS)), np.zeros(len(shape)))
    mean = shape * days / rate
    spread = np.sqrt(mean * (1 + days / rate))
    start = TERMS - 0.5
    edges = [mean - 9 * spread, mean - 3 * spread, mean, mean + 3 * spread, mean + 9 * spread, mean + 40 * spread]
    borders = [np.full(len(shape), start), *(np.maximum(edge, start) for edge in edges)]
    for low, high in zip(borders, borders[1:], strict=False):
        half = (high - low) / 2
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            total = total + weight * half * term(low + half * (node + 1))
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
    n = summary.repeats + at_first
    rate = generator.gamma(r + summary.repeats) / (alpha + summary.span)
    chance = generator.beta(a, b + n)
    with np.errstate(divide="ignore", over="ignore"):
        most = np.ceil(np.log(1 - generator.random(len(n))) / np.log1p(-np.minimum(chance, 1 - 1e-16)))
    between = np.diff(days, prepend=0.0)
    fits = np.cumsum(generator.poisson(np.minimum(rate[:, None] * between, 1e15)), axis=1)
    return np.minimum(fits, np.maximum(np.nan_to_num(most, posinf=1e18, nan=1e18), 1.0)[:, None]), rate


def start(summary: Summary) -> np.ndarray:
    """Guess logarithms of the parameters to begin at."""
    shape = orders_shape(summary)
    return np.log([shape, shape / rate_of_orders(summary), 0.8, 2.4])
