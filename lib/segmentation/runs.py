"""A run's folder: where each artifact lives, atomic writes, the manifest."""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from segmentation.problems import DataProblem, some
from segmentation.sources.addresses import require_no_secret

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

SCRATCH = ".scratch"
UNATTENDED = "WORKBOOK_UNATTENDED"  # set where notebooks run and nobody is there to move their controls
PROJECT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
VERSIONS = ("duckdb", "ibis-framework", "numpy", "pandas", "scikit-learn", "seaborn", "skops", "papermill")


def home() -> Path:
    """Locate the folder that holds data/runs and reports: WORKBOOK_HOME, or the project itself."""
    return Path(os.environ.get("WORKBOOK_HOME", PROJECT)).resolve()


def resolve(file: str) -> Path:
    """Locate a file that a parameter names: a relative path counts from the project, whatever the working folder."""
    return PROJECT / Path(file).expanduser()


@dataclass(frozen=True)
class Run:
    """One run: its artifacts in data/runs/<name>, its pages in reports/<name>.

    Raises
    ------
    DataProblem
        The name is not a plain word, so that no run can write outside its folder.
    """

    name: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise DataProblem(
                f"A run's name must be one word of letters, digits, '-' and '_', at most 64; got {some([self.name])}."
            )

    @property
    def artifacts(self) -> Path:
        """Folder of the run's artifacts; it may hold personal data."""
        return home() / "data" / "runs" / self.name

    @property
    def pages(self) -> Path:
        """Folder of the run's pages, figures and their numbers; made to be shared."""
        return home() / "reports" / self.name

    def manifest(self) -> dict[str, Any]:
        """Read the manifest; one without steps when the run is new."""
        try:
            return json.loads((self.artifacts / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"run": self.name, "parameters": {}, "inputs": [], "steps": {}, "versions": {}}

    def artifact(self, name: str) -> Path:
        """Locate an artifact of an earlier step.

        Raises
        ------
        DataProblem
            The step that makes it has not been run, or was cut off.
        """
        path = self.artifacts / name
        finished = self.manifest()["steps"]
        if not path.exists() or not any(step[:2] == name[:2] for step in finished):
            raise DataProblem(
                f"Can't read {some([name])} of run {some([self.name])}: step {name[:2]} has not finished. "
                f"Run it first, or the whole run with `workbook run --name {self.name}`?"
            )
        return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary place beside `path` that takes its name only when all went well.

    A process killed at any moment leaves the old file or the new one, never half of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        if path.is_dir() and part.exists():
            shutil.rmtree(path)
        part.replace(path)
    finally:
        shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """Write JSON whole or not at all."""
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def fingerprint(path: Path) -> dict[str, Any]:
    """Identify an input file by name, bytes and SHA-256; its folder is nobody's business."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}


@dataclass(frozen=True)
class Step:
    """A step at work: reads what earlier steps handed on, hands on its own, and signs the manifest last."""

    name: str
    run: Run
    parameters: dict[str, Any]
    started: float = field(default_factory=time.monotonic)

    def read(self, artifact: str) -> Path:
        """Locate an artifact of an earlier step; see `Run.artifact`."""
        return self.run.artifact(artifact)

    def read_beside(self, connection: "Backend") -> "dict[str, ir.Table]":
        """Read the clean tables that the run has beside the orders, by name."""
        names = [name for name in self.fact("tables") if name != "orders"]
        return {name: connection.read_parquet(self.read(f"02_{name}.parquet")) for name in names}

    @contextmanager
    def write(self, artifact: str) -> Iterator[Path]:
        """Give the place to write one of this step's artifacts, whole or not at all."""
        with replacing(self.run.artifacts / artifact) as part:
            yield part

    def write_table(self, artifact: str, table: Any) -> None:
        """Write a table as Parquet: an Ibis expression, which the engine computes, or a DataFrame with its index."""
        with self.write(artifact) as part:
            table.to_parquet(part)

    def write_tables(self, tables: Mapping[str, Any]) -> list[Path]:
        """Write several tables and tell where; see `write_table`."""
        for artifact, table in tables.items():
            self.write_table(artifact, table)
        return [self.run.artifacts / artifact for artifact in tables]

    def write_json(self, artifact: str, content: object) -> None:
        """Write plain values as JSON."""
        write_json(self.run.artifacts / artifact, content)

    def read_json(self, artifact: str) -> Any:
        """Read what an earlier step wrote as JSON."""
        return json.loads(self.read(artifact).read_text(encoding="utf-8"))

    def fact(self, name: str) -> Any:
        """Look up a value that an earlier step told the manifest, or a parameter that it was given.

        Raises
        ------
        DataProblem
            No finished step told it.
        """
        manifest = self.run.manifest()
        told = manifest["parameters"] | {
            key: value for step in manifest["steps"].values() for key, value in step["facts"].items()
        }
        if name not in told:
            raise DataProblem(
                f"Run {some([self.run.name])} must have its earlier steps before {self.name}; none has told {name}. "
                f"Run them first, or the whole run with `workbook run --name {self.run.name}`?"
            )
        return told[name]

    def finish(
        self,
        *,
        rows_in: int,
        rows_out: int,
        rows_quarantined: int = 0,
        findings: list[dict[str, Any]],
        facts: dict[str, Any] | None = None,
        inputs: list[dict[str, Any]] | None = None,
    ) -> None:
        """Sign the manifest: what the step read, handed on and found, how long it took and how much memory."""
        manifest = self.run.manifest()
        manifest["steps"][self.name] = {
            "seconds": round(time.monotonic() - self.started, 2),
            "rows_in": int(rows_in),
            "rows_out": int(rows_out),
            "rows_quarantined": int(rows_quarantined),
            "peak_mb": peak_mb(),
            "parameters": self.parameters,
            "facts": facts or {},
            "findings": findings,
        }
        manifest["steps"] = dict(sorted(manifest["steps"].items()))
        steps = manifest["steps"].values()
        manifest["parameters"] = {name: value for step in steps for name, value in step["parameters"].items()}
        manifest["versions"] = {package: version(package) for package in VERSIONS}
        if inputs is not None:
            manifest["inputs"] = inputs
        write_json(self.run.artifacts / "manifest.json", manifest)


def begin(step: str, run: str, **parameters: Any) -> Step:
    """Open a step of a run; what the manifest says of it and of later steps stops being true now.

    Parameters
    ----------
    step : its number and word, such as "03_features"
    run : the run's name
    parameters : every parameter that the step's notebook declares, except `run`

    Raises
    ------
    DataProblem
        The run's name is not a plain word, or a parameter holds a password.
    """
    require_no_secret(parameters)
    opened = Step(step, Run(run), parameters)
    folder = opened.run.artifacts
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for left in folder.glob(".*.part"):  # by a run that was killed
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    manifest = opened.run.manifest()
    stale = [name for name in manifest["steps"] if name >= step]
    if stale:
        manifest["steps"] = {name: told for name, told in manifest["steps"].items() if name not in stale}
        write_json(folder / "manifest.json", manifest)
    return opened


def peak_mb() -> int:
    """Measure the most memory that this process has held, MB.

    Linux tells it per program; `ru_maxrss` there would carry over what the parent held when it started this one.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024
    except FileNotFoundError:
        memory = psutil.Process().memory_info()
        return getattr(memory, "peak_wset", memory.rss) // 2**20
