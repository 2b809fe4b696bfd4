"""Learn segments from features: six learners compared on the same folds, the simplest that is good enough wins."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support, roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from threadpoolctl import ThreadpoolController

from segmentation.assigning.learners import GUESS, LEARNERS, Learner, pipeline
from segmentation.assigning.schema import Schema, as_numbers, schema_of
from segmentation.problems import DataProblem

THREADS = ThreadpoolController()
MOST_COMPARED, MOST_LEARNT = 2_000, 10_000
FEWEST_FOLDS = 2
METRICS = ("accuracy", "precision", "recall", "f1", "roc_auc")
WORDS = {"accuracy": "accuracy", "f1": "F1"}


@dataclass(frozen=True)
class Learned:
    """A classifier that tells segments from features, and how it came about.

    Attributes
    ----------
    schema : the columns that it reads
    model : the winner, fitted
    winner : its name
    classes : the segments that it tells apart
    scores : one row a learner that was tried, simplest first: learner, setting (text), and for each of `METRICS` its
        mean over the folds and `<metric>_error`, the standard error; empty when nothing could be compared
    confusion : DataFrame, customers of each true segment (rows) by the segment told (columns), by the winner, on folds
        that it had not seen; empty when nothing could be compared
    customers, compared_on, learnt_on : how many there are, took part in the comparison, and the winner learnt from
    why : the grounds for the winner, in words
    statements : what a reader must know besides: what was left out and why
    """

    schema: Schema
    model: Pipeline
    winner: str
    classes: tuple[int, ...]
    scores: pd.DataFrame
    confusion: pd.DataFrame
    customers: int
    compared_on: int
    learnt_on: int
    why: str
    statements: tuple[str, ...] = field(default=())


def learn(
    features: pd.DataFrame,
    segments: pd.Series,
    *,
    columns: Sequence[str],
    seed: int,
    seconds: float = 20,
    folds: int = 5,
    learners: Sequence[Learner] = tuple(LEARNERS.values()),
    decides: str = "f1",
    on_progress: Callable[[str], None] | None = None,
) -> Learned:
    """Learn the segments: compare the learners on the same folds and fit the simplest that is good enough.

    Parameters
    ----------
    features : one row a customer
    segments : int, indexed as features
    columns : the features to learn from; one that is empty for all is left out, and it is said
    seed : of folds, samples and learners
    seconds : a guard: when comparing takes longer, the learners that are left are not tried, and it is said
    folds : of the cross-validation; fewer when the smallest segment has fewer customers
    learners : to choose from, the simplest first
    decides : the metric of `METRICS` by which settings and learners are chosen
    on_progress : told the name of each learner that begins

    Raises
    ------
    DataProblem
        There is no customer, the two tables are of different customers, or a column is not there.

    Source
    ------
    docs/decisions/0020-assignment.md; one standard error: Breiman, Friedman, Olshen, Stone, "Classification and
    Regression Trees", 1984, section 3.4.3
    """
    require_same_customers(features, segments)
    schema = schema_of(features, columns=columns)
    told = segments.to_numpy().astype("int64")
    usable, statements = large_enough(told, folds=folds)
    empty = [name for name in columns if name not in schema.names]
    statements += [f"Not learnt from, since known of nobody: {', '.join(empty)}."] if empty else []
    place = np.flatnonzero(usable)
    classes = np.unique(told[place])
    if len(classes) < 2 or not schema.columns:
        return one_answer(features, told, place, schema, statements, seed=seed)
    with warnings.catch_warnings(), THREADS.limit(limits=1, user_api="blas"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # networks stop after a fixed number of rounds
        place = ordered(features, place)
        compared = sampled(place, told, most=MOST_COMPARED, seed=seed)
        numbers = as_numbers(features.iloc[compared], schema)
        race = compare(
            numbers,
            told[compared],
            learners,
            folds=folds,
            seed=seed,
            seconds=seconds,
            decides=decides,
            on_progress=on_progress,
        )
        winner, why = choose(race.scores, learners, decides=decides)
        best = race.best[winner]
        learnt = sampled(place, told, most=MOST_LEARNT, seed=seed)
        model = pipeline(best.make(seed, **race.settings[winner]))
        model.fit(as_numbers(features.iloc[learnt], schema), told[learnt])
    statements += race.statements + samples_in_words(len(features), len(compared), len(learnt))
    confusion = confusion_counts(told[compared], race.told[winner], classes)
    return Learned(
        schema, model, winner, tuple(classes.tolist()), race.scores, confusion,
        len(features), len(compared), len(learnt), why, tuple(statements),
    )  # fmt: skip


def require_same_customers(features: pd.DataFrame, segments: pd.Series) -> None:
    """Require customers, each once, and a segment for each.

    Raises
    ------
    DataProblem
        There are none, one stands twice, or the segments are of others.
    """
    if features.empty:
        raise DataProblem("A model must have customers to learn from; there are none.")
    if not features.index.is_unique or not features.index.equals(segments.index) or segments.isna().any():
        raise DataProblem(
            f"Each of the {len(features):,} customers must have one row and one segment; there are {len(segments):,} "
            f"segments of {segments.index.nunique():,} customers, {segments.isna().sum():,} of them missing."
        )


def large_enough(segments: np.ndarray, *, folds: int) -> tuple[np.ndarray, list[str]]:
    """Tell which customers are in segments that can be learnt, and say which can't.

    Returns
    -------
    Flag by customer; a segment of fewer than `folds` customers is not learnt, unless all are
    """
    found, place, counts = np.unique(segments, return_inverse=True, return_counts=True)
    few = counts < folds
    if few.all():
        few = np.arange(len(found)) != counts.argmax()
    small = found[few]
    words = [
        f"Too small to be learnt, with fewer than {folds} customers: {len(small)} of {len(found)} segments. "
        "Nobody is placed there."
    ]
    return ~few[place], words if len(small) else []


def one_answer(
    features: pd.DataFrame, segments: np.ndarray, place: np.ndarray, schema: Schema, statements: list[str], *, seed: int
) -> Learned:
    """Give a model that always says the largest segment, where there is nothing to tell apart or nothing to tell by."""
    schema = Schema(())
    model = Pipeline([("learn", GUESS.make(seed))]).fit(np.empty((len(place), 0)), segments[place])
    classes = tuple(np.unique(segments[place]).tolist())
    why = (
        "There is one segment to place customers in, so nothing was compared."
        if len(classes) == 1
        else "Nothing is known of any customer, so everyone is placed in the largest segment."
    )
    return Learned(
        schema, model, GUESS.name, classes, pd.DataFrame(), pd.DataFrame(),
        len(features), 0, len(place), why, tuple(statements),
    )  # fmt: skip


def ordered(features: pd.DataFrame, place: np.ndarray) -> np.ndarray:
    """Put customers in the order of their ids, so that the order of rows changes nothing."""
    return place[np.argsort(features.index.to_numpy()[place].astype(str), kind="stable")]


def sampled(place: np.ndarray, segments: np.ndarray, *, most: int, seed: int) -> np.ndarray:
    """Draw at most so many customers, each segment with its share, and two of each at least."""
    if len(place) <= most:
        return place
    drawn, _ = train_test_split(place, train_size=most, random_state=seed, stratify=segments[place])
    return np.sort(drawn) if (np.diff(place) > 0).all() else place[np.isin(place, drawn)]


def samples_in_words(customers: int, compared: int, learnt: int) -> list[str]:
    """Say how many customers took part where not all did."""
    words = []
    if compared < min(customers, MOST_LEARNT) and compared == MOST_COMPARED:
        words.append(f"Compared on {compared:,} customers, drawn so that every segment keeps its share.")
    if learnt == MOST_LEARNT and learnt < customers:
        words.append(f"The winner learnt from {learnt:,} customers, drawn in the same way.")
    return words


@dataclass(frozen=True)
class Race:
    """What came of comparing: scores (see `Learned`), and by learner what it told, its best setting and itself."""

    scores: pd.DataFrame
    told: dict[str, np.ndarray]
    settings: dict[str, dict[str, Any]]
    best: dict[str, Learner]
    statements: list[str]


def compare(
    numbers: np.ndarray,
    segments: np.ndarray,
    learners: Sequence[Learner],
    *,
    folds: int,
    seed: int,
    seconds: float,
    decides: str,
    on_progress: Callable[[str], None] | None = None,
) -> Race:
    """Measure the learners on the same folds; of each, the setting with the best mean score counts."""
    began = time.monotonic()
    smallest = int(np.unique(segments, return_counts=True)[1].min())
    folds = max(FEWEST_FOLDS, min(folds, smallest))
    splits = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(numbers, segments))
    rows, told, settings, late = [], {}, {}, []
    for learner in [GUESS, *learners]:
        if time.monotonic() - began > seconds and len(rows) > 1:
            late.append(learner.name)
            continue
        if on_progress:
            on_progress(learner.name)
        tried = [measured(numbers, segments, splits, learner, setting, seed) for setting in learner.settings]
        row, answer, setting = max(tried, key=lambda one: one[0][decides])
        rows.append(row)
        told[learner.name], settings[learner.name] = answer, setting
    words = [f"Not tried, for want of time: {', '.join(late)}. Raise the budget to try them."] if late else []
    by_name = {learner.name: learner for learner in [GUESS, *learners]}
    return Race(pd.DataFrame(rows), told, settings, by_name, words)


def measured(
    numbers: np.ndarray,
    segments: np.ndarray,
    splits: Sequence[tuple[np.ndarray, np.ndarray]],
    learner: Learner,
    setting: dict[str, Any],
    seed: int,
) -> tuple[dict[str, Any], np.ndarray, dict[str, Any]]:
    """Measure one learner with one setting: its row of scores, what it told each customer, the setting."""
    told = np.empty_like(segments)
    by_fold = []
    for train, test in splits:
        model = pipeline(learner.make(seed, **setting)).fit(numbers[train], segments[train])
        probability = model.predict_proba(numbers[test])
        told[test] = model.classes_[probability.argmax(axis=1)]
        by_fold.append(fold_scores(segments[test], told[test], probability, model.classes_))
    scores = pd.DataFrame(by_fold)
    error = scores.std(ddof=1) / np.sqrt(len(splits))
    words = ", ".join(f"{name} {value:g}" for name, value in setting.items())
    row = {"learner": learner.name, "setting": words, "folds": len(splits)}
    for metric in METRICS:
        row |= {metric: float(scores[metric].mean()), f"{metric}_error": float(error[metric])}
    return row, told, dict(setting)


def fold_scores(truth: np.ndarray, told: np.ndarray, probability: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Measure one fold: accuracy, and precision, recall, F1 and area under the curve as means over the segments."""
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, told, labels=classes, average="macro", zero_division=0
    )
    return {
        "accuracy": float(accuracy_score(truth, told)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "roc_auc": float(np.mean([roc_auc_score(truth == one, probability[:, i]) for i, one in enumerate(classes)])),
    }


def choose(scores: pd.DataFrame, learners: Sequence[Learner], *, decides: str) -> tuple[str, str]:
    """Choose the simplest learner within one standard error of the best, and say why.

    Parameters
    ----------
    scores : see `Learned`
    learners : the simplest first
    decides : see `learn`

    Returns
    -------
    The winner's name; the grounds
    """
    error, word = f"{decides}_error", WORDS.get(decides, decides)
    tried = scores[scores["learner"].isin([learner.name for learner in learners])]
    best = tried.loc[tried[decides].idxmax()]
    bar = best[decides] - best[error]
    winner = tried[tried[decides] >= bar].iloc[0]
    if winner["learner"] == best["learner"]:
        return winner["learner"], (
            f"The {winner['learner']} learnt the segments best ({word} {best[decides]:.3f} ± {best[error]:.3f}), "
            "and nothing simpler comes within one standard error."
        )
    return winner["learner"], (
        f"The {winner['learner']} is the simplest within one standard error of the best: {word} "
        f"{winner[decides]:.3f}; the {best['learner']} has {best[decides]:.3f} ± {best[error]:.3f}."
    )


def confusion_counts(truth: np.ndarray, told: np.ndarray, classes: np.ndarray) -> pd.DataFrame:
    """Count where each segment's customers were placed: counts, true segments as rows, told ones as columns."""
    counts = confusion_matrix(truth, told, labels=classes)
    return pd.DataFrame(counts, index=pd.Index(classes, name="segment"), columns=pd.Index(classes, name="placed in"))


COMPARISON_FORMATS = dict.fromkeys(["accuracy", "precision", "recall", "F1", "ROC AUC", "± F1"], "{:.3f}")


def comparison_table(learned: Learned) -> pd.DataFrame:
    """Set the comparison out for reading, the simplest learner first.

    Returns
    -------
    DataFrame, one row a learner: learner, how it works, setting, accuracy, precision, recall, F1, ± F1 (one standard
    error), ROC AUC, chosen
    """
    names = ["learner", "it is", "setting", "accuracy", "precision", "recall", "F1", "± F1", "ROC AUC", "chosen"]
    if learned.scores.empty:
        return pd.DataFrame(columns=names)
    scores = learned.scores
    works = {learner.name: learner.plain for learner in [GUESS, *LEARNERS.values()]}
    values = [
        scores["learner"], scores["learner"].map(works).fillna(""), scores["setting"],
        *(scores[name] for name in ("accuracy", "precision", "recall", "f1", "f1_error", "roc_auc")),
        np.where(scores["learner"] == learned.winner, "yes", ""),
    ]  # fmt: skip
    return pd.DataFrame(dict(zip(names, values, strict=True)))


def confusion_shares(learned: Learned, *, names: Sequence[str], min_group: int) -> pd.DataFrame:
    """Measure where the customers of each segment were placed by the winner that had not seen them.

    Parameters
    ----------
    learned : see `learn`
    names : of the segments, by number
    min_group : the fewest customers that are shown

    Returns
    -------
    DataFrame, true segments as rows, told ones as columns, by name; shares of the row, 0 where there are too few; rows
    that are too small themselves are left out; empty when nothing was compared
    """
    counts = learned.confusion
    if counts.empty:
        return counts
    named = counts.set_axis([names[one] for one in counts.columns], axis=1)
    named = named.set_axis([names[one] for one in counts.index], axis=0)
    large = named[named.sum(axis=1) >= min_group]
    return large.where(large >= min_group, 0).div(large.sum(axis=1), axis=0).rename_axis("segment")
