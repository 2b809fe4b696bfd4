import datetime

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend
from shops import Line, canonical_schema, order_line, store, store_orders

from segmentation.features import FEATURES, customer_features
from segmentation.gate import SUMMARY_WHY, Allowed
from segmentation.problems import DataProblem
from segmentation.proving.leaks import (
    LeakCheck,
    altered,
    leak_in_words,
    require_no_leak,
    require_plausible,
    told_too_well,
    undated_share,
)
from segmentation.proving.looks import Look, Looks, look_at, look_back, looks_back, with_enough
from segmentation.tables import CONTACTS, FEEDBACK

ENOUGH = Allowed("full")
YEAR_END = datetime.date(2025, 1, 1)
DAYS = 90  # so the last day of description is 3 October 2024, and the one before 5 July


def shop_lines(*, later_price: float = 10.0) -> list[Line]:
    """Write 40 customers of 2024: even ones buy every month, odd ones once; later prices are those from October 3."""
    day = datetime.datetime(2024, 10, 3)
    lines = []
    for number in range(40):
        for month in range(1, 13) if number % 2 == 0 else [1 + number % 9]:
            ordered_at = datetime.datetime(2024, month, 1 + number // 2, 12)
            price = later_price if ordered_at >= day else 10.0 + number
            told = {"customer_id": f"c{number:02}", "ordered_at": ordered_at, "unit_price": price, "category": "mugs"}
            lines.append(order_line(order_id=f"{number}-{month}", **told))
    return lines


def looked_back(
    connection: Backend,
    lines: list[Line],
    *,
    allowed: Allowed = ENOUGH,
    days: int = 0,
    most: int = 1,
    fewest: int = 1,
) -> Looks:
    return look_back(
        store_orders(connection, lines), allowed=allowed, as_of=YEAR_END, days=days, most=most, fewest=fewest
    )


@pytest.fixture(scope="module")
def looks(connection: Backend) -> Looks:
    return looked_back(connection, shop_lines(), most=5)


# --- days


def test_looks_lie_a_period_apart_and_the_last_ends_today(looks: Looks) -> None:
    days = [datetime.date(2024, 4, 6), datetime.date(2024, 7, 5), datetime.date(2024, 10, 3)]
    assert [(look.day, look.until) for look in looks] == list(zip(days, [*days[1:], YEAR_END], strict=True))


def test_the_period_is_a_quarter_unless_told(looks: Looks) -> None:
    assert looks.days == 90


def test_no_more_looks_than_asked_for(connection: Backend) -> None:
    found = looks_back(store_orders(connection, shop_lines()), as_of=YEAR_END, days=30, most=1)
    assert [look.day for look in found] == [datetime.date(2024, 12, 2)]


def test_the_first_look_leaves_as_many_days_before_it_as_it_has(connection: Backend) -> None:
    # The first order is of 1 January, 366 days before: 183 days twice.
    orders = store_orders(connection, shop_lines())
    assert [look.day for look in looks_back(orders, as_of=YEAR_END, days=183)] == [datetime.date(2024, 7, 2)]
    with pytest.raises(DataProblem, match="must leave as many days before it"):
        looks_back(orders, as_of=YEAR_END, days=184)


def test_a_period_longer_than_the_time_before_is_refused(connection: Backend) -> None:
    message = r"with `holdout_days` 200 orders must reach back 400 days; they reach back 366\. Set .* to 183 or less\?"
    with pytest.raises(DataProblem, match=message):
        looked_back(connection, shop_lines(), days=200)


def test_orders_of_one_day_can_t_be_looked_back_at(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(), order_line(order_id="1002", customer_id="bob@example.com")])
    with pytest.raises(DataProblem, match="all orders are of one day"):
        looks_back(orders, as_of=datetime.date(2025, 3, 2), days=1)


def test_no_orders_can_t_be_looked_back_at(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="can't be held out"):
        looks_back(store_orders(connection, []), as_of=YEAR_END, days=90)


# --- what a look knows


def test_every_customer_known_on_the_day_is_looked_at_once(looks: Looks) -> None:
    assert looks.last.features.index.tolist() == [f"c{number:02}" for number in range(40)]


