"""The runner: the numbered notebooks in order through papermill, kernels started ahead, pages made beside them.

Read from the top: the run itself, then what an earlier run left to begin from. Papermill and what makes pages are
imported only when the first kernel is on its way, so that a run begins early and one that is refused ends at once.
"""

import contextlib
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from segmentation.kernels import Kernels, kernels_ahead
from segmentation.lock import alone
from segmentation.parameters import Workbook, check_parameters, find_step, found_files, require_there
from segmentation.problems import DataProblem, some
from segmentation.recording.recorder import Tell, recorded
from segmentation.runs import SCRATCH, Run, fingerprint
from segmentation.sources.addresses import secrets_apart

OnCell = Callable[[str, int, int], None]


class StepFailed(RuntimeError):
    """A step stopped: in which sentence, which step, and the executed notebook that shows where."""

    def __init__(self, sentence: str, *, step: str, executed: Path | None) -> None:
        """Keep what to tell the user; `executed` is None when no cell was reached."""
        super().__init__(sentence)
        self.step = step
        self.executed = executed


def run_pipeline(
    workbook: Workbook,
    run: Run,
    *,
    given: Mapping[str, Any],
    begin_with: str = "",
    until: str = "",
    on_cell: OnCell = lambda step, cell, cells: None,
    tell: Tell = lambda sentence: None,
) -> Path:
    """Run steps in order: executed notebooks into the run's artifacts, pages into its report, a line into the record.

    Parameters
    ----------
    workbook : the notebooks and what they declare
    run : the run
    given : values by name, as `gather_parameters` returns them; a password in a database's address is handed to the
        kernels in their environment, and written nowhere
    begin_with, until : the first and the last step to run, by number or word; all of them when empty
    on_cell : told before each cell: the step, which cell (from 1), how many
    tell : told, in a sentence, why a run that came to its end could not be recorded

    Returns
    -------
    The report's index page

    Raises
    ------
    DataProblem
        Before anything runs: what was asked can't be done, or a run of this name is going on.
    StepFailed
        A cell stopped, the kernel died, or the page could not be made; what earlier steps made stays whole.
    """
    begun, chosen = chosen_steps(workbook.steps, begin_with=begin_with, until=until)
    given, environment = secrets_apart(check_parameters(given, workbook.parameters))
    values = settled_parameters(workbook, run, given=given, begun=begun, chosen=chosen)
    parameters = {step: injected(workbook, step, values=values, given=given) for step in chosen}
    notebooks = [notebook for notebook in workbook.notebooks if notebook.stem in chosen]
    shown = [step for step in begun if executed_notebook(run, step).exists()] + chosen
    asked = {name: values[name] for step in shown for name in workbook.declared_by(step)}
    with alone(run), recorded(run, steps=chosen, parameters=asked, tell=tell):
        try:
            run_steps(notebooks, run, parameters=parameters, environment=environment, shown=shown, on_cell=on_cell)
        finally:
            shutil.rmtree(run.artifacts / SCRATCH, ignore_errors=True)  # left by a step that stopped
        for step in workbook.steps[len(begun + chosen) :]:
            (run.pages / f"{step}.html").unlink(missing_ok=True)
        from segmentation.pages import write_index

        return write_index(run, steps=shown)


def run_steps(
    notebooks: Sequence[Path],
    run: Run,
    *,
    parameters: Mapping[str, Mapping[str, Any]],
    environment: Mapping[str, str],
    shown: list[str],
    on_cell: OnCell,
) -> None:
    """Run notebooks one after the other and make a page of every step shown; see `run_pipeline`."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages") as pool:
        with kernels_ahead(notebooks, environment=environment) as kernels:
            import_the_rest()
            reused = [step for step in shown if step not in parameters]
            pages = [pool.submit(make_page, step, run=run, shown=shown) for step in reused]
            for notebook in notebooks:
                step = notebook.stem
                run_step(notebook, run, parameters=parameters[step], kernels=kernels, on_cell=on_cell)
                pages.append(pool.submit(make_page, step, run=run, shown=shown))
                raise_early(pages)
        for page in pages:
            page.result()


def import_the_rest() -> None:
    """Import what runs notebooks and makes pages, which takes about as long as the first kernel needs to start.

    On its import jsonschema builds a grammar of web addresses, most of a second's work, for a check that notebooks
    never ask for. Told that the grammar is absent, it does without.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import_module("segmentation.execution")
    import_module("segmentation.pages")


