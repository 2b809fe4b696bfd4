from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.explaining.names import base_name, is_true, segment_names
from segmentation.explaining.standing import Scale, fit_scale, standing
from segmentation.features import FEATURES, OF_A_SUMMARY
from segmentation.presets import read_preset

ARCHETYPES = read_preset("archetypes")
USUAL = ["recency_days", "order_count", "net_spend", "average_order", "tenure_days", "product_count", "discount_share"]
FEW = ["recency_days", "order_count", "net_spend", "average_order"]


@st.composite
def profiles(draw: st.DrawFn, columns: Sequence[str] = USUAL) -> pd.DataFrame:
    """Draw 2 to 12 segments; no two the same; rounded to whole numbers, many tie."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    digits = draw(st.sampled_from([0, 3]))
    values = rng.normal(0, draw(st.sampled_from([0.3, 1.0, 2.0])), (draw(st.integers(2, 12)), len(columns)))
    return pd.DataFrame(values.round(digits), columns=list(columns)).drop_duplicates(ignore_index=True)


def at(archetype: str, **changed: float) -> dict[str, float]:
    return dict.fromkeys(USUAL, 0.0) | ARCHETYPES[archetype] | changed


def named(*rows: dict[str, float]) -> list[str]:
    return segment_names(pd.DataFrame(list(rows)))


# --- never twice, whatever the segments are


@given(profiles())
@settings(deadline=None, max_examples=40)
def test_no_two_segments_have_the_same_name(profile: pd.DataFrame) -> None:
    assert len(set(segment_names(profile))) == len(profile)


@given(profiles(FEW))
@settings(deadline=None, max_examples=30)
def test_no_two_segments_of_a_summary_have_the_same_name(profile: pd.DataFrame) -> None:
    assert len(set(segment_names(profile))) == len(profile)


@pytest.mark.parametrize("k", range(2, 13))
def test_segments_that_are_all_alike_have_different_names(k: int) -> None:
    assert len(set(named(*[at("regulars")] * k))) == k


@pytest.mark.parametrize("k", [1, 2, 12])
def test_segments_of_which_nothing_is_known_have_different_names(k: int) -> None:
    assert len(set(segment_names(pd.DataFrame(index=range(k))))) == k


# --- the same, however segments are numbered


@given(profiles(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_names_follow_the_segments_when_they_are_renumbered(profile: pd.DataFrame, random: object) -> None:
    order = list(range(len(profile)))
    random.shuffle(order)
    names = segment_names(profile)
    assert segment_names(profile.iloc[order].reset_index(drop=True)) == [names[place] for place in order]


@given(profiles())
@settings(deadline=None, max_examples=20)
def test_the_order_of_features_does_not_matter(profile: pd.DataFrame) -> None:
    assert segment_names(profile[profile.columns[::-1]]) == segment_names(profile)


def test_the_order_of_customers_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    features = pd.DataFrame(rng.lognormal(3, 1, (300, 4)), columns=FEW)
    labels = pd.Series(rng.integers(0, 6, 300))
    order = rng.permutation(300)
    shuffled = standing(features.iloc[order], labels.iloc[order])
    assert segment_names(shuffled) == segment_names(standing(features, labels))


@pytest.mark.parametrize("seed", range(5))
def test_a_little_noise_changes_no_name_of_a_clear_profile(seed: int) -> None:
    clear = [at(name) for name in ("champions", "newcomers", "lapsed one-time buyers", "discount hunters")]
    noise = np.random.default_rng(seed).normal(0, 0.05, (4, len(USUAL)))
    profile = pd.DataFrame(clear)[USUAL] + noise
    assert segment_names(profile) == ["champions", "newcomers", "lapsed one-time buyers", "discount hunters"]


# --- true


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_a_segment_at_an_archetype_has_its_name(archetype: str) -> None:
    assert named(at(archetype)) == [archetype]


@given(profiles())
@settings(deadline=None, max_examples=40)
def test_what_a_name_claims_is_true(profile: pd.DataFrame) -> None:
    bases = [base_name(name) for name in segment_names(profile)]
    untrue = [
        base
        for base, (_, row) in zip(bases, profile.iterrows(), strict=True)
        if base in ARCHETYPES and not is_true(row, ARCHETYPES[base])
    ]
    assert untrue == []


@pytest.mark.parametrize("claim", ["recency_days", "order_count", "net_spend", "product_count"])
def test_nobody_is_a_champion_against_a_main_claim(claim: str) -> None:
    assert named(at("champions", **{claim: 0.0})) != ["champions"]


def test_nobody_hunts_discounts_where_discounts_are_not_known() -> None:
    row = pd.DataFrame([at("discount hunters")]).drop(columns="discount_share")
    assert "discount" not in segment_names(row)[0]


def test_the_second_of_a_kind_gets_the_next_name_that_is_true() -> None:
    names = named(at("champions"), at("regulars", order_count=1.0, net_spend=0.9))
    assert names == ["champions", "regulars"]


def test_a_second_of_a_kind_without_another_true_name_is_told_apart() -> None:
    names = named(at("discount hunters"), at("discount hunters", average_order=0.3, order_count=0.3))
    assert names[0] == "discount hunters"
    assert names[1] != "discount hunters"


def test_a_segment_that_no_archetype_fits_is_told_by_what_sets_it_apart() -> None:
    nothing_like_it = dict.fromkeys(USUAL, 0.0) | {"product_count": -2.5, "order_count": 0.0, "tenure_days": -0.9}
    assert named(nothing_like_it) == ["customers, few different products"]


def test_a_summary_has_names_too() -> None:
    assert set(OF_A_SUMMARY) >= set(FEW)
    profile = pd.DataFrame([at("champions"), at("lapsed small buyers")])[FEW]
    assert segment_names(profile) == ["champions", "lapsed small buyers"]


def test_planted_champions_are_named_so() -> None:
    features = pd.DataFrame(
        {
            "recency_days": [5.0] * 20 + [300.0] * 180,
            "order_count": [20.0] * 20 + [1.0, 2.0, 3.0] * 60,
            "net_spend": [900.0] * 20 + [20.0, 40.0, 90.0] * 60,
            "product_count": [30.0] * 20 + [1.0, 3.0, 4.0] * 60,
            "tenure_days": [700.0] * 20 + [350.0, 400.0, 450.0] * 60,
        }
    )
    labels = pd.Series([1] * 20 + [0] * 180)
    assert segment_names(standing(features, labels))[1] == "champions"


# --- the preset


def test_there_are_more_names_than_segments() -> None:
    assert len(ARCHETYPES) >= 15


def test_archetypes_claim_features() -> None:
    assert {feature for claims in ARCHETYPES.values() for feature in claims} <= set(FEATURES)


def test_no_archetype_has_a_comma() -> None:
    assert [name for name in ARCHETYPES if "," in name] == []


# --- standing


def test_everybody_stands_at_zero() -> None:
    features = pd.DataFrame({"net_spend": [1.0, 10.0, 100.0], "discount_share": [0.0, 0.5, 1.0]})
    assert standing(features, pd.Series([0, 0, 0])).round(9).to_numpy().tolist() == [[0.0, 0.0]]


def test_a_feature_in_which_all_are_alike_tells_nothing() -> None:
    features = pd.DataFrame({"order_count": [3.0, 3.0], "net_spend": [1.0, 9.0]})
    assert standing(features, pd.Series([0, 1]))["order_count"].tolist() == [0.0, 0.0]


def test_a_feature_known_of_few_in_a_segment_does_not_speak_for_it() -> None:
    features = pd.DataFrame({"median_gap_days": [10.0, 20.0, 30.0, np.nan, np.nan]})
    assert standing(features, pd.Series([0, 0, 1, 1, 1]))["median_gap_days"].isna().tolist() == [False, True]


def test_a_scale_read_from_its_record_is_the_same() -> None:
    scale = fit_scale(pd.DataFrame({"net_spend": [1.0, 10.0], "return_share": [0.0, 0.5]}))
    assert Scale.of(scale.record()) == scale


def test_who_is_far_out_stands_at_three() -> None:
    features = pd.DataFrame({"net_spend": [1.0] * 99 + [1e9]})
    assert fit_scale(features).standardise(features).max() == 3.0
