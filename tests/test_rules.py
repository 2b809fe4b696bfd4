from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.grouping.rule_files import EVERYONE_ELSE, require_reachable
from segmentation.grouping.rules import (
    ALL_BUYERS,
    AXES,
    PRESETS,
    PROSPECTS,
    RuleSegmentation,
    asked_in_words,
    conditions_in_words,
    first_rule,
    read_rules,
    rule_names,
    rules_in_words,
    segment_by_rules,
    thresholds_table,
)
from segmentation.presets import read_preset
from segmentation.problems import DataProblem
from segmentation.rfm import CutPoints, cut_points, rfm_scores, rfm_segments

CELLS = [(recency, other) for recency in range(1, 6) for other in range(1, 6)]
CELL_PRESETS = list(AXES)

buyers = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 4), st.integers(-5, 50)).map(lambda told: [float(n) for n in told]),
    min_size=1,
    max_size=40,
)


def one(**features: object) -> pd.DataFrame:
    return pd.DataFrame({name: [value] for name, value in features.items()})


def table(rows: list[list[float]]) -> pd.DataFrame:
    columns = ["recency_days", "order_count", "net_spend"]
    return pd.DataFrame(rows, columns=columns, index=[f"c{number}" for number in range(len(rows))], dtype="float64")


def hundred() -> pd.DataFrame:
    """Draw a hundred customers, most of whom bought once."""
    generator = np.random.default_rng(8)
    orders = generator.choice([1, 1, 1, 2, 5], 100)
    rows = np.column_stack([generator.integers(0, 400, 100), orders, orders * generator.integers(5, 90, 100)])
    return table(rows.tolist())


def written(folder: Path, text: str) -> Path:
    path = folder / "my_rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# --- the simple rules


@pytest.mark.parametrize(
    ("orders", "recency", "expected"),
    [
        (2, 90, "regulars"),
        (2, 91, "lapsed regulars"),
        (1, 90, "newcomers"),
        (1, 91, "lapsed one-time buyers"),
    ],
)
def test_a_customer_falls_under_the_first_rule_that_holds(orders: int, recency: int, expected: str) -> None:
    customer = one(order_count=orders, recency_days=recency)
    assert rule_names(customer, read_rules()).tolist() == [expected]


@given(orders=st.integers(1, 10**6), recency=st.floats(0, 10**5))
def test_nobody_is_left_out(orders: int, recency: float) -> None:
    rules = read_rules()
    assert rule_names(one(order_count=orders, recency_days=recency), rules).isin(list(rules)).all()


def test_the_last_rule_asks_nothing() -> None:
    assert list(read_preset("simple_rules").values())[-1] == {}


def test_every_rule_s_name_is_one_that_has_an_action() -> None:
    assert set(read_preset("simple_rules")) <= set(read_preset("archetypes"))


def test_one_group_holds_everybody() -> None:
    assert rule_names(one(order_count=1), read_rules(one_group=True)).tolist() == [ALL_BUYERS]


# --- the presets of cells


@pytest.mark.parametrize("preset", CELL_PRESETS)
@pytest.mark.parametrize("cell", CELLS)
def test_each_cell_has_exactly_one_name(preset: str, cell: tuple[int, int]) -> None:
    recency, other = AXES[preset]
    holding = [
        name
        for name, told in read_rules(preset).items()
        if name != PROSPECTS and {recency: cell[0], other: cell[1]} in told
    ]
    assert len(holding) == 1


@pytest.mark.parametrize("preset", CELL_PRESETS)
def test_the_preset_names_no_other_cells(preset: str) -> None:
    assert sorted(cell for cells in read_preset(preset).values() for cell in cells) == [f"{r}{o}" for r, o in CELLS]


def test_shopify_has_eleven_groups() -> None:
    assert list(read_rules("shopify")) == [
        "prospects", "champions", "loyal", "active", "new", "promising", "needs attention", "previously loyal",
        "at risk", "almost lost", "dormant",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("recency", "both", "expected"),
    [(5, 5, "champions"), (4, 5, "loyal"), (5, 1, "new"), (3, 3, "needs attention"), (1, 5, "previously loyal"),
     (1, 1, "dormant"), (0, 0, "prospects")],
)  # fmt: skip
def test_a_cell_has_its_shopify_name(recency: int, both: int, expected: str) -> None:
    rules = read_rules("shopify")
    scored = one(recency_score=recency, frequency_money_score=both)
    assert list(rules)[first_rule(scored, rules)[0]] == expected


@pytest.mark.parametrize("preset", CELL_PRESETS)
@given(rows=buyers)
def test_every_buyer_has_a_name_of_the_preset(preset: str, rows: list[list[float]]) -> None:
    assert rule_names(table(rows), read_rules(preset)).isin(list(read_preset(preset))).all()


@pytest.mark.parametrize("preset", CELL_PRESETS)
@pytest.mark.parametrize("orders", [0.0, np.nan])
def test_who_has_no_order_yet_is_a_prospect(preset: str, orders: float) -> None:
    features = pd.concat([hundred(), table([[np.nan, orders, np.nan]]).rename(index={"c0": "newcomer"})])
    assert rule_names(features, read_rules(preset))["newcomer"] == PROSPECTS


