"""Place customers: many at once, or one in milliseconds, with the same result."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from segmentation.assigning.models import FIRST, NOT_YET, ORDERS, Model, Rung, known
from segmentation.assigning.reasons import in_one_line, of_one
from segmentation.assigning.schema import as_numbers, require_columns, row_of_numbers
from segmentation.problems import DataProblem

THREADS = ThreadpoolController()
AT_ONCE = 100_000  # customers, so that memory stays bounded
DIGITS = 4  # of a probability: what hides the last bits, which depend on how many are placed at once
COLUMNS = ("segment", "name", "probability", "basis", "reason")


def assign(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Give every customer a segment, with its probability, what it goes by, and the reason.

    A customer with several orders goes by all of them. A newcomer goes by the first rung for which something is known,
    and gets none where nothing is.

    Parameters
    ----------
    model : see `models.Model`
    features : one row a customer, the columns of `features.FEATURES`; order_count is 0 or missing without any order

    Returns
    -------
    DataFrame, the same rows in the same order: segment (Int64, missing for not yet), name, probability (0 to 1, four
    digits), basis, reason

    Raises
    ------
    DataProblem
        The table lacks a column that the model knows, or a customer stands twice.
    """
    if not features.index.is_unique:
        raise DataProblem(
            f"Each customer must have one row; {features.index.duplicated().sum():,} rows are of customers seen before."
        )
    for rung in model.rungs:
        require_columns(features, rung.learned.schema.names)
    parts = [features.iloc[first : first + AT_ONCE] for first in range(0, max(len(features), 1), AT_ONCE)]
    with THREADS.limit(limits=1, user_api="blas"):
        return pd.concat([assign_part(model, part) for part in parts])


def assign_part(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Place some customers; see `assign`."""
    told = empty(features.index)
    left = np.ones(len(features), dtype=bool)
    for rung in model.rungs:
        rows = np.flatnonzero(left & stands_on(model, features, rung))
        if len(rows):
            numbers = as_numbers(features.iloc[rows], rung.learned.schema)
            segment, probability = placed(rung, numbers)
            reason = in_one_line(rung.reasons, features.iloc[rows], segment)
            for name, values in {"segment": segment, "probability": probability, "reason": reason}.items():
                told[name][rows] = values
            told["basis"][rows] = rung.basis
            left[rows] = False
    return framed(told, model)


def empty(index: pd.Index) -> dict[str, Any]:
    """Prepare the columns of the result for customers of whom nothing is known."""
    many = len(index)
    return {
        "index": index,
        "segment": np.full(many, -1, dtype="int64"),
        "probability": np.full(many, np.nan),
        "basis": np.full(many, NOT_YET, dtype=object),
        "reason": np.full(many, "", dtype=object),
    }


def framed(told: Mapping[str, Any], model: Model) -> pd.DataFrame:
    """Set the columns out as a table; see `assign`."""
    segment = pd.Series(told["segment"], index=told["index"], dtype="Int64").mask(told["segment"] < 0)
    table = pd.DataFrame({"segment": segment, "name": segment.map(model.names).astype("str")})
    return table.assign(**{name: told[name] for name in COLUMNS[2:]}).astype({"basis": "str", "reason": "str"})


def stands_on(model: Model, features: pd.DataFrame, rung: Rung) -> np.ndarray:
    """Tell which customers a rung is for.

    A newcomer with one order goes by it where that tells anything, anyone else with an order by all orders, and who has
    none by what else is known.
    """
    orders, tenure = (number(features, name) for name in ("order_count", "tenure_days"))
    orders = np.nan_to_num(orders)
    by_first = model.is_newcomer(orders, tenure) & known(features, model.first_needs)
    if rung.basis == FIRST:
        return by_first
    return (orders > 0) & ~by_first if rung.basis == ORDERS else (orders <= 0) & known(features, rung.needs)


def number(features: pd.DataFrame, name: str) -> np.ndarray:
    """Read a feature's numbers, NaN where there are none."""
    return features[name].to_numpy("float64", na_value=np.nan) if name in features else np.full(len(features), np.nan)


def placed(rung: Rung, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place customers on one rung: segment, probability; of equally likely segments the first."""
    probability = rung.learned.model.predict_proba(numbers).round(DIGITS)
    best = probability.argmax(axis=1)
    segment = np.asarray(rung.learned.model.classes_)[best]
    return segment, probability[np.arange(len(best)), best]


def assign_customer(model: Model, told: Mapping[str, Any]) -> dict[str, Any]:
    """Place one customer, as `assign` would.

    Parameters
    ----------
    model : see `models.Model`
    told : feature to value; what is not told is not known

    Returns
    -------
    dict: segment (None for not yet), name, probability, basis, reason

    Examples
    --------
    >>> assign_customer(Model({}, ()), {"order_count": 0})["basis"]
    'not yet'
    """
    for rung in model.rungs:
        if one_stands_on(model, told, rung):
            numbers = row_of_numbers(told, rung.learned.schema)
            segment, probability = placed(rung, numbers)
            reason = of_one(rung.reasons, told, segment)
            values = (int(segment[0]), model.names[int(segment[0])], float(probability[0]), rung.basis, str(reason[0]))
            return dict(zip(COLUMNS, values, strict=True))
    return dict(zip(COLUMNS, (None, None, None, NOT_YET, ""), strict=True))


def one_stands_on(model: Model, told: Mapping[str, Any], rung: Rung) -> bool:
    """Tell whether a rung is for a customer; see `stands_on`."""
    orders, tenure = (one_value(told.get(name)) for name in ("order_count", "tenure_days"))
    orders = np.nan_to_num(orders)
    by_first = bool(model.is_newcomer(orders, tenure)) and any(is_known(told.get(name)) for name in model.first_needs)
    if rung.basis == FIRST:
        return by_first
    if rung.basis == ORDERS:
        return bool(orders > 0) and not by_first
    return bool(orders <= 0) and any(is_known(told.get(name)) for name in rung.needs)


def is_known(value: object) -> bool:
    """Tell whether a value is there: neither None nor NaN."""
    return value is not None and value == value


def one_value(value: Any) -> np.float64:
    """Read one number, NaN where there is none."""
    return np.float64(value if is_known(value) else np.nan)
