"""Columns as they are written."""

import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segmentation.sample.assortment import PRODUCT_CENTS, PRODUCTS, SOLD
from segmentation.sample.calendar import DAY, DAYS
from segmentation.sample.campaigns import CAMPAIGNS
from segmentation.sample.dirt import CODE
from segmentation.sample.orders import COUPONS
from segmentation.sample.people import (
    ACQUISITION,
    CITIES,
    COMPLAINTS,
    CONSENT,
    DRAMA_NUMBERS,
    ENDINGS,
    FAMILY_NAMES,
    FIRST_NAMES,
    NOTES,
    PAYMENTS,
    POS,
    REVIEWS,
    SOURCES,
    STREETS,
    TAGS,
)
from segmentation.sample.visits import EVENTS
from segmentation.sample.writing import DAY_WORDS, money, numbered, picked, times, worded


def ascii_word(word: str) -> str:
    """Spell a name for an e-mail address.

    Examples
    --------
    >>> ascii_word("Müller-O'Land")
    'muelleroland'
    """
    spelt = word.lower().translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}))
    return "".join(letter for letter in unicodedata.normalize("NFKD", spelt) if "a" <= letter <= "z")


GIVEN = [name for names in FIRST_NAMES.values() for name in names]


def person_columns(customers: pd.DataFrame) -> dict[str, pa.Array]:
    """Write what identifies each customer: e-mail (lower case, and as typed with capitals), name, phone, address."""
    numbers = numbered(customers["number"].to_numpy())
    first, family = customers["first_name"].to_numpy(), customers["family_name"].to_numpy()
    spelt = [ascii_word(name) for name in GIVEN], [ascii_word(name) for name in FAMILY_NAMES]
    extension, area = np.divmod(customers["number"].to_numpy(), len(DRAMA_NUMBERS))
    area_words = worded(DRAMA_NUMBERS, area, where=customers["has_phone"].to_numpy())

    def email(given: list[str]) -> pa.Array:
        parts = [worded(given, first), ".", worded(spelt[1], family), numbers, "@example.com"]
        return pc.binary_join_element_wise(*parts, "")

    return {
        "email": email(spelt[0]),
        "typed": email([name.capitalize() for name in spelt[0]]),
        "name": pc.binary_join_element_wise(worded(GIVEN, first), worded(FAMILY_NAMES, family), " "),
        "phone": pc.binary_join_element_wise(area_words, pc.utf8_lpad(numbered(extension), 3, padding="0"), ""),
        "street": pc.binary_join_element_wise(
            worded(STREETS, customers["street"].to_numpy()), numbered(customers["house"].to_numpy()), " "
        ),
    }


def address(customers: pd.DataFrame, part: int) -> pa.Array:
    """Write each customer's country, city or zip."""
    return worded([city[part] for city in CITIES], customers["city"].to_numpy())


