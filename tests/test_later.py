import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from segmentation import cluster
from segmentation.choosing.measures import share_between
from segmentation.cluster import Plan
from segmentation.features import FEATURES, NUMBERS
from segmentation.preparing import Recipe
from segmentation.problems import DataProblem
from segmentation.proving.later import LaterEvidence, later_evidence, later_spend_by_group
from segmentation.proving.later_sums import MEASURES, interval, sums
from segmentation.proving.later_words import (
    days_table,
    large_enough,
    later_in_words,
    later_table,
    looks_caption,
    order_in_words,
    shown_by_day,
    told_in_words,
)
from segmentation.proving.looks import Look, Looks
from segmentation.proving.order import ALL_DAYS, concordance, order_by_day, order_kept, weighted_share
from segmentation.proving.then import (
    customers_by_todays,
    customers_then,
    past_spend_groups,
    return_rates,
    segmentations_then,
)

COLUMNS = ["recency_days", "order_count", "net_spend"]
DAYS = [datetime.date(2024, 4, 6), datetime.date(2024, 7, 5), datetime.date(2024, 10, 3), datetime.date(2025, 1, 1)]
BY_RULES = Plan("rules", Recipe(), "", 0, "simple_rules", 1)
FIRST, SECOND = DAYS[:2]


def plan(k: int, **told: object) -> Plan:
    """Write a plan of step 04 by recency, orders and spend."""
    return Plan("full", Recipe(**{"columns": tuple(COLUMNS)} | told), "k-means", k, "", 1)


def described(known: pd.DataFrame) -> pd.DataFrame:
    """Write customers of whom only some features are known."""
    words = [name for name in FEATURES if name not in NUMBERS]
    return known.reindex(columns=list(FEATURES)).astype(dict.fromkeys(words, object))


def drawn_look(number: int, *, tells: float = 1.0, each: int = 40) -> Look:
    """Draw two kinds of customers, loyal and lapsed, whose kind tells what they spend later, fully or not at all."""
    generator = np.random.default_rng(number)
    loyal = np.repeat([True, False], each)
    known = pd.DataFrame(
        {
            "recency_days": np.where(loyal, 10.0, 200.0) + generator.integers(0, 9, 2 * each),
            "order_count": np.where(loyal, 9.0, 1.0),
            "net_spend": np.where(loyal, 900.0, 30.0) + generator.integers(0, 9, 2 * each),
        },
        index=pd.Index([f"c{place:03}" for place in range(2 * each)], name="customer_id"),
    )
    kind = loyal if tells else generator.permutation(loyal)
    later = np.where(kind, 100.0, 5.0) + generator.normal(0, 3, 2 * each)
    outcomes = pd.DataFrame(
        {"recent_spend": known["net_spend"] / 3, "later_spend": later.round(2), "later_orders": kind.astype("int64")}
    )
    return Look(DAYS[number], DAYS[number + 1], described(known), outcomes, None)


def drawn_looks(number: int = 3, **told: float) -> Looks:
    return Looks(tuple(drawn_look(place, **told) for place in range(number)))


@pytest.fixture(scope="module")
def looks() -> Looks:
    return drawn_looks()


@pytest.fixture(scope="module")
def evidence(looks: Looks) -> LaterEvidence:
    return later_evidence(looks, plan(2), cluster.fit(looks.last.features, plan(2)), seed=1)


def customers_by_hand() -> pd.DataFrame:
    """Write two days: ann and ben stand there on both, cat on the second alone."""
    rows = {
        (FIRST, "ann"): (0, 50.0, 8.0, 1),
        (FIRST, "ben"): (1, 20.0, 0.0, 0),
        (SECOND, "ann"): (0, 8.0, 2.0, 1),
        (SECOND, "ben"): (1, 0.0, 30.0, 2),
        (SECOND, "cat"): (1, 4.0, 0.0, 0),
    }
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["segment", "recent_spend", "later_spend", "later_orders"]
    )
    table.index = pd.MultiIndex.from_tuples(table.index, names=["day", "customer_id"])
    return table.assign(name=table["segment"].map({0: "champions", 1: "regulars"}), net_spend=table["recent_spend"])


# --- sums by day and group


def test_sums_by_hand() -> None:
    customers = customers_by_hand()
    added = sums(customers, customers["name"], seed=1, draws=2)
    assert (added.days, added.groups) == ([FIRST, SECOND], ["champions", "regulars"])
    assert dict(zip(MEASURES, added.values[0, 1, 1].tolist(), strict=True)) == {
        "times": 2.0, "recent_spend": 4.0, "later_spend": 30.0, "later_orders": 2.0, "came_back": 1.0,
    }  # fmt: skip


