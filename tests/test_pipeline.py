"""The runner, on throw-away notebooks: what it refuses, what it runs, what it leaves behind."""

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
from workbooks import STEPS, kernels_left, make_notebook, make_workbook, use_home

from segmentation import kernels, pages
from segmentation.lock import alone
from segmentation.parameters import Parameter, Workbook, open_workbook
from segmentation.pipeline import StepFailed, changed_inputs, chosen_steps, run_pipeline
from segmentation.problems import DataProblem
from segmentation.runs import Run, fingerprint, write_json


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a test's runs in its own folder, its pages a word each."""
    use_home(tmp_path, monkeypatch)
    return tmp_path


def outputs(run: Run, step: str) -> str:
    return (run.artifacts / "notebooks" / f"{step}.ipynb").read_text(encoding="utf-8")


# --- a whole run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """One run of three steps with k = 6, and all that could be seen of it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "june.csv").write_text("Order\n1\n")
    with pytest.MonkeyPatch.context() as monkeypatch:
        asked = use_home(folder, monkeypatch)
        sign = (
            "from pathlib import Path\nfrom segmentation.runs import fingerprint, resolve\n"
            "inputs = [fingerprint(resolve(orders)) | {'rows': 1}]"
        )
        workbook = make_workbook(folder / "notebooks {1}", s01=(sign,))
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
            folder=folder, workbook=workbook, run=Run("june"), pages=asked, told=told, index=index, left=kernels_left()
        )


