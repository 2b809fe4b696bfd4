"""Who is who: keys in normal form, people joined by them, and what must never join two."""

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import canonical_schema, numbered, order_line, store, store_orders

from segmentation.identities import Identities, apply, resolve
from segmentation.identities.keys import calling_code, normal_email, normal_phone, own_key
from segmentation.identities.people import KINDS, NOBODY, find_people
from segmentation.problems import DataProblem
from segmentation.tables import CUSTOMERS, FEEDBACK

Rows = list[dict[str, Any]]
GUEST = {"customer_id": None}


def shop(connection: Backend, orders: Rows, customers: Rows = (), feedback: Rows = ()) -> dict[str, ir.Table]:
    """Store the tables of a shop; what is not told of an order is a clean mug's."""
    rows = {CUSTOMERS: customers, FEEDBACK: feedback}
    tables = {
        table.name: store(connection, pa.Table.from_pylist(numbered(told), schema=canonical_schema(table)))
        for table, told in rows.items()
        if told
    }
    return {"orders": store_orders(connection, [order_line(**row) for row in orders])} | tables


def resolved(tables: Mapping[str, ir.Table], *, guests: str = "email", phone_country: str = "49") -> Identities:
    """Find out who is who in a shop."""
    others = {name: table for name, table in tables.items() if name not in ("orders", "customers")}
    return resolve(tables["orders"], tables.get("customers"), others, guests=guests, phone_country=phone_country)


def unified(tables: Mapping[str, ir.Table], **told: str) -> dict[str, list[str | None]]:
    """List the customer of each row of each table, once who is who is known."""
    identities = resolved(tables, **told)
    return {name: customer_ids(apply(table, identities)) for name, table in tables.items()}


def customer_ids(table: ir.Table) -> list[str | None]:
    """List the customers in the order of the rows."""
    return table.order_by("source_row").to_pyarrow().column("customer_id").to_pylist()


def counted(identities: Identities, what: str) -> int:
    """Look up a count of the account."""
    account = identities.account
    return int(account.loc[account["what"] == what, "count"].sum())


def in_engine(connection: Backend, values: list[str], expression: Any) -> list[str | None]:
    """Express something of each value, in the engine."""
    table = store(connection, pa.table({"place": range(len(values)), "value": values}))
    return table.mutate(told=expression(table.value)).order_by("place").to_pyarrow().column("told").to_pylist()


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (" Ann@Example.COM ", "ann@example.com"),
        ("ann+shop@example.com", "ann+shop@example.com"),
        ("a.n.n@gmail.com", "a.n.n@gmail.com"),
        ("***@example.com", None),
        ("a*n@example.com", None),
        ("ann", None),
        ("ann@", None),
        ("ann@a@b", None),
        ("", None),
    ],
)
def test_an_email_is_trimmed_and_in_lower_case(connection: Backend, written: str, normal: str | None) -> None:
    assert in_engine(connection, [written], normal_email) == [normal]


@pytest.mark.parametrize(
    ("written", "country", "normal"),
    [
        ("+49 40 66969000", "49", "+494066969000"),
        ("0049 40 66969000", "49", "+494066969000"),
        ("040/669-690.00", "49", "+494066969000"),
        ("+49 (0)40 66969000", "49", "+494066969000"),
        ("4066969000", "49", "+494066969000"),
        ("494066969000", "49", "+494066969000"),
        ("040 66969000 ext. 12", "49", "+494066969000"),
        ("(212) 555-0187", "1", "+12125550187"),
        ("13912345678", "86", "+8613912345678"),
        ("06 6982 0000", "39", "+390669820000"),
        ("+33 6 12 34 56 78", "49", "+33612345678"),
        ("040 66969000", "", "04066969000"),
        ("186******05", "86", None),
        ("000000000", "49", None),
        ("+1111111111", "", None),
        ("12345", "", None),
        ("1234567890123456", "", None),
        ("call me", "49", None),
    ],
)
def test_a_telephone_number_has_one_form(connection: Backend, written: str, country: str, normal: str | None) -> None:
    assert in_engine(connection, [written], lambda value: normal_phone(value, country=country)) == [normal]


def test_a_customer_id_that_is_a_telephone_number_or_an_address_is_one(connection: Backend) -> None:
    values = ["00042", "Ann@example.com", "+49 40 66969000", "4940669690", "t**1"]
    keys = ["id:00042", "mail:ann@example.com", "phone:+494066969000", "id:4940669690", None]
    assert in_engine(connection, values, lambda value: own_key(value, country="49")) == keys


