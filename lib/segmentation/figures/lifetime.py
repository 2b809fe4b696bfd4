"""Charts of lifetime models, step 05."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from segmentation.figures.base import ACCENT, MAIN, QUIET, STYLE, canvas, heatmap, not_measured


@mpl.rc_context(STYLE)
def expected_against_actual(table: pd.DataFrame) -> Figure:
    """Draw the purchases that were expected in the hold-out period beside those that came.

    Parameters
    ----------
    table : indexed by repeats, a text: customers; expected and actual, purchases a customer
    """
    title = "Did customers order as often as expected?"
    if table.empty:
        return not_measured(title)
    figure, axes = canvas(3.2)
    ax = axes[0, 0]
    places = np.arange(len(table))
    for column, colour, style in (("actual", ACCENT, "o-"), ("expected", MAIN, "s--")):
        ax.plot(places, table[column], style, color=colour, markersize=5)
        ax.annotate(
            f" {column}", (places[-1], table[column].iloc[-1]), color=colour, xytext=(4, 0),
            textcoords="offset points", va="center",
        )  # fmt: skip
    ax.set_xticks(places, [f"{name}\nn\u00a0{size:,}" for name, size in table["customers"].items()])
    ax.set_ylim(bottom=0)
    ax.set_xlim(right=len(table) - 0.3)
    ax.set_xlabel("times a customer had come back before, and customers")
    ax.set_ylabel("purchases a customer, in the period")
    ax.set_title(title)
    ax.yaxis.grid(True)
    return figure


@mpl.rc_context(STYLE)
def active_heatmap(grid: pd.DataFrame) -> Figure:
    """Draw how probably customers are active by days since their last purchase and by repeats.

    Parameters
    ----------
    grid : probabilities; index repeats, columns days since the last purchase; empty where there is no model
    """
    title = "Who is still a customer?"
    if grid.empty:
        return not_measured(title)
    figure, axes = canvas(3.4)
    ax = axes[0, 0]
    heatmap(ax, grid, annot=True, fmt=".0%", vmin=0, vmax=1, cmap="Blues", cbar=False, annot_kws={"fontsize": 8})
    ax.set_xlabel("days since the last purchase")
    ax.set_ylabel("times a customer came back")
    ax.set_yticklabels(ax.get_yticklabels(), rotation=0, color=QUIET)
    ax.set_title(title)
    return figure
