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
from segmentation.gate import FEWEST_FOR_RULES, FULL, Allowed
from segmentation.presets import read_preset
from segmentation.problems import DataProblem, some
from segmentation.simple_rules import RuleSegmentation, read_rules, rule_names, rules_in_words

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


class NoSegments(DataProblem):
    """These customers give no grounds for segments: too few, all alike, or one crowd."""


@dataclass(frozen=True)
class Segmented:
    """Everybody's segment and how it came about.

    Attributes
    ----------
    mode : "full" for k-means, "rules", or "one group"
    why : the grounds for the number of segments, or for not looking for any, in words
    segmentation : what gives a customer a segment
    segments : one row a customer: segment (int from 0), confidence (0 to 1), name
    grounds : see `grounds_by_k`; empty when no number was tried
    """

    mode: str
    why: str
    segmentation: Segmentation | RuleSegmentation
    segments: pd.DataFrame
    grounds: pd.DataFrame

    @property
    def k(self) -> int:
        """Number of segments."""
        return self.segmentation.k

    @property
    def chosen(self) -> int:
        """The number chosen among those that were tried, 0 when rules decided."""
        return self.k if self.mode == FULL else 0


def usable_features(features: pd.DataFrame, *, asked: Sequence[str]) -> list[str]:
    """List the features that decide who is alike: those asked for, or the usual ones as far as they are known.

    Raises
    ------
    DataProblem
        One that is asked for is no feature.
    """
    require_features(asked)
    return list(asked) or [name for name in USUAL_FEATURES if features[name].notna().any()]


def require_features(names: Sequence[str]) -> None:
    """Require names of features; see `usable_features`."""
    unknown = [name for name in names if name not in FEATURES]
    if unknown:
        raise DataProblem(
            f"`cluster_features` must name features, which are {', '.join(FEATURES)}; got {some(unknown)}."
        )


def segment_customers(
    features: pd.DataFrame,
    *,
    columns: Sequence[str],
    allowed: Allowed,
    k: int,
    k_max: int,
    refits: int,
    min_share: float,
    seed: int,
) -> Segmented:
    """Give everybody a segment: by k-means where the data allow it and groups hold, otherwise by simple rules.

    Parameters
    ----------
    features : one row a customer
    columns : the features to use
    allowed : what the gate says of segments; a number that `k` asks for is made whatever it says
    k, k_max, refits, min_share, seed : see `grounds_by_k` and `choose_k`

    Raises
    ------
    DataProblem
        A number of segments that is asked for can't be made, or a feature that is asked for is not known of all.
    """
    require_possible_k(k=k, k_max=k_max)
    require_known(features, columns=columns)
    if allowed.mode != FULL and not k:
        return by_rules(features, columns=columns, mode=allowed.mode, why=allowed.why)
    grounds = pd.DataFrame()
    try:
        require_enough_to_tell(features, columns=columns)
        prepared = prepare(columns).fit_transform(features[list(columns)])
        grounds = grounds_by_k(prepared, k_max=k_max, refits=refits, seed=seed)
        choice = choose_k(grounds, k=k, min_share=min_share)
    except NoSegments as problem:
        mode = "rules" if len(features) >= FEWEST_FOR_RULES else "one group"
        return by_rules(features, columns=columns, mode=mode, why=str(problem), grounds=grounds)
    segmentation = fit_segments(features, columns=columns, k=choice.k, seed=seed)
    why = f"{choice.why} {allowed.why}".strip()
    return Segmented(FULL, why, segmentation, named_segments(segmentation, features), grounds)


def by_rules(
    features: pd.DataFrame, *, columns: Sequence[str], mode: str, why: str, grounds: pd.DataFrame | None = None
) -> Segmented:
    """Give everybody a segment by simple rules; when one rule holds for all, they are one group."""
    segmentation = fit_rules(features, columns=columns, mode=mode)
    mode = "rules" if segmentation.k > 1 else "one group"
    words = {
        "rules": f"Segments come from simple rules and are not found in the data. {why} "
        f"The rules: {rules_in_words(segmentation.rules)}.",
        "one group": f"All customers are one group; no segments are made. {why}",
    }
    segments = named_segments(segmentation, features)
    return Segmented(mode, words[mode], segmentation, segments, pd.DataFrame() if grounds is None else grounds)


def fit(
    features: pd.DataFrame, *, mode: str, columns: Sequence[str], k: int, seed: int
) -> Segmentation | RuleSegmentation:
    """Fit segments in the mode that step 04 chose; see `fit_segments` and `fit_rules`."""
    if mode == FULL:
        return fit_segments(features, columns=columns, k=k, seed=seed)
    return fit_rules(features, columns=columns, mode=mode)


def fit_rules(features: pd.DataFrame, *, columns: Sequence[str], mode: str) -> RuleSegmentation:
    """Apply simple rules; segments are numbered from the richest customers to the poorest.

    Parameters
    ----------
    features : one row a customer
    columns : the features that profiles are drawn of
    mode : "rules" or "one group"; rules that put all together are one group as well
    """
    rules = read_rules(one_group=mode == "one group")
    names = rule_names(features, rules)
    if names.nunique() == 1:
        rules = read_rules(one_group=True)
        names = rule_names(features, rules)
    prepared = pd.DataFrame(prepare(columns).fit_transform(features[list(columns)]), index=features.index)
    spend = features["net_spend"].groupby(names).mean().sort_values(ascending=False, kind="stable")
    centres = prepared.groupby(names).mean().loc[spend.index].to_numpy()
    return RuleSegmentation(rules, tuple(spend.index), tuple(columns), centres)


