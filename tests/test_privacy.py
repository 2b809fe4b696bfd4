"""What may leave the workbook."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segmentation.privacy import file_name, hide_folders, neutralise, suppress_small_groups, write_csv

SIGNS = "=+-@＝＋－＠\t\r\n"
TEXTS = st.text(st.sampled_from(f"{SIGNS} \"'1e,;a") | st.characters(codec="utf-8", exclude_characters="\0"))
FORMULAS = ["=1+2", "+1+2", "-1+2", "@SUM(A1)", "\t=1", "\rx", "\nx", "  =1", '"=1', "\u00a0=1", "\ufeff=1", "＝1", "-"]
HARMLESS = ["", "-1", "+1.5", "-.5", "1e-9", " -2 ", "a=b", "blue-green", "you@example.com", "'=1"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "table.csv"


def written(table: pd.DataFrame, path: Path) -> list[list[str]]:
    write_csv(table, path)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_gets_an_apostrophe(formula: str) -> None:
    assert neutralise(formula) == f"'{formula}"


@pytest.mark.parametrize("harmless", HARMLESS)
def test_numbers_and_plain_words_stay(harmless: str) -> None:
    assert neutralise(harmless) == harmless


@given(TEXTS)
@example(' "=1')
@example("x\r=1")
def test_no_written_cell_begins_with_a_formula_sign(path: Path, text: str) -> None:
    rows = written(pd.DataFrame({"subject": ["x"], text: [text]}), path)
    assert rows == [["subject", neutralise(text)], ["x", neutralise(text)]]
    for cell in (cell for row in rows for cell in row):
        assert not cell.lstrip(' "').startswith(tuple(SIGNS)) or is_number(cell)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@given(TEXTS)
def test_neutralising_twice_equals_neutralising_once(text: str) -> None:
    assert neutralise(neutralise(text)) == neutralise(text)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_survive(path: Path, values: list[float]) -> None:
    assert [float(row[0]) for row in written(pd.DataFrame({"n": values}), path)[1:]] == values
    assert [float(row[0]) for row in written(pd.DataFrame({"n": map(repr, values)}), path)[1:]] == values


def test_every_kind_of_column_is_written(path: Path) -> None:
    table = pd.DataFrame(
        {
            "day": pd.to_datetime(["2026-01-31"]),
            "kind": pd.Categorical(["=a"]),
            "mixed": pd.Series([-1], dtype=object),
            "missing": pd.Series([None], dtype="string"),
            "flag": [True],
        }
    )
    assert written(table, path)[1] == ["2026-01-31", "'=a", "-1", "", "True"]


def test_a_named_index_is_written_and_a_nameless_one_is_not(path: Path) -> None:
    table = pd.DataFrame({"n": [1]}, index=pd.Index(["=a"], name="segment"))
    assert written(table, path) == [["segment", "n"], ["'=a", "1"]]
    assert written(table.rename_axis(None), path) == [["n"], ["1"]]


def test_writing_leaves_the_table_unchanged(path: Path) -> None:
    table = pd.DataFrame({"=a": ["=1"]})
    write_csv(table, path)
    assert table.equals(pd.DataFrame({"=a": ["=1"]}))


def test_a_group_of_min_group_is_shown_and_a_smaller_one_is_not() -> None:
    groups = pd.DataFrame({"segment": ["a", "b"], "customers": [5, 4], "best": ["tea", "mug"], "spend": [1.5, 2.5]})
    shown = suppress_small_groups(groups, count="customers", min_group=5, keep=["segment"])
    assert shown.iloc[0].to_list() == ["a", 5, "tea", 1.5]
    assert shown.iloc[1].isna().to_list() == [False, True, True, True]
    assert groups["customers"].to_list() == [5, 4]


def test_a_folder_with_spaces_is_hidden_where_it_is_quoted() -> None:
    assert hide_folders(r"orders = 'C:\\Users\\a shop\\june.csv'") == "orders = 'june.csv'"


@pytest.mark.parametrize(
    "text", ["and/or", "2 / 3 of them", "data/sample/orders.csv", "https://example.com/a/b", "</b>"]
)
def test_what_is_no_absolute_path_stays(text: str) -> None:
    assert hide_folders(text) == text


def test_an_address_keeps_neither_password_nor_host() -> None:
    assert file_name("postgresql://owner:secret@db.example.com/shop") == "shop"
    assert file_name("postgresql://owner:secret@db.example.com") == ""
