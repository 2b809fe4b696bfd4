"""Customers without groups, drawn to compare with: a normal crowd, and a uniform box, of the same covariance."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from segmentation.choosing.fitting import fit_k_means
from segmentation.choosing.silhouettes import apart, distances_between

NEARLY_0 = 1e-12
Reference = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def normal_crowd(prepared: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw as many customers from a normal distribution with the same means, spreads and correlations.

    Source
    ------
    Liu, Hayes, Nobel & Marron, Statistical significance of clustering for high-dimension, low-sample size data,
    JASA 103 (2008)
    """
    return with_covariance_of(prepared, generator.normal(size=prepared.shape))


def uniform_box(prepared: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw as many customers evenly from a box along the principal axes, with the same spread along each.

    Source
    ------
    Tibshirani, Walther & Hastie, Estimating the number of clusters in a data set via the gap statistic, JRSS B 63
    (2001), reference (b); the sides follow the spreads rather than the outermost customers
    """
    return with_covariance_of(prepared, generator.uniform(-1, 1, size=prepared.shape))


REFERENCES: dict[str, Reference] = {"normal crowd": normal_crowd, "uniform box": uniform_box}


def with_covariance_of(prepared: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Stretch and turn what was drawn, so that its means and covariance are exactly those of the customers.

    Exactly, because how long a crowd happens to be decides most of how tight its groups are, and is no ground for any.
    """
    axes, spreads, middle = principal_axes(prepared)
    own_axes, own_spreads, own_middle = principal_axes(drawn)
    plain = (drawn - own_middle) @ own_axes / np.where(own_spreads > 0, own_spreads, 1.0) @ own_axes.T
    return plain * spreads @ axes.T + middle


def principal_axes(prepared: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the principal axes (columns), the standard deviations along them, widest last, and the middle."""
    middle = prepared.mean(axis=0)
    covariance = np.cov(prepared, rowvar=False).reshape(prepared.shape[1], -1)
    variances, axes = np.linalg.eigh(covariance)
    return axes, np.sqrt(variances.clip(min=0)), middle


DRAWS, DRAWN_CUSTOMERS, DRAW_STARTS = 8, 2_000, 2
SILHOUETTES_OF = 2  # draws of each reference whose silhouette is measured too
COLUMNS = {
    "uniform box": ("gap", "gap_error", "silhouette_box"),
    "normal crowd": ("gap_crowd", "gap_crowd_error", "silhouette_crowd"),
}


def references_by_k(prepared: np.ndarray, *, k_max: int, seed: int) -> pd.DataFrame:
    """Compare k-means on the customers with k-means on as many customers without groups.

    What is compared is the logarithm of the squared distance within groups, as a share of all: how much closer are
    customers to their group's middle than in a crowd that has no groups?

    Parameters
    ----------
    prepared : shape (customers, columns); at most 2,000 of them, drawn by the seed, are compared
    k_max : largest number of groups
    seed : of samples, draws and starts

    Returns
    -------
    DataFrame indexed by k from 2
        gap, gap_error : against the uniform box, mean difference of logarithms over 8 draws, and s_k
        gap_crowd, gap_crowd_error : the same against the normal crowd
        silhouette_box, silhouette_crowd : mean silhouette of the references' own groups

    Source
    ------
    Tibshirani, Walther & Hastie (2001); docs/decisions/0007-number-of-segments.md
    """
    generator = np.random.default_rng(seed)
    own = prepared[generator.choice(len(prepared), min(DRAWN_CUSTOMERS, len(prepared)), replace=False)]
    numbers = range(2, min(k_max, len(np.unique(own, axis=0))) + 1)
    reached, _ = tightness(own, numbers, seed=seed, silhouettes=False)
    columns = {}
    for name, draw in REFERENCES.items():
        crowds = [
            tightness(draw(own, generator), numbers, seed=seed + place, silhouettes=place < SILHOUETTES_OF)
            for place in range(DRAWS)
        ]
        tight = np.array([logs for logs, _ in crowds])
        clear = np.array([widths for _, widths in crowds[:SILHOUETTES_OF]])
        spread = tight.std(axis=0) * np.sqrt(1 + 1 / DRAWS)
        columns |= zip(COLUMNS[name], (tight.mean(axis=0) - reached, spread, clear.mean(axis=0)), strict=True)
    return pd.DataFrame(columns, index=pd.Index(numbers, name="k"))


def tightness(
    prepared: np.ndarray, numbers: Sequence[int], *, seed: int, silhouettes: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Measure for each number of groups how tight k-means makes them.

    Returns
    -------
    The logarithm of the squared distance within as a share of all, and the silhouette (missing unless asked for), one
    value a number each
    """
    total = prepared.var(axis=0).sum()
    far = distances_between(prepared) if silhouettes else np.zeros((0, 0))
    logs, widths = [], []
    for k in numbers:
        labels = fit_k_means(prepared, k=k, seed=seed, starts=DRAW_STARTS).labels
        logs.append(np.log(max(distortion(prepared, labels) / total, NEARLY_0)))
        widths.append(apart(far, labels, of=len(labels)).silhouette if silhouettes else np.nan)
    return np.array(logs), np.array(widths)


def distortion(prepared: np.ndarray, labels: np.ndarray) -> float:
    """Measure the mean squared distance of customers to the middle of their group.

    Examples
    --------
    >>> round(distortion(np.array([[0.0], [2.0], [7.0]]), np.array([0, 0, 1])), 4)
    0.6667
    """
    groups, labels = np.unique(labels, return_inverse=True)
    members = np.eye(len(groups))[labels]
    middles = members.T @ prepared / members.sum(axis=0)[:, None]
    return float(((prepared - middles[labels]) ** 2).sum() / len(prepared))
