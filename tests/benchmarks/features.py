"""Measure order lines to features: the workbook beside hand-written DuckDB SQL, pandas and polars.

Makes order lines as Parquet, the same ones each time: a customer a tenth as many as lines, 2.5 lines an order on
average, 5,000 products in 40 categories, returns, refunds, discounts, coupons, two years. Each contender reads them in
a process of its own, in turn, and writes all features that orders tell, one row a customer, as Parquet. The workbook
keeps its DuckDB to 512 MB; hand-written SQL, pandas and polars take what they need, and the SQL runs once more with
512 MB. Results must agree.

    pip install -r tests/benchmarks/requirements.txt
    python tests/benchmarks/features.py --lines 10000000
"""

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

DAY = datetime.date(2026, 1, 1)
FIRST = np.datetime64("2024-01-01T00:00:00")
SECONDS = 730 * 86_400
PRODUCTS, CATEGORIES = 5_000, 40
ROWS = 122_880  # rows of a Parquet group
TARGETS = {"SQL by hand": 1.3, "pandas": 1.0, "polars": 1.0}
MONTHS = {
    "spring_share": [3, 4, 5],
    "summer_share": [6, 7, 8],
    "autumn_share": [9, 10, 11],
    "winter_share": [12, 1, 2],
    "gift_season_share": [11, 12],
}


# --- the lines


def texts(places: np.ndarray, words: list[str], *, where: np.ndarray | None = None) -> pa.Array:
    """Write words by their places, null where they are not told."""
    indices = pa.array(places.astype("int32"), mask=None if where is None else ~where)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words)).cast(pa.string())


