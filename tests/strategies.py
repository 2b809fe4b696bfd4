"""The one Hypothesis strategy for dirty order tables, with a knob per kind of dirt."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from shops import Line, numbered, order_line

CUSTOMERS = ("ann@example.com", "ben@example.com", "007", "13085", "cai@example.com")
PRODUCTS = {
    "MUG": "Mug",
    "TEA-01": "Tea towel",
    "00042": "<script>alert(1)</script>",
    "LAMP": "=1+1",
}

# Dirt of a whole order: what it changes in each of its lines.
ORDER_DIRT: dict[str, Line] = {
    "guests": {"customer_id": None},
    "tests": {"status": "test"},
    "cancelled": {"status": "cancelled"},
    "unpaid": {"status": "unpaid"},
    "currencies": {"currency": "SEK"},
    "guests_with_email": {"customer_id": None, "email": "dora@example.com"},
    "wholesalers": {"customer_id": "trader@example.com", "quantity": 2_000, "discount": 0.0},
}

# Dirt of one line: the clean line becomes the dirty one.
LINE_DIRT: dict[str, Callable[[Line], Line]] = {
    "fees": lambda line: line | {"product_id": "POSTAGE", "product_name": "Postage", "line_kind": "fee"},
    "gifts": lambda line: line | {"discount": round(line["quantity"] * line["unit_price"], 2)},
    "zero_prices": lambda line: line | {"unit_price": 0.0, "discount": 0.0},
    "negative_prices": lambda line: line | {"unit_price": -line["unit_price"], "discount": 0.0},
    "absurd_quantities": lambda line: line | {"quantity": 80_000},
    "nothing_sold": lambda line: line | {"quantity": 0, "discount": 0.0},
    "returns": lambda line: line | {"quantity": -line["quantity"], "discount": 0.0},
    "credit_notes": lambda line: line | {"quantity": -line["quantity"], "discount": 0.0, "status": "credit"},
    "refunds": lambda line: line | {"refunded": round(line["quantity"] * line["unit_price"] - line["discount"], 2)},
    "no_names": lambda line: line | {"product_name": None},
    "unreadable": lambda line: line | {"quantity": None, "unreadable": "'two' of column quantity is no whole number"},
    "missing_prices": lambda line: line | {"unit_price": None, "discount": 0.0},
    "outliers": lambda line: line | {"unit_price": line["unit_price"] * 1_000},
}

DIRT = ("duplicates", "older_copies", *ORDER_DIRT, *LINE_DIRT)

# Names of files, the oldest first; by their letters the older would be the newer.
FILES = ("zero.csv", "orders.csv")

money = st.integers(1, 9_999).map(lambda cents: cents / 100)
days = st.datetimes(datetime(2024, 1, 1), datetime(2025, 12, 31)).map(lambda time: time.replace(microsecond=0))


@st.composite
def order_lines(draw: st.DrawFn, *, dirt: Collection[str]) -> Line:
    """Draw one line of an order, clean or with one kind of dirt; order and customer are still to be told."""
    product = draw(st.sampled_from(sorted(PRODUCTS)))
    quantity, unit_price = draw(st.integers(1, 20)), draw(money)
    half = round(quantity * unit_price * 100) // 2 / 100
    line = {
        "product_id": product,
        "product_name": PRODUCTS[product],
        "quantity": quantity,
        "unit_price": unit_price,
        "discount": draw(st.sampled_from([0.0, half])),
    }
    kind = draw(st.sampled_from([None, *(kind for kind in LINE_DIRT if kind in dirt)]))
    return LINE_DIRT[kind](line) if kind else line


@st.composite
def whole_orders(draw: st.DrawFn, *, dirt: Collection[str]) -> list[Line]:
    """Draw the lines of one order, which share customer, time and the order's own dirt."""
    shared: dict[str, Any] = {"customer_id": draw(st.sampled_from(CUSTOMERS)), "ordered_at": draw(days)}
    kind = draw(st.sampled_from([None, None, *(kind for kind in ORDER_DIRT if kind in dirt)]))
    lines = draw(st.lists(order_lines(dirt=dirt), min_size=1, max_size=4))
    return [line | shared | ORDER_DIRT.get(kind, {}) for line in lines]


@st.composite
def dirty_orders(draw: st.DrawFn, *, dirt: Collection[str] = DIRT, min_orders: int = 1) -> list[Line]:
    """Draw the order lines of a small shop with the kinds of dirt that are asked for.

    Parameters
    ----------
    dirt : any of `DIRT`, none for a clean shop; one kind each is a knob
    min_orders : orders at least; at most 8 more

    Returns
    -------
    Canonical order lines for `shops.store_orders`, rows counted from 1
    """
    unknown = set(dirt) - set(DIRT)
    assert not unknown, f"no kinds of dirt: {unknown}"
    orders = draw(st.lists(whole_orders(dirt=dirt), min_size=min_orders, max_size=min_orders + 8))
    lines = [order_line(order_id=f"{1001 + number}", **line) for number, order in enumerate(orders) for line in order]
    if "duplicates" in dirt:
        lines += draw(st.lists(st.sampled_from(lines), max_size=4))
    if "older_copies" in dirt:
        lines += older_copies(draw(st.lists(st.sampled_from(lines), max_size=4)))
    return numbered(lines)


def older_copies(lines: list[Line]) -> list[Line]:
    """Write lines as an older export had them, when nobody had paid yet."""
    return [line | {"source_file": FILES[0], "status": "unpaid"} for line in lines]


PLANTS: dict[str, Callable[[Line], Line]] = {
    **{kind: (lambda line, told=told: line | told) for kind, told in ORDER_DIRT.items()},
    **LINE_DIRT,
}


@st.composite
def planted_orders(draw: st.DrawFn, *, kind: str) -> tuple[list[Line], set[int]]:
    """Draw a clean shop with one kind of dirt planted in some lines.

    Parameters
    ----------
    kind : one of `PLANTS`, "duplicates" or "older_copies"

    Returns
    -------
    Order lines, no two of them of one order and one product, and the rows that were soiled or, for copies, added
    """
    lines = draw(dirty_orders(dirt=(), min_orders=3))
    lines = [line | {"product_id": f"P{row}"} for row, line in enumerate(lines)]
    rows = sorted(draw(st.sets(st.integers(1, len(lines)), min_size=1, max_size=5)))
    chosen = [lines[row - 1] for row in rows]
    if kind in PLANTS:
        soiled = {line["source_row"]: PLANTS[kind](line) for line in chosen}
        return [soiled.get(line["source_row"], line) for line in lines], set(rows)
    copies = older_copies(chosen) if kind == "older_copies" else chosen
    added = [line | {"source_row": row} for row, line in enumerate(copies, start=len(lines) + 1)]
    return lines + added, {line["source_row"] for line in added}
