"""What a forecaster may see of a day: the customers as they stood, and the orders before it; nothing later."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import ibis.expr.types as ir
import pandas as pd

from segmentation.features import later_outcomes
from segmentation.proving.looks import Look

Target = Literal["returns", "orders", "value"]
Kind = Literal["lifetime model", "learner", "simple rule", "segments"]
TARGETS: tuple[Target, ...] = ("returns", "orders", "value")
FLOOR = 0.001
CENT = 0.01


@dataclass(frozen=True)
class Known:
    """Customers as they stood on a day, without anything that followed.

    Attributes
    ----------
    day : of description
    features : of that day, one row a customer, indexed by customer_id in sorted order
    orders : clean order lines before the day
    """

    day: datetime.date
    features: pd.DataFrame
    orders: ir.Table


class Forecaster(Protocol):
    """Tells what customers do next, by what was known of them and by what earlier customers then did.

    Attributes
    ----------
    name : as tables show it
    kind : what sort it is
    """

    name: str
    kind: Kind

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast what customers do within so many days.

        Parameters
        ----------
        learn : an earlier day with what followed it, which ends where `now` begins
        now : the day from which on is forecast
        days : how far ahead; `learn` looked as far
        seed : of draws by chance
        targets : which columns are asked for

        Returns
        -------
        DataFrame indexed as now.features, the columns asked for: returns (probability of an order or more), orders
        (expected), value (expected net spend, shop currency)

        Raises
        ------
        DataProblem
            The data can't carry it.
        """


def known_of(look: Look) -> Known:
    """Keep of a look what was known on its day."""
    return Known(look.day, look.features, look.orders)


def outcomes_of(look: Look) -> pd.DataFrame:
    """Turn what followed a look's day into what is forecast: returns (0 or 1), orders, value (net, 0 or more).

    Who got more back than they bought counts as having spent nothing.
    """
    later = look.outcomes
    return pd.DataFrame(
        {
            "returns": later["later_orders"].gt(0).astype("float64"),
            "orders": later["later_orders"].astype("float64"),
            "value": later["later_spend"].clip(lower=0.0),
        }
    )


def recent_spend(known: Known | Look, *, days: int) -> pd.Series:
    """Measure what each customer spent, net, in the days before the day."""
    if isinstance(known, Look) and known.days == days:
        return known.outcomes["recent_spend"]
    spent = later_outcomes(known.orders, known.day - datetime.timedelta(days=days), known.day)["spend"]
    return spent.reindex(known.features.index, fill_value=0.0)


def tidy(told: pd.DataFrame, *, usual: float) -> pd.DataFrame:
    """Keep forecasts within what can be: probabilities short of 0 and 1, orders and money above 0.

    Nothing is impossible because it did not happen to the customers learnt from: a probability keeps a thousandth from
    0 and 1, and money is at least a thousandth of what is usual, and a cent.

    Parameters
    ----------
    told : some of returns, orders, value
    usual : what a customer spends on average
    """
    lowest = {"returns": FLOOR, "orders": FLOOR, "value": max(CENT, FLOOR * usual)}
    kept = {name: told[name].astype("float64").clip(lower=lowest[name]) for name in told}
    if "returns" in kept:
        kept["returns"] = kept["returns"].clip(upper=1 - FLOOR)
    return pd.DataFrame(kept, index=told.index)


def usual_value(learn: Look) -> float:
    """Average what customers of an earlier day spent afterwards."""
    return float(outcomes_of(learn)["value"].mean()) if len(learn.features) else 0.0
