"""Step 02: keep what tells of customers, quarantine the rest with its reason, and account for every row."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from segmentation.cleaning.accounts import (
    REPAIRS,
    account,
    account_with_total,
    aside_in_words,
    lines_and_money,
    require_balance,
    require_customers,
    returns_table,
    rules_table,
    what_each_policy_did,
)
from segmentation.cleaning.copies import mark_copies
from segmentation.cleaning.currencies import convert, read_rates, require_one_currency
from segmentation.cleaning.marks import PLACE, stored
from segmentation.cleaning.missing import NUMBERS, dropped_columns, fill, filled_columns
from segmentation.cleaning.outliers import treat_outliers
from segmentation.cleaning.policies import POLICIES, Policy, policy_of
from segmentation.cleaning.returns import has_returns, treat_returns
from segmentation.cleaning.rules import FLAGS, LATE, RULES, first_failed
from segmentation.cleaning.wholesalers import treat_wholesalers, wholesalers_table
from segmentation.runs import resolve

# What the step's notebook calls, from whichever module it comes.
__all__ = [
    "POLICIES",
    "RULES",
    "Policy",
    "account",
    "account_with_total",
    "aside_in_words",
    "judge_orders",
    "kept",
    "lines_and_money",
    "policy_of",
    "require_balance",
    "require_customers",
    "require_one_currency",
    "returns_table",
    "rules_table",
    "set_aside",
    "shop_currency",
    "what_each_policy_did",
    "wholesalers_table",
]


def shop_currency(orders: ir.Table, policy: Policy) -> str:
    """Name the one currency that all clean amounts will be in; see `currencies.require_one_currency`."""
    return require_one_currency(orders, currency=policy.currency, rates=policy.rates)


def judge_orders(orders: ir.Table, policy: Policy, *, currency: str, files: Sequence[str] = ()) -> ir.Table:
    """Repair what the policy repairs, and express for each line the first rule that it fails, null when it is clean.

    Copies are looked for among the lines as they came; then values are filled and amounts converted; then each line is
    judged by itself; last come outliers, returns and wholesalers, which are seen only among what passed so far.

    Parameters
    ----------
    orders : one row an order line, canonical columns; other columns stay
    policy : see `policies.Policy`
    currency : the shop's own; see `shop_currency`
    files : names of the files, the oldest first, as in `source_file`; details behind summaries of the same orders

    Returns
    -------
    The same rows and columns, values as repaired, and `reason`. Besides, as the policy asks: `<column>_was_missing`,
    `converted_from`, `is_outlier`, `is_wholesaler`, `return_of` (the order that a return belongs to), and what each
    repair added to the line's money; see `kept` and `set_aside`

    Source
    ------
    docs/decisions/0005-cleaning-policy.md
    """
    line = mark_copies(orders, duplicates=policy.duplicates, files=files)
    line = repaired(line, policy, currency)
    any_came = has_returns(line)
    line = judge_each(line, policy, currency)
    line = rejudged(treat_outliers(line, policy.outliers), policy)
    line = rejudged(treat_returns(line, policy.treats_returns, any_came=any_came), policy)
    line = rejudged(treat_wholesalers(line, policy.wholesalers), policy)
    return line.drop(*FLAGS).relocate("reason", after=line.columns[-1])


def repaired(line: ir.Table, policy: Policy, currency: str) -> ir.Table:
    """Express the lines with fees told, missing values filled and amounts converted, as the policy asks.

    Words are filled before amounts are converted, since a currency may be among them, and numbers after it.
    """
    if policy.fee_pattern:
        is_fee = [
            ibis.coalesce(line[name].re_search(policy.fee_pattern), False) for name in ("product_id", "product_name")
        ]
        line = line.mutate(line_kind=ibis.ifelse(ibis.or_(*is_fee), "fee", line.line_kind))
    wanted = filled_columns(policy.missing)
    if not wanted and not policy.rates:
        return line
    line = fill(line, {name: way for name, way in wanted.items() if name not in NUMBERS}, currency=currency)
    if policy.rates:
        line = convert(line, currency=currency, rates=read_rates(resolve(policy.rates)))
    return stored(fill(line, {name: way for name, way in wanted.items() if name in NUMBERS}, currency=currency))


def judge_each(line: ir.Table, policy: Policy, currency: str) -> ir.Table:
    """Express for each line the first rule that it fails by itself, and what later rules will flag."""
    is_missing = [line[name].isnull() for name in dropped_columns(policy.missing)]
    line = line.mutate(
        is_other_currency=ibis.coalesce(line.currency != currency, False),
        is_incomplete=ibis.or_(*is_missing),
        is_changed=line.is_outlier if "is_outlier" in line.columns else ibis.literal(False),
        is_absurd=ibis.coalesce(line.quantity.abs() > policy.max_quantity, False),
        **{name: ibis.literal(False) for name in ("is_far_out", "returns_too_much", "is_of_wholesaler")},
    )
    return line.mutate(reason=first_failed(line, [rule for rule in policy.rules if rule.name not in LATE]))


def rejudged(line: ir.Table, policy: Policy) -> ir.Table:
    """Express the reasons once more, now that one of the late rules has its flag; an earlier reason stays."""
    late = [rule for rule in policy.rules if rule.name in LATE]
    return line.mutate(reason=ibis.coalesce(line.reason, first_failed(line, late))) if late else line


def kept(judged: ir.Table) -> ir.Table:
    """Express the clean lines, as later steps read them."""
    return judged.filter(judged.reason.isnull()).drop("reason", *(name for name in REPAIRS if name in judged.columns))


def set_aside(judged: ir.Table) -> ir.Table:
    """Express the quarantine: the lines that count no more, each with its reason, in the order of their places."""
    aside = judged.filter(judged.reason.notnull()).order_by(*PLACE)
    return aside.drop(*(name for name in REPAIRS if name in judged.columns))
