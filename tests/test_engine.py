"""The engine: where it works, how much it holds, what it leaves behind."""

import os
from pathlib import Path

import ibis
import pytest
from ibis.backends.duckdb import Backend

from segmentation.engine import engine, start_engine, stop_engine


def setting(connection: Backend, name: str) -> str:
    return connection.con.execute("select current_setting(?)", [name]).fetchone()[0]


def tables(connection: Backend) -> list[str]:
    return [name for (name,) in connection.con.execute("show tables").fetchall()]


def test_the_engine_computes_and_leaves_nothing_on_disk(tmp_path: Path) -> None:
    with engine(tmp_path) as connection:
        assert connection.execute(ibis.literal(1) + 1) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_engine_holds_no_more_memory_than_told_and_spills_beside_the_run(tmp_path: Path) -> None:
    with engine(tmp_path, memory_mb=200) as connection:
        assert setting(connection, "memory_limit") == "190.7 MiB"  # 200 million bytes
        assert Path(setting(connection, "temp_directory")) == tmp_path / ".scratch"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_what_the_engine_stores_is_for_its_owner_only(tmp_path: Path) -> None:
    with engine(tmp_path):
        assert (tmp_path / ".scratch").stat().st_mode & 0o777 == 0o700


def test_what_a_killed_engine_left_is_no_hindrance(tmp_path: Path) -> None:
    left = tmp_path / ".scratch"
    left.mkdir()
    (left / "engine.duckdb").write_bytes(b"half a database")
    with engine(tmp_path) as connection:
        assert tables(connection) == []


def test_the_engine_stops_when_its_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError, match="division"), engine(tmp_path):
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []


def test_starting_and_stopping_by_hand_is_the_same(tmp_path: Path) -> None:
    connection = start_engine(tmp_path / "deep" / "down")
    assert tables(connection) == []
    stop_engine(connection, tmp_path / "deep" / "down")
    assert list((tmp_path / "deep" / "down").iterdir()) == []


def test_two_engines_do_not_meet(tmp_path: Path) -> None:
    with engine(tmp_path / "one") as one, engine(tmp_path / "two") as two:
        one.con.execute("create table orders as select 1 as number")
        assert (tables(one), tables(two)) == (["orders"], [])
