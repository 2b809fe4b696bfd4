"""New orders for an old run: read and cleaned as the run was, added to what it knows, and everyone in them placed."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from segmentation import clean, identities, ingest
from segmentation.assigning.models import NOT_YET, Model
from segmentation.assigning.placing import COLUMNS, assign
from segmentation.assigning.storage import load_model
from segmentation.cleaning import companions
from segmentation.cleaning.marks import stored
from segmentation.engine import engine
from segmentation.features import collect, customer_features, day_after_last_order, is_summary
from segmentation.privacy import write_csv
from segmentation.problems import DataProblem, some
from segmentation.runs import Run, replacing

MODEL = "04_model.skops"
ASSIGNED = "assigned.csv"
NEW = "new: "  # before the name of a new file, which may be named as one of the run's is
HINTS = ("column_map", "date_order", "decimal", "as_of")


@dataclass(frozen=True)
class Arrivals:
    """What is known of those in the new files.

    Attributes
    ----------
    features : one row a customer in the new files, `features.FEATURES` from the run's and the new tables together;
        a row without any value for who stands there but has no order that counts
    as_of : the day of description: the day after the last order
    lines, kept : order lines in the new files, and those of them that count
    """

    features: pd.DataFrame
    as_of: str
    lines: int
    kept: int


def told(_: str) -> None:
    """Tell nobody of the progress."""


def assign_arrivals(
    run: Run,
    *,
    orders: Sequence[str],
    customers: Sequence[str] = (),
    on_progress: Callable[[str], None] = told,
) -> tuple[pd.DataFrame, Arrivals]:
    """Place everyone in new files by the model of a run.

    Parameters
    ----------
    run : one whose step 04 has finished
    orders, customers : new exports, as `orders` and `customers` of step 01
    on_progress : told what begins

    Returns
    -------
    One row a customer in the new files, in the order of ids; see `placing.assign`
    What is known of them

    Raises
    ------
    DataProblem
        There is no such run, it has no model, the model doesn't fit, or the new files can't be read as the run's were.
    """
    require_run(run)
    model = load_model(run.artifact(MODEL))
    with scratch_engine(run) as (connection, scratch):
        arrivals = read_arrivals(
            connection, run, orders=orders, customers=customers, scratch=scratch, on_progress=on_progress
        )
    on_progress("placing customers")
    return assign_known(model, arrivals.features), arrivals


def assign_known(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Place customers, also when there are none."""
    return assign(model, features) if len(features) else pd.DataFrame(columns=list(COLUMNS), index=features.index)


def require_run(run: Run) -> None:
    """Require a run that has a model.

    Raises
    ------
    DataProblem
        There is none of that name, or it was made before there were models.
    """
    steps = run.manifest()["steps"]
    if not steps:
        raise DataProblem(
            f"There is no run {some([run.name])} to assign by. Make it first with `workbook run --name {run.name}`?"
        )
    if not (run.artifacts / MODEL).exists() or "04_cluster" not in steps:
        raise DataProblem(
            f"Run {some([run.name])} must have a model of its segments, {MODEL}; it has none. "
            f"Make it with `workbook run --name {run.name} --from 4`?"
        )


@contextmanager
def scratch_engine(run: Run) -> Iterator[tuple[Backend, Path]]:
    """Start an engine in a folder of its own within the run's, so that a run that is going on is not disturbed."""
    folder = Path(tempfile.mkdtemp(prefix=".assign-", dir=run.artifacts))
    try:
        with engine(folder) as connection:
            yield connection, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_arrivals(
    connection: Backend,
    run: Run,
    *,
    orders: Sequence[str],
    customers: Sequence[str],
    scratch: Path,
    on_progress: Callable[[str], None] = told,
) -> Arrivals:
    """Read new files as the run's were, add them to its tables, and describe everyone in them; see `assign_arrivals`.

    Cleaning sees the run's and the new lines together, so that an order that both have counts once, a return finds
    what it returns, and a customer is known by any of the keys.
    """
    parameters = run.manifest()["parameters"]
    on_progress("reading the new files")
    new, files = read_new(connection, parameters, {"orders": orders, "customers": customers}, scratch=scratch)
    on_progress("adding them to the run's")
    together = added(connection, run, new)
    known = who_is_who(together, parameters)
    on_progress("cleaning")
    policy = clean.policy_of(parameters)
    currency = clean.shop_currency(known["orders"], policy)
    require_currency(run, currency)
    judged = stored(clean.judge_orders(known["orders"], policy, currency=currency, files=[*run_files(run), *files]))
    beside = {name: stored(table) for name, table in companions.kept(companions.clean_tables(known)).items()}
    on_progress("describing customers")
    kept = clean.kept(judged)
    day = day_after_last_order(kept)
    described = customer_features(kept, as_of=day, summary=is_summary(kept), everyone=True, **beside)
    ids = newly_named(known)
    everyone = sorted(ids.customer_id.to_pyarrow().to_pylist())
    features = collect(described.semi_join(ids, "customer_id")).reindex(everyone)
    lines = judged.filter(is_new(judged))
    return Arrivals(
        features.rename_axis("customer_id"), str(day), int(lines.count().execute()),
        int(lines.reason.isnull().sum().execute() or 0),
    )  # fmt: skip


