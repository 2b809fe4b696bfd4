"""Recording a run: what the runner calls. It never stops a run, and what went wrong with it is told in a sentence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from segmentation.runs import Run

Tell = Callable[[str], None]


@contextmanager
def recorded(run: Run, *, steps: Sequence[str], parameters: Mapping[str, Any], tell: Tell) -> Iterator[None]:
    """Record the run that the block makes, when it has finished or failed; nothing of one that was interrupted.

    Parameters
    ----------
    run : the run
    steps : those that the block runs, in order
    parameters : values by name, without secrets
    tell : is told, in a sentence, why the run could not be recorded
    """
    started = datetime.now(UTC)
    try:
        yield
    except Exception as error:
        keep(run, started=started, failed_step=failed_step(error, run, steps), parameters=parameters, tell=tell)
        raise
    keep(run, started=started, failed_step="", parameters=parameters, tell=tell)


def failed_step(error: Exception, run: Run, steps: Sequence[str]) -> str:
    """Find the step that failed: as the error says, else the first that has not finished, else the last."""
    finished = run.manifest()["steps"]
    return getattr(error, "step", "") or next((step for step in steps if step not in finished), steps[-1])


def keep(run: Run, *, started: datetime, failed_step: str, parameters: Mapping[str, Any], tell: Tell) -> None:
    """Add a run to the store, and to MLflow where that is asked for; see `recorded`."""
    ended = datetime.now(UTC)
    with told(tell, "This run could not be recorded."):
        from segmentation.recording.record import record_of  # here, so that a run that is refused imports no pandas
        from segmentation.recording.store import add
        from segmentation.recording.tracking import log

        record = record_of(run, started=started, ended=ended, failed_step=failed_step, parameters=parameters)
        with told(tell, "This run is not in the list of `workbook runs`."):
            add(record)
        with told(tell, "This run is not in MLflow."):
            log(record, run)


@contextmanager
def told(tell: Tell, outcome: str) -> Iterator[None]:
    """Tell of a problem, whatever it is, instead of raising it: the run's own work is done and stands."""
    try:
        yield
    except Exception as problem:
        tell(f"{outcome} {problem}")