def test_a_country_is_its_calling_code() -> None:
    assert [calling_code(text) for text in ("", "49", "+49", "0049")] == ["", "49", "49", "49"]


@pytest.mark.parametrize("country", ["DE", "4949", "0", "４９"])
def test_what_is_no_calling_code_is_refused(country: str) -> None:
    with pytest.raises(DataProblem, match="`phone_country` must be the calling code"):
        calling_code(country)


def test_a_wrong_word_for_guests_is_refused(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="`guests` must be quarantine or email; got 'keep'"):
        resolved(shop(connection, [{}]), guests="keep")


def test_an_id_of_the_orders_and_one_of_the_customers_are_joined_by_email(connection: Backend) -> None:
    orders = [{"customer_id": "17", "email": "Ann@example.com"}]
    customers = [{"customer_id": "c-9", "email": "ann@example.com "}]
    feedback = [{"customer_id": "c-9"}, {"customer_id": "ANN@example.com"}, {"customer_id": "c-10"}]
    told = unified(shop(connection, orders, customers, feedback))
    assert told == {"orders": ["17"], "customers": ["17"], "feedback": ["17", "17", "c-10"]}


def test_orders_by_email_and_customers_by_number_are_joined(connection: Backend) -> None:
    orders = [{"customer_id": "ann@example.com"}, {"customer_id": "ben@example.com"}]
    customers = [{"customer_id": "5", "email": "ann@example.com"}, {"customer_id": "6", "email": "cai@example.com"}]
    told = unified(shop(connection, orders, customers))
    assert told == {"orders": ["ann@example.com", "ben@example.com"], "customers": ["ann@example.com", "6"]}


def test_the_id_that_most_order_lines_use_stays(connection: Backend) -> None:
    orders = [{"customer_id": name, "email": "ann@example.com"} for name in ("1", "2", "2", "3")]
    assert unified(shop(connection, orders))["orders"] == ["2", "2", "2", "2"]


def test_of_two_ids_used_alike_the_first_in_order_stays(connection: Backend) -> None:
    orders = [{"customer_id": name, "email": "ann@example.com"} for name in ("b", "a")]
    assert unified(shop(connection, orders))["orders"] == ["a", "a"]


def test_ids_of_two_tables_are_joined_by_telephone(connection: Backend) -> None:
    orders = [{"customer_id": "taobao-1", "phone": "040 66969000"}]
    customers = [{"customer_id": "c-9", "phone": "+49 40 66969000"}]
    assert unified(shop(connection, orders, customers))["customers"] == ["taobao-1"]


def test_a_shared_telephone_merges_nobody(connection: Backend) -> None:
    customers = [
        {"customer_id": "1", "email": "ann@example.com", "phone": "040 66969000"},
        {"customer_id": "2", "email": "ben@example.com", "phone": "040 66969000"},
    ]
    tables = shop(connection, [{"customer_id": "1"}, {"customer_id": "2"}], customers)
    identities = resolved(tables)
    assert identities.keys is None
    assert counted(identities, "telephone numbers that people share, not used") == 1


def test_a_shared_telephone_that_serves_as_id_merges_nobody(connection: Backend) -> None:
    phone = "+49 40 66969000"
    orders = [{"customer_id": phone, "email": f"{name}@example.com"} for name in ("ann", "ben")]
    customers = [{"customer_id": name, "email": f"{name}@example.com"} for name in ("ann", "ben")]
    assert unified(shop(connection, orders, customers))["customers"] == ["ann", "ben"]


def test_two_customers_of_one_table_with_one_telephone_stay_two(connection: Backend) -> None:
    customers = [{"customer_id": name, "phone": "040 66969000"} for name in ("1", "2")]
    assert unified(shop(connection, [{"customer_id": "9"}], customers))["customers"] == ["1", "2"]


def test_a_masked_telephone_merges_nobody(connection: Backend) -> None:
    orders = [{"customer_id": "a", "phone": "186******05"}]
    customers = [{"customer_id": "c-1", "phone": "186******05"}]
    tables = shop(connection, orders, customers)
    assert unified(tables) == {"orders": ["a"], "customers": ["c-1"]}
    assert counted(resolved(tables), "rows with masked telephone numbers, not used") == 2


