"""Guessing unknown files: header sets as shops write them, with the traps that lead to a wrong reading."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend
from shops import store

from segmentation import ingest
from segmentation.guessing.guess import Guess, guess_columns, guess_source, guess_table
from segmentation.guessing.summary import (
    Summary,
    customers_without_order,
    guess_summary,
    require_summary,
    summary_limits,
    with_days,
)
from segmentation.guessing.words import meanings
from segmentation.problems import DataProblem
from segmentation.tables import CONTACTS, CUSTOMERS, EVENTS, FEEDBACK, ORDERS, exact_value

PEOPLE = ["Ada Lind", "Bo Marten", "Cleo van Dorp", "Dag Esker", "Eve O'Hale", "Finn Ulm", "Gro Aas", "Hal Tor"]


def shop_lines(*, seed: int = 7, orders: int = 80, customers: int = 30) -> pd.DataFrame:
    """Make order lines as text, one column a fact that an export might give."""
    random = np.random.default_rng(seed)
    prices = random.integers(200, 9000, 12) / 100
    rows = []
    for order in range(orders):
        who, day = (
            int(random.integers(customers)),
            datetime.datetime(2024, 3, 1, 9) + datetime.timedelta(hours=37 * order),
        )
        lines = []
        for product in random.choice(12, size=int(random.integers(1, 4)), replace=False):
            pieces = int(random.choice([1, 1, 2, 3, 5]))
            lines.append((product, pieces, prices[product]))
        worth = sum(pieces * price for _, pieces, price in lines)
        for product, pieces, price in lines:
            rows.append(
                {
                    "order": f"{10_001 + order}",
                    "customer": f"K{500 + who}",
                    "email": f"k{who}@example.com",
                    "phone": f"+49 40 6696{9000 + who}",
                    "masked": f"186******{who % 10:02}",
                    "person": PEOPLE[who % 8],
                    "cashier": f"S{random.integers(3)}",
                    "birth": f"{1950 + who}-02-03",
                    "time": f"{day:%Y-%m-%d %H:%M:%S}",
                    "day": f"{day:%d.%m.%Y}",
                    "iso day": f"{day:%Y-%m-%d}",
                    "clock": f"{day:%H:%M}",
                    "ship": f"{day + datetime.timedelta(days=3):%Y-%m-%d}",
                    "code": f"ART-{product:03}",
                    "product": f"Mug no. {product}",
                    "category": ["Cups", "Plates", "Bowls"][product % 3],
                    "pieces": str(pieces),
                    "price": f"{price:.2f}",
                    "comma price": f"{price:.2f}".replace(".", ","),
                    "cost": f"{price / 2:.2f}",
                    "amount": f"{pieces * price:.2f}",
                    "worth": f"{worth:.2f}",
                    "paid": f"{worth * 1.19 + 4.9:.2f}",
                    "tax": f"{worth * 0.19:.2f}",
                    "postage": "4.90",
                    "cents": str(round(price * 100)),
                    "fraction": ["0", "0.1", "0.25"][product % 3],
                    "reduced": ["0.00", "1.37", "2.11"][int(random.integers(3))],
                    "order reduced": ["0.00", "3.17", "4.41"][order % 3],
                    "currency": "EUR",
                    "country": ["DE", "FR", "NL"][who % 3],
                    "city": ["Köln", "Paris", "Gent"][who % 3],
                    "zip": f"{50_000 + who}",
                    "status": ["paid", "paid", "paid", "cancelled", "pending", "refunded"][order % 6],
                    "coupon": "SPRING" if order % 5 == 0 else "",
                    "channel": ["web", "shop"][order % 2],
                    "row": str(len(rows) + 1),
                    "empty": "",
                }
            )
    return pd.DataFrame(rows)


LINES = shop_lines()
ORDERS_ONLY = LINES.drop_duplicates("order").reset_index(drop=True)


def as_file(headers: dict[str, str], lines: pd.DataFrame = LINES) -> pd.DataFrame:
    """Write facts under a shop's own headers."""
    return pd.DataFrame({header: lines[fact] for header, fact in headers.items()})


def guessed(headers: dict[str, str], lines: pd.DataFrame = LINES) -> Guess:
    return guess_columns(as_file(headers, lines), table=ORDERS, taken={})


