"""Cleaning: which line fails which rule, and that no line and no cent gets lost."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import ibis.expr.types as ir
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import SHOP_CURRENCY, Line, clean_orders, order_line, store, store_orders
from strategies import DIRT, dirty_orders

from segmentation import clean, ingest
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.tables import ORDERS

MAX_QUANTITY = 50_000
SAMPLE = PROJECT / "data" / "sample"


def judge(
    connection: Backend, lines: Iterable[Mapping[str, object]], *, cleaning: str = "net", duplicates: str = "drop"
) -> ir.Table:
    rules = clean.policy_rules(cleaning, duplicates=duplicates)
    orders = store_orders(connection, lines)
    judged = clean.judge(orders, rules=rules, currency=SHOP_CURRENCY, max_quantity=MAX_QUANTITY)
    return store(connection, judged.to_pyarrow())


def reasons(connection: Backend, *lines: Line, cleaning: str = "net", duplicates: str = "drop") -> list[str | None]:
    """Judge the lines; their reasons in the order of the lines."""
    judged = judge(connection, lines, cleaning=cleaning, duplicates=duplicates)
    return judged.order_by("source_row").select("reason").to_pyarrow()["reason"].to_pylist()


def bought(pieces: int, *, day: int, **told: object) -> Line:
    """Write a line of mugs at 10.00 on a day of March; negative pieces come back."""
    return order_line(quantity=pieces, ordered_at=datetime(2025, 3, day), **told)


# --- each rule

FAILING = {
    "guest": {"customer_id": None},
    "test order": {"status": "test"},
    "cancelled": {"status": "cancelled"},
    "unpaid": {"status": "unpaid"},
    "other currency": {"currency": "SEK"},
    "fee": {"line_kind": "fee"},
    "no quantity": {"quantity": 0},
    "negative price": {"unit_price": -0.01},
    "zero price": {"unit_price": 0.0},
    "gift": {"discount": 1e6},
    "absurd quantity": {"quantity": MAX_QUANTITY + 1},
    "return without purchase": {"quantity": -1},
}


@pytest.mark.parametrize(("reason", "told"), FAILING.items(), ids=list(FAILING))
def test_a_line_that_fails_one_rule_has_its_name_as_the_reason(
    connection: Backend, reason: str, told: dict[str, object]
) -> None:
    assert reasons(connection, order_line(**told)) == [reason]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"quantity": MAX_QUANTITY},
        {"unit_price": 0.01},
        {"refunded": 10.0},
        {"currency": None},
        {"product_id": None},
        {"product_name": "<script>alert(1)</script>"},
        {"product_name": "=1+1"},
    ],
    ids=str,
)
def test_a_line_just_within_the_rules_is_clean(connection: Backend, told: dict[str, object]) -> None:
    assert reasons(connection, order_line(**told)) == [None]


def test_the_first_rule_that_a_line_fails_is_its_reason(connection: Backend) -> None:
    told: Line = {}
    found = []
    for change in reversed(FAILING.values()):
        told = told | change
        found += reasons(connection, order_line(**told))
    assert found == list(reversed(FAILING))


@pytest.mark.parametrize(("discount", "reason"), [(9.99, None), (10.0, "gift"), (10.01, "gift")])
def test_a_gift_is_a_line_whose_whole_price_was_taken_off(
    connection: Backend, discount: float, reason: str | None
) -> None:
    assert reasons(connection, order_line(discount=discount)) == [reason]


def test_every_rule_has_a_sentence_and_belongs_to_a_policy() -> None:
    used = {name for names in clean.POLICIES.values() for name in names}
    assert used == set(clean.RULES)
    assert all(rule.sentence.endswith(".") and rule.name == name for name, rule in clean.RULES.items())


# --- duplicates


def test_the_first_of_identical_lines_is_kept(connection: Backend) -> None:
    assert reasons(connection, order_line(), order_line(), order_line()) == [None, "duplicate", "duplicate"]


def test_a_copy_in_a_later_file_is_a_duplicate(connection: Backend) -> None:
    lines = [order_line(source_file="orders_2.csv"), order_line(source_file="orders_1.csv")]
    assert reasons(connection, *lines) == ["duplicate", None]


def test_lines_without_values_can_be_identical(connection: Backend) -> None:
    line = order_line(product_id=None, product_name=None, currency=None)
    assert reasons(connection, line, line) == [None, "duplicate"]


@pytest.mark.parametrize("column", [name for name in ORDERS.names if name not in ("source_file", "source_row")])
def test_lines_that_differ_in_one_column_are_no_duplicates(connection: Backend, column: str) -> None:
    other = {"ordered_at": datetime(2025, 3, 1, 12, 0, 1), "quantity": 2, "unit_price": 10.01, "discount": 0.01}
    lines = [order_line(), order_line(**{column: other.get(column, 0.02 if column == "refunded" else "another")})]
    assert "duplicate" not in reasons(connection, *lines)


def test_duplicates_can_be_kept(connection: Backend) -> None:
    assert reasons(connection, order_line(), order_line(), duplicates="keep") == [None, None]


# --- returns


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([bought(2, day=1), bought(-1, day=2)], [None, None]),
        ([bought(2, day=1), bought(-2, day=2)], [None, None]),
        ([bought(2, day=1), bought(-3, day=2)], [None, "return without purchase"]),
        ([bought(2, day=2), bought(-1, day=1)], [None, "return without purchase"]),
        ([bought(-1, day=1), bought(1, day=1)], [None, None]),
        ([bought(1, day=1), bought(-1, day=2), bought(-1, day=3)], [None, None, "return without purchase"]),
        ([bought(1, day=1), bought(1, day=2), bought(-2, day=3)], [None, None, None]),
        ([bought(1, day=1), bought(-1, day=2, product_id="TEA")], [None, "return without purchase"]),
        ([bought(1, day=1), bought(-1, day=2, customer_id="ben")], [None, "return without purchase"]),
        ([bought(1, day=1, refunded=10.0), bought(-1, day=2)], [None, "return without purchase"]),
        ([bought(1, day=1, status="cancelled"), bought(-1, day=2)], ["cancelled", "return without purchase"]),
        ([bought(1, day=1), bought(-1, day=2, status="credit")], [None, None]),
    ],
    ids=["part", "all", "more than bought", "before the purchase", "at the same moment", "twice", "of two purchases",
         "another product", "another customer", "refunded already", "of a cancelled order", "on a credit note"],
)  # fmt: skip
def test_a_return_counts_against_what_was_bought_by_then(
    connection: Backend, lines: list[Line], expected: list[str | None]
) -> None:
    assert reasons(connection, *lines) == expected


def test_which_of_two_returns_at_one_moment_counts_does_not_depend_on_rows(connection: Backend) -> None:
    lines = [bought(10, day=1), bought(-6, day=2), bought(-8, day=2)]
    turned = [lines[0], lines[2], lines[1]]
    assert reasons(connection, *lines) == [None, "return without purchase", None]
    assert reasons(connection, *turned) == [None, None, "return without purchase"]


# --- policies


def test_the_usual_cleaning_drops_credit_notes_and_returns(connection: Backend) -> None:
    lines = [bought(2, day=1), bought(-1, day=2), bought(1, day=3, status="credit"), bought(0, day=4)]
    assert reasons(connection, *lines, cleaning="usual") == [None, "return", "credit note", "return"]


def test_no_policy_adds_up_two_currencies(connection: Backend) -> None:
    for cleaning in clean.POLICIES:
        assert reasons(connection, order_line(currency="XXX"), cleaning=cleaning) == ["other currency"]


def test_the_usual_cleaning_keeps_what_it_does_not_know(connection: Backend) -> None:
    kept = [{"line_kind": "fee"}, {"discount": 10.0}, {"quantity": 80_000}, {"status": "unpaid"}]
    assert reasons(connection, *(order_line(**told) for told in kept), cleaning="usual") == [None] * 4


def test_keeping_duplicates_leaves_out_that_rule_only() -> None:
    dropped = [rule.name for rule in clean.policy_rules("net", duplicates="drop")]
    kept = [rule.name for rule in clean.policy_rules("net", duplicates="keep")]
    assert dropped == ["duplicate", *kept]


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(DataProblem, match="`cleaning` must be net or usual; got 'thorough'"):
        clean.policy_rules("thorough", duplicates="drop")


def test_an_unknown_treatment_of_duplicates_is_refused() -> None:
    with pytest.raises(DataProblem, match="`duplicates` must be drop or keep; got 'merge'"):
        clean.policy_rules("net", duplicates="merge")


def test_the_rules_are_listed_in_the_order_in_which_they_are_asked() -> None:
    told = clean.rules_table(clean.policy_rules("usual", duplicates="keep"))
    assert told["reason"].tolist() == clean.POLICIES["usual"][1:]


# --- the account


def test_the_account_adds_up_by_hand(connection: Backend) -> None:
    lines = [
        order_line(order_id="1", quantity=3, discount=5.0, refunded=1.0),
        order_line(order_id="1", product_id="TEA", unit_price=2.5),
        order_line(order_id="2", customer_id="ben"),
        order_line(order_id="2", customer_id="ben", line_kind="fee", unit_price=4.9),
        order_line(order_id="3", customer_id=None, quantity=2),
        order_line(order_id="3", customer_id=None, product_id="TEA"),
    ]
    told = clean.account(judge(connection, lines))
    assert told.to_dict("records") == [
        {"reason": "clean", "lines": 3, "orders": 2, "customers": 2, "money": 36.5},
        {"reason": "guest", "lines": 2, "orders": 1, "customers": 0, "money": 30.0},
        {"reason": "fee", "lines": 1, "orders": 1, "customers": 1, "money": 4.9},
    ]


def test_the_account_is_read_with_the_total_that_came_in() -> None:
    account = pd.DataFrame(
        {"reason": ["clean", "guest"], "lines": [3, 1], "orders": [2, 1], "customers": [2, 0], "money": [36.5, 10.0]}
    )
    told = clean.account_with_total(account, money="EUR")
    assert told.iloc[-1][["reason", "lines", "share of lines", "EUR"]].tolist() == ["came in", 4, 1.0, 46.5]
    assert told["share of lines"].tolist() == [0.75, 0.25, 1.0]


@pytest.fixture
def account(connection: Backend) -> pd.DataFrame:
    """Four lines worth 49.00, one of them a guest's."""
    guest = order_line(customer_id=None, unit_price=19.0)
    lines = [order_line(product_id=product) for product in ("MUG", "TEA", "LAMP")]
    return clean.account(judge(connection, [*lines, guest]))


