"""The verdict whether to make the segments again, on stated grounds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.choosing.recommendation import STEADY
from segmentation.cluster import Plan, Segmentation, fit
from segmentation.grouping.rules import RuleSegmentation
from segmentation.movement.drift import SMALL, SOME, by_size, feature_words, total_drift
from segmentation.proving.refits import Refits, compare, labels_of, refits_agreement

REFIT, WATCH, KEEP = "refit", "watch", "no need"
MANY_MOVED = 0.5  # share of customers in another segment that asks for a look
YEAR = 350  # days that know all seasons, in looks a quarter or half a year apart
SEASON = "Less than a year of earlier days is known to hold this against, so it may be the season."
IN_WORDS = {
    REFIT: "Refit: make the segments again.",
    WATCH: "Watch: keep the segments, and look again soon.",
    KEEP: "No need to refit: keep the segments.",
}


@dataclass(frozen=True)
class RefitAgreement:
    """How far segments made anew of today's customers agree with the old ones carried over to them.

    Attributes
    ----------
    agreement : adjusted Rand index: 1 the same, 0 as by chance; missing where nothing is fitted
    low : what 19 of 20 refits of the old segments on drawn customers reach; missing where they are not refitted
    why_not : why nothing is compared, in words
    """

    agreement: float
    low: float
    why_not: str = ""

    @property
    def differs(self) -> bool:
        """Whether a refit would make other segments: beyond what drawing customers does, and by more than a little."""
        return bool(self.agreement < min(self.low, STEADY))


@dataclass(frozen=True)
class Verdict:
    """Whether to make the segments again.

    Attributes
    ----------
    word : "refit", "watch" or "no need"
    grounds : in words, the weightiest first
    """

    word: str
    grounds: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The verdict in words, without its grounds."""
        return IN_WORDS[self.word]


def refit_agreement(
    segmentation: Segmentation | RuleSegmentation,
    now: pd.DataFrame,
    plan: Plan,
    *,
    refits: Refits,
    past: pd.DataFrame | None = None,
) -> RefitAgreement:
    """Make segments anew of today's customers after the old plan, and compare them with the old ones carried over.

    Parameters
    ----------
    segmentation : the old one
    now : features of today's customers
    plan : of the old segments
    refits : of the old segments on drawn customers, see `proving.refits.bootstrap_refits`
    past : see `cluster.segment_customers`, as of today
    """
    if refits.why_not:
        return RefitAgreement(np.nan, np.nan, refits.why_not)
    again = fit(now, plan, past=past)
    agreement, _ = compare(labels_of(segmentation, now), labels_of(again, now), k=segmentation.k)
    return RefitAgreement(agreement, refits_agreement(refits)["low"])


def refit_verdict(
    drift: pd.DataFrame, agreement: RefitAgreement, *, moved: float = np.nan, known_days: int = YEAR
) -> Verdict:
    """Decide whether to make the segments again.

    Refit when shifts beyond chance and the usual add up to 0.10 or more, or when a refit would make other segments.
    Watch when there are smaller shifts, or when half of the customers stand in another segment.

    Parameters
    ----------
    drift : of the features that decide who is alike, see `drift_between`
    agreement : see `refit_agreement`
    moved : share of customers who stand in another segment than before, 0 to 1; missing where none can be followed
    known_days : from the first look that drift is held against to the earlier of the two days

    Source
    ------
    docs/decisions/0027-movement-and-drift.md
    """
    total = total_drift(drift)
    word = WATCH if total > 0 or moved >= MANY_MOVED else KEEP
    word = REFIT if total >= SOME or agreement.differs else word
    grounds = [drift_ground(drift, total), agreement_ground(agreement), moved_ground(moved)]
    if agreement.differs and total < SOME:
        grounds[:2] = grounds[1::-1]
    if total and known_days < YEAR:
        grounds.append(SEASON)
    return Verdict(word, tuple(filter(None, grounds)))


def drift_ground(drift: pd.DataFrame, total: float) -> str:
    """Say what drift speaks for."""
    if drift["beyond"].isna().all() or drift.empty:
        return "No feature can be compared."
    if not total:
        return (
            f"None of {len(drift)} measures of the features that decide has shifted beyond what chance and the shop's "
            "growing older explain."
        )
    told = by_size(drift[drift["beyond"] >= SMALL])
    return (
        f"{len(told)} of {len(drift)} measures of the features that decide have shifted beyond chance and the usual, "
        f"by {total:.2f} in all (a refit is due from {SOME:.2f}); most of all {feature_words(told.index[0])}."
    )


def agreement_ground(agreement: RefitAgreement) -> str:
    """Say what a refit would change."""
    if agreement.why_not:
        return f"What a refit would change is not measured. {agreement.why_not}"
    told = f"Segments made anew of today's customers agree with the old ones at {agreement.agreement:.2f}"
    if agreement.differs:
        return (
            f"{told}, less than the {agreement.low:.2f} that 19 of 20 refits on drawn customers reach, and below "
            f"{STEADY:.2f}: they would be others."
        )
    enough = f"as well as refits on drawn customers do ({agreement.low:.2f} or more in 19 of 20)"
    if agreement.agreement < agreement.low:
        enough = f"{STEADY:.2f} or more, which counts as steady"
    return f"{told} (1 the same, 0 as by chance), {enough}."


def moved_ground(moved: float) -> str:
    """Say how many stand elsewhere, to the nearest twentieth, so that no small group can be worked out of it."""
    if np.isnan(moved):
        return ""
    return (
        f"The old segmentation puts about {round(moved * 20) / 20:.0%} of the customers in another segment than before."
    )
