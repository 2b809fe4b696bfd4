"""Step 04: find segments by k-means on transformed, scaled features, choose their number, and name them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import ThreadpoolController

from segmentation.features import FEATURES
from segmentation.presets import read_preset
from segmentation.problems import DataProblem, some

USUAL_FEATURES = (
    "recency_days",
    "order_count",
    "net_spend",
    "average_order",
    "tenure_days",
    "product_count",
    "discount_share",
)
THREADS = ThreadpoolController()
MANY_CUSTOMERS = 100_000
MIN_CUSTOMERS = 20
STEADY = 0.8
AS_CLEAR = 0.9
FEWEST = 3
MOST = 12
GROUPS = 2.0
STRONG_CLAIM, HELD, UNMET_CLAIM = 1.5, 0.5, 100.0
FAR_OUT = 3.0
STARTS, REFIT_STARTS = 5, 3
SILHOUETTE_SAMPLE = 2_500


@dataclass(frozen=True)
class Segmentation:
    """A fitted k-means: the features that it uses, how they are prepared, and the centres, richest segment first."""

    columns: Sequence[str]
    preparation: Pipeline
    centres: np.ndarray

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.centres)

    def distances(self, features: pd.DataFrame) -> np.ndarray:
        """Measure each customer's distance to each centre, shape (customers, k), in standard deviations."""
        return cdist(self.preparation.transform(features[list(self.columns)]), self.centres)


@dataclass(frozen=True)
class Choice:
    """The number of segments and the grounds for it, in words."""

    k: int
    why: str


def require_enough_to_tell(features: pd.DataFrame, *, columns: Sequence[str]) -> None:
    """Require enough customers, known values, and differences between customers.

    Raises
    ------
    DataProblem
        A column is no feature or has missing values, there are too few customers, or they are all alike.
    """
    unknown = [column for column in columns if column not in FEATURES]
    if unknown:
        raise DataProblem(
            f"`cluster_features` must name features, which are {', '.join(FEATURES)}; got {some(unknown)}."
        )
    if len(features) < MIN_CUSTOMERS:
        raise DataProblem(
            f"Segments need at least {MIN_CUSTOMERS} customers; there are {len(features)}. Is the file cut off, or the "
            "column for the customer another one? Name it with `column_map: {customer_id: …}`."
        )
    missing = features[list(columns)].isna().sum()
    if missing.any():
        raise DataProblem(
            f"`cluster_features` must be known for every customer; {some(missing.index[missing > 0])} is missing for "
            f"{missing.max():,} of {len(features):,}. Leave it out?"
        )
    if (features[list(columns)].nunique() == 1).all():
        raise DataProblem(
            f"Customers can't be told apart: all {len(features):,} have the same {', '.join(columns)}. "
            "No segments are made. Is a column read wrongly? Step 01 shows what each was read from."
        )


def require_possible_k(*, k: int, k_max: int) -> None:
    """Require numbers of segments for which there are names, and that two or more are tried.

    Raises
    ------
    DataProblem
        `k` is neither 0 nor from 2 to 12, or `k_max` is not from 2 to 12.
    """
    if k != 0 and not 2 <= k <= MOST:
        raise DataProblem(f"`k` must be 0 to choose it from the data, or from 2 to {MOST}; got {k}.")
    if not 2 <= k_max <= MOST:
        raise DataProblem(f"`k_max` must be from 2 to {MOST}; got {k_max}.")


def prepare(columns: Sequence[str]) -> Pipeline:
    """Build the preparation: logarithm where a feature is skewed, then mean 0 and deviation 1, at most 3 from the mean.

    Who got back more than they paid counts as having spent nothing.

    Parameters
    ----------
    columns : names of features

    Returns
    -------
    Pipeline, not fitted; it turns a DataFrame of shape (customers, columns) into an array of the same shape
    """
    skewed = [column for column in columns if FEATURES[column].transform == "log"]
    shares = [column for column in columns if column not in skewed]
    transform = ColumnTransformer([("log", FunctionTransformer(logarithm), skewed), ("as is", "passthrough", shares)])
    near = FunctionTransformer(np.clip, kw_args={"a_min": -FAR_OUT, "a_max": FAR_OUT})
    return Pipeline([("transform", transform), ("scale", StandardScaler()), ("near", near)])


