"""Kernels started ahead: which Python they are, what they have imported, when they start and end."""

import sys
from pathlib import Path

import psutil
import pytest
from workbooks import kernels_left, make_notebook

from segmentation import kernels
from segmentation.execution import execute
from segmentation.kernels import Kernels, import_statements, kernels_ahead, warm_up
from segmentation.runs import PROJECT


@pytest.fixture
def notebooks(tmp_path: Path) -> list[Path]:
    """Make four notebooks that import something light."""
    return [make_notebook(tmp_path, f"0{number}_step", cells=("import plistlib",)) for number in range(1, 5)]


def printed(folder: Path, *cells: str, warmed: str = "pass") -> str:
    """Run cells in a kernel that was warmed up with a notebook of another cell; return what they print."""
    ahead = make_notebook(folder, "01_ahead", cells=(warmed,))
    with kernels_ahead([ahead]) as started:
        notebook = make_notebook(folder, "01_step", cells=cells)
        done = execute(notebook, parameters={}, kernel=started.take(), on_cell=lambda cell, cells: None)
    return "".join(output.text for cell in done.notebook.cells for output in cell.get("outputs", []))


def alive(started: Kernels) -> int:
    return sum(psutil.pid_exists(kernel.manager.provisioner.pid) for kernel in started.living)


# --- what they import


def test_the_imports_of_all_cells_make_one_line_that_forgets_the_names(tmp_path: Path) -> None:
    cells = ("import pandas as pd\nimport os.path", "pd.DataFrame()\nfrom segmentation import figures, report as r")
    assert warm_up(make_notebook(tmp_path, "01_step", cells=cells)) == (
        "import pandas as pd; import os.path; from segmentation import figures, report as r; del figures, os, pd, r"
    )


def test_a_notebook_without_imports_needs_no_warm_up(tmp_path: Path) -> None:
    assert warm_up(make_notebook(tmp_path, "01_step", cells=("1 + 1",))) == ""


def test_a_cell_with_commands_of_ipython_is_passed_over() -> None:
    assert import_statements("%matplotlib inline\nimport pandas") == []


def test_a_kernel_has_imported_what_its_notebook_imports(tmp_path: Path) -> None:
    look = "import sys\nprint('plistlib' in sys.modules, 'plistlib' in globals())"
    assert printed(tmp_path, look, warmed="import plistlib") == "True False\n"


def test_an_import_that_fails_ahead_is_left_for_the_step_to_tell(tmp_path: Path) -> None:
    assert printed(tmp_path, "print('runs')", warmed="import no_such_package") == "runs\n"


# --- which Python they are


def test_kernels_are_this_python_in_the_project(tmp_path: Path) -> None:
    look = "import sys, os\nprint(sys.executable)\nprint(os.getcwd())"
    assert printed(tmp_path, look) == f"{sys.executable}\n{PROJECT}\n"


# --- when they start and end


def test_the_first_kernel_starts_at_once_and_the_others_as_they_are_due(notebooks: list[Path]) -> None:
    with kernels_ahead(notebooks) as started:
        counts = [alive(started)]
        for _ in notebooks:
            started.end(started.take())
            counts.append(len(started.living))
    assert counts == [1, 2, 2, 1, 0]


def test_no_kernel_outlives_the_block(notebooks: list[Path]) -> None:
    with kernels_ahead(notebooks) as started:
        started.take()
        assert alive(started) == 3
    assert kernels_left() == []


def test_no_kernel_outlives_a_failure(notebooks: list[Path]) -> None:
    with pytest.raises(RuntimeError, match="full disk"), kernels_ahead(notebooks):
        raise RuntimeError("full disk")
    assert kernels_left() == []


def test_a_kernel_that_does_not_start_is_told(notebooks: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "warm_up", lambda notebook: "import os; os._exit(1)")
    with kernels_ahead(notebooks) as started, pytest.raises(RuntimeError, match="Kernel died"):
        started.take()
