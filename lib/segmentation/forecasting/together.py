"""What several forecasters say together, which is usually better than what the best of them says alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from segmentation.forecasting.known import Forecaster, Kind, Known, Target
from segmentation.problems import DataProblem
from segmentation.proving.looks import Look

FEWEST = 2


@dataclass(frozen=True)
class Together:
    """Averages forecasters: their log odds of a return, the logarithms of their amounts.

    Attributes
    ----------
    members : who is averaged; one that the data can't carry is left out
    name : as tables show it
    kind : what sort it is
    """

    members: Sequence[Forecaster]
    name: str = "the three models together"
    kind: Kind = "learner"

    def forecast(self, learn: Look, now: Known, *, days: int, seed: int, targets: Iterable[Target]) -> pd.DataFrame:
        """Forecast by the average; see `Forecaster.forecast`."""
        targets, said, whys = list(targets), [], []
        for member in self.members:
            try:
                said.append(member.forecast(learn, now, days=days, seed=seed, targets=targets))
            except DataProblem as problem:
                whys.append(str(problem))
        return self.of(said, whys=whys)

    def of(self, said: Sequence[pd.DataFrame], *, whys: Sequence[str]) -> pd.DataFrame:
        """Average what members have said.

        Raises
        ------
        DataProblem
            Fewer than two of them said anything.
        """
        if len(said) < FEWEST:
            raise DataProblem(f"An average needs {FEWEST} forecasters or more; {len(said)} could. {' '.join(whys)}")
        return pd.DataFrame({name: average([table[name] for table in said], name) for name in said[0]})


def average(told: Sequence[pd.Series], target: str) -> pd.Series:
    """Average forecasts of one target on the scale on which they differ evenly.

    Examples
    --------
    >>> average([pd.Series([1.0]), pd.Series([100.0])], "value").round(6).to_list()
    [10.0]
    >>> average([pd.Series([0.2]), pd.Series([0.8])], "returns").round(6).to_list()
    [0.5]
    """
    there, back = (logit, expit) if target == "returns" else (np.log, np.exp)
    return back(sum(there(series) for series in told) / len(told))