def test_a_customer_drawn_again_counts_on_all_days() -> None:
    customers = customers_by_hand()
    times = sums(customers, customers["name"], seed=1, draws=200).of("times")[1:]
    assert (times[:, 0, 0] == times[:, 1, 0]).all()


def test_each_draw_is_as_large_as_the_shop() -> None:
    customers = pd.concat({FIRST: customers_by_hand().loc[SECOND]}, names=["day"])
    times = sums(customers, customers["name"], seed=1, draws=50).of("times")
    assert (times.sum(axis=(1, 2)) == 3).all()


def test_means_where_nobody_stands_are_missing() -> None:
    customers = customers_by_hand()
    added = sums(customers, pd.Series(list("xxxxy"), index=customers.index), seed=1, draws=1)
    assert np.isnan(added.mean("later_spend")[0, 0, 1])


def test_an_interval_is_missing_where_nobody_was_ever_drawn() -> None:
    assert np.isnan(interval(np.array([[np.nan, 1.0], [np.nan, 3.0]]))[:, 0]).all()


def test_the_interval_is_that_of_the_mean() -> None:
    # 400 customers on one day, spend 0 to 399: the mean is known to 1.96 standard errors.
    index = pd.MultiIndex.from_product(
        [[FIRST], [f"c{place:03}" for place in range(400)]], names=["day", "customer_id"]
    )
    customers = pd.DataFrame({"recent_spend": 1.0, "later_spend": np.arange(400.0), "later_orders": 1}, index=index)
    row = later_spend_by_group(customers, pd.Series("all", index=index, name="group"), seed=1).loc["all"]
    half = 1.96 * np.arange(400).std(ddof=1) / 20
    assert (row["later_high"] - row["later_low"]) / 2 == pytest.approx(half, rel=0.12)


def test_days_of_the_same_customers_are_no_more_evidence_than_one() -> None:
    one = pd.concat({FIRST: drawn_look(0).outcomes}, names=["day"])
    five = pd.concat({day: drawn_look(0).outcomes for day in [*DAYS, datetime.date(2025, 4, 1)]}, names=["day"])
    widths = []
    for customers in (one, five):
        table = later_spend_by_group(customers, pd.Series("all", index=customers.index, name="group"), seed=1)
        widths.append(table.loc["all", "later_high"] - table.loc["all", "later_low"])
    assert widths[1] == pytest.approx(widths[0])


# --- what groups did next


def test_groups_come_by_recent_spend_highest_first() -> None:
    customers = customers_by_hand()
    assert later_spend_by_group(customers, customers["name"], seed=1).index.tolist() == ["champions", "regulars"]


def test_later_spend_of_groups_by_hand() -> None:
    customers = customers_by_hand()
    table = later_spend_by_group(customers, customers["name"], seed=1)
    shown = ["customers", "times", "recent_spend", "later_spend", "came_back", "later_orders", "revenue"]
    assert table[shown].to_numpy().tolist() == [[1, 2, 29.0, 5.0, 1.0, 1.0, 5.0], [2, 3, 8.0, 10.0, 1 / 3, 2 / 3, 15.0]]


def test_shares_of_revenue_add_up() -> None:
    customers = customers_by_hand()
    assert later_spend_by_group(customers, customers["name"], seed=1)["revenue_share"].tolist() == [0.25, 0.75]


def test_no_later_spend_has_no_shares() -> None:
    customers = customers_by_hand().assign(later_spend=0.0)
    assert later_spend_by_group(customers, customers["name"], seed=1)["revenue_share"].isna().all()


@pytest.mark.parametrize("measure", ["later", "came_back", "orders", "revenue"])
def test_intervals_hold_what_was_observed(evidence: LaterEvidence, measure: str) -> None:
    name = {"later": "later_spend", "orders": "later_orders"}.get(measure, measure)
    table = evidence.segments
    assert table[name].between(table[f"{measure}_low"], table[f"{measure}_high"]).all()


