"""Each customer's outlook by the winners of the contest: orders, money and the day of the next order."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.features import later_outcomes
from segmentation.forecasting.contest import Contest
from segmentation.forecasting.forecasters import all_forecasters
from segmentation.forecasting.intervals import Errors, errors_of
from segmentation.forecasting.known import Forecaster, Known, Target, known_of, outcomes_of
from segmentation.forecasting.simple_rules import Anyway
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look, look_at

HORIZONS = (30, 90, 365)
YEAR = 365
AMOUNTS = ("orders", "value")


@dataclass(frozen=True)
class Outlook:
    """What to expect of each customer of today.

    Attributes
    ----------
    day : of description; horizons : in days
    table : one row a customer, indexed by customer_id in sorted order: active, and by horizon returns_30 …, orders_30
        …, value_30 … with _low and _high, next_order_on with _low and _high; empty when nothing can be told
    basis : (target, horizon) → by whom and how it is told, in words
    errors : (target, horizon) → how far such forecasts were off
    last_year : what each customer spent in the 365 days before the day, net
    notes : what a reader must know, one sentence an item: coverage, what is missing and why
    why_not : why there is no outlook; empty when there is one
    """

    day: datetime.date
    horizons: tuple[int, ...]
    table: pd.DataFrame
    basis: Mapping[tuple[str, int], str] = field(default_factory=dict)
    errors: Mapping[tuple[str, int], Errors] = field(default_factory=dict)
    last_year: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"))
    notes: tuple[str, ...] = ()
    why_not: str = ""
