"""Lifetime models beside what really happened, and what they make of different histories."""

import numpy as np
import pandas as pd

from segmentation.lifetime.choose import LifetimeModels
from segmentation.lifetime.histories import HISTORY, Summary

MOST_REPEATS = 7  # customers with so many or more stand together


def expected_and_actual(
    histories: pd.DataFrame, models: LifetimeModels, later: pd.Series, *, days: int, min_group: int
) -> pd.DataFrame:
    """Compare the repeat purchases that a model expected in the hold-out period with those that came.

    Parameters
    ----------
    histories : as of the beginning of the period, see `purchase_histories`
    models : fitted to them; later : days with a purchase in the period, the same index; days : length of the period
    min_group : groups with fewer customers are left out

    Returns
    -------
    DataFrame indexed by repeats, a text: customers; expected and actual, purchases a customer in the period

    Examples
    --------
    >>> from segmentation.lifetime import fit_best
    >>> nobody = pd.DataFrame({name: pd.Series(dtype=float) for name in (*HISTORY, "order_value")})
    >>> expected_and_actual(nobody, fit_best(nobody), pd.Series(dtype=float), days=90, min_group=5).empty
    True
    """
    if not models.best:
        return pd.DataFrame(columns=["customers", "expected", "actual"]).rename_axis("repeats")
    expected = expected_orders(histories, models, days=days)
    grouped = histories["repeat_count"].clip(upper=MOST_REPEATS)
    told = pd.DataFrame({"expected": expected, "actual": later}).groupby(grouped)
    table = told.mean().assign(customers=told.size())[["customers", "expected", "actual"]]
    table = table[table["customers"] >= min_group]
    words = [f"{count:.0f}" if count < MOST_REPEATS else f"{count:.0f} or more" for count in table.index]
    return table.set_axis(pd.Index(words, name="repeats"))


def expected_orders(histories: pd.DataFrame, models: LifetimeModels, *, days: float) -> pd.Series:
    """Compute the purchases that the chosen model expects of each customer within so many days."""
    model, fit = models.chosen
    summary = Summary(*(histories[name].to_numpy(dtype="float64") for name in HISTORY), np.ones(len(histories)))
    return pd.Series(model.active(fit.values, summary) * model.orders(fit.values, summary, days), histories.index)


def bias(expected: pd.Series, actual: pd.Series) -> float:
    """Measure by which share of what came the expectation lies above it; 0 when nothing came and nothing was expected.

    Examples
    --------
    >>> bias(pd.Series([1.0, 2.0]), pd.Series([2, 2]))
    -0.25
    """
    return float((expected.sum() - actual.sum()) / max(actual.sum(), 1))


def active_grid(models: LifetimeModels, *, observed_days: float) -> pd.DataFrame:
    """Compute how probably customers are active by the days since their last purchase and their repeats.

    Parameters
    ----------
    models : see `fit_best`, with a best one
    observed_days : since the first purchase

    Returns
    -------
    DataFrame of probabilities: index repeats, 0 to 7; columns days since the last purchase, ascending
    """
    model, fit = models.chosen
    since = np.unique(np.round(np.linspace(0, observed_days, 9)[:-1]))
    repeats = np.arange(MOST_REPEATS + 1)
    count, ago = (values.ravel().astype("float64") for values in np.meshgrid(repeats, since, indexing="ij"))
    span = np.where(count > 0, observed_days, ago)
    summary = Summary(count, np.where(count > 0, observed_days - ago, 0.0), span, np.ones(len(count)))
    grid = model.active(fit.values, summary).reshape(len(repeats), len(since))
    return pd.DataFrame(grid, index=pd.Index(repeats, name="repeats"), columns=since.astype("int64"))
