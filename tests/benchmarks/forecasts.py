"""Measure on Online Retail II who tells best what customers do in the next quarter, on four cut-off days.

The orders are cleaned as the workbook does by default. As of the day after the last order, five looks back of 90 days
each are taken: the first is for learning only, on the other four the forecasters of `segmentation.forecasting` compete.
Each learns from the look before the day and from orders before the day. How many segments there are, and of what, is
chosen on the first day; they are fitted anew on each. The learners' settings were chosen on days up to 2010-09-16,
whose outcomes end where the first reported period begins (docs/decisions/0026-forecasts.md).

Printed are, for all four days together, the error of next quarter's revenue and the ROC AUC for return with the middle
95 % when customers are drawn again; the lead of the winner over each rival by the score that decides; the winner as the
other three days would have chosen it; each day's scores; coverage of the intervals; and seconds.

Usage: python tests/benchmarks/forecasts.py [online_retail_II.csv]
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.cluster import Plan, Wish, fit, segment_customers
from segmentation.engine import engine
from segmentation.features import collect, customer_features, day_after_last_order, past_for_choices
from segmentation.forecasting import Contest, Known, hold_contest, make_outlook, winner_in_words
from segmentation.forecasting.judging import middle, parts_by_day
from segmentation.forecasting.scoring import DECIDES, pooled
from segmentation.gate import FULL, Allowed
from segmentation.parameters import open_workbook
from segmentation.pipeline import run_pipeline
from segmentation.preparing import USUAL_FEATURES, Recipe
from segmentation.proving.looks import Look, looks_back
from segmentation.runs import PROJECT, Run

DAYS, SEED = 90, 7
SHOWN = {
    "value": ("deviance", "mae", "bias", "money_explained", "spearman", "top_share"),
    "returns": ("log_loss", "auc", "brier", "bias"),
}


def plan_of(look: Look) -> Plan:
    """Choose segments on one day with every parameter at its default, by what was known then."""
    earlier, _ = past_for_choices(look.orders, as_of=look.day)
    recipe = Recipe(columns=tuple(name for name in USUAL_FEATURES if look.features[name].notna().any()))
    wish = Wish("", 0, 10, 0.03, {}, "simple_rules")
    asked = {"recipe": recipe, "wish": wish, "allowed": Allowed(FULL), "refits": 20, "seed": SEED}
    return segment_customers(look.features, past=earlier, **asked).plan


def print_scores(contest: Contest) -> None:
    """Print every forecaster's scores of all days together, and of each day by the score that decides."""
    for target, names in SHOWN.items():
        scores = contest.scores[target].xs("all", level="day").sort_values(DECIDES[target])
        rows = {
            name: {
                score: f"{row[score]:,.3f} ({row[f'{score}_low']:,.3f}–{row[f'{score}_high']:,.3f})" for score in names
            }
            for name, row in scores.iterrows()
        }
        print(f"\n{target}, all days together\n{pd.DataFrame.from_dict(rows, orient='index').to_string()}")
        by_day = contest.scores[target][DECIDES[target]].unstack("day").loc[scores.index]
        print(f"\n{target}, {DECIDES[target]} by day\n{by_day.round(3).to_string()}")


def print_leads(contest: Contest) -> None:
    """Print how far the winner is ahead of each rival, drawn again in the same customers."""
    for target, winner in contest.winners.items():
        parts = parts_by_day(contest.forecasts, contest.actual, target=target, seed=SEED)
        drawn = {
            name: pooled([parts[name, day] for day in contest.days], target)[DECIDES[target]]
            for name in contest.forecasts
        }
        print(f"\n{target}: lead of {winner.name} in {DECIDES[target]}")
        for name, scores in drawn.items():
            low, high = middle(scores - drawn[winner.name])
            print(f"  over {name:28} {scores[0] - drawn[winner.name][0]:+.3f} ({low:+.3f} to {high:+.3f})")
        chosen = {name: np.round(value, 3) for name, value in winner.elsewhere.items()}
        print(f"  as the other days choose: {chosen}")


def main(csv: Path) -> None:
    """Measure and print."""
    if not csv.is_file():
        sys.exit(f"Skipped: {csv.name} is not there; data/SOURCES.md says where to get it.")
    run = Run("forecasts")
    run_pipeline(open_workbook(), run, given={"orders": [str(csv)]}, until="clean")
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as connection:
        orders = connection.read_parquet(run.artifacts / "02_orders.parquet")
        day = day_after_last_order(orders)
        looks = looks_back(orders, as_of=day, days=DAYS)
        plan = plan_of(looks[0])
        segmentations = {look.day: fit(look.features, plan) for look in looks[1:]}
        print(f"as of {day}: " + ", ".join(f"{look.day} ({len(look.features):,} customers)" for look in looks))
        start = time.perf_counter()
        contest = hold_contest(looks, segmentations, days=DAYS, seed=SEED)
        held = time.perf_counter() - start
        print_scores(contest)
        print_leads(contest)
        today = Known(day, collect(customer_features(orders, as_of=day)), orders)
        start = time.perf_counter()
        outlook = make_outlook(contest, looks, today, segmentation=fit(today.features, plan), seed=SEED)
        print("\n" + "\n".join([*winner_in_words(contest), *outlook.notes]))
        print(f"\ncontest {held:.1f} s, outlook of {len(outlook.table):,} {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT.parent / "shared" / "data" / "online_retail_II.csv")
