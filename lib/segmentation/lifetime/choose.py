"""Fit every lifetime model to the same histories, keep them all, and choose one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.lifetime.bg_nbd import BG_NBD
from segmentation.lifetime.fitting import Fit, Refused, fit_model
from segmentation.lifetime.histories import HISTORY, Summary
from segmentation.lifetime.mbg_nbd import MBG_NBD
from segmentation.lifetime.models import Model
from segmentation.lifetime.pareto_nbd import PARETO_NBD
from segmentation.lifetime.worth import Worth, value_orders

MODELS: Mapping[str, Model] = {model.name: model for model in (BG_NBD, MBG_NBD, PARETO_NBD)}
FEWEST = 20  # customers who came back
AS_LIKELY = 2.0  # of log-likelihood, by which models with as many parameters are told apart


@dataclass(frozen=True)
class LifetimeModels:
    """All lifetime models of a shop.

    Attributes
    ----------
    orders : name → fit, or why there is none, of each model of the next orders
    money : fit of the Gamma-Gamma model, or why there is none
    worth : how orders are valued
    best : name of the model of the next orders that is used; empty when there is none
    words : what was chosen and why, or why no model can be fitted
    """

    orders: Mapping[str, Fit | Refused]
    money: Fit | Refused
    worth: Worth
    best: str
    words: str

    @property
    def chosen(self) -> tuple[Model, Fit]:
        """The model of the next orders that is used, and its fit; there is none when `best` is empty."""
        return MODELS[self.best], self.orders[self.best]


def fit_best(histories: pd.DataFrame) -> LifetimeModels:
    """Fit all lifetime models, and choose the one that makes the orders most likely.

    Parameters
    ----------
    histories : see `purchase_histories`; any unit of time

    Returns
    -------
    LifetimeModels
        without a best one, and with the reason, where histories can't carry one
    """
    money, worth = value_orders(histories)
    reason = why_not(histories)
    if reason:
        return LifetimeModels({name: Refused(name, reason) for name in MODELS}, money, worth, "", reason)
    summary = Summary.of(histories)
    fits = {name: fit_model(model, summary) for name, model in MODELS.items()}
    best = most_likely({name: fit.log_likelihood for name, fit in fits.items()})
    return LifetimeModels(fits, money, worth, best, choice_in_words(fits, best))


def why_not(histories: pd.DataFrame) -> str:
    """Say why histories can't carry a lifetime model; nothing when they can."""
    times = histories[list(HISTORY)].to_numpy(dtype="float64")
    repeats, last, span = times.T
    if not np.isfinite(times).all() or (times < 0).any() or (last > span).any():
        return "A lifetime model needs a last purchase that lies between the first one and the day of description."
    back = int((repeats > 0).sum())
    if back < FEWEST:
        return (
            f"A lifetime model needs {FEWEST} customers who bought on two days or more; {back:,} of {len(histories):,} "
            "customers did."
        )
    if (times == times[0]).all():
        return "A lifetime model needs customers who differ; all of them have bought equally often at the same times."
    return "" if span.any() else "A lifetime model needs time to pass between the first purchase and the description."


def most_likely(log_likelihoods: Mapping[str, float]) -> str:
    """Choose a model by its log-likelihood; all have four parameters.

    BG/NBD holds everybody who bought once to be active, however long ago that was, so one of them can be worth more
    than a returning customer. Where another model is as likely, that one is taken.

    Examples
    --------
    >>> most_likely({"BG/NBD": -100.0, "MBG/NBD": -101.0, "Pareto/NBD": -110.0})
    'MBG/NBD'
    >>> most_likely({"BG/NBD": -100.0, "MBG/NBD": -103.0, "Pareto/NBD": -110.0})
    'BG/NBD'
    """
    highest = max(log_likelihoods.values())
    likely = {name: value for name, value in log_likelihoods.items() if value >= highest - AS_LIKELY}
    others = {name: value for name, value in likely.items() if name != BG_NBD.name}
    kept = others or likely
    return max(kept, key=lambda name: kept[name])


def choice_in_words(fits: Mapping[str, Fit], best: str) -> str:
    """Say which model was chosen and by how much."""
    ahead = {name: fits[best].log_likelihood - fit.log_likelihood for name, fit in fits.items() if name != best}
    compared = " and ".join(f"{name} by {value:,.1f}" for name, value in ahead.items() if value > 0)
    words = f"{best} is used: {MODELS[best].words}."
    if compared:
        words += f" Its log-likelihood is ahead of {compared}."
    if any(value < 0 for value in ahead.values()):
        words += (
            f" {BG_NBD.name} is as likely, but holds everybody who bought once to be a customer still, however long "
            "ago that was."
        )
    return f"{words} It was pulled mildly to usual numbers." if fits[best].penalised else words