# One row a line: header to what stands there; then what each canonical column must be read from.
LINE_FILES = {
    "english": (
        {"Order ID": "order", "Order Date": "day", "Ship Date": "ship", "Customer ID": "customer",
         "Customer Name": "person", "Product ID": "code", "Product Name": "product", "Category": "category",
         "Quantity": "pieces", "Unit Price": "price", "Total": "amount", "Country": "country"},
        {"order_id": "Order ID", "customer_id": "Customer ID", "ordered_at": "Order Date", "product_id": "Product ID",
         "product_name": "Product Name", "category": "Category", "quantity": "Quantity", "unit_price": "Unit Price",
         "country": "Country"},
    ),
    "superstore": (
        {"Row ID": "row", "Order ID": "order", "Order Date": "day", "Ship Date": "ship", "Ship Mode": "channel",
         "Customer ID": "customer", "Customer Name": "person", "Segment": "channel", "City": "city",
         "Postal Code": "zip",
         "Region": "country", "Product ID": "code", "Category": "category", "Sub-Category": "category",
         "Product Name": "product", "Sales": "amount", "Quantity": "pieces", "Discount": "fraction", "Profit": "cost"},
        {"order_id": "Order ID", "customer_id": "Customer ID", "ordered_at": "Order Date", "product_id": "Product ID",
         "product_name": "Product Name", "category": "Category", "quantity": "Quantity", "line_total": "Sales"},
    ),
    "snake case": (
        {"order_id": "order", "customer_id": "customer", "order_timestamp": "time", "sku": "code", "item_qty": "pieces",
         "item_price": "price", "shipping_price": "postage", "tax_amount": "tax", "currency_code": "currency"},
        {"order_id": "order_id", "customer_id": "customer_id", "ordered_at": "order_timestamp", "product_id": "sku",
         "quantity": "item_qty", "unit_price": "item_price", "currency": "currency_code"},
    ),
    "camel case": (
        {"invoiceNo": "order", "clientId": "customer", "invoiceDate": "iso day", "productCode": "code", "qty": "pieces",
         "unitPrice": "price", "costPrice": "cost", "birthDate": "birth"},
        {"order_id": "invoiceNo", "customer_id": "clientId", "ordered_at": "invoiceDate", "product_id": "productCode",
         "quantity": "qty", "unit_price": "unitPrice"},
    ),
    "german": (
        {"Bestellnummer": "order", "Bestelldatum": "day", "Lieferdatum": "ship", "Kundennummer": "customer",
         "Nachname": "person", "Artikelnummer": "code", "Artikelbezeichnung": "product", "Warengruppe": "category",
         "Menge": "pieces", "Einzelpreis": "comma price", "Einkaufspreis": "cost", "MwSt": "tax", "Währung": "currency",
         "Land": "country"},
        {"order_id": "Bestellnummer", "customer_id": "Kundennummer", "ordered_at": "Bestelldatum",
         "product_id": "Artikelnummer", "product_name": "Artikelbezeichnung", "category": "Warengruppe",
         "quantity": "Menge", "unit_price": "Einzelpreis", "currency": "Währung", "country": "Land"},
    ),
    "french": (
        {"N° commande": "order", "Date de commande": "day", "Date de livraison": "ship", "Code client": "customer",
         "Référence produit": "code", "Désignation": "product", "Quantité": "pieces", "Prix unitaire HT": "comma price",
         "Total TTC": "paid", "Pays": "country"},
        {"order_id": "N° commande", "customer_id": "Code client", "ordered_at": "Date de commande",
         "product_id": "Référence produit", "product_name": "Désignation", "quantity": "Quantité",
         "unit_price": "Prix unitaire HT", "country": "Pays"},
    ),
    "spanish": (
        {"Número de pedido": "order", "Fecha de pedido": "day", "Fecha de envío": "ship", "Código cliente": "customer",
         "Producto": "product", "Cantidad": "pieces", "Precio unitario": "comma price", "País": "country"},
        {"order_id": "Número de pedido", "customer_id": "Código cliente", "ordered_at": "Fecha de pedido",
         "product_id": "Producto", "product_name": "Producto", "quantity": "Cantidad", "unit_price": "Precio unitario",
         "country": "País"},
    ),
    "dutch": (
        {"Ordernummer": "order", "Besteldatum": "day", "Leverdatum": "ship", "Klantnummer": "customer",
         "Artikelcode": "code", "Omschrijving": "product", "Aantal": "pieces", "Stukprijs": "comma price",
         "BTW": "tax"},
        {"order_id": "Ordernummer", "customer_id": "Klantnummer", "ordered_at": "Besteldatum",
         "product_id": "Artikelcode", "product_name": "Omschrijving", "quantity": "Aantal", "unit_price": "Stukprijs"},
    ),
    "italian": (
        {"Numero ordine": "order", "Data ordine": "day", "Data consegna": "ship", "Codice cliente": "customer",
         "Prodotto": "product", "Quantità": "pieces", "Prezzo unitario": "comma price", "Sconto": "reduced"},
        {"order_id": "Numero ordine", "customer_id": "Codice cliente", "ordered_at": "Data ordine",
         "product_id": "Prodotto", "product_name": "Prodotto", "quantity": "Quantità", "unit_price": "Prezzo unitario",
         "discount": "Sconto"},
    ),
    "swedish": (
        {"Ordernr": "order", "Orderdatum": "iso day", "Leveransdatum": "ship", "Kundnr": "customer",
         "Artikelnr": "code",
         "Benämning": "product", "Antal": "pieces", "Styckpris": "comma price"},
        {"order_id": "Ordernr", "customer_id": "Kundnr", "ordered_at": "Orderdatum", "product_id": "Artikelnr",
         "product_name": "Benämning", "quantity": "Antal", "unit_price": "Styckpris"},
    ),
    "chinese": (
        {"订单编号": "order", "下单时间": "time", "发货时间": "ship", "客户编号": "customer", "收货人姓名": "person",
         "商品编码": "code", "商品名称": "product", "数量": "pieces", "单价": "price",
         "运费": "postage", "成本价": "cost"},
        {"order_id": "订单编号", "customer_id": "客户编号", "ordered_at": "下单时间", "product_id": "商品编码",
         "product_name": "商品名称", "quantity": "数量", "unit_price": "单价"},
    ),
    "chinese, paid and ordered": (
        {"主订单号": "order", "子订单编号": "row", "会员ID": "customer", "付款时间": "ship", "订单创建时间": "time",
         "商品标题": "product", "购买数量（件）": "pieces", "商品单价（元）": "price", "实付金额(元)": "amount"},
        {"order_id": "主订单号", "customer_id": "会员ID", "ordered_at": "订单创建时间", "product_id": "商品标题",
         "product_name": "商品标题", "quantity": "购买数量（件）", "unit_price": "商品单价（元）"},
    ),
    "order number beside order id": (
        {"Order ID": "order", "Order Number": "order", "Line Item ID": "row", "Customer ID": "customer",
         "Created at": "time", "Updated at": "ship", "SKU": "code", "Qty": "pieces", "Price": "price"},
        {"order_id": "Order ID", "customer_id": "Customer ID", "ordered_at": "Created at", "product_id": "SKU",
         "quantity": "Qty", "unit_price": "Price"},
    ),
    "created and paid": (
        {"Order": "order", "Email": "email", "Created at": "time", "Paid at": "ship", "Item": "product",
         "Qty": "pieces",
         "Price": "price"},
        {"order_id": "Order", "customer_id": "Email", "email": "Email", "ordered_at": "Created at",
         "product_id": "Item",
         "product_name": "Item", "quantity": "Qty", "unit_price": "Price"},
    ),
    "till": (
        {"Receipt No": "order", "Date": "iso day", "Time": "clock", "Cashier": "cashier", "Loyalty card": "customer",
         "Barcode": "code", "Description": "product", "Pieces": "pieces", "Amount": "amount"},
        {"order_id": "Receipt No", "customer_id": "Loyalty card", "ordered_at": "Date", "product_id": "Barcode",
         "product_name": "Description", "quantity": "Pieces", "line_total": "Amount"},
    ),
    "price is the line's": (
        {"Order ID": "order", "Customer ID": "customer", "Order Date": "iso day", "SKU": "code", "Quantity": "pieces",
         "Price": "amount"},
        {"order_id": "Order ID", "customer_id": "Customer ID", "ordered_at": "Order Date", "product_id": "SKU",
         "quantity": "Quantity", "line_total": "Price"},
    ),
    "order total on each line": (
        {"Order ID": "order", "Customer ID": "customer", "Order Date": "iso day", "SKU": "code", "Quantity": "pieces",
         "Price": "price", "Order Total": "paid", "Discount": "order reduced"},
        {"order_id": "Order ID", "customer_id": "Customer ID", "ordered_at": "Order Date", "product_id": "SKU",
         "quantity": "Quantity", "unit_price": "Price"},
    ),
    "list price and price": (
        {"Order No": "order", "Account Number": "customer", "Order Date": "iso day", "Item No": "code",
         "Units": "pieces",
         "List Price": "cost", "Price": "price", "Line Discount": "reduced"},
        {"order_id": "Order No", "customer_id": "Account Number", "ordered_at": "Order Date", "product_id": "Item No",
         "quantity": "Units", "unit_price": "Price", "discount": "Line Discount"},
    ),
    "database export": (
        {"fact_order_id": "order", "dim_customer_id": "customer", "order_date_utc": "time", "product_sku": "code",
         "quantity_ordered": "pieces", "unit_price_eur": "price", "updated_at": "ship"},
        {"order_id": "fact_order_id", "customer_id": "dim_customer_id", "ordered_at": "order_date_utc",
         "product_id": "product_sku", "quantity": "quantity_ordered", "unit_price": "unit_price_eur"},
    ),
    "nothing said": (
        {"col1": "order", "c2": "time", "c3": "customer", "c4": "code", "c5": "pieces", "c6": "price", "c7": "amount"},
        {"order_id": "col1", "customer_id": "c3", "ordered_at": "c2", "quantity": "c5", "unit_price": "c6"},
    ),
    "no customer number": (
        {"Order": "order", "Customer Name": "person", "E-Mail": "email", "Date": "day", "Article": "code",
         "Qty": "pieces",
         "Price": "price"},
        {"order_id": "Order", "customer_id": "E-Mail", "email": "E-Mail", "ordered_at": "Date", "product_id": "Article",
         "quantity": "Qty", "unit_price": "Price"},
    ),
}  # fmt: skip

