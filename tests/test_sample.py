import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from segmentation import sample
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT
from segmentation.sample import DIRT_KINDS, DIRTY_ORDERS, FAMILY, MIX, Dirt, draw_cast, make_shop
from segmentation.tables import SOURCE, TABLES

COMMITTED = PROJECT / "data" / "sample"
PLENTY = Dirt(**dict.fromkeys(DIRT_KINDS[1:], 0.05))
CLEAN = Dirt(**dict.fromkeys(DIRT_KINDS[1:], 0.0))
ORDER_FIELDS = ["Financial Status", "Currency", "Subtotal", "Total", "Discount Amount", "Created at", "Refunded Amount",
                "Outstanding Balance", "Id", "Source"]  # fmt: skip


def read_orders(folder: Path) -> pd.DataFrame:
    """Read orders.csv as text, rows counted from 1."""
    orders = pd.read_csv(folder / "orders.csv", dtype=str, keep_default_na=False)
    orders.index = pd.RangeIndex(1, len(orders) + 1)
    return orders


def read_dirt(folder: Path) -> pd.Series:
    """Read which row is dirty, and how."""
    return pd.read_csv(folder / "truth" / "dirt.csv", index_col="source_row")["kind"]


def read_summary(folder: Path) -> dict:
    return json.loads((folder / "truth" / "summary.json").read_text(encoding="utf-8"))


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file, unpacked."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    read = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in read.items()}


def cents(amounts: pd.Series) -> pd.Series:
    return (amounts.astype(float) * 100).round().astype("int64")


def line_cents(orders: pd.DataFrame) -> pd.Series:
    quantity = orders["Lineitem quantity"].astype("int64")
    return quantity * cents(orders["Lineitem price"]) - cents(orders["Lineitem discount"])


