import json
import re

import numpy as np
import pandas as pd
import pytest
from later_days import FIRST, PERIOD, look, make_features

from segmentation import cluster
from segmentation.cluster import Plan, Segmentation
from segmentation.evaluate import (
    Change,
    active_shown,
    change_in_words,
    change_since,
    checked_for_leaks,
    contest_of,
    evaluation_record,
    is_ordered,
    last_day,
    last_of,
    lifetimes_tried,
    lifetimes_used,
    moves_shown,
    moves_told,
    share_moved,
    tried_in_words,
    without_nan,
)
from segmentation.forecasting import HORIZONS
from segmentation.lifetime import fit_best
from segmentation.movement import moves_between
from segmentation.preparing import Recipe
from segmentation.proving import (
    Looks,
    bootstrap_refits,
    crowd_of,
    evidence_of,
    internal_measures,
    later_evidence,
    reliability_card,
    return_rates,
    segmentations_then,
    upset,
)
from segmentation.runs import PROJECT

NOTHING = Looks(why_not="All orders are of one day.")
COLUMNS = ("recency_days", "order_count", "net_spend")
PLAN = Plan("full", Recipe(columns=COLUMNS), "k-means", 2, "", 1)
EACH = 60


def two_kinds(number: int, *, dearer: float = 1.0) -> pd.DataFrame:
    """Describe loyal customers and lapsed ones, as many of each."""
    generator = np.random.default_rng(number)
    loyal = np.repeat([True, False], EACH)
    return make_features(
        2 * EACH,
        recency_days=np.where(loyal, 10.0, 200.0) + generator.normal(0, 3, 2 * EACH),
        order_count=np.where(loyal, 9.0, 1.0) + generator.integers(0, 2, 2 * EACH),
        net_spend=dearer * np.where(loyal, 900.0, 30.0) + generator.normal(0, 3, 2 * EACH),
    )


def looked(number: int = 3) -> Looks:
    """Look back from so many days; the loyal spend 100 later, the lapsed nothing."""
    spend = np.repeat([100.0, 0.0], EACH)
    return Looks(tuple(look(FIRST + place * PERIOD, two_kinds(place), spend=spend) for place in range(number)))


@pytest.fixture(scope="module")
def looks() -> Looks:
    return looked()


@pytest.fixture(scope="module")
def today() -> pd.DataFrame:
    return two_kinds(9)


@pytest.fixture(scope="module")
def segmentation(today: pd.DataFrame) -> Segmentation:
    return cluster.fit(today, PLAN)


def then_of(looks: Looks) -> dict:
    return segmentations_then(looks, PLAN) if len(looks) else {}


def change(looks: Looks, today: pd.DataFrame, segmentation: Segmentation) -> Change:
    refits = bootstrap_refits(segmentation, two_kinds(9), PLAN, past=None, refits=10, seed=1)
    return change_since(
        looks, then_of(looks), today, PLAN, segmentation=segmentation, refits=refits, past=None, min_group=5
    )


# --- earlier days


def test_without_an_earlier_day_there_is_no_last_one() -> None:
    assert [last_of({}), last_day(NOTHING)] == [None, None]


def test_the_last_day_counts(looks: Looks) -> None:
    then = then_of(looks)
    assert [last_day(looks), last_of(then) is then[FIRST + 2 * PERIOD]] == [FIRST + 2 * PERIOD, True]


def test_without_an_earlier_day_nothing_can_leak() -> None:
    assert checked_for_leaks(None, NOTHING, seed=1) is None


def test_without_an_earlier_day_nobody_forecasts() -> None:
    contest = contest_of(NOTHING, {}, seed=1)
    assert [contest.why_not, dict(contest.scores)] == ["All orders are of one day.", {}]


# --- what has changed


def test_who_stays_as_they_were_needs_no_refit(looks: Looks, today: pd.DataFrame, segmentation: Segmentation) -> None:
    told = change(looks, today, segmentation)
    assert [told.verdict.word, share_moved(told.moves)] == ["no need", 0.0]


def test_customers_who_spend_ten_times_as_much_ask_for_a_refit(looks: Looks, segmentation: Segmentation) -> None:
    assert change(looks, two_kinds(9, dearer=10.0), segmentation).verdict.word == "refit"


def test_without_an_earlier_day_the_reason_is_told(today: pd.DataFrame, segmentation: Segmentation) -> None:
    told = change(NOTHING, today, segmentation)
    words = change_in_words(told, money="EUR", min_group=5)
    assert words == ["Whether customers have changed is not measured. All orders are of one day."]


def test_without_an_earlier_day_no_moves_are_shown(today: pd.DataFrame, segmentation: Segmentation) -> None:
    told = change(NOTHING, today, segmentation)
    assert [len(moves_shown(told, min_group=5)), len(moves_told(told, min_group=5))] == [0, 0]


def test_the_verdict_comes_first_in_words(looks: Looks, today: pd.DataFrame, segmentation: Segmentation) -> None:
    words = change_in_words(change(looks, today, segmentation), money="EUR", min_group=5)
    assert words[0].startswith(
        "Would the segments of the last earlier day still do? No need to refit: keep the segments."
    )


def test_the_share_that_moved_counts_who_is_known_on_both_days() -> None:
    spend = pd.Series(1.0, index=["a", "b", "c"])
    before = pd.DataFrame({"segment": [0, 1], "name": ["loyal", "lapsed"]}, index=["a", "b"])
    after = pd.DataFrame({"segment": [1, 1, 0], "name": ["lapsed", "lapsed", "loyal"]}, index=["a", "b", "c"])
    assert share_moved(moves_between(before, after, spend_before=spend, spend_after=spend)) == 0.5


