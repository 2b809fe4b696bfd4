"""One target so many days ahead: by the winner of the contest, or by the next best way where history is short."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from segmentation.forecasting.contest import Contest
from segmentation.forecasting.known import TARGETS, Forecaster, Target
from segmentation.forecasting.past import Past, Tried, tell, try_out
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

FALLBACK = "past spend"
LIFETIME = "lifetime model"


def who_tells_what(contest: Contest, *, looks: Sequence[Look], refused: str) -> dict[str, list[Target]]:
    """Name who tells which targets: the contest's winners; without a contest the lifetime model, or else past spend.

    Orders are told by who tells best who orders again.

    Raises
    ------
    DataProblem
        Nobody can: there was no contest, no lifetime model, and no day to look back from.
    """
    if not contest.why_not:
        told: dict[str, list[Target]] = {}
        for target in TARGETS:
            told.setdefault(contest.winners["value" if target == "value" else "returns"].name, []).append(target)
        return told
    if refused and not looks:
        raise DataProblem(f"What customers do next can't be told. {contest.why_not} {refused}")
    return {FALLBACK if refused else LIFETIME: [*TARGETS]}


@dataclass(frozen=True)
class Part:
    """Some targets so many days ahead.

    Attributes
    ----------
    told : one row a customer, one column a target
    words : how it is told
    tried : the same forecasts where what followed is known; None where there are none
    simulated : whether the lifetime model tells it, which simulates its own intervals
    """

    told: pd.DataFrame
    words: str
    tried: Tried | None
    simulated: bool = False


def told_ahead(
    by: Forecaster,
    past: Past,
    targets: Sequence[Target],
    *,
    days: int,
    seed: int,
    lifetimes: pd.DataFrame | None,
    contest: Contest,
) -> Part:
    """Tell targets so many days ahead by a forecaster, or by the next best way where history is too short for it."""
    lifetimes_too = by.kind == LIFETIME and lifetimes is not None
    try:
        if lifetimes_too:
            told, words = of_lifetimes(lifetimes, targets, days=days), f"the {by.name}, fitted to all orders"
        else:
            told = tell(by, past, targets, days=days, seed=seed)
            words = f"{by.name}, learnt from as many days before"
        tried = tried_or_none(by, past, targets, days=days, seed=seed, contest=contest)
        return Part(told, words, tried, simulated=lifetimes_too)
    except DataProblem as problem:
        if lifetimes is not None:
            words = f"the lifetime model in place of {by.name}. {problem}"
            return Part(of_lifetimes(lifetimes, targets, days=days), words, None, simulated=True)
        return stretched(by, past, targets, days=days, seed=seed, contest=contest)


def of_lifetimes(lifetimes: pd.DataFrame, targets: Sequence[Target], *, days: int) -> pd.DataFrame:
    """Take targets so many days ahead from the lifetime model's table."""
    return pd.DataFrame({target: lifetimes[f"{target}_{days}"] for target in targets})


def tried_or_none(
    by: Forecaster, past: Past, targets: Sequence[Target], *, days: int, seed: int, contest: Contest
) -> Tried | None:
    """Try forecasts out where what followed is known, in the contest when it looked as far; None when it can't be."""
    if days == contest.length and by.name in contest.forecasts:
        told = contest.forecasts[by.name].reset_index(level="day")
        return Tried(told, contest.actual)
    try:
        return try_out(by, past, targets, days=days, seed=seed)
    except DataProblem:
        return None


def stretched(by: Forecaster, past: Past, targets: Sequence[Target], *, days: int, seed: int, contest: Contest) -> Part:
    """Stretch the forecast for the period looked back at to another one, as if customers went on at the same rate.

    Raises
    ------
    DataProblem
        No day can be looked back from.
    """
    if not past.looks:
        raise DataProblem("What customers do next can't be told: there is no earlier day to learn from.")
    base = past.looks[-1].days
    told = tell(by, past, targets, days=base, seed=seed)
    longer = {
        name: 1 - (1 - told[name]) ** (days / base) if name == "returns" else told[name] * days / base for name in told
    }
    words = f"{by.name} for {base} days, stretched at the same rate, because history is too short to learn so far"
    tried = tried_or_none(by, past, targets, days=base, seed=seed, contest=contest)
    return Part(pd.DataFrame(longer), words, tried)
