"""Customers of value at risk: who brought much last year, is late by their own rhythm, and may not come back."""

import pandas as pd

from segmentation.forecasting.outlook import Outlook
from segmentation.forecasting.simple_rules import days_overdue
from segmentation.privacy import suppress_small_groups

TOP = 0.2
COLUMNS = (
    "segment", "name", "value_at_risk", "returns_90", "returns_365", "days_overdue", "last_year", "recency_days",
)  # fmt: skip
EVEN = 0.5
RULE = (
    "On it is who (1) is in the top fifth by what customers spent in the last 365 days, (2) has been silent for longer "
    "than usual, by their own rhythm or, after a single order, the shop's, and (3) is less likely to order within 90 "
    "days than half of that fifth, and likelier to stay away than to order. Value at risk is what they spent in the "
    "last 365 days, times the chance that they do not order within the next 365."
)


def watch_list(outlook: Outlook, features: pd.DataFrame, segments: pd.DataFrame, *, most: int) -> pd.DataFrame:
    """List customers of value at risk, the most value first; for the owner alone, never on a page.

    Parameters
    ----------
    outlook : see `make_outlook`, with horizons 90 and 365
    features : of the same day, indexed by customer_id
    segments : indexed by customer_id: segment, name
    most : rows at most

    Returns
    -------
    DataFrame indexed by customer_id: segment, name, value_at_risk (last year's spend × chance of no order within 365
    days), returns_90, returns_365, days_overdue, last_year (net spend of the last 365 days), recency_days; no row
    without an outlook
    """
    if outlook.why_not:
        return pd.DataFrame(columns=[*COLUMNS]).rename_axis("customer_id")
    table = segments[["segment", "name"]].reindex(outlook.table.index)
    table = table.join(outlook.table[["returns_90", "returns_365"]])
    table["days_overdue"] = days_overdue(features).reindex(table.index)
    table["recency_days"] = features["recency_days"].reindex(table.index)
    table["last_year"] = outlook.last_year
    table["value_at_risk"] = (table["last_year"].clip(lower=0) * (1 - table["returns_365"])).round(2)
    listed = table[on_the_list(table)]
    order = listed.sort_values(["value_at_risk"], ascending=False, kind="stable")
    return order[[*COLUMNS]].head(most).rename_axis("customer_id")


def on_the_list(table: pd.DataFrame) -> pd.Series:
    """Tell who is on the watch list; see `RULE`."""
    spent = table["last_year"]
    valuable = spent.gt(0) & spent.rank(pct=True, ascending=False).le(TOP)
    usual = min(EVEN, table.loc[valuable, "returns_90"].median()) if valuable.any() else EVEN
    return valuable & table["days_overdue"].gt(0) & table["returns_90"].lt(usual) & table["value_at_risk"].gt(0)


def watch_by_segment(watched: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Count the watch list by segment, with its money; numbers of too few customers are left out.

    Returns
    -------
    DataFrame, one row a segment, most value at risk first: segment (name), customers, value_at_risk, last_year (sums),
    returns_90 (mean)
    """
    by_name = watched.groupby("name")
    table = pd.DataFrame(
        {
            "customers": by_name.size(),
            "value_at_risk": by_name["value_at_risk"].sum(),
            "last_year": by_name["last_year"].sum(),
            "returns_90": by_name["returns_90"].mean(),
        }
    )
    table = table.sort_values("value_at_risk", ascending=False, kind="stable").rename_axis("segment").reset_index()
    return suppress_small_groups(table, count="customers", min_group=min_group, keep=["segment"])


def watch_in_words(watched: pd.DataFrame, outlook: Outlook, *, money: str, min_group: int) -> str:
    """Say how many customers are on the watch list and what is at stake."""
    if outlook.why_not:
        return f"There is no watch list. {outlook.why_not}"
    if len(watched) < min_group:
        return f"Fewer than {min_group} customers are on the watch list, too few to tell of them here. {RULE}"
    return (
        f"{len(watched):,} customers are on the watch list: they spent {watched['last_year'].sum():,.0f} {money} in "
        f"the last 365 days, of which {watched['value_at_risk'].sum():,.0f} {money} are at risk. {RULE}"
    )
