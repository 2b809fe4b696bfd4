"""What notebooks show."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from segmentation import report
from segmentation.runs import Step, begin

ATTACK = "<script>alert(1)</script>"
TEXT = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    return begin("04_cluster", "november")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    outputs: list[dict] = []

    def keep(data: dict, *, metadata: dict | None = None, raw: bool = False) -> None:
        outputs.append({**data, "metadata": metadata})

    monkeypatch.setattr(report, "display", keep)
    return outputs


@pytest.fixture
def figure() -> Figure:
    drawn = Figure(figsize=(8, 4.5), layout="constrained")
    drawn.subplots().bar(["regulars", "newcomers"], [80, 3])
    return drawn


@pytest.fixture
def segments() -> pd.DataFrame:
    return pd.DataFrame({"Segment": ["regulars", ATTACK], "Customers": [1234, 5], "Spend, £": [17374804.274, np.nan]})


def html(shown: list[dict]) -> str:
    return "".join(output["text/html"] for output in shown if "text/html" in output)


def test_a_finding_is_its_sentence_and_its_values() -> None:
    finding = report.found("{customers:,} spent {money:,.0f}", customers=np.int64(5878), money=np.float64(17374804.27))
    assert finding == {"sentence": "5,878 spent 17,374,804", "values": {"customers": 5878, "money": 17374804.27}}


def test_a_finding_is_ready_for_json() -> None:
    values = report.found("", a=np.float32("nan"), b=np.bool_(True), c=pd.NA, d=pd.Timestamp("2026-01-31"))["values"]
    assert json.dumps(values, allow_nan=False) == '{"a": null, "b": true, "c": null, "d": "2026-01-31 00:00:00"}'


def test_findings_are_a_list_of_text(shown: list[dict]) -> None:
    report.show_findings([report.found("{product} sold best", product=ATTACK), report.found("so did tea")])
    assert f"<li>{TEXT} sold best</li><li>so did tea</li>" in html(shown)
    assert shown[0]["text/plain"] == f"{ATTACK} sold best\nso did tea"


def test_a_figure_is_saved_beside_its_numbers(
    step: Step, shown: list[dict], figure: Figure, segments: pd.DataFrame
) -> None:
    report.show_figure(step, "4.2", figure, caption="Customers by segment.", numbers=segments)
    folder = step.run.pages / "figures"
    assert (folder / "4.2.png").read_bytes() == shown[0]["image/png"]
    pd.testing.assert_frame_equal(pd.read_csv(folder / "4.2.csv"), segments)
    assert sorted(path.name for path in folder.iterdir()) == ["4.2.csv", "4.2.png"]


def test_a_figure_carries_its_caption(step: Step, shown: list[dict], figure: Figure, segments: pd.DataFrame) -> None:
    report.show_figure(step, "4.2", figure, caption=f"Sales of {ATTACK} – by day.", numbers=segments)
    assert shown[0]["metadata"] == {"image/png": {"alt": f"Sales of {ATTACK} – by day."}}
    assert shown[1]["text/html"] == (
        f'<p id="figure-4-2" class="caption"><b>Figure 4.2.</b> Sales of {TEXT} – by day.</p>'
    )
    assert (
        Image.open(io.BytesIO(shown[0]["image/png"])).info["Description"] == f"Figure 4.2. Sales of {ATTACK} – by day."
    )


def test_a_figure_is_the_same_bytes_each_time_and_small(figure: Figure) -> None:
    drawn = report.as_png(figure, description="x")
    assert drawn == report.as_png(figure, description="x")
    assert len(drawn) < 60_000


def test_a_figure_stands_on_white_in_at_most_256_colours(figure: Figure) -> None:
    picture = Image.open(io.BytesIO(report.as_png(figure, description="x")))
    assert (picture.mode, picture.size) == ("P", (880, 495))
    assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert set(picture.info) == {"Description"}


def test_a_table_sets_words_left_and_numbers_right(step: Step, shown: list[dict], segments: pd.DataFrame) -> None:
    report.show_table(step, "4.1", segments, caption="Segments.", notes="– : nobody knows.")
    assert '<th scope="row" style="text-align:left">regulars</th><td>1,234</td><td>17,374,804.27</td>' in html(shown)
    assert '<table id="table-4-1">' in html(shown)
    assert shown[0]["text/plain"] == "Table 4.1. Segments."


def test_a_missing_value_is_a_dash_and_notes_stand_below(step: Step, shown: list[dict], segments: pd.DataFrame) -> None:
    report.show_table(step, "4.1", segments, caption="Segments.", notes="– : nobody knows.")
    assert "<td>5</td><td>–</td>" in html(shown)
    assert html(shown).endswith('</div><p class="notes">– : nobody knows.</p></figure>')


def test_everything_in_a_table_is_text(step: Step, shown: list[dict], segments: pd.DataFrame) -> None:
    report.show_table(step, "4.1", segments.rename(columns={"Customers": ATTACK}), caption=ATTACK, notes=ATTACK)
    assert "<script" not in html(shown)
    assert html(shown).count(TEXT) == 4


def test_a_table_is_written_as_its_caller_asks(step: Step, shown: list[dict]) -> None:
    table = pd.DataFrame({"s": ["all"], "share": [0.256], "day": pd.to_datetime(["2026-01-31 15:00"]), "holds": [True]})
    report.show_table(step, "4.1", table, caption="Shares.", formats={"share": "{:.0%}"}, total=True)
    assert "<td>26%</td>" in html(shown)
    assert '<td style="text-align:left;white-space:nowrap">2026-01-31</td>' in html(shown)
    assert '<td style="text-align:left">yes</td>' in html(shown)
    assert "<tbody></tbody><tfoot><tr>" in html(shown)


def test_an_index_with_a_name_is_the_subject(step: Step, shown: list[dict], segments: pd.DataFrame) -> None:
    report.show_table(step, "4.1", segments.set_index("Segment"), caption="Segments.")
    assert '<th scope="col" style="text-align:left">Segment</th><th scope="col">Customers</th>' in html(shown)


def test_a_table_saves_its_unrounded_numbers(step: Step, shown: list[dict], segments: pd.DataFrame) -> None:
    report.show_table(step, "4.1", segments, caption="Segments.", formats={"Spend, £": "{:,.0f}"})
    pd.testing.assert_frame_equal(pd.read_csv(step.run.pages / "tables" / "4.1.csv"), segments)


def test_a_formula_is_not_passed_on(step: Step, shown: list[dict]) -> None:
    report.show_table(step, "4.1", pd.DataFrame({"Product": ["=1+2"], "Sold": [-3]}), caption="Products.")
    assert (step.run.pages / "tables" / "4.1.csv").read_text(encoding="utf-8") == '"Product","Sold"\n"\'=1+2",-3\n'


def test_a_table_that_nobody_would_read_is_refused(step: Step, shown: list[dict]) -> None:
    with pytest.raises(ValueError, match=r"twenty rows at most; table 4\.1 has 21"):
        report.show_table(step, "4.1", pd.DataFrame({"n": range(21)}), caption="Too long.")
    assert shown == []


def test_a_format_for_no_column_is_refused(step: Step, shown: list[dict], segments: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"has no column \['Share'\] to format"):
        report.show_table(step, "4.1", segments, caption="Segments.", formats={"Share": "{:.0%}"})


def test_showing_leaves_the_table_unchanged(step: Step, shown: list[dict], segments: pd.DataFrame) -> None:
    before = segments.copy()
    report.show_table(step, "4.1", segments, caption="Segments.", total=True)
    pd.testing.assert_frame_equal(segments, before)
