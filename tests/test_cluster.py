import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ibis.backends.duckdb import Backend
from shops import clean_orders
from sklearn.metrics import adjusted_rand_score

from segmentation import cluster
from segmentation.cluster import (
    Plan,
    Segmented,
    Wish,
    agreement,
    agreement_sentence,
    assign_segments,
    cross_shares,
    curve_caption,
    curve_of,
    fit,
    flows_caption,
    grounds_caption,
    map_caption,
    require_enough_to_tell,
    rivals_caption,
    segment_customers,
    tree_caption,
    tree_of,
)
from segmentation.explaining import segment_profile
from segmentation.features import FEATURES, NUMBERS, OF_A_SUMMARY, collect, customer_features, read_day
from segmentation.gate import Allowed
from segmentation.grouping import ALGORITHMS, compare_algorithms
from segmentation.ingest import Hints, read_tables
from segmentation.preparing import USUAL_FEATURES, Recipe
from segmentation.problems import DataProblem
from segmentation.rfm import rfm_segments
from segmentation.runs import PROJECT

SAMPLE = PROJECT / "data" / "sample"
COLUMNS = ("recency_days", "order_count", "net_spend", "average_order", "tenure_days", "product_count")
WITHOUT_SPEND = tuple(name for name in COLUMNS if name != "net_spend")
ENOUGH = Allowed("full")
TOO_FEW = Allowed("rules", "Too few.")


@pytest.fixture(scope="module", autouse=True)
def few_rivals() -> Iterator[None]:
    """Compare two algorithms on one refit each, since most of the time would go there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "RIVAL_REFITS", 1)
        patch.setattr(cluster, "compare_algorithms", partial(compare_algorithms, algorithms=("k-means", "ward")))
        yield


def described(known: pd.DataFrame) -> pd.DataFrame:
    """Write customers of whom only some features are known."""
    words = [name for name in FEATURES if name not in NUMBERS]
    return known.reindex(columns=list(FEATURES)).astype(dict.fromkeys(words, object))


def customers_around(centres: np.ndarray, kinds: np.ndarray, *, spread: float, seed: int) -> pd.DataFrame:
    """Draw customers around the centre of their kind; centres are logarithms of features, shape (kinds, columns)."""
    values = centres[kinds] + np.random.default_rng(seed).normal(0, spread, (len(kinds), len(COLUMNS)))
    known = pd.DataFrame(np.expm1(values.clip(min=0)), columns=list(COLUMNS))
    return described(known.set_axis([f"customer {number:03}" for number in range(len(kinds))], axis=0))


def planted(k: int, *, each: int = 30, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Make k groups far apart in every feature, and tell who belongs to which."""
    levels = np.tile(np.linspace(2, 7, k), (len(COLUMNS), 1))
    centres = np.random.default_rng(seed).permuted(levels, axis=1).T
    kinds = np.repeat(np.arange(k), each)
    return customers_around(centres, kinds, spread=0.25, seed=seed), kinds


def crowd(customers: int = 150, *, seed: int = 1) -> pd.DataFrame:
    """Make customers without any groups: normally distributed, the same spread in every direction."""
    kinds = np.zeros(customers, dtype=int)
    return customers_around(np.full((1, len(COLUMNS)), 4.0), kinds, spread=0.8, seed=seed)


def regular_and_new(customers: int) -> pd.DataFrame:
    """Make customers of two kinds in turn: with 6 orders, and with one."""
    kinds = np.arange(customers) % 2
    told = {"recency_days": 10 + kinds, "order_count": np.where(kinds, 1, 6), "net_spend": np.where(kinds, 20, 300)}
    known = pd.DataFrame(dict.fromkeys(COLUMNS, 1.0), index=[f"c{number}" for number in range(customers)])
    return described(known.assign(**told).astype("float64"))


def wish(**told: object) -> Wish:
    return Wish(
        **({"algorithm": "", "k": 0, "k_max": 4, "min_share": 0.03, "weights": {}, "rules": "simple_rules"} | told)
    )


