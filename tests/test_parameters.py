"""The workbook: what its notebooks declare, which values are taken and which refused."""

import datetime
from pathlib import Path

import pytest
from papermill.translators import PythonTranslator
from workbooks import STEPS, make_notebook, make_workbook

from segmentation import parameters
from segmentation.parameters import (
    Parameter,
    check_parameters,
    code_cells,
    declared_parameters,
    find_step,
    from_text,
    gather_parameters,
    located,
    numbered_notebooks,
    open_workbook,
    plain,
    read_declarations,
)
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT


def parameter(kind: str, *, meaning: str = "") -> Parameter:
    return Parameter("x", kind, None, meaning, ("01_ingest",))


# --- steps


def test_numbered_notebooks_are_the_steps_in_order(tmp_path: Path) -> None:
    for name in ("02_clean", "10_last", "01_ingest", "scratch"):
        (tmp_path / f"{name}.ipynb").touch()
    assert [path.stem for path in numbered_notebooks(tmp_path)] == ["01_ingest", "02_clean", "10_last"]


def test_a_folder_without_notebooks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="no numbered notebook"):
        open_workbook(tmp_path)


@pytest.mark.parametrize("word", ["features", "3", "03", "03_features", "Features"])
def test_a_step_is_found_by_number_word_or_in_full(word: str) -> None:
    assert find_step(word, STEPS) == "03_features"


def test_the_beginning_of_a_word_is_enough() -> None:
    assert find_step("campaign", ["05_evaluate", "06_campaign_plan"]) == "06_campaign_plan"


@pytest.mark.parametrize("word", ["cluster", "7", "", "../x"])
def test_an_unknown_step_is_refused_with_those_that_exist(word: str) -> None:
    with pytest.raises(DataProblem, match=r"no step .* The steps are '01_ingest', '02_clean' and '03_features'"):
        find_step(word, STEPS)


def test_a_word_that_begins_two_steps_is_refused() -> None:
    with pytest.raises(DataProblem, match="no step 'c'"):
        find_step("c", ["02_clean", "04_cluster"])


# --- what notebooks declare


def test_declarations_are_read_with_type_default_meaning_and_steps(tmp_path: Path) -> None:
    declared = make_workbook(tmp_path / "nb").parameters
    assert declared["share"] == Parameter("share", "float", 0.5, "held out, share", ("03_features",))
    assert declared["run"].steps == STEPS


def test_the_same_name_must_mean_the_same_everywhere(tmp_path: Path) -> None:
    notebooks = [
        make_notebook(tmp_path, "01_ingest", declarations="k: int = 4  # segments"),
        make_notebook(tmp_path, "02_clean", declarations="k: int = 5  # segments"),
    ]
    with pytest.raises(DataProblem, match="its default is '4' in 01_ingest and '5' in 02_clean"):
        declared_parameters(notebooks)


@pytest.mark.parametrize(
    "line",
    [
        'k: int = "4"  # text',
        "k = 4  # no type",
        "k: set = {1}  # a set",
        "k: int = 2 + 2",
        "k: int",
        "k: list = [  # goes on below",
        'k: str = "a=b"  # papermill misses a second equal sign',
        'k: str = "a#b"  # and takes this for a comment',
    ],
)
def test_a_line_that_is_no_plain_declaration_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataProblem, match="Can't read the parameter 'k' of 01_ingest: a line must be"):
        declared_parameters([make_notebook(tmp_path, "01_ingest", declarations=line)])


def test_a_notebook_may_declare_nothing(tmp_path: Path) -> None:
    notebook = make_notebook(tmp_path, "01_ingest")
    notebook.write_text(notebook.read_text().replace('"parameters"', '"other"'))
    assert declared_parameters([notebook]) == {}


def test_papermill_reads_the_project_s_declarations_alike() -> None:
    for notebook in open_workbook().notebooks:
        [cell] = [{"source": source} for source, tags in code_cells(notebook) if "parameters" in tags]
        papermill = [(read.name, read.inferred_type_name, read.help) for read in PythonTranslator.inspect(cell)]
        assert [(own.name, own.type, own.meaning) for own in read_declarations(notebook)] == papermill


# --- values given


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "5", 5),
        ("int", "-3", -3),
        ("float", "0.25", 0.25),
        ("float", "1e-3", 0.001),
        ("bool", "Yes", True),
        ("bool", "false", False),
        ("str", "5", "5"),
        ("list", "[a, 2]", ["a", 2]),
        ("dict", "{customer_id: Email}", {"customer_id": "Email"}),
    ],
)
def test_a_word_of_the_command_line_gets_its_declared_type(kind: str, text: str, value: object) -> None:
    assert from_text(parameter(kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "five"),
        ("int", "5.0"),
        ("int", "1_000"),
        ("int", "true"),
        ("float", "a half"),
        ("float", "0,5"),
        ("float", "nan"),
        ("float", "1e999"),
        ("bool", "1"),
        ("list", "a"),
        ("dict", "[a]"),
    ],
)
def test_a_word_of_another_type_is_refused(kind: str, text: str) -> None:
    with pytest.raises(DataProblem, match=f"'x' must be {kind}, .*; got"):
        from_text(parameter(kind), text)


