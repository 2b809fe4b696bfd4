"""Draw visits and opinions."""

import numpy as np
import pandas as pd

from segmentation.sample.calendar import DAY, DAYS
from segmentation.sample.customers import times_of_day
from segmentation.sample.people import POS

EVENTS = ("view", "cart", "checkout", "order")


def draw_events(
    rng: np.random.Generator, orders: pd.DataFrame, lines: pd.DataFrame, customers: pd.DataFrame
) -> pd.DataFrame:
    """Draw visits: those in which orders were placed, and earlier ones that ended without an order.

    Returns
    -------
    DataFrame, one row an action, sorted by time
        customer : int, -1 for an unknown visitor; second, event, session, product (-1 for none), duration : int
    """
    online = np.flatnonzero((orders["dirt"] == 0) & (orders["source"] != POS))
    buying = pd.DataFrame({"order": online[rng.random(len(online)) < 0.6], "ends": 3, "back": 0})
    often = customers["visits"].to_numpy()[orders["customer"].to_numpy()[online]]
    luck = rng.random(len(online))
    idle = pd.DataFrame({"order": np.repeat(online, often.astype(int) + (luck < often % 1))})
    idle["ends"] = rng.choice(3, len(idle), p=[0.7, 0.22, 0.08])
    idle["back"] = rng.integers(0, 15, len(idle)) * DAY + rng.integers(3600, 7200, len(idle))
    visits = pd.concat([buying, idle], ignore_index=True)
    visits["session"] = np.arange(len(visits))
    visits["customer"] = orders["customer"].to_numpy()[visits["order"]]
    visits.loc[(visits["back"] > 0) & (rng.random(len(visits)) < 0.06), "customer"] = -1
    visits["second"] = orders["second"].to_numpy()[visits["order"]] - visits["back"]
    visits = visits[visits["second"] >= 4 * 3600]
    events = pd.concat([visit_actions(rng, visits, lines, event) for event in range(len(EVENTS))], ignore_index=True)
    return events.sort_values(["second", "session", "event"], kind="stable", ignore_index=True)


def visit_actions(rng: np.random.Generator, visits: pd.DataFrame, lines: pd.DataFrame, event: int) -> pd.DataFrame:
    """Draw one action of all visits that get so far: a view of each product, one each of the others."""
    reached = visits[visits["ends"] >= event]
    seen = lines.loc[lines["dirt"] == 0, ["order", "product"]]
    if event > 0:
        seen = seen.drop_duplicates("order")
    actions = reached.merge(seen, on="order").assign(event=event)
    earliest, latest = ((1800, 400), (390, 150), (140, 30), (0, 0))[event]  # seconds before the visit's end
    actions["second"] -= rng.integers(latest, earliest + 1, len(actions))
    actions["duration"] = np.minimum(rng.lognormal(3.6, 0.8, len(actions)).astype(int) + 2, latest if latest else 15)
    if event > 1:
        actions["product"] = -1
    return actions


def draw_feedback(rng: np.random.Generator, orders: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Draw reviews, surveys and complaints some days after orders; refunds make complaints likely.

    Returns
    -------
    DataFrame, one row an opinion, sorted by time
        customer, second, kind (0 review, 1 survey, 2 complaint), rating (1 to 5, 0 for none), phrase, ending : int
    """
    orders = orders[orders["dirt"] == 0]
    luck = rng.random(len(orders))
    complains = luck < np.where(orders["refund"] > 0, 0.3, 0.008)
    speaks = complains | (luck > 1 - customers["speaks"].to_numpy()[orders["customer"]])
    own, complains = orders[speaks], complains[speaks]
    kind = np.where(complains, 2, (rng.random(len(own)) < 0.3).astype(int))
    happy = rng.choice([1, 2, 3, 4, 5], len(own), p=[0.03, 0.05, 0.12, 0.3, 0.5])
    cross = rng.choice([0, 1, 2, 3], len(own), p=[0.3, 0.4, 0.22, 0.08])
    opinions = pd.DataFrame({"customer": own["customer"].to_numpy(), "kind": kind})
    opinions["second"] = times_of_day(rng, own["second"].to_numpy() // DAY + rng.integers(3, 25, len(own)))
    pleased = customers["pleased"].to_numpy()[own["customer"]] - 2 * (own["refund"].to_numpy() > 0)
    opinions["rating"] = np.where(kind == 2, cross, np.clip(happy + pleased, 1, 5))
    opinions["phrase"] = rng.integers(4, size=len(own)) + (kind == 2) * rng.integers(2, size=len(own))
    opinions["ending"] = rng.integers(4, size=len(own))
    opinions["silent"] = (kind == 1) & (rng.random(len(own)) < 0.6)
    return opinions[opinions["second"] < DAYS * DAY].sort_values(["second", "customer"], ignore_index=True)
