"""What figures of a preparation draw: tables of spreads, correlations, scores and loadings."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from segmentation.preparing.inputs import readable
from segmentation.preparing.preparation import Preparation
from segmentation.preparing.recipe import kind_of
from segmentation.preparing.selecting import correlation, evenly_spaced
from segmentation.preparing.telling import words_of

SPREAD = {"low": 0.05, "lower": 0.25, "median": 0.5, "upper": 0.75, "high": 0.95}
MOST_ROWS, MOST_COMPONENTS = 20, 6


def spread_table(preparation: Preparation, features: pd.DataFrame) -> pd.DataFrame:
    """Measure how far customers spread in each kept number, in its own unit and prepared.

    Parameters
    ----------
    preparation : fitted
    features : one row a customer; 100,000 of them are looked at

    Returns
    -------
    DataFrame, one row a number and stage, at most 20 numbers: column, stage (raw, prepared), low, lower, median, upper
    and high, below which 5, 25, 50, 75 and 95 % of the customers are
    """
    sample = features.iloc[evenly_spaced(np.arange(len(features)))]
    kept = [
        name for name in preparation.recipe.kept if name in preparation.recipe.columns and kind_of(name) == "number"
    ]
    kept = kept[:MOST_ROWS]
    stages = {"raw": readable(sample, kept), "prepared": preparation.before_reduction(sample)[kept]}
    tables = [quantiles(values).assign(stage=stage) for stage, values in stages.items()]
    return pd.concat(tables, ignore_index=True)[["column", "stage", *SPREAD]]


def quantiles(values: pd.DataFrame) -> pd.DataFrame:
    """Measure the spread of each column over the customers who have it."""
    table = values.quantile(list(SPREAD.values())).T.set_axis(list(SPREAD), axis=1)
    return table.reset_index(drop=True).assign(column=[words_of(name) for name in values.columns])


def correlation_table(preparation: Preparation, features: pd.DataFrame) -> pd.DataFrame:
    """Correlate the prepared columns with each other, before any reduction; at most 20 of them.

    Returns
    -------
    DataFrame of shape (columns, columns), -1 to 1, rows and columns named as a reader sees them
    """
    prepared = preparation.before_reduction(features).iloc[:, :MOST_ROWS]
    names = pd.Index([words_of(name) for name in prepared.columns], name="column")
    return pd.DataFrame(correlation(prepared.to_numpy()), index=names, columns=list(names))


def selection_table(preparation: Preparation) -> pd.DataFrame:
    """Tell how much each judged column tells of what customers did later, those that tell most first.

    Returns
    -------
    DataFrame, one row a column, at most 20: column, score, kept (bool); empty without a selection by later spend
    """
    kept = set(preparation.recipe.kept)
    table = preparation.scores.assign(kept=[name in kept for name in preparation.scores["column"]])
    table = table.sort_values("score", ascending=False, kind="stable").head(MOST_ROWS)
    return table.assign(column=[words_of(name) for name in table["column"]]).reset_index(drop=True)


def loading_table(preparation: Preparation) -> pd.DataFrame:
    """Show what the first components are made of: at most 6 of them, and the 20 columns that weigh most.

    Returns
    -------
    DataFrame, one row a prepared column, one column a component; each component's largest weight is 1 or -1;
    empty without a reduction
    """
    if preparation.loadings.empty:
        return pd.DataFrame()
    weights = preparation.loadings.head(MOST_COMPONENTS).T
    weights = weights / weights.abs().max().replace(0, 1)
    shown = weights.abs().max(axis=1).sort_values(ascending=False, kind="stable").head(MOST_ROWS).index
    table = weights.loc[[name for name in weights.index if name in shown]]
    return table.rename(index=words_of).rename_axis("column").rename_axis(None, axis=1)


def variance_shares(preparation: Preparation) -> Mapping[str, float]:
    """Tell the share of the variance that each component holds; empty for independent ones and without a reduction."""
    step = preparation.pipeline.steps[-1][1]
    shares = getattr(step, "explained_variance_ratio_", [])
    return {name: float(share) for name, share in zip(preparation.names, shares, strict=False)}


def selection_caption(preparation: Preparation, *, customers: int) -> str:
    """Word what the figure of the selection shows, or why there is none."""
    if preparation.recipe.target_selection == "none":
        return "Not measured: `target_selection` is none, so no column is judged by later spend."
    return (
        f"What each column tells of what {customers:,} customers spent after the earlier day, those that tell most "
        "first; pale columns are left out."
    )


def loading_caption(preparation: Preparation) -> str:
    """Word what the figure of the components shows, or why there is none."""
    if preparation.recipe.reduction == "none":
        return "Not measured: `reduction` is none, so columns keep the names of their features."
    return "What the first components are made of: weights from −1 to 1, and the share of the variance that each holds."
