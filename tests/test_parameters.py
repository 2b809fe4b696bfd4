"""The workbook: what its notebooks declare, which values are taken and which refused."""

import datetime
import os
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
    found_files,
    from_text,
    gather_parameters,
    located,
    numbered_notebooks,
    open_workbook,
    plain,
    read_declaration,
    read_declarations,
    require_there,
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


# --- names that stand for several files, and databases

ORDERS = Parameter("orders", "list", [], "the order export, file", ("01_ingest",))


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder of two exports."""
    folder = tmp_path.resolve() / "exports"
    folder.mkdir()
    (folder / "may.csv").touch()
    (folder / "june.csv").touch()
    return folder


def test_a_list_of_files_may_be_declared() -> None:
    declared = read_declaration('orders: list = ["may.csv", "june.csv"]  # the order exports, file', "01_ingest")
    assert (declared.default, declared.is_file) == (["may.csv", "june.csv"], True)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("june.csv", ["june.csv"]),
        ("[may.csv, 'june 2.csv']", ["may.csv", "june 2.csv"]),
        ("[a].csv", ["[a].csv"]),
        ("", []),
        ("mysql://db/shop?query=select a, b from c", ["mysql://db/shop?query=select a, b from c"]),
    ],
)
def test_one_name_or_a_list_of_them_is_read(text: str, names: list[str]) -> None:
    assert from_text(ORDERS, text) == names


def test_an_option_that_comes_several_times_is_a_list_as_it_stands(exports: Path) -> None:
    (exports / "[a], 'b'.csv").touch()
    words = [("orders", [str(exports / "[a], 'b'.csv"), str(exports / "may.csv")])]
    given = gather_parameters({"orders": ORDERS}, words=words)
    assert given == {"orders": [str(exports / "[a], 'b'.csv"), str(exports / "may.csv")]}


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("orders: [june.csv, 2026]\n")
    with pytest.raises(
        DataProblem, match=r"'orders' must be list, a list of names, such as .*; got '2026'. Put it in quotes"
    ):
        gather_parameters({"orders": ORDERS}, files=[tmp_path / "p.yaml"])


@pytest.mark.parametrize("name", ["exports", "exports/*.csv", "*/june.csv", "ex*/**/*.csv", "exports/[mj]*.csv"])
def test_a_folder_and_a_pattern_stay_what_they_are(name: str, exports: Path) -> None:
    assert located(ORDERS, [name], folder=exports.parent) == [str(exports.parent / name)]


def test_the_working_folder_itself_may_be_named(exports: Path) -> None:
    assert located(ORDERS, ["."], folder=exports) == [str(exports)]


@pytest.mark.parametrize(
    ("name", "sentence"), [("exports/*.xlsx", "no file matches"), ("none*/x.csv", "no file matches")]
)
def test_a_pattern_without_files_is_refused(name: str, sentence: str, exports: Path) -> None:
    with pytest.raises(DataProblem, match=sentence):
        located(ORDERS, [name], folder=exports.parent)


def test_one_missing_file_of_several_is_refused(exports: Path) -> None:
    with pytest.raises(
        DataProblem, match=r"Can't read orders: there is no file 'jun.csv' .* Did you mean 'june.csv'\?"
    ):
        located(ORDERS, ["may.csv", "jun.csv"], folder=exports)


def test_a_single_file_can_t_be_a_pattern(exports: Path) -> None:
    with pytest.raises(DataProblem, match=r"there is no file '\*.csv'"):
        located(parameter("str", meaning="rates, file"), "*.csv", folder=exports)


def test_a_server_s_address_is_not_asked_yet() -> None:
    url = "postgresql://ann:s3cret@no.such.host/shop?table=orders"
    assert located(ORDERS, [url], folder=Path.cwd()) == [url]


@pytest.mark.parametrize("family", ["sqlite", "duckdb"])
def test_a_database_file_counts_from_the_folder_as_any_file(family: str, exports: Path) -> None:
    (exports / "till.db").touch()
    asked = f"{family}:///till.db?query=select * from orders"
    assert located(ORDERS, [asked], folder=exports) == [f"{family}:///{exports}/till.db?query=select * from orders"]


def test_a_database_file_of_the_project_is_named_from_the_project() -> None:
    url = located(ORDERS, ["sqlite:///parameters.py?table=a"], folder=Path(parameters.__file__).parent)
    assert url == ["sqlite:///lib/segmentation/parameters.py?table=a"]
    require_there(ORDERS, url[0])


def test_a_missing_database_file_is_refused_with_a_similar_one(exports: Path) -> None:
    (exports / "till.db").touch()
    with pytest.raises(DataProblem, match=r"there is no file 'til.db' .* Did you mean 'till.db'\?"):
        located(ORDERS, ["sqlite:///til.db?table=orders"], folder=exports)


def test_files_are_found_where_a_name_leads(exports: Path) -> None:
    (exports / "till.db").touch()
    assert found_files(str(exports / "*.csv")) == [exports / "june.csv", exports / "may.csv"]
    assert found_files(f"sqlite:///{exports}/till.db?table=a") == [exports / "till.db"]
    assert found_files("mysql://db/shop?table=a") == []
    assert found_files(str(exports / "none.csv")) == []


SECRET = "mysql://ann:s3cret@db/shop"


@pytest.mark.parametrize(
    "words", [("k", SECRET), (SECRET, "5"), ("kept", f"[{{a: '{SECRET}'}}"), ("orders", f"['{SECRET}', 5]")]
)
def test_no_refusal_repeats_a_password(words: tuple[str, str]) -> None:
    declared = {
        "orders": ORDERS,
        "k": Parameter("k", "int", 4, "segments", ()),
        "kept": Parameter("kept", "list", [], "", ()),
    }
    with pytest.raises(DataProblem, match="parameter") as problem:
        gather_parameters(declared, words=[words])
    assert "s3cret" not in str(problem.value)


def test_a_yaml_that_is_a_bare_address_is_refused_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(SECRET)
    with pytest.raises(DataProblem, match="must be lines of `name: value`; got 'mysql://ann@db/shop'"):
        gather_parameters({}, files=[tmp_path / "p.yaml"])


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses such a name")
def test_a_file_s_name_may_hold_what_a_pattern_does(exports: Path) -> None:
    (exports / "a*[b]?.csv").touch()
    (exports / "ab.csv").touch()
    assert found_files(located(ORDERS, ["a*[b]?.csv"], folder=exports)[0]) == [exports / "a*[b]?.csv"]
