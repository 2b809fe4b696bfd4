"""What is prepared for segments: the same numbers as ever by default, and never missing or endless."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentation.features import FEATURES
from segmentation.preparing import (
    TRUSTED,
    USUAL_FEATURES,
    WORDS,
    Preparation,
    Recipe,
    column_table,
    fit_preparation,
    map_of,
)
from segmentation.preparing.reducing import fit_reduction
from segmentation.preparing.selecting import by_correlation, by_variance, commonest_share
from segmentation.preparing.shown import (
    correlation_table,
    loading_table,
    selection_table,
    spread_table,
    variance_shares,
)
from segmentation.preparing.with_target import METHODS, by_target, drawn_rows
from segmentation.problems import DataProblem

MIXED = ("recency_days", "order_count", "net_spend", "median_gap_days", "return_share", "gender", "channel")
CROSSED = ("recency_days*order_count", "gender*channel")
QUIET = "ignore:.*converge"


def shop(customers: int = 200, *, seed: int = 1) -> pd.DataFrame:
    """Draw customers with every kind of column: skewed numbers, shares, gaps, categories."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(random.lognormal(3, 1, (customers, len(USUAL_FEATURES))), columns=list(USUAL_FEATURES))
    table["discount_share"] = random.random(customers)
    table["return_share"] = random.random(customers) ** 3
    table["median_gap_days"] = random.lognormal(3, 1, customers)
    table.loc[::3, "median_gap_days"] = np.nan
    table["gender"] = random.choice(["woman", "man", None], customers)
    table["channel"] = random.choice(["web", "shop"], customers)
    return table.set_axis(
        pd.Index([f"customer {number:04}" for number in range(customers)], name="customer_id"), axis=0
    )


def followed(features: pd.DataFrame, *, seed: int = 1) -> pd.Series:
    """Draw what customers spend later: the more, the more they spent; nothing for the lower half."""
    noise = np.random.default_rng(seed).normal(0, 0.3, len(features))
    level = np.log1p(features["net_spend"]) + noise
    return np.expm1(level).where(level > level.median(), 0.0)


def fitted(features: pd.DataFrame, recipe: Recipe | None = None, *, target: pd.Series | None = None) -> Preparation:
    return fit_preparation(features, recipe or Recipe(), target=target, seed=1)


def prepared(features: pd.DataFrame, **told: object) -> pd.DataFrame:
    """Prepare by a recipe of which only what is told differs from the usual."""
    preparation = fitted(features, Recipe(**told))
    return pd.DataFrame(preparation.transform(features), index=features.index, columns=preparation.names)


def one_column(values: list[float], *, name: str = "net_spend", **told: object) -> list[float]:
    """Prepare a single number, rounded."""
    return prepared(pd.DataFrame({name: values}), columns=(name,), **told)[name].round(4).tolist()


def did(preparation: Preparation, step: str) -> str:
    """Read what a step did."""
    rows = preparation.steps.set_index("step")["what it did"]
    return rows[step]


# --- the default is what it always was, on more features

SKEWED = ["recency_days", "order_count", "net_spend", "average_order", "tenure_days", "product_count"]


def test_the_usual_preparation_is_logarithm_then_scale_then_limit() -> None:
    features = shop()
    expected = features[list(USUAL_FEATURES)].copy()
    expected[SKEWED] = np.log1p(expected[SKEWED].clip(lower=0))
    expected = (expected - expected.mean()) / expected.std(ddof=0)
    assert np.allclose(fitted(features).transform(features), expected.clip(-3, 3), rtol=0, atol=1e-12)


def test_the_usual_columns_are_the_usual_features_in_their_order() -> None:
    assert fitted(shop()).names == list(USUAL_FEATURES)


def test_a_customer_far_out_is_three_deviations_out() -> None:
    assert one_column([1.0] * 99 + [1e9])[-1] == 3.0


def test_who_got_back_more_than_they_paid_spent_nothing() -> None:
    values = one_column([-50.0, 0.0, 10.0])
    assert values[0] == values[1]


def test_of_the_usual_features_those_nobody_has_are_left_out() -> None:
    preparation = fitted(shop().assign(tenure_days=np.nan))
    assert (preparation.names, "left out as nobody has it: tenure days" in did(preparation, "features")) == (
        [name for name in USUAL_FEATURES if name != "tenure_days"],
        True,
    )


# --- transforms and scales, on numbers small enough to check by eye