def rows_that_look_dirty(orders: pd.DataFrame) -> dict[str, set[int]]:
    """Find each kind of dirt from the file alone."""
    price, value = cents(orders["Lineitem price"]), line_cents(orders)
    by_order = orders.groupby("Name")
    looks = {
        "guests": (orders["Email"] == "") & (by_order["Phone"].transform("max") == ""),
        "cancelled": by_order["Cancelled at"].transform("max") != "",
        "tests": by_order["Payment Method"].transform("max").eq("bogus"),
        "duplicates": orders.duplicated(),
        "zero_prices": (price == 0) & (orders["Lineitem discount"] == "0.00"),
        "negative_prices": price < 0,
        "absurd_quantities": orders["Lineitem quantity"].astype("int64").between(60_000, 99_999),
        "gifts": (price > 0) & (value == 0),
        "fees": orders["Lineitem sku"].isin(["POSTAGE", "SERVICE-FEE"]),
    }
    return {kind: set(orders.index[rows]) for kind, rows in looks.items()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of 600 customers in four chunks, with plenty of every dirt."""
    folder = tmp_path_factory.mktemp("shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample.shop, "CHUNK", 150)
        make_shop(folder, customers=600, seed=3, dirt=PLENTY)
    return folder


@pytest.fixture(scope="module")
def big_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clean shop of 20,000 customers, where the effect of campaigns stands out from chance."""
    folder = tmp_path_factory.mktemp("big_shop")
    make_shop(folder, customers=20_000, seed=11, dirt=CLEAN)
    return folder


@pytest.fixture(scope="module")
def histories(big_shop: Path) -> pd.DataFrame:
    """One row an order: customer, kind, day."""
    orders = read_orders(big_shop).drop_duplicates("Name")
    kinds = pd.read_csv(big_shop / "truth" / "customers.csv", index_col="customer_id")["kind"]
    customer = orders["Email"].str.lower()
    days = pd.to_datetime(orders["Created at"].str[:19])
    return pd.DataFrame({"customer_id": customer, "kind": customer.map(kinds), "ordered_at": days})


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        make_shop(tmp_path / name, customers=120, seed=5)
    raw = [[path.read_bytes() for path in sorted((tmp_path / name).rglob("*.*"))] for name in ("one", "other")]
    assert raw[0] == raw[1]


def test_another_seed_gives_another_shop(tmp_path):
    for seed in (5, 6):
        make_shop(tmp_path / str(seed), customers=120, seed=seed)
    one, other = contents(tmp_path / "5"), contents(tmp_path / "6")
    assert [name for name in one if one[name] == other[name]] == []


@pytest.mark.parametrize("kind", DIRT_KINDS[1:])
def test_the_truth_names_exactly_the_dirty_rows(shop, kind):
    dirt = read_dirt(shop)
    assert rows_that_look_dirty(read_orders(shop))[kind] == set(dirt.index[dirt == kind])


def test_the_summary_counts_what_stands_in_the_file(shop):
    found = {kind: len(rows) for kind, rows in rows_that_look_dirty(read_orders(shop)).items()}
    assert read_summary(shop)["dirt"] == found


def test_plenty_of_every_dirt_was_planted(shop):
    assert min(read_summary(shop)["dirt"].values()) > 50


def test_a_row_is_dirty_in_one_way_only(shop):
    assert read_dirt(shop).index.is_unique


@pytest.mark.parametrize("kind", DIRT_KINDS[1:])
def test_a_knob_at_zero_plants_none(tmp_path, kind):
    knobs = dict.fromkeys(DIRT_KINDS[1:], 0.05) | {kind: 0.0}
    counts = make_shop(tmp_path, customers=100, seed=1, dirt=Dirt(**knobs))["dirt"]
    assert [name for name, rows in counts.items() if rows == 0] == [kind]


def test_a_clean_shop_has_no_dirty_row(big_shop):
    assert read_summary(big_shop)["clean"]["rows"] == read_summary(big_shop)["rows"]


@pytest.mark.parametrize("name", ["customers.csv", "events.csv.gz", "feedback.csv", "contacts.csv"])
def test_dirt_leaves_the_customers_alone(tmp_path, name):
    make_shop(tmp_path / "clean", customers=120, seed=2, dirt=CLEAN)
    make_shop(tmp_path / "dirty", customers=120, seed=2, dirt=PLENTY)
    assert contents(tmp_path / "clean")[name] == contents(tmp_path / "dirty")[name]


def test_a_copy_follows_its_original_in_the_same_order(shop):
    orders, dirt = read_orders(shop), read_dirt(shop)
    copies = orders.loc[dirt.index[dirt == "duplicates"], "Name"]
    first_rows = orders.drop_duplicates().reset_index().groupby("Name")["index"].min()
    assert (copies.index > first_rows[copies].to_numpy()).all()


def test_dirty_lines_stand_in_orders_without_coupon_and_refund(shop):
    orders, dirt = read_orders(shop), read_dirt(shop)
    names = orders.loc[dirt.index[dirt.isin(sample.DIRTY_LINES)], "Name"].unique()
    firsts = orders.drop_duplicates("Name").set_index("Name").loc[names]
    assert set(firsts["Discount Amount"]) | set(firsts["Refunded Amount"]) == {"0.00"}


def test_the_truth_knows_the_clean_money(shop):
    orders, dirt = read_orders(shop), read_dirt(shop)
    clean = orders.drop(dirt.index)
    order_dirt = dirt[dirt.isin(DIRTY_ORDERS)]
    firsts = orders.drop(order_dirt.index).drop_duplicates("Name")
    taken_off = cents(firsts["Discount Amount"]).sum() + cents(firsts["Refunded Amount"]).sum()
    assert read_summary(shop)["clean"]["net_value"] == (line_cents(clean).sum() - taken_off) / 100


def test_a_subtotal_is_its_lines_less_the_coupon(shop):
    orders = read_orders(shop).drop_duplicates()
    firsts = orders.drop_duplicates("Name").set_index("Name")
    lines = line_cents(orders).groupby(orders["Name"]).sum()
    assert (cents(firsts["Subtotal"]) == lines[firsts.index] - cents(firsts["Discount Amount"])).all()


def test_nobody_gets_back_more_than_they_paid(shop):
    firsts = read_orders(shop).drop_duplicates("Name")
    refunded = firsts[firsts["Refunded Amount"] != "0.00"]
    assert (cents(refunded["Refunded Amount"]) <= cents(refunded["Subtotal"])).all()


def test_a_refund_shows_in_the_status(shop):
    firsts = read_orders(shop).drop_duplicates("Name")
    shown = firsts["Financial Status"].isin(["refunded", "partially_refunded"])
    assert (shown == (firsts["Refunded Amount"] != "0.00")).all()


@pytest.mark.parametrize("field", ORDER_FIELDS)
def test_order_fields_stand_on_the_first_row_only(shop, field):
    orders = read_orders(shop).drop_duplicates()
    assert ((orders[field] != "") == ~orders["Name"].duplicated()).all()


@pytest.mark.parametrize("field", ["Name", "Lineitem name", "Lineitem sku", "Lineitem price", "Vendor"])
def test_line_fields_stand_on_every_row(shop, field):
    assert (read_orders(shop)[field] != "").all()


def test_order_names_are_unique_over_chunks(shop):
    names = read_orders(shop)["Name"]
    runs = names[names != names.shift()]
    assert list(runs) == [f"#{1001 + number}" for number in range(read_summary(shop)["orders"])]


def test_customers_are_unique_over_chunks(shop):
    assert pd.read_csv(shop / "customers.csv")["customer_id"].nunique() == 600


def test_telephone_numbers_are_unique_over_chunks(shop):
    assert pd.read_csv(shop / "customers.csv")["phone"].dropna().is_unique


def test_a_visit_belongs_to_one_customer(shop):
    events = pd.read_csv(shop / "events.csv.gz")
    assert events.groupby("session_id")["customer_id"].nunique(dropna=False).max() == 1


def test_every_e_mail_is_at_example_com(shop):
    words = b"\n".join(contents(shop).values()).decode().replace("\n", ",").split(",")
    assert [word for word in words if "@" in word and not word.lower().endswith("@example.com")] == []


def test_no_invented_customer_is_missing_from_the_truth(shop):
    truth = pd.read_csv(shop / "truth" / "customers.csv")["customer_id"]
    emails = read_orders(shop)["Email"].str.lower()
    assert set(emails) - {""} == set(truth) == set(pd.read_csv(shop / "customers.csv")["customer_id"])


@pytest.mark.parametrize("name", ["customers", "events", "feedback", "contacts"])
def test_tables_beside_orders_have_the_canonical_columns(shop, name):
    path = shop / f"{name}.csv"
    header = pd.read_csv(path if path.exists() else f"{path}.gz", nrows=1).columns
    assert list(header) == [column.name for column in TABLES[name].columns if column not in SOURCE]


def test_names_with_commas_quotes_and_umlauts_survive_the_file(shop):
    names = set(read_orders(shop)["Lineitem name"])
    assert {"Napkins, set of 4 - rust", 'Candle "Sea & salt" - large', "Käsemesser - walnut"} <= names


def test_winter_and_summer_time_show_in_the_offset(shop):
    created = read_orders(shop).drop_duplicates("Name")["Created at"]
    offsets = created.str[-5:].groupby(created.str[5:7]).unique().map(list)
    assert (offsets["01"], offsets["07"]) == (["+0100"], ["+0200"])


def test_a_session_that_orders_ends_at_the_time_of_an_order(shop):
    events = pd.read_csv(shop / "events.csv.gz").query("event == 'order'")
    orders = read_orders(shop).drop_duplicates("Name")
    known = set(zip(orders["Email"].str.lower(), orders["Created at"].str[:19], strict=True))
    assert set(zip(events["customer_id"], events["occurred_at"], strict=True)) <= known


def test_orders_of_one_chunk_stand_in_order_of_time(big_shop):
    created = pd.to_datetime(read_orders(big_shop).drop_duplicates("Name")["Created at"].str[:19])
    assert created.is_monotonic_increasing


def test_one_time_buyers_buy_once(histories):
    once = histories[histories["kind"] == "one-time buyers"]
    assert once["customer_id"].is_unique


def test_gift_buyers_buy_in_november_and_december_only(histories):
    gifts = histories.loc[histories["kind"] == "seasonal gift buyers", "ordered_at"]
    assert set(gifts.dt.month) == {11, 12}


def test_lapsed_big_spenders_have_been_away_for_nine_months(histories):
    lapsed = histories.loc[histories["kind"] == "lapsed big spenders", "ordered_at"]
    assert lapsed.max() < pd.Timestamp("2025-09-30")


def test_newcomers_came_in_the_last_three_months(histories):
    newcomers = histories.loc[histories["kind"] == "newcomers", "ordered_at"]
    assert newcomers.min() > pd.Timestamp("2026-04-01")


def arm_difference(shop: Path, histories: pd.DataFrame, campaign: str) -> float:
    """Measure how many more orders a treated customer placed within 14 days than a control customer."""
    contacts = pd.read_csv(shop / "contacts.csv", parse_dates=["sent_at"])
    contacts = contacts[contacts["campaign_id"] == campaign].set_index("customer_id")
    sent = contacts["sent_at"].iloc[0]
    inside = histories["ordered_at"].between(sent, sent + pd.Timedelta(days=14))
    orders = histories.loc[inside, "customer_id"].value_counts().reindex(contacts.index, fill_value=0)
    means = orders.groupby(contacts["arm"]).mean()
    return means["treated"] - means["control"]


@pytest.mark.parametrize("number", range(len(sample.CAMPAIGNS)))
def test_a_campaign_has_its_planted_effect(big_shop, histories, number):
    planted = read_summary(big_shop)["campaigns"][number]
    difference = arm_difference(big_shop, histories, planted["campaign_id"])
    # chance alone moves a difference by about 0.01 (one standard error); the planted effects are 0, or 0.06 and more
    assert difference == pytest.approx(planted["effect"], abs=0.03)


def test_all_campaigns_but_one_have_an_effect_beyond_the_tolerance(big_shop):
    effects = {campaign["campaign_id"]: campaign["effect"] for campaign in read_summary(big_shop)["campaigns"]}
    assert [name for name, effect in effects.items() if effect < 0.05] == ["anniversary-2025"]


def test_arms_are_drawn_by_lot(big_shop):
    contacts = pd.read_csv(big_shop / "contacts.csv")
    kinds = pd.read_csv(big_shop / "truth" / "customers.csv", index_col="customer_id")["kind"]
    shares = (contacts["arm"] == "treated").groupby(contacts["customer_id"].map(kinds)).mean()
    assert shares.to_numpy() == pytest.approx(0.7, abs=0.03)


def test_only_consenting_customers_are_contacted(shop):
    consent = pd.read_csv(shop / "customers.csv", index_col="customer_id", dtype=str)["marketing_consent"]
    assert set(pd.read_csv(shop / "contacts.csv")["customer_id"].map(consent)) == {"true"}


def test_the_kinds_can_be_recovered(big_shop):
    orders = read_orders(big_shop)
    orders["value"] = line_cents(orders) / 100
    orders["day"] = (pd.Timestamp("2026-07-01") - pd.to_datetime(orders["Created at"].str[:19])).dt.days
    orders["coupon"] = pd.to_numeric(orders["Discount Amount"])
    lines = orders.groupby(orders["Email"].str.lower())
    recency, tenure, count = lines["day"].min(), lines["day"].max(), lines["Name"].nunique()
    spend, discount = lines["value"].sum(), lines["coupon"].sum()
    breadth = lines["Lineitem sku"].nunique()
    skewed = pd.concat([recency, count, spend, spend / count, tenure, breadth], axis=1)
    features = np.column_stack([np.log1p(skewed), discount / spend])
    kinds = pd.read_csv(big_shop / "truth" / "customers.csv", index_col="customer_id")["kind"][skewed.index]
    groups = KMeans(7, n_init=5, random_state=0).fit_predict(StandardScaler().fit_transform(features))
    assert adjusted_rand_score(kinds, groups) > 0.75


# --- shops of other kinds


def kinds_of(folder: Path) -> pd.Series:
    return pd.read_csv(folder / "truth" / "customers.csv", keep_default_na=False)["kind"]


@pytest.mark.parametrize("kinds", range(1, 9))
def test_a_shop_has_as_many_kinds_as_asked_for(tmp_path, kinds):
    make_shop(tmp_path, customers=400, seed=kinds, kinds=kinds)
    assert kinds_of(tmp_path).nunique() == kinds


@pytest.mark.parametrize("seed", range(1, 6))
def test_each_kind_has_a_share_of_8_percent_or_more(seed):
    assert draw_cast(8, noise=0.0, seed=seed).shares.min() >= 0.08


def test_shares_add_up_to_1():
    assert draw_cast(5, noise=0.2, seed=1).shares.sum() == pytest.approx(1)


def test_another_seed_draws_other_kinds():
    assert draw_cast(3, noise=0.0, seed=1).names != draw_cast(3, noise=0.0, seed=2).names


def test_a_shop_of_named_kinds_has_these(tmp_path):
    make_shop(tmp_path, customers=100, seed=1, kinds=["subscribers", "bulk buyers"])
    assert set(kinds_of(tmp_path)) == {"subscribers", "bulk buyers"}


def test_the_summary_counts_the_customers_of_each_kind(tmp_path):
    made = make_shop(tmp_path, customers=200, seed=1, kinds=4, noise=0.2)
    assert made["customers"] == kinds_of(tmp_path).value_counts().to_dict()


def test_noise_is_a_share_of_the_customers(tmp_path):
    make_shop(tmp_path, customers=2_000, seed=1, kinds=3, noise=0.2)
    assert (kinds_of(tmp_path) == "none").mean() == pytest.approx(0.2, abs=0.03)


def test_the_same_seed_gives_the_same_bytes_for_any_kinds(tmp_path):
    for name in ("one", "other"):
        make_shop(tmp_path / name, customers=120, seed=5, kinds=6, noise=0.1)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean shop of the five kinds that the usual shop lacks."""
    folder = tmp_path_factory.mktemp("newer")
    make_shop(folder, customers=3_000, seed=1, kinds=[kind for kind in FAMILY if kind not in MIX], dirt=CLEAN)
    return folder


def by_kind(folder: Path, name: str) -> pd.DataFrame:
    """Read a table with each customer's kind."""
    kinds = pd.read_csv(folder / "truth" / "customers.csv", index_col="customer_id")["kind"]
    table = pd.read_csv(folder / name)
    return table.assign(kind=table["customer_id"].map(kinds))


def first_rows(folder: Path) -> pd.DataFrame:
    """Read one row an order with its customer's kind."""
    orders = read_orders(folder).drop_duplicates("Name")
    kinds = pd.read_csv(folder / "truth" / "customers.csv", index_col="customer_id")["kind"]
    return orders.assign(kind=orders["Email"].str.lower().map(kinds), day=pd.to_datetime(orders["Created at"].str[:10]))


def test_subscribers_order_every_thirty_days(newer):
    own = first_rows(newer).query("kind == 'subscribers'").sort_values("day")
    gaps = own.groupby(own["Email"].str.lower())["day"].diff().dropna().dt.days
    assert gaps.between(26, 34).all()


def test_bulk_buyers_do_not_order_on_weekends(newer):
    own = first_rows(newer).query("kind == 'bulk buyers'")
    answers = own["day"].dt.day_of_week >= 5
    assert answers.mean() < 0.1  # answers to campaigns come on any day


def test_serial_returners_get_half_of_their_orders_back(newer):
    refunded = first_rows(newer).assign(refunded=lambda rows: rows["Refunded Amount"] != "0.00")
    shares = refunded.groupby("kind")["refunded"].mean()
    assert shares["serial returners"] == pytest.approx(0.6, abs=0.05)
    assert shares.drop("serial returners").max() < 0.1


def test_window_shoppers_look_most_often(newer):
    events = by_kind(newer, "events.csv.gz")
    visits = events.groupby("kind")["session_id"].nunique() / events.query("event == 'order'").groupby("kind").size()
    assert visits.idxmax() == "window shoppers"


def test_subscribers_came_by_the_newsletter(newer):
    came = by_kind(newer, "customers.csv").groupby("kind")["acquisition_channel"].value_counts(normalize=True)
    assert came["subscribers"]["newsletter"] > 0.7 > 0.3 > came["steady small buyers"]["newsletter"]


def test_serial_returners_are_the_youngest(newer):
    born = by_kind(newer, "customers.csv").groupby("kind")["birth_year"].mean()
    assert born.idxmax() == "serial returners"


@pytest.mark.parametrize("kinds", [0, 13])
def test_an_impossible_number_of_kinds_is_refused(tmp_path, kinds):
    with pytest.raises(DataProblem, match=rf"from 1 to 12 kinds of customer; got {kinds}\."):
        make_shop(tmp_path, customers=10, seed=1, kinds=kinds)


@pytest.mark.parametrize("kinds", [["wizards"], ["champions", "champions"], []])
def test_kinds_that_there_are_not_and_kinds_named_twice_are_refused(tmp_path, kinds):
    with pytest.raises(DataProblem, match=r"Kinds of customer must be some of champions, .* none twice; got"):
        make_shop(tmp_path, customers=10, seed=1, kinds=kinds)


@pytest.mark.parametrize("noise", [-0.1, 0.6, float("nan")])
def test_more_noise_than_kinds_is_refused(tmp_path, noise):
    with pytest.raises(DataProblem, match=r"At most half of the customers can behave at random; got a noise of"):
        make_shop(tmp_path, customers=10, seed=1, noise=noise)


def test_a_compressed_shop_holds_the_same_orders(tmp_path):
    make_shop(tmp_path / "plain", customers=100, seed=4)
    make_shop(tmp_path / "packed", customers=100, seed=4, compress=True)
    assert contents(tmp_path / "packed")["orders.csv.gz"] == contents(tmp_path / "plain")["orders.csv"]


def test_a_shop_made_again_has_one_file_of_orders(tmp_path):
    for compress in (False, True):
        make_shop(tmp_path, customers=50, seed=4, compress=compress)
    assert [path.name for path in tmp_path.glob("orders.*")] == ["orders.csv.gz"]


def test_progress_counts_every_customer_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sample.shop, "CHUNK", 40)
    told = []
    make_shop(tmp_path, customers=100, seed=1, on_progress=told.append)
    assert told == [40, 40, 20]


