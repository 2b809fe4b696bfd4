"""Files as tables of text: what is read from which bytes, and what is refused with which words."""

import datetime
import errno
import gzip
import io
import sqlite3
import stat
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import ibis.expr.types as ir
import openpyxl
import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend
from pyarrow import parquet

from segmentation.problems import DataProblem
from segmentation.sources import archives
from segmentation.sources.headers import PROBLEM, ROW
from segmentation.sources.parts import Part, first_rows, open_parts, problems_of, store_text

PLAIN = b"Order,Name\n1,Mug\n2,Tea towel\n"
ROWS = [{ROW: 1, "Order": "1", "Name": "Mug"}, {ROW: 2, "Order": "2", "Name": "Tea towel"}]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


def open_one(connection: Backend, path: Path) -> Part:
    """Open the one table of a file."""
    (part,) = open_parts(connection, [str(path)], scratch=path.parent / "scratch")
    return part


def load_text(connection: Backend, path: Path) -> ir.Table:
    """Store every column of a file."""
    part = open_one(connection, path)
    return store_text(connection, part, columns=part.headers)


def marked_rows(connection: Backend, path: Path) -> list[dict]:
    """Read a file's rows in order, each with why it can't be read."""
    return load_text(connection, path).order_by(ROW).to_pyarrow().to_pylist()


def rows(connection: Backend, path: Path) -> list[dict]:
    """Read a file's rows in order, none of them marked."""
    marked = marked_rows(connection, path)
    assert [row.pop(PROBLEM) for row in marked] == [None] * len(marked)
    return marked


def headers(connection: Backend, path: Path) -> list[str]:
    return list(load_text(connection, path).drop(ROW, PROBLEM).columns)


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
    file.write_bytes(b'Order,Name,Price\n,"",1\n')
    assert rows(connection, file) == [{ROW: 1, "Order": None, "Name": None, "Price": "1"}]


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
        ('="a",\tb,c ', ["a", "b", "c"]),
    ],
    ids=["twice", "twice in another case", "index", "unnamed", "spaces", "keywords", "quotes", "our own", "figures",
         "wrapped"],
)  # fmt: skip
def test_every_column_gets_a_name_of_its_own(connection: Backend, file: Path, header: str, names: list[str]) -> None:
    file.write_text(f"{header}\n1,2,3\n", encoding="utf-8")
    assert headers(connection, file) == names


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


# --- where the header stands, and in which encoding


@pytest.mark.parametrize(
    "above",
    ["Orders of June\n\n", "Orders,from,June\n", "Report;;;;\n", '"Orders\nof June"\n', "a\n\nb\n\n"],
    ids=["a title", "commas", "a title as wide as the table", "quoted line ends", "several"],
)
def test_the_header_is_found_below_a_title(connection: Backend, file: Path, above: str) -> None:
    file.write_text(f"{above}Order;Day;Name;Pieces;Price\n1;x;Mug;2;2,50\n2;x;Tea;1;3,50\n", encoding="utf-8")
    assert [row["Price"] for row in rows(connection, file)] == ["2,50", "3,50"]


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [
        ("utf-8", "CSV"),
        ("utf-8-sig", "CSV"),
        ("utf-16", "CSV, UTF-16"),
        ("utf-16-le", "CSV, UTF-16"),
        ("utf-16-be", "CSV, UTF-16"),
        ("gbk", "CSV, GB18030"),
        ("gb18030", "CSV, GB18030"),
    ],
)
def test_chinese_text_reads_in_every_encoding(connection: Backend, file: Path, encoding: str, kind: str) -> None:
    file.write_bytes("订单编号,买家会员名,Price\n1,小明,2.50\n2,王五,3.50\n".encode(encoding))
    assert rows(connection, file)[1] == {ROW: 2, "订单编号": "2", "买家会员名": "王五", "Price": "3.50"}
    assert open_one(connection, file).kind == kind


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_western_text_reads_in_older_encodings(connection: Backend, file: Path, encoding: str) -> None:
    file.write_bytes("Order;Größe\n1;café\n2;Århus, 5\xa0m\n".encode(encoding))
    assert [row["Größe"] for row in rows(connection, file)] == ["café", "Århus, 5\xa0m"]
    assert open_one(connection, file).kind == "CSV, Windows-1252, semicolons"


def test_a_letter_of_an_older_encoding_far_down_is_read(connection: Backend, file: Path) -> None:
    file.write_bytes(b"a,b\n" + b"1,2\n" * 100_000 + b"1,caf\xe9\n")
    part = open_one(connection, file)
    stored = store_text(connection, part, columns=["b"])
    assert stored.filter(stored.b != "2").drop(ROW).to_pyarrow().to_pylist() == [{"b": "café", PROBLEM: None}]
    assert part.notes == ["It was read as Windows-1252."]


