"""Policies: the words that each parameter knows, and the rules that follow from them."""

import pytest

from segmentation.cleaning.policies import POLICIES, SWITCHES, Policy
from segmentation.problems import DataProblem

# Rules that only other parameters can make find anything.
ON_DEMAND = {"no exchange rate", "outlier", "wholesaler"}


def names(**told: object) -> list[str]:
    return [rule.name for rule in Policy(**told).rules]


@pytest.mark.parametrize("cleaning", POLICIES)
def test_a_preset_asks_its_rules_in_order(cleaning: str) -> None:
    assert names(cleaning=cleaning) == [name for name in POLICIES[cleaning] if name not in ON_DEMAND]


@pytest.mark.parametrize(
    ("duplicates", "missing"), [("exact", {"older copy"}), ("keep", {"older copy", "duplicate"}), ("drop", set())]
)
def test_duplicates_decide_the_rules_on_copies_only(duplicates: str, missing: set[str]) -> None:
    assert set(names()) - set(names(duplicates=duplicates)) == missing


@pytest.mark.parametrize(("switch", "rule"), SWITCHES.items())
@pytest.mark.parametrize("cleaning", POLICIES)
def test_a_switch_decides_its_rule_only(cleaning: str, switch: str, rule: str) -> None:
    kept, dropped = (set(names(cleaning=cleaning, **{switch: word})) for word in ("keep", "drop"))
    assert dropped - kept == {rule}
    assert kept < dropped


@pytest.mark.parametrize("cleaning", POLICIES)
def test_returns_decide_the_same_rules_in_every_preset(cleaning: str) -> None:
    about = {"credit note", "return", "no quantity", "return without purchase"}
    asked = {word: about & set(names(cleaning=cleaning, returns=word)) for word in ("net", "keep", "drop")}
    assert asked == {
        "net": {"no quantity", "return without purchase"},
        "keep": {"no quantity"},
        "drop": {"credit note", "return"},
    }


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"rates": "rates.csv"}, "no exchange rate"),
        ({"outlier_method": "iqr", "outlier_action": "quarantine"}, "outlier"),
        ({"wholesalers": "set_apart"}, "wholesaler"),
    ],
)
def test_a_rule_on_demand_is_asked_when_it_is_asked_for(told: dict[str, str], rule: str) -> None:
    assert ON_DEMAND & set(names(**told)) == {rule}


def test_settings_tell_what_a_preset_means() -> None:
    told = Policy(cleaning="usual", currency="GBP").settings
    assert (told["fees"], told["cancelled"], told["returns"], told["currency"]) == ("keep", "drop", "drop", "GBP alone")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"cleaning": "thorough"}, "`cleaning` must be net or usual; got 'thorough'"),
        ({"duplicates": "merge"}, "`duplicates` must be drop, exact or keep; got 'merge'"),
        ({"fees": "yes"}, "`fees` must be drop or keep, or empty as `cleaning` says; got 'yes'"),
        ({"returns": "order"}, "`returns` must be net, keep or drop, or empty as `cleaning` says; got 'order'"),
        ({"guests": "name"}, "`guests` must be email or quarantine; got 'name'"),
        ({"wholesalers": "delete"}, "`wholesalers` must be keep, flag or set_apart; got 'delete'"),
        ({"max_quantity": 0}, "`max_quantity` must be at least 1 piece; got 0"),
        ({"fee_pattern": "(?<=x"}, "`fee_pattern` must be a regular expression such as .*; got '\\(\\?<=x'"),
        ({"missing": {"price": "mean"}}, "`missing` must name columns of the orders, which are .*; got 'price'"),
        ({"missing": {"country": "guess"}}, "`missing` must say for country one of .*; got 'guess'"),
        ({"missing": {"country": 3}}, "`missing` must say for country one of .*; got '3'"),
        ({"missing": {"customer_id": "constant:x"}}, "A missing customer_id can't be filled, since that would invent"),
        ({"missing": {"order_id": "forward_fill"}}, "A missing order_id can't be filled, .* Say keep or drop"),
        ({"missing": {"country": "mean"}}, "`missing` must say 'mean' only for quantity, unit_price"),
        ({"missing": {"quantity": "constant:two"}}, "`missing` must give quantity a constant that .*; got 'two'"),
        ({"missing": {"unit_price": "constant:nan"}}, "`missing` must give unit_price a constant that .*; got 'nan'"),
        ({"missing": {"country": "constant:"}}, "`missing` must give country a constant that .*; got ''"),
        ({"outlier_method": "iqd"}, "`outlier_method` must be none, iqr, .*; got 'iqd'"),
        ({"outlier_action": "delete"}, "`outlier_action` must be flag, cap, median or quarantine; got 'delete'"),
        ({"outlier_columns": ["discount"]}, "`outlier_columns` must be some of unit_price, quantity; got 'discount'"),
        ({"outlier_columns": []}, "`outlier_columns` must be some of unit_price, quantity; got nothing"),
        ({"outlier_method": "isolation_forest", "outlier_action": "cap"}, "must be flag or quarantine with isolation_"),
        ({"outlier_limit": -1.0}, "`outlier_limit` must be above 0, or 0 for the usual one; got -1.0"),
        ({"outlier_method": "isolation_forest", "outlier_limit": 3.0}, "for a share of the lines below 0.5; got 3.0"),
    ],
    ids=str,
)
def test_a_word_that_a_parameter_does_not_know_is_refused(told: dict[str, object], message: str) -> None:
    with pytest.raises(DataProblem, match=message):
        Policy(**told)
