"""The grounds for a number of segments: what each number from 2 up is worth, measured as the field does."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from segmentation.agreement import drawn_sample
from segmentation.choosing.elbow import knee
from segmentation.choosing.fitting import K_MEANS, Fit, fit_groups
from segmentation.choosing.references import distortion, references_by_k
from segmentation.choosing.silhouettes import apart, distances_between
from segmentation.choosing.stability import stability
from segmentation.problems import DataProblem

STARTS = 5
SAMPLES: Mapping[str, int] = {K_MEANS: 10_000, "mini-batch k-means": 10_000, "bisecting k-means": 5_000}
OTHERS = 2_000  # customers on whom the other algorithms are measured
SILHOUETTE_SAMPLE = 2_500
LATER_SAMPLE = 50_000
NOT_EXPLAINED = {"later_explained": np.nan, "later_money_explained": np.nan}
OWN_NUMBER = ("dbscan", "hdbscan")  # algorithms that find their own number of groups

GROUNDS = {
    "agreement": "mean adjusted Rand index of refits on customers drawn again with the fit: 1 the same, 0 as by chance",
    "agreement_low": "the agreement that 1 of 20 refits stays below",
    "agreement_high": "the agreement that 1 of 20 refits exceeds",
    "lowest_jaccard": "mean Jaccard similarity to its closest match of the segment that comes back worst, 0 to 1",
    "smallest_share": "share of the customers in the smallest segment, 0 to 1",
    "later_explained": "share of the variance of the ranks of later spend between segments, beyond chance, 0 to 1",
    "later_money_explained": "share of the variance of later spend itself between segments, beyond chance, 0 to 1",
    "silhouette": "mean silhouette, -1 to 1: how much nearer customers are to their own segment than to the next",
    "silhouette_error": "standard error of the silhouette from measuring a sample; 0 when all were measured",
    "silhouette_crowd": "silhouette of as many segments of a normal crowd of the same covariance, without groups",
    "silhouette_box": "silhouette of as many segments of a uniform box along the principal axes, without groups",
    "gap": "gap statistic: logarithm of the distance within in the uniform box, less that of the customers",
    "gap_error": "standard error of the gap, s_k of Tibshirani and others",
    "gap_features": "the gap against customers with the same single features and rank correlations, without groups",
    "gap_features_error": "its standard error",
    "davies_bouldin": "Davies-Bouldin index: mean likeness of each segment to its nearest; lower is better",
    "calinski_harabasz": "Calinski-Harabasz index: variance between to variance within, by degrees of freedom",
    "distortion": "mean squared distance of customers to the middle of their segment, squared deviations",
    "knee": "true where the curve of the distortion bends most",
    "within": "mean distance of two customers of the same segment, deviations",
    "between": "mean distance of two customers of different segments, deviations",
    "bic": "Bayesian information criterion of a mixture, lower is better; missing for other algorithms",
    "measured_on": "customers on whom this was measured",
}


def measure(
    prepared: np.ndarray,
    *,
    algorithm: str,
    k_max: int,
    refits: int,
    seed: int,
    later: np.ndarray | None = None,
    past: np.ndarray | None = None,
    references: pd.DataFrame | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Measure what each number of segments is worth.

    Large tables are measured on a sample drawn by the seed, so that time and memory do not grow with the shop: 10,000
    customers for k-means, 2,000 for what takes long. A share of 3 % is then known to ±0.2 or ±0.4 percentage points
    (one standard error), a silhouette to `silhouette_error`.

    Parameters
    ----------
    prepared : shape (customers, columns), nothing missing
    algorithm : see `grouping.ALGORITHMS`; one that finds its own number has a single row
    k_max : the largest number to try; not more than there are different customers
    refits : bootstrap samples on which each is fitted again, 1 or more
    seed : of samples, starts and references
    later : spend of each customer of `past` after that day, shape (customers then,), missing where unknown; without
        `past`, of each customer of `prepared`, who must then be described as of the day before that spend
    past : customers as they stood on an earlier day, prepared in the same way, shape (customers then, columns); they
        are placed in today's segments
    references : of `references_by_k`, when they were measured already; they depend on the customers alone
    on_progress : called after each number with how many are done and how many there are

    Returns
    -------
    DataFrame indexed by k from 2, columns as in `GROUNDS`; no row when all customers are alike

    Raises
    ------
    DataProblem
        A value is missing or infinite, or `later` has not one value a customer.
    """
    then = prepared if past is None else past
    require_measurable(prepared, then, later)
    own = prepared[drawn_sample(len(prepared), SAMPLES.get(algorithm, OTHERS), seed=seed)]
    asked = drawn_sample(len(then), LATER_SAMPLE, seed=seed)
    own_later = None if later is None else np.asarray(later, dtype="float64")[asked]
    numbers = range(2, min(k_max, len(np.unique(own, axis=0))) + 1)
    if not numbers:
        return pd.DataFrame(columns=list(GROUNDS), index=pd.Index([], name="k", dtype="int64"))
    fits = fits_by_k(own, numbers, algorithm=algorithm, seed=seed)
    rows = {}
    for done, (k, fit) in enumerate(fits, start=1):
        rows[k] = measure_one(own, fit, algorithm=algorithm, refits=refits, seed=seed, of=len(prepared))
        rows[k] |= explained(fit.assign(then[asked]), own_later) if later is not None else NOT_EXPLAINED
        if on_progress:
            on_progress(done, 1 if algorithm in OWN_NUMBER else len(numbers))
    if references is None and rows:
        references = references_by_k(own, k_max=max(rows), seed=seed)
    return as_grounds(rows, references, spread=float(own.var(axis=0).sum()))


