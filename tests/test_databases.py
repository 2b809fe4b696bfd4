"""Databases: real servers and files, read only, in batches, every value as it stands there."""

import sqlite3
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import duckdb
import pytest
from ibis.backends.duckdb import Backend
from servers import ESCAPED, PASSWORD, Server, free_port, load_csv, mariadb_fixture, postgresql_fixture  # noqa: F401

from segmentation.problems import DataProblem
from segmentation.sources import drivers
from segmentation.sources.addresses import parsed_address
from segmentation.sources.databases import open_database
from segmentation.sources.parts import Part, store_text

ORDERS = "(order_no, customer, placed, price) values (1, 'ann', '2026-01-05', 9.50), (2, 'bob', '2026-02-05', 12.25)"
ROWS = [("1", "ann", "2026-01-05", "9.50"), ("2", "bob", "2026-02-05", "12.25")]
HEADERS = ["order_no", "customer", "placed", "price"]
CREATE = "create table orders (order_no bigint, customer varchar(20), placed date, price decimal(10, 2))"
ODD = 'wei"rd; drop table orders --'


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The address of a SQLite file with two orders, whose name is one to escape."""
    path = tmp_path / "till's 100% #1.db"
    connection = sqlite3.connect(path)
    connection.execute(CREATE)
    connection.execute(f"insert into orders {ORDERS}")
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


@pytest.fixture
def duckdb_file(tmp_path: Path) -> str:
    """The address of a DuckDB file with two orders."""
    path = tmp_path / "till's.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(CREATE)
        connection.execute(f"insert into orders {ORDERS}")
    return f"duckdb:///{path}"


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each kind of server in turn, with two orders."""
    started: Server = request.getfixturevalue(request.param)
    started.execute("drop table if exists orders", CREATE, f"insert into orders {ORDERS}")
    return started


@pytest.fixture(params=["postgresql", "mariadb", "sqlite", "duckdb_file"])
def shop(request: pytest.FixtureRequest) -> str:
    """The address of each kind of database in turn, with two orders."""
    if request.param in ("postgresql", "mariadb"):
        started: Server = request.getfixturevalue(request.param)
        started.execute("drop table if exists orders", CREATE, f"insert into orders {ORDERS}")
        return started.url("", password=ESCAPED)
    return request.getfixturevalue(request.param)


def opened(connection: Backend, url: str) -> Part:
    [part] = open_database(connection, url)
    return part


def stored(connection: Backend, part: Part) -> list[tuple]:
    rows = store_text(connection, part, columns=part.headers).select(part.headers).execute()
    return sorted(rows.itertuples(index=False, name=None))


# --- what is read


def test_a_table_is_read_as_text(connection: Backend, shop: str) -> None:
    part = opened(connection, f"{shop}?table=orders")
    assert part.headers == HEADERS
    assert [tuple(map(float, row[3:])) for row in stored(connection, part)] == [(9.5,), (12.25,)]
    assert [row[:3] for row in stored(connection, part)] == [row[:3] for row in ROWS]


def test_a_query_is_read_as_text(connection: Backend, shop: str) -> None:
    query = "with big as (select * from orders where price > 10) select customer, customer from big; -- ';'"
    part = opened(connection, f"{shop}?query={query}")
    assert part.headers == ["customer", "customer_1"]
    assert stored(connection, part) == [("bob", "bob")]


@pytest.mark.parametrize("fixture", ["postgresql", "mariadb", "duckdb_file"])
def test_money_keeps_its_places(fixture: str, connection: Backend, request: pytest.FixtureRequest) -> None:
    shop = request.getfixturevalue(fixture)
    if isinstance(shop, Server):
        shop.execute("drop table if exists orders", CREATE, f"insert into orders {ORDERS}")
        shop = shop.url("", password=ESCAPED)
    assert stored(connection, opened(connection, f"{shop}?table=orders")) == ROWS


def test_postgresql_gives_every_value_as_it_writes_it(connection: Backend, postgresql: Server) -> None:
    query = (
        "select 9007199254740993::bigint as id, 0.10::numeric(38, 10) as n, 0.1::float8 as f, true as b, '00042' as t,"
        " timestamp '2009-12-01 07:45:00.5' as at, date '2009-12-01' as d, null::int as nothing,"
        " '{\"a\": 1}'::jsonb as j, array[1, 2] as l, E'a\\n\"b\" 顾客, 5%' as s, '\\x00ff'::bytea as x"
    )
    part = opened(connection, postgresql.url(f"?query={query}", password=ESCAPED))
    assert part.opened.fetchall()[0] == (
        "9007199254740993", "0.1000000000", "0.1", "true", "00042", "2009-12-01 07:45:00.5", "2009-12-01", None,
        '{"a": 1}', "{1,2}", 'a\n"b" 顾客, 5%', "\\x00ff",
    )  # fmt: skip


