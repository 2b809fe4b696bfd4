"""Assignment: who wins, what is kept, who is placed by what."""

import io
import json
import pickle
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from ibis.backends.duckdb import Backend
from shops import order_line, store_orders
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from segmentation import assigning
from segmentation.assigning import coldstart, learning, schema, storage
from segmentation.assigning.learners import LEARNERS, SIMILAR
from segmentation.assigning.models import Model
from segmentation.features import FEATURES
from segmentation.problems import DataProblem

NAMES = ["champions", "regulars", "one-time buyers"]
COLUMNS = ["order_count", "net_spend", "recency_days", "city"]
TWO = (LEARNERS["decision tree"], LEARNERS["logistic regression"])


def shop(customers: int = 300, *, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """Make customers of three segments that orders, spend and recency tell apart, and a first order nearly so."""
    random = np.random.default_rng(seed)
    segments = np.arange(customers) % 3
    spend = np.array([900.0, 300.0, 40.0])[segments] * random.lognormal(0, 0.2, customers)
    index = pd.Index([f"c{number:04}" for number in range(customers)], name="customer_id")
    features = pd.DataFrame(NOTHING, index=index)
    orders = np.array([9.0, 4.0, 1.0])[segments]
    recency = np.array([10.0, 40.0, 200.0])[segments] + random.integers(0, 9, customers)
    told = {"order_count": orders, "net_spend": spend, "recency_days": recency, "tenure_days": recency + 100}
    told |= {"first_order_value": spend / orders * random.lognormal(0, 0.2, customers), "median_gap_days": 30.0}
    told |= {"city": np.array(["Bern", "Wien", "Graz"], dtype=object)[segments], "age_years": 40.0}
    return features.assign(**told), pd.Series(segments, index=features.index)


NOTHING = {name: None if told.kind == "category" else np.nan for name, told in FEATURES.items()}


@cache
def learned() -> learning.Learned:
    features, segments = shop()
    return assigning.learn(features, segments, columns=COLUMNS, seed=7, learners=TWO)


@cache
def model() -> Model:
    features, segments = shop()
    cold = assigning.learn_cold_start(features, segments, names=NAMES, seed=7, folds=2)
    return assigning.build_model(learned(), cold, features, segments, names=NAMES)


def newcomer(**told: object) -> pd.DataFrame:
    features, _ = shop(3)
    empty = features.iloc[:1].assign(
        **{name: None if one.kind == "category" else np.nan for name, one in FEATURES.items()}
    )
    return empty.assign(**{"order_count": 0.0, **told})


# --- learning


def scores(**f1: tuple[float, float]) -> pd.DataFrame:
    names = {"tree": "decision tree", "logistic": "logistic regression"}
    rows = [{"learner": names[name], "f1": score, "f1_error": error} for name, (score, error) in f1.items()]
    return pd.DataFrame(rows)


def test_the_simplest_within_one_standard_error_wins() -> None:
    winner, why = learning.choose(scores(tree=(0.91, 0.05), logistic=(0.92, 0.01)), TWO, decides="f1")
    assert (winner, why.split(":")[0]) == (
        "decision tree", "The decision tree is the simplest within one standard error of the best",
    )  # fmt: skip


def test_the_best_wins_when_nothing_simpler_comes_near() -> None:
    winner, why = learning.choose(scores(tree=(0.9, 0.05), logistic=(0.92, 0.01)), TWO, decides="f1")
    assert (winner, "nothing simpler comes within one standard error" in why) == ("logistic regression", True)


def test_six_learners_are_compared_and_the_guess_that_knows_nothing() -> None:
    features, segments = shop(90)
    table = assigning.comparison_table(assigning.learn(features, segments, columns=COLUMNS, seed=7, folds=2))
    assert table["learner"].tolist() == ["always the largest", *LEARNERS]
    assert (table["chosen"] == "yes").sum() == 1
    assert (table["accuracy"][1:] > 0.9).all()


def test_scores_of_the_guess_are_what_one_counts() -> None:
    row = assigning.comparison_table(learned()).iloc[0]
    assert row[["accuracy", "recall", "ROC AUC"]].round(3).tolist() == [0.333, 0.333, 0.5]


def test_accuracy_is_the_share_on_the_diagonal() -> None:
    counts = learned().confusion
    own = learned().scores.set_index("learner").loc[learned().winner, "accuracy"]
    assert np.trace(counts.to_numpy()) / counts.to_numpy().sum() == pytest.approx(own)


def test_the_order_of_rows_changes_nothing() -> None:
    features, segments = shop()
    other = features.sample(frac=1, random_state=3)
    again = assigning.learn(other, segments[other.index], columns=COLUMNS, seed=7, learners=TWO)
    pd.testing.assert_frame_equal(again.scores, learned().scores)
    tables = [schema.as_numbers(features, one.schema) for one in (again, learned())]
    first, second = (one.model.predict_proba(table) for one, table in zip((again, learned()), tables, strict=True))
    np.testing.assert_array_equal(first, second)


def test_nothing_given_is_changed() -> None:
    features, segments = shop()
    before = features.copy(), segments.copy()
    assigning.learn(features, segments, columns=COLUMNS, seed=7, learners=TWO[:1])
    assigning.assign(model(), features)
    pd.testing.assert_frame_equal(features, before[0])
    pd.testing.assert_series_equal(segments, before[1])


def test_a_segment_of_few_customers_is_not_learnt_and_it_is_said() -> None:
    features, segments = shop()
    segments.iloc[:2] = 3
    told = assigning.learn(features, segments, columns=COLUMNS, seed=7, learners=TWO[:1])
    assert (told.classes, told.statements[0]) == (
        (0, 1, 2),
        "Too small to be learnt, with fewer than 5 customers: 1 of 4 segments. Nobody is placed there.",
    )


def test_one_segment_needs_no_learner() -> None:
    features, segments = shop(30)
    told = assigning.learn(features, segments * 0, columns=COLUMNS, seed=7)
    assert (told.winner, told.why) == (
        "always the largest", "There is one segment to place customers in, so nothing was compared.",
    )  # fmt: skip
    assert assigning.comparison_table(told).empty


@pytest.mark.parametrize("customers", [1, 2, 3, 6])
def test_a_handful_of_customers_gives_a_model(customers: int) -> None:
    features, segments = shop(customers)
    told = assigning.learn(features, segments, columns=COLUMNS, seed=7, learners=TWO)
    built = assigning.build_model(told, [], features, segments, names=NAMES)
    assert assigning.assign(built, features)["segment"].notna().all()


def test_features_known_of_nobody_are_left_out_and_it_is_said() -> None:
    features, segments = shop()
    told = assigning.learn(features, segments, columns=[*COLUMNS, "sentiment"], seed=7, learners=TWO[:1])
    assert told.schema.names == COLUMNS
    assert "Not learnt from, since known of nobody: sentiment." in told.statements


def test_nothing_known_of_anybody_means_the_largest_segment() -> None:
    features, segments = shop(30)
    told = assigning.learn(features, segments, columns=["sentiment"], seed=7)
    assert told.why == "Nothing is known of any customer, so everyone is placed in the largest segment."


def test_a_constant_feature_and_one_far_above_all_are_borne() -> None:
    features, segments = shop()
    features["average_order"] = 5.0
    features.iloc[0, features.columns.get_loc("net_spend")] = 1e12
    told = assigning.learn(features, segments, columns=[*COLUMNS, "average_order"], seed=7, learners=TWO)
    assert told.scores["accuracy"].iloc[1:].min() > 0.95


def test_time_that_runs_out_is_told() -> None:
    features, segments = shop(60)
    told = assigning.learn(features, segments, columns=COLUMNS, seed=7, seconds=0)
    assert told.winner == "decision tree"
    assert told.statements[-1].startswith("Not tried, for want of time: logistic regression, support vector machine")


def test_many_customers_are_sampled_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_COMPARED", 60)
    monkeypatch.setattr(learning, "MOST_LEARNT", 120)
    features, segments = shop()
    told = assigning.learn(features, segments, columns=COLUMNS, seed=7, learners=TWO)
    assert (told.compared_on, told.learnt_on) == (60, 120)
    assert told.confusion.sum(axis=1).tolist() == [20, 20, 20]
    assert told.statements == (
        "Compared on 60 customers, drawn so that every segment keeps its share.",
        "The winner learnt from 120 customers, drawn in the same way.",
    )


def test_segments_of_other_customers_are_refused() -> None:
    features, segments = shop(30)
    with pytest.raises(DataProblem, match="Each of the 30 customers must have one row and one segment; there are 29"):
        assigning.learn(features, segments.iloc[1:], columns=COLUMNS, seed=7)


def test_no_customers_are_refused() -> None:
    features, segments = shop(30)
    with pytest.raises(DataProblem, match="must have customers to learn from; there are none"):
        assigning.learn(features.iloc[:0], segments.iloc[:0], columns=COLUMNS, seed=7)


def test_small_cells_of_the_confusion_are_not_shown() -> None:
    counts = pd.DataFrame([[95, 5], [4, 96]])
    shares = assigning.confusion_shares(replace(learned(), confusion=counts), names=NAMES, min_group=5)
    assert shares.to_numpy().tolist() == [[0.95, 0.05], [0.0, 0.96]]


# --- numbers


def test_a_level_never_seen_counts_as_another() -> None:
    features, _ = shop()
    city = schema.schema_of(features, columns=["city"])
    told = schema.as_numbers(pd.DataFrame({"city": ["Wien", "Atlantis", None]}), city)
    np.testing.assert_array_equal(told, [[0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])


def test_rare_levels_are_one() -> None:
    features, _ = shop()
    features.iloc[0, features.columns.get_loc("city")] = "Atlantis"
    assert schema.schema_of(features, columns=["city"]).columns[0].levels == ("Bern", "Graz", "Wien")


def test_skewed_numbers_become_logarithms_and_infinity_is_missing() -> None:
    spend = schema.Schema((schema.described(pd.Series([1.0], name="net_spend")),))
    told = schema.as_numbers(pd.DataFrame({"net_spend": [np.e - 1, 1 - np.e, np.inf]}), spend)
    np.testing.assert_allclose(told, [[1.0], [-1.0], [np.nan]])


def test_text_where_a_number_was_is_refused() -> None:
    features, _ = shop(3)
    with pytest.raises(
        DataProblem, match="The feature 'net_spend' must be a number, as the model knows it; it is text"
    ):
        assigning.assign(model(), features.astype({"net_spend": "str"}))


# --- placing


def test_customers_of_the_model_get_their_segments() -> None:
    features, segments = shop()
    told = assigning.assign(model(), features)
    assert (told["segment"] == segments).mean() > 0.98
    assert told["name"].iloc[:3].tolist() == NAMES
    assert list(told) == ["segment", "name", "probability", "basis", "reason"]


def test_probabilities_of_the_segments_add_up_to_one() -> None:
    features, _ = shop()
    rung = model().rungs[0]
    np.testing.assert_allclose(
        rung.learned.model.predict_proba(schema.as_numbers(features, rung.learned.schema)).sum(axis=1), 1.0
    )
    assert assigning.assign(model(), features)["probability"].between(1 / 3, 1).all()


def test_rows_in_another_order_get_the_same() -> None:
    features, _ = shop()
    other = features.sample(frac=1, random_state=3)[list(reversed(features.columns))]
    told = assigning.assign(model(), other).loc[features.index]
    pd.testing.assert_frame_equal(told, assigning.assign(model(), features))


def test_many_parts_give_the_same_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = shop()
    whole = assigning.assign(model(), features)
    monkeypatch.setattr("segmentation.assigning.placing.AT_ONCE", 70)
    pd.testing.assert_frame_equal(assigning.assign(model(), features), whole)


def test_one_customer_gets_what_all_get() -> None:
    features, _ = shop(60)
    features = pd.concat([features, newcomer(), newcomer(city="Graz").rename({"c0000": "x"})])
    features.index = pd.Index([f"n{number}" for number in range(len(features))], name="customer_id")
    table = assigning.assign(model(), features)
    together = [tuple(row) for row in table.astype(object).where(table.notna(), None).itertuples(index=False)]
    assert [tuple(assigning.assign_customer(model(), row).values()) for row in features.to_dict("records")] == together


def test_an_unknown_city_and_missing_numbers_are_borne() -> None:
    told = assigning.assign(model(), newcomer(order_count=5.0, tenure_days=300.0, city="Atlantis"))
    assert (told["basis"].item(), told["segment"].notna().item()) == ("orders", True)


def test_a_number_beyond_all_that_was_learnt_from_counts_as_the_nearest() -> None:
    features, _ = shop()
    rung = model().rungs[0]
    far, near = (features.iloc[:1].assign(net_spend=spend) for spend in (1e15, features["net_spend"].max()))
    told, expected = (
        rung.learned.model[:-1].transform(schema.as_numbers(row, rung.learned.schema)) for row in (far, near)
    )
    np.testing.assert_allclose(told, expected)


def test_a_customer_who_stands_twice_is_refused() -> None:
    features, _ = shop(3)
    with pytest.raises(DataProblem, match="Each customer must have one row; 3 rows are of customers seen before"):
        assigning.assign(model(), pd.concat([features, features]))


def test_a_table_of_another_version_is_refused_with_the_difference() -> None:
    features, _ = shop(3)
    with pytest.raises(DataProblem, match="must have what the model knows; it does not have 'net_spend'"):
        assigning.assign(model(), features.drop(columns="net_spend"))


def test_reasons_speak_for_the_segment() -> None:
    features, _ = shop()
    reasons = assigning.assign(model(), features)["reason"]
    assert "seldom" in reasons.iloc[2]
    assert "often" in reasons.iloc[0]


# --- cold start


def test_each_goes_by_what_is_known() -> None:
    rows = [
        newcomer(order_count=1.0, tenure_days=5.0, first_order_value=40.0),
        newcomer(order_count=1.0, tenure_days=400.0, first_order_value=40.0),
        newcomer(order_count=3.0, tenure_days=5.0, net_spend=300.0),
        newcomer(city="Graz"),
        newcomer(),
    ]
    features = pd.concat(rows).set_axis(list("abcde"), axis=0)
    told = assigning.assign(model(), features)
    assert told["basis"].tolist() == ["first order", "orders", "orders", "demographics", "not yet"]


def test_not_yet_has_no_segment_and_no_probability() -> None:
    told = assigning.assign(model(), newcomer()).iloc[0]
    assert told[["segment", "name", "probability"]].isna().all()
    assert (told["basis"], told["reason"]) == ("not yet", "")
    assert assigning.assign_customer(model(), {}) == {
        "segment": None, "name": None, "probability": None, "basis": "not yet", "reason": "",
    }  # fmt: skip


def test_a_rung_that_tells_nothing_is_not_used() -> None:
    features, segments = shop()
    alike = features.assign(city="Bern", tenure_days=50.0, first_order_value=np.nan)
    cold = assigning.learn_cold_start(alike, segments, names=NAMES, seed=7, folds=2)
    used = assigning.cold_start_table(cold).set_index("goes by")["used"]
    assert used.to_dict() == {
        "first order": "too few customers", "web behaviour": "too few customers", "demographics": "no",
        "similar customers": "no",
    }  # fmt: skip
    assert assigning.cold_start_sentence(cold).startswith("Nothing known of a newcomer tells the segment better")
    built = assigning.build_model(learned(), cold, features, segments, names=NAMES)
    assert assigning.assign(built, newcomer(city="Graz"))["basis"].tolist() == ["not yet"]


def test_one_order_goes_by_all_orders_where_the_first_tells_nothing() -> None:
    features, segments = shop()
    built = assigning.build_model(learned(), [], features, segments, names=NAMES)
    told = assigning.assign(built, newcomer(order_count=1.0, tenure_days=5.0, first_order_value=40.0))
    assert told["basis"].tolist() == ["orders"]


def test_similar_customers_vote() -> None:
    features, segments = shop()
    plan = coldstart.Plan("similar customers", ("city",), ("city",), (SIMILAR,))
    rung = coldstart.learn_rung(features, segments, plan, names=NAMES, seed=7, folds=5)
    built = Model(dict(enumerate(NAMES)), (rung,))
    told = assigning.assign(built, newcomer(city="Wien")).iloc[0]
    assert (told["segment"], told["probability"], told["basis"]) == (1, 1.0, "similar customers")


def test_the_cold_start_table_stands_beside_the_guess() -> None:
    features, segments = shop()
    table = assigning.cold_start_table(assigning.learn_cold_start(features, segments, names=NAMES, seed=7, folds=2))
    first = table.set_index("goes by").loc["first order"]
    assert (first["customers"], round(first["always the largest"], 2), first["used"]) == (300, 0.33, "yes")
    assert first["placed right"] > 0.9


def test_only_who_came_lately_is_learnt_from() -> None:
    days = pd.DataFrame({"tenure_days": [*np.full(600, 10.0), *np.full(600, 500.0)]})
    assert coldstart.lately_come(days)["tenure_days"].unique().tolist() == [10.0]


def test_where_few_came_lately_the_last_to_come_are_learnt_from() -> None:
    days = pd.DataFrame({"tenure_days": np.arange(700.0, 1700.0)})
    assert len(coldstart.lately_come(days)) == 500


def line(order_id: str, day: int, **told: object) -> dict[str, object]:
    return order_line(order_id=order_id, ordered_at=pd.Timestamp(2025, 3, day, 12).to_pydatetime(), **told)


def test_a_first_order_knows_nothing_of_later_ones(connection: Backend) -> None:
    lines = [line("1", 1, quantity=2), line("1", 1, product_id="TEA", unit_price=5.0)]
    later = [line("2", 9, quantity=50, coupon="SALE"), line("3", 9, quantity=-1)]
    day = pd.Timestamp(2025, 4, 1).date()
    alone, both = (
        assigning.first_features(store_orders(connection, told), as_of=day).execute()[[
            "customer_id", *(name for name in coldstart.FIRST_ORDER if name in FEATURES)
        ]]
        for told in (lines, lines + later)
    )  # fmt: skip
    pd.testing.assert_frame_equal(alone, both)
    assert both["first_order_value"].tolist() == [25.0]


# --- keeping


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "04_model.skops"
    assigning.save_model(path, model())
    return path


def test_a_kept_model_places_the_same(kept: Path) -> None:
    features, _ = shop()
    pd.testing.assert_frame_equal(
        assigning.assign(assigning.load_model(kept), features), assigning.assign(model(), features)
    )


@pytest.mark.parametrize("learner", [*LEARNERS.values(), SIMILAR], ids=lambda learner: learner.name)
def test_every_learner_can_be_kept(learner: object, tmp_path: Path) -> None:
    features, segments = shop(60)
    told = assigning.learn(features, segments, columns=COLUMNS, seed=7, learners=(learner,), folds=2)
    built = assigning.build_model(told, [], features, segments, names=NAMES)
    assigning.save_model(tmp_path / "04_model.skops", built)
    again = assigning.load_model(tmp_path / "04_model.skops")
    pd.testing.assert_frame_equal(assigning.assign(again, features), assigning.assign(built, features))


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    path, written = tmp_path / "04_model.skops", tmp_path / "written"
    path.write_bytes(pickle.dumps(Malicious(written)))
    with pytest.raises(DataProblem, match=r"must be a file that the workbook wrote.*'04_model\.skops' is not"):
        assigning.load_model(path)
    assert not written.exists()


def test_types_that_no_model_has_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "04_model.skops"
    skops.io.dump({"kind": storage.KIND, "learn": FunctionTransformer(print)}, path)
    with pytest.raises(DataProblem, match=r"holds 'builtins\.print', which was not opened"):
        assigning.load_model(path)


def test_a_zip_with_a_forged_plan_runs_nothing(kept: Path, tmp_path: Path) -> None:
    path, written = tmp_path / "forged.skops", tmp_path / "written"
    plan = json.loads(zipfile.ZipFile(kept).read("schema.json"))
    plan["content"]["kind"] = {
        "__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1,
        "content": {"module_path": "os", "function": "system", "args": [f"touch {written}"]},
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(plan))
    with pytest.raises(DataProblem, match=r"damaged|which was not opened"):
        assigning.load_model(path)
    assert not written.exists()


def test_another_thing_written_by_skops_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "04_model.skops"
    skops.io.dump(LogisticRegression(), path)
    with pytest.raises(DataProblem, match=r"must be a file that the workbook wrote; '04_model\.skops' holds something"):
        assigning.load_model(path)


@pytest.mark.parametrize("part", [0.3, 0.7, 0.98])
def test_a_file_that_was_cut_off_is_refused(kept: Path, tmp_path: Path, part: float) -> None:
    path = tmp_path / "04_model.skops"
    whole = kept.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(DataProblem, match="is not"):
        assigning.load_model(path)


def test_a_damaged_part_is_refused(kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "04_model.skops"
    with zipfile.ZipFile(kept) as whole, zipfile.ZipFile(path, "w") as damaged:
        for name in whole.namelist():
            damaged.writestr(name, whole.read(name) if name.endswith(".json") else b"no array")
    with pytest.raises(DataProblem, match=r"Can't read the model '04_model\.skops': the file is damaged"):
        assigning.load_model(path)


def test_a_tree_that_leads_out_of_itself_is_refused(tmp_path: Path) -> None:
    features, segments = shop(60)
    told = assigning.learn(features, segments, columns=COLUMNS, seed=7, learners=TWO[:1])
    buffer = io.BytesIO()
    tree = told.model.named_steps["learn"].tree_
    state = tree.__getstate__()
    state["nodes"]["left_child"][0] = 1_000_000
    tree.__setstate__(state)
    skops.io.dump(told.model, buffer)
    with pytest.raises(DataProblem, match="damaged"):
        storage.require_sound(told.model, tmp_path / "04_model.skops")


def test_a_model_of_another_scikit_learn_is_refused(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = storage.versions()
    monkeypatch.setattr(storage, "versions", lambda: now | {"scikit-learn": "0.24.1"})
    with pytest.raises(DataProblem, match=rf"it was {now['scikit-learn']} and 0\.24\.1 is installed"):
        assigning.load_model(kept)


def test_the_last_digit_of_scikit_learn_may_differ(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = storage.versions()
    other = ".".join([*now["scikit-learn"].split(".")[:2], "99"])
    monkeypatch.setattr(storage, "versions", lambda: now | {"scikit-learn": other})
    assert assigning.load_model(kept).names == model().names


def test_a_feature_that_means_something_else_now_is_refused(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FEATURES, "net_spend", replace(FEATURES["net_spend"], formula="gross"))
    with pytest.raises(DataProblem, match=r"'net_spend' was .* and is log · money · gross"):
        assigning.load_model(kept)


def test_a_feature_that_is_gone_is_refused(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {name: feature for name, feature in FEATURES.items() if name != "net_spend"}
    monkeypatch.setattr("segmentation.assigning.schema.FEATURES", fewer)
    with pytest.raises(DataProblem, match="The model knows 'net_spend', this version of the workbook does not"):
        assigning.load_model(kept)
