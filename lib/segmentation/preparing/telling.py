"""What each step of a preparation did and why, in words and numbers made of what was fitted."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

from segmentation.preparing.building import RAREST_SHARE, logged
from segmentation.preparing.recipe import Recipe, kind_of
from segmentation.preparing.reducing import Reduced
from segmentation.preparing.selecting import ALIKE, NEARLY_ALL, Selected, evenly_spaced
from segmentation.preparing.transformers import FAR_OUT

Row = dict[str, str]
LISTED = 4
COLUMNS = ["column", "missing", "transform", "skew before", "skew after"]

FILLED = {
    "median": "the median of those who have it",
    "mean": "the mean of those who have it, after the transform",
    "zero": "zero",
    "nearest": "what the five nearest customers have",
    "flagged": "the median, beside a column that says so",
    "none": "nothing",
}
WHY_FILLED = {
    "median": "a usual value moves nobody far; it says nothing of who they are",
    "mean": "keeps the mean; it says nothing of who they are",
    "zero": "what is not known counts as none at all",
    "nearest": "customers alike in the rest are taken to be alike in this",
    "flagged": "that it is not known can tell customers apart by itself",
    "none": "a number filled in would decide the segment",
}
TRANSFORMED = {
    "usual": "logarithm of value plus one, negative as 0",
    "log": "logarithm of value plus one, negative as 0",
    "yeo-johnson": "Yeo-Johnson, the power that makes it most like a normal distribution",
    "none": "as it is",
}
WHY_TRANSFORMED = {
    "usual": "days, counts and money are skewed, and a few customers would decide every distance; shares are not",
    "log": "a few customers far from all others would decide every distance",
    "yeo-johnson": "it finds for each number how much evening out it needs",
    "none": "distances are then those of the units themselves",
}
SCALED = {
    "standard": f"mean 0 and deviation 1, at most {FAR_OUT:g} from the mean",
    "min-max": "from 0 to 1",
    "robust": f"median 0 and the quartiles of a normal distribution, at most {FAR_OUT:g} from the median",
    "none": "left in their units",
}
WHY_SCALED = {
    "standard": "each counts the same in a distance, and ten wholesalers get no segment of their own",
    "min-max": "each has the same reach; the farthest customer sets it",
    "robust": "the middle half of the customers sets the scale, whatever the rest do",
    "none": "the number with the largest unit decides",
}
ENCODED = {
    "one-hot": "a column of 0 and 1 for each level",
    "ordinal": "the place of the level in the alphabet",
    "target": "what customers with the level spent later, on average, drawn to the middle when they are few",
}
WHY_ENCODED = {
    "one-hot": "levels have no order; two customers of different levels are 1.4 apart",
    "ordinal": "one column a category; the order is of letters only, unless levels are named to sort",
    "target": "levels are near when their customers spent alike later",
}
WHY_TARGET = {
    "chi-squared": "the share who came back differs between fifths by more than chance",
    "mutual information": "it tells of later spend, in any shape, more than shuffled spend seems to",
    "rfecv": "a regression predicts later spend best with these, on customers it has not seen",
    "l1": "a regression that pays for each column still uses these to predict later spend",
    "forest": "trees use it for later spend more than the best shuffled copy",
}


def words_of(name: str) -> str:
    """Write a column as a reader sees it.

    Examples
    --------
    >>> words_of("recency_days*order_count"), words_of("channel: web")
    ('recency days × order count', 'channel: web')
    """
    return name.replace("*", " × ").replace("_", " ")


def listed(parts: Sequence[str]) -> str:
    """List the first few, and count the rest."""
    more = f" and {len(parts) - LISTED} more" if len(parts) > LISTED else ""
    return f"{', '.join(parts[:LISTED])}{more}"


def row(step: str, did: str, why: str) -> Row:
    """Write one row of the table of steps."""
    return {"step": step, "what it did": did, "why": why}


def feature_row(columns: Sequence[str], empty: Sequence[str], *, fitted_on: int, customers: int) -> Row:
    """Tell which features are used."""
    numbers = sum(kind_of(name) == "number" for name in columns)
    did = f"{numbers} numbers and {len(columns) - numbers} categories of {customers:,} customers"
    did += f"; fitted on {fitted_on:,} of them" if fitted_on < customers else ""
    did += f"; left out as nobody has it: {listed([words_of(name) for name in empty])}" if empty else ""
    why = "more customers would move the numbers little and take long" if fitted_on < customers else "as asked for"
    return row("features", did, why)


def filling_rows(recipe: Recipe, missing: Mapping[str, float]) -> list[Row]:
    """Tell what was missing and what stands there now."""
    numbers = {name: share for name, share in missing.items() if share > 0 and kind_of(name) == "number"}
    categories = {name: share for name, share in missing.items() if share > 0 and kind_of(name) == "category"}
    rows = []
    if numbers:
        did = f"{shares_listed(numbers)} filled with {FILLED[recipe.fill]}"
        rows.append(row("missing numbers", did, WHY_FILLED[recipe.fill]))
    if categories:
        did = f"{shares_listed(categories)} are a level of their own, unknown"
        rows.append(row("missing categories", did, "that it is not known may itself tell something"))
    return rows or [row("missing values", "nothing was missing", "every feature is known for everybody")]


def shares_listed(shares: Mapping[str, float]) -> str:
    """List features with a share of customers, most first."""
    largest = sorted(shares.items(), key=lambda item: -item[1])
    return listed([f"{words_of(name)} ({share:.1%})" for name, share in largest])


def number_rows(recipe: Recipe, numbers: Sequence[str], table: pd.DataFrame) -> list[Row]:
    """Tell how numbers were evened out and scaled."""
    changed = list(numbers) if recipe.transform == "yeo-johnson" else logged(recipe, numbers)
    if changed:
        did = (
            f"{TRANSFORMED[recipe.transform]}, for {len(changed)} of {len(numbers)} numbers{worst_skew(table, changed)}"
        )
    else:
        did = "left as they are"
    return [
        row("transform", did, WHY_TRANSFORMED[recipe.transform]),
        row("scale", SCALED[recipe.scaling], WHY_SCALED[recipe.scaling]),
    ]


def worst_skew(table: pd.DataFrame, changed: Sequence[str]) -> str:
    """Word how much the most skewed of the changed numbers was evened out."""
    told = table.set_index("column").loc[list(changed), ["skew before", "skew after"]].dropna()
    if told.empty:
        return ""
    name = told["skew before"].abs().idxmax()
    before, after = told.loc[name]
    return f"; the most skewed, {words_of(name)}, from {before:.1f} to {after:.1f}"


def category_row(recipe: Recipe, categories: Sequence[str], levels: Mapping[str, tuple[int, int]]) -> Row:
    """Tell how categories became numbers."""
    rare = {name: told for name, told in levels.items() if told[1]}
    did = f"{listed([words_of(name) for name in categories])}: {ENCODED[recipe.encoding]}"
    if rare:
        grouped = [f"{told[1]:,} of {told[0]:,} levels of {words_of(name)}" for name, told in rare.items()]
        did += f"; {listed(grouped)} go together, each with fewer than {RAREST_SHARE:.0%} or beyond the twelfth"
    return row("encode", did, WHY_ENCODED[recipe.encoding])


def cross_row(recipe: Recipe) -> Row:
    """Tell what was crossed."""
    crossed = [words_of(f"{left}*{right}") for left, right in recipe.pairs]
    why = "how two features go together can tell customers apart where neither does alone"
    return row("cross", f"added {listed(crossed)}", why)


def selection_row(step: str, selected: Selected, names: Sequence[str], why: str) -> Row:
    """Tell what a selection left out."""
    dropped = [f"{words_of(names[place])} ({words_of(reason)})" for place, reason in selected.dropped.items()]
    did = f"kept {len(selected.kept)} of {len(selected.kept) + len(dropped)} columns"
    did += f"; left out {listed(dropped)}" if dropped else ""
    did += f"; {selected.remark}" if selected.remark else ""
    return row(step, did, why)


WHY_SELECTED = {
    "constant": "what is the same for everybody tells nobody apart",
    "variance": f"what {NEARLY_ALL:.0%} have in common sets only a few apart",
    "correlation": f"two columns correlated above {ALIKE} would count one thing twice; the earlier one stays",
}


def reduction_row(recipe: Recipe, reduced: Reduced, columns: int) -> Row:
    """Tell what a reduction made of the columns."""
    step = f"reduce ({recipe.reduction.upper()})"
    if reduced.step is None:
        return row(step, reduced.remark, "there is no direction in which customers differ")
    count = len(reduced.loadings)
    if recipe.reduction == "pca":
        did = f"{columns} columns became {count} components that hold {reduced.shares.sum():.0%} of the variance"
        why = "what little is left is mostly noise; the price is that components have no unit"
    else:
        did = f"{columns} columns became {count} components as independent of each other as can be"
        why = "each may stand for one habit; the price is that components have no unit"
    return row(step, f"{did}; {reduced.remark}" if reduced.remark else did, why)


def level_counts(make: ColumnTransformer, categories: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Count the levels of each category, and those that go together as rare."""
    if not categories:
        return {}
    encoder = make.named_transformers_["categories"].named_steps["encode"]
    rare = getattr(encoder, "infrequent_categories_", None) or [None] * len(encoder.categories_)
    return {
        name: (len(levels), 0 if few is None else len(few))
        for name, levels, few in zip(categories, encoder.categories_, rare, strict=False)
    }


