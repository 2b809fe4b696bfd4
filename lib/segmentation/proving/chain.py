"""Make the segments again on some of the customers: the whole chain, from raw features to everyone's segment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from segmentation.agreement import adjusted_rand, closest_jaccard, drawn_sample, shared_customers
from segmentation.choosing.fitting import K_MEANS
from segmentation.choosing.measures import STARTS
from segmentation.choosing.stability import refitted
from segmentation.cluster import Plan, Segmentation
from segmentation.gate import FULL
from segmentation.grouping.rules import RuleSegmentation, rule_names
from segmentation.preparing import Recipe, prepare_customers
from segmentation.rfm import cut_points

MIDDLING = ("mini-batch k-means", "bisecting k-means")


@dataclass(frozen=True)
class Effort:
    """How much is tried: the most customers used, the most refits, and how often customers are split in halves."""

    customers: int
    refits: int
    splits: int


USUAL, MIDDLE, SLOW = Effort(20_000, 1_000, 10), Effort(6_000, 25, 5), Effort(2_000, 25, 5)


def effort_of(plan: Plan) -> Effort:
    """Choose how much can be tried in the time of a few refits, by what the plan asks for."""
    recipe = plan.recipe
    if plan.mode != FULL:
        return USUAL
    if plan.algorithm not in (K_MEANS, *MIDDLING) or recipe.fill == "nearest":
        return SLOW
    learns = recipe.encoding == "target" or recipe.target_selection != "none"
    middling = plan.algorithm in MIDDLING or recipe.transform == "yeo-johnson" or recipe.reduction == "ica"
    return MIDDLE if learns or middling else USUAL


def sampled(features: pd.DataFrame, effort: Effort, *, seed: int) -> pd.DataFrame:
    """Draw as many customers as are used, in their order; all of them when they are few enough."""
    return features.iloc[drawn_sample(len(features), effort.customers, seed=seed)]


def labels_of(segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame) -> np.ndarray:
    """Give each customer the number of their segment; a rule that held for nobody in the fit counts as one more."""
    if isinstance(segmentation, RuleSegmentation):
        return numbered(segmentation.assign(features), segmentation.names)
    return segmentation.grouping.assign(segmentation.prepared(features))


def labels_again(
    segmentation: Segmentation | RuleSegmentation,
    used: pd.DataFrame,
    drawn: np.ndarray,
    plan: Plan,
    *,
    past: pd.DataFrame | None,
    seed: int,
) -> np.ndarray:
    """Make segments of the drawn customers and give everyone used a segment.

    Parameters
    ----------
    segmentation : whose rules are applied again, where rules decide
    used : one row a customer, raw
    drawn : places of customers, in rising order; one may be drawn several times
    plan, past, seed : see `bootstrap_refits`
    """
    if isinstance(segmentation, RuleSegmentation):
        cuts = cut_points(used.iloc[drawn].reset_index(drop=True))
        return numbered(rule_names(used, segmentation.rules, cuts=cuts), segmentation.names)
    columns = used[list(plan.recipe.columns)]
    then = drawn_past(past, used.index[drawn])
    recipe = selected_anew(plan.recipe, columns.iloc[drawn])
    preparation = prepare_customers(columns.iloc[drawn], recipe, past=then, seed=seed)
    prepared = preparation.transform(columns)
    return grouped_again(prepared, drawn, replace(plan, seed=seed))


def grouped_again(prepared: np.ndarray, drawn: np.ndarray, plan: Plan) -> np.ndarray:
    """Group the drawn customers from as many starts as the fit begins with, and give everyone a group."""
    few = len(drawn) <= SLOW.customers
    k = min(plan.k, len(np.unique(prepared[drawn], axis=0))) if few else plan.k
    return refitted(prepared, drawn, algorithm=plan.algorithm, k=k, seed=plan.seed, starts=STARTS).assign(prepared)


def numbered(told: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Number customers' segments by the place of the name; a name that is not among them counts as one more.

    Examples
    --------
    >>> numbered(pd.Series(["regulars", "others", "lapsed"]), ["others", "regulars"]).tolist()
    [1, 0, 2]
    """
    places = pd.Index(names).get_indexer(told)
    return np.where(places < 0, len(names), places)


def selected_anew(recipe: Recipe, drawn: pd.DataFrame) -> Recipe:
    """Let a recipe select its columns again, where it selects; a feature known for nobody drawn is left out then."""
    if not recipe.selection and recipe.target_selection == "none":
        return recipe
    known = [name for name in recipe.columns if drawn[name].notna().any()]
    return on_columns(recipe, known)


def on_columns(recipe: Recipe, columns: list[str]) -> Recipe:
    """Use only some features of a recipe, select prepared columns anew, and as many components as hold 90 %."""
    crossed = tuple(f"{left}*{right}" for left, right in recipe.pairs if left in columns and right in columns)
    return replace(recipe, columns=tuple(columns), crossed=crossed, kept=(), components=0)


def drawn_past(past: pd.DataFrame | None, customers: pd.Index) -> pd.DataFrame | None:
    """Take the drawn customers as they stood on the earlier day, as often as they are drawn."""
    if past is None or past.empty:
        return past
    places = past.index.get_indexer(customers)
    return past.iloc[places[places >= 0]]


def compare(labels: np.ndarray, again: np.ndarray, *, k: int) -> tuple[float, np.ndarray]:
    """Compare a refit with the fit: adjusted Rand index, and each segment's Jaccard similarity to its closest match.

    Examples
    --------
    >>> compare(np.array([0, 0, 2, 2]), np.array([1, 1, 0, 0]), k=3)
    (1.0, array([ 1., nan,  1.]))
    """
    shared = shared_customers(labels, again)
    jaccard = np.full(max(k, len(shared)), np.nan)
    jaccard[: len(shared)] = np.where(shared.sum(axis=1) > 0, closest_jaccard(shared), np.nan)
    return adjusted_rand(shared), jaccard[:k]
