"""Purchase histories for tests: drawn from known models, or made to be as nasty as shops can be."""

import numpy as np
import pandas as pd

from segmentation.lifetime.histories import HISTORY


def as_histories(
    repeats: np.ndarray, last: np.ndarray, span: np.ndarray, value: np.ndarray | None = None
) -> pd.DataFrame:
    """Set histories in the form that `purchase_histories` gives."""
    ids = pd.Index([f"c{number:07}" for number in range(len(repeats))], name="customer_id")
    money = np.full(len(repeats), np.nan) if value is None else np.where((repeats > 0) & (value > 0), value, np.nan)
    columns = dict(zip(HISTORY, (repeats, last, span), strict=True))
    return pd.DataFrame(columns | {"order_value": money}, index=ids).astype({"repeat_count": "int64"})


def purchases(
    rate: np.ndarray, stays: np.ndarray, chance: np.ndarray, span: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Play purchases out one by one: each after an exponential gap, none after the customer has left.

    Parameters
    ----------
    rate : of orders; stays : time until the customer leaves anyhow; chance : to leave after each repeat purchase
    span : time observed

    Returns
    -------
    (repeats, time of the last one)
    """
    repeats, last = np.zeros(len(rate)), np.zeros(len(rate))
    active = stays > 0
    while active.any():
        following = last + generator.exponential(size=len(rate)) / rate
        active = active & (following <= np.minimum(span, stays))
        repeats, last = repeats + active, np.where(active, following, last)
        active = active & (generator.random(len(rate)) >= chance)
    return repeats, last


def drawn(model: str, parameters: tuple[float, ...], *, customers: int, span: float, seed: int) -> pd.DataFrame:
    """Draw histories from a model; half of the customers are observed for the whole time, the others for less."""
    generator = np.random.default_rng(seed)
    observed = span * generator.uniform(0.5, 1.0, customers)
    r, alpha, third, fourth = parameters
    rate = np.maximum(generator.gamma(r, size=customers) / alpha, 1e-12)
    stays, chance = np.full(customers, np.inf), np.zeros(customers)
    if model == "Pareto/NBD":
        stays = generator.exponential(size=customers) / np.maximum(
            generator.gamma(third, size=customers) / fourth, 1e-12
        )
    else:
        chance = generator.beta(third, fourth, size=customers)
    if model == "MBG/NBD":
        stays = np.where(generator.random(customers) < chance, 0.0, np.inf)
    repeats, last = purchases(rate, stays, chance, observed, generator)
    return as_histories(repeats, last, observed)


def with_money(histories: pd.DataFrame, *, p: float, q: float, gamma: float, seed: int) -> pd.DataFrame:
    """Draw what first orders brought, and the mean of later ones, from a Gamma-Gamma model."""
    generator = np.random.default_rng(seed)
    repeats = histories["repeat_count"].to_numpy()
    scale = generator.gamma(q, size=len(histories)) / gamma
    value = generator.gamma(p * np.maximum(repeats, 1)) / scale / np.maximum(repeats, 1)
    first = generator.gamma(p, size=len(histories)) / scale
    return histories.assign(order_value=np.where(repeats > 0, value, np.nan), first_value=first)


def nasty(seed: int) -> pd.DataFrame:
    """Make histories that a model may choke on, another kind each time."""
    generator = np.random.default_rng(seed)
    customers = int(generator.choice([2, 60, 80, 400]))
    span = generator.choice([1.0, 7.0, 300.0, 1e6]) * generator.uniform(0.01, 1.0, customers)
    repeats = generator.poisson(generator.gamma(generator.choice([0.3, 0.5, 20.0]), size=customers))
    last = span * generator.uniform(size=customers)
    value = generator.lognormal(3.0, generator.choice([0.0, 0.5, 4.0]), customers)
    kind = seed % 10
    if kind == 0:
        repeats = np.zeros(customers)
    elif kind == 1:
        repeats = np.ones(customers)
    elif kind == 2:
        span = np.full(customers, span[0])
        last = span * generator.uniform(size=customers)
    elif kind == 3:
        last = span.copy()
    elif kind == 4:
        repeats[0], value = 1_000_000, -value
    elif kind == 5:
        value = np.zeros(customers)
    elif kind == 6:
        last = np.zeros(customers)
    elif kind == 7:
        repeats, value = repeats * 1_000, np.full(customers, 9.99)
    elif kind == 8:
        span, last = span / 1e9, last / 1e9
    last = np.where(repeats > 0, last, 0.0)
    return as_histories(repeats, last, span, value)
