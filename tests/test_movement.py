"""Moves between segments: they add up, money goes along, and nothing of a small group can be worked out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from segmentation.figures import moves_map
from segmentation.movement import (
    gone_after_days,
    gone_in_words,
    moves_between,
    moves_in_words,
    moves_matrix,
    moves_table,
    segment_moves,
)
from segmentation.movement.matching import labels_for_both, matched_names
from segmentation.movement.moves import NO_SEGMENT
from segmentation.movement.moves_shown import LOST, NEW
from segmentation.movement.protection import Hidden, hidden_moves

NAMES = ["loyal", "occasional", "lapsed"]


def stand(**names: str | None) -> pd.DataFrame:
    """Write where customers stand, by customer."""
    segment = [NAMES.index(name) if name in NAMES else -1 for name in names.values()]
    return pd.DataFrame({"segment": segment, "name": [*names.values()]}, index=pd.Index(names, name="customer_id"))


def moves_of(before: pd.DataFrame, after: pd.DataFrame, **spend: float):
    spent = pd.Series(spend, dtype=float)
    return moves_between(before, after, spend_before=spent, spend_after=2 * spent)


def crowd(cells: dict[tuple[str | None, str | None], int]):
    """Make moves of so many customers from one segment to another; no name is new, or lost."""
    pairs = [pair for pair, size in cells.items() for _ in range(size)]
    told = {f"c{place}": pair for place, pair in enumerate(pairs)}
    before = stand(**{who: name for who, (name, _) in told.items() if name})
    after = stand(**{who: name for who, (_, name) in told.items() if name})
    return moves_of(before, after, **dict.fromkeys(told, 10.0))


def test_who_goes_where_with_how_much_money():
    moves = moves_of(stand(a="loyal", b="loyal", c="lapsed"), stand(a="loyal", b="lapsed", c="lapsed"), a=1, b=2, c=4)
    flow = moves.flows.set_index(["before", "after"]).loc[("loyal", "lapsed")]
    assert flow.to_dict() == {"customers": 1, "spend_before": 2.0, "spend_after": 4.0}


def test_who_is_in_one_only_is_new_or_lost():
    table = segment_moves(moves_of(stand(a="loyal"), stand(b="lapsed"), a=1, b=1))
    assert table.loc["loyal"].to_dict() == {"before": 1, "joined": 0, "left": 0, "new": 0, "lost": 1, "after": 0}
    assert table.loc["lapsed"].to_dict() == {"before": 0, "joined": 0, "left": 0, "new": 1, "lost": 0, "after": 1}


def test_a_customer_whom_no_rule_held_is_in_no_segment():
    moves = moves_of(stand(a="loyal"), stand(a=None), a=1)
    assert moves.after == (NO_SEGMENT,)
    assert segment_moves(moves).loc[NO_SEGMENT, "joined"] == 1


def test_segments_called_new_or_lost_customers_are_not_mistaken():
    before, after = stand(a="loyal", b="loyal"), stand(a="loyal", b="loyal")
    named = moves_of(before.assign(name=NEW), after.assign(name=LOST), a=1, b=1)
    assert segment_moves(named).loc[LOST].to_dict() == {
        "before": 0,
        "joined": 2,
        "left": 0,
        "new": 0,
        "lost": 0,
        "after": 2,
    }


sides = st.dictionaries(st.sampled_from([f"c{n}" for n in range(30)]), st.sampled_from([*NAMES, None]), max_size=30)


@given(before=sides, after=sides)
def test_before_and_joined_and_new_less_left_and_lost_is_after(before: dict, after: dict):
    moves = moves_of(stand(**before), stand(**after), **dict.fromkeys({*before, *after}, 1.0))
    table = segment_moves(moves)
    assert (table["before"] + table["joined"] + table["new"] - table["left"] - table["lost"] == table["after"]).all()
    assert table["before"].sum() == len(before)
    assert table["after"].sum() == len(after)
    assert table["joined"].sum() == table["left"].sum()


@given(before=sides, after=sides)
def test_no_money_is_lost_on_the_way(before: dict, after: dict):
    spend = {who: float(place + 1) for place, who in enumerate(sorted({*before, *after}))}
    moves = moves_of(stand(**before), stand(**after), **spend)
    assert moves.flows["spend_before"].sum() == sum(spend[who] for who in before)
    assert moves.flows["spend_after"].sum() == 2 * sum(spend[who] for who in after)


def test_input_is_unchanged():
    before, after = stand(a="loyal", b=None), stand(a="lapsed")
    kept = before.copy(), after.copy()
    moves_table(moves_of(before, after, a=1, b=1), min_group=5)
    pd.testing.assert_frame_equal(before, kept[0])
    pd.testing.assert_frame_equal(after, kept[1])


# --- small groups


def interval(counts: np.ndarray, hidden: Hidden, cell: tuple[int, int]) -> float:
    """Measure how far a count could be from itself for a reader who knows all that is shown, by linear programs."""
    places = np.arange(counts.size).reshape(counts.shape)
    known = [places[cell_] for cell_ in zip(*np.nonzero(~hidden.cells), strict=True)]
    known += [places[row] for row in np.flatnonzero(~hidden.before)]
    known += [places[:, column] for column in np.flatnonzero(~hidden.after)]
    known += [places[:-1], places[:, :-1]]
    equations = np.zeros((len(known), counts.size))
    for equation, part in zip(equations, known, strict=True):
        equation[np.ravel(part)] = 1
    aim = np.zeros(counts.size)
    aim[places[cell]] = 1
    totals = equations @ counts.ravel()
    low, high = (linprog(sign * aim, A_eq=equations, b_eq=totals, bounds=(0, None), method="highs") for sign in (1, -1))
    return np.inf if high.status == 3 else -high.fun - low.fun


tables = st.tuples(st.integers(3, 5), st.integers(3, 5)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.sampled_from([0, 0, 1, 3, 4, 6, 9, 30, 80]))
)


@given(counts=tables)
def test_no_small_group_can_be_worked_out_of_what_is_shown(counts: np.ndarray):
    counts[-1, -1] = 0
    counts[:-1, :-1] += np.diag(np.full(max(counts.shape), 20))[: len(counts) - 1, : counts.shape[1] - 1]
    hidden = hidden_moves(counts, min_group=5)
    small = (counts > 0) & (counts < 5)
    assert hidden.cells[small].all()
    for cell in [*zip(*np.nonzero(small), strict=True)][:3]:
        assert interval(counts, hidden, cell) >= 1


def test_a_single_small_cell_takes_three_others_with_it():
    counts = np.array([[90, 20, 0, 0], [3, 80, 9, 0], [0, 30, 60, 0], [8, 7, 9, 0]])
    hidden = hidden_moves(counts, min_group=5)
    assert hidden.cells.sum() == 4
    assert interval(counts, hidden, (1, 0)) >= 1
    alone = Hidden(counts == 3, hidden.before, hidden.after)
    assert interval(counts, alone, (1, 0)) == 0  # were it blank alone, it could be worked out


def test_nothing_is_blank_where_no_group_is_small():
    hidden = hidden_moves(np.array([[90, 20, 0], [30, 80, 0], [7, 8, 0]]), min_group=5)
    assert not hidden.cells.any() | hidden.before.any() | hidden.after.any()


def test_a_segment_too_small_to_show_hides_another_ones_total():
    hidden = hidden_moves(np.array([[90, 20, 0], [2, 1, 0], [7, 8, 0]]), min_group=5)
    assert hidden.before.tolist() == [True, True, False]


SMALL = {("loyal", "loyal"): 60, ("loyal", "lapsed"): 2, ("lapsed", "lapsed"): 50, ("lapsed", "loyal"): 20}


def test_the_table_blanks_what_would_give_a_blank_cell_away():
    table = moves_table(crowd(SMALL), min_group=5).set_index("segment")
    assert table[["joined", "left"]].isna().all().all()
    assert table["before"].to_dict() == {"loyal": 62, "lapsed": 70}


def test_the_matrix_shows_new_and_lost_and_leaves_their_corner_open():
    matrix = moves_matrix(crowd(SMALL | {(None, "loyal"): 9, ("lapsed", None): 7}), min_group=1)
    assert matrix.loc[NEW].to_dict() == pytest.approx({"loyal": 9, "lapsed": 0, LOST: np.nan}, nan_ok=True)
    assert matrix.loc["lapsed", LOST] == 7


def test_money_is_blank_where_its_segment_is():
    told = moves_table(crowd({("loyal", "loyal"): 2, ("lapsed", "lapsed"): 40, ("occasional",) * 2: 9}), min_group=5)
    told = told.set_index("segment")
    assert told["money before"].isna().to_dict() == {"loyal": True, "occasional": True, "lapsed": False}
    assert told.loc["lapsed", "money after"] == 800.0


# --- words and figures


def test_sentences_tell_the_largest_moves():
    words = moves_in_words(crowd(SMALL | {("loyal", "lapsed"): 12, (None, "loyal"): 9}), min_group=5, money="EUR")
    assert words == [
        "Of 142 customers known before and after, 32 (23%) stand in another segment after.",
        "Most moved from “lapsed” to “loyal”: 20, and with the most money (net spend 400 EUR).",
        "Not known before, and known after: 9 in “loyal”.",
    ]


def test_sentences_tell_only_what_is_shown():
    words = moves_in_words(crowd(SMALL), min_group=5, money="EUR")
    assert words == ["Of 132 customers known before and after, too few changed segment to be counted."]
    words = moves_in_words(crowd(SMALL | {("loyal", "occasional"): 30}), min_group=5, money="EUR")
    assert "at least 30 (19%) stand in another segment" in words[0]


def test_without_anybody_in_common_nobody_is_followed():
    words = moves_in_words(moves_of(stand(a="loyal"), stand(b="loyal"), a=1, b=1), min_group=1, money="EUR")
    assert words[0] == "No customer is known both before and after, so nobody can be followed."


def test_gone_is_who_is_silent_for_longer_than_customers_usually_are():
    gaps = pd.DataFrame({"median_gap_days": [*range(1, 101), None]})
    assert gone_after_days(gaps) == 96
    before = pd.DataFrame({"recency_days": [10.0] * 20 + [200.0] * 9}, index=range(29))
    after = pd.DataFrame({"recency_days": [100.0] * 8 + [50.0] * 12 + [290.0] * 9}, index=range(29))
    words = gone_in_words(before, after, days=96, min_group=5)
    assert words.startswith("8 of the 20 customers who had ordered within 96 days before the earlier day are gone")


def test_without_a_second_order_nobody_is_called_gone():
    once = pd.DataFrame({"median_gap_days": [None, None], "recency_days": [5.0, 9.0]}, dtype=float)
    assert gone_after_days(once) == 0
    assert gone_in_words(once, once, days=0, min_group=5).startswith("Nobody came back so far")


def test_the_map_is_drawn_with_blanks_and_without_anybody():
    assert moves_map(moves_matrix(crowd(SMALL), min_group=5)).axes
    assert moves_map(moves_matrix(crowd(SMALL), min_group=500)).axes


# --- segments of two runs


def test_each_segment_is_matched_once():
    carried = pd.Series(["loyal"] * 10 + ["lapsed"] * 10)
    own = pd.Series(["champions"] * 9 + ["lapsed"] * 11)
    assert matched_names(carried, own) == {"loyal": "champions", "lapsed": "lapsed"}


def test_segments_that_share_fewer_than_half_are_two():
    carried = pd.Series(["loyal"] * 10)
    assert matched_names(carried, pd.Series(["one"] * 4 + ["two"] * 3 + ["three"] * 3)) == {}


def test_a_name_given_to_others_is_told_apart():
    before, after = labels_for_both(pd.Series(["loyal"]), pd.Series(["loyal"]), {}, run="july")
    assert (before[0], after[0]) == ("loyal", "loyal (july)")
