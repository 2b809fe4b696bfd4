"""Customers without groups, drawn to compare with: a uniform box, shuffled features, and a normal crowd."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from segmentation.choosing.fitting import fit_k_means
from segmentation.choosing.silhouettes import apart, distances_between

NEARLY_0 = 1e-12
Reference = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def normal_crowd(prepared: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw as many customers from a normal distribution with the same means, spreads and correlations.

    Source
    ------
    Liu, Hayes, Nobel & Marron, Statistical significance of clustering for high-dimension, low-sample size data, JASA
    103 (2008)
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


def own_features(prepared: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw as many customers with the same values of each feature and the same rank correlations, and nothing else.

    What is skewed, lumpy or counted in a single feature is so here too: it makes no groups. The ranks come from a
    normal distribution with the correlations of the customers' normal scores; equal values are ranked by chance.

    Source
    ------
    Cario & Nelson, Modeling and generating random vectors with arbitrary marginal distributions and correlation matrix
    (1997): normal to anything
    """
    customers, columns = prepared.shape
    chance = generator.random(prepared.shape)
    ranks = np.column_stack([np.lexsort((chance[:, j], prepared[:, j])).argsort() for j in range(columns)])
    drawn = with_covariance_of(norm.ppf((ranks + 0.5) / customers), generator.normal(size=prepared.shape))
    return np.take_along_axis(np.sort(prepared, axis=0), drawn.argsort(axis=0).argsort(axis=0), axis=0)


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
CLEAR_DRAWS = 2  # draws whose silhouettes are measured
REFERENCES: dict[str, Reference] = {"gap": uniform_box, "gap_features": own_features}
SILHOUETTES: dict[str, Reference] = {"silhouette_crowd": normal_crowd, "silhouette_box": uniform_box}


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
        gap_features, gap_features_error : the same against customers' own features, shuffled
        silhouette_crowd, silhouette_box : silhouette that as many groups of a normal crowd and of the box have, mean of
        2 draws

    Source
    ------
    Tibshirani, Walther & Hastie (2001); docs/decisions/0007-number-of-segments.md
    """
    generator = np.random.default_rng(seed)
    own = prepared[generator.choice(len(prepared), min(DRAWN_CUSTOMERS, len(prepared)), replace=False)]
    numbers = range(2, min(k_max, len(np.unique(own, axis=0))) + 1)
    reached = tightness(own, numbers, seed=seed)
    columns = {}
    for name, draw in REFERENCES.items():
        tight = np.array([tightness(draw(own, generator), numbers, seed=seed + place) for place in range(DRAWS)])
        columns[name] = tight.mean(axis=0) - reached
        columns[f"{name}_error"] = tight.std(axis=0) * np.sqrt(1 + 1 / DRAWS)
    for name, draw in SILHOUETTES.items():
        crowds = [draw(own, generator) for _ in range(CLEAR_DRAWS)]
        clear = [silhouettes(crowd, numbers, seed=seed + place) for place, crowd in enumerate(crowds)]
        columns[name] = np.mean(clear, axis=0)
    return pd.DataFrame(columns, index=pd.Index(numbers, name="k"))


def tightness(prepared: np.ndarray, numbers: Sequence[int], *, seed: int) -> np.ndarray:
    """Measure how tight k-means makes each number of groups: logarithm of the squared distance within, as a share."""
    total = prepared.var(axis=0).sum()
    shares = [distortion(prepared, labels) / total for labels in groupings(prepared, numbers, seed=seed)]
    return np.log(np.maximum(shares, NEARLY_0))


def silhouettes(prepared: np.ndarray, numbers: Sequence[int], *, seed: int) -> np.ndarray:
    """Measure the silhouette of each number of groups."""
    far = distances_between(prepared)
    return np.array([apart(far, labels, of=len(far)).silhouette for labels in groupings(prepared, numbers, seed=seed)])


def groupings(prepared: np.ndarray, numbers: Sequence[int], *, seed: int) -> Iterator[np.ndarray]:
    """Make each number of groups by k-means from few starts."""
    for k in numbers:
        yield fit_k_means(prepared, k=k, seed=seed, starts=DRAW_STARTS).labels


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
