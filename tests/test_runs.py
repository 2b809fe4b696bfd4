"""A run's folder: names, whole files or none, the manifest as the last word."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from segmentation import runs
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT, Run, Step, begin, fingerprint, replacing, resolve, write_json

FINDINGS = [{"sentence": "{lines} lines", "values": {"lines": 3}}]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    return tmp_path


def finish(step: Step, **facts: object) -> None:
    step.finish(rows_in=3, rows_out=2, rows_quarantined=1, findings=FINDINGS, facts=facts)


def run_steps(*names: str, run: str = "june") -> Run:
    """Run steps that write one artifact each."""
    for name in names:
        step = begin(name, run, seed=7)
        step.write_json(f"{name}.json", {"made by": name})
        finish(step, **{f"told_by_{name}": name})
    return Run(run)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- names and places


@pytest.mark.parametrize("name", ["november", "2025-11", "a_b-C", "x" * 64, "7"])
def test_a_plain_word_names_a_run(name: str, home: Path) -> None:
    assert Run(name).artifacts == home.resolve() / "data" / "runs" / name
    assert Run(name).pages == home.resolve() / "reports" / name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../june", "june/july", "june\\july", "/tmp/june", "~", "june.html", ".june", "-june", "_june",
     "my june", "june\n", "jüne", "C:", "x" * 65],
)  # fmt: skip
def test_a_name_that_is_no_plain_word_is_refused(name: str) -> None:
    with pytest.raises(DataProblem, match="A run's name must be one word of letters, digits, '-' and '_', at most 64"):
        Run(name)


def test_beginning_with_a_refused_name_makes_no_folder(home: Path) -> None:
    with pytest.raises(DataProblem, match=r"got '\.\./june'"):
        begin("01_ingest", "../june")
    assert names(home) == []


def test_a_step_given_a_password_refuses_before_anything_is_written(home: Path) -> None:
    url = "postgresql://ann:s3cret@db/shop?table=orders"
    with pytest.raises(DataProblem, match="'orders' must not hold a password") as problem:
        begin("01_ingest", "june", orders=["june.csv", url], seed=7)
    assert "s3cret" not in str(problem.value)
    assert names(home) == []


def test_without_workbook_home_the_project_is_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBOOK_HOME")
    assert Run("june").artifacts == PROJECT / "data" / "runs" / "june"


def test_a_relative_file_counts_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve("data/sample/orders.csv") == PROJECT / "data" / "sample" / "orders.csv"
    assert resolve(str(tmp_path / "orders.csv")) == tmp_path / "orders.csv"


# --- whole files or none


def test_a_file_takes_its_name_when_all_went_well(tmp_path: Path) -> None:
    with replacing(tmp_path / "deep" / "orders.csv") as part:
        part.write_text("new")
        assert not (tmp_path / "deep" / "orders.csv").exists()
    assert (tmp_path / "deep" / "orders.csv").read_text() == "new"
    assert names(tmp_path / "deep") == ["orders.csv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt("stopped"), OSError(errno.ENOSPC, "No space left on device")])
def test_the_old_file_stays_when_writing_fails(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "orders.csv").write_text("old")

    def write_half() -> None:
        with replacing(tmp_path / "orders.csv") as part:
            part.write_text("ha")
            raise error

    with pytest.raises(type(error), match=str(error.args[-1])):
        write_half()
    assert (tmp_path / "orders.csv").read_text() == "old"
    assert names(tmp_path) == ["orders.csv"]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "audiences").mkdir()
    (tmp_path / "audiences" / "champions.csv").write_text("old")
    with replacing(tmp_path / "audiences") as part:
        part.mkdir()
        (part / "regulars.csv").write_text("new")
    assert names(tmp_path) == ["audiences"]
    assert names(tmp_path / "audiences") == ["regulars.csv"]


def test_the_old_folder_stays_when_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "audiences").mkdir()
    (tmp_path / "audiences" / "champions.csv").write_text("old")

    def write_half() -> None:
        with replacing(tmp_path / "audiences") as part:
            part.mkdir()
            (part / "regulars.csv").write_text("ha")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_half()
    assert names(tmp_path) == ["audiences"]
    assert names(tmp_path / "audiences") == ["champions.csv"]


def test_the_old_folder_stays_when_nothing_was_written(tmp_path: Path) -> None:
    (tmp_path / "audiences").mkdir()
    with pytest.raises(FileNotFoundError, match="audiences"), replacing(tmp_path / "audiences"):
        pass
    assert names(tmp_path) == ["audiences"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_kill_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("old")
    killed = (
        "import os, signal, pathlib\n"
        "from segmentation.runs import replacing\n"
        f"with replacing(pathlib.Path({str(tmp_path)!r}) / 'orders.csv') as part:\n"
        "    part.write_text('ha')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -signal.SIGKILL
    assert (tmp_path / "orders.csv").read_text() == "old"


def test_json_is_written_as_a_person_would_read_it(tmp_path: Path) -> None:
    write_json(tmp_path / "told.json", {"place": "Göttingen", "day": pd.Timestamp("2025-03-01")})
    assert json.loads((tmp_path / "told.json").read_text(encoding="utf-8")) == {
        "place": "Göttingen",
        "day": "2025-03-01 00:00:00",
    }
    assert "Gött" in (tmp_path / "told.json").read_text(encoding="utf-8")


def test_json_that_can_t_be_written_leaves_the_old(tmp_path: Path) -> None:
    write_json(tmp_path / "told.json", {"k": 5})
    with pytest.raises(TypeError, match="keys must be"):
        write_json(tmp_path / "told.json", {("no", "key"): 1})
    assert json.loads((tmp_path / "told.json").read_text()) == {"k": 5}


def test_a_file_is_identified_by_name_bytes_and_hash(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(b"a,b\n1,2\n")
    assert fingerprint(tmp_path / "orders.csv") == {
        "name": "orders.csv",
        "bytes": 8,
        "sha256": hashlib.sha256(b"a,b\n1,2\n").hexdigest(),
    }


# --- the manifest


def test_a_new_run_has_a_manifest_without_steps() -> None:
    told = {"run": "june", "parameters": {}, "inputs": [], "steps": {}, "versions": {}}
    assert Run("june").manifest() == told


def test_finishing_signs_what_was_read_handed_on_and_found() -> None:
    step = begin("02_clean", "june", cleaning="net", max_quantity=50_000)
    finish(step, currency="EUR")
    manifest = Run("june").manifest()
    signed = manifest["steps"]["02_clean"]
    assert {name: value for name, value in signed.items() if name not in ("seconds", "peak_mb")} == {
        "rows_in": 3,
        "rows_out": 2,
        "rows_quarantined": 1,
        "parameters": {"cleaning": "net", "max_quantity": 50_000},
        "facts": {"currency": "EUR"},
        "findings": FINDINGS,
    }
    assert manifest["parameters"] == {"cleaning": "net", "max_quantity": 50_000}


def test_finishing_measures_time_and_memory() -> None:
    finish(begin("01_ingest", "june"))
    signed = Run("june").manifest()["steps"]["01_ingest"]
    assert 0 <= signed["seconds"] < 60
    assert 10 < signed["peak_mb"] < 100_000


def test_the_manifest_names_versions_and_inputs() -> None:
    step = begin("01_ingest", "june")
    inputs = [{"table": "orders", "name": "orders.csv", "bytes": 8, "sha256": "0", "rows": 1}]
    step.finish(rows_in=1, rows_out=1, findings=[], inputs=inputs)
    finish(begin("02_clean", "june"))
    manifest = Run("june").manifest()
    assert manifest["inputs"] == inputs
    assert set(manifest["versions"]) == set(runs.VERSIONS)


def test_the_manifest_is_written_last(home: Path) -> None:
    step = begin("01_ingest", "june")
    with step.write("01_orders.csv") as part:
        part.write_text("a")
    assert names(step.run.artifacts) == ["01_orders.csv"]
    finish(step)
    assert names(step.run.artifacts) == ["01_orders.csv", "manifest.json"]


def test_beginning_a_step_forgets_it_and_every_later_one() -> None:
    run_steps("01_ingest", "02_clean", "03_features")
    begin("02_clean", "june")
    assert list(Run("june").manifest()["steps"]) == ["01_ingest"]


def test_beginning_a_step_leaves_artifacts_and_other_runs_alone() -> None:
    run_steps("01_ingest", "02_clean")
    other = run_steps("01_ingest", "02_clean", run="july")
    begin("01_ingest", "june")
    assert names(Run("june").artifacts) == ["01_ingest.json", "02_clean.json", "manifest.json"]
    assert list(other.manifest()["steps"]) == ["01_ingest", "02_clean"]


def test_steps_stand_in_their_order_however_they_were_run() -> None:
    finish(begin("01_ingest", "june"))
    late = Step("03_features", Run("june"), {})
    finish(late)
    finish(Step("02_clean", Run("june"), {}))
    assert list(Run("june").manifest()["steps"]) == ["01_ingest", "02_clean", "03_features"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_run_s_folder_is_for_its_owner_only(home: Path) -> None:
    folder = home / "data" / "runs" / "june"
    folder.mkdir(parents=True, mode=0o755)
    begin("01_ingest", "june")
    assert folder.stat().st_mode & 0o777 == 0o700


# --- what a step reads


def test_an_artifact_of_a_finished_step_is_found() -> None:
    run = run_steps("01_ingest")
    assert run.artifact("01_ingest.json") == run.artifacts / "01_ingest.json"
    assert begin("02_clean", "june").read_json("01_ingest.json") == {"made by": "01_ingest"}


def test_an_artifact_of_a_step_that_never_ran_is_refused_with_the_command() -> None:
    message = (
        "Can't read '01_orders.parquet' of run 'june': step 01 has not finished. "
        r"Run it first, or the whole run with `workbook run --name june`\?"
    )
    with pytest.raises(DataProblem, match=message):
        begin("02_clean", "june").read("01_orders.parquet")


def test_an_artifact_of_a_step_that_was_cut_off_is_refused() -> None:
    run = run_steps("01_ingest")
    begin("01_ingest", "june")
    with pytest.raises(DataProblem, match=r"'01_ingest\.json' of run 'june': step 01 has not finished"):
        run.artifact("01_ingest.json")


def test_an_artifact_that_someone_removed_is_refused() -> None:
    run = run_steps("01_ingest")
    (run.artifacts / "01_ingest.json").unlink()
    with pytest.raises(DataProblem, match="step 01 has not finished"):
        run.artifact("01_ingest.json")


def test_a_fact_comes_from_any_earlier_step() -> None:
    run_steps("01_ingest", "02_clean")
    assert begin("03_features", "june").fact("told_by_01_ingest") == "01_ingest"


def test_a_parameter_of_an_earlier_step_is_a_fact() -> None:
    run_steps("01_ingest")
    assert begin("02_clean", "june").fact("seed") == 7


def test_a_fact_that_nobody_told_is_refused() -> None:
    run_steps("01_ingest")
    message = r"Run 'june' must have its earlier steps before 02_clean; none has told currency\. Run them first"
    with pytest.raises(DataProblem, match=message):
        begin("02_clean", "june").fact("currency")


def test_a_fact_of_a_step_that_was_begun_again_is_gone() -> None:
    run_steps("01_ingest", "02_clean")
    begin("02_clean", "june")
    with pytest.raises(DataProblem, match="none has told told_by_02_clean"):
        begin("03_features", "june").fact("told_by_02_clean")


# --- tables


def test_tables_are_written_as_parquet_and_told_where() -> None:
    table = pd.DataFrame({"customer_id": ["ann", "ben"], "orders": [1, 2]})
    step = begin("03_features", "june")
    paths = step.write_tables({"03_features.parquet": table, "03_more.parquet": table})
    assert paths == [step.run.artifacts / "03_features.parquet", step.run.artifacts / "03_more.parquet"]
    pd.testing.assert_frame_equal(pd.read_parquet(paths[1]), table)


def test_a_table_that_can_t_be_written_leaves_the_old(home: Path) -> None:
    class Broken:
        def to_parquet(self, path: Path) -> None:
            path.write_bytes(b"PAR1 and half a table")
            raise OSError(errno.ENOSPC, "No space left on device")

    step = begin("03_features", "june")
    step.write_table("03_features.parquet", pd.DataFrame({"orders": [1]}))
    with pytest.raises(OSError, match="No space left"):
        step.write_table("03_features.parquet", Broken())
    assert names(step.run.artifacts) == ["03_features.parquet"]
    assert pd.read_parquet(step.run.artifacts / "03_features.parquet")["orders"].tolist() == [1]
