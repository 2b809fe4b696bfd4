"""Charts of what describes a customer, step 03."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from segmentation.figures.base import ACCENT, MAIN, QUIET, STYLE, canvas, thousands


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
