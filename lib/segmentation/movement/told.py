"""What a finished run tells of itself, read for a comparison."""

import datetime
import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from segmentation.cluster import Plan
from segmentation.describing.registry import FEATURES, require_known_version
from segmentation.gate import FULL
from segmentation.preparing import USUAL_FEATURES
from segmentation.problems import DataProblem, some
from segmentation.runs import Run, home


@dataclass(frozen=True)
class Told:
    """A run as far as it has to do with its customers and segments.

    Attributes
    ----------
    run : its folders; manifest : see `Run.manifest`
    features, past : see step 03, indexed by customer_id; segments : see step 04
    evaluation : of step 05, empty where it has not been run; campaign : the totals of step 06, empty likewise
    """

    run: Run
    manifest: dict[str, Any]
    features: pd.DataFrame
    past: pd.DataFrame
    segments: pd.DataFrame
    evaluation: dict[str, Any]
    campaign: dict[str, float]

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    def fact(self, name: str) -> Any:
        """Look up what a step told the manifest, none where no step did."""
        facts = [step["facts"] for step in self.manifest["steps"].values() if name in step["facts"]]
        return facts[-1][name] if facts else None

    @property
    def day(self) -> datetime.date:
        """Day of description."""
        return datetime.date.fromisoformat(self.fact("as_of"))

    @property
    def money(self) -> str:
        """The shop's currency."""
        return self.fact("currency") or "units"

    @property
    def plan(self) -> Plan:
        """What makes the segments again."""
        return Plan.of(self.fact("plan"))

    @property
    def decides(self) -> list[str]:
        """Features that decide who is alike; the usual ones where rules do."""
        by_algorithm = self.plan.mode == FULL and self.plan.recipe.columns
        return [name for name in (self.plan.recipe.columns if by_algorithm else USUAL_FEATURES) if name in FEATURES]

    @property
    def min_group(self) -> int:
        """Fewest customers that this run shows as a group."""
        return int(self.manifest["parameters"].get("min_group", 1))


def read_told(name: str) -> Told:
    """Read a finished run.

    Raises
    ------
    DataProblem
        There is no such run, its steps 03 and 04 have not finished, or another version of the workbook described it.
    """
    run = Run(name)
    if not run.artifacts.is_dir():
        raise DataProblem(f"There is no run {some([name])} to compare. There are {some(run_names(), limit=20)}.")
    tables = [pd.read_parquet(run.artifact(f"{table}.parquet")) for table in ("03_features", "03_past", "04_segments")]
    features, past, segments = (table.set_index("customer_id") for table in tables)
    require_known_version(features)
    manifest = run.manifest()
    ran = {step[:2] for step in manifest["steps"]}
    evaluation = json.loads(run.artifact("05_evaluation.json").read_text("utf-8")) if "05" in ran else {}
    campaign = pd.read_csv(run.artifact("06_plan.csv")) if "06" in ran else pd.DataFrame()
    totals = {column: float(campaign[column].sum()) for column in ("contactable", "budget") if column in campaign}
    return Told(run, manifest, features, past, segments, evaluation, totals)


def run_names() -> list[str]:
    """List the runs there are."""
    folder = home() / "data" / "runs"
    return (
        sorted(path.name for path in folder.iterdir() if (path / "manifest.json").is_file()) if folder.is_dir() else []
    )
