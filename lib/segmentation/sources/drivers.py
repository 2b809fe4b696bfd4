"""Databases as the workbook asks them: read only, some rows at a time, every value the text that they write."""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from segmentation.problems import DataProblem, some
from segmentation.runs import resolve
from segmentation.sources.addresses import Address
from segmentation.sources.parts import quoted

BATCH_ROWS = 10_000
CONNECT_SECONDS = 15
MEMORY_MB = 512  # for a DuckDB file, beside the engine

NAMES = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "sqlite": "SQLite",
    "duckdb": "DuckDB",
    "mssql": "SQL Server",
    "oracle": "Oracle",
}
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
PACKAGES = {  # what brings SQLAlchemy a kind of database that it does not know by itself
    "bigquery": "sqlalchemy-bigquery",
    "clickhouse": "clickhouse-sqlalchemy",
    "databricks": "databricks-sqlalchemy",
    "redshift": "sqlalchemy-redshift",
    "snowflake": "snowflake-sqlalchemy",
    "trino": "trino",
}
SESSION = {
    "postgresql": ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET datestyle TO ISO"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY",),
}
CONNECT = {
    "postgresql": {"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8"},
    "mysql": {"connect_timeout": CONNECT_SECONDS},
    "mariadb": {"connect_timeout": CONNECT_SECONDS},
    "sqlite": {"check_same_thread": False},  # the engine asks for rows from threads of its own
}


class Database(Protocol):
    """A database that can be read."""

    def tables(self) -> list[str]:
        """List the names of its tables and views."""

    def select_all(self, table: str) -> str | None:
        """Word the query that reads a whole table; None when there is no such table."""

    def headers(self, statement: str) -> list[str]:
        """Ask which columns a query returns; none when it returns no table."""

    def batches(self, statement: str) -> Iterator[list[pa.Array]]:
        """Run a query, giving its columns as text, some rows at a time."""


# --- servers and SQLite files, through SQLAlchemy and its drivers


@dataclass(frozen=True)
class Server:
    """A database that SQLAlchemy knows; each question has a connection of its own, which may only read."""

    address: Address

    @cached_property
    def engine(self) -> Any:
        """SQLAlchemy's engine for the address.

        Raises
        ------
        DataProblem
            The package that knows such databases is not installed.
        """
        import sqlalchemy

        address = self.address
        family, secrets = address.family, dict(address.secrets)
        password = secrets.pop("password", None)
        url = sqlalchemy.URL.create(
            DRIVERS.get(family, address.scheme),
            username=address.user or None,
            password=password,
            host=address.host or None,
            port=address.port,
            database=address.database or None,
            query={**address.options, **secrets},
        )
        if family == "sqlite":
            url = url.set(database=file_of(address).as_uri(), query={"mode": "ro", "uri": "true"})
        options = {name: value for name, value in CONNECT.get(family, {}).items() if name not in address.options}
        try:
            return sqlalchemy.create_engine(
                url, poolclass=sqlalchemy.NullPool, pool_reset_on_return=None, connect_args=options
            )
        except ModuleNotFoundError as missing:
            raise package_problem(address, missing.name) from None
        except sqlalchemy.exc.NoSuchModuleError:
            raise package_problem(address, PACKAGES.get(family)) from None

    def tables(self) -> list[str]:
        """List tables and views, those outside the user's own schema with their schema's name."""
        import sqlalchemy

        with self.engine.connect() as connection:
            inspector = sqlalchemy.inspect(connection)
            own = inspector.default_schema_name
            system = ("information_schema", "mysql", "performance_schema", "sys")
            others = inspector.get_schema_names() if self.address.family == "postgresql" else []
            schemas = [None, *(name for name in others if name not in (own, *system))]
            return [
                f"{schema}.{name}" if schema else name
                for schema in schemas
                for name in sorted([*inspector.get_table_names(schema), *inspector.get_view_names(schema)])
            ]

    def select_all(self, table: str) -> str | None:
        """Word the query for a table that there is, named alone or with its schema; names are quoted as need be."""
        import sqlalchemy

        schema, dot, name = table.partition(".")
        with self.engine.connect() as connection:
            inspector = sqlalchemy.inspect(connection)
            if inspector.has_table(table):
                found = sqlalchemy.table(table)
            elif dot and inspector.has_table(name, schema=schema):
                found = sqlalchemy.table(name, schema=schema)
            else:
                return None
        dialect = self.engine.dialect
        statement = str(sqlalchemy.select(sqlalchemy.text("*")).select_from(found).compile(dialect=dialect))
        return statement.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else statement

    def headers(self, statement: str) -> list[str]:
        """Ask which columns a query returns."""
        with self.running(statement, limit=0) as cursor:
            return [column[0] for column in cursor.description or []]

    def batches(self, statement: str) -> Iterator[list[pa.Array]]:
        """Run a query, giving its columns as text, some rows at a time."""
        with self.running(statement) as cursor:
            while rows := cursor.fetchmany(BATCH_ROWS):
                yield [text_array(column) for column in zip(*rows, strict=True)]

    @contextmanager
    def running(self, statement: str, *, limit: int | None = None) -> Iterator[Any]:
        """Run a query in a session that may only read, its rows left with the server until they are asked for."""
        connection = self.engine.raw_connection()
        try:
            driver = connection.driver_connection
            for setting in SESSION.get(self.address.family, ()):
                execute(driver, setting)
            cursor = self.cursor(driver, limit=limit)
            try:
                cursor.execute(statement)
                yield cursor
            except BaseException:  # also when no more rows are wanted
                self.interrupt(driver)
                raise
            finally:
                with suppress(self.engine.dialect.dbapi.Error):
                    cursor.close()
        finally:
            connection.close()

    def cursor(self, driver: Any, *, limit: int | None) -> Any:
        """Open a cursor that leaves rows with the server and gives values as the server writes them."""
        match self.address.family:
            case "postgresql":
                return text_cursor(driver)
            case "mysql" | "mariadb":
                from pymysql.constants import FIELD_TYPE
                from pymysql.cursors import SSCursor

                if limit is not None:
                    execute(driver, f"SET SESSION sql_select_limit = {limit}")
                driver.decoders = {FIELD_TYPE.BIT: lambda bits: str(int.from_bytes(bits))}
                return driver.cursor(SSCursor)
        return driver.cursor()

    def interrupt(self, driver: Any) -> None:
        """Have a MySQL server send no more, which alone ends its query; other drivers can leave one."""
        if self.address.family in ("mysql", "mariadb"):
            other = self.engine.raw_connection()
            try:
                execute(other.driver_connection, f"KILL QUERY {driver.thread_id()}")
            finally:
                other.close()


