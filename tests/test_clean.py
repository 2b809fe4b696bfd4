"""Cleaning: which line fails which rule, and that no line and no cent gets lost."""

import random
from collections import Counter

import ibis.expr.types as ir
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import SHOP_CURRENCY, Line, clean_orders, judged_orders, order_line, reasons_by_case, store, store_orders
from strategies import DIRT, FILES, dirty_orders, planted_orders

from segmentation import clean, ingest
from segmentation.cleaning.rules import CENT
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.sources.parts import open_parts
from segmentation.tables import ORDERS

MAX_QUANTITY = 50_000
SAMPLE = PROJECT / "data" / "sample"


def reasons(connection: Backend, *lines: Line, **told: object) -> list[str | None]:
    """Judge the lines; their reasons in the order of the lines."""
    judged = judged_orders(connection, lines, **told)
    return judged.order_by("source_row").select("reason").to_pyarrow()["reason"].to_pylist()


# --- each rule

FAILING = {
    "unreadable": {"unreadable": "'two' of column quantity is no whole number"},
    "guest": {"customer_id": None},
    "test order": {"status": "test"},
    "cancelled": {"status": "cancelled"},
    "unpaid": {"status": "unpaid"},
    "other currency": {"currency": "SEK"},
    "fee": {"line_kind": "fee"},
    "missing value": {"ordered_at": None},
    "no quantity": {"quantity": 0},
    "negative price": {"unit_price": -0.01},
    "zero price": {"unit_price": 0.0},
    "gift": {"discount": 1e6},
    "absurd quantity": {"quantity": MAX_QUANTITY + 1},
    "return without purchase": {"quantity": -1},
}


def test_a_line_that_fails_one_rule_has_its_name_as_the_reason(connection: Backend) -> None:
    found = reasons_by_case(connection, [[order_line(**told)] for told in FAILING.values()])
    assert found == [[reason] for reason in FAILING]


WITHIN = [
    {},
    {"quantity": MAX_QUANTITY},
    {"unit_price": 0.01},
    {"refunded": 10.0},
    {"currency": None},
    {"product_id": None},
    {"product_name": "<script>alert(1)</script>"},
    {"product_name": "=1+1"},
    {"country": None},
    {"discount": 9.99},
]


def test_a_line_just_within_the_rules_is_clean(connection: Backend) -> None:
    assert reasons_by_case(connection, [[order_line(**told)] for told in WITHIN]) == [[None]] * len(WITHIN)


def test_the_first_rule_that_a_line_fails_is_its_reason(connection: Backend) -> None:
    told: Line = {}
    cases = [[order_line(**(told := told | change))] for change in reversed(FAILING.values())]
    assert reasons_by_case(connection, cases) == [[reason] for reason in reversed(FAILING)]


def test_a_gift_is_a_line_whose_whole_price_was_taken_off(connection: Backend) -> None:
    found = reasons_by_case(connection, [[order_line(discount=discount)] for discount in (9.99, 10.0, 10.01)])
    assert found == [[None], ["gift"], ["gift"]]


def test_a_line_without_a_value_that_must_be_there_is_set_aside(connection: Backend) -> None:
    columns = ["order_id", "ordered_at", "quantity", "unit_price"]
    found = reasons_by_case(connection, [[order_line(**{column: None})] for column in columns])
    assert found == [["missing value"]] * 4


def test_every_rule_has_a_sentence_and_belongs_to_a_policy() -> None:
    used = {name for names in clean.POLICIES.values() for name in names}
    assert used == set(clean.RULES)
    assert all(rule.sentence.endswith(".") and rule.name == name for name, rule in clean.RULES.items())


# --- policies


def test_the_usual_cleaning_drops_credit_notes_and_returns(connection: Backend) -> None:
    lines = [{"quantity": 2}, {"quantity": -1}, {"status": "credit"}, {"quantity": 0}]
    found = reasons(connection, *(order_line(**told) for told in lines), cleaning="usual")
    assert found == [None, "return", "credit note", "return"]


