"""HTML pages, from small notebooks as papermill leaves them."""

import base64
import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from segmentation import pages, report
from segmentation.runs import Run, Step, begin, write_json

ATTACK = "<script>alert(1)</script>"
STEPS = ["03_features", "04_cluster", "05_evaluate"]
LOADING = re.compile(
    r"""(src|srcset|data|poster|background)\s*=\s*["']?+(?!data:)\S|@import|url\(|<link|<script|<iframe"""
)


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    return begin("04_cluster", "november", k=5)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[nbformat.NotebookNode]:
    """Collect what `report` displays as the outputs that a kernel would make of it."""
    outputs: list[nbformat.NotebookNode] = []

    def keep(data: dict, *, metadata: dict | None = None, raw: bool = False) -> None:
        kept = {kind: base64.b64encode(part).decode() if kind == "image/png" else part for kind, part in data.items()}
        outputs.append(new_output("display_data", kept, metadata=metadata or {}))

    monkeypatch.setattr(report, "display", keep)
    return outputs


def display(**data: str) -> nbformat.NotebookNode:
    return new_output("display_data", {kind.replace("_", "/"): text for kind, text in data.items()})


def code(source: str = "show()", *outputs: nbformat.NotebookNode, tag: str | None = None) -> nbformat.NotebookNode:
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": [tag]} if tag else {})


def page(step: Step, *cells: nbformat.NotebookNode, steps: list[str] = STEPS) -> BeautifulSoup:
    """Write a page from cells and read it again."""
    executed = step.run.artifacts / "notebooks" / f"{step.name}.ipynb"
    executed.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=list(cells)), executed)
    written = pages.write_page(executed, run=step.run, steps=steps)
    return BeautifulSoup(written.read_text(encoding="utf-8"), "html.parser")


def index(step: Step, **options: object) -> BeautifulSoup:
    written = pages.write_index(step.run, steps=STEPS, **options)
    return BeautifulSoup(written.read_text(encoding="utf-8"), "html.parser")


def links(part: BeautifulSoup) -> list[tuple[str, str]]:
    return [(link.get_text(), link["href"]) for link in part.find_all("a")]


def draw(step: Step) -> None:
    figure = Figure(figsize=(2, 1))
    report.show_figure(step, "4.3", figure, caption=f"Sales of {ATTACK}.", numbers=pd.DataFrame({"n": [1]}))


# A step's page.


def test_a_page_lies_beside_the_run_s_others(step: Step) -> None:
    page(step, new_markdown_cell("# 4 · Cluster"))
    assert [path.name for path in step.run.pages.iterdir()] == ["04_cluster.html"]


def test_a_page_says_what_it_is(step: Step) -> None:
    soup = page(step, new_markdown_cell("Before all.\n\n# 4 · Cluster: who is *alike*"))
    assert soup.title.get_text() == "4 · Cluster: who is alike · november"
    assert soup.html["lang"] == "en"
    assert soup.find("meta", {"name": "viewport"})["content"] == "width=device-width, initial-scale=1"


def test_a_page_without_a_heading_is_called_by_its_step(step: Step) -> None:
    assert page(step, new_markdown_cell("No heading.")).title.get_text() == "4 Cluster · november"


def test_a_page_leads_to_the_index_and_to_every_step_of_the_run(step: Step) -> None:
    nav = page(step).find("nav", {"aria-label": "Steps"})
    assert links(nav) == [
        ("Findings", "index.html"),
        ("3 Features", "03_features.html"),
        ("4 Cluster", "04_cluster.html"),
        ("5 Evaluate", "05_evaluate.html"),
    ]
    assert nav.find(attrs={"aria-current": "page"}).get_text() == "4 Cluster"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (STEPS, [("← 3 Features", "03_features.html"), ("5 Evaluate →", "05_evaluate.html")]),
        (STEPS[:2], [("← 3 Features", "03_features.html")]),
        (STEPS[1:], [("← Findings", "index.html"), ("5 Evaluate →", "05_evaluate.html")]),
    ],
)
def test_a_page_leads_to_its_neighbours(step: Step, steps: list[str], expected: list[tuple[str, str]]) -> None:
    assert links(page(step, steps=steps).find(class_="turn")) == expected


def test_a_link_to_a_notebook_leads_to_its_page(step: Step) -> None:
    soup = page(step, new_markdown_cell("[next](05_evaluate.ipynb#limits), [out](https://example.com), [here](#x)"))
    assert links(soup.main) == [("next", "05_evaluate.html#limits"), ("out", "https://example.com"), ("here", "#x")]


def test_a_link_that_a_shared_page_can_not_follow_is_text(step: Step) -> None:
    soup = page(
        step, new_markdown_cell("[last](06_plan.ipynb), [codebook](../data/CODEBOOK.md), [run](javascript:x())")
    )
    assert links(soup.main) == []
    assert soup.main.get_text().strip() == "last, codebook, run"


