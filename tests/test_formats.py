"""The formats: what each file may say, which file each fits, and what comes of every platform's export."""

import functools
import re
from collections import Counter
from collections.abc import Callable

import pytest
import yaml
from ibis.backends.duckdb import Backend
from platforms import EXPORTS, Export, Line

from segmentation import ingest
from segmentation.formats import LINE_TOTAL, Format, fitting_formats, known_formats, parse_format
from segmentation.ingest import Hints, Reading
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.sources.parts import open_parts
from segmentation.tables import ORDERS, TABLES, exact_value

SPREAD = {"discount", "refunded"}
STATUSES = {"credit", "unpaid", "cancelled", "test"}  # otherwise placed
PAGE = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
ORDER_FORMATS = [form for form in known_formats() if form.table == "orders"]
BY_TITLE = {export.title: export for export in EXPORTS}
READ = [export for export in EXPORTS if not export.refused]

each_format = pytest.mark.parametrize("form", known_formats(), ids=lambda form: form.name)
each_order_format = pytest.mark.parametrize("form", ORDER_FORMATS, ids=lambda form: form.name)
each_export = pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.title)
each_read_export = pytest.mark.parametrize("export", READ, ids=lambda export: export.title)


@pytest.fixture(scope="module")
def read_once(connection: Backend, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Export], Reading]:
    """Give what reads a platform's file as step 01 does; each is read once for all tests."""

    @functools.cache
    def read(title: str) -> Reading:
        folder = tmp_path_factory.mktemp("export")
        path = folder / "export.csv"
        path.write_bytes(BY_TITLE[title].content())
        parts = open_parts(connection, [str(path)], scratch=folder)
        return ingest.read_table(connection, parts, Hints(), table="orders")

    return lambda export: read(export.title)


def read_lines(reading: Reading) -> list[Line]:
    """List what was read as a fixture writes it."""
    table = reading.table.mutate(net=exact_value(reading.table), when=reading.table.ordered_at.cast("string"))
    rows = table.to_pyarrow().to_pylist()
    return [
        Line(
            row["source_row"],
            row["order_id"],
            row["customer_id"],
            row["when"],
            row["quantity"],
            float(row["net"]),
            row["status"],
            row["product_name"],
        )
        for row in rows
    ]


# --- what a format may say


def test_every_format_file_is_known() -> None:
    files = sorted((PROJECT / "lib" / "segmentation" / "formats").glob("*.yaml"))
    names = [yaml.safe_load(file.read_text(encoding="utf-8"))["name"] for file in files]
    assert [form.name for form in known_formats()] == names
    assert len(set(names)) == len(names)


def test_a_key_that_no_format_has_is_refused_with_the_file_s_name() -> None:
    with pytest.raises(DataProblem, match=r"Format 'shop\.yaml' must have no keys but name, .*; it has 'colums'"):
        parse_format("shop.yaml", "name: Shop\ncolums: {order_id: [No]}")


@pytest.mark.parametrize("text", ["", "- a list", "table: orders"])
def test_a_format_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(DataProblem, match=r"Format 'shop\.yaml' must be a mapping with a name"):
        parse_format("shop.yaml", text)


@each_format
def test_a_format_leads_to_canonical_columns_only(form: Format) -> None:
    known = {*TABLES[form.table].names, *([LINE_TOTAL] if form.table == "orders" else [])}
    told = [form.columns, form.otherwise, form.time_of_day, form.items, form.constants, form.fees]
    assert {name for named in told for name in named} <= known


@each_order_format
def test_a_format_has_a_source_for_every_required_column(form: Format) -> None:
    given = {*form.columns, *form.otherwise, *form.signature, *form.constants}
    given |= {"quantity", "unit_price"} if LINE_TOTAL in form.columns else set()
    given |= {"customer_id"} if form.refuse else set()
    assert {column.name for column in ORDERS.columns if column.required} <= given


@each_format
def test_a_format_has_a_signature_and_a_name(form: Format) -> None:
    assert form.signature
    assert form.name == form.name.strip() != ""


@each_format
def test_a_format_spreads_line_amounts_and_tells_known_statuses(form: Format) -> None:
    assert set(form.spread) <= SPREAD
    assert set(form.status) <= STATUSES


