"""Charts of what describes a customer, step 03."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from segmentation.figures.base import ACCENT, MAIN, QUIET, STYLE, canvas, horizontal_bars, thousands


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
        shown = np.log1p(values.clip(lower=0)) if name in skewed else values
        counts, edges = np.histogram(shown, bins=24)
        ax.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=MAIN, edgecolor="white", linewidth=0.4)
        ax.axvline(shown.median(), color=ACCENT, linewidth=1.4)
        ax.set_xlabel(unit)
        ax.set_ylabel("customers" if ax.get_subplotspec().is_first_col() else "")
        if name in skewed:
            ticks = np.array([0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000])
            ticks = ticks[(np.log1p(ticks) >= shown.min() - 0.4) & (np.log1p(ticks) <= shown.max() + 0.4)]
            ax.set_xticks(np.log1p(ticks), [f"{tick:,.0f}" for tick in ticks])
        elif unit == "share":
            ax.xaxis.set_major_formatter(PercentFormatter(1))
        thousands(ax.yaxis)
    for ax in axes.flat[len(units) :]:
        ax.set_visible(False)
    return figure


@mpl.rc_context(STYLE)
def category_bars(features: pd.DataFrame, *, names: Sequence[str], min_group: int) -> Figure:
    """Draw how many customers have each word of some categories, the most frequent on top.

    Parameters
    ----------
    features : one row a customer
    names : categories, one or more
    min_group : words of fewer customers are drawn together with the rarer ones, and left out when still too few
    """
    rows = int(np.ceil(len(names) / 2))
    figure, axes = canvas(2.1 * rows, columns=2, rows=rows)
    for ax, name in zip(axes.flat, names, strict=False):
        bars = frequent_words(features[name], min_group=min_group)
        ax.set_title(name.replace("_", " "), fontsize=9)
        if bars.empty:
            ax.annotate("not known", (0, 0.4), xycoords="axes fraction", color=QUIET)
            ax.set_axis_off()
            continue
        texts = [f"{count:,.0f}" for count in bars]
        horizontal_bars(ax, bars, colours=[MAIN] * len(bars), texts=texts, title=name.replace("_", " "))
        ax.set_xlabel("customers")
    for ax in axes.flat[len(names) :]:
        ax.set_visible(False)
    return figure


def frequent_words(words: pd.Series, *, min_group: int, most: int = 6) -> pd.Series:
    """Count the customers of each frequent word, the rarer ones together as "others" when they are enough."""
    counts = words.dropna().astype(str).value_counts().sort_index().sort_values(ascending=False, kind="stable")
    shown = counts[counts >= min_group].head(most)
    others = counts.sum() - shown.sum()
    return pd.concat([shown, pd.Series({"others": others})]) if others >= min_group else shown
