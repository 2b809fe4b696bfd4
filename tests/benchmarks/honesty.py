"""How often the reliability card is honest: shops of pure noise, a planted unstable segment, and planted kinds.

1. Shops in which every customer buys by one process (orders by chance at the same rate, the same prices; a third of the
   customers comes late), from order lines to features, segments, looks back, refits, trials and the card; segments as
   step 04 makes them by default, and with k = 5. The card must say: do not act.
2. Three tight blobs of which k = 4 cuts one in two, and two tight blobs beside a ring that k = 6 cuts in four, wherever
   chance has it, while all else speaks for every segment. The card must find the cut segments, and those only.
3. The generator's shops of planted kinds, default segments: how often does the card let anybody act?

Usage: python tests/benchmarks/honesty.py [--seeds 50] [--kinds 20] [--first 1] [--processes 2]
"""

import argparse
import datetime
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.truth import in_parallel, wilson_interval
from ibis.backends.duckdb import Backend
from shops import clean_orders, order_line, store_orders

from segmentation.cluster import Plan, Segmented, Wish, fit, named_segments, segment_customers
from segmentation.engine import engine
from segmentation.evaluate import last_of
from segmentation.features import FEATURES, collect, customer_features, past_for_choices, read_day
from segmentation.gate import FULL, Allowed
from segmentation.ingest import Hints, read_tables
from segmentation.preparing import USUAL_FEATURES, Recipe
from segmentation.proving.card import Card, evidence_of, reliability_card, share_of_return
from segmentation.proving.crowd import crowd_of
from segmentation.proving.grounds import DO_NOT, Evidence
from segmentation.proving.later import later_evidence
from segmentation.proving.looks import MOST_LOOKS, look_back
from segmentation.proving.refits import Refits, bootstrap_refits, refits_agreement, stability_by_segment
from segmentation.proving.trials import HALVES, upset
from segmentation.sample import make_shop

CUSTOMERS, DAYS, PRODUCTS = 800, 730, 60
ORDERS_A_YEAR, LATE = 3.0, 1 / 3
FIRST = datetime.datetime(2024, 1, 1)
REFITS, CHOICE_REFITS, MOST = 50, 20, 8
KINDS_CUSTOMERS = 1_500


# A shop of pure noise ------------------------------------------------------------------------------------------------


def noise_lines(seed: int, *, customers: int = CUSTOMERS) -> list[dict[str, Any]]:
    """Draw order lines of customers who all buy by one process; a third of them come at some day of the two years."""
    rng = np.random.default_rng([seed, 5])
    start = np.where(rng.random(customers) < LATE, rng.uniform(0, DAYS, customers), 0.0)
    counts = rng.poisson(ORDERS_A_YEAR * (DAYS - start) / 365)
    who = np.repeat(np.arange(customers), counts)
    days = start[who] + rng.random(len(who)) * (DAYS - start[who])
    prices = rng.lognormal(2.5, 0.5, PRODUCTS).round(2)
    lines = []
    for order, (customer, day) in enumerate(zip(who, days, strict=True)):
        for product in rng.choice(PRODUCTS, 1 + rng.poisson(0.8), replace=False):
            told = {"order_id": f"{order}", "customer_id": f"c{customer:05}", "product_id": f"p{product:02}"}
            told |= {"quantity": int(1 + rng.poisson(0.3)), "unit_price": float(prices[product])}
            lines.append(order_line(ordered_at=FIRST + datetime.timedelta(days=float(day)), **told))
    return lines


# From orders to the card ---------------------------------------------------------------------------------------------


def card_of(
    orders: ir.Table, *, k: int, seed: int, refits: int = REFITS, looks: int = MOST_LOOKS
) -> tuple[Card, Evidence, Segmented]:
    """Segment the customers as step 04 does, and prove it as step 05 does."""
    day = read_day("", orders)
    features = collect(customer_features(orders, as_of=day))
    past, _ = past_for_choices(orders, as_of=day)
    known = tuple(name for name in USUAL_FEATURES if features[name].notna().any())
    wish = Wish(algorithm="", k=k, k_max=k or MOST, min_share=0.03, weights={}, rules="simple_rules")
    made = segment_customers(
        features, recipe=Recipe(columns=known), wish=wish, allowed=Allowed(FULL), past=past,
        refits=min(refits, CHOICE_REFITS), seed=seed,
    )  # fmt: skip
    evidence = proved(orders, features, made, day=day, past=past, refits=refits, looks=looks, seed=seed)
    return reliability_card(evidence), evidence, made


def proved(
    orders: ir.Table,
    features: pd.DataFrame,
    made: Segmented,
    *,
    day: datetime.date,
    past: pd.DataFrame | None,
    refits: int,
    looks: int,
    seed: int,
) -> Evidence:
    """Gather what the card rests on."""
    looked = look_back(orders, allowed=Allowed(FULL), as_of=day, days=0, most=looks, fewest=made.k)
    later = later_evidence(looked, made.plan, made.segmentation, seed=seed)
    again = {"past": past, "seed": seed}
    return evidence_of(
        bootstrap_refits(made.segmentation, features, made.plan, refits=refits, **again),
        upset(made.segmentation, features, made.plan, earlier=last_of(later.then), **again),
        crowd_of(made.segmentation, features, seed=seed),
        later,
        returned=share_of_return(looked, later.then, seed=seed),
        segments=made.segments,
    )


