"""Charts of whether segments hold and what came later, step 05."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from segmentation.figures.base import (
    ACCENT,
    MAIN,
    PALE,
    QUIET,
    STYLE,
    canvas,
    horizontal_bars,
    in_lines,
    not_measured,
    segment_colour,
    thousands,
)


@mpl.rc_context(STYLE)
def jaccard_bars(segments: pd.DataFrame) -> Figure:
    """Draw how surely each segment comes back when customers are drawn again.

    Parameters
    ----------
    segments : indexed by segment: name, jaccard, band
    """
    if segments.empty:
        return not_measured("Does each segment come back?")
    figure, axes = canvas(0.9 + 0.4 * len(segments))
    ax = axes[0, 0]
    colours = [segment_colour(segment) for segment in segments.index]
    texts = [f"{row.jaccard:.2f}  {row.band}" for row in segments.itertuples()]
    horizontal_bars(
        ax, segments.set_index("name")["jaccard"], colours=colours, texts=texts, title="Does each segment come back?"
    )
    ax.set_xlim(0, 1.45)
    for limit in (0.6, 0.75, 0.85):
        ax.axvline(limit, color=QUIET, linewidth=0.8, linestyle=":")
    return figure


@mpl.rc_context(STYLE)
def later_spend(groups: Mapping[str, pd.DataFrame], *, money: str) -> Figure:
    """Draw what each group spent in the hold-out period, highest expected first, each way of grouping in a panel.

    Parameters
    ----------
    groups : way of grouping to its table, indexed by group: customers, later_spend, later_low, later_high; missing
        where a group is too small to show
    money : the shop's currency
    """
    if all(table.empty for table in groups.values()):
        return not_measured("What did each group spend later?")
    rows = max(len(table) for table in groups.values())
    figure, axes = canvas(1.2 + 0.4 * rows, columns=len(groups), sharex=True)
    for ax, (title, table) in zip(axes[0], groups.items(), strict=True):
        places = np.arange(len(table))
        error = np.abs(table[["later_low", "later_high"]].T.to_numpy() - table["later_spend"].to_numpy())
        ax.errorbar(table["later_spend"], places, xerr=error, fmt="o", color=MAIN, ecolor=PALE, elinewidth=5, ms=5)
        sizes = ["too few to show" if pd.isna(size) else f"n\u00a0{size:,}" for size in table["customers"]]
        names = [f"{name} ({size})" for name, size in zip(table.index, sizes, strict=True)]
        ax.set_yticks(places, in_lines(names))
        ax.invert_yaxis()
        ax.set_title(title)
        ax.set_xlabel(f"later spend a customer, {money}", loc="right")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        thousands(ax.xaxis)
        ax.xaxis.grid(True)
        ax.tick_params(left=False)
    return figure


@mpl.rc_context(STYLE)
def ranking_intervals(measures: pd.DataFrame) -> Figure:
    """Draw how well each ranking told later spend, with its interval.

    Parameters
    ----------
    measures : indexed by rival: spearman, spearman_low, spearman_high
    """
    if measures.empty:
        return not_measured("Who told best what customers would spend?")
    figure, axes = canvas(0.9 + 0.36 * len(measures))
    ax = axes[0, 0]
    places = np.arange(len(measures))
    error = np.abs(measures[["spearman_low", "spearman_high"]].T.to_numpy() - measures["spearman"].to_numpy())
    colours = [ACCENT if name == "segments" else MAIN for name in measures.index]
    ax.errorbar(measures["spearman"], places, xerr=error, fmt="none", ecolor=PALE, elinewidth=6)
    ax.scatter(measures["spearman"], places, c=colours, s=40, zorder=3)
    for place, value in zip(places, measures["spearman"], strict=True):
        ax.annotate(
            f"{value:.2f}", (value, place), xytext=(0, 8), textcoords="offset points", ha="center", fontsize=8.5
        )
    ax.set_yticks(places, measures.index)
    ax.set_ylim(len(measures) - 0.4, -0.7)
    ax.set_xlabel("rank correlation with later spend (1 tells all, 0 nothing)")
    ax.set_title("Who told best what customers would spend?")
    ax.xaxis.grid(True)
    ax.tick_params(left=False)
    return figure
