"""The canonical tables: every column, its type and its unit. Nothing else defines a column."""

from dataclasses import dataclass
from typing import Literal

import ibis.expr.types as ir
import pandas as pd

Kind = Literal["id", "text", "time", "day", "integer", "number", "money", "flag"]

IBIS_TYPES: dict[Kind, str] = {
    "id": "string",
    "text": "string",
    "time": "timestamp(6)",
    "day": "date",
    "integer": "int64",
    "number": "float64",
    "money": "float64",
    "flag": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One canonical column: name, kind, meaning with its unit, what an absent value becomes, the words allowed."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    absent: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One canonical table: its name, what one row is, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]


# What every table ends with.
SOURCE = (
    Column("source_file", "text", "name of the file that the row came from"),
    Column("source_row", "integer", "row in that file, the first below the header is 1"),
    Column("source_item", "integer", "which of the items that one row holds side by side, from 1"),
    Column("unreadable", "text", "why the row can't be read as what it must be; null when it can"),
)

STATUSES = ("placed", "credit", "unpaid", "cancelled", "test")
KINDS = ("product", "fee")

ORDERS = Table(
    "orders",
    "an order line",
    (
        Column("order_id", "id", "the order or credit note", required=True),
        Column("customer_id", "id", "who bought; null for a guest", required=True),
        Column("ordered_at", "time", "when it was placed, the shop's local time", required=True),
        Column("product_id", "id", "the product's code"),
        Column("product_name", "text", "the product's name"),
        Column("category", "text", "the product's category"),
        Column("quantity", "integer", "pieces, negative for a return", required=True),
        Column("unit_price", "money", "price of one piece, before tax, shop currency", required=True),
        Column("discount", "money", "taken off the whole line, shop currency", absent="0"),
        Column("refunded", "money", "paid back for the whole line afterwards, shop currency", absent="0"),
        Column("currency", "text", "ISO 4217 code"),
        Column("country", "text", "where it was sent or billed"),
        Column("channel", "text", "where it was sold: web, app, point of sale"),
        Column("coupon", "text", "code that the customer used"),
        Column("email", "text", "e-mail address that the order gives"),
        Column("phone", "text", "telephone number that the order gives"),
        Column("status", "text", "placed, credit, unpaid, cancelled or test", absent="placed", words=STATUSES),
        Column(
            "line_kind", "text", "product, or fee for postage, charges and corrections", absent="product", words=KINDS
        ),
        Column("orders_in_row", "integer", "orders that the row stands for; a customer's all in a summary", absent="1"),
        *SOURCE,
    ),
)

CUSTOMERS = Table(
    "customers",
    "a customer; any other column is kept as an attribute",
    (
        Column("customer_id", "id", "the same key as in orders", required=True),
        Column("email", "text", "e-mail address"),
        Column("phone", "text", "telephone number"),
        Column("name", "text", "the person's name"),
        Column("birth_year", "integer", "calendar year"),
        Column("gender", "text", "as the shop records it"),
        Column("city", "text", "city of the address"),
        Column("country", "text", "country of the address"),
        Column("joined_on", "day", "day the account was opened"),
        Column("acquisition_channel", "text", "what brought the customer"),
        Column("marketing_consent", "flag", "agreed to marketing; null when unknown"),
        *SOURCE,
    ),
)

EVENTS = Table(
    "events",
    "an action during a visit to the web shop",
    (
        Column("customer_id", "id", "who acted; null for an unknown visitor", required=True),
        Column("occurred_at", "time", "when, the shop's local time", required=True),
        Column("event", "text", "view, cart, checkout, order, search …", required=True),
        Column("session_id", "id", "the visit"),
        Column("product_id", "id", "the product concerned"),
        Column("duration_s", "number", "time spent, seconds"),
        *SOURCE,
    ),
)

FEEDBACK = Table(
    "feedback",
    "an opinion",
    (
        Column("customer_id", "id", "whose opinion", required=True),
        Column("given_at", "time", "when, the shop's local time", required=True),
        Column("kind", "text", "review, survey or complaint", required=True),
        Column("rating", "number", "1 (worst) to 5 (best)"),
        Column("text", "text", "what was written"),
        *SOURCE,
    ),
)

CONTACTS = Table(
    "contacts",
    "a customer in a campaign",
    (
        Column("customer_id", "id", "who was in the campaign", required=True),
        Column("campaign_id", "id", "the campaign", required=True),
        Column("sent_at", "time", "when it went out, the shop's local time", required=True),
        Column("channel", "text", "e-mail, post, text message …"),
        Column("arm", "text", "treated or control", required=True),
        Column("cost", "money", "cost of this contact, shop currency"),
        Column("opened_at", "time", "when it was opened"),
        Column("clicked_at", "time", "when it was clicked"),
        *SOURCE,
    ),
)

TABLES = {table.name: table for table in (ORDERS, CUSTOMERS, EVENTS, FEEDBACK, CONTACTS)}


def net_value(orders: ir.Table) -> ir.FloatingColumn:
    """Express what each order line was worth: net of line discount and refund, before tax and shipping.

    Parameters
    ----------
    orders : table, one row an order line
        quantity : pieces; unit_price, discount, refunded : shop currency

    Returns
    -------
    Column of float, shop currency, negative for a return

    Source
    ------
    docs/decisions/0004-money-and-returns.md
    """
    return orders.quantity * orders.unit_price - orders.discount - orders.refunded


def exact_value(orders: ir.Table) -> ir.DecimalColumn:
    """Express what each order line was worth as a decimal number, so that sums do not depend on their order.

    Ten million floating-point numbers, some of them absurd, add up to different cents each time; these do not.

    Returns
    -------
    Column of decimal with four places, shop currency; see `net_value`
    """
    return net_value(orders).round(4).cast("decimal(28, 4)")


def lines_by_currency(orders: ir.Table) -> pd.Series:
    """Count the order lines in each currency that the source names.

    Returns
    -------
    Series of int indexed by ISO 4217 code, most lines first, equal counts by code; empty when the source names none
    """
    told = orders.filter(orders.currency.notnull()).currency.value_counts(name="lines").execute()
    return told.sort_values(["lines", "currency"], ascending=[False, True]).set_index("currency")["lines"]
