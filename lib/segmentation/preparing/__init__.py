"""Preparation of features for segments: fill, transform, scale, encode, cross, select, reduce; one fitted pipeline."""

from segmentation.preparing.fitting import fit_preparation, prepare_customers
from segmentation.preparing.preparation import COLUMN_FORMATS, Preparation, column_table
from segmentation.preparing.recipe import USUAL_FEATURES, WORDS, Recipe
from segmentation.preparing.reducing import CustomerMap, map_of
from segmentation.preparing.transformers import TRUSTED

__all__ = [
    "COLUMN_FORMATS",
    "TRUSTED",
    "USUAL_FEATURES",
    "WORDS",
    "CustomerMap",
    "Preparation",
    "Recipe",
    "column_table",
    "fit_preparation",
    "map_of",
    "prepare_customers",
]