def test_the_same_seed_gives_the_same_intervals() -> None:
    customers = customers_by_hand()
    first, again = (later_spend_by_group(customers, customers["name"], seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)


def test_every_customer_and_day_is_told_once(evidence: LaterEvidence, looks: Looks) -> None:
    assert evidence.segments["times"].sum() == sum(len(look.features) for look in looks) == 240
    assert evidence.by_day["times"].sum() == 240


def test_money_is_kept(evidence: LaterEvidence, looks: Looks) -> None:
    spent = sum(look.outcomes["later_spend"].sum() for look in looks)
    assert evidence.segments["revenue"].sum() * 3 == pytest.approx(spent)
    assert evidence.past_spend["revenue"].sum() * 3 == pytest.approx(spent)


def test_all_measured_is_finite(evidence: LaterEvidence) -> None:
    for table in (evidence.segments, evidence.past_spend, evidence.by_day, evidence.past_by_day, evidence.order):
        assert np.isfinite(table.to_numpy(dtype="float64")).all()


# --- today's segments and those of then


def test_todays_segments_are_carried_back(looks: Looks) -> None:
    today = cluster.fit(looks.last.features, plan(2))
    assert customers_by_todays(looks, today)["segment"].tolist() == ([0] * 40 + [1] * 40) * 3


def test_segments_of_then_know_nothing_of_other_looks(looks: Looks) -> None:
    made = segmentations_then(looks, plan(2))
    alone = segmentations_then(looks.looks[:1], plan(2))
    first = looks.looks[0].features
    assert cluster.assign_segments(made[FIRST], first).equals(cluster.assign_segments(alone[FIRST], first))


def test_segments_of_then_know_nothing_of_what_followed(looks: Looks) -> None:
    blind = [
        Look(look.day, look.until, look.features, look.outcomes.assign(later_spend=-1.0, later_orders=99), None)
        for look in looks
    ]
    known = ["segment", "name", "net_spend", "recent_spend"]
    first, other = (customers_then(some, segmentations_then(some, plan(2)))[known] for some in (looks, blind))
    pd.testing.assert_frame_equal(first, other)


def test_rules_are_applied_as_they_stood(looks: Looks) -> None:
    made = segmentations_then(looks, BY_RULES)
    assert customers_then(looks, made)["name"].nunique() == 2


LEARNING = {"encoding": "target"}


def test_a_plan_that_learns_from_later_spend_learns_from_the_look_before(looks: Looks) -> None:
    assert list(segmentations_then(looks, plan(2, **LEARNING))) == DAYS[1:3]


def test_a_plan_that_must_learn_can_t_from_a_single_look(looks: Looks) -> None:
    with pytest.raises(
        DataProblem, match=r"learns from later spend can't be made anew as of 2024-04-06: .* 0 customers"
    ):
        segmentations_then(looks.looks[:1], plan(2, **LEARNING))


def test_a_gap_between_looks_is_no_past_to_learn_from(looks: Looks) -> None:
    with pytest.raises(DataProblem, match="as of 2024-10-03"):
        segmentations_then([looks.looks[0], looks.looks[2]], plan(2, **LEARNING))


def test_what_can_t_be_made_anew_is_said_beside_what_can_be_told(looks: Looks) -> None:
    single = Looks(looks.looks[:1])
    told = later_evidence(single, plan(2, **LEARNING), cluster.fit(single.last.features, plan(2)), seed=1)
    assert (len(told.segments), len(told.order)) == (2, 0)
    assert "can't be made anew" in told.why_no_order


def test_the_share_that_came_back_by_todays_segments(looks: Looks) -> None:
    rates = return_rates(looks, cluster.fit(looks.last.features, plan(2)))
    assert rates.to_dict() == {0: 1.0, 1: 0.0}


def test_nobody_looked_at_has_no_return_rates(looks: Looks) -> None:
    rates = return_rates(Looks(why_not="Too few."), cluster.fit(looks.last.features, plan(2)))
    assert rates.isna().tolist() == [True, True]


def test_past_spend_is_cut_into_groups_of_the_segments_sizes() -> None:
    customers = pd.DataFrame(
        {
            "segment": [1, 0, 0, 1, 1, 2],
            "recent_spend": [9.0, 1.0, 1.0, 9.0, 9.0, 5.0],  # so segment 1 (three customers) is first, then 2, then 0
            "net_spend": [10.0, 60.0, 50.0, 40.0, 30.0, 20.0],
        },
        index=pd.MultiIndex.from_product([[FIRST], list("abcdef")], names=["day", "customer_id"]),
    )
    assert past_spend_groups(customers).tolist() == [
        "3 of 3, least", "1 of 3, most", "1 of 3, most", "1 of 3, most", "2 of 3", "3 of 3, least",
    ]  # fmt: skip


def test_past_spend_is_cut_day_by_day(looks: Looks) -> None:
    customers = customers_by_todays(looks, cluster.fit(looks.last.features, plan(2)))
    sizes = past_spend_groups(customers).groupby(level="day").value_counts()
    assert sizes.tolist() == [40] * 6


# --- order


@pytest.mark.parametrize(
    ("later", "expected"), [([9.0, 5.0, 1.0], 1.0), ([1.0, 5.0, 9.0], -1.0), ([0.0, 0.0, 0.0], 0.0)]
)
def test_the_order_kept_at_its_limits(later: list[float], expected: float) -> None:
    assert order_kept(pd.DataFrame({"recent_spend": [90.0, 50.0, 10.0], "later_spend": later})) == expected


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ([[9, 5, 1], [8, 4, 2], [7, 6, 5]], 1.0),
        ([[9, 5, 1], [1, 5, 9]], 0.0),
        # Three days of four groups, sums of ranks 11, 10, 5 and 4, so S = 37 and W = 12 · 37 / (9 · 60).
        ([[4, 3, 2, 1], [4, 3, 2, 1], [3, 3.5, 2, 2.5]], 12 * 37 / (9 * 60)),
    ],
)
def test_kendalls_w_by_hand(means: list[list[float]], expected: float) -> None:
    assert concordance(np.array(means)) == pytest.approx(expected)


