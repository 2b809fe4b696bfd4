import datetime
from collections.abc import Sequence
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import Line, clean_orders, order_line, store_orders
from strategies import dirty_orders

from segmentation.features import (
    FEATURES,
    OF_A_SUMMARY,
    category_summary,
    collect,
    customer_features,
    customers_and_money,
    day_after_last_order,
    feature_summary,
    is_summary,
    once_sentence,
    read_day,
    share_once,
    shareable,
    spend_sentence,
    top_share,
    units,
)
from segmentation.problems import DataProblem

DAY = datetime.date(2025, 6, 1)
MIDDLE = datetime.date(2025, 1, 1)
AFTER_ALL = datetime.date(2026, 1, 1)
SHOPS = dirty_orders(min_orders=10)
few = settings(max_examples=2)  # each costs the engine some seconds; test_describing asks the same of all tables


def at(month: int, day: int, hour: int = 12) -> datetime.datetime:
    return datetime.datetime(2025, month, day, hour)


# Four orders of which two are on one day; one line refunded, one piece sent back.
ANN = [
    order_line(order_id="1", ordered_at=at(3, 1, 9), product_id="MUG", quantity=2, unit_price=10.0, discount=4.0),
    order_line(order_id="1", ordered_at=at(3, 1, 9), product_id="TEA", quantity=1, unit_price=5.0),
    order_line(order_id="2", ordered_at=at(3, 1, 21), product_id="LAMP", quantity=1, unit_price=30.0, coupon="HELLO"),
    order_line(order_id="3", ordered_at=at(3, 11), product_id="MUG", quantity=1, unit_price=10.0, refunded=10.0),
    order_line(order_id="4", ordered_at=at(5, 1), product_id="TEA", quantity=3, unit_price=5.0),
    order_line(order_id="R1", ordered_at=at(5, 20), product_id="MUG", quantity=-1, unit_price=10.0),
]
ANN_AS_OF_JUNE = {
    "recency_days": 31,  # 1 May to 1 June; the return of 20 May is no order
    "order_count": 4,
    "net_spend": 56.0,  # 16 + 5 + 30 + 10 + 15 bought, 10 refunded, 10 sent back
    "average_order": 14.0,  # 56 / 4
    "tenure_days": 92,  # 1 March to 1 June
    "median_gap_days": 30.5,  # 10 days to 11 March, 51 to 1 May; two orders on one day are no gap
    "gap_spread": 0.950537,  # √((10 - 30.5)² + (51 - 30.5)²) = 28.99, of a mean of 30.5
    "overdue_days": 0.5,  # 31 - 30.5
    "spend_trend": -0.342105,  # 25 since 3 March, 51 in the 90 days before: -26 / 76
    "first_order_value": 51.0,  # 16 + 5 + 30 on 1 March
    "product_count": 3,
    "pieces_per_order": 2.0,  # 8 / 4
    "discount_share": 0.625,  # 20 on discount and 30 with a coupon, of 80 at list price
    "coupon_share": 0.25,
    "return_share": 0.263158,  # 20 / 76
    "weekend_share": 0.5,  # 1 March was a Saturday
    "evening_share": 0.25,  # one at 21 h
    "spring_share": 1.0,
    **dict.fromkeys(("summer_share", "autumn_share", "winter_share", "gift_season_share"), 0.0),
}


def described(connection: Backend, lines: Sequence[Line], *, as_of: datetime.date = DAY) -> pd.DataFrame:
    return collect(customer_features(store_orders(connection, lines), as_of=as_of))


def cleaned(connection: Backend, lines: Sequence[Line]) -> list[Line]:
    return clean_orders(connection, lines).to_pyarrow().to_pylist()


def one_customer(connection: Backend, *lines: Line) -> pd.Series:
    return described(connection, lines).loc["ann@example.com"]


# --- by hand


@pytest.fixture(scope="module")
def ann(connection: Backend) -> pd.Series:
    return one_customer(connection, *ANN)


@pytest.mark.parametrize("feature", FEATURES)
def test_feature_is_as_counted_by_hand(ann: pd.Series, feature: str) -> None:
    expected = ANN_AS_OF_JUNE.get(feature)
    assert ann[feature] == expected or (expected is None and pd.isna(ann[feature]))


