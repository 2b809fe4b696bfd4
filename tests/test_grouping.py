from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score

from segmentation.grouping import (
    ALGORITHMS,
    Grouping,
    assumptions,
    compare_algorithms,
    comparison_caption,
    comparison_table,
    density,
    group,
    membership,
    tree,
)
from segmentation.grouping.comparing import COLUMNS
from segmentation.grouping.groups import grouped
from segmentation.grouping.knee import knee
from segmentation.grouping.placing import Fit, MostLikely, NearestCentre, NearestCore
from segmentation.problems import DataProblem

NAMES = list(ALGORITHMS)
TOLD_K = [name for name in NAMES if ALGORITHMS[name].takes_k]
OWN_K = [name for name in NAMES if not ALGORITHMS[name].takes_k]
TREES = ["ward", "average", "complete"]


@cache
def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Plant five round groups of 120 customers, far apart, with three features."""
    return make_blobs(600, 3, centers=5, cluster_std=0.7, random_state=3)


@cache
def moons() -> tuple[np.ndarray, np.ndarray]:
    """Plant two bent groups of 400 customers that reach into each other."""
    return make_moons(800, noise=0.06, random_state=1)


@cache
def crowd() -> np.ndarray:
    """Draw 500 customers without groups."""
    return np.random.default_rng(5).normal(size=(500, 3))


@cache
def tilted() -> tuple[np.ndarray, np.ndarray]:
    """Plant two long groups beside each other, which lie askew."""
    generator = np.random.default_rng(2)
    along, across = generator.normal(0, 4, 600), generator.normal(0, 0.3, 600)
    kind = np.repeat([0, 1], 300)
    return np.column_stack([along + across, along - across + 3 * kind]), kind


@cache
def found(name: str) -> Grouping:
    return group(clouds()[0], algorithm=name, k=5, seed=1)


# --- what every algorithm does


@pytest.mark.parametrize("name", NAMES)
def test_planted_groups_are_found(name: str) -> None:
    assert adjusted_rand_score(clouds()[1], found(name).labels) >= 0.99


@pytest.mark.parametrize("name", NAMES)
def test_groups_are_numbered_without_gaps(name: str) -> None:
    assert np.unique(found(name).labels).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", NAMES)
def test_customers_who_were_fitted_are_placed_as_they_were(name: str) -> None:
    assert (found(name).assign(clouds()[0]) == found(name).labels).all()


@pytest.mark.parametrize("name", NAMES)
def test_each_customer_is_placed_alone_as_among_others(name: str) -> None:
    alone = [found(name).assign(clouds()[0][place : place + 1])[0] for place in range(20)]
    assert alone == found(name).labels[:20].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_centres_are_the_members_means(name: str) -> None:
    means = pd.DataFrame(clouds()[0]).groupby(found(name).labels).mean().to_numpy()
    np.testing.assert_allclose(found(name).centres, means)


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_grouping_places_alike(name: str) -> None:
    newcomers = np.random.default_rng(9).normal(0, 6, size=(300, 3))
    read = Grouping.of(found(name).record())
    assert (read.assign(newcomers) == found(name).assign(newcomers)).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_groups(name: str) -> None:
    again = group(clouds()[0], algorithm=name, k=5, seed=1)
    assert (again.labels == found(name).labels).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_prepared_customers_are_unchanged(name: str) -> None:
    prepared = clouds()[0].copy()
    group(prepared, algorithm=name, k=3, seed=1)
    assert (prepared == clouds()[0]).all()


@pytest.mark.parametrize("name", NAMES)
def test_renumbered_groups_keep_their_members(name: str) -> None:
    turned = found(name).renumbered([4, 2, 0, 1, 3])
    assert (turned.labels == np.array([2, 3, 1, 4, 0])[found(name).labels]).all()


@pytest.mark.parametrize("name", NAMES)
def test_renumbered_groups_are_placed_by_their_new_numbers(name: str) -> None:
    turned = found(name).renumbered([4, 2, 0, 1, 3])
    assert (turned.assign(clouds()[0]) == turned.labels).all()


@pytest.mark.parametrize("name", NAMES)
def test_confidence_lies_between_0_and_1(name: str) -> None:
    confidence = membership(found(name), clouds()[0])
    assert [confidence.shape, confidence.min() >= 0, confidence.max() <= 1] == [(600,), True, True]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "gaussian mixture"])
def test_a_centre_is_surer_than_the_middle_between_two(name: str) -> None:
    first, second = found(name).centres[:2]
    sure, unsure = membership(found(name), np.array([first, (first + second) / 2]))
    assert sure > unsure + 0.1


@pytest.mark.parametrize("name", NAMES)
def test_nobody_else_changes_when_customers_are_shuffled_after_the_fit(name: str) -> None:
    order = np.random.default_rng(1).permutation(600)
    assert (found(name).assign(clouds()[0][order]) == found(name).labels[order]).all()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_assumed_and_when_it_is_wrong_are_sentences(name: str) -> None:
    told = ALGORITHMS[name]
    assert all(text[0].isupper() and text.endswith(".") and len(text) > 40 for text in (told.assumes, told.wrong_when))


def test_every_algorithm_stands_in_the_table_of_assumptions() -> None:
    assert assumptions()["algorithm"].tolist() == NAMES


def test_k_means_is_that_of_scikit_learn() -> None:
    plain = KMeans(5, n_init=5, random_state=1).fit(clouds()[0])
    np.testing.assert_array_equal(found("k-means").labels, plain.labels_)


# --- the textbook: where an algorithm's assumption holds, and where it does not


@pytest.mark.parametrize("name", ["dbscan", "hdbscan"])
def test_density_finds_bent_groups(name: str) -> None:
    assert adjusted_rand_score(moons()[1], group(moons()[0], algorithm=name, k=2, seed=1).labels) >= 0.98


@pytest.mark.parametrize("name", TOLD_K)
def test_whoever_goes_by_centres_or_clouds_misses_bent_groups(name: str) -> None:
    assert adjusted_rand_score(moons()[1], group(moons()[0], algorithm=name, k=2, seed=1).labels) < 0.6


def test_a_mixture_finds_long_groups_that_lie_askew() -> None:
    assert adjusted_rand_score(tilted()[1], group(tilted()[0], algorithm="gaussian mixture", k=2, seed=1).labels) > 0.9


def test_k_means_cuts_long_groups_across() -> None:
    assert adjusted_rand_score(tilted()[1], group(tilted()[0], k=2, seed=1).labels) < 0.2


def test_the_first_cut_of_halves_can_go_through_a_group() -> None:
    row = np.concatenate(
        [np.random.default_rng(4).normal(centre, 0.3, (100, 2)) for centre in ([0, 0], [4, 0], [8, 0])]
    )
    halves = group(row, algorithm="bisecting k-means", k=2, seed=1).labels
    assert 0 < halves[100:200].mean() < 1 or len({*halves[:100]} | {*halves[200:]}) == 2


@pytest.mark.parametrize("name", OWN_K)
def test_a_crowd_is_one_group(name: str) -> None:
    assert group(crowd(), algorithm=name, k=4, seed=1).k == 1


@pytest.mark.parametrize("name", OWN_K)
def test_one_group_is_said_in_words(name: str) -> None:
    told = group(crowd(), algorithm=name, k=4, seed=1).facts["found"]
    assert told.endswith("everybody is put in one group.")


@pytest.mark.parametrize("name", OWN_K)
def test_a_number_that_is_ignored_is_said(name: str) -> None:
    told = group(clouds()[0], algorithm=name, k=3, seed=1).facts["own_k"]
    assert told == "The number of groups, 5, is the algorithm's own; `k` asks for 3, which it can't be told."


# --- noise


def with_strangers() -> np.ndarray:
    """Add 30 customers who stand far from everyone, and from each other, to the planted groups."""
    return np.vstack([clouds()[0], np.random.default_rng(6).uniform(60, 900, size=(30, 3))])


@pytest.mark.parametrize("name", OWN_K)
def test_strangers_are_called_noise(name: str) -> None:
    assert group(with_strangers(), algorithm=name, k=5, seed=1).left_out == pytest.approx(30 / 630, abs=0.02)


@pytest.mark.parametrize("name", OWN_K)
def test_strangers_go_with_a_group_all_the_same(name: str) -> None:
    grouping = group(with_strangers(), algorithm=name, k=5, seed=1)
    assert [grouping.k, set(grouping.labels[-30:]) <= set(range(5))] == [5, True]


def test_who_is_noise_goes_with_the_nearest_core() -> None:
    placement = NearestCore(np.array([[0.0], [10.0]]), np.array([0, 1]))
    assert placement.place(np.array([[4.0], [6.0], [99.0]])).tolist() == [0, 1, 1]


def test_crowds_are_chains_of_steps_within_the_radius() -> None:
    cores = np.array([[0.0], [1.0], [5.0], [2.0], [6.1]])
    assert density.crowds(cores, radius=1.0).tolist() == [0, 0, 1, 0, 2]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_crowds_are_those_of_scikit_learn(seed: int) -> None:
    from sklearn.cluster import DBSCAN

    points = np.random.default_rng(seed).uniform(0, 10, size=(300, 2))
    assert (density.crowds(points, radius=0.6) == DBSCAN(eps=0.6, min_samples=1).fit(points).labels_).all()


def test_the_twelve_largest_crowds_are_kept() -> None:
    labels = np.repeat(np.arange(20), np.arange(5, 25))
    kept = density.largest(labels, smallest=5)
    assert [kept.max() + 1, (kept == density.NOISE).sum()] == [12, sum(range(5, 13))]


def test_the_cores_that_are_kept_are_some_of_each_group() -> None:
    groups = np.repeat([0, 1, 2], [20_000, 300, 50])
    kept = np.bincount(groups[density.some_of_each(groups, seed=1)])
    assert kept.tolist() == [4_914, 200, 50]


# --- the knee


def test_a_knee_is_where_a_curve_turns() -> None:
    assert knee(np.array([0.0, 0.1, 0.2, 0.3, 0.4, 5.0, 10.0])) == 4


@pytest.mark.parametrize("curve", [[1.0], [1.0, 2.0], [3.0, 3.0, 3.0], [0.0, 9.0, 9.5, 10.0]])
def test_a_curve_without_a_knee_has_it_at_its_end(curve: list[float]) -> None:
    assert knee(np.array(curve)) == len(curve) - 1


# --- trees


@pytest.mark.parametrize("name", TREES)
def test_a_tree_s_top_has_at_most_thirty_leaves(name: str) -> None:
    assert len(found(name).facts["tree"]) == 29


@pytest.mark.parametrize("name", TREES)
def test_the_last_merge_holds_everyone(name: str) -> None:
    assert found(name).facts["tree"]["customers"].iloc[-1] == 600


@pytest.mark.parametrize("name", TREES)
def test_the_cut_leaves_as_many_branches_as_groups(name: str) -> None:
    assert (found(name).facts["tree"]["height"] > found(name).facts["cut"]).sum() == 4


def test_branches_are_as_many_as_asked_for_though_all_merges_are_alike() -> None:
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert [group(corners, algorithm="average", k=k, seed=1).k for k in (1, 2, 3, 4)] == [1, 2, 3, 4]


def test_leaves_and_merges_are_numbered_in_their_order() -> None:
    merges = np.array([[0, 1, 1.0, 2], [2, 3, 2.0, 2], [4, 5, 3.0, 4]])
    top = tree.top_of(merges, leaves=3)
    assert top[["left", "right", "left_customers", "right_customers"]].to_numpy().tolist() == [
        [0, 1, 1, 1],
        [2, 3, 2, 2],
    ]


# --- mixtures


def test_a_mixture_tells_bayes_criterion() -> None:
    bic = [group(clouds()[0], algorithm="gaussian mixture", k=k, seed=1).facts["bic"] for k in (3, 5, 7)]
    assert bic.index(min(bic)) == 1


def test_a_mixture_of_few_customers_has_no_tilt_and_says_why() -> None:
    told = group(clouds()[0][:20], algorithm="gaussian mixture", k=3, seed=1).facts
    assert (told["covariance"], told["fallback"]) == (
        "diag",
        "The components lie along the features, without tilt: fewer customers than the tilts of all components have "
        "numbers.",
    )


def test_confidence_in_a_mixture_is_the_probability_of_the_component() -> None:
    placement = MostLikely(np.array([0.5, 0.5]), np.array([[0.0], [2.0]]), np.ones((2, 1, 1)))
    grouping = Grouping("gaussian mixture", np.array([0, 1]), np.array([[0.0], [2.0]]), placement, 2)
    assert membership(grouping, np.array([[1.0], [0.0]])) == pytest.approx([0.5, 1 / (1 + np.exp(-2))])


def test_a_component_that_nobody_belongs_to_is_given_up() -> None:
    prepared = np.array([[0.0], [0.1], [5.0]])
    fit = Fit(NearestCentre(np.array([[0.0], [99.0], [5.0]])))
    grouping = grouped(prepared, fit, algorithm="k-means", fitted_on=3)
    assert [grouping.labels.tolist(), grouping.k, grouping.assign(np.array([[98.0]])).tolist()] == [[0, 0, 1], 2, [1]]


# --- what can't be done


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"`algorithm` must be one of k-means, .*, hdbscan; got 'magic'"):
        group(clouds()[0], algorithm="magic", k=3, seed=1)


@pytest.mark.parametrize("name", TOLD_K)
@pytest.mark.parametrize("k", [0, 3])
def test_a_number_beyond_the_different_customers_is_refused(name: str, k: int) -> None:
    with pytest.raises(DataProblem, match=rf"`k` must be between 1 and the 2 different customers; got {k}"):
        group(np.repeat([[0.0, 1.0], [2.0, 1.0]], 30, axis=0), algorithm=name, k=k, seed=1)


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"must be known of every customer; something is missing for 1 of 3"):
        group(np.array([[1.0], [np.nan], [2.0]]), k=1, seed=1)


def test_customers_with_other_columns_are_refused() -> None:
    with pytest.raises(DataProblem, match=r"must have the 3 columns that the groups were made from; these have 2"):
        found("k-means").assign(np.zeros((4, 2)))


def test_no_feature_is_refused() -> None:
    with pytest.raises(DataProblem, match="needs at least one feature"):
        group(np.empty((5, 0)), k=1, seed=1)


@pytest.mark.parametrize("name", NAMES)
def test_two_customers_can_be_grouped(name: str) -> None:
    assert group(np.array([[0.0, 1.0], [2.0, 1.0]]), algorithm=name, k=2, seed=1).k <= 2


@pytest.mark.parametrize("name", NAMES)
def test_customers_who_are_all_alike_are_one_group(name: str) -> None:
    assert group(np.ones((50, 3)), algorithm=name, k=1, seed=1).k == 1


@pytest.mark.parametrize("name", NAMES)
def test_two_kinds_of_ties_are_two_groups(name: str) -> None:
    ties = np.repeat([[0.0, 1.0], [2.0, 1.0]], 50, axis=0)
    assert group(ties, algorithm=name, k=2, seed=1).labels.tolist() in ([0] * 50 + [1] * 50, [1] * 50 + [0] * 50)


@pytest.mark.parametrize("name", NAMES)
def test_one_customer_far_from_all_does_not_stop_the_others(name: str) -> None:
    whale = np.vstack([clouds()[0], [[1e6, 1e6, 1e6]]])
    grouping = group(whale, algorithm=name, k=3, seed=1)
    assert (grouping.assign(whale) == grouping.labels).all()


@pytest.mark.parametrize("name", TOLD_K)
def test_every_customer_may_be_a_group(name: str) -> None:
    points = np.arange(6.0)[:, None] * 10
    assert sorted(group(points, algorithm=name, k=6, seed=1).labels) == [0, 1, 2, 3, 4, 5]


def test_a_single_group_is_sure_of_everybody() -> None:
    assert membership(group(crowd(), k=1, seed=1), crowd()).tolist() == [1.0] * 500


def test_nobody_can_be_placed() -> None:
    assert found("k-means").assign(np.empty((0, 3))).tolist() == []


# --- samples


@pytest.fixture
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every algorithm hold 200 customers only."""
    from dataclasses import replace

    for name, told in ALGORITHMS.items():
        monkeypatch.setitem(ALGORITHMS, name, replace(told, holds=200))


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize("name", NAMES)
def test_who_is_not_in_the_sample_is_placed_with_the_planted_group(name: str) -> None:
    grouping = group(clouds()[0], algorithm=name, k=5, seed=1)
    assert [grouping.fitted_on, adjusted_rand_score(clouds()[1], grouping.labels) >= 0.98] == [200, True]


