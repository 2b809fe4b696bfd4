"""Small order tables that a test writes out line by line."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from segmentation.clean import Policy, judge_orders, kept
from segmentation.tables import IBIS_TYPES, ORDERS, Table

Line = dict[str, Any]

SHOP_CURRENCY = "EUR"

PLAIN_LINE: Line = {
    "order_id": "1001",
    "customer_id": "ann@example.com",
    "ordered_at": datetime(2025, 3, 1, 12),
    "product_id": "MUG",
    "product_name": "Mug",
    "quantity": 1,
    "unit_price": 10.0,
    "discount": 0.0,
    "refunded": 0.0,
    "currency": SHOP_CURRENCY,
    "status": "placed",
    "line_kind": "product",
    "source_file": "orders.csv",
    "source_item": 1,
}


def order_line(**told: Any) -> Line:
    """Write an order line of which only what is told differs from one clean mug for 10.00.

    Examples
    --------
    >>> order_line(quantity=3)["quantity"], order_line()["quantity"]
    (3, 1)
    """
    unknown = set(told) - set(ORDERS.names)
    assert not unknown, f"no canonical columns: {unknown}"
    return PLAIN_LINE | told


def numbered(lines: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Give each line its row in the file, counted from 1, unless it tells one.

    Examples
    --------
    >>> [line["source_row"] for line in numbered([order_line(), order_line()])]
    [1, 2]
    """
    return [{"source_row": row, **line} for row, line in enumerate(lines, start=1)]


def canonical_schema(table: Table) -> pa.Schema:
    """Give the canonical table's columns and types."""
    return ibis.schema({column.name: IBIS_TYPES[column.kind] for column in table.columns}).to_pyarrow()


def store_orders(connection: Backend, lines: Iterable[Mapping[str, Any]]) -> ir.Table:
    """Store order lines in the engine with every canonical column; what a line does not tell is null."""
    return store(connection, pa.Table.from_pylist(numbered(lines), schema=canonical_schema(ORDERS)))


def judged_orders(
    connection: Backend, lines: Iterable[Mapping[str, Any]], *, files: Sequence[str] = (), **told: Any
) -> ir.Table:
    """Store order lines, judge them by the policy that parameters tell, and store what comes out; see `Policy`."""
    orders, policy = store_orders(connection, lines), Policy(**told)
    currency = policy.currency or SHOP_CURRENCY
    return store(connection, judge_orders(orders, policy, currency=currency, files=files).to_pyarrow())


def reasons_by_case(
    connection: Backend, cases: Sequence[Sequence[Line]], *, files: Sequence[str] = (), **told: Any
) -> list[list[str | None]]:
    """Judge cases that have nothing to do with each other in one go, since each judging costs time.

    Returns
    -------
    For each case its lines' reasons, in the order of the lines
    """
    lines = [apart(line, number) for number, case in enumerate(cases) for line in case]
    lines = [line | {"source_row": row} for row, line in enumerate(lines, start=1)]
    judged = judged_orders(connection, lines, files=files, **told).order_by("source_row")
    reasons = iter(judged.select("reason").to_pyarrow()["reason"].to_pylist())
    return [[next(reasons) for _ in case] for case in cases]


def apart(line: Line, number: int) -> Line:
    """Give a line a customer, an order and a product of its case's own.

    Examples
    --------
    >>> apart(order_line(), 2)["order_id"]
    '1001 of case 2'
    """
    ids = ("order_id", "customer_id", "product_id")
    return line | {name: f"{line[name]} of case {number}" for name in ids if line[name] is not None}


def clean_orders(connection: Backend, lines: Iterable[Mapping[str, Any]], *, cleaning: str = "net") -> ir.Table:
    """Store order lines and clean them as step 02 does; see `store_orders`."""
    return kept(judged_orders(connection, lines, cleaning=cleaning)).select(*ORDERS.names)


def store(connection: Backend, arrow: pa.Table) -> ir.Table:
    """Store a table under a name of its own."""
    name = ibis.util.gen_name("test")
    connection.con.from_arrow(arrow).create(name)
    return connection.table(name)
