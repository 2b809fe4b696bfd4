"""Web server logs: what a request means, who came how often, and that no address is left."""

import gzip
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend
from shops import canonical_schema, numbered, store

from segmentation.presets import read_preset
from segmentation.sources.weblogs import PROBLEM, VISITOR, WebRules, is_log, number_visits, open_log, usual_rules
from segmentation.tables import EVENTS

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


def request(
    path: str, *, method: str = "GET", status: int = 200, agent: str = BROWSER, user: str = "-", host: str = "192.0.2.1"
) -> str:
    """Write a line in combined format."""
    return (
        f'{host} - {user} [01/Jun/2025:10:00:00 +0200] "{method} {path} HTTP/1.1" {status} 512 '
        f'"https://shop.example/" "{agent}"'
    )


def read(connection: Backend, folder: Path, lines: list[str], rules: WebRules | None = None) -> list[dict[str, str]]:
    """Write a log and read it."""
    path = folder / "access.log"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return open_log(connection, path, rules=rules).to_arrow_table().to_pylist()


@pytest.mark.parametrize(
    "line",
    [
        request("/"),
        '192.0.2.1 - - [01/Jun/2025:10:00:00 +0200] "GET / HTTP/1.1" 200 -',
        'shop.example:443 2001:db8::1 - ann [01/Jun/2025:10:00:00 -0500] "-" 408 0 "-" "-"',
        '192.0.2.1 - - [01/Jun/2025:10:00:00 +0200] "GET /?q=\\"mug\\" HTTP/1.1" 200 1 "-" "a \\"b\\" c"',
    ],
    ids=["combined", "common", "virtual host", "quotation marks"],
)
def test_a_log_is_known_by_its_lines(line: str) -> None:
    assert is_log([line])


@pytest.mark.parametrize(
    "lines",
    [
        ["order_id,customer_id", "1,ann"],
        ['{"time": "2025-06-01"}'],
        [request("/"), "no request", "no request"],
        ["[01/Jun/2025:10:00:00 +0200]"],
    ],
    ids=["CSV", "JSON", "mostly something else", "a time alone"],
)
def test_other_files_are_no_log(lines: list[str]) -> None:
    assert not is_log(lines)


def test_every_field_of_a_line_is_read(connection: Backend, tmp_path: Path) -> None:
    [told] = read(connection, tmp_path, [request("/products/mug", user="ann")])
    assert told.pop("visitor").startswith(VISITOR)
    assert told == {
        "time": "2025-06-01 10:00:00 +0200",
        "host": "192.0.2.1",
        "user": "ann",
        "method": "GET",
        "path": "/products/mug",
        "status": "200",
        "bytes": "512",
        "referrer": "https://shop.example/",
        "agent": BROWSER,
        "event": "view",
        "product": "mug",
        "customer": "ann",
        PROBLEM: None,
    }


def test_a_compressed_log_is_read_alike(connection: Backend, tmp_path: Path) -> None:
    lines = [request("/"), request("/cart")]
    plain = read(connection, tmp_path, lines)
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    assert open_log(connection, path).to_arrow_table().to_pylist() == plain


def test_a_bad_line_stays_and_says_so(connection: Backend, tmp_path: Path) -> None:
    good, bad = read(connection, tmp_path, [request("/"), "", 'cut off "GET /'])
    assert (good[PROBLEM], bad[PROBLEM]) == (None, "no line of a web server log")
    assert {value for name, value in bad.items() if name != PROBLEM} == {None}


def test_rows_keep_the_order_of_the_file(connection: Backend, tmp_path: Path) -> None:
    lines = [request(f"/page/{number}") for number in range(50_000)]
    path = tmp_path / "access.log"
    path.write_text("\n".join(lines), encoding="utf-8")
    numbered_rows = open_log(connection, path).project("row_number() over () as row, path")
    assert numbered_rows.filter("path <> '/page/' || (row - 1)").fetchall() == []


