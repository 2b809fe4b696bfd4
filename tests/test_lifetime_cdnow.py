"""CDNOW's customers: lifetime models against the figures that were published of them (data/SOURCES.md)."""

import datetime

import numpy as np
import pandas as pd
import pytest
from purchases import as_histories

from segmentation.lifetime import LifetimeModels, bias, expected_and_actual, expected_orders, fit_best, lifetime_table
from segmentation.runs import PROJECT

FILE = PROJECT.parent / "shared" / "data" / "CDNOW_sample.txt"
CALIBRATION_END = pd.Timestamp("1997-09-30")
WEEKS = 39

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"{FILE.name} does not stand in ../shared/data")


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    """Read what each customer spent on each day."""
    names = ["customer", "sample", "day", "pieces", "spend"]
    rows = pd.read_csv(FILE, sep=r"\s+", header=None, names=names, dtype={"day": str})
    rows["day"] = pd.to_datetime(rows["day"], format="%Y%m%d")
    return rows.groupby(["sample", "day"], as_index=False)["spend"].sum()


@pytest.fixture(scope="module")
def histories(purchases: pd.DataFrame) -> pd.DataFrame:
    """Count in weeks from the first purchase until the end of September, as Fader and Hardie do."""
    known = purchases[purchases["day"] <= CALIBRATION_END]
    first, last = (known.groupby("sample")["day"].agg(end) for end in ("min", "max"))
    later = known[known["day"] > known["sample"].map(first)]
    value = later.groupby("sample")["spend"].mean().reindex(first.index, fill_value=0.0)
    repeats = known.groupby("sample").size() - 1
    week = pd.Timedelta(days=7)
    span, until_last = (CALIBRATION_END - first) / week, (last - first) / week
    return as_histories(repeats.to_numpy(), until_last.to_numpy(), span.to_numpy(), value.to_numpy())


@pytest.fixture(scope="module")
def later(purchases: pd.DataFrame, histories: pd.DataFrame) -> pd.Series:
    """Count each customer's purchases in the 39 weeks that followed."""
    after = purchases[purchases["day"] > CALIBRATION_END].groupby("sample").size()
    return pd.Series(after.reindex(range(1, len(histories) + 1), fill_value=0).to_numpy(), index=histories.index)


@pytest.fixture(scope="module")
def models(histories: pd.DataFrame) -> LifetimeModels:
    return fit_best(histories)


def with_model(models: LifetimeModels, name: str) -> LifetimeModels:
    return LifetimeModels(models.orders, models.money, models.worth, name, "")


def test_the_sample_is_the_published_one(histories: pd.DataFrame, later: pd.Series) -> None:
    assert (len(histories), int((histories["repeat_count"] > 0).sum()), int(later.sum())) == (2357, 946, 1882)


# BG/NBD: Fader, Hardie & Lee (2005), Marketing Science 24(2), table 2. Pareto/NBD: the same table. MBG/NBD: what the R
# package BTYDplus 1.2 gives for this sample, which the tests of the Python package lifetimes hold it to.
PUBLISHED = {
    "BG/NBD": [0.243, 4.414, 0.793, 2.426],
    "MBG/NBD": [0.525, 6.183, 0.891, 1.614],
    "Pareto/NBD": [0.553, 10.578, 0.606, 11.669],
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones_to_the_printed_digits(models: LifetimeModels, name: str) -> None:
    assert [round(value, 3) for value in models.orders[name].parameters.values()] == PUBLISHED[name]
    assert not models.orders[name].penalised


@pytest.mark.parametrize(("name", "published"), [("BG/NBD", -9582.4), ("Pareto/NBD", -9595.0)])
def test_log_likelihoods_are_the_published_ones(models: LifetimeModels, name: str, published: float) -> None:
    assert round(models.orders[name].log_likelihood, 1) == published


def test_gamma_gamma_has_the_published_parameters(models: LifetimeModels) -> None:
    # Fader & Hardie (2013), note 025.
    assert [round(value, 2) for value in models.money.parameters.values()] == [6.25, 3.74, 15.44]
    assert models.money.customers == 946


def test_expected_purchases_of_one_customer_are_the_published_ones(models: LifetimeModels) -> None:
    one = as_histories(np.array([2]), np.array([30.43]), np.array([38.86]))
    assert round(expected_orders(one, with_model(models, "BG/NBD"), days=WEEKS).iloc[0], 3) == 1.226


@pytest.mark.parametrize(("name", "known"), [("BG/NBD", -0.1215), ("MBG/NBD", -0.1622), ("Pareto/NBD", -0.1150)])
def test_the_bias_against_the_39_weeks_that_followed(
    models: LifetimeModels, histories: pd.DataFrame, later: pd.Series, name: str, known: float
) -> None:
    assert bias(expected_orders(histories, with_model(models, name), days=WEEKS), later) == pytest.approx(
        known, abs=1e-3
    )


def test_expected_orders_rise_with_repeats_as_those_that_came(
    models: LifetimeModels, histories: pd.DataFrame, later: pd.Series
) -> None:
    table = expected_and_actual(histories, models, later, days=WEEKS, min_group=10)
    assert table["customers"].sum() == 2357
    assert table["expected"].is_monotonic_increasing
    assert (table["expected"] - table["actual"]).abs().max() < 0.9


def test_another_unit_of_time_gives_the_same_fits(models: LifetimeModels, histories: pd.DataFrame) -> None:
    times = ["first_to_last_days", "observed_days"]
    in_hours = fit_best(histories.assign(**{name: histories[name] * 168 for name in times}))
    for name, fit in models.orders.items():
        scale = [168 if parameter in ("alpha", "beta") else 1 for parameter in fit.parameters]
        assert in_hours.orders[name].values == pytest.approx(fit.values * scale, rel=1e-6)
        assert in_hours.orders[name].covariance == pytest.approx(fit.covariance, rel=1e-3)


def test_predictive_intervals_hold_what_came(models: LifetimeModels, histories: pd.DataFrame, later: pd.Series) -> None:
    table = lifetime_table(
        histories, models, as_of=datetime.date(1997, 10, 1), horizons=(WEEKS,), draws=400, seed=1
    )  # fmt: skip
    held = (later >= table["orders_39_low"]) & (later <= table["orders_39_high"])
    assert 0.95 <= held.mean() < 0.995


def test_nobody_who_bought_once_and_long_ago_is_held_active_for_certain(
    models: LifetimeModels, histories: pd.DataFrame
) -> None:
    table = lifetime_table(histories, models, as_of=datetime.date(1997, 10, 1), draws=20, seed=1)
    assert models.best == "MBG/NBD"
    assert table.loc[histories["repeat_count"] == 0, "active"].max() < 0.5