def read_new(
    connection: Backend, parameters: Mapping[str, Any], given: Mapping[str, Sequence[str]], *, scratch: Path
) -> tuple[dict[str, ir.Table], list[str]]:
    """Read and store the new files as the run's were read; their names get a prefix.

    Returns
    -------
    Canonical tables by name; the order files, the oldest first
    """
    hints = ingest.Hints(**{name: parameters[name] for name in HINTS if name in parameters})
    given = {name: list(where) for name, where in given.items() if where}
    read = ingest.read_tables(connection, given, hints, scratch=scratch)
    tables = {name: stored(reading.table) for name, reading in read.items()}
    ingest.require_readable_tables(tables, read)
    files = [f"{NEW}{name}" for name in ingest.files_oldest_first(tables["orders"], read["orders"])]
    return {name: renamed(table) for name, table in tables.items()}, files


def renamed(table: ir.Table) -> ir.Table:
    """Express a new table with the prefix before the names of its files."""
    return table.mutate(source_file=ibis.literal(NEW) + table.source_file)


def run_files(run: Run) -> list[str]:
    """Name the order files of a run, the oldest first."""
    return list(run.manifest()["steps"]["01_ingest"]["facts"]["files"])


def added(connection: Backend, run: Run, new: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
    """Put the new tables below those that the run read, and store them."""
    names = run.manifest()["steps"]["01_ingest"]["facts"]["tables"]
    old = {name: connection.read_parquet(run.artifact(f"01_{name}.parquet")) for name in names}
    both = {name: [tables[name] for tables in (old, new) if name in tables] for name in (*old, *new)}
    return {
        name: stored(ibis.union(*ingest.alike_columns(alike_types(*tables))) if len(tables) > 1 else tables[0])
        for name, tables in both.items()
    }


def alike_types(old: ir.Table, new: ir.Table) -> list[ir.Table]:
    """Give the columns that both tables have the types of the old one."""
    types = {name: kind for name, kind in old.schema().items() if name in new.columns and new[name].type() != kind}
    return [old, new.cast(types) if types else new]


def who_is_who(tables: Mapping[str, ir.Table], parameters: Mapping[str, Any]) -> dict[str, ir.Table]:
    """Give every row the id of its person, as step 02 does."""
    others = {name: table for name, table in tables.items() if name not in ("orders", "customers")}
    asked = {name: parameters[name] for name in ("guests", "phone_country")}
    return identities.apply_to_all(
        tables, identities.resolve(tables["orders"], tables.get("customers"), others, **asked)
    )


def require_currency(run: Run, currency: str) -> None:
    """Require that the new amounts are in the currency of the run.

    Raises
    ------
    DataProblem
        They are in another.
    """
    known = run.manifest()["steps"]["02_clean"]["facts"]["currency"]
    if currency != known:
        raise DataProblem(
            f"The new orders must be in the run's currency, {some([known])}; they are in {some([currency])}. "
            "Is it another shop's export?"
        )


def is_new(table: ir.Table) -> ir.BooleanValue:
    """Express whether a row comes from the new files."""
    return table.source_file.startswith(NEW)


def newly_named(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Express the ids of everyone whom the new files name."""
    named = [tables[name] for name in ("orders", "customers") if name in tables]
    ids = [table.filter(is_new(table) & table.customer_id.notnull()).select("customer_id") for table in named]
    return stored(ibis.union(*ids, distinct=True) if len(ids) > 1 else ids[0].distinct())


def write_assigned(table: pd.DataFrame, path: Path) -> None:
    """Write who was placed where, for the owner's eyes alone: formulas neutralised, whole or not at all.

    Raises
    ------
    DataProblem
        The place is a folder.
    """
    if path.is_dir():
        raise DataProblem(f"`--out` must name a file to write; {some([path.name])} is a folder.")
    with replacing(path) as part:
        part.touch(mode=0o600)
        write_csv(table.rename_axis("customer_id"), part)


def in_short(table: pd.DataFrame, arrivals: Arrivals) -> str:
    """Sum up who was placed where, and by what; nobody is named."""
    newly = f"{arrivals.kept:,} of {arrivals.lines:,} new order lines count"
    head = f"{len(table):,} customers are in the new files; {newly}. Described as of {arrivals.as_of}."
    by_name = table["name"].fillna(NOT_YET).value_counts()
    by_basis = table["basis"].value_counts()
    return "\n".join([head, "", "Segment", *counted(by_name), "", "Placed by", *counted(by_basis)])


def counted(counts: pd.Series) -> list[str]:
    """Set counts out in lines, the largest first, equal ones by name."""
    width = max((len(str(name)) for name in counts.index), default=0)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return [f"  {name:<{width}}  {count:>9,}" for name, count in rows]
