from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from ibis.backends.duckdb import Backend
from shops import clean_orders
from sklearn.metrics import adjusted_rand_score

from segmentation import cluster
from segmentation.cluster import (
    USUAL_FEATURES,
    Choice,
    Segmentation,
    Segmented,
    agreement,
    agreement_sentence,
    assign_segments,
    best_sentence,
    choose_k,
    cross_shares,
    fit,
    fit_segments,
    grounds_by_k,
    grounds_caption,
    logarithm,
    map_caption,
    model_record,
    named_centres,
    prepare,
    prepared_order,
    profile_table,
    require_enough_to_tell,
    require_possible_k,
    segment_customers,
    segment_names,
    segment_profile,
    usable_features,
)
from segmentation.features import FEATURES, OF_A_SUMMARY, collect, customer_features, read_day
from segmentation.gate import Allowed
from segmentation.ingest import Hints, read_tables
from segmentation.presets import read_preset
from segmentation.problems import DataProblem
from segmentation.rfm import rfm_segments
from segmentation.runs import PROJECT

SHARES = ["return_share", "discount_share"]
SAMPLE = PROJECT / "data" / "sample"


def customers_around(centres: np.ndarray, kinds: np.ndarray, *, spread: float, seed: int) -> pd.DataFrame:
    """Draw customers around the centre of their kind; centres are logarithms of features, shape (kinds, features)."""
    values = centres[kinds] + np.random.default_rng(seed).normal(0, spread, (len(kinds), len(FEATURES)))
    features = pd.DataFrame(np.expm1(values.clip(min=0)), columns=list(FEATURES))
    features[SHARES] = (values[:, -2:] / 10).clip(0, 1)
    return features.set_axis([f"customer {number:03}" for number in range(len(kinds))], axis=0)


