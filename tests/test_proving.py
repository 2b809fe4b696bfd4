from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import cluster, figures
from segmentation.cluster import Plan, Segmentation
from segmentation.features import FEATURES, NUMBERS
from segmentation.grouping import ALGORITHMS
from segmentation.grouping.groups import Grouping
from segmentation.grouping.placing import NearestCentre
from segmentation.preparing import Recipe, fit_preparation
from segmentation.proving.chain import SLOW, compare, drawn_past, effort_of, labels_again, labels_of
from segmentation.proving.crowd import crowd_of
from segmentation.proving.internal import (
    ALL,
    HOW_TO_READ,
    MEASURES,
    how_to_read,
    internal_measures,
    internal_table,
    silhouette_curves,
)
from segmentation.proving.refits import (
    BANDS,
    Refits,
    bootstrap_refits,
    refits_agreement,
    refits_in_words,
    stability_by_segment,
)
from segmentation.proving.trials import (
    EARLIER,
    HALVES,
    SEEDS,
    WITHOUT,
    WITHOUT_MOST,
    by_kind,
    compare_halves,
    stability_in_words,
    trials_table,
    upset,
)

COLUMNS = ["recency_days", "order_count", "net_spend"]
CORNERS = [(1.0, 1.0, 1.0), (6.0, 1.0, 6.0), (1.0, 6.0, 6.0)]


def around(places: Sequence[tuple[float, float, float]], spreads: Sequence[float], *, each: int = 60) -> pd.DataFrame:
    """Draw customers around places in the logarithms of recency, orders and spend, one spread a group."""
    kinds = np.repeat(np.arange(len(places)), each)
    noise = np.random.default_rng(1).normal(0, 1, (len(kinds), 3)) * np.array(spreads)[kinds, None]
    return described(pd.DataFrame(np.expm1((np.array(places)[kinds] + noise).clip(0)), columns=COLUMNS))


def described(known: pd.DataFrame) -> pd.DataFrame:
    """Write customers of whom only some features are known."""
    words = [name for name in FEATURES if name not in NUMBERS]
    names = pd.Index([f"c{number:05}" for number in range(len(known))], name="customer_id")
    return known.reindex(columns=list(FEATURES)).astype(dict.fromkeys(words, object)).set_axis(names, axis=0)


def plan(k: int, *, algorithm: str = "k-means", **told: object) -> Plan:
    """Write a plan of step 04 by recency, orders and spend."""
    return Plan("full", Recipe(**{"columns": tuple(COLUMNS)} | told), algorithm, k, "", 1)


def by_rules(rules: str) -> Plan:
    """Write a plan of step 04 by rules."""
    return Plan("rules", Recipe(), "", 0, rules, 1)


TIGHT = around(CORNERS, [0.2, 0.2, 0.2])
LOOSE = around(CORNERS, [0.1, 0.1, 0.9])  # two tight groups, and one that k = 4 cuts in two wherever chance has it


def refitted(features: pd.DataFrame, by: Plan, *, refits: int = 10, past: pd.DataFrame | None = None) -> Refits:
    """Fit a plan and refit it."""
    segmentation = cluster.fit(features, by, past=past)
    return bootstrap_refits(segmentation, features, by, past=past, refits=refits, seed=1)


def named(refits: Refits) -> pd.DataFrame:
    """Set refits out by segment."""
    return stability_by_segment(refits, pd.Series([f"segment {place}" for place in range(refits.jaccard.shape[1])]))


# --- refits


def test_hennigs_bands_begin_where_he_put_them() -> None:
    assert list(BANDS) == [0.85, 0.75, 0.60, 0.0]


@pytest.fixture(scope="module")
def clear() -> Refits:
    return refitted(TIGHT, plan(3))


def test_clear_groups_come_back(clear: Refits) -> None:
    assert named(clear)["jaccard"].min() > 0.98


