"""Drift: how far the features of customers have shifted between two days or two runs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, wasserstein_distance

from segmentation.describing.registry import CATEGORIES, FEATURES

BINS = 10
WATCH, SHIFTED = 0.1, 0.25
DRIFT_FORMATS = {"PSI": "{:.3f}", "distance": "{:.2f}", "KS": "{:.2f}"}


def drift_between(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    columns: Sequence[str] = (),
    reference: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Measure per feature how far the second population of customers stands from the first."""
    names = [name for name in columns or FEATURES if name in first and name in second]
    rows = {name: feature_drift(first[name], second[name]) for name in names}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("feature")


def feature_drift(first: pd.Series, second: pd.Series) -> dict[str, float]:
    """Measure one feature's drift."""
    kind = first.name in CATEGORIES
    shares = shares_by_level(first, second) if kind else shares_by_bin(first, second)
    chance = (len(shares) - 1) * (1 / len(first) + 1 / len(second))
    psi = population_stability(*shares.T)
    apart = {"distance": total_variation(*shares.T), "ks": np.nan} if kind else number_distance(first, second)
    return {"psi": max(0.0, psi - chance), "chance": chance, **apart}


def shares_by_bin(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Count in tenths of the first."""
    known = first.dropna().to_numpy(float)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.array([])
    counts = [
        np.append(
            np.bincount(np.searchsorted(edges, part.dropna(), side="left"), minlength=len(edges) + 1), part.isna().sum()
        )
        for part in (first, second)
    ]
    return as_shares(np.column_stack(counts))


def shares_by_level(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Count by level."""
    counts = [part.fillna("–").value_counts() for part in (first, second)]
    return as_shares(pd.concat(counts, axis=1).fillna(0).to_numpy())


def as_shares(counts: np.ndarray) -> np.ndarray:
    """Turn counts into shares, half a customer added to each bin so that none is empty."""
    used = counts[counts.sum(axis=1) > 0] + 0.5
    return used / used.sum(axis=0)


def population_stability(first: np.ndarray, second: np.ndarray) -> float:
    """Measure the population stability index."""
    return float(((second - first) * np.log(second / first)).sum())


def total_variation(first: np.ndarray, second: np.ndarray) -> float:
    """Measure the share that would have to change level."""
    return float(np.abs(first - second).sum() / 2)


def number_distance(first: pd.Series, second: pd.Series) -> dict[str, float]:
    """Measure Wasserstein's distance in spreads of the first, and the Kolmogorov-Smirnov statistic."""
    known = first.dropna(), second.dropna()
    if not len(known[0]) or not len(known[1]):
        return {"distance": np.nan, "ks": np.nan}
    spread = known[0].std(ddof=0)
    far = wasserstein_distance(*known)
    return {"distance": far / spread if spread else (0.0 if far == 0 else np.nan), "ks": ks_2samp(*known).statistic}


def drift_table(drift: pd.DataFrame) -> pd.DataFrame:
    """Set drift out for reading."""
    return drift.reset_index()


def drift_in_words(drift: pd.DataFrame) -> list[str]:
    """Say what drifted."""
    return []
