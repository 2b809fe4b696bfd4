"""Measure how many customers a second each learner places, and how long one takes; over 100,000 and under 10 ms wanted.

python tests/benchmarks/assign.py [--customers 500000]
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.assigning import assign, assign_customer, build_model, learn, load_model, save_model
from segmentation.assigning.learners import LEARNERS
from segmentation.cluster import Plan, assign_segments, fit
from segmentation.features import FEATURES
from segmentation.gate import FULL
from segmentation.preparing import Recipe

LEARNT, SEGMENTS = 5_000, 5
REPEATS = 200
BULK, ONE = 100_000, 0.010  # customers a second; seconds


def crowd(customers: int, *, seed: int) -> pd.DataFrame:
    """Invent customers whose features spread as a shop's do."""
    random = np.random.default_rng(seed)
    table = {}
    for name, feature in FEATURES.items():
        if feature.kind == "category":
            table[name] = random.choice(["a", "b", "c", "d"], customers)
        elif feature.unit == "share":
            table[name] = random.beta(1, 3, customers)
        else:
            table[name] = np.round(random.lognormal(2, 1, customers), 2)
    kind = random.integers(0, SEGMENTS, customers)
    features = pd.DataFrame(table, index=pd.RangeIndex(customers, name="customer_id"))
    features["order_count"] = 2.0 + kind * 2 + random.poisson(1, customers)
    features["net_spend"] *= 1.0 + kind**2
    features["recency_days"] /= 1.0 + kind
    return features


def measure(customers: int) -> None:
    """Print a line for each learner."""
    known = crowd(LEARNT, seed=1)
    fitted = fit(known, Plan(FULL, Recipe(), "k-means", SEGMENTS, "", 7))
    segments = assign_segments(fitted, known)["segment"].astype("int64")
    names = list(fitted.names)
    many = crowd(customers, seed=2)
    print(f"{customers:,} customers, {len(FEATURES)} features, {SEGMENTS} segments")
    for learner in LEARNERS.values():
        learned = learn(known, segments, columns=list(FEATURES), seed=7, learners=(learner,), folds=3, seconds=np.inf)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "04_model.skops"
            save_model(path, build_model(learned, [], known, segments, names=names))
            size, model = path.stat().st_size, load_model(path)
        began = time.perf_counter()
        assign(model, many)
        bulk = customers / (time.perf_counter() - began)
        one = np.median([seconds_of_one(model, many, place) for place in range(REPEATS)])
        verdict = "met" if bulk >= BULK and one <= ONE else "MISSED"
        print(
            f"  {learner.name:24} {bulk:>10,.0f} a second   one {1000 * one:5.1f} ms   file {size / 1024:6,.0f} KB"
            f"   accuracy {learned.scores['accuracy'].iloc[-1]:.3f}   {verdict}"
        )


def seconds_of_one(model: object, many: pd.DataFrame, place: int) -> float:
    """Tell the seconds that one customer takes."""
    told = many.iloc[place].to_dict()
    began = time.perf_counter()
    assign_customer(model, told)
    return time.perf_counter() - began


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=500_000)
    measure(parser.parse_args().customers)
