"""Step 05: do the segments hold when customers are drawn again, and do they tell what customers do next?"""

import datetime
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import davies_bouldin_score, silhouette_samples

from segmentation.agreement import adjusted_rand, closest_jaccard, shared_customers
from segmentation.choosing.measures import SILHOUETTE_SAMPLE
from segmentation.choosing.stability import refit_labels
from segmentation.cluster import Plan, Segmentation, assign_segments, fit, named_segments
from segmentation.features import collect, customer_features, is_summary, later_outcomes, past_features, period_days
from segmentation.gate import FULL, SUMMARY_WHY, Allowed
from segmentation.grouping.rules import RuleSegmentation
from segmentation.problems import DataProblem
from segmentation.rfm import rfm_segments

# Hennig's bands for the Jaccard similarity of a segment with its closest match in a refit (R package fpc).
BANDS = {0.85: "highly stable", 0.75: "stable", 0.60: "a pattern, membership doubtful", 0.0: "not to be trusted"}
STABLE = 0.75
TOP = 0.2
SAMPLES = 200
MIDDLE = (0.025, 0.975)
LATER = ("customers", "recent_spend", "later_spend", "later_low", "later_high", "came_back")
RIVALS = (
    *("spearman", "spearman_low", "spearman_high", "top_share", "top_share_low", "top_share_high"),
    *("lead_low", "lead_high"),
)
BY_RULES = "Simple rules give everyone the same segment whoever else is drawn, so there is nothing to fit again."


@dataclass(frozen=True)
class Stability:
    """How well a segmentation holds: one agreement a refit, and one row a segment; both empty for rules."""

    agreement: np.ndarray
    segments: pd.DataFrame


@dataclass(frozen=True)
class HoldOut:
    """Customers as they stood on an earlier day, and what they did afterwards; nobody when it can't be looked back.

    Attributes
    ----------
    day : the day of description; until : the first day that is not looked at any more
    features : of that day, one row a customer
    customers : one row a customer known on the day, indexed by customer_id
        segment, name : as fitted on that day; rfm_segment; net_spend : until the day; recent_spend : in the equally
        long period before the day; later_spend : from the day on; later_orders : from the day on
    why_not : why nothing can be held out, in words; empty when it can
    """

    day: datetime.date
    until: datetime.date
    features: pd.DataFrame
    customers: pd.DataFrame
    why_not: str = ""

    @property
    def days(self) -> int | None:
        """Length of the hold-out period, none when there is none."""
        return None if self.why_not else (self.until - self.day).days


def internal_measures(
    segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame, *, seed: int
) -> pd.DataFrame:
    """Measure how well segments part: silhouette of each and of all, Davies-Bouldin of all.

    Parameters
    ----------
    segmentation : fitted
    features : one row a customer
    seed : of the sample on which the silhouette is measured when there are more than 2,500 customers

    Returns
    -------
    DataFrame indexed by segment and "all": silhouette (-1 to 1), davies_bouldin (lower is better; all only); missing
    for rules, which do not go by distances, and where every customer is a segment
    """
    if isinstance(segmentation, RuleSegmentation) or segmentation.k >= len(features):
        return pd.DataFrame({"silhouette": np.nan, "davies_bouldin": np.nan}, index=[*range(segmentation.k), "all"])
    prepared = segmentation.prepared(features)
    labels = segmentation.grouping.assign(prepared)
    size = min(SILHOUETTE_SAMPLE, len(prepared))
    sample = np.random.default_rng(seed).choice(len(prepared), size, replace=False)
    widths = pd.Series(silhouette_samples(prepared[sample], labels[sample]))
    table = widths.groupby(labels[sample]).mean().rename("silhouette").to_frame()
    table.loc["all", "silhouette"] = widths.mean()
    table.loc["all", "davies_bouldin"] = davies_bouldin_score(prepared, labels)
    return table


