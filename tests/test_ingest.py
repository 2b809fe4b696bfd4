"""From what a shop gives to its canonical tables: which files, how they were understood, and every row of them."""

import csv
import datetime
import io
import os
import sqlite3
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from zipfile import ZipFile

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from platforms import EXPORTS
from shops import Line, order_line, store_orders
from strategies import FILES, dirty_orders

from segmentation import ingest
from segmentation.ingest import Hints, Reading
from segmentation.problems import DataProblem
from segmentation.sources.parts import open_parts
from segmentation.tables import ORDERS, SOURCE, TABLES, exact_value

CANONICAL = {
    "order_id": "1001",
    "customer_id": "ann",
    "ordered_at": "2025-03-01 12:00:00",
    "quantity": "1",
    "unit_price": "10.00",
}
SHOPIFY = {
    "Name": "#1001",
    "Email": "ann@example.com",
    "Financial Status": "paid",
    "Currency": "EUR",
    "Discount Code": "",
    "Discount Amount": "0.00",
    "Created at": "2025-03-01 12:00:00 +0100",
    "Lineitem quantity": "1",
    "Lineitem name": "Mug",
    "Lineitem price": "10.00",
    "Lineitem sku": "MUG",
    "Billing Country": "DE",
    "Shipping Country": "",
    "Cancelled at": "",
    "Payment Method": "Klarna",
    "Refunded Amount": "0.00",
    "Vendor": "Kitchen",
    "Tags": "",
    "Source": "web",
    "Lineitem discount": "0.00",
    "Phone": "",
}
ORDER_LEVEL = [name for name in SHOPIFY if name != "Name" and not name.startswith(("Lineitem", "Vendor"))]
RETAIL = {
    "Invoice": "489434",
    "StockCode": "85048",
    "Description": "15CM CHRISTMAS GLASS BALL 20 LIGHTS",
    "Quantity": "12",
    "InvoiceDate": "2009-12-01 07:45:00",
    "Price": "6.95",
    "Customer ID": "13085.0",
    "Country": "United Kingdom",
}
ETSY = next(export for export in EXPORTS if export.format == "Etsy sold orders")
AMAZON = next(export for export in EXPORTS if export.format.startswith("Amazon"))

Row = Mapping[str, str]


