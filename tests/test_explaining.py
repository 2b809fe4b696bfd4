import re
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segmentation.explaining.boxes import best_box, thresholds
from segmentation.explaining.contrasts import contrast_table, contrasts, drawn_means, drawn_medians
from segmentation.explaining.maps import map_numbers, map_points, segment_spread, telling_features
from segmentation.explaining.profiles import best_sentence, profile_table, segment_profile, shown_standing
from segmentation.explaining.reasons import NEAR_AVERAGE, Explainer, fit_explainer, reasons
from segmentation.explaining.rules import (
    ToldByRules,
    follow_rules,
    rule_in_words,
    rules_in_words,
    rules_sentence,
    score_table,
    tell_by_rules,
    whole_features,
)
from segmentation.explaining.sentences import named_sentences, segment_sentences
from segmentation.explaining.typical import coarsely, pseudonymous, typical_customers, typical_table
from segmentation.explaining.words import bound_in_words, feature_words, word_for
from segmentation.features import FEATURES, NUMBERS
from segmentation.privacy import PSEUDONYM_KEY, pseudonym, pseudonym_key
from segmentation.problems import DataProblem

COLUMNS = ["recency_days", "order_count", "net_spend", "discount_share"]


def shop(each: int = 60, *, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make three kinds: frequent, reduced only, and lapsed; the last one has three customers alone."""
    rng = np.random.default_rng(seed)
    sizes = (each, each, each, 3)
    kinds = np.repeat([0, 1, 2, 3], sizes)
    features = pd.DataFrame(
        {
            "recency_days": np.array([10, 40, 400, 900])[kinds] + rng.integers(0, 9, len(kinds)),
            "order_count": np.array([12, 3, 1, 40])[kinds] + rng.integers(0, 3, len(kinds)),
            "net_spend": np.array([500.0, 60.0, 30.0, 9e6])[kinds] * rng.uniform(0.8, 1.25, len(kinds)),
            "discount_share": np.array([0.1, 0.9, 0.0, 0.5])[kinds],
        },
        index=[f"id-{number:04}" for number in range(len(kinds))],
    ).astype("float64")
    names = np.array(["champions", "discount hunters", "lapsed", "secret few"])[kinds]
    return features, pd.DataFrame({"segment": kinds, "name": names}, index=features.index)


FEATURES_OF, SEGMENTS = shop()


# --- contrasts


@pytest.fixture(scope="module")
def contrasted() -> pd.DataFrame:
    return contrasts(FEATURES_OF, SEGMENTS, min_group=5, seed=1)


def test_a_contrast_is_the_ratio_of_medians(contrasted: pd.DataFrame) -> None:
    row = contrasted.query("name == 'champions' and feature == 'net_spend'").iloc[0]
    expected = FEATURES_OF["net_spend"][SEGMENTS["segment"] == 0].median() / FEATURES_OF["net_spend"].median()
    assert (row["compared"], row["by"]) == (pytest.approx(expected), "ratio")


def test_a_share_is_compared_in_points(contrasted: pd.DataFrame) -> None:
    row = contrasted.query("name == 'discount hunters' and feature == 'discount_share'").iloc[0]
    assert (row["compared"], row["by"]) == (pytest.approx(0.9 - FEATURES_OF["discount_share"].mean()), "points")


def test_what_sets_a_segment_apart_most_comes_first(contrasted: pd.DataFrame) -> None:
    assert contrasted.groupby("name")["feature"].first()["discount hunters"] == "discount_share"


def test_contrasts_leave_out_a_small_group(contrasted: pd.DataFrame) -> None:
    assert "secret few" not in set(contrasted["name"])


def test_a_contrast_lies_in_its_interval(contrasted: pd.DataFrame) -> None:
    assert contrasted["compared"].between(contrasted["low"] - 1e-9, contrasted["high"] + 1e-9).all()


def test_intervals_cover_the_true_ratio_about_as_often_as_they_say() -> None:
    rng, covered, shops = np.random.default_rng(1), 0, 60
    for seed in range(shops):
        own, rest = rng.lognormal(3.0, 1.0, 80), rng.lognormal(2.0, 1.0, 160)
        features = pd.DataFrame({"net_spend": [*own, *rest]})
        segments = pd.DataFrame({"segment": [0] * 80 + [1] * 160, "name": ["a"] * 80 + ["b"] * 160})
        row = contrasts(features, segments, min_group=5, seed=seed).query("segment == 0").iloc[0]
        covered += row["low"] <= TRUE_RATIO <= row["high"]
    assert 0.9 <= covered / shops <= 1.0


def true_ratio() -> float:
    rng = np.random.default_rng(0)
    everyone = [*rng.lognormal(3.0, 1.0, 200_000), *rng.lognormal(2.0, 1.0, 400_000)]
    return float(np.exp(3.0) / np.median(everyone))


TRUE_RATIO = true_ratio()


def test_drawn_medians_spread_as_medians_of_customers_drawn_again() -> None:
    values, rng = np.random.default_rng(2).normal(0, 1, 101), np.random.default_rng(3)
    drawn = np.median(rng.choice(values, (4_000, 101)), axis=1)
    assert drawn_medians(values, rng, 4_000).std() == pytest.approx(drawn.std(), rel=0.1)


def test_drawn_means_of_many_spread_as_means_do() -> None:
    values, rng = np.random.default_rng(2).normal(0, 1, 5_000), np.random.default_rng(3)
    assert drawn_means(values, rng, 2_000).std() == pytest.approx(values.std() / np.sqrt(5_000), rel=0.1)


def test_one_customer_with_nearly_all_the_money_moves_no_ratio() -> None:
    rich = FEATURES_OF.copy()
    rich.iloc[0, rich.columns.get_loc("net_spend")] = 1e12
    rows = [
        contrasts(table, SEGMENTS, min_group=5, seed=1).query("feature == 'net_spend'") for table in (FEATURES_OF, rich)
    ]
    assert np.allclose(
        rows[0].sort_values("segment")["compared"], rows[1].sort_values("segment")["compared"], rtol=0.05
    )


@pytest.mark.parametrize("k", [2, 7, 12])
def test_the_table_of_contrasts_can_be_read(k: int) -> None:
    features = pd.DataFrame(np.random.default_rng(1).lognormal(2, 1, (10 * k, 4)), columns=COLUMNS)
    segments = pd.DataFrame({"segment": np.arange(10 * k) % k}).assign(
        name=lambda t: t["segment"].map("kind {}".format)
    )
    table = contrast_table(contrasts(features, segments, min_group=5, seed=1), money="EUR")
    assert len(table) <= 20
    assert table["segment"].nunique() == k


# --- one sentence


def test_a_sentence_is_built_from_values() -> None:
    features = pd.DataFrame(
        {"recency_days": [9.0] * 5 + [90.0] * 5, "order_count": 2.0, "net_spend": [30.0] * 5 + [10.0] * 5}
    )
    segments = pd.DataFrame({"segment": [0] * 5 + [1] * 5, "name": "any"})
    assert segment_sentences(features, segments, min_group=5)[0] == (
        "They last bought 9 days ago, ordered twice, spend 1.5 times the average; "
        "50% of customers bring 75% of the money."
    )


def test_nothing_is_told_of_a_small_group() -> None:
    told = segment_sentences(FEATURES_OF, SEGMENTS, min_group=5)
    assert told[3] == "Fewer than 5 customers, too few to tell of."


def test_a_sentence_leaves_out_what_is_not_known() -> None:
    unknown = FEATURES_OF.assign(recency_days=np.nan, net_spend=0.0)
    assert segment_sentences(unknown, SEGMENTS, min_group=5)[1] == "They ordered 4 times; they are 33% of customers."


# --- segments side by side


def four_customers() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write four customers: 'few' brings 900 of 1,000 from one customer, 'many' 100 from three."""
    features = pd.DataFrame({name: [1.0, 2.0, 3.0, 4.0] for name in NUMBERS}, index=list("abcd"))
    features = features.assign(net_spend=[20.0, 30.0, 50.0, 900.0], gender=["f", None, "m", "f"])
    segments = pd.DataFrame({"segment": [1, 1, 1, 0], "name": ["many", "many", "many", "few"]}, index=features.index)
    return features, segments


def test_the_profile_begins_with_the_largest_share_of_money() -> None:
    assert segment_profile(*four_customers())["name"].tolist() == ["few", "many"]


def test_the_profile_counts_customers_and_money() -> None:
    shares = segment_profile(*four_customers())[["customers", "customer_share", "money_share"]]
    assert shares.to_numpy().tolist() == [[1, 0.25, 0.9], [3, 0.75, 0.1]]


def test_the_profile_describes_numbers_by_medians() -> None:
    profile = segment_profile(*four_customers())
    assert profile["net_spend"].tolist() == [900.0, 30.0]
    assert "gender" not in profile


def test_the_profile_of_no_money_has_no_shares_of_it() -> None:
    features, segments = four_customers()
    assert segment_profile(features.assign(net_spend=0.0), segments)["money_share"].tolist() == [0.0, 0.0]


def test_the_profile_table_keeps_the_profiles_order() -> None:
    table = profile_table(segment_profile(*four_customers()), money="EUR")
    assert table[["segment", "customers", "spend, EUR"]].to_numpy().tolist() == [["few", 1, 900.0], ["many", 3, 30.0]]


def test_the_best_segment_is_told_with_its_shares() -> None:
    sentence = best_sentence(segment_profile(*four_customers()), min_group=1)
    assert sentence.format(name="few", customers=0.25, money=0.9) == (
        "The few are 25% of the customers and bring 90% of the money."
    )


def test_nothing_is_told_of_a_best_segment_that_is_too_small() -> None:
    assert "{money" not in best_sentence(segment_profile(*four_customers()), min_group=2)


def test_one_group_has_no_best() -> None:
    features, segments = four_customers()
    profile = segment_profile(features, segments.assign(segment=0))
    assert best_sentence(profile, min_group=5) == "There is one group, so no segment brings more than another."


def test_sentences_stand_by_name_in_the_profiles_order() -> None:
    sentences = pd.Series({0: "They last bought today.", 1: "Half of them came back."})
    assert named_sentences(sentences, segment_profile(*four_customers())) == [
        "Few: they last bought today.",
        "Many: half of them came back.",
    ]


def test_segments_that_are_not_in_the_profile_have_no_sentence() -> None:
    sentences = pd.Series({0: "They last bought today.", 1: "Half of them came back."})
    assert len(named_sentences(sentences, segment_profile(*four_customers())[1:])) == 1


STANDS = pd.DataFrame(
    {"net_spend": [1.5, -0.5], "visit_count": [np.nan, 0.25], "age_years": [0.0, 0.0], "order_count": [0.1, 0.2]}
)


def test_standings_are_shown_by_name_in_the_profiles_order() -> None:
    shown = shown_standing(STANDS, segment_profile(*four_customers()), columns=["net_spend"])
    assert shown["net_spend"].to_dict() == {"few": 1.5, "many": -0.5}


def test_features_are_shown_in_the_order_asked_for_as_far_as_they_are_known() -> None:
    shown = shown_standing(
        STANDS, segment_profile(*four_customers()), columns=["order_count", "sentiment", "net_spend"]
    )
    assert list(shown) == ["order_count", "net_spend"]


def test_a_feature_in_which_all_are_alike_is_not_shown() -> None:
    shown = shown_standing(STANDS, segment_profile(*four_customers()), columns=["age_years", "net_spend"])
    assert list(shown) == ["net_spend"]


def test_where_a_segment_s_standing_is_not_known_it_counts_as_average() -> None:
    shown = shown_standing(STANDS, segment_profile(*four_customers()), columns=["visit_count"])
    assert shown["visit_count"].tolist() == [0.0, 0.25]


def test_segments_that_are_not_in_the_profile_are_not_shown() -> None:
    shown = shown_standing(STANDS, segment_profile(*four_customers())[1:], columns=["net_spend"])
    assert shown.index.tolist() == ["many"]


# --- rules


@pytest.fixture(scope="module")
def told() -> ToldByRules:
    return tell_by_rules(FEATURES_OF, SEGMENTS["segment"], columns=COLUMNS, seed=1)


def test_rules_reproduce_groups_that_are_apart(told: ToldByRules) -> None:
    assert told.accuracy >= 0.97


def test_no_rule_has_more_than_three_conditions(told: ToldByRules) -> None:
    assert max(rule.conditions for rule in told.rules) <= 3


def test_the_last_rule_holds_for_everybody(told: ToldByRules) -> None:
    assert told.rules[-1].holds(FEATURES_OF).all()


def test_the_accuracy_is_that_of_the_rules(told: ToldByRules) -> None:
    given = follow_rules(told.rules, FEATURES_OF)
    assert told.accuracy == pytest.approx((given == SEGMENTS["segment"]).mean())


PHRASES = {
    r"last order (?:less than|within) ([\d,]+) days?(?: ago)?": ("recency_days", "<"),
    r"last order ([\d,]+) days? ago or longer": ("recency_days", ">="),
    r"(?:at most|fewer than) ([\d,]+) orders?": ("order_count", "<"),
    r"at least ([\d,]+) orders?": ("order_count", ">="),
    r"spent less than ([\d,.]+) EUR": ("net_spend", "<"),
    r"spent at least ([\d,.]+) EUR": ("net_spend", ">="),
    r"share bought reduced below ([\d.]+) %": ("discount_share", "<"),
    r"share bought reduced at least ([\d.]+) %": ("discount_share", ">="),
}


def holds_in_words(words: str, features: pd.DataFrame) -> np.ndarray:
    """Apply the words of a rule as a reader would."""
    held = np.ones(len(features), dtype=bool)
    for part in words.split(" and ") if words != "everybody else" else []:
        ((pattern, (name, sign)),) = ((key, told) for key, told in PHRASES.items() if re.fullmatch(key, part))
        bound = float(re.fullmatch(pattern, part)[1].replace(",", "")) / (100 if name == "discount_share" else 1)
        included = sign == "<" and ("at most" in part or "within" in part)
        values = features[name]
        held &= (values <= bound if included else values < bound if sign == "<" else values >= bound).to_numpy()
    return held


def test_the_words_of_the_rules_give_the_same_segments(told: ToldByRules) -> None:
    whole = whole_features(FEATURES_OF, COLUMNS)
    given = np.full(len(FEATURES_OF), -1)
    for rule in reversed(told.rules):
        given[holds_in_words(rule_in_words(rule, money="EUR", whole=whole), FEATURES_OF)] = rule.segment
    assert (given == SEGMENTS["segment"]).mean() == pytest.approx(told.accuracy)


def test_the_words_of_a_rule_say_what_it_asks() -> None:
    features = pd.DataFrame({"order_count": [5.0, 6.0, 7.0]})
    whole = whole_features(features, ["order_count"])
    words = bound_in_words("order_count", low=None, high=7.0, whole=bool(whole), money="EUR")
    assert words == "at most 6 orders"


def test_rules_of_a_random_grouping_say_whom_they_cannot_tell() -> None:
    rng = np.random.default_rng(1)
    features = pd.DataFrame(rng.lognormal(2, 1, (300, 4)), columns=COLUMNS)
    told = tell_by_rules(features, pd.Series(rng.integers(0, 3, 300)), columns=COLUMNS, seed=1)
    assert told.cross_validated < 0.6
    assert "Not simply told: " in rules_sentence(told, names=["one", "two", "three"])


def test_what_is_not_known_meets_no_condition(told: ToldByRules) -> None:
    unknown = pd.DataFrame(np.nan, index=["new"], columns=COLUMNS)
    assert follow_rules(told.rules, unknown).tolist() == [told.rules[-1].segment]


def test_rules_that_decide_few_are_not_shown(told: ToldByRules) -> None:
    table = rules_in_words(told, FEATURES_OF, names=list("abcd"), money="EUR", min_group=5)
    assert (table["customers"] >= 5).all()


def test_scores_leave_out_a_small_group(told: ToldByRules) -> None:
    assert score_table(told, names=list("abcd"), min_group=5)["segment"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("k", [1, 2, 12])
def test_there_are_never_more_than_twenty_rules(k: int) -> None:
    rng = np.random.default_rng(1)
    features = pd.DataFrame(rng.lognormal(2, 1, (200, 2)), columns=COLUMNS[1:3])
    labels = pd.Series(np.arange(200) % k)
    assert 1 <= len(tell_by_rules(features, labels, columns=COLUMNS[1:3], seed=1).rules) <= 20


def test_two_customers_who_are_alike_have_one_rule() -> None:
    features = pd.DataFrame({"order_count": [1.0, 1.0], "net_spend": [np.nan, np.nan]})
    told = tell_by_rules(features, pd.Series([0, 1]), columns=["order_count", "net_spend"], seed=1)
    assert [rule_in_words(rule, money="EUR") for rule in told.rules] == ["everybody else"]


def test_thresholds_can_be_read() -> None:
    assert all(float(f"{cut:.2g}") == cut for cut in thresholds(np.random.default_rng(1).lognormal(5, 2, 999), bins=32))


def test_the_best_box_holds_all_that_gains() -> None:
    coded = np.array([[0, 0], [1, 0], [2, 0], [2, 1]])
    gain, box = best_box(coded, np.array([-1.0, 1.0, 1.0, -1.0]), [3, 2])
    assert (gain, dict(box)) == (2.0, {0: (1, 2), 1: (0, 0)})


# --- typical customers


@pytest.fixture(scope="module")
def typical() -> pd.DataFrame:
    return typical_customers(FEATURES_OF, SEGMENTS, columns=COLUMNS, min_group=5)


def test_what_is_told_of_a_typical_customer_is_true_of_several(typical: pd.DataFrame) -> None:
    coarse = pd.DataFrame({name: coarsely(FEATURES_OF[name], name) for name in COLUMNS[:3]})
    for _, row in typical.iterrows():
        told = row[COLUMNS[:3]].dropna()
        same = (coarse[SEGMENTS["segment"] == row["segment"]][told.index] == told).all(axis=1)
        assert same.sum() >= 5


def test_nobody_of_a_small_group_is_typical(typical: pd.DataFrame) -> None:
    loose = typical_customers(FEATURES_OF, SEGMENTS, columns=COLUMNS, min_group=1)
    assert ["secret few" in set(table["name"]) for table in (loose, typical)] == [True, False]


def test_the_page_shows_neither_id_nor_pseudonym(typical: pd.DataFrame) -> None:
    text = typical_table(typical, money="EUR").to_csv()
    hidden = [*typical.index, *pseudonym(typical.index, key=b"0" * 32)]
    assert [value for value in hidden if value in text] == []


def test_typical_customers_are_rounded(typical: pd.DataFrame) -> None:
    firsts = {f"{value:.0e}"[0] for value in typical["net_spend"].dropna()}
    assert firsts <= {"1", "2", "5"}


def test_the_private_table_holds_pseudonyms_alone(typical: pd.DataFrame) -> None:
    table = pseudonymous(typical, key=b"0" * 32)
    assert table["pseudonym"].tolist() == pseudonym(typical.index, key=b"0" * 32)
    assert "id-" not in table.to_csv()


# --- pseudonyms


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    assert pseudonym_key(tmp_path / "run") == pseudonym_key(tmp_path / "run")


def test_two_runs_have_different_secrets(tmp_path: Path) -> None:
    assert pseudonym_key(tmp_path / "one") != pseudonym_key(tmp_path / "two")


def test_the_secret_is_its_owners_alone(tmp_path: Path) -> None:
    pseudonym_key(tmp_path)
    assert stat.S_IMODE((tmp_path / PSEUDONYM_KEY).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [PSEUDONYM_KEY]


def test_a_secret_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / PSEUDONYM_KEY).write_bytes(b"short")
    with pytest.raises(DataProblem, match=r"must have 32 bytes; 'pseudonym\.key' has 5\. Remove it"):
        pseudonym_key(tmp_path)


def test_another_secret_gives_another_pseudonym() -> None:
    assert pseudonym(["ann"], key=b"0" * 32) != pseudonym(["ann"], key=b"1" * 32)


# --- reasons


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    return fit_explainer(FEATURES_OF, SEGMENTS["segment"], names=list("abcd"), columns=COLUMNS)


def test_reasons_point_where_the_customer_stands(explainer: Explainer) -> None:
    z = explainer.scale.standardise(FEATURES_OF)
    told = explainer.reasons(FEATURES_OF, SEGMENTS["segment"])
    words = {word_for(name, high=high, very=very): (place, high) for place, name in enumerate(COLUMNS)
             for high in (False, True) for very in (False, True)}  # fmt: skip
    for column in told:
        for row, phrase in enumerate(told[column]):
            if isinstance(phrase, str) and phrase != NEAR_AVERAGE:
                place, high = words[phrase]
                assert (z[row, place] > 0) == high


def test_the_strongest_reason_comes_first() -> None:
    told = reasons(np.array([[-1.0, 2.0]]), np.array([[-1.0, 2.0]]), np.array([0]), columns=COLUMNS[:2])
    assert told.iloc[0, :2].tolist() == ["orders very often", "bought lately"]


def test_what_is_not_known_is_no_reason() -> None:
    told = reasons(np.array([[np.nan, 2.0]]), np.array([[-1.0, 2.0]]), np.array([0]), columns=COLUMNS[:2])
    assert told.iloc[0].tolist() == ["orders very often", None, None]


def test_who_is_like_everybody_is_told_so() -> None:
    told = reasons(np.zeros((1, 2)), np.array([[0.1, 0.1]]), np.array([0]), columns=COLUMNS[:2])
    assert told["reason_1"].tolist() == [NEAR_AVERAGE]


@pytest.mark.parametrize(("z", "label"), [(np.nan, 0), (2.0, -1)])
def test_nothing_known_or_no_segment_has_no_reason(z: float, label: int) -> None:
    told = reasons(np.array([[z]]), np.array([[2.0]]), np.array([label]), columns=COLUMNS[:1])
    assert told.iloc[0].tolist() == [None, None, None]


def test_an_explainer_read_from_its_record_gives_the_same_reasons(explainer: Explainer) -> None:
    again = Explainer.of(explainer.record())
    pd.testing.assert_frame_equal(
        again.reasons(FEATURES_OF, SEGMENTS["segment"]), explainer.reasons(FEATURES_OF, SEGMENTS["segment"])
    )


def test_a_newcomer_of_whom_a_column_is_missing_has_reasons(explainer: Explainer) -> None:
    newcomer = FEATURES_OF.iloc[[0]].drop(columns="order_count")
    assert explainer.reasons(newcomer, np.array([0])).loc["id-0000", "reason_1"] == "bought lately"


# --- map and spread


def test_nobody_of_a_small_group_is_on_the_map() -> None:
    points = map_points(FEATURES_OF, SEGMENTS, columns=COLUMNS, min_group=5, seed=1)
    assert set(points["name"]) == {"champions", "discount hunters", "lapsed"}


def test_the_outermost_are_not_on_the_map() -> None:
    points = map_points(FEATURES_OF, SEGMENTS, columns=COLUMNS, min_group=5, seed=1)
    assert points["name"].value_counts().tolist() == [58, 58, 58]


def test_the_map_holds_no_more_than_asked() -> None:
    assert len(map_points(FEATURES_OF, SEGMENTS, columns=COLUMNS, min_group=5, seed=1, most=50)) == 50


def test_the_map_is_the_same_each_time() -> None:
    first, second = (map_points(FEATURES_OF, SEGMENTS, columns=COLUMNS, min_group=5, seed=1) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_the_numbers_of_the_map_are_of_segments() -> None:
    numbers = map_numbers(map_points(FEATURES_OF, SEGMENTS, columns=COLUMNS, min_group=5, seed=1))
    assert numbers["customers"].tolist() == [58, 58, 58]


def test_the_map_of_one_feature_can_be_made() -> None:
    assert len(map_points(FEATURES_OF, SEGMENTS, columns=COLUMNS[:1], min_group=5, seed=1)) == 174


def test_spread_leaves_out_a_small_group() -> None:
    assert "secret few" not in set(segment_spread(FEATURES_OF, SEGMENTS, columns=COLUMNS, min_group=5)["name"])


def test_spread_holds_the_quartiles() -> None:
    row = segment_spread(FEATURES_OF, SEGMENTS, columns=["net_spend"], min_group=5).iloc[0]
    own = FEATURES_OF["net_spend"][SEGMENTS["segment"] == 0]
    assert row[["lower", "median", "upper"]].tolist() == own.quantile([0.25, 0.5, 0.75]).tolist()


def test_the_feature_in_which_segments_differ_most_comes_first() -> None:
    features = FEATURES_OF.assign(order_count=3.0)
    assert telling_features(features, SEGMENTS, columns=COLUMNS, most=4)[-1] == "order_count"


# --- words


def test_every_number_has_words() -> None:
    numbers = {name for name, feature in FEATURES.items() if getattr(feature, "kind", "number") == "number"}
    assert numbers - set(feature_words()) == set()


def test_words_are_of_features() -> None:
    assert set(feature_words()) - set(FEATURES) == set()


def test_no_two_features_are_worded_alike() -> None:
    words = [word for told in feature_words().values() for word in (told["low"], told["high"])]
    assert len(words) == len(set(words))


def test_the_input_is_unchanged() -> None:
    features, segments = shop()
    contrasts(features, segments, min_group=5, seed=1)
    typical_customers(features, segments, columns=COLUMNS, min_group=5)
    map_points(features, segments, columns=COLUMNS, min_group=5, seed=1)
    tell_by_rules(features, segments["segment"], columns=COLUMNS, seed=1)
    pd.testing.assert_frame_equal(features, FEATURES_OF)
    pd.testing.assert_frame_equal(segments, SEGMENTS)
