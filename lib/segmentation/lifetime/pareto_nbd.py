"""Pareto/NBD: a customer may leave at any moment, whether or not they order.

A customer's rate of orders is drawn from Gamma(r, alpha), the rate of leaving from Gamma(s, beta). The likelihood holds
an integral over the moment of leaving, from the last purchase on. The literature writes it as a difference of two Gauss
hypergeometric functions, which cancel or overflow; here the integral itself is computed, all terms above zero.

Source: Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987), Counting your customers, Management Science 33(1),
1-24; Fader, P. S. & Hardie, B. G. S. (2005), A note on deriving the Pareto/NBD model and related expressions,
http://www.brucehardie.com/notes/009/
"""

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import gammaln, psi

from segmentation.lifetime.beta_geometric import MOST_ORDERS
from segmentation.lifetime.histories import Summary
from segmentation.lifetime.models import Model, orders_shape, rate_of_orders

NODES, WEIGHTS = (values[:, None] for values in leggauss(32))
NEGLIGIBLE = 45.0  # how far a logarithm may fall until the rest of an integral no longer counts
SLOWEST = 1e-200  # rate of leaving; who leaves so seldom stays for good, and a division by it is finite
CHUNK = 20_000  # histories at a time, so that the nodes of all fit in a processor's cache


def log_likelihood(logs: np.ndarray, summary: Summary) -> tuple[float, np.ndarray]:
    """Compute the log-likelihood and its gradient by the logarithms of r, alpha, s, beta; see `models.Model`."""
    r, alpha, s, beta = np.exp(logs)
    weight, counts = summary.customers_by_count, summary.counts
    value = weight @ (gammaln(r + counts) - gammaln(r)) + summary.total * (r * logs[1] + s * logs[3])
    gradient = np.array([weight @ (psi(r + counts) - psi(r)), summary.total * r / alpha, 0.0, summary.total * s / beta])
    gradient[[0, 2]] += summary.total * logs[[1, 3]]
    for part in summary.in_chunks(CHUNK):
        more, slope = both_ways(r, alpha, s, beta, part)
        value, gradient = value + more, gradient + slope
    return float(value), gradient * np.exp(logs)


def both_ways(r: float, alpha: float, s: float, beta: float, part: Summary) -> tuple[float, np.ndarray]:
    """Add up the logarithm of having stayed or left since the last purchase, and its gradient."""
    shape = r + part.repeats
    ends = np.log(alpha + part.span), np.log(beta + part.span)
    stayed = -shape * ends[0] - s * ends[1]
    time, width = leaving_times(shape, alpha, s, beta, part)
    from_alpha, from_beta = np.log(alpha + time), np.log(beta + time)
    terms = np.log(s) - (s + 1) * from_beta - shape * from_alpha + width
    most = np.maximum(stayed, terms.max(axis=0))
    terms = np.exp(terms - most)
    stayed = np.exp(stayed - most)
    either = stayed + terms.sum(axis=0)
    terms, stayed = terms * (part.customers / either), stayed * (part.customers / either)
    slope = np.array(
        [
            -stayed @ ends[0] - (terms * from_alpha).sum(),
            -stayed @ (shape / (alpha + part.span)) - (terms * shape / (alpha + time)).sum(),
            -stayed @ ends[1] - (terms * from_beta).sum() + terms.sum() / s,
            -stayed @ (s / (beta + part.span)) - (s + 1) * (terms / (beta + time)).sum(),
        ]
    )
    return float(part.customers @ (most + np.log(either))), slope


