"""Lifetime models of a shop: histories counted, fits that always end, predictions in order, words that are true."""

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from ibis.backends.duckdb import Backend
from purchases import as_histories, drawn, nasty, with_money
from shops import Line, order_line, store_orders
from strategies import dirty_orders

from segmentation import figures
from segmentation.lifetime import (
    HORIZONS,
    MODELS,
    Fit,
    LifetimeModels,
    Refused,
    active_grid,
    expected_and_actual,
    fit_best,
    fits_table,
    frequency_and_money,
    lifetime_table,
    models_in_words,
    once_above_returning,
    purchase_histories,
    refusals,
    summarised,
)
from segmentation.lifetime.fitting import fit_model
from segmentation.lifetime.histories import Summary
from segmentation.problems import DataProblem

TODAY = datetime.date(2025, 6, 1)
KNOWN = {
    "BG/NBD": (0.24, 30.0, 0.8, 2.4),
    "MBG/NBD": (0.52, 43.0, 0.9, 1.6),
    "Pareto/NBD": (0.55, 74.0, 0.6, 80.0),
}


def bought(customer: str, day: int, month: int = 3, **told: object) -> Line:
    when = datetime.datetime(2025, month, day, 12)
    return order_line(customer_id=customer, order_id=f"{customer} {when} {told}", ordered_at=when, **told)


def counted(connection: Backend, *lines: Line) -> pd.DataFrame:
    return purchase_histories(store_orders(connection, lines), as_of=TODAY)


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    """Draw 2,000 customers whose days and money are known to follow a model, in whole days."""
    histories = drawn("MBG/NBD", KNOWN["MBG/NBD"], customers=2000, span=600, seed=1)
    whole = {name: np.ceil(histories[name]) for name in ("first_to_last_days", "observed_days")}
    return with_money(histories.assign(**whole), p=6.0, q=4.0, gamma=15.0, seed=2)


@pytest.fixture(scope="module")
def models(shop: pd.DataFrame) -> LifetimeModels:
    return fit_best(shop)


@pytest.fixture(scope="module")
def table(shop: pd.DataFrame, models: LifetimeModels) -> pd.DataFrame:
    return lifetime_table(shop, models, as_of=TODAY, draws=200, seed=3)


# Histories


def test_days_with_a_purchase_are_counted_not_orders(connection: Backend) -> None:
    told = counted(connection, bought("ann", 1), bought("ann", 1, quantity=2), bought("ann", 11), bought("ann", 31))
    assert told.loc["ann", ["repeat_count", "first_to_last_days", "observed_days"]].tolist() == [2, 30, 92]


def test_order_value_is_what_came_in_after_the_first_day_for_each_later_day(connection: Backend) -> None:
    lines = [bought("ann", 1, unit_price=500.0), bought("ann", 5, unit_price=30.0), bought("ann", 9, unit_price=20.0)]
    assert counted(connection, *lines).loc["ann", "order_value"] == 25


def test_returns_discounts_and_refunds_are_taken_off(connection: Backend) -> None:
    lines = [
        bought("ann", 1),
        bought("ann", 5, unit_price=50.0, discount=5.0, refunded=3.0),
        bought("ann", 20, quantity=-1, unit_price=12.0),
    ]
    told = counted(connection, *lines).loc["ann"]
    assert (told["repeat_count"], told["order_value"]) == (1, 30)


def test_repeats_that_brought_no_money_have_no_value(connection: Backend) -> None:
    lines = [bought("ann", 1), bought("ann", 5, refunded=40.0), bought("ben", 1), bought("ben", 5)]
    told = counted(connection, *lines)
    assert told["first_value"].tolist() == [10, 10]
    assert told["order_value"].isna().tolist() == [True, False]


def test_what_comes_on_the_day_of_description_or_later_is_not_known(connection: Backend) -> None:
    told = counted(connection, bought("ann", 1), bought("ann", 1, month=6), bought("ben", 2, month=6))
    assert told.index.tolist() == ["ann"]
    assert told.loc["ann", "repeat_count"] == 0


