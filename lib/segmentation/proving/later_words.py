"""What a page shows of what segments did next."""

import datetime
from collections.abc import Sequence

import numpy as np
import pandas as pd

from segmentation.problems import some
from segmentation.proving.later import LaterEvidence
from segmentation.proving.looks import Looks
from segmentation.proving.order import ALL_DAYS
from segmentation.proving.people_groups import protected_counts

DAYS_FORMATS = {"order kept": "{:.2f}", "order told": "{:.0%}", "money told": "{:.0%}"}
CARRIED_BACK = (
    "What members of a segment do next is told by today's segments, carried back: customers stand where they would "
    "stand by what was known of them then."
)
CHOSEN_TODAY = (
    "Features and the number of segments are those chosen today; what followed the last day was not looked at for "
    "that, what followed earlier days may have been."
)


def large_enough(table: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Leave out groups that are too small to show, and the next larger one where a total would give a single one away.

    Parameters
    ----------
    table : one row a group: customers

    Examples
    --------
    >>> table = pd.DataFrame({"customers": [90, 3, 20]}, index=["many", "hidden", "hidden too"])
    >>> large_enough(table, min_group=5).index.tolist()
    ['many']
    """
    small = table["customers"] < min_group
    if small.sum() == 1:
        small |= table["customers"] == table.loc[~small, "customers"].min()
    return table[~small]


def shown_by_day(by_day: pd.DataFrame, shown: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Leave out days on which a group was too small to show, and others with them, so that no total gives them away.

    Parameters
    ----------
    by_day : one row a day and group, indexed by both: times
    shown : all days together, the groups that are shown; see `large_enough`

    Returns
    -------
    The rows of `by_day` that may be shown
    """
    if by_day.empty:
        return by_day
    counts = by_day["times"].unstack(fill_value=0)
    cells = protected_counts(counts, min_group=min_group).stack()
    kept = by_day.index.isin(cells.index[cells.notna()])
    return by_day[kept & by_day.index.get_level_values(1).isin(shown.index)]


def looks_caption(looks: Looks, words: str) -> str:
    """Word what a figure or table of the looks back shows, or why there is none.

    Parameters
    ----------
    looks : see `look_back`
    words : a format string that may name number and days (length of a period), first and last (days of description),
        until and customers (different ones)
    """
    if looks.why_not:
        return f"Not measured. {looks.why_not}"
    told = words.format(
        number=len(looks),
        days=looks.days,
        first=looks.looks[0].day,
        last=looks.last.day,
        until=looks.last.until,
        customers=f"{len(set().union(*(look.features.index for look in looks))):,}",
    )
    return f"{told} {left_out_in_words(looks.left_out)}".strip()


def left_out_in_words(days: Sequence[datetime.date]) -> str:
    """Say which days are left out; nothing when none is."""
    return f"Left out for too few customers: {some(days)}." if days else ""


def later_table(table: pd.DataFrame, *, money: str) -> pd.DataFrame:
    """Set what groups did next out for reading, one row a group; see `later_spend_by_group`."""
    shown = {
        "customers": table["customers"],
        f"before, {money}": table["recent_spend"],
        f"after, {money}": table["later_spend"],
        "after, 95 %": between(table, "later", "{:,.0f}"),
        "came back": table["came_back"],
        "came back, 95 %": between(table, "came_back", "{:.0%}"),
        f"revenue, {money}": table["revenue"],
        "share of all": table["revenue_share"],
    }
    return pd.DataFrame(shown, index=table.index).rename_axis("segment").reset_index()


def later_formats(money: str) -> dict[str, str]:
    """Choose how the cells of `later_table` are written."""
    amounts = {f"{what}, {money}": "{:,.0f}" for what in ("before", "after", "revenue")}
    return {"came back": "{:.0%}", "share of all": "{:.0%}"} | amounts


def between(table: pd.DataFrame, name: str, form: str) -> list[str | None]:
    """Word the interval of a measure, none where it is missing."""
    limits = zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
    return [
        f"{form.format(low)}\u00a0to\u00a0{form.format(high)}" if np.isfinite(low) else None for low, high in limits
    ]


def days_table(order: pd.DataFrame) -> pd.DataFrame:
    """Set out for reading how well segments told what followed each day, the mean last; see `order_by_day`."""
    shown = {
        "customers": order["customers"],
        "order kept": order["order_kept"],
        "order, 95 %": between(order, "order", "{:.2f}"),
        "order told": order["ranks_explained"],
        "order told, 95 %": between(order, "ranks", "{:.0%}"),
        "money told": order["money_explained"],
        "money told, 95 %": between(order, "money", "{:.0%}"),
    }
    return pd.DataFrame(shown, index=order.index).rename_axis("as of").reset_index().astype({"as of": str})


def later_in_words(evidence: LaterEvidence, *, money: str, min_group: int) -> list[str]:
    """Say in sentences what the looks back showed, or why they showed nothing.

    Parameters
    ----------
    evidence : see `later_evidence`
    money : the shop's currency
    min_group : segments of fewer customers are not told
    """
    if evidence.why_not:
        return [f"What customers of each segment spend later is not measured. {evidence.why_not}"]
    shown = large_enough(evidence.segments, min_group=min_group)
    if len(shown) < 2:
        return ["What each segment's customers spent later can't be compared: fewer than two are large enough."]
    told = [levels_in_words(shown, evidence, money=money), concordance_in_words(evidence)]
    if evidence.why_no_order:
        return [*filter(None, told), f"Whether segments told what comes is not measured. {evidence.why_no_order}"]
    return [*filter(None, [*told, order_in_words(evidence.order), told_in_words(evidence.order)])]


def levels_in_words(shown: pd.DataFrame, evidence: LaterEvidence, *, money: str) -> str:
    """Say what customers of the segments that had spent most and least spent afterwards."""
    first, last = shown.iloc[0], shown.iloc[-1]
    days = evidence.by_day.index.get_level_values("day").nunique()
    over = "" if days == 1 else f", on average over {days} earlier days"
    return (
        f"In the {evidence.days} days after, the {shown.index[0]} spent {first['later_spend']:,.2f} {money} each "
        f"(95 %: {first['later_low']:,.2f} to {first['later_high']:,.2f}), the {shown.index[-1]} "
        f"{last['later_spend']:,.2f} ({last['later_low']:,.2f} to {last['later_high']:,.2f}){over}."
    )


def order_in_words(order: pd.DataFrame) -> str:
    """Say how well segments as they were made on each day kept the order of what their customers had spent."""
    single, total = order.drop(ALL_DAYS), order.loc[ALL_DAYS]
    if np.isnan(total["order_kept"]):
        return ""
    fully = int((single["order_kept"] > 1 - 1e-9).sum())
    opening = (
        f"Made as of each day, the segments kept their order at {total['order_kept']:.2f} on average (95 %: "
        f"{total['order_low']:.2f} to {total['order_high']:.2f}; 1 fully, 0 not at all)"
    )
    if len(single) == 1:
        return f"{opening}."
    worst = single["order_kept"].idxmin()
    return f"{opening}: fully on {fully} of {len(single)} days, worst as of {worst} ({single['order_kept'].min():.2f})."


def told_in_words(order: pd.DataFrame) -> str:
    """Say how much of later spend the segments tell, beyond chance."""
    total = order.loc[ALL_DAYS]
    beyond = "" if total["ranks_low"] > 0 else " That may be chance."
    return (
        f"They tell {total['ranks_explained']:.0%} of the differences in the order of later spend (95 %: "
        f"{total['ranks_low']:.0%} to {total['ranks_high']:.0%}) and {total['money_explained']:.0%} of those in money "
        f"(roughly {total['money_low']:.0%} to {total['money_high']:.0%}, since a few large buyers decide).{beyond}"
    )


def concordance_in_words(evidence: LaterEvidence) -> str:
    """Say whether today's segments stood in the same order of later spend on the days; nothing with one day."""
    agreed, days = evidence.concordance, evidence.by_day.index.get_level_values("day").nunique()
    if np.isnan(agreed):
        return ""
    same = next(words for least, words in AGREEMENT.items() if agreed >= least)
    return (
        f"From day to day they stood in {same} order of later spend (Kendall's W {agreed:.2f}; 1 the same each day, "
        f"{1 / days:.2f} as by chance)."
    )


AGREEMENT = {0.995: "the same", 0.9: "nearly the same", 0.7: "much the same", 0.5: "roughly the same", 0.0: "no steady"}
