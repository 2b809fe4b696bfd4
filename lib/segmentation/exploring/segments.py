"""One setting of the controls, computed: who is in which segment, and what the picture shows of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from segmentation.explaining.names import segment_names
from segmentation.explaining.standing import standing
from segmentation.features import FEATURES
from segmentation.grouping import group
from segmentation.preparing import Recipe, fit_preparation
from segmentation.problems import DataProblem, some

MOST_CUSTOMERS = 2_000
MOST_COLUMNS = 8
FEWEST_FEATURES = 2
FROM_TARGET = ("target_selection", "kept", "encoding")


@dataclass(frozen=True)
class Explored:
    """Segments of one setting.

    Attributes
    ----------
    labels : one a customer: segment, int from 0, the richest customers' first
    places : one row a customer: x, y on a map
    kept : of the spread of the prepared features, the share that the map keeps, 0 to 1
    profile : indexed by segment, from the largest share of money: name, customers, customer_share, money_share
    stands : the same rows; one column a prepared feature, at most eight, those in which the segments differ most; mean
        in standard deviations from everybody's mean, whatever the scaling
    silhouette : how well segments part, -1 to 1; missing where there is only one
    left_out : share of customers whom the algorithm put into no group, and who then went to the nearest
    """

    labels: pd.Series
    places: pd.DataFrame
    kept: float
    profile: pd.DataFrame
    stands: pd.DataFrame
    silhouette: float
    left_out: float

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.profile)

    @property
    def names(self) -> list[str]:
        """Names of the segments, the place is the segment's number."""
        return self.profile["name"].sort_index().tolist()


def explored(
    features: pd.DataFrame,
    *,
    columns: Sequence[str],
    k: int,
    algorithm: str,
    scaling: str,
    seed: int,
    recipe: Recipe | None = None,
) -> Explored:
    """Find segments by one setting of the controls.

    Parameters
    ----------
    features : one row a customer
    columns : the features that decide who is alike, two or more
    k : number of segments, for an algorithm that takes one
    algorithm : one of `grouping.ALGORITHMS`
    scaling : one of `preparing.WORDS["scaling"]`
    seed : of draws by chance
    recipe : how features are prepared otherwise, as far as it needs no later period; the usual way when None

    Raises
    ------
    DataProblem
        There are fewer than two customers or features, a feature is not known or the same for all, or so many segments
        can't be made.

    Source
    ------
    docs/decisions/0022-widgets.md
    """
    require_enough(features, columns=columns)
    asked = adapted(recipe or Recipe(), columns=columns, scaling=scaling)
    preparation = fit_preparation(features, asked, seed=seed)
    prepared = pd.DataFrame(preparation.transform(features), index=features.index, columns=preparation.names)
    grouping = group(prepared.to_numpy(), algorithm=algorithm, k=k, seed=seed)
    labels = richest_first(pd.Series(grouping.labels, index=features.index), features["net_spend"])
    places, kept = map_of(prepared)
    profile = sizes(labels, features["net_spend"], names=segment_names(standing(features, labels)))
    stands = telling(standings(prepared, labels)).loc[profile.index]
    return Explored(labels, places, kept, profile, stands, parting(prepared, labels), grouping.left_out)


def known_features(features: pd.DataFrame) -> list[str]:
    """List the features that are known of some customer and not the same for all."""
    return [name for name in FEATURES if name in features.columns and features[name].nunique() > 1]


def require_enough(features: pd.DataFrame, *, columns: Sequence[str]) -> None:
    """Require two customers and two features or more, each feature known and not the same for all."""
    if len(features) < 2:
        raise DataProblem(f"Segments need two customers or more; there is {len(features) or 'none'}.")
    if len(columns) < FEWEST_FEATURES:
        raise DataProblem(f"Two features or more must be ticked; {len(columns) or 'none'} is.")
    known = known_features(features[[name for name in columns if name in features.columns]])
    if unknown := [name for name in columns if name not in known]:
        raise DataProblem(f"Features must differ between customers to tell them apart; {some(unknown)} does not.")


def sampled(features: pd.DataFrame, *, seed: int, most: int = MOST_CUSTOMERS) -> pd.DataFrame:
    """Draw at most so many customers by chance, in their order; all when there are no more."""
    if len(features) <= most:
        return features
    drawn = np.random.default_rng(seed).choice(len(features), most, replace=False)
    return features.iloc[np.sort(drawn)]


def adapted(recipe: Recipe, *, columns: Sequence[str], scaling: str) -> Recipe:
    """Adapt a recipe to ticked features; what needs a later period, or a feature that is not ticked, falls away."""
    usual = Recipe()
    without_target = {name: getattr(usual, name) for name in FROM_TARGET if recipe.needs_target or name == "kept"}
    crossed = tuple(word for word, pair in zip(recipe.crossed, recipe.pairs, strict=True) if set(pair) <= set(columns))
    return replace(recipe, columns=tuple(columns), scaling=scaling, crossed=crossed, **without_target)


def richest_first(found: pd.Series, spend: pd.Series) -> pd.Series:
    """Number segments from the richest customers to the poorest, by their mean spend.

    Examples
    --------
    >>> richest_first(pd.Series([0, 1, 1]), pd.Series([5.0, 9.0, 7.0])).tolist()
    [1, 0, 0]
    """
    order = spend.groupby(found).mean().sort_values(ascending=False, kind="stable").index
    return found.map({segment: place for place, segment in enumerate(order)}).astype("int64")


def sizes(labels: pd.Series, spend: pd.Series, *, names: Sequence[str]) -> pd.DataFrame:
    """Measure each segment's share of customers and of money; see `Explored.profile`."""
    customers, money = labels.value_counts().sort_index(), spend.groupby(labels).sum()
    profile = pd.DataFrame(
        {
            "name": list(names),
            "customers": customers,
            "customer_share": customers / len(labels),
            "money_share": money / money.sum() if money.sum() else 0.0,
        }
    )
    return profile.sort_values("money_share", ascending=False, kind="stable")


def standings(prepared: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Measure where each segment's mean stands, in standard deviations from everybody's mean; segments in order."""
    spread = prepared.std(ddof=0)
    return ((prepared - prepared.mean()) / spread.where(spread > 0, 1.0)).groupby(labels).mean()


def telling(stands: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns in which segments differ most, in their order."""
    best = stands.var(ddof=0).nlargest(MOST_COLUMNS).index
    return stands[[name for name in stands.columns if name in best]]


def parting(prepared: pd.DataFrame, labels: pd.Series) -> float:
    """Measure how well segments part: silhouette, missing for one segment and where everybody is one."""
    return float(silhouette_score(prepared, labels)) if 1 < labels.nunique() < len(labels) else float("nan")


def map_of(prepared: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Place customers on the two directions in which they differ most, and tell the share of the spread these keep."""
    fitted = PCA(min(2, prepared.shape[1]), svd_solver="full").fit(prepared.to_numpy())
    places = pd.DataFrame(fitted.transform(prepared.to_numpy()), index=prepared.index)
    kept = np.nan_to_num(fitted.explained_variance_ratio_).sum()
    return places.reindex(columns=[0, 1], fill_value=0.0).set_axis(["x", "y"], axis=1), float(min(kept, 1.0))
