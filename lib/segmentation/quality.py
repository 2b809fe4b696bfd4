"""How good the data are: complete, unique, valid, consistent and timely, each as a share that passes."""

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.tables import SOURCE, TABLES, Column

Dimension = Literal["completeness", "uniqueness", "validity", "consistency", "timeliness"]
DIMENSIONS: tuple[Dimension, ...] = ("completeness", "uniqueness", "validity", "consistency", "timeliness")
ROW = "whole row"
EARLIEST = datetime.date(1990, 1, 1)
STAND_INS = ("0", "-", "nan", "none", "null", "n/a", "unknown")
USUAL_GAPS, FRESH_DAYS = 0.95, 7
TIMED = {"orders": "ordered_at", "events": "occurred_at"}  # what goes on month after month
# Where nothing stands, that says something: no coupon was used, the message was not opened.
EMPTY_TELLS = {
    "orders": ("coupon", "email", "phone"),
    "customers": ("phone", "acquisition_channel"),
    "events": ("product_id", "duration_s"),
    "feedback": ("rating", "text"),
    "contacts": ("opened_at", "clicked_at"),
}


class Score(NamedTuple):
    """How many rows of one column pass one question, and the question as a formula in words."""

    table: str
    column: str
    dimension: Dimension
    passing: float
    rows: float
    formula: str


@dataclass(frozen=True)
class Range:
    """What a readable value must be to make sense: in words, and as a test of the column."""

    words: str
    holds: Callable[[ir.Column], ir.BooleanColumn]


