"""What an order of a customer is taken to be worth: the Gamma-Gamma model where it holds, a shrunken mean elsewhere.

A customer's own mean counts the more, the more they ordered; the rest is drawn to a common mean. That is what
Gamma-Gamma does, so a shrunken mean is written as its three numbers too, with usual ones where data can't tell.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from segmentation.lifetime.fitting import Fit, Refused
from segmentation.lifetime.gamma_gamma import NAME, fit_gamma_gamma

FEWEST_VALUES = 20  # customers who came back and brought money by it
TOO_CORRELATED = 0.3  # rank correlation of repeats with order value
USUAL = (
    4.0,
    4.0,
)  # p and q: orders of one customer vary by half, and the common mean counts as much as 3/4 of an order
UNEVEN = 2.0  # how often the measured mean a common mean may be


@dataclass(frozen=True)
class Worth:
    """How orders are valued.

    Attributes
    ----------
    parameters : p, q, gamma of a Gamma-Gamma model, in the shop's currency; gamma 0 when no order brings money
    covariance : of their logarithms
    first_weight : how many later orders a customer's first one tells as much as, 0 to 1
    first_scale : a later order ÷ a first one, on average
    words : how orders are valued, and why so
    """

    parameters: np.ndarray
    covariance: np.ndarray
    first_weight: float
    first_scale: float
    words: str

    def evidence(self, histories: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Tell how many orders of each customer are known by their worth, and what they come to.

        Parameters
        ----------
        histories : see `purchase_histories`; those without `first_value` tell nothing of the first order
        """
        repeats, value = (histories[name].to_numpy(dtype="float64") for name in ("repeat_count", "order_value"))
        first = first_values(histories) * self.first_scale
        known, opened = np.where(value > 0, repeats, 0.0), np.where(first > 0, self.first_weight, 0.0)
        money = np.where(known > 0, known * value, 0.0) + np.where(opened > 0, opened * first, 0.0)
        return known + opened, money

    def expected(self, histories: pd.DataFrame) -> np.ndarray:
        """Compute what an order of each customer is expected to be worth; see `evidence`."""
        p, q, gamma = self.parameters
        known, money = self.evidence(histories)
        return p * (gamma + money) / (p * known + q - 1)


NOTHING = Worth(
    np.array([*USUAL, 0.0]),
    np.zeros((3, 3)),
    0.0,
    0.0,
    "Nobody who came back brought money by it, so future orders are valued at nothing.",
)


def first_values(histories: pd.DataFrame) -> np.ndarray:
    """Read what first orders brought; missing where it is not known."""
    nothing = pd.Series(np.nan, index=histories.index)
    return histories.get("first_value", nothing).to_numpy(dtype="float64")


def frequency_and_money(histories: pd.DataFrame) -> float:
    """Measure the rank correlation of repeats with order value among who came back and brought money; 0 when unknown.

    Examples
    --------
    >>> frequency_and_money(pd.DataFrame({"repeat_count": [1, 2, 3, 0], "order_value": [5.0, 7.0, 9.0, None]}))
    1.0
    """
    known = histories[histories["order_value"] > 0]
    if known["repeat_count"].nunique() < 2 or known["order_value"].nunique() < 2:
        return 0.0
    return float(known["repeat_count"].rank().corr(known["order_value"].rank()))


def value_orders(histories: pd.DataFrame) -> tuple[Fit | Refused, Worth]:
    """Fit the Gamma-Gamma model, and choose how orders are valued.

    Parameters
    ----------
    histories : see `purchase_histories`
    """
    known = histories[histories["order_value"] > 0]
    if known.empty:
        return Refused(NAME, NOTHING.words), NOTHING
    reason = too_little(known)
    if reason:
        return Refused(NAME, reason), shrunken(known, reason)
    fit = fit_gamma_gamma(known)
    p, q, gamma = fit.values
    if q <= 1 or p * gamma / (q - 1) > UNEVEN * known["order_value"].mean():
        reason = "A few orders are so much larger than the others that Gamma-Gamma can't tell a mean."
        return Refused(NAME, reason), shrunken(known, reason)
    return fit, as_found(fit, known)


