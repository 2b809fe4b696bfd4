"""`workbook`: the command line. Heavy imports wait inside the commands, so that help comes at once."""

import glob
import re
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segmentation.problems import DataProblem

if TYPE_CHECKING:
    from segmentation.parameters import Parameter
    from segmentation.pipeline import StepFailed

INTERRUPTED = 130
FILE = click.Path(path_type=Path)


class Commands(click.Group):
    """The commands; what a user can put right is told in a sentence, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and turn what a user can put right into a sentence and an exit code."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the libraries underneath; a user can do nothing about them
                return super().invoke(ctx)
        except DataProblem as problem:
            leave(ctx, str(problem), code=1)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has left
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            leave(ctx, f"Can't go on: {error.strerror or error}{where}.", code=1)
        except KeyboardInterrupt:
            leave(ctx, "\nStopped; what finished steps made stays.", code=INTERRUPTED)


def leave(ctx: click.Context, sentence: str, *, code: int) -> None:
    """Say why on standard error and exit."""
    click.echo(sentence, err=True)
    ctx.exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="segmentation")
def main() -> None:
    """From a shop's order export to customer segments, proof that they hold, and campaigns."""


@main.command()
@click.option(
    "--orders",
    multiple=True,
    metavar="WHERE",
    help="An order export: a file, folder, pattern such as 'exports/*.csv', archive, or the address of a database; "
    "as often as you like. The committed sample without it.",
)
@click.option("--name", metavar="NAME", help="The run's name, one word; by default that of the orders, or 'sample'.")
@click.option(
    "-p", "words", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter; `workbook parameters` lists them."
)
@click.option(
    "-f", "files", multiple=True, type=FILE, metavar="FILE", help="A YAML file of parameters; -p outweighs it."
)
@click.option(
    "--from",
    "begin_with",
    default="",
    metavar="STEP",
    help="Begin with this step, by number or word, reusing the steps before it.",
)
@click.option("--until", default="", metavar="STEP", help="Stop after this step.")
@click.pass_context
def run(
    ctx: click.Context,
    orders: tuple[str, ...],
    name: str | None,
    words: tuple[tuple[str, str], ...],
    files: tuple[Path, ...],
    begin_with: str,
    until: str,
) -> None:
    """Run the notebooks in order and write the report.

    Artifacts go to data/runs/NAME, pages to reports/NAME. A file named on the command line counts from the working
    folder, one named in a YAML file from that file's folder.

    A database's address is like postgresql://host/shop?table=orders or sqlite:///shop.db?query=select … . User and
    password come from WORKBOOK_DATABASE_USER and WORKBOOK_DATABASE_PASSWORD, or from where its own programs look; a
    password that stands in the address is used and written nowhere.

    With --from, parameters that are not given keep the values that the run was made with. The steps before must have
    been made with the same parameters from the same files; if not, nothing is run.
    """
    from segmentation.parameters import gather_parameters, open_workbook
    from segmentation.pipeline import StepFailed, run_pipeline
    from segmentation.runs import Run

    workbook = open_workbook()
    given = gather_parameters(workbook.parameters, files=files, words=[*words, ("orders", orders)] if orders else words)
    chosen = Run(run_name(*given.get("orders", [])[:1]) if name is None else name)
    try:
        with progress() as line:
            index = run_pipeline(
                workbook, chosen, given=given, begin_with=begin_with, until=until, on_cell=line, tell=line.remark
            )
    except StepFailed as failed:
        leave(ctx, failure(failed), code=1)
    else:
        click.echo(f"The report is {shown(index)}")