def test_a_masked_id_names_nobody(connection: Backend) -> None:
    assert unified(shop(connection, [{"customer_id": "t**1"}, {"customer_id": "t1"}]))["orders"] == [None, "t1"]


def test_the_shops_own_address_merges_nobody(connection: Backend) -> None:
    orders = [{"customer_id": str(number), "email": "info@example.com"} for number in range(4)]
    tables = shop(connection, orders)
    assert unified(tables)["orders"] == ["0", "1", "2", "3"]
    assert counted(resolved(tables), "e-mail addresses of too many people, not used") == 1


def test_three_ids_of_one_address_are_one_customer(connection: Backend) -> None:
    orders = [{"customer_id": str(number), "email": "ann@example.com"} for number in range(3)]
    tables = shop(connection, orders)
    assert unified(tables)["orders"] == ["0", "0", "0"]
    assert counted(resolved(tables), "customers found to be another by e-mail") == 2


def test_one_number_for_all_guests_merges_nobody(connection: Backend) -> None:
    orders = [{"customer_id": "0", "email": f"{name}@example.com"} for name in "abcd"]
    customers = [{"customer_id": f"c-{name}", "email": f"{name}@example.com"} for name in "abcd"]
    tables = shop(connection, orders, customers)
    assert unified(tables)["customers"] == ["c-a", "c-b", "c-c", "c-d"]
    assert counted(resolved(tables), "ids with too many e-mail addresses, not joined") == 1


def test_a_guest_becomes_the_customer_of_the_address(connection: Backend) -> None:
    orders = [GUEST | {"email": "ANN@example.com"}, GUEST | {"email": "new@example.com"}, GUEST]
    tables = shop(connection, orders, [{"customer_id": "5", "email": "ann@example.com"}])
    identities = resolved(tables, guests="email")
    assert customer_ids(apply(tables["orders"], identities)) == ["5", "new@example.com", None]
    lines = identities.account.set_index("what")["count"].filter(like="guests' lines")
    assert lines.tolist() == [1, 1, 1]


def test_a_guest_stays_nobody_when_guests_are_quarantined(connection: Backend) -> None:
    tables = shop(connection, [GUEST | {"email": "ann@example.com"}], [{"email": "ann@example.com"}])
    assert unified(tables, guests="quarantine") == {"orders": [None], "customers": ["ann@example.com"]}


def test_a_telephone_finds_a_known_customer_and_makes_no_new_one(connection: Backend) -> None:
    orders = [GUEST | {"phone": "040 66969000"}, GUEST | {"phone": "040 1234567"}]
    tables = shop(connection, orders, [{"customer_id": "5", "phone": "+49 40 66969000"}])
    assert unified(tables)["orders"] == ["5", None]


def test_a_guest_is_nobody_by_the_shops_own_address(connection: Backend) -> None:
    known = [{"customer_id": str(number), "email": "info@example.com"} for number in range(4)]
    assert unified(shop(connection, [*known, GUEST | {"email": "info@example.com"}]))["orders"][4] is None


def test_the_account_tells_who_is_found_in_the_orders(connection: Backend) -> None:
    tables = shop(connection, [{"customer_id": "1"}], [{"customer_id": "1"}, {"customer_id": "2"}])
    account = resolved(tables).account
    told = account[account["table"] == "customers"].set_index("what")["count"].to_dict()
    assert told == {"customers found in the orders": 1, "customers not found in the orders": 1}


def test_a_shop_with_one_id_has_nothing_to_replace(connection: Backend) -> None:
    tables = shop(connection, [{"customer_id": "1"}, {"customer_id": "ann@example.com"}, GUEST])
    assert resolved(tables).keys is None


def test_nothing_but_the_customer_changes(connection: Backend) -> None:
    orders = [{"customer_id": name, "email": "ann@example.com"} for name in ("1", "2")] + [GUEST]
    tables = shop(connection, orders)
    after = apply(tables["orders"], resolved(tables))
    assert after.schema() == tables["orders"].schema()
    assert (
        after.drop("customer_id").order_by("source_row").to_pyarrow()
        == tables["orders"].drop("customer_id").order_by("source_row").to_pyarrow()
    )