def as_csv(*rows: Row) -> str:
    """Write rows below a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def orders_with(column: str, *values: str) -> str:
    """Write canonical orders that differ in one column."""
    return as_csv(*(CANONICAL | {column: value} for value in values))


def shopify_order(*lines: Row, **order: str) -> list[Row]:
    """Write an order as Shopify does: what belongs to the order stands on its first line only."""
    told = {name.replace("_", " "): value for name, value in order.items()}
    first, *rest = [SHOPIFY | told | line for line in lines]
    return [first, *(line | dict.fromkeys(ORDER_LEVEL, "") for line in rest)]


class Reader(Protocol):
    def __call__(self, *texts: str | bytes, table: str = "orders", **hints: Any) -> Reading: ...


@pytest.fixture
def read(connection: Backend, tmp_path: Path) -> Reader:
    """Give what reads texts as the files 1.csv, 2.csv …, each changed a day after the one before."""

    def read_texts(*texts: str | bytes, table: str = "orders", **hints: Any) -> Reading:
        paths = [tmp_path / f"{number}.csv" for number in range(1, len(texts) + 1)]
        for day, (path, text) in enumerate(zip(paths, texts, strict=True), start=1):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            os.utime(path, (day * 86_400, day * 86_400))
        parts = open_parts(connection, [str(path) for path in paths], scratch=tmp_path / "scratch")
        return ingest.read_table(connection, parts, Hints(**hints), table=table)

    return read_texts


def lines(reading: Reading) -> list[dict]:
    return reading.table.order_by("source_file", "source_row").to_pyarrow().to_pylist()


def values(reading: Reading, column: str) -> list:
    return [line[column] for line in lines(reading)]


# --- which files


def test_the_sample_s_tables_stand_beside_the_sample_s_orders_alone() -> None:
    beside = {"customers": ["data/sample/customers.csv"], "contacts": ["elsewhere/contacts.csv"], "events": []}
    with_sample = ingest.given_files(["data/sample/orders.csv"], **beside)
    alone = ingest.given_files(["data/sample/orders.csv", "elsewhere/june.csv"], **beside)
    assert list(with_sample) == ["orders", "customers", "contacts"]
    assert alone == {
        "orders": ["data/sample/orders.csv", "elsewhere/june.csv"],
        "contacts": ["elsewhere/contacts.csv"],
    }


def test_orders_must_be_named() -> None:
    with pytest.raises(DataProblem, match="`orders` must name an order export; it names none"):
        ingest.given_files([], customers=["customers.csv"])


def test_a_column_map_tells_tables_apart_by_the_point() -> None:
    told = {"order_id": "No", "orders.quantity": "Pieces", "customers.email": "Mail", "events.event": "What"}
    assert ingest.column_maps(told) == {
        "orders": {"order_id": "No", "quantity": "Pieces"},
        "customers": {"email": "Mail"},
        "events": {"event": "What"},
    }


def test_a_column_map_for_what_is_no_table_is_refused() -> None:
    message = (
        r"`column_map` must name columns of orders, customers, events, feedback, contacts; it names 'client\.email'"
    )
    with pytest.raises(DataProblem, match=message):
        ingest.column_maps({"client.email": "Mail"})


def test_each_table_is_read_with_its_own_column_map_and_all_with_one_date_order(
    connection: Backend, tmp_path: Path
) -> None:
    orders = {"No": "7", "Who": "ann", "When": "01/02/2025", "Pieces": "2", "Each": "4.5"}
    (tmp_path / "orders.csv").write_text(as_csv(orders))
    (tmp_path / "customers.csv").write_text(as_csv({"Who": "ann", "Since": "01/02/2024"}))
    column_map = {
        "order_id": "No", "customer_id": "Who", "ordered_at": "When", "quantity": "Pieces", "unit_price": "Each",
        "customers.customer_id": "Who", "customers.joined_on": "Since",
    }  # fmt: skip
    given = {name: [str(tmp_path / f"{name}.csv")] for name in ("orders", "customers")}
    told = ingest.read_tables(connection, given, Hints(column_map, date_order="dmy"), scratch=tmp_path / "scratch")
    assert values(told["orders"], "ordered_at") == [datetime.datetime(2025, 2, 1)]
    assert values(told["customers"], "joined_on") == [datetime.date(2024, 2, 1)]


# --- what is recognised


def test_a_format_is_told_from_headers_never_from_the_file_s_name(connection: Backend, tmp_path: Path) -> None:
    path = tmp_path / "shopify_orders_export.tsv"
    path.write_text(as_csv(RETAIL))
    parts = open_parts(connection, [str(path)], scratch=tmp_path / "scratch")
    reading = ingest.read_table(connection, parts, Hints(), table="orders")
    assert ingest.formats_in_words(reading) == "UCI Online Retail"


def test_a_column_map_wins_over_what_was_recognised(read: Reader) -> None:
    reading = read(as_csv(SHOPIFY), column_map={"customer_id": "Vendor"})
    assert (values(reading, "customer_id"), values(reading, "product_id")) == (["Kitchen"], ["MUG"])


def test_a_column_map_wins_over_a_canonical_header(read: Reader) -> None:
    reading = read(as_csv(CANONICAL | {"household": "the Greens"}), column_map={"customer_id": "household"})
    assert values(reading, "customer_id") == ["the Greens"]


def test_a_column_map_can_t_change_where_a_row_came_from(read: Reader) -> None:
    with pytest.raises(DataProblem, match="it names 'source_row'"):
        read(as_csv(CANONICAL), column_map={"source_row": "order_id"})


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("customer_id", "the customer"),
        ("ordered_at", "the day of the order"),
        ("unit_price", "the price of one piece, or `line_total`, the amount of the line"),
    ],
)
def test_a_missing_column_is_asked_for_with_the_map_to_set(read: Reader, missing: str, words: str) -> None:
    row = {name: value for name, value in CANONICAL.items() if name != missing}
    with pytest.raises(DataProblem, match=rf"which column of '1\.csv' is {words} .*`column_map: {{{missing}: …"):
        read(as_csv(row))


def test_columns_that_nobody_knows_do_no_harm(read: Reader) -> None:
    extra = {"select": "1", 'a""b': "2", "left": "3", "__row": "4", "": "5", "__problem": "6", "quantity_1": "7"}
    assert values(read(as_csv(CANONICAL | extra)), "quantity") == [1]


def test_a_platform_that_names_no_buyer_is_refused_beside_files_that_do(read: Reader) -> None:
    with pytest.raises(DataProblem, match=r"'2\.csv' holds Amazon"):
        read(as_csv(CANONICAL), AMAZON.content())


def test_orders_of_a_platform_are_no_customers_table(read: Reader) -> None:
    with pytest.raises(DataProblem, match=r"Is it Shopify orders\? Then give it as `orders`"):
        read(as_csv(SHOPIFY), table="customers")


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("events", {"customer_id": "", "occurred_at": "2025-03-01 10:00:00", "event": "view", "duration_s": "1.5"}),
        ("feedback", {"customer_id": "ann", "given_at": "2025-03-01", "kind": "review", "rating": "5"}),
        ("contacts", {"customer_id": "ann", "campaign_id": "may", "sent_at": "2025-03-01", "arm": "control"}),
    ],
)
def test_every_canonical_table_is_read_by_its_names(read: Reader, table: str, row: Row) -> None:
    [line] = lines(read(as_csv(row), table=table))
    assert list(line) == TABLES[table].names
    assert (line["customer_id"], line["source_file"], line["unreadable"]) == (row["customer_id"] or None, "1.csv", None)


def test_customers_keep_their_other_columns_as_attributes(read: Reader) -> None:
    row = {"Customer_ID": "ann", "EMAIL": "Ann@Example.com", "shoe size": "41", "left": "", "Source_Row": "9"}
    [line] = lines(read(as_csv(row), table="customers"))
    assert list(line)[len(TABLES["customers"].columns) :] == ["shoe size", "left"]
    assert (line["shoe size"], line["left"], line["source_row"]) == ("41", None, 1)


def test_every_column_has_its_canonical_type(read: Reader) -> None:
    schema = read(as_csv(CANONICAL)).table.schema()
    assert list(schema) == ORDERS.names
    assert {name: str(schema[name]) for name in ("order_id", "ordered_at", "quantity", "unit_price")} == {
        "order_id": "string",
        "ordered_at": "timestamp(6)",
        "quantity": "int64",
        "unit_price": "float64",
    }


# --- what becomes of a platform's rows


def test_a_shopify_order_has_its_status_on_every_line(read: Reader) -> None:
    cases = {
        "paid": {},
        "cancelled": {"Cancelled at": "2025-03-02 08:00:00 +0100"},
        "test": {"Payment Method": "Bogus Gateway"},
        "voided": {"Financial Status": "voided"},
        "partly": {"Financial Status": "partially_refunded"},
        "cancelled test": {"Payment Method": "bogus", "Cancelled at": "2025-03-02 08:00:00 +0100"},
    }
    orders = [shopify_order(changed, {}, Name=name) for name, changed in cases.items()]
    told = lines(read(as_csv(*(line for order in orders for line in order))))
    assert {name: [line["status"] for line in told if line["order_id"] == name] for name in cases} == {
        "paid": ["placed", "placed"],
        "cancelled": ["cancelled", "cancelled"],
        "test": ["test", "test"],
        "voided": ["unpaid", "unpaid"],
        "partly": ["placed", "placed"],
        "cancelled test": ["test", "test"],
    }


def test_postage_and_charges_are_fees(read: Reader) -> None:
    kinds = {"POST": "fee", "DOT": "fee", "M": "fee", "BANK CHARGES": "fee", "85048": "product", "POSTER": "product"}
    assert values(read(as_csv(*(RETAIL | {"StockCode": code} for code in kinds))), "line_kind") == [*kinds.values()]


def test_an_invoice_that_begins_with_c_is_a_credit_note(read: Reader) -> None:
    rows = [RETAIL | {"Invoice": invoice} for invoice in ("C489449", "489449", "A506401")]
    assert values(read(as_csv(*rows)), "status") == ["credit", "placed", "placed"]


def test_the_customer_is_the_e_mail_else_the_telephone_else_a_guest(read: Reader) -> None:
    told = [(" Ann@Example.COM ", ""), ("ann@example.com", "+49 30 1"), ("", "+49 30 1"), ("", "")]
    rows = [SHOPIFY | {"Name": f"#{row}", "Email": told[row][0], "Phone": told[row][1]} for row in range(4)]
    assert values(read(as_csv(*rows)), "customer_id") == ["ann@example.com", "ann@example.com", "+49 30 1", None]


amounts = st.integers(0, 20_000).map(lambda cents: f"{cents / 100:.2f}")


@given(prices=st.lists(st.integers(1, 9_999), min_size=1, max_size=5), coupon=amounts, refund=amounts)
@settings(max_examples=6)
def test_coupon_and_refund_add_up_to_the_order_s_amounts(
    connection: Backend, tmp_path_factory: pytest.TempPathFactory, prices: list[int], coupon: str, refund: str
) -> None:
    items = ({"Lineitem price": f"{price / 100:.2f}"} for price in prices)
    folder = tmp_path_factory.getbasetemp()
    (folder / "spread.csv").write_text(as_csv(*shopify_order(*items, Discount_Amount=coupon, Refunded_Amount=refund)))
    parts = open_parts(connection, [str(folder / "spread.csv")], scratch=folder / "scratch")
    told = lines(ingest.read_table(connection, parts, Hints(), table="orders"))
    worth = sum(prices) / 100
    taken_off = min(float(coupon), worth)
    assert sum(line["discount"] for line in told) == pytest.approx(taken_off, abs=1e-6)
    assert sum(line["refunded"] for line in told) == pytest.approx(min(float(refund), worth - taken_off), abs=1e-6)


# --- a file of no known platform

OWN = {
    "Auftrag": "7",
    "Kundennummer": "K1",
    "Bestelldatum": "31.12.2024",
    "Lieferdatum": "13.1.2025",
    "Menge": "2",
    "Einzelpreis": "4,50",
}
OWN_FILE = as_csv(*(OWN | {"Auftrag": str(row), "Kundennummer": f"K{row % 3}"} for row in range(6)))


def test_an_unknown_file_is_guessed_and_the_grounds_are_shown(read: Reader) -> None:
    told = ingest.source_columns(read(OWN_FILE)).set_index("column")
    assert told["read from"].to_dict() == {
        "order_id": "Auftrag",
        "customer_id": "Kundennummer",
        "ordered_at": "Bestelldatum",
        "quantity": "Menge",
        "unit_price": "Einzelpreis",
    }
    assert told.loc["ordered_at", "grounds"] == (
        "the name means: when it was placed, the shop's local time; 100% dates (sure)"
    )


def test_a_column_map_overrides_a_guess(read: Reader) -> None:
    reading = read(OWN_FILE, column_map={"ordered_at": "Lieferdatum"})
    told = ingest.source_columns(reading).set_index("column")
    assert set(values(reading, "ordered_at")) == {datetime.datetime(2025, 1, 13)}
    assert told.loc["ordered_at", ["read from", "grounds"]].tolist() == [
        "Lieferdatum",
        "named in column_map (sure)",
    ]


def test_files_with_the_same_headers_are_one_guess(read: Reader) -> None:
    few = as_csv(OWN | {"Kundennummer": ""})
    reading = read(OWN_FILE, few)
    assert [dict(source.mapping) for source in reading.sources] == [dict(reading.sources[0].mapping)] * 2


SUMMARY = [
    {"client": "1", "last order": "2025-06-30", "number of orders": "3", "total spent": "90.00"},
    {"client": "2", "last order": "2025-01-15", "number of orders": "1", "total spent": "10.50"},
    {"client": "3", "last order": "2024-12-01", "number of orders": "7", "total spent": "700.00"},
]


def test_a_customer_summary_is_a_line_for_each_customer(read: Reader) -> None:
    told = lines(read(as_csv(*SUMMARY)))
    assert [(line["customer_id"], str(line["ordered_at"])[:10], line["orders_in_row"]) for line in told] == [
        ("1", "2025-06-30", 3),
        ("2", "2025-01-15", 1),
        ("3", "2024-12-01", 7),
    ]
    assert [line["quantity"] * line["unit_price"] for line in told] == [90.0, 10.5, 700.0]


def recency_file() -> str:
    return as_csv(*({"client": row["client"], "Recency": str(10 * place), "Frequency": row["number of orders"],
                     "Monetary": row["total spent"]} for place, row in enumerate(SUMMARY)))  # fmt: skip


def test_days_since_the_last_order_count_back_from_the_day_of_description(read: Reader) -> None:
    days = [str(day)[:10] for day in values(read(recency_file(), as_of="2025-06-30"), "ordered_at")]
    assert days == ["2025-06-30", "2025-06-20", "2025-06-10"]


def test_days_since_the_last_order_need_the_day_of_description(read: Reader) -> None:
    with pytest.raises(DataProblem, match=r"'Recency' counts the days since the last order.*Set `as_of`"):
        read(recency_file())


def test_what_a_summary_can_t_give_is_said(read: Reader) -> None:
    [said] = ingest.limits({"orders": read(as_csv(*SUMMARY))})
    assert said.startswith("Customer summary: Only a customer's last day is known")


def test_order_lines_have_no_limits_to_tell(read: Reader) -> None:
    assert ingest.limits({"orders": read(as_csv(CANONICAL), as_csv(RETAIL))}) == []


# --- several files of one table


def test_a_month_whose_days_could_be_months_is_read_as_its_neighbours(read: Reader) -> None:
    reading = read(orders_with("ordered_at", "01/02/2025", "12/02/2025"), orders_with("ordered_at", "31/03/2025"))
    assert [f"{time:%m-%d}" for time in values(reading, "ordered_at")] == ["02-01", "02-12", "03-31"]


def test_months_that_contradict_each_other_are_refused(read: Reader) -> None:
    with pytest.raises(DataProblem, match="some have the day first, others the month"):
        read(orders_with("ordered_at", "13/02/2025"), orders_with("ordered_at", "02/13/2025"))


def test_files_in_different_formats_stand_side_by_side(read: Reader) -> None:
    reading = read(as_csv(SHOPIFY), as_csv(RETAIL), as_csv(CANONICAL | {"ordered_at": "31.3.2025"}))
    assert [source.format.name for source in reading.sources] == [
        "Shopify orders",
        "UCI Online Retail",
        "Canonical columns",
    ]
    assert [f"{time:%Y-%m-%d}" for time in values(reading, "ordered_at")] == ["2025-03-01", "2009-12-01", "2025-03-31"]


def test_an_empty_file_among_others_is_refused_by_its_name(read: Reader) -> None:
    with pytest.raises(DataProblem, match=r"Can't read '2\.csv': it holds a header and no rows"):
        read(as_csv(CANONICAL), ",".join(CANONICAL) + "\n")


def test_rows_are_counted_in_each_file_anew(read: Reader) -> None:
    reading = read(orders_with("order_id", "1", "2"), orders_with("order_id", "3"))
    assert [(line["source_file"], line["source_row"], line["order_id"]) for line in lines(reading)] == [
        ("1.csv", 1, "1"),
        ("1.csv", 2, "2"),
        ("2.csv", 1, "3"),
    ]
    assert reading.rows == 3


# --- which file is the newest


def test_the_file_that_reaches_the_later_day_is_newer(read: Reader) -> None:
    reading = read(orders_with("ordered_at", "2025-03-31"), orders_with("ordered_at", "2025-01-31", "2025-02-28"))
    assert ingest.files_oldest_first(reading.table, reading) == ["2.csv", "1.csv"]


def test_of_files_that_reach_the_same_day_the_one_changed_later_is_newer(read: Reader) -> None:
    reading = read(orders_with("order_id", "1"), orders_with("order_id", "2"))
    assert ingest.files_oldest_first(reading.table, reading) == ["1.csv", "2.csv"]


def test_a_file_with_order_lines_outranks_a_newer_one_with_whole_orders(read: Reader) -> None:
    reading = read(orders_with("ordered_at", "2001-01-01"), ETSY.content())
    assert ingest.files_oldest_first(reading.table, reading) == ["2.csv", "1.csv"]


def test_a_file_without_any_date_is_the_oldest(read: Reader) -> None:
    reading = read(orders_with("ordered_at", "2025-03-31"), orders_with("ordered_at", ""))
    assert ingest.files_oldest_first(reading.table, reading) == ["2.csv", "1.csv"]


def test_a_single_file_is_the_newest(read: Reader) -> None:
    reading = read(as_csv(CANONICAL))
    assert ingest.files_oldest_first(reading.table, reading) == ["1.csv"]


def test_orders_that_a_newer_file_holds_too_are_counted(connection: Backend) -> None:
    told = {"january.csv": ["1", "2", "2", "3"], "february.csv": ["2", "3", "4"], "march.csv": ["3", "5", None]}
    orders = [order_line(order_id=order, source_file=file) for file, ids in told.items() for order in ids]
    table = ingest.overlap(store_orders(connection, orders), list(told))
    assert table.to_dict("list") == {
        "file": ["march.csv", "february.csv", "january.csv"],
        "orders": [2, 3, 3],
        "orders that a newer file holds too": [0, 1, 2],
    }


def test_a_number_that_began_anew_is_another_order(connection: Backend) -> None:
    days = {"2024.csv": datetime.datetime(2024, 5, 1), "2025.csv": datetime.datetime(2025, 5, 1)}
    orders = [order_line(order_id="1", source_file=file, ordered_at=day) for file, day in days.items()]
    table = ingest.overlap(store_orders(connection, orders), list(days))
    assert table["orders that a newer file holds too"].tolist() == [0, 0]


# --- rows that can't be read


def test_a_column_of_which_a_fifth_can_t_be_read_is_kept_as_it_is(read: Reader) -> None:
    reading = read(orders_with("quantity", "one", *"1234"))
    ingest.require_readable_tables({"orders": reading.table}, {"orders": reading})
    assert values(reading, "quantity") == [None, 1, 2, 3, 4]


def test_a_column_of_which_more_can_t_be_read_is_another_column(read: Reader) -> None:
    reading = read(orders_with("quantity", "1", "one", "two", "2", "3", "4", "5"))
    message = (
        r"Can't read orders: 2 of 7 rows are not what they must be, such as quantity: 'one' \(row 2\)\. "
        r"Is another column meant\? Name it with `column_map: {quantity: …}`\."
    )
    with pytest.raises(DataProblem, match=message):
        ingest.require_mostly_readable(reading.table, reading)


def test_a_file_of_damaged_rows_is_refused_without_asking_for_a_column(read: Reader) -> None:
    reading = read(orders_with("order_id", *"12345678") + "9,ann\n" * 8)
    with pytest.raises(DataProblem, match=r"8 of 16 rows .* Is the file damaged\? Export it again\.$"):
        ingest.require_mostly_readable(reading.table, reading)


def test_each_reason_has_a_fifth_of_its_own(read: Reader) -> None:
    rows = [CANONICAL] * 4 + [CANONICAL | {"quantity": "one"}, CANONICAL | {"unit_price": "free"}]
    reading = read(as_csv(*rows))
    ingest.require_mostly_readable(reading.table, reading)
    assert values(reading, "unreadable")[4:] == ["quantity: 'one'", "unit_price: 'free'"]


def test_a_customer_s_value_that_can_t_be_read_is_not_repeated_in_the_refusal(read: Reader) -> None:
    rows = [{"customer_id": f"c{row}", "birth_year": "ann@example.com"} for row in range(3)]
    reading = read(as_csv(*rows), table="customers")
    with pytest.raises(DataProblem, match=r"3 of 3 rows") as refusal:
        ingest.require_mostly_readable(reading.table, reading)
    assert "ann" not in str(refusal.value)


@pytest.mark.parametrize(
    "row", [",,,,", "Total,,,,90", ",".join(CANONICAL)], ids=["empty rows", "totals", "headers again"]
)
def test_rows_that_are_no_lines_are_no_reason_to_stop(read: Reader, row: str) -> None:
    reading = read(orders_with("order_id", "1", "2") + f"{row}\n" * 8)
    ingest.require_mostly_readable(reading.table, reading)
    assert [why is None for why in values(reading, "unreadable")] == [True] * 2 + [False] * 8


def test_orders_of_which_none_says_when_are_refused(read: Reader) -> None:
    reading = read(orders_with("ordered_at", "", " "))
    message = r"no row of '1\.csv' has a value in 'ordered_at'\. .*`column_map: {ordered_at: …}`"
    with pytest.raises(DataProblem, match=message):
        ingest.require_readable_tables({"orders": reading.table}, {"orders": reading})


# --- nothing is lost

WRITTEN = [column.name for column in ORDERS.columns if column not in SOURCE]


def as_written(line: Line) -> dict[str, str]:
    """Write a canonical line as a file would; what can't be read is written in words."""
    told = {name: line.get(name) for name in WRITTEN} | ({"quantity": "two"} if line.get("unreadable") else {})
    return {name: "" if value is None else str(value) for name, value in told.items()}


