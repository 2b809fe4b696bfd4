"""Charts of forecasts: who told best, whether forecasts mean what they say, and each segment's outlook; step 05."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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

PANELS = {
    "value": ("deviance", "Spend: who told best?", "Tweedie deviance (lower is better)"),
    "returns": ("log_loss", "Return: who told best?", "log loss (lower is better)"),
}


@mpl.rc_context(STYLE)
def forecast_scores(scores: dict[str, pd.DataFrame], *, winners: dict[str, str]) -> Figure:
    """Draw how well each forecaster told, with its interval, spend and return in a panel each, the best on top.

    Parameters
    ----------
    scores : target → table indexed by forecaster: the score that decides (deviance, log_loss) with _low and _high
    winners : target → the forecaster that is used
    """
    if not scores or all(table.empty for table in scores.values()):
        return not_measured("Who told best what customers would do?")
    figure, axes = canvas(0.9 + 0.34 * max(map(len, scores.values())), columns=len(scores))
    for ax, (target, table) in zip(axes[0], scores.items(), strict=True):
        score, title, label = PANELS[target]
        shown = table.sort_values(score, kind="stable")
        colours = [ACCENT if name == winners.get(target) else MAIN for name in shown.index]
        interval_dots(ax, shown, score, colours=colours, form="{:,.1f}" if target == "value" else "{:.3f}")
        ax.set_title(title)
        ax.set_xlabel(label, loc="right")
    return figure


def interval_dots(ax: Axes, table: pd.DataFrame, name: str, *, colours: list[str], form: str) -> None:
    """Draw one dot with its interval a row, first row on top."""
    places = np.arange(len(table))
    error = np.abs(table[[f"{name}_low", f"{name}_high"]].T.to_numpy() - table[name].to_numpy())
    ax.errorbar(table[name], places, xerr=error, fmt="none", ecolor=PALE, elinewidth=5)
    ax.scatter(table[name], places, c=colours, s=32, zorder=3)
    for place, value in zip(places, table[name], strict=True):
        ax.annotate(
            form.format(value), (value, place), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8
        )
    ax.set_yticks(places, in_lines(table.index))
    ax.set_ylim(len(table) - 0.4, -0.7)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.grid(True)
    ax.tick_params(left=False)


@mpl.rc_context(STYLE)
def forecast_calibration(bins: dict[str, pd.DataFrame], *, money: str) -> Figure:
    """Draw what followed against what was forecast, in bins, with the line on which both are the same.

    Parameters
    ----------
    bins : target → see `forecasting.calibration`
    money : the shop's currency
    """
    if all(table.empty for table in bins.values()):
        return not_measured("Do forecasts mean what they say?")
    figure, axes = canvas(3.4, columns=len(bins))
    for ax, (target, table) in zip(axes[0], bins.items(), strict=True):
        if table.empty:
            ax.set_axis_off()
        else:
            against_forecast(ax, table, target, money=money)
    return figure


def against_forecast(ax: Axes, table: pd.DataFrame, target: str, *, money: str) -> None:
    """Draw one target's bins; spend on logarithms, where some was spent in every bin."""
    lowest = table[["forecast", "actual", "actual_low"]].min().min()
    highest = table[["forecast", "actual_high"]].max().max()
    even = target == "returns" or lowest <= 0
    ends = [0, highest] if even else [lowest, highest]
    error = np.abs(table[["actual_low", "actual_high"]].T.to_numpy() - table["actual"].to_numpy())
    ax.plot(ends, ends, color=QUIET, linewidth=0.9, linestyle=":")
    ax.errorbar(table["forecast"], table["actual"], yerr=error, fmt="o", color=MAIN, ecolor=PALE, elinewidth=4, ms=5)
    if not even:
        ax.set(xscale="log", yscale="log")
    words = {"value": f"spend a customer, {money}", "returns": "share who order again"}[target]
    ax.set(title="Spend: as forecast?" if target == "value" else "Return: as forecast?")
    ax.set(xlabel=f"forecast: {words}", ylabel="what followed")
    if target == "value":
        thousands(ax.xaxis)
        thousands(ax.yaxis)
    ax.annotate("as forecast", ends[1:] * 2, ha="right", va="bottom", fontsize=8, color=INK)


@mpl.rc_context(STYLE)
def segment_outlook(table: pd.DataFrame, *, money: str) -> Figure:
    """Draw what a customer of each segment is expected to bring and how many return, with intervals.

    Parameters
    ----------
    table : see `forecasting.outlook_by_segment`; segments that are too small left out
    money : the shop's currency
    """
    known = table.dropna(subset=["customers"])
    if known.empty:
        return not_measured("What is each segment's outlook?")
    figure, axes = canvas(0.9 + 0.4 * len(known), columns=2, sharey=True)
    named = known.assign(label=[f"{row.segment} (n\u00a0{row.customers:,})" for row in known.itertuples()]).set_index(
        "label"
    )
    for ax, days in zip(axes[0], (90, 365), strict=True):
        interval_dots(ax, named, f"value_{days}", colours=[MAIN] * len(named), form="{:,.0f}")
        ax.set_title(f"Expected within {days} days")
        ax.set_xlabel(f"spend a customer, {money}", loc="right")
        thousands(ax.xaxis)
    return figure
