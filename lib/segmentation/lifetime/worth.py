"""What an order of a customer is taken to be worth: the Gamma-Gamma model where it holds, a shrunken mean elsewhere.

A customer's own mean counts the more, the more they ordered; the rest is drawn to a common mean. That is what
Gamma-Gamma does, so a shrunken mean is written as its three numbers too, with usual ones where data can't tell.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

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
    words : how orders are valued, and why so
    """

    parameters: np.ndarray
    covariance: np.ndarray
    words: str

    def expected(self, repeats: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Compute what an order of each customer is expected to be worth.

        Parameters
        ----------
        repeats, value : repeat purchases and their mean value; where the value is missing, the common mean is expected
        """
        p, q, gamma = self.parameters
        known = np.where(value > 0, repeats, 0.0)
        return p * (gamma + known * np.where(value > 0, value, 0.0)) / (p * known + q - 1)


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
        reason = "Nobody who came back brought money by it, so future orders are valued at nothing."
        return Refused(NAME, reason), Worth(np.array([*USUAL, 0.0]), np.zeros((3, 3)), reason)
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
        return Worth(fit.values, fit.covariance, words)
    p, q, _ = fit.values
    mean, whose = common_mean(known)
    words = f"{told}, more than Gamma-Gamma allows for. So a customer's own mean is drawn to that of {whose}."
    return Worth(np.array([p, q, mean * (q - 1) / p]), fit.covariance, words)


def shrunken(known: pd.DataFrame, reason: str) -> Worth:
    """Value orders by a customer's own mean, drawn to a common mean by usual numbers."""
    p, q = USUAL
    mean, whose = common_mean(known)
    words = f"{reason} A customer's own mean is drawn to that of {whose}, the less the more they ordered."
    return Worth(np.array([p, q, mean * (q - 1) / p]), np.zeros((3, 3)), words)


def common_mean(known: pd.DataFrame) -> tuple[float, str]:
    """Compute what an order is worth of somebody of whom nothing is known, and say whose mean that is.

    Where money and frequency go together, the mean of all would be that of customers who come often, and wrong for
    those who have not come back yet.
    """
    if abs(frequency_and_money(known)) <= TOO_CORRELATED:
        return float(known["order_value"].mean()), "all who came back"
    seldom = known["repeat_count"] <= known["repeat_count"].median()
    return float(known.loc[seldom, "order_value"].mean()), "the half who came back least often"
