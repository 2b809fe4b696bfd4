"""Damaged text tables, read line by line: every row is kept, those that do not fit the header with the reason."""

import itertools
import re
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import ibis

from segmentation.sources.csv_headers import Header
from segmentation.sources.decoding import CHUNK, bounded_lines, decoded

LONGEST = 2**20  # letters of a value that are kept
LONGEST_LINE = 16 * CHUNK
LONGEST_LENIENT = 10_000
LINES_IN_A_ROW = 1_000  # a quotation mark that is still open then was never closed
ATTEMPTS = 5

ENCODING = "the line is in another encoding than the file"
OPEN_QUOTE = "a quotation mark opens that is never closed"
TOO_LONG = "a value is longer than 1,000,000 letters"


class Line(NamedTuple):
    """A line with its end, and why it can't be trusted; null when it can."""

    text: str
    problem: str | None


class Row(NamedTuple):
    """A row's values as they stand there, and why they can't be trusted; null when they can."""

    values: list[str]
    problem: str | None


def repair(path: Path, *, header: Header, scratch: Path) -> tuple[Path, list[str]]:
    """Write a damaged file again as proper CSV with one more column: why a row can't be read, empty when it can.

    Parameters
    ----------
    path : the file, in UTF-8 but for some lines
    header : its columns, and where it stands
    scratch : where the rows go, in bounded memory

    Returns
    -------
    The rows without a header, separated as the file is; and what was noticed, in sentences
    """
    stored = scratch / ibis.util.gen_name("rows")
    counts: Counter[str] = Counter()
    with path.open("rb") as file, stored.open("x", encoding="utf-8", errors="replace", newline="") as written:
        for row in rows_below(read_lines(file), header):
            if isinstance(row, str):
                written.write(row)
            else:
                counts.update([row.problem] if row.problem else [])
                written.write(proper_line(row, header.delimiter))
    told = "; ".join(f"{problem} ({count:,})" for problem, count in counts.most_common(5))
    return stored, [f"{counts.total():,} rows can't be read as they stand: {told}."] if told else []


def proper_line(row: Row, delimiter: str) -> str:
    """Write a row as proper CSV, its problem last.

    Examples
    --------
    >>> proper_line(Row(['5" ribbon', ""], None), ",")
    '"5"" ribbon",,\\n'
    """
    cells = [value[:LONGEST].replace('"', '""') for value in [*row.values, row.problem or ""]]
    return delimiter.join(f'"{cell}"' if cell else "" for cell in cells) + "\n"


def read_lines(file: IO[bytes]) -> Iterator[Line]:
    """Read lines of text, whichever way each ends; the rest of one that never ends is left out, and that is told."""
    is_rest, is_first = False, True
    for raw in bounded_lines(file, limit=LONGEST_LINE):
        is_whole = raw.endswith(b"\n") or len(raw) < LONGEST_LINE
        if not is_rest:
            text, is_proper = decoded(raw)
            text, is_first = text.removeprefix("\ufeff") if is_first else text, False
            problem = None if is_proper else ENCODING
            problem = problem if is_whole else TOO_LONG
            pieces = split_lines(text) if "\r" in text[:-2] else [text]
            yield from (Line(piece, problem) for piece in pieces)
        is_rest = not is_whole


def split_lines(text: str) -> list[str]:
    r"""Split at every kind of line end, which each line keeps.

    Examples
    --------
    >>> split_lines("a\rb\r\nc")
    ['a\r', 'b\r\n', 'c']
    """
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def rows_below(lines: Iterator[Line], header: Header) -> Iterator[Row | str]:
    """Read the rows below the header, each as wide as it: a proper line as it is, any other as its values."""
    width, delimiter = len(header.cells), header.delimiter
    rows = split_rows(itertools.islice(lines, header.lines_above, None), delimiter, width)
    for row in itertools.islice(rows, 1, None):
        yield row if isinstance(row, str) else fitted(row, width, delimiter)


def split_rows(lines: Iterator[Line], delimiter: str, width: int) -> Iterator[Row | str]:
    """Split lines into rows of values; where quotation marks hold several lines together they are one row.

    A line without quotation marks that has the right number of values is given on as it is, for most lines are so.
    """
    field, ahead = field_pattern(delimiter), deque[Line]()
    while (line := next_line(lines, ahead)) is not None:
        plain = line.text.rstrip("\r\n")
        if '"' not in plain:
            if line.problem is None and len(plain) < LONGEST and plain.count(delimiter) == width - 1 and plain:
                yield f"{plain}{delimiter}\n"
            elif plain.strip():
                yield Row(plain.split(delimiter), line.problem)
        elif (values := split_values(plain, field)) is not None:
            yield Row(values, line.problem)
        elif (row := joined_row(line, lines, ahead, field, width)) is not None:
            yield row
        else:
            values, is_closed = lenient_values(plain, delimiter)
            yield Row(values, line.problem or (None if is_closed and len(values) == width else OPEN_QUOTE))


