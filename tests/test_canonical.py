"""From plain text to canonical lines: what can't be read, amounts for all pieces, items side by side, hidden keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from segmentation.canonical import canonical, require_known_customers
from segmentation.formats import Format, find_items, fit_format
from segmentation.problems import DataProblem
from segmentation.recognise import Source, recognise, source_kinds, source_mapping, used_columns
from segmentation.sources.parts import Part, store_text
from segmentation.tables import ORDERS, TABLES
from segmentation.values import plain_text, told_writings

Row = Mapping[str, str | None]

LINE: Row = {
    "order_id": "1",
    "customer_id": "ann",
    "ordered_at": "2024-05-01 10:00:00",
    "quantity": "2",
    "unit_price": "1.5",
}
SHOPIFY: Row = {
    "Name": "#1",
    "Email": "ann@example.com",
    "Financial Status": "paid",
    "Created at": "2024-05-01 10:00:00 +0000",
    "Lineitem name": "Mug",
    "Lineitem quantity": "1",
    "Lineitem price": "10.00",
    "Discount Amount": "",
    "Refunded Amount": "",
}
WOOCOMMERCE: Row = {
    "order_id": "1",
    "date": "2024-05-01 10:00:00",
    "status": "completed",
    "order_total": "10.00",
    "customer_user": "5",
    "billing_email": "ann@example.com",
    "order_item_1": "",
    "order_item_2": "",
    "order_item_3": "",
}
YOUZAN: Row = {
    "订单号": "1",
    "归属店铺": "小店",
    "订单状态": "交易完成",
    "订单创建时间": "2024-05-01 10:00:00",
    "订单实付金额": "10",
    "买家手机号": "13912345678",
}


def part_of(connection: Backend, rows: Sequence[Row]) -> Part:
    """Put rows where a file would be."""
    headers = dict.fromkeys(header for row in rows for header in row)
    columns = {header: pa.array([row.get(header) for row in rows], pa.string()) for header in headers}
    return Part("june.csv", "CSV", connection.con.from_arrow(pa.table(columns)))


def plain_of(connection: Backend, source: Source) -> Any:
    """Store a source's text and bring it into its plain form."""
    raw = store_text(connection, source.part, columns=used_columns(source))
    form = source.format
    writings = told_writings(
        raw, source_kinds(source), name="june.csv", date_order=form.date_order, decimal=form.decimal, empty=form.empty
    )
    return plain_text(raw, writings)


def source_of(part: Part, form: Format) -> Source:
    """Understand a part by a format of the test's own."""
    fitted = fit_format(form, part.headers)
    mapping = source_mapping(part.headers, ORDERS, fitted, {})
    return Source(part=part, table=ORDERS, format=fitted, mapping=mapping, items=find_items(form, part.headers))


Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def read(connection: Backend) -> Read:
    def lines(
        *rows: Row, table: str = "orders", column_map: Mapping[str, str] = {}, form: Format | None = None
    ) -> list[dict[str, Any]]:
        part = part_of(connection, rows)
        source = source_of(part, form) if form else recognise(part, table=TABLES[table], column_map=column_map)
        expression = canonical(plain_of(connection, source), source)
        return expression.order_by("source_row").to_pyarrow().to_pylist()

    return lines


def why(lines: Sequence[Mapping[str, Any]]) -> list[str | None]:
    return [line["unreadable"] for line in lines]


def money(line: Mapping[str, Any]) -> float:
    return round(line["quantity"] * line["unit_price"] - line["discount"] - line["refunded"], 4)


# --- rows that can't be read


def test_a_value_that_can_t_be_read_makes_its_row_unreadable(read: Read) -> None:
    wrong = [("quantity", "abc"), ("quantity", "2.5"), ("unit_price", "free"), ("ordered_at", "soon")]
    lines = read(LINE, *(LINE | {column: text} for column, text in wrong))
    assert why(lines) == [None, *(f"{column}: '{text}'" for column, text in wrong)]
    assert [line[column] for (column, _), line in zip(wrong, lines[1:], strict=True)] == [None] * 4


