"""Looks back, later spend and fairness: how long they take, how often intervals hold the truth and warnings are false.

1. With `--run`, the folder of a run that step 04 has finished (`data/runs/<name>`): seconds for the looks, for what
   segments did next, and for the check of leaks.
2. Intervals that say 95 %: shops drawn from a process whose truth is known, spend as skewed as a shop's.
3. Warnings of groups served much less: where chance alone decides, and where a group is served half as often.

Usage: python tests/benchmarks/looks.py [--run data/runs/retail] [--shops 200] [--customers 500]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation import cluster
from segmentation.choosing.measures import explained
from segmentation.engine import engine
from segmentation.gate import Allowed
from segmentation.proving.fairness import fairness_of_actions
from segmentation.proving.later import later_evidence, later_spend_by_group
from segmentation.proving.leaks import require_no_leak
from segmentation.proving.looks import look_back
from segmentation.proving.order import ALL_DAYS, order_by_day
from segmentation.proving.people_groups import people_groups

DAYS, LEVELS, LARGE = 5, np.array([60.0, 25.0, 10.0]), 200_000


def of_run(folder: Path) -> None:
    """Time each part on a run's clean orders."""
    steps = json.loads((folder / "manifest.json").read_text())["steps"].values()
    facts = {name: fact for step in steps for name, fact in step.get("facts", {}).items()}
    plan, as_of = cluster.Plan.of(facts["plan"]), pd.Timestamp(facts["as_of"]).date()
    features, past = (
        pd.read_parquet(folder / f"03_{name}.parquet").set_index("customer_id") for name in ("features", "past")
    )
    with tempfile.TemporaryDirectory() as scratch, engine(Path(scratch)) as connection:
        tables = {name: connection.read_parquet(folder / f"02_{name}.parquet") for name in facts["tables"]}
        orders = tables.pop("orders")
        began = [time.perf_counter()]
        looks = look_back(orders, allowed=Allowed("full"), as_of=as_of, days=0, fewest=plan.k, **tables)
        began.append(time.perf_counter())
        later_evidence(looks, plan, cluster.fit(features, plan, past=past), seed=7)
        began.append(time.perf_counter())
        require_no_leak(orders, looks.last, seed=7, **tables)
        began.append(time.perf_counter())
    parts = zip([f"{len(looks)} looks", "later spend", "check of leaks"], np.diff(began), strict=True)
    print(f"{folder.name}: " + ", ".join(f"{part} {seconds:.1f} s" for part, seconds in parts))


def shop(customers: int, *, seed: int, tells: bool) -> pd.DataFrame:
    """Draw customers on several days: a level by segment, one of their own that lasts, and chance; some stay away."""
    generator = np.random.default_rng(seed)
    segment = generator.choice(3, customers, p=[0.2, 0.3, 0.5])
    own = np.where(tells, LEVELS[segment], 30.0) * generator.lognormal(0, 0.8, customers)
    index = pd.Index([f"c{place:07}" for place in range(customers)], name="customer_id")
    parts = {}
    for day in range(DAYS):
        comes = generator.random(customers) < (np.array([0.7, 0.4, 0.2])[segment] if tells else 0.4)
        spent = np.where(comes, own * generator.lognormal(0, 0.6, customers), 0.0)
        columns = {"segment": segment, "recent_spend": own, "later_spend": spent, "later_orders": comes.astype(int)}
        parts[day] = pd.DataFrame(columns, index=index)
    return pd.concat(parts, names=["day"])


def coverage(shops: int, customers: int) -> None:
    """Count how often intervals hold what a very large shop of the same process shows."""
    for tells in (True, False):
        large = shop(LARGE, seed=0, tells=tells)
        means = large.groupby("segment")["later_spend"].mean()
        days = [
            explained(part["segment"].to_numpy(), part["later_spend"].to_numpy()) for _, part in large.groupby("day")
        ]
        ranks, money = (np.mean([day[name] for day in days]) for name in ("later_explained", "later_money_explained"))
        held = []
        for seed in range(1, shops + 1):
            drawn = shop(customers, seed=seed, tells=tells)
            table = later_spend_by_group(drawn, drawn["segment"], seed=seed)
            order = order_by_day(drawn, seed=seed).loc[ALL_DAYS]
            held.append(
                [
                    (means.between(table["later_low"].sort_index(), table["later_high"].sort_index())).mean(),
                    order["ranks_low"] <= ranks <= order["ranks_high"],
                    order["money_low"] <= money <= order["money_high"],
                    order["ranks_low"] > 0,
                ]
            )
        mean, rank, sum_of_money, beyond = np.mean(held, axis=0)
        print(
            f"{shops} shops of {customers}, segments tell {'much' if tells else 'nothing'}: 95 % intervals hold the "
            f"mean {mean:.1%}, the share told by ranks ({ranks:.3f}) {rank:.1%}, in money ({money:.3f}) "
            f"{sum_of_money:.1%}; told beyond chance {beyond:.1%}"
        )


def warnings(shops: int, customers: int) -> None:
    """Count the shops with a warning, where a group is served as often as others and where half as often."""
    for unfair in (1.0, 0.5):
        warned = []
        for seed in range(1, shops + 1):
            generator = np.random.default_rng(seed)
            people = pd.DataFrame(
                {
                    "gender": generator.choice(["f", "m", "x"], customers, p=[0.5, 0.45, 0.05]),
                    "age_years": generator.integers(16, 90, customers).astype(float),
                    "country": generator.choice([*"ABCDEF"], customers, p=[0.6, 0.2, 0.08, 0.06, 0.04, 0.02]),
                }
            )
            chance = np.where(people["gender"] == "f", 0.4 * unfair, 0.4)
            served = pd.DataFrame({"written to": generator.random(customers) < chance})
            fair = fairness_of_actions(served, people_groups(people, min_group=5))
            warned.append([fair["less_served"].any(), fair.loc[fair["less_served"], "group"].eq("f").any()])
        some, right = np.mean(warned, axis=0)
        print(
            f"{shops} shops of {customers}, one group served {unfair:.0%} as often: {some:.1%} warn, {right:.1%} of it"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--customers", type=int, default=500)
    asked = parser.parse_args()
    if asked.run:
        of_run(asked.run)
    coverage(asked.shops, asked.customers)
    warnings(asked.shops, asked.customers)
