"""HTML pages: one self-contained file a step, and the index that opens with the findings of all steps.

Pages are made in the runner's process by one exporter, so not in two threads at once.
"""

import base64
import io
import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner
from markupsafe import Markup
from mistune import create_markdown
from nbconvert import HTMLExporter
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer
from PIL import Image
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from segmentation.privacy import file_name, hide_folders
from segmentation.problems import shorten
from segmentation.runs import Run, replacing

TEMPLATES = Path(__file__).parent / "templates"
TITLE = "Customer segments"
LEAD_PICTURES = ("4.5", "4.6", "5.3")
PICTURES = ("image/png", "image/jpeg")
STYLES = re.compile(r"<style\b.*?</style>", re.DOTALL | re.IGNORECASE)
CAPTION = re.compile(r'<p id="figure-[^"]*" class="caption">')
CONTROLS = Markup('<p class="notes">In JupyterLab, controls stand here.</p>')
WORDS = {"a", "abbr", "b", "br", "code", "em", "i", "kbd", "s", "small", "span", "strong", "sub", "sup"}
BLOCKS = {"blockquote", "dd", "del", "details", "div", "dl", "dt", "figcaption", "figure", "hr", "p", "pre", "summary"}
HEADINGS_AND_LISTS = {"h1", "h2", "h3", "h4", "li", "ol", "ul"}
TABLES = {"caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
ATTRIBUTES = {
    "*": ["class", "id", "title", "style", "role", "tabindex", "aria-labelledby", "aria-label"],
    "a": ["href", "title", "class", "id"],
    "th": ["scope", "colspan", "rowspan", "style", "class", "id"],
    "td": ["colspan", "rowspan", "style", "class", "id"],
    "ol": ["start"],
}


def write_page(executed: Path, *, run: Run, steps: Sequence[str]) -> Path:
    """Write an executed notebook as one self-contained page, whole or not at all.

    Parameters
    ----------
    executed : the executed notebook; its stem is the step's name
    run : the page goes to reports/<run>/<step>.html
    steps : names of the run's steps in order; the page links to these and to no other

    Returns
    -------
    Path of the page
    """
    notebook = read_notebook(executed)
    step = executed.stem
    links = [{"href": "index.html", "label": "Findings", "current": False}]
    links += [{"href": f"{name}.html", "label": label(name), "current": name == step} for name in steps]
    at = next((place for place, link in enumerate(links) if link["current"]), None)
    resources = page_resources(title=first_heading(notebook) or label(step), run=run, links=links)
    resources["steps"] = list(steps)
    resources["previous"] = links[at - 1] if at else None
    resources["next"] = links[at + 1] if at and at + 1 < len(links) else None
    html, _ = exporter().from_notebook_node(with_captions(notebook), resources=resources)
    return write(html, run.pages / f"{step}.html")


def write_index(run: Run, *, steps: Sequence[str], pictures: Sequence[str] = LEAD_PICTURES) -> Path:
    """Write the first page of a run: the findings of all steps, then how the report was made.

    Parameters
    ----------
    run : what its manifest says is shown; the page goes to reports/<run>/index.html
    steps : names of the run's steps in order; one that the manifest does not hold is shown as not run
    pictures : numbers of figures to show below the findings, each if its step has run and drawn it

    Returns
    -------
    Path of the page
    """
    manifest = run.manifest()
    links = [{"href": "index.html", "label": "Findings", "current": True}]
    links += [{"href": f"{name}.html", "label": label(name), "current": False} for name in steps]
    html = page_template("run.html.j2").render(
        resources=page_resources(title=TITLE, run=run, links=links),
        about=what_this_is(manifest),
        steps=[step_findings(run, name, manifest) for name in steps],
        pictures=[lead_picture(run, number) for number in pictures if has_picture(run, number, manifest)],
        tables=[steps_table(run, steps, manifest), inputs_table(manifest), parameters_table(manifest)],
        versions=versions(manifest),
    )
    return write(html, run.pages / "index.html")


def write(html: str, page: Path) -> Path:
    """Write a page that takes its name only when it is complete."""
    with replacing(page) as part:
        part.write_text(html, encoding="utf-8", newline="\n")
    return page


# The exporter and what its template calls.


@cache
def exporter() -> HTMLExporter:
    """Build the one exporter: nbconvert's, with our template, without its preprocessors, escaping by default."""
    built = HTMLExporter(
        template_name="page",
        extra_template_basedirs=[str(TEMPLATES)],
        default_preprocessors=[],
        template_file="index.html.j2",
    )
    built.environment.autoescape = True
    built.environment.filters |= {
        "markdown_cell": markdown_cell,
        "code": code,
        "plain_text": plain_text,
        "displayed": displayed,
    }
    return built


def page_template(name: str) -> jinja2.Template:
    """Load a template that no notebook fills."""
    return exporter().environment.get_template(name)


@cache
def stylesheet() -> str:
    """Read the one stylesheet."""
    return (TEMPLATES / "page" / "page.css").read_text(encoding="utf-8")


def page_resources(*, title: str, run: Run, links: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Gather what every page's head and navigation need."""
    return {"title": title, "run": run.name, "links": list(links), "css": stylesheet()}


class PageRenderer(IPythonRenderer):
    """Markdown as HTML that loads nothing and links only where a shared page can lead."""

    def __init__(self, *, steps: Sequence[str], **options: Any) -> None:
        """Take the steps that have a page, and nbconvert's own options."""
        super().__init__(allow_harmful_protocols=False, **options)
        self.steps = steps

    def table(self, text: str) -> str:
        """Put a table in a box that scrolls."""
        return f'<div class="scroll prose"><table>{text}</table></div>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Lead to another step's page instead of its notebook; a file of the project stays a word."""
        target, _, anchor = url.partition("#")
        if Path(target).suffix == ".ipynb" and Path(target).stem in self.steps:
            url = f"{Path(target).stem}.html{'#' if anchor else ''}{anchor}"
        elif target and not re.match(r"https?://|mailto:", target):
            return text
        return super().link(text, url, title)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Show a picture that the notebook holds; for any other, its description."""
        kept = url.startswith(("attachment:", "data:image/"))
        return super().image(text, url, title) if kept else escape(text)


def markdown(source: str, *, steps: Sequence[str], escaped: bool, attachments: dict[str, Any] | None = None) -> str:
    """Render Markdown; `escaped` shows HTML in it as text."""
    renderer = PageRenderer(steps=steps, escape=escaped, attachments=attachments)
    return str(create_markdown(renderer=renderer, plugins=["strikethrough", "table", "url", "def_list"])(source))


def markdown_cell(cell: nbformat.NotebookNode, steps: Sequence[str]) -> Markup:
    """Render a Markdown cell; its author may use simple HTML, but nothing that loads or runs."""
    html = markdown(cell.source, steps=steps, escaped=False, attachments=cell.get("attachments"))
    return Markup(clean(html) if "<" in cell.source else html)


def code(cell: nbformat.NotebookNode) -> str:
    """Highlight a cell's code; a parameter that names a file keeps the file's name only."""
    injected = "injected-parameters" in cell.metadata.get("tags", [])
    return highlight(hide_folders(cell.source) if injected else cell.source, PythonLexer(), HtmlFormatter())


def plain_text(text: str) -> str:
    """Leave terminal colours and folders of this machine out of what was printed."""
    return hide_folders(strip_ansi(text))


def displayed(output: nbformat.NotebookNode, steps: Sequence[str]) -> Markup:
    """Set what a cell displayed in its richest form that needs no script; for a widget, a line that it stands there."""
    data = output.data
    if any("widget" in kind for kind in data) and "text/html" not in data:
        return CONTROLS
    if "text/html" in data:
        return Markup(clean(data["text/html"]))
    if "text/markdown" in data:
        return Markup(markdown(data["text/markdown"], steps=steps, escaped=True))
    for kind in PICTURES:
        if kind in data:
            return picture(output, kind)
    return Markup('<pre class="printed">{}</pre>').format(plain_text(data.get("text/plain", "")))


def picture(output: nbformat.NotebookNode, kind: str) -> Markup:
    """Set a picture and the caption that belongs to it as one figure."""
    alt = output.metadata.get(kind, {}).get("alt", "")
    source = f"data:{kind};base64,{''.join(output.data[kind].split())}"
    caption = Markup(clean(output.metadata.get("caption", "")))
    return Markup('<figure class="picture"><img src="{}" alt="{}"><figcaption>{}</figcaption></figure>').format(
        source, alt, caption
    )


@cache
def cleaner() -> Cleaner:
    """Build the sieve for HTML that a cell made: structure passes, what loads or runs becomes text."""
    return Cleaner(
        tags=WORDS | BLOCKS | HEADINGS_AND_LISTS | TABLES,
        attributes=ATTRIBUTES,
        protocols=["http", "https", "mailto"],
        css_sanitizer=CSSSanitizer(allowed_css_properties=["text-align", "overflow-x"]),
    )


def clean(html: str) -> str:
    """Sift HTML that a cell made; a style element says nothing and goes without a trace."""
    return cleaner().clean(STYLES.sub("", html))


# Notebooks.


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook that papermill has just written, without checking it against the schema again."""
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def first_heading(notebook: nbformat.NotebookNode) -> str:
    """Find a notebook's title; an empty text when it has none."""
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = next((found for source in prose if (found := re.search(r"^#\s+(.+?)\s*$", source, re.MULTILINE))), None)
    return re.sub(r"[*`]", "", heading[1]) if heading else ""


def with_captions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Move each caption that follows its picture into that picture's output, so that the two are set as one."""
    for cell in notebook.cells:
        outputs: list[nbformat.NotebookNode] = []
        for output in cell.get("outputs", []):
            caption = output.get("data", {}).get("text/html", "")
            if CAPTION.match(caption) and outputs and "image/png" in outputs[-1].get("data", {}):
                outputs[-1].metadata["caption"] = caption
            else:
                outputs.append(output)
        if "outputs" in cell:
            cell.outputs = outputs
    return notebook


def label(step: str) -> str:
    """Word a step's name for the navigation.

    Examples
    --------
    >>> label("06_campaign_plan")
    '6 Campaign plan'
    """
    number, _, words = step.partition("_")
    return f"{number.lstrip('0')} {words.replace('_', ' ').capitalize()}".strip()


def title(run: Run, step: str) -> str:
    """Find a step's title: its executed notebook's first heading, or its word."""
    executed = run.artifacts / "notebooks" / f"{step}.ipynb"
    return (first_heading(read_notebook(executed)) if executed.exists() else "") or label(step)


# What the index shows.


def what_this_is(manifest: dict[str, Any]) -> str:
    """Say in a sentence what was read."""
    names = [entry["name"] for entry in manifest["inputs"]]
    if not names:
        return "What a shop's orders say about its customers."
    rows = sum(entry.get("rows") or 0 for entry in manifest["inputs"])
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"What {rows:,} rows of {listed} say about a shop's customers."


def step_findings(run: Run, step: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Gather what one step found; nothing when it has not run."""
    findings = manifest["steps"].get(step, {}).get("findings", [])
    sentences = [finding["sentence"] for finding in findings]
    return {"href": f"{step}.html", "title": title(run, step), "findings": sentences}


def has_picture(run: Run, number: str, manifest: dict[str, Any]) -> bool:
    """Tell whether a figure was drawn, by a step that has run since its notebook last began."""
    ran = {int(step.partition("_")[0]) for step in manifest["steps"]}
    return int(number.partition(".")[0]) in ran and (run.pages / "figures" / f"{number}.png").exists()


def lead_picture(run: Run, number: str) -> dict[str, Any]:
    """Read a figure that a step has drawn, with the caption that it carries."""
    drawn = (run.pages / "figures" / f"{number}.png").read_bytes()
    picture = Image.open(io.BytesIO(drawn))
    source = f"data:image/png;base64,{base64.b64encode(drawn).decode('ascii')}"
    caption = picture.info.get("Description", f"Figure {number}")
    return {"source": source, "caption": caption, "width": picture.width, "height": picture.height}


def details(
    anchor: str, caption: str, labels: Sequence[str], rows: Sequence[Any], *, words: Sequence[str] = ()
) -> dict[str, Any]:
    """Describe a table of the index; rows are lists of texts, the subject first."""
    lines = [row if isinstance(row, dict) else {"cells": row, "href": ""} for row in rows]
    return {"anchor": anchor, "caption": caption, "labels": labels, "rows": lines, "words": words}


def steps_table(run: Run, steps: Sequence[str], manifest: dict[str, Any]) -> dict[str, Any]:
    """Tell what each step read, handed on and cost."""
    rows = []
    for step in steps:
        done = manifest["steps"].get(step)
        figures = [f"{done[name]:,}" for name in ("rows_in", "rows_out", "rows_quarantined", "peak_mb")] if done else []
        texts = [*figures[:3], f"{done['seconds']:,.1f}", figures[3]] if done else ["not run", *["–"] * 4]
        rows.append({"cells": [title(run, step), *texts], "href": f"{step}.html" if done else ""})
    labels = ["Step", "Rows in", "Rows out", "Rows quarantined", "Seconds", "Peak memory, MB"]
    return details("steps", "Steps", labels, rows)


def inputs_table(manifest: dict[str, Any]) -> dict[str, Any]:
    """Tell which files were read, so that a reader with the same file can tell that it is the same."""
    rows = [
        [file_name(entry["name"]), count(entry.get("rows")), size(entry["bytes"]), (entry["sha256"] or "–")[:12]]
        for entry in manifest["inputs"]
    ]
    return details("inputs", "Inputs", ["File", "Rows", "Size", "SHA-256 begins"], rows, words=["SHA-256 begins"])


def parameters_table(manifest: dict[str, Any]) -> dict[str, Any]:
    """Tell with which settings the run was made."""
    rows = [[name, setting(value)] for name, value in sorted(manifest["parameters"].items())]
    return details("parameters", "Parameters", ["Parameter", "Value"], rows, words=["Value"])


def versions(manifest: dict[str, Any]) -> str:
    """Tell which versions of which packages computed the numbers; nothing before a step has finished."""
    listed = ", ".join(f"{name} {version}" for name, version in sorted(manifest["versions"].items()))
    return f"Computed with {listed}." if listed else ""


def count(rows: int | None) -> str:
    """Write a number of rows; a dash when nobody counted."""
    return "–" if rows is None else f"{rows:,}"


def size(number: float | None) -> str:
    """Write a number of bytes for people, a dash for a table of a database, which has none.

    Examples
    --------
    >>> size(999), size(94_900_000), size(None)
    ('999 B', '94.9 MB', '–')
    """
    if number is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:,.0f} B" if unit == "B" else f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} GB"


def setting(value: Any) -> str:
    """Write a parameter's value: short, and without the folder of a file.

    Examples
    --------
    >>> setting("/srv/shop/june.csv"), setting(0.2), setting(["uk", "/srv/a.csv"]), setting("")
    ('june.csv', '0.2', '["uk", "a.csv"]', '–')
    """
    if isinstance(value, str):
        return shorten(file_name(value), limit=60) or "–"
    return shorten(json.dumps(without_folders(value), ensure_ascii=False, default=str), limit=60)


def without_folders(value: Any) -> Any:
    """Take folders out of every text in a list or mapping."""
    if isinstance(value, list):
        return [without_folders(part) for part in value]
    if isinstance(value, dict):
        return {name: without_folders(part) for name, part in value.items()}
    return file_name(value) if isinstance(value, str) else value
