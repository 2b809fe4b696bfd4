"""The one picture of the controls in step 04: map, sizes and profile, drawn together so that all change at once."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from segmentation.figures.base import INK, PALE, QUIET, STYLE, segment_colour

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PICTURE_WIDTH = 7.0  # inches, which stand beside the controls without being shrunk
FAR = 2.0  # standard deviations at which a cell's colour is full
DIVERGING = LinearSegmentedColormap.from_list("below and above", ["#3b6ea5", "#f7f7f7", "#c8553d"])


@mpl.rc_context(STYLE | {"font.size": 8.5, "axes.titlesize": 9})
def exploration(profile: pd.DataFrame, stands: pd.DataFrame, places: pd.DataFrame, labels: pd.Series) -> Figure:
    """Draw segments as a map of their customers, as shares of customers and money, and as a profile.

    Parameters
    ----------
    profile : one row a segment that may be shown, indexed by segment in the order to draw: name, customers,
        customer_share, money_share
    stands : the same rows; one column a feature, in standard deviations from the mean of all customers
    places : one row a customer: x, y on the map
    labels : each customer's segment, the same index; who is in none of the profile's segments is drawn pale

    Returns
    -------
    Figure
        Each segment has a letter that leads from its row to its place on the map, also in grey.
    """
    rows = len(profile)
    figure = Figure(figsize=(PICTURE_WIDTH, 3.9 + 0.22 * rows), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=[2.9, 0.7 + 0.22 * rows], width_ratios=[1, 1])
    draw_map(figure.add_subplot(grid[0, 0]), profile, places, labels)
    draw_sizes(figure.add_subplot(grid[0, 1]), profile)
    draw_stands(figure.add_subplot(grid[1, :]), profile, stands)
    return figure


def draw_map(ax: Axes, profile: pd.DataFrame, places: pd.DataFrame, labels: pd.Series) -> None:
    """Draw each customer as a dot, and each segment's letter in the middle of its own."""
    colours = labels.map({segment: segment_colour(segment) for segment in profile.index}).fillna(PALE)
    ax.scatter(places["x"], places["y"], s=5, c=colours.to_numpy(), alpha=0.55, linewidths=0)
    middles = places.groupby(labels).median()
    for letter, segment in zip(LETTERS, profile.index, strict=False):
        ax.text(
            *middles.loc[segment, ["x", "y"]], letter, ha="center", va="center", fontsize=8, fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": segment_colour(segment)},
        )  # fmt: skip
    ax.set_title("Who is near whom?")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def draw_sizes(ax: Axes, profile: pd.DataFrame) -> None:
    """Draw each segment's share of the customers above its share of the money."""
    rows = np.arange(len(profile))
    colours = [segment_colour(segment) for segment in profile.index]
    ax.barh(rows - 0.19, profile["customer_share"], height=0.34, color="white", edgecolor=colours, linewidth=1.2)
    ax.barh(rows + 0.19, profile["money_share"], height=0.34, color=colours, edgecolor=colours, linewidth=1.2)
    for row, (people, money) in enumerate(zip(profile["customer_share"], profile["money_share"], strict=True)):
        for place, share in ((row - 0.19, people), (row + 0.19, money)):
            ax.annotate(f"{share:.0%}", (max(share, 0), place), xytext=(3, 0), textcoords="offset points", va="center",
                        fontsize=7, color=INK)  # fmt: skip
    ax.set_yticks(rows, [f"{letter} {name}" for letter, name in zip(LETTERS, profile["name"], strict=False)])
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.set_title("Share of customers (outlined), of money (filled)", x=1, ha="right")
    ax.set_xticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(left=False)


def draw_stands(ax: Axes, profile: pd.DataFrame, stands: pd.DataFrame) -> None:
    """Draw where each segment stands on each feature, as cells with their numbers."""
    values = stands.to_numpy(dtype=float)
    ax.imshow(values, cmap=DIVERGING, vmin=-FAR, vmax=FAR, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ax.text(column, row, f"{value:+.1f}", ha="center", va="center", fontsize=7.5,
                color="white" if abs(value) > 0.75 * FAR else INK)  # fmt: skip
    ax.set_xticks(np.arange(stands.shape[1]), [name.replace("_", "\n") for name in stands.columns], color=QUIET)
    ax.set_yticks(
        np.arange(len(profile)), [f"{letter} {name}" for letter, name in zip(LETTERS, profile["name"], strict=False)]
    )
    ax.set_title("How does each differ from all? In standard deviations")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
