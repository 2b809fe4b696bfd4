"""What notebooks show: findings, figures with captions, and tables. Pages are made of it elsewhere, in `pages`."""

import io
import math
from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import display
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from segmentation.privacy import named_index_as_columns, write_csv
from segmentation.runs import Step, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 110
MOST_ROWS = 20
MISSING = "–"
LONG = 60  # characters, from which on a column of words keeps a width of its own on a narrow screen
AS_KIND = MappingProxyType({})


def found(sentence: str, /, **values: Any) -> dict[str, Any]:
    """Word a finding from its values, so that no number in it is typed by hand.

    Parameters
    ----------
    sentence : a format string that names the values
    values : what the sentence says, and what later steps and tests compare

    Returns
    -------
    dict
        sentence : str, as it is shown; values : dict of plain numbers, words and None, ready for JSON

    Examples
    --------
    >>> found("{customers:,} customers spent {money:,.0f}", customers=5878, money=17374804.27)["sentence"]
    '5,878 customers spent 17,374,804'
    """
    return {"sentence": sentence.format(**values), "values": {name: plain(value) for name, value in values.items()}}


def found_each(sentences: Sequence[str]) -> list[dict[str, Any]]:
    """Make a finding of each sentence that was made of values elsewhere."""
    return [found("{words}", words=sentence) for sentence in sentences]


def plain(value: Any) -> str | int | float | bool | None:
    """Turn one value into what JSON knows: a missing or infinite one into None, a date into its text.

    Examples
    --------
    >>> plain(float("nan")), plain(pd.Timestamp("2026-01-31")), plain(True)
    (None, '2026-01-31 00:00:00', True)
    """
    value = value.item() if hasattr(value, "item") else value
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def show_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """Display findings, one sentence an item."""
    sentences = [finding["sentence"] for finding in findings]
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    show(html=f'<ul id="findings" class="findings">{items}</ul>', text="\n".join(sentences))


def show_figure(step: Step, number: str, figure: "Figure", *, caption: str, numbers: pd.DataFrame) -> None:
    """Display a figure with its caption, and save it beside its numbers.

    Parameters
    ----------
    step : the step at work; files go to reports/<run>/figures/<number>.png and .csv
    number : the step's and the figure's, such as "4.2"
    figure : what `figures` drew
    caption : how many, which period, what the marks mean; also read out to those who can't see the picture
    numbers : what the figure draws, so that tests compare numbers and not pixels
    """
    label = f"Figure {number}. {caption}"
    picture = as_png(figure, description=label)
    with replacing(step.run.pages / "figures" / f"{number}.png") as part:
        part.write_bytes(picture)
    save_numbers(step, "figures", number, numbers)
    display(
        {"image/png": picture, "text/plain": f"Figure {number}"}, metadata={"image/png": {"alt": caption}}, raw=True
    )
    anchor = f"figure-{number.replace('.', '-')}"
    show(html=f'<p id="{anchor}" class="caption"><b>Figure {number}.</b> {escape(caption)}</p>', text=label)


def as_png(figure: "Figure", *, description: str) -> bytes:
    """Draw a figure as a small PNG of at most 256 colours, the same bytes each time.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> as_png(Figure(figsize=(1, 1)), description="nothing") == as_png(Figure(figsize=(1, 1)), description="nothing")
    True
    """
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH, facecolor="white", pil_kwargs={"compress_level": 1})
    picture = Image.open(drawn).convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    picture.putpalette([255 if level == 254 else level for level in picture.getpalette()])  # so that white stays white
    about = PngInfo()
    about.add_itxt("Description", description)
    picture.save(small, format="png", pnginfo=about)
    return small.getvalue()


