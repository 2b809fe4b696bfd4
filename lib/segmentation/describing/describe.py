"""Each customer's description as of a day, put together from the groups of features."""

import datetime
from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.cleaning.marks import stored
from segmentation.describing import basket, people, rhythm, web, when_and_where
from segmentation.describing.orders import (
    before,
    bought_days,
    bought_lines,
    in_parts,
    orders_before,
    whole_orders,
)
from segmentation.describing.registry import FEATURES, NUMBERS, OF_A_SUMMARY, Feature

MIN_GROUP = 5
SEED = 7
LINES_A_PART = 2_500_000  # whose orders and baskets DuckDB holds in 512 MB
TIMES = {"events": "occurred_at", "feedback": "given_at", "contacts": "sent_at"}
DIGITS = {"days": 1, "years": 0, "money": 2, "minutes": 2, "stars": 2}  # of others: counts 0, ratios 6
COUNTS = ("orders", "products", "categories", "visits", "views", "complaints")


def customer_features(
    orders: ir.Table,
    *,
    as_of: datetime.date,
    summary: bool = False,
    customers: ir.Table | None = None,
    events: ir.Table | None = None,
    feedback: ir.Table | None = None,
    contacts: ir.Table | None = None,
    everyone: bool = False,
    min_group: int = MIN_GROUP,
    seed: int = SEED,
) -> ir.Table:
    """Express each customer's description as of a day; nothing from that day or later counts.

    Parameters
    ----------
    orders : clean order lines, canonical columns
    as_of : the day of description
    summary : each row is a customer with all orders, see `is_summary`; only `OF_A_SUMMARY` is known of orders then
    customers, events, feedback, contacts : clean, canonical columns; none where the shop has no such table
    everyone : also describe who has not bought yet and is known from another table
    min_group : customers at least who use a word before it may name a topic
    seed : of what is learnt from texts

    Returns
    -------
    Table, one row a customer with a purchase before the day, or one known by then: customer_id and the columns of
    `FEATURES`, numbers float64 and categories text; what a null means stands there
        Who has not bought yet has order_count 0, net_spend 0, and null for all else that orders tell

    Source
    ------
    docs/decisions/0006-features.md
    """
    beside = {"customers": customers, "events": events, "feedback": feedback, "contacts": contacts}
    beside = {name: known_rows(table, name, as_of) for name, table in beside.items() if table is not None}
    beside = {name: table for name, table in beside.items() if table.count().execute()}
    days, parts = of_orders(orders_before(orders, as_of), as_of, summary=summary, with_days="events" in beside)
    others = of_others(beside, days, as_of, min_group=min_group, seed=seed)
    bought = ibis.union(*parts) if len(parts) > 1 else parts[0]
    spine = bought
    if everyone:
        known = [table.filter(table.customer_id.notnull()).select("customer_id") for table in beside.values()]
        spine = joined(ibis.union(bought.select("customer_id"), *known, distinct=True), [bought])
    return finished(joined(spine, others), beside)


def known_rows(table: ir.Table, name: str, as_of: datetime.date) -> ir.Table:
    """Express the rows of a table beside the orders that were known when the day began."""
    return people.known_people(table, as_of) if name == "customers" else before(table, TIMES[name], as_of)


def of_orders(
    known: ir.Table, as_of: datetime.date, *, summary: bool, with_days: bool
) -> tuple[list[ir.Table], list[ir.Table]]:
    """Compute what order lines tell, part by part, so that memory stays bounded.

    Parameters
    ----------
    known : order lines from before the day
    as_of : the day of description
    summary : each row is a customer with all orders
    with_days : whether days with orders are wanted

    Returns
    -------
    Days with orders, see `bought_days`, and what orders tell of a customer, one row each who bought: both in parts
    """
    middle = None if summary else stored(basket.middle_prices(bought_lines(known)))
    days, parts = [], []
    for lines in [known] if summary else in_parts(known, most=LINES_A_PART):
        orders = stored(whole_orders(lines))
        if with_days:
            days.append(stored(bought_days(orders)))
        told = rhythm.rhythm(orders, as_of)
        if summary:
            parts.append(stored(told.select("customer_id", *OF_A_SUMMARY)))
            continue
        baskets = [stored(table) for table in of_baskets(bought_lines(lines), middle)]
        parts.append(stored(joined(told, [when_and_where.favourite_places(orders), *baskets])))
        for table in (orders, *baskets):
            table.get_backend().raw_sql(f'drop table "{table.op().name}"')
    return days, parts


