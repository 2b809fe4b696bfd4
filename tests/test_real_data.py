"""A real shop's two years: Online Retail II, where it stands beside the project (data/SOURCES.md tells what it is)."""

from collections.abc import Iterator

import ibis.expr.types as ir
import pandas as pd
import pytest
from ibis.backends.duckdb import Backend

from segmentation import clean, ingest
from segmentation.engine import engine
from segmentation.runs import PROJECT
from segmentation.sources import open_parts

FILE = PROJECT.parent / "shared" / "data" / "online_retail_II.csv"

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"{FILE.name} does not stand in ../shared/data")


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """Start an engine of its own, so that a million lines are gone when this module is done."""
    with engine(tmp_path_factory.mktemp("retail")) as started:
        yield started


@pytest.fixture(scope="module")
def orders(connection: Backend, tmp_path_factory: pytest.TempPathFactory) -> ir.Table:
    """Read the file once."""
    parts = open_parts(connection, [str(FILE)], scratch=tmp_path_factory.mktemp("scratch"))
    reading = ingest.read_table(connection, parts, ingest.Hints(), table="orders")
    return connection.create_table("orders", reading.table)


def judge(connection: Backend, orders: ir.Table, *, cleaning: str) -> ir.Table:
    rules = clean.policy_rules(cleaning, duplicates="drop")
    currency = clean.require_one_currency(orders, currency="")
    judged = clean.judge(orders, rules=rules, currency=currency, max_quantity=50_000)
    return connection.create_table(f"judged_{cleaning}", judged)


@pytest.fixture(scope="module")
def usual(connection: Backend, orders: ir.Table) -> pd.DataFrame:
    return clean.account(judge(connection, orders, cleaning="usual"))


@pytest.fixture(scope="module")
def net(connection: Backend, orders: ir.Table) -> pd.DataFrame:
    return clean.account(judge(connection, orders, cleaning="net"))


def test_every_row_of_the_file_is_read(orders: ir.Table) -> None:
    rows = orders.aggregate(
        lines=orders.count(),
        rows=orders.source_row.nunique(),
        last=orders.source_row.max(),
        invoices=orders.order_id.nunique(),
        customers=orders.customer_id.nunique(),
        guests=orders.customer_id.isnull().sum(),
        credits=(orders.status == "credit").sum(),
        countries=orders.country.nunique(),
    )
    assert rows.execute().iloc[0].to_dict() == {
        "lines": 1_067_371,
        "rows": 1_067_371,
        "last": 1_067_371,
        "invoices": 53_628,
        "customers": 5_942,
        "guests": 243_007,
        "credits": 19_494,
        "countries": 43,
    }


def test_the_usual_cleaning_gives_the_textbook_s_counts(usual: pd.DataFrame) -> None:
    kept = usual.iloc[0]
    assert (kept["reason"], kept["lines"], kept["orders"], kept["customers"]) == ("clean", 779_425, 36_969, 5_878)
    assert f"{kept['money']:.2f}" == "17374804.27"


def test_the_net_cleaning_gives_the_counts_of_the_sources_page(net: pd.DataFrame) -> None:
    kept = net.iloc[0]
    assert (kept["reason"], kept["lines"], f"{kept['money']:.2f}") == ("clean", 792_425, "16400361.82")
    page = (PROJECT / "data" / "SOURCES.md").read_text(encoding="utf-8")
    assert f"| clean | {kept['lines']:,} | {kept['money']:,.2f} |" in page


@pytest.mark.parametrize("policy", ["usual", "net"])
def test_every_row_is_accounted_for(policy: str, orders: ir.Table, request: pytest.FixtureRequest) -> None:
    account = request.getfixturevalue(policy)
    lines, money = clean.lines_and_money(orders)
    clean.require_balance(account, lines_in=lines, money_in=money)
    assert account["lines"].sum() == 1_067_371


@pytest.mark.parametrize("policy", ["usual", "net"])
def test_exact_duplicates_are_found(policy: str, request: pytest.FixtureRequest) -> None:
    account = request.getfixturevalue(policy).set_index("reason")
    assert account.loc["duplicate", "lines"] == 34_335
