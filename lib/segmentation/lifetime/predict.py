"""What to expect of each customer: whether active, orders and money within days, the day of the next order."""

import datetime
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd

from segmentation.lifetime.choose import LifetimeModels
from segmentation.lifetime.histories import HISTORY, Summary
from segmentation.lifetime.models import Model
from segmentation.problems import DataProblem

HORIZONS = (30, 90, 365)  # days
NEXT_ORDER_WITHIN = 730  # days
LOWER, UPPER = 0.025, 0.975
BLOCKS = 20  # of draws, at most, each with parameters of its own
CHUNK = 2_000_000  # draws at a time
SMALLEST = 1e-100  # rate or scale that is divided by


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
    times = histories[list(HISTORY)].astype("float64")
    known, money = fits.worth.evidence(histories)
    rough = times.assign(known=known, money=two_digits(money))
    expected = once_each(times, partial(expectations, fits=fits, horizons=horizons))
    bounds = once_each(rough, partial(drawn_bounds, fits=fits, horizons=horizons, draws=draws, seed=seed))
    worth = fits.worth.expected(histories)
    columns = {name: expected[name] for name in ("active", *(f"returns_{days}" for days in horizons))}
    for days in horizons:
        columns |= with_bounds(f"orders_{days}", expected[f"orders_{days}"], bounds)
        columns |= with_bounds(f"value_{days}", expected[f"orders_{days}"] * worth, bounds)
    for name, days in with_bounds("next_order_on", expected["next_order_on"], bounds).items():
        within = np.ceil(days.where(days <= NEXT_ORDER_WITHIN))
        columns[name] = pd.Timestamp(as_of) + pd.to_timedelta(within, unit="D")
    return pd.DataFrame(columns, index=histories.index)


def once_each(rows: pd.DataFrame, tell: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """Tell of each different row once, in sorted order, and give it to all rows that are the same."""
    different = rows.drop_duplicates().sort_values(list(rows), ignore_index=True)
    told = pd.concat([different, tell(different)], axis=1)
    merged = rows.merge(told, on=list(rows), how="left", validate="many_to_one")
    return merged.drop(columns=list(rows)).set_axis(rows.index)


def two_digits(money: np.ndarray) -> np.ndarray:
    """Round money to two digits: drawn bounds are no finer, and many customers then share one.

    Examples
    --------
    >>> two_digits(np.array([0.0, 1234.0, 0.5678])).tolist()
    [0.0, 1200.0, 0.57]
    """
    size = 10.0 ** (np.floor(np.log10(np.maximum(money, 1e-9))) - 1)
    return np.round(np.round(money / size) * size, 12)


def expectations(different: pd.DataFrame, *, fits: LifetimeModels, horizons: Sequence[int]) -> pd.DataFrame:
    """Compute what is expected of each history; the next order in days from now."""
    (model, fit), summary = fits.chosen, as_summary(different)
    active = model.active(fit.values, summary)
    columns = {"active": active, "next_order_on": days_to_next(fit.values, summary)}
    for name, measure in (("returns", model.returns), ("orders", model.orders)):
        told = np.maximum.accumulate([active * measure(fit.values, summary, float(days)) for days in horizons])
        columns |= {f"{name}_{days}": row for days, row in zip(horizons, told, strict=True)}
    return pd.DataFrame(columns)


def as_summary(different: pd.DataFrame) -> Summary:
    """Read histories as arrays."""
    return Summary(*(different[name].to_numpy() for name in HISTORY), np.ones(len(different)))


def days_to_next(parameters: np.ndarray, summary: Summary) -> np.ndarray:
    """Tell within how many days half of the active customers with each history order again."""
    shape, rate = parameters[0] + summary.repeats, parameters[1] + summary.span
    return rate * np.expm1(np.minimum(np.log(2) / shape, 700.0))


def with_bounds(name: str, expected: pd.Series, bounds: pd.DataFrame) -> dict[str, pd.Series]:
    """Name an expectation and its interval, which always holds it."""
    return {
        name: expected,
        f"{name}_low": np.minimum(bounds[f"{name}_low"], expected),
        f"{name}_high": np.maximum(bounds[f"{name}_high"], expected),
    }


def drawn_bounds(
    different: pd.DataFrame, *, fits: LifetimeModels, horizons: Sequence[int], draws: int, seed: int
) -> pd.DataFrame:
    """Draw futures of each history, and find between which values 95 % of them lie; the next order in days from now."""
    generator = np.random.default_rng(seed)
    blocks = [*drawn_parameters(fits, generator, number=min(BLOCKS, draws))]
    per_block = -(-draws // len(blocks))
    size = max(1, CHUNK // (per_block * len(blocks)))
    names = [*(f"{kind}_{days}" for kind in ("orders", "value") for days in horizons), "next_order_on"]
    found = []
    for first in range(0, len(different), size):
        part = different.iloc[first : first + size]
        futures = [drawn_futures(part, fits.chosen[0], *block, horizons, per_block, generator) for block in blocks]
        low, high = middle(np.concatenate(futures, axis=1))
        found.append(pd.DataFrame(np.hstack([low, high]), columns=[f"{n}_{e}" for e in ("low", "high") for n in names]))
    return pd.concat(found, ignore_index=True)


def drawn_parameters(
    fits: LifetimeModels, generator: np.random.Generator, *, number: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw parameters as far as the data leave them open, so many times; of the next orders and of their worth."""
    fit, worth = fits.chosen[1], fits.worth
    for _ in range(number):
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
) -> np.ndarray:
    """Draw so many futures of each history with the same parameters.

    Returns
    -------
    Array of shape (histories, number, 2 × horizons + 1): orders, money, days to the next order if active
    """
    active = model.active(of_orders, as_summary(part))
    several = part.loc[part.index.repeat(number)]
    orders, rate = model.draw(of_orders, as_summary(several), np.array(horizons, dtype="float64"), generator)
    orders = np.where(generator.random(len(several)) < np.repeat(active, number), orders.T, 0.0).T
    p, q, gamma = of_money
    per_piece = np.maximum(generator.gamma(q + p * several["known"].to_numpy()), SMALLEST)
    scale = (gamma + several["money"].to_numpy()) / per_piece
    money = generator.gamma(p * np.diff(orders, axis=1, prepend=0.0)).cumsum(axis=1) * scale[:, None]
    following = generator.exponential(size=len(several)) / np.maximum(rate, SMALLEST)
    return np.column_stack([orders, money, following]).reshape(len(part), number, -1)


def middle(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find between which of the drawn values, along axis 1, the middle 95 % lie."""
    number = values.shape[1]
    lower, upper = int(np.floor(LOWER * (number - 1))), int(np.ceil(UPPER * (number - 1)))
    sorted_there = np.partition(values, [lower, upper], axis=1)
    return sorted_there[:, lower], sorted_there[:, upper]
