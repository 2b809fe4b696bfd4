"""Returns: what they count against, and which order they belong to."""

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from ibis.backends.duckdb import Backend
from shops import Line, judged_orders, order_line, reasons_by_case
from strategies import dirty_orders

from segmentation import clean


def bought(pieces: int, *, day: int, **told: object) -> Line:
    """Write a line of mugs at 10.00 on a day of March; negative pieces come back."""
    return order_line(**{"quantity": pieces, "ordered_at": datetime(2025, 3, day), "order_id": f"{day}"} | told)


TOO_MUCH = "return without purchase"
CASES = {
    "part": ([bought(2, day=1), bought(-1, day=2)], [None, None]),
    "all": ([bought(2, day=1), bought(-2, day=2)], [None, None]),
    "more than bought": ([bought(2, day=1), bought(-3, day=2)], [None, TOO_MUCH]),
    "before the purchase": ([bought(2, day=2), bought(-1, day=1)], [None, TOO_MUCH]),
    "at the same moment": ([bought(-1, day=1), bought(1, day=1)], [None, None]),
    "twice": ([bought(1, day=1), bought(-1, day=2), bought(-1, day=3)], [None, None, TOO_MUCH]),
    "of two purchases": ([bought(1, day=1), bought(1, day=2), bought(-2, day=3)], [None, None, None]),
    "another product": ([bought(1, day=1), bought(-1, day=2, product_id="TEA")], [None, TOO_MUCH]),
    "another customer": ([bought(1, day=1), bought(-1, day=2, customer_id="ben")], [None, TOO_MUCH]),
    "refunded already": ([bought(1, day=1, refunded=10.0), bought(-1, day=2)], [None, TOO_MUCH]),
    "of a cancelled order": ([bought(1, day=1, status="cancelled"), bought(-1, day=2)], ["cancelled", TOO_MUCH]),
    "on a credit note": ([bought(1, day=1), bought(-1, day=2, status="credit")], [None, None]),
    "without a product": ([bought(1, day=1, product_id=None), bought(-1, day=2, product_id=None)], [None, None]),
}


def test_a_return_counts_against_what_was_bought_by_then(connection: Backend) -> None:
    found = reasons_by_case(connection, [lines for lines, _ in CASES.values()])
    assert dict(zip(CASES, found, strict=True)) == {name: expected for name, (_, expected) in CASES.items()}


def test_which_of_two_returns_at_one_moment_counts_does_not_depend_on_rows(connection: Backend) -> None:
    lines = [bought(10, day=1), bought(-6, day=2), bought(-8, day=2)]
    turned = [lines[0], lines[2], lines[1]]
    assert reasons_by_case(connection, [lines, turned]) == [[None, TOO_MUCH, None], [None, None, TOO_MUCH]]


@pytest.mark.parametrize(("returns", "reason"), [("net", TOO_MUCH), ("keep", None), ("drop", "return")])
def test_a_return_without_a_purchase_is_treated_as_told(connection: Backend, returns: str, reason: str | None) -> None:
    assert reasons_by_case(connection, [[bought(-1, day=1)]], returns=returns) == [[reason]]


BELONGS = {
    "to the only one": ([bought(2, day=1), bought(-1, day=2)], [None, "1"]),
    "to the latest": ([bought(2, day=1), bought(2, day=2), bought(-1, day=3)], [None, None, "2"]),
    "to one by then": ([bought(2, day=1), bought(-1, day=3), bought(2, day=4)], [None, "1", None]),
    "to one with enough": ([bought(5, day=1), bought(2, day=2), bought(-3, day=3)], [None, None, "1"]),
    "to one at its price": ([bought(1, day=1), bought(1, day=2, unit_price=9.0), bought(-1, day=3)], [None, None, "1"]),
    "to its own order": (
        [bought(2, day=1), bought(2, day=2), bought(-1, day=3, order_id="1")],
        [None, None, "1"],
    ),
    "to what others left": ([bought(1, day=1), bought(1, day=2), bought(-1, day=3), bought(-1, day=4)],
                            [None, None, "2", "1"]),
    "to none alone": ([bought(1, day=1), bought(1, day=2), bought(-2, day=3)], [None, None, None]),
    "to none of a stranger": ([bought(1, day=1, customer_id="ben"), bought(-1, day=2)], [None, None]),
    "to one without a product": (
        [bought(1, day=1, product_id=None), bought(-1, day=2, product_id=None)],
        [None, "1"],
    ),
}  # fmt: skip


def test_a_return_belongs_to_the_order_that_can_hold_it(connection: Backend) -> None:
    found = {}
    for name, (lines, _) in BELONGS.items():
        cases = [line | {"customer_id": f"{name} {line['customer_id']}"} for line in lines]
        found[name] = cases
    judged = judged_orders(connection, [line for lines in found.values() for line in lines]).order_by("source_row")
    told = iter(judged.select("return_of").to_pyarrow()["return_of"].to_pylist())
    assert {name: [next(told) for _ in lines] for name, lines in found.items()} == {
        name: expected for name, (_, expected) in BELONGS.items()
    }


def test_a_return_keeps_its_own_order_and_day(connection: Backend) -> None:
    judged = judged_orders(connection, [bought(1, day=1), bought(-1, day=9)])
    told = clean.kept(judged).filter(judged.quantity < 0).select("order_id", "ordered_at", "return_of")
    assert told.to_pyarrow().to_pylist() == [
        {"order_id": "9", "ordered_at": datetime(2025, 3, 9), "return_of": "1"}
    ]  # fmt: skip


def test_what_became_of_returns_is_told(connection: Backend) -> None:
    lines = [
        *(bought(2, day=1), bought(1, day=2), bought(-2, day=3)),
        *(bought(-1, day=4, product_id="TEA"), bought(1, day=5, unit_price=20.0), bought(-1, day=6, unit_price=15.0)),
        bought(-1, day=7, customer_id=None),
    ]
    told = clean.returns_table(judged_orders(connection, lines))
    assert told.to_dict("records") == [
        {"returns": "counted, belongs to no single order", "lines": 1, "money": -15.0},
        {"returns": "counted, belongs to one order", "lines": 1, "money": -20.0},
        {"returns": "set aside, more than was bought by then", "lines": 1, "money": -10.0},
    ]


@given(lines=dirty_orders(dirt={"returns", "credit_notes"}))
@settings(max_examples=8)
def test_no_order_takes_back_more_pieces_than_it_sold(connection: Backend, lines: list[Line]) -> None:
    clean_lines = clean.kept(judged_orders(connection, lines))
    kept = pd.DataFrame(clean_lines.to_pyarrow().to_pylist(), columns=clean_lines.columns)
    kept["order"] = kept["return_of"].fillna(kept["order_id"])
    told = kept[(kept["quantity"] > 0) | kept["return_of"].notna()]
    assert (told.groupby(["order", "customer_id", "product_id", "unit_price"])["quantity"].sum() >= 0).all()
