import datetime
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from ibis.backends.duckdb import Backend
from shops import Line, order_line, store_orders

from segmentation import cluster
from segmentation.cluster import Plan, Segmentation
from segmentation.evaluate import (
    BANDS,
    HoldOut,
    Stability,
    agreement_interval,
    bootstrap_stability,
    comparison,
    evaluation_record,
    hold_out,
    hold_out_caption,
    internal_measures,
    later_in_words,
    later_spend_by_group,
    later_table,
    lead_in_words,
    look_back,
    measure_rankings,
    measures_table,
    order_in_words,
    order_kept,
    past_spend_groups,
    ranking_measures,
    rankings,
    return_rates,
    rivals_table,
    stability_caption,
    stability_sentence,
    top_share,
)
from segmentation.features import FEATURES, NUMBERS, collect, customer_features, past_for_choices
from segmentation.gate import SUMMARY_WHY, Allowed
from segmentation.grouping.groups import Grouping
from segmentation.grouping.placing import NearestCentre
from segmentation.grouping.rules import RuleSegmentation
from segmentation.preparing import Recipe, fit_preparation, prepare_customers
from segmentation.problems import DataProblem

COLUMNS = ["recency_days", "order_count", "net_spend"]
ENOUGH = Allowed("full")
YEAR_END = datetime.date(2025, 1, 1)
DAYS = 90  # so the day of description is 3 October 2024, and recent spend counts from 5 July


# --- do the segments hold?


def test_hennigs_bands_begin_where_he_put_them() -> None:
    assert list(BANDS) == [0.85, 0.75, 0.60, 0.0]


def around(places: Sequence[tuple[float, float, float]], spreads: Sequence[float], *, each: int = 60) -> pd.DataFrame:
    """Draw customers around places in the logarithms of recency, orders and spend, one spread a group."""
    kinds = np.repeat(np.arange(len(places)), each)
    noise = np.random.default_rng(1).normal(0, 1, (len(kinds), 3)) * np.array(spreads)[kinds, None]
    return described(pd.DataFrame(np.expm1((np.array(places)[kinds] + noise).clip(0)), columns=COLUMNS))


def described(known: pd.DataFrame) -> pd.DataFrame:
    """Write customers of whom only some features are known."""
    words = [name for name in FEATURES if name not in NUMBERS]
    return known.reindex(columns=list(FEATURES)).astype(dict.fromkeys(words, object))


def plan(k: int, *, algorithm: str = "k-means", **told: object) -> Plan:
    """Write a plan of step 04 by recency, orders and spend."""
    return Plan("full", Recipe(**{"columns": tuple(COLUMNS)} | told), algorithm, k, "", 1)


BY_RULES = Plan("rules", Recipe(), "", 0, "simple_rules", 1)


CORNERS = [(1.0, 1.0, 1.0), (6.0, 1.0, 6.0), (1.0, 6.0, 6.0)]


def fitted(features: pd.DataFrame, *, k: int) -> Segmentation:
    return cluster.fit(features, plan(k))


@pytest.fixture(scope="module")
def clear_groups() -> Stability:
    features = around(CORNERS, [0.2, 0.2, 0.2])
    return bootstrap_stability(fitted(features, k=3), features, refits=10, seed=1)


def test_clear_groups_come_back(clear_groups: Stability) -> None:
    assert clear_groups.segments["jaccard"].min() > 0.98


def test_clear_groups_are_highly_stable(clear_groups: Stability) -> None:
    assert clear_groups.segments["band"].tolist() == ["highly stable"] * 3


def test_refits_of_clear_groups_agree(clear_groups: Stability) -> None:
    assert clear_groups.agreement.min() > 0.98


def test_the_unstable_segment_is_found() -> None:
    # Two tight groups, and one loose one that k = 4 cuts in two wherever chance has it.
    features = around(CORNERS, [0.1, 0.1, 0.9])
    segmentation = fitted(features, k=4)
    jaccard = bootstrap_stability(segmentation, features, refits=20, seed=1).segments["jaccard"]
    of_loose_group = set(segmentation.grouping.labels[-60:])
    assert set(jaccard.nsmallest(2).index) == of_loose_group


