"""Do the segments come back when customers are drawn again? The whole chain refitted: prepared, grouped, assigned."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t

from segmentation.cluster import Plan, Segmentation
from segmentation.grouping.rules import RuleSegmentation, asks_scores
from segmentation.problems import DataProblem
from segmentation.proving.chain import compare, effort_of, labels_again, labels_of, sampled

# Hennig's bands for the Jaccard similarity of a segment with its closest match in a refit (R package fpc, clusterboot).
BANDS = {0.85: "highly stable", 0.75: "stable", 0.60: "a pattern, membership doubtful", 0.0: "not to be trusted"}
STABLE, TRUSTED, DISSOLVED = 0.75, 0.60, 0.50
MIDDLE_90 = (0.05, 0.95)
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
    tried : refits begun; those missing could not be made of the customers drawn
    why_not : why nothing is refitted, in words; empty when it is
    """

    agreement: np.ndarray
    jaccard: np.ndarray
    customers: int
    of: int
    tried: int
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
        return Refits(np.empty(0), np.empty((0, segmentation.k)), len(features), len(features), 0, why_not)
    effort = effort_of(plan)
    used, number = sampled(features, effort, seed=seed), min(refits, effort.refits)
    labels = labels_of(segmentation, used)
    generator = np.random.default_rng(seed)
    compared, problem = [], ""
    for refit in range(number):
        drawn = np.sort(generator.integers(0, len(used), len(used)))
        try:
            again = labels_again(segmentation, used, drawn, plan, past=past, seed=plan.seed + 1 + refit)
            compared.append(compare(labels, again, k=segmentation.k))
        except DataProblem as refused:
            problem = str(refused)
        if on_progress:
            on_progress(refit + 1, number)
    agreement = np.array([one for one, _ in compared])
    jaccard = np.array([each for _, each in compared]).reshape(len(compared), segmentation.k)
    return Refits(agreement, jaccard, len(used), len(features), number, "" if compared else problem)


def nothing_to_refit(segmentation: Segmentation | RuleSegmentation) -> str:
    """Say why refits can't differ; empty when they can."""
    if segmentation.k < 2:
        return SINGLE
    by_limits = isinstance(segmentation, RuleSegmentation) and not asks_scores(segmentation.rules)
    return ABSOLUTE if by_limits else ""


# --- what they leave


def refits_agreement(refits: Refits) -> dict[str, float]:
    """Summarise the agreement of refits: mean, and the middle 90 % of refits as low and high; missing without any.

    Examples
    --------
    >>> told = refits_agreement(Refits(np.linspace(0, 1, 21), np.empty((21, 0)), 100, 100, 21))
    >>> {name: round(value, 2) for name, value in told.items()}
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
    failed = "" if refits.number == refits.tried else f" {refits.tried - refits.number} more could not be made."
    return f"{refits.number} refits, everything made anew, on {whom}, each time drawn with replacement.{failed}"
