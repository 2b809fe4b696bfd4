"""Do segments keep their order, and how much of later spend do they tell?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from segmentation.choosing.measures import LATER_SAMPLE, drawn_sample
from segmentation.proving.later_sums import DRAWS, Sums, drawn_times, interval, sums

ORDER = (
    *("customers", "order_kept", "order_low", "order_high"),
    *("ranks_explained", "ranks_low", "ranks_high", "money_explained", "money_low", "money_high"),
)
ALL_DAYS = "all days"


def order_by_day(customers: pd.DataFrame, *, seed: int, draws: int = DRAWS) -> pd.DataFrame:
    """Measure for each day, and on average, whether segments told what their customers spent next.

    Parameters
    ----------
    customers : in segments that were made as of each day, see `then.customers_then`
    seed, draws : of the customers drawn again, each with all days

    Returns
    -------
    DataFrame, one row a day and a last one, `ALL_DAYS`, with the means
        customers : of the day, all different ones in the last row
        order_kept : Spearman's correlation of the segments' recent and later mean spend, missing with one segment
        ranks_explained, money_explained : share of the variance of later spend between segments, beyond chance, 0 to 1,
        by ranks and in money; each with its 95 % interval, _low and _high
    """
    added = sums(customers, customers["segment"], seed=seed, draws=draws)
    kept = orders_kept(added)
    told = shares_told(customers, seed=seed, draws=draws)
    measures = np.concatenate([kept[..., None], told], axis=-1)
    rows = [*np.moveaxis(measures, 1, 0), mean_of_days(measures)]
    ids = customers.index.get_level_values("customer_id").nunique()
    sizes = [*customers.groupby(level="day", sort=True).size(), ids]
    index = pd.Index([*added.days, ALL_DAYS], name="day")
    return pd.DataFrame([order_row(row) for row in rows], index=index).assign(customers=sizes)[[*ORDER]]


def mean_of_days(measures: np.ndarray) -> np.ndarray:
    """Average measures over the days on which they are known; shape (draws, days, measures) to (draws, measures)."""
    known = ~np.isnan(measures)
    total, days = np.where(known, measures, 0.0).sum(axis=1), known.sum(axis=1)
    return np.divide(total, days, out=np.full(total.shape, np.nan), where=days > 0)


def order_row(measured: np.ndarray) -> dict[str, float]:
    """Set the measures of one day beside their intervals; shape (1 + draws, 3).

    Among customers drawn again a full order is easily broken and never mended, so an interval ends where it must at
    what was observed.
    """
    row = {}
    for place, name in enumerate(("order_kept", "ranks_explained", "money_explained")):
        told, short = measured[0, place], name.split("_")[0]
        low, high = interval(measured[1:, place])
        limits = [told, np.fmin(low, told), np.fmax(high, told)]
        shown = limits if name == "order_kept" else np.clip(limits, 0, 1)
        row |= dict(zip((name, f"{short}_low", f"{short}_high"), shown, strict=True))
    return row


def orders_kept(added: Sums) -> np.ndarray:
    """Measure on each day how well groups kept their order; shape (1 + draws, days), missing with fewer than two."""
    recent, later = added.mean("recent_spend"), added.mean("later_spend")
    columns = []
    for place in range(len(added.days)):
        there = added.of("times")[0, place] > 0
        told = rank_correlations(recent[:, place, there], later[:, place, there])
        columns.append(told if there.sum() > 1 else np.full(len(told), np.nan))
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Told:
    """Customers of one day, ready to be counted many times: who, where, and what they spent later by its place.

    Attributes
    ----------
    who : place of each customer among all; groups : segment of each, from 0; later : spend; places : of each spend
        among the different ones in rising order
    """

    who: np.ndarray
    groups: np.ndarray
    later: np.ndarray
    places: np.ndarray

    def shares(self, times: np.ndarray) -> tuple[float, float]:
        """Measure the share between groups by ranks and in money, each customer counted so many times."""
        own = times[self.who]
        sizes = np.bincount(self.places, weights=own)
        ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[self.places]
        return weighted_share(ranks, self.groups, own), weighted_share(self.later, self.groups, own)


def shares_told(customers: pd.DataFrame, *, seed: int, draws: int) -> np.ndarray:
    """Measure how much of later spend's variance lies between segments; shape (1 + draws, days, 2): ranks, money."""
    who, ids = pd.factorize(customers.index.get_level_values("customer_id"))
    some = np.isin(who, drawn_sample(len(ids), LATER_SAMPLE, seed=seed))
    customers, (who, ids) = customers[some], pd.factorize(who[some])
    days = pd.factorize(customers.index.get_level_values("day"), sort=True)[0]
    parts = [ready(customers[days == day], who[days == day]) for day in range(days.max() + 1)]
    counted = (times for batch in drawn_times(len(ids), draws, seed) for times in batch.T)
    return centred(np.array([[part.shares(times) for part in parts] for times in counted]))


