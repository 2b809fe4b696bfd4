"""The notebooks' shape: what a reader, papermill and nbval need of each."""

import ast
import json
import re

import nbformat
import pytest
from nbformat import NotebookNode

from segmentation.runs import PROJECT

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
SECTIONS = ["Does it add up?", "Hand on", "What we found", "Limits and next"]
LIBRARY_WORK = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try, ast.Lambda)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> NotebookNode:
    read = nbformat.read(request.param, as_version=4)
    read.stem = request.param.stem
    return read


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def parameters_cell(notebook: NotebookNode) -> NotebookNode:
    [cell] = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    return cell


def declared(notebook: NotebookNode) -> dict[str, str]:
    lines = ast.parse(parameters_cell(notebook).source).body
    return {line.target.id: ast.unparse(line.annotation) for line in lines}


def test_there_are_six_steps() -> None:
    steps = ["01_ingest", "02_clean", "03_features", "04_cluster", "05_evaluate", "06_campaign_plan"]
    assert [path.stem for path in NOTEBOOKS] == steps


def test_the_title_has_the_step_s_number(notebook: NotebookNode) -> None:
    assert notebook.cells[0].source.startswith(f"# {int(notebook.stem[:2])} · ")


def test_the_title_says_what_is_read_and_written(notebook: NotebookNode) -> None:
    for word in ("| Reads |", "| Writes |", "| Words used |"):
        assert word in notebook.cells[0].source


def test_every_notebook_ends_with_the_same_sections(notebook: NotebookNode) -> None:
    headings = re.findall(r"^## (.+)$", prose(notebook), re.M)
    assert headings[-4:] == SECTIONS


def test_headings_before_them_are_questions(notebook: NotebookNode) -> None:
    headings = re.findall(r"^## (.+)$", prose(notebook), re.M)[:-4]
    assert headings
    assert [heading for heading in headings if not heading.endswith("?")] == []


def test_parameters_are_plain_and_one_a_line(notebook: NotebookNode) -> None:
    lines = parameters_cell(notebook).source.splitlines()
    assert set(declared(notebook).values()) <= {"str", "int", "float", "bool", "list", "dict"}
    assert [line for line in lines if line.count("=") != 1 or line.count("#") != 1] == []


def test_every_parameter_reaches_the_manifest(notebook: NotebookNode) -> None:
    calls = [node for cell in code_cells(notebook) for node in ast.walk(ast.parse(cell.source))]
    [begin] = [node for node in calls if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "begin"]
    assert [ast.literal_eval(begin.args[0]), begin.args[1].id] == [notebook.stem, "run"]
    assert ["run", *(keyword.arg for keyword in begin.keywords)] == list(declared(notebook))
    assert all(keyword.arg == keyword.value.id for keyword in begin.keywords)


def test_loops_and_branches_are_in_the_library(notebook: NotebookNode) -> None:
    nodes = [node for cell in code_cells(notebook) for node in ast.walk(ast.parse(cell.source))]
    assert [ast.unparse(node) for node in nodes if isinstance(node, LIBRARY_WORK)] == []


def test_code_cells_are_short(notebook: NotebookNode) -> None:
    assert max(len(cell.source.splitlines()) for cell in code_cells(notebook)) <= 45


def test_every_check_is_made_by_an_assert(notebook: NotebookNode) -> None:
    place = next(i for i, cell in enumerate(notebook.cells) if "## Does it add up?" in cell.source)
    assert "assert " in notebook.cells[place + 1].source


def test_prose_and_code_are_in_balance(notebook: NotebookNode) -> None:
    code = sum(len(cell.source.splitlines()) for cell in code_cells(notebook))
    assert 2 <= len(prose(notebook).split()) / code <= 9


def test_outputs_are_committed_for_nbval(notebook: NotebookNode) -> None:
    assert [cell.id for cell in code_cells(notebook) if cell.execution_count is None] == []
    assert [output for cell in code_cells(notebook) for output in cell.outputs] != []


def test_committed_outputs_are_those_of_the_defaults(notebook: NotebookNode) -> None:
    assert "injected-parameters" not in [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]


def test_outputs_can_be_repeated_and_shared(notebook: NotebookNode) -> None:
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    shown = json.dumps(
        [{k: v for k, v in o.get("data", {}).items() if k != "image/png"} | {"s": o.get("text")} for o in outputs]
    )
    for pattern in (r"/(root|home|tmp|work|Users)/", r"\bat 0x[0-9a-f]{6,}", r"@example\.com", r"\d\d:\d\d:\d\d"):
        assert re.search(pattern, shown) is None, pattern
    assert [output for output in outputs if output.get("name") == "stderr"] == []


def test_links_lead_to_the_next_step(notebook: NotebookNode) -> None:
    number = int(notebook.stem[:2])
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", prose(notebook))
    expected = [path.name for path in NOTEBOOKS if int(path.stem[:2]) == number + 1]
    assert links == expected
