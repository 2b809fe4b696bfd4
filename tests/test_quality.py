import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from ibis.backends.duckdb import Backend
from shops import Line, canonical_schema, numbered, order_line, store, store_orders
from strategies import dirty_orders

from segmentation.cleaning.rules import RULES
from segmentation.quality import (
    COLUMN_REPAIRS,
    DIMENSIONS,
    REPAIRS,
    quality,
    quality_in_words,
    repairs,
    scores,
    scores_table,
    weakest,
)
from segmentation.tables import TABLES

AS_OF = datetime.date(2025, 6, 1)
few = settings(max_examples=3)  # each asks the engine a dozen questions


def stored(connection: Backend, name: str, rows: Sequence[Mapping[str, Any]]) -> ir.Table:
    """Store rows of a canonical table; what a row does not tell is null."""
    rows = numbered([{"source_file": f"{name}.csv", **row} for row in rows])
    return store(connection, pa.Table.from_pylist(rows, schema=canonical_schema(TABLES[name])))


def score_of(told: pd.DataFrame, table: str, column: str, dimension: str, *, formula: str = "") -> float:
    found = told[(told["table"] == table) & (told["column"] == column) & (told["dimension"] == dimension)]
    [score] = found.loc[found["formula"].str.contains(formula, regex=False), "score"]
    return score


def orders_quality(connection: Backend, lines: Sequence[Line], *, as_of: datetime.date | None = AS_OF) -> pd.DataFrame:
    return quality({"orders": store_orders(connection, lines)}, as_of=as_of)


# --- each dimension by hand


def test_completeness_is_the_share_of_rows_with_a_value(connection: Backend) -> None:
    lines = [order_line(customer_id="ann"), order_line(customer_id=None), order_line(customer_id=None), order_line()]
    assert score_of(orders_quality(connection, lines), "orders", "customer_id", "completeness") == 0.5


def test_a_column_that_the_source_does_not_have_is_not_scored(connection: Backend) -> None:
    assert "country" not in orders_quality(connection, [order_line()])["column"].tolist()


def test_a_required_column_without_any_value_scores_nothing(connection: Backend) -> None:
    told = orders_quality(connection, [order_line(customer_id=None)])
    assert score_of(told, "orders", "customer_id", "completeness") == 0.0


def test_an_empty_coupon_lacks_nothing(connection: Backend) -> None:
    told = orders_quality(connection, [order_line(coupon="HELLO"), order_line(coupon=None)])
    assert told[(told["column"] == "coupon") & (told["dimension"] == "completeness")].empty


def test_uniqueness_is_the_share_of_different_rows(connection: Backend) -> None:
    lines = [order_line(), order_line(), order_line(), order_line(order_id="2")]
    assert score_of(orders_quality(connection, lines), "orders", "whole row", "uniqueness") == 0.5


def test_two_rows_of_a_customer_are_not_unique(connection: Backend) -> None:
    rows = [{"customer_id": "ann", "city": "Gent"}, {"customer_id": "ann", "city": "Bonn"}]
    told = quality({"customers": stored(connection, "customers", rows)}, as_of=AS_OF)
    assert score_of(told, "customers", "customer_id", "uniqueness") == 0.5


INVALID = {
    "quantity": 0,
    "unit_price": -1.0,
    "discount": -0.5,
    "ordered_at": datetime.datetime(2025, 7, 1),
    "email": "ann at example.com",
    "phone": "12",
    "currency": "€",
    "customer_id": "Unknown",
}


@pytest.fixture(scope="module")
def half_invalid(connection: Backend) -> pd.DataFrame:
    good = order_line(email="ann@example.com", phone="+49 40 669690")
    return orders_quality(connection, [good, good | {"order_id": "2"} | INVALID])


@pytest.mark.parametrize("column", INVALID)
def test_a_value_out_of_its_range_is_invalid(half_invalid: pd.DataFrame, column: str) -> None:
    assert score_of(half_invalid, "orders", column, "validity") == 0.5


@pytest.mark.parametrize("day", [datetime.datetime(1989, 12, 31, 23), datetime.datetime(2025, 6, 2)])
def test_dates_before_1990_and_after_today_are_invalid(connection: Backend, day: datetime.datetime) -> None:
    told = orders_quality(connection, [order_line(ordered_at=day)])
    assert score_of(told, "orders", "ordered_at", "validity") == 0.0


def test_without_a_day_no_date_is_too_late(connection: Backend) -> None:
    told = orders_quality(connection, [order_line(ordered_at=datetime.datetime(2125, 1, 1))], as_of=None)
    assert score_of(told, "orders", "ordered_at", "validity") == 1.0


def test_a_row_that_can_t_be_read_is_invalid(connection: Backend) -> None:
    told = orders_quality(connection, [order_line(), order_line(order_id="2", unreadable="quantity is no number")])
    assert score_of(told, "orders", "whole row", "validity") == 0.5


