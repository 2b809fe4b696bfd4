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
TELLS = 0.1
TRUSTED = 0.6
WEIGHTS: Mapping[str, float] = {"stability": 1.0, "detail": 1.0, "later spend": 1.0, "clearness": 1.0}
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

    First what must be. Refits agree with the fit at 0.80 or more. There is more than a cut through a crowd: customers
    are clearly closer within segments than in a uniform box of the same covariance and than customers with the same
    single features and rank correlations, or segments tell a tenth or more of what customers spend later. The smallest
    segment is large enough, and there are not too many. When customers form groups, the silhouette is within 90 % of
    the best. Where it can be had, no segment is one that refits do not find again (Jaccard 0.60).

    Of what is left, the number with the highest weighted mean of four grounds, each from 0 to 1: stability (agreement
    above 0.80), detail (segments, as a share of the most that are left), later spend told, and silhouette, the latter
    two as a share of the best that are left. Of equals, the smaller.

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
    real = grounds[holds(grounds) & real_or_useful(grounds)]
    fit = fit_for_use(real, min_share=min_share, most=most, clear=clear_from(grounds))
    if fit.empty:
        return steadiest(real, grounds, min_share=min_share, most=most, algorithm=algorithm)
    scores = scored(fit, weights)
    chosen = int(scores["score"].idxmax())
    why = f"{why_this(grounds, chosen)} {beside(grounds, chosen, min_share=min_share, most=most)}".strip()
    return Choice(chosen, why, found_at(grounds, chosen), algorithm, scores)


def fit_for_use(real: pd.DataFrame, *, min_share: float, most: int, clear: float) -> pd.DataFrame:
    """Keep the numbers whose segments are large enough, few enough, and clear enough; see `choose`."""
    fit = real[(real["smallest_share"] >= min_share) & (real.index <= most) & (real["silhouette"] >= clear)]
    trusted = fit[fit["lowest_jaccard"] >= TRUSTED]
    return fit if trusted.empty else trusted


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


def holds(grounds: pd.DataFrame) -> pd.Series:
    """Tell which numbers hold when customers are drawn again."""
    return grounds["agreement"] >= STEADY


def closer(grounds: pd.DataFrame) -> pd.Series:
    """Tell which numbers make customers clearly closer to their own than crowds without groups do.

    By 2 % of the squared distance and by three standard errors, against the uniform box and the own features shuffled.
    """
    return beats(grounds["gap"], grounds["gap_error"]) & beats(grounds["gap_features"], grounds["gap_features_error"])


def beats(gap: pd.Series, error: pd.Series) -> pd.Series:
    """Tell which gaps are large and beyond chance."""
    return gap >= np.maximum(CLOSER, SPREADS * error)


def real_or_useful(grounds: pd.DataFrame) -> pd.Series:
    """Tell which numbers are more than a cut through a crowd: customers are closer, or later spend is told."""
    return closer(grounds) | (grounds["later_explained"] >= TELLS)


def clear_from(grounds: pd.DataFrame) -> float:
    """Tell the silhouette from which a number of segments counts as parting clearly; any does in a crowd."""
    fine = grounds.loc[min(FEWEST, grounds.index.max()) :]
    has_groups = (fine["silhouette"] >= GROUPS * fine["silhouette_crowd"]).any()
    return AS_CLEAR * float(fine["silhouette"].max()) if has_groups else -1.0


def found_at(grounds: pd.DataFrame, k: int) -> Found:
    """Tell what a number of segments is: groups that part, a cut that holds, or nothing but a wish."""
    if k not in grounds.index or not (holds(grounds) & real_or_useful(grounds))[k]:
        return "nothing"
    return "groups" if clear_from(grounds) > 0 and closer(grounds)[k] else "cut"


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
    if not holds(grounds).any():
        raise NoSegments(
            f"No number of segments from {tried} holds: fitted again on "
            f"customers drawn again, the groupings agree at {grounds['agreement'].max():.2f} at best, and {STEADY} is "
            "asked for. These customers form one crowd. Set `k` to cut it all the same?"
        )
    if not (holds(grounds) & real_or_useful(grounds)).any():
        raise NoSegments(
            f"No number of segments from {tried} is more than a cut through one crowd: those that hold are at best "
            f"{nearer(least_gap(grounds[holds(grounds)]).max())} than those of a crowd without groups, and "
            f"{CLOSER:.0%} tighter beyond chance is asked for{told_of_later(grounds[holds(grounds)])}. Set `k` to "
            "cut it all the same?"
        )