def next_line(lines: Iterator[Line], ahead: deque[Line]) -> Line | None:
    """Take the next line, first of those that were looked at already."""
    return ahead.popleft() if ahead else next(lines, None)


def joined_row(
    first: Line, lines: Iterator[Line], ahead: deque[Line], field: re.Pattern[str], width: int
) -> Row | None:
    """Join lines that a quoted value holds together; none when they do not make a row of the right width.

    Lines that are looked at in vain stay ahead, so that a mark that is never closed costs its own line alone.
    """
    taken, letters, attempts = [first], len(first.text), 0
    while len(taken) < LINES_IN_A_ROW and letters < LONGEST and attempts < ATTEMPTS:
        place = len(taken) - 1
        if place == len(ahead):
            line = next(lines, None)
            if line is None:
                return None
            ahead.append(line)
        taken.append(ahead[place])
        letters += len(ahead[place].text)
        if '"' in ahead[place].text:
            attempts += 1
            values = split_values("".join(line.text for line in taken).rstrip("\r\n"), field)
            if values is not None and len(values) == width:
                for _ in taken[1:]:
                    ahead.popleft()
                return Row(values, next((line.problem for line in taken if line.problem), None))
    return None


def field_pattern(delimiter: str) -> re.Pattern[str]:
    """Describe one value and what ends it; nothing in it can be matched in two ways, so it is fast on any text."""
    mark = re.escape(delimiter)
    return re.compile(rf'(?: *+"([^"]*+(?:""[^"]*+)*+)" *+|([^{mark}"\r\n][^{mark}\r\n]*+|))({mark}|$)')


def split_values(text: str, field: re.Pattern[str]) -> list[str] | None:
    r"""Split a row into values, none when a quotation mark opens in it that is not closed properly.

    Examples
    --------
    >>> split_values('1,"two\nlines, ""so"" to say",5" ribbon,', field_pattern(","))
    ['1', 'two\nlines, "so" to say', '5" ribbon', '']
    >>> split_values('1,"Mug,2', field_pattern(","))
    """
    values, place = [], 0
    while found := field.match(text, place):
        quoted, plain, end = found.groups()
        values.append(plain if quoted is None else quoted.replace('""', '"'))
        place = found.end()
        if not end:
            return values if place == len(text) else None
    return None


def lenient_values(text: str, delimiter: str) -> tuple[list[str], bool]:
    """Split a row whose quotation marks are not doubled, and tell whether each that opens a value closes it.

    A mark closes a value only before a delimiter.

    Examples
    --------
    >>> lenient_values('1,"5" ribbon, red",2', ",")
    (['1', '5" ribbon, red', '2'], True)
    >>> lenient_values('1,"Mug,2', ",")
    (['1', '"Mug', '2'], False)
    """
    mark, values, is_closed = re.escape(delimiter), [], True
    if len(text) > LONGEST_LENIENT:
        return text.split(delimiter), False
    for found in re.finditer(rf'(?:"(.*?)"|([^{mark}]*))({mark}|$)', text):
        quoted, plain, end = found.groups("")
        values.append(quoted or plain)
        is_closed = is_closed and not plain.startswith('"')
        if not end:
            break
    return values, is_closed


def fitted(row: Row, width: int, delimiter: str) -> Row:
    """Make a row as wide as the header, and say when it was not; delimiters at its end alone do no harm.

    Examples
    --------
    >>> fitted(Row(["1", "2"], None), 3, ",")
    Row(values=['1', '2', ''], problem='2 values where the header has 3')
    >>> fitted(Row(["1", "2", "3", ""], None), 3, ",")
    Row(values=['1', '2', '3'], problem=None)
    """
    values, problem = row
    surplus = values[width:]
    if len(values) < width or any(surplus):
        problem = problem or f"{len(values):,} values where the header has {width:,}"
        values = [*values[: width - 1], delimiter.join(values[width - 1 :])]
    if any(len(value) > LONGEST for value in values):
        problem = problem or TOO_LONG
    return Row(values[:width] + [""] * (width - len(values)), problem)
