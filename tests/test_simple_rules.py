import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.presets import read_preset
from segmentation.simple_rules import ALL_BUYERS, conditions_in_words, read_rules, rule_names, rules_in_words


def one(**features: float) -> pd.DataFrame:
    return pd.DataFrame({name: [value] for name, value in features.items()})


@pytest.mark.parametrize(
    ("orders", "recency", "expected"),
    [
        (2, 90, "regulars"),
        (2, 91, "lapsed regulars"),
        (1, 90, "newcomers"),
        (1, 91, "lapsed one-time buyers"),
    ],
)
def test_a_customer_falls_under_the_first_rule_that_holds(orders: int, recency: int, expected: str) -> None:
    customer = one(order_count=orders, recency_days=recency)
    assert rule_names(customer, read_rules(one_group=False)).tolist() == [expected]


@given(orders=st.integers(1, 10**6), recency=st.floats(0, 10**5))
def test_nobody_is_left_out(orders: int, recency: float) -> None:
    rules = read_rules(one_group=False)
    assert rule_names(one(order_count=orders, recency_days=recency), rules).isin(list(rules)).all()


def test_the_last_rule_asks_nothing() -> None:
    assert list(read_preset("simple_rules").values())[-1] == {}


def test_every_rule_s_name_is_one_that_has_an_action() -> None:
    assert set(read_preset("simple_rules")) <= set(read_preset("archetypes"))


def test_one_group_holds_everybody() -> None:
    assert rule_names(one(order_count=1), read_rules(one_group=True)).tolist() == [ALL_BUYERS]


def test_a_range_is_worded_with_both_ends() -> None:
    assert conditions_in_words({"net_spend": [1_000, 2_000]}) == "net spend 1,000 to 2,000"


def test_rules_are_worded_in_their_order() -> None:
    assert rules_in_words(read_rules(one_group=False)).startswith("regulars: order count 2 or more, recency days 90 or")