def test_what_is_missing_is_not_unreadable(read: Read) -> None:
    assert why(read(LINE | {"quantity": None, "ordered_at": ""})) == [None]


def test_the_first_reason_counts(read: Read) -> None:
    assert why(read(LINE, LINE | {"unit_price": "x", "ordered_at": "y"})) == [None, "ordered_at: 'y'"]


def test_an_e_mail_address_in_a_column_of_numbers_is_not_repeated(read: Read) -> None:
    assert why(read(LINE, LINE | {"quantity": "ann@example.com"})) == [None, "quantity: an e-mail address"]


def test_a_long_value_is_cut(read: Read) -> None:
    assert why(read(LINE, LINE | {"quantity": "x" * 99})) == [None, f"quantity: '{'x' * 40}'"]


def test_personal_values_of_customers_are_not_repeated(read: Read) -> None:
    customer = {"customer_id": "ann", "birth_year": "1980"}
    assert why(read(customer, customer | {"birth_year": "spring 1980"}, table="customers")) == [
        None,
        "birth_year: no integer",
    ]


def test_a_header_in_the_middle_is_told(read: Read) -> None:
    assert why(read(LINE, {header: header for header in LINE}, LINE)) == [None, "the header stands there again", None]


def test_a_row_that_adds_up_others_is_told_and_worth_nothing(read: Read) -> None:
    total = {"customer_id": None, "ordered_at": None, "quantity": "2", "unit_price": "1.5"}
    lines = read(LINE, *(LINE | total | {"order_id": word} for word in ("Total", "TOTALS", "Summe", "合计", "总计")))
    assert why(lines) == [None, *["total row"] * 5]
    assert [line["quantity"] for line in lines] == [2, *[None] * 5]


def test_a_total_row_is_told_by_a_first_column_that_is_not_read(read: Read) -> None:
    total = {"Period": "Total"} | dict.fromkeys(LINE, None) | {"quantity": "2", "unit_price": "1.5"}
    assert why(read({"Period": "May"} | LINE, total)) == [None, "total row"]


def test_an_order_called_total_with_a_customer_is_an_order(read: Read) -> None:
    assert why(read(LINE | {"order_id": "Total", "ordered_at": None})) == [None]


def test_what_was_wrong_with_a_row_of_the_file_comes_first(connection: Backend) -> None:
    source = recognise(part_of(connection, [LINE | {"quantity": "abc"}]), table=ORDERS, column_map={})
    marked = plain_of(connection, source).mutate(__problem=ibis.literal("3 values where the header has 5"))
    assert why(canonical(marked, source).to_pyarrow().to_pylist()) == ["3 values where the header has 5"]


def test_a_word_that_is_none_of_ours_makes_its_row_unreadable(read: Read) -> None:
    known = LINE | {"status": "test", "line_kind": "fee"}
    lines = read(known, known | {"status": "completed"}, known | {"line_kind": "gift"})
    assert why(lines) == [None, "status: 'completed'", "line_kind: 'gift'"]


def test_a_platform_s_status_is_none_of_ours_and_no_problem(read: Read) -> None:
    assert why(read(WOOCOMMERCE)) == [None]


# --- amounts for all pieces


AMOUNT_MAP = {"order_id": "No", "customer_id": "Who", "ordered_at": "When", "line_total": "Amount"}
AMOUNT: Row = {"No": "1", "Who": "ann", "When": "2024-05-01", "Amount": "30", "Pieces": "3"}


def test_an_amount_for_all_pieces_is_a_price(read: Read) -> None:
    line = read(AMOUNT, column_map=AMOUNT_MAP | {"quantity": "Pieces"})[0]
    assert (line["quantity"], line["unit_price"]) == (3, 10.0)


def test_without_pieces_an_amount_is_for_one(read: Read) -> None:
    line = read(AMOUNT, column_map=AMOUNT_MAP)[0]
    assert (line["quantity"], line["unit_price"]) == (1, 30.0)


