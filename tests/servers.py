"""Real database servers for tests, on loopback, each in a folder of its own, stopped in the end."""

import contextlib
import csv
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "gr0und:c0ffee@7/%?"  # every character that an address must escape
ESCAPED = "gr0und%3Ac0ffee%407%2F%25%3F"
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A server that answers: its kind, its port on loopback, how to connect as the owner of the database `shop`."""

    family: str
    port: int
    connect: Callable[[], Any]

    def url(self, tail: str = "?table=orders", *, password: str = "", user: str = "owner") -> str:
        """Write the address of the database, the password as it is to stand there."""
        credentials = f"{user}:{password}" if password else user
        return f"{self.family}://{credentials}@127.0.0.1:{self.port}/shop{tail}"

    def execute(self, *statements: str) -> None:
        """Run statements as the owner."""
        connection = self.connect()
        try:
            for statement in statements:
                connection.cursor().execute(statement)
            connection.commit()
        finally:
            connection.close()

    def rows(self, query: str) -> list[tuple]:
        """Ask as the owner."""
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute(query)
            return list(cursor.fetchall())
        finally:
            connection.close()


@pytest.fixture(scope="module", name="postgresql")
def postgresql_fixture() -> Iterator[Server]:
    """Start PostgreSQL once for the tests of a module; they skip where it is not installed."""
    folder = binaries("initdb", "/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin")
    if not folder:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    with postgresql_server(folder) as server:
        yield server


@pytest.fixture(scope="module", name="mariadb")
def mariadb_fixture() -> Iterator[Server]:
    """Start MariaDB once for the tests of a module; they skip where it is not installed."""
    if not binaries("mariadbd", "/usr/sbin") or not binaries("mariadb-install-db", "/usr/bin"):
        pytest.skip("MariaDB is not installed; on Debian: apt-get install mariadb-server")
    with mariadb_server() as server:
        yield server


def binaries(program: str, *folders: str) -> Path | None:
    """Find the folder of a program: the newest of those that the patterns name, else one of the PATH."""
    found = [place for pattern in folders for place in Path("/").glob(pattern[1:]) if (place / program).is_file()]
    on_path = shutil.which(program)
    return max(found, default=Path(on_path).parent if on_path else None)


@contextmanager
def postgresql_server(programs: Path) -> Iterator[Server]:
    """Make a database and serve it until the block ends."""
    import psycopg

    with own_folder("postgres") as (folder, user):
        (folder / "password").write_text(PASSWORD)
        options = ["-U", "owner", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8", "--locale=C"]
        run([programs / "initdb", "-D", folder / "data", "--no-sync", *options], user=user)
        port = free_port()
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        words = [programs / "postgres", "-D", folder / "data", "-p", str(port), *settings]

        def connect(database: str = "shop") -> Any:
            place = {"host": "127.0.0.1", "port": port, "user": "owner", "password": PASSWORD, "dbname": database}
            return psycopg.connect(**place, autocommit=True)

        with served(words, user=user, folder=folder, ready=lambda: connect("postgres").close(), stop=signal.SIGINT):
            connection = connect("postgres")
            connection.execute("create database shop")
            connection.close()
            yield Server("postgresql", port, connect)


@contextmanager
def mariadb_server() -> Iterator[Server]:
    """Make a database and serve it until the block ends."""
    import pymysql

    with own_folder("mysql") as (folder, user):
        install, serve = (shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in MARIADB)
        data = f"--datadir={folder / 'data'}"
        run([install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"], user=user)
        port = free_port()
        place = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}", "--skip-log-bin"]

        def connect(account: str = "owner", password: str = PASSWORD, database: str | None = "shop") -> Any:
            return pymysql.connect(
                host="127.0.0.1", port=port, user=account, password=password, database=database, autocommit=True
            )

        def ready() -> None:
            connect("root", "", None).close()

        with served([serve, "--no-defaults", data, *place], user=user, folder=folder, ready=ready):
            connection = connect("root", "", None)
            for statement in (
                "create database shop character set utf8mb4",
                f"create user owner@'127.0.0.1' identified by '{PASSWORD}'",
                "grant all on shop.* to owner@'127.0.0.1' with grant option",
                "grant create user on *.* to owner@'127.0.0.1'",
            ):
                connection.cursor().execute(statement)
            connection.close()
            yield Server("mariadb", port, connect)


MARIADB = ("mariadb-install-db", "mariadbd")


@contextmanager
def own_folder(account: str) -> Iterator[tuple[Path, str | None]]:
    """Make a folder for a server, and tell which account must serve it: servers refuse to be run by root."""
    folder = Path(tempfile.mkdtemp(prefix="server-"))
    user = None
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        user = account if known(account) else "nobody"
        shutil.chown(folder, user)
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def known(account: str) -> bool:
    """Tell whether this machine has an account."""
    import pwd

    return any(entry.pw_name == account for entry in pwd.getpwall())


def run(words: list[object], *, user: str | None) -> None:
    """Run a program to its end, as an account."""
    done = subprocess.run(list(map(str, words)), user=user, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def served(
    words: list[object],
    *,
    user: str | None,
    folder: Path,
    ready: Callable[[], None],
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    """Serve until the block ends, once the server answers; only the process that was started here is stopped."""
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(list(map(str, words)), user=user, cwd="/", stdout=output, stderr=output)
    try:
        wait_until(ready, server, log)
        yield
    finally:
        server.send_signal(stop)
        server.wait(timeout=60)


def wait_until(ready: Callable[[], None], server: subprocess.Popen, log: Path) -> None:
    """Wait until a server answers."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(Exception):  # of whichever driver
            return ready()
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start: {log.read_text(errors='replace')}")


def free_port() -> int:
    """Find a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def load_csv(server: Server, path: Path, table: str, *, types: Mapping[str, str] | None = None) -> None:
    """Load a CSV file in UTF-8 into a new table of a PostgreSQL server.

    Parameters
    ----------
    server : a PostgreSQL server
    path : the file, its first line the header
    table : the new table; one of that name is dropped
    types : the type of a column by its header, such as "numeric"; text when not named
    """
    from psycopg import sql

    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file))
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL((types or {}).get(name, "text"))) for name in header
        ]
        place = sql.Identifier(table)
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("drop table if exists {}").format(place))
            cursor.execute(sql.SQL("create table {} ({})").format(place, sql.SQL(", ").join(columns)))
            with cursor.copy(sql.SQL("copy {} from stdin (format csv)").format(place)) as copy:
                while text := file.read(2**20):
                    copy.write(text)
