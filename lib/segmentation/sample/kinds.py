"""Kinds of customer, each a way to behave."""

from dataclasses import dataclass

MIX = {  # share of customers in the usual shop
    "champions": 0.06,
    "regulars": 0.16,
    "seasonal gift buyers": 0.14,
    "discount hunters": 0.15,
    "one-time buyers": 0.26,
    "lapsed big spenders": 0.07,
    "newcomers": 0.16,
}


@dataclass(frozen=True)
class Kind:
    """How customers of one kind behave; days count from FIRST_DAY, shares lie between 0 and 1."""

    orders: tuple[int, float, int]  # fewest, how many more on average, most
    first: tuple[int, int]  # days between which the first order falls
    last: tuple[int, int]  # days between which the last order falls, mostly towards the second
    lines: float  # mean number of products in an order
    pieces: float  # mean number of pieces of a product
    premium: float  # chance to take the dearer of two products
    coupon: float  # share of orders with a coupon
    sale: float  # share of orders that wait for a sale
    refund: float  # share of orders refunded in whole or in part
    in_season: bool = False  # buys in the gift seasons only, whatever `first` and `last` say
    hunts: bool = False  # finds the better coupons and the reduced lines
    every: int = 0  # days from order to order, counted back from the last; 0 for no rhythm
    weekdays: bool = False  # does not buy on Saturdays and Sundays
    focus: float = 0.5  # share of lines from the favourite category
    favours: str = ""  # the category that most of them like best
    channel: str = ""  # the source that most of them use
    acquired: str = ""  # the channel that most of them came by
    born: int = 1983  # mean year of birth
    visits: float = 0.75  # visits without an order for each order placed online
    opens: float = 0.42  # share of e-mails opened
    speaks: float = 0.14  # share of orders followed by a review or survey
    pleased: int = 0  # by how much ratings are better than usual


KINDS = {
    "champions": Kind((6, 3.6, 30), (0, 300), (690, 729), 2.0, 1.4, 0.6, 0.05, 0.05, 0.04),
    "regulars": Kind((3, 1.3, 9), (0, 360), (610, 727), 1.6, 1.2, 0.5, 0.05, 0.05, 0.05),
    "seasonal gift buyers": Kind((2, 0.5, 4), (0, 0), (0, 0), 2.1, 2.5, 0.65, 0.05, 0.0, 0.04, in_season=True),
    "discount hunters": Kind((2, 1.5, 9), (0, 360), (540, 722), 1.4, 1.05, 0.2, 0.95, 0.5, 0.08, hunts=True),
    "one-time buyers": Kind((1, 0.0, 1), (0, 590), (0, 0), 1.25, 1.05, 0.3, 0.05, 0.05, 0.02),
    "lapsed big spenders": Kind((4, 1.8, 12), (0, 110), (250, 445), 2.6, 2.9, 0.9, 0.05, 0.05, 0.05),
    "newcomers": Kind((1, 0.5, 3), (655, 726), (660, 729), 1.5, 1.15, 0.5, 0.06, 0.0, 0.04),
}
FAMILY = KINDS | {  # all kinds of which a shop can be drawn
    "steady small buyers": Kind(
        (8, 6.0, 30), (0, 330), (640, 728), 1.05, 1.0, 0.12, 0.05, 0.05, 0.03, channel="mobile_app", opens=0.55
    ),
    "bulk buyers": Kind(
        (2, 1.0, 6), (0, 400), (420, 720), 6.0, 9.0, 0.4, 0.03, 0.03, 0.03, weekdays=True, acquired="referral",
        born=1972, visits=0.3, speaks=0.05,
    ),
    "subscribers": Kind(
        (8, 5.0, 18), (0, 0), (700, 729), 1.1, 1.6, 0.6, 0.02, 0.0, 0.01, every=30, focus=0.97, favours="Coffee",
        acquired="newsletter", visits=0.15, pleased=1,
    ),
    "serial returners": Kind(
        (4, 2.0, 12), (0, 450), (500, 725), 2.6, 1.05, 0.7, 0.1, 0.1, 0.6, born=1996, acquired="social", speaks=0.25,
        pleased=-1,
    ),
    "window shoppers": Kind(
        (1, 0.5, 3), (150, 560), (560, 720), 1.0, 1.0, 0.15, 0.35, 0.6, 0.03, acquired="social", visits=6.0, opens=0.6
    ),
}  # fmt: skip
CROWD, NOISE = "crowd", "none"
ALIKE = Kind((6, 10.0, 60), (0, 200), (560, 729), 1.8, 1.5, 0.5, 0.3, 0.1, 0.05)  # one kind, spread out evenly
KIND_NAMES = (*FAMILY, CROWD, NOISE)  # a customer's kind is its place here
SMALLEST_KIND = 0.08  # share of customers
NOISY_WAYS = 300  # different ways to behave at random
