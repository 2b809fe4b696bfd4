"""What describes a customer, group by group; no feature sees what came on the day of description or later."""

import datetime
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import canonical_schema, clean_orders, order_line, store, store_orders

from segmentation.cleaning.marks import stored
from segmentation.describing import describe
from segmentation.describing.sentiment import mood_by_words, moods
from segmentation.describing.topics import topics
from segmentation.features import (
    CATEGORIES,
    FEATURES,
    GROUPS,
    NUMBERS,
    collect,
    customer_features,
    later_outcomes,
    of_groups,
    past_features,
    require_known_version,
)
from segmentation.ingest import Hints, read_tables
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.tables import TABLES

Row = dict[str, Any]
Shop = dict[str, list[Row]]

DAY = datetime.date(2025, 1, 1)
START = datetime.datetime(2025, 1, 1)
ARMS = ("treated", "control")
AGAIN = datetime.timedelta(days=200)
TIMES = {"orders": "ordered_at", "customers": "joined_on", "events": "occurred_at", "feedback": "given_at"}
TIMES["contacts"] = "sent_at"
WORDS = {
    5: ["wonderful mug, lovely glaze", "parcel arrived quickly, great service", "杯子很漂亮，质量很好"],
    1: ["broken mug, poor glaze", "parcel arrived late, rude service", "杯子破损，质量太差"],
}
spec = importlib.util.spec_from_file_location(
    "features_benchmark", Path(__file__).parent / "benchmarks" / "features.py"
)
benchmark = importlib.util.module_from_spec(spec)
spec.loader.exec_module(benchmark)
few = settings(max_examples=2)  # each describes a whole shop several times


def moment(chance: Random) -> datetime.datetime:
    return datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=chance.randrange(2 * 365 * 86_400))


def drawn_shop(chance: Random, *, opinions: int = 150) -> Shop:
    """Draw a small shop with every table, about half of it from before the day."""
    people = [f"c{number}" for number in range(14)]
    orders = [
        order_line(
            order_id=f"o{number}", customer_id=chance.choice(people), ordered_at=placed, product_id=f"P{item % 5}",
            category=chance.choice(["tea", "mugs", "lamps", None]), quantity=chance.choice([1, 2, 3, -1]),
            unit_price=chance.randrange(1, 5_000) / 100, discount=0.0, refunded=chance.choice([0.0, 0.0, 0.5]),
            coupon=chance.choice([None, "HELLO"]), channel=chance.choice(["web", "app", None]),
            country=chance.choice(["DE", "AT"]),
        )
        for number in range(50) for placed in [moment(chance)] for item in range(chance.randrange(1, 4))
    ]  # fmt: skip
    customers = [
        {
            "customer_id": name, "joined_on": moment(chance).date(), "birth_year": chance.randrange(1900, 2024),
            "gender": chance.choice(["female", "male", "diverse", None]), "city": chance.choice(["Wien", "Graz"]),
            "country": "AT", "acquisition_channel": "search", "name": "Ann Mug",
        }
        for name in [*people, "newcomer"]
    ]  # fmt: skip
    events = [
        {
            "customer_id": chance.choice([*people, None]), "occurred_at": moment(chance),
            "event": chance.choice(["view", "cart", "order"]), "session_id": chance.choice(["s1", "s2", "s3", None]),
            "duration_s": chance.choice([30.0, None]),
        }
        for _ in range(150)
    ]  # fmt: skip
    feedback = [
        {
            "customer_id": chance.choice(people), "given_at": moment(chance), "rating": float(rating),
            "kind": chance.choice(["review", "complaint"]), "text": chance.choice([*WORDS[rating], None]),
        }
        for _ in range(opinions) for rating in [chance.choice([1, 5])]
    ]  # fmt: skip
    contacts = [
        {
            "customer_id": chance.choice(people), "campaign_id": "c", "sent_at": sent, "arm": chance.choice(ARMS),
            "channel": chance.choice(["e-mail", "post", "text message"]),
            "opened_at": chance.choice([None, sent + datetime.timedelta(days=chance.randrange(300))]),
            "clicked_at": chance.choice([None, sent + datetime.timedelta(days=chance.randrange(300))]),
        }
        for _ in range(60) for sent in [moment(chance)]
    ]  # fmt: skip
    return {"orders": orders, "customers": customers, "events": events, "feedback": feedback, "contacts": contacts}


