"""Step 04: recommend one segmentation on stated grounds, give everybody a segment, and say how to make it again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from segmentation.agreement import agreement_of
from segmentation.choosing import (
    Choice,
    NoSegments,
    choose,
    clustergram,
    measure,
    neighbours,
    neighbours_in_words,
    steadier_rival,
    why_rival,
)
from segmentation.explaining.names import segment_names
from segmentation.explaining.standing import standing
from segmentation.features import NUMBERS
from segmentation.gate import FEWEST_FOR_RULES, FULL, Allowed
from segmentation.grouping import ALGORITHMS, Grouping, compare_algorithms, comparison_caption, group, membership
from segmentation.grouping.rules import (
    RuleSegmentation,
    read_rules,
    rules_in_words,
    segment_by_rules,
)
from segmentation.preparing import USUAL_FEATURES, Preparation, Recipe, prepare_customers
from segmentation.presets import read_preset
from segmentation.problems import DataProblem, some

K_MEANS, RULES, ONE_GROUP = "k-means", "rules", "one group"
MIN_CUSTOMERS = 20
MOST = 12
RIVAL_REFITS = 5


@dataclass(frozen=True)
class Plan:
    """What makes the same segments again, of the same customers or of others.

    Attributes
    ----------
    mode : "full" where an algorithm makes them, "rules", or "one group"
    recipe : how features are prepared for the algorithm
    algorithm : its name; k : number of segments
    rules : the preset or file of rules
    seed : of the fit
    """

    mode: str
    recipe: Recipe
    algorithm: str
    k: int
    rules: str
    seed: int

    def record(self) -> dict[str, Any]:
        """Write the plan as plain values, ready for the manifest."""
        return asdict(self) | {"recipe": self.recipe.record()}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Plan":
        """Read a plan from its record."""
        return cls(**{**record, "recipe": Recipe.of(record["recipe"])})


@dataclass(frozen=True)
class Segmentation:
    """A fitted algorithm with the preparation of its features; segments are numbered from the richest customers.

    Attributes
    ----------
    preparation : fitted, from raw features to prepared columns
    grouping : fitted on the prepared columns
    names : of the segments, by number
    """

    preparation: Preparation
    grouping: Grouping
    names: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of segments."""
        return self.grouping.k

    @property
    def columns(self) -> tuple[str, ...]:
        """Features that decide who is alike."""
        return self.preparation.recipe.columns

    def prepared(self, features: pd.DataFrame) -> np.ndarray:
        """Prepare customers as those that were fitted, shape (customers, columns)."""
        return self.preparation.transform(features)


@dataclass(frozen=True)
class Wish:
    """What the user asks of the segmentation.

    Attributes
    ----------
    algorithm : its name, "rules", or empty to choose
    k : number of segments, 0 to choose; k_max : the most to try
    min_share : of customers, below which a segment is too small to act on
    weights : of the grounds, see `choosing.WEIGHTS`
    rules : preset or file of the rules, for when rules decide
    """

    algorithm: str
    k: int
    k_max: int
    min_share: float
    weights: Mapping[str, float]
    rules: str

    def __post_init__(self) -> None:
        if self.algorithm not in ("", RULES, *ALGORITHMS):
            raise DataProblem(
                f"`algorithm` must be empty to choose, or one of {', '.join([*ALGORITHMS, RULES])}; "
                f"got {some([self.algorithm])}."
            )
        if self.k != 0 and not 2 <= self.k <= MOST:
            raise DataProblem(f"`k` must be 0 to choose it from the data, or from 2 to {MOST}; got {self.k}.")
        if not 2 <= self.k_max <= MOST:
            raise DataProblem(f"`k_max` must be from 2 to {MOST}; got {self.k_max}.")

    @property
    def insists(self) -> bool:
        """Whether the user asks for segments whatever the gate says."""
        return bool(self.k or self.algorithm)


@dataclass(frozen=True)
class Evidence:
    """What was tried before segments were made; empty tables where nothing was.

    Attributes
    ----------
    grounds : see `choosing.GROUNDS`, one row a number of segments
    flows : see `choosing.clustergram`
    rivals : see `grouping.compare_algorithms`
    tree, near : the groups of Ward's tree and of DBSCAN, for the pictures of how they come about; None when not made
    """

    grounds: pd.DataFrame = field(default_factory=pd.DataFrame)
    flows: pd.DataFrame = field(default_factory=pd.DataFrame)
    rivals: pd.DataFrame = field(default_factory=pd.DataFrame)
    tree: Grouping | None = None
    near: Grouping | None = None


