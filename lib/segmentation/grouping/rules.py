"""Segments by rules: presets that the field knows, or a user's own thresholds and scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.grouping.rule_files import EVERYONE_ELSE, alternatives_of, is_category, read_rule_file
from segmentation.presets import read_preset
from segmentation.rfm import BOTH, SCORES, CutPoints, cut_points, scores_by

ALL_BUYERS = "all buyers"
PROSPECTS = "prospects"
PRESETS = ("simple_rules", "rfm_map", "shopify")
AXES = {"rfm_map": ("recency_score", "frequency_score"), "shopify": ("recency_score", BOTH)}
Conditions = Mapping[str, object]
Rules = Mapping[str, "Conditions | Sequence[Conditions]"]


@dataclass(frozen=True)
class RuleSegmentation:
    """Rules that give every customer one segment.

    Attributes
    ----------
    rules : name to what features must be, asked in order; the last one asks nothing
    names : the rules that hold for a customer, richest segment first; the place is the segment's number
    cuts : where the relative scores changed when the segments were made; None when no rule asks a score
    """

    rules: Rules
    names: tuple[str, ...]
    cuts: CutPoints | None = None

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.names)

    def assign(self, features: pd.DataFrame) -> pd.Series:
        """Name each customer's segment, by the scores of when the segments were made; see `rule_names`."""
        return rule_names(features, self.rules, cuts=self.cuts)


def read_rules(rules: str | Path = "simple_rules", *, one_group: bool = False) -> Rules:
    """Read rules: a preset, a user's file, or the one rule that puts all in one group.

    Parameters
    ----------
    rules : "simple_rules", "rfm_map", "shopify", or the path of a YAML file
    one_group : put all in one group

    Raises
    ------
    DataProblem
        See `read_rule_file`.
    """
    if one_group:
        return {ALL_BUYERS: {}}
    if rules not in PRESETS:
        return read_rule_file(Path(rules))
    preset = read_preset(str(rules))
    return rules_of_cells(preset, axes=AXES[rules]) if rules in AXES else preset


def rules_of_cells(cells: Mapping[str, Sequence[str]], *, axes: tuple[str, str]) -> Rules:
    """Turn a map of cells into rules: who has no order yet is a prospect, the others go by their two scores.

    Examples
    --------
    >>> rules_of_cells({"champions": ["55"]}, axes=("recency_score", "frequency_score"))
    {'prospects': {'recency_score': 0}, 'champions': [{'recency_score': 5, 'frequency_score': 5}]}
    """
    by_name = {
        name: [dict(zip(axes, map(int, cell), strict=True)) for cell in covered] for name, covered in cells.items()
    }
    return {PROSPECTS: {axes[0]: 0}} | by_name


def segment_by_rules(features: pd.DataFrame, rules: Rules) -> RuleSegmentation:
    """Make segments by rules, numbered from the richest customers to the poorest.

    Parameters
    ----------
    features : one row a customer, with net_spend and what the rules ask
    rules : see `read_rules`
    """
    cuts = cut_points(features) if asks_scores(rules) else None
    names = rule_names(features, rules, cuts=cuts)
    spend = features["net_spend"].groupby(names).mean().fillna(0.0).sort_values(ascending=False, kind="stable")
    return RuleSegmentation(rules, tuple(spend.index), cuts)


def asks_scores(rules: Rules) -> bool:
    """Tell whether a rule asks a relative score."""
    return any(set(asked) & set(SCORES) for told in rules.values() for asked in alternatives_of(told))


def rule_names(features: pd.DataFrame, rules: Rules, *, cuts: CutPoints | None = None) -> pd.Series:
    """Name the first rule that holds for each customer.

    Parameters
    ----------
    features : one row a customer
    rules : see `RuleSegmentation`
    cuts : where relative scores change; found from these customers when None

    Returns
    -------
    Series of str with the same index, named "name"; "everyone else" where no rule holds

    Examples
    --------
    >>> features = pd.DataFrame({"order_count": [3, 1]}, index=["ann", "ben"])
    >>> rule_names(features, {"regulars": {"order_count": [2, None]}, "others": {}}).to_dict()
    {'ann': 'regulars', 'ben': 'others'}
    """
    if asks_scores(rules):
        features = features.join(scores_by(cuts or cut_points(features), features))
    names = np.array([*rules, EVERYONE_ELSE], dtype=object)
    return pd.Series(names[first_rule(features, rules)], index=features.index, name="name", dtype="str")


def first_rule(features: pd.DataFrame, rules: Rules) -> np.ndarray:
    """Find the place of the first rule that holds for each customer, one past the last where none does."""
    holding = np.column_stack(
        [np.logical_or.reduce([holds(features, asked) for asked in alternatives_of(told)]) for told in rules.values()]
    )
    return np.where(holding.any(axis=1), holding.argmax(axis=1), len(rules))


