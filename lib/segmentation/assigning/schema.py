"""What a model was learnt from: which columns, of which kind, and how a table becomes numbers for it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from segmentation.features import FEATURES
from segmentation.problems import DataProblem, some

RARE_SHARE, FEWEST_OF_A_LEVEL, MOST_LEVELS = 0.01, 5, 20
OTHER = -1.0  # a level that is rare, or was never seen


@dataclass(frozen=True)
class Column:
    """A feature as a model knows it.

    Attributes
    ----------
    name : of the feature
    kind : "number" or "category"
    transform : "log" where the logarithm is learnt from, "none" otherwise
    unit, formula : as the feature was defined when the model was learnt
    levels : of a category, those that the model tells apart; any other is one and the same
    """

    name: str
    kind: Literal["number", "category"]
    transform: Literal["log", "none"]
    unit: str
    formula: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schema:
    """The columns of a model, in the order in which it reads them."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return [column.name for column in self.columns]

    def places(self, kind: str) -> list[int]:
        """Places of the columns of a kind."""
        return [place for place, column in enumerate(self.columns) if column.kind == kind]

    def record(self) -> list[dict[str, Any]]:
        """Write the schema in plain values."""
        return [asdict(column) | {"levels": list(column.levels)} for column in self.columns]

    @staticmethod
    def of(record: Sequence[Mapping[str, Any]]) -> "Schema":
        """Read what `record` wrote."""
        return Schema(tuple(Column(**{**told, "levels": tuple(told["levels"])}) for told in record))


def schema_of(features: pd.DataFrame, *, columns: Sequence[str]) -> Schema:
    """Describe the columns that tell anything; one that is empty for all is left out.

    Parameters
    ----------
    features : one row a customer; numbers with NaN, categories as text with None
    columns : the features to learn from

    Raises
    ------
    DataProblem
        A column is not in the table.
    """
    require_columns(features, columns, whose="what a model learns from")
    return Schema(tuple(described(features[name]) for name in columns if features[name].notna().any()))


def described(values: pd.Series) -> Column:
    """Describe one column; see `Column`."""
    name = str(values.name)
    kind, transform, unit, formula = definition(name)
    if kind != "category" and pd.api.types.is_numeric_dtype(values):
        return Column(name, "number", transform, unit, formula)
    counts = values.dropna().astype(str).value_counts()
    common = counts[counts >= max(FEWEST_OF_A_LEVEL, RARE_SHARE * len(values))].index[:MOST_LEVELS]
    return Column(name, "category", "none", unit, formula, tuple(sorted(common)))


def definition(name: str) -> tuple[str, Any, str, str]:
    """Look up how a feature is defined now: kind, transform, unit, formula; "" for what is no feature."""
    feature = FEATURES.get(name)
    if feature is None:
        return "", "none", "", ""
    formula = getattr(feature, "formula", "") or feature.meaning
    return getattr(feature, "kind", "number"), feature.transform, feature.unit, formula


def require_columns(features: pd.DataFrame, columns: Sequence[str], *, whose: str = "what the model knows") -> None:
    """Require that a table has the columns that a model needs.

    Raises
    ------
    DataProblem
        Some are not there.
    """
    lacking = [name for name in columns if name not in features.columns]
    if lacking:
        raise DataProblem(
            f"The table of features must have {whose}; it does not have {some(lacking)}. Was it made by another "
            "version of the workbook? Make it anew with `workbook run --from 3`."
        )


def require_same_definitions(schema: Schema) -> None:
    """Require that the features of a model mean today what they meant when it was learnt.

    Raises
    ------
    DataProblem
        A feature is gone, or its kind, unit, transform or formula is another.
    """
    gone = [column.name for column in schema.columns if column.formula and column.name not in FEATURES]
    if gone:
        raise DataProblem(
            f"The model knows {some(gone)}, this version of the workbook does not. "
            "Learn the model anew with `workbook run --from 4`?"
        )
    for column in schema.columns:
        then = (column.transform, column.unit, column.formula)
        now = definition(column.name)[1:]
        if column.formula and column.kind == "number" and then != now:
            raise DataProblem(
                f"A model's features must mean what they meant when it was learnt; {some([column.name])} was "
                f"{' · '.join(then)}, and is {' · '.join(map(str, now))}. "
                "Learn the model anew with `workbook run --from 4`?"
            )


def as_numbers(features: pd.DataFrame, schema: Schema) -> np.ndarray:
    """Turn a table into the numbers that a model reads.

    Parameters
    ----------
    features : one row a customer; columns beyond the schema are ignored, also in another order
    schema : see `Schema`

    Returns
    -------
    Array of shape (customers, columns), float64: logarithms of skewed numbers with their sign, other numbers as they
    are, a category as the place of its level, -1 for one that the model does not tell apart, NaN for what is missing

    Raises
    ------
    DataProblem
        A column is missing, or numbers are something else.
    """
    require_columns(features, schema.names)
    numbers = np.empty((len(features), len(schema.columns)))
    for place, column in enumerate(schema.columns):
        values = features[column.name]
        numbers[:, place] = codes(values, column) if column.kind == "category" else plain(values, column)
    return numbers


def codes(values: pd.Series, column: Column) -> np.ndarray:
    """Give each value the place of its level; see `as_numbers`."""
    found, levels = pd.factorize(values)
    places = {level: float(place) for place, level in enumerate(column.levels)}
    known = np.array([places.get(str(level), OTHER) for level in levels] + [np.nan])
    return known[found]  # -1, what is missing, is the last


def plain(values: pd.Series, column: Column) -> np.ndarray:
    """Give the values of a number as they are learnt from; see `as_numbers`."""
    if not pd.api.types.is_numeric_dtype(values) and values.notna().any():
        raise DataProblem(f"The feature {some([column.name])} must be a number, as the model knows it; it is text.")
    return evened(values.to_numpy(dtype="float64", na_value=np.nan), column)


def evened(values: np.ndarray, column: Column) -> np.ndarray:
    """Take the logarithm of skewed numbers, keeping their sign; infinite ones count as missing."""
    values = np.where(np.isfinite(values), values, np.nan)
    return np.sign(values) * np.log1p(np.abs(values)) if column.transform == "log" else values


def row_of_numbers(told: Mapping[str, Any], schema: Schema) -> np.ndarray:
    """Turn what is known of one customer into numbers, shape (1, columns); the same as `as_numbers`, faster.

    Raises
    ------
    DataProblem
        A number is something else.
    """
    return np.array([[one_number(told.get(column.name), column) for column in schema.columns]])


def one_number(value: object, column: Column) -> float:
    """Turn one value into its number; see `as_numbers`."""
    if value is None or value != value:
        return float("nan")
    if column.kind == "category":
        return float(column.levels.index(str(value))) if str(value) in column.levels else OTHER
    if isinstance(value, str):
        raise DataProblem(f"The feature {some([column.name])} must be a number, as the model knows it; it is text.")
    return float(evened(np.array([float(value)]), column)[0])
