"""Which segment of one run is which of another: those that hold mostly the same customers are taken for one."""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

ALIKE = 0.5  # Jaccard similarity from which two segments are one


def matched_names(carried: pd.Series, own: pd.Series) -> dict[str, str]:
    """Match segments of two runs by the customers of the later one, each with one at most.

    Parameters
    ----------
    carried : name of each customer's segment by the earlier run's segmentation, indexed by customer_id
    own : name of their segment in the later run, the same index

    Returns
    -------
    Name in the later run by the name in the earlier one, of the segments that share at least half of their customers

    Source
    ------
    Kuhn, The Hungarian method for the assignment problem, Naval Research Logistics Quarterly 2 (1955)

    Examples
    --------
    >>> carried = pd.Series(["loyal", "loyal", "lapsed", "lapsed"])
    >>> matched_names(carried, pd.Series(["champions", "champions", "lapsed", "lost"]))
    {'lapsed': 'lapsed', 'loyal': 'champions'}
    """
    shared = pd.crosstab(carried, own)
    counts = shared.to_numpy()
    either = counts.sum(axis=1, keepdims=True) + counts.sum(axis=0, keepdims=True) - counts
    alike = counts / np.maximum(either, 1)
    rows, columns = linear_sum_assignment(-alike)
    return {
        shared.index[row]: shared.columns[column]
        for row, column in zip(rows, columns, strict=True)
        if alike[row, column] >= ALIKE
    }


def labels_for_both(
    before: pd.Series, after: pd.Series, matched: dict[str, str], *, run: str
) -> tuple[pd.Series, pd.Series]:
    """Give segments that are one the same label in both runs, and others labels of their own.

    Parameters
    ----------
    before, after : names of segments, one a customer
    matched : see `matched_names`
    run : name of the later run, told beside a name that the earlier one gave to other customers

    Examples
    --------
    >>> before, after = pd.Series(["loyal", "lapsed"]), pd.Series(["champions", "loyal"])
    >>> [list(part) for part in labels_for_both(before, after, {"loyal": "champions"}, run="july")]
    [['loyal → champions', 'lapsed'], ['loyal → champions', 'loyal (july)']]
    """
    labels = {name: name if name == other else f"{name} → {other}" for name, other in matched.items()}
    own = {other: labels[name] for name, other in matched.items()}
    taken = set(before.dropna())
    own |= {name: f"{name} ({run})" for name in set(after.dropna()) - set(own) if name in taken}
    return before.replace(labels), after.replace(own)
