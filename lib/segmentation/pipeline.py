"""The runner: the numbered notebooks in order through papermill, kernels started ahead, pages made beside them.

Read from the top: the workbook and the parameters that it declares, the values that a user gives, what an earlier
run left to begin from, kernels, and the run itself.
"""

import ast
import asyncio
import contextlib
import datetime
import difflib
import json
import logging
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop

from segmentation.problems import DataProblem, some
from segmentation.runs import PROJECT, Run, fingerprint, replacing, resolve

# Importing jsonschema builds a grammar of web addresses, a second's work, for a check that notebooks never ask for.
# Absent, jsonschema does without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import nbformat  # noqa: E402
from nbclient.exceptions import DeadKernelError  # noqa: E402
from nbformat import NotebookNode  # noqa: E402
from papermill import execute_notebook  # noqa: E402
from papermill.clientwrap import PapermillNotebookClient  # noqa: E402
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines  # noqa: E402
from papermill.exceptions import PapermillExecutionError  # noqa: E402
from papermill.translators import PythonTranslator  # noqa: E402

from segmentation.pages import write_index, write_page  # noqa: E402

NOTEBOOKS = PROJECT / "notebooks"
TYPES: dict[str, tuple[type, str]] = {
    "str": (str, "text"),
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": (bool, "true or false"),
    "list": (list, "a list, such as [a, b]"),
    "dict": (dict, "a mapping, such as {a: b}"),
}
WHOLE_NUMBER = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
WARM_UP = "import segmentation.warm; del segmentation"  # leaves no name behind
KERNELS_AHEAD = 2
START_SECONDS = 180

OnCell = Callable[[str, int, int], None]

logger = logging.getLogger("papermill")
logger.addHandler(logging.NullHandler())


class StepFailed(RuntimeError):
    """A step stopped: in which sentence, which step, and the executed notebook that shows where."""

    def __init__(self, sentence: str, *, step: str, executed: Path | None) -> None:
        """Keep what to tell the user; `executed` is None when no cell was reached."""
        super().__init__(sentence)
        self.step = step
        self.executed = executed


# --- the workbook and the parameters that it declares


@dataclass(frozen=True)
class Parameter:
    """One parameter as the notebooks declare it: name, type, default, meaning with its unit, the steps that use it."""

    name: str
    type: str
    default: Any
    meaning: str
    steps: tuple[str, ...]

    @property
    def is_file(self) -> bool:
        """Whether the value names a file, which a meaning that ends in ", file" says."""
        return self.meaning.endswith(", file")


@dataclass(frozen=True)
class Workbook:
    """The numbered notebooks in order, and every parameter that they declare, by name."""

    notebooks: tuple[Path, ...]
    parameters: dict[str, Parameter]

    @property
    def steps(self) -> list[str]:
        """The steps' names in order, such as "03_features"."""
        return [notebook.stem for notebook in self.notebooks]

    def declared_by(self, step: str) -> list[str]:
        """List the parameters that a step's notebook declares, but for `run`, which every step has."""
        return [name for name, declared in self.parameters.items() if step in declared.steps and name != "run"]


def open_workbook(folder: Path = NOTEBOOKS) -> Workbook:
    """Find the numbered notebooks of a folder and read the parameters that they declare.

    Raises
    ------
    DataProblem
        The folder has no numbered notebook, or its notebooks declare a parameter wrongly.
    """
    notebooks = steps(folder)
    return Workbook(tuple(notebooks), declared_parameters(notebooks))


def steps(folder: Path) -> list[Path]:
    """List the numbered notebooks of a folder in order."""
    notebooks = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not notebooks:
        raise DataProblem(f"Can't find the steps: there is no numbered notebook in {folder.name}/.")
    return notebooks


def find_step(word: str, names: Sequence[str]) -> str:
    """Find the step that a word names: by number, by word or in full.

    Examples
    --------
    >>> names = ["03_features", "04_cluster", "06_campaign_plan"]
    >>> [find_step(word, names) for word in ("features", "4", "04_cluster", "campaign")]
    ['03_features', '04_cluster', '04_cluster', '06_campaign_plan']
    """
    asked = word.strip().lower().replace(" ", "_")
    for name in names:
        number, _, rest = name.lower().partition("_")
        if asked in (name.lower(), rest) or (asked.isdecimal() and int(asked) == int(number)):
            return name
    begins = [name for name in names if asked and name.lower().partition("_")[2].startswith(asked)]
    if len(begins) != 1:
        raise DataProblem(f"There is no step {some([word])}. The steps are {some(names, limit=20)}.")
    return begins[0]


