"""The rules of cleaning: each a reason to set an order line aside, in the order in which they are asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

CENT = 0.005


@dataclass(frozen=True)
class Rule:
    """One reason to set a line aside: its name, the sentence that a reader sees, and the test of a line."""

    name: str
    sentence: str
    fails: Callable[[ir.Table], ir.BooleanColumn]


def is_gift(line: ir.Table) -> ir.BooleanColumn:
    """Express whether a line's discount takes its whole price, but for less than a cent."""
    return (line.discount > 0) & (line.discount >= line.quantity * line.unit_price - CENT) & ~line.is_changed


RULES = {
    rule.name: rule
    for rule in (
        Rule("unreadable", "Some value can't be read as what it must be.", lambda line: line.unreadable.notnull()),
        Rule("older copy", "A newer file has the order, and counts.", lambda line: line.is_older_copy),
        Rule("duplicate", "The same line stands earlier in the file, in every column.", lambda line: line.is_copy),
        Rule("guest", "No customer is known.", lambda line: line.customer_id.isnull()),
        Rule("test order", "The order was a test.", lambda line: line.status == "test"),
        Rule("cancelled", "The order was cancelled.", lambda line: line.status == "cancelled"),
        Rule("unpaid", "The order was never paid.", lambda line: line.status == "unpaid"),
        Rule("other currency", "The line is not in the shop's currency.", lambda line: line.is_other_currency),
        Rule("no exchange rate", "No rate is known for its currency and day.", lambda line: line.is_other_currency),
        Rule("fee", "Postage, a charge or a correction, no product.", lambda line: line.line_kind == "fee"),
        Rule("missing value", "A value that must be there is missing.", lambda line: line.is_incomplete),
        Rule("credit note", "The document takes goods back.", lambda line: line.status == "credit"),
        Rule("return", "The line takes goods back.", lambda line: line.quantity <= 0),
        Rule("no quantity", "The line sells nothing.", lambda line: line.quantity == 0),
        Rule("negative price", "The price is below zero.", lambda line: line.unit_price < 0),
        Rule("zero price", "The price is zero.", lambda line: line.unit_price == 0),
        Rule("gift", "The whole price was taken off.", is_gift),
        Rule("absurd quantity", "More pieces than the shop could sell.", lambda line: line.is_absurd),
        Rule("outlier", "A value lies far from the usual.", lambda line: line.is_far_out),
        Rule(
            "return without purchase",
            "More came back than the customer had bought of the product by then.",
            lambda line: line.returns_too_much,
        ),
        Rule("wholesaler", "The customer buys as a trader does.", lambda line: line.is_of_wholesaler),
    )
}

# These are asked of what all others left; see `clean.judge_orders`.
LATE = ("outlier", "return without purchase", "wholesaler")

# What the rules ask of a line, beside its columns.
FLAGS = (
    "is_older_copy",
    "is_copy",
    "is_other_currency",
    "is_incomplete",
    "is_changed",
    "is_absurd",
    "is_far_out",
    "returns_too_much",
    "is_of_wholesaler",
)


def first_failed(line: ir.Table, rules: Sequence[Rule]) -> ir.StringColumn:
    """Express the name of the first rule that a line fails, null when it passes all."""
    return ibis.cases(*((rule.fails(line), rule.name) for rule in rules), else_=ibis.null("string"))
