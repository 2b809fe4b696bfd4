"""How well segments tell planted kinds of customer, and how often they are reported where there are none.

1. Shops of 2 to 8 planted kinds, 5 % of customers at random and the usual dirt, from the file of orders to segments:
   the workbook's recommendation, plain k-means on the logarithms of recency, orders and spend (with the number of the
   best silhouette, and with the true one, which no analyst knows), and the RFM map. Adjusted Rand index with the truth;
   who behaves at random belongs nowhere and is not counted. Paired bootstrap over shops.
2. Crowds: shops of one kind, and feature tables drawn as one blob, one stretched blob, and a uniform box. How often are
   segments reported?

Usage: python tests/benchmarks/truth.py [--seeds 20] [--crowds 40] [--first 1] [--processes 2]
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))

from shops import clean_orders

from segmentation.cluster import Wish, segment_customers
from segmentation.engine import engine
from segmentation.features import FEATURES, collect, customer_features, read_day
from segmentation.gate import FULL, Allowed
from segmentation.ingest import Hints, read_tables
from segmentation.preparing import USUAL_FEATURES, Recipe
from segmentation.rfm import rfm_segments
from segmentation.sample import CROWD, FAMILY, NOISE, make_shop

MOST = 10  # segments that the recommendation and the rival may try
NOISY = 0.05  # share of customers at random
CUSTOMERS = 1_800
REFITS = 20  # as step 04's default
RFM = ["recency_days", "order_count", "net_spend"]
RIVALS = ("k-means on RFM", "k-means on RFM, true number", "RFM map")
METHODS = ("workbook", *RIVALS)
SHAPES = ("blob", "stretched blob", "box")
CROWD_SHOP, ONE_KIND = "shop of one spread-out kind", "shop of one kind of the family"
CROWD_CUSTOMERS = 1_000


# A shop, from its file of orders to features -------------------------------------------------------------------------


def described_shop(folder: Path, *, seed: int, kinds: int | list[str], customers: int, noise: float) -> pd.DataFrame:
    """Make a shop and describe its customers as steps 01 to 03 do.

    Returns
    -------
    DataFrame, one row a customer: the features, and kind, what was planted
    """
    make_shop(folder, customers=customers, seed=seed, kinds=kinds, noise=noise)
    scratch = folder / "scratch"
    scratch.mkdir()
    with engine(folder / "engine") as connection:
        given = {"orders": [str(folder / "orders.csv")]}
        read = read_tables(connection, given, Hints(), scratch=scratch)["orders"].table
        clean = clean_orders(connection, read.to_pyarrow().to_pylist())
        features = collect(customer_features(clean, as_of=read_day("", clean)))
    planted = pd.read_csv(folder / "truth" / "customers.csv", index_col="customer_id")["kind"]
    return features.assign(kind=planted.reindex(features.index))


# The workbook's segments, the only place that knows how they come about ----------------------------------------------


def recommended(features: pd.DataFrame, *, seed: int, refits: int = REFITS) -> tuple[pd.Series, bool]:
    """Segment as step 04 does with default parameters.

    Returns
    -------
    Each customer's segment, and whether the data are said to hold segments (rather than rules or one group)
    """
    known = tuple(name for name in USUAL_FEATURES if features[name].notna().any())
    wish = Wish(algorithm="", k=0, k_max=MOST, min_share=0.03, weights={}, rules="simple_rules")
    made = segment_customers(
        features, recipe=Recipe(columns=known), wish=wish, allowed=Allowed(FULL), refits=refits, seed=seed, past=None
    )
    return made.segments["segment"], made.plan.mode == FULL


# The rivals ----------------------------------------------------------------------------------------------------------


def rival_k_means(features: pd.DataFrame, *, k: int, seed: int) -> np.ndarray:
    """Cut by k-means on standardised logarithms of recency, orders and spend; k of 0 takes the best silhouette."""
    values = StandardScaler().fit_transform(np.log1p(features[RFM].clip(lower=0)))
    numbers = [k] if k else range(2, MOST + 1)
    with threadpool_limits(1):  # OpenMP's threads wait for each other for longer than they work on so few customers
        fits = {n: KMeans(n, n_init=10, random_state=seed).fit_predict(values) for n in numbers}
    return max(fits.values(), key=lambda labels: silhouette_score(values, labels) if len(fits) > 1 else 0)


def shop_scores(seed: int, *, customers: int = CUSTOMERS, noise: float = NOISY, refits: int = REFITS) -> dict[str, Any]:
    """Make one shop and measure every grouping's adjusted Rand index with the truth.

    Returns
    -------
    seed, kinds, and for each method its index; "<method>: number" tells how many groups it made
    """
    kinds = 2 + seed % 7
    with tempfile.TemporaryDirectory() as folder:
        described = described_shop(Path(folder), seed=seed, kinds=kinds, customers=customers, noise=noise)
    features, planted = described.drop(columns="kind"), described["kind"]
    labels = {
        "workbook": recommended(features, seed=seed, refits=refits)[0].to_numpy(),
        RIVALS[0]: rival_k_means(features, k=0, seed=seed),
        RIVALS[1]: rival_k_means(features, k=kinds, seed=seed),
        RIVALS[2]: rfm_segments(features).to_numpy(),
    }
    counted = (planted != NOISE).to_numpy()
    scores = {name: adjusted_rand_score(planted[counted], given[counted]) for name, given in labels.items()}
    numbers = {f"{name}: number": len(np.unique(given)) for name, given in labels.items()}
    return {"seed": seed, "kinds": kinds} | scores | numbers


# Crowds: no groups to be found ---------------------------------------------------------------------------------------


def crowd_table(shape: str, *, seed: int, customers: int = CROWD_CUSTOMERS) -> pd.DataFrame:
    """Draw a feature table without groups.

    Parameters
    ----------
    shape : "blob", the same spread in every direction; "stretched blob", correlated, three quarters of all differences
        along one line; "box", each feature uniform
    """
    rng = np.random.default_rng([seed, 4])
    own = rng.normal(size=(customers, len(USUAL_FEATURES)))
    along = rng.normal(size=(customers, 1)) * rng.choice([-1, 1], len(USUAL_FEATURES))
    drawn = {
        "blob": own,
        "stretched blob": 0.5 * own + np.sqrt(0.75) * along,
        "box": rng.uniform(-(3**0.5), 3**0.5, size=own.shape),
    }
    values = pd.DataFrame(drawn[shape], columns=list(USUAL_FEATURES))
    told = {n: np.expm1(5 + v) if FEATURES[n].transform == "log" else 0.5 + v / 10 for n, v in values.items()}
    table = pd.DataFrame(told).reindex(columns=list(FEATURES))
    return table.set_axis([f"customer {number}" for number in range(customers)], axis=0)


def alarm(seed: int, *, crowd: str) -> bool:
    """Tell whether segments are reported in one crowd: a shape of `crowd_table`, or a shop of one kind."""
    if crowd in SHAPES:
        return recommended(crowd_table(crowd, seed=seed), seed=seed)[1]
    kind = CROWD if crowd == CROWD_SHOP else list(FAMILY)[seed % len(FAMILY)]
    with tempfile.TemporaryDirectory() as folder:
        described = described_shop(Path(folder), seed=seed, kinds=[kind], customers=CROWD_CUSTOMERS, noise=0.0)
    return recommended(described.drop(columns="kind"), seed=seed)[1]


# Intervals -----------------------------------------------------------------------------------------------------------


def mean_interval(values: np.ndarray, *, seed: int = 1) -> tuple[float, float, float]:
    """Measure the mean and its 95 % interval by the percentile bootstrap over shops.

    Examples
    --------
    >>> mean_interval(np.full(20, 0.5))
    (0.5, 0.5, 0.5)
    """
    drawn = np.random.default_rng(seed).choice(values, (10_000, len(values))).mean(axis=1)
    return float(values.mean()), *(float(bound) for bound in np.quantile(drawn, [0.025, 0.975]))


def wilson_interval(found: int, of: int) -> tuple[float, float]:
    """Measure the 95 % interval of a share.

    Source
    ------
    Wilson (1927), Probable inference, the law of succession, and statistical inference

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson_interval(0, 40)]
    [0.0, 0.088]
    """
    z = 1.959964
    middle, scale = found + z**2 / 2, of + z**2
    half = z * np.sqrt(found * (of - found) / of + z**2 / 4)
    return max(0.0, float((middle - half) / scale)), min(1.0, float((middle + half) / scale))


# Tables --------------------------------------------------------------------------------------------------------------


def truth_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Compare methods: mean index with interval, the workbook's lead over each with interval, and the number of groups.

    Parameters
    ----------
    scores : one row a shop, see `shop_scores`
    """
    rows = {}
    for name in METHODS:
        mean, low, high = mean_interval(scores[name].to_numpy())
        lead = mean_interval((scores["workbook"] - scores[name]).to_numpy())
        off = (scores[f"{name}: number"] - scores["kinds"]).abs()
        rows[name] = {
            "index with the truth": f"{mean:.3f} ({low:.3f} to {high:.3f})",
            "the workbook's lead": "—" if name == "workbook" else "{:+.3f} ({:+.3f} to {:+.3f})".format(*lead),
            "number off by": f"{off.mean():.1f}",
            "number right": f"{(off == 0).mean():.0%}",
        }
    return pd.DataFrame(rows).T.rename_axis(f"{len(scores)} shops")


