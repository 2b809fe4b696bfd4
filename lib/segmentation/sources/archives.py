"""Archives: members of zip and gzip files, unpacked into a folder of ours and nowhere else, never without bound."""

import gzip
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

import ibis

from segmentation.problems import DataProblem, some
from segmentation.sources.locations import is_table_name

MEMBERS = 10_000
BYTES = 20 * 10**9  # of all members together, unpacked
RATIO = 200  # unpacked to packed; asked only above the next, since a small table can be very repetitive
RATIO_ASKED_ABOVE = 100 * 2**20
CHUNK = 2**20

DAMAGED = (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, EOFError, NotImplementedError, struct.error)


@dataclass(frozen=True)
class Found:
    """A file to be read.

    Attributes
    ----------
    name : what messages call it
    path : where it stands, unpacked
    modified : when it was changed, seconds since 1970
    origin : the file that the user named, which may be the archive that held it
    """

    name: str
    path: Path
    modified: float
    origin: Path


def is_zip(path: Path) -> bool:
    """Tell a zip archive from its first bytes."""
    return first_bytes(path, 4) in (b"PK\x03\x04", b"PK\x05\x06")


def is_gzip(path: Path) -> bool:
    """Tell a gzip file from its first bytes."""
    return first_bytes(path, 2) == b"\x1f\x8b"


def is_workbook(path: Path) -> bool:
    """Tell a spreadsheet, which is a zip too, from an archive; what can't be opened is no spreadsheet."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (*DAMAGED, ValueError, OSError):
        return False
    return "[Content_Types].xml" in names or any(name.startswith("xl/") for name in names) or "content.xml" in names


def first_bytes(path: Path, count: int) -> bytes:
    """Read the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(count)


def unpack_gzip(path: Path, *, name: str, scratch: Path) -> Path:
    """Unpack a gzip file into the scratch folder.

    Raises
    ------
    DataProblem
        It is damaged, or would grow beyond all measure.
    """
    try:
        with gzip.open(path) as packed:
            return unpack(packed, guard=Guard(name, path.stat().st_size), scratch=scratch)
    except DAMAGED as problem:
        raise DataProblem(
            f"Can't read {some([name])}: it is a gzip file that is cut off or damaged. Copy or download it again."
        ) from problem


def unpack_zip(path: Path, *, name: str, scratch: Path) -> tuple[list[Found], list[str]]:
    """Unpack the tables of a zip archive into the scratch folder, under names of ours.

    Parameters
    ----------
    path : the archive
    name : what messages call it
    scratch : where the members go

    Returns
    -------
    The unpacked members, called by archive and member; and the names of those that are no tables

    Raises
    ------
    DataProblem
        It is damaged, locked by a password, would grow beyond all measure, or holds no table.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not is_junk(member)]
            if len(members) > MEMBERS:
                raise DataProblem(f"An archive must hold at most {MEMBERS:,} files; {some([name])} has more.")
            guard = Guard(name, path.stat().st_size)
            tables = [member for member in members if is_table_name(member_name(member).rpartition("/")[2])]
            found = [unpack_member(archive, member, guard=guard, scratch=scratch) for member in tables]
    except (*DAMAGED, ValueError, OverflowError, UnicodeError) as problem:
        if isinstance(problem, DataProblem):
            raise
        raise DataProblem(
            f"Can't read {some([name])}: it is a zip archive that is cut off or damaged. Copy or download it again."
        ) from problem
    others = [member_name(member) for member in members if member not in tables]
    if not found:
        raise DataProblem(f"The archive {some([name])} must hold a table, as a .csv file; it holds {some(others)}.")
    return found, others


def unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, guard: "Guard", scratch: Path) -> Found:
    """Unpack one member under a name of ours; its own path is only for showing."""
    shown = f"{guard.name}/{member_name(member)}"
    if member.flag_bits & 1:
        raise DataProblem(f"Can't read {some([shown])}: the archive is locked by a password. Unpack it first.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataProblem(f"Can't read {some([shown])}: it is packed in a rare way. Unpack it first.")
    with archive.open(member) as packed:
        return Found(
            shown, unpack(packed, guard=guard, scratch=scratch), modified(member), Path(archive.filename or "")
        )


def is_junk(member: zipfile.ZipInfo) -> bool:
    """Tell what no user put there: folders, links, hidden files and those that macOS adds."""
    parts = member_name(member).split("/")
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    return member.is_dir() or is_link or "__MACOSX" in parts or parts[-1].startswith((".", "~$"))


def member_name(member: zipfile.ZipInfo) -> str:
    r"""Name a member for showing: in readable letters, never climbing out of its archive.

    Examples
    --------
    >>> member_name(zipfile.ZipInfo("..\\..\\etc/june.csv")), member_name(zipfile.ZipInfo("C:/x/june.csv"))
    ('etc/june.csv', 'x/june.csv')
    """
    name = member.filename
    if not member.flag_bits & 0x800:  # not said to be UTF-8: old programs wrote what their country used
        for encoding in ("utf-8", "gb18030"):
            try:
                name = name.encode("cp437").decode(encoding)
                break
            except UnicodeError:
                continue
    parts = re.sub(r"[\x00-\x1f]", "", name).replace("\\", "/").split("/")
    kept = [part for part in parts if part not in ("", ".", "..") and not re.fullmatch("[A-Za-z]:", part)]
    return str(PurePosixPath(*kept)) if kept else "unnamed"


def modified(member: zipfile.ZipInfo) -> float:
    """Tell when a member was changed, seconds since 1970; 0 when the archive does not say."""
    try:
        return datetime(*member.date_time).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


@dataclass
class Guard:
    """Counts what an archive has been unpacked to, and stops one that was made to burst.

    Attributes
    ----------
    name : what messages call the archive
    packed : bytes of the archive
    unpacked : bytes so far
    """

    name: str
    packed: int
    unpacked: int = 0

    def count(self, size: int) -> None:
        """Count more bytes.

        Raises
        ------
        DataProblem
            The archive has grown too much; what it says of itself is not trusted.
        """
        self.unpacked += size
        if self.unpacked > BYTES or self.unpacked > max(RATIO_ASKED_ABOVE, RATIO * self.packed):
            raise DataProblem(
                f"Can't read {some([self.name])}: unpacked, it grows to more than {self.unpacked / 1e6:,.0f} MB from "
                f"{self.packed / 1e6:,.1f} MB, as no table does. If it is right, unpack it first."
            )


def unpack(packed: IO[bytes], *, guard: Guard, scratch: Path) -> Path:
    """Unpack a stream into a new file of the scratch folder."""
    path = scratch / ibis.util.gen_name("unpacked")
    with path.open("xb") as file:
        for chunk in chunks(packed):
            guard.count(len(chunk))
            file.write(chunk)
    return path


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Read a stream piece by piece."""
    while chunk := file.read(CHUNK):
        yield chunk