def test_mariadb_gives_every_value_as_it_writes_it(connection: Backend, mariadb: Server) -> None:
    query = (
        "select 9007199254740993 as id, cast(0.1 as decimal(38, 10)) as n, 0.1e0 as f, true as b, '00042' as t,"
        " y, timestamp '2009-12-01 07:45:00' as at, null as nothing, 'a\\n\"b\" 顾客, 5%' as s, x'00ff' as x from bits"
    )
    mariadb.execute("create or replace table bits (y bit(1))", "insert into bits values (b'1')")
    part = opened(connection, mariadb.url(f"?query={query}", password=ESCAPED))
    assert part.opened.fetchall()[0] == (
        "9007199254740993", "0.1000000000", "0.1", "1", "00042", "1", "2009-12-01 07:45:00", None,
        'a\n"b" 顾客, 5%', "00ff",
    )  # fmt: skip


def test_a_date_that_is_none_stays_for_the_account(connection: Backend, mariadb: Server) -> None:
    mariadb.execute(
        "set sql_mode = ''", "drop table if exists days", "create table days (d date)", "insert into days values (0)"
    )
    assert opened(connection, mariadb.url("?table=days", password=ESCAPED)).opened.fetchall() == [("0000-00-00",)]


def test_sqlite_keeps_ids_that_a_float_would_not(connection: Backend, sqlite: str) -> None:
    part = opened(connection, f"{sqlite}?query=select 9007199254740993 as id, 2.95 as p, x'00ff' as x, null as n")
    assert part.opened.fetchall() == [("9007199254740993", "2.95", "00ff", None)]


def test_duckdb_gives_every_value_as_it_writes_it(connection: Backend, duckdb_file: str) -> None:
    query = "select 9007199254740993 as id, 0.10::decimal(38, 10) as n, true as b, timestamp '2009-12-01 07:45' as at"
    part = opened(connection, f"{duckdb_file}?query={query}")
    assert part.opened.fetchall() == [("9007199254740993", "0.1000000000", "true", "2009-12-01 07:45:00")]


def test_a_part_is_named_without_host_user_or_file(connection: Backend, shop: str) -> None:
    part = opened(connection, f"{shop}?table=orders")
    kind = {"postgresql": "PostgreSQL", "mariadb": "MariaDB", "sqlite": "SQLite", "duckdb": "DuckDB"}
    name = kind[shop.partition(":")[0]]
    assert (part.name, part.kind) == (f"{name} table orders", name)
    assert part.fingerprint() == {"name": f"{name} table orders", "bytes": None, "sha256": None}


def test_a_table_of_another_schema_is_named_with_it(connection: Backend, postgresql: Server) -> None:
    postgresql.execute(
        "create schema if not exists web", "drop table if exists web.sales", "create table web.sales (a int)"
    )
    assert opened(connection, postgresql.url("?table=web.sales", password=ESCAPED)).headers == ["a"]


def test_views_are_tables(connection: Backend, server: Server) -> None:
    server.execute("drop view if exists paid", "create view paid as select customer from orders")
    try:
        assert opened(connection, server.url("?table=paid", password=ESCAPED)).headers == ["customer"]
    finally:
        server.execute("drop view paid")


def test_a_csv_and_its_copy_in_postgresql_are_the_same(connection: Backend, postgresql: Server, tmp_path: Path) -> None:
    (tmp_path / "june.csv").write_text('Invoice,Customer ID,Price\n1,00042,"2.95"\n2,,3\n', encoding="utf-8")
    load_csv(postgresql, tmp_path / "june.csv", "June Export", types={"Price": "numeric"})
    part = opened(connection, postgresql.url("?table=June Export", password=ESCAPED))
    assert part.headers == ["Invoice", "Customer ID", "Price"]
    assert part.opened.fetchall() == [("1", "00042", "2.95"), ("2", None, "3")]


# --- how it is read


def test_opening_reads_no_rows(connection: Backend, sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers.Server, "batches", lambda *_: pytest.fail("rows were read"))
    assert opened(connection, f"{sqlite}?table=orders").headers == HEADERS


def test_a_look_at_the_first_rows_takes_none_away(connection: Backend, shop: str) -> None:
    part = opened(connection, f"{shop}?table=orders")
    assert len(part.opened.limit(1).fetchall()) == 1
    assert len(stored(connection, part)) == 2


MANY = {
    "postgresql": "generate_series(1, 4000) as a, generate_series(1, 4000) as b",
    "mariadb": "seq_1_to_4000 as a, seq_1_to_4000 as b",
}


