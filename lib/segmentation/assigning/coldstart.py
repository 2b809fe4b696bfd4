"""Cold start: place newcomers by what customers looked like when they had one order, or none."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.assigning.learners import GUESS, LEARNERS, Learner
from segmentation.assigning.learners import SIMILAR as MOST_SIMILAR
from segmentation.assigning.learning import Learned, learn
from segmentation.assigning.models import (
    DEMOGRAPHICS,
    FIRST,
    NEWCOMER_DAYS,
    NOT_YET,
    ORDERS,
    SIMILAR,
    WEB,
    Model,
    Rung,
    known,
)
from segmentation.assigning.reasons import explain
from segmentation.features import FEATURES, collect, customer_features, is_summary
from segmentation.problems import DataProblem

FEWEST = 30  # customers, below which a rung is not learnt
RECENT_DAYS, FEWEST_RECENT = 182, 500  # who came in the last half year, or else the last so many to come
# What an order tells that comes only with later ones, or with the time that has passed since.
SEASONS = ("spring_share", "summer_share", "autumn_share", "winter_share", "gift_season_share")  # of one: its date
NOT_OF_ONE = ("return_share", *SEASONS)
SINCE = "tenure_days"  # how long ago the first order was: who came lately can't have lapsed
NOT_BEFORE = ("cart_to_order_rate",)


def of_group(*groups: str, without: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the features of some groups."""
    return tuple(name for name, told in FEATURES.items() if told.group in groups and name not in without)


PERSON = of_group("demographics")
FIRST_ORDER = ("first_order_value", *of_group("basket", "when and where", without=NOT_OF_ONE))
BEFORE = of_group("web behaviour", without=NOT_BEFORE)


@dataclass(frozen=True)
class Plan:
    """A rung that is tried: what it goes by, what must be known, what it learns from, and by which learners."""

    basis: str
    needs: tuple[str, ...]
    columns: tuple[str, ...]
    learners: tuple[Learner, ...]


SHORT = (LEARNERS["logistic regression"], LEARNERS["random forest"])
PLANS = (
    Plan(FIRST, FIRST_ORDER, (*FIRST_ORDER, SINCE, *PERSON), SHORT),
    Plan(WEB, BEFORE, (*BEFORE, *PERSON), SHORT),
    Plan(DEMOGRAPHICS, PERSON, PERSON, SHORT),
    Plan(SIMILAR, (*BEFORE, *PERSON), (*BEFORE, *PERSON), (MOST_SIMILAR,)),
)


def first_orders(orders: ir.Table) -> ir.Table:
    """Express the lines of each customer's first day with a purchase; later orders and returns are not among them."""
    bought = orders.filter(orders.quantity > 0)
    first = bought.group_by("customer_id").aggregate(first_day=bought.ordered_at.min().date())
    lines = bought.inner_join(first, "customer_id")
    return lines.filter(lines.ordered_at.date() == lines.first_day).select(*orders.columns)


def before_first_order(table: ir.Table, orders: ir.Table, *, time: str) -> ir.Table:
    """Express the rows of events or contacts from before each customer's first purchase; all of who never bought."""
    bought = orders.filter(orders.quantity > 0)
    first = bought.group_by("customer_id").aggregate(first_at=bought.ordered_at.min())
    rows = table.left_join(first, "customer_id")
    return rows.filter(rows.first_at.isnull() | (rows[time] < rows.first_at)).select(*table.columns)


def first_features(
    orders: ir.Table,
    *,
    as_of: datetime.date,
    customers: ir.Table | None = None,
    events: ir.Table | None = None,
    contacts: ir.Table | None = None,
) -> ir.Table:
    """Express what was known of each customer when the first order had come.

    Parameters
    ----------
    orders : clean order lines, canonical columns
    as_of : the day of description; nothing from that day or later counts
    customers, events, contacts : clean, whichever there are

    Returns
    -------
    Table, one row a customer with a purchase before the day: customer_id and `features.FEATURES`. The basket is that
    of the first day with a purchase, visits and e-mails are those before it. Whatever counts up to `as_of`, such as
    recency, means nothing here and is not learnt from.
    """
    orders = orders.filter(orders.ordered_at < ibis.timestamp(as_of.isoformat()))
    beside = {"customers": customers}
    beside["events"] = None if events is None else before_first_order(events, orders, time="occurred_at")
    beside["contacts"] = None if contacts is None else before_first_order(contacts, orders, time="sent_at")
    return customer_features(first_orders(orders), as_of=as_of, **beside)


def first_features_of(
    orders: ir.Table,
    *,
    as_of: datetime.date,
    customers: ir.Table | None = None,
    events: ir.Table | None = None,
    contacts: ir.Table | None = None,
    feedback: ir.Table | None = None,
) -> pd.DataFrame:
    """Fetch `first_features`; of a file with one row a customer, which tells of no first order, no row.

    Opinions come after an order, so `feedback` is not looked at.
    """
    if is_summary(orders):
        return pd.DataFrame(columns=list(FEATURES)).rename_axis("customer_id")
    return collect(first_features(orders, as_of=as_of, customers=customers, events=events, contacts=contacts))


