"""One small file for each platform, with that platform's true headers and quirks, and what stands in it by hand."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Line(NamedTuple):
    """A canonical order line as it must be read: its row in the file, and what counts of it."""

    row: int
    order: str
    customer: str | None
    when: str
    pieces: int
    net: float
    status: str = "placed"
    product: str | None = None


@dataclass(frozen=True)
class Export:
    """A platform's file: its headers, what its rows say besides empty cells, and the lines that must come of it.

    Attributes
    ----------
    title : what tests call it
    format : the name of the format that it must be recognised as
    headers : in the file's own order
    rows : for each row its values by header
    lines : the canonical lines, none for a file that is refused
    encoding, delimiter : how the file is written
    refused : what the refusal must say, empty for a file that is read
    """

    title: str
    format: str
    headers: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    lines: Sequence[Line] = field(default_factory=tuple)
    encoding: str = "utf-8"
    delimiter: str = ","
    refused: str = ""

    def content(self) -> bytes:
        """Write the file."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow(self.headers)
        for row in self.rows:
            unknown = set(row) - set(self.headers)
            assert not unknown, f"no headers of {self.title}: {unknown}"
            writer.writerow([row.get(header, "") for header in self.headers])
        return text.getvalue().encode(self.encoding)


def split(headers: str) -> list[str]:
    """Split headers that are written one after the other.

    Examples
    --------
    >>> split("订单编号, 买家会员名")
    ['订单编号', '买家会员名']
    """
    return headers.split(", ")


SHOPIFY_79 = split(
    "Name, Email, Financial Status, Paid at, Fulfillment Status, Fulfilled at, Accepts Marketing, Currency, "
    "Subtotal, Shipping, Taxes, Total, Discount Code, Discount Amount, Shipping Method, Created at, "
    "Lineitem quantity, Lineitem name, Lineitem price, Lineitem compare at price, Lineitem sku, "
    "Lineitem requires shipping, Lineitem taxable, Lineitem fulfillment status, Billing Name, "
    "Billing Street, Billing Address1, Billing Address2, Billing Company, Billing City, Billing Zip, "
    "Billing Province, Billing Country, Billing Phone, Shipping Name, Shipping Street, Shipping Address1, "
    "Shipping Address2, Shipping Company, Shipping City, Shipping Zip, Shipping Province, Shipping Country, "
    "Shipping Phone, Notes, Note Attributes, Cancelled at, Payment Method, Payment Reference, "
    "Refunded Amount, Vendor, Outstanding Balance, Employee, Location, Device ID, Id, Tags, Risk Level, "
    "Source, Lineitem discount, Tax 1 Name, Tax 1 Value, Tax 2 Name, Tax 2 Value, Tax 3 Name, Tax 3 Value, "
    "Tax 4 Name, Tax 4 Value, Tax 5 Name, Tax 5 Value, Phone, Receipt Number, Duties, "
    "Billing Province Name, Shipping Province Name, Payment ID, Payment Terms Name, Next Payment Due At, "
    "Payment References"
)

SHOPIFY_ORDERS = [
    # two lines, a coupon of 6.00 on 30.00; order-level fields on the first row only
    {
        "Name": "#1001",
        "Email": "Ann@Example.com",
        "Financial Status": "paid",
        "Currency": "EUR",
        "Subtotal": "24.00",
        "Shipping": "4.90",
        "Total": "28.90",
        "Discount Code": "SPRING",
        "Discount Amount": "6.00",
        "Created at": "2024-05-01 10:00:00 +0000",
        "Lineitem quantity": "2",
        "Lineitem name": "Mug",
        "Lineitem price": "10.00",
        "Lineitem sku": "MUG",
        "Billing Zip": "'01067",
        "Billing Country": "DE",
        "Refunded Amount": "0.00",
    },
    {
        "Name": "#1001",
        "Lineitem quantity": "1",
        "Lineitem name": "Tea towel",
        "Lineitem price": "10.00",
        "Lineitem sku": "TEA",
    },
    # paid back in full, postage too: only the goods count
    {
        "Name": "#1002",
        "Email": "ben@example.com",
        "Financial Status": "refunded",
        "Currency": "EUR",
        "Created at": "2024-05-02 11:00:00 +0000",
        "Lineitem quantity": "1",
        "Lineitem name": "Mug",
        "Lineitem price": "10.00",
        "Refunded Amount": "14.90",
    },
    # cancelled
    {
        "Name": "#1003",
        "Email": "ann@example.com",
        "Financial Status": "voided",
        "Created at": "2024-05-03 12:00:00 +0000",
        "Cancelled at": "2024-05-03 13:00:00 +0000",
        "Lineitem quantity": "1",
        "Lineitem name": "Mug",
        "Lineitem price": "10.00",
    },
    # no e-mail, a phone; then a guest
    {
        "Name": "#1004",
        "Phone": "'+49 351 1234567",
        "Financial Status": "paid",
        "Created at": "2024-05-04 12:00:00 +0000",
        "Lineitem quantity": "1",
        "Lineitem name": "Mug",
        "Lineitem price": "10.00",
    },
    {
        "Name": "#1005",
        "Financial Status": "paid",
        "Created at": "2024-05-05 12:00:00 +0000",
        "Lineitem quantity": "1",
        "Lineitem name": "Mug",
        "Lineitem price": "10.00",
    },
]
SHOPIFY_LINES = [
    Line(1, "#1001", "ann@example.com", "2024-05-01 10:00:00", 2, 16.0, product="Mug"),
    Line(2, "#1001", "ann@example.com", "2024-05-01 10:00:00", 1, 8.0, product="Tea towel"),
    Line(3, "#1002", "ben@example.com", "2024-05-02 11:00:00", 1, 0.0, product="Mug"),
    Line(4, "#1003", "ann@example.com", "2024-05-03 12:00:00", 1, 10.0, "cancelled", "Mug"),
    Line(5, "#1004", "+49 351 1234567", "2024-05-04 12:00:00", 1, 10.0, product="Mug"),
    Line(6, "#1005", None, "2024-05-05 12:00:00", 1, 10.0, product="Mug"),
]
SHOPIFY_43 = SHOPIFY_79[:43]

