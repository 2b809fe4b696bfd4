"""What may leave: pseudonyms, no small group, no folder of this machine, no cell that a spreadsheet would run."""

import base64
import csv
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from urllib.parse import urlsplit

import pandas as pd

from segmentation.problems import DataProblem, some

PSEUDONYM_KEY, KEY_BYTES, PSEUDONYM_LETTERS = "pseudonym.key", 32, 12
NUMBER = re.compile(r" *[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)? *", re.ASCII)
FORMULA = re.compile('[\t\r\n]|[\\s\x00-\x1f\u200b\ufeff"]*[=+\\-@＝＋－＠]')
QUOTED_FOLDER = r"""(?<=["'])(?:~|[A-Za-z]:)?[\\/][^"'\n]*[\\/](?=[^"'\\/\n]+["'])"""
BARE_FOLDER = r"""(?<![\w/\\:.])(?:~|[A-Za-z]:)?[\\/](?:[^\s\\/"'<>|]+[\\/]+)+(?=[^\s\\/])"""
FOLDERS = re.compile(f"{QUOTED_FOLDER}|{BARE_FOLDER}")


def neutralise(value: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula.

    Parameters
    ----------
    value : a cell's text
        A formula begins with = + - or @, also in full width, also behind spaces or a double quote; a tab or a line end
        at the start can push one into a cell of its own.

    Returns
    -------
    str
        The same text, behind an apostrophe when it was a formula. A plain decimal number stays one.

    Source
    ------
    OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection

    Examples
    --------
    >>> neutralise("=1+2")
    "'=1+2"
    >>> neutralise("-12.50")
    '-12.50'
    >>> neutralise("blue-green")
    'blue-green'
    """
    return f"'{value}" if FORMULA.match(value) and not NUMBER.fullmatch(value) else value


def named_index_as_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table whose index says something (it has a name) that index as its first columns."""
    return table.reset_index() if any(name is not None for name in table.index.names) else table


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as UTF-8 CSV that no spreadsheet runs: text is quoted, formulas are neutralised.

    Parameters
    ----------
    table : any table
        Numbers, flags and times are written as they are; every other cell and every header goes through `neutralise`.
        An index with a name becomes the first column.
    path : where to; it is not replaced whole, so give it the place that `Step.write` or `runs.replacing` gives

    Source
    ------
    OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
    """
    safe = named_index_as_columns(table).copy()
    safe.columns = [neutralise(str(name)) for name in safe.columns]
    for position, kind in enumerate(safe.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind)):
            text = safe.iloc[:, position].map(lambda cell: neutralise(str(cell)), na_action="ignore")
            safe.isetitem(position, text)
    safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def suppress_small_groups(table: pd.DataFrame, *, count: str, min_group: int, keep: Sequence[str]) -> pd.DataFrame:
    """Blank the numbers of groups too small to hide a person in.

    Parameters
    ----------
    table : DataFrame, one row a group
        `count` : int, customers in the group
    count : the column that holds how many customers the group has
    min_group : the fewest customers that a shown group may have
    keep : columns that say which group it is, and nothing about its members

    Returns
    -------
    DataFrame, the same rows and columns
        Missing values in every column but `keep` where the group is too small; the table's notes say why. Whole
        numbers and flags stay so (Int64, boolean). Where one group alone is blanked, a total shown beside it would
        give it away.

    Examples
    --------
    >>> groups = pd.DataFrame({"segment": ["regulars", "newcomers"], "customers": [80, 3], "spend": [9.5, 1.5]})
    >>> suppress_small_groups(groups, count="customers", min_group=5, keep=["segment"])
         segment  customers  spend
    0   regulars         80    9.5
    1  newcomers       <NA>    NaN
    """
    small = table[count] < min_group
    shown = table.copy()
    for column in shown.columns.difference(list(keep)):
        if pd.api.types.is_integer_dtype(shown[column]):
            shown[column] = shown[column].astype("Int64")
        elif pd.api.types.is_bool_dtype(shown[column]):
            shown[column] = shown[column].astype("boolean")
        shown[column] = shown[column].mask(small)
    return shown


def hide_folders(text: str) -> str:
    """Leave only the last name of each absolute path in a text: where a file lies is nobody's business.

    Examples
    --------
    >>> hide_folders("orders = '/srv/my shop/june.csv'  # and/or data/sample/orders.csv")
    "orders = 'june.csv'  # and/or data/sample/orders.csv"
    >>> hide_folders(r"C:\\Users\\shop\\june.csv:3: UserWarning, see https://example.com/help")
    'june.csv:3: UserWarning, see https://example.com/help'
    """
    return FOLDERS.sub("", text)


def file_name(value: str) -> str:
    """Leave only the name of a value that is a path or an address, and any other value as it is.

    Examples
    --------
    >>> file_name("data/sample/orders.csv"), file_name("/srv/exports"), file_name("https://example.com/a.csv?key=1")
    ('orders.csv', 'exports', 'a.csv')
    >>> file_name("Europe/London")
    'Europe/London'
    """
    is_address = "://" in value
    path = PureWindowsPath(urlsplit(value).path if is_address else value)
    is_path = is_address or path.anchor or value[:1] in ("~", ".") or (len(path.parts) > 1 and path.suffix)
    return path.name if is_path else value


def pseudonym_key(folder: Path) -> bytes:
    """Read the folder's secret for pseudonyms; make it when there is none, for its owner alone.

    Two processes that make it at once get the same one, and one that is killed leaves none or a whole one.

    Parameters
    ----------
    folder : the run's own; whoever has the secret can tell who is behind a pseudonym by trying every customer id

    Raises
    ------
    DataProblem
        The file is no such secret.
    """
    path = folder / PSEUDONYM_KEY
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = folder / f".{PSEUDONYM_KEY}.{os.getpid()}.{secrets.token_hex(4)}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
            with suppress(FileExistsError):  # another process was faster; its secret counts
                os.link(part, path)
        finally:
            part.unlink(missing_ok=True)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise DataProblem(
            f"The secret for pseudonyms must have {KEY_BYTES} bytes; {some([path.name])} has {len(key)}. "
            "Remove it, so that a new one is made?"
        )
    return key


def pseudonym(ids: Iterable[object], *, key: bytes) -> list[str]:
    """Give each customer id a short name that only the holder of a secret can tell back.

    Parameters
    ----------
    ids : customer ids
    key : the run's secret, see `pseudonym_key`; another run's gives other names

    Returns
    -------
    list of str, twelve letters and digits each, the same for the same id and secret

    Source
    ------
    RFC 2104, HMAC with SHA-256, cut to 60 bits; docs/decisions/0019-explaining.md

    Examples
    --------
    >>> pseudonym(["ann", "ben", "ann"], key=b"0" * 32)
    ['kqwieu7tmjty', 'i7ru3fhmkw6z', 'kqwieu7tmjty']
    """
    digests = (hmac.digest(key, str(name).encode(), "sha256") for name in ids)
    return [base64.b32encode(digest)[:PSEUDONYM_LETTERS].decode().lower() for digest in digests]
