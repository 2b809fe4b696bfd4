"""The whole run as a user starts it: pages, artifacts, privacy, parts of it again, and what stops it."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pandas as pd
import psutil
import pytest
from click.testing import CliRunner
from platforms import EXPORTS
from servers import ESCAPED, PASSWORD, Server, load_csv, mariadb_fixture, postgresql_fixture  # noqa: F401
from workbooks import once

from segmentation import cli
from segmentation.runs import PROJECT

STEPS = ["01_ingest", "02_clean", "03_features", "04_cluster", "05_evaluate", "06_campaign_plan"]
QUICK = ["-p", "k_refits", "5", "-p", "refits", "5", "-p", "holdout_looks", "2", "-p", "learn_seconds", "2"]


class Outcome(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def command(home: Path, *words: str) -> tuple[list[str], Mapping[str, str]]:
    """Word a `workbook` command and its environment, with runs and reports under `home`."""
    return [str(Path(sys.executable).with_name("workbook")), *words], os.environ | {"WORKBOOK_HOME": str(home)}


def workbook(home: Path, *words: str, **options: object) -> Outcome:
    """Run a `workbook` command to its end."""
    words, environment = command(home, *words)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False, **options)
    return Outcome(done.returncode, done.stdout, done.stderr)


def manifest(home: Path, name: str) -> dict:
    return json.loads((home / "data" / "runs" / name / "manifest.json").read_text(encoding="utf-8"))


def findings(home: Path, name: str) -> dict[str, list[str]]:
    """List the sentences that each step of a run found."""
    steps = manifest(home, name)["steps"]
    return {step: [finding["sentence"] for finding in told["findings"]] for step, told in steps.items()}


def shown_text(home: Path, name: str) -> dict[str, str]:
    """Read what a run would be shared with: its pages and tables, without their pictures and the rules of style."""
    shown = {
        file.name: re.sub(r"data:image/png;base64,[^\"']+", "", file.read_text(encoding="utf-8"))
        for file in (home / "reports" / name).rglob("*")
        if file.suffix in (".html", ".csv")
    }
    assert len(shown) > 1
    return {file: re.sub(r"@(media|page|font|supports)\b", "", text) for file, text in shown.items()}


def orders_csv(path: Path, lines: list[str]) -> Path:
    """Write orders in canonical columns."""
    path.write_text("\n".join(["order_id,customer_id,ordered_at,product_name,quantity,unit_price", *lines]) + "\n")
    return path


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the whole workbook on the sample once for all workers, with fewer refits than by default; read it only."""
    return once(tmp_path_factory, "sample", lambda home: finish(home, "--name", "whole"))


def finish(home: Path, *words: str) -> None:
    """Run the workbook to its last page."""
    done = workbook(home, "run", *words, *QUICK)
    assert done.code == 0, done.err


@pytest.fixture
def own(sample_run: Path, tmp_path: Path) -> Path:
    """Copy the sample's run, to change it."""
    return shutil.copytree(sample_run, tmp_path / "own")


def refused(home: Path, *words: str) -> str:
    """Run a command that is refused before anything starts, in this very process, and give its sentence."""
    done = CliRunner().invoke(cli.main, ["run", *words], env={"WORKBOOK_HOME": str(home)})
    assert (done.exit_code, done.stdout) == (1, "")
    return done.stderr


# --- a run from orders to the last page


def test_every_step_signs_the_manifest(sample_run: Path) -> None:
    told = manifest(sample_run, "whole")
    assert list(told) == ["run", "parameters", "inputs", "steps", "versions"]
    assert list(told["steps"]) == STEPS
    for step in told["steps"].values():
        assert {"seconds", "rows_in", "rows_out", "rows_quarantined", "peak_mb"} <= set(step)
        assert step["findings"]


