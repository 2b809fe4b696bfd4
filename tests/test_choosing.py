from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import adjusted_rand_score, silhouette_score

from segmentation.agreement import adjusted_rand, closest_jaccard, shared_customers
from segmentation.choosing import (
    GROUNDS,
    WEIGHTS,
    Choice,
    Neighbours,
    NoSegments,
    choose,
    clustergram,
    measure,
    neighbours,
    neighbours_in_words,
    references_by_k,
    steadier_rival,
    why_rival,
)
from segmentation.choosing.fitting import fit_k_means
from segmentation.choosing.measures import share_between
from segmentation.choosing.references import normal_crowd, own_features, uniform_box
from segmentation.choosing.silhouettes import apart, distances_between
from segmentation.choosing.stability import refit_labels
from segmentation.problems import DataProblem


def scaled(values: np.ndarray) -> np.ndarray:
    """Prepare as step 03 does: mean 0, deviation 1, at most 3 from the mean."""
    return ((values - values.mean(axis=0)) / values.std(axis=0)).clip(-3, 3)


def planted(k: int, *, each: int = 80, columns: int = 6, apart_by: float = 8.0, seed: int = 1) -> np.ndarray:
    """Draw k round groups whose centres are equally far apart, in deviations within groups before scaling."""
    generator = np.random.default_rng(seed)
    directions = np.linalg.qr(generator.normal(size=(max(k, columns), max(k, columns))))[0]
    centres = directions[:k] * apart_by / np.sqrt(2)
    customers = np.repeat(centres, each, axis=0)
    return scaled(customers + generator.normal(size=customers.shape))


def blob(customers: int = 600, *, columns: int = 5, seed: int = 1) -> np.ndarray:
    return scaled(np.random.default_rng(seed).normal(size=(customers, columns)))


def long_blob(customers: int = 900, *, columns: int = 5, seed: int = 1) -> np.ndarray:
    """Draw one crowd in which one trait lies behind all features, so that cuts across it hold."""
    generator = np.random.default_rng(seed)
    return scaled(generator.normal(size=(customers, 1)) + 0.3 * generator.normal(size=(customers, columns)))


def box(customers: int = 600, *, columns: int = 5, seed: int = 1) -> np.ndarray:
    sides = np.linspace(2, 1, columns)
    return scaled(np.random.default_rng(seed).uniform(size=(customers, columns)) @ np.diag(sides))


def measured(prepared: np.ndarray, *, k_max: int = 6, refits: int = 4, **told: object) -> pd.DataFrame:
    return measure(prepared, algorithm="k-means", k_max=k_max, refits=refits, seed=1, **told)


def chosen(grounds: pd.DataFrame, **told: object) -> Choice:
    return choose(grounds, **({"k": 0, "min_share": 0.03, "most": 12} | told))


# --- groups that are there are found, others are not invented


@pytest.mark.parametrize("k", [2, 3, 5, 6])
def test_the_planted_number_of_groups_is_chosen(k: int) -> None:
    choice = chosen(measured(planted(k), k_max=8))
    assert (choice.k, choice.found in {"groups", "cut"}) == (k, True)


def test_clearly_parted_groups_are_called_groups() -> None:
    assert chosen(measured(planted(4))).found == "groups"


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("crowd", [blob, long_blob, box])
def test_a_crowd_is_not_reported_as_segments(crowd: object, seed: int) -> None:
    with pytest.raises(
        NoSegments, match=r"(holds|more than a cut through one crowd): .*Set `k` to cut it all the same\?"
    ):
        chosen(measured(crowd(seed=seed), k_max=4, refits=3))


@pytest.mark.parametrize("seed", [1, 2])
def test_skew_and_counts_make_no_groups(seed: int) -> None:
    generator = np.random.default_rng(seed)
    skewed = np.column_stack([generator.gamma(4, size=(600, 3)), np.log1p(generator.poisson(1.5, size=(600, 2)))])
    with pytest.raises(NoSegments):
        chosen(measured(scaled(skewed), k_max=5, refits=3))


def test_two_lumps_of_a_single_feature_are_a_rule_and_no_groups() -> None:
    customers = np.random.default_rng(1).normal(size=(600, 3))
    customers[:300, 0] += 8
    grounds = references_by_k(scaled(customers), k_max=2, seed=1)
    assert (grounds.loc[2, "gap"] > 0.05, abs(grounds.loc[2, "gap_features"]) < 0.02) == (True, True)


