"""What the documents say is what the code does: commands, names, links, columns, numbers."""

import hashlib
import json
import re
import shlex
import tomllib
from pathlib import Path

import click
import pandas as pd
import pytest

from segmentation import __version__
from segmentation.campaign import Campaign, audience
from segmentation.clean import POLICIES, RULES
from segmentation.cli import main
from segmentation.cluster import USUAL_FEATURES
from segmentation.features import FEATURES
from segmentation.formats import known_formats
from segmentation.parameters import Workbook, open_workbook
from segmentation.runs import PROJECT, begin
from segmentation.tables import ORDERS, SOURCE, TABLES, Column, Table

SAMPLE = PROJECT / "data" / "sample"
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb"))
DECISIONS = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = [*PROJECT.glob("*.md"), *(PROJECT / "data").glob("*.md"), *DECISIONS]
ACCOUNT = "### The account of each policy"
PARTS = ["What we had to choose", "What we chose", "What we turned down", "What would make us change"]
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def content(path: str) -> str:
    """Read a file of the project."""
    return (PROJECT / path).read_text(encoding="utf-8")


README, CODEBOOK, SOURCES, MAKEFILE = map(content, ("README.md", "data/CODEBOOK.md", "data/SOURCES.md", "Makefile"))


def rows_below(document: str, heading: str) -> list[list[str]]:
    """Read the cells of the first table below a heading, the header left out.

    Examples
    --------
    >>> rows_below("# A\\n\\n| column | unit |\\n|---|---|\\n| `spend` | EUR |\\n", "# A")
    [['spend', 'EUR']]
    """
    section = document.partition(f"{heading}\n")[2]
    table = re.search(r"(?m)^\|.*\n\|[-|]+\|\n((?:\|.*\n)+)", section)
    assert table, f"no table below {heading!r}"
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def commands(document: str, word: str) -> list[list[str]]:
    """List the arguments of each call of a command, from indented lines and code spans.

    Examples
    --------
    >>> commands("Run `make lint`.\\n\\n    .venv/bin/make report  # all of it\\n", "make")
    [['report'], ['lint']]
    """
    lines = re.findall(rf"(?m)^    (?:[^\s#]*/)?{word} (.*)$", document)
    spans = re.findall(rf"`(?:[^\s`]*/)?{word} ([^`]*)`", document)
    return [shlex.split(arguments, comments=True) for arguments in lines + spans]


def options(command: click.Command) -> list[str]:
    """List a command's options as a user types them."""
    return [option.opts[-1] for option in command.params if isinstance(option, click.Option)]


def codebook_row(column: Column) -> list[str]:
    """Write a column of a canonical table as the codebook should."""
    if column.required:
        return [column.name, column.kind, column.meaning, "must be there"]
    absent = "always there" if column in SOURCE else column.absent or "null"
    return [column.name, column.kind, column.meaning, absent]


@pytest.fixture(scope="module")
def workbook() -> Workbook:
    """Open the notebooks."""
    return open_workbook()


# --- README


def test_readme_names_every_make_target() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):.*##", MAKEFILE)) - {"help"}
    assert {arguments[0] for arguments in commands(README, "make")} == targets


@pytest.mark.parametrize("arguments", commands(README + SOURCES, "workbook"), ids=" ".join)
def test_workbook_commands_are_understood(arguments: list[str], workbook: Workbook) -> None:
    name, *rest = arguments
    context = main.commands[name].make_context(name, rest)
    assert {parameter for parameter, _ in context.params.get("words", ())} <= set(workbook.parameters)


def test_readme_explains_every_option_of_run() -> None:
    named = [re.split(r"[ `]", row[0])[0] for row in rows_below(README, "## Your own orders")]
    assert sorted(named) == sorted(options(main.commands["run"]))


def test_readme_has_the_same_lines_for_windows() -> None:
    lines = [line.strip() for line in README.splitlines() if line.startswith("    ")]
    windows = [line.replace(".venv\\Scripts\\", ".venv/bin/") for line in lines if "\\Scripts\\" in line]
    start = lines.index("python3 -m venv .venv") + 1
    assert windows == lines[start : start + len(windows)]


def test_readme_lines_for_tests_are_those_of_make() -> None:
    recipe = re.findall(r"\$\(BIN\)/(python -m pytest .*)", MAKEFILE)
    assert re.findall(r"(?m)^    \.venv/bin/(python -m pytest .*)$", README) == recipe


