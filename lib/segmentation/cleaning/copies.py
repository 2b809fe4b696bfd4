"""Lines that stand there more than once: exact copies, and orders that several files have."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from segmentation.cleaning.marks import PLACE, mark, stored, stored_rows

# Two files may write one order's time in different zones, or as ordered and as paid; more apart, it is another order.
SAME_ORDER_DAYS = 2


def mark_copies(orders: ir.Table, *, duplicates: str, files: Sequence[str]) -> ir.Table:
    """Express for each line whether it is an exact copy, and whether a newer file has its order.

    Parameters
    ----------
    orders : one row an order line, as it came
    duplicates : "drop" looks for both, "exact" for exact copies alone, "keep" for neither
    files : names of the files, the oldest first, as in `source_file`; one that is not told is older than all

    Returns
    -------
    The same rows and columns, and `is_copy` and `is_older_copy`
    """
    line = orders.mutate(is_copy=ibis.literal(False), is_older_copy=ibis.literal(False))
    if duplicates == "drop" and orders.source_file.nunique().execute() > 1:
        older = stored(older_copies(orders, files=files))
        line = mark(line, older, name="is_older_copy", on=("order_id", "source_file"))
    if duplicates != "keep":  # of an order in several files the newest stays, even when the lines are alike
        newest = line.filter(~line.is_older_copy).select(*orders.columns)
        line = mark(line, stored(exact_copies(newest)), name="is_copy")
    return line


def exact_copies(orders: ir.Table) -> ir.Table:
    """Express the places of lines that stand earlier already, alike in every column but their place.

    A line that an earlier cleaning has changed is no evidence of a copy.

    Returns
    -------
    Table of places
    """
    lines = orders.filter(~orders.is_outlier) if "is_outlier" in orders.columns else orders
    content = told_columns(lines)
    hashed = lines.mutate(content_hash=ibis.struct({name: lines[name] for name in content}).hash())
    repeated = hashed.group_by("content_hash").aggregate(lines=hashed.count()).filter(lambda group: group.lines > 1)
    suspects = hashed.semi_join(repeated, "content_hash")
    before = ibis.rank().over(  # alike items of one row share their rank, and none is a copy of the other
        group_by=[suspects[name] for name in content], order_by=[suspects.source_file, suspects.source_row]
    )
    return suspects.mutate(before=before).filter(lambda line: line.before > 0).select(*PLACE)


def told_columns(lines: ir.Table) -> list[str]:
    """List the columns in which any line has a value, its place left out; the others cost time and tell nothing."""
    columns = [name for name in lines.columns if name not in PLACE]
    values = lines.aggregate([lines[name].count().name(name) for name in columns]).execute().iloc[0]
    return [name for name in columns if values[name]] or columns[:1]


def older_copies(orders: ir.Table, *, files: Sequence[str]) -> ir.Table:
    """Express which files' copies of which orders are older than another file's.

    One number in two files is one order when it is from about the same day; a shop's numbers can begin anew.

    Returns
    -------
    Table of order_id and source_file
    """
    ages = pa.table({"source_file": pa.array(files, "string"), "age": pa.array(range(len(files)), "int64")})
    parts = orders.filter(orders.order_id.notnull()).group_by("order_id", "source_file")
    parts = parts.aggregate(
        first=lambda part: part.ordered_at.min().cast("date"),
        is_summary=lambda part: ibis.coalesce(part.orders_in_row.max() > 1, False),
    )
    several = parts.group_by("order_id").aggregate(files=lambda order: order.count()).filter(lambda o: o.files > 1)
    parts = parts.semi_join(several, "order_id")
    parts = parts.left_join(stored_rows(ages, beside=orders), "source_file")
    parts = parts.select("order_id", "source_file", "first", "is_summary", age=ibis.coalesce(parts.age, -1))
    by_day = ibis.window(group_by=parts.order_id, order_by=[parts["first"], parts.age, parts.source_file])
    days = parts["first"].delta(parts["first"].lag().over(by_day), unit="day")
    is_other = ibis.coalesce((days > SAME_ORDER_DAYS) & ~parts.is_summary, False)
    parts = parts.mutate(is_other=is_other.cast("int64"))
    upto = ibis.window(
        group_by=parts.order_id, order_by=[parts["first"], parts.age, parts.source_file], preceding=(None, 0)
    )
    parts = parts.mutate(order=parts.is_other.sum().over(upto))
    newest_first = [parts.age.desc(), parts.source_file.desc()]
    newer = ibis.row_number().over(group_by=[parts.order_id, parts.order], order_by=newest_first)
    return parts.mutate(newer=newer).filter(lambda part: part.newer > 0).select("order_id", "source_file")
