"""`workbook compare`: one page of two runs, the verdict first, with nobody and nothing dangerous on it."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from compared_runs import made_features, write_run

from segmentation.cli import main
from segmentation.movement.compare import compare_runs
from segmentation.movement.side_by_side import DIFFERS, VERDICT, parameters_beside, segments_of
from segmentation.movement.told import read_told
from segmentation.problems import DataProblem

JANUARY, JULY = date(2026, 1, 1), date(2026, 7, 1)
BAD = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a few runs."""
    folder = tmp_path_factory.mktemp("home")
    january, july = made_features(1), made_features(1, customers=480, days=581)
    write_run(
        folder, "january", january, day=JANUARY, past=made_features(1, customers=300, days=219), as_of="2026-01-01"
    )
    write_run(folder, "july", july, day=JULY, k=4, as_of="2026-07-01", orders=["/srv/shop/july.csv"], plays=BAD)
    write_run(folder, "dearer", made_features(1, customers=480, days=581, dearer=1.8), day=JULY)
    other = made_features(9)
    write_run(folder, "elsewhere", other.set_axis("x" + other.index), day=JANUARY)
    write_run(folder, "unfinished", january, day=JANUARY, steps=("01_ingest", "02_clean", "03_features"))
    write_run(folder, "half", january, day=JANUARY, steps=("01_ingest", "02_clean", "03_features", "04_cluster"))
    write_run(folder, "older", january, day=JANUARY)
    foreign = january.drop(columns="net_spend").assign(spent=1.0).reset_index()
    foreign.to_parquet(folder / "data" / "runs" / "older" / "03_features.parquet")
    small = made_features(3, customers=60)
    names = {"newcomers": BAD}
    write_run(folder, "renamed", small, day=JANUARY, k=4)
    segments = pd.read_parquet(folder / "data" / "runs" / "renamed" / "04_segments.parquet")
    first = segments["segment"] == 0
    segments["name"] = segments["name"].mask(first, BAD).replace(names)
    segments.to_parquet(folder / "data" / "runs" / "renamed" / "04_segments.parquet")
    return folder


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_HOME", str(home))


class Page(HTMLParser):
    """A page's tags, and its tables as lists of texts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.html = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.rows: list[list[str]] = []
        self.cell = False
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        told = dict(attrs)
        self.tags.append((tag, told))
        if tag == "table":
            self.rows = self.tables[told["id"]] = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self.cell = tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.cell = False

    @property
    def text(self) -> str:
        """The page's words."""
        return re.sub(r"<[^>]+>", " ", self.html[self.html.index("<body>") :])


@pytest.fixture(scope="module")
def page(home: Path) -> Page:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBOOK_HOME", str(home))
        return Page(compare_runs("january", "july"))


def test_the_page_lies_beside_the_reports_and_begins_with_the_verdict(home: Path, page: Page):
    assert (home / "reports" / "compare" / "january..july.html").is_file()
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", page.html)
    assert re.match(r"Refit|Watch|No need", headings[0])
    assert headings[1:] == ["What came out", "Who moved", "What shifted", "How the runs were made"]


def test_the_page_loads_nothing(page: Page):
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object")]
    assert all(told["src"].startswith("data:image/png") for tag, told in page.tags if tag == "img")


def test_nobody_is_on_the_page(page: Page):
    assert "@example.com" not in page.html
    assert "/srv/shop" not in page.html


def test_no_number_on_the_page_is_missing_without_a_dash(page: Page):
    cells = [cell for rows in page.tables.values() for row in rows[1:] for cell in row[1:]]
    assert not [cell for cell in cells if re.search(r"nan|inf|None|<NA>", cell)]


def test_every_shown_move_is_of_nobody_or_of_enough(page: Page):
    cells = {cell.replace(",", "") for row in page.tables["table-4"][1:] for cell in row[1:]}
    assert cells.isdisjoint({"1", "2", "3", "4"})


def test_segments_and_customers_of_both_runs_stand_side_by_side(page: Page):
    told = {row[0]: row[1:] for row in page.tables["table-1"]}
    assert told["customers"] == ["400", "480"]
    assert told["segments"] == ["3", "4"]
    assert told["silhouette"] == ["0.31", "0.31"]
    assert told["later spend told by segments, ranks"] == ["26 %", "26 %"]
    assert told["later spend told by segments, money"] == ["–", "–"]