@pytest.mark.parametrize("cleaning", clean.POLICIES)
def test_no_policy_adds_up_two_currencies(connection: Backend, cleaning: str) -> None:
    assert reasons(connection, order_line(currency="XXX"), cleaning=cleaning) == ["other currency"]


def test_the_usual_cleaning_keeps_what_it_does_not_know(connection: Backend) -> None:
    kept = [{"line_kind": "fee"}, {"discount": 10.0}, {"quantity": 80_000}, {"status": "unpaid"}]
    assert reasons(connection, *(order_line(**told) for told in kept), cleaning="usual") == [None] * 4


SWITCHED = {
    "test_orders": {"status": "test"},
    "cancelled": {"status": "cancelled"},
    "unpaid": {"status": "unpaid"},
    "fees": {"line_kind": "fee"},
    "gifts": {"discount": 10.0},
    "zero_prices": {"unit_price": 0.0},
}


@pytest.mark.parametrize("cleaning", clean.POLICIES)
def test_each_switch_keeps_its_lines_whatever_the_preset(connection: Backend, cleaning: str) -> None:
    lines = [[order_line(**told)] for told in SWITCHED.values()]
    found = reasons_by_case(connection, lines, cleaning=cleaning, **dict.fromkeys(SWITCHED, "keep"))
    assert found == [[None]] * 6


def test_each_switch_drops_its_lines_whatever_the_preset(connection: Backend) -> None:
    lines = [[order_line(**told)] for told in SWITCHED.values()]
    found = reasons_by_case(connection, lines, cleaning="usual", **dict.fromkeys(SWITCHED, "drop"))
    assert found == [["test order"], ["cancelled"], ["unpaid"], ["fee"], ["gift"], ["zero price"]]


def test_a_pattern_makes_fees_of_products_by_code_or_name(connection: Backend) -> None:
    lines = [{"product_id": "WRAP"}, {"product_name": "Gift wrap"}, {"product_id": None, "product_name": None}, {}]
    found = reasons(connection, *(order_line(**told) for told in lines), fee_pattern="(?i)wrap")
    assert found == ["fee", "fee", None, None]


def test_the_rules_are_listed_in_the_order_in_which_they_are_asked() -> None:
    told = clean.rules_table(clean.Policy(cleaning="usual", duplicates="keep").rules)
    asked = ["unreadable", "guest", "cancelled", "other currency", "missing value", "credit note", "return"]
    assert told["reason"].tolist() == [*asked, "negative price", "zero price"]


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
    told = clean.account(judged_orders(connection, lines))
    assert told.to_dict("records") == [
        {"reason": "clean", "lines": 3, "orders": 2, "customers": 2, "money": 36.5},
        {"reason": "guest", "lines": 2, "orders": 1, "customers": 0, "money": 30.0},
        {"reason": "fee", "lines": 1, "orders": 1, "customers": 1, "money": 4.9},
    ]


def test_a_repair_stands_in_the_account_with_what_it_took_away(connection: Backend) -> None:
    lines = [order_line(), order_line(unit_price=None, product_id="TEA")]
    told = clean.account(judged_orders(connection, lines, missing={"unit_price": "constant:4"}))
    assert told[["reason", "lines", "money"]].to_dict("records") == [
        {"reason": "clean", "lines": 2, "money": 14.0},
        {"reason": "changed by filling", "lines": 0, "money": -4.0},
    ]


def test_a_repair_alone_sets_nothing_aside(connection: Backend) -> None:
    told = clean.account(judged_orders(connection, [order_line()], missing={"unit_price": "median"}))
    assert clean.aside_in_words(told) == "No line was set aside."


def test_what_each_policy_did_is_told_with_lines_and_money(connection: Backend) -> None:
    lines = [
        order_line(),
        order_line(),
        order_line(product_id="TEA", unit_price=None),
        order_line(line_kind="fee", unit_price=4.9),
    ]
    policy = clean.Policy(missing={"unit_price": "constant:4"})
    judged = clean.judge_orders(store_orders(connection, lines), policy, currency=SHOP_CURRENCY)
    told = clean.what_each_policy_did(judged, policy, clean.account(judged)).set_index("policy")
    assert told.loc["duplicates"].tolist() == ["drop", 1, 10.0, 0, 0.0]
    assert told.loc["fees"].tolist() == ["drop", 1, 4.9, 0, 0.0]
    assert told.loc["missing"].tolist() == ["unit_price: constant:4", 0, 0.0, 1, 4.0]
    assert told.loc["gifts"].tolist() == ["drop", 0, 0.0, 0, 0.0]


