"""Forecasts without a model: rankings and groupings that any shop can make, put on the scale of what followed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.isotonic import IsotonicRegression

from segmentation.cluster import Segmentation, assign_segments
from segmentation.forecasting.known import Kind, Known, Target, outcomes_of, recent_spend, tidy, usual_value
from segmentation.grouping.rules import RuleSegmentation, read_rules, segment_by_rules
from segmentation.proving.looks import Look

Anyway = Segmentation | RuleSegmentation


@dataclass(frozen=True)
class RankingRule:
    """Ranks customers by one number; a rising line learnt from an earlier day turns the rank into a forecast.

    Attributes
    ----------
    name : as tables show it
    rank : gives each customer a number from what is known and the period's length, higher for who should do more
    kind : always a simple rule
    """

    name: str
    rank: Callable[[Known, int], pd.Series]
    kind: Kind = "simple rule"

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by the average of who stood alike on the earlier day, smoothed so that it only rises.

        See `Forecaster.forecast`. Isotonic regression by means is best under any score that the true expectation
        minimises, so no other rising line would do better on the earlier day.
        """
        then, today = self.rank(learn, days).to_numpy("float64"), self.rank(now, days).to_numpy("float64")
        outcomes = outcomes_of(learn)
        told = {name: rising(then, outcomes[name].to_numpy(), today) for name in targets}
        return tidy(pd.DataFrame(told, index=now.features.index), usual=usual_value(learn))


@dataclass(frozen=True)
class GroupRule:
    """Puts customers into groups; each group is expected to do what the same group did after an earlier day.

    Attributes
    ----------
    name : as tables show it
    groups : gives the customers of the earlier day and of this one their groups
    kind : what sort it is
    """

    name: str
    groups: Callable[[Known, Known], tuple[pd.Series, pd.Series]]
    kind: Kind = "simple rule"

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by the group's mean; see `Forecaster.forecast`."""
        then, today = self.groups(learn, now)
        means = group_means(outcomes_of(learn)[list(targets)], then)
        told = means.reindex(today.to_numpy()).fillna(outcomes_of(learn).mean())
        return tidy(told.set_axis(now.features.index), usual=usual_value(learn))


def rising(then: np.ndarray, followed: np.ndarray, today: np.ndarray) -> np.ndarray:
    """Learn a line that only rises from rank to outcome, and read it off; ranks beyond it get its ends.

    At either end one average customer more stands in, so that a few who happened to do nothing, or much, prove little.

    Examples
    --------
    >>> rising(np.array([1.0, 2.0, 3.0]), np.array([0.0, 4.0, 2.0]), np.array([0.0, 2.5, 9.0])).round(2).tolist()
    [1.0, 2.67, 2.67]
    """
    ranks = np.concatenate([then, [then.min(), then.max()]])
    outcomes = np.concatenate([followed, [followed.mean()] * 2])
    return IsotonicRegression(out_of_bounds="clip").fit(ranks, outcomes).predict(today)


def group_means(outcomes: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Average what each group did, as if one average customer more had stood in it, so that few prove little.

    Examples
    --------
    >>> followed = pd.DataFrame({"value": [6.0, 0.0, 0.0]})
    >>> group_means(followed, pd.Series(["a", "b", "b"]))["value"].round(2).to_dict()
    {'a': 4.0, 'b': 0.67}
    """
    by_group = outcomes.groupby(groups.to_numpy())
    sizes = by_group.size().to_numpy()[:, None]
    return (by_group.sum() + outcomes.mean()) / (sizes + 1)


# --- rankings


def past_spend(known: Known, days: int) -> pd.Series:
    """Rank by all that was ever spent."""
    return known.features["net_spend"]


def same_again(known: Known, days: int) -> pd.Series:
    """Rank by what was spent in the equally long period before."""
    return recent_spend(known, days=days)


def not_overdue(known: Known, days: int) -> pd.Series:
    """Rank by how few days the last order is over the customer's usual gap; one-time buyers have the shop's."""
    return -days_overdue(known.features)


def days_overdue(features: pd.DataFrame) -> pd.Series:
    """Count the days since the last order beyond the usual gap: the customer's own, or else the shop's middle one.

    Returns
    -------
    Series of float, indexed as `features`, negative before an order is due; without any gap in the shop the days since
    the last order
    """
    own = features["median_gap_days"].astype("float64")
    shop = own.median()
    usual = own.fillna(0.0 if np.isnan(shop) else shop)
    recency = features["recency_days"].astype("float64")
    return (recency.fillna(recency.max() if recency.notna().any() else 0.0) - usual).rename("days_overdue")


# --- groupings


def by_preset(preset: str) -> Callable[[Known, Known], tuple[pd.Series, pd.Series]]:
    """Group customers of each day by a preset, whose scores are relative to the shop's customers of that day."""

    def groups(learn: Known, now: Known) -> tuple[pd.Series, pd.Series]:
        rules = read_rules(preset)
        then, today = (segment_by_rules(known.features, rules).assign(known.features) for known in (learn, now))
        return then, today

    return groups


def by_segmentation(segmentation: Anyway) -> Callable[[Known, Known], tuple[pd.Series, pd.Series]]:
    """Group customers of both days by the segments made as of the later one."""

    def groups(learn: Known, now: Known) -> tuple[pd.Series, pd.Series]:
        then, today = (assign_segments(segmentation, known.features)["segment"] for known in (learn, now))
        return then, today

    return groups


def by_spend_as_segments(segmentation: Anyway) -> Callable[[Known, Known], tuple[pd.Series, pd.Series]]:
    """Cut customers by past spend into as many groups as there are segments, of the same shares."""

    def groups(learn: Known, now: Known) -> tuple[pd.Series, pd.Series]:
        shares = assign_segments(segmentation, now.features)["segment"].value_counts(normalize=True).sort_index()
        then, today = (spend_groups(known.features["net_spend"], shares.to_numpy()) for known in (learn, now))
        return then, today

    return groups


def spend_groups(spend: pd.Series, shares: np.ndarray) -> pd.Series:
    """Cut customers by spend, richest first, into groups of these shares; who spent alike stands together.

    Examples
    --------
    >>> spend_groups(pd.Series([5.0, 90.0, 40.0, 5.0]), np.array([0.25, 0.75])).to_list()
    [1, 0, 1, 1]
    """
    places = rankdata(-spend.to_numpy("float64")) - 0.5
    borders = np.cumsum(shares)[:-1] * len(spend)
    return pd.Series(np.searchsorted(borders, places, side="right"), index=spend.index, name="spend_group")