def segmented(
    features: pd.DataFrame,
    *,
    columns: Sequence[str] = (),
    allowed: Allowed = ENOUGH,
    past: pd.DataFrame | None = None,
    recipe: Recipe | None = None,
    **asked: object,
) -> Segmented:
    recipe = recipe or Recipe(columns=tuple(columns))
    return segment_customers(
        features, recipe=recipe, wish=wish(**asked), allowed=allowed, refits=2, seed=1, past=past
    )  # fmt: skip


def plan(k: int, *, columns: Sequence[str] = COLUMNS, algorithm: str = "k-means") -> Plan:
    return Plan("full", Recipe(columns=tuple(columns)), algorithm, k, "", 1)


def labels(features: pd.DataFrame, *, k: int, columns: Sequence[str] = COLUMNS) -> pd.Series:
    return assign_segments(fit(features, plan(k, columns=columns)), features)["segment"]


# --- what is asked for


def test_an_unknown_algorithm_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(DataProblem, match=r"`algorithm` must be empty .* k-means, .*, hdbscan, rules; got 'kmeans'\."):
        wish(algorithm="kmeans")


@pytest.mark.parametrize("k", [-1, 1, 13])
def test_an_impossible_k_is_refused(k: int) -> None:
    with pytest.raises(DataProblem, match=rf"`k` must be 0 to choose it from the data, or from 2 to 12; got {k}\."):
        wish(k=k)


@pytest.mark.parametrize("k_max", [1, 13])
def test_an_impossible_k_max_is_refused(k_max: int) -> None:
    with pytest.raises(DataProblem, match=rf"`k_max` must be from 2 to 12; got {k_max}\."):
        wish(k_max=k_max)


@pytest.mark.parametrize("asked", [{"k": 2}, {"k": 12}, {"algorithm": "ward"}, {"algorithm": "rules"}])
def test_who_names_a_number_or_an_algorithm_insists(asked: dict[str, object]) -> None:
    assert wish(**asked).insists


def test_who_leaves_both_open_does_not_insist() -> None:
    assert not wish(k_max=12, weights={"detail": 2.0}).insists


# --- groups that are there are found, others are not invented


@pytest.fixture(scope="module")
def three_kinds() -> tuple[pd.DataFrame, np.ndarray]:
    return planted(3)


@pytest.fixture(scope="module")
def three_segments(three_kinds: tuple[pd.DataFrame, np.ndarray]) -> Segmented:
    return segmented(three_kinds[0])


def test_where_the_data_allow_it_segments_are_found(three_segments: Segmented) -> None:
    assert (three_segments.plan.mode, three_segments.k, three_segments.chosen) == ("full", 3, 3)


def test_planted_kinds_are_the_segments(
    three_kinds: tuple[pd.DataFrame, np.ndarray], three_segments: Segmented
) -> None:
    assert adjusted_rand_score(three_kinds[1], three_segments.segments["segment"]) == 1.0


def test_the_grounds_stand_in_words(three_segments: Segmented) -> None:
    assert three_segments.why.startswith("3 segments hold when customers are drawn again (agreement 1.00, ")


def test_what_one_segment_fewer_would_do_is_told_by_names(three_segments: Segmented) -> None:
    assert " 2 would put the " in three_segments.why


def test_every_algorithm_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "compare_algorithms", compare_algorithms)
    assert segmented(planted(3)[0], k=3, k_max=3).evidence.rivals.index.tolist() == list(ALGORITHMS)


def test_features_that_decided_tell_the_segments(three_segments: Segmented) -> None:
    assert three_segments.told_by(planted(3)[0]) == [name for name in USUAL_FEATURES if name in COLUMNS]


@pytest.mark.parametrize("k", [2, 3, 5, 7])
def test_planted_groups_are_recovered(k: int) -> None:
    features, kinds = planted(k)
    assert adjusted_rand_score(kinds, labels(features, k=k)) >= 0.95


@pytest.fixture(scope="module")
def ruled_crowd() -> Segmented:
    return segmented(crowd())


