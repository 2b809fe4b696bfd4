"""Who is in a segment as a few rules, each of at most three bounds on features as the shop knows them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.explaining.boxes import Box, best_box, codes, inside, thresholds
from segmentation.explaining.words import bound_in_words

REPRODUCED = 0.9
SIMPLE = 0.8
BINS = 32
HOLDS = 6_000
WRONG_WEIGHS = 1.5
LEAST_GAIN = 0.002
RULES_A_SEGMENT, MOST_RULES = (1, 2, 3), 20
PASSES = 3
FOLDS = 3
Bounds = dict[str, tuple[float | None, float | None]]
Listed = list[tuple[int, Box]]


@dataclass(frozen=True)
class Rule:
    """What is asked of a customer, and the segment of whoever meets it.

    Attributes
    ----------
    segment : number of the segment
    bounds : feature to at least (included) and below (excluded); None for no bound; a rule without any holds for all
    """

    segment: int
    bounds: Bounds

    @property
    def conditions(self) -> int:
        """Number of bounds."""
        return sum((low is not None) + (high is not None) for low, high in self.bounds.values())

    def holds(self, features: pd.DataFrame) -> np.ndarray:
        """Tell for whom all bounds hold; what is not known is within none."""
        held = np.ones(len(features), dtype=bool)
        for name, (low, high) in self.bounds.items():
            values = features[name].to_numpy(dtype="float64", na_value=np.nan)
            held &= (values >= (-np.inf if low is None else low)) & (values < (np.inf if high is None else high))
        return held


@dataclass(frozen=True)
class ToldByRules:
    """Rules that tell segments, and how well they do.

    Attributes
    ----------
    rules : asked in order, the first that holds decides; the last one holds for everybody left
    accuracy : share of all customers whose segment the rules give
    cross_validated : the same share on customers who were not used to find the rules, over three folds
    scores : DataFrame indexed by segment: customers, precision (of those whom the rules put there, the share who
        belong), recall (of those who belong, the share whom the rules put there)
    """

    rules: tuple[Rule, ...]
    accuracy: float
    cross_validated: float
    scores: pd.DataFrame

    @property
    def not_simple(self) -> list[int]:
        """Segments that a few rules can't tell: precision or recall below 0.8."""
        worst = self.scores[["precision", "recall"]].min(axis=1)
        return worst.index[worst < SIMPLE].tolist()


def follow_rules(rules: Sequence[Rule], features: pd.DataFrame) -> np.ndarray:
    """Give each customer the segment of the first rule that holds.

    Examples
    --------
    >>> rules = [Rule(0, {"order_count": (2, None)}), Rule(1, {})]
    >>> follow_rules(rules, pd.DataFrame({"order_count": [3.0, 1.0, None]})).tolist()
    [0, 1, 1]
    """
    told = np.full(len(features), -1)
    for rule in reversed(rules):
        told[rule.holds(features)] = rule.segment
    return told


def tell_by_rules(
    features: pd.DataFrame, labels: pd.Series, *, columns: Sequence[str], seed: int, most_rules: int = 0
) -> ToldByRules:
    """Find a short list of rules that reproduces segments, and measure how well it does.

    A segment may have several rules. One is added at a time, the one that gains most; then each is sought again while
    the others stay. As few are taken as reproduce nine of ten customers, at most three a
    segment and twenty in all.

    Parameters
    ----------
    features : one row a customer, raw
    labels : each customer's segment, int, the same index
    columns : features that rules may ask for
    seed : of the customers drawn to search on, when there are more than 6,000, and of the folds
    most_rules : the most rules, 0 for twenty

    Source
    ------
    docs/decisions/0019-explaining.md
    """
    names = [name for name in columns if features[name].notna().any()]
    values = features[names].to_numpy(dtype="float64", na_value=np.nan)
    segments, truth = np.unique(labels.to_numpy(), return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.permutation(len(values))[:HOLDS])
    size, cuts, listed = shortest_list(values[drawn], truth[drawn], most_rules=most_rules)
    rules = tuple(worded(segments[place], box, cuts, names) for place, box in listed)
    told = follow_rules(rules, features)
    return ToldByRules(
        rules,
        accuracy=float((told == labels.to_numpy()).mean()),
        cross_validated=cross_validated(values[drawn], truth[drawn], most=size, seed=seed),
        scores=rule_scores(labels.to_numpy(), told),
    )