def test_the_same_seed_gives_the_same_stability() -> None:
    features = around(CORNERS, [0.9, 0.9, 0.9])
    again = [bootstrap_stability(fitted(features, k=4), features, refits=5, seed=3).agreement for _ in range(2)]
    assert again[0].tolist() == again[1].tolist()


def test_the_interval_of_agreement_holds_its_mean() -> None:
    stability = Stability(np.linspace(0, 1, 21), pd.DataFrame())
    assert agreement_interval(stability) == pytest.approx({"agreement": 0.5, "low": 0.05, "high": 0.95})


def by_hand(features: pd.DataFrame, centres: Sequence[float]) -> Segmentation:
    """Put customers into segments around return shares, whatever an algorithm would say."""
    preparation = fit_preparation(features, Recipe(columns=("return_share",)), seed=1)
    places = preparation.transform(pd.DataFrame({"return_share": centres}))
    grouping = Grouping("k-means", np.array([]), places, NearestCentre(places), len(features))
    return Segmentation(preparation, grouping, tuple(f"segment {number}" for number in range(len(centres))))


def test_the_silhouette_of_two_points_each_is_1() -> None:
    features = pd.DataFrame({"return_share": [0.0, 0.0, 1.0, 1.0]})
    measures = internal_measures(by_hand(features, [0.0, 1.0]), features, seed=1)
    assert measures["silhouette"].to_dict() == {0: 1.0, 1: 1.0, "all": 1.0}


def test_the_silhouette_by_hand() -> None:
    # At 0, 1 and 4 after scaling by the same factor: (4 - 1) / 4 and (3 - 1) / 3; alone in a segment it is 0.
    features = pd.DataFrame({"return_share": [0.0, 0.25, 1.0]})
    measures = internal_measures(by_hand(features, [0.125, 1.0]), features, seed=1)
    assert measures["silhouette"].tolist() == pytest.approx([(3 / 4 + 2 / 3) / 2, 0, (3 / 4 + 2 / 3) / 3])


@pytest.mark.parametrize("algorithm", ["ward", "gaussian mixture", "hdbscan"])
def test_segments_of_any_algorithm_are_fitted_again_by_it(algorithm: str) -> None:
    features = around(CORNERS, [0.2, 0.2, 0.2], each=30)
    segmentation = cluster.fit(features, plan(3, algorithm=algorithm))
    assert bootstrap_stability(segmentation, features, refits=2, seed=1).segments["jaccard"].min() > 0.9


def test_the_measures_table_ends_with_all_customers() -> None:
    features = around(CORNERS, [0.2, 0.2, 0.2])
    segmentation = fitted(features, k=3)
    segments = cluster.assign_segments(segmentation, features).assign(name="one of three")
    stability = bootstrap_stability(segmentation, features, refits=2, seed=1)
    table = measures_table(internal_measures(segmentation, features, seed=1), stability, segments)
    assert table[["segment", "customers"]].iloc[-1].tolist() == ["all", 180]


# --- rankings


@pytest.mark.parametrize(
    ("ranked", "expected"), [([1, 2, 3, 4, 5], 1.0), ([5, 4, 3, 2, 1], -1.0), ([7, 7, 7, 7, 7], 0.0)]
)
def test_rank_correlation_at_its_limits(ranked: list[float], expected: float) -> None:
    later = np.array([0.0, 10.0, 20.0, 30.0, 500.0])
    assert measure_rankings(np.array([ranked], dtype=float).T, later)[0, 0] == pytest.approx(expected)


def test_nobody_buying_later_is_told_by_nothing() -> None:
    assert measure_rankings(np.array([[1.0], [2.0]]), np.zeros(2)).tolist() == [[0.0, 0.0]]


def test_the_top_fifth_of_five_is_the_best_one() -> None:
    assert top_share(np.array([1, 2, 3, 4, 5]), np.array([10.0, 10.0, 10.0, 10.0, 60.0])) == 0.6