def require_measurable(prepared: np.ndarray, then: np.ndarray, later: np.ndarray | None) -> None:
    """Require known values; see `measure`."""
    for customers in (prepared, then):
        unknown = int((~np.isfinite(customers)).any(axis=1).sum())
        if unknown:
            raise DataProblem(
                f"Every feature must be known for every customer before segments are looked for; {unknown:,} of "
                f"{len(customers):,} customers have one that is missing or infinite. Is a step of the recipe left out?"
            )
    if later is not None and len(later) != len(then):
        raise DataProblem(f"`later` must have one value a customer, {len(then):,}; got {len(later):,}.")


def fits_by_k(prepared: np.ndarray, numbers: range, *, algorithm: str, seed: int) -> Iterator[tuple[int, Fit]]:
    """Fit each number of groups; what finds its own number is fitted once, and left out when it finds one group."""
    for k in numbers[:1] if algorithm in OWN_NUMBER else numbers:
        fit = fit_groups(prepared, algorithm=algorithm, k=k, seed=seed, starts=STARTS)
        found = int(fit.labels.max()) + 1
        if found >= 2:
            yield (found if algorithm in OWN_NUMBER else k), fit


def measure_one(prepared: np.ndarray, fit: Fit, *, algorithm: str, refits: int, seed: int, of: int) -> dict[str, float]:
    """Measure one grouping; see `GROUNDS`."""
    labels = fit.labels
    some = drawn_sample(len(prepared), SILHOUETTE_SAMPLE, seed=seed)
    far = apart(distances_between(prepared[some]), labels[some], of=of)
    parts = 2 <= len(np.unique(labels)) < len(prepared)
    return {
        **stability(prepared, labels, algorithm=algorithm, refits=refits, seed=seed),
        "smallest_share": np.bincount(labels).min() / len(labels),
        "silhouette": far.silhouette,
        "silhouette_error": far.error,
        "within": far.within,
        "between": far.between,
        "davies_bouldin": davies_bouldin_score(prepared, labels) if parts else np.nan,
        "calinski_harabasz": calinski_harabasz_score(prepared, labels) if parts else np.nan,
        "distortion": distortion(prepared, labels),
        "bic": float(fit.facts.get("bic", np.nan)),
        "measured_on": len(prepared),
    }


def explained(labels: np.ndarray, later: np.ndarray) -> dict[str, float]:
    """Measure how much of later spend's variance lies between groups, by ranks and by money.

    Ranks decide, since a few customers make nearly all the variance of money.

    Examples
    --------
    >>> explained(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 9.0, 9.0]))
    {'later_explained': 1.0, 'later_money_explained': 1.0}
    """
    known = np.isfinite(later)
    if known.sum() < 2:
        return dict(NOT_EXPLAINED)
    spent, groups = later[known], labels[known]
    return {
        "later_explained": share_between(rankdata(spent), groups),
        "later_money_explained": share_between(spent, groups),
    }


def share_between(values: np.ndarray, groups: np.ndarray) -> float:
    """Measure the share of the variance that lies between groups, less what chance alone gives so many groups.

    Source
    ------
    Kelley, An unbiased correlation ratio measure, PNAS 21 (1935): epsilon squared

    Examples
    --------
    >>> share_between(np.array([1.0, 9.0, 1.0, 9.0]), np.array([0, 0, 1, 1]))
    0.0
    """
    free = len(values) - len(np.unique(groups))
    if not values.var() or free <= 0:
        return 0.0
    left = distortion(values[:, None], groups) / float(values.var())
    return max(0.0, 1 - left * (len(values) - 1) / free)


def as_grounds(rows: dict[int, dict[str, float]], references: pd.DataFrame | None, *, spread: float) -> pd.DataFrame:
    """Put measures and references side by side, and mark the knee; see `measure`."""
    grounds = pd.DataFrame.from_dict(rows, orient="index").rename_axis("k")
    if grounds.empty:
        return pd.DataFrame(columns=list(GROUNDS), index=pd.Index([], name="k", dtype="int64"))
    if references is not None:
        grounds = grounds.join(references)
    curve = pd.concat([pd.Series({1: spread}), grounds["distortion"]]).sort_index()
    grounds["knee"] = (grounds.index == knee(curve)) if len(grounds) > 1 else False
    return grounds.reindex(columns=list(GROUNDS))