def test_a_crowd_is_cut_by_rules(ruled_crowd: Segmented) -> None:
    assert (ruled_crowd.plan.mode, ruled_crowd.chosen) == ("rules", 0)


def test_a_crowd_s_rules_come_with_the_reason(ruled_crowd: Segmented) -> None:
    assert ruled_crowd.why.startswith("Segments come from rules and are not found in the data. No number of segments")


def test_what_was_tried_on_a_crowd_is_shown_and_no_number_is_marked(ruled_crowd: Segmented) -> None:
    assert ruled_crowd.evidence.grounds.index.tolist() == [2, 3, 4]
    assert "No number is marked." in grounds_caption(ruled_crowd, refits=2)


def test_a_number_that_is_asked_for_is_cut_from_a_crowd() -> None:
    cut = segmented(crowd(), k=4)
    assert (cut.plan.mode, cut.k) == ("full", 4)
    assert cut.why.startswith("4 segments, because `k` asks for them.")


# --- what the user insists on, and what is done when there is too little to go on


def test_below_the_gate_rules_make_the_segments() -> None:
    ruled = segmented(regular_and_new(30), allowed=TOO_FEW)
    assert (ruled.plan.mode, ruled.chosen) == ("rules", 0)
    assert ruled.segments["name"].tolist() == ["regulars", "newcomers"] * 15


def test_a_number_that_is_asked_for_is_made_below_the_gate() -> None:
    asked = segmented(planted(3)[0], allowed=TOO_FEW, k=4)
    assert (asked.plan.mode, asked.k) == ("full", 4)
    assert asked.why.startswith("4 segments, because `k` asks for them.")
    assert asked.why.endswith("Too few.")


def test_an_algorithm_that_is_asked_for_is_used_below_the_gate() -> None:
    asked = segmented(planted(3)[0], allowed=TOO_FEW, algorithm="ward")
    assert (asked.plan.mode, asked.plan.algorithm, asked.k) == ("full", "ward", 3)


def test_rules_that_are_asked_for_are_used_above_the_gate() -> None:
    asked = segmented(planted(3)[0], algorithm="rules")
    assert (asked.plan.mode, asked.evidence.grounds.empty) == ("rules", True)
    assert "`algorithm` asks for rules." in asked.why


@pytest.mark.parametrize(
    ("preset", "names"),
    [
        ("simple_rules", ["regulars", "newcomers"]),
        ("rfm_map", ["loyal", "hibernating"]),
        ("shopify", ["loyal", "almost lost"]),
    ],
)
def test_every_preset_of_rules_makes_segments(preset: str, names: list[str]) -> None:
    ruled = segmented(regular_and_new(30), algorithm="rules", rules=preset)
    assert (list(ruled.segmentation.names), ruled.plan.rules) == (names, preset)


@pytest.fixture
def own_rules(tmp_path: Path) -> str:
    """Write a user's rules: who spent 100 or more, and the others."""
    path = tmp_path / "own.yaml"
    path.write_text("big spenders: {net_spend: [100, null]}\nothers: {}\n", encoding="utf-8")
    return str(path)


def test_a_user_s_rules_make_segments(own_rules: str) -> None:
    ruled = segmented(regular_and_new(30), algorithm="rules", rules=own_rules)
    assert ruled.segments["name"].tolist() == ["big spenders", "others"] * 15
    assert "The rules: big spenders: net spend 100 or more; others: everybody else." in ruled.why


def test_rules_that_are_not_there_are_refused() -> None:
    with pytest.raises(DataProblem, match=r"'?none\.yaml'?"):
        segmented(regular_and_new(30), algorithm="rules", rules="none.yaml")


def test_rules_are_numbered_from_the_richest() -> None:
    assert segmented(regular_and_new(30), allowed=TOO_FEW).segments["segment"].tolist() == [0, 1] * 15


def test_the_reason_and_the_rules_are_told() -> None:
    why = segmented(regular_and_new(30), allowed=TOO_FEW).why
    assert why.startswith("Segments come from rules and are not found in the data. Too few. The rules: regulars")


