"""Fit every lifetime model to the same histories, keep them all, and choose one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.lifetime.bg_nbd import BG_NBD
from segmentation.lifetime.fitting import Fit, Refused, fit_model
from segmentation.lifetime.gamma_gamma import NAME, fit_gamma_gamma
from segmentation.lifetime.histories import HISTORY, Summary
from segmentation.lifetime.mbg_nbd import MBG_NBD
from segmentation.lifetime.models import Model

MODELS: Mapping[str, Model] = {model.name: model for model in (BG_NBD, MBG_NBD)}
FEWEST = 20  # customers who came back


@dataclass(frozen=True)
class LifetimeModels:
    """All lifetime models of a shop.

    Attributes
    ----------
    orders : name → fit, or why there is none, of each model of the next orders
    money : fit of the Gamma-Gamma model, or why there is none
    best : name of the model of the next orders that is used; empty when there is none
    words : what was chosen and why
    """

    orders: Mapping[str, Fit | Refused]
    money: Fit | Refused
    best: str
    words: str


def fit_best(histories: pd.DataFrame) -> LifetimeModels:
    """Fit all lifetime models, and choose the one that the data make most likely.

    Parameters
    ----------
    histories : see `purchase_histories`; any unit of time
    """
    reason = why_not(histories)
    if reason:
        refused = {name: Refused(name, reason) for name in MODELS}
        return LifetimeModels(refused, Refused(NAME, reason), "", reason)
    summary = Summary.of(histories)
    fits = {name: fit_model(model, summary) for name, model in MODELS.items()}
    best = max(fits, key=lambda name: fits[name].log_likelihood)
    money = fit_gamma_gamma(histories) if (histories["order_value"] > 0).sum() >= FEWEST else Refused(NAME, "too few")
    return LifetimeModels(fits, money, best, f"{best} explains the orders best.")


def why_not(histories: pd.DataFrame) -> str:
    """Say why histories can't carry a lifetime model; nothing when they can."""
    times = histories[list(HISTORY)].to_numpy(dtype="float64")
    back = int((times[:, 0] > 0).sum())
    if not np.isfinite(times).all() or (times < 0).any() or (times[:, 1] > times[:, 2]).any():
        return "A lifetime model needs a last purchase that lies between the first one and the day of description."
    if back < FEWEST:
        return (
            f"A lifetime model needs {FEWEST} customers who bought on two days or more; {back:,} of the "
            f"{len(histories):,} customers did."
        )
    return ""
