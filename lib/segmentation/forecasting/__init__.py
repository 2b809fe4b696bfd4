"""What customers do next: a contest of forecasters on earlier days, each customer's outlook, and who is at risk."""

from segmentation.forecasting.by_segment import outlook_by_segment
from segmentation.forecasting.calibration import calibration
from segmentation.forecasting.contest import Contest, hold_contest
from segmentation.forecasting.judging import Winner
from segmentation.forecasting.known import Forecaster, Known, known_of
from segmentation.forecasting.outlook import HORIZONS, Outlook, make_outlook
from segmentation.forecasting.telling import contest_table, table_formats, winner_in_words
from segmentation.forecasting.watch import watch_by_segment, watch_in_words, watch_list

__all__ = [
    "HORIZONS", "Contest", "Forecaster", "Known", "Outlook", "Winner", "calibration", "contest_table", "hold_contest",
    "known_of", "make_outlook", "outlook_by_segment", "table_formats", "watch_by_segment", "watch_in_words",
    "watch_list", "winner_in_words",
]  # fmt: skip
