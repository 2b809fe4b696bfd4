import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.presets import read_preset
from segmentation.rfm import cut_points, rfm_scores, rfm_segments, rfm_table, scores_by, scores_table, shown_scores

SCORES = ["recency_score", "frequency_score", "money_score"]
CELLS = [f"{recency}{frequency}" for recency in range(1, 6) for frequency in range(1, 6)]

# Narrow ranges, so that many customers tie.
customers = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 4), st.integers(0, 5)).map(lambda told: [float(n) for n in told]),
    min_size=1,
    max_size=40,
)


def table(rows: list[list[float]]) -> pd.DataFrame:
    columns = ["recency_days", "order_count", "net_spend"]
    return pd.DataFrame(rows, columns=columns, index=[f"c{number}" for number in range(len(rows))])


def ten_customers() -> pd.DataFrame:
    """Make ten customers, each better than the one before in every way."""
    return table([[100.0 - 10 * place, 1.0 + place, 10.0 + place] for place in range(10)])


# --- the map


@pytest.mark.parametrize("cell", CELLS)
def test_each_cell_has_exactly_one_name(cell: str) -> None:
    assert [cells.count(cell) for cells in read_preset("rfm_map").values() if cell in cells] == [1]


def test_the_map_names_no_other_cells() -> None:
    assert sorted(cell for cells in read_preset("rfm_map").values() for cell in cells) == CELLS


@pytest.mark.parametrize(
    ("place", "name"), [(0, "hibernating"), (3, "hibernating"), (4, "need attention"), (6, "loyal"), (9, "champions")]
)
def test_customers_on_the_diagonal_have_the_maps_names(place: int, name: str) -> None:
    assert rfm_segments(ten_customers()).iloc[place] == name


def test_a_recent_customer_with_one_order_is_new() -> None:
    # The latest of all, and the last by orders: cell 5 1.
    regulars = [[50.0 + place, 3.0, 90.0] for place in range(9)]
    assert rfm_segments(table([[1.0, 1.0, 10.0], *regulars])).iloc[0] == "new"


# --- the scores