def test_where_nobody_is_known_twice_no_share_moved() -> None:
    spend = pd.Series(1.0, index=["a", "b"])
    one, other = (pd.DataFrame({"segment": [0], "name": ["loyal"]}, index=[name]) for name in "ab")
    assert np.isnan(share_moved(moves_between(one, other, spend_before=spend, spend_after=spend)))


# --- the outlook adds up


def outlook_table(**told: float) -> pd.DataFrame:
    """Write the outlook of one customer, all of it 1 with an interval of 0 to 2, unless told otherwise."""
    table = {f"returns_{days}": 0.5 for days in HORIZONS}
    for what in ("orders", "value"):
        for days in HORIZONS:
            table |= {f"{what}_{days}": 1.0, f"{what}_{days}_low": 0.0, f"{what}_{days}_high": 2.0}
    return pd.DataFrame([table | told])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, True),
        ({"value_30": 1.5}, False),
        ({"orders_90_low": 1.1}, False),
        ({"value_365_high": 0.9}, False),
        ({"returns_365": 0.4}, False),
        ({"orders_30": float("nan")}, False),
        ({"value_365_high": float("inf")}, False),
    ],
)
def test_an_outlook_that_does_not_add_up_is_found(told: dict[str, float], expected: bool) -> None:
    assert is_ordered(outlook_table(**told), HORIZONS) is expected


# --- lifetimes


def tried(expected: list[float], actual: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"customers": [10, 30], "expected": expected, "actual": actual})


def test_how_far_a_lifetime_model_was_off_counts_customers() -> None:
    words = tried_in_words(tried([1.0, 2.0], [2.0, 2.0]))
    assert words == "In all, it expected 12% fewer than came; it knows no season."


def test_a_lifetime_model_that_expected_more_says_so() -> None:
    assert tried_in_words(tried([2.0, 4.0], [1.0, 2.0])).startswith("In all, it expected 100% more")


def test_what_was_not_tried_has_no_words() -> None:
    assert tried_in_words(lifetimes_tried(histories(), NOTHING, min_group=5)) == ""


def test_without_a_model_nobody_s_activity_is_shown() -> None:
    assert active_shown(fit_best(histories()), histories()).empty


def test_only_models_that_are_used_are_listed() -> None:
    assert lifetimes_used(fit_best(histories()), money="EUR").empty


# --- what is handed on


def recorded(looks: Looks, today: pd.DataFrame, segmentation: Segmentation, *, min_group: int = 5) -> dict:
    segments = cluster.named_segments(segmentation, today)
    refits = bootstrap_refits(segmentation, today, PLAN, past=None, refits=10, seed=1)
    trials = upset(segmentation, today, PLAN, past=None, earlier=None, seed=1)
    later = later_evidence(looks, PLAN, segmentation, seed=1)
    crowd = crowd_of(segmentation, today, seed=1)
    evidence = evidence_of(refits, trials, crowd, later, returned=None, segments=segments)
    came_back = return_rates(looks, segmentation).rename(segments.groupby("segment")["name"].first())
    return evaluation_record(
        reliability_card(evidence), evidence, refits, internal_measures(segmentation, today, seed=1), later,
        contest_of(NOTHING, {}, seed=1), fit_best(histories()), change(looks, today, segmentation), came_back=came_back,
        min_group=min_group,
    )  # fmt: skip


def histories() -> pd.DataFrame:
    """Write the histories of two customers, too few for a model."""
    return pd.DataFrame(
        {"repeat_count": [0, 1], "first_to_last_days": [0.0, 9.0], "observed_days": 30.0, "order_value": [np.nan, 5.0]},
        index=pd.Index(["a", "b"], name="customer_id"),
    )


@pytest.fixture(scope="module")
def record(looks: Looks, today: pd.DataFrame, segmentation: Segmentation) -> dict:
    return recorded(looks, today, segmentation)


def test_the_record_can_be_written_and_read_again(record: dict) -> None:
    assert json.loads(json.dumps(record, allow_nan=False))["verdict"] == "act"


def test_the_record_holds_a_verdict_and_a_rate_of_return_a_segment(record: dict) -> None:
    assert [set(record["verdicts"].values()), sorted(record["came_back"].values())] == [{"act"}, [0.0, 1.0]]


def test_the_codebook_lists_exactly_what_is_recorded(record: dict) -> None:
    table = (PROJECT / "data" / "CODEBOOK.md").read_text(encoding="utf-8").partition("`05_evaluation.json`, what")[2]
    assert re.findall(r"(?m)^\| `(\w+)` \|", table.partition("`05_outlook.parquet`")[0]) == list(record)


def test_what_few_customers_did_next_is_not_recorded(
    looks: Looks, today: pd.DataFrame, segmentation: Segmentation
) -> None:
    told = recorded(looks, today, segmentation, min_group=EACH + 1)
    assert [told["later"], told["came_back"]] == [{}, {}]


def test_the_record_says_why_something_is_not_measured(record: dict) -> None:
    assert record["not_measured"] == {
        "contest": "All orders are of one day.",
        "lifetime": "A lifetime model needs 20 customers who bought on two days or more; 1 of 2 customers did.",
    }


def test_the_record_without_an_earlier_day_says_so(today: pd.DataFrame, segmentation: Segmentation) -> None:
    told = recorded(NOTHING, today, segmentation)
    assert [told["holdout_days"], told["came_back"], told["refit"], told["verdict"]] == [
        None,
        {},
        None,
        "act with care",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_json_does_not_know_is_none(value: float) -> None:
    assert without_nan({"a": {"b": value, "c": 1.0}, "d": "nan"}) == {"a": {"b": None, "c": 1.0}, "d": "nan"}
