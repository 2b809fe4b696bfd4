"""The six learners, simplest first, with the settings that are tried for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

LARGEST = "always the largest"
NEIGHBOURS = 25


@dataclass(frozen=True)
class Learner:
    """A way to learn segments.

    Attributes
    ----------
    name : as tables show it
    make : builds it, from a seed and a setting
    settings : those that are tried
    plain : what it does, in a few words
    """

    name: str
    make: Callable[..., ClassifierMixin]
    settings: Sequence[Mapping[str, Any]]
    plain: str


def tree(seed: int, *, max_depth: int = 8) -> DecisionTreeClassifier:
    """Build a decision tree."""
    return DecisionTreeClassifier(max_depth=max_depth, min_samples_leaf=5, random_state=seed)


def logistic(seed: int, *, C: float = 10.0) -> LogisticRegression:  # noqa: N803 - as scikit-learn calls it
    """Build a logistic regression."""
    return LogisticRegression(C=C, max_iter=500, random_state=seed)


def support_vectors(seed: int, *, C: float = 3.0) -> CalibratedClassifierCV:  # noqa: N803
    """Build a support vector machine with radial kernel, its probabilities calibrated on folds."""
    return CalibratedClassifierCV(SVC(C=C, random_state=seed), ensemble=False, cv=2)


def forest(seed: int, *, min_samples_leaf: int = 2) -> RandomForestClassifier:
    """Build a random forest."""
    return RandomForestClassifier(40, min_samples_leaf=min_samples_leaf, max_depth=14, random_state=seed)


def network(seed: int, *, alpha: float = 0.1) -> MLPClassifier:
    """Build a neural network with one hidden layer."""
    return MLPClassifier((16,), solver="lbfgs", alpha=alpha, max_iter=60, random_state=seed)


def stack(seed: int) -> StackingClassifier:
    """Build the stack: a logistic regression on what the five others say of customers they have not seen."""
    five = [("tree", tree(seed)), ("logistic", logistic(seed)), ("svm", support_vectors(seed))]
    five += [("forest", forest(seed)), ("network", network(seed))]
    return StackingClassifier(five, LogisticRegression(max_iter=500), cv=2)


def neighbours(seed: int, *, n_neighbors: int = NEIGHBOURS) -> KNeighborsClassifier:
    """Build a vote of the most similar customers; nothing of it is by chance."""
    return KNeighborsClassifier(n_neighbors, algorithm="brute")


def largest(seed: int) -> DummyClassifier:
    """Build the guess that knows nothing: the largest segment, with the shares as probabilities."""
    return DummyClassifier(strategy="prior", random_state=seed)


LEARNERS = {
    learner.name: learner
    for learner in (
        Learner("decision tree", tree, [{"max_depth": depth} for depth in (4, 6, 8)], "a few questions, one by one"),
        Learner("logistic regression", logistic, [{"C": c} for c in (1.0, 10.0, 100.0)], "a weight for each feature"),
        Learner("support vector machine", support_vectors, [{"C": c} for c in (3.0, 30.0)], "curved borders"),
        Learner("random forest", forest, [{"min_samples_leaf": leaf} for leaf in (2, 5)], "the vote of 40 trees"),
        Learner("neural network", network, [{"alpha": alpha} for alpha in (0.1, 3.0)], "16 hidden units"),
        Learner("stack of the five", stack, [{}], "a model of what the five say"),
    )
}
SIMILAR = Learner("similar customers", neighbours, [{}], f"the vote of the {NEIGHBOURS} most similar customers")
GUESS = Learner(LARGEST, largest, [{}], "knows nothing; what a model must beat")


def pipeline(learner: ClassifierMixin) -> Pipeline:
    """Put imputing and scaling before a learner; it reads what `schema.as_numbers` gives, where categories are flags.

    What is missing of a number counts as the middle customer's, beside a flag that it is missing; what lies beyond all
    that was learnt from counts as the nearest that was, so that no weight runs away with it.
    """
    fill = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    bound = MinMaxScaler(clip=True)
    return Pipeline([("fill", fill), ("bound", bound), ("scale", StandardScaler()), ("learn", learner)])
