from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks.honesty import noise_row, unstable_row
from hypothesis import given
from hypothesis import strategies as st

from segmentation.proving.card import Card, card_in_words, card_table, evidence_of, reliability_card
from segmentation.proving.grounds import (
    ACT,
    CARE,
    DO_NOT,
    VERDICTS,
    Evidence,
    apart_from_others,
    verdict_of,
)
from segmentation.proving.later import LaterEvidence
from segmentation.proving.refits import Refits
from segmentation.proving.trials import EARLIER, HALVES, SEEDS, WITHOUT_MOST, no_trials

NAMES = ["champions", "regulars", "lapsed"]


def stability(**told: list[Any]) -> pd.DataFrame:
    """Write segments that all come back, except where told."""
    return pd.DataFrame({"name": NAMES, "jaccard": [0.95] * 3, "dissolved": [0.0] * 3} | told)


def later(**told: list[float]) -> pd.DataFrame:
    """Write later spend and returns that differ clearly, except where told."""
    table = {
        "customers": [100, 300, 600], "later_spend": [900.0, 300.0, 50.0], "later_low": [850.0, 280.0, 45.0],
        "later_high": [950.0, 320.0, 55.0], "came_back": [0.9, 0.6, 0.1], "came_back_low": [0.85, 0.55, 0.08],
        "came_back_high": [0.95, 0.65, 0.12],
    }  # fmt: skip
    return pd.DataFrame(table | told, index=NAMES)


def trials(kind: str, jaccard: list[float]) -> pd.DataFrame:
    """Write one trial."""
    index = pd.MultiIndex.from_tuples([(kind, "the trial")], names=["trial kind", "trial"])
    return pd.DataFrame([[0.9, *jaccard]], index=index, columns=["agreement", 0, 1, 2])


SOUND = Evidence(
    stability=stability(), agreement=0.95, crowd_agreement=0.7, closer=0.2, trials=trials(SEEDS, [1.0, 1.0, 1.0]),
    sizes=pd.Series([100, 300, 600]), later=later(), explained=(0.2, 0.3, 0.4), explained_return=(0.1, 0.2, 0.3),
    order_kept=1.0,
)  # fmt: skip


def judged(**told: Any) -> Card:
    """Judge sound evidence but for what is told."""
    return reliability_card(replace(SOUND, **told))


def verdicts(**told: Any) -> list[str]:
    """Give each segment's verdict, and that of the whole; see `judged`."""
    card = judged(**told)
    return [*card.segments["verdict"], card.verdict]


# --- one segment


def test_sound_segments_may_be_acted_on() -> None:
    assert verdicts() == [ACT, ACT, ACT, ACT]


@pytest.mark.parametrize(("jaccard", "verdict"), [(0.59, DO_NOT), (0.60, CARE), (0.74, CARE), (0.75, ACT)])
def test_hennigs_limits_decide_on_a_segment_that_does_not_come_back(jaccard: float, verdict: str) -> None:
    assert verdicts(stability=stability(jaccard=[0.95, jaccard, 0.95])) == [ACT, verdict, ACT, ACT]


@pytest.mark.parametrize(("dissolved", "verdict"), [(0.34, DO_NOT), (0.33, ACT)])
def test_a_segment_that_dissolves_in_more_than_a_third_of_refits_is_not_to_be_acted_on(
    dissolved: float, verdict: str
) -> None:
    assert verdicts(stability=stability(dissolved=[0.0, dissolved, 0.0])) == [ACT, verdict, ACT, ACT]


@pytest.mark.parametrize(("jaccard", "verdict"), [(0.59, DO_NOT), (0.74, CARE), (0.75, ACT)])
def test_halves_that_do_not_agree_weigh_as_much_as_refits(jaccard: float, verdict: str) -> None:
    assert verdicts(trials=trials(HALVES, [1.0, jaccard, 1.0])) == [ACT, verdict, ACT, ACT]


@pytest.mark.parametrize(("kind", "verdict"), [(EARLIER, CARE), (SEEDS, CARE), (WITHOUT_MOST, ACT)])
def test_another_choice_that_upsets_a_segment_asks_for_care_unless_most_features_are_gone(
    kind: str, verdict: str
) -> None:
    assert verdicts(trials=trials(kind, [1.0, 0.59, 1.0])) == [ACT, verdict, ACT, ACT]


@pytest.mark.parametrize(("customers", "verdict"), [(29, CARE), (30, ACT)])
def test_fewer_than_30_customers_ask_for_care(customers: int, verdict: str) -> None:
    assert verdicts(sizes=pd.Series([customers, 300, 600])) == [verdict, ACT, ACT, ACT]