def test_rows_are_accounted_for(sample_run: Path) -> None:
    told = manifest(sample_run, "whole")
    cleaned = told["steps"]["02_clean"]
    assert told["inputs"][0]["rows"] == 11_902
    assert cleaned["rows_in"] == cleaned["rows_out"] + cleaned["rows_quarantined"] == 11_902


def test_every_step_has_a_page_and_the_index_opens_with_all_findings(sample_run: Path) -> None:
    pages = sample_run / "reports" / "whole"
    assert sorted(page.stem for page in pages.glob("*.html")) == [*STEPS, "index"]
    index = (pages / "index.html").read_text(encoding="utf-8")
    for step in manifest(sample_run, "whole")["steps"].values():
        for finding in step["findings"]:
            assert finding["sentence"].split("'")[0].split("&")[0] in index


def test_pages_load_nothing_from_anywhere(sample_run: Path) -> None:
    for page in (sample_run / "reports" / "whole").glob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert "<script" not in html
        assert re.findall(r"""(?:src|srcset|poster|data)=["'](?!data:)[^"']*["']""", html) == []
        assert re.findall(r"<link\b[^>]*>|@import|url\((?!['\"]?data:)", html) == []


def test_nothing_shared_identifies_a_customer(sample_run: Path) -> None:
    customers = pd.read_csv(PROJECT / "data" / "sample" / "customers.csv", dtype=str)
    personal = {word for column in ("email", "name", "phone") for word in customers[column].dropna() if len(word) > 6}
    for file, text in shown_text(sample_run, "whole").items():
        assert [word for word in personal if word in text] == [], file
        assert "@" not in text, file


def test_no_shared_file_holds_a_path_of_this_machine(sample_run: Path) -> None:
    for file in (sample_run / "reports" / "whole").rglob("*.html"):
        assert str(sample_run) not in file.read_text(encoding="utf-8")
        assert str(PROJECT) not in file.read_text(encoding="utf-8")


def test_the_run_s_folder_is_its_owner_s_alone(sample_run: Path) -> None:
    assert (sample_run / "data" / "runs" / "whole").stat().st_mode & 0o077 == 0


def test_audiences_hold_only_who_agreed_and_is_treated(sample_run: Path) -> None:
    folder = sample_run / "data" / "runs" / "whole"
    customers = pd.read_csv(PROJECT / "data" / "sample" / "customers.csv", dtype=str)
    agreed = set(customers.loc[customers["marketing_consent"] == "true", "customer_id"])
    arms = pd.read_csv(folder / "06_arms.csv").set_index("customer_id")["arm"]
    written = pd.concat([pd.read_csv(file) for file in (folder / "audiences").glob("*.csv")])["Customer ID"]
    assert written.is_unique
    assert set(written) == set(arms.index[arms == "treated"])
    assert set(written) <= agreed


def test_segments_hold_what_later_steps_rely_on(sample_run: Path) -> None:
    segments = pd.read_parquet(sample_run / "data" / "runs" / "whole" / "04_segments.parquet")
    assert {"customer_id", "segment", "name", "confidence"} <= set(segments)
    assert sorted(segments["segment"].unique()) == list(range(segments["segment"].nunique()))
    assert segments["confidence"].between(0, 1).all()


def test_the_run_is_on_record_with_its_verdict_and_every_main_number(sample_run: Path) -> None:
    listed = CliRunner().invoke(cli.main, ["runs"], env={"WORKBOOK_HOME": str(sample_run)}).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["name", "whole"]
    assert " finished " in listed[1]
    assert "–" not in listed[1]


# --- parts of a run again


def test_later_steps_run_again_from_what_stands(own: Path) -> None:
    done = workbook(own, "run", "--name", "whole", "--from", "campaign", "-p", "control_share", "0.2")
    assert done.code == 0, done.err
    assert manifest(own, "whole")["parameters"]["control_share"] == 0.2


def test_from_refuses_other_parameters_for_earlier_steps(sample_run: Path) -> None:
    assert "'k' was 0, now 4" in refused(sample_run, "--name", "whole", "--from", "evaluate", "-p", "k", "4")


