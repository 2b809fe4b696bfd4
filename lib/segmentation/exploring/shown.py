"""Where the controls stand: the one line that a notebook's cell calls."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from IPython.display import display

from segmentation.runs import UNATTENDED

if TYPE_CHECKING:
    from segmentation.exploring.controls import Explorer
    from segmentation.preparing import Recipe

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
IN_WORDS = (
    "In JupyterLab, once this notebook has run, controls stand here to try other numbers, algorithms, features and "
    "scalings."
)


def explorer(
    features: pd.DataFrame,
    *,
    columns: Sequence[str],
    k: int,
    algorithm: str = "k-means",
    scaling: str = "standard",
    seed: int,
    money: str,
    min_group: int,
    labels: pd.Series | None = None,
    recipe: "Recipe | None" = None,
) -> "Explorer":
    """Build the controls and their picture, set to what the page shows.

    Parameters
    ----------
    features : one row a customer; above 2,000 of them so many are drawn by chance
    columns, k, algorithm, scaling, seed : what the page's segments were made with
    money : unit of net spend
    min_group : fewest customers that may be shown as a group
    labels : each customer's segment on the page, to tell how far a setting agrees with it
    recipe : how the page's features are prepared otherwise; the usual way when None

    Returns
    -------
    A widget, for display in a notebook with a kernel
    """
    from segmentation.exploring.controls import Explorer  # ipywidgets take a while, and few runs need them
    from segmentation.exploring.wording import Setting

    page = Setting(tuple(columns), k, algorithm, scaling)
    return Explorer(features, page=page, seed=seed, money=money, min_group=min_group, labels=labels, recipe=recipe)


def show_explorer(features: pd.DataFrame, **settings: object) -> None:
    """Display the controls, and for a page without a kernel the sentence that says where they are.

    Where the environment says that nobody watches (`WORKBOOK_UNATTENDED`), only the sentence is left: a report and a
    committed notebook hold no control that can't be moved, and no state of one.

    Parameters
    ----------
    features, settings : see `explorer`

    Source
    ------
    docs/decisions/0022-widgets.md
    """
    bundle: dict[str, object] = {"text/html": f'<p class="notes">{IN_WORDS}</p>', "text/plain": IN_WORDS}
    if not os.environ.get(UNATTENDED):
        bundle[WIDGET_VIEW] = explorer(features, **settings).get_view_spec()
    display(bundle, raw=True)
