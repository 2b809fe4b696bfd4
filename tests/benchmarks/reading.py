"""Measure reading and cleaning: Online Retail II from CSV to clean Parquet, against a bare scan of the same file.

    python tests/benchmarks/reading.py --orders online_retail_II.csv

The workbook does by library calls in one process what notebooks 01 and 02 compute: it opens the file, recognises it,
stores it as text, decides how each column is written, brings it into canonical form (01_orders.parquet), judges every
line by the policy, accounts for them, and writes what stays and what is set aside. The rival is one DuckDB statement
that parses and types the same columns, told beforehand, and writes them as Parquet. Both in turn, in this process.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from segmentation import clean, ingest
from segmentation.cleaning import marks
from segmentation.cleaning.policies import Policy
from segmentation.engine import engine
from segmentation.runs import PROJECT, SCRATCH

ORDERS = PROJECT.parent / "shared" / "data" / "online_retail_II.csv"
TARGET = 2.0
COLUMNS = {
    "Invoice": "VARCHAR",
    "StockCode": "VARCHAR",
    "Description": "VARCHAR",
    "Quantity": "BIGINT",
    "InvoiceDate": "TIMESTAMP",
    "Price": "DOUBLE",
    "Customer ID": "VARCHAR",
    "Country": "VARCHAR",
}

Stages = dict[str, float]


@contextmanager
def timed(stages: Stages, name: str) -> Iterator[None]:
    """Add to a stage the seconds that a block takes."""
    began = time.perf_counter()
    yield
    stages[name] = stages.get(name, 0.0) + time.perf_counter() - began


def bare_scan(orders: Path, folder: Path) -> Stages:
    """Parse, type and write the columns by one statement."""
    stages: Stages = {}
    with timed(stages, "scan"), duckdb.connect() as connection:
        scan = connection.read_csv(str(orders), header=True, auto_detect=False, columns=COLUMNS, delimiter=",")
        scan.write_parquet(str(folder / "bare.parquet"))
    return stages


def read_and_clean(orders: Path, folder: Path) -> Stages:
    """Do what notebooks 01 and 02 compute, each with an engine of its own."""
    stages: Stages = {}
    with timed(stages, "01 read"), engine(folder) as connection:
        given = {"orders": [str(orders)]}
        read = ingest.read_tables(connection, given, ingest.Hints(), scratch=folder / SCRATCH)
        with timed(stages, "  of it 01 canonical and Parquet"):
            read["orders"].table.to_parquet(folder / "01_orders.parquet")
    with timed(stages, "02 clean"), engine(folder) as connection:
        lines = connection.read_parquet(folder / "01_orders.parquet")
        policy = Policy()
        with timed(stages, "  of it 02 judge"):
            currency = clean.shop_currency(lines, policy)
            judged = marks.stored(clean.judge_orders(lines, policy, currency=currency))
        with timed(stages, "  of it 02 account"):
            account = clean.account(judged)
            lines_in, money_in = clean.lines_and_money(lines)
            clean.require_balance(account, lines_in=lines_in, money_in=money_in)
        with timed(stages, "  of it 02 Parquet"):
            clean.kept(judged).to_parquet(folder / "02_orders.parquet")
            clean.set_aside(judged).to_parquet(folder / "02_quarantine.parquet")
    return stages


def measure(work: Callable[[Path, Path], Stages], orders: Path) -> Stages:
    """Do some work in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return work(orders, Path(folder))


def seconds_of(stages: Stages) -> float:
    """Add up the stages, those within others left out."""
    return sum(seconds for name, seconds in stages.items() if not name.startswith(" "))


def compare_with_bare_scan(orders: Path, *, runs: int) -> float:
    """Measure both in turn, print medians, stages and the ratio, and give the ratio."""
    own, rival = [], []
    for _ in range(runs):
        rival.append(measure(bare_scan, orders))
        own.append(measure(read_and_clean, orders))
    print(f"\n{orders.name}, {orders.stat().st_size / 2**20:.0f} MB, from CSV to clean Parquet, against a bare scan")
    for name, series in (("workbook", own), ("bare scan", rival)):
        seconds = [seconds_of(stages) for stages in series]
        shown = "  ".join(f"{value:6.2f} s" for value in seconds)
        print(f"  {name:9}  {shown}   median {statistics.median(seconds):.2f} s")
    for name in own[0]:
        print(f"    {name:34} {statistics.median(stages[name] for stages in own):6.2f} s")
    ratio = statistics.median(map(seconds_of, own)) / statistics.median(map(seconds_of, rival))
    outcome = "met" if ratio <= TARGET else "MISSED"
    print(f"  workbook / bare scan {ratio:.2f}, to be at most {TARGET:.2f}: {outcome}")
    return ratio


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="times that each of the pair is run")
    parser.add_argument("--orders", type=Path, default=ORDERS, help="where online_retail_II.csv is")
    asked = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores")
    print(f"Python {platform.python_version()}, DuckDB {duckdb.__version__}")
    if not asked.orders.exists():
        parser.error(f"there is no {asked.orders.name}; name its place with --orders")
    compare_with_bare_scan(asked.orders.resolve(), runs=asked.runs)


if __name__ == "__main__":
    main()
