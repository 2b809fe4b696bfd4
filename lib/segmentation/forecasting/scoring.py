"""Scores of forecasts, for the customers as they are and as drawn again, all draws at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

POWER = 1.5  # of the Tweedie deviance, midway between counts (1) and amounts whose spread grows as fast as they do (2)
TOP = 0.1
DECIDES: Mapping[str, str] = {"value": "deviance", "returns": "log_loss"}
SCORES: Mapping[str, tuple[str, ...]] = {
    "value": ("deviance", "mae", "bias", "money_explained", "ranks_explained", "spearman", "top_share"),
    "returns": ("log_loss", "brier", "bias", "auc"),
}
Parts = dict[str, np.ndarray]  # by what is added up or averaged, one number a draw


def draw_weights(customers: int, *, draws: int, seed: int) -> np.ndarray:
    """Draw customers with replacement, and count how often each was drawn.

    Returns
    -------
    Array of float, shape (customers, draws + 1); the first column is the customers as they are, each once
    """
    generator = np.random.default_rng(seed)
    drawn = [np.bincount(generator.integers(0, customers, customers), minlength=customers) for _ in range(draws)]
    return np.column_stack([np.ones(customers), *drawn]).astype("float64")


def value_parts(told: np.ndarray, actual: np.ndarray, weights: np.ndarray, ranks: np.ndarray) -> Parts:
    """Measure forecasts of money on one day, by draw.

    Parameters
    ----------
    told : expected spend, above 0; actual : net spend, shape (customers,)
    weights : how often each customer counts, shape (customers, draws)
    ranks : of what was spent, see `ranks_of`

    Returns
    -------
    Sums over customers, ready to be added over days (customers, deviance, mae, told, actual, squares, spread), and what
    is averaged over days (spearman, top_share)
    """
    losses = [deviance(told, actual), np.abs(told - actual), told, actual, (told - actual) ** 2, actual**2]
    sums = np.stack(losses) @ weights
    customers = weights.sum(axis=0)
    order = Order.of(told)
    size = order.add(weights)
    return {
        "customers": customers, "deviance": sums[0], "mae": sums[1], "told": sums[2], "actual": sums[3],
        "squares": sums[4], "spread": sums[5] - sums[3] ** 2 / np.maximum(customers, 1),
        "spearman": correlation(order.ranks(size), ranks, weights),
        "top_share": top_share(size, order.add(weights * np.clip(actual, 0, None)[:, None])),
    }  # fmt: skip


def ranks_of(actual: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rank customers by what followed in each draw; see `Order.ranks`."""
    order = Order.of(actual)
    return order.ranks(order.add(weights))


def return_parts(told: np.ndarray, actual: np.ndarray, weights: np.ndarray) -> Parts:
    """Measure forecasts of who orders again on one day, by draw; see `value_parts`.

    Parameters
    ----------
    told : probability, above 0 and below 1; actual : 0 or 1
    """
    log_loss = -np.where(actual > 0, np.log(told), np.log1p(-told))
    sums = np.stack([log_loss, (told - actual) ** 2, told, actual]) @ weights
    order = Order.of(told)
    came = order.add(weights * actual[:, None])
    return {
        "customers": weights.sum(axis=0), "log_loss": sums[0], "brier": sums[1], "told": sums[2], "actual": sums[3],
        "auc": area_under_curve(came, order.add(weights) - came),
    }  # fmt: skip


def pooled(days: Sequence[Parts], target: str) -> Parts:
    """Put the parts of several days together into scores, one number a draw; see `SCORES`.

    Sums are added over the days, so each customer and day counts once; ranks are compared within a day, so their
    measures are averaged.
    """
    added = {name: np.sum([day[name] for day in days], axis=0) for name in days[0]}
    scores = {"bias": ratio(added["told"], added["actual"]) - 1}
    for name in ("deviance", "mae", "log_loss", "brier"):
        if name in added:
            scores[name] = ratio(added[name], added["customers"])
    for name in ("spearman", "top_share", "auc"):
        if name in added:
            scores[name] = np.mean([day[name] for day in days], axis=0)
    if target == "value":
        scores["money_explained"] = 1 - ratio(added["squares"], added["spread"])
        scores["ranks_explained"] = np.clip(scores["spearman"], 0, None) ** 2
    return {name: scores[name] for name in SCORES[target]}


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide; missing where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) > 0)