def test_a_line_in_another_encoding_than_the_others_is_marked(connection: Backend, file: Path) -> None:
    file.write_bytes("Order,Name\n1,é\n2,ü\n".encode() + b"3,caf\xe9\n")
    told = [(row["Name"], row[PROBLEM]) for row in marked_rows(connection, file)]
    assert told == [("é", None), ("ü", None), ("café", "the line is in another encoding than the file")]


# --- CSV that is damaged


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a,b\n1,2\n3\n5,6\n", [("1", None), ("3", "1 values where the header has 2"), ("5", None)]),
        ("a,b\n1,2\n3,4,5\n6,7\n", [("1", None), ("3", "3 values where the header has 2"), ("6", None)]),
        ("a,b\n1,2,\n3,4,,\n", [("1", None), ("3", None)]),
        ("a,b\r\n1,x\n2,y\r\n3,z\r4,z", [("1", None), ("2", None), ("3", None), ("4", None)]),
        ('a,b\n1,"x\n2,y\n', [("1", "a quotation mark opens that is never closed"), ("2", None)]),
        ('a,b\n1,"x\n2,"y"\n3,z\n', [("1", "a quotation mark opens that is never closed"), ("2", None), ("3", None)]),
        ('a,b\n1,"5" ribbon"\n2,y\n', [("1", None), ("2", None)]),
        ('a,b\n1,"two\nlines"\n2\n', [("1", None), ("2", "1 values where the header has 2")]),
        ("a,b\n1,2\n,\n3,4\n", [("1", None), (None, "the row is empty"), ("3", None)]),
        ("a,b\n1,2\na,b\n3,4\n", [("1", None), ("a", "the header stands there again"), ("3", None)]),
    ],
    ids=["short row", "long row", "delimiters at the end", "mixed line ends", "open quote", "open quote before another",
         "quotes not doubled", "quoted line end", "only delimiters", "header again"],
)  # fmt: skip
def test_a_damaged_row_is_marked_and_the_others_are_read(
    connection: Backend, file: Path, content: str, told: list[tuple[str, str | None]]
) -> None:
    file.write_bytes(content.encode())
    assert [(row["a"], row[PROBLEM]) for row in marked_rows(connection, file)] == told


def test_a_quotation_mark_that_swallows_whole_lines_is_told(connection: Backend, file: Path) -> None:
    file.write_text('a,b,c,d,e\n1,"Mug,3,4,5\n2,x,3,4,5\n3,x,3,4,5",3,4,5\n4,x,3,4,5\n')
    problems = [row[PROBLEM] for row in marked_rows(connection, file)]
    assert problems == ["a value holds whole lines; a quotation mark is left open", None]


def test_a_huge_value_is_read(connection: Backend, file: Path) -> None:
    file.write_bytes(b"a,b\n1," + b"x" * 10_000_000 + b"\n2,y\n")
    assert [len(row["b"]) for row in rows(connection, file)] == [10_000_000, 1]


def test_a_value_beyond_all_measure_is_cut_and_its_row_marked(connection: Backend, file: Path) -> None:
    file.write_bytes(b"a,b\n1," + b"x" * 20_000_000 + b"\n2,y\n")
    told = [(row["a"], len(row["b"]), row[PROBLEM]) for row in marked_rows(connection, file)]
    assert told == [("1", 2**20, "a value is longer than 1,000,000 letters"), ("2", 1, None)]


def test_a_damaged_row_far_down_costs_no_other(connection: Backend, file: Path) -> None:
    file.write_bytes(b"a,b\n" + b"1,2\n" * 30_000 + b"3\n")
    part = open_one(connection, file)
    stored = store_text(connection, part, columns=["a"])
    assert stored.filter(stored[PROBLEM].notnull()).to_pyarrow().to_pylist() == [
        {ROW: 30_001, "a": "3", PROBLEM: "1 values where the header has 2"}
    ]
    assert part.notes == ["1 rows can't be read as they stand: 1 values where the header has 2 (1)."]


def test_the_first_rows_of_a_damaged_file_can_be_looked_at(connection: Backend, file: Path) -> None:
    file.write_bytes(b"a,b\n1,2\n3\n4,5\n")
    assert first_rows(open_one(connection, file), limit=2).fillna("-").values.tolist() == [["1", "2"], ["3", "-"]]


