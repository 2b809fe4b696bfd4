"""The record of runs: what is kept of a run, what never is, how it is listed, and that it stops nobody."""

import csv
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from workbooks import STEPS, make_workbook, use_home

from segmentation import cli
from segmentation.pipeline import StepFailed, run_pipeline
from segmentation.problems import DataProblem
from segmentation.recording import record, store, tracking
from segmentation.recording.listing import in_order, rows, select
from segmentation.recording.record import Record, metrics, record_of
from segmentation.recording.recorder import recorded
from segmentation.recording.store import add, records, store_path
from segmentation.runs import Run, write_json

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
MANIFEST = {
    "run": "june",
    "parameters": {},
    "inputs": [{"table": "orders", "name": "/srv/shop/june.csv", "bytes": 6, "sha256": "ab" * 32, "rows": 1}],
    "steps": {
        "03_features": {"seconds": 1.5, "rows_out": 40, "facts": {"as_of": "2026-06-30"}, "findings": []},
        "04_cluster": {
            "seconds": 2.0,
            "facts": {"k": 3, "plan": {"k": 3, "algorithm": "k-means"}, "gate": True},
            "findings": [{"values": {"share": 0.5, "name": "champions"}}, {"values": {"share": 0.25, "low": None}}],
        },
        "05_evaluate": {"seconds": 0.5, "facts": {}, "findings": []},
    },
    "versions": {"pandas": "3.1.1"},
}
EVALUATION = {
    "verdict": "act with care",
    "agreement": {"agreement": 0.9, "low": float("nan")},
    "later": {"late, big": {"came_back": 0.75}},
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a test's runs in its own folder, and out of any MLflow."""
    use_home(tmp_path, monkeypatch)
    monkeypatch.delenv(tracking.ADDRESS, raising=False)
    return tmp_path


def made(name: str = "june", **told: Any) -> Record:
    """Write a record of which only what is told differs from a run at noon that took a minute."""
    plain = Record(
        name=name,
        started=NOON,
        ended=NOON + timedelta(minutes=1),
        failed_step="",
        verdict="act",
        steps=("01_ingest", "02_clean"),
        parameters={"k": 6, "orders": ["june.csv"]},
        metrics={"agreement": 0.9},
        artifacts=(),
        inputs=(),
        versions={"pandas": "3.1.1"},
    )
    return replace(plain, **told)


@pytest.fixture
def june() -> Run:
    """A run whose steps 3 to 5 have finished a minute ago, with files of theirs and of others."""
    run = Run("june")
    write_json(run.artifacts / "manifest.json", MANIFEST)
    write_json(run.artifacts / "05_evaluation.json", EVALUATION)
    for name in ("03_features.parquet", "06_plan.csv", "audiences/champions.csv", "pseudonym.key", ".lock"):
        path = run.artifacts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"ann@example.com")
    for name in ("index", "05_evaluate", "06_campaign_plan"):
        run.pages.mkdir(parents=True, exist_ok=True)
        (run.pages / f"{name}.html").write_text("page")
    return run


def recorded_of(run: Run, *, failed_step: str = "", started: datetime = NOON, **parameters: Any) -> Record:
    return record_of(run, started=started, ended=NOON, failed_step=failed_step, parameters=parameters)


# --- what is kept


def test_every_finite_number_is_named_by_its_step_and_the_path_to_it(june: Run) -> None:
    assert recorded_of(june).metrics == {
        "customer_count": 40,
        "segment_count": 3,
        "agreement": 0.9,
        "features.seconds": 1.5,
        "features.rows_out": 40,
        "cluster.seconds": 2.0,
        "cluster.k": 3,
        "cluster.plan.k": 3,
        "cluster.share": 0.5,
        "cluster.share_2": 0.25,
        "evaluate.seconds": 0.5,
        "evaluate.agreement.agreement": 0.9,
        "evaluate.later.late_big.came_back": 0.75,
    }


@given(st.lists(st.dictionaries(st.sampled_from(["share", "share_2", "low"]), st.integers()), max_size=4))
def test_no_finding_s_number_is_lost_when_findings_share_words(findings: list[dict[str, int]]) -> None:
    told = {"04_cluster": {"facts": {}, "findings": [{"values": values} for values in findings]}}
    given = sorted(number for values in findings for number in values.values())
    assert sorted(metrics(told, evaluation={}).values()) == given


def test_the_card_s_verdict_is_kept(june: Run) -> None:
    assert recorded_of(june).verdict == "act with care"


