"""What is kept of a run: its parameters, its numbers, and which files it read and made. Never what is in them."""

import json
import math
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, chain, count
from pathlib import Path
from typing import Any

from segmentation import __version__
from segmentation.privacy import PSEUDONYM_KEY, file_name
from segmentation.runs import Run, fingerprint

MOST_BYTES_READ = 32 * 2**20  # of all artifacts together, to identify them by their content
EVALUATION = "05_evaluation.json"
COUNTS = ("seconds", "rows_in", "rows_out", "rows_quarantined", "peak_mb")
HEADLINES = {
    "customer_count": "features.rows_out",
    "segment_count": "cluster.k",
    "agreement": "evaluate.agreement.agreement",
    "silhouette": "evaluate.internal.all.silhouette",
    "order_kept": "evaluate.order.all_days.order_kept",
    "money_explained": "evaluate.order.all_days.money_explained",
}


@dataclass(frozen=True)
class Record:
    """One run that came to an end.

    Attributes
    ----------
    name : the run's name; a name that is run again has several records
    started, ended : moments, with their time zone
    failed_step : the step that stopped the run; empty when it finished
    verdict : what the reliability card says of all segments together; empty when step 5 does not stand
    steps : the steps that stand, in order: run now, or reused from an earlier run of the name
    parameters : values by name, files without their folders
    metrics : finite numbers by name: the step's word and the path to the number; those of HEADLINES by short names too
    artifacts : the files that were made: name, bytes, sha256, changed; sha256 is None where reading would take long
    inputs : the files and tables that were read: table, name, bytes, sha256, rows
    versions : of the workbook, of Python and of the packages that compute, by name
    """

    name: str
    started: datetime
    ended: datetime
    failed_step: str
    verdict: str
    steps: tuple[str, ...]
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    artifacts: tuple[Mapping[str, Any], ...]
    inputs: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, str]

    @property
    def seconds(self) -> float:
        """How long the run took, in seconds."""
        return (self.ended - self.started).total_seconds()

    @property
    def status(self) -> str:
        """What became of the run, in words."""
        return f"failed at {self.failed_step}" if self.failed_step else "finished"


def record_of(
    run: Run, *, started: datetime, ended: datetime, failed_step: str, parameters: Mapping[str, Any]
) -> Record:
    """Gather what is kept of a run from its manifest and its folders.

    Parameters
    ----------
    run : the run, which nothing is writing any more
    started, ended : moments, with their time zone
    failed_step : the step that stopped it, whose numbers and files, like those of later steps, are left out
    parameters : values by name, without secrets
    """
    from segmentation.pages import without_folders  # whoever ran a pipeline has imported this long ago

    manifest = run.manifest()
    stand = {name: told for name, told in manifest["steps"].items() if not failed_step or name < failed_step}
    evaluated = evaluation(run, stand)
    return Record(
        name=run.name,
        started=started,
        ended=ended,
        failed_step=failed_step,
        verdict=evaluated.get("verdict") or "",
        steps=tuple(stand),
        parameters=without_folders(dict(parameters)),
        metrics=metrics(stand, evaluation=evaluated),
        artifacts=tuple(identified(made_by(run, stand, since=started))),
        inputs=tuple(entry | {"name": file_name(entry["name"])} for entry in manifest["inputs"] if stand),
        versions={"workbook": __version__, "python": platform.python_version(), **manifest["versions"]},
    )


# --- numbers


