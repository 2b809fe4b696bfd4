"""The command line: what it prints, what it refuses, with which exit code."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from workbooks import make_notebook, use_home

from segmentation import cli, parameters, pipeline
from segmentation.lock import alone
from segmentation.runs import Run

DECLARATIONS = "orders: list = []  # the order export, file\nk: int = 4  # segments, count"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with two notebooks: one that prints, one that fails when k is 13."""
    make_notebook(tmp_path, "01_ingest", declarations=DECLARATIONS, cells=("print(k)",))
    make_notebook(tmp_path, "02_clean", declarations=DECLARATIONS, cells=("assert k != 13, 'k brings bad luck'",))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parameters, "NOTEBOOKS", tmp_path)
    use_home(tmp_path, monkeypatch)
    return tmp_path


def workbook(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def test_a_run_prints_where_the_report_is_and_nothing_else_when_not_a_terminal() -> None:
    result = workbook("run", "--name", "june", "-p", "k", "5")
    report = Path("reports", "june", "index.html")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"The report is {report}\n", "")


def test_a_failed_step_prints_sentence_step_and_notebook() -> None:
    result = workbook("run", "--name", "june", "-p", "k", "13")
    notebook = Path("data", "runs", "june", "notebooks", "02_clean.ipynb")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"AssertionError: k brings bad luck\nStopped in step 02_clean.\nThe executed notebook shows where: {notebook}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-p", "kk", "5"), "There is no parameter 'kk'. Did you mean 'k'? Those that exist: 'orders' and 'k'."),
        (("-p", "k", "five"), "The parameter 'k' must be int, a whole number; got 'five'."),
        (("--name", "../x"), "A run's name must be one word"),
        (("--name", ""), "A run's name must be one word"),
        (("--orders", "june.csv"), "Can't read orders: there is no file 'june.csv'"),
        (("--from", "cluster"), "There is no step 'cluster'. The steps are '01_ingest' and '02_clean'."),
        (("--from", "2"), "Can't begin after 01_ingest: run 'sample' has no finished '01_ingest'."),
        (("-f", "none.yaml"), "Can't read the parameters in 'none.yaml': No such file or directory."),
    ],
)
def test_what_can_not_be_done_is_told_before_anything_runs(
    home: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = workbook("run", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(sentence)
    assert not (home / "data").exists()


def test_a_second_run_of_a_name_is_refused_while_the_first_goes_on() -> None:
    with alone(Run("june")):
        result = workbook("run", "--name", "june")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Run 'june' is going on already; two runs must not write the same files. "
        "Wait until it has finished, or give this one another --name?\n"
    )


def test_a_wrong_option_is_a_usage_error() -> None:
    assert workbook("run", "--form", "cluster").exit_code == 2


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("", "sample"),
        ("data/Online Retail.xlsx", "Online-Retail"),
        ("june.csv.gz", "june"),
        ("../-x_.csv", "x"),
        ("订单.xlsx", "orders"),
        ("a" * 80 + ".csv", "a" * 64),
        ("/shop/exports/*.csv", "exports"),
        ("/shop/exports/**/2026*/*.csv", "exports"),
        ("/shop/My exports", "My-exports"),
        ("exports.zip", "exports"),
        ("postgresql://ann:s3cret@db/shop?table=web.orders", "web-orders"),
        ("postgresql://ann:s3cret@db/My Shop?query=select 1", "My-Shop"),
        ("sqlite:///data/till.db?query=select 1", "till"),
        ("mysql://db", "orders"),
    ],
)
def test_a_run_is_named_after_its_orders(file: str, name: str) -> None:
    assert cli.run_name(file) == name
    assert Run(name).name == name


def test_a_pattern_s_sign_in_a_file_s_own_name_names_the_run_after_the_file(home: Path) -> None:
    (home / "[june].csv").touch()
    assert cli.run_name(str(home / "[june].csv")) == "june"


def test_orders_may_come_several_times(home: Path) -> None:
    for name in ("may.csv", "[june].csv"):
        (home / name).touch()
    result = workbook("run", "--orders", "may.csv", "--orders", "[june].csv", "--until", "1")
    assert result.stdout == f"The report is {Path('reports', 'may', 'index.html')}\n"
    executed = (home / "data" / "runs" / "may" / "notebooks" / "01_ingest.ipynb").read_text()
    assert "[june].csv" in executed


