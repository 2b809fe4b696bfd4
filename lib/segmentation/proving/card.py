"""The reliability card: may one act on each segment, and on the whole, and on what grounds?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.choosing.recommendation import CLOSER, STEADY
from segmentation.cluster import Plan
from segmentation.privacy import suppress_small_groups
from segmentation.problems import DataProblem
from segmentation.proving.crowd import Crowd
from segmentation.proving.later import LaterEvidence
from segmentation.proving.looks import Looks
from segmentation.proving.order import ALL_DAYS, order_by_day
from segmentation.proving.refits import STABLE, TRUSTED, Refits, refits_agreement, stability_by_segment
from segmentation.proving.then import customers_then, segmentations_then
from segmentation.proving.trials import HALVES, WITHOUT_MOST, by_kind

ACT, CARE, DO_NOT = "act", "act with care", "do not act"
VERDICTS = (DO_NOT, CARE, ACT)  # from the strictest
# Where the limits come from: Hennig's bands (`refits.BANDS`); a third of refits is what chance alone rarely gives a
# segment that is there; 30 customers as in every table of this workbook; half of the customers is most of them; a share
# explained of half a percent could not be acted on if it were true. Measured in docs/decisions/0023-proof.md.
MOST_DISSOLVED, FEWEST_CUSTOMERS, MOST_OF_THEM, TELLS_LEAST = 1 / 3, 30, 0.5, 0.005
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Card:
    """Verdicts and their grounds.

    Attributes
    ----------
    segments : indexed by segment: name, customers, verdict (one of `VERDICTS`), grounds (in words)
    verdict : for the whole; grounds : for it, in words
    """

    segments: pd.DataFrame
    verdict: str
    grounds: str


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


def evidence_of(
    refits: Refits,
    trials: pd.DataFrame,
    crowd: Crowd | None,
    later: LaterEvidence,
    *,
    returned: tuple[float, float, float] | None,
    segments: pd.DataFrame,
) -> Evidence:
    """Put together what a card rests on.

    Parameters
    ----------
    refits : see `refits.bootstrap_refits`; trials : see `trials.upset`; crowd : see `crowd.crowd_of`
    later : see `later.later_evidence`; returned : see `share_of_return`
    segments : one row a customer: segment, name
    """
    names = segments.groupby("segment")["name"].first()
    told = later.order.loc[ALL_DAYS] if not later.why_not else None
    return Evidence(
        stability=stability_by_segment(refits, names),
        agreement=refits_agreement(refits)["agreement"] if refits.number else None,
        crowd_agreement=crowd.agreement if crowd else None,
        closer=crowd.closer if crowd else None,
        trials=trials,
        sizes=segments["segment"].value_counts(),
        later=None if told is None else later.segments,
        explained=None if told is None else (told["ranks_low"], told["ranks_explained"], told["ranks_high"]),
        explained_return=returned,
        order_kept=None if told is None else told["order_kept"],
        why_not=later.why_not,
    )


def share_of_return(looks: Looks, plan: Plan, *, seed: int) -> tuple[float, float, float] | None:
    """Measure how much of the differences in who came back lies between segments: low, mean and high; see `Evidence`.

    Parameters
    ----------
    looks : see `looks.look_back`
    plan : of today's segments, made as of each day
    seed : of the customers drawn again

    Returns
    -------
    None where nothing can be looked back at
    """
    if looks.why_not:
        return None
    try:
        customers = customers_then(looks, segmentations_then(looks, plan))
    except DataProblem:
        return None
    came_back = customers.assign(later_spend=customers["later_orders"].gt(0).astype("float64"))
    told = order_by_day(came_back, seed=seed).loc[ALL_DAYS]
    return told["ranks_low"], told["ranks_explained"], told["ranks_high"]


def reliability_card(evidence: Evidence) -> Card:
    """Judge each segment and the whole.

    A segment is not to be acted on if it does not come back in refits. Care is needed if its members are doubtful,
    another trial upsets it, it is small, or what its customers do later does not differ from what the others do. The
    whole is not to be acted on if segments tell nothing of what customers do later, if they hold no better than those
    of customers without groups, or if most customers are in segments not to be acted on; then no segment is.

    Source
    ------
    docs/decisions/0023-proof.md
    """
    table = evidence.stability[["name"]].assign(customers=evidence.sizes.reindex(evidence.stability.index).fillna(0))
    table["customers"] = table["customers"].astype("int64")
    judged = [segment_grounds(evidence, segment) for segment in table.index]
    table["verdict"] = [verdict_of(grounds) for grounds in judged]
    table["grounds"] = [" ".join(words for _, words in grounds) for grounds in judged]
    whole = whole_grounds(evidence, table)
    verdict = verdict_of(whole)
    if verdict == DO_NOT:
        spared = table["verdict"] != DO_NOT
        table.loc[spared, "grounds"] = (
            "By itself: " + table.loc[spared, "verdict"] + ". " + table.loc[spared, "grounds"]
        )
        table.loc[spared, "verdict"] = DO_NOT
    return Card(table, verdict, " ".join(words for _, words in whole))


Ground = tuple[str, str]


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
        if evidence.closer is not None and evidence.closer < CLOSER:
            words = "Whether segments tell what customers do later could not be tried, and customers are hardly closer"
            return [(DO_NOT, f"{words} within them than in groups cut through a crowd. {evidence.why_not}".strip())]
        words = "Whether segments tell what customers do later could not be tried."
        return [(CARE, f"{words} {evidence.why_not}".strip())]
    shares = {"later spend": evidence.explained, "who came back": evidence.explained_return}
    told = {what: share for what, share in shares.items() if share is not None}
    tells = [what for what, (low, _, _) in told.items() if low > TELLS_LEAST]
    measured = "; ".join(
        f"{what} {mean:.1%} (95 %: {low:.1%} to {high:.1%})" for what, (low, mean, high) in told.items()
    )
    if tells:
        return [(ACT, f"They tell what customers do later: of the differences in {measured}.")]
    return [
        (
            DO_NOT,
            f"They tell nothing of what customers do later that chance would not: of the differences in {measured}.",
        )
    ]


def holding(evidence: Evidence) -> list[Ground]:
    """Judge whether refits agree, at least better than on customers without groups."""
    agreement, crowd = evidence.agreement, evidence.crowd_agreement
    if agreement is None or np.isnan(agreement):
        return []
    if agreement >= STEADY:
        return [(ACT, f"Refits agree at {agreement:.2f}.")]
    if crowd is not None and agreement <= crowd:
        return [(DO_NOT, f"Refits agree at {agreement:.2f}, no better than on customers without groups ({crowd:.2f}).")]
    return [(CARE, f"Refits agree at {agreement:.2f}, and {STEADY:.2f} is steady.")]


def keeping_order(kept: float | None) -> list[Ground]:
    """Judge whether segments keep their order of spend."""
    if kept is None or np.isnan(kept) or kept > 0:
        return []
    return [(CARE, f"Who spent more before did not spend more afterwards (order kept at {kept:.2f}).")]


def most(segments: pd.DataFrame) -> list[Ground]:
    """Judge whether most customers are in segments that may be acted on."""
    doubtful = segments["verdict"] == DO_NOT
    share = segments.loc[doubtful, "customers"].sum() / max(1, segments["customers"].sum())
    if share > MOST_OF_THEM:
        return [(DO_NOT, f"{share:.0%} of the customers are in segments not to be acted on.")]
    return [(ACT, f"{doubtful.sum()} of {len(segments)} segments are not to be acted on.")] if doubtful.any() else []


# --- what the notebook shows


def card_table(card: Card, *, min_group: int) -> pd.DataFrame:
    """Set the card out for reading, one row a segment and one for the whole; small segments only with their verdict.

    Returns
    -------
    DataFrame: segment, customers, verdict, grounds
    """
    rows = card.segments.rename(columns={"name": "segment"}).reset_index(drop=True)
    rows = suppress_small_groups(rows, count="customers", min_group=min_group, keep=["segment", "verdict"])
    whole = {"segment": "all", "customers": card.segments["customers"].sum(), "verdict": card.verdict}
    return pd.concat([rows, pd.DataFrame([whole | {"grounds": card.grounds}])], ignore_index=True)


def card_in_words(card: Card) -> str:
    """Say the verdict for the whole, its grounds, and how many segments may be acted on."""
    counts = card.segments["verdict"].value_counts()
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in reversed(VERDICTS) if verdict in counts)
    return f"Verdict on the segments: {card.verdict}. {card.grounds} Segment by segment: {told}."
