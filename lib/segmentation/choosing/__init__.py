"""How many segments, by which algorithm: measured grounds, references without groups, and a recommendation in words."""

from segmentation.choosing.flows import clustergram
from segmentation.choosing.measures import GROUNDS, measure
from segmentation.choosing.neighbours import Neighbours, neighbours, neighbours_in_words
from segmentation.choosing.recommendation import STEADY, WEIGHTS, Choice, NoSegments, choose
from segmentation.choosing.references import references_by_k
from segmentation.choosing.rivals import choose_algorithm, rivals_table

__all__ = [
    "GROUNDS",
    "STEADY",
    "WEIGHTS",
    "Choice",
    "Neighbours",
    "NoSegments",
    "choose",
    "choose_algorithm",
    "clustergram",
    "measure",
    "neighbours",
    "neighbours_in_words",
    "references_by_k",
    "rivals_table",
]
