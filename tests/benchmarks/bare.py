"""The rival on Online Retail II: the same work by bare library calls in one process, without notebooks or account.

DuckDB reads, cleans (the usual cleaning) and describes; scikit-learn fits as often as steps 04 and 05 do; seaborn and
matplotlib draw as many figures. Prints the number of customers, so that both are seen to work on the same ones.

Usage: python tests/benchmarks/bare.py online_retail_II.csv FOLDER
"""

import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_samples, silhouette_score
from sklearn.preprocessing import StandardScaler

COLUMNS = ["recency_days", "order_count", "net_spend", "average_order", "tenure_days", "product_count"]
READ = "create table lines as select * from read_csv(?, types={'Invoice': 'VARCHAR', 'StockCode': 'VARCHAR'})"
CLEAN = """
create table distinct_lines as select distinct * from lines;
create table clean as select * from distinct_lines
    where "Customer ID" is not null and Invoice not like 'C%' and Quantity > 0 and Price > 0;
"""
DESCRIBE = """
with gaps as (
    select "Customer ID" as customer, day, day - lag(day) over (partition by "Customer ID" order by day) as gap
    from (select distinct "Customer ID", InvoiceDate::date as day from clean where InvoiceDate < $day)
), rhythm as (
    select customer, median(gap) as median_gap_days from gaps group by customer
)
select "Customer ID" as customer, $day - max(InvoiceDate)::date as recency_days,
    count(distinct Invoice) as order_count, round(sum(Quantity * Price), 2) as net_spend,
    sum(Quantity * Price) / count(distinct Invoice) as average_order, $day - min(InvoiceDate)::date as tenure_days,
    count(distinct StockCode) as product_count, any_value(median_gap_days) as median_gap_days
from clean join rhythm on customer = "Customer ID" where InvoiceDate < $day group by "Customer ID" order by 1
"""
LATER = """
select "Customer ID" as customer, sum(Quantity * Price) as later from clean where InvoiceDate >= $day group by 1
"""


def fit(prepared: np.ndarray, k: int, starts: int, seed: int) -> KMeans:
    """Fit k-means."""
    return KMeans(k, n_init=starts, random_state=seed).fit(prepared)


def prepare(features: pd.DataFrame) -> np.ndarray:
    """Take logarithms, scale and clip."""
    return np.clip(StandardScaler().fit_transform(np.log1p(features[COLUMNS])), -3, 3)


def refits(prepared: np.ndarray, k: int, number: int) -> list[float]:
    """Compare fits on customers drawn again with the fit."""
    generator, labels = np.random.default_rng(7), fit(prepared, k, 5, 7).labels_
    samples = [prepared[generator.integers(0, len(prepared), len(prepared))] for _ in range(number)]
    return [adjusted_rand_score(labels, fit(sample, k, 3, 7 + i).predict(prepared)) for i, sample in enumerate(samples)]


def choose(prepared: np.ndarray) -> pd.DataFrame:
    """Measure two to ten segments."""
    generator = np.random.default_rng(7)
    crowd = generator.multivariate_normal(prepared.mean(axis=0), np.cov(prepared.T), 2500)
    rows = []
    for k in range(2, 11):
        labels = fit(prepared, k, 5, 7).labels_
        rows.append(
            {
                "agreement": np.mean(refits(prepared, k, 20)),
                "silhouette": silhouette_score(prepared, labels, sample_size=2500, random_state=7),
                "crowd": silhouette_score(crowd, fit(crowd, k, 3, 7).labels_),
                "davies_bouldin": davies_bouldin_score(prepared, labels),
            }
        )
    return pd.DataFrame(rows, index=range(2, 11))


def draw(folder: Path, features: pd.DataFrame, grounds: pd.DataFrame, centres: np.ndarray) -> None:
    """Draw twelve figures, as the report has."""
    for place, column in enumerate(COLUMNS):
        figure = Figure(figsize=(8, 3), layout="constrained")
        sns.histplot(x=np.log1p(features[column]), bins=24, ax=figure.subplots())
        figure.savefig(folder / f"histogram_{place}.png", dpi=110)
    for column in grounds:
        figure = Figure(figsize=(8, 3), layout="constrained")
        figure.subplots().plot(grounds.index, grounds[column])
        figure.savefig(folder / f"{column}.png", dpi=110)
    for place in range(2):
        figure = Figure(figsize=(8, 4), layout="constrained")
        sns.heatmap(centres, annot=True, ax=figure.subplots())
        figure.savefig(folder / f"centres_{place}.png", dpi=110)


def main(orders: Path, folder: Path) -> None:
    """Do the work of a run."""
    with duckdb.connect(folder / "bare.duckdb") as connection:
        connection.execute(READ, [str(orders)])
        connection.execute(CLEAN)
        last = connection.execute("select max(InvoiceDate)::date + 1 from clean").fetchone()[0]
        features = connection.execute(DESCRIBE, {"day": last}).df()
        day = last - pd.Timedelta(days=90).to_pytimedelta()
        past = connection.execute(DESCRIBE, {"day": day}).df().set_index("customer")
        later = connection.execute(LATER, {"day": day}).df().set_index("customer")["later"]
        connection.execute(f"copy clean to '{folder / 'clean.parquet'}'")
    prepared = prepare(features)
    grounds = choose(prepared)
    fitted = fit(prepared, 6, 5, 7)
    refits(prepared, 6, 50)
    sample = np.random.default_rng(7).choice(len(prepared), 2500, replace=False)
    silhouette_samples(prepared[sample], fitted.labels_[sample])
    past["later"] = later.reindex(past.index).fillna(0)
    past["segment"] = fit(prepare(past), 6, 5, 7).labels_
    past["rank"] = past.groupby("segment")["net_spend"].transform("mean")
    for i in range(200):
        drawn = past.sample(len(past), replace=True, random_state=i)
        for column in ("rank", "net_spend"):
            spearmanr(drawn[column], drawn["later"])
    draw(folder, features, grounds, fitted.cluster_centers_)
    for segment, members in features.groupby(fitted.labels_):
        members.to_csv(folder / f"segment_{segment}.csv")
    print(len(features))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