@pytest.mark.parametrize("name", ["ward", "dbscan"])
def test_a_hundred_thousand_customers_are_grouped_from_a_sample(name: str) -> None:
    many, kinds = make_blobs(100_000, 7, centers=4, cluster_std=1.0, random_state=2)
    grouping = group(many, algorithm=name, k=4, seed=1)
    assert [grouping.fitted_on, adjusted_rand_score(kinds, grouping.labels) > 0.99] == [ALGORITHMS[name].holds, True]


# --- the comparison


@cache
def compared() -> pd.DataFrame:
    return compare_algorithms(clouds()[0], k=5, seed=1, refits=3)


def test_there_is_one_row_an_algorithm() -> None:
    assert [compared().index.tolist(), compared().columns.tolist()] == [NAMES, [*COLUMNS]]


def test_planted_groups_come_back_with_every_algorithm() -> None:
    assert compared()[["agreement", "lowest_jaccard"]].min().min() > 0.9


def test_k_means_agrees_with_itself() -> None:
    assert compared().loc["k-means", "agreement_with_k_means"] == 1


def test_a_single_group_has_no_measures() -> None:
    row = compare_algorithms(crowd(), algorithms=["hdbscan"], k=3, seed=1, refits=2).loc["hdbscan"]
    assert row[["silhouette", "davies_bouldin", "agreement", "agreement_with_k_means"]].isna().all()


def test_a_crowd_s_cut_comes_back_worse_than_planted_groups() -> None:
    row = compare_algorithms(crowd(), algorithms=["k-means"], k=5, seed=1, refits=5).loc["k-means"]
    assert row["agreement"] < 0.8


def test_two_customers_can_be_compared() -> None:
    row = compare_algorithms(np.array([[0.0], [1.0]]), algorithms=["k-means"], k=2, seed=1, refits=2).loc["k-means"]
    assert row["groups"] == 2


def test_the_table_begins_with_the_steadiest() -> None:
    assert comparison_table(compared())["refits agree"].is_monotonic_decreasing


def test_the_caption_says_on_how_many_was_measured() -> None:
    told = comparison_caption(compared(), customers=5_000, refits=3)
    assert "from 3 refits on 600 of them, drawn with replacement. Fitted on a sample" in told
