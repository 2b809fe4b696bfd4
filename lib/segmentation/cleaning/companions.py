"""Step 02 for the tables beside the orders: customers, events, feedback, contacts; every row is accounted for."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from segmentation.cleaning.copies import exact_copies
from segmentation.cleaning.marks import PLACE, mark, stored
from segmentation.cleaning.rules import Rule, first_failed
from segmentation.problems import DataProblem, some
from segmentation.sources.weblogs import number_visits
from segmentation.tables import SOURCE, TABLES

SOURCE_NAMES = tuple(column.name for column in SOURCE)

RULES = {
    rule.name: rule
    for rule in (
        Rule("unreadable", "Some value can't be read as what it must be.", lambda row: row.unreadable.notnull()),
        Rule("bot", "A program visited, no person.", lambda row: ibis.coalesce(row.event == "bot", False)),
        Rule("asset", "Only a part of a page was fetched.", lambda row: ibis.coalesce(row.event == "asset", False)),
        Rule("failed", "The shop answered with an error.", lambda row: ibis.coalesce(row.event == "failed", False)),
        Rule("redirect", "The visitor was sent on.", lambda row: ibis.coalesce(row.event == "redirect", False)),
        Rule("duplicate", "The same row stands earlier, in every column.", lambda row: row.is_copy),
        Rule("no customer", "No customer is known.", lambda row: row.customer_id.isnull()),
        Rule("missing value", "A value that must be there is missing.", lambda row: row.is_incomplete),
        Rule("same customer", "A newer row of the customer has taken its values in.", lambda row: ibis.literal(False)),
    )
}

RULES_OF = {
    "customers": ("unreadable", "duplicate", "no customer", "same customer"),
    "events": ("unreadable", "bot", "asset", "failed", "redirect", "duplicate", "missing value"),
    "feedback": ("unreadable", "duplicate", "no customer", "missing value"),
    "contacts": ("unreadable", "duplicate", "no customer", "missing value"),
}


def clean_table(table: ir.Table, *, name: str) -> ir.Table:
    """Judge every row of a table beside the orders; visits of web server logs are numbered, customers' rows merged.

    Parameters
    ----------
    table : canonical, with unified customer ids; see `identities.apply`
    name : "customers", "events", "feedback" or "contacts"

    Returns
    -------
    The same rows and columns and `reason`, null for a clean row, else the first rule that the row fails
        Of a customer's rows one is clean: the newest by `joined_on`, then the last in its file. It has the first value
        that any of them has, the newest first, and the earliest `joined_on`. Consent to marketing is denied where any
        row of the customer denies it, also one that is set aside.
    """
    rows = table.mutate(is_incomplete=is_incomplete(table, name=name))
    rows = mark(rows, stored(exact_copies(table)), name="is_copy")
    judged = rows.mutate(reason=first_failed(rows, [RULES[rule] for rule in RULES_OF[name]]))
    judged = judged.select(*table.columns, "reason")
    clean, aside = judged.filter(judged.reason.isnull()), judged.filter(judged.reason.notnull())
    if name == "customers":
        denied = stored(table.filter(~table.marketing_consent).select("customer_id"))
        clean = deny_marketing(merge_customers(clean), denied)
    if name == "events":
        clean = number_visits(clean)
    return ibis.union(aside, clean)


def clean_tables(tables: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
    """Judge and store every table but the orders; see `clean_table`."""
    return {name: stored(clean_table(table, name=name)) for name, table in tables.items() if name in RULES_OF}


def kept(judged: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
    """Express the clean rows of each table, as later steps read them."""
    return {name: table.filter(table.reason.isnull()).drop("reason") for name, table in judged.items()}


def artifacts(judged: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
    """List what step 02 hands on of each table: what is clean, and the quarantine in the order of its places."""
    clean = {f"02_{name}.parquet": table for name, table in kept(judged).items()}
    aside = {
        f"02_{name}_quarantine.parquet": table.filter(table.reason.notnull()).order_by(*PLACE)
        for name, table in judged.items()
    }
    return clean | aside


def rows_in(tables: Mapping[str, ir.Table]) -> dict[str, int]:
    """Count the rows of every table but the orders."""
    return {name: int(table.count().execute()) for name, table in tables.items() if name in RULES_OF}


def is_incomplete(table: ir.Table, *, name: str) -> ir.BooleanValue:
    """Express whether a row lacks a value without which it has no meaning; the customer is asked for by itself."""
    required = [column.name for column in TABLES[name].columns if column.required and column.name != "customer_id"]
    return ibis.or_(ibis.literal(False), *(table[column].isnull() for column in required))


def merge_customers(customers: ir.Table) -> ir.Table:
    """Give one row of each customer what all rows of the customer tell, and the others their reason.

    Parameters
    ----------
    customers : clean rows, with `reason`, which is null
    """
    rows = customers.group_by("customer_id").aggregate(rows=customers.count())
    several = customers.semi_join(rows.filter(rows.rows > 1), "customer_id")
    newest_first = [several.joined_on.desc(nulls_first=False), several.source_file.desc(), several.source_row.desc()]
    ranked = several.mutate(__rank=ibis.row_number().over(group_by=several.customer_id, order_by=newest_first))
    merged = ranked.group_by("customer_id").aggregate(**merged_values(ranked))
    best = ranked.filter(ranked["__rank"] == 0).select("customer_id", *SOURCE_NAMES, "reason")
    best = best.inner_join(merged, "customer_id").select(*customers.columns)
    others = ranked.filter(ranked["__rank"] > 0).mutate(reason=ibis.literal("same customer")).select(*customers.columns)
    return ibis.union(customers.anti_join(several, "customer_id"), best, others)


def deny_marketing(customers: ir.Table, denied: ir.Table) -> ir.Table:
    """Deny marketing to customers of whom any row denies it."""
    marked = mark(customers, denied, name="__denied", on=["customer_id"])
    consent = ibis.ifelse(marked["__denied"], False, marked.marketing_consent)
    return marked.mutate(marketing_consent=consent).drop("__denied")


def merged_values(ranked: ir.Table) -> dict[str, ir.Scalar]:
    """Express what a customer's rows tell together: the first value that any has, the newest first."""
    own = [name for name in ranked.columns if name not in (*SOURCE_NAMES, "customer_id", "reason", "__rank")]
    values = {name: ranked[name].argmin(ranked["__rank"], where=ranked[name].notnull()) for name in own}
    return values | {"joined_on": ranked.joined_on.min()}


