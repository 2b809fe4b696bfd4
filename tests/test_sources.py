"""Files as tables of text: what is read from which bytes, and what is refused with which words."""

import datetime
import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis.expr.types as ir
import openpyxl
import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend
from pyarrow import parquet

from segmentation.problems import DataProblem
from segmentation.sources import ROW, open_text, store_text

PLAIN = b"Order,Name\n1,Mug\n2,Tea towel\n"
ROWS = [{ROW: 1, "Order": "1", "Name": "Mug"}, {ROW: 2, "Order": "2", "Name": "Tea towel"}]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


def load_text(connection: Backend, path: Path) -> ir.Table:
    """Store every column of a file."""
    opened = open_text(connection, path)
    return store_text(connection, path, opened, columns=opened.columns)


def rows(connection: Backend, path: Path) -> list[dict]:
    return load_text(connection, path).order_by(ROW).to_pyarrow().to_pylist()


def headers(connection: Backend, path: Path) -> list[str]:
    return list(load_text(connection, path).drop(ROW).columns)


def write_excel(path: Path, *sheets: Iterable[Sequence[object]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for number, sheet in enumerate(sheets):
        written = workbook.create_sheet(f"sheet {number}")
        for row in sheet:
            written.append(row)
    workbook.save(path)
    return path


# --- CSV


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(b",", b";"),
        PLAIN.replace(b",", b"\t"),
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.removesuffix(b"\n"),
        b"\xef\xbb\xbf" + PLAIN,
        b'\xef\xbb\xbf"Order","Name"\n"1","Mug"\n"2","Tea towel"\n',
        b"\n\n" + PLAIN,
        PLAIN.replace(b"\n", b"\n\n"),
        gzip.compress(PLAIN),
        gzip.compress(PLAIN.replace(b",", b";")),
    ],
    ids=["comma", "semicolon", "tab", "windows", "no last line end", "bom", "bom and quotes", "empty lines above",
         "empty lines between", "gzip without its name", "gzip with semicolons"],
)  # fmt: skip
def test_a_table_of_text_reads_the_same_however_it_was_saved(connection: Backend, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert rows(connection, file) == ROWS


def test_a_quoted_value_keeps_line_ends_commas_and_quotation_marks(connection: Backend, file: Path) -> None:
    file.write_bytes(b'Order,Note\n1,"two\nlines, ""so"" to say"\n2,plain\n')
    assert [row["Note"] for row in rows(connection, file)] == ['two\nlines, "so" to say', "plain"]


def test_a_quotation_mark_inside_a_plain_value_is_a_character(connection: Backend, file: Path) -> None:
    file.write_bytes(b'Order,Name\n1,5" ribbon\n')
    assert rows(connection, file)[0]["Name"] == '5" ribbon'


def test_commas_in_a_quoted_header_do_not_pass_for_separators(connection: Backend, file: Path) -> None:
    file.write_bytes(b'"Price, net, EUR";Name\n1,50;Mug\n')
    assert rows(connection, file) == [{ROW: 1, "Price, net, EUR": "1,50", "Name": "Mug"}]


@pytest.mark.parametrize(
    "value", ["007", "1e5", "13085.0", "NULL", "NA", "nan", "#1001", "=1+1", "12345678901234567890"]
)
def test_a_value_is_text_as_it_stands_there(connection: Backend, file: Path, value: str) -> None:
    file.write_text(f"Order,Name\n{value},Mug\n", encoding="utf-8")
    assert rows(connection, file)[0]["Order"] == value


def test_no_value_is_null(connection: Backend, file: Path) -> None:
    file.write_bytes(b'Order,Name\n,""\n1,Mug\n')
    assert rows(connection, file)[0] == {ROW: 1, "Order": None, "Name": None}


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("Name,Name,b", ["Name", "Name_1", "b"]),
        ("Name,name,b", ["Name", "name_1", "b"]),
        (",a,b", ["column0", "a", "b"]),
        ("a,,", ["a", "column1", "column2"]),
        (" a ,b ,c", ["a", "b", "c"]),
        ("select,from,group by", ["select", "from", "group by"]),
        ('"5"" ribbon",\'b\',c;d', ['5" ribbon', "'b'", "c;d"]),
        ("__row,__ROW,b", ["__row_1", "__ROW_2", "b"]),
        ("2024,1.5,true", ["2024", "1.5", "true"]),
    ],
    ids=["twice", "twice in another case", "index", "unnamed", "spaces", "keywords", "quotes", "our own", "numbers"],
)
def test_every_column_gets_a_name_of_its_own(connection: Backend, file: Path, header: str, names: list[str]) -> None:
    file.write_text(f"{header}\n1,2,3\n", encoding="utf-8")
    assert headers(connection, file) == names


