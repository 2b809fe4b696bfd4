"""Who is who: every customer under one id in all tables, joined by id, e-mail address or telephone number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis import _

from segmentation.cleaning.marks import stored
from segmentation.identities.keys import calling_code, email_key, own_key, phone_key, without_kind
from segmentation.identities.people import KINDS, NOBODY, People, find_people
from segmentation.problems import DataProblem, some
from segmentation.values import is_masked

Guests = Literal["quarantine", "email"]
CONTACTS = ("email", "phone")
KEYS = {"own": "own", "email": "email_key", "phone": "phone_key"}  # columns of sightings
PERSONAL = ("customer_id", *CONTACTS)
KNOWN_AS, IS_TOLD = "__known_as", "__is_told"
WORDS = {"customer_id": "ids", "email": "e-mail addresses", "phone": "telephone numbers"}


class Sightings(NamedTuple):
    """What stands together in rows: the values as written with their keys, and each key with its number.

    Attributes
    ----------
    values : one row a combination in a table: table, customer_id, email, phone, rows (how many), findable (whether who
        has no id may be found by the others), own, email_key, phone_key
    keys : one row a key: key, number, from 0 in sort order
    """

    values: ir.Table
    keys: ir.Table


@dataclass(frozen=True)
class Identities:
    """Who is who in a shop's tables.

    Attributes
    ----------
    keys : one row a value that names a customer otherwise than by the id that all tables are to use; none without any
        table : where it does, "all" for every table; kind : "customer_id", "email" or "phone"
        value : as the tables have it; known_as : the id to use, null for a masked one
    account : one row a count: table ("all" for all together), what, count
    """

    keys: ir.Table | None
    account: pd.DataFrame


def resolve(
    orders: ir.Table,
    customers: ir.Table | None,
    others: Mapping[str, ir.Table],
    *,
    guests: Guests,
    phone_country: str,
) -> Identities:
    """Find out which ids, e-mail addresses and telephone numbers are one customer.

    What stands in one row of the orders or customers is one person's, unless it is masked or shared; see `people`. A
    person is called by the id that most order lines use, then by the first in sort order.

    Parameters
    ----------
    orders, customers : canonical, as read; rows in any order
    others : events, feedback, contacts, whichever there are, by name; they have no more than customer ids
    guests : "email" makes who orders without an id one customer an e-mail address, which may be a known one's;
        a telephone number finds known ones only; "quarantine" leaves orders without an id as they are
    phone_country : calling code of telephone numbers that do not tell theirs, such as "49"; "" when there is none

    Raises
    ------
    DataProblem
        A parameter is not one of the words allowed, or no calling code.
    """
    if guests not in get_args(Guests):
        raise DataProblem(f"`guests` must be {' or '.join(get_args(Guests))}; got {some([guests])}.")
    country = calling_code(phone_country)
    tables = {"orders": orders} | ({} if customers is None else {"customers": customers}) | dict(others)
    seen = sightings(tables, guests=guests, country=country)
    numbers, keys = numbered(seen)
    people = find_people(numbers, kinds=keys["kind"].to_numpy())
    parts = [merged(people), *masked(seen.values, list(tables)), guest_lines(numbers, people)]
    parts += [found(numbers, people, table=name) for name in tables]
    return Identities(known_as(seen, numbers, keys, people), pd.concat(parts, ignore_index=True))


def apply(table: ir.Table, identities: Identities) -> ir.Table:
    """Give every row the customer id of its person; nothing else changes, and a second time nothing at all.

    Parameters
    ----------
    table : canonical, one that `resolve` saw
    identities : see `resolve`

    Returns
    -------
    The same rows and columns; `customer_id` is null for nobody known, and for a masked id
    """
    if identities.keys is None:
        return table
    rows = with_name(table, identities.keys, kind="customer_id")
    rows = rows.mutate(customer_id=ibis.ifelse(rows[IS_TOLD], rows[KNOWN_AS], rows.customer_id)).drop(IS_TOLD, KNOWN_AS)
    for kind in [kind for kind in CONTACTS if kind in table.columns]:
        rows = with_name(rows, identities.keys, kind=kind)
        rows = rows.mutate(customer_id=ibis.coalesce(rows.customer_id, rows[KNOWN_AS])).drop(IS_TOLD, KNOWN_AS)
    return rows.select(*table.columns)


def account_in_short(identities: Identities) -> pd.DataFrame:
    """Give the account without the counts that are 0, for reading."""
    return identities.account[identities.account["count"] > 0].reset_index(drop=True)


def apply_to_all(tables: Mapping[str, ir.Table], identities: Identities) -> dict[str, ir.Table]:
    """Give every row of every table the customer id of its person, computed once; see `apply`."""
    if identities.keys is None:
        return dict(tables)
    return {name: stored(apply(table, identities)) for name, table in tables.items()}


def with_name(rows: ir.Table, keys: ir.Table, *, kind: str) -> ir.Table:
    """Express for each row the customer whom its value of a kind names, and whether it names any."""
    table = "orders" if "order_id" in rows.columns else "customers"
    told = keys.filter((keys.kind == kind) & keys.table.isin(["all", table]))
    told = told.select(**{kind: told.value, KNOWN_AS: told.known_as, IS_TOLD: ibis.literal(True)})
    joined = rows.left_join(told, kind)
    flag = ibis.coalesce(joined[IS_TOLD], False).name(IS_TOLD)
    return joined.select(*(joined[name] for name in rows.columns), joined[KNOWN_AS], flag)


def sightings(tables: Mapping[str, ir.Table], *, guests: Guests, country: str) -> Sightings:
    """Collect and store what stands together in the rows of all tables; each combination once."""
    backend = tables["orders"].get_backend()
    together = ibis.union(*(combinations(table, name=name, guests=guests) for name, table in tables.items()))
    values = together.mutate(
        own=own_key(together.customer_id, country=country),
        email_key=email_key(together.email),
        phone_key=phone_key(together.phone, country=country),
    )
    values = backend.create_table(ibis.util.gen_name("sightings"), values, temp=True)
    keys = ibis.union(*(values.select(key=values[name]) for name in ("own", "email_key", "phone_key")), distinct=True)
    keys = keys.filter(keys.key.notnull())
    keys = keys.mutate(number=ibis.row_number().over(order_by=keys.key))
    return Sightings(values, backend.create_table(ibis.util.gen_name("keys"), keys, temp=True))


def combinations(table: ir.Table, *, name: str, guests: Guests) -> ir.Table:
    """Express the combinations of id, e-mail address and telephone number in a table, and how many rows have each."""
    has = name in ("orders", "customers")
    contacts = {column: table[column] if has else ibis.null("string") for column in CONTACTS}
    values = table.select(customer_id=table.customer_id, **contacts)
    counted = values.group_by(list(PERSONAL)).aggregate(rows=values.count())
    findable = name == "customers" or (name == "orders" and guests == "email")
    return counted.mutate(table=ibis.literal(name), findable=ibis.literal(findable))


def numbered(seen: Sightings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Look up the numbers of the keys that stand together, so that nothing personal is needed from here on.

    Returns
    -------
    DataFrame, one row a combination: table, own, email, phone (-1 for none), rows, findable
    DataFrame, one row a key, indexed by its number: hash, kind (its place in `people.KINDS`)
    """
    kind = ibis.cases(*((seen.keys.key.startswith(f"{word}:"), code) for code, word in enumerate(KINDS)), else_=NOBODY)
    keys = seen.keys.select("number", hash=seen.keys.key.hash(), kind=kind.cast("int8")).to_pyarrow().to_pandas()
    by_hash = pd.Series(keys["number"].to_numpy(), index=keys["hash"])
    hashes = {name: seen.values[key].hash() for name, key in KEYS.items()}
    numbers = seen.values.select("table", "rows", "findable", **hashes).to_pyarrow().to_pandas()
    for name in KEYS:
        numbers[name] = numbers[name].map(by_hash).fillna(NOBODY).astype("int64")
    return numbers.astype({"table": "category"}), keys.set_index("number").sort_index()