def test_a_share_stays_as_it_is_by_default() -> None:
    assert one_column([0.0, 0.5, 1.0], name="return_share", scaling="none") == [0.0, 0.5, 1.0]


def test_the_logarithm_is_of_value_plus_one() -> None:
    assert one_column([0.0, np.e - 1], scaling="none") == [0.0, 1.0]


def test_all_numbers_take_a_logarithm_when_asked_for() -> None:
    assert one_column([0.0, 1.0], name="return_share", transform="log", scaling="none") == [0.0, 0.6931]


def test_yeo_johnson_takes_the_skew_away() -> None:
    features = shop(500)
    table = fitted(features, Recipe(("net_spend",), transform="yeo-johnson")).columns.loc[0]
    assert table["skew before"] > 2
    assert abs(table["skew after"]) < 0.1


def test_min_max_reaches_from_0_to_1() -> None:
    assert one_column([5.0, 10.0, 15.0], transform="none", scaling="min-max") == [0.0, 0.5, 1.0]


def test_min_max_keeps_a_later_customer_within_0_and_1() -> None:
    recipe = Recipe(("net_spend",), transform="none", scaling="min-max")
    preparation = fitted(pd.DataFrame({"net_spend": [0.0, 10.0]}), recipe)
    assert preparation.transform(pd.DataFrame({"net_spend": [-5.0, 50.0]})).ravel().tolist() == [0.0, 1.0]


def test_robust_scaling_sets_the_quartiles_of_a_normal_distribution() -> None:
    assert one_column([0.0, 1.0, 2.0, 3.0, 4.0], transform="none", scaling="robust") == [
        -1.349, -0.6745, 0.0, 0.6745, 1.349,
    ]  # fmt: skip


def test_without_transform_and_scale_numbers_stay() -> None:
    assert one_column([5.0, 700.0], transform="none", scaling="none") == [5.0, 700.0]


# --- missing values


@pytest.mark.parametrize(("fill", "expected"), [("median", 2.0), ("mean", 3.0), ("zero", 0.0)])
def test_a_missing_number_is_filled(fill: str, expected: float) -> None:
    filled = one_column([1.0, 2.0, 6.0, np.nan], fill=fill, transform="none", scaling="none")
    assert filled == [1.0, 2.0, 6.0, expected]


def test_the_nearest_customers_fill_what_is_missing() -> None:
    features = pd.DataFrame({"net_spend": [1.0] * 9 + [9.0] * 9, "order_count": [2.0] * 8 + [np.nan] + [8.0] * 9})
    recipe = {"columns": ("net_spend", "order_count"), "fill": "nearest", "transform": "none", "scaling": "none"}
    assert prepared(features, **recipe)["order_count"][8] == 2.0


def test_a_flag_says_what_was_missing() -> None:
    features = pd.DataFrame({"net_spend": [1.0, 2.0, np.nan]})
    table = prepared(features, columns=("net_spend",), fill="flagged", scaling="none")
    assert table["net_spend: missing"].tolist() == [0.0, 0.0, 1.0]


def test_missing_numbers_do_not_move_the_scale() -> None:
    known = one_column([1.0, 2.0, 3.0])
    assert one_column([1.0, 2.0, 3.0, np.nan, np.nan])[:3] == known


def test_missing_numbers_are_refused_when_asked_for() -> None:
    problem = r"With `fill` none, .* 'median_gap_days' is missing for 67 of 200\. .* is `fill` median meant\?"
    with pytest.raises(DataProblem, match=problem):
        fitted(shop(), Recipe(("net_spend", "median_gap_days"), fill="none"))


def test_a_later_missing_number_is_refused_too() -> None:
    features = shop()
    preparation = fitted(features, Recipe(("net_spend",), fill="none"))
    with pytest.raises(DataProblem, match=r"With `fill` none, .* 'net_spend' is missing for 200 of 200\."):
        preparation.transform(features.assign(net_spend=np.nan))


def test_what_was_filled_is_told_with_its_share() -> None:
    told = did(fitted(shop(), Recipe(MIXED)), "missing numbers")
    assert told == "median gap days (33.5%) filled with the median of those who have it"


@pytest.mark.parametrize("name", ["median_gap_days", "gender"])
def test_a_feature_that_nobody_has_is_refused_by_name(name: str) -> None:
    problem = (
        rf"`cluster_features` must be known for somebody; '{name}' is missing for all 200 customers\. Leave it out\?"
    )
    with pytest.raises(DataProblem, match=problem):
        fitted(shop().assign(**{name: None}), Recipe(("net_spend", name)))


