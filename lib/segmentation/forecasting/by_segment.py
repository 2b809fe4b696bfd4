"""The outlook of each segment: sums and means of its customers, with intervals."""

import numpy as np
import pandas as pd

from segmentation.forecasting.intervals import Errors
from segmentation.forecasting.outlook import Outlook
from segmentation.privacy import suppress_small_groups

DRAWS = 200
MIDDLE = (0.025, 0.975)
SHOWN = (90, 365)


def outlook_by_segment(outlook: Outlook, segments: pd.DataFrame, *, min_group: int, seed: int) -> pd.DataFrame:
    """Average the outlook over each segment's customers.

    The interval is that of the mean: in each draw all customers get what followed such forecasts on one and the same of
    the days tried out, so that a good or a bad season moves all of them.

    Parameters
    ----------
    outlook : see `make_outlook`
    segments : indexed by customer_id: segment, name
    min_group : numbers of segments with fewer customers are left out
    seed : of the draws

    Returns
    -------
    DataFrame, one row a segment, in the order of their numbers: segment (name), customers, active (mean), returns_90,
    returns_365 (means), orders_90 …, value_365 … (means a customer) with _low and _high; no row without an outlook
    """
    means = [f"returns_{days}" for days in SHOWN]
    amounts = [(what, days) for what in ("orders", "value") for days in SHOWN]
    columns = ["active", *means, *(f"{what}_{days}{end}" for what, days in amounts for end in ("", "_low", "_high"))]
    if outlook.why_not:
        return pd.DataFrame(columns=["segment", "customers", *columns])
    segment = segments["segment"].reindex(outlook.table.index)
    by_segment = outlook.table.groupby(segment.to_numpy())
    table = by_segment[["active", *means]].mean()
    for what, days in amounts:
        name = f"{what}_{days}"
        table[name] = by_segment[name].mean()
        low, high = ends_of_means(outlook, name, (what, days), segment, seed=seed)
        table[f"{name}_low"], table[f"{name}_high"] = np.minimum(low, table[name]), np.maximum(high, table[name])
    names = segments.groupby("segment")["name"].first()
    table.insert(0, "customers", by_segment.size())
    table.insert(0, "segment", names.reindex(table.index))
    shown = table[["segment", "customers", *columns]].reset_index(drop=True)
    return suppress_small_groups(shown, count="customers", min_group=min_group, keep=["segment"])


def ends_of_means(
    outlook: Outlook, name: str, key: tuple[str, int], segment: pd.Series, *, seed: int
) -> tuple[pd.Series, pd.Series]:
    """Find the middle 95 % of each segment's mean; where errors are not known, the mean of the customers' own ends."""
    groups = segment.to_numpy()
    errors = nearest_errors(outlook, *key)
    if errors is None:
        return tuple(outlook.table[f"{name}_{end}"].groupby(groups).mean() for end in ("low", "high"))
    drawn = errors.draws(outlook.table[name].to_numpy(), number=DRAWS, seed=seed)
    means = pd.DataFrame(drawn).groupby(groups).mean()
    low, high = np.quantile(means.to_numpy(), MIDDLE, axis=1)
    return pd.Series(low, index=means.index), pd.Series(high, index=means.index)


def nearest_errors(outlook: Outlook, what: str, days: int) -> Errors | None:
    """Find how far forecasts are off, from the nearest horizon that could be tried out; None when none could."""
    tried = [horizon for target, horizon in outlook.errors if target == what]
    return outlook.errors[what, min(tried, key=lambda horizon: abs(horizon - days))] if tried else None