def test_a_return_alone_makes_no_customer(connection: Backend) -> None:
    assert counted(connection, bought("ann", 1, quantity=-1), bought("ben", 1)).index.tolist() == ["ben"]


def test_one_row_a_customer_tells_no_history(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="needs the day of each order"):
        counted(connection, bought("ann", 1, orders_in_row=7))


@settings(max_examples=8)
@given(lines=dirty_orders(dirt=("returns", "refunds", "gifts")))
def test_histories_do_not_depend_on_the_order_of_lines(connection: Backend, lines: list[Line]) -> None:
    later = datetime.date(2026, 1, 1)
    told, turned = (purchase_histories(store_orders(connection, rows), as_of=later) for rows in (lines, lines[::-1]))
    pd.testing.assert_frame_equal(told, turned)
    assert (told["first_to_last_days"] < told["observed_days"]).all()
    assert ((told["first_to_last_days"] > 0) == (told["repeat_count"] > 0)).all()


def test_a_summary_holds_every_customer_once() -> None:
    histories = as_histories(np.array([1, 0, 1, 0]), np.array([5, 0, 5, 0]), np.array([9, 9, 9, 8]))
    assert summarised(histories)["customers"].tolist() == [1, 1, 2]


# Fits


@pytest.mark.parametrize("name", KNOWN)
def test_known_parameters_are_found_again_within_their_intervals(name: str) -> None:
    held = []
    for seed in range(6):
        fit = fit_model(MODELS[name], Summary.of(drawn(name, KNOWN[name], customers=1500, span=600, seed=seed)))
        assert not fit.penalised
        held += [fit.low[key] < known < fit.high[key] for key, known in zip(fit.parameters, KNOWN[name], strict=True)]
    assert np.mean(held) >= 0.8


def test_gamma_gamma_finds_known_parameters_again(models: LifetimeModels) -> None:
    for name, known in {"p": 6.0, "q": 4.0, "gamma": 15.0}.items():
        assert models.money.low[name] < known < models.money.high[name]


def test_the_model_that_made_the_data_is_chosen(models: LifetimeModels) -> None:
    assert models.best == "MBG/NBD"


def test_shuffling_customers_changes_nothing(shop: pd.DataFrame, models: LifetimeModels) -> None:
    again = fit_best(shop.sample(frac=1, random_state=1))
    assert again.words == models.words
    assert again.chosen[1].parameters == models.chosen[1].parameters


@pytest.mark.parametrize(
    ("histories", "reason"),
    [
        (as_histories(np.zeros(100), np.zeros(100), np.full(100, 50.0)), "0 of 100 customers did"),
        (as_histories(np.ones(2), np.ones(2), np.full(2, 9.0)), "2 of 2 customers did"),
        (as_histories(np.ones(30), np.ones(30), np.full(30, 9.0)), "customers who differ"),
        (as_histories(np.ones(30), np.full(30, 10.0), np.full(30, 9.0)), "lies between"),
        (as_histories(np.ones(30), np.full(30, np.nan), np.full(30, 9.0)), "lies between"),
        (as_histories(np.arange(1, 31), np.zeros(30), np.zeros(30)), "time to pass"),
    ],
)
def test_histories_that_carry_no_model_are_refused_with_the_reason(histories: pd.DataFrame, reason: str) -> None:
    models = fit_best(histories)
    assert models.best == ""
    assert all(isinstance(fit, Refused) for fit in models.orders.values())
    assert any(reason in words for words in refusals(models))
    with pytest.raises(DataProblem, match=reason):
        lifetime_table(histories, models, as_of=TODAY, draws=10, seed=1)


def test_a_flat_likelihood_is_pulled_and_says_so() -> None:
    generator = np.random.default_rng(1)
    last = generator.uniform(1, 9, 30)
    models = fit_best(as_histories(np.ones(30), last, np.full(30, 10.0)))
    assert models.chosen[1].penalised
    assert "pulled mildly to usual" in models.chosen[1].words
    assert all(
        0 < error < 5 * models.chosen[1].parameters[name] for name, error in models.chosen[1].standard_errors.items()
    )