def test_customers_of_one_run_only_are_new(page: Page):
    rows = page.tables["table-5"]
    new = [int(row[rows[0].index("new")]) for row in rows[1:] if row[rows[0].index("new")] != "–"]
    assert 0 < sum(new) <= 80


def test_parameters_that_differ_come_first_and_are_marked(home: Path):
    table = parameters_beside(read_told("january"), read_told("july"))
    assert table[""].tolist() == ["as_of", "k", "orders", "plays", "min_group"]
    assert (table[VERDICT] == DIFFERS).tolist() == [True] * 4 + [False]


def test_the_same_runs_make_the_same_page_in_whichever_order_they_are_named(page: Page, tmp_path: Path):
    turned = compare_runs("july", "january", out=tmp_path / "page.html").read_text(encoding="utf-8")
    assert turned == page.html
    assert "january describes 400 customers as of 2026-01-01, july 480 as of 2026-07-01" in page.text


def test_what_comes_from_data_is_escaped(tmp_path: Path):
    renamed = Page(compare_runs("january", "renamed", out=tmp_path / "page.html", min_group=1))
    assert "&lt;script&gt;alert(1)" in renamed.html
    assert BAD not in renamed.html
    assert "script" not in {tag for tag, _ in renamed.tags}


def test_a_run_with_dearer_prices_is_to_be_refitted(tmp_path: Path):
    dearer = Page(compare_runs("january", "dearer", out=tmp_path / "page.html"))
    assert "Refit: make the segments again." in dearer.text


def test_runs_of_different_shops_are_not_followed(tmp_path: Path):
    other = Page(compare_runs("january", "elsewhere", out=tmp_path / "page.html"))
    assert "the other knows 0%, fewer than half: the runs seem to be of different shops" in other.text
    assert re.search(r"The segments of january (would|may|would not) do for the customers of elsewhere\.", other.text)
    assert "table-7" in other.tables
    assert "Who stood where before" not in other.text


def test_min_group_blanks_segments_and_what_would_give_them_away(home: Path):
    told = read_told("january")
    sizes = told.segments.groupby("name").size()
    shown = segments_of(told, min_group=int(sizes.min()) + 1)
    assert shown["customers"].isna().sum() == 2


def test_a_run_without_steps_5_and_6_is_compared(tmp_path: Path):
    half = Page(compare_runs("half", "july", out=tmp_path / "page.html"))
    told = {row[0]: row[1:] for row in half.tables["table-1"]}
    assert told["agreement of refits"] == ["–", "0.91"]
    assert told["budget of the campaign"] == ["–", "90.00"]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("january", "nobody", "There is no run 'nobody' to compare. There are 'dearer', 'elsewhere', 'half'"),
        ("january", "january", "Two runs must be named to compare them; both are 'january'."),
        ("january", "unfinished", "Can't read '04_segments.parquet' of run 'unfinished': step 04 has not finished"),
        ("older", "january", "The features must be those of this version of the workbook. The table lacks 'net_spend'"),
        ("../january", "july", "A run's name must be one word"),
    ],
)
def test_what_can_not_be_compared_is_said(first: str, second: str, words: str):
    with pytest.raises(DataProblem, match=re.escape(words)):
        compare_runs(first, second)


def test_the_command_writes_the_page_and_says_where(tmp_path: Path):
    told = CliRunner().invoke(
        main, ["compare", "january", "july", "--out", str(tmp_path / "a.html"), "--min-group", "9"]
    )
    assert told.exit_code == 0
    assert told.output == f"The comparison is {tmp_path / 'a.html'}\n"
    assert "fewer than 9" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_command_says_what_is_wrong_without_a_traceback():
    told = CliRunner().invoke(main, ["compare", "january", "january"])
    assert (told.exit_code, told.output) == (1, "Two runs must be named to compare them; both are 'january'.\n")


def test_nothing_of_the_runs_is_changed(home: Path, page: Page):
    manifest = json.loads((home / "data" / "runs" / "january" / "manifest.json").read_text("utf-8"))
    assert manifest["parameters"] == {"min_group": 5, "k": 3, "as_of": "2026-01-01"}
    assert sorted(path.name for path in (home / "data" / "runs" / "january").iterdir())[-1] == "manifest.json"
