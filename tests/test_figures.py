import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from segmentation import figures
from segmentation.choosing import GROUNDS
from segmentation.features import FEATURES, skewed, units
from segmentation.privacy import suppress_small_groups

# Seaborn 0.13 asks matplotlib by an old name for the colours of its heatmaps; nothing of ours can change that.
pytestmark = pytest.mark.filterwarnings("ignore:The set_(bad|over|under) function will be deprecated")

LONG = "customers who come back for the sales in summer and in winter and for nothing else"
NAMES = {
    "one segment": ["champions"],
    "twelve segments": [f"segment number {number}" for number in range(1, 13)],
    "long names": [LONG, LONG[::-1]],
    "names that look like code": ["<script>alert(1)</script>", "$x^2$", r"$\frac$", "50 % & _more_ {of} #1", "a $ b"],
}


@dataclass(frozen=True)
class Drawing:
    """A figure function, the tables that it is given, and the words and units that its axes must carry."""

    draw: Callable[..., Figure]
    table: Callable[[list[str]], object]
    options: dict[str, object]
    words: tuple[str, ...]


def by_name(names: list[str], **columns: float) -> pd.DataFrame:
    """Write a table with one row a segment, numbered from 0, that has the same value in each row of a column."""
    return pd.DataFrame({"name": names, **columns})


def profile(names: list[str]) -> pd.DataFrame:
    share = 1 / len(names)
    return by_name(names, customers=1_200, customer_share=share, money_share=share)


def account(names: list[str]) -> pd.DataFrame:
    return by_name(names, lines=1_234, money=-5.5).rename(columns={"name": "reason"}).replace("champions", "clean")


def months(names: list[str]) -> pd.DataFrame:
    first_days = pd.date_range("2024-01-01", periods=len(names), freq="MS")
    return pd.DataFrame({"month": first_days, "lines": 12_000, "orders": 400})


def features(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: np.linspace(0, 1, 4 * len(names)) for name in FEATURES}, index=names * 4)


def centres(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"recency_days": -1.0, "net_spend": 1.5}, index=pd.Index(names, name="name"))


def map_shares(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"can't lose": 0.25, "potential loyalists": 0.75, "new": 0.0}, index=names)


def plan(names: list[str]) -> pd.DataFrame:
    return by_name(names, customers=1_200, treated=900, control=100)


def scored(names: list[str]) -> pd.DataFrame:
    table = pd.DataFrame({"table": names, "before": 0.6, "after": 1.0})
    return pd.concat([table.assign(dimension=dimension) for dimension in ("completeness", "validity")])


def spreads(names: list[str]) -> pd.DataFrame:
    raw = pd.DataFrame({"column": names, "low": 1.0, "lower": 10.0, "median": 20.0, "upper": 50.0, "high": 900.0})
    prepared = raw.assign(low=-1.6, lower=-0.7, median=0.0, upper=0.7, high=1.6)
    return pd.concat([raw.assign(stage="raw"), prepared.assign(stage="prepared")])


def correlations(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(np.eye(len(names)), index=names, columns=names)


def selection(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"column": names, "score": 0.25, "kept": [True] + [False] * (len(names) - 1)})


def loadings(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"component 1": 0.5, "component 2": -1.0}, index=names)


def map_of(names: list[str]) -> pd.DataFrame:
    rows = [(segment, name, segment + step / 10, -segment) for segment, name in enumerate(names) for step in range(6)]
    points = pd.DataFrame(rows, columns=["segment", "name", "x", "y"])
    points.attrs["axes"] = ["more orders →", "more spend →"]
    return points


def explored(names: list[str]) -> dict[str, pd.DataFrame | pd.Series]:
    points = map_of(names)
    return {
        "profile": profile(names),
        "stands": centres(names).reset_index(drop=True),
        "places": points[["x", "y"]],
        "labels": points["segment"],
    }


def spread(names: list[str]) -> pd.DataFrame:
    columns = {"customers": 1_200, "low": 1.0, "lower": 5.0, "median": 9.0, "upper": 20.0, "high": 50.0}
    table = by_name(names, **columns).reset_index(names="segment")
    return pd.concat([table.assign(feature=feature) for feature in ("net_spend", "recency_days")])


def learners(names: list[str]) -> pd.DataFrame:
    table = pd.DataFrame({"learner": names, "F1": 0.9, "± F1": 0.01, "chosen": ""})
    return table.assign(chosen=np.where(table.index == 0, "yes", ""))


