"""The days and hours of the shop."""

from datetime import date

import numpy as np

FIRST_DAY = date(2024, 7, 1)
LAST_DAY = date(2026, 6, 30)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
DAY = 86_400  # seconds


def day_number(day: str) -> int:
    """Count the days from FIRST_DAY to a day written as ISO text."""
    return (date.fromisoformat(day) - FIRST_DAY).days


SEASONS = np.array([day_number("2024-11-01"), day_number("2025-11-01")])  # gift seasons, to 23 December
SEASON_DAYS = 53
SALES = ("2024-07-15", "2024-11-25", "2025-01-06", "2025-07-14", "2025-11-24", "2026-01-05")  # two weeks each
SALE_DAYS = np.concatenate([day_number(day) + np.arange(14) for day in SALES])
HOURS = np.arange(7, 23)
HOUR_WEIGHTS = np.array([2, 3, 4, 5, 5, 6, 5, 5, 5, 6, 7, 8, 10, 11, 9, 4]) / 95