def test_an_account_that_balances_passes(account: pd.DataFrame) -> None:
    clean.require_balance(account, lines_in=4, money_in=49.0)


@pytest.mark.parametrize(("lines_in", "money_in"), [(5, 49.0), (3, 49.0), (4, 49.01), (4, 48.99), (4, 0.0), (0, 0.0)])
def test_an_account_that_is_a_line_or_a_cent_out_is_refused(
    account: pd.DataFrame, lines_in: int, money_in: float
) -> None:
    with pytest.raises(DataProblem, match=r"Every line and every cent must be accounted for: .*4 worth 49\.00 are"):
        clean.require_balance(account, lines_in=lines_in, money_in=money_in)


def test_an_account_that_lost_a_reason_is_refused(account: pd.DataFrame) -> None:
    with pytest.raises(DataProblem, match=r"4 lines worth 49\.00 came in, 3 worth 30\.00 are accounted for"):
        clean.require_balance(account[account["reason"] != "guest"], lines_in=4, money_in=49.0)


def test_what_was_set_aside_is_told_with_its_largest_reason(account: pd.DataFrame) -> None:
    told = "1 lines (25.0%) were set aside, most of them (1) for the reason 'guest'."
    assert clean.aside_in_words(account) == told


def test_nothing_set_aside_is_told_as_nothing(account: pd.DataFrame) -> None:
    assert clean.aside_in_words(account[account["reason"] == "clean"]) == "No line was set aside."