@pytest.fixture
def june(finished: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The finished run, its home again the one that is looked at."""
    asked = use_home(finished.folder, monkeypatch)
    return SimpleNamespace(**{**vars(finished), "now": asked})


def test_each_cell_is_told_once_in_order(june: SimpleNamespace) -> None:
    counts = {"01_ingest": 6, "02_clean": 5, "03_features": 5}  # with the injected one
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


def test_no_kernel_is_left_after_a_run(june: SimpleNamespace) -> None:
    assert june.left == []


# --- beginning in the middle


def test_a_last_step_before_the_first_is_refused() -> None:
    with pytest.raises(DataProblem, match="must not come after the last; got '03_features' and '01_ingest'"):
        chosen_steps(STEPS, begin_with="3", until="1")


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
    make_notebook(folder, "01_ingest", declarations='orders: str = "data/no-such-shop/june.csv"  # orders, file')
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


@pytest.mark.parametrize(("error", "raised"), [(ValueError("no heading"), StepFailed), (OSError(28, "full"), OSError)])
def test_a_page_that_fails_stops_the_run(
    home: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    def write_page(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pages, "write_page", write_page)
    with pytest.raises(raised, match=r"could not be made: ValueError: no heading|full"):
        run_pipeline(make_workbook(home / "nb"), Run("june"), given={}, until="2")
    assert kernels_left() == []


def test_a_kernel_that_does_not_start_is_told_in_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "warm_up", lambda notebook: "import os; os._exit(1)")
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
import signal, sys
from pathlib import Path
from segmentation import parameters
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background ignores it
parameters.NOTEBOOKS = Path(sys.argv[1])
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


# --- two runs at once


def test_a_second_run_of_a_name_is_refused_while_the_first_goes_on(home: Path) -> None:
    runner, _ = started_runner(home)
    try:
        with pytest.raises(DataProblem, match=r"Run 'june' is going on already; .* give this one another --name\?"):
            run_pipeline(open_workbook(home / "nb"), Run("june"), given={})
    finally:
        runner.kill()
        runner.communicate()


def test_a_killed_run_blocks_nobody(home: Path) -> None:
    runner, _ = started_runner(home)
    runner.kill()
    runner.communicate()
    with alone(Run("june")):
        pass


def test_a_failed_run_can_be_run_again_at_once(home: Path) -> None:
    failing(home, "raise DataProblem('Orders must have a customer.')")
    assert run_pipeline(make_workbook(home / "nb"), Run("june"), given={}, until="1").exists()


# --- several files, and databases


@pytest.fixture
def exports(home: Path) -> Path:
    """A folder with two exports, an archive and a copy."""
    folder = home / "exports"
    folder.mkdir()
    for name in ("may.csv", "june.csv", "old.zip"):
        (folder / name).write_text(name)
    (folder / "copy.csv").write_text("may.csv")
    return folder


def changes(exports: Path, *given: str) -> list[str]:
    """Ask what has changed since a run that read an export, a member of the archive, and a database."""
    read = [
        fingerprint(exports / "may.csv"),
        fingerprint(exports / "june.csv") | {"name": "exports/june.csv (2)"},
        fingerprint(exports / "old.zip") | {"name": "old.zip/april.csv"},
        {"name": "MySQL table orders", "bytes": None, "sha256": None},
    ]
    run = Run("june")
    run.artifacts.mkdir(parents=True, exist_ok=True)
    inputs = run.artifacts / "inputs.json"
    if not inputs.exists():
        write_json(inputs, [{"table": "orders", **one, "rows": 1} for one in read])
    write_json(run.artifacts / "manifest.json", {"inputs": json.loads(inputs.read_text())})
    declared = {
        "orders": Parameter("orders", "list", [], "the orders, file", ("01_ingest",)),
        "customers": Parameter("customers", "list", [], "customers, file", ("01_ingest",)),
    }
    values = {"orders": [str(exports / one) for one in given], "customers": [str(exports / "copy.csv")]}
    return changed_inputs(Workbook((), declared), run, values=values, begun=["01_ingest"])


def test_nothing_has_changed_when_nothing_has(exports: Path) -> None:
    assert changes(exports, "*.csv", "old.zip") == []
    assert changes(exports, "") == []


@pytest.mark.parametrize("name", ["may.csv", "june.csv", "old.zip"])
def test_a_changed_file_of_several_is_told(name: str, exports: Path) -> None:
    assert changes(exports, "") == []
    (exports / name).write_text("else")
    (exports / "copy.csv").unlink()
    assert changes(exports, "*.csv", "old.zip") == [f"'{name}' is not the file that it was"]


def test_a_file_that_a_pattern_finds_now_is_told(exports: Path) -> None:
    assert changes(exports, "*.csv", "old.zip") == []
    (exports / "july.csv").write_text("new")
    assert changes(exports, "*.csv", "old.zip") == ["'july.csv' has come since"]


def test_a_file_that_is_gone_can_t_tell(exports: Path) -> None:
    assert changes(exports, "*.csv") == []  # the archive is not asked for any more
    assert changes(exports, "gone.csv", "gone*.csv", "gone") == []


def test_a_database_on_a_server_is_not_asked_whether_it_changed() -> None:
    values = {"orders": ["mysql://db/shop?table=orders"]}
    declared = {"orders": Parameter("orders", "list", [], "the orders, file", ("01_ingest",))}
    write_json(Run("june").artifacts / "manifest.json", {"inputs": [{"name": "x", "bytes": None, "sha256": None}]})
    assert changed_inputs(Workbook((), declared), Run("june"), values=values, begun=["01_ingest"]) == []


def test_a_password_reaches_the_kernel_and_no_file(home: Path) -> None:
    ask = (
        "from segmentation.sources.addresses import completed, parsed_address\n"
        "assert completed(parsed_address(orders)).secrets == {'password': 's3' + 'cret'}"
    )
    workbook = make_workbook(home / "nb", s01=(ask,))
    url = "mysql://ann:s3cret@db/shop?table=orders"
    run_pipeline(workbook, Run("june"), given={"orders": url}, until="2")
    assert Run("june").manifest()["parameters"]["orders"] == "mysql://ann@db/shop?table=orders"
    written = [path.name for path in Path(home).rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert written == []
    assert "s3cret" not in os.environ.get("WORKBOOK_DATABASE_SECRETS", "")


def test_a_run_begun_with_a_password_goes_on_with_or_without_it(home: Path) -> None:
    workbook = make_workbook(home / "nb")
    url = "mysql://ann:s3cret@db/shop?table=orders"
    run_pipeline(workbook, Run("june"), given={"orders": url}, until="1")
    assert run_pipeline(workbook, Run("june"), given={}, begin_with="2", until="2").exists()
    assert run_pipeline(workbook, Run("june"), given={"orders": url}, begin_with="2", until="2").exists()