def test_the_usual_features_tell_what_rules_made() -> None:
    features = regular_and_new(30)
    assert segmented(features, allowed=TOO_FEW).told_by(features) == [n for n in USUAL_FEATURES if n in COLUMNS]


def test_nothing_is_measured_for_rules() -> None:
    ruled = segmented(regular_and_new(30), allowed=TOO_FEW)
    captions = [flows_caption(ruled), rivals_caption(ruled), tree_caption(ruled), curve_caption(ruled)]
    assert ruled.evidence.grounds.empty
    assert all(caption.startswith("Not measured") for caption in [grounds_caption(ruled, refits=3), *captions])


def test_nothing_is_drawn_for_rules() -> None:
    ruled = segmented(regular_and_new(30), allowed=TOO_FEW)
    assert tree_of(ruled)["tree"].empty
    assert curve_of(ruled)["curve"].empty


def test_a_rule_for_all_is_one_group() -> None:
    alike = segmented(regular_and_new(30).assign(order_count=6.0), allowed=TOO_FEW)
    assert (alike.plan.mode, alike.segments["name"].unique().tolist()) == ("one group", ["all buyers"])


def test_one_group_is_made_where_the_gate_says_so() -> None:
    single = segmented(regular_and_new(6), allowed=Allowed("one group", "Too few."))
    assert (single.k, single.why) == (1, "All customers are one group; no segments are made. Too few.")


# --- every algorithm


@pytest.fixture(scope="module")
def by_algorithm(three_kinds: tuple[pd.DataFrame, np.ndarray]) -> dict[str, Segmented]:
    return {name: segmented(three_kinds[0], algorithm=name, k_max=3) for name in ALGORITHMS}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_finds_planted_kinds(
    algorithm: str, by_algorithm: dict[str, Segmented], three_kinds: tuple[pd.DataFrame, np.ndarray]
) -> None:
    told = by_algorithm[algorithm]
    assert told.plan.algorithm == algorithm
    assert adjusted_rand_score(three_kinds[1], told.segments["segment"]) >= 0.95


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_plan_read_from_json_gives_the_same_segments(
    algorithm: str, by_algorithm: dict[str, Segmented], three_kinds: tuple[pd.DataFrame, np.ndarray]
) -> None:
    told, features = by_algorithm[algorithm], three_kinds[0]
    again = fit(features, Plan.of(json.loads(json.dumps(told.plan.record()))))
    assert assign_segments(again, features).equals(told.segments[["segment", "confidence"]])
    assert again.names == told.segmentation.names


def test_rules_read_from_json_give_the_same_segments(own_rules: str) -> None:
    features = regular_and_new(30)
    ruled = segmented(features, algorithm="rules", rules=own_rules)
    again = fit(features, Plan.of(json.loads(json.dumps(ruled.plan.record()))))
    assert assign_segments(again, features).equals(ruled.segments[["segment", "confidence"]])


def test_one_group_read_from_json_is_one_group() -> None:
    features = regular_and_new(6)
    single = segmented(features)
    assert fit(features, Plan.of(json.loads(json.dumps(single.plan.record())))).names == ("all buyers",)


def test_an_algorithm_that_finds_its_own_number_says_so_when_another_is_asked_for(
    three_kinds: tuple[pd.DataFrame, np.ndarray],
) -> None:
    told = segmented(three_kinds[0], algorithm="hdbscan", k=4)
    assert (told.k, told.plan.k) == (3, 3)
    assert told.why == "The number of groups, 3, is the algorithm's own; `k` asks for 4, which it can't be told."


@pytest.mark.parametrize("k", [0, 3])
def test_an_algorithm_that_finds_one_group_leaves_it_to_rules(k: int) -> None:
    told = segmented(crowd(), algorithm="dbscan", k=k)
    assert told.plan.mode == "rules"
    assert told.why.startswith("Segments come from rules and are not found in the data. ")


# --- what customers spent after an earlier day