def test_shuffled_features_keep_their_values_and_rank_correlations() -> None:
    customers = np.exp(long_blob(2_000))
    crowd = own_features(customers, np.random.default_rng(1))
    assert np.array_equal(np.sort(crowd, axis=0), np.sort(customers, axis=0))
    assert np.allclose(spearmanr(crowd).statistic, spearmanr(customers).statistic, atol=0.05)


def test_a_long_crowd_is_refused_though_a_cut_of_it_holds() -> None:
    grounds = measured(long_blob(), k_max=3)
    assert grounds.loc[2, "agreement"] >= 0.8
    with pytest.raises(NoSegments, match=r"that hold are at best \d+% looser than those of a crowd without groups"):
        chosen(grounds)


def test_a_long_crowd_whose_segments_tell_later_spend_is_cut() -> None:
    crowd = long_blob()
    later = np.exp(crowd.mean(axis=1))
    choice = chosen(measured(crowd, k_max=3, later=later))
    assert (choice.found, "borders are cut rather than found" in choice.why) == ("cut", True)


# --- the measures, against the definition


def test_every_column_of_the_grounds_is_described() -> None:
    assert measured(planted(3), k_max=3, refits=2).columns.tolist() == list(GROUNDS)


def test_the_silhouette_is_that_of_scikit_learn() -> None:
    customers = planted(3, each=30)
    labels = fit_k_means(customers, k=4, seed=1, starts=2).labels
    own = apart(distances_between(customers), labels, of=90)
    assert own.silhouette == pytest.approx(silhouette_score(customers, labels), abs=1e-5)


def test_a_silhouette_of_all_customers_has_no_error_of_sampling() -> None:
    customers = planted(3, each=30)
    labels = np.repeat([0, 1, 2], 30)
    assert apart(distances_between(customers), labels, of=90).error == 0
    assert apart(distances_between(customers), labels, of=900).error > 0


def test_mean_distances_are_within_and_between_groups() -> None:
    line = np.array([[0.0], [2.0], [10.0], [12.0]])
    own = apart(distances_between(line), np.array([0, 0, 1, 1]), of=4)
    assert (own.within, own.between) == (2.0, 10.0)


def test_the_adjusted_rand_index_is_that_of_scikit_learn() -> None:
    first, second = np.random.default_rng(1).integers(0, 4, (2, 200))
    assert adjusted_rand(shared_customers(first, second)) == pytest.approx(adjusted_rand_score(first, second))


def test_a_group_that_comes_back_has_a_jaccard_of_1() -> None:
    assert closest_jaccard(np.array([[5, 0, 0], [0, 3, 3]])).tolist() == [1.0, 0.5]


def test_a_customer_drawn_twice_counts_twice_in_a_refit() -> None:
    far = np.concatenate([np.zeros((50, 1)), np.ones((50, 1))])
    refits = list(refit_labels(far, algorithm="k-means", k=2, refits=3, seed=1))
    assert [adjusted_rand_score(labels, far[:, 0]) for labels in refits] == [1.0, 1.0, 1.0]


def test_distances_within_fall_and_bend_at_the_planted_number() -> None:
    grounds = measured(planted(4), k_max=8, refits=2)
    assert grounds["distortion"].is_monotonic_decreasing
    assert grounds.index[grounds["knee"]].tolist() == [4]


def test_the_gap_is_widest_at_the_planted_number() -> None:
    assert measured(planted(4), k_max=7, refits=2)["gap"].idxmax() == 4


@pytest.mark.parametrize("draw", [normal_crowd, uniform_box])
def test_a_reference_has_the_customers_covariance(draw: object) -> None:
    customers = long_blob(4_000)
    crowd = draw(customers, np.random.default_rng(1))
    assert np.allclose(np.cov(crowd.T), np.cov(customers.T), atol=0.1)


def test_groups_that_decide_later_spend_explain_all_of_it() -> None:
    customers = planted(3, apart_by=12.0)
    later = np.repeat([0.0, 10.0, 500.0], 80)
    assert measured(customers, k_max=3, refits=2, later=later).loc[3, "later_explained"] == pytest.approx(1.0)


def test_later_spend_by_chance_is_not_explained() -> None:
    later = np.random.default_rng(2).normal(size=240)
    assert measured(planted(3), k_max=3, refits=2, later=later)["later_explained"].max() < 0.05


