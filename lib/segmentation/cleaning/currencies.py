"""Currencies: one for all amounts, by refusing, by setting aside, or by a file of exchange rates."""

import csv
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from segmentation.cleaning.marks import stored_rows, with_values
from segmentation.problems import DataProblem, some
from segmentation.tables import exact_value, lines_by_currency

AMOUNTS = ("unit_price", "discount", "refunded")


def require_one_currency(orders: ir.Table, *, currency: str, rates: str = "") -> str:
    """Require that all amounts are in one currency or can be brought into it, and name it.

    Parameters
    ----------
    orders : one row an order line
    currency : the shop's own, "" when the file holds only one
    rates : file of exchange rates, "" for none; with one, the shop's own may be none of those in the orders

    Returns
    -------
    ISO 4217 code, "" when the source does not say

    Raises
    ------
    DataProblem
        The lines are in several currencies, or none is in the one to keep.
    """
    lines = lines_by_currency(orders)
    shown = ", ".join(f"{code} ({count:,} lines)" for code, count in lines.head().items()) or "none"
    if currency and not rates and currency not in lines.index:
        raise DataProblem(f"`currency` must be one that the orders are in, which are {shown}; got {some([currency])}.")
    if not currency and len(lines) > 1:
        hint = (
            "Name the one that `rates` leads to."
            if rates
            else f"Set `currency: {lines.index[0]}` to keep that one and quarantine the others, or convert them with a "
            "file of exchange rates, `rates`."
        )
        raise DataProblem(
            f"All orders must be in one currency; these are in {len(lines)}: {shown}. Is one of them the shop's own? "
            f"{hint}"
        )
    return currency or next(iter(lines.index), "")


def read_rates(path: Path) -> pd.DataFrame:
    """Read a file of exchange rates: what one unit of a currency is worth in the shop's own.

    Parameters
    ----------
    path : CSV with the columns currency and rate, and date where rates change

    Returns
    -------
    DataFrame, one row a rate, by day: currency (ISO 4217), date (day from which it holds; missing when it always
    does), rate (shop currency for one unit)

    Raises
    ------
    DataProblem
        A column is missing, a value can't be read, or one day has two rates for a currency.
    """
    try:
        told = pd.read_csv(path, dtype="str", sep=None, engine="python", skipinitialspace=True, encoding="utf-8-sig")
    except (ValueError, OSError, csv.Error):
        raise DataProblem(f"Can't read {some([path.name])}: `rates` must name a CSV file in UTF-8.") from None
    told = told.rename(columns=lambda name: str(name).strip().lower())
    if not {"currency", "rate"} <= set(told.columns):
        raise DataProblem(
            f"The file of exchange rates {some([path.name])} must have the columns currency and rate, and date where "
            f"rates change; it has {some(told.columns)}."
        )
    rates = pd.DataFrame(
        {
            "currency": told["currency"].str.strip().str.upper(),
            "date": read_days(told["date"], path) if "date" in told else pd.NaT,
            "rate": pd.to_numeric(told["rate"], errors="coerce"),
        }
    ).astype({"date": "datetime64[s]", "rate": "float64"})
    require_rates(rates, told, path)
    return rates.sort_values(["date", "currency"], na_position="first").reset_index(drop=True)


def read_days(told: pd.Series, path: Path) -> pd.Series:
    """Read the days from which rates hold; see `read_rates`."""
    days = pd.to_datetime(told.str.strip(), errors="coerce", format="%Y-%m-%d")
    wrong = told[days.isna()]
    if len(wrong):
        raise DataProblem(
            f"Every date of {some([path.name])} must be a day such as 2026-06-30; {len(wrong):,} are not: "
            f"{some(wrong)}."
        )
    return days


def require_rates(rates: pd.DataFrame, told: pd.DataFrame, path: Path) -> None:
    """Require currencies by code, rates above zero, and one rate for a currency and day; see `read_rates`."""
    wrong = told[~rates["currency"].str.fullmatch("[A-Z]{3}").fillna(False).astype(bool)]
    if len(wrong):
        raise DataProblem(
            f"Every currency of {some([path.name])} must be a code of three letters such as EUR; "
            f"{len(wrong):,} are not: {some(wrong['currency'])}."
        )
    wrong = told[~((rates["rate"] > 0) & (rates["rate"] < np.inf))]
    if len(wrong):
        raise DataProblem(
            f"Every rate of {some([path.name])} must be a number above zero, written as 1.2345; "
            f"{len(wrong):,} are not: {some(wrong['rate'])}."
        )
    twice = rates[rates.duplicated(["currency", "date"])]
    if len(twice):
        raise DataProblem(
            f"{some([path.name])} must have one rate for a currency and day; it has more for "
            f"{some(twice['currency'].unique())}."
        )


def convert(orders: ir.Table, *, currency: str, rates: pd.DataFrame) -> ir.Table:
    """Express all amounts in the shop's currency, at the last rate that held on the day of the order.

    Parameters
    ----------
    orders : one row an order line
    currency : the shop's own
    rates : see `read_rates`

    Returns
    -------
    The same rows and columns; a line without a rate stays in its currency. Besides, `converted_from` is the currency
    that a line was in, null when it was not converted, and `money_from_conversion` what that added to its money, shop
    currency
    """
    day = orders.ordered_at.cast("date")
    line = orders.mutate(
        day=day, foreign=ibis.ifelse(orders.currency != currency, orders.currency, ibis.null("string"))
    )
    line = with_values(line, rate_of_each_day(line, rates), "rate", on=("foreign", "day"))
    is_converted = line.rate.notnull()
    amounts = {name: ibis.ifelse(is_converted, line[name] * line.rate, line[name]) for name in AMOUNTS}
    earlier = line.converted_from if "converted_from" in line.columns else ibis.null("string")
    converted = line.mutate(
        **amounts,
        currency=ibis.ifelse(is_converted, currency, line.currency),
        converted_from=ibis.ifelse(is_converted, line.currency, earlier),
        came_worth=exact_value(line),
    )
    gained = ibis.coalesce(exact_value(converted) - converted.came_worth, ibis.literal(0, "decimal(28, 4)"))
    return converted.mutate(money_from_conversion=gained).drop("day", "foreign", "rate", "came_worth")


def rate_of_each_day(line: ir.Table, rates: pd.DataFrame) -> ir.Table:
    """Find the rate for each day on which there are orders in a foreign currency.

    Returns
    -------
    Stored table of foreign, day and rate, one row a currency and day that has a rate
    """
    days = line.filter(line.foreign.notnull() & line.day.notnull()).select("foreign", "day").distinct().execute()
    days = days.assign(at=pd.to_datetime(days["day"]).astype("datetime64[s]")).sort_values("at")
    dated = rates[rates["date"].notna()]
    found = pd.merge_asof(
        days, dated, left_on="at", right_on="date", left_by="foreign", right_by="currency", direction="backward"
    )["rate"].set_axis(days.index)
    always = rates[rates["date"].isna()].set_index("currency")["rate"]
    days["rate"] = found.fillna(days["foreign"].map(always))
    days = days.dropna(subset="rate")
    schema = pa.schema([("foreign", pa.string()), ("day", pa.date32()), ("rate", pa.float64())])
    columns = [days["foreign"].tolist(), [day.date() for day in days["at"]], days["rate"].tolist()]
    return stored_rows(pa.table(columns, schema=schema), beside=line)
