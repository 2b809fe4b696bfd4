"""The policies of cleaning: what each parameter may say, and the rules that follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import duckdb

from segmentation.cleaning.missing import check_missing
from segmentation.cleaning.outliers import COLUMNS, Outliers, check_outliers
from segmentation.cleaning.rules import RULES, Rule
from segmentation.cleaning.wholesalers import WAYS
from segmentation.problems import DataProblem, some

# Each preset asks these; a rule that looks for what the other parameters do not ask for finds nothing.
POLICIES = {
    "net": [name for name in RULES if name not in ("credit note", "return")],
    "usual": [
        name
        for name in RULES
        if name
        not in ("test order", "unpaid", "fee", "no quantity", "gift", "absurd quantity", "return without purchase")
    ],
}

# Parameters that say drop or keep, or nothing and leave it to the preset, and the rule that each decides.
SWITCHES = {
    "test_orders": "test order",
    "cancelled": "cancelled",
    "unpaid": "unpaid",
    "fees": "fee",
    "gifts": "gift",
    "zero_prices": "zero price",
}

# What each treatment of returns and of lines that stand there twice asks.
RETURNS = {
    "net": ("no quantity", "return without purchase"),
    "keep": ("no quantity",),
    "drop": ("credit note", "return"),
}
DUPLICATES = {"drop": ("older copy", "duplicate"), "exact": ("duplicate",), "keep": ()}

WORDS = {
    "cleaning": tuple(POLICIES),
    "duplicates": tuple(DUPLICATES),
    "guests": ("email", "quarantine"),
    "returns": ("", *RETURNS),
    "wholesalers": WAYS,
    **dict.fromkeys(SWITCHES, ("", "drop", "keep")),
}


@dataclass(frozen=True)
class Policy:
    """How orders are cleaned: the parameters of step 02, and the rules that follow from them.

    Attributes
    ----------
    cleaning : preset; "net" counts returns against what was bought, "usual" is the textbook cleaning, which drops them
    duplicates : "drop" exact copies and older copies of an order, "exact" copies alone, "keep" all
    test_orders, cancelled, unpaid, fees, gifts, zero_prices : "drop", "keep", or "" as the preset says
    fee_pattern : regular expression of product codes and names that are fees, besides those that the format knows
    guests : "email" or "quarantine"; whom it makes a customer is decided before cleaning, here it is only told
    returns : "net" of what was bought, "keep" as they are, "drop", or "" as the preset says
    currency : the shop's own, ISO 4217, "" when the orders hold only one
    rates : file of exchange rates that brings all amounts into the shop's currency, "" for none
    missing : column to treatment; see `missing.check_missing`
    outlier_method, outlier_columns, outlier_action, outlier_limit : see `outliers.check_outliers`
    wholesalers : "keep", "flag" or "set_apart"
    max_quantity : pieces in one line above which the number must be a typing error
    seed : of every draw by chance

    Raises
    ------
    DataProblem
        A parameter holds a word that it does not know; both are named.

    Source
    ------
    docs/decisions/0005-cleaning-policy.md
    """

    cleaning: str = "net"
    duplicates: str = "drop"
    test_orders: str = ""
    cancelled: str = ""
    unpaid: str = ""
    fees: str = ""
    fee_pattern: str = ""
    gifts: str = ""
    zero_prices: str = ""
    guests: str = "email"
    returns: str = ""
    currency: str = ""
    rates: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)
    outlier_method: str = "none"
    outlier_columns: Sequence[str] = COLUMNS
    outlier_action: str = "flag"
    outlier_limit: float = 0.0
    wholesalers: str = "keep"
    max_quantity: int = 50_000
    seed: int = 7

    def __post_init__(self) -> None:
        for name, words in WORDS.items():
            require_word(name, getattr(self, name), words)
        if self.max_quantity < 1:
            raise DataProblem(f"`max_quantity` must be at least 1 piece; got {self.max_quantity}.")
        require_pattern(self.fee_pattern)
        check_missing(self.missing)
        check_outliers(**self.outlier_parameters)

    @cached_property
    def outliers(self) -> Outliers:
        """How outliers are looked for and treated."""
        return check_outliers(**self.outlier_parameters)

    @property
    def outlier_parameters(self) -> dict[str, Any]:
        """The parameters of `outliers.check_outliers`."""
        names = ("method", "columns", "action", "limit")
        return {name: getattr(self, f"outlier_{name}") for name in names} | {"seed": self.seed}

    @property
    def treats_returns(self) -> str:
        """What is done with returns: net, keep or drop."""
        return self.returns or ("net" if self.cleaning == "net" else "drop")

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order in which they are asked."""
        names = set(POLICIES[self.cleaning])
        names = with_choice(names, RETURNS, self.treats_returns)
        names = with_choice(names, DUPLICATES, self.duplicates)
        for switch, rule in SWITCHES.items():
            word = getattr(self, switch)
            names = (names | {rule}) if word == "drop" else (names - {rule}) if word == "keep" else names
        names -= {"other currency"} if self.rates else {"no exchange rate"}
        if self.outliers.method == "none" or self.outliers.action != "quarantine":
            names -= {"outlier"}
        if self.wholesalers != "set_apart":
            names -= {"wholesaler"}
        return tuple(rule for name, rule in RULES.items() if name in names)

    @property
    def settings(self) -> dict[str, str]:
        """What each parameter means in this run, as a reader is shown it."""
        asked = {rule.name for rule in self.rules}
        own = f"{self.currency} alone" if self.currency else "refuse a second"
        return {
            "duplicates": self.duplicates,
            **{switch: "drop" if rule in asked else "keep" for switch, rule in SWITCHES.items()},
            "guests": self.guests,
            "returns": self.treats_returns,
            "currency": "convert" if self.rates else own,
            "missing": ", ".join(f"{column}: {way}" for column, way in self.missing.items()) or "keep",
            "outliers": "none" if self.outliers.method == "none" else f"{self.outliers.method}, {self.outliers.action}",
            "wholesalers": self.wholesalers,
            "max_quantity": f"{self.max_quantity:,}",
        }


def policy_of(parameters: Mapping[str, Any]) -> Policy:
    """Build the policy that a step's parameters describe; those that are none of cleaning's are passed over."""
    return Policy(**{name: parameters[name] for name in (own.name for own in fields(Policy)) if name in parameters})


def with_choice(names: set[str], choices: Mapping[str, Sequence[str]], chosen: str) -> set[str]:
    """Exchange the rules of all choices for those of the one that was chosen."""
    return (names - {rule for rules in choices.values() for rule in rules}) | set(choices[chosen])


def require_word(name: str, word: object, words: Sequence[str]) -> None:
    """Require that a parameter holds a word that it knows."""
    if word not in words:
        known = [known for known in words if known]
        listed = f"{', '.join(known[:-1])} or {known[-1]}" + (", or empty as `cleaning` says" if "" in words else "")
        raise DataProblem(f"`{name}` must be {listed}; got {some([word])}.")


def require_pattern(pattern: str) -> None:
    """Require a regular expression that the engine can read."""
    with duckdb.connect() as engine:
        try:
            engine.execute("select regexp_matches('', ?)", [pattern])
        except duckdb.Error:
            raise DataProblem(
                f"`fee_pattern` must be a regular expression such as '(?i)postage|gift wrap'; got {some([pattern])}."
            ) from None
