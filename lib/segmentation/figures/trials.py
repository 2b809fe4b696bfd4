"""Charts of whether segments hold: how surely each comes back, and how clearly each parts from the others, step 05."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.figures.base import ACCENT, INK, PALE, QUIET, STYLE, canvas, in_lines, not_measured, segment_colour

LIMITS = {0.60: "a pattern", 0.75: "stable", 0.85: "highly stable"}
MARKS = "os^DvPX*<>"


@mpl.rc_context(STYLE)
def jaccard_dots(stability: pd.DataFrame, trials: pd.DataFrame) -> Figure:
    """Draw how surely each segment comes back: refits with the interval of their mean, other trials as marks.

    Parameters
    ----------
    stability : indexed by segment: name, jaccard, jaccard_low, jaccard_high; see `refits.stability_by_segment`
    trials : indexed by what is changed, one column a segment: mean Jaccard; see `trials.by_kind`
    """
    title = "Does each segment come back?"
    if stability["jaccard"].isna().all() and trials.empty:
        return not_measured(title)
    figure, axes = canvas(1.5 + 0.42 * len(stability))
    ax = axes[0, 0]
    places = np.arange(len(stability))
    bands(ax, top=len(stability))
    mark_trials(ax, trials[list(stability.index)], places)
    jaccard = stability["jaccard"].to_numpy()
    error = np.abs(stability[["jaccard_low", "jaccard_high"]].T.to_numpy() - jaccard)
    colours = [segment_colour(segment) for segment in stability.index]
    ax.errorbar(jaccard, places, xerr=error, fmt="none", ecolor=INK, elinewidth=1.4, capsize=3, zorder=3)
    ax.scatter(jaccard, places, c=colours, s=60, zorder=4, label="drawn again")
    ax.set_yticks(places, in_lines(stability["name"]))
    ax.set_ylim(len(stability) - 0.4, -0.8)
    ax.set_xlim(0, 1.02)
    ax.set_xlabel("Jaccard similarity with the closest match (1 the same customers)")
    ax.set_title(title)
    ax.tick_params(left=False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8.5)
    return figure


def bands(ax: Axes, *, top: int) -> None:
    """Draw Hennig's bands and name each above the first row."""
    for limit, words in LIMITS.items():
        ax.axvline(limit, color=QUIET, linewidth=0.8, linestyle=":", zorder=1)
        ax.annotate(
            words, (limit, -0.62), xytext=(2, 0), textcoords="offset points", fontsize=7, color=QUIET, va="center"
        )
    ax.axvspan(0, min(LIMITS), color=PALE, alpha=0.25, linewidth=0, zorder=0)


def mark_trials(ax: Axes, jaccard: pd.DataFrame, places: np.ndarray) -> None:
    """Draw one mark a trial in each segment's row, a little lower than its dot."""
    for trial, mark in zip(jaccard.index, MARKS, strict=False):
        ax.scatter(
            jaccard.loc[trial], places + 0.26, marker=mark, s=22, facecolors="none", edgecolors=ACCENT, zorder=2,
            label=trial,
        )  # fmt: skip


@mpl.rc_context(STYLE)
def silhouette_plot(curves: pd.DataFrame, *, mean: float) -> Figure:
    """Draw each segment's silhouettes, sorted, as tall as it has customers measured.

    Parameters
    ----------
    curves : one row a point, lowest first: segment, name, share, silhouette, customers; see `silhouette_curves`
    mean : silhouette of all, drawn as a line

    Source
    ------
    Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20 (1987)
    """
    title = "How clearly does each segment part from the others?"
    if curves.empty:
        return not_measured(title)
    figure, axes = canvas(1.4 + 0.55 * curves["segment"].nunique())
    ax = axes[0, 0]
    gap = 0.02 * curves.groupby("segment")["customers"].first().sum()
    bottom, middles, names = 0.0, [], []
    for segment, of in curves.groupby("segment"):
        size = float(of["customers"].iloc[0])
        heights = bottom + size * (1 - of["share"])
        ax.fill_betweenx(heights, 0, of["silhouette"], color=segment_colour(segment), linewidth=0)
        middles.append(bottom + size / 2)
        names.append(f"{of['name'].iloc[0]} (n\u00a0{size:,.0f}, {of['silhouette'].mean():.2f})")
        bottom += size + gap
    ax.axvline(mean, color=ACCENT, linewidth=1, linestyle="--")
    ax.axvline(0, color=QUIET, linewidth=0.8)
    ax.annotate(f"all {mean:.2f}", (mean, 0), xytext=(3, 4), textcoords="offset points", fontsize=8, color=ACCENT)
    ax.set_yticks(middles, in_lines(names))
    ax.set_ylim(bottom, -gap)
    ax.set_xlabel("silhouette (1 well inside, 0 on the border, below 0 nearer to another segment)")
    ax.set_title(title)
    ax.tick_params(left=False)
    return figure
