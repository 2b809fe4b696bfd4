"""Drift: how far customers have shifted between two days or two runs, beyond chance and the shop's growing older."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, wasserstein_distance

from segmentation.describing.registry import CATEGORIES
from segmentation.movement.stability_index import FEWEST, StabilityIndex, stability_index

# Of the population stability index, a rule of thumb: Yurdakul and Naranjo, Journal of Risk Model Validation 14 (2020).
SOME, CLEAR = 0.10, 0.25
SMALL = 0.02  # a smaller shift is not worth a word, however sure
SURE = 3.0  # standard errors
NOTHING = StabilityIndex(0.0, 0, 0.0)
ORDERS_SINCE, SPEND_SINCE = "orders_since", "spend_since"
MEASURES = ("psi", "usual", "newcomers_psi", "newcomers_usual", "beyond", "whose", "distance", "ks")
Pair = tuple[pd.DataFrame, pd.DataFrame]


def drift_between(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    columns: Sequence[str],
    days: int = 0,
    reference: Sequence[pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Measure how far customers have shifted from one day to a later one, or from one run to another.

    A shop that grows older drifts though nothing has happened: its customers have been there longer and have bought
    more; and it drifts with the seasons. So shifts are looked at in three ways, each beside earlier days. Features of
    everyone are held against the largest shift between two earlier looks; those of newcomers, who had equally long to
    buy on either day, as well; and what active customers have done since the first day, against the earlier period
    that is most like it.

    Parameters
    ----------
    first, second : features of customers as of either day, one row each, indexed by customer_id
    columns : features to compare; one that is unknown of everybody is left out
    days : from the first day to the second; 0 for runs that are no two days of one shop, where everyone is compared
    reference : features as of earlier days, each about as far from the next, the oldest first; the last are `first`
        where a run is looked at. A year of them knows all seasons. Without any, only newcomers tell of drift between
        two days.

    Returns
    -------
    DataFrame indexed by feature, in the order given, then orders_since and spend_since; missing where not measured
        psi : population stability index of everyone, or of active customers, less what chance makes of it; usual : the
        largest between earlier looks; newcomers_psi, newcomers_usual : the same of newcomers; beyond : the largest
        shift beyond the usual, 0 where chance may have made it; whose : everyone's, newcomers' or active customers';
        distance : Wasserstein's, in standard deviations of the first, for words total variation, 0 to 1; ks :
        Kolmogorov-Smirnov statistic of numbers, 0 to 1

    Source
    ------
    docs/decisions/0027-movement-and-drift.md
    """
    known = [name for name in columns if first[name].notna().any() or second[name].notna().any()]
    earlier = [*pairwise(reference or ())]
    fresh, fresh_earlier = newcomers((first, second), days=days), [newcomers(pair, days=days) for pair in earlier]
    rows = {}
    for name in known:
        now, new = shift((first, second), earlier, name), shift(fresh, fresh_earlier, name)
        judged = {"newcomers": new["beyond"]} | ({"everyone": now["beyond"]} if earlier or not days else {})
        told = {"newcomers_psi": new["psi"], "newcomers_usual": new["usual"]}
        rows[name] = now | told | furthest(judged) | distances(first[name], second[name])
    if earlier and days:
        rows |= behaviour_rows((first, second), earlier, days=days)
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*MEASURES]).rename_axis("feature")


def behaviour_rows(pair: Pair, earlier: Sequence[Pair], *, days: int) -> dict[str, dict[str, object]]:
    """Measure what active customers did since the first day, beside the earlier period that is most like it."""
    since, before = since_then(*pair, days=days), [since_then(*each, days=days) for each in earlier]
    rows = {}
    for name in since:
        told = [shift((was, since), [], name) | distances(was[name], since[name]) for was in before]
        likest = min(told, key=lambda row: (row["beyond"], row["psi"]))
        rows[name] = likest | furthest({"active customers": likest["beyond"]})
    return rows


def newcomers(pair: Pair, *, days: int) -> Pair:
    """Keep the customers of either day whose first order was at most so many days before it; nobody for 0 days."""
    first, second = (features[features["tenure_days"].le(days) & bool(days)] for features in pair)
    return first, second


def since_then(first: pd.DataFrame, second: pd.DataFrame, *, days: int) -> pd.DataFrame:
    """Measure what customers who were active on the first day did until the second.

    Returns
    -------
    DataFrame, one row a customer whose last order was at most so many days before the first day
        orders_since : orders; spend_since : net, missing for who did not order
    """
    active = first.index[first["recency_days"].le(days) & first.index.isin(second.index)]
    more = second.loc[active, ["order_count", "net_spend"]] - first.loc[active, ["order_count", "net_spend"]]
    spent = more["net_spend"].where(more["order_count"] > 0)
    return pd.DataFrame({ORDERS_SINCE: more["order_count"], SPEND_SINCE: spent})


def shift(pair: Pair, earlier: Sequence[Pair], name: str) -> dict[str, float]:
    """Measure how far a feature has shifted, how far it did at most between earlier looks, and what is beyond.

    Returns
    -------
    psi, usual : less what chance makes of them, usual missing without earlier looks; beyond : see `beyond`
    """
    now = stability_index(pair[0][name], pair[1][name])
    usual = [stability_index(before[name], after[name]) for before, after in earlier]
    measured = [index for index in usual if not np.isnan(index.value)]
    return {
        "psi": now.value,
        "usual": max((index.value for index in measured), default=np.nan),
        "beyond": min((beyond(now, index) for index in (measured if earlier else [NOTHING])), default=0.0),
    }