def test_a_second_time_changes_nothing(connection: Backend) -> None:
    orders = [{"customer_id": str(n), "email": e} for n, e in enumerate(["a@x.org", "a@x.org", "b@x.org", "b@x.org"])]
    orders += [{"customer_id": "1", "email": "b@x.org"}, GUEST | {"email": "b@x.org"}, GUEST | {"email": "c@x.org"}]
    tables = shop(connection, orders, [{"customer_id": "c-1", "email": "a@x.org", "phone": "040 66969000"}])
    identities = resolved(tables)
    once = {name: apply(table, identities) for name, table in tables.items()}
    again = resolved(once)
    assert [customer_ids(apply(table, identities)) for table in once.values()] == [*map(customer_ids, once.values())]
    assert [customer_ids(apply(table, again)) for table in once.values()] == [*map(customer_ids, once.values())]


def test_the_account_holds_no_personal_value(connection: Backend) -> None:
    orders = [{"customer_id": "1", "email": "ann@example.com", "phone": "+49 40 66969000"}]
    text = resolved(shop(connection, orders)).account.to_csv()
    assert not any(value in text for value in ("ann", "66969000", "@"))


# People as a graph of numbered keys: 4 ids, 4 addresses, 3 telephone numbers.
GRAPH = np.repeat([0, 1, 2], [4, 4, 3])
own_keys = st.one_of(st.integers(0, 3), st.integers(0, 10), st.just(NOBODY))


@st.composite
def many_sightings(draw: st.DrawFn) -> pd.DataFrame:
    """Draw what stands together in rows of orders and customers."""
    row = st.fixed_dictionaries(
        {
            "table": st.sampled_from(["orders", "customers"]),
            "own": own_keys,
            "email": st.one_of(st.just(NOBODY), st.integers(4, 7)),
            "phone": st.one_of(st.just(NOBODY), st.integers(8, 10)),
            "rows": st.integers(1, 3),
        }
    )
    return pd.DataFrame(draw(st.lists(row, min_size=1, max_size=14))).assign(findable=True)


def groups(label: np.ndarray) -> set[frozenset[int]]:
    """List which keys are one person, whatever the person is called."""
    return {frozenset(np.flatnonzero(label == name).tolist()) for name in set(label.tolist())}


@settings(max_examples=10)
@given(many_sightings())
def test_a_second_look_finds_nothing(sightings: pd.DataFrame) -> None:
    people = find_people(sightings, kinds=GRAPH)
    again = find_people(sightings.assign(own=people.person), kinds=GRAPH)
    assert again.person.tolist() == people.person.tolist()


@settings(max_examples=10)
@given(many_sightings(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(sightings: pd.DataFrame, random: Any) -> None:
    shuffled = random.sample(range(len(sightings)), len(sightings))
    told = find_people(sightings.iloc[shuffled].reset_index(drop=True), kinds=GRAPH)
    assert told.label.tolist() == find_people(sightings, kinds=GRAPH).label.tolist()


@settings(max_examples=10)
@given(many_sightings(), st.permutations(range(4)))
def test_other_ids_change_labels_only(sightings: pd.DataFrame, others: list[int]) -> None:
    renamed = np.r_[others, np.arange(4, 11)]
    own = sightings["own"].map(lambda key: key if key == NOBODY else renamed[key])
    told = find_people(sightings.assign(own=own), kinds=GRAPH)
    before = groups(find_people(sightings, kinds=GRAPH).label)
    assert groups(told.label) == {frozenset(int(renamed[key]) for key in group) for group in before}


@settings(max_examples=10)
@given(many_sightings())
def test_telephones_never_join_two_addresses(sightings: pd.DataFrame) -> None:
    label = find_people(sightings, kinds=GRAPH).label
    is_phone = sightings["own"] >= 8
    without = sightings.assign(phone=NOBODY, own=sightings["own"].mask(is_phone, NOBODY))
    by_email = find_people(without, kinds=GRAPH).label
    for group in groups(label):
        addresses = [key for key in group if GRAPH[key] == KINDS.index("mail")]
        assert len({by_email[key] for key in addresses}) <= 1


def test_a_household_joined_by_way_of_a_third_stays_apart() -> None:
    columns = ["table", "own", "email", "phone", "rows", "findable"]
    rows = [
        ["orders", 0, NOBODY, 8, 1, True],  # one customer with two numbers
        ["orders", 0, NOBODY, 9, 1, True],
        ["customers", NOBODY, 4, 8, 1, True],  # an address at each of them
        ["customers", NOBODY, 5, 9, 1, True],
    ]
    assert len(groups(find_people(pd.DataFrame(rows, columns=columns), kinds=GRAPH).label)) == 11
