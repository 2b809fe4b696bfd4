"""Every chart: one function a figure, from a table to a figure that belongs to nobody; no files, no display."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

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
def feature_distributions(features: pd.DataFrame, *, units: Mapping[str, str], skewed: Sequence[str]) -> Figure:
    """Draw how each feature spreads over the customers, skewed ones on a logarithmic scale of value plus one.

    Parameters
    ----------
    features : one row a customer
    units : feature to unit
    skewed : features whose logarithm is used
    """
    rows = int(np.ceil(len(units) / 3))
    figure, axes = canvas(1.75 * rows, columns=3, rows=rows)
    for ax, (name, unit) in zip(axes.flat, units.items(), strict=False):
        values = features[name].dropna()
        ax.set_title(name.replace("_", " "), fontsize=9)
        if values.empty:
            ax.annotate("not known", (0, 0.4), xycoords="axes fraction", color=QUIET)
            ax.set_axis_off()
            continue
        shown = np.log1p(values) if name in skewed else values
        counts, edges = np.histogram(shown, bins=24)
        ax.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=MAIN, edgecolor="white", linewidth=0.4)
        ax.axvline(shown.median(), color=ACCENT, linewidth=1.4)
        ax.set_xlabel(unit)
        ax.set_ylabel("customers" if ax.get_subplotspec().is_first_col() else "")
        if name in skewed:
            ticks = np.array([0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000])
            ticks = ticks[(np.log1p(ticks) >= shown.min() - 0.4) & (np.log1p(ticks) <= shown.max() + 0.4)]
            ax.set_xticks(np.log1p(ticks), [f"{tick:,.0f}" for tick in ticks])
        else:
            ax.xaxis.set_major_formatter(PercentFormatter(1))
        thousands(ax.yaxis)
    for ax in axes.flat[len(units) :]:
        ax.set_visible(False)
    return figure


@mpl.rc_context(STYLE)
def choice_of_k(grounds: pd.DataFrame, *, k: int, steady: float) -> Figure:
    """Draw the grounds for the number of segments, the chosen one marked.

    Parameters
    ----------
    grounds : indexed by k: agreement with its low and high, silhouette, davies_bouldin, within
    k : the number chosen
    steady : agreement from which a number counts as steady
    """
    if grounds.empty:
        return not_measured("How many segments?")
    figure, axes = canvas(4.4, columns=2, rows=2, sharex=True)
    panels = {
        "agreement": "Does it hold? Agreement of refits",
        "silhouette": "Do they part? Silhouette, higher is better",
        "davies_bouldin": "Do they part? Davies–Bouldin, lower is better",
        "within": "Is it fine enough? Distance within, lower is finer",
    }
    for ax, (column, title) in zip(axes.flat, panels.items(), strict=True):
        ax.plot(grounds.index, grounds[column], color=MAIN, marker="o", markersize=4)
        if k in grounds.index:
            ax.plot([k], [grounds.loc[k, column]], marker="o", markersize=9, color=ACCENT)
        ax.set_title(title, fontsize=9)
        ax.yaxis.grid(True)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    first = axes[0, 0]
    first.fill_between(grounds.index, grounds["agreement_low"], grounds["agreement_high"], color=MAIN, alpha=0.15)
    first.axhline(steady, color=QUIET, linewidth=1, linestyle="--")
    first.annotate("steady from here up", (grounds.index.max(), steady), xytext=(0, -10), ha="right",
                   textcoords="offset points", fontsize=8, color=QUIET)  # fmt: skip
    second = axes[0, 1]
    second.plot(grounds.index, grounds["silhouette_crowd"], color=QUIET, linewidth=1, linestyle="--")
    second.annotate("a crowd without groups", (grounds.index.max(), grounds["silhouette_crowd"].iloc[-1]),
                    xytext=(0, -10), ha="right", textcoords="offset points", fontsize=8, color=QUIET)  # fmt: skip
    for ax in axes[1]:
        ax.set_xlabel("number of segments")
    return figure


@mpl.rc_context(STYLE)
def sizes_against_money(profile: pd.DataFrame) -> Figure:
    """Draw each segment's share of the customers beside its share of the money.

    Parameters
    ----------
    profile : indexed by segment, in the order to draw: name, customers, customer_share, money_share
    """
    if profile.empty:
        return not_measured("Share of customers and of money")
    figure, axes = canvas(0.9 + 0.4 * len(profile), columns=2)
    colours = [segment_colour(segment) for segment in profile.index]
    people = [f"{row.customer_share:.0%} ({row.customers:,})" for row in profile.itertuples()]
    money = [f"{share:.0%}" for share in profile["money_share"]]
    named = profile.set_index("name")
    horizontal_bars(axes[0, 0], named["customer_share"], colours=colours, texts=people, title="Share of customers")
    horizontal_bars(axes[0, 1], named["money_share"], colours=colours, texts=money, title="Share of money")
    axes[0, 1].set_yticklabels([])
    return figure


@mpl.rc_context(STYLE)
def profile_heatmap(centres: pd.DataFrame) -> Figure:
    """Draw where each segment's centre stands against all customers.

    Parameters
    ----------
    centres : one row a segment, indexed by name; one column a feature, in standard deviations from the mean
    """
    if centres.empty:
        return not_measured("Where does each segment stand?")
    figure, axes = canvas(max(3.0, 1.3 + 0.42 * len(centres)))  # room for the label of the colours
    ax = axes[0, 0]
    heatmap(
        ax, centres, cmap="RdBu_r", center=0, vmin=-2, vmax=2, annot=True, fmt="+.1f", annot_kws={"fontsize": 9},
        cbar_kws={"label": "standard deviations from the mean", "shrink": 0.8},
    )  # fmt: skip
    ax.set_xticklabels([name.replace("_", "\n") for name in centres.columns], rotation=0, fontsize=8.5)
    ax.set_yticklabels(in_lines(centres.index), rotation=0)
    return figure


@mpl.rc_context(STYLE)
def cross_map(shares: pd.DataFrame) -> Figure:
    """Draw where each segment's customers stand on the RFM map.

    Parameters
    ----------
    shares : one row a segment, indexed by name; one column an RFM name; each row adds up to 1
    """
    if shares.empty:
        return not_measured("Where do they stand on the RFM map?")
    figure, axes = canvas(1.4 + 0.42 * len(shares))
    ax = axes[0, 0]
    words = shares.map(lambda share: f"{share:.0%}" if share else "")
    heatmap(ax, shares, cmap="Blues", vmin=0, vmax=1, annot=words, fmt="", annot_kws={"fontsize": 8.5}, cbar=False)
    ax.set_xticklabels([name.replace(" ", "\n") for name in shares.columns], rotation=0, fontsize=8.5)
    ax.set_yticklabels(in_lines(shares.index), rotation=0)
    ax.set_xlabel("name on the RFM map")
    return figure


@mpl.rc_context(STYLE)
def jaccard_bars(segments: pd.DataFrame) -> Figure:
    """Draw how surely each segment comes back when customers are drawn again.

    Parameters
    ----------
    segments : indexed by segment: name, jaccard, band
    """
    if segments.empty:
        return not_measured("Does each segment come back?")
    figure, axes = canvas(0.9 + 0.4 * len(segments))
    ax = axes[0, 0]
    colours = [segment_colour(segment) for segment in segments.index]
    texts = [f"{row.jaccard:.2f}  {row.band}" for row in segments.itertuples()]
    horizontal_bars(
        ax, segments.set_index("name")["jaccard"], colours=colours, texts=texts, title="Does each segment come back?"
    )
    ax.set_xlim(0, 1.45)
    for limit in (0.6, 0.75, 0.85):
        ax.axvline(limit, color=QUIET, linewidth=0.8, linestyle=":")
    return figure


@mpl.rc_context(STYLE)
def later_spend(groups: Mapping[str, pd.DataFrame], *, money: str) -> Figure:
    """Draw what each group spent in the hold-out period, highest expected first, each way of grouping in a panel.

    Parameters
    ----------
    groups : way of grouping to its table, indexed by group: customers, later_spend, later_low, later_high; missing
        where a group is too small to show
    money : the shop's currency
    """
    if all(table.empty for table in groups.values()):
        return not_measured("What did each group spend later?")
    rows = max(len(table) for table in groups.values())
    figure, axes = canvas(1.2 + 0.4 * rows, columns=len(groups), sharex=True)
    for ax, (title, table) in zip(axes[0], groups.items(), strict=True):
        places = np.arange(len(table))
        error = np.abs(table[["later_low", "later_high"]].T.to_numpy() - table["later_spend"].to_numpy())
        ax.errorbar(table["later_spend"], places, xerr=error, fmt="o", color=MAIN, ecolor=PALE, elinewidth=5, ms=5)
        sizes = ["too few to show" if pd.isna(size) else f"n\u00a0{size:,}" for size in table["customers"]]
        names = [f"{name} ({size})" for name, size in zip(table.index, sizes, strict=True)]
        ax.set_yticks(places, in_lines(names))
        ax.invert_yaxis()
        ax.set_title(title)
        ax.set_xlabel(f"later spend a customer, {money}", loc="right")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        thousands(ax.xaxis)
        ax.xaxis.grid(True)
        ax.tick_params(left=False)
    return figure


@mpl.rc_context(STYLE)
def ranking_intervals(measures: pd.DataFrame) -> Figure:
    """Draw how well each ranking told later spend, with its interval.

    Parameters
    ----------
    measures : indexed by rival: spearman, spearman_low, spearman_high
    """
    if measures.empty:
        return not_measured("Who told best what customers would spend?")
    figure, axes = canvas(0.9 + 0.36 * len(measures))
    ax = axes[0, 0]
    places = np.arange(len(measures))
    error = np.abs(measures[["spearman_low", "spearman_high"]].T.to_numpy() - measures["spearman"].to_numpy())
    colours = [ACCENT if name == "segments" else MAIN for name in measures.index]
    ax.errorbar(measures["spearman"], places, xerr=error, fmt="none", ecolor=PALE, elinewidth=6)
    ax.scatter(measures["spearman"], places, c=colours, s=40, zorder=3)
    for place, value in zip(places, measures["spearman"], strict=True):
        ax.annotate(
            f"{value:.2f}", (value, place), xytext=(0, 8), textcoords="offset points", ha="center", fontsize=8.5
        )
    ax.set_yticks(places, measures.index)
    ax.set_ylim(len(measures) - 0.4, -0.7)
    ax.set_xlabel("rank correlation with later spend (1 tells all, 0 nothing)")
    ax.set_title("Who told best what customers would spend?")
    ax.xaxis.grid(True)
    ax.tick_params(left=False)
    return figure


@mpl.rc_context(STYLE)
def campaign_arms(plan: pd.DataFrame) -> Figure:
    """Draw how many customers of each segment are treated, left as control, or can't be contacted.

    Parameters
    ----------
    plan : one row a segment: name, treated, control, customers; missing where a segment is too small to show
    """
    if plan.empty:
        return not_measured("Who is written to, and who is left alone to compare with?")
    figure, axes = canvas(1.2 + 0.4 * len(plan))
    ax = axes[0, 0]
    places, left = np.arange(len(plan)), np.zeros(len(plan))
    counts = plan[["customers", "treated", "control"]].fillna(0).astype("int64")
    counts["no contact"] = counts.pop("customers") - counts["treated"] - counts["control"]
    for (name, values), colour, hatch in zip(counts.items(), (MAIN, ACCENT, LINE), ("", "////", ""), strict=True):
        ax.barh(places, values, left=left, color=colour, height=0.66, label=name, hatch=hatch, edgecolor="white")
        left = left + values.to_numpy()
    ax.set_yticks(places, in_lines(plan["name"]))
    ax.invert_yaxis()
    ax.set_xlabel("customers")
    thousands(ax.xaxis)
    figure.legend(frameon=False, ncols=3, loc="outside lower right", fontsize=8.5)
    ax.set_title("Who is written to, and who is left alone to compare with?")
    ax.tick_params(left=False)
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
