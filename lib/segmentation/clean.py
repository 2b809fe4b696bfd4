"""Step 02: keep what tells of customers, quarantine the rest with its reason, and account for every row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.problems import DataProblem, some
from segmentation.tables import ORDERS, exact_value, lines_by_currency, net_value

CENT = 0.005


@dataclass(frozen=True)
class Rule:
    """One reason to set a line aside: its name, the sentence that a reader sees, and the test of a line."""

    name: str
    sentence: str
    fails: Callable[[ir.Table], ir.BooleanColumn]


RULES = {
    rule.name: rule
    for rule in (
        Rule("duplicate", "The same line stands earlier in the file, in every column.", lambda line: line.copy > 0),
        Rule("guest", "No customer is known.", lambda line: line.customer_id.isnull()),
        Rule("test order", "The order was a test.", lambda line: line.status == "test"),
        Rule("cancelled", "The order was cancelled.", lambda line: line.status == "cancelled"),
        Rule("unpaid", "The order was never paid.", lambda line: line.status == "unpaid"),
        Rule("other currency", "The line is not in the shop's currency.", lambda line: line.is_other_currency),
        Rule("fee", "Postage, a charge or a correction, no product.", lambda line: line.line_kind == "fee"),
        Rule("credit note", "The document takes goods back.", lambda line: line.status == "credit"),
        Rule("return", "The line takes goods back.", lambda line: line.quantity <= 0),
        Rule("no quantity", "The line sells nothing.", lambda line: line.quantity == 0),
        Rule("negative price", "The price is below zero.", lambda line: line.unit_price < 0),
        Rule("zero price", "The price is zero.", lambda line: line.unit_price == 0),
        Rule(
            "gift",
            "The whole price was taken off.",
            lambda line: (line.discount > 0) & (line.discount >= line.quantity * line.unit_price - CENT),
        ),
        Rule("absurd quantity", "More pieces than the shop could sell.", lambda line: line.is_absurd),
        Rule(
            "return without purchase",
            "More came back than the customer had bought of the product by then.",
            lambda line: line.returns_too_much,
        ),
    )
}

POLICIES = {
    "net": [name for name in RULES if name not in ("credit note", "return")],
    "usual": [
        "duplicate",
        "guest",
        "cancelled",
        "other currency",
        "credit note",
        "return",
        "negative price",
        "zero price",
    ],
}


def policy_rules(policy: str, *, duplicates: str) -> list[Rule]:
    """Choose the rules, in the order in which they are asked.

    Parameters
    ----------
    policy : "net" counts returns against what was bought; "usual" is the textbook cleaning, which drops them
    duplicates : "drop" or "keep"

    Raises
    ------
    DataProblem
        There is no such policy.

    Source
    ------
    docs/decisions/0005-cleaning-policy.md
    """
    if policy not in POLICIES:
        raise DataProblem(f"`cleaning` must be {' or '.join(POLICIES)}; got {some([policy])}.")
    if duplicates not in ("drop", "keep"):
        raise DataProblem(f"`duplicates` must be drop or keep; got {some([duplicates])}.")
    return [RULES[name] for name in POLICIES[policy] if name != "duplicate" or duplicates == "drop"]


def require_one_currency(orders: ir.Table, *, currency: str) -> str:
    """Require that all amounts are in one currency, and name it.

    Parameters
    ----------
    orders : one row an order line
    currency : the one to keep, "" when the file holds only one

    Returns
    -------
    ISO 4217 code, "" when the source does not say

    Raises
    ------
    DataProblem
        The lines are in several currencies, or none is in the one to keep.
    """
    lines = lines_by_currency(orders)
    shown = ", ".join(f"{code} ({count:,} lines)" for code, count in lines.head().items()) or "none"
    if currency and currency not in lines.index:
        raise DataProblem(f"`currency` must be one that the orders are in, which are {shown}; got {some([currency])}.")
    if not currency and len(lines) > 1:
        raise DataProblem(
            f"All orders must be in one currency; these are in {len(lines)}: {shown}. Is one of them the shop's own? "
            f"Set `currency: {lines.index[0]}` to keep that one and quarantine the others."
        )
    return currency or next(iter(lines.index), "")


def judge(orders: ir.Table, *, rules: Sequence[Rule], currency: str, max_quantity: int) -> ir.Table:
    """Express for each line the first rule that it fails, null when it is clean.

    Parameters
    ----------
    orders : one row an order line, canonical columns
    rules : asked in order
    currency : the shop's own
    max_quantity : pieces in one line above which the number must be a typing error

    Returns
    -------
    The same rows and columns, and `reason`
    """
    line = orders.mutate(
        copy=copies_before(orders) if RULES["duplicate"] in rules else ibis.literal(0),
        is_other_currency=ibis.coalesce(orders.currency != currency, False),
        is_absurd=orders.quantity.abs() > max_quantity,
        returns_too_much=ibis.literal(False),
    )
    line = line.mutate(reason=first_failed(line, rules))
    if RULES["return without purchase"] in rules:
        line = line.mutate(returns_too_much=returns_too_much(line))
        line = line.mutate(reason=first_failed(line, rules))
    return line.select(*ORDERS.names, "reason")


def first_failed(line: ir.Table, rules: Sequence[Rule]) -> ir.StringColumn:
    """Express the name of the first rule that a line fails, null when it passes all."""
    return ibis.cases(*((rule.fails(line), rule.name) for rule in rules), else_=ibis.null("string"))


def copies_before(orders: ir.Table) -> ir.IntegerColumn:
    """Express how many identical lines stand before each line."""
    content = [orders[name] for name in ORDERS.names if name not in ("source_file", "source_row")]
    return ibis.row_number().over(group_by=content, order_by=[orders.source_file, orders.source_row])


def returns_too_much(line: ir.Table) -> ir.BooleanColumn:
    """Express whether a return takes back more money than the customer had left in that product by then.

    Only lines that failed no other rule count as bought or returned.
    """
    value = ibis.ifelse(line.reason.isnull(), net_value(line), 0.0)
    running = value.sum().over(
        ibis.window(
            group_by=[line.customer_id, line.product_id],
            order_by=[
                line.ordered_at,
                line.quantity < 0,
                line.order_id,
                net_value(line),
                line.source_file,
                line.source_row,
            ],
            preceding=(None, 0),
        )
    )
    return (line.quantity < 0) & line.reason.isnull() & (running < -CENT)


def account(judged: ir.Table) -> pd.DataFrame:
    """Account for every line and its money: how many stay, how many are set aside, by reason.

    Parameters
    ----------
    judged : one row an order line, with `reason`

    Returns
    -------
    DataFrame, one row a reason that occurs, "clean" first, then by lines
        reason : str; lines : int; orders : int; customers : int; money : float, shop currency, net value
    """
    reason = ibis.coalesce(judged.reason, "clean")
    table = (
        judged.mutate(reason=reason, money=exact_value(judged))
        .group_by("reason")
        .aggregate(
            lines=lambda t: t.count(),
            orders=lambda t: t.order_id.nunique(),
            customers=lambda t: t.customer_id.nunique(),
            money=lambda t: t.money.sum(),
        )
        .execute()
    )
    table["money"] = table["money"].astype("float64")
    table["is_set_aside"] = table["reason"] != "clean"
    table = table.sort_values(["is_set_aside", "lines", "reason"], ascending=[True, False, True])
    return table.drop(columns="is_set_aside").reset_index(drop=True)


def rules_table(rules: Sequence[Rule]) -> pd.DataFrame:
    """List the rules in the order in which they are asked: order, reason, question."""
    return pd.DataFrame({"reason": [rule.name for rule in rules], "set aside when": [rule.sentence for rule in rules]})


def account_with_total(account: pd.DataFrame, *, money: str) -> pd.DataFrame:
    """Set the account out for reading: a share of the lines, and the total that came in as the last row.

    Parameters
    ----------
    account : see `account`
    money : the shop's currency
    """
    lines = account["lines"].sum()
    table = account[["reason", "lines", "orders", "money"]].assign(share=account["lines"] / lines)
    total = {"reason": "came in", "lines": lines, "orders": pd.NA, "money": account["money"].sum(), "share": 1.0}
    table = pd.concat([table.astype({"orders": "Int64"}), pd.DataFrame([total]).astype({"orders": "Int64"})])
    table = table[["reason", "lines", "share", "orders", "money"]]
    return table.rename(columns={"share": "share of lines", "money": money}).reset_index(drop=True)


def lines_and_money(orders: ir.Table) -> tuple[int, float]:
    """Measure what came in: order lines, and their money net of discounts and refunds."""
    seen = orders.aggregate(lines=orders.count(), money=exact_value(orders).sum()).execute().iloc[0]
    return int(seen["lines"]), float(seen["money"])


def aside_in_words(account: pd.DataFrame) -> str:
    """Say how many lines were set aside, and mostly why."""
    aside = account[account["reason"] != "clean"]
    if aside.empty:
        return "No line was set aside."
    lines, most = aside["lines"].sum(), aside.iloc[0]
    share = lines / account["lines"].sum()
    return (
        f"{lines:,} lines ({share:.1%}) were set aside, most of them ({most.lines:,}) for the reason '{most.reason}'."
    )


def require_balance(account: pd.DataFrame, *, lines_in: int, money_in: float) -> None:
    """Require that no line and no cent got lost between what came in and what the account holds.

    Raises
    ------
    DataProblem
        The account does not balance: the workbook is at fault, not the data.
    """
    lines, money = int(account["lines"].sum()), float(account["money"].sum())
    if lines != lines_in or abs(money - money_in) >= CENT:
        raise DataProblem(
            f"Every line and every cent must be accounted for: {lines_in:,} lines worth {money_in:,.2f} came in, "
            f"{lines:,} worth {money:,.2f} are accounted for. This is an error of the workbook; please report it."
        )


def require_customers(account: pd.DataFrame) -> None:
    """Require that cleaning left something to describe.

    Raises
    ------
    DataProblem
        No line is clean; the reasons are named.
    """
    if account.empty or account["reason"].iloc[0] != "clean":
        reasons = ", ".join(f"{row.reason} ({row.lines:,})" for row in account.itertuples())
        raise DataProblem(
            f"At least one order line must be clean; all {account['lines'].sum():,} were set aside: {reasons}. "
            "Is the column for the customer, the price or the quantity the wrong one? Name it with `column_map`."
        )