def placements(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(np.eye(len(names)), index=names, columns=names)


def merges(names: list[str]) -> pd.DataFrame:
    """Write a tree to which one leaf of 1,200 customers is added a merge; the first leaf has three."""
    places = range(len(names))
    left = [0, *(len(names) + 1 + place for place in places[:-1])]
    return pd.DataFrame(
        {
            "left": left,
            "right": [place + 1 for place in places],
            "height": [1.0 + place for place in places],
            "left_customers": [3 + 1_200 * place for place in places],
            "right_customers": 1_200,
            "customers": [3 + 1_200 * (place + 1) for place in places],
        }
    )


def distances(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"share": np.linspace(0, 1, 4 * len(names)), "distance": np.linspace(0.1, 2, 4 * len(names))})


def all_grounds(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(dict.fromkeys(GROUNDS, 0.5), index=range(2, 2 + len(names))).assign(knee=False)


def flows(names: list[str]) -> pd.DataFrame:
    columns = {"from_group": 0, "to_group": 0, "share": 1.0, "from_mean": 0.0, "to_mean": 0.5}
    return pd.DataFrame({"k": range(2, 2 + len(names)), **columns})


def refitted(names: list[str]) -> dict[str, pd.DataFrame]:
    """Refits of each segment, and two other trials of all."""
    stability = by_name(names, jaccard=0.8, jaccard_low=0.7, jaccard_high=0.9)
    return {
        "stability": stability,
        "trials": pd.DataFrame(0.5, index=["another start", "half"], columns=stability.index),
    }


def silhouettes(names: list[str]) -> pd.DataFrame:
    points = [
        {"segment": segment, "name": name, "share": share, "silhouette": 0.5 - share, "customers": 1_200}
        for segment, name in enumerate(names)
        for share in (0.0, 0.5, 1.0)
    ]
    return pd.DataFrame(points)


def by_days(names: list[str]) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    groups = pd.Index(names, name="group")
    pooled = pd.DataFrame({"customers": 1_200, "later_spend": 10.0, "later_low": 8.0, "later_high": 13.0}, index=groups)
    days = pd.MultiIndex.from_product([["2025-01-01", "2025-04-01"], names], names=["day", "group"])
    return {"Segments": (pooled, pd.DataFrame({"later_spend": 9.0}, index=days))}


def served(names: list[str]) -> pd.DataFrame:
    told = {"action": "a voucher", "attribute": "city", "customers": 1_200, "share": 0.5, "low": 0.4, "high": 0.6}
    return pd.DataFrame({"group": names, **told, "less_served": False})


def moved(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(1_200.0, index=names, columns=names)


def drifted(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"psi": 0.3, "usual": 0.1, "newcomers_psi": 0.2, "whose": "everyone"}, index=names)


def scores(names: list[str]) -> dict[str, pd.DataFrame]:
    return {
        target: pd.DataFrame({score: 0.6, f"{score}_low": 0.5, f"{score}_high": 0.7}, index=names)
        for target, score in (("value", "deviance"), ("returns", "log_loss"))
    }


def bins(names: list[str]) -> dict[str, pd.DataFrame]:
    forecast = np.linspace(0.1, 0.9, len(names))
    table = pd.DataFrame({"forecast": forecast, "actual": forecast})
    table = table.assign(actual_low=table["actual"] - 0.05, actual_high=table["actual"] + 0.05)
    return {"value": table, "returns": table}


def outlooks(names: list[str]) -> pd.DataFrame:
    values = {f"value_{days}{end}": 12.0 for days in (90, 365) for end in ("", "_low", "_high")}
    return pd.DataFrame({"segment": names, "customers": 1_200, **values})


def by_repeats(names: list[str]) -> pd.DataFrame:
    repeats = pd.Index([str(place) for place in range(len(names))], name="repeats")
    return pd.DataFrame({"customers": 1_200, "expected": 0.5, "actual": 0.6}, index=repeats)


def active(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(0.5, index=pd.RangeIndex(len(names), name="repeats"), columns=[0, 30, 60])


DRAWINGS = {
    "lines_by_month": Drawing(figures.lines_by_month, months, {}, ("order lines a month",)),
    "account_bars": Drawing(figures.account_bars, account, {"money": "EUR"}, ("Order lines", "Money, EUR", "1,234")),
    "feature_distributions": Drawing(
        figures.feature_distributions,
        features,
        {"units": units("EUR", groups=["value and rhythm"]), "skewed": skewed()},
        ("customers", "days", "EUR", "orders", "net spend"),
    ),
    "choice_at_a_glance": Drawing(
        figures.choice_at_a_glance,
        all_grounds,
        {"k": 2, "steady": 0.8, "closer": 0.02, "min_share": 0.03},
        ("number of segments", "from here up", "a crowd without groups"),
    ),
    "clustergram_flows": Drawing(
        figures.clustergram_flows,
        flows,
        {"k": 2},
        ("number of segments", "place along the widest difference, deviations"),
    ),
    "exploration": Drawing(
        lambda parts: figures.exploration(**parts),
        explored,
        {},
        ("Who is near whom?", "Share of customers (outlined), of money (filled)", "net spend", "+1.5", "A"),
    ),
    "sizes_against_money": Drawing(figures.sizes_against_money, profile, {}, ("Share of customers", "Share of money")),
    "profile_heatmap": Drawing(
        figures.profile_heatmap, centres, {}, ("standard deviations from the mean", "recency\ndays", "+1.5")
    ),
    "cross_map": Drawing(figures.cross_map, map_shares, {}, ("name on the RFM map", "can't\nlose", "75%")),
    "customer_map": Drawing(figures.customer_map, map_of, {}, ("more orders →", "more spend →")),
    "segment_distributions": Drawing(
        figures.segment_distributions,
        spread,
        {"units": units("EUR")},
        ("EUR", "days", "spend", "days since the last order", "10"),
    ),
    "campaign_arms": Drawing(figures.campaign_arms, plan, {}, ("customers", "treated", "control", "no contact")),
    "scales_before_and_after": Drawing(
        figures.scales_before_and_after,
        spreads,
        {},
        ("value (logarithmic from 1 up)", "prepared value", "Prepared, on one scale"),
    ),
    "correlation_heatmap": Drawing(figures.correlation_heatmap, correlations, {}, ("correlation, −1 to 1", "+1.0")),
    "selection_bars": Drawing(
        figures.selection_bars,
        selection,
        {"measure": "importance for later spend"},
        ("importance for later spend", "kept", "left out"),
    ),
    "component_loadings": Drawing(
        figures.component_loadings,
        loadings,
        {"shares": {"component 1": 0.6, "component 2": 0.25}},
        ("component 1\n60%", "component, and its share of the variance", "-1.0"),
    ),
    "learner_scores": Drawing(
        figures.learner_scores, learners, {}, ("F1, mean over the segments (1 is without error)", "0.900  chosen")
    ),
    "dendrogram": Drawing(
        figures.dendrogram,
        merges,
        {"cut": 1.5, "min_group": 5},
        ("distance at which branches merge", "customers in each branch", "cut here", "1,200", "few"),
    ),
    "distance_curve": Drawing(
        figures.distance_curve,
        distances,
        {"radius": 0.5, "neighbours": 14},
        ("distance to neighbour 14", "customers in order of that distance, %"),
    ),
    "confusion_map": Drawing(figures.confusion_map, placements, {}, ("segment", "placed in", "100%")),
    "quality_dots": Drawing(
        figures.quality_dots, scored, {}, ("completeness", "validity", "as read", "after cleaning", "share that passes")
    ),
    "jaccard_dots": Drawing(
        lambda tables: figures.jaccard_dots(**tables),
        refitted,
        {},
        ("Jaccard similarity with the closest match (1 the same customers)", "stable", "another start"),
    ),
    "silhouette_plot": Drawing(
        figures.silhouette_plot,
        silhouettes,
        {"mean": 0.25},
        ("silhouette (1 well inside, 0 on the border, below 0 nearer to another segment)", "all 0.25"),
    ),
    "later_by_day": Drawing(figures.later_by_day, by_days, {"money": "EUR"}, ("later spend a customer, EUR",)),
    "served_intervals": Drawing(figures.served_intervals, served, {}, ("A voucher", "share of the group")),
    "moves_map": Drawing(figures.moves_map, moved, {}, ("before", "after", "1,200")),
    "drift_bars": Drawing(
        figures.drift_bars, drifted, {"bands": (0.1, 0.25)}, ("population stability index", "usual", "newcomers")
    ),
    "forecast_scores": Drawing(
        figures.forecast_scores,
        scores,
        {"winners": {"value": "champions"}},
        ("Tweedie deviance (lower is better)", "log loss (lower is better)"),
    ),
    "forecast_calibration": Drawing(
        figures.forecast_calibration,
        bins,
        {"money": "EUR"},
        ("forecast: spend a customer, EUR", "forecast: share who order again", "what followed"),
    ),
    "segment_outlook": Drawing(
        figures.segment_outlook, outlooks, {"money": "EUR"}, ("spend a customer, EUR", "Expected within 90 days")
    ),
    "expected_against_actual": Drawing(
        figures.expected_against_actual,
        by_repeats,
        {},
        ("times a customer had come back before, and customers", "purchases a customer, in the period"),
    ),
    "active_heatmap": Drawing(
        figures.active_heatmap, active, {}, ("days since the last purchase", "times a customer came back", "50%")
    ),
}
UNNAMED = [
    "lines_by_month",
    "feature_distributions",
    "choice_at_a_glance",
    "clustergram_flows",
    "dendrogram",
    "distance_curve",
    "forecast_calibration",
    "expected_against_actual",
    "active_heatmap",
    "drift_bars",
]
NAMED = [name for name in DRAWINGS if name not in UNNAMED]


@cache
def drawn(figure: str, *, names: str = "twelve segments") -> Figure:
    drawing = DRAWINGS[figure]
    return drawing.draw(drawing.table(NAMES[names]), **drawing.options)


def picture(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=40)
    return file.getvalue()


def texts(figure: Figure) -> list[str]:
    """List what stands written in a figure."""
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def test_every_figure_is_tested() -> None:
    functions = {
        name for name, value in vars(figures).items() if getattr(value, "__annotations__", {}).get("return") is Figure
    }
    assert functions == {*DRAWINGS, "not_measured"}


@pytest.mark.parametrize("figure", DRAWINGS)
def test_a_figure_belongs_to_nobody(figure: str) -> None:
    assert (type(drawn(figure)), plt.get_fignums()) == (Figure, [])


@pytest.mark.parametrize(("figure", "names"), list(product(NAMED, NAMES)))
def test_a_figure_can_be_drawn(figure: str, names: str) -> None:
    assert picture(drawn(figure, names=names)).startswith(b"\x89PNG")


@pytest.mark.parametrize(("figure", "rows"), list(product(UNNAMED, list(NAMES)[:2])))
def test_a_figure_of_months_features_or_grounds_can_be_drawn(figure: str, rows: str) -> None:
    assert picture(drawn(figure, names=rows)).startswith(b"\x89PNG")


@pytest.mark.parametrize("figure", NAMED)
def test_a_name_that_looks_like_code_stands_as_it_is(figure: str) -> None:
    written = texts(drawn(figure, names="names that look like code"))
    together = ["".join(text.split()) for text in written]  # a name may be broken into lines
    names = ["".join(name.split()) for name in NAMES["names that look like code"]]
    assert [name for name in names if not any(name in text for text in together)] == []


@pytest.mark.parametrize("figure", NAMED)
def test_no_name_is_read_as_a_formula(figure: str) -> None:
    drawing = drawn(figure, names="names that look like code")
    drawing.draw_without_rendering()
    assert not any(text.get_parse_math() for text in drawing.findobj(Text) if "$" in text.get_text())


def test_a_currency_may_be_a_dollar_sign() -> None:
    figure = figures.later_by_day(by_days(["champions"]), money="$ or US$")
    assert "later spend a customer, $ or US$" in texts(figure)


@pytest.mark.parametrize("figure", DRAWINGS)
def test_axes_carry_words_and_units(figure: str) -> None:
    written = texts(drawn(figure))
    assert [word for word in DRAWINGS[figure].words if word not in written] == []


@pytest.mark.parametrize("figure", NAMED)
def test_every_row_is_named(figure: str) -> None:
    written = texts(drawn(figure))
    assert [name for name in NAMES["twelve segments"] if not any(name in text for text in written)] == []


@pytest.mark.parametrize("figure", DRAWINGS)
def test_the_table_is_unchanged(figure: str) -> None:
    drawing = DRAWINGS[figure]
    table, expected = (drawing.table(NAMES["twelve segments"]) for _ in range(2))
    drawing.draw(table, **drawing.options)
    assert all(part.equals(whole) for part, whole in zip(tables_in(table), tables_in(expected), strict=True))


def tables_in(given: object) -> list[pd.DataFrame]:
    """List the tables that a figure is given, one or several."""
    if isinstance(given, pd.DataFrame):
        return [given]
    parts = given.values() if isinstance(given, dict) else given if isinstance(given, list | tuple) else []
    return [table for part in parts for table in tables_in(part)]


def test_a_segment_keeps_its_colour_in_any_order() -> None:
    drawing = DRAWINGS["sizes_against_money"]
    table = drawing.table(NAMES["twelve segments"])[::-1]
    bars = drawing.draw(table, **drawing.options).axes[0].patches
    assert [bar.get_facecolor()[:3] for bar in bars] == [to_rgb(colour) for colour in figures.SEGMENT_COLOURS[::-1]]


def test_every_segment_has_its_own_colour() -> None:
    assert len({figures.segment_colour(segment) for segment in range(12)}) == 12


def test_bars_are_as_long_as_their_shares() -> None:
    table = profile(["champions", "regulars"]).assign(customer_share=[0.25, 0.75])
    bars = figures.sizes_against_money(table).axes[0].patches
    assert [bar.get_width() for bar in bars] == [0.25, 0.75]


def test_the_first_row_stands_on_top() -> None:
    ax = drawn("account_bars").axes[0]
    ax.figure.draw_without_rendering()
    heights = {tick.get_text(): tick.get_window_extent().y0 for tick in ax.get_yticklabels()}
    assert heights["segment number 1"] > heights["segment number 12"]


def test_a_segments_bar_holds_its_middle_half() -> None:
    bar = drawn("segment_distributions", names="one segment").axes[0].patches[0]
    assert (bar.get_x(), bar.get_x() + bar.get_width()) == pytest.approx((np.log1p(5.0), np.log1p(20.0)))


def test_segments_differ_in_more_than_colour_on_the_map() -> None:
    shapes = {marker.get_paths()[0].vertices.tobytes() for marker in drawn("customer_map").axes[0].collections}
    assert len(shapes) == 12


def test_names_on_the_map_do_not_lie_on_each_other() -> None:
    figure = figures.customer_map(map_of(["champions", "regulars", "newcomers"]).assign(x=0.0, y=0.0))
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]  # without the lines that lead to them
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))


