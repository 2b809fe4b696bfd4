import datetime
import json
from collections.abc import Sequence

import pandas as pd
import pytest
from ibis.backends.duckdb import Backend
from shops import Line, order_line, store_orders

from segmentation.gate import (
    CHECKS,
    INSTEAD,
    LESSER,
    SUMMARY_WHY,
    Allowed,
    Counts,
    allowed,
    checks,
    checks_table,
    clean_share,
    counts,
    gate,
    gate_in_words,
)
from segmentation.problems import DataProblem

PLENTY = Counts(
    buyers=2_000,
    repeat_buyers=900,
    frequent_buyers=400,
    history_days=720,
    days_since_last=0,
    window_days=90,
    returned=500,
    stayed_away=1_000,
    clean_share=0.9,
    is_summary=False,
)


def at(year: int, month: int, day: int) -> datetime.datetime:
    return datetime.datetime(year, month, day, 12)


def bought(customer: str, *days: datetime.datetime) -> list[Line]:
    """Write one order a day for a customer."""
    return [order_line(customer_id=customer, order_id=f"{customer}-{day:%y%m%d}", ordered_at=day) for day in days]


# History of 300 days up to 1 January 2025, so the window begins on 3 October 2024.
SHOP = [
    *bought("ann", at(2024, 3, 7), at(2024, 6, 1), at(2024, 12, 31)),  # known before the window, and ordered in it
    *bought("ben", at(2024, 5, 1), at(2024, 6, 2)),  # known before, stayed away
    *bought("cai", at(2024, 11, 1)),  # not known before
    order_line(customer_id="ann", order_id="ann-240307", ordered_at=at(2024, 3, 7), product_id="TEA"),
    order_line(customer_id="dee", order_id="R1", ordered_at=at(2024, 8, 1), quantity=-1),
]


def counted(connection: Backend, lines: Sequence[Line], *, as_of: datetime.date | None = None) -> Counts:
    return counts(store_orders(connection, lines), as_of=as_of, clean_share=0.9)


@pytest.fixture(scope="module")
def shop(connection: Backend) -> Counts:
    return counted(connection, SHOP)


@pytest.mark.parametrize(
    ("count", "expected"),
    {
        "buyers": 3,  # who only returned is no buyer
        "repeat_buyers": 2,
        "frequent_buyers": 1,  # two lines of one order are one order
        "history_days": 300,
        "days_since_last": 0,
        "window_days": 90,
        "returned": 1,
        "stayed_away": 1,
        "clean_share": 0.9,
        "is_summary": False,
    }.items(),
)
def test_each_count_is_as_counted_by_hand(shop: Counts, count: str, expected: float) -> None:
    assert getattr(shop, count) == expected


def test_days_since_the_last_order_count_to_the_day_that_is_given(connection: Backend) -> None:
    assert counted(connection, SHOP, as_of=datetime.date(2025, 1, 31)).days_since_last == 31


def test_orders_from_the_day_on_do_not_count(connection: Backend) -> None:
    assert counted(connection, SHOP, as_of=datetime.date(2024, 6, 2)).repeat_buyers == 1


def test_a_short_history_has_a_window_of_a_third_of_it(connection: Backend) -> None:
    assert counted(connection, bought("ann", at(2025, 1, 1), at(2025, 1, 30))).window_days == 10


def test_one_day_is_a_history_of_a_day(connection: Backend) -> None:
    assert counted(connection, bought("ann", at(2025, 1, 1))).history_days == 1


def test_a_summary_s_rows_count_as_many_orders_as_they_stand_for(connection: Backend) -> None:
    lines = [order_line(customer_id="ann", orders_in_row=4), order_line(customer_id="ben", orders_in_row=1)]
    told = counted(connection, lines)
    assert (told.is_summary, told.repeat_buyers, told.frequent_buyers) == (True, 1, 1)


def test_a_summary_can_t_tell_who_came_back(connection: Backend) -> None:
    told = counted(connection, [order_line(customer_id="ann", orders_in_row=4)])
    assert pd.isna([told.returned, told.stayed_away]).all()


def test_a_shop_without_a_purchase_is_refused(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="At least one purchase must count; there is none"):
        counted(connection, [order_line(quantity=-1)])