def test_customers_without_known_later_spend_do_not_count() -> None:
    customers = planted(3, apart_by=12.0)
    later = np.repeat([0.0, 10.0, 500.0], 80)
    later[::7] = np.nan
    assert measured(customers, k_max=3, refits=2, later=later).loc[3, "later_explained"] == pytest.approx(1.0)


def test_customers_of_an_earlier_day_are_placed_in_todays_segments() -> None:
    customers = planted(3, apart_by=12.0)
    grounds = measured(customers, k_max=3, refits=2, past=customers[:160], later=np.repeat([1.0, 5.0], 80))
    assert grounds.loc[3, "later_explained"] == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_grounds() -> None:
    pd.testing.assert_frame_equal(measured(blob(200), k_max=3), measured(blob(200), k_max=3))


def test_the_customers_are_unchanged() -> None:
    customers = blob(100)
    measured(customers, k_max=3, refits=2)
    assert np.array_equal(customers, blob(100))


def test_references_that_were_measured_already_are_used() -> None:
    customers = planted(3)
    references = references_by_k(customers, k_max=3, seed=9)
    assert measured(customers, k_max=3, references=references)["gap"].tolist() == references["gap"].tolist()


def test_progress_is_told_after_each_number() -> None:
    told = []
    measured(blob(60), k_max=4, refits=2, on_progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_large_table_is_measured_on_a_sample() -> None:
    assert measured(np.tile(planted(3, each=50), (80, 1)), k_max=3, refits=2)["measured_on"].tolist() == [10_000] * 2


@pytest.mark.parametrize("algorithm", ["bisecting k-means", "gaussian mixture", "ward"])
def test_other_algorithms_have_the_same_grounds(algorithm: str) -> None:
    grounds = measure(planted(3, each=40), algorithm=algorithm, k_max=3, refits=2, seed=1)
    assert (grounds.index.tolist(), grounds.loc[3, "agreement"] > 0.9) == ([2, 3], True)


def test_an_algorithm_that_finds_its_own_number_has_one_row() -> None:
    grounds = measure(planted(3, each=60, apart_by=12.0, columns=3), algorithm="hdbscan", k_max=8, refits=2, seed=1)
    assert grounds.index.tolist() == [3]


# --- what can't be measured


@pytest.mark.parametrize("customers", [1, 2, 40])
def test_customers_who_are_all_alike_have_no_grounds(customers: int) -> None:
    grounds = measured(np.ones((customers, 3)))
    with pytest.raises(NoSegments, match="all customers are alike, or form one group"):
        chosen(grounds)


def test_two_different_customers_are_no_segments() -> None:
    with pytest.raises(NoSegments):
        chosen(measured(np.array([[-1.0, 0.0], [1.0, 0.0]])))


def test_a_constant_feature_changes_no_choice() -> None:
    customers = np.column_stack([planted(3), np.zeros(240)])
    assert chosen(measured(customers)).k == 3


def test_no_more_segments_are_tried_than_there_are_different_customers() -> None:
    assert measured(np.tile(np.eye(4), (10, 1)), k_max=9).index.tolist() == [2, 3, 4]


def test_one_customer_far_from_all_others_is_no_segment() -> None:
    customers = blob(300)
    customers[0] = 3.0
    with pytest.raises(NoSegments):
        chosen(measured(customers))


def test_a_missing_value_is_refused() -> None:
    customers = blob(30)
    customers[:4, 1] = np.nan
    with pytest.raises(DataProblem, match=r"must be known for every customer .*; 4 of 30 customers have one"):
        measured(customers)


def test_later_spend_of_other_customers_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"`later` must have one value a customer, 30; got 29\."):
        measured(blob(30), later=np.zeros(29))


# --- the choice, from written grounds

Row = tuple[float, float, float, float]


def written(rows: Mapping[int, Row], *, later: float | None = None) -> pd.DataFrame:
    """Write grounds: k to agreement, silhouette, smallest share and gap."""
    columns = ["agreement", "silhouette", "smallest_share", "gap"]
    grounds = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("k")
    grounds["gap_features"] = grounds["gap"] + 0.1
    known = {"lowest_jaccard": 0.9, "gap_error": 0.01, "gap_features_error": 0.01, "silhouette_crowd": 0.2}
    return grounds.assign(**known, later_explained=later if later is not None else np.nan)