def stored_shop(connection: Backend, shop: Shop) -> dict[str, ir.Table]:
    return {name: stored_rows(connection, name, rows) for name, rows in shop.items()}


def stored_rows(connection: Backend, name: str, rows: Iterable[Row]) -> ir.Table:
    if name == "orders":
        return store_orders(connection, rows)
    return store(connection, pa.Table.from_pylist(list(rows), schema=canonical_schema(TABLES[name])))


def described(connection: Backend, shop: Shop, *, as_of: datetime.date = DAY, **told: Any) -> pd.DataFrame:
    tables = stored_shop(connection, shop)
    return collect(customer_features(tables.pop("orders"), as_of=as_of, **tables, **told))


def ann(connection: Backend, **tables: list[Row]) -> pd.Series:
    """Describe a customer of one order as of 2025 by what is told of her."""
    shop = {"orders": [order_line(customer_id="ann", ordered_at=datetime.datetime(2024, 11, 5, 19))], **tables}
    return described(connection, shop).loc["ann"]


# --- no feature sees the future


def is_later(name: str, row: Row) -> bool:
    time = row[TIMES[name]]
    return time >= (DAY if name == "customers" else START)


def disturbed(name: str, rows: list[Row], chance: Random) -> list[Row]:
    """Delete some later rows, shift and change the others, and add rows at the very beginning of the day."""
    earlier = [row for row in rows if not is_later(name, row)]
    later = [row for row in rows if is_later(name, row) and chance.random() < 0.6]
    changes = {
        "orders": {"unit_price": 99.0, "category": "tea", "quantity": 50, "channel": "pos", "coupon": "HELLO"},
        "customers": {"birth_year": 1980, "gender": "diverse", "city": "Linz", "name": "Parcel Glaze"},
        "events": {"event": "order", "duration_s": 900.0},
        "feedback": {"text": "terrible parcel, wonderful lamp", "rating": 1.0, "kind": "complaint"},
        "contacts": {"arm": "treated", "channel": "post"},
    }[name]
    moved = [row | {TIMES[name]: row[TIMES[name]] + AGAIN} | changes for row in later]
    at_once = [row | {TIMES[name]: DAY if name == "customers" else START} | changes for row in rows[:5]]
    if name == "customers":  # one row a customer: who is known earlier stays as he is
        names = {row["customer_id"] for row in earlier}
        at_once = [row for row in at_once if row["customer_id"] not in names]
        moved = [row for row in moved if row["customer_id"] not in {row["customer_id"] for row in at_once}]
    if name == "contacts":
        seen = ("opened_at", "clicked_at")
        earlier = [row | {name: None for name in seen if row[name] and row[name] >= START} for row in earlier]
        at_once = [row | {"opened_at": START, "clicked_at": START} for row in at_once]
    return earlier + moved + at_once


@few
@given(seed=st.integers(0, 10_000))
@pytest.mark.parametrize("everyone", [False, True], ids=["buyers", "everyone"])
def test_no_feature_sees_the_day_or_what_follows(connection: Backend, everyone: bool, seed: int) -> None:
    chance = Random(seed)
    shop = drawn_shop(chance)
    other = {name: disturbed(name, rows, chance) for name, rows in shop.items()}
    then, now = (described(connection, told, everyone=everyone) for told in (shop, other))
    pd.testing.assert_frame_equal(then, now)


