"""Where a curve bends."""

import numpy as np


def knee(curve: np.ndarray) -> int:
    """Find where a rising curve turns upward: the point farthest below the line from its first point to its last.

    Parameters
    ----------
    curve : values in ascending order, shape (points,), points at equal distances

    Returns
    -------
    Place of the knee; the last place when the curve is flat or never below the line

    Source
    ------
    Satopää and others, Finding a "Kneedle" in a haystack, ICDCS Workshops (2011)

    Examples
    --------
    >>> knee(np.array([0.0, 0.1, 0.2, 0.3, 2.0, 4.0]))
    3
    >>> knee(np.array([1.0, 1.0, 1.0]))
    2
    """
    last = len(curve) - 1
    height = curve[-1] - curve[0]
    if last < 2 or height <= 0:
        return last
    below = np.arange(len(curve)) / last - (curve - curve[0]) / height
    return int(below.argmax()) if below.max() > 0 else last