# --- files that are no table


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (b"\x00" * 100, "the file is empty"),
        (b";;;\n;;;\n", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
        (b"Order,Name", "it holds a header and no rows"),
        (b"Order,Name\n\n", "it holds a header and no rows"),
        (b"," * 3_000 + b"a\n", "at most 2,000 columns"),
        (bytes(range(256)) * 4, "neither text nor any kind of table"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "It is a picture"),
        (b"%PDF-1.7 x", "It is a PDF"),
        (b"SQLite format 3\x00" + b"junk" * 9, "sqlite:///"),
        (b"\n<html><table><tr><td>1</td></tr></table>", "It is a web page, whatever its name"),
        (b'<?xml version="1.0"?><Workbook/>', "It is XML"),
        (gzip.compress(PLAIN)[:-12], "a gzip file that is cut off or damaged"),
        (b"\x1f\x8b" + b"junk" * 9, "a gzip file that is cut off or damaged"),
        (b"PAR1" + b"junk" * 9, "it is a Parquet file that is cut off or damaged"),
        (b"PK\x03\x04" + b"junk" * 9, "a zip archive that is cut off or damaged"),
        (b"\xd0\xcf\x11\xe0" + b"junk" * 9, "as an Excel file: .*save it again"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "it is protected by a password"),
        (b'{"a": 1', "."),
        (b"[[1, 2], [3, 4]]", "it must hold JSON objects"),
    ],
    ids=["empty", "empty lines", "zeros", "only delimiters", "empty gzip", "header", "header and empty line",
         "too many columns", "binary", "picture", "PDF", "SQLite", "web page", "XML",
         "gzip cut off", "no gzip", "no parquet", "no archive", "no old workbook", "password", "JSON cut off",
         "JSON lists"],
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


def test_a_file_that_is_not_there_is_refused_with_a_near_name(connection: Backend, tmp_path: Path) -> None:
    (tmp_path / "orders_june.csv").write_bytes(PLAIN)
    message = r"Can't read 'order_june.csv': there is no such file. Did you mean 'orders_june.csv'\?"
    with pytest.raises(DataProblem, match=message):
        load_text(connection, tmp_path / "order_june.csv")


# --- Excel


def test_an_excel_file_reads_as_the_same_text(connection: Backend, tmp_path: Path) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Order", "Name"], [1, "Mug"], ["2", "Tea towel"]])
    assert rows(connection, path) == ROWS


def test_an_excel_file_is_told_from_its_bytes(connection: Backend, tmp_path: Path) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Order", "Name"], [1, "Mug"], ["2", "Tea towel"]])
    assert rows(connection, path.rename(tmp_path / "orders.csv")) == ROWS


def test_excel_cells_are_written_as_a_csv_would_hold_them(connection: Backend, tmp_path: Path) -> None:
    cells = {
        13085.0: "13085",
        2.95: "2.95",
        -3: "-3",
        "007": "007",
        2**53 + 2: "9007199254740994",
        "12345678901234567890": "12345678901234567890",
        "": None,
        True: "true",
        datetime.datetime(2009, 12, 1, 7, 45): "2009-12-01 07:45:00",
        datetime.date(2009, 12, 1): "2009-12-01",
        datetime.time(7, 45): "07:45:00",
        "=1+1": None,  # the value that Excel would store beside the formula is what counts; here is none
    }
    sheet = [[f"c{place}" for place in range(len(cells))], list(cells)]
    (row,) = rows(connection, write_excel(tmp_path / "orders.xlsx", sheet))
    assert list(row.values())[1:] == list(cells.values())


def test_sheets_with_the_same_headers_are_read_one_below_the_other(connection: Backend, tmp_path: Path) -> None:
    first, second = [["Order", "Name"], [1, "Mug"]], [["Order", "Name"], [2, "Tea towel"]]
    assert rows(connection, write_excel(tmp_path / "orders.xlsx", first, second, [])) == ROWS


def test_a_sheet_with_other_headers_is_left_out_and_told(connection: Backend, tmp_path: Path) -> None:
    notes, orders = [["Read this first"]], [["Order", "Name"], [1, "Mug"], [2, "Tea towel"]]
    part = open_one(connection, write_excel(tmp_path / "orders.xlsx", notes, orders))
    assert part.headers == ["Order", "Name"]
    assert part.notes == ["Its sheets 'sheet 0' have other headers and were not read."]


def test_a_title_above_an_excel_table_is_no_header(connection: Backend, tmp_path: Path) -> None:
    sheet = [["Orders of June"], [], ["Order", "Name"], [1, "Mug"], [2, "Tea towel"]]
    assert rows(connection, write_excel(tmp_path / "orders.xlsx", sheet)) == ROWS