def test_the_test_of_the_future_looks_at_every_feature(connection: Backend) -> None:
    known = described(connection, drawn_shop(Random(1)))
    assert [name for name in FEATURES if known[name].nunique() < 2 and name != "acquisition_channel"] == []


def test_the_mood_learnt_from_ratings_does_not_see_the_future(connection: Backend) -> None:
    shop = drawn_shop(Random(3), opinions=900)
    later = [row | {"rating": 6 - row["rating"]} if is_later("feedback", row) else row for row in shop["feedback"]]
    then, now = (described(connection, shop | {"feedback": rows})["sentiment"] for rows in (shop["feedback"], later))
    pd.testing.assert_series_equal(then, now)


@few
@given(seed=st.integers(0, 10_000))
def test_neither_the_order_of_rows_nor_names_of_customers_decide(connection: Backend, seed: int) -> None:
    chance = Random(seed)
    shop = drawn_shop(chance)
    renamed = {
        name: [row | {"customer_id": row["customer_id"] and row["customer_id"][::-1]} for row in rows]
        for name, rows in shop.items()
    }
    for rows in renamed.values():
        chance.shuffle(rows)
    expected = described(connection, shop).rename(index=lambda name: name[::-1]).sort_index()
    pd.testing.assert_frame_equal(described(connection, renamed), expected)


def test_moving_the_day_past_all_rows_moves_what_counts_from_it(connection: Backend) -> None:
    shop = drawn_shop(Random(5))
    before = described(connection, shop, as_of=datetime.date(2027, 3, 1))
    after = described(connection, shop, as_of=datetime.date(2027, 3, 11))
    before[["recency_days", "tenure_days", "overdue_days"]] += 10
    pd.testing.assert_frame_equal(before, after)


# --- by hand


TEA = {"customer_id": "ann", "category": "tea"}
NOVEMBER = datetime.datetime(2024, 11, 5, 19)
BASKET = [
    order_line(**TEA, order_id="1", ordered_at=NOVEMBER, quantity=3, unit_price=10.0),
    order_line(**TEA, order_id="1", ordered_at=NOVEMBER, quantity=1, unit_price=30.0),
    order_line(customer_id="ann", category="mugs", order_id="2", ordered_at=NOVEMBER, quantity=2, unit_price=10.0),
    order_line(customer_id="ben", category="tea", order_id="3", ordered_at=NOVEMBER, quantity=1, unit_price=20.0),
]


@pytest.fixture(scope="module")
def basket(connection: Backend) -> pd.Series:
    return described(connection, {"orders": BASKET}).loc["ann"]


@pytest.mark.parametrize(
    ("feature", "expected"),
    {
        "category_count": 2,
        "category_entropy": 0.811278,  # 60 for tea and 20 for mugs: the entropy of 3/4 and 1/4
        "favourite_share": 0.75,
        "favourite_category": "tea",
        # Tea's median is 20, mugs' is 10: (3 * 10/20 + 1 * 30/20 + 2 * 10/10) / 6
        "price_level": 0.833333,
        "pieces_per_order": 3.0,
        "gift_season_share": 1.0,
        "autumn_share": 1.0,
        "evening_share": 1.0,
    }.items(),
)
def test_basket_is_as_counted_by_hand(basket: pd.Series, feature: str, expected: object) -> None:
    assert basket[feature] == expected


def test_equal_numbers_of_orders_are_decided_by_the_alphabet(connection: Backend) -> None:
    lines = [order_line(customer_id="ann", order_id=word, ordered_at=NOVEMBER, channel=word) for word in ("web", "app")]
    assert described(connection, {"orders": lines}).loc["ann", "channel"] == "app"


def test_a_country_is_known_though_no_order_tells_its_channel(connection: Backend) -> None:
    line = order_line(customer_id="ann", ordered_at=NOVEMBER, country="DE", channel=None)
    assert described(connection, {"orders": [line]}).loc["ann", "country"] == "DE"


