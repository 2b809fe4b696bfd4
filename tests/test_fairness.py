import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.proving.fairness import (
    difference,
    fairness_of_actions,
    fairness_of_segments,
    served_by_plan,
    wilson,
)
from segmentation.proving.fairness_words import (
    fairness_in_words,
    people_formats,
    people_table,
)
from segmentation.proving.people_groups import (
    OTHERS,
    UNKNOWN,
    attribute_words,
    people_groups,
    pooled_groups,
    protected_counts,
)

MIN_GROUP = 5


def described(**told: list[object]) -> pd.DataFrame:
    """Write what is known of people; what is not told is not known."""
    number = len(next(iter(told.values())))
    table = pd.DataFrame({"gender": None, "age_years": np.nan, "country": None}, index=range(number), dtype=object)
    table = table.assign(**told).astype({"age_years": "float64"})
    return table.set_index(pd.Index([f"c{place}" for place in range(number)], name="customer_id"))


# --- groups


def test_ages_fall_into_bands() -> None:
    words = attribute_words(pd.Series([14.0, 24.0, 25.0, 34.0, 35.0, 49.0, 50.0, 64.0, 65.0, 100.0, np.nan]))
    assert words.tolist() == [
        *["14 to 24"] * 2, *["25 to 34"] * 2, *["35 to 49"] * 2, *["50 to 64"] * 2, *["65 and over"] * 2, "unknown",
    ]  # fmt: skip


def test_who_is_not_known_is_a_group() -> None:
    people = people_groups(described(gender=["f"] * 6 + [None] * 7), min_group=MIN_GROUP)
    assert people["gender"].value_counts().to_dict() == {"unknown": 7, "f": 6}


def test_an_attribute_of_which_nothing_is_known_is_left_out() -> None:
    people = people_groups(described(gender=["f"] * 6 + ["m"] * 6), min_group=MIN_GROUP)
    assert list(people) == ["gender"]


def test_an_attribute_with_one_group_is_left_out() -> None:
    assert people_groups(described(country=["UK"] * 30), min_group=MIN_GROUP).empty


def test_groups_stand_largest_first_and_the_unknown_last() -> None:
    people = people_groups(described(gender=[None] * 20 + ["m"] * 6 + ["f"] * 8), min_group=MIN_GROUP)
    assert list(people["gender"].cat.categories) == ["f", "m", UNKNOWN]


def test_ages_stand_in_their_order() -> None:
    people = people_groups(described(age_years=[70.0] * 9 + [20.0] * 6 + [30.0] * 7), min_group=MIN_GROUP)
    assert list(people["age"].cat.categories) == ["14 to 24", "25 to 34", "65 and over"]


def test_a_single_small_group_is_told_with_the_next_larger() -> None:
    words = pd.Series(["a"] * 20 + ["b"] * 10 + ["c"] * 4)
    assert pooled_groups(words, most=9, min_group=MIN_GROUP).value_counts().to_dict() == {"a": 20, OTHERS: 14}


def test_small_groups_that_are_large_enough_together_take_none_with_them() -> None:
    words = pd.Series(["a"] * 20 + ["b"] * 10 + ["c"] * 3 + ["d"] * 3)
    assert pooled_groups(words, most=9, min_group=MIN_GROUP).value_counts().to_dict() == {"a": 20, "b": 10, OTHERS: 6}


def test_few_who_are_not_known_are_told_with_others() -> None:
    words = pd.Series(["a"] * 20 + ["b"] * 10 + [UNKNOWN] * 2)
    assert UNKNOWN not in set(pooled_groups(words, most=9, min_group=MIN_GROUP))


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", UNKNOWN]), min_size=1, max_size=60)


@given(WORDS, st.integers(1, 12), st.integers(1, 5))
def test_no_group_is_smaller_than_may_be_shown_unless_all_are_one(words: list[str], least: int, most: int) -> None:
    sizes = pooled_groups(pd.Series(words), most=most, min_group=least).value_counts()
    sizes = sizes[sizes > 0]
    assert sizes.min() >= least or len(sizes) == 1


@given(WORDS, st.integers(1, 12), st.integers(1, 5))
def test_no_customer_is_lost_and_no_group_hides_alone(words: list[str], least: int, most: int) -> None:
    told = pooled_groups(pd.Series(words), most=most, min_group=least)
    hidden = pd.Series(words)[told == OTHERS]
    assert len(told) == len(words)
    assert hidden.nunique() != 1 or told.nunique() == 1


