"""`workbook assign`: new files against an old run, from the command line."""

import csv
import shutil
import stat
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from workbooks import use_home

from segmentation import assigning, clean, cli, identities, ingest
from segmentation.assigning import arrivals
from segmentation.assigning.learners import LEARNERS
from segmentation.cleaning import companions
from segmentation.engine import engine
from segmentation.features import collect, customer_features, day_after_last_order
from segmentation.runs import Run, begin

ORDERS = ("order", "customer", "date", "product", "quantity", "price", "currency")
MAP = {
    "order_id": "order", "customer_id": "customer", "ordered_at": "date", "product_id": "product",
    "quantity": "quantity", "unit_price": "price", "currency": "currency", "customers.customer_id": "customer",
    "customers.city": "city",
}  # fmt: skip
NAMES = ["many orders", "one order"]
CITIES = ("Bern", "Graz")
TREE = [LEARNERS["decision tree"]]


def write(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def order(number: object, customer: str, day: str, *, price: float = 10.0) -> tuple[object, ...]:
    return number, customer, day, "MUG", 1, price, "EUR"


def old_orders() -> list[tuple[object, ...]]:
    """Write orders of 60 customers: each second one ordered five times, the others once, dear."""
    rows = []
    for customer in range(60):
        times = 1 + 4 * (customer % 2)
        for time in range(times):
            day = f"2025-{1 + time:02}-{1 + customer % 28:02}"
            rows.append(order(f"{customer}-{time}", f"C{customer:03}", day, price=90.0 - 20 * (customer % 2)))
    return rows


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run as steps 01 to 04 do, without their pages; 04 has a model."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        use_home(home, patch)
        make_run(home)
    return home


def make_run(home: Path) -> None:
    orders = str(write(home / "old.csv", ORDERS, old_orders()))
    people = [(f"C{number:03}", CITIES[number % 2]) for number in range(60)]
    customers = str(write(home / "people.csv", ("customer", "city"), people))
    first = begin("01_ingest", "shop", orders=[orders], customers=[customers], column_map=MAP,
                  as_of="", date_order="ymd", decimal="point")  # fmt: skip
    second_parameters = {"guests": "email", "phone_country": "", "cleaning": "net", "duplicates": "drop"}
    with engine(home / "engine") as connection:
        given = ingest.given_files([orders], customers=[customers])
        read = ingest.read_tables(connection, given, ingest.Hints(MAP, "ymd", "point"), scratch=home)
        paths = first.write_tables({f"01_{name}.parquet": reading.table for name, reading in read.items()})
        tables = {name: connection.read_parquet(path) for name, path in zip(read, paths, strict=True)}
        files = ingest.files_oldest_first(tables["orders"], read["orders"])
        facts = ingest.facts(tables["orders"], read, files=files)
        first.finish(rows_in=1, rows_out=1, findings=[], facts=facts)
        second = begin("02_clean", "shop", **second_parameters)
        known = identities.resolve(tables["orders"], tables["customers"], {}, guests="email", phone_country="")
        tables = identities.apply_to_all(tables, known)
        policy = clean.policy_of(second_parameters)
        kept = clean.kept(clean.judge_orders(tables["orders"], policy, currency="EUR", files=files))
        beside = companions.kept(companions.clean_tables(tables))
        second.finish(rows_in=1, rows_out=1, findings=[], facts={"currency": "EUR"})
        day = day_after_last_order(kept)
        features = collect(customer_features(kept, as_of=day, **beside))
        early = collect(assigning.first_features(kept, as_of=day, **beside))
    fourth = begin("04_cluster", "shop")
    segments = pd.Series(np.where(features["order_count"] > 1, 0, 1), index=features.index)
    learned = assigning.learn(
        features,
        segments,
        columns=["order_count", "recency_days"],
        seed=7,
        folds=2,
        learners=TREE,
    )
    cold = assigning.learn_cold_start(early, segments, names=NAMES, seed=7, folds=2)
    with fourth.write(arrivals.MODEL) as part:
        assigning.save_model(part, assigning.build_model(learned, cold, features, segments, names=NAMES))
    fourth.finish(rows_in=1, rows_out=1, findings=[])


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work on a copy of the run."""
    shutil.copytree(made / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    use_home(tmp_path, monkeypatch)
    return tmp_path


def workbook(*arguments: object) -> Result:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def assign(home: Path, rows: list[tuple[object, ...]], *more: object) -> Result:
    return workbook("assign", "--run", "shop", "--orders", write(home / "new.csv", ORDERS, rows), *more)


def told(home: Path) -> pd.DataFrame:
    return pd.read_csv(home / "data" / "runs" / "shop" / "assigned.csv", dtype={"customer_id": str}).set_index(
        "customer_id"
    )


def test_everyone_in_the_new_files_gets_a_segment(home: Path) -> None:
    result = assign(home, [order("n1", "NEW", "2025-06-01", price=90.0), order("n2", "C001", "2025-06-02")])
    assert (result.exit_code, result.stderr) == (0, "")
    table = told(home)
    assert list(table) == ["segment", "name", "probability", "basis", "reason"]
    assert table[["name", "basis"]].to_dict("index") == {
        "C001": {"name": "many orders", "basis": "orders"}, "NEW": {"name": "one order", "basis": "first order"},
    }  # fmt: skip


def test_the_summary_counts_and_names_nobody(home: Path) -> None:
    result = assign(home, [order("n1", "NEW", "2025-06-01", price=90.0), order("n2", "C001", "2025-06-02")])
    lines = result.stdout.splitlines()
    assert lines[0] == "2 customers are in the new files; 2 of 2 new order lines count. Described as of 2025-06-03."
    assert lines[-1] == f"The table is {Path('data', 'runs', 'shop', 'assigned.csv')}"
    assert "NEW" not in result.stdout
    assert "C001" not in result.stdout


def test_new_orders_of_a_known_customer_add_to_the_history(home: Path) -> None:
    alone = assign(home, [order("n1", "NEW", "2025-06-01")])
    assert (alone.exit_code, told(home).loc["NEW", "basis"]) == (0, "first order")
    more = [order(f"n{number}", "C000", f"2025-06-0{number}") for number in range(1, 6)]
    assert assign(home, more).exit_code == 0
    assert told(home).loc["C000", ["name", "basis"]].tolist() == ["many orders", "orders"]


def test_an_order_that_the_run_has_counts_once(home: Path) -> None:
    result = assign(home, [order("0-0", "C000", "2025-01-01", price=90.0), order("n1", "C002", "2025-06-01")])
    assert result.exit_code == 0
    with engine(home / "engine") as connection:
        seen = arrivals.read_arrivals(
            connection, Run("shop"), orders=[str(home / "new.csv")], customers=[], scratch=home
        )
    assert seen.features["order_count"].to_dict() == {"C000": 1.0, "C002": 2.0}


def test_a_newcomer_without_orders_goes_by_the_city_and_one_unknown_gets_not_yet(home: Path) -> None:
    people = write(home / "new_people.csv", ("customer", "city"), [("P1", "Bern"), ("P2", "")])
    result = assign(home, [order("n1", "NEW", "2025-06-01")], "--customers", people)
    assert result.exit_code == 0
    assert told(home)["basis"].to_dict() == {"NEW": "first order", "P1": "demographics", "P2": "not yet"}
    assert told(home).loc["P1", "name"] == "one order"
    assert told(home).loc["P2", ["segment", "name", "probability"]].isna().all()


def test_nothing_of_the_run_is_changed(home: Path) -> None:
    folder = home / "data" / "runs" / "shop"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert assign(home, [order("n1", "NEW", "2025-06-01")]).exit_code == 0
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"assigned.csv"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such mode")
def test_only_the_owner_can_read_the_table(home: Path) -> None:
    assign(home, [order("n1", "NEW", "2025-06-01")], "--out", home / "here.csv")
    assert stat.S_IMODE((home / "here.csv").stat().st_mode) == 0o600


def test_an_id_that_looks_like_a_formula_is_neutralised(home: Path) -> None:
    assert assign(home, [order("n1", "=1+1", "2025-06-01")]).exit_code == 0
    assert told(home).index.tolist() == ["'=1+1"]


def test_a_run_that_does_not_exist_is_refused(home: Path) -> None:
    result = workbook("assign", "--run", "june", "--orders", home / "new.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == ("There is no run 'june' to assign by. Make it first with `workbook run --name june`?\n")
    assert not (home / "data" / "runs" / "june").exists()


def test_a_run_without_a_model_is_refused(home: Path) -> None:
    (home / "data" / "runs" / "shop" / "04_model.skops").unlink()
    result = assign(home, [order("n1", "NEW", "2025-06-01")])
    assert (result.exit_code, result.stderr) == (
        1,
        "Run 'shop' must have a model of its segments, 04_model.skops; it has none. "
        "Make it with `workbook run --name shop --from 4`?\n",
    )


def test_a_model_of_another_version_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        assigning.storage, "versions", lambda: {"workbook": "9", "scikit-learn": "9.9.9", "numpy": "9", "skops": "9"}
    )
    result = assign(home, [order("n1", "NEW", "2025-06-01")])
    assert result.exit_code == 1
    assert "must be read with the scikit-learn that it was learnt with" in result.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Can't read 'new.csv': there is no such file."),
        (b"", "Can't read"),
        (b"one,two\n1,2\n", "`column_map` names 'order', 'customer', 'date', 'product', 'quantity' and 2 more, which"),
        (b"\x00\xff\x00\xff" * 50, "`column_map` names"),
    ],
    ids=["no file", "an empty file", "other columns", "bytes"],
)
def test_a_file_that_can_t_be_read_is_refused(home: Path, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (home / "new.csv").write_bytes(content)
    result = workbook("assign", "--run", "shop", "--orders", home / "new.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(sentence)
    assert not (home / "data" / "runs" / "shop" / "assigned.csv").exists()


def test_orders_in_another_currency_are_refused(home: Path) -> None:
    row = ("n1", "NEW", "2025-06-01", "MUG", 1, 10.0, "USD")
    result = assign(home, [row])
    assert result.exit_code == 1
    assert "EUR" in result.stderr
    assert "USD" in result.stderr


def test_a_folder_can_t_be_written_over(home: Path) -> None:
    result = assign(home, [order("n1", "NEW", "2025-06-01")], "--out", home / "data")
    assert (result.exit_code, result.stderr) == (1, "`--out` must name a file to write; 'data' is a folder.\n")


def test_help_tells_what_is_written() -> None:
    words = " ".join(workbook("assign", "--help").stdout.split())
    assert "customer_id, segment (its number), name, probability (0 to 1), basis and reason" in words
    assert all(f'"{basis}"' in words for basis in ("orders", "first order", "web behaviour", "demographics", "not yet"))
