import numpy as np
import pandas as pd
import pytest
from benchmarks.truth import (
    METHODS,
    RIVALS,
    SHAPES,
    crowd_table,
    mean_interval,
    recommended,
    rival_k_means,
    shop_scores,
    truth_table,
    wilson_interval,
)
from sklearn.metrics import adjusted_rand_score

from segmentation.features import FEATURES

SHOPS = (1, 2, 3)  # seeds of shops with 3, 4 and 5 kinds
REFITS = 5


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Measure the workbook and its rivals on three small shops."""
    return pd.DataFrame([shop_scores(seed, customers=800, refits=REFITS) for seed in SHOPS])


@pytest.mark.parametrize("rival", RIVALS)
def test_the_recommendation_tells_planted_kinds_better_than_its_rivals(scores: pd.DataFrame, rival: str) -> None:
    assert (scores["workbook"] - scores[rival]).mean() > 0.03


def test_the_recommendation_is_far_from_chance(scores: pd.DataFrame) -> None:
    assert scores["workbook"].mean() > 0.6


@pytest.mark.parametrize("shape", ["blob", "box"])
def test_no_segments_are_reported_in_a_crowd(shape: str) -> None:
    assert not recommended(crowd_table(shape, seed=1, customers=300), seed=1, refits=REFITS)[1]


# --- the crowds are crowds


@pytest.mark.parametrize("shape", SHAPES)
def test_a_crowd_has_the_same_spread_in_every_feature(shape: str) -> None:
    spread = np.log1p(crowd_table(shape, seed=1, customers=4_000)[["net_spend", "recency_days"]]).std()
    assert spread.to_numpy() == pytest.approx(1, abs=0.05)


def test_a_stretched_blob_is_correlated() -> None:
    logs = np.log1p(crowd_table("stretched blob", seed=1, customers=4_000)[["net_spend", "recency_days"]])
    assert abs(logs.corr().iloc[0, 1]) == pytest.approx(0.75, abs=0.03)


def test_a_blob_is_not_correlated() -> None:
    logs = np.log1p(crowd_table("blob", seed=1, customers=4_000)[["net_spend", "recency_days"]])
    assert logs.corr().iloc[0, 1] == pytest.approx(0, abs=0.05)


def test_a_crowd_table_has_a_column_for_every_feature() -> None:
    assert list(crowd_table("blob", seed=1, customers=50)) == list(FEATURES)


# --- the rivals are strong


def four_groups() -> tuple[pd.DataFrame, np.ndarray]:
    """Plant four groups far apart in recency and spend."""
    kinds = np.repeat(np.arange(4), 50)
    noise = np.random.default_rng(1).normal(0, [[0.1], [0.0], [0.1]], (3, 200))
    logs = np.array([[1, 1, 6, 6], [1, 1, 1, 1], [2, 7, 2, 7]])[:, kinds] + noise
    return pd.DataFrame(np.expm1(logs.T), columns=["recency_days", "order_count", "net_spend"]), kinds


@pytest.mark.parametrize("k", [0, 4])
def test_the_rival_finds_groups_that_part_in_recency_and_spend(k: int) -> None:
    features, kinds = four_groups()
    assert adjusted_rand_score(kinds, rival_k_means(features, k=k, seed=1)) == 1.0


# --- intervals and tables


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution_in_large_samples() -> None:
    values = np.random.default_rng(1).normal(size=400)
    half = 1.96 * values.std() / 20
    assert mean_interval(values) == pytest.approx((values.mean(), values.mean() - half, values.mean() + half), abs=0.01)


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=0.0001)


def test_wilsons_interval_of_none_begins_at_0() -> None:
    assert wilson_interval(0, 10)[0] == 0.0


def test_the_table_tells_the_lead_shop_by_shop() -> None:
    made = {"seed": [1, 2], "kinds": [2, 3]}
    for place, name in enumerate(METHODS):
        made |= {name: [0.9 - 0.2 * place, 0.5 - 0.2 * place], f"{name}: number": [2, 5]}
    table = truth_table(pd.DataFrame(made))
    assert table.loc["RFM map", "the workbook's lead"] == "+0.600 (+0.600 to +0.600)"
    assert table["number off by"].tolist() == ["1.0"] * 4