# --- cells that no total gives away


TABLES = st.integers(2, 5).flatmap(
    lambda columns: st.lists(st.lists(st.integers(0, 30), min_size=columns, max_size=columns), min_size=2, max_size=5)
)


@given(TABLES)
def test_no_small_cell_is_shown(cells: list[list[int]]) -> None:
    shown = protected_counts(pd.DataFrame(cells), min_group=MIN_GROUP).to_numpy()
    shown = shown[~np.isnan(shown)]
    assert ((shown == 0) | (shown >= MIN_GROUP)).all()


@given(TABLES)
def test_no_total_gives_a_hidden_cell_away(cells: list[list[int]]) -> None:
    counts = pd.DataFrame(cells)
    hidden = protected_counts(counts, min_group=MIN_GROUP).isna().to_numpy()
    for lines, marks in ((counts.to_numpy(), hidden), (counts.to_numpy().T, hidden.T)):
        for line, mark in zip(lines, marks, strict=True):
            told = line[mark]
            assert not len(told) or (len(told) >= 2 and told.sum() >= MIN_GROUP) or mark[line > 0].all()


def test_a_table_of_large_cells_is_shown_whole() -> None:
    assert protected_counts(pd.DataFrame([[5, 0], [7, 9]]), min_group=MIN_GROUP).to_numpy().tolist() == [[5, 0], [7, 9]]


# --- segments


def shares_by_hand() -> pd.DataFrame:
    people = people_groups(described(gender=["f"] * 20 + ["m"] * 20), min_group=MIN_GROUP)
    segments = pd.DataFrame({"segment": [0] * 15 + [1] * 5 + [0] * 10 + [1] * 10}, index=people.index)
    values = pd.DataFrame({"net_spend": [10.0] * 20 + [30.0] * 20}, index=people.index)
    return fairness_of_segments(segments, people, values=values, min_group=MIN_GROUP)


def test_shares_of_segments_by_hand() -> None:
    told = shares_by_hand()
    assert told.loc[("gender", "f")].to_dict() == {"customers": 20.0, "net_spend": 10.0, 0: 0.75, 1: 0.25}
    assert told.loc[("gender", "m")].to_dict() == {"customers": 20.0, "net_spend": 30.0, 0: 0.5, 1: 0.5}


def test_shares_of_segments_are_read_by_their_names() -> None:
    table = people_table(shares_by_hand(), {0: "champions", 1: "lapsed"}, values={"net_spend": "spend, EUR"})
    assert list(table) == ["of", "group", "customers", "spend, EUR", "champions", "lapsed"]
    assert people_formats(table, {0: "champions", 1: "lapsed"}) == {"champions": "{:.0%}", "lapsed": "{:.0%}"}


# --- intervals


