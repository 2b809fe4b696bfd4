"""A seeded sample shop: invented customers of planted kinds, planted dirt, campaigns with a known effect."""

import gzip
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segmentation.problems import DataProblem, some
from segmentation.runs import replacing, write_json

FIRST_DAY = date(2024, 7, 1)
LAST_DAY = date(2026, 6, 30)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
CHUNK = 20_000  # customers made at once; what is in memory does not grow with the shop
DAY = 86_400  # seconds

# Kinds of customer -------------------------------------------------------------------------------------------------

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


def day_number(day: str) -> int:
    """Count the days from FIRST_DAY to a day written as ISO text."""
    return (date.fromisoformat(day) - FIRST_DAY).days


SEASONS = np.array([day_number("2024-11-01"), day_number("2025-11-01")])  # gift seasons, to 23 December
SEASON_DAYS = 53
SALES = ("2024-07-15", "2024-11-25", "2025-01-06", "2025-07-14", "2025-11-24", "2026-01-05")  # two weeks each
SALE_DAYS = np.concatenate([day_number(day) + np.arange(14) for day in SALES])
HOURS = np.arange(7, 23)
HOUR_WEIGHTS = np.array([2, 3, 4, 5, 5, 6, 5, 5, 5, 6, 7, 8, 10, 11, 9, 4]) / 95
COUPONS = ("", "WELCOME10", "FRIENDS10", "SPRING15", "SAVE20")
COUPON_PERCENT = np.array([0, 10, 10, 15, 20])


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


@dataclass(frozen=True)
class Dirt:
    """How much of each kind of dirt to plant, each a share of the customers' own orders; 0 plants none.

    Guests, cancelled and test orders are orders added to the shop. The others are a line added to an order that has
    neither coupon nor refund, at most one to an order: no coupon is spread over dirt, and each dirty row is dirty in
    one way only.

    Raises
    ------
    DataProblem
        A share is not between 0 and 1, or the lines to add ask for more orders than there are.
    """

    guests: float = 0.02  # orders without e-mail and phone
    cancelled: float = 0.015  # orders with a time of cancelling
    tests: float = 0.006  # orders paid by the test gateway
    duplicates: float = 0.015  # exact copies of a row, right after it or later in its order
    zero_prices: float = 0.008
    negative_prices: float = 0.004
    absurd_quantities: float = 0.003  # 60,000 to 99,999 pieces
    gifts: float = 0.01  # line discount as high as the price
    fees: float = 0.04  # postage and service fees as lines

    def __post_init__(self) -> None:
        """Refuse shares that cannot be planted."""
        wrong = [f"{name} = {share}" for name, share in asdict(self).items() if not 0 <= share <= 1]
        if wrong:
            raise DataProblem(f"Each kind of dirt must be a share between 0 and 1; got {some(wrong)}.")
        lines = sum(getattr(self, name) for name in DIRTY_LINES)
        if lines > 0.5:
            raise DataProblem(
                f"Dirty lines can stand in half of the orders at most; {some(DIRTY_LINES)} add up to {lines:.2f}."
            )


DIRT_KINDS = ("", *(knob.name for knob in fields(Dirt)))  # a row's dirt is its place here; 0 is a clean row
DIRTY_ORDERS, DIRTY_LINES = DIRT_KINDS[1:4], DIRT_KINDS[4:]
CODE = {kind: code for code, kind in enumerate(DIRT_KINDS)}
USUAL_DIRT = Dirt()

# What the shop sells -----------------------------------------------------------------------------------------------

ASSORTMENT = {  # category: products with their price in its smallest variant, variants with their factor
    "Tea": (
        {"Assam": 9, "Darjeeling First Flush": 13, "Earl Grey": 9, "Grüner Sencha": 11, "Rooibos": 9, "Peppermint": 8,
         "Children's tea": 8},
        {"100 g": 1, "200 g": 1.7, "300 g": 2.3, "gift tin": 2},
    ),
    "Coffee": (
        {"House blend": 10, "Espresso": 11, "Decaf": 11, "Sidamo": 14, "Santos": 10, "Crema": 11, "Cold brew": 12},
        {"250 g": 1, "500 g": 1.7, "750 g": 2.3, "20 pods": 1.2},
    ),
    "Ceramics": (
        {'Mug "Good morning"': 14, "Bowl": 17, "Plate": 18, "Teapot": 32, "Crème brûlée dishes, set of 4": 26,
         "Vase": 27, "Jug": 25},
        {"white": 1, "sea blue": 1, "forest green": 1.1, "hand-painted": 1.5},
    ),
    "Kitchen": (
        {"Chef's knife": 36, "Käsemesser": 20, "Chopping board": 26, "Mixing bowl": 17, "Baker's peel": 26,
         "Pepper mill": 28, "Whisk": 11},
        {"beech": 1, "walnut": 1.3, "steel": 1.2, "family size": 1.4},
    ),
    "Candles": (
        {'Candle "Winter evening"': 12, 'Candle "Sea & salt"': 12, "Beeswax candle": 11, "Pillar candle": 9,
         "Tealights": 8, "Candle, unscented": 9, "Lantern": 20},
        {"small": 1, "medium": 1.4, "large": 1.9, "set of 3": 2.2},
    ),
    "Textiles": (
        {"Tea towel, linen": 13, "Apron": 22, "Tablecloth": 32, "Cushion cover": 19, "Throw": 39, "Bath towel": 21,
         "Napkins, set of 4": 16},
        {"natural": 1, "grey": 1, "rust": 1.05, "striped": 1.15},
    ),
    "Stationery": (
        {"Notebook": 11, "Calendar": 15, "Greeting cards, set of 8": 13, "Fountain pen": 26, "Washi tape": 8,
         "Wrapping paper": 8, "Sketchbook": 12},
        {"blue": 1, "black": 1, "ivory": 1, "gold edition": 1.5},
    ),
    "Gift sets": (
        {"Breakfast box": 22, "Tea lover's box": 23, "Baking box": 25, "Cosy evening box": 27, "Für dich": 19,
         "Thank-you box": 20, "Housewarming box": 29},
        {"small": 1, "classic": 1.3, "large": 1.6, "luxury": 2.1},
    ),
}  # fmt: skip
FEES = (("POSTAGE", "Postage", 490), ("SERVICE-FEE", "Service fee", 250))  # code, name, cents


def products() -> pd.DataFrame:
    """List the assortment.

    Returns
    -------
    DataFrame, one row a product, the products of a category together, then the fees
        code, name, category : str; cents : int, price of a piece; popularity : float

    Examples
    --------
    >>> products().iloc[0, :2].to_list()
    ['TEA-001', 'Assam - 100 g']
    """
    rows = []
    for category, (names, variants) in ASSORTMENT.items():
        offers = [
            (name, price, variant, factor) for name, price in names.items() for variant, factor in variants.items()
        ]
        for number, (name, price, variant, factor) in enumerate(offers, start=1):
            cents = round(2 * price * factor) * 50 - 10
            rows.append((f"{category[:3].upper()}-{number:03d}", f"{name} - {variant}", category, cents))
    listed = pd.DataFrame(rows, columns=["code", "name", "category", "cents"])
    rank = np.arange(len(listed)) * 89 % len(listed)  # 89 and 224 share no factor: every rank once, well mixed
    listed["popularity"] = 1 / (rank + 8) ** 0.7
    fees = pd.DataFrame([(code, name, "Fees", cents, 0.0) for code, name, cents in FEES], columns=listed.columns)
    return pd.concat([listed, fees], ignore_index=True)