@pytest.mark.parametrize("seed", range(24))
def test_nasty_histories_end_in_finite_ordered_results_or_a_reason(seed: int) -> None:
    histories = nasty(seed)
    models = fit_best(histories)
    if not models.best:
        assert refusals(models)
        return
    require_in_order(lifetime_table(histories, models, as_of=TODAY, draws=40, seed=seed))
    assert np.isfinite(fits_table(models, money="EUR").select_dtypes("number")).all(axis=None)


def require_in_order(table: pd.DataFrame) -> None:
    """Assert what a page relies on: finite, low ≤ expected ≤ high, and no less within more days."""
    numbers = table.select_dtypes("number")
    assert np.isfinite(numbers).all(axis=None)
    assert (numbers >= 0).all(axis=None)
    assert table["active"].le(1).all()
    for name in ("orders", "value"):
        for days in HORIZONS:
            assert (table[f"{name}_{days}_low"] <= table[f"{name}_{days}"]).all()
            assert (table[f"{name}_{days}"] <= table[f"{name}_{days}_high"]).all()
        for end in ("", "_low", "_high"):
            assert (table[f"{name}_30{end}"] <= table[f"{name}_90{end}"]).all()
            assert (table[f"{name}_90{end}"] <= table[f"{name}_365{end}"]).all()
    assert (table["returns_30"] <= table["returns_90"]).all()
    assert (table["returns_90"] <= table["returns_365"]).all()
    assert (table["returns_365"] <= table["active"] + 1e-9).all()


# The value of orders


def worth_of_unknown(models: LifetimeModels) -> float:
    return models.worth.expected(as_histories(np.zeros(1), np.zeros(1), np.ones(1)))[0]


def test_a_first_order_counts_as_much_as_later_ones_where_customers_stay_alike(models: LifetimeModels) -> None:
    worth = models.worth
    assert worth.first_weight > 0.8
    assert worth.first_scale == pytest.approx(1.0, abs=0.1)


def test_a_first_order_that_tells_nothing_has_no_weight(shop: pd.DataFrame) -> None:
    shuffled = shop.assign(first_value=shop["first_value"].sample(frac=1, random_state=1).to_numpy())
    assert fit_best(shuffled).worth.first_weight < 0.05


def test_who_bought_once_is_not_worth_more_than_a_returning_customer_of_the_same_spend(models: LifetimeModels) -> None:
    both = as_histories(np.array([0, 1]), np.array([0.0, 60.0]), np.array([60.0, 120.0]), np.array([0.0, 20.0]))
    both = both.assign(first_value=[30.0, 10.0])
    value = lifetime_table(both, models, as_of=TODAY, draws=20, seed=1)["value_365"]
    assert value.iloc[1] > value.iloc[0]


def test_where_money_and_frequency_go_together_gamma_gamma_is_not_used_as_it_is(shop: pd.DataFrame) -> None:
    models = fit_best(shop.assign(order_value=shop["order_value"] * shop["repeat_count"] ** 0.7))
    assert "more than Gamma-Gamma allows for" in models.worth.words
    seldom = shop["repeat_count"].between(1, 2)
    value = (shop["order_value"] * shop["repeat_count"] ** 0.7)[seldom].mean()
    assert shop.loc[shop["repeat_count"] > 0, "repeat_count"].median() == 2
    assert worth_of_unknown(models) == pytest.approx(value)


def test_rank_correlation_of_frequency_and_money_is_that_of_the_ranks() -> None:
    histories = as_histories(np.array([1, 2, 3, 0]), np.arange(4), np.full(4, 9), np.array([5.0, 9.0, 7.0, 1.0]))
    assert frequency_and_money(histories) == pytest.approx(0.5)


def test_where_nobody_brought_money_orders_are_valued_at_nothing(shop: pd.DataFrame) -> None:
    penniless = shop.assign(order_value=np.nan)
    models = fit_best(penniless)
    table = lifetime_table(penniless, models, as_of=TODAY, draws=40, seed=1)
    assert table["value_365_high"].max() == 0
    assert "valued at nothing" in models.worth.words


