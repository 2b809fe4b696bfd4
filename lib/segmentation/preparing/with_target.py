"""Which prepared columns tell what customers do later: selection with a target."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFECV, SelectFdr, SelectFromModel, mutual_info_regression
from sklearn.linear_model import Lasso, LassoCV, Ridge
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from segmentation.preparing.selecting import Selected
from segmentation.problems import DataProblem

MOST_CUSTOMERS, MOST_FOR_INFORMATION = 20_000, 5_000
FEWEST_CUSTOMERS, FEWEST_COLUMNS = 30, 2
FOLDS, BINS, FALSE_SHARE = 5, 5, 0.01
CHANCES, TREES, ROUNDS = 20, 60, 20

# What each method measures: whether each column is kept, how much it tells, and the word for that.
Judged = tuple[np.ndarray, np.ndarray, str]


def by_target(
    prepared: np.ndarray, places: Sequence[int], *, method: str, later_spend: np.ndarray, seed: int
) -> Selected:
    """Keep the columns that tell what customers do later, at least the two that tell most.

    Parameters
    ----------
    prepared : shape (customers, all columns)
    places : the columns that are left
    method : see `Recipe.target_selection`
    later_spend : shape (customers,), what each spent later, shop currency
    seed : of the customers drawn when there are more than 20,000, of folds, trees and shuffles

    Source
    ------
    docs/decisions/0017-preparation.md
    """
    drawn = drawn_rows(len(prepared), most=MOST_CUSTOMERS, seed=seed)
    values = StandardScaler().fit_transform(prepared[np.ix_(drawn, places)])
    wanted, score, word = METHODS[method](values, later_spend[drawn], seed)
    if wanted.sum() < FEWEST_COLUMNS:
        wanted = wanted | (np.argsort(np.argsort(-score, kind="stable")) < FEWEST_COLUMNS)
    kept = [place for place, keep in zip(places, wanted, strict=True) if keep]
    dropped = {
        place: f"{word} {value:.3g}" for place, keep, value in zip(places, wanted, score, strict=True) if not keep
    }
    remark = f"judged on {len(drawn):,} of {len(prepared):,} customers" if len(drawn) < len(prepared) else ""
    return Selected(kept, dropped, remark, dict(zip(places, score.tolist(), strict=True)))


def require_telling(later_spend: np.ndarray, *, name: str, other: str) -> None:
    """Require enough customers, of whom some came back later and others did not.

    Parameters
    ----------
    later_spend : shape (customers,), what each spent later
    name : of the parameter that asks for it
    other : what the parameter may be without it

    Raises
    ------
    DataProblem
        There are too few, or all did the same.
    """
    hint = f"Is `{name}` {other} meant?"
    if len(later_spend) < FEWEST_CUSTOMERS:
        raise DataProblem(
            f"`{name}` needs at least {FEWEST_CUSTOMERS} customers; there are {len(later_spend):,}. {hint}"
        )
    came_back = int((later_spend > 0).sum())
    if came_back in (0, len(later_spend)):
        who = "nobody" if came_back == 0 else "everybody"
        raise DataProblem(
            f"`{name}` needs customers who came back in the later period and others who did not; of "
            f"{len(later_spend):,} {who} came back. {hint}"
        )


def drawn_rows(customers: int, *, most: int, seed: int) -> np.ndarray:
    """Draw rows without putting any back, in their order; all when there are few enough."""
    if customers <= most:
        return np.arange(customers)
    return np.sort(np.random.default_rng(seed).choice(customers, most, replace=False))


def log_spend(later_spend: np.ndarray) -> np.ndarray:
    """Even out what customers spent; who got back more than they paid spent nothing."""
    return np.log1p(np.maximum(later_spend, 0))


def folds(seed: int) -> KFold:
    """Cut customers into folds by chance."""
    return KFold(FOLDS, shuffle=True, random_state=seed)


def chi_squared(values: np.ndarray, later_spend: np.ndarray, seed: int) -> Judged:
    """Test whether the share of customers who came back differs between fifths; 1 % of what is kept may be chance.

    Source
    ------
    Benjamini and Hochberg 1995, for the share that may be chance
    """
    test = SelectFdr(fifths_against_return, alpha=FALSE_SHARE).fit(values, later_spend > 0)
    return test.get_support(), test.scores_, "chi-squared"


def fifths_against_return(values: np.ndarray, came_back: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure Pearson's chi-squared of each column's fifths, and its p-value.

    Returns
    -------
    two arrays of shape (columns,)
    """
    tests = [chi2_contingency(pd.crosstab(fifths(column), came_back), correction=False) for column in values.T]
    return np.array([test.statistic for test in tests]), np.array([test.pvalue for test in tests])