WOOCOMMERCE_PLAIN = split(
    "order_id, order_number, date, status, order_shipping, order_tax, cart_discount, order_discount, "
    "order_total, order_currency, payment_method, customer_user, billing_first_name, billing_last_name, "
    "billing_email, billing_phone, billing_city, billing_country, order_item_1, order_item_2, order_item_3"
)
WOOCOMMERCE_COLUMNS = split(
    "order_id, order_number, order_date, paid_date, status, shipping_total, shipping_tax_total, fee_total, "
    "fee_tax_total, tax_total, cart_discount, order_discount, discount_total, order_total, order_subtotal, "
    "order_currency, payment_method, customer_id, billing_first_name, billing_email, billing_country, "
    "Product Item 1 Name, Product Item 1 id, Product Item 1 SKU, Product Item 1 Quantity, "
    "Product Item 1 Total, Product Item 1 Subtotal, Product Item 2 Name, Product Item 2 id, "
    "Product Item 2 SKU, Product Item 2 Quantity, Product Item 2 Total, Product Item 2 Subtotal"
)
WOOCOMMERCE_BARE = split("order_id, date, status, order_shipping, order_tax, order_total, billing_email")

EXPORTS = [
    Export("Shopify, 79 columns", "Shopify orders", SHOPIFY_79, SHOPIFY_ORDERS, SHOPIFY_LINES),
    Export(
        "Shopify, 43 columns",
        "Shopify orders",
        SHOPIFY_43,
        [{key: value for key, value in SHOPIFY_ORDERS[row].items() if key in SHOPIFY_43} for row in (0, 1, 5)],
        [*SHOPIFY_LINES[:2], Line(3, "#1005", None, "2024-05-05 12:00:00", 1, 10.0, product="Mug")],
    ),
    Export(
        "Squarespace",
        "Squarespace orders",
        split(
            "Order ID, Email, Financial Status, Paid at, Fulfillment Status, Fulfilled at, Currency, Subtotal, "
            "Shipping, Taxes, Amount Refunded, Total, Discount Code, Discount Amount, Shipping Method, Created at, "
            "Lineitem quantity, Lineitem name, Lineitem price, Lineitem sku, Lineitem variant, "
            "Lineitem requires shipping, Lineitem taxable, Lineitem fulfillment status, Billing Name, "
            "Billing Country, Billing Phone, Shipping Name, Shipping Country, Shipping Phone, Cancelled at, "
            "Private Notes, Channel Type, Channel Name"
        ),
        [
            {
                "Order ID": "00042",
                "Email": "ann@example.com",
                "Financial Status": "PAID",
                "Currency": "EUR",
                "Amount Refunded": "5.00",
                "Created at": "2024-05-01 10:00:00 +0100",
                "Lineitem quantity": "2",
                "Lineitem name": "Mug",
                "Lineitem price": "10.00",
            },
            {"Order ID": "00042", "Lineitem quantity": "1", "Lineitem name": "Tea towel", "Lineitem price": "5.00"},
        ],
        [
            Line(1, "00042", "ann@example.com", "2024-05-01 10:00:00", 2, 16.0, product="Mug"),
            Line(2, "00042", "ann@example.com", "2024-05-01 10:00:00", 1, 4.0, product="Tea towel"),
        ],
    ),
    Export(
        "WooCommerce Analytics",
        "WooCommerce Analytics orders",
        split(
            "Date, Order #, Status, Customer, Customer type, Product(s), Items sold, Coupon(s), N. Revenue, Attribution"
        ),
        [{"Date": "2024-05-01 10:00:00", "Order #": "101", "Status": "completed", "N. Revenue": "20"}],
        refused=r"two people can share a name.*Export the orders with a plugin",
    ),
    Export(
        "WooCommerce, packed items",
        "WooCommerce order export",
        WOOCOMMERCE_PLAIN,
        [
            # 47.00 less 4.00 postage and 3.00 tax: 40.00, spread 30 : 10
            {
                "order_id": "7",
                "order_number": "107",
                "date": "2024-05-01 10:00:00",
                "status": "wc-completed",
                "order_shipping": "4.00",
                "order_tax": "3.00",
                "order_total": "47.00",
                "order_currency": "EUR",
                "customer_user": "12",
                "billing_email": "ann@example.com",
                "order_item_1": "name:Mug|product_id:5|sku:MUG|quantity:3|total:30.00|sub_total:33.00",
                "order_item_2": "name:Tea towel|product_id:6|sku:|quantity:1|total:10.00",
            },
            # a guest, and three items that share 10.00 to the cent
            {
                "order_id": "8",
                "order_number": "108",
                "date": "2024-05-02 10:00:00",
                "status": "processing",
                "order_shipping": "0",
                "order_tax": "0",
                "order_total": "10.00",
                "customer_user": "0",
                "billing_email": "guest@example.com",
                "order_item_1": "name:A|quantity:1",
                "order_item_2": "name:B|quantity:1",
                "order_item_3": "name:C|quantity:1",
            },
            {
                "order_id": "9",
                "order_number": "109",
                "date": "2024-05-03 10:00:00",
                "status": "refunded",
                "order_total": "10.00",
                "customer_user": "12",
                "order_item_1": "name:Mug|quantity:1|total:10.00",
            },
            {
                "order_id": "10",
                "order_number": "110",
                "date": "2024-05-04 10:00:00",
                "status": "wc-on-hold",
                "order_total": "10.00",
                "customer_user": "13",
            },
            {
                "order_id": "11",
                "order_number": "111",
                "date": "2024-05-05 10:00:00",
                "status": "cancelled",
                "order_total": "10.00",
                "customer_user": "13",
            },
        ],
        [
            Line(1, "107", "12", "2024-05-01 10:00:00", 3, 30.0, product="Mug"),
            Line(1, "107", "12", "2024-05-01 10:00:00", 1, 10.0, product="Tea towel"),
            Line(2, "108", None, "2024-05-02 10:00:00", 1, 3.33, product="A"),
            Line(2, "108", None, "2024-05-02 10:00:00", 1, 3.34, product="B"),
            Line(2, "108", None, "2024-05-02 10:00:00", 1, 3.33, product="C"),
            Line(3, "109", "12", "2024-05-03 10:00:00", 1, 0.0, product="Mug"),
            Line(4, "110", "13", "2024-05-04 10:00:00", 1, 10.0, "unpaid"),
            Line(5, "111", "13", "2024-05-05 10:00:00", 1, 10.0, "cancelled"),
        ],
    ),
    Export(
        "WooCommerce, a column for each fact of an item",
        "WooCommerce order export",
        WOOCOMMERCE_COLUMNS,
        [
            {
                "order_id": "7",
                "order_number": "107",
                "order_date": "2024-05-01 10:00:00",
                "status": "completed",
                "shipping_total": "4.00",
                "shipping_tax_total": "0.80",
                "tax_total": "8.80",
                "order_total": "52.80",
                "customer_id": "12",
                "Product Item 1 Name": "Mug",
                "Product Item 1 SKU": "MUG",
                "Product Item 1 Quantity": "3",
                "Product Item 1 Total": "30.00",
                "Product Item 2 Name": "Tea towel",
                "Product Item 2 id": "6",
                "Product Item 2 Quantity": "1",
                "Product Item 2 Total": "10.00",
            }
        ],
        [
            Line(1, "107", "12", "2024-05-01 10:00:00", 3, 30.0, product="Mug"),
            Line(1, "107", "12", "2024-05-01 10:00:00", 1, 10.0, product="Tea towel"),
        ],
    ),
    Export(
        "WooCommerce, no account and no items",
        "WooCommerce order export",
        WOOCOMMERCE_BARE,
        [
            {
                "order_id": "7",
                "date": "2024-05-01 10:00:00",
                "status": "completed",
                "order_shipping": "4.00",
                "order_total": "24.00",
                "billing_email": "Ann@example.com",
            }
        ],
        [Line(1, "7", "ann@example.com", "2024-05-01 10:00:00", 1, 20.0)],
    ),
    Export(
        "Etsy sold orders",
        "Etsy sold orders",
        split(
            "Sale Date, Order ID, Buyer User ID, Full Name, First Name, Last Name, Number of Items, Payment Method, "
            "Date Shipped, Street 1, Street 2, Ship City, Ship State, Ship Zipcode, Ship Country, Currency, "
            "Order Value, Coupon Code, Coupon Details, Discount Amount, Shipping Discount, Shipping, Sales Tax, "
            "Order Total, Status, Card Processing Fees, Order Net, Adjusted Order Total, "
            "Adjusted Card Processing Fees, Adjusted Net Order Amount, Buyer, Order Type, Payment Type, "
            "InPerson Discount, InPerson Location, SKU"
        ),
        [
            {
                "Sale Date": "05/04/24",
                "Order ID": "3001",
                "Buyer User ID": "annbuys",
                "Full Name": "Ann Example",
                "Number of Items": "3",
                "Ship Country": "Germany",
                "Currency": "USD",
                "Order Value": "1,230.00",
                "Coupon Code": "SPRING",
                "Discount Amount": "30.00",
                "Shipping": "5.00",
                "Sales Tax": "2.00",
                "Order Total": "1,207.00",
                "Buyer": "Ann Example (annbuys)",
            },
            {
                "Sale Date": "05/06/24",
                "Order ID": "3002",
                "Currency": "USD",
                "Order Value": "10.00",
                "Discount Amount": "0.00",
            },
        ],
        [
            Line(1, "3001", "annbuys", "2024-05-04 00:00:00", 1, 1200.0),
            Line(2, "3002", None, "2024-05-06 00:00:00", 1, 10.0),
        ],
    ),
    Export(
        "Etsy sold order items",
        "Etsy sold order items",
        split(
            "Sale Date, Item Name, Buyer, Quantity, Price, Coupon Code, Coupon Details, Discount Amount, "
            "Shipping Discount, Order Shipping, Order Sales Tax, Item Total, Currency, Transaction ID, Listing ID, "
            "Date Paid, Date Shipped, Ship Name, Ship Address1, Ship Address2, Ship City, Ship State, Ship Zipcode, "
            "Ship Country, Order ID, Variations, Order Type, Listings Type, Payment Type, InPerson Discount, "
            "InPerson Location, VAT Paid by Buyer, SKU"
        ),
        [
            {
                "Sale Date": "05/04/24",
                "Item Name": "Mug, blue",
                "Buyer": "annbuys",
                "Quantity": "2",
                "Price": "10.00",
                "Discount Amount": "2.00",
                "Item Total": "20.00",
                "Currency": "USD",
                "Transaction ID": "4001",
                "Listing ID": "1501",
                "Order ID": "3001",
            }
        ],
        [Line(1, "3001", "annbuys", "2024-05-04 00:00:00", 2, 18.0, product="Mug, blue")],
    ),
    Export(
        "Amazon all orders",
        "Amazon all orders",
        split(
            "amazon-order-id, merchant-order-id, purchase-date, last-updated-date, order-status, "
            "fulfillment-channel, sales-channel, order-channel, url, ship-service-level, product-name, sku, asin, "
            "item-status, quantity, currency, item-price, item-tax, shipping-price, shipping-tax, gift-wrap-price, "
            "gift-wrap-tax, item-promotion-discount, ship-promotion-discount, ship-city, ship-state, "
            "ship-postal-code, ship-country, promotion-ids"
        ),
        [
            {
                "amazon-order-id": "302-1234567-1234567",
                "purchase-date": "2024-05-01T10:00:00+00:00",
                "order-status": "Shipped",
                "quantity": "1",
                "item-price": "10.00",
            }
        ],
        delimiter="\t",
        refused=r"no column for the buyer.*Use the orders of the shop's own web site",
    ),
    Export(
        "Stripe payments",
        "Stripe payments",
        split(
            "id, Created date (UTC), Amount, Amount Refunded, Currency, Captured, Converted Amount, "
            "Converted Amount Refunded, Converted Currency, Decline Reason, Description, Fee, Refunded date (UTC), "
            "Statement Descriptor, Status, Seller Message, Taxes On Fee, Card ID, Customer ID, "
            "Customer Description, Customer Email, Invoice ID, Transfer, order_id (metadata)"
        ),
        [
            {
                "id": "ch_1",
                "Created date (UTC)": "2024-05-01 10:00:00",
                "Amount": "20.00",
                "Amount Refunded": "5.00",
                "Currency": "eur",
                "Captured": "true",
                "Fee": "0.59",
                "Status": "Paid",
                "Customer ID": "cus_A",
                "Customer Email": "ann@example.com",
            },
            {
                "id": "ch_2",
                "Created date (UTC)": "2024-05-02 10:00:00",
                "Amount": "20.00",
                "Amount Refunded": "20.00",
                "Currency": "eur",
                "Captured": "true",
                "Status": "Refunded",
                "Customer Email": "Ben@example.com",
            },
            {
                "id": "ch_3",
                "Created date (UTC)": "2024-05-03 10:00:00",
                "Amount": "20.00",
                "Amount Refunded": "0.00",
                "Currency": "eur",
                "Captured": "false",
                "Status": "Failed",
                "Customer ID": "cus_A",
            },
        ],
        [
            Line(1, "ch_1", "cus_A", "2024-05-01 10:00:00", 1, 15.0),
            Line(2, "ch_2", "ben@example.com", "2024-05-02 10:00:00", 1, 0.0),
            Line(3, "ch_3", "cus_A", "2024-05-03 10:00:00", 1, 20.0, "unpaid"),
        ],
    ),
    Export(
        "Square transactions",
        "Square transactions",
        split(
            "Date, Time, Time Zone, Gross Sales, Discounts, Service Charges, Net Sales, Gift Card Sales, Tax, Tip, "
            "Partial Refunds, Total Collected, Source, Card, Transaction ID, Payment ID, Event Type, Location, "
            "Dining Option, Customer ID, Customer Name, Customer Reference ID"
        ),
        [
            {
                "Date": "2024-05-01",
                "Time": "14:05:06",
                "Time Zone": "Eastern Time (US & Canada)",
                "Gross Sales": "$1,300.00",
                "Discounts": "-$65.50",
                "Net Sales": "$1,234.50",
                "Partial Refunds": "$0.00",
                "Tax": "$100.00",
                "Total Collected": "$1,334.50",
                "Transaction ID": "T1",
                "Event Type": "Payment",
                "Customer ID": "C1",
            },
            {
                "Date": "2024-05-02",
                "Time": "09:00:00",
                "Gross Sales": "-$34.50",
                "Net Sales": "-$34.50",
                "Partial Refunds": "$0.00",
                "Transaction ID": "T2",
                "Event Type": "Refund",
                "Customer ID": "C1",
            },
            {
                "Date": "2024-05-03",
                "Time": "09:00:00",
                "Gross Sales": "$0.00",
                "Net Sales": "$0.00",
                "Partial Refunds": "-$5.00",
                "Transaction ID": "T3",
                "Event Type": "Refund",
            },
        ],
        [
            Line(1, "T1", "C1", "2024-05-01 14:05:06", 1, 1234.5),
            Line(2, "T2", "C1", "2024-05-02 09:00:00", -1, -34.5, "credit"),
            Line(3, "T3", None, "2024-05-03 09:00:00", -1, -5.0, "credit"),
        ],
    ),
    Export(
        "Square items",
        "Square items",
        split(
            "Date, Time, Time Zone, Category, Item, Qty, Price Point Name, SKU, Modifiers Applied, Gross Sales, "
            "Discounts, Net Sales, Tax, Transaction ID, Payment ID, Device Name, Notes, Details, Event Type, "
            "Location, Dining Option, Customer ID, Customer Name, Customer Reference ID"
        ),
        [
            {
                "Date": "05/13/24",
                "Time": "2:05:06 PM",
                "Category": "Kitchen",
                "Item": "Mug",
                "Qty": "2.0",
                "SKU": "MUG",
                "Gross Sales": "$20.00",
                "Discounts": "-$2.00",
                "Net Sales": "$18.00",
                "Transaction ID": "T1",
                "Event Type": "Payment",
                "Customer ID": "C1",
            },
            {
                "Date": "05/14/24",
                "Time": "12:30:00 AM",
                "Item": "Mug",
                "Qty": "-1.0",
                "Net Sales": "($9.00)",
                "Transaction ID": "T2",
                "Event Type": "Refund",
                "Customer ID": "C1",
            },
            {
                "Date": "05/15/24",
                "Time": "10:00:00 AM",
                "Item": "Loose tea, by weight",
                "Qty": "0.25",
                "Net Sales": "$4.00",
                "Transaction ID": "T3",
                "Event Type": "Payment",
            },
        ],
        [
            Line(1, "T1", "C1", "2024-05-13 14:05:06", 2, 18.0, product="Mug"),
            Line(2, "T2", "C1", "2024-05-14 00:30:00", -1, -9.0, "credit", "Mug"),
            Line(3, "T3", None, "2024-05-15 10:00:00", 1, 4.0, product="Loose tea, by weight"),
        ],
    ),
    Export(
        "Magento 2 order grid",
        "Magento 2 orders",
        split(
            "ID, Purchase Point, Purchase Date, Bill-to Name, Ship-to Name, Grand Total (Base), "
            "Grand Total (Purchased), Status, Billing Address, Shipping Address, Shipping Information, "
            "Customer Email, Customer Group, Subtotal, Shipping and Handling, Customer Name, Payment Method, "
            "Total Refunded"
        ),
        [
            {
                "ID": "000000042",
                "Purchase Point": "Main Website\nMain Store",
                "Purchase Date": "May 1, 2024 10:00:00 AM",
                "Grand Total (Base)": "28.00",
                "Status": "Complete",
                "Customer Email": "ann@example.com",
                "Subtotal": "20.00",
                "Shipping and Handling": "5.00",
                "Total Refunded": "0.00",
            },
            {
                "ID": "000000043",
                "Purchase Date": "May 2, 2024 3:00:00 PM",
                "Grand Total (Base)": "28.00",
                "Status": "Closed",
                "Customer Email": "ann@example.com",
                "Subtotal": "20.00",
                "Total Refunded": "28.00",
            },
            {
                "ID": "000000044",
                "Purchase Date": "May 3, 2024 12:00:00 PM",
                "Grand Total (Base)": "28.00",
                "Status": "Canceled",
                "Customer Email": "ben@example.com",
                "Subtotal": "20.00",
            },
        ],
        [
            Line(1, "000000042", "ann@example.com", "2024-05-01 10:00:00", 1, 20.0),
            Line(2, "000000043", "ann@example.com", "2024-05-02 15:00:00", 1, 0.0),
            Line(3, "000000044", "ben@example.com", "2024-05-03 12:00:00", 1, 20.0, "cancelled"),
        ],
    ),
    Export(
        "Taobao and Tmall",
        "Taobao and Tmall orders",
        split(
            "订单编号, 买家会员名, 买家支付宝账号, 买家应付货款, 买家应付邮费, 买家支付积分, 总金额, 返点积分, "
            "买家实际支付金额, 买家实际支付积分, 订单状态, 买家留言, 收货人姓名, 收货地址 , 运送方式, 联系电话 , "
            "联系手机, 订单创建时间, 订单付款时间 , 宝贝标题 , 宝贝种类 , 物流单号 , 物流公司, 订单备注, "
            "宝贝总数量, 店铺Id, 店铺名称, 订单关闭原因, 卖家服务费, 买家服务费, 发票抬头, 是否手机订单, 退款金额"
        ),
        [
            {
                "订单编号": '="1234567890123456789"',
                "买家会员名": "小安",
                "买家应付货款": "90.00",
                "买家应付邮费": "10.00",
                "总金额": "100.00",
                "买家实际支付金额": "100.00",
                "订单状态": "交易成功",
                "联系手机": "'13912345678",
                "订单创建时间": "2024-05-01 10:00:00",
                "订单付款时间 ": "2024-05-01 10:01:00",
                "宝贝标题 ": "马克杯，蓝色",
                "宝贝总数量": "3",
                "店铺名称": "小店",
                "退款金额": "0.00",
            },
            {
                "订单编号": '="1234567890123456790"',
                "买家会员名": "阿本",
                "买家应付货款": "90.00",
                "总金额": "90.00",
                "买家实际支付金额": "0.00",
                "订单状态": "等待买家付款",
                "订单创建时间": "2024-05-02 10:00:00",
                "订单付款时间 ": "0000-00-00 00:00:00",
            },
            {
                "订单编号": '="1234567890123456791"',
                "买家会员名": "阿本",
                "买家应付货款": "90.00",
                "买家应付邮费": "10.00",
                "总金额": "100.00",
                "买家实际支付金额": "100.00",
                "订单状态": "卖家已发货，等待买家确认",
                "订单创建时间": "2024-05-03 10:00:00",
                "退款金额": "30.00",
            },
            {
                "订单编号": '="1234567890123456792"',
                "买家会员名": "小**安",
                "买家应付货款": "90.00",
                "总金额": "90.00",
                "买家实际支付金额": "0.00",
                "订单状态": "交易关闭",
                "订单创建时间": "2024-05-04 10:00:00",
                "订单关闭原因": "买家未付款",
            },
        ],
        [
            Line(1, "1234567890123456789", "小安", "2024-05-01 10:00:00", 1, 90.0, product="马克杯，蓝色"),
            Line(2, "1234567890123456790", "阿本", "2024-05-02 10:00:00", 1, 90.0, "unpaid"),
            Line(3, "1234567890123456791", "阿本", "2024-05-03 10:00:00", 1, 60.0),
            Line(4, "1234567890123456792", None, "2024-05-04 10:00:00", 1, 90.0, "cancelled"),
        ],
        encoding="gb18030",
    ),
    Export(
        "Tmall report without the buyer",
        "Taobao and Tmall orders",
        ["订单编号", "总金额", "买家实际支付金额", "收货地址 ", "订单创建时间", "订单付款时间 ", "退款金额"],
        [{"订单编号": "1", "总金额": "178.8", "买家实际支付金额": "0.0", "订单创建时间": "2020-02-21 00:00:00"}],
        refused=r"has no column for the customer.*Export the orders themselves",
    ),
    Export(
        "Youzan",
        "Youzan orders",
        split(
            "订单号, 归属店铺, 订单状态, 订单创建时间, 买家付款时间, 商品金额合计, 运费, 订单实付金额, "
            "订单实收金额, 全部商品名称, 买家昵称, 买家是否会员, 买家手机号, 分销员, 分销员, 订单退款状态, "
            "订单已退款金额"
        ),
        [
            {
                "订单号": "E20240501100000000000001",
                "归属店铺": "小店",
                "订单状态": "交易完成",
                "订单创建时间": "2024-05-01 10:00:00",
                "商品金额合计": "100.00",
                "运费": "10.00",
                "订单实付金额": "105.00",
                "全部商品名称": "马克杯",
                "买家手机号": "13912345678",
                "订单已退款金额": "0.00",
            },
            {
                "订单号": "E20240502100000000000001",
                "归属店铺": "小店",
                "订单状态": "已发货",
                "订单创建时间": "2024-05-02 10:00:00",
                "运费": "0.00",
                "订单实付金额": "50.00",
                "买家手机号": "13912345678",
                "订单退款状态": "全额退款",
                "订单已退款金额": "50.00",
            },
            {
                "订单号": "E20240503100000000000001",
                "归属店铺": "小店",
                "订单状态": "交易关闭",
                "订单创建时间": "2024-05-03 10:00:00",
                "订单实付金额": "50.00",
                "买家手机号": "186******05",
            },
        ],
        [
            Line(1, "E20240501100000000000001", "13912345678", "2024-05-01 10:00:00", 1, 95.0, product="马克杯"),
            Line(2, "E20240502100000000000001", "13912345678", "2024-05-02 10:00:00", 1, 0.0),
            Line(3, "E20240503100000000000001", None, "2024-05-03 10:00:00", 1, 50.0, "cancelled"),
        ],
        encoding="utf-8-sig",
    ),
    Export(
        "Pinduoduo",
        "Pinduoduo orders",
        split(
            "订单成交时间, 商品, 订单号, 订单状态, 商品总价(元), 邮费(元), 店铺优惠折扣(元), 平台优惠折扣(元), "
            "多多支付立减金额(元), 用户实付金额(元), 商家实收金额(元), 商品数量(件), 发货时间, 确认收货时间, "
            "商品id, 商品规格, 样式ID, 商家编码-规格维度, 商家编码-商品维度, 商家备注, 售后状态, 快递单号, 快递公司"
        ),
        [
            {
                "订单成交时间": "2024-05-01 10:00:00",
                "订单号": "240501-1",
                "商家实收金额(元)": "17.8",
                "商品数量(件)": "1",
            }
        ],
        refused=r"has no column for the customer.*names no buyer",
    ),
    Export(
        "Pinduoduo with the recipient's phone and wide brackets",
        "Pinduoduo orders",
        split(
            "订单成交时间, 商品, 订单号, 订单状态, 商品总价（元）, 邮费（元）, 商家实收金额（元）, 商品数量（件）, "
            "商品id, 售后状态, 收件人手机"
        ),
        [
            {
                "订单成交时间": "2024-05-01 10:00:00",
                "商品": "马克杯",
                "订单号": "240501-1",
                "订单状态": "已收货",
                "邮费（元）": "2",
                "商家实收金额（元）": "22",
                "商品数量（件）": "2",
                "商品id": "754299529443",
                "售后状态": "无售后或售后取消",
                "收件人手机": "13912345678",
            },
            {
                "订单成交时间": "2024-05-02 10:00:00",
                "商品": "马克杯",
                "订单号": "240502-1",
                "订单状态": "已发货",
                "商家实收金额（元）": "10",
                "商品数量（件）": "1",
                "售后状态": "退款成功",
                "收件人手机": "13912345678",
            },
        ],
        [
            Line(1, "240501-1", "13912345678", "2024-05-01 10:00:00", 2, 20.0, product="马克杯"),
            Line(2, "240502-1", "13912345678", "2024-05-02 10:00:00", 1, 0.0, product="马克杯"),
        ],
        encoding="gbk",
    ),
    Export(
        "Douyin",
        "Douyin orders",
        split(
            "主订单编号, 子订单编号, 选购商品, 商品规格, 商品数量, 商品ID, 商家编码, 商品单价, 订单应付金额, 运费, "
            "收件人, 收件人手机号, 省, 市, 区, 详细地址, 买家留言, 订单提交时间, 订单完成时间, 支付完成时间, "
            "APP渠道, 订单状态, 售后状态, 取消原因"
        ),
        [
            {
                "主订单编号": "\t6917000000000000001",
                "子订单编号": "\t6917000000000000002",
                "选购商品": "马克杯",
                "商品数量": "2",
                "商品ID": "\t3400000000000000001",
                "订单应付金额": "25.00",
                "运费": "5.00",
                "收件人手机号": "13912345678",
                "订单提交时间": "\t2024-05-01 10:00:00",
                "订单完成时间": "-",
                "订单状态": "已完成",
                "售后状态": "-",
            },
            {
                "主订单编号": "\t6917000000000000001",
                "子订单编号": "\t6917000000000000003",
                "选购商品": "茶巾",
                "商品数量": "1",
                "订单应付金额": "10.00",
                "运费": "-",
                "收件人手机号": "13912345678",
                "订单提交时间": "\t2024-05-01 10:00:00",
                "订单状态": "已完成",
                "售后状态": "退款成功",
            },
            {
                "主订单编号": "\t6917000000000000004",
                "子订单编号": "\t6917000000000000004",
                "选购商品": "茶巾",
                "商品数量": "1",
                "订单应付金额": "10.00",
                "收件人手机号": "-",
                "订单提交时间": "\t2024-05-02 10:00:00",
                "订单状态": "已关闭",
            },
            {
                "主订单编号": "\t6917000000000000005",
                "子订单编号": "\t6917000000000000005",
                "选购商品": "茶巾",
                "商品数量": "1",
                "订单应付金额": "10.00",
                "收件人手机号": "##4Hd8sJ##",
                "订单提交时间": "\t2024-05-03 10:00:00",
                "订单状态": "待发货",
            },
        ],
        [
            Line(1, "6917000000000000001", "13912345678", "2024-05-01 10:00:00", 2, 20.0, product="马克杯"),
            Line(2, "6917000000000000001", "13912345678", "2024-05-01 10:00:00", 1, 0.0, product="茶巾"),
            Line(3, "6917000000000000004", None, "2024-05-02 10:00:00", 1, 10.0, "cancelled", "茶巾"),
            Line(4, "6917000000000000005", None, "2024-05-03 10:00:00", 1, 10.0, product="茶巾"),
        ],
        encoding="utf-8-sig",
    ),
    Export(
        "UCI Online Retail",
        "UCI Online Retail",
        split("InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country"),
        [
            {
                "InvoiceNo": "536365",
                "StockCode": "85123A",
                "Description": "WHITE HANGING HEART",
                "Quantity": "6",
                "InvoiceDate": "12/13/2010 8:26",
                "UnitPrice": "2.55",
                "CustomerID": "17850",
            },
            {
                "InvoiceNo": "C536379",
                "StockCode": "D",
                "Description": "Discount",
                "Quantity": "-1",
                "InvoiceDate": "12/13/2010 9:41",
                "UnitPrice": "27.5",
            },
        ],
        [
            Line(1, "536365", "17850", "2010-12-13 08:26:00", 6, 15.3, product="WHITE HANGING HEART"),
            Line(2, "C536379", None, "2010-12-13 09:41:00", -1, -27.5, "credit", "Discount"),
        ],
        delimiter=";",
    ),
    Export(
        "UCI Online Retail II",
        "UCI Online Retail",
        split("Invoice, StockCode, Description, Quantity, InvoiceDate, Price, Customer ID, Country"),
        [
            {
                "Invoice": "489434",
                "StockCode": "85048",
                "Quantity": "12",
                "InvoiceDate": "2009-12-01 07:45:00",
                "Price": "6.95",
                "Customer ID": "13085.0",
            }
        ],
        [Line(1, "489434", "13085", "2009-12-01 07:45:00", 12, 83.4)],
    ),
    Export(
        "Canonical, five columns",
        "Canonical columns",
        split("order_id, customer_id, ordered_at, quantity, unit_price"),
        [
            {
                "order_id": "00042",
                "customer_id": "ann",
                "ordered_at": "2024-05-01 10:00:00",
                "quantity": "2",
                "unit_price": "1.5",
            }
        ],
        [Line(1, "00042", "ann", "2024-05-01 10:00:00", 2, 3.0)],
    ),
]
