"""Returns: how much a customer can send back, and which order it belongs to."""

import ibis
import ibis.expr.types as ir

from segmentation.cleaning.marks import PLACE, is_empty, mark, stored, with_values
from segmentation.cleaning.rules import CENT
from segmentation.tables import net_value

ROUNDS = 20  # each finds an order for at least one return of each purchase that is asked for

THING = ("customer_id", "thing")
PRICED_THING = (*THING, "price")


def treat_returns(line: ir.Table, treatment: str, *, any_came: bool) -> ir.Table:
    """Express which returns take back too much, and which order each other one belongs to.

    Only lines that passed every rule so far count as bought or returned.

    Parameters
    ----------
    line : one row an order line, with `reason` and the flags of `rules`
    treatment : "net" of what was bought; "keep" as they are; "drop", and none is left to look at
    any_came : whether any line takes goods back; see `has_returns`

    Returns
    -------
    The same rows and columns, `returns_too_much`, and unless dropped `return_of`: an order_id, null for a purchase and
    where no order is found

    Source
    ------
    docs/decisions/0004-money-and-returns.md
    """
    if treatment == "drop":
        return line
    if not any_came:
        return line.mutate(return_of=ibis.null("string"))
    moved = stored(returned_things(line))
    if treatment == "net":
        too_much = stored(takes_back_too_much(moved))
        line = mark(line, too_much, name="returns_too_much")
        moved = moved.anti_join(too_much, list(PLACE))
    return with_values(line, orders_of_returns(moved), "return_of")


def has_returns(line: ir.Table) -> bool:
    """Say whether any line takes goods back; without one, there is nothing to look at."""
    return bool((line.quantity < 0).any().execute())


def returned_things(line: ir.Table) -> ir.Table:
    """Express what each customer bought and sent back of the products of which they sent any back.

    Lines without a product are alike to each other.
    """
    passed = line.filter(line.reason.isnull())
    moved = passed.select(
        *PLACE,
        "customer_id",
        "order_id",
        "ordered_at",
        "quantity",
        thing=ibis.coalesce(passed.product_id, ""),
        price=passed.unit_price.round(2),
        worth=net_value(passed),
    )
    return moved.semi_join(moved.filter(moved.quantity < 0), list(THING))


def takes_back_too_much(moved: ir.Table) -> ir.Table:
    """Express the places of returns that take back more money than the customer had left in that product by then.

    Returns
    -------
    Table of places
    """
    order = [moved.ordered_at, moved.quantity < 0, moved.order_id, moved.worth, *(moved[name] for name in PLACE)]
    window = ibis.window(group_by=[moved[name] for name in THING], order_by=order, preceding=(None, 0))
    running = moved.mutate(running=moved.worth.sum().over(window))
    return running.filter((running.quantity < 0) & (running.running < -CENT)).select(*PLACE)


def orders_of_returns(moved: ir.Table) -> ir.Table:
    """Tell the order that each return belongs to, where one can be found.

    It is the latest one by then, by the same customer, of the same product at the same price, that has as many pieces
    left which no other return has claimed; the return's own order comes before any other.

    Returns
    -------
    Table of place and `return_of`
    """
    asking = stored(moved.filter(moved.quantity < 0).mutate(pieces=-moved.quantity).drop("quantity", "worth"))
    bought = moved.filter(moved.quantity > 0).semi_join(asking, list(PRICED_THING))
    bought = stored(bought.rename(left="quantity").drop("worth"))
    found = []
    for _ in range(ROUNDS):
        accepted = stored(accepted_returns(asking, bought))
        found.append(accepted.select(*PLACE, "return_of"))
        if is_empty(accepted):
            break
        asking = asking.anti_join(accepted, list(PLACE))
        bought = stored(without_returned(bought, accepted))
    return ibis.union(*found) if len(found) > 1 else found[0]


def accepted_returns(asking: ir.Table, bought: ir.Table) -> ir.Table:
    """Express one round: each return asks the latest purchase that could hold it, which accepts what it has left.

    Returns
    -------
    Table of a return's place and pieces, `return_of`, and the purchase's place, its columns beginning with bought_
    """
    places = {f"bought_{name}": name for name in PLACE}
    held = bought.rename(places | {"bought_at": "ordered_at", "return_of": "order_id"})
    pairs = asking.join(held, list(PRICED_THING))
    pairs = pairs.filter((pairs.bought_at <= pairs.ordered_at) & (pairs.left >= pairs.pieces))
    latest = [
        (pairs.return_of == pairs.order_id).desc(),
        pairs.bought_at.desc(),
        pairs.return_of.desc(),
        *(pairs[name].desc() for name in places),
    ]
    choice = ibis.row_number().over(group_by=[pairs[name] for name in PLACE], order_by=latest)
    asked = pairs.mutate(choice=choice).filter(lambda pair: pair.choice == 0)
    queue = ibis.window(
        group_by=[asked[name] for name in places],
        order_by=[asked.ordered_at, *(asked[name] for name in PLACE)],
        preceding=(None, 0),
    )
    asked = asked.mutate(claimed=asked.pieces.sum().over(queue))
    return asked.filter(asked.claimed <= asked.left).select(*PLACE, "pieces", "return_of", *places)


def without_returned(bought: ir.Table, accepted: ir.Table) -> ir.Table:
    """Express what each purchase has left after a round."""
    taken = accepted.group_by(**{name: accepted[f"bought_{name}"] for name in PLACE})
    taken = taken.aggregate(taken=lambda pair: pair.pieces.sum())
    joined = with_values(bought, taken, "taken")
    return joined.mutate(left=joined.left - ibis.coalesce(joined.taken, 0)).drop("taken")
