"""Forecasts that are learnt from all features of an earlier day and what followed: regression and gradient boosting."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from segmentation.features import CATEGORIES, FEATURES, NUMBERS
from segmentation.forecasting.known import Kind, Known, Target, outcomes_of, tidy, usual_value
from segmentation.forecasting.recent import log_money, recent_activity
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

FEWEST = 20  # customers of whom something must be known, and of either kind
RARE = 0.01  # of customers; rarer words of a category stand together
MOST_WORDS = 30


@dataclass(frozen=True)
class Regression:
    """Weighs all features: a logistic regression for who returns, ridge regression on logarithms for amounts."""

    name: str = "regression on all features"
    kind: Kind = "learner"

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by weights; see `Forecaster.forecast`."""
        then, today, outcomes = to_learn_from(learn, now, days=days)
        prepare = regression_columns(then)
        told = {}
        for name in targets:
            followed = outcomes[name].to_numpy()
            if name == "returns":
                model = make_pipeline(prepare, LogisticRegression(C=0.1, max_iter=500))
                told[name] = model.fit(then, followed > 0).predict_proba(today)[:, 1]
            else:
                told[name] = by_logarithms(make_pipeline(prepare, Ridge(alpha=30.0)), then, followed, today)
        return tidy(pd.DataFrame(told, index=today.index), usual=usual_value(learn))


@dataclass(frozen=True)
class GradientBoosting:
    """Grows small trees one on the errors of the other: one model for who returns, one for amounts."""

    name: str = "gradient boosting"
    kind: Kind = "learner"

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by trees; see `Forecaster.forecast`."""
        then, today, outcomes = to_learn_from(learn, now, days=days)
        prepare = tree_columns(then)
        then, today = prepare.fit_transform(then), prepare.transform(today)
        told = {}
        for name in targets:
            followed = outcomes[name].to_numpy()
            if name == "returns":
                model = HistGradientBoostingClassifier(**TREES, random_state=seed)
                told[name] = model.fit(then, followed > 0).predict_proba(today)[:, 1]
            else:
                model = HistGradientBoostingRegressor(loss="poisson", **TREES, random_state=seed)
                told[name] = model.fit(then, followed).predict(today)
        return tidy(pd.DataFrame(told, index=now.features.index), usual=usual_value(learn))


TREES: dict[str, Any] = {
    "max_iter": 60, "learning_rate": 0.06, "max_leaf_nodes": 8, "min_samples_leaf": 40, "l2_regularization": 10.0,
    "early_stopping": False, "max_bins": 63,
}  # fmt: skip


def to_learn_from(learn: Look, now: Known, *, days: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
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
    then, today = readable(learn, days=days), readable(now, days=days)
    known = [name for name in then if then[name].nunique() > 1]
    return then[known], today[known], outcomes


def readable(known: Known | Look, *, days: int) -> pd.DataFrame:
    """Set out all features and what was done lately, numbers as floats and categories as words."""
    numbers = known.features[[*NUMBERS]].astype("float64")
    words = known.features[[*CATEGORIES]].astype("object").where(known.features[[*CATEGORIES]].notna(), None)
    return numbers.join(words).join(recent_activity(known, days=days))


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


def by_logarithms(model: Pipeline, then: pd.DataFrame, followed: np.ndarray, today: pd.DataFrame) -> np.ndarray:
    """Fit logarithms of amounts, and turn forecasts back so that they add up to what was seen (smearing).

    Source
    ------
    Duan, Smearing estimate: a nonparametric retransformation method, Journal of the American Statistical Association
    78 (1983); here by levels of the forecast, since most customers spend nothing and errors differ by level.
    """
    model.fit(then, np.log1p(followed))
    fitted, told = model.predict(then), model.predict(today)
    from segmentation.forecasting.simple_rules import rising

    return rising(fitted, followed, told)