def test_clear_groups_are_highly_stable_and_never_dissolve(clear: Refits) -> None:
    assert named(clear)[["band", "dissolved"]].to_numpy().tolist() == [["highly stable", 0.0]] * 3


def test_refits_of_clear_groups_agree(clear: Refits) -> None:
    assert clear.agreement.min() > 0.98


def test_the_unstable_segment_is_found() -> None:
    segmentation = cluster.fit(LOOSE, plan(4))
    refits = bootstrap_refits(segmentation, LOOSE, plan(4), past=None, refits=20, seed=1)
    assert set(named(refits)["jaccard"].nsmallest(2).index) == set(segmentation.grouping.labels[-60:])


def test_the_same_seed_gives_the_same_refits() -> None:
    again = [refitted(LOOSE, plan(4), refits=3) for _ in range(2)]
    assert again[0].jaccard.tolist() == again[1].jaccard.tolist()


def test_refits_leave_the_features_as_they_are() -> None:
    features = LOOSE.copy()
    refitted(features, plan(4), refits=1)
    pd.testing.assert_frame_equal(features, LOOSE)


@pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name != "dbscan"])
def test_every_algorithm_is_refitted_by_itself(algorithm: str) -> None:
    refits = refitted(around(CORNERS, [0.2, 0.2, 0.2], each=30), plan(3, algorithm=algorithm), refits=2)
    assert named(refits)["jaccard"].min() > 0.9


def test_dbscan_finds_one_group_and_has_nothing_to_refit_but_says_so() -> None:
    by = plan(0, algorithm="dbscan")
    features = around([(3.0, 3.0, 3.0)], [0.3])
    assert refits_in_words(refitted(features, by)).startswith("Not measured. All customers are one group")


def test_a_refit_is_what_the_plan_makes_of_the_customers_drawn_from_raw_features_on() -> None:
    # The second half spreads ten times as far in recency, so a scale of all would make recency decide less.
    rng = np.random.default_rng(1)
    logs = np.column_stack(
        [rng.normal(4, np.repeat([0.1, 1.0], 100)), rng.normal(4, 0.1, 200), rng.normal(4, 0.1, 200)]
    )
    features = described(pd.DataFrame(np.expm1(logs), columns=COLUMNS))
    half = np.arange(100)
    by_plan = labels_of(cluster.fit(features.iloc[half], plan(2)), features)
    again = labels_again(cluster.fit(features, plan(2)), features, half, plan(2), past=None, seed=1)
    assert compare(by_plan, again, k=2)[0] == pytest.approx(1, abs=0.05)


def test_a_selection_is_made_anew_and_survives_a_feature_that_nobody_drawn_has() -> None:
    features = TIGHT.assign(return_share=[0.5, 0.1, *[np.nan] * (len(TIGHT) - 2)])
    by = plan(3, columns=(*COLUMNS, "return_share"), selection=("correlation",))
    segmentation = cluster.fit(features, by)
    fitted = replace(by, recipe=segmentation.preparation.recipe)
    again = labels_again(segmentation, features, np.arange(2, len(features)), fitted, past=None, seed=1)
    assert len(np.unique(again)) == 3


def test_a_preparation_that_learns_is_refitted_on_the_past_of_the_customers_drawn() -> None:
    past = TIGHT.assign(later_spend=TIGHT["net_spend"].where(TIGHT["net_spend"] > 9, 0.0), later_orders=1)
    refits = refitted(TIGHT, plan(3, target_selection="mutual information"), refits=2, past=past)
    assert refits.number == 2


def test_the_past_of_drawn_customers_is_drawn_as_often_as_they_are() -> None:
    past = TIGHT.iloc[[0, 2]].assign(later_spend=[5.0, 7.0])
    assert drawn_past(past, TIGHT.index[[0, 1, 2, 2]])["later_spend"].tolist() == [5.0, 7.0, 7.0]