def planted(k: int, *, each: int = 60, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Make k groups far apart in every feature, and tell who belongs to which."""
    levels = np.tile(np.linspace(2, 7, k), (len(FEATURES), 1))
    centres = np.random.default_rng(seed).permuted(levels, axis=1).T
    kinds = np.repeat(np.arange(k), each)
    return customers_around(centres, kinds, spread=0.25, seed=seed), kinds


def crowd(customers: int = 400, *, seed: int = 1) -> pd.DataFrame:
    """Make customers without any groups: normally distributed, the same spread in every direction."""
    kinds = np.zeros(customers, dtype=int)
    return customers_around(np.full((1, len(FEATURES)), 4.0), kinds, spread=0.8, seed=seed)


def measured(features: pd.DataFrame, *, k_max: int = 8, refits: int = 5) -> pd.DataFrame:
    prepared = prepare(USUAL_FEATURES).fit_transform(features[list(USUAL_FEATURES)])
    return grounds_by_k(prepared, k_max=k_max, refits=refits, seed=1)


def fitted(features: pd.DataFrame, *, k: int, columns: Sequence[str] = USUAL_FEATURES) -> Segmentation:
    return fit_segments(features, columns=columns, k=k, seed=1)


def labels(features: pd.DataFrame, *, k: int) -> pd.Series:
    return assign_segments(fitted(features, k=k), features)["segment"]


# --- groups that are there are found, others are not invented


@pytest.mark.parametrize("k", [2, 3, 5, 7])
def test_the_planted_number_of_groups_is_chosen(k: int) -> None:
    features, _ = planted(k)
    assert choose_k(measured(features), k=0, min_share=0.03).k == k


@pytest.mark.parametrize("k", [2, 3, 5, 7])
def test_planted_groups_are_recovered(k: int) -> None:
    features, kinds = planted(k)
    assert adjusted_rand_score(kinds, labels(features, k=k)) >= 0.95


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_blob_is_not_reported_as_several(seed: int) -> None:
    grounds = measured(crowd(seed=seed))
    with pytest.raises(DataProblem, match=r"No number of segments from 2 to 8 holds: .* customers form one crowd"):
        choose_k(grounds, k=0, min_share=0.03)


def test_one_long_crowd_is_said_to_be_cut() -> None:
    # One trait behind all features: any cut across it holds, yet nothing parts.
    trait = np.random.default_rng(1).normal(4, 0.8, (400, 1))
    features = customers_around(np.repeat(trait, len(FEATURES), axis=1), np.arange(400), spread=0.1, seed=1)
    choice = choose_k(measured(features, k_max=5), k=0, min_share=0.03)
    assert "customers form a crowd, and borders are cut rather than found" in choice.why


def test_groups_part_more_clearly_than_a_crowd_of_their_spread() -> None:
    features, _ = planted(4)
    grounds = measured(features).loc[4]
    assert grounds["silhouette"] > 2 * grounds["silhouette_crowd"]


def test_a_crowd_parts_no_more_clearly_than_a_crowd() -> None:
    grounds = measured(crowd(), k_max=4)
    assert np.allclose(grounds["silhouette"], grounds["silhouette_crowd"], atol=0.03)


def test_two_kinds_of_customers_are_two_segments() -> None:
    kinds = pd.DataFrame({name: [1.0, 50.0] * 15 for name in FEATURES}).assign(return_share=0.0, discount_share=0.0)
    assert measured(kinds).index.tolist() == [2]


def test_no_more_segments_are_tried_than_there_are_kinds_of_customers() -> None:
    features, _ = planted(6, each=1)
    assert measured(pd.concat([features] * 5)).index.tolist() == [2, 3, 4, 5]


def test_the_same_seed_gives_the_same_grounds() -> None:
    features, _ = planted(3)
    pd.testing.assert_frame_equal(measured(features, k_max=4), measured(features, k_max=4))


# --- what can't be segmented is refused


def test_customers_who_are_all_alike_are_refused() -> None:
    alike = crowd(30).assign(**dict.fromkeys(FEATURES, 0.5))
    with pytest.raises(
        DataProblem, match=r"Customers can't be told apart: all 30 have the same recency_days, .*No seg"
    ):
        require_enough_to_tell(alike, columns=USUAL_FEATURES)


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(DataProblem, match=r"Segments need at least 20 customers; there are 19\. .*`column_map"):
        require_enough_to_tell(crowd(19), columns=USUAL_FEATURES)


def test_twenty_customers_are_enough() -> None:
    require_enough_to_tell(crowd(20), columns=USUAL_FEATURES)


def test_an_unknown_feature_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"`cluster_features` must name features, which are .* got 'recency'\."):
        require_enough_to_tell(crowd(30), columns=["recency", "net_spend"])


def test_a_feature_that_some_lack_is_refused() -> None:
    features = crowd(30)
    features.iloc[:4, features.columns.get_loc("median_gap_days")] = np.nan
    with pytest.raises(DataProblem, match=r"'median_gap_days' is missing for 4 of 30\. Leave it out\?"):
        require_enough_to_tell(features, columns=["recency_days", "median_gap_days"])


@pytest.mark.parametrize("k", [-1, 1, 13])
def test_an_impossible_k_is_refused(k: int) -> None:
    with pytest.raises(DataProblem, match=rf"`k` must be 0 to choose it from the data, or from 2 to 12; got {k}\."):
        require_possible_k(k=k, k_max=10)


@pytest.mark.parametrize("k_max", [1, 13])
def test_an_impossible_k_max_is_refused(k_max: int) -> None:
    with pytest.raises(DataProblem, match=rf"`k_max` must be from 2 to 12; got {k_max}\."):
        require_possible_k(k=0, k_max=k_max)


@pytest.mark.parametrize("k", [0, 2, 12])
def test_a_possible_k_is_accepted(k: int) -> None:
    require_possible_k(k=k, k_max=12)


def test_more_segments_than_kinds_of_customers_are_refused() -> None:
    features, _ = planted(3, each=1)
    with pytest.raises(DataProblem, match=r"`k` must be between 1 and the 3 different customers; got 4\."):
        fitted(pd.concat([features] * 10), k=4)


# --- choosing k from written grounds


def written(rows: dict[int, tuple[float, float, float]], *, crowd: float = 0.2) -> pd.DataFrame:
    """Write grounds: k to agreement, silhouette and smallest share."""
    grounds = pd.DataFrame.from_dict(rows, orient="index", columns=["agreement", "silhouette", "smallest_share"])
    return grounds.rename_axis("k").assign(silhouette_crowd=crowd)


GROUPS = {2: (0.99, 0.30, 0.4), 3: (0.95, 0.50, 0.3), 4: (0.90, 0.49, 0.2), 5: (0.85, 0.30, 0.1)}


def test_the_finest_of_the_clear_numbers_is_chosen() -> None:
    assert choose_k(written(GROUPS), k=0, min_share=0.03).k == 4


def test_the_reason_for_groups_stands_in_words() -> None:
    assert choose_k(written(GROUPS), k=0, min_share=0.03).why == (
        "4 segments hold when customers are drawn again (agreement 0.90, steady from 0.80). They part 2.4 times as "
        "clearly as in a crowd without groups: customers form groups. With 5 the silhouette falls from 0.49 to 0.30."
    )


def test_in_a_crowd_the_finest_number_that_holds_is_chosen() -> None:
    flat = {2: (0.95, 0.35, 0.4), 3: (0.90, 0.25, 0.3), 4: (0.81, 0.22, 0.2), 5: (0.79, 0.30, 0.1)}
    assert choose_k(written(flat), k=0, min_share=0.03) == Choice(
        4,
        "4 segments hold when customers are drawn again (agreement 0.81, steady from 0.80). They part 1.1 times as "
        "clearly as in a crowd without groups: customers form a crowd, and borders are cut rather than found. With 5 "
        "the agreement falls to 0.79.",
    )


def test_a_silhouette_at_k_2_alone_makes_no_groups() -> None:
    # Halving any long crowd looks clear; groups must show from three segments up.
    halved = {2: (0.95, 0.60, 0.4), 3: (0.90, 0.30, 0.3)}
    assert choose_k(written(halved), k=0, min_share=0.03).k == 3


def test_a_number_with_too_small_a_segment_is_passed_over() -> None:
    small = GROUPS | {4: (0.90, 0.49, 0.02)}
    why = choose_k(written(small), k=0, min_share=0.03).why
    assert why.endswith("customers form groups. With 4 the smallest would hold 2.0% of the customers.")


def test_the_last_number_tried_says_that_no_more_were() -> None:
    assert choose_k(written({2: (0.9, 0.3, 0.4), 3: (0.9, 0.5, 0.3)}), k=0, min_share=0.03).why.endswith(
        "customers form groups. More were not tried."
    )


def test_agreement_of_exactly_four_fifths_is_steady() -> None:
    assert choose_k(written({2: (0.8, 0.3, 0.4), 3: (0.79, 0.3, 0.3)}), k=0, min_share=0.03).k == 2


def test_a_segment_of_exactly_the_smallest_share_is_large_enough() -> None:
    assert choose_k(written({2: (0.9, 0.3, 0.4), 3: (0.9, 0.5, 0.03)}), k=0, min_share=0.03).k == 3


def test_the_steadiest_number_is_taken_when_all_that_hold_leave_small_segments() -> None:
    small = {2: (0.95, 0.30, 0.02), 3: (0.90, 0.50, 0.01), 4: (0.50, 0.50, 0.01)}
    assert choose_k(written(small), k=0, min_share=0.03) == Choice(
        2,
        "2 segments hold best when customers are drawn again (agreement 0.95, steady from 0.80). No number that holds "
        "also parts clearly into segments of at least 3% of the customers.",
    )


def test_the_steadiest_number_is_taken_when_what_parts_clearly_does_not_hold() -> None:
    unsteady = {2: (0.85, 0.30, 0.4), 3: (0.90, 0.30, 0.3), 4: (0.50, 0.80, 0.2)}
    assert choose_k(written(unsteady), k=0, min_share=0.03).k == 3


def test_when_no_number_holds_none_is_chosen() -> None:
    loose = {2: (0.70, 0.3, 0.4), 3: (0.79, 0.3, 0.3)}
    with pytest.raises(DataProblem, match=r"from 2 to 3 holds: .* agree at 0\.79 at best, and 0\.8 is asked for"):
        choose_k(written(loose), k=0, min_share=0.03)


def test_the_users_own_k_is_respected_though_nothing_holds() -> None:
    loose = {2: (0.1, 0.3, 0.4), 3: (0.1, 0.3, 0.3)}
    assert choose_k(written(loose), k=5, min_share=0.03) == Choice(5, "5 segments, because `k` asks for them.")


# --- the fit


@pytest.mark.parametrize("k", [2, 5, 12])
def test_the_users_k_is_the_number_of_segments(k: int) -> None:
    assert labels(crowd(), k=k).nunique() == k


def test_segments_are_numbered_from_the_richest() -> None:
    features = crowd()
    spend = features["net_spend"].groupby(labels(features, k=5)).mean()
    assert spend.is_monotonic_decreasing


def test_every_customer_is_in_the_segment_with_the_nearest_centre() -> None:
    features = crowd()
    segmentation = fitted(features, k=4)
    nearest = segmentation.distances(features).argmin(axis=1)
    assert assign_segments(segmentation, features)["segment"].tolist() == nearest.tolist()


def test_distances_are_those_of_pythagoras() -> None:
    features = pd.DataFrame({"return_share": [0.0, 1.0], "discount_share": [0.0, 1.0]})
    preparation = prepare(SHARES).fit(features)  # 0 becomes -1, 1 becomes +1
    segmentation = Segmentation(SHARES, preparation, np.array([[-1.0, -1.0], [2.0, 3.0]]))
    assert segmentation.distances(features).tolist() == [[0.0, 5.0], [np.sqrt(8), np.sqrt(5)]]


@pytest.fixture
def border_and_centre() -> pd.DataFrame:
    """Assign five customers on the line between two centres, which are at return shares 0 and 1."""
    ends = pd.DataFrame({"return_share": [0.0, 1.0]})
    segmentation = Segmentation(["return_share"], prepare(["return_share"]).fit(ends), np.array([[-1.0], [1.0]]))
    return assign_segments(segmentation, pd.DataFrame({"return_share": [0.0, 0.25, 0.5, 0.75, 1.0]}))


def test_confidence_is_1_at_a_centre_and_0_on_the_border(border_and_centre: pd.DataFrame) -> None:
    assert border_and_centre["confidence"].tolist() == [1.0, 0.6667, 0.0, 0.6667, 1.0]


def test_the_border_parts_the_segments(border_and_centre: pd.DataFrame) -> None:
    assert border_and_centre["segment"].drop(2).tolist() == [0, 0, 1, 1]


def test_confidence_lies_between_0_and_1() -> None:
    features = crowd()
    assert assign_segments(fitted(features, k=6), features)["confidence"].between(0, 1).all()


def test_a_single_segment_holds_everybody_for_sure() -> None:
    features = crowd(30)
    assert assign_segments(fitted(features, k=1), features).drop_duplicates().to_numpy().tolist() == [[0, 1.0]]


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
    backwards = fitted(features, k=4, columns=USUAL_FEATURES[::-1])
    assert assign_segments(backwards, features)["segment"].tolist() == labels(features, k=4).tolist()


def test_the_features_are_unchanged() -> None:
    features = crowd()
    labels(features, k=3)
    pd.testing.assert_frame_equal(features, crowd())


# --- the preparation


def test_prepared_features_have_mean_0_and_deviation_1() -> None:
    prepared = prepare(["net_spend"]).fit_transform(crowd(2_000)[["net_spend"]])
    assert (prepared.mean(), prepared.std()) == pytest.approx((0, 1), abs=0.02)


def test_nobody_stands_more_than_three_deviations_out() -> None:
    features = crowd(100)
    features.iloc[0, features.columns.get_loc("net_spend")] = 1e12
    assert prepare(["net_spend"]).fit_transform(features[["net_spend"]]).max() == 3.0


def test_spend_below_zero_counts_as_nothing_spent() -> None:
    assert logarithm(pd.DataFrame({"net_spend": [-20.0, np.e - 1]}))["net_spend"].tolist() == [0.0, 1.0]


def test_who_got_back_more_than_they_paid_is_segmented_too() -> None:
    features = crowd()
    features.iloc[0, features.columns.get_loc("net_spend")] = -20.0
    assert labels(features, k=3).notna().all()


def test_prepared_columns_are_named_in_their_order() -> None:
    features, _ = planted(3)
    columns = ["return_share", "net_spend", "discount_share", "recency_days"]
    prepared = pd.DataFrame(prepare(columns).fit_transform(features[columns]), columns=prepared_order(columns))
    alone = prepare(["net_spend"]).fit_transform(features[["net_spend"]])
    assert np.allclose(prepared["net_spend"], alone[:, 0])


# --- names


@pytest.mark.parametrize("k", range(2, 13))
def test_no_two_segments_have_the_same_name(k: int) -> None:
    assert len(set(segment_names(fitted(crowd(200), k=k)))) == k


def test_names_follow_the_centres_when_segments_are_renumbered() -> None:
    segmentation = fitted(crowd(), k=6)
    order = [3, 0, 5, 1, 4, 2]
    renumbered = Segmentation(segmentation.columns, segmentation.preparation, segmentation.centres[order])
    names = segment_names(segmentation)
    assert segment_names(renumbered) == [names[place] for place in order]


@pytest.mark.parametrize("archetype", read_preset("archetypes"))
def test_a_centre_at_an_archetype_has_its_name(archetype: str) -> None:
    columns = prepared_order(list(FEATURES))
    expected = pd.Series(read_preset("archetypes")[archetype]).reindex(columns, fill_value=0.0)
    assert segment_names(Segmentation(columns, prepare(columns), expected.to_numpy()[None, :])) == [archetype]


def test_there_is_a_name_for_each_of_the_most_segments() -> None:
    assert len(read_preset("archetypes")) >= cluster.MOST


def test_archetypes_are_told_by_features() -> None:
    assert {feature for told in read_preset("archetypes").values() for feature in told} <= set(FEATURES)


# --- the profile


def four_customers() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write four customers: 'few' brings 900 of 1,000 from one customer, 'many' 100 from three."""
    features = pd.DataFrame({name: [1.0, 2.0, 3.0, 4.0] for name in FEATURES}, index=list("abcd"))
    features["net_spend"] = [20.0, 30.0, 50.0, 900.0]
    segments = pd.DataFrame({"segment": [1, 1, 1, 0], "name": ["many", "many", "many", "few"]}, index=features.index)
    return features, segments


def test_the_profile_begins_with_the_largest_share_of_money() -> None:
    assert segment_profile(*four_customers())["name"].tolist() == ["few", "many"]


def test_the_profile_counts_customers_and_money() -> None:
    shares = segment_profile(*four_customers())[["customers", "customer_share", "money_share"]]
    assert shares.to_numpy().tolist() == [[1, 0.25, 0.9], [3, 0.75, 0.1]]


def test_the_profile_describes_by_medians() -> None:
    assert segment_profile(*four_customers())["net_spend"].tolist() == [900.0, 30.0]


def test_the_profile_of_no_money_has_no_shares_of_it() -> None:
    features, segments = four_customers()
    assert segment_profile(features.assign(net_spend=0.0), segments)["money_share"].tolist() == [0.0, 0.0]


def test_the_profile_table_keeps_the_profiles_order() -> None:
    assert profile_table(segment_profile(*four_customers()), money="EUR")["segment"].tolist() == ["few", "many"]


def test_centres_are_listed_in_the_profiles_order() -> None:
    features, _ = planted(3)
    segmentation = fitted(features, k=3)
    segments = assign_segments(segmentation, features)
    profile = segment_profile(features, segments.assign(name=segments["segment"].map(str)))
    centres = named_centres(segmentation, profile)
    own = segmentation.preparation.transform(features)[segments["segment"] == int(centres.index[0])].mean(axis=0)
    assert np.allclose(centres.iloc[0], own)


def test_shares_on_the_rfm_map_add_up_to_1_a_segment() -> None:
    features, segments = four_customers()
    crossed = segments.assign(rfm_segment=["new", "champions", "champions", "champions"])
    shares = cross_shares(crossed, segment_profile(features, segments), min_group=1)
    assert shares.round(4).to_dict("index") == {
        "few": {"new": 0.0, "champions": 1.0},
        "many": {"new": 0.3333, "champions": 0.6667},
    }


@pytest.mark.parametrize("k", [8, 10])
def test_nobody_is_named_for_discounts_in_a_shop_without_any(k: int) -> None:
    features, _ = planted(k)
    names = segment_names(fitted(features.assign(discount_share=0.0), k=k))
    assert [name for name in names if "discount" in name or "return" in name] == []


def test_cells_of_few_customers_are_blank_on_the_rfm_map() -> None:
    features, segments = four_customers()
    crossed = segments.assign(rfm_segment=["new", "champions", "champions", "champions"])
    shares = cross_shares(crossed, segment_profile(features, segments), min_group=2)
    assert shares.round(4).to_dict("index") == {
        "few": {"new": 0.0, "champions": 0.0},
        "many": {"new": 0.0, "champions": 0.6667},
    }


def test_the_record_of_the_model_gives_the_same_segments() -> None:
    features, _ = planted(3)
    record = model_record(fitted(features, k=3))
    values = features[record["columns"]].to_numpy()
    logs = np.where(np.array(record["transforms"]) == "log", np.log1p(values), values)
    prepared = ((logs - record["means"]) / record["deviations"]).clip(-record["at_most"], record["at_most"])
    nearest = ((prepared[:, None] - np.array(record["centres"])) ** 2).sum(axis=2).argmin(axis=1)
    assert nearest.tolist() == labels(features, k=3).tolist()


# --- what is done when there is too little to go on

ENOUGH = Allowed("full")
TOO_FEW = Allowed("rules", "Too few.")


def segmented(features: pd.DataFrame, *, allowed: Allowed = ENOUGH, k: int = 0) -> Segmented:
    columns = usable_features(features, asked=[])
    return segment_customers(features, columns=columns, allowed=allowed, k=k, k_max=4, refits=3, min_share=0.03, seed=1)


def regular_and_new(customers: int) -> pd.DataFrame:
    """Make customers of two kinds in turn: with 6 orders, and with one."""
    kinds = np.arange(customers) % 2
    columns = {"recency_days": 10 + kinds, "order_count": np.where(kinds, 1, 6), "net_spend": np.where(kinds, 20, 300)}
    features = pd.DataFrame(dict.fromkeys(FEATURES, 1.0), index=[f"c{number}" for number in range(customers)])
    return features.assign(**columns).astype("float64")


def test_where_the_data_allow_it_segments_are_found() -> None:
    found = segmented(planted(3)[0])
    assert (found.mode, found.k, found.chosen) == ("full", 3, 3)


def test_below_the_gate_rules_make_the_segments() -> None:
    ruled = segmented(regular_and_new(30), allowed=TOO_FEW)
    assert (ruled.mode, ruled.chosen) == ("rules", 0)
    assert ruled.segments["name"].tolist() == ["regulars", "newcomers"] * 15


def test_rules_are_numbered_from_the_richest() -> None:
    assert segmented(regular_and_new(30), allowed=TOO_FEW).segments["segment"].tolist() == [0, 1] * 15


def test_the_reason_and_the_rules_are_told() -> None:
    why = segmented(regular_and_new(30), allowed=TOO_FEW).why
    assert why.startswith("Segments come from simple rules and are not found in the data. Too few. The rules: regulars")


def test_no_number_is_tried_for_rules() -> None:
    ruled = segmented(regular_and_new(30), allowed=TOO_FEW)
    assert ruled.grounds.empty
    assert grounds_caption(ruled, refits=3).startswith("Not measured")


def test_a_rule_for_all_is_one_group() -> None:
    alike = segmented(regular_and_new(30).assign(order_count=6.0), allowed=TOO_FEW)
    assert (alike.mode, alike.segments["name"].unique().tolist()) == ("one group", ["all buyers"])


def test_one_group_is_made_where_the_gate_says_so() -> None:
    assert segmented(regular_and_new(6), allowed=Allowed("one group", "Too few.")).k == 1


@pytest.mark.parametrize("customers", [1, 2, 5])
def test_a_handful_of_customers_have_segments_too(customers: int) -> None:
    told = segmented(regular_and_new(customers))
    assert (told.mode, len(told.segments)) == ("one group", customers)


def test_a_number_that_is_asked_for_is_made_below_the_gate() -> None:
    asked = segmented(planted(3)[0], allowed=TOO_FEW, k=4)
    assert (asked.mode, asked.k) == ("full", 4)
    assert asked.why.endswith("because `k` asks for them. Too few.")


def test_a_crowd_in_which_no_number_holds_is_cut_by_rules_and_says_so() -> None:
    crowded = segmented(crowd(150))
    assert crowded.chosen == 0
    assert "No number of segments from 2 to 4 holds" in crowded.why
    assert "so none is marked" in grounds_caption(crowded, refits=3)


def test_everybody_alike_is_one_group() -> None:
    alike = pd.DataFrame(dict.fromkeys(FEATURES, 1.0), index=[f"c{number}" for number in range(40)])
    assert segmented(alike).mode == "one group"


def test_a_summary_s_segments_come_from_what_it_tells() -> None:
    features = planted(3)[0]
    unknown = [name for name in FEATURES if name not in OF_A_SUMMARY]
    assert usable_features(features.assign(**dict.fromkeys(unknown, np.nan)), asked=[]) == list(OF_A_SUMMARY)


def test_features_that_are_asked_for_are_used() -> None:
    assert usable_features(planted(2)[0], asked=["net_spend"]) == ["net_spend"]


def test_an_unknown_feature_is_refused_in_any_mode() -> None:
    with pytest.raises(DataProblem, match="`cluster_features` must name features"):
        usable_features(planted(2)[0], asked=["shoe_size"])


def test_rules_give_the_same_segments_when_they_are_fitted_again() -> None:
    features = regular_and_new(30)
    ruled = segmented(features, allowed=TOO_FEW)
    again = fit(features, mode="rules", columns=list(USUAL_FEATURES), k=2, seed=9)
    assert assign_segments(again, features).equals(ruled.segments[["segment", "confidence"]])


def test_a_rule_that_held_for_nobody_has_no_number() -> None:
    ruled = segmented(regular_and_new(30), allowed=TOO_FEW)
    lapsed = regular_and_new(2).assign(recency_days=400.0)
    assert assign_segments(ruled.segmentation, lapsed)["segment"].tolist() == [-1, -1]


def test_the_centres_of_rules_are_the_means_of_their_customers() -> None:
    features = regular_and_new(30)
    ruled = segmented(features, allowed=TOO_FEW)
    profile = segment_profile(features, ruled.segments)
    assert named_centres(ruled.segmentation, profile)["order_count"].round(6).to_dict() == {
        "regulars": 1.0,
        "newcomers": -1.0,
    }


def test_the_record_of_rules_holds_the_rules() -> None:
    record = model_record(segmented(regular_and_new(30), allowed=TOO_FEW).segmentation)
    assert (record["method"], record["names"]) == ("rules", ["regulars", "newcomers"])


def test_nothing_is_told_of_a_best_segment_that_is_too_small() -> None:
    features = regular_and_new(6)
    profile = segment_profile(features, segmented(features, allowed=TOO_FEW).segments)
    assert "{money" not in best_sentence(profile, min_group=5)
    assert "{money" in best_sentence(profile, min_group=3)


def test_one_group_has_no_best() -> None:
    features = regular_and_new(6)
    profile = segment_profile(features, segmented(features).segments)
    assert best_sentence(profile, min_group=5) == "There is one group, so no segment brings more than another."


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
    """Describe the sample's customers as steps 01 to 03 do."""
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
    choice = choose_k(measured(sample_features, k_max=10), k=0, min_share=0.03)
    return labels(sample_features, k=choice.k)


def test_every_customer_of_the_sample_has_a_planted_kind(truth: pd.Series) -> None:
    assert truth.notna().all()


def test_segments_of_the_sample_agree_with_the_planted_kinds(sample_segments: pd.Series, truth: pd.Series) -> None:
    assert agreement(truth, sample_segments) >= 0.7


def test_segments_tell_the_planted_kinds_better_than_the_rfm_map(
    sample_features: pd.DataFrame, sample_segments: pd.Series, truth: pd.Series
) -> None:
    assert agreement(truth, sample_segments) > agreement(truth, rfm_segments(sample_features))
