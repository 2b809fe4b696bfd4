"""Lifetime models tell what their assumptions imply: likelihoods, gradients, expectations, drawn futures."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1, roots_genlaguerre, roots_sh_jacobi

from segmentation.lifetime import MODELS
from segmentation.lifetime import gamma_gamma as money
from segmentation.lifetime.fitting import second_derivatives
from segmentation.lifetime.histories import Summary
from segmentation.lifetime.models import Model

PARAMETERS = {
    "BG/NBD": np.array([0.7, 4.0, 0.8, 2.4]),
    "MBG/NBD": np.array([0.7, 4.0, 0.8, 2.4]),
    "Pareto/NBD": np.array([0.7, 10.0, 0.6, 11.0]),
}
AHEAD = 5.0
TEN = [
    (0, 0, 3),
    (0, 0, 40),
    (1, 2, 3),
    (1, 2, 40),
    (1, 39, 40),
    (2, 30.43, 38.86),
    (3, 8, 9),
    (5, 5, 5),
    (7, 1, 30),
    (12, 30, 31),
]

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def histories_of(rows: list[tuple[float, float, float]]) -> Summary:
    repeats, last, span = np.array(rows, dtype="float64").T
    return Summary(repeats, last, span, np.ones(len(rows)))


def likelihood_of_one(
    name: str, rate: float, leaving: float, x: float, last: float, span: float
) -> tuple[float, float]:
    """Give the likelihood of a history with known rates: of having stayed, and of having left."""
    bought = rate**x
    if name == "Pareto/NBD":
        both = rate + leaving
        stayed = bought * np.exp(-both * span)
        return stayed, bought * leaving / both * (np.exp(-both * last) - np.exp(-both * span))
    chances = x + (name == "MBG/NBD")
    stayed = bought * (1 - leaving) ** chances * np.exp(-rate * span)
    left = bought * leaving * (1 - leaving) ** (chances - 1) * np.exp(-rate * last) if chances else 0.0
    return stayed, left


def mixed(name: str, x: float, last: float, span: float) -> tuple[float, float]:
    """Integrate the likelihoods of having stayed and of having left over customers' rates, by Gauss' nodes."""
    r, alpha, third, fourth = PARAMETERS[name]
    rates, of_rates = roots_genlaguerre(80, r - 1)
    if name == "Pareto/NBD":
        leaving, of_leaving = roots_genlaguerre(80, third - 1)
        leaving = leaving / fourth
    else:
        leaving, of_leaving = roots_sh_jacobi(80, third + fourth - 1, third)
    weights = np.outer(of_rates / of_rates.sum(), of_leaving / of_leaving.sum())
    parts = likelihood_of_one(name, rates[:, None] / alpha, leaving, x, last, span)
    return tuple(float((weights * part).sum()) for part in parts)


@each_model
@pytest.mark.parametrize("row", [(0, 0, 3), (1, 2, 3), (2, 6, 9)])
def test_a_likelihood_is_the_integral_over_customers_rates(model: Model, row: tuple[float, float, float]) -> None:
    stayed, left = mixed(model.name, *row)
    value, _ = model.log_likelihood(np.log(PARAMETERS[model.name]), histories_of([row]))
    assert value == pytest.approx(np.log(stayed + left), abs=1e-7)
    active = model.active(PARAMETERS[model.name], histories_of([row]))[0]
    assert active == pytest.approx(stayed / (stayed + left), abs=1e-7)


def test_the_time_of_leaving_is_integrated_as_by_scipy() -> None:
    r, alpha, s, rate = PARAMETERS["Pareto/NBD"]
    pareto = MODELS["Pareto/NBD"]
    for x, last, span in TEN:

        def leaving(u: float, x: float = x) -> float:
            return s * (rate + u) ** -(s + 1) * (alpha + u) ** -(r + x)

        left, _ = quad(leaving, last, span, epsabs=0, epsrel=1e-12, limit=200)
        stayed = (alpha + span) ** -(r + x) * (rate + span) ** -s
        active = pareto.active(PARAMETERS["Pareto/NBD"], histories_of([(x, last, span)]))[0]
        assert active == pytest.approx(stayed / (stayed + left), rel=1e-10)


@each_model
def test_gradients_are_those_of_the_likelihood(model: Model) -> None:
    logs, summary, step = np.log(PARAMETERS[model.name]), histories_of(TEN), 1e-5
    _, gradient = model.log_likelihood(logs, summary)
    numerical = [
        (model.log_likelihood(logs + along, summary)[0] - model.log_likelihood(logs - along, summary)[0]) / (2 * step)
        for along in step * np.eye(4)
    ]
    assert gradient == pytest.approx(np.array(numerical), rel=1e-6, abs=1e-6)


def test_the_gradient_of_gamma_gamma_is_that_of_its_likelihood() -> None:
    logs, repeats, value, step = np.log([6.0, 3.7, 15.0]), np.array([1.0, 2.0, 9.0]), np.array([20.0, 35.0, 5.0]), 1e-5
    _, gradient = money.log_likelihood(logs, repeats, value)
    numerical = [
        (money.log_likelihood(logs + along, repeats, value)[0] - money.log_likelihood(logs - along, repeats, value)[0])
        / (2 * step)
        for along in step * np.eye(3)
    ]
    assert gradient == pytest.approx(np.array(numerical), rel=1e-6, abs=1e-6)


def test_the_likelihood_of_gamma_gamma_integrates_to_one_over_money() -> None:
    logs, repeats = np.log([6.0, 3.7, 15.0]), np.array([2.0])
    whole, _ = quad(lambda value: np.exp(money.log_likelihood(logs, repeats, np.array([value]))[0]), 0, np.inf)
    assert whole == pytest.approx(1.0, abs=1e-7)


@each_model
def test_customers_with_the_same_history_count_once_each(model: Model) -> None:
    rows = histories_of([(1, 2, 40)] * 3)
    once = Summary(rows.repeats[:1], rows.last[:1], rows.span[:1], np.array([3.0]))
    logs = np.log(PARAMETERS[model.name])
    assert model.log_likelihood(logs, once)[0] == pytest.approx(model.log_likelihood(logs, rows)[0], rel=1e-13)


@each_model
def test_another_unit_of_time_changes_a_likelihood_by_a_constant(model: Model) -> None:
    parameters, summary = PARAMETERS[model.name].copy(), histories_of(TEN)
    in_weeks = model.log_likelihood(np.log(parameters), summary)[0]
    parameters[list(model.of_time)] *= 168
    in_hours = model.log_likelihood(np.log(parameters), summary.scaled(1 / 168))[0]
    assert in_hours == pytest.approx(in_weeks - summary.repeats.sum() * np.log(168), rel=1e-12)


@each_model
def test_expected_orders_are_the_mean_of_drawn_ones(model: Model) -> None:
    rows, number = [(0, 0, 40), (2, 30, 39), (40, 38, 39)], 40_000
    parameters = PARAMETERS[model.name]
    orders, _ = model.draw(
        parameters, histories_of([row for row in rows for _ in range(number)]), np.array([AHEAD, 40.0]),
        np.random.default_rng(1),
    )  # fmt: skip
    orders = orders.reshape(len(rows), number, 2)
    for place, days in enumerate((AHEAD, 40.0)):
        error = orders[..., place].std(axis=1) / np.sqrt(number)
        off = (model.orders(parameters, histories_of(rows), days) - orders[..., place].mean(axis=1)) / error
        assert np.abs(off).max() < 4
        share = (orders[..., place] > 0).mean(axis=1)
        off = model.returns(parameters, histories_of(rows), days) - share
        assert np.abs(off).max() < 4 * np.sqrt(0.25 / number)


def by_hypergeometric(a: float) -> float:
    """Compute what BG/NBD expects of a customer in 39 weeks as Fader, Hardie & Lee (2005) write it."""
    r, alpha, b, x, span, days = 0.243, 4.414, 2.426, 2.0, 38.86, 39.0
    ratio = ((alpha + span) / (alpha + span + days)) ** (r + x)
    told = hyp2f1(r + x, b + x, a + b + x - 1, days / (alpha + span + days))
    return (a + b + x - 1) / (a - 1) * (1 - ratio * told)


def by_sum(a: float) -> float:
    return MODELS["BG/NBD"].orders(np.array([0.243, 4.414, a, 2.426]), histories_of([(2, 30.43, 38.86)]), 39.0)[0]


@pytest.mark.parametrize("a", [0.05, 0.793, 1.2, 8.0])
def test_expected_orders_of_bg_nbd_are_those_of_the_hypergeometric_function(a: float) -> None:
    assert by_sum(a) == pytest.approx(by_hypergeometric(a), rel=1e-6)


def test_expected_orders_have_no_gap_where_the_hypergeometric_formula_divides_by_zero() -> None:
    beside = (by_hypergeometric(0.999) + by_hypergeometric(1.001)) / 2
    assert by_sum(1.0) == pytest.approx(beside, rel=1e-5)


@pytest.mark.parametrize("s", [1 - 1e-12, 1.0, 1 + 1e-12])
def test_expected_orders_of_pareto_nbd_have_no_gap_at_one(s: float) -> None:
    found = MODELS["Pareto/NBD"].orders(np.array([0.5, 10.0, s, 12.0]), histories_of([(2, 30, 40)]), 30.0)[0]
    assert found == pytest.approx(2.5 * 52 / 50 * np.log(82 / 52), rel=1e-9)


@each_model
def test_many_orders_are_expected_without_overflow(model: Model) -> None:
    summary = histories_of([(1e6, 299.0, 300.0), (1e4, 1e-7, 1e-7), (0, 0, 1e9)])
    orders = model.orders(PARAMETERS[model.name], summary, 365.0)
    assert np.isfinite(orders).all()
    assert (orders > 0).all()


@each_model
def test_who_bought_lately_is_active_more_probably(model: Model) -> None:
    active = model.active(PARAMETERS[model.name], histories_of([(3, last, 40) for last in (1, 10, 20, 39)]))
    assert (np.diff(active) > 0).all()


def test_bg_nbd_alone_holds_everybody_who_bought_once_to_be_active() -> None:
    once = histories_of([(0, 0, 40)])
    active = {name: model.active(PARAMETERS[name], once)[0] for name, model in MODELS.items()}
    assert active["BG/NBD"] == 1
    assert active["MBG/NBD"] == pytest.approx(1 / (1 + 0.8 / 2.4 * 11**0.7))
    assert active["Pareto/NBD"] < 0.7


def test_second_derivatives_of_a_parabola_are_exact() -> None:
    def parabola(at: np.ndarray) -> tuple[float, np.ndarray]:
        return float(-(at[0] ** 2) - at[0] * at[1]), np.array([-2 * at[0] - at[1], -at[0]])

    assert second_derivatives(parabola, np.array([0.3, 0.7])) == pytest.approx(
        np.array([[-2.0, -1], [-1, 0]]), abs=1e-9
    )