def bootstrap_stability(
    segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame, *, refits: int, seed: int
) -> Stability:
    """Fit the segments again on samples of the customers and see which come back; rules are not fitted.

    Parameters
    ----------
    segmentation : fitted
    features : one row a customer
    refits : number of samples drawn with replacement
    seed : of samples and starts

    Returns
    -------
    Stability
        agreement : adjusted Rand index a refit, 1 the same, 0 as by chance
        segments : DataFrame indexed by segment: jaccard (mean similarity to the closest match), band

    Source
    ------
    Hennig, Cluster-wise assessment of cluster stability, Computational Statistics and Data Analysis 52 (2007)
    """
    if isinstance(segmentation, RuleSegmentation):
        return Stability(np.array([]), pd.DataFrame(columns=["jaccard", "band"]).rename_axis("segment"))
    prepared = segmentation.prepared(features)
    labels = segmentation.grouping.assign(prepared)
    again = refit_labels(
        prepared, algorithm=segmentation.grouping.algorithm, k=segmentation.k, refits=refits, seed=seed
    )
    shared = [shared_customers(labels, other) for other in again]
    agreement = np.array([adjusted_rand(table) for table in shared])
    jaccard = np.mean([closest_jaccard(table) for table in shared], axis=0)
    bands = [next(band for limit, band in BANDS.items() if value >= limit) for value in jaccard]
    segments = pd.DataFrame({"jaccard": jaccard, "band": bands}, index=np.unique(labels))
    return Stability(agreement, segments.rename_axis("segment"))


# --- the hold-out period


def look_back(
    orders: ir.Table,
    *,
    allowed: Allowed,
    as_of: datetime.date,
    days: int,
    plan: Plan,
    **beside: ir.Table | None,
) -> HoldOut:
    """Hold out the last days where the data allow it; otherwise say why not.

    Parameters
    ----------
    orders : clean order lines
    allowed : what the gate says of prediction; a period that `days` asks for is held out whatever it says
    days : length of the hold-out period, 0 to choose it
    as_of, plan, beside : see `hold_out`

    Raises
    ------
    DataProblem
        The period that `days` asks for can't be held out.
    """
    why_not = SUMMARY_WHY if is_summary(orders) else allowed.why if allowed.mode != FULL and not days else ""
    if why_not:
        return nothing_held_out(as_of, why_not)
    length = days or period_days(orders, as_of=as_of)
    try:
        return hold_out(orders, as_of=as_of, days=length, plan=plan, **beside)
    except DataProblem as problem:
        if days:
            raise
        return nothing_held_out(as_of, str(problem))


def nothing_held_out(as_of: datetime.date, why_not: str) -> HoldOut:
    """Express that nobody is looked back at; see `look_back`."""
    customers = pd.DataFrame(
        columns=["segment", "net_spend", "name", "rfm_segment", "recent_spend", "later_spend", "later_orders"]
    )
    return HoldOut(as_of, as_of, pd.DataFrame(), customers, why_not)