def test_a_segment_whose_customers_do_what_the_others_do_asks_for_care() -> None:
    # The others of the regulars spend 171 on average (90,000 and 30,000 by 700), and 21 % come back.
    alike = later(
        later_spend=[900.0, 171.0, 50.0], later_low=[850.0, 150.0, 45.0], later_high=[950.0, 192.0, 55.0],
        came_back=[0.9, 0.21, 0.1], came_back_low=[0.85, 0.18, 0.08], came_back_high=[0.95, 0.24, 0.12],
    )  # fmt: skip
    assert verdicts(later=alike) == [ACT, CARE, ACT, ACT]


def test_a_segment_that_differs_in_returns_alone_may_be_acted_on() -> None:
    alike = later(later_spend=[100.0] * 3, later_low=[90.0] * 3, later_high=[110.0] * 3)
    card = judged(later=alike)
    assert card.segments["verdict"].tolist() == [ACT] * 3
    assert card.segments.loc[2, "grounds"].endswith("Its customers later came back less than the others.")


def test_a_segment_in_which_nobody_stood_then_asks_for_care() -> None:
    assert verdicts(later=later().drop(index="champions")) == [CARE, ACT, ACT, ACT]


def test_a_segment_that_no_refit_saw_asks_for_care() -> None:
    assert verdicts(stability=stability(jaccard=[np.nan, 0.95, 0.95])) == [CARE, ACT, ACT, ACT]


def test_rules_that_can_t_vary_have_nothing_against_them() -> None:
    unmeasured = stability(jaccard=[np.nan] * 3, dissolved=[np.nan] * 3)
    fixed = {"stability": unmeasured, "agreement": None, "crowd_agreement": None, "closer": None}
    assert verdicts(**fixed, trials=pd.DataFrame(index=no_trials())) == [ACT, ACT, ACT, ACT]


@pytest.mark.parametrize(
    ("mean", "low", "high", "expected"),
    [(60.0, 55.0, 65.0, "more"), (20.0, 15.0, 25.0, "less"), (40.0, 30.0, 50.0, ""), (60.0, 10.0, 110.0, "")],
)
def test_a_mean_is_told_from_the_others_as_far_as_intervals_allow(
    mean: float, low: float, high: float, expected: str
) -> None:
    table = pd.DataFrame(
        {"customers": [10, 10, 30], "spend": [mean, 20.0, 45.0], "low": [low, 18.0, 43.0], "high": [high, 22.0, 47.0]},
        index=NAMES,
    )
    assert apart_from_others(table, "champions", "spend", "low", "high") == expected


# --- the whole


def test_segments_that_tell_nothing_are_not_to_be_acted_on_though_they_hold() -> None:
    assert verdicts(explained=(0.0, 0.004, 0.02), explained_return=(0.0, 0.0, 0.01)) == [DO_NOT] * 4


def test_telling_who_comes_back_is_enough() -> None:
    assert verdicts(explained=(0.0, 0.004, 0.02)) == [ACT] * 4


def test_a_share_too_small_to_act_on_is_nothing_however_sure_it_is() -> None:
    assert verdicts(explained=(0.003, 0.004, 0.005), explained_return=None) == [DO_NOT] * 4


def test_without_a_hold_out_period_care_is_asked_for_and_the_reason_told() -> None:
    card = judged(later=None, explained=None, explained_return=None, order_kept=None, why_not="The past is too short.")
    assert [*card.segments["verdict"], card.verdict] == [CARE] * 4
    assert "could not be tried. The past is too short." in card.grounds


def test_without_a_hold_out_period_a_cut_through_a_crowd_is_not_to_be_acted_on() -> None:
    told = {"later": None, "explained": None, "explained_return": None, "order_kept": None}
    assert verdicts(**told, closer=0.01) == [DO_NOT] * 4


def test_refits_that_agree_little_ask_for_care() -> None:
    assert verdicts(agreement=0.79) == [ACT, ACT, ACT, CARE]


def test_refits_no_better_than_in_a_crowd_are_refused_where_nothing_speaks_for_the_segments() -> None:
    nothing = {"later": None, "explained": None, "explained_return": None, "order_kept": None}
    assert verdicts(**nothing, agreement=0.6) == [DO_NOT] * 4
    assert verdicts(agreement=0.6)[-1] == CARE


def test_an_order_that_is_turned_round_asks_for_care() -> None:
    assert verdicts(order_kept=-0.5) == [ACT, ACT, ACT, CARE]


def test_when_most_customers_are_in_doubtful_segments_nobody_may_act() -> None:
    card = judged(stability=stability(jaccard=[0.95, 0.95, 0.3]))
    assert [*card.segments["verdict"], card.verdict] == [DO_NOT] * 4
    assert card.segments.loc[0, "grounds"].startswith("By itself: act.")


