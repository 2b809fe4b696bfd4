"""Missing values: what each treatment fills in, and what it never does."""

from datetime import datetime

import pytest
from ibis.backends.duckdb import Backend
from shops import Line, judged_orders, order_line

from segmentation import clean
from segmentation.cleaning.missing import WAYS


def tea(day: int, price: float | None, **told: object) -> Line:
    return order_line(product_id="TEA", ordered_at=datetime(2025, 3, day), order_id=str(day), unit_price=price, **told)


def filled(connection: Backend, lines: list[Line], column: str, way: str) -> list[object]:
    """Give a column after filling, in the order of the lines."""
    judged = judged_orders(connection, lines, duplicates="keep", missing={column: way}).order_by("source_row")
    return judged.select(column).to_pyarrow()[column].to_pylist()


PRICES = [tea(1, 1.0), tea(2, 2.0), tea(3, 2.0), tea(4, 7.0), tea(5, None), order_line(unit_price=100.0)]


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("keep", None),
        ("mean", 3.0),
        ("median", 2.0),
        ("most_frequent", 2.0),
        ("constant:4.5", 4.5),
        ("interpolate", 7.0),
        ("forward_fill", None),
    ],
)
def test_a_missing_price_is_filled_from_its_product(connection: Backend, way: str, expected: float | None) -> None:
    assert filled(connection, PRICES, "unit_price", way)[4] == expected


def test_a_product_without_any_price_takes_that_of_all(connection: Backend) -> None:
    lines = [*PRICES[:4], order_line(product_id="NEW", unit_price=None), order_line(product_id=None, unit_price=None)]
    assert filled(connection, lines, "unit_price", "mean")[4:] == [3.0, 3.0]


def test_only_sales_of_products_in_the_shop_s_currency_tell_a_price(connection: Backend) -> None:
    other = [{"line_kind": "fee"}, {"status": "test"}, {"currency": "SEK"}, {"unreadable": "x"}]
    lines = [tea(1, 2.0), *(tea(2, 99.0, **told) for told in other), tea(3, -99.0), tea(4, 0.0), tea(5, None)]
    assert filled(connection, lines, "unit_price", "mean")[-1] == 2.0


def test_a_price_between_two_days_is_interpolated_by_time(connection: Backend) -> None:
    lines = [tea(11, 20.0), tea(1, 10.0), tea(4, None), tea(31, None)]
    assert filled(connection, lines, "unit_price", "interpolate") == [20.0, 10.0, 13.0, 20.0]


def test_a_price_before_the_first_known_one_is_that(connection: Backend) -> None:
    assert filled(connection, [tea(1, None), tea(5, 3.0), tea(9, 4.0)], "unit_price", "interpolate")[0] == 3.0


def test_a_quantity_stays_a_whole_number(connection: Backend) -> None:
    lines = [tea(1, 1.0, quantity=1), tea(2, 1.0, quantity=2), tea(3, 1.0, quantity=2), tea(4, 1.0, quantity=None)]
    assert filled(connection, lines, "quantity", "mean")[-1] == 2


def test_a_word_is_filled_with_the_customer_s_usual_one(connection: Backend) -> None:
    told = [("ann", "Spain"), ("ann", "Spain"), ("ann", "France"), ("ben", "Malta"), ("ann", None), ("cai", None)]
    lines = [order_line(customer_id=customer, country=country) for customer, country in told]
    assert filled(connection, lines, "country", "most_frequent")[-2:] == ["Spain", "Spain"]


def test_of_equally_frequent_values_the_first_in_order_counts(connection: Backend) -> None:
    lines = [order_line(country=country) for country in ("Spain", "France", None)]
    assert filled(connection, lines, "country", "most_frequent")[-1] == "France"


def test_a_value_is_carried_forward_within_its_order_only(connection: Backend) -> None:
    told = [("1", None), ("1", "app"), ("1", None), ("2", None), ("2", "web"), ("2", "app"), ("2", None)]
    lines = [order_line(order_id=order, channel=channel) for order, channel in told]
    assert filled(connection, lines, "channel", "forward_fill") == [None, "app", "app", None, "web", "app", "app"]


def test_the_time_of_an_order_can_be_carried_forward(connection: Backend) -> None:
    lines = [order_line(), order_line(product_id="TEA", ordered_at=None)]
    assert filled(connection, lines, "ordered_at", "forward_fill") == [datetime(2025, 3, 1, 12)] * 2


def test_the_nearest_lines_fill_by_their_product_and_numbers(connection: Backend) -> None:
    dear = [
        order_line(product_id="LAMP", unit_price=100.0, quantity=1 + row % 2, order_id=f"d{row}") for row in range(8)
    ]
    cheap = [tea(1 + row, 2.0, quantity=9 + row % 2) for row in range(8)]
    gaps = [order_line(product_id="LAMP", unit_price=None), tea(20, None, quantity=9)]
    assert filled(connection, [*dear, *cheap, *gaps], "unit_price", "nearest")[-2:] == pytest.approx([100.0, 2.0])


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("keep", "drop")])
def test_nothing_known_fills_nothing(connection: Backend, way: str) -> None:
    assert filled(connection, [tea(1, None), tea(2, None)], "unit_price", way) == [None, None]


def test_a_filled_value_is_told(connection: Backend) -> None:
    judged = judged_orders(connection, [tea(1, 2.0), tea(2, None)], missing={"unit_price": "mean"})
    told = clean.kept(judged).order_by("source_row").select("unit_price_was_missing").to_pyarrow()
    assert told["unit_price_was_missing"].to_pylist() == [False, True]


def test_an_unreadable_line_is_not_filled(connection: Backend) -> None:
    lines = [tea(1, 2.0), tea(2, None, unreadable="'two' of column price is no number")]
    assert filled(connection, lines, "unit_price", "mean") == [2.0, None]


def test_a_filled_line_that_would_equal_another_is_no_copy_of_it(connection: Backend) -> None:
    judged = judged_orders(connection, [tea(1, 2.0), tea(1, None)], missing={"unit_price": "mean"})
    assert clean.account(judged)[["reason", "lines"]].values.tolist()[0] == ["clean", 2]


def test_a_line_without_a_value_can_be_dropped(connection: Backend) -> None:
    judged = judged_orders(connection, [order_line(), order_line(country="Malta")], missing={"country": "drop"})
    assert judged.order_by("source_row").select("reason").to_pyarrow()["reason"].to_pylist() == ["missing value", None]


def test_a_missing_currency_can_be_filled_before_amounts_are_judged(connection: Backend) -> None:
    lines = [order_line(currency="SEK"), order_line(currency=None, product_id="TEA")]
    judged = judged_orders(connection, lines, missing={"currency": "most_frequent"}).order_by("source_row")
    assert judged.select("reason").to_pyarrow()["reason"].to_pylist() == ["other currency", "other currency"]