def logarithm(values: pd.DataFrame) -> pd.DataFrame:
    """Take the logarithm of value plus one, of 0 where the value is negative.

    Examples
    --------
    >>> logarithm(pd.DataFrame({"net_spend": [0.0, -5.0]}))["net_spend"].tolist()
    [0.0, 0.0]
    """
    return np.log1p(values.clip(lower=0))


def prepared_order(columns: Sequence[str]) -> list[str]:
    """Name the columns of the prepared array: the skewed ones first."""
    return sorted(columns, key=lambda column: FEATURES[column].transform != "log")


def fit_segments(features: pd.DataFrame, *, columns: Sequence[str], k: int, seed: int) -> Segmentation:
    """Fit k-means on prepared features; segments are numbered from the richest customers to the poorest.

    Parameters
    ----------
    features : one row a customer
    columns : the features to use
    k : number of segments
    seed : of the starts
    """
    preparation = prepare(columns)
    prepared = preparation.fit_transform(features[list(columns)])
    distinct = len(np.unique(prepared, axis=0))
    if not 1 <= k <= distinct:
        raise DataProblem(f"`k` must be between 1 and the {distinct:,} different customers; got {k}.")
    fitted = k_means(prepared, k, starts=STARTS, seed=seed)
    spend = pd.Series(features["net_spend"].to_numpy()).groupby(fitted.labels_).mean()
    return Segmentation(tuple(columns), preparation, fitted.cluster_centers_[spend.sort_values(ascending=False).index])