def test_one_group_is_no_segmentation() -> None:
    one = SOUND.stability.iloc[:1]
    card = judged(stability=one, sizes=pd.Series([1000]), trials=pd.DataFrame(index=no_trials()), agreement=None)
    assert (card.verdict, card.grounds) == (
        DO_NOT, "All customers are one group: there are no segments to treat differently.",
    )  # fmt: skip


shares = st.floats(0, 1)
limits = st.tuples(shares, shares, shares).map(lambda drawn: tuple(sorted(drawn)))


@given(
    jaccard=st.lists(shares, min_size=3, max_size=3),
    agreement=st.none() | shares,
    explained=st.none() | limits,
    kept=st.none() | st.floats(-1, 1),
    sizes=st.lists(st.integers(0, 500), min_size=3, max_size=3),
)
def test_every_card_has_verdicts_with_grounds_and_nobody_acts_when_the_whole_says_not(
    jaccard: list[float],
    agreement: float | None,
    explained: tuple[float, float, float] | None,
    kept: float | None,
    sizes: list[int],
) -> None:
    told = {"stability": stability(jaccard=jaccard), "agreement": agreement, "explained": explained}
    card = judged(**told, order_kept=kept, sizes=pd.Series(sizes))
    assert set(card.segments["verdict"]) <= set(VERDICTS)
    assert card.segments["grounds"].str.len().min() > 0
    assert card.verdict != DO_NOT or set(card.segments["verdict"]) == {DO_NOT}
    assert "nan" not in " ".join([card.grounds, *card.segments["grounds"]])


@given(st.lists(st.sampled_from(VERDICTS), min_size=1))
def test_the_strictest_ground_decides(asked: list[str]) -> None:
    assert verdict_of([(verdict, "") for verdict in asked]) == sorted(asked, key=VERDICTS.index)[0]


# --- what is shown


def test_the_table_ends_with_the_whole_and_shows_a_small_segment_s_verdict_alone() -> None:
    table = card_table(judged(sizes=pd.Series([4, 300, 600])), min_group=5)
    assert table["segment"].tolist() == [*NAMES, "all"]
    assert table.loc[0].isna().to_dict() == {"segment": False, "customers": True, "verdict": False, "grounds": True}


def test_where_most_customers_are_in_doubtful_segments_the_whole_needs_care() -> None:
    card = judged(stability=stability(jaccard=[0.95, 0.7, 0.7]))
    assert [card.verdict, "90% of the customers are in segments to act on with care" in card.grounds] == [CARE, True]


def test_where_most_customers_are_in_sound_segments_one_may_act() -> None:
    assert judged(stability=stability(jaccard=[0.7, 0.7, 0.95])).verdict == ACT


def test_the_finding_says_how_many_segments_may_be_acted_on() -> None:
    words = card_in_words(judged(stability=stability(jaccard=[0.95, 0.5, 0.7])))
    assert words.startswith("Verdict on the segments: act with care. They tell what customers do later")
    assert words.endswith("Segment by segment: 1 act, 1 act with care, 1 do not act.")


# --- what a card rests on


def put_together(evidence: LaterEvidence) -> Evidence:
    """Put together what is known without any refit or trial."""
    segments = pd.DataFrame({"segment": [0, 0, 1], "name": ["champions", "champions", "lapsed"]})
    refits = Refits(np.empty(0), np.empty((0, 2)), 3, 3, 0, "Nothing to fit again.")
    nothing = pd.DataFrame(index=no_trials())
    return evidence_of(refits, nothing, None, evidence, returned=None, segments=segments)


def test_a_hold_out_period_without_segments_made_then_says_why() -> None:
    told = put_together(LaterEvidence(segments=later(), why_no_order="No segments could be made as of then."))
    assert (told.explained, told.order_kept, told.why_not) == (None, None, "No segments could be made as of then.")
    assert told.later is not None


def test_sizes_are_those_of_today() -> None:
    assert put_together(LaterEvidence(why_not="Too short.")).sizes.to_dict() == {0: 2, 1: 1}


# --- honesty, on a few seeds; benchmarks/honesty.py measures rates


@pytest.fixture(scope="module")
def noise() -> dict[str, Any]:
    """Judge five segments that a user insists on, in a shop where everybody buys by the same process."""
    return noise_row(1, k=5, customers=250, refits=5, looks=2)


def test_on_a_shop_of_pure_noise_the_card_says_do_not_act(noise: dict[str, Any]) -> None:
    assert (noise["verdict"], noise["not"]) == (DO_NOT, 5)


def test_without_a_hold_out_period_noise_is_seen_by_its_lack_of_groups(noise: dict[str, Any]) -> None:
    assert noise["without hold-out"] == DO_NOT


def test_the_planted_unstable_segments_are_found_and_only_they() -> None:
    found = unstable_row(1, shape="one of three blobs cut", refits=10)
    assert (found["cut"], found["cut, act"], found["sound, doubted"]) == (2, 0, 0)