def fifths(column: np.ndarray) -> np.ndarray:
    """Cut a column into five parts of about as many customers, fewer where many are alike; two for a flag.

    Examples
    --------
    >>> fifths(np.array([0.0, 0.0, 0.0, 1.0])).tolist()
    [0, 0, 0, 2]
    """
    borders = np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1]))
    parts = np.searchsorted(borders, column, side="left")
    return parts if len(np.unique(parts)) > 1 else (column > column.min()).astype("int64")


def mutual_information(values: np.ndarray, later_spend: np.ndarray, seed: int) -> Judged:
    """Measure what a column tells of later spend in any shape; kept above what shuffled spend seems to tell."""
    drawn = drawn_rows(len(values), most=MOST_FOR_INFORMATION, seed=seed)
    values, spend = values[drawn], log_spend(later_spend[drawn])
    flags = np.array([len(np.unique(column)) <= BINS for column in values.T])
    random = np.random.default_rng(seed)
    score = information(values, spend, flags, seed)
    shuffles = -(-CHANCES // len(score))
    chance = max(information(values, random.permutation(spend), flags, seed).max() for _ in range(shuffles))
    return score > chance, score, "information"


def information(values: np.ndarray, spend: np.ndarray, flags: np.ndarray, seed: int) -> np.ndarray:
    """Measure the mutual information of each column with spend, nats, shape (columns,)."""
    return mutual_info_regression(values, spend, discrete_features=flags, random_state=seed)


def recursive(values: np.ndarray, later_spend: np.ndarray, seed: int) -> Judged:
    """Take away the columns that a ridge regression needs least, in 20 rounds; kept are those that predict best."""
    columns = values.shape[1]
    fewest, step = min(FEWEST_COLUMNS, columns), max(1, round(columns / ROUNDS))
    search = RFECV(Ridge(), step=step, cv=folds(seed), min_features_to_select=fewest)
    search.fit(values, log_spend(later_spend))
    return search.support_, search.ranking_.max() - search.ranking_.astype("float64"), "place"


def lasso(values: np.ndarray, later_spend: np.ndarray, seed: int) -> Judged:
    """Keep the columns that a lasso gives weight, at the strongest penalty within one error of the best prediction."""
    spend = log_spend(later_spend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        path = LassoCV(cv=folds(seed)).fit(values, spend)
        model = SelectFromModel(Lasso(steady_penalty(path))).fit(values, spend)
    return model.get_support(), np.abs(model.estimator_.coef_), "weight"


def steady_penalty(path: LassoCV) -> float:
    """Find the largest penalty whose error is within one standard error of the smallest.

    Source
    ------
    Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, 7.10
    """
    errors = path.mse_path_.mean(axis=1)
    best = errors.argmin()
    margin = path.mse_path_[best].std(ddof=1) / np.sqrt(path.mse_path_.shape[1])
    return float(path.alphas_[errors <= errors[best] + margin].max())


def forest(values: np.ndarray, later_spend: np.ndarray, seed: int) -> Judged:
    """Keep the columns that a forest uses more than the best of shuffled copies, which can tell nothing.

    Source
    ------
    Kursa and Rudnicki 2010, Feature Selection with the Boruta Package, for the copies
    """
    copies = np.random.default_rng(seed).permuted(values, axis=0)
    trees = RandomForestRegressor(TREES, min_samples_leaf=20, max_features=1 / 3, random_state=seed)
    trees.fit(np.column_stack([values, copies]), log_spend(later_spend))
    used, by_chance = np.split(trees.feature_importances_, 2)
    return used > by_chance.max(), used, "importance"


METHODS: dict[str, Callable[[np.ndarray, np.ndarray, int], Judged]] = {
    "chi-squared": chi_squared,
    "mutual information": mutual_information,
    "rfecv": recursive,
    "l1": lasso,
    "forest": forest,
}
