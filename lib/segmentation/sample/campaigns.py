"""Past campaigns with a known effect, and who was contacted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.sample.calendar import DAY, day_number
from segmentation.sample.customers import times_of_day
from segmentation.sample.kinds import KIND_NAMES


@dataclass(frozen=True)
class Campaign:
    """A past campaign: when it went out, how, what a contact cost, and by how much it raised the chance of an order."""

    name: str
    sent_on: str
    hour: int
    channel: str
    cents: int
    effect: dict[str, float]  # by kind: probability of one more order within WINDOW days; 0 when unnamed


WINDOW = 14  # days in which a campaign acts
CONTACTED = 0.7  # share of the consenting customers whom a campaign takes
TREATED = 0.7  # share of those who get the message; the others are its control
LOYAL = {"champions": 0.2, "regulars": 0.2, "steady small buyers": 0.15}
GIVERS = {"champions": 0.2, "regulars": 0.15, "seasonal gift buyers": 0.3, "bulk buyers": 0.15}
CAMPAIGNS = (
    Campaign("autumn-2024", "2024-10-14", 9, "e-mail", 2, {**LOYAL, "discount hunters": 0.2}),
    Campaign("gifts-2024", "2024-11-18", 8, "post", 95, GIVERS),
    Campaign("spring-2025", "2025-03-17", 9, "e-mail", 2, {**LOYAL, "discount hunters": 0.25}),
    Campaign("anniversary-2025", "2025-09-08", 17, "text message", 8, {}),  # did nothing
    Campaign("gifts-2025", "2025-11-17", 8, "post", 95, GIVERS),
    Campaign("summer-2026", "2026-05-11", 9, "e-mail", 2, {**LOYAL, "newcomers": 0.25}),
)


def draw_contacts(rng: np.random.Generator, customers: pd.DataFrame, first: np.ndarray) -> pd.DataFrame:
    """Send the campaigns to consenting customers who have bought before, the arm by lot.

    Returns
    -------
    DataFrame, one row a contact
        customer, campaign, sent : int; treated, answered : bool, answered places one more order; ordered : int, when
    """
    sent_to = []
    for code, campaign in enumerate(CAMPAIGNS):
        sent = day_number(campaign.sent_on) * DAY + campaign.hour * 3600
        invited = (customers["consent"] == 0) & (first < sent) & (rng.random(len(customers)) < CONTACTED)
        customer = np.flatnonzero(invited)
        treated = rng.random(len(customer)) < TREATED
        effect = np.array([campaign.effect.get(kind, 0.0) for kind in KIND_NAMES])[
            customers["kind"].to_numpy()[customer]
        ]
        contacts = pd.DataFrame({"customer": customer, "campaign": code, "sent": sent, "treated": treated})
        contacts["effect"] = effect * treated
        contacts["answered"] = rng.random(len(customer)) < contacts["effect"]
        day = sent // DAY + 1 + np.minimum(rng.exponential(3, len(customer)).astype(int), WINDOW - 2)
        contacts["ordered"] = times_of_day(rng, day)
        sent_to.append(contacts)
    return pd.concat(sent_to, ignore_index=True)