def row_of(card: Card, evidence: Evidence, made: Segmented) -> dict[str, Any]:
    """Tell what the card says in one row."""
    counts = card.segments["verdict"].value_counts()
    low, told, high = evidence.explained or (np.nan,) * 3
    return {
        "mode": made.plan.mode, "k": made.k, "verdict": card.verdict, "act": counts.get("act", 0),
        "care": counts.get("act with care", 0), "not": counts.get(DO_NOT, 0), "agreement": evidence.agreement,
        "crowd": evidence.crowd_agreement, "closer": evidence.closer, "told": told, "low": low, "high": high,
        "return low": (evidence.explained_return or (np.nan,))[0], "kept": evidence.order_kept,
        "without hold-out": without_hold_out(evidence).verdict,
    }  # fmt: skip


def without_hold_out(evidence: Evidence) -> Card:
    """Judge the same segments as if nothing could be looked back at."""
    told = vars(evidence) | {"later": None, "explained": None, "explained_return": None, "order_kept": None}
    return reliability_card(Evidence(**told))


def noise_row(
    seed: int, *, k: int, customers: int = CUSTOMERS, refits: int = REFITS, looks: int = MOST_LOOKS
) -> dict[str, Any]:
    """Make a shop of pure noise and tell what the card says of it."""
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder) / "engine") as connection:
        orders = store_orders(connection, noise_lines(seed, customers=customers))
        return row_of(*card_of(orders, k=k, seed=seed, refits=refits, looks=looks))


def kinds_row(seed: int) -> dict[str, Any]:
    """Make a shop of planted kinds and tell what the card says of it."""
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder) / "engine") as connection:
        make_shop(Path(folder) / "shop", customers=KINDS_CUSTOMERS, seed=seed, kinds=2 + seed % 7, noise=0.05)
        return row_of(*card_of(read_shop(connection, Path(folder)), k=0, seed=seed))


def read_shop(connection: Backend, folder: Path) -> ir.Table:
    """Read a generated shop's orders and clean them."""
    scratch = folder / "scratch"
    scratch.mkdir()
    given = {"orders": [str(folder / "shop" / "orders.csv")]}
    read = read_tables(connection, given, Hints(), scratch=scratch)["orders"].table
    return clean_orders(connection, read.to_pyarrow().to_pylist())


# Planted unstable segments -------------------------------------------------------------------------------------------

COLUMNS = ("recency_days", "order_count", "net_spend")
SHAPES = {"one of three blobs cut": 4, "a ring cut": 6}
# Places in the logarithms, such that every feature has the same spread, so that scaling leaves what is round round.
BLOBS = np.array([[6.0, 2.0, 2.0], [2.0, 6.0, 2.0]])
RING = np.array([4.0, 4.0, 2 + 8**0.5])
AROUND = np.array([[1.0, -1.0, 0.0], [3**-0.5, 3**-0.5, -2 * 3**-0.5]]) / 2**0.5


