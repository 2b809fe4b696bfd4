"""Two runs compared: whom both know, who moved, what drifted, and whether to make the segments again."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from segmentation.cluster import MIN_CUSTOMERS, Segmentation, assign_segments, fit
from segmentation.grouping.rules import RuleSegmentation
from segmentation.movement.drift import Pair, drift_between
from segmentation.movement.matching import labels_for_both, matched_names
from segmentation.movement.moves import NO_SEGMENT, Moves, moves_between
from segmentation.movement.told import Told
from segmentation.movement.verdict import KEEP, REFIT, YEAR, RefitAgreement, Verdict, refit_agreement, refit_verdict
from segmentation.proving.refits import bootstrap_refits

SAME_SHOP = 0.5  # share of the smaller run's customers that both must know
AS_FAR = 1.5  # the earlier pair of days may be so many times nearer or farther apart
REFITS = 30


@dataclass(frozen=True)
class Comparison:
    """Two runs, the one described as of the earlier day first.

    Attributes
    ----------
    before, after : the runs; seed : of refits
    """

    before: Told
    after: Told
    seed: int

    @property
    def shared(self) -> float:
        """Share of the customers of the smaller run that the other one knows as well, 0 to 1."""
        smaller = min(len(self.before.features), len(self.after.features))
        return len(self.before.features.index.intersection(self.after.features.index)) / max(smaller, 1)

    @property
    def of_one_shop(self) -> bool:
        """Whether customers can be followed from one run to the other."""
        return self.shared >= SAME_SHOP

    @property
    def days(self) -> int:
        """Days from one description to the other, 0 where the runs seem to be of different shops."""
        return (self.after.day - self.before.day).days if self.of_one_shop else 0

    @cached_property
    def segmentation(self) -> Segmentation | RuleSegmentation:
        """The first run's segments, made again."""
        return fit(self.before.features, self.before.plan, past=self.before.past)

    @cached_property
    def carried(self) -> pd.Series:
        """Name of the segment of the first run's that each customer of the second belongs to as of the later day."""
        names = self.before.segments.groupby("segment")["name"].first()
        return assign_segments(self.segmentation, self.after.features)["segment"].map(names)

    @cached_property
    def labels(self) -> tuple[pd.Series, pd.Series]:
        """Label of each customer's segment in both runs; segments that hold mostly the same customers share one."""
        own, carried = self.after.segments["name"], self.carried.fillna(NO_SEGMENT)
        matched = matched_names(carried, own.reindex(carried.index))
        return labels_for_both(self.before.segments["name"], own, matched, run=self.after.name)

    @cached_property
    def moves(self) -> Moves:
        """Who went from which segment to which, by their labels."""
        return moves_between(
            self.before.segments.assign(name=self.labels[0]),
            self.after.segments.assign(name=self.labels[1]),
            spend_before=self.before.features["net_spend"],
            spend_after=self.after.features["net_spend"],
        )

    @property
    def own_names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Each run's own name of a segment, by its label."""
        before, after = (
            dict(zip(labels, told.segments["name"], strict=True))
            for labels, told in zip(self.labels, (self.before, self.after), strict=True)
        )
        return before, after

    @property
    def moved(self) -> float:
        """Share of the customers known in both whom the first run's segmentation puts elsewhere on the later day."""
        if not self.of_one_shop:
            return float("nan")
        both = self.carried.index.intersection(self.before.segments.index)
        return float((self.carried[both] != self.before.segments.loc[both, "name"]).mean())

    @cached_property
    def apart(self) -> int:
        """Days from the earlier day that the first run knows to its own; 0 where it knows none."""
        past, now = self.before.past, self.before.features
        both = past.index.intersection(now.index)
        days = (now.loc[both, "tenure_days"] - past.loc[both, "tenure_days"]).median()
        return 0 if np.isnan(days) else round(days)

    @cached_property
    def reference(self) -> Pair | None:
        """Customers as of the earlier pair of days that the first run knows, where it is about as far apart."""
        near = bool(self.days) and 1 / AS_FAR <= self.apart / self.days <= AS_FAR
        return (self.before.past, self.before.features) if near else None

    @cached_property
    def drift(self) -> pd.DataFrame:
        """How far the features that decide in the first run have shifted."""
        return drift_between(
            self.before.features,
            self.after.features,
            columns=self.before.decides,
            days=self.days,
            reference=self.reference,
        )

    @cached_property
    def agreement(self) -> RefitAgreement:
        """How far the first run's segments, made anew of the second's customers, agree with the old ones."""
        told, now = self.before, self.after.features
        if min(len(told.features), len(now)) < MIN_CUSTOMERS:
            return RefitAgreement(np.nan, np.nan, f"One of the runs has fewer than {MIN_CUSTOMERS} customers.")
        segmentation = fit(told.features, told.plan, past=told.past)
        refits = bootstrap_refits(segmentation, told.features, told.plan, past=told.past, refits=REFITS, seed=self.seed)
        return refit_agreement(self.segmentation, now, told.plan, refits=refits, past=self.after.past)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the first run's segments still do for the second's customers."""
        known = self.apart if self.reference else 0
        return refit_verdict(self.drift, self.agreement, moved=self.moved, known_days=known if self.days else YEAR)

    @property
    def headline(self) -> str:
        """The verdict in words; between different shops, whether the segments of one would do for the other."""
        if self.of_one_shop:
            return self.verdict.sentence
        fits = "would do" if self.verdict.word == KEEP else "would not do" if self.verdict.word == REFIT else "may do"
        return f"The segments of {self.before.name} {fits} for the customers of {self.after.name}."


def in_order(first: Told, second: Told, *, seed: int) -> Comparison:
    """Compare two runs, the one described as of the earlier day first."""
    return Comparison(second, first, seed) if second.day < first.day else Comparison(first, second, seed)
