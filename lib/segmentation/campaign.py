"""Step 06: an action per segment, a control group per segment, and the audiences to upload."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from segmentation.explaining.names import base_name
from segmentation.gate import FULL, Allowed
from segmentation.grouping.rules import ALL_BUYERS
from segmentation.privacy import suppress_small_groups, write_csv
from segmentation.problems import DataProblem, some

PLAY_COLUMNS = ("segment", "action", "channel", "offer", "cost_per_contact")
POWER, ERROR = 0.8, 0.05
# For a shop whose customers are one group, when the table of actions does not name it.
FOR_ALL = {"action": "Thank them and say what is new", "channel": "e-mail", "offer": "none", "cost_per_contact": 0.05}


@dataclass(frozen=True)
class Campaign:
    """A plan: one row a segment, and one row a customer with the arm that chance gave."""

    plan: pd.DataFrame
    customers: pd.DataFrame


def read_plays(path: Path) -> pd.DataFrame:
    """Read the table of actions, which the user may edit.

    Returns
    -------
    DataFrame indexed by segment name: action, channel, offer, cost_per_contact (shop currency)

    Raises
    ------
    DataProblem
        It is no CSV in UTF-8, a column is missing, a segment stands there twice, or a cost is no number.
    """
    if not path.is_file():
        raise DataProblem(
            f"Can't read the actions: there is no file {some([path.name])}. Set `plays` to the table's path."
        )
    try:
        plays = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise DataProblem(
            f"{some([path.name])} must be a CSV file in UTF-8 with commas. Was it saved as another format?"
        ) from None
    missing = [column for column in PLAY_COLUMNS if column not in plays]
    if missing:
        raise DataProblem(
            f"{some([path.name])} must have the columns {', '.join(PLAY_COLUMNS)}; it lacks {some(missing)}."
        )
    twice = plays.loc[plays["segment"].duplicated(), "segment"]
    if len(twice):
        raise DataProblem(f"{some([path.name])} must hold one action a segment; {some(twice)} stands there twice.")
    costs = pd.to_numeric(plays["cost_per_contact"], errors="coerce")
    wrong = plays.loc[~costs.between(0, np.inf, inclusive="left"), "cost_per_contact"]
    if len(wrong):
        raise DataProblem(f"cost_per_contact in {some([path.name])} must be a number from 0; got {some(wrong)}.")
    return plays.assign(cost_per_contact=costs).set_index("segment")


def contactable(customers: pd.DataFrame | None, index: pd.Index) -> pd.DataFrame:
    """Tell who may be contacted and where.

    Where the shop records consent, only who gave it may be; who never answered may not. Where it records none, everyone
    counts as contactable, and the page says so.

    Parameters
    ----------
    customers : the customers table, none when there is no such table
    index : customer_id of everyone in a segment

    Returns
    -------
    DataFrame indexed as `index`: email (str or missing), may_contact (bool)
    """
    email = pd.Series(index.where(index.str.contains("@")), index=index, name="email")
    if customers is None:
        return pd.DataFrame({"email": email, "may_contact": True})
    known = customers.drop_duplicates("customer_id").set_index("customer_id").reindex(index)
    if customers["marketing_consent"].isna().all():
        may = pd.Series(True, index=index)
    else:
        refused = customers.loc[customers["marketing_consent"].ne(True).fillna(True), "customer_id"]
        may = known["marketing_consent"].eq(True).fillna(False).astype(bool) & ~index.isin(refused)
    return pd.DataFrame({"email": known["email"].fillna(email), "may_contact": may})


def plan_campaign(
    segments: pd.DataFrame, contacts: pd.DataFrame, plays: pd.DataFrame, *, control_share: float, seed: int
) -> Campaign:
    """Give each segment its action, and each contactable customer an arm by chance.

    Parameters
    ----------
    segments : one row a customer, indexed by customer_id: segment, name
    contacts : the same index; see `contactable`
    plays : see `read_plays`
    control_share : of the contactable customers of each segment who are left alone, 0 to 0.5
    seed : of the draw; the same seed and customers give the same arms

    Returns
    -------
    Campaign
        plan : one row a segment: name, customers, contactable, treated, control, the play, budget (shop currency)
        customers : indexed by customer_id: name, email, arm ("treated", "control", "no contact")

    Raises
    ------
    DataProblem
        A segment has no action, or the share is out of range.
    """
    if not 0 <= control_share <= 0.5:
        raise DataProblem(f"`control_share` must be between 0 and 0.5; got {control_share}.")
    if ALL_BUYERS not in plays.index:
        plays = pd.concat([plays, pd.DataFrame(FOR_ALL, index=[ALL_BUYERS])])
    plays = plays_by_name(plays, sorted(set(segments["name"])))
    customers = segments[["segment", "name"]].join(contacts).sort_index()
    customers["arm"] = draw_arms(customers, control_share=control_share, seed=seed)
    counts = pd.crosstab(customers["name"], customers["arm"])
    counts = counts.reindex(columns=["treated", "control", "no contact"], fill_value=0)
    plan = customers.groupby("name")["segment"].first().to_frame()
    plan["customers"] = counts.sum(axis=1)
    plan["contactable"] = counts["treated"] + counts["control"]
    plan = plan.join(counts[["treated", "control"]]).join(plays)
    plan["budget"] = (plan["treated"] * plan["cost_per_contact"]).round(2)
    return Campaign(plan.sort_values("segment").reset_index(), customers[["name", "email", "arm"]])


def plays_by_name(plays: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Look up each segment's action: its own, or that of its kind when the name says more than the kind.

    Raises
    ------
    DataProblem
        A segment has neither.

    Examples
    --------
    >>> plays = pd.DataFrame({"action": ["Remind them"]}, index=["regulars"])
    >>> plays_by_name(plays, ["regulars, small baskets"])["action"].to_dict()
    {'regulars, small baskets': 'Remind them'}
    """
    found = {name: name if name in plays.index else base_name(name) for name in names}
    without = [name for name, play in found.items() if play not in plays.index]
    if without:
        raise DataProblem(f"Each segment needs an action; {some(without)} has none. Add a row to the table of `plays`?")
    return plays.loc[list(found.values())].set_axis(list(found), axis=0)


