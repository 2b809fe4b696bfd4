"""Measure lifetime models: speed beside rivals, a million customers, coverage of intervals, and nasty histories.

python tests/benchmarks/lifetime.py                    BG/NBD on one million customers: seconds and memory
python tests/benchmarks/lifetime.py --rivals PYTHON    BG/NBD on CDNOW beside the packages lifetimes and pymc-marketing,
                                                       side by side in one run; PYTHON is an interpreter that has them
python tests/benchmarks/lifetime.py --coverage 100     how often 95 % intervals hold the parameters that made the data
python tests/benchmarks/lifetime.py --nasty 500        how many of so many nasty histories end in a fit or a reason

The rivals live in an environment of their own (tests/benchmarks/requirements.txt names their versions):

python -m venv rivals && rivals/bin/pip install lifetimes==0.11.3 pymc-marketing==0.19.2

CDNOW's sample is read from ../shared/data; without it, as many customers are drawn from a model.
"""

import argparse
import collections
import datetime
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from purchases import drawn, nasty
from test_lifetime import KNOWN, require_in_order
from test_lifetime_cdnow import CALIBRATION_END, FILE

from segmentation.lifetime import MODELS, fit_best, lifetime_table, refusals
from segmentation.lifetime.fitting import fit_model
from segmentation.lifetime.histories import HISTORY, Summary

LIFETIMES = """
import json, sys, time, numpy as np, pandas as pd
from lifetimes import BetaGeoFitter
table = pd.read_csv(sys.argv[1])
def fit():
    fitter = BetaGeoFitter(penalizer_coef=0.0)
    fitter.fit(table["repeat_count"], table["first_to_last_days"], table["observed_days"])
    return [float(fitter.params_[name]) for name in ("r", "alpha", "a", "b")]
"""
PYMC = """
import json, sys, time, logging, warnings, numpy as np, pandas as pd
warnings.filterwarnings("ignore"); logging.disable(logging.CRITICAL)
from pymc_marketing.clv import BetaGeoModel
table = pd.read_csv(sys.argv[1])
table = table.rename(columns={"repeat_count": "frequency", "first_to_last_days": "recency", "observed_days": "T"})
table["customer_id"] = range(len(table))
def fit():
    model = BetaGeoModel(data=table)
    model.fit(method="map", progressbar=False)
    found = model.fit_result
    return [float(np.ravel(found[name].values)[0]) for name in ("r", "alpha", "a", "b")]
"""
TIMED = """
fit()
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.perf_counter(); parameters = fit(); seconds.append(time.perf_counter() - began)
print(json.dumps({"seconds": seconds, "parameters": parameters}))
"""


def cdnow() -> tuple[pd.DataFrame, str]:
    """Read CDNOW's calibration period in weeks, or draw as many customers."""
    if not FILE.is_file():
        return drawn(
            "BG/NBD", (0.243, 4.414, 0.793, 2.426), customers=2357, span=39, seed=1
        ), "drawn, as large as CDNOW"
    names = ["customer", "sample", "day", "pieces", "spend"]
    rows = pd.read_csv(FILE, sep=r"\s+", header=None, names=names, dtype={"day": str})
    rows["day"] = pd.to_datetime(rows["day"], format="%Y%m%d")
    days = rows.loc[rows["day"] <= CALIBRATION_END, ["sample", "day"]].drop_duplicates().groupby("sample")["day"]
    first, week = days.min(), pd.Timedelta(days=7)
    columns = (days.size() - 1, (days.max() - first) / week, (CALIBRATION_END - first) / week)
    return pd.DataFrame(dict(zip(HISTORY, columns, strict=True))), "CDNOW"


def rivals(interpreter: str, *, repeats: int) -> None:
    """Print seconds of one BG/NBD fit from the same table, warm, ours and theirs in turns."""
    histories, name = cdnow()
    print(
        f"BG/NBD on {name}, {len(histories):,} customers, warm, median of {repeats} fits; pymc-marketing: its MAP fit"
    )
    ours = [seconds_of_ours(histories) for _ in range(repeats + 1)][1:]
    middle = statistics.median(ours)
    found = fit_model(MODELS["BG/NBD"], Summary.of(histories)).values
    print(f"  {'ours, with standard errors':30} {middle:9.4f} s           {np.round(found, 3)}")
    if not interpreter:
        print("  no rivals: give an interpreter that has them with --rivals")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "histories.csv"
        histories.to_csv(file, index=False)
        for rival, code, times in (("lifetimes", LIFETIMES, repeats), ("pymc-marketing", PYMC, 5)):
            told = subprocess.run(
                [interpreter, "-W", "ignore", "-c", code + TIMED, str(file), str(times)], capture_output=True, text=True
            )
            if told.returncode:
                print(f"  {rival:30} does not run: {told.stderr.strip().splitlines()[-1]}")
                continue
            answer = json.loads(told.stdout.strip().splitlines()[-1])
            theirs = statistics.median(answer["seconds"])
            print(f"  {rival:30} {theirs:9.4f} s {theirs / middle:7.1f} x {np.round(answer['parameters'], 3)}")
    again = statistics.median(seconds_of_ours(histories) for _ in range(repeats))
    print(f"  {'ours, once more':30} {again:9.4f} s")


