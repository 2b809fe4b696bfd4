"""The few transformers that scikit-learn does not have; each can be saved, named and trusted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.preprocessing import PowerTransformer
from sklearn.utils.validation import check_is_fitted

from segmentation.preparing.selecting import evenly_spaced

FAR_OUT = 3.0
NEIGHBOURS, NEIGHBOURS_AMONG = 5, 2_000
MOST_POWER = 5.0
OTHERS = "all other levels"
INFREQUENT = "infrequent_sklearn"  # scikit-learn's word for them

# What skops must be told to trust in a saved preparation: the kind of numbers that an imputer saw, the folds of the
# target encoding, and what stands here.
TRUSTED = [
    "numpy.dtype",
    "sklearn.model_selection._split.KFold",
    "segmentation.preparing.transformers.CrossedLevels",
    "segmentation.preparing.transformers.CrossedNumbers",
    "segmentation.preparing.transformers.Keep",
    "segmentation.preparing.transformers.MiddleImputer",
    "segmentation.preparing.transformers.NearestImputer",
    "segmentation.preparing.transformers.YeoJohnson",
    "segmentation.preparing.transformers.level_name",
    "segmentation.preparing.transformers.logarithms",
    "segmentation.preparing.transformers.near",
]


def logarithms(values: pd.DataFrame | np.ndarray, *, positions: Sequence[int]) -> np.ndarray:
    """Take the logarithm of value plus one in some columns, of 0 where the value is negative.

    Parameters
    ----------
    values : shape (customers, columns); missing values stay missing
    positions : columns to change

    Examples
    --------
    >>> logarithms(np.array([[0.0, 2.0], [-5.0, 3.0]]), positions=[0]).tolist()
    [[0.0, 2.0], [0.0, 3.0]]
    """
    changed = np.array(values, dtype="float64")
    for position in positions:
        column = changed[:, position]
        np.log1p(np.maximum(column, 0, out=column), out=column)
    return changed


def near(values: np.ndarray) -> np.ndarray:
    """Move who is more than 3 from the middle to 3, so that a few customers don't decide every distance."""
    return np.clip(values, -FAR_OUT, FAR_OUT)


def level_name(feature: str, level: object) -> str:
    """Name the column of one level of a category.

    Examples
    --------
    >>> level_name("channel", "web"), level_name("channel", "infrequent_sklearn")
    ('channel: web', 'channel: all other levels')
    """
    return f"{feature}: {OTHERS if level == INFREQUENT else level}"


class NearestImputer(KNNImputer):
    """Fill in what the nearest customers have, looked for among 2,000 spread evenly over the table."""

    def fit(self, X: np.ndarray, y: object = None) -> "NearestImputer":  # noqa: N803 (scikit-learn's name)
        """Keep the customers among whom neighbours are looked for."""
        apart = max(1, -(-len(X) // NEIGHBOURS_AMONG))
        return super().fit(X[::apart])

    def get_feature_names_out(self, input_features: Sequence[str]) -> np.ndarray:
        """Name all columns: one that nobody has is 0 and stays, though scikit-learn does not name it."""
        return np.array(input_features, dtype=object)


class MiddleImputer(SimpleImputer):
    """Fill in the mean or median of 100,000 customers spread evenly over the table; more would hardly move it."""

    def fit(self, X: np.ndarray, y: object = None) -> "MiddleImputer":  # noqa: N803
        """Find the middle of each column."""
        return super().fit(evenly_spaced(np.asarray(X)))


class YeoJohnson(PowerTransformer):
    """Even out numbers by powers from -5 to 5, where scikit-learn's own bounds let single values become endless.

    A number that nobody has, or in which those who have it are alike, stays as it is.
    """

    def _yeo_johnson_optimize(self, x: np.ndarray) -> float:
        known = x[~np.isnan(x)]
        if not len(known) or known.min() == known.max():
            return 1.0
        return float(np.clip(super()._yeo_johnson_optimize(known), -MOST_POWER, MOST_POWER))


class Crossed(TransformerMixin, BaseEstimator):
    """Add a column for each pair of columns.

    Parameters
    ----------
    pairs : positions of the two columns
    names : of the new columns
    """

    def __init__(self, pairs: Sequence[Sequence[int]], names: Sequence[str]) -> None:
        self.pairs = pairs
        self.names = names

    def fit(self, X: np.ndarray, y: object = None) -> "Crossed":  # noqa: N803
        """Note how many columns there are."""
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Add the crossed columns on the right."""
        check_is_fitted(self)
        values = np.asarray(X)
        crossed = [self.cross(values[:, left], values[:, right]) for left, right in self.pairs]
        return np.column_stack([values, *crossed])

    def get_feature_names_out(self, input_features: Sequence[str]) -> np.ndarray:
        """Name the columns: those that were there, then the crossed ones."""
        return np.array([*input_features, *self.names], dtype=object)


class CrossedNumbers(Crossed):
    """Add the product of two prepared numbers: high where both are high or both are low; see `Crossed`."""

    def cross(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Multiply, within the reach of the others."""
        return near(left * right)


class CrossedLevels(Crossed):
    """Add the joint level of two categories; see `Crossed`."""

    def cross(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Write the two levels as one."""
        return left + " / " + right


class Keep(TransformerMixin, BaseEstimator):
    """Keep columns by name, in the order told; one that is not there is 0 for everybody.

    A level that no customer of a drawn sample has makes no column; the sample then still has the columns of the whole.

    Parameters
    ----------
    names : of the columns that come in
    kept : of those that go out
    """

    def __init__(self, names: Sequence[str], kept: Sequence[str]) -> None:
        self.names = names
        self.kept = kept

    def fit(self, X: np.ndarray, y: object = None) -> "Keep":  # noqa: N803
        """Find the places of the kept columns, -1 for one that is not there."""
        places = {name: place for place, name in enumerate(self.names)}
        self.places_ = np.array([places.get(name, -1) for name in self.kept], dtype="int64")
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Take the kept columns."""
        check_is_fitted(self)
        taken = np.asarray(X, dtype="float64")[:, self.places_]
        taken[:, self.places_ < 0] = 0.0
        return taken

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """Name the kept columns."""
        return np.array(self.kept, dtype=object)