def least_gap(grounds: pd.DataFrame) -> pd.Series:
    """Take the smaller of the two gaps."""
    return grounds[["gap", "gap_features"]].min(axis=1)


def nearer(gap: float) -> str:
    """Word a gap: how much tighter segments are than those of a crowd.

    Examples
    --------
    >>> nearer(0.105), nearer(-0.05)
    ('10% tighter', '5% looser')
    """
    return f"{1 - np.exp(-gap):.0%} tighter" if gap >= 0 else f"{np.exp(-gap) - 1:.0%} looser"


def told_of_later(steady: pd.DataFrame) -> str:
    """Word how much of later spend segments tell at best, or nothing when it is not known."""
    best = steady["later_explained"].max()
    return "" if np.isnan(best) else f"; of later spend they tell {best:.0%}, and {TELLS:.0%} would do as well"


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
            "later spend": share_of_best(useful["later_explained"]),
            "clearness": share_of_best(useful["silhouette"]),
        },
        index=useful.index,
    )
    known = [name for name in parts if parts[name].notna().all() and weights[name]] or ["stability"]
    told = np.array([weights[name] or 1.0 for name in known])
    return parts[known].assign(score=(parts[known].to_numpy() @ told / told.sum()).round(6))


def share_of_best(values: pd.Series) -> pd.Series:
    """Divide by the best value; 1 where the best is 0 or less, which tells nothing apart."""
    best = values.max()
    return (values / best).clip(lower=0) if np.isnan(best) or best > 0 else values * 0 + 1


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


def why_this(grounds: pd.DataFrame, chosen: int) -> str:
    """Say why this number of segments, and whether they are found or cut."""
    own = grounds.loc[chosen]
    kind = {"groups": "customers form groups", "cut": "customers form a crowd, and borders are cut rather than found"}
    times = own["silhouette"] / own["silhouette_crowd"]
    later = own["later_explained"]
    tells = "" if np.isnan(later) else f" They tell {later:.0%} of the differences in what customers spend later."
    return (
        f"{chosen} segments hold when customers are drawn again (agreement {own['agreement']:.2f}, steady from "
        f"{STEADY:.2f}). They part {times:.1f} times as clearly as in a crowd without groups: "
        f"{kind[found_at(grounds, chosen)]}.{tells}"
    )


def beside(grounds: pd.DataFrame, chosen: int, *, min_share: float, most: int) -> str:
    """Say what one segment fewer and one more would change."""
    told = [fewer(grounds, chosen) if chosen - 1 in grounds.index else ""]
    if chosen + 1 in grounds.index:
        told.append(more(grounds, chosen, min_share=min_share, most=most))
    else:
        told.append("More were not tried.")
    return " ".join(part for part in told if part)


def fewer(grounds: pd.DataFrame, chosen: int) -> str:
    """Say what one segment fewer would gain or lose."""
    own, less = grounds.loc[chosen], grounds.loc[chosen - 1]
    steadier = "steadier" if less["agreement"] > own["agreement"] else "no steadier"
    told = f"{chosen - 1} would be {steadier} ({less['agreement']:.2f})"
    if np.isnan(own["later_explained"]):
        return f"{told} and coarser."
    joint = "but" if steadier == "steadier" and less["later_explained"] < own["later_explained"] else "and"
    return f"{told}, {joint} tell {less['later_explained']:.0%} of later spend."


def more(grounds: pd.DataFrame, chosen: int, *, min_share: float, most: int) -> str:
    """Say why not one segment more: the first requirement that it misses, or that it is worth less."""
    number, next_one = chosen + 1, grounds.loc[chosen + 1]
    clear = clear_from(grounds)
    if next_one["agreement"] < STEADY:
        return f"With {number} the agreement falls to {next_one['agreement']:.2f}."
    if number > most:
        return f"{number} would be more than the {most} that can be acted on."
    if next_one["smallest_share"] < min_share:
        return f"With {number} the smallest would hold {next_one['smallest_share']:.1%} of the customers."
    if next_one["silhouette"] < clear:
        return f"With {number} the silhouette is {next_one['silhouette']:.2f}, and {clear:.2f} is within reach."
    if next_one["lowest_jaccard"] < TRUSTED:
        return f"With {number} one segment would not come back (Jaccard {next_one['lowest_jaccard']:.2f})."
    return f"{number} would hold as well (agreement {next_one['agreement']:.2f}), and is worth less in all."
