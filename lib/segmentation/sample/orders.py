"""Draw orders and their lines, plant dirt, and add up; tables of codes and whole numbers."""

import numpy as np
import pandas as pd

from segmentation.sample.assortment import CATEGORY_ENDS, POPULARITY, PRODUCT_CENTS, SOLD
from segmentation.sample.calendar import DAY, SALE_DAYS
from segmentation.sample.dirt import CODE, DIRTY_LINES, DIRTY_ORDERS, Dirt
from segmentation.sample.people import NOTES, PAYMENTS, POS, SOURCES, TAGS

COUPONS = ("", "WELCOME10", "FRIENDS10", "SPRING15", "SAVE20")
COUPON_PERCENT = np.array([0, 10, 10, 15, 20])


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