def chosen_steps(names: Sequence[str], *, begin_with: str, until: str) -> tuple[list[str], list[str]]:
    """Split steps into those to reuse and those to run.

    Examples
    --------
    >>> chosen_steps(["01_ingest", "02_clean", "03_features"], begin_with="clean", until="2")
    (['01_ingest'], ['02_clean'])
    """
    first = names.index(find_step(begin_with, names)) if begin_with else 0
    last = names.index(find_step(until, names)) if until else len(names) - 1
    if last < first:
        raise DataProblem(f"The first step must not come after the last; got {some([names[first], names[last]])}.")
    return list(names[:first]), list(names[first : last + 1])


def injected(workbook: Workbook, step: str, *, values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the parameters to hand to a step: those it declares that were given, now or when the run was begun."""
    names = workbook.declared_by(step)
    return {name: values[name] for name in names if name in given or values[name] != workbook.parameters[name].default}


def executed_notebook(run: Run, step: str) -> Path:
    """Locate the executed notebook of a step."""
    return run.artifacts / "notebooks" / f"{step}.ipynb"


def run_step(notebook: Path, run: Run, *, parameters: Mapping[str, Any], kernels: Kernels, on_cell: OnCell) -> None:
    """Run one notebook and write it, executed, whole or not at all; one that failed shows where.

    Raises
    ------
    StepFailed
        A cell stopped or the kernel died.
    """
    from segmentation.execution import execute, write_notebook

    step, executed = notebook.stem, executed_notebook(run, notebook.stem)
    try:
        kernel = kernels.take()
    except RuntimeError as error:
        sentence = f"The kernel of this step did not start: {error}. Is the installation whole (`make install`)?"
        raise StepFailed(sentence, step=step, executed=None) from None
    given = {"run": run.name} | dict(parameters)
    execution = execute(notebook, parameters=given, kernel=kernel, on_cell=partial(on_cell, step))
    if execution.failure:
        with contextlib.suppress(OSError):  # the failure itself is what to tell, even on a full disk
            write_notebook(execution.notebook, executed)
        raise StepFailed(execution.failure, step=step, executed=executed)
    kernels.end(kernel)
    write_notebook(execution.notebook, executed)


def make_page(step: str, *, run: Run, shown: list[str]) -> None:
    """Make the page of a step; runs beside the next step.

    Raises
    ------
    StepFailed
        The page could not be made.
    """
    from segmentation.pages import write_page

    executed = executed_notebook(run, step)
    try:
        write_page(executed, run=run, steps=shown)
    except OSError:
        raise
    except Exception as error:
        sentence = f"The page of this step could not be made: {type(error).__name__}: {error}"
        raise StepFailed(sentence, step=step, executed=executed) from error


def raise_early(pages: Iterable[Future[None]]) -> None:
    """Raise what stopped a page already, before another step begins."""
    for page in pages:
        if page.done():
            page.result()


# --- what an earlier run left to begin from


def settled_parameters(
    workbook: Workbook, run: Run, *, given: Mapping[str, Any], begun: Sequence[str], chosen: Sequence[str]
) -> dict[str, Any]:
    """Settle the value of every parameter before anything runs.

    A value given counts first. A run begun earlier keeps, for those not given, the values that it was made with;
    else the declared default counts.

    Parameters
    ----------
    workbook : the notebooks and what they declare
    run : the run
    given : values by name
    begun : steps to reuse, those before the first that runs
    chosen : steps to run

    Raises
    ------
    DataProblem
        A step to reuse has not been run, was made otherwise than now asked, or a file that a chosen step reads is
        not there.
    """
    declared = {name: parameter for name, parameter in workbook.parameters.items() if name != "run"}
    defaults = {name: parameter.default for name, parameter in declared.items()}
    made_with = run.manifest()["parameters"] if begun else {}
    kept = check_parameters({name: value for name, value in made_with.items() if name in declared}, declared)
    values = defaults | kept | given
    require_made(workbook, run, values=values, begun=begun)
    needed = {name for step in chosen for name in workbook.declared_by(step)}
    for name in needed:
        if declared[name].is_file:
            for file in files_of(values[name]):
                require_there(declared[name], file)
    return values


def require_made(workbook: Workbook, run: Run, *, values: Mapping[str, Any], begun: Sequence[str]) -> None:
    """Require that the steps to reuse stand, made with the same parameters from the same files."""
    if not begun:
        return
    made = run.manifest()["steps"]
    missing = [step for step in begun if step not in made or not any(run.artifacts.glob(f"{step[:2]}_*"))]
    if missing:
        raise DataProblem(
            f"Can't begin after {begun[-1]}: run {some([run.name])} has no finished {some(missing)}. "
            f"Run it without --from, or with --from {missing[0][3:]}?"
        )
    changed = {
        step: changed_parameters(made[step]["parameters"], values, names=workbook.declared_by(step)) for step in begun
    }
    changed[begun[0]] += changed_inputs(workbook, run, values=values, begun=begun)
    first = next((step for step in begun if changed[step]), None)
    if first:
        differences = dict.fromkeys(difference for step in begun for difference in changed[step])
        raise DataProblem(
            f"Can't begin after {begun[-1]}: run {some([run.name])} was made otherwise. {'; '.join(differences)}. "
            f"Begin with {'the first step, without --from' if first == begun[0] else f'--from {first[3:]}'}?"
        )


def changed_parameters(made: Mapping[str, Any], now: Mapping[str, Any], *, names: Iterable[str]) -> list[str]:
    """Word how the parameters that a step was made with differ from those asked for now.

    Examples
    --------
    >>> changed_parameters({"k_max": 8}, {"k_max": 10}, names=["k_max"])
    ["'k_max' was 8, now 10"]
    """
    was = {name: json.dumps(made[name], sort_keys=True) if name in made else "not declared" for name in names}
    asked = {name: json.dumps(now[name], sort_keys=True) for name in names}
    return [
        f"{some([name])} was {was[name]}, now {asked[name]}"
        for name in names
        if name not in made or made[name] != json.loads(asked[name])
    ]


def files_of(value: str | list[str]) -> list[str]:
    """List the files that a parameter names.

    Examples
    --------
    >>> files_of("plays.csv"), files_of(""), files_of(["may.csv", "june.csv"])
    (['plays.csv'], [], ['may.csv', 'june.csv'])
    """
    return value if isinstance(value, list) else [value] if value else []


def changed_inputs(workbook: Workbook, run: Run, *, values: Mapping[str, Any], begun: Sequence[str]) -> list[str]:
    """Word which of the files that a run was made from have changed since, and which have come since.

    A file that is gone and a database on a server can't tell.
    """
    names = [name for step in begun for name in workbook.declared_by(step) if workbook.parameters[name].is_file]
    now = {
        name: [fingerprint(path) for given in files_of(values[name]) for path in found_files(given)] for name in names
    }
    made = [told for told in run.manifest()["inputs"] if told["sha256"]]
    there = [file for files in now.values() for file in files]
    changed = [file["name"] for told in made if (file := changed_file(told, there))]
    tables = {told.get("table") for told in made}
    read = {told["sha256"] for told in made}.union(*(file_names(told) for told in made))
    new = [file["name"] for name in names if name in tables for file in now[name] if not read & set(file.values())]
    told = [f"{some([name])} is not the file that it was" for name in changed]
    return list(dict.fromkeys([*told, *(f"{some([name])} has come since" for name in new)]))


def changed_file(told: Mapping[str, Any], there: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Find the file that stands in the place of one that was read; None when it is the same or gone."""
    alike = [file for file in there if file["name"] in file_names(told)]
    same = any((file["bytes"], file["sha256"]) == (told["bytes"], told["sha256"]) for file in alike)
    return None if same or not alike else alike[0]


def file_names(told: Mapping[str, Any]) -> set[str]:
    """List the names that the file of a manifest's input may have: that of an archive, or without its folder's.

    Examples
    --------
    >>> sorted(file_names({"name": "exports.zip/june.csv"}))
    ['exports.zip', 'june.csv']
    """
    return set(re.sub(r" \(\d+\)$", "", told["name"]).split("/"))
