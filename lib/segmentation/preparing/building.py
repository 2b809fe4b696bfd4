"""From a recipe to unfitted scikit-learn steps that make every prepared column."""

from collections.abc import Sequence

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from segmentation.features import FEATURES
from segmentation.preparing.recipe import Recipe, kind_of
from segmentation.preparing.transformers import (
    NEIGHBOURS,
    CrossedLevels,
    CrossedNumbers,
    MiddleImputer,
    NearestImputer,
    YeoJohnson,
    level_name,
    logarithms,
    near,
)

RAREST_SHARE, MOST_LEVELS = 0.01, 12
FOLDS = 5
UNKNOWN = "unknown"


def column_steps(recipe: Recipe, columns: Sequence[str], *, seed: int) -> ColumnTransformer:
    """Build the steps that make every prepared column: numbers in the order of the list, then categories.

    Parameters
    ----------
    recipe : what to do
    columns : the features to use
    seed : of the folds of the target encoding

    Returns
    -------
    ColumnTransformer, not fitted; from a DataFrame as `readable` gives it to an array of float
    """
    numbers = [name for name in columns if kind_of(name) == "number"]
    categories = [name for name in columns if kind_of(name) == "category"]
    parts = []
    if numbers:
        parts.append(("numbers", number_steps(recipe, numbers), numbers))
    if categories:
        parts.append(("categories", category_steps(recipe, categories, seed=seed), categories))
    return ColumnTransformer(parts, sparse_threshold=0, verbose_feature_names_out=False)


def number_steps(recipe: Recipe, numbers: Sequence[str]) -> Pipeline:
    """Build the steps for numbers: transform, scale, fill, keep near, cross.

    Gaps are filled after scaling: the known values alone decide the scale, and neighbours are near in every feature
    rather than in the one with the largest unit. Only zero means zero in the feature's own unit, and is filled first.
    """
    steps = [("transform", transformer(recipe, numbers)), ("scale", scaler(recipe)), ("fill", filler(recipe))]
    if recipe.fill == "zero":
        steps = [steps[2], steps[0], steps[1]]
    pairs = [pair for pair in recipe.pairs if kind_of(pair[0]) == "number"]
    return Pipeline([*steps, *limit(recipe), *crossing(CrossedNumbers, pairs, numbers)])


def crossing(
    kind: type[CrossedNumbers] | type[CrossedLevels], pairs: Sequence[tuple[str, str]], names: Sequence[str]
) -> list[tuple[str, CrossedNumbers | CrossedLevels]]:
    """Build the step that crosses pairs of columns, none where there are no pairs."""
    places = [[names.index(left), names.index(right)] for left, right in pairs]
    return [("cross", kind(places, [f"{left}*{right}" for left, right in pairs]))] if pairs else []


def logged(recipe: Recipe, numbers: Sequence[str]) -> list[str]:
    """List the numbers whose logarithm is taken."""
    if recipe.transform == "usual":
        return [name for name in numbers if FEATURES[name].transform == "log"]
    return list(numbers) if recipe.transform == "log" else []


def transformer(recipe: Recipe, numbers: Sequence[str]) -> FunctionTransformer | YeoJohnson:
    """Build what evens out skewed numbers."""
    if recipe.transform == "yeo-johnson":
        return YeoJohnson(method="yeo-johnson", standardize=False)
    places = [numbers.index(name) for name in logged(recipe, numbers)]
    return FunctionTransformer(logarithms, kw_args={"positions": places}, feature_names_out="one-to-one")


def scaler(recipe: Recipe) -> StandardScaler | MinMaxScaler | RobustScaler | FunctionTransformer:
    """Build what gives all numbers one scale."""
    return {
        "standard": StandardScaler(),
        "min-max": MinMaxScaler(clip=True),
        "robust": RobustScaler(unit_variance=True),
        "none": FunctionTransformer(feature_names_out="one-to-one"),
    }[recipe.scaling]


def filler(recipe: Recipe) -> SimpleImputer | NearestImputer:
    """Build what fills missing numbers; one that nobody of a drawn sample has becomes 0."""
    if recipe.fill == "nearest":
        return NearestImputer(n_neighbors=NEIGHBOURS, weights="distance", keep_empty_features=True)
    if recipe.fill == "zero":
        return SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    if recipe.fill == "flagged":
        return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return MiddleImputer(strategy="mean" if recipe.fill == "mean" else "median", keep_empty_features=True)


def category_steps(recipe: Recipe, categories: Sequence[str], *, seed: int) -> Pipeline:
    """Build the steps for categories: what is not known is a level of its own, then cross, encode, and scale codes.

    The columns of one level each are 0 or 1 and stay so: two customers of different levels are 1.4 apart, about as far
    as two that differ by a deviation and a half in a number.
    """
    fill = SimpleImputer(missing_values=None, strategy="constant", fill_value=UNKNOWN, keep_empty_features=True)
    pairs = [pair for pair in recipe.pairs if kind_of(pair[0]) == "category"]
    steps = [("fill", fill), *crossing(CrossedLevels, pairs, categories), ("encode", encoder(recipe, seed=seed))]
    if recipe.encoding != "one-hot":
        steps += [("scale", scaler(recipe)), *limit(recipe)]
    return Pipeline(steps)


def limit(recipe: Recipe) -> list[tuple[str, FunctionTransformer]]:
    """Build the step that keeps everybody near, none where the scale has no middle."""
    has_middle = recipe.scaling in ("standard", "robust")
    return [("near", FunctionTransformer(near, feature_names_out="one-to-one"))] if has_middle else []


def encoder(recipe: Recipe, *, seed: int) -> OneHotEncoder | OrdinalEncoder | TargetEncoder:
    """Build what turns levels into numbers; rare levels, and those that come later, go together."""
    if recipe.encoding == "target":
        return TargetEncoder(target_type="continuous", cv=KFold(FOLDS, shuffle=True, random_state=seed))
    if recipe.encoding == "ordinal":
        return OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            min_frequency=RAREST_SHARE,
            max_categories=MOST_LEVELS,
        )
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=RAREST_SHARE,
        max_categories=MOST_LEVELS,
        sparse_output=False,
        feature_name_combiner=level_name,
    )