def declared_parameters(notebooks: Iterable[Path]) -> dict[str, Parameter]:
    """Read what notebooks declare in their cells tagged `parameters`.

    A line reads `name: type = value  # meaning, unit`.

    Returns
    -------
    dict of Parameter by name, in the order of their first declaration

    Raises
    ------
    DataProblem
        A line can't be read, or two notebooks declare one name differently.
    """
    found: dict[str, Parameter] = {}
    for notebook in notebooks:
        for parameter in read_declarations(notebook):
            earlier = found.setdefault(parameter.name, parameter)
            if earlier is not parameter:
                require_same_declaration(earlier, parameter)
                found[parameter.name] = replace(earlier, steps=earlier.steps + parameter.steps)
    return found


def read_declarations(notebook: Path) -> list[Parameter]:
    """Read the parameters of one notebook, with the reader that papermill has for it."""
    cells = nbformat.read(notebook, as_version=4).cells
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    if not tagged:
        return []
    read = [as_declared(found, notebook.stem) for found in PythonTranslator.inspect(tagged[0])]
    written = [
        target.id
        for line in ast.parse(tagged[0].source).body
        for target in (line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)])
        if isinstance(target, ast.Name)
    ]
    missed = [name for name in written if name not in {parameter.name for parameter in read}]
    if missed:
        raise declaration_problem(notebook.stem, missed[0])
    return read


def as_declared(found: Any, step: str) -> Parameter:
    """Turn what papermill read of a line into a parameter with a real default."""
    try:
        default = ast.literal_eval(found.default)
        parameter = Parameter(found.name, found.inferred_type_name, default, found.help, (step,))
        return replace(parameter, default=fitting(parameter, default))
    except (DataProblem, KeyError, SyntaxError, ValueError):
        raise declaration_problem(step, found.name) from None


def declaration_problem(step: str, name: str) -> DataProblem:
    """Word that a line of a `parameters` cell can't be read."""
    return DataProblem(
        f"Can't read the parameter {some([name])} of {step}: a line must be `name: type = value  # meaning, unit`, "
        f"the type one of {some(TYPES, limit=len(TYPES))}, the value of that type, without another '=' or '#'."
    )


def require_same_declaration(one: Parameter, other: Parameter) -> None:
    """Require that two notebooks which share a parameter mean the same by it."""
    for aspect in ("type", "default", "meaning"):
        here, there = getattr(one, aspect), getattr(other, aspect)
        if here != there:
            raise DataProblem(
                f"The parameter {some([one.name])} must be declared alike everywhere: its {aspect} is "
                f"{some([here])} in {one.steps[0]} and {some([there])} in {other.steps[0]}."
            )


# --- the values that a user gives


