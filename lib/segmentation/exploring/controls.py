"""The controls themselves: what can be moved, and what happens then."""

import asyncio
import base64
from collections.abc import Iterable
from functools import lru_cache
from html import escape

import ipywidgets as widgets
import pandas as pd

from segmentation import cluster, figures
from segmentation.exploring.segments import Explored, explored, known_features, sampled
from segmentation.exploring.wording import Setting, alternative_text, heading, notes
from segmentation.features import FEATURES
from segmentation.figures.exploring import LETTERS
from segmentation.grouping import ALGORITHMS
from segmentation.preparing import WORDS, Recipe
from segmentation.problems import DataProblem
from segmentation.report import as_png

FEWEST_SEGMENTS = 2
PAUSE = 0.15  # seconds without another move, after which the picture is drawn
REMEMBERED = 64  # settings
LEFT = "236px"
STYLE = (
    "<style>.explorer-busy {opacity: .35} .explorer p {margin: 0 0 .4em; line-height: 1.4; font-size: 13px}"
    ".explorer .widget-html-content {line-height: 1.4} .explorer h4 {margin: .7em 0 .1em; font-size: 12px}</style>"
)


class Explorer(widgets.HBox):
    """Controls on the left; on the right the picture of what they are set to; see `shown.explorer`.

    Attributes
    ----------
    k, algorithm, scaling : the controls
    features : feature → its checkbox
    as_shown : the button that sets all of them back to what the page shows
    heading, picture, notes : HTML that changes with them
    found : the segments of the setting, None where there are none
    """

    def __init__(
        self,
        features: pd.DataFrame,
        *,
        page: Setting,
        seed: int,
        money: str,
        min_group: int,
        labels: pd.Series | None,
        recipe: Recipe | None,
    ) -> None:
        """Build the controls, set to what the page shows, and draw the first picture."""
        self.table, self.everybody = sampled(features, seed=seed), len(features)
        self.known = known_features(self.table)
        self.page = possible(page, known=self.known)
        self.seed, self.money, self.min_group, self.recipe = seed, money, min_group, recipe
        self.labels = None if labels is None else labels.loc[self.table.index]
        self.due: asyncio.TimerHandle | None = None
        self.held = False
        self.found: Explored | None = None
        self.remembered = lru_cache(REMEMBERED)(self.draw)
        self.build_controls()
        self.heading, self.picture, self.notes = (widgets.HTML() for _ in range(3))
        right = widgets.VBox([self.heading, self.picture, self.notes], layout=widgets.Layout(flex="1 1 420px"))
        super().__init__([self.left(), right], layout=widgets.Layout(flex_flow="row wrap", align_items="flex-start"))
        self.add_class("explorer")
        for control in self.controls():
            control.observe(self.moved, names="value")
        self.redraw()

    def build_controls(self) -> None:
        """Make each control, set to what the page shows."""
        self.k = widgets.IntSlider(
            self.page.k, min=FEWEST_SEGMENTS, max=cluster.MOST, continuous_update=False, tooltip="number of segments",
            layout=widgets.Layout(width="auto"),
        )  # fmt: skip
        self.algorithm = choice("algorithm", ALGORITHMS, self.page.algorithm)
        self.assumes = widgets.HTML()
        self.scaling = choice("scaling", WORDS["scaling"], self.page.scaling)
        self.features = {name: checkbox(name, ticked=name in self.page.columns) for name in self.known}
        self.as_shown = widgets.Button(description="As the page shows", layout=widgets.Layout(width="auto"))
        self.as_shown.on_click(self.set_back)

    def controls(self) -> list[widgets.ValueWidget]:
        """List what can be moved."""
        return [self.k, self.algorithm, self.scaling, *self.features.values()]

    def left(self) -> widgets.VBox:
        """Stack the controls, features by their groups in a box that scrolls."""
        groups = dict.fromkeys(FEATURES[name].group for name in self.features)
        boxes = [part for group in groups for part in (title(group), *self.of_group(group))]
        scrolling = widgets.Layout(max_height="270px", overflow="auto", flex="0 0 auto", margin="0 0 8px")
        rows = [
            widgets.HTML(STYLE), title("Number of segments"), self.k, title("Algorithm"), self.algorithm, self.assumes,
            title("Scaling"), self.scaling, title("Features that decide who is alike"),
            widgets.VBox(boxes, layout=scrolling), self.as_shown,
        ]  # fmt: skip
        return widgets.VBox(rows, layout=widgets.Layout(flex=f"0 0 {LEFT}", width=LEFT, margin="0 16px 0 0"))

    def of_group(self, group: str) -> list[widgets.Checkbox]:
        """List the checkboxes of a group of features."""
        return [control for name, control in self.features.items() if FEATURES[name].group == group]

    @property
    def setting(self) -> Setting:
        """What the controls are set to."""
        ticked = tuple(name for name, control in self.features.items() if control.value)
        return Setting(ticked, self.k.value, self.algorithm.value, self.scaling.value)

    def set_back(self, _: object = None) -> None:
        """Set every control to what the page shows, and draw once."""
        self.held = True
        self.k.value, self.algorithm.value, self.scaling.value = self.page[1:]
        for name, control in self.features.items():
            control.value = name in self.page.columns
        self.held = False
        self.moved()

    def moved(self, _: object = None) -> None:
        """Say that a picture is on its way, and draw it once nothing has moved for a moment."""
        if self.held:
            return
        self.heading.value = heading("Computing …")
        self.picture.add_class("explorer-busy")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel, as in a test
            return self.redraw()
        if self.due:
            self.due.cancel()
        self.due = loop.call_later(PAUSE, self.redraw)

    def redraw(self) -> None:
        """Show what the controls are set to, or say in one sentence why that can't be."""
        self.k.disabled = not ALGORITHMS[self.algorithm.value].takes_k
        self.assumes.value = f"<p>{escape(ALGORITHMS[self.algorithm.value].assumes)}</p>"
        try:
            self.found, *parts = self.remembered(self.setting)
        except DataProblem as problem:
            self.found, parts = None, [heading(str(problem)), "", ""]
        except Exception as error:  # whatever it is, nobody wants a traceback beside a slider
            self.found, parts = None, [heading(f"This can't be computed ({type(error).__name__}: {error})."), "", ""]
        self.heading.value, self.picture.value, self.notes.value = parts
        self.picture.remove_class("explorer-busy")

    def draw(self, setting: Setting) -> tuple[Explored, str, str, str]:
        """Compute one setting: its segments, and its heading, picture and notes as HTML."""
        found = explored(
            self.table, columns=setting.columns, k=setting.k, algorithm=setting.algorithm, scaling=setting.scaling,
            seed=self.seed, recipe=self.recipe,
        )  # fmt: skip
        shown = found.profile[found.profile["customers"] >= self.min_group].head(len(LETTERS))
        if shown.empty:
            raise DataProblem(f"No segment has {self.min_group} customers or more, and smaller ones are not shown.")
        figure = figures.exploration(shown, found.stands.loc[shown.index], found.places, found.labels)
        text = alternative_text(shown)
        drawn = f" drawn by chance from {self.everybody:,}" if self.everybody > len(self.table) else ""
        said = f"{found.k} segments by {setting.algorithm}, of {len(self.table):,} customers{drawn}"
        return found, heading(said), image(as_png(figure, description=text), alt=text), self.told(found, setting, shown)

    def told(self, found: Explored, setting: Setting, shown: pd.DataFrame) -> str:
        """Word the notes below the picture."""
        agreement = None if self.labels is None else cluster.agreement(self.labels, found.labels)
        return notes(
            found, setting, page=self.page, agreement=agreement, money=self.money, min_group=self.min_group,
        )  # fmt: skip