CUT = {2: (0.96, 0.33, 0.40, 0.05), 3: (0.95, 0.32, 0.30, 0.05), 4: (0.92, 0.31, 0.20, 0.05)}
FOUND = {2: (0.99, 0.30, 0.4, 0.1), 3: (0.95, 0.50, 0.3, 0.3), 4: (0.94, 0.49, 0.2, 0.4), 5: (0.95, 0.30, 0.1, 0.3)}


def test_a_number_that_does_not_hold_is_passed_over() -> None:
    assert chosen(written(CUT | {4: (0.79, 0.31, 0.2, 0.05)})).k == 3


def test_agreement_of_exactly_four_fifths_holds() -> None:
    assert chosen(written({2: (0.8, 0.3, 0.4, 0.1), 3: (0.79, 0.3, 0.3, 0.1)})).k == 2


def test_a_number_with_too_small_a_segment_is_passed_over() -> None:
    choice = chosen(written(CUT | {4: (0.90, 0.31, 0.02, 0.05)}))
    assert (choice.k, choice.why.endswith("With 4 the smallest would hold 2.0% of the customers.")) == (3, True)


def test_there_are_at_most_as_many_segments_as_can_be_acted_on() -> None:
    choice = chosen(written(FOUND), most=3)
    assert (choice.k, choice.why.endswith("4 would be more than the 3 that can be acted on.")) == (3, True)


def test_where_customers_form_groups_an_unclear_number_is_passed_over() -> None:
    choice = chosen(written(FOUND))
    assert (choice.k, choice.found) == (4, "groups")
    assert choice.why.endswith("With 5 the silhouette is 0.30, and 0.45 is within reach.")


def test_a_number_whose_segment_is_not_found_again_is_passed_over() -> None:
    grounds = written(FOUND)
    grounds.loc[4, "lowest_jaccard"] = 0.59
    assert chosen(grounds).why.endswith("With 4 one segment would not come back (Jaccard 0.59).")


def test_the_reason_stands_in_words() -> None:
    assert chosen(written(CUT, later=0.25)).why == (
        "4 segments hold when customers are drawn again (agreement 0.92, steady from 0.80). They part 1.5 times as "
        "clearly as in a crowd without groups: customers form a crowd, and borders are cut rather than found. They "
        "tell 25% of the differences in what customers spend later. 3 would be steadier (0.95), and tell 25% of later "
        "spend. More were not tried."
    )


def test_weights_override_the_choice() -> None:
    assert chosen(written(CUT), weights={"detail": 0}).k == 2
    assert chosen(written(CUT), weights={"detail": 9}).k == 4


def test_the_score_is_the_weighted_mean_of_the_grounds() -> None:
    scores = chosen(written(CUT), weights={"clearness": 0}).scores
    # 4 of 4 segments, and 0.92 is six tenths of the way from 0.80 to 1
    assert scores.loc[4].round(6).to_dict() == {"stability": 0.6, "detail": 1.0, "score": 0.8}


def test_what_tells_more_of_later_spend_is_preferred() -> None:
    grounds = written(CUT)
    grounds["later_explained"] = [0.05, 0.30, 0.05]
    assert chosen(grounds).k == 3


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ({"beauty": 1}, r"`choice_weights` must name grounds, which are stability, .*; got 'beauty'\."),
        ({"detail": -1}, r"`choice_weights` must be numbers of 0 or more; got 'detail: -1'\."),
        ({"detail": "much"}, r"`choice_weights` must be numbers of 0 or more; got 'detail: much'\."),
        (dict.fromkeys(WEIGHTS, 0), r"`choice_weights` must leave a ground that counts; all are 0\."),
    ],
)
def test_wrong_weights_are_refused(weights: dict[str, object], problem: str) -> None:
    with pytest.raises(DataProblem, match=problem):
        chosen(written(CUT), weights=weights)


def test_the_users_own_number_is_respected_though_nothing_holds() -> None:
    choice = chosen(written({2: (0.1, 0.3, 0.4, -0.1)}), k=5)
    assert (choice.k, choice.why, choice.found) == (5, "5 segments, because `k` asks for them.", "nothing")


def test_when_no_number_holds_none_is_chosen() -> None:
    loose = written({2: (0.70, 0.3, 0.4, 0.1), 3: (0.79, 0.3, 0.3, 0.1)})
    with pytest.raises(NoSegments, match=r"from 2 to 3 holds: .* agree at 0\.79 at best, and 0\.8 is asked for"):
        chosen(loose)


