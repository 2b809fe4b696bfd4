"""Copies: exact ones, and orders that several files have."""

from datetime import datetime

import pytest
from ibis.backends.duckdb import Backend
from shops import Line, judged_orders, order_line, reasons_by_case
from strategies import FILES

from segmentation import clean

OLD, NEW = FILES


def line(file: str = NEW, *, day: int = 1, **told: object) -> Line:
    return order_line(source_file=file, ordered_at=datetime(2025, 3, day, 12), **told)


EXACT = {
    "the first of three stays": ([line(), line(), line()], [None, "duplicate", "duplicate"]),
    "without values": ([line(currency=None, product_name=None)] * 2, [None, "duplicate"]),
    "another piece": ([line(), line(quantity=2)], [None, None]),
    "another e-mail": ([line(), line(email="ann@example.org")], [None, None]),
    "unreadable": ([line(unreadable="x")] * 2, ["unreadable", "unreadable"]),
}


@pytest.mark.parametrize("duplicates", ["drop", "exact"])
def test_the_first_of_identical_lines_stays(connection: Backend, duplicates: str) -> None:
    found = reasons_by_case(connection, [lines for lines, _ in EXACT.values()], files=FILES, duplicates=duplicates)
    assert dict(zip(EXACT, found, strict=True)) == {name: expected for name, (_, expected) in EXACT.items()}


OTHER = {
    "order_id": "2",
    "customer_id": "ben",
    "ordered_at": datetime(2025, 3, 1, 12, 0, 1),
    "quantity": 2,
    "unit_price": 10.01,
    "discount": 0.01,
    "refunded": 0.02,
    "orders_in_row": 2,
    **dict.fromkeys(["product_id", "product_name", "category", "currency", "country", "channel", "coupon"], "another"),
    **dict.fromkeys(["email", "phone", "status", "line_kind"], "another"),
}


def test_lines_that_differ_in_one_column_are_no_duplicates(connection: Backend) -> None:
    cases = [[line(), line() | {column: value}] for column, value in OTHER.items()]
    found = reasons_by_case(connection, cases, duplicates="exact")
    assert [case for case in found if "duplicate" in case] == []


SEVERAL = {
    "the newer file counts": ([line(OLD), line(NEW)], ["older copy", None]),
    "whatever the order of rows": ([line(NEW), line(OLD)], [None, "older copy"]),
    "with its status": ([line(OLD), line(NEW, status="cancelled")], ["older copy", "cancelled"]),
    "with all its lines": ([line(OLD), line(OLD, product_id="TEA"), line(NEW)], ["older copy", "older copy", None]),
    "and its copies": ([line(OLD), line(NEW), line(NEW)], ["older copy", None, "duplicate"]),
    "an order of one file": ([line(OLD), line(NEW, order_id="1002")], [None, None]),
    "written in another zone": ([line(OLD, day=2), line(NEW, day=1)], ["older copy", None]),
    "a number that begins anew": ([line(OLD, day=1), line(NEW, day=20)], [None, None]),
    "a summary of later": (
        [line(OLD, day=1, orders_in_row=2), line(NEW, day=20, orders_in_row=3)],
        ["older copy", None],
    ),
    "no number": ([line(OLD, order_id=None), line(NEW, order_id=None, quantity=2)], ["missing value"] * 2),
}  # fmt: skip


def test_an_order_of_several_files_counts_once(connection: Backend) -> None:
    found = reasons_by_case(connection, [lines for lines, _ in SEVERAL.values()], files=FILES)
    assert dict(zip(SEVERAL, found, strict=True)) == {name: expected for name, (_, expected) in SEVERAL.items()}


def test_a_file_that_is_not_told_is_older_than_those_that_are(connection: Backend) -> None:
    assert reasons_by_case(connection, [[line("z.csv"), line(OLD)]], files=[OLD]) == [["older copy", None]]


@pytest.mark.parametrize(
    ("duplicates", "expected"), [("exact", [None, None]), ("keep", [None, None]), ("drop", ["older copy", None])]
)
def test_older_copies_count_unless_they_are_dropped(
    connection: Backend, duplicates: str, expected: list[str | None]
) -> None:
    lines = [line(OLD), line(NEW, refunded=5.0)]
    assert reasons_by_case(connection, [lines], files=FILES, duplicates=duplicates) == [expected]


def test_three_overlapping_months_count_each_order_once(connection: Backend) -> None:
    """Each file has 45 days; the later one knows of refunds that the earlier one does not."""
    files = ["june.csv", "may.csv", "april.csv"][::-1]
    lines = [
        line(file, order_id=str(1000 + day), refunded=float(number)) | {"ordered_at": datetime(2025, 4, 1 + day)}
        for number, file in enumerate(files)
        for day in range(number * 8, number * 8 + 12)
    ]
    judged = judged_orders(connection, lines, files=files)
    account = clean.account(judged).set_index("reason")
    assert account.loc["older copy", "lines"] == 8
    assert account.loc["clean", ["lines", "orders", "money"]].tolist() == [28, 28, 8 * 10.0 + 8 * 9.0 + 12 * 8.0]