def test_orders_from_the_day_on_do_not_count(connection: Backend) -> None:
    march = described(connection, ANN, as_of=datetime.date(2025, 3, 11)).loc["ann@example.com"]
    assert march[["recency_days", "order_count", "net_spend", "product_count"]].tolist() == [10, 2, 51.0, 3]


def test_an_order_in_the_last_second_before_the_day_counts(connection: Backend) -> None:
    last_second = datetime.datetime(2025, 5, 31, 23, 59, 59)
    assert one_customer(connection, order_line(ordered_at=last_second))["recency_days"] == 1


def test_an_order_as_the_day_begins_does_not_count(connection: Backend) -> None:
    assert described(connection, [order_line(ordered_at=datetime.datetime(2025, 6, 1))]).empty


def test_the_gap_is_unknown_with_a_single_day(connection: Backend) -> None:
    same_day = [order_line(order_id=number) for number in ("1", "2")]
    assert pd.isna(one_customer(connection, *same_day)["median_gap_days"])


def test_who_returned_everything_has_spent_nothing(connection: Backend) -> None:
    sent_back = order_line(order_id="R1", ordered_at=at(4, 1), quantity=-1)
    ann = one_customer(connection, order_line(), sent_back)
    assert ann[["net_spend", "average_order", "return_share", "order_count"]].tolist() == [0.0, 0.0, 1.0, 1.0]


def test_who_got_back_more_than_they_paid_has_a_return_share_of_one(connection: Backend) -> None:
    ann = one_customer(connection, order_line(unit_price=10.0, refunded=12.0))
    assert ann[["net_spend", "return_share"]].tolist() == [-2.0, 1.0]


def test_free_goods_have_no_shares(connection: Backend) -> None:
    ann = one_customer(connection, order_line(unit_price=0.0))
    assert ann[["return_share", "discount_share"]].tolist() == [0.0, 0.0]


def test_who_only_returned_before_the_day_is_not_described(connection: Backend) -> None:
    lines = [order_line(), order_line(customer_id="ben@example.com", quantity=-1)]
    assert described(connection, lines).index.tolist() == ["ann@example.com"]


def test_customers_come_in_sorted_order(connection: Backend) -> None:
    lines = [order_line(customer_id=customer, order_id=customer) for customer in ("b", "10", "a", "9")]
    assert described(connection, lines).index.tolist() == ["10", "9", "a", "b"]


def test_an_unknown_product_is_no_product(connection: Backend) -> None:
    assert one_customer(connection, order_line(product_id=None))["product_count"] == 0


# --- properties


@few
@given(lines=SHOPS, doubled=st.integers(1, 3))
def test_later_orders_change_nothing(connection: Backend, lines: list[Line], doubled: int) -> None:
    later = datetime.datetime.combine(MIDDLE, datetime.time())
    shift = datetime.timedelta(days=200)
    changed = [
        line if line["ordered_at"] < later else line | {"ordered_at": line["ordered_at"] + shift, "unit_price": 7.0}
        for line in lines
    ]
    added = [order_line(ordered_at=later, customer_id=line["customer_id"], order_id="new") for line in lines[:doubled]]
    then = collect(customer_features(clean_orders(connection, lines), as_of=MIDDLE))
    now = collect(customer_features(clean_orders(connection, changed + added), as_of=MIDDLE))
    pd.testing.assert_frame_equal(then, now)


@few
@given(lines=SHOPS, days=st.integers(1, 400))
def test_moving_the_day_moves_what_counts_from_it(connection: Backend, lines: list[Line], days: int) -> None:
    orders = clean_orders(connection, lines)
    before = collect(customer_features(orders, as_of=AFTER_ALL))
    after = collect(customer_features(orders, as_of=AFTER_ALL + datetime.timedelta(days=days)))
    before[["recency_days", "tenure_days", "overdue_days"]] += days
    recent = ["spend_trend"]  # looks at the last 180 days
    pd.testing.assert_frame_equal(before.drop(columns=recent), after.drop(columns=recent))


