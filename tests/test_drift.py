"""Drift: measured beyond chance and ageing, and turned into a verdict that says refit when something has changed."""

import numpy as np
import pandas as pd
import pytest
from drifting import CHANGES, NOW, OLDER, OLDEST, THEN, World, described, in_waves, made_orders, old_after, verdict_on
from hypothesis import given
from hypothesis import strategies as st

from segmentation.cluster import Plan
from segmentation.figures import drift_bars
from segmentation.movement import drift_between, drift_in_words, drift_table, refit_agreement, refit_verdict
from segmentation.movement.drift import NOTHING, beyond, since_then
from segmentation.movement.stability_index import StabilityIndex, counts_by_bin, index_of_counts, stability_index
from segmentation.movement.verdict import KEEP, REFIT, WATCH, RefitAgreement
from segmentation.preparing import USUAL_FEATURES, Recipe
from segmentation.proving.refits import Refits

STEADY = RefitAgreement(0.97, 0.9)


def people(seed: int, *, size: int = 1500, dearer: float = 1.0, days: int = 300) -> pd.DataFrame:
    """Draw customers who came evenly over so many days and buy once a month."""
    generator = np.random.default_rng(seed)
    tenure = generator.uniform(1, days, size)
    orders = 1 + generator.poisson(tenure / 30)
    return pd.DataFrame(
        {
            "tenure_days": tenure,
            "recency_days": generator.uniform(0, tenure),
            "order_count": orders.astype(float),
            "net_spend": orders * generator.lognormal(3, 0.5, size) * dearer,
            "channel": generator.choice(["web", "app"], size),
        },
        index=pd.Index([f"c{place}" for place in range(size)], name="customer_id"),
    )


# --- the index


def test_the_index_is_the_textbook_sum_less_what_chance_makes_of_it():
    told = index_of_counts(np.array([[100, 300], [300, 100]]))
    first, second = np.array([100.5, 300.5]) / 401, np.array([300.5, 100.5]) / 401
    assert told.value == pytest.approx(((second - first) * np.log(second / first)).sum() - (1 / 400 + 1 / 400))


def test_without_drift_the_index_is_0_on_average_and_its_error_is_told():
    generator = np.random.default_rng(0)
    drawn = [stability_index(*(pd.Series(generator.normal(size=size)) for size in (900, 400))) for _ in range(200)]
    values = np.array([told.value for told in drawn])
    assert abs(values.mean()) < 0.003  # not taking chance off makes it 0.033
    assert values.std() == pytest.approx(drawn[0].error_at(0.0), rel=0.2)


def test_missing_values_are_a_bin_of_their_own():
    values = pd.Series(np.arange(200.0))
    assert stability_index(values, values.where(values.index % 2 == 0)).value > 1
    assert counts_by_bin(values, values.where(values < 0))[-1].tolist() == [0, 200]


def test_differences_of_rounding_are_no_drift():
    shares = pd.Series([0.0] * 300 + [*np.linspace(0.1, 0.5, 300)])
    assert stability_index(shares, shares + 1e-7).value < 0


def test_too_few_customers_are_not_measured():
    assert np.isnan(stability_index(pd.Series(np.arange(29.0)), pd.Series(np.arange(500.0))).value)


@given(
    st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=30, max_size=60),
    st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=30, max_size=60),
)
def test_the_index_is_finite_and_does_not_mind_order(first: list, second: list):
    one, other = pd.Series(first, dtype=float), pd.Series(second, dtype=float)
    told = stability_index(one, other)
    assert np.isfinite(told.value)
    assert told == stability_index(one[::-1], other[::-1])


# --- drift


def test_two_draws_of_one_crowd_have_not_drifted():
    drift = drift_between(people(1), people(2), columns=people(1).columns)
    assert drift["beyond"].max() == 0
    assert refit_verdict(drift, STEADY).word == KEEP


