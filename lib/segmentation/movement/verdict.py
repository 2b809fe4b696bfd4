"""The verdict: whether to make the segments again."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.choosing.stability import adjusted_rand, shared_customers
from segmentation.cluster import Plan, Segmentation, assign_segments, fit
from segmentation.grouping.rules import RuleSegmentation

REFIT, WATCH, KEEP = "refit", "watch", "no need"


@dataclass(frozen=True)
class RefitAgreement:
    """How far a refit on the new customers agrees with the old segments carried over."""

    agreement: float
    low: float


@dataclass(frozen=True)
class Verdict:
    """Whether to make the segments again: the word, and the grounds, in words."""

    word: str
    grounds: tuple[str, ...]


def refit_agreement(
    segmentation: Segmentation | RuleSegmentation,
    now: pd.DataFrame,
    plan: Plan,
    *,
    interval: np.ndarray,
    past: pd.DataFrame | None = None,
) -> RefitAgreement:
    """Fit again on the new customers, and compare with the old segments carried over to them."""
    carried = assign_segments(segmentation, now)["segment"]
    again = assign_segments(fit(now, plan, past=past), now)["segment"]
    low = float(np.quantile(interval, 0.05)) if len(interval) else np.nan
    return RefitAgreement(adjusted_rand(shared_customers(carried.to_numpy() + 1, again.to_numpy() + 1)), low)


def refit_verdict(drift: pd.DataFrame, agreement: RefitAgreement, *, decides: tuple[str, ...] = ()) -> Verdict:
    """Decide whether to make the segments again."""
    word = REFIT if agreement.agreement < agreement.low else KEEP
    return Verdict(word, ())
