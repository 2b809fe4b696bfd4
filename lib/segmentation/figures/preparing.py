"""Charts of the preparation of features: scales, correlations, what selection kept, components; step 03."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.figures.base import (
    ACCENT,
    MAIN,
    PALE,
    QUIET,
    STYLE,
    canvas,
    heatmap,
    in_lines,
    not_measured,
    thousands,
)

STAGES = {"raw": "As it is, in its own unit", "prepared": "Prepared, on one scale"}


@mpl.rc_context(STYLE)
def scales_before_and_after(spreads: pd.DataFrame) -> Figure:
    """Draw how far customers spread in each number before and after the preparation.

    Parameters
    ----------
    spreads : one row a number and stage: column, stage (raw, prepared), low, lower, median, upper, high
    """
    if spreads.empty:
        return not_measured("How far do customers spread?")
    names = spreads["column"].drop_duplicates()
    figure, axes = canvas(1.2 + 0.3 * len(names), columns=2)
    for ax, (stage, title) in zip(axes.flat, STAGES.items(), strict=True):
        spread_lines(ax, spreads[spreads["stage"] == stage].set_index("column").loc[names])
        ax.set_title(title, fontsize=9)
    axes[0, 0].set_xscale("symlog", linthresh=1)
    thousands(axes[0, 0].xaxis)
    axes[0, 0].set_xlabel("value (logarithmic from 1 up)")
    axes[0, 0].set_yticks(np.arange(len(names)), in_lines(names))
    axes[0, 1].set_yticks(np.arange(len(names)), [""] * len(names))
    axes[0, 1].set_xlabel("prepared value")
    return figure


def spread_lines(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw one thin line for nine of ten customers, a thick one for half of them, and a dot for the median."""
    heights = np.arange(len(rows))
    ax.hlines(heights, rows["low"], rows["high"], color=PALE, linewidth=2)
    ax.hlines(heights, rows["lower"], rows["upper"], color=MAIN, linewidth=5)
    ax.plot(rows["median"], heights, linestyle="", marker="o", markersize=5, color=ACCENT)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.xaxis.grid(True)
    ax.tick_params(axis="y", length=0)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Round to one decimal, so that no cell reads minus nothing."""
    return table.round(1) + 0.0


@mpl.rc_context(STYLE)
def correlation_heatmap(correlations: pd.DataFrame) -> Figure:
    """Draw which prepared columns go together.

    Parameters
    ----------
    correlations : one row and one column a prepared column, -1 to 1
    """
    if correlations.empty:
        return not_measured("Which features go together?")
    count = len(correlations)
    figure, axes = canvas(max(3.2, 1.6 + 0.34 * count))
    ax = axes[0, 0]
    annotated = rounded(correlations) if count <= 12 else False
    heatmap(
        ax, correlations, cmap="RdBu_r", center=0, vmin=-1, vmax=1, annot=annotated, fmt="+.1f",
        annot_kws={"fontsize": 8}, cbar_kws={"label": "correlation, −1 to 1", "shrink": 0.8},
    )  # fmt: skip
    ax.set_xticks(np.arange(count) + 0.5, in_lines(correlations.columns), rotation=45, ha="right", fontsize=8)
    ax.set_yticks(np.arange(count) + 0.5, in_lines(correlations.index), rotation=0, fontsize=8)
    return figure


@mpl.rc_context(STYLE)
def selection_bars(selection: pd.DataFrame, *, measure: str) -> Figure:
    """Draw how much each column tells of what customers did later, and which are kept.

    Parameters
    ----------
    selection : one row a column, in the order to draw: column, score, kept (bool)
    measure : what the score is, in words
    """
    if selection.empty:
        return not_measured("Which features tell what customers do later?")
    figure, axes = canvas(1.2 + 0.32 * len(selection))
    ax = axes[0, 0]
    heights = np.arange(len(selection))
    for kept, colour, word in ((True, MAIN, "kept"), (False, PALE, "left out")):
        rows = (selection["kept"] == kept).to_numpy()
        ax.barh(heights[rows], selection["score"].to_numpy()[rows], color=colour, height=0.66, label=word)
    ax.set_yticks(heights, in_lines(selection["column"]))
    ax.set_ylim(len(selection) - 0.5, -0.5)
    ax.set_xlabel(measure)
    ax.tick_params(axis="y", length=0)
    ax.legend(frameon=False, loc="lower right", fontsize=8.5)
    return figure


@mpl.rc_context(STYLE)
def component_loadings(loadings: pd.DataFrame, *, shares: Mapping[str, float]) -> Figure:
    """Draw what each component is made of, and how much of the variance it holds.

    Parameters
    ----------
    loadings : one row a prepared column, one column a component, -1 to 1
    shares : component to the share of the variance that it holds; empty for independent components
    """
    if loadings.empty:
        return not_measured("What are the components made of?")
    figure, axes = canvas(max(3.2, 1.3 + 0.34 * len(loadings)))
    ax = axes[0, 0]
    heatmap(
        ax, loadings, cmap="RdBu_r", center=0, vmin=-1, vmax=1, annot=rounded(loadings), fmt="+.1f",
        annot_kws={"fontsize": 8}, cbar_kws={"label": "weight, the largest of a component is 1", "shrink": 0.8},
    )  # fmt: skip
    labels = [f"{name}\n{shares[name]:.0%}" if name in shares else str(name) for name in loadings.columns]
    ax.set_xticks(np.arange(len(labels)) + 0.5, labels, rotation=0, fontsize=8)
    ax.set_yticks(np.arange(len(loadings)) + 0.5, in_lines(loadings.index), rotation=0, fontsize=8)
    if shares:
        ax.set_xlabel("component, and its share of the variance", color=QUIET)
    return figure