def holds(features: pd.DataFrame, conditions: Conditions) -> np.ndarray:
    """Tell for whom all conditions of a rule hold; none holds for a value that is not known."""
    held = np.ones(len(features), dtype=bool)
    for feature, asked in conditions.items():
        held &= meets(features[feature], asked, category=is_category(feature))
    return held


def meets(values: pd.Series, asked: object, *, category: bool) -> np.ndarray:
    """Tell whose value is among the levels, or in the range, that is asked for."""
    if category:
        return values.isin(asked if isinstance(asked, list | tuple) else [asked]).to_numpy(dtype=bool)
    low, high = ends_of(asked)
    least, most = -np.inf if low is None else low, np.inf if high is None else high
    return values.between(least, most).to_numpy(dtype=bool)


def ends_of(asked: object) -> tuple[float | None, float | None]:
    """Tell the two ends of a range; one number is both.

    Examples
    --------
    >>> ends_of([2, None]), ends_of(5)
    ((2, None), (5, 5))
    """
    low, high = asked if isinstance(asked, list | tuple) else (asked, asked)
    return low, high


def rules_in_words(rules: Rules) -> str:
    """Word the rules, in the order in which they are asked.

    Examples
    --------
    >>> rules_in_words({"regulars": {"order_count": [2, None], "recency_days": [None, 90]}, "others": {}})
    'regulars: order count 2 or more, recency days 90 or less; others: everybody else'
    """
    return "; ".join(f"{name}: {rule_in_words(told)}" for name, told in rules.items())


def rule_in_words(told: Conditions | Sequence[Conditions]) -> str:
    """Word what one rule asks; alternatives stand beside each other."""
    return " or ".join(conditions_in_words(asked) for asked in alternatives_of(told))


def conditions_in_words(conditions: Conditions) -> str:
    """Word one rule's conditions; see `rules_in_words`."""
    told = [f"{feature.replace('_', ' ')} {asked_in_words(feature, asked)}" for feature, asked in conditions.items()]
    return ", ".join(told) or "everybody else"


def asked_in_words(feature: str, asked: object) -> str:
    """Word a range or levels.

    Examples
    --------
    >>> asked_in_words("order_count", [2, 4]), asked_in_words("money_score", 5), asked_in_words("country", ["DE", "AT"])
    ('2 to 4', '5', 'DE or AT')
    """
    if is_category(feature):
        return " or ".join(asked) if isinstance(asked, list | tuple) else str(asked)
    low, high = ends_of(asked)
    words = {(True, False): "{low:,} or more", (False, True): "{high:,} or less", (True, True): "{low:,} to {high:,}"}
    return f"{low:,}" if low == high else words[low is not None, high is not None].format(low=low, high=high)


THRESHOLDS = {"recency_days": "recency_score", "order_count": "frequency_score", "net_spend": "money_score"}


def thresholds_table(rules: Rules, features: pd.DataFrame) -> pd.DataFrame:
    """Set fixed thresholds beside the relative scores that they cut through.

    A relative score keeps a fifth of the customers and lets its border move; a fixed threshold keeps its border, and
    the share behind it moves. The table shows both, for the rules' thresholds of recency, orders and spend.

    Parameters
    ----------
    rules : see `read_rules`
    features : one row a customer

    Returns
    -------
    DataFrame, one row a threshold: feature, threshold ("90 or less"), of customers (share who meet it), scores (those
    that customers who meet it have, such as "3 to 5"; a dash when nobody does)
    """
    scores = scores_by(cut_points(features), features)
    rows = [
        {"feature": feature, "threshold": words, **met_by(features[feature], scores[THRESHOLDS[feature]], end)}
        for feature, words, end in thresholds_of(rules)
    ]
    return pd.DataFrame(rows, columns=["feature", "threshold", "of customers", "scores"])


def thresholds_of(rules: Rules) -> list[tuple[str, str, tuple[float | None, float | None]]]:
    """List the fixed thresholds of recency, orders and spend, each once: feature, in words, ends."""
    asked = [
        (feature, ends_of(ends))
        for told in rules.values()
        for conditions in alternatives_of(told)
        for feature, ends in conditions.items()
        if feature in THRESHOLDS
    ]
    return [(feature, asked_in_words(feature, ends), ends) for feature, ends in dict.fromkeys(asked)]


def met_by(values: pd.Series, scores: pd.Series, ends: tuple[float | None, float | None]) -> dict[str, object]:
    """Tell the share of customers within a threshold and the scores that they have."""
    met = meets(values, ends, category=False)
    reached = scores[met & scores.gt(0).to_numpy()]
    if reached.empty:
        return {"of customers": float(met.mean()), "scores": "–"}
    low, high = reached.min(), reached.max()
    return {"of customers": float(met.mean()), "scores": str(low) if low == high else f"{low} to {high}"}
