"""Addresses of databases: what each part says, and the secrets in them apart from what may be written down."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, unquote_plus

from segmentation.problems import DataProblem

USER = "WORKBOOK_DATABASE_USER"
PASSWORD = "WORKBOOK_DATABASE_PASSWORD"
SECRETS = "WORKBOOK_DATABASE_SECRETS"  # JSON: address up to its "?" → secrets by name; the runner's word to its kernels
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
SECRET = re.compile(r"(?i)pass|pwd|secret|token|credential|private_?key|access_?key|api_?key|odbc_connect")
QUERY = re.compile(r"(?:^|&)query=(?P<query>.*)", re.DOTALL)
PLACE = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(:(?P<port>\d+))?")
FAMILIES = {"postgres": "postgresql"}
FILES = ("sqlite", "duckdb")


@dataclass(frozen=True)
class Address:
    """A database's address, taken apart.

    Attributes
    ----------
    scheme : as written, such as "postgresql" or "mssql+pyodbc"
    user, host, port, database : empty, or None for the port, when not given
    table, query : what to read
    options : for the driver, such as sslmode, without secrets
    secrets : by name: password, or an option such as sslpassword
    bare : the address as written, without secrets
    """

    scheme: str
    bare: str = field(repr=False)
    user: str = ""
    host: str = ""
    port: int | None = None
    database: str = ""
    table: str = ""
    query: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def family(self) -> str:
        """The kind of database: "postgresql", "mysql", "mariadb", "sqlite", "duckdb" …"""
        kind = self.scheme.partition("+")[0].lower()
        return FAMILIES.get(kind, kind)

    @property
    def is_file(self) -> bool:
        """Whether the database is a file on this machine."""
        return self.family in FILES


class Words(NamedTuple):
    """An address in words as they stand: before the "?", each option, and a query that is written plainly."""

    place: str
    options: list[str]
    query: str


def is_url(given: str) -> bool:
    r"""Tell an address, such as a database's, from a path.

    Examples
    --------
    >>> is_url("postgresql://shop/sales?table=orders"), is_url(r"C:\exports\june.csv"), is_url("june.csv")
    (True, False, False)
    """
    return URL.match(given) is not None


def parsed_address(url: str) -> Address:
    """Take an address apart; no message of it repeats any of it, as a secret may stand anywhere in a mistyped one.

    A query may be percent-encoded as in any web address, or, as the last option, written plainly with its spaces.

    Raises
    ------
    DataProblem
        It can't be read as an address.

    Examples
    --------
    >>> address = parsed_address("postgresql://ann:s3cret@db.shop:5433/shop?table=orders")
    >>> address.host, address.port, address.database, address.table, address.secrets
    ('db.shop', 5433, 'shop', 'orders', {'password': 's3cret'})
    >>> address.bare
    'postgresql://ann@db.shop:5433/shop?table=orders'
    >>> parsed_address("sqlite:///shop.db?query=select * from orders where total > 5 + 1").query
    'select * from orders where total > 5 + 1'
    """
    scheme, _, rest = url.partition("://")
    words = split_words(rest)
    credentials, at, netpath = ("", "", words.place) if rest.startswith("/") else words.place.rpartition("@")
    user, colon, password = credentials.partition(":")
    place, _, database = netpath.partition("/")
    found = PLACE.fullmatch(place)
    options = dict(pair for option in words.options for pair in parse_qsl(option, keep_blank_values=True))
    if not found or not all(re.fullmatch(r"\w+", name) for name in options):
        raise address_problem()
    secrets = {name: value for name, value in options.items() if SECRET.search(name)}
    kept = [option for option in words.options if not SECRET.search(unquote_plus(option.partition("=")[0]))]
    tail = "&".join(kept + ([f"query={words.query}"] if words.query else []))
    address = Address(
        scheme=scheme,
        bare=f"{scheme}://{user}{at}{netpath}" + (f"?{tail}" if tail else ""),
        user=unquote(user),
        host=found["host"].strip("[]"),
        port=int(found["port"]) if found["port"] else None,
        table=options.pop("table", ""),
        query=words.query or options.pop("query", ""),
        options={name: value for name, value in options.items() if name not in secrets},
        secrets=({"password": unquote(password)} if colon else {}) | secrets,
    )
    return replace(address, database=database if address.is_file else unquote(database))


def split_words(rest: str) -> Words:
    """Split what follows the "://" of an address.

    Raises
    ------
    DataProblem
        A secret follows a plain query, where it could not be told from the query.
    """
    place, _, tail = rest.partition("?")
    plain = QUERY.search(tail)
    if not plain or not re.search(r"\s", plain["query"]):
        return Words(place, tail.split("&") if tail else [], "")
    if any(SECRET.search(name) for name in re.findall(r"&\s*(\w+)=", plain["query"])):
        raise address_problem()
    before = tail[: plain.start()]
    return Words(place, before.split("&") if before else [], plain["query"])


def address_problem() -> DataProblem:
    """Word that an address can't be read, without repeating it."""
    return DataProblem(
        "Can't read the address of a database: it must be like `postgresql://host:5432/shop?table=orders`, with "
        f"`query=select …` as its last part. Does the password hold a '?'? Set it as {PASSWORD} instead."
    )