def test_nothing_known_is_refused() -> None:
    features = pd.DataFrame(np.nan, index=range(9), columns=list(USUAL_FEATURES))
    with pytest.raises(DataProblem, match=r"Can't prepare features: none of 'recency_days', .* is known for anybody\."):
        fitted(features)


def test_no_customer_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"Can't prepare features: there is no customer\."):
        fitted(shop(0))


def test_nobody_can_be_prepared() -> None:
    assert fitted(shop()).transform(shop(0)).shape == (0, 10)


# --- categories


def test_each_level_is_a_column() -> None:
    table = prepared(pd.DataFrame({"gender": ["woman", "man", None]}), columns=("gender",))
    assert table.to_dict("list") == {
        "gender: man": [0.0, 1.0, 0.0],
        "gender: unknown": [0.0, 0.0, 1.0],
        "gender: woman": [1.0, 0.0, 0.0],
    }


def test_a_level_never_seen_before_goes_with_the_rare_ones() -> None:
    seen = pd.DataFrame({"city": ["Lyon"] * 150 + ["Nice"] * 150 + ["Brest", "Metz"]})
    preparation = fitted(seen, Recipe(("city",)))
    assert preparation.names == ["city: Lyon", "city: Nice", "city: all other levels"]
    assert preparation.transform(pd.DataFrame({"city": ["Lille", "Nice"]})).tolist() == [[0, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize("encoding", WORDS["encoding"])
def test_a_level_never_seen_before_does_not_fail(encoding: str) -> None:
    features = shop()
    preparation = fitted(features, Recipe(("gender", "net_spend"), encoding=encoding), target=followed(features))
    assert np.isfinite(preparation.transform(features.assign(gender="never seen"))).all()


def test_more_than_twelve_levels_go_together_in_twelve() -> None:
    features = pd.DataFrame({"city": [f"city {number % 40}" for number in range(800)]})
    assert len(fitted(features, Recipe(("city",))).names) == 12


def test_rare_levels_that_go_together_are_told() -> None:
    features = pd.DataFrame({"city": ["Lyon"] * 300 + ["Brest", "Metz"]})
    assert "2 of 3 levels of city go together" in did(fitted(features, Recipe(("city",))), "encode")


def test_ordinal_codes_follow_the_alphabet() -> None:
    table = prepared(
        pd.DataFrame({"gender": ["woman", "man", None]}), columns=("gender",), encoding="ordinal", scaling="none"
    )
    assert table["gender"].tolist() == [2.0, 0.0, 1.0]


def test_target_codes_follow_later_spend() -> None:
    features = pd.DataFrame({"channel": ["web", "shop"] * 100})
    later = pd.Series([100.0, 0.0] * 100)
    codes = fitted(features, Recipe(("channel",), encoding="target", scaling="none"), target=later).transform(features)
    assert codes[0, 0] == pytest.approx(np.log1p(100), rel=0.05)
    assert codes[1, 0] == pytest.approx(0, abs=0.2)


# --- crossed features


def test_two_numbers_are_crossed_by_their_product() -> None:
    table = prepared(shop(), columns=("recency_days", "order_count"), crossed=("recency_days*order_count",))
    expected = (table["recency_days"] * table["order_count"]).clip(-3, 3)
    assert table["recency_days*order_count"].tolist() == expected.tolist()


def test_two_categories_are_crossed_by_their_joint_level() -> None:
    features = pd.DataFrame({"gender": ["woman", "man"], "channel": ["web", None]})
    table = prepared(features, columns=("gender", "channel"), crossed=("gender*channel",))
    assert table["gender*channel: woman / web"].tolist() == [1.0, 0.0]
    assert table["gender*channel: man / unknown"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ("recency_days", r"`crossed` must hold pairs of two features .*; got 'recency_days'\."),
        ("recency_days*recency_days", r"`crossed` must hold pairs of two features"),
        ("recency_days*orders", r"`crossed` must hold pairs .*; got 'recency_days\*orders'; 'orders' is no feature\."),
        (
            "recency_days*gender",
            r"`crossed` must join two numbers or two .* joins a number with a category\.",
        ),
    ],
)
def test_a_bad_pair_is_refused(pair: str, problem: str) -> None:
    with pytest.raises(DataProblem, match=problem):
        Recipe(crossed=(pair,))


# --- recipes


@pytest.mark.parametrize("name", WORDS)
def test_a_wrong_word_is_refused_with_the_allowed_ones(name: str) -> None:
    *others, last = WORDS[name]
    with pytest.raises(DataProblem, match=rf"`{name}` must be {', '.join(others)} or {last}; got 'wrong'\."):
        Recipe(**{name: "wrong"})


def test_a_wrong_selection_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(DataProblem, match=r"`selection` must be variance or correlation; got 'chi'\."):
        Recipe(selection=("variance", "chi"))


def test_an_unknown_feature_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"`cluster_features` must name features, which are .*; got 'recency'\."):
        Recipe(("recency",))