def test_a_rating_must_be_from_1_to_5(connection: Backend) -> None:
    rows = [
        {"customer_id": "ann", "given_at": datetime.datetime(2025, 1, 1), "kind": "review", "rating": rating}
        for rating in (0.0, 1.0, 5.0, 6.0)
    ]
    told = quality({"feedback": stored(connection, "feedback", rows)}, as_of=AS_OF)
    assert score_of(told, "feedback", "rating", "validity") == 0.5


@pytest.mark.parametrize(
    ("column", "other"),
    [("customer_id", "ben@example.com"), ("ordered_at", datetime.datetime(2025, 3, 2)), ("currency", "SEK")],
)
def test_an_order_has_one_customer_day_and_currency(connection: Backend, column: str, other: object) -> None:
    lines = [order_line(), order_line(product_id="TEA", **{column: other}), order_line(order_id="2")]
    told = orders_quality(connection, lines)
    assert score_of(told, "orders", column, "consistency", formula="orders with one") == 0.5


def test_a_product_has_one_name(connection: Backend) -> None:
    lines = [order_line(), order_line(product_name="Cup"), order_line(product_id="TEA", product_name="Tea")]
    assert score_of(orders_quality(connection, lines), "orders", "product_name", "consistency") == 0.5


def shop_with(connection: Backend, name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, ir.Table]:
    lines = [order_line(customer_id="ann"), order_line(customer_id="ben", order_id="2")]
    return {"orders": store_orders(connection, lines), name: stored(connection, name, rows)}


def test_customers_of_orders_should_be_in_the_table_of_customers(connection: Backend) -> None:
    told = quality(shop_with(connection, "customers", [{"customer_id": "ann"}]), as_of=AS_OF)
    assert score_of(told, "orders", "customer_id", "consistency", formula="table of customers") == 0.5


def test_customers_should_have_an_order(connection: Backend) -> None:
    told = quality(shop_with(connection, "customers", [{"customer_id": "ann"}, {"customer_id": "cai"}]), as_of=AS_OF)
    assert score_of(told, "customers", "customer_id", "consistency") == 0.5


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("events", {"occurred_at": datetime.datetime(2025, 1, 1), "event": "view"}),
        ("feedback", {"given_at": datetime.datetime(2025, 1, 1), "kind": "review"}),
        ("contacts", {"sent_at": datetime.datetime(2025, 1, 1), "campaign_id": "a", "arm": "treated"}),
    ],
)
def test_customers_of_other_tables_should_be_known(connection: Backend, name: str, rest: Mapping[str, Any]) -> None:
    told = quality(
        shop_with(connection, name, [{"customer_id": "ann", **rest}, {"customer_id": "x", **rest}]), as_of=AS_OF
    )
    assert score_of(told, name, "customer_id", "consistency") == 0.5


def on_days(*days: str) -> list[Line]:
    return [order_line(order_id=day, ordered_at=datetime.datetime.fromisoformat(day)) for day in days]


def test_months_without_orders_lack_timeliness(connection: Backend) -> None:
    told = orders_quality(connection, on_days("2025-01-05", "2025-02-05", "2025-04-05"))
    assert score_of(told, "orders", "ordered_at", "timeliness") == 0.75


def test_a_last_order_within_the_usual_gap_is_fresh(connection: Backend) -> None:
    told = orders_quality(connection, on_days("2025-04-01", "2025-05-01"))  # a gap of 30 days, 31 days ago
    assert score_of(told, "orders", "last order", "timeliness") == pytest.approx(30 / 31)


def test_a_week_without_an_order_is_fresh_enough(connection: Backend) -> None:
    told = orders_quality(connection, on_days("2025-05-24", "2025-05-25"))
    assert score_of(told, "orders", "last order", "timeliness") == 1.0


def test_without_a_day_freshness_is_not_scored(connection: Backend) -> None:
    assert "last order" not in orders_quality(connection, [order_line()], as_of=None)["column"].tolist()


# --- whatever comes


@few
@given(lines=dirty_orders())
def test_scores_are_shares_of_rows(connection: Backend, lines: list[Line]) -> None:
    told = orders_quality(connection, lines)
    assert told["score"].between(0, 1).all()
    assert (told["passing"] <= told["rows"]).all()


@few
@given(lines=dirty_orders(dirt=()))
def test_a_clean_shop_is_complete_valid_and_consistent(connection: Backend, lines: list[Line]) -> None:
    told = orders_quality(connection, lines, as_of=datetime.date(2026, 1, 1))
    asked = told[told["dimension"].isin(["completeness", "validity", "consistency"])]
    assert asked.loc[asked["score"] < 1, ["column", "dimension"]].to_numpy().tolist() == []


