"""What a preparation is asked to do: one recipe, in words that a parameter may hold."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from segmentation.features import FEATURES
from segmentation.problems import DataProblem, some

USUAL_FEATURES = (
    "recency_days",
    "order_count",
    "net_spend",
    "average_order",
    "tenure_days",
    "product_count",
    "discount_share",
    "return_share",
    "category_entropy",
    "spend_trend",
)

Fill = Literal["median", "mean", "zero", "nearest", "flagged", "none"]
Transform = Literal["usual", "log", "yeo-johnson", "none"]
Scaling = Literal["standard", "min-max", "robust", "none"]
Encoding = Literal["one-hot", "ordinal", "target"]
TargetSelection = Literal["none", "chi-squared", "mutual information", "rfecv", "l1", "forest"]
Reduction = Literal["none", "pca", "ica"]

WORDS: dict[str, tuple[str, ...]] = {
    name: words.__args__
    for name, words in {
        "fill": Fill,
        "transform": Transform,
        "scaling": Scaling,
        "encoding": Encoding,
        "target_selection": TargetSelection,
        "reduction": Reduction,
    }.items()
}
SELECTIONS = ("variance", "correlation")
CROSS = "*"
LISTS = ("columns", "crossed", "selection", "kept")


@dataclass(frozen=True)
class Recipe:
    """How features are made comparable: what is filled, evened out, scaled, encoded, crossed, left out and reduced.

    The default is what segments have always been found on: logarithms where a feature is skewed, mean 0 and deviation
    1, nobody more than 3 deviations from the mean.

    Attributes
    ----------
    columns : names of features; none for the usual ones as far as they are known
    fill : where a number is missing: the median, the mean, zero, that of the nearest customers, the median beside a
        column that flags it, or none to refuse missing numbers
    transform : usual (the logarithm where the feature says so), log for all numbers, yeo-johnson, none
    scaling : standard (mean 0, deviation 1), min-max (0 to 1), robust (median 0, quartiles as in a normal
        distribution), none
    encoding : of categories: one-hot, ordinal, target (what customers with the level spent later)
    crossed : pairs such as recency_days*order_count, both numbers or both categories
    selection : some of variance, correlation
    target_selection : none, chi-squared, mutual information, rfecv, l1, forest; needs a target
    reduction : none, pca, ica
    components : that the reduction leaves; 0 for as many as hold 90 % of the variance
    kept : prepared columns to keep, whatever a selection would say; none to select

    Raises
    ------
    DataProblem
        A word is none of those allowed, a pair is no pair, or there is a number of components below 0.
    """

    columns: tuple[str, ...] = ()
    fill: Fill = "median"
    transform: Transform = "usual"
    scaling: Scaling = "standard"
    encoding: Encoding = "one-hot"
    crossed: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    target_selection: TargetSelection = "none"
    reduction: Reduction = "none"
    components: int = 0
    kept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in LISTS:
            object.__setattr__(self, name, unique(name, getattr(self, name)))
        for name, allowed in WORDS.items():
            require_word(name, getattr(self, name), allowed)
        for word in self.selection:
            require_word("selection", word, SELECTIONS)
        require_features(self.columns)
        if isinstance(self.components, bool) or not isinstance(self.components, int) or self.components < 0:
            raise DataProblem(
                "`components` must be a whole number, 0 for as many as hold 90 % of the variance; "
                f"got {some([self.components])}."
            )
        self.pairs  # noqa: B018 (reading them is what refuses a bad one)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The crossed features, two and two."""
        return [pair(word) for word in self.crossed]

    @property
    def needs_target(self) -> bool:
        """Whether it can't be fitted without what customers did later."""
        return self.encoding == "target" or (self.target_selection != "none" and not self.kept)

    def record(self) -> dict[str, Any]:
        """Write the recipe as plain values, ready for JSON.

        Examples
        --------
        >>> Recipe.of(Recipe(crossed=("recency_days*order_count",)).record()).crossed
        ('recency_days*order_count',)
        """
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Recipe":
        """Read a recipe from plain values; what is not told is as usual.

        Raises
        ------
        DataProblem
            A value is not allowed, or the recipe of another version holds something that this one does not know.
        """
        unknown = set(record) - {field.name for field in fields(cls)}
        if unknown:
            raise DataProblem(
                f"A recipe must hold only what this version knows; {some(sorted(unknown))} is unknown. Was it written "
                "by another version?"
            )
        return cls(**record)


def unique(name: str, words: Iterable[str]) -> tuple[str, ...]:
    """Read a list of words, each once.

    Raises
    ------
    DataProblem
        It is a single text, or holds something else than texts.
    """
    words = [words] if isinstance(words, str) else list(words)
    if len(words) == 1 and not words[0]:
        return ()
    if not all(isinstance(word, str) for word in words):
        raise DataProblem(f"`{name}` must be a list of names; got {some(words)}.")
    return tuple(dict.fromkeys(words))


def require_word(name: str, word: str, allowed: tuple[str, ...]) -> None:
    """Require one of the allowed words.

    Raises
    ------
    DataProblem
        It is another.
    """
    if word not in allowed:
        raise DataProblem(f"`{name}` must be {', '.join(allowed[:-1])} or {allowed[-1]}; got {some([word])}.")


def require_features(names: Iterable[str]) -> None:
    """Require names of features.

    Raises
    ------
    DataProblem
        One is no feature.
    """
    unknown = [name for name in names if name not in FEATURES]
    if unknown:
        raise DataProblem(
            f"`cluster_features` must name features, which are {', '.join(FEATURES)}; got {some(unknown)}."
        )


def pair(word: str) -> tuple[str, str]:
    """Read two features to cross.

    Raises
    ------
    DataProblem
        They are not two different features of one kind.

    Examples
    --------
    >>> pair("recency_days*order_count")
    ('recency_days', 'order_count')
    """
    names = [name.strip() for name in word.split(CROSS)]
    unknown = [name for name in names if name not in FEATURES]
    if len(names) != 2 or names[0] == names[1] or unknown:
        got = f"; {some(unknown)} is no feature" if unknown and len(names) == 2 else ""
        raise DataProblem(
            f"`crossed` must hold pairs of two features such as recency_days*order_count; got {some([word])}{got}."
        )
    if kind_of(names[0]) != kind_of(names[1]):
        raise DataProblem(
            f"`crossed` must join two numbers or two categories; {some([word])} joins a {kind_of(names[0])} with a "
            f"{kind_of(names[1])}."
        )
    return names[0], names[1]


def kind_of(name: str) -> Literal["number", "category"]:
    """Tell whether a feature is a number or a category."""
    return getattr(FEATURES[name], "kind", "number")