def test_pieces_follow_their_amount(read: Read) -> None:
    written = [("-30", "3"), ("-30", "-3"), ("30", "0"), ("30", ""), ("30", "0.25"), ("0", "3")]
    rows = [AMOUNT | {"Amount": amount, "Pieces": pieces} for amount, pieces in written]
    lines = read(*rows, column_map=AMOUNT_MAP | {"quantity": "Pieces"})
    assert [(line["quantity"], line["unit_price"]) for line in lines] == [
        (-3, 10.0), (-3, 10.0), (1, 30.0), (1, 30.0), (1, 30.0), (3, 0.0),
    ]  # fmt: skip
    assert why(lines) == [None] * 6


def test_pieces_that_are_no_number_are_unreadable_beside_an_amount_too(read: Read) -> None:
    lines = read(AMOUNT, AMOUNT | {"Pieces": "some"}, column_map=AMOUNT_MAP | {"quantity": "Pieces"})
    assert why(lines) == [None, "quantity: 'some'"]


def test_an_amount_that_is_no_number_is_unreadable(read: Read) -> None:
    assert why(read(AMOUNT, AMOUNT | {"Amount": "free"}, column_map=AMOUNT_MAP)) == [None, "unit_price: 'free'"]


SHOP = Format(
    "Shop",
    signature=["No"],
    columns={
        "order_id": ["No"],
        "customer_id": ["Who"],
        "ordered_at": ["When"],
        "line_total": ["Goods", "All"],
        "currency": ["Currency"],
    },
    deduct={"All": ["Postage", "Tax"]},
    add={"Goods": ["Corrections"]},
    spread={"discount": "Coupon", "refunded": "Paid back"},
    time_of_day={"ordered_at": "Clock"},
    refunded_when={"State": "back"},
    constants={"channel": "web"},
    nobody="^(0|guest)$",
)
ORDER: Row = {"No": "1", "Who": "ann", "When": "2024-05-01", "All": "30", "Postage": "4", "Tax": "6"}


def test_postage_and_tax_are_taken_off_the_total_that_holds_them(read: Read) -> None:
    assert money(read(ORDER, form=SHOP)[0]) == 20.0


def test_the_first_amount_that_is_there_counts(read: Read) -> None:
    assert [money(line) for line in read(ORDER | {"Goods": "21"}, ORDER | {"Goods": ""}, form=SHOP)] == [21.0, 20.0]


def test_what_belongs_to_an_amount_is_added(read: Read) -> None:
    line = read(ORDER | {"Goods": "0", "Corrections": "-5"}, form=SHOP)[0]
    assert (line["quantity"], money(line)) == (-1, -5.0)


def test_a_coupon_and_a_refund_count_up_to_what_the_goods_cost(read: Read) -> None:
    told = {("5", "3"): 12.0, ("5", ""): 15.0, ("", "30"): 0.0, ("25", "3"): 0.0, ("-5", ""): 15.0}
    lines = read(*(ORDER | {"Coupon": coupon, "Paid back": back} for coupon, back in told), form=SHOP)
    assert [money(line) for line in lines] == list(told.values())


def test_an_order_that_was_paid_back_is_worth_nothing(read: Read) -> None:
    assert money(read(ORDER | {"State": "back", "Paid back": "1"}, form=SHOP)[0]) == 0.0


def test_currencies_are_written_in_capitals_and_constants_hold_everywhere(read: Read) -> None:
    line = read(ORDER | {"Currency": "eur"}, form=SHOP)[0]
    assert (line["currency"], line["channel"]) == ("EUR", "web")


def test_a_key_that_names_nobody_is_a_guest(read: Read) -> None:
    lines = read(*(ORDER | {"Who": who} for who in ("0", "guest", "", "10")), form=SHOP)
    assert [line["customer_id"] for line in lines] == [None, None, None, "10"]