def test_a_cell_far_outside_the_table_does_not_end_the_process(connection: Backend, tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active["A1"], workbook.active["XFD1048576"] = "Order", 1
    workbook.save(tmp_path / "orders.xlsx")
    with pytest.raises(DataProblem, match=r"more than 2 GB of memory. Does a stray cell stand far outside"):
        open_one(connection, tmp_path / "orders.xlsx")


def test_rows_of_excel_are_numbered_in_their_order(connection: Backend, tmp_path: Path) -> None:
    sheets = [[["n"], *([number] for number in range(start, start + 6_000))] for start in (1, 6_001)]
    table = load_text(connection, write_excel(tmp_path / "orders.xlsx", *sheets))
    wrong = table.filter(table[ROW].cast("string") != table["n"]).count().execute()
    assert (table.count().execute(), wrong) == (12_000, 0)


def test_an_excel_column_that_stands_there_twice_is_kept_twice(connection: Backend, tmp_path: Path) -> None:
    path = write_excel(tmp_path / "orders.xlsx", [["Name", "Name", None, "__row", None], ["Mug", "Tea", 3, 4, None]])
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


def test_a_short_line_is_told_though_its_missing_column_is_not_wanted(connection: Backend, file: Path) -> None:
    file.write_text("a,b,c\n1,2,3\n4,5\n")
    stored = store_text(connection, open_one(connection, file), columns=["a"])
    assert stored.order_by(ROW)[PROBLEM].to_pyarrow().to_pylist() == [None, "2 values where the header has 3"]


def test_nested_values_and_bytes_of_parquet_become_text(connection: Backend, file: Path) -> None:
    column = pa.array([b"Mug", b"\xff"], pa.binary())
    parquet.write_table(pa.table({'5" b': column, "l": [[1, 2], None], "s": [{"x": "y"}, {"x": None}]}), file)
    assert [list(row.values())[1:] for row in rows(connection, file)] == [
        ["Mug", "[1,2]", '{"x":"y"}'],
        ["\\xFF", None, '{"x":null}'],
    ]


# --- JSON


@pytest.mark.parametrize(
    "content",
    [
        '{"Order": 1, "Name": "Mug"}\n{"Order": "2", "Name": "Tea towel"}\n',
        '[{"Order": 1, "Name": "Mug"},\n {"Name": "Tea towel",\n  "Order": "2"}]',
    ],
    ids=["lines", "list"],
)
def test_json_reads_as_text(connection: Backend, file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    assert rows(connection, file) == ROWS


def test_json_fields_of_any_name_and_kind_are_columns(connection: Backend, file: Path) -> None:
    file.write_text('{"a/b~c": 12345678901234567890123, "$.x": {"y": [1]}}\n{"it\'s": 1.50, "a/b~c": null}\n')
    assert rows(connection, file) == [
        {ROW: 1, "a/b~c": "12345678901234567890123", "$.x": '{"y":[1]}', "it's": None},
        {ROW: 2, "a/b~c": None, "$.x": None, "it's": "1.5"},
    ]


def test_a_line_that_is_no_json_object_is_marked(connection: Backend, file: Path) -> None:
    file.write_text('{"a": 1}\n{"a": 2\n[3]\n{"a": 4}\n')
    told = [(row["a"], row[PROBLEM]) for row in marked_rows(connection, file)]
    assert told == [("1", None), (None, "it is no JSON object"), (None, "it is no JSON object"), ("4", None)]


# --- archives and several files


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2025, 6, 30, 12, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return path


def open_all(connection: Backend, *given: Path | str) -> list[Part]:
    folder = Path(given[0]).parent
    return open_parts(connection, [str(one) for one in given], scratch=folder / "scratch")


def test_the_tables_of_an_archive_are_parts_and_the_rest_is_told(connection: Backend, tmp_path: Path) -> None:
    members = {"a/june.csv": PLAIN, "b/june.csv": PLAIN + b"3,x\n", "x.pdf": b"%PDF", "__MACOSX/._june.csv": b"x",
               ".DS_Store": b"x", "readme.txt": b"Thank you\nfor buying\n"}  # fmt: skip
    first, second = open_all(connection, write_zip(tmp_path / "e.zip", members))
    assert (first.name, second.name) == ("e.zip/a/june.csv", "e.zip/b/june.csv")
    assert first.modified == datetime.datetime(2025, 6, 30, 12).timestamp()
    assert first.notes == [
        "Of 'e.zip', 'x.pdf' are no tables and were not read.",
        "'e.zip/readme.txt' is no table and was not read.",
    ]


@pytest.mark.parametrize("name", ["../evil.csv", "/evil.csv", "..\\evil.csv", "C:\\evil.csv", "a/../../evil.csv"])
def test_an_archive_writes_nowhere_but_in_the_scratch_folder(connection: Backend, tmp_path: Path, name: str) -> None:
    (tmp_path / "inside").mkdir()
    archive = write_zip(tmp_path / "inside" / "e.zip", {name: PLAIN})
    (part,) = open_all(connection, archive)
    assert ".." not in part.name
    assert part.path.parent == tmp_path / "inside" / "scratch"
    assert not list(tmp_path.rglob("*evil*"))


def test_a_link_in_an_archive_is_not_followed(connection: Backend, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("june.csv", PLAIN)
    assert [part.name for part in open_all(connection, tmp_path / "e.zip")] == ["e.zip/june.csv"]


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(content)], ids=["gzip", "zip"])
def test_an_archive_that_bursts_is_stopped(
    connection: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(archives, "RATIO_ASKED_ABOVE", 2**20)
    (tmp_path / "e.bin").write_bytes(pack(b"a,b\n" + b"1,2\n" * 10**6))
    with pytest.raises(DataProblem, match=r"'e.bin': unpacked, it grows to more than \d MB from 0.0 MB"):
        open_all(connection, tmp_path / "e.bin")


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("june.csv", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"inner.zip": zipped(PLAIN)}, "'e.zip/inner.zip': it is an archive in an archive. Unpack it first"),
        ({"x.pdf": b"%PDF"}, "archive 'e.zip' must hold a table, as a .csv file; it holds 'x.pdf'"),
        ({}, "must hold a table, as a .csv file; it holds nothing"),
    ],
    ids=["nested", "no table", "empty"],
)
def test_an_archive_without_tables_is_refused(
    connection: Backend, tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    with pytest.raises(DataProblem, match=message):
        open_all(connection, write_zip(tmp_path / "e.zip", members))


def test_a_locked_archive_is_refused(connection: Backend, tmp_path: Path) -> None:
    content = bytearray(zipped(PLAIN))
    content[6] |= 1  # the flag in front of the member, and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "e.zip").write_bytes(content)
    with pytest.raises(DataProblem, match="locked by a password"):
        open_all(connection, tmp_path / "e.zip")


def test_a_chinese_name_in_an_old_archive_is_readable() -> None:
    member = zipfile.ZipInfo("订单.csv".encode("gbk").decode("cp437"))
    assert archives.member_name(member) == "订单.csv"


def test_a_file_that_is_named_twice_is_opened_once(connection: Backend, file: Path) -> None:
    file.write_bytes(PLAIN)
    (file.parent / "link.csv").symlink_to(file)
    assert len(open_all(connection, file, file.parent / "*.csv", file.parent / "link.csv")) == 1


def test_a_copy_is_not_read_again_and_that_is_told(connection: Backend, file: Path) -> None:
    file.write_bytes(PLAIN)
    (file.parent / "copy.csv").write_bytes(PLAIN)
    (part,) = open_all(connection, file, file.parent / "copy.csv")
    assert part.notes == ["'copy.csv' is a copy of 'orders.csv' and was not read again."]


def test_files_of_the_same_name_are_told_apart(connection: Backend, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "june.csv").write_bytes(PLAIN + folder.encode() + b",x\n")
    assert [part.name for part in open_all(connection, tmp_path / "*" / "june.csv")] == ["a/june.csv", "b/june.csv"]


def test_a_web_servers_log_is_recognised(connection: Backend, file: Path) -> None:
    file.write_text('198.51.100.7 - - [01/Jun/2025:10:00:00 +0200] "GET /cart HTTP/1.1" 200 512 "-" "x"\n' * 3)
    assert open_one(connection, file).kind == "Web server log"


def test_a_full_disk_is_not_the_files_fault() -> None:
    with pytest.raises(OSError, match="No space left"), problems_of("orders.csv", None):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_database_is_opened_beside_files(connection: Backend, file: Path) -> None:
    file.write_bytes(PLAIN)
    with closing(sqlite3.connect(file.parent / "shop.db")) as shop, shop:
        shop.execute('create table orders ("Order" text, "Name" text)')
        shop.execute("insert into orders values ('3', 'Lamp')")
    database, text = open_all(connection, file, f"sqlite:///{(file.parent / 'shop.db').as_posix()}?table=orders")
    assert [database.headers, text.headers] == [["Order", "Name"]] * 2
