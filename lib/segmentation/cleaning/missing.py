"""Missing values: which are filled, and from what."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import sklearn
from sklearn.impute import KNNImputer
from sklearn.preprocessing import StandardScaler

from segmentation.cleaning.marks import PLACE, PLACES, computed, drawn, stored, stored_rows, with_values
from segmentation.problems import DataProblem, some
from segmentation.tables import IBIS_TYPES, ORDERS, exact_value

NUMBERS = ("quantity", "unit_price", "discount", "refunded")

# What a column is alike in: its usual value is looked for among lines of the same product or customer first.
ALIKE = {
    "product_name": "product_id",
    "category": "product_id",
    "product_id": "product_name",
    "country": "customer_id",
    "channel": "customer_id",
    "currency": "customer_id",
    "coupon": "order_id",
    "ordered_at": "order_id",
    **dict.fromkeys(NUMBERS, "product_id"),
}

# A filled value must never make up a person or an order.
NEVER_FILLED = ("order_id", "customer_id", "email", "phone")

FOR_NUMBERS = ("mean", "median", "interpolate", "nearest")
WAYS = ("keep", "drop", "most_frequent", "forward_fill", *FOR_NUMBERS)

COMPLETE_LINES = 20_000
NEIGHBOURS = 5
BATCH = 5_000


def check_missing(missing: Mapping[str, object]) -> dict[str, str]:
    """Require for each column a way that fits it.

    Parameters
    ----------
    missing : column to keep, drop, most_frequent, forward_fill, mean, median, interpolate, nearest or constant:VALUE

    Raises
    ------
    DataProblem
        There is no such column or way, or it would invent a customer or an order.
    """
    known = [*ALIKE, *NEVER_FILLED]
    for column, way in missing.items():
        if column not in known:
            raise DataProblem(
                f"`missing` must name columns of the orders, which are {', '.join(known)}; got {some([column])}."
            )
        if not isinstance(way, str) or (way not in WAYS and not way.startswith("constant:")):
            raise DataProblem(
                f"`missing` must say for {column} one of {', '.join(WAYS)} or constant:VALUE; got {some([way])}."
            )
        if column in NEVER_FILLED and way not in ("keep", "drop"):
            raise DataProblem(
                f"A missing {column} can't be filled, since that would invent a customer or an order; `missing` says "
                f"{some([way])}. Say keep or drop."
            )
        if column not in NUMBERS and way in FOR_NUMBERS:
            raise DataProblem(f"`missing` must say {some([way])} only for {', '.join(NUMBERS)}; it does for {column}.")
        if way.startswith("constant:"):
            constant(column, way)
    return {column: str(way) for column, way in missing.items()}


def constant(column: str, way: str) -> object:
    """Read the value of `constant:VALUE` as the column holds it.

    Examples
    --------
    >>> constant("quantity", "constant:2"), constant("country", "constant: Spain")
    (2, 'Spain')
    """
    told, kind = way.removeprefix("constant:").strip(), ORDERS[column].kind
    readers: dict[str, Callable[[str], object]] = {"integer": int, "money": float, "time": datetime.fromisoformat}
    try:
        value = readers.get(kind, str)(told)
    except ValueError:
        value = None
    if value is None or value == "" or (isinstance(value, float) and not np.isfinite(value)):
        raise DataProblem(f"`missing` must give {column} a constant that the column can hold; got {some([told])}.")
    return value


def filled_columns(missing: Mapping[str, str]) -> dict[str, str]:
    """List the columns that are filled, each with its way."""
    return {column: way for column, way in missing.items() if way not in ("keep", "drop")}


def dropped_columns(missing: Mapping[str, str]) -> list[str]:
    """List the columns whose missing values set a line aside: those that must be there, and those that are told to."""
    required = [column.name for column in ORDERS.columns if column.required and column.name != "customer_id"]
    return [*required, *(column for column, way in missing.items() if way == "drop" and column not in required)]


def fill(orders: ir.Table, missing: Mapping[str, str], *, currency: str) -> ir.Table:
    """Express the orders with their missing values filled, each from the values that came.

    Parameters
    ----------
    orders : one row an order line; unreadable ones are left as they are
    missing : column to the way in which it is filled
    currency : the shop's own; only amounts in it are evidence

    Returns
    -------
    The same rows and columns; for each filled column, `<column>_was_missing`; and `money_from_filling`, what that added
    to the line's money, shop currency

    Source
    ------
    docs/decisions/0005-cleaning-policy.md
    """
    line = orders.mutate(came_worth=exact_value(orders))
    for column, way in missing.items():
        line = filled(with_filling(line, orders, column, way, currency), column)
    nothing = ibis.literal(0, "decimal(28, 4)")
    gained = ibis.coalesce(exact_value(line), nothing) - ibis.coalesce(line.came_worth, nothing)
    return line.mutate(money_from_filling=gained).drop("came_worth")


def with_filling(line: ir.Table, orders: ir.Table, column: str, way: str, currency: str) -> ir.Table:
    """Express beside each line, as `filling`, what its column would be filled with."""
    if way.startswith("constant:"):
        kind = IBIS_TYPES[ORDERS[column].kind]
        return line.mutate(filling=ibis.literal(constant(column, way)).cast(kind))
    if way in ("mean", "median", "most_frequent"):
        return with_usual(line, orders, column, way, currency).rename(filling="usual")
    places = {"forward_fill": carried_forward, "interpolate": interpolated, "nearest": nearest}[way]
    return with_values(line, stored(places(orders, column, currency)), "filling")


def filled(line: ir.Table, column: str) -> ir.Table:
    """Express one column with its gaps filled, and the flag of what was missing, now or in an earlier cleaning."""
    flag = f"{column}_was_missing"
    earlier = line[flag] if flag in line.columns else ibis.literal(False)
    value = line.filling.round().cast("int64") if ORDERS[column].kind == "integer" else line.filling
    is_filled = line[column].isnull() & line.unreadable.isnull() & line.filling.notnull()
    return line.mutate(**{column: ibis.ifelse(is_filled, value, line[column]), flag: is_filled | earlier}).drop(
        "filling"
    )


def is_evidence(line: ir.Table, column: str, currency: str) -> ir.BooleanColumn:
    """Express which lines tell what a column usually holds: sales of products, in the shop's currency."""
    known = (
        line[column].notnull() & line.unreadable.isnull() & (line.status == "placed") & (line.line_kind == "product")
    )
    if column in NUMBERS:
        known &= ibis.coalesce(line.currency == currency, True)
    if column in ("quantity", "unit_price"):
        known &= line[column] > 0
    return known


