"""Do the groups come back? Refits on customers drawn again, compared with the fit."""

from collections.abc import Iterator

import numpy as np

from segmentation.agreement import adjusted_rand, closest_jaccard, shared_customers
from segmentation.choosing.fitting import K_MEANS, Fit, fit_groups

REFIT_STARTS = 2


def refit_labels(prepared: np.ndarray, *, algorithm: str, k: int, refits: int, seed: int) -> Iterator[np.ndarray]:
    """Fit again on customers drawn with replacement, each time from the start, and give everybody a group.

    For k-means a customer drawn three times is one customer who counts three times, which is the same and quicker.

    Yields
    ------
    Labels of all customers, shape (customers,), one array a refit
    """
    generator = np.random.default_rng(seed)
    for refit in range(refits):
        drawn = generator.integers(0, len(prepared), len(prepared))
        yield refitted(prepared, drawn, algorithm=algorithm, k=k, seed=seed + refit, starts=REFIT_STARTS).assign(
            prepared
        )


def refitted(prepared: np.ndarray, drawn: np.ndarray, *, algorithm: str, k: int, seed: int, starts: int) -> Fit:
    """Fit once more on the customers drawn; see `refit_labels`."""
    if algorithm != K_MEANS:
        return fit_groups(prepared[drawn], algorithm=algorithm, k=k, seed=seed, starts=starts)
    times = np.bincount(drawn, minlength=len(prepared))
    rows = times > 0
    k = min(k, int(rows.sum()))
    weights = times[rows].astype("float64")
    return fit_groups(prepared[rows], algorithm=algorithm, k=k, seed=seed, starts=starts, weights=weights)


def stability(prepared: np.ndarray, labels: np.ndarray, *, algorithm: str, refits: int, seed: int) -> dict[str, float]:
    """Measure how well a grouping comes back.

    Parameters
    ----------
    prepared : shape (customers, columns)
    labels : of the fit, int from 0
    algorithm, refits, seed : see `refit_labels`

    Returns
    -------
    agreement : mean adjusted Rand index over refits; agreement_low, agreement_high : its middle 90 %; lowest_jaccard :
    mean similarity of the group that comes back worst to its closest match
    """
    k = int(labels.max()) + 1
    again = refit_labels(prepared, algorithm=algorithm, k=k, refits=refits, seed=seed)
    tables = [shared_customers(labels, other) for other in again]
    agreement = np.array([adjusted_rand(table) for table in tables])
    low, high = np.quantile(agreement, [0.05, 0.95])
    return {
        "agreement": agreement.mean(),
        "agreement_low": low,
        "agreement_high": high,
        "lowest_jaccard": np.mean([closest_jaccard(table) for table in tables], axis=0).min(),
    }