def test_dearer_orders_are_drift_of_spend_alone():
    drift = drift_between(people(1), people(2, dearer=1.6), columns=people(1).columns)
    assert drift.index[drift["beyond"] > 0].tolist() == ["net_spend"]
    assert drift.loc["net_spend", "whose"] == "everyone"


def test_words_that_become_other_words_are_drift():
    first, second = people(1), people(2).assign(channel="app")
    drift = drift_between(first, second, columns=["channel"])
    assert drift.loc["channel", "distance"] == pytest.approx((first["channel"] == "web").mean())
    assert np.isnan(drift.loc["channel", "ks"])
    assert drift.loc["channel", "beyond"] > 0.25


def test_distances_are_told_in_spreads_of_the_first():
    first = people(1)
    spread = first["net_spend"].std(ddof=0)
    moved = first.assign(net_spend=first["net_spend"] + 2 * spread)
    drift = drift_between(first, moved, columns=["net_spend"])
    assert drift.loc["net_spend", "distance"] == pytest.approx(2.0)


def test_a_shop_that_only_grows_older_has_not_drifted():
    looks = [people(seed, days=days, size=5 * days) for seed, days in enumerate((300, 400, 500))]
    plain = drift_between(looks[1], looks[2], columns=["tenure_days", "order_count"])
    assert plain["beyond"].min() > 0  # it does shift
    aged = drift_between(
        looks[1], looks[2], columns=["tenure_days", "order_count"], days=100, reference=(looks[0], looks[1])
    )
    assert aged.loc[["tenure_days", "order_count"], "beyond"].tolist() == [0, 0]


def test_a_season_that_came_before_is_no_drift():
    looks = [people(seed) for seed in range(4)]
    season = people(9).assign(channel="app")
    columns = ["channel"]
    first_time = drift_between(looks[2], season, columns=columns, days=300, reference=looks[:3])
    again = drift_between(looks[2], season, columns=columns, days=300, reference=[looks[0], season, looks[1], looks[2]])
    assert first_time.loc["channel", "beyond"] > 0.25
    assert again.loc["channel", "beyond"] == 0


def test_without_an_earlier_pair_of_days_only_newcomers_count():
    first, second = people(1, days=300), people(2, days=600, size=3000)
    drift = drift_between(first, second, columns=["tenure_days", "net_spend"], days=100)
    assert drift["beyond"].tolist() == [0, 0]
    assert drift["newcomers_psi"].notna().all()
    dearer = drift_between(first, people(2, days=600, size=3000, dearer=1.6), columns=["net_spend"], days=100)
    assert dearer.loc["net_spend", "whose"] == "newcomers"


def test_what_active_customers_did_since_counts_orders_and_spend():
    first = pd.DataFrame({"recency_days": [5.0, 5, 99], "order_count": [1.0, 1, 1], "net_spend": [9.0, 9, 9]})
    second = pd.DataFrame({"order_count": [3.0, 1, 4], "net_spend": [30.0, 9, 90]})
    since = since_then(first, second, days=30)
    assert since["orders_since"].tolist() == [2, 0]
    assert since["spend_since"].tolist() == pytest.approx([21, np.nan], nan_ok=True)


def test_a_feature_that_nobody_is_known_of_is_left_out():
    nobody = people(1).assign(order_count=np.nan)
    assert drift_between(nobody, nobody, columns=["order_count", "net_spend"]).index.tolist() == ["net_spend"]


def test_the_table_and_the_sentence_name_what_shifted_most():
    drift = drift_between(people(1), people(2, dearer=1.6), columns=people(1).columns)
    assert drift_table(drift).loc[0, "feature"] == "net spend"
    assert drift_in_words(drift).startswith("Shifted beyond chance and the usual: net spend (")
    assert drift_bars(drift, bands=(0.1, 0.25)).axes
    assert drift_bars(drift.iloc[:0], bands=(0.1, 0.25)).axes