def test_refits_that_can_t_be_made_say_why() -> None:
    # Nobody has the product count, which a plan of other customers asks for, and no other feature.
    by = plan(2, columns=("product_count",))
    segmentation = by_hand(TIGHT.assign(return_share=np.linspace(0, 1, len(TIGHT))), [0.0, 1.0])
    refits = bootstrap_refits(segmentation, TIGHT.assign(return_share=0.2), by, past=None, refits=2, seed=1)
    assert refits.number == 0
    assert "must be known for somebody; 'product_count' is missing for all 180" in refits_in_words(refits)


def by_hand(features: pd.DataFrame, centres: Sequence[float]) -> Segmentation:
    """Put customers into segments around return shares, whatever an algorithm would say."""
    preparation = fit_preparation(features, Recipe(columns=("return_share",)), seed=1)
    places = preparation.transform(pd.DataFrame({"return_share": centres}))
    grouping = Grouping("k-means", np.array([]), places, NearestCentre(places), len(features))
    return Segmentation(preparation, grouping, tuple(f"segment {number}" for number in range(len(centres))))


def test_progress_is_told_after_each_refit() -> None:
    told: list[tuple[int, int]] = []
    segmentation = cluster.fit(TIGHT, plan(3))
    bootstrap_refits(
        segmentation, TIGHT, plan(3), past=None, refits=3, seed=1, on_progress=lambda done, of: told.append((done, of))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_slow_algorithm_has_fewer_customers_and_refits() -> None:
    assert effort_of(plan(3, algorithm="ward")) == SLOW


def test_a_sample_is_said_to_be_one() -> None:
    refits = Refits(np.ones(25), np.ones((25, 3)), 2_000, 5_878, 25)
    assert "25 refits, everything made anew, on a sample of 2,000 of the 5,878 customers" in refits_in_words(refits)


def test_refits_that_were_given_up_are_counted() -> None:
    assert refits_in_words(Refits(np.ones(7), np.ones((7, 2)), 90, 90, 9)).endswith("2 more could not be made.")


def test_the_interval_is_what_the_number_of_refits_leaves_open() -> None:
    # Ten refits at 0.8 and 0.9 by turns: deviation 0.0527, times t of 9 degrees (2.262) over the root of ten.
    jaccard = np.tile([0.8, 0.9], 5)[:, None]
    row = named(Refits(np.ones(10), jaccard, 90, 90, 10)).loc[0]
    assert row[["jaccard_low", "jaccard_high"]].tolist() == pytest.approx([0.85 - 0.0377, 0.85 + 0.0377], abs=1e-4)


def test_a_segment_dissolves_in_a_refit_at_a_jaccard_of_a_half_or_less() -> None:
    assert named(Refits(np.ones(4), np.array([[0.5], [0.51], [0.2], [0.9]]), 90, 90, 4)).loc[0, "dissolved"] == 0.5


def test_four_times_the_refits_halve_the_interval() -> None:
    drawn = np.random.default_rng(1).uniform(0.6, 0.9, (400, 1))
    few, many = (named(Refits(np.ones(n), drawn[:n], 90, 90, n)).loc[0] for n in (100, 400))
    widths = [row["jaccard_high"] - row["jaccard_low"] for row in (few, many)]
    assert widths[1] / widths[0] == pytest.approx(0.5, abs=0.05)


# --- rules


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return described(pd.DataFrame(rng.integers(1, 400, (300, 3)).astype("float64"), columns=COLUMNS))


def test_rules_with_fixed_limits_can_t_vary_and_say_so(shop: pd.DataFrame) -> None:
    refits = refitted(shop, by_rules("simple_rules"))
    assert (refits.number, refits_in_words(refits).startswith("Not measured. Rules with fixed limits")) == (0, True)


def test_scores_in_fifths_depend_on_who_is_there(shop: pd.DataFrame) -> None:
    agreement = refits_agreement(refitted(shop, by_rules("rfm_map")))["agreement"]
    assert 0.6 < agreement < 0.99


def test_without_refits_everything_is_missing_and_every_segment_has_its_row(shop: pd.DataFrame) -> None:
    refits = refitted(shop, by_rules("simple_rules"))
    table = named(refits).drop(columns="name")
    assert (len(table), table.isna().all(axis=None)) == (refits.jaccard.shape[1], True)


# --- trials


@pytest.fixture(scope="module")
def trials() -> pd.DataFrame:
    features = TIGHT.assign(product_count=np.expm1(np.repeat([1.0, 3.0, 5.0], 60)))
    by = plan(3, columns=(*COLUMNS, "product_count"))
    earlier = cluster.fit(features.iloc[::2], by)
    return upset(cluster.fit(features, by), features, by, past=None, earlier=earlier, seed=1)


def test_each_kind_of_trial_is_made(trials: pd.DataFrame) -> None:
    counts = trials.groupby(level=0).size().to_dict()
    assert counts == {SEEDS: 5, HALVES: 10, WITHOUT: 1, WITHOUT_MOST: 1, EARLIER: 1}


def test_nothing_upsets_clear_groups(trials: pd.DataFrame) -> None:
    assert trials[trials.index.get_level_values(0) != WITHOUT_MOST].min(axis=None) > 0.98


def test_halves_find_the_cut_segment_that_refits_forgive() -> None:
    segmentation = cluster.fit(LOOSE, plan(4))
    told = by_kind(upset(segmentation, LOOSE, plan(4), past=None, earlier=None, seed=1)).loc[HALVES, [0, 1, 2, 3]]
    cut = sorted(set(segmentation.grouping.labels[-60:]))
    assert (told[cut].max() < 0.75, told.drop(cut).min() > 0.98) == (True, True)


def test_leaving_out_the_feature_that_decides_changes_the_segments() -> None:
    rng = np.random.default_rng(1)
    features = TIGHT.assign(product_count=rng.integers(1, 9, 180), pieces_per_order=rng.integers(1, 9, 180))
    by = plan(3, columns=("net_spend", "product_count", "pieces_per_order"))
    told = upset(cluster.fit(features, by), features, by, past=None, earlier=None, seed=1)
    assert told.loc[(WITHOUT, "without value and rhythm"), "agreement"] < 0.5


def test_rules_with_fixed_limits_have_only_the_earlier_day(shop: pd.DataFrame) -> None:
    by = by_rules("simple_rules")
    fitted = cluster.fit(shop, by)
    told = upset(fitted, shop, by, past=None, earlier=cluster.fit(shop, by), seed=1)
    assert told.index.tolist() == [(EARLIER, "the earlier day")]
    assert told.to_numpy().tolist() == [[1.0] * (1 + fitted.k)]


def test_one_group_has_no_trial(shop: pd.DataFrame) -> None:
    by = Plan("one group", Recipe(), "", 1, "simple_rules", 1)
    told = upset(cluster.fit(shop, by), shop, by, past=None, earlier=None, seed=1)
    assert (len(told), stability_in_words(told).startswith("No other trial")) == (0, True)
    assert trials_table(told, pd.Series(["all buyers"])).empty


def test_components_that_are_more_than_the_features_left_stop_no_trial() -> None:
    features = TIGHT.assign(product_count=np.linspace(1, 9, 180))
    by = plan(3, columns=(*COLUMNS, "product_count"), reduction="pca", components=3)
    told = upset(cluster.fit(features, by), features, by, past=None, earlier=None, seed=1)
    assert told.loc[WITHOUT_MOST].index.tolist() == ["without value and rhythm"]


def test_the_table_of_trials_names_who_comes_back_worst() -> None:
    index = pd.MultiIndex.from_tuples([(SEEDS, "seed 2"), (SEEDS, "seed 3"), (WITHOUT, "without basket")])
    told = pd.DataFrame({"agreement": [0.9, 0.7, 0.5], 0: [1.0, 0.8, 0.4], 1: [0.6, 0.8, 0.9]}, index=index)
    table = trials_table(told, pd.Series(["regulars", "lapsed"]))
    assert table.to_numpy().tolist() == [
        ["another start", 2, pytest.approx(0.8), 0.7, "lapsed", pytest.approx(0.7)],
        ["without basket", 1, 0.5, 0.5, "regulars", 0.4],
    ]
    assert stability_in_words(told) == (
        "Most is changed by: without basket (agreement 0.50); least by: another start (0.80)."
    )


labellings = st.lists(st.integers(0, 3), min_size=4, max_size=30)


@given(labellings)
def test_a_grouping_agrees_with_itself_however_it_is_numbered(labels: list[int]) -> None:
    own = np.unique(labels, return_inverse=True)[1]
    agreement, jaccard = compare(own, own.max() - own, k=int(own.max()) + 1)
    assert (agreement, set(jaccard)) == (1.0, {1.0})


@given(labellings, st.integers(0, 99))
def test_halves_agree_at_most_fully_whatever_they_make(labels: list[int], seed: int) -> None:
    own = np.unique(labels, return_inverse=True)[1]
    first, second = np.random.default_rng(seed).integers(0, 3, (2, len(own)))
    jaccard = compare_halves(own, first, second, k=int(own.max()) + 1)[1]
    assert ((jaccard >= 0) & (jaccard <= 1)).all()


# --- customers without groups


def test_clear_groups_are_closer_than_a_crowd() -> None:
    crowd = crowd_of(cluster.fit(TIGHT, plan(3)), TIGHT, seed=1)
    assert crowd is not None
    assert crowd.closer > 1


def test_a_crowd_cut_in_four_is_no_closer_and_holds_no_better_than_a_crowd() -> None:
    features = around([(4.0, 4.0, 4.0)], [0.5], each=400)
    by = plan(4)
    crowd = crowd_of(cluster.fit(features, by), features, seed=1)
    assert crowd is not None
    assert crowd.closer < 0.02
    assert refits_agreement(refitted(features, by))["agreement"] < crowd.agreement + 0.1


def test_rules_have_no_crowd_beside_them(shop: pd.DataFrame) -> None:
    assert crowd_of(cluster.fit(shop, by_rules("rfm_map")), shop, seed=1) is None


# --- internal measures


def test_the_silhouette_of_two_points_each_is_1() -> None:
    features = pd.DataFrame({"return_share": [0.0, 0.0, 1.0, 1.0]})
    measures = internal_measures(by_hand(features, [0.0, 1.0]), features, seed=1)
    assert measures.table["silhouette"].to_dict() == {0: 1.0, 1: 1.0, "all": 1.0}


def test_the_silhouette_by_hand() -> None:
    # At 0, 1 and 4 after scaling by the same factor: (4 - 1) / 4 and (3 - 1) / 3; alone in a segment it is 0.
    features = pd.DataFrame({"return_share": [0.0, 0.25, 1.0]})
    measures = internal_measures(by_hand(features, [0.125, 1.0]), features, seed=1)
    assert measures.table["silhouette"].tolist() == pytest.approx([(3 / 4 + 2 / 3) / 2, 0, (3 / 4 + 2 / 3) / 3])


def test_distances_within_and_between_by_hand() -> None:
    # At 0, 1 and 4: within the pair 1, from it to the third (4 + 3) / 2, in units of the deviation, 1.6997.
    features = pd.DataFrame({"return_share": [0.0, 0.25, 1.0]})
    table = internal_measures(by_hand(features, [0.125, 1.0]), features, seed=1).table
    unit = 4 / 0.25 / 4 * np.std([0.0, 0.25, 1.0])
    assert (table["within"] * unit)[[0, "all"]].tolist() == pytest.approx([1, 1])
    assert np.isnan(table.loc[1, "within"])
    assert (table["between"] * unit).tolist() == pytest.approx([3.5, 3.5, 3.5])


def test_davies_bouldin_of_all_is_the_mean_of_the_segments() -> None:
    table = internal_measures(cluster.fit(LOOSE, plan(4)), LOOSE, seed=1).table
    assert table.loc[ALL, "davies_bouldin"] == pytest.approx(table.drop(index=ALL)["davies_bouldin"].mean())


def test_clear_segments_part_better_than_loose_ones() -> None:
    told = [internal_measures(cluster.fit(features, plan(3)), features, seed=1).table for features in (TIGHT, LOOSE)]
    assert told[0].loc[ALL, "silhouette"] > told[1].loc[ALL, "silhouette"] + 0.05


def test_calinski_harabasz_is_a_measure_of_all_segments_at_once() -> None:
    told = internal_measures(cluster.fit(TIGHT, plan(3)), TIGHT, seed=1).table["calinski_harabasz"]
    assert told.notna().to_dict() == {0: False, 1: False, 2: False, ALL: True}


def test_every_measure_has_a_sentence_on_how_to_read_it() -> None:
    assert set(HOW_TO_READ) == set(MEASURES)


@pytest.mark.parametrize(
    ("by", "why"), [(by_rules("simple_rules"), "Rules go by limits"), (plan(3), "Every customer is a segment")]
)
def test_what_is_not_measured_says_why_and_every_segment_has_its_row(by: Plan, why: str) -> None:
    features = around(CORNERS, [0.2, 0.2, 0.2], each=1)
    segmentation = cluster.fit(features, by)
    internal = internal_measures(segmentation, features, seed=1)
    assert internal.table.index.tolist() == [*range(segmentation.k), ALL]
    assert internal.table.isna().all(axis=None)
    assert how_to_read(internal).startswith(why)


def test_the_table_ends_with_all_customers() -> None:
    segmentation = cluster.fit(TIGHT, plan(3))
    table = internal_table(internal_measures(segmentation, TIGHT, seed=1), cluster.named_segments(segmentation, TIGHT))
    assert table[["segment", "customers"]].iloc[-1].tolist() == ["all", 180]


def test_curves_rise_and_show_no_small_segment() -> None:
    features = pd.concat([TIGHT, around([(6.0, 6.0, 1.0)], [0.1], each=4)]).reset_index(drop=True)
    segmentation = cluster.fit(described(features), plan(4))
    segments = cluster.named_segments(segmentation, described(features))
    curves = silhouette_curves(internal_measures(segmentation, described(features), seed=1), segments, min_group=5)
    assert curves.groupby("segment").size().tolist() == [100] * 3
    assert curves.groupby("segment")["silhouette"].apply(lambda of: of.is_monotonic_increasing).all()


# --- figures


def test_the_dots_are_drawn_for_segments_and_for_rules_without_refits(shop: pd.DataFrame, trials: pd.DataFrame) -> None:
    drawn = figures.jaccard_dots(named(refitted(TIGHT, plan(3), refits=2)), by_kind(trials))
    assert [label.get_text() for label in drawn.axes[0].get_yticklabels()] == ["segment 0", "segment 1", "segment 2"]
    nothing = figures.jaccard_dots(named(refitted(shop, by_rules("simple_rules"))), by_kind(trials.iloc[:0]))
    assert "not measured" in [text.get_text() for text in nothing.axes[0].texts]


def test_the_silhouettes_stand_in_the_order_of_the_segments() -> None:
    segmentation = cluster.fit(TIGHT, plan(3))
    internal = internal_measures(segmentation, TIGHT, seed=1)
    curves = silhouette_curves(internal, cluster.named_segments(segmentation, TIGHT), min_group=5)
    drawn = figures.silhouette_plot(curves, mean=internal.table.loc[ALL, "silhouette"])
    labels = [" ".join(label.get_text().split()).split(" (")[0] for label in drawn.axes[0].get_yticklabels()]
    assert labels == list(segmentation.names)