def test_from_refuses_what_is_not_there(sample_run: Path) -> None:
    assert "01_ingest" in refused(sample_run, "--name", "never", "--from", "cluster")


def test_a_notebook_runs_alone_under_papermill_in_any_folder(own: Path, tmp_path: Path) -> None:
    papermill = Path(sys.executable).with_name("papermill")
    notebook = PROJECT / "notebooks" / "06_campaign_plan.ipynb"
    words = [papermill, notebook, "out.ipynb", "-p", "run", "whole", "-p", "control_share", "0.3"]
    environment = os.environ | {"WORKBOOK_HOME": str(own)}
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert manifest(own, "whole")["parameters"]["control_share"] == 0.3


# --- what stops a run, and leaves everything whole


def test_unknown_and_mistyped_parameters_run_nothing(home: Path) -> None:
    assert "Did you mean 'k_max'?" in refused(home, "--name", "refused", "-p", "kmax", "5")
    assert "'k' must be int, a whole number; got 'five'" in refused(home, "--name", "refused", "-p", "k", "five")
    assert not (home / "data" / "runs" / "refused").exists()


def test_a_run_s_name_can_t_be_a_path(home: Path) -> None:
    assert "A run's name must be one word" in refused(home, "--name", "../elsewhere")


def test_a_missing_file_is_told_before_anything_runs(home: Path, tmp_path: Path) -> None:
    assert "there is no file 'june.csv'" in refused(home, "--orders", str(tmp_path / "june.csv"))


def test_a_header_without_rows_is_a_sentence_and_no_traceback(home: Path, tmp_path: Path) -> None:
    orders = str(orders_csv(tmp_path / "orders.csv", []))
    done = workbook(home, "run", "--orders", orders, "--name", "empty", "--until", "ingest")
    assert done.code == 1
    assert "01_ingest" in done.err
    assert "holds a header and no rows" in done.err
    assert "Traceback" not in done.err
    assert (home / "data" / "runs" / "empty" / "notebooks" / "01_ingest.ipynb").exists()


TWO_ROWS = ["1,ann,2026-01-05,Mug,1,9.5", "2,bob,2026-02-05,Mug,1,9.5"]
ALIKE = [f"{i},c{i},2026-01-05,Mug,1,9.5" for i in range(40)]


