"""The algorithms to choose from, each with what it assumes and when it is wrong."""

from dataclasses import dataclass
from importlib.resources import files

import pandas as pd
import yaml


@dataclass(frozen=True)
class Algorithm:
    """One algorithm, described for who chooses it.

    Attributes
    ----------
    name : as parameters name it
    takes_k : it is told the number of groups; otherwise it chooses its own
    holds : the most customers that it is fitted on, None for all; the others are placed afterwards
    assumes, wrong_when : a sentence each
    """

    name: str
    takes_k: bool
    holds: int | None
    assumes: str
    wrong_when: str

    def sees(self, customers: int) -> int:
        """Count the customers, of so many, that it is fitted on."""
        return min(customers, self.holds or customers)


def read_algorithms() -> dict[str, Algorithm]:
    """Read the algorithms' descriptions from algorithms.yaml, in its order."""
    told = yaml.safe_load((files(__package__) / "algorithms.yaml").read_text(encoding="utf-8"))
    return {name: Algorithm(name, **facts) for name, facts in told.items()}


ALGORITHMS = read_algorithms()


def assumptions(names: list[str] | None = None) -> pd.DataFrame:
    """List what each algorithm assumes and when it is wrong, one row an algorithm.

    Parameters
    ----------
    names : of algorithms, in the order to list; all of them when None

    Returns
    -------
    DataFrame: algorithm, assumes and is wrong when (two sentences), groups ("asked for" or "its own"), fitted on
    ("everyone", or the most customers)
    """
    chosen = [ALGORITHMS[name] for name in names or ALGORITHMS]
    return pd.DataFrame(
        {
            "algorithm": [algorithm.name for algorithm in chosen],
            "assumes, and is wrong when": [assumption(algorithm) for algorithm in chosen],
            "groups": ["asked for" if algorithm.takes_k else "its own" for algorithm in chosen],
            "fitted on": [f"at most {algorithm.holds:,}" if algorithm.holds else "everyone" for algorithm in chosen],
        }
    )


def assumption(algorithm: Algorithm) -> str:
    """Word what an algorithm assumes and when it is wrong, in two sentences."""
    wrong = algorithm.wrong_when
    return f"Assumes: {algorithm.assumes[0].lower()}{algorithm.assumes[1:]} Wrong when {wrong[0].lower()}{wrong[1:]}"
