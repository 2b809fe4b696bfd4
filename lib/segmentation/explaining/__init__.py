"""Step 04: say in a marketer's words who is in each segment, and why a customer is in theirs."""

from segmentation.explaining.contrasts import contrast_table, contrasts
from segmentation.explaining.maps import map_numbers, map_points, segment_spread, telling_features
from segmentation.explaining.names import base_name, segment_names
from segmentation.explaining.profiles import (
    PROFILE_FORMATS,
    best_sentence,
    profile_table,
    segment_profile,
    shown_standing,
)
from segmentation.explaining.reasons import Explainer, fit_explainer
from segmentation.explaining.rules import SCORE_FORMATS, rules_in_words, rules_sentence, score_table, tell_by_rules
from segmentation.explaining.sentences import named_sentences, segment_sentences
from segmentation.explaining.standing import standing
from segmentation.explaining.typical import pseudonymous, typical_customers, typical_table

__all__ = [
    "PROFILE_FORMATS",
    "SCORE_FORMATS",
    "Explainer",
    "base_name",
    "best_sentence",
    "contrast_table",
    "contrasts",
    "fit_explainer",
    "map_numbers",
    "map_points",
    "named_sentences",
    "profile_table",
    "pseudonymous",
    "rules_in_words",
    "rules_sentence",
    "score_table",
    "segment_names",
    "segment_profile",
    "segment_sentences",
    "segment_spread",
    "shown_standing",
    "standing",
    "tell_by_rules",
    "telling_features",
    "typical_customers",
    "typical_table",
]
