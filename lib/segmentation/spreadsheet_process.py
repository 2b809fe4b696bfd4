"""The process that reads a workbook: a damaged one can end it, fill its memory or keep it busy, but not the workbook.

`python -m segmentation.spreadsheet_process FILE FOLDER` writes each sheet into the folder as Arrow, every cell as
text, and prints as JSON the sheets' names, and for each whether it is shown.
"""

import json
import sys
from pathlib import Path

MEMORY = 2 * 2**30


def limit_memory() -> None:
    """Let the system refuse more memory than a large sheet needs, where it can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def write_sheets(file: Path, folder: Path) -> list[tuple[str, bool]]:
    """Write every sheet, and list their names and whether each is shown."""
    import fastexcel
    import pyarrow as pa

    told = []
    workbook = fastexcel.read_excel(file)
    for name in workbook.sheet_names:
        sheet = workbook.load_sheet(name, header_row=None, dtypes="string")
        cells = sheet.to_arrow()
        plain = pa.record_batch(cells.columns, names=[str(place) for place in range(cells.num_columns)])
        with pa.OSFile(str(folder / f"{len(told)}.arrow"), "wb") as sink, pa.ipc.new_file(sink, plain.schema) as writer:
            writer.write_batch(plain)
        told.append((name, sheet.visible == "visible"))
    return told


if __name__ == "__main__":
    limit_memory()
    print(json.dumps(write_sheets(Path(sys.argv[1]), Path(sys.argv[2]))))