def test_a_clock_time_beside_its_day_is_joined_to_it(read: Read) -> None:
    clocks = {
        "9:05": "09:05:00",
        "14:05:06": "14:05:06",
        "2:05:06 PM": "14:05:06",
        "12:00 am": "00:00:00",
        "12:00 p.m.": "12:00:00",
        "": "00:00:00",
    }
    lines = read(*(ORDER | {"Clock": clock} for clock in clocks), form=SHOP)
    assert [str(line["ordered_at"]) for line in lines] == [f"2024-05-01 {time}" for time in clocks.values()]


def test_a_clock_time_that_is_none_makes_its_row_unreadable(read: Read) -> None:
    assert why(read(ORDER, ORDER | {"Clock": "noon"}, form=SHOP)) == [None, "ordered_at: '2024-05-01 noon'"]


def test_an_id_of_several_columns_is_all_of_them_or_none(read: Read) -> None:
    form = replace(SHOP, columns={**SHOP.columns, "order_id": []}, combine={"order_id": ["Who", "When"]})
    lines = read(ORDER, ORDER | {"Who": ""}, form=form)
    assert [line["order_id"] for line in lines] == ["ann 2024-05-01", None]


# --- order-level fields


def test_what_stands_once_an_order_holds_for_all_its_lines(read: Read) -> None:
    second = SHOPIFY | {"Email": "", "Financial Status": "", "Created at": "", "Lineitem name": "Towel"}
    lines = read(SHOPIFY, second)
    assert [line["customer_id"] for line in lines] == ["ann@example.com"] * 2
    assert len({line["ordered_at"] for line in lines}) == 1


def test_an_order_s_coupon_is_spread_by_value(read: Read) -> None:
    second = SHOPIFY | {"Lineitem price": "30.00", "Discount Amount": ""}
    assert [line["discount"] for line in read(SHOPIFY | {"Discount Amount": "8.00"}, second)] == [2.0, 6.0]


def test_an_order_s_amount_that_is_no_number_makes_its_lines_unreadable(read: Read) -> None:
    other = SHOPIFY | {"Name": "#2"}
    assert why(read(SHOPIFY | {"Refunded Amount": "all of it"}, other)) == ["refunded: 'all of it'", None]


# --- items side by side


def item(name: str, **told: str) -> str:
    return "|".join([f"name:{name}", *(f"{fact}:{value}" for fact, value in told.items())])


ITEM_ORDERS: dict[str, Row] = {
    "amounts": {
        "order_item_1": item("A", quantity="2", total="15"),
        "order_item_2": item("B", quantity="1", total="5"),
    },
    "pieces": {"order_item_1": item("A", quantity="3"), "order_item_2": item("B", quantity="1")},
    "one amount": {"order_item_1": item("A", quantity="3", total="1"), "order_item_2": item("B", quantity="1")},
    "names": {"order_item_1": item("A"), "order_item_3": item("C")},
    "gap": {"order_item_2": item("B", quantity="1")},
    "nothing told": {},
    "no number": {"order_item_1": item("A", quantity="two"), "order_item_2": item("B", quantity="1")},
    "paid back": {"order_item_1": item("A", total="15"), "order_item_2": item("B", total="5"), "refunded_total": "4"},
}


@pytest.fixture(scope="module")
def item_lines(connection: Backend) -> dict[str, list[dict[str, Any]]]:
    """Read orders with items once, and give the lines of each in the order of the items' names."""
    rows = [{"refunded_total": ""} | WOOCOMMERCE | items | {"order_id": name} for name, items in ITEM_ORDERS.items()]
    source = recognise(part_of(connection, rows), table=ORDERS, column_map={})
    lines = canonical(plain_of(connection, source), source).order_by("product_name").to_pyarrow().to_pylist()
    return {name: [line for line in lines if line["order_id"] == name] for name in ITEM_ORDERS}


ItemLines = Mapping[str, list[dict[str, Any]]]


