"""Forecasts that are learnt from all features of an earlier day and what followed: regression and gradient boosting."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, TweedieRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import ThreadpoolController

from segmentation.agreement import drawn_sample
from segmentation.features import CATEGORIES, FEATURES, NUMBERS
from segmentation.forecasting.known import Kind, Known, Target, outcomes_of, tidy, usual_value
from segmentation.forecasting.recent import Activity, log_money
from segmentation.forecasting.scoring import POWER
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

THREADS = ThreadpoolController()  # one is quicker on a busy machine; see docs/decisions/0011-threads.md
FEWEST = 20  # customers who came back, and who stayed away
RARE = 0.01  # of customers; rarer words of a category stand together
MOST_WORDS = 30
MOST_LEARNT = 50_000  # customers
# Settings chosen on days before those that the benchmark reports, see docs/decisions/0026-forecasts.md.
RETURN_FREEDOM, AMOUNT_PULL, MOST_ROUNDS, MOST_TIMES = 0.003, 0.3, 500, 3
TREES: dict[str, Any] = {
    "max_iter": 120, "learning_rate": 0.03, "max_leaf_nodes": 8, "min_samples_leaf": 20, "max_features": 0.3,
    "l2_regularization": 10.0, "max_bins": 63, "early_stopping": False,
}  # fmt: skip


@dataclass(frozen=True)
class Regression:
    """Weighs all features: a logistic regression for who returns, a Tweedie regression for amounts.

    The Tweedie regression is fitted by the deviance that decides the contest, on a logarithmic scale, so what it tells
    adds up without being corrected afterwards.
    """

    name: str = "regression on all features"
    kind: Kind = "learner"
    activity: Activity = field(default_factory=Activity)

    @THREADS.wrap(limits=1)
    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by weights; see `Forecaster.forecast`."""
        then, today, outcomes = to_learn_from(learn, now, self.activity, days=days, seed=seed)
        prepare = regression_columns(then)
        then, today = prepare.fit_transform(then), prepare.transform(today)
        told = {name: self.one(then, outcomes[name].to_numpy(), today, returns=name == "returns") for name in targets}
        return tidy(pd.DataFrame(told, index=now.features.index), usual=usual_value(learn))

    def one(self, then: np.ndarray, followed: np.ndarray, today: np.ndarray, *, returns: bool) -> np.ndarray:
        """Forecast one target; an amount is at most what the customer who did most did, several times."""
        if returns:
            model = LogisticRegression(C=RETURN_FREEDOM, max_iter=MOST_ROUNDS)
            return model.fit(then, followed > 0).predict_proba(today)[:, 1]
        unit = followed.mean()
        if not unit:
            return np.zeros(len(today))
        model = TweedieRegressor(power=POWER, alpha=AMOUNT_PULL, link="log", max_iter=MOST_ROUNDS)
        return np.minimum(model.fit(then, followed / unit).predict(today) * unit, MOST_TIMES * followed.max())


@dataclass(frozen=True)
class GradientBoosting:
    """Grows small trees one on the errors of the other: one model for who returns, one for each amount."""

    name: str = "gradient boosting"
    kind: Kind = "learner"
    activity: Activity = field(default_factory=Activity)

    @THREADS.wrap(limits=1)
    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by trees; see `Forecaster.forecast`."""
        then, today, outcomes = to_learn_from(learn, now, self.activity, days=days, seed=seed)
        prepare = tree_columns(then)
        then, today = prepare.fit_transform(then), prepare.transform(today)
        told = {}
        for name in targets:
            followed = outcomes[name].to_numpy()
            if not followed.any():
                told[name] = np.zeros(len(today))
            elif name == "returns":
                model = HistGradientBoostingClassifier(**TREES, random_state=seed)
                told[name] = model.fit(then, followed > 0).predict_proba(today)[:, 1]
            else:
                model = HistGradientBoostingRegressor(loss="poisson", **TREES, random_state=seed)
                told[name] = model.fit(then, followed).predict(today)
        return tidy(pd.DataFrame(told, index=now.features.index), usual=usual_value(learn))


def to_learn_from(
    learn: Look, now: Known, activity: Activity, *, days: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Set out what learners read of both days, and what followed the earlier one.

    Raises
    ------
    DataProblem
        Too few customers came back or stayed away on the earlier day to learn the difference.
    """
    outcomes = outcomes_of(learn)
    came = int(outcomes["returns"].sum())
    if min(came, len(outcomes) - came) < FEWEST:
        raise DataProblem(
            f"To learn who comes back, at least {FEWEST} customers must have come back after {learn.day} and as many "
            f"stayed away; {came:,} came back and {len(outcomes) - came:,} stayed away."
        )
    then, today = (readable(known, activity.of(known, days=days)) for known in (learn, now))
    kept = drawn_sample(len(then), MOST_LEARNT, seed=seed)
    then, outcomes = then.iloc[kept], outcomes.iloc[kept]
    known = [name for name in then if then[name].nunique() > 1]
    return then[known], today[known], outcomes


def readable(known: Known | Look, lately: pd.DataFrame) -> pd.DataFrame:
    """Set out all features and what was done lately, numbers as floats and categories as words."""
    numbers = known.features[[*NUMBERS]].astype("float64")
    words = known.features[[*CATEGORIES]].astype("object").where(known.features[[*CATEGORIES]].notna(), None)
    return numbers.join(words).join(lately)


def skewed_and_plain(table: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Part columns into those whose logarithm is used, other numbers, and words."""
    words = [name for name in table if name in CATEGORIES]
    plain = [name for name in table if name in NUMBERS and FEATURES[name].transform == "none"]
    return [name for name in table if name not in {*words, *plain}], plain, words


def regression_columns(table: pd.DataFrame) -> ColumnTransformer:
    """Prepare columns for weights: logarithms, the middle for what is missing beside a flag, one flag a word."""
    skewed, plain, words = skewed_and_plain(table)
    ending = [
        SimpleImputer(strategy="median", add_indicator=True), MinMaxScaler(clip=True), StandardScaler(),
    ]  # fmt: skip
    flags = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=RARE, max_categories=MOST_WORDS, sparse_output=False
    )
    return ColumnTransformer(
        [
            ("logarithms", make_pipeline(FunctionTransformer(log_money), *ending), skewed),
            ("numbers", make_pipeline(*ending), plain),
            ("words", flags, words),
        ]
    )


def tree_columns(table: pd.DataFrame) -> ColumnTransformer:
    """Prepare columns for trees, which need no scale and read a missing value as such; words become places."""
    skewed, plain, words = skewed_and_plain(table)
    places = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=RARE, max_categories=MOST_WORDS
    )
    return ColumnTransformer([("numbers", "passthrough", [*skewed, *plain]), ("words", places, words)])
