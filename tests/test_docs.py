"""What the documents say is what the code does: commands, names, links, columns, numbers."""

import hashlib
import json
import re
import shlex
import textwrap
import tomllib
from dataclasses import fields
from pathlib import Path

import click
import pandas as pd
import pytest
import yaml
from platforms import EXPORTS

from segmentation import __version__, assigning, explaining, gate, rfm
from segmentation.assigning import models
from segmentation.assigning.coldstart import PLANS
from segmentation.assigning.placing import COLUMNS as PLACED
from segmentation.campaign import Campaign, audience
from segmentation.choosing import STEADY, WEIGHTS, recommendation, rivals
from segmentation.clean import POLICIES, RULES
from segmentation.cleaning import companions
from segmentation.cli import main
from segmentation.cluster import Plan, Wish, by_rules
from segmentation.explaining.typical import TOLD
from segmentation.features import FEATURES, GROUPS, OF_A_SUMMARY
from segmentation.formats import Format, known_formats
from segmentation.grouping import ALGORITHMS
from segmentation.grouping.rule_files import read_rule_file
from segmentation.grouping.rules import PRESETS
from segmentation.parameters import Workbook, open_workbook
from segmentation.preparing import USUAL_FEATURES, WORDS, Recipe
from segmentation.preparing.recipe import SELECTIONS
from segmentation.presets import read_preset
from segmentation.privacy import KEY_BYTES
from segmentation.quality import DIMENSIONS
from segmentation.rfm import SCORES
from segmentation.runs import PROJECT, UNATTENDED, begin
from segmentation.tables import ORDERS, SOURCE, TABLES, Column, Table

SAMPLE = PROJECT / "data" / "sample"
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb"))
DECISIONS = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = [*PROJECT.glob("*.md"), *(PROJECT / "data").glob("*.md"), *(PROJECT / "docs").glob("*.md"), *DECISIONS]
PLATFORMS = {known.name: known for known in known_formats() if known.name != "Canonical columns"}

# What the README says can be read, and the tests that read it.
SOURCE_TESTS = {
    "CSV": [
        "test_a_table_of_text_reads_the_same_however_it_was_saved",
        "test_a_quoted_value_keeps_line_ends_commas_and_quotation_marks",
        "test_the_header_is_found_below_a_title",
        "test_a_damaged_row_is_marked_and_the_others_are_read",
    ],
    "text encodings": [
        "test_chinese_text_reads_in_every_encoding",
        "test_western_text_reads_in_older_encodings",
    ],
    "Excel `.xlsx`": [
        "test_an_excel_file_reads_as_the_same_text",
        "test_sheets_with_the_same_headers_are_read_one_below_the_other",
    ],
    "Excel `.xls`": ["test_an_old_excel_file_reads_as_the_same_text"],
    "Parquet": ["test_a_parquet_file_reads_as_text", "test_nested_values_and_bytes_of_parquet_become_text"],
    "JSON": ["test_json_reads_as_text"],
    "zip, gzip": [
        "test_the_tables_of_an_archive_are_parts_and_the_rest_is_told",
        "test_an_archive_writes_nowhere_but_in_the_scratch_folder",
        "test_an_archive_that_bursts_is_stopped",
    ],
    "folder, pattern": ["test_a_name_stands_for_its_files"],
    "web server log": ["test_a_web_servers_log_is_recognised", "test_a_web_server_log_is_read_as_events"],
    "PostgreSQL": ["test_a_csv_and_its_copy_in_postgresql_are_the_same"],
    "MySQL, MariaDB": ["test_mariadb_gives_every_value_as_it_writes_it"],
    "SQLite": ["test_sqlite_keeps_ids_that_a_float_would_not"],
    "DuckDB": ["test_duckdb_gives_every_value_as_it_writes_it"],
    "other databases": ["test_what_is_no_database_is_told"],
}
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