def too_little(known: pd.DataFrame) -> str:
    """Say why order values can't carry a Gamma-Gamma model; nothing when they can."""
    if len(known) < FEWEST_VALUES:
        return f"Gamma-Gamma needs {FEWEST_VALUES} customers who came back and brought money; there are {len(known):,}."
    if known["order_value"].nunique() < 2:
        return "All orders are worth the same, so Gamma-Gamma has nothing to tell."
    return ""


def as_found(fit: Fit, known: pd.DataFrame) -> Worth:
    """Value orders by Gamma-Gamma, which takes money and frequency to be independent, or by its spread alone."""
    related = frequency_and_money(known)
    told = f"Number and value of orders have a rank correlation of {related:.2f} among {len(known):,} customers"
    if abs(related) <= TOO_CORRELATED:
        words = f"{told}, so Gamma-Gamma, which takes them to be independent, is used."
        return with_first(fit.values, fit.covariance, known, words)
    p, q, _ = fit.values
    mean, whose = common_mean(known)
    words = f"{told}, more than Gamma-Gamma allows for. So a customer's own mean is drawn to that of {whose}."
    return with_first(np.array([p, q, mean * (q - 1) / p]), fit.covariance, known, words)


def shrunken(known: pd.DataFrame, reason: str) -> Worth:
    """Value orders by a customer's own mean, drawn to a common mean by usual numbers."""
    p, q = USUAL
    mean, whose = common_mean(known)
    words = f"{reason} A customer's own mean is drawn to that of {whose}, the less the more they ordered."
    return with_first(np.array([p, q, mean * (q - 1) / p]), np.zeros((3, 3)), known, words)


def with_first(parameters: np.ndarray, covariance: np.ndarray, known: pd.DataFrame, words: str) -> Worth:
    """Weigh first orders as those who came back show: by how much likelier theirs make what followed.

    Without it somebody who bought once for little would be valued like anybody, and above a returning customer who
    spent as little.
    """
    first = first_values(known)
    seen = first > 0
    if not seen.any():
        return Worth(parameters, covariance, 0.0, 0.0, words)
    repeats, value = (known[name].to_numpy(dtype="float64")[seen] for name in ("repeat_count", "order_value"))
    scale = float(np.exp((np.log(value) - np.log(first[seen])).mean()))

    def unlikely(weight: float) -> float:
        return -likelihood_after(parameters, repeats, value, first=first[seen] * scale, weight=weight)

    found = float(minimize_scalar(unlikely, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-4}).x)
    told = f" A first order tells as much of the next as {found:.0%} of a later one."
    return Worth(parameters, covariance, found, scale, words + told)


def likelihood_after(
    parameters: np.ndarray, repeats: np.ndarray, value: np.ndarray, *, first: np.ndarray, weight: float
) -> float:
    """Compute the log-likelihood of later orders when the first counts as so much of one."""
    p, q, gamma = parameters
    q, gamma = q + p * weight, gamma + weight * first
    shape, money = p * repeats + q, repeats * value
    terms = gammaln(shape) - gammaln(q) + q * np.log(gamma) - shape * np.log(gamma + money)
    return float(terms.sum())


def common_mean(known: pd.DataFrame) -> tuple[float, str]:
    """Compute what an order is worth of somebody of whom nothing is known, and say whose mean that is.

    Where money and frequency go together, the mean of all would be that of customers who come often, and wrong for
    those who have not come back yet.
    """
    if abs(frequency_and_money(known)) <= TOO_CORRELATED:
        return float(known["order_value"].mean()), "all who came back"
    seldom = known["repeat_count"] <= known["repeat_count"].median()
    return float(known.loc[seldom, "order_value"].mean()), "the half who came back least often"