@pytest.mark.parametrize("components", [-1, 1.5, True])
def test_a_wrong_number_of_components_is_refused(components: object) -> None:
    with pytest.raises(DataProblem, match=r"`components` must be a whole number, .*; got"):
        Recipe(components=components)


def test_a_recipe_comes_back_from_json() -> None:
    recipe = Recipe(MIXED, crossed=CROSSED, selection=("variance",), reduction="pca", components=3)
    assert Recipe.of(json.loads(json.dumps(recipe.record()))) == recipe


def test_a_recipe_of_another_version_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"A recipe must hold only what this version knows; 'weights' is unknown\."):
        Recipe.of({"weights": []})


def test_a_table_of_another_version_is_refused() -> None:
    preparation = fitted(shop())
    with pytest.raises(DataProblem, match=r"The table of features must have 'net_spend'; it has .* another version\?"):
        preparation.transform(shop().drop(columns="net_spend"))


def test_text_among_numbers_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"'net_spend' must hold numbers; it is"):
        fitted(shop().assign(net_spend="much"))


# --- selection without a target


def test_a_constant_feature_goes_and_is_told() -> None:
    preparation = fitted(shop().assign(tenure_days=5.0))
    assert "tenure_days" not in preparation.names
    assert did(preparation, "constant columns") == "kept 9 of 10 columns; left out tenure days (the same for everybody)"


def test_when_all_are_alike_all_columns_stay_at_nothing() -> None:
    alike = shop(20).assign(**dict.fromkeys(USUAL_FEATURES, 1.0))
    preparation = fitted(alike)
    assert preparation.transform(alike).tolist() == [[0.0] * 10] * 20
    assert did(preparation, "constant columns") == "kept 10 of 10 columns; all 10 are the same for everybody; they stay"


def test_what_nearly_all_have_in_common_goes_when_asked_for() -> None:
    values = np.column_stack([[1.0] + [0.0] * 99, np.arange(100)])
    assert by_variance(values, [0, 1]).dropped == {0: "the same for 99.0%"}


def test_half_of_the_customers_may_have_the_same_value() -> None:
    assert commonest_share(np.array([0.0, 0.0, 1.0, 2.0])) == 0.5


@pytest.mark.parametrize("sign", [1, -1])
def test_a_column_that_repeats_an_earlier_one_goes_with_its_partner_told(sign: int) -> None:
    values = np.random.default_rng(1).normal(size=(100, 2))
    values = np.column_stack([values, sign * values[:, 0]])
    selected = by_correlation(values, [0, 1, 2], names=["recency_days", "net_spend", "tenure_days"])
    assert (selected.kept, selected.dropped) == ([0, 1], {2: f"correlated {sign:+d}.00 with recency_days"})


def test_a_column_that_goes_takes_no_other_with_it() -> None:
    # b goes as it repeats a; c repeats b alone, so c stays.
    a, n, m = np.linalg.qr(np.random.default_rng(1).normal(size=(400, 4)))[0][:, 1:].T
    b = 0.96 * a + np.sqrt(1 - 0.96**2) * n
    c = 0.97 * b + np.sqrt(1 - 0.97**2) * m
    values = np.column_stack([a, b, c])
    assert by_correlation(values - values.mean(axis=0), [0, 1, 2], names=["a", "b", "c"]).kept == [0, 2]


# --- selection with a target