def deviance(told: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Measure the Tweedie deviance with power 1.5 of each customer; 0 when the forecast is what was spent.

    Who got more back than they bought counts as having spent nothing, as the deviance knows no negative amount.

    Source
    ------
    Jørgensen, The Theory of Dispersion Models (1997), unit deviance of Tweedie models

    Examples
    --------
    >>> deviance(np.array([4.0, 1.0]), np.array([4.0, 9.0])).tolist()
    [0.0, 16.0]
    """
    spent = np.clip(actual, 0, None)
    return 4 * (spent / np.sqrt(told) + np.sqrt(told) - 2 * np.sqrt(spent))


# --- ranks of customers who count several times, in all draws at once


@dataclass(frozen=True)
class Order:
    """Customers from the lowest to the highest value, those with equal values together.

    Attributes
    ----------
    places : of each customer's value among the different ones, lowest first, shape (customers,)
    order : customers by place; starts : where each place begins among them
    """

    places: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "Order":
        """Order customers by their values."""
        places = np.unique(values, return_inverse=True)[1]
        order = np.argsort(places, kind="stable")
        return cls(places, order, np.searchsorted(places[order], np.arange(places.max() + 1)))

    def add(self, weights: np.ndarray) -> np.ndarray:
        """Add up what customers with equal values have, shape (different values, draws)."""
        return np.add.reduceat(weights[self.order], self.starts, axis=0)

    def ranks(self, size: np.ndarray) -> np.ndarray:
        """Rank customers in each draw, ties in the middle, from −½ to ½, shape (customers, draws).

        Parameters
        ----------
        size : see `add`, of the weights
        """
        return ((np.cumsum(size, axis=0) - size / 2) / size.sum(axis=0) - 0.5)[self.places]


def correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlate ranks in each draw, which gives Spearman's; 0 when one side tells nothing apart.

    Parameters
    ----------
    first, second : see `Order.ranks`; their mean is 0 in each draw

    Examples
    --------
    >>> crowd = np.ones((3, 1))
    >>> first, second = (Order.of(np.array(told)) for told in ([1.0, 2.0, 3.0], [4.0, 9.0, 5.0]))
    >>> correlation(first.ranks(first.add(crowd)), second.ranks(second.add(crowd)), crowd).round(6).tolist()
    [0.5]
    """
    weighed = weights * first
    shared, wide = np.einsum("cd,cd->d", weighed, second), np.einsum("cd,cd->d", weighed, first)
    wide = np.sqrt(wide * np.einsum("cd,cd,cd->d", weights, second, second))
    return np.divide(shared, wide, out=np.zeros_like(shared), where=wide > 0)


def top_share(size: np.ndarray, money: np.ndarray) -> np.ndarray:
    """Measure the share of all money that the tenth with the highest forecasts brought, in each draw.

    Customers tied across the border count in proportion; 0 when nobody brought anything.

    Parameters
    ----------
    size, money : customers and what they spent by forecast, lowest first; see `Order.add`

    Examples
    --------
    >>> top_share(np.array([[8.0], [2.0]]), np.array([[4.0], [6.0]])).tolist()
    [0.3]
    """
    size, money = size[::-1], money[::-1]
    room = TOP * size.sum(axis=0) - (np.cumsum(size, axis=0) - size)
    within = np.divide(room, size, out=np.zeros_like(size), where=size > 0).clip(0, 1)
    total = money.sum(axis=0)
    return np.divide((within * money).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)


def area_under_curve(came: np.ndarray, stayed: np.ndarray) -> np.ndarray:
    """Measure how often who came back had the higher forecast than who did not, in each draw; ties count half.

    Missing where all came back, or nobody.

    Parameters
    ----------
    came, stayed : customers who did and did not come back by forecast, lowest first; see `Order.add`

    Examples
    --------
    >>> area_under_curve(np.array([[1.0], [1.0]]), np.array([[1.0], [0.0]])).tolist()
    [0.75]
    """
    below = np.cumsum(stayed, axis=0) - stayed / 2
    return ratio((came * below).sum(axis=0), came.sum(axis=0) * stayed.sum(axis=0))