def later(features: pd.DataFrame, spend: np.ndarray) -> pd.DataFrame:
    """Write customers as of an earlier day, and what they spent from then on."""
    return features.assign(later_spend=spend.astype("float64"), later_orders=1.0)


def explained(features: pd.DataFrame, past: pd.DataFrame | None) -> float:
    return segmented(features, columns=WITHOUT_SPEND, past=past).evidence.grounds.loc[3, "later_explained"]


def test_without_a_past_nothing_is_known_of_later_spend(three_segments: Segmented) -> None:
    assert three_segments.evidence.grounds["later_explained"].isna().all()


def test_an_empty_past_is_no_past(three_kinds: tuple[pd.DataFrame, np.ndarray]) -> None:
    features, kinds = three_kinds
    assert np.isnan(explained(features, later(features, kinds)[:0]))


def test_later_spend_that_goes_with_the_kinds_is_told_by_segments(
    three_kinds: tuple[pd.DataFrame, np.ndarray],
) -> None:
    features, kinds = three_kinds
    assert explained(features, later(features, kinds * 100)) == pytest.approx(1.0)


def test_nothing_of_today_s_spend_counts_as_later_spend(three_kinds: tuple[pd.DataFrame, np.ndarray]) -> None:
    # Today's spend goes with the kinds, what followed the earlier day does not.
    features, kinds = three_kinds
    past = later(features, np.random.default_rng(1).permutation(kinds) * 100)
    told = [explained(today, past) for today in (features.assign(net_spend=kinds * 100.0), features)]
    assert told[0] == told[1]
    assert told[0] < 0.1


def test_columns_are_chosen_by_what_the_customers_of_the_earlier_day_spent_later() -> None:
    features = crowd()
    tenure = features["tenure_days"]
    past = later(features, np.where(tenure > tenure.median(), tenure, 0.0))
    told = segmented(features, recipe=Recipe(columns=COLUMNS, target_selection="l1"), past=past, k=3)
    assert "tenure_days" in told.plan.recipe.kept
    assert len(told.plan.recipe.kept) < len(COLUMNS)


def test_a_plan_whose_columns_are_chosen_needs_no_past_again() -> None:
    features, kinds = planted(5)
    recipe = Recipe(columns=COLUMNS, target_selection="l1")
    told = segmented(features, recipe=recipe, past=later(features, kinds * 100), k=3)
    assert not told.plan.recipe.needs_target
    assert assign_segments(fit(features, told.plan), features)["segment"].equals(told.segments["segment"])


def test_columns_can_t_be_chosen_by_later_spend_that_is_not_known() -> None:
    with pytest.raises(DataProblem, match=r"need customers of an earlier day .* Use `encoding` one-hot"):
        segmented(planted(3)[0], recipe=Recipe(target_selection="l1"))


# --- a rival that is clearly steadier


def compared(**agreements: float) -> pd.DataFrame:
    """Write how algorithms do, alike but for their agreement; none is clearly steadier than another by default."""
    table = pd.DataFrame(index=pd.Index(ALGORITHMS, name="algorithm"))
    table = table.assign(groups=3, silhouette=0.5, lowest_jaccard=0.9, smallest_share=0.2, left_out=0.0)
    return table.assign(agreement=0.85, fitted_on=90, measured_on=90, refitted_on=90).assign(
        agreement=lambda told: pd.Series(agreements).reindex(told.index).fillna(told["agreement"])
    )


def with_rivals(table: pd.DataFrame, patch: pytest.MonkeyPatch, **asked: object) -> Segmented:
    patch.setattr(cluster, "compare_algorithms", lambda *given, **told: table)
    return segmented(planted(3)[0], **asked)


def test_a_clearly_steadier_rival_makes_the_segments_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    told = with_rivals(compared(ward=0.97), monkeypatch)
    assert told.plan.algorithm == told.segmentation.grouping.algorithm == "ward"
    assert "They are made by ward, which is clearly steadier than k-means" in told.why
    assert "(agreement 0.97 rather than 0.85)" in told.why


