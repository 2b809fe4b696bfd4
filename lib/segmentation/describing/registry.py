"""The features: every name, its unit, formula and source; nothing else defines one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from segmentation.problems import DataProblem, some

Group = Literal["value and rhythm", "basket", "when and where", "web behaviour", "feedback", "demographics"]


@dataclass(frozen=True)
class Feature:
    """One thing known of a customer.

    Attributes
    ----------
    name : of the column
    unit : days, orders, money (the shop's currency), share (0 to 1), word …
    group : which the parameter `feature_groups` switches
    meaning : in words, after "the customer's …"
    formula : how it is computed; `bought` means lines with a positive quantity
    source : the tables that it comes from
    transform : "log" when its logarithm (of value plus one) is used, since few customers are far above all others
    kind : "number" or "category"
    unknown : what a null means
    """

    name: str
    unit: str
    group: Group
    meaning: str
    formula: str
    source: str
    transform: Literal["log", "none"] = "none"
    kind: Literal["number", "category"] = "number"
    unknown: str = "the orders are a summary, or nothing was bought yet"


RHYTHM = (
    Feature(
        "recency_days", "days", "value and rhythm", "from the last order to the day of the description",
        "day − last order day", "orders", "log", unknown="nothing was bought yet",
    ),
    Feature(
        "order_count", "orders", "value and rhythm", "orders with something bought",
        "orders with a bought line", "orders", "log", unknown="never",
    ),
    Feature(
        "net_spend", "money", "value and rhythm", "net of discounts and returns",
        "sum of quantity × price − discount − refund", "orders", "log", unknown="never",
    ),
    Feature(
        "average_order", "money", "value and rhythm", "net spend divided by orders",
        "net_spend ÷ order_count", "orders", "log", unknown="nothing was bought yet",
    ),
    Feature(
        "tenure_days", "days", "value and rhythm", "from the first order to the day of the description",
        "day − first order day", "orders", "log",
    ),
    Feature(
        "median_gap_days", "days", "value and rhythm", "between one order day and the next",
        "median of the gaps between order days", "orders", "log", unknown="bought on one day only",
    ),
    Feature(
        "gap_spread", "ratio", "value and rhythm", "irregularity: how much the gaps between order days differ",
        "standard deviation of the gaps ÷ their mean", "orders", "log", unknown="bought on fewer than three days",
    ),
    Feature(
        "overdue_days", "days", "value and rhythm", "longer than usual without an order; negative when not due yet",
        "recency_days − median_gap_days", "orders", unknown="bought on one day only",
    ),
    Feature(
        "spend_trend", "−1 to 1", "value and rhythm", "spends more (above 0) or less than three months earlier",
        "(bought in the last 90 days − in the 90 before) ÷ their sum; 0 when nothing was bought in either", "orders",
    ),
    Feature(
        "first_order_value", "money", "value and rhythm", "bought on the first order day, after discounts",
        "sum of quantity × price − discount on the first order day", "orders", "log",
    ),
)  # fmt: skip
BASKET = (
    Feature(
        "product_count", "products", "basket", "different products bought",
        "different product_id among bought lines", "orders", "log",
    ),
    Feature(
        "category_count", "categories", "basket", "different categories bought from",
        "different category among bought lines", "orders", "log", unknown="no category is known",
    ),
    Feature(
        "category_entropy", "bits", "basket", "how evenly spend falls on categories; 0 when on one alone",
        "−Σ share × log₂ share over the categories", "orders",
        unknown="no category is known, or nothing was paid for",
    ),
    Feature(
        "favourite_share", "share", "basket", "of spend, went to the favourite category",
        "largest spend in a category ÷ spend in all", "orders",
        unknown="no category is known, or nothing was paid for",
    ),
    Feature(
        "pieces_per_order", "pieces", "basket", "pieces in an order, on average",
        "bought pieces ÷ order_count", "orders", "log",
    ),
    Feature(
        "price_level", "ratio", "basket", "price of a piece against the median of its category; 1 is the middle",
        "mean over pieces of unit_price ÷ median unit_price of the category's bought lines", "orders", "log",
        unknown="no category is known, or its median price is 0",
    ),
    Feature(
        "discount_share", "share", "basket", "of what was bought, was reduced or with a coupon, by list price",
        "list price of reduced lines ÷ list price of all", "orders",
    ),
    Feature(
        "coupon_share", "share", "basket", "of orders, used a coupon",
        "orders with a coupon on a bought line ÷ order_count", "orders",
    ),
    Feature(
        "return_share", "share", "basket", "of what was bought, came back, by money",
        "1 − net_spend ÷ bought after discounts", "orders",
    ),
    Feature(
        "favourite_category", "word", "basket", "the category with the highest spend",
        "most spend, then first in the alphabet", "orders", kind="category", unknown="no category is known",
    ),
)  # fmt: skip


def order_share(name: str, meaning: str, formula: str, **told: str) -> Feature:
    """Describe a share of the customer's orders."""
    return Feature(name, "share", "when and where", meaning, f"{formula} ÷ order_count", "orders", **told)


CALENDAR = (
    order_share("weekend_share", "of orders, on Saturday or Sunday", "orders on Saturday or Sunday"),
    order_share(
        "evening_share", "of orders, from 18 to 24 h", "orders from 18 to 24 h",
        unknown="the orders have no time of day, only a date",
    ),
    order_share("spring_share", "of orders, March to May", "orders of March to May"),
    order_share("summer_share", "of orders, June to August", "orders of June to August"),
    order_share("autumn_share", "of orders, September to November", "orders of September to November"),
    order_share("winter_share", "of orders, December to February", "orders of December to February"),
    order_share("gift_season_share", "of orders, November and December", "orders of November and December"),
    Feature(
        "channel", "word", "when and where", "where most orders were placed",
        "most orders, then first in the alphabet", "orders", kind="category", unknown="no order tells it",
    ),
    Feature(
        "country", "word", "when and where", "where most orders went",
        "most orders, then first in the alphabet; without orders the address", "orders, customers", kind="category",
        unknown="neither order nor address tells it",
    ),
)  # fmt: skip
WEB = (
    Feature(
        "visit_count", "visits", "web behaviour", "visits to the web shop",
        "different session_id; without one, days with an action", "events", "log",
        unknown="no events from before the day",
    ),
    Feature(
        "view_count", "views", "web behaviour", "products looked at",
        "events of kind view", "events", "log", unknown="no events from before the day",
    ),
    Feature(
        "cart_to_order_rate", "share", "web behaviour", "of visits with a cart, led to an order",
        "visits with a cart and an order, or with an order placed that day ÷ visits with a cart", "events, orders",
        unknown="nothing was put in a cart",
    ),
    Feature(
        "session_minutes", "minutes", "web behaviour", "length of a visit, the median",
        "median of first to last action, or of the summed duration_s where longer", "events", "log",
        unknown="no visit has a length",
    ),
    Feature(
        "open_rate", "share", "web behaviour", "of messages received, were opened",
        "opened or clicked ÷ sent, arm treated, channels that tell of opening", "contacts",
        unknown="no such message was sent",
    ),
    Feature(
        "click_rate", "share", "web behaviour", "of messages received, were clicked",
        "clicked ÷ sent, arm treated, channels that tell of opening", "contacts", unknown="no such message was sent",
    ),
)  # fmt: skip
OPINIONS = (
    Feature(
        "mean_rating", "stars", "feedback", "rating given, on average", "mean of rating", "feedback",
        unknown="gave no rating",
    ),
    Feature(
        "complaint_count", "complaints", "feedback", "complaints made", "feedback of kind complaint", "feedback",
        "log", unknown="no feedback from before the day",
    ),
    Feature(
        "sentiment", "−1 to 1", "feedback", "mood of what was written; 1 is all praise",
        "mean over texts, learnt from ratings where there are 200, otherwise by words", "feedback",
        unknown="wrote nothing whose mood can be told",
    ),
    Feature(
        "review_topic", "word", "feedback", "what most of the customer's texts are about",
        "heaviest topic of each text (TF-IDF, NMF), most texts, then first in the alphabet", "feedback",
        kind="category", unknown="wrote nothing, or too few customers write to find topics",
    ),
)  # fmt: skip
PEOPLE = (
    Feature(
        "age_years", "years", "demographics", "age in the year of the description",
        "year of the day − birth_year, 14 to 100", "customers", unknown="no birth year, or an implausible one",
    ),
    Feature(
        "gender", "word", "demographics", "as the shop records it", "gender", "customers", kind="category",
        unknown="not recorded",
    ),
    Feature("city", "word", "demographics", "of the address", "city", "customers", kind="category",
            unknown="not recorded"),
    Feature(
        "acquisition_channel", "word", "demographics", "what brought the customer", "acquisition_channel", "customers",
        kind="category", unknown="not recorded",
    ),
)  # fmt: skip

FEATURES = {feature.name: feature for feature in (*RHYTHM, *BASKET, *CALENDAR, *WEB, *OPINIONS, *PEOPLE)}
GROUPS = tuple(dict.fromkeys(feature.group for feature in FEATURES.values()))
NUMBERS = tuple(name for name, feature in FEATURES.items() if feature.kind == "number")
CATEGORIES = tuple(name for name, feature in FEATURES.items() if feature.kind == "category")

# What a file with one row a customer tells; the others of the orders need single orders with their dates and products.
OF_A_SUMMARY = ("recency_days", "order_count", "net_spend", "average_order")


def of_groups(groups: Sequence[str]) -> list[str]:
    """List the features of the groups that the parameter `feature_groups` switches on; none means all.

    Raises
    ------
    DataProblem
        A group is not known.

    Examples
    --------
    >>> of_groups(["demographics"])
    ['age_years', 'gender', 'city', 'acquisition_channel']
    """
    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        raise DataProblem(
            f"`feature_groups` must name groups of features, which are {', '.join(GROUPS)}; got {some(unknown)}."
        )
    return [name for name, feature in FEATURES.items() if not groups or feature.group in groups]


def require_known_version(features: pd.DataFrame) -> None:
    """Refuse a table of features that another version of the workbook wrote.

    Parameters
    ----------
    features : one row a customer, indexed by customer_id

    Raises
    ------
    DataProblem
        Its columns are not those of `FEATURES`.
    """
    lacks = [name for name in FEATURES if name not in features.columns]
    foreign = [name for name in features.columns if name not in FEATURES]
    if not lacks and not foreign:
        return
    raise DataProblem(
        "The features must be those of this version of the workbook. "
        f"The table lacks {some(lacks)} and has {some(foreign)} that this version does not know. "
        "Was it written by another version? Run step 03 again with `workbook run --from features`?"
    )
