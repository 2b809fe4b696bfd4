"""Charts of step 04's assignment: which learner learnt the segments best, and where it goes wrong."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from segmentation.figures.base import ACCENT, INK, LINE, MAIN, STYLE, canvas, heatmap, in_lines, not_measured

LEARNERS_TITLE = "Which learner tells the segments apart best?"
CONFUSION_TITLE = "Where does the model put customers of each segment?"


@mpl.rc_context(STYLE)
def learner_scores(table: pd.DataFrame) -> Figure:
    """Draw each learner's F1 with one standard error, the one chosen marked.

    Parameters
    ----------
    table : see `assigning.comparison_table`; empty when nothing was compared
    """
    if table.empty:
        return not_measured(LEARNERS_TITLE)
    figure, axes = canvas(0.9 + 0.34 * len(table))
    ax = axes[0, 0]
    rows = np.arange(len(table))
    colours = np.where(table["chosen"] == "yes", ACCENT, MAIN)
    ax.hlines(rows, table["F1"] - table["± F1"], table["F1"] + table["± F1"], colors=colours, linewidth=3)
    ax.scatter(table["F1"], rows, c=colours, s=36, zorder=3)
    for row, (score, chosen) in enumerate(zip(table["F1"], table["chosen"], strict=True)):
        text = f"{score:.3f}{'  chosen' if chosen == 'yes' else ''}"
        ax.annotate(text, (score, row), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8.5, color=INK)
    ax.set_yticks(rows, in_lines(table["learner"]))
    ax.set(ylim=(len(table) - 0.5, -0.7), xlabel="F1, mean over the segments (1 is without error)")
    ax.margins(x=0.12)
    ax.grid(axis="x", color=LINE)
    ax.set_title(LEARNERS_TITLE)
    return figure


@mpl.rc_context(STYLE)
def confusion_map(shares: pd.DataFrame) -> Figure:
    """Draw where the customers of each segment were placed, by the model that had not seen them.

    Parameters
    ----------
    shares : one row a true segment, one column a segment told, both by name; shares of the row; empty when nothing was
        compared
    """
    if shares.empty:
        return not_measured(CONFUSION_TITLE)
    figure, axes = canvas(1.6 + 0.42 * len(shares))
    ax = axes[0, 0]
    shown = shares.set_axis(in_lines(shares.columns), axis=1).set_axis(in_lines(shares.index), axis=0)
    words = np.where(shares >= 0.005, shares.map("{:.0%}".format), "")
    heatmap(ax, shown, annot=words, fmt="", cmap="Blues", vmin=0, vmax=1, cbar=False)
    ax.set(ylabel="segment", xlabel="placed in")
    ax.tick_params(axis="x", rotation=90 if len(shares) > 6 else 0)
    ax.tick_params(axis="y", rotation=0)
    ax.set_title(CONFUSION_TITLE)
    return figure
