"""The lifetime model among the forecasters: buying while active, and a chance of leaving for good."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from segmentation.forecasting.known import Kind, Known, Target, tidy
from segmentation.lifetime import Refused, fit_best, lifetime_table, purchase_histories
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look


@dataclass(frozen=True)
class LifetimeModel:
    """Forecasts by the lifetime model that fits best; it learns from all orders before the day, not from outcomes."""

    name: str = "lifetime model"
    kind: Kind = "lifetime model"

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by the model; see `Forecaster.forecast`."""
        targets = list(targets)
        table = lifetimes_of(now, horizons=[days], draws=1, seed=seed, money="value" in targets)
        told = table[[f"{name}_{days}" for name in targets]].set_axis(targets, axis=1)
        return tidy(told, usual=float(told["value"].mean()) if "value" in told else 0.0)


def lifetimes_of(now: Known, *, horizons: list[int], draws: int, seed: int, money: bool) -> pd.DataFrame:
    """Fit the lifetime models as of a day and tell each customer's table; see `lifetime.lifetime_table`.

    Returns
    -------
    DataFrame indexed as now.features; who is not among the histories has missing values

    Raises
    ------
    DataProblem
        No model can be fitted, or none of money where money is asked for.
    """
    histories = purchase_histories(now.orders, as_of=now.day)
    fits = fit_best(histories)
    if money and isinstance(fits.money, Refused):
        raise DataProblem(fits.money.reason)
    table = lifetime_table(histories, fits, as_of=now.day, horizons=horizons, draws=draws, seed=seed)
    return table.reindex(now.features.index)
