"""The table of features as a preparation reads it: known columns, plain types, no endless numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segmentation.preparing.recipe import USUAL_FEATURES, Recipe, kind_of
from segmentation.preparing.transformers import INFREQUENT, OTHERS
from segmentation.problems import DataProblem, some

LARGEST = 1e15  # more money than there is, and its square is still a number


def used_columns(features: pd.DataFrame, recipe: Recipe) -> tuple[list[str], list[str]]:
    """List the features that a recipe uses, and those of the usual ones that nobody has.

    Raises
    ------
    DataProblem
        One that is asked for is not in the table or missing for everybody, or none of the usual ones is known.
    """
    asked = list(recipe.columns) or [name for name in USUAL_FEATURES if name in features]
    asked += [name for pair in recipe.pairs for name in pair if name not in asked]
    asked = list(dict.fromkeys(asked))
    require_columns(features, asked)
    empty = [name for name in asked if not features[name].notna().any()]
    if recipe.kept or not len(features):
        return asked, []  # as they were when the columns were chosen
    if empty and (recipe.columns or set(empty) - set(USUAL_FEATURES)):
        raise DataProblem(
            f"`cluster_features` must be known for somebody; {some(empty)} is missing for all {len(features):,} "
            "customers. Leave it out?"
        )
    known = [name for name in asked if name not in empty]
    if not known:
        raise DataProblem(f"Can't prepare features: none of {some(USUAL_FEATURES, limit=9)} is known for anybody.")
    return known, empty


def require_columns(features: pd.DataFrame, columns: Sequence[str]) -> None:
    """Require that a table has the features.

    Raises
    ------
    DataProblem
        Some are not there.
    """
    absent = [name for name in columns if name not in features]
    if absent:
        raise DataProblem(
            f"The table of features must have {some(absent)}; it has {some(features.columns)}. Was it written by "
            "another version? Run step 3 again."
        )


def readable(features: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Read features as plain types: numbers as float64, missing where endless; categories as text or None.

    Returns
    -------
    DataFrame with the same index and those columns, numbers first; a number beyond 1e15 is 1e15

    Raises
    ------
    DataProblem
        A column is not there, or one of numbers holds something else.
    """
    require_columns(features, columns)
    numbers = [name for name in columns if kind_of(name) == "number"]
    categories = [name for name in columns if kind_of(name) == "category"]
    read = pd.DataFrame(number_array(features, numbers), index=features.index, columns=numbers)
    for name in categories:
        read[name] = pd.Series(text_or_none(features[name]), index=features.index, dtype=object)
    return read


def number_array(features: pd.DataFrame, numbers: Sequence[str]) -> np.ndarray:
    """Read columns of numbers; see `readable`."""
    values = np.empty((len(features), len(numbers)), order="F")
    for place, name in enumerate(numbers):
        try:
            values[:, place] = features[name].to_numpy(dtype="float64", na_value=np.nan)
        except (TypeError, ValueError):
            raise DataProblem(f"{some([name])} must hold numbers; it is {features[name].dtype}.") from None
    values[np.isinf(values)] = np.nan
    return np.clip(values, -LARGEST, LARGEST, out=values)


def text_or_none(column: pd.Series) -> np.ndarray:
    """Read a category as an object array of text, None where it is missing or blank.

    What rare levels are called together is put in quotes where a shop has a level of that name.
    """
    texts = column.astype(object).where(column.notna(), None).to_numpy()
    words = [str(text) if text is not None and str(text).strip() else None for text in texts]
    return np.array([f"'{word}'" if word in (OTHERS, INFREQUENT) else word for word in words], dtype=object)


def in_order_of_customers(features: pd.DataFrame, target: pd.Series | None) -> tuple[pd.DataFrame, pd.Series | None]:
    """Sort customers by id, and what they did later with them, so that a fit does not depend on rows' order.

    Raises
    ------
    DataProblem
        What a customer did later is not told.
    """
    if target is not None and not target.index.equals(features.index):
        target = aligned(target, features.index)
    if target is not None and target.isna().any():
        raise DataProblem(
            f"What customers did later must be known for everybody; it is missing for {int(target.isna().sum()):,} of "
            f"{len(target):,}."
        )
    if features.index.is_monotonic_increasing:
        return features, target
    order = np.argsort(features.index.to_numpy(), kind="stable")
    return features.iloc[order], None if target is None else target.iloc[order]


def aligned(target: pd.Series, customers: pd.Index) -> pd.Series:
    """Give each customer their target, missing where it is not told."""
    if target.index.has_duplicates:
        raise DataProblem("What customers did later must be told once for each customer; some have it twice.")
    return target.reindex(customers)


def require_filled(read: pd.DataFrame, recipe: Recipe) -> None:
    """Require that no number is missing when the recipe fills none.

    Raises
    ------
    DataProblem
        Some are.
    """
    if recipe.fill != "none":
        return
    missing = read.select_dtypes("number").isna().sum()
    if missing.any():
        raise DataProblem(
            f"With `fill` none, features must be known for every customer; {some(missing.index[missing > 0])} is "
            f"missing for {missing.max():,} of {len(read):,}. Leave it out, or is `fill` median meant?"
        )