def test_customers_tied_across_the_border_count_in_proportion() -> None:
    # The fifth of ten is two; one is ahead, three share the second place and bring 30 together.
    ranks = np.array([9, 8, 8, 8, 1, 1, 1, 1, 1, 1])
    later = np.array([40.0, 30.0, 0.0, 0.0, 30.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert top_share(ranks, later) == pytest.approx((40 + 30 / 3) / 100)


def test_when_all_tie_the_top_fifth_brings_a_fifth() -> None:
    assert top_share(np.full(7, 4), np.arange(7.0)) == pytest.approx(0.2)


def test_no_later_spend_has_no_top_share() -> None:
    assert top_share(np.arange(5), np.zeros(5)) == 0.0


def past_customers(customers: int = 200, *, seed: int = 1) -> pd.DataFrame:
    """Draw customers of a hold-out period whose segment tells later spend roughly."""
    generator = np.random.default_rng(seed)
    segment = generator.integers(0, 4, customers)
    spend = (400 - 100 * segment) * generator.lognormal(0, 0.5, customers)
    return pd.DataFrame(
        {
            "segment": segment,
            "name": np.array(["a", "b", "c", "d"])[segment],
            "rfm_segment": np.where(segment < 2, "loyal", "hibernating"),
            "net_spend": spend,
            "recent_spend": spend / 2,
            "later_spend": (400 - 100 * segment) * generator.lognormal(0, 0.5, customers),
            "later_orders": generator.integers(0, 3, customers),
        }
    )


def test_a_leak_is_seen_as_a_correlation_of_1() -> None:
    customers = past_customers()
    leaking = {"segments": rankings(customers)["segments"], "leak": customers["later_spend"]}
    assert ranking_measures(customers, leaking, seed=1).loc["leak", "spearman"] == pytest.approx(1)


def test_no_ranking_by_what_was_known_is_perfect() -> None:
    customers = past_customers()
    assert ranking_measures(customers, rankings(customers), seed=1)["spearman"].max() < 0.99


@pytest.mark.parametrize("measure", ["spearman", "top_share"])
def test_the_interval_holds_the_point(measure: str) -> None:
    customers = past_customers()
    told = ranking_measures(customers, rankings(customers), seed=1)
    assert ((told[f"{measure}_low"] < told[measure]) & (told[measure] < told[f"{measure}_high"])).all()


def test_the_segments_have_no_lead_over_themselves() -> None:
    customers = past_customers()
    lead = ranking_measures(customers, rankings(customers), seed=1).loc["segments", ["lead_low", "lead_high"]]
    assert lead.tolist() == [0.0, 0.0]


def test_rankings_use_nothing_from_the_hold_out_period() -> None:
    customers = past_customers()
    known = rankings(customers)
    blind = rankings(customers.assign(later_spend=-1.0, later_orders=99))
    assert all(known[rival].equals(blind[rival]) for rival in known)


def test_segments_are_ranked_by_their_mean_recent_spend() -> None:
    customers = past_customers(4).assign(
        segment=[0, 0, 1, 1], recent_spend=[10.0, 30.0, 5.0, 7.0], rfm_segment="new", net_spend=1.0
    )
    assert rankings(customers)["segments"].tolist() == [20.0, 20.0, 6.0, 6.0]


def test_past_spend_is_cut_into_groups_of_the_segments_sizes() -> None:
    customers = past_customers(6).assign(
        segment=[1, 0, 0, 1, 1, 2],
        recent_spend=[9.0, 1.0, 1.0, 9.0, 9.0, 5.0],  # so segment 1 (three customers) is first, then 2, then 0
        net_spend=[10.0, 60.0, 50.0, 40.0, 30.0, 20.0],
    )
    assert past_spend_groups(customers).tolist() == [
        "3 of 3, least", "1 of 3, most", "1 of 3, most", "1 of 3, most", "2 of 3", "3 of 3, least",
    ]  # fmt: skip


# --- later spend by group


def later_by_hand() -> pd.DataFrame:
    customers = pd.DataFrame(
        {
            "recent_spend": [10.0, 20.0, 30.0, 50.0],
            "later_spend": [0.0, 30.0, 0.0, 8.0],
            "later_orders": [0, 2, 0, 1],
        }
    )
    group = pd.Series(["regulars", "regulars", "regulars", "champions"], name="segment")
    return later_spend_by_group(customers, group, seed=1)


def test_groups_come_by_recent_spend_highest_first() -> None:
    assert later_by_hand().index.tolist() == ["champions", "regulars"]


def test_later_spend_of_groups_by_hand() -> None:
    shown = later_by_hand()[["customers", "recent_spend", "later_spend", "came_back"]]
    assert shown.to_numpy().tolist() == [[1, 50.0, 8.0, 1.0], [3, 20.0, 10.0, 1 / 3]]


def test_the_interval_of_a_group_holds_its_mean() -> None:
    customers = past_customers()
    table = later_spend_by_group(customers, customers["name"], seed=1)
    assert ((table["later_low"] < table["later_spend"]) & (table["later_spend"] < table["later_high"])).all()


@pytest.mark.parametrize(
    ("later", "expected"), [([9.0, 5.0, 1.0], 1.0), ([1.0, 5.0, 9.0], -1.0), ([0.0, 0.0, 0.0], 0.0)]
)
def test_the_order_kept_at_its_limits(later: list[float], expected: float) -> None:
    assert order_kept(pd.DataFrame({"recent_spend": [90.0, 50.0, 10.0], "later_spend": later})) == expected


# --- the hold-out period


def shop_lines(*, later_price: float = 10.0) -> list[Line]:
    """Write 40 customers of 2024: even ones buy every month, odd ones once; later prices are those from October 3."""
    day = datetime.datetime(2024, 10, 3)
    lines = []
    for number in range(40):
        for month in range(1, 13) if number % 2 == 0 else [1 + number % 9]:
            ordered_at = datetime.datetime(2024, month, 1 + number // 2, 12)
            price = later_price if ordered_at >= day else 10.0 + number
            told = {"customer_id": f"c{number:02}", "ordered_at": ordered_at, "unit_price": price}
            lines.append(order_line(order_id=f"{number}-{month}", **told))
    return lines


def held_out(connection: Backend, lines: list[Line], *, days: int = DAYS, k: int = 2) -> HoldOut:
    orders = store_orders(connection, lines)
    return hold_out(orders, as_of=YEAR_END, days=days, plan=plan(k))


KNOWN = ["segment", "name", "rfm_segment", "net_spend", "recent_spend"]


@pytest.fixture(scope="module")
def past(connection: Backend) -> HoldOut:
    return held_out(connection, shop_lines())


def test_the_day_of_description_lies_the_period_before(past: HoldOut) -> None:
    assert (past.day, past.until) == (datetime.date(2024, 10, 3), YEAR_END)


def test_every_customer_known_on_the_day_is_held_out_once(past: HoldOut) -> None:
    assert past.customers.index.tolist() == [f"c{number:02}" for number in range(40)]


def test_the_monthly_buyers_are_told_from_the_others(past: HoldOut) -> None:
    assert past.customers["segment"].tolist() == [0, 1] * 20


def test_recent_and_later_spend_by_hand(past: HoldOut) -> None:
    # Customer 04 buys on the 3rd of each month for 14: 1 January and later is out; 3 July is before 5 July.
    shown = past.customers.loc["c04", ["net_spend", "recent_spend", "later_spend", "later_orders"]]
    assert shown.tolist() == [9 * 14.0, 2 * 14.0, 3 * 10.0, 3]


def test_who_did_not_come_back_spent_nothing_later(past: HoldOut) -> None:
    assert past.customers.loc["c01", ["later_spend", "later_orders"]].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("later", ["other prices", "no orders"])
def test_nothing_from_the_hold_out_period_leaks(connection: Backend, past: HoldOut, later: str) -> None:
    lines = shop_lines(later_price=999.0)
    if later == "no orders":
        lines = [line for line in lines if line["unit_price"] != 999.0]
    pd.testing.assert_frame_equal(held_out(connection, lines).customers[KNOWN], past.customers[KNOWN])


def test_customers_who_came_later_are_not_held_out(connection: Backend, past: HoldOut) -> None:
    newcomer = order_line(customer_id="new", ordered_at=datetime.datetime(2024, 10, 3))
    assert held_out(connection, [*shop_lines(), newcomer]).customers.index.equals(past.customers.index)


def test_orders_from_as_of_on_change_nothing(connection: Backend, past: HoldOut) -> None:
    after = [order_line(customer_id="c01", ordered_at=datetime.datetime(2025, 1, 1), unit_price=1e6)]
    pd.testing.assert_frame_equal(held_out(connection, shop_lines() + after).customers, past.customers)


def test_a_hold_out_period_longer_than_the_time_before_is_refused(connection: Backend) -> None:
    message = r"with `holdout_days` 200 orders must reach back 400 days; they reach back 366\. Set .* to 183 or less\?"
    with pytest.raises(DataProblem, match=message):
        held_out(connection, shop_lines(), days=200)


def test_the_longest_possible_hold_out_period_is_accepted(connection: Backend) -> None:
    assert held_out(connection, shop_lines(), days=183).day == datetime.date(2024, 7, 2)


def test_fewer_customers_than_segments_on_the_earlier_day_are_refused(connection: Backend) -> None:
    lines = [line for line in shop_lines() if line["ordered_at"].month > 9 or line["customer_id"] < "c05"]
    with pytest.raises(
        DataProblem, match=r"each of the 6 segments .* as of 2024-10-03 there are 5\. Set `holdout_days`"
    ):
        held_out(connection, lines, k=6)


def test_orders_of_one_day_can_t_be_held_out(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(), order_line(order_id="1002", customer_id="bob@example.com")])
    with pytest.raises(DataProblem, match="all orders are of one day"):
        hold_out(orders, as_of=datetime.date(2025, 3, 2), days=1, plan=plan(2))


def test_the_period_is_a_quarter_unless_told(connection: Backend) -> None:
    assert looked_back(connection, shop_lines()).days == 90


# --- what the plan learnt from an earlier day


def two_years(*, comes_back: int) -> list[Line]:
    """Write 60 buyers of cups, lamps and rugs in turn; in the hold-out period those of one come back."""
    generator = np.random.default_rng(1)
    lines = []
    for number in range(60):
        days = generator.choice(np.arange(DAYS, 2 * 365), generator.integers(2, 9), replace=False)
        days = [*days, 10] if number % 3 == comes_back else days
        for day in days:
            told = {
                "customer_id": f"c{number:02}",
                "ordered_at": datetime.datetime(2025, 1, 1, 12) - datetime.timedelta(days=int(day) + 1),
                "unit_price": float(generator.integers(5, 50)) if day >= DAYS else 999.0,
                "category": ["cups", "lamps", "rugs"][number % 3],
            }
            lines.append(order_line(order_id=f"{number}-{day}", **told))
    return lines


def looked_back_by_what_was_learnt(connection: Backend, lines: list[Line], recipe: Recipe) -> HoldOut:
    """Prepare as step 03 does, with what customers spent after an earlier day, and look back by that."""
    orders = store_orders(connection, lines)
    past, why_not = past_for_choices(orders, as_of=YEAR_END)
    assert why_not == ""
    today = collect(customer_features(orders, as_of=YEAR_END))
    learnt = prepare_customers(today, recipe, past=past, seed=1).recipe
    return hold_out(orders, as_of=YEAR_END, days=DAYS, plan=Plan("full", learnt, "k-means", 3, "", 1))


@pytest.mark.parametrize("learning", [{"target_selection": "l1"}, {"encoding": "target"}])
def test_nothing_from_the_hold_out_period_leaks_though_the_plan_learns_from_later_spend(
    connection: Backend, learning: dict[str, str]
) -> None:
    recipe = Recipe(columns=(*COLUMNS, "average_order", "favourite_category"), **learning)
    known, other = (
        looked_back_by_what_was_learnt(connection, two_years(comes_back=kind), recipe).customers for kind in (0, 1)
    )
    pd.testing.assert_frame_equal(known[KNOWN], other[KNOWN])
    assert all(ranked.equals(rankings(other)[name]) for name, ranked in rankings(known).items())
    assert not known["later_spend"].equals(other["later_spend"])


def test_a_plan_that_must_learn_anew_can_t_where_orders_do_not_reach(connection: Backend) -> None:
    orders = store_orders(connection, shop_lines())
    with pytest.raises(DataProblem, match="learns from later spend can't be made anew as of 2024-07-05"):
        hold_out(orders, as_of=YEAR_END, days=180, plan=plan(2, encoding="target"))


# --- words and the record


def test_the_order_of_segments_in_words() -> None:
    table = pd.DataFrame(
        {"recent_spend": [90.0, 10.0], "later_spend": [40.0, 5.0], "later_low": [30.0, 4.0], "later_high": [50.0, 6.0]},
        index=["champions", "one-time buyers"],
    )
    assert order_in_words(table, days=90, money="EUR") == (
        "In the 90 days after, the champions spent 40.00 EUR each (95 %: 30.00 to 50.00), the one-time buyers 5.00 "
        "(4.00 to 6.00). The order of all 2 was kept at 1.00 (1 fully, 0 not at all)."
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.05, "better than"),
        (-0.05, -0.01, "worse than"),
        (-0.01, 0.01, "not to be told apart from"),
        (0.0, 0.0, "not to be told apart from"),
    ],
)
def test_a_lead_is_worded_as_far_as_its_interval_allows(low: float, high: float, words: str) -> None:
    assert comparison(pd.Series({"lead_low": low, "lead_high": high})) == words


