"""Outliers: which lines lie far from the usual, and what is done about them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor

from segmentation.cleaning.marks import PLACE, PLACES, computed, drawn, mark, stored, with_values
from segmentation.problems import DataProblem, some
from segmentation.tables import exact_value

COLUMNS = ("unit_price", "quantity")
ACTIONS = ("flag", "cap", "median", "quarantine")

# The usual limit of each method: interquartile ranges, standard deviations, robust deviations; a share of the lines.
LIMITS = {"iqr": 1.5, "z": 3.0, "robust_z": 3.5}
SHARES = {"isolation_forest": 0.01, "local_outlier_factor": 0.01}
METHODS = ("none", *LIMITS, *SHARES)

# Fewer lines of a product say too little of what is usual for it; then all lines do.
ENOUGH_LINES = 20

FITTED_LINES = 20_000
BATCH = 50_000

# Of a normal distribution: how many standard deviations its mean absolute deviation and its median one are.
MEAN_DEVIATION, MEDIAN_DEVIATION = 0.7979, 0.6745


@dataclass(frozen=True)
class Outliers:
    """How outliers are looked for and treated: method, columns, action, and the limit beyond which a value is one."""

    method: str = "none"
    columns: tuple[str, ...] = COLUMNS
    action: str = "flag"
    limit: float = 0.0
    seed: int = 7


def check_outliers(*, method: str, columns: Sequence[str], action: str, limit: float, seed: int) -> Outliers:
    """Require a method, columns and an action that fit each other.

    Parameters
    ----------
    method : none, iqr, z, robust_z, isolation_forest or local_outlier_factor
    columns : unit_price, quantity or both
    action : flag, cap, median or quarantine; cap and median need a method that judges column by column
    limit : interquartile ranges, deviations, or the share of the lines for the last two; 0 for the method's usual
    seed : of the draws of the last two

    Raises
    ------
    DataProblem
        They do not.
    """
    if method not in METHODS:
        raise DataProblem(f"`outlier_method` must be {', '.join(METHODS[:-1])} or {METHODS[-1]}; got {some([method])}.")
    if action not in ACTIONS:
        raise DataProblem(f"`outlier_action` must be {', '.join(ACTIONS[:-1])} or {ACTIONS[-1]}; got {some([action])}.")
    if not columns or set(columns) - set(COLUMNS):
        raise DataProblem(f"`outlier_columns` must be some of {', '.join(COLUMNS)}; got {some(columns)}.")
    if method in SHARES and action in ("cap", "median"):
        raise DataProblem(
            f"`outlier_action` must be flag or quarantine with {method}, which judges whole lines and has no limit "
            f"for a column; got {some([action])}. Is iqr, z or robust_z meant as `outlier_method`?"
        )
    if not 0 <= limit < (0.5 if method in SHARES else np.inf):
        most = ", for a share of the lines below 0.5" if method in SHARES else ""
        raise DataProblem(f"`outlier_limit` must be above 0, or 0 for the usual one{most}; got {limit}.")
    usual = LIMITS | SHARES
    return Outliers(method, tuple(columns), action, limit or usual.get(method, 0.0), seed)


def treat_outliers(line: ir.Table, outliers: Outliers) -> ir.Table:
    """Express the lines with their outliers marked and treated.

    Only sales that passed so far are looked at. A table that has `is_outlier` was looked at before, and stays as it is.

    Parameters
    ----------
    line : one row an order line, with `reason` and the flags of `rules`

    Returns
    -------
    The same rows and columns, and `is_outlier`; what is to be set aside has `is_far_out`; where values were capped or
    replaced, discount and refund go with them, and `money_from_outliers` is what that added, shop currency

    Source
    ------
    docs/decisions/0005-cleaning-policy.md
    """
    if outliers.method == "none" or "is_outlier" in line.columns:
        return line
    sales = line.filter(line.reason.isnull() & (line.quantity > 0))
    sales = stored(sales.select(*PLACE, "product_id", *outliers.columns))
    found = outlying_lines(sales, outliers) if outliers.method in SHARES else stored(beyond_limits(sales, outliers))
    line = mark(line, found, name="is_outlier")
    if outliers.action in ("cap", "median"):
        return replaced(line, found, outliers)
    return line.mutate(is_far_out=line.is_outlier) if outliers.action == "quarantine" else line


def changed_column(column: str) -> str:
    """Name the column that holds what an outlier's value becomes."""
    return f"{column}_becomes"


def beyond_limits(sales: ir.Table, outliers: Outliers) -> ir.Table:
    """Express the lines with a value beyond its limits, and what each such value would become.

    Returns
    -------
    Table of place and, for each column looked at, `<column>_becomes`, null where the value is within its limits
    """
    becomes = []
    for column in outliers.columns:
        sales = with_limits(sales, column, outliers)
        lower, upper, middle = (sales[f"{column}_{name}"] for name in ("lower", "upper", "middle"))
        if column == "quantity":
            lower, upper, middle = (value.cast("int64") for value in (lower.ceil(), upper.floor(), middle.round()))
        value = sales[column]
        beyond = [(value > upper, upper), (value < lower, lower)]
        told = beyond if outliers.action == "cap" else [(test, middle) for test, _ in beyond]
        sales = sales.mutate(**{changed_column(column): ibis.cases(*told)})
        becomes.append(changed_column(column))
    is_beyond = [sales[name].notnull() for name in becomes]
    return sales.filter(ibis.or_(*is_beyond)).select(*PLACE, *becomes)