def run_name(orders: str = "") -> str:
    """Name a run after its orders: the file, the folder, the table or the database; 'sample' without any.

    Examples
    --------
    >>> run_name("exports/Juni 2026.csv.gz"), run_name("exports/*.csv"), run_name("")
    ('Juni-2026', 'exports', 'sample')
    >>> run_name("mysql://db/shop?table=web.orders"), run_name("sqlite:///data/till.db?query=select 1")
    ('web-orders', 'till')
    """
    from segmentation.sources.addresses import is_url, parsed_address

    if not orders:
        return "sample"
    if is_url(orders):
        address = parsed_address(orders)
        word = address.table or Path(address.database).stem
    else:
        word = named_place(Path(orders)).name.split(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", word).strip("-_")[:64] or "orders"


def named_place(path: Path) -> Path:
    """Find what a pattern's files lie in; any other path is its own place."""
    from segmentation.runs import resolve

    patterned = [part for part in (path, *path.parents) if glob.has_magic(part.name)]
    return patterned[-1].parent if patterned and not resolve(str(path)).is_file() else path


def failure(failed: "StepFailed") -> str:
    """Word a failed step: the error's own sentence, the step, the notebook that shows where."""
    lines = [str(failed), f"Stopped in step {failed.step}."]
    if failed.executed and failed.executed.exists():
        lines.append(f"The executed notebook shows where: {shown(failed.executed)}")
    return "\n".join(lines)


def shown(path: Path) -> str:
    """Show a path from the working folder when it lies there, in full otherwise."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


class Progress:
    """One line on the terminal that moves: step, cell, seconds. Quiet when not a terminal."""

    def __init__(self) -> None:
        """Begin the line."""
        from tqdm import tqdm

        self.bar = tqdm(bar_format="{desc}", disable=None, leave=False)
        self.began = time.monotonic()
        self.where = "starting"
        self.closed = threading.Event()
        self.clock = threading.Thread(target=self.tick, daemon=True)

    def __call__(self, step: str, cell: int, cells: int) -> None:
        """Move on to a cell."""
        self.say(f"{step.replace('_', ' ')} · cell {cell} of {cells}")

    def say(self, where: str) -> None:
        """Move on to what is told."""
        self.where = where
        self.show()

    def remark(self, sentence: str) -> None:
        """Write a sentence that stays, above the line."""
        self.bar.write(sentence, file=sys.stderr)

    def show(self) -> None:
        """Write the line anew."""
        self.bar.set_description_str(f"{self.where} · {time.monotonic() - self.began:.0f} s")

    def tick(self) -> None:
        """Keep the seconds going while a cell takes its time."""
        while not self.closed.wait(0.5):
            self.show()


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress while a run goes on; the line is gone afterwards."""
    line = Progress()
    if not line.bar.disable:
        line.show()
        line.clock.start()
    try:
        yield line
    finally:
        line.closed.set()
        if line.clock.is_alive():
            line.clock.join()
        line.bar.close()


@main.command()
def parameters() -> None:
    """List the parameters with type, default and meaning."""
    from segmentation.parameters import open_workbook

    workbook = open_workbook()
    header = ("name", "type", "default", "meaning", "steps")
    click.echo(aligned([header, *(row(parameter) for parameter in workbook.parameters.values())]))


def row(parameter: "Parameter") -> tuple[str, ...]:
    """Word a parameter as a row of the list; the run's name has an option of its own."""
    meaning = f"{parameter.meaning} (set by --name)" if parameter.name == "run" else parameter.meaning
    used = " ".join(step[:2] for step in parameter.steps)
    return parameter.name, parameter.type, repr(parameter.default), meaning, used


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """Set rows as columns of text, two spaces between.

    Examples
    --------
    >>> print(aligned([("name", "type"), ("k", "int"), ("k_max", "int")]))
    name   type
    k      int
    k_max  int
    """
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in rows)
    return "\n".join(line.rstrip() for line in lines)


@main.command()
@click.option(
    "--sort", "by", default="started", metavar="COLUMN", help="Order by a measure, a parameter, or 'started'."
)
@click.option("--ascending", is_flag=True, help="The smallest or earliest first.")
@click.option("--columns", default="", metavar="A,B,C", help="Show these measures and parameters beside the name.")
@click.option("--all", "every", is_flag=True, help="Show every run of a name, not the latest alone.")
@click.option("--name", default="", metavar="NAME", help="Show the runs of this name alone.")
@click.option(
    "--csv", "file", type=FILE, metavar="FILE", help="Write a CSV file: the columns given, or everything there is."
)
def runs(by: str, ascending: bool, columns: str, every: bool, name: str, file: Path | None) -> None:
    """List what was run, with which parameters, and what came out.

    The newest run comes first. A column is one of the run, such as started or status; a parameter, such as k; or a
    measure, such as agreement. Asked for one that there is not, the command lists those that there are.
    """
    from segmentation.recording.listing import COLUMNS, all_columns, in_order, known, rows, select, table
    from segmentation.recording.store import records

    there = records()
    if not there:
        click.echo("No run is on record yet; `workbook run` makes the first.")
        return
    wanted = [column.strip() for column in columns.split(",") if column.strip()]
    asked = list(dict.fromkeys(["name", *(known(column, there) for column in wanted)]))
    chosen = in_order(select(there, name=name, every=every), by=known(by, there), ascending=ascending)
    if file:
        from segmentation.privacy import write_csv
        from segmentation.runs import replacing

        with replacing(file) as part:
            write_csv(table(chosen, asked if columns else all_columns(there)), part)
        click.echo(f"The table is {shown(file.resolve())}")
    else:
        click.echo(aligned(rows(chosen, asked if columns else COLUMNS)))