def signals(customers: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Make ten columns, of which the first and the fourth tell what customers spend later, and a tie for half."""
    random = np.random.default_rng(1)
    values = random.normal(size=(customers, 10))
    level = values[:, 0] + values[:, 3] + random.normal(0, 0.3, customers)
    return values, np.expm1(np.maximum(level, 0) * 2)


@pytest.mark.parametrize("method", METHODS)
def test_the_columns_that_tell_later_spend_are_kept(method: str) -> None:
    values, later = signals()
    selected = by_target(values, list(range(10)), method=method, later_spend=later, seed=1)
    assert {0, 3} <= set(selected.kept)


@pytest.mark.parametrize("method", METHODS)
def test_most_columns_that_tell_nothing_are_left_out(method: str) -> None:
    values, later = signals()
    assert len(by_target(values, list(range(10)), method=method, later_spend=later, seed=1).kept) <= 5


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_keeps_the_same_columns(method: str) -> None:
    values, later = signals(200)
    first, second = (by_target(values, [0, 3, 5], method=method, later_spend=later, seed=3) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("method", ["chi-squared", "mutual information", "forest", "l1"])
def test_where_nothing_tells_the_two_best_are_kept(method: str) -> None:
    values, _ = signals()
    later = np.random.default_rng(5).permutation([0.0, 1.0] * 300)
    assert len(by_target(values[:, :4], list(range(4)), method=method, later_spend=later, seed=1).kept) == 2


def test_mutual_information_sees_what_no_line_fits() -> None:
    values, _ = signals()
    later = np.where(np.abs(values[:, 2]) > 0.7, 50.0, 0.0)
    selected = by_target(values, list(range(10)), method="mutual information", later_spend=later, seed=1)
    assert max(selected.scores, key=selected.scores.get) == 2


def test_a_selection_by_later_spend_without_it_says_what_to_do() -> None:
    with pytest.raises(DataProblem, match=r"`target_selection` 'l1' needs what customers did .* none meant\?"):
        fitted(shop(), Recipe(target_selection="l1"))


def test_a_target_encoding_without_later_spend_says_what_to_do() -> None:
    with pytest.raises(DataProblem, match=r"`encoding` 'target' needs what customers did .* one-hot meant\?"):
        fitted(shop(), Recipe(("gender",), encoding="target"))


@pytest.mark.parametrize(("spend", "who"), [(0.0, "nobody"), (5.0, "everybody")])
def test_a_target_that_tells_nobody_apart_is_refused(spend: float, who: str) -> None:
    features = shop()
    with pytest.raises(DataProblem, match=rf"`target_selection` needs customers who .* 200 {who} came back\."):
        fitted(features, Recipe(target_selection="l1"), target=pd.Series(spend, index=features.index))


def test_too_few_customers_for_a_target_are_refused() -> None:
    features = shop(29)
    with pytest.raises(DataProblem, match=r"`target_selection` needs at least 30 customers; there are 29\."):
        fitted(features, Recipe(target_selection="l1"), target=followed(features))


def test_a_target_that_some_lack_is_refused() -> None:
    features = shop()
    with pytest.raises(DataProblem, match=r"must be known for everybody; it is missing for 3 of 200\."):
        fitted(features, Recipe(target_selection="l1"), target=followed(features).iloc[3:])


def test_a_target_is_told_by_customer_and_not_by_row() -> None:
    features = shop()
    recipe = Recipe(target_selection="l1")
    shuffled = followed(features).sample(frac=1, random_state=1)
    assert fitted(features, recipe, target=shuffled).names == fitted(features, recipe, target=followed(features)).names


def test_many_customers_are_drawn_once_each() -> None:
    drawn = drawn_rows(50_000, most=20_000, seed=1)
    assert (len(drawn), len(np.unique(drawn))) == (20_000, 20_000)


def test_a_selection_on_drawn_customers_says_so() -> None:
    values = np.random.default_rng(1).normal(size=(20_001, 3))
    later = np.maximum(values[:, 0], 0)
    selected = by_target(values, [0, 1, 2], method="chi-squared", later_spend=later, seed=1)
    assert selected.remark == "judged on 20,000 of 20,001 customers"


def test_a_fitted_recipe_needs_no_target_again() -> None:
    features = shop()
    first = fitted(features, Recipe(MIXED, target_selection="l1"), target=followed(features))
    again = fitted(features, first.recipe)
    assert np.array_equal(first.transform(features), again.transform(features))


# --- refits on other customers


def test_a_refit_on_drawn_customers_has_the_same_columns() -> None:
    features = shop().assign(city=["Lyon"] * 196 + ["Nice"] * 4)
    first = fitted(features, Recipe((*MIXED, "city"), crossed=CROSSED, selection=("variance", "correlation")))
    few = features.iloc[:12]  # no Nice among them
    assert fitted(few, first.recipe).names == first.names


def test_a_level_that_no_drawn_customer_has_is_0_for_everybody() -> None:
    features = pd.DataFrame({"city": ["Lyon", "Nice"] * 50})
    first = fitted(features, Recipe(("city",)))
    again = fitted(features[features["city"] == "Lyon"], first.recipe)
    assert again.transform(features)[:2].tolist() == [[1.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("transform", WORDS["transform"])
def test_a_number_that_no_drawn_customer_has_is_0_for_everybody(transform: str) -> None:
    features = shop()
    first = fitted(features, Recipe(("net_spend", "median_gap_days"), transform=transform))
    drawn = features[features["median_gap_days"].isna()]
    assert fitted(drawn, first.recipe).transform(drawn)[:, 1].tolist() == [0.0] * len(drawn)


def test_customers_drawn_twice_count_twice() -> None:
    features = shop(30)
    twice = features.iloc[[0, 0, 1, 2]]
    assert fitted(twice).fitted_on == 4


# --- reduction


def test_enough_components_hold_nine_tenths_of_the_variance() -> None:
    features = shop()
    preparation = fitted(features, Recipe(reduction="pca"))
    shares = list(variance_shares(preparation).values())
    assert sum(shares[:-1]) < 0.9 <= sum(shares)


@pytest.mark.parametrize("reduction", ["pca", "ica"])
def test_as_many_components_are_left_as_asked_for(reduction: str) -> None:
    assert fitted(shop(), Recipe(reduction=reduction, components=3)).names == [
        "component 1",
        "component 2",
        "component 3",
    ]


def test_principal_components_are_uncorrelated() -> None:
    features = shop()
    values = fitted(features, Recipe(reduction="pca", components=3)).transform(features)
    assert np.allclose(np.corrcoef(values, rowvar=False), np.eye(3), atol=1e-9)


@pytest.mark.filterwarnings(QUIET)
def test_independent_components_unmix_two_habits() -> None:
    habits = np.random.default_rng(1).uniform(-1, 1, (2_000, 2))
    mixed = habits @ np.array([[1.0, 0.5], [0.4, 1.0]])
    found = fit_reduction(mixed, names=["a", "b"], recipe=Recipe(reduction="ica", components=2), seed=1).step
    agreement = np.abs(np.corrcoef(found.transform(mixed), habits, rowvar=False)[:2, 2:])
    assert agreement.max(axis=0).min() > 0.99


def test_more_components_than_columns_are_refused() -> None:
    with pytest.raises(DataProblem, match=r"`components` must be at most the number of prepared columns, 10; got 11\."):
        fitted(shop(), Recipe(reduction="pca", components=11))


@pytest.mark.parametrize("reduction", ["pca", "ica"])
def test_customers_who_are_all_alike_are_not_reduced(reduction: str) -> None:
    alike = shop(20).assign(**dict.fromkeys(USUAL_FEATURES, 1.0))
    preparation = fitted(alike, Recipe(reduction=reduction))
    assert preparation.transform(alike).tolist() == [[0.0] * 10] * 20
    assert did(preparation, f"reduce ({reduction.upper()})") == "all customers are alike; nothing to reduce"


def test_a_refit_leaves_as_many_components() -> None:
    features = shop()
    first = fitted(features, Recipe(reduction="pca"))
    assert len(fitted(features.iloc[:60], first.recipe).names) == len(first.names)


# --- the map


def test_the_map_keeps_distances_where_two_dimensions_are_enough() -> None:
    corners = np.array([[0.0, 0.0, 5.0], [3.0, 0.0, 5.0], [0.0, 4.0, 5.0]])
    points = map_of(corners, ["a", "b", "c"], seed=1).points.to_numpy()
    assert np.linalg.norm(points[1] - points[2]) == pytest.approx(5.0)


def test_an_axis_says_what_grows_along_it() -> None:
    random = np.random.default_rng(1)
    values = np.column_stack([random.normal(0, 3, 300), random.normal(0, 1, 300)])
    placed = map_of(values, ["net_spend", "recency_days"], seed=1, words={"recency_days": "days since the last order"})
    assert (placed.x_label, placed.y_label) == ("more net spend →", "more days since the last order →")


def test_the_shares_of_the_map_are_of_the_variance() -> None:
    values = np.array([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    assert map_of(values, ["a", "b", "c"], seed=1).shares == pytest.approx((0.8, 0.2))


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_map_of_hardly_anybody_can_be_drawn(rows: int) -> None:
    placed = map_of(np.zeros((rows, 3)), ["a", "b", "c"], seed=1)
    assert (placed.points.to_numpy().tolist(), placed.x_label) == ([[0.0, 0.0]] * rows, "all alike")


def test_a_map_of_one_column_is_a_line() -> None:
    placed = map_of(np.array([[1.0], [3.0]]), ["net_spend"], seed=1)
    assert placed.points["y"].tolist() == [0.0, 0.0]


# --- what is told


def test_steps_are_few_enough_for_a_table() -> None:
    features = shop()
    recipe = Recipe(
        MIXED,
        crossed=CROSSED,
        selection=("variance", "correlation"),
        target_selection="l1",
        reduction="pca",
    )
    steps = fitted(features, recipe, target=followed(features)).steps
    assert list(steps.columns) == ["step", "what it did", "why"]
    assert steps["step"].tolist() == [
        "features",
        "missing numbers",
        "missing categories",
        "transform",
        "scale",
        "encode",
        "cross",
        "constant columns",
        "select by variance",
        "select by correlation",
        "select by later spend (l1)",
        "reduce (PCA)",
    ]


def test_each_feature_has_one_row_that_tells_its_fate() -> None:
    features = shop().assign(net_spend=lambda table: table["recency_days"] * 2 + 1, return_share=0.1)
    table = column_table(fitted(features, Recipe(MIXED, selection=("correlation",)))).set_index("feature")
    assert table["fate"].to_dict() == {
        "recency days": "kept",
        "order count": "kept",
        "median gap days": "kept",
        "gender": "kept",
        "channel": "1 of 2 columns kept; web: correlated -1.00 with channel: shop",
        "net spend": "left out: correlated +1.00 with recency days",
        "return share": "left out: the same for everybody",
    }


def test_the_share_that_was_missing_is_told() -> None:
    table = column_table(fitted(shop(), Recipe(MIXED))).set_index("feature")
    assert table.loc["median gap days", "missing"] == 67 / 200


def test_the_skew_of_a_constant_feature_is_missing() -> None:
    table = column_table(fitted(shop().assign(tenure_days=5.0))).set_index("feature")
    assert table.loc["tenure days", ["skew before", "skew after"]].isna().all()


def test_spread_is_told_before_and_after() -> None:
    features = shop()
    table = spread_table(fitted(features), features).set_index(["column", "stage"])
    assert table.loc[("net spend", "raw"), "median"] == features["net_spend"].median()
    assert abs(table.loc[("net spend", "prepared"), "median"]) < 0.3


def test_correlations_have_ones_on_the_diagonal() -> None:
    features = shop()
    assert np.allclose(np.diag(correlation_table(fitted(features), features)), 1)


def test_scores_stand_from_the_most_telling_down() -> None:
    features = shop()
    table = selection_table(fitted(features, Recipe(target_selection="l1"), target=followed(features)))
    assert (table.loc[0, "column"], table["score"].is_monotonic_decreasing) == ("net spend", True)


@pytest.mark.parametrize("table", [selection_table, loading_table])
def test_what_was_not_done_is_an_empty_table(table: Callable[[Preparation], pd.DataFrame]) -> None:
    assert table(fitted(shop())).empty


def test_the_largest_weight_of_a_component_is_one() -> None:
    weights = loading_table(fitted(shop(), Recipe(reduction="pca")))
    assert np.allclose(weights.abs().max(), 1)


# --- saved and opened again


SAVED = [
    Recipe(MIXED, crossed=CROSSED, fill="nearest", reduction="pca"),
    Recipe(MIXED, transform="yeo-johnson", scaling="robust", encoding="ordinal", reduction="ica", components=2),
    Recipe(MIXED, fill="flagged", scaling="min-max", encoding="target", selection=("correlation",)),
    Recipe(MIXED, fill="zero", scaling="none", encoding="one-hot", target_selection="l1"),
    Recipe(),
]


@pytest.mark.filterwarnings(QUIET)
@pytest.mark.parametrize("recipe", SAVED, ids=range(len(SAVED)))
def test_a_saved_preparation_gives_the_same_numbers(recipe: Recipe) -> None:
    features = shop()
    preparation = fitted(features, recipe, target=followed(features))
    opened = Preparation.of_state(skops.io.loads(skops.io.dumps(preparation.state()), trusted=TRUSTED))
    assert np.array_equal(opened.transform(features), preparation.transform(features))
    assert (opened.recipe, opened.names, opened.fitted_on) == (preparation.recipe, preparation.names, 200)
    pd.testing.assert_frame_equal(opened.steps, preparation.steps)


def test_every_type_that_is_trusted_is_in_some_preparation() -> None:
    features = shop()
    states = [fitted(features, recipe, target=followed(features)).state() for recipe in SAVED]
    found = {name for state in states for name in skops.io.get_untrusted_types(data=skops.io.dumps(state))}
    assert found == set(TRUSTED)


# --- whatever comes in


def dirty(values: st.SearchStrategy) -> st.SearchStrategy[list]:
    return st.lists(values, min_size=2, max_size=12)


NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 1.0, -1.0, 1e15]))
LEVELS = st.sampled_from(["web", "shop", "", "<b>", "all other levels", None, "infrequent_sklearn"])
ROWS = dirty(st.tuples(NUMBERS, NUMBERS, LEVELS, LEVELS))
RECIPES = [
    Recipe(fill=fill, transform=transform, scaling=scaling, encoding=encoding, reduction=reduction)
    for (fill, transform), (scaling, encoding), reduction in product(
        [("median", "usual"), ("nearest", "yeo-johnson"), ("zero", "log"), ("flagged", "none")],
        [("standard", "one-hot"), ("robust", "ordinal"), ("min-max", "one-hot"), ("none", "ordinal")],
        ["none", "pca"],
    )
]


def dirty_table(rows: list[tuple]) -> pd.DataFrame:
    columns = ["net_spend", "return_share", "channel", "gender"]
    table = pd.DataFrame(rows, columns=columns, index=[f"c{number:02}" for number in range(len(rows))])
    known = {"net_spend": 1.0, "return_share": 0.5, "channel": "web", "gender": "woman"}
    return pd.concat([table, pd.DataFrame([known], index=["known"])])


COLUMNS = ("net_spend", "return_share", "channel", "gender")
WHATEVER = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@WHATEVER
@given(rows=ROWS, recipe=st.sampled_from(RECIPES), later=ROWS)
def test_what_comes_out_is_never_missing_or_endless(rows: list, recipe: Recipe, later: list) -> None:
    recipe = replace(recipe, columns=COLUMNS, crossed=("net_spend*return_share", "gender*channel"))
    preparation = fitted(dirty_table(rows), recipe)
    for table in (dirty_table(rows), dirty_table(later)):
        values = preparation.transform(table)
        assert values.shape == (len(table), len(preparation.names))
        assert np.isfinite(values).all()


@WHATEVER
@given(rows=ROWS, recipe=st.sampled_from(RECIPES), order=st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list, recipe: Recipe, order: object) -> None:
    table = dirty_table(rows)
    names = list(table.index)
    order.shuffle(names)
    recipe = replace(recipe, columns=COLUMNS)
    straight, shuffled = fitted(table, recipe), fitted(table.loc[names], recipe)
    assert np.array_equal(straight.transform(table), shuffled.transform(table))


@WHATEVER
@given(rows=ROWS, recipe=st.sampled_from(RECIPES))
def test_the_table_is_unchanged(rows: list, recipe: Recipe) -> None:
    table, before = dirty_table(rows), dirty_table(rows)
    fitted(table, replace(recipe, columns=COLUMNS)).transform(table)
    pd.testing.assert_frame_equal(table, before)


def test_other_columns_do_not_matter() -> None:
    features = shop()
    assert np.array_equal(
        fitted(features).transform(features[list(USUAL_FEATURES)]), fitted(features).transform(features)
    )


def test_every_feature_can_be_prepared() -> None:
    random = np.random.default_rng(1)
    features = pd.DataFrame({name: random.random(50) for name in FEATURES})
    for name in FEATURES:
        if getattr(FEATURES[name], "kind", "number") == "category":
            features[name] = random.choice(["a", "b"], 50)
    assert np.isfinite(fitted(features, Recipe(tuple(FEATURES))).transform(features)).all()


def test_two_customers_can_be_prepared() -> None:
    assert fitted(shop(2)).transform(shop(2)).shape == (2, 10)


def test_one_customer_with_nearly_all_money_is_three_deviations_out() -> None:
    features = shop().assign(net_spend=[1e9] + [10.0] * 199)
    table = prepared(features)
    assert table["net_spend"].iloc[0] == 3.0
