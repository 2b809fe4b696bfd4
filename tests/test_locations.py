"""Given names: which files a path, a pattern or a folder stands for."""

from pathlib import Path

import pytest

from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.sources.addresses import is_url
from segmentation.sources.locations import find_files


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder with tables, other files, hidden ones and a folder of its own."""
    for name in ("june.csv", "july.xlsx", "invoice.pdf", ".hidden.csv", "~$july.xlsx", "old/may.csv", "old/may.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    return tmp_path


def names(given: str, base: Path) -> list[str]:
    return [path.relative_to(base).as_posix() for path in find_files(given, base=base)]


@pytest.mark.parametrize(
    ("given", "is_one"),
    [
        ("postgresql://shop/sales?table=orders", True),
        ("mysql+pymysql://shop/sales", True),
        ("sqlite:///shop.db?table=orders", True),
        ("C:\\exports\\june.csv", False),
        ("c:/exports/june.csv", False),
        ("exports/june.csv", False),
        ("a://b.csv", False),
    ],
)
def test_a_url_is_told_from_a_path(given: str, is_one: bool) -> None:
    assert is_url(given) is is_one


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("june.csv", ["june.csv"]),
        ("invoice.pdf", ["invoice.pdf"]),
        (".hidden.csv", [".hidden.csv"]),
        ("*.csv", ["june.csv"]),
        (".*.csv", [".hidden.csv"]),
        ("**/*.csv", ["june.csv", "old/may.csv"]),
        ("j*", ["july.xlsx", "june.csv"]),
        ("old", ["old/may.csv", "old/may.txt"]),
        ("", None),
        (".", ["july.xlsx", "june.csv"]),
    ],
)
def test_a_name_stands_for_its_files(exports: Path, given: str, found: list[str] | None) -> None:
    if found is None:
        with pytest.raises(DataProblem, match="A file's name must be text"):
            names(given, exports)
    else:
        assert names(given, exports) == found


def test_an_absolute_pattern_counts_from_its_own_folder(exports: Path) -> None:
    assert find_files(f"{exports}/*.xlsx", base=Path("elsewhere")) == [exports / "july.xlsx"]


@pytest.mark.parametrize("name", ["a[1].csv", "a'b.csv", "订单 ü.csv", "a{b}.csv"])
def test_a_file_of_any_name_is_found_as_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x", encoding="utf-8")
    assert names(name, tmp_path) == [name]


def test_a_pattern_works_below_a_folder_whose_name_looks_like_one(tmp_path: Path) -> None:
    (tmp_path / "a[1]").mkdir()
    (tmp_path / "a[1]" / "june.csv").write_text("x", encoding="utf-8")
    assert names("*.csv", tmp_path / "a[1]") == ["june.csv"]


def test_a_relative_path_counts_from_the_project() -> None:
    assert find_files("data/sample/orders.csv", base=None) == [PROJECT / "data" / "sample" / "orders.csv"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("jun.csv", r"Can't read 'jun\.csv': there is no such file\. Did you mean 'june\.csv'\?"),
        ("none/june.csv", r"Can't read 'june\.csv': there is no such file\.$"),
        (
            "may*.csv",
            r"Can't read 'may\*\.csv': no file matches this pattern\. Beside it stand '\.hidden\.csv' and 'june",
        ),
        ("june\x00.csv", "A file's name must be text"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(exports: Path, given: str, message: str) -> None:
    with pytest.raises(DataProblem, match=message):
        find_files(given, base=exports)


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_text("x", encoding="utf-8")
    with pytest.raises(DataProblem, match=r"folder 'pictures' must hold a table.*; it holds 'a\.png'"):
        find_files("pictures", base=tmp_path)


def test_no_message_tells_a_folder(exports: Path) -> None:
    with pytest.raises(DataProblem, match="there is no such file") as refused:
        find_files("jun.csv", base=exports)
    assert str(exports) not in str(refused.value)
