"""Which number of segments, by which algorithm: what holds first, then what is of use; or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from segmentation.choosing.fitting import K_MEANS
from segmentation.problems import DataProblem, some

STEADY = 0.8
AS_CLEAR = 0.9
FEWEST = 3
GROUPS = 2.0
CLOSER, SPREADS = 0.02, 3.0
WEIGHTS: Mapping[str, float] = {"stability": 1.0, "detail": 1.0, "later spend": 1.0, "clearness": 0.0}
Found = Literal["groups", "cut", "nothing"]


class NoSegments(DataProblem):
    """These customers give no grounds for segments: too few, all alike, or one crowd."""


@dataclass(frozen=True)
class Choice:
    """The number of segments and the grounds for it.

    Attributes
    ----------
    k : number of segments
    why : the grounds, in words
    found : "groups" that part, a crowd that is "cut", or "nothing" but what the user asked for
    algorithm : what makes them
    scores : one row a number that is fit for use, indexed by k: each weighted ground from 0 to 1, and score
    """

    k: int
    why: str
    found: Found = "cut"
    algorithm: str = K_MEANS
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)


def choose(
    grounds: pd.DataFrame,
    *,
    k: int,
    min_share: float,
    most: int,
    weights: Mapping[str, float] | None = None,
    algorithm: str = K_MEANS,
) -> Choice:
    """Choose the number of segments.

    First what must be: refits agree with the fit at 0.80 or more; customers are closer within segments than in a
    uniform box and in a normal crowd of the same covariance, clearly; the smallest segment is large enough, and there
    are not too many. When customers form groups, also a silhouette within 90 % of the best. Of what is left, the number
    with the highest weighted score.

    Parameters
    ----------
    grounds : see `measure`
    k : the user's own number, 0 to choose
    min_share : of customers, below which a segment is too small to act on, 0 to 1
    most : the largest number of segments that can be acted on
    weights : see `WEIGHTS`; what is not named keeps its weight
    algorithm : that the grounds were measured with

    Raises
    ------
    NoSegments
        No number holds, or none is more than a cut through a crowd without groups.
    DataProblem
        A weight is not known, or negative.

    Source
    ------
    docs/decisions/0007-number-of-segments.md
    """
    weights = read_weights(weights)
    if k:
        return Choice(k, f"{k} segments, because `k` asks for them.", found_at(grounds, k), algorithm)
    require_segments(grounds)
    fit = grounds[steady(grounds) & closer(grounds)]
    useful = fit[
        (fit["smallest_share"] >= min_share) & (fit.index <= most) & (fit["silhouette"] >= clear_from(grounds))
    ]
    if useful.empty:
        return steadiest(fit, grounds, min_share=min_share, most=most, algorithm=algorithm)
    scores = scored(useful, weights)
    chosen = int(scores["score"].idxmax())
    return Choice(chosen, why_this(grounds, chosen, scores), found_at(grounds, chosen), algorithm, scores)


def read_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Read weights, the usual ones where none is given.

    Raises
    ------
    DataProblem
        A weight is not known, is negative or no number, or all are 0.
    """
    given = dict(weights or {})
    unknown = [name for name in given if name not in WEIGHTS]
    if unknown:
        raise DataProblem(f"`choice_weights` must name grounds, which are {', '.join(WEIGHTS)}; got {some(unknown)}.")
    wrong = [f"{name}: {value}" for name, value in given.items() if not is_weight(value)]
    if wrong:
        raise DataProblem(f"`choice_weights` must be numbers of 0 or more; got {some(wrong)}.")
    told = {**WEIGHTS, **given}
    if not any(told.values()):
        raise DataProblem("`choice_weights` must leave a ground that counts; all are 0.")
    return told


