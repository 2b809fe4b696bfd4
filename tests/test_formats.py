"""The formats: what each file may say, and that one file's headers never fit two."""

import itertools
import re

import pytest
import yaml

from segmentation import formats
from segmentation.formats import Format, known_formats
from segmentation.runs import PROJECT
from segmentation.tables import ORDERS

SPREAD = {"discount", "refunded"}
STATUSES = {"credit", "unpaid", "cancelled", "test"}  # otherwise placed

each_format = pytest.mark.parametrize("form", known_formats(), ids=lambda form: form.name)


def test_every_format_file_is_known() -> None:
    files = sorted((PROJECT / "lib" / "segmentation" / "formats").glob("*.yaml"))
    names = [yaml.safe_load(file.read_text(encoding="utf-8"))["name"] for file in files]
    assert [form.name for form in known_formats()] == names
    assert {"Canonical columns", "Shopify orders", "UCI Online Retail"} <= set(names)


@each_format
def test_a_format_leads_to_canonical_columns_only(form: Format) -> None:
    assert set(form.columns) | set(form.constants) | set(form.fees) <= set(ORDERS.names)


@each_format
def test_a_format_has_a_source_for_every_required_column(form: Format) -> None:
    required = {column.name for column in ORDERS.columns if column.required}
    assert required <= set(form.columns) or required <= set(form.signature)


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
    patterns = [*form.fees.values(), *(pattern for by_column in form.status.values() for pattern in by_column.values())]
    assert all(re.compile(pattern) for pattern in patterns)


@each_format
def test_what_stands_once_an_order_and_is_spread_or_read_is_filled(form: Format) -> None:
    spread = set(form.spread.values()) if form.order_level else set()
    assert spread <= set(form.order_level)


@pytest.mark.parametrize(
    ("one", "other"),
    list(itertools.combinations(known_formats(), 2)),
    ids=lambda form: form.name,
)
def test_no_signature_lies_within_the_columns_of_another_format(one: Format, other: Format) -> None:
    for signed, read in ((one, other), (other, one)):
        headers = {header for wanted in read.columns.values() for header in wanted} | set(read.signature)
        assert not set(signed.signature) <= headers


def test_formats_are_read_once() -> None:
    assert known_formats() is formats.known_formats()
