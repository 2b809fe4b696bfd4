"""Keep a model in a file from which nothing runs, and refuse one that fits neither the workbook nor the data."""

import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import skops.io

import segmentation
from segmentation.assigning.models import Model, model_of, record_of
from segmentation.assigning.schema import require_same_definitions
from segmentation.problems import DataProblem, some

KIND = "segmentation workbook model"
FORM = 1  # of the file; another one is not read
# What a model may hold beyond what skops trusts by itself: parts of scikit-learn's learners, and types of numbers.
TRUSTED = (
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)
MOST_BYTES = 500 * 2**20  # unpacked


def versions() -> dict[str, str]:
    """Tell the versions that a model depends on."""
    told = {name: version(name) for name in ("scikit-learn", "numpy", "skops")}
    return {"workbook": segmentation.__version__} | told


def save_model(path: Path, model: Model) -> None:
    """Write a model with its versions and schemas.

    Parameters
    ----------
    path : where to; it is not replaced whole, so give it the place that `Step.write` or `runs.replacing` gives
    model : see `models.Model`
    """
    skops.io.dump({"kind": KIND, "form": FORM, "versions": versions(), **record_of(model)}, path)


def load_model(path: Path) -> Model:
    """Read a model; nothing in the file is run.

    Raises
    ------
    DataProblem
        The file is no model, holds what a model does not, is damaged, was learnt with another scikit-learn, or its
        features mean something else now.

    Source
    ------
    docs/decisions/0020-assignment.md
    """
    require_archive(path)
    require_known_types(path)
    try:
        told = skops.io.load(path, trusted=list(TRUSTED))
        require_own(told, path)
        require_versions(told["versions"])
        model = model_of(told)
    except DataProblem:
        raise
    except Exception as error:  # whatever a damaged file makes skops stumble over
        raise damaged(path) from error
    for one in model.rungs:
        require_same_definitions(one.learned.schema)
        require_sound(one.learned.model, path)
    return model


def damaged(path: Path) -> DataProblem:
    """Word that a file can't be read as a model."""
    return DataProblem(
        f"Can't read the model {some([path.name])}: the file is damaged. Make it anew with `workbook run --from 4`?"
    )


def require_archive(path: Path) -> None:
    """Require a file as skops writes it, of a size that fits in memory.

    Raises
    ------
    DataProblem
        It is something else, such as a pickle.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names, size = archive.namelist(), sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, EOFError):
        names, size = [], 0
    if "schema.json" not in names:
        raise DataProblem(
            f"A model must be a file that the workbook wrote, such as 04_model.skops; {some([path.name])} is not. "
            "Models are read only in a form from which nothing runs, so no pickle is opened."
        )
    if size > MOST_BYTES:
        raise DataProblem(
            f"A model must be at most {MOST_BYTES / 2**20:.0f} MB unpacked; {some([path.name])} is {size / 2**20:,.0f}."
        )


def require_known_types(path: Path) -> None:
    """Require that a file holds nothing but what a model is made of.

    Raises
    ------
    DataProblem
        It holds other types; they are named and not loaded.
    """
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
    except Exception as error:
        raise damaged(path) from error
    if unknown:
        raise DataProblem(
            f"A model must hold nothing but what the workbook puts there; {some([path.name])} holds {some(unknown)}, "
            "which was not opened. Who made the file?"
        )


def require_own(told: Any, path: Path) -> None:
    """Require that what was read is a model of this form.

    Raises
    ------
    DataProblem
        It is something else, or of another form.
    """
    if not isinstance(told, dict) or told.get("kind") != KIND:
        raise DataProblem(f"A model must be a file that the workbook wrote; {some([path.name])} holds something else.")
    if told.get("form") != FORM:
        raise DataProblem(
            f"A model must be of form {FORM}; {some([path.name])} is of form {told.get('form')}, written by workbook "
            f"{told['versions'].get('workbook')}. Learn it anew with `workbook run --from 4`?"
        )


def require_versions(then: dict[str, str]) -> None:
    """Require the scikit-learn that the model was learnt with; only its last digit may differ.

    Raises
    ------
    DataProblem
        It is another one.
    """
    now = versions()
    learnt, here = then.get("scikit-learn", "none"), now["scikit-learn"]
    if learnt.split(".")[:2] != here.split(".")[:2]:
        raise DataProblem(
            f"The model must be read with the scikit-learn that it was learnt with; it was {learnt} and {here} is "
            "installed. scikit-learn does not promise that another reads it alike. "
            "Learn it anew with `workbook run --from 4`?"
        )


def require_sound(model: Any, path: Path) -> None:
    """Require that every tree leads from its root to a leaf and asks for columns that there are.

    scikit-learn follows a tree's numbers without a check, so a forged one could read beyond them.

    Raises
    ------
    DataProblem
        A tree does not.
    """
    for one in trees(model):
        nodes = one.tree_.node_count
        place = np.arange(nodes)
        left, right, asked = one.tree_.children_left, one.tree_.children_right, one.tree_.feature
        inner = left != -1
        forward = (left[inner] > place[inner]) & (right[inner] > place[inner])
        inside = (left[inner] < nodes) & (right[inner] < nodes)
        columns = (asked[inner] >= 0) & (asked[inner] < one.n_features_in_)
        if not (forward & inside & columns).all() or (left == -1).sum() != (right == -1).sum():
            raise damaged(path)


def trees(part: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Find everything in a model that holds a fitted tree, however deep."""
    seen = set() if seen is None else seen
    if id(part) in seen:
        return
    seen.add(id(part))
    if hasattr(part, "tree_"):
        yield part
    if isinstance(part, np.ndarray):
        inside = part.ravel().tolist() if part.dtype == object else []
    elif isinstance(part, (list, tuple, set)):
        inside = list(part)
    else:
        inside = list((part if isinstance(part, dict) else getattr(part, "__dict__", {})).values())
    for one in inside:
        yield from trees(one, seen)