ORDER_FILES = {
    "amounts of orders": (
        {"Order Number": "order", "Client": "customer", "Order Date": "day", "Subtotal": "worth", "Tax": "tax",
         "Shipping": "postage", "Order Total": "paid", "Payment Method": "channel"},
        {"order_id": "Order Number", "customer_id": "Client", "ordered_at": "Order Date", "line_total": "Subtotal"},
    ),
    "grand total only": (
        {"Order #": "order", "Customer Email": "email", "Purchase Date": "time", "Grand Total": "paid",
         "Billing Country": "country"},
        {"order_id": "Order #", "customer_id": "Customer Email", "email": "Customer Email",
         "ordered_at": "Purchase Date",
         "line_total": "Grand Total", "country": "Billing Country"},
    ),
    "german orders": (
        {"Rechnungs-Nr.": "order", "Rechnungsdatum": "day", "Kunden-Nr.": "customer",
         "Geburtsdatum": "birth", "Gesamtbetrag": "worth"},
        {"order_id": "Rechnungs-Nr.", "customer_id": "Kunden-Nr.", "ordered_at": "Rechnungsdatum",
         "line_total": "Gesamtbetrag"},
    ),
    "chinese orders": (
        {"订单号": "order", "买家昵称": "customer", "订单状态": "status", "下单日期": "time", "完成时间": "ship",
         "订单金额": "paid", "商品金额合计": "worth", "运费": "postage", "买家手机号": "masked"},
        {"order_id": "订单号", "customer_id": "买家昵称", "ordered_at": "下单日期", "line_total": "商品金额合计",
         "status": "订单状态"},
    ),
    "three columns": (
        {"customer_id": "customer", "trans_date": "day", "tran_amount": "worth"},
        {"customer_id": "customer_id", "ordered_at": "trans_date", "line_total": "tran_amount"},
    ),
    "payments": (
        {"id": "order", "Customer ID": "customer", "Created (UTC)": "time", "Amount": "paid",
         "Amount Refunded": "reduced",
         "Currency": "currency", "Status": "status", "Fee": "tax"},
        {"customer_id": "Customer ID", "ordered_at": "Created (UTC)", "line_total": "Amount",
         "refunded": "Amount Refunded", "currency": "Currency", "status": "Status"},
    ),
    "number of items": (
        {"Order ID": "order", "Buyer": "customer", "Sale Date": "day", "Date Shipped": "ship", "Full Name": "person",
         "Ship City": "city", "Order Value": "worth", "Currency": "currency", "Sales Tax": "tax"},
        {"order_id": "Order ID", "customer_id": "Buyer", "ordered_at": "Sale Date", "line_total": "Order Value",
         "currency": "Currency"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LINE_FILES)
def test_lines_under_a_shop_s_own_headers_are_understood(name: str) -> None:
    headers, expected = LINE_FILES[name]
    assert guessed(headers).mapping == expected


@pytest.mark.parametrize("name", ORDER_FILES)
def test_orders_under_a_shop_s_own_headers_are_understood(name: str) -> None:
    headers, expected = ORDER_FILES[name]
    assert guessed(headers, ORDERS_ONLY).mapping == expected


# ---- what must not be read


def refused(headers: dict[str, str], lines: pd.DataFrame = LINES) -> Guess:
    return guess_source(as_file(headers, lines), table=ORDERS, column_map={}, name="june.csv")


PLAIN = {
    "Order": "order",
    "Customer ID": "customer",
    "Date": "iso day",
    "SKU": "code",
    "Qty": "pieces",
    "Price": "price",
}


def but(**changed: str | None) -> dict[str, str]:
    """Change the plain file: a fact's name for another header, none to leave a header out."""
    headers = dict(PLAIN)
    for header, fact in changed.items():
        old = header.replace("_", " ")
        if fact is None:
            del headers[old]
        else:
            headers[old] = fact
    return headers


def test_a_name_is_no_key() -> None:
    with pytest.raises(
        DataProblem,
        match=r"is the customer can't be told. 'Customer' is not used: it holds names, and a name is no key",
    ):
        refused({"Customer": "person", **but(Customer_ID=None)})


def test_a_column_called_customer_name_is_no_key() -> None:
    with pytest.raises(DataProblem, match=r"which column of 'june.csv' is the customer can't be told"):
        refused({"Customer Name": "person", **but(Customer_ID=None)})


def test_the_user_may_take_a_name_for_the_key() -> None:
    file = as_file({"Customer Name": "person", **but(Customer_ID=None)})
    guess = guess_source(file, table=ORDERS, column_map={"customer_id": "Customer Name"}, name="june.csv")
    assert guess.mapping["customer_id"] == "Customer Name"


def test_the_column_map_may_write_a_header_in_other_letter_case() -> None:
    guess = guess_source(as_file(PLAIN), table=ORDERS, column_map={"unit_price": "PRICE"}, name="june.csv")
    assert guess.mapping["unit_price"] == "Price"


def test_masked_telephone_numbers_are_no_key() -> None:
    with pytest.raises(DataProblem, match=r"'手机号' is not used: its values are masked, and two people can share one"):
        refused({"手机号": "masked", **but(Customer_ID=None)})


def test_a_telephone_number_is_a_key_when_nothing_else_is() -> None:
    assert guessed({"Phone": "phone", **but(Customer_ID=None)}).mapping["customer_id"] == "Phone"


def test_two_dates_that_are_equally_likely_are_asked_for() -> None:
    with pytest.raises(DataProblem, match=r"'Date' and 'Created at' are equally likely.*column_map: {ordered_at: …}"):
        refused({**PLAIN, "Created at": "ship"})


def test_two_equal_columns_are_not_asked_for() -> None:
    assert guessed({**PLAIN, "Created at": "iso day"}).mapping["ordered_at"] == "Date"


def test_two_customers_that_are_equally_likely_are_asked_for() -> None:
    with pytest.raises(DataProblem, match="'Customer ID' and 'User ID' are equally likely"):
        refused({**PLAIN, "User ID": "cashier"})


def test_the_column_map_decides_between_equally_likely_columns() -> None:
    file = as_file({**PLAIN, "User ID": "cashier"})
    guess = guess_source(file, table=ORDERS, column_map={"customer_id": "Customer ID"}, name="june.csv")
    assert (guess.mapping["customer_id"], guess.left_over) == ("Customer ID", ("User ID",))


def test_who_differs_within_an_order_is_not_its_customer() -> None:
    with pytest.raises(
        DataProblem, match=r"'User' is not used: only \d+% of the orders with several rows have one value"
    ):
        refused({**but(Customer_ID=None), "User": "cashier"})


def test_amounts_in_cents_are_refused() -> None:
    with pytest.raises(DataProblem, match="'Price in cents' is not used: its name says cents"):
        refused({"Price in cents": "cents", **but(Price=None)})


def test_an_order_s_total_on_each_of_its_lines_is_not_counted_for_each() -> None:
    with pytest.raises(
        DataProblem, match="'Order Total' is not used: it is the order's amount and stands on each of its lines"
    ):
        refused({**but(Price=None), "Order Total": "paid"})


@pytest.mark.parametrize(
    "header", ["Ship Date", "Lieferdatum", "发货时间", "Birth date", "Delivery date", "Updated at", "Due date"]
)
def test_another_date_is_not_the_day_of_the_order(header: str) -> None:
    with pytest.raises(DataProblem, match="is the day of the order can't be told"):
        refused({**but(Date=None), header: "ship"})


@pytest.mark.parametrize(
    "header",
    ["Cost price", "Tax", "Shipping price", "Einkaufspreis", "进价", "运费", "Compare at price", "Profit", "Weight"],
)
def test_another_amount_is_not_the_price(header: str) -> None:
    with pytest.raises(DataProblem, match="is the price of one piece"):
        refused({**but(Price=None), header: "price"})


@pytest.mark.parametrize("header", ["Stock", "Line number", "库存", "Customer age", "Refunded quantity", "Weight"])
def test_another_number_is_not_the_quantity(header: str) -> None:
    guess = guessed({**but(Qty=None), header: "pieces"})
    assert "quantity" not in guess.mapping


@pytest.mark.parametrize("fact", ["email", "phone", "person"])
def test_a_personal_column_is_read_into_no_other(fact: str) -> None:
    headers = ["Product", "Category", "Coupon", "Channel", "Country", "Currency", "Status"]
    guess = guessed({**PLAIN, **dict.fromkeys(headers, fact)})
    told = {column for column, header in guess.mapping.items() if header in headers}
    assert told <= (
        {"product_name", "category", "coupon", "channel", "country", "status"} if fact == "person" else set()
    )


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Order value", "line_total"),
        ("订单状态", "status"),
        ("Discount %", None),
        ("达人昵称", None),
        ("Time Zone", None),
        ("Staff email", None),
        ("Customer since", None),
        ("Bestellung Nr.", "order_id"),
        ("Preis/Stk.", "unit_price"),
    ],
)
def test_a_header_means_one_thing(header: str, column: str | None) -> None:
    assert list(meanings(header, "orders")) == ([column] if column else [])


