"""Why a customer is in a segment: the three features that speak most for it, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segmentation.explaining.standing import Scale, fit_scale
from segmentation.explaining.words import word_for

LEAST_Z, VERY_Z, LEAST_SHARE = 0.25, 1.5, 0.05
REASONS = 3
NEAR_AVERAGE = "near the average in all that is known"


@dataclass(frozen=True)
class Explainer:
    """What explains a customer's segment, light enough to save as plain numbers.

    Attributes
    ----------
    scale : how features become standard deviations from everybody's mean
    names : of the segments, by number
    centres : mean of each segment's customers on that scale, shape (segments, columns); 0 where it is not known
    """

    scale: Scale
    names: tuple[str, ...]
    centres: np.ndarray

    def reasons(self, features: pd.DataFrame, labels: pd.Series | np.ndarray) -> pd.DataFrame:
        """Give the three reasons for each customer's segment; see `reasons`.

        Parameters
        ----------
        features : one row a customer, raw; what is missing, or a column that is absent, is no reason
        labels : each customer's segment, -1 for none
        """
        z = self.scale.standardise(features)
        table = reasons(z, self.centres, np.asarray(labels), columns=self.scale.columns)
        return table.set_axis(features.index, axis=0)

    def record(self) -> dict[str, Any]:
        """Write the explainer down in plain numbers; see `Explainer.of`."""
        return {"scale": self.scale.record(), "names": list(self.names), "centres": self.centres.tolist()}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Explainer":
        """Read an explainer from its record."""
        centres = np.asarray(record["centres"], dtype="float64")
        return cls(Scale.of(record["scale"]), tuple(record["names"]), centres)


def fit_explainer(
    features: pd.DataFrame, labels: pd.Series, *, names: Sequence[str], columns: Sequence[str] = ()
) -> Explainer:
    """Measure what explains segments: the scale of the features and where each segment stands on it.

    Parameters
    ----------
    features : one row a customer, raw
    labels : each customer's segment from 0, the same index
    names : of the segments, by number
    columns : features to give as reasons; all numbers that are known of somebody when empty
    """
    scale = fit_scale(features, columns=columns)
    table = pd.DataFrame(scale.standardise(features), index=features.index)
    centres = table.groupby(labels).mean().reindex(range(len(names))).fillna(0.0)
    return Explainer(scale, tuple(names), centres.to_numpy())


def reasons(z: np.ndarray, centres: np.ndarray, labels: np.ndarray, *, columns: Sequence[str]) -> pd.DataFrame:
    """Give up to three reasons why each customer is in their segment rather than an average customer.

    A feature speaks for the segment by how much nearer it brings the customer to the segment's centre than to the
    average: z² - (z - c)² = c (2 z - c). It is a reason only when that is positive, which says that the customer
    stands on the same side of the average as the segment, and when the customer is clearly off the average.

    Parameters
    ----------
    z : shape (customers, columns), standard deviations from everybody's mean, NaN where not known
    centres : shape (segments, columns)
    labels : each customer's segment from 0, -1 for none
    columns : names of the features

    Returns
    -------
    DataFrame, one row a customer: reason_1, reason_2, reason_3, the strongest first; None where there is no further

    Source
    ------
    docs/decisions/0019-explaining.md

    Examples
    --------
    >>> z, centres = np.array([[-1.6, 0.8], [0.9, -1.0]]), np.array([[-1.0, 1.0], [1.0, -1.0]])
    >>> reasons(z, centres, np.array([0, 1]), columns=["recency_days", "order_count"]).iloc[:, :2].values.tolist()
    [['bought lately', 'orders often'], ['seldom orders', 'has not bought for long']]
    """
    speaks = contributions(z, centres, labels)
    best = strongest(speaks, most=min(REASONS, z.shape[1]))
    rows = np.arange(len(z))[:, None]
    stands = np.nan_to_num(z[rows, best])
    level = 2 * (stands > 0) + (np.abs(stands) >= VERY_Z)
    words = phrases(columns)[best, level]
    words[~(speaks[rows, best] > 0)] = None
    columns_out = {f"reason_{place + 1}": column(words, place) for place in range(REASONS)}
    told = pd.DataFrame(columns_out)
    nothing = told["reason_1"].isna().to_numpy() & (labels >= 0) & np.isfinite(z).any(axis=1)
    told.loc[nothing, "reason_1"] = NEAR_AVERAGE
    return told


def contributions(z: np.ndarray, centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Measure how much each feature speaks for a customer's segment; 0 where it is no reason.

    Returns
    -------
    array of shape (customers, columns), 0 or more, in squared standard deviations
    """
    centre = np.where(labels[:, None] >= 0, centres[np.maximum(labels, 0)], 0.0)
    speaks = centre * (2 * z - centre)
    speaks[~((np.abs(z) >= LEAST_Z) & (speaks >= LEAST_SHARE))] = 0.0
    return speaks


def strongest(speaks: np.ndarray, *, most: int) -> np.ndarray:
    """Find the features that speak most for each customer's segment, the strongest first; the first one of a tie."""
    left = speaks.copy()
    rows = np.arange(len(speaks))
    best = np.empty((len(speaks), most), dtype=np.intp)
    for place in range(most):
        best[:, place] = left.argmax(axis=1)
        left[rows, best[:, place]] = -1.0
    return best


def column(words: np.ndarray, place: int) -> pd.Series:
    """Take the words of one place, all missing where there are fewer features."""
    taken = words[:, place] if place < words.shape[1] else np.full(len(words), None, dtype=object)
    return pd.Series(taken, dtype=object)


def phrases(columns: Sequence[str]) -> np.ndarray:
    """List the words of each feature, shape (columns, 4): low, very low, high, very high."""
    sides = [(False, False), (False, True), (True, False), (True, True)]
    words = [[word_for(name, high=high, very=very) for high, very in sides] for name in columns]
    return np.array(words, dtype=object).reshape(len(columns), len(sides))