def test_the_orders_are_unchanged(connection: Backend) -> None:
    orders = store_orders(connection, SHOP)
    before = orders.order_by("source_row").to_pyarrow()
    counts(orders, as_of=None, clean_share=1.0)
    assert orders.order_by("source_row").to_pyarrow() == before


def test_the_clean_share_leaves_out_what_never_could_count() -> None:
    account = pd.DataFrame({"reason": ["clean", "guest", "fee", "negative price"], "lines": [30, 500, 70, 10]})
    assert clean_share(account) == 0.75


def test_no_lines_have_no_clean_share() -> None:
    assert clean_share(pd.DataFrame({"reason": ["guest"], "lines": [3]})) == 0.0


# --- what the counts allow


def modes(told: Counts) -> dict[str, str]:
    return {purpose: decided["mode"] for purpose, decided in gate(told).items()}


def test_plenty_of_data_allow_everything() -> None:
    assert modes(PLENTY) == {"segments": "full", "prediction": "full", "campaign_test": "full"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.purpose} {check.count}")
def test_exactly_what_is_needed_is_enough(check: object) -> None:
    assert modes(PLENTY._replace(**{check.count: check.needed}))[check.purpose] == "full"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.purpose} {check.count}")
def test_a_little_less_than_is_needed_is_a_lesser_mode(check: object) -> None:
    short = check.needed + (1 if check.at_most else -0.01)
    assert modes(PLENTY._replace(**{check.count: short}))[check.purpose] == LESSER[check.purpose]


def test_under_twenty_buyers_are_one_group() -> None:
    assert modes(PLENTY._replace(buyers=19))["segments"] == "one group"


def test_twenty_buyers_are_enough_for_rules() -> None:
    assert modes(PLENTY._replace(buyers=20))["segments"] == "rules"


def test_a_summary_predicts_nothing_and_says_why() -> None:
    assert gate(PLENTY._replace(is_summary=True))["prediction"] == {"mode": "none", "why": SUMMARY_WHY}


def test_a_summary_of_many_customers_has_segments() -> None:
    assert modes(PLENTY._replace(is_summary=True))["segments"] == "full"


def test_the_reason_names_what_is_lacking_with_both_numbers() -> None:
    assert gate(PLENTY._replace(buyers=60, history_days=30))["segments"]["why"] == (
        "The data do not suffice for finding segments: customers who bought 60 (at least 100), days of history 30 (at "
        "least 90)."
    )


def test_the_facts_are_plain_json() -> None:
    facts = gate(PLENTY._replace(buyers=3, returned=float("nan")))
    assert json.loads(json.dumps(facts)) == facts


def test_every_check_has_its_row_and_source() -> None:
    table = checks_table(checks(PLENTY))
    assert table["check"].tolist() == [check.words for check in CHECKS]
    assert table["after"].str.len().min() > 0


def test_what_can_t_be_known_is_a_dash_and_does_not_pass() -> None:
    table = checks_table(checks(PLENTY._replace(returned=float("nan")))).set_index("check")
    row = table.loc["known customers who ordered in the window"]
    assert pd.isna(row["found"])
    assert not row["ok"]


def test_every_lesser_mode_has_words() -> None:
    assert set(INSTEAD) == {*LESSER.values(), "one group"}


def test_a_gate_that_lets_all_pass_is_one_sentence() -> None:
    assert gate_in_words(gate(PLENTY)) == "The data suffice for finding segments, looking ahead and a campaign test."


def test_a_gate_that_lets_nothing_pass_says_what_is_done_instead() -> None:
    assert gate_in_words(gate(PLENTY._replace(buyers=5))) == (
        "The data suffice for no full step. Below what is needed for the rest: all customers are one group, later "
        "spend is not looked at and no customers are left alone to compare with. `ignore_gate` asks for it all the "
        "same."
    )


def test_a_step_with_all_that_it_needs_has_nothing_to_explain() -> None:
    assert allowed(gate(PLENTY), "segments", ignore=True) == Allowed("full", "")


def test_a_user_may_ignore_the_gate_and_the_reason_stays() -> None:
    told = allowed(gate(PLENTY._replace(buyers=60)), "campaign_test", ignore=True)
    assert told.mode == "full"
    assert told.why.endswith("because `ignore_gate` asks for it.")