def named_segments(segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame) -> pd.DataFrame:
    """Give each customer a segment and its name: segment, confidence, name; see `assign_segments`."""
    segments = assign_segments(segmentation, features)
    segments["name"] = segments["segment"].map(dict(enumerate(segment_names(segmentation))))
    return segments


def require_enough_to_tell(features: pd.DataFrame, *, columns: Sequence[str]) -> None:
    """Require enough customers, known values, and differences between customers.

    Raises
    ------
    DataProblem
        A column is no feature or has missing values.
    NoSegments
        There are too few customers, or they are all alike.
    """
    require_known(features, columns=columns)
    if len(features) < MIN_CUSTOMERS:
        raise NoSegments(
            f"Segments need at least {MIN_CUSTOMERS} customers; there are {len(features)}. Is the file cut off, or the "
            "column for the customer another one? Name it with `column_map: {customer_id: …}`."
        )
    if (features[list(columns)].nunique() == 1).all():
        raise NoSegments(
            f"Customers can't be told apart: all {len(features):,} have the same {', '.join(columns)}. "
            "No segments are made. Is a column read wrongly? Step 01 shows what each was read from."
        )


def require_known(features: pd.DataFrame, *, columns: Sequence[str]) -> None:
    """Require features that are known of every customer.

    Raises
    ------
    DataProblem
        A column is no feature or has missing values.
    """
    require_features(columns)
    missing = features[list(columns)].isna().sum()
    if missing.any():
        raise DataProblem(
            f"`cluster_features` must be known for every customer; {some(missing.index[missing > 0])} is missing for "
            f"{missing.max():,} of {len(features):,}. Leave it out?"
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


def assign_segments(segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame) -> pd.DataFrame:
    """Give each customer the segment with the nearest centre, or that of the first rule that holds.

    Returns
    -------
    DataFrame with the same index
        segment : int from 0, -1 for a rule that held for nobody when the segments were made; confidence : float, 0 on
        the border to the next segment, 1 at the centre; a rule is always sure
    """
    if isinstance(segmentation, RuleSegmentation):
        places = {name: place for place, name in enumerate(segmentation.names)}
        segment = rule_names(features, segmentation.rules).map(places).fillna(-1).astype("int64")
        return pd.DataFrame({"segment": segment, "confidence": 1.0}, index=features.index)
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
    NoSegments
        No number holds: cutting here would invent segments.

    Source
    ------
    docs/decisions/0007-number-of-segments.md
    """
    if k:
        return Choice(k, f"{k} segments, because `k` asks for them.")
    steady = grounds[grounds["agreement"] >= STEADY]
    if steady.empty:
        raise NoSegments(
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


def segment_names(segmentation: Segmentation | RuleSegmentation) -> list[str]:
    """Name each segment after the archetype nearest to its centre, no name twice, or after its rule.

    Returns
    -------
    list of str, the place is the segment's number
    """
    if isinstance(segmentation, RuleSegmentation):
        return list(segmentation.names)
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


def grounds_caption(segmented: Segmented, *, refits: int) -> str:
    """Word what the figure of the grounds shows, or why there are none."""
    if segmented.grounds.empty:
        return "Not measured: no number of segments was tried, as the text below says."
    marked = f"{segmented.k} segments are marked" if segmented.mode == FULL else "no number holds, so none is marked"
    return (
        f"Grounds for the number of segments, from {refits} refits each on {len(segmented.segments):,} customers drawn "
        f"with replacement. The band holds the middle 90 % of refits; {marked}."
    )


def agreement_sentence(agreement: float) -> str:
    """Choose how to word the agreement with the RFM map."""
    if np.isnan(agreement):
        return "With the RFM map there is nothing to compare: one of the two groupings is a single group."
    return "With the RFM map the segments agree at {agreement:.2f} (1 the same, 0 as by chance)."


def map_caption(agreement: float, *, min_group: int) -> str:
    """Word what the figure of the RFM map shows."""
    compared = "" if np.isnan(agreement) else f" Agreement of the two groupings: {agreement:.2f}."
    return (
        "Where each segment's customers stand on the RFM map; each row adds up to 100 %, less cells of fewer than "
        f"{min_group} customers, which are left blank.{compared}"
    )


def best_sentence(profile: pd.DataFrame, *, min_group: int) -> str:
    """Choose how to word the segment that brings most, of whom nothing is told when it is too small."""
    if len(profile) == 1:
        return "There is one group, so no segment brings more than another."
    if profile["customers"].iloc[0] < min_group:
        return "The {name} bring the most money; they are too few to tell more of them."
    return "The {name} are {customers:.0%} of the customers and bring {money:.0%} of the money."


def named_centres(segmentation: Segmentation | RuleSegmentation, profile: pd.DataFrame) -> pd.DataFrame:
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
    """Measure how far two groupings of the same customers agree: adjusted Rand index, 1 the same, 0 as by chance.

    It is missing where one of them is a single group, which agrees with anything and nothing.
    """
    if first.nunique() < 2 or second.nunique() < 2:
        return float("nan")
    return float(adjusted_rand_score(first, second))


def model_record(segmentation: Segmentation | RuleSegmentation) -> dict[str, object]:
    """Record the fitted model in plain numbers: what is prepared how, and where the centres are; or the rules."""
    if isinstance(segmentation, RuleSegmentation):
        return {"method": "rules", "rules": segmentation.rules, "names": list(segmentation.names)}
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
