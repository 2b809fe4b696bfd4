"""Charts of movement and drift: between two days of a run, or two runs."""

import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from segmentation.figures.base import (
    ACCENT,
    INK,
    MAIN,
    QUIET,
    STYLE,
    canvas,
    heatmap,
    in_lines,
    not_measured,
)
from segmentation.problems import shorten

MOVED_TITLE = "Who stood where before, and stands where after?"
COLUMN = 12  # letters
DRIFT_TITLE = "Which features have shifted?"


@mpl.rc_context(STYLE)
def moves_map(matrix: pd.DataFrame) -> Figure:
    """Draw how many customers went from which segment (rows) to which (columns).

    Parameters
    ----------
    matrix : customers, see `movement.moves_matrix`; missing where they may not be shown
    """
    if not np.nansum(matrix.to_numpy()):
        return not_measured(MOVED_TITLE)
    columns = [textwrap.fill(shorten(str(name)), COLUMN) for name in matrix.columns]
    figure, axes = canvas(1.2 + 0.42 * len(matrix) + 0.16 * max(name.count("\n") + 1 for name in columns))
    ax = axes[0, 0]
    words = matrix.map(lambda customers: f"{customers:,.0f}" if customers > 0 else "")
    shown = matrix.fillna(0.0)
    heatmap(ax, shown, annot=words, fmt="", cmap="Blues", vmin=0, cbar=False, annot_kws={"fontsize": 8.5})
    ax.set_xticklabels(columns, rotation=0, fontsize=8.5)
    ax.set_yticklabels(in_lines(matrix.index), rotation=0)
    ax.set_xlabel("after")
    ax.set_ylabel("before")
    ax.set_title(MOVED_TITLE)
    return figure


@mpl.rc_context(STYLE)
def drift_bars(drift: pd.DataFrame, *, bands: tuple[float, ...]) -> Figure:
    """Draw how far each feature has shifted beside how far it usually does, and the conventional bands.

    Parameters
    ----------
    drift : one row a feature, indexed by its name: psi, usual, newcomers_psi, whose; missing where not measured; the
        bar or the diamond is red where it is beyond the usual
    bands : population stability indices from which a shift is called some, or clear
    """
    if drift.empty:
        return not_measured(DRIFT_TITLE)
    shown = drift.iloc[::-1]
    figure, axes = canvas(1.3 + 0.36 * len(shown))
    ax, places = axes[0, 0], np.arange(len(shown))
    fresh = shown["whose"].eq("newcomers")
    bars, diamonds = (
        np.where(shown["whose"].ne("") & own, ACCENT, colour) for own, colour in ((~fresh, MAIN), (fresh, QUIET))
    )
    ax.barh(places, shown["psi"].clip(lower=0.0), color=bars, height=0.6)
    marks = {"usual": ("|", INK, 110, "usual"), "newcomers_psi": ("D", diamonds, 22, "newcomers")}
    for column, (marker, colour, size, label) in marks.items():
        values = shown[column].astype(float).clip(lower=0.0)
        if values.notna().any():
            ax.scatter(values, places, marker=marker, c=colour, s=size, zorder=3, label=label)
            ax.legend(loc="lower right", frameon=False, fontsize=8.5)
    for limit in bands:
        ax.axvline(limit, color=QUIET, linewidth=0.8, linestyle=":")
    ax.set_yticks(places, in_lines(str(name).replace("_", " ") for name in shown.index))
    ax.set_xlim(left=0.0, right=max(1.1 * max(bands), *(1.1 * shown[name].max() for name in ("psi", *marks))))
    ax.set_xlabel("population stability index")
    ax.set_title(DRIFT_TITLE)
    ax.tick_params(left=False)
    return figure
