"""The tables beside the orders: read from other programs' files, cleaned, every row accounted for."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import canonical_schema, numbered, store

from segmentation.cleaning.companions import RULES, RULES_OF, account, clean_table, require_rows_balance, rules_table
from segmentation.ingest import Hints, Reading, read_tables
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.tables import TABLES

SHOPIFY_OLD = (
    "First Name,Last Name,Email,Accepts Email Marketing,Company,Address1,Address2,City,Province,Province Code,Country,"
    "Country Code,Zip,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt"
)
SHOPIFY_NEW = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,"
    "Tags"
)
MAILCHIMP = (
    "Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,{more}LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
UNSUBSCRIBED = "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,"
CLEANED = "CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,"


def exported(header: str, **told: str) -> str:
    """Write a file of one row, empty but for what is told, by header."""
    row = dict.fromkeys(header.split(","), "") | {name.replace("_", " "): value for name, value in told.items()}
    return f"{header}\n{','.join(row[name] for name in header.split(','))}\n"


def read(connection: Backend, folder: Path, text: str, *, table: str = "customers") -> Reading:
    """Write a file and read it."""
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    return read_tables(connection, {table: [str(path)]}, Hints(), scratch=folder / "scratch")[table]


def first_row(reading: Reading) -> dict[str, Any]:
    """Look up the first row."""
    return reading.table.order_by("source_row").to_pyarrow().to_pylist()[0]


def judged(connection: Backend, name: str, rows: list[dict[str, Any]]) -> ir.Table:
    """Store rows of a table and clean it."""
    placed = [{"source_file": f"{name}.csv", "source_item": 1, **row} for row in numbered(rows)]
    table = store(connection, pa.Table.from_pylist(placed, schema=canonical_schema(TABLES[name])))
    cleaned = clean_table(table, name=name)
    assert cleaned.schema() == table.mutate(reason=ibis.null("string")).schema()
    return store(connection, cleaned.to_pyarrow())


def reasons(connection: Backend, name: str, rows: list[dict[str, Any]]) -> list[str | None]:
    """List the reason of each row, in order."""
    return judged(connection, name, rows).order_by("source_row").to_pyarrow().column("reason").to_pylist()


def kept(connection: Backend, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Look up the one clean row that a customer's rows become."""
    table = judged(connection, "customers", rows)
    [row] = table.filter(table.reason.isnull()).to_pyarrow().to_pylist()
    return row


def test_an_older_shopify_customers_export_is_read(connection: Backend, tmp_path: Path) -> None:
    told = {"First_Name": "Ann", "Email": "Ann@example.com", "Accepts_Email_Marketing": "yes", "City": "Gent"}
    reading = read(connection, tmp_path, exported(SHOPIFY_OLD, **told, Country_Code="BE", Total_Spent="120.50"))
    row = first_row(reading)
    assert reading.sources[0].format.name == "Shopify customers"
    wanted = {
        "customer_id": "ann@example.com",
        "email": "Ann@example.com",
        "name": "Ann",
        "city": "Gent",
        "country": "BE",
        "marketing_consent": True,
        "Total Spent": "120.50",
    }
    assert {name: row[name] for name in wanted} == wanted


def test_a_newer_shopify_customers_export_is_read(connection: Backend, tmp_path: Path) -> None:
    told = {"Customer_ID": "'7012345678901", "Email": "ann@example.com", "Accepts_Email_Marketing": "no"}
    address = {"Default_Address_City": "Gent", "Default_Address_Country_Code": "BE", "Phone": "'+32470123456"}
    row = first_row(read(connection, tmp_path, exported(SHOPIFY_NEW, **told, **address)))
    wanted = {"customer_id": "7012345678901", "city": "Gent", "country": "BE", "marketing_consent": False}
    assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("more", "name", "consent"),
    [
        ("", "Mailchimp audience", None),
        (UNSUBSCRIBED, "Mailchimp unsubscribed members", False),
        (CLEANED, "Mailchimp cleaned members", False),
    ],
)
def test_a_mailchimp_export_is_read(
    connection: Backend, tmp_path: Path, more: str, name: str, consent: bool | None
) -> None:
    text = exported(MAILCHIMP.format(more=more), Email_Address="ann@example.com", CC="BE", EUID="e1")
    reading = read(connection, tmp_path, text)
    row = first_row(reading)
    assert reading.sources[0].format.name == name
    assert (row["customer_id"], row["country"], row["marketing_consent"]) == ("ann@example.com", "BE", consent)