@few
@given(lines=SHOPS, chance=st.randoms(use_true_random=False))
def test_shuffling_rows_changes_nothing(connection: Backend, lines: list[Line], chance: Random) -> None:
    clean = cleaned(connection, lines)
    expected = described(connection, clean, as_of=AFTER_ALL)
    chance.shuffle(clean)
    pd.testing.assert_frame_equal(described(connection, clean, as_of=AFTER_ALL), expected)


@few
@given(lines=SHOPS)
def test_renaming_customers_changes_only_the_index(connection: Backend, lines: list[Line]) -> None:
    clean = cleaned(connection, lines)
    expected = described(connection, clean, as_of=AFTER_ALL).rename(index=lambda name: name[::-1]).sort_index()
    renamed = [line | {"customer_id": line["customer_id"][::-1]} for line in clean]
    pd.testing.assert_frame_equal(described(connection, renamed, as_of=AFTER_ALL), expected)


@few
@given(lines=SHOPS)
def test_no_cent_of_spend_is_lost(connection: Backend, lines: list[Line]) -> None:
    clean = cleaned(connection, lines)
    cents = sum(
        round(100 * (line["quantity"] * line["unit_price"] - line["discount"] - line["refunded"])) for line in clean
    )
    spend = described(connection, clean, as_of=AFTER_ALL)["net_spend"]
    assert round(100 * spend.sum()) == cents


@few
@given(lines=SHOPS)
def test_every_customer_has_exactly_one_row(connection: Backend, lines: list[Line]) -> None:
    clean = cleaned(connection, lines)
    buyers = sorted({line["customer_id"] for line in clean})
    assert described(connection, clean, as_of=AFTER_ALL).index.tolist() == buyers


@few
@given(lines=SHOPS)
def test_shares_lie_between_0_and_1(connection: Backend, lines: list[Line]) -> None:
    features = collect(customer_features(clean_orders(connection, lines), as_of=AFTER_ALL))
    shares = [name for name, feature in FEATURES.items() if feature.unit == "share"]
    assert features[shares].stack().dropna().between(0, 1).all()


@few
@given(lines=SHOPS)
def test_the_account_of_customers_and_money_is_that_of_the_features(connection: Backend, lines: list[Line]) -> None:
    orders = clean_orders(connection, lines)
    features = collect(customer_features(orders, as_of=MIDDLE))
    customers, money = customers_and_money(orders, as_of=MIDDLE)
    assert (customers, pytest.approx(money, abs=0.005)) == (len(features), features["net_spend"].sum())


def test_the_orders_are_unchanged(connection: Backend) -> None:
    orders = store_orders(connection, ANN)
    before = orders.to_pyarrow().to_pylist()
    collect(customer_features(orders, as_of=DAY))
    assert orders.to_pyarrow().to_pylist() == before


# --- the day of description


def test_the_default_day_is_the_one_after_the_last_purchase(connection: Backend) -> None:
    assert day_after_last_order(store_orders(connection, ANN)) == datetime.date(2025, 5, 2)


def test_an_empty_day_means_the_default(connection: Backend) -> None:
    assert read_day("", store_orders(connection, ANN)) == datetime.date(2025, 5, 2)


def test_a_day_is_read_as_it_is_written(connection: Backend) -> None:
    assert read_day("2025-04-01", store_orders(connection, ANN)) == datetime.date(2025, 4, 1)


def test_what_is_no_day_is_refused(connection: Backend) -> None:
    with pytest.raises(DataProblem, match=r"`as_of` must be a day such as 2026-06-30; got '1\. 6\. 2025'\."):
        read_day("1. 6. 2025", store_orders(connection, ANN))


def test_a_day_before_any_order_is_refused(connection: Backend) -> None:
    with pytest.raises(DataProblem, match=r"`as_of` must be after the first order, 2025-03-01; got 2025-03-01\."):
        read_day("2025-03-01", store_orders(connection, ANN))


def test_a_shop_that_sold_nothing_has_no_day(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="At least one line must be a purchase"):
        day_after_last_order(store_orders(connection, [order_line(quantity=-1)]))


# --- a file with one row a customer

SUMMARY = [
    order_line(order_id="1", customer_id="ann", ordered_at=at(5, 1), unit_price=80.0, orders_in_row=4, product_id=None),
    order_line(order_id="2", customer_id="ben", ordered_at=at(4, 1), unit_price=20.0, orders_in_row=1, product_id=None),
]


