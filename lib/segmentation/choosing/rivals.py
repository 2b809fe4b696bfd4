"""Is another algorithm clearly steadier than the one that the number was chosen with?"""

import pandas as pd

from segmentation.choosing.recommendation import STEADY

STEADIER = 0.1
AS_CLEAR = 0.01


def steadier_rival(compared: pd.DataFrame, *, own: str, min_share: float) -> str:
    """Find an algorithm that makes clearly better segments, on equal terms.

    It must make as many, leave nobody out and none too small, agree with its refits at 0.80 or more and better by 0.1,
    its worst segment must come back as well, and its segments must part as clearly. So nobody has to learn another
    algorithm for a difference that the next sample would undo.

    Parameters
    ----------
    compared : see `grouping.compare_algorithms`
    own : the algorithm that the number of segments was chosen with
    min_share : of customers, below which a segment is too small to act on

    Returns
    -------
    The steadiest such algorithm; empty when there is none

    Source
    ------
    docs/decisions/0007-number-of-segments.md
    """
    ours = compared.loc[own]
    better = compared[
        (compared["groups"] == ours["groups"])
        & (compared["left_out"] == 0)
        & (compared["smallest_share"] >= min_share)
        & (compared["agreement"] >= max(STEADY, ours["agreement"] + STEADIER))
        & (compared["lowest_jaccard"] >= ours["lowest_jaccard"])
        & (compared["silhouette"] >= ours["silhouette"] - AS_CLEAR)
    ]
    return "" if better.empty else str(better["agreement"].idxmax())


def why_rival(compared: pd.DataFrame, rival: str, own: str) -> str:
    """Say why another algorithm is taken; nothing when none is."""
    if not rival:
        return ""
    return (
        f"They are made by {rival}, which is clearly steadier than {own} where both are fitted to the same "
        f"{compared.loc[own, 'refitted_on']:,.0f} customers (agreement {compared.loc[rival, 'agreement']:.2f} rather "
        f"than {compared.loc[own, 'agreement']:.2f})."
    )
