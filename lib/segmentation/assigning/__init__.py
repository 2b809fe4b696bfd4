"""Assignment: learn the segments, keep the model, place customers and newcomers."""

from segmentation.assigning.coldstart import (
    COLD_START_FORMATS,
    build_model,
    cold_start_sentence,
    cold_start_table,
    first_features,
    first_features_of,
    learn_cold_start,
)
from segmentation.assigning.learning import COMPARISON_FORMATS, Learned, comparison_table, confusion_shares, learn
from segmentation.assigning.models import Model
from segmentation.assigning.placing import assign, assign_customer
from segmentation.assigning.storage import load_model, save_model

__all__ = [
    "COLD_START_FORMATS",
    "COMPARISON_FORMATS",
    "Learned",
    "Model",
    "assign",
    "assign_customer",
    "build_model",
    "cold_start_sentence",
    "cold_start_table",
    "comparison_table",
    "confusion_shares",
    "first_features",
    "first_features_of",
    "learn",
    "learn_cold_start",
    "load_model",
    "save_model",
]
