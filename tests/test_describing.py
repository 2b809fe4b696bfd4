"""What describes a customer, group by group; no feature sees what came on the day of description or later."""

import datetime
from collections.abc import Iterable
from random import Random
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import canonical_schema, order_line, store, store_orders

from segmentation.features import (
    CATEGORIES,
    FEATURES,
    GROUPS,
    NUMBERS,
    collect,
    customer_features,
    later_outcomes,
    of_groups,
    past_features,
    require_known_version,
)
from segmentation.problems import DataProblem
from segmentation.tables import TABLES

Row = dict[str, Any]
Shop = dict[str, list[Row]]

DAY = datetime.date(2025, 1, 1)
START = datetime.datetime(2025, 1, 1)
ARMS = ("treated", "control")
AGAIN = datetime.timedelta(days=200)
TIMES = {"orders": "ordered_at", "customers": "joined_on", "events": "occurred_at", "feedback": "given_at"}
TIMES["contacts"] = "sent_at"
WORDS = {
    5: ["wonderful mug, lovely glaze", "parcel arrived quickly, great service", "杯子很漂亮，质量很好"],
    1: ["broken mug, poor glaze", "parcel arrived late, rude service", "杯子破损，质量太差"],
}
few = settings(max_examples=2)  # each describes a whole shop several times


def moment(chance: Random) -> datetime.datetime:
    return datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=chance.randrange(2 * 365 * 86_400))


def drawn_shop(chance: Random, *, opinions: int = 150) -> Shop:
    """Draw a small shop with every table, about half of it from before the day."""
    people = [f"c{number}" for number in range(14)]
    orders = [
        order_line(
            order_id=f"o{number}", customer_id=chance.choice(people), ordered_at=placed, product_id=f"P{item % 5}",
            category=chance.choice(["tea", "mugs", "lamps", None]), quantity=chance.choice([1, 2, 3, -1]),
            unit_price=chance.randrange(1, 5_000) / 100, discount=0.0, refunded=chance.choice([0.0, 0.0, 0.5]),
            coupon=chance.choice([None, "HELLO"]), channel=chance.choice(["web", "app", None]),
            country=chance.choice(["DE", "AT"]),
        )
        for number in range(50) for placed in [moment(chance)] for item in range(chance.randrange(1, 4))
    ]  # fmt: skip
    customers = [
        {
            "customer_id": name, "joined_on": moment(chance).date(), "birth_year": chance.randrange(1900, 2024),
            "gender": chance.choice(["female", "male", "diverse", None]), "city": chance.choice(["Wien", "Graz"]),
            "country": "AT", "acquisition_channel": "search", "name": "Ann Mug",
        }
        for name in [*people, "newcomer"]
    ]  # fmt: skip
    events = [
        {
            "customer_id": chance.choice([*people, None]), "occurred_at": moment(chance),
            "event": chance.choice(["view", "cart", "order"]), "session_id": chance.choice(["s1", "s2", "s3", None]),
            "duration_s": chance.choice([30.0, None]),
        }
        for _ in range(150)
    ]  # fmt: skip
    feedback = [
        {
            "customer_id": chance.choice(people), "given_at": moment(chance), "rating": float(rating),
            "kind": chance.choice(["review", "complaint"]), "text": chance.choice([*WORDS[rating], None]),
        }
        for _ in range(opinions) for rating in [chance.choice([1, 5])]
    ]  # fmt: skip
    contacts = [
        {
            "customer_id": chance.choice(people), "campaign_id": "c", "sent_at": sent, "arm": chance.choice(ARMS),
            "channel": chance.choice(["e-mail", "post", "text message"]),
            "opened_at": chance.choice([None, sent + datetime.timedelta(days=chance.randrange(300))]),
            "clicked_at": chance.choice([None, sent + datetime.timedelta(days=chance.randrange(300))]),
        }
        for _ in range(60) for sent in [moment(chance)]
    ]  # fmt: skip
    return {"orders": orders, "customers": customers, "events": events, "feedback": feedback, "contacts": contacts}


def stored_shop(connection: Backend, shop: Shop) -> dict[str, ir.Table]:
    return {name: stored_rows(connection, name, rows) for name, rows in shop.items()}


def stored_rows(connection: Backend, name: str, rows: Iterable[Row]) -> ir.Table:
    if name == "orders":
        return store_orders(connection, rows)
    return store(connection, pa.Table.from_pylist(list(rows), schema=canonical_schema(TABLES[name])))