def hold_out(
    orders: ir.Table,
    *,
    as_of: datetime.date,
    days: int,
    plan: Plan,
    **beside: ir.Table | None,
) -> HoldOut:
    """Describe and segment customers as of an earlier day, then look at what followed.

    Parameters
    ----------
    orders : clean order lines
    as_of : the first day that is not looked at any more
    days : length of the hold-out period; the earlier day is so many days before `as_of`
    plan : of the segments of today
    beside : the tables beside the orders, see `customer_features`

    Raises
    ------
    DataProblem
        Before the hold-out period the orders do not reach back as far as the period is long, there were fewer customers
        than segments, or the segments can't be made of them.
    """
    day = as_of - datetime.timedelta(days=days)
    before = day - datetime.timedelta(days=days)
    first = orders.ordered_at.min().execute().date()
    reach = (as_of - first).days
    if reach < 2:
        raise DataProblem("Later spend can't be held out: all orders are of one day, and two days are the least.")
    if days < 1 or first > before:
        raise DataProblem(
            f"The hold-out period must leave as many days before it as it has: with `holdout_days` {days} orders must "
            f"reach back {2 * days:,} days; they reach back {reach:,}. "
            f"Set `holdout_days` to {reach // 2} or less?"
        )
    features = collect(customer_features(orders, as_of=day, **beside))
    if len(features) < (plan.k if plan.mode == FULL else 1):
        raise DataProblem(
            f"The hold-out period must leave a customer or more for each of the {plan.k} segments before it; as of "
            f"{day} there are {len(features):,}. Set `holdout_days` to less than {days}?"
        )
    segmentation = fit(features, plan, past=earlier_past(orders, day=day, days=days, plan=plan, **beside))
    customers = named_segments(segmentation, features)[["segment", "name"]].join(features[["net_spend"]])
    customers["rfm_segment"] = rfm_segments(features)
    spent = later_outcomes(orders, before, day).rename(columns={"spend": "recent_spend"})[["recent_spend"]]
    later = later_outcomes(orders, day, as_of).rename(columns={"spend": "later_spend", "orders": "later_orders"})
    customers = customers.join(spent).join(later).fillna({"recent_spend": 0, "later_spend": 0, "later_orders": 0})
    return HoldOut(day, as_of, features, customers)


def earlier_past(
    orders: ir.Table, *, day: datetime.date, days: int, plan: Plan, **beside: ir.Table | None
) -> pd.DataFrame | None:
    """Describe customers of a period before, with what they spent until the earlier day; a plan may learn from that.

    Returns
    -------
    DataFrame, see `past_features`; None when the plan needs none

    Raises
    ------
    DataProblem
        The plan needs it and the orders do not reach back so far.
    """
    if plan.mode != FULL or not plan.recipe.needs_target:
        return None
    past = past_features(orders, as_of=day, days=days, **beside)
    if isinstance(past, str):
        raise DataProblem(f"A preparation that learns from later spend can't be made anew as of {day}. {past}")
    return past


def rankings(customers: pd.DataFrame) -> dict[str, pd.Series]:
    """Rank customers by each rival, using only what was known on the day of description.

    A grouping is ranked by what its customers spent, on average, in the equally long period before the day. Past spend
    stands beside the segments in as many groups of the same sizes, and once more customer by customer.

    Returns
    -------
    Series of float by rival, indexed as `customers`, higher for who is expected to spend more
    """
    past = past_spend_groups(customers)
    groupings = {
        "segments": customers["segment"],
        "RFM map": customers["rfm_segment"],
        "past spend, as many groups": past,
    }
    ranked = {name: customers.groupby(group)["recent_spend"].transform("mean") for name, group in groupings.items()}
    return {**ranked, "past spend, customer by customer": customers["net_spend"]}


def past_spend_groups(customers: pd.DataFrame) -> pd.Series:
    """Cut customers by past spend into as many groups as there are segments, of the same sizes, richest group 1.

    Returns
    -------
    Series of str, such as "1 of 7, most", indexed as `customers`
    """
    sizes = customers.groupby("segment")["recent_spend"].agg(["size", "mean"]).sort_values("mean", ascending=False)
    places = customers["net_spend"].rank(ascending=False, method="first")
    groups = np.searchsorted(sizes["size"].cumsum().to_numpy(), places.to_numpy())
    ends = {0: ", most", len(sizes) - 1: ", least"}
    words = [f"{group + 1} of {len(sizes)}{ends.get(group, '')}" for group in range(len(sizes))]
    return pd.Series(groups, index=customers.index, name="past_spend_group").map(dict(enumerate(words)))


