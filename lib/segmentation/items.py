"""From one row an order to one row an item, where a platform puts the items of an order side by side."""

import functools
import operator
import re
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from segmentation.formats import LINE_TOTAL, Item, ItemField
from segmentation.sources.parts import ROW
from segmentation.tables import ORDERS
from segmentation.values import typed

ITEM = "__item_"
ITEM_PLACE, AMOUNT, WEIGHT, SPENT = (f"{ITEM}{name}" for name in ("place", "amount", "weight", "spent"))


def unpack_items(lines: ir.Table, items: Sequence[Item], *, amount: ir.FloatingColumn) -> ir.Table:
    """Express every item of an order as a row of its own; an order that tells of none stays one row.

    Parameters
    ----------
    lines : one row an order, plain text, with `__row`
    items : where the facts of each item stand; see `formats.find_items`
    amount : what the goods of the order cost

    Returns
    -------
    Table with the same columns; for each fact of an item its text, such as `__item_quantity`, null where nothing
    stands; `__item_amount`, the item's share of the order's amount, see `share_amounts`; and `__item_place`, from 0
    """
    names = sorted({name for item in items for name in item})
    facts = {
        f"{ITEM}{place}_{name}": item_text(lines, item.get(name, ()))
        for place, item in enumerate(items)
        for name in names
    }
    told = lines.mutate(**facts, **{AMOUNT: amount})
    listed = item_list(told, names, count=len(items))
    unpacked = told.select(*lines.columns, AMOUNT, **{ITEM: listed.unnest()})
    unpacked = unpacked.mutate(**{ITEM + name: unpacked[ITEM][name] for name in [*names, "place"]}).drop(ITEM)
    return share_amounts(unpacked)


def item_text(lines: ir.Table, fields: Sequence[ItemField]) -> ir.StringColumn:
    """Express one fact of one item, from the first of its columns that tells it."""
    texts = [packed_text(lines[header], name) if name else lines[header] for header, name in fields]
    return ibis.coalesce(*texts) if texts else ibis.null("string")


def packed_text(packed: ir.StringColumn, name: str) -> ir.StringColumn:
    """Express one fact of an item that is packed as `name:Mug|quantity:2|total:20.00`, null when it is not there."""
    return packed.re_extract(rf"(?i)(?:^|\|)\s*{re.escape(name)}\s*:\s*([^|]*)", 1).strip().nullif("")


def item_list(told: ir.Table, names: Sequence[str], *, count: int) -> ir.ArrayColumn:
    """Express the items of each order that tell anything; the first, empty, where none does."""
    kind = f"struct<place: int64, {', '.join(f'{name}: string' for name in names)}>"
    is_told = [any_told([told[f"{ITEM}{place}_{name}"] for name in names]) for place in range(count)]
    is_told[0] = is_told[0] | ~functools.reduce(operator.or_, is_told)
    structs = [
        ibis.struct({"place": place, **{name: told[f"{ITEM}{place}_{name}"] for name in names}}).cast(kind)
        for place in range(count)
    ]
    kept = [ibis.ifelse(keep, struct, ibis.null(kind)) for keep, struct in zip(is_told, structs, strict=True)]
    return ibis.array(kept).filter(lambda item: item.notnull())


def any_told(texts: Sequence[ir.StringColumn]) -> ir.BooleanColumn:
    """Express whether one of several texts is there."""
    return ibis.coalesce(*texts).notnull()


def share_amounts(unpacked: ir.Table) -> ir.Table:
    """Express each item's share of its order's amount, in whole cents that add up to it.

    In proportion to what the items cost, where all tell it; else to their pieces; else in equal parts. Coupons on the
    order and fees in it therefore fall on all items alike.
    """
    order = ibis.window(group_by=ROW)
    in_turn = ibis.window(group_by=ROW, order_by=ITEM_PLACE)
    so_far = ibis.window(group_by=ROW, order_by=ITEM_PLACE, preceding=(None, 0))
    lines = unpacked.mutate(**{WEIGHT: item_weight(unpacked)})
    share = lines[AMOUNT] * lines[WEIGHT].sum().over(so_far) / lines[WEIGHT].sum().over(order)
    is_last = lines[ITEM_PLACE] == lines[ITEM_PLACE].max().over(order)
    lines = lines.mutate(**{SPENT: ibis.ifelse(is_last, lines[AMOUNT], share.round(2))})
    before = ibis.coalesce(lines[SPENT].lag().over(in_turn), ibis.literal("0", type="string").cast("float64"))
    return lines.mutate(**{AMOUNT: lines[SPENT] - before}).drop(WEIGHT, SPENT)


def item_weight(unpacked: ir.Table) -> ir.FloatingColumn:
    """Express what each item weighs in its order: its cost, its pieces, or 1; see `share_amounts`."""
    order = ibis.window(group_by=ROW)
    weight = ibis.literal("1", type="string").cast("float64")
    for name, column in (("quantity", "quantity"), (LINE_TOTAL, "unit_price")):
        if ITEM + name in unpacked.columns:
            told = typed(unpacked[ITEM + name], ORDERS[column]).cast("float64")
            is_usable = ibis.coalesce(told >= 0, False).all().over(order) & (told.sum().over(order) > 0)
            weight = ibis.ifelse(is_usable, told, weight)
    return weight
