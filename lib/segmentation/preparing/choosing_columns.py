"""Choose among prepared columns: one selection after another, each looking at what the one before left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from segmentation.preparing import telling
from segmentation.preparing.recipe import Recipe
from segmentation.preparing.selecting import Selected, by_correlation, by_variance, without_constant
from segmentation.preparing.with_target import by_target


@dataclass(frozen=True)
class Chosen:
    """The columns that are kept, and how that came about.

    Attributes
    ----------
    names : of the kept columns, in the order of all
    reasons : place of a column that went, to why
    rows : of the table of steps
    scores : name of a column to how much it tells of what customers did later
    """

    names: list[str]
    reasons: dict[int, str]
    rows: list[telling.Row]
    scores: dict[str, float]


@dataclass(frozen=True)
class Selection:
    """One selection: what it is called, why it is made, and what it makes of the places that are left."""

    step: str
    why: str
    select: Callable[[list[int]], Selected]


def choose_columns(
    made: np.ndarray, names: Sequence[str], recipe: Recipe, *, later_spend: np.ndarray | None, seed: int
) -> Chosen:
    """Choose which prepared columns are kept: those of the recipe, or what its selections leave.

    Parameters
    ----------
    made : shape (customers, columns)
    names : of the columns
    recipe : `kept`, `selection` and `target_selection`
    later_spend : shape (customers,), what each spent later; needed for a selection with a target
    seed : see `by_target`
    """
    if recipe.kept:
        why = "a refit on other customers keeps the columns of the first"
        return Chosen(list(recipe.kept), {}, [telling.row("select", f"kept {len(recipe.kept)} columns", why)], {})
    left, reasons, rows, scores = list(range(len(names))), {}, [], {}
    for selection in selections(made, names, recipe, later_spend=later_spend, seed=seed):
        selected = selection.select(left)
        left = selected.kept
        reasons |= selected.dropped
        scores |= {names[place]: score for place, score in selected.scores.items()}
        rows.append(telling.selection_row(selection.step, selected, names, selection.why))
    return Chosen([names[place] for place in left], reasons, rows, scores)


def selections(
    made: np.ndarray, names: Sequence[str], recipe: Recipe, *, later_spend: np.ndarray | None, seed: int
) -> list[Selection]:
    """List the selections that a recipe asks for; constant columns always go."""
    why = telling.WHY_SELECTED
    asked = [Selection("constant columns", why["constant"], partial(without_constant, made))]
    if "variance" in recipe.selection:
        asked.append(Selection("select by variance", why["variance"], partial(by_variance, made)))
    if "correlation" in recipe.selection:
        select = partial(by_correlation, made, names=names)
        asked.append(Selection("select by correlation", why["correlation"], select))
    if recipe.target_selection != "none":
        method = recipe.target_selection
        select = partial(by_target, made, method=method, later_spend=later_spend, seed=seed)
        asked.append(Selection(f"select by later spend ({method})", telling.WHY_TARGET[method], select))
    return asked