def possible(page: Setting, *, known: Iterable[str]) -> Setting:
    """Bring what the page's segments were made with to what the controls can be set to."""
    algorithm = page.algorithm if page.algorithm in ALGORITHMS else next(iter(ALGORITHMS))
    k = min(max(page.k, FEWEST_SEGMENTS), cluster.MOST)
    return Setting(tuple(name for name in known if name in page.columns), k, algorithm, page.scaling)


def title(words: str) -> widgets.HTML:
    """Write what stands below."""
    return widgets.HTML(f"<h4>{escape(words)}</h4>")


def choice(name: str, words: Iterable[str], chosen: str) -> widgets.Dropdown:
    """Make a list to choose one word from."""
    return widgets.Dropdown(options=list(words), value=chosen, tooltip=name, layout=widgets.Layout(width="auto"))


def checkbox(name: str, *, ticked: bool) -> widgets.Checkbox:
    """Make the checkbox of a feature, named as parameters name it."""
    feature = FEATURES[name]
    return widgets.Checkbox(
        ticked, description=name, tooltip=f"{feature.unit}: {feature.meaning}", indent=False,
        layout=widgets.Layout(width="auto", min_height="24px"),
    )  # fmt: skip


def image(picture: bytes, *, alt: str) -> str:
    """Set a picture as HTML: unlike an image widget it can say what it shows to those who can't see it."""
    source = f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"
    return f'<img src="{source}" alt="{escape(alt)}" style="max-width:100%;height:auto">'