def test_groups_that_are_missing_on_a_day_do_not_count_for_the_order() -> None:
    assert concordance(np.array([[9, 5, 1, np.nan], [8, 4, 2, 99]])) == 1.0


def test_one_day_agrees_with_nothing() -> None:
    assert np.isnan(concordance(np.array([[9.0, 5.0, 1.0]])))


@given(arrays.arrays("float64", (30,), elements=st.sampled_from([0.0, 1.0, 5.0, 70.0])), st.integers(2, 5))
def test_a_customer_who_counts_once_counts_as_in_step_04(values: np.ndarray, number: int) -> None:
    groups = np.arange(30) % number
    told = weighted_share(values, groups, np.ones(30))
    assert max(0.0, told) == pytest.approx(share_between(values, groups), abs=1e-9)


@given(st.lists(st.integers(0, 3), min_size=12, max_size=12).filter(lambda times: sum(times) > 6))
def test_who_counts_three_times_counts_as_three(times: list[int]) -> None:
    values, groups = np.arange(12.0) ** 2, np.repeat([0, 1, 2], 4)
    again = np.repeat(np.arange(12), times)
    expected = weighted_share(values[again], groups[again], np.ones(len(again)))
    assert weighted_share(values, groups, np.array(times)) == pytest.approx(expected)


def test_segments_that_tell_all_are_seen(evidence: LaterEvidence) -> None:
    assert evidence.order.loc[ALL_DAYS, "order_kept"] == 1.0
    assert evidence.order.loc[ALL_DAYS, "money_low"] > 0.98


def test_segments_that_tell_nothing_may_be_chance() -> None:
    blind = drawn_looks(tells=0.0)
    order = later_evidence(blind, plan(2), cluster.fit(blind.last.features, plan(2)), seed=1).order
    assert order.loc[ALL_DAYS, "ranks_low"] == 0.0
    assert "That may be chance." in told_in_words(order)


def test_chance_is_rarely_taken_for_more() -> None:
    index = pd.MultiIndex.from_product([DAYS, [f"c{place:02}" for place in range(60)]], names=["day", "customer_id"])
    generator = np.random.default_rng(5)
    lows = []
    for seed in range(40):
        customers = pd.DataFrame(
            {
                "segment": np.tile(generator.integers(0, 3, 60), len(DAYS)),
                "recent_spend": 1.0,
                "later_spend": generator.gamma(0.5, 40.0, len(index)),
                "later_orders": 1,
            },
            index=index,
        )
        lows.append(order_by_day(customers, seed=seed, draws=60).loc[ALL_DAYS, "ranks_low"])
    assert (np.array(lows) > 0).sum() <= 3  # 2.5 % of 40 is 1; days clipped at 0 before they are averaged give more


def test_a_single_segment_has_no_order(looks: Looks) -> None:
    customers = customers_by_todays(looks, cluster.fit(looks.last.features, plan(2))).assign(segment=0)
    order = order_by_day(customers, seed=1, draws=5)
    assert order["order_kept"].isna().all()
    assert (order["ranks_explained"] == 0).all()


# --- words and tables


def test_the_findings_in_words(evidence: LaterEvidence) -> None:
    first, second, third, fourth = later_in_words(evidence, money="EUR", min_group=5)
    names = evidence.segments.index
    assert first.startswith(f"In the 90 days after, the {names[0]} spent ")
    assert f", the {names[1]} " in first
    assert first.endswith("on average over 3 earlier days.")
    assert second.startswith("From day to day they stood in the same order of later spend (Kendall's W 1.00;")
    assert "kept their order at 1.00 on average" in third
    assert "fully on 3 of 3 days" in third
    assert fourth.startswith("They tell ")