def test_an_interval_reaches_from_low_to_high() -> None:
    drawn = figures.later_by_day(by_days(["champions"]), money="EUR").axes[0].collections
    (line,) = (part for part in drawn if isinstance(part, LineCollection))
    assert line.get_segments()[0][:, 0].tolist() == [8.0, 13.0]


def test_arms_add_up_to_the_customers_of_a_segment() -> None:
    bars = figures.campaign_arms(plan(["champions"])).axes[0].patches
    assert [bar.get_width() for bar in bars] == [900, 100, 200]


def test_a_segment_too_small_to_show_has_no_bar() -> None:
    few = suppress_small_groups(
        plan(["champions", "few"]).assign(customers=[1_200, 3]), count="customers", min_group=5, keep=["name"]
    )
    bars = figures.campaign_arms(few).axes[0].patches
    assert [bar.get_width() for bar in bars] == [900, 0, 100, 0, 200, 0]


EMPTY = {
    "customer_map": {},
    "segment_distributions": {"units": {}},
    "choice_at_a_glance": {"k": 0, "steady": 0.8, "closer": 0.02, "min_share": 0.03},
    "clustergram_flows": {"k": 0},
    "sizes_against_money": {},
    "profile_heatmap": {},
    "cross_map": {},
    "campaign_arms": {},
    "scales_before_and_after": {},
    "correlation_heatmap": {},
    "selection_bars": {"measure": "importance"},
    "component_loadings": {"shares": {}},
    "dendrogram": {"cut": 0.0, "min_group": 5},
    "distance_curve": {"radius": 0.0, "neighbours": 5},
}


@pytest.mark.parametrize("figure", EMPTY)
def test_a_figure_without_numbers_says_so(figure: str) -> None:
    assert "not measured" in texts(DRAWINGS[figure].draw(pd.DataFrame(), **EMPTY[figure]))


def test_later_spend_that_is_not_known_says_so() -> None:
    empty = {"Segments": (pd.DataFrame(), pd.DataFrame()), "Past spend": (pd.DataFrame(), pd.DataFrame())}
    assert "not measured" in texts(figures.later_by_day(empty, money="EUR"))


def test_a_feature_that_is_not_known_says_so() -> None:
    unknown = features(["a"]).assign(tenure_days=np.nan)
    drawn_of = figures.feature_distributions(unknown, units=units("EUR", groups=["value and rhythm"]), skewed=skewed())
    assert texts(drawn_of).count("not known") == 1


def test_quality_stands_where_it_was_and_where_it_is() -> None:
    axes = figures.quality_dots(scored(["orders"])).axes[0]
    _, before, after = axes.collections
    assert [before.get_offsets().tolist(), after.get_offsets().tolist()] == [[[0.6, 0.0]], [[1.0, 0.0]]]