def test_a_shop_that_was_cut_off_leaves_the_old_one(tmp_path):
    make_shop(tmp_path, customers=50, seed=1)
    before = contents(tmp_path)

    def stop(count: int) -> None:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        make_shop(tmp_path, customers=50, seed=2, on_progress=stop)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("customers", range(1, 8))
def test_a_tiny_shop_can_be_made(tmp_path, customers):
    made = make_shop(tmp_path, customers=customers, seed=customers, dirt=PLENTY)
    assert len(read_orders(tmp_path)) == made["rows"] == made["clean"]["rows"] + sum(made["dirt"].values())


@pytest.mark.parametrize(("customers", "seed"), [(0, 1), (5, -1)])
def test_a_shop_without_customers_or_with_a_negative_seed_is_refused(tmp_path, customers, seed):
    with pytest.raises(DataProblem, match="at least one customer and a seed of 0 or more"):
        make_shop(tmp_path, customers=customers, seed=seed)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_of_dirt_outside_0_and_1_is_refused(share):
    with pytest.raises(DataProblem, match="must be a share between 0 and 1; got 'gifts = "):
        Dirt(gifts=share)


def test_more_dirty_lines_than_orders_are_refused():
    with pytest.raises(DataProblem, match=r"half of the orders at most; .* add up to 0\.73"):
        Dirt(fees=0.4, gifts=0.3)


def test_the_committed_sample_is_what_the_generator_makes(tmp_path):
    make_shop(tmp_path, customers=2000, seed=7)
    assert contents(tmp_path) == contents(COMMITTED)


def test_the_committed_sample_is_under_5_mb():
    assert sum(path.stat().st_size for path in COMMITTED.rglob("*") if path.is_file()) < 5_000_000
