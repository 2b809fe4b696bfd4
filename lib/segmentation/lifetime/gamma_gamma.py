"""Gamma-Gamma: what an order of each customer is worth, drawn to what all are worth the less, the more they ordered.

Source: Fader, P. S. & Hardie, B. G. S. (2013), The Gamma-Gamma model of monetary value,
http://www.brucehardie.com/notes/025/
"""

from functools import partial

import numpy as np
import pandas as pd
from scipy.special import gammaln, psi

from segmentation.lifetime.fitting import SHIFTS, THREADS, Fit, as_fit, highest

NAME = "Gamma-Gamma"
PARAMETERS = ("p", "q", "gamma")


def log_likelihood(logs: np.ndarray, repeats: np.ndarray, value: np.ndarray) -> tuple[float, np.ndarray]:
    """Compute the log-likelihood of mean order values, and its gradient by the logarithms of the parameters.

    Parameters
    ----------
    logs : logarithms of p, q, gamma
    repeats, value : number of orders and their mean value, one entry a customer
    """
    p, q, gamma = np.exp(logs)
    shape = p * repeats + q
    all_value = np.log(gamma + repeats * value)
    terms = gammaln(shape) - gammaln(p * repeats) - gammaln(q) + q * logs[2] - np.log(value)
    terms = terms + p * repeats * np.log(repeats * value) - shape * all_value
    both = psi(shape)
    gradient = np.array(
        [
            repeats @ (both - psi(p * repeats) + np.log(repeats * value) - all_value),
            (both - psi(q) + logs[2] - all_value).sum(),
            (q / gamma - shape / (gamma + repeats * value)).sum(),
        ]
    )
    return float(terms.sum()), gradient * np.exp(logs)


def fit_gamma_gamma(known: pd.DataFrame) -> Fit:
    """Fit to the histories of those who came back and brought money by it; see `purchase_histories`."""
    repeats = known["repeat_count"].to_numpy(dtype="float64")
    value = known["order_value"].to_numpy(dtype="float64")
    unit = float(np.exp(np.log(value).mean()))
    usual = np.log([4.0, 4.0, 1.0])
    objective = partial(log_likelihood, repeats=repeats, value=value / unit)
    with THREADS.limit(limits=1):
        peak = highest(objective, [usual + shift for shift in SHIFTS], usual=usual, size=float(len(known)))
    shift = np.log([1.0, 1.0, unit])
    return as_fit(NAME, PARAMETERS, peak, shift=shift, change=-len(known) * np.log(unit), customers=len(known))