def net_cents(line: Line) -> Decimal:
    """Work out what a line is worth; nothing where it does not say, or not in a way that can be read."""
    if line["quantity"] is None or line["unit_price"] is None or line.get("unreadable"):
        return Decimal(0)
    price, discount, refunded = (Decimal(str(line[name])) for name in ("unit_price", "discount", "refunded"))
    return (line["quantity"] * price - discount - refunded).quantize(Decimal("0.0001"))


def in_files(orders: Sequence[Line]) -> dict[str, list[Line]]:
    """Sort order lines by their file; every file has at least one buyer."""
    return {name: [*(line for line in orders if line["source_file"] == name), order_line()] for name in FILES}


@given(orders=dirty_orders(min_orders=4))
@settings(max_examples=8)
def test_every_row_and_every_cent_of_the_files_stands_in_the_table(
    connection: Backend, tmp_path_factory: pytest.TempPathFactory, orders: list[Line]
) -> None:
    files, folder = in_files(orders), tmp_path_factory.getbasetemp() / "dirty"
    folder.mkdir(exist_ok=True)
    for name, rows in files.items():
        (folder / name).write_text(as_csv(*map(as_written, rows)), encoding="utf-8")
    parts = open_parts(connection, [str(folder / name) for name in files], scratch=folder / "scratch")
    reading = ingest.read_table(connection, parts, Hints(), table="orders")
    stored = connection.create_table(f"dirty_{os.urandom(8).hex()}", reading.table)
    expected = {(name, row) for name, rows in files.items() for row in range(1, len(rows) + 1)}
    told = stored.select("source_file", "source_row").to_pyarrow().to_pylist()
    assert sorted((line["source_file"], line["source_row"]) for line in told) == sorted(expected)
    money = sum(map(net_cents, (line for rows in files.values() for line in rows)), start=Decimal(0))
    assert exact_value(stored).sum().execute() == money


