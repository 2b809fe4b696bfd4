"""An old Excel file, written byte by byte because no library writes such files any more."""

import struct
from collections.abc import Sequence
from pathlib import Path

from ibis.backends.duckdb import Backend

from segmentation.sources.parts import open_parts, store_text

FREE, LAST, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD  # what a sector is used for
SECTOR, SMALLEST = 512, 4096  # bytes; a shorter stream would have to stand elsewhere
END = struct.pack("<HH", 0x000A, 0)


def record(kind: int, layout: str, *values: object) -> bytes:
    """Write a record of BIFF8."""
    content = struct.pack(layout, *values)
    return struct.pack("<HH", kind, len(content)) + content


def begin(kind: int) -> bytes:
    """Open the workbook (5) or a sheet (16)."""
    return record(0x0809, "<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6)


def cell(row: int, column: int, value: str | float) -> bytes:
    """Write a label or a number."""
    if isinstance(value, str):
        text = value.encode("utf-16-le")
        return record(0x0204, f"<HHHHB{len(text)}s", row, column, 0, len(value), 1, text)
    return record(0x0203, "<HHHd", row, column, 0, value)


def as_xls(rows: Sequence[Sequence[str | float]]) -> bytes:
    """Write a table as the one sheet of an old Excel file."""
    cells = b"".join(cell(row, place, value) for row, values in enumerate(rows) for place, value in enumerate(values))
    sheet_at = len(begin(5) + record(0x0085, "<IHBB6s", 0, 0, 6, 0, b"Orders") + END)
    opening = begin(5) + record(0x0085, "<IHBB6s", sheet_at, 0, 6, 0, b"Orders") + END
    return in_container(opening + begin(16) + cells + END)


def in_container(stream: bytes) -> bytes:
    """Wrap the workbook as an OLE file: header, sectors in use, directory, stream."""
    stream = stream.ljust(max(SMALLEST, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    used = [FAT, LAST, *range(3, len(stream) // SECTOR + 2), LAST]
    sectors = struct.pack("<128I", *used, *[FREE] * (128 - len(used)))
    begins = struct.pack("<8s16sHHHHH6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6)
    header = begins + struct.pack("<118I", 0, 1, 1, 0, SMALLEST, LAST, 0, LAST, 0, 0, *[FREE] * 108)
    directory = entry("Root Entry", 5, child=1) + entry("Workbook", 2, start=2, size=len(stream))
    return header + sectors + directory.ljust(SECTOR, b"\0") + stream


def entry(name: str, kind: int, *, child: int = FREE, start: int = LAST, size: int = 0) -> bytes:
    """Write an entry of an OLE file's directory."""
    text = name.encode("utf-16-le")
    return struct.pack("<64sHBB3I36xIQ", text, len(text) + 2, kind, 1, FREE, FREE, child, start, size)


def test_an_old_excel_file_reads_as_the_same_text(connection: Backend, tmp_path: Path) -> None:
    path = tmp_path / "orders.xls"
    path.write_bytes(as_xls([["Order", "Name", "Price"], ["00042", "Mug", 2.5], ["2", "Größe 大", 3.0]]))
    (part,) = open_parts(connection, [str(path)], scratch=tmp_path / "scratch")
    rows = store_text(connection, part, columns=part.headers).select(part.headers).to_pyarrow().to_pylist()
    assert part.kind == "Excel"
    assert rows == [
        {"Order": "00042", "Name": "Mug", "Price": "2.5"},
        {"Order": "2", "Name": "Größe 大", "Price": "3"},
    ]