def test_of_a_failed_step_and_of_later_ones_nothing_is_kept(june: Run) -> None:
    failed = recorded_of(june, failed_step="04_cluster")
    assert (failed.status, failed.steps) == ("failed at 04_cluster", ("03_features",))
    assert {name.partition(".")[0] for name in failed.metrics} == {"customer_count", "features"}
    assert "05_evaluation.json" not in {entry["name"] for entry in failed.artifacts}


def test_a_run_that_failed_in_its_first_step_claims_nothing_that_an_earlier_one_left(june: Run) -> None:
    failed = recorded_of(june, failed_step="03_features", started=datetime.now(UTC) + timedelta(minutes=1))
    assert (failed.verdict, failed.steps, failed.metrics) == ("", (), {})
    assert (failed.artifacts, failed.inputs) == ((), ())


def test_files_of_standing_steps_and_those_just_written_are_kept_without_the_key(june: Run) -> None:
    assert [entry["name"] for entry in recorded_of(june).artifacts] == [
        "03_features.parquet",
        "05_evaluation.json",
        "audiences/champions.csv",
        "manifest.json",
        "pages/05_evaluate.html",
        "pages/index.html",
    ]


def test_an_audience_of_an_earlier_run_is_not_this_one_s(june: Run) -> None:
    os.utime(june.artifacts / "audiences" / "champions.csv", (0, 0))
    assert "audiences/champions.csv" not in {entry["name"] for entry in recorded_of(june).artifacts}


def test_a_small_artifact_is_known_by_its_content(june: Run) -> None:
    os.utime(june.artifacts / "03_features.parquet", (NOON.timestamp(), NOON.timestamp()))
    assert recorded_of(june).artifacts[0] == {
        "name": "03_features.parquet",
        "bytes": 15,
        "sha256": hashlib.sha256(b"ann@example.com").hexdigest(),
        "changed": "2026-06-30T12:00:00+00:00",
    }