def customer_columns(
    rng: np.random.Generator, customers: pd.DataFrame, person: dict[str, pa.Array], first: np.ndarray
) -> dict[str, pa.Array]:
    """Write customers.csv, in canonical columns; some of what a shop would not know is missing."""
    known = rng.random((3, len(customers))) < np.array([[0.8], [0.75], [0.92]])
    joined = np.maximum(0, first // DAY - customers["joined_before"].to_numpy())
    return {
        "customer_id": person["email"],
        "email": person["email"],
        "phone": person["phone"],
        "name": person["name"],
        "birth_year": picked(numbered(customers["birth_year"].to_numpy()), np.arange(len(customers)), where=known[0]),
        "gender": worded(list(FIRST_NAMES), customers["gender"].to_numpy(), where=known[1]),
        "city": worded([city[1] for city in CITIES], customers["city"].to_numpy(), where=known[2]),
        "country": address(customers, 0),
        "joined_on": picked(DAY_WORDS, joined),
        "acquisition_channel": worded(ACQUISITION, customers["acquisition"].to_numpy()),
        "marketing_consent": worded(CONSENT, customers["consent"].to_numpy()),
    }


def order_fields(orders: pd.DataFrame, customers: pd.DataFrame, person: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Write the order-level fields of orders.csv, one value an order."""
    customer, second = orders["customer"].to_numpy(), orders["second"].to_numpy()
    known = (orders["dirt"] != CODE["guests"]).to_numpy()
    shipped = known & (orders["source"].to_numpy() != POS)
    cancelled, test = (orders["dirt"] == CODE["cancelled"]).to_numpy(), (orders["dirt"] == CODE["tests"]).to_numpy()
    paid, sent = second + orders["paid_after"].to_numpy(), second + orders["fulfilled_after"].to_numpy()
    fulfilled = ~cancelled & (sent < DAYS * DAY)
    status = np.where(cancelled, 1, np.choose(orders["refund"].to_numpy(), [0, 2, 3]))
    has_coupon = orders["coupon"].to_numpy() > 0
    country, city, code = (address(customers, part) for part in range(3))

    def own(values: pa.Array, *, where: np.ndarray = known) -> pa.Array:
        return picked(values, customer, where=where)

    def cents(column: str) -> pa.Array:
        return money(orders[column].to_numpy())

    zero = money(np.zeros(len(orders), np.int64))
    notes = np.where(known, orders["note"].to_numpy(), 0)
    return {
        "Financial Status": worded(("paid", "voided", "refunded", "partially_refunded"), status),
        "Paid at": times(paid, where=~cancelled, offset=True),
        "Fulfillment Status": worded(("unfulfilled", "fulfilled"), fulfilled.astype(int)),
        "Fulfilled at": times(np.minimum(sent, DAYS * DAY), where=fulfilled, offset=True),
        "Accepts Marketing": worded(("yes", "no", "no"), np.where(known, customers["consent"].to_numpy()[customer], 2)),
        "Currency": worded(("EUR",), np.zeros(len(orders), int)),
        "Subtotal": cents("subtotal"),
        "Shipping": cents("shipping"),
        "Taxes": cents("taxes"),
        "Total": cents("total"),
        "Discount Code": worded(COUPONS, orders["coupon"].to_numpy(), where=has_coupon),
        "Discount Amount": cents("coupon_cents"),
        "Shipping Method": worded(("Standard",), np.zeros(len(orders), int), where=shipped),
        "Created at": times(second, offset=True),
        "Billing Name": own(person["name"]),
        "Billing Street": own(person["street"]),
        "Billing Address1": own(person["street"]),
        "Billing City": own(city),
        "Billing Zip": own(code),
        "Billing Country": own(country),
        "Billing Phone": own(person["phone"]),
        "Shipping Name": own(person["name"], where=shipped),
        "Shipping Street": own(person["street"], where=shipped),
        "Shipping Address1": own(person["street"], where=shipped),
        "Shipping City": own(city, where=shipped),
        "Shipping Zip": own(code, where=shipped),
        "Shipping Country": own(country, where=shipped),
        "Notes": worded(NOTES, notes),
        "Cancelled at": times(paid, where=cancelled, offset=True),
        "Payment Method": worded((*PAYMENTS, "bogus"), np.where(test, len(PAYMENTS), orders["payment"].to_numpy())),
        "Payment Reference": pc.binary_join_element_wise("R", numbered(orders["number"].to_numpy() * 7 + 300_000), ""),
        "Refunded Amount": cents("refunded"),
        "Outstanding Balance": zero,
        "Id": numbered(5_800_000_000_000 + orders["number"].to_numpy() * 32_768),
        "Tags": worded((*TAGS, "test"), np.where(test, len(TAGS), orders["tag"].to_numpy())),
        "Risk Level": worded(("Low", "Medium"), orders["risky"].to_numpy().astype(int)),
        "Source": worded(SOURCES, orders["source"].to_numpy()),
        "Phone": own(person["phone"]),
    }


HEADER = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem compare at price", "Lineitem sku",
    "Lineitem requires shipping", "Lineitem taxable", "Lineitem fulfillment status", "Billing Name", "Billing Street",
    "Billing Address1", "Billing City", "Billing Zip", "Billing Country", "Billing Phone", "Shipping Name",
    "Shipping Street", "Shipping Address1", "Shipping City", "Shipping Zip", "Shipping Country", "Notes",
    "Cancelled at", "Payment Method", "Payment Reference", "Refunded Amount", "Vendor", "Outstanding Balance", "Id",
    "Tags", "Risk Level", "Source", "Lineitem discount", "Phone",
)  # fmt: skip


def order_columns(
    orders: pd.DataFrame, lines: pd.DataFrame, customers: pd.DataFrame, person: dict[str, pa.Array]
) -> dict[str, pa.Array]:
    """Write orders.csv as a Shopify order export: a row a line, order-level fields on an order's first row only."""
    order, product = lines["order"].to_numpy(), lines["product"].to_numpy()
    fields_of_order = order_fields(orders, customers, person)
    customer, known = orders["customer"].to_numpy(), (orders["dirt"] != CODE["guests"]).to_numpy()
    typed, usual = (picked(person[spelling], customer, where=known) for spelling in ("typed", "email"))
    email = pc.if_else(pa.array(orders["capitals"]), typed, usual)
    names = pc.binary_join_element_wise("#", numbered(orders["number"].to_numpy()), "")
    listed = PRODUCT_CENTS[product]
    fulfilled = pc.if_else(pc.equal(fields_of_order["Fulfillment Status"], "fulfilled"), "fulfilled", "pending")
    first = lines["is_first"].to_numpy()
    columns = {name: picked(values, order, where=first) for name, values in fields_of_order.items()}
    columns |= {
        "Name": picked(names, order),
        "Email": picked(email, order),
        "Lineitem quantity": numbered(lines["quantity"].to_numpy()),
        "Lineitem name": worded(list(PRODUCTS["name"]), product),
        "Lineitem price": money(lines["cents"].to_numpy()),
        "Lineitem compare at price": picked(money(listed * 5 // 4), np.arange(len(lines)), where=product % 9 == 0),
        "Lineitem sku": worded(list(PRODUCTS["code"]), product),
        "Lineitem requires shipping": worded(("true", "false"), (product >= SOLD).astype(int)),
        "Lineitem taxable": worded(("true",), np.zeros(len(lines), int)),
        "Lineitem fulfillment status": picked(fulfilled, order),
        "Vendor": worded(list(PRODUCTS["category"]), product),
        "Lineitem discount": money(lines["discount"].to_numpy()),
    }
    return {name: columns[name] for name in HEADER}


def event_columns(events: pd.DataFrame, emails: pa.Array, *, sessions: int) -> dict[str, pa.Array]:
    """Write events.csv; `sessions` is the number of visits in earlier chunks."""
    customer, product = events["customer"].to_numpy(), events["product"].to_numpy()
    return {
        "customer_id": picked(emails, customer, where=customer >= 0),
        "occurred_at": times(events["second"].to_numpy()),
        "event": worded(EVENTS, events["event"].to_numpy()),
        "session_id": pc.binary_join_element_wise("s", numbered(sessions + events["session"].to_numpy() + 1), ""),
        "product_id": worded(list(PRODUCTS["code"]), product, where=product >= 0),
        "duration_s": numbered(events["duration"].to_numpy()),
    }


def feedback_columns(opinions: pd.DataFrame, emails: pa.Array) -> dict[str, pa.Array]:
    """Write feedback.csv: reviews and surveys in words that fit the rating, complaints in words of their own."""
    kind, rating = opinions["kind"].to_numpy(), opinions["rating"].to_numpy()
    phrase = np.where(kind == 2, 20 + opinions["phrase"], 4 * (rating - 1) + opinions["phrase"])
    phrases = [words for rated in REVIEWS for words in rated] + list(COMPLAINTS)
    mood = np.where(rating <= 2, np.array([0, 1, 3, 5])[opinions["ending"]], np.array([0, 1, 2, 4])[opinions["ending"]])
    texts = [f"{words} {ending}".strip() for words in phrases for ending in ENDINGS]
    return {
        "customer_id": picked(emails, opinions["customer"].to_numpy()),
        "given_at": times(opinions["second"].to_numpy()),
        "kind": worded(("review", "survey", "complaint"), kind),
        "rating": picked(numbered(rating), np.arange(len(rating)), where=rating > 0),
        "text": worded(texts, phrase * len(ENDINGS) + mood, where=~opinions["silent"].to_numpy()),
    }


def contact_columns(
    rng: np.random.Generator, contacts: pd.DataFrame, customers: pd.DataFrame, emails: pa.Array
) -> dict[str, pa.Array]:
    """Write contacts.csv; only messages that can tell are known to be opened or clicked."""
    campaign, sent = contacts["campaign"].to_numpy(), contacts["sent"].to_numpy()
    channel = np.array([campaign.channel for campaign in CAMPAIGNS])[campaign]
    treated, luck = contacts["treated"].to_numpy(), rng.random((2, len(contacts)))
    opens = customers["opens"].to_numpy()[contacts["customer"]]
    opened = treated & (channel == "e-mail") & (luck[0] < opens)
    clicked = treated & (channel != "post") & np.where(channel == "e-mail", opened & (luck[1] < 0.2), luck[1] < 0.05)
    opened_at = sent + rng.exponential(6 * 3600, len(contacts)).astype(int) + 60
    cents = np.array([campaign.cents for campaign in CAMPAIGNS])[campaign]
    return {
        "customer_id": picked(emails, contacts["customer"].to_numpy()),
        "campaign_id": worded([campaign.name for campaign in CAMPAIGNS], campaign),
        "sent_at": times(sent),
        "channel": worded([campaign.channel for campaign in CAMPAIGNS], campaign),
        "arm": worded(("control", "treated"), treated.astype(int)),
        "cost": money(cents * treated),
        "opened_at": times(opened_at, where=opened),
        "clicked_at": times(opened_at + rng.integers(5, 240, len(contacts)), where=clicked),
    }