def described(connection: Backend, shop: Shop, *, as_of: datetime.date = DAY, **told: Any) -> pd.DataFrame:
    tables = stored_shop(connection, shop)
    return collect(customer_features(tables.pop("orders"), as_of=as_of, **tables, **told))


def ann(connection: Backend, **tables: list[Row]) -> pd.Series:
    """Describe a customer of one order as of 2025 by what is told of her."""
    shop = {"orders": [order_line(customer_id="ann", ordered_at=datetime.datetime(2024, 11, 5, 19))], **tables}
    return described(connection, shop).loc["ann"]


# --- no feature sees the future


def is_later(name: str, row: Row) -> bool:
    time = row[TIMES[name]]
    return time >= (DAY if name == "customers" else START)


def disturbed(name: str, rows: list[Row], chance: Random) -> list[Row]:
    """Delete some later rows, shift and change the others, and add rows at the very beginning of the day."""
    earlier = [row for row in rows if not is_later(name, row)]
    later = [row for row in rows if is_later(name, row) and chance.random() < 0.6]
    changes = {
        "orders": {"unit_price": 99.0, "category": "tea", "quantity": 50, "channel": "pos", "coupon": "HELLO"},
        "customers": {"birth_year": 1980, "gender": "diverse", "city": "Linz", "name": "Parcel Glaze"},
        "events": {"event": "order", "duration_s": 900.0},
        "feedback": {"text": "terrible parcel, wonderful lamp", "rating": 1.0, "kind": "complaint"},
        "contacts": {"arm": "treated", "channel": "post"},
    }[name]
    moved = [row | {TIMES[name]: row[TIMES[name]] + AGAIN} | changes for row in later]
    at_once = [row | {TIMES[name]: DAY if name == "customers" else START} | changes for row in rows[:5]]
    if name == "customers":  # one row a customer: who is known earlier stays as he is
        names = {row["customer_id"] for row in earlier}
        at_once = [row for row in at_once if row["customer_id"] not in names]
        moved = [row for row in moved if row["customer_id"] not in {row["customer_id"] for row in at_once}]
    if name == "contacts":
        seen = ("opened_at", "clicked_at")
        earlier = [row | {name: None for name in seen if row[name] and row[name] >= START} for row in earlier]
        at_once = [row | {"opened_at": START, "clicked_at": START} for row in at_once]
    return earlier + moved + at_once


@few
@given(seed=st.integers(0, 10_000))
@pytest.mark.parametrize("everyone", [False, True], ids=["buyers", "everyone"])
def test_no_feature_sees_the_day_or_what_follows(connection: Backend, everyone: bool, seed: int) -> None:
    chance = Random(seed)
    shop = drawn_shop(chance)
    other = {name: disturbed(name, rows, chance) for name, rows in shop.items()}
    then, now = (described(connection, told, everyone=everyone) for told in (shop, other))
    pd.testing.assert_frame_equal(then, now)


def test_the_test_of_the_future_looks_at_every_feature(connection: Backend) -> None:
    known = described(connection, drawn_shop(Random(1)))
    assert [name for name in FEATURES if known[name].nunique() < 2 and name != "acquisition_channel"] == []


def test_the_mood_learnt_from_ratings_does_not_see_the_future(connection: Backend) -> None:
    shop = drawn_shop(Random(3), opinions=900)
    later = [row | {"rating": 6 - row["rating"]} if is_later("feedback", row) else row for row in shop["feedback"]]
    then, now = (described(connection, shop | {"feedback": rows})["sentiment"] for rows in (shop["feedback"], later))
    pd.testing.assert_series_equal(then, now)


@few
@given(seed=st.integers(0, 10_000))
def test_neither_the_order_of_rows_nor_names_of_customers_decide(connection: Backend, seed: int) -> None:
    chance = Random(seed)
    shop = drawn_shop(chance)
    renamed = {
        name: [row | {"customer_id": row["customer_id"] and row["customer_id"][::-1]} for row in rows]
        for name, rows in shop.items()
    }
    for rows in renamed.values():
        chance.shuffle(rows)
    expected = described(connection, shop).rename(index=lambda name: name[::-1]).sort_index()
    pd.testing.assert_frame_equal(described(connection, renamed), expected)


def test_moving_the_day_past_all_rows_moves_what_counts_from_it(connection: Backend) -> None:
    shop = drawn_shop(Random(5))
    before = described(connection, shop, as_of=datetime.date(2027, 3, 1))
    after = described(connection, shop, as_of=datetime.date(2027, 3, 11))
    before[["recency_days", "tenure_days", "overdue_days"]] += 10
    pd.testing.assert_frame_equal(before, after)