def is_weight(value: object) -> bool:
    """Tell whether a value is a number of 0 or more."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def steady(grounds: pd.DataFrame) -> pd.Series:
    """Tell which numbers hold when customers are drawn again."""
    return grounds["agreement"] >= STEADY


def closer(grounds: pd.DataFrame) -> pd.Series:
    """Tell which numbers make customers clearly closer to their own than crowds without groups.

    By 2 % of the squared distance against the uniform box, and by three standard errors against both references.
    """
    box = grounds["gap"] >= np.maximum(CLOSER, SPREADS * grounds["gap_error"])
    return box & (grounds["gap_crowd"] >= SPREADS * grounds["gap_crowd_error"])


def clear_from(grounds: pd.DataFrame) -> float:
    """Tell the silhouette from which a number of segments counts as parting clearly; any does in a crowd."""
    fine = grounds.loc[min(FEWEST, grounds.index.max()) :]
    has_groups = (fine["silhouette"] >= GROUPS * fine["silhouette_crowd"]).any()
    return AS_CLEAR * float(fine["silhouette"].max()) if has_groups else -1.0


def found_at(grounds: pd.DataFrame, k: int) -> Found:
    """Tell what a number of segments is: groups that part, a cut that holds, or nothing but a wish."""
    if k not in grounds.index or not (steady(grounds) & closer(grounds))[k]:
        return "nothing"
    return "groups" if clear_from(grounds) > 0 else "cut"


def require_segments(grounds: pd.DataFrame) -> None:
    """Require a number that holds and is more than a cut through a crowd without groups.

    Raises
    ------
    NoSegments
        There is none; see `choose`.
    """
    if grounds.empty:
        raise NoSegments("No number of segments could be tried: all customers are alike, or form one group.")
    tried = f"{grounds.index.min()} to {grounds.index.max()}"
    if not steady(grounds).any():
        raise NoSegments(
            f"No number of segments from {tried} holds: fitted again on "
            f"customers drawn again, the groupings agree at {grounds['agreement'].max():.2f} at best, and {STEADY} is "
            "asked for. These customers form one crowd. Set `k` to cut it all the same?"
        )
    if not (steady(grounds) & closer(grounds)).any():
        best = grounds.loc[steady(grounds), "gap"].max()
        raise NoSegments(
            f"No number of segments from {tried} that holds is more than a cut through one crowd: within "
            f"segments customers are at best {1 - np.exp(-best):.0%} closer than in a crowd without groups, and more "
            f"than {CLOSER:.0%} beyond chance is asked for. Set `k` to cut it all the same?"
        )


def scored(useful: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Score each number by the weighted grounds; a ground that is not known does not count.

    Returns
    -------
    DataFrame indexed by k, one column a ground that counts, from 0 to 1, and score, their weighted mean
    """
    parts = pd.DataFrame(
        {
            "stability": (useful["agreement"] - STEADY) / (1 - STEADY),
            "detail": useful.index / useful.index.max(),
            "later spend": useful["later_explained"] / useful["later_explained"].max(),
            "clearness": useful["silhouette"] / useful["silhouette"].max(),
        },
        index=useful.index,
    )
    counting = [name for name in parts if weights[name] and parts[name].notna().all()] or ["stability"]
    told = np.array([weights[name] or 1.0 for name in counting])
    return parts[counting].assign(score=parts[counting].to_numpy() @ told / told.sum())


def steadiest(fit: pd.DataFrame, grounds: pd.DataFrame, *, min_share: float, most: int, algorithm: str) -> Choice:
    """Choose the number that holds best, for want of one that is also clear and large enough."""
    few = fit[fit.index <= most]
    k = int((few if len(few) else fit)["agreement"].idxmax())
    why = (
        f"{k} segments hold best when customers are drawn again (agreement {fit.loc[k, 'agreement']:.2f}, steady "
        f"from {STEADY:.2f}). No number that holds also parts clearly into at most {most} segments of at least "
        f"{min_share:.0%} of the customers."
    )
    return Choice(k, why, found_at(grounds, k), algorithm)


def why_this(grounds: pd.DataFrame, chosen: int, scores: pd.DataFrame) -> str:
    """Say why this number of segments, and whether they are found or cut."""
    own = grounds.loc[chosen]
    kind = {"groups": "customers form groups", "cut": "customers form a crowd, and borders are cut rather than found"}
    times = own["silhouette"] / own["silhouette_crowd"]
    return (
        f"{chosen} segments hold when customers are drawn again (agreement {own['agreement']:.2f}, steady from "
        f"{STEADY:.2f}). They part {times:.1f} times as clearly as in a crowd without groups: "
        f"{kind[found_at(grounds, chosen)]}."
    )
