"""The rival of `workbook run`: a plain loop of `papermill` and `jupyter nbconvert` commands over the same notebooks.

    python tests/benchmarks/plain_loop.py --name rival --out /tmp/rival

prints the seconds from the first command to the last page.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def command(name: str) -> str:
    """Locate a command beside this Python, so that the rival has the same packages."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise FileNotFoundError(f"There is no command '{name}' beside {sys.executable}.")
    return found


def plain_loop(notebooks: Path, *, name: str, out: Path) -> float:
    """Run each notebook and turn it into a page, a command each.

    Parameters
    ----------
    notebooks : folder of the numbered notebooks
    name : the run's name, given as the parameter `run`
    out : folder for executed notebooks and pages

    Returns
    -------
    Seconds from the first command to the last page

    Raises
    ------
    CalledProcessError
        A command failed; what it said is in `stderr`.
    """
    out.mkdir(parents=True, exist_ok=True)
    papermill, jupyter = command("papermill"), command("jupyter")
    began = time.perf_counter()
    for notebook in sorted(notebooks.glob("[0-9][0-9]_*.ipynb")):
        executed = str(out / notebook.name)
        for line in (
            [papermill, str(notebook), executed, "-p", "run", name],
            [jupyter, "nbconvert", "--to", "html", executed],
        ):
            subprocess.run(line, check=True, capture_output=True, text=True)
    return time.perf_counter() - began


def main() -> None:
    """Run the loop and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS)
    parser.add_argument("--name", default="rival")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    print(f"{plain_loop(asked.notebooks, name=asked.name, out=asked.out):.1f}")


if __name__ == "__main__":
    main()
