"""One run of a name at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from segmentation.lock import alone
from segmentation.problems import DataProblem
from segmentation.runs import Run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    return tmp_path


def test_a_run_that_goes_on_refuses_another_of_its_name() -> None:
    with (
        alone(Run("june")),
        pytest.raises(DataProblem, match=r"Run 'june' is going on already; .* another --name\?"),
        alone(Run("june")),
    ):
        pass


def test_runs_of_other_names_go_on_beside_it() -> None:
    with alone(Run("june")), alone(Run("july")):
        pass


def test_a_name_is_free_again_after_a_run_however_it_ended() -> None:
    with pytest.raises(RuntimeError, match="full disk"), alone(Run("june")):
        raise RuntimeError("full disk")
    with alone(Run("june")):
        pass


def test_a_refused_run_leaves_the_other_one_its_lock() -> None:
    with alone(Run("june")):
        for _ in range(2):
            with pytest.raises(DataProblem, match="going on already"), alone(Run("june")):
                pass


def test_the_run_of_another_process_counts_and_ends_with_it() -> None:
    hold = "from segmentation.lock import alone\nfrom segmentation.runs import Run\n"
    hold += "with alone(Run('june')):\n    print('held', flush=True)\n    input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().strip() == b"held"
        with pytest.raises(DataProblem, match="going on already"), alone(Run("june")):
            pass
        other.kill()
    with alone(Run("june")):
        pass


def test_a_process_started_meanwhile_does_not_keep_the_lock() -> None:
    with alone(Run("june")):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with alone(Run("june")):
            assert child.poll() is None
    finally:
        child.communicate()
