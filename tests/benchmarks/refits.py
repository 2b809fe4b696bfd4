"""How long refitting the whole chain and upsetting segments takes, for every algorithm and for a million customers.

Customers are drawn as one stretched blob in the ten usual features (`truth.crowd_table`): 5,880 of them, as many as
Online Retail II has, for every algorithm, and a million for k-means. Five segments, 100 refits asked for. Seconds of
processor time on one thread.

Usage: python tests/benchmarks/refits.py [--million]
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.truth import crowd_table

from segmentation.cluster import Plan, fit
from segmentation.gate import FULL
from segmentation.grouping import ALGORITHMS
from segmentation.preparing import USUAL_FEATURES, Recipe
from segmentation.proving.crowd import crowd_of
from segmentation.proving.internal import internal_measures
from segmentation.proving.refits import bootstrap_refits, refits_agreement
from segmentation.proving.trials import upset

REFITS, SEED, SEGMENTS = 100, 7, 5


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Do the work and tell the seconds of processor time."""
    start = time.process_time()
    return work(), time.process_time() - start


def row_of(features: pd.DataFrame, plan: Plan) -> dict[str, Any]:
    """Measure one plan."""
    segmentation, fitted = timed(lambda: fit(features, plan))
    told = {"past": None, "seed": SEED}
    refits, refitted = timed(lambda: bootstrap_refits(segmentation, features, plan, refits=REFITS, **told))
    trials, tried = timed(lambda: upset(segmentation, features, plan, earlier=None, **told))
    _, crowded = timed(lambda: crowd_of(segmentation, features, seed=SEED))
    _, measured = timed(lambda: internal_measures(segmentation, features, seed=SEED))
    return {
        "segments": segmentation.k, "fit": fitted, "refits": refits.number, "on": refits.customers,
        "refits, s": refitted, "agreement": refits_agreement(refits)["agreement"], "trials": len(trials),
        "trials, s": tried, "crowd, s": crowded, "internal, s": measured,
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million", action="store_true", help="k-means on a million customers alone")
    million = parser.parse_args().million
    features = crowd_table("stretched blob", seed=1, customers=1_000_000 if million else 5_880).sort_index()
    features.index.name = "customer_id"
    recipe = Recipe(columns=USUAL_FEATURES)
    names = ["k-means"] if million else [*ALGORITHMS]
    with threadpool_limits(1):
        rows = {name: row_of(features, Plan(FULL, recipe, name, SEGMENTS, "", SEED)) for name in names}
    print(f"{len(features):,} customers, {len(recipe.columns)} features, {os.cpu_count()} cores")
    print(pd.DataFrame(rows).T.convert_dtypes().round(2).to_string())
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
