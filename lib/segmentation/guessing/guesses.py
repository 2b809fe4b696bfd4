"""What is known of an unknown file's columns: what each was guessed to mean, from what, and how certain that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pandas as pd

from segmentation.formats import LINE_TOTAL, Format
from segmentation.guessing.words import meanings
from segmentation.tables import Table


class Choice(NamedTuple):
    """The header chosen for a canonical column, why, and how certain that is, 0 to 1."""

    header: str
    because: str
    certainty: float


@dataclass(frozen=True)
class Guess:
    """What the columns of an unknown file were guessed to mean.

    Attributes
    ----------
    table : canonical table
    chosen : by canonical column, and `line_total` of orders: what the whole line or order is worth
    either : canonical columns for which several headers are equally likely, with these headers
    refused : headers that are not read as what their name says, with the reason
    combine : canonical columns whose value is made of several headers, such as an order of customer and day
    constants : canonical columns that hold one word in every row
    status : as in a format, word to {header: pattern}, where the file has words of its own
    refunded_when : as in a format, {header: pattern} of lines that were paid back whole
    spread : as in a format, canonical amount of a line to the header that gives it once an order
    order_level : as in a format, headers that are filled on one row of each order only
    time_of_day : as in a format, canonical time to the header of its clock time
    left_over : headers that are not used
    """

    table: Table
    chosen: Mapping[str, Choice] = field(default_factory=dict)
    either: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    combine: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refunded_when: Mapping[str, str] = field(default_factory=dict)
    spread: Mapping[str, str] = field(default_factory=dict)
    order_level: tuple[str, ...] = ()
    time_of_day: Mapping[str, str] = field(default_factory=dict)
    left_over: tuple[str, ...] = ()

    @property
    def mapping(self) -> dict[str, str]:
        """Canonical column to header."""
        return {column: choice.header for column, choice in self.chosen.items()}

    @property
    def format(self) -> Format:
        """The format by which the file is read."""
        columns = {column: [header] for column, header in self.mapping.items()}
        if self.status:
            del columns["status"]
        return Format(
            name="Guessed columns",
            table=self.table.name,
            columns=columns,
            combine=self.combine,
            status=self.status,
            refunded_when=self.refunded_when,
            constants=self.constants,
            spread=self.spread,
            order_level=list(dict.fromkeys([*self.order_level, *self.spread.values()])),
            time_of_day=self.time_of_day,
        )

    @property
    def missing(self) -> list[str]:
        """The columns without which the table has no meaning and for which no header was found."""
        found = {*self.chosen, *self.combine, *self.constants}
        if LINE_TOTAL in found:
            found |= {"unit_price", "quantity"}
        return [column.name for column in self.table.columns if column.required and column.name not in found]

    @property
    def evidence(self) -> pd.DataFrame:
        """What was guessed and why: column, guessed from, because, certainty; headers and shares, never a value."""
        rows = [(column, choice.header, choice.because, certainty(choice)) for column, choice in self.chosen.items()]
        rows += [
            (column, header, "the order's amount, spread over its lines", "likely")
            for column, header in self.spread.items()
        ]
        rows += [(column, header, "its time of day", "likely") for column, header in self.time_of_day.items()]
        rows += [
            (column, " and ".join(headers), "no column of its own: made of both", "likely")
            for column, headers in self.combine.items()
        ]
        rows += [
            (column, "", f"no column says it: '{word}' in every row", "assumed")
            for column, word in self.constants.items()
        ]
        rows += [
            (column, " or ".join(headers), "equally likely: name one with column_map", "open")
            for column, headers in self.either.items()
        ]
        rows += [("", header, f"not used: {why}", "refused") for header, why in self.refused.items()]
        return pd.DataFrame(rows, columns=["column", "guessed from", "because", "certainty"])


def certainty(choice: Choice) -> str:
    """Word how certain a choice is."""
    return "sure" if choice.certainty >= 0.95 else "likely" if choice.certainty >= 0.6 else "unsure"


def told_of(guess: Guess) -> set[str]:
    """List the columns that have a header, or of which something speaks that is not used."""
    named = {column for header in guess.refused for column in meanings(header, guess.table.name)}
    return {*guess.chosen, *guess.either, *named}


def used_headers(guess: Guess) -> set[str]:
    """List the headers that a guess reads."""
    combined = [header for headers in guess.combine.values() for header in headers]
    return {*guess.mapping.values(), *combined, *guess.spread.values(), *guess.time_of_day.values()}


def without(guess: Guess, column: str, why: str) -> Guess:
    """Take back a choice and say why."""
    chosen = {name: choice for name, choice in guess.chosen.items() if name != column}
    return replace(guess, chosen=chosen, refused={**guess.refused, guess.mapping[column]: why})
