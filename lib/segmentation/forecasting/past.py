"""Looks of any length before today, for learning and for trying out."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.forecasting.intervals import Errors, errors_of
from segmentation.forecasting.known import Forecaster, Known, Target, known_of, outcomes_of
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look, look_at


@dataclass(frozen=True)
class Tried:
    """Forecasts where what followed is known.

    Attributes
    ----------
    told : one row a customer and day: day, and the targets that were forecast
    actual : the same rows: returns, orders, value
    """

    told: pd.DataFrame
    actual: pd.DataFrame

    def errors(self, target: Target) -> Errors:
        """Sort how far forecasts of an amount were off; see `errors_of`."""
        return errors_of(self.told[target].to_numpy(), self.actual[target].to_numpy(), days=self.told["day"].to_numpy())


@dataclass(frozen=True)
class Past:
    """Today's customers and what can be looked back at.

    Attributes
    ----------
    today : customers and all orders so far
    looks : those at hand, oldest first
    beside : the tables beside the orders, see `customer_features`
    """

    today: Known
    looks: Sequence[Look]
    beside: Mapping[str, ir.Table | None]

    def look(self, *, ago: int, days: int) -> Look:
        """Look back so many days, and see what followed within `days`.

        Raises
        ------
        DataProblem
            Before that day the orders do not reach back as far as the period is long.
        """
        day = self.today.day - datetime.timedelta(days=ago)
        until = day + datetime.timedelta(days=days)
        for look in self.looks:
            if (look.day, look.until) == (day, until):
                return look
        first = self.today.orders.ordered_at.min().execute()
        reach = 0 if pd.isna(first) else (self.today.day - first.date()).days
        if reach < ago + days:
            raise DataProblem(
                f"To learn what customers do within {days} days, orders must reach back {ago + days:,} days; they "
                f"reach back {reach:,}."
            )
        return look_at(self.today.orders, day=day, until=until, **self.beside)


def tell(forecaster: Forecaster, past: Past, targets: Sequence[Target], *, days: int, seed: int) -> pd.DataFrame:
    """Forecast today's customers so many days ahead, learning from the same number of days before.

    Raises
    ------
    DataProblem
        History is too short for it, or the data can't carry it.
    """
    learn = past.look(ago=days, days=days)
    return forecaster.forecast(learn, past.today, days=days, seed=seed, targets=targets)


def try_out(forecaster: Forecaster, past: Past, targets: Sequence[Target], *, days: int, seed: int) -> Tried:
    """Forecast where what followed is known, in the same way.

    The forecaster learns from a period and tells the next one. Where history is too short for two periods it learns
    from one half of the customers and tells the other half, so a change from one period to the next is not seen.

    Raises
    ------
    DataProblem
        History is too short for either, or the data can't carry it.
    """
    now = past.look(ago=days, days=days)
    try:
        pairs = [(past.look(ago=2 * days, days=days), now)]
    except DataProblem:
        pairs = halves(now, seed=seed)
    told = [
        forecaster.forecast(learn, known_of(now), days=days, seed=seed, targets=targets).assign(day=now.day)
        for learn, now in pairs
    ]
    return Tried(pd.concat(told), pd.concat([outcomes_of(now) for _, now in pairs]))


def halves(look: Look, *, seed: int) -> list[tuple[Look, Look]]:
    """Part a look's customers into two halves by chance, each once to learn from and once to try out on.

    A single customer can't be parted; what followed is then all there is to go by.
    """
    if len(look.features) < 2:
        return [(look, look)]
    first = np.random.default_rng(seed).permutation(len(look.features)) % 2 == 0
    parts = [replace(look, features=look.features[part], outcomes=look.outcomes[part]) for part in (first, ~first)]
    return [(parts[0], parts[1]), (parts[1], parts[0])]
