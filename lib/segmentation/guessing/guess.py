"""What the columns of an unknown file mean, guessed from their names and first values, with the evidence."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from segmentation.formats import LINE_TOTAL, find_headers
from segmentation.guessing.contents import Contents, are_equal, are_same, look_at
from segmentation.guessing.fits import EMPTY, meaning, speaks_against, speaks_for
from segmentation.guessing.guesses import Choice, Guess, told_of, used_headers
from segmentation.guessing.orders import with_order_facts, with_order_level
from segmentation.guessing.words import folded, meanings, otherwise
from segmentation.problems import DataProblem, some
from segmentation.tables import TABLES, Table

MARGIN = 0.02  # strengths that are closer are equal
CENTS = ("cent", "cents", "pence", "minor", "分")


def guess_columns(sample: pd.DataFrame, *, table: Table, taken: Mapping[str, str]) -> Guess:
    """Guess what an unknown file's columns mean.

    Parameters
    ----------
    sample : the file's first rows, all text, with its own headers
    table : the canonical table wanted
    taken : canonical column (or `line_total`) to header, as the user says; wins over every guess

    Returns
    -------
    Guess; what could not be told is missing in it, see `require_guessed`

    Examples
    --------
    >>> sample = pd.DataFrame(
    ...     {"Auftrag": ["1", "1"], "Kundennummer": ["7", "7"], "Bestelldatum": ["1.5.2024", "1.5.2024"],
    ...      "Lieferdatum": ["3.5.2024", "3.5.2024"], "Menge": ["2", "1"], "Einzelpreis": ["3,50", "12,00"]}
    ... )
    >>> guess = guess_columns(sample, table=TABLES["orders"], taken={})
    >>> guess.mapping
    {'order_id': 'Auftrag', 'customer_id': 'Kundennummer', 'ordered_at': 'Bestelldatum', 'quantity': 'Menge', \
'unit_price': 'Einzelpreis'}
    >>> guess.left_over
    ('Lieferdatum',)
    """
    return guess_looked_at(look_at_all(sample), sample, table=table, taken=taken)


def look_at_all(sample: pd.DataFrame) -> dict[str, Contents]:
    """Measure what every column's values look like."""
    return {header: look_at(sample[header]) for header in sample.columns}


def guess_looked_at(
    looks: Mapping[str, Contents], sample: pd.DataFrame, *, table: Table, taken: Mapping[str, str]
) -> Guess:
    """Guess what columns mean that have been looked at; see `guess_columns`."""
    guess = with_names(Guess(table), looks, sample, taken)
    guess = with_cents_refused(guess, looks)
    guess = with_clock(guess, looks)
    if table.name == "orders":
        guess = with_order_facts(guess, looks, sample, taken)
    guess = with_customer_fallback(guess, looks, taken)
    guess = with_order_of_day(guess, looks)
    guess = with_product_fallback(guess)
    if table.name == "orders":
        guess = with_order_level(guess, sample)
    words = {column: word for column, word in otherwise(table.name).items() if column not in told_of(guess)}
    order = [*table.names, LINE_TOTAL]
    chosen = {column: guess.chosen[column] for column in sorted(guess.chosen, key=order.index)}
    guess = replace(guess, constants=words, chosen=chosen)
    return replace(guess, left_over=tuple(header for header in looks if header not in used_headers(guess)))


# ---- by name


def with_names(guess: Guess, looks: Mapping[str, Contents], sample: pd.DataFrame, taken: Mapping[str, str]) -> Guess:
    """Choose the headers whose names say what they are and whose values do not speak against it."""
    chosen = {column: Choice(header, "named in column_map", 1.0) for column, header in taken.items()}
    candidates, refused = named_candidates(guess.table, looks, {*taken.values()})
    either: dict[str, tuple[str, ...]] = {}
    while candidates := {column: found for column, found in candidates.items() if found and column not in chosen}:
        column = max(candidates, key=lambda name: candidates[name][0].certainty)
        best = candidates.pop(column)
        equal = [choice for choice in best if choice.certainty >= best[0].certainty - MARGIN]
        same = are_same if column.endswith("_id") else are_equal
        other = [choice for choice in equal[1:] if not same(sample, equal[0].header, choice.header)]
        if other:
            either[column] = (equal[0].header, *(choice.header for choice in other))
        else:
            chosen[column] = equal[0]
        used = {choice.header for choice in equal} if other else {equal[0].header}
        candidates = {name: [c for c in found if c.header not in used] for name, found in candidates.items()}
    return replace(guess, chosen=chosen, either=either, refused=refused)