def make_lines(path: Path, lines: int) -> None:
    """Write order lines as Parquet, sorted by time as a shop's export is, half a million orders at a time."""
    rng = np.random.default_rng(7)
    customers = [f"customer{number:07d}@example.com" for number in range(max(1, lines // 10))]
    category = rng.integers(0, CATEGORIES, PRODUCTS)
    price = np.exp(rng.normal(3, 0.6, PRODUCTS)).round(2)
    left, number, second, writer = lines, 0, 0.0, None
    while left > 0:
        orders = min(500_000, left)
        size = rng.integers(1, 5, orders)
        orders = min(orders, int(np.searchsorted(size.cumsum(), left)) + 1)
        size = size[:orders]
        span = SECONDS * min(1.0, size.sum() / lines)
        placed = np.sort(rng.uniform(second, min(second + span, SECONDS - 1), orders)).astype("int64")
        table = order_lines(rng, size, placed, number, customers, category, price)[:left]
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=ROWS)
        left, number, second = left - len(table), number + orders, second + span
    writer.close()


def order_lines(
    rng: np.random.Generator,
    size: np.ndarray,
    placed: np.ndarray,
    number: int,
    customers: list[str],
    category: np.ndarray,
    price: np.ndarray,
) -> pa.Table:
    """Draw the lines of some orders of given sizes and times."""
    orders = np.arange(len(size))
    customer = (len(customers) * rng.power(0.7, len(size))).astype(int)
    coupon, channel = rng.random(len(size)) < 0.1, rng.integers(0, 3, len(size))
    of = np.repeat(orders, size)
    product = (PRODUCTS * rng.power(0.5, len(of))).astype(int)
    quantity = rng.integers(1, 5, len(of)) * np.where(rng.random(len(of)) < 0.03, -1, 1)
    unit_price = (price[product] * rng.choice([0.9, 1.0, 1.1], len(of))).round(2)
    bought = np.clip(quantity, 0, None) * unit_price
    discount = np.where(rng.random(len(of)) < 0.2, (0.1 * bought).round(2), 0.0)
    refunded = np.where(rng.random(len(of)) < 0.02, (0.5 * bought).round(2), 0.0)
    countries = ["DE", "AT", "CH", "NL", "FR", "BE", "IT", "ES"]
    return pa.table(
        {
            "order_id": texts(of, [f"#{1000 + number + order}" for order in orders]),
            "customer_id": texts(customer[of], customers),
            "ordered_at": FIRST + placed[of].astype("timedelta64[s]").astype("timedelta64[us]"),
            "product_id": texts(product, [f"SKU-{item:05d}" for item in range(PRODUCTS)]),
            "category": texts(category[product], [f"category {item}" for item in range(CATEGORIES)]),
            "quantity": quantity,
            "unit_price": unit_price,
            "discount": discount,
            "refunded": refunded,
            "country": texts((customer % 8)[of], countries),
            "channel": texts(channel[of], ["web", "app", "pos"]),
            "coupon": texts(np.zeros(len(of)), ["SAVE10"], where=coupon[of]),
            "orders_in_row": pa.array(np.ones(len(of), dtype="int64")),
        }
    )


# --- the contenders: each reads the lines and writes one row a customer


def by_workbook(lines: Path, out: Path, folder: Path) -> None:
    """Describe customers as step 03 does."""
    from segmentation.engine import engine
    from segmentation.features import customer_features

    with engine(folder) as connection:
        customer_features(connection.read_parquet(lines), as_of=DAY).to_parquet(out)


SQL = f"""
create temp table orders as
select customer_id, order_id, min(ordered_at) filter (quantity > 0) as placed,
    sum(quantity * unit_price - discount - refunded) as net,
    sum(quantity * unit_price - discount) filter (quantity > 0) as value,
    sum(quantity * unit_price) filter (quantity > 0) as list_value,
    sum(quantity * unit_price) filter (quantity > 0 and (discount > 0 or coupon is not null)) as reduced,
    sum(quantity) filter (quantity > 0) as pieces,
    max(orders_in_row) filter (quantity > 0) as orders,
    bool_or(coupon is not null) filter (quantity > 0) as coupon,
    min(channel) filter (quantity > 0) as channel, min(country) filter (quantity > 0) as country
from read_parquet($lines) where ordered_at < timestamp '{DAY}' group by customer_id, order_id;

create temp table days as
select customer_id, placed::date as day, count(placed) as placed, sum(orders) as orders, sum(net) as net,
    sum(value) as value, sum(list_value) as list_value, sum(reduced) as reduced, sum(pieces) as pieces,
    count(*) filter (coupon) as coupons, count(*) filter (hour(placed) >= 18) as evenings,
    count(*) filter (placed > date_trunc('day', placed)) as timed
from orders group by all;

create temp table customers as
select customer_id, date '{DAY}' - max(day) as recency_days, sum(orders) as order_count,
    round(sum(net), 2) as net_spend, date '{DAY}' - min(day) as tenure_days, arg_min(value, day) as first_order_value,
    coalesce(sum(value) filter (day >= date '{DAY}' - 90), 0) as recent,
    coalesce(sum(value) filter (day >= date '{DAY}' - 180 and day < date '{DAY}' - 90), 0) as past,
    sum(value) as value, sum(list_value) as list_value, coalesce(sum(reduced), 0) as reduced, sum(pieces) as pieces,
    sum(placed) as placed, sum(coupons) as coupons,
    sum(placed) filter (isodow(day) >= 6) as weekend_share, sum(evenings) filter (timed > 0) as evening_share,
    {", ".join(f"sum(placed) filter (month(day) in {tuple(months)}) as {name}" for name, months in MONTHS.items())}
from days group by customer_id having sum(placed) > 0;

create temp table gaps as
select customer_id, median(gap) as median_gap_days, stddev_samp(gap) / avg(gap) as gap_spread
from (select customer_id, day - lag(day) over (partition by customer_id order by day) as gap
    from days where day is not null) where gap is not null group by customer_id;

create temp table products as
select customer_id, count(*) as product_count
from (select distinct customer_id, product_id from read_parquet($lines)
    where quantity > 0 and ordered_at < timestamp '{DAY}') group by customer_id;

create temp table prices as
select category, median(unit_price) as middle
from read_parquet($lines) where quantity > 0 and ordered_at < timestamp '{DAY}' group by category;

create temp table spend as
select customer_id, category, greatest(round(sum(quantity * unit_price - discount), 2), 0) as spend,
    sum(quantity * unit_price) as list_value, sum(quantity) as pieces
from read_parquet($lines)
where quantity > 0 and ordered_at < timestamp '{DAY}' and category is not null group by all;

create temp table categories as
select customer_id, count(*) as category_count,
    log2(nullif(sum(spend), 0)) - sum(case when spend > 0 then spend * log2(spend) else 0 end) / nullif(sum(spend), 0)
        as category_entropy,
    max(spend) / nullif(sum(spend), 0) as favourite_share, sum(list_value / middle) / sum(pieces) as price_level,
    min((-spend, category))[2] as favourite_category
from spend join prices using (category) group by customer_id;

create temp table channels as
select customer_id, min((-n, channel))[2] as channel
from (select customer_id, channel, count(*) as n from orders where placed is not null group by all) group by all;

create temp table countries as
select customer_id, min((-n, country))[2] as country
from (select customer_id, country, count(*) as n from orders where placed is not null group by all) group by all;

copy (
select customer_id, recency_days, order_count, net_spend, net_spend / order_count as average_order, tenure_days,
    median_gap_days, gap_spread, recency_days - median_gap_days as overdue_days,
    case when recent + past > 0 then (recent - past) / (recent + past) else 0 end as spend_trend, first_order_value,
    product_count, category_count, category_entropy, favourite_share, pieces / order_count as pieces_per_order,
    price_level, case when list_value > 0 then reduced / list_value else 0 end as discount_share,
    coupons / placed as coupon_share,
    case when value > 0 then least(greatest(1 - net_spend / value, 0), 1) else 0 end as return_share,
    favourite_category,
    coalesce(weekend_share, 0) / placed as weekend_share, evening_share / placed as evening_share,
    {", ".join(f"coalesce({name}, 0) / placed as {name}" for name in MONTHS)}, channel, country
from customers left join gaps using (customer_id) left join products using (customer_id)
    left join categories using (customer_id) left join channels using (customer_id)
    left join countries using (customer_id)
) to $out (format parquet);
"""


def by_sql(lines: Path, out: Path, folder: Path, *, memory: str = "80%") -> None:
    """Describe customers by SQL written by hand, each table computed once; by default with DuckDB's usual memory."""
    import duckdb

    options = {"temp_directory": str(folder), "memory_limit": memory, "preserve_insertion_order": False}
    with duckdb.connect(str(folder / "hand.duckdb"), config=options) as connection:
        connection.execute("set enable_progress_bar = false")
        for statement in SQL.split(";\n")[:-1]:
            told = {"lines": str(lines), "out": str(out)}
            connection.execute(statement, {name: value for name, value in told.items() if f"${name}" in statement})


def by_sql_in_little_memory(lines: Path, out: Path, folder: Path) -> None:
    """Describe customers by the same SQL in the memory that the workbook allows itself."""
    by_sql(lines, out, folder, memory="512MB")


def by_pandas(lines: Path, out: Path, folder: Path) -> None:
    """Describe customers with pandas."""
    known = pd.read_parquet(lines).query("ordered_at < @pd.Timestamp(@DAY)")
    known["net"] = known["quantity"] * known["unit_price"] - known["discount"] - known["refunded"]
    net = known.groupby("customer_id")["net"].sum().round(2)
    bought = known[known["quantity"] > 0].copy()
    bought["list_value"] = bought["quantity"] * bought["unit_price"]
    bought["value"] = bought["list_value"] - bought["discount"]
    reduced = (bought["discount"] > 0) | bought["coupon"].notna()
    bought["reduced"] = bought["list_value"].where(reduced, 0.0)
    bought["coupon"] = bought["coupon"].notna()
    sums = ["list_value", "value", "reduced"]
    orders = bought.groupby(["customer_id", "order_id"], as_index=False).agg(
        **{name: (name, "sum") for name in sums}, placed=("ordered_at", "min"), pieces=("quantity", "sum"),
        orders=("orders_in_row", "max"), coupon=("coupon", "max"), channel=("channel", "min"),
        country=("country", "min"),
    )  # fmt: skip
    orders["day"] = orders["placed"].dt.normalize()
    orders["weekend_share"] = orders["day"].dt.dayofweek >= 5
    orders["evening_share"] = orders["placed"].dt.hour >= 18
    for name, months in MONTHS.items():
        orders[name] = orders["day"].dt.month.isin(months)
    today = pd.Timestamp(DAY)
    for name, start in (("recent", 90), ("past", 180)):
        since = today - pd.Timedelta(days=start)
        within = (orders["day"] >= since) & (orders["day"] < since + pd.Timedelta(days=90))
        orders[name] = orders["value"].where(within, 0.0)
    shares = ["weekend_share", "evening_share", *MONTHS]
    orders["timed"] = orders["placed"] > orders["day"]
    told = orders.groupby("customer_id").agg(
        **{name: (name, "sum") for name in [*sums, "pieces", "orders", "recent", "past", "coupon"]},
        **{name: (name, "mean") for name in shares}, timed=("timed", "max"),
        placed=("day", "size"), last=("day", "max"), first=("day", "min"),
    )  # fmt: skip
    table = told[shares].assign(
        recency_days=(today - told["last"]).dt.days, order_count=told["orders"], net_spend=net.reindex(told.index)
    )
    table["evening_share"] = table["evening_share"].where(told["timed"])
    table["average_order"] = table["net_spend"] / table["order_count"]
    table["tenure_days"] = (today - told["first"]).dt.days
    days = orders.groupby(["customer_id", "day"], as_index=False)["value"].sum()
    days["gap"] = days.groupby("customer_id")["day"].diff().dt.days
    gaps = days.groupby("customer_id")["gap"].agg(["median", "std", "mean"])
    table["median_gap_days"], table["gap_spread"] = gaps["median"], gaps["std"] / gaps["mean"]
    table["overdue_days"] = table["recency_days"] - table["median_gap_days"]
    change = (told["recent"] - told["past"]) / (told["recent"] + told["past"]).replace(0, np.nan)
    table["spend_trend"] = change.fillna(0)
    table["first_order_value"] = days.drop_duplicates("customer_id").set_index("customer_id")["value"]
    products = bought[["customer_id", "product_id"]].drop_duplicates()
    table["product_count"] = products.groupby("customer_id").size()
    middle = bought.groupby("category")["unit_price"].median()
    spend = bought.groupby(["customer_id", "category"], as_index=False)[["value", "list_value", "quantity"]].sum()
    spend["spend"] = spend["value"].round(2)
    spend["weighed"] = spend["list_value"] / spend["category"].map(middle)
    spend["bits"] = spend["spend"] * np.log2(spend["spend"].where(spend["spend"] > 0, 1.0))
    sums_of = spend.groupby("customer_id")[["spend", "weighed", "bits", "quantity"]].sum()
    by_customer = spend.groupby("customer_id")["spend"]
    total = sums_of["spend"].replace(0, np.nan)
    table["category_count"] = by_customer.size()
    table["category_entropy"] = np.log2(total) - sums_of["bits"] / total
    table["favourite_share"] = by_customer.max() / total
    table["pieces_per_order"] = told["pieces"] / told["orders"]
    table["price_level"] = sums_of["weighed"] / sums_of["quantity"]
    table["discount_share"] = told["reduced"] / told["list_value"]
    table["coupon_share"] = told["coupon"] / told["placed"]
    table["return_share"] = (1 - table["net_spend"] / told["value"]).clip(0, 1)
    best = spend.sort_values(["spend", "category"], ascending=[False, True]).drop_duplicates("customer_id")
    table["favourite_category"] = best.set_index("customer_id")["category"]
    for name in ("channel", "country"):
        counts = orders.groupby(["customer_id", name]).size().reset_index(name="n")
        best = counts.sort_values(["n", name], ascending=[False, True]).drop_duplicates("customer_id")
        table[name] = best.set_index("customer_id")[name]
    table.reset_index().to_parquet(out)


def by_polars(lines: Path, out: Path, folder: Path) -> None:
    """Describe customers with polars, lazily, by its streaming engine."""
    import polars as pl

    col, customer, today = pl.col, "customer_id", pl.lit(DAY)
    known = pl.scan_parquet(lines).filter(col("ordered_at") < pl.lit(DAY).cast(pl.Datetime))
    net = col("quantity") * col("unit_price") - col("discount") - col("refunded")
    money = known.group_by(customer).agg(net_spend=net.sum().round(2))
    bought = known.filter(col("quantity") > 0).with_columns(list_value=col("quantity") * col("unit_price"))
    bought = bought.with_columns(value=col("list_value") - col("discount"), coupon=col("coupon").is_not_null())
    reduced = (col("discount") > 0) | col("coupon")
    orders = bought.group_by(customer, "order_id").agg(
        col("list_value").sum(), col("value").sum(), reduced=col("list_value").filter(reduced).sum(),
        placed=col("ordered_at").min(), pieces=col("quantity").sum(), orders=col("orders_in_row").max(),
        coupon=col("coupon").any(), channel=col("channel").min(), country=col("country").min(),
    ).with_columns(day=col("placed").dt.date()).collect(engine="streaming").lazy()  # fmt: skip
    days = orders.group_by(customer, "day").agg(
        col("list_value", "value", "reduced", "pieces", "orders").sum(), coupons=col("coupon").sum(), placed=pl.len(),
        evening_share=(col("placed").dt.hour() >= 18).sum(), timed=(col("placed").dt.time() > datetime.time()).any(),
    ).collect(engine="streaming").lazy()  # fmt: skip
    ago = (today - col("day")).dt.total_days()
    told = days.group_by(customer).agg(
        col("list_value", "value", "reduced", "pieces", "coupons", "placed", "evening_share").sum(),
        col("timed").any(), recency_days=ago.min(), tenure_days=ago.max(), order_count=col("orders").sum(),
        first_order_value=col("value").sort_by("day").first(),
        recent=col("value").filter(ago <= 90).sum(), past=col("value").filter((ago > 90) & (ago <= 180)).sum(),
        weekend_share=col("placed").filter(col("day").dt.weekday() >= 6).sum(),
        **{name: col("placed").filter(col("day").dt.month().is_in(months)).sum() for name, months in MONTHS.items()},
        gap=col("day").sort().diff().dt.total_days().drop_nulls(),
    ).with_columns(
        median_gap_days=col("gap").list.median(), gap_spread=col("gap").list.std() / col("gap").list.mean()
    ).drop("gap")  # fmt: skip
    products = bought.select(customer, "product_id").unique().group_by(customer).agg(product_count=pl.len())
    middle = bought.group_by("category").agg(middle=col("unit_price").median())
    spend = bought.group_by(customer, "category").agg(
        spend=col("value").sum().round(2), list_value=col("list_value").sum(), items=col("quantity").sum()
    ).join(middle, on="category").collect(engine="streaming").lazy()  # fmt: skip
    spent, total = col("spend"), pl.when(col("spend").sum() > 0).then(col("spend").sum())
    categories = spend.group_by(customer).agg(
        category_count=pl.len(),
        category_entropy=total.log(2) - (spent * pl.when(spent > 0).then(spent).otherwise(1.0).log(2)).sum() / total,
        favourite_share=spent.max() / total,
        price_level=(col("list_value") / col("middle")).sum() / col("items").sum(),
        favourite_category=col("category").filter(spent == spent.max()).min(),
    )
    table = told
    for name in ("channel", "country"):
        counts = orders.group_by(customer, name).agg(n=pl.len())
        best = counts.group_by(customer).agg(col(name).filter(col("n") == col("n").max()).min())
        table = table.join(best, on=customer, how="left")
    for part in (money, products, categories):
        table = table.join(part, on=customer, how="left")
    change = col("recent") + col("past")
    shares = ("weekend_share", *MONTHS)
    table.select(
        customer, "recency_days", "order_count", "net_spend", "tenure_days", "median_gap_days", "gap_spread",
        "first_order_value", "product_count", "category_count", "category_entropy", "favourite_share", "price_level",
        "favourite_category", "channel", "country", *(col(name) / col("placed") for name in shares),
        evening_share=pl.when(col("timed")).then(col("evening_share") / col("placed")),
        average_order=col("net_spend") / col("order_count"), overdue_days=col("recency_days") - col("median_gap_days"),
        spend_trend=pl.when(change > 0).then((col("recent") - col("past")) / change).otherwise(0.0),
        pieces_per_order=col("pieces") / col("order_count"), discount_share=col("reduced") / col("list_value"),
        coupon_share=col("coupons") / col("placed"),
        return_share=(1 - col("net_spend") / col("value")).clip(0, 1),
    ).collect(engine="streaming").write_parquet(out)  # fmt: skip


CONTENDERS: dict[str, Callable[[Path, Path, Path], None]] = {
    "workbook": by_workbook,
    "SQL by hand": by_sql,
    "SQL, 512 MB": by_sql_in_little_memory,
    "pandas": by_pandas,
    "polars": by_polars,
}


# --- the comparison


def run_one(name: str, lines: Path, out: Path) -> None:
    """Run one contender in this process and print its seconds and its most memory."""
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        began, busy = time.perf_counter(), time.process_time()
        CONTENDERS[name](lines, out, Path(folder))
        seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak}))