def test_no_rival_takes_the_place_of_an_algorithm_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told = with_rivals(compared(ward=0.97), monkeypatch, algorithm="k-means")
    assert (told.plan.algorithm, "clearly steadier" in told.why) == ("k-means", False)


def test_a_rival_that_is_hardly_steadier_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_rivals(compared(ward=0.94), monkeypatch).plan.algorithm == "k-means"


# --- bad input


@pytest.mark.parametrize("customers", [1, 2, 5])
def test_a_handful_of_customers_is_one_group(customers: int) -> None:
    told = segmented(regular_and_new(customers))
    assert (told.plan.mode, len(told.segments)) == ("one group", customers)
    assert f"Segments need at least 20 customers; there are {customers}." in told.why


def test_two_customers_are_one_group_though_two_segments_are_asked_for() -> None:
    assert segmented(regular_and_new(2), k=2).plan.mode == "one group"


def test_nineteen_customers_are_too_few_and_twenty_are_enough() -> None:
    require_enough_to_tell(crowd(20), columns=COLUMNS)
    with pytest.raises(DataProblem, match=r"Segments need at least 20 customers; there are 19\. .*`column_map"):
        require_enough_to_tell(crowd(19), columns=COLUMNS)


def test_customers_who_are_all_alike_are_one_group_and_it_is_said() -> None:
    alike = described(pd.DataFrame(dict.fromkeys(COLUMNS, 1.0), index=[f"c{number}" for number in range(40)]))
    told = segmented(alike)
    assert told.plan.mode == "one group"
    assert "Customers can't be told apart: all 40 have the same recency_days, order_count" in told.why


def test_two_kinds_of_ties_are_two_segments_when_asked_for() -> None:
    assert segmented(regular_and_new(40), k=2).segments["segment"].tolist() == [0, 1] * 20


def test_a_constant_feature_changes_no_segment(three_segments: Segmented) -> None:
    told = segmented(planted(3)[0].assign(return_share=0.0))
    assert told.segments["segment"].equals(three_segments.segments["segment"])


def test_a_usual_feature_that_nobody_has_is_left_out(three_segments: Segmented) -> None:
    assert three_segments.plan.recipe.columns == tuple(name for name in USUAL_FEATURES if name in COLUMNS)


def test_a_feature_that_is_asked_for_and_nobody_has_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"'age_years' is missing for all 90 customers\. Leave it out\?"):
        segmented(planted(3)[0], columns=[*COLUMNS, "age_years"])


def test_a_summary_s_segments_come_from_what_it_tells() -> None:
    features = planted(3)[0]
    summary = described(features[list(OF_A_SUMMARY)])
    assert set(segmented(summary, k=3).plan.recipe.columns) == set(OF_A_SUMMARY) & set(USUAL_FEATURES)


def test_one_customer_with_nine_tenths_of_the_money_leaves_the_kinds_as_they_are() -> None:
    features, kinds = planted(3)
    features.iloc[0, features.columns.get_loc("net_spend")] = 9 * features["net_spend"][1:].sum()
    told = segmented(features)
    assert told.plan.mode == "full"
    assert adjusted_rand_score(kinds, told.segments["segment"]) >= 0.95


def test_more_segments_than_different_customers_are_refused() -> None:
    alike = pd.concat([planted(3, each=1)[0]] * 10)
    alike.index = [f"c{number}" for number in range(30)]
    with pytest.raises(DataProblem, match=r"`k` must be between 1 and the 3 different customers; got 4\."):
        segmented(alike, k=4)


def test_no_more_segments_are_tried_than_there_are_different_customers() -> None:
    alike = pd.concat([planted(3, each=1)[0]] * 10)
    alike.index = [f"c{number}" for number in range(30)]
    assert segmented(alike).evidence.grounds.index.tolist() == [2, 3]


def test_who_got_back_more_than_they_paid_is_segmented_too() -> None:
    features = crowd()
    features.iloc[0, features.columns.get_loc("net_spend")] = -20.0
    assert labels(features, k=3).notna().all()