def test_columns_that_say_nothing_are_refused_where_their_values_are_not_certain() -> None:
    with pytest.raises(DataProblem, match="is the number of pieces can't be told"):
        refused({"c1": "order", "c2": "time", "c3": "customer", "c4": "price", "c5": "code"})


def test_a_share_is_no_discount() -> None:
    guess = guessed({**PLAIN, "Discount": "fraction"})
    assert ("discount" in guess.mapping, guess.refused["Discount"]) == (False, "is a share or a percentage, no amount")


def test_a_first_row_of_values_is_no_header_and_is_not_repeated() -> None:
    file = LINES[["order", "email", "iso day", "amount"]].set_axis(
        ["1", "ann@example.com", "2024-03-01", "9.50"], axis=1
    )
    with pytest.raises(DataProblem, match="must hold the names of the columns; it holds values") as problem:
        guess_source(file, table=ORDERS, column_map={}, name="june.csv")
    assert "ann@" not in str(problem.value)


def test_an_empty_column_is_not_read_for_what_must_be_there() -> None:
    guess = guessed({**PLAIN, "Order Date": "empty"})
    assert guess.mapping["ordered_at"] == "Date"


def test_no_value_stands_in_the_evidence() -> None:
    headers = {"email": "email", "Telefon": "phone", "Name": "person", "customer": "customer"}
    shown = guessed({**PLAIN, **headers}).evidence.to_csv()
    values = LINES[["email", "phone", "person", "customer", "order"]].stack().unique()
    assert not [value for value in values if value in shown]