def test_a_file_without_one_clean_line_is_refused_with_the_reasons(connection: Backend) -> None:
    lines = [order_line(customer_id=None), order_line(customer_id=None, quantity=2), order_line(unit_price=0.0)]
    message = (
        r"At least one order line must be clean; all 3 were set aside: guest \(2\), zero price \(1\)\. .*column_map"
    )
    with pytest.raises(DataProblem, match=message):
        clean.require_customers(clean.account(judge(connection, lines)))


def test_one_clean_line_is_enough(connection: Backend) -> None:
    clean.require_customers(clean.account(judge(connection, [order_line(), order_line(customer_id=None)])))


# --- properties over dirty orders

policies = st.sampled_from([(name, duplicates) for name in clean.POLICIES for duplicates in ("drop", "keep")])


def comparable(account: pd.DataFrame) -> dict[str, tuple]:
    """Give the account by reason, money in whole cents."""
    return {row.reason: (row.lines, row.orders, row.customers, round(row.money, 2)) for row in account.itertuples()}


def content(table: ir.Table) -> Counter:
    """Count each line of a table, in no order."""
    return Counter(tuple(line.values()) for line in table.to_pyarrow().to_pylist())


@given(lines=dirty_orders(), policy=policies)
def test_no_line_and_no_cent_is_lost(connection: Backend, lines: list[Line], policy: tuple[str, str]) -> None:
    cleaning, duplicates = policy
    judged = judge(connection, lines, cleaning=cleaning, duplicates=duplicates)
    lines_in, money_in = clean.lines_and_money(store_orders(connection, lines))
    clean.require_balance(clean.account(judged), lines_in=lines_in, money_in=money_in)
    assert content(judged.drop("reason")) == content(store_orders(connection, lines))


@given(lines=dirty_orders(), cleaning=st.sampled_from(list(clean.POLICIES)))
def test_cleaning_twice_equals_cleaning_once(connection: Backend, lines: list[Line], cleaning: str) -> None:
    once = clean_orders(connection, lines, cleaning=cleaning).to_pyarrow().to_pylist()
    assert set(reasons(connection, *once, cleaning=cleaning)) <= {None}


