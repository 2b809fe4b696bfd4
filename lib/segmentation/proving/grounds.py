"""The grounds of the reliability card: what speaks for and against acting on a segment, and on the whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.choosing.recommendation import CLOSER, STEADY
from segmentation.proving.refits import STABLE, TRUSTED
from segmentation.proving.trials import HALVES, WITHOUT_MOST, by_kind

ACT, CARE, DO_NOT = "act", "act with care", "do not act"
VERDICTS = (DO_NOT, CARE, ACT)  # from the strictest
# Where the limits come from: Hennig's bands (`refits.BANDS`); a third of refits is what chance alone rarely gives a
# segment that is there; 30 customers as in every table of this workbook; half of the customers is most of them; a share
# explained of half a percent could not be acted on if it were true. Measured in docs/decisions/0023-proof.md.
MOST_DISSOLVED, FEWEST_CUSTOMERS, MOST_OF_THEM, TELLS_LEAST = 1 / 3, 30, 0.5, 0.005
NORMAL_95 = 1.959964
Ground = tuple[str, str]


@dataclass(frozen=True)
class Evidence:
    """What a card rests on, in plain tables; None for what could not be measured.

    Attributes
    ----------
    stability : see `refits.stability_by_segment`
    agreement : mean adjusted Rand index of refits; None where nothing is refitted
    crowd_agreement : the same of as many groups of customers without groups
    closer : by how much customers are closer within segments than in groups of customers without groups; the logarithm
    trials : see `trials.upset`
    sizes : customers of each segment, indexed by segment
    later : indexed by segment name: customers, later_spend, later_low, later_high, came_back, came_back_low,
        came_back_high; None without a hold-out period
    explained : of later spend between segments, beyond chance: low, mean and high of the share
    explained_return : the same of who came back
    order_kept : rank correlation of the segments' earlier and later spend
    why_not : why nothing is held out, in words
    """

    stability: pd.DataFrame
    agreement: float | None
    crowd_agreement: float | None
    closer: float | None
    trials: pd.DataFrame
    sizes: pd.Series
    later: pd.DataFrame | None
    explained: tuple[float, float, float] | None
    explained_return: tuple[float, float, float] | None
    order_kept: float | None
    why_not: str = ""


def verdict_of(grounds: Sequence[Ground]) -> str:
    """Take the strictest verdict that a ground asks for.

    Examples
    --------
    >>> verdict_of([("act", "It comes back."), ("act with care", "It is small.")])
    'act with care'
    """
    return min((verdict for verdict, _ in grounds), key=VERDICTS.index)


# --- one segment


def segment_grounds(evidence: Evidence, segment: int) -> list[Ground]:
    """List what speaks for and against one segment."""
    return [
        *coming_back(evidence.stability.loc[segment], halves_of(evidence.trials, segment)),
        *not_seen(evidence, segment),
        *upsetting(evidence.trials, segment),
        *being_few(int(evidence.sizes.get(segment, 0))),
        *telling(evidence, str(evidence.stability.loc[segment, "name"])),
    ]


def coming_back(row: pd.Series, halves: float) -> list[Ground]:
    """Judge whether a segment comes back in refits and in halves of the customers; nothing where neither is tried.

    Parameters
    ----------
    row : see `refits.stability_by_segment`
    halves : mean Jaccard similarity of its matches in two halves, see `trials.compare_halves`; missing if not tried
    """
    drawn = f"Jaccard {row['jaccard']:.2f}"
    apart = f"Jaccard {halves:.2f}"
    against = [
        (row["jaccard"] < TRUSTED, DO_NOT, f"It does not come back when customers are drawn again ({drawn})."),
        (row["dissolved"] > MOST_DISSOLVED, DO_NOT, f"It dissolves in {row['dissolved']:.0%} of refits ({drawn})."),
        (halves < TRUSTED, DO_NOT, f"Two halves of the customers do not agree on it ({apart})."),
        (row["jaccard"] < STABLE, CARE, f"It comes back, but who belongs to it is doubtful ({drawn})."),
        (halves < STABLE, CARE, f"Two halves of the customers agree on it, but not on who belongs to it ({apart})."),
    ]
    told = [(verdict, words) for holds, verdict, words in against if holds]
    if told or np.isnan(row["jaccard"]):
        return told[:1]
    return [(ACT, f"It comes back when customers are drawn again ({drawn}).")]


def not_seen(evidence: Evidence, segment: int) -> list[Ground]:
    """Judge a segment that nobody in the sample of a refit belongs to."""
    seen = evidence.agreement is None or pd.notna(evidence.stability.loc[segment, "jaccard"])
    return [] if seen else [(CARE, "Too few customers belong to it to see whether it comes back.")]


def halves_of(trials: pd.DataFrame, segment: int) -> float:
    """Average a segment's similarity between two halves of the customers; missing where none were made."""
    made = trials.index.get_level_values(0) == HALVES
    return float(trials.loc[made, segment].mean()) if made.any() else float("nan")


def upsetting(trials: pd.DataFrame, segment: int) -> list[Ground]:
    """Judge whether another choice upsets a segment; leaving out most features is no small change, and not counted."""
    counted = trials[~trials.index.get_level_values(0).isin([WITHOUT_MOST, HALVES])]
    if counted.empty:
        return []
    told = by_kind(counted)[segment]
    upset = told[told < TRUSTED]
    if upset.empty:
        return []
    words = ", ".join(f"{changed} (Jaccard {jaccard:.2f})" for changed, jaccard in upset.items())
    return [(CARE, f"It looks different with another choice: {words}.")]