def known_as(seen: Sightings, numbers: pd.DataFrame, keys: pd.DataFrame, people: People) -> ir.Table | None:
    """Store which values name a customer otherwise than by the id that all tables are to use; none when none does."""
    backend = seen.keys.get_backend()
    nameless = numbers[(numbers["own"] == NOBODY) & numbers["findable"]]
    asked = pd.concat([nameless["email"], nameless["phone"]]).unique()
    told = np.union1d(np.flatnonzero(people.label != keys.index), asked[asked != NOBODY])
    columns = {"hash": keys["hash"].to_numpy()[told], "number": people.label[told], "usable": people.usable[told]}
    labels = ibis.util.gen_name("labels")
    backend.con.from_arrow(pa.table(columns)).create(labels)
    named = backend.table(labels).inner_join(seen.keys, "number").select("hash", "usable", known_as=without_kind(_.key))
    known = ibis.union(other_ids(seen.values, named), *(contacts(seen.values, named, kind) for kind in CONTACTS))
    known = backend.create_table(ibis.util.gen_name("known_as"), known, temp=True)
    return known if known.count().execute() else None


def other_ids(values: ir.Table, named: ir.Table) -> ir.Table:
    """Express the customer ids that are to be replaced, by null where masked."""
    ids = values.filter(values.customer_id.notnull()).select("customer_id", "own", hash=values.own.hash()).distinct()
    ids = ids.left_join(named, "hash")
    ids = ids.select(
        table=ibis.literal("all"),
        kind=ibis.literal("customer_id"),
        value=ids.customer_id,
        known_as=ibis.coalesce(ids.known_as, without_kind(ids.own)),
    )
    return ids.filter(~ids.value.identical_to(ids.known_as))


