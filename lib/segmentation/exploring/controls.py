"""The controls themselves: what can be moved, and what happens then."""

import asyncio
import base64
from collections.abc import Sequence
from functools import lru_cache
from html import escape

import ipywidgets as widgets
import pandas as pd

from segmentation import cluster, figures
from segmentation.exploring.explored import (
    MOST_CUSTOMERS,
    SCALINGS,
    Explored,
    explored,
    known_features,
    sampled,
)
from segmentation.features import FEATURES
from segmentation.problems import DataProblem
from segmentation.report import as_png

FEWEST_SEGMENTS = 2
PAUSE = 0.15  # seconds without another move, after which the picture is drawn
REMEMBERED = 64  # settings
LEFT = "250px"
BUSY = '<span role="status">Computing …</span>'
ALGORITHMS = ("k-means",)
TAKES_NO_K = ()


class Explorer(widgets.HBox):
    """Controls on the left; on the right the picture of what they are set to; see `explorer`.

    Attributes
    ----------
    k, algorithm, scaling : the controls
    features : feature → its checkbox
    picture, words : HTML that changes with them
    """

    def __init__(
        self,
        features: pd.DataFrame,
        *,
        columns: Sequence[str],
        k: int,
        algorithm: str,
        scaling: str,
        seed: int,
        money: str,
        min_group: int,
        labels: pd.Series | None,
    ) -> None:
        """Build the controls and draw the first picture."""
        self.table, self.everybody = sampled(features, seed=seed), len(features)
        self.seed, self.money, self.min_group = seed, money, min_group
        self.page_labels = None if labels is None else labels.loc[self.table.index]
        self.due: asyncio.TimerHandle | None = None
        self.drawn = lru_cache(REMEMBERED)(self.draw)
        self.k = widgets.IntSlider(
            value=min(max(k, FEWEST_SEGMENTS), cluster.MOST), min=FEWEST_SEGMENTS, max=cluster.MOST,
            continuous_update=False, layout=wide(),
        )  # fmt: skip
        self.algorithm = widgets.Dropdown(options=ALGORITHMS, value=algorithm, layout=wide())
        self.scaling = widgets.Dropdown(options=SCALINGS, value=scaling, layout=wide())
        self.features = {name: box(name, ticked=name in columns) for name in known_features(self.table)}
        self.picture, self.words = widgets.HTML(), widgets.HTML()
        super().__init__([self.left(), widgets.VBox([self.picture, self.words], layout=widgets.Layout(flex="1 1 0"))])
        for control in (self.k, self.algorithm, self.scaling, *self.features.values()):
            control.observe(self.moved, names="value")
        self.redraw()

    def left(self) -> widgets.VBox:
        """Stack the controls."""
        boxes = widgets.VBox(
            list(self.features.values()), layout=widgets.Layout(height="16em", overflow="auto", flex="0 0 auto")
        )
        rows = [label("Number of segments"), self.k, label("Algorithm"), self.algorithm, label("Scaling"), self.scaling,
                label("Features"), boxes]  # fmt: skip
        return widgets.VBox(rows, layout=widgets.Layout(flex=f"0 0 {LEFT}", width=LEFT, margin="0 1em 0 0"))

    def moved(self, _: object = None) -> None:
        """Say that the picture is on its way, and draw it once nothing has moved for a moment."""
        self.words.value = BUSY
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.redraw()
            return
        if self.due:
            self.due.cancel()
        self.due = loop.call_later(PAUSE, self.redraw)

    def redraw(self) -> None:
        """Show what the controls are set to, or in one sentence why it can't be shown."""
        self.k.disabled = self.algorithm.value in TAKES_NO_K
        ticked = tuple(name for name, control in self.features.items() if control.value)
        try:
            picture, words = self.drawn(ticked, self.k.value, self.algorithm.value, self.scaling.value)
        except DataProblem as problem:
            picture, words = "", escape(str(problem))
        self.picture.value, self.words.value = picture, f'<span role="status">{words}</span>'

    def draw(self, columns: Sequence[str], k: int, algorithm: str, scaling: str) -> tuple[str, str]:
        """Compute one setting: its picture as HTML, and what is said below."""
        found = explored(self.table, columns=columns, k=k, algorithm=algorithm, scaling=scaling, seed=self.seed)
        words = self.in_words(found, columns=columns, algorithm=algorithm, scaling=scaling)
        shown = found.profile[found.profile["customers"] >= self.min_group]
        figure = figures.exploration(shown, found.stands.loc[shown.index], found.places, found.labels)
        return image(as_png(figure, description=words), alt=words), escape(words)

    def in_words(self, found: Explored, *, columns: Sequence[str], algorithm: str, scaling: str) -> str:
        """Say what the picture shows of whom."""
        drawn = f", drawn by chance from {self.everybody:,}" if self.everybody > len(self.table) else ""
        return f"{found.k} segments of {len(self.table):,} customers{drawn}, by {algorithm} on {len(columns)} features."


def label(text: str) -> widgets.HTML:
    """Set the words above a control."""
    return widgets.HTML(f"<b>{escape(text)}</b>", layout=widgets.Layout(margin="4px 0 0"))


def wide() -> widgets.Layout:
    """Lay a control over the whole column."""
    return widgets.Layout(width="auto")


def box(name: str, *, ticked: bool) -> widgets.Checkbox:
    """Make the checkbox of a feature."""
    feature = FEATURES[name]
    return widgets.Checkbox(
        ticked, description=name, tooltip=f"{feature.unit}: {feature.meaning}", indent=False, layout=wide()
    )


def image(picture: bytes, *, alt: str) -> str:
    """Set a picture as HTML: unlike an image widget it can say what it shows to those who can't see it."""
    source = f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"
    return f'<img src="{source}" alt="{escape(alt)}" style="max-width:100%;height:auto">'