def test_the_segments_are_compared_with_past_spend_alone() -> None:
    rivals = pd.DataFrame(
        {"spearman": [0.5, 0.3, 0.6], "lead_low": [0.0, 0.1, -0.2], "lead_high": [0.0, 0.3, -0.1]},
        index=["segments", "RFM map", "past spend, customer by customer"],
    )
    assert lead_in_words(rivals) == (
        "With later spend the segments' ranking correlates at 0.500: "
        "worse than past spend, customer by customer (0.600)."
    )


def test_the_record_tells_the_share_that_came_back(past: HoldOut, clear_groups: Stability) -> None:
    by_segment = later_spend_by_group(past.customers, past.customers["segment"], seed=1)
    rivals = ranking_measures(past.customers, rankings(past.customers), seed=1)
    measures = pd.DataFrame({"silhouette": [0.5], "davies_bouldin": [0.9]}, index=["all"])
    came_back = return_rates(past, cluster.fit(past.features, plan(2)))
    record = evaluation_record(clear_groups, measures, by_segment, rivals, past=past, came_back=came_back)
    assert record["came_back"] == {0: 1.0, 1: 0.0}


# --- what is said when it can't be measured


def looked_back(
    connection: Backend, lines: list[Line], *, allowed: Allowed = ENOUGH, days: int = 0, by: Plan | None = None
) -> HoldOut:
    orders = store_orders(connection, lines)
    return look_back(orders, allowed=allowed, as_of=YEAR_END, days=days, plan=by or plan(2))