def test_a_gap_within_its_error_is_chance() -> None:
    within = written({2: (0.95, 0.3, 0.4, 0.03)}).assign(gap_error=0.011)
    with pytest.raises(NoSegments, match="more than a cut through one crowd: those that hold are at best 3% tighter"):
        chosen(within)


def test_the_steadiest_is_taken_when_all_that_hold_leave_small_segments() -> None:
    small = written({2: (0.95, 0.3, 0.02, 0.1), 3: (0.90, 0.5, 0.01, 0.3)})
    choice = chosen(small)
    assert (choice.k, "No number that holds also parts clearly" in choice.why) == (2, True)


# --- algorithms side by side


def compared(**ward: float) -> pd.DataFrame:
    """Write k-means beside ward, which is steadier and otherwise the same but for what is told."""
    same = {"groups": 4, "left_out": 0.0, "smallest_share": 0.1, "lowest_jaccard": 0.8, "silhouette": 0.3}
    same["refitted_on"] = 1_500
    return pd.DataFrame({"k-means": same | {"agreement": 0.85}, "ward": same | {"agreement": 0.96} | ward}).T


def test_a_clearly_steadier_algorithm_is_taken_and_says_why() -> None:
    rival = steadier_rival(compared(), own="k-means", min_share=0.03)
    assert why_rival(compared(), rival, "k-means") == (
        "They are made by ward, which is clearly steadier than k-means where both are fitted to the same 1,500 "
        "customers (agreement 0.96 rather than 0.85)."
    )


@pytest.mark.parametrize(
    "ward",
    [
        {"agreement": 0.94},
        {"groups": 3},
        {"left_out": 0.01},
        {"smallest_share": 0.02},
        {"lowest_jaccard": 0.79},
        {"silhouette": 0.28},
    ],
)
def test_k_means_is_kept_unless_another_is_clearly_better_in_all(ward: dict[str, float]) -> None:
    rival = steadier_rival(compared(**ward), own="k-means", min_share=0.03)
    assert (rival, why_rival(compared(**ward), rival, "k-means")) == ("", "")


# --- one fewer, one more


def test_one_more_splits_the_segment_that_holds_two_groups() -> None:
    customers = planted(4, apart_by=12.0)
    segments = np.repeat([0, 1, 2, 2], 80)
    assert neighbours(customers, segments, algorithm="k-means", seed=1).split == (2,)


def test_one_fewer_joins_the_two_nearest_segments() -> None:
    middles = np.repeat([[0.0, 0.0], [1.0, 0.0], [9.0, 9.0]], 50, axis=0)
    customers = middles + np.random.default_rng(1).normal(0, 0.1, middles.shape)
    beside = neighbours(customers, np.repeat([0, 1, 2], 50), algorithm="k-means", seed=1)
    assert beside.joined == (0, 1)


def test_neighbours_stand_in_words() -> None:
    words = neighbours_in_words(Neighbours(3, (0, 1), (2,)), ["regulars", "newcomers", "lapsed"])
    assert words == "2 would put the regulars and the newcomers together; 4 would split the lapsed."


def test_where_neighbours_draw_other_borders_nothing_is_said() -> None:
    assert neighbours_in_words(Neighbours(3, (), ()), ["a", "b", "c"]) == ""


# --- the clustergram


def test_every_customer_flows_through_every_number() -> None:
    flows = clustergram(planted(3), k_max=5, seed=1)
    assert flows.groupby("k")["share"].sum().round(9).to_dict() == {2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0}


def test_what_flows_into_a_group_flows_out_of_it() -> None:
    flows = clustergram(planted(3), k_max=4, seed=1)
    into = flows[flows["k"] == 3].groupby("to_group")["share"].sum().round(9)
    out_of = flows[flows["k"] == 4].groupby("from_group")["share"].sum().round(9)
    assert into.tolist() == out_of.tolist()


def test_groups_are_numbered_by_where_they_stand() -> None:
    flows = clustergram(planted(4), k_max=4, seed=1)
    assert flows[flows["k"] == 4].groupby("to_group")["to_mean"].first().is_monotonic_increasing


def test_customers_who_are_all_alike_do_not_flow() -> None:
    assert clustergram(np.ones((10, 2)), k_max=5, seed=1).empty


def test_later_spend_by_chance_is_not_explained_for_few_customers_either() -> None:
    generator = np.random.default_rng(3)
    told = [share_between(generator.normal(size=20), np.arange(20) % 5) for _ in range(200)]
    assert np.mean(told) < 0.1  # without the correction it is 4 / 19