def shortest_list(values: np.ndarray, truth: np.ndarray, *, most_rules: int) -> tuple[int, list[np.ndarray], Listed]:
    """Find the rules that reproduce nine of ten customers, or the most that are allowed; and how many those may be."""
    k = truth.max() + 1
    for each in RULES_A_SEGMENT:
        size = min(each * k, most_rules or MOST_RULES)
        cuts, listed = rule_list(values, truth, most=size)
        if (decide(codes(values, cuts), listed) == truth).mean() >= REPRODUCED + 0.01 or size < each * k:
            break
    return size, cuts, listed


def rule_list(values: np.ndarray, truth: np.ndarray, *, most: int) -> tuple[list[np.ndarray], Listed]:
    """Find an ordered list of boxes with the segment of each; the last box holds for everybody.

    Returns
    -------
    thresholds by feature, and (segment's place, box) in order
    """
    cuts = [thresholds(column, bins=BINS) for column in values.T]
    coded, places = codes(values, cuts), [len(cut) + 1 for cut in cuts]
    k = int(truth.max()) + 1
    listed: Listed = []
    free = np.ones(len(truth), dtype=bool)
    while len(listed) < most - 1 and free.any():
        gains = [
            (*best_box(coded[free], np.where(truth[free] == place, 1.0, -WRONG_WEIGHS), places), place)
            for place in range(k)
        ]
        gain, box, place = max(gains, key=lambda found: found[0])
        if gain < LEAST_GAIN * len(truth) or not box:
            break
        listed.append((place, box))
        free &= ~inside(coded, box)
    listed.append((commonest(truth[free] if free.any() else truth), {}))
    return cuts, improved(coded, truth, places, listed)


def improved(coded: np.ndarray, truth: np.ndarray, places: Sequence[int], listed: Listed) -> Listed:
    """Seek each box again while the others stay, until nothing more is gained; drop those that decide nothing."""
    best, reached = list(listed), -1.0
    for _ in range(PASSES):
        for turn in range(len(best) - 1):
            best[turn] = sought_again(coded, truth, places, best, turn)
        share = float((decide(coded, best) == truth).mean())
        if share <= reached:
            break
        reached = share
    return without_idle(coded, best)


def sought_again(
    coded: np.ndarray, truth: np.ndarray, places: Sequence[int], listed: Listed, turn: int
) -> tuple[int, Box]:
    """Seek one box again: a customer in it gains what it gets right and loses what the boxes below would."""
    free = ~np.any([inside(coded, box) for _, box in listed[:turn]], axis=0) if turn else np.ones(len(truth), bool)
    below = decide(coded[free], listed[turn + 1 :]) == truth[free]
    place, box = listed[turn]
    now = float(((truth[free] == place) * 1.0 - below)[inside(coded[free], box)].sum())
    found = [
        (*best_box(coded[free], (truth[free] == segment) * 1.0 - below, places), segment)
        for segment in range(int(truth.max()) + 1)
    ]
    gain, better, segment = max(found, key=lambda each: each[0])
    return (segment, better) if gain > now + 1e-9 and better else (place, box)


def without_idle(coded: np.ndarray, listed: Listed) -> Listed:
    """Drop boxes that nobody reaches."""
    free = np.ones(len(coded), dtype=bool)
    kept = []
    for place, box in listed[:-1]:
        held = inside(coded, box) & free
        if held.any():
            kept.append((place, box))
            free &= ~held
    return [*kept, listed[-1]]


def decide(coded: np.ndarray, listed: Listed) -> np.ndarray:
    """Give each customer the place of the segment of the first box that holds them."""
    told = np.full(len(coded), listed[-1][0])
    for place, box in reversed(listed[:-1]):
        told[inside(coded, box)] = place
    return told


def commonest(truth: np.ndarray) -> int:
    """Find the commonest place."""
    return int(np.bincount(truth).argmax())


def worded(segment: int, box: Box, cuts: Sequence[np.ndarray], names: Sequence[str]) -> Rule:
    """Turn a box of codes into bounds on features."""
    bounds: Bounds = {}
    for feature, (low, high) in sorted(box.items()):
        cut = cuts[feature]
        bounds[names[feature]] = (
            float(cut[low - 1]) if low > 0 else None,
            float(cut[high]) if high < len(cut) else None,
        )
    return Rule(int(segment), bounds)


def cross_validated(values: np.ndarray, truth: np.ndarray, *, most: int, seed: int) -> float:
    """Measure the share of customers whose segment rules found without them give, over three folds."""
    if len(truth) < 2 * FOLDS:
        return float("nan")
    fold = np.random.default_rng(seed).permutation(len(truth)) % FOLDS
    right = 0
    for out in range(FOLDS):
        cuts, listed = rule_list(values[fold != out], truth[fold != out], most=most)
        right += int((decide(codes(values[fold == out], cuts), listed) == truth[fold == out]).sum())
    return right / len(truth)


