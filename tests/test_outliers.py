"""Outliers and wholesalers: which lines and customers stand out, and what is done about them."""

from datetime import datetime, timedelta

import pytest
from ibis.backends.duckdb import Backend
from shops import Line, judged_orders, order_line, store_orders

from segmentation import clean

PLANTED = {30: {"unit_price": 950.0}, 45: {"unit_price": 0.02}, 71: {"quantity": 900}}


def shop(planted: dict[int, Line], *, products: int = 2, lines: int = 80) -> list[Line]:
    """Write lines of a few products whose prices and quantities differ a little, and some that stand out."""
    first = datetime(2025, 1, 1)
    plain = [
        order_line(
            order_id=str(row),
            customer_id=f"c{row % 10}",
            product_id=f"P{row % products}",
            ordered_at=first + timedelta(hours=row),
            unit_price=(9.0, 9.5, 10.0, 10.5, 11.0)[row // products % 5] * (1 + row % products),
            quantity=1 + row // products % 3,
        )
        for row in range(lines)
    ]
    return [line | planted.get(row, {}) for row, line in enumerate(plain, start=1)]


def outliers(connection: Backend, lines: list[Line], **told: object) -> set[int]:
    judged = judged_orders(connection, lines, **told)
    return set(judged.filter(judged.is_outlier).select("source_row").to_pyarrow()["source_row"].to_pylist())


@pytest.mark.parametrize("method", ["iqr", "z", "robust_z"])
def test_a_method_finds_what_lies_far_from_its_product_s_usual(connection: Backend, method: str) -> None:
    planted = PLANTED if method != "z" else {30: PLANTED[30], 71: PLANTED[71]}
    assert outliers(connection, shop(planted), outlier_method=method) == set(planted)


@pytest.mark.parametrize("method", ["isolation_forest", "local_outlier_factor"])
def test_a_method_over_all_columns_finds_what_stands_out(connection: Backend, method: str) -> None:
    lines = shop(PLANTED, lines=300)
    assert outliers(connection, lines, outlier_method=method, outlier_limit=0.012) >= {30, 45, 71}


def test_a_method_over_all_columns_finds_the_same_each_time(connection: Backend) -> None:
    told = [outliers(connection, shop(PLANTED), outlier_method="isolation_forest") for _ in range(2)]
    assert told[0] == told[1] != set()


@pytest.mark.parametrize("method", ["iqr", "robust_z", "isolation_forest", "local_outlier_factor"])
@pytest.mark.parametrize("lines", [1, 40])
def test_lines_that_are_all_alike_have_no_outlier(connection: Backend, method: str, lines: int) -> None:
    alike = [order_line(order_id=str(row)) for row in range(lines)]
    assert outliers(connection, alike, outlier_method=method) == set()


@pytest.mark.parametrize("method", ["robust_z", "isolation_forest"])
def test_a_shop_without_a_clean_line_has_no_outlier(connection: Backend, method: str) -> None:
    assert outliers(connection, [order_line(customer_id=None)], outlier_method=method) == set()


def test_a_product_of_few_lines_is_measured_by_all(connection: Backend) -> None:
    few = {row: {"product_id": f"Q{row}", "unit_price": 10.0} for row in range(1, 6)}
    assert outliers(connection, shop(few | {6: {"product_id": "Q6", "unit_price": 500.0}}), outlier_method="iqr") == {6}


def test_a_product_of_one_price_is_measured_by_all(connection: Backend) -> None:
    one_price = {row: {"product_id": "Q", "unit_price": 10.0} for row in range(1, 60)}
    lines = shop(one_price | {60: {"product_id": "Q", "unit_price": 500.0}}, lines=200)
    assert outliers(connection, lines, outlier_method="iqr") == {60}


def test_a_higher_limit_finds_less(connection: Backend) -> None:
    assert outliers(connection, shop(PLANTED), outlier_method="iqr", outlier_limit=1e6) == set()


def test_columns_that_are_not_asked_for_are_not_looked_at(connection: Backend) -> None:
    assert outliers(connection, shop(PLANTED), outlier_method="iqr", outlier_columns=["quantity"]) == {71}


def test_only_clean_sales_are_looked_at(connection: Backend) -> None:
    dirt = [{"customer_id": None}, {"line_kind": "fee"}, {"quantity": -1}, {"status": "test"}]
    planted = {row: {"unit_price": 950.0} | told for row, told in enumerate(dirt, start=1)}
    assert outliers(connection, shop(planted), outlier_method="iqr") == set()


ACTIONS = {
    "flag": (950.0, None),
    "cap": (pytest.approx(24.0), None),
    "median": (pytest.approx(20.0), None),
    "quarantine": (950.0, "outlier"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_outlier_is_treated_as_told(connection: Backend, action: str) -> None:
    judged = judged_orders(connection, shop({30: {"unit_price": 950.0}}), outlier_method="iqr", outlier_action=action)
    told = judged.filter(judged.source_row == 30).select("unit_price", "reason").to_pyarrow().to_pylist()
    assert tuple(told[0].values()) == ACTIONS[action]


def test_a_discount_goes_with_a_value_that_is_capped(connection: Backend) -> None:
    lines = shop({30: {"unit_price": 1000.0, "discount": 100.0, "refunded": 50.0}})
    judged = judged_orders(connection, lines, outlier_method="iqr", outlier_action="cap")
    told = judged.filter(judged.source_row == 30).to_pyarrow().to_pylist()[0]
    gross = told["quantity"] * told["unit_price"]
    whole = lines[29]["quantity"] * 1000.0
    assert (told["discount"] / gross, told["refunded"] / gross) == pytest.approx((100 / whole, 50 / whole))


@pytest.mark.parametrize("action", ["cap", "median"])
def test_money_that_is_replaced_stands_in_the_account(connection: Backend, action: str) -> None:
    orders = store_orders(connection, shop(PLANTED))
    policy = clean.Policy(outlier_method="iqr", outlier_action=action)
    account = clean.account(clean.judge_orders(orders, policy, currency="EUR"))
    lines_in, money_in = clean.lines_and_money(orders)
    clean.require_balance(account, lines_in=lines_in, money_in=money_in)
    assert account["reason"].tolist() == ["clean", "changed by replacing outliers"]
    assert account.loc[1, "money"] > 900


# --- wholesalers


def traders() -> list[Line]:
    """Write a shop in which one customer takes 500 pieces at a time."""
    return shop({row: {"customer_id": "trader", "quantity": 500 + row} for row in (5, 25, 55)}, lines=200)


@pytest.mark.parametrize(("way", "reason"), [("keep", None), ("flag", None), ("set_apart", "wholesaler")])
def test_a_wholesaler_is_treated_as_told(connection: Backend, way: str, reason: str | None) -> None:
    judged = judged_orders(connection, traders(), wholesalers=way)
    told = judged.filter(judged.customer_id == "trader").select("reason").to_pyarrow()["reason"].to_pylist()
    assert told == [reason] * 3
    assert judged.filter(judged.reason.notnull()).count().execute() == (3 if reason else 0)


def test_a_faithful_customer_is_no_wholesaler(connection: Backend) -> None:
    lines = shop({}, lines=200) + [order_line(order_id=f"f{row}", customer_id="faithful") for row in range(400)]
    judged = judged_orders(connection, lines, wholesalers="flag")
    assert judged.filter(judged.is_wholesaler).count().execute() == 0


@pytest.mark.parametrize("way", ["keep", "flag", "set_apart"])
def test_wholesalers_are_shown_whatever_is_done_about_them(connection: Backend, way: str) -> None:
    told = clean.wholesalers_table(judged_orders(connection, traders(), wholesalers=way))
    assert told["group"].tolist() == ["wholesalers", "all others"]
    assert told["customers"].tolist() == [1, 10]
    assert told["lines"].tolist() == [3, 197]
    assert told["share of money"].sum() == pytest.approx(1.0)


def test_a_shop_without_wholesalers_is_told_as_such(connection: Backend) -> None:
    told = clean.wholesalers_table(judged_orders(connection, [order_line()]))
    assert told[["customers", "money"]].values.tolist() == [[0, 0.0], [1, 10.0]]
