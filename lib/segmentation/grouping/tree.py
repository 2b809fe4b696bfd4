"""Hierarchical grouping: customers merge pair by pair, and the tree of merges is cut."""

from functools import partial

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from segmentation.grouping.groups import means_of
from segmentation.grouping.placing import Fit, NearestCentre

LEAVES = 30


def hierarchy(prepared: np.ndarray, k: int, *, method: str, seed: int, starts: int) -> Fit:
    """Merge customers until k groups are left, and place everyone by the groups' centres.

    A tree says nothing of a customer who was not there when it grew. So that today's customers and tomorrow's go by one
    rule, the means of its branches become the centres, as is usual for Ward's method (Punj and Stewart, 1983), and the
    facts tell how many stand nearer to another branch's mean.

    Parameters
    ----------
    prepared : shape (customers, columns); memory grows with the square of the customers, 16 bytes a pair
    method : "ward", "average" or "complete"
    seed, starts : not used, the tree is always the same

    Returns
    -------
    Fit, whose facts are
        tree : see `top_of`; cut : the height at which the tree is cut; moved : share of the customers seen whose
        nearest centre is another branch's
    """
    if len(prepared) == 1:
        return Fit(NearestCentre(prepared.copy()), facts={"tree": top_of(np.empty((0, 4))), "cut": 0.0, "moved": 0.0})
    merges = linkage(prepared, method=method)
    branches = branches_of(merges, k=k)
    placement = NearestCentre(means_of(prepared, branches))
    moved = float((placement.place(prepared) != branches).mean())
    return Fit(placement, facts={"tree": top_of(merges), "cut": cut_height(merges, k=k), "moved": moved})


ward, average, complete = (partial(hierarchy, method=method) for method in ("ward", "average", "complete"))


def branches_of(merges: np.ndarray, *, k: int) -> np.ndarray:
    """Tell each customer's branch when the tree is cut into exactly k, also where merges are of equal height.

    Parameters
    ----------
    merges : scipy's linkage, shape (customers - 1, 4)
    """
    customers = len(merges) + 1
    made = customers - k
    nodes = customers + np.arange(made)
    pairs = merges[:made, :2].astype("int64")
    rows, columns = np.concatenate([nodes, nodes]), np.concatenate([pairs[:, 0], pairs[:, 1]])
    links = coo_array((np.ones(2 * made, dtype=bool), (rows, columns)), shape=(customers + made, customers + made))
    return np.unique(connected_components(links, directed=False)[1][:customers], return_inverse=True)[1]


def cut_height(merges: np.ndarray, *, k: int) -> float:
    """Find a height between the merge that leaves k branches and the one that would leave one less."""
    heights = np.concatenate([[0.0], merges[:, 2]])
    low = heights[len(heights) - k]
    return float((low + heights[len(heights) - k + 1]) / 2) if k > 1 else float(low * 1.05)


def top_of(merges: np.ndarray, *, leaves: int = LEAVES) -> pd.DataFrame:
    """Take the last merges of a tree; what merged before counts as a leaf.

    Parameters
    ----------
    merges : scipy's linkage, shape (customers - 1, 4)
    leaves : how many to show at most

    Returns
    -------
    DataFrame, one row a merge, lowest first
        left, right : int, leaves from 0, then merges in the order of rows; height : distance at which they merge;
        left_customers, right_customers, customers : int
    """
    customers = len(merges) + 1
    shown = min(leaves, customers) - 1
    last = merges[len(merges) - shown :]
    earlier = customers + len(merges) - shown
    pairs = last[:, :2].astype("int64")
    ends = np.sort(pairs[pairs < earlier])
    renamed = np.where(pairs < earlier, np.searchsorted(ends, pairs), pairs - earlier + shown + 1)
    sizes = np.concatenate([np.ones(customers), merges[:, 3]]).astype("int64")[pairs]
    return pd.DataFrame(
        {
            "left": renamed[:, 0],
            "right": renamed[:, 1],
            "height": last[:, 2],
            "left_customers": sizes[:, 0],
            "right_customers": sizes[:, 1],
            "customers": last[:, 3].astype("int64"),
        }
    )
