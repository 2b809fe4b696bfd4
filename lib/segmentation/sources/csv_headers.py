"""The header of a text table: what separates the columns, and which line names them."""

import csv
import io
import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from segmentation.problems import DataProblem, some
from segmentation.sources.headers import distinct_names, require_few_columns

DELIMITERS = {",": "", ";": "semicolons", "\t": "tabs", "|": "bars"}
NO_TEXT = dict.fromkeys([*range(9), *range(14, 32), *range(127, 160), 0xFFFD])  # what no text holds much of
LOOKED_AT = 20  # rows among which the header must be


@dataclass(frozen=True)
class Header:
    """The header of a file: its cells as written, what separates them, and the lines above it.

    Attributes
    ----------
    cells : as they stand there
    delimiter : between the columns
    lines_above : lines of the file before the header's first
    is_below_quotes : whether a quotation mark stands above the header
    """

    cells: Sequence[str]
    delimiter: str
    lines_above: int = 0
    is_below_quotes: bool = False

    @property
    def names(self) -> list[str]:
        """The columns' names, each once."""
        return distinct_names(self.cells)


def find_header(text: str, *, name: str) -> Header:
    r"""Find what separates the columns and which line names them, from the start of a file.

    The header is the first row as wide as most; titles and empty lines may stand above it.

    Raises
    ------
    DataProblem
        The file holds nothing but empty lines, or is no text.

    Examples
    --------
    >>> header = find_header("Orders of June\n\nOrder;Price\n1;2,50\n2;3,00\n", name="june.csv")
    >>> header.names, header.delimiter, header.lines_above
    (['Order', 'Price'], ';', 2)
    """
    if not text.strip(" \t\r\n;,|\x00"):
        raise DataProblem(f"Can't read {some([name])}: the file is empty.")
    if len(text) - len(text.translate(NO_TEXT)) > len(text) / 20:
        raise DataProblem(f"Can't read {some([name])}: it is neither text nor any kind of table that can be read.")
    found = [candidate for mark in DELIMITERS if (candidate := candidate_header(text, mark))]
    if not found:
        raise DataProblem(f"Can't read {some([name])}: it has no header.")
    header = max(found, key=lambda candidate: candidate[:2])[2]
    require_few_columns(header.cells, name=name)
    return header


def candidate_header(text: str, delimiter: str) -> tuple[float, int, Header] | None:
    """Find the header as if a delimiter were the right one, with the share of rows that fit it and its width."""
    rows = list(itertools.islice(first_rows(text, delimiter), LOOKED_AT))
    if not rows:
        return None
    usual = statistics.mode(len(cells) for _, cells in rows)
    wanted = usual if usual <= 3 else usual - 1
    header = next(((line, cells) for line, cells in rows if len(cells) >= wanted and is_named(cells)), rows[0])
    line, cells = header
    fit = sum(len(other) == len(cells) for _, other in rows) / len(rows)
    above = "".join(itertools.islice(lines_of(text), line))
    return (fit if len(cells) > 1 else 0.0), len(cells), Header(cells, delimiter, line, '"' in above)


def first_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Read rows that hold anything, each with the number of lines above it, until one can't be read."""
    reader = csv.reader(lines_of(text), delimiter=delimiter)
    above = 0
    while True:
        try:
            cells = next(reader)
        except (StopIteration, csv.Error):
            return
        if filled(cells):
            yield above, cells
        above = reader.line_num


def lines_of(text: str) -> Iterator[str]:
    """Split text into its lines, whichever way they end."""
    return iter(io.StringIO(text, newline=None))


def is_named(cells: Sequence[str]) -> bool:
    """Tell a row that could name columns from a title with empty cells behind it."""
    return filled(cells) >= (len(cells) / 2 if len(cells) > 3 else 1)


def filled(cells: Sequence[str]) -> int:
    """Count the cells that hold anything."""
    return sum(bool(cell.strip("\ufeff \t\r\n")) for cell in cells)
