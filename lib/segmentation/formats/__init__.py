"""How each platform's headers become canonical columns: one YAML file a platform, read here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True)
class Format:
    """One platform's order export.

    Attributes
    ----------
    name : what a user calls it
    signature : headers that together tell it from every other format
    columns : canonical column to source columns in order of preference; the first that holds a value counts
    order_level : source columns that stand on the first row of an order only
    spread : canonical amount of a line to the source column with the order's amount, spread by value
    status : status to {source column: pattern}; the first pattern found decides, otherwise the order was placed
    constants : canonical column to what holds for every row of such a file
    fees : canonical column to the pattern of lines that are no product
    """

    name: str
    signature: Sequence[str] = ()
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    order_level: Sequence[str] = ()
    spread: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    fees: Mapping[str, str] = field(default_factory=dict)


@cache
def known_formats() -> tuple[Format, ...]:
    """Read every format that the package knows."""
    paths = sorted(
        (path for path in files(__name__).iterdir() if path.name.endswith(".yaml")), key=lambda path: path.name
    )
    return tuple(Format(**yaml.safe_load(path.read_text(encoding="utf-8"))) for path in paths)
