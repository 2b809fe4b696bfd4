"""Charts that say who is in each segment, step 04."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from segmentation.explaining.words import feature_name
from segmentation.features import FEATURES
from segmentation.figures.base import (
    INK,
    STYLE,
    canvas,
    in_lines,
    not_measured,
    segment_colour,
)

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
TICKS = np.array([0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000])
PANELS = 2
LEADER = {"arrowstyle": "-", "linewidth": 0.9, "color": INK}
LABELS_HIGH, LABELS_WIDE = 12, 2.6  # so many lines, and so many names beside each other, fit on the map


@mpl.rc_context(STYLE)
def customer_map(points: pd.DataFrame) -> Figure:
    """Draw customers where they stand in two dimensions, each segment by its colour, marker and name.

    Parameters
    ----------
    points : one row a customer drawn: segment, name, x, y; attrs["axes"] words the two directions
    """
    if points.empty:
        return not_measured("Where do customers stand?")
    figure, axes = canvas(5.4)
    ax = axes[0, 0]
    for segment, members in points.groupby("segment"):
        ax.scatter(
            members["x"], members["y"], s=13, marker=MARKERS[segment % len(MARKERS)], color=segment_colour(segment),
            alpha=0.55, linewidths=0,
        )  # fmt: skip
    label_middles(ax, points)
    across, up = points.attrs.get("axes", ["", ""])
    ax.set(xlabel=across or "first direction", ylabel=up or "second direction")
    ax.set_title("Where do customers stand?")
    return figure


def label_middles(ax: Axes, points: pd.DataFrame) -> None:
    """Write each segment's name and how many of its customers are drawn at their middle, over its marker.

    Labels that would lie on each other are moved apart; a line leads from each to its marker.
    """
    by_segment = points.groupby("segment")
    middles = by_segment.agg(x=("x", "median"), y=("y", "median"), name=("name", "first"), n=("x", "size"))
    tall, wide = (max(float(np.ptp(points[axis])), 1.0) for axis in ("y", "x"))
    above = middles.assign(y=middles["y"] + tall / 40)
    heights = apart(above, least=tall / LABELS_HIGH, beside=wide / LABELS_WIDE, most=points["y"].max() + tall / 4)
    ax.set_ylim(top=max(heights.max() + tall / LABELS_HIGH, ax.get_ylim()[1]))
    for segment, row in middles.iterrows():
        ax.plot(
            row["x"], row["y"], marker=MARKERS[segment % len(MARKERS)], markersize=9, color=segment_colour(segment),
            markeredgecolor="white", markeredgewidth=1.2, linestyle="",
        )  # fmt: skip
        ax.annotate(
            in_lines([f"{row['name']} ({row['n']:,})"])[0], (row["x"], row["y"]), xytext=(row["x"], heights[segment]),
            arrowprops=LEADER, ha="center", va="bottom", fontsize=8.5, fontweight="bold", color=INK,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )  # fmt: skip


def apart(places: pd.DataFrame, *, least: float, beside: float, most: float) -> pd.Series:
    """Move labels up or down, as little as does, until none lies on another.

    Parameters
    ----------
    places : one row a label: x, y
    least : the height of a label
    beside : the width of one; labels that far apart never meet
    most : the highest place

    Returns
    -------
    Series of heights with the same index

    Examples
    --------
    >>> places = pd.DataFrame({"x": [0.0, 0.1, 9.0], "y": [1.0, 1.1, 1.0]})
    >>> apart(places, least=0.5, beside=2.0, most=5.0).tolist()
    [1.0, 1.6, 1.0]
    """
    steps = sorted((step * least for step in range(-len(places), len(places) + 1)), key=lambda step: (abs(step), -step))
    taken: dict[object, tuple[float, float]] = {}
    for label, row in places.sort_values(["y", "x"], kind="stable").iterrows():
        free = (
            row["y"] + step
            for step in steps
            if row["y"] + step <= most
            and all(abs(row["x"] - x) >= beside or abs(row["y"] + step - y) >= least for x, y in taken.values())
        )
        taken[label] = (row["x"], next(free, row["y"]))
    return pd.Series({label: height for label, (_, height) in taken.items()}).reindex(places.index)


@mpl.rc_context(STYLE)
def segment_distributions(spread: pd.DataFrame, *, units: Mapping[str, str]) -> Figure:
    """Draw how each segment spreads in each feature: the middle half as a bar, the middle 80 % as a line, the median.

    Parameters
    ----------
    spread : one row a feature and segment: feature, segment, name, customers, low, lower, median, upper, high
    units : feature to unit as a reader sees it
    """
    if spread.empty:
        return not_measured("How does each segment spread?")
    features = list(dict.fromkeys(spread["feature"]))
    order = spread.drop_duplicates("segment").set_index("segment")["name"]
    places = pd.Series(np.arange(len(order)), index=order.index)
    rows = int(np.ceil(len(features) / PANELS))
    figure, axes = canvas(rows * (1.0 + 0.34 * len(order)), columns=PANELS, rows=rows, sharey=True)
    for ax, feature in zip(axes.flat, features, strict=False):
        draw_spread(ax, spread[spread["feature"] == feature].set_index("segment"), places)
        feature_axis(ax, feature, unit=units.get(feature, ""))
    sizes = spread.groupby("segment")["customers"].max()
    labels = [f"{name} ({sizes[segment]:,})" for segment, name in order.items()]
    axes[0, 0].set_yticks(places, in_lines(labels))
    axes[0, 0].invert_yaxis()
    for ax in axes.flat[len(features) :]:
        ax.set_visible(False)
    return figure


def draw_spread(ax: Axes, table: pd.DataFrame, places: pd.Series) -> None:
    """Draw one feature: a line, a bar and the median of each segment."""
    log = FEATURES[table["feature"].iloc[0]].transform == "log"
    shown = table[["low", "lower", "median", "upper", "high"]].astype("float64")
    shown = np.log1p(shown.clip(lower=0)) if log else shown
    for segment, row in shown.iterrows():
        colour, place = segment_colour(segment), places[segment]
        ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.4, solid_capstyle="butt")
        ax.barh(place, row["upper"] - row["lower"], left=row["lower"], height=0.46, color=colour, alpha=0.75)
        ax.plot(
            row["median"], place, marker=MARKERS[segment % len(MARKERS)], markersize=7, color=colour,
            markeredgecolor="white", markeredgewidth=1.0, clip_on=False, zorder=4,
        )  # fmt: skip
    ax.use_sticky_edges = False
    ax.margins(x=0.04)
    ax.xaxis.grid(True)
    ax.tick_params(left=False)


def feature_axis(ax: Axes, feature: str, *, unit: str) -> None:
    """Name a feature's axis with its unit; skewed ones are drawn on a logarithmic scale of value plus one."""
    ax.set_title(feature_name(feature), fontsize=9)
    ax.set_xlabel(unit)
    low, high = ax.get_xlim()
    if FEATURES[feature].transform == "log":
        steps = np.sort(np.concatenate([TICKS, 3 * TICKS[1:]])) if high - low < np.log(100) else TICKS
        kept = steps[(np.log1p(steps) >= low) & (np.log1p(steps) <= high)]
        ax.xaxis.set_major_locator(FixedLocator(np.log1p(kept)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda place, _: f"{np.expm1(place):,.0f}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5))
        if unit == "share":
            ax.xaxis.set_major_formatter(PercentFormatter(1))
