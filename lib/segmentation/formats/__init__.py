"""How each platform's headers become canonical columns: one YAML file a platform, read here."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import yaml

from segmentation.problems import DataProblem, some

Row = Literal["line", "order", "payment"]
LINE_TOTAL = "line_total"


class ItemField(NamedTuple):
    """Where one fact of an item stands: a column, and its name within the column when several are packed there."""

    header: str
    name: str = ""


Item = Mapping[str, Sequence[ItemField]]


@dataclass(frozen=True)
class Format:
    """One platform's export; docs/formats.md says how to write one.

    Wherever several source columns are named for one thing, the first that holds a value counts, and those that a file
    lacks are passed over.

    Attributes
    ----------
    name : what a user calls it
    signature : headers that together tell it from every other format; of two that fit, the longer one counts
    table : the canonical table that it fills
    row : what one row is; a whole order or payment becomes one line of one piece, unless its items are unpacked
    columns : canonical column to source columns; `line_total`, an amount for all pieces together, stands in for
        `unit_price`
    otherwise : the same, for a canonical column that no source column in `columns` gives
    combine : canonical id to the source columns whose values tell it together, where no single one does
    deduct : source column with an amount to the source columns that it includes and that are no money for goods
    add : source column with an amount to the source columns with what is to be added to it
    time_of_day : canonical time to the source column with its clock time, where `columns` gives the day only
    order_level : source columns that stand once an order, and count for all its rows
    spread : canonical amount of a line to the source column with the order's amount, spread by value
    items : canonical column to headers with `#` for the item's number, where the items of an order stand side by side;
        `header|name` where an item is packed in one column as `name:Mug|quantity:2`
    status : status to {source column: pattern}; the first pattern found decides, otherwise the order was placed
    refunded_when : source column to the pattern of rows whose whole value was paid back
    constants : canonical column to what holds for every row of such a file
    fees : canonical column to the pattern of lines that are no product
    nobody : pattern of customer keys that name nobody
    empty : words that mean that nothing stands there
    date_order : order of day and month, where the platform always writes the same
    decimal : "point" or "comma", where the platform always writes the same
    limits : what such a file can't give, for its reader
    hint : which export has a required column that this file lacks
    refuse : why no such file can be used, and which export to use instead
    """

    name: str
    signature: Sequence[str] = ()
    table: str = "orders"
    row: Row = "line"
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    otherwise: Mapping[str, Sequence[str]] = field(default_factory=dict)
    combine: Mapping[str, Sequence[str]] = field(default_factory=dict)
    deduct: Mapping[str, Sequence[str]] = field(default_factory=dict)
    add: Mapping[str, Sequence[str]] = field(default_factory=dict)
    time_of_day: Mapping[str, str] = field(default_factory=dict)
    order_level: Sequence[str] = ()
    spread: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, Sequence[str]] = field(default_factory=dict)
    status: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refunded_when: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    fees: Mapping[str, str] = field(default_factory=dict)
    nobody: str = ""
    empty: Sequence[str] = ()
    date_order: str = ""
    decimal: str = ""
    limits: str = ""
    hint: str = ""
    refuse: str = ""


@cache
def known_formats() -> tuple[Format, ...]:
    """Read every format that the package knows."""
    paths = sorted(
        (path for path in files(__name__).iterdir() if path.name.endswith(".yaml")), key=lambda path: path.name
    )
    return tuple(parse_format(path.name, path.read_text(encoding="utf-8")) for path in paths)


def parse_format(name: str, text: str) -> Format:
    """Read one format.

    Parameters
    ----------
    name : the file's, for messages
    text : YAML, a mapping of the attributes of `Format`

    Raises
    ------
    DataProblem
        It holds a key that no format has, or has no name.
    """
    told = yaml.safe_load(text)
    known = [attribute.name for attribute in fields(Format)]
    if not isinstance(told, dict) or "name" not in told:
        raise DataProblem(f"Format {some([name])} must be a mapping with a name.")
    if unknown := [key for key in told if key not in known]:
        raise DataProblem(f"Format {some([name])} must have no keys but {', '.join(known)}; it has {some(unknown)}.")
    return Format(**told)


def fitting_formats(headers: Iterable[str], *, table: str) -> list[Format]:
    """List the formats of a table whose whole signature stands in a file's headers, the longest signature first."""
    present = {plain_header(header) for header in headers}
    fitting = [
        known
        for known in known_formats()
        if known.table == table and known.signature and {plain_header(name) for name in known.signature} <= present
    ]
    return sorted(fitting, key=lambda known: -len(known.signature))


