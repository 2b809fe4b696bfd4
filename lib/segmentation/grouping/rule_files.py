"""A user's own rules: read from YAML, and refused with a reason when they can't be meant so."""

import math
import re
from collections.abc import Hashable
from itertools import pairwise, product
from pathlib import Path

import pandas as pd
import yaml

from segmentation.features import FEATURES
from segmentation.problems import DataProblem, some
from segmentation.rfm import BEST, NO_SCORE, SCORES

EVERYONE_ELSE = "everyone else"
MOST_RULES = 40
LONGEST_NAME = 60
MOST_BYTES = 100_000
MOST_CASES = 20_000
BAD_LETTERS = re.compile(r"[<>{}\\/\x00-\x1f\x7f]|^[=+@-]")
A_LEVEL_OF_ITS_OWN = "a level that no rule names"


class RuleReader(yaml.SafeLoader):
    """Reads rules: words stay words (NO is Norway), no name stands twice, and nothing refers to something else."""

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node:
        """Refuse what refers to something else, by which a small file can grow without end."""
        if self.check_event(yaml.AliasEvent):
            raise DataProblem("Rules must be written out; the file refers from one to another with '*'.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        """Refuse a name that stands twice."""
        names = [str(self.construct_object(key, deep=True)).strip().casefold() for key, _ in node.value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataProblem(f"Each name must stand once in the rules; {some(twice)} stands there twice.")
        return super().construct_mapping(node, deep=deep)


AS_WORDS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
RuleReader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag not in AS_WORDS]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_rule_file(path: Path) -> dict[str, object]:
    """Read a user's rules and require that they can be meant so.

    Parameters
    ----------
    path : of a YAML file: name to what a customer's features must be, asked in order

    Returns
    -------
    The rules in their order; the last one asks nothing. When the file has none such, "everyone else" is added.

    Raises
    ------
    DataProblem
        There is no such file; it is no YAML; a name is no plain words or stands twice; a feature is unknown; a low is
        above a high; a rule is never reached.
    """
    rules = require_rules(parsed(path))
    for name, alternatives in rules.items():
        if alternatives == []:
            raise DataProblem(
                f"Rule {some([name])} must ask something, or be the last one with {{}}; it has an empty list."
            )
        for conditions in alternatives_of(alternatives):
            require_conditions(name, conditions)
    rules = with_everyone_else(rules)
    require_reachable(rules)
    return rules


def parsed(path: Path) -> object:
    """Read a YAML file of bounded size."""
    if not path.is_file():
        raise DataProblem(
            f"`rules` must name one of the presets or a YAML file; there is no file {some([path.name])}. Is the path "
            "right?"
        )
    if path.stat().st_size > MOST_BYTES:
        raise DataProblem(
            f"A file of rules must be small, {MOST_BYTES:,} bytes at most; {some([path.name])} is larger."
        )
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), Loader=RuleReader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as problem:
        if isinstance(problem, DataProblem):
            raise
        mark = getattr(problem, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise DataProblem(
            f"Rules must be YAML in UTF-8, such as 'regulars: {{order_count: [2, null]}}'; {some([path.name])} can't "
            f"be read{where}. Was it saved as another format?"
        ) from None


def require_rules(told: object) -> dict[str, object]:
    """Require named rules, each with conditions, not too many."""
    if not isinstance(told, dict) or not told:
        raise DataProblem(
            "Rules must be names with what features must be, such as 'regulars: {order_count: [2, null]}'; got "
            f"{'nothing' if told is None else some([told])}."
        )
    if len(told) > MOST_RULES:
        raise DataProblem(f"There may be {MOST_RULES} rules at most; got {len(told):,}.")
    wrong = [name for name in told if not isinstance(name, str) or not is_plain(name)]
    if wrong:
        raise DataProblem(
            f"A rule's name must be plain words of at most {LONGEST_NAME} letters, without < > {{ }} / \\ and not "
            f"beginning with = + - @; got {some(wrong)}."
        )
    return {name.strip(): alternatives if alternatives is not None else {} for name, alternatives in told.items()}


def is_plain(name: str) -> bool:
    """Tell whether a name can stand in a report, a file name and a spreadsheet without being taken for anything else.

    Examples
    --------
    >>> is_plain("can't lose"), is_plain("<script>"), is_plain("=SUM(A1)")
    (True, False, False)
    """
    return 0 < len(name.strip()) <= LONGEST_NAME and not BAD_LETTERS.search(name)


def alternatives_of(told: object) -> list[object]:
    """List what a rule asks: one set of conditions, or several of which one must hold."""
    return told if isinstance(told, list) else [told]


def require_conditions(name: str, conditions: object) -> None:
    """Require known features and possible ranges or levels."""
    if not isinstance(conditions, dict):
        raise DataProblem(
            f"What rule {some([name])} asks must be features with ranges, such as {{order_count: [2, null]}}; got "
            f"{some([conditions])}."
        )
    known = {**FEATURES, **dict.fromkeys(SCORES)}
    unknown = [feature for feature in conditions if feature not in known]
    if unknown:
        raise DataProblem(
            f"Rules must ask features or scores; rule {some([name])} asks {some(unknown)}. The scores are "
            f"{', '.join(SCORES)}, the features {', '.join(FEATURES)}."
        )
    for feature, asked in conditions.items():
        require_levels(name, feature, asked) if is_category(feature) else require_range(name, feature, asked)


def is_category(feature: str) -> bool:
    """Tell whether a feature has levels rather than numbers."""
    return feature in FEATURES and FEATURES[feature].kind == "category"


def require_levels(name: str, feature: str, asked: object) -> None:
    """Require levels as words."""
    levels = asked if isinstance(asked, list) else [asked]
    if not levels or any(not isinstance(level, str) for level in levels):
        raise DataProblem(
            f"{feature} must be one or more words in rule {some([name])}, such as [DE, AT]; got {some([asked])}. Does "
            "a number need quotes?"
        )


def require_range(name: str, feature: str, asked: object) -> None:
    """Require a number, or a range whose low is not above its high."""
    ends = asked if isinstance(asked, list) else [asked, asked]
    numbers = [end for end in ends if end is not None]
    if len(ends) != 2 or not numbers or any(not is_number(end) for end in numbers):
        raise DataProblem(
            f"{feature} must be a number or [at least, at most] in rule {some([name])}, null for no limit; got "
            f"{some([asked])}."
        )
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise DataProblem(
            f"The low end must not be above the high end; rule {some([name])} asks {feature} from {numbers[0]:,} to "
            f"{numbers[1]:,}. Are the two swapped?"
        )


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def with_everyone_else(rules: dict[str, object]) -> dict[str, object]:
    """Add a last rule that asks nothing where there is none, so that nobody is left out."""
    last = next(reversed(rules.values()))
    if any(not conditions for conditions in alternatives_of(last)):
        return rules
    if EVERYONE_ELSE in rules:
        raise DataProblem(f"The rule {some([EVERYONE_ELSE])} must be the last one and ask nothing.")
    return rules | {EVERYONE_ELSE: {}}


def require_reachable(rules: dict[str, object]) -> None:
    """Require that each rule holds for somebody for whom none before it does.

    All cases that the borders of the rules tell apart are tried; where they are too many, only rules after one that
    asks nothing are found.
    """
    from segmentation.grouping.rules import first_rule  # which reads rules by this module

    cases = cases_of(rules)
    names = list(rules)
    if cases is None:
        ends = [place for place, told in enumerate(rules.values()) if any(not asked for asked in alternatives_of(told))]
        never = names[ends[0] + 1 :]
    else:
        reached = set(first_rule(cases, rules))
        never = [name for place, name in enumerate(names) if place not in reached and place < len(names) - 1]
        never += [names[-1]] if names[-1] != EVERYONE_ELSE and len(names) - 1 not in reached else []
    if never:
        raise DataProblem(
            f"Each rule must hold for somebody; {some(never)} can't be reached, because the rules before hold for all "
            "whom it asks for. Does it belong further up?"
        )


def cases_of(rules: dict[str, object]) -> pd.DataFrame | None:
    """List a customer for each case that the rules can tell apart; None when they are too many."""
    asked: dict[str, list[object]] = {}
    for told in rules.values():
        for conditions in alternatives_of(told):
            for feature, ends in conditions.items():
                asked.setdefault(feature, []).extend(ends if isinstance(ends, list) else [ends])
    values = {feature: values_around(feature, ends) for feature, ends in asked.items()}
    if math.prod(len(options) for options in values.values()) > MOST_CASES:
        return None
    return pd.DataFrame(list(product(*values.values())), columns=list(values)) if values else pd.DataFrame(index=[0])


def values_around(feature: str, ends: list[object]) -> list[object]:
    """List values at, between and beyond borders: all scores, all levels named and one that is not.

    Examples
    --------
    >>> values_around("order_count", [2, None, 4])
    [1.0, 2.0, 3.0, 4.0, 5.0]
    """
    if feature in SCORES:
        return list(range(NO_SCORE, BEST + 1))
    if is_category(feature):
        return [*dict.fromkeys(ends), A_LEVEL_OF_ITS_OWN]
    borders = sorted({float(end) for end in ends if end is not None})
    between = [(low + high) / 2 for low, high in pairwise(borders)]
    return sorted([borders[0] - 1, *borders, *between, borders[-1] + 1])
