"""What only the values of an orders file tell: order and customer under silent headers, and whose amount is what."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from segmentation.formats import LINE_TOTAL
from segmentation.guessing.contents import (
    Contents,
    as_numbers,
    decides,
    filled_values,
    is_product,
    products,
    share,
)
from segmentation.guessing.guesses import Choice, Guess, used_headers, without
from segmentation.guessing.words import folded, is_personal, telling_chinese, telling_words, vocabulary
from segmentation.tables import STATUSES

RULE = 0.98  # share of a sample's values in which a rule must hold
GROUPS = 5  # values that must stand in several rows before a rule between two columns counts
NO_SHARE = "is a share or a percentage, no amount"


def with_order_facts(
    guess: Guess, looks: Mapping[str, Contents], sample: pd.DataFrame, taken: Mapping[str, str]
) -> Guess:
    """Find what names did not tell, and take back what the values of other columns speak against.

    Parameters
    ----------
    guess : what the names tell
    looks, sample : the file's first rows and what they look like
    taken : what the user says; nothing takes it back
    """
    guess = with_contents(guess, looks, sample)
    guess = with_checked_customers(guess, sample, taken)
    guess = with_amounts(guess, sample, taken)
    guess = with_discount(guess, sample, taken)
    guess = with_spread(guess, sample)
    return with_status(guess, sample)


def with_contents(guess: Guess, looks: Mapping[str, Contents], sample: pd.DataFrame) -> Guess:
    """Find what names did not tell among the columns whose names say nothing at all."""
    silent = [header for header in looks if is_silent(header) and header not in used_headers(guess)]
    for find in (date_by_contents, email_by_contents, keys_by_contents, amounts_by_contents, codes_by_contents):
        free = [header for header in silent if header not in guess.mapping.values()]
        found = find(guess, {header: looks[header] for header in free}, sample)
        new = {c: choice for c, choice in found.items() if c not in guess.chosen and c not in guess.either}
        guess = replace(guess, chosen={**guess.chosen, **new})
    return guess


def is_silent(header: str) -> bool:
    """Tell whether a header says nothing, such as "col1": no word in it is known.

    Examples
    --------
    >>> is_silent("col1"), is_silent("x_17"), is_silent("Staff email"), is_silent("发货时间")
    (True, True, False, False)
    """
    words = folded(header).split()
    is_known = any(
        word in telling_words(table) or any(known in word for known in telling_chinese(table))
        for word in words
        for table in ("orders", "customers")
    )
    return not is_known and not is_personal(header)


def date_by_contents(guess: Guess, looks: Mapping[str, Contents], sample: pd.DataFrame) -> dict[str, Choice]:
    """Find the one column that holds dates."""
    dated = [header for header, seen in looks.items() if seen.dates >= RULE]
    return {"ordered_at": Choice(dated[0], "the only column of dates", 0.8)} if len(dated) == 1 else {}


def email_by_contents(guess: Guess, looks: Mapping[str, Contents], sample: pd.DataFrame) -> dict[str, Choice]:
    """Find the one column that holds e-mail addresses."""
    found = [header for header, seen in looks.items() if seen.emails >= 0.9 and seen.masked < 0.1]
    return {"email": Choice(found[0], f"{looks[found[0]].emails:.0%} e-mail addresses", 0.9)} if len(found) == 1 else {}


def codes_by_contents(guess: Guess, looks: Mapping[str, Contents], sample: pd.DataFrame) -> dict[str, Choice]:
    """Find the one column of currencies and the one of countries."""
    found = {}
    for column, says in (("currency", "codes of currencies"), ("country", "countries")):
        shares = {header: seen.currencies if column == "currency" else seen.countries for header, seen in looks.items()}
        fitting = [header for header, fits in shares.items() if fits >= 0.95]
        if len(fitting) == 1:
            found[column] = Choice(fitting[0], f"{shares[fitting[0]]:.0%} {says}", 0.8)
    return found


def keys_by_contents(guess: Guess, looks: Mapping[str, Contents], sample: pd.DataFrame) -> dict[str, Choice]:
    """Find order and customer: an order has one day and one customer, a customer has several orders."""
    date, order = guess.mapping.get("ordered_at"), guess.mapping.get("order_id")
    keys = [header for header, seen in looks.items() if seen.is_key and not seen.is_unique and seen.distinct > GROUPS]
    if date is None or "order_id" in guess.either:
        return {}
    orders = [order] if order else [key for key in keys if always(sample, key, date)]
    customer = guess.mapping.get("customer_id") or guess.mapping.get("email")
    pairs = [
        (one, other)
        for one in orders
        for other in ([customer] if customer else keys)
        if one != other and is_customer_of(sample, one, other)
    ]
    pairs = [pair for pair in pairs if all(is_finer(sample, pair, other) for other in pairs)]
    if not pairs:
        return {}
    (order, customer), repeated = pairs[0], decides(sample, pairs[0][0], pairs[0][1])[1]
    found = {"order_id": Choice(order, f"in {repeated:,} orders of several rows it has one day and one customer", 0.8)}
    return found | {"customer_id": Choice(customer, "one for each order, and several orders for one of it", 0.8)}


def always(sample: pd.DataFrame, one: str, other: str) -> bool:
    """Tell whether a value of one column has one value of the other, seen often enough."""
    held, repeated = decides(sample, one, other)
    return held >= RULE and repeated >= GROUPS


def is_customer_of(sample: pd.DataFrame, order: str, other: str) -> bool:
    """Tell whether a column could be the customer of an order: one in each, with several orders, and not too few."""
    held, repeated = decides(sample, other, order)
    many = filled_values(sample[other]).nunique() >= 0.1 * filled_values(sample[order]).nunique()
    return always(sample, order, other) and held < 0.9 and repeated >= GROUPS and many


def is_finer(sample: pd.DataFrame, pair: tuple[str, str], other: tuple[str, str]) -> bool:
    """Tell whether a pair of order and customer tells at least as much apart as another pair."""
    return all(one == two or decides(sample, one, two)[0] >= RULE for one, two in zip(pair, other, strict=True))


def amounts_by_contents(guess: Guess, looks: Mapping[str, Contents], sample: pd.DataFrame) -> dict[str, Choice]:
    """Find pieces, price and amount where pieces times price gives the amount."""
    told = guess.mapping.get("quantity")
    numbers = [header for header, seen in looks.items() if seen.numbers >= RULE and seen.dates < 0.5]
    counts = [told] if told else [header for header in numbers if looks[header].whole == 1]
    amounts = [header for header in numbers if looks[header].cents > 0.2]
    fitting = products(sample, counts, amounts)
    if len(fitting) != 1 or "unit_price" in guess.chosen or LINE_TOTAL in guess.chosen:
        return {}
    count, price, amount = fitting[0]
    because = f"'{count}' times '{price}' gives '{amount}'"
    return {"quantity": Choice(count, because, 0.8), "unit_price": Choice(price, because, 0.8)}


def with_checked_customers(guess: Guess, sample: pd.DataFrame, taken: Mapping[str, str]) -> Guess:
    """Refuse a customer column with several customers in one order: it means somebody else."""
    order, choice = guess.mapping.get("order_id"), guess.chosen.get("customer_id")
    if order is None or choice is None or "customer_id" in taken:
        return guess
    held, repeated = decides(sample, order, choice.header)
    if held < 0.8 and repeated >= GROUPS:
        why = f"only {held:.0%} of the orders with several rows have one value in it"
        return without(guess, "customer_id", why)
    return guess


def with_amounts(guess: Guess, sample: pd.DataFrame, taken: Mapping[str, str]) -> Guess:
    """Settle whether an amount is the price of one piece or what the line is worth, so that no money counts twice."""
    if LINE_TOTAL in guess.chosen and LINE_TOTAL not in taken and stands_on_each_line(guess, sample, LINE_TOTAL):
        guess = without(guess, LINE_TOTAL, "it is the order's amount and stands on each of its lines")
    if LINE_TOTAL in guess.chosen and LINE_TOTAL not in taken and stands_once(guess, sample, guess.mapping[LINE_TOTAL]):
        guess = without(guess, LINE_TOTAL, "it is the order's amount and stands on one of its lines only")
    price = guess.chosen.get("unit_price")
    if price is None or "unit_price" in taken:
        return guess
    if LINE_TOTAL in taken:
        return without(guess, "unit_price", "column_map names the amount of the line")
    quantity, total = guess.mapping.get("quantity"), guess.chosen.get(LINE_TOTAL)
    if quantity is None or (total and is_same_amount(sample, quantity, price.header, total.header)):
        return as_line_total(guess, total or price._replace(certainty=min(price.certainty, 0.8)))
    if total is None:
        product = guess.mapping.get("product_id") or guess.mapping.get("product_name")
        return as_line_total(guess, price) if grows(sample, product, quantity, price.header) else guess
    fits = is_product(sample, quantity, price.header, total.header)
    said = f"; '{quantity}' times it gives '{total.header}'" if fits else ""
    checked = price._replace(because=price.because + said, certainty=1.0 if fits else price.certainty)
    chosen = {name: choice for name, choice in guess.chosen.items() if name != LINE_TOTAL}
    return replace(guess, chosen={**chosen, "unit_price": checked})


def as_line_total(guess: Guess, choice: Choice) -> Guess:
    """Read an amount as what the whole line or order is worth."""
    chosen = {name: other for name, other in guess.chosen.items() if name not in ("unit_price", LINE_TOTAL)}
    because = f"{choice.because}; read as the amount of the whole row"
    return replace(guess, chosen={**chosen, LINE_TOTAL: choice._replace(because=because)})


def stands_on_each_line(guess: Guess, sample: pd.DataFrame, column: str) -> bool:
    """Tell whether an amount of the order is repeated on each of its lines."""
    order, header = guess.mapping.get("order_id"), guess.mapping[column]
    if order is None:
        return False
    filled = sample[as_numbers(filled_values(sample[header])).reindex(sample.index).fillna(0) != 0]
    held, repeated = decides(filled, order, header)
    return repeated >= GROUPS and held >= 0.95


def is_same_amount(sample: pd.DataFrame, quantity: str, price: str, total: str) -> bool:
    """Tell whether a price equals the amount of the line even where several pieces were bought."""
    pieces, one, other = (as_numbers(filled_values(sample[name])) for name in (quantity, price, total))
    known = pd.DataFrame({"pieces": pieces, "one": one, "other": other}).dropna()
    known = known[(known["pieces"].abs() > 1) & (known["other"] != 0)]
    return len(known) >= 3 and share((known["one"] - known["other"]).abs() < 0.005) >= 0.95


def grows(sample: pd.DataFrame, product: str | None, quantity: str, price: str) -> bool:
    """Tell whether a price grows with the pieces bought of a product, so that it is what the line is worth."""
    if product is None:
        return False
    pieces, amount = (as_numbers(filled_values(sample[name])) for name in (quantity, price))
    known = pd.DataFrame({"product": filled_values(sample[product]), "pieces": pieces, "amount": amount}).dropna()
    known = known[known["pieces"] > 0].assign(each=lambda lines: (lines["amount"] / lines["pieces"]).round(2))
    groups = known.groupby("product").nunique()
    groups = groups[groups["pieces"] > 1]
    return len(groups) >= 3 and share(groups["each"] == 1) > 0.8 and share(groups["amount"] == 1) < 0.2


def with_discount(guess: Guess, sample: pd.DataFrame, taken: Mapping[str, str]) -> Guess:
    """Refuse a discount that is no amount off the line, or that the line's amount has already."""
    if "discount" not in guess.chosen or "discount" in taken:
        return guess
    numbers = as_numbers(filled_values(sample[guess.mapping["discount"]])).dropna()
    off = numbers[numbers != 0].abs()
    if LINE_TOTAL in guess.chosen:
        return without(guess, "discount", "the amount of the row is taken to have it off already")
    if len(off) and (off.max() <= 1 or (off.max() <= 100 and (off % 5 == 0).all())):
        return without(guess, "discount", NO_SHARE)
    return guess