def seconds_of_ours(histories: pd.DataFrame) -> float:
    """Time one fit from a table of histories to parameters with standard errors."""
    began = time.perf_counter()
    fit_model(MODELS["BG/NBD"], Summary.of(histories))
    return time.perf_counter() - began


def million(customers: int) -> None:
    """Print seconds and the most memory of each fit to so many customers, in days and in fractions of days."""
    histories = drawn("BG/NBD", KNOWN["BG/NBD"], customers=customers, span=730, seed=1)
    whole = {name: np.ceil(histories[name]) for name in HISTORY[1:]}
    for unit, table in (("days", histories.assign(**whole)), ("fractions of days", histories)):
        for name in MODELS if unit == "days" else ("BG/NBD",):
            began = time.perf_counter()
            summary = Summary.of(table)
            fit = fit_model(MODELS[name], summary)
            seconds = time.perf_counter() - began
            print(
                f"{name:10} {customers:,} customers, {len(summary.span):,} different histories in {unit}: "
                f"{seconds:.1f} s; "
                f"{', '.join(f'{value:.4g}' for value in fit.values)}; peak {peak():,.0f} MB with the data",
                flush=True,
            )
    table = histories.assign(**whole)
    models = fit_best(table)
    began = time.perf_counter()
    lifetime_table(table, models, as_of=datetime.date(2026, 1, 1), draws=100, seed=1)
    print(f"predictions with intervals from 100 futures: {time.perf_counter() - began:.1f} s; peak {peak():,.0f} MB")


def peak() -> float:
    """Measure the most memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def coverage(seeds: int) -> None:
    """Print how often each 95 % interval holds the true parameter, and how far estimates are off in the middle."""
    print(f"{seeds} shops of 3,000 customers drawn from each model: 95 % intervals that hold the truth")
    for name, known in KNOWN.items():
        held, off, pulled = [], [], 0
        for seed in range(seeds):
            histories = drawn(name, known, customers=3000, span=600, seed=seed)
            fit = fit_model(MODELS[name], Summary.of(histories))
            pulled += fit.penalised
            held.append([fit.low[key] < true < fit.high[key] for key, true in zip(fit.parameters, known, strict=True)])
            off.append(fit.values / known)
        shares = dict(zip(fit.parameters, np.mean(held, axis=0).round(3).tolist(), strict=True))
        middles = np.median(off, axis=0).round(3).tolist()
        print(f"  {name:10} {np.mean(held):.1%}  {shares}  estimate ÷ truth {middles}  pulled {pulled}", flush=True)


def nasties(seeds: int) -> None:
    """Print what became of nasty histories; raises where a result is not finite or not in order."""
    told: collections.Counter[str] = collections.Counter()
    longest = 0.0
    for seed in range(seeds):
        histories, began = nasty(seed), time.perf_counter()
        models = fit_best(histories)
        if models.best:
            require_in_order(lifetime_table(histories, models, as_of=datetime.date(2026, 1, 1), draws=100, seed=seed))
            told[f"{models.best}{', pulled' if models.chosen[1].penalised else ''}"] += 1
        else:
            assert refusals(models), "refused without a reason"
            told["refused with the reason"] += 1
        longest = max(longest, time.perf_counter() - began)
    print(
        f"{seeds} nasty histories, all finite and in order or refused; the longest took {longest:.1f} s: {dict(told)}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rivals", nargs="?", const="", metavar="PYTHON")
    parser.add_argument("--coverage", type=int, default=0, metavar="SEEDS")
    parser.add_argument("--nasty", type=int, default=0, metavar="SEEDS")
    asked = parser.parse_args()
    if asked.rivals is not None:
        rivals(asked.rivals, repeats=15)
    elif asked.coverage:
        coverage(asked.coverage)
    elif asked.nasty:
        nasties(asked.nasty)
    else:
        million(asked.customers)