def gaps(line: ir.Table, column: str) -> ir.Table:
    """Express the lines that lack a column's value and could be filled."""
    return line.filter(line[column].isnull() & line.unreadable.isnull())


def with_usual(line: ir.Table, orders: ir.Table, column: str, way: str, currency: str) -> ir.Table:
    """Express beside each line, as `usual`, the usual value among the orders alike, else among all."""
    alike, known = ALIKE[column], orders.filter(is_evidence(orders, column, currency))
    groups = stored(usual(known.filter(known[alike].notnull()), [alike], column, way))
    overall = stored(usual(known, [], column, way))
    line = with_values(line, groups, "usual", on=(alike,))
    return line.mutate(usual=ibis.coalesce(line.usual, overall.usual.as_scalar()))


def usual(known: ir.Table, by: Sequence[str], column: str, way: str) -> ir.Table:
    """Express the mean, the median or the most frequent value of each group, or of all; of equals the first."""
    if way == "most_frequent":
        counts = known.group_by([*by, column]).aggregate(lines=known.count())
        order = [counts.lines.desc(), counts[column]]
        place = ibis.row_number().over(ibis.window(group_by=[counts[name] for name in by], order_by=order))
        most = counts.mutate(place=place).filter(lambda group: group.place == 0)
        return most.select(*by, usual=most[column])
    return known.aggregate(by=list(by), usual=getattr(known[column], way)())


