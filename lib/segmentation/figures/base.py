"""What every chart shares: style, colours, canvas, labels."""

import textwrap
from collections.abc import Iterable, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

INK, QUIET, LINE = "#1d2733", "#6b7785", "#d5dbe1"
MAIN, ACCENT, PALE = "#1f5f8b", "#c8553d", "#b9c7d3"
# Okabe and Ito's colours, told apart by colour-blind readers, darkest first so that grey keeps them apart too.
SEGMENT_COLOURS = (
    "#1f3b57", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#b8a60f",
    "#7a7a7a", "#9a6fb0", "#8c564b", "#a6cee3",
)  # fmt: skip
WIDTH = 8.2
LABEL_WIDTH = 30  # letters
STYLE = {
    "font.size": 9.5,
    "font.family": "DejaVu Sans",
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name or a currency is one
    "xtick.color": QUIET,
    "ytick.color": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
}


def canvas(height: float, *, columns: int = 1, rows: int = 1, **options: object) -> tuple[Figure, np.ndarray]:
    """Make a figure of the report's width and its axes, shape (rows, columns)."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def segment_colour(segment: int) -> str:
    """Choose a segment's colour; it is the same in every figure."""
    return SEGMENT_COLOURS[segment % len(SEGMENT_COLOURS)]


def thousands(axis: object) -> None:
    """Write an axis' numbers with thousands separators."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def in_lines(names: Iterable[object]) -> list[str]:
    """Break long names into lines, so that they leave room for what is drawn.

    Examples
    --------
    >>> in_lines(["champions", "customers who come back for the sales"])
    ['champions', 'customers who come back for\\nthe sales']
    """
    return [textwrap.fill(str(name), LABEL_WIDTH) for name in names]


def heatmap(ax: Axes, table: pd.DataFrame, **options: object) -> None:
    """Draw a table as coloured cells with their values, rows and columns named."""
    import seaborn  # a second to import, and only two steps draw one

    seaborn.heatmap(table, ax=ax, linewidths=1.5, **options)
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0)


def label_bars(ax: Axes, texts: Sequence[str]) -> None:
    """Write a label right of each horizontal bar, and leave room for it."""
    for patch, text in zip(ax.patches, texts, strict=False):
        ax.annotate(
            text, (patch.get_width(), patch.get_y() + patch.get_height() / 2), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=8.5, color=INK,
        )  # fmt: skip
    ax.margins(x=0.22)


def horizontal_bars(ax: Axes, values: pd.Series, *, colours: Sequence[str], texts: Sequence[str], title: str) -> None:
    """Draw one labelled bar a row, first row on top, without an axis to read off."""
    ax.barh(np.arange(len(values)), values.to_numpy(), color=colours, height=0.66)
    ax.set_yticks(np.arange(len(values)), in_lines(values.index))
    ax.invert_yaxis()
    label_bars(ax, texts)
    ax.set_title(title)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(left=False)


@mpl.rc_context(STYLE)
def not_measured(title: str) -> Figure:
    """Draw the place of a figure for which there are no numbers; its caption says why."""
    figure, axes = canvas(1.1)
    axes[0, 0].set_axis_off()
    axes[0, 0].set_title(title)
    axes[0, 0].annotate("not measured", (0, 0.4), xycoords="axes fraction", color=QUIET)
    return figure
