"""Mixtures of normal distributions: groups may differ in width and tilt, and overlap."""

import numpy as np
from sklearn.mixture import GaussianMixture

from segmentation.grouping.centroids import fitted
from segmentation.grouping.placing import Fit, MostLikely
from segmentation.problems import DataProblem

LEAST_VARIANCE = (
    1e-3  # added to each variance, of features with variance 1, so that no component closes in on one value
)
MANY = 20_000  # above, one start: a mixture of so many customers hardly depends on it
STARTING = ("kmeans", "random_from_data")
TOO_FEW = "fewer customers than the tilts of all components have numbers"
FAILED = "components with tilts could not be told apart"


def mixture(prepared: np.ndarray, k: int, *, seed: int, starts: int) -> Fit:
    """Find the mixture that most likely made these customers.

    Components are tilted clouds; where customers are too few for that, or the fit fails, they lie along the features,
    and the facts say why.

    Returns
    -------
    Fit, whose facts are
        bic : Bayes' information criterion, lower is better; covariance : "full" or "diag"; converged : bool;
        fallback : why the components have no tilt, where they have none
    """
    reasons = []
    for shape in ("full", "diag"):
        if shape == "full" and len(prepared) <= numbers_of(k, prepared.shape[1]):
            reasons.append(TOO_FEW)
            continue
        try:
            return told(components(prepared, k, shape=shape, seed=seed, starts=starts), prepared, reasons=reasons)
        except (ValueError, np.linalg.LinAlgError):
            reasons.append(FAILED)
    raise DataProblem(
        f"A mixture of {k} components can't be fitted to these {len(prepared):,} customers. Ask for fewer with `k`, or "
        "choose another `algorithm`?"
    )


def components(prepared: np.ndarray, k: int, *, shape: str, seed: int, starts: int) -> GaussianMixture:
    """Fit the components, of one shape, from groups of k-means and from customers drawn by chance; the likelier stays.

    Groups of k-means alone are a trap where components are long: the fit never leaves the wrong cut.
    """
    models = [
        GaussianMixture(
            k,
            covariance_type=shape,
            n_init=starts if len(prepared) <= MANY else 1,
            init_params=start,
            reg_covar=LEAST_VARIANCE,
            random_state=seed,
        )
        for start in STARTING
    ]
    return max((fitted(model, prepared) for model in models), key=lambda model: model.lower_bound_)


def told(model: GaussianMixture, prepared: np.ndarray, *, reasons: list[str]) -> Fit:
    """Tell what a fitted mixture found; see `mixture`."""
    tilted = model.covariance_type == "full"
    covariances = model.covariances_ if tilted else np.stack([np.diag(row) for row in model.covariances_])
    facts = {
        "bic": float(model.bic(prepared)),
        "covariance": model.covariance_type,
        "converged": bool(model.converged_),
    }
    if reasons:
        facts["fallback"] = f"The components lie along the features, without tilt: {'; '.join(reasons)}."
    return Fit(MostLikely(model.weights_, model.means_, covariances), facts=facts)


def numbers_of(k: int, columns: int) -> int:
    """Count the numbers that describe k tilted components.

    Examples
    --------
    >>> numbers_of(2, 2)  # a weight, two means, two variances and a covariance for each; weights add up to 1
    11
    """
    return k * (1 + columns + columns * (columns + 1) // 2) - 1