def rule_scores(labels: np.ndarray, told: np.ndarray) -> pd.DataFrame:
    """Measure precision and recall of the rules by segment; see `ToldByRules`."""
    table = pd.crosstab(pd.Series(labels, name="segment"), pd.Series(told))
    segments = table.index
    table = table.reindex(columns=segments, fill_value=0)
    right = pd.Series(np.diag(table), index=segments)
    put = table.sum(axis=0).reindex(segments)
    return pd.DataFrame(
        {
            "customers": pd.Series(labels).value_counts().reindex(segments),
            "precision": (right / put).where(put > 0, 0.0),
            "recall": right / pd.Series(labels).value_counts().reindex(segments),
        }
    )


def rule_in_words(rule: Rule, *, money: str, whole: Sequence[str] = ()) -> str:
    """Word one rule's bounds.

    Parameters
    ----------
    rule : the rule
    money : the shop's currency
    whole : features that are whole numbers

    Examples
    --------
    >>> rule = Rule(0, {"order_count": (6.0, None), "recency_days": (None, 50.0)})
    >>> rule_in_words(rule, money="EUR", whole=["order_count", "recency_days"])
    'at least 6 orders and last order less than 50 days ago'
    >>> rule_in_words(Rule(1, {}), money="EUR")
    'everybody else'
    """
    told = [
        bound_in_words(name, low=low, high=high, whole=name in whole, money=money)
        for name, (low, high) in rule.bounds.items()
    ]
    return " and ".join(told) or "everybody else"


def whole_features(features: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """List the features whose known values are whole numbers."""
    return [name for name in columns if (features[name].dropna() % 1 == 0).all()]


def rules_in_words(
    told: ToldByRules, features: pd.DataFrame, *, names: Sequence[str], money: str, min_group: int
) -> pd.DataFrame:
    """Set the rules out for reading, in the order in which they are asked.

    Parameters
    ----------
    told : the rules
    features : one row a customer, raw
    names : of the segments, by number
    money : the shop's currency
    min_group : the fewest customers of a rule that is shown

    Returns
    -------
    DataFrame, one row a rule: rule (its turn), who, segment, customers whom it decides
        Rules that decide fewer than `min_group` customers are left out.
    """
    whole = whole_features(features, sorted({name for rule in told.rules for name in rule.bounds}))
    left = np.ones(len(features), dtype=bool)
    rows = []
    for turn, rule in enumerate(told.rules, start=1):
        held = rule.holds(features) & left
        left &= ~held
        words = rule_in_words(rule, money=money, whole=whole)
        rows.append({"rule": turn, "who": words, "segment": names[rule.segment], "customers": int(held.sum())})
    table = pd.DataFrame(rows)
    return table[table["customers"] >= min_group].reset_index(drop=True)


def rules_sentence(told: ToldByRules, *, names: Sequence[str]) -> str:
    """Word how well the rules do, and which segments they can't tell."""
    most = max(rule.conditions for rule in told.rules)
    fresh = (
        "" if np.isnan(told.cross_validated) else f" ({told.cross_validated:.0%} of customers not used to find them)"
    )
    words = (
        f"{len(told.rules)} rules of at most {max(most, 1)} conditions, asked in order, give {told.accuracy:.0%} of "
        f"customers their segment{fresh}."
    )
    unclear = told.not_simple
    if not unclear and told.accuracy < REPRODUCED:
        unclear = [told.scores[["precision", "recall"]].min(axis=1).idxmin()]
    if unclear:
        words += f" Not simply told: {', '.join(names[segment] for segment in unclear)}."
    return words


SCORE_FORMATS = {"precision": "{:.0%}", "recall": "{:.0%}"}


def score_table(told: ToldByRules, *, names: Sequence[str], min_group: int) -> pd.DataFrame:
    """Set out how well the rules tell each segment; segments of fewer than `min_group` customers are left out.

    Returns
    -------
    DataFrame, one row a segment: segment, customers, rules (how many), precision, recall
    """
    counts = pd.Series([rule.segment for rule in told.rules]).value_counts()
    scores = told.scores[told.scores["customers"] >= min_group]
    return pd.DataFrame(
        {
            "segment": [names[segment] for segment in scores.index],
            "customers": scores["customers"].to_numpy(),
            "rules": counts.reindex(scores.index, fill_value=0).to_numpy(),
            "precision": scores["precision"].to_numpy(),
            "recall": scores["recall"].to_numpy(),
        }
    )
