"""Which algorithm: k-means, unless another one is clearly better."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from segmentation.choosing.fitting import K_MEANS
from segmentation.choosing.recommendation import Choice, NoSegments, choose
from segmentation.problems import DataProblem, some

STEADIER = 0.05
TELLS_MORE = 0.02
RIVALS = ("k", "found", "agreement", "lowest_jaccard", "smallest_share", "silhouette", "later_explained", "why_not")


def choose_algorithm(
    grounds: Mapping[str, pd.DataFrame],
    *,
    algorithm: str,
    k: int,
    min_share: float,
    most: int,
    weights: Mapping[str, float] | None = None,
) -> Choice:
    """Choose the algorithm and its number of segments.

    k-means is taken unless another algorithm's own choice is clearly better: steadier by 0.05 of agreement without
    telling less of later spend or being coarser, or telling 2 points more of later spend without being less steady. So
    nobody has to learn another algorithm for a difference that the next sample would undo.

    Parameters
    ----------
    grounds : by algorithm, see `measure`; the first one is k-means' place when k-means was not measured
    algorithm : the user's own, "" to choose
    k, min_share, most, weights : see `choose`

    Raises
    ------
    NoSegments
        None of the algorithms finds segments that hold and are more than a cut.
    DataProblem
        The algorithm that is asked for was not measured.
    """
    if algorithm and algorithm not in grounds:
        raise DataProblem(f"`algorithm` must be one that was measured, {', '.join(grounds)}; got {some([algorithm])}.")
    options = {"k": k, "min_share": min_share, "most": most, "weights": weights}
    first = algorithm or (K_MEANS if K_MEANS in grounds else next(iter(grounds)))
    if algorithm or k or len(grounds) == 1:
        return choose(grounds[first], algorithm=first, **options)
    choices = {name: choice for name in grounds if (choice := chosen_or_none(grounds[name], name, options))}
    if not choices:
        return choose(grounds[first], algorithm=first, **options)
    own = choices.pop(first, None)
    better = {name: choice for name, choice in choices.items() if is_better(choice, own, grounds, first)}
    if not better:
        return own
    name = max(better, key=lambda rival: grounds[rival].loc[better[rival].k, "agreement"])
    return replace(better[name], why=f"{better[name].why} {why_algorithm(grounds, better[name], own, first)}")


def chosen_or_none(grounds: pd.DataFrame, algorithm: str, options: dict[str, object]) -> Choice | None:
    """Choose a number for one algorithm, none when it finds no segments."""
    try:
        return choose(grounds, algorithm=algorithm, **options)
    except NoSegments:
        return None


def is_better(rival: Choice, own: Choice | None, grounds: Mapping[str, pd.DataFrame], first: str) -> bool:
    """Tell whether a rival's choice is clearly better; see `choose_algorithm`."""
    if own is None:
        return True
    ours, theirs = grounds[first].loc[own.k], grounds[rival.algorithm].loc[rival.k]
    steadier = theirs["agreement"] - ours["agreement"]
    tells = theirs["later_explained"] - ours["later_explained"]
    tells = 0.0 if pd.isna(tells) else tells
    return bool((steadier >= STEADIER and tells >= 0 and rival.k >= own.k) or (tells >= TELLS_MORE and steadier >= 0))


def why_algorithm(grounds: Mapping[str, pd.DataFrame], rival: Choice, own: Choice | None, first: str) -> str:
    """Say why another algorithm is taken."""
    if own is None:
        return f"They are made by {rival.algorithm}; by {first} no number of segments is fit for use."
    ours, theirs = grounds[first].loc[own.k], grounds[rival.algorithm].loc[rival.k]
    later = "" if pd.isna(ours["later_explained"]) else (
        f", and {theirs['later_explained']:.0%} rather than {ours['later_explained']:.0%} of later spend told"
    )  # fmt: skip
    return (
        f"They are made by {rival.algorithm}, which is clearly better than {first} with {own.k}: agreement "
        f"{theirs['agreement']:.2f} rather than {ours['agreement']:.2f}{later}."
    )


def rivals_table(
    grounds: Mapping[str, pd.DataFrame], *, min_share: float, most: int, weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """List what each algorithm would choose by itself.

    Returns
    -------
    DataFrame indexed by algorithm: k (0 for none), found, the grounds at that number, and why_not where none is fit
    """
    rows = {}
    for name, measured in grounds.items():
        try:
            own = choose(measured, k=0, min_share=min_share, most=most, weights=weights, algorithm=name)
            rows[name] = {**measured.loc[own.k], "k": own.k, "found": own.found, "why_not": ""}
        except NoSegments as problem:
            rows[name] = {"k": 0, "found": "nothing", "why_not": str(problem)}
    return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(RIVALS)).rename_axis("algorithm")
