"""What to expect of each customer: whether active, orders and money within days, the day of the next order."""

import datetime
from collections.abc import Sequence

import numpy as np
import pandas as pd

from segmentation.lifetime.choose import MODELS, LifetimeModels
from segmentation.lifetime.fitting import Fit
from segmentation.lifetime.gamma_gamma import expected_value
from segmentation.lifetime.histories import HISTORY, Summary
from segmentation.problems import DataProblem

HORIZONS = (30, 90, 365)
NEXT_ORDER_WITHIN = 730  # days


def lifetime_table(
    histories: pd.DataFrame,
    fits: LifetimeModels,
    *,
    as_of: datetime.date,
    horizons: Sequence[int] = HORIZONS,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Predict each customer."""
    if not fits.best:
        raise DataProblem(fits.words)
    model, fit = MODELS[fits.best], fits.orders[fits.best]
    s = Summary(*(histories[name].to_numpy(dtype="float64") for name in HISTORY), np.ones(len(histories)))
    g = np.random.default_rng(seed)
    active = model.active(fit.values, s)
    value = (
        expected_value(fits.money, s.repeats, histories["order_value"].to_numpy())
        if isinstance(fits.money, Fit)
        else np.zeros(len(s.span))
    )
    table = pd.DataFrame({"active": active}, index=histories.index)
    sims = np.stack([model.draw(fit.values, s, np.array(horizons, dtype=float), g)[0] for _ in range(draws)])
    sims = sims * (g.random((draws, len(active), 1)) < active[None, :, None])
    for i, h in enumerate(horizons):
        table[f"returns_{h}"] = active * model.returns(fit.values, s, h)
        mean = active * model.orders(fit.values, s, h)
        low, high = np.quantile(sims[:, :, i], [0.025, 0.975], axis=0)
        table[f"orders_{h}"], table[f"orders_{h}_low"], table[f"orders_{h}_high"] = (
            mean,
            np.minimum(low, mean),
            np.maximum(high, mean),
        )
        for end in ("", "_low", "_high"):
            table[f"value_{h}{end}"] = table[f"orders_{h}{end}"] * value
    shape, rate = fit.values[0] + s.repeats, fit.values[1] + s.span
    for name, share in (("next_order_on", 0.5), ("next_order_on_low", 0.025), ("next_order_on_high", 0.975)):
        days = rate * np.expm1(-np.log1p(-share) / shape)
        days = np.where(days <= NEXT_ORDER_WITHIN, days, np.nan)
        table[name] = pd.Timestamp(as_of) + pd.to_timedelta(np.ceil(days), unit="D")
    return table