def k_means(prepared: np.ndarray, k: int, *, starts: int, seed: int) -> KMeans:
    """Fit k-means from several starts.

    Small tables use one thread: OpenMP's threads wait for each other at every step, which costs more than they bring
    and, beside another busy process, many times as much. Customers drawn again may be fewer kinds than k: that the fit
    then finds fewer segments shows in its agreement, and needs no warning.
    """
    threads = 1 if len(prepared) < MANY_CUSTOMERS else None
    with THREADS.limit(limits=threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(k, n_init=starts, random_state=seed).fit(prepared)


def assign_segments(segmentation: Segmentation, features: pd.DataFrame) -> pd.DataFrame:
    """Give each customer the segment with the nearest centre.

    Returns
    -------
    DataFrame with the same index
        segment : int from 0; confidence : float, 0 on the border to the next segment, 1 at the centre
    """
    distances = segmentation.distances(features)
    if segmentation.k == 1:
        return pd.DataFrame({"segment": 0, "confidence": 1.0}, index=features.index)
    nearest, second = np.sort(distances, axis=1)[:, :2].T
    confidence = 1 - np.divide(nearest, second, out=np.ones_like(nearest), where=second > 0)
    return pd.DataFrame({"segment": distances.argmin(axis=1), "confidence": confidence.round(4)}, index=features.index)


def grounds_by_k(prepared: np.ndarray, *, k_max: int, refits: int, seed: int) -> pd.DataFrame:
    """Measure, for each number of segments, how well they part and how well they hold.

    Parameters
    ----------
    prepared : shape (customers, features)
    k_max : the largest number to try, from 2
    refits : bootstrap samples on which each is fitted again
    seed : of starts and samples

    Returns
    -------
    DataFrame indexed by k
        silhouette : -1 to 1, higher parts better; silhouette_crowd : the same in a crowd without groups, of as many
        customers (2,500 at most) and the same spread; davies_bouldin : lower parts better;
        within : mean squared distance to the centre; smallest_share : of customers in the smallest segment;
        agreement, agreement_low, agreement_high : adjusted Rand index of refits with the fit, mean and middle 90 %
    """
    kinds = len(np.unique(prepared, axis=0))
    numbers = range(2, min(k_max, max(2, kinds - 1)) + 1)
    crowd = crowd_like(prepared, seed=seed)
    rows = [grounds(prepared, k, refits=refits, seed=seed) | crowd_silhouette(crowd, k, seed=seed) for k in numbers]
    return pd.DataFrame(rows).set_index("k")


def grounds(prepared: np.ndarray, k: int, *, refits: int, seed: int) -> dict[str, float]:
    """Measure one number of segments; see `grounds_by_k`."""
    fitted = k_means(prepared, k, starts=STARTS, seed=seed)
    agreement = [
        adjusted_rand_score(fitted.labels_, refit.predict(prepared)) for refit in bootstrap(prepared, k, refits, seed)
    ]
    low, high = np.quantile(agreement, [0.05, 0.95])
    sample = min(SILHOUETTE_SAMPLE, len(prepared))
    return {
        "k": k,
        "silhouette": silhouette_score(prepared, fitted.labels_, sample_size=sample, random_state=seed),
        "davies_bouldin": davies_bouldin_score(prepared, fitted.labels_),
        "within": fitted.inertia_ / len(prepared),
        "smallest_share": np.bincount(fitted.labels_, minlength=k).min() / len(prepared),
        "agreement": np.mean(agreement),
        "agreement_low": low,
        "agreement_high": high,
    }


def crowd_like(prepared: np.ndarray, *, seed: int) -> np.ndarray:
    """Draw customers without groups: normally distributed with the same means, spreads and correlations."""
    size = min(SILHOUETTE_SAMPLE, len(prepared))
    covariance = np.cov(prepared, rowvar=False).reshape(prepared.shape[1], -1)
    return np.random.default_rng(seed).multivariate_normal(prepared.mean(axis=0), covariance, size, method="eigh")


def crowd_silhouette(crowd: np.ndarray, k: int, *, seed: int) -> dict[str, float]:
    """Measure how clearly k segments of a crowd seem to part though there are none."""
    fitted = k_means(crowd, k, starts=REFIT_STARTS, seed=seed)
    return {"silhouette_crowd": silhouette_score(crowd, fitted.labels_)}


def bootstrap(prepared: np.ndarray, k: int, refits: int, seed: int) -> list[KMeans]:
    """Fit k-means again on samples of the customers, drawn with replacement."""
    generator = np.random.default_rng(seed)
    samples = (prepared[generator.integers(0, len(prepared), len(prepared))] for _ in range(refits))
    return [k_means(sample, k, starts=REFIT_STARTS, seed=seed + i) for i, sample in enumerate(samples)]


def choose_k(grounds: pd.DataFrame, *, k: int, min_share: float) -> Choice:
    """Choose the number of segments: what holds first, then what parts clearly if anything does, then the finest.

    A number holds when refits on customers drawn again agree with it at 0.80 or more. Customers form groups when, from
    three segments up, they part at least twice as clearly as a crowd of the same spread; then only numbers that reach
    90 % of the best silhouette count. In a crowd silhouettes tell nothing apart, and the finest number that holds is
    taken.

    Parameters
    ----------
    grounds : see `grounds_by_k`
    k : the user's own number, 0 to choose
    min_share : of customers, below which a segment is too small to act on

    Raises
    ------
    DataProblem
        No number holds: cutting here would invent segments.

    Source
    ------
    docs/decisions/0007-number-of-segments.md
    """
    if k:
        return Choice(k, f"{k} segments, because `k` asks for them.")
    steady = grounds[grounds["agreement"] >= STEADY]
    if steady.empty:
        raise DataProblem(
            f"No number of segments from {grounds.index.min()} to {grounds.index.max()} holds: fitted again on "
            f"customers drawn again, the groupings agree at {grounds['agreement'].max():.2f} at best, and {STEADY} is "
            "asked for. These customers form one crowd. Set `k` to cut it all the same?"
        )
    useful = steady[steady["smallest_share"] >= min_share]
    clear = useful[useful["silhouette"] >= clear_from(grounds)]
    if clear.empty:
        return steadiest(steady, min_share=min_share)
    chosen = int(clear.index.max())
    return Choice(chosen, choice_in_words(grounds, chosen))


def steadiest(steady: pd.DataFrame, *, min_share: float) -> Choice:
    """Choose the number that holds best, for want of one that also parts clearly into segments large enough."""
    k = int(steady["agreement"].idxmax())
    return Choice(
        k,
        f"{k} segments hold best when customers are drawn again (agreement {steady.loc[k, 'agreement']:.2f}, steady "
        f"from {STEADY:.2f}). No number that holds also parts clearly into segments of at least {min_share:.0%} of the "
        "customers.",
    )


def clear_from(grounds: pd.DataFrame) -> float:
    """Tell the silhouette from which a number of segments counts as parting clearly; any does in a crowd."""
    fine = grounds.loc[min(FEWEST, grounds.index.max()) :]
    has_groups = (fine["silhouette"] >= GROUPS * fine["silhouette_crowd"]).any()
    return AS_CLEAR * float(fine["silhouette"].max()) if has_groups else -1.0


def choice_in_words(grounds: pd.DataFrame, chosen: int) -> str:
    """Say why this number of segments, why not one more, and whether they are found or cut."""
    own, clear = grounds.loc[chosen], clear_from(grounds)
    times = own["silhouette"] / own["silhouette_crowd"]
    kind = "customers form groups" if clear > 0 else "customers form a crowd, and borders are cut rather than found"
    why = (
        f"{chosen} segments hold when customers are drawn again (agreement {own['agreement']:.2f}, steady from "
        f"{STEADY:.2f}). They part {times:.1f} times as clearly as in a crowd without groups: {kind}."
    )
    if chosen + 1 not in grounds.index:
        return f"{why} More were not tried."
    more = grounds.loc[chosen + 1]
    if more["agreement"] < STEADY:
        return f"{why} With {chosen + 1} the agreement falls to {more['agreement']:.2f}."
    if more["silhouette"] < clear:
        return f"{why} With {chosen + 1} the silhouette falls from {own['silhouette']:.2f} to {more['silhouette']:.2f}."
    return f"{why} With {chosen + 1} the smallest would hold {more['smallest_share']:.1%} of the customers."


def segment_names(segmentation: Segmentation) -> list[str]:
    """Name each segment after the archetype nearest to its centre, no name twice.

    Returns
    -------
    list of str, the place is the segment's number
    """
    archetypes = read_preset("archetypes")
    centres = pd.DataFrame(segmentation.centres, columns=prepared_order(segmentation.columns))
    cost = np.array(
        [[unlikeness(centre, expected) for expected in archetypes.values()] for _, centre in centres.iterrows()]
    )
    segments, chosen = linear_sum_assignment(cost)
    names = list(archetypes)
    return [names[place] for _, place in sorted(zip(segments, chosen, strict=True))]


def unlikeness(centre: pd.Series, expected: dict[str, float]) -> float:
    """Measure how far a centre is from an archetype, mean squared; a feature that only one of them has counts as 0.

    What an archetype claims strongly must be there: nobody is a discount hunter in a shop without discounts, however
    near the rest is. Each strong claim that does not hold puts the archetype behind all that hold theirs.

    Examples
    --------
    >>> unlikeness(pd.Series({"recency_days": 1.0, "order_count": 2.0}), {"recency_days": 1.0})
    2.0
    >>> unlikeness(pd.Series({"recency_days": 1.0}), {"discount_share": 2.0}) > 100
    True
    """
    features = centre.index.union(list(expected))
    stands = centre.reindex(features, fill_value=0.0)
    claimed = pd.Series(expected).reindex(features, fill_value=0.0)
    unmet = (claimed.abs() >= STRONG_CLAIM) & (stands * np.sign(claimed) < HELD)
    return float(((stands - claimed) ** 2).mean() + UNMET_CLAIM * unmet.sum())


def segment_profile(features: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Describe each segment: its size, its share of money, and the median of each feature.

    Parameters
    ----------
    features, segments : one row a customer, the same index; segments has segment and name

    Returns
    -------
    DataFrame indexed by segment, from the largest share of money
        name : str; customers : int; customer_share, money_share : 0 to 1; then one median a feature
    """
    by_segment = features.groupby(segments["segment"])
    size = by_segment.size()
    money = by_segment["net_spend"].sum()
    profile = pd.DataFrame(
        {
            "name": segments.groupby("segment")["name"].first(),
            "customers": size,
            "customer_share": size / size.sum(),
            "money_share": money / money.sum() if money.sum() else 0.0,
        }
    )
    return profile.join(by_segment.median()).sort_values("money_share", ascending=False)


PROFILE_FORMATS = {"of customers": "{:.0%}", "of money": "{:.0%}", "on discount": "{:.0%}"}


def profile_table(profile: pd.DataFrame, *, money: str) -> pd.DataFrame:
    """Set the profile out for reading: size, money, and the medians that a marketer asks for first.

    Returns
    -------
    DataFrame, one row a segment in the profile's order
    """
    return pd.DataFrame(
        {
            "segment": profile["name"],
            "customers": profile["customers"],
            "of customers": profile["customer_share"],
            "of money": profile["money_share"],
            "last order, days ago": profile["recency_days"].round().astype("int64"),
            "orders": profile["order_count"].round(1),
            f"spend, {money}": profile["net_spend"],
            f"average order, {money}": profile["average_order"],
            "on discount": profile["discount_share"],
        }
    ).reset_index(drop=True)


def named_centres(segmentation: Segmentation, profile: pd.DataFrame) -> pd.DataFrame:
    """List where each centre stands, in standard deviations, one row a segment in the profile's order."""
    centres = pd.DataFrame(segmentation.centres, columns=prepared_order(segmentation.columns))
    return centres.loc[profile.index].set_axis(profile["name"], axis=0)[list(segmentation.columns)]


def cross_shares(segments: pd.DataFrame, profile: pd.DataFrame, *, min_group: int) -> pd.DataFrame:
    """Measure where each segment's customers stand on the RFM map.

    Returns
    -------
    DataFrame, one row a segment in the profile's order, one column a name on the map; shares of the segment, 0 where
    fewer than `min_group` customers stand
    """
    order = [name for name in read_preset("rfm_map") if name in set(segments["rfm_segment"])]
    counts = pd.crosstab(segments["name"], segments["rfm_segment"]).loc[profile["name"], order]
    return counts.where(counts >= min_group, 0).div(counts.sum(axis=1), axis=0)


def agreement(first: pd.Series, second: pd.Series) -> float:
    """Measure how far two groupings of the same customers agree: adjusted Rand index, 1 the same, 0 as by chance."""
    return float(adjusted_rand_score(first, second))


def model_record(segmentation: Segmentation) -> dict[str, object]:
    """Record the fitted model in plain numbers: what is prepared how, and where the centres are."""
    scale = segmentation.preparation.named_steps["scale"]
    columns = prepared_order(segmentation.columns)
    return {
        "method": "k-means",
        "columns": columns,
        "transforms": [FEATURES[column].transform for column in columns],
        "means": scale.mean_.tolist(),
        "deviations": scale.scale_.tolist(),
        "at_most": FAR_OUT,
        "centres": segmentation.centres.tolist(),
    }
