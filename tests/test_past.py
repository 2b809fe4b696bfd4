"""What is switched off stays unknown, and the earlier day that choices go by sees nothing of what is held out."""

import datetime

import pandas as pd
import pytest
from ibis.backends.duckdb import Backend
from shops import Line, order_line, store_orders

from segmentation.features import (
    CATEGORIES,
    FEATURES,
    NUMBERS,
    collect,
    customer_features,
    known_columns,
    later_outcomes,
    of_groups,
    of_known,
    past_for_choices,
    past_in_words,
    period_days,
    switched,
    units_of,
)
from segmentation.preparing import Recipe, prepare_customers
from segmentation.problems import DataProblem

YEAR_END = datetime.date(2025, 1, 1)
# A quarter is looked back twice: customers stand as of 5 July, and 3 October is the first day that stays unseen.
EARLIER, UNSEEN = datetime.datetime(2024, 7, 5), datetime.datetime(2024, 10, 3)
SECOND = datetime.timedelta(seconds=1)


def first_orders(customers: int = 25) -> list[Line]:
    """Write one order in January 2024 by each of some customers."""
    return [
        order_line(
            customer_id=f"c{number:02}",
            order_id=f"first {number}",
            ordered_at=datetime.datetime(2024, 1, 2, 12),
            unit_price=10.0 + number,
            category="mugs",
            channel="web",
        )
        for number in range(customers)
    ]


def another(when: datetime.datetime, *, price: float = 7.0, customer: str = "c00") -> Line:
    return order_line(customer_id=customer, order_id=f"{customer} {when}", ordered_at=when, unit_price=price)


def past_of(connection: Backend, *more: Line, customers: int = 25) -> pd.DataFrame:
    past, why_not = past_for_choices(store_orders(connection, [*first_orders(customers), *more]), as_of=YEAR_END)
    assert why_not == ""
    return past


# --- groups of features that are switched on


@pytest.fixture(scope="module")
def basket_only(connection: Backend) -> pd.DataFrame:
    described = customer_features(store_orders(connection, first_orders()), as_of=YEAR_END)
    return collect(switched(described, ["basket"]))


def test_a_group_that_is_switched_on_is_known(basket_only: pd.DataFrame) -> None:
    assert basket_only["favourite_category"].tolist() == ["mugs"] * 25


def test_value_and_rhythm_are_always_known(basket_only: pd.DataFrame) -> None:
    assert basket_only["net_spend"].tolist() == [10.0 + number for number in range(25)]


def test_groups_that_are_switched_off_are_unknown(basket_only: pd.DataFrame) -> None:
    off = set(FEATURES) - set(of_groups(["value and rhythm", "basket"]))
    assert basket_only[sorted(off)].isna().all(axis=None)
    assert "channel" in off


def test_what_is_switched_off_keeps_its_place_and_kind(basket_only: pd.DataFrame) -> None:
    assert list(basket_only) == list(FEATURES)
    assert basket_only[list(NUMBERS)].dtypes.eq("float64").all()


def test_with_no_group_every_feature_is_known(connection: Backend) -> None:
    described = customer_features(store_orders(connection, first_orders()), as_of=YEAR_END)
    assert switched(described, []) is described


def test_an_unknown_group_is_refused(connection: Backend) -> None:
    described = customer_features(store_orders(connection, first_orders()), as_of=YEAR_END)
    with pytest.raises(DataProblem, match=r"value and rhythm, basket, .*; got 'shoes'"):
        switched(described, ["shoes"])


# --- what is known of somebody


def test_features_that_nobody_has_leave_the_summary() -> None:
    table = pd.DataFrame({"feature": ["visits", "spend"], "known for": [0, 3]})
    assert of_known(table).to_dict("list") == {"feature": ["spend"], "known for": [3]}


def test_a_summary_of_nothing_known_keeps_its_rows() -> None:
    table = pd.DataFrame({"feature": ["visits", "views"], "known for": [0, 0]})
    assert of_known(table)["feature"].tolist() == ["visits", "views"]


def test_known_columns_are_those_known_of_somebody(basket_only: pd.DataFrame) -> None:
    known = known_columns(basket_only)
    assert ("net_spend" in known, "visit_count" in known) == (True, False)


def test_only_numbers_have_units() -> None:
    assert units_of(["net_spend", CATEGORIES[0], "recency_days"], money="EUR") == {
        "net_spend": "EUR",
        "recency_days": "days",
    }


# --- the period


def test_the_period_is_a_quarter(connection: Backend) -> None:
    assert period_days(store_orders(connection, first_orders()), as_of=YEAR_END) == 90