@given(rows=buyers)
def test_the_rfm_map_as_rules_gives_the_names_of_the_map(rows: list[list[float]]) -> None:
    names = rule_names(table(rows), read_rules("rfm_map"))
    assert names.tolist() == rfm_segments(table(rows)).tolist()


# --- later customers


def segmented(rules: str = "shopify") -> RuleSegmentation:
    features = hundred()
    return segment_by_rules(features, read_rules(rules))


def test_the_fitted_customers_keep_their_segments_when_they_come_alone() -> None:
    alone = [segmented().assign(hundred().iloc[[place]]).iloc[0] for place in range(30)]
    assert alone == segmented().assign(hundred()).tolist()[:30]


def test_a_sale_to_others_moves_nobody_once_the_segments_are_made() -> None:
    later = pd.concat([hundred(), table([[0.0, 50.0, 9_999.0]] * 80).add_prefix("new ", axis=0)])
    pd.testing.assert_series_equal(segmented().assign(later)[:100], segmented().assign(hundred()))


def test_a_relative_score_alone_would_move() -> None:
    later = pd.concat([hundred(), table([[0.0, 50.0, 9_999.0]] * 80).add_prefix("new ", axis=0)])
    assert (rule_names(later, read_rules("shopify"))[:100] != segmented().assign(hundred())).any()


def test_cut_points_can_be_recorded() -> None:
    cuts = cut_points(hundred())
    assert CutPoints.of(cuts.record()) == cuts


@pytest.mark.parametrize("preset", PRESETS)
def test_segments_are_numbered_from_the_richest(preset: str) -> None:
    names = segmented(preset).assign(hundred())
    spend = hundred()["net_spend"].groupby(names).mean()[list(segmented(preset).names)]
    assert spend.is_monotonic_decreasing


def test_rules_without_scores_keep_no_cut_points() -> None:
    assert segmented("simple_rules").cuts is None


def test_the_features_are_unchanged() -> None:
    features = hundred()
    segment_by_rules(features, read_rules("shopify"))
    pd.testing.assert_frame_equal(features, hundred())


# --- the user's own rules

OWN = """
big in Austria: {country: [DE, AT], net_spend: [100, null]}
best: [{money_score: 5}, {recency_score: [4, 5], frequency_score: [4, 5]}]
twice: {order_count: 2}
"""


def test_a_user_s_rules_ask_levels_scores_and_thresholds(tmp_path: Path) -> None:
    features = hundred().assign(country="FR")
    features.loc["c0", ["country", "net_spend"]] = ["AT", 100.0]
    names = rule_names(features, read_rules(written(tmp_path, OWN)))
    scores = rfm_scores(features)
    best = scores["money_score"].eq(5) | (scores["recency_score"].ge(4) & scores["frequency_score"].ge(4))
    twice = features["order_count"].eq(2)
    expected = np.select([features.index == "c0", best, twice], ["big in Austria", "best", "twice"], EVERYONE_ELSE)
    assert names.tolist() == expected.tolist()


def test_everyone_else_is_added_when_no_rule_catches_all(tmp_path: Path) -> None:
    assert list(read_rules(written(tmp_path, OWN))) == ["big in Austria", "best", "twice", EVERYONE_ELSE]


def test_nothing_is_added_when_the_last_rule_asks_nothing(tmp_path: Path) -> None:
    assert list(read_rules(written(tmp_path, "twice: {order_count: 2}\nrest: {}"))) == ["twice", "rest"]


@pytest.mark.parametrize("text", ["twice: {order_count: 2}\nrest:", "a: {country: NO}\nrest: {}"])
def test_harmless_writings_are_read(tmp_path: Path, text: str) -> None:
    assert len(read_rules(written(tmp_path, text))) == 2


def test_no_is_norway(tmp_path: Path) -> None:
    assert read_rules(written(tmp_path, "north: {country: [NO, SE]}"))["north"] == {"country": ["NO", "SE"]}


def test_a_level_never_seen_before_falls_to_the_last_rule(tmp_path: Path) -> None:
    rules = read_rules(written(tmp_path, "near: {country: [DE, AT]}"))
    assert rule_names(one(country="Atlantis"), rules).tolist() == [EVERYONE_ELSE]


@pytest.mark.parametrize("value", [None, np.nan])
def test_what_is_not_known_meets_no_condition(tmp_path: Path, value: object) -> None:
    rules = read_rules(written(tmp_path, "near: {country: [DE]}\nyoung: {age_years: [null, 30]}"))
    assert rule_names(one(country=None, age_years=value).astype({"age_years": float}), rules).tolist() == [
        EVERYONE_ELSE
    ]