def unstable_features(shape: str, *, seed: int, each: int = 150) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw customers in tight blobs beside something that is cut wherever chance has it.

    Returns
    -------
    features : one row a customer; unsound : whether the customer is in what is cut
    """
    rng = np.random.default_rng([seed, 6])
    tight = np.repeat(BLOBS, each, axis=0) + rng.normal(0, 0.15, (2 * each, 3))
    if shape == "a ring cut":
        turn = rng.uniform(0, 2 * np.pi, (2 * each, 1))
        loose = RING + 1.5 * (np.cos(turn) * AROUND[0] + np.sin(turn) * AROUND[1]) + rng.normal(0, 0.1, (2 * each, 3))
    else:
        loose = np.array([2.0, 2.0, 6.0]) + rng.normal(0, 0.5, (each, 3))
    places = np.concatenate([tight, loose])
    table = pd.DataFrame(np.expm1(places.clip(0)), columns=list(COLUMNS)).reindex(columns=list(FEATURES))
    names = pd.Index([f"c{number:05}" for number in range(len(table))], name="customer_id")
    return table.set_axis(names, axis=0), np.arange(len(places)) >= len(tight)


def unstable_row(seed: int, *, shape: str, refits: int = REFITS) -> dict[str, Any]:
    """Judge segments of which some are cut by chance; later spend and trials speak for all of them."""
    features, unsound = unstable_features(shape, seed=seed)
    plan = Plan(FULL, Recipe(columns=COLUMNS), "k-means", SHAPES[shape], "", seed)
    segmentation = fit(features, plan)
    segments = named_segments(segmentation, features)
    told = bootstrap_refits(segmentation, features, plan, past=None, refits=refits, seed=seed)
    trials = upset(segmentation, features, plan, past=None, earlier=None, seed=seed)
    card = reliability_card(speaking_for(told, trials, segments))
    alone = reliability_card(speaking_for(told, trials.iloc[:0], segments))
    cut = pd.Series(unsound, index=features.index).groupby(segments["segment"]).mean() > 0.5
    by_itself = card.segments["grounds"].str.startswith("By itself: act.") | (card.segments["verdict"] == "act")
    strict = card.segments["verdict"].eq(DO_NOT) & ~card.segments["grounds"].str.startswith("By itself")
    return {
        "cut": int(cut.sum()), "cut, not to act on": int((strict & cut).sum()),
        "cut, act": int((by_itself & cut).sum()), "sound": int((~cut).sum()),
        "cut, act by refits": int((alone.segments["verdict"].eq("act") & cut).sum()),
        "sound, doubted": int((~by_itself & ~cut).sum()),
        "jaccard of cut": told.jaccard.mean(axis=0)[cut].mean(), "of sound": told.jaccard.mean(axis=0)[~cut].mean(),
        "halves of cut": trials.loc[HALVES][cut.index[cut]].mean(axis=None),
        "verdict": card.verdict,
    }  # fmt: skip


def speaking_for(told: Refits, trials: pd.DataFrame, segments: pd.DataFrame) -> Evidence:
    """Let what customers do later speak for every segment."""
    names = segments.groupby("segment")["name"].first()
    later = pd.DataFrame({"customers": 100, "later_spend": 100.0 * (1 + np.arange(len(names)) ** 2)}, index=names)
    later = later.assign(came_back=0.5, came_back_low=0.4, came_back_high=0.6)
    later = later.assign(later_low=0.99 * later["later_spend"], later_high=1.01 * later["later_spend"])
    return Evidence(
        stability=stability_by_segment(told, names), agreement=refits_agreement(told)["agreement"],
        crowd_agreement=None, closer=None, trials=trials, sizes=segments["segment"].value_counts(), later=later,
        explained=(0.3, 0.4, 0.5), explained_return=None, order_kept=1.0,
    )  # fmt: skip


# Tables --------------------------------------------------------------------------------------------------------------


def rate(found: int, of: int) -> str:
    """Word a rate with Wilson's 95 % interval."""
    low, high = wilson_interval(found, of)
    return f"{found} of {of} ({low:.1%} to {high:.1%})"


def verdict_rates(rows: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Tell how often the card does not let anybody act, with hold-out and as if there were none."""
    return pd.DataFrame(
        {
            name: {
                "do not act": rate(int((table["verdict"] == DO_NOT).sum()), len(table)),
                "no segment says act": rate(int((table["act"] == 0).sum()), len(table)),
                "do not act, without hold-out": rate(int((table["without hold-out"] == DO_NOT).sum()), len(table)),
                "verdicts": ", ".join(f"{n} {v}" for v, n in table["verdict"].value_counts().items()),
                "mean told": f"{table['told'].mean():.2%}",
            }
            for name, table in rows.items()
        }
    ).T


def unstable_rates(rows: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Tell how often the cut segments are found, and how often a sound one is doubted."""
    return pd.DataFrame(
        {
            shape: {
                "cut segments not to act on": rate(int(table["cut, not to act on"].sum()), int(table["cut"].sum())),
                "cut segments to act on": rate(int(table["cut, act"].sum()), int(table["cut"].sum())),
                "the same, by refits alone": rate(int(table["cut, act by refits"].sum()), int(table["cut"].sum())),
                "sound segments doubted": rate(int(table["sound, doubted"].sum()), int(table["sound"].sum())),
                "found exactly": rate(
                    int(((table["cut, act"] == 0) & (table["sound, doubted"] == 0)).sum()), len(table)
                ),
                "Jaccard of cut, of sound": f"{table['jaccard of cut'].mean():.2f}, {table['of sound'].mean():.2f}",
                "Jaccard of cut between halves": f"{table['halves of cut'].mean():.2f}",
            }
            for shape, table in rows.items()
        }
    ).T


def main() -> None:
    """Run and print all parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--kinds", type=int, default=20, help="shops of planted kinds")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    told = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    pd.set_option("display.width", 250, "display.max_columns", 30, "display.max_colwidth", 60)
    seeds = range(told.first, told.first + told.seeds)
    cut = {shape: partial(unstable_row, shape=shape) for shape in SHAPES}
    rows = {shape: pd.DataFrame(in_parallel(work, seeds, processes=told.processes)) for shape, work in cut.items()}
    print(unstable_rates(rows).T.to_string(), "\n")
    shops = {f"noise, {'k = 5' if k else 'default'}": partial(noise_row, k=k) for k in (0, 5)}
    tables = {name: pd.DataFrame(in_parallel(work, seeds, processes=told.processes)) for name, work in shops.items()}
    if told.kinds:
        planted = in_parallel(kinds_row, range(told.first, told.first + told.kinds), processes=told.processes)
        tables["planted kinds"] = pd.DataFrame(planted)
    for name, table in tables.items():
        print(name, table.round(3).to_string(), "", sep="\n")
    print(verdict_rates(tables).T.to_string())


if __name__ == "__main__":
    main()