def test_a_row_in_which_an_order_is_packed_is_counted_once(read: Reader) -> None:
    export = next(export for export in EXPORTS if len(export.lines) > len(export.rows) and not export.refused)
    reading = read(export.content())
    told = ingest.overview({"orders": reading}, {"orders": reading.table}).iloc[0]
    assert told[["rows in the files", "rows read", "lines"]].tolist() == [
        len(export.rows),
        len(export.rows),
        len(export.lines),
    ]


# --- what the notebook shows


def test_the_notebook_lists_where_each_column_was_read_from(read: Reader) -> None:
    table = ingest.source_columns(read(as_csv(SHOPIFY)))
    told = table.set_index("column")["read from"]
    assert list(table) == ["column", "read from", "meaning"]
    assert told["discount"] == "Lineitem discount, plus Discount Amount, spread over the order's lines"
    assert "source_row" not in told


def test_of_files_in_several_formats_each_tells_its_columns(read: Reader) -> None:
    told = ingest.source_columns(read(as_csv(RETAIL), as_csv(CANONICAL), as_csv(RETAIL))).set_index("column")
    assert told.loc["order_id", "read from"] == "UCI Online Retail: Invoice; Canonical columns: order_id"
    assert told.loc["country", "read from"] == "UCI Online Retail: Country"