def ready(customers: pd.DataFrame, who: np.ndarray) -> Told:
    """Make the customers of one day ready; see `Told`."""
    later = customers["later_spend"].to_numpy()
    groups = np.unique(customers["segment"], return_inverse=True)[1]
    return Told(who, groups, later, np.unique(later, return_inverse=True)[1])


def weighted_share(values: np.ndarray, groups: np.ndarray, times: np.ndarray) -> float:
    """Measure `choosing.measures.share_between` of customers who count several times, below 0 where chance does better.

    Examples
    --------
    >>> float(weighted_share(np.array([1.0, 9.0, 2.0]), np.array([0, 1, 0]), np.array([2, 2, 0])))
    1.0
    """
    total, sizes = times.sum(), np.bincount(groups, weights=times)
    there = sizes > 0
    free = total - there.sum()
    if not total or free <= 0:
        return 0.0
    apart = values - (times @ values) / total
    all_in_all = times @ apart**2
    between = (np.bincount(groups, weights=times * apart)[there] ** 2 / sizes[there]).sum()
    return 1 - (1 - between / all_in_all) * (total - 1) / free if all_in_all > 0 else 0.0


def centred(told: np.ndarray) -> np.ndarray:
    """Move what was measured on customers drawn again to lie around what was observed.

    Customers drawn twice resemble each other, so groups of customers drawn again tell more than they do.
    """
    excess = told[1:].mean(axis=0) - told[0] if len(told) > 1 else 0.0
    return np.concatenate([told[:1], told[1:] - excess])


def order_kept(table: pd.DataFrame) -> float:
    """Measure how well the groups kept their order: Spearman's correlation of recent and later mean spend.

    Parameters
    ----------
    table : see `later_spend_by_group`, two groups or more

    Returns
    -------
    float from -1 to 1; 0 when the groups spent alike, or nobody anything

    Examples
    --------
    >>> order_kept(pd.DataFrame({"recent_spend": [90.0, 50.0, 10.0], "later_spend": [40.0, 10.0, 20.0]}))
    0.5
    """
    kept = rank_correlations(table["recent_spend"].to_numpy()[None], table["later_spend"].to_numpy()[None])
    return round(float(kept[0]), 12)


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Measure Spearman's correlation row by row; 0 where one of the two tells nothing apart, missing with a gap."""
    gap = (np.isnan(first) | np.isnan(second)).any(axis=-1)
    ranks = [rankdata(np.nan_to_num(values), axis=-1) for values in (first, second)]
    one, other = (rank - rank.mean(axis=-1, keepdims=True) for rank in ranks)
    size = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    return np.where(gap, np.nan, np.divide((one * other).sum(axis=-1), size, out=np.zeros(size.shape), where=size > 0))


def concordance(means: np.ndarray) -> float:
    """Measure how far the days agree on the order of the groups: Kendall's W, 1 the same, 1 over days as by chance.

    Parameters
    ----------
    means : shape (days, groups); groups that are missing on a day are left out

    Source
    ------
    Kendall & Babington Smith, The problem of m rankings, Annals of Mathematical Statistics 10 (1939), with ties

    Examples
    --------
    >>> concordance(np.array([[9.0, 5.0, 1.0], [8.0, 4.0, 2.0]]))
    1.0
    """
    known = means[:, ~np.isnan(means).any(axis=0)]
    days, groups = known.shape
    if days < 2 or groups < 2:
        return float("nan")
    ranks = rankdata(known, axis=1)
    between = ((ranks.sum(axis=0) - ranks.sum() / groups) ** 2).sum()
    within = days * ((ranks - ranks.mean(axis=1, keepdims=True)) ** 2).sum()
    return float(between / within) if within else float("nan")
