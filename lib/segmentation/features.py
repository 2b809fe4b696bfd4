"""Step 03: describe each customer as of a day, in one row."""

import datetime
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from segmentation.describing.describe import collect, customer_features
from segmentation.describing.orders import orders_before
from segmentation.describing.past import later_outcomes, past_features, past_for_choices, period_days
from segmentation.describing.registry import (
    CATEGORIES,
    FEATURES,
    GROUPS,
    NUMBERS,
    OF_A_SUMMARY,
    Feature,
    of_groups,
    require_known_version,
)
from segmentation.problems import DataProblem, some
from segmentation.tables import net_value

__all__ = [
    "CATEGORIES", "FEATURES", "GROUPS", "NUMBERS", "OF_A_SUMMARY", "Feature", "collect", "customer_features",
    "later_outcomes", "of_groups", "orders_before", "past_features",
    "past_for_choices", "period_days", "require_known_version",
]  # fmt: skip


def is_summary(orders: ir.Table) -> bool:
    """Tell whether rows stand for several orders each, as in a file with one row a customer."""
    return bool(ibis.coalesce(orders.orders_in_row.max(), 1).execute() > 1)


def day_after_last_order(orders: ir.Table) -> datetime.date:
    """Find the default day of description: the day after the last purchase.

    Raises
    ------
    DataProblem
        Nothing was bought.
    """
    last = orders.filter(orders.quantity > 0).ordered_at.max().execute()
    if pd.isna(last):
        raise DataProblem("At least one line must be a purchase; the quantity of every line that counts is negative.")
    return (pd.Timestamp(last) + pd.Timedelta(days=1)).date()


def given_day(as_of: str) -> datetime.date | None:
    """Read the day of description from its parameter, none when it is empty.

    Raises
    ------
    DataProblem
        It is no date.
    """
    try:
        return datetime.date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise DataProblem(f"`as_of` must be a day such as 2026-06-30; got {some([as_of])}.") from None


def read_day(as_of: str, orders: ir.Table) -> datetime.date:
    """Read the day of description from its parameter; an empty one means the day after the last order.

    Raises
    ------
    DataProblem
        It is no date, or nobody had bought anything by then.
    """
    day = given_day(as_of)
    if day is None:
        return day_after_last_order(orders)
    first = orders.ordered_at.min().execute()
    if day <= first.date():
        raise DataProblem(f"`as_of` must be after the first order, {first:%Y-%m-%d}; got {as_of}.")
    return day


def numbers(groups: Sequence[str] = ()) -> list[str]:
    """List the features that are numbers, of some groups or of all; see `of_groups`."""
    return [name for name in of_groups(groups) if name in NUMBERS]


def units(money: str, *, groups: Sequence[str] = ()) -> dict[str, str]:
    """Name each number's unit as a reader sees it, money by the shop's currency; of some groups or of all."""
    told = {name: FEATURES[name].unit for name in numbers(groups)}
    return {name: money if unit == "money" else unit for name, unit in told.items()}


def units_of(columns: Sequence[str], *, money: str) -> dict[str, str]:
    """Name the units of some features, those that are numbers; see `units`."""
    told = units(money)
    return {name: told[name] for name in columns if name in told}


def known_columns(features: pd.DataFrame) -> list[str]:
    """List the features that are known of somebody."""
    return [name for name in FEATURES if features[name].notna().any()]


def past_in_words(past: pd.DataFrame, why_not: str, *, money: str) -> str:
    """Say what followed the earlier day, or why none is looked at; see `past_for_choices`."""
    if why_not:
        return f"No earlier day is looked at, so choices go by what holds alone. {why_not}"
    return (
        f"{len(past):,} customers were known on the earlier day; {(past['later_orders'] > 0).mean():.0%} of them "
        f"ordered afterwards, and they spent {past['later_spend'].mean():,.2f} {money} on average."
    )


def skewed() -> list[str]:
    """List the features whose logarithm is used."""
    return [name for name, feature in FEATURES.items() if feature.transform == "log"]


ALWAYS = GROUPS[0]  # no segment, name or rule does without value and rhythm


def switched(described: ir.Table, groups: Sequence[str]) -> ir.Table:
    """Express the features of the groups that are switched on; those of others are null.

    Parameters
    ----------
    described : see `customer_features`
    groups : switched on, all of them when empty; value and rhythm always are
    """
    kept = set(of_groups([ALWAYS, *groups] if groups else []))
    off = {name: ibis.null(described[name].type()) for name in FEATURES if name not in kept}
    return described.mutate(**off) if off else described


