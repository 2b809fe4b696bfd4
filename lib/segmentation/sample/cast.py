"""Who is to live in a shop: kinds, shares, and customers at random."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from segmentation.problems import DataProblem, some
from segmentation.sample.assortment import ASSORTMENT
from segmentation.sample.calendar import DAYS
from segmentation.sample.kinds import ALIKE, CROWD, FAMILY, KIND_NAMES, MIX, NOISE, NOISY_WAYS, SMALLEST_KIND, Kind
from segmentation.sample.people import ACQUISITION, SOURCES


@dataclass(frozen=True)
class Cast:
    """Who is to live in a shop: roles, each of a kind, with a share of the customers and what it does."""

    kinds: np.ndarray  # place in KIND_NAMES; several roles may be of one kind
    shares: np.ndarray  # add up to 1
    traits: pd.DataFrame  # see `traits`

    @property
    def names(self) -> list[str]:
        """Name the kinds, each once."""
        return [KIND_NAMES[kind] for kind in dict.fromkeys(self.kinds.tolist())]


RANGES = {
    "orders": ("fewest", "more", "most"),
    "first": ("first_from", "first_to"),
    "last": ("last_from", "last_to"),
}


def traits(roles: Sequence[Kind]) -> pd.DataFrame:
    """Set out what each role does: one row a role, one column a number; -1 for no preference."""
    words = {"favours": tuple(ASSORTMENT), "channel": SOURCES, "acquired": ACQUISITION}
    columns: dict[str, Sequence[Any]] = {}
    for trait in fields(Kind):
        values = [getattr(role, trait.name) for role in roles]
        if trait.name in RANGES:
            columns |= dict(zip(RANGES[trait.name], zip(*values, strict=True), strict=True))
        elif trait.name in words:
            columns[trait.name] = [words[trait.name].index(value) if value else -1 for value in values]
        else:
            columns[trait.name] = values
    return pd.DataFrame(columns)


def draw_cast(kinds: int | Sequence[str] | None, *, noise: float, seed: int) -> Cast:
    """Choose the kinds of a shop and their shares; see `make_shop`."""
    require_castable(kinds, noise=noise)
    rng = np.random.default_rng([seed, 12])
    names = list(MIX) if kinds is None else drawn_kinds(rng, kinds)
    spare = 1 - SMALLEST_KIND * len(names)
    drawn = SMALLEST_KIND + spare * rng.dirichlet(np.ones(len(names)))
    shares = np.array(list(MIX.values())) if kinds is None else drawn
    ways = [random_kind(rng) for _ in range(NOISY_WAYS if noise else 0)]
    roles = [ALIKE if name == CROWD else FAMILY[name] for name in names] + ways
    codes = [KIND_NAMES.index(name) for name in [*names, *[NOISE] * len(ways)]]
    return Cast(np.array(codes), np.append(shares * (1 - noise), [noise / NOISY_WAYS] * len(ways)), traits(roles))


def drawn_kinds(rng: np.random.Generator, kinds: int | Sequence[str]) -> list[str]:
    """Draw so many kinds from the family, or take those that are named."""
    if not isinstance(kinds, int):
        return list(kinds)
    return [list(FAMILY)[place] for place in sorted(rng.permutation(len(FAMILY))[:kinds])]


def require_castable(kinds: int | Sequence[str] | None, *, noise: float) -> None:
    """Require kinds that there are, and that noise leaves most customers to them.

    Raises
    ------
    DataProblem
        See `make_shop`.
    """
    if not 0 <= noise <= 0.5:
        raise DataProblem(f"At most half of the customers can behave at random; got a noise of {noise}.")
    if kinds is None:
        return
    if isinstance(kinds, int):
        if not 1 <= kinds <= len(FAMILY):
            raise DataProblem(f"A shop can have from 1 to {len(FAMILY)} kinds of customer; got {kinds}.")
        return
    unknown = [name for name in kinds if name not in FAMILY and name != CROWD]
    if unknown or len(set(kinds)) < len(kinds) or not kinds:
        listed = ", ".join((*FAMILY, CROWD))
        raise DataProblem(f"Kinds of customer must be some of {listed}, none twice; got {some(unknown or kinds)}.")


def random_kind(rng: np.random.Generator) -> Kind:
    """Make up a way to behave that follows no kind."""
    first = int(rng.integers(0, 700))
    last = int(rng.integers(first, DAYS))
    return Kind(
        orders=(int(rng.integers(1, 9)), float(rng.exponential(2)), 30),
        first=(first, min(first + 30, DAYS - 1)),
        last=(last, min(last + 30, DAYS - 1)),
        lines=1 + float(rng.exponential(1)),
        pieces=1 + float(rng.exponential(1)),
        premium=float(rng.random()),
        coupon=float(rng.random() ** 2),
        sale=float(rng.random() ** 2),
        refund=float(rng.random() ** 3),
        focus=float(rng.random()),
        visits=float(rng.exponential(1)),
        opens=float(rng.random()),
    )
