"""Lifetime models: who is still a customer, what they will order, and what that is worth."""

from segmentation.lifetime.choose import MODELS, LifetimeModels, fit_best
from segmentation.lifetime.fitting import Fit, Refused
from segmentation.lifetime.histories import purchase_histories, summarised, without_value
from segmentation.lifetime.predict import HORIZONS, lifetime_table

__all__ = [
    "HORIZONS", "MODELS", "Fit", "LifetimeModels", "Refused", "fit_best", "lifetime_table", "purchase_histories",
    "summarised", "without_value",
]  # fmt: skip
