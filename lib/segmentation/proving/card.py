"""The reliability card: may one act on each segment, and on the whole, and on what grounds?"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from segmentation.privacy import suppress_small_groups
from segmentation.proving.crowd import Crowd
from segmentation.proving.grounds import DO_NOT, VERDICTS, Evidence, segment_grounds, verdict_of, whole_grounds
from segmentation.proving.later import LaterEvidence
from segmentation.proving.looks import Looks
from segmentation.proving.order import ALL_DAYS, order_by_day
from segmentation.proving.refits import Refits, refits_agreement, stability_by_segment
from segmentation.proving.then import Fitted, customers_then


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
    told = later.order.loc[ALL_DAYS] if ALL_DAYS in later.order.index else None
    return Evidence(
        stability=stability_by_segment(refits, names),
        agreement=refits_agreement(refits)["agreement"] if refits.number else None,
        crowd_agreement=crowd.agreement if crowd else None,
        closer=crowd.closer if crowd else None,
        trials=trials,
        sizes=segments["segment"].value_counts(),
        later=None if later.why_not else later.segments,
        explained=None if told is None else (told["ranks_low"], told["ranks_explained"], told["ranks_high"]),
        explained_return=returned,
        order_kept=None if told is None else told["order_kept"],
        why_not=later.why_not or later.why_no_order,
    )


def share_of_return(
    looks: Looks, then: Mapping[datetime.date, Fitted], *, seed: int
) -> tuple[float, float, float] | None:
    """Measure how much of the differences in who came back lies between segments: low, mean and high; see `Evidence`.

    Parameters
    ----------
    looks : see `looks.look_back`
    then : the segments as made on each day, by day
    seed : of the customers drawn again

    Returns
    -------
    None without such segments
    """
    if not then:
        return None
    customers = customers_then(looks, then)
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
