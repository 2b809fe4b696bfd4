"""A fitted preparation: what it makes of customers, what it did and why, and what can be saved of it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from segmentation.preparing.inputs import readable, require_filled
from segmentation.preparing.recipe import Recipe
from segmentation.preparing.telling import words_of

TABLES = ("steps", "columns", "loadings", "scores")


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
    loadings : one row a component, one column a kept column; empty without a reduction
    scores : how much each judged column tells of what customers did later; empty without a target
    fitted_on : customers that it was fitted on
    """

    recipe: Recipe
    pipeline: Pipeline
    names: list[str]
    steps: pd.DataFrame
    columns: pd.DataFrame
    loadings: pd.DataFrame
    scores: pd.DataFrame
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
        return self._through(features, self.pipeline, columns=len(self.names))

    def before_reduction(self, features: pd.DataFrame) -> pd.DataFrame:
        """Prepare customers as `transform` does, up to the columns that have a feature's name.

        Returns
        -------
        DataFrame with the same index, one column for each of `recipe.kept`
        """
        kept = list(self.recipe.kept)
        values = self._through(features, Pipeline(self.pipeline.steps[:2]), columns=len(kept))
        return pd.DataFrame(values, index=features.index, columns=kept)

    def _through(self, features: pd.DataFrame, pipeline: Pipeline, *, columns: int) -> np.ndarray:
        read = readable(features, self.recipe.columns)
        require_filled(read, self.recipe)
        if not len(read):
            return np.empty((0, columns))
        return np.ascontiguousarray(pipeline.transform(read), dtype="float64")

    def state(self) -> dict[str, Any]:
        """Give what `skops.io.dump` can save of it; see `TRUSTED` and `of_state`."""
        tables = {name: getattr(self, name).to_json(orient="split") for name in TABLES}
        told = {"recipe": self.recipe.record(), "names": list(self.names), "fitted_on": self.fitted_on}
        return {"pipeline": self.pipeline, **told, **tables}

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> "Preparation":
        """Take up a saved preparation; it gives the same numbers."""
        tables = {name: pd.read_json(io.StringIO(state[name]), orient="split") for name in TABLES}
        return cls(**{**state, "recipe": Recipe.of(state["recipe"]), **tables})


def column_table(preparation: Preparation) -> pd.DataFrame:
    """Tell what became of each feature, as a reader sees it; those that were left out come last.

    Returns
    -------
    DataFrame, one row a feature or crossed pair: feature, missing (share), transform, skew before, skew after, fate;
    skew is missing for categories and where all customers are alike
    """
    table = preparation.columns.sort_values("kept", key=lambda kept: kept == 0, kind="stable")
    table = table.assign(feature=table["column"].map(words_of))
    shown = ["feature", "missing", "transform", "skew before", "skew after", "fate"]
    return table[shown].reset_index(drop=True)


COLUMN_FORMATS = {"missing": "{:.1%}", "skew before": "{:.1f}", "skew after": "{:.1f}"}
