"""Moves: who went from which segment to which between two days or two runs, who came and who was lost, with money."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

NO_SEGMENT = "no segment"
USUAL_GAP = 0.95  # share of gaps between orders that are shorter than a silence that counts
COUNTS = ("customers", "spend_before", "spend_after")


@dataclass(frozen=True)
class Moves:
    """Where customers stood before and where they stand after.

    Attributes
    ----------
    flows : DataFrame, one row a pair of segments, all pairs in order, then who was lost, then who came new
        before, after : the segments' names, missing for who came new and for who was lost; customers : int;
        spend_before, spend_after : float, their net spend as known before and after, shop currency, 0 where unknown
    before, after : the segments' names, richest customers first
    """

    flows: pd.DataFrame
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of each flow in a grid whose last row came new, and whose last column were lost."""
        rows, columns = len(self.before), len(self.after)
        cells = [
            *product(range(rows), range(columns)),
            *product(range(rows), [columns]),
            *product([rows], range(columns)),
        ]
        row, column = np.array(cells, dtype="int64").reshape(-1, 2).T
        return row, column

    def grid(self, column: str) -> np.ndarray:
        """Set one column of the flows out, shape (segments before + 1, segments after + 1); see `places`."""
        grid = np.zeros((len(self.before) + 1, len(self.after) + 1), dtype=self.flows[column].dtype)
        grid[self.places] = self.flows[column].to_numpy()
        return grid

    @property
    def known_in_both(self) -> int:
        """Customers known before and after."""
        return int(self.grid("customers")[:-1, :-1].sum())


def moves_between(
    before: pd.DataFrame, after: pd.DataFrame, *, spend_before: pd.Series, spend_after: pd.Series
) -> Moves:
    """Follow customers from their segment on one day, or in one run, to their segment on a later one.

    Parameters
    ----------
    before, after : one row a customer, indexed by customer_id: segment (int, in the order to show), name
        Segments are the same where they have the same name; a missing name counts as no segment.
    spend_before, spend_after : net spend by customer_id, shop currency, as known before and after

    Examples
    --------
    >>> then = pd.DataFrame({"segment": [0, 1], "name": ["loyal", "lapsed"]}, index=["ann", "ben"])
    >>> now = pd.DataFrame({"segment": [0, 0], "name": ["loyal", "loyal"]}, index=["ben", "cem"])
    >>> spend = pd.Series({"ann": 9.0, "ben": 5.0, "cem": 3.0})
    >>> moves_between(then, now, spend_before=spend, spend_after=spend).flows
       before  after  customers  spend_before  spend_after
    0   loyal  loyal          0           0.0          0.0
    1  lapsed  loyal          1           5.0          5.0
    2   loyal    NaN          1           9.0          0.0
    3  lapsed    NaN          0           0.0          0.0
    4     NaN  loyal          1           0.0          3.0
    """
    names = [names_in_order(before), names_in_order(after)]
    customers = before.index.union(after.index)
    told = pd.DataFrame(
        {
            "before": before["name"].fillna(NO_SEGMENT).reindex(customers),
            "after": after["name"].fillna(NO_SEGMENT).reindex(customers),
            "customers": 1,
            "spend_before": spend_before.reindex(before.index).reindex(customers).fillna(0.0),
            "spend_after": spend_after.reindex(after.index).reindex(customers).fillna(0.0),
        }
    ).astype({"before": object, "after": object})
    sums = told.groupby(["before", "after"], dropna=False)[[*COUNTS]].sum()
    pairs = [*product(*names), *product(names[0], [np.nan]), *product([np.nan], names[1])]
    flows = sums.reindex(pd.MultiIndex.from_tuples(pairs, names=["before", "after"]), fill_value=0)
    flows = flows.astype({"customers": "int64", "spend_before": float, "spend_after": float}).reset_index()
    return Moves(flows, *(tuple(part) for part in names))


def names_in_order(segments: pd.DataFrame) -> list[str]:
    """List the names of segments in the order of their numbers; who is in none comes last."""
    known = segments.dropna(subset=["name"]).drop_duplicates("name").sort_values("segment", kind="stable")
    return [*known["name"], *([NO_SEGMENT] if segments["name"].isna().any() else [])]


def segment_moves(moves: Moves) -> pd.DataFrame:
    """Count who stood in each segment, joined, left, came new and was lost; nothing is suppressed.

    Returns
    -------
    DataFrame indexed by segment, those of after first, then those that are gone; int
        before, joined (from another segment), left (for another one), new, lost, after;
        before + joined + new − left − lost = after, in each row and in all
    """
    flows = moves.flows
    names = [*moves.after, *(name for name in moves.before if name not in moves.after)]
    stays = flows[flows["before"].notna() & flows["after"].notna()]
    moved = stays[stays["before"] != stays["after"]]
    parts = {
        "before": flows.groupby("before"),
        "joined": moved.groupby("after"),
        "left": moved.groupby("before"),
        "new": flows[flows["before"].isna()].groupby("after"),
        "lost": flows[flows["after"].isna()].groupby("before"),
        "after": flows.groupby("after"),
    }
    counts = {word: part["customers"].sum().reindex(names, fill_value=0) for word, part in parts.items()}
    return pd.DataFrame(counts).astype("int64").rename_axis("segment")


def gone_after_days(features: pd.DataFrame) -> int:
    """Find after how many days without an order a customer counts as gone: longer than most ever leave.

    Parameters
    ----------
    features : one row a customer, `median_gap_days` missing for who bought on one day only

    Returns
    -------
    int, days; 95 % of the customers who came back usually leave less between two orders; 0 when nobody came back
    """
    gaps = features["median_gap_days"].dropna()
    return int(np.ceil(gaps.quantile(USUAL_GAP))) if len(gaps) else 0
