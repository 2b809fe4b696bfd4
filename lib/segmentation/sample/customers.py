"""Draw customers and the days on which they buy."""

import numpy as np
import pandas as pd

from segmentation.sample.assortment import ASSORTMENT
from segmentation.sample.calendar import DAY, DAYS, HOUR_WEIGHTS, HOURS, SALE_DAYS, SEASON_DAYS, SEASONS
from segmentation.sample.cast import RANGES, Cast
from segmentation.sample.people import ACQUISITION, CITIES, FAMILY_NAMES, FIRST_NAMES, SOURCES, STREETS


def draw_customers(rng: np.random.Generator, count: int, *, number: int, cast: Cast) -> pd.DataFrame:
    """Invent customers, one row each; `number` is the first one's number in the shop.

    What a person is (name, age, city, consent, tastes) depends on the kind only where the kind says so. The columns
    after these are the traits of the customer's role.
    """
    weights = np.array([city[3] for city in CITIES])
    gender = rng.choice(3, count, p=[0.5, 0.46, 0.04])
    names = np.array([len(names) for names in FIRST_NAMES.values()])
    city = rng.choice(len(CITIES), count, p=weights / weights.sum())
    role = rng.choice(len(cast.shares), count, p=cast.shares)
    own = cast.traits.iloc[role].reset_index(drop=True)
    customers = pd.DataFrame(
        {
            "number": number + np.arange(count),
            "kind": cast.kinds[role],
            "gender": gender,
            "first_name": (names.cumsum() - names)[gender] + rng.integers(names[gender]),
            "family_name": rng.integers(len(FAMILY_NAMES), size=count),
            "street": rng.integers(len(STREETS), size=count),
            "house": rng.integers(1, 120, count),
            "city": city,
            "has_phone": (np.array([place[0] == "DE" for place in CITIES])[city]) & (rng.random(count) < 0.7),
            "birth_year": np.clip(rng.normal(own["born"], 13, count).astype(int), 1938, 2007),
            "consent": rng.choice(3, count, p=[0.68, 0.2, 0.12]),
            "acquisition": rng.choice(len(ACQUISITION), count, p=[0.3, 0.25, 0.15, 0.12, 0.1, 0.08]),
            "source": rng.choice(len(SOURCES), count, p=[0.72, 0.18, 0.1]),
            "favourite": rng.integers(len(ASSORTMENT), size=count),
            "generosity": rng.normal(0, 0.12, count),
            "joined_before": rng.exponential(12, count).astype(int) * (rng.random(count) < 0.4),
        }
    )
    return with_preferences(rng.spawn(1)[0], pd.concat([customers, own], axis=1))


def with_preferences(rng: np.random.Generator, customers: pd.DataFrame) -> pd.DataFrame:
    """Give most customers of a kind that has preferences the category, source and channel that it prefers."""
    preferred = {}
    for column, preference in {"favourite": "favours", "source": "channel", "acquisition": "acquired"}.items():
        follows = (customers[preference] >= 0) & (rng.random(len(customers)) < 0.75)
        preferred[column] = customers[column].where(~follows, customers[preference])
    return customers.assign(**preferred)


TIMING = (*RANGES["orders"], *RANGES["first"], *RANGES["last"], "sale", "in_season", "every", "weekdays")


def order_days(rng: np.random.Generator, customers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Draw when each customer buys: the first and last order within the kind's days, the others in between.

    Returns
    -------
    Customer's row and day of each order, customer by customer
    """
    own = {name: customers[name].to_numpy() for name in TIMING}
    busy = rng.gamma(3, 1 / 3, len(customers))  # some of a kind buy more than others
    counts = np.minimum(own["fewest"] + rng.poisson(own["more"] * busy), own["most"]).astype(int)
    customer = np.repeat(np.arange(len(customers)), counts)
    turn = np.arange(len(customer)) - np.repeat(counts.cumsum() - counts, counts)
    span = own["first_to"] - own["first_from"] + 1
    first = (own["first_from"] + rng.random(len(customers)) * span).astype(int)
    span = own["last_to"] - own["last_from"] + 1
    last = np.maximum(first, (own["last_to"] - rng.random(len(customers)) ** 2 * span).astype(int))
    between = rng.integers(first[customer], last[customer] + 1)
    days = np.where(turn == 0, first[customer], np.where(turn == 1, last[customer], between))
    sale = rng.choice(SALE_DAYS, len(days))
    active = (first[customer] <= sale) & (sale <= last[customer]) & (turn > 1)
    waits = active & (rng.random(len(days)) < own["sale"][customer])
    days = np.where(waits, sale, days)
    gift = SEASONS[turn % 2] + rng.integers(SEASON_DAYS, size=len(days))
    days = np.where(own["in_season"][customer], gift, days)
    regular = own["every"][customer] > 0
    if regular.any():
        rhythm = last[customer] - own["every"][customer] * turn + rng.integers(-2, 3, len(days))
        days = np.where(regular, np.clip(rhythm, 0, DAYS - 1), days)
    past_friday = np.maximum(0, days % 7 - 4)  # FIRST_DAY is a Monday
    return customer, days - np.where(own["weekdays"][customer], past_friday, 0)


def times_of_day(rng: np.random.Generator, days: np.ndarray) -> np.ndarray:
    """Draw a second of each day at which people shop, between 7 and 23 o'clock."""
    return days * DAY + rng.choice(HOURS, len(days), p=HOUR_WEIGHTS) * 3600 + rng.integers(3600, size=len(days))
