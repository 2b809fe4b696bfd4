"""One notebook through papermill, on a kernel that runs already."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill import execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError

from segmentation.kernels import Kernel
from segmentation.runs import replacing

logger = logging.getLogger("papermill")
logger.addHandler(logging.NullHandler())

NO_SPACE = "No space left on device"  # as the system says it, and with it Python and the engine


@dataclass
class Execution:
    """A notebook at work: its kernel, whom to tell of each cell, the notebook as far as it came, why it stopped."""

    kernel: Kernel
    on_cell: Callable[[int, int], None]
    notebook: NotebookNode | None = None
    failure: str = ""


class Engine(NBClientEngine):
    """Papermill's own way to run a notebook, on a kernel that runs already."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, *, execution: Execution, **_: object
    ) -> None:
        """Run the cells, telling of each before it begins."""
        execution.notebook = nb_man.nb

        def tell(cell: NotebookNode, cell_index: int) -> None:
            execution.on_cell(cell_index + 1, len(nb_man.nb.cells))

        kernel = execution.kernel
        client = PapermillNotebookClient(
            nb_man, km=kernel.manager, kernel_name=kernel_name, log=logger, iopub_timeout=600, on_cell_start=tell,
            store_widget_state=False,
        )  # fmt: skip
        client.kc = kernel.client
        client.execute()


papermill_engines.register("workbook", Engine)


def execute(
    notebook: Path, *, parameters: Mapping[str, Any], kernel: Kernel, on_cell: Callable[[int, int], None]
) -> Execution:
    """Run a notebook's cells until the last one or one that stops.

    Parameters
    ----------
    notebook : the notebook, which stays as it is
    parameters : values by name, put below the cell that declares them
    kernel : a kernel that answers
    on_cell : told before each cell: which (from 1), how many

    Returns
    -------
    The notebook as far as it came, and in `failure` the sentence that says why it stopped, empty when it did not
    """
    execution = Execution(kernel, on_cell)
    try:
        execute_notebook(
            str(notebook).replace("{", "{{").replace("}", "}}"),  # papermill fills in what stands in braces
            None,
            parameters=dict(parameters),
            engine_name="workbook",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            execution=execution,
        )
    except (PapermillExecutionError, DeadKernelError) as error:
        execution.failure = failure_sentence(error)
    return execution


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
    if NO_SPACE in error.evalue:
        return "The disk is full: the step could not write what it made. Free some space and run it again."
    return f"{error.ename}: {error.evalue}"


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write an executed notebook whole or not at all; where the project lies is nobody's business."""
    notebook.metadata.papermill.input_path = notebook.metadata.papermill.output_path = path.name
    with replacing(path) as part:
        part.write_text(nbformat.writes(notebook), encoding="utf-8")
