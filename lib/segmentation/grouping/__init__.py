"""Customers into groups: the algorithms of the field behind one call, and rules."""

from segmentation.grouping.algorithms import ALGORITHMS, Algorithm, assumptions
from segmentation.grouping.comparing import FORMATS as COMPARISON_FORMATS
from segmentation.grouping.comparing import compare_algorithms, comparison_caption, comparison_table
from segmentation.grouping.grouping import group
from segmentation.grouping.groups import Grouping, membership

__all__ = [
    "ALGORITHMS",
    "COMPARISON_FORMATS",
    "Algorithm",
    "Grouping",
    "assumptions",
    "compare_algorithms",
    "comparison_caption",
    "comparison_table",
    "group",
    "membership",
]