def ranking_measures(customers: pd.DataFrame, ranked: dict[str, pd.Series], *, seed: int) -> pd.DataFrame:
    """Measure how well each ranking told what customers spent later, with intervals from drawing customers again.

    Parameters
    ----------
    customers : see `HoldOut`
    ranked : see `rankings`
    seed : of the samples

    Returns
    -------
    DataFrame, one row a rival, indexed by its name
        spearman : rank correlation with later spend, and its middle 95 %: spearman_low, spearman_high;
        top_share : share of later spend that came from the fifth ranked highest, and top_share_low, top_share_high;
        lead_low, lead_high : middle 95 % of the segments' rank correlation less this rival's; no row without customers
    """
    if customers.empty:
        return pd.DataFrame(columns=[*RIVALS]).rename_axis("ranked by")
    later = customers["later_spend"].to_numpy()
    values = np.column_stack([series.to_numpy() for series in ranked.values()])
    told = measure_rankings(values, later)
    generator = np.random.default_rng(seed)
    draws = (generator.integers(0, len(later), len(later)) for _ in range(SAMPLES))
    again = np.array([measure_rankings(values[draw], later[draw]) for draw in draws])
    low, high = np.quantile(again, MIDDLE, axis=0)
    lead = np.quantile(again[:, :1, 0] - again[:, :, 0], MIDDLE, axis=0)
    return pd.DataFrame(
        {
            "spearman": told[:, 0], "spearman_low": low[:, 0], "spearman_high": high[:, 0],
            "top_share": told[:, 1], "top_share_low": low[:, 1], "top_share_high": high[:, 1],
            "lead_low": lead[0], "lead_high": lead[1],
        },
        index=pd.Index(ranked, name="ranked by"),
    )  # fmt: skip


def measure_rankings(values: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Measure rank correlation and the top fifth's share of later spend, shape (rivals, 2).

    Customers tied across the border of the top fifth count in proportion.
    """
    ranks = rankdata(values, axis=0)
    later_ranks = rankdata(later)
    return np.array([[correlation(rank, later_ranks), top_share(rank, later)] for rank in ranks.T])


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Measure the correlation of two arrays; 0 when one of them tells nothing apart."""
    if not first.std() or not second.std():
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def top_share(ranks: np.ndarray, later: np.ndarray) -> float:
    """Measure the share of later spend that came from the fifth of customers ranked highest."""
    total = later.sum()
    if total <= 0:
        return 0.0
    places, tied = np.unique(-ranks, return_inverse=True)
    size = np.bincount(tied, minlength=len(places))
    spent = np.bincount(tied, weights=later, minlength=len(places))
    room = TOP * len(ranks) - (np.cumsum(size) - size)
    return float((np.clip(room / size, 0, 1) * spent).sum() / total)


def later_spend_by_group(customers: pd.DataFrame, group: pd.Series, *, seed: int) -> pd.DataFrame:
    """Measure what each group's customers spent later, ranked by what they had spent recently.

    Returns
    -------
    DataFrame indexed by group, highest recent spend first
        customers : int; recent_spend, later_spend : mean a customer, shop currency; later_low, later_high : middle 95 %
        of the mean when customers are drawn again; came_back : share with an order in the hold-out period
    """
    generator = np.random.default_rng(seed)
    rows = {}
    for name, members in customers.groupby(group):
        later = members["later_spend"].to_numpy()
        means = later[generator.integers(0, len(later), (SAMPLES, len(later)))].mean(axis=1)
        low, high = np.quantile(means, MIDDLE)
        rows[name] = {
            "customers": len(members),
            "recent_spend": members["recent_spend"].mean(),
            "later_spend": later.mean(),
            "later_low": low,
            "later_high": high,
            "came_back": (members["later_orders"] > 0).mean(),
        }
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=[*LATER]).rename_axis(group.name)
    return table.sort_values("recent_spend", ascending=False)


def return_rates(past: HoldOut, segmentation: Segmentation | RuleSegmentation) -> pd.Series:
    """Measure who comes back: of those who stood in each of today's segments on the earlier day, how many ordered.

    Parameters
    ----------
    past : customers as of the earlier day
    segmentation : today's

    Returns
    -------
    Series of float between 0 and 1, indexed by today's segment; missing where nobody stood in it on that day
    """
    if past.why_not:
        return pd.Series(np.nan, index=range(segmentation.k), name="came_back")
    stood = assign_segments(segmentation, past.features)["segment"]
    came_back = past.customers["later_orders"].gt(0).groupby(stood).mean()
    return came_back.reindex(range(segmentation.k)).rename("came_back")


