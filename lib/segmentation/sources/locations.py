"""Where a given name leads: a URL, a file, a pattern of files, a folder of tables."""

import difflib
import re
from pathlib import Path

from segmentation.problems import DataProblem, some
from segmentation.runs import PROJECT

PATTERN = re.compile(r"[*?\[]")

# What a file in a folder or an archive must be called to be taken for a table; a file given by name may have any name.
TABLE_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("csv", "tsv", "tab", "txt", "json", "jsonl", "ndjson", "log", "parquet"),
        *("xlsx", "xlsm", "xlsb", "xls", "ods", "gz", "zip"),
    )
)


def find_files(given: str, *, base: Path | None) -> list[Path]:
    """Find the files that a given name stands for.

    Parameters
    ----------
    given : a file, a pattern such as "exports/*.csv" or "exports/**/*.csv", or a folder, whose tables are meant
    base : folder from which a relative path counts; none for the project

    Returns
    -------
    Paths in order of their names, at least one; hidden files only where the name says so

    Raises
    ------
    DataProblem
        Nothing is there; names that are near are told.
    """
    if "\x00" in given or not given.strip():
        raise DataProblem(f"A file's name must be text; got {some([given])}.")
    path = (base or PROJECT) / Path(given).expanduser()
    if path.is_dir():
        return tables_in(path)
    if path.exists():
        return [path]
    if PATTERN.search(given):
        return matching(given, base=base or PROJECT)
    near = difflib.get_close_matches(path.name, names_beside(path), n=3)
    hint = f" Did you mean {some(near)}?" if near else ""
    raise DataProblem(f"Can't read {some([path.name])}: there is no such file.{hint}")


def tables_in(folder: Path) -> list[Path]:
    """List the tables of a folder, not of the folders in it."""
    files = sorted(file for file in folder.iterdir() if is_table_name(file.name) and file.is_file())
    if not files:
        raise DataProblem(
            f"The folder {some([folder.name])} must hold a table, such as a .csv or .xlsx file; "
            f"it holds {some(sorted(names_beside(folder / 'any')))}."
        )
    return files


def matching(pattern: str, *, base: Path) -> list[Path]:
    """List the files that match a pattern; `**` stands for folders within folders."""
    wanted = Path(pattern).expanduser()
    anchor = Path(wanted.anchor) if wanted.is_absolute() else base
    inside = wanted.relative_to(wanted.anchor) if wanted.is_absolute() else wanted
    files = sorted(path for path in anchor.glob(str(inside)) if is_seen(path, inside) and path.is_file())
    if not files:
        ending = wanted.suffix if not PATTERN.search(wanted.suffix) else ""
        near = sorted(name for name in names_beside(base / wanted) if name.endswith(ending))
        hint = f" Beside it stand {some(near)}." if near else ""
        raise DataProblem(f"Can't read {some([wanted.name])}: no file matches this pattern.{hint}")
    return files


def is_seen(path: Path, pattern: Path) -> bool:
    """Tell a file that is not hidden, or whose pattern asks for hidden ones."""
    return pattern.name.startswith(".") or not path.name.startswith((".", "~$"))


def is_table_name(name: str) -> bool:
    """Tell a name that a table could have from any other; hidden files are none.

    Examples
    --------
    >>> is_table_name("June.CSV"), is_table_name(".june.csv"), is_table_name("invoice.pdf")
    (True, False, False)
    """
    return not name.startswith((".", "~$")) and Path(name).suffix.lower() in TABLE_ENDINGS


def names_beside(path: Path) -> list[str]:
    """List the names of the files in the folder where a path leads, none when there is no such folder."""
    try:
        return [file.name for file in path.parent.iterdir() if file.is_file()]
    except (OSError, ValueError):
        return []