def test_rows_come_in_batches_and_no_more_than_are_wanted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    address = parsed_address(server.url(f"?query=select 'x' as a from {MANY[server.family]}", password=ESCAPED))
    monkeypatch.setattr(drivers, "BATCH_ROWS", 1000)
    batches = drivers.Server(address).batches(address.query)
    assert [len(batch[0]) for batch in islice(batches, 3)] == [1000, 1000, 1000]
    batches.close()  # at once, not after sixteen million rows
    assert server.rows(RUNNING[server.family]) == []


RUNNING = {
    "postgresql": "select query from pg_stat_activity where query like '%generate_series%' and pid <> pg_backend_pid()",
    "mariadb": "select info from information_schema.processlist where info like '%seq_1_to_4000%'"
    " and id <> connection_id()",
}


# --- nothing is changed


WRITES = [
    "delete from orders",
    "drop table orders",
    "insert into orders (order_no) values (3)",
    "create table x (a int)",
]


@pytest.mark.parametrize("write", [*WRITES, "select * into x from orders", "attach 'x.db' as x", "vacuum into 'x.db'",
                                   "set global read_only = 0", "pragma writable_schema = 1", ""])  # fmt: skip
def test_what_is_no_select_is_refused(write: str, connection: Backend, sqlite: str) -> None:
    with pytest.raises(DataProblem, match=r"must only read, as a `select` without `into` does|must say what to read"):
        open_database(connection, f"{sqlite}?query={write} ")


@pytest.mark.parametrize("query", ["select 1; drop table orders", "select 1;;drop table orders; --", "; ; select 1; x"])
def test_only_one_statement_is_taken(query: str, connection: Backend, sqlite: str) -> None:
    with pytest.raises(DataProblem, match=r"query': it must be one statement|must only read"):
        open_database(connection, f"{sqlite}?query={query}")


@pytest.mark.parametrize("write", ["delete from orders", "create table x (a int)"])
def test_the_database_itself_refuses_to_be_changed(write: str, connection: Backend, shop: str) -> None:
    address = parsed_address(shop)
    database = drivers.DuckDBFile(address) if address.family == "duckdb" else drivers.Server(address)
    with pytest.raises(Exception, match=r"(?i)read.?only|DECLARE|syntax|Parser Error"):
        list(database.batches(write))
    assert len(stored(connection, opened(connection, f"{shop}?table=orders"))) == 2


TAKE = {
    "postgresql": "create or replace function take() returns int language sql as 'delete from orders returning 1'",
    "mariadb": "create or replace function take() returns int begin delete from orders; return 1; end",
}


def test_a_select_that_would_write_is_refused_by_the_database(connection: Backend, server: Server) -> None:
    server.execute(TAKE[server.family])
    with pytest.raises((DataProblem, duckdb.Error), match="the query would change the database; it must only read"):
        opened(connection, server.url("?query=select take() as taken", password=ESCAPED)).opened.fetchall()
    assert server.rows("select count(*) from orders") == [(2,)]


def test_a_comment_that_mysql_would_run_is_refused(connection: Backend, mariadb: Server) -> None:
    with pytest.raises(DataProblem, match="must only read"):
        open_database(connection, mariadb.url("?query=select 1 /*!50000 into outfile 'x' */", password=ESCAPED))