@pytest.fixture(scope="module")
def nobody(connection: Backend) -> HoldOut:
    return looked_back(connection, shop_lines(), allowed=Allowed("none", "Too few."))


def test_below_the_gate_nobody_is_looked_back_at(nobody: HoldOut) -> None:
    assert (len(nobody.customers), nobody.days, nobody.why_not) == (0, None, "Too few.")


def test_a_period_that_is_asked_for_is_held_out_below_the_gate(connection: Backend) -> None:
    assert looked_back(connection, shop_lines(), allowed=Allowed("none", "Too few."), days=60).days == 60


def test_a_summary_can_t_be_looked_back_at_whatever_is_asked(connection: Backend) -> None:
    lines = [order_line(orders_in_row=3), order_line(order_id="2", customer_id="ben")]
    assert looked_back(connection, lines, days=60).why_not == SUMMARY_WHY


def test_orders_of_one_day_say_why_nothing_is_held_out(connection: Backend) -> None:
    day = datetime.datetime(2024, 12, 31)
    assert looked_back(connection, [order_line(ordered_at=day)]).why_not.startswith("Later spend can't be held out")


def test_a_period_that_is_asked_for_and_can_t_be_is_refused(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="The hold-out period must leave as many days before it as it has"):
        looked_back(connection, shop_lines(), days=300)


