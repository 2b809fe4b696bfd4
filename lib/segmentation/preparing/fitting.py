"""Fit a recipe to a table of features, and apply it to another."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from segmentation.preparing.building import column_steps
from segmentation.preparing.inputs import in_order_of_customers, readable, used_columns
from segmentation.preparing.recipe import Recipe
from segmentation.preparing.transformers import Keep
from segmentation.problems import DataProblem, some


@dataclass(frozen=True)
class Preparation:
    """A fitted preparation of features.

    Attributes
    ----------
    recipe : as it was fitted: with the features used, the columns kept and the number of components, so that a refit
        on other customers gives the same columns
    pipeline : from raw features to prepared columns
    names : of the prepared columns
    steps : what each step did and why, one row a step: step, what it did, why
    columns : what became of each feature, see `column_table`
    fitted_on : customers that it was fitted on
    """

    recipe: Recipe
    pipeline: Pipeline
    names: list[str]
    steps: pd.DataFrame
    columns: pd.DataFrame
    fitted_on: int

    def transform(self, features: pd.DataFrame) -> np.ndarray:
        """Prepare customers, those it was fitted on or others.

        Parameters
        ----------
        features : one row a customer, the raw features; other columns do not matter

        Returns
        -------
        array of float64, shape (customers, columns), never missing or endless, in the order of the rows

        Raises
        ------
        DataProblem
            A feature is not in the table, or a number is missing and the recipe fills none.
        """
        read = readable(features, self.recipe.columns)
        require_filled(read, self.recipe)
        if not len(read):
            return np.empty((0, len(self.names)))
        return np.ascontiguousarray(self.pipeline.transform(read), dtype="float64")

    def state(self) -> dict[str, Any]:
        """Give what `skops.io.dump` saves of it; see `TRUSTED` and `of_state`."""
        return {
            "pipeline": self.pipeline,
            "recipe": self.recipe.record(),
            "names": list(self.names),
            "steps": self.steps.to_json(orient="split"),
            "columns": self.columns.to_json(orient="split"),
            "fitted_on": self.fitted_on,
        }


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


def fit_preparation(
    features: pd.DataFrame, recipe: Recipe, *, target: pd.Series | None = None, seed: int
) -> Preparation:
    """Fit a recipe; the order of the rows does not matter."""
    columns, _ = used_columns(features, recipe)
    ordered, target = in_order_of_customers(features, target)
    read = readable(ordered, columns)
    require_filled(read, recipe)
    make = column_steps(recipe, columns, seed=seed)
    make.fit_transform(read)
    names = list(make.get_feature_names_out())
    keep = Keep(names, names).fit(np.empty((0, len(names))))
    fitted = replace(recipe, columns=tuple(columns), kept=tuple(names))
    return Preparation(
        fitted, Pipeline([("columns", make), ("keep", keep)]), names, pd.DataFrame(), pd.DataFrame(), len(read)
    )