def leaving_times(
    shape: np.ndarray, alpha: float, s: float, beta: float, part: Summary
) -> tuple[np.ndarray, np.ndarray]:
    """Choose moments between the last purchase and the end, closer where leaving is likely.

    Returns
    -------
    (moments, logarithms of their share of the integral), both of shape (nodes, histories)
    """
    from_alpha, from_beta = alpha + part.last, beta + part.last
    far = np.minimum(NEGLIGIBLE / shape, 600.0), np.minimum(NEGLIGIBLE / (s + 1), 600.0)
    reach = np.minimum(from_alpha * np.expm1(far[0]), from_beta * np.expm1(far[1]))
    reach = np.minimum(reach, part.span - part.last)
    pace = shape / from_alpha + (s + 1) / from_beta
    half = np.log1p(reach * pace) / 2
    place = half * (NODES + 1)
    with np.errstate(divide="ignore"):
        width = np.log(WEIGHTS * half / pace) + place
    return part.last + np.expm1(place) / pace, width


def probability_active(parameters: np.ndarray, summary: Summary) -> np.ndarray:
    """Compute the probability that a customer with each history has not left."""
    r, alpha, s, beta = parameters
    active = []
    for part in summary.in_chunks(CHUNK):
        shape = r + part.repeats
        time, width = leaving_times(shape, alpha, s, beta, part)
        stayed = -shape * np.log(alpha + part.span) - s * np.log(beta + part.span)
        terms = np.log(s) - (s + 1) * np.log(beta + time) - shape * np.log(alpha + time) + width
        active.append(1 / (1 + np.exp(np.minimum(terms - stayed, 700.0)).sum(axis=0)))
    return np.concatenate(active)


def orders_if_active(parameters: np.ndarray, summary: Summary, days: float) -> np.ndarray:
    """Compute how many orders a customer with each history gives in the time that follows when active now."""
    r, alpha, s, beta = parameters
    stay = np.log1p(days / (beta + summary.span))
    lasting = -np.expm1(-(s - 1) * stay) / (s - 1) if abs(s - 1) > 1e-9 else stay
    return (r + summary.repeats) * (beta + summary.span) / (alpha + summary.span) * lasting


def returns_if_active(parameters: np.ndarray, summary: Summary, days: float) -> np.ndarray:
    """Compute the probability that an active customer orders, before leaving, within the time that follows."""
    r, alpha, s, beta = parameters
    found = []
    for part in summary.in_chunks(CHUNK):
        shape, rate, leaving = r + part.repeats, alpha + part.span, beta + part.span
        pace = shape / rate + s / leaving
        half = np.log1p(days * pace) / 2
        place = half * (NODES + 1)
        time = np.expm1(place) / pace
        kept = np.exp(-shape * np.log1p(time / rate) - s * np.log1p(time / leaving) + place)
        found.append((WEIGHTS * half / pace * shape / (rate + time) * kept).sum(axis=0))
    return np.minimum(np.concatenate(found), 1.0)


def draw_orders(
    parameters: np.ndarray, summary: Summary, days: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the next orders of a customer with each history who is active now; see `models.Model`."""
    r, alpha, s, beta = parameters
    rate = generator.gamma(r + summary.repeats) / (alpha + summary.span)
    leaving = generator.gamma(s, size=len(rate)) / (beta + summary.span)
    stay = generator.exponential(size=len(rate)) / np.maximum(leaving, SLOWEST)
    between = np.diff(np.minimum(days, stay[:, None]), prepend=0.0)
    return np.cumsum(generator.poisson(np.minimum(rate[:, None] * between, MOST_ORDERS)), axis=1), rate


def start(summary: Summary) -> np.ndarray:
    """Guess logarithms of the parameters to begin at."""
    shape = orders_shape(summary)
    return np.log([shape, shape / rate_of_orders(summary), 0.6, 0.6])


PARETO_NBD = Model(
    name="Pareto/NBD",
    words="a customer may leave at any time, whether or not they order",
    parameters=("r", "alpha", "s", "beta"),
    of_time=(1, 3),
    log_likelihood=log_likelihood,
    start=start,
    active=probability_active,
    orders=orders_if_active,
    returns=returns_if_active,
    draw=draw_orders,
)
