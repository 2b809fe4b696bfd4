"""What the data allow: enough for segments, for prediction and for a campaign test, or a stated lesser mode."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.features import orders_before
from segmentation.problems import DataProblem

Purpose = Literal["segments", "prediction", "campaign_test"]
FULL = "full"
WINDOW_DAYS = 90


@dataclass(frozen=True)
class Check:
    """One thing that a purpose needs: of what, how much, in which unit, and who says so.

    Attributes
    ----------
    count : name in `Counts`; at_most : the count must not be above what is needed, rather than not below
    """

    purpose: Purpose
    count: str
    words: str
    needed: float
    source: str
    at_most: bool = False

    def passes(self, found: float) -> bool:
        """Tell whether a count is enough; one that is not known never is."""
        return found <= self.needed if self.at_most else found >= self.needed


class Counts(NamedTuple):
    """What the clean orders hold.

    Attributes
    ----------
    buyers : customers with a purchase; repeat_buyers, frequent_buyers : with 2 and 3 orders or more
    history_days : from the first order to the day on which the data are looked at
    days_since_last : from the last order to that day; 0 when only the data's own last day is known
    returned, stayed_away : of the customers known before the last `window_days`, who ordered in them and who did not
    clean_share : of the lines that could count, those that do, 0 to 1
    is_summary : the file has one row a customer, so single orders have no dates
    """

    buyers: int
    repeat_buyers: int
    frequent_buyers: int
    history_days: int
    days_since_last: int
    window_days: int
    returned: float
    stayed_away: float
    clean_share: float
    is_summary: bool


KLAVIYO = "Klaviyo, predictive analytics"
SEGMENT = "Twilio Segment, predictions"
ENOUGH = "ten customers or more for each of ten features"
LINES = "half of what could count"
CHECKS = (
    Check("segments", "buyers", "customers who bought", 100, ENOUGH),
    Check("segments", "repeat_buyers", "customers with 2 orders or more", 20, "some who differ from one-time buyers"),
    Check("segments", "history_days", "days of history", 90, "a quarter of a year"),
    Check("segments", "clean_share", "share of lines that count", 0.5, LINES),
    Check("prediction", "buyers", "customers who bought", 500, KLAVIYO),
    Check("prediction", "history_days", "days of history", 180, KLAVIYO),
    Check("prediction", "days_since_last", "days since the last order", 30, KLAVIYO, at_most=True),
    Check("prediction", "frequent_buyers", "customers with 3 orders or more", 10, KLAVIYO),
    Check("prediction", "returned", "known customers who ordered in the window", 100, SEGMENT),
    Check("prediction", "stayed_away", "known customers who did not", 100, SEGMENT),
    Check("prediction", "clean_share", "share of lines that count", 0.5, LINES),
    Check("campaign_test", "buyers", "customers who bought", 400, "80 % power to see 10 % rise to 20 %, in halves"),
    Check("campaign_test", "days_since_last", "days since the last order", 180, "half a year", at_most=True),
)
LESSER: dict[Purpose, str] = {"segments": "rules", "prediction": "none", "campaign_test": "no test"}
FEWEST_FOR_RULES = 20
SUMMARY_WHY = "The file has one row a customer, so it has no dates of single orders to look back from."
NEVER_COUNTED = (
    *("guest", "duplicate", "older copy", "fee", "test order", "cancelled", "unpaid", "other currency", "wholesaler"),
)


def clean_share(account: pd.DataFrame) -> float:
    """Measure how much of what could count does: guests, copies, fees and the like never could.

    Parameters
    ----------
    account : see `clean.account`

    Examples
    --------
    >>> clean_share(pd.DataFrame({"reason": ["clean", "guest", "unreadable"], "lines": [60, 500, 20]}))
    0.75
    """
    lines = account.set_index("reason")["lines"].drop(list(NEVER_COUNTED), errors="ignore")
    return float(lines.get("clean", 0) / lines.sum()) if lines.sum() else 0.0


def counts(orders: ir.Table, *, as_of: datetime.date | None, clean_share: float) -> Counts:
    """Count what the purposes need, from the orders that count.

    Parameters
    ----------
    orders : clean order lines
    as_of : the day on which the data are looked at; none for the day after the last order
    clean_share : see `clean_share`

    Raises
    ------
    DataProblem
        Nothing was bought before that day.
    """
    bought = orders.filter(orders.quantity > 0)
    bought = orders_before(bought, as_of) if as_of else bought
    day, in_row = bought.ordered_at.date(), ibis.coalesce(bought.orders_in_row, 1)
    span = bought.aggregate(first=day.min(), last=day.max(), most=in_row.max()).execute().iloc[0]
    if pd.isna(span["last"]):
        raise DataProblem(f"At least one purchase must count; there is none{f' before {as_of}' if as_of else ''}.")
    first, last = pd.Timestamp(span["first"]), pd.Timestamp(span["last"])
    today = pd.Timestamp(as_of) if as_of else last + pd.Timedelta(days=1)
    history = (today - first).days
    window = max(1, min(WINDOW_DAYS, history // 3))
    buyers = buyers_counted(bought, since=(today - pd.Timedelta(days=window)).date())
    is_summary = bool(span["most"] > 1)
    unknown = {"returned": float("nan"), "stayed_away": float("nan")} if is_summary else {}
    since_last = (today - last).days if as_of else 0
    return Counts(
        history_days=history,
        days_since_last=since_last,
        window_days=window,
        clean_share=clean_share,
        is_summary=is_summary,
        **buyers | unknown,
    )


def buyers_counted(bought: ir.Table, *, since: datetime.date) -> dict[str, int]:
    """Count customers by their orders, and those known before a day by whether they ordered from then on."""
    orders = bought.group_by("customer_id", "order_id").aggregate(
        day=bought.ordered_at.min().date(), orders=ibis.coalesce(bought.orders_in_row, 1).max()
    )
    customers = orders.group_by("customer_id").aggregate(
        first=orders.day.min(), last=orders.day.max(), orders=orders.orders.sum()
    )
    known = customers.first < ibis.date(str(since))
    came = customers.last >= ibis.date(str(since))
    told = customers.aggregate(
        buyers=customers.count(),
        repeat_buyers=customers.count(where=customers.orders >= 2),
        frequent_buyers=customers.count(where=customers.orders >= 3),
        returned=customers.count(where=known & came),
        stayed_away=customers.count(where=known & ~came),
    )
    return {name: int(count) for name, count in told.execute().iloc[0].items()}


def checks(counted: Counts) -> pd.DataFrame:
    """Ask of each purpose what it needs.

    Returns
    -------
    DataFrame, one row a check
        purpose, check : str; needed, found : number, found missing where it can't be known; ok : bool; source : str
    """
    rows = [
        {
            "purpose": check.purpose,
            "check": check.words,
            "needed": check.needed,
            "found": float(getattr(counted, check.count)),
            "ok": check.passes(getattr(counted, check.count)),
            "at most": check.at_most,
            "source": check.source,
        }
        for check in CHECKS
    ]
    return pd.DataFrame(rows)


def checks_table(checked: pd.DataFrame) -> pd.DataFrame:
    """Set the checks out for reading, one row a check: purpose, check, needed, found, ok, needed by."""
    return pd.DataFrame(
        {
            "purpose": checked["purpose"].str.replace("_", " "),
            "check": checked["check"],
            "needed": [needed_in_words(row) for _, row in checked.iterrows()],
            "found": [number(value) for value in checked["found"]],
            "ok": checked["ok"],
            "after": checked["source"],
        }
    )


def number(value: float) -> str | None:
    """Word a count, or a share below 1; none for what is not known.

    Examples
    --------
    >>> number(1234.0), number(0.756), number(float("nan"))
    ('1,234', '0.76', None)
    """
    if pd.isna(value):
        return None
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.2f}"


def needed_in_words(row: pd.Series) -> str:
    """Word what a check needs."""
    return f"{'at most' if row['at most'] else 'at least'} {number(row['needed'])}"


def gate(counted: Counts) -> dict[Purpose, dict[str, str]]:
    """Decide what each later step may do, and say why.

    Returns
    -------
    dict of plain words for the manifest
        segments : mode "full", "rules" or "one group"; prediction : "full" or "none";
        campaign_test : "full" or "no test"; each with why
    """
    checked = checks(counted)
    decided = {purpose: decision(purpose, checked[checked["purpose"] == purpose]) for purpose in LESSER}
    if decided["segments"]["mode"] != FULL and counted.buyers < FEWEST_FOR_RULES:
        decided["segments"] = {
            "mode": "one group",
            "why": f"{decided['segments']['why']} Even simple rules need {FEWEST_FOR_RULES} customers.",
        }
    if counted.is_summary:
        decided["prediction"] = {"mode": LESSER["prediction"], "why": SUMMARY_WHY}
    return decided


def decision(purpose: Purpose, checked: pd.DataFrame) -> dict[str, str]:
    """Decide one purpose from its checks."""
    failed = checked[~checked["ok"]]
    if failed.empty:
        return {"mode": FULL, "why": "The data have all that is needed."}
    told = [f"{row['check']} {number(row['found'])} ({needed_in_words(row)})" for _, row in failed.iterrows()]
    return {"mode": LESSER[purpose], "why": f"The data do not suffice for {WORDS[purpose]}: {', '.join(told)}."}


WORDS: dict[Purpose, str] = {
    "segments": "finding segments",
    "prediction": "looking ahead",
    "campaign_test": "a campaign test",
}
INSTEAD = {
    "rules": "segments come from simple rules",
    "one group": "all customers are one group",
    "none": "later spend is not looked at",
    "no test": "no customers are left alone to compare with",
}


class Allowed(NamedTuple):
    """What a step may do, and why it may not do all or does so all the same; nothing to say when all is there."""

    mode: str
    why: str = ""

    @property
    def words(self) -> str:
        """Say so in a sentence or more."""
        return self.why or "The data have all that this step needs."


def allowed(told: Mapping[str, Mapping[str, str]], purpose: Purpose, *, ignore: bool) -> Allowed:
    """Look up what a step may do.

    Parameters
    ----------
    told : the manifest's fact "gate"; see `gate`
    purpose : of the step
    ignore : the user wants the full step whatever the gate says

    Examples
    --------
    >>> told = {"prediction": {"mode": "none", "why": "Too few customers."}}
    >>> allowed(told, "prediction", ignore=False)
    Allowed(mode='none', why='Too few customers.')
    >>> allowed(told, "prediction", ignore=True).words
    'Too few customers. It is done all the same, because `ignore_gate` asks for it.'
    """
    mode, why = told[purpose]["mode"], told[purpose]["why"]
    if mode == FULL:
        return Allowed(FULL)
    return (
        Allowed(FULL, f"{why} It is done all the same, because `ignore_gate` asks for it.")
        if ignore
        else Allowed(mode, why)
    )


def gate_in_words(told: Mapping[str, Mapping[str, str]]) -> str:
    """Say in a sentence or two what the data allow, and what is done instead where they do not.

    Examples
    --------
    >>> modes = {"segments": "full", "prediction": "none", "campaign_test": "full"}
    >>> gate_in_words({purpose: {"mode": mode} for purpose, mode in modes.items()})  # doctest: +NORMALIZE_WHITESPACE
    'The data suffice for finding segments and a campaign test. Below what is needed for the rest: later spend is not
    looked at. `ignore_gate` asks for it all the same.'
    """
    full = [WORDS[purpose] for purpose in LESSER if told[purpose]["mode"] == FULL]
    instead = [INSTEAD[told[purpose]["mode"]] for purpose in LESSER if told[purpose]["mode"] != FULL]
    opening = f"The data suffice for {listed(full)}." if full else "The data suffice for no full step."
    if not instead:
        return opening
    return f"{opening} Below what is needed for the rest: {listed(instead)}. `ignore_gate` asks for it all the same."


def listed(words: Sequence[str]) -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["red", "green", "blue"]), listed(["red"])
    ('red, green and blue', 'red')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
