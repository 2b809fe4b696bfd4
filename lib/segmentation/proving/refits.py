"""Do the segments come back when customers are drawn again? The whole chain refitted: prepared, grouped, assigned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t

from segmentation.agreement import adjusted_rand, closest_jaccard, drawn_sample, shared_customers
from segmentation.choosing.stability import refitted
from segmentation.cluster import Plan, Segmentation
from segmentation.gate import FULL
from segmentation.grouping.rules import RuleSegmentation, asks_scores, rule_names
from segmentation.preparing import Recipe, prepare_customers
from segmentation.rfm import cut_points

# Hennig's bands for the Jaccard similarity of a segment with its closest match in a refit (R package fpc, clusterboot).
BANDS = {0.85: "highly stable", 0.75: "stable", 0.60: "a pattern, membership doubtful", 0.0: "not to be trusted"}
STABLE, TRUSTED, DISSOLVED = 0.75, 0.60, 0.50
MIDDLE_90 = (0.05, 0.95)
QUICK = ("k-means", "mini-batch k-means", "bisecting k-means")
MOST_CUSTOMERS, MOST_WHEN_SLOW, REFITS_WHEN_SLOW = 20_000, 2_000, 25
SLOW_TO_PREPARE = ("nearest", "yeo-johnson", "ica")
ABSOLUTE = "Rules with fixed limits give everyone the same segment whoever else is a customer: nothing to fit again."
SINGLE = "All customers are one group, so there is nothing that could come back."


@dataclass(frozen=True)
class Refits:
    """What became of the segments in refits on customers drawn again.

    Attributes
    ----------
    agreement : adjusted Rand index of each refit with the fit: 1 the same, 0 as by chance, shape (refits,)
    jaccard : of each segment with its closest match, shape (refits, segments); missing where nobody of a segment was
        among the customers used
    customers : used; of : all there are
    why_not : why nothing is refitted, in words; empty when it is
    """

    agreement: np.ndarray
    jaccard: np.ndarray
    customers: int
    of: int
    why_not: str = ""

    @property
    def number(self) -> int:
        """How many refits there are."""
        return len(self.agreement)


def bootstrap_refits(
    segmentation: Segmentation | RuleSegmentation,
    features: pd.DataFrame,
    plan: Plan,
    *,
    past: pd.DataFrame | None,
    refits: int,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> Refits:
    """Draw customers again, make segments of them from their raw features, give everyone a segment, and compare.

    Everything is made anew on the drawn customers: what fills, scales, selects and reduces features, and the groups.
    Rules with relative scores find new limits. Of many customers, and where an algorithm or a preparation is slow, a
    sample is used; `refits_in_words` says so.

    Parameters
    ----------
    segmentation : as `cluster.fit` makes it of features and plan
    features : one row a customer, raw, indexed by customer_id in sorted order
    plan : of step 04
    past : see `cluster.segment_customers`; needed where the plan's recipe learns from later spend
    refits : how many; at most 25 are made where one is slow
    seed : of samples and starts
    on_progress : called after each refit with how many are done and how many there are

    Source
    ------
    Hennig, Cluster-wise assessment of cluster stability, Computational Statistics and Data Analysis 52 (2007);
    docs/decisions/0023-proof.md
    """
    why_not = nothing_to_refit(segmentation)
    if why_not:
        return Refits(np.empty(0), np.empty((0, segmentation.k)), len(features), len(features), why_not)
    most, number = effort(plan, refits=refits)
    used = features.iloc[drawn_sample(len(features), most, seed=seed)]
    labels = labels_of(segmentation, used)
    generator = np.random.default_rng(seed)
    compared = []
    for refit in range(number):
        drawn = np.sort(generator.integers(0, len(used), len(used)))
        again = labels_again(segmentation, used, drawn, plan, past=past, seed=plan.seed + 1 + refit)
        compared.append(compare(labels, again, k=segmentation.k))
        if on_progress:
            on_progress(refit + 1, number)
    agreement, jaccard = zip(*compared, strict=True)
    return Refits(np.array(agreement), np.array(jaccard), len(used), len(features))


def nothing_to_refit(segmentation: Segmentation | RuleSegmentation) -> str:
    """Say why refits can't differ; empty when they can."""
    if segmentation.k < 2:
        return SINGLE
    by_limits = isinstance(segmentation, RuleSegmentation) and not asks_scores(segmentation.rules)
    return ABSOLUTE if by_limits else ""