@pytest.fixture(scope="module")
def summarised(connection: Backend) -> pd.DataFrame:
    return collect(customer_features(store_orders(connection, SUMMARY), as_of=DAY, summary=True))


def test_rows_that_stand_for_several_orders_are_a_summary(connection: Backend) -> None:
    assert is_summary(store_orders(connection, SUMMARY))


def test_rows_of_one_order_each_are_no_summary(connection: Backend) -> None:
    assert not is_summary(store_orders(connection, ANN))


def test_a_summary_tells_recency_orders_and_spend(summarised: pd.DataFrame) -> None:
    assert summarised.loc["ann", list(OF_A_SUMMARY)].tolist() == [31, 4, 80.0, 20.0]


def test_a_summary_tells_nothing_else(summarised: pd.DataFrame) -> None:
    unknown = [name for name in FEATURES if name not in OF_A_SUMMARY]
    assert summarised[unknown].isna().all(axis=None)


def test_a_summary_says_who_ordered_once(summarised: pd.DataFrame) -> None:
    assert share_once(summarised) == 0.5
    assert "ordered once" in once_sentence(summarised)


def test_single_orders_say_who_bought_on_one_day(connection: Backend) -> None:
    features = described(connection, [*ANN, order_line(order_id="9", customer_id="ben")])
    assert share_once(features) == 0.5
    assert "on one day only" in once_sentence(features)


# --- what the notebook shows


def test_a_feature_known_for_too_few_is_not_shown() -> None:
    features = pd.DataFrame({"net_spend": [1.0, 2.0, 3.0], "median_gap_days": [None, None, 9.0]})
    shown = shareable(features, min_group=2)
    assert shown["net_spend"].tolist() == [1.0, 2.0, 3.0]
    assert shown["median_gap_days"].isna().all()


def test_too_few_customers_are_not_described(three_customers: pd.DataFrame) -> None:
    assert "{spend" not in spend_sentence(three_customers, min_group=4)
    assert "{spend" in spend_sentence(three_customers, min_group=3)


@pytest.fixture(scope="module")
def three_customers() -> pd.DataFrame:
    """Hold the same value in every feature of a customer: 1, 2 and 9."""
    return pd.DataFrame({name: [1.0, 2.0, 9.0] for name in FEATURES}, index=["a", "b", "c"])


def test_money_has_the_shops_currency_for_a_unit() -> None:
    assert units("EUR")["net_spend"] == "EUR"


def test_the_summary_holds_quarters_of_the_customers(three_customers: pd.DataFrame) -> None:
    summary = feature_summary(three_customers, money="EUR").set_index("feature")
    assert summary.loc["net spend", ["lower", "median", "upper", "high"]].round(2).tolist() == [1.5, 2.0, 5.5, 8.3]


def test_the_summary_counts_who_has_a_gap(three_customers: pd.DataFrame) -> None:
    gaps = three_customers.assign(median_gap_days=[None, None, 9.0])
    summary = feature_summary(gaps, money="EUR").set_index("feature")
    assert summary.loc[["median gap days", "net spend"], "known for"].tolist() == [1, 3]


def test_all_customers_bring_all_the_money() -> None:
    assert top_share(pd.Series([3.0, 1.0]), top=1.0) == 1.0


def test_no_money_has_no_best_customers() -> None:
    assert top_share(pd.Series([0.0, 0.0]), top=0.1) == 0.0


def test_a_summary_of_some_groups_tells_only_of_their_numbers(three_customers: pd.DataFrame) -> None:
    summary = feature_summary(three_customers, money="EUR", groups=["demographics"])
    assert summary["feature"].tolist() == ["age years"]


def test_words_of_too_few_customers_stay_unsaid() -> None:
    words = pd.DataFrame({name: ["Wien"] * 5 + ["Graz"] * 2 for name in FEATURES})
    summary = category_summary(words, min_group=5, groups=["demographics"]).set_index("feature")
    assert summary.loc["city", ["known for", "different", "most frequent"]].tolist() == [7, 2, "Wien 71%"]
