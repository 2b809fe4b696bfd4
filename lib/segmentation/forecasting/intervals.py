"""How far forecasts were off where what followed is known, by their level: intervals for customers and groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

MIDDLE = (0.025, 0.975)
LEVELS = 20
SPREAD = 0.75  # half the power of the variance that the deviance of the contest goes by
FEWEST = 40  # customers at a level: of fewer, 2.5 % is not one


@dataclass(frozen=True)
class Errors:
    """What followed forecasts of an amount, sorted into levels of the forecast.

    Attributes
    ----------
    borders : of the forecast, between one level and the next, shape (levels − 1,)
    off : per level what followed less the forecast, divided by the forecast to the power of ¾: amounts spread so;
        minus infinity where nothing followed, which is nothing whatever the forecast was
    days : per level the place of the day that each is of, from 0
    bias : all that was told against all that followed, less 1; missing when nothing followed
    """

    borders: np.ndarray
    off: tuple[np.ndarray, ...]
    days: tuple[np.ndarray, ...]
    bias: float

    def interval(self, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tell where 95 % of what follows such forecasts lies, the forecast itself included, shape (customers,) each.

        Source
        ------
        Split conformal prediction by groups (Mondrian): Vovk, Gammerman & Shafer, Algorithmic Learning in a Random
        World (2005)
        """
        ends = np.array([cut(level) for level in self.off])
        level = np.searchsorted(self.borders, told, side="right")
        low, high = (told + ends[level, side] * told**SPREAD for side in (0, 1))
        return np.clip(np.minimum(low, told), 0, None), np.maximum(high, told)

    def draws(self, told: np.ndarray, *, number: int, seed: int) -> np.ndarray:
        """Draw what may follow each forecast: in each draw one of the days, then for each customer one of the likes.

        Returns
        -------
        Array of float, shape (customers, number)
        """
        generator = np.random.default_rng(seed)
        level = np.searchsorted(self.borders, told, side="right")
        days = np.unique(np.concatenate(self.days)) if self.days else np.array([0])
        drawn = np.empty((len(told), number))
        for place in range(number):
            day = generator.choice(days)
            for at in np.unique(level):
                likes = self.off[at][self.days[at] == day]
                likes = likes if len(likes) else self.off[at]
                mine = level == at
                drawn[mine, place] = told[mine] + generator.choice(likes, mine.sum()) * told[mine] ** SPREAD
        return np.clip(drawn, 0, None)


def errors_of(told: np.ndarray, actual: np.ndarray, *, days: Sequence[object] | np.ndarray) -> Errors:
    """Sort what followed forecasts into levels, each of as many customers.

    Parameters
    ----------
    told : forecast of an amount, above 0; actual : what followed; days : which day each is of, shape (customers,)
    """
    number = max(1, min(LEVELS, len(told) // FEWEST))
    cuts = np.quantile(told, np.arange(1, number) / number, method="lower") if len(told) else np.array([])
    borders = np.unique(cuts[cuts > told.min()]) if len(cuts) else cuts  # of what was told, so that no level is empty
    level = np.searchsorted(borders, told, side="right")
    place = pd.factorize(np.asarray(days))[0]
    off = np.where(actual > 0, (actual - told) / told**SPREAD, -np.inf)
    parts = [level == at for at in range(len(borders) + 1)]
    bias = told.sum() / actual.sum() - 1 if actual.sum() > 0 else np.nan
    return Errors(borders, tuple(off[part] for part in parts), tuple(place[part] for part in parts), float(bias))


def cut(off: np.ndarray) -> tuple[float, float]:
    """Cut off the outer 5 %, counting the customer to come as one more, so that intervals are not too short."""
    if not len(off):
        return 0.0, 0.0
    ordered, size = np.sort(off), len(off)
    low, high = np.floor(MIDDLE[0] * (size + 1)) - 1, np.ceil(MIDDLE[1] * (size + 1)) - 1
    return float(ordered[int(max(low, 0))]), float(ordered[int(min(high, size - 1))])
