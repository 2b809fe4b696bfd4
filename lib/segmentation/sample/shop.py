"""Make a shop: chunk by chunk, with its truth beside it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from segmentation.problems import DataProblem
from segmentation.runs import replacing, write_json
from segmentation.sample.calendar import DAY, DAYS, FIRST_DAY, LAST_DAY
from segmentation.sample.campaigns import CAMPAIGNS, WINDOW, Campaign, draw_contacts
from segmentation.sample.cast import Cast, draw_cast
from segmentation.sample.columns import (
    contact_columns,
    customer_columns,
    event_columns,
    feedback_columns,
    order_columns,
    person_columns,
)
from segmentation.sample.customers import draw_customers, order_days, times_of_day
from segmentation.sample.dirt import DIRT_KINDS, USUAL_DIRT, Dirt
from segmentation.sample.kinds import KIND_NAMES
from segmentation.sample.orders import dirty_lines, dirty_orders, draw_lines, draw_orders, repeat_rows, settle
from segmentation.sample.visits import draw_events, draw_feedback
from segmentation.sample.writing import CsvFile, numbered, worded

CHUNK = 20_000  # customers made at once; what is in memory does not grow with the shop


@dataclass(frozen=True)
class Chunk:
    """Some of the shop's customers with all that they did, as tables of codes; see the `draw_…` functions."""

    customers: pd.DataFrame
    first: np.ndarray  # second of each customer's first order
    orders: pd.DataFrame
    lines: pd.DataFrame
    contacts: pd.DataFrame
    events: pd.DataFrame
    feedback: pd.DataFrame
    rng: np.random.Generator  # for what only the written columns need


def draw_chunk(
    seed: np.random.SeedSequence, count: int, *, number: int, order_number: int, dirt: Dirt, cast: Cast
) -> Chunk:
    """Make some customers; dirt has random numbers of its own, so that more or less of it leaves them as they are."""
    people, buying, filling, soiling, watching, writing = (np.random.default_rng(child) for child in seed.spawn(6))
    customers = draw_customers(people, count, number=number, cast=cast)
    customer, days = order_days(buying, customers)
    second = times_of_day(buying, days)
    first = np.full(count, DAYS * DAY)
    np.minimum.at(first, customer, second)
    contacts = draw_contacts(buying, customers, first)
    more = contacts[contacts["answered"]]
    clean = draw_orders(buying, customers, np.append(customer, more["customer"]), np.append(second, more["ordered"]))
    orders, lines = add_dirt(soiling, customers, clean, draw_lines(filling, clean, customers), dirt)
    orders["number"] = order_number + np.arange(len(orders))
    events, feedback = draw_events(watching, orders, lines, customers), draw_feedback(watching, orders, customers)
    return Chunk(customers, first, orders, lines, contacts, events, feedback, writing)