def test_the_largest_artifacts_are_not_read_when_all_are_too_much(june: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    others = sum(entry["bytes"] for entry in recorded_of(june).artifacts)
    (june.artifacts / "04_model.skops").write_bytes(bytes(100_000))
    monkeypatch.setattr(record, "MOST_BYTES_READ", others)
    unread = [(entry["name"], entry["bytes"]) for entry in recorded_of(june).artifacts if entry["sha256"] is None]
    assert unread == [("04_model.skops", 100_000)]


def test_no_folder_host_or_content_of_a_file_reaches_the_store(june: Run, home: Path) -> None:
    given = {
        "orders": ["/srv/shop/june.csv", "mysql://ann@db.example.com/shop?table=orders"],
        "plays": "/srv/plays.csv",
    }
    kept = recorded_of(june, **given)
    add(kept)
    content = b"".join(path.read_bytes() for path in store_path().parent.glob("runs.sqlite*"))
    assert kept.parameters == {"orders": ["june.csv", "shop"], "plays": "plays.csv"}
    assert b"june.csv" in content
    for hidden in (b"/srv", b"db.example.com", b"ann@example.com", os.fsencode(home)):
        assert hidden not in content


# --- the store


WORDS = st.text(st.characters(codec="utf-8"), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(WORDS, VALUES, max_size=3))
def test_what_is_read_is_what_was_added(parameters: Mapping[str, Any]) -> None:
    told = made(parameters=parameters, artifacts=({"name": "a", "bytes": 1},), failed_step="02_clean")
    add(told)
    assert records()[-1] == told


def test_a_name_that_is_run_again_keeps_its_history_in_order() -> None:
    runs = [made(started=NOON + timedelta(hours=hour), ended=NOON + timedelta(hours=hour + 1)) for hour in (2, 0, 1)]
    for run in runs:
        add(run)
    assert records() == [runs[1], runs[2], runs[0]]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such permissions")
def test_only_the_owner_can_read_the_store_or_what_lies_beside_it() -> None:
    store_path().parent.mkdir(parents=True)
    store_path().touch(mode=0o644)
    add(made())
    with store.opened(store_path()) as connection:
        connection.execute("SELECT * FROM runs").fetchall()
        modes = {path.name: path.stat().st_mode & 0o777 for path in store_path().parent.iterdir()}
    assert modes == dict.fromkeys(("runs.sqlite", "runs.sqlite-wal", "runs.sqlite-shm"), 0o600)


ADDING = """
import pickle, sys
from pathlib import Path
from segmentation.recording.store import add
record, here = pickle.load(sys.stdin.buffer)
Path(here).touch()
while not Path(here).with_name("go").exists(): pass
for _ in range(20): add(record)
"""


def test_runs_that_end_at_once_are_all_recorded(home: Path) -> None:
    import pickle

    names = ["may", "june", "july"]
    adding = [subprocess.Popen([sys.executable, "-c", ADDING], stdin=subprocess.PIPE) for _ in names]
    for name, process in zip(names, adding, strict=True):
        process.stdin.write(pickle.dumps((made(name), str(home / name))))
        process.stdin.close()
    while not all((home / name).exists() for name in names):
        time.sleep(0.01)
    (home / "go").touch()
    assert [process.wait(timeout=60) for process in adding] == [0, 0, 0]
    assert sorted(record.name for record in records()) == sorted(names * 20)


DYING = """
import os, pickle, sqlite3, sys
from segmentation.recording import store
class Dies(sqlite3.Connection):
    def execute(self, sql, *values):
        return os._exit(9) if sql == "COMMIT" else super().execute(sql, *values)
connect = sqlite3.connect
sqlite3.connect = lambda *place, **options: connect(*place, **options, factory=Dies)
store.add(pickle.load(sys.stdin.buffer))
"""


def test_a_process_killed_while_it_records_leaves_no_row() -> None:
    import pickle

    add(made("may"))
    died = subprocess.run([sys.executable, "-c", DYING], input=pickle.dumps(made("june")), check=False)
    add(made("july"))
    assert died.returncode == 9
    assert [record.name for record in records()] == ["may", "july"]


def test_a_newer_workbook_s_store_is_left_alone() -> None:
    add(made())
    with sqlite3.connect(store_path()) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(
        DataProblem, match=r"it has version 2, this workbook knows 1\. Has a newer workbook written it\?"
    ):
        add(made())


# --- recording a run


def block(run: Run, error: BaseException | None = None) -> list[str]:
    """Record a block that raises an error or none, and list what was told."""
    told: list[str] = []
    with recorded(run, steps=["04_cluster", "06_campaign_plan"], parameters={"k": 6}, tell=told.append):
        if error:
            raise error
    return told


def test_a_finished_run_is_recorded_without_a_word(june: Run) -> None:
    assert block(june) == []
    (kept,) = records()
    assert (kept.name, kept.status, kept.parameters) == ("june", "finished", {"k": 6})
    assert kept.seconds < 5


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StepFailed("Orders must have a customer.", step="04_cluster", executed=None), "failed at 04_cluster"),
        (OSError(28, "No space left on device"), "failed at 06_campaign_plan"),
    ],
)
def test_a_failed_run_is_recorded_with_its_step_and_fails_as_before(june: Run, error: Exception, status: str) -> None:
    with pytest.raises(type(error)) as caught:
        block(june, error)
    assert caught.value is error
    assert [kept.status for kept in records()] == [status]


def test_a_failure_after_all_steps_is_the_last_one_s(june: Run) -> None:
    finished = MANIFEST["steps"] | {"06_campaign_plan": MANIFEST["steps"]["05_evaluate"]}
    write_json(june.artifacts / "manifest.json", MANIFEST | {"steps": finished})
    with pytest.raises(OSError, match="left"):
        block(june, OSError(28, "No space left on device"))
    assert [kept.status for kept in records()] == ["failed at 06_campaign_plan"]


def test_an_interrupted_run_leaves_no_row(june: Run) -> None:
    with pytest.raises(KeyboardInterrupt):
        block(june, KeyboardInterrupt())
    assert records() == []


def test_a_broken_store_is_told_in_a_sentence_and_stops_nothing(june: Run) -> None:
    store_path().write_text("not a database, but long enough to look like one" * 20)
    broken = store_path().read_bytes()
    assert block(june) == [
        "This run is not in the list of `workbook runs`. Can't use the record of runs in 'runs.sqlite': file is not a "
        "database. Move the file away, and the next run begins a new one?"
    ]
    assert store_path().read_bytes() == broken


def test_a_store_that_can_not_be_opened_stops_nothing(june: Run) -> None:
    store_path().mkdir()
    (told,) = block(june)
    assert told.startswith(
        "This run is not in the list of `workbook runs`. Can't use the record of runs in 'runs.sqlite'"
    )