@each_format
def test_a_format_s_patterns_are_patterns(form: Format) -> None:
    by_column = [*form.status.values(), form.refunded_when, form.fees]
    patterns = [form.nobody, *(pattern for patterns in by_column for pattern in patterns.values())]
    assert all(re.compile(pattern) for pattern in patterns)


@each_format
def test_what_stands_once_an_order_and_is_spread_is_filled(form: Format) -> None:
    spread = set(form.spread.values()) if form.order_level else set()
    assert spread <= set(form.order_level)


@each_format
def test_what_is_taken_off_or_added_belongs_to_an_amount_that_is_read(form: Format) -> None:
    assert {*form.deduct, *form.add} <= set(form.columns.get(LINE_TOTAL, []))


@each_format
def test_a_refusal_says_what_to_use_instead(form: Format) -> None:
    assert not form.refuse or re.search(r"\. (Export|Use) ", form.refuse)


def test_formats_are_read_once() -> None:
    assert known_formats() is known_formats()


# --- which file a format fits


@each_export
def test_every_export_fits_exactly_one_format(export: Export) -> None:
    assert [form.name for form in fitting_formats(export.headers, table="orders")] == [export.format]


@each_order_format
def test_every_order_format_has_an_export_to_test_it(form: Format) -> None:
    assert form.name in {export.format for export in EXPORTS}


def test_a_longer_signature_wins() -> None:
    both = ["Order ID", "Name", "Financial Status", "Lineitem name", "Lineitem variant"]
    assert [form.name for form in fitting_formats(both, table="orders")] == ["Squarespace orders", "Shopify orders"]


@each_export
def test_letter_case_width_order_and_spaces_of_headers_do_not_matter(export: Export) -> None:
    changed = [f" {header.upper().replace('(', '（')} " for header in reversed(export.headers)]
    assert [form.name for form in fitting_formats(changed, table="orders")] == [export.format]


# --- what comes of each export


@each_read_export
def test_an_export_becomes_the_lines_that_are_written_out_by_hand(
    read_once: Callable[[Export], Reading], export: Export
) -> None:
    reading = read_once(export)
    assert reading.sources[0].format.name == export.format
    assert Counter(read_lines(reading)) == Counter(export.lines)


@each_read_export
def test_every_row_of_an_export_is_read_and_can_be(read_once: Callable[[Export], Reading], export: Export) -> None:
    table = read_once(export).table.select("source_row", "unreadable").to_pyarrow().to_pydict()
    assert set(table["source_row"]) == set(range(1, len(export.rows) + 1))
    assert set(table["unreadable"]) == {None}


@pytest.mark.parametrize("export", [e for e in EXPORTS if e.refused], ids=lambda export: export.title)
def test_an_export_that_names_no_buyer_is_refused_with_what_to_use_instead(
    read_once: Callable[[Export], Reading], export: Export
) -> None:
    with pytest.raises(DataProblem, match=rf"Can't read orders: 'export\.csv' holds {export.format}.*{export.refused}"):
        read_once(export)


# --- the page for who adds one


def table_of_the_page() -> dict[str, list[str]]:
    """Read the page's table of platforms: its cells by the platform's name."""
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 7]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in rows[1:]}


def test_the_page_lists_every_order_format() -> None:
    assert set(table_of_the_page()) == {form.name for form in ORDER_FORMATS}


@each_order_format
def test_the_page_says_of_a_format_what_its_file_says(form: Format) -> None:
    signature, row, key, limits, refused = table_of_the_page()[form.name]
    customer = form.columns.get("customer_id", []) + form.otherwise.get("customer_id", [])
    assert signature == ", ".join(f"`{header}`" for header in form.signature)
    assert row == form.row
    assert key == (", else ".join(f"`{header}`" for header in customer) or ("–" if form.refuse else "`customer_id`"))
    assert limits == (form.limits or "–")
    assert refused == (form.refuse.partition(". ")[0].partition(":")[0] or "–")


def test_the_page_explains_every_key_of_a_format() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE))
    assert explained == set(Format.__dataclass_fields__)


def test_the_page_s_example_is_a_format() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)[1]
    form = parse_format("example.yaml", example)
    assert set(form.columns) <= {*ORDERS.names, LINE_TOTAL}