def show_table(
    step: Step,
    number: str,
    table: pd.DataFrame,
    *,
    caption: str,
    formats: Mapping[str, str] = AS_KIND,
    notes: str = "",
    total: bool = False,
) -> None:
    """Display a table with its caption, and save its unrounded numbers.

    Parameters
    ----------
    step : the step at work; numbers go to reports/<run>/tables/<number>.csv
    number : the step's and the table's, such as "4.1"
    table : DataFrame, in the order that matters; ten rows are easy to read, twenty the most
        The first column is the subject; an index with a name counts as one. Labels are shown as they are, with units.
    caption : what the rows are, how many, which period
    formats : column → format of its cells, such as "{:,.0f}" or "{:.0%}"
        Where none is given: whole numbers with thousands separators, others with two decimals, days as 2026-01-31.
    notes : shown below; says why a value is missing, which shows as a dash
    total : the last row is the sum of those above

    Raises
    ------
    ValueError
        The table is too long to be read, or a format is for a column that it does not have.
    """
    rows = named_index_as_columns(table)
    if len(rows) > MOST_ROWS:
        raise ValueError(f"A table shows twenty rows at most; table {number} has {len(rows):,}.")
    if unknown := set(formats) - set(rows.columns):
        raise ValueError(f"Table {number} has no column {sorted(unknown)} to format; it has {list(rows.columns)}.")
    save_numbers(step, "tables", number, rows)
    show(
        html=table_html(number, rows, caption=caption, formats=formats, notes=notes, total=total),
        text=f"Table {number}. {caption}",
    )


def table_html(
    number: str, rows: pd.DataFrame, *, caption: str, formats: Mapping[str, str], notes: str, total: bool
) -> str:
    """Set a table in HTML: caption above, numbers right, words left, in a box of its own that scrolls."""
    anchor = f"table-{number.replace('.', '-')}"
    sides = [side(rows.iloc[:, position], first=position == 0) for position in range(rows.shape[1])]
    texts = [
        [cell(value, formats.get(name, default_format(column))) for value in column] for name, column in rows.items()
    ]
    lines = [table_row(line, sides) for line in zip(*texts, strict=True)]
    lines = lines or [f'<tr><td colspan="{rows.shape[1]}" style="text-align:left">none</td></tr>']
    head = "".join(f'<th scope="col"{at}>{escape(str(name))}</th>' for name, at in zip(rows, sides, strict=True))
    foot = f"<tfoot>{lines.pop()}</tfoot>" if total and len(rows) else ""
    below = f'<p class="notes">{escape(notes)}</p>' if notes else ""
    return (
        f'<figure class="table"><figcaption id="{anchor}-caption"><b>Table {number}.</b> {escape(caption)}</figcaption>'
        f'<div class="scroll" style="overflow-x:auto" role="region" aria-labelledby="{anchor}-caption" tabindex="0">'
        f'<table id="{anchor}"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody>{foot}</table>'
        f"</div>{below}</figure>"
    )


def side(column: pd.Series, *, first: bool) -> str:
    """Choose the side that a column's cells stand on; the right one is what notebooks do anyway."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return ' style="text-align:left;white-space:nowrap"'
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if is_number:
        return ' style="text-align:left"' if first else ""
    is_long = column.map(str).str.len().max() > LONG
    return ' class="long" style="text-align:left"' if is_long else ' style="text-align:left"'


def table_row(texts: Sequence[str], sides: Sequence[str]) -> str:
    """Set one row, its subject first."""
    cells = "".join(f"<td{at}>{text}</td>" for text, at in zip(texts[1:], sides[1:], strict=True))
    return f'<tr><th scope="row"{sides[0]}>{texts[0]}</th>{cells}</tr>'


def default_format(column: pd.Series) -> str:
    """Choose how a column is written when its caller did not."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return "{:%Y-%m-%d}"
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return "{}"
    return "{:,}" if pd.api.types.is_integer_dtype(column) else "{:,.2f}"


def cell(value: Any, form: str) -> str:
    """Write one cell, escaped; a dash for a missing value, yes or no for a flag."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return MISSING
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    return escape(form.format(value))


def save_numbers(step: Step, folder: str, number: str, numbers: pd.DataFrame) -> None:
    """Save what a figure or table shows as reports/<run>/figures/<number>.csv or tables/<number>.csv."""
    with replacing(step.run.pages / folder / f"{number}.csv") as part:
        write_csv(numbers, part)


def show(*, html: str, text: str) -> None:
    """Display HTML, with the words alone for whoever reads without it."""
    display({"text/html": html, "text/plain": text}, raw=True)