def effort(plan: Plan, *, refits: int) -> tuple[int, int]:
    """Choose the most customers to use and how many refits to make."""
    recipe = plan.recipe
    slow_to_prepare = (
        recipe.needs_target
        or recipe.target_selection != "none"
        or bool({recipe.fill, recipe.transform, recipe.reduction} & set(SLOW_TO_PREPARE))
    )
    if plan.mode == FULL and (plan.algorithm not in QUICK or slow_to_prepare):
        return MOST_WHEN_SLOW, min(refits, REFITS_WHEN_SLOW)
    return MOST_CUSTOMERS, refits


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
    then = drawn_past(past, used.index[drawn]) if plan.recipe.target_selection != "none" else past
    recipe = selected_anew(plan.recipe, columns.iloc[drawn])
    preparation = prepare_customers(columns.iloc[drawn], recipe, past=then, seed=seed)
    prepared = preparation.transform(columns)
    k = min(plan.k, len(np.unique(prepared[drawn], axis=0))) if len(drawn) <= MOST_WHEN_SLOW else plan.k
    return refitted(prepared, drawn, algorithm=plan.algorithm, k=k, seed=seed).assign(prepared)


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
    """Use only some features of a recipe, and select prepared columns anew."""
    crossed = tuple(f"{left}*{right}" for left, right in recipe.pairs if left in columns and right in columns)
    return replace(recipe, columns=tuple(columns), crossed=crossed, kept=())


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


# --- what they leave


def refits_agreement(refits: Refits) -> dict[str, float]:
    """Summarise the agreement of refits: mean, and the middle 90 % of refits as low and high; missing without any.

    Examples
    --------
    >>> refits_agreement(Refits(np.linspace(0, 1, 21), np.empty((21, 0)), 100, 100))
    {'agreement': 0.5, 'low': 0.05, 'high': 0.95}
    """
    if not refits.number:
        return dict.fromkeys(("agreement", "low", "high"), float("nan"))
    low, high = np.quantile(refits.agreement, MIDDLE_90)
    return {"agreement": float(refits.agreement.mean()), "low": float(low), "high": float(high)}


def stability_by_segment(refits: Refits, names: pd.Series) -> pd.DataFrame:
    """Measure how surely each segment comes back.

    Parameters
    ----------
    refits : see `bootstrap_refits`
    names : of the segments, indexed by segment from 0

    Returns
    -------
    DataFrame indexed by segment
        name; jaccard : mean over refits; jaccard_low, jaccard_high : its 95 % interval as far as the number of refits
        leaves it open; dissolved : share of refits in which no group shares more than half with it; band : Hennig's;
        missing where nothing is refitted
    """
    index = pd.RangeIndex(len(names), name="segment")
    table = pd.DataFrame({"name": names.to_numpy()}, index=index)
    if not refits.number:
        return table.assign(**dict.fromkeys(("jaccard", "jaccard_low", "jaccard_high", "dissolved"), np.nan), band=None)
    jaccard = pd.DataFrame(refits.jaccard, columns=index)
    mean, half = jaccard.mean(), interval_of_mean(jaccard)
    table["jaccard"] = mean
    table["jaccard_low"], table["jaccard_high"] = (mean - half).clip(0, 1), (mean + half).clip(0, 1)
    table["dissolved"] = (jaccard <= DISSOLVED).mean().where(mean.notna())
    table["band"] = [band_of(value) for value in mean]
    return table


def interval_of_mean(jaccard: pd.DataFrame) -> pd.Series:
    """Measure half the 95 % interval of each column's mean that the number of refits leaves; 1 for a single refit."""
    refits = jaccard.notna().sum()
    half = jaccard.std() * t.ppf(0.975, (refits - 1).clip(lower=1)) / np.sqrt(refits)
    return half.where(refits > 1, 1.0)


def band_of(jaccard: float) -> str | None:
    """Name Hennig's band of a Jaccard similarity; none for a missing one.

    Examples
    --------
    >>> band_of(0.75), band_of(0.59), band_of(float("nan"))
    ('stable', 'not to be trusted', None)
    """
    return next((band for limit, band in BANDS.items() if jaccard >= limit), None)


def refits_in_words(refits: Refits) -> str:
    """Say how many refits there are, on whom, and what was made anew; or why there are none."""
    if refits.why_not:
        return f"Not measured. {refits.why_not}"
    whom = f"all {refits.of:,} customers"
    if refits.customers < refits.of:
        whom = f"a sample of {refits.customers:,} of the {refits.of:,} customers, so that it does not take long"
    return (
        f"{refits.number} refits of the whole chain, preparation included, on {whom}, each time drawn with replacement."
    )
