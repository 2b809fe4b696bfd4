"""Measure reading a workbook against its library's own reading, each in turn: seconds and memory; at most 20 % more.

Online Retail II as two sheets, where it stands beside the project, else a million made up lines; written first, which
takes a minute or two.
"""

import argparse
import csv
import itertools
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import openpyxl

from segmentation.runs import PROJECT

ORDERS = PROJECT.parent / "shared" / "data" / "online_retail_II.csv"
LINES = 1_000_000
TARGET = 1.2

LIBRARY = """
import sys, time, fastexcel, pyarrow
began = time.perf_counter()
workbook = fastexcel.read_excel(sys.argv[1])
sheets = [workbook.load_sheet(name, dtypes="string").to_arrow() for name in workbook.sheet_names]
"""
WORKBOOK = """
import sys, time
from pathlib import Path
from segmentation.engine import engine
from segmentation.sources.parts import open_parts, store_text
with engine(Path(sys.argv[2])) as connection:
    began = time.perf_counter()
    (part,) = open_parts(connection, [sys.argv[1]], scratch=Path(sys.argv[2]) / "scratch")
    store_text(connection, part, columns=part.headers)
"""
# The seconds of the reading, and the most memory of the process or of one that it started, MB.
TOLD = """
import resource
print(time.perf_counter() - began)
print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024)
"""


def order_rows() -> Iterator[list[object]]:
    """Give a header and a million order lines, as Excel would hold them."""
    if not ORDERS.is_file():
        yield ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
        for line in range(LINES):
            day = datetime(2024, 1 + line % 12, 1 + line % 28, line % 24)
            product = line % 4_000
            yield [f"{line // 20}", f"P{product}", f"Product {product}", line % 9, day, 2.95, line % 6_000, "UK"]
        return
    with ORDERS.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        yield next(reader)
        for invoice, code, name, quantity, day, price, customer, country in reader:
            number = float(customer) if customer else None
            yield [invoice, code, name, int(quantity), datetime.fromisoformat(day), float(price), number, country]


def write_workbook(path: Path) -> None:
    """Write the order lines as two sheets of half a million rows each."""
    rows = order_rows()
    header = next(rows)
    workbook = openpyxl.Workbook(write_only=True)
    while chunk := list(itertools.islice(rows, 540_000)):
        sheet = workbook.create_sheet()
        for row in (header, *chunk):
            sheet.append(row)
    workbook.save(path)


def measure(script: str, *words: str) -> tuple[float, int]:
    """Run a script in a process of its own, and tell the seconds of its reading and its most memory, MB."""
    done = subprocess.run([sys.executable, "-c", script + TOLD, *words], check=True, capture_output=True, text=True)
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), int(peak)


def main() -> None:
    """Compare, and print both series."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--workbook", type=Path, help="a workbook to read instead of writing one")
    told = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = told.workbook or Path(folder) / "orders.xlsx"
        if not told.workbook:
            write_workbook(path)
        own, library = [], []
        for run in range(told.runs):
            library.append(measure(LIBRARY, str(path)))
            own.append(measure(WORKBOOK, str(path), f"{folder}/{run}"))
    ratio = statistics.median(s for s, _ in own) / statistics.median(s for s, _ in library)
    for name, series in (("library", library), ("workbook", own)):
        print(f"{name:9}", "  ".join(f"{seconds:.1f} s, {peak:,} MB" for seconds, peak in series))
    print(f"workbook / library {ratio:.2f}, to be at most {TARGET:.2f}: {'met' if ratio <= TARGET else 'MISSED'}")


if __name__ == "__main__":
    main()
