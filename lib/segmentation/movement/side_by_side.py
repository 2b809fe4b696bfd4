"""Two runs side by side: how they were made, from what, and what came out."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from segmentation.movement.told import Told
from segmentation.pages import setting
from segmentation.privacy import file_name, suppress_small_groups

DIFFERS, SAME, VERDICT = "differs", "same", "side by side"  # no run has a name of several words


def parameters_beside(first: Told, second: Told) -> pd.DataFrame:
    """Set parameters side by side, those that differ first: parameter, each run's value, and whether it differs."""
    values = [told.manifest["parameters"] for told in (first, second)]
    return beside(first, second, {name: [own.get(name) for own in values] for name in sorted({*values[0], *values[1]})})


def versions_beside(first: Told, second: Told) -> pd.DataFrame:
    """Set the versions of packages side by side; see `parameters_beside`."""
    versions = [told.manifest["versions"] for told in (first, second)]
    names = sorted({*versions[0], *versions[1]})
    return beside(first, second, {name: [own.get(name) for own in versions] for name in names})


def beside(first: Told, second: Told, values: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Set two values each side by side, those that differ first."""
    rows = [
        [name, *("–" if value is None else setting(value) for value in pair), DIFFERS if pair[0] != pair[1] else SAME]
        for name, pair in values.items()
    ]
    table = pd.DataFrame(rows, columns=["", first.name, second.name, VERDICT])
    return table.sort_values(VERDICT, kind="stable").reset_index(drop=True)


def inputs_beside(first: Told, second: Told) -> pd.DataFrame:
    """List the inputs of both runs: name, rows in each, and whether the files are the same, byte by byte."""
    files = [{file_name(entry["name"]): entry for entry in told.manifest["inputs"]} for told in (first, second)]
    rows = []
    for name in dict.fromkeys([*files[0], *files[1]]):
        entries = [own.get(name) for own in files]
        counts = [entry["rows"] if entry and entry.get("rows") is not None else None for entry in entries]
        rows.append([name, *counts, file_sameness(*entries)])
    table = pd.DataFrame(rows, columns=["file", f"rows in {first.name}", f"rows in {second.name}", "the same file"])
    return table.astype(dict.fromkeys(table.columns[1:3], "Int64"))


def file_sameness(first: Mapping[str, Any] | None, second: Mapping[str, Any] | None) -> str:
    """Tell whether two inputs hold the same bytes.

    Examples
    --------
    >>> file_sameness({"sha256": "ab"}, {"sha256": "ab"}), file_sameness({"sha256": "ab"}, None)
    ('yes', 'in one only')
    """
    if first is None or second is None:
        return "in one only"
    if not first.get("sha256") or not second.get("sha256"):
        return "not known"
    return "yes" if first["sha256"] == second["sha256"] else "no"


def figures_beside(first: Told, second: Told, *, min_group: int) -> pd.DataFrame:
    """Set key figures side by side as texts, a dash where a run has not measured one or has too few customers."""
    rows = [
        [label, *(form(measure(told)) if len(told.features) >= min_group else "–" for told in (first, second))]
        for label, form, measure in FIGURES
    ]
    return pd.DataFrame(rows, columns=["", first.name, second.name])


def dug(told: Told, *path: str) -> float | None:
    """Look a number up in a run's evaluation, none where it is not there."""
    value: Any = told.evaluation
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, int | float) else None


def whole(value: float | None) -> str:
    """Write a number without decimals."""
    return "–" if value is None else f"{value:,.0f}"


def fine(value: float | None) -> str:
    """Write a number with two decimals."""
    return "–" if value is None else f"{value:,.2f}"


def part(value: float | None) -> str:
    """Write a share.

    Examples
    --------
    >>> part(0.256), part(None)
    ('26 %', '–')
    """
    return "–" if value is None else f"{value * 100:.0f} %"


def word(value: str | None) -> str:
    """Write a word."""
    return value or "–"


Measure = Callable[[Told], Any]
FIGURES: tuple[tuple[str, Callable[[Any], str], Measure], ...] = (
    ("as of", str, lambda told: told.day),
    ("customers", whole, lambda told: len(told.features)),
    ("net spend of all", whole, lambda told: told.features["net_spend"].sum()),
    ("currency", str, lambda told: told.money),
    ("median spend of a customer", fine, lambda told: told.features["net_spend"].median()),
    ("orders of all", whole, lambda told: told.features["order_count"].sum()),
    ("segments", whole, lambda told: told.plan.k),
    ("found by", str, lambda told: told.plan.algorithm or told.plan.mode),
    ("verdict on the segments", word, lambda told: told.evaluation.get("verdict")),
    ("agreement of refits", fine, lambda told: dug(told, "agreement", "agreement")),
    ("silhouette", fine, lambda told: dug(told, "internal", "all", "silhouette")),
    ("days held out", whole, lambda told: dug(told, "holdout_days")),
    ("order of segments kept later", fine, lambda told: dug(told, "order", "all days", "order_kept")),
    ("later spend told by segments, ranks", part, lambda told: dug(told, "order", "all days", "ranks_explained")),
    ("later spend told by segments, money", part, lambda told: dug(told, "order", "all days", "money_explained")),
    ("best forecaster of later spend", word, lambda told: told.evaluation.get("winners", {}).get("value")),
    ("customers to contact", whole, lambda told: told.campaign.get("contactable")),
    ("budget of the campaign", fine, lambda told: told.campaign.get("budget")),
)


def segments_of(told: Told, *, min_group: int) -> pd.DataFrame:
    """List a run's segments, richest customers first: name, customers, their share, net spend and its share.

    Where one is too small to show, the next larger one is blank as well, since the total would give it away.
    """
    spend = told.features["net_spend"].reindex(told.segments.index)
    groups = told.segments.assign(spend=spend).groupby("segment")
    table = groups.agg(segment=("name", "first"), customers=("name", "size"), spend=("spend", "sum"))
    table["share"], table["of money"] = table["customers"] / len(spend), table["spend"] / (spend.sum() or np.nan)
    small = table["customers"] < min_group
    if small.sum() == 1 and len(table) > 1:
        min_group = int(table["customers"].nsmallest(2).iloc[-1]) + 1
    table = table[["segment", "customers", "share", "spend", "of money"]].reset_index(drop=True)
    shown = suppress_small_groups(table, count="customers", min_group=min_group, keep=["segment"])
    return shown.rename(columns={"spend": f"net spend, {told.money}"})
