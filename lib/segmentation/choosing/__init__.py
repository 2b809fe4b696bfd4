"""How many segments, by which algorithm: measured grounds, references without groups, and a recommendation in words."""

from segmentation.choosing.flows import clustergram
from segmentation.choosing.measures import GROUNDS, measure
from segmentation.choosing.recommendation import STEADY, WEIGHTS, Choice, NoSegments, choose
from segmentation.choosing.references import references_by_k

__all__ = [
    "GROUNDS",
    "STEADY",
    "WEIGHTS",
    "Choice",
    "NoSegments",
    "choose",
    "clustergram",
    "measure",
    "references_by_k",
]