def account(judged: Mapping[str, ir.Table]) -> pd.DataFrame:
    """Account for every row: how many stay, how many are set aside, by table and reason.

    Parameters
    ----------
    judged : tables with `reason`, by name; see `clean_table`

    Returns
    -------
    DataFrame, one row a reason that occurs in a table, "clean" first, then by rows: table, reason, rows
    """
    parts = [pd.DataFrame({"table": pd.Series(dtype="str"), "reason": pd.Series(dtype="str"), "rows": []})]
    for name, table in judged.items():
        reason = ibis.coalesce(table.reason, "clean")
        counted = table.group_by(reason=reason).aggregate(rows=table.count()).execute()
        counted = counted.assign(is_set_aside=counted["reason"] != "clean")
        counted = counted.sort_values(["is_set_aside", "rows", "reason"], ascending=[True, False, True])
        parts.append(counted.assign(table=name)[["table", "reason", "rows"]])
    return pd.concat(parts, ignore_index=True).astype({"rows": "int64"})


def rules_table() -> pd.DataFrame:
    """List the rules of each table in the order in which they are asked: table, reason, set aside when."""
    rows = [(table, rule, RULES[rule].sentence) for table, rules in RULES_OF.items() for rule in rules]
    return pd.DataFrame(rows, columns=["table", "reason", "set aside when"])


def require_rows_balance(account: pd.DataFrame, *, rows_in: Mapping[str, int]) -> None:
    """Require that no row got lost between what came in and what the account holds.

    Parameters
    ----------
    account : see `account`
    rows_in : by table, the rows that came in

    Raises
    ------
    DataProblem
        The account does not balance: the workbook is at fault, not the data.
    """
    told = account.groupby("table")["rows"].sum().to_dict()
    wrong = [name for name, rows in rows_in.items() if told.get(name, 0) != rows]
    if wrong:
        came, accounted = (sum(rows.get(name, 0) for name in wrong) for rows in (rows_in, told))
        raise DataProblem(
            f"Every row of {some(wrong)} must be accounted for: {came:,} rows came in, {accounted:,} are accounted "
            "for. This is an error of the workbook; please report it."
        )