def measured(name: str, lines: Path, out: Path) -> dict[str, float]:
    """Run one contender in a process of its own; nothing comes back when it fails, which is printed."""
    words = [sys.executable, __file__, "--only", name, "--file", str(lines), "--out", str(out)]
    told = subprocess.run(words, capture_output=True, text=True)
    if told.returncode:
        why = next((line for line in told.stderr.splitlines() if "Exception" in line or "Error" in line[:60]), "killed")
        print(f"{name:12} failed: {why}", flush=True)
        return {}
    return json.loads(told.stdout.splitlines()[-1])


def differences(first: Path, other: Path) -> dict[str, int]:
    """Count the customers about whom two results differ, by feature; money may differ by a cent."""
    from segmentation.describing.registry import FEATURES

    tables = [pd.read_parquet(path).set_index("customer_id").sort_index() for path in (first, other)]
    found = {"customers": int((tables[0].index != tables[1].index).sum())}
    for name in tables[1].columns.intersection(list(FEATURES)):
        if FEATURES[name].kind == "category":
            found[name] = int((tables[0][name].fillna("") != tables[1][name].fillna("")).sum())
            continue
        mine, theirs = (table[name].to_numpy(dtype="float64", na_value=np.nan) for table in tables)
        step = 0.0101 if FEATURES[name].unit == "money" else 0.0501 if FEATURES[name].unit == "days" else 1e-5
        found[name] = int((~np.isclose(mine, theirs, rtol=0, atol=step, equal_nan=True)).sum())
    return {name: count for name, count in found.items() if count}