@pytest.fixture(scope="session")
def alike_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the whole workbook on forty alike customers once for all workers; read it only."""

    def make(home: Path) -> None:
        finish(home, "--name", "tiny", "--orders", str(orders_csv(home / "orders.csv", ALIKE)))

    return once(tmp_path_factory, "alike", make)


@pytest.fixture(scope="session")
def killed_run(tmp_path_factory: pytest.TempPathFactory, alike_run: Path) -> Path:
    """Kill a run in each of its steps, then run its name once more to the end, on two rows; read it only."""

    def make(home: Path) -> None:
        shutil.copytree(alike_run, home, dirs_exist_ok=True)
        stood = {step: kill_in(step, home) for step in reversed(STEPS)}
        (home / "stood.json").write_text(json.dumps(stood))
        finish(home, "--name", "tiny", "--orders", str(orders_csv(home / "two.csv", TWO_ROWS)))

    return once(tmp_path_factory, "killed", make)


@pytest.mark.parametrize("run", ["alike_run", "killed_run"], ids=["forty alike", "two rows"])
def test_tiny_shops_end_with_a_report_that_says_what_it_could_not_do(run: str, request: pytest.FixtureRequest) -> None:
    told = findings(request.getfixturevalue(run), "tiny")
    assert list(told) == STEPS
    assert any("All customers are one group" in sentence for sentences in told.values() for sentence in sentences)


# --- what shops have


def orders_of(orders: range) -> str:
    """Write orders of one line for 10.00 each, one a day."""
    days = pd.date_range("2026-01-01", periods=orders.stop)
    rows = [f"{order},c{order % 7},{days[order]:%Y-%m-%d},Mug,1,10.0" for order in orders]
    return "\n".join(["order_id,customer_id,ordered_at,product_name,quantity,unit_price", *rows, ""])


def test_orders_that_stand_in_two_months_of_an_archive_and_a_folder_count_once(home: Path, tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "july.csv").write_text(orders_of(range(70, 110)))
    with ZipFile(tmp_path / "exports.zip", "w") as archive:
        archive.writestr("may.csv", orders_of(range(50)))
        archive.writestr("june.csv", orders_of(range(40, 80)))
    given = ["--orders", str(tmp_path / "exports.zip"), "--orders", str(tmp_path / "later")]
    done = workbook(home, "run", *given, "--name", "months", "--until", "clean")
    assert done.code == 0, done.err
    cleaned = manifest(home, "months")["steps"]["02_clean"]
    assert (cleaned["rows_in"], cleaned["rows_out"], cleaned["rows_quarantined"]) == (130, 110, 20)
    kept = pd.read_parquet(home / "data" / "runs" / "months" / "02_orders.parquet")
    assert kept["order_id"].is_unique
    newest = kept.set_index("order_id")["source_file"]
    assert newest[["39", "45", "75", "100"]].tolist() == [
        "exports.zip/may.csv",
        "exports.zip/june.csv",
        "july.csv",
        "july.csv",
    ]


# On Windows no file can be called so.
QUOTED = "订单 o'clock.csv" if sys.platform == "win32" else """订单 o'clock "june" <img src=x onerror=alert('1')>.csv"""


def taobao_file(path: Path) -> Path:
    """Write orders of 120 customers of three kinds as Taobao does, in GB18030; texts are markup and formulas."""
    export = next(export for export in EXPORTS if export.title == "Taobao and Tmall")
    rows = []
    for i in range(120):
        orders, price = [(1, 5), (4, 20), (12, 80)][i % 3]
        for j in range(orders):
            day = pd.Timestamp("2025-01-01") + pd.Timedelta(days=(i * 7 + j * 29 + 200 * (i % 3 == 0)) % 360)
            rows.append(
                export.rows[0]
                | {
                    "订单编号": f'="{12345678901234 + len(rows)}"',
                    "买家会员名": f"=cmd小安家{i:03}",
                    "买家实际支付金额": f"{(price + i % 5) * (1 + (i + j) % 2)}.00",
                    "买家应付邮费": "0.00",
                    "宝贝标题 ": f"<script>alert({i})</script>",
                    "联系手机": f"'13912345{i:03}",
                    "订单创建时间": f"{day:%Y-%m-%d} 10:00:00",
                }
            )
    path.write_bytes(replace(export, rows=rows).content())
    return path