@pytest.mark.parametrize(
    ("served", "customers", "expected"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_wilsons_interval_as_newcombe_prints_it(
    served: int, customers: int, expected: tuple[float, float]
) -> None:  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    assert wilson(served, customers) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_the_difference_of_shares_as_newcombe_prints_it(
    counts: tuple[int, int, int, int], expected: tuple[float, float]
) -> None:  # Newcombe, Statistics in Medicine 17 (1998), table II, method 10
    assert difference(*counts) == pytest.approx(expected, abs=5e-5)


# --- actions


def reached(shares: dict[str, float], *, each: int) -> pd.DataFrame:
    """Measure an action that reaches such shares of groups of the same size."""
    people = people_groups(described(gender=[name for name in shares for _ in range(each)]), min_group=MIN_GROUP)
    flags = [place < round(share * each) for share in shares.values() for place in range(each)]
    return fairness_of_actions(pd.DataFrame({"written to": flags}, index=people.index), people)


def test_shares_served_by_hand() -> None:
    row = reached({"f": 0.5, "m": 0.8}, each=100).set_index("group").loc["f"]
    assert row[["customers", "served", "share", "rest_share"]].tolist() == [100, 50, 0.5, 0.8]
    assert row["ratio"] == pytest.approx(0.625)
    assert (row["low"], row["high"]) == pytest.approx((0.4038, 0.5962), abs=5e-5)


def test_a_group_that_is_served_much_less_is_warned_of() -> None:
    told = reached({"f": 0.5, "m": 0.8}, each=100)
    assert told.loc[told["less_served"], "group"].tolist() == ["f"]


def test_four_fifths_are_enough() -> None:
    assert not reached({"f": 0.8, "m": 1.0}, each=1_000)["less_served"].any()


def test_a_small_groups_chance_is_no_warning() -> None:
    # 3 of 10 against 5 of 10: below four fifths, and the interval of the difference holds 0.
    assert not reached({"f": 0.3, "m": 0.5}, each=10)["less_served"].any()


def test_equal_shares_warn_rarely() -> None:
    generator = np.random.default_rng(7)
    people = people_groups(
        described(
            gender=list(generator.choice(["f", "m", "x"], 300, p=[0.6, 0.3, 0.1])),
            age_years=list(generator.integers(15, 90, 300).astype(float)),
            country=list(generator.choice(["DE", "AT", "CH", "NL"], 300, p=[0.7, 0.1, 0.1, 0.1])),
        ),
        min_group=MIN_GROUP,
    )
    served = [pd.DataFrame({"written to": generator.random(300) < 0.3}, index=people.index) for _ in range(30)]
    warned = sum(fairness_of_actions(action, people)["less_served"].any() for action in served)
    assert warned <= 4  # 5 % of 30 is 1.5; with an interval of 95 % for each group alone it is 7


def test_an_action_that_reaches_nobody_is_left_out() -> None:
    assert reached({"f": 0.0, "m": 0.0}, each=10).empty


def test_a_group_that_alone_is_served_has_no_ratio() -> None:
    told = reached({"f": 0.0, "m": 0.5}, each=100).set_index("group")
    assert np.isnan(told.loc["m", "ratio"])
    assert told.loc["f", ["ratio", "less_served"]].tolist() == [0.0, True]


def planned(offers: list[str]) -> pd.DataFrame:
    customers = pd.DataFrame(
        {"name": ["regulars", "regulars", "lapsed", "lapsed"], "arm": ["treated", "control", "treated", "no contact"]},
        index=list("abcd"),
    )
    return served_by_plan(customers, pd.DataFrame({"name": ["regulars", "lapsed"], "offer": offers}))


def test_who_is_written_to_and_who_gets_an_offer() -> None:
    told = planned(["none", "10 % off"])
    assert told["written to"].tolist() == [True, False, True, False]
    assert told["given an offer"].tolist() == [False, False, True, False]


def test_when_all_who_are_written_to_get_an_offer_that_is_told_once() -> None:
    assert list(planned(["bundle", "10 % off"])) == ["written to"]


# --- words and tables


def test_a_warning_is_plain() -> None:
    told = fairness_in_words(reached({"f": 0.5, "m": 0.8}, each=100))
    assert told == [
        "Customers of gender 'f' are written to much less than others: 50% of 100 (95 %: 40% to 60%), against 80% of "
        "all others. Is that meant?"
    ]


def test_no_warning_names_the_lowest() -> None:
    assert fairness_in_words(reached({"f": 0.9, "m": 1.0}, each=100)) == [
        "By gender, no group is found to be served much less than all others (below 80% of them); the lowest share is "
        "that of customers of gender 'f', of whom 90% are written to, against 100%."
    ]


def test_few_customers_are_said_to_be_few() -> None:
    assert fairness_in_words(reached({"f": 0.9, "m": 1.0}, each=29))[-1] == (
        "Of fewer than 30 customers a share says little: 'gender f' and 'gender m'."
    )


def test_nothing_known_of_people_is_said() -> None:
    people = people_groups(described(gender=[None] * 9), min_group=MIN_GROUP)
    told = fairness_of_actions(pd.DataFrame({"written to": [True] * 9}, index=people.index), people)
    assert fairness_in_words(told)[0].startswith("Whether actions fall alike on groups of people is not measured")
    assert len(people_table(fairness_of_segments(
        pd.DataFrame({"segment": 0}, index=people.index), people, values=pd.DataFrame(index=people.index), min_group=5
    ), {}, values={})) == 0  # fmt: skip


def test_tables_of_people_have_twenty_rows_at_most() -> None:
    generator = np.random.default_rng(1)
    people = people_groups(
        described(
            gender=list(generator.choice([*"abcdefg", None], 2_000)),
            age_years=list(np.where(generator.random(2_000) < 0.1, np.nan, generator.integers(14, 101, 2_000))),
            country=list(generator.choice([*"ABCDEFGHIJ", None], 2_000)),
        ),
        min_group=MIN_GROUP,
    )
    assert sum(people[name].nunique() for name in people) == 19
