"""The one picture of the controls in step 04: map, sizes and profile, drawn together so that all change at once."""

import textwrap
from collections.abc import Iterable

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from segmentation.figures.base import INK, PALE, QUIET, STYLE, segment_colour
from segmentation.problems import shorten

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIZE = (6.3, 5.5)  # inches; the same for every setting, so that nothing jumps
FEWEST_ROWS, MANY_ROWS = 5, 8  # for which room is kept, so that few segments don't become thick bars
NAME_WIDTH, ONE_LINE, COLUMN_WIDTH = 22, 26, 10  # letters
FAR = 2.0  # standard deviations at which a cell's colour is full
DIVERGING = LinearSegmentedColormap.from_list("below and above", ["#3b6ea5", "#f7f7f7", "#c8553d"])


@mpl.rc_context(STYLE | {"font.size": 8, "axes.titlesize": 8.5})
def exploration(profile: pd.DataFrame, stands: pd.DataFrame, places: pd.DataFrame, labels: pd.Series) -> Figure:
    """Draw segments as a map of their customers, as shares of customers and money, and as a profile.

    Parameters
    ----------
    profile : one row a segment that may be shown, indexed by segment in the order to draw, at most 26: name,
        customer_share, money_share
    stands : the same rows; one column a feature, in standard deviations from everybody's mean
    places : one row a customer: x, y on the map
    labels : each customer's segment, the same index; who is in none of the profile's segments is drawn pale

    Returns
    -------
    Figure
        Each segment has a letter that leads from its rows to its place on the map, also in grey.
    """
    figure = Figure(figsize=SIZE)
    draw_map(figure.add_axes((0.01, 0.52, 0.37, 0.43)), profile, places, labels)
    draw_sizes(figure.add_axes((0.66, 0.52, 0.28, 0.43)), profile)
    draw_stands(figure.add_axes((0.265, 0.01, 0.725, 0.37)), profile, stands)
    return figure


def draw_map(ax: Axes, profile: pd.DataFrame, places: pd.DataFrame, labels: pd.Series) -> None:
    """Draw each customer as a dot, and each segment's letter in the middle of its own."""
    colours = labels.map({segment: segment_colour(segment) for segment in profile.index}).fillna(PALE)
    ax.scatter(places["x"], places["y"], s=5, c=colours.to_numpy(), alpha=0.55, linewidths=0)
    middles = places.groupby(labels).median()
    for letter, segment in zip(LETTERS, profile.index, strict=False):
        ax.text(
            *middles.loc[segment, ["x", "y"]], letter, ha="center", va="center", fontsize=7.5, fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": segment_colour(segment)},
        )  # fmt: skip
    heading(ax, "Who is near whom?")
    ax.set(xticks=[], yticks=[])
    ax.margins(0.03)


def draw_sizes(ax: Axes, profile: pd.DataFrame) -> None:
    """Draw each segment's share of the customers, outlined, above its share of the money, filled."""
    rows = np.arange(len(profile))
    colours = [segment_colour(segment) for segment in profile.index]
    shares = {-0.19: ("customer_share", "white"), 0.19: ("money_share", colours)}
    size = 7 if len(profile) <= MANY_ROWS else 6
    for offset, (column, filled) in shares.items():
        ax.barh(rows + offset, profile[column], height=0.34, color=filled, edgecolor=colours, linewidth=1.1)
        for row, share in enumerate(profile[column]):
            ax.annotate(f"{share:.0%}", (max(share, 0), row + offset), xytext=(3, 0), textcoords="offset points",
                        va="center", fontsize=size)  # fmt: skip
    heading(ax, "Share of customers (outlined), of money (filled)", x=-0.95)
    name_rows(ax, profile["name"])
    ax.set_xticks([])
    ax.margins(x=0.02)


def draw_stands(ax: Axes, profile: pd.DataFrame, stands: pd.DataFrame) -> None:
    """Draw where each segment stands on each feature, as cells with their numbers."""
    values = stands.to_numpy(dtype=float).round(1) + 0.0  # so that nothing is minus zero
    ax.pcolormesh(values, cmap=DIVERGING, vmin=-FAR, vmax=FAR, edgecolors="white", linewidth=1)
    for (row, column), value in np.ndenumerate(values):
        ax.text(column + 0.5, row + 0.5, f"{value:+.1f}", ha="center", va="center", fontsize=7.5,
                color="white" if abs(value) > 0.75 * FAR else INK)  # fmt: skip
    heading(ax, "How do they differ from everybody? In standard deviations from the mean", x=-0.35)
    name_rows(ax, profile["name"], middle=0.5)
    ax.xaxis.tick_top()
    ax.set_xticks(np.arange(stands.shape[1]) + 0.5, [column_name(name) for name in stands.columns], color=QUIET,
                  fontsize=7.5)  # fmt: skip
    ax.tick_params(top=False)


def heading(ax: Axes, question: str, *, x: float = 0.0) -> None:
    """Write what a panel answers, and leave out its frame."""
    ax.set_title(question, x=x)
    ax.spines[:].set_visible(False)


def name_rows(ax: Axes, names: Iterable[str], *, middle: float = 0.0) -> None:
    """Name the rows with their letters, the first on top, and keep room for as many as are usual."""
    named = list(names)
    few = len(named) <= MANY_ROWS
    broken = [in_lines(name, width=NAME_WIDTH if few else ONE_LINE, most=2 if few else 1) for name in named]
    words = [f"{letter}  {name}" for letter, name in zip(LETTERS, broken, strict=False)]
    ax.set_yticks(np.arange(len(words)) + middle, words, fontsize=8 if few else 7)
    ax.set_ylim(max(len(words), FEWEST_ROWS) - 0.5 + middle, middle - 0.5)
    ax.tick_params(left=False)


def in_lines(name: str, *, width: int, most: int) -> str:
    """Break a long name into lines; what goes beyond the last is left out."""
    return "\n".join(textwrap.wrap(name, width, max_lines=most, placeholder=" …"))


def column_name(name: str) -> str:
    """Break a feature's name into two short lines.

    Examples
    --------
    >>> column_name("order_count"), column_name("channel: the marketplaces")
    ('order\\ncount', 'channel:\\nthe')
    """
    lines = textwrap.wrap(name.replace("_", " "), COLUMN_WIDTH, break_long_words=False)[:2]
    return "\n".join(shorten(line, limit=COLUMN_WIDTH) for line in lines)
