"""Why a customer is placed in a segment, in one line: what the explainer says, or else what the model went by."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from segmentation.explaining.reasons import Explainer, fit_explainer, reasons
from segmentation.explaining.standing import number_columns, standard

BETWEEN = "; "


def explain(features: pd.DataFrame, segments: pd.Series, *, names: Sequence[str], columns: Sequence[str]) -> Explainer:
    """Measure what explains segments, from the numbers among some columns; see `explaining.reasons.fit_explainer`."""
    numbers = number_columns(features[list(columns)])
    return fit_explainer(features[numbers], segments, names=names, columns=numbers)


def in_one_line(explainer: Explainer, features: pd.DataFrame, segments: np.ndarray) -> np.ndarray:
    """Word the reasons of many customers.

    Parameters
    ----------
    explainer : of the rung that placed them
    features : one row a customer, raw
    segments : shape (customers,), from 0

    Returns
    -------
    Array of text, "" where there is no reason
    """
    return joined(explainer.reasons(features, segments)) if explainer.scale.columns else no_words(len(features))


def of_one(explainer: Explainer, told: Mapping[str, Any], segments: np.ndarray) -> np.ndarray:
    """Word the reasons of one customer, as `in_one_line` would."""
    scale = explainer.scale
    if not scale.columns:
        return no_words(1)
    values = np.array([[told.get(name) for name in scale.columns]], dtype="float64")
    z = standard(values, logs=scale.logs, means=scale.means, deviations=scale.deviations)
    return joined(reasons(z, explainer.centres, segments, columns=scale.columns))


def joined(table: pd.DataFrame) -> np.ndarray:
    """Join up to three reasons; only few different ones exist, so each combination is worded once."""
    key = np.zeros(len(table), dtype="int64")
    words = []
    for name in table.columns:
        place, found = pd.factorize(table[name])
        words.append([*found, None])
        key = key * (len(found) + 1) + (place % (len(found) + 1))
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    rows = table.iloc[first].itertuples(index=False)
    lines = [BETWEEN.join(word for word in row if isinstance(word, str)) for row in rows]
    return np.array(lines, dtype=object)[inverse] if len(lines) else no_words(0)


def no_words(customers: int) -> np.ndarray:
    """Give no reason to anyone."""
    return np.full(customers, "", dtype=object)
