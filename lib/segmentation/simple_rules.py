"""The rules' old place; see `segmentation.grouping.rules`."""

from segmentation.grouping.rules import (
    ALL_BUYERS,
    RuleSegmentation,
    conditions_in_words,
    holds,
    read_rules,
    rule_names,
    rules_in_words,
)

__all__ = [
    "ALL_BUYERS",
    "RuleSegmentation",
    "conditions_in_words",
    "holds",
    "read_rules",
    "rule_names",
    "rules_in_words",
]
