"""Who takes part in the contest of forecasters."""

from segmentation.forecasting.known import Forecaster
from segmentation.forecasting.learners import GradientBoosting, Regression
from segmentation.forecasting.lifetimes import LifetimeModel
from segmentation.forecasting.recent import Activity
from segmentation.forecasting.simple_rules import (
    Anyway,
    GroupRule,
    RankingRule,
    by_preset,
    by_segmentation,
    by_spend_as_segments,
    not_overdue,
    past_spend,
    same_again,
)
from segmentation.forecasting.together import Together

SIMPLE_RULES = (
    RankingRule("past spend", past_spend),
    RankingRule("recent spend", same_again),
    RankingRule("days overdue", not_overdue),
    GroupRule("RFM map", by_preset("rfm_map")),
    GroupRule("Shopify's RFM", by_preset("shopify")),
)


def new_models() -> tuple[Forecaster, ...]:
    """Make the models of one shop; they remember what they have counted and fitted of a day."""
    activity = Activity()
    return LifetimeModel(), Regression(activity=activity), GradientBoosting(activity=activity)


def all_forecasters(segmentation: Anyway | None, models: tuple[Forecaster, ...]) -> list[Forecaster]:
    """List who forecasts from one day on.

    Parameters
    ----------
    segmentation : as fitted on that day; without one nobody forecasts by segments
    models : see `new_models`
    """
    by_segments: list[Forecaster] = []
    if segmentation is not None:
        by_segments = [
            GroupRule("past spend, as many groups", by_spend_as_segments(segmentation)),
            GroupRule("segments", by_segmentation(segmentation), "segments"),
        ]
    return [*SIMPLE_RULES, *by_segments, *models, Together(models)]