def test_rules_are_held_out_as_they_stood(connection: Backend) -> None:
    told = looked_back(connection, shop_lines(), by=BY_RULES)
    assert told.customers["name"].tolist()[:2] == ["regulars", "lapsed one-time buyers"]


def test_nobody_has_no_later_spend_and_no_rivals(nobody: HoldOut) -> None:
    by_segment = later_spend_by_group(nobody.customers, nobody.customers["name"], seed=1)
    rivals = ranking_measures(nobody.customers, rankings(nobody.customers), seed=1)
    assert [len(table) for table in (later_table(by_segment, money="EUR"), rivals_table(rivals))] == [0, 0]


def test_the_findings_say_why_nothing_is_measured(nobody: HoldOut) -> None:
    assert later_in_words(nobody, pd.DataFrame(), money="EUR") == (
        "What customers of each segment spend later is not measured. Too few."
    )
    assert lead_in_words(pd.DataFrame()) == "So whether the segments tell more than past spend alone is open as well."


def test_one_segment_large_enough_is_compared_with_none(past: HoldOut) -> None:
    by_segment = later_spend_by_group(past.customers, past.customers["name"], seed=1)
    assert "can't be compared" in later_in_words(past, by_segment[:1], money="EUR")


def test_a_caption_says_why_there_is_nothing_to_see(nobody: HoldOut, past: HoldOut) -> None:
    assert hold_out_caption(nobody, "{customers} customers") == "Not measured. Too few."
    assert hold_out_caption(past, "{customers} of {day}, {days} days") == "40 of 2024-10-03, 90 days"