def test_how_columns_are_written_is_told_without_their_values(read: Reader) -> None:
    personal = {"email": "ann@example.com", "phone": "030 17", "product_name": "Mug"}
    row = CANONICAL | {"ordered_at": "31.3.2025", "unit_price": "10,00"} | personal
    table = ingest.writings(read(as_csv(row)))
    told = table.set_index("column")["written as"]
    assert (told["ordered_at"], told["unit_price"]) == ("day first: 31/12/2025", "decimal comma: 1.234,56")
    assert "product_name" not in told
    assert not {*personal.values(), "ann", "1001"} & {str(cell) for cell in table.to_numpy().ravel()}


def test_what_was_left_out_is_told_once(connection: Backend, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("june.csv", as_csv(CANONICAL))
        archive.writestr("readme.pdf", "%PDF-1.4")
    given = {"orders": [str(tmp_path / "export.zip")]}
    told = ingest.read_tables(connection, given, Hints(), scratch=tmp_path / "scratch")
    assert ingest.told(told) == "Of 'export.zip', 'readme.pdf' are no tables and were not read."


def test_files_are_listed_with_what_they_were_recognised_as(read: Reader) -> None:
    table = ingest.files_read({"orders": read(as_csv(RETAIL, RETAIL), ETSY.content())})
    assert table[["file", "table", "format", "a row is", "rows"]].to_numpy().tolist() == [
        ["1.csv", "orders", "UCI Online Retail", "an order line", 2],
        ["2.csv", "orders", "Etsy sold orders", "an order", len(ETSY.rows)],
    ]


@pytest.mark.parametrize(("files", "last"), [(12, "12.csv"), (13, "2 more files")])
def test_twelve_files_are_listed_and_of_more_the_rest_is_summed_up(read: Reader, files: int, last: str) -> None:
    table = ingest.files_read({"orders": read(*(orders_with("order_id", str(file)) for file in range(files)))})
    assert (len(table), table["file"].iloc[-1], table["rows"].sum()) == (12, last, files)


def test_months_are_counted_in_their_order_and_lines_without_a_date_not(connection: Backend) -> None:
    times = [datetime.datetime(2025, month, 3) for month in (5, 3, 5)]
    told = ingest.lines_by_month(store_orders(connection, [order_line(ordered_at=time) for time in [*times, None]]))
    assert [(str(month)[:10], count) for month, count in told.itertuples(index=False)] == [
        ("2025-03-01", 1),
        ("2025-05-01", 2),
    ]


def test_the_overview_counts_rows_customers_and_days(read: Reader) -> None:
    rows = [CANONICAL, CANONICAL | {"customer_id": "ben", "quantity": "one"}, CANONICAL | {"customer_id": ""}]
    reading = read(as_csv(*rows), as_csv(CANONICAL | {"ordered_at": "2025-03-31 23:00:00"}))
    [told] = ingest.overview({"orders": reading}, {"orders": reading.table}).to_dict("records")
    assert told == {
        "table": "orders",
        "files": 2,
        "rows in the files": 4,
        "rows read": 4,
        "lines": 4,
        "unreadable": 1,
        "customers": 2,
        "first day": pd.Timestamp("2025-03-01"),
        "last day": pd.Timestamp("2025-03-31"),
    }


def test_facts_tell_files_formats_period_and_currencies(connection: Backend, read: Reader) -> None:
    orders = store_orders(connection, [order_line(currency=currency) for currency in ("SEK", "EUR", "EUR", None)])
    reading = read(as_csv(RETAIL), as_csv(CANONICAL))
    told = ingest.facts(orders, {"orders": reading, "customers": reading}, files=["1.csv", "2.csv"])
    assert told == {
        "tables": ["orders", "customers"],
        "formats": "UCI Online Retail and Canonical columns",
        "files": ["1.csv", "2.csv"],
        "currencies": ["EUR", "SEK"],
        "first_day": "2025-03-01",
        "last_day": "2025-03-01",
        "zone": "",
    }


def test_the_manifest_identifies_a_file_by_its_bytes(read: Reader) -> None:
    [told] = ingest.inputs({"orders": read(as_csv(CANONICAL))})
    assert told.items() >= {"table": "orders", "name": "1.csv", "rows": 1, "bytes": len(as_csv(CANONICAL))}.items()
    assert len(told["sha256"]) == 64


def test_a_database_has_no_bytes_to_identify(connection: Backend, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute(f"create table sold ({', '.join(CANONICAL)})")
        shop.execute("insert into sold values (?, ?, ?, ?, ?)", list(CANONICAL.values()))
    shop.close()
    given = {"orders": [f"sqlite:///{tmp_path / 'shop.db'}?table=sold"]}
    [told] = ingest.inputs(ingest.read_tables(connection, given, Hints(), scratch=tmp_path / "scratch"))
    assert (told["bytes"], told["sha256"], told["rows"]) == (None, None, 1)
    assert str(tmp_path) not in told["name"]