# --- the fit


@pytest.mark.parametrize("k", [2, 5, 12])
def test_the_users_k_is_the_number_of_segments(k: int) -> None:
    assert labels(crowd(), k=k).nunique() == k


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_segments_are_numbered_from_the_richest(algorithm: str, by_algorithm: dict[str, Segmented]) -> None:
    spend = planted(3)[0]["net_spend"].groupby(by_algorithm[algorithm].segments["segment"]).mean()
    assert spend.is_monotonic_decreasing


@pytest.mark.parametrize("k", [2, 7, 12])
def test_no_two_segments_have_the_same_name(k: int) -> None:
    assert len(set(fit(crowd(), plan(k)).names)) == k


def test_every_customer_has_their_segment_s_name(three_segments: Segmented) -> None:
    told = three_segments.segments
    assert told["name"].tolist() == [three_segments.segmentation.names[segment] for segment in told["segment"]]


def test_confidence_lies_between_0_and_1(by_algorithm: dict[str, Segmented]) -> None:
    assert all(told.segments["confidence"].between(0, 1).all() for told in by_algorithm.values())


def test_a_single_segment_holds_everybody_for_sure() -> None:
    features = crowd(30)
    told = assign_segments(fit(features, plan(1)), features)
    assert told.drop_duplicates().to_numpy().tolist() == [[0, 1.0]]


def test_renaming_customers_changes_only_the_index() -> None:
    features = crowd()
    renamed = features.rename(index=lambda name: f"renamed {name}")
    assert labels(renamed, k=4).tolist() == labels(features, k=4).tolist()


def test_shuffling_customers_keeps_groups_together() -> None:
    features, _ = planted(4)
    shuffled = features.sample(frac=1, random_state=3)
    pd.testing.assert_series_equal(labels(shuffled, k=4).sort_index(), labels(features, k=4))


def test_the_order_of_the_features_changes_nothing() -> None:
    features, _ = planted(4)
    backwards = labels(features, k=4, columns=COLUMNS[::-1])
    assert backwards.tolist() == labels(features, k=4).tolist()


def test_the_features_are_unchanged() -> None:
    features = crowd()
    segmented(features, k=3)
    pd.testing.assert_frame_equal(features, crowd())


def test_a_customer_of_another_day_is_prepared_as_those_who_were_fitted() -> None:
    features, _ = planted(3)
    told = fit(features, plan(3))
    alone = assign_segments(told, features[40:41])
    assert alone["segment"].tolist() == assign_segments(told, features)["segment"][40:41].tolist()


def test_a_rule_that_held_for_nobody_has_no_number() -> None:
    ruled = segmented(regular_and_new(30), allowed=TOO_FEW)
    lapsed = regular_and_new(2).assign(recency_days=400.0)
    assert assign_segments(ruled.segmentation, lapsed)["segment"].tolist() == [-1, -1]


# --- what the notebook shows


def test_the_caption_of_the_grounds_names_the_number(three_segments: Segmented) -> None:
    caption = grounds_caption(three_segments, refits=2)
    assert caption.startswith("Grounds for the number of segments, from 2 refits each on 90 customers drawn")
    assert caption.endswith(" 3 segments are marked.")


def test_a_number_that_was_not_tried_is_not_marked() -> None:
    asked = segmented(planted(3)[0], k=6, k_max=4)
    assert grounds_caption(asked, refits=2).endswith(" No number is marked.")


def test_the_caption_of_the_tree_counts_its_groups(three_segments: Segmented) -> None:
    caption = tree_caption(three_segments)
    assert caption.startswith("The top of Ward's tree of 90 customers")
    assert "it gives 3 groups" in caption


def test_the_tree_s_cut_leaves_as_many_groups_as_were_chosen(three_segments: Segmented) -> None:
    assert three_segments.evidence.tree.k == 3
    assert tree_of(three_segments)["cut"] > 0