def test_orders_with_dates_alone_have_no_evening(connection: Backend) -> None:
    midnight = order_line(customer_id="ann", ordered_at=datetime.datetime(2024, 11, 5))
    assert pd.isna(described(connection, {"orders": [midnight]}).loc["ann", "evening_share"])


def event(hour: int, minute: int, what: str, session: str | None = "s1", **told: Any) -> Row:
    when = datetime.datetime(2024, 11, 4, hour, minute)
    return {"customer_id": "ann", "occurred_at": when, "event": what, "session_id": session, **told}


def test_visits_are_as_counted_by_hand(connection: Backend) -> None:
    events = [
        event(9, 0, "view"),
        event(9, 10, "cart"),
        event(9, 20, "order"),
        event(10, 0, "cart", "s2", duration_s=60.0),
    ]
    told = ann(connection, events=events)[["visit_count", "view_count", "cart_to_order_rate", "session_minutes"]]
    assert told.tolist() == [2, 1, 0.5, 10.5]  # 20 minutes and 1 minute


def contact(channel: str, arm: str = "treated", **told: Any) -> Row:
    return {"customer_id": "ann", "campaign_id": "c", "sent_at": NOVEMBER, "channel": channel, "arm": arm, **told}


def test_messages_that_can_not_tell_of_opening_do_not_count(connection: Backend) -> None:
    opened = contact("e-mail", opened_at=NOVEMBER)
    contacts = [opened, contact("e-mail"), contact("post"), contact("e-mail", "control")]
    assert ann(connection, contacts=contacts)[["open_rate", "click_rate"]].tolist() == [0.5, 0.0]


def test_an_implausible_birth_year_is_unknown(connection: Backend) -> None:
    people = [{"customer_id": "ann", "birth_year": 1880}, {"customer_id": "ben", "birth_year": 1985}]
    ages = described(connection, {"orders": BASKET, "customers": people})["age_years"]
    assert (pd.isna(ages["ann"]), ages["ben"]) == (True, 40)


def test_who_has_not_bought_has_spent_nothing_and_is_described_all_the_same(connection: Backend) -> None:
    people = [{"customer_id": "new", "city": "Wien"}]
    new = described(connection, {"orders": BASKET, "customers": people}, everyone=True).loc["new"]
    assert new[["order_count", "net_spend", "city"]].tolist() == [0, 0, "Wien"]
    assert pd.isna(new["recency_days"])


def test_only_buyers_are_described_unless_everyone_is_asked_for(connection: Backend) -> None:
    people = [{"customer_id": "new", "city": "Wien"}]
    assert described(connection, {"orders": BASKET, "customers": people}).index.tolist() == ["ann", "ben"]


# --- texts


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("Lovely mug!", 1),
        ("Not good.", -1),
        ("Never late, good.", 1),
        ("质量不好", -1),
        ("很喜欢", 1),
        ("包装破损", -1),
    ],
)
def test_words_tell_the_mood(text: str, mood: float) -> None:
    assert mood_by_words(text) == mood


def test_a_text_without_such_words_has_no_mood() -> None:
    assert pd.isna(mood_by_words("A mug, in a box, 4 pieces."))


def texts_of(words: list[str], *, customers: int = 23) -> pd.DataFrame:
    rows = [{"customer_id": f"c{number % customers}", "text": words[number % len(words)]} for number in range(120)]
    return pd.DataFrame(rows).sort_values("text", ignore_index=True)


TEXTS = [
    "parcel arrived late again", "delivery parcel slow", "glaze mug handle", "mug glaze colour", "tea taste flavour",
]  # fmt: skip


def test_labels_of_topics_are_words_of_enough_customers() -> None:
    told = texts_of(TEXTS)
    told.loc[told.index[:2], "text"] = "parcel late zanzibar"
    labels = {label for label in topics(told, min_group=5, seed=7) if label}
    assert labels
    assert not any("zanzibar" in label for label in labels)