def test_code_is_on_the_page_and_hidden_until_asked_for(step: Step) -> None:
    soup = page(step, code("k: int = 5", tag="parameters"), code("k = 7", tag="injected-parameters"), code("fit()"))
    assert [part.get_text().strip() for part in soup.find_all(class_="code")] == ["k: int = 5", "k = 7", "fit()"]
    style = soup.style.get_text()
    assert "\n.code { display: none; }" in style
    assert "\n.toggle:checked ~ main .code { display: block; }" in style


def test_the_checkbox_for_code_is_named_and_stands_before_the_text(step: Step) -> None:
    soup = page(step)
    box = soup.find("input", {"type": "checkbox", "class": "toggle"})
    assert not box.has_attr("checked")
    assert soup.find("label", {"for": box["id"]}).get_text() == "Show the code"
    assert soup.main in box.find_next_siblings()


def test_a_figure_and_its_caption_are_one(step: Step, shown: list[nbformat.NotebookNode]) -> None:
    draw(step)
    figure = page(step, code("draw()", *shown)).figure
    assert figure.img["alt"] == f"Sales of {ATTACK}."
    assert figure.img["src"].startswith("data:image/png;base64,iVBOR")
    assert figure.figcaption.p["id"] == "figure-4-3"
    assert figure.figcaption.get_text() == f"Figure 4.3. Sales of {ATTACK}."


def test_a_picture_s_plain_text_is_not_shown(step: Step) -> None:
    picture = new_output("display_data", {"image/png": "iVBORw0=", "text/plain": "<Figure size 640x480>"})
    assert "640x480" not in page(step, code("draw()", picture)).get_text()


def test_a_table_keeps_its_shape_in_a_box_that_scrolls(step: Step, shown: list[nbformat.NotebookNode]) -> None:
    table = pd.DataFrame({"Product": [ATTACK, "All"], "Sold": [1234, 1234]})
    report.show_table(step, "4.1", table, caption=ATTACK, total=True)
    box = page(step, code("tell()", *shown)).find("table", id="table-4-1").parent
    assert (box["style"], box["tabindex"], box["aria-labelledby"]) == ("overflow-x:auto;", "0", "table-4-1-caption")
    assert box.tbody.tr.th["style"] == "text-align:left;"
    assert [cell.get_text() for cell in box.tfoot.find_all(["th", "td"])] == ["All", "1,234"]


def test_what_comes_from_data_stays_text(step: Step, shown: list[nbformat.NotebookNode]) -> None:
    draw(step)
    report.show_table(step, "4.1", pd.DataFrame({ATTACK: [ATTACK]}), caption=ATTACK, notes=ATTACK)
    report.show_findings([report.found("{product} sells.", product=ATTACK)])
    markdown = display(text_markdown=f"**Best**: {ATTACK} <img src=x onerror=alert(1)>")
    printed = new_output("stream", name="stdout", text=ATTACK)
    failed = new_output("error", ename="KeyError", evalue=ATTACK, traceback=[])
    soup = page(step, code("tell()", *shown, markdown, printed, failed, display(text_plain=ATTACK)))
    assert soup.find("script") is None
    assert len(soup.find_all("img")) == 1
    assert soup.main.get_text().count(ATTACK) == 10


def test_html_that_loads_or_runs_is_disarmed(step: Step) -> None:
    attack = (
        f'{ATTACK}<img src="https://example.com/x.png"><b onclick="x()" style="background:url(https://e.com)">b</b>'
    )
    soup = page(step, code("tell()", display(text_html=f"{attack}<style>p {{}}</style>")), new_markdown_cell(attack))
    assert soup.find("script") is None
    assert soup.find("img") is None
    assert [bold.attrs for bold in soup.main.find_all("b")] == [{"style": ""}, {"style": ""}]
    assert "p {}" not in soup.main.get_text()


@pytest.mark.parametrize("tag", ['<img src="https://example.com/x.png">', "<img src=x.png>", "<script>", "@import 'x'"])
def test_what_loads_would_be_noticed(tag: str) -> None:
    assert LOADING.search(tag)


def test_nothing_is_loaded_from_anywhere(step: Step, shown: list[nbformat.NotebookNode]) -> None:
    draw(step)
    remote = "![logo](https://example.com/logo.png) [site](https://example.com)"
    page(step, new_markdown_cell(f"# Cluster\n\n{remote}"), code("draw()", *shown, display(text_markdown=remote)))
    pages.write_index(step.run, steps=STEPS)
    for name in ("04_cluster.html", "index.html"):
        assert LOADING.findall((step.run.pages / name).read_text(encoding="utf-8")) == []


def test_the_browser_is_told_to_load_nothing(step: Step) -> None:
    policy = page(step).find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline';")


WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "IntSlider()"}


def test_where_a_widget_stood_the_page_says_so_in_one_line(step: Step) -> None:
    soup = page(step, code("", new_output("display_data", WIDGET)))
    assert soup.main.get_text().strip() == "In JupyterLab, controls stand here."


def test_a_widget_s_own_words_are_shown_instead(step: Step) -> None:
    told = WIDGET | {"text/html": f"<p>Controls for {ATTACK} stand here.</p>"}
    soup = page(step, code("", new_output("display_data", told)))
    assert soup.main.get_text().strip() == f"Controls for {ATTACK} stand here."
    assert soup.main.find("script") is None