def file_address(address: Address, path: str) -> str:
    """Write the address of a file's database anew for another path to the same file, without secrets."""
    return f"{address.scheme}:///{path}{address.bare[len(place_of(address)) :]}"


def place_of(address: Address) -> str:
    """Give an address up to its "?", without secrets."""
    return address.bare.partition("?")[0]


# --- secrets


def completed(address: Address) -> Address:
    """Add the user and the secrets that the environment holds for an address; those that it has itself come first.

    What is found nowhere is left to the driver, which may know a place of its own, as PostgreSQL's knows ~/.pgpass.
    """
    if address.is_file:
        return address
    told = json.loads(os.environ.get(SECRETS, "{}")).get(place_of(address), {})
    own = os.environ.get("MYSQL_PWD") if address.family in ("mysql", "mariadb") else None
    password = os.environ.get(PASSWORD) or own
    secrets = ({"password": password} if password else {}) | told | dict(address.secrets)
    return replace(address, user=address.user or os.environ.get(USER, ""), secrets=secrets)


def without_secrets(value: Any) -> Any:
    """Give a value with every database's address in it as it may be shown; lists and mappings too.

    Examples
    --------
    >>> without_secrets(["june.csv", "mysql://ann:s3cret@db/shop?table=orders", "mysql://an:n?@:x"])
    ['june.csv', 'mysql://ann@db/shop?table=orders', 'an address']
    """
    if isinstance(value, dict):
        return {without_secrets(key): without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(item) for item in value]
    if not isinstance(value, str) or not is_url(value):
        return value
    try:
        return parsed_address(value).bare
    except DataProblem:
        return "an address"


def secrets_in(value: Any) -> dict[str, dict[str, str]]:
    """Collect the secrets in every database's address that a value holds, by the address up to its "?"."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return {place: secrets for item in value for place, secrets in secrets_in(item).items()}
    if not isinstance(value, str) or not is_url(value):
        return {}
    address = parsed_address(value)
    return {place_of(address): dict(address.secrets)} if address.secrets else {}


def secrets_apart(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Part values from the secrets in them.

    Returns
    -------
    The values, fit to be written down, and the environment in which `completed` finds the secrets again
    """
    told = json.loads(os.environ.get(SECRETS, "{}")) | (found := secrets_in(values))
    return without_secrets(dict(values)), {SECRETS: json.dumps(told)} if found else {}


def require_no_secret(values: Mapping[str, Any]) -> None:
    """Require that no value holds a password, because values are written down.

    Raises
    ------
    DataProblem
        Some value does; it is named, not repeated.
    """
    telling = [name for name, value in values.items() if secrets_in(value)]
    if telling:
        raise DataProblem(
            f"The parameter '{telling[0]}' must not hold a password, because parameters are written down. Take it out "
            f"of the address, and set it as {PASSWORD} in the environment? `workbook run` does so by itself."
        )