def test_one_look_says_nothing_of_other_days(looks: Looks) -> None:
    single = Looks(looks.looks[2:])
    told = later_evidence(single, plan(2), cluster.fit(single.last.features, plan(2)), seed=1)
    assert [word for word in ("day to day", "on average over", "fully on") if word in " ".join(
        later_in_words(told, money="EUR", min_group=5)
    )] == []  # fmt: skip


def test_the_worst_day_is_named() -> None:
    order = pd.DataFrame(
        {"order_kept": [1.0, 0.5, 0.75], "order_low": [0.9, 0.4, 0.65], "order_high": [1.0, 0.6, 0.85]},
        index=[FIRST, SECOND, ALL_DAYS],
    )
    assert order_in_words(order) == (
        "Made as of each day, the segments kept their order at 0.75 on average (95 %: 0.65 to 0.85; 1 fully, 0 not at "
        "all): fully on 1 of 2 days, worst as of 2024-07-05 (0.50)."
    )


def test_without_looks_the_findings_say_why() -> None:
    nothing = LaterEvidence(why_not="Too few.")
    assert later_in_words(nothing, money="EUR", min_group=5) == [
        "What customers of each segment spend later is not measured. Too few."
    ]
    assert len(later_table(nothing.segments, money="EUR")) == len(days_table(nothing.order)) == 0


def test_segments_too_small_to_show_are_compared_with_none(evidence: LaterEvidence) -> None:
    assert "can't be compared" in later_in_words(evidence, money="EUR", min_group=41)[0]


def test_a_single_group_too_small_to_show_takes_another_with_it() -> None:
    table = pd.DataFrame({"customers": [90, 3, 20, 50]}, index=list("abcd"))
    assert large_enough(table, min_group=5).index.tolist() == ["a", "d"]


def test_two_groups_too_small_to_show_hide_each_other() -> None:
    table = pd.DataFrame({"customers": [90, 3, 4, 50]}, index=list("abcd"))
    assert large_enough(table, min_group=5).index.tolist() == ["a", "d"]


def days_and_groups(rows: dict[str, list[int]]) -> pd.DataFrame:
    told = {(day, name): size for name, sizes in rows.items() for day, size in zip(DAYS, sizes, strict=False) if size}
    return pd.Series(told).rename("times").to_frame().rename_axis(["day", "segment"])


def test_a_day_on_which_a_group_was_too_small_takes_others_with_it() -> None:
    # Hidden: 3 of b on the first day; its next smallest day; and on both days the next smallest group.
    by_day = days_and_groups({"a": [90, 80, 70], "b": [3, 20, 60], "c": [50, 40, 30]})
    shown = shown_by_day(by_day, pd.DataFrame(index=list("abc")), min_group=5)
    assert shown.index.tolist() == [(FIRST, "a"), (SECOND, "a"), (DAYS[2], "a"), (DAYS[2], "b"), (DAYS[2], "c")]


def test_days_of_groups_that_are_not_shown_are_not_either() -> None:
    by_day = days_and_groups({"a": [90, 80], "b": [30, 20], "c": [50, 40]})
    shown = shown_by_day(by_day, pd.DataFrame(index=["a"]), min_group=5)
    assert shown.index.tolist() == [(FIRST, "a"), (SECOND, "a")]


def test_a_day_without_a_group_hides_nothing() -> None:
    by_day = days_and_groups({"a": [90, 80], "b": [30, 0]})
    assert len(shown_by_day(by_day, pd.DataFrame(index=["a", "b"]), min_group=5)) == 3


def test_a_table_of_later_spend_has_a_row_a_segment(evidence: LaterEvidence) -> None:
    table = later_table(evidence.segments, money="EUR")
    assert table.columns[0] == "segment"
    assert (table["share of all"].sum(), len(table)) == (pytest.approx(1.0), 2)


def test_a_table_of_days_ends_with_all_of_them(evidence: LaterEvidence) -> None:
    assert days_table(evidence.order)["as of"].tolist() == ["2024-04-06", "2024-07-05", "2024-10-03", "all days"]


def test_a_caption_tells_days_and_what_was_left_out(looks: Looks) -> None:
    some = Looks(looks.looks[1:], left_out=(FIRST,))
    assert looks_caption(
        some, "{customers} customers on {number} days, {first} to {last}, {days} days until {until}."
    ) == (
        "80 customers on 2 days, 2024-07-05 to 2024-10-03, 90 days until 2025-01-01. "
        "Left out for too few customers: '2024-04-06'."
    )


def test_a_caption_says_why_there_is_nothing_to_see() -> None:
    assert looks_caption(Looks(why_not="Too few."), "{number}") == "Not measured. Too few."
