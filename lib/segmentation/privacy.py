"""What may leave the workbook: no small group, no folder of this machine, no cell that a spreadsheet would run."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from urllib.parse import urlsplit

import pandas as pd

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