def being_few(customers: int) -> list[Ground]:
    """Judge whether a segment is large enough."""
    return [(CARE, f"It has fewer than {FEWEST_CUSTOMERS} customers.")] if customers < FEWEST_CUSTOMERS else []


def telling(evidence: Evidence, name: str) -> list[Ground]:
    """Judge whether what a segment's customers do later differs from what the others do."""
    later = evidence.later
    if later is None or name not in later.index or pd.isna(later.loc[name, "later_spend"]):
        return [(CARE, "What its customers do later is not known.")]
    spends = apart_from_others(later, name, "later_spend", "later_low", "later_high")
    returns = apart_from_others(later, name, "came_back", "came_back_low", "came_back_high")
    differ = [words for words, way in (("spent {}", spends), ("came back {}", returns)) if way]
    ways = [words.format(way) for words, way in zip(differ, filter(None, (spends, returns)), strict=True)]
    if not ways:
        return [(CARE, "What its customers spent later, and whether they came back, can't be told from the others.")]
    return [(ACT, f"Its customers later {' and '.join(ways)} than the others.")]


def apart_from_others(later: pd.DataFrame, name: str, value: str, low: str, high: str) -> str:
    """Tell whether a segment's mean is clearly above or below that of all others.

    Parameters
    ----------
    later : see `Evidence`
    value, low, high : columns: mean and its 95 % interval

    Returns
    -------
    "more" or "less"; empty when the 95 % interval of the difference includes 0
    """
    others = later.drop(index=name).dropna(subset=[value])
    if others.empty:
        return ""
    shares = others["customers"] / others["customers"].sum()
    error = (later[high] - later[low]) / (2 * NORMAL_95)
    difference = later.loc[name, value] - (shares * others[value]).sum()
    spread = np.hypot(error[name], np.sqrt(((shares * error[others.index]) ** 2).sum()))
    if abs(difference) <= NORMAL_95 * spread or not difference:
        return ""
    return "more" if difference > 0 else "less"


# --- the whole


def whole_grounds(evidence: Evidence, segments: pd.DataFrame) -> list[Ground]:
    """List what speaks for and against acting on the segments at all."""
    if len(segments) < 2:
        return [(DO_NOT, "All customers are one group: there are no segments to treat differently.")]
    return [*telling_at_all(evidence), *holding(evidence), *keeping_order(evidence.order_kept), *most(segments)]


def telling_at_all(evidence: Evidence) -> list[Ground]:
    """Judge whether segments tell what customers do later; without a hold-out period, whether there are groups."""
    if evidence.explained is None:
        words = "Whether segments tell what customers do later could not be tried"
        if evidence.closer is not None and evidence.closer < CLOSER:
            crowd = "and customers are hardly closer within them than in groups cut through a crowd"
            return [(DO_NOT, f"{words}, {crowd}. {evidence.why_not}".strip())]
        return [(CARE, f"{words}. {evidence.why_not}".strip())]
    told = [(what, share) for what, share in shares_of(evidence).items() if share is not None]
    words = "; ".join(f"{what} {mean:.1%} (95 %: {low:.1%} to {high:.1%})" for what, (low, mean, high) in told)
    if tells(evidence):
        return [(ACT, f"They tell what customers do later: of the differences in {words}.")]
    return [(DO_NOT, f"Of what customers do later they tell nothing beyond chance: of the differences in {words}.")]


def shares_of(evidence: Evidence) -> dict[str, tuple[float, float, float] | None]:
    """Name the shares of what customers do later that lie between segments."""
    return {"later spend": evidence.explained, "who came back": evidence.explained_return}


def tells(evidence: Evidence) -> bool:
    """Tell whether segments tell later spend or who comes back, beyond chance and a trifle."""
    return any(share is not None and share[0] > TELLS_LEAST for share in shares_of(evidence).values())


def holding(evidence: Evidence) -> list[Ground]:
    """Judge whether refits agree, and if segments are of no use otherwise, better than on customers without groups."""
    agreement, crowd = evidence.agreement, evidence.crowd_agreement
    if agreement is None or np.isnan(agreement):
        return []
    if agreement >= STEADY:
        return [(ACT, f"Refits agree at {agreement:.2f}.")]
    if crowd is not None and agreement <= crowd:
        words = f"Refits agree at {agreement:.2f}, no better than on customers without groups ({crowd:.2f})."
        return [(CARE if tells(evidence) else DO_NOT, words)]
    return [(CARE, f"Refits agree at {agreement:.2f}, and {STEADY:.2f} is steady.")]


def keeping_order(kept: float | None) -> list[Ground]:
    """Judge whether segments keep their order of spend."""
    if kept is None or np.isnan(kept) or kept > 0:
        return []
    return [(CARE, f"Who spent more before did not spend more afterwards (order kept at {kept:.2f}).")]


def most(segments: pd.DataFrame) -> list[Ground]:
    """Judge whether most customers are in segments that may be acted on, and without care."""
    sizes = segments.groupby("verdict")["customers"].sum() / max(1, segments["customers"].sum())
    none, doubtful = sizes.get(DO_NOT, 0.0), 1 - sizes.get(ACT, 0.0)
    if none > MOST_OF_THEM:
        return [(DO_NOT, f"{none:.0%} of the customers are in segments not to be acted on.")]
    if doubtful > MOST_OF_THEM:
        return [(CARE, f"{doubtful:.0%} of the customers are in segments to act on with care, or not at all.")]
    number = int((segments["verdict"] == DO_NOT).sum())
    are = "is" if number == 1 else "are"
    return [(ACT, f"{number} of {len(segments)} segments {are} not to be acted on.")] if number else []
