"""Customers on a map of two dimensions, and how segments spread in each feature."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segmentation.explaining.standing import Scale, fit_scale, standing
from segmentation.explaining.words import feature_name

MOST_POINTS = 2_000
OUTERMOST, BLUR = 0.02, 0.1
NAMED_LOADINGS = 2
QUANTILES = {"low": 0.1, "lower": 0.25, "median": 0.5, "upper": 0.75, "high": 0.9}


def map_points(
    features: pd.DataFrame,
    segments: pd.DataFrame,
    *,
    columns: Sequence[str],
    min_group: int,
    seed: int,
    most: int = MOST_POINTS,
) -> pd.DataFrame:
    """Place customers on the two directions in which they differ most (principal components of what is known of all).

    Nobody is to be found on it: it has a sample, no ids, no segment below `min_group`, and not the outermost 2 % of
    each segment, who could be recognised by being far from everybody; all others are moved a little.

    Parameters
    ----------
    features : one row a customer, raw
    segments : one row a customer, the same index: segment, name
    columns : features to make the map of; what is not known counts as average
    min_group : the fewest customers of a segment that is drawn
    seed : of the sample
    most : customers drawn

    Returns
    -------
    DataFrame, one row a customer drawn, in an order drawn by chance: segment, name, x, y, in standard deviations,
    each moved by chance; attrs["axes"] words the two directions
    """
    scale = fit_scale(features, columns=columns)
    z = np.nan_to_num(scale.standardise(features))
    directions = main_directions(z)
    places = pd.DataFrame(z @ directions.T, columns=["x", "y"], index=features.index)
    points = segments[["segment", "name"]].join(places)
    sizes = points.groupby("segment")["x"].transform("size")
    shown = points[(sizes >= min_group) & ~outermost(points)]
    drawn = shown.sample(min(most, len(shown)), random_state=seed).reset_index(drop=True)
    drawn[["x", "y"]] = blurred(drawn[["x", "y"]], seed=seed)
    drawn.attrs["axes"] = [axis_in_words(direction, scale) for direction in directions]
    return drawn


def blurred(places: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Move each place by chance, at most a tenth of a standard deviation each way, so that none is a measurement."""
    moved = np.random.default_rng(seed).uniform(-BLUR, BLUR, places.shape)
    return (places.round(1) + moved).round(2)


def main_directions(z: np.ndarray) -> np.ndarray:
    """Find the two directions of most variance, shape (2, columns), each turned so that its largest part is over 0."""
    centred = z - z.mean(axis=0) if len(z) else z
    _, vectors = np.linalg.eigh(centred.T @ centred)
    directions = vectors[:, ::-1].T[:2]
    if len(directions) < 2:
        directions = np.vstack([directions, np.zeros((2 - len(directions), z.shape[1]))])
    largest = directions[np.arange(2), np.abs(directions).round(6).argmax(axis=1)]
    return directions * np.where(largest < 0, -1.0, 1.0)[:, None]


def axis_in_words(direction: np.ndarray, scale: Scale) -> str:
    """Word a direction by the features that weigh most in it.

    Examples
    --------
    >>> scale = Scale(("recency_days", "order_count"), (True, True), (0.0, 0.0), (1.0, 1.0))
    >>> axis_in_words(np.array([-0.4, 0.9]), scale)
    'more orders, fewer days since the last order →'
    """
    order = np.argsort(-np.abs(direction).round(6), kind="stable")[:NAMED_LOADINGS]
    words = [
        f"{'more' if direction[place] > 0 else 'fewer' if counted(scale.columns[place]) else 'less'} "
        f"{feature_name(scale.columns[place])}"
        for place in order
        if direction[place]
    ]
    return f"{', '.join(words)} →" if words else ""


def counted(feature: str) -> bool:
    """Tell whether a feature counts things, of which there are fewer rather than less."""
    return feature.endswith(("_count", "_days"))


def outermost(points: pd.DataFrame) -> pd.Series:
    """Tell who is among the outermost 2 % of their segment, at least one customer of each."""
    by_segment = points.groupby("segment")
    away = np.hypot(*(points[axis] - by_segment[axis].transform("median") for axis in ("x", "y")))
    rank = away.groupby(points["segment"]).rank(method="first", ascending=False)
    return rank <= np.ceil(OUTERMOST * by_segment["x"].transform("size"))


def map_numbers(points: pd.DataFrame) -> pd.DataFrame:
    """Summarise the map for the file beside it: where the middle half of each segment's customers stand.

    Returns
    -------
    DataFrame, one row a segment: name, customers drawn, then lower, median and upper of x and y
    """
    by_name = points.groupby("name", sort=False)
    parts = {
        f"{axis}_{word}": by_name[axis].quantile(QUANTILES[word])
        for axis in ("x", "y")
        for word in ("lower", "median", "upper")
    }
    return pd.DataFrame({"customers": by_name.size(), **parts}).sort_index().reset_index()


def telling_features(features: pd.DataFrame, segments: pd.DataFrame, *, columns: Sequence[str], most: int) -> list[str]:
    """List the features in which segments differ most, the widest apart first.

    Returns
    -------
    list of names, by the mean squared standing of customers' segments
    """
    stands = standing(features, segments["segment"], columns=columns)
    shares = segments["segment"].value_counts(normalize=True)
    apart = (stands**2).mul(shares, axis=0).sum().round(9)
    return apart.sort_values(ascending=False, kind="stable").head(most).index.tolist()


def segment_spread(
    features: pd.DataFrame, segments: pd.DataFrame, *, columns: Sequence[str], min_group: int
) -> pd.DataFrame:
    """Measure how each segment spreads in some features.

    Parameters
    ----------
    features : one row a customer, raw
    segments : one row a customer, the same index: segment, name
    columns : features
    min_group : the fewest customers, of whom the feature is known, that are told of

    Returns
    -------
    DataFrame, one row a feature and segment: feature, segment, name, customers (of whom it is known), then low, lower,
    median, upper, high, below which a tenth, a quarter, half, three quarters and nine tenths of them are
    """
    called = segments.groupby("segment")["name"].first()
    tables = []
    for feature in columns:
        by_segment = features[feature].groupby(segments["segment"])
        table = pd.DataFrame({word: by_segment.quantile(share) for word, share in QUANTILES.items()})
        table.insert(0, "customers", by_segment.count())
        table.insert(0, "name", called)
        table.insert(0, "feature", feature)
        tables.append(table[table["customers"] >= min_group].reset_index())
    empty = ["segment", "feature", "name", "customers", *QUANTILES]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=empty)
