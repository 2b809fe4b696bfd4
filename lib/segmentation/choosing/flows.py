"""The clustergram: how customers flow from one number of groups to the next."""

import numpy as np
import pandas as pd

from segmentation.agreement import drawn_sample, shared_customers
from segmentation.choosing.fitting import K_MEANS, fit_groups
from segmentation.choosing.measures import SAMPLES, STARTS
from segmentation.choosing.references import principal_axes


def clustergram(prepared: np.ndarray, *, k_max: int, seed: int) -> pd.DataFrame:
    """Follow customers from one group to `k_max` groups by k-means.

    Parameters
    ----------
    prepared : shape (customers, columns); at most 10,000 of them, drawn by the seed, are followed
    k_max : the largest number of groups
    seed : of the sample and the starts

    Returns
    -------
    DataFrame, one row a flow from a group of k - 1 to a group of k, in order
        k : int from 2; from_group, to_group : int from 0, numbered by their mean; share : of all customers; from_mean,
        to_mean : where the groups stand along the first principal axis, in deviations

    Source
    ------
    Schonlau, The clustergram, The Stata Journal 2 (2002)
    """
    own = prepared[drawn_sample(len(prepared), SAMPLES[K_MEANS], seed=seed)]
    along = first_axis(own)
    before = np.zeros(len(own), dtype="int64")
    flows = [pd.DataFrame(columns=["k", "from_group", "to_group", "share", "from_mean", "to_mean"])]
    for k in range(2, min(k_max, len(np.unique(own, axis=0))) + 1):
        labels = fit_groups(own, algorithm=K_MEANS, k=k, seed=seed, starts=STARTS).labels
        labels = in_order_of_means(labels, along)
        flows.append(flows_between(before, labels, along).assign(k=k))
        before = labels
    return pd.concat(flows[1:] or flows, ignore_index=True)[list(flows[0].columns)]


def first_axis(prepared: np.ndarray) -> np.ndarray:
    """Place customers along the first principal axis, whose largest part points up, in deviations from the middle."""
    axes, spreads, middle = principal_axes(prepared)
    axis = axes[:, -1] * np.sign(axes[np.abs(axes[:, -1]).argmax(), -1])
    return (prepared - middle) @ axis / (spreads[-1] or 1.0)


def in_order_of_means(labels: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Number groups from the lowest mean to the highest, without gaps.

    Examples
    --------
    >>> in_order_of_means(np.array([0, 0, 1]), np.array([5.0, 6.0, 1.0])).tolist()
    [1, 1, 0]
    """
    labels = np.unique(labels, return_inverse=True)[1]
    means = np.bincount(labels, weights=along) / np.bincount(labels)
    return np.argsort(np.argsort(means, kind="stable"), kind="stable")[labels]


def flows_between(before: np.ndarray, after: np.ndarray, along: np.ndarray) -> pd.DataFrame:
    """List who goes from which group to which; see `clustergram`."""
    shared = shared_customers(before, after)
    sources, targets = np.nonzero(shared)
    means = [np.bincount(labels, weights=along) / np.bincount(labels) for labels in (before, after)]
    return pd.DataFrame(
        {
            "from_group": sources,
            "to_group": targets,
            "share": shared[sources, targets] / len(before),
            "from_mean": means[0][sources],
            "to_mean": means[1][targets],
        }
    )
