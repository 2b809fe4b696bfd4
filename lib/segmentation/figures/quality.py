"""Charts of orders and their quality, steps 01 and 02."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from segmentation.figures.base import ACCENT, MAIN, PALE, STYLE, canvas, horizontal_bars, in_lines, thousands


@mpl.rc_context(STYLE)
def lines_by_month(months: pd.DataFrame) -> Figure:
    """Draw how many order lines each month holds.

    Parameters
    ----------
    months : one row a month: month (first day), lines, orders
    """
    figure, axes = canvas(2.6)
    ax = axes[0, 0]
    ax.bar(months["month"], months["lines"], width=25, color=MAIN)
    ax.set_title("How does the file fill its period?")
    ax.set_ylabel("order lines a month")
    thousands(ax.yaxis)
    ax.yaxis.grid(True)
    ax.set_axisbelow(True)
    return figure


@mpl.rc_context(STYLE)
def account_bars(account: pd.DataFrame, *, money: str) -> Figure:
    """Draw how many lines, and how much money, stayed clean or were set aside, by reason.

    Parameters
    ----------
    account : one row a reason, "clean" first: reason, lines, money
    money : the shop's currency
    """
    figure, axes = canvas(0.9 + 0.33 * len(account), columns=2, sharey=True)
    colours = [MAIN if reason == "clean" else ACCENT for reason in account["reason"]]
    table = account.set_index("reason")
    for ax, column, title in zip(axes[0], ("lines", "money"), ("Order lines", f"Money, {money}"), strict=True):
        texts = [f"{value:,.0f}" for value in table[column]]
        horizontal_bars(ax, table[column].abs(), colours=colours, texts=texts, title=title)
        ax.invert_yaxis() if ax is axes[0, 1] else None
    return figure


@mpl.rc_context(STYLE)
def quality_dots(scored: pd.DataFrame) -> Figure:
    """Draw how good each table is in each dimension, as read and after cleaning, a panel a dimension.

    Parameters
    ----------
    scored : one row a table and dimension: table, dimension, before, after, 0 to 1
    """
    dimensions, tables = list(scored["dimension"].unique()), list(scored["table"].unique())
    figure, axes = canvas(1.5 + 0.3 * len(tables), columns=len(dimensions), sharex=True, sharey=True)
    for ax, dimension in zip(axes[0], dimensions, strict=True):
        told = scored[scored["dimension"] == dimension]
        places = [tables.index(table) for table in told["table"]]
        ax.hlines(places, told["before"], told["after"], color=PALE, linewidth=3)
        ax.scatter(told["before"], places, s=52, facecolor="white", edgecolor=ACCENT, linewidth=1.4, label="as read")
        ax.scatter(told["after"], places, s=20, color=MAIN, zorder=3, label="after cleaning")
        ax.set_title(dimension, fontsize=9)
        ax.xaxis.grid(True)
        ax.tick_params(left=False)
    lowest = min(0.9, scored[["before", "after"]].min(axis=None))
    axes[0, 0].set(xlim=(lowest - 0.02, 1.02), yticks=range(len(tables)), ylim=(len(tables) - 0.5, -0.5))
    axes[0, 0].set_yticklabels(in_lines(tables))
    axes[0, 0].xaxis.set_major_locator(MaxNLocator(3))
    axes[0, 0].xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes[0, 0].set_xlabel("share that passes")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), frameon=False, ncols=2, loc="outside lower right", fontsize=8.5
    )
    return figure
