"""Charts of how algorithms come to groups: the tree of merges, and the curve that a radius is read off, step 04."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.cluster import hierarchy

from segmentation.figures.base import ACCENT, INK, MAIN, QUIET, STYLE, canvas, not_measured


@mpl.rc_context(STYLE)
def dendrogram(tree: pd.DataFrame, *, cut: float, min_group: int) -> Figure:
    """Draw the top of a tree of merges and where it is cut.

    Parameters
    ----------
    tree : one row a merge, lowest first: left, right, height, left_customers, right_customers, customers
    cut : height at which the tree is cut
    min_group : branches of fewer customers are labelled "few"
    """
    if tree.empty:
        return not_measured("In what order do customers merge?")
    figure, axes = canvas(3.6)
    ax = axes[0, 0]
    drawn = hierarchy.dendrogram(as_linkage(tree), no_plot=True)
    for across, up in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        ax.plot(across, up, color=QUIET if max(up) > cut else MAIN, linewidth=1.2)
    ax.axhline(cut, color=ACCENT, linewidth=1, linestyle="--")
    ax.annotate("cut here", (1, cut), xycoords=("axes fraction", "data"), xytext=(0, 3), ha="right",
                textcoords="offset points", fontsize=8, color=ACCENT)  # fmt: skip
    sizes = leaf_sizes(tree)
    words = ["few" if sizes[leaf] < min_group else f"{sizes[leaf]:,}" for leaf in drawn["leaves"]]
    ax.set_xticks(5 + 10 * np.arange(len(words)), words, rotation=90, fontsize=7.5)
    ax.set_xlabel("customers in each branch")
    ax.set_ylabel("distance at which branches merge")
    ax.set_ylim(bottom=0)
    return figure


def as_linkage(tree: pd.DataFrame) -> np.ndarray:
    """Turn merges into scipy's form, in which a leaf counts as one customer; where branches lie asks no counts."""
    return tree[["left", "right", "height"]].assign(leaves=2).to_numpy(dtype="float64")


def leaf_sizes(tree: pd.DataFrame) -> dict[int, int]:
    """Count the customers of each leaf of a tree.

    Examples
    --------
    >>> leaf_sizes(pd.DataFrame({"left": [0], "right": [1], "left_customers": [7], "right_customers": [3]}))
    {0: 7, 1: 3}
    """
    ends = pd.concat(
        [
            tree[[side, f"{side}_customers"]].set_axis(["node", "customers"], axis="columns")
            for side in ("left", "right")
        ]
    )
    leaves = ends[ends["node"] <= len(tree)].sort_values("node")
    return {int(node): int(customers) for node, customers in leaves.itertuples(index=False)}


@mpl.rc_context(STYLE)
def distance_curve(curve: pd.DataFrame, *, radius: float, neighbours: int) -> Figure:
    """Draw how far each customer's last neighbour stands, in ascending order, and the radius at the knee.

    Parameters
    ----------
    curve : one row a point, ascending: share (of customers whose distance is at most), distance
    radius : where the curve bends
    neighbours : how many are counted
    """
    if curve.empty:
        return not_measured("How near is near?")
    figure, axes = canvas(2.8)
    ax = axes[0, 0]
    ax.plot(100 * curve["share"], curve["distance"], color=MAIN)
    ax.axhline(radius, color=ACCENT, linewidth=1, linestyle="--")
    ax.annotate(f"radius {radius:.2f}, at the knee", (0, radius), xycoords=("axes fraction", "data"), xytext=(4, 3),
                textcoords="offset points", fontsize=8.5, color=INK)  # fmt: skip
    ax.set_xlabel("customers in order of that distance, %")
    ax.set_ylabel(f"distance to neighbour {neighbours}")
    ax.set_ylim(bottom=0)
    ax.yaxis.grid(True)
    return figure