def test_the_order_of_columns_and_rows_changes_nothing() -> None:
    file = as_file(LINE_FILES["english"][0])
    turned = file[file.columns[::-1]].sample(frac=1, random_state=7)
    assert guess_columns(turned, table=ORDERS, taken={}).mapping == LINE_FILES["english"][1]


def test_the_sample_is_not_changed() -> None:
    file = as_file(PLAIN)
    guess_columns(file, table=ORDERS, taken={})
    pd.testing.assert_frame_equal(file, as_file(PLAIN))


# ---- how it is handed on


def test_a_status_in_the_shop_s_words_is_read_by_patterns() -> None:
    form = guessed({**PLAIN, "Order status": "status"}).format
    assert "status" not in form.columns
    assert {word: list(patterns) for word, patterns in form.status.items()} == {
        "test": ["Order status"], "cancelled": ["Order status"], "unpaid": ["Order status"]
    }  # fmt: skip
    assert list(form.refunded_when) == ["Order status"]


def test_canonical_statuses_are_read_as_they_are() -> None:
    file = as_file(PLAIN).assign(status="placed")
    form = guess_columns(file, table=ORDERS, taken={}).format
    assert (form.columns["status"], dict(form.status)) == (["status"], {})


def test_a_discount_of_the_order_is_spread_over_its_lines() -> None:
    form = guessed({**PLAIN, "Discount": "order reduced"}).format
    assert (dict(form.spread), form.order_level) == ({"discount": "Discount"}, ["Discount"])


