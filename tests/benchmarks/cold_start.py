"""Measure how often customers of a real shop are placed right from their first order alone.

Segments are found among those who had ordered by a day D, and what a first order tells is learnt from the same
customers. Everybody whose first order falls after D is then placed by that order. The truth is the segment that the
model on all orders gives them at the end of the data, with every order that has come by then. Rivals: the segment that
is largest among those who had ordered by D, and, beyond reach of any guess made beforehand, the segment that turned out
largest among the newcomers themselves.

    python tests/benchmarks/cold_start.py [--day 2011-06-01] [--orders online_retail_II.csv]
"""

import argparse
import datetime
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score

from segmentation import clean, cluster, ingest
from segmentation.assigning import Model, assign, build_model, cold_start_table, first_features, learn, learn_cold_start
from segmentation.assigning.coldstart import lately_come
from segmentation.assigning.schema import as_numbers
from segmentation.engine import engine
from segmentation.features import collect, customer_features, day_after_last_order, known_columns
from segmentation.gate import FULL
from segmentation.preparing import Recipe
from segmentation.runs import PROJECT
from segmentation.sources.parts import open_parts

ORDERS = PROJECT.parent / "shared" / "data" / "online_retail_II.csv"
DRAWS = 2_000


def described(orders: Path, day: datetime.date) -> dict[str, pd.DataFrame]:
    """Describe customers by the day and at the end, by all orders and by the first."""
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as connection:
        parts = open_parts(connection, [str(orders)], scratch=Path(folder))
        lines = connection.create_table(
            "lines", ingest.read_table(connection, parts, ingest.Hints(), table="orders").table
        )
        policy = clean.Policy()
        judged = clean.judge_orders(lines, policy, currency=clean.shop_currency(lines, policy))
        kept = connection.create_table("kept", clean.kept(judged))
        end = day_after_last_order(kept)
        return {
            "by the day": collect(customer_features(kept, as_of=day)),
            "first by the day": collect(first_features(kept, as_of=day)),
            "at the end": collect(customer_features(kept, as_of=end)),
            "first at the end": collect(first_features(kept, as_of=end)),
        }


def interval(right: np.ndarray, *, seed: int) -> tuple[float, float, float]:
    """Measure a mean and its 95 % interval over customers drawn again."""
    draws = np.random.default_rng(seed).choice(right, size=(DRAWS, len(right))).mean(axis=1)
    return float(right.mean()), *np.quantile(draws, [0.025, 0.975]).tolist()


def show(name: str, told: np.ndarray, truth: np.ndarray) -> None:
    """Print how often one way of placing is right, and its mean over the segments."""
    share, low, high = interval((told == truth).astype(float), seed=7)
    print(f"  {name:50} {share:6.1%}  ({low:.1%} to {high:.1%})   balanced {balanced_accuracy_score(truth, told):.1%}")


def measure(orders: Path, day: datetime.date, *, k: int, seed: int) -> None:
    """Place the newcomers after a day and print how often that was right."""
    tables = described(orders, day)
    known = tables["by the day"]
    fitted = cluster.fit(known, cluster.Plan(FULL, Recipe(), "k-means", k, "", seed))
    segments = cluster.assign_segments(fitted, known)["segment"].astype("int64")
    names = list(fitted.names)
    learned = learn(known, segments, columns=known_columns(known), seed=seed)
    cold = learn_cold_start(tables["first by the day"], segments, names=names, seed=seed)
    model = build_model(learned, cold, known, segments, names=names)
    print(cold_start_table(cold).to_string(index=False))

    new = tables["at the end"].index.difference(known.index)
    truth = as_told(model, tables["at the end"].loc[new])
    first = tables["first at the end"].loc[new].assign(order_count=1.0)
    told = assign(replace(model, newcomer_days=np.inf), first)["segment"].to_numpy("int64")
    fresh = first.assign(recency_days=1.0, tenure_days=1.0)
    guesses = {
        "placed by the first order and the days since": told,
        "the model on all orders, a day after the first": as_told(model, fresh),
        "the largest segment by the day": np.full(len(new), segments.mode()[0]),
        "the largest of those who came lately by the day": np.full(
            len(new), segments[lately_come(tables["first by the day"]).index].mode()[0]
        ),
        "the largest among the newcomers, known afterwards": np.full(len(new), np.bincount(truth).argmax()),
    }
    once = (tables["at the end"].loc[new, "order_count"] == 1).to_numpy()
    for title, rows in (("all newcomers", np.full(len(new), True)), ("those with one order at the end", once)):
        print(f"\n{rows.sum():,} customers, first order from {day} on: {title}; {k} segments")
        for name, guess in guesses.items():
            show(name, guess[rows], truth[rows])


def as_told(model: Model, features: pd.DataFrame) -> np.ndarray:
    """Give the segment that the model on all orders tells."""
    rung = model.rungs[0]
    return np.asarray(rung.learned.model.predict(as_numbers(features, rung.learned.schema)), dtype="int64")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=Path, default=ORDERS)
    parser.add_argument("--day", type=datetime.date.fromisoformat, default=datetime.date(2011, 6, 1))
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    if not given.orders.exists():
        print(f"Not measured: there is no {given.orders.name}; name its place with --orders.")
        return
    measure(given.orders, given.day, k=given.k, seed=given.seed)


if __name__ == "__main__":
    main()
