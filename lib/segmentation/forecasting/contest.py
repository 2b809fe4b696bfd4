"""A fair contest of forecasters on several earlier days: each knows what was known, and what followed decides."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pandas as pd

from segmentation.agreement import drawn_sample
from segmentation.forecasting.forecasters import all_forecasters, new_models
from segmentation.forecasting.judging import Winner, judge
from segmentation.forecasting.known import TARGETS, Forecaster, Target, known_of, outcomes_of
from segmentation.forecasting.simple_rules import Anyway
from segmentation.forecasting.together import Together
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

JUDGED: tuple[Target, ...] = ("value", "returns")
MOST_CUSTOMERS = 20_000


@dataclass(frozen=True)
class Contest:
    """What each forecaster said on several earlier days, and how good that was; empty when none could be held.

    Attributes
    ----------
    days : the days from which on was forecast; length : of the period forecast, in days
    forecasts : forecaster → DataFrame indexed by (day, customer_id): returns, orders, value; never on a page by
        customer
    actual : DataFrame indexed by (day, customer_id): returns (0 or 1), orders, value (net, shop currency)
    kinds : forecaster → its sort
    refused : forecaster → why it did not take part
    scores : target → DataFrame, one row a forecaster and day, indexed by (forecaster, day), day "all" for all days
        together: each of `SCORES` with _low and _high, the middle 95 % when customers are drawn again; lead,
        lead_low, lead_high : of the score that decides over the best simple rule, above 0 for better
    winners : target → the winner
    why_not : why there was no contest, in words; empty when there was
    """

    days: tuple[datetime.date, ...]
    length: int
    forecasts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    actual: pd.DataFrame = field(default_factory=pd.DataFrame)
    kinds: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[Target, pd.DataFrame] = field(default_factory=dict)
    winners: Mapping[Target, Winner] = field(default_factory=dict)
    why_not: str = ""


def hold_contest(
    looks: Sequence[Look],
    segmentations: Mapping[datetime.date, Anyway],
    *,
    days: int,
    seed: int,
    forecasters: Sequence[Forecaster] | None = None,
) -> Contest:
    """Let every forecaster tell what customers did after each day but the first, which is for learning only.

    Parameters
    ----------
    looks : oldest first, each until the next
    segmentations : day → the segments as fitted on that day
    days : how far ahead is forecast; the looks look as far
    seed : of draws by chance
    forecasters : who takes part on each day; all of them when None
    """
    why_not = no_contest(looks)
    if why_not:
        return Contest((), days, why_not=why_not)
    looks = [sampled(look, seed=seed) for look in looks]
    told: dict[str, list[pd.DataFrame]] = {}
    kinds, refused, models = {}, {}, new_models()
    for learn, now in pairwise(looks):
        taking_part = forecasters or all_forecasters(segmentations.get(now.day), models)
        kinds |= {forecaster.name: forecaster.kind for forecaster in taking_part}
        said, whys = on_one_day(taking_part, learn, now, days=days, seed=seed)
        refused = whys | refused
        for name, table in said.items():
            told.setdefault(name, []).append(of_day(table, now))
    full = {name: pd.concat(parts) for name, parts in told.items() if len(parts) == len(looks) - 1}
    refused |= {name: "On one of the days there was nothing to go by." for name in kinds if name not in full | refused}
    if not full:
        return Contest((), days, kinds=kinds, refused=refused, why_not="No forecaster could take part.")
    actual = pd.concat([of_day(outcomes_of(now).assign(value=now.outcomes["later_spend"]), now) for now in looks[1:]])
    judged = {target: judge(full, actual, kinds, target=target, seed=seed) for target in JUDGED}
    return Contest(
        tuple(look.day for look in looks[1:]), days, full, actual, kinds, refused,
        {target: scores for target, (scores, _) in judged.items()},
        {target: winner for target, (_, winner) in judged.items()},
    )  # fmt: skip


def on_one_day(
    taking_part: Sequence[Forecaster], learn: Look, now: Look, *, days: int, seed: int
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Let each forecaster tell what follows one day; who averages others goes by what they have said already.

    Returns
    -------
    Forecaster → what it said; forecaster → why it could not
    """
    said: dict[str, pd.DataFrame] = {}
    whys: dict[str, str] = {}
    for forecaster in taking_part:
        try:
            if isinstance(forecaster, Together):
                names = [member.name for member in forecaster.members]
                heard = [said[name] for name in names if name in said]
                said[forecaster.name] = forecaster.of(heard, whys=[whys[name] for name in names if name in whys])
            else:
                said[forecaster.name] = forecaster.forecast(learn, known_of(now), days=days, seed=seed, targets=TARGETS)
        except DataProblem as problem:
            whys[forecaster.name] = str(problem)
    return said, whys


def sampled(look: Look, *, seed: int) -> Look:
    """Keep at most so many customers of a look, drawn by chance, so that a large shop does not wait."""
    kept = drawn_sample(len(look.features), MOST_CUSTOMERS, seed=seed)
    return replace(look, features=look.features.iloc[kept], outcomes=look.outcomes.iloc[kept])


def no_contest(looks: Sequence[Look]) -> str:
    """Say why no contest can be held; nothing when it can."""
    if len(looks) < 2:
        return (
            "Forecasters are compared on a day of which they know what followed the day before it, so orders must "
            "reach back three periods; they reach back two at most. A shorter `holdout_days` may leave three."
        )
    if empty := [f"{look.day}" for look in looks if look.features.empty]:
        return f"Nobody had bought anything before {empty[-1]}, so there is nobody to forecast."
    if not any(look.outcomes["later_orders"].gt(0).any() for look in looks[1:]):
        return "Nobody ordered after any of the earlier days, so there is nothing to forecast."
    return ""


def of_day(table: pd.DataFrame, look: Look) -> pd.DataFrame:
    """Index a table of customers by day and customer."""
    return pd.concat({look.day: table}, names=["day", "customer_id"])