def add_dirt(
    rng: np.random.Generator, customers: pd.DataFrame, orders: pd.DataFrame, lines: pd.DataFrame, dirt: Dirt
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add dirty orders and dirty lines, put all in order of time, add up, and repeat some rows at last.

    Returns
    -------
    Orders as from `settle`, and lines as in the file, with `is_first`
    """
    soiled = dirty_orders(rng, customers, orders, dirt)
    soiled_lines = draw_lines(rng, soiled, customers)
    soiled_lines["order"] += len(orders)
    added, repeated = dirty_lines(rng, orders, dirt)
    orders = pd.concat([orders, soiled], ignore_index=True)
    sequence = np.argsort(orders["second"].to_numpy(), kind="stable")
    turn = np.argsort(sequence)
    lines = pd.concat([lines, soiled_lines, added], ignore_index=True)
    lines["order"] = turn[lines["order"]]
    lines = lines.sort_values(["order", "place"], kind="stable", ignore_index=True)
    lines["is_first"] = ~lines["order"].duplicated()
    orders = settle(orders.iloc[sequence].reset_index(drop=True), lines)
    return orders, repeat_rows(rng, lines, turn[repeated])


class Truth:
    """What was planted, added up chunk by chunk."""

    def __init__(self, cast: Cast) -> None:
        """Begin with nothing planted."""
        self.kinds: Counter[str] = Counter(dict.fromkeys(cast.names, 0))
        self.dirt: Counter[str] = Counter(dict.fromkeys(DIRT_KINDS[1:], 0))
        self.clean: Counter[str] = Counter()
        self.campaigns: dict[str, Counter[str]] = {campaign.name: Counter() for campaign in CAMPAIGNS}
        self.rows = self.orders = self.sessions = 0

    def add(self, chunk: Chunk) -> None:
        """Count a chunk."""
        self.rows += len(chunk.lines)
        self.orders += len(chunk.orders)
        self.sessions += int(chunk.events["session"].max() + 1) if len(chunk.events) else 0
        kinds = np.bincount(chunk.customers["kind"], minlength=len(KIND_NAMES))
        self.kinds.update({name: int(kinds[KIND_NAMES.index(name)]) for name in self.kinds})
        rows = np.bincount(chunk.lines["dirt"], minlength=len(DIRT_KINDS)).tolist()
        self.dirt.update(dict(zip(DIRT_KINDS[1:], rows[1:], strict=True)))
        self.add_money(chunk.orders[chunk.orders["dirt"] == 0], chunk.lines[chunk.lines["dirt"] == 0])
        for code, campaign in enumerate(CAMPAIGNS):
            self.add_campaign(self.campaigns[campaign.name], chunk.contacts[chunk.contacts["campaign"] == code])

    def add_money(self, orders: pd.DataFrame, lines: pd.DataFrame) -> None:
        """Count clean rows and their money, in cents; coupons and refunds stand in orders without any dirt."""
        value = int((lines["quantity"] * lines["cents"] - lines["discount"]).sum())
        coupons, refunds = int(orders["coupon_cents"].sum()), int(orders["refunded"].sum())
        self.clean.update(rows=len(lines), orders=len(orders), value=value, coupons=coupons, refunds=refunds)

    def add_campaign(self, counts: Counter[str], contacts: pd.DataFrame) -> None:
        """Count a campaign's arms, the extra orders that came, and those that were to be expected."""
        treated = int(contacts["treated"].sum())
        extra, expected = int(contacts["answered"].sum()), float(contacts["effect"].sum())
        counts.update(treated=treated, control=len(contacts) - treated, extra_orders=extra)
        counts["expected"] += expected

    def summary(self) -> dict[str, Any]:
        """Sum up; money in shop currency, an effect is the planted chance of one more order, mean of the treated."""
        clean = self.clean
        net = clean["value"] - clean["coupons"] - clean["refunds"]
        return {
            "rows": self.rows,
            "orders": self.orders,
            "customers": dict(self.kinds),
            "dirt": dict(self.dirt),
            "clean": {
                "rows": clean["rows"],
                "orders": clean["orders"],
                "line_value": clean["value"] / 100,
                "coupon_discount": clean["coupons"] / 100,
                "refunded": clean["refunds"] / 100,
                "net_value": net / 100,
            },
            "campaigns": [
                campaign_truth(campaign, self.campaigns[campaign.name], kinds=self.kinds) for campaign in CAMPAIGNS
            ],
        }


def campaign_truth(campaign: Campaign, counts: Counter[str], *, kinds: Collection[str]) -> dict[str, Any]:
    """Sum a campaign up; its effect is told for the shop's kinds."""
    effects = {kind: effect for kind, effect in campaign.effect.items() if kind in kinds}
    return {
        "campaign_id": campaign.name,
        "sent_on": campaign.sent_on,
        "window_days": WINDOW,
        "treated": counts["treated"],
        "control": counts["control"],
        "extra_orders": counts["extra_orders"],
        "effect": round(counts["expected"] / max(counts["treated"], 1), 6),
        "effect_by_kind": effects,
    }


def chunk_tables(chunk: Chunk, *, rows: int, sessions: int) -> Iterator[tuple[str, dict[str, pa.Array]]]:
    """Write a chunk's tables, file by file; `rows` and `sessions` are those of earlier chunks."""
    person = person_columns(chunk.customers)
    email = person["email"]
    yield "orders.csv", order_columns(chunk.orders, chunk.lines, chunk.customers, person)
    yield "customers.csv", customer_columns(chunk.rng, chunk.customers, person, chunk.first)
    yield "events.csv.gz", event_columns(chunk.events, email, sessions=sessions)
    yield "feedback.csv", feedback_columns(chunk.feedback, email)
    yield "contacts.csv", contact_columns(chunk.rng, chunk.contacts, chunk.customers, email)
    yield "truth/customers.csv", {"customer_id": email, "kind": worded(KIND_NAMES, chunk.customers["kind"].to_numpy())}
    dirt = chunk.lines["dirt"].to_numpy()
    dirty = np.flatnonzero(dirt)
    yield "truth/dirt.csv", {"source_row": numbered(rows + 1 + dirty), "kind": worded(DIRT_KINDS, dirt[dirty])}


FILES = ("orders.csv", "customers.csv", "events.csv.gz", "feedback.csv", "contacts.csv", "truth/customers.csv",
         "truth/dirt.csv")  # fmt: skip


def make_shop(
    folder: Path,
    *,
    customers: int,
    seed: int,
    kinds: int | Sequence[str] | None = None,
    noise: float = 0.0,
    dirt: Dirt = USUAL_DIRT,
    compress: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Make a shop of invented customers over two years; the same seed gives the same files.

    Parameters
    ----------
    folder : where to write orders.csv, customers.csv, events.csv.gz, feedback.csv, contacts.csv, and truth/ beside them
    customers : how many; 2,000 make some ten thousand order lines
    seed : non-negative number that decides everything
    kinds : how many kinds of customer to draw from `FAMILY`, or their names ("crowd" is one kind that spreads evenly);
        each gets 8 % of the customers or more; the seed decides which and how many. Without it, the usual seven
    noise : share of customers who behave at random; their kind is "none"
    dirt : how much of each kind of dirt to plant
    compress : write orders.csv.gz in place of orders.csv
    on_progress : told after each chunk how many customers it made

    Returns
    -------
    The truth as in truth/summary.json: rows, orders, customers by kind, rows by kind of dirt, clean money, campaigns

    Raises
    ------
    DataProblem
        Fewer than one customer, a negative seed, kinds that there are not, or a noise of more than half.
    """
    if customers < 1 or seed < 0:
        raise DataProblem(f"A shop needs at least one customer and a seed of 0 or more; got {customers} and {seed}.")
    cast = draw_cast(kinds, noise=noise, seed=seed)
    truth = Truth(cast)
    with ExitStack() as stack:
        files = {name: open_csv(stack, folder / packed(name, compress=compress)) for name in FILES}
        starts = range(0, customers, CHUNK)
        for start, child in zip(starts, np.random.SeedSequence(seed).spawn(len(starts)), strict=True):
            count = min(CHUNK, customers - start)
            chunk = draw_chunk(child, count, number=start + 1, order_number=1001 + truth.orders, dirt=dirt, cast=cast)
            for name, columns in chunk_tables(chunk, rows=truth.rows, sessions=truth.sessions):
                files[name].append(columns)
            truth.add(chunk)
            if on_progress:
                on_progress(count)
    summary = {"seed": seed, "first_day": str(FIRST_DAY), "last_day": str(LAST_DAY), **truth.summary()}
    write_json(folder / "truth" / "summary.json", summary)
    (folder / packed("orders.csv", compress=not compress)).unlink(missing_ok=True)
    return summary


def open_csv(stack: ExitStack, path: Path) -> CsvFile:
    """Open a file that takes its name only when the whole shop is made."""
    part = stack.enter_context(replacing(path))
    return stack.enter_context(CsvFile(part, compress=path.suffix == ".gz"))


def packed(name: str, *, compress: bool) -> str:
    """Name the file of orders, compressed on demand."""
    return f"{name}.gz" if compress and name == "orders.csv" else name