def contacts(values: ir.Table, named: ir.Table, kind: str) -> ir.Table:
    """Express the e-mail addresses or telephone numbers that tell who someone without an id is."""
    without = values.filter(values.own.isnull() & values.findable).select("table", kind, hash=values[KEYS[kind]].hash())
    usable = without.distinct().inner_join(named.filter(named.usable), "hash")
    return usable.select("table", kind=ibis.literal(kind), value=usable[kind], known_as=usable.known_as)


def counts(table: str, told: Mapping[str, int]) -> pd.DataFrame:
    """Set counts out as rows of the account."""
    return pd.DataFrame({"table": table, "what": list(told), "count": pd.Series(list(told.values()), dtype="int64")})


def merged(people: People) -> pd.DataFrame:
    """Count what was merged, and what was not used because several people have it."""
    return counts("all", people.told)


def masked(values: ir.Table, tables: Sequence[str]) -> list[pd.DataFrame]:
    """Count the rows of each table whose id, e-mail address or telephone number is masked, where any is."""
    hidden = {name: (is_masked(values[name]).cast("int64") * values.rows).sum() for name in PERSONAL}
    told = values.group_by("table").aggregate(**hidden).execute().set_index("table").fillna(0)
    words = {name: f"rows with masked {word}, not used" for name, word in WORDS.items()}
    return [
        counts(table, {words[name]: count for name, count in told.loc[table].items() if count})
        for table in tables
        if table in told.index
    ]


def guest_lines(numbers: pd.DataFrame, people: People) -> pd.DataFrame:
    """Count the order lines without an id by who was found to have ordered."""
    is_guest = ((numbers["table"] == "orders") & (numbers["own"] == NOBODY)).to_numpy()
    person, rows = people.person[is_guest], numbers.loc[is_guest, "rows"]
    known = pd.Series(person).isin(people.label[numbers.loc[numbers["own"] != NOBODY, "own"]]).to_numpy()
    told = {
        "guests' lines that are a known customer's": rows[known].sum(),
        "guests' lines that are now a customer's": rows[~known & (person != NOBODY)].sum(),
        "guests' lines that stay nobody's": rows[person == NOBODY].sum(),
    }
    return counts("orders", told)


def found(numbers: pd.DataFrame, people: People, *, table: str) -> pd.DataFrame:
    """Count the customers of a table, and for any but the orders whether they are found there."""
    here, ordered = (set(people.person[numbers["table"] == name]) - {NOBODY} for name in (table, "orders"))
    if table == "orders":
        return counts(table, {"customers": len(here)})
    told = {"found": len(here & ordered), "not found": len(here - ordered)}
    return counts(table, {f"customers {word} in the orders": count for word, count in told.items()})
