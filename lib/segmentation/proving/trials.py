"""Other ways to upset a segmentation: seeds, features left out, halves of the customers, an earlier day."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from segmentation.agreement import drawn_sample
from segmentation.cluster import Plan, Segmentation
from segmentation.features import GROUPS, of_groups
from segmentation.gate import FULL
from segmentation.grouping.rules import RuleSegmentation, asks_scores
from segmentation.proving.refits import (
    compare,
    effort,
    labels_again,
    labels_of,
    numbered,
    on_columns,
)

SEEDS, EARLIER, HALVES = "other seed", "earlier day", "half of the customers"
WITHOUT, WITHOUT_MOST = "features left out", "most features left out"
OTHER_SEEDS, SPLITS = 5, 3
Trial = tuple[str, str, np.ndarray]


def upset(
    segmentation: Segmentation | RuleSegmentation,
    features: pd.DataFrame,
    plan: Plan,
    *,
    past: pd.DataFrame | None,
    earlier: Segmentation | RuleSegmentation | None,
    seed: int,
) -> pd.DataFrame:
    """Make segments in other ways that ought not to matter, and compare each with the fit.

    Parameters
    ----------
    segmentation, features, plan, past : see `refits.bootstrap_refits`
    earlier : the plan fitted on customers as they stood on an earlier day; today's are assigned by it; None when there
        is no such day
    seed : of the sample of customers, where there are many, and of the halves

    Returns
    -------
    DataFrame indexed by trial kind and trial, one row a trial
        agreement : adjusted Rand index with the fit; one column a segment (int from 0): Jaccard similarity with its
        closest match. A group of features that leaves less than half of them is a kind of its own: what is left asks
        another question. Rules have no seeds and no features to leave out, and rules with fixed limits no halves; one
        segment has no trial at all
    """
    rows = {}
    if segmentation.k > 1:
        most, _ = effort(plan, refits=0)
        used = features.iloc[drawn_sample(len(features), most, seed=seed)]
        labels = labels_of(segmentation, used)
        trials = trials_of(segmentation, used, plan, past=past, earlier=earlier, seed=seed)
        rows = {(kind, trial): compare(labels, again, k=segmentation.k) for kind, trial, again in trials}
    index = pd.MultiIndex.from_tuples(rows, names=["trial kind", "trial"]) if rows else no_trials()
    jaccard = np.array([told for _, told in rows.values()]).reshape(len(rows), segmentation.k)
    table = pd.DataFrame(jaccard, index=index, columns=range(segmentation.k))
    table.insert(0, "agreement", np.array([agreement for agreement, _ in rows.values()], dtype="float64"))
    return table


def no_trials() -> pd.MultiIndex:
    """Make the index of a table without trials."""
    return pd.MultiIndex.from_arrays([[], []], names=["trial kind", "trial"])


def trials_of(
    segmentation: Segmentation | RuleSegmentation,
    used: pd.DataFrame,
    plan: Plan,
    *,
    past: pd.DataFrame | None,
    earlier: Segmentation | RuleSegmentation | None,
    seed: int,
) -> Iterator[Trial]:
    """Make all trials: kind, trial, and everyone's segment in it; see `upset`."""
    everybody = np.arange(len(used))
    again = partial(labels_again, segmentation, used, past=past)
    by_algorithm = plan.mode == FULL
    for number in range(1, OTHER_SEEDS + 1) if by_algorithm else ():
        other = replace(plan, seed=plan.seed + number)
        yield SEEDS, f"seed {other.seed}", again(everybody, other, seed=other.seed)
    if by_algorithm or asks_scores(segmentation.rules):
        for name, half in halves(len(used), seed=seed):
            yield HALVES, name, again(half, plan, seed=plan.seed)
    for group, columns in left_over(plan).items() if by_algorithm else ():
        without = replace(plan, recipe=on_columns(plan.recipe, columns))
        kind = WITHOUT if 2 * len(columns) >= len(plan.recipe.columns) else WITHOUT_MOST
        yield kind, f"without {group}", again(everybody, without, seed=plan.seed)
    if earlier is not None:
        yield EARLIER, "fitted on an earlier day", labels_by(earlier, used, segmentation)


def labels_by(
    other: Segmentation | RuleSegmentation, features: pd.DataFrame, segmentation: Segmentation | RuleSegmentation
) -> np.ndarray:
    """Give each customer the segment that another fit puts them in; rules by the names of the segmentation's."""
    if isinstance(other, RuleSegmentation):
        return numbered(other.assign(features), segmentation.names)
    return labels_of(other, features)


def halves(customers: int, *, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Split customers in two by chance, a few times; each half is a trial, named by a number."""
    generator = np.random.default_rng(seed)
    for split in range(SPLITS):
        order = generator.permutation(customers)
        for side, half in enumerate(np.array_split(order, 2)):
            yield f"half {2 * split + side + 1}", np.sort(half)


def left_over(plan: Plan) -> dict[str, list[str]]:
    """List the features that are left without each group of which the plan uses one, where any are."""
    used = plan.recipe.columns
    rest = {group: [name for name in used if name not in of_groups([group])] for group in GROUPS}
    return {group: columns for group, columns in rest.items() if 0 < len(columns) < len(used)}


# --- what the notebook shows


def by_kind(trials: pd.DataFrame) -> pd.DataFrame:
    """Average trials of a kind, except that each group of features left out stands alone.

    Returns
    -------
    DataFrame indexed by what is changed, in the order of the trials
        trials : how many; agreement; lowest_agreement; one column a segment : mean Jaccard
    """
    words = [trial if kind in (WITHOUT, WITHOUT_MOST) else kind for kind, trial in trials.index]
    grouped = trials.groupby(pd.Index(words, name="trial"), sort=False)
    table = grouped.mean()
    table.insert(0, "trials", grouped.size())
    table.insert(2, "lowest_agreement", grouped["agreement"].min())
    return table


def trials_table(trials: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Set trials out for reading, one row a kind of trial.

    Parameters
    ----------
    trials : see `upset`
    names : of the segments, indexed by segment

    Returns
    -------
    DataFrame: changed, fits, agreement, lowest, least like itself (name of the segment that comes back worst), its
    Jaccard
    """
    table = by_kind(trials)
    jaccard = table[list(names.index)]
    worst = jaccard.idxmin(axis=1) if len(table) else []
    return pd.DataFrame(
        {
            "changed": table.index,
            "fits": table["trials"].to_numpy(),
            "agreement": table["agreement"].to_numpy(),
            "lowest": table["lowest_agreement"].to_numpy(),
            "comes back worst": [names[segment] for segment in worst],
            "its Jaccard": jaccard.min(axis=1).to_numpy(),
        }
    )


def stability_in_words(trials: pd.DataFrame) -> str:
    """Say which change upsets the segments most, and which least; or that nothing could be tried."""
    if trials.empty:
        return "No other trial makes sense here: the segments depend on no seed, no sample and no earlier day."
    agreement = by_kind(trials)["agreement"].sort_values()
    worst = f"Most is changed by: {agreement.index[0]} (agreement {agreement.iloc[0]:.2f})"
    if len(agreement) == 1:
        return f"{worst}."
    return f"{worst}; least by: {agreement.index[-1]} ({agreement.iloc[-1]:.2f})."
