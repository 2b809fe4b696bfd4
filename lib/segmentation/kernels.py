"""Kernels started ahead: each step finds one that runs already and has imported what its notebook imports."""

import ast
import asyncio
import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop

from segmentation.parameters import code_cells
from segmentation.runs import PROJECT, UNATTENDED

KERNELS_AHEAD = 2
START_SECONDS = 180

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())


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
    """One kernel a notebook, started ahead of its step.

    All of them live in the event loop that papermill uses, so that those ahead get ready while a step runs. A kernel
    is ended at once, not asked to leave: what its step made is on disk by then.
    """

    def __init__(self, notebooks: Sequence[Path], *, environment: Mapping[str, str] | None = None) -> None:
        """Prepare for notebooks in the order of their steps; `environment` is added to this process's own.

        Notebooks are told that they run unattended, so that none shows controls that nobody can move.
        """
        self.environment = os.environ | {UNATTENDED: "1"} | (environment or {})
        self.loop = ensure_event_loop()
        self.coming = deque(notebooks)
        self.ahead: deque[Kernel] = deque()
        self.living: list[Kernel] = []
        self.ending: list[asyncio.Task[None]] = []

    def start_ahead(self, count: int) -> None:
        """Start kernels until so many are ahead, or one for every notebook."""
        while self.coming and len(self.ahead) < count:
            self.ahead.append(self.start(self.coming.popleft()))

    def start(self, notebook: Path) -> Kernel:
        """Start a kernel; it warms up before it answers."""
        manager = AsyncKernelManager(kernel_spec_manager=OwnPython(), log=logger)
        starting = manager.start_kernel(
            extra_arguments=["--HistoryManager.hist_file=:memory:", f"--IPKernelApp.exec_lines={warm_up(notebook)}"],
            cwd=str(PROJECT),
            env=self.environment,
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
        """Hand over the kernel of the next step, ready, and start others ahead.

        Raises
        ------
        RuntimeError
            It did not start.
        """
        kernel = self.ahead.popleft()
        self.start_ahead(1)  # beside this one; two would hold it up
        self.loop.run_until_complete(kernel.answering)
        self.start_ahead(KERNELS_AHEAD)
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


def warm_up(notebook: Path) -> str:
    """Word what a notebook's cells import as one line, which leaves no name behind."""
    imports = [statement for source, _ in code_cells(notebook) for statement in import_statements(source)]
    names = {alias.asname or alias.name.partition(".")[0] for statement in imports for alias in statement.names}
    forget = [f"del {', '.join(sorted(names))}"] if names else []
    return "; ".join([*map(ast.unparse, imports), *forget])


def import_statements(source: str) -> list[ast.Import | ast.ImportFrom]:
    """List the imports of a cell that are not within anything else; none of one with commands of IPython.

    Examples
    --------
    >>> [ast.unparse(found) for found in import_statements("import pandas as pd\\nif wide: import seaborn")]
    ['import pandas as pd']
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return []
    return [statement for statement in statements if isinstance(statement, ast.Import | ast.ImportFrom)]


async def end_kernel(kernel: Kernel) -> None:
    """Kill a kernel's process and close the channels to it."""
    kernel.answering.cancel()
    await asyncio.gather(kernel.answering, return_exceptions=True)
    await kernel.manager.shutdown_kernel(now=True)
    kernel.client.stop_channels()


@contextmanager
def kernels_ahead(notebooks: Sequence[Path], *, environment: Mapping[str, str] | None = None) -> Iterator[Kernels]:
    """Start the first notebook's kernel, the others as they are due; none outlives the block, however it ends."""
    kernels = Kernels(notebooks, environment=environment)
    try:
        kernels.start_ahead(1)
        yield kernels
    finally:
        kernels.loop.run_until_complete(kernels.end_all())
