"""A real shop's two years: Online Retail II, where it stands beside the project (data/SOURCES.md tells what it is)."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import pandas as pd
import pytest
from ibis.backends.duckdb import Backend
from servers import ESCAPED, Server, load_csv, postgresql_fixture  # noqa: F401
from workbooks import once

from segmentation import clean, ingest
from segmentation.engine import engine
from segmentation.runs import PROJECT
from segmentation.sources.parts import open_parts

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
    policy = clean.Policy(cleaning=cleaning)
    judged = clean.judge_orders(orders, policy, currency=clean.shop_currency(orders, policy))
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


# --- the same orders from three kinds of source

FIRST_YEAR = 525_461  # lines of the publisher's first sheet

SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{RELATIONS}/worksheet" Target="worksheets/sheet2.xml"/>'
    f'<Relationship Id="r3" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="Year 2009-2010" sheetId="1" r:id="r1"/><sheet name="Year 2010-2011" sheetId="2" r:id="r2"/>'
    "</sheets></workbook>",
    "xl/styles.xml": f'<styleSheet xmlns="{SPREADSHEET}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>'
    "</styleSheet>",
}

# Each line as a row of a sheet: numbers and times as Excel holds them, words as text.
ROWS = """
select '<row>' || string_agg(cell, '' order by place) || '</row>' from (
    select line, unnest([
        word(Invoice), word(StockCode), word(Description), number(Quantity),
        '<c s="1"><v>' || (epoch(InvoiceDate::timestamp) / 86400.0 + 25569)::varchar || '</v></c>',
        number(Price), number("Customer ID"), word(Country)
    ]) as cell, generate_subscripts([1, 2, 3, 4, 5, 6, 7, 8], 1) as place
    from (select *, row_number() over () as line from read_csv(?, all_varchar = true))
) group by line order by line
"""
WORDS = """
create macro escaped(text) as replace(replace(replace(text, '&', '&amp;'), '<', '&lt;'), '>', '&gt;');
create macro number(text) as coalesce('<c><v>' || try_cast(text as double)::varchar || '</v></c>', '<c/>');
create macro word(text) as case when regexp_full_match(text, '[1-9][0-9]*') then number(text)
    else coalesce('<c t="inlineStr"><is><t xml:space="preserve">' || escaped(text) || '</t></is></c>', '<c/>') end;
"""


def write_two_sheets(path: Path) -> None:
    """Write the file as its publisher does: a workbook of two sheets, one a year."""
    with duckdb.connect() as engine, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in PARTS.items():
            archive.writestr(name, content)
        engine.execute(WORDS)
        header = engine.execute("select * from read_csv(?, all_varchar = true) limit 0", [str(FILE)]).description
        names = "".join(f'<c t="inlineStr"><is><t>{column[0]}</t></is></c>' for column in header)
        rows = engine.execute(ROWS, [str(FILE)])
        for number, count in ((1, FIRST_YEAR), (2, 1_067_371 - FIRST_YEAR)):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as sheet:
                sheet.write(f'<worksheet xmlns="{SPREADSHEET}"><sheetData><row>{names}</row>'.encode())
                while count:
                    batch = rows.fetchmany(min(count, 50_000))
                    sheet.write("".join(row for (row,) in batch).encode())
                    count -= len(batch)
                sheet.write(b"</sheetData></worksheet>")


def cleaned_by_run(orders: str, home: Path, name: str) -> pd.DataFrame:
    """Run the steps up to clean orders and read every line of them, but for the place that it was read from."""
    words = [str(Path(sys.executable).with_name("workbook")), "run", "--orders", orders, "--name", name]
    words += ["--until", "clean"]
    done = subprocess.run(words, env=os.environ | {"WORKBOOK_HOME": str(home)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kept = duckdb.read_parquet(str(home / "data" / "runs" / name / "02_orders.parquet"))
    return kept.project("* exclude (source_file, source_row, source_item)").order("all").df()


@pytest.fixture(scope="session")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Clean the CSV file once for all workers."""
    home = once(
        tmp_path_factory, "retail", lambda home: cleaned_by_run(str(FILE), home, "csv").to_parquet(home / "csv")
    )
    return pd.read_parquet(home / "csv")


def test_two_sheets_of_excel_give_the_same_clean_orders_as_csv(cleaned: pd.DataFrame, tmp_path: Path) -> None:
    write_two_sheets(tmp_path / "online_retail_II.xlsx")
    excel = cleaned_by_run(str(tmp_path / "online_retail_II.xlsx"), tmp_path, "excel")
    pd.testing.assert_frame_equal(excel, cleaned, check_exact=True)


def test_postgresql_gives_the_same_clean_orders_as_csv(
    cleaned: pd.DataFrame, postgresql: Server, tmp_path: Path
) -> None:
    types = {"Quantity": "integer", "InvoiceDate": "timestamp", "Price": "numeric"}
    load_csv(postgresql, FILE, "orders", types=types)
    address = postgresql.url("?table=orders", password=ESCAPED)
    pd.testing.assert_frame_equal(cleaned_by_run(address, tmp_path, "database"), cleaned, check_exact=True)
