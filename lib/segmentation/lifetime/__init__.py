"""Lifetime models: who is still a customer, what they will order, and what that is worth."""

from segmentation.lifetime.checking import active_grid, bias, expected_and_actual, expected_orders
from segmentation.lifetime.choose import MODELS, LifetimeModels, fit_best
from segmentation.lifetime.fitting import Fit, Refused
from segmentation.lifetime.histories import purchase_histories, summarised
from segmentation.lifetime.predict import HORIZONS, lifetime_table
from segmentation.lifetime.telling import FORMATS, fits_table, models_in_words, once_above_returning, refusals
from segmentation.lifetime.worth import Worth, frequency_and_money

__all__ = [
    "FORMATS", "HORIZONS", "MODELS", "Fit", "LifetimeModels", "Refused", "Worth", "active_grid", "bias",
    "expected_and_actual", "expected_orders", "fit_best", "fits_table", "frequency_and_money", "lifetime_table",
    "models_in_words", "once_above_returning", "purchase_histories", "refusals", "summarised",
]  # fmt: skip
