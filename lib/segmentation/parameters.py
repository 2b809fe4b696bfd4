"""The workbook: its numbered notebooks, the parameters that they declare, and the values that a user gives.

Read from the top: the workbook, what its notebooks declare, the values that a user gives. Nothing here needs papermill,
so that a wrong parameter is refused at once.
"""

import ast
import datetime
import difflib
import glob
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from segmentation.problems import DataProblem, some
from segmentation.runs import PROJECT, resolve
from segmentation.sources.addresses import file_address, is_url, parsed_address, without_secrets
from segmentation.sources.locations import find_files

NOTEBOOKS = PROJECT / "notebooks"
TYPES: dict[str, tuple[type, str]] = {
    "str": (str, "text"),
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": (bool, "true or false"),
    "list": (list, "a list, such as [a, b]"),
    "dict": (dict, "a mapping, such as {a: b}"),
}
DECLARATION = re.compile(r"(?P<name>\w+)\s*:\s*(?P<type>\w+)\s*=\s*(?P<default>[^=#]+?)\s*(#\s*(?P<meaning>.*))?")
WHOLE_NUMBER = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


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
        """Whether the value names a file, which a meaning that ends in ", file" says.

        A list of them may also name folders, patterns such as `exports/*.csv` and addresses of databases.
        """
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


def open_workbook(folder: Path | None = None) -> Workbook:
    """Find the numbered notebooks of a folder, by default the project's, and read the parameters that they declare.

    Raises
    ------
    DataProblem
        The folder has no numbered notebook, or its notebooks declare a parameter wrongly.
    """
    notebooks = numbered_notebooks(folder or NOTEBOOKS)
    return Workbook(tuple(notebooks), declared_parameters(notebooks))


def numbered_notebooks(folder: Path) -> list[Path]:
    """List the numbered notebooks of a folder in order."""
    notebooks = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not notebooks:
        raise DataProblem(f"Can't find the steps: there is no numbered notebook in {folder.name}/.")
    return notebooks


def find_step(word: str, names: Sequence[str]) -> str:
    """Find the step that a word names: by number, by word or its beginning, or in full.

    Raises
    ------
    DataProblem
        The word names no step, or begins several.

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


# --- what notebooks declare


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
    """Read the parameters of one notebook, from lines that papermill reads too."""
    tagged = [source for source, tags in code_cells(notebook) if "parameters" in tags]
    lines = [line.strip() for line in tagged[0].splitlines()] if tagged else []
    return [read_declaration(line, notebook.stem) for line in lines if line and not line.startswith("#")]


def code_cells(notebook: Path) -> list[tuple[str, list[str]]]:
    """List the source and the tags of a notebook's code cells, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    return [("".join(cell["source"]), cell["metadata"].get("tags", [])) for cell in code]


def read_declaration(line: str, step: str) -> Parameter:
    """Read one line of a `parameters` cell.

    Examples
    --------
    >>> read_declaration("share: float = 0.5  # held out, share", "03_features")
    Parameter(name='share', type='float', default=0.5, meaning='held out, share', steps=('03_features',))
    """
    read = DECLARATION.fullmatch(line)
    if not read or read["type"] not in TYPES:
        raise declaration_problem(line, step)
    parameter = Parameter(read["name"], read["type"], None, read["meaning"] or "", (step,))
    try:
        return replace(parameter, default=fitting(parameter, ast.literal_eval(read["default"])))
    except (DataProblem, SyntaxError, ValueError):
        raise declaration_problem(line, step) from None