def beyond(now: StabilityIndex, usual: StabilityIndex) -> float:
    """Measure by how much a shift is beyond the usual one; 0 where it is not, or chance may have made the difference.

    Examples
    --------
    >>> beyond(StabilityIndex(0.30, 9, 0.001), StabilityIndex(0.10, 9, 0.001))
    0.2
    >>> beyond(StabilityIndex(0.15, 9, 0.001), StabilityIndex(0.10, 9, 0.001))
    0.0
    """
    expected = max(usual.value, 0.0)
    more = now.value - expected
    return round(more, 12) if more > SURE * np.hypot(now.error_at(expected), usual.error_at(expected)) else 0.0


def furthest(judged: dict[str, float]) -> dict[str, object]:
    """Tell whose shift is the furthest beyond the usual, and by how much."""
    whose = max(judged, key=lambda word: judged[word])
    return {"beyond": judged[whose], "whose": whose if judged[whose] else ""}


def distances(first: pd.Series, second: pd.Series) -> dict[str, float]:
    """Measure the distance and the Kolmogorov-Smirnov statistic of one feature; see `drift_between`."""
    known = first.dropna(), second.dropna()
    if min(map(len, known)) < FEWEST:
        return {"distance": np.nan, "ks": np.nan}
    if first.name in CATEGORIES:
        shares = pd.concat([part.value_counts(normalize=True) for part in known], axis=1).fillna(0.0)
        return {"distance": float(shares.diff(axis=1).iloc[:, 1].abs().sum() / 2), "ks": np.nan}
    spread, far = float(known[0].std(ddof=0)), float(wasserstein_distance(*known))
    return {"distance": far / spread if spread else np.nan, "ks": float(ks_2samp(*known).statistic)}


def total_drift(drift: pd.DataFrame) -> float:
    """Add up the shifts beyond the usual that are worth a word."""
    return float(drift["beyond"].where(drift["beyond"] >= SMALL, 0.0).sum())


# --- what notebooks and pages show

WORDS = {ORDERS_SINCE: "orders since then", SPEND_SINCE: "spend since then"}
DRIFT_FORMATS = dict.fromkeys(("PSI", "usual", "PSI of newcomers", "usual of newcomers", "distance", "KS"), "{:.2f}")
DRIFT_NOTES = (
    "PSI: population stability index in tenths of the first, less what chance makes of it; by convention up to 0.10 is "
    "little, above 0.25 a lot. Usual: the most that it came to between two earlier looks. Since then: what customers "
    "did who had been active, beside the earlier period most like it. Distance: Wasserstein's, in standard deviations, "
    "or of words the share that differs. KS: Kolmogorov–Smirnov. A dash: not measured, for want of earlier looks "
    "or of customers."
)


def feature_words(name: str) -> str:
    """Name a feature, or what is measured since the first day, as a reader sees it."""
    return WORDS.get(name, name.replace("_", " "))


def band(beyond: float) -> str:
    """Word how large a shift is by the conventional bands.

    Examples
    --------
    >>> [band(value) for value in (0.0, 0.05, 0.1, 0.4)]
    ['as\xa0usual', 'a little', 'some', 'clearly']
    """
    if beyond < SMALL:
        return "as\N{NO-BREAK SPACE}usual"
    return "a little" if beyond < SOME else "some" if beyond < CLEAR else "clearly"


def by_size(drift: pd.DataFrame) -> pd.DataFrame:
    """Sort by what is furthest beyond the usual."""
    return drift.sort_values(["beyond", "psi"], ascending=False, kind="stable")


def drift_table(drift: pd.DataFrame) -> pd.DataFrame:
    """Set drift out for reading, what is furthest beyond the usual first, twenty rows at most; see `drift_between`."""
    told = by_size(drift).head(20)
    indices = {
        "PSI": "psi",
        "usual": "usual",
        "PSI of newcomers": "newcomers_psi",
        "usual of newcomers": "newcomers_usual",
    }
    table = pd.DataFrame({"feature": [feature_words(name) for name in told.index]})
    for label, column in indices.items():
        table[label] = told[column].clip(lower=0.0).to_numpy(dtype="float64")
    table["distance"], table["KS"] = told["distance"].to_numpy(), told["ks"].to_numpy()
    table["shifted"] = [shift_in_words(row) for _, row in told.iterrows()]
    return table


def shift_in_words(row: pd.Series) -> str:
    """Word how large a shift is, and whose."""
    return band(row["beyond"]) + (f", {row['whose']}" if row["beyond"] >= SMALL else "")


def drift_in_words(drift: pd.DataFrame) -> str:
    """Say what has shifted beyond chance and the usual, naming the four largest shifts."""
    told = by_size(drift[drift["beyond"] >= SMALL])
    if told.empty:
        return "Nothing has shifted by more than chance and the shop's growing older explain."
    named = [f"{feature_words(name)} ({shift_in_words(row)})" for name, row in told.head(4).iterrows()]
    more = f" and {len(told) - 4} more" if len(told) > 4 else ""
    return f"Shifted beyond chance and the usual: {', '.join(named)}{more}."
