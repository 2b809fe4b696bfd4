"""The account of cleaning: every line and every cent that came in, by what became of it."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.cleaning.policies import SWITCHES, Policy
from segmentation.cleaning.rules import CENT, Rule
from segmentation.problems import DataProblem
from segmentation.tables import exact_value

# What a repair added to a line's money, and the row of the account that takes it out again.
REPAIRS = {
    "money_from_conversion": "changed by conversion",
    "money_from_filling": "changed by filling",
    "money_from_outliers": "changed by replacing outliers",
}

# The reasons that each setting is answerable for.
ANSWERABLE: Mapping[str, tuple[str, ...]] = {
    "duplicates": ("older copy", "duplicate"),
    **{switch: (rule,) for switch, rule in SWITCHES.items()},
    "guests": ("guest",),
    "returns": ("credit note", "return", "return without purchase"),
    "currency": ("other currency", "no exchange rate"),
    "missing": ("missing value",),
    "outliers": ("outlier",),
    "wholesalers": ("wholesaler",),
    "max_quantity": ("absurd quantity",),
}


def account(judged: ir.Table) -> pd.DataFrame:
    """Account for every line and its money: how many stay, how many are set aside, by reason, and what repairs changed.

    Parameters
    ----------
    judged : one row an order line, with `reason`; see `clean.judge_orders`

    Returns
    -------
    DataFrame, one row a reason that occurs, "clean" first, then by lines, then one row a kind of repair
        reason : str; lines : int, 0 for a repair; orders : int; customers : int; money : float, shop currency, net
        value after repairs, of a repair what it took away, so that the column adds up to what came in
    """
    told = [name for name in REPAIRS if name in judged.columns]
    table = (
        judged.mutate(reason=ibis.coalesce(judged.reason, "clean"), money=exact_value(judged))
        .group_by("reason")
        .aggregate(
            lines=lambda t: t.count(),
            orders=lambda t: t.order_id.nunique(),
            customers=lambda t: t.customer_id.nunique(),
            money=lambda t: t.money.sum(),
            **{name: judged[name].sum() for name in told},
        )
        .execute()
    )
    table["is_set_aside"] = table["reason"] != "clean"
    table = table.sort_values(["is_set_aside", "lines", "reason"], ascending=[True, False, True])
    took = {REPAIRS[name]: -table[name].sum() for name in told}
    repairs = [
        {"reason": name, "lines": 0, "orders": 0, "customers": 0, "money": money}
        for name, money in took.items()
        if money
    ]
    table = pd.concat([table, pd.DataFrame(repairs)]) if repairs else table
    table["money"] = table["money"].fillna(0).astype("float64")
    return table[["reason", "lines", "orders", "customers", "money"]].reset_index(drop=True)


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
    return int(seen["lines"]), float(seen["money"] or 0)


def aside_in_words(account: pd.DataFrame) -> str:
    """Say how many lines were set aside, and mostly why."""
    aside = account[(account["reason"] != "clean") & (account["lines"] > 0)]
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
        aside = account[account["lines"] > 0]
        reasons = ", ".join(f"{row.reason} ({row.lines:,})" for row in aside.itertuples())
        raise DataProblem(
            f"At least one order line must be clean; all {account['lines'].sum():,} were set aside: {reasons}. "
            "Is the column for the customer, the price or the quantity the wrong one? Name it with `column_map`."
        )


def what_each_policy_did(judged: ir.Table, policy: Policy, account: pd.DataFrame) -> pd.DataFrame:
    """Tell what each setting did.

    Parameters
    ----------
    judged : one row an order line; see `clean.judge_orders`
    policy : by which it was judged
    account : see `account`

    Returns
    -------
    DataFrame, one row a setting: policy, setting, lines set aside, money set aside, lines changed (filled, converted,
    replaced or marked; of those that are clean), money added (by changing any); money in shop currency
    """
    by_reason = account.set_index("reason")[["lines", "money"]]
    lines, money = (
        changed_lines(judged),
        {REPAIRS[name]: -by_reason["money"].get(REPAIRS[name], 0.0) for name in REPAIRS},
    )
    added = dict(zip(("currency", "missing", "outliers"), money.values(), strict=True))
    rows = []
    for name, setting in policy.settings.items():
        aside = by_reason.reindex(ANSWERABLE[name], fill_value=0).sum()
        rows.append(
            {
                "policy": name.replace("_", " "),
                "setting": setting,
                "lines set aside": int(aside["lines"]),
                "money set aside": float(aside["money"]),
                "lines changed": lines.get(name, 0),
                "money added": float(added.get(name, 0.0)) + 0.0,
            }
        )
    return pd.DataFrame(rows)


def changed_lines(judged: ir.Table) -> dict[str, int]:
    """Count the clean lines that each setting changed or marked, by setting."""
    line = judged.filter(judged.reason.isnull())
    filled = [line[name] for name in line.columns if name.endswith("_was_missing")]
    flags = {"missing": ibis.or_(*filled)} if filled else {}
    flags |= {"currency": line.converted_from.notnull()} if "converted_from" in line.columns else {}
    flags |= {"returns": line.return_of.notnull()} if "return_of" in line.columns else {}
    for name, column in (("outliers", "is_outlier"), ("wholesalers", "is_wholesaler")):
        flags |= {name: line[column]} if column in line.columns else {}
    if not flags:
        return {}
    told = line.aggregate([flag.sum().name(name) for name, flag in flags.items()]).execute().iloc[0]
    return {name: 0 if pd.isna(count) else int(count) for name, count in told.items()}


def returns_table(judged: ir.Table) -> pd.DataFrame:
    """Tell what became of the returns that passed every rule of one line.

    Returns
    -------
    DataFrame, one row a fate that occurs: returns, lines, money (shop currency, below zero)
    """
    line = judged.filter((judged.quantity < 0) & ibis.coalesce(judged.reason == "return without purchase", True))
    belongs = line.return_of.notnull() if "return_of" in line.columns else ibis.literal(False)
    fate = ibis.cases(
        (line.reason.notnull(), "set aside, more than was bought by then"),
        (belongs, "counted, belongs to one order"),
        else_="counted, belongs to no single order",
    )
    line = line.mutate(returns=fate, worth=exact_value(line))
    told = line.group_by("returns").aggregate(lines=line.count(), money=line.worth.sum()).order_by("returns").execute()
    return told.astype({"money": "float64"})
