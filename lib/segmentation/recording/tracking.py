"""MLflow: a run is logged there, too, when the package is installed and MLFLOW_TRACKING_URI says where.

`python -m segmentation.recording.tracking` reads what to log from its input, as JSON. It is a process of its own, for
MLflow takes seconds to import, speaks its mind on the terminal, and may wait for a server longer than we do.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.problems import DataProblem, shorten
from segmentation.recording.record import EVALUATION, Record
from segmentation.runs import Run

if TYPE_CHECKING:
    from mlflow import MlflowClient

ADDRESS, EXPERIMENT_NAME = "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"
EXPERIMENT = "segmentation workbook"
SECONDS = 60  # that all of it may take
BATCH = 100  # parameters that a server takes at a time
LONGEST = 500  # letters of a parameter or a tag that every server takes
UNLESS_SET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}
USER = re.compile(r"(?<=//)[^/\s@]+@")


# --- in the runner's process


def log(record: Record, run: Run) -> None:
    """Log a run in MLflow if it is installed and its address is set: numbers, parameters, the evaluation, the pages.

    Nothing that lists customers goes there.

    Raises
    ------
    DataProblem
        MLflow was not reached, did not take the run, or took too long.
    """
    if not os.environ.get(ADDRESS) or not find_spec("mlflow"):
        return
    asked = json.dumps(vars(record) | {"files": [str(path) for path in to_share(record, run)]}, default=str)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "segmentation.recording.tracking"],
            input=asked,
            env=UNLESS_SET | os.environ,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise DataProblem(f"There was no answer within {SECONDS} seconds. Is {ADDRESS} right?") from None
    if done.returncode:
        why = done.stdout.strip() or f"Its process ended with {done.returncode}."
        raise DataProblem(f"{why} Is {ADDRESS} right?")


def to_share(record: Record, run: Run) -> list[Path]:
    """Locate the files of a run that may leave: the evaluation and the pages, which are made to be shared."""
    names = [entry["name"] for entry in record.artifacts]
    pages = [run.pages / Path(name).name for name in names if name.startswith("pages/")]
    return [run.artifacts / EVALUATION for name in names if name == EVALUATION] + pages


# --- in a process of its own


def send(asked: Mapping[str, Any]) -> None:
    """Make an MLflow run of what was asked; see `log`."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient()
    ended = milliseconds(asked["ended"])
    begun = client.create_run(
        experiment(client), start_time=milliseconds(asked["started"]), run_name=asked["name"], tags=tags(asked)
    )
    identity = begun.info.run_id
    try:
        metrics = [Metric(name, float(number), ended, 0) for name, number in asked["metrics"].items()]
        parameters = [Param(name, as_text(value)) for name, value in asked["parameters"].items()]
        for first in range(0, max(len(metrics), len(parameters)), BATCH):
            batch = slice(first, first + BATCH)
            client.log_batch(identity, metrics=metrics[batch], params=parameters[batch])
        for file in asked["files"]:
            client.log_artifact(identity, file)
    finally:
        client.set_terminated(identity, status="FAILED" if asked["failed_step"] else "FINISHED", end_time=ended)


def experiment(client: "MlflowClient") -> str:
    """Find the experiment that runs belong to; make it when there is none."""
    name = os.environ.get(EXPERIMENT_NAME) or EXPERIMENT
    found = client.get_experiment_by_name(name)
    return found.experiment_id if found else client.create_experiment(name)


def tags(asked: Mapping[str, Any]) -> dict[str, str]:
    """Tell what became of the run, what it read, and what computed it."""
    inputs = [f"{entry['name']} {(entry['sha256'] or '')[:12]}".strip() for entry in asked["inputs"]]
    versions = {f"version.{name}": version for name, version in asked["versions"].items()}
    return {
        "verdict": asked["verdict"],
        "failed_step": asked["failed_step"],
        "steps": as_text(asked["steps"]),
        "inputs": as_text(inputs),
        **versions,
    }


def as_text(value: Any) -> str:
    """Write a value as every server takes it.

    Examples
    --------
    >>> as_text("net"), as_text(0.1), as_text(["june.csv"])
    ('net', '0.1', '["june.csv"]')
    """
    return shorten(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), limit=LONGEST - 1)


def milliseconds(moment: str) -> int:
    """Count the milliseconds since 1970."""
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def main() -> None:
    """Send what the input asks for; an error is told in its own first line, without a user and their password."""
    try:
        send(json.load(sys.stdin))
    except Exception as error:
        first = next(iter(str(error).splitlines()), "").rstrip(".")
        print(shorten(USER.sub("", f"{type(error).__name__}: {first}."), limit=300))
        sys.exit(1)


if __name__ == "__main__":
    main()