@pytest.fixture(scope="session")
def taobao_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the whole workbook on such a file once for all workers; read it only."""

    def make(home: Path) -> None:
        finish(home, "--name", "taobao", "--orders", str(taobao_file(home / QUOTED)), "-p", "k", "3")

    return once(tmp_path_factory, "taobao", make)


def test_a_taobao_file_in_gb18030_ends_in_a_report_without_its_customers(taobao_run: Path) -> None:
    told = findings(taobao_run, "taobao")
    assert list(told) == STEPS
    assert told["01_ingest"][0].startswith("680 order lines of 120 known customers were read from Taobao and Tmall")
    personal = [word for n in range(120) for word in (f"小安家{n:03}", f"13912345{n:03}")]
    for file, text in shown_text(taobao_run, "taobao").items():
        assert [word for word in personal if word in text] == [], file


def test_markup_and_quotes_stay_text(taobao_run: Path) -> None:
    pages = {page.name: page.read_text(encoding="utf-8") for page in (taobao_run / "reports").rglob("*.html")}
    assert sorted(pages) == [*(f"{step}.html" for step in STEPS), "index.html"]
    assert [name for name, html in pages.items() if "<script" in html or "<img src=x" in html] == []
    assert unescape(pages["01_ingest.html"]).count(QUOTED) >= 1
    assert manifest(taobao_run, "taobao")["inputs"][0]["name"] == QUOTED


def test_formulas_stay_out_of_csv(taobao_run: Path) -> None:
    written = [file for folder in ("data", "reports") for file in (taobao_run / folder).rglob("*.csv")]
    cells = [cell for file in written for line in file.read_text("utf-8").splitlines() for cell in line.split(",")]
    assert any("cmd" in cell for cell in cells)
    assert [cell for cell in cells if re.match(r'"?[=@]', cell)] == []


def test_a_summary_of_customers_goes_to_the_end_and_says_what_it_can_t_give(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "customers so far.csv"
    rows = [f"c{n}@example.com,+49 30 55512{n:03},{n * 5},{1 + n % 6},{20 + n * n % 90}.50" for n in range(80)]
    path.write_text("\n".join(["Email,Phone,Recency,Frequency,Monetary", *rows, ""]))
    words = ["--orders", str(path), "--name", "summary", "-p", "as_of", "2026-06-30", *QUICK]
    done = workbook(home, "run", *words)
    assert done.code == 0, done.err
    told = findings(home, "summary")
    assert list(told) == STEPS
    assert any("Only a customer's last day is known" in sentence for sentence in told["01_ingest"])
    for file, text in shown_text(home, "summary").items():
        assert "@" not in text, file
        assert "55512" not in text, file


# --- databases


def written(home: Path, name: str) -> list[Path]:
    """List every file of a run."""
    folders = (home / "data" / "runs" / name, home / "reports" / name)
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def holding(files: list[Path], *secrets: str) -> list[str]:
    """List the files that hold any of these words."""
    return [file.name for file in files if any(secret.encode() in file.read_bytes() for secret in secrets)]


SECRETS = (PASSWORD, ESCAPED, PASSWORD.replace("/", "\\/"), "gr0und", "c0ffee")


@pytest.fixture(scope="module")
def server_run(home: Path, postgresql: Server) -> Outcome:
    """Run two steps on the sample's orders in PostgreSQL, the password in their address."""
    types = {"quantity": "integer", "unit_price": "numeric(10, 2)", "discount": "numeric(10, 2)"}
    load_csv(postgresql, PROJECT / "data" / "sample" / "orders.csv", "orders", types=types)
    done = workbook(home, "run", "--orders", postgresql.url(password=ESCAPED), "--name", "server", "--until", "clean")
    assert done.code == 0, done.err
    return done


def test_orders_in_postgresql_are_those_in_the_file(home: Path, sample_run: Path, server_run: Outcome) -> None:
    tables = [
        pd.read_parquet(folder / "01_orders.parquet").drop(columns=["source_file", "source_row"])
        for folder in (home / "data" / "runs" / "server", sample_run / "data" / "runs" / "whole")
    ]
    one, other = (table.sort_values(list(table.columns)).reset_index(drop=True) for table in tables)
    pd.testing.assert_frame_equal(one, other)


def test_a_database_s_password_is_written_nowhere(home: Path, postgresql: Server, server_run: Outcome) -> None:
    assert manifest(home, "server")["parameters"]["orders"] == [postgresql.url()]
    assert len(written(home, "server")) > 5
    assert holding(written(home, "server"), *SECRETS) == []
    assert [secret for secret in SECRETS if secret in server_run.out + server_run.err] == []


def test_a_database_is_told_in_the_manifest_by_its_table(home: Path, server_run: Outcome) -> None:
    [orders] = manifest(home, "server")["inputs"]
    told = {"table": "orders", "name": "PostgreSQL table orders", "bytes": None, "sha256": None, "rows": 11_902}
    assert told.items() <= orders.items()


