"""Tables and queries of databases as tables of text: read only, in batches, no secret ever in a message."""

import difflib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import pyarrow as pa
import sqlglot
from ibis.backends.duckdb import Backend

from segmentation.problems import DataProblem, shorten, some
from segmentation.sources.addresses import PASSWORD, USER, Address, completed, parsed_address
from segmentation.sources.drivers import NAMES, Database, DuckDBFile, Server, file_of
from segmentation.sources.parts import Part, distinct_names

READS = ("SELECT", "WITH", "VALUES", "TABLE", "FROM", "(")


class Complaint(NamedTuple):
    """What databases mean by some of their codes or words, and how a user is told."""

    codes: tuple[str | int, ...]
    words: str
    sentence: str


COMPLAINTS = (
    Complaint(
        ("28P01", "28000", 1045, 1698),
        "authentication failed|no password supplied|using password|role .* does not exist",
        f"it does not accept this user and password. Set them as {USER} and {PASSWORD}?",
    ),
    Complaint(
        ("3D000", 1049, 1044),
        r"\bdatabase \S+ does not exist|Unknown database",
        "this server has no database {database} that this user may see. Is its name right?",
    ),
    Complaint(
        (2002, 2003, 2005),
        "refused|could not translate|resolve host|timed? ?out|timeout expired|No route|unreachable",
        "no such server answers at {place}. Is it running, and are host and port right?",
    ),
    Complaint(
        ("25006", 1792),
        "read-only transaction|readonly database|data-modifying statements|read-only mode",
        "the query would change the database; it must only read.",
    ),
    Complaint(
        ("42501", 1142, 1143),
        "permission denied|command denied",
        "this user may not read it. Does its owner grant SELECT to this user?",
    ),
    Complaint(
        (),
        "file is not a database|not a valid DuckDB|is encrypted|external extensions is disabled",
        "the file is no such database, or is damaged or encrypted.",
    ),
    Complaint(
        ("22P02", "22007", "22008", 1292, 1366, 1411),
        "Conversion Error|invalid input syntax",
        "a value is not what the query takes it for. What does it cast or compare?",
    ),
    Complaint(
        (), "Could not set lock|database is locked", "another program holds the file open. Close it there first?"
    ),
    Complaint(
        ("42601", "42703", "42P01", "42883", "42804", 1054, 1064, 1146, 1305),
        "syntax|no such column|no such table|no such function|Parser Error|Binder Error|Catalog Error",
        "the database does not understand the query: {told}",
    ),
)


def open_database(connection: Backend, url: str) -> list[Part]:
    """Open a table or query of a database; of its rows nothing is read yet.

    Parameters
    ----------
    connection : the engine
    url : such as `postgresql://host/shop?table=orders`, `mysql://host/shop?query=select …`,
        `sqlite:///shop.db?table=orders`, `duckdb:///shop.duckdb?table=orders`, or any other that SQLAlchemy knows; a
        relative path counts from the project. User and password come from it or from the environment

    Returns
    -------
    list of one Part; every value is text as the database writes it, read anew by everyone who asks for rows

    Raises
    ------
    DataProblem
        The database can't be reached or read, there is no such table, or the query does not only read.
    """
    address = completed(parsed_address(url))
    with problems_of(address):
        database = DuckDBFile(address) if address.family == "duckdb" else Server(address)
        statement = only_read(address) if address.query else find_table(database, address)
        columns = database.headers(statement)
    if not columns:
        raise DataProblem(f"Can't read {some([title(address)])}: it returns no columns. Is it a `select`?")
    rows = Rows(
        pa.schema([(name, pa.string()) for name in distinct_names(columns)]),
        partial(told_batches, database, statement, address),
    )
    modified = file_of(address).stat().st_mtime if address.is_file else 0.0
    return [Part(title(address), NAMES.get(address.family, address.family), connection.con.from_arrow(rows), modified)]


def title(address: Address) -> str:
    """Name what is read, without telling where it is.

    Examples
    --------
    >>> title(parsed_address("mariadb://ann@db.shop/shop?table=orders"))
    'MariaDB table orders'
    """
    kind = NAMES.get(address.family, address.family)
    return (
        f"{kind} query" if address.query else f"{kind} table {address.table}" if address.table else f"{kind} database"
    )


