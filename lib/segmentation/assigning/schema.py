"""What a model was learnt from: which columns, of which kind, and how a table becomes numbers for it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from segmentation.features import FEATURES
from segmentation.problems import DataProblem, some

RARE_SHARE, FEWEST_OF_A_LEVEL, MOST_LEVELS = 0.01, 5, 20


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

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        return 1 if self.kind == "number" else len(self.levels) + 1


@dataclass(frozen=True)
class Schema:
    """The columns of a model, in the order in which it reads them."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return [column.name for column in self.columns]

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
    Array of shape (customers, numbers), float64: logarithms of skewed numbers with their sign, other numbers as they
    are, NaN for what is missing; of a category a flag for each level and one for any other, none set when it is missing

    Raises
    ------
    DataProblem
        A column is missing, or numbers are something else.
    """
    require_columns(features, schema.names)
    numbers = np.empty((len(features), sum(column.width for column in schema.columns)))
    first = 0
    for column in schema.columns:
        values = features[column.name]
        block = flags(values, column) if column.kind == "category" else plain(values, column)[:, None]
        numbers[:, first : first + column.width] = block
        first += column.width
    return numbers


def flags(values: pd.Series, column: Column) -> np.ndarray:
    """Give each value the flags of its level; see `as_numbers`."""
    found, levels = pd.factorize(values)
    rows = [level_flags(str(level), column) for level in levels]
    return np.array([*rows, np.zeros(column.width)])[found]  # -1, what is missing, is the last


def level_flags(level: str, column: Column) -> np.ndarray:
    """Give one level its flags; the last is for any that the model does not tell apart."""
    row = np.zeros(column.width)
    row[column.levels.index(level) if level in column.levels else -1] = 1.0
    return row


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
    """Turn what is known of one customer into numbers, shape (1, numbers); the same as `as_numbers`, faster.

    Raises
    ------
    DataProblem
        A number is something else.
    """
    blocks = [one_block(told.get(column.name), column) for column in schema.columns]
    return np.concatenate(blocks)[None, :] if blocks else np.empty((1, 0))


def one_block(value: Any, column: Column) -> np.ndarray:
    """Turn one value into its numbers; see `as_numbers`."""
    is_missing = value is None or value != value
    if column.kind == "category":
        return np.zeros(column.width) if is_missing else level_flags(str(value), column)
    if isinstance(value, str):
        raise DataProblem(f"The feature {some([column.name])} must be a number, as the model knows it; it is text.")
    return evened(np.array([np.nan if is_missing else float(value)]), column)
