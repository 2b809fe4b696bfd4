"""Where the curve of distances bends."""

import numpy as np
import pandas as pd


def knee(distortion: pd.Series) -> int:
    """Find where the curve bends most: farthest below the line from its first to its last point.

    Parameters
    ----------
    distortion : falling, indexed by the number of groups in rising order

    Returns
    -------
    int, a number of groups; the first one when the curve is straight or has fewer than three points

    Source
    ------
    Satopää, Albrecht, Irwin & Raghavan, Finding a "kneedle" in a haystack, ICDCS workshops (2011)

    Examples
    --------
    >>> knee(pd.Series([10.0, 6.0, 2.0, 1.5, 1.0], index=[1, 2, 3, 4, 5]))
    3
    """
    if len(distortion) < 3 or distortion.iloc[0] <= distortion.iloc[-1]:
        return int(distortion.index[0])
    places = np.asarray(distortion.index, dtype="float64")
    across = (places - places[0]) / (places[-1] - places[0])
    down = (distortion - distortion.iloc[-1]) / (distortion.iloc[0] - distortion.iloc[-1])
    return int(distortion.index[np.argmax((1 - across - down.to_numpy()).round(9))])