def order_kept(table: pd.DataFrame) -> float:
    """Measure how well the groups kept their order: Spearman's correlation of recent and later mean spend.

    Parameters
    ----------
    table : see `later_spend_by_group`, two groups or more

    Returns
    -------
    float from -1 to 1; 0 when the groups spent alike, or nobody anything

    Examples
    --------
    >>> order_kept(pd.DataFrame({"recent_spend": [90.0, 50.0, 10.0], "later_spend": [40.0, 10.0, 20.0]}))
    0.5
    """
    return round(correlation(rankdata(table["recent_spend"]), rankdata(table["later_spend"])), 12)


# --- what the notebook shows

LATER_FORMATS = {"came back": "{:.0%}"}


def measures_table(measures: pd.DataFrame, stability: Stability, segments: pd.DataFrame) -> pd.DataFrame:
    """Set silhouette, Davies-Bouldin and Jaccard out for reading, one row a segment and one for all."""
    names = segments.groupby("segment")["name"].first()
    sizes = segments.groupby("segment").size()
    table = measures.join(stability.segments)
    table.insert(0, "segment", [names.get(label, label) for label in table.index])
    table.insert(1, "customers", [sizes.get(label, len(segments)) for label in table.index])
    words = {"davies_bouldin": "Davies–Bouldin", "jaccard": "Jaccard", "band": "comes back"}
    return table.rename(columns=words).reset_index(drop=True)


def later_table(table: pd.DataFrame, *, money: str) -> pd.DataFrame:
    """Set the hold-out period's spend out for reading, one row a segment; see `later_spend_by_group`."""
    shown = table.rename_axis("segment").reset_index()
    words = {
        "recent_spend": f"before, {money}",
        "later_spend": f"after, {money}",
        "later_low": "after, low",
        "later_high": "after, high",
        "came_back": "came back",
    }
    return shown.rename(columns=words)


def rivals_table(rivals: pd.DataFrame) -> pd.DataFrame:
    """Set the rivals out for reading; see `ranking_measures`."""
    leads = [f"{row.lead_low:+.3f} to {row.lead_high:+.3f}" for row in rivals.itertuples()]
    return pd.DataFrame(
        {
            "ranked by": rivals.index,
            "rank correlation": rivals["spearman"].to_numpy(),
            "95 % interval": [f"{row.spearman_low:.3f} to {row.spearman_high:.3f}" for row in rivals.itertuples()],
            "top fifth brings": rivals["top_share"].to_numpy(),
            "lead of the segments": [None, *leads[1:]][: len(rivals)],
        }
    )


def agreement_interval(stability: Stability) -> dict[str, float]:
    """Summarise the agreement of refits: mean, and the middle 90 % as low and high."""
    if not len(stability.agreement):
        return dict.fromkeys(("agreement", "low", "high"), float("nan"))
    low, high = np.quantile(stability.agreement, [0.05, 0.95])
    return {"agreement": float(stability.agreement.mean()), "low": float(low), "high": float(high)}


def stability_sentence(stability: Stability) -> str:
    """Choose how to word whether the segments come back; see `agreement_interval`."""
    if not len(stability.agreement):
        return f"Whether the segments come back is not measured. {BY_RULES}"
    return (
        "Refitted on customers drawn again, the segments agree at {agreement:.2f} (middle 90 %: {low:.2f} to "
        "{high:.2f}); {stable} of {k} are stable."
    )


def stability_caption(stability: Stability, *, refits: int, customers: int) -> str:
    """Word what the figure of stability shows, or why there is none."""
    if not len(stability.agreement):
        return f"Not measured. {BY_RULES}"
    return (
        f"Jaccard similarity of each segment with its closest match, mean of {refits} refits on {customers:,} "
        "customers drawn with replacement. Dotted: Hennig's bands at 0.60, 0.75 and 0.85."
    )