def execute(driver: Any, statement: str) -> None:
    """Run a statement that returns nothing."""
    cursor = driver.cursor()
    cursor.execute(statement)
    cursor.close()
    driver.commit()


def text_cursor(driver: Any) -> Any:
    """Open a cursor on a PostgreSQL server that gives every value as the text that the server sends."""
    from psycopg.adapt import Loader
    from psycopg.types.string import TextLoader

    class TruthLoader(Loader):
        def load(self, data: Any) -> str:
            return "true" if bytes(data) == b"t" else "false"

    cursor = driver.cursor(name="workbook")
    for kind in driver.adapters.types:
        loader = TruthLoader if kind.name == "bool" else TextLoader
        cursor.adapters.register_loader(kind.oid, loader)
        cursor.adapters.register_loader(kind.array_oid, TextLoader)
    return cursor


def text_array(values: Sequence[object]) -> pa.Array:
    """Write the values of a column as text."""
    return pa.array([value if type(value) is str or value is None else as_text(value) for value in values], pa.string())


def as_text(value: object) -> str:
    """Write a value as text, exactly; bytes as hexadecimal digits.

    Examples
    --------
    >>> as_text(Decimal("12.50")), as_text(True), as_text(datetime.datetime(2009, 12, 1, 7, 45)), as_text(b"ok")
    ('12.50', 'true', '2009-12-01 07:45:00', '6f6b')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


# --- DuckDB files


@dataclass(frozen=True)
class DuckDBFile:
    """A DuckDB file, read by DuckDB itself in a session of its own, which can reach nothing else."""

    address: Address

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file to be read only."""
        limits = {"memory_limit": f"{MEMORY_MB}MB", "enable_external_access": "false"}
        connection = duckdb.connect(str(file_of(self.address)), read_only=True, config=limits)
        try:
            yield connection
        finally:
            connection.close()

    def named(self) -> dict[str, str]:
        """List tables and views, those outside the main schema with its name, each with the query that reads it."""
        with self.opened() as connection:
            rows = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
        return {
            name if schema == "main" else f"{schema}.{name}": f"select * from {quoted(schema)}.{quoted(name)}"
            for schema, name in sorted(rows)
        }

    def tables(self) -> list[str]:
        """List the names of tables and views."""
        return list(self.named())

    def select_all(self, table: str) -> str | None:
        """Word the query that reads a whole table; None when there is no such table."""
        return self.named().get(table)

    def headers(self, statement: str) -> list[str]:
        """Ask which columns a query returns."""
        with self.opened() as connection:
            return list(connection.sql(statement).columns)

    def batches(self, statement: str) -> Iterator[list[pa.Array]]:
        """Run a query, giving its columns as text, some rows at a time."""
        with self.opened() as connection:
            reader = connection.sql(f"select columns(*)::varchar from ({statement}\n)").to_arrow_reader(BATCH_ROWS)
            for batch in reader:
                yield batch.columns


def file_of(address: Address) -> Path:
    """Locate the file of a database.

    Raises
    ------
    DataProblem
        The address names none, or there is no such file.
    """
    name = NAMES[address.family]
    if address.host or not address.database:
        raise DataProblem(
            f"The address of a {name} file must have three slashes: `{address.family}:///shop.db?table=…`."
        )
    path = resolve(address.database)
    if not path.is_file():
        raise DataProblem(f"Can't read {some([path.name])}: there is no such file.")
    return path


def package_problem(address: Address, package: str | None) -> DataProblem:
    """Word that the package which knows a kind of database is not there."""
    if address.family in ("http", "https", "ftp", "s3", "gs", "file"):
        return DataProblem(f"Can't read {address.family} addresses: download the file first and name it.")
    if not package:
        return DataProblem(
            f"Can't read {some([address.family])} databases: no installed package knows them. "
            f"Is it meant to be one of {some(NAMES, limit=len(NAMES))}?"
        )
    return DataProblem(
        f"Reading {address.family} databases needs the package {some([package])}: pip install {package}."
    )