def test_the_caption_of_the_curve_says_what_was_found(three_segments: Segmented) -> None:
    neighbours = curve_of(three_segments)["neighbours"]
    caption = curve_caption(three_segments)
    assert caption.startswith(f"How far neighbour {neighbours} of each customer is, nearest first")
    assert caption.endswith(str(three_segments.evidence.near.facts["found"]))


def four_customers() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write four customers: 'few' brings 900 of 1,000 from one customer, 'many' 100 from three."""
    features = described(pd.DataFrame({name: [1.0, 2.0, 3.0, 4.0] for name in COLUMNS}, index=list("abcd")))
    features["net_spend"] = [20.0, 30.0, 50.0, 900.0]
    segments = pd.DataFrame({"segment": [1, 1, 1, 0], "name": ["many", "many", "many", "few"]}, index=features.index)
    return features, segments.assign(rfm_segment=["new", "champions", "champions", "champions"])


def test_shares_on_the_rfm_map_add_up_to_1_a_segment() -> None:
    features, segments = four_customers()
    shares = cross_shares(segments, segment_profile(features, segments), min_group=1)
    assert shares.round(4).to_dict("index") == {
        "few": {"new": 0.0, "champions": 1.0},
        "many": {"new": 0.3333, "champions": 0.6667},
    }


def test_cells_of_few_customers_are_blank_on_the_rfm_map() -> None:
    features, segments = four_customers()
    shares = cross_shares(segments, segment_profile(features, segments), min_group=2)
    assert shares.round(4).to_dict("index") == {
        "few": {"new": 0.0, "champions": 0.0},
        "many": {"new": 0.0, "champions": 0.6667},
    }


# --- agreement at its limits


def test_a_single_group_can_t_agree() -> None:
    single = agreement(pd.Series([0, 0, 0]), pd.Series(["a", "b", "a"]))
    assert np.isnan(single)
    assert "nothing to compare" in agreement_sentence(single)
    assert "Agreement" not in map_caption(single, min_group=5)


def test_a_grouping_agrees_with_itself_whatever_its_labels() -> None:
    assert agreement(pd.Series([0, 0, 1, 1, 2]), pd.Series(["b", "b", "a", "a", "c"])) == 1.0


def test_a_shuffled_grouping_agrees_as_by_chance() -> None:
    kinds = pd.Series(np.repeat(np.arange(4), 250))
    assert agreement(kinds, kinds.sample(frac=1, random_state=1, ignore_index=True)) == pytest.approx(0, abs=0.02)


# --- the sample shop, whose truth is known


@pytest.fixture(scope="module")
def sample_features(connection: Backend, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Describe the sample's customers as steps 01 to 03 do, by their orders alone."""
    given = {"orders": [str(SAMPLE / "orders.csv")]}
    scratch = tmp_path_factory.mktemp("scratch")
    read = read_tables(connection, given, Hints(), scratch=scratch)["orders"].table
    clean = clean_orders(connection, read.to_pyarrow().to_pylist())
    return collect(customer_features(clean, as_of=read_day("", clean)))


@pytest.fixture(scope="module")
def truth(sample_features: pd.DataFrame) -> pd.Series:
    planted = pd.read_csv(SAMPLE / "truth" / "customers.csv", index_col="customer_id")["kind"]
    return planted.reindex(sample_features.index)


@pytest.fixture(scope="module")
def sample_segments(sample_features: pd.DataFrame) -> pd.Series:
    """Choose the number of segments of the sample and assign them."""
    return segmented(sample_features, k_max=10).segments["segment"]


def test_every_customer_of_the_sample_has_a_planted_kind(truth: pd.Series) -> None:
    assert truth.notna().all()


def test_segments_of_the_sample_agree_with_the_planted_kinds(sample_segments: pd.Series, truth: pd.Series) -> None:
    assert agreement(truth, sample_segments) >= 0.78


def test_segments_tell_the_planted_kinds_better_than_the_rfm_map(
    sample_features: pd.DataFrame, sample_segments: pd.Series, truth: pd.Series
) -> None:
    assert agreement(truth, sample_segments) > agreement(truth, rfm_segments(sample_features))