def test_labels_of_topics_hold_no_name_number_or_address() -> None:
    told = texts_of([f"{text} klara 0815 klara@example.com" for text in TEXTS])
    labels = " ".join(label for label in topics(told, min_group=5, names={"klara"}, seed=7) if label)
    assert labels
    assert not any(word in labels for word in ("klara", "0815", "example"))


def test_too_few_texts_have_no_topics() -> None:
    assert topics(texts_of(TEXTS).head(30), min_group=5, seed=7) == [None] * 30


def test_texts_of_too_few_customers_have_no_topics() -> None:
    assert set(topics(texts_of(TEXTS, customers=4), min_group=5, seed=7)) == {None}


def test_the_mood_is_learnt_where_ratings_are_many() -> None:
    told = texts_of(["blurp zonk", "quux frob"]).assign(rating=[1.0] * 60 + [5.0] * 60)
    many = pd.concat([told, told], ignore_index=True)
    found = pd.Series(moods(many, seed=7)).groupby(many["rating"]).mean()
    assert found[1.0] < -0.5
    assert found[5.0] > 0.5


# --- names, versions, the past


def test_no_group_means_every_feature() -> None:
    assert of_groups([]) == list(FEATURES)


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(DataProblem, match=r"`feature_groups` must name groups of features, .* got 'weather'\."):
        of_groups(["basket", "weather"])


def test_each_feature_is_of_one_group_and_kind() -> None:
    assert sorted([*NUMBERS, *CATEGORIES]) == sorted(of_groups(GROUPS)) == sorted(FEATURES)


def test_features_of_another_version_are_refused() -> None:
    table = pd.DataFrame(columns=[*list(FEATURES)[1:], "shoe_size"])
    with pytest.raises(DataProblem, match=r"lacks 'recency_days' and has 'shoe_size' that this version"):
        require_known_version(table)


def test_features_of_this_version_are_accepted() -> None:
    require_known_version(pd.DataFrame(columns=list(FEATURES)))


def yearly(number: int) -> list[Row]:
    """Write an order in each of two years by each of some customers."""
    days = [datetime.datetime(year, 3, 1) for year in (2024, 2025)]
    return [
        order_line(customer_id=f"c{name:02}", order_id=f"{day.year} {name}", ordered_at=day)
        for name in range(number) for day in days
    ]  # fmt: skip


def test_the_past_holds_what_followed(connection: Backend) -> None:
    orders = stored_rows(connection, "orders", yearly(25))
    past = past_features(orders, as_of=datetime.date(2025, 3, 2), days=180)
    assert isinstance(past, pd.DataFrame)
    assert past.loc["c00", ["order_count", "later_spend", "later_orders"]].tolist() == [1, 10.0, 1]
    assert list(past.columns) == [*FEATURES, "later_spend", "later_orders"]


def test_a_past_that_orders_do_not_reach_is_told(connection: Backend) -> None:
    orders = stored_rows(connection, "orders", yearly(25))
    why = past_features(orders, as_of=datetime.date(2025, 3, 2), days=300)
    assert why == "Orders reach back 366 days; to look 300 days back they must reach 600."


def test_a_past_of_too_few_customers_is_told(connection: Backend) -> None:
    orders = stored_rows(connection, "orders", yearly(3))
    why = past_features(orders, as_of=datetime.date(2025, 3, 2), days=180)
    assert isinstance(why, str)
    assert "there were 3 customers; at least 20" in why


def test_later_outcomes_count_the_first_day_and_not_the_last(connection: Backend) -> None:
    orders = stored_rows(connection, "orders", yearly(1))
    found = later_outcomes(orders, datetime.date(2024, 3, 1), datetime.date(2025, 3, 1))
    assert found.loc["c00"].tolist() == [10.0, 1]


