"""Segments by simple rules, for shops whose customers are too few, or too alike, to look for groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.presets import read_preset

ALL_BUYERS = "all buyers"
Conditions = Mapping[str, Sequence[float | None]]
Rules = Mapping[str, Conditions]


@dataclass(frozen=True)
class RuleSegmentation:
    """Rules that give every customer one segment.

    Attributes
    ----------
    rules : name to what features must be, asked in order; the last one asks nothing
    names : the rules that hold for a customer, richest segment first; the place is the segment's number
    columns : the features that profiles are drawn of; centres : their means by segment, in standard deviations from the
        mean of all, shape (segments, columns)
    """

    rules: Rules
    names: tuple[str, ...]
    columns: tuple[str, ...]
    centres: np.ndarray

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.names)


def read_rules(*, one_group: bool) -> Rules:
    """Read the rules, or the one rule that puts all in one group."""
    return {ALL_BUYERS: {}} if one_group else read_preset("simple_rules")


def rule_names(features: pd.DataFrame, rules: Rules) -> pd.Series:
    """Name the first rule that holds for each customer.

    Parameters
    ----------
    features : one row a customer
    rules : see `RuleSegmentation`

    Returns
    -------
    Series of str with the same index, named "name"

    Examples
    --------
    >>> features = pd.DataFrame({"order_count": [3, 1]}, index=["ann", "ben"])
    >>> rule_names(features, {"regulars": {"order_count": [2, None]}, "others": {}}).to_dict()
    {'ann': 'regulars', 'ben': 'others'}
    """
    holding = [holds(features, conditions) for conditions in rules.values()]
    names = list(rules)
    return pd.Series([names[place] for place in np.argmax(holding, axis=0)], index=features.index, name="name")


def holds(features: pd.DataFrame, conditions: Conditions) -> np.ndarray:
    """Tell for whom all conditions of a rule hold."""
    held = np.ones(len(features), dtype=bool)
    for feature, (low, high) in conditions.items():
        least, most = -np.inf if low is None else low, np.inf if high is None else high
        held &= features[feature].between(least, most).to_numpy()
    return held


def rules_in_words(rules: Rules) -> str:
    """Word the rules, in the order in which they are asked.

    Examples
    --------
    >>> rules_in_words({"regulars": {"order_count": [2, None], "recency_days": [None, 90]}, "others": {}})
    'regulars: order count 2 or more, recency days 90 or less; others: everybody else'
    """
    return "; ".join(f"{name}: {conditions_in_words(conditions)}" for name, conditions in rules.items())


def conditions_in_words(conditions: Conditions) -> str:
    """Word one rule's conditions; see `rules_in_words`."""
    words = {(True, False): "{low:,} or more", (False, True): "{high:,} or less", (True, True): "{low:,} to {high:,}"}
    told = [
        f"{feature.replace('_', ' ')} {words[low is not None, high is not None].format(low=low, high=high)}"
        for feature, (low, high) in conditions.items()
    ]
    return ", ".join(told) or "everybody else"