def rules_fitted(features: pd.DataFrame) -> RuleSegmentation:
    return cluster.fit(features, BY_RULES)


def test_rules_are_not_fitted_again() -> None:
    features = around(CORNERS, [0.2, 0.2, 0.2])
    stability = bootstrap_stability(rules_fitted(features), features, refits=2, seed=1)
    assert stability.segments.empty
    assert stability_sentence(stability).startswith("Whether the segments come back is not measured.")
    assert stability_caption(stability, refits=2, customers=180).startswith("Not measured.")


def test_rules_have_no_silhouette_and_every_segment_its_row() -> None:
    features = around(CORNERS, [0.2, 0.2, 0.2])
    segmentation = rules_fitted(features)
    measures = internal_measures(segmentation, features, seed=1)
    assert measures.index.tolist() == [*range(segmentation.k), "all"]
    assert measures.isna().all(axis=None)


def test_as_many_segments_as_customers_have_no_silhouette() -> None:
    features = around(CORNERS, [0.2, 0.2, 0.2], each=1)
    assert internal_measures(fitted(features, k=3), features, seed=1).isna().all(axis=None)


def test_the_record_has_nulls_and_reasons_for_what_is_not_measured(nobody: HoldOut) -> None:
    features = around(CORNERS, [0.2, 0.2, 0.2])
    segmentation = rules_fitted(features)
    record = evaluation_record(
        bootstrap_stability(segmentation, features, refits=2, seed=1),
        internal_measures(segmentation, features, seed=1),
        later_spend_by_group(nobody.customers, nobody.customers["name"], seed=1),
        ranking_measures(nobody.customers, rankings(nobody.customers), seed=1),
        past=nobody,
        came_back=return_rates(nobody, segmentation),
    )
    assert record["agreement"] == {"agreement": None, "low": None, "high": None}
    assert (record["holdout_from"], record["holdout_days"], record["came_back"]) == (None, None, {})
    assert set(record["not_measured"]) == {"stability", "hold_out"}
    assert "NaN" not in json.dumps(record)


def test_the_record_of_what_is_measured_names_nothing_missing(past: HoldOut, clear_groups: Stability) -> None:
    measures = pd.DataFrame({"silhouette": [0.5], "davies_bouldin": [0.9]}, index=["all"])
    empty = pd.DataFrame()
    record = evaluation_record(clear_groups, measures, empty, empty, past=past, came_back=pd.Series(dtype=float))
    assert (record["not_measured"], record["holdout_days"]) == ({}, 90)
