"""The rule-based RFM map: recency and frequency scored 1 to 5, and a name for each of the 25 cells."""

import numpy as np
import pandas as pd

from segmentation.presets import read_preset

BEST = 5


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
    DataFrame with the same index: recency_score, frequency_score, money_score, integers from 1 to 5

    Examples
    --------
    >>> features = pd.DataFrame({"recency_days": [1, 9, 5], "order_count": [4, 1, 1], "net_spend": [90, 10, 20]})
    >>> rfm_scores(features).to_numpy().tolist()
    [[5, 5, 5], [2, 2, 2], [4, 4, 4]]
    """
    latest_last = features.assign(recency_days=-features["recency_days"])
    ranks = {
        "recency_score": latest_last["recency_days"].rank(),
        "frequency_score": latest_last.groupby(["order_count", "recency_days", "net_spend"]).ngroup().rank(),
        "money_score": features["net_spend"].rank(),
    }
    return pd.DataFrame({name: np.ceil(BEST * rank / len(features)).astype(int) for name, rank in ranks.items()})


def rfm_segments(features: pd.DataFrame) -> pd.Series:
    """Name each customer's cell of the recency by frequency map.

    Parameters
    ----------
    features : see `rfm_scores`

    Returns
    -------
    Series of str with the same index, named "rfm_segment"

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
