"""Every chart: one function a figure, from a table to a figure that belongs to nobody; no files, no display."""

from segmentation.figures.assigning import confusion_map, learner_scores
from segmentation.figures.base import SEGMENT_COLOURS, not_measured, segment_colour
from segmentation.figures.campaign import campaign_arms
from segmentation.figures.choice import choice_at_a_glance, clustergram_flows
from segmentation.figures.explaining import customer_map, segment_distributions
from segmentation.figures.exploring import exploration
from segmentation.figures.features import feature_distributions
from segmentation.figures.forecasting import forecast_calibration, forecast_scores, segment_outlook
from segmentation.figures.grouping import dendrogram, distance_curve
from segmentation.figures.later import later_by_day, served_intervals
from segmentation.figures.lifetime import active_heatmap, expected_against_actual
from segmentation.figures.movement import drift_bars, moves_map
from segmentation.figures.preparing import (
    component_loadings,
    correlation_heatmap,
    scales_before_and_after,
    selection_bars,
)
from segmentation.figures.quality import account_bars, lines_by_month, quality_dots
from segmentation.figures.segments import cross_map, profile_heatmap, sizes_against_money
from segmentation.figures.trials import jaccard_dots, silhouette_plot

__all__ = [
    "SEGMENT_COLOURS",
    "account_bars",
    "active_heatmap",
    "campaign_arms",
    "choice_at_a_glance",
    "clustergram_flows",
    "component_loadings",
    "confusion_map",
    "correlation_heatmap",
    "cross_map",
    "customer_map",
    "dendrogram",
    "distance_curve",
    "drift_bars",
    "expected_against_actual",
    "exploration",
    "feature_distributions",
    "forecast_calibration",
    "forecast_scores",
    "jaccard_dots",
    "later_by_day",
    "learner_scores",
    "lines_by_month",
    "moves_map",
    "not_measured",
    "profile_heatmap",
    "quality_dots",
    "scales_before_and_after",
    "segment_colour",
    "segment_distributions",
    "segment_outlook",
    "selection_bars",
    "served_intervals",
    "silhouette_plot",
    "sizes_against_money",
]