def metrics(steps: Mapping[str, Mapping[str, Any]], *, evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Name every number that steps told: counts, facts, findings, and the evaluation.

    Parameters
    ----------
    steps : what the manifest tells of each step
    evaluation : what step 5 measured; empty when it has not run

    Returns
    -------
    dict of finite numbers by name, those of HEADLINES first
        Where several findings of a step use one word, "_2" and so on stand behind the later ones.

    Examples
    --------
    >>> told = {"facts": {"k": 8}, "findings": [{"values": {"share": 0.4}}, {"values": {"share": 0.1}}]}
    >>> metrics({"04_cluster": told}, evaluation={})
    {'segment_count': 8, 'cluster.k': 8, 'cluster.share': 0.4, 'cluster.share_2': 0.1}
    """
    named: dict[str, float] = {}
    for step, told in steps.items():
        word = step.partition("_")[2]
        named |= numbers({name: told[name] for name in COUNTS if name in told} | told["facts"], within=word)
        for finding in told["findings"]:
            for name, number in numbers(finding["values"], within=word).items():
                named[unused(name, named)] = number
    named |= numbers(evaluation, within="evaluate")
    return {short: named[name] for short, name in HEADLINES.items() if name in named} | named


def numbers(value: Any, *, within: str) -> dict[str, float]:
    """Flatten the finite numbers in nested mappings and lists, each under the path that leads to it.

    Examples
    --------
    >>> numbers({"late, big": {"low": 0.5, "why": "few"}, "moves": [3, None]}, within="evaluate")
    {'evaluate.late_big.low': 0.5, 'evaluate.moves.0': 3}
    """
    if isinstance(value, Mapping):
        parts: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        plain = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return {within: value} if plain else {}
    return {
        name: number
        for key, part in parts
        for name, number in numbers(part, within=f"{within}.{as_word(str(key))}").items()
    }


def as_word(key: str) -> str:
    """Turn a key into a word that can be typed and that MLflow takes.

    Examples
    --------
    >>> as_word("customers, first bought lately")
    'customers_first_bought_lately'
    """
    return re.sub(r"[^\w-]+", "_", key).strip("_")


def unused(name: str, taken: Mapping[str, float]) -> str:
    """Put a number behind a name that is taken."""
    behind = chain([""], (f"_{number}" for number in count(2)))
    return next(name + more for more in behind if name + more not in taken)


def evaluation(run: Run, steps: Iterable[str]) -> Mapping[str, Any]:
    """Read what step 5 measured; nothing when it does not stand."""
    path = run.artifacts / EVALUATION
    there = any(step[:2] == EVALUATION[:2] for step in steps) and path.exists()
    return json.loads(path.read_text(encoding="utf-8")) if there else {}


# --- files


def made_by(run: Run, steps: Iterable[str], *, since: datetime) -> dict[str, Path]:
    """Locate what a run has made, by name within it: artifacts, executed notebooks, pages.

    A file that carries a step's number belongs to the run when that step stands; any other, such as an audience, when
    it has been written since the run began. The key of the pseudonyms is never looked at.
    """
    numbers_of = {step[:2] for step in steps}
    files = {path.relative_to(run.artifacts).as_posix(): path for path in run.artifacts.rglob("[!.]*")}
    files |= {f"pages/{path.name}": path for path in run.pages.glob("*.html")}
    return {
        name: path
        for name, path in sorted(files.items())
        if path.is_file() and path.name != PSEUDONYM_KEY and belongs(path, numbers_of, since=since)
    }


def belongs(path: Path, numbers_of: set[str], *, since: datetime) -> bool:
    """Tell whether a file is one of the steps whose numbers are given."""
    numbered = re.match(r"\d\d(?=_)", path.name)
    return numbered[0] in numbers_of if numbered else path.stat().st_mtime >= since.timestamp()


def identified(files: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Identify files by name, bytes, and SHA-256 as far as reading them takes no time: the smallest first.

    Returns
    -------
    list of dict in the order given
        name : str; bytes : int; changed : str, when the file was last written, ISO in UTC; sha256 : str or None
    """
    sizes = {name: path.stat().st_size for name, path in files.items()}
    smallest = sorted(sizes, key=lambda name: sizes[name])
    read = {
        name
        for name, total in zip(smallest, accumulate(sizes[name] for name in smallest), strict=True)
        if total <= MOST_BYTES_READ
    }
    return [
        {"changed": modified(path)}
        | (fingerprint(path) if name in read else {"bytes": sizes[name], "sha256": None})
        | {"name": name}
        for name, path in files.items()
    ]


def modified(path: Path) -> str:
    """Tell when a file was last written, to the second."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