def with_limits(sales: ir.Table, column: str, outliers: Outliers) -> ir.Table:
    """Express beside each line the limits of a column: its product's, or where that tells too little, those of all.

    A product tells too little with fewer than `ENOUGH_LINES`, or when its values do not differ enough to have a spread.

    Returns
    -------
    The same rows and columns, and the column's `_lower`, `_upper` and `_middle`; null limits where there is no spread
    """
    own = stored(limits(sales.filter(sales.product_id.notnull()), ["product_id"], column, outliers))
    own = own.filter((own.lines >= ENOUGH_LINES) & own.lower.notnull())
    overall = stored(limits(sales, [], column, outliers))
    names = ("lower", "upper", "middle")
    sales = with_values(sales, own, *names, on=("product_id",))
    told = {f"{column}_{name}": ibis.coalesce(sales[name], overall[name].as_scalar()) for name in names}
    return sales.mutate(**told).drop(*names)


def limits(sales: ir.Table, by: list[str], column: str, outliers: Outliers) -> ir.Table:
    """Express a column's limits and its median for each group, or for all.

    Returns
    -------
    Table of the columns of `by`, lines, middle, lower and upper; null limits where there is no spread
    """
    value = sales[column].cast("float64")
    told = {"lines": sales.count(), "middle": value.median()}
    if outliers.method == "iqr":
        group = sales.aggregate(by=by, **told, low=value.quantile(0.25), high=value.quantile(0.75))
        spread, low, high = group.high - group.low, group.low, group.high
    elif outliers.method == "z":
        group = sales.aggregate(by=by, **told, mean=value.mean(), deviation=value.std())
        spread, low, high = group.deviation, group["mean"], group["mean"]
    else:
        group = robust_spread(sales, by, column, told)
        spread, low, high = group.deviation, group.middle, group.middle
    reach = (outliers.limit * spread).nullif(0.0)
    return group.select(*by, "lines", "middle", lower=low - reach, upper=high + reach)


def robust_spread(sales: ir.Table, by: list[str], column: str, told: dict[str, ir.Value]) -> ir.Table:
    """Express the robust deviation from the median: by the median deviation, where that is 0 by the mean one.

    Source
    ------
    Iglewicz and Hoaglin 1993, How to Detect and Handle Outliers, modified z-scores
    """
    middle = sales.aggregate(by=by, **told)
    beside = sales.join(stored(middle), by) if by else sales.cross_join(stored(middle))
    away = (beside[column].cast("float64") - beside.middle).abs()
    spread = beside.group_by([*by, "lines", "middle"]).aggregate(median=away.median(), mean=away.mean())
    deviation = ibis.coalesce((spread["median"] / MEDIAN_DEVIATION).nullif(0.0), spread["mean"] / MEAN_DEVIATION)
    return spread.mutate(deviation=deviation)


def replaced(line: ir.Table, becomes: ir.Table, outliers: Outliers) -> ir.Table:
    """Express the lines with their outliers' values replaced; see `treat_outliers`."""
    used = [changed_column(column) for column in outliers.columns]
    line = line.mutate(gross_before=line.quantity * line.unit_price, came_worth=exact_value(line))
    line = with_values(line, becomes, *used)
    values = {column: ibis.coalesce(line[changed_column(column)], line[column]) for column in outliers.columns}
    line = line.mutate(**values)
    share = ibis.ifelse(line.is_outlier, line.quantity * line.unit_price / line.gross_before, 1.0)
    line = line.mutate(discount=line.discount * share, refunded=line.refunded * share)
    gained = ibis.coalesce(exact_value(line) - line.came_worth, ibis.literal(0, "decimal(28, 4)"))
    return line.mutate(money_from_outliers=gained).drop("gross_before", "came_worth", *used)


def outlying_lines(sales: ir.Table, outliers: Outliers) -> ir.Table:
    """Tell the lines that stand out by all columns together: how far each is from what is usual for its product.

    Returns
    -------
    Stored table of places
    """
    for column in outliers.columns:
        sales = with_limits(sales, column, Outliers("iqr", limit=1.0))
        away = (sales[column] / sales[f"{column}_middle"]).ln().round(6)
        sales = sales.mutate(**{changed_column(column): away})
    features = [changed_column(column) for column in outliers.columns]
    lines = sales.select(*PLACE, *features)
    score, limit = fitted_score(drawn(lines, FITTED_LINES, seed=outliers.seed)[features].to_numpy(), outliers)
    schema = PLACES

    def outlying(batch: pd.DataFrame) -> pd.DataFrame:
        return batch.loc[score(batch[features].to_numpy()) < limit, list(PLACE)]

    return computed(lines, outlying, schema=schema, size=BATCH)


def fitted_score(points: np.ndarray, outliers: Outliers) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """Fit how usual a point is, and the limit below which the told share of the points lies.

    Parameters
    ----------
    points : array of lines × columns, a sample

    Returns
    -------
    Function from points to scores, lower for rarer ones; and the limit, below all scores when there are too few points
    """
    different = np.unique(points, axis=0)
    if len(points) < ENOUGH_LINES or len(different) < 3:
        return lambda batch: np.zeros(len(batch)), 0.0
    if outliers.method == "isolation_forest":
        model = IsolationForest(random_state=outliers.seed).fit(points)
    else:  # many equal points would have no distance to their neighbours
        neighbours = min(ENOUGH_LINES, len(different) // 2)
        model = LocalOutlierFactor(n_neighbors=neighbours, novelty=True).fit(different)
    return model.score_samples, float(np.quantile(model.score_samples(points), outliers.limit))
