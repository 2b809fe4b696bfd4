"""The lifetime model among the forecasters: buying while active, and a chance of leaving for good."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from segmentation.forecasting.known import Kind, Known, Target, tidy
from segmentation.lifetime import LifetimeModels, fit_best, lifetime_table, purchase_histories
from segmentation.proving.looks import Look


@dataclass(frozen=True)
class LifetimeModel:
    """Forecasts by the lifetime model that fits best; it learns from all orders before the day, not from outcomes.

    Attributes
    ----------
    fitted : day → histories and fits, so that a day is fitted once; one shop's
    """

    name: str = "lifetime model"
    kind: Kind = "lifetime model"
    fitted: dict[datetime.date, tuple[pd.DataFrame, LifetimeModels]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by the model; see `Forecaster.forecast`."""
        targets = list(targets)
        table = self.table(now, horizons=[days], draws=1, seed=seed)
        told = table[[f"{name}_{days}" for name in targets]].set_axis(targets, axis=1)
        return tidy(told, usual=float(told["value"].mean()) if "value" in told else 0.0)

    def table(self, now: Known, *, horizons: Sequence[int], draws: int, seed: int) -> pd.DataFrame:
        """Tell each customer's table; see `lifetime.lifetime_table`.

        Returns
        -------
        DataFrame indexed as now.features; of who has bought nothing yet nothing is expected

        Raises
        ------
        DataProblem
            No model can be fitted.
        """
        if now.day not in self.fitted:
            histories = purchase_histories(now.orders, as_of=now.day)
            self.fitted[now.day] = histories, fit_best(histories)
        histories, fits = self.fitted[now.day]
        table = lifetime_table(histories, fits, as_of=now.day, horizons=horizons, draws=draws, seed=seed)
        table = table.reindex(now.features.index)
        return table.fillna(dict.fromkeys(table.select_dtypes("number"), 0.0))
