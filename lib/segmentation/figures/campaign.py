"""Charts of the campaign plan, step 06."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from segmentation.figures.base import ACCENT, LINE, MAIN, STYLE, canvas, in_lines, not_measured, thousands


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