@dataclass(frozen=True)
class Segmented:
    """Everybody's segment and how it came about.

    Attributes
    ----------
    plan : what makes the same segments again
    why : the grounds, in words
    segmentation : what gives a customer a segment
    segments : one row a customer: segment (int from 0), confidence (0 to 1), name
    evidence : what was tried
    """

    plan: Plan
    why: str
    segmentation: Segmentation | RuleSegmentation
    segments: pd.DataFrame
    evidence: Evidence

    @property
    def k(self) -> int:
        """Number of segments."""
        return self.segmentation.k

    @property
    def chosen(self) -> int:
        """The number chosen among those that were tried, 0 when rules decided."""
        return self.k if self.plan.mode == FULL else 0

    def told_by(self, features: pd.DataFrame) -> list[str]:
        """List the numbers that tell segments apart: those that decided, or the usual ones where none of them did."""
        decided = [name for name in self.plan.recipe.columns if name in NUMBERS]
        return [name for name in decided or USUAL_FEATURES if features[name].notna().any()]


def segment_customers(
    features: pd.DataFrame,
    *,
    recipe: Recipe,
    wish: Wish,
    allowed: Allowed,
    refits: int,
    seed: int,
    past: pd.DataFrame | None = None,
) -> Segmented:
    """Give everybody a segment: by an algorithm where the data allow it and segments hold, otherwise by rules.

    Parameters
    ----------
    features : one row a customer, raw
    recipe : how features are prepared
    wish : what the user asks for
    allowed : what the gate says of segments; what the user insists on is made whatever it says
    refits : bootstrap samples on which each number of segments is fitted again
    seed : of every draw
    past : customers as of an earlier day with `later_spend`, what they spent afterwards; None or empty where nothing
        is known

    Raises
    ------
    DataProblem
        What is asked for can't be made of these customers.
    """
    if wish.algorithm == RULES:
        return by_rules(features, wish=wish, recipe=recipe, seed=seed, why="`algorithm` asks for rules.")
    if allowed.mode != FULL and not wish.insists:
        return by_rules(features, wish=wish, recipe=recipe, seed=seed, mode=allowed.mode, why=allowed.why)
    evidence = Evidence()
    algorithm = wish.algorithm or K_MEANS
    try:
        require_enough_to_tell(features, columns=recipe.columns or USUAL_FEATURES)
        preparation = prepare_customers(features, recipe, past=past, seed=seed)
        prepared = preparation.transform(features)
        evidence = gather(prepared, preparation, algorithm=algorithm, wish=wish, refits=refits, seed=seed, past=past)
        choice = choose(
            evidence.grounds, k=wish.k, min_share=wish.min_share, most=wish.k_max, weights=wish.weights,
            algorithm=algorithm,
        )  # fmt: skip
    except NoSegments as problem:
        return by_rules(features, wish=wish, recipe=recipe, seed=seed, why=str(problem), evidence=evidence)
    evidence = beside_others(evidence, prepared, k=choice.k, seed=seed)
    rival = "" if wish.algorithm else steadier_rival(evidence.rivals, own=algorithm, min_share=wish.min_share)
    segmentation = segmented_by(features, preparation, algorithm=rival or algorithm, k=choice.k, seed=seed)
    so_many = why_so_many(choice, segmentation.grouping)
    if segmentation.k < 2:
        return by_rules(features, wish=wish, recipe=recipe, seed=seed, why=so_many, evidence=evidence)
    beside = neighbours(prepared, segmentation.grouping.labels, algorithm=rival or algorithm, seed=seed)
    why = [so_many, neighbours_in_words(beside, segmentation.names), why_rival(evidence.rivals, rival, algorithm)]
    plan = Plan(FULL, preparation.recipe, rival or algorithm, segmentation.k, "", seed)
    words = " ".join(filter(None, [*why, allowed.why]))
    return Segmented(plan, words, segmentation, named_segments(segmentation, features), evidence)


def why_so_many(choice: Choice, grouping: Grouping) -> str:
    """Say why there are so many segments; density algorithms find their own number whatever is asked for."""
    if grouping.k == choice.k:
        return choice.why
    return str(grouping.facts.get("own_k") or f"{choice.why} {grouping.facts.get('given_up', '')}".strip())


def by_rules(
    features: pd.DataFrame,
    *,
    wish: Wish,
    recipe: Recipe,
    seed: int,
    why: str,
    mode: str = "",
    evidence: Evidence | None = None,
) -> Segmented:
    """Give everybody a segment by rules; when one rule holds for all, they are one group."""
    mode = mode or (RULES if len(features) >= FEWEST_FOR_RULES else ONE_GROUP)
    segmentation = rules_fitted(features, mode=mode, rules=wish.rules)
    mode = RULES if segmentation.k > 1 else ONE_GROUP
    words = {
        RULES: f"Segments come from rules and are not found in the data. {why} "
        f"The rules: {rules_in_words(segmentation.rules)}.",
        ONE_GROUP: f"All customers are one group; no segments are made. {why}",
    }
    plan = Plan(mode, recipe, "", segmentation.k, wish.rules, seed)
    return Segmented(plan, words[mode], segmentation, named_segments(segmentation, features), evidence or Evidence())