def test_bare_papermill_line_names_a_notebook_and_its_parameters(workbook: Workbook) -> None:
    (notebook, _, *words), *_ = commands(README, "papermill")
    declared = {"run", *workbook.declared_by(Path(notebook).stem)}
    assert {name for flag, name in zip(words[::3], words[1::3], strict=True) if flag == "-p"} <= declared


def test_readme_maps_every_notebook_in_order() -> None:
    links = [re.search(r"\(notebooks/(.+)\)", row[0]) for row in rows_below(README, "## The notebooks")]
    assert [link[1] for link in links if link] == [notebook.name for notebook in NOTEBOOKS]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_readme_names_what_each_notebook_writes(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "".join(line for cell in cells if cell["cell_type"] == "code" for line in cell["source"])
    written = set(re.findall(r'write(?:_table|_json)?\(\s*"([\w.]+)"', code)) - {"audiences"}
    row = next(row for row in rows_below(README, "## The notebooks") if notebook.name in row[0])
    assert written <= set(re.findall(r"`([\w.]+)`", f"`{row[2]}`"))


def test_readme_example_maps_exactly_the_required_columns() -> None:
    block = README.partition("column_map:\n")[2].partition("date_order")[0]
    assert re.findall(r"(\w+):", block) == [column.name for column in ORDERS.columns if column.required]


@pytest.mark.parametrize("name", [known.name for known in known_formats() if known.name != "Canonical columns"])
def test_readme_names_every_format(name: str) -> None:
    assert name in README


# --- links and names in all documents


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_exist(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith(("http:", "https:"))]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_hold_no_folder_of_a_machine(document: Path) -> None:
    found = re.findall(r"(?<![\w.])/(?:home|root|tmp|work|Users)/|[A-Z]:\\", document.read_text(encoding="utf-8"))
    assert found == []


def test_changelog_opens_with_this_version() -> None:
    assert re.findall(r"(?m)^## (.+)$", content("CHANGELOG.md"))[0] == __version__


def test_licence_is_the_full_apache_text() -> None:
    assert hashlib.sha256(content("LICENSE").encode()).hexdigest() == APACHE_2


# --- codebook


def test_codebook_has_exactly_the_canonical_tables() -> None:
    section = CODEBOOK.partition("## Canonical tables\n")[2].partition("\n## ")[0]
    assert re.findall(r"(?m)^### (.+)$", section) == list(TABLES)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_codebook_lists_exactly_the_columns_of(table: Table) -> None:
    assert rows_below(CODEBOOK, f"### {table.name}") == [codebook_row(column) for column in table.columns]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_codebook_says_what_a_row_is_of(table: Table) -> None:
    assert f"### {table.name}\n\nOne row: {table.row}.\n" in CODEBOOK


def test_codebook_lists_exactly_the_features() -> None:
    expected = [
        [name, feature.unit, feature.meaning, feature.transform, "yes" if name in USUAL_FEATURES else "no"]
        for name, feature in FEATURES.items()
    ]
    assert rows_below(CODEBOOK, "## Features") == expected


def test_codebook_lists_exactly_the_reasons() -> None:
    expected = [
        [name, rule.sentence, ", ".join(policy for policy, names in POLICIES.items() if name in names)]
        for name, rule in RULES.items()
    ]
    assert rows_below(CODEBOOK, "## Reasons in the quarantine") == expected


def test_codebook_lists_exactly_the_columns_of_an_audience() -> None:
    customers = pd.DataFrame({"name": [], "email": [], "arm": []}, index=pd.Index([], name="customer_id"))
    columns = list(audience(Campaign(pd.DataFrame(), customers), "regulars").columns)
    assert [row[0] for row in rows_below(CODEBOOK, "`audiences/<segment>.csv`, one row a treated customer:")] == columns


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Sign the manifest of a run of one step."""
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    step = begin("01_ingest", "documented")
    step.finish(rows_in=1, rows_out=1, findings=[])
    return step.run.manifest()


def test_codebook_lists_exactly_the_fields_of_the_manifest(manifest: dict) -> None:
    assert {row[0] for row in rows_below(CODEBOOK, "## Manifest")} == set(manifest)


def test_codebook_lists_exactly_what_the_manifest_tells_of_a_step(manifest: dict) -> None:
    assert {row[0] for row in rows_below(CODEBOOK, "Of each step:")} == set(manifest["steps"]["01_ingest"])


# --- sources


@pytest.fixture(scope="module")
def truth() -> dict:
    """Read what was planted in the committed sample."""
    return json.loads((SAMPLE / "truth" / "summary.json").read_text(encoding="utf-8"))


def test_sources_tell_the_dirt_that_was_planted(truth: dict) -> None:
    told = rows_below(SOURCES, "Planted dirt, in lines, and the reason under which cleaning must find exactly these:")
    assert {row[0]: int(row[1]) for row in told} == truth["dirt"]


def test_sources_tell_the_kinds_that_were_planted(truth: dict) -> None:
    sentence = SOURCES.partition("Planted kinds of customer:")[2].partition(".\n")[0].replace("\n", " ")
    assert dict(map(reversed, re.findall(r"(\d+) ([^,]+)", sentence))) == {
        kind: str(count) for kind, count in truth["customers"].items()
    }


@pytest.mark.parametrize("row", rows_below(SOURCES, "## The sample shop, `data/sample/`")[:-1], ids=lambda row: row[0])
def test_sources_count_the_rows_of_the_sample(row: list[str]) -> None:
    assert int(row[2].replace(",", "")) == len(pd.read_csv(SAMPLE / row[0], dtype=str))


def test_sources_tell_what_is_clean_in_the_sample(truth: dict) -> None:
    clean = truth["clean"]
    told = f"{clean['rows']:,} clean lines in {clean['orders']:,} orders remain, worth {clean['net_value']:,.2f} EUR."
    assert told in SOURCES


@pytest.mark.parametrize("column", [1, 3], ids=["net", "usual"])
def test_each_account_in_sources_adds_up(column: int) -> None:
    lines = [int(row[column].replace(",", "").replace("–", "0")) for row in rows_below(SOURCES, ACCOUNT)]
    assert sum(lines[:-1]) == lines[-1] == 1_067_371


@pytest.mark.parametrize("column", [2, 4], ids=["net", "usual"])
def test_money_of_each_account_in_sources_adds_up(column: int) -> None:
    money = [round(100 * float(row[column].replace(",", "").replace("–", "0"))) for row in rows_below(SOURCES, ACCOUNT)]
    assert abs(sum(money[:-1]) - money[-1]) <= 1  # each is rounded to a penny


def test_steps_from_usual_to_net_cover_what_both_count_differently() -> None:
    rows = rows_below(SOURCES, "### From `usual` to `net`")
    assert sum(int(row[0].replace(",", "")) for row in rows) == 1_067_371 - 34_335 - 235_151


# --- decisions


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decision_has_its_number_and_the_four_parts(path: Path) -> None:
    headings = re.findall(r"(?m)^(#+) (.+)$", path.read_text(encoding="utf-8"))
    number = int(path.name[:4])
    assert headings[0][1].startswith(f"{number} · ")
    assert [words for level, words in headings if level == "##"] == PARTS


def test_decisions_named_in_code_exist() -> None:
    files = [*PROJECT.glob("lib/**/*.py"), *PROJECT.glob("lib/**/*.yaml"), *PROJECT.glob("tests/*.py"), *NOTEBOOKS]
    named = {name for file in files for name in re.findall(r"docs/decisions/([\w-]+\.md)", file.read_text("utf-8"))}
    assert named - {path.name for path in DECISIONS} == set()


# --- what is installed


def test_requirements_are_exact_and_end_with_the_project() -> None:
    lines = [line.partition("#")[0].strip() for line in content("requirements.txt").splitlines()]
    *pins, last = [line for line in lines if line]
    assert last == "-e ."
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+(\s*;.+)?", pin)] == []


def test_python_3_11_is_enough() -> None:
    assert tomllib.loads(content("pyproject.toml"))["project"]["requires-python"] == ">=3.11"


def test_dependencies_page_names_everything_that_we_call() -> None:
    called = content("requirements.txt").partition("# What those bring")[0]
    page = content("docs/decisions/0010-dependencies.md")
    packages = re.findall(r"(?m)^([\w.-]+)==", called)
    assert [name for name in packages if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page)] == []
