"""Fit a recipe to a table of features."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from segmentation.preparing import telling
from segmentation.preparing.building import column_steps
from segmentation.preparing.choosing_columns import Chosen, choose_columns
from segmentation.preparing.inputs import in_order_of_customers, readable, require_filled, used_columns
from segmentation.preparing.preparation import Preparation
from segmentation.preparing.recipe import Recipe, kind_of
from segmentation.preparing.reducing import Reduced, component_names, fit_reduction
from segmentation.preparing.selecting import evenly_spaced
from segmentation.preparing.transformers import Keep
from segmentation.preparing.with_target import log_spend, require_telling
from segmentation.problems import DataProblem, some

SLOW = ("yeo-johnson", "nearest", "ica")
MOST_WHEN_SLOW = 100_000


def fit_preparation(
    features: pd.DataFrame, recipe: Recipe, *, target: pd.Series | None = None, seed: int
) -> Preparation:
    """Fit a recipe; neither the order of the rows nor of other columns matters.

    Parameters
    ----------
    features : one row a customer, indexed by customer_id, the raw features
    recipe : what to do; a recipe as it was fitted (`Preparation.recipe`) gives the same columns again
    target : what each customer spent in a later period, shop currency; for a selection with a target and for the
        target encoding only
    seed : of draws, folds, trees and starts

    Raises
    ------
    DataProblem
        A feature is not there or known for nobody, a target is needed and not told, or the target can't tell anything.

    Source
    ------
    docs/decisions/0017-preparation.md
    """
    if not len(features):
        raise DataProblem("Can't prepare features: there is no customer.")
    columns, empty = used_columns(features, recipe)
    ordered, target = in_order_of_customers(features, known_target(target, recipe))
    read = readable(ordered, columns)
    require_filled(read, recipe)
    rows = rows_to_fit(len(read), recipe)
    later_spend = None if target is None else target.to_numpy("float64")[rows]
    made = make_columns(read.iloc[rows], recipe, later_spend=later_spend, seed=seed)
    chosen = choose_columns(made.values, made.names, recipe, later_spend=later_spend, seed=seed)
    keep = Keep(made.names, chosen.names).fit(made.values)
    reduced = None
    if recipe.reduction != "none":
        reduced = fit_reduction(keep.transform(made.values), names=chosen.names, recipe=recipe, seed=seed)
    table = feature_table(read, recipe, made, chosen)
    steps = step_table(read, recipe, made, chosen, reduced, empty=empty, table=table)
    return put_together(recipe, columns, made, keep, reduced, steps=steps, table=table, scores=chosen.scores)


@dataclass(frozen=True)
class Made:
    """Every prepared column before any is left out.

    Attributes
    ----------
    make : what makes them, fitted
    values : shape (customers it was fitted on, columns)
    names : of the columns
    """

    make: ColumnTransformer
    values: np.ndarray
    names: list[str]


def make_columns(read: pd.DataFrame, recipe: Recipe, *, later_spend: np.ndarray | None, seed: int) -> Made:
    """Fit the steps that make every prepared column; a number that nobody of a drawn sample has counts as 0."""
    numbers, _ = by_kind(read)
    read = read.assign(**dict.fromkeys([name for name in numbers if read[name].isna().all()], 0.0))
    make = column_steps(recipe, list(read.columns), seed=seed)
    values = make.fit_transform(read, None if later_spend is None else log_spend(later_spend))
    return Made(make, values, [column_name(str(name)) for name in make.get_feature_names_out()])


def column_name(name: str) -> str:
    """Name a prepared column, one that flags what is missing by its feature.

    Examples
    --------
    >>> column_name("missingindicator_median_gap_days")
    'median_gap_days: missing'
    """
    flagged = name.removeprefix("missingindicator_")
    return name if flagged == name else f"{flagged}: missing"


def feature_table(read: pd.DataFrame, recipe: Recipe, made: Made, chosen: Chosen) -> pd.DataFrame:
    """Tell what became of each feature; see `Preparation.columns`."""
    numbers, categories = by_kind(read)
    parts = []
    if numbers:
        parts.append(telling.number_table(recipe, read, numbers, made.make))
    if categories:
        levels = telling.level_counts(made.make, categories)
        parts.append(telling.category_table(recipe, read, categories, levels))
    table = pd.concat(parts, ignore_index=True).reindex(columns=telling.COLUMNS)
    kept = [place for place, name in enumerate(made.names) if name in set(chosen.names)]
    return telling.fates(table, made.names, kept, chosen.reasons)


def by_kind(read: pd.DataFrame) -> tuple[list[str], list[str]]:
    """List the numbers and the categories of a table."""
    kinds = {name: kind_of(name) for name in read.columns}
    return [n for n, kind in kinds.items() if kind == "number"], [n for n, kind in kinds.items() if kind == "category"]


def step_table(
    read: pd.DataFrame,
    recipe: Recipe,
    made: Made,
    chosen: Chosen,
    reduced: Reduced | None,
    *,
    empty: Sequence[str],
    table: pd.DataFrame,
) -> pd.DataFrame:
    """Tell what each step did and why; see `Preparation.steps`."""
    numbers, categories = by_kind(read)
    rows = [telling.feature_row(list(read.columns), empty, fitted_on=len(made.values), customers=len(read))]
    rows += telling.filling_rows(recipe, table.set_index("column")["missing"].dropna().to_dict())
    rows += telling.number_rows(recipe, numbers, table) if numbers else []
    if categories:
        rows.append(telling.category_row(recipe, categories, telling.level_counts(made.make, categories)))
    rows += [telling.cross_row(recipe)] if recipe.crossed else []
    rows += chosen.rows
    rows += [telling.reduction_row(recipe, reduced, len(chosen.names))] if reduced else []
    return pd.DataFrame(rows)


def put_together(
    recipe: Recipe,
    columns: Sequence[str],
    made: Made,
    keep: Keep,
    reduced: Reduced | None,
    *,
    steps: pd.DataFrame,
    table: pd.DataFrame,
    scores: dict[str, float],
) -> Preparation:
    """Join the fitted steps into one pipeline, and write down the recipe that gives the same columns again."""
    fitted = [("columns", made.make), ("keep", keep)]
    names, loadings = list(keep.kept), pd.DataFrame()
    if reduced and reduced.step is not None:
        fitted.append(("reduce", reduced.step))
        names, loadings = component_names(len(reduced.loadings)), reduced.loadings
    return Preparation(
        recipe=replace(recipe, columns=tuple(columns), kept=tuple(keep.kept), components=len(loadings)),
        pipeline=Pipeline(fitted),
        names=names,
        steps=steps,
        columns=table,
        loadings=loadings,
        scores=pd.DataFrame({"column": list(scores), "score": list(scores.values())}),
        fitted_on=len(made.values),
    )


def prepare_customers(features: pd.DataFrame, recipe: Recipe, *, past: pd.DataFrame | None, seed: int) -> Preparation:
    """Fit a recipe on today's customers; what must be learnt from later spend is learnt on those of an earlier day.

    Parameters
    ----------
    features : one row a customer, raw
    recipe : of step 03
    past : customers as of an earlier day with `later_spend`; None or empty where nothing is known
    seed : of every draw

    Raises
    ------
    DataProblem
        The recipe asks for a target, and no earlier day is known.
    """
    if not recipe.needs_target:
        return fit_preparation(features, recipe, seed=seed)
    if past is None or past.empty:
        raise DataProblem(
            "`target_selection` and the `encoding` target need customers of an earlier day and what they spent then; "
            "the orders do not reach back far enough. Use `encoding` one-hot, and `target_selection` none?"
        )
    learnt = fit_preparation(past, recipe, target=past["later_spend"], seed=seed)
    return learnt if learnt.recipe.needs_target else fit_preparation(features, learnt.recipe, seed=seed)


def known_target(target: pd.Series | None, recipe: Recipe) -> pd.Series | None:
    """Require what customers did later when the recipe asks for it; none when it does not.

    Raises
    ------
    DataProblem
        It is not told, or can't tell anything.
    """
    if not recipe.needs_target:
        return None
    name, other = ("encoding", "one-hot") if recipe.encoding == "target" else ("target_selection", "none")
    if target is None:
        raise DataProblem(
            f"`{name}` {some([getattr(recipe, name)])} needs what customers did in a later period, and none is told. "
            f"Do the orders reach far enough back for an earlier day, or is `{name}` {other} meant?"
        )
    require_telling(target.to_numpy("float64"), name=name, other=other)
    return target


def rows_to_fit(customers: int, recipe: Recipe) -> np.ndarray:
    """List the rows to fit on: all, or 100,000 spread evenly over them when the recipe holds something slow."""
    slow = {recipe.transform, recipe.fill, recipe.reduction} & set(SLOW)
    return evenly_spaced(np.arange(customers), most=MOST_WHEN_SLOW) if slow else np.arange(customers)