def plain_header(header: str) -> str:
    """Write a header in the form in which two are compared: letter case, width and spaces do not matter.

    Examples
    --------
    >>> plain_header(" Created  AT"), plain_header("商品总价（元） ")
    ('created at', '商品总价(元)')
    """
    return " ".join(unicodedata.normalize("NFKC", header).split()).casefold()


def find_headers(names: Iterable[str], headers: Sequence[str]) -> list[str]:
    """Find the file's own headers behind names, in the order of the names; those that it lacks are left out.

    Examples
    --------
    >>> find_headers(["Email", "Phone", "Name"], ["name ", "EMAIL"])
    ['EMAIL', 'name ']
    """
    own = own_headers(headers)
    found = [own.get(name, own.get(plain_header(name))) for name in names]
    return list(dict.fromkeys(header for header in found if header is not None))


def own_headers(headers: Sequence[str]) -> dict[str, str]:
    """Map the file's own headers, and the form in which they are compared, to themselves; the first of two counts."""
    return {plain_header(header): header for header in reversed(headers)} | {header: header for header in headers}


def fit_format(form: Format, headers: Sequence[str]) -> Format:
    """Write a format in a file's own headers; what the file lacks is left out."""

    def lists(named: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        found = {key: find_headers(names, headers) for key, names in named.items()}
        return {key: names for key, names in found.items() if names}

    def singles(named: Mapping[str, str]) -> dict[str, str]:
        return {key: names[0] for key, names in lists({key: [name] for key, name in named.items()}).items()}

    def amounts(named: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return {total: names for key, names in lists(named).items() for total in find_headers([key], headers)}

    def patterns(named: Mapping[str, str]) -> dict[str, str]:
        return {found: pattern for name, pattern in named.items() for found in find_headers([name], headers)}

    return replace(
        form,
        columns=lists(form.columns),
        otherwise=lists(form.otherwise),
        combine=lists(form.combine),
        deduct=amounts(form.deduct),
        add=amounts(form.add),
        time_of_day=singles(form.time_of_day),
        order_level=find_headers(form.order_level, headers),
        spread=singles(form.spread),
        status={word: patterns(named) for word, named in form.status.items()},
        refunded_when=patterns(form.refunded_when),
    )


def find_items(form: Format, headers: Sequence[str]) -> list[Item]:
    """Find the columns of each item that a row can hold, in the order of their numbers.

    Examples
    --------
    >>> form = Format("Shop", items={"product_name": ["Item # Name"], "quantity": ["Item # Pieces", "item_#|pieces"]})
    >>> find_items(form, ["Item 1 Name", "item_1", "Item 2 Pieces"])[0]["quantity"]
    [ItemField(header='item_1', name='pieces')]
    >>> len(find_items(form, ["Item 1 Name", "item_1", "Item 2 Pieces"]))
    2
    """
    own = own_headers(headers)
    items = []
    for number in range(1, len(headers) + 1) if form.items else ():
        item = {
            column: [
                ItemField(own[header], name)
                for pattern, _, name in (source.partition("|") for source in sources)
                if (header := plain_header(pattern.replace("#", str(number)))) in own
            ]
            for column, sources in form.items.items()
        }
        if any(item.values()):
            items.append({column: sources for column, sources in item.items() if sources})
    return items
