"""What the controls say: heading, notes and alternative text, from values."""

from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

from segmentation.exploring.segments import Explored
from segmentation.figures.exploring import LETTERS
from segmentation.grouping import ALGORITHMS


class Setting(NamedTuple):
    """What the controls can be set to: features, number of segments, algorithm, scaling."""

    columns: tuple[str, ...]
    k: int
    algorithm: str
    scaling: str

    def parameters(self) -> str:
        """Write it as the parameters that make a report of it."""
        k = f"k: {self.k}, " if ALGORITHMS[self.algorithm].takes_k else ""
        return f"{k}algorithm: {self.algorithm}, scaling: {self.scaling}, cluster_features: [{', '.join(self.columns)}]"


def heading(words: str) -> str:
    """Set the line above the picture."""
    return f"<p><b>{escape(words)}</b></p>"


def notes(
    found: Explored,
    setting: Setting,
    *,
    page: Setting,
    agreement: float | None,
    money: str,
    min_group: int,
) -> str:
    """Word what stands below the picture: how well segments part, how far they are the page's, and how to keep them.

    Parameters
    ----------
    found : the segments of the setting
    page : what the page's segments were made with
    agreement : adjusted Rand index with the page's segments, None where these are not known
    money : unit of net spend
    min_group : fewest customers that may be shown as a group
    """
    said = [parting_in_words(found)]
    if agreement is not None and np.isfinite(agreement):
        said.append(f"Agreement with the page's segments {agreement:.2f} (1 the same, 0 as by chance).")
    said.append(f"The map keeps {found.kept:.0%} of the spread of the features; money is net spend in {money}.")
    if found.left_out:
        said.append(f"{found.left_out:.0%} of the customers were in no group and went to the nearest.")
    said.extend(left_out_in_words(found, min_group=min_group))
    lines = [escape(" ".join(said))]
    if setting != page:
        lines.append(f"To make the report of it: <code>{escape(setting.parameters())}</code>")
    return "".join(f"<p>{line}</p>" for line in lines)


def left_out_in_words(found: Explored, *, min_group: int) -> list[str]:
    """Word which segments are not drawn."""
    small = int((found.profile["customers"] < min_group).sum())
    said = [f"Segments of fewer than {min_group} customers are not shown: {small}."] if small else []
    return said + [f"The {len(LETTERS)} with most money are drawn."] * (found.k - small > len(LETTERS))


def parting_in_words(found: Explored) -> str:
    """Word how well segments part."""
    if np.isnan(found.silhouette):
        return "There is one segment, so nothing parts."
    return f"Silhouette {found.silhouette:.2f} (1 parted, 0 adjoining)."


def alternative_text(profile: pd.DataFrame) -> str:
    """Say what the picture shows to those who can't see it."""
    rows = [
        f"{letter} {name}, {people:.0%} of customers and {money:.0%} of money"
        for letter, name, people, money in zip(
            LETTERS, profile["name"], profile["customer_share"], profile["money_share"], strict=False
        )
    ]
    return f"Segments on a map, by size and by profile: {'; '.join(rows)}."
