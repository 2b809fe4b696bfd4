"""How often the verdict is to refit when something has changed between two runs, and when nothing has.

Shops of the usual seven kinds, whose customers come in seven waves half a year apart, so that the same goes on and only
the shop's age changes. Two pairs of runs: two days of one shop, half a year apart, with changes from the earlier day on
(two pairs of days before are the yardstick); and two shops drawn from the same process as of the same day, with the
second changed from its beginning. Segments of the earlier run are those of step 04 with at most eight of them.

Usage: python tests/benchmarks/drift.py [--seeds 50] [--first 1] [--customers 2400] [--processes 2]
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))

from drifting import (
    CHANGES,
    FOREIGN,
    NOW,
    OLDER,
    OLDEST,
    THEN,
    World,
    described,
    in_waves,
    made_orders,
    old_segments,
    verdict_on,
)

from segmentation.engine import engine

FOREIGN_SHARE = 0.4  # as many as customers
REFITS = 30


def verdicts(seed: int, *, customers: int) -> list[dict[str, object]]:
    """Draw two shops, change each in every way, and decide each time."""
    told = []
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder) / "engine") as connection, threadpool_limits(1):
        draw = partial(made_orders, connection)
        orders, kinds = draw(Path(folder) / "one", customers=customers, seed=seed)
        others, other_kinds = draw(Path(folder) / "other", customers=customers, seed=seed + 10_000)
        foreign, _ = draw(
            Path(folder) / "foreign", customers=int(FOREIGN_SHARE * customers), seed=seed + 20_000, kinds=FOREIGN
        )
        foreign = foreign.assign(customer_id="new " + foreign["customer_id"], order_id="new " + foreign["order_id"])
        orders, others = in_waves(orders, seed=seed), in_waves(others, seed=seed + 10_000)
        old = old_segments([described(connection, orders, day=day) for day in (OLDEST, OLDER, THEN)], refits=REFITS)
        late = orders["ordered_at"] >= pd.Timestamp(THEN)
        every = pd.Series(True, index=others.index)
        for word, change in CHANGES.items():
            now = described(connection, change(World(kinds, foreign, seed), orders, late), day=NOW)
            drawn = described(connection, change(World(other_kinds, foreign, seed), others, every), day=THEN)
            days, draws = verdict_on(old, now, of_one_shop=True), verdict_on(old, drawn, of_one_shop=False)
            told += [
                {"seed": seed, "pair": "two days", "change": word, "verdict": days.word, "why": days.grounds},
                {"seed": seed, "pair": "two draws", "change": word, "verdict": draws.word, "why": draws.grounds},
            ]
    return told


def main() -> None:
    """Run the seeds and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"seeds": 50, "first": 1, "customers": 2400, "processes": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    began = time.monotonic()
    seeds = range(given.first, given.first + given.seeds)
    work = partial(verdicts, customers=given.customers)
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        told = pd.DataFrame([row for rows in pool.map(work, seeds) for row in rows])
    table = told.groupby(["pair", "change"], sort=False)["verdict"].value_counts().unstack(fill_value=0)
    print(
        table.reindex(columns=["refit", "watch", "no need"], fill_value=0).sort_index(
            level="pair", sort_remaining=False
        )
    )
    wrong = told[(told["verdict"] == "refit") == (told["change"] == "nothing")]
    for row in wrong.itertuples():
        print(row.seed, row.pair, row.change, row.verdict, *row.why, sep=" · ")
    print(
        f"{given.seeds} seeds, {given.customers:,} customers, {os.cpu_count()} cores, {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
