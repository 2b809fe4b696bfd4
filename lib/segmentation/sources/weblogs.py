"""Web server logs as events: what visitors of the shop did, request by request.

Apache and nginx write a line a request, in the common or the combined format. An address identifies a person, so what
is kept of it is a hash, which clean events give up for the number of a visit.
"""

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from segmentation.presets import read_preset

PROBLEM = "__problem"
NO_LOG_LINE = "no line of a web server log"
VISITOR = "visitor-"  # before a hash of address and browser, whose visits are still to be told apart
VISIT_MINUTES = 30

COLUMNS = (
    *("time", "host", "user", "method", "path", "status", "bytes", "referrer", "agent"),
    *("event", "product", "customer", "visitor"),
)
QUOTED = r'"((?:[^"\\]|\\.)*)"'
FIELDS = ("host", "user", "written", "request", "status", "bytes", "referrer", "agent")
LINE = (  # an optional virtual host, host, identity, user, time, request, status, bytes; combined: referrer and agent
    r"^(?:\S+:\d+ )?(\S+) \S+ ([^\"\[]+?) \[(\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [-+]\d{4})\] "
    rf"{QUOTED} (\d{{3}}) (\d+|-)(?: {QUOTED} {QUOTED})?"
)
REQUEST = r"^([A-Z]+) (\S+)(?: HTTP/[0-9.]+)?$"


@dataclass(frozen=True)
class WebRules:
    """What requests mean.

    Attributes
    ----------
    events : each an `event` and the patterns of method, path, status or agent that must all be found; the first counts
    products : patterns of paths whose bracket holds the product
    customer_parameters : parameters of a path that hold the customer
    """

    events: Sequence[Mapping[str, str]]
    products: Sequence[str] = ()
    customer_parameters: Sequence[str] = ()


@cache
def usual_rules() -> WebRules:
    """Read the rules that come with the workbook, presets/web_events.yaml."""
    return WebRules(**read_preset("web_events"))


def is_log(first_lines: Sequence[str]) -> bool:
    """Tell whether a file is a web server log, from its first lines; more than half of them must be requests.

    Examples
    --------
    >>> is_log(['198.51.100.7 - - [01/Jun/2025:10:00:00 +0200] "GET /cart HTTP/1.1" 200 512'])
    True
    >>> is_log(["order_id,customer_id,ordered_at"])
    False
    """
    lines = [line for line in first_lines if line.strip()]
    return 2 * sum(re.match(LINE, line) is not None for line in lines) > len(lines)


def open_log(connection: Backend, path: Path, *, rules: WebRules | None = None) -> duckdb.DuckDBPyRelation:
    """Open a log in common or combined format, plain or gzip'd; its rows are read when they are asked for, once.

    Parameters
    ----------
    connection : the engine
    path : the log, in UTF-8
    rules : what requests mean, the usual ones when none are given

    Returns
    -------
    Relation, one row a line that is not empty, all text
        time (ISO 8601 with the log's zone), host, user, method, path, status, bytes, referrer, agent; null where absent
        event : by the rules; "page" for any other page
        product : as the path names it, of views and carts
        customer : user or parameter, null for an unknown visitor
        visitor : hash of host and agent
        __problem : why a line can't be read, null when it can
    """
    lines = read_lines(connection, path).filter("line is not null")
    view = ibis.util.gen_name("log")
    split_fields(lines).create_view(view)
    requests = describe(connection.table(view), rules=rules or usual_rules())
    return connection.con.sql(connection.compile(requests))


def read_lines(connection: Backend, path: Path) -> duckdb.DuckDBPyRelation:
    """Open a text file as one column, `line`: no character separates or quotes; an empty line is null."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return connection.con.read_csv(
        glob.escape(str(path)),
        auto_detect=False,
        columns={"line": "VARCHAR"},
        header=False,
        delimiter="\x01",
        quotechar="",
        escapechar="",
        lineterminator="\\n",  # as all servers write it; a carriage return before it is trimmed
        strict_mode=False,
        compression="gzip" if zipped else "none",
    )


def split_fields(lines: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Split each line into its fields, in one search; all are empty where it is no request."""
    names = ", ".join(f"'{name}'" for name in FIELDS)
    return lines.project(f"regexp_extract(line, '{LINE}', [{names}]) as field").project("field.*")


