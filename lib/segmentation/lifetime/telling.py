"""Lifetime models in a shop owner's words: what was found, how sure it is, and what may look odd."""

import numpy as np
import pandas as pd

from segmentation.lifetime.bg_nbd import BG_NBD
from segmentation.lifetime.choose import LifetimeModels
from segmentation.lifetime.fitting import Fit, Refused

OF_RATES = {
    "r": "how alike customers' rates of orders are (r)",
    "alpha": "their scale: r orders in so many days (alpha)",
}
OF_LEAVING = {
    "a": "weight of leaving after a purchase (a)",
    "b": "weight of staying after a purchase (b)",
    "s": "how alike customers' rates of leaving are (s)",
    "beta": "their scale: s leave in so many days (beta)",
}
OF_MONEY = {
    "p": "how even one customer's orders are (p)",
    "q": "how alike customers' means are (q)",
    "gamma": "their scale, {money} (gamma)",
}
MEANINGS = OF_RATES | OF_LEAVING | OF_MONEY
SPEND_BANDS = 20
A_TRIFLE = 0.01  # of value, by which nobody is worth more
MOST_TIMES = 100  # more is not worded as a multiple
FORMATS = {"estimate": "{:,.3f}", "standard error": "{:,.3f}", "lower": "{:,.3f}", "upper": "{:,.3f}"}


def fits_table(models: LifetimeModels, *, money: str) -> pd.DataFrame:
    """List every model's numbers with what they mean and how sure they are.

    Parameters
    ----------
    models : see `fit_best`
    money : the shop's currency

    Returns
    -------
    DataFrame, one row a number of a model that could be fitted: model, number (in words), estimate, standard error,
    lower and upper end of the 95 % interval, log-likelihood of the model; times in days
    """
    fits = [fit for fit in (*models.orders.values(), models.money) if isinstance(fit, Fit)]
    rows = [
        {
            "model": fit.model,
            "number": MEANINGS[name].format(money=money),
            "estimate": fit.parameters[name],
            "standard error": fit.standard_errors[name],
            "lower": fit.low[name],
            "upper": fit.high[name],
            "log-likelihood": fit.log_likelihood,
        }
        for fit in fits
        for name in fit.parameters
    ]
    return pd.DataFrame(rows, columns=["model", "number", *FORMATS, "log-likelihood"])


def models_in_words(models: LifetimeModels, *, money: str) -> list[str]:
    """Say what was chosen, what it tells of the customers, how orders are valued, and which model there is none of."""
    sentences = [models.words]
    if models.best:
        sentences.append(customers_in_words(models.chosen[1]))
    sentences.append(models.worth.words)
    if isinstance(models.money, Fit):
        p, q, gamma = models.worth.parameters
        sentences.append(f"An order is worth {p * gamma / (q - 1):,.2f} {money} on average over all customers.")
    pulled = [fit.words for fit in models.orders.values() if isinstance(fit, Fit) and fit.penalised]
    return [*sentences, *pulled, *(reason for reason in refusals(models) if reason != models.words)]


def customers_in_words(fit: Fit) -> str:
    """Say what a model of the next orders tells of customers as a whole.

    Examples
    --------
    >>> numbers = {"r": 0.5, "alpha": 30.0, "a": 1.0, "b": 3.0}
    >>> customers_in_words(Fit("MBG/NBD", numbers, numbers, numbers, numbers, -1.0, 9, False, "", None))
    'On average an active customer orders every 60 days, and one purchase in 4 is the last one.'
    """
    found = fit.parameters
    often = f"On average an active customer orders every {found['alpha'] / found['r']:,.0f} days"
    if "a" in found:
        return f"{often}, and one purchase in {(found['a'] + found['b']) / found['a']:,.0f} is the last one."
    half = found["beta"] * (2 ** min(1 / found["s"], 100.0) - 1)
    return f"{often}, and half of all customers have left after {half:,.0f} days."


def refusals(models: LifetimeModels) -> list[str]:
    """List why models could not be fitted, each reason once."""
    reasons = [fit.reason for fit in (*models.orders.values(), models.money) if isinstance(fit, Refused)]
    return list(dict.fromkeys(reasons))


def once_above_returning(
    table: pd.DataFrame, histories: pd.DataFrame, spend: pd.Series, models: LifetimeModels, *, horizon: int
) -> str:
    """Say how many customers who bought once are worth more than a returning one of the same spend, and why.

    Customers are compared within twentieths of spend: who bought once, with the median of who came back.

    Parameters
    ----------
    table : see `lifetime_table`; histories : the same index, see `purchase_histories`
    spend : net spend until the day of description, the same index, shop currency
    models : see `fit_best`; horizon : days ahead, one of the table's
    """
    once, back = histories["repeat_count"] == 0, histories["repeat_count"] > 0
    orders, value = table[f"orders_{horizon}"], table[f"value_{horizon}"]
    told = pd.DataFrame({"value": value, "orders": orders, "worth": value / orders.where(orders > 0)})
    bands = np.ceil(spend.rank(pct=True) * SPEND_BANDS)
    usual = told[back].groupby(bands[back]).median().reindex(bands).set_axis(told.index)
    above = once & (told["value"] > (1 + A_TRIFLE) * usual["value"])
    if not above.any():
        return "No customer who bought once is valued above the usual returning customer of the same spend."
    sentence = (
        f"{above.sum():,} of {once.sum():,} customers who bought once are valued above the usual returning customer of "
        "the same spend."
    )
    return sentence + reasons_above(told[above].median(), usual[above].median(), models, horizon=horizon)


def reasons_above(ours: pd.Series, usual: pd.Series, models: LifetimeModels, *, horizon: int) -> str:
    """Say why customers who bought once are worth more: larger orders, more orders, or a model that can't see them go.

    Parameters
    ----------
    ours, usual : orders expected and what one is worth, in the middle of them and of their returning counterparts
    """
    words = ""
    if ours["worth"] > usual["worth"]:
        times = ours["worth"] / usual["worth"] if usual["worth"] > 0 else np.inf
        words += (
            " What the others spent on several days they spent on one, so their next order is expected to bring "
            + ("more." if times > MOST_TIMES else f"{times:,.1f} times as much.")
        )
    if ours["orders"] > usual["orders"]:
        words += (
            f" They are expected to order {ours['orders']:,.2f} times in {horizon:,} days, the others, of whom more "
            f"may have left, {usual['orders']:,.2f} times."
        )
    if models.best == BG_NBD.name:
        words += f" {BG_NBD.name} takes everybody who bought only once to be a customer still."
    return words or " Who forecasts spend here does not go by how often somebody came back."