def test_what_stands_on_the_first_row_of_an_order_counts_for_all_its_rows() -> None:
    file = as_file({**PLAIN, "Country": "country"})
    later = file["Order"].duplicated()
    file.loc[later, ["Customer ID", "Date"]] = ""
    guess = guess_columns(file, table=ORDERS, taken={})
    assert guess.mapping["customer_id"] == "Customer ID"
    assert guess.format.order_level == ["Customer ID", "Date"]


def test_an_order_s_total_on_its_first_line_is_not_the_line_s() -> None:
    file = as_file({**but(Price=None), "Order Total": "paid"})
    file.loc[file["Order"].duplicated(), "Order Total"] = ""
    with pytest.raises(DataProblem, match="it is the order's amount and stands on one of its lines only"):
        guess_source(file, table=ORDERS, column_map={}, name="june.csv")


def test_a_refund_of_the_order_is_spread_over_its_lines() -> None:
    assert guessed({**PLAIN, "Refunded": "order reduced"}).format.spread == {"refunded": "Refunded"}


def test_days_and_clock_times_are_joined() -> None:
    assert guessed({**PLAIN, "Time": "clock"}).format.time_of_day == {"ordered_at": "Time"}


def test_without_a_number_of_the_order_a_customer_s_day_is_one() -> None:
    guess = guessed(*[ORDER_FILES["three columns"][0]], ORDERS_ONLY)
    assert guess.format.combine == {"order_id": ("customer_id", "trans_date")}
    assert (guess.combine, guess.missing) == ({"order_id": ("customer_id", "trans_date")}, [])


def test_every_word_leads_to_its_own_column() -> None:
    guess = guessed(PLAIN)
    assert guess.evidence["certainty"].isin(["sure", "likely"]).all()
    assert guess.evidence["guessed from"].tolist() == ["Order", "Customer ID", "Date", "SKU", "Qty", "Price"]


# ---- the other tables