def test_warnings_are_shown_with_the_code_only(step: Step) -> None:
    warned = new_output("stream", name="stderr", text="\x1b[31m/srv/shop/lib/x.py:3: UserWarning")
    (shown_with_code,) = page(step, code("", warned)).find_all(class_="code")
    assert shown_with_code.get_text() == "x.py:3: UserWarning"


def test_no_folder_of_the_machine_is_told(step: Step) -> None:
    printed = new_output("stream", name="stdout", text="read /srv/shop/june.csv")
    injected = code('orders = "/srv/shop/june.csv"', printed, tag="injected-parameters")
    text = page(step, injected).main.get_text()
    assert "/srv" not in text
    assert 'orders = "june.csv"' in text
    assert "read june.csv" in text


def test_prices_in_dollars_are_no_formula(step: Step) -> None:
    assert (
        page(step, new_markdown_cell("from $5 to *about* $9")).main.p.decode() == "<p>from $5 to <em>about</em> $9</p>"
    )


def test_a_failed_page_leaves_the_old_one(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    page(step, new_markdown_cell("# Old"))

    def break_off(*_: object, **__: object) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", break_off)
    with pytest.raises(OSError, match="No space left"):
        pages.write("<p>New</p>", step.run.pages / "04_cluster.html")
    (left,) = step.run.pages.iterdir()
    assert ">Old" in left.read_text(encoding="utf-8")


# The index.


@pytest.fixture
def finished(step: Step) -> Step:
    begin("03_features", "november", orders="/srv/shop/june.csv", city="Europe/London", wide="x" * 90).finish(
        rows_in=1067371,
        rows_out=5878,
        rows_quarantined=7,
        findings=[report.found("{n:,} customers bought.", n=5878), report.found("{p} sells.", p=ATTACK)],
        inputs=[{"name": "june.csv", "bytes": 94_900_123, "sha256": "a3f5" * 16, "rows": 1067371}],
    )
    step.finish(rows_in=5878, rows_out=5878, findings=[report.found("{k} segments hold.", k=7)])
    return step


def cells(soup: BeautifulSoup, table: str) -> list[list[str]]:
    return [
        [cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.find(id=table).tbody.find_all("tr")
    ]


def test_the_index_opens_with_the_findings_in_order(finished: Step) -> None:
    page(finished, new_markdown_cell("# 4 · Cluster: who is alike"))
    section = index(finished).section
    assert [heading.get_text() for heading in section.find_all("h3")] == ["3 Features", "4 · Cluster: who is alike"]
    assert [item.get_text() for item in section.find_all("li")] == [
        "5,878 customers bought.",
        f"{ATTACK} sells.",
        "7 segments hold.",
    ]
    assert links(section)[1] == ("4 · Cluster: who is alike", "04_cluster.html")


def test_the_index_tells_what_was_read(finished: Step) -> None:
    soup = index(finished)
    assert soup.h1.get_text() == "Customer segments: november"
    assert (
        soup.find(class_="lead").get_text().startswith("What 1,067,371 rows of june.csv say about a shop's customers.")
    )
    assert cells(soup, "inputs") == [["june.csv", "1,067,371", "94.9 MB", "a3f5a3f5a3f5"]]


def test_the_index_tells_which_steps_have_run(finished: Step) -> None:
    rows = cells(index(finished), "steps")
    assert rows[0][:4] == ["3 Features", "1,067,371", "5,878", "7"]
    assert rows[2] == ["5 Evaluate", "not run", "–", "–", "–", "–"]


def test_the_index_shows_settings_without_folders(finished: Step) -> None:
    soup = index(finished)
    assert cells(soup, "parameters") == [
        ["city", "Europe/London"],
        ["k", "5"],
        ["orders", "june.csv"],
        ["wide", "x" * 60 + "…"],
    ]
    assert "/srv" not in soup.decode()


def test_the_index_shows_pictures_of_steps_that_have_run(finished: Step, shown: list[nbformat.NotebookNode]) -> None:
    draw(finished)
    figure = index(finished, pictures=["4.3", "4.4", "5.1"]).section.figure
    assert figure.figcaption.get_text() == figure.img["alt"] == f"Figure 4.3. Sales of {ATTACK}."
    begin("04_cluster", "november")
    assert index(finished, pictures=["4.3"]).section.figure is None


def test_the_index_of_a_new_run_says_that_nothing_has_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    soup = BeautifulSoup(pages.write_index(Run("new"), steps=STEPS).read_text(encoding="utf-8"), "html.parser")
    assert soup.section.p.get_text() == "No step has finished yet."


def test_an_input_without_a_count_of_rows_is_shown(step: Step) -> None:
    entry = {"name": "june.csv", "bytes": 12, "sha256": "0" * 64}
    write_json(step.run.artifacts / "manifest.json", json.loads(json.dumps(step.run.manifest())) | {"inputs": [entry]})
    assert cells(index(step), "inputs") == [["june.csv", "–", "12 B", "0" * 12]]
