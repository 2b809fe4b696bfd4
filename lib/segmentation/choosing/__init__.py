"""How many segments, by which algorithm: measured grounds, references without groups, and a recommendation in words."""

from segmentation.choosing.flows import clustergram
from segmentation.choosing.measures import GROUNDS, measure
from segmentation.choosing.neighbours import Neighbours, neighbours, neighbours_in_words
from segmentation.choosing.recommendation import CLOSER, STEADY, WEIGHTS, Choice, NoSegments, choose
from segmentation.choosing.references import references_by_k
from segmentation.choosing.rivals import steadier_rival, why_rival

__all__ = [
    "CLOSER",
    "GROUNDS",
    "STEADY",
    "WEIGHTS",
    "Choice",
    "Neighbours",
    "NoSegments",
    "choose",
    "clustergram",
    "measure",
    "neighbours",
    "neighbours_in_words",
    "references_by_k",
    "steadier_rival",
    "why_rival",
]