def compare(lines: Path, names: list[str], runs: int) -> None:
    """Run the contenders in turn, and print seconds, memory, agreement and targets."""
    out = {name: lines.with_name(f"{name}.parquet") for name in names}
    rounds = [{name: measured(name, lines, out[name]) for name in names} for _ in range(runs)]
    own = np.median([told["workbook"]["seconds"] for told in rounds])
    print(f"{'':12} {'seconds':>9} {'CPU s':>9} {'peak MB':>9} {'workbook is':>12}  agrees")
    for name in names:
        done = [told[name] for told in rounds if told[name]]
        if not done:
            continue
        seconds = np.median([told["seconds"] for told in done])
        cpu, peak = np.median([told["cpu"] for told in done]), max(told["peak_mb"] for told in done)
        target = TARGETS.get(name)
        ratio = f"{own / seconds:.2f} times"
        verdict = f"to be at most {target:.2f}: {'met' if own / seconds <= target else 'MISSED'}" if target else ""
        differ = differences(out["workbook"], out[name])
        print(f"{name:12} {seconds:9.1f} {cpu:9.1f} {peak:9,.0f} {ratio:>12}  {differ or 'all the same'}  {verdict}")


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000, help="order lines to make")
    parser.add_argument("--runs", type=int, default=1, help="times that each contender runs, in turn; medians count")
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS), help="the workbook and its rivals")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        return run_one(asked.only, asked.file, asked.out)
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "lines.parquet"
        make_lines(lines, asked.lines)
        print(f"{pq.read_metadata(lines).num_rows:,} order lines, Parquet of {lines.stat().st_size / 1e6:,.0f} MB")
        compare(lines, asked.contenders, asked.runs)


if __name__ == "__main__":
    main()