def learn_cold_start(
    first: pd.DataFrame,
    segments: pd.Series,
    *,
    names: Sequence[str],
    seed: int,
    folds: int = 5,
    on_progress: Callable[[str], None] | None = None,
) -> tuple[Rung, ...]:
    """Learn every rung below the model on all orders: from what was known then, the segment they belong to now.

    Only those who came lately are learnt from. Who came years ago has had the time to become a regular or to lapse,
    and says little of where a newcomer will stand within half a year.

    Parameters
    ----------
    first : one row a customer, see `first_features`
    segments : int, indexed as `first` or beyond
    names : of the segments, by number
    seed, folds : see `learning.learn`
    on_progress : told the name of each rung that begins

    Returns
    -------
    The rungs from what tells most to what tells least, also those that tell too little; see `Rung.is_used`. One for
    which fewer than `FEWEST` customers have anything known has no score.
    """
    first = lately_come(first)
    segments = segments.reindex(first.index)
    rungs = []
    for plan in PLANS:
        if on_progress:
            on_progress(plan.basis)
        rungs.append(learn_rung(first, segments, plan, names=names, seed=seed, folds=folds))
    return tuple(rungs)


def lately_come(first: pd.DataFrame) -> pd.DataFrame:
    """Take the customers who came in the last half year, or the last to come where those are few."""
    since = first["tenure_days"].sort_values(kind="stable")
    few = since.iloc[min(FEWEST_RECENT, len(since)) - 1] if len(since) else 0
    return first[(first["tenure_days"] <= max(RECENT_DAYS, few)).to_numpy()]


def learn_rung(
    first: pd.DataFrame, segments: pd.Series, plan: Plan, *, names: Sequence[str], seed: int, folds: int
) -> Rung:
    """Learn one rung on those of whom something is known; see `learn_cold_start`."""
    rows = known(first, plan.needs) & segments.notna().to_numpy()
    here, told = first[rows], segments[rows].astype("int64")
    columns = [name for name in plan.columns if name in first.columns and here[name].notna().any()]
    if len(here) < FEWEST or told.nunique() < 2:
        return Rung(plan.basis, plan.needs, None, None, customers=len(here))
    learned = learn(
        here, told, columns=columns, seed=seed, folds=folds, learners=plan.learners, decides="accuracy", seconds=np.inf
    )
    needs = tuple(name for name in plan.needs if name in learned.schema.names)
    return scored(Rung(plan.basis, needs, learned, explain(here, told, names=names, columns=columns)))


def scored(rung: Rung) -> Rung:
    """Read a rung's accuracy, its error and that of the guess from its comparison.

    Few folds can agree by chance, so the error is at least that of as many coins.
    """
    scores = rung.learned.scores
    if scores.empty:
        return rung
    by_name = scores.set_index("learner")
    own, guess = by_name.loc[rung.learned.winner], by_name.loc[GUESS.name]
    of_counts = np.sqrt(own["accuracy"] * (1 - own["accuracy"]) / rung.learned.compared_on)
    return Rung(
        rung.basis, rung.needs, rung.learned, rung.reasons,
        float(own["accuracy"]), float(max(own["accuracy_error"], of_counts)), float(guess["accuracy"]),
        rung.learned.customers,
    )  # fmt: skip


def build_model(
    learned: Learned, cold: Sequence[Rung], features: pd.DataFrame, segments: pd.Series, *, names: Sequence[str]
) -> Model:
    """Put the model on all orders and the rungs that are good enough together.

    Parameters
    ----------
    learned : see `learning.learn`
    cold : see `learn_cold_start`
    features, segments : what `learned` learnt from
    names : of the segments, by number

    Raises
    ------
    DataProblem
        A segment has no name.
    """
    unnamed = [one for one in learned.classes if not 0 <= one < len(names)]
    if unnamed:
        raise DataProblem(f"Every segment must have a name; there are {len(names)} names, and none for {unnamed}.")
    numbers = [column.name for column in learned.schema.columns if column.kind == "number"]
    reasons = explain(features, segments, names=names, columns=numbers)
    full = Rung(ORDERS, ("order_count",), learned, reasons)
    return Model(dict(enumerate(names)), (scored(full), *(rung for rung in cold if rung.is_used)), usual_gap(features))


def usual_gap(features: pd.DataFrame) -> float:
    """Measure after how many days half of those who come back have: who has not for longer is no newcomer."""
    gap = features["median_gap_days"].median() if "median_gap_days" in features else np.nan
    return NEWCOMER_DAYS if pd.isna(gap) else float(gap)


COLD_START_FORMATS = dict.fromkeys(["placed right", "± one standard error", "always the largest"], "{:.1%}")


def cold_start_table(cold: Sequence[Rung]) -> pd.DataFrame:
    """Set the rungs out for reading: how often each places right, beside always guessing the largest segment.

    Returns
    -------
    DataFrame, one row a rung: goes by, customers, learner, placed right, ± one standard error, always the largest, used
    """
    rows = [
        {
            "goes by": rung.basis,
            "customers": rung.customers,
            "learner": rung.learned.winner if rung.learned else "",
            "placed right": rung.score,
            "± one standard error": rung.error,
            "always the largest": rung.guess,
            "used": "yes" if rung.is_used else "too few customers" if rung.learned is None else "no",
        }
        for rung in cold
    ]
    return pd.DataFrame(rows)


def cold_start_sentence(cold: Sequence[Rung]) -> str:
    """Say by what newcomers are placed."""
    used = [rung for rung in cold if rung.is_used]
    if not used:
        return (
            f"Nothing known of a newcomer tells the segment better than a guess, so newcomers are '{NOT_YET}' placed."
        )
    best = used[0]
    return (
        f"A newcomer is placed by {' or, where that is not known, by '.join(rung.basis for rung in used)}; the "
        f"{best.basis} is right for {best.score:.0%}, always guessing the largest segment for {best.guess:.0%}. "
        f"Where nothing is known, the answer is '{NOT_YET}'."
    )