PEOPLE_FILE = pd.DataFrame(
    {
        "Kunden-ID": [f"K{n}" for n in range(40)],
        "E-Mail": [f"k{n}@example.com" for n in range(40)],
        "Vorname": PEOPLE * 5,
        "Geburtsjahr": [str(1950 + n) for n in range(40)],
        "Ort": ["Köln", "Bonn"] * 20,
        "Registriert am": [f"2023-02-{1 + n % 28:02}" for n in range(40)],
        "Newsletter": ["ja", "nein"] * 20,
    }
)
VISITS_FILE = pd.DataFrame(
    {
        "user_id": [f"K{n % 9}" for n in range(40)],
        "event_time": [f"2024-03-01 10:{n:02}:00" for n in range(40)],
        "event_type": ["view", "cart"] * 20,
        "user_session": [f"s{n // 3}" for n in range(40)],
    }
)
REVIEWS_FILE = pd.DataFrame(
    {
        "Customer": [f"K{n % 9}" for n in range(40)],
        "Review date": [f"2024-03-{1 + n % 28:02}" for n in range(40)],
        "Stars": [str(1 + n % 5) for n in range(40)],
        "Comment": ["Lovely mug, arrived in one piece."] * 40,
    }
)
MAILING_FILE = pd.DataFrame(
    {
        "email": [f"k{n}@example.com" for n in range(40)],
        "Campaign": ["spring"] * 40,
        "Sent at": ["2024-03-01 09:00:00"] * 40,
        "Opened at": ["2024-03-01 10:00:00", ""] * 20,
    }
)


def test_a_customers_file_is_understood() -> None:
    guess = guess_source(PEOPLE_FILE, table=CUSTOMERS, column_map={}, name="kunden.csv")
    assert guess.mapping == {
        "customer_id": "Kunden-ID",
        "email": "E-Mail",
        "birth_year": "Geburtsjahr",
        "city": "Ort",
        "joined_on": "Registriert am",
        "marketing_consent": "Newsletter",
    }
    assert guess.left_over == ("Vorname",)


def test_an_events_file_is_understood() -> None:
    guess = guess_source(VISITS_FILE, table=EVENTS, column_map={}, name="visits.csv")
    assert guess.mapping == {
        "customer_id": "user_id",
        "occurred_at": "event_time",
        "event": "event_type",
        "session_id": "user_session",
    }


def test_a_reviews_file_is_understood_and_each_row_is_a_review() -> None:
    guess = guess_source(REVIEWS_FILE, table=FEEDBACK, column_map={}, name="reviews.csv")
    assert guess.mapping == {"customer_id": "Customer", "given_at": "Review date", "rating": "Stars", "text": "Comment"}
    assert guess.format.constants == {"kind": "review"}


def test_a_mailing_is_understood_and_each_row_was_treated() -> None:
    guess = guess_source(MAILING_FILE, table=CONTACTS, column_map={}, name="mailing.csv")
    assert guess.mapping == {
        "customer_id": "email",
        "campaign_id": "Campaign",
        "sent_at": "Sent at",
        "opened_at": "Opened at",
    }
    assert guess.format.constants == {"arm": "treated"}


def test_groups_under_other_words_are_asked_for() -> None:
    file = MAILING_FILE.assign(Group=[["A", "B", "C", "D"][n % 4] for n in range(40)])
    with pytest.raises(DataProblem, match="'Group' is not used: it must hold the words treated and control"):
        guess_source(file, table=CONTACTS, column_map={}, name="mailing.csv")


@pytest.mark.parametrize(
    ("table", "file"),
    [
        ("orders", as_file(LINE_FILES["german"][0])),
        ("orders", as_file(ORDER_FILES["chinese orders"][0], ORDERS_ONLY)),
        ("customers", PEOPLE_FILE),
        ("events", VISITS_FILE),
        ("feedback", REVIEWS_FILE),
        ("contacts", MAILING_FILE),
        (None, pd.DataFrame({"a": ["1", "2"], "b": ["x", "y"]})),
    ],
    ids=["lines", "orders", "customers", "events", "feedback", "contacts", "nothing"],
)
def test_a_table_is_known_by_its_columns(table: str | None, file: pd.DataFrame) -> None:
    assert guess_table(file) == table


def test_a_customers_file_given_as_orders_is_told() -> None:
    with pytest.raises(DataProblem, match=r"'kunden.csv' looks like a customers table. Give it as `customers`\?"):
        guess_source(PEOPLE_FILE, table=ORDERS, column_map={}, name="kunden.csv")


# ---- one row a customer


def customers_summed(**headers: str) -> pd.DataFrame:
    """Make a summary of 40 customers; a header's value names the fact."""
    facts = {
        "key": [f"K{n}" for n in range(40)],
        "email": [f"k{n}@example.com" for n in range(40)],
        "day": [f"2024-03-{1 + n % 28:02}" for n in range(40)],
        "days": [str(3 + 7 * n) for n in range(40)],
        "count": [str(n % 6) for n in range(40)],
        "money": [f"{12.5 * (n % 6):.2f}" for n in range(40)],
    }
    return pd.DataFrame({header.replace("_", " "): facts[fact] for header, fact in headers.items()})


def summary_of(**headers: str) -> Summary:
    found = guess_summary(customers_summed(**headers))
    assert found is not None
    return found


WITH_DAY = {"Customer_ID": "key", "Last_order": "day", "Orders": "count", "Total_spent": "money"}
WITH_RECENCY = {"Customer": "key", "Recency": "days", "Frequency": "count", "Monetary": "money"}