def test_an_earlier_day_knows_fewer_customers(looks: Looks) -> None:
    # By 6 April odd customers have bought only where their month is January to March, or April before the 6th.
    known = {f"c{number:02}" for number in range(40) if number % 2 == 0}
    known |= {f"c{number:02}" for number in range(1, 40, 2) if 1 + number % 9 <= 3}
    known |= {f"c{number:02}" for number in range(1, 40, 2) if 1 + number % 9 == 4 and 1 + number // 2 < 6}
    assert set(looks.looks[0].features.index) == known


def test_recent_and_later_spend_by_hand(looks: Looks) -> None:
    # Customer 04 buys on the 3rd of each month for 14: 1 January and later is out; 3 July is before 5 July.
    assert looks.last.outcomes.loc["c04"].tolist() == [2 * 14.0, 3 * 10.0, 3]


def test_who_did_not_come_back_spent_nothing_later(looks: Looks) -> None:
    assert looks.last.outcomes.loc["c01", ["later_spend", "later_orders"]].tolist() == [0.0, 0]


def test_what_followed_one_look_is_recent_in_the_next(looks: Looks) -> None:
    first, second, _ = looks
    again = second.outcomes.loc[first.outcomes.index, "recent_spend"]
    pd.testing.assert_series_equal(again, first.outcomes["later_spend"], check_names=False)


def test_orders_of_a_look_end_on_its_day(looks: Looks) -> None:
    assert looks.last.orders.ordered_at.max().execute() == pd.Timestamp("2024-10-02 12:00")


def test_nothing_from_the_period_looked_at_is_known(connection: Backend, looks: Looks) -> None:
    lines = [line for line in shop_lines(later_price=999.0) if line["unit_price"] != 999.0]
    other = look_at(store_orders(connection, lines), day=looks.last.day, until=YEAR_END)
    pd.testing.assert_frame_equal(other.features, looks.last.features)


def test_orders_from_today_on_change_nothing(connection: Backend, looks: Looks) -> None:
    after = [order_line(customer_id="c01", ordered_at=datetime.datetime(2025, 1, 1), unit_price=1e6)]
    other = looked_back(connection, shop_lines() + after).last
    pd.testing.assert_frame_equal(other.outcomes, looks.last.outcomes)


# --- what is said when nothing can be looked back at


def test_below_the_gate_nobody_is_looked_back_at(connection: Backend) -> None:
    found = looked_back(connection, shop_lines(), allowed=Allowed("none", "Too few."))
    assert (len(found), found.days, found.why_not) == (0, None, "Too few.")


def test_a_period_that_is_asked_for_is_looked_at_below_the_gate(connection: Backend) -> None:
    assert looked_back(connection, shop_lines(), allowed=Allowed("none", "Too few."), days=60).days == 60


def test_a_summary_can_t_be_looked_back_at_whatever_is_asked(connection: Backend) -> None:
    lines = [order_line(orders_in_row=3), order_line(order_id="2", customer_id="ben")]
    assert looked_back(connection, lines, days=60).why_not == SUMMARY_WHY


def test_orders_of_one_day_say_why_nothing_is_looked_at(connection: Backend) -> None:
    day = datetime.datetime(2024, 12, 31)
    assert looked_back(connection, [order_line(ordered_at=day)]).why_not.startswith("Later spend can't be held out")


def test_a_day_with_too_few_customers_is_left_out_and_said(looks: Looks) -> None:
    found = with_enough([*looks], fewest=34)
    assert (len(found), found.left_out) == (2, (datetime.date(2024, 4, 6),))


def test_too_few_customers_on_every_day_are_refused(looks: Looks) -> None:
    with pytest.raises(DataProblem, match=r"each of the 41 segments .* as of 2024-10-03 there are 40"):
        with_enough([*looks], fewest=41)


def test_a_period_that_nobody_asked_for_says_why_it_can_t_be(connection: Backend) -> None:
    lines = [
        order_line(ordered_at=datetime.datetime(2024, 10, 1)),
        order_line(ordered_at=datetime.datetime(2024, 12, 1)),
    ]
    assert "each of the 2 segments" in looked_back(connection, lines, fewest=2).why_not


# --- leaks: planted, and found


@pytest.fixture(scope="module")
def orders(connection: Backend) -> ir.Table:
    return store_orders(connection, shop_lines())


@pytest.fixture(scope="module")
def look(looks: Looks) -> Look:
    return looks.last


@pytest.mark.parametrize("most", [100, 15])
def test_a_look_without_a_leak_passes(orders: ir.Table, look: Look, most: int) -> None:
    checked = require_no_leak(orders, look, seed=1, most=most)
    assert (checked.customers, checked.columns) == (min(40, most), len(FEATURES))


def by_all_orders(orders: ir.Table, *, as_of: datetime.date, **beside: ir.Table | None) -> ir.Table:
    """Describe customers, but count the spend of all time."""
    spent = orders.group_by("customer_id").aggregate(leaking=(orders.quantity * orders.unit_price).sum())
    joined = customer_features(orders, as_of=as_of, **beside).left_join(spent, "customer_id")
    return joined.mutate(net_spend=joined.leaking).select("customer_id", *FEATURES)


@pytest.mark.parametrize("most", [100, 15])
def test_a_feature_of_all_orders_is_found_by_its_name(orders: ir.Table, look: Look, most: int) -> None:
    spent = orders.group_by("customer_id").aggregate(all=(orders.quantity * orders.unit_price).sum()).execute()
    features = look.features.assign(net_spend=spent.set_index("customer_id")["all"])
    leaking = Look(look.day, look.until, features, look.outcomes, look.orders)
    with pytest.raises(DataProblem, match=r"must not depend on what came later; .*'net_spend' changed"):
        require_no_leak(orders, leaking, seed=1, most=most, describe=by_all_orders)


def test_a_look_that_was_described_with_later_orders_is_found(orders: ir.Table, look: Look) -> None:
    late = look_at(orders, day=datetime.date(2024, 11, 3), until=YEAR_END)
    features = late.features.loc[look.features.index]
    with pytest.raises(DataProblem, match="'recency_days', 'order_count', 'net_spend'"):
        require_no_leak(orders, Look(look.day, look.until, features, look.outcomes, look.orders), seed=1)


def test_customers_who_came_later_are_found(orders: ir.Table, look: Look) -> None:
    newcomer = look.features.iloc[[0]].set_axis(["new"])
    features = pd.concat([look.features, newcomer]).rename_axis("customer_id")
    with pytest.raises(DataProblem, match=r"Who was a customer on 2024-10-03 .* 1 customers more or fewer"):
        require_no_leak(orders, Look(look.day, look.until, features, look.outcomes, look.orders), seed=1)


def feedback(connection: Backend) -> ir.Table:
    """Write complaints of all customers, one before the day and two after."""
    days = (datetime.datetime(2024, 5, 1), datetime.datetime(2024, 11, 1), datetime.datetime(2024, 12, 1))
    rows = [
        {"customer_id": f"c{number:02}", "given_at": day, "kind": "complaint", "rating": 2.0}
        for number in range(40)
        for day in days
    ]
    return store(connection, pa.Table.from_pylist(rows, schema=canonical_schema(FEEDBACK)))


def without_filter(orders: ir.Table, *, as_of: datetime.date, **beside: ir.Table | None) -> ir.Table:
    """Describe customers, but count complaints of all time."""
    told = beside["feedback"]
    complaints = told.group_by("customer_id").aggregate(leaking=told.count().cast("float64"))
    joined = customer_features(orders, as_of=as_of, **beside).left_join(complaints, "customer_id")
    return joined.mutate(complaint_count=joined.leaking).select("customer_id", *FEATURES)


def test_a_table_beside_the_orders_is_found_when_read_without_its_date(connection: Backend, orders: ir.Table) -> None:
    told = feedback(connection)
    honest = look_at(orders, day=datetime.date(2024, 10, 3), until=YEAR_END, feedback=told)
    assert require_no_leak(orders, honest, seed=1, feedback=told).customers == 40
    features = honest.features.assign(complaint_count=3.0)
    leaking = Look(honest.day, honest.until, features, honest.outcomes, honest.orders)
    with pytest.raises(DataProblem, match="'complaint_count' changed"):
        require_no_leak(orders, leaking, seed=1, feedback=told, describe=without_filter)


def test_a_column_that_describing_does_not_give_is_found(orders: ir.Table, look: Look) -> None:
    features = look.features.assign(next_quarter=look.outcomes["later_spend"])
    with pytest.raises(DataProblem, match="'next_quarter' came from elsewhere"):
        require_no_leak(orders, Look(look.day, look.until, features, look.outcomes, look.orders), seed=1)


def drawn(customers: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    generator = np.random.default_rng(1)
    later = pd.Series(generator.gamma(1.0, 50.0, customers))
    return pd.DataFrame({"outcome": -later * 3, "known": later + generator.normal(0, 30, customers)}), later


def test_an_outcome_under_another_name_is_told_by_its_ranks() -> None:
    features, later = drawn()
    assert list(told_too_well(features, later)) == ["outcome"]


def test_few_different_sums_tell_no_leak() -> None:
    features, later = drawn(19)
    assert told_too_well(features, later) == {}


def test_what_ranks_later_spend_without_fault_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"'outcome' does \(rank correlation -1\.000\)"):
        require_plausible({"outcome": -1.0}, datetime.date(2024, 10, 3))


def test_of_a_sample_an_outcome_in_a_features_place_is_found(connection: Backend) -> None:
    # Described anew, a sample of customers has other medians of category prices, so `price_level` proves nothing.
    generator = np.random.default_rng(3)
    lines = [line | {"unit_price": float(generator.integers(5, 90))} for line in shop_lines()]
    orders = store_orders(connection, lines)
    told = look_at(orders, day=datetime.date(2024, 7, 5), until=YEAR_END)
    features = told.features.assign(price_level=told.outcomes["later_spend"])
    with pytest.raises(DataProblem, match="'price_level' does"):
        require_no_leak(orders, Look(told.day, told.until, features, told.outcomes, told.orders), seed=1, most=20)


def contacts(connection: Backend) -> ir.Table:
    """Write an e-mail to each of four customers before the day, opened after it, and one after the day."""
    days = (datetime.datetime(2024, 10, 1), datetime.datetime(2024, 11, 1))
    rows = [
        {"customer_id": f"c{number:02}", "campaign_id": "x", "sent_at": day, "arm": "treated", "opened_at": day + LATE}
        for number in range(4)
        for day in days
    ]
    return store(connection, pa.Table.from_pylist(rows, schema=canonical_schema(CONTACTS)))


LATE = datetime.timedelta(days=5)


@pytest.fixture(scope="module")
def altered_contacts(connection: Backend) -> pd.DataFrame:
    return altered(contacts(connection), "sent_at", datetime.date(2024, 10, 3)).execute()


def test_rows_from_before_the_day_stay_but_for_what_happened_later(altered_contacts: pd.DataFrame) -> None:
    before = altered_contacts[altered_contacts["sent_at"] < "2024-10-03"].sort_values("customer_id")
    assert before["customer_id"].tolist() == ["c00", "c01", "c02", "c03"]
    assert before["opened_at"].isna().all()


def test_rows_from_the_day_on_are_others(altered_contacts: pd.DataFrame) -> None:
    later = altered_contacts[altered_contacts["sent_at"] >= "2024-10-03"]
    assert 0 < len(later) <= 4
    assert set(later["arm"]) == {"treated~"}
    assert set(later["sent_at"]) == {pd.Timestamp("2024-11-02")}


def test_refunds_without_a_date_are_counted(connection: Backend) -> None:
    lines = [
        order_line(ordered_at=datetime.datetime(2024, 5, 1), unit_price=100.0, refunded=25.0),
        order_line(ordered_at=datetime.datetime(2024, 5, 2), unit_price=100.0, order_id="2"),
        order_line(ordered_at=datetime.datetime(2024, 12, 1), unit_price=100.0, refunded=100.0, order_id="3"),
    ]
    assert undated_share(store_orders(connection, lines), datetime.date(2024, 10, 3)) == 25 / 200


def test_what_was_checked_in_words() -> None:
    told = leak_in_words(LeakCheck(40, 43, (), 0.025), day=datetime.date(2024, 10, 3))
    assert told == (
        "Nothing that came later tells on 2024-10-03: 40 customers were described once more after every later row was "
        "altered, and all 43 features stayed the same. Refunds have no date and count on the day of their order: 2.50% "
        "of what was bought before that day was paid back, some of it perhaps later."
    )


def test_no_earlier_day_is_no_check() -> None:
    assert "is not checked" in leak_in_words(None, day=None)
