"""All algorithms on the same customers and by the same measures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

from segmentation.agreement import adjusted_rand, agreement_of, closest_jaccard, drawn_sample, shared_customers
from segmentation.grouping.algorithms import ALGORITHMS
from segmentation.grouping.grouping import group, require_algorithm
from segmentation.grouping.groups import Grouping

MEASURED = 2_500
REFITTED = 1_500
STARTS, REFIT_STARTS = 5, 2
COLUMNS = (
    *("groups", "silhouette", "davies_bouldin", "calinski_harabasz", "agreement", "lowest_jaccard"),
    *("smallest_share", "left_out", "fitted_on", "measured_on", "refitted_on", "agreement_with_k_means"),
)


def compare_algorithms(
    prepared: np.ndarray, *, algorithms: Sequence[str] = tuple(ALGORITHMS), k: int, seed: int, refits: int = 10
) -> pd.DataFrame:
    """Fit each algorithm to the same customers and measure all alike.

    Whether groups hold is measured on at most 1,500 customers, the same for all: there each algorithm is fitted anew,
    and again on those customers drawn with replacement. Drawing again makes copies, which density algorithms take for
    crowds; that they agree less is partly due to that.

    Parameters
    ----------
    prepared : shape (customers, columns)
    algorithms : names in `ALGORITHMS`
    k : number of groups, for those that are told
    seed : of starts and samples
    refits : how often customers are drawn again

    Returns
    -------
    DataFrame indexed by algorithm, in the order asked for
        groups : int; silhouette : -1 to 1, higher parts better; davies_bouldin : lower is better; calinski_harabasz :
        higher is better, the three on measured_on customers, the same for all; agreement : adjusted Rand index of
        refits, mean; lowest_jaccard : of the group that comes back worst, mean of refits, both on refitted_on
        customers; smallest_share : of customers in the smallest group; left_out : share called noise; fitted_on :
        customers; agreement_with_k_means : adjusted Rand index; missing where there is a single group

    Raises
    ------
    DataProblem
        There is no such algorithm, or k can't be made.
    """
    for name in algorithms:
        require_algorithm(name)
    measured = drawn_sample(len(prepared), MEASURED, seed=seed)
    crowd = prepared[drawn_sample(len(prepared), REFITTED, seed=seed)]
    plain = group(prepared, k=k, seed=seed, starts=STARTS)
    rows = {}
    for name in algorithms:
        grouping = plain if name == plain.algorithm else group(prepared, algorithm=name, k=k, seed=seed, starts=STARTS)
        rows[name] = (
            facts_of(grouping)
            | parting(prepared[measured], grouping.labels[measured])
            | holding(crowd, algorithm=name, k=k, seed=seed, refits=refits)
            | {"agreement_with_k_means": agreement_of(plain.labels, grouping.labels)}
        )
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("algorithm")[[*COLUMNS]]


def facts_of(grouping: Grouping) -> dict[str, float]:
    """Tell what a grouping says of itself."""
    return {
        "groups": grouping.k,
        "smallest_share": np.bincount(grouping.labels).min() / len(grouping.labels),
        "left_out": grouping.left_out,
        "fitted_on": grouping.fitted_on,
    }


def parting(prepared: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Measure how clearly groups part; missing where there is one group, or every customer is one."""
    measures = {
        "silhouette": silhouette_score,
        "davies_bouldin": davies_bouldin_score,
        "calinski_harabasz": calinski_harabasz_score,
    }
    if not 2 <= len(np.unique(labels)) < len(labels):
        return dict.fromkeys(measures, np.nan) | {"measured_on": len(labels)}
    return {name: float(measure(prepared, labels)) for name, measure in measures.items()} | {"measured_on": len(labels)}


def holding(crowd: np.ndarray, *, algorithm: str, k: int, seed: int, refits: int) -> dict[str, float]:
    """Measure how well groups come back when the customers of a sample are drawn again."""
    k = min(k, len(np.unique(crowd, axis=0)))
    first = group(crowd, algorithm=algorithm, k=k, seed=seed, starts=REFIT_STARTS)
    told = {"agreement": np.nan, "lowest_jaccard": np.nan, "refitted_on": len(crowd)}
    if first.k < 2:
        return told
    again = [refit.assign(crowd) for refit in refits_of(crowd, algorithm=algorithm, k=k, seed=seed, refits=refits)]
    if not again:
        return told
    shared = [shared_customers(first.labels, labels) for labels in again]
    jaccards = np.mean([closest_jaccard(table) for table in shared], axis=0)
    agreement = np.mean([adjusted_rand(table) for table in shared])
    return told | {"agreement": float(agreement), "lowest_jaccard": float(jaccards.min())}


def refits_of(crowd: np.ndarray, *, algorithm: str, k: int, seed: int, refits: int) -> list[Grouping]:
    """Fit an algorithm again on the customers drawn with replacement, so many times."""
    generator = np.random.default_rng(seed)
    drawn = [crowd[generator.integers(0, len(crowd), len(crowd))] for _ in range(refits)]
    return [
        group(again, algorithm=algorithm, k=min(k, len(np.unique(again, axis=0))), seed=seed + i, starts=REFIT_STARTS)
        for i, again in enumerate(drawn)
    ]


WORDS = {
    "groups": "groups",
    "agreement": "refits agree",
    "lowest_jaccard": "lowest Jaccard",
    "silhouette": "silhouette",
    "davies_bouldin": "Davies–Bouldin",
    "calinski_harabasz": "Calinski–Harabasz",
    "smallest_share": "smallest",
    "left_out": "noise",
    "agreement_with_k_means": "like k-means",
}
FORMATS = {"smallest": "{:.1%}", "noise": "{:.0%}", "Calinski–Harabasz": "{:,.0f}"}


def comparison_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Set the comparison out for reading, steadiest first; see `compare_algorithms` and, for formats, `FORMATS`."""
    shown = (
        compared.reindex(columns=[*WORDS])
        .rename(columns=WORDS)
        .sort_values("refits agree", ascending=False, kind="stable")
    )
    return shown.rename_axis("algorithm").reset_index()


def comparison_caption(compared: pd.DataFrame, *, customers: int, refits: int) -> str:
    """Word what the table of the comparison shows and on how many customers."""
    if compared.empty:
        return "Not measured: no algorithm is compared."
    few = compared.index[compared["fitted_on"] < customers]
    fitted = f" Fitted on a sample, the others placed afterwards: {', '.join(few)}." if len(few) else ""
    measured, refitted = (compared[column].iloc[0] for column in ("measured_on", "refitted_on"))
    return (
        f"{len(compared)} algorithms on the same {customers:,} customers. Silhouette, Davies–Bouldin and "
        f"Calinski–Harabasz on {measured:,} of them; agreement and Jaccard from {refits} refits on "
        f"{refitted:,} of them, drawn with replacement.{fitted} A dash: a single group."
    )
