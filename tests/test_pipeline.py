"""The runner, on throw-away notebooks: what it refuses, what it runs, what it leaves behind."""

import datetime
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from segmentation import pipeline
from segmentation.pipeline import (
    Parameter,
    StepFailed,
    Workbook,
    chosen_steps,
    declared_parameters,
    find_step,
    from_text,
    gather_parameters,
    open_workbook,
    run_pipeline,
)
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT, Run

RUN = 'run: str = "sample"  # the name of the run'
STEPS = ("01_ingest", "02_clean", "03_features")
DECLARATIONS = {
    "01_ingest": 'orders: str = ""  # the order export, file\nas_of: str = ""  # day of the description',
    "02_clean": "strict: bool = False  # stop at the first problem\nkept: list = []  # countries",
    "03_features": "k: int = 4  # segments, count\nshare: float = 0.5  # held out, share",
}
BEGIN = """from segmentation.problems import DataProblem
from segmentation.runs import begin
step = begin("{stem}", run, **{{name: globals()[name] for name in {names}}})"""
FINISH = """with step.write("{number}_out.txt") as part:
    part.write_text(str(step.parameters))
step.finish(rows_in=1, rows_out=1, findings=[])"""


def make_notebook(folder: Path, stem: str, declarations: str, cells: tuple[str, ...] = ()) -> Path:
    declared = new_code_cell(f"{RUN}\n{declarations}")
    declared.metadata.tags = ["parameters"]
    names = [line.partition(":")[0] for line in declarations.splitlines()]
    sources = [BEGIN.format(stem=stem, names=names), *cells, FINISH.format(number=stem[:2])]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = new_notebook(
        cells=[new_markdown_cell(f"# {stem}"), declared, *map(new_code_cell, sources)], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, folder / f"{stem}.ipynb")
    return folder / f"{stem}.ipynb"


def make_workbook(folder: Path, **cells: tuple[str, ...]) -> Workbook:
    """Make notebooks for three steps; a keyword such as s02 gives the cells of step 02."""
    folder.mkdir(exist_ok=True)
    for stem in STEPS:
        make_notebook(folder, stem, DECLARATIONS[stem], cells.get(f"s{stem[:2]}", ()))
    return open_workbook(folder)


def parameter(kind: str, *, meaning: str = "") -> Parameter:
    return Parameter("x", kind, None, meaning, ("01_ingest",))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a test's runs in its own folder, its kernels light, its pages a line each."""
    prepare(tmp_path, monkeypatch)
    return tmp_path


def prepare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    pages: list[tuple[str, list[str]]] = []

    def write_page(executed: Path, *, run: Run, steps: list[str]) -> None:
        pages.append((executed.stem, steps))
        run.pages.mkdir(parents=True, exist_ok=True)
        (run.pages / f"{executed.stem}.html").write_text("page")

    def write_index(run: Run, *, steps: list[str]) -> Path:
        (run.pages / "index.html").write_text(" ".join(steps))
        return run.pages / "index.html"

    monkeypatch.setenv("WORKBOOK_HOME", str(folder))
    monkeypatch.setattr(pipeline, "WARM_UP", "pass")
    monkeypatch.setattr(pipeline, "write_page", write_page)
    monkeypatch.setattr(pipeline, "write_index", write_index)
    return pages


def kernels_left() -> list[str]:
    return [child.name() for child in psutil.Process().children(recursive=True)]


def outputs(run: Run, step: str) -> str:
    return (run.artifacts / "notebooks" / f"{step}.ipynb").read_text(encoding="utf-8")


# --- steps


def test_numbered_notebooks_are_the_steps_in_order(tmp_path: Path) -> None:
    for name in ("02_clean", "10_last", "01_ingest", "scratch"):
        (tmp_path / f"{name}.ipynb").touch()
    assert [path.stem for path in pipeline.steps(tmp_path)] == ["01_ingest", "02_clean", "10_last"]


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


def test_a_last_step_before_the_first_is_refused() -> None:
    with pytest.raises(DataProblem, match="must not come after the last; got '03_features' and '01_ingest'"):
        chosen_steps(STEPS, begin_with="3", until="1")


# --- what notebooks declare


def test_declarations_are_read_with_type_default_meaning_and_steps(tmp_path: Path) -> None:
    declared = make_workbook(tmp_path / "nb").parameters
    assert declared["share"] == Parameter("share", "float", 0.5, "held out, share", ("03_features",))
    assert declared["run"].steps == STEPS