def test_a_few_values_are_drawn_to_their_mean(shop: pd.DataFrame) -> None:
    few = shop["order_value"].where(shop["order_value"].notna().cumsum() <= 10)
    models = fit_best(shop.assign(order_value=few))
    assert worth_of_unknown(models) == pytest.approx(few.mean())
    assert "needs 20 customers" in models.worth.words


def test_one_giant_order_does_not_set_the_mean_of_all(shop: pd.DataFrame) -> None:
    giant = shop.copy()
    giant.loc[shop["order_value"].idxmax(), "order_value"] = 1e7
    usual = worth_of_unknown(fit_best(giant))
    assert usual < 2 * giant["order_value"].mean()


# Predictions


def test_predictions_are_finite_and_in_order(table: pd.DataFrame, shop: pd.DataFrame) -> None:
    assert table.index.equals(shop.index)
    require_in_order(table)


def test_customers_with_the_same_history_get_the_same(shop: pd.DataFrame, models: LifetimeModels) -> None:
    twins = pd.concat([shop.head(50), shop.head(50).rename(index=lambda name: f"{name} again")])
    told = lifetime_table(twins, models, as_of=TODAY, draws=40, seed=1)
    pd.testing.assert_frame_equal(told.head(50), told.tail(50).set_axis(told.index[:50]))


def test_the_same_seed_draws_the_same_whoever_comes_first(
    table: pd.DataFrame, shop: pd.DataFrame, models: LifetimeModels
) -> None:
    turned = lifetime_table(shop[::-1], models, as_of=TODAY, draws=200, seed=3)
    pd.testing.assert_frame_equal(turned.sort_index(), table)


def test_drawn_futures_agree_with_expectations(shop: pd.DataFrame, models: LifetimeModels) -> None:
    often = shop[shop["repeat_count"] >= 5]
    told = lifetime_table(often, models, as_of=TODAY, draws=1000, seed=1)
    lively = told[told["active"] > 0.9]
    assert (lively["orders_365"] < lively["orders_365_high"]).all()
    assert (lively["orders_365_low"] < lively["orders_365"]).all()


def test_the_next_order_comes_on_a_day_from_today_or_is_unknown(table: pd.DataFrame) -> None:
    for name in ("next_order_on", "next_order_on_low", "next_order_on_high"):
        known = table[name].dropna()
        assert (known > pd.Timestamp(TODAY)).all()
        assert (known <= pd.Timestamp(TODAY) + pd.Timedelta(days=730)).all()
    both = table.dropna(subset=["next_order_on", "next_order_on_high"])
    assert (both["next_order_on_low"] <= both["next_order_on"]).all()
    assert (both["next_order_on"] <= both["next_order_on_high"]).all()


def test_half_of_the_active_order_before_the_day_of_the_next_order(models: LifetimeModels, shop: pd.DataFrame) -> None:
    one = shop[shop["repeat_count"] == 6].head(1)
    told = lifetime_table(one, models, as_of=TODAY, draws=20, seed=1)
    days = (told["next_order_on"].iloc[0] - pd.Timestamp(TODAY)).days
    model, fit = models.chosen
    summary = Summary.of(one)
    assert model.returns(fit.values, summary, days)[0] >= 0.5 > model.returns(fit.values, summary, days - 1)[0]


def test_who_came_back_is_worth_more_than_who_bought_once_on_the_same_last_day(models: LifetimeModels) -> None:
    both = as_histories(np.array([0, 1]), np.array([0.0, 100.0]), np.array([200.0, 300.0]), np.array([0.0, 25.0]))
    value = lifetime_table(both, models, as_of=TODAY, draws=20, seed=1)["value_365"]
    assert value.iloc[1] > value.iloc[0]


# Words and figures


def test_the_table_of_fits_names_every_number_in_words(models: LifetimeModels) -> None:
    told = fits_table(models, money="EUR")
    assert len(told) == 15
    assert told["number"].str.len().min() > 20
    assert (told["lower"] < told["estimate"]).all()
    assert (told["estimate"] < told["upper"]).all()


