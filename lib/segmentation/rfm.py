"""Recency, frequency and money scored 1 to 5 relative to the shop's own customers, and the recency by frequency map."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.presets import read_preset

BEST = 5
NO_SCORE = 0
# What each score goes by, in this order where customers are equal; -1 where less is better.
KEYS: Mapping[str, Mapping[str, int]] = {
    "recency_score": {"recency_days": -1},
    "frequency_score": {"order_count": 1, "recency_days": -1, "net_spend": 1},
    "money_score": {"net_spend": 1},
}
BOTH = "frequency_money_score"
SCORES = (*KEYS, BOTH)


@dataclass(frozen=True)
class CutPoints:
    """Where scores change, kept so that a customer who comes later is scored as those before.

    Attributes
    ----------
    cuts : by score, for 2 to 5: the values, one a key of `KEYS`, from which on the score is given; None where nobody of
        those scored had it
    """

    cuts: Mapping[str, tuple[tuple[float, ...] | None, ...]]

    def record(self) -> dict[str, list[list[float] | None]]:
        """Record the cut points in plain numbers."""
        return {score: [None if cut is None else list(cut) for cut in cuts] for score, cuts in self.cuts.items()}

    @classmethod
    def of(cls, record: Mapping[str, list[list[float] | None]]) -> "CutPoints":
        """Read recorded cut points; see `record`."""
        return cls({score: tuple(tuple(cut) if cut else None for cut in cuts) for score, cuts in record.items()})


def rfm_scores(features: pd.DataFrame) -> pd.DataFrame:
    """Score recency, frequency and money from 1 (worst) to 5 (best), relative to this shop's customers.

    Most customers of a small shop have bought once, so orders alone would put them all in one fifth: equal order counts
    are ranked by recency, then by spend, before cutting; who is alike in all three gets the same score.

    Parameters
    ----------
    features : one row a customer
        recency_days : days; order_count : orders; net_spend : shop currency

    Returns
    -------
    DataFrame with the same index: recency_score, frequency_score, money_score, integers from 1 to 5, or 0 for who has
    not ordered yet; they do not count for the fifths of the others

    Examples
    --------
    >>> features = pd.DataFrame({"recency_days": [1, 9, 5], "order_count": [4, 1, 1], "net_spend": [90, 10, 20]})
    >>> rfm_scores(features).to_numpy().tolist()
    [[5, 5, 5], [2, 2, 2], [4, 4, 4]]
    """
    bought = has_ordered(features)
    buyers = features[bought]
    scores = pd.DataFrame(NO_SCORE, index=features.index, columns=[*KEYS])
    for score, keys in KEYS.items():
        standing = buyers[list(keys)] * list(keys.values())
        ranks = standing.groupby(list(keys)).ngroup().rank()
        scores.loc[bought, score] = np.ceil(BEST * ranks / len(buyers)).astype(int)
    return scores


def has_ordered(features: pd.DataFrame) -> pd.Series:
    """Tell who has ordered, with what the scores go by known."""
    known = features[["recency_days", "order_count", "net_spend"]].notna().all(axis=1)
    return known & features["order_count"].gt(0)


def cut_points(features: pd.DataFrame) -> CutPoints:
    """Find where the scores of these customers change.

    Parameters
    ----------
    features : see `rfm_scores`

    Examples
    --------
    >>> features = pd.DataFrame({"recency_days": [1, 9], "order_count": [4, 1], "net_spend": [90, 10]})
    >>> cut_points(features).cuts["money_score"]
    ((10.0,), (10.0,), (90.0,), (90.0,))
    """
    bought = has_ordered(features)
    buyers, scores = features[bought], rfm_scores(features)[bought]
    return CutPoints({score: tuple(cuts_of(buyers[list(keys)], scores[score], keys)) for score, keys in KEYS.items()})


def cuts_of(buyers: pd.DataFrame, scores: pd.Series, keys: Mapping[str, int]) -> list[tuple[float, ...] | None]:
    """Find the worst customer who has at least each score from 2 on, by the values that the score goes by."""
    ascending = (buyers * list(keys.values())).sort_values(list(keys), kind="stable").index
    ordered, values = scores.loc[ascending].to_numpy(), buyers.loc[ascending].to_numpy(dtype="float64")
    firsts = [int(np.searchsorted(ordered, score)) for score in range(2, BEST + 1)]
    return [tuple(values[first].tolist()) if first < len(values) else None for first in firsts]


def scores_by(cuts: CutPoints, features: pd.DataFrame) -> pd.DataFrame:
    """Score customers by cut points that were found before; those they were found from get the same scores again.

    Returns
    -------
    DataFrame with the same index: the scores of `rfm_scores`, and frequency_money_score, their mean rounded half up
    """
    bought = has_ordered(features)
    scores = pd.DataFrame(NO_SCORE, index=features.index, columns=[*KEYS])
    for score, keys in KEYS.items():
        reached = [reaches(features, cut, keys) for cut in cuts.cuts[score]]
        scores[score] = np.where(bought, 1 + np.sum(reached, axis=0), NO_SCORE)
    return with_both(scores)


def reaches(features: pd.DataFrame, cut: tuple[float, ...] | None, keys: Mapping[str, int]) -> np.ndarray:
    """Tell who stands at a cut point or better: by the first value, where that is equal by the second, and so on."""
    if cut is None:
        return np.zeros(len(features), dtype=bool)
    reached = np.ones(len(features), dtype=bool)
    for (key, sign), value in reversed([*zip(keys.items(), cut, strict=True)]):
        standing, border = features[key].to_numpy(dtype="float64") * sign, value * sign
        reached = (standing > border) | ((standing == border) & reached)
    return reached


def with_both(scores: pd.DataFrame) -> pd.DataFrame:
    """Add the mean of frequency and money, rounded half up.

    Examples
    --------
    >>> with_both(pd.DataFrame({"frequency_score": [5, 1], "money_score": [4, 1]}))["frequency_money_score"].tolist()
    [5, 1]
    """
    return scores.assign(**{BOTH: (scores["frequency_score"] + scores["money_score"] + 1) // 2})


def rfm_segments(features: pd.DataFrame) -> pd.Series:
    """Name each customer's cell of the recency by frequency map.

    Parameters
    ----------
    features : see `rfm_scores`

    Returns
    -------
    Series of str with the same index, named "rfm_segment"; missing for who has not ordered yet

    Source
    ------
    presets/rfm_map.yaml
    """
    names = {cell: name for name, cells in read_preset("rfm_map").items() for cell in cells}
    scores = rfm_scores(features)
    cells = scores["recency_score"].astype(str) + scores["frequency_score"].astype(str)
    return cells.map(names).rename("rfm_segment")


TABLE_FORMATS = {"of customers": "{:.0%}", "of money": "{:.0%}", "median recency, days": "{:,.0f}"}


def rfm_table(features: pd.DataFrame, rfm_segment: pd.Series, *, money: str) -> pd.DataFrame:
    """Describe each name of the map by its size, money and medians.

    Returns
    -------
    DataFrame, one row a name that has customers, most money first: RFM name, customers, of customers, of money, median
    recency in days, median orders, median spend
    """
    by_name = features.groupby(rfm_segment)
    total = features["net_spend"].sum()
    table = pd.DataFrame(
        {
            "customers": by_name.size(),
            "of customers": by_name.size() / len(features),
            "of money": by_name["net_spend"].sum() / total if total else 0.0,
            "median recency, days": by_name["recency_days"].median(),
            "median orders": by_name["order_count"].median().astype("int64"),
            f"median spend, {money}": by_name["net_spend"].median(),
        }
    )
    return table.sort_values("of money", ascending=False).rename_axis("RFM name").reset_index()


def scores_table(cuts: CutPoints, *, money: str) -> pd.DataFrame:
    """Set the scores out in the units that they are cut in, best first.

    Parameters
    ----------
    cuts : see `cut_points`
    money : the shop's currency

    Returns
    -------
    DataFrame, one row a score from 5 to 1: score; last order, days ago; orders; spend: from where on the score is
    given, in words, a dash where nobody has it. Customers with equally many orders are told apart by recency, then by
    spend.

    Examples
    --------
    >>> features = pd.DataFrame({"recency_days": [1, 9], "order_count": [4, 1], "net_spend": [90, 10]})
    >>> scores_table(cut_points(features), money="EUR")["spend, EUR"].tolist()
    ['90.00 or more', '–', '10.00 or more', '–', 'the rest']
    """
    columns = {
        "last order, days ago": borders_in_words(cuts.cuts["recency_score"], form="{:,.0f} or less"),
        "orders": borders_in_words(cuts.cuts["frequency_score"], form="{:,.0f} or more"),
        f"spend, {money}": borders_in_words(cuts.cuts["money_score"], form="{:,.2f} or more"),
    }
    return pd.DataFrame({"score": list(range(BEST, 0, -1))} | columns)


def shown_scores(features: pd.DataFrame, *, money: str, min_group: int) -> pd.DataFrame:
    """Set the scores of these customers out as `scores_table` does, where each stands for a group that may be shown.

    Returns
    -------
    See `scores_table`; no row when a fifth of the customers are fewer than `min_group`, for a border is then one
    customer's value
    """
    table = scores_table(cut_points(features), money=money)
    return table if len(features) >= BEST * min_group else table.iloc[:0]


def borders_in_words(cuts: tuple[tuple[float, ...] | None, ...], *, form: str) -> list[str]:
    """Word where each score begins, from the best to the worst; see `scores_table`."""
    better: list[tuple[float, ...] | None] = [*cuts[1:], None]
    words = [
        "–" if cut is None or cut == following else form.format(cut[0])
        for cut, following in zip(cuts, better, strict=True)
    ]
    return [*words[::-1], "–" if cuts[0] is None else "the rest"]
