"""One notebook through papermill: what it returns, and why it stopped, in words."""

from pathlib import Path

import nbformat
import pytest
from papermill.exceptions import PapermillExecutionError
from workbooks import make_notebook

from segmentation.execution import Execution, execute, failure_sentence, write_notebook
from segmentation.kernels import kernels_ahead


def executed(notebook: Path, told: list[tuple[int, int]], **parameters: object) -> Execution:
    with kernels_ahead([notebook]) as kernels:
        return execute(notebook, parameters=parameters, kernel=kernels.take(), on_cell=lambda *cell: told.append(cell))


def test_cells_run_with_the_parameters_and_each_is_told_before_it_begins(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    notebook = make_notebook(tmp_path, "01_step", declarations="k: int = 4  # segments", cells=("print(k)",))
    execution = executed(notebook, told, k=6)
    assert execution.notebook.cells[-1].outputs[0].text == "6\n"
    assert execution.failure == ""
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]  # title, declared, injected, print


def test_a_notebook_that_stops_says_why_and_how_far_it_came(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    notebook = make_notebook(tmp_path, "01_step", cells=("print('before')", "1 / 0", "print('after')"))
    execution = executed(notebook, told)
    assert execution.failure == "ZeroDivisionError: division by zero"
    assert [cell.execution_count for cell in execution.notebook.cells if cell.cell_type == "code"][-3:] == [2, 3, None]
    assert len(told) == 4


def test_the_notebook_itself_stays_as_it_is(tmp_path: Path) -> None:
    notebook = make_notebook(tmp_path, "01_step", cells=("print('done')",))
    before = notebook.read_bytes()
    executed(notebook, [])
    assert notebook.read_bytes() == before


def test_what_is_written_does_not_tell_where_the_project_lies(tmp_path: Path) -> None:
    execution = executed(make_notebook(tmp_path, "01_step"), [])
    write_notebook(execution.notebook, tmp_path / "out" / "01_step.ipynb")
    metadata = nbformat.read(tmp_path / "out" / "01_step.ipynb", as_version=4).metadata.papermill
    assert (metadata.input_path, metadata.output_path) == ("01_step.ipynb", "01_step.ipynb")


@pytest.mark.parametrize(
    ("name", "message", "sentence"),
    [
        ("DataProblem", "Two rows are too few.", "Two rows are too few."),
        ("KeyError", "'k'", "KeyError: 'k'"),
        ("MemoryError", "", "MemoryError"),
        (
            "IOException",
            'Could not write file "engine.duckdb": No space left on device',
            "The disk is full: the step could not write what it made. Free some space and run it again.",
        ),
    ],
)
def test_an_error_is_worded_for_its_user(name: str, message: str, sentence: str) -> None:
    error = PapermillExecutionError(3, 2, "", name, message, [])
    assert failure_sentence(error) == sentence