def test_a_duckdb_query_reaches_no_other_file(connection: Backend, duckdb_file: str, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    with pytest.raises(DataProblem, match="file system operations are disabled"):
        open_database(connection, f"{duckdb_file}?query=select * from '{tmp_path}/other.csv'")


def test_names_with_quotes_and_semicolons_do_no_harm(connection: Backend, shop: str) -> None:
    with pytest.raises(DataProblem, match="the database has no such table"):
        open_database(connection, f"{shop}?table={ODD}")
    assert len(stored(connection, opened(connection, f"{shop}?table=orders"))) == 2


def test_a_table_and_a_column_with_quotes_and_semicolons_are_read(connection: Backend, postgresql: Server) -> None:
    name = ODD.replace('"', '""')
    postgresql.execute(f'drop table if exists "{name}"', f'create table "{name}" as select 1 as "50%%;""x"')
    part = opened(connection, postgresql.url(f"?table={ODD}", password=ESCAPED))
    assert (part.headers, stored(connection, part)) == (['50%%;"x'], [("1",)])


# --- what goes wrong


def test_without_a_table_the_tables_are_told(connection: Backend, shop: str) -> None:
    with pytest.raises(
        DataProblem, match=r"must say what to read: end it in `\?table=…`.* This one has the tables .*orders"
    ):
        open_database(connection, shop)


def test_a_table_that_is_not_there_is_refused_with_a_similar_one(connection: Backend, shop: str) -> None:
    with pytest.raises(DataProblem, match=r"table order': the database has no such table\. Did you mean 'orders'"):
        open_database(connection, f"{shop}?table=order")


@pytest.mark.parametrize("query", ["select nope from orders", "select 1 from nope", "select from where"])
def test_a_query_that_is_not_understood_is_told(query: str, connection: Backend, shop: str) -> None:
    with pytest.raises(DataProblem, match=r"query': the database does not understand the query: .+"):
        open_database(connection, f"{shop}?query={query}")


def test_a_quotation_mark_that_is_never_closed_is_told(connection: Backend, sqlite: str) -> None:
    with pytest.raises(DataProblem, match="a quotation mark or a comment opens that is never closed"):
        open_database(connection, f"{sqlite}?query=select 'x from orders")


WRONG: dict[str, tuple[Callable[[Server], str], str]] = {
    "no password": (lambda server: server.url(), "does not accept this user and password"),
    "password": (lambda server: server.url(password="wr0ngs3cret"), "does not accept this user and password"),
    "user": (lambda server: server.url(user="nobody", password=ESCAPED), "does not accept this user and password"),
    "database": (lambda server: server.url(password=ESCAPED).replace("/shop", "/shup"), "has no database 'shup'"),
    "port": (
        lambda server: server.url(password=ESCAPED).replace(f":{server.port}/", f":{free_port()}/"),
        r"no such server answers at 127\.0\.0\.1:\d+\. Is it running",
    ),
    "option": (lambda server: server.url("?nosuch=1&table=orders", password=ESCAPED), "nosuch"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_an_address_is_told_without_the_password(
    wrong: str, connection: Backend, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGPASSWORD", "PGPASSFILE", "MYSQL_PWD", "WORKBOOK_DATABASE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    address, sentence = WRONG[wrong]
    with pytest.raises(DataProblem, match=sentence) as problem:
        open_database(connection, address(server))
    told = f"{problem.value!r} {problem.value.__cause__!r}"
    assert [secret for secret in (PASSWORD, ESCAPED, "wr0ngs3cret") if secret in told] == []


def test_a_table_that_the_user_may_not_read_is_told(connection: Backend, postgresql: Server) -> None:
    postgresql.execute(
        "drop table if exists hidden", "create table hidden (a int)", "drop role if exists guest",
        "create role guest login password 'gu3st'",
    )  # fmt: skip
    with pytest.raises(DataProblem, match="this user may not read it"):
        open_database(connection, postgresql.url("?table=hidden", user="guest", password="gu3st"))


def test_the_password_may_come_from_postgresql_s_own_variable(
    connection: Backend, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD" if server.family == "postgresql" else "MYSQL_PWD", PASSWORD)
    assert opened(connection, server.url()).headers == HEADERS


def test_user_and_password_may_come_from_the_workbook_s_variables(
    connection: Backend, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBOOK_DATABASE_USER", "owner")
    monkeypatch.setenv("WORKBOOK_DATABASE_PASSWORD", PASSWORD)
    assert opened(connection, server.url().replace("owner@", "")).headers == HEADERS


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:///{folder}/none.db?table=a", "'none.db': there is no such file"),
        ("sqlite://till.db?table=a", "three slashes: `sqlite:///shop.db"),
        ("sqlite:///{folder}/text.db?table=a", "the file is no such database, or is damaged or encrypted"),
        ("duckdb:///{folder}/text.db?table=a", "the file is no such database, or is damaged or encrypted"),
        ("snowflake://x/y?table=a", "needs the package 'snowflake-sqlalchemy': pip install snowflake-sqlalchemy"),
        ("mssql+pyodbc://x/y?table=a", "needs the package 'pyodbc': pip install pyodbc"),
        ("nosuch://x/y?table=a", "Can't read 'nosuch' databases: no installed package knows them"),
        ("https://shop.example/june.csv", "Can't read https addresses: download the file first"),
    ],
)
def test_what_is_no_database_is_told(url: str, sentence: str, connection: Backend, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("Order,Total\n" * 100)
    with pytest.raises(DataProblem, match=sentence):
        open_database(connection, url.format(folder=tmp_path))


def test_the_server_s_words_on_a_value_do_not_repeat_it(connection: Backend, postgresql: Server) -> None:
    part = opened(connection, postgresql.url("?query=select customer::int from orders", password=ESCAPED))
    with pytest.raises(duckdb.Error, match="a value is not what the query takes it for") as problem:
        part.opened.fetchall()
    assert "ann" not in str(problem.value)
