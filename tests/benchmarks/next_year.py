"""Measure on Online Retail II whether segments differ in next year's revenue more than the RFM map does.

Customers are described as of 2010-12-10, one year in, and segmented as step 04 does; the year that follows tells. The
RFM map is merged to as many groups by past spend: of two groups that are neighbours in mean past spend, those are put
together whose merging loses the least. Measured is the share of the variance of next year's revenue between groups (eta
squared), by ranks and by pounds, and the middle 95 % of the segments' lead when customers are drawn again.

Usage: python tests/benchmarks/next_year.py [online_retail_II.csv]
"""

import datetime
import itertools
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from segmentation.choosing.measures import share_between
from segmentation.choosing.stability import closest_jaccard, refit_labels, shared_customers
from segmentation.cluster import Segmented, Wish, segment_customers
from segmentation.engine import engine
from segmentation.features import orders_before, past_features, past_for_choices
from segmentation.gate import FULL, Allowed
from segmentation.parameters import open_workbook
from segmentation.pipeline import run_pipeline
from segmentation.preparing import USUAL_FEATURES, Recipe
from segmentation.rfm import rfm_segments
from segmentation.runs import PROJECT, Run

DAY, UNTIL = datetime.date(2010, 12, 10), datetime.date(2011, 12, 10)
DRAWS, REFITS, SEED = 1_000, 50, 7


def customers_of_year_one(csv: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clean the orders as the workbook does by default, and describe customers after one year.

    Returns
    -------
    Customers after one year with what followed; customers of an earlier day of that year, which choices go by
    """
    with tempfile.TemporaryDirectory() as folder:
        run_pipeline(open_workbook(), Run("next-year"), given={"orders": [str(csv)]}, until="clean")
        with engine(Path(folder)) as connection:
            orders = connection.read_parquet(Run("next-year").artifacts / "02_orders.parquet")
            earlier, _ = past_for_choices(orders_before(orders, DAY), as_of=DAY)
            return past_features(orders, as_of=UNTIL, days=(UNTIL - DAY).days), earlier


def recommended(features: pd.DataFrame, earlier: pd.DataFrame) -> Segmented:
    """Segment customers with every parameter at its default; nothing of what followed is known."""
    wish = Wish("", 0, 10, 0.03, {}, "simple_rules")
    recipe = Recipe(columns=tuple(name for name in USUAL_FEATURES if features[name].notna().any()))
    asked = {"recipe": recipe, "wish": wish, "allowed": Allowed(FULL), "refits": 20, "seed": SEED}
    return segment_customers(features, past=earlier, **asked)


def merged_map(features: pd.DataFrame, *, k: int) -> np.ndarray:
    """Merge the names of the RFM map to k groups by past spend."""
    names = rfm_segments(features)
    told = features["net_spend"].groupby(names).agg(["mean", "size"]).sort_values("mean")
    groups = [[name] for name in told.index]
    while len(groups) > k:
        losses = [loss(told, *pair) for pair in itertools.pairwise(groups)]
        place = int(np.argmin(losses))
        groups[place : place + 2] = [groups[place] + groups[place + 1]]
    return names.map({name: place for place, group in enumerate(groups) for name in group}).to_numpy()


def loss(told: pd.DataFrame, first: list[str], second: list[str]) -> float:
    """Measure the variance that merging two groups hides."""
    sizes = [told.loc[group, "size"].sum() for group in (first, second)]
    means = [np.average(told.loc[group, "mean"], weights=told.loc[group, "size"]) for group in (first, second)]
    return sizes[0] * sizes[1] / sum(sizes) * (means[0] - means[1]) ** 2


def leads(spent: np.ndarray, segments: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Draw customers again and measure the middle 95 % of the segments' lead."""
    rng = np.random.default_rng(SEED)
    drawn = [rng.integers(0, len(spent), len(spent)) for _ in range(DRAWS)]
    lead = [share_between(spent[d], segments[d]) - share_between(spent[d], groups[d]) for d in drawn]
    return tuple(np.quantile(lead, [0.025, 0.975]))


def main(csv: Path) -> None:
    """Measure and print."""
    if not csv.is_file():
        sys.exit(f"Skipped: {csv.name} is not there; data/SOURCES.md says where to get it.")
    features, earlier = customers_of_year_one(csv)
    segmented = recommended(features, earlier)
    print(f"{len(features):,} customers as of {DAY}. {segmented.why}\n")
    segments = segmented.segments["segment"].to_numpy()
    groups = merged_map(features, k=segmented.k)
    spent = features["later_spend"].to_numpy()
    for words, values in (("ranks", rankdata(spent)), ("pounds", spent)):
        own, other = share_between(values, segments), share_between(values, groups)
        low, high = leads(values, segments, groups)
        print(
            f"{words:7} segments {own:.3f}  RFM map in {segmented.k} groups {other:.3f}  lead {low:+.3f} to {high:+.3f}"
        )
    prepared = segmented.segmentation.prepared(features)
    algorithm = segmented.segmentation.grouping.algorithm
    again = refit_labels(prepared, algorithm=algorithm, k=segmented.k, refits=REFITS, seed=SEED)
    jaccard = np.mean([closest_jaccard(shared_customers(segments, other)) for other in again], axis=0)
    print(
        "\n"
        + "\n".join(
            f"Jaccard {value:.2f}  {name}" for value, name in zip(jaccard, segmented.segmentation.names, strict=True)
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT.parent / "shared" / "data" / "online_retail_II.csv")