def number_table(recipe: Recipe, read: pd.DataFrame, numbers: Sequence[str], make: ColumnTransformer) -> pd.DataFrame:
    """Measure each number's share missing and its skew before and after the transform, on 100,000 customers at most.

    Returns
    -------
    DataFrame, one row a number: column, missing (share), transform, skew before, skew after
        skew is missing where all customers are alike
    """
    sample = read.iloc[evenly_spaced(np.arange(len(read)))][list(numbers)]
    steps = make.named_transformers_["numbers"].named_steps
    filled = steps["fill"].transform(sample) if recipe.fill == "zero" else sample
    after = pd.DataFrame(np.asarray(steps["transform"].transform(filled))[:, : len(numbers)], columns=list(numbers))
    differ = sample.max() > sample.min()
    changed = list(numbers) if recipe.transform == "yeo-johnson" else logged(recipe, numbers)
    return pd.DataFrame(
        {
            "column": list(numbers),
            "missing": [float(read[name].isna().mean()) for name in numbers],
            "transform": [recipe.transform.replace("usual", "log") if name in changed else "none" for name in numbers],
            "skew before": sample.skew().where(differ).to_numpy(),
            "skew after": after.skew().where(differ).to_numpy(),
        }
    )


def category_table(
    recipe: Recipe, read: pd.DataFrame, categories: Sequence[str], levels: Mapping[str, tuple[int, int]]
) -> pd.DataFrame:
    """Tell each category's share missing and how it became numbers; columns as `number_table`."""
    words = [f"{recipe.encoding}, {levels[name][0]:,} levels" for name in categories]
    missing = [float(read[name].isna().mean()) for name in categories]
    return pd.DataFrame({"column": list(categories), "missing": missing, "transform": words})


