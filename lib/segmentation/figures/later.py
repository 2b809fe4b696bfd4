"""Charts of what segments did next on several days, and of how actions fall on groups of people, step 05 and 06."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter

from segmentation.figures.base import (
    ACCENT,
    INK,
    MAIN,
    PALE,
    QUIET,
    STYLE,
    canvas,
    in_lines,
    not_measured,
    thousands,
)

FAR_APART = 20  # times
LATER_TITLE = "What did each group spend later?"
FAIR_TITLE = "Whom do the actions reach?"


@mpl.rc_context(STYLE)
def later_by_day(groups: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], *, money: str) -> Figure:
    """Draw what each group spent after each day and on average, each way of grouping in a panel.

    Parameters
    ----------
    groups : way of grouping to its tables: all days together, indexed by group: customers, later_spend, later_low,
        later_high; and by day, indexed by day and group: later_spend
    money : the shop's currency
    """
    if all(pooled.empty for pooled, _ in groups.values()):
        return not_measured(LATER_TITLE)
    rows = max(len(pooled) for pooled, _ in groups.values())
    figure, axes = canvas(1.3 + 0.42 * rows, columns=len(groups), sharex=True)
    for ax, (title, (pooled, by_day)) in zip(axes[0], groups.items(), strict=True):
        later_rows(ax, pooled, by_day)
        ax.set_title(title)
        ax.set_xlabel(f"later spend a customer, {money}", loc="right")
        ax.xaxis.grid(True)
        ax.tick_params(left=False)
    scale(axes[0, 0], [table["later_spend"] for tables in groups.values() for table in tables])
    return figure


def scale(ax: Axes, drawn: Sequence[pd.Series]) -> None:
    """Choose an axis of sums or, where groups are far apart and all above zero, of their factors."""
    values = pd.concat(list(drawn)).astype("float64")
    if values.min() > 0 and values.max() > FAR_APART * values.min():
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5))
    thousands(ax.xaxis)


def later_rows(ax: Axes, pooled: pd.DataFrame, by_day: pd.DataFrame) -> None:
    """Draw one row a group: a small mark a day, later days darker, and the mean of all days with its interval."""
    places = np.arange(len(pooled))
    error = np.abs(pooled[["later_low", "later_high"]].T.to_numpy(dtype="float64") - pooled["later_spend"].to_numpy())
    days = sorted(set(by_day.index.get_level_values(0)))
    for number, day in enumerate(days, start=1):
        spent = by_day.loc[day, "later_spend"].reindex(pooled.index)
        ax.scatter(spent, places, marker="|", s=70, color=INK, alpha=0.2 + 0.6 * number / len(days), zorder=3)
    ax.errorbar(pooled["later_spend"], places, xerr=error, fmt="o", color=MAIN, ecolor=PALE, elinewidth=6, ms=5)
    for place, value in zip(places, pooled["later_spend"], strict=True):
        ax.annotate(
            f"{value:,.0f}", (value, place), xytext=(0, 9), textcoords="offset points", ha="center", fontsize=8.5
        )
    names = [f"{name} (n\u00a0{size:,})" for name, size in pooled["customers"].items()]
    ax.set_yticks(places, in_lines(names))
    ax.set_ylim(len(pooled) - 0.5, -0.7)


@mpl.rc_context(STYLE)
def served_intervals(fair: pd.DataFrame) -> Figure:
    """Draw what share of each group of people the actions reach, with intervals, an action in a panel.

    Parameters
    ----------
    fair : one row an action, attribute and group: action, attribute, group, customers, share, low, high, less_served
    """
    if fair.empty:
        return not_measured(FAIR_TITLE)
    actions = list(fair["action"].unique())
    rows = len(fair) // len(actions)
    figure, axes = canvas(1.2 + 0.3 * rows, columns=len(actions), sharey=True)
    for ax, action in zip(axes[0], actions, strict=True):
        served_rows(ax, fair[fair["action"] == action])
        ax.set_title(f"{action}".capitalize())
        ax.set_xlabel("share of the group", loc="right")
    return figure


def served_rows(ax: Axes, fair: pd.DataFrame) -> None:
    """Draw one row a group; a group that is served much less stands out, and dotted lines part the attributes."""
    places = np.arange(len(fair))
    error = np.abs(fair[["low", "high"]].T.to_numpy(dtype="float64") - fair["share"].to_numpy())
    colours = [ACCENT if less else MAIN for less in fair["less_served"]]
    ax.errorbar(fair["share"], places, xerr=error, fmt="none", ecolor=PALE, elinewidth=6)
    ax.scatter(fair["share"], places, c=colours, s=34, zorder=3)
    names = [f"{row.attribute}: {row.group} (n\u00a0{row.customers:,})" for row in fair.itertuples()]
    ax.set_yticks(places, in_lines(names))
    ax.set_ylim(len(fair) - 0.5, -0.5)
    for place in np.flatnonzero(fair["attribute"].to_numpy()[1:] != fair["attribute"].to_numpy()[:-1]):
        ax.axhline(place + 0.5, color=QUIET, linewidth=0.8, linestyle=":")
    ax.set_xlim(0, min(1.0, 1.1 * fair["high"].max()))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.xaxis.grid(True)
    ax.tick_params(left=False)