def hold_out_caption(past: HoldOut, words: str) -> str:
    """Word what a figure or table of the hold-out period shows, or why there is none.

    Parameters
    ----------
    past : see `look_back`
    words : a format string that may name customers, day, until and days
    """
    if past.why_not:
        return f"Not measured. {past.why_not}"
    return words.format(customers=f"{len(past.customers):,}", day=past.day, until=past.until, days=past.days)


def order_in_words(table: pd.DataFrame, *, days: int, money: str) -> str:
    """Say whether later spend followed the segments' order, best and worst expected first and last."""
    first, last = table.iloc[0], table.iloc[-1]
    return (
        f"In the {days} days after, the {table.index[0]} spent {first['later_spend']:,.2f} {money} each (95 %: "
        f"{first['later_low']:,.2f} to {first['later_high']:,.2f}), the {table.index[-1]} {last['later_spend']:,.2f} "
        f"({last['later_low']:,.2f} to {last['later_high']:,.2f}). The order of all {len(table)} was kept at "
        f"{order_kept(table):.2f} (1 fully, 0 not at all)."
    )


def later_in_words(past: HoldOut, table: pd.DataFrame, *, money: str) -> str:
    """Say what the hold-out period showed, or why it showed nothing.

    Parameters
    ----------
    past : see `look_back`
    table : see `later_spend_by_group`; groups that are too small to show left out
    money : the shop's currency
    """
    if past.why_not:
        return f"What customers of each segment spend later is not measured. {past.why_not}"
    if len(table) < 2:
        return "What customers of each segment spent later can't be compared: fewer than two segments are large enough."
    return order_in_words(table, days=past.days, money=money)


def lead_in_words(rivals: pd.DataFrame) -> str:
    """Say whether the segments told later spend better than past spend alone, as far as the intervals allow."""
    if rivals.empty:
        return "So whether the segments tell more than past spend alone is open as well."
    own = rivals.loc["segments"]
    verdicts = [
        f"{comparison(row)} {name} ({row['spearman']:.3f})"
        for name, row in rivals.iterrows()
        if name.startswith("past spend")
    ]
    return f"With later spend the segments' ranking correlates at {own['spearman']:.3f}: {', '.join(verdicts)}."


def comparison(rival: pd.Series) -> str:
    """Word the segments' lead over one rival.

    Examples
    --------
    >>> comparison(pd.Series({"lead_low": -0.01, "lead_high": 0.02}))
    'not to be told apart from'
    """
    if rival["lead_low"] > 0:
        return "better than"
    return "worse than" if rival["lead_high"] < 0 else "not to be told apart from"


def evaluation_record(
    stability: Stability,
    measures: pd.DataFrame,
    later: pd.DataFrame,
    rivals: pd.DataFrame,
    *,
    past: HoldOut,
    came_back: pd.Series,
) -> dict[str, object]:
    """Record the evaluation in plain numbers, None for what is not measured, with the reason."""
    reasons = {"stability": "" if len(stability.agreement) else BY_RULES, "hold_out": past.why_not}
    record = {
        "agreement": agreement_interval(stability),
        "jaccard": stability.segments["jaccard"].to_dict(),
        "silhouette": measures["silhouette"].to_dict(),
        "davies_bouldin": measures.loc["all", "davies_bouldin"],
        "holdout_from": None if past.why_not else str(past.day),
        "holdout_days": past.days,
        "later": later.to_dict(orient="index"),
        "came_back": came_back.dropna().to_dict(),
        "rivals": rivals.to_dict(orient="index"),
        "not_measured": {what: why for what, why in reasons.items() if why},
    }
    return without_nan(record)


def without_nan(value: object) -> object:
    """Turn missing numbers into None, at any depth, because JSON knows no other missing value.

    Examples
    --------
    >>> without_nan({"all": {"silhouette": float("nan"), "k": 3}})
    {'all': {'silhouette': None, 'k': 3}}
    """
    if isinstance(value, dict):
        return {name: without_nan(part) for name, part in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value
