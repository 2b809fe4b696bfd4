"""Does anything from after the day tell on the day? A check that can fail."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from segmentation.cleaning.marks import stored, stored_rows
from segmentation.describing.describe import DIGITS, TIMES
from segmentation.describing.orders import spread
from segmentation.features import FEATURES, collect, customer_features, orders_before
from segmentation.problems import DataProblem, some
from segmentation.proving.looks import Look
from segmentation.proving.order import rank_correlations
from segmentation.tables import net_value

MOST = 20_000  # customers; of more, so many are drawn
TOO_WELL = 0.99  # rank correlation with what came later
FEWEST_TOLD_APART = 20  # different values of later spend, below which a perfect correlation may be chance
TIME = {"orders": "ordered_at", **TIMES, "customers": "joined_on"}
LATER_TIMES = ("opened_at", "clicked_at")  # what becomes known of a row after its own time
LEAK_NOTES = (
    "What this can't see: cleaning judged each line by the whole file, and the table of customers tells what is known "
    "of them today."
)

Describe = Callable[..., ir.Table]


@dataclass(frozen=True)
class LeakCheck:
    """What was checked, when nothing leaked.

    Attributes
    ----------
    customers : described again; columns : features compared
    told_too_well : features that rank customers as their later spend does, though no later row tells on them
    undated : money paid back for lines from before the day, of which no date is known, as a share of their value
    """

    customers: int
    columns: int
    told_too_well: tuple[str, ...]
    undated: float


def require_no_leak(
    orders: ir.Table,
    look: Look,
    *,
    seed: int,
    describe: Describe = customer_features,
    most: int = MOST,
    **beside: ir.Table | None,
) -> LeakCheck:
    """Require that nothing from the day on tells on what the look knows of its customers.

    Customers are described once more after every row from the day on was altered: half of them are gone, the others
    belong to other customers and hold other values. What was known on the day can't change by that.

    Parameters
    ----------
    orders : clean order lines, those of the day and later among them
    look : its features are compared
    seed : of the customers drawn when there are more than `most`; only what they did is looked at then
    describe : how customers are described as of a day, see `customer_features`
    beside : the tables beside the orders, those of the look

    Raises
    ------
    DataProblem
        A feature changed, is none that describing gives, or tells later spend too well to have been known before it.
    """
    tables = {"orders": orders, **{name: table for name, table in beside.items() if table is not None}}
    ids = look.features.index
    drawn = ids if len(ids) <= most else ids[np.sort(np.random.default_rng(seed).choice(len(ids), most, replace=False))]
    known = look.features
    if len(drawn) < len(ids):
        chosen = stored_rows(pa.table({"customer_id": pa.array(drawn, pa.string())}), beside=orders)
        tables = {name: stored(table.semi_join(chosen, "customer_id")) for name, table in tables.items()}
        known = described(tables, look.day, describe)
    again = described(
        {name: altered(table, TIME[name], look.day) for name, table in tables.items()}, look.day, describe
    )
    require_known_columns(look.features, again)
    require_same(known, again, look.day)
    proven = [name for name in again if same_values(look.features.loc[drawn, name], known[name]).all()]
    too_well = told_too_well(look.features, look.outcomes["later_spend"])
    require_plausible({name: told for name, told in too_well.items() if name not in proven}, look.day)
    return LeakCheck(len(drawn), len(again.columns), tuple(too_well), undated_share(orders, look.day))


def described(tables: Mapping[str, ir.Table], day: datetime.date, describe: Describe) -> pd.DataFrame:
    """Describe customers as of a day from all tables, those of the day and later among them."""
    beside = {name: table for name, table in tables.items() if name != "orders"}
    return collect(describe(tables["orders"], as_of=day, **beside))


def require_known_columns(features: pd.DataFrame, again: pd.DataFrame) -> None:
    """Require that the look knows of its customers what describing gives, and nothing beside."""
    foreign = [name for name in features.columns if name not in again.columns]
    if foreign:
        raise DataProblem(
            f"An earlier day may know only what describing customers gives; {some(foreign)} came from elsewhere, and "
            "may tell what followed. Was it joined to the features?"
        )


def require_same(known: pd.DataFrame, again: pd.DataFrame, day: datetime.date) -> None:
    """Require the same customers and features, though all that came later is another."""
    strangers = known.index.symmetric_difference(again.index)
    if len(strangers):
        raise DataProblem(
            f"Who was a customer on {day} must not depend on what came later; with later rows altered, "
            f"{len(strangers):,} customers more or fewer are described. Are orders from the day on counted?"
        )
    leaking = {name: int((~same_values(known[name], again[name])).sum()) for name in again.columns}
    leaking = {name: number for name, number in leaking.items() if number}
    if leaking:
        raise DataProblem(
            f"What was known on {day} must not depend on what came later; with later rows altered, {some(leaking)} "
            f"changed, for up to {max(leaking.values()):,} of {len(known):,} customers. Is a table read without "
            "leaving out the rows from the day on?"
        )


def same_values(known: pd.Series, again: pd.Series) -> pd.Series:
    """Compare two descriptions customer by customer; sums of money may differ in their last digit."""
    both_missing = known.isna() & again.isna()
    if not pd.api.types.is_numeric_dtype(known):
        return both_missing | known.eq(again)
    digits = DIGITS.get(FEATURES[known.name].unit, 0) if known.name in FEATURES else 0
    off = (known - again).abs()
    return both_missing | off.le(1.1 * 10.0**-digits if digits else 1e-6)


def told_too_well(features: pd.DataFrame, later: pd.Series) -> dict[str, float]:
    """Find the numbers that rank customers as their later spend does, or the other way round, almost without fault.

    Returns
    -------
    Correlation by feature; none where fewer than `FEWEST_TOLD_APART` customers spent different sums
    """
    found = {}
    for name in features.columns[[pd.api.types.is_numeric_dtype(kind) for kind in features.dtypes]]:
        known = features[name].notna()
        spent = later[known]
        if spent.nunique() >= FEWEST_TOLD_APART:
            told = float(rank_correlations(features.loc[known, name].to_numpy()[None], spent.to_numpy()[None])[0])
            if abs(told) > TOO_WELL:
                found[name] = told
    return found


def require_plausible(too_well: Mapping[str, float], day: datetime.date) -> None:
    """Require that no feature of which it is not proven that it was known before ranks later spend perfectly."""
    if too_well:
        told = ", ".join(f"{value:.3f}" for value in too_well.values())
        raise DataProblem(
            f"No description as of {day} can rank customers by what they spent afterwards almost without fault; "
            f"{some(too_well)} does (rank correlation {told}). Was it recorded afterwards?"
        )


def undated_share(orders: ir.Table, day: datetime.date) -> float:
    """Measure the money paid back for lines from before the day, as a share of what they were worth before that.

    A refund has no date of its own: it counts on the day of its order, though it may have been paid after the day.

    Source
    ------
    docs/decisions/0004-money-and-returns.md
    """
    known = orders_before(orders, day)
    told = known.aggregate(refunded=known.refunded.sum(), net=net_value(known).sum(where=known.quantity > 0))
    refunded, net = (float(value) if pd.notna(value) else 0.0 for value in told.execute().iloc[0])
    return refunded / (net + refunded) if net + refunded > 0 else 0.0


def leak_in_words(check: LeakCheck | None, *, day: datetime.date | None) -> str:
    """Say what was checked, and which later knowledge can't be told apart for want of a date.

    Parameters
    ----------
    check : none where there was no earlier day to check
    day : of the look that was checked
    """
    if check is None:
        return "Whether anything from later tells on an earlier day is not checked: there is no earlier day."
    words = [
        f"Nothing that came later tells on {day}: {check.customers:,} customers were described once more after every "
        f"later row was altered, and all {check.columns} features stayed the same."
    ]
    if check.undated:
        words.append(
            f"Refunds have no date and count on the day of their order: {check.undated:.2%} of what was bought before "
            "that day was paid back, some of it perhaps later."
        )
    if check.told_too_well:
        words.append(
            f"{some(check.told_too_well)} ranks customers as their later spend does, almost without fault; no later "
            "row tells on it."
        )
    return " ".join(words)


# --- what comes later, altered


def altered(table: ir.Table, time: str, day: datetime.date) -> ir.Table:
    """Express a table of which every row from the day on is another: about half are gone, the rest are someone else's.

    Parameters
    ----------
    table : canonical; time : its column of when a row came about
    day : from which on rows are altered; a row without a time stays as it is
    """
    start = ibis.timestamp(day.isoformat())
    later = ibis.coalesce(table[time].cast("timestamp") >= start, False)
    hidden = {
        name: ibis.ifelse(table[name] < start, table[name], ibis.null(table[name].type()))
        for name in LATER_TIMES
        if name in table.columns
    }
    before = table.filter(~later).mutate(**hidden) if hidden else table.filter(~later)
    rest = table.filter(later & (spread(ibis.coalesce(table.customer_id, "")) % 2 == 0))
    return ibis.union(before, of_others(rest).select(*before.columns))


def of_others(rows: ir.Table) -> ir.Table:
    """Express rows with other values, each customer's given to the next one."""
    ids = rows.select("customer_id").distinct()
    ids = ids.mutate(other=ibis.coalesce(ids.customer_id.lead().over(order_by=ids.customer_id), "nobody"))
    changed = rows.mutate(**{name: another(rows[name]) for name in rows.columns if name != "customer_id"})
    return changed.left_join(ids, "customer_id").drop("customer_id").rename(customer_id="other")


def another(column: ir.Column) -> ir.Column:
    """Express other values: larger numbers, longer words, days later, the opposite; null stays null."""
    kind = column.type()
    if kind.is_numeric():
        return (column * 7 + 3).cast(kind)
    if kind.is_string():
        return column + "~"
    if kind.is_boolean():
        return ~column
    return (column.cast("timestamp") + ibis.interval(days=1)).cast(kind) if kind.is_temporal() else column