def test_parts_give_what_the_whole_gives(connection: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = drawn_shop(Random(8))
    whole = described(connection, shop)
    monkeypatch.setattr(describe, "LINES_A_PART", 20)
    pd.testing.assert_frame_equal(described(connection, shop), whole)


def test_a_shop_of_two_customers_and_one_text_is_described(connection: Backend) -> None:
    shop = {
        "orders": BASKET,
        "feedback": [{"customer_id": "ann", "given_at": NOVEMBER, "kind": "review", "text": "好"}],
    }
    found = described(connection, shop)
    assert (found.loc["ann", "sentiment"], pd.isna(found.loc["ann", "review_topic"])) == (1.0, True)


# --- the sample, by SQL written by hand


@pytest.fixture(scope="module")
def sample(connection: Backend, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ir.Table]:
    """Read the sample's tables and clean its orders."""
    files = {"events": "events.csv.gz"}
    given = {name: [str(PROJECT / "data" / "sample" / files.get(name, f"{name}.csv"))] for name in TABLES}
    read = read_tables(connection, given, Hints(), scratch=tmp_path_factory.mktemp("scratch"))
    tables = {name: stored(read[name].table) for name in TABLES}
    return tables | {"orders": clean_orders(connection, tables["orders"].to_pyarrow().to_pylist())}


def test_features_of_the_samples_orders_are_those_of_sql_by_hand(sample: dict[str, ir.Table], tmp_path: Path) -> None:
    lines, own, other = (tmp_path / f"{name}.parquet" for name in ("lines", "own", "other"))
    sample["orders"].to_parquet(lines)
    customer_features(sample["orders"], as_of=benchmark.DAY).to_parquet(own)
    benchmark.by_sql(lines, other, tmp_path)
    assert benchmark.differences(own, other) == {}


BESIDE_BY_HAND = """
with visits as (
    select customer_id, session_id, count(*) filter (event = 'view') as views, bool_or(event = 'cart') as cart,
        greatest(epoch(max(occurred_at)) - epoch(min(occurred_at)), sum(duration_s)) as seconds
    from events where occurred_at < timestamp '2026-01-01' and customer_id is not null group by all
), web as (
    select customer_id, count(*) as visit_count, sum(views) as view_count, median(seconds) / 60 as session_minutes
    from visits group by all
), sent as (
    select customer_id, count(*) filter (least(opened_at, clicked_at) < timestamp '2026-01-01') / count(*) as open_rate
    from contacts where sent_at < timestamp '2026-01-01' and arm = 'treated' and channel <> 'post' group by all
), said as (
    select customer_id, avg(rating) as mean_rating, count(*) filter (kind = 'complaint') as complaint_count
    from feedback where given_at < timestamp '2026-01-01' group by all
)
select customer_id, visit_count, view_count, session_minutes, open_rate, mean_rating, complaint_count
from web full join sent using (customer_id) full join said using (customer_id)
"""


@pytest.fixture(scope="module")
def beside_by_hand(connection: Backend, sample: dict[str, ir.Table]) -> pd.DataFrame:
    query = BESIDE_BY_HAND
    for name in ("events", "contacts", "feedback"):
        query = query.replace(f"from {name} ", f'from "{sample[name].op().name}" ')
    return connection.con.execute(query).df().set_index("customer_id")


@pytest.fixture(scope="module")
def sample_features(sample: dict[str, ir.Table]) -> pd.DataFrame:
    beside = {name: table for name, table in sample.items() if name != "orders"}
    return collect(customer_features(sample["orders"], as_of=benchmark.DAY, **beside))


@pytest.mark.parametrize(
    "feature", ["visit_count", "view_count", "session_minutes", "open_rate", "mean_rating", "complaint_count"]
)
def test_features_of_the_samples_other_tables_are_those_of_sql_by_hand(
    sample_features: pd.DataFrame, beside_by_hand: pd.DataFrame, feature: str
) -> None:
    expected = beside_by_hand[feature].reindex(sample_features.index).astype("float64")
    expected = expected.fillna(0.0) if feature.endswith("_count") else expected
    pd.testing.assert_series_equal(sample_features[feature], expected, atol=0.006, rtol=0, check_names=False)