def with_spread(guess: Guess, sample: pd.DataFrame) -> Guess:
    """Spread over the lines of an order what the file gives once an order, and find what stands on one line only."""
    amounts = [column for column in ("discount", "refunded") if column in guess.chosen]
    spread = {
        column: guess.mapping[column]
        for column in amounts
        if stands_on_each_line(guess, sample, column) or stands_once(guess, sample, guess.mapping[column])
    }
    chosen = {column: choice for column, choice in guess.chosen.items() if column not in spread}
    return replace(guess, chosen=chosen, spread=spread)


def with_order_level(guess: Guess, sample: pd.DataFrame) -> Guess:
    """Find what is filled on one row of each order only, and counts for all its rows."""
    of_order = ("customer_id", "ordered_at", "email", "phone", "currency", "country", "channel", "coupon", "status")
    headers = {guess.mapping[column]: None for column in of_order if column in guess.chosen}
    return replace(guess, order_level=tuple(header for header in headers if stands_once(guess, sample, header)))


def stands_once(guess: Guess, sample: pd.DataFrame, header: str) -> bool:
    """Tell whether a column is filled on one row of each order only."""
    order = guess.mapping.get("order_id")
    if order in (None, header):
        return False
    filled = pd.DataFrame({"order": filled_values(sample[order]), "value": filled_values(sample[header])})
    orders = filled.dropna(subset="order").groupby("order")["value"].agg(["size", "count"])
    orders = orders[(orders["size"] > 1) & (orders["count"] > 0)]
    return len(orders) >= GROUPS and share(orders["count"] == 1) >= 0.95


def with_status(guess: Guess, sample: pd.DataFrame) -> Guess:
    """Read a status in the shop's own words by patterns, as a format does."""
    choice = guess.chosen.get("status")
    values = filled_values(sample[choice.header]).str.strip() if choice else pd.Series(dtype="string")
    if choice is None or values.isin(STATUSES).all():
        return guess
    words = vocabulary()["status"]
    chosen = {name: other for name, other in guess.chosen.items() if name != "status"}
    found = ", ".join(f"{share(values.str.fullmatch(bare(p))):.0%} {word}" for word, p in words.items())
    because = f"{choice.because}; {found}; any other word counts as placed"
    return replace(
        guess,
        chosen={**chosen, "status": choice._replace(because=because)},
        status={word: {choice.header: pattern} for word, pattern in words.items()},
        refunded_when={choice.header: vocabulary()["refunded"]},
    )


def bare(pattern: str) -> str:
    """Take the anchors off a pattern, for a match of the whole text."""
    return pattern.replace("^", "").replace("$", "")
