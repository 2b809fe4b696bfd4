"""Measure the workbook beside its rivals, each pair in turn in one run; `make benchmark`.

1. The sample from orders to the last page, against a plain loop of `papermill` and `jupyter nbconvert` commands.
2. Online Retail II from end to end, against the same work by bare library calls in one process (bare.py); needs
   online_retail_II.csv, whose place `--orders` names.
3. Online Retail II from CSV to clean Parquet, against one statement that scans, types and writes it (reading.py).
4. With `--large`: ten million generated order lines from file to features, memory against one million.

Reading a workbook against its library's own reading is measured apart, by excel.py: its file takes minutes to write.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from plain_loop import NOTEBOOKS, command, plain_loop
from reading import compare_with_bare_scan

from segmentation.runs import PROJECT
from segmentation.sample import make_shop

ORDERS = PROJECT.parent / "shared" / "data" / "online_retail_II.csv"
ONE_MILLION = 180_000  # customers of a generated shop with about a million order lines


def seconds_of(words: list[str], home: Path) -> float:
    """Run a command to its end and tell the seconds that it took."""
    began = time.perf_counter()
    subprocess.run(words, env=os.environ | {"WORKBOOK_HOME": str(home)}, check=True, capture_output=True)
    return time.perf_counter() - began


def peaks(home: Path, name: str) -> dict[str, int]:
    """Read the most memory that each step of a run held, MB."""
    manifest = json.loads((home / "data" / "runs" / name / "manifest.json").read_text(encoding="utf-8"))
    return {step: told["peak_mb"] for step, told in manifest["steps"].items()}


def compare(title: str, own: list[float], rival: list[float], *, target: float) -> None:
    """Print two series of seconds, their medians, and the ratio beside its target."""
    ratio = statistics.median(own) / statistics.median(rival)
    print(f"\n{title}")
    for name, series in (("workbook", own), ("rival", rival)):
        print(
            f"  {name:9}",
            "  ".join(f"{value:6.1f} s" for value in series),
            f"  median {statistics.median(series):.1f} s",
        )
    print(f"  workbook / rival {ratio:.2f}, to be at most {target:.2f}: {'met' if ratio <= target else 'MISSED'}")


def sample_against_plain_loop(runs: int) -> None:
    """Compare the runner with a plain loop of commands, on the committed sample."""
    own, rival = [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["WORKBOOK_HOME"] = folder
        for i in range(runs):
            own.append(seconds_of([command("workbook"), "run", "--name", f"own{i}"], home))
            rival.append(plain_loop(NOTEBOOKS, name=f"rival{i}", out=home / f"rival{i}"))
    compare("Sample, orders to last page, against papermill and nbconvert commands", own, rival, target=0.5)


def retail_against_bare_calls(orders: Path, runs: int) -> None:
    """Compare a whole run on Online Retail II with bare library calls in one process."""
    if not orders.exists():
        print(f"\nOnline Retail II: not measured, there is no {orders.name}; name its place with --orders.")
        return
    own, rival = [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for i in range(runs):
            words = ["run", "--orders", str(orders), "--name", "retail", "-p", "cleaning", "usual"]
            own.append(seconds_of([command("workbook"), *words], home))
            bare = home / f"bare{i}"
            bare.mkdir()
            script = str(Path(__file__).with_name("bare.py"))
            rival.append(seconds_of([sys.executable, script, str(orders), str(bare)], home))
        told = peaks(home, "retail")
    compare("Online Retail II, end to end, against bare library calls", own, rival, target=2.5)
    most = max(told.values())
    print(f"  most memory of a step {most:,} MB, to be at most 2,000: {'met' if most <= 2000 else 'MISSED'}")


def memory_of_ten_million() -> None:
    """Compare the memory of ten million generated order lines with that of one million, from file to features."""
    most = {}
    for factor in (1, 10):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            made = make_shop(home / "shop", customers=factor * ONE_MILLION, seed=7)
            words = ["run", "--orders", str(home / "shop" / "orders.csv"), "--name", "large", "--until", "features"]
            took = seconds_of([command("workbook"), *words], home)
            most[factor] = max(peaks(home, "large").values())
            steps = ", ".join(f"{step} {megabytes:,} MB" for step, megabytes in peaks(home, "large").items())
            print(f"\n{made['rows']:,} order lines from file to features: {took:.0f} s; {steps}")
    ratio = most[10] / most[1]
    print(f"  memory ten / one million {ratio:.2f}, to be at most 1.50: {'met' if ratio <= 1.5 else 'MISSED'}")


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="times that each of a pair is run")
    parser.add_argument("--orders", type=Path, default=ORDERS, help="where online_retail_II.csv is")
    parser.add_argument("--large", action="store_true", help="measure ten million order lines too; some minutes, 8 GB")
    asked = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sample_against_plain_loop(asked.runs)
    retail_against_bare_calls(asked.orders, asked.runs)
    if asked.orders.exists():
        compare_with_bare_scan(asked.orders, runs=asked.runs)
    if asked.large:
        memory_of_ten_million()


if __name__ == "__main__":
    main()
