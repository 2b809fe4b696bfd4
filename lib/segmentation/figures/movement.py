"""Charts of movement and drift: between two days of a run, or two runs."""

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

MOVED_TITLE = "Who stood where before, and stands where after?"
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
    figure, axes = canvas(1.5 + 0.42 * len(matrix))
    ax = axes[0, 0]
    words = matrix.map(lambda customers: f"{customers:,.0f}" if customers > 0 else "")
    shares = matrix.div(matrix.sum(axis=1).replace(0, np.nan), axis=0).fillna(0.0)
    heatmap(ax, shares, annot=words, fmt="", cmap="Blues", vmin=0, vmax=1, cbar=False, annot_kws={"fontsize": 8.5})
    ax.set_xticklabels([str(name).replace(" ", "\n") for name in matrix.columns], rotation=0, fontsize=8.5)
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
    drift : one row a feature, indexed by its name: psi, usual, newcomers_psi, beyond; missing where not measured
    bands : population stability indices from which a shift is called some, or clear
    """
    if drift.empty:
        return not_measured(DRIFT_TITLE)
    shown = drift.iloc[::-1]
    figure, axes = canvas(1.3 + 0.36 * len(shown))
    ax, places = axes[0, 0], np.arange(len(shown))
    colours = [ACCENT if beyond > 0 else MAIN for beyond in shown["beyond"]]
    ax.barh(places, shown["psi"].clip(lower=0.0), color=colours, height=0.6)
    marks = {"usual": ("|", INK, "usual"), "newcomers_psi": ("D", QUIET, "newcomers")}
    for column, (marker, colour, label) in marks.items():
        values = shown[column].clip(lower=0.0)
        if values.notna().any():
            size = 110 if marker == "|" else 22
            ax.scatter(values, places, marker=marker, color=colour, s=size, zorder=3, label=label)
            ax.legend(loc="lower right", frameon=False, fontsize=8.5)
    for limit in bands:
        ax.axvline(limit, color=QUIET, linewidth=0.8, linestyle=":")
    ax.set_yticks(places, in_lines(str(name).replace("_", " ") for name in shown.index))
    ax.set_xlim(left=0.0, right=max(1.1 * max(bands), *(1.1 * shown[name].max() for name in ("psi", *marks))))
    ax.set_xlabel("population stability index")
    ax.set_title(DRIFT_TITLE)
    ax.tick_params(left=False)
    return figure
