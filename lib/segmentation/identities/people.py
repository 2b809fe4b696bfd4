"""Which keys are one person: a graph of the keys that stand in one row, by number; no values are seen here.

A platform's ids are joined by the e-mail addresses that stand with them. An address that more than three people have
is a shop's or a filler and joins nobody, and neither does an id with more than three addresses, such as one number for
all guests. A telephone number joins only what fits together: people of whom no two have an e-mail address and no two
are customers of one table. So a number that a household shares joins nobody.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NOBODY = -1
MOST_PEOPLE = 3  # who may have one e-mail address; and addresses that one customer may have
MOST_LOOKS = 20  # two or three are usual
KINDS = ("id", "mail", "phone")
TRAITS = ["mail", "orders", "customers"]

Numbers = np.ndarray


class Round(NamedTuple):
    """One look at the sightings: the person of each key, what was merged and what was not used.

    Attributes
    ----------
    label : for each key the key that its person is called by
    shared_emails : addresses that too many people have
    phones, shared_phones : numbers that tell who someone is, and those that could be two people's
    collective : ids that have too many addresses
    by_email, by_phone : customers who were found to be another one
    """

    label: Numbers
    shared_emails: Numbers
    phones: Numbers
    shared_phones: Numbers
    collective: Numbers
    by_email: int
    by_phone: int


@dataclass(frozen=True)
class People:
    """Who is who, in the end.

    Attributes
    ----------
    label : for each key the key that its person is called by
    usable : for each key whether it tells who someone without an id is
    person : for each sighting the label of who acted, -1 for nobody known
    told : what was merged and what was not used, and how many
    """

    label: Numbers
    usable: Numbers
    person: Numbers
    told: dict[str, int]


def find_people(sightings: pd.DataFrame, *, kinds: Numbers) -> People:
    """Find which keys are one person, and look again until nothing changes.

    So a second look at tables in which everyone has one id already finds nothing to change.

    Parameters
    ----------
    sightings : one row a combination of keys that stand together in rows of a table
        table : "orders", "customers" or another; own, email, phone : keys, -1 for none
        rows : how many; findable : whether who has no own key may be found by the others
    kinds : for each key 0 for an id, 1 for an e-mail address, 2 for a telephone number
        Keys are numbered from 0 in the order in which they are preferred as a person's name.

    Examples
    --------
    >>> columns = ["table", "own", "email", "phone", "rows", "findable"]
    >>> seen = pd.DataFrame([["orders", 0, 2, -1, 9, True], ["orders", 1, 2, -1, 1, True]], columns=columns)
    >>> find_people(seen, kinds=np.array([0, 0, 1])).label.tolist()
    [0, 0, 0]
    """
    label, seen, rounds = np.arange(len(kinds)), sightings, []
    while True:
        rounds.append(one_round(seen[seen["findable"] | (seen["own"] >= 0)], kinds))
        label = rounds[-1].label[label]
        usable = usable_keys(rounds[-1], kinds)
        person = persons(sightings, label, usable)
        if (person == seen["own"]).all() or len(rounds) == MOST_LOOKS:
            return People(label, usable, person, told(rounds))
        seen = sightings.assign(own=person)


def one_round(seen: pd.DataFrame, kinds: Numbers) -> Round:
    """Join keys through e-mail addresses, then people through telephone numbers."""
    plain = by_phone_alone(seen, kinds)
    links, shared_emails, collective = email_links(plain)
    joined = components(links, len(kinds))
    phone_pairs, shared_phones = phone_links(plain, joined, kinds)
    person = components(np.vstack([np.column_stack([np.arange(len(kinds)), joined]), phone_pairs]), len(kinds))
    own = distinct(seen["own"])
    people = [len(own), len(np.unique(joined[own])), len(np.unique(person[own]))]
    phones = np.unique(phone_pairs[:, 1])
    by_email, by_phone = people[0] - people[1], people[1] - people[2]
    return Round(names(seen, person), shared_emails, phones, shared_phones, collective, by_email, by_phone)


def by_phone_alone(seen: pd.DataFrame, kinds: Numbers) -> pd.DataFrame:
    """Take a customer id that is a telephone number for one, so that it joins no more than a number may."""
    is_phone = (seen["own"] >= 0) & (kinds[seen["own"]] == KINDS.index("phone"))
    return seen.assign(phone=seen["phone"].mask(is_phone, seen["own"]), own=seen["own"].mask(is_phone, NOBODY))


def email_links(seen: pd.DataFrame) -> tuple[Numbers, Numbers, Numbers]:
    """List who has which e-mail address, apart from addresses and ids that have too many of the other.

    Returns
    -------
    links : array of (own key, address); shared addresses; collective ids
    """
    pairs = seen[(seen["own"] >= 0) & (seen["email"] >= 0) & (seen["own"] != seen["email"])]
    pairs = pairs[["table", "own", "email"]].drop_duplicates()
    people = pairs.groupby(["email", "table"])["own"].size().groupby(level="email").max()
    addresses = pairs[["own", "email"]].drop_duplicates().groupby("own")["email"].size()
    shared = people.index[people > MOST_PEOPLE].to_numpy()
    collective = addresses.index[addresses > MOST_PEOPLE].to_numpy()
    kept = pairs[~pairs["email"].isin(shared) & ~pairs["own"].isin(collective)]
    return kept[["own", "email"]].to_numpy(), shared, collective


def phone_links(seen: pd.DataFrame, joined: Numbers, kinds: Numbers) -> tuple[Numbers, Numbers]:
    """List which person has which telephone number, apart from numbers that could be two people's.

    Parameters
    ----------
    joined : for each key its person so far

    Returns
    -------
    links : array of (person, number); shared numbers, also those that join two people only by way of a third
    """
    someone = np.where(seen["own"] >= 0, seen["own"], seen["email"])
    stood = pd.DataFrame({"phone": seen["phone"], "person": someone})[(seen["phone"] >= 0) & (someone >= 0)]
    stood = stood.assign(person=joined[stood["person"]]).drop_duplicates()
    stood = stood.join(traits(seen, joined, kinds), on="person").fillna(0)
    free = stood[~stood["phone"].isin(clashing(stood, "phone"))]
    both = np.column_stack([free["person"], free["phone"] + len(kinds)])
    free = free.assign(group=components(both, 2 * len(kinds))[free["person"]])
    kept = free[~free["group"].isin(clashing(free.drop_duplicates("person"), "group"))]
    return kept[["person", "phone"]].to_numpy(), np.setdiff1d(stood["phone"], kept["phone"])


def traits(seen: pd.DataFrame, joined: Numbers, kinds: Numbers) -> pd.DataFrame:
    """Tell what only one of two people who are the same can have: an address, a customer number of the same table.

    Orders and customers in which any id is the same number their customers alike.

    Returns
    -------
    DataFrame of 0 and 1 indexed by person: mail, orders, customers
    """
    owner = seen[seen["own"] >= 0]
    in_orders, in_customers = (owner.loc[owner["table"] == table, "own"] for table in ("orders", "customers"))
    if np.isin(in_orders, in_customers).any():
        in_orders = in_customers = np.concatenate([in_orders, in_customers])
    mailed = seen[seen["email"] >= 0]
    mail = joined[np.concatenate([mailed["own"].where(mailed["own"] >= 0, mailed["email"]), owner["own"]])]
    is_mail = np.concatenate([np.ones(len(mailed), bool), kinds[owner["own"]] == KINDS.index("mail")])
    has = dict(zip(TRAITS, (mail[is_mail], joined[in_orders], joined[in_customers]), strict=True))
    everyone = np.unique(np.concatenate(list(has.values())))
    return pd.DataFrame({name: np.isin(everyone, who).astype("int64") for name, who in has.items()}, index=everyone)


def clashing(stood: pd.DataFrame, by: str) -> Numbers:
    """List the groups in which two people have the same trait; one row is one person in a group."""
    twice = stood.groupby(by)[TRAITS].sum().gt(1).any(axis=1)
    return twice.index[twice].to_numpy()


def components(links: Numbers, size: int) -> Numbers:
    """Number the connected parts of a graph; for each of its nodes the smallest node of its part."""
    ends = links.astype("int64").reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), "int8"), (ends[:, 0], ends[:, 1])), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    _, first = np.unique(part, return_index=True)
    return first[part]


def names(seen: pd.DataFrame, person: Numbers) -> Numbers:
    """Choose for each key the name of its person: the key that most order lines use, then the first in order."""
    ordered = seen[(seen["table"] == "orders") & (seen["own"] >= 0)]
    uses = np.bincount(ordered["own"], weights=ordered["rows"], minlength=len(person))
    keys = np.arange(len(person))
    ranked = np.lexsort([keys, -uses, person])
    best = ranked[np.r_[True, np.diff(person[ranked]) != 0]]
    name = keys.copy()
    name[person[best]] = best
    return name[person]


def usable_keys(look: Round, kinds: Numbers) -> Numbers:
    """Tell which keys say who someone without an id is: addresses and numbers that are one person's."""
    usable = kinds == KINDS.index("mail")
    usable[look.shared_emails] = False
    usable[look.phones] = True
    return usable


def persons(sightings: pd.DataFrame, label: Numbers, usable: Numbers) -> Numbers:
    """Tell who acted: by the own key, else by a usable e-mail address, else by a usable telephone number."""
    own, email, phone = (sightings[name].to_numpy() for name in ("own", "email", "phone"))
    findable = sightings["findable"].to_numpy()
    by = [own >= 0, findable & (email >= 0) & usable[email], findable & (phone >= 0) & usable[phone]]
    return np.select(by, [label[own], label[email], label[phone]], NOBODY)


def distinct(keys: pd.Series) -> Numbers:
    """List each key once, in order, nobody left out."""
    return np.unique(keys[keys >= 0])


def told(rounds: list[Round]) -> dict[str, int]:
    """Count over all looks what was merged, and in the last what was not used."""
    return {
        "customers found to be another by e-mail": sum(look.by_email for look in rounds),
        "customers found to be another by telephone": sum(look.by_phone for look in rounds),
        "e-mail addresses of too many people, not used": len(rounds[-1].shared_emails),
        "telephone numbers that people share, not used": len(rounds[-1].shared_phones),
        "ids with too many e-mail addresses, not joined": len(rounds[0].collective),
    }
