"""One setting of the controls, computed: who is in which segment, and what the picture shows of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from segmentation import cluster
from segmentation.features import FEATURES
from segmentation.problems import DataProblem, some

MOST_CUSTOMERS = 2_000
MOST_FEATURES = 9
FEWEST_FEATURES = 2
SCALINGS = ("standard", "min-max", "robust")


@dataclass(frozen=True)
class Explored:
    """Segments of one setting.

    Attributes
    ----------
    labels : one a customer: segment, int from 0, the richest customers' first
    names : the place is the segment's number
    places : one row a customer: x, y, on a map that keeps `kept` (0 to 1) of the spread of the prepared features
    profile : see `cluster.segment_profile`, from the largest share of money
    stands : one row a segment in the profile's order; one column a prepared feature, at most nine, those that tell the
        segments apart best; mean in standard deviations from the mean of all, whatever the scaling
    silhouette : how well segments part, -1 to 1; missing for a single one
    left_out : share of customers that the algorithm put into no group, and who then went to the nearest
    """

    labels: pd.Series
    names: tuple[str, ...]
    places: pd.DataFrame
    kept: float
    profile: pd.DataFrame
    stands: pd.DataFrame
    silhouette: float
    left_out: float

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.names)


def explored(
    features: pd.DataFrame, *, columns: Sequence[str], k: int, algorithm: str, scaling: str, seed: int
) -> Explored:
    """Find segments by one setting of the controls.

    Parameters
    ----------
    features : one row a customer
    columns : the features that decide who is alike, two or more
    k : number of segments, for an algorithm that takes one
    algorithm, scaling : see `grouping.ALGORITHMS` and `SCALINGS`
    seed : of draws by chance

    Raises
    ------
    DataProblem
        Fewer than two features, one that is not known, or a number of segments that can't be made.
    """
    require_enough_features(features, columns=columns)
    prepared = prepare(features, columns=columns, scaling=scaling)
    found, left_out = group(prepared.to_numpy(), k=k, algorithm=algorithm, seed=seed)
    labels = richest_first(pd.Series(found, index=features.index), features["net_spend"])
    stands = standings(prepared, labels)
    names = name_segments(stands)
    segments = pd.DataFrame({"segment": labels, "name": labels.map(dict(enumerate(names)))})
    profile = cluster.segment_profile(features[["net_spend"]], segments)
    places, kept = map_of(prepared)
    parts = labels.nunique() > 1 and labels.nunique() < len(labels)
    return Explored(
        labels=labels,
        names=tuple(names),
        places=places,
        kept=kept,
        profile=profile,
        stands=telling(stands).loc[profile.index],
        silhouette=float(silhouette_score(prepared, labels)) if parts else float("nan"),
        left_out=left_out,
    )


def known_features(features: pd.DataFrame) -> list[str]:
    """List the numbers that are known of some customer and not the same for all."""
    numbers = features.select_dtypes("number").columns
    return [name for name in FEATURES if name in numbers and features[name].nunique() > 1]


def require_enough_features(features: pd.DataFrame, *, columns: Sequence[str]) -> None:
    """Require two features or more, each known and not the same for all; see `known_features`."""
    if len(columns) < FEWEST_FEATURES:
        raise DataProblem(f"A map needs two features or more; {len(columns) or 'none'} is ticked. Tick another?")
    if unknown := [name for name in columns if name not in known_features(features)]:
        raise DataProblem(f"Features must be numbers that differ between customers; {some(unknown)} is not.")


def sampled(features: pd.DataFrame, *, seed: int, most: int = MOST_CUSTOMERS) -> pd.DataFrame:
    """Draw at most so many customers by chance, in their order; all when there are no more."""
    if len(features) <= most:
        return features
    drawn = np.random.default_rng(seed).choice(len(features), most, replace=False)
    return features.iloc[np.sort(drawn)]


def prepare(features: pd.DataFrame, *, columns: Sequence[str], scaling: str) -> pd.DataFrame:
    """Prepare features for measuring distances; one column each."""
    known = features[list(columns)].fillna(features[list(columns)].median())
    prepared = cluster.prepare(columns).fit_transform(known)
    return pd.DataFrame(prepared, index=features.index, columns=cluster.prepared_order(columns))


def group(prepared: np.ndarray, *, k: int, algorithm: str, seed: int) -> tuple[np.ndarray, float]:
    """Group customers: each one's group, and the share that the algorithm put into none at first."""
    return cluster.k_means(prepared, k, starts=cluster.STARTS, seed=seed).labels_, 0.0


def richest_first(found: pd.Series, spend: pd.Series) -> pd.Series:
    """Number segments from the richest customers to the poorest, by their mean spend."""
    order = spend.groupby(found).mean().sort_values(ascending=False, kind="stable").index
    return found.map({segment: place for place, segment in enumerate(order)}).astype("int64")


def standings(prepared: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Measure where each segment's mean stands, in standard deviations from the mean of all; segments in order."""
    spread = prepared.std(ddof=0).replace(0, 1)
    return ((prepared - prepared.mean()) / spread).groupby(labels).mean()


def telling(stands: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns in which segments differ most, in their order."""
    best = stands.var(ddof=0).nlargest(MOST_FEATURES).index
    return stands[[name for name in stands.columns if name in best]]


def name_segments(stands: pd.DataFrame) -> list[str]:
    """Name each segment from where it stands, no name twice; the place is the segment's number."""
    columns = cluster.prepared_order(list(stands.columns))
    return cluster.segment_names(cluster.Segmentation(columns, cluster.prepare(columns), stands[columns].to_numpy()))


def map_of(prepared: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Place customers on the two directions in which they differ most, and tell the share of the spread these keep."""
    fitted = PCA(2, svd_solver="covariance_eigh").fit(prepared.to_numpy())
    places = pd.DataFrame(fitted.transform(prepared.to_numpy()), index=prepared.index, columns=["x", "y"])
    return places, float(np.nan_to_num(fitted.explained_variance_ratio_).sum())