def draw_arms(customers: pd.DataFrame, *, control_share: float, seed: int) -> pd.Series:
    """Draw a control group within each segment; at least one customer when the share asks for any.

    Parameters
    ----------
    customers : indexed by customer_id in sorted order: segment, may_contact
    """
    arms = pd.Series("no contact", index=customers.index, name="arm")
    generator = np.random.default_rng(seed)
    for _, members in customers[customers["may_contact"]].groupby("segment"):
        drawn = generator.permutation(members.index)
        control = int(np.ceil(len(drawn) * control_share))
        arms[drawn[:control]] = "control"
        arms[drawn[control:]] = "treated"
    return arms


def detectable_lift(treated: int, control: int, rate: float) -> float:
    """Tell the smallest rise of a rate that these two groups would show, 80 % power at two-sided 5 %.

    The rise is as large as its own standard error times the normal quantiles of power and error; each arm's variance is
    taken at that arm's rate, which makes it the positive root of a quadratic equation.

    Parameters
    ----------
    treated, control : customers in each arm
    rate : share that orders without a campaign, 0 to 1

    Returns
    -------
    float, in shares of 1; infinite when an arm is empty, or so small that even a rise to 1 would not show

    Source
    ------
    Normal approximation for two proportions, variances not pooled

    Examples
    --------
    >>> round(detectable_lift(3826, 3826, 0.02), 4)
    0.01
    """
    if not treated or not control:
        return float("inf")
    quantiles = (NormalDist().inv_cdf(1 - ERROR / 2) + NormalDist().inv_cdf(POWER)) ** 2
    linear = quantiles * (1 - 2 * rate) / treated
    constant = quantiles * rate * (1 - rate) * (1 / treated + 1 / control)
    square = 1 + quantiles / treated
    lift = float((linear + np.sqrt(linear**2 + 4 * square * constant)) / (2 * square))
    return lift if rate + lift < 1 else float("inf")