def rules_fitted(features: pd.DataFrame, *, mode: str, rules: str) -> RuleSegmentation:
    """Apply rules; where all customers fall under one, that is one group as well."""
    fitted = segment_by_rules(features, read_rules(rules, one_group=mode == ONE_GROUP))
    return fitted if fitted.k > 1 else segment_by_rules(features, read_rules(one_group=True))


def fit(features: pd.DataFrame, plan: Plan, *, past: pd.DataFrame | None = None) -> Segmentation | RuleSegmentation:
    """Make segments again after a plan, of the same customers or of others.

    Parameters
    ----------
    features : one row a customer, raw
    plan : of step 04
    past : see `segment_customers`; needed where the plan's recipe learns from later spend
    """
    if plan.mode != FULL:
        return rules_fitted(features, mode=plan.mode, rules=plan.rules)
    preparation = prepare_customers(features, plan.recipe, past=past, seed=plan.seed)
    return segmented_by(features, preparation, algorithm=plan.algorithm, k=plan.k, seed=plan.seed)


def segmented_by(
    features: pd.DataFrame, preparation: Preparation, *, algorithm: str, k: int, seed: int
) -> Segmentation:
    """Fit an algorithm on prepared features; segments are numbered from the richest customers to the poorest."""
    grouping = group(preparation.transform(features), algorithm=algorithm, k=k, seed=seed)
    spend = pd.Series(features["net_spend"].to_numpy()).groupby(grouping.labels).mean()
    grouping = grouping.renumbered(spend.sort_values(ascending=False, kind="stable").index.to_list())
    labels = pd.Series(grouping.labels, index=features.index)
    return Segmentation(preparation, grouping, tuple(segment_names(standing(features, labels))))


def named_segments(segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame) -> pd.DataFrame:
    """Give each customer a segment and its name: segment, confidence, name; see `assign_segments`."""
    segments = assign_segments(segmentation, features)
    segments["name"] = segments["segment"].map(dict(enumerate(segmentation.names)))
    return segments


def assign_segments(segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame) -> pd.DataFrame:
    """Give each customer the segment that the algorithm, or the first rule that holds, puts them in.

    Returns
    -------
    DataFrame with the same index
        segment : int from 0, -1 for a rule that held for nobody when the segments were made; confidence : float, 0 on
        the border to the next segment, 1 at the centre; a rule is always sure
    """
    if isinstance(segmentation, RuleSegmentation):
        places = {name: place for place, name in enumerate(segmentation.names)}
        segment = segmentation.assign(features).map(places).fillna(-1).astype("int64")
        return pd.DataFrame({"segment": segment, "confidence": 1.0}, index=features.index)
    prepared = segmentation.prepared(features)
    confidence = membership(segmentation.grouping, prepared).round(4)
    return pd.DataFrame(
        {"segment": segmentation.grouping.assign(prepared), "confidence": confidence}, index=features.index
    )


# --- grounds


def require_enough_to_tell(features: pd.DataFrame, *, columns: Sequence[str]) -> None:
    """Require enough customers, and differences between them.

    Raises
    ------
    NoSegments
        There are too few customers, or they are all alike.
    """
    if len(features) < MIN_CUSTOMERS:
        raise NoSegments(
            f"Segments need at least {MIN_CUSTOMERS} customers; there are {len(features)}. Is the file cut off, or the "
            "column for the customer another one? Name it with `column_map: {customer_id: …}`."
        )
    known = [name for name in columns if name in features]
    if (features[known].nunique() <= 1).all():
        raise NoSegments(
            f"Customers can't be told apart: all {len(features):,} have the same {', '.join(known)}. "
            "No segments are made. Is a column read wrongly? Step 01 shows what each was read from."
        )


def gather(
    prepared: np.ndarray,
    preparation: Preparation,
    *,
    algorithm: str,
    wish: Wish,
    refits: int,
    seed: int,
    past: pd.DataFrame | None,
) -> Evidence:
    """Measure what each number of segments is worth; see `choosing.measure`.

    What segments tell of later spend is measured on the customers of an earlier day, as they stood then.
    """
    then = {}
    if past is not None and not past.empty:
        then = {"past": preparation.transform(past), "later": past["later_spend"].to_numpy()}
    grounds = measure(prepared, algorithm=algorithm, k_max=wish.k_max, refits=refits, seed=seed, **then)
    return Evidence(grounds, clustergram(prepared, k_max=wish.k_max, seed=seed))


