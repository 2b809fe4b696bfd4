"""The contest of forecasters: scores, who takes part, who wins, and what is said of it."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from later_days import FIRST, GivenForecast, look, make_features
from scipy.stats import spearmanr
from shops import store_orders
from sklearn.metrics import brier_score_loss, log_loss, mean_tweedie_deviance, roc_auc_score

from segmentation.features import FEATURES
from segmentation.forecasting import Contest, Known, calibration, contest_table, hold_contest, known_of, winner_in_words
from segmentation.forecasting.forecasters import SIMPLE_RULES
from segmentation.forecasting.known import TARGETS, Target, outcomes_of
from segmentation.forecasting.learners import GradientBoosting, Regression
from segmentation.forecasting.lifetimes import LifetimeModel
from segmentation.forecasting.scoring import (
    SCORES,
    deviance,
    draw_weights,
    pooled,
    ranks_of,
    return_parts,
    value_parts,
)
from segmentation.forecasting.simple_rules import (
    GroupRule,
    RankingRule,
    by_segmentation,
    by_spend_as_segments,
    days_overdue,
    past_spend,
    rising,
)
from segmentation.forecasting.together import Together
from segmentation.grouping.rules import read_rules, segment_by_rules
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

DRAWN = np.random.default_rng(3)
ONCE = np.ones((200, 1))
SPENT = DRAWN.gamma(0.4, 100, 200).round(2) * (DRAWN.random(200) < 0.5)
TOLD = np.clip(SPENT * DRAWN.gamma(2, 0.5, 200), 1, None)
CAME = (SPENT > 0).astype("float64")
CHANCE = np.clip(0.6 * CAME + 0.5 * DRAWN.random(200), 0.01, 0.99)


def scores(target: Target, told: np.ndarray, actual: np.ndarray, weights: np.ndarray = ONCE) -> dict[str, float]:
    """Score one day."""
    parts = (
        value_parts(told, actual, weights, ranks_of(actual, weights))
        if target == "value"
        else return_parts(told, actual, weights)
    )
    return {name: float(drawn[-1]) for name, drawn in pooled([parts], target).items()}


# --- scores


def test_the_deviance_is_scikit_learns() -> None:
    assert scores("value", TOLD, SPENT)["deviance"] == pytest.approx(mean_tweedie_deviance(SPENT, TOLD, power=1.5))


def test_the_rank_correlation_is_scipys() -> None:
    assert scores("value", TOLD, SPENT)["spearman"] == pytest.approx(spearmanr(TOLD, SPENT).statistic)


def test_scores_of_returns_are_scikit_learns() -> None:
    told = scores("returns", CHANCE, CAME)
    expected = (log_loss(CAME, CHANCE), brier_score_loss(CAME, CHANCE), roc_auc_score(CAME, CHANCE))
    assert (told["log_loss"], told["brier"], told["auc"]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("target", "told", "actual"), [("value", TOLD.round(-1) + 1, SPENT), ("returns", CHANCE.round(1), CAME)]
)
def test_a_customer_drawn_three_times_counts_as_three_customers(
    target: Target, told: np.ndarray, actual: np.ndarray
) -> None:
    told = np.clip(told, 0.01, 0.99) if target == "returns" else told
    weights = draw_weights(200, draws=1, seed=1)
    times = weights[:, 1].astype(int)
    repeated = scores(target, np.repeat(told, times), np.repeat(actual, times), np.ones((200, 1)))
    assert scores(target, told, actual, weights) == pytest.approx(repeated)


def test_the_first_draw_is_the_customers_as_they_are() -> None:
    assert draw_weights(4, draws=2, seed=1)[:, 0].tolist() == [1, 1, 1, 1]


def test_the_true_expectation_has_the_best_deviance_where_few_bring_most() -> None:
    spent = np.random.default_rng(1).pareto(1.6, 20_000) * (np.random.default_rng(2).random(20_000) < 0.3)
    worth = {
        share: deviance(np.full(20_000, share * spent.mean()), spent).mean() for share in (0.8, 0.9, 1.0, 1.1, 1.25)
    }
    assert min(worth, key=worth.get) == 1.0


def test_bias_is_all_that_was_forecast_against_all_that_came() -> None:
    assert scores("value", np.array([30.0, 90.0]), np.array([100.0, 0.0]), np.ones((2, 1)))["bias"] == pytest.approx(
        0.2
    )


def test_money_explained_is_nothing_for_the_same_forecast_for_all_and_one_for_a_perfect_one() -> None:
    spent = np.array([10.0, 20.0, 60.0])
    constant = scores("value", np.full(3, 30.0), spent, np.ones((3, 1)))["money_explained"]
    assert (constant, scores("value", spent, spent, np.ones((3, 1)))["money_explained"]) == pytest.approx((0, 1))


# --- who takes part


def test_forecasters_are_not_handed_what_followed() -> None:
    assert not hasattr(known_of(look(FIRST, make_features(3), spend=[1, 2, 3])), "outcomes")


def test_a_line_that_only_rises_is_the_mean_of_who_stood_alike() -> None:
    told = rising(np.array([1.0, 1.0, 5.0, 5.0]), np.array([0.0, 2.0, 9.0, 9.0]), np.array([1.0, 5.0]))
    assert told.tolist() == pytest.approx([(0 + 2 + 5) / 3, (9 + 9 + 5) / 3])  # an average customer more at either end


def test_one_time_buyers_are_overdue_by_the_shops_usual_gap() -> None:
    features = make_features(3, recency_days=[50.0, 50.0, 10.0], median_gap_days=[20.0, np.nan, 30.0])
    assert days_overdue(features).to_list() == [30.0, 25.0, -20.0]


def test_a_segment_does_what_the_same_segment_did_after_the_earlier_day() -> None:
    learn = look(FIRST, make_features(40, net_spend=[10.0] * 20 + [500.0] * 20), spend=[0.0] * 20 + [80.0] * 20)
    now = known_of(look(FIRST, make_features(40, net_spend=[500.0] * 10 + [10.0] * 30), spend=[0.0] * 40))
    rules = segment_by_rules(now.features, {"rich": {"net_spend": [100, None]}, "others": {}})
    rule = GroupRule("segments", by_segmentation(rules), "segments")
    told = rule.forecast(learn, now, days=90, seed=1, targets=["value"])["value"]
    one_more = 40.0  # the mean of all stands in as one customer more in each group
    assert told.iloc[[0, 39]].to_list() == pytest.approx([(20 * 80 + one_more) / 21, one_more / 21])


def test_past_spend_is_cut_into_as_many_groups_as_there_are_segments() -> None:
    learn = look(FIRST, make_features(30, net_spend=np.arange(30.0)), spend=np.arange(30.0))
    rules = segment_by_rules(
        learn.features, {"rich": {"net_spend": [20, None]}, "middle": {"net_spend": [5, None]}, "rest": {}}
    )
    rule = GroupRule("past spend, as many groups", by_spend_as_segments(rules))
    told = rule.forecast(learn, known_of(learn), days=90, seed=1, targets=["value"])["value"]
    assert told.value_counts(sort=False).to_list() == [5, 15, 10]


def test_an_average_goes_on_without_a_member_that_was_refused() -> None:
    learn = look(FIRST, make_features(4), spend=[1.0, 2, 3, 4])
    members = (GivenForecast("a", value=2.0), GivenForecast("b", value=8.0), GivenForecast("c", refused="too little"))
    told = Together(members).forecast(learn, known_of(learn), days=90, seed=1, targets=["value"])
    assert told["value"].to_list() == pytest.approx([4.0] * 4)


def test_an_average_of_one_is_refused_with_the_reasons() -> None:
    learn = look(FIRST, make_features(4), spend=[1.0, 2, 3, 4])
    members = (GivenForecast("a", value=2.0), GivenForecast("c", refused="Too little is known."))
    with pytest.raises(DataProblem, match=r"2 forecasters or more; 1 could\. Too little is known\."):
        Together(members).forecast(learn, known_of(learn), days=90, seed=1, targets=["value"])


# --- who wins


def three_looks(spend: Iterable[float] | None = None, *, customers: int = 120) -> list[Look]:
    """Write three looks at the same customers, who spend anew each time, or the same when told."""
    days = [FIRST + datetime.timedelta(days=90 * place) for place in range(3)]
    features = make_features(customers, net_spend=np.linspace(10, 500, customers))
    rng = np.random.default_rng(5)
    amounts = [
        spend if spend is not None else rng.gamma(0.5, 100, customers) * (rng.random(customers) < 0.5) for _ in days
    ]
    return [look(day, features, spend=amount) for day, amount in zip(days, amounts, strict=True)]


@dataclass(frozen=True)
class Oracle:
    """Knows what followed each day, and tells it with a little of its own."""

    looks: tuple[Look, ...]
    name: str = "oracle"
    kind: str = "learner"

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        actual = next(outcomes_of(look) for look in self.looks if look.day == now.day)
        return actual[list(targets)].clip(lower=0.02).assign(returns=actual["returns"].clip(0.02, 0.98))


def held(looks: list[Look], *forecasters: object) -> Contest:
    return hold_contest(looks, {}, days=90, seed=1, forecasters=forecasters)


FLAT = GivenForecast("flat", value=25.0, returns=0.5, kind="simple rule")


def test_a_model_that_knows_wins() -> None:
    looks = three_looks()
    contest = held(looks, FLAT, Oracle(tuple(looks)))
    assert {target: winner.name for target, winner in contest.winners.items()} == {
        "value": "oracle",
        "returns": "oracle",
    }


def test_a_model_that_is_no_better_gives_way_to_the_simple_rule() -> None:
    contest = held(three_looks(), FLAT, GivenForecast("as flat", value=25.0, returns=0.5, kind="learner"))
    assert contest.winners["value"].name == "flat"
    assert "the simple rule wins" in winner_in_words(contest)[0]


def test_a_model_that_leads_by_chance_gives_way_to_the_simple_rule() -> None:
    contest = held(three_looks(), FLAT, GivenForecast("near flat", value=25.5, returns=0.499, kind="learner"))
    leads = [winner.lead_low for winner in contest.winners.values()]
    assert max(leads) <= 0
    assert {winner.name for winner in contest.winners.values()} == {"flat"}


def test_one_look_is_for_learning_only_and_the_contest_says_so() -> None:
    contest = hold_contest(three_looks()[:1], {}, days=90, seed=1)
    assert "orders must reach back three periods" in contest.why_not
    assert contest_table(contest, "value").empty
    assert winner_in_words(contest) == [f"Forecasters are not compared. {contest.why_not}"]


def test_nothing_to_forecast_is_said_in_words() -> None:
    assert "Nobody ordered" in held(three_looks(np.zeros(120)), FLAT).why_not


def test_who_is_refused_is_left_out_with_the_reason() -> None:
    contest = held(three_looks(), FLAT, GivenForecast("weak", refused="Too few came back."))
    assert contest.refused == {"weak": "Too few came back."}
    assert winner_in_words(contest)[-1] == "Weak did not take part. Too few came back."


def test_what_the_choice_was_worth_is_measured_on_days_without_a_say() -> None:
    looks = three_looks()
    first = Oracle((looks[1],))  # knows the first day of the contest, and is way off on the second

    @dataclass(frozen=True)
    class OneDay:
        name: str = "knows one day"
        kind: str = "learner"

        def forecast(self, learn: Look, now: Known, **told: object) -> pd.DataFrame:
            if now.day == looks[1].day:
                return first.forecast(learn, now, **told)
            return pd.DataFrame({"returns": 0.9, "orders": 1.0, "value": 900.0}, index=now.features.index)

    winner = held(looks, FLAT, OneDay()).winners["value"]
    flat = held(looks, FLAT).scores["value"]["deviance"]
    # the first day is told by the rule, as the second would choose, and the second by the model, as the first would
    assert winner.elsewhere["deviance"] > flat["flat", "all"]


def test_all_scores_have_intervals_that_hold_them() -> None:
    contest = held(three_looks(), FLAT, GivenForecast("other", value=60.0, returns=0.3, kind="learner"))
    for target, table in contest.scores.items():
        for name in {*SCORES[target], "lead"} - {"auc", "spearman", "ranks_explained"}:
            assert (table[f"{name}_low"] <= table[name] + 1e-12).all()
            assert (table[name] <= table[f"{name}_high"] + 1e-12).all()


def test_shuffled_customers_win_nothing() -> None:
    looks = three_looks()
    rng = np.random.default_rng(2)
    shuffled = tuple(
        look(a.day, a.features, spend=rng.permutation(a.outcomes["later_spend"].to_numpy())) for a in looks
    )
    contest = held(looks, FLAT, Oracle(shuffled))
    assert {winner.name for winner in contest.winners.values()} == {"flat"}


# --- processes that are known


@pytest.fixture(scope="module")
def nothing_bought(connection: Backend) -> ir.Table:
    return store_orders(connection, [])


def process_looks(orders: ir.Table, *, by_country: bool, seed: int = 4) -> list[Look]:
    """Write customers of whom their country, or else their past spend, tells what they do next."""
    rng = np.random.default_rng(seed)
    looks = []
    for place in range(3):
        size = 500
        past = rng.lognormal(4, 1, size)
        country = rng.choice(["DE", "FR"], size)
        features = make_features(size, net_spend=past, recency_days=rng.uniform(1, 300, size), country=country)
        chance = np.where(country == "DE", 0.8, 0.1) if by_country else np.clip(past / 150, 0.05, 0.95)
        amount = 60.0 if by_country else past * rng.gamma(4, 0.25, size)
        spend = (rng.random(size) < chance) * amount
        looks.append(look(FIRST + datetime.timedelta(days=90 * place), features, spend=spend, orders=orders))
    return looks


def test_a_learner_wins_where_the_country_decides(nothing_bought: ir.Table) -> None:
    contest = hold_contest(process_looks(nothing_bought, by_country=True), {}, days=90, seed=1)
    assert {winner.kind for winner in contest.winners.values()} == {"learner"}
    assert contest.winners["returns"].elsewhere["auc"] > 0.8


def test_past_spend_wins_where_it_decides(nothing_bought: ir.Table) -> None:
    contest = hold_contest(process_looks(nothing_bought, by_country=False), {}, days=90, seed=1)
    assert {winner.name for winner in contest.winners.values()} == {"past spend"}


def test_without_histories_the_lifetime_model_is_left_out(nothing_bought: ir.Table) -> None:
    looks = process_looks(nothing_bought, by_country=True)
    contest = held(looks, FLAT, LifetimeModel())
    assert list(contest.refused) == ["lifetime model"]


def test_the_same_seed_tells_the_same(nothing_bought: ir.Table) -> None:
    learn, now, _ = process_looks(nothing_bought, by_country=True)
    told = [
        GradientBoosting().forecast(learn, known_of(now), days=90, seed=3, targets=["value"])["value"] for _ in range(2)
    ]
    pd.testing.assert_series_equal(*told)


@st.composite
def nasty_days(draw: st.DrawFn) -> list[tuple[pd.DataFrame, list[float]]]:
    """Draw three days of customers who are few, all alike, of whom much is unknown, or who got all money back."""
    size = draw(st.integers(1, 60))
    amounts = draw(st.sampled_from([[0.0], [50.0], [0.0, -20.0], [0.0, 1e9], [0.0, 0.01, 30.0]]))
    known = draw(st.sampled_from([[], ["net_spend"], ["net_spend", "recency_days", "order_count", "country"]]))
    days = []
    for seed in draw(st.lists(st.integers(0, 99), min_size=3, max_size=3)):
        rng = np.random.default_rng(seed)
        told = {"net_spend": rng.choice([-5.0, 0.0, 80.0], size), "recency_days": rng.integers(1, 400, size) * 1.0}
        told |= {"order_count": rng.integers(1, 9, size) * 1.0, "country": rng.choice(["DE", None], size)}
        days.append((make_features(size, **{name: told[name] for name in known}), rng.choice(amounts, size).tolist()))
    return days


@settings(max_examples=10)
@given(days=nasty_days())
def test_forecasts_of_nasty_days_are_finite_and_within_what_can_be(
    nothing_bought: ir.Table, days: list[tuple[pd.DataFrame, list[float]]]
) -> None:
    looks = [
        look(FIRST + datetime.timedelta(days=90 * place), features, spend=spend, orders=nothing_bought)
        for place, (features, spend) in enumerate(days)
    ]
    for forecaster in (*SIMPLE_RULES, Regression(), GradientBoosting()):
        try:
            told = forecaster.forecast(looks[0], known_of(looks[1]), days=90, seed=1, targets=TARGETS)
        except DataProblem:
            continue
        assert np.isfinite(told.to_numpy()).all()
        assert told.to_numpy().min() > 0
        assert told["returns"].max() < 1


@given(days=nasty_days())
def test_nothing_said_of_nasty_days_is_not_a_number(days: list[tuple[pd.DataFrame, list[float]]]) -> None:
    looks = [
        look(FIRST + datetime.timedelta(days=90 * place), features, spend=spend)
        for place, (features, spend) in enumerate(days)
    ]
    contest = held(looks, FLAT, RankingRule("past spend", past_spend), GivenForecast("model", value=3.0, returns=0.2))
    assert not [
        words for words in winner_in_words(contest) if "nan" in words or "inf" in words.replace("information", "")
    ]


# --- calibration


def test_a_perfect_forecaster_is_calibrated() -> None:
    rng = np.random.default_rng(8)
    chance = rng.uniform(0.05, 0.95, 9_000)
    looks = [
        look(
            FIRST + datetime.timedelta(days=90 * place), make_features(9_000), spend=(rng.random(9_000) < chance) * 20.0
        )
        for place in range(3)
    ]
    contest = held(looks, FLAT, GivenForecast("sure", value=chance * 20, returns=chance))
    bins = calibration(contest, "sure", "returns", min_group=5, seed=1)
    assert len(bins) == 10
    assert (bins["forecast"] - bins["actual"]).abs().max() < 0.05
    assert ((bins["actual_low"] <= bins["forecast"]) & (bins["forecast"] <= bins["actual_high"])).sum() >= 8


def test_bins_of_fewer_customers_than_may_be_shown_are_left_out() -> None:
    contest = held(
        three_looks(customers=40),
        FLAT,
        GivenForecast("m", value=np.arange(1.0, 41.0), returns=np.linspace(0.1, 0.9, 40)),
    )
    assert calibration(contest, "m", "value", min_group=5, seed=1).empty
    assert len(calibration(contest, "m", "value", min_group=4, seed=1)) == 10


def test_equal_forecasts_stand_in_one_bin() -> None:
    assert len(calibration(held(three_looks(), FLAT), "flat", "value", min_group=5, seed=1)) == 1


def test_presets_take_part_with_groups_of_their_own(nothing_bought: ir.Table) -> None:
    features = make_features(
        50, recency_days=np.arange(1.0, 51), order_count=np.arange(50.0, 0, -1), net_spend=np.arange(50.0, 0, -1)
    )
    learn = look(FIRST, features, spend=np.arange(50.0, 0, -1), orders=nothing_bought)
    told = {
        rule.name: rule.forecast(learn, known_of(learn), days=90, seed=1, targets=["value"]) for rule in SIMPLE_RULES
    }
    assert (
        told["RFM map"]["value"].nunique()
        == segment_by_rules(features, read_rules("rfm_map")).assign(features).nunique()
    )
    assert set(FEATURES) == set(features.columns)
