"""The page that compares two runs: the verdict first, then who moved, what drifted, and how the runs were made."""

import os
from itertools import count
from pathlib import Path
from typing import Any

from segmentation.movement.comparison import Comparison, in_order
from segmentation.movement.drift import drift_in_words, total_drift
from segmentation.movement.moves_shown import moves_in_words
from segmentation.movement.sections import came_out, made, moved, section, shifted
from segmentation.movement.side_by_side import DIFFERS, VERDICT, parameters_beside
from segmentation.movement.told import Told, read_told
from segmentation.pages import page_template, stylesheet, write
from segmentation.problems import DataProblem, some
from segmentation.runs import home

FOLDER = "compare"
SEED = 7


def compare_runs(first: str, second: str, *, out: Path | None = None, min_group: int = 0) -> Path:
    """Write one self-contained page that compares two runs.

    Parameters
    ----------
    first, second : names of runs; the one described as of the earlier day comes first
    out : where to write the page; reports/compare/<first>..<second>.html without it
    min_group : fewest customers that the page may show as a group; 0 for the larger one of the two runs

    Raises
    ------
    DataProblem
        The two are one, or one of them can't be compared; see `read_told`.
    """
    if first == second:
        raise DataProblem(f"Two runs must be named to compare them; both are {some([first])}.")
    runs = read_told(first), read_told(second)
    compared = in_order(*runs, seed=SEED)
    least = min_group or max(told.min_group for told in runs)
    path = out or home() / "reports" / FOLDER / f"{first}..{second}.html"
    return write(page(compared, min_group=least, folder=path.resolve().parent), path)


def page(compared: Comparison, *, min_group: int, folder: Path) -> str:
    """Set the page in HTML; it links to the runs' own pages from the folder where it will lie."""
    before, after = compared.before, compared.after
    numbers = {"Table": count(1), "Figure": count(1)}
    sections = [
        section("key-figures", "What came out", came_out(compared, numbers, min_group=min_group)),
        section("moves", "Who moved", moved(compared, numbers, min_group=min_group)),
        section("drift", "What shifted", shifted(compared, numbers)),
        section("how", "How the runs were made", made(compared, numbers)),
    ]
    links = [{"href": "#content", "label": "Comparison", "current": True}]
    return page_template("compare.html.j2").render(
        resources={
            "title": f"{before.name} and {after.name} compared",
            "run": f"{before.name} and {after.name}",
            "links": [*links, *(link for told in (before, after) for link in links_to(told, folder))],
            "css": stylesheet(),
        },
        about=about(compared),
        verdict=compared.headline,
        findings=[*compared.verdict.grounds, *findings(compared, min_group=min_group)],
        sections=sections,
    )


def links_to(told: Told, folder: Path) -> list[dict[str, Any]]:
    """Link to a run's first page, where it has one."""
    index = told.run.pages / "index.html"
    href = Path(os.path.relpath(index, folder)).as_posix()
    return [{"href": href, "label": f"Findings of {told.name}", "current": False}] if index.exists() else []


def about(compared: Comparison) -> str:
    """Say what is compared, and whether customers can be followed."""
    before, after = compared.before, compared.after
    told = (
        f"{before.name} describes {len(before.features):,} customers as of {before.day}, {after.name} "
        f"{len(after.features):,} as of {after.day}."
    )
    if not compared.of_one_shop:
        return (
            f"{told} Of the smaller run's customers the other knows {compared.shared:.0%}, fewer than half: the runs "
            "seem to be of different shops. So nobody is followed, and only distributions are compared."
        )
    return f"{told} Of the smaller run's customers the other knows {compared.shared:.0%}."


def findings(compared: Comparison, *, min_group: int) -> list[str]:
    """Word what the page shows, beyond the grounds of the verdict."""
    differing = parameters_beside(compared.before, compared.after)
    names = [name for name in differing.loc[differing[VERDICT] == DIFFERS, ""] if name != "run"]
    settings = f"Parameters that differ: {', '.join(names)}." if names else "All parameters are the same."
    drift = [drift_in_words(compared.drift)] if total_drift(compared.drift) else []
    if not compared.of_one_shop:
        return [*drift, settings]
    words = moves_in_words(compared.moves, min_group=min_group, money=compared.after.money)
    return [*drift, *words, settings]
