"""What customers did in the last weeks and months, for learners: orders and money by how long ago."""

import datetime
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.forecasting.known import Known
from segmentation.proving.looks import Look
from segmentation.tables import net_value

BACK = (30, 90, 180, 365)


@dataclass(frozen=True)
class Activity:
    """Orders and money of one shop's customers lately, each day counted once.

    Attributes
    ----------
    counted : (day, days ahead) → one row a customer who ordered in the year before the day
    """

    counted: dict[tuple[datetime.date, int], pd.DataFrame] = field(default_factory=dict, repr=False)

    def of(self, known: Known | Look, *, days: int) -> pd.DataFrame:
        """Tell what each customer did in the days before the day; see `recent_activity`.

        Returns
        -------
        DataFrame indexed as known.features; 0 for who did not order
        """
        if (known.day, days) not in self.counted:
            self.counted[known.day, days] = recent_activity(known.orders, day=known.day, days=days)
        return self.counted[known.day, days].reindex(known.features.index, fill_value=0.0)


def recent_activity(orders: ir.Table, *, day: datetime.date, days: int) -> pd.DataFrame:
    """Count orders and money of each customer in the days before the day, for several lengths.

    Parameters
    ----------
    orders : clean order lines before the day
    days : how far ahead is forecast; the same season a year before is looked at as well

    Returns
    -------
    DataFrame indexed by customer_id, who ordered within a year: orders_last_30, spend_last_30, … for each of `BACK`;
    orders_season and spend_season, in as many days as are forecast, a year before
    """
    spans = {f"last_{back}": (back, 0) for back in BACK} | {"season": (365, 365 - min(days, 365))}
    net, told = net_value(orders), {}
    for name, (first, last) in spans.items():
        start, end = (ibis.timestamp((day - datetime.timedelta(days=ago)).isoformat()) for ago in (first, last))
        within = (orders.ordered_at >= start) & (orders.ordered_at < end)
        told[f"orders_{name}"] = orders.order_id.nunique(where=within & (orders.quantity > 0))
        told[f"spend_{name}"] = ibis.coalesce(net.sum(where=within), 0.0)
    reach = day - datetime.timedelta(days=max(BACK))
    lines = orders.filter(orders.ordered_at >= ibis.timestamp(reach.isoformat()))
    table = lines.group_by("customer_id").aggregate(**told).execute().set_index("customer_id")
    return table.astype("float64").round(2)


def log_money(values: np.ndarray) -> np.ndarray:
    """Take logarithms of amounts plus one; what is below 0 counts as 0."""
    return np.log1p(np.clip(values, 0, None))
