"""What sets a segment apart: its features against everybody's, with the interval that chance leaves."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segmentation.explaining.standing import number_columns, standing
from segmentation.explaining.words import feature_name, value_in_words
from segmentation.features import FEATURES

DRAWS = 400
GROUPS = 400
MIDDLE_95 = (2.5, 97.5)
MOST_ROWS = 20
COLUMNS = ("segment", "name", "feature", "stands", "theirs", "everyone", "compared", "low", "high", "by")


def contrasts(
    features: pd.DataFrame,
    segments: pd.DataFrame,
    *,
    columns: Sequence[str] = (),
    min_group: int,
    seed: int,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Compare each segment with everybody, feature by feature.

    Money, days and counts are compared by medians, as a ratio, so that one rich customer moves nothing; shares by
    means, as a difference in points, because most medians of shares are 0. Where everybody's median is 0 a ratio tells
    nothing, and the difference of medians is given.

    Parameters
    ----------
    features : one row a customer, raw
    segments : one row a customer, the same index: segment, name
    columns : features to compare; all numbers that are known of somebody when empty
    min_group : the fewest customers, of whom the feature is known, that are compared
    seed : of the customers drawn again
    draws : how often they are drawn again

    Returns
    -------
    DataFrame, one row a segment and feature, those that set it apart most first
        segment : int; name : str; feature : str
        stands : mean in standard deviations from everybody's, by which rows are ordered
        theirs, everyone : median, or mean of a share, in the feature's unit
        compared : by "ratio", "points" or "difference", which `by` tells; low, high : the middle 95 % of draws

    Source
    ------
    docs/decisions/0019-explaining.md
    """
    names = list(columns) or number_columns(features)
    stands = standing(features, segments["segment"], columns=names)
    called = segments.groupby("segment")["name"].first()
    rng = np.random.default_rng(seed)
    rows = []
    for feature in names:
        known = features[feature].astype("float64").dropna()
        everyone = known.to_numpy()
        by, middle, draw = way(feature, everyone)
        of_all = middle(everyone), draw(everyone, rng, draws)
        for segment, own in known.groupby(segments["segment"].reindex(known.index)):
            if np.isnan(stands.loc[segment, feature]) or len(own) < min_group:
                continue
            theirs = middle(own.to_numpy()), draw(own.to_numpy(), rng, draws)
            told = compared(theirs, of_all, by=by)
            rows.append((segment, called[segment], feature, stands.loc[segment, feature], *told))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = table.assign(far=-table["stands"].abs()).sort_values(["segment", "far"], kind="stable").index
    return table.loc[order].reset_index(drop=True)


def compared(
    theirs: tuple[float, np.ndarray], of_all: tuple[float, np.ndarray], *, by: str
) -> tuple[float, float, float, float, float, str]:
    """Compare a segment's middle and its draws with everybody's; see `contrasts` for what comes back.

    Everybody is drawn apart from the segment, though they hold it, which makes the interval a little too wide.
    """
    (own, drawn), (everyone, drawn_of_all) = theirs, of_all
    if by == "ratio":
        spread = np.divide(drawn, drawn_of_all, out=np.full(len(drawn), np.nan), where=drawn_of_all > 0)
        value = own / everyone
    else:
        spread, value = drawn - drawn_of_all, own - everyone
    low, high = np.nanpercentile(spread, MIDDLE_95)
    return float(own), float(everyone), float(value), float(low), float(high), by


def way(feature: str, everyone: np.ndarray) -> tuple:
    """Choose how a feature is compared: by what, its middle, and how the middle is drawn again."""
    if FEATURES[feature].transform == "none":
        share = FEATURES[feature].unit == "share"
        return "points" if share else "difference", np.mean, drawn_means
    return "ratio" if np.median(everyone) > 0 else "difference", np.median, drawn_medians


def drawn_medians(values: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Draw the medians of customers drawn again with replacement, without drawing them.

    The customers drawn are the values at the ranks of uniform numbers, so the median of n of them is the value at the
    rank of the median of n uniform numbers, which is Beta((n + 1)/2, (n + 1)/2).

    Examples
    --------
    >>> drawn_medians(np.array([4.0, 4.0, 4.0]), np.random.default_rng(1), 2).tolist()
    [4.0, 4.0]
    """
    ranked, half = np.sort(values), (len(values) + 1) / 2
    places = np.ceil(len(ranked) * rng.beta(half, half, draws)).astype(int) - 1
    return ranked[places.clip(0, len(ranked) - 1)]


def drawn_means(values: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Draw the means of customers drawn again with replacement; beyond 400 customers, of 400 groups of near ones.

    Examples
    --------
    >>> drawn_means(np.array([0.5, 0.5]), np.random.default_rng(1), 2).tolist()
    [0.5, 0.5]
    """
    groups = np.array_split(np.sort(values), min(GROUPS, len(values)))
    sizes, means = np.array([len(group) for group in groups]), np.array([group.mean() for group in groups])
    counts = rng.multinomial(len(values), sizes / sizes.sum(), size=draws)
    return counts @ means / len(values)


def contrast_table(table: pd.DataFrame, *, money: str, each: int = 4) -> pd.DataFrame:
    """Set out what sets each segment apart, for reading: the first few features of each, at most twenty rows.

    Parameters
    ----------
    table : see `contrasts`
    money : the shop's currency
    each : features a segment, fewer where there are many segments

    Returns
    -------
    DataFrame: segment, feature, theirs, everybody's, compared, 95 % from, to; all words
    """
    most = max(1, min(each, MOST_ROWS // max(1, table["segment"].nunique())))
    top = table.groupby("segment").head(most)
    rows = [contrast_in_words(row, money=money) for row in top.itertuples()]
    return pd.DataFrame(rows, columns=["segment", "feature", "theirs", "everybody's", "compared", "95 % from", "to"])


def contrast_in_words(row: tuple, *, money: str) -> tuple[str, ...]:
    """Word one contrast; see `contrast_table`."""
    theirs, everyone = (
        value_in_words(row.feature, rounded(value), money=money) for value in (row.theirs, row.everyone)
    )
    told = [amount(value, by=row.by) for value in (row.compared, row.low, row.high)]
    return row.name, feature_name(row.feature), theirs, everyone, *told


def rounded(value: float) -> float:
    """Round to three significant digits, which is what a contrast can bear."""
    return float(f"{value:.3g}")


def amount(value: float, *, by: str) -> str:
    """Word a ratio, or a difference.

    Examples
    --------
    >>> amount(3.14159, by="ratio"), amount(-0.123, by="points"), amount(5.0, by="difference")
    ('3.1 times', '-12 points', '+5')
    """
    if by == "ratio":
        return f"{value:.2g} times" if value < 10 else f"{value:.0f} times"
    return f"{100 * value:+.0f} points" if by == "points" else f"{value:+.3g}"