def test_items_become_lines_in_proportion_to_what_each_cost(item_lines: ItemLines) -> None:
    lines = item_lines["amounts"]
    assert [(line["product_name"], line["quantity"], money(line)) for line in lines] == [("A", 2, 7.5), ("B", 1, 2.5)]


def test_items_without_amounts_share_by_pieces(item_lines: ItemLines) -> None:
    assert [money(line) for line in item_lines["pieces"]] == [7.5, 2.5]


def test_items_of_which_one_has_no_amount_share_by_pieces(item_lines: ItemLines) -> None:
    assert [money(line) for line in item_lines["one amount"]] == [7.5, 2.5]


def test_items_that_tell_names_only_share_in_equal_parts(item_lines: ItemLines) -> None:
    assert [(line["product_name"], money(line)) for line in item_lines["names"]] == [("A", 5.0), ("C", 5.0)]


def test_a_gap_between_items_is_no_line(item_lines: ItemLines) -> None:
    assert [line["product_name"] for line in item_lines["gap"]] == ["B"]


def test_an_order_without_items_is_one_line(item_lines: ItemLines) -> None:
    lines = item_lines["nothing told"]
    assert [(line["quantity"], line["unit_price"], line["product_name"]) for line in lines] == [(1, 10.0, None)]


def test_pieces_of_an_item_that_are_no_number_make_its_line_unreadable(item_lines: ItemLines) -> None:
    assert why(item_lines["no number"]) == ["quantity: 'two'", None]


def test_an_order_with_items_that_was_paid_back_in_part_is_spread(item_lines: ItemLines) -> None:
    assert [line["refunded"] for line in item_lines["paid back"]] == [3.0, 1.0]


cents = st.integers(0, 99_999).map(lambda amount: f"{amount / 100:.2f}")
some_items = st.lists(st.tuples(st.integers(1, 9), cents), max_size=3)


@settings(max_examples=4)  # each stores a table; an example holds up to forty orders
@given(orders=st.lists(st.tuples(cents, some_items), min_size=1, max_size=40))
def test_no_cent_is_lost_between_an_order_and_its_items(
    connection: Backend, orders: list[tuple[str, list[tuple[int, str]]]]
) -> None:
    rows = [
        WOOCOMMERCE
        | {"order_id": f"{number}", "order_total": amount}
        | {
            f"order_item_{place}": item("A", quantity=f"{pieces}", total=total)
            for place, (pieces, total) in enumerate(items, start=1)
        }
        for number, (amount, items) in enumerate(orders)
    ]
    source = recognise(part_of(connection, rows), table=ORDERS, column_map={})
    lines = canonical(plain_of(connection, source), source).to_pyarrow().to_pylist()
    per_order = dict.fromkeys(range(1, len(rows) + 1), 0.0)
    for line in lines:
        per_order[line["source_row"]] += money(line)
    assert {row: round(amount, 4) for row, amount in per_order.items()} == {
        row: float(amount) for row, (amount, _) in enumerate(orders, start=1)
    }
    assert len(lines) == sum(max(1, len(items)) for _, items in orders)


# --- who bought


def known(connection: Backend, rows: Sequence[Row], column_map: Mapping[str, str] = {}) -> None:
    """Require that rows tell who bought."""
    source = recognise(part_of(connection, rows), table=ORDERS, column_map=column_map)
    require_known_customers([(source, plain_of(connection, source))])


def test_a_hidden_key_names_nobody(read: Read) -> None:
    lines = read(*(LINE | {"customer_id": hidden} for hidden in ("186******05", "t**1", "##4Hd8##", "t*1")))
    assert [line["customer_id"] for line in lines] == [None, None, None, "t*1"]


def test_a_file_that_hides_most_customers_is_refused_with_what_to_do(connection: Backend) -> None:
    message = (
        r"in 67% of the rows of 'june\.csv' that name a customer, '买家手机号' is partly hidden, .*"
        "Export again with 买家手机号 in full"
    )
    with pytest.raises(DataProblem, match=message):
        known(connection, [YOUZAN, *[YOUZAN | {"买家手机号": "186******05"}] * 2])