def test_a_password_in_an_address_is_written_nowhere(home: Path) -> None:
    given = "mysql://ann:s3cret@db/shop?table=orders"
    result = workbook("run", "--orders", given, "-p", "k", "13")
    assert (result.exit_code, result.stdout) == (1, "")
    files = [path for path in home.rglob("*") if path.is_file()]
    assert "s3cret" not in result.stderr
    assert [path.name for path in files if b"s3cret" in path.read_bytes()] == []
    assert "mysql://ann@db/shop?table=orders" in (home / "data/runs/orders/notebooks/02_clean.ipynb").read_text()


def test_orders_are_a_parameter_like_any_other(home: Path) -> None:
    (home / "june.csv").write_text("Order\n")
    assert workbook("run", "--orders", "june.csv", "--until", "1").exit_code == 0
    executed = nbformat.read(home / "data" / "runs" / "june" / "notebooks" / "01_ingest.ipynb", as_version=4)
    assert executed.metadata.papermill.parameters.orders == [str(home.resolve() / "june.csv")]


def test_a_full_disk_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_pipeline(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device", "reports/june/01_ingest.html")

    monkeypatch.setattr(pipeline, "run_pipeline", run_pipeline)
    result = workbook("run", "--name", "june")
    assert result.stderr == "Can't go on: No space left on device (reports/june/01_ingest.html).\n"
    assert result.exit_code == 1


def test_an_interrupted_run_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_pipeline(*_: object, **__: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "run_pipeline", run_pipeline)
    assert workbook("run").exit_code == 130


def test_parameters_are_listed_with_type_default_meaning_and_steps() -> None:
    assert workbook("parameters").stdout.splitlines() == [
        "name    type  default   meaning                              steps",
        "run     str   'sample'  the name of the run (set by --name)  01 02",
        "orders  list  []        the order export, file               01 02",
        "k       int   4         segments, count                      01 02",
    ]


# --- progress


class Terminal:
    """A stream that says it is a terminal and keeps what is written."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_that_moves_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with cli.progress() as on_cell:
        on_cell("06_campaign_plan", 7, 15)
    assert "\r06 campaign plan · cell 7 of 15 · 0 s" in terminal.text
    assert terminal.text.strip(" ").endswith("\r")
    assert "\n" not in terminal.text


def test_progress_is_quiet_when_not_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with cli.progress() as on_cell:
        on_cell("01_ingest", 1, 2)
    assert capsys.readouterr() == ("", "")


# --- sample


def test_a_sample_shop_is_made_in_a_new_folder_and_made_anew(home: Path) -> None:
    for _ in range(2):
        result = workbook("sample", "--customers", "50", "--seed", "1", "--out", "shop")
        assert (result.exit_code, result.output) == (0, "The shop is in shop\n")
    assert (home / "shop" / "orders.csv").is_file()


def test_a_folder_with_other_files_is_not_overwritten(home: Path) -> None:
    result = workbook("sample", "--out", ".")
    assert (result.exit_code, result.stderr.partition(";")[0]) == (
        1,
        f"The folder '{home.name}' must be empty or hold a shop made before",
    )


def test_a_file_is_no_folder_for_a_shop(home: Path) -> None:
    result = workbook("sample", "--out", "01_ingest.ipynb")
    assert result.stderr == "The shop needs a folder; '01_ingest.ipynb' is a file.\n"


# --- start


def imported(*arguments: str) -> list[str]:
    """List the heavy packages that a command imports in a Python of its own."""
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom segmentation.cli import main\n"
        f"CliRunner().invoke(main, {arguments!r})\n"
        "print(*{'jupyter_client', 'pandas', 'papermill', 'nbconvert', 'sklearn'} & set(sys.modules))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_help_comes_without_the_heavy_packages() -> None:
    assert imported("--help") == []


def test_parameters_are_listed_without_the_heavy_packages() -> None:
    assert imported("parameters") == []


def test_a_run_is_refused_before_papermill_is_imported() -> None:
    assert imported("run", "-p", "clusters", "5") == ["jupyter_client"]