POWER_FORMATS = {"came back": "{:.0%}", "smallest lift, points": "{:.1f}"}


def power_table(plan: pd.DataFrame, evaluation: dict) -> pd.DataFrame:
    """Tell for each segment what its groups cost and how small a lift they would show.

    Parameters
    ----------
    plan : see `plan_campaign`
    evaluation : step 05's record; `came_back` has the share of each segment that ordered without a campaign

    Returns
    -------
    DataFrame, one row a segment: segment, customers, treated, control, budget, came back, smallest lift in points
    """
    rates = [evaluation["came_back"].get(name, np.nan) for name in plan["name"]]
    lifts = [
        100 * detectable_lift(row.treated, row.control, rate)
        for row, rate in zip(plan.itertuples(), rates, strict=True)
    ]
    table = plan[["name", "customers", "treated", "control", "budget"]].rename(columns={"name": "segment"})
    return table.assign(**{"came back": rates, "smallest lift, points": lifts}).replace(np.inf, np.nan)


def actions_told(plan: pd.DataFrame, evaluation: dict) -> pd.DataFrame:
    """Set each segment's action beside step 5's verdict on the segment; see `plan_campaign` and `proving.Card`."""
    table = plan[["name", "action", "channel", "offer"]].rename(columns={"name": "segment"})
    return table.assign(verdict=[evaluation["verdicts"].get(name) for name in plan["name"]])


# --- the watch list


