"""A model as it is kept and used: rungs from what tells most to what tells least, and the segments' names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segmentation.assigning.learning import Learned
from segmentation.assigning.schema import Schema
from segmentation.explaining.reasons import Explainer

ORDERS, FIRST, WEB, DEMOGRAPHICS, SIMILAR, NOT_YET = (
    "orders", "first order", "web behaviour", "demographics", "similar customers", "not yet",
)  # fmt: skip
ENOUGH_ORDERS = 2
NEWCOMER_DAYS = 90.0  # where nobody's gap between orders is known


@dataclass(frozen=True)
class Rung:
    """One way to place a customer.

    Attributes
    ----------
    basis : what it goes by, as told beside each customer
    needs : features of which one at least must be known
    learned : the model; none where too little is known to learn
    reasons : what speaks for a segment
    score, error, guess : accuracy on customers that it had not seen, its standard error, and the accuracy of always
        guessing the largest segment
    customers : how many it was measured on
    """

    basis: str
    needs: tuple[str, ...]
    learned: Learned | None
    reasons: Explainer | None
    score: float = float("nan")
    error: float = float("nan")
    guess: float = float("nan")
    customers: int = 0

    @property
    def is_used(self) -> bool:
        """Whether it places better than always guessing the largest segment, by more than one standard error.

        The model on all orders is the segments' own description; it is used whatever it scores.
        """
        return self.basis == ORDERS or bool(self.score - self.guess > self.error)


@dataclass(frozen=True)
class Model:
    """Everything that places a customer.

    Attributes
    ----------
    names : of the segments, by number
    rungs : "orders" first; only those that are used
    newcomer_days : who has one order, at most so long ago, is a newcomer; who has not come back for longer has shown
        that, and goes by all orders
    """

    names: dict[int, str]
    rungs: tuple[Rung, ...]
    newcomer_days: float = NEWCOMER_DAYS

    def is_newcomer(self, orders: Any, tenure_days: Any) -> Any:
        """Tell whether a customer, or each of many, has one order so far and not for long.

        Parameters
        ----------
        orders : how many, 0 for none
        tenure_days : since the first; NaN where it is not known, as in a file with one row a customer
        """
        return (orders > 0) & (orders < ENOUGH_ORDERS) & ~(tenure_days > self.newcomer_days)

    @property
    def first_needs(self) -> tuple[str, ...]:
        """Features of which one must be known to go by the first order; none when no such rung is used."""
        return next((rung.needs for rung in self.rungs if rung.basis == FIRST), ())


def record_of(model: Model) -> dict[str, Any]:
    """Write a model in plain values and fitted pipelines."""
    return {
        "newcomer_days": float(model.newcomer_days),
        "names": [[int(segment), str(name)] for segment, name in model.names.items()],
        "rungs": [
            {
                "basis": rung.basis,
                "needs": list(rung.needs),
                "schema": rung.learned.schema.record(),
                "pipeline": rung.learned.model,
                "winner": rung.learned.winner,
                "classes": list(rung.learned.classes),
                "customers": rung.learned.customers,
                "why": rung.learned.why,
                "reasons": rung.reasons.record(),
                "measured": [float(rung.score), float(rung.error), float(rung.guess), int(rung.customers)],
            }
            for rung in model.rungs
        ],
    }


def model_of(record: Mapping[str, Any]) -> Model:
    """Read what `record_of` wrote."""
    names = {int(one): str(name) for one, name in record["names"]}
    return Model(names, tuple(map(rung_of, record["rungs"])), float(record["newcomer_days"]))


def rung_of(told: Mapping[str, Any]) -> Rung:
    """Read one rung; see `record_of`."""
    learned = Learned(
        Schema.of(told["schema"]), told["pipeline"], told["winner"], tuple(told["classes"]), pd.DataFrame(),
        pd.DataFrame(), told["customers"], 0, 0, told["why"],
    )  # fmt: skip
    score, error, guess, customers = told["measured"]
    reasons = Explainer.of(told["reasons"])
    return Rung(told["basis"], tuple(told["needs"]), learned, reasons, score, error, guess, int(customers))


def known(features: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Tell for each customer whether one of some features is known, at least."""
    there = [name for name in names if name in features.columns]
    return features[there].notna().any(axis=1).to_numpy() if there else np.zeros(len(features), dtype=bool)