def fates(table: pd.DataFrame, names: Sequence[str], kept: Sequence[int], reasons: Mapping[int, str]) -> pd.DataFrame:
    """Add to each feature, and to each crossed pair, what became of its prepared columns.

    Parameters
    ----------
    table : one row a feature: column and more
    names : of all prepared columns
    kept : places of those that are kept
    reasons : place to why it went
    """
    made = {name: places_of(name, names) for name in table["column"]}
    others = sorted(set(range(len(names))) - {place for places in made.values() for place in places})
    extra: dict[str, list[int]] = {}
    for place in others:
        extra.setdefault(names[place].partition(":")[0], []).append(place)
    table = pd.concat([table, pd.DataFrame({"column": list(extra), "transform": "added"})], ignore_index=True)
    words = [fate(places, names, set(kept), reasons) for places in (*made.values(), *extra.values())]
    return table.assign(kept=[sum(place in kept for place in p) for p in (*made.values(), *extra.values())], fate=words)


def places_of(feature: str, names: Sequence[str]) -> list[int]:
    """Find the prepared columns of a feature: its own, or one for each level."""
    return [place for place, name in enumerate(names) if name == feature or name.startswith(f"{feature}: ")]


def fate(places: Sequence[int], names: Sequence[str], kept: set[int], reasons: Mapping[int, str]) -> str:
    """Word what became of the columns of one feature."""
    gone = [place for place in places if place not in kept]
    if not gone:
        return "kept"
    why = words_of(reasons.get(gone[0], "not among the columns chosen before"))
    if len(places) == 1:
        return f"left out: {why}"
    first = names[gone[0]].partition(": ")[2]
    return f"{len(places) - len(gone)} of {len(places)} columns kept; {first or 'itself'}: {why}"