def test_half_of_the_customers_hidden_is_not_most(connection: Backend) -> None:
    known(connection, [YOUZAN, YOUZAN | {"买家手机号": "186******05"}])


def test_a_shop_with_mostly_guests_is_a_shop(connection: Backend) -> None:
    known(connection, [LINE, *[LINE | {"customer_id": ""}] * 9])


def test_a_file_that_names_nobody_at_all_is_refused(connection: Backend) -> None:
    message = r"none of 2 rows of 'june\.csv' has a value in 'Email'\. Export the orders again as someone who may see"
    with pytest.raises(DataProblem, match=message):
        known(connection, [SHOPIFY | {"Email": ""}] * 2)


def test_the_refusal_repeats_no_key(connection: Backend) -> None:
    with pytest.raises(DataProblem) as refused:
        known(connection, [YOUZAN | {"买家手机号": "177****1234"}])
    assert "1234" not in str(refused.value)


# --- what is what


def test_a_price_in_the_column_map_wins_over_a_platform_s_amount(read: Read) -> None:
    line = read(WOOCOMMERCE | {"Price": "7"}, column_map={"unit_price": "Price", "quantity": "customer_user"})[0]
    assert (line["quantity"], line["unit_price"]) == (5, 7.0)


def test_an_amount_in_the_column_map_wins_over_a_platform_s_price(read: Read) -> None:
    line = read(SHOPIFY | {"Lineitem quantity": "4", "Sum": "20"}, column_map={"line_total": "Sum"})[0]
    assert (line["quantity"], line["unit_price"]) == (4, 5.0)


def test_a_refused_export_is_read_when_the_map_names_the_customer(read: Read) -> None:
    order = {"Order #": "1", "Customer type": "new", "Date": "2024-05-01", "Status": "completed", "Net Sales": "20"}
    line = read(order | {"Loyalty card": "C7"}, column_map={"customer_id": "Loyalty card"})[0]
    assert (line["customer_id"], money(line)) == ("C7", 20.0)


def test_the_column_map_need_not_repeat_case_and_spaces(read: Read) -> None:
    assert read(LINE | {" Land ": "DE"}, column_map={"country": "land"})[0]["country"] == "DE"


def test_a_column_map_to_a_column_that_is_not_there_is_refused(read: Read) -> None:
    with pytest.raises(DataProblem, match=r"`column_map` names 'Land', which 'june\.csv' does not have"):
        read(LINE, column_map={"country": "Land"})


def test_a_column_map_of_something_unknown_is_refused(read: Read) -> None:
    with pytest.raises(DataProblem, match=r"it names 'line_totals'\. Did you mean 'line_total'\?"):
        read(LINE, column_map={"line_totals": "unit_price"})


def test_a_file_of_another_table_is_told_where_it_belongs(read: Read) -> None:
    with pytest.raises(DataProblem, match="Is it Shopify orders\\? Then give it as `orders`"):
        read(SHOPIFY, table="feedback")


def test_an_unknown_file_is_guessed(connection: Backend) -> None:
    rows = [
        {
            "Auftrag": f"{n}",
            "Kundennummer": f"K{n % 3}",
            "Bestelldatum": "2024-05-01",
            "Menge": "2",
            "Einzelpreis": "1.5",
        }
        for n in range(9)
    ]
    source = recognise(part_of(connection, rows), table=ORDERS, column_map={})
    assert (source.format.name, source.mapping["customer_id"]) == ("Guessed columns", ["Kundennummer"])
    assert source.guess is not None


def test_a_known_file_is_not_guessed(connection: Backend) -> None:
    assert recognise(part_of(connection, [SHOPIFY]), table=ORDERS, column_map={}).guess is None


def test_only_columns_that_are_used_are_read(connection: Backend) -> None:
    source = recognise(part_of(connection, [LINE | {"Notes": "-", "Weight": "1"}]), table=ORDERS, column_map={})
    assert used_columns(source) == list(LINE)