def test_a_wrong_password_stops_the_run_and_is_told_nowhere(home: Path, mariadb: Server) -> None:
    mariadb.execute("create table if not exists orders (order_id int)")
    done = workbook(
        home, "run", "--orders", mariadb.url(password="wr0ngc0ffee"), "--name", "refused-by-server", "--until", "ingest"
    )
    assert done.code == 1
    assert "it does not accept this user and password" in done.err
    assert "wr0ngc0ffee" not in done.out + done.err
    assert holding(written(home, "refused-by-server"), "wr0ngc0ffee") == []


def test_mixed_currencies_are_refused_with_the_way_out(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [f"{i},c{i},2026-01-0{1 + i % 9},1,9.5,{'EUR' if i % 3 else 'USD'}" for i in range(60)]
    path.write_text("\n".join(["order_id,customer_id,ordered_at,quantity,unit_price,currency", *rows]))
    done = workbook(home, "run", "--orders", str(path), "--name", "currencies", "--until", "clean")
    assert done.code == 1
    assert "these are in 2: EUR (40 lines), USD (20 lines)" in done.err
    assert "currency: EUR" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes, which Windows does not have")
@pytest.mark.parametrize("step", ["04_cluster", "01_ingest"])
def test_a_full_disk_leaves_earlier_artifacts_whole(step: str, taobao_run: Path, tmp_path: Path) -> None:
    home = shutil.copytree(taobao_run, tmp_path / "own")
    folder = home / "data" / "runs" / "taobao"
    before = {path.name: path.read_bytes() for path in folder.glob("0*.*")}
    done = workbook(
        home, "run", "--name", "taobao", "--from", step, "--until", step, *QUICK,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )  # fmt: skip
    assert done.code == 1, done.out
    assert "Traceback" not in done.err
    assert {path.name: path.read_bytes() for path in folder.glob("0*.*")} == before
    assert not (folder / ".scratch").exists()


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_leaves_earlier_steps_signed_and_every_table_whole(step: str, killed_run: Path) -> None:
    stood = json.loads((killed_run / "stood.json").read_text())[step]
    assert stood["signed"] == STEPS[: STEPS.index(step)]
    assert stood["broken"] == []


def test_a_run_that_was_killed_in_every_step_is_whole_after_one_more(killed_run: Path) -> None:
    folder = killed_run / "data" / "runs" / "tiny"
    assert list(manifest(killed_run, "tiny")["steps"]) == STEPS
    assert len(pd.read_parquet(folder / "01_orders.parquet")) == len(TWO_ROWS)
    assert [path.name for path in folder.rglob(".*") if path.name.endswith(".part")] == []


def kill_in(step: str, home: Path) -> dict[str, list[str]]:
    """Begin a run with a step, kill it there, and tell which steps are still signed and which tables are broken."""
    words, environment = command(home, "run", "--name", "tiny", "--from", step, "--until", step, *QUICK)
    running = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until_begun(home, step, running)
    kernels = psutil.Process(running.pid).children(recursive=True)
    for process in (running, *kernels):
        process.kill()
    running.wait()
    tables = (home / "data" / "runs" / "tiny").glob("0*.parquet")
    return {"signed": list(manifest(home, "tiny")["steps"]), "broken": [path.name for path in tables if broken(path)]}


def broken(table: Path) -> bool:
    """Tell whether a table can't be read to its end."""
    try:
        pd.read_parquet(table)
    except (OSError, ValueError):  # pyarrow's errors are of these
        return True
    return False


def wait_until_begun(home: Path, step: str, running: subprocess.Popen) -> None:
    """Wait until a step has withdrawn its own signature from the manifest, which is the first thing it does."""
    for _ in range(6000):
        assert running.poll() is None, f"the run ended before {step} had begun"
        if step not in manifest(home, "tiny")["steps"]:
            return
        time.sleep(0.01)
    raise AssertionError(f"{step} did not begin within 60 s")