def of_known(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of a summary whose feature is known of somebody; all of them when none is."""
    known = table[table["known for"] > 0]
    return known.reset_index(drop=True) if len(known) else table


SUMMARY_FORMATS = {"lower": "{:,.2f}", "median": "{:,.2f}", "upper": "{:,.2f}", "high": "{:,.2f}"}


def shareable(features: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Leave out the features that are known for too few customers to hide a person in.

    Returns
    -------
    DataFrame, the same rows and columns; such a column is missing for all
    """
    too_few = features.columns[features.notna().sum() < min_group]
    return features.assign(**dict.fromkeys(too_few, np.nan))


def feature_summary(features: pd.DataFrame, *, money: str, groups: Sequence[str] = ()) -> pd.DataFrame:
    """Summarise each number over the customers who have it; of some groups of features or of all.

    Returns
    -------
    DataFrame, one row a feature: feature, unit, meaning, known for (customers), lower, median, upper and high, below
    which a quarter, half, three quarters and 19 of 20 customers are
    """
    told = features[numbers(groups)]
    spread = told.quantile([0.25, 0.5, 0.75, 0.95]).T.set_axis(["lower", "median", "upper", "high"], axis=1)
    table = pd.DataFrame(
        {
            "feature": [name.replace("_", " ") for name in told],
            "unit": list(units(money, groups=groups).values()),
            "meaning": [FEATURES[name].meaning for name in told],
            "known for": told.notna().sum().to_numpy(),
        },
        index=told.columns,
    )
    return table.join(spread).reset_index(drop=True)


def category_summary(features: pd.DataFrame, *, min_group: int, groups: Sequence[str] = ()) -> pd.DataFrame:
    """Summarise each category over the customers who have it; words of fewer than `min_group` customers stay unsaid.

    Returns
    -------
    DataFrame, one row a category: feature, meaning, known for (customers), different (words), most frequent (up to
    three with their share of those known; a dash when none is frequent enough)
    """
    rows = []
    for name in (name for name in of_groups(groups) if name in CATEGORIES):
        counts = features[name].value_counts()
        known = int(counts.sum())
        shown = sorted(counts[counts >= min_group].items(), key=lambda told: (-told[1], told[0]))[:3]
        rows.append(
            {
                "feature": name.replace("_", " "),
                "meaning": FEATURES[name].meaning,
                "known for": known,
                "different": len(counts),
                "most frequent": "; ".join(f"{word} {count / known:.0%}" for word, count in shown) or "–",
            }
        )
    return pd.DataFrame(rows, columns=["feature", "meaning", "known for", "different", "most frequent"])


def customers_and_money(orders: ir.Table, *, as_of: datetime.date) -> tuple[int, float]:
    """Count the customers with a purchase before a day, and add up their money."""
    known = orders_before(orders, as_of)
    buyers = known.filter(known.quantity > 0).select("customer_id").distinct()
    money = known.semi_join(buyers, "customer_id")
    total = ibis.coalesce(net_value(money).sum(), 0.0)
    return int(buyers.count().execute()), float(total.execute())


def top_share(spend: pd.Series, *, top: float) -> float:
    """Measure the share of all spend that the best customers bring.

    Parameters
    ----------
    spend : one value a customer
    top : share of the customers, 0 to 1

    Examples
    --------
    >>> top_share(pd.Series([70.0, 10.0, 10.0, 10.0]), top=0.25)
    0.7
    """
    best = spend.nlargest(max(1, round(top * len(spend))))
    return float(best.sum() / spend.sum()) if spend.sum() else 0.0


def once_sentence(features: pd.DataFrame) -> str:
    """Choose how to word who bought once: by days where they are known, by orders where the file counts only those."""
    if features["tenure_days"].isna().all():
        return (
            "As of {day}, {customers:,} customers are known; {once:.0%} ordered once. The file has one row a customer: "
            "only recency, orders and spend are known."
        )
    return "As of {day}, {customers:,} customers are known; {once:.0%} bought on one day only."


def share_once(features: pd.DataFrame) -> float:
    """Measure the share of customers who bought once; see `once_sentence`."""
    days_unknown = features["tenure_days"].isna().all()
    once = features["order_count"] == 1 if days_unknown else features["median_gap_days"].isna()
    return float(once.mean())


def spend_sentence(features: pd.DataFrame, *, min_group: int) -> str:
    """Choose how to word the middle of the customers, who are not described when there are too few."""
    if len(features) < min_group:
        return f"Fewer than {min_group} customers are known, too few to describe without telling of one of them."
    return (
        "Half of them ordered within the last {recency:,.0f} days and have spent {spend:,.2f} {money} or more; "
        "the best tenth brings {share:.0%} of the money."
    )
