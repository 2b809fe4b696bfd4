"""A file with one row a customer (last order or recency, orders, spend) in place of orders, and what it can't give."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.formats import LINE_TOTAL, Format
from segmentation.guessing.contents import Contents, filled_values, look_at
from segmentation.guessing.guesses import Choice, certainty
from segmentation.guessing.words import meanings
from segmentation.problems import DataProblem, some

NAME = "Customer summary"
MEANINGS = {
    "customer_id": "who bought",
    "email": "e-mail address",
    "phone": "telephone number",
    "last_order": "day of the last order",
    "recency_days": "days since the last order",
    "order_count": "number of orders",
    "spend": "all that the customer has spent",
}


@dataclass(frozen=True)
class Summary:
    """How a file with one row a customer was understood.

    Attributes
    ----------
    chosen : by fact (`MEANINGS`), the header, why, and how certain that is
    """

    chosen: Mapping[str, Choice] = field(default_factory=dict)

    @property
    def mapping(self) -> dict[str, str]:
        """Fact to header."""
        return {fact: choice.header for fact, choice in self.chosen.items()}

    @property
    def recency(self) -> str | None:
        """The header of the days since the last order, where no column gives its day."""
        return None if "last_order" in self.chosen else self.mapping.get("recency_days")

    @property
    def format(self) -> Format:
        """The format by which the file is read: a row is all orders of a customer, on the day of the last one."""
        told = self.mapping
        sources = {
            "order_id": "customer_id",
            "customer_id": "customer_id",
            "ordered_at": "last_order" if "last_order" in told else "recency_days",
            "orders_in_row": "order_count",
            LINE_TOTAL: "spend",
            "email": "email",
            "phone": "phone",
        }
        columns = {column: [told[fact]] for column, fact in sources.items() if fact in told}
        constants = {"quantity": "1"}
        return Format(name=NAME, row="order", columns=columns, constants=constants, limits=" ".join(summary_limits()))

    @property
    def evidence(self) -> pd.DataFrame:
        """What was guessed and why: column, guessed from, because, certainty; headers and shares, never a value."""
        rows = [(fact, choice.header, choice.because, certainty(choice)) for fact, choice in self.chosen.items()]
        return pd.DataFrame(rows, columns=["column", "guessed from", "because", "certainty"])


def guess_summary(sample: pd.DataFrame) -> Summary | None:
    """Tell whether a file has one row a customer with orders and spend; none when it has not.

    Parameters
    ----------
    sample : the file's first rows, all text, with its own headers

    Returns
    -------
    Summary, which may lack the day of the last order; see `require_summary`

    Examples
    --------
    >>> sample = pd.DataFrame(
    ...     {"client": ["1", "2"], "Recency": ["3", "90"], "Frequency": ["2", "1"], "Monetary": ["9", "5"]}
    ... )
    >>> guess_summary(sample).mapping
    {'customer_id': 'client', 'recency_days': 'Recency', 'order_count': 'Frequency', 'spend': 'Monetary'}
    """
    looks = {header: look_at(sample[header]) for header in sample.columns if meanings(header, "summary")}
    chosen: dict[str, Choice] = {}
    for fact in MEANINGS:
        fitting = [(meanings(header, "summary").get(fact, 0.0), header) for header in looks]
        fitting = [(strength, header) for strength, header in fitting if strength and fits(fact, looks[header])]
        best = [header for strength, header in fitting if strength == max(fitting)[0]]
        if len(best) == 1:
            because = f"the name means: {MEANINGS[fact]}; {says(looks[best[0]])}"
            chosen[fact] = Choice(best[0], because, max(fitting)[0])
    key = next((fact for fact in ("customer_id", "email", "phone") if fact in chosen), None)
    if key is None or not {"order_count", "spend"} <= set(chosen):
        return None
    chosen = {"customer_id": chosen[key]} | {fact: choice for fact, choice in chosen.items() if fact != "customer_id"}
    return Summary(chosen) if is_one_row_each(looks[chosen["customer_id"].header]) else None


def fits(fact: str, seen: Contents) -> bool:
    """Tell whether a column's values can be what its name says."""
    if fact in ("order_count", "recency_days"):
        return seen.whole >= 0.95 and seen.cents < 0.05 and seen.dates < 0.5
    if fact == "spend":
        return seen.numbers >= 0.9 and seen.dates < 0.5
    if fact == "last_order":
        return seen.dates >= 0.9 or seen.serials >= 0.95
    if fact == "email":
        return seen.emails > 0.5 and seen.masked < 0.5
    if fact == "phone":
        return seen.phones > 0.5 and seen.masked < 0.5
    return seen.filled > 0 and (seen.is_key or seen.emails > 0.5)


def says(seen: Contents) -> str:
    """Say what a column's values look like."""
    if seen.dates >= 0.9:
        return f"{seen.dates:.0%} dates"
    if seen.numbers >= 0.9:
        return f"{seen.numbers:.0%} numbers"
    return f"{seen.distinct:,} different values"


def is_one_row_each(seen: Contents) -> bool:
    """Tell whether a column has a value of its own in nearly every row."""
    return seen.filled >= 2 and seen.distinct == seen.filled >= 0.9 * seen.rows


def require_summary(summary: Summary, *, name: str, as_of: str) -> Summary:
    """Require that a summary says how long ago each customer ordered.

    Parameters
    ----------
    summary : see `guess_summary`
    name : what messages call the file
    as_of : the day from which recency in days counts back, "" when it is not told

    Raises
    ------
    DataProblem
        Neither the last order's day nor the days since then are there, or the days are and `as_of` is not told.
    """
    if "last_order" not in summary.chosen and "recency_days" not in summary.chosen:
        raise DataProblem(
            f"Can't read orders: {some([name])} has one row a customer, with orders and spend, but does not say when "
            "each ordered last. Export the orders themselves, or add a column with the day of the last order?"
        )
    if summary.recency and not as_of:
        raise DataProblem(
            f"{some([name])} has one row a customer, and {some([summary.recency])} counts the days since the last "
            "order; it must be known from which day. Which day was the file made? Set `as_of`, such as 2026-06-30."
        )
    return summary


def with_days(raw: ir.Table, header: str, *, as_of: datetime.date) -> ir.Table:
    """Express days since the last order as the day of that order, still as text; what is no number stays as it is.

    Parameters
    ----------
    raw : one row a customer, all text
    header : the column of days
    as_of : the day from which they count back
    """
    days = raw[header].strip().re_replace(r"\.0+$", "").try_cast("int64")
    day = ibis.date(as_of.isoformat()) - days.as_interval("D")
    return raw.mutate(**{header: ibis.coalesce(day.cast("string").substr(0, 10), raw[header])})


def summary_limits() -> list[str]:
    """Say what a file with one row a customer can't give."""
    return [
        "Only a customer's last day is known, so there is no trend, no tenure and no rhythm between orders.",
        "No products are known, so there is no breadth and nothing to recommend.",
        "Returns and discounts are in the spend already, if at all.",
        "No period can be held out, so nothing shows that the segments say something about what comes next.",
    ]


def customers_without_order(sample: pd.DataFrame, summary: Summary) -> int:
    """Count the first rows' customers who have not ordered yet; they are no buyers to describe."""
    count = filled_values(sample[summary.mapping["order_count"]])
    return int((count.str.replace(r"\.0+$", "", regex=True) == "0").sum())
