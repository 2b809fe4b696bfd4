"""Shops that go on as before, or in which something changes from a day on: customers drawn, orders altered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend
from shops import canonical_schema, clean_orders, store

from segmentation.cluster import Plan, Segmentation, Wish, fit, segment_customers
from segmentation.features import collect, customer_features
from segmentation.gate import FULL, Allowed
from segmentation.ingest import Hints, read_tables
from segmentation.movement import Verdict, drift_between, refit_agreement, refit_verdict
from segmentation.preparing import USUAL_FEATURES, Recipe
from segmentation.proving.refits import Refits, bootstrap_refits
from segmentation.sample import make_shop
from segmentation.tables import ORDERS

DAYS = 180  # from one look to the next
WAVES = 7  # of customers, each so many days after the one before
FIRST_DAY = date(2024, 7, 1)  # of every made shop
OLDEST, OLDER, THEN, NOW = (FIRST_DAY + timedelta(days=DAYS * (WAVES - back)) for back in (3, 2, 1, 0))
FOREIGN = ("bulk buyers", "steady small buyers")
VANISHING = ("champions", "regulars")

Orders = pd.DataFrame
Change = Callable[["World", Orders, pd.Series], Orders]


@dataclass(frozen=True)
class World:
    """What a change can draw on.

    Attributes
    ----------
    kinds : planted kind by customer_id; foreign : orders of customers of other kinds; seed : of what is drawn
    """

    kinds: pd.Series
    foreign: Orders
    seed: int


def made_orders(
    connection: Backend, folder: Path, *, customers: int, seed: int, kinds: tuple[str, ...] = ()
) -> tuple[Orders, pd.Series]:
    """Make a shop, read and clean its orders; also its customers' planted kinds."""
    make_shop(folder, customers=customers, seed=seed, kinds=list(kinds) or None)
    (folder / "scratch").mkdir()
    given = {"orders": [str(folder / "orders.csv")]}
    read = read_tables(connection, given, Hints(), scratch=folder / "scratch")["orders"].table
    orders = clean_orders(connection, read.to_pyarrow().to_pylist()).to_pandas()
    return orders, pd.read_csv(folder / "truth" / "customers.csv", index_col="customer_id")["kind"]


def in_waves(orders: Orders, *, seed: int) -> Orders:
    """Let customers come in waves, so that the same goes on and only the age of the shop changes."""
    ids = pd.Index(sorted(orders["customer_id"].unique()))
    wave = pd.Series(np.random.default_rng(seed).integers(0, WAVES, len(ids)), index=ids)
    return later(orders, orders["customer_id"].map(wave) * DAYS)


def later(orders: Orders, days: pd.Series | int) -> Orders:
    """Move orders to later days."""
    return orders.assign(ordered_at=orders["ordered_at"] + pd.to_timedelta(days, unit="D"))


def nothing(world: World, orders: Orders, touched: pd.Series) -> Orders:
    """Change nothing."""
    return orders


def dearer(world: World, orders: Orders, touched: pd.Series) -> Orders:
    """Raise prices by 60 %."""
    factor = touched.map({True: 1.6, False: 1.0})
    return orders.assign(**{name: orders[name] * factor for name in ("unit_price", "discount", "refunded")})


def rarer(world: World, orders: Orders, touched: pd.Series) -> Orders:
    """Halve how often customers order."""
    ids = orders.loc[touched, "order_id"].unique()
    dropped = np.random.default_rng(world.seed).choice(ids, len(ids) // 2, replace=False)
    return orders[~(touched & orders["order_id"].isin(dropped))]


def vanished(world: World, orders: Orders, touched: pd.Series) -> Orders:
    """Let the two best kinds of customer order no more."""
    return orders[~(touched & orders["customer_id"].map(world.kinds).isin(VANISHING))]


def arrived(world: World, orders: Orders, touched: pd.Series) -> Orders:
    """Let customers of kinds arrive that were not there."""
    came = later(world.foreign, DAYS * (WAVES - 1)) if not touched.all() else in_waves(world.foreign, seed=world.seed)
    return pd.concat([orders, came])


CHANGES: dict[str, Change] = {
    "nothing": nothing,
    "prices +60 %": dearer,
    "half as many orders": rarer,
    "two kinds vanish": vanished,
    "two kinds arrive": arrived,
}


def described(connection: Backend, orders: Orders, *, day: date) -> pd.DataFrame:
    """Describe customers as of a day."""
    known = orders.loc[orders["ordered_at"] < pd.Timestamp(day), list(ORDERS.names)]
    table = pa.Table.from_pandas(known, schema=canonical_schema(ORDERS), preserve_index=False)
    return collect(customer_features(store(connection, table), as_of=day))


@dataclass(frozen=True)
class Old:
    """The segments of a day, and what is known to judge later ones by.

    Attributes
    ----------
    looks : features as of days half a year apart, the oldest first, that day's last
    segmentation, plan, refits : of that day
    """

    looks: list[pd.DataFrame]
    segmentation: Segmentation
    plan: Plan
    refits: Refits


def old_segments(looks: list[pd.DataFrame], *, refits: int, seed: int = 7) -> Old:
    """Make the segments of the earlier day as step 04 does, at most eight."""
    wish = Wish(algorithm="k-means", k=0, k_max=8, min_share=0.03, weights={}, rules="simple_rules")
    recipe = Recipe(columns=USUAL_FEATURES)
    made = segment_customers(looks[-1], recipe=recipe, wish=wish, allowed=Allowed(FULL), refits=5, seed=seed)
    return old_after(made.plan, looks, refits=refits)


def old_after(plan: Plan, looks: list[pd.DataFrame], *, refits: int) -> Old:
    """Make the segments of the earlier day after a plan."""
    then = looks[-1]
    segmentation = fit(then, plan)
    again = bootstrap_refits(segmentation, then, plan, past=None, refits=refits, seed=plan.seed)
    return Old(looks, segmentation, plan, again)


def verdict_on(old: Old, now: pd.DataFrame, *, of_one_shop: bool) -> Verdict:
    """Decide whether the old segments do for customers of a later day, or of another run of the same day."""
    told = {"days": DAYS, "reference": old.looks} if of_one_shop else {}
    drift = drift_between(old.looks[-1], now, columns=old.plan.recipe.columns or USUAL_FEATURES, **told)
    return refit_verdict(drift, refit_agreement(old.segmentation, now, old.plan, refits=old.refits))
