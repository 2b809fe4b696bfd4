"""What customers did in the last weeks and months, for learners: orders and money by how long ago."""

import datetime

import ibis
import numpy as np
import pandas as pd

from segmentation.forecasting.known import Known
from segmentation.proving.looks import Look
from segmentation.tables import net_value

BACK = (30, 90, 180, 365)


def recent_activity(known: Known | Look, *, days: int) -> pd.DataFrame:
    """Count orders and money of each customer in the days before the day, for several lengths.

    Parameters
    ----------
    known : customers and orders
    days : how far ahead is forecast; the same season a year before is looked at as well

    Returns
    -------
    DataFrame indexed as known.features: orders_last_30, spend_last_30, … for each of `BACK`; season_orders and
    season_spend, in as many days as are forecast, a year before; 0 for who did not order
    """
    spans = {f"last_{back}": (back, 0) for back in BACK} | {"season": (365, 365 - min(days, 365))}
    orders, told = known.orders, {}
    net = net_value(orders)
    for name, (first, last) in spans.items():
        start, end = (ibis.timestamp((known.day - datetime.timedelta(days=ago)).isoformat()) for ago in (first, last))
        within = (orders.ordered_at >= start) & (orders.ordered_at < end)
        told[f"orders_{name}"] = orders.order_id.nunique(where=within & (orders.quantity > 0))
        told[f"spend_{name}"] = ibis.coalesce(net.sum(where=within), 0.0)
    reach = known.day - datetime.timedelta(days=max(BACK))
    lines = orders.filter(orders.ordered_at >= ibis.timestamp(reach.isoformat()))
    table = lines.group_by("customer_id").aggregate(**told).execute().set_index("customer_id")
    return table.reindex(known.features.index).fillna(0.0).astype("float64").round(2)


def log_money(values: np.ndarray) -> np.ndarray:
    """Take logarithms of amounts plus one; what is below 0 counts as 0."""
    return np.log1p(np.clip(values, 0, None))
