"""Charts of the choice: the grounds for each number of segments at a glance, and the clustergram, step 04."""

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from segmentation.figures.base import ACCENT, INK, MAIN, PALE, QUIET, STYLE, canvas, not_measured


@dataclass(frozen=True)
class Panel:
    """One question of the choice: its ground, whether the axis is a share, and what the dashed lines are."""

    column: str
    question: str
    share: bool = False
    beside: tuple[tuple[str, str], ...] = ()


PANELS = (
    Panel("agreement", "Does it hold? Agreement"),
    Panel("gap", "More than a crowd? Gap"),
    Panel("silhouette", "Do they part? Silhouette", beside=(("silhouette_crowd", "a crowd without groups"),)),
    Panel("smallest_share", "Large enough? The smallest", share=True),
    Panel("later_explained", "Of use? Later spend told", share=True),
    Panel("distortion", "Fine enough? Distance within"),
)


@mpl.rc_context(STYLE)
def choice_at_a_glance(grounds: pd.DataFrame, *, k: int, steady: float, closer: float, min_share: float) -> Figure:
    """Draw the grounds for each number of segments, one question a panel; the chosen number stands in a pale column.

    A filled mark meets what is asked for, a hollow one does not.

    Parameters
    ----------
    grounds : indexed by k, see `choosing.measure`
    k : the number chosen, 0 for none
    steady : agreement from which a number holds
    closer : gap from which segments are more than a cut through a crowd
    min_share : of the customers, below which a segment is too small, 0 to 1
    """
    if grounds.empty:
        return not_measured("How many segments?")
    figure, axes = canvas(4.6, columns=3, rows=2, sharex=True)
    floors = {"agreement": steady, "gap": closer, "smallest_share": min_share}
    for ax, panel in zip(axes.flat, PANELS, strict=True):
        ax.set_title(panel.question, fontsize=8.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.margins(x=0.06, y=0.18)
        if panel.share:
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        if grounds[panel.column].isna().all():
            ax.annotate("not measured", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=8, color=QUIET)
            continue
        draw_panel(ax, grounds, panel, k=k, floor=floors.get(panel.column))
    spread(axes[0, 0], grounds, low=grounds["agreement_low"], high=grounds["agreement_high"])
    spread(axes[0, 1], grounds, low=grounds["gap"] - grounds["gap_error"], high=grounds["gap"] + grounds["gap_error"])
    mark_knee(axes[1, 2], grounds)
    for ax in axes[1]:
        ax.set_xlabel("number of segments")
    return figure


def draw_panel(ax: Axes, grounds: pd.DataFrame, panel: Panel, *, k: int, floor: float | None) -> None:
    """Draw one ground over the number of segments, what it is compared with, and the chosen number."""
    values = grounds[panel.column]
    if k in grounds.index:
        ax.axvspan(k - 0.4, k + 0.4, color=PALE, alpha=0.45, linewidth=0)
        ax.annotate(worded(values[k], share=panel.share), (k, values[k]), xytext=(0, 7), ha="center",
                    textcoords="offset points", fontsize=8.5, fontweight="bold", color=ACCENT)  # fmt: skip
    met = values >= floor if floor is not None else pd.Series(True, index=grounds.index)
    ax.plot(grounds.index, values, color=MAIN, linewidth=1)
    ax.scatter(grounds.index[met], values[met], color=MAIN, s=22, zorder=3)
    ax.scatter(grounds.index[~met], values[~met], facecolor="white", edgecolor=MAIN, s=22, zorder=3)
    if floor is not None:
        ax.axhline(floor, color=QUIET, linewidth=1, linestyle="--")
        quiet_label(ax, "from here up", at=(grounds.index.min(), floor), left=True)
    for column, words in panel.beside:
        ax.plot(grounds.index, grounds[column], color=QUIET, linewidth=1, linestyle="--")
        quiet_label(ax, words, at=(grounds.index.max(), grounds[column].iloc[-1]))


def worded(value: float, *, share: bool) -> str:
    """Word a value as its axis does.

    Examples
    --------
    >>> worded(0.125, share=True), worded(0.8567, share=False)
    ('12%', '0.86')
    """
    return f"{value:.0%}" if share else f"{value:.2f}"


def quiet_label(ax: Axes, words: str, *, at: tuple[float, float], left: bool = False) -> None:
    """Write what a dashed line is under one of its ends."""
    ax.annotate(words, at, xytext=(0, -9), ha="left" if left else "right", textcoords="offset points", fontsize=7.5,
                color=QUIET)  # fmt: skip


def spread(ax: Axes, grounds: pd.DataFrame, *, low: pd.Series, high: pd.Series) -> None:
    """Draw how far a ground may be off."""
    ax.fill_between(grounds.index, low.astype("float64"), high.astype("float64"), color=MAIN, alpha=0.15, linewidth=0)


def mark_knee(ax: Axes, grounds: pd.DataFrame) -> None:
    """Name the number at which the curve of the distances bends."""
    for number in grounds.index[grounds["knee"].astype(bool)]:
        ax.annotate("the knee", (number, grounds.loc[number, "distortion"]), xytext=(12, 14), fontsize=8, color=INK,
                    textcoords="offset points", arrowprops={"arrowstyle": "-", "color": QUIET})  # fmt: skip


LEAST_FLOW, LEAST_GAP = 0.005, 0.2  # share of the customers; deviations


@mpl.rc_context(STYLE)
def clustergram_flows(flows: pd.DataFrame, *, k: int) -> Figure:
    """Draw how customers flow from one number of groups to the next; the chosen number is marked.

    Flows of under half a per cent are left out, and so is the label of a group that stands close above another.

    Parameters
    ----------
    flows : see `choosing.clustergram`
    k : the number chosen, 0 for none
    """
    if flows.empty:
        return not_measured("Where does one more segment come from?")
    figure, axes = canvas(3.8)
    ax = axes[0, 0]
    if 2 <= k <= flows["k"].max():
        ax.axvspan(k - 0.3, k + 0.3, color=PALE, alpha=0.45, linewidth=0)
    for flow in flows[flows["share"] >= LEAST_FLOW].itertuples():
        ax.plot([flow.k - 1, flow.k], [flow.from_mean, flow.to_mean], color=MAIN, alpha=0.45,
                linewidth=max(0.4, 28 * flow.share), solid_capstyle="butt")  # fmt: skip
    dots = groups_in(flows)
    ax.scatter(dots["k"], dots["mean"], s=900 * dots["share"], color="white", edgecolor=INK, linewidth=1, zorder=3)
    for dot in legible(dots[dots["k"] == k]).itertuples():
        ax.annotate(f"{dot.share:.0%}", (dot.k, dot.mean), xytext=(9, 0), textcoords="offset points", va="center",
                    fontsize=7.5, color=INK, zorder=4)  # fmt: skip
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="number of segments", ylabel="place along the widest difference, deviations")
    ax.margins(y=0.12)
    return figure


def legible(dots: pd.DataFrame) -> pd.DataFrame:
    """Keep the groups that stand far enough from the one below for a label of their own."""
    ranked = dots.sort_values("mean")
    return ranked[ranked["mean"].diff().fillna(np.inf) >= LEAST_GAP]


def groups_in(flows: pd.DataFrame) -> pd.DataFrame:
    """List every group that flows come to, and everybody at the start: k, mean, share."""
    grown = flows.groupby(["k", "to_group"], as_index=False).agg(mean=("to_mean", "first"), share=("share", "sum"))
    start = pd.DataFrame({"k": [1], "mean": [np.round(flows["from_mean"].iloc[0], 6)], "share": [1.0]})
    return pd.concat([start, grown[["k", "mean", "share"]]], ignore_index=True)
