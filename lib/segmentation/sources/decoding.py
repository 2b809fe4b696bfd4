"""Bytes as text: which encoding a file is in, decided from all its bytes, and the file again in UTF-8."""

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import ibis

UTF8 = "utf-8"
GB18030 = "gb18030"
WESTERN = "cp1252"

SAMPLE = 2**18
CHUNK = 2**20
LINES_LOOKED_AT = 200

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SHOWN = {
    UTF8: "",
    "utf-8-sig": "",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    GB18030: "GB18030",
    WESTERN: "Windows-1252",
}

# A Chinese character or punctuation mark as GB2312 writes the common ones, and any run of bytes beyond ASCII.
CHINESE = re.compile(rb"[\xa1-\xa9\xb0-\xd7][\xa1-\xfe]")
BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")


def sample_encoding(path: Path) -> str | None:
    """Tell the encoding from the start of a file; none when it is not UTF-8 and the whole must be looked at."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    for mark, name in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return name
    if wide := wide_encoding(start):
        return wide
    try:
        codecs.getincrementaldecoder(UTF8)().decode(start)
    except UnicodeDecodeError:
        return None
    return UTF8


def wide_encoding(start: bytes) -> str | None:
    """Tell UTF-16 that lacks its byte order mark: every other byte of Latin text is zero."""
    if len(start) < 8:
        return None
    even, odd = start[0::2].count(0) / len(start) * 2, start[1::2].count(0) / len(start) * 2
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else None


def whole_encoding(path: Path) -> str:
    """Decide the encoding of a file that is not all UTF-8, from every line that goes beyond ASCII.

    Where more than one in ten of those is proper UTF-8 the file is UTF-8 with lines from elsewhere: so many do not
    arise in another encoding by chance.
    """
    proper, other, looked_at = 0, 0, []
    with path.open("rb") as file:
        for line in bounded_lines(file):
            if line.isascii():
                continue
            if is_utf8(line):
                proper += 1
            else:
                other += 1
                if len(looked_at) < LINES_LOOKED_AT:
                    looked_at.append(line)
    if proper > (proper + other) / 10 or not other:
        return UTF8
    return older_encoding(looked_at)


def older_encoding(lines: Iterable[bytes]) -> str:
    """Tell Chinese from Western text: characters there are pairs of high bytes, here single ones among plain letters.

    Examples
    --------
    >>> older_encoding(["订单编号,买家会员名".encode("gbk")]), older_encoding(["Café,Müller".encode("cp1252")])
    ('gb18030', 'cp1252')
    """
    runs = [run for line in lines for run in BEYOND_ASCII.findall(line)]
    beyond = sum(map(len, runs))
    paired = sum(2 * len(CHINESE.findall(run)) for run in runs)
    return GB18030 if paired >= beyond / 2 else WESTERN


def is_utf8(line: bytes) -> bool:
    """Tell whether bytes are proper UTF-8."""
    try:
        line.decode(UTF8)
    except UnicodeDecodeError:
        return False
    return True


def decoded(line: bytes) -> tuple[str, bool]:
    """Decode a line that should be UTF-8, and tell whether it is; else in the older encoding that it looks like."""
    try:
        return line.decode(UTF8), True
    except UnicodeDecodeError:
        return line.decode(older_encoding([line]), "replace"), False


def bounded_lines(file: IO[bytes], *, limit: int = 16 * CHUNK) -> Iterator[bytes]:
    """Read lines, one that never ends in pieces."""
    while line := file.readline(limit):
        yield line


def recode(path: Path, encoding: str, *, scratch: Path) -> tuple[Path, int]:
    """Write a file again in UTF-8, piece by piece, and count the bytes that mean nothing; they become U+FFFD."""
    recoded = scratch / ibis.util.gen_name("recoded")
    decoder, lost = codecs.getincrementaldecoder(encoding)("replace"), 0
    with path.open("rb") as file, recoded.open("xb") as written:
        while chunk := file.read(CHUNK):
            text = decoder.decode(chunk)
            lost += text.count("\ufffd")
            written.write(text.encode(UTF8, "replace"))
        written.write(decoder.decode(b"", final=True).encode(UTF8, "replace"))
    return recoded, lost