def test_a_table_without_rows_has_nothing_to_score(connection: Backend) -> None:
    assert orders_quality(connection, []).empty


def test_no_personal_value_is_told(connection: Backend) -> None:
    told = orders_quality(connection, [order_line(email="bad@mail", phone="777")])
    assert "bad@mail" not in told.to_csv()
    assert "777" not in told.to_csv()


def test_every_formula_says_what_is_divided_by_what(connection: Backend) -> None:
    assert orders_quality(connection, [order_line(email="a@b.cd")])["formula"].str.contains(" / ").all()


# --- before and after, and repairs


@pytest.fixture(scope="module")
def before(connection: Backend) -> pd.DataFrame:
    return orders_quality(
        connection, [*on_days("2025-01-05", "2025-03-05"), order_line(customer_id=None, order_id="9")]
    )


@pytest.fixture(scope="module")
def after(connection: Backend) -> pd.DataFrame:
    return orders_quality(connection, on_days("2025-01-05", "2025-03-05"))


def test_scores_stand_side_by_side(before: pd.DataFrame, after: pd.DataFrame) -> None:
    scored = scores(before, after).set_index("dimension")
    columns = 8  # customer, order, time, product and its name, quantity, price, currency; a third lacks one of them
    assert scored.loc["completeness", "before"] == pytest.approx(1 - 1 / 3 / columns)
    assert scored.loc["completeness", "after"] == 1.0


def test_a_table_that_cleaning_does_not_touch_keeps_its_scores(before: pd.DataFrame) -> None:
    scored = scores(before, before[:0])
    assert scored["before"].tolist() == scored["after"].tolist()


def test_the_table_of_scores_has_one_column_a_dimension(before: pd.DataFrame, after: pd.DataFrame) -> None:
    table = scores_table(scores(before, after))
    assert table.columns.tolist() == ["table", *DIMENSIONS]
    assert table.loc[0, "completeness"] == "95.8%\u00a0→\u00a0100.0%"


def test_the_weakest_column_comes_first(before: pd.DataFrame) -> None:
    assert weakest(before)["column"].tolist()[:3] == ["last order", "customer_id", "ordered_at"]
    assert weakest(before)["score"].is_monotonic_increasing


def test_scores_of_1_are_not_weak(after: pd.DataFrame) -> None:
    assert weakest(after)["score"].max() < 1


def test_the_orders_quality_in_words(before: pd.DataFrame, after: pd.DataFrame) -> None:
    assert "completeness 95.8% (100.0%)" in quality_in_words(scores(before, after))


def accounted(**lines: int) -> pd.DataFrame:
    """Write an account, 10 shop currency a line; underlines stand for blanks."""
    reasons = [reason.replace("_", " ") for reason in lines]
    return pd.DataFrame({"reason": reasons, "lines": list(lines.values())}).assign(money=lambda t: 10.0 * t["lines"])


def test_the_repair_that_brings_back_most_lines_comes_first(before: pd.DataFrame) -> None:
    told = repairs(before, accounted(clean=900, unreadable=20, guest=60, negative_price=20))
    assert told.loc[0, ["repair", "rows", "money"]].tolist() == [REPAIRS["guest"], 60, 600.0]


def test_money_that_a_repair_would_change_is_not_told(before: pd.DataFrame) -> None:
    assert pd.isna(repairs(before, accounted(clean=900, absurd_quantity=20)).loc[0, "money"])


def test_what_is_not_to_be_repaired_is_no_repair(before: pd.DataFrame) -> None:
    told = repairs(before, accounted(clean=900, duplicate=60, fee=90, cancelled=50))
    assert "lines that count" not in told["regains"].tolist()


def test_a_month_without_orders_may_be_a_file_left_out(connection: Backend) -> None:
    told = repairs(orders_quality(connection, on_days("2025-01-05", "2025-03-05", "2025-04-05")), accounted(clean=30))
    assert told.loc[0, ["regains", "rows"]].tolist() == ["lines that are missing, about", 10]


def test_three_repairs_are_told_at_most(before: pd.DataFrame) -> None:
    told = repairs(before, accounted(clean=1, guest=5, unreadable=4, negative_price=3, no_quantity=2))
    assert len(told) == 3


def test_nothing_to_repair_is_an_empty_table(connection: Backend) -> None:
    lines = [order_line(order_id=str(day), ordered_at=datetime.datetime(2025, 5, day)) for day in range(1, 32)]
    assert repairs(orders_quality(connection, lines), accounted(clean=31)).empty


def test_every_repair_is_of_a_reason_that_cleaning_gives() -> None:
    assert set(REPAIRS) <= set(RULES)


def test_every_dimension_of_columns_has_a_repair() -> None:
    assert set(COLUMN_REPAIRS) == set(DIMENSIONS) - {"timeliness"}
