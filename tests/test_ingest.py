"""From a shop's files to the canonical tables: what is recognised, what becomes of values, what is refused."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import order_line, store_orders

from segmentation import ingest
from segmentation.clean import require_one_currency
from segmentation.ingest import Reading
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.sources import open_parts
from segmentation.tables import TABLES

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
CANONICAL = {
    "order_id": "1001",
    "customer_id": "ann",
    "ordered_at": "2025-03-01 12:00:00",
    "quantity": "1",
    "unit_price": "10.00",
}
RETAIL_1 = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
    "Quantity": "6",
    "InvoiceDate": "12/1/2010 8:26",
    "UnitPrice": "2.55",
    "CustomerID": "17850",
    "Country": "United Kingdom",
}
RETAIL_2 = {
    "Invoice": "489434",
    "StockCode": "85048",
    "Description": "15CM CHRISTMAS GLASS BALL 20 LIGHTS",
    "Quantity": "12",
    "InvoiceDate": "2009-12-01 07:45:00",
    "Price": "6.95",
    "Customer ID": "13085.0",
    "Country": "United Kingdom",
}


def as_csv(*lines: Mapping[str, str]) -> str:
    quoted = [",".join('"' + value.replace('"', '""') + '"' for value in line.values()) for line in lines]
    return "\n".join([",".join(lines[0]), *quoted, ""])


def shopify_order(*lines: Mapping[str, str], **order: str) -> list[dict[str, str]]:
    """Write an order as Shopify does: what belongs to the order stands on its first line only."""
    told = {name.replace("_", " "): value for name, value in order.items()}
    first, *rest = [SHOPIFY | told | line for line in lines]
    return [first, *(line | dict.fromkeys(ORDER_LEVEL, "") for line in rest)]


def canonical_lines(column: str, *values: str) -> str:
    return as_csv(*(CANONICAL | {column: value} for value in values))


class Reader(Protocol):
    def __call__(
        self, text: str, *, table: str = "orders", column_map: Mapping[str, str] = {}, date_order: str = ""
    ) -> Reading: ...


@pytest.fixture
def read(connection: Backend, tmp_path: Path) -> Reader:
    def read_text(
        text: str, *, table: str = "orders", column_map: Mapping[str, str] = {}, date_order: str = ""
    ) -> Reading:
        path = tmp_path / "june.csv"
        path.write_text(text, encoding="utf-8")
        parts = open_parts(connection, [str(path)], scratch=tmp_path)
        return ingest.read_table(connection, parts, table=table, column_map=column_map, date_order=date_order)

    return read_text


def lines(reading: Reading) -> list[dict]:
    return reading.table.order_by("source_row").to_pyarrow().to_pylist()


def values(reading: Reading, column: str) -> list:
    return [line[column] for line in lines(reading)]


# --- recognising


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (SHOPIFY, "Shopify orders"),
        (RETAIL_1 | {"InvoiceDate": "12/25/2010 8:26"}, "UCI Online Retail"),
        (RETAIL_2, "UCI Online Retail"),
        (CANONICAL, "Canonical columns"),
    ],
    ids=["shopify", "retail one", "retail two", "canonical"],
)
def test_a_format_is_told_from_headers_never_from_the_file_s_name(
    connection: Backend, tmp_path: Path, line: Mapping[str, str], name: str
) -> None:
    path = tmp_path / "shopify_orders_online_retail.tsv"
    path.write_text(as_csv(line), encoding="utf-8")
    parts = open_parts(connection, [str(path)], scratch=tmp_path)
    reading = ingest.read_table(connection, parts, table="orders", column_map={})
    assert reading.sources[0].format.name == name


def test_the_order_and_number_of_columns_does_not_matter(read: Reader) -> None:
    turned = dict(reversed(({"": "0", "Extra": "x"} | RETAIL_2).items()))
    assert read(as_csv(turned)).sources[0].format.name == "UCI Online Retail"


def test_a_shopify_line_becomes_a_canonical_line(read: Reader) -> None:
    assert lines(read(as_csv(SHOPIFY | {"Discount Code": "SPRING", "Discount Amount": "2.00"}))) == [
        {
            "order_id": "#1001",
            "customer_id": "ann@example.com",
            "ordered_at": datetime.datetime(2025, 3, 1, 12),
            "product_id": "MUG",
            "product_name": "Mug",
            "category": "Kitchen",
            "quantity": 1,
            "unit_price": 10.0,
            "discount": 2.0,
            "refunded": 0.0,
            "currency": "EUR",
            "country": "DE",
            "channel": "web",
            "coupon": "SPRING",
            "status": "placed",
            "line_kind": "product",
            "source_file": "june.csv",
            "source_row": 1,
        }
    ]


def test_the_first_online_retail_file_becomes_canonical(read: Reader) -> None:
    line = lines(read(as_csv(RETAIL_1, RETAIL_1 | {"InvoiceDate": "12/25/2010 18:05"})))[0]
    told = ("order_id", "customer_id", "ordered_at", "product_id", "quantity", "unit_price", "currency")
    time = datetime.datetime(2010, 12, 1, 8, 26)
    assert tuple(line[name] for name in told) == ("536365", "17850", time, "85123A", 6, 2.55, "GBP")


def test_the_second_online_retail_file_becomes_canonical(read: Reader) -> None:
    line = lines(read(as_csv(RETAIL_2)))[0]
    told = ("order_id", "customer_id", "ordered_at", "product_id", "quantity", "unit_price", "country")
    time = datetime.datetime(2009, 12, 1, 7, 45)
    assert tuple(line[name] for name in told) == ("489434", "13085", time, "85048", 12, 6.95, "United Kingdom")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, "placed"),
        ({"Cancelled at": "2025-03-02 08:00:00 +0100"}, "cancelled"),
        ({"Payment Method": "Bogus Gateway"}, "test"),
        ({"Financial Status": "voided"}, "unpaid"),
        ({"Financial Status": "expired"}, "unpaid"),
        ({"Financial Status": "partially_refunded"}, "placed"),
        ({"Payment Method": "bogus", "Cancelled at": "2025-03-02 08:00:00 +0100"}, "test"),
    ],
    ids=["paid", "cancelled", "test", "voided", "expired", "partially refunded", "cancelled test"],
)
def test_a_shopify_order_has_its_status_on_every_line(read: Reader, changed: dict[str, str], status: str) -> None:
    order = shopify_order({}, {"Lineitem sku": "TEA"})
    assert values(read(as_csv(order[0] | changed, *order[1:])), "status") == [status, status]


@pytest.mark.parametrize(("invoice", "status"), [("C489449", "credit"), ("489449", "placed"), ("A506401", "placed")])
def test_an_invoice_that_begins_with_c_is_a_credit_note(read: Reader, invoice: str, status: str) -> None:
    assert values(read(as_csv(RETAIL_2 | {"Invoice": invoice})), "status") == [status]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("POST", "fee"),
        ("DOT", "fee"),
        ("M", "fee"),
        ("BANK CHARGES", "fee"),
        ("85048", "product"),
        ("POSTER", "product"),
    ],
)
def test_postage_and_charges_are_fees(read: Reader, code: str, kind: str) -> None:
    assert values(read(as_csv(RETAIL_2 | {"StockCode": code})), "line_kind") == [kind]


def test_a_canonical_file_keeps_its_status_and_kind(read: Reader) -> None:
    line = CANONICAL | {"status": "cancelled", "line_kind": "fee"}
    told = lines(read(as_csv(line, line | {"status": "", "line_kind": ""})))
    assert [(line["status"], line["line_kind"]) for line in told] == [("cancelled", "fee"), ("placed", "product")]


def test_canonical_headers_count_in_any_case(read: Reader) -> None:
    assert values(read(as_csv({name.upper(): value for name, value in CANONICAL.items()})), "order_id") == ["1001"]


def test_columns_that_nobody_knows_do_no_harm(read: Reader) -> None:
    extra = {"select": "1", 'a""b': "2", "left": "3", "__row": "4", "": "5", "discount_of_order": "6"}
    assert values(read(as_csv(CANONICAL | extra)), "order_id") == ["1001"]


# --- the column map

OWN = {"No": "7", "Who": "ann", "When": "2025-03-01", "Pieces": "2", "Each": "4.5", "Who else": "ben"}
OWN_MAP = {"order_id": "No", "customer_id": "Who", "ordered_at": "When", "quantity": "Pieces", "unit_price": "Each"}


def test_a_column_map_reads_a_file_of_no_known_format(read: Reader) -> None:
    reading = read(as_csv(OWN), column_map=OWN_MAP)
    assert (reading.sources[0].format.name, values(reading, "unit_price")) == ("Own columns", [4.5])


def test_a_column_map_wins_over_what_was_recognised(read: Reader) -> None:
    reading = read(as_csv(SHOPIFY), column_map={"customer_id": "Billing Country"})
    assert (values(reading, "customer_id"), values(reading, "product_id")) == (["DE"], ["MUG"])


def test_a_column_map_wins_over_a_canonical_header(read: Reader) -> None:
    line = CANONICAL | {"household": "the Greens"}
    assert values(read(as_csv(line), column_map={"customer_id": "household"}), "customer_id") == ["the Greens"]


def test_a_column_map_can_name_the_order_by_what_stands_once_an_order(read: Reader) -> None:
    reading = read(as_csv(SHOPIFY | {"Discount Code": "S"}), column_map={"order_id": "Discount Code"})
    assert values(reading, "order_id") == ["S"]


def test_an_unknown_canonical_column_is_refused_with_the_nearest(read: Reader) -> None:
    with pytest.raises(DataProblem, match=r"it names 'custmer_id'\. Did you mean 'customer_id'\?"):
        read(as_csv(OWN), column_map={"custmer_id": "Who"})


def test_a_column_map_can_t_change_where_a_row_came_from(read: Reader) -> None:
    with pytest.raises(DataProblem, match="it names 'source_row'"):
        read(as_csv(OWN), column_map=OWN_MAP | {"source_row": "No"})


def test_a_column_map_to_a_source_that_is_not_there_is_refused(read: Reader) -> None:
    message = "names 'Whom', which 'june.csv' does not have. It has 'No', 'Who', 'When', 'Pieces', 'Each' and 1 more"
    with pytest.raises(DataProblem, match=message):
        read(as_csv(OWN), column_map=OWN_MAP | {"customer_id": "Whom"})


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("customer_id", "no column for the customer"),
        ("ordered_at", "no column for the day of the order"),
        ("unit_price", "no column for the price"),
        ("order_id", "no column for order_id"),
        ("quantity", "no column for quantity"),
    ],
)
def test_a_missing_column_is_refused_with_the_map_to_set(read: Reader, missing: str, words: str) -> None:
    line = {name: value for name, value in CANONICAL.items() if name != missing}
    with pytest.raises(DataProblem, match=rf"'june\.csv' has {words}\..*`column_map: {{{missing}: …}}`"):
        read(as_csv(line))


def test_the_customer_is_the_first_column_that_is_missed(read: Reader) -> None:
    message = "no column for the customer. It has 'Order', 'Date' and 'Total'. Is it another kind of export"
    with pytest.raises(DataProblem, match=message):
        read(as_csv({"Order": "1", "Date": "2025-03-01", "Total": "9.00"}))


# --- Shopify's orders


def test_what_stands_on_an_order_s_first_line_holds_for_all_its_lines(read: Reader) -> None:
    order = shopify_order({}, {"Lineitem sku": "TEA"}, Email="Ann@Example.com", Discount_Code="SPRING")
    told = lines(read(as_csv(*order, SHOPIFY | {"Name": "#1002", "Email": "", "Created at": "2025-04-01 09:00:00"})))
    names = ("order_id", "customer_id", "ordered_at", "currency", "country", "channel", "coupon", "product_id")
    march, april = datetime.datetime(2025, 3, 1, 12), datetime.datetime(2025, 4, 1, 9)
    assert [tuple(line[name] for name in names) for line in told] == [
        ("#1001", "ann@example.com", march, "EUR", "DE", "web", "SPRING", "MUG"),
        ("#1001", "ann@example.com", march, "EUR", "DE", "web", "SPRING", "TEA"),
        ("#1002", None, april, "EUR", "DE", "web", None, "MUG"),
    ]


@pytest.mark.parametrize(
    ("email", "phone", "customer"),
    [
        (" Ann@Example.COM ", "", "ann@example.com"),
        ("ann@example.com", "+49 30 1", "ann@example.com"),
        ("", "+49 30 1", "+49 30 1"),
        ("", "", None),
    ],
    ids=["lower case", "e-mail first", "telephone", "guest"],
)
def test_the_customer_is_the_e_mail_else_the_telephone_else_a_guest(
    read: Reader, email: str, phone: str, customer: str | None
) -> None:
    assert values(read(as_csv(SHOPIFY | {"Email": email, "Phone": phone})), "customer_id") == [customer]


def test_a_product_without_a_code_goes_by_its_name(read: Reader) -> None:
    assert values(read(as_csv(SHOPIFY | {"Lineitem sku": ""})), "product_id") == ["Mug"]


def test_an_order_s_coupon_is_spread_by_value(read: Reader) -> None:
    order = shopify_order({"Lineitem price": "30.00"}, {"Lineitem price": "10.00"}, Discount_Amount="8.00")
    assert values(read(as_csv(*order)), "discount") == [6.0, 2.0]


def test_a_coupon_comes_on_top_of_a_line_s_own_discount(read: Reader) -> None:
    own = {"Lineitem price": "30.00", "Lineitem discount": "10.00"}
    order = shopify_order(own, {"Lineitem price": "20.00"}, Discount_Amount="8.00")
    assert values(read(as_csv(*order)), "discount") == [14.0, 4.0]


def test_a_refund_is_spread_over_what_the_coupon_left(read: Reader) -> None:
    order = shopify_order(
        {"Lineitem price": "30.00"}, {"Lineitem price": "10.00"}, Discount_Amount="8.00", Refunded_Amount="16.00"
    )
    assert values(read(as_csv(*order)), "refunded") == [12.0, 4.0]


def test_a_refund_above_what_is_left_counts_up_to_it(read: Reader) -> None:
    order = shopify_order({"Lineitem price": "30.00"}, {"Lineitem price": "10.00"}, Refunded_Amount="44.90")
    assert values(read(as_csv(*order)), "refunded") == [30.0, 10.0]


def test_an_order_worth_nothing_takes_no_coupon(read: Reader) -> None:
    order = shopify_order({"Lineitem price": "0.00"}, {"Lineitem price": "0.00"}, Discount_Amount="5.00")
    assert values(read(as_csv(*order)), "discount") == [0.0, 0.0]


def test_a_refund_does_not_spread_to_other_orders(read: Reader) -> None:
    other = SHOPIFY | {"Name": "#1002"}
    assert values(read(as_csv(*shopify_order({}, Refunded_Amount="10.00"), other)), "refunded") == [10.0, 0.0]


amounts = st.integers(0, 20_000).map(lambda cents: f"{cents / 100:.2f}")
prices = st.lists(st.integers(1, 9_999), min_size=1, max_size=5)


@given(prices=prices, coupon=amounts, refund=amounts)
@settings(max_examples=10)
def test_coupon_and_refund_add_up_to_the_order_s_amounts(
    connection: Backend, tmp_path_factory: pytest.TempPathFactory, prices: list[int], coupon: str, refund: str
) -> None:
    order = shopify_order(
        *({"Lineitem price": f"{price / 100:.2f}"} for price in prices), Discount_Amount=coupon, Refunded_Amount=refund
    )
    path = tmp_path_factory.getbasetemp() / "spread.csv"
    path.write_text(as_csv(*order), encoding="utf-8")
    reading = ingest.read_table(connection, path, table="orders", column_map={}, date_order="")
    worth = sum(prices) / 100
    taken_off = min(float(coupon), worth)
    assert sum(values(reading, "discount")) == pytest.approx(taken_off, abs=1e-6)
    assert sum(values(reading, "refunded")) == pytest.approx(min(float(refund), worth - taken_off), abs=1e-6)


# --- values


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("007", "007"),
        ("13085.0", "13085"),
        ("0013.0", "0013"),
        ("12345678901234567890", "12345678901234567890"),
        (" 7 ", "7"),
        ("7.05", "7.05"),
        ("10.0.0", "10.0"),
        ("=1+1", "=1+1"),
        ("ÄRZTE", "ÄRZTE"),
    ],
)
def test_an_id_stays_text(read: Reader, written: str, read_as: str) -> None:
    assert values(read(canonical_lines("order_id", written)), "order_id") == [read_as]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("Ann@Example.com", "ann@example.com"), ("Ann", "Ann"), ("13085.0", "13085"), ("  ", None), ("", None)],
)
def test_a_customer_s_key_is_the_same_however_it_was_typed(read: Reader, written: str, read_as: str | None) -> None:
    assert values(read(canonical_lines("customer_id", written)), "customer_id") == [read_as]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=1+1", "@SUM(A1)", "-2", "+49", '5" ribbon', "a\nb"])
def test_a_product_s_name_is_text_and_nothing_else(read: Reader, name: str) -> None:
    assert values(read(as_csv(CANONICAL | {"product_name": name})), "product_name") == [name]


@pytest.mark.parametrize(("written", "pieces"), [("3", 3), ("-3", -3), ("3.0", 3), (" 3 ", 3), ("1e3", 1000), ("0", 0)])
def test_a_quantity_is_a_whole_number(read: Reader, written: str, pieces: int) -> None:
    assert values(read(canonical_lines("quantity", written)), "quantity") == [pieces]


@pytest.mark.parametrize(("written", "price"), [("2.55", 2.55), ("-2.5", -2.5), ("0", 0.0), (" 3 ", 3.0), (".5", 0.5)])
def test_a_price_is_a_number(read: Reader, written: str, price: float) -> None:
    assert values(read(canonical_lines("unit_price", written)), "unit_price") == [price]


@pytest.mark.parametrize(
    "written", ["1.5", "abc", "1,000", "inf", "NaN", "1e30", "9223372036854775808", "0x10", "٣", "2 pieces"]
)
def test_pieces_that_are_no_whole_number_are_refused(read: Reader, written: str) -> None:
    message = r"Column 'quantity' of 'june\.csv' must hold a whole number in every row; 1 does not: .* \(row 2\)"
    with pytest.raises(DataProblem, match=message):
        read(canonical_lines("quantity", "1", written))


@pytest.mark.parametrize("written", ["abc", "inf", "-Infinity", "NaN", "$5", "5 EUR", "1,000.50", "1.2.3", "-"])
def test_a_price_with_text_is_refused(read: Reader, written: str) -> None:
    message = r"Column 'unit_price' of 'june\.csv' must hold a number in every row; 1 does not: .* \(row 2\)"
    with pytest.raises(DataProblem, match=message):
        read(canonical_lines("unit_price", "1", written))


def test_a_refusal_names_five_rows_and_counts_all(read: Reader) -> None:
    message = (
        r"9 do not: 'x \(row 1\)', 'x \(row 2\)', 'x \(row 3\)', 'x \(row 4\)' and 'x \(row 5\)'\. "
        r"Is another column meant\? Name it with `column_map: {quantity: …}`"
    )
    with pytest.raises(DataProblem, match=message):
        read(canonical_lines("quantity", *["x"] * 9, "1"))


def test_an_order_s_amount_with_text_is_refused(read: Reader) -> None:
    with pytest.raises(DataProblem, match=r"Column 'Refunded Amount' .* must hold a number"):
        read(as_csv(SHOPIFY | {"Refunded Amount": "10 EUR"}))


@pytest.mark.parametrize("column", ["order_id", "ordered_at", "quantity", "unit_price"])
def test_a_value_that_no_line_can_do_without_is_required(read: Reader, column: str) -> None:
    reading = read(canonical_lines(column, CANONICAL[column], " ", ""))
    message = rf"must have a value for {column}, from column '{column}'; 2 have none, first row '2' and '3'\."
    with pytest.raises(DataProblem, match=message):
        ingest.require_complete(reading.table, reading.source)


def test_a_status_of_another_system_is_refused(read: Reader) -> None:
    reading = read(as_csv(CANONICAL | {"status": "completed"}))
    with pytest.raises(DataProblem, match=r"Column status of .* must hold placed, .*; it holds 'completed'\."):
        ingest.require_known_words(reading.table, reading.source)


def test_the_sample_s_formats_give_known_words(read: Reader) -> None:
    for row in (CANONICAL, SHOPIFY):
        reading = read(as_csv(row))
        ingest.require_known_words(reading.table, reading.source)
        assert values(reading, "status") == ["placed"]


def test_a_guest_is_no_missing_value(read: Reader) -> None:
    reading = read(canonical_lines("customer_id", "", "ann"))
    ingest.require_complete(reading.table, reading.source)
    assert values(reading, "customer_id") == [None, "ann"]


# --- dates


def ordered_at(reading: Reading) -> list[str]:
    return [str(time) for time in values(reading, "ordered_at")]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2025-03-04 10:05:06", "2025-03-04 10:05:06"),
        ("2025-03-04T10:05:06", "2025-03-04 10:05:06"),
        ("2025-03-04T10:05:06.789Z", "2025-03-04 10:05:06"),
        ("2025-03-04 10:05:06 +0200", "2025-03-04 10:05:06"),
        ("2025-03-04T10:05+02:00", "2025-03-04 10:05:00"),
        ("2025-03-04 10:05:06 UTC", "2025-03-04 10:05:06"),
        ("2025/3/4 9:05", "2025-03-04 09:05:00"),
        ("2025-03-04", "2025-03-04 00:00:00"),
    ],
)
def test_a_date_with_its_year_first_is_read_as_written(read: Reader, written: str, read_as: str) -> None:
    assert ordered_at(read(canonical_lines("ordered_at", written))) == [read_as]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("4.3.2025", "2025-03-04 00:00:00"),
        ("04/03/25", "2025-03-04 00:00:00"),
        ("04-03-2025 9:05", "2025-03-04 09:05:00"),
        ("4/3/2025, 21:05:06", "2025-03-04 21:05:06"),
        ("4/3/2025 9:05 pm", "2025-03-04 21:05:00"),
        ("4/3/2025 12:05 a.m.", "2025-03-04 00:05:00"),
        ("4/3/2025 12:05:06PM", "2025-03-04 12:05:06"),
        ("04.03.2025 09:05:06 +0200", "2025-03-04 09:05:06"),
    ],
)
def test_a_date_with_its_day_first_is_read_as_written(read: Reader, written: str, read_as: str) -> None:
    assert ordered_at(read(canonical_lines("ordered_at", written, "31.12.2025"))) == [read_as, "2025-12-31 00:00:00"]


def test_one_day_above_twelve_decides_for_the_whole_column(read: Reader) -> None:
    day_first = read(canonical_lines("ordered_at", "01/02/2025", "13/02/2025"))
    month_first = read(canonical_lines("ordered_at", "01/02/2025", "02/13/2025"))
    assert (day_first.sources[0].date_order, ordered_at(day_first)[0]) == ("dmy", "2025-02-01 00:00:00")
    assert (month_first.sources[0].date_order, ordered_at(month_first)[0]) == ("mdy", "2025-01-02 00:00:00")


def test_dates_that_could_be_either_are_refused(read: Reader) -> None:
    message = (
        "Can't tell the dates of column 'ordered_at' in 'june.csv': each could have the day or the month first, "
        r"as '01/02/2025' and '12/12/2025'\. Which is it\? Set `date_order` to dmy or mdy"
    )
    with pytest.raises(DataProblem, match=message):
        read(canonical_lines("ordered_at", "01/02/2025", "12/12/2025"))


def test_dates_that_contradict_each_other_are_refused(read: Reader) -> None:
    message = "some have the day first, others the month, as '13/02/2025' and '02/13/2025'"
    with pytest.raises(DataProblem, match=message):
        read(canonical_lines("ordered_at", "13/02/2025", "02/13/2025"))


@pytest.mark.parametrize(("given", "read_as"), [("dmy", "2025-02-01 00:00:00"), ("mdy", "2025-01-02 00:00:00")])
def test_date_order_tells_what_the_file_can_t(read: Reader, given: str, read_as: str) -> None:
    assert ordered_at(read(canonical_lines("ordered_at", "01/02/2025"), date_order=given)) == [read_as]


def test_date_order_changes_nothing_where_the_year_comes_first(read: Reader) -> None:
    assert ordered_at(read(canonical_lines("ordered_at", "2025-02-01"), date_order="mdy")) == ["2025-02-01 00:00:00"]


def test_a_date_order_that_a_row_contradicts_is_refused(read: Reader) -> None:
    with pytest.raises(DataProblem, match=r"must hold a date in every row; 1 does not: '02/13/2025 \(row 2\)'"):
        read(canonical_lines("ordered_at", "01/02/2025", "02/13/2025"), date_order="dmy")


def test_an_unknown_date_order_is_refused(read: Reader) -> None:
    with pytest.raises(DataProblem, match="`date_order` must be ymd, dmy, mdy or empty; got 'day first'"):
        read(as_csv(CANONICAL), date_order="day first")


@pytest.mark.parametrize(
    "written",
    ["soon", "20250304", "0000-00-00", "2025-02-30", "31/02/2025", "45/45/2025", "infinity", "epoch",
     "2025-03-04 8:26 PM", "2025-03-04 10:05:06 pm", "2025-03-04 25:00", "31/12/2025 or so", "3 March 2025"],
)  # fmt: skip
def test_what_is_no_date_is_refused(read: Reader, written: str) -> None:
    with pytest.raises(DataProblem, match=r"must hold a date in every row; 1 does not: .* \(row 1\)|Can't tell"):
        read(canonical_lines("ordered_at", written))


def test_a_two_digit_year_at_the_end_is_never_read_as_a_year_at_the_start(read: Reader) -> None:
    assert ordered_at(read(canonical_lines("ordered_at", "25-12-10"))) == ["2010-12-25 00:00:00"]


def test_date_columns_of_one_file_must_agree(read: Reader) -> None:
    line = {"customer_id": "ann", "campaign_id": "may", "arm": "treated"}
    text = as_csv(line | {"sent_at": "13/02/2025", "opened_at": "02/13/2025"})
    with pytest.raises(DataProblem, match="must share one order; they are sent_at dmy, opened_at mdy"):
        read(text, table="contacts")


# --- the other tables


def test_customers_keep_their_other_columns_as_attributes(read: Reader) -> None:
    line = {"Customer_ID": "ann", "EMAIL": "Ann@Example.com", "shoe size": "41", "left": "", "Source_Row": "9"}
    told = lines(read(as_csv(line), table="customers"))[0]
    assert list(told)[len(TABLES["customers"].columns) :] == ["shoe size", "left"]
    assert (told["email"], told["shoe size"], told["left"], told["source_row"]) == ("Ann@Example.com", "41", None, 1)


@pytest.mark.parametrize(
    ("written", "consent"), [("yes", True), ("TRUE", True), ("1", True), ("No", False), ("0", False), ("", None)]
)
def test_consent_is_true_false_or_unknown(read: Reader, written: str, consent: bool | None) -> None:
    line = {"customer_id": "ann", "marketing_consent": written}
    assert values(read(as_csv(line), table="customers"), "marketing_consent") == [consent]


def test_consent_that_is_neither_is_refused(read: Reader) -> None:
    line = {"customer_id": "ann", "marketing_consent": "maybe"}
    with pytest.raises(DataProblem, match=r"'marketing_consent' .* must hold true or false in every row; 1 does not"):
        read(as_csv(line), table="customers")


def test_orders_of_a_platform_are_no_customers_table(read: Reader) -> None:
    with pytest.raises(DataProblem, match=r"Can't read customers: 'june\.csv' has no column for the customer"):
        read(as_csv(SHOPIFY), table="customers")


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("events", {"customer_id": "", "occurred_at": "2025-03-01 10:00:00", "event": "view", "duration_s": "1.5"}),
        ("feedback", {"customer_id": "ann", "given_at": "2025-03-01", "kind": "review", "rating": "5"}),
        ("contacts", {"customer_id": "ann", "campaign_id": "may", "sent_at": "2025-03-01", "arm": "control"}),
    ],
)
def test_every_canonical_table_is_read_by_its_names(read: Reader, table: str, line: dict[str, str]) -> None:
    told = lines(read(as_csv(line), table=table))[0]
    assert list(told) == TABLES[table].names
    assert (told["customer_id"], told["source_file"]) == (line["customer_id"] or None, "june.csv")


def test_the_column_map_is_for_the_orders_and_the_date_order_for_all(connection: Backend, tmp_path: Path) -> None:
    files = {"orders": tmp_path / "orders.csv", "customers": tmp_path / "customers.csv"}
    files["orders"].write_text(as_csv(OWN), encoding="utf-8")
    files["customers"].write_text("customer_id,joined_on\nann,01/02/2024\n", encoding="utf-8")
    read = ingest.read_tables(connection, files, column_map=OWN_MAP, date_order="dmy")
    assert values(read["customers"], "joined_on") == [datetime.date(2024, 2, 1)]


def test_the_sample_s_tables_do_not_stand_beside_a_user_s_orders() -> None:
    sample = {name: f"data/sample/{name}.csv" for name in ("customers", "feedback")}
    with_sample = ingest.companion_files("data/sample/orders.csv", **sample)
    alone = ingest.companion_files("elsewhere/june.csv", **sample, events="", contacts="elsewhere/contacts.csv")
    assert list(with_sample) == ["orders", "customers", "feedback"]
    assert alone == {"orders": PROJECT / "elsewhere/june.csv", "contacts": PROJECT / "elsewhere/contacts.csv"}


# --- all of it


def test_every_source_row_stands_in_the_canonical_table_once(read: Reader) -> None:
    orders = [line for order in range(50) for line in shopify_order({}, {}, {}, Name=f"#{order}")]
    reading = read(as_csv(*orders, *orders[:7]))
    assert (reading.sources[0].rows, values(reading, "source_row")) == (157, list(range(1, 158)))


def test_every_column_has_its_canonical_type(read: Reader) -> None:
    schema = read(as_csv(CANONICAL)).table.schema()
    assert list(schema) == TABLES["orders"].names
    assert {name: str(schema[name]) for name in ("order_id", "ordered_at", "quantity", "unit_price")} == {
        "order_id": "string",
        "ordered_at": "timestamp(6)",
        "quantity": "int64",
        "unit_price": "float64",
    }


# --- what the notebook shows


def test_the_notebook_lists_where_each_column_was_read_from(read: Reader) -> None:
    told = ingest.source_columns(read(as_csv(SHOPIFY)).source).set_index("column")["read from"]
    assert told["customer_id"] == "Email, else Phone"
    assert told["discount"] == "Lineitem discount, plus Discount Amount, spread over the order's lines"
    assert "source_row" not in told


def test_months_are_counted_in_their_order(connection: Backend) -> None:
    times = [datetime.datetime(2025, month, 3) for month in (5, 3, 5)]
    told = ingest.lines_by_month(store_orders(connection, [order_line(ordered_at=time) for time in times]))
    assert [(str(month)[:10], count) for month, count in told.itertuples(index=False)] == [
        ("2025-03-01", 1),
        ("2025-05-01", 2),
    ]


def test_the_overview_counts_rows_customers_and_days(read: Reader) -> None:
    reading = read(canonical_lines("customer_id", "ann", "ben", ""))
    told = ingest.overview({"orders": reading}, {"orders": reading.table}).iloc[0]
    assert told[["table", "file", "rows in the file", "rows read", "customers"]].tolist() == [
        "orders", "june.csv", 3, 3, 2,
    ]  # fmt: skip
    assert str(told["first day"])[:10] == str(told["last day"])[:10] == "2025-03-01"


def test_facts_tell_period_currencies_and_tables(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(currency=currency) for currency in ("SEK", "EUR", "EUR", None)])
    assert ingest.facts(orders, ["orders"]) == {
        "tables": ["orders"],
        "currencies": ["EUR", "SEK"],
        "first_day": "2025-03-01",
        "last_day": "2025-03-01",
    }


# --- one currency


def test_the_one_currency_of_the_file_is_the_shop_s(connection: Backend) -> None:
    assert require_one_currency(store_orders(connection, [order_line(currency="SEK")]), currency="") == "SEK"


def test_a_file_that_names_no_currency_has_none(connection: Backend) -> None:
    assert require_one_currency(store_orders(connection, [order_line(currency=None)]), currency="") == ""


def test_mixed_currencies_are_refused_with_the_parameter_to_set(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(currency=currency) for currency in ("SEK", "EUR", "EUR")])
    message = (
        r"All orders must be in one currency; these are in 2: EUR \(2 lines\), SEK \(1 lines\)\. "
        "Is one of them the shop's own.*`currency: EUR`"
    )
    with pytest.raises(DataProblem, match=message):
        require_one_currency(orders, currency="")


def test_the_currency_to_keep_can_be_told(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(currency=currency) for currency in ("SEK", "EUR", "EUR")])
    assert require_one_currency(orders, currency="SEK") == "SEK"


def test_a_currency_to_keep_that_no_line_is_in_is_refused(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(currency="EUR")])
    with pytest.raises(DataProblem, match=r"which are EUR \(1 lines\); got 'USD'"):
        require_one_currency(orders, currency="USD")