NOT_NEGATIVE = Range("0 or more", lambda value: value >= 0)
RANGES = {
    "customer_id": Range(
        "not a stand-in such as 0 or unknown", lambda value: value.strip().lower().notin(list(STAND_INS))
    ),
    "quantity": Range("not 0", lambda value: value != 0),
    "orders_in_row": Range("1 or more", lambda value: value >= 1),
    **dict.fromkeys(("unit_price", "discount", "refunded", "cost", "duration_s"), NOT_NEGATIVE),
    "currency": Range("three capital letters", lambda value: value.re_search("^[A-Z]{3}$")),
    "email": Range("of the form name@domain.end", lambda value: value.re_search(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")),
    "phone": Range("6 digits or more", lambda value: value.re_replace(r"\D", "").length() >= 6),
    "rating": Range("from 1 to 5", lambda value: value.between(1, 5)),
    "kind": Range("review, survey or complaint", lambda value: value.isin(["review", "survey", "complaint"])),
    "arm": Range("treated or control", lambda value: value.isin(["treated", "control"])),
}


def quality(tables: Mapping[str, ir.Table], *, as_of: datetime.date | None) -> pd.DataFrame:
    """Score each column of each table in every dimension that can be asked of it.

    A column in which nothing stands is one that the source does not have, and is not scored unless it is required.

    Parameters
    ----------
    tables : the canonical tables by name; orders among them
    as_of : the day on which the data are looked at; none when only the data's own last day is known, and then neither
        dates after it nor the time since the last order are scored

    Returns
    -------
    DataFrame, one row a table, column and dimension
        table, column, dimension : str; score : float from 0 to 1, the share that passes; passing, rows : what the share
        is of, rows where the formula names nothing else; formula : str
    """
    told = pd.DataFrame(
        chain.from_iterable(table_scores(name, tables, as_of=as_of) for name in tables), columns=[*Score._fields]
    )
    told = told[told["rows"] > 0].reset_index(drop=True)
    told.insert(3, "score", told["passing"] / told["rows"])
    return told


def table_scores(name: str, tables: Mapping[str, ir.Table], *, as_of: datetime.date | None) -> Iterator[Score]:
    """Score one table; see `quality`."""
    table = tables[name]
    scored = [column for column in TABLES[name].columns if column not in SOURCE and column.name in table.columns]
    seen = values_seen(table, scored, as_of=as_of)
    known = [column for column in scored if seen[present(column)] or column.required]
    yield from completeness(name, known, seen)
    yield from uniqueness(name, table, known)
    yield from validity(name, known, seen, as_of=as_of)
    yield from consistency(name, tables, {column.name for column in known})
    yield from timeliness(name, table, as_of=as_of)


# --- what stands in the columns, one query a table


def present(column: Column) -> str:
    """Name the count of a column's values."""
    return f"{column.name} present"


def valid(column: Column) -> str:
    """Name the count of a column's values that make sense."""
    return f"{column.name} valid"


def value_range(column: Column, *, as_of: datetime.date | None) -> Range | None:
    """Choose what a column's values must be to make sense, none when any will do."""
    if column.words:
        return Range(", ".join(column.words), lambda value: value.isin(list(column.words)))
    if column.name == "birth_year":
        last = as_of.year if as_of else 9999
        return Range(f"from 1900{f' to {last}' if as_of else ''}", lambda value: value.between(1900, last))
    if column.kind in ("time", "day"):
        return day_range(as_of)
    return RANGES.get(column.name)


def day_range(as_of: datetime.date | None) -> Range:
    """Express what a day or time must be: no earlier than shops had computers, no later than today."""
    last = as_of or datetime.date(9999, 1, 1)
    words = f"from {EARLIEST.year}" + (f" to {as_of}" if as_of else "")
    return Range(words, lambda value: value.cast("date").between(ibis.date(str(EARLIEST)), ibis.date(str(last))))


def values_seen(table: ir.Table, columns: Collection[Column], *, as_of: datetime.date | None) -> dict[str, int]:
    """Count in one query the rows, those that can be read, and each column's values, present and valid."""
    counts = {"rows": table.count(), "readable": (table.count() - table.unreadable.count())}
    for column in columns:
        counts[present(column)] = table[column.name].count()
        allowed = value_range(column, as_of=as_of)
        if allowed:
            counts[valid(column)] = ibis.coalesce(allowed.holds(table[column.name]).sum(), 0)
    return {name: int(count) for name, count in table.aggregate(**counts).execute().iloc[0].items()}


def completeness(name: str, columns: Collection[Column], seen: Mapping[str, int]) -> Iterator[Score]:
    """Score how much stands there: values among rows, for columns that should be filled in every row."""
    for column in columns:
        if column.absent is None and column.name not in EMPTY_TELLS.get(name, ()):
            yield Score(
                name, column.name, "completeness", seen[present(column)], seen["rows"], "rows with a value / rows"
            )


def validity(
    name: str, columns: Collection[Column], seen: Mapping[str, int], *, as_of: datetime.date | None
) -> Iterator[Score]:
    """Score how much makes sense: rows that can be read, and values in their range."""
    yield Score(name, ROW, "validity", seen["readable"], seen["rows"], "rows of which every value can be read / rows")
    for column in columns:
        allowed = value_range(column, as_of=as_of)
        if allowed:
            formula = f"values that are {allowed.words} / values"
            yield Score(name, column.name, "validity", seen[valid(column)], seen[present(column)], formula)


def uniqueness(name: str, table: ir.Table, columns: Collection[Column]) -> Iterator[Score]:
    """Score how much stands there once: rows that copy no other, and customers with one row."""
    rows = table.count().execute()
    content = table.select(*[column.name for column in columns])
    yield Score(name, ROW, "uniqueness", content.distinct().count().execute(), rows, "different rows / rows")
    if name == "customers":
        ids = table.aggregate(different=table.customer_id.nunique(), known=table.customer_id.count()).execute().iloc[0]
        formula = "different customers / rows with a customer"
        yield Score(name, "customer_id", "uniqueness", int(ids["different"]), int(ids["known"]), formula)


# --- do columns and tables agree?


def consistency(name: str, tables: Mapping[str, ir.Table], known: Collection[str]) -> Iterator[Score]:
    """Score how far rows and tables agree with each other."""
    table = tables[name]
    if name == "orders":
        one = {"customer_id": "one customer", "ordered_at": "one day", "currency": "one currency"}
        yield from agreeing(
            table, by="order_id", what={c: words for c, words in one.items() if c in known}, of="orders"
        )
        if {"product_id", "product_name"} <= set(known):
            yield from agreeing(table, by="product_id", what={"product_name": "one name"}, of="products")
        if "customers" in tables:
            yield found_in(name, table, tables["customers"], "customers of orders that the table of customers has")
    elif name == "customers" and "orders" in tables:
        yield found_in(name, table, tables["orders"], "customers of the table who have an order")
    elif name != "customers":
        people = [tables[other].select("customer_id") for other in ("orders", "customers") if other in tables]
        if people:
            yield found_in(name, table, ibis.union(*people), f"customers of {name} whom orders or customers have")


def agreeing(table: ir.Table, *, by: str, what: Mapping[str, str], of: str) -> Iterator[Score]:
    """Score for how many orders or products all rows say the same."""
    values = table.mutate(**{c: table[c].cast("date") for c in what if table[c].type().is_timestamp()})
    groups = (
        values.filter(values[by].notnull())
        .group_by(by)
        .aggregate(**{c: ibis.coalesce(values[c].min() == values[c].max(), True) for c in what})
    )
    told = groups.aggregate(groups=groups.count(), **{c: groups[c].sum() for c in what}).execute().iloc[0]
    for column, words in what.items():
        formula = f"{of} with {words} / {of}"
        yield Score("orders", column, "consistency", float(told[column] or 0), int(told["groups"]), formula)


def found_in(name: str, table: ir.Table, other: ir.Table, words: str) -> Score:
    """Score how many of a table's customers another table has."""
    mine = table.filter(table.customer_id.notnull()).select("customer_id").distinct()
    there = mine.semi_join(other, "customer_id")
    return Score(
        name, "customer_id", "consistency", there.count().execute(), mine.count().execute(), f"{words} / all of them"
    )


# --- are they up to date?


def timeliness(name: str, table: ir.Table, *, as_of: datetime.date | None) -> Iterator[Score]:
    """Score whether the data go on month after month, and up to the day on which they are looked at."""
    if name not in TIMED:
        return
    time = table[TIMED[name]]
    days = table.filter(time.notnull()).select(day=time.cast("date")).distinct().order_by("day").execute()["day"]
    days = pd.to_datetime(days).astype("datetime64[s]")
    if as_of:
        days = days[days.between(pd.Timestamp(EARLIEST), pd.Timestamp(as_of))]
    if days.empty:
        return
    months = days.dt.to_period("M")
    formula = f"months with {name} / months from the first to the last"
    yield Score(name, TIMED[name], "timeliness", months.nunique(), (months.max() - months.min()).n + 1, formula)
    if as_of and name == "orders":
        yield last_order(days, as_of)


def last_order(days: pd.Series, as_of: datetime.date) -> Score:
    """Score how fresh the last order is against the shop's own gaps between days with orders, a week at least."""
    since = max(1, (pd.Timestamp(as_of) - days.max()).days)
    gaps = days.diff().dt.days.dropna()
    usual = max(FRESH_DAYS, gaps.quantile(USUAL_GAPS) if len(gaps) else 0)
    formula = "gap between days with orders that 19 of 20 stay below, 7 days or more / days since the last order"
    return Score("orders", "last order", "timeliness", min(usual, since), since, formula)


# --- before and after


def scores(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Set the quality of the tables as read beside that after cleaning.

    Parameters
    ----------
    before, after : see `quality`; a table that cleaning does not touch may be missing in `after`

    Returns
    -------
    DataFrame, one row a table and dimension that is scored, in that order
        table, dimension : str; before, after : mean of the columns' scores, 0 to 1
    """
    untouched = before[~before["table"].isin(after["table"])]
    means = {
        word: told.groupby(["table", "dimension"])["score"].mean()
        for word, told in {"before": before, "after": pd.concat([after, untouched])}.items()
    }
    order = pd.MultiIndex.from_product([TABLES, DIMENSIONS], names=["table", "dimension"])
    table = pd.DataFrame(means).reindex(order).dropna(how="all")
    return table.reset_index()


def scores_table(scored: pd.DataFrame) -> pd.DataFrame:
    """Set the scores out for reading.

    Returns
    -------
    DataFrame, one row a table: table, then one column a dimension, such as "98.1 % → 100.0 %"; missing when not scored
    """
    words = scored.assign(words=[f"{row.before:.1%}\u00a0→\u00a0{row.after:.1%}" for row in scored.itertuples()])
    wide = words.pivot(index="table", columns="dimension", values="words")
    order = [name for name in TABLES if name in wide.index]
    return wide.reindex(index=order, columns=list(DIMENSIONS)).rename_axis(columns=None).reset_index()


def record(scored: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Collect all scores for whoever compares runs: by table and dimension, and by column before and after cleaning."""
    tables = {"scores": scored, "before": before, "after": after}
    return {name: table.to_dict("records") for name, table in tables.items()}


def weakest(told: pd.DataFrame, *, most: int = 10) -> pd.DataFrame:
    """List the columns that score lowest, one row a score below 1.

    Returns
    -------
    DataFrame, lowest first: table, column, dimension, score, formula
    """
    below = told[told["score"] < 1].sort_values(["score", "table", "column", "dimension"])
    return below.head(most)[["table", "column", "dimension", "score", "formula"]].reset_index(drop=True)


# --- what would help most

REPAIRS = {
    "guest": "Ask for an e-mail address at the checkout, and export it with every order",
    "unreadable": "Correct the cells that can't be read, or export again without opening the file in a spreadsheet",
    "missing value": "Fill the empty cells in the shop's system, or choose with the parameter missing how to fill them",
    "other currency": "Give the exchange rates with the parameter rates",
    "no exchange rate": "Complete the file of exchange rates",
    "unpaid": "Mark orders that were paid outside the shop's system as paid",
    "absurd quantity": "Correct the quantities, or raise the parameter max_quantity if they are real",
    "negative price": "Book corrections as refunds or credit notes, not as lines with a negative price",
    "no quantity": "Export the pieces of each line",
    "return without purchase": "Add the orders from before the file begins, to which the returns belong",
}
UNTOLD_MONEY = ("absurd quantity", "missing value", "no exchange rate", "other currency", "unreadable")
COLUMN_REPAIRS: dict[Dimension, str] = {
    "completeness": "Fill in {column} in the {table}",
    "uniqueness": "Export the {table} without copies",
    "validity": "Correct {column} in the {table}",
    "consistency": "Bring {column} in the {table} into agreement",
}
MOST = 3


def repairs(before: pd.DataFrame, account: pd.DataFrame, *, most: int = MOST) -> pd.DataFrame:
    """Choose the repairs at the source that would help most: first what brings lines back, then what fills gaps.

    Parameters
    ----------
    before : quality of the tables as read, see `quality`
    account : what became of every line, see `clean.account`

    Returns
    -------
    DataFrame, at most `most` rows, most helpful first
        repair : str, what to do; regains : str, "lines that count", "lines that are missing" or "values"; rows : int;
        money : float, shop currency, net value of the lines; missing where no line is regained, or where its value
        can't be told before it is repaired
    """
    ranked = pd.concat([lost_lines(account), lost_months(before, account), gaps(before)], ignore_index=True)
    return ranked.head(most)


def lost_lines(account: pd.DataFrame) -> pd.DataFrame:
    """List the repairs that bring back lines which were set aside, most lines first."""
    aside = account[account["reason"].isin(list(REPAIRS))].sort_values("lines", ascending=False)
    return repair_rows(
        {
            "repair": REPAIRS[row.reason],
            "regains": "lines that count",
            "rows": int(row.lines),
            "money": None if row.reason in UNTOLD_MONEY else row.money,
        }
        for row in aside.itertuples()
    )


def lost_months(before: pd.DataFrame, account: pd.DataFrame) -> pd.DataFrame:
    """List the repair of months without orders, with as many lines as a month usually has."""
    months = before[(before["table"] == "orders") & before["formula"].str.startswith("months")]
    lacking = months[months["passing"] < months["rows"]]
    return repair_rows(
        {
            "repair": f"Add the {row.rows - row.passing:,.0f} months that have no order, if their export was left out",
            "regains": "lines that are missing, about",
            "rows": round(account["lines"].sum() / row.passing * (row.rows - row.passing)),
            "money": None,
        }
        for row in lacking.itertuples()
    )


def gaps(before: pd.DataFrame) -> pd.DataFrame:
    """List the columns with most values missing, wrong or contradictory, one repair a column."""
    found = before[before["dimension"].isin(list(COLUMN_REPAIRS)) & (before["score"] < 1)]
    found = found[~((found["table"] == "orders") & found["column"].isin(["customer_id", ROW]))]  # lines tell of these
    found = found.assign(lacking=found["rows"] - found["passing"]).sort_values("lacking", ascending=False)
    return repair_rows(
        {
            "repair": COLUMN_REPAIRS[row.dimension].format(column=row.column.replace("_", " "), table=row.table),
            "regains": "values",
            "rows": int(row.lacking),
            "money": None,
        }
        for row in found.drop_duplicates(["table", "column"]).itertuples()
    )


def repair_rows(rows: Iterator[dict[str, Any]]) -> pd.DataFrame:
    """Collect repairs in a table; see `repairs`."""
    table = pd.DataFrame(list(rows), columns=["repair", "regains", "rows", "money"])
    return table.astype({"rows": "Int64", "money": "float64"})


def quality_in_words(scored: pd.DataFrame) -> str:
    """Say how good the orders were when read and are after cleaning, each dimension once.

    Parameters
    ----------
    scored : see `scores`
    """
    orders = scored[scored["table"] == "orders"]
    told = [f"{row.dimension} {row.before:.1%} ({row.after:.1%})" for row in orders.itertuples()]
    return f"Quality of the orders as read, and in brackets after cleaning: {', '.join(told)}."
