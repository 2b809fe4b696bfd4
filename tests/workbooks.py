"""Throw-away workbooks: notebooks small enough to run in a test, and pages of a word each."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from segmentation import pages
from segmentation.lock import lock
from segmentation.parameters import Workbook, open_workbook
from segmentation.runs import Run

RUN = 'run: str = "sample"  # the name of the run'
STEPS = ("01_ingest", "02_clean", "03_features")
DECLARATIONS = {
    "01_ingest": 'orders: str = ""  # the order export, file\nas_of: str = ""  # day of the description',
    "02_clean": "strict: bool = False  # stop at the first problem\nkept: list = []  # countries",
    "03_features": "k: int = 4  # segments, count\nshare: float = 0.5  # held out, share",
}
BEGIN = """from segmentation.problems import DataProblem
from segmentation.runs import begin
step = begin("{stem}", run, **{{name: globals()[name] for name in {names}}})"""
FINISH = """with step.write("{number}_out.txt") as part:
    part.write_text(str(step.parameters))
step.finish(rows_in=1, rows_out=1, findings=[])"""


def make_notebook(
    folder: Path, stem: str, *, declarations: str = "k: int = 4  # segments", cells: tuple[str, ...] = ()
) -> Path:
    """Write a notebook with a `parameters` cell and, below it, code cells."""
    declared = new_code_cell(f"{RUN}\n{declarations}")
    declared.metadata.tags = ["parameters"]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = new_notebook(
        cells=[new_markdown_cell(f"# {stem}"), declared, *map(new_code_cell, cells)], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, folder / f"{stem}.ipynb")
    return folder / f"{stem}.ipynb"


def make_step(folder: Path, stem: str, *, declarations: str, cells: tuple[str, ...] = ()) -> Path:
    """Write a notebook that signs the manifest as a step does; `cells` come before it has anything to hand on."""
    names = [line.partition(":")[0] for line in declarations.splitlines()]
    cells = (BEGIN.format(stem=stem, names=names), *cells, FINISH.format(number=stem[:2]))
    return make_notebook(folder, stem, declarations=declarations, cells=cells)


def make_workbook(folder: Path, **cells: tuple[str, ...]) -> Workbook:
    """Make notebooks for three steps; a keyword such as s02 gives the cells of step 02."""
    folder.mkdir(exist_ok=True)
    for stem, declarations in DECLARATIONS.items():
        make_step(folder, stem, declarations=declarations, cells=cells.get(f"s{stem[:2]}", ()))
    return open_workbook(folder)


def use_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """Keep runs in a folder and their pages a word each; what pages are asked for is added to the list returned."""
    asked: list[tuple[str, list[str]]] = []

    def write_page(executed: Path, *, run: Run, steps: list[str]) -> None:
        asked.append((executed.stem, steps))
        run.pages.mkdir(parents=True, exist_ok=True)
        (run.pages / f"{executed.stem}.html").write_text("page")

    def write_index(run: Run, *, steps: list[str]) -> Path:
        (run.pages / "index.html").write_text(" ".join(steps))
        return run.pages / "index.html"

    monkeypatch.setenv("WORKBOOK_HOME", str(folder))
    monkeypatch.setattr(pages, "write_page", write_page)
    monkeypatch.setattr(pages, "write_index", write_index)
    return asked


def kernels_left() -> list[str]:
    """List the processes that this one has started and that still run."""
    return [child.name() for child in psutil.Process().children(recursive=True)]


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Fill a folder once, though several workers of pytest-xdist ask for it: the first fills it, the others wait."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"once-{name}"
    filled = folder.with_suffix(".filled")
    with folder.with_suffix(".lock").open("a") as file:
        while not filled.exists():
            try:
                lock(file)
            except OSError:
                time.sleep(0.1)
                continue
            if not filled.exists():
                shutil.rmtree(folder, ignore_errors=True)  # by a worker that failed
                folder.mkdir()
                make(folder)
                filled.touch()
    return folder
