"""Wholesalers: customers who buy as a trader does, shown, and set apart when asked."""

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.cleaning.marks import mark, stored
from segmentation.tables import exact_value, net_value

WAYS = ("keep", "flag", "set_apart")

# Robust deviations above the median customer, on logarithms. Spend alone would make traders of faithful customers.
FAR_SPEND, FAR_PIECES = 2.0, 3.5
MEDIAN_DEVIATION = 0.6745


def customers_bulk(line: ir.Table) -> ir.Table:
    """Express how much each customer spends, and how many pieces of a product they take at a time.

    Parameters
    ----------
    line : one row an order line, with `reason`; only clean sales count

    Returns
    -------
    Table, one row a customer: customer_id, spend (logarithm), pieces (logarithm of the mean of a line)
    """
    sales = line.filter(line.reason.isnull() & (line.quantity > 0))
    told = sales.group_by("customer_id").aggregate(
        spend=net_value(sales).sum().clip(lower=0.01).ln(), pieces=sales.quantity.mean().ln()
    )
    return told


def wholesale_customers(line: ir.Table) -> ir.Table:
    """Express who is a wholesaler: far more pieces at a time than the median customer, and far more spend.

    Returns
    -------
    Table of customer_id

    Source
    ------
    docs/decisions/0005-cleaning-policy.md
    """
    told = stored(customers_bulk(line))
    is_far = [is_far_above(told, "spend", FAR_SPEND), is_far_above(told, "pieces", FAR_PIECES)]
    return told.filter(ibis.and_(*is_far)).select("customer_id")


def is_far_above(told: ir.Table, column: str, limit: float) -> ir.BooleanColumn:
    """Express who lies more robust deviations above the median than the limit; nobody where half are alike."""
    middle = stored(told.aggregate(middle=told[column].median())).middle.as_scalar()
    deviation = stored(told.aggregate(deviation=(told[column] - middle).abs().median())).deviation.as_scalar()
    return ibis.coalesce((told[column] - middle) * MEDIAN_DEVIATION / deviation.nullif(0.0) > limit, False)


def treat_wholesalers(line: ir.Table, way: str) -> ir.Table:
    """Express the lines with those of wholesalers marked and, when asked, to be set apart.

    A table that has `is_wholesaler` was looked at before, and stays as it is.

    Parameters
    ----------
    line : one row an order line, with `reason` and the flags of `rules`
    way : keep, flag or set_apart

    Returns
    -------
    The same rows and columns, and `is_wholesaler` unless they are kept; what is to be set apart has `is_of_wholesaler`
    """
    if way == "keep" or "is_wholesaler" in line.columns:
        return line
    line = mark(line, stored(wholesale_customers(line)), name="is_wholesaler", on=("customer_id",))
    return line.mutate(is_of_wholesaler=line.is_wholesaler) if way == "set_apart" else line


def wholesalers_table(judged: ir.Table) -> pd.DataFrame:
    """Measure how much of the shop wholesalers are.

    Parameters
    ----------
    judged : one row an order line, with `reason`; see `clean.judge_orders`

    Returns
    -------
    DataFrame, one row wholesalers and one all others: group, customers, lines, money (shop currency, net), share of
    money (0 to 1); of the lines that are clean or set apart as a wholesaler's
    """
    line = judged.mutate(reason=judged.reason.nullif("wholesaler")).filter(lambda told: told.reason.isnull())
    if "is_wholesaler" not in line.columns:
        line = mark(line, stored(wholesale_customers(line)), name="is_wholesaler", on=("customer_id",))
    told = line.group_by("is_wholesaler").aggregate(
        customers=line.customer_id.nunique(), lines=line.count(), money=exact_value(line).sum()
    )
    told = told.execute().set_index("is_wholesaler").reindex([True, False], fill_value=0)
    told["money"] = told["money"].astype("float64")
    told["share of money"] = told["money"] / told["money"].sum() if told["money"].sum() else 0.0
    return told.set_axis(["wholesalers", "all others"]).rename_axis("group").reset_index()