def test_a_store_that_another_holds_is_waited_for_and_then_left(june: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add(made())
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    with store.opened(store_path()) as other:
        other.execute("BEGIN IMMEDIATE")
        (told,) = block(june)
    assert "database is locked" in told


def test_whatever_goes_wrong_while_gathering_stops_nothing(june: Run) -> None:
    (june.artifacts / "05_evaluation.json").write_text("{")
    (told,) = block(june)
    assert told.startswith("This run could not be recorded. Expecting property name")


def test_recording_costs_a_fifth_of_a_second_at_most(june: Run) -> None:
    (june.artifacts / "04_model.skops").write_bytes(bytes(record.MOST_BYTES_READ))
    write_json(june.artifacts / "05_evaluation.json", {str(n): {"low": n, "high": n} for n in range(1000)})

    def seconds() -> float:
        began = time.perf_counter()
        assert block(june) == []
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.2


# --- the runner


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A run of three steps, the same once more to its first, then one that stops in its second; refused in between."""
    folder = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_home(folder, monkeypatch)
        (folder / "june.csv").write_text("Order\n1\n")
        told: list[str] = []
        workbook = make_workbook(folder / "nb")
        given = {"k": 6, "orders": str(folder / "june.csv")}
        run_pipeline(workbook, Run("june"), given=given, tell=told.append)
        with pytest.raises(DataProblem):
            run_pipeline(workbook, Run("june"), given={"k": 7}, begin_with="9", tell=told.append)
        run_pipeline(workbook, Run("june"), given={"k": 7}, begin_with="3", tell=told.append)
        failing = make_workbook(folder / "nb", s02=("raise DataProblem('Ann Smith must have a customer.')",))
        with pytest.raises(StepFailed):
            run_pipeline(failing, Run("may"), given={}, until="2", tell=told.append)
        yield SimpleNamespace(folder=folder, told=told, records=records())


def test_the_runner_records_each_run_that_began_and_says_nothing(ran: SimpleNamespace) -> None:
    assert [(kept.name, kept.status) for kept in ran.records] == [
        ("june", "finished"),
        ("june", "finished"),
        ("may", "failed at 02_clean"),
    ]
    assert ran.told == []


def test_a_run_is_recorded_with_all_parameters_of_its_steps(ran: SimpleNamespace) -> None:
    assert [kept.parameters for kept in ran.records] == [
        {"orders": "june.csv", "as_of": "", "strict": False, "kept": [], "k": 6, "share": 0.5},
        {"orders": "june.csv", "as_of": "", "strict": False, "kept": [], "k": 7, "share": 0.5},
        {"orders": "", "as_of": "", "strict": False, "kept": []},
    ]


def test_steps_that_are_reused_count_as_the_run_s(ran: SimpleNamespace) -> None:
    assert [kept.steps for kept in ran.records] == [STEPS, STEPS, STEPS[:1]]
    assert {"01_out.txt", "03_out.txt", "pages/index.html"} <= {entry["name"] for entry in ran.records[1].artifacts}


def test_what_an_error_says_of_customers_is_not_recorded(ran: SimpleNamespace) -> None:
    stored = ran.folder / "data" / "runs" / "runs.sqlite"
    assert b"may" in stored.read_bytes()
    assert b"Ann Smith" not in stored.read_bytes()


# --- the list


RUNS = [
    made("may", metrics={"agreement": 0.5, "customer_count": 2000, "money": 41005.25}),
    made("june", metrics={"agreement": 0.9}, parameters={"k": 6}),
    made("july", metrics={}, failed_step="02_clean", parameters={"k": 0, "cleaning": "net"}),
]


def test_numbers_stand_to_the_right_and_what_is_missing_is_a_dash() -> None:
    listed = cli.aligned(rows(RUNS, ["name", "status", "agreement", "customer_count", "money", "k", "cleaning"]))
    assert listed == (
        "name  status              agreement  customer_count   money  k  cleaning\n"
        "may   finished                  0.5           2,000  41,005  6  –\n"
        "june  finished                  0.9               –       –  6  –\n"
        "july  failed at 02_clean          –               –       –  0  net"
    )


@pytest.mark.parametrize(
    ("by", "ascending", "names"),
    [
        ("agreement", False, ["june", "may", "july"]),
        ("agreement", True, ["may", "june", "july"]),
        ("k", True, ["july", "may", "june"]),
        ("cleaning", False, ["july", "may", "june"]),
        ("name", True, ["july", "june", "may"]),
    ],
)
def test_runs_are_ordered_by_any_column_and_those_without_a_value_come_last(
    by: str, ascending: bool, names: list[str]
) -> None:
    assert [run.name for run in in_order(RUNS, by=by, ascending=ascending)] == names


def test_numbers_come_before_words_when_a_parameter_has_had_both() -> None:
    runs = [made("words", parameters={"k": "auto"}), made("number", parameters={"k": 6})]
    assert [run.name for run in in_order(runs, by="k", ascending=True)] == ["number", "words"]


def test_the_latest_of_each_name_is_listed_unless_every_one_is_asked_for() -> None:
    first, second = made("may", parameters={"k": 1}), made("may", parameters={"k": 2})
    runs = [first, made("june"), second]
    assert select(runs, name="", every=False) == [second, made("june")]
    assert select(runs, name="", every=True) == runs
    assert select(runs, name="may", every=True) == [first, second]


def test_a_name_that_was_never_run_is_refused_with_those_that_were() -> None:
    with pytest.raises(DataProblem, match=r"There is no run 'mai' on record\. There are 'may' and 'june'\."):
        select([made("may"), made("june")], name="mai", every=False)


# --- the command


def workbook(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["runs", *arguments])


def test_without_any_run_the_command_says_how_to_make_one() -> None:
    result = workbook("--sort", "agreement")
    assert (result.exit_code, result.output) == (0, "No run is on record yet; `workbook run` makes the first.\n")


def test_the_command_lists_the_newest_run_first() -> None:
    for hour, name in enumerate(["may", "june", "may"]):
        add(made(name, started=NOON + timedelta(hours=hour), ended=NOON + timedelta(hours=hour, seconds=90)))
    assert [line.split()[0] for line in workbook().stdout.splitlines()] == ["name", "may", "june"]
    assert workbook("--columns", "k, seconds,name", "--all", "--name", "may").stdout == (
        "name  k  seconds\nmay   6       90\nmay   6       90\n"
    )


def test_an_unknown_column_is_refused_with_those_that_there_are() -> None:
    add(made(metrics={"agreement": 0.9, "evaluate.later.low": 1, "evaluate.later.high": 2}))
    for option in ("--sort", "--columns"):
        result = workbook(option, "later.lo")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == (
            "There is no column 'later.lo'. Did you mean 'evaluate.later.low'? Those that exist:\n"
            "Of the run: name, started, ended, seconds, status, verdict, steps\n"
            "Parameters: k, orders\n"
            "Measures: agreement, evaluate.later.low and 1 more, which --csv writes.\n"
        )


def test_a_csv_file_holds_everything_unrounded(home: Path) -> None:
    add(made(metrics={"agreement": 0.8602543367078818}, parameters={"orders": ["=a.csv"], "k": 6}))
    assert workbook("--csv", str(home / "runs.csv")).exit_code == 0
    with (home / "runs.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row == {
        "name": "june",
        "started": "2026-06-30T12:00:00+00:00",
        "ended": "2026-06-30T12:01:00+00:00",
        "seconds": "60.0",
        "status": "finished",
        "verdict": "act",
        "steps": "01_ingest 02_clean",
        "k": "6",
        "orders": '["=a.csv"]',
        "agreement": "0.8602543367078818",
    }


def test_a_broken_store_is_told_by_the_command() -> None:
    store_path().parent.mkdir(parents=True)
    store_path().write_text("not a database" * 100)
    result = workbook()
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Can't use the record of runs in 'runs.sqlite': file is not a database.")


# --- MLflow


def forbidden(*_: object, **__: object) -> None:
    raise AssertionError("MLflow was asked")


@pytest.mark.parametrize(("address", "installed"), [("", True), ("sqlite:///mlflow.db", False)])
def test_without_an_address_or_the_package_mlflow_costs_nothing(
    june: Run, monkeypatch: pytest.MonkeyPatch, address: str, installed: bool
) -> None:
    monkeypatch.setenv(tracking.ADDRESS, address)
    monkeypatch.setattr(tracking, "find_spec", lambda name: object() if installed else None)
    monkeypatch.setattr(subprocess, "run", forbidden)
    assert block(june) == []


def test_mlflow_that_does_not_answer_is_left_after_its_time(june: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracking.ADDRESS, "http://127.0.0.1:9")
    monkeypatch.setattr(tracking, "find_spec", lambda name: object())
    monkeypatch.setattr(tracking, "SECONDS", 0.01)
    told = "This run is not in MLflow. There was no answer within 0.01 seconds. Is MLFLOW_TRACKING_URI right?"
    assert block(june) == [told]
    assert len(records()) == 1


needs_mlflow = pytest.mark.skipif(
    find_spec("mlflow") is None, reason="mlflow-skinny is not installed; `pip install -r requirements.txt` brings it"
)


@needs_mlflow
def test_an_address_where_nobody_is_costs_one_sentence(june: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracking.ADDRESS, "http://ann:s3cret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (told,) = block(june)
    assert told.startswith("This run is not in MLflow. MlflowException: API request to http://127.0.0.1:9/")
    assert told.endswith("Is MLFLOW_TRACKING_URI right?")
    assert len(records()) == 1


READING = """
import json, sys
from mlflow import MlflowClient
from segmentation.recording.tracking import send
client = MlflowClient()
send(json.load(sys.stdin))
found = client.search_runs([client.get_experiment_by_name(sys.argv[1]).experiment_id], order_by=["start_time"])
files = [[file.path for file in client.list_artifacts(run.info.run_id)] for run in found]
print(json.dumps([run.to_dictionary() | {"files": names} for run, names in zip(found, files)]))
"""


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What MLflow's own client reads in a store of its own: a finished run as it was logged, then a failed one."""
    folder = tmp_path_factory.mktemp("tracked")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_home(folder, monkeypatch)
        monkeypatch.chdir(folder)
        monkeypatch.setenv(tracking.ADDRESS, f"sqlite:///{folder / 'mlflow.db'}")
        monkeypatch.setenv(tracking.EXPERIMENT_NAME, "spring")
        run = Run("june")
        for name in ("05_evaluation.json", "04_segments.csv"):
            write_json(run.artifacts / name, EVALUATION)
        run.pages.mkdir(parents=True)
        (run.pages / "05_evaluate.html").write_text("page")
        names = ("04_segments.csv", "05_evaluation.json", "pages/05_evaluate.html")
        many = {f"evaluate.late_big.{n}": n / 4 for n in range(250)}
        finished = made(
            metrics=many,
            parameters={"k": 6, "orders": ["june.csv"], "rules": "x" * 600},
            artifacts=tuple({"name": name} for name in names),
            inputs=({"name": "june.csv", "sha256": "ab" * 32},),
        )
        tracking.log(finished, run)
        failed = vars(made("july", started=NOON + timedelta(hours=1), failed_step="02_clean")) | {"files": []}
        read = subprocess.run(
            [sys.executable, "-c", READING, "spring"],
            input=json.dumps(failed, default=str),
            capture_output=True,
            text=True,
            check=True,
            env=tracking.UNLESS_SET | os.environ,
        )
        return json.loads(read.stdout)


@needs_mlflow
def test_mlflow_gets_every_number_and_parameter(tracked: list[dict[str, Any]]) -> None:
    data = tracked[0]["data"]
    assert data["metrics"] == {f"evaluate.late_big.{n}": n / 4 for n in range(250)}
    assert data["params"] == {"k": "6", "orders": '["june.csv"]', "rules": "x" * 499 + "…"}


@needs_mlflow
def test_mlflow_is_told_when_the_run_was_what_became_of_it_and_from_what(tracked: list[dict[str, Any]]) -> None:
    info, tags = [run["info"] for run in tracked], tracked[0]["data"]["tags"]
    assert [(run["run_name"], run["status"]) for run in info] == [("june", "FINISHED"), ("july", "FAILED")]
    assert info[0]["start_time"] == NOON.timestamp() * 1000
    assert info[0]["end_time"] == NOON.timestamp() * 1000 + 60_000
    assert tags["inputs"] == '["june.csv abababababab"]'
    assert tags["version.pandas"] == "3.1.1"
    assert tags["verdict"] == "act"
    assert tracked[1]["data"]["tags"]["failed_step"] == "02_clean"


@needs_mlflow
def test_mlflow_gets_the_evaluation_and_the_pages_and_no_table_of_customers(tracked: list[dict[str, Any]]) -> None:
    assert [run["files"] for run in tracked] == [["05_evaluate.html", "05_evaluation.json"], []]


@needs_mlflow
def test_mlflow_is_not_told_who_ran_it_or_where(tracked: list[dict[str, Any]]) -> None:
    tags = {name: value for run in tracked for name, value in run["data"]["tags"].items()}
    assert set(tags) == {"verdict", "failed_step", "steps", "inputs", "version.pandas", "mlflow.runName"}
    assert {run["info"]["user_id"] for run in tracked} <= {"unknown", "", None}