def named_candidates(
    table: Table, looks: Mapping[str, Contents], used: set[str]
) -> tuple[dict[str, list[Choice]], dict[str, str]]:
    """List for each canonical column the headers that its words name, strongest first, and those refused with why."""
    candidates: dict[str, list[Choice]] = {}
    refused = {}
    for header, seen in looks.items():
        for column, strength in meanings(header, table.name).items() if header not in used else ():
            against = speaks_against(column, seen, table)
            if against:
                refused[header] = against
            else:
                because = f"the name means: {meaning(table, column)}; {speaks_for(column, seen, table)}"
                candidates.setdefault(column, []).append(Choice(header, because, strength))
    accepted = {choice.header for found in candidates.values() for choice in found}
    refused = {header: why for header, why in refused.items() if header not in accepted and why != EMPTY}
    return {c: sorted(found, key=lambda choice: -choice.certainty) for c, found in candidates.items()}, refused


def with_cents_refused(guess: Guess, looks: Mapping[str, Contents]) -> Guess:
    """Refuse amounts that their name gives in cents: read as they are they would be a hundredfold."""
    cents = {
        header: "its name says cents, and amounts must be in the currency itself"
        for header, seen in looks.items()
        if set(folded(header).split()) & set(CENTS) and seen.numbers > 0.9 and header not in guess.mapping.values()
    }
    return replace(guess, refused={**guess.refused, **cents})


def with_clock(guess: Guess, looks: Mapping[str, Contents]) -> Guess:
    """Join a column of clock times to the column of days beside it."""
    times = {c.name: guess.mapping[c.name] for c in guess.table.columns if c.kind == "time" and c.name in guess.chosen}
    clocks = [header for header in guess.refused if looks[header].clocks >= 0.95]
    if len(clocks) != 1:
        return guess
    named = [column for column in meanings(clocks[0], guess.table.name) if column in times]
    days = [column for column in named if looks[times[column]].timed < 0.05]
    refused = {header: why for header, why in guess.refused.items() if not days or header not in clocks}
    return replace(guess, time_of_day=dict.fromkeys(days[:1], clocks[0]), refused=refused)


# ---- what stands in for a column that is not there


def with_customer_fallback(guess: Guess, looks: Mapping[str, Contents], taken: Mapping[str, str]) -> Guess:
    """Take the e-mail address, else the telephone number, for the customer where there is no number; never a name."""
    if "customer_id" in guess.chosen or "customer_id" in guess.either:
        return guess
    for column in ("email", "phone"):
        named = [guess.mapping[column]] if column in guess.chosen else headers_meaning(column, looks)
        usable = [header for header in named if not speaks_against(column, looks[header], TABLES["orders"])]
        usable = [header for header in usable if looks[header].filled and header not in taken.values()]
        if len(usable) == 1:
            said = "e-mail address" if column == "email" else "telephone number"
            choice = Choice(usable[0], f"no number of the customer: the {said} tells who it was", 0.8)
            return replace(guess, chosen={**guess.chosen, "customer_id": choice})
    return guess


def headers_meaning(column: str, looks: Mapping[str, Contents]) -> list[str]:
    """List the headers that name an e-mail address or a telephone number, strongest name first, equal ones together."""
    strength = {header: meanings(header, "customers").get(column, 0.0) for header in looks}
    most = max(strength.values(), default=0.0)
    return [header for header, value in strength.items() if value == most > 0]


def with_order_of_day(guess: Guess, looks: Mapping[str, Contents]) -> Guess:
    """Take what a customer bought at one time for an order where the file has no number of the order."""
    if guess.table.name != "orders" or "order_id" in told_of(guess):
        return guess
    parts = [guess.mapping.get(column) for column in ("customer_id", "ordered_at")]
    is_full = all(header and looks[header].filled >= 0.9 * looks[header].rows for header in parts)
    return replace(guess, combine={"order_id": tuple(parts)}) if is_full else guess


def with_product_fallback(guess: Guess) -> Guess:
    """Take the product's name for its code where there is none."""
    names = guess.table.names
    if "product_name" not in names or "product_id" in told_of(guess) or "product_name" not in guess.chosen:
        return guess
    choice = guess.chosen["product_name"]._replace(because="no code of the product: its name tells it apart")
    return replace(guess, chosen={**guess.chosen, "product_id": choice})


# ---- which table, and what is missing

TELLING = {
    "orders": ("order_id", "unit_price", LINE_TOTAL, "quantity", "product_id"),
    "customers": ("name", "birth_year", "gender", "joined_on", "acquisition_channel", "marketing_consent", "city"),
    "events": ("event", "session_id", "duration_s"),
    "feedback": ("rating", "text"),
    "contacts": ("campaign_id", "arm", "opened_at", "clicked_at"),
}


