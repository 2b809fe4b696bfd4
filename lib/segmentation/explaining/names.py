"""Names for segments: what a marketer would call each, true of it, and never given twice."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from segmentation.explaining.words import feature_words, word_for
from segmentation.presets import read_preset

CUSTOMERS = "customers"
MUST_BE_KNOWN, STRONG, AVERAGE = 1.5, 1.0, 0.3
HELD_STRONG, HELD, NEAR = 1 / 2, 1 / 3, 0.75
FAR = 1e6
TELLING = 0.1
Claims = Mapping[str, float]


def segment_names(profile_z: pd.DataFrame) -> list[str]:
    """Name each segment after the nearest archetype that is true of it, no name twice.

    Names follow what a segment's customers are, not its number: renumbered segments keep theirs. Where two of a kind
    want one name and no other is true of the second, it gets the name with what tells it apart, such as
    "regulars, small baskets"; where no archetype is true at all, it is "customers" with what sets them apart.

    Parameters
    ----------
    profile_z : one row a segment, one column a feature: mean of its customers in standard deviations from everybody's
        mean, see `standing`; features that are not known are missing or absent

    Returns
    -------
    list of str, one a row in the same order

    Source
    ------
    docs/decisions/0019-explaining.md

    Examples
    --------
    >>> far = {"recency_days": [-1.0, 1.1], "order_count": [1.5, -1.0], "net_spend": [1.5, -0.9]}
    >>> segment_names(pd.DataFrame(far))
    ['champions', 'lapsed one-time buyers']
    """
    archetypes = read_preset("archetypes")
    told = [name for name in feature_words() if name in profile_z.columns]
    known = profile_z[told].astype("float64").round(6)
    order = known.fillna(0.0).sort_values(told, kind="stable").index if told else known.index
    places = [known.index.get_loc(label) for label in order]
    names = distinct_names(known.iloc[places].reset_index(drop=True), archetypes)
    return [name for _, name in sorted(zip(places, names, strict=True))]


def base_name(name: str) -> str:
    """Tell the archetype of a name: what stands before the comma.

    Examples
    --------
    >>> base_name("regulars, small baskets"), base_name("champions")
    ('regulars', 'champions')
    """
    return name.partition(",")[0]


def distinct_names(standings: pd.DataFrame, archetypes: Mapping[str, Claims]) -> list[str]:
    """Give each row an archetype of its own as far as one is true of it, and qualify the rest."""
    rows = [row.dropna() for _, row in standings.iterrows()]
    cost = unlikeness(standings, archetypes)
    segments, chosen = linear_sum_assignment(cost)
    kinds = list(archetypes)
    names = {segment: kinds[kind] for segment, kind in zip(segments, chosen, strict=True) if cost[segment, kind] < FAR}
    holders = {name: segment for segment, name in names.items()}
    for segment in range(len(rows)):
        if segment not in names:
            names[segment] = qualified(segment, rows, cost[segment], kinds, holders, taken=set(names.values()))
    return [names[segment] for segment in range(len(rows))]


def is_true(row: pd.Series, claims: Claims) -> bool:
    """Tell whether everything that an archetype claims holds of a segment, as far as it is known.

    Examples
    --------
    >>> row = pd.Series({"recency_days": -0.2, "order_count": 0.6})
    >>> is_true(row, {"order_count": 1.0}), is_true(row, {"recency_days": -1.0})
    (True, False)
    >>> is_true(row, {"discount_share": 2.0}), is_true(row, {"net_spend": 0.6})
    (False, True)
    """
    features = list(claims)
    stands = row.reindex(features).to_numpy(dtype="float64")
    return bool(holds(stands, np.array([claims[name] for name in features])).all())


def holds(stands: np.ndarray, claims: np.ndarray) -> np.ndarray:
    """Tell which claims hold: strong ones to a half, others to a third; one below 0.3 says near the average."""
    size = np.abs(claims)
    share = np.where(size >= STRONG, HELD_STRONG, HELD)
    held = np.where(size < AVERAGE, np.abs(stands - claims) <= NEAR, stands * np.sign(claims) >= share * size)
    return np.where(np.isnan(stands), size < MUST_BE_KNOWN, held)


def unlikeness(standings: pd.DataFrame, archetypes: Mapping[str, Claims]) -> np.ndarray:
    """Measure how far segments are from archetypes, mean squared over the features that any archetype tells of.

    A feature that an archetype does not claim counts as average; one that is not known does not count. An archetype
    that is untrue of a segment is out of reach of it.

    Returns
    -------
    array of shape (segments, archetypes)
    """
    features = sorted({name for claims in archetypes.values() for name in claims})
    claimed = pd.DataFrame(list(archetypes.values())).reindex(columns=features).to_numpy(dtype="float64")
    stands = standings.reindex(columns=features).to_numpy(dtype="float64")[:, None, :]
    gaps = (stands - np.nan_to_num(claimed)) ** 2
    known = np.maximum((~np.isnan(gaps)).sum(axis=2), 1)
    true = np.where(np.isnan(claimed), True, holds(stands, np.nan_to_num(claimed))).all(axis=2)
    return np.nansum(gaps, axis=2) / known + np.where(true, 0.0, FAR)


def qualified(
    segment: int,
    rows: list[pd.Series],
    cost: np.ndarray,
    kinds: list[str],
    holders: Mapping[str, int],
    *,
    taken: set[str],
) -> str:
    """Name a segment after the nearest true archetype and what tells it from the holder of that name."""
    row = rows[segment]
    nearest = int(cost.argmin())
    name = kinds[nearest] if cost[nearest] < FAR else CUSTOMERS
    other = rows[holders[name]] if name in holders else row * 0.0
    apart = (row - other).dropna()
    for feature in apart.abs().sort_values(ascending=False, kind="stable").index:
        if abs(apart[feature]) < TELLING:
            break
        name = f"{name}, {word_for(feature, high=bool(apart[feature] > 0))}"
        if name not in taken:
            return name
    return numbered(name, taken)


def numbered(name: str, taken: set[str]) -> str:
    """Number a name that nothing tells apart from one that is taken.

    Examples
    --------
    >>> numbered("regulars", {"regulars"}), numbered("customers", {"regulars"})
    ('regulars, 2nd group', 'customers')
    """
    if name not in taken:
        return name
    places = ["2nd", "3rd", *(f"{place}th" for place in range(4, 100))]
    return next(told for told in (f"{name}, {place} group" for place in places) if told not in taken)
