"""Other ways to upset a segmentation: seeds, features left out, halves of the customers, an earlier day."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from segmentation.agreement import adjusted_rand, jaccards, shared_customers
from segmentation.cluster import Plan, Segmentation
from segmentation.features import GROUPS, of_groups
from segmentation.gate import FULL
from segmentation.grouping.rules import RuleSegmentation, asks_scores
from segmentation.problems import DataProblem
from segmentation.proving.chain import compare, effort_of, labels_again, labels_of, numbered, on_columns, sampled

SEEDS, EARLIER, HALVES = "another start", "made as of an earlier day", "two halves apart"
WITHOUT, WITHOUT_MOST = "features left out", "most features left out"
OTHER_SEEDS = 5
Compared = tuple[float, np.ndarray]


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
        closest match; of two halves, each grouped apart, those of one with the other, see `compare_halves`. A group of
        features that leaves less than half of them is a kind of its own: what is left asks another question. Rules
        have no seeds and no features to leave out, and rules with fixed limits no halves; one segment has no trial
    """
    rows = {}
    if segmentation.k > 1:
        used = sampled(features, effort_of(plan), seed=seed)
        fitted = Fitted(segmentation, used, labels_of(segmentation, used), plan, past)
        for kind, trial, attempt in attempts(fitted, earlier=earlier, seed=seed):
            with suppress(DataProblem):  # such as more components than there are columns left
                rows[kind, trial] = attempt()
    index = pd.MultiIndex.from_tuples(rows, names=["trial kind", "trial"]) if rows else no_trials()
    jaccard = np.array([told for _, told in rows.values()]).reshape(len(rows), segmentation.k)
    table = pd.DataFrame(jaccard, index=index, columns=range(segmentation.k))
    table.insert(0, "agreement", np.array([agreement for agreement, _ in rows.values()], dtype="float64"))
    return table


def no_trials() -> pd.MultiIndex:
    """Make the index of a table without trials."""
    return pd.MultiIndex.from_arrays([[], []], names=["trial kind", "trial"])


@dataclass(frozen=True)
class Fitted:
    """The segments that trials are compared with.

    Attributes
    ----------
    segmentation, plan, past : see `refits.bootstrap_refits`
    used : one row a customer, raw; labels : their segments, int from 0, shape (customers,)
    """

    segmentation: Segmentation | RuleSegmentation
    used: pd.DataFrame
    labels: np.ndarray
    plan: Plan
    past: pd.DataFrame | None

    def again(self, drawn: np.ndarray, plan: Plan) -> np.ndarray:
        """Make segments by a plan of the drawn customers, and give everyone used a segment."""
        return labels_again(self.segmentation, self.used, drawn, plan, past=self.past, seed=plan.seed)

    def against(self, plan: Plan) -> Compared:
        """Compare with the segments that another plan makes of the same customers."""
        return compare(self.labels, self.again(np.arange(len(self.used)), plan), k=self.segmentation.k)

    def between(self, sides: Sequence[np.ndarray]) -> Compared:
        """Compare two halves of the customers, each grouped apart."""
        first, second = (self.again(side, self.plan) for side in sides)
        return compare_halves(self.labels, first, second, k=self.segmentation.k)

    def by(self, other: Segmentation | RuleSegmentation) -> Compared:
        """Compare with the segments that another fit puts everyone in; rules by their names."""
        if isinstance(other, RuleSegmentation):
            labels = numbered(other.assign(self.used), self.segmentation.names)
        else:
            labels = labels_of(other, self.used)
        return compare(self.labels, labels, k=self.segmentation.k)


def attempts(
    fitted: Fitted, *, earlier: Segmentation | RuleSegmentation | None, seed: int
) -> Iterator[tuple[str, str, Callable[[], Compared]]]:
    """List all trials that make sense, each with what makes it; see `upset`."""
    plan, by_algorithm = fitted.plan, fitted.plan.mode == FULL
    for number in range(plan.seed + 1, plan.seed + 1 + OTHER_SEEDS) if by_algorithm else ():
        yield SEEDS, f"seed {number}", partial(fitted.against, replace(plan, seed=number))
    if by_algorithm or asks_scores(fitted.segmentation.rules):
        for split, sides in enumerate(halves(len(fitted.used), splits=effort_of(plan).splits, seed=seed), start=1):
            yield HALVES, f"split {split}", partial(fitted.between, sides)
    for group, columns in left_over(plan).items() if by_algorithm else ():
        kind = WITHOUT if 2 * len(columns) >= len(plan.recipe.columns) else WITHOUT_MOST
        without = replace(plan, recipe=on_columns(plan.recipe, columns))
        yield kind, f"without {group}", partial(fitted.against, without)
    if earlier is not None:
        yield EARLIER, "the earlier day", partial(fitted.by, earlier)


def halves(customers: int, *, splits: int, seed: int) -> Iterator[list[np.ndarray]]:
    """Split customers in two by chance, so many times; each half in rising order."""
    generator = np.random.default_rng(seed)
    for _ in range(splits):
        yield [np.sort(half) for half in np.array_split(generator.permutation(customers), 2)]


def compare_halves(labels: np.ndarray, first: np.ndarray, second: np.ndarray, *, k: int) -> Compared:
    """Compare what two halves of the customers make of everyone, without the fit that has seen both.

    A refit on customers drawn again shares two thirds of them with the fit, and with them the accidents of which a cut
    through a crowd is made; halves share none.

    Parameters
    ----------
    labels : of the fit; first, second : of two fits on one half each; of the same customers, shape (customers,)
    k : number of segments of the fit

    Returns
    -------
    Adjusted Rand index of the two, and for each segment of the fit the Jaccard similarity of its closest matches in
    the two, missing for a segment without customers

    Source
    ------
    Tibshirani & Walther, Cluster validation by prediction strength, JCGS 14 (2005); Lange, Roth, Braun & Buhmann,
    Stability-based validation of clustering solutions, Neural Computation 16 (2004)

    Examples
    --------
    >>> compare_halves(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.array([1, 1, 0, 1]), k=2)[1].round(2).tolist()
    [0.67, 0.5]
    """
    matches = [closest_match(labels, half) for half in (first, second)]
    jaccard = np.full(k, np.nan)
    for segment in np.unique(labels[labels < k]):
        one, other = first == matches[0][segment], second == matches[1][segment]
        jaccard[segment] = (one & other).sum() / (one | other).sum()
    return adjusted_rand(shared_customers(first, second)), jaccard


def closest_match(labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Find the group of another grouping that is most like each group, by Jaccard similarity."""
    return jaccards(shared_customers(labels, others)).argmax(axis=1)


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
