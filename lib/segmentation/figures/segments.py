"""Charts of segments: their size, profile and place on the RFM map, step 04."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from segmentation.figures.base import (
    STYLE,
    canvas,
    heatmap,
    horizontal_bars,
    in_lines,
    not_measured,
    segment_colour,
)


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