def test_a_list_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(DataProblem, match="Can't read the parameter 'x' as YAML"):
        from_text(parameter("list"), "[a, b")


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int", True), ("int", 5.0), ("int", "5"), ("float", True), ("bool", 1), ("str", 5), ("str", None), ("list", {})],
)
def test_a_value_of_another_type_is_refused(kind: str, value: object) -> None:
    with pytest.raises(DataProblem, match=f"'x' must be {kind}"):
        check_parameters({"x": value}, {"x": parameter(kind)})


def test_a_whole_number_is_a_number() -> None:
    assert check_parameters({"x": 1}, {"x": parameter("float")}) == {"x": 1.0}


def test_an_unknown_name_is_refused_with_the_nearest_and_all_that_exist(tmp_path: Path) -> None:
    declared = make_workbook(tmp_path / "nb").parameters
    exist = "'orders', 'as_of', 'strict', 'kept', 'k' and 'share'"
    with pytest.raises(DataProblem, match=rf"no parameter 'shares'\. Did you mean 'share'\? Those that exist: {exist}"):
        gather_parameters(declared, words=[("shares", "1")])


def test_an_unknown_name_in_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("clusters: 5\n")
    with pytest.raises(DataProblem, match="no parameter 'clusters'"):
        gather_parameters(make_workbook(tmp_path / "nb").parameters, files=[tmp_path / "p.yaml"])


def test_the_run_is_named_by_its_option_alone(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="set by --name"):
        gather_parameters(make_workbook(tmp_path / "nb").parameters, words=[("run", "november")])


def test_the_command_line_outweighs_files_and_a_later_file_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("k: 5\nshare: 0.1\nstrict: yes\n")
    (tmp_path / "two.yaml").write_text("share: 0.2\n")
    given = gather_parameters(
        make_workbook(tmp_path / "nb").parameters,
        files=[tmp_path / "one.yaml", tmp_path / "two.yaml"],
        words=[("k", "6")],
    )
    assert given == {"k": 6, "share": 0.2, "strict": True}


def test_a_yaml_date_becomes_text(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("as_of: 2026-01-31\nkept: [2026-02-01]\n")
    given = gather_parameters(make_workbook(tmp_path / "nb").parameters, files=[tmp_path / "p.yaml"])
    assert given == {"as_of": "2026-01-31", "kept": ["2026-02-01"]}


def test_a_yaml_time_becomes_text() -> None:
    assert plain(datetime.datetime(2026, 1, 31, 9)) == "2026-01-31 09:00:00"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"- k\n- 5\n", "must be lines of `name: value`"),
        (b"k: [5\n", "Can't read 'p.yaml' as YAML: .* in line 2"),
        (b"k: \xff\n", "must be a text in UTF-8"),
        (b"as_of: 2026-13-45\n", "Can't read 'p.yaml' as YAML: month must be in 1..12"),
        (b"as_of: 2026\n", r"'as_of' must be str, text; got '2026'\. Put it in quotes: as_of: '2026'\?"),
        (b"k:\n", "'k' must be int, a whole number; got nothing"),
    ],
)
def test_a_file_of_parameters_that_can_not_be_used_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "p.yaml").write_bytes(content)
    with pytest.raises(DataProblem, match=sentence):
        gather_parameters(make_workbook(tmp_path / "nb").parameters, files=[tmp_path / "p.yaml"])


def test_a_missing_file_of_parameters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match=r"Can't read the parameters in 'p.yaml': No such file or directory"):
        gather_parameters({}, files=[tmp_path / "p.yaml"])


def test_an_empty_file_of_parameters_gives_none(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("# nothing yet\n")
    assert gather_parameters({}, files=[tmp_path / "p.yaml"]) == {}


# --- files


def test_a_file_on_the_command_line_counts_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "june.csv").touch()
    monkeypatch.chdir(tmp_path)
    given = gather_parameters(make_workbook(tmp_path / "nb").parameters, words=[("orders", "./june.csv")])
    assert given == {"orders": str(tmp_path.resolve() / "june.csv")}


def test_a_file_in_a_yaml_counts_from_the_yaml(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "june.csv").touch()
    (tmp_path / "shop" / "p.yaml").write_text("orders: ../june.csv\n")
    given = gather_parameters(make_workbook(tmp_path / "nb").parameters, files=[tmp_path / "shop" / "p.yaml"])
    assert given == {"orders": str(tmp_path.resolve() / "june.csv")}


def test_a_file_of_the_project_is_named_from_the_project() -> None:
    file = parameter("str", meaning="packages, file")
    assert located(file, "parameters.py", folder=Path(parameters.__file__).parent) == ("lib/segmentation/parameters.py")
    assert (PROJECT / "lib/segmentation/parameters.py").is_file()


def test_no_file_stays_no_file() -> None:
    assert located(parameter("str", meaning="events, file"), "", folder=Path.cwd()) == ""


def test_a_missing_file_is_refused_with_a_similar_one(tmp_path: Path) -> None:
    (tmp_path / "june.csv").touch()
    with pytest.raises(DataProblem, match=r"Can't read x: there is no file 'jun.csv' .* Did you mean 'june.csv'\?"):
        located(parameter("str", meaning="orders, file"), "jun.csv", folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "sentence"), [("nb", "'nb' is a folder"), ("none/june.csv", "no folder 'none' to hold 'june.csv'")]
)
def test_a_folder_is_not_a_file(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "nb").mkdir()
    with pytest.raises(DataProblem, match=sentence):
        located(parameter("str", meaning="orders, file"), name, folder=tmp_path)
