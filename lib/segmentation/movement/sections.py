"""The sections of the page that compares two runs: figures, moves, drift, and how the runs were made."""

import base64
from collections.abc import Mapping
from itertools import count
from typing import Any

import pandas as pd
from markupsafe import Markup

from segmentation import figures
from segmentation.movement.comparison import Comparison
from segmentation.movement.drift import CLEAR, DRIFT_FORMATS, DRIFT_NOTES, SOME, by_size, drift_table, feature_words
from segmentation.movement.moves import gone_after_days
from segmentation.movement.moves_shown import MOVES_FORMATS, gone_in_words, moves_matrix, moves_table
from segmentation.movement.side_by_side import (
    DIFFERS,
    VERDICT,
    figures_beside,
    inputs_beside,
    parameters_beside,
    segments_of,
    versions_beside,
)
from segmentation.report import as_png, table_html

SAME_SEGMENT = (
    "Two segments are one when they hold mostly the same customers; an arrow joins their names where these differ."
)
Part = dict[str, Any]


def section(anchor: str, heading: str, parts: list[Part]) -> dict[str, Any]:
    """Describe a section."""
    return {"anchor": anchor, "heading": heading, "parts": parts}


def came_out(compared: Comparison, numbers: Mapping[str, count], *, min_group: int) -> list[Part]:
    """Set key figures and segments of both runs side by side."""
    before, after = compared.before, compared.after
    formats = {"share": "{:.0%}", "of money": "{:.0%}"}
    parts = [
        table(
            numbers,
            figures_beside(before, after, min_group=min_group),
            caption="Key figures of both runs.",
            notes="A dash: the run has not measured it.",
        )
    ]
    for told in (before, after):
        shown = segments_of(told, min_group=min_group)
        money = next(name for name in shown.columns if name.startswith("net spend"))
        parts.append(
            table(
                numbers,
                shown,
                caption=f"Segments of {told.name}, richest customers first.",
                formats=formats | {money: "{:,.0f}"},
                notes=f"A dash: fewer than {min_group} customers, or so few would follow from the others.",
            )
        )
    return parts


def moved(compared: Comparison, numbers: Mapping[str, count], *, min_group: int) -> list[Part]:
    """Show who went from which segment to which; nobody where the runs are of different shops."""
    if not compared.of_one_shop:
        return [{"text": "Not shown: the runs seem to be of different shops, so nobody can be followed."}]
    before, after = compared.before, compared.after
    rows, columns = compared.own_names
    matrix = moves_matrix(compared.moves, min_group=min_group).rename(index=rows, columns=columns)
    days = gone_after_days(before.features)
    caption = (
        f"Customers by their segment in {before.name} (rows) and in {after.name} (columns). The darker, the more "
        f"customers. Blank: nobody, fewer than {min_group}, or so few would follow from the rest."
    )
    return [
        picture(numbers, figures.moves_map(matrix), caption=caption),
        table(
            numbers,
            matrix.reset_index().rename(columns={"before": f"{before.name} ↓ {after.name} →"}),
            caption=f"Customers by segment in {before.name} (rows) and in {after.name} (columns).",
            formats=dict.fromkeys(matrix.columns, "{:,.0f}"),
            notes=f"A dash: fewer than {min_group} customers, or so few would follow from the rest.",
        ),
        table(
            numbers,
            moves_table(compared.moves, min_group=min_group),
            caption=f"How each segment came from {before.name} to {after.name}.",
            formats=MOVES_FORMATS,
            notes="Before + joined + new − left − lost = after. New: known in the later run only; lost: in the earlier "
            f"one only. Money: net spend as of either day, {after.money}. {SAME_SEGMENT}",
        ),
        {"text": gone_in_words(before.features, after.features, days=days, min_group=min_group)},
    ]


def shifted(compared: Comparison, numbers: Mapping[str, count]) -> list[Part]:
    """Show how far the features that decide have shifted."""
    drift = compared.drift
    if drift.empty:
        return [{"text": "No feature that decides is known in both runs."}]
    named = by_size(drift).head(20).rename(index=feature_words)
    usual = "the mark what is usual, " if compared.reference else ""
    caption = (
        f"Population stability index of the features that decide, {compared.before.name} against "
        f"{compared.after.name}; {usual}diamonds newcomers alone. Red: beyond chance and the usual. Dotted: "
        f"{SOME:.2f} and {CLEAR:.2f}, by convention some and clear shift."
    )
    return [
        {"text": yardstick(compared)},
        picture(numbers, figures.drift_bars(named, bands=(SOME, CLEAR)), caption=caption),
        table(
            numbers,
            drift_table(drift),
            caption="How far each feature that decides has shifted, furthest beyond the usual first.",
            formats=DRIFT_FORMATS,
            notes=DRIFT_NOTES,
        ),
    ]


def yardstick(compared: Comparison) -> str:
    """Say what shifts are held against."""
    if not compared.days:
        return (
            "Both runs describe the same day or different shops, so everyone is compared, and chance alone sets limits."
        )
    if compared.reference:
        return (
            f"The runs are {compared.days:,} days apart. A shop that grows older shifts though nothing happens, so "
            f"shifts are held against those between an earlier pair of days about as far apart, which "
            f"{compared.before.name} knows."
        )
    return (
        f"The runs are {compared.days:,} days apart, and {compared.before.name} knows no earlier pair of days as far "
        "apart to hold shifts against. A shop that grows older shifts though nothing happens, so only newcomers, who "
        "had equally long to buy, count for the verdict."
    )


def made(compared: Comparison, numbers: Mapping[str, count]) -> list[Part]:
    """Set parameters, inputs and versions side by side."""
    before, after = compared.before, compared.after
    parameters, versions = parameters_beside(before, after), versions_beside(before, after)
    differ, same = (parameters[parameters[VERDICT].eq(DIFFERS) == flag] for flag in (True, False))
    parts = [table(numbers, differ, caption="Parameters that differ.")]
    if len(same):
        alike = table(numbers, same, caption="Parameters that are the same.")
        parts.append(alike | {"summary": "Parameters that are the same"})
    return [
        *parts,
        table(numbers, inputs_beside(before, after), caption="Inputs.", notes="The same file: byte by byte."),
        table(numbers, versions[versions[VERDICT] == DIFFERS], caption="Packages whose versions differ."),
    ]


def table(
    numbers: Mapping[str, count], rows: pd.DataFrame, *, caption: str, formats: Mapping[str, str] | None = None,
    notes: str = "",
) -> Part:  # fmt: skip
    """Set a table with the next number."""
    number = str(next(numbers["Table"]))
    return {"table": Markup(table_html(number, rows, caption=caption, formats=formats or {}, notes=notes, total=False))}


def picture(numbers: Mapping[str, count], figure: Any, *, caption: str) -> Part:
    """Set a figure with the next number."""
    number = str(next(numbers["Figure"]))
    drawn = base64.b64encode(as_png(figure, description=caption)).decode("ascii")
    return {"picture": f"data:image/png;base64,{drawn}", "number": number, "caption": caption}