PRODUCTS = products()
PRODUCT_CENTS = PRODUCTS["cents"].to_numpy()
SOLD = len(PRODUCTS) - len(FEES)  # products; fees come after them
POPULARITY = PRODUCTS["popularity"].to_numpy()[:SOLD].cumsum()
CATEGORY_ENDS = np.append(0.0, POPULARITY[SOLD // len(ASSORTMENT) - 1 :: SOLD // len(ASSORTMENT)])

# Who lives there ---------------------------------------------------------------------------------------------------

# fmt: off
FIRST_NAMES = {
    "female": (
        "Anna", "Clara", "Edda", "Frieda", "Greta", "Hanne", "Ida", "Jule", "Käthe", "Lena", "Marla", "Nele", "Paula",
        "Rosa", "Svea", "Thea", "Ylva", "Zoé",
    ),
    "male": (
        "Arne", "Bent", "Carl", "Emil", "Finn", "Gustav", "Henri", "Ivo", "Jörg", "Kilian", "Levi", "Mats", "Nils",
        "Oskar", "Piet", "Rasmus", "Theo", "Udo",
    ),
    "diverse": (
        "Alex", "Kim", "Luca", "Mika", "Robin", "Sascha",
    ),
}
TREES = (
    "Ahorn", "Birken", "Eichen", "Erlen", "Kiefern", "Linden", "Moos", "Mühlen", "Rosen", "Ulmen", "Wald", "Weiden",
    "Wiesen",
)
PLACES = (
    "anger", "bichl", "garten", "grund", "hain", "horst", "moor", "quell", "steg", "wehr", "winkel",
)
FAMILY_NAMES = [f"{tree}{place}" for tree in TREES for place in PLACES] + ["O'Linden", "van Ahorn", "Birken-Moor"]
CITIES = [  # country, city, zip, weight
    ("DE", "Berlin", "10115", 14), ("DE", "Hamburg", "20095", 9), ("DE", "München", "80331", 8),
    ("DE", "Köln", "50667", 7), ("DE", "Leipzig", "'04109", 6), ("DE", "Dresden", "'01067", 5),
    ("DE", "Freiburg", "79098", 5), ("DE", "Kiel", "24103", 4), ("DE", "Göttingen", "37073", 4),
    ("AT", "Wien", "1010", 8), ("AT", "Graz", "8010", 4), ("AT", "Salzburg", "5020", 3),
    ("CH", "Zürich", "8001", 5), ("CH", "Basel", "4001", 3), ("NL", "Utrecht", "3511 AB", 4),
    ("NL", "Amsterdam", "1012 AB", 4), ("FR", "Strasbourg", "67000", 3), ("FR", "Lyon", "69001", 2),
    ("BE", "Gent", "9000", 2),
]
STREETS = (
    "Lindenweg", "Am Anger", "Bachgasse", "Eichenallee", "Gartenstraße", "Hofweg", "Kirchplatz", "Mühlgasse",
    "Wiesengrund",
)
DRAMA_NUMBERS = ("+49 30 23125", "+49 40 66969", "+49 221 4710", "+49 69 90009", "+49 89 99998")  # free for fiction
ACQUISITION = ("search", "social", "newsletter", "referral", "marketplace", "store")
CONSENT = ("true", "false", "")
SOURCES = ("web", "mobile_app", "pos")
POS = SOURCES.index("pos")
PAYMENTS = ("Shopify Payments", "PayPal Express Checkout", "Klarna", "Bank Deposit")
NOTES = ("", "Please ring twice, thank you", "Leave it at the neighbours'", 'Card: "Happy birthday!"', "Gift, no bill")
TAGS = ("", "gift-wrap", "newsletter", "gift-wrap, newsletter")
REVIEWS = (  # one set of phrases per rating
    ("The parcel arrived broken.", "Nothing like the picture.", "I waited three weeks.", "It fell apart at once."),
    ("Smaller than I thought.", "The colour is off.", "Delivery took too long.", "Not worth the price."),
    ("It is all right.", "Good, but the box was dented.", "Does what it should.", "Nice, a little dear."),
    ("Good quality.", "A lovely present.", "Arrived quickly.", "We like it a lot."),
    ("Wonderful, my favourite shop!", "Perfect in every detail.", "Everybody at home loves it.", "Beautifully packed."),
)
ENDINGS = ("", "", "I would order again.", "I will look elsewhere.", "Friendly service.", "No answer to my e-mail.")
COMPLAINTS = (
    "Where is my refund?", "The item was damaged.", "The wrong article came.", "The parcel never arrived.",
    "I was charged twice.",
)
# fmt: on

# Writing -----------------------------------------------------------------------------------------------------------


class CsvFile:
    """A CSV file that grows chunk by chunk, quoted only where needed, the same bytes on every machine."""

    def __init__(self, path: Path, *, compress: bool) -> None:
        """Open the file; a compressed one holds no clock time."""
        self.raw: BinaryIO = path.open("wb")
        self.out = gzip.GzipFile("", "wb", compresslevel=1, fileobj=self.raw, mtime=0) if compress else self.raw
        self.has_header = False

    def __enter__(self) -> "CsvFile":
        """Hand over the open file."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close the file."""
        self.out.close()
        self.raw.close()

    def append(self, columns: dict[str, pa.Array]) -> None:
        """Write rows, below the header the first time; texts that need quotes already have them."""
        if not self.has_header:
            self.out.write((",".join(columns) + "\n").encode())
            self.has_header = True
        rows = pc.binary_join_element_wise(*columns.values(), ",", null_handling="replace", null_replacement="")
        lines = pc.binary_join_element_wise(rows, "", "\n")
        if len(lines):  # end to end in memory, the lines are the file
            self.out.write(lines.buffers()[2])


def quoted(word: str) -> str:
    """Write a text as a CSV cell.

    Examples
    --------
    >>> print(quoted("Napkins, set of 4"), quoted("Vase"))
    "Napkins, set of 4" Vase
    """
    return '"' + word.replace('"', '""') + '"' if any(mark in word for mark in ',"\n') else word


def worded(words: Sequence[str], codes: np.ndarray, *, where: np.ndarray | None = None) -> pa.Array:
    """Look words up by their place in a list, quoted for CSV; empty outside `where`."""
    return picked(pa.array([quoted(word) for word in words], pa.string()), codes, where=where)


def picked(values: pa.Array, rows: np.ndarray, *, where: np.ndarray | None = None) -> pa.Array:
    """Take values by place; null outside `where`."""
    return values.take(pa.array(rows, mask=None if where is None else ~where))


def numbered(numbers: np.ndarray) -> pa.Array:
    """Write whole numbers as text."""
    return pc.cast(pa.array(numbers), pa.string())


def money(cents: np.ndarray) -> pa.Array:
    """Write cents as an amount with two decimals.

    Examples
    --------
    >>> money(np.array([1250, -5])).to_pylist()
    ['12.50', '-0.05']
    """
    whole = pa.array(cents, pa.int64())
    return pc.cast(pa.Array.from_buffers(pa.decimal64(18, 2), len(whole), whole.buffers()), pa.string())


def offsets() -> list[str]:
    """List the shop's distance from universal time on each day, a month past the end included."""
    zone = ZoneInfo("Europe/Berlin")
    noon = pd.date_range(FIRST_DAY, periods=DAYS + 31, tz=zone) + pd.Timedelta(hours=12)
    return [day.strftime(" %z") for day in noon]


DAY_WORDS = pa.array([(FIRST_DAY + timedelta(days=number)).isoformat() for number in range(DAYS + 31)])
SECOND_WORDS = pa.array([f" {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY)])
OFFSET_WORDS = pa.array(offsets())


def times(seconds: np.ndarray, *, where: np.ndarray | None = None, offset: bool = False) -> pa.Array:
    """Write seconds since the start of FIRST_DAY as local time, with the distance from universal time on demand.

    Examples
    --------
    >>> times(np.array([36000]), offset=True).to_pylist()
    ['2024-07-01 10:00:00 +0200']
    """
    days = seconds // DAY
    parts = [picked(DAY_WORDS, days, where=where), picked(SECOND_WORDS, seconds % DAY)]
    return pc.binary_join_element_wise(*parts, *([picked(OFFSET_WORDS, days)] if offset else []), "")


# Customers and their orders: tables of codes and whole numbers -----------------------------------------------------


@dataclass(frozen=True)
class Cast:
    """Who is to live in a shop: roles, each of a kind, with a share of the customers and what it does."""

    kinds: np.ndarray  # place in KIND_NAMES; several roles may be of one kind
    shares: np.ndarray  # add up to 1
    traits: pd.DataFrame  # see `traits`

    @property
    def names(self) -> list[str]:
        """Name the kinds, each once."""
        return [KIND_NAMES[kind] for kind in dict.fromkeys(self.kinds.tolist())]


RANGES = {
    "orders": ("fewest", "more", "most"),
    "first": ("first_from", "first_to"),
    "last": ("last_from", "last_to"),
}


def traits(roles: Sequence[Kind]) -> pd.DataFrame:
    """Set out what each role does: one row a role, one column a number; -1 for no preference."""
    words = {"favours": tuple(ASSORTMENT), "channel": SOURCES, "acquired": ACQUISITION}
    columns: dict[str, Sequence[Any]] = {}
    for trait in fields(Kind):
        values = [getattr(role, trait.name) for role in roles]
        if trait.name in RANGES:
            columns |= dict(zip(RANGES[trait.name], zip(*values, strict=True), strict=True))
        elif trait.name in words:
            columns[trait.name] = [words[trait.name].index(value) if value else -1 for value in values]
        else:
            columns[trait.name] = values
    return pd.DataFrame(columns)


def draw_cast(kinds: int | Sequence[str] | None, *, noise: float, seed: int) -> Cast:
    """Choose the kinds of a shop and their shares; see `make_shop`."""
    require_castable(kinds, noise=noise)
    rng = np.random.default_rng([seed, 12])
    names = list(MIX) if kinds is None else drawn_kinds(rng, kinds)
    spare = 1 - SMALLEST_KIND * len(names)
    drawn = SMALLEST_KIND + spare * rng.dirichlet(np.ones(len(names)))
    shares = np.array(list(MIX.values())) if kinds is None else drawn
    ways = [random_kind(rng) for _ in range(NOISY_WAYS if noise else 0)]
    roles = [ALIKE if name == CROWD else FAMILY[name] for name in names] + ways
    codes = [KIND_NAMES.index(name) for name in [*names, *[NOISE] * len(ways)]]
    return Cast(np.array(codes), np.append(shares * (1 - noise), [noise / NOISY_WAYS] * len(ways)), traits(roles))


def drawn_kinds(rng: np.random.Generator, kinds: int | Sequence[str]) -> list[str]:
    """Draw so many kinds from the family, or take those that are named."""
    if not isinstance(kinds, int):
        return list(kinds)
    return [list(FAMILY)[place] for place in sorted(rng.permutation(len(FAMILY))[:kinds])]


def require_castable(kinds: int | Sequence[str] | None, *, noise: float) -> None:
    """Require kinds that there are, and that noise leaves most customers to them.

    Raises
    ------
    DataProblem
        See `make_shop`.
    """
    if not 0 <= noise <= 0.5:
        raise DataProblem(f"At most half of the customers can behave at random; got a noise of {noise}.")
    if kinds is None:
        return
    if isinstance(kinds, int):
        if not 1 <= kinds <= len(FAMILY):
            raise DataProblem(f"A shop can have from 1 to {len(FAMILY)} kinds of customer; got {kinds}.")
        return
    unknown = [name for name in kinds if name not in FAMILY and name != CROWD]
    if unknown or len(set(kinds)) < len(kinds) or not kinds:
        listed = ", ".join((*FAMILY, CROWD))
        raise DataProblem(f"Kinds of customer must be some of {listed}, none twice; got {some(unknown or kinds)}.")


def random_kind(rng: np.random.Generator) -> Kind:
    """Make up a way to behave that follows no kind."""
    first = int(rng.integers(0, 700))
    last = int(rng.integers(first, DAYS))
    return Kind(
        orders=(int(rng.integers(1, 9)), float(rng.exponential(2)), 30),
        first=(first, min(first + 30, DAYS - 1)),
        last=(last, min(last + 30, DAYS - 1)),
        lines=1 + float(rng.exponential(1)),
        pieces=1 + float(rng.exponential(1)),
        premium=float(rng.random()),
        coupon=float(rng.random() ** 2),
        sale=float(rng.random() ** 2),
        refund=float(rng.random() ** 3),
        focus=float(rng.random()),
        visits=float(rng.exponential(1)),
        opens=float(rng.random()),
    )


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


def draw_orders(
    rng: np.random.Generator, customers: pd.DataFrame, customer: np.ndarray, second: np.ndarray
) -> pd.DataFrame:
    """Decide for each order of a customer what holds for the whole order.

    Returns
    -------
    DataFrame, one row an order
        customer, second, kind, coupon, refund (0 none, 1 whole, 2 part), source, dirt, … : int codes
    """
    count = len(customer)
    own = {name: customers[name].to_numpy()[customer] for name in ("kind", "coupon", "hunts", "refund")}
    usual, other = customers["source"].to_numpy()[customer], rng.integers(len(SOURCES), size=count)
    source = np.where(rng.random(count) < 0.85, usual, other)
    coupon = rng.random(count) < own["coupon"]
    code = np.where(own["hunts"], 3, 1) + (rng.random(count) < 0.5)  # who hunts finds the better ones
    refunded = rng.random(count) < own["refund"]
    return pd.DataFrame(
        {
            "customer": customer,
            "second": second,
            "kind": own["kind"],
            "dirt": 0,
            "coupon": np.where(coupon, code, 0),
            "refund": np.where(refunded, rng.choice([1, 2], count, p=[0.35, 0.65]), 0),
            "part": rng.integers(20, 50, count),  # percent of a single line that is paid back
            "source": source,
            "paid_after": rng.integers(2, 90, count),
            "fulfilled_after": rng.integers(DAY // 2, 4 * DAY, count),
            "payment": rng.choice(len(PAYMENTS), count, p=[0.45, 0.3, 0.18, 0.07]),
            "note": rng.choice(len(NOTES), count, p=[0.94, 0.02, 0.015, 0.01, 0.015]),
            "tag": rng.choice(len(TAGS), count, p=[0.9, 0.05, 0.04, 0.01]),
            "risky": rng.random(count) < 0.02,
            "capitals": rng.random(count) < 0.03,
        }
    )


def dirty_orders(rng: np.random.Generator, customers: pd.DataFrame, orders: pd.DataFrame, dirt: Dirt) -> pd.DataFrame:
    """Draw guests', cancelled and test orders, each some minutes before an order that stands.

    A guest buys in the store, with the tastes of `customer`, who stays unnamed.
    """
    added = []
    for kind in DIRTY_ORDERS:
        model = orders.iloc[rng.integers(len(orders), size=whole(rng, getattr(dirt, kind) * len(orders)))]
        second = model["second"].to_numpy() - rng.integers(300, 2 * 3600, len(model))
        drawn = draw_orders(rng, customers, model["customer"].to_numpy(), second)
        added.append(drawn.assign(dirt=CODE[kind], coupon=0, refund=0))
    orders = pd.concat(added, ignore_index=True)
    return orders.assign(source=np.where(orders["dirt"] == CODE["guests"], POS, orders["source"]))


def whole(rng: np.random.Generator, expected: float) -> int:
    """Turn an expected count into a whole one, up or down by chance so that small shops get their part."""
    return int(expected + rng.random())


# Order lines -------------------------------------------------------------------------------------------------------


def draw_products(
    rng: np.random.Generator, favourite: np.ndarray, *, focus: np.ndarray, premium: np.ndarray
) -> np.ndarray:
    """Draw a product for each line, popular ones more often.

    The chance that it is of the favourite category is `focus`; of two candidates the dearer one is taken with the
    chance `premium`.
    """
    own = rng.random(len(favourite)) < focus
    low = np.where(own, CATEGORY_ENDS[favourite], 0.0)
    high = np.where(own, CATEGORY_ENDS[favourite + 1], POPULARITY[-1])
    draws = low + rng.random((2, len(favourite))) * (high - low)
    one, other = np.minimum(np.searchsorted(POPULARITY, draws, side="right"), SOLD - 1)
    dearer = PRODUCT_CENTS[one] > PRODUCT_CENTS[other]
    return np.where((rng.random(len(favourite)) < premium) == dearer, one, other)


def draw_lines(rng: np.random.Generator, orders: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Fill orders with lines; no product twice in an order, so that no two clean rows are alike.

    Returns
    -------
    DataFrame, one row a line, in no order
        order : row in `orders`; product, quantity : int; cents, discount : int, of a piece, off the line;
        dirt : code; place : float, where it stands in its order
    """
    customer = orders["customer"].to_numpy()
    order = np.repeat(np.arange(len(orders)), 1 + rng.poisson(customers["lines"].to_numpy()[customer] - 1))
    names = ("favourite", "focus", "premium", "generosity", "pieces", "hunts")
    own = {name: customers[name].to_numpy()[customer[order]] for name in names}
    premium = own["premium"] + own["generosity"]
    product = draw_products(rng, own["favourite"], focus=own["focus"], premium=premium)
    quantity = 1 + rng.poisson(own["pieces"] - 1)
    on_sale = np.isin(orders["second"].to_numpy()[order] // DAY, SALE_DAYS)
    chance = np.where(on_sale, np.where(own["hunts"], 0.8, 0.3), 0.02)
    percent = np.where(rng.random(len(order)) < chance, rng.choice([15, 20, 30], len(order)), 0)
    lines = pd.DataFrame({"order": order, "product": product, "quantity": quantity, "cents": PRODUCT_CENTS[product]})
    lines["discount"] = lines["cents"] * quantity * percent // 100
    lines["dirt"] = orders["dirt"].to_numpy()[order]
    lines["place"] = rng.random(len(order))
    return lines.drop_duplicates(["order", "product"])


def dirty_lines(rng: np.random.Generator, orders: pd.DataFrame, dirt: Dirt) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw lines of dirt for clean orders, and the orders in which a row is to be repeated.

    Returns
    -------
    Lines as in `draw_lines`, and rows of `orders`
    """
    plain = np.flatnonzero((orders["coupon"] == 0) & (orders["refund"] == 0))
    counts = [whole(rng, getattr(dirt, kind) * len(orders)) for kind in DIRTY_LINES]
    repeated, *chosen = np.split(rng.permutation(plain), np.cumsum(counts))[: len(counts)]
    kinds = np.repeat([CODE[kind] for kind in DIRTY_LINES[1:]], [len(part) for part in chosen])
    is_fee, count = kinds == CODE["fees"], len(kinds)
    product = np.where(is_fee, SOLD + (rng.random(count) < 0.25), rng.integers(SOLD, size=count))
    absurd = rng.integers(60_000, 100_000, count)
    lines = pd.DataFrame({"order": np.concatenate(chosen), "product": product})
    lines["quantity"] = np.where(kinds == CODE["absurd_quantities"], absurd, 1)
    sign = np.where(kinds == CODE["zero_prices"], 0, np.where(kinds == CODE["negative_prices"], -1, 1))
    lines["cents"] = PRODUCT_CENTS[product] * sign
    lines["discount"] = np.where(kinds == CODE["gifts"], lines["cents"], 0)
    return lines.assign(dirt=kinds, place=np.where(is_fee, 2.0, rng.random(count))), repeated


def repeat_rows(rng: np.random.Generator, lines: pd.DataFrame, orders: np.ndarray) -> pd.DataFrame:
    """Copy one row of each of some orders, to right after it or to later in the same order.

    Parameters
    ----------
    lines : DataFrame, one row a line, sorted by order and place, with `is_first` for an order's first row
    orders : orders whose lines are all clean
    """
    start = np.searchsorted(lines["order"], orders)
    end = np.searchsorted(lines["order"], orders, side="right")
    source = rng.integers(start, end)
    rows = np.concatenate([np.arange(len(lines)), source])
    places = np.concatenate([np.arange(len(lines)), rng.integers(source, end) + 0.5])
    is_copy = np.arange(len(rows)) >= len(lines)
    order = np.argsort(places, kind="stable")
    copied = lines.iloc[rows[order]].reset_index(drop=True)
    copied.loc[is_copy[order], "dirt"] = CODE["duplicates"]
    return copied


def settle(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Add up each order, in cents: subtotal after line discounts and coupon, refund, shipping, tax, total.

    A refund is of goods, net: the whole subtotal, or what one of several lines came to, or part of a single line.
    """
    value = (lines["quantity"] * lines["cents"] - lines["discount"]).to_numpy()
    start = np.flatnonzero(lines["is_first"])
    gross, count = np.add.reduceat(value, start), np.diff(np.append(start, len(lines)))
    coupon = gross * COUPON_PERCENT[orders["coupon"]] // 100
    subtotal = gross - coupon
    one_line, part_of_it = value[start] * subtotal // np.where(gross == 0, 1, gross), subtotal * orders["part"] // 100
    lost = np.where(count > 1, one_line, part_of_it)
    shipping = np.where((orders["source"] == POS) | (subtotal >= 6000), 0, 490)
    taxes = np.maximum(0, (subtotal + shipping) * 19 // 100)
    return orders.assign(
        gross=gross,
        coupon_cents=coupon,
        subtotal=subtotal,
        refunded=np.choose(orders["refund"].to_numpy(), [0 * subtotal, subtotal, lost]),
        shipping=shipping,
        taxes=taxes,
        total=subtotal + shipping + taxes,
    )


# Visits and opinions -------------------------------------------------------------------------------------------------

EVENTS = ("view", "cart", "checkout", "order")


def draw_events(
    rng: np.random.Generator, orders: pd.DataFrame, lines: pd.DataFrame, customers: pd.DataFrame
) -> pd.DataFrame:
    """Draw visits: those in which orders were placed, and earlier ones that ended without an order.

    Returns
    -------
    DataFrame, one row an action, sorted by time
        customer : int, -1 for an unknown visitor; second, event, session, product (-1 for none), duration : int
    """
    online = np.flatnonzero((orders["dirt"] == 0) & (orders["source"] != POS))
    buying = pd.DataFrame({"order": online[rng.random(len(online)) < 0.6], "ends": 3, "back": 0})
    often = customers["visits"].to_numpy()[orders["customer"].to_numpy()[online]]
    luck = rng.random(len(online))
    idle = pd.DataFrame({"order": np.repeat(online, often.astype(int) + (luck < often % 1))})
    idle["ends"] = rng.choice(3, len(idle), p=[0.7, 0.22, 0.08])
    idle["back"] = rng.integers(0, 15, len(idle)) * DAY + rng.integers(3600, 7200, len(idle))
    visits = pd.concat([buying, idle], ignore_index=True)
    visits["session"] = np.arange(len(visits))
    visits["customer"] = orders["customer"].to_numpy()[visits["order"]]
    visits.loc[(visits["back"] > 0) & (rng.random(len(visits)) < 0.06), "customer"] = -1
    visits["second"] = orders["second"].to_numpy()[visits["order"]] - visits["back"]
    visits = visits[visits["second"] >= 4 * 3600]
    events = pd.concat([visit_actions(rng, visits, lines, event) for event in range(len(EVENTS))], ignore_index=True)
    return events.sort_values(["second", "session", "event"], kind="stable", ignore_index=True)


def visit_actions(rng: np.random.Generator, visits: pd.DataFrame, lines: pd.DataFrame, event: int) -> pd.DataFrame:
    """Draw one action of all visits that get so far: a view of each product, one each of the others."""
    reached = visits[visits["ends"] >= event]
    seen = lines.loc[lines["dirt"] == 0, ["order", "product"]]
    if event > 0:
        seen = seen.drop_duplicates("order")
    actions = reached.merge(seen, on="order").assign(event=event)
    earliest, latest = ((1800, 400), (390, 150), (140, 30), (0, 0))[event]  # seconds before the visit's end
    actions["second"] -= rng.integers(latest, earliest + 1, len(actions))
    actions["duration"] = np.minimum(rng.lognormal(3.6, 0.8, len(actions)).astype(int) + 2, latest if latest else 15)
    if event > 1:
        actions["product"] = -1
    return actions


def draw_feedback(rng: np.random.Generator, orders: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Draw reviews, surveys and complaints some days after orders; refunds make complaints likely.

    Returns
    -------
    DataFrame, one row an opinion, sorted by time
        customer, second, kind (0 review, 1 survey, 2 complaint), rating (1 to 5, 0 for none), phrase, ending : int
    """
    orders = orders[orders["dirt"] == 0]
    luck = rng.random(len(orders))
    complains = luck < np.where(orders["refund"] > 0, 0.3, 0.008)
    speaks = complains | (luck > 1 - customers["speaks"].to_numpy()[orders["customer"]])
    own, complains = orders[speaks], complains[speaks]
    kind = np.where(complains, 2, (rng.random(len(own)) < 0.3).astype(int))
    happy = rng.choice([1, 2, 3, 4, 5], len(own), p=[0.03, 0.05, 0.12, 0.3, 0.5])
    cross = rng.choice([0, 1, 2, 3], len(own), p=[0.3, 0.4, 0.22, 0.08])
    opinions = pd.DataFrame({"customer": own["customer"].to_numpy(), "kind": kind})
    opinions["second"] = times_of_day(rng, own["second"].to_numpy() // DAY + rng.integers(3, 25, len(own)))
    pleased = customers["pleased"].to_numpy()[own["customer"]] - 2 * (own["refund"].to_numpy() > 0)
    opinions["rating"] = np.where(kind == 2, cross, np.clip(happy + pleased, 1, 5))
    opinions["phrase"] = rng.integers(4, size=len(own)) + (kind == 2) * rng.integers(2, size=len(own))
    opinions["ending"] = rng.integers(4, size=len(own))
    opinions["silent"] = (kind == 1) & (rng.random(len(own)) < 0.6)
    return opinions[opinions["second"] < DAYS * DAY].sort_values(["second", "customer"], ignore_index=True)


# Columns as they are written -----------------------------------------------------------------------------------------


def ascii_word(word: str) -> str:
    """Spell a name for an e-mail address.

    Examples
    --------
    >>> ascii_word("Müller-O'Land")
    'muelleroland'
    """
    spelt = word.lower().translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}))
    return "".join(letter for letter in unicodedata.normalize("NFKD", spelt) if "a" <= letter <= "z")


GIVEN = [name for names in FIRST_NAMES.values() for name in names]


def person_columns(customers: pd.DataFrame) -> dict[str, pa.Array]:
    """Write what identifies each customer: e-mail (lower case, and as typed with capitals), name, phone, address."""
    numbers = numbered(customers["number"].to_numpy())
    first, family = customers["first_name"].to_numpy(), customers["family_name"].to_numpy()
    spelt = [ascii_word(name) for name in GIVEN], [ascii_word(name) for name in FAMILY_NAMES]
    extension, area = np.divmod(customers["number"].to_numpy(), len(DRAMA_NUMBERS))
    area_words = worded(DRAMA_NUMBERS, area, where=customers["has_phone"].to_numpy())

    def email(given: list[str]) -> pa.Array:
        parts = [worded(given, first), ".", worded(spelt[1], family), numbers, "@example.com"]
        return pc.binary_join_element_wise(*parts, "")

    return {
        "email": email(spelt[0]),
        "typed": email([name.capitalize() for name in spelt[0]]),
        "name": pc.binary_join_element_wise(worded(GIVEN, first), worded(FAMILY_NAMES, family), " "),
        "phone": pc.binary_join_element_wise(area_words, pc.utf8_lpad(numbered(extension), 3, padding="0"), ""),
        "street": pc.binary_join_element_wise(
            worded(STREETS, customers["street"].to_numpy()), numbered(customers["house"].to_numpy()), " "
        ),
    }


def address(customers: pd.DataFrame, part: int) -> pa.Array:
    """Write each customer's country, city or zip."""
    return worded([city[part] for city in CITIES], customers["city"].to_numpy())


def customer_columns(
    rng: np.random.Generator, customers: pd.DataFrame, person: dict[str, pa.Array], first: np.ndarray
) -> dict[str, pa.Array]:
    """Write customers.csv, in canonical columns; some of what a shop would not know is missing."""
    known = rng.random((3, len(customers))) < np.array([[0.8], [0.75], [0.92]])
    joined = np.maximum(0, first // DAY - customers["joined_before"].to_numpy())
    return {
        "customer_id": person["email"],
        "email": person["email"],
        "phone": person["phone"],
        "name": person["name"],
        "birth_year": picked(numbered(customers["birth_year"].to_numpy()), np.arange(len(customers)), where=known[0]),
        "gender": worded(list(FIRST_NAMES), customers["gender"].to_numpy(), where=known[1]),
        "city": worded([city[1] for city in CITIES], customers["city"].to_numpy(), where=known[2]),
        "country": address(customers, 0),
        "joined_on": picked(DAY_WORDS, joined),
        "acquisition_channel": worded(ACQUISITION, customers["acquisition"].to_numpy()),
        "marketing_consent": worded(CONSENT, customers["consent"].to_numpy()),
    }


def order_fields(orders: pd.DataFrame, customers: pd.DataFrame, person: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Write the order-level fields of orders.csv, one value an order."""
    customer, second = orders["customer"].to_numpy(), orders["second"].to_numpy()
    known = (orders["dirt"] != CODE["guests"]).to_numpy()
    shipped = known & (orders["source"].to_numpy() != POS)
    cancelled, test = (orders["dirt"] == CODE["cancelled"]).to_numpy(), (orders["dirt"] == CODE["tests"]).to_numpy()
    paid, sent = second + orders["paid_after"].to_numpy(), second + orders["fulfilled_after"].to_numpy()
    fulfilled = ~cancelled & (sent < DAYS * DAY)
    status = np.where(cancelled, 1, np.choose(orders["refund"].to_numpy(), [0, 2, 3]))
    has_coupon = orders["coupon"].to_numpy() > 0
    country, city, code = (address(customers, part) for part in range(3))

    def own(values: pa.Array, *, where: np.ndarray = known) -> pa.Array:
        return picked(values, customer, where=where)

    def cents(column: str) -> pa.Array:
        return money(orders[column].to_numpy())

    zero = money(np.zeros(len(orders), np.int64))
    notes = np.where(known, orders["note"].to_numpy(), 0)
    return {
        "Financial Status": worded(("paid", "voided", "refunded", "partially_refunded"), status),
        "Paid at": times(paid, where=~cancelled, offset=True),
        "Fulfillment Status": worded(("unfulfilled", "fulfilled"), fulfilled.astype(int)),
        "Fulfilled at": times(np.minimum(sent, DAYS * DAY), where=fulfilled, offset=True),
        "Accepts Marketing": worded(("yes", "no", "no"), np.where(known, customers["consent"].to_numpy()[customer], 2)),
        "Currency": worded(("EUR",), np.zeros(len(orders), int)),
        "Subtotal": cents("subtotal"),
        "Shipping": cents("shipping"),
        "Taxes": cents("taxes"),
        "Total": cents("total"),
        "Discount Code": worded(COUPONS, orders["coupon"].to_numpy(), where=has_coupon),
        "Discount Amount": cents("coupon_cents"),
        "Shipping Method": worded(("Standard",), np.zeros(len(orders), int), where=shipped),
        "Created at": times(second, offset=True),
        "Billing Name": own(person["name"]),
        "Billing Street": own(person["street"]),
        "Billing Address1": own(person["street"]),
        "Billing City": own(city),
        "Billing Zip": own(code),
        "Billing Country": own(country),
        "Billing Phone": own(person["phone"]),
        "Shipping Name": own(person["name"], where=shipped),
        "Shipping Street": own(person["street"], where=shipped),
        "Shipping Address1": own(person["street"], where=shipped),
        "Shipping City": own(city, where=shipped),
        "Shipping Zip": own(code, where=shipped),
        "Shipping Country": own(country, where=shipped),
        "Notes": worded(NOTES, notes),
        "Cancelled at": times(paid, where=cancelled, offset=True),
        "Payment Method": worded((*PAYMENTS, "bogus"), np.where(test, len(PAYMENTS), orders["payment"].to_numpy())),
        "Payment Reference": pc.binary_join_element_wise("R", numbered(orders["number"].to_numpy() * 7 + 300_000), ""),
        "Refunded Amount": cents("refunded"),
        "Outstanding Balance": zero,
        "Id": numbered(5_800_000_000_000 + orders["number"].to_numpy() * 32_768),
        "Tags": worded((*TAGS, "test"), np.where(test, len(TAGS), orders["tag"].to_numpy())),
        "Risk Level": worded(("Low", "Medium"), orders["risky"].to_numpy().astype(int)),
        "Source": worded(SOURCES, orders["source"].to_numpy()),
        "Phone": own(person["phone"]),
    }


HEADER = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem compare at price", "Lineitem sku",
    "Lineitem requires shipping", "Lineitem taxable", "Lineitem fulfillment status", "Billing Name", "Billing Street",
    "Billing Address1", "Billing City", "Billing Zip", "Billing Country", "Billing Phone", "Shipping Name",
    "Shipping Street", "Shipping Address1", "Shipping City", "Shipping Zip", "Shipping Country", "Notes",
    "Cancelled at", "Payment Method", "Payment Reference", "Refunded Amount", "Vendor", "Outstanding Balance", "Id",
    "Tags", "Risk Level", "Source", "Lineitem discount", "Phone",
)  # fmt: skip


def order_columns(
    orders: pd.DataFrame, lines: pd.DataFrame, customers: pd.DataFrame, person: dict[str, pa.Array]
) -> dict[str, pa.Array]:
    """Write orders.csv as a Shopify order export: a row a line, order-level fields on an order's first row only."""
    order, product = lines["order"].to_numpy(), lines["product"].to_numpy()
    fields_of_order = order_fields(orders, customers, person)
    customer, known = orders["customer"].to_numpy(), (orders["dirt"] != CODE["guests"]).to_numpy()
    typed, usual = (picked(person[spelling], customer, where=known) for spelling in ("typed", "email"))
    email = pc.if_else(pa.array(orders["capitals"]), typed, usual)
    names = pc.binary_join_element_wise("#", numbered(orders["number"].to_numpy()), "")
    listed = PRODUCT_CENTS[product]
    fulfilled = pc.if_else(pc.equal(fields_of_order["Fulfillment Status"], "fulfilled"), "fulfilled", "pending")
    first = lines["is_first"].to_numpy()
    columns = {name: picked(values, order, where=first) for name, values in fields_of_order.items()}
    columns |= {
        "Name": picked(names, order),
        "Email": picked(email, order),
        "Lineitem quantity": numbered(lines["quantity"].to_numpy()),
        "Lineitem name": worded(list(PRODUCTS["name"]), product),
        "Lineitem price": money(lines["cents"].to_numpy()),
        "Lineitem compare at price": picked(money(listed * 5 // 4), np.arange(len(lines)), where=product % 9 == 0),
        "Lineitem sku": worded(list(PRODUCTS["code"]), product),
        "Lineitem requires shipping": worded(("true", "false"), (product >= SOLD).astype(int)),
        "Lineitem taxable": worded(("true",), np.zeros(len(lines), int)),
        "Lineitem fulfillment status": picked(fulfilled, order),
        "Vendor": worded(list(PRODUCTS["category"]), product),
        "Lineitem discount": money(lines["discount"].to_numpy()),
    }
    return {name: columns[name] for name in HEADER}


def event_columns(events: pd.DataFrame, emails: pa.Array, *, sessions: int) -> dict[str, pa.Array]:
    """Write events.csv; `sessions` is the number of visits in earlier chunks."""
    customer, product = events["customer"].to_numpy(), events["product"].to_numpy()
    return {
        "customer_id": picked(emails, customer, where=customer >= 0),
        "occurred_at": times(events["second"].to_numpy()),
        "event": worded(EVENTS, events["event"].to_numpy()),
        "session_id": pc.binary_join_element_wise("s", numbered(sessions + events["session"].to_numpy() + 1), ""),
        "product_id": worded(list(PRODUCTS["code"]), product, where=product >= 0),
        "duration_s": numbered(events["duration"].to_numpy()),
    }


def feedback_columns(opinions: pd.DataFrame, emails: pa.Array) -> dict[str, pa.Array]:
    """Write feedback.csv: reviews and surveys in words that fit the rating, complaints in words of their own."""
    kind, rating = opinions["kind"].to_numpy(), opinions["rating"].to_numpy()
    phrase = np.where(kind == 2, 20 + opinions["phrase"], 4 * (rating - 1) + opinions["phrase"])
    phrases = [words for rated in REVIEWS for words in rated] + list(COMPLAINTS)
    mood = np.where(rating <= 2, np.array([0, 1, 3, 5])[opinions["ending"]], np.array([0, 1, 2, 4])[opinions["ending"]])
    texts = [f"{words} {ending}".strip() for words in phrases for ending in ENDINGS]
    return {
        "customer_id": picked(emails, opinions["customer"].to_numpy()),
        "given_at": times(opinions["second"].to_numpy()),
        "kind": worded(("review", "survey", "complaint"), kind),
        "rating": picked(numbered(rating), np.arange(len(rating)), where=rating > 0),
        "text": worded(texts, phrase * len(ENDINGS) + mood, where=~opinions["silent"].to_numpy()),
    }


def contact_columns(
    rng: np.random.Generator, contacts: pd.DataFrame, customers: pd.DataFrame, emails: pa.Array
) -> dict[str, pa.Array]:
    """Write contacts.csv; only messages that can tell are known to be opened or clicked."""
    campaign, sent = contacts["campaign"].to_numpy(), contacts["sent"].to_numpy()
    channel = np.array([campaign.channel for campaign in CAMPAIGNS])[campaign]
    treated, luck = contacts["treated"].to_numpy(), rng.random((2, len(contacts)))
    opens = customers["opens"].to_numpy()[contacts["customer"]]
    opened = treated & (channel == "e-mail") & (luck[0] < opens)
    clicked = treated & (channel != "post") & np.where(channel == "e-mail", opened & (luck[1] < 0.2), luck[1] < 0.05)
    opened_at = sent + rng.exponential(6 * 3600, len(contacts)).astype(int) + 60
    cents = np.array([campaign.cents for campaign in CAMPAIGNS])[campaign]
    return {
        "customer_id": picked(emails, contacts["customer"].to_numpy()),
        "campaign_id": worded([campaign.name for campaign in CAMPAIGNS], campaign),
        "sent_at": times(sent),
        "channel": worded([campaign.channel for campaign in CAMPAIGNS], campaign),
        "arm": worded(("control", "treated"), treated.astype(int)),
        "cost": money(cents * treated),
        "opened_at": times(opened_at, where=opened),
        "clicked_at": times(opened_at + rng.integers(5, 240, len(contacts)), where=clicked),
    }


# The shop ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chunk:
    """Some of the shop's customers with all that they did, as tables of codes; see the `draw_…` functions."""

    customers: pd.DataFrame
    first: np.ndarray  # second of each customer's first order
    orders: pd.DataFrame
    lines: pd.DataFrame
    contacts: pd.DataFrame
    events: pd.DataFrame
    feedback: pd.DataFrame
    rng: np.random.Generator  # for what only the written columns need


def draw_chunk(
    seed: np.random.SeedSequence, count: int, *, number: int, order_number: int, dirt: Dirt, cast: Cast
) -> Chunk:
    """Make some customers; dirt has random numbers of its own, so that more or less of it leaves them as they are."""
    people, buying, filling, soiling, watching, writing = (np.random.default_rng(child) for child in seed.spawn(6))
    customers = draw_customers(people, count, number=number, cast=cast)
    customer, days = order_days(buying, customers)
    second = times_of_day(buying, days)
    first = np.full(count, DAYS * DAY)
    np.minimum.at(first, customer, second)
    contacts = draw_contacts(buying, customers, first)
    more = contacts[contacts["answered"]]
    clean = draw_orders(buying, customers, np.append(customer, more["customer"]), np.append(second, more["ordered"]))
    orders, lines = add_dirt(soiling, customers, clean, draw_lines(filling, clean, customers), dirt)
    orders["number"] = order_number + np.arange(len(orders))
    events, feedback = draw_events(watching, orders, lines, customers), draw_feedback(watching, orders, customers)
    return Chunk(customers, first, orders, lines, contacts, events, feedback, writing)


def add_dirt(
    rng: np.random.Generator, customers: pd.DataFrame, orders: pd.DataFrame, lines: pd.DataFrame, dirt: Dirt
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add dirty orders and dirty lines, put all in order of time, add up, and repeat some rows at last.

    Returns
    -------
    Orders as from `settle`, and lines as in the file, with `is_first`
    """
    soiled = dirty_orders(rng, customers, orders, dirt)
    soiled_lines = draw_lines(rng, soiled, customers)
    soiled_lines["order"] += len(orders)
    added, repeated = dirty_lines(rng, orders, dirt)
    orders = pd.concat([orders, soiled], ignore_index=True)
    sequence = np.argsort(orders["second"].to_numpy(), kind="stable")
    turn = np.argsort(sequence)
    lines = pd.concat([lines, soiled_lines, added], ignore_index=True)
    lines["order"] = turn[lines["order"]]
    lines = lines.sort_values(["order", "place"], kind="stable", ignore_index=True)
    lines["is_first"] = ~lines["order"].duplicated()
    orders = settle(orders.iloc[sequence].reset_index(drop=True), lines)
    return orders, repeat_rows(rng, lines, turn[repeated])


class Truth:
    """What was planted, added up chunk by chunk."""

    def __init__(self, cast: Cast) -> None:
        """Begin with nothing planted."""
        self.kinds: Counter[str] = Counter(dict.fromkeys(cast.names, 0))
        self.dirt: Counter[str] = Counter(dict.fromkeys(DIRT_KINDS[1:], 0))
        self.clean: Counter[str] = Counter()
        self.campaigns: dict[str, Counter[str]] = {campaign.name: Counter() for campaign in CAMPAIGNS}
        self.rows = self.orders = self.sessions = 0

    def add(self, chunk: Chunk) -> None:
        """Count a chunk."""
        self.rows += len(chunk.lines)
        self.orders += len(chunk.orders)
        self.sessions += int(chunk.events["session"].max() + 1) if len(chunk.events) else 0
        kinds = np.bincount(chunk.customers["kind"], minlength=len(KIND_NAMES))
        self.kinds.update({name: int(kinds[KIND_NAMES.index(name)]) for name in self.kinds})
        rows = np.bincount(chunk.lines["dirt"], minlength=len(DIRT_KINDS)).tolist()
        self.dirt.update(dict(zip(DIRT_KINDS[1:], rows[1:], strict=True)))
        self.add_money(chunk.orders[chunk.orders["dirt"] == 0], chunk.lines[chunk.lines["dirt"] == 0])
        for code, campaign in enumerate(CAMPAIGNS):
            self.add_campaign(self.campaigns[campaign.name], chunk.contacts[chunk.contacts["campaign"] == code])

    def add_money(self, orders: pd.DataFrame, lines: pd.DataFrame) -> None:
        """Count clean rows and their money, in cents; coupons and refunds stand in orders without any dirt."""
        value = int((lines["quantity"] * lines["cents"] - lines["discount"]).sum())
        coupons, refunds = int(orders["coupon_cents"].sum()), int(orders["refunded"].sum())
        self.clean.update(rows=len(lines), orders=len(orders), value=value, coupons=coupons, refunds=refunds)

    def add_campaign(self, counts: Counter[str], contacts: pd.DataFrame) -> None:
        """Count a campaign's arms, the extra orders that came, and those that were to be expected."""
        treated = int(contacts["treated"].sum())
        extra, expected = int(contacts["answered"].sum()), float(contacts["effect"].sum())
        counts.update(treated=treated, control=len(contacts) - treated, extra_orders=extra)
        counts["expected"] += expected

    def summary(self) -> dict[str, Any]:
        """Sum up; money in shop currency, an effect is the planted chance of one more order, mean of the treated."""
        clean = self.clean
        net = clean["value"] - clean["coupons"] - clean["refunds"]
        return {
            "rows": self.rows,
            "orders": self.orders,
            "customers": dict(self.kinds),
            "dirt": dict(self.dirt),
            "clean": {
                "rows": clean["rows"],
                "orders": clean["orders"],
                "line_value": clean["value"] / 100,
                "coupon_discount": clean["coupons"] / 100,
                "refunded": clean["refunds"] / 100,
                "net_value": net / 100,
            },
            "campaigns": [
                campaign_truth(campaign, self.campaigns[campaign.name], kinds=self.kinds) for campaign in CAMPAIGNS
            ],
        }


def campaign_truth(campaign: Campaign, counts: Counter[str], *, kinds: Collection[str]) -> dict[str, Any]:
    """Sum a campaign up; its effect is told for the shop's kinds."""
    effects = {kind: effect for kind, effect in campaign.effect.items() if kind in kinds}
    return {
        "campaign_id": campaign.name,
        "sent_on": campaign.sent_on,
        "window_days": WINDOW,
        "treated": counts["treated"],
        "control": counts["control"],
        "extra_orders": counts["extra_orders"],
        "effect": round(counts["expected"] / max(counts["treated"], 1), 6),
        "effect_by_kind": effects,
    }


def chunk_tables(chunk: Chunk, *, rows: int, sessions: int) -> Iterator[tuple[str, dict[str, pa.Array]]]:
    """Write a chunk's tables, file by file; `rows` and `sessions` are those of earlier chunks."""
    person = person_columns(chunk.customers)
    email = person["email"]
    yield "orders.csv", order_columns(chunk.orders, chunk.lines, chunk.customers, person)
    yield "customers.csv", customer_columns(chunk.rng, chunk.customers, person, chunk.first)
    yield "events.csv.gz", event_columns(chunk.events, email, sessions=sessions)
    yield "feedback.csv", feedback_columns(chunk.feedback, email)
    yield "contacts.csv", contact_columns(chunk.rng, chunk.contacts, chunk.customers, email)
    yield "truth/customers.csv", {"customer_id": email, "kind": worded(KIND_NAMES, chunk.customers["kind"].to_numpy())}
    dirt = chunk.lines["dirt"].to_numpy()
    dirty = np.flatnonzero(dirt)
    yield "truth/dirt.csv", {"source_row": numbered(rows + 1 + dirty), "kind": worded(DIRT_KINDS, dirt[dirty])}


FILES = ("orders.csv", "customers.csv", "events.csv.gz", "feedback.csv", "contacts.csv", "truth/customers.csv",
         "truth/dirt.csv")  # fmt: skip


def make_shop(
    folder: Path,
    *,
    customers: int,
    seed: int,
    kinds: int | Sequence[str] | None = None,
    noise: float = 0.0,
    dirt: Dirt = USUAL_DIRT,
    compress: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Make a shop of invented customers over two years; the same seed gives the same files.

    Parameters
    ----------
    folder : where to write orders.csv, customers.csv, events.csv.gz, feedback.csv, contacts.csv, and truth/ beside them
    customers : how many; 2,000 make some ten thousand order lines
    seed : non-negative number that decides everything
    kinds : how many kinds of customer to draw from `FAMILY`, or their names ("crowd" is one kind that spreads evenly);
        each gets 8 % of the customers or more; the seed decides which and how many. Without it, the usual seven
    noise : share of customers who behave at random; their kind is "none"
    dirt : how much of each kind of dirt to plant
    compress : write orders.csv.gz in place of orders.csv
    on_progress : told after each chunk how many customers it made

    Returns
    -------
    The truth as in truth/summary.json: rows, orders, customers by kind, rows by kind of dirt, clean money, campaigns

    Raises
    ------
    DataProblem
        Fewer than one customer, a negative seed, kinds that there are not, or a noise of more than half.
    """
    if customers < 1 or seed < 0:
        raise DataProblem(f"A shop needs at least one customer and a seed of 0 or more; got {customers} and {seed}.")
    cast = draw_cast(kinds, noise=noise, seed=seed)
    truth = Truth(cast)
    with ExitStack() as stack:
        files = {name: open_csv(stack, folder / packed(name, compress=compress)) for name in FILES}
        starts = range(0, customers, CHUNK)
        for start, child in zip(starts, np.random.SeedSequence(seed).spawn(len(starts)), strict=True):
            count = min(CHUNK, customers - start)
            chunk = draw_chunk(child, count, number=start + 1, order_number=1001 + truth.orders, dirt=dirt, cast=cast)
            for name, columns in chunk_tables(chunk, rows=truth.rows, sessions=truth.sessions):
                files[name].append(columns)
            truth.add(chunk)
            if on_progress:
                on_progress(count)
    summary = {"seed": seed, "first_day": str(FIRST_DAY), "last_day": str(LAST_DAY), **truth.summary()}
    write_json(folder / "truth" / "summary.json", summary)
    (folder / packed("orders.csv", compress=not compress)).unlink(missing_ok=True)
    return summary


def open_csv(stack: ExitStack, path: Path) -> CsvFile:
    """Open a file that takes its name only when the whole shop is made."""
    part = stack.enter_context(replacing(path))
    return stack.enter_context(CsvFile(part, compress=path.suffix == ".gz"))


def packed(name: str, *, compress: bool) -> str:
    """Name the file of orders, compressed on demand."""
    return f"{name}.gz" if compress and name == "orders.csv" else name