def test_a_web_server_log_is_read_as_events(connection: Backend, tmp_path: Path) -> None:
    line = '192.0.2.1 - {} [01/Jun/2025:10:0{}:00 +0200] "GET {} HTTP/1.1" {} 512 "-" "Mozilla/5.0 (X11)"'
    lines = [line.format("ann", 0, "/products/mug", 200), "cut o", line.format("-", 2, "/gone", 404)]
    reading = read(connection, tmp_path, "\n".join(lines), table="events")
    view, cut_off, failed = reading.table.order_by("source_row").to_pyarrow().to_pylist()
    assert reading.sources[0].format.name == "Web server log"
    assert (view["customer_id"], view["occurred_at"]) == ("ann", datetime(2025, 6, 1, 10))
    assert (view["event"], view["product_id"], view["unreadable"]) == ("view", "mug", None)
    assert cut_off["unreadable"] == "no line of a web server log"
    assert failed["event"] == "failed"
    assert not any("192.0.2" in str(value) for row in (view, cut_off, failed) for value in row.values())


def test_several_customer_files_of_other_columns_are_read_together(connection: Backend, tmp_path: Path) -> None:
    files = {
        "subscribed.csv": exported(MAILCHIMP.format(more=""), Email_Address="ann@example.com"),
        "unsubscribed.csv": exported(MAILCHIMP.format(more=UNSUBSCRIBED), Email_Address="ann@example.com"),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    names = [str(tmp_path / name) for name in files]
    reading = read_tables(connection, {"customers": names}, Hints(), scratch=tmp_path / "scratch")["customers"]
    cleaned = clean_table(reading.table, name="customers")
    assert cleaned.filter(cleaned.reason.isnull()).to_pyarrow().column("marketing_consent").to_pylist() == [False]


NOON = datetime(2025, 6, 1, 12)
CLEAN_ROWS = {
    "customers": {"customer_id": "ann"},
    "events": {"customer_id": "ann", "occurred_at": NOON, "event": "view"},
    "feedback": {"customer_id": "ann", "given_at": NOON, "kind": "review"},
    "contacts": {"customer_id": "ann", "campaign_id": "june", "sent_at": NOON, "arm": "treated"},
}


@pytest.mark.parametrize("name", CLEAN_ROWS)
def test_a_clean_row_stays(connection: Backend, name: str) -> None:
    assert reasons(connection, name, [CLEAN_ROWS[name]]) == [None]


@pytest.mark.parametrize("name", CLEAN_ROWS)
def test_a_row_that_stands_twice_is_set_aside(connection: Backend, name: str) -> None:
    assert reasons(connection, name, [CLEAN_ROWS[name]] * 2) == [None, "duplicate"]


@pytest.mark.parametrize("name", CLEAN_ROWS)
def test_a_row_that_can_not_be_read_is_set_aside(connection: Backend, name: str) -> None:
    assert reasons(connection, name, [CLEAN_ROWS[name] | {"unreadable": "a date: 'soon'"}]) == ["unreadable"]


@pytest.mark.parametrize("name", ["customers", "feedback", "contacts"])
def test_a_row_of_nobody_is_set_aside(connection: Backend, name: str) -> None:
    assert reasons(connection, name, [CLEAN_ROWS[name] | {"customer_id": None}]) == ["no customer"]


def test_an_event_of_an_unknown_visitor_stays(connection: Backend) -> None:
    assert reasons(connection, "events", [CLEAN_ROWS["events"] | {"customer_id": None}]) == [None]


@pytest.mark.parametrize("event", ["bot", "asset", "failed", "redirect"])
def test_a_request_that_is_no_action_of_a_visitor_is_set_aside(connection: Backend, event: str) -> None:
    assert reasons(connection, "events", [CLEAN_ROWS["events"] | {"event": event}] * 2) == [event, event]


@pytest.mark.parametrize(
    ("name", "column"), [("events", "occurred_at"), ("events", "event"), ("feedback", "kind"), ("contacts", "sent_at")]
)
def test_a_row_without_what_gives_it_meaning_is_set_aside(connection: Backend, name: str, column: str) -> None:
    assert reasons(connection, name, [CLEAN_ROWS[name] | {column: None}]) == ["missing value"]


def test_a_customers_rows_become_one(connection: Backend) -> None:
    rows = [
        {"customer_id": "ann", "city": "Gent", "joined_on": date(2024, 1, 1), "gender": "female"},
        {"customer_id": "ann", "city": "Ghent", "joined_on": date(2025, 1, 1)},
        {"customer_id": "ben", "city": "Lier"},
    ]
    assert reasons(connection, "customers", rows) == ["same customer", None, None]
    row = kept(connection, rows[:2])
    assert (row["city"], row["gender"], row["joined_on"]) == ("Ghent", "female", date(2024, 1, 1))


def test_of_rows_without_a_day_the_last_counts(connection: Backend) -> None:
    rows = [{"customer_id": "ann", "city": city} for city in ("Gent", "Ghent")]
    assert kept(connection, rows)["city"] == "Ghent"


@pytest.mark.parametrize(
    ("told", "consent"),
    [([True, None], True), ([True, False], False), ([None, False], False), ([None, None], None)],
)
def test_consent_is_denied_where_any_row_denies_it(
    connection: Backend, told: list[bool | None], consent: bool | None
) -> None:
    rows = [{"customer_id": "ann", "city": str(i), "marketing_consent": word} for i, word in enumerate(told)]
    assert kept(connection, rows)["marketing_consent"] is consent


def test_a_row_set_aside_can_deny_consent(connection: Backend) -> None:
    denies = {"customer_id": "ann", "marketing_consent": False, "unreadable": "a whole number: 'old'"}
    assert kept(connection, [{"customer_id": "ann", "marketing_consent": True}, denies])["marketing_consent"] is False


def test_visits_of_a_log_are_numbered(connection: Backend) -> None:
    rows = [CLEAN_ROWS["events"] | {"session_id": session} for session in ("visitor-0a1b", "visitor-2c3d", "s1")]
    told = judged(connection, "events", rows).order_by("source_row").to_pyarrow().column("session_id").to_pylist()
    assert sorted(told) == ["s1", "visit-1", "visit-2"]


def test_the_account_lists_what_is_clean_first(connection: Backend) -> None:
    feedback = [CLEAN_ROWS["feedback"], {"kind": "survey", "given_at": NOON}, {"given_at": NOON, "kind": "review"}]
    tables = {"feedback": judged(connection, "feedback", feedback), "contacts": judged(connection, "contacts", [])}
    wanted = pd.DataFrame({"table": "feedback", "reason": ["clean", "no customer"], "rows": [1, 2]})
    pd.testing.assert_frame_equal(account(tables), wanted)


def test_an_account_that_lacks_rows_is_refused() -> None:
    told = pd.DataFrame({"table": ["feedback"], "reason": ["clean"], "rows": [2]})
    require_rows_balance(told, rows_in={"feedback": 2, "contacts": 0})
    with pytest.raises(DataProblem, match="Every row of 'feedback' must be accounted for: 3 rows came in, 2 are"):
        require_rows_balance(told, rows_in={"feedback": 3})


def test_every_rule_is_asked_of_some_table() -> None:
    assert {name for rules in RULES_OF.values() for name in rules} == set(RULES)
    assert len(rules_table()) == sum(map(len, RULES_OF.values()))


dirty_customers = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from([None, "ann", "ben", "00042"]),
            "city": st.sampled_from([None, "Gent", "Lier"]),
            "joined_on": st.sampled_from([None, date(2024, 1, 1), date(2025, 1, 1)]),
            "marketing_consent": st.sampled_from([None, True, False]),
            "unreadable": st.sampled_from([None, None, None, "a date: 'soon'"]),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=5)
@given(rows=dirty_customers)
def test_no_row_is_lost_and_cleaning_twice_changes_nothing(connection: Backend, rows: list[dict[str, Any]]) -> None:
    table = judged(connection, "customers", rows)
    assert sorted(table.to_pyarrow().column("source_row").to_pylist()) == list(range(1, len(rows) + 1))
    clean = table.filter(table.reason.isnull())
    again = clean_table(clean.drop("reason"), name="customers")
    assert again.order_by("source_row").to_pyarrow().equals(clean.order_by("source_row").to_pyarrow())


@pytest.mark.parametrize("name", CLEAN_ROWS)
def test_the_sample_is_clean(connection: Backend, tmp_path: Path, name: str) -> None:
    [path] = (PROJECT / "data" / "sample").glob(f"{name}.csv*")
    reading = read_tables(connection, {name: [str(path)]}, Hints(), scratch=tmp_path / "scratch")[name]
    told = account({name: clean_table(reading.table, name=name)})
    assert told.to_dict("records") == [{"table": name, "reason": "clean", "rows": reading.rows}]
