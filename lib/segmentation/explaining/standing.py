"""Where customers and segments stand against everybody: standard deviations from the mean, feature by feature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segmentation.features import FEATURES

FAR_OUT = 3.0
KNOWN_OF = 0.5


@dataclass(frozen=True)
class Scale:
    """What turns features into standard deviations from everybody's mean, in plain numbers.

    Attributes
    ----------
    columns : names of features
    logs : whether the logarithm of value plus one is taken first
    means, deviations : of everybody, after the logarithm; a deviation of 0 means that all are alike
    """

    columns: tuple[str, ...]
    logs: tuple[bool, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def standardise(self, features: pd.DataFrame) -> np.ndarray:
        """Turn features into standard deviations from the mean, at most 3; unknown stays unknown.

        Returns
        -------
        array of shape (customers, columns), NaN where a value or a column is missing
        """
        values = features.reindex(columns=list(self.columns)).to_numpy(dtype="float64", na_value=np.nan)
        return standard(values, logs=self.logs, means=self.means, deviations=self.deviations)

    def record(self) -> dict[str, Any]:
        """Write the scale down in plain numbers; see `Scale.of`."""
        fields = ("columns", "logs", "means", "deviations")
        return {name: list(getattr(self, name)) for name in fields}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Scale":
        """Read a scale from its record."""
        return cls(**{name: tuple(record[name]) for name in ("columns", "logs", "means", "deviations")})


def standard(
    values: np.ndarray, *, logs: Sequence[bool], means: Sequence[float], deviations: Sequence[float]
) -> np.ndarray:
    """Standardise values column by column; see `Scale`."""
    logged = np.where(logs, np.log1p(values.clip(min=0)), values)
    spread = np.asarray(deviations, dtype="float64")
    scaled = (logged - means) / np.where(spread > 0, spread, 1.0)
    return scaled.clip(-FAR_OUT, FAR_OUT)


def number_columns(features: pd.DataFrame) -> list[str]:
    """List the features that are numbers and known of somebody."""
    return [
        name
        for name in features.columns
        if name in FEATURES and pd.api.types.is_numeric_dtype(features[name]) and features[name].notna().any()
    ]


def fit_scale(features: pd.DataFrame, *, columns: Sequence[str] = ()) -> Scale:
    """Measure everybody's mean and deviation of each feature, over those of whom it is known.

    Parameters
    ----------
    features : one row a customer
    columns : features to use; all numbers that are known of somebody when empty

    Examples
    --------
    >>> scale = fit_scale(pd.DataFrame({"return_share": [0.0, 0.5, 1.0]}))
    >>> scale.standardise(pd.DataFrame({"return_share": [0.5, None]})).tolist()
    [[0.0], [nan]]
    """
    names = list(columns) or number_columns(features)
    logs = [FEATURES[name].transform == "log" for name in names]
    values = features[names].to_numpy(dtype="float64", na_value=np.nan)
    logged = pd.DataFrame(np.where(logs, np.log1p(values.clip(min=0)), values), columns=names)
    means, deviations = logged.mean().fillna(0.0), logged.std(ddof=0).fillna(0.0)
    deviations = deviations.where(deviations > 1e-9 * means.abs(), 0.0)
    return Scale(tuple(names), tuple(logs), tuple(means.tolist()), tuple(deviations.tolist()))


def standing(features: pd.DataFrame, labels: pd.Series, *, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Measure where each segment stands: the mean of its customers, in standard deviations from everybody's.

    Parameters
    ----------
    features : one row a customer, raw
    labels : each customer's segment, the same index
    columns : features to use; all numbers that are known of somebody when empty

    Returns
    -------
    DataFrame indexed by segment in order, one column a feature; missing where it is known of fewer than half of the
        segment, who would speak for the others

    Examples
    --------
    >>> features = pd.DataFrame({"return_share": [0.0, 0.0, 1.0, 1.0]})
    >>> standing(features, pd.Series([0, 0, 1, 1]))["return_share"].tolist()
    [-1.0, 1.0]
    """
    scale = fit_scale(features, columns=columns)
    table = pd.DataFrame(scale.standardise(features), index=features.index, columns=list(scale.columns))
    by_segment = table.groupby(labels)
    return by_segment.mean().where(by_segment.count().div(by_segment.size(), axis=0) >= KNOWN_OF)