def guess_table(sample: pd.DataFrame) -> str | None:
    """Tell which canonical table an unknown file is, none when it could be several or none of them.

    Parameters
    ----------
    sample : the file's first rows, all text, with its own headers
    """
    best = best_guess(sample)
    return best.table.name if best else None


def best_guess(sample: pd.DataFrame) -> Guess | None:
    """Guess the columns as those of the table that explains most of them, none when no table alone does."""
    looks = look_at_all(sample)
    guesses = [guess_looked_at(looks, sample, table=table, taken={}) for table in TABLES.values()]
    whole = [guess for guess in guesses if is_whole(guess, looks)]
    most = max(map(telling_columns, whole), default=0)
    best = [guess for guess in whole if telling_columns(guess) == most]
    return best[0] if most and len(best) == 1 else None


def telling_columns(guess: Guess) -> int:
    """Count the columns found that no other table has."""
    return sum(column in guess.chosen for column in TELLING[guess.table.name])


def is_whole(guess: Guess, looks: Mapping[str, Contents]) -> bool:
    """Tell whether a guess has all that its table needs; customers stand in a row each."""
    if guess.missing:
        return False
    return guess.table.name != "customers" or looks[guess.mapping["customer_id"]].is_unique


ASKED = {
    "customer_id": "the customer",
    "ordered_at": "the day of the order",
    "order_id": "the order",
    "quantity": "the number of pieces",
    "unit_price": "the price of one piece, or `line_total`, the amount of the line",
    "occurred_at": "the time of the event",
    "given_at": "the day of the opinion",
    "sent_at": "the day of the contact",
}


def require_guessed(guess: Guess, sample: pd.DataFrame, *, name: str) -> Guess:
    """Require that every column without which the table has no meaning was found.

    Parameters
    ----------
    guess : see `guess_columns`
    sample : the same first rows
    name : what messages call the file

    Raises
    ------
    DataProblem
        The file has no header, is another table, or a required column has no source or several equally likely ones.
    """
    require_header(sample, name=name)
    if not guess.missing:
        return guess
    table, likely = guess.table.name, best_guess(sample)
    if likely and telling_columns(likely) > telling_columns(guess):
        other = likely.table.name
        raise DataProblem(f"Can't read {table}: {some([name])} looks like a {other} table. Give it as `{other}`?")
    column = guess.missing[0]
    raise DataProblem(
        f"Can't read {table}: which column of {some([name])} is {ASKED.get(column, column)} can't be told. "
        f"{why_missing(guess, column)}{told_so_far(guess)} "
        f"Name {'it' if len(guess.missing) == 1 else 'them'} with "
        f"`column_map: {{{', '.join(f'{name}: …' for name in guess.missing)}}}`?"
    )


def why_missing(guess: Guess, column: str) -> str:
    """Say what speaks against the headers that might have been a column."""
    column = next((name for name in (column, LINE_TOTAL) if name in guess.either), column)
    if column in guess.either:
        return f"{some(guess.either[column])} are equally likely. "
    shown = [f"{some([header])} is not used: {why}. " for header, why in guess.refused.items()]
    return "".join(shown[:3])


def told_so_far(guess: Guess) -> str:
    """Say what was guessed and what is left."""
    told = ", ".join(f"{column} from '{header}'" for column, header in guess.mapping.items()) or "nothing"
    return f"Guessed were {told}; not used are {some(guess.left_over)}."


def require_header(sample: pd.DataFrame, *, name: str) -> None:
    """Require names of columns in the first row; values in their place may be personal and are not repeated.

    Raises
    ------
    DataProblem
        The first row holds an e-mail address, a date or several numbers.
    """
    seen = look_at(pd.Series(sample.columns, dtype="string"))
    if seen.emails or seen.dates or seen.numbers * seen.filled >= 2:
        raise DataProblem(
            f"The first row of {some([name])} must hold the names of the columns; it holds values. "
            "Is the header missing? Add a first row with names."
        )


def guess_source(sample: pd.DataFrame, *, table: Table, column_map: Mapping[str, str], name: str) -> Guess:
    """Guess a file's columns and require those without which the table has no meaning.

    Parameters
    ----------
    sample : the file's first rows, all text, with its own headers
    table : the canonical table wanted
    column_map : canonical column (or `line_total`) to header, as the user says
    name : what messages call the file

    Returns
    -------
    Guess; its `format` is what the file is read by

    Raises
    ------
    DataProblem
        See `require_guessed`.
    """
    own = {column: find_headers([header], list(sample.columns)) for column, header in column_map.items()}
    taken = {column: headers[0] for column, headers in own.items() if headers}
    return require_guessed(guess_columns(sample, table=table, taken=taken), sample, name=name)