@given(lines=dirty_orders(), seed=st.integers(0, 1_000))
def test_shuffled_rows_leave_the_account_as_it_was(connection: Backend, lines: list[Line], seed: int) -> None:
    shuffled = [line | {"source_row": row} for row, line in enumerate(random.Random(seed).sample(lines, len(lines)))]
    before, after = (clean.account(judge(connection, table)) for table in (lines, shuffled))
    assert comparable(before) == comparable(after)


@given(lines=dirty_orders())
def test_cleaning_leaves_its_input_unchanged(connection: Backend, lines: list[Line]) -> None:
    orders = store_orders(connection, lines)
    before = content(orders)
    rules = clean.policy_rules("net", duplicates="drop")
    clean.account(clean.judge(orders, rules=rules, currency=SHOP_CURRENCY, max_quantity=MAX_QUANTITY))
    assert content(orders) == before


@given(lines=dirty_orders(dirt=()))
def test_clean_orders_of_different_lines_are_all_clean(connection: Backend, lines: list[Line]) -> None:
    one_each = [line | {"product_id": str(row)} for row, line in enumerate(lines)]
    assert set(reasons(connection, *one_each)) == {None}


REASONS = {
    "duplicates": "duplicate",
    "guests": "guest",
    "tests": "test order",
    "cancelled": "cancelled",
    "unpaid": "unpaid",
    "currencies": "other currency",
    "fees": "fee",
    "gifts": "gift",
    "zero_prices": "zero price",
    "negative_prices": "negative price",
    "absurd_quantities": "absurd quantity",
    "nothing_sold": "no quantity",
    "returns": "return without purchase",
    "credit_notes": "return without purchase",
    "refunds": "return without purchase",
    "no_names": None,
}


shops_with_one_kind = st.sampled_from(DIRT).flatmap(lambda kind: st.tuples(st.just(kind), dirty_orders(dirt={kind})))


@given(shop=shops_with_one_kind)
@settings(max_examples=50)
def test_one_kind_of_dirt_gives_no_other_reason(connection: Backend, shop: tuple[str, list[Line]]) -> None:
    kind, lines = shop
    one_each = lines if kind == "duplicates" else [line | {"order_id": str(row)} for row, line in enumerate(lines)]
    assert set(reasons(connection, *one_each)) <= {None, REASONS[kind]}


@given(lines=dirty_orders())
def test_what_is_clean_has_a_customer_a_price_and_pieces(connection: Backend, lines: list[Line]) -> None:
    kept = clean_orders(connection, lines).to_pyarrow().to_pylist()
    assert all(line["customer_id"] and line["unit_price"] > 0 and line["quantity"] for line in kept)


@given(lines=dirty_orders())
def test_no_customer_has_returned_more_of_a_product_than_was_bought(connection: Backend, lines: list[Line]) -> None:
    left: Counter = Counter()
    for line in clean_orders(connection, lines).to_pyarrow().to_pylist():
        value = line["quantity"] * line["unit_price"] - line["discount"] - line["refunded"]
        left[line["customer_id"], line["product_id"]] += value
    assert min(left.values(), default=0.0) > -clean.CENT


# --- the sample's planted dirt

PLANTED = {
    "duplicates": "duplicate",
    "guests": "guest",
    "tests": "test order",
    "cancelled": "cancelled",
    "fees": "fee",
    "gifts": "gift",
    "zero_prices": "zero price",
    "negative_prices": "negative price",
    "absurd_quantities": "absurd quantity",
}


@pytest.fixture(scope="module")
def sample(connection: Backend) -> pd.Series:
    """Clean the committed sample once; each row's reason, null when clean, by its row in the file."""
    reading = ingest.read_table(connection, SAMPLE / "orders.csv", table="orders", column_map={}, date_order="")
    orders = store(connection, reading.table.to_pyarrow())
    rules = clean.policy_rules("net", duplicates="drop")
    currency = clean.require_one_currency(orders, currency="")
    judged = clean.judge(orders, rules=rules, currency=currency, max_quantity=MAX_QUANTITY)
    return judged.select("source_row", "reason").execute().set_index("source_row")["reason"]


@pytest.fixture(scope="module")
def planted() -> pd.Series:
    """Read which row is dirty, and how, in the words of the rules."""
    return pd.read_csv(SAMPLE / "truth" / "dirt.csv", index_col="source_row")["kind"].map(PLANTED)


@pytest.mark.parametrize("reason", PLANTED.values())
def test_cleaning_the_sample_finds_exactly_what_was_planted(sample: pd.Series, planted: pd.Series, reason: str) -> None:
    assert set(sample.index[sample == reason]) == set(planted.index[planted == reason]) != set()


def test_cleaning_the_sample_finds_nothing_else(sample: pd.Series, planted: pd.Series) -> None:
    assert sample.notna().sum() == len(planted)