def declaration_problem(line: str, step: str) -> DataProblem:
    """Word that a line of a `parameters` cell can't be read."""
    name = re.split(r"\W", line)[0]
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
    declared: Mapping[str, Parameter],
    *,
    files: Iterable[Path] = (),
    words: Iterable[tuple[str, str | Sequence[str]]] = (),
) -> dict[str, Any]:
    """Collect the values that a user gives, refusing what no notebook declares or what has the wrong type.

    Parameters
    ----------
    declared : the parameters that exist, by name
    files : YAML files, a later one outweighs an earlier one; a file that a value names counts from the YAML's folder
    words : names and values as the command line has them, a list for an option that may come several times; they
        outweigh `files`; a file counts from the working folder

    Returns
    -------
    dict of values by name; a file as runs.resolve reads it: from the project, or absolute when outside. The address of
    a database still has its password
    """
    given: dict[str, Any] = {}
    for file in files:
        values = check_parameters(read_yaml(file), declared)
        given |= {name: located(declared[name], value, folder=file.parent) for name, value in values.items()}
    for name, text in words:
        parameter = known(name, declared)
        value = from_text(parameter, text) if isinstance(text, str) else fitting(parameter, list(text))
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
    given = some([without_secrets(name)])
    raise DataProblem(f"There is no parameter {given}.{guess} Those that exist: {some(names, limit=len(names))}.")


def fitting(parameter: Parameter, value: Any) -> Any:
    """Require that a value has a parameter's type; a whole number is a number, a truth value is neither."""
    kind, _ = TYPES[parameter.type]
    if kind is list and parameter.is_file and isinstance(value, str):
        return [value] if value else []
    if (
        kind is list
        and parameter.is_file
        and isinstance(value, list)
        and not all(isinstance(one, str) for one in value)
    ):
        raise type_problem(parameter, next(one for one in value if not isinstance(one, str)))
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
    got = "nothing" if value is None else some([without_secrets(value)])
    text = parameter.type == "str" or (parameter.type == "list" and parameter.is_file)
    hint = f" Put it in quotes: {parameter.name}: '{value}'?" if text and isinstance(value, int | float) else ""
    wanted = "a list of names, such as [a, b]" if text and parameter.type == "list" else TYPES[parameter.type][1]
    return DataProblem(f"The parameter {some([parameter.name])} must be {parameter.type}, {wanted}; got {got}.{hint}")


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
        case "list" if parameter.is_file and not (text.startswith("[") and text.endswith("]")):
            return fitting(parameter, text)
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
        got = some([without_secrets(content)])
        raise DataProblem(f"The parameters in {some([file.name])} must be lines of `name: value`; got {got}.")
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

    A folder stays a folder and a pattern a pattern, so that a later run finds what has come since.

    Raises
    ------
    DataProblem
        There is no such file.
    """
    if not parameter.is_file or value == "":
        return value
    if isinstance(value, list):
        return [located(parameter, one, folder=folder) for one in value]
    if is_url(value):
        return located_address(parameter, value, folder=folder)
    named = folder / Path(value).expanduser()
    path = named.resolve() if named.is_dir() else named.parent.resolve() / named.name
    require_there(parameter, str(path))
    return portable(path)


def located_address(parameter: Parameter, url: str, *, folder: Path) -> str:
    """Turn the address of a file's database into one that means the same from everywhere; any other stays."""
    address = parsed_address(url)
    if not address.is_file or address.host or not address.database:
        return url
    path = (folder / address.database).resolve()
    require_file(parameter, path)
    return file_address(address, Path(portable(path)).as_posix())


def portable(path: Path) -> str:
    """Write a path from the project, or in full when it lies elsewhere."""
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else str(path)


def require_there(parameter: Parameter, name: str) -> None:
    """Require that a name leads to a file or, in a list of names, to a folder, files of a pattern or a database.

    Raises
    ------
    DataProblem
        It leads nowhere. A database on a server is not asked yet.
    """
    address = parsed_address(name) if is_url(name) else None
    if address:
        if address.is_file and address.database:
            require_file(parameter, resolve(address.database))
        return
    path = resolve(name)
    several = parameter.type == "list" and (path.is_dir() or glob.has_magic(name))
    if several and not path.is_file():
        find_files(name, base=None)
    else:
        require_file(parameter, path)


def found_files(name: str) -> list[Path]:
    """List the files that a name leads to now; none when it leads nowhere, or to a database on a server."""
    if is_url(name):
        address = parsed_address(name)
        return [resolve(address.database)] if address.is_file and resolve(address.database).is_file() else []
    try:
        return find_files(name, base=None)
    except DataProblem:
        return []  # what is gone can't tell whether it changed


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
