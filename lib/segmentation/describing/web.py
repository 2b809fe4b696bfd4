"""Web behaviour: visits, views, carts that became orders, and messages opened and clicked."""

import datetime
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

TREATED = "treated"


def visits(known: ir.Table) -> ir.Table:
    """Express each visit in one row; actions without a session are one visit a day.

    Parameters
    ----------
    known : events of known customers, before the day

    Returns
    -------
    Table, one row a customer and visit
        day : of its first action; views : int; carted, ordered : 0 or 1
        seconds : from first to last action, or the summed duration when that is longer; null when neither tells
    """
    told = known.mutate(day=known.occurred_at.date())
    told = told.mutate(visit=ibis.coalesce(told.session_id, told.day.cast("string")))
    seconds = told.occurred_at.max().epoch_seconds() - told.occurred_at.min().epoch_seconds()
    length = ibis.greatest(seconds, ibis.coalesce(told.duration_s.sum(), 0.0))
    return told.group_by("customer_id", "visit", has_session=told.session_id.notnull()).aggregate(
        day=told.day.min(),
        views=(told.event == "view").cast("int64").sum(),
        carted=(told.event == "cart").cast("int64").max(),
        ordered=(told.event == "order").cast("int64").max(),
        seconds=length.nullif(0.0),
    )


def web_behaviour(events: ir.Table, days: Sequence[ir.Table]) -> ir.Table:
    """Express what customers did in the web shop, one row a customer who was seen there.

    Parameters
    ----------
    events : canonical, from before the day; of unknown visitors too, who are left out
    days : days with orders, in parts, see `bought_days`: a cart that became an order which no event tells
    """
    seen = visits(events.filter(events.customer_id.notnull()))
    bought = ibis.union(*days) if len(days) > 1 else days[0]
    seen = seen.left_join(bought.mutate(bought=True), ["customer_id", "day"])
    carts = seen.carted.sum()
    became = ((seen.carted > 0) & ((seen.ordered > 0) | seen.bought.notnull())).cast("int64").sum()
    return seen.group_by("customer_id").aggregate(
        visit_count=seen.count(),
        view_count=seen.views.sum(),
        cart_to_order_rate=became / carts.nullif(0),
        session_minutes=seen.seconds.median() / 60,
    )


def messages(contacts: ir.Table, as_of: datetime.date) -> ir.Table:
    """Express how often customers opened and clicked what was sent to them, one row a customer who was sent any.

    Only channels count of which the shop had learnt of an opening by then: a letter can't tell.

    Parameters
    ----------
    contacts : canonical, sent before the day; what was opened on the day or later was not yet
    """
    start = ibis.timestamp(as_of.isoformat())
    sent = contacts.filter(contacts.customer_id.notnull(), contacts.arm == TREATED).select(
        "customer_id",
        channel=ibis.coalesce(contacts.channel, ""),
        clicked=ibis.coalesce(contacts.clicked_at < start, False),
        opened=ibis.coalesce(contacts.opened_at < start, False) | ibis.coalesce(contacts.clicked_at < start, False),
    )
    telling = sent.filter(sent.opened).select("channel").distinct()
    sent = sent.semi_join(telling, "channel")
    return sent.group_by("customer_id").aggregate(
        open_rate=sent.opened.cast("int64").sum() / sent.count(),
        click_rate=sent.clicked.cast("int64").sum() / sent.count(),
    )
