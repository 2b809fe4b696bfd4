"""Fewer columns from many: components for segments, and a map of customers in two dimensions."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA, FastICA
from sklearn.exceptions import ConvergenceWarning

from segmentation.preparing.recipe import Recipe
from segmentation.preparing.selecting import NOTHING, evenly_spaced
from segmentation.problems import DataProblem

ENOUGH_VARIANCE = 0.9
MAPPED_FROM, SEPARATED_FROM = 100_000, 20_000
AXIS_WORDS, STRONG = 2, 0.6


@dataclass(frozen=True)
class Reduced:
    """A fitted reduction and what it holds.

    Attributes
    ----------
    step : what turns columns into components; none where all customers are alike
    loadings : one row a component, one column a prepared column: its weight
    shares : of the variance that each component holds; missing for independent components
    remark : what a reader must know
    """

    step: PCA | FastICA | None
    loadings: pd.DataFrame
    shares: np.ndarray
    remark: str = ""


def fit_reduction(prepared: np.ndarray, *, names: Sequence[str], recipe: Recipe, seed: int) -> Reduced:
    """Fit principal or independent components.

    Parameters
    ----------
    prepared : shape (customers, columns)
    names : of the columns
    recipe : `reduction` and `components`
    seed : of the start of independent components

    Raises
    ------
    DataProblem
        More components are asked for than there are columns.
    """
    if recipe.components > len(names):
        raise DataProblem(
            f"`components` must be at most the number of prepared columns, {len(names):,}; got {recipe.components}."
        )
    spread = prepared.std(axis=0).max() if len(prepared) else 0.0
    if spread <= NOTHING:
        return Reduced(None, pd.DataFrame(), np.empty(0), "all customers are alike; nothing to reduce")
    whole = PCA().fit(prepared)
    rank = max(1, int((whole.explained_variance_ratio_ > NOTHING).sum()))
    count = min(recipe.components or components_for(whole.explained_variance_ratio_), rank)
    if recipe.reduction == "ica":
        return independent(prepared, names=names, count=count, seed=seed)
    step = PCA(count).fit(prepared)
    return Reduced(step, loading_table(step.components_, names), step.explained_variance_ratio_)


def components_for(shares: np.ndarray) -> int:
    """Count the components that hold 90 % of the variance.

    Examples
    --------
    >>> components_for(np.array([0.7, 0.2, 0.1]))
    2
    """
    return int(np.searchsorted(shares.cumsum(), ENOUGH_VARIANCE - NOTHING) + 1)


def independent(prepared: np.ndarray, *, names: Sequence[str], count: int, seed: int) -> Reduced:
    """Fit independent components, on 20,000 customers at most; see `fit_reduction`."""
    step = FastICA(count, whiten="unit-variance", random_state=seed, max_iter=500, tol=1e-3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        step.fit(evenly_spaced(prepared, most=SEPARATED_FROM))
    unsteady = any(issubclass(one.category, ConvergenceWarning) for one in caught)
    remark = "the search did not settle, so another seed may give other components" if unsteady else ""
    return Reduced(step, loading_table(step.mixing_.T, names), np.full(count, np.nan), remark)


def component_names(count: int) -> list[str]:
    """Name components.

    Examples
    --------
    >>> component_names(2)
    ['component 1', 'component 2']
    """
    return [f"component {number}" for number in range(1, count + 1)]


def loading_table(weights: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Set weights in a table: one row a component, one column a prepared column."""
    index = pd.Index(component_names(len(weights)), name="component")
    return pd.DataFrame(weights, index=index, columns=list(names))


@dataclass(frozen=True)
class CustomerMap:
    """Customers in two dimensions, as far apart as two dimensions can show.

    Attributes
    ----------
    points : one row a customer, in the order given: x, y
    x_label, y_label : what grows along each axis, in words
    shares : of the variance that each axis shows
    loadings : two rows, x and y; one column a prepared column: its weight
    """

    points: pd.DataFrame
    x_label: str
    y_label: str
    shares: tuple[float, float]
    loadings: pd.DataFrame


def map_of(
    prepared: np.ndarray, names: Sequence[str], *, seed: int, words: Mapping[str, str] | None = None
) -> CustomerMap:
    """Lay customers out on a map by their first two principal components, found on 100,000 of them at most.

    Parameters
    ----------
    prepared : shape (customers, columns), before any reduction
    names : of the columns
    seed : of the customers drawn
    words : column to what a reader calls it; without it, its name

    Examples
    --------
    >>> line = np.array([[0.0, 0.0], [1.0, 0.1], [2.0, 0.0]])
    >>> map_of(line, ["net_spend", "order_count"], seed=1).x_label
    'more net spend →'
    """
    values = np.asarray(prepared, dtype="float64")
    found = PCA(svd_solver="full").fit(drawn(values, seed=seed)) if has_spread(values) else None
    weights = np.zeros((2, len(names)))
    shares = np.zeros(2)
    if found is not None:
        count = min(2, len(found.components_))
        weights[:count], shares[:count] = found.components_[:count], found.explained_variance_ratio_[:count]
    points = (values - values.mean(axis=0)) @ weights.T if len(values) else np.empty((0, 2))
    x_label, y_label = (axis_label(row, names, words or {}) for row in weights)
    return CustomerMap(
        points=pd.DataFrame(points, columns=["x", "y"]),
        x_label=x_label,
        y_label=y_label,
        shares=(float(shares[0]), float(shares[1])),
        loadings=pd.DataFrame(weights, index=pd.Index(["x", "y"], name="axis"), columns=list(names)),
    )


def has_spread(values: np.ndarray) -> bool:
    """Tell whether any two customers differ."""
    return len(values) > 1 and bool((values.max(axis=0) - values.min(axis=0)).max(initial=0) > NOTHING)


def drawn(values: np.ndarray, *, seed: int) -> np.ndarray:
    """Draw the customers on whom the map is found."""
    if len(values) <= MAPPED_FROM:
        return values
    return values[np.sort(np.random.default_rng(seed).choice(len(values), MAPPED_FROM, replace=False))]


def axis_label(weights: np.ndarray, names: Sequence[str], words: Mapping[str, str]) -> str:
    """Word what grows along an axis: its strongest columns, at most two.

    Examples
    --------
    >>> axis_label(np.array([0.8, -0.6, 0.1]), ["order_count", "recency_days", "age_years"], {})
    'more order count, less recency days →'
    """
    size = np.abs(weights)
    strong = [place for place in np.argsort(-size, kind="stable")[:AXIS_WORDS] if size[place] >= STRONG * size.max()]
    parts = [
        f"{'more' if weights[place] > 0 else 'less'} {words.get(names[place], names[place].replace('_', ' '))}"
        for place in strong
        if size[place] > NOTHING
    ]
    return f"{', '.join(parts)} →" if parts else "all alike"