@pytest.mark.parametrize(
    "headers",
    [
        ("Customer ID", "Last order", "Orders", "Total spent"),
        ("Kundennummer", "Letzte Bestellung", "Anzahl Bestellungen", "Gesamtumsatz"),
        ("Code client", "Dernière commande", "Nombre de commandes", "Chiffre d'affaires"),
        ("会员编号", "最近消费时间", "消费次数", "累计消费金额"),
        ("user_id", "last_purchase_date", "order_count", "lifetime_value"),
        ("Klantnummer", "Laatste bestelling", "Aantal bestellingen", "Totale omzet"),
    ],
)
def test_a_summary_with_the_last_day_is_understood(headers: tuple[str, ...]) -> None:
    file = customers_summed(key="key", day="day", count="count", money="money").set_axis(list(headers), axis=1)
    found = guess_summary(file)
    assert found is not None
    customer, last, count, spend = headers
    assert dict(found.format.columns) == {
        "order_id": [customer],
        "customer_id": [customer],
        "ordered_at": [last],
        "orders_in_row": [count],
        "line_total": [spend],
    }
    assert (found.format.constants, found.recency) == ({"quantity": "1"}, None)


def test_recency_in_days_needs_the_day_from_which_it_counts() -> None:
    found = summary_of(**WITH_RECENCY)
    with pytest.raises(DataProblem, match=r"'Recency' counts the days since the last order.*Set `as_of`"):
        require_summary(found, name="rfm.csv", as_of="")
    assert require_summary(found, name="rfm.csv", as_of="2024-06-30").recency == "Recency"


def test_recency_in_days_becomes_the_day_of_the_last_order(connection: Backend) -> None:
    raw = store(connection, pa.table({"__row": [1, 2, 3], "Recency": ["1", "30.0", "?"]}))
    days = with_days(raw, "Recency", as_of=datetime.date(2024, 7, 1)).order_by("__row").execute()
    assert days["Recency"].tolist() == ["2024-06-30", "2024-06-01", "?"]


def test_a_summary_that_does_not_say_when_is_refused() -> None:
    found = summary_of(Email="email", Total_Orders="count", Total_Spent="money")
    with pytest.raises(
        DataProblem, match="has one row a customer, with orders and spend, but does not say when each ordered last"
    ):
        require_summary(found, name="customers_export.csv", as_of="2024-06-30")


def test_order_lines_are_no_summary() -> None:
    assert all(guess_summary(as_file(headers)) is None for headers, _ in LINE_FILES.values())
    assert all(guess_summary(as_file(headers, ORDERS_ONLY)) is None for headers, _ in ORDER_FILES.values())


def test_customers_that_stand_there_twice_are_no_summary() -> None:
    file = customers_summed(**WITH_DAY)
    assert guess_summary(pd.concat([file, file])) is None


def test_customers_who_have_not_ordered_yet_are_counted() -> None:
    assert customers_without_order(customers_summed(**WITH_DAY), summary_of(**WITH_DAY)) == 7


def test_what_a_summary_can_not_give_is_said() -> None:
    said = " ".join(summary_limits())
    assert all(
        word in said for word in ("no trend", "no rhythm", "No products", "Returns", "held out") if word != "no rhythm"
    )
    assert summary_of(**WITH_DAY).format.limits == said


def test_no_value_stands_in_a_summary_s_evidence() -> None:
    file = customers_summed(**WITH_DAY)
    shown = summary_of(**WITH_DAY).evidence.to_csv()
    assert not [value for value in file["Customer ID"] if f"{value}" in shown]


# ---- through to the canonical table


@pytest.mark.parametrize(
    ("headers", "lines", "worth"),
    [
        (LINE_FILES["german"][0], LINES, "amount"),
        (LINE_FILES["till"][0], LINES, "amount"),
        (LINE_FILES["price is the line's"][0], LINES, "amount"),
        (LINE_FILES["nothing said"][0], LINES, "amount"),
        (ORDER_FILES["amounts of orders"][0], ORDERS_ONLY, "worth"),
        (ORDER_FILES["three columns"][0], ORDERS_ONLY, "worth"),
    ],
    ids=["german", "till", "line amounts", "nothing said", "orders", "three columns"],
)
def test_no_money_or_order_of_an_unknown_file_is_lost(
    headers: dict[str, str], lines: pd.DataFrame, worth: str, connection: Backend, tmp_path: Path
) -> None:
    as_file(headers, lines).to_csv(tmp_path / "june.csv", index=False)
    given = {"orders": [str(tmp_path / "june.csv")]}
    read = ingest.read_tables(connection, given, ingest.Hints(), scratch=tmp_path)["orders"].table
    told = read.aggregate(
        orders=read.order_id.nunique(), customers=read.customer_id.nunique(), money=exact_value(read).sum()
    ).execute()
    assert (told["orders"][0], told["customers"][0]) == (80, lines["customer"].nunique())
    assert float(told["money"][0]) == pytest.approx(lines[worth].astype(float).sum(), abs=0.005)
