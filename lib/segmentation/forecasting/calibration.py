"""Do forecasts mean what they say: of those with a forecast so high, how many came back, what did they spend?"""

import numpy as np
import pandas as pd

from segmentation.forecasting.contest import Contest
from segmentation.forecasting.known import Target

BINS = 10
DRAWS = 200
MIDDLE = (0.025, 0.975)
COLUMNS = ("bin", "customers", "forecast", "actual", "actual_low", "actual_high")


def calibration(contest: Contest, forecaster: str, target: Target, *, min_group: int, seed: int) -> pd.DataFrame:
    """Compare forecasts with what followed, in ten bins of as many customers, all days together.

    Parameters
    ----------
    contest : see `hold_contest`
    forecaster : its name
    min_group : bins of fewer customers are left out
    seed : of the customers drawn again for the intervals

    Returns
    -------
    DataFrame, one row a bin, lowest forecast first: bin (int from 1), customers (different ones), forecast and actual
    (means), actual_low, actual_high (middle 95 %)
    """
    if contest.why_not or forecaster not in contest.forecasts:
        return pd.DataFrame(columns=[*COLUMNS])
    told = contest.forecasts[forecaster][target]
    actual = contest.actual.loc[told.index, target]
    bins = np.ceil(told.rank(method="average") / len(told) * BINS).clip(1, BINS).astype(int)
    generator = np.random.default_rng(seed)
    rows = []
    for place, members in told.groupby(bins):
        followed = actual[members.index].to_numpy()
        customers = members.index.get_level_values("customer_id").nunique()
        means = followed[generator.integers(0, len(followed), (DRAWS, len(followed)))].mean(axis=1)
        low, high = np.quantile(means, MIDDLE)
        rows.append((place, customers, members.mean(), followed.mean(), low, high))
    table = pd.DataFrame(rows, columns=[*COLUMNS])
    return table[table["customers"] >= min_group].reset_index(drop=True)