REFUSED = {
    "an unknown feature": ("a: {shoe_size: 42}", r"must ask features or scores; rule 'a' asks 'shoe_size'"),
    "low above high": ("a: {net_spend: [500, 100]}", r"rule 'a' asks net_spend from 500 to 100\. Are the two swapped"),
    "a rule after one that asks nothing": (
        "a: {}\nb: {order_count: 1}",
        r"must hold for somebody; 'b' can't be reached",
    ),
    "a rule within one before": (
        "a: {order_count: [2, null]}\nb: {order_count: [5, null], net_spend: [9, null]}\nc: {}",
        r"'b' can't be reached",
    ),
    "a rule that two before cover together": (
        "a: {money_score: [1, 3]}\nb: {money_score: [4, 5]}\nc: {money_score: [3, 4]}",
        r"'c' can't be reached",
    ),
    "a score that nobody can have": ("a: {money_score: [6, null]}", r"'a' can't be reached"),
    "two rules with one name": (
        "a: {order_count: 1}\nA: {order_count: 2}",
        r"must stand once in the rules; 'a' stands",
    ),
    "a feature twice": ("a: {order_count: 1, order_count: 2}", r"'order_count' stands there twice"),
    "no YAML": ("a: {order_count: [1, 2", r"must be YAML in UTF-8, .*; 'my_rules\.yaml' can't be read, line"),
    "an empty file": ("", r"Rules must be names with what features must be.*got nothing"),
    "a list": ("- a\n- b", r"Rules must be names with what features must be"),
    "a name that is code": ("<script>alert(1)</script>: {}", r"plain words .*; got '<script>"),
    "a name that is a formula": ("'=SUM(A1)': {}", r"plain words .*; got '=SUM"),
    "a name that is a path": ("../../etc: {}", r"plain words"),
    "a name that is a number": ("7: {}", r"plain words .*; got '7'"),
    "a name too long": (f"{'x' * 61}: {{}}", r"plain words of at most 60 letters"),
    "conditions that are words": ("a: often", r"What rule 'a' asks must be features with ranges.*; got 'often'"),
    "an empty list": ("a: []", r"Rule 'a' must ask something"),
    "words for a number": (
        "a: {order_count: many}",
        r"order_count must be a number or \[at least, at most\] in rule 'a'",
    ),
    "three ends": ("a: {order_count: [1, 2, 3]}", r"must be a number or \[at least, at most\]"),
    "no end": ("a: {order_count: [null, null]}", r"must be a number or \[at least, at most\]"),
    "an endless number": ("a: {order_count: [.nan, 3]}", r"must be a number or \[at least, at most\]"),
    "a number for a level": ("a: {country: [49]}", r"country must be one or more words in rule 'a'.*need quotes\?"),
    "everyone else too early": (f"{EVERYONE_ELSE}: {{order_count: 2}}", r"must be the last one and ask nothing"),
    "references": ("a: &x {order_count: 1}\nb: *x", r"must be written out"),
    "too many": ("\n".join(f"r{n}: {{order_count: {n}}}" for n in range(41)), r"40 rules at most; got 41"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_rules_that_can_t_be_meant_are_refused(tmp_path: Path, case: str) -> None:
    text, message = REFUSED[case]
    with pytest.raises(DataProblem, match=message):
        read_rules(written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"one of the presets or a YAML file; there is no file 'none\.yaml'"):
        read_rules("none.yaml")


def test_a_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "my_rules.yaml"
    path.write_bytes("größte: {}".encode("utf-16"))
    with pytest.raises(DataProblem, match=r"must be YAML in UTF-8"):
        read_rules(path)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match=r"must be small, 100,000 bytes at most"):
        read_rules(written(tmp_path, "# " + "x" * 100_001))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_rule_of_a_preset_can_be_reached(preset: str) -> None:
    require_reachable(dict(read_rules(preset)))


# --- words and tables


def test_a_range_is_worded_with_both_ends() -> None:
    assert conditions_in_words({"net_spend": [1_000, 2_000]}) == "net spend 1,000 to 2,000"


def test_rules_are_worded_in_their_order() -> None:
    assert rules_in_words(read_rules()).startswith("regulars: order count 2 or more, recency days 90 or")


def test_alternatives_are_worded_beside_each_other() -> None:
    told = {"best": [{"money_score": 5}, {"order_count": [9, None]}], "rest": {}}
    assert rules_in_words(told) == "best: money score 5 or order count 9 or more; rest: everybody else"


def test_levels_are_worded() -> None:
    assert asked_in_words("country", ["DE", "AT"]) == "DE or AT"


def test_a_fixed_threshold_stands_beside_the_scores_it_cuts_through() -> None:
    features = table([[10.0 * place, 1.0 + place, 5.0] for place in range(10)])
    shown = thresholds_table({"a": {"order_count": [7, None]}, "b": {"recency_days": [None, 30]}}, features)
    assert shown.to_numpy().tolist() == [
        ["order_count", "7 or more", 0.4, "4 to 5"],
        ["recency_days", "30 or less", 0.4, "4 to 5"],
    ]


def test_a_threshold_that_nobody_meets_has_no_scores() -> None:
    shown = thresholds_table({"a": {"net_spend": [1_000_000, None]}}, hundred())
    assert shown[["of customers", "scores"]].to_numpy().tolist() == [[0.0, "–"]]