def beside_others(evidence: Evidence, prepared: np.ndarray, *, k: int, seed: int) -> Evidence:
    """Add all algorithms on equal terms, and how two of them come to their groups."""
    return replace(
        evidence,
        rivals=compare_algorithms(prepared, k=k, seed=seed, refits=RIVAL_REFITS),
        tree=group(prepared, algorithm="ward", k=k, seed=seed),
        near=group(prepared, algorithm="dbscan", k=k, seed=seed),
    )


# --- what the notebook shows


def grounds_caption(segmented: Segmented, *, refits: int) -> str:
    """Word what the figure of the grounds shows, or why there are none."""
    if segmented.evidence.grounds.empty:
        return "Not measured: no number of segments was tried, as the text below says."
    chosen = segmented.chosen if segmented.chosen in segmented.evidence.grounds.index else 0
    marked = f"{chosen} segments are marked" if chosen else "no number is marked"
    return (
        f"Grounds for the number of segments, from {refits} refits each on {len(segmented.segments):,} customers drawn "
        f"with replacement. A filled mark meets what is asked for, a hollow one does not; bands: middle 90 % of "
        f"refits, and one standard error. {marked[0].upper()}{marked[1:]}."
    )


SHOWN_GROUNDS = {
    "agreement": "agreement",
    "lowest_jaccard": "lowest Jaccard",
    "smallest_share": "smallest",
    "later_explained": "later spend told",
    "silhouette": "silhouette",
    "silhouette_error": "±",
    "gap": "gap",
    "gap_error": "± gap",
    "davies_bouldin": "Davies–Bouldin",
    "calinski_harabasz": "Calinski–Harabasz",
    "within": "within",
    "between": "between",
    "bic": "BIC",
}
GROUNDS_FORMATS = {"smallest": "{:.1%}", "later spend told": "{:.1%}", "±": "{:.3f}", "Calinski–Harabasz": "{:,.0f}"}


def grounds_table(segmented: Segmented) -> pd.DataFrame:
    """Set all grounds out for reading, one row a number of segments; a mixture's BIC only where one was measured."""
    grounds = segmented.evidence.grounds
    if grounds.empty:
        return pd.DataFrame(columns=["segments", *GROUNDS_FORMATS])
    shown = grounds[[name for name in SHOWN_GROUNDS if name != "bic" or grounds[name].notna().any()]]
    return shown.rename(columns=SHOWN_GROUNDS).rename_axis("segments").reset_index()


def flows_caption(segmented: Segmented) -> str:
    """Word what the clustergram shows, or why there is none."""
    if segmented.evidence.flows.empty:
        return "Not measured: no number of segments was tried."
    return (
        "How customers flow from one number of groups of k-means to the next. Height: where a group stands along the "
        "direction in which customers differ most; width: how many go there. Groups that stay together are borders "
        "worth keeping."
    )


def rivals_caption(segmented: Segmented) -> str:
    """Word what the table of algorithms shows, or why there is none."""
    return comparison_caption(segmented.evidence.rivals, customers=len(segmented.segments), refits=RIVAL_REFITS)


def tree_of(segmented: Segmented) -> dict[str, Any]:
    """Hand over what `figures.dendrogram` draws."""
    facts = segmented.evidence.tree.facts if segmented.evidence.tree else {}
    return {"tree": facts.get("tree", pd.DataFrame()), "cut": facts.get("cut", 0.0)}


def tree_caption(segmented: Segmented) -> str:
    """Word what the tree shows, or why there is none."""
    tree = segmented.evidence.tree
    if tree is None:
        return "Not measured: no algorithm was tried."
    return (
        f"The top of Ward's tree of {tree.fitted_on:,} customers: branches merge from the nearest to the farthest. Cut "
        f"at the dashed line it gives {tree.k} groups; {tree.facts['moved']:.0%} of customers stand nearer to another "
        "branch's middle and go there."
    )


def curve_of(segmented: Segmented) -> dict[str, Any]:
    """Hand over what `figures.distance_curve` draws."""
    facts = segmented.evidence.near.facts if segmented.evidence.near else {}
    return {
        "curve": facts.get("curve", pd.DataFrame()),
        "radius": facts.get("radius", 0.0),
        "neighbours": facts.get("neighbours", 0),
    }


def curve_caption(segmented: Segmented) -> str:
    """Word what the curve of distances shows, or why there is none."""
    near = segmented.evidence.near
    if near is None:
        return "Not measured: no algorithm was tried."
    return (
        f"How far neighbour {near.facts['neighbours']} of each customer is, nearest first; DBSCAN takes the bend for "
        f"its radius. {near.facts['found']}"
    )


def agreement(first: pd.Series, second: pd.Series) -> float:
    """Measure how far two groupings of the same customers agree: adjusted Rand index, 1 the same, 0 as by chance.

    It is missing where one of them is a single group, which agrees with anything and nothing.
    """
    return agreement_of(first.factorize()[0], second.factorize()[0])


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
