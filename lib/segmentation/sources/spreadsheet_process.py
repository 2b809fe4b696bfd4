"""The process that reads a workbook: a damaged one can end it, fill its memory or keep it busy, but not the workbook.

`python -m segmentation.sources.spreadsheet_process FILE FOLDER` writes each sheet into the folder as Arrow, every cell
as text, and prints as JSON the sheets' names, and for each whether it is shown.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MEMORY = 2 * 2**30
SHEETS_AT_A_TIME = 2


def limit_memory() -> None:
    """Let the system refuse more memory than a large sheet needs, where it can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def write_sheets(file: Path, folder: Path) -> list[tuple[str, bool]]:
    """Write every sheet, several at a time, and list their names and whether each is shown."""
    import fastexcel

    names = fastexcel.read_excel(file).sheet_names
    with ThreadPoolExecutor(max_workers=SHEETS_AT_A_TIME) as threads:
        return list(threads.map(lambda place: write_sheet(file, place, folder), range(len(names))))


def write_sheet(file: Path, place: int, folder: Path) -> tuple[str, bool]:
    """Write one sheet, from a reader of its own, for one reads a sheet at a time."""
    import fastexcel
    import pyarrow as pa

    sheet = fastexcel.read_excel(file).load_sheet(place, header_row=None, dtypes="string")
    cells = sheet.to_arrow()
    plain = pa.record_batch(cells.columns, names=[str(column) for column in range(cells.num_columns)])
    with pa.OSFile(str(folder / f"{place}.arrow"), "wb") as sink, pa.ipc.new_file(sink, plain.schema) as writer:
        writer.write_batch(plain)
    return sheet.name, sheet.visible == "visible"


if __name__ == "__main__":
    limit_memory()
    print(json.dumps(write_sheets(Path(sys.argv[1]), Path(sys.argv[2]))))