def test_each_score_goes_to_a_fifth_of_the_customers() -> None:
    assert rfm_scores(ten_customers())["recency_score"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_the_latest_customer_scores_best_in_recency() -> None:
    assert rfm_scores(table([[30.0, 1.0, 5.0], [2.0, 1.0, 5.0]]))["recency_score"].tolist() == [3, 5]


def test_equal_order_counts_are_ranked_by_recency() -> None:
    once = table([[50.0, 1.0, 9.0], [40.0, 1.0, 9.0], [30.0, 1.0, 9.0], [20.0, 1.0, 9.0], [10.0, 1.0, 9.0]])
    assert rfm_scores(once)["frequency_score"].tolist() == [1, 2, 3, 4, 5]


def test_equal_order_counts_and_recency_are_ranked_by_spend() -> None:
    same_day = table([[9.0, 1.0, 10.0], [9.0, 1.0, 50.0], [9.0, 1.0, 30.0], [9.0, 1.0, 20.0], [9.0, 1.0, 40.0]])
    assert rfm_scores(same_day)["frequency_score"].tolist() == [1, 5, 3, 2, 4]


def test_more_orders_beat_a_later_one() -> None:
    assert rfm_scores(table([[90.0, 2.0, 5.0], [1.0, 1.0, 99.0]]))["frequency_score"].tolist() == [5, 3]


def test_customers_who_are_all_alike_all_score_three() -> None:
    assert rfm_scores(table([[9.0, 1.0, 5.0]] * 10)).to_numpy().tolist() == [[3, 3, 3]] * 10


def test_a_single_customer_is_the_best() -> None:
    assert rfm_scores(table([[9.0, 1.0, 5.0]])).to_numpy().tolist() == [[5, 5, 5]]


@given(rows=customers)
def test_scores_are_whole_numbers_from_1_to_5(rows: list[list[float]]) -> None:
    assert rfm_scores(table(rows)).isin([1, 2, 3, 4, 5]).all(axis=None)


@given(rows=customers)
def test_every_customer_has_a_name(rows: list[list[float]]) -> None:
    assert rfm_segments(table(rows)).isin(list(read_preset("rfm_map"))).all()


@given(rows=customers)
def test_alike_customers_have_the_same_name(rows: list[list[float]]) -> None:
    features = table(rows)
    names = rfm_segments(features).groupby(list(features.to_numpy().T)).nunique()
    assert (names == 1).all()


@given(rows=customers, seed=st.integers(0, 99))
def test_shuffling_customers_changes_nothing(rows: list[list[float]], seed: int) -> None:
    shuffled = table(rows).sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(rfm_scores(shuffled).sort_index(), rfm_scores(table(rows)).sort_index())


@given(rows=customers)
def test_renaming_customers_changes_only_the_index(rows: list[list[float]]) -> None:
    renamed = table(rows).rename(index=lambda name: name[::-1]).sort_index()
    expected = rfm_segments(table(rows)).rename(index=lambda name: name[::-1]).sort_index()
    pd.testing.assert_series_equal(rfm_segments(renamed), expected)


def test_the_features_are_unchanged() -> None:
    features = ten_customers()
    rfm_scores(features)
    pd.testing.assert_frame_equal(features, ten_customers())


# --- the cut points


@given(rows=customers)
def test_cut_points_give_the_scores_they_were_found_from(rows: list[list[float]]) -> None:
    features = table(rows)
    pd.testing.assert_frame_equal(scores_by(cut_points(features), features)[SCORES], rfm_scores(features))


@given(rows=customers)
def test_a_customer_alone_is_scored_as_among_others(rows: list[list[float]]) -> None:
    features = table(rows)
    alone = scores_by(cut_points(features), features.iloc[[0]])
    assert alone[SCORES].iloc[0].tolist() == rfm_scores(features).iloc[0].tolist()


@pytest.mark.parametrize(
    ("newcomer", "expected"),
    [([0.0, 99.0, 999.0], [5, 5, 5]), ([999.0, 1.0, 0.0], [1, 1, 1]), ([35.0, 7.5, 16.5], [4, 4, 4])],
)
def test_a_newcomer_is_scored_by_the_fifths_of_those_before(newcomer: list[float], expected: list[int]) -> None:
    scores = scores_by(cut_points(ten_customers()), table([newcomer]))
    assert scores[SCORES].iloc[0].tolist() == expected


@pytest.mark.parametrize("orders", [0.0, np.nan])
def test_who_has_no_order_has_no_score(orders: float) -> None:
    features = pd.concat([ten_customers(), table([[np.nan, orders, np.nan]]).rename(index={"c0": "newcomer"})])
    assert rfm_scores(features).loc["newcomer"].tolist() == [0, 0, 0]


def test_who_has_no_order_moves_nobody_s_score() -> None:
    features = pd.concat([ten_customers(), table([[np.nan, 0.0, np.nan]] * 9).add_prefix("new ", axis=0)])
    pd.testing.assert_frame_equal(rfm_scores(features)[:10], rfm_scores(ten_customers()))


def test_nobody_who_has_ordered_is_no_reason_to_stop() -> None:
    features = table([[np.nan, 0.0, np.nan]] * 3)
    assert scores_by(cut_points(features), features).to_numpy().tolist() == [[0, 0, 0, 0]] * 3


def test_frequency_and_money_are_averaged_and_rounded_half_up() -> None:
    features = table([[10.0, 1.0, 50.0], [10.0, 2.0, 40.0], [10.0, 3.0, 30.0], [10.0, 4.0, 20.0], [10.0, 5.0, 15.0]])
    both = scores_by(cut_points(features), features)["frequency_money_score"]
    assert both.tolist() == [3, 3, 3, 3, 3]


# --- what the notebook shows


def test_scores_stand_in_the_units_that_they_are_cut_in() -> None:
    shown = scores_table(cut_points(ten_customers()), money="EUR")
    assert shown.iloc[0].tolist() == [5, "20 or less", "9 or more", "18.00 or more"]


def test_a_score_that_nobody_has_is_a_dash() -> None:
    shown = scores_table(cut_points(table([[9.0, 1.0, 5.0]] * 10)), money="EUR")
    assert shown["spend, EUR"].tolist() == ["–", "–", "5.00 or more", "–", "the rest"]


def test_the_table_adds_up_to_all_customers_and_all_money() -> None:
    features = ten_customers()
    shown = rfm_table(features, rfm_segments(features), money="EUR")
    assert shown[["customers", "of customers", "of money"]].sum().tolist() == pytest.approx([10, 1, 1])


def test_the_table_begins_with_the_name_that_brings_most() -> None:
    features = ten_customers()
    money = rfm_table(features, rfm_segments(features), money="EUR")["of money"]
    assert money.is_monotonic_decreasing


def test_no_money_is_no_share_of_it() -> None:
    features = table([[9.0, 1.0, 0.0]])
    assert np.array_equal(rfm_table(features, rfm_segments(features), money="EUR")["of money"], [0.0])


def test_scores_of_few_customers_are_not_shown() -> None:
    few = pd.DataFrame({"recency_days": range(24), "order_count": 1, "net_spend": 10.0}, dtype="float64")
    enough = pd.concat([few, few.tail(1)], ignore_index=True)
    assert [len(shown_scores(table, money="EUR", min_group=5)) for table in (few, enough)] == [0, 5]