MEANINGS = [
    ("view", request("/products/mug?variant=1")),
    ("view", request("/collections/kitchen/products/mug")),
    ("view", request("/product/mug/")),
    ("view", request("/catalog/product/view/id/12")),
    ("view", request("/products/mug", status=304)),
    ("cart", request("/cart/add", method="POST", status=302)),
    ("cart", request("/de/warenkorb")),
    ("cart", request("/shop/?add-to-cart=42")),
    ("cart", request("/checkout/cart/")),
    ("checkout", request("/checkouts/c/abc/information")),
    ("checkout", request("/checkout/")),
    ("order", request("/checkouts/c/abc/thank_you")),
    ("order", request("/checkout/order-received/1001/?key=wc_order_1")),
    ("order", request("/checkout/onepage/success/")),
    ("search", request("/search?q=mug")),
    ("search", request("/?s=mug&post_type=product")),
    ("page", request("/about")),
    ("page", request("/", agent="Mozilla/5.0 (Linux; Android 13; CUBOT P80)")),
    ("asset", request("/assets/theme.css?v=12")),
    ("asset", request("/mug.PNG")),
    ("asset", request("/", method="HEAD")),
    ("bot", request("/products/mug", agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")),
    ("bot", request("/", agent="curl/8.5.0")),
    ("bot", request("/", agent="-")),
    ("bot", request("/robots.txt")),
    ("failed", request("/products/gone", status=404)),
    ("failed", request("/", status=503, agent="curl/8.5.0")),
    ("failed", '192.0.2.1 - - [01/Jun/2025:10:00:00 +0200] "\\x16\\x03" 200 1 "-" "Mozilla/5.0"'),
    ("redirect", request("/products/old", status=301)),
    ("page", '192.0.2.1 - - [01/Jun/2025:10:00:00 +0200] "GET / HTTP/1.1" 200 1'),
]


def test_requests_mean_what_visitors_did(connection: Backend, tmp_path: Path) -> None:
    told = read(connection, tmp_path, [line for _, line in MEANINGS])
    assert [(row["event"], line) for row, (_, line) in zip(told, MEANINGS, strict=True)] == MEANINGS


def test_a_path_names_the_product(connection: Backend, tmp_path: Path) -> None:
    paths = ["/products/mug?variant=1", "/catalog/product/view/id/12", "/?add-to-cart=42", "/cart", "/about"]
    told = read(connection, tmp_path, [request(path) for path in paths])
    assert [row["product"] for row in told] == ["mug", "12", "42", None, None]


def test_own_rules_replace_the_usual_ones(connection: Backend, tmp_path: Path) -> None:
    rules = WebRules(events=[{"event": "view", "path": "^/artikel/"}], customer_parameters=["kunde"])
    [told] = read(connection, tmp_path, [request("/artikel/7?a=1&kunde=00042#top")], rules)
    assert (told["event"], told["product"], told["customer"]) == ("view", None, "00042")


def test_the_usual_rules_name_no_customer() -> None:
    assert (usual_rules().customer_parameters, usual_rules()) == ([], WebRules(**read_preset("web_events")))


def test_a_visitor_is_an_address_with_a_browser(connection: Backend, tmp_path: Path) -> None:
    lines = [request("/"), request("/cart"), request("/", agent="Mozilla/5.0"), request("/", host="192.0.2.2")]
    visitors = [row["visitor"] for row in read(connection, tmp_path, lines)]
    assert visitors[0] == visitors[1]
    assert len(set(visitors)) == 3
    assert not any("192.0.2" in visitor for visitor in visitors)


def visits(connection: Backend, rows: list[tuple[str | None, str]]) -> list[str | None]:
    """Number the visits of events that a session and a clock time tell."""
    told = [
        {"session_id": session, "occurred_at": datetime.fromisoformat(f"2025-06-01 {clock}"), "event": "view"}
        for session, clock in rows
    ]
    events = store(connection, pa.Table.from_pylist(numbered(told), schema=canonical_schema(EVENTS)))
    assert number_visits(events).schema() == events.schema()
    return number_visits(events).order_by("source_row").to_pyarrow().column("session_id").to_pylist()


def test_a_visit_ends_after_half_an_hour_without_a_request(connection: Backend) -> None:
    a, b = VISITOR + "a", VISITOR + "b"
    rows = [(a, "10:30:00"), (a, "10:00:00"), (a, "11:00:01"), (b, "10:10:00"), (a, "10:00:00")]
    assert visits(connection, rows) == ["visit-1", "visit-1", "visit-3", "visit-2", "visit-1"]


def test_sessions_that_a_source_names_stay(connection: Backend) -> None:
    assert visits(connection, [("s1", "10:00:00"), (None, "10:00:00"), ("s1", "12:00:00")]) == ["s1", None, "s1"]


def test_a_numbered_visit_stays_as_it_is(connection: Backend) -> None:
    assert visits(connection, [("visit-7", "10:00:00"), ("visit-7", "12:00:00")]) == ["visit-7", "visit-7"]


def test_words_that_a_path_could_hold_do_no_harm(connection: Backend, tmp_path: Path) -> None:
    path = tmp_path / "access'; drop table x; --*.log"
    path.write_text(request("/';select%201;--") + "\n", encoding="utf-8")
    table = open_log(connection, path).to_arrow_table()
    assert table.column("path").to_pylist() == ["/';select%201;--"]