def test_a_header_that_says_what_the_rows_say_is_still_the_header(connection: Backend, file: Path) -> None:
    file.write_bytes(b"a,b\na,b\n")
    assert rows(connection, file) == [{ROW: 1, "a": "a", "b": "b"}]


def test_rows_are_numbered_as_they_stand_in_a_long_file(connection: Backend, file: Path) -> None:
    numbers = range(1, 300_001)
    file.write_text("number,text\n" + "".join(f"{number},some text\n" for number in numbers), encoding="utf-8")
    table = load_text(connection, file)
    wrong = table.filter(table[ROW].cast("string") != table["number"]).count().execute()
    assert (table.count().execute(), wrong) == (300_000, 0)


@pytest.mark.parametrize("name", ["orders[1].csv", "orders*.csv", "orders?.csv", "orders ü 订单.csv"])
def test_a_file_name_is_no_pattern(connection: Backend, tmp_path: Path, name: str) -> None:
    (tmp_path / "orders1.csv").write_bytes(b"Order,Name\n9,another file\n")
    try:
        (tmp_path / name).write_bytes(PLAIN)
    except OSError:
        pytest.skip("this system has no such file names")
    assert rows(connection, tmp_path / name) == ROWS


# --- CSV that can't be read


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
        (b"Order,Name", "it holds a header and no rows"),
        (b"Order,Name\n\n", "it holds a header and no rows"),
        (b"a,b\n1,2\n3\n5,6\n", "line 3 must have 2 values, as the header has; it has 1"),
        (b"a,b\n1,2\n3,4,5\n", "line 3 must have 2 values, as the header has; it has 3"),
        (b"a,b\n1,2,3\n4,5,6\n", "line 2 must have 2 values"),
        (b"Orders of June\n\na,b\n1,2\n", "must have 1 values, as the header has; it has 2"),
        (b"a,b\n" + b"1,2\n" * 30_000 + b"3\n", "line 30002 must have 2 values"),
        (b'a,b\n1,"x\n2,y\n', "in line 2 a quotation mark opens that is never closed"),
        (b"a,b\r\n1,x\n2,y\r\n", "lines must all end in the same way"),
        ("a,b\n1,café\n".encode("latin-1"), "no text in UTF-8.*'CSV UTF-8'"),
        (b"a,b\n" + b"1,2\n" * 30_000 + b"1,caf\xe9\n", "line 30002 is no text in UTF-8"),
        ("订单,b\n1,2\n".encode("gbk"), "no text in UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "no text in UTF-8"),
        (bytes(range(256)) * 4, "no text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no text in UTF-8"),
        (gzip.compress(PLAIN)[:-12], "a gzip file that is cut off or damaged"),
        (gzip.compress(bytes(range(250)) * 4_000)[:60], "cut off or damaged|no text in UTF-8"),
        (b"\x1f\x8b" + b"junk" * 9, "a gzip file that is cut off or damaged"),
        (b"PAR1" + b"junk" * 9, "Can't read 'orders.csv' as a table: .*No magic bytes"),
        (b"PK\x03\x04" + b"junk" * 9, "as an Excel file: .*Is it an archive"),
        (b"\xd0\xcf\x11\xe0" + b"junk" * 9, "as an Excel file"),
    ],
    ids=["empty", "empty lines", "empty gzip", "header", "header and empty line", "short row", "long row",
         "rows longer than the header", "a title above", "short row far down", "open quote", "mixed line ends",
         "latin-1", "latin-1 far down", "gbk", "utf-16", "binary", "picture", "gzip cut off", "gzip of binary",
         "no gzip", "no parquet", "no workbook", "no old workbook"],
)  # fmt: skip
def test_a_file_that_is_no_table_is_refused(connection: Backend, file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(DataProblem, match=message):
        load_text(connection, file)


def test_a_refusal_names_the_file_without_its_folder(connection: Backend, file: Path) -> None:
    file.write_bytes(b"PAR1" + b"junk" * 9)
    with pytest.raises(DataProblem, match=r"'orders\.csv'") as refused:
        load_text(connection, file)
    assert str(file.parent) not in str(refused.value)


def test_a_refusal_does_not_repeat_what_stands_in_the_line(connection: Backend, file: Path) -> None:
    file.write_bytes(b"Order,Email\n1,ann@example.com,Green Street 1\n")
    with pytest.raises(DataProblem, match="line 2 must have 2 values") as refused:
        load_text(connection, file)
    assert "ann@example.com" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused_with_a_near_name(connection: Backend, tmp_path: Path) -> None:
    (tmp_path / "orders_june.csv").write_bytes(PLAIN)
    message = r"Can't read 'order_june.csv': there is no such file. Did you mean 'orders_june.csv'\?"
    with pytest.raises(DataProblem, match=message):
        load_text(connection, tmp_path / "order_june.csv")


@pytest.mark.parametrize("name", ["", "folder"])
def test_a_folder_is_no_file(connection: Backend, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataProblem, match="there is no such file"):
        load_text(connection, tmp_path / name)


# --- Excel


def test_an_excel_file_reads_as_the_same_text(connection: Backend, tmp_path: Path) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Order", "Name"], [1, "Mug"], ["2", "Tea towel"]])
    assert rows(connection, path) == ROWS


def test_an_excel_file_is_told_from_its_bytes(connection: Backend, tmp_path: Path) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Order", "Name"], [1, "Mug"], ["2", "Tea towel"]])
    assert rows(connection, path.rename(tmp_path / "orders.csv")) == ROWS


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (13085.0, "13085"),
        (2.95, "2.95"),
        (-3, "-3"),
        ("007", "007"),
        ("", None),
        (True, "True"),
        (datetime.datetime(2009, 12, 1, 7, 45), "2009-12-01 07:45:00"),
        (datetime.date(2009, 12, 1), "2009-12-01"),
    ],
    ids=str,
)
def test_an_excel_cell_is_written_as_a_csv_would_hold_it(
    connection: Backend, tmp_path: Path, cell: object, text: str | None
) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Cell", "Name"], [cell, "Mug"]])
    assert rows(connection, path)[0]["Cell"] == text