def test_the_same_name_must_mean_the_same_everywhere(tmp_path: Path) -> None:
    notebooks = [
        make_notebook(tmp_path, "01_ingest", "k: int = 4  # segments"),
        make_notebook(tmp_path, "02_clean", "k: int = 5  # segments"),
    ]
    with pytest.raises(DataProblem, match="its default is '4' in 01_ingest and '5' in 02_clean"):
        declared_parameters(notebooks)


@pytest.mark.parametrize(
    "line", ['k: int = "4"  # text', "k = 4  # no type", "k: set = {1}  # a set", "k: int = 2 + 2"]
)
def test_a_line_that_is_no_plain_declaration_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataProblem, match="Can't read the parameter 'k' of 01_ingest: a line must be"):
        declared_parameters([make_notebook(tmp_path, "01_ingest", line)])


def test_a_line_that_papermill_misses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="Can't read the parameter 'rule' of 01_ingest"):
        declared_parameters([make_notebook(tmp_path, "01_ingest", 'rule: str = "a=b"  # two equal signs')])


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
        pipeline.check_parameters({"x": value}, {"x": parameter(kind)})


def test_a_whole_number_is_a_number() -> None:
    assert pipeline.check_parameters({"x": 1}, {"x": parameter("float")}) == {"x": 1.0}


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
    assert pipeline.plain(datetime.datetime(2026, 1, 31, 9)) == "2026-01-31 09:00:00"


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
    assert pipeline.located(file, "pipeline.py", folder=Path(pipeline.__file__).parent) == (
        "lib/segmentation/pipeline.py"
    )
    assert (PROJECT / "lib/segmentation/pipeline.py").is_file()


def test_no_file_stays_no_file() -> None:
    assert pipeline.located(parameter("str", meaning="events, file"), "", folder=Path.cwd()) == ""


def test_a_missing_file_is_refused_with_a_similar_one(tmp_path: Path) -> None:
    (tmp_path / "june.csv").touch()
    with pytest.raises(DataProblem, match=r"Can't read x: there is no file 'jun.csv' .* Did you mean 'june.csv'\?"):
        pipeline.located(parameter("str", meaning="orders, file"), "jun.csv", folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "sentence"), [("nb", "'nb' is a folder"), ("none/june.csv", "no folder 'none' to hold 'june.csv'")]
)
def test_a_folder_is_not_a_file(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "nb").mkdir()
    with pytest.raises(DataProblem, match=sentence):
        pipeline.located(parameter("str", meaning="orders, file"), name, folder=tmp_path)


# --- a whole run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """One run of three steps with k = 6, and all that could be seen of it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "june.csv").write_text("Order\n1\n")
    with pytest.MonkeyPatch.context() as monkeypatch:
        pages = prepare(folder, monkeypatch)
        look = "import sys, os\nprint(sys.executable, 'segmentation' in globals(), os.getcwd())"
        sign = (
            "from pathlib import Path\nfrom segmentation.runs import fingerprint, resolve\n"
            "inputs = [fingerprint(resolve(orders)) | {'rows': 1}]"
        )
        workbook = make_workbook(folder / "notebooks {1}", s01=(sign, look))
        ingest = workbook.notebooks[0]
        ingest.write_text(ingest.read_text().replace("findings=[])", "findings=[], inputs=inputs)"))
        told: list[tuple[str, int, int]] = []
        index = run_pipeline(
            workbook,
            Run("june"),
            given={"k": 6, "orders": str(folder / "june.csv")},
            on_cell=lambda *what: told.append(what),
        )
        yield SimpleNamespace(
            folder=folder, workbook=workbook, run=Run("june"), pages=pages, told=told, index=index, left=kernels_left()
        )


