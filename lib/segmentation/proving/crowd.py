"""What would as many segments of customers without groups look like?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.agreement import drawn_sample
from segmentation.choosing.fitting import K_MEANS, fit_k_means
from segmentation.choosing.references import DRAWN_CUSTOMERS, DRAWS, REFERENCES, own_features, tightness
from segmentation.choosing.stability import REFIT_STARTS, stability
from segmentation.cluster import Segmentation
from segmentation.grouping.rules import RuleSegmentation
from segmentation.proving.chain import USUAL, sampled

CROWDS, CROWD_REFITS = 5, 10


@dataclass(frozen=True)
class Crowd:
    """How as many segments of customers without groups do, for comparison.

    Attributes
    ----------
    agreement : mean adjusted Rand index of refits with the fit, over five crowds
    closer : by how much the customers are closer within segments than such customers are, as the logarithm of the
        squared distance; the smaller of two kinds of crowd
    """

    agreement: float
    closer: float


def crowd_of(segmentation: Segmentation | RuleSegmentation, features: pd.DataFrame, *, seed: int) -> Crowd | None:
    """Draw customers with the same single features and correlations but no groups, and cut them into as many segments.

    Crowds are cut by k-means, whatever the algorithm.

    Parameters
    ----------
    segmentation : fitted; features : one row a customer, raw
    seed : of samples, crowds and starts

    Returns
    -------
    None for rules, which go by no distance, and where there is a single segment or no more customers than segments

    Source
    ------
    docs/decisions/0007-number-of-segments.md
    """
    k = segmentation.k
    if isinstance(segmentation, RuleSegmentation) or not 2 <= k < len(features):
        return None
    prepared = segmentation.prepared(sampled(features, USUAL, seed=seed))
    if k > len(np.unique(prepared, axis=0)):
        return None
    generator = np.random.default_rng(seed)
    crowds = (own_features(prepared, generator) for _ in range(CROWDS))
    agreements = [agreement_within(crowd, k=k, seed=seed + place) for place, crowd in enumerate(crowds)]
    return Crowd(float(np.mean(agreements)), closer_than_crowds(prepared, k=k, seed=seed))


def agreement_within(crowd: np.ndarray, *, k: int, seed: int) -> float:
    """Measure how far refits on a crowd agree with its fit."""
    labels = fit_k_means(crowd, k=k, seed=seed, starts=REFIT_STARTS).labels
    return float(stability(crowd, labels, algorithm=K_MEANS, refits=CROWD_REFITS, seed=seed)["agreement"])


def closer_than_crowds(prepared: np.ndarray, *, k: int, seed: int) -> float:
    """Measure how much closer customers are within groups than in crowds of two kinds; see `references_by_k`."""
    generator = np.random.default_rng(seed)
    own = prepared[drawn_sample(len(prepared), DRAWN_CUSTOMERS, seed=seed)]
    reached = tightness(own, [k], seed=seed)[0]
    drawn = [
        np.mean([tightness(draw(own, generator), [k], seed=seed + place)[0] for place in range(DRAWS)])
        for draw in REFERENCES.values()
    ]
    return float(min(drawn) - reached)