# --- the verdict


def shifted(*beyond: float) -> pd.DataFrame:
    """Write drift of so many features."""
    names = ["net_spend", "order_count", "recency_days"][: len(beyond)]
    return pd.DataFrame({"psi": beyond, "beyond": beyond, "whose": "everyone"}, index=pd.Index(names, name="feature"))


def test_the_verdict_goes_by_the_sum_of_shifts():
    assert refit_verdict(shifted(0.0, 0.0), STEADY).word == KEEP
    assert refit_verdict(shifted(0.05, 0.0), STEADY).word == WATCH
    assert refit_verdict(shifted(0.05, 0.05), STEADY).word == REFIT
    assert refit_verdict(shifted(0.019, 0.019), STEADY).word == KEEP


def test_a_refit_that_would_make_other_segments_is_due():
    verdict = refit_verdict(shifted(0.0), RefitAgreement(0.5, 0.9))
    assert verdict.word == REFIT
    assert verdict.grounds[0].startswith("Segments made anew of today's customers agree with the old ones at 0.50")


def test_a_refit_as_different_as_those_on_drawn_customers_is_no_ground():
    assert refit_verdict(shifted(0.0), RefitAgreement(0.5, 0.4)).word == KEEP
    assert refit_verdict(shifted(0.0), RefitAgreement(0.9, 0.95)).word == KEEP


def test_drift_held_against_less_than_a_year_may_be_the_season():
    season = "Less than a year of earlier days is known to hold this against, so it may be the season."
    assert refit_verdict(shifted(0.3), STEADY, known_days=200).grounds[-1] == season
    assert season not in refit_verdict(shifted(0.3), STEADY, known_days=365).grounds
    assert season not in refit_verdict(shifted(0.0), STEADY, known_days=200).grounds


def test_where_half_of_the_customers_moved_one_should_watch():
    assert refit_verdict(shifted(0.0), STEADY, moved=0.49).word == KEEP
    verdict = refit_verdict(shifted(0.0), STEADY, moved=0.52)
    assert verdict.word == WATCH
    assert verdict.grounds[-1] == "The old segmentation puts about 50% of the customers in another segment than before."


def test_rules_are_not_refitted_and_it_is_said():
    refits = Refits(np.empty(0), np.empty((0, 3)), 100, 100, tried=0, why_not="Rules with fixed limits.")
    agreement = refit_agreement(None, people(1), None, refits=refits)
    grounds = refit_verdict(shifted(0.0), agreement).grounds
    assert grounds[1] == "What a refit would change is not measured. Rules with fixed limits."


def test_an_index_that_is_not_measured_is_never_beyond():
    assert beyond(StabilityIndex(np.nan, 0, np.nan), NOTHING) == 0


# --- small version of tests/benchmarks/drift.py


@pytest.fixture(scope="module")
def shop(connection, tmp_path_factory):
    """Make one shop, describe it on three days and make its segments."""
    orders, kinds = made_orders(connection, tmp_path_factory.mktemp("shop") / "one", customers=1200, seed=3)
    orders = in_waves(orders, seed=3)
    looks = [described(connection, orders, day=day) for day in (OLDEST, OLDER, THEN)]
    plan = Plan("full", Recipe(columns=USUAL_FEATURES), "k-means", 5, "", 7)
    return orders, World(kinds, orders.iloc[:0], 3), old_after(plan, looks, refits=10)


@pytest.mark.parametrize(
    ("change", "word"), [("nothing", KEEP), ("prices +60 %", REFIT), ("half as many orders", REFIT)]
)
def test_the_verdict_is_to_refit_only_where_something_has_changed(connection, shop, change: str, word: str):
    orders, world, old = shop
    late = orders["ordered_at"] >= pd.Timestamp(THEN)
    now = described(connection, CHANGES[change](world, orders, late), day=NOW)
    assert verdict_on(old, now, of_one_shop=True).word == word
