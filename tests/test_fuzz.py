"""Mutilated files: each ends in an account that balances or in a sentence for its user, soon and in bounded memory."""

import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from mutilated import as_csv, clean_files, corpus, order_rows
from shops import store
from workbooks import once

from segmentation import clean
from segmentation.engine import engine
from segmentation.ingest import Hints, read_tables
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.sources.headers import ROW
from segmentation.sources.parts import open_parts, store_text
from segmentation.tables import ORDERS

SECONDS, MEGABYTES = 30, 2_000
BOMBS = ["bytes: gzip bomb", "bytes: zip bomb", "bytes: endless JSON", "bytes: deep JSON", "text: huge value",
         "text: huge quoted value", "workbook: a cell far outside"]  # fmt: skip


@dataclass(frozen=True)
class Ending:
    """How reading a file ended: its rows and the order lines, or the sentence that refuses it."""

    seconds: float
    rows: int = 0
    orders: pa.Table | None = None
    refusal: str = ""


def ending(connection: Backend, path: Path) -> Ending:
    """Read a file as orders, as step 01 does; what is raised besides a `DataProblem` is raised."""
    began = time.monotonic()
    try:
        read = read_tables(connection, {"orders": [str(path)]}, Hints(), scratch=path.parent / "scratch")["orders"]
        orders = read.table.select(*ORDERS.names).to_pyarrow()
    except DataProblem as problem:
        return Ending(time.monotonic() - began, refusal=str(problem))
    return Ending(time.monotonic() - began, read.rows, orders)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """Start an engine of its own, so that what the corpus holds is gone when this module is done."""
    with engine(tmp_path_factory.mktemp("fuzz")) as started:
        yield started


@pytest.fixture(scope="module")
def endings(connection: Backend, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ending]:
    """Read the whole corpus, once for all workers."""

    def read_all(folder: Path) -> None:
        told = {}
        for number, (name, content) in enumerate(corpus().items()):
            path = folder / "corpus" / f"{number}.dat"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            told[name] = ending(connection, path)
            path.unlink()
        (folder / "endings.pickle").write_bytes(pickle.dumps(told))

    return pickle.loads((once(tmp_path_factory, "corpus", read_all) / "endings.pickle").read_bytes())


def test_the_corpus_holds_two_hundred_files(endings: dict[str, Ending]) -> None:
    assert len(endings) >= 200


def test_a_good_part_of_the_corpus_can_be_read(endings: dict[str, Ending]) -> None:
    assert sum(told.orders is not None for told in endings.values()) >= 80


@pytest.mark.parametrize("kind", clean_files())
def test_a_clean_file_of_any_kind_gives_the_same_orders(endings: dict[str, Ending], kind: str) -> None:
    columns = [name for name in ORDERS.names if name != "source_file"]
    orders, expected = (endings[f"clean {kind}"].orders.select(columns).sort_by("source_row") for kind in (kind, "csv"))
    assert orders.to_pylist() == expected.to_pylist()
    assert orders["unreadable"].null_count == len(order_rows())


def test_no_row_of_a_mutilated_file_is_lost(endings: dict[str, Ending]) -> None:
    read = {name: told for name, told in endings.items() if told.orders is not None}
    rows = {name: len(set(told.orders["source_row"].to_pylist())) for name, told in read.items()}
    assert rows == {name: told.rows for name, told in read.items()}


def test_no_refusal_tells_a_folder_or_is_in_the_engines_own_words(endings: dict[str, Ending]) -> None:
    own = ("once-corpus", "Traceback", "Exception", "Error:", "_duckdb", "Possible")
    refusals = {told.refusal for told in endings.values()}
    assert not [refusal for refusal in refusals if any(word in refusal for word in own)]


def test_no_mutilated_file_keeps_the_user_waiting(endings: dict[str, Ending]) -> None:
    assert max(told.seconds for told in endings.values()) < SECONDS


def test_cleaning_accounts_for_every_line_and_cent_of_the_corpus(
    connection: Backend, endings: dict[str, Ending]
) -> None:
    orders = store(connection, pa.concat_tables(told.orders for told in endings.values() if told.orders is not None))
    lines, money = clean.lines_and_money(orders)
    judged = clean.judge_orders(orders, clean.Policy(currency="EUR"), currency="EUR")
    clean.require_balance(clean.account(judged), lines_in=lines, money_in=money)


def changed(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw changes of a file: stretches replaced by a few bytes that matter, or by any."""
    marks = st.sampled_from(
        [b'"', b",", b";", b"\n", b"\r", b"\r\n", b'""', b"\x00", b"\xff", b"\xe9", b"\xef\xbb\xbf"]
    )
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        stop = start + draw(st.integers(0, 12))
        content = content[:start] + draw(marks | st.binary(max_size=4)) + content[stop:]
    return content


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_changed_in_a_text_its_rows_are_counted_or_it_is_refused(
    connection: Backend, tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(changed(data.draw, as_csv(order_rows(6)).encode()))
    try:
        (part,) = open_parts(connection, [str(path)], scratch=tmp_path / "scratch")
        stored = store_text(connection, part, columns=part.headers)
    except DataProblem:
        return
    rows = stored.aggregate(rows=stored.count(), last=stored[ROW].max()).execute().iloc[0]
    assert 0 < rows["rows"] == rows["last"] <= path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r") + 1


def test_no_bomb_takes_more_than_two_gigabytes(tmp_path: Path) -> None:
    files = corpus()
    for number, name in enumerate(BOMBS):
        (tmp_path / f"{number}.dat").write_bytes(files[name])
    script = (
        "import sys; from pathlib import Path; from test_fuzz import ending; from segmentation.engine import engine\n"
        "from segmentation.runs import peak_mb\n"
        "folder = Path(sys.argv[1])\n"
        "with engine(folder / 'engine') as connection:\n"
        "    for path in sorted(folder.glob('*.dat')): ending(connection, path)\n"
        "print(peak_mb())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=PROJECT / "tests", capture_output=True, text=True, timeout=SECONDS * 4, check=True,
    )  # fmt: skip
    assert int(done.stdout) < MEGABYTES