@dataclass(frozen=True)
class Rows:
    """Rows that are fetched while the engine asks for them, from the first one each time that it asks."""

    schema: pa.Schema
    fetch: Callable[[], Iterator[list[pa.Array]]]

    def __arrow_c_schema__(self) -> object:
        """Tell the engine the columns."""
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the engine all rows, some at a time."""
        batches = (pa.record_batch(columns, schema=self.schema) for columns in self.fetch())
        return pa.RecordBatchReader.from_batches(self.schema, batches).__arrow_c_stream__(requested_schema)


def told_batches(database: Database, statement: str, address: Address) -> Iterator[list[pa.Array]]:
    """Run a query; what goes wrong on the way is told as `open_database` does."""
    with problems_of(address):
        yield from database.batches(statement)


# --- what is asked of a database


def find_table(database: Database, address: Address) -> str:
    """Word the query for the table that an address names.

    Raises
    ------
    DataProblem
        It names none, or there is none of that name; the tables that there are are told.
    """
    statement = database.select_all(address.table) if address.table else None
    if statement:
        return statement
    tables = database.tables()
    if not address.table:
        raise DataProblem(
            f"The address of a database must say what to read: end it in `?table=…` or `?query=select …`. "
            f"This one has the tables {some(tables, limit=20)}."
        )
    near = difflib.get_close_matches(address.table, tables, n=3)
    hint = f"Did you mean {some(near)}?" if near else f"It has {some(tables, limit=20)}."
    raise DataProblem(f"Can't read {some([title(address)])}: the database has no such table. {hint}")


def only_read(address: Address) -> str:
    """Require that a query is one statement that only reads; the database is asked to refuse all else besides.

    Returns
    -------
    The query without a semicolon at its end

    Examples
    --------
    >>> only_read(parsed_address("sqlite:///shop.db?query=select ';' as mark;  -- done"))
    "select ';' as mark"
    """
    tokens = tokens_of(address)
    ends = [token.start for token in tokens if token.token_type is sqlglot.TokenType.SEMICOLON]
    statement = address.query[: ends[0]] if ends else address.query
    words = [token for token in tokens if token.token_type is not sqlglot.TokenType.SEMICOLON]
    if ends and words and words[-1].start > ends[0]:
        raise DataProblem(f"Can't read {some([title(address)])}: it must be one statement.")
    hidden = address.family in ("mysql", "mariadb") and re.search(r"/\*M?!", statement)  # a comment that is run
    into = any(token.token_type is sqlglot.TokenType.INTO for token in words)
    if not words or words[0].text.upper() not in READS or into or hidden:
        raise DataProblem(f"Can't read {some([title(address)])}: it must only read, as a `select` without `into` does.")
    return statement


def tokens_of(address: Address) -> list[sqlglot.Token]:
    """Split a query into its words as its database does."""
    dialect = {"postgresql": "postgres", "mssql": "tsql", "mariadb": "mysql"}.get(address.family, address.family)
    known = sqlglot.Dialect.get(dialect)
    try:
        return sqlglot.tokenize(address.query, read=known)
    except sqlglot.errors.TokenError:
        raise DataProblem(
            f"Can't read {some([title(address)])}: a quotation mark or a comment opens that is never closed."
        ) from None


# --- what goes wrong


@contextmanager
def problems_of(address: Address) -> Iterator[None]:
    """Turn what a database or its driver says into a sentence without any secret."""
    try:
        yield
    except DataProblem:
        raise
    except Exception as error:
        if not is_complaint(error):
            raise
        raise DataProblem(f"Can't read {some([title(address)])}: {complaint(error, address)}") from None


def is_complaint(error: Exception) -> bool:
    """Tell whether an error is a driver's word on the database; every driver has a class `Error` for those."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    told = {"Error", "SQLAlchemyError", "UnicodeError", "RuntimeError"}
    return bool(kinds & told) or "unexpected keyword argument" in str(error)


def complaint(error: Exception, address: Address) -> str:
    """Say what a database or its driver means, without any secret."""
    cause = getattr(error, "orig", None) or error
    words = str(cause.args[-1] if cause.args else cause).strip()
    codes = {getattr(cause, "sqlstate", None), cause.args[0] if cause.args else None}
    known = (one for one in COMPLAINTS if codes.intersection(one.codes) or re.search(one.words, words))
    sentence = next((one.sentence for one in known), "the database says: {told}")
    told = scrubbed(words, address).partition("\n")[0] or type(cause).__name__
    place = f"{address.host or 'localhost'}{f':{address.port}' if address.port else ''}"
    return sentence.format(told=shorten(told, limit=200), place=place, database=some([address.database]))


def scrubbed(text: str, address: Address) -> str:
    """Take every secret of an address out of a text, in each way in which it may be written.

    Examples
    --------
    >>> scrubbed("no user ann with p@ss or p%40ss", parsed_address("mysql://ann:p@ss@db/shop"))
    'no user ann with … or …'
    """
    for secret in filter(None, address.secrets.values()):
        for written in {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}:
            text = text.replace(written, "…")
    return text