def test_words_say_which_model_how_often_and_what_an_order_is_worth(models: LifetimeModels) -> None:
    words = " ".join(models_in_words(models, money="EUR"))
    assert "MBG/NBD is used" in words
    assert "orders every 7" in words or "orders every 8" in words
    assert "EUR on average over all customers" in words


def once_and_back(
    models: LifetimeModels, *, once_ago: float, back_ago: float, first: float, later: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set 50 customers who bought once beside 50 who came back twice, and predict them."""
    none, two = np.zeros(50), np.full(50, 2)
    histories = as_histories(
        np.r_[none, two], np.r_[none, np.full(50, 60.0)], np.r_[np.full(50, once_ago), np.full(50, back_ago + 60)],
        np.full(100, later),
    ).assign(first_value=np.r_[np.full(50, first), np.full(50, later)])  # fmt: skip
    return histories, lifetime_table(histories, models, as_of=TODAY, draws=20, seed=1)


def about_once(models: LifetimeModels, **told: float) -> str:
    histories, table = once_and_back(models, **told)
    spend = pd.Series(60.0, index=histories.index)
    return once_above_returning(table, histories, spend, models, horizon=365)


def test_a_newcomer_above_a_lapsed_returning_customer_is_explained_by_orders(models: LifetimeModels) -> None:
    words = about_once(models, once_ago=3, back_ago=500, first=1, later=20)
    assert words.startswith("50 of 50 customers who bought once are valued above")
    assert "of whom more may have left" in words
    assert "on one, so their next order" not in words


def test_one_large_order_above_several_small_ones_is_explained_by_its_size(models: LifetimeModels) -> None:
    words = about_once(models, once_ago=30, back_ago=90, first=600, later=2)
    assert words.startswith("50 of 50 customers who bought once are valued above")
    assert "on one, so their next order is expected to bring" in words
    assert "of whom more may have left" not in words


def test_bg_nbd_above_is_explained_by_the_model(models: LifetimeModels) -> None:
    bg_nbd = replace(models, best="BG/NBD")
    assert "BG/NBD takes everybody" in about_once(bg_nbd, once_ago=300, back_ago=500, first=20, later=20)


def test_where_nobody_stands_above_it_is_said(models: LifetimeModels) -> None:
    assert about_once(models, once_ago=300, back_ago=3, first=20, later=20).startswith("No customer who bought once")


def test_small_groups_are_left_out_of_expected_and_actual(shop: pd.DataFrame, models: LifetimeModels) -> None:
    later = pd.Series(1, index=shop.index)
    sizes = shop["repeat_count"].clip(upper=7).value_counts()
    told = expected_and_actual(shop, models, later, days=90, min_group=int(sizes.nlargest(3).min()))
    assert told.index.tolist() == ["0", "1", "2"]
    assert told["actual"].tolist() == [1, 1, 1]


def test_the_grid_falls_with_days_since_the_last_purchase(models: LifetimeModels) -> None:
    grid = active_grid(models, observed_days=365)
    assert (grid.diff(axis=1).iloc[:, 1:] < 0).all(axis=None)


def test_figures_are_drawn_and_empty_ones_say_so(shop: pd.DataFrame, models: LifetimeModels) -> None:
    later = pd.Series(1, index=shop.index)
    checked = expected_and_actual(shop, models, later, days=90, min_group=5)
    drawn_figures = [
        figures.expected_against_actual(checked),
        figures.active_heatmap(active_grid(models, observed_days=365)),
    ]
    assert [figure.axes[0].get_title(loc="left") for figure in drawn_figures] == [
        "Did customers order as often as expected?",
        "Who is still a customer?",
    ]
    empty = figures.expected_against_actual(checked.iloc[:0])
    assert any(text.get_text() == "not measured" for text in empty.axes[0].texts)


def test_a_fit_states_what_it_was_fitted_to(models: LifetimeModels) -> None:
    fits = [fit for fit in models.orders.values() if isinstance(fit, Fit)]
    assert [fit.words for fit in fits] == [
        f"{name} was fitted to 2,000 customers by maximum likelihood." for name in MODELS
    ]