def watch_table(watched: pd.DataFrame, customers: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Count the customers of the watch list by segment, and how many of them are written to.

    Parameters
    ----------
    watched : see `forecasting.watch_list`
    customers : see `Campaign`
    min_group : counts below it are left open, and those that would leave so few

    Returns
    -------
    DataFrame, one row a segment, most value at risk first: segment, customers, treated, value at risk (of all, shop
    currency)
    """
    listed = customers.loc[watched.index, ["name", "arm"]].assign(value=watched["value_at_risk"])
    by_name = listed.groupby("name")
    table = pd.DataFrame(
        {
            "customers": by_name.size().astype("Int64"),
            "treated": by_name["arm"].agg(lambda arms: arms.eq("treated").sum()).astype("Int64"),
            "value at risk": by_name["value"].sum().astype("float64"),
        }
    )
    table = table.sort_values("value at risk", ascending=False).rename_axis("segment").reset_index()
    others = table["customers"] - table["treated"]
    told = (table["treated"].ge(min_group) | table["treated"].eq(0)) & (others.ge(min_group) | others.eq(0))
    table["treated"] = table["treated"].where(told)
    return suppress_small_groups(table, count="customers", min_group=min_group, keep=["segment"])


def watch_audience(watched: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """List whom to win back, ready to upload: the treated customers of the watch list, the most value at risk first.

    Returns
    -------
    DataFrame, one row a customer: Email, Customer ID, Segment, Value at risk
    """
    listed = watched[["value_at_risk"]].join(customers)
    treated = listed[listed["arm"] == "treated"].reset_index(names="customer_id")
    table = treated[["email", "customer_id", "name", "value_at_risk"]].round({"value_at_risk": 2})
    return table.set_axis(["Email", "Customer ID", "Segment", "Value at risk"], axis=1)


def watch_in_words(watched: pd.DataFrame, customers: pd.DataFrame, *, money: str, min_group: int) -> str:
    """Say how many of the watch list are written to, and what is at risk with them; few are not counted."""
    treated = watch_audience(watched, customers)
    if min(len(treated), len(watched)) < min_group:
        return (
            "Too few customers of value are at risk and may be written to for a list of their own to be told of here."
        )
    return (
        f"{len(treated):,} of the {len(watched):,} customers on the watch list are written to; "
        f"{treated['Value at risk'].sum():,.0f} {money} are at risk with them."
    )


def control_in_use(control_share: float, *, allowed: Allowed) -> float:
    """Choose the share that is left alone: none where a campaign test could show nothing.

    Parameters
    ----------
    control_share : the user's, 0 to 0.5
    allowed : what the gate says of a campaign test
    """
    return control_share if allowed.mode == FULL else 0.0


def arms_caption(control_share: float, *, allowed: Allowed) -> str:
    """Word what the figure of the arms shows."""
    if allowed.mode != FULL:
        return f"Customers of each segment who are written to and who are not. Nobody is left alone: {allowed.why}"
    return (
        f"Treated, control and not contacted customers of each segment; {control_share:.0%} of the contactable are "
        "left alone."
    )


def power_caption(evaluation: dict, *, money: str) -> str:
    """Word what the table of costs and lifts shows; no period is named when none could be looked at."""
    if evaluation["holdout_days"] is None:
        return f"Sizes and cost in {money}. Who comes back without a campaign is not measured, so no lift is told."
    return f"Sizes, cost in {money}, and the smallest lift that would show over {evaluation['holdout_days']} days."


def lift_in_words(power: pd.DataFrame, *, allowed: Allowed) -> str:
    """Say what the plan could show, or why it can't show anything."""
    if allowed.mode != FULL:
        return f"The plan claims no effect and measures none. {allowed.why}"
    if power["came back"].isna().all():
        return "How small a lift would show is not known, because who comes back without a campaign is not measured."
    return f"{power_in_words(power)} {allowed.why}".strip()


def power_in_words(power: pd.DataFrame) -> str:
    """Say how small an effect the plan could show at best and at worst."""
    lifts = power.set_index("segment")["smallest lift, points"].dropna()
    if lifts.empty:
        return "No control group is large enough to measure an effect with."
    return (
        f"The smallest lift that would show is {lifts.min():.1f} points among the {lifts.idxmin()} and "
        f"{lifts.max():.1f} points among the {lifts.idxmax()}."
    )


def consent_in_words(customers: pd.DataFrame | None, contacts: pd.DataFrame) -> str:
    """Say how many may be contacted, and on what grounds."""
    if customers is None or customers["marketing_consent"].isna().all():
        return (
            f"No consent is recorded, so all {len(contacts):,} customers count as contactable; "
            "check that you may write to them before you upload."
        )
    may = int(contacts["may_contact"].sum())
    return f"{may:,} of {len(contacts):,} customers gave their consent; nobody else is in an audience."


def write_audiences(campaign: Campaign, folder: Path) -> None:
    """Write one CSV a segment with the treated customers, ready to upload, into a new folder."""
    folder.mkdir(mode=0o700)
    for name in campaign.plan["name"]:
        write_csv(audience(campaign, name), folder / file_name(name))


def audience(campaign: Campaign, name: str) -> pd.DataFrame:
    """List whom to contact in one segment, ready to upload.

    Returns
    -------
    DataFrame, one row a treated customer: Email, Customer ID, Segment
    """
    members = campaign.customers[(campaign.customers["name"] == name) & (campaign.customers["arm"] == "treated")]
    table = members.reset_index()[["email", "customer_id", "name"]]
    return table.set_axis(["Email", "Customer ID", "Segment"], axis=1)


def file_name(segment: str) -> str:
    """Make a file name of a segment's name, in any script.

    Examples
    --------
    >>> file_name("big-basket buyers"), file_name("../Käufer: neu")
    ('big-basket_buyers.csv', 'käufer_neu.csv')
    """
    return re.sub(r"[^\w-]+", "_", segment.lower()).strip("_") + ".csv"