def of_baskets(bought: ir.Table, middle: ir.Table) -> list[ir.Table]:
    """Express what bought lines tell of products and categories, tables of one row a customer."""
    return [basket.product_counts(bought), basket.categories(basket.category_spend(bought), middle)]


def of_others(
    beside: Mapping[str, ir.Table], days: Sequence[ir.Table], as_of: datetime.date, *, min_group: int, seed: int
) -> list[ir.Table]:
    """Express what the other tables tell, tables of one row a customer."""
    parts = []
    if "customers" in beside:
        parts.append(people.demographics(beside["customers"], as_of))
    if "events" in beside:
        parts.append(web.web_behaviour(beside["events"], days))
    if "contacts" in beside:
        parts.append(web.messages(beside["contacts"], as_of))
    if "feedback" in beside:
        from segmentation.describing import opinions  # scikit-learn takes a second to import

        names = opinions.names_of(beside.get("customers"))
        parts.append(opinions.opinions(beside["feedback"]))
        parts.append(opinions.written(beside["feedback"], names=names, min_group=min_group, seed=seed))
    return parts


def joined(spine: ir.Table, parts: Sequence[ir.Table]) -> ir.Table:
    """Express the parts side by side, one row a customer of the spine."""
    for part in parts:
        spine = spine.left_join(part, "customer_id", rname="{name}_again").drop("customer_id_again")
    return spine


def finished(described: ir.Table, beside: Mapping[str, ir.Table]) -> ir.Table:
    """Express the features in their order and precision; what no table tells is null, what is counted 0."""
    zeros = ["order_count", "net_spend"]
    zeros += ["visit_count", "view_count"] if "events" in beside else []
    zeros += ["complaint_count"] if "feedback" in beside else []
    described = described.mutate(**{name: ibis.coalesce(described[name].cast("float64"), 0.0) for name in zeros})
    if "home_country" in described.columns:
        country = described.country if "country" in described.columns else ibis.null("string")
        described = described.mutate(country=ibis.coalesce(country, described.home_country))
    columns = {name: finished_column(described, feature) for name, feature in FEATURES.items()}
    return described.select("customer_id", **columns)


def finished_column(described: ir.Table, feature: Feature) -> ir.Column:
    """Express a feature in the precision that it is handed on with, so that a rerun gives the same numbers.

    Sums of money depend on the order of summing in the last bits; cents and a millionth do not.
    """
    kind = "float64" if feature.kind == "number" else "string"
    if feature.name not in described.columns:
        return ibis.null(kind)
    value = described[feature.name].cast(kind)
    if feature.kind == "category":
        return value
    value = value.round(DIGITS.get(feature.unit, 0 if feature.unit in COUNTS else 6)).cast("float64") + 0.0
    limits = {"share": (0.0, 1.0), "−1 to 1": (-1.0, 1.0), "bits": (0.0, None)}.get(feature.unit)
    return value.clip(*limits) if limits else value


def collect(described: ir.Table) -> pd.DataFrame:
    """Fetch the description into memory.

    Returns
    -------
    DataFrame indexed by customer_id in sorted order, one column a feature: numbers float64, categories text
    """
    table = described.execute().set_index("customer_id").sort_index()
    return table.astype(dict.fromkeys(NUMBERS, "float64"))
