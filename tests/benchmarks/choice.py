"""Measure the choice of the number of segments: seconds and memory for a million customers, and false alarms.

python tests/benchmarks/choice.py                  one million customers, 7 features, 2 to 10 segments
python tests/benchmarks/choice.py --alarms 40      how often crowds without groups are reported as segments, and how
                                                   often planted groups are found, over so many seeds each
"""

import argparse
import resource
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from segmentation.choosing import NoSegments, choose, clustergram, measure, references_by_k
from segmentation.choosing.recommendation import closer

Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def isotropic(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw one round crowd."""
    return generator.normal(size=(customers, columns))


def correlated(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw one normal crowd with a covariance at random."""
    return isotropic(generator, customers, columns) @ generator.normal(size=(columns, columns))


def elongated(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw one normal crowd with a trait behind all features."""
    return generator.normal(size=(customers, 1)) + 0.4 * isotropic(generator, customers, columns)


def uniform(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw evenly from a box."""
    return generator.uniform(size=(customers, columns))


def turned(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw evenly from a long box that stands aslant."""
    sides = np.linspace(3, 1, columns)
    return uniform(generator, customers, columns) * sides @ np.linalg.qr(generator.normal(size=(columns, columns)))[0]


def heavy_tailed(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw from a multivariate t distribution with 5 degrees of freedom."""
    return isotropic(generator, customers, columns) * np.sqrt(5 / generator.chisquare(5, (customers, 1)))


def skewed(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw from a log-normal crowd whose logarithm nobody took."""
    return np.exp(0.7 * isotropic(generator, customers, columns))


def skewed_in_logarithms(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw from a crowd whose logarithms still are somewhat skewed: gamma with shape 4."""
    return generator.gamma(4, size=(customers, columns))


def counted(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
    """Draw one kind of customer with three features that count few things, as the logarithm of one more."""
    lattice = np.log1p(1 + generator.poisson(1.0, size=(customers, min(3, columns - 1))))
    return np.column_stack([lattice, isotropic(generator, customers, columns - lattice.shape[1])])


def groups(k: int, apart: float) -> Draw:
    """Make a drawing of k round groups whose centres are equally far apart, in deviations within groups."""

    def draw(generator: np.random.Generator, customers: int, columns: int) -> np.ndarray:
        dimensions = max(k, columns)
        centres = np.linalg.qr(generator.normal(size=(dimensions, dimensions)))[0][:k] * apart / np.sqrt(2)
        return centres[generator.integers(0, k, customers)] + generator.normal(size=(customers, dimensions))

    return draw


WITHOUT_GROUPS = (isotropic, correlated, elongated, uniform, turned, heavy_tailed)
OUTSIDE = (skewed, skewed_in_logarithms, counted)
WITH_GROUPS = {f"{k} groups, {apart:.0f} apart": groups(k, apart) for k in (2, 3, 5, 8) for apart in (4.0, 6.0)}


def scaled(values: np.ndarray) -> np.ndarray:
    """Prepare as step 03 does: mean 0, deviation 1, at most 3 from the mean."""
    return ((values - values.mean(axis=0)) / values.std(axis=0)).clip(-3, 3)


def outcome(prepared: np.ndarray, *, seed: int) -> str:
    """Choose, and say what was found; refits are spared where references have told already that there is nothing."""
    references = references_by_k(prepared, k_max=10, seed=seed)
    if not closer(references).any():
        return "nothing"
    grounds = measure(prepared, algorithm="k-means", k_max=10, refits=10, seed=seed, references=references)
    try:
        return str(choose(grounds, k=0, min_share=0.03, most=12).k)
    except NoSegments:
        return "nothing"


def outcomes(draw: Draw, *, seeds: int) -> Counter[str]:
    """Count what is chosen over seeds, on 500 to 3,000 customers with 5 to 8 features."""
    told: Counter[str] = Counter()
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        customers, columns = int(generator.integers(500, 3_001)), int(generator.integers(5, 9))
        told[outcome(scaled(draw(generator, customers, columns)), seed=seed)] += 1
    return told


def alarms(seeds: int) -> None:
    """Print how often each kind of crowd is reported as segments, and what is made of planted groups."""
    for title, draws in (("Crowds without groups", WITHOUT_GROUPS), ("Crowds outside the references", OUTSIDE)):
        print(f"\n{title}, {seeds} seeds each: reported as segments")
        for draw in draws:
            told = outcomes(draw, seeds=seeds)
            print(f"  {draw.__name__.replace('_', ' '):22} {1 - told['nothing'] / seeds:6.1%}  {told}", flush=True)
    print(f"\nPlanted groups, {seeds} seeds each: segments found")
    for name, draw in WITH_GROUPS.items():
        told = outcomes(draw, seeds=seeds)
        print(f"  {name:22} {1 - told['nothing'] / seeds:6.1%}  {told}", flush=True)


def million(customers: int) -> None:
    """Print seconds and the most memory of choosing from 2 to 10 for so many customers, with all grounds."""
    generator = np.random.default_rng(1)
    prepared = scaled(groups(6, 6.0)(generator, customers, 7))
    later = generator.lognormal(size=customers)
    began = time.perf_counter()
    grounds = measure(prepared, algorithm="k-means", k_max=10, refits=20, seed=1, later=later)
    choice = choose(grounds, k=0, min_share=0.03, most=12)
    clustergram(prepared, k_max=10, seed=1)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{customers:,} customers, {prepared.shape[1]} features: {choice.k} segments in {seconds:.1f} s, at most 90 s;"
    )
    print(f"peak {peak:,.0f} MB with the data, at most 4,096 MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--alarms", type=int, default=0, metavar="SEEDS")
    told = parser.parse_args()
    if told.alarms:
        alarms(told.alarms)
    else:
        million(told.customers)