def test_sheets_with_the_same_headers_are_read_one_below_the_other(connection: Backend, tmp_path: Path) -> None:
    first, second = [["Order", "Name"], [1, "Mug"]], [["Order", "Name"], [2, "Tea towel"]]
    assert rows(connection, write_excel(tmp_path / "orders.xlsx", first, second, [])) == ROWS


def test_sheets_with_other_headers_are_refused(connection: Backend, tmp_path: Path) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Order", "Name"], [1, "Mug"]], [["Order", "Price"], [1, 2]])
    message = "sheets of 'orders.xlsx' must have the same headers; they begin with 'Order, Name' and 'Order, Price'"
    with pytest.raises(DataProblem, match=message):
        load_text(connection, path)


def test_an_excel_column_that_stands_there_twice_is_kept_twice(connection: Backend, tmp_path: Path) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Name", "Name", None, "__row"], ["Mug", "Tea", 3, 4]])
    assert rows(connection, path) == [{ROW: 1, "Name": "Mug", "Name_1": "Tea", "column2": "3", "__row_1": "4"}]


def test_an_empty_excel_row_is_no_row(connection: Backend, tmp_path: Path) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Order", "Name"], [1, "Mug"], [None, None], [2, "Tea towel"]])
    assert rows(connection, path) == ROWS


@pytest.mark.parametrize(
    ("sheet", "message"), [([], "its sheets are empty"), ([["Order", "Name"]], "a header and no rows")]
)
def test_an_excel_file_without_rows_is_refused(
    connection: Backend, tmp_path: Path, sheet: list[list[str]], message: str
) -> None:
    path = write_excel(tmp_path / "orders.xlsx", sheet)
    with pytest.raises(DataProblem, match=message):
        load_text(connection, path)


# --- Parquet


def test_a_parquet_file_reads_as_text(connection: Backend, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    time = datetime.datetime(2009, 12, 1, 7, 45)
    parquet.write_table(pa.table({"Order": [7], "Customer": [13085.0], "Day": [time], "Name": ["Mug"]}), path)
    told = {"Order": "7", "Customer": "13085.0", "Day": "2009-12-01 07:45:00", "Name": "Mug"}
    assert rows(connection, path) == [{ROW: 1, **told}]


def test_a_parquet_file_without_rows_is_refused(connection: Backend, tmp_path: Path) -> None:
    parquet.write_table(pa.table({"Order": pa.array([], pa.string())}), tmp_path / "orders.parquet")
    with pytest.raises(DataProblem, match="a header and no rows"):
        load_text(connection, tmp_path / "orders.parquet")


def test_a_short_line_is_told_though_its_missing_column_is_not_wanted(connection: Backend, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("a,b,c\n1,2,3\n4,5\n")
    opened = open_text(connection, path)
    with pytest.raises(DataProblem, match="line 3 must have 3 values, as the header has; it has 2"):
        store_text(connection, path, opened, columns=["a"])