@main.command()
@click.option("--run", "name", required=True, metavar="NAME", help="The run whose segments to assign.")
@click.option(
    "--orders",
    multiple=True,
    required=True,
    metavar="WHERE",
    help="New orders: a file, folder, pattern, archive or database, as for `run`; as often as you like.",
)
@click.option("--customers", multiple=True, metavar="WHERE", help="New customers, also such that have not ordered yet.")
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="Where to write the table; data/runs/NAME/assigned.csv without it. Only its owner can read it.",
)
def assign(name: str, orders: tuple[str, ...], customers: tuple[str, ...], out: Path | None) -> None:
    """Give everyone in new files a segment of an earlier run.

    The files are read and cleaned as the run's were. What is new is added to what the run knows, so that a known
    customer's orders count together, and an order that both have counts once. Customers are described as of the day
    after the last order.

    The table has one row a customer: customer_id, segment (its number), name, probability (0 to 1), basis and reason.

    The basis tells what the segment goes by: "orders" for who has several, or one that is long ago; otherwise the
    "first order", "web behaviour", "demographics" or "similar customers", each only where it places better than always
    guessing the largest segment. Where nothing is known the basis is "not yet", and there is no segment.

    Nothing of the run is changed.
    """
    from segmentation.assigning.arrivals import ASSIGNED, assign_arrivals, in_short, write_assigned
    from segmentation.runs import Run

    chosen = Run(name)
    with progress() as line:
        table, arrivals = assign_arrivals(chosen, orders=orders, customers=customers, on_progress=line.say)
    path = chosen.artifacts / ASSIGNED if out is None else out
    write_assigned(table, path)
    click.echo(in_short(table, arrivals))
    click.echo(f"\nThe table is {shown(path.resolve())}")


@main.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--out", type=FILE, metavar="FILE", help="Where to write the page; reports/compare/A..B.html without it.")
@click.option(
    "--min-group",
    type=click.IntRange(min=1),
    help="Fewest customers that the page may show as a group; the larger one of the two runs without it.",
)
def compare(first: str, second: str, out: Path | None, min_group: int | None) -> None:
    """Compare two runs on one page.

    It says whether to make the segments again, who moved from which segment to which with how much money, who came new
    and who was lost, and how far each feature has shifted; parameters, inputs and key figures stand side by side. The
    run described as of the earlier day comes first.

    Customers are followed by their id. Where the runs share fewer than half of them, they seem to be of different
    shops, and only distributions are compared.
    """
    from segmentation.movement.compare import compare_runs

    click.echo(f"The comparison is {shown(compare_runs(first, second, out=out, min_group=min_group or 0).resolve())}")


@main.command()
@click.option("--customers", type=click.IntRange(min=1), default=2000, show_default=True, help="How many customers.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=7, show_default=True, help="The same seed makes the same shop."
)
@click.option(
    "--kinds", type=click.IntRange(1, 12), help="How many kinds of customer the seed draws; the usual seven without it."
)
@click.option(
    "--out",
    "folder",
    type=FILE,
    required=True,
    metavar="FOLDER",
    help="Where to write it: a new folder, or an earlier such shop.",
)
def sample(customers: int, seed: int, kinds: int | None, folder: Path) -> None:
    """Make an invented shop of any size, its truth beside it."""
    from tqdm import tqdm

    from segmentation.sample import make_shop

    require_own_folder(folder)
    with tqdm(total=customers, unit=" customers", disable=None, leave=False) as bar:
        make_shop(folder, customers=customers, seed=seed, kinds=kinds, on_progress=bar.update)
    click.echo(f"The shop is in {shown(folder)}")


def require_own_folder(folder: Path) -> None:
    """Require that nothing but an earlier made shop would be overwritten."""
    if folder.exists() and not folder.is_dir():
        raise DataProblem(f"The shop needs a folder; '{folder.name}' is a file.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "truth" / "summary.json").is_file():
        raise DataProblem(
            f"The folder '{folder.resolve().name}' must be empty or hold a shop made before; it holds other files."
        )