def carried_forward(line: ir.Table, column: str, currency: str) -> ir.Table:
    """Express for each gap the last value above it in the same order of the same file."""
    order = ["order_id", "source_file"]
    near = line.filter(line.unreadable.isnull()).semi_join(gaps(line, column), order)
    upto = ibis.window(
        group_by=[near[name] for name in order], order_by=[near[name] for name in PLACE], preceding=(None, 0)
    )
    near = near.mutate(run=near[column].count().over(upto))
    run = ibis.window(group_by=[near[name] for name in (*order, "run")])
    near = near.mutate(filling=near[column].max().over(run))
    return near.filter(near[column].isnull()).select(*PLACE, "filling")


def interpolated(line: ir.Table, column: str, currency: str) -> ir.Table:
    """Express for each gap the value between those before and after it, by time, within the product.

    Before the first and after the last known value it is that value.
    """
    near = line.filter(line.ordered_at.notnull()).semi_join(gaps(line, column), "product_id")
    known = is_evidence(near, column, currency)
    near = near.mutate(
        known=ibis.ifelse(known, near[column].cast("float64"), ibis.null("float64")),
        known_s=ibis.ifelse(known, near.ordered_at.epoch_seconds(), ibis.null("int64")),
        at_s=near.ordered_at.epoch_seconds(),
    )
    near = nearest_known(near, "before", [ibis.asc(name) for name in ("at_s", *PLACE)])
    near = nearest_known(near, "after", [ibis.desc(name) for name in ("at_s", *PLACE)])
    share = (near.at_s - near.before_s) / (near.after_s - near.before_s).nullif(0)
    between = near.before + (near.after - near.before) * share
    near = near.mutate(filling=ibis.coalesce(between, near.before, near.after))
    return near.filter(near[column].isnull()).select(*PLACE, "filling")


def nearest_known(near: ir.Table, name: str, order: Sequence[ir.Value]) -> ir.Table:
    """Express beside each line of a product the last known value in an order, and its time in seconds."""
    upto = ibis.window(group_by=near.product_id, order_by=list(order), preceding=(None, 0))
    near = near.mutate(run=near.known.count().over(upto))
    run = ibis.window(group_by=[near.product_id, near.run])
    told = {name: near.known.max().over(run), f"{name}_s": near.known_s.max().over(run)}
    return near.mutate(**told).drop("run")


def nearest(line: ir.Table, column: str, currency: str) -> ir.Table:
    """Tell for each gap the mean of the complete lines most like it, by the numbers of the line and its product.

    Returns
    -------
    Stored table of place and filling, without the gaps for which no line is complete
    """
    told = with_usual(line, line, column, "mean", currency)
    features = [column, "usual", *(name for name in NUMBERS if name != column)]
    told = told.mutate(**{name: told[name].cast("float64") for name in features})
    complete = told.filter(is_evidence(told, column, currency)).drop_null(features).select(*PLACE, *features)
    sample = drawn(complete, COMPLETE_LINES, seed=0)
    schema = PLACES.append(pa.field("filling", pa.float64()))
    if sample.empty:
        return stored_rows(schema.empty_table(), beside=line)
    scaler = StandardScaler().fit(sample[features].to_numpy())
    imputer = KNNImputer(n_neighbors=NEIGHBOURS).fit(scaler.transform(sample[features].to_numpy()))

    def filling(batch: pd.DataFrame) -> pd.DataFrame:
        with sklearn.config_context(working_memory=64):
            filled = imputer.transform(scaler.transform(batch[features].to_numpy(dtype="float64")))
        return batch[list(PLACE)].assign(filling=scaler.inverse_transform(filled)[:, 0])

    return computed(gaps(told, column).select(*PLACE, *features), filling, schema=schema, size=BATCH)
