"""One run of a name at a time, by a lock that the operating system holds: it is gone when the process is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from segmentation.problems import DataProblem, some
from segmentation.runs import Run

if os.name == "nt":
    import msvcrt

    def lock(file: IO[str]) -> None:
        """Lock the file or raise PermissionError at once."""
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def unlock(file: IO[str]) -> None:
        """Unlock the file; closing it alone would do so at leisure."""
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def lock(file: IO[str]) -> None:
        """Lock the file or raise BlockingIOError at once."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def unlock(file: IO[str]) -> None:
        """Unlock the file."""
        fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """Keep other runs of the same name out for as long as the block lasts.

    Raises
    ------
    DataProblem
        A run of this name is going on.
    """
    run.artifacts.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (run.artifacts / ".lock").open("a") as file:
        try:
            lock(file)
        except (BlockingIOError, PermissionError):
            raise DataProblem(
                f"Run {some([run.name])} is going on already; two runs must not write the same files. "
                "Wait until it has finished, or give this one another --name?"
            ) from None
        try:
            yield
        finally:
            unlock(file)
