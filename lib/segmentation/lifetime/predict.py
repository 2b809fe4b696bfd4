"""What to expect of each customer: whether active, orders and money within days, the day of the next order."""

import datetime
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from segmentation.lifetime.choose import LifetimeModels
from segmentation.lifetime.histories import HISTORY, Summary
from segmentation.lifetime.models import Model
from segmentation.problems import DataProblem

HORIZONS = (30, 90, 365)  # days
NEXT_ORDER_WITHIN = 730  # days
LOWER, UPPER = 0.025, 0.975
BLOCKS = 20  # of draws, each with parameters of its own
CHUNK = 2_000_000  # draws at a time


def lifetime_table(
    histories: pd.DataFrame,
    fits: LifetimeModels,
    *,
    as_of: datetime.date,
    horizons: Sequence[int] = HORIZONS,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Tell of each customer whether they are active, what they will order, and when next, with 95 % intervals.

    Expectations are computed; intervals are what the middle 95 % of drawn futures hold. In these the customer's own
    rate, their chance to leave, the value of their orders and the models' parameters vary as far as data leave them
    open.

    Parameters
    ----------
    histories : see `purchase_histories`
    fits : see `fit_best`
    as_of : the day of description
    horizons : days ahead, ascending
    draws : futures of each different history
    seed : the same one draws the same futures

    Returns
    -------
    DataFrame with the same index
        active : probability that the customer still is one
        returns_30 … : probability of an order within so many days
        orders_30, orders_30_low, orders_30_high … : purchases within so many days
        value_30, value_30_low, value_30_high … : what they bring, shop currency
        next_order_on, next_order_on_low, next_order_on_high : day by which an active customer orders next with a
            probability of 50 %, 2.5 %, 97.5 %; missing when it lies more than two years ahead

    Raises
    ------
    DataProblem
        The histories carry no lifetime model.
    """
    if not fits.best:
        raise DataProblem(fits.words)
    keys = histories[[*HISTORY, "order_value"]].astype("float64").fillna({"order_value": 0.0})
    different = keys.drop_duplicates().sort_values(list(keys), ignore_index=True)
    told = pd.concat([different, told_of(different, fits, horizons=horizons, draws=draws, seed=seed)], axis=1)
    table = keys.merge(told, on=list(keys), how="left", validate="many_to_one").drop(columns=list(keys))
    for name in [name for name in table if name.startswith("next_order")]:
        days = table[name].where(table[name] <= NEXT_ORDER_WITHIN)
        table[name] = pd.Timestamp(as_of) + pd.to_timedelta(np.ceil(days), unit="D")
    return table.set_axis(histories.index)


def told_of(
    different: pd.DataFrame, fits: LifetimeModels, *, horizons: Sequence[int], draws: int, seed: int
) -> pd.DataFrame:
    """Put expectations and intervals together, each history once; the next order in days from now."""
    columns, (bounds_orders, bounds_money, bounds_next) = {}, drawn_bounds(different, fits, horizons, draws, seed)
    summary, worth = as_summary(different), order_worth(different, fits)
    model, fit = fits.chosen
    columns["active"] = active = model.active(fit.values, summary)
    returns, orders = (
        np.maximum.accumulate([active * measure(fit.values, summary, float(days)) for days in horizons])
        for measure in (model.returns, model.orders)
    )
    for place, days in enumerate(horizons):
        columns[f"returns_{days}"] = returns[place]
        columns |= with_bounds(f"orders_{days}", orders[place], bounds_orders[..., place])
        columns |= with_bounds(f"value_{days}", orders[place] * worth, bounds_money[..., place])
    columns |= with_bounds("next_order_on", days_to_next(fit.values, summary), bounds_next)
    return pd.DataFrame(columns)


def as_summary(different: pd.DataFrame) -> Summary:
    """Read histories as arrays."""
    return Summary(*(different[name].to_numpy() for name in HISTORY), np.ones(len(different)))


def order_worth(different: pd.DataFrame, fits: LifetimeModels) -> np.ndarray:
    """Tell what an order of a customer with each history is worth."""
    return fits.worth.expected(different["repeat_count"].to_numpy(), different["order_value"].to_numpy())


def days_to_next(parameters: np.ndarray, summary: Summary) -> np.ndarray:
    """Tell within how many days half of the active customers with each history order again."""
    shape, rate = parameters[0] + summary.repeats, parameters[1] + summary.span
    return rate * np.expm1(np.minimum(np.log(2) / shape, 700.0))


def with_bounds(name: str, expected: np.ndarray, bounds: np.ndarray) -> dict[str, np.ndarray]:
    """Name an expectation and its interval, which always holds it; bounds have the shape (2, histories)."""
    return {
        name: expected,
        f"{name}_low": np.minimum(bounds[0], expected),
        f"{name}_high": np.maximum(bounds[1], expected),
    }


def drawn_bounds(
    different: pd.DataFrame, fits: LifetimeModels, horizons: Sequence[int], draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw futures of each history, and find between which values 95 % of them lie.

    Returns
    -------
    (orders, money, days to the next order), the first two of shape (2, histories, horizons), the last (2, histories)
    """
    generator = np.random.default_rng(seed)
    per_block = -(-draws // BLOCKS)
    blocks = [*drawn_parameters(fits, generator)]
    size = max(1, CHUNK // (per_block * BLOCKS))
    found = []
    for first in range(0, len(different), size):
        part = different.iloc[first : first + size]
        futures = [
            drawn_futures(part, fits.chosen[0], of_orders, of_money, horizons, per_block, generator)
            for of_orders, of_money in blocks
        ]
        found.append([middle(np.concatenate(kind, axis=1)) for kind in zip(*futures, strict=True)])
    orders, money, following = (np.concatenate(kind, axis=1) for kind in zip(*found, strict=True))
    return orders, money, following


def drawn_parameters(fits: LifetimeModels, generator: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw parameters as far as the data leave them open, once a block."""
    fit, worth = fits.chosen[1], fits.worth
    for _ in range(BLOCKS):
        of_orders = fit.values * np.exp(generator.multivariate_normal(np.zeros(len(fit.values)), fit.covariance))
        yield of_orders, worth.parameters * np.exp(generator.multivariate_normal(np.zeros(3), worth.covariance))


def drawn_futures(
    part: pd.DataFrame,
    model: Model,
    of_orders: np.ndarray,
    of_money: np.ndarray,
    horizons: Sequence[int],
    number: int,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw so many futures of each history with the same parameters.

    Returns
    -------
    (orders, money, days to the next order if active), the first two of shape (histories, number, horizons), the last
    (histories, number)
    """
    active = model.active(of_orders, as_summary(part))
    several = part.loc[part.index.repeat(number)]
    orders, rate = model.draw(of_orders, as_summary(several), np.array(horizons, dtype="float64"), generator)
    orders = np.where(generator.random(len(several)) < np.repeat(active, number), orders.T, 0.0).T
    p, q, gamma = of_money
    known = np.where(several["order_value"] > 0, several["repeat_count"], 0.0)
    scale = (gamma + known * several["order_value"].to_numpy()) / np.maximum(generator.gamma(q + p * known), 1e-100)
    money = generator.gamma(p * np.diff(orders, axis=1, prepend=0.0)).cumsum(axis=1) * scale[:, None]
    following = generator.exponential(size=len(several)) / np.maximum(rate, 1e-100)
    shape = (len(part), number)
    return orders.reshape(*shape, -1), money.reshape(*shape, -1), following.reshape(shape)


def middle(values: np.ndarray) -> np.ndarray:
    """Find between which of the drawn values, along axis 1, the middle 95 % lie."""
    number = values.shape[1]
    places = [int(np.floor(LOWER * (number - 1))), int(np.ceil(UPPER * (number - 1)))]
    return np.moveaxis(np.partition(values, places, axis=1)[:, places], 1, 0)
