"""Addresses of databases: what their parts say, and that no secret of one is ever written down."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.problems import DataProblem
from segmentation.sources.addresses import (
    SECRETS,
    Address,
    completed,
    parsed_address,
    require_no_secret,
    secrets_apart,
    without_secrets,
)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORKBOOK_DATABASE_USER", "WORKBOOK_DATABASE_PASSWORD", SECRETS, "MYSQL_PWD"):
        monkeypatch.delenv(name, raising=False)


def parts(address: Address) -> tuple[object, ...]:
    return address.family, address.user, address.host, address.port, address.database


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://db/shop?table=orders", ("postgresql", "", "db", None, "shop")),
        ("postgresql+psycopg://ann@db:5433/shop", ("postgresql", "ann", "db", 5433, "shop")),
        ("mysql://[::1]:3307/shop", ("mysql", "", "::1", 3307, "shop")),
        ("mysql://a%40b:x@db/my%20shop", ("mysql", "a@b", "db", None, "my shop")),
        ("sqlite:///till.db?table=orders", ("sqlite", "", "", None, "till.db")),
        ("sqlite:////data/a@b%20.db", ("sqlite", "", "", None, "/data/a@b%20.db")),
        ("duckdb:///C:/shop/x.duckdb", ("duckdb", "", "", None, "C:/shop/x.duckdb")),
    ],
)
def test_an_address_is_taken_apart(url: str, expected: tuple[object, ...]) -> None:
    assert parts(parsed_address(url)) == expected


@pytest.mark.parametrize("written", ["p%40ss%2Fw:rd", "p@ss/w:rd"])
def test_a_password_is_found_escaped_or_not(written: str) -> None:
    address = parsed_address(f"postgresql://ann:{written}@db/shop?table=orders")
    assert (address.secrets, address.bare) == ({"password": "p@ss/w:rd"}, "postgresql://ann@db/shop?table=orders")


def test_secret_options_are_taken_out_and_others_stay() -> None:
    address = parsed_address("postgresql://db/shop?sslmode=require&sslpassword=s3&table=orders&Password=s4")
    assert address.secrets == {"sslpassword": "s3", "Password": "s4"}
    assert address.options == {"sslmode": "require"}
    assert address.bare == "postgresql://db/shop?sslmode=require&table=orders"


@pytest.mark.parametrize(
    "tail",
    [
        "query=select a + b from t where c = 'x&y' and d like '5%25'",
        "query=select%20a%20%2B%20b%20from%20t%20where%20c%20%3D%20'x%26y'%20and%20d%20like%20'5%2525'",
        "query=select+a+%2B+b+from+t+where+c+=+'x%26y'+and+d+like+'5%2525'",
    ],
)
def test_a_query_is_read_plain_or_escaped(tail: str) -> None:
    assert parsed_address(f"mysql://db/shop?{tail}").query == "select a + b from t where c = 'x&y' and d like '5%25'"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:se?cret@db/shop?table=orders",
        "postgresql://ann:1?cret@db/shop?table=orders",
        "postgresql://db:se?cret",
        "postgresql://db/shop?query=select * from orders&password=secret",
    ],
)
def test_an_address_that_can_t_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(DataProblem, match="Can't read the address of a database: it must be like") as problem:
        parsed_address(url)
    assert "cret" not in str(problem.value)


SECRET_WORDS = st.text(st.characters(blacklist_characters="?", min_codepoint=33, max_codepoint=0x4E20), min_size=1)


@given(password=SECRET_WORDS)
def test_taking_a_password_out_leaves_the_rest_and_nothing_to_take_out(password: str) -> None:
    address = parsed_address(f"postgresql://ann:{password}@db/shop?table=orders")
    assert address.bare == "postgresql://ann@db/shop?table=orders"
    assert parsed_address(address.bare).secrets == {}


def test_values_are_parted_from_their_secrets_and_these_are_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = ["mysql://ann:one@a/shop?table=orders", "june.csv", "postgresql://bob:two@b/shop?query=select 1"]
    values, environment = secrets_apart({"orders": urls, "k": 5})
    bare = ["mysql://ann@a/shop?table=orders", "june.csv", "postgresql://bob@b/shop?query=select 1"]
    assert values == {"orders": bare, "k": 5}
    monkeypatch.setenv(SECRETS, environment[SECRETS])
    assert completed(parsed_address(bare[0])).secrets == {"password": "one"}
    assert completed(parsed_address(bare[2])).secrets == {"password": "two"}


def test_values_without_secrets_need_no_environment() -> None:
    assert secrets_apart({"orders": ["june.csv"]}) == ({"orders": ["june.csv"]}, {})


def test_user_and_password_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_DATABASE_USER", "ann")
    monkeypatch.setenv("WORKBOOK_DATABASE_PASSWORD", "s3cret")
    address = completed(parsed_address("postgresql://db/shop?table=orders"))
    assert (address.user, address.secrets) == ("ann", {"password": "s3cret"})


def test_the_address_itself_outweighs_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_DATABASE_USER", "ann")
    monkeypatch.setenv("WORKBOOK_DATABASE_PASSWORD", "s3cret")
    address = completed(parsed_address("postgresql://bob:own@db/shop?table=orders"))
    assert (address.user, address.secrets) == ("bob", {"password": "own"})


def test_mysql_s_own_variable_is_for_mysql_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYSQL_PWD", "s3cret")
    assert completed(parsed_address("mariadb://db/shop")).secrets == {"password": "s3cret"}
    assert completed(parsed_address("postgresql://db/shop")).secrets == {}


def test_no_representation_of_an_address_shows_a_secret() -> None:
    assert "s3cret" not in repr(parsed_address("mysql://ann:s3cret@db/shop?sslpassword=s3cret"))


@pytest.mark.parametrize(
    "value", ["mysql://a:s3cret@b/c", ["x", "mysql://a:s3cret@b/c"], {"x": "mysql://a:s3cret@b/c"}]
)
def test_a_parameter_with_a_password_is_refused_by_name(value: object) -> None:
    with pytest.raises(DataProblem, match=r"'orders' must not hold a password.* WORKBOOK_DATABASE_PASSWORD") as problem:
        require_no_secret({"k": 5, "orders": value})
    assert "s3cret" not in str(problem.value)
    require_no_secret({"orders": without_secrets(value)})


def test_the_runner_s_word_to_its_kernels_is_kept_by_address() -> None:
    _, environment = secrets_apart({"orders": "mysql://ann:s3cret@db:3307/shop?ssl_ca=x&table=orders"})
    assert json.loads(environment[SECRETS]) == {"mysql://ann@db:3307/shop": {"password": "s3cret"}}