def alarm_table(alarms: dict[str, list[bool]]) -> pd.DataFrame:
    """Tell how often segments were reported in each sort of crowd, with Wilson's 95 % interval."""
    rows = {}
    for crowd, found in alarms.items():
        low, high = wilson_interval(sum(found), len(found))
        rows[crowd] = {"segments reported": f"{sum(found)} of {len(found)}", "rate": f"{np.mean(found):.1%}"}
        rows[crowd] |= {"95 % interval": f"{low:.1%} to {high:.1%}"}
    return pd.DataFrame(rows).T.rename_axis("crowd")


def in_parallel(work: Callable[[int], Any], seeds: Iterable[int], *, processes: int) -> list[Any]:
    """Do the work for every seed in a few processes of one thread each."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, seeds))


def main() -> None:
    """Run and print both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="shops of planted kinds")
    parser.add_argument("--crowds", type=int, default=40, help="crowds of each sort; 0 for none")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    told = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    seeds = range(told.first, told.first + told.seeds)
    if told.seeds:
        scores = pd.DataFrame(in_parallel(shop_scores, seeds, processes=told.processes))
        with pd.option_context("display.width", 250, "display.max_columns", 20):
            shown = scores.rename(columns=lambda name: name.replace(": number", " n")).set_index("seed")
            print(shown.round(2).to_string(), truth_table(scores).to_string(), sep="\n\n")
    if told.crowds:
        crowds = range(told.first, told.first + told.crowds)
        works = {crowd: partial(alarm, crowd=crowd) for crowd in (*SHAPES, CROWD_SHOP, ONE_KIND)}
        alarms = {crowd: in_parallel(work, crowds, processes=told.processes) for crowd, work in works.items()}
        print("", alarm_table(alarms).to_string(), sep="\n")


if __name__ == "__main__":
    main()