def test_the_period_of_a_young_shop_is_a_third_of_its_history(connection: Backend) -> None:
    assert period_days(store_orders(connection, first_orders()), as_of=datetime.date(2024, 3, 2)) == 20


def test_the_period_is_a_day_at_least(connection: Backend) -> None:
    assert period_days(store_orders(connection, first_orders()), as_of=datetime.date(2024, 1, 3)) == 1


def test_returns_lower_later_spend_and_are_no_orders(connection: Backend) -> None:
    lines = [order_line(quantity=3), order_line(order_id="R1", quantity=-1)]
    later = later_outcomes(store_orders(connection, lines), datetime.date(2025, 1, 1), datetime.date(2026, 1, 1))
    assert later.to_dict("records") == [{"spend": 20.0, "orders": 1}]


# --- the earlier day that choices go by


@pytest.fixture(scope="module")
def past(connection: Backend) -> pd.DataFrame:
    """Let some customers order again around the borders of what followed; "new" comes on the earlier day."""
    times = [EARLIER - SECOND, EARLIER, UNSEEN - SECOND, UNSEEN, UNSEEN + 9 * SECOND]
    again = [another(when, customer=f"c{number:02}") for number, when in enumerate(times)]
    return past_of(connection, *again, another(EARLIER, customer="new"))


def test_what_followed_ends_before_the_last_period(past: pd.DataFrame) -> None:
    assert past["later_spend"].tolist()[:6] == [0.0, 7.0, 7.0, 0.0, 0.0, 0.0]


def test_customers_stand_as_of_the_earlier_day(past: pd.DataFrame) -> None:
    assert past["order_count"].tolist()[:6] == [2.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_who_stayed_away_spent_nothing_later(past: pd.DataFrame) -> None:
    assert past.loc["c24", ["later_spend", "later_orders"]].tolist() == [0.0, 0.0]


def test_who_came_later_is_not_known_on_the_earlier_day(past: pd.DataFrame) -> None:
    assert past.index.tolist() == [f"c{number:02}" for number in range(25)]


def test_nothing_of_the_last_period_is_seen(connection: Backend) -> None:
    held_out = [another(UNSEEN + number * SECOND, price=1e5, customer=f"c{number:02}") for number in range(25)]
    pd.testing.assert_frame_equal(past_of(connection, *held_out), past_of(connection))


def test_a_planted_leak_is_seen(connection: Backend) -> None:
    # The same orders a second earlier are part of what followed: the comparison above would have told.
    leaked = [another(UNSEEN - SECOND, price=1e5, customer=f"c{number:02}") for number in range(25)]
    leaking = past_of(connection, *leaked)
    assert leaking["later_spend"].tolist() == [1e5] * 25


def test_a_summary_has_no_earlier_day(connection: Backend) -> None:
    orders = store_orders(connection, first_orders())
    past, why_not = past_for_choices(orders, as_of=YEAR_END, summary=True)
    assert (len(past), why_not) == (0, "The file has one row a customer, so it can't tell who bought when.")


def test_too_few_customers_on_the_earlier_day_are_no_past(connection: Backend) -> None:
    past, why_not = past_for_choices(store_orders(connection, first_orders(19)), as_of=YEAR_END)
    assert len(past) == 0
    assert why_not == "On 2024-07-05 there were 19 customers; at least 20 are needed to learn from."


def test_no_past_has_the_same_columns_and_no_customer(connection: Backend) -> None:
    past, _ = past_for_choices(store_orders(connection, first_orders(3)), as_of=YEAR_END)
    assert (list(past), past.index.name) == ([*FEATURES, "later_spend", "later_orders"], "customer_id")


def test_a_recipe_that_learns_from_later_spend_is_refused_without_a_past(connection: Backend) -> None:
    orders = store_orders(connection, first_orders(3))
    past, _ = past_for_choices(orders, as_of=YEAR_END)
    today = collect(customer_features(orders, as_of=YEAR_END))
    with pytest.raises(DataProblem, match=r"the orders do not reach back far enough\. Use `encoding` one-hot"):
        prepare_customers(today, Recipe(encoding="target"), past=past, seed=1)


def test_what_followed_is_told_in_words() -> None:
    past = pd.DataFrame({"later_spend": [30.0, 0.0, 0.0, 0.0], "later_orders": [2.0, 0.0, 0.0, 0.0]})
    assert past_in_words(past, "", money="EUR") == (
        "4 customers were known on the earlier day; 25% of them ordered afterwards, and they spent 7.50 EUR on average."
    )


def test_no_past_is_told_with_its_reason() -> None:
    assert past_in_words(pd.DataFrame(), "Too few.", money="EUR") == (
        "No earlier day is looked at, so choices go by what holds alone. Too few."
    )