def test_the_quarantine_and_the_clean_lines_are_all_lines(connection: Backend) -> None:
    judged = judged_orders(connection, [order_line(), order_line(), order_line(customer_id=None)])
    assert clean.kept(judged).columns == (*ORDERS.names, "return_of")
    assert clean.set_aside(judged).select("source_row", "reason").to_pyarrow().to_pylist() == [
        {"source_row": 2, "reason": "duplicate"},
        {"source_row": 3, "reason": "guest"},
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
    return clean.account(judged_orders(connection, [*lines, guest]))


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
        clean.require_customers(clean.account(judged_orders(connection, lines)))


def test_one_clean_line_is_enough(connection: Backend) -> None:
    clean.require_customers(clean.account(judged_orders(connection, [order_line(), order_line(customer_id=None)])))


# --- properties over dirty orders

policies = st.fixed_dictionaries(
    {
        "cleaning": st.sampled_from(list(clean.POLICIES)),
        "duplicates": st.sampled_from(["drop", "exact", "keep"]),
        "fees": st.sampled_from(["", "drop", "keep"]),
        "returns": st.sampled_from(["", "net", "keep", "drop"]),
        "missing": st.sampled_from(
            [
                {},
                {"unit_price": "median", "product_name": "most_frequent"},
                {"unit_price": "forward_fill", "quantity": "constant:1", "product_name": "drop"},
                {"unit_price": "interpolate"},
            ]
        ),
        "rates": st.sampled_from(["", "tests/rates.csv"]),
        "outlier_method": st.sampled_from(["none", "iqr", "z", "robust_z"]),
        "outlier_action": st.sampled_from(["flag", "cap", "median", "quarantine"]),
        "outlier_limit": st.sampled_from([0.0, 0.5]),
        "wholesalers": st.sampled_from(["keep", "flag", "set_apart"]),
    }
)


@pytest.fixture(scope="module")
def rates(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write a file of rates for the currency of `strategies`."""
    path = tmp_path_factory.mktemp("rates") / "rates.csv"
    path.write_text("date,currency,rate\n2024-06-01,SEK,0.09\n2025-01-01,SEK,0.0871\n", encoding="utf-8")
    return str(path)


def comparable(account: pd.DataFrame) -> dict[str, tuple]:
    """Give the account by reason, money in whole cents."""
    return {row.reason: (row.lines, row.orders, row.customers, round(row.money, 2)) for row in account.itertuples()}


def content(table: ir.Table) -> Counter:
    """Count each line of a table, in no order."""
    return Counter(tuple(line.values()) for line in table.to_pyarrow().to_pylist())


@given(lines=dirty_orders(), told=policies)
@settings(max_examples=8)
def test_no_line_and_no_cent_is_lost(
    connection: Backend, rates: str, lines: list[Line], told: dict[str, object]
) -> None:
    told |= {"rates": rates if told["rates"] else ""}
    orders, policy = store_orders(connection, lines), clean.Policy(**told)
    judged = store(connection, clean.judge_orders(orders, policy, currency=SHOP_CURRENCY, files=FILES).to_pyarrow())
    lines_in, money_in = clean.lines_and_money(orders)
    clean.require_balance(clean.account(judged), lines_in=lines_in, money_in=money_in)
    places = ("source_file", "source_row")
    assert content(judged.select(*places)) == content(orders.select(*places))


@given(lines=dirty_orders(), told=policies)
@settings(max_examples=6)
def test_cleaning_twice_equals_cleaning_once(
    connection: Backend, rates: str, lines: list[Line], told: dict[str, object]
) -> None:
    policy = clean.Policy(**told | {"rates": rates if told["rates"] else ""})
    tables = [store_orders(connection, lines)]
    for _ in range(2):
        judged = clean.judge_orders(tables[-1], policy, currency=SHOP_CURRENCY, files=FILES)
        tables.append(store(connection, clean.kept(judged).to_pyarrow()))
    assert content(tables[2].select(*tables[1].columns)) == content(tables[1])


@given(lines=dirty_orders(), cleaning=st.sampled_from(list(clean.POLICIES)))
@settings(max_examples=4)
def test_a_line_that_needs_no_repair_stays_as_it_is(connection: Backend, lines: list[Line], cleaning: str) -> None:
    judged = judged_orders(connection, lines, cleaning=cleaning)
    assert content(judged.select(*ORDERS.names)) == content(store_orders(connection, lines))


@given(lines=dirty_orders(), seed=st.integers(0, 1_000))
@settings(max_examples=4)
def test_shuffled_rows_leave_the_account_as_it_was(connection: Backend, lines: list[Line], seed: int) -> None:
    shuffled = [line | {"source_row": row} for row, line in enumerate(random.Random(seed).sample(lines, len(lines)))]
    before, after = (clean.account(judged_orders(connection, table)) for table in (lines, shuffled))
    assert comparable(before) == comparable(after)


@given(lines=dirty_orders())
@settings(max_examples=4)
def test_cleaning_leaves_its_input_unchanged(connection: Backend, lines: list[Line]) -> None:
    orders = store_orders(connection, lines)
    before = content(orders)
    policy = clean.Policy(missing={"unit_price": "median"}, outlier_method="iqr", outlier_action="cap")
    clean.account(clean.judge_orders(orders, policy, currency=SHOP_CURRENCY))
    assert content(orders) == before


@given(lines=dirty_orders(dirt=()))
@settings(max_examples=4)
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
    "refunds": None,
    "no_names": None,
    "guests_with_email": "guest",
    "wholesalers": None,
    "unreadable": "unreadable",
    "missing_prices": "missing value",
    "outliers": None,
    "older_copies": "older copy",
}


@given(shops=st.fixed_dictionaries({kind: planted_orders(kind=kind) for kind in DIRT}))
@settings(max_examples=4)
def test_planted_dirt_of_every_kind_is_found_exactly(
    connection: Backend, shops: dict[str, tuple[list[Line], set[int]]]
) -> None:
    found = reasons_by_case(connection, [lines for lines, _ in shops.values()], files=FILES)
    for (kind, (lines, planted)), reasons_told in zip(shops.items(), found, strict=True):
        told = zip(lines, reasons_told, strict=True)
        dirty = {line["source_row"]: reason for line, reason in told if reason}
        assert dirty == (dict.fromkeys(planted, REASONS[kind]) if REASONS[kind] else {})


@given(lines=dirty_orders())
@settings(max_examples=4)
def test_what_is_clean_has_a_customer_a_price_and_pieces(connection: Backend, lines: list[Line]) -> None:
    kept = clean_orders(connection, lines).to_pyarrow().to_pylist()
    assert all(line["customer_id"] and line["unit_price"] > 0 and line["quantity"] for line in kept)


@given(lines=dirty_orders())
@settings(max_examples=4)
def test_no_customer_has_returned_more_of_a_product_than_was_bought(connection: Backend, lines: list[Line]) -> None:
    left: Counter = Counter()
    for line in clean_orders(connection, lines).to_pyarrow().to_pylist():
        value = line["quantity"] * line["unit_price"] - line["discount"] - line["refunded"]
        left[line["customer_id"], line["product_id"]] += value
    assert min(left.values(), default=0.0) > -CENT


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
def sample(connection: Backend, tmp_path_factory: pytest.TempPathFactory) -> pd.Series:
    """Clean the committed sample once; each row's reason, null when clean, by its row in the file."""
    parts = open_parts(connection, [str(SAMPLE / "orders.csv")], scratch=tmp_path_factory.mktemp("parts"))
    reading = ingest.read_table(connection, parts, ingest.Hints(), table="orders")
    orders = store(connection, reading.table.to_pyarrow())
    policy = clean.Policy()
    judged = clean.judge_orders(orders, policy, currency=clean.shop_currency(orders, policy))
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