def describe(fields: ir.Table, *, rules: WebRules) -> ir.Table:
    """Express what each request did, for whom and when; see `open_log`."""
    is_line = fields.written != ""
    request = fields.mutate(
        **{name: fields[name].nullif("").nullif("-") for name in ("host", "user", "bytes", "referrer")},
        time=iso_time(fields.written),
        method=fields.request.re_extract(REQUEST, 1).nullif(""),
        path=fields.request.re_extract(REQUEST, 2).nullif(""),
        status=fields.status.nullif(""),
        agent=ibis.ifelse(fields.agent == "", ibis.null("string"), fields.agent),
    )
    request = request.mutate(event=ibis.ifelse(is_line, event(request, rules), ibis.null("string")))
    request = request.mutate(
        product=ibis.ifelse(request.event.isin(["view", "cart"]), product(request, rules), ibis.null("string")),
        customer=customer(request, rules),
        visitor=ibis.ifelse(is_line, visitor(request), ibis.null("string")),
        **{PROBLEM: ibis.ifelse(is_line, ibis.null("string"), NO_LOG_LINE)},
    )
    return request.select(*COLUMNS, PROBLEM)


def iso_time(written: ir.StringColumn) -> ir.StringValue:
    """Express 10/Oct/2025:13:55:36 +0200 as 2025-10-10 13:55:36 +0200; null where nothing stands."""
    day, month, year = (written.split("/")[place] for place in range(3))
    number = (ibis.literal("JanFebMarAprMayJunJulAugSepOctNovDec").find(month) // 3 + 1).cast("string")
    text = year.left(4) + "-" + number.lpad(2, "0") + "-" + day.lpad(2, "0") + " " + year.substr(5)
    return ibis.ifelse(written == "", ibis.null("string"), text)


def event(request: ir.Table, rules: WebRules) -> ir.StringColumn:
    """Express what a request did: the first rule whose patterns are all found, else a page."""
    cases = [(all_found(request, rule), rule["event"]) for rule in rules.events]
    return ibis.cases(*cases, (request.path.isnull(), "failed"), else_="page")


def all_found(request: ir.Table, rule: Mapping[str, str]) -> ir.BooleanValue:
    """Express whether every pattern of a rule is found in its field."""
    found = [ibis.coalesce(request[name].re_search(p), False) for name, p in rule.items() if name != "event"]
    return ibis.and_(*found)


def product(request: ir.Table, rules: WebRules) -> ir.StringValue:
    """Express the product that a path names, null when it names none."""
    return ibis.coalesce(
        *(request.path.re_extract(pattern, 1).nullif("") for pattern in rules.products), ibis.null("string")
    )


def customer(request: ir.Table, rules: WebRules) -> ir.StringValue:
    """Express who acted: who was logged in with the server, else the customer whom the path names."""
    patterns = [rf"[?&]{re.escape(name)}=([^&#]+)" for name in rules.customer_parameters]
    return ibis.coalesce(request.user, *(request.path.re_extract(pattern, 1).nullif("") for pattern in patterns))


def visitor(request: ir.Table) -> ir.StringValue:
    """Express a pseudonym of address and browser."""
    seen_as = ibis.coalesce(request.host, "") + " " + ibis.coalesce(request.agent, "")
    return ibis.literal(VISITOR) + seen_as.hexdigest("sha256").left(16)


def number_visits(events: ir.Table) -> ir.Table:
    """Tell a visitor's visits apart, and name each by a number, so that no hash of an address is left.

    A visit ends when nothing happens for 30 minutes. Sessions that a source names itself stay as they are.

    Parameters
    ----------
    events : canonical events, the logs' parts below each other, what is no visit action already set aside

    Returns
    -------
    The same rows and columns; `session_id` is "visit-1", "visit-2", … in the order in which the visits began

    Source
    ------
    Google Analytics and Matomo end a visit after 30 minutes without a request.
    """
    is_of_log = ibis.coalesce(events.session_id.startswith(VISITOR), False)
    logged = events.filter(is_of_log)
    by_time = {"group_by": logged.session_id, "order_by": logged.occurred_at}
    earlier = logged.occurred_at.lag().over(**by_time)
    begins = earlier.isnull() | (logged.occurred_at > earlier + ibis.interval(minutes=VISIT_MINUTES))
    logged = logged.mutate(__begins=begins.cast("int64"))
    so_far = ibis.range_window(following=0, group_by=logged.session_id, order_by=logged.occurred_at)
    logged = logged.mutate(__nth=logged["__begins"].sum().over(so_far)).drop("__begins")
    visits = logged.group_by("session_id", "__nth").aggregate(__began=logged.occurred_at.min())
    number = ibis.row_number().over(order_by=[visits["__began"], visits.session_id, visits["__nth"]]) + 1
    visits = visits.mutate(__number=ibis.literal("visit-") + number.cast("string")).drop("__began")
    numbered = logged.inner_join(visits, ["session_id", "__nth"])
    numbered = numbered.mutate(session_id=numbered["__number"]).select(*events.columns)
    return ibis.union(events.filter(~is_of_log), numbered)
