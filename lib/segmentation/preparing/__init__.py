"""Preparation of features for segments: fill, transform, scale, encode, cross, select, reduce; one fitted pipeline."""

from segmentation.preparing.fitting import Preparation, fit_preparation
from segmentation.preparing.recipe import USUAL_FEATURES, WORDS, Recipe
from segmentation.preparing.transformers import TRUSTED

__all__ = ["TRUSTED", "USUAL_FEATURES", "WORDS", "Preparation", "Recipe", "fit_preparation"]