def gather_parameters(
    declared: Mapping[str, Parameter], *, files: Iterable[Path] = (), words: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    """Collect the values that a user gives, refusing what no notebook declares or what has the wrong type.

    Parameters
    ----------
    declared : the parameters that exist, by name
    files : YAML files, a later one outweighs an earlier one; a file that a value names counts from the YAML's folder
    words : names and values as the command line has them, outweighing `files`; a file counts from the working folder

    Returns
    -------
    dict of values by name; a file as runs.resolve reads it: from the project, or absolute when outside
    """
    given: dict[str, Any] = {}
    for file in files:
        values = check_parameters(read_yaml(file), declared)
        given |= {name: located(declared[name], value, folder=file.parent) for name, value in values.items()}
    for name, text in words:
        value = from_text(known(name, declared), text)
        given[name] = located(declared[name], value, folder=Path.cwd())
    return given


def check_parameters(given: Mapping[str, Any], declared: Mapping[str, Parameter]) -> dict[str, Any]:
    """Require that each value has a name that exists and the type declared for it.

    Returns
    -------
    dict of the same values; a whole number given for a number is made one

    Raises
    ------
    DataProblem
        A name that no notebook declares, `run`, or a value of another type.
    """
    return {name: fitting(known(name, declared), value) for name, value in given.items()}


def known(name: str, declared: Mapping[str, Parameter]) -> Parameter:
    """Find a parameter by its name."""
    if name == "run":
        raise DataProblem("The parameter 'run' must not be given: the run's name is set by --name.")
    if name in declared:
        return declared[name]
    names = [other for other in declared if other != "run"]
    near = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    guess = f" Did you mean {some(near)}?" if near else ""
    raise DataProblem(
        f"There is no parameter {some([name])}.{guess} Those that exist: {some(names, limit=len(names))}."
    )


def fitting(parameter: Parameter, value: Any) -> Any:
    """Require that a value has a parameter's type; a whole number is a number, a truth value is neither."""
    kind, _ = TYPES[parameter.type]
    if kind is float and isinstance(value, str) and NUMBER.fullmatch(value):
        return float(value)  # YAML reads 1e-3, without a point, as text
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise type_problem(parameter, value)
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise type_problem(parameter, value)
    return value


def type_problem(parameter: Parameter, value: Any) -> DataProblem:
    """Word that a value has another type than its parameter."""
    got = "nothing" if value is None else some([value])
    hint = f" Put it in quotes: {parameter.name}: '{value}'?" if parameter.type == "str" and value is not None else ""
    return DataProblem(
        f"The parameter {some([parameter.name])} must be {parameter.type}, {TYPES[parameter.type][1]}; got {got}.{hint}"
    )


def from_text(parameter: Parameter, text: str) -> Any:
    """Read a value of the command line as its parameter's type, strictly.

    Examples
    --------
    >>> from_text(Parameter("k", "int", 4, "segments", ("04_cluster",)), "5")
    5
    >>> from_text(Parameter("countries", "list", [], "kept", ("02_clean",)), "[FR, DE]")
    ['FR', 'DE']
    """
    match parameter.type:
        case "str":
            return text
        case "int" if WHOLE_NUMBER.fullmatch(text):
            return int(text)
        case "float" if NUMBER.fullmatch(text):
            return fitting(parameter, float(text))
        case "bool" if text.lower() in TRUTHS:
            return TRUTHS[text.lower()]
        case "list" | "dict":
            return fitting(parameter, parsed_yaml(text, f"the parameter {some([parameter.name])}"))
    raise type_problem(parameter, text)


def read_yaml(file: Path) -> dict[str, Any]:
    """Read a YAML file of parameters."""
    try:
        content = parsed_yaml(file.read_text(encoding="utf-8-sig"), some([file.name]))
    except OSError as error:
        raise DataProblem(f"Can't read the parameters in {some([file.name])}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataProblem(f"Can't read the parameters in {some([file.name])}: it must be a text in UTF-8.") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise DataProblem(
            f"The parameters in {some([file.name])} must be lines of `name: value`; got {some([content])}."
        )
    return content


def parsed_yaml(text: str, what: str) -> Any:
    """Parse YAML into plain values; a date becomes its ISO text, as parameters hold days."""
    try:
        return plain(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise DataProblem(f"Can't read {what} as YAML: {reason}{where}.") from None


def plain(value: Any) -> Any:
    """Turn dates within a parsed YAML value into ISO text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, datetime.date) else value


def located(parameter: Parameter, value: Any, *, folder: Path) -> Any:
    """Turn a file that a user names into one that means the same from everywhere; leave any other value alone.

    Raises
    ------
    DataProblem
        There is no such file.
    """
    if not parameter.is_file or value == "":
        return value
    named = folder / Path(value).expanduser()
    path = named.parent.resolve() / named.name
    require_file(parameter, path)
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else str(path)


def require_file(parameter: Parameter, path: Path) -> None:
    """Require that a file is there, and suggest one with a similar name."""
    if path.is_file():
        return
    problem = f"Can't read {parameter.name}: "
    if path.is_dir():
        raise DataProblem(f"{problem}{some([path.name])} is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise DataProblem(f"{problem}there is no folder {some([path.parent.name])} to hold {some([path.name])}.")
    files = [other.name for other in path.parent.iterdir() if other.is_file()]
    near = difflib.get_close_matches(path.name, files, n=3)
    guess = f" Did you mean {some(near)}?" if near else ""
    raise DataProblem(f"{problem}there is no file {some([path.name])} in {some([path.parent.name])}.{guess}")


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
        if declared[name].is_file and values[name]:
            require_file(declared[name], resolve(values[name]))
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


def changed_inputs(workbook: Workbook, run: Run, *, values: Mapping[str, Any], begun: Sequence[str]) -> list[str]:
    """Word which of the files that a run was made from have changed since; one that is gone can't tell."""
    names = {name for step in begun for name in workbook.declared_by(step) if workbook.parameters[name].is_file}
    files = [resolve(values[name]) for name in names if values[name]]
    changed = []
    for made in run.manifest()["inputs"]:
        there = [file for file in files if file.name == made["name"] and file.is_file()]
        if there and not any(fingerprint(file).items() <= made.items() for file in there):
            changed.append(f"{some([made['name']])} is not the file that it was")
    return changed


# --- kernels


class OwnPython(KernelSpecManager):
    """Kernels are this very Python with its packages, whatever kernels the user's machine has installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Describe the kernel; `kernel_name` makes no difference."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


@dataclass(frozen=True)
class Kernel:
    """A kernel on its way: its process, the channels to it, and the task that ends when it answers."""

    manager: AsyncKernelManager
    client: AsyncKernelClient
    answering: asyncio.Task[None]


class Kernels:
    """One kernel a step, started ahead of it with the heavy packages imported already.

    All of them live in the event loop that papermill uses, so that those ahead get ready while a step runs. A kernel
    is ended at once, not asked to leave: what its step made is on disk by then.
    """

    def __init__(self, count: int) -> None:
        """Prepare for as many kernels as steps; none is started yet."""
        self.left = count
        self.loop = ensure_event_loop()
        self.ahead: deque[Kernel] = deque()
        self.living: list[Kernel] = []
        self.ending: list[asyncio.Task[None]] = []

    def start_ahead(self) -> None:
        """Start kernels until as many are ahead as there should be, or none is left to start."""
        while self.left and len(self.ahead) < KERNELS_AHEAD:
            self.left -= 1
            self.ahead.append(self.start())

    def start(self) -> Kernel:
        """Start a kernel; it warms up before it answers."""
        manager = AsyncKernelManager(kernel_spec_manager=OwnPython(), log=logger)
        starting = manager.start_kernel(
            extra_arguments=["--HistoryManager.hist_file=:memory:", f"--IPKernelApp.exec_lines={WARM_UP}"],
            cwd=str(PROJECT),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.loop.run_until_complete(starting)
        client = manager.client()
        client.allow_stdin = False
        client.start_channels()
        kernel = Kernel(manager, client, self.loop.create_task(client.wait_for_ready(timeout=START_SECONDS)))
        self.living.append(kernel)
        return kernel

    def take(self) -> Kernel:
        """Hand over the next kernel, ready, and start another one ahead.

        Raises
        ------
        RuntimeError
            It did not start.
        """
        kernel = self.ahead.popleft()
        self.loop.run_until_complete(kernel.answering)
        self.start_ahead()
        return kernel

    def end(self, kernel: Kernel) -> None:
        """End a kernel while the next step goes on."""
        self.living.remove(kernel)
        self.ending.append(self.loop.create_task(end_kernel(kernel)))

    async def end_all(self) -> None:
        """End every kernel, and before it what a step that was broken off left in the event loop."""
        await asyncio.gather(*self.ending, return_exceptions=True)
        stray = asyncio.all_tasks() - {asyncio.current_task()}
        for task in stray:
            task.cancel()
        await asyncio.gather(*stray, return_exceptions=True)
        await asyncio.gather(*map(end_kernel, self.living), return_exceptions=True)


async def end_kernel(kernel: Kernel) -> None:
    """Kill a kernel's process and close the channels to it."""
    kernel.answering.cancel()
    await asyncio.gather(kernel.answering, return_exceptions=True)
    await kernel.manager.shutdown_kernel(now=True)
    kernel.client.stop_channels()


@contextmanager
def kernels_ahead(count: int) -> Iterator[Kernels]:
    """Start kernels ahead for as many steps; none outlives the block, however it ends."""
    kernels = Kernels(count)
    try:
        kernels.start_ahead()
        yield kernels
    finally:
        kernels.loop.run_until_complete(kernels.end_all())


# --- a run


@dataclass
class Work:
    """What the engine needs for a notebook beside what papermill gives it, and the notebook as far as it came."""

    kernel: Kernel
    on_cell: Callable[[int, int], None]
    notebook: NotebookNode | None = None


class Engine(NBClientEngine):
    """Papermill's own way to run a notebook, on a kernel that runs already."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, *, work: Work, **_: object
    ) -> None:
        """Run the cells, telling of each before it begins."""
        work.notebook = nb_man.nb

        def tell(cell: NotebookNode, cell_index: int) -> None:
            work.on_cell(cell_index + 1, len(nb_man.nb.cells))

        client = PapermillNotebookClient(
            nb_man, km=work.kernel.manager, kernel_name=kernel_name, log=logger, iopub_timeout=600, on_cell_start=tell
        )
        client.kc = work.kernel.client
        client.execute()


papermill_engines.register("workbook", Engine)


def run_pipeline(
    workbook: Workbook,
    run: Run,
    *,
    given: Mapping[str, Any],
    begin_with: str = "",
    until: str = "",
    on_cell: OnCell = lambda step, cell, cells: None,
) -> Path:
    """Run steps in order: executed notebooks into the run's artifacts, pages into its report.

    Parameters
    ----------
    workbook : the notebooks and what they declare
    run : the run
    given : values by name, as `gather_parameters` returns them
    begin_with, until : the first and the last step to run, by number or word; all of them when empty
    on_cell : told before each cell: the step, which cell (from 1), how many

    Returns
    -------
    The report's index page

    Raises
    ------
    DataProblem
        Before anything runs: what was asked can't be done.
    StepFailed
        A cell stopped, the kernel died, or the page could not be made; what earlier steps made stays whole.
    """
    begun, chosen = chosen_steps(workbook.steps, begin_with=begin_with, until=until)
    given = check_parameters(given, workbook.parameters)
    values = settled_parameters(workbook, run, given=given, begun=begun, chosen=chosen)
    run.artifacts.mkdir(mode=0o700, parents=True, exist_ok=True)
    executed = {step: run.artifacts / "notebooks" / f"{step}.ipynb" for step in begun + chosen}
    shown = [step for step in begun if executed[step].exists()] + chosen
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages") as pool:
        pages = [pool.submit(make_page, executed[step], run=run, shown=shown) for step in shown if step in begun]
        with kernels_ahead(len(chosen)) as kernels:
            for notebook in workbook.notebooks:
                if notebook.stem in chosen:
                    parameters = {"run": run.name} | injected(workbook, notebook.stem, values=values, given=given)
                    run_step(notebook, executed[notebook.stem], parameters=parameters, kernels=kernels, on_cell=on_cell)
                    pages.append(pool.submit(make_page, executed[notebook.stem], run=run, shown=shown))
                    raise_early(pages)
        for page in pages:
            page.result()
    for step in workbook.steps[len(begun + chosen) :]:
        (run.pages / f"{step}.html").unlink(missing_ok=True)
    return write_index(run, steps=shown)


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


def run_step(
    notebook: Path, executed: Path, *, parameters: Mapping[str, Any], kernels: Kernels, on_cell: OnCell
) -> None:
    """Run one notebook and write it, executed, whole or not at all; one that failed shows where.

    Raises
    ------
    StepFailed
        A cell stopped or the kernel died.
    """
    step = notebook.stem
    try:
        kernel = kernels.take()
    except RuntimeError as error:
        sentence = f"The kernel of this step did not start: {error}. Is the installation whole (`make install`)?"
        raise StepFailed(sentence, step=step, executed=None) from None
    work = Work(kernel, on_cell=partial(on_cell, step))
    try:
        execute_notebook(
            str(notebook).replace("{", "{{").replace("}", "}}"),  # papermill fills in what stands in braces
            None,
            parameters=dict(parameters),
            engine_name="workbook",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            work=work,
        )
    except (PapermillExecutionError, DeadKernelError) as error:
        with contextlib.suppress(OSError):  # the failure itself is what to tell, even on a full disk
            write_notebook(work.notebook, executed)
        raise StepFailed(failure_sentence(error), step=step, executed=executed) from None
    kernels.end(kernel)
    write_notebook(work.notebook, executed)


def failure_sentence(error: PapermillExecutionError | DeadKernelError) -> str:
    """Word why a step stopped: a data problem in its own words, any other error with its name.

    Examples
    --------
    >>> failure_sentence(DeadKernelError("Kernel died"))[:60]
    'The kernel of this step died: most often the machine ran out'
    """
    if isinstance(error, DeadKernelError):
        return (
            "The kernel of this step died: most often the machine ran out of memory. "
            "Close other programs, or begin with fewer orders?"
        )
    if error.ename == "DataProblem" or not error.evalue:
        return error.evalue or error.ename
    return f"{error.ename}: {error.evalue}"


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write an executed notebook whole or not at all; where the project lies is nobody's business."""
    notebook.metadata.papermill.input_path = notebook.metadata.papermill.output_path = path.name
    with replacing(path) as part:
        part.write_text(nbformat.writes(notebook), encoding="utf-8")


def make_page(executed: Path, *, run: Run, shown: list[str]) -> None:
    """Make the page of a step; runs beside the next step.

    Raises
    ------
    StepFailed
        The page could not be made.
    """
    try:
        write_page(executed, run=run, steps=shown)
    except OSError:
        raise
    except Exception as error:
        sentence = f"The page of this step could not be made: {type(error).__name__}: {error}"
        raise StepFailed(sentence, step=executed.stem, executed=executed) from error


def raise_early(pages: Iterable[Future[None]]) -> None:
    """Raise what stopped a page already, before another step begins."""
    for page in pages:
        if page.done():
            page.result()
