"""Proof: do segments hold, and do they tell what customers do next?"""

from segmentation.proving.card import (
    Card,
    Evidence,
    card_in_words,
    card_table,
    evidence_of,
    reliability_card,
    share_of_return,
)
from segmentation.proving.crowd import Crowd, crowd_of
from segmentation.proving.fairness import fairness_of_actions, fairness_of_segments, served_by_plan
from segmentation.proving.fairness_words import (
    FAIRNESS_NOTES,
    fairness_in_words,
    people_formats,
    people_table,
)
from segmentation.proving.internal import (
    INTERNAL_FORMATS,
    Internal,
    how_to_read,
    internal_measures,
    internal_table,
    silhouette_curves,
)
from segmentation.proving.later import LaterEvidence, later_evidence
from segmentation.proving.later_words import (
    CARRIED_BACK,
    CHOSEN_TODAY,
    DAYS_FORMATS,
    days_table,
    large_enough,
    later_formats,
    later_in_words,
    later_table,
    looks_caption,
    shown_by_day,
)
from segmentation.proving.leaks import LEAK_NOTES, LeakCheck, leak_in_words, require_no_leak
from segmentation.proving.looks import Look, Looks, look_at, look_back
from segmentation.proving.people_groups import people_groups
from segmentation.proving.refits import (
    Refits,
    bootstrap_refits,
    refits_agreement,
    refits_in_words,
    stability_by_segment,
)
from segmentation.proving.then import customers_by_todays, return_rates, segmentations_then
from segmentation.proving.trials import by_kind, stability_in_words, trials_table, upset

__all__ = [
    "CARRIED_BACK", "CHOSEN_TODAY", "DAYS_FORMATS", "FAIRNESS_NOTES", "INTERNAL_FORMATS", "LEAK_NOTES", "Card", "Crowd",
    "Evidence", "Internal", "LaterEvidence", "LeakCheck", "Look", "Looks", "Refits", "bootstrap_refits", "by_kind",
    "card_in_words", "card_table", "crowd_of", "customers_by_todays", "days_table", "evidence_of", "fairness_in_words",
    "fairness_of_actions", "fairness_of_segments", "how_to_read", "internal_measures", "internal_table", "large_enough",
    "later_evidence", "later_formats", "later_in_words", "later_table", "leak_in_words", "look_at", "look_back",
    "looks_caption", "people_formats", "people_groups", "people_table", "refits_agreement", "refits_in_words",
    "reliability_card", "require_no_leak", "return_rates", "segmentations_then", "served_by_plan", "share_of_return",
    "shown_by_day", "silhouette_curves", "stability_by_segment", "stability_in_words", "trials_table", "upset",
]  # fmt: skip