@pytest.fixture
def june(finished: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The finished run, its home again the one that is looked at."""
    pages = prepare(finished.folder, monkeypatch)
    return SimpleNamespace(**{**vars(finished), "now": pages})


def test_each_cell_is_told_once_in_order(june: SimpleNamespace) -> None:
    counts = {"01_ingest": 7, "02_clean": 5, "03_features": 5}  # with the injected one
    assert june.told == [(step, cell, cells) for step, cells in counts.items() for cell in range(1, cells + 1)]


def test_every_step_gets_its_page_and_the_links_to_all(june: SimpleNamespace) -> None:
    assert june.pages == [(step, list(STEPS)) for step in STEPS]


def test_the_index_comes_last_and_is_returned(june: SimpleNamespace) -> None:
    assert june.index == june.folder.resolve() / "reports" / "june" / "index.html"


def test_a_step_gets_the_given_parameters_that_it_declares(june: SimpleNamespace) -> None:
    injected = [
        cell.source
        for step in STEPS
        for cell in nbformat.reads(outputs(june.run, step), as_version=4).cells
        if "injected-parameters" in cell.metadata.get("tags", [])
    ]
    orders = str(june.folder / "june.csv").replace("\\", "\\\\")
    assert injected == [
        f'# Parameters\nrun = "june"\norders = "{orders}"\n',
        '# Parameters\nrun = "june"\n',
        '# Parameters\nrun = "june"\nk = 6\n',
    ]


def test_kernels_are_this_python_in_the_project(june: SimpleNamespace) -> None:
    cells = nbformat.reads(outputs(june.run, "01_ingest"), as_version=4).cells
    printed = "".join(output.text for cell in cells for output in cell.get("outputs", []))
    assert printed == f"{sys.executable} False {PROJECT}\n"


def test_the_executed_notebook_does_not_tell_where_the_project_lies(june: SimpleNamespace) -> None:
    metadata = nbformat.reads(outputs(june.run, "02_clean"), as_version=4).metadata.papermill
    assert (metadata.input_path, metadata.output_path) == ("02_clean.ipynb", "02_clean.ipynb")


def test_no_kernel_is_left_after_a_run(june: SimpleNamespace) -> None:
    assert june.left == []


# --- beginning in the middle


def test_a_run_is_continued_with_what_it_was_made_with(june: SimpleNamespace) -> None:
    run_pipeline(june.workbook, june.run, given={"share": 0.25}, begin_with="features")
    made = june.run.manifest()["steps"]["03_features"]["parameters"]
    assert made == {"k": 6, "share": 0.25}
    assert june.now == [(step, list(STEPS)) for step in STEPS]


def test_a_step_that_was_not_run_can_not_be_reused(june: SimpleNamespace) -> None:
    with pytest.raises(DataProblem, match="run 'july' has no finished '01_ingest' and '02_clean'"):
        run_pipeline(june.workbook, Run("july"), given={}, begin_with="features")


def test_an_artifact_that_is_gone_can_not_be_reused(june: SimpleNamespace) -> None:
    artifact = june.run.artifacts / "02_out.txt"
    content = artifact.read_text()
    artifact.unlink()
    try:
        with pytest.raises(DataProblem, match="has no finished '02_clean'"):
            run_pipeline(june.workbook, june.run, given={}, begin_with="features")
    finally:
        artifact.write_text(content)


def test_a_reused_step_must_have_had_the_same_parameters(june: SimpleNamespace) -> None:
    with pytest.raises(DataProblem, match=r"'strict' was false, now true; 'kept' was \[\], now \[\"FR\"\]"):
        run_pipeline(june.workbook, june.run, given={"strict": True, "kept": ["FR"]}, begin_with="features")


def test_a_reused_step_must_have_read_the_same_file(june: SimpleNamespace) -> None:
    orders = june.folder / "june.csv"
    content = orders.read_text()
    orders.write_text("Order\n2\n")
    try:
        with pytest.raises(DataProblem, match=r"'june.csv' is not the file that it was"):
            run_pipeline(june.workbook, june.run, given={}, begin_with="features")
    finally:
        orders.write_text(content)


def test_a_refusal_says_with_which_step_to_begin(june: SimpleNamespace) -> None:
    with pytest.raises(DataProblem, match=r"now true\. Begin with --from clean\?"):
        run_pipeline(june.workbook, june.run, given={"strict": True}, begin_with="features")


def test_nothing_ran_when_a_run_was_refused(june: SimpleNamespace) -> None:
    manifest = json.dumps(june.run.manifest())
    with pytest.raises(DataProblem, match="no step 'cluster'"):
        run_pipeline(june.workbook, june.run, given={}, until="cluster")
    assert json.dumps(june.run.manifest()) == manifest
    assert june.now == []


def test_a_default_file_that_is_missing_is_refused_before_anything_runs(home: Path) -> None:
    folder = home / "nb"
    folder.mkdir()
    make_notebook(folder, "01_ingest", 'orders: str = "data/no-such-shop/june.csv"  # the order export, file')
    with pytest.raises(DataProblem, match="Can't read orders: there is no folder 'no-such-shop'"):
        run_pipeline(open_workbook(folder), Run("june"), given={})
    assert not Run("june").artifacts.exists()


def test_a_run_stops_after_its_last_step_and_drops_pages_that_are_no_longer_true(home: Path) -> None:
    workbook = make_workbook(home / "nb")
    stale = Run("short").pages / "03_features.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("old")
    index = run_pipeline(workbook, Run("short"), given={}, until="1")
    assert list(Run("short").manifest()["steps"]) == ["01_ingest"]
    assert index.read_text() == "01_ingest"
    assert not stale.exists()


# --- failures


def failing(home: Path, *cells: str) -> StepFailed:
    """Run a workbook whose second step stops in `cells`."""
    with pytest.raises(StepFailed) as caught:
        run_pipeline(make_workbook(home / "nb", s02=cells), Run("june"), given={})
    return caught.value


def test_a_failed_step_tells_the_sentence_and_keeps_the_notebook_and_earlier_work(home: Path) -> None:
    failed = failing(home, "raise DataProblem('Orders must have a customer.')", "print('after')")
    assert str(failed) == "Orders must have a customer."
    assert failed.step == "02_clean"
    cells = nbformat.read(failed.executed, as_version=4).cells
    assert "An Exception was encountered" in cells[0].source
    assert list(Run("june").manifest()["steps"]) == ["01_ingest"]
    assert (Run("june").artifacts / "01_out.txt").exists()
    assert not (Run("june").artifacts / "02_out.txt").exists()
    assert not list(Run("june").artifacts.rglob("*.part"))
    assert kernels_left() == []


def test_a_kernel_that_dies_is_told_in_a_sentence(home: Path) -> None:
    failed = failing(home, "import os\nos._exit(9)")
    assert str(failed).startswith("The kernel of this step died: most often the machine ran out of memory.")
    assert failed.executed.exists()
    assert kernels_left() == []


@pytest.mark.parametrize(
    ("name", "message", "sentence"),
    [
        ("DataProblem", "Two rows are too few.", "Two rows are too few."),
        ("KeyError", "'k'", "KeyError: 'k'"),
        ("MemoryError", "", "MemoryError"),
    ],
)
def test_an_error_is_worded_with_its_name_unless_it_is_a_data_problem(name: str, message: str, sentence: str) -> None:
    error = pipeline.PapermillExecutionError(3, 2, "", name, message, [])
    assert pipeline.failure_sentence(error) == sentence


@pytest.mark.parametrize(("error", "raised"), [(ValueError("no heading"), StepFailed), (OSError(28, "full"), OSError)])
def test_a_page_that_fails_stops_the_run(
    home: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    def write_page(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pipeline, "write_page", write_page)
    with pytest.raises(raised, match=r"could not be made: ValueError: no heading|full"):
        run_pipeline(make_workbook(home / "nb"), Run("june"), given={}, until="2")
    assert kernels_left() == []


def test_a_kernel_that_does_not_start_is_told_in_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "WARM_UP", "import os; os._exit(1)")
    with pytest.raises(StepFailed, match=r"did not start: .* Is the installation whole \(`make install`\)\?") as caught:
        run_pipeline(make_workbook(home / "nb"), Run("june"), given={})
    assert caught.value.executed is None
    assert kernels_left() == []


def test_an_interrupted_run_leaves_no_kernel_and_can_be_run_again(home: Path) -> None:
    def interrupt(step: str, cell: int, cells: int) -> None:
        if step == "02_clean":
            raise KeyboardInterrupt

    workbook = make_workbook(home / "nb")
    with pytest.raises(KeyboardInterrupt):
        run_pipeline(workbook, Run("june"), given={}, on_cell=interrupt)
    assert kernels_left() == []
    assert run_pipeline(workbook, Run("june"), given={}, until="1").exists()


RUNNER = """
import sys
from pathlib import Path
from segmentation import pipeline
pipeline.WARM_UP = "pass"
pipeline.NOTEBOOKS = Path(sys.argv[1])
from segmentation.cli import main
main(["run", "--name", "june"])
"""


def started_runner(home: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """Start a runner in a process of its own and wait until its first step is in a long cell."""
    make_workbook(home / "nb", s01=(f"import time\nopen({str(home / 'on')!r}, 'w').close()\ntime.sleep(60)",))
    command = [sys.executable, "-c", RUNNER, str(home / "nb")]
    runner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until((home / "on").exists)
    return runner, psutil.Process(runner.pid).children(recursive=True)


def wait_until(so: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_control_c_ends_the_run_with_one_line_and_no_kernel_left(home: Path) -> None:
    runner, kernels = started_runner(home)
    runner.send_signal(signal.SIGINT)
    out, err = runner.communicate(timeout=30)
    assert (runner.returncode, out, err.strip()) == (130, "", "Stopped; what finished steps made stays.")
    assert [kernel for kernel in kernels if kernel.is_running()] == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_kernels_end_when_the_runner_is_killed(home: Path) -> None:
    runner, kernels = started_runner(home)
    runner.kill()
    runner.communicate()
    assert kernels
    wait_until(lambda: not any(kernel.is_running() for kernel in kernels))
