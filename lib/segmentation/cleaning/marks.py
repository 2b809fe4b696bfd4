"""Marks on order lines: small stored tables that say of which lines something holds, joined to the lines where needed.

So a line's neighbours are looked at for the few lines that need it, and never for all.
"""

from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

PLACE = ("source_file", "source_row", "source_item")
PLACES = pa.schema([("source_file", pa.string()), ("source_row", pa.int64()), ("source_item", pa.int64())])


def stored(table: ir.Table) -> ir.Table:
    """Compute an expression once, so that what is built on it does not compute it again."""
    return table.get_backend().create_table(ibis.util.gen_name("marks"), table, temp=True)


def is_empty(table: ir.Table) -> bool:
    """Say whether a stored table has no row, so that what would be built on it can be left out."""
    return table.count().execute() == 0


def stored_rows(rows: pa.Table, *, beside: ir.Table) -> ir.Table:
    """Store rows from memory in the engine that holds another table."""
    name = ibis.util.gen_name("rows")
    backend = beside.get_backend()
    backend.con.from_arrow(rows).create(name)  # Ibis's own way of storing rows fails with this DuckDB
    return backend.table(name)


def mark(lines: ir.Table, marked: ir.Table, *, name: str, on: Sequence[str] = PLACE) -> ir.Table:
    """Express for each line whether it is among the marked ones.

    Parameters
    ----------
    lines : one row an order line
    marked : stored table of the marked ones, by the columns of `on`
    name : of the flag, which replaces one of the same name
    on : columns that tell a line, by default its place

    Returns
    -------
    The same rows and columns, and the flag, true or false
    """
    if is_empty(marked):
        return lines.mutate(**{name: ibis.literal(False)})
    told = marked.select(*on).distinct().mutate(**{name: ibis.literal(True)})
    kept = lines.drop(name) if name in lines.columns else lines
    joined = kept.left_join(told, list(on))
    return joined.select(*(joined[column] for column in kept.columns), ibis.coalesce(joined[name], False).name(name))


def with_values(lines: ir.Table, told: ir.Table, *names: str, on: Sequence[str] = PLACE) -> ir.Table:
    """Express for each line the values that are told of it, null where none are.

    Parameters
    ----------
    lines : one row an order line
    told : the columns of `on`, at most one row each, and the values by their names
    names : of the values, which replace columns of the same names
    on : columns that tell a line, by default its place
    """
    kept = lines.drop(*(name for name in names if name in lines.columns))
    joined = kept.left_join(told.select(*on, *names), list(on))
    return joined.select(*(joined[column] for column in (*kept.columns, *names)))


def computed(
    lines: ir.Table, compute: Callable[[pd.DataFrame], pd.DataFrame], *, schema: pa.Schema, size: int
) -> ir.Table:
    """Compute rows outside the engine, batch by batch, and store them.

    Parameters
    ----------
    lines : one row a line, with its place
    compute : a batch of lines, in the order of their places, to rows of the schema
    schema : of the rows
    size : lines in a batch, so that memory stays bounded

    Returns
    -------
    Stored table of all rows
    """
    numbered = stored(lines.mutate(number=ibis.row_number().over(order_by=[lines[name] for name in PLACE])))
    rows = stored_rows(schema.empty_table(), beside=lines)
    for start in range(0, numbered.count().execute(), size):
        batch = numbered.filter((numbered.number >= start) & (numbered.number < start + size)).order_by("number")
        told = pa.Table.from_pandas(compute(batch.drop("number").execute()), schema=schema, preserve_index=False)
        lines.get_backend().con.from_arrow(told).insert_into(rows.get_name())
    return rows


def drawn(lines: ir.Table, number: int, *, seed: int) -> pd.DataFrame:
    """Draw at most so many lines by chance, the same ones each time, in the order of their places."""
    chance = ibis.struct({**{name: lines[name] for name in PLACE}, "seed": ibis.literal(seed)}).hash()
    some = lines.order_by([chance, *PLACE]).limit(number)
    return some.execute().sort_values(list(PLACE), ignore_index=True)
