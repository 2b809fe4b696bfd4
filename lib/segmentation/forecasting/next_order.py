"""The day of the next order by a customer's own gaps, for when there is no lifetime model."""

import numpy as np
import pandas as pd
from scipy.stats import gamma

from segmentation.forecasting.known import Known

WITHIN = 730  # days; later is not told
QUANTILES = {"next_order_on": 0.5, "next_order_on_low": 0.025, "next_order_on_high": 0.975}
USUAL_SPREAD = 1.0  # of gaps, as if orders came by chance
SPREADS = (0.1, 2.0)


def by_own_gaps(today: Known) -> pd.DataFrame:
    """Tell when each customer orders next: a gamma distribution of the own gaps, given how long it has been quiet.

    Returns
    -------
    DataFrame indexed as today.features: next_order_on (half order until then), next_order_on_low, next_order_on_high
    (middle 95 %); missing for who bought on one day only, and when not within two years
    """
    known = today.features[["recency_days", "median_gap_days", "gap_spread"]].astype("float64")
    spread = known["gap_spread"].fillna(USUAL_SPREAD).clip(*SPREADS)
    shape = 1 / spread**2
    gaps = gamma(shape, scale=known["median_gap_days"].clip(lower=1) / shape)
    quiet = gaps.sf(known["recency_days"])
    told = {}
    for name, share in QUANTILES.items():
        ahead = np.ceil(gaps.isf(quiet * (1 - share)) - known["recency_days"])
        ahead = ahead.where(ahead.between(0, WITHIN))
        told[name] = pd.Timestamp(today.day) + pd.to_timedelta(ahead, unit="D")
    return pd.DataFrame(told, index=known.index)