def said_of(name: str, document: str, heading: str) -> str:
    """Read what the third column of the first table below a heading says of a name, with its code spans.

    Examples
    --------
    >>> said_of("fill", "# A\\n\\n| name | default | says |\\n|---|---|---|\\n| `fill` | 0 | `mean` |\\n", "# A")
    '`mean`'
    """
    section = document.partition(f"{heading}\n")[2]
    line = next(line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
    return line.strip("|").split("|")[2].strip()


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
    is_told = column in SOURCE and column.name != "unreadable"
    absent = "always there" if is_told else column.absent or "null"
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


def test_readme_lists_every_benchmark() -> None:
    called_by_run = {"run.py", "plain_loop.py", "bare.py"}
    there = {path.name for path in (PROJECT / "tests" / "benchmarks").glob("*.py")}
    assert {row[0] for row in rows_below(README, "Beside it stand, run one by one:")} == there - called_by_run


def test_make_names_the_benchmarks_that_it_leaves_out() -> None:
    alone = {row[0] for row in rows_below(README, "Beside it stand, run one by one:")}
    named = MAKEFILE.partition("tests/benchmarks/run.py")[2].partition("$(INSTALLED): ")[0]
    assert set(re.findall(r"\w+\.py", named)) == alone - {"reading.py"}


def test_notebooks_are_made_without_anybody_watching() -> None:
    (recipe,) = re.findall(r"(?m)^\t(.*nbconvert .*--inplace.*)$", MAKEFILE)
    assert recipe.startswith(f"{UNATTENDED}=1 ")


def test_readme_example_maps_exactly_the_required_columns() -> None:
    block = README.partition("column_map:\n")[2].partition("date_order")[0]
    assert re.findall(r"(\w+):", block) == [column.name for column in ORDERS.columns if column.required]


# --- README: what can be read


def platform_row(known: Format) -> list[str]:
    """Write a format as the README should: its name, signature, what a row is or fills, and whether it is read."""
    signature = ", ".join(f"`{header}`" for header in known.signature).strip("`")
    limits = f"; {known.limits}" if known.limits else ""
    read = f"refused: {known.refuse.strip()}" if known.refuse else f"read{limits}"
    sentence = re.sub(r"(?<=[;:] )It\b", "it", read)
    return [known.name, signature, known.row if known.table == "orders" else known.table, sentence]


def platform_rows() -> list[list[str]]:
    """Read the README's platforms, those of the orders and those of the other tables."""
    return rows_below(README, "### Platforms") + rows_below(README, "For the other tables:")


@pytest.mark.parametrize("known", PLATFORMS.values(), ids=lambda known: known.name)
def test_readme_says_of_a_platform_what_its_file_says(known: Format) -> None:
    assert [row for row in platform_rows() if row[0] == known.name] == [platform_row(known)]


def test_readme_lists_no_other_platform() -> None:
    assert {row[0] for row in platform_rows()} == set(PLATFORMS)


@pytest.mark.parametrize("row", rows_below(README, "### Platforms"), ids=lambda row: row[0])
def test_every_platform_of_the_readme_is_tested_on_an_export(row: list[str]) -> None:
    of_it = [export for export in EXPORTS if export.format == row[0]]
    assert [export for export in of_it if bool(export.refused) == row[3].startswith("refused")]


@pytest.mark.parametrize("row", rows_below(README, "For the other tables:"), ids=lambda row: row[0])
def test_every_export_of_another_table_is_tested(row: list[str]) -> None:
    assert f'"{row[0]}"' in content("tests/test_other_tables.py")


def test_readme_lists_exactly_the_sources_that_are_tested() -> None:
    assert [row[0] for row in rows_below(README, "### Sources")] == [name.strip("`") for name in SOURCE_TESTS]


@pytest.mark.parametrize("source", SOURCE_TESTS)
def test_every_source_of_the_readme_has_its_tests(source: str) -> None:
    written = "".join(file.read_text(encoding="utf-8") for file in PROJECT.glob("tests/test_*.py"))
    assert [name for name in SOURCE_TESTS[source] if f"def {name}(" not in written] == []


# --- README: cleaning


PARAMETER_TABLES = {
    "02_clean": "### Cleaning",
    "03_features": "### Features",
    "04_cluster": "### Segments",
    "05_evaluate": "### Proof",
}


def default_in_words(value: object) -> str:
    """Write a parameter's default as the README should."""
    if isinstance(value, list | dict):
        value = ", ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "empty" if value == "" else f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("step", PARAMETER_TABLES)
def test_readme_lists_exactly_the_parameters_that_are_new_in(step: str, workbook: Workbook) -> None:
    told = [[row[0], row[1]] for row in rows_below(README, PARAMETER_TABLES[step])]
    before = {name for earlier in PARAMETER_TABLES if earlier < step for name in workbook.declared_by(earlier)}
    names = set(workbook.declared_by(step)) - before - ({"as_of"} if step != "02_clean" else set())
    assert sorted(told) == sorted([name, default_in_words(workbook.parameters[name].default)] for name in names)


@pytest.mark.parametrize("parameter", WORDS)
def test_readme_names_every_way_to_prepare(parameter: str) -> None:
    allowed = {word for word in WORDS[parameter] if word != "none"}
    assert allowed == set(re.findall(r"`([\w -]+)`", said_of(parameter, README, "### Features"))) - {"none"}


def test_readme_names_every_selection() -> None:
    assert re.findall(r"`(\w+)`", said_of("selection", README, "### Features")) == list(SELECTIONS)


def test_readme_names_every_algorithm() -> None:
    assert re.findall(r"`([\w -]+)`", said_of("algorithm", README, "### Segments")) == [*ALGORITHMS, "rules"]


def test_readme_names_every_preset_of_rules() -> None:
    assert re.findall(r"`(\w+)`", said_of("rules", README, "### Segments")) == list(PRESETS)


def test_readme_tells_what_a_number_of_segments_must_reach() -> None:
    assert README.count(f"the groupings agree at {STEADY:.2f} or more") == 1
    assert README.count(f"they tell {100 * recommendation.TELLS:.0f} % or") == 1


def test_readme_weighs_grounds_that_there_are() -> None:
    (example,) = re.findall(r"`(\{.+?\})`", said_of("choice_weights", README, "### Segments"))
    assert set(yaml.safe_load(example)) <= set(WEIGHTS)


def test_readme_counts_the_features_that_decide() -> None:
    assert len(USUAL_FEATURES) == 10
    assert README.count("Ten features decide") == README.count("rest on ten features") == 1


def test_readme_example_of_rules_can_be_read(tmp_path: Path) -> None:
    block = re.search(r"(?m)^    # (my_rules\.yaml)\n((?:    .+\n)+)", README)
    assert block is not None
    path = tmp_path / block[1]
    path.write_text(textwrap.dedent(block[2]), encoding="utf-8")
    assert list(read_rule_file(path))[-1] == "the others"


def test_readme_names_every_score_that_rules_may_ask() -> None:
    assert [score for score in SCORES if f"`{score}`" not in README] == []


def test_readme_explains_every_option_of_assign() -> None:
    named = [re.split(r"[ `]", row[0])[0] for row in rows_below(README, "### Customers who come later")]
    assert sorted(named) == sorted(options(main.commands["assign"]))


def test_readme_example_in_python_asks_what_there_is() -> None:
    imported = re.findall(r"(?m)^    from segmentation\.assigning import (.+)$", README)
    assert [hasattr(assigning, name) for names in imported for name in names.split(", ")] == [True, True]
    told = re.search(r"assign_customer\(model, (\{.+\})\)", README)
    assert told is not None
    assert set(yaml.safe_load(told[1])) <= set(FEATURES)


@pytest.mark.parametrize("parameter", ["ignore_gate", "holdout_days", "as_of", "seed", "decimal", "date_order"])
def test_parameters_that_the_readme_tells_of_exist(parameter: str, workbook: Workbook) -> None:
    assert parameter in workbook.parameters
    assert f"`{parameter}`" in README


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


@pytest.mark.parametrize("group", GROUPS)
def test_codebook_lists_exactly_the_features(group: str) -> None:
    told = [feature for feature in FEATURES.values() if feature.group == group]
    expected = [[f.name, f.unit, f.meaning, f.formula, f.source, f.transform, f.unknown] for f in told]
    assert rows_below(CODEBOOK, f"### Features of {group}") == expected


def test_codebook_has_exactly_the_groups_of_features() -> None:
    assert re.findall(r"(?m)^### Features of (.+)$", CODEBOOK) == list(GROUPS)


def test_codebook_lists_exactly_the_reasons() -> None:
    expected = [
        [name, rule.sentence, ", ".join(policy for policy, names in POLICIES.items() if name in names)]
        for name, rule in RULES.items()
    ]
    assert rows_below(CODEBOOK, "## Reasons in the quarantine") == expected


def test_codebook_lists_exactly_the_reasons_of_the_other_tables() -> None:
    expected = [
        [name, rule.sentence, ", ".join(table for table, rules in companions.RULES_OF.items() if name in rules)]
        for name, rule in companions.RULES.items()
    ]
    assert rows_below(CODEBOOK, "### Reasons in the other tables") == expected


def test_codebook_lists_exactly_the_dimensions_of_quality() -> None:
    assert [row[0] for row in rows_below(CODEBOOK, "## Data quality")] == list(DIMENSIONS)


def test_codebook_lists_exactly_what_the_gate_asks() -> None:
    nothing = gate.Counts(**dict.fromkeys(gate.Counts._fields, 0))
    asked = gate.checks_table(gate.checks(nothing))
    told = rows_below(CODEBOOK, "`gate` says for each purpose its `mode` and `why`. Full mode needs all of these:")
    assert told == asked[["purpose", "check", "needed", "after"]].to_numpy().tolist()


def test_codebook_names_every_lesser_mode_of_the_gate() -> None:
    modes = rows_below(CODEBOOK.partition("Full mode needs all of these:")[2].partition("\n\n|")[2], "")
    assert all(f"`{mode}" in f"`{row[1]}" for mode, row in zip(gate.LESSER.values(), modes, strict=True))


def test_codebook_says_what_is_known_of_a_summary() -> None:
    *names, last = [f"`{name}`" for name in OF_A_SUMMARY]
    assert f"- Of a summary, only {', '.join(names)} and {last} are known" in CODEBOOK


def test_codebook_lists_exactly_the_facts(sample_facts: dict[str, int]) -> None:
    told = {
        name: int(row[1])
        for row in rows_below(CODEBOOK, "Facts, by the step that tells them:")
        for name in row[0].split("`, `")
    }
    assert told == sample_facts


@pytest.fixture(scope="module")
def sample_facts() -> dict[str, int]:
    """Collect from the notebooks the facts that each step tells, the first step's from what it calls."""
    told = dict.fromkeys(("tables", "formats", "zone", "files", "currencies", "first_day", "last_day"), 1)
    for step, notebook in enumerate(NOTEBOOKS, start=1):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        facts = "".join(re.findall(r"facts=\{(.*?)\}", code))
        told |= dict.fromkeys(re.findall(r'"(\w+)":', facts), step)
    return told


def names_of(kind: type) -> list[str]:
    """Name the fields of a dataclass."""
    return [field.name for field in fields(kind)]


def test_codebook_lists_exactly_what_a_plan_and_a_recipe_hold() -> None:
    plan, recipe = (said_of(fact, CODEBOOK, "Facts, by the step that tells them:") for fact in ("plan", "recipe"))
    assert re.findall(r"`(\w+)`", plan.replace("`segmented_by`", "")) == names_of(Plan)
    assert re.findall(r"`(\w+)`", recipe) == names_of(Recipe)


def test_codebook_names_the_features_that_decide() -> None:
    sentence = CODEBOOK.partition("- Those that decide who is alike")[2].partition(" as far as")[0].partition(":")[2]
    assert re.findall(r"`(\w+)`", sentence) == list(USUAL_FEATURES)


@pytest.fixture(scope="module")
def described() -> pd.DataFrame:
    """Describe forty invented customers by numbers alone."""
    table = pd.DataFrame({name: [None] * 40 for name in FEATURES}, index=pd.RangeIndex(40, name="customer_id"))
    spread = {name: [float(place % 7 + 1) for place in range(40)] for name in TOLD}
    return table.assign(**spread)


@pytest.fixture(scope="module")
def segments(described: pd.DataFrame) -> pd.DataFrame:
    """Give the invented customers segments by rules."""
    wish = Wish(algorithm="rules", k=0, k_max=4, min_share=0.03, weights={}, rules="rfm_map")
    return by_rules(described, wish=wish, recipe=Recipe(), seed=7, why="").segments


def test_codebook_lists_exactly_the_columns_of_segments(described: pd.DataFrame, segments: pd.DataFrame) -> None:
    labels = segments["segment"]
    names = segments.groupby("segment")["name"].first().to_list()
    reasons = explaining.fit_explainer(described, labels, names=names, columns=TOLD).reasons(described, labels)
    told = [row[0] for row in rows_below(CODEBOOK, "`04_segments.parquet`, one row a customer:")]
    assert told == ["customer_id", *segments, rfm.rfm_segments(described).name, *reasons]


def test_codebook_lists_exactly_the_columns_of_typical_customers(
    described: pd.DataFrame, segments: pd.DataFrame
) -> None:
    typical = explaining.typical_customers(described, segments, columns=TOLD, min_group=1)
    columns = list(explaining.pseudonymous(typical, key=b"0" * KEY_BYTES))
    told = [row[0] for row in rows_below(CODEBOOK, "up to two customers a segment, those nearest to its middle:")]
    assert told == columns


def test_codebook_lists_exactly_the_columns_of_assigned_customers() -> None:
    told = [row[0] for row in rows_below(CODEBOOK, "writes, one row a customer in the new files:")]
    assert told == ["customer_id", *PLACED]


def test_codebook_lists_exactly_what_customers_are_placed_by() -> None:
    told = [row[0] for row in rows_below(CODEBOOK, "What a customer is placed by:")]
    assert told == [models.ORDERS, *(plan.basis for plan in PLANS), models.NOT_YET]


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


def test_every_name_of_a_segment_has_an_action() -> None:
    presets = ("archetypes", "simple_rules", "rfm_map", "shopify")
    named = {name for preset in presets for name in read_preset(preset)} | {"all buyers", "prospects", "everyone else"}
    assert named - set(pd.read_csv(PROJECT / "data" / "plays.csv")["segment"]) == set()


# --- decisions


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decision_has_its_number_and_the_four_parts(path: Path) -> None:
    headings = re.findall(r"(?m)^(#+) (.+)$", path.read_text(encoding="utf-8"))
    number = int(path.name[:4])
    assert headings[0][1].startswith(f"{number} · ")
    assert [words for level, words in headings if level == "##"] == PARTS


def test_decision_on_the_number_of_segments_names_the_thresholds_of_the_code() -> None:
    page = " ".join(content("docs/decisions/0007-number-of-segments.md").split())
    told = [
        f"agree with the fit at {recommendation.STEADY:.2f} or more",
        f"by {recommendation.CLOSER:.0%} and by three standard errors".replace("%", " %"),
        f"segments tell {recommendation.TELLS:.0%} or more".replace("%", " %"),
        f"must be within {recommendation.AS_CLEAR:.0%} of the best".replace("%", " %"),
        f"Jaccard is below {recommendation.TRUSTED:.2f}",
        f"{recommendation.STEADY:.2f} or more and better by {rivals.STEADIER:g}",
        f"silhouette within {rivals.AS_CLEAR}",
    ]
    assert [words for words in told if words not in page] == []


def test_decisions_named_in_code_exist() -> None:
    files = [*PROJECT.glob("lib/**/*.py"), *PROJECT.glob("lib/**/*.yaml"), *PROJECT.glob("tests/*.py"), *NOTEBOOKS]
    named = {name for file in files for name in re.findall(r"docs/decisions/([\w-]+\.md)", file.read_text("utf-8"))}
    assert named - {path.name for path in DECISIONS} == set()


# --- what is installed


def test_requirements_are_exact_and_end_with_the_project() -> None:
    lines = [line.partition("#")[0].strip() for line in content("requirements.txt").splitlines()]
    *pins, last = [line for line in lines if line]
    assert last == "-e ."
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+(\s*;.+)?", pin)] == []


def test_python_3_11_is_enough() -> None:
    assert tomllib.loads(content("pyproject.toml"))["project"]["requires-python"] == ">=3.11"


def test_dependencies_page_names_everything_that_we_call() -> None:
    called = content("requirements.txt").partition("# What those bring")[0]
    page = content("docs/decisions/0010-dependencies.md")
    packages = re.findall(r"(?m)^([\w.-]+)(?:\[\w+\])?==", called)
    assert [name for name in packages if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page)] == []
