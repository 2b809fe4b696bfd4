"""Looks back and forecasters that a test writes out by hand."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.features import FEATURES, NUMBERS
from segmentation.forecasting import Known
from segmentation.forecasting.known import Target
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

FIRST = datetime.date(2024, 4, 1)
PERIOD = datetime.timedelta(days=90)
USUAL = {"recency_days": 30.0, "order_count": 2.0, "net_spend": 50.0, "median_gap_days": 40.0, "gap_spread": 0.5}


def make_features(customers: int, **told: object) -> pd.DataFrame:
    """Describe customers of whom only what is told differs from one who is usual; the rest is unknown."""
    index = pd.Index([f"c{number:05}" for number in range(customers)], name="customer_id")
    table = pd.DataFrame({**USUAL, **told}, index=index).reindex(columns=[*FEATURES])
    return table.astype({name: "float64" if name in NUMBERS else object for name in FEATURES})


def look(
    day: datetime.date, features: pd.DataFrame, *, spend: Sequence[float] | np.ndarray, orders: ir.Table | None = None
) -> Look:
    """Look back at customers who spent so much in the 90 days after the day, in one order each when above 0."""
    spent = np.asarray(spend, dtype="float64")
    outcomes = pd.DataFrame(
        {"recent_spend": features["net_spend"] / 2, "later_spend": spent, "later_orders": (spent > 0).astype("int64")},
        index=features.index,
    )
    return Look(day, day + PERIOD, features, outcomes, orders)


@dataclass(frozen=True)
class GivenForecast:
    """Says what it was given, or refuses for the reason it was given."""

    name: str
    value: float | np.ndarray = 1.0
    returns: float | np.ndarray = 0.5
    kind: str = "learner"
    refused: str = ""

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        if self.refused:
            raise DataProblem(self.refused)
        told = {"returns": self.returns, "orders": self.returns, "value": self.value}
        return pd.DataFrame({name: told[name] for name in targets}, index=now.features.index)
