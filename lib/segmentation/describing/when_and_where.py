"""When and where: weekdays, evenings, seasons, channel and country of a customer's orders."""

import ibis
import ibis.expr.types as ir

# Months of each share; seasons are those of meteorologists on the northern half of the earth.
MONTHS = {
    "spring_share": (3, 4, 5),
    "summer_share": (6, 7, 8),
    "autumn_share": (9, 10, 11),
    "winter_share": (12, 1, 2),
    "gift_season_share": (11, 12),
}
SHARES = ("weekend_share", "evening_share", *MONTHS)
EVENING = 18  # hours
SATURDAY = 5  # Ibis counts days of the week from Monday, 0, on every engine
PLACES = ("channel", "country")


def orders_by_time(orders: ir.Table) -> dict[str, ir.NumericColumn]:
    """Express how many of a customer's orders fall on weekends, evenings and seasons.

    Parameters
    ----------
    orders : one row an order with its placed_at and day, both null for a credit note

    Returns
    -------
    Aggregates by the name of the share; evenings are null when no order has a time of day
    """
    placed, month = orders.placed_at, orders.day.month()
    evening = (placed.hour() >= EVENING).cast("int64")
    timed = (placed.hour() > 0) | (placed.minute() > 0) | (placed.second() > 0)
    weekend = orders.day.day_of_week.index() >= SATURDAY
    return {
        "weekend_share": weekend.cast("int64").sum(),
        "evening_share": ibis.ifelse(timed.cast("int64").max() > 0, evening.sum(), None),
        **{name: month.isin(months).cast("int64").sum() for name, months in MONTHS.items()},
    }


def favourite_places(orders: ir.Table) -> ir.Table:
    """Express the channel and the country of most of a customer's orders, equal numbers by the alphabet.

    Parameters
    ----------
    orders : one row an order, see `whole_orders`

    Returns
    -------
    Table, one row a customer: customer_id, channel, country; null when no order tells it
    """
    orders = orders.filter(orders.placed_at.notnull())
    counts = orders.group_by("customer_id", *PLACES).aggregate(orders=orders.count())
    found = [favourite(counts, name, by="orders") for name in PLACES]
    both = found[0].outer_join(found[1], "customer_id")
    return both.select(PLACES, customer_id=ibis.coalesce(both.customer_id, both.customer_id_right))


def favourite(counts: ir.Table, name: str, *, by: str) -> ir.Table:
    """Express each customer's most frequent word, equal ones by the alphabet.

    Parameters
    ----------
    counts : customer_id, the word, and what it counts; several rows for the same word add up
    name : column of the word; rows without it are left out
    by : column of what it counts, an integer

    Returns
    -------
    Table, one row a customer who has such a word: customer_id and the word
    """
    told = counts.filter(counts[name].notnull())
    sums = told.group_by("customer_id", name).aggregate(sum=told[by].sum())
    best = sums.group_by("customer_id").aggregate(best=ibis.struct({"less": -sums["sum"], "word": sums[name]}).min())
    return best.select("customer_id", best.best["word"].name(name))
