"""Moves as tables and sentences, blank where a small group is or could be worked out."""

import numpy as np
import pandas as pd

from segmentation.movement.moves import USUAL_GAP, Moves, segment_moves
from segmentation.movement.protection import Hidden, hidden_moves

NEW, LOST = "new customers", "lost customers"
MOVES_FORMATS = {"money before": "{:,.0f}", "money after": "{:,.0f}"}


def protected(moves: Moves, *, min_group: int) -> Hidden:
    """Choose what of the moves stays blank; see `hidden_moves`."""
    return hidden_moves(moves.grid("customers"), min_group=min_group)


def moves_matrix(moves: Moves, *, min_group: int, column: str = "customers") -> pd.DataFrame:
    """Set the moves out from before (rows) to after (columns), blank where a small group is or could be worked out.

    Returns
    -------
    DataFrame of float, index "before", columns "after", the last ones new and lost customers; a column of the flows
    """
    grid = np.where(protected(moves, min_group=min_group).cells, np.nan, moves.grid(column).astype("float64"))
    grid[-1, -1] = np.nan
    rows = pd.Index([*moves.before, NEW], name="before")
    return pd.DataFrame(grid, index=rows, columns=pd.Index([*moves.after, LOST], name="after"))


def moves_table(moves: Moves, *, min_group: int) -> pd.DataFrame:
    """Set out for reading how each segment came from before to after; blank as in `moves_matrix`.

    Returns
    -------
    DataFrame, one row a segment and one for all
        segment, before, joined, left, new, lost, after (Int64); money before, money after : net spend, shop currency
    """
    hidden, table = protected(moves, min_group=min_group), segment_moves(moves).astype("Int64")
    grid = pd.DataFrame(hidden.cells, index=[*moves.before, ""], columns=[*moves.after, " "])
    rows = grid.reindex([*table.index, ""], fill_value=False)
    columns = grid.T.reindex([*table.index, " "], fill_value=False)
    stayed = pd.Series([bool(name in rows.columns and rows.at[name, name]) for name in table.index], table.index)
    blank = {
        "before": pd.Series(hidden.before[:-1], moves.before),
        "lost": rows[" "],
        "left": rows[" "] | stayed,
        "new": columns[""],
        "joined": columns[""] | stayed,
        "after": pd.Series(hidden.after[:-1], moves.after),
    }
    blank = {word: flags.reindex(table.index, fill_value=False) for word, flags in blank.items()}
    money = {word: moves.flows.groupby(word)[f"spend_{word}"].sum() for word in ("before", "after")}
    for word, spent in money.items():
        table[f"money {word}"] = spent.reindex(table.index, fill_value=0.0).mask(blank[word])
    for word, flags in blank.items():
        table[word] = table[word].mask(flags)
    return table.reset_index()


def shown_flows(moves: Moves, *, min_group: int) -> pd.DataFrame:
    """Keep the flows that may be shown, see `moves_matrix`; `kind` says whether who goes there stays, moves, or is new.

    Returns
    -------
    DataFrame, the flows' columns and kind: "stays", "moves", "new" or "lost"
    """
    flows, hidden = moves.flows, protected(moves, min_group=min_group).cells
    kinds = [flows["before"].isna(), flows["after"].isna(), flows["before"] == flows["after"]]
    told = flows.assign(kind=np.select(kinds, ["new", "lost", "stays"], "moves"))
    return told[~hidden[moves.places]]


def moves_in_words(moves: Moves, *, min_group: int, money: str) -> list[str]:
    """Say how many moved, where most and most money went, who came and who was lost, from what may be shown alone."""
    shown = shown_flows(moves, min_group=min_group)
    moved = shown[(shown["kind"] == "moves") & (shown["customers"] > 0)]
    words = [moved_in_words(moved["customers"].sum(), moves, whole=len(shown) == len(moves.flows))]
    if len(moved):
        words.append(largest_in_words(moved, money=money))
    for kind, known in (("new", "Not known before, and known after"), ("lost", "Known before, and not known after")):
        told = shown[(shown["kind"] == kind) & (shown["customers"] > 0)]
        if len(told):
            words.append(came_or_went_in_words(told, known=known, side="after" if kind == "new" else "before"))
    return words


def moved_in_words(moved: int, moves: Moves, *, whole: bool) -> str:
    """Say which part of the customers known before and after changed segment; a least where some moves are blank."""
    if not moves.known_in_both:
        return "No customer is known both before and after, so nobody can be followed."
    if not moved and not whole:
        return f"Of {moves.known_in_both:,} customers known before and after, too few changed segment to be counted."
    least = "" if whole else "at least "
    return (
        f"Of {moves.known_in_both:,} customers known before and after, {least}{moved:,} "
        f"({moved / moves.known_in_both:.0%}) stand in another segment after."
    )


def largest_in_words(moved: pd.DataFrame, *, money: str) -> str:
    """Say which moves were the largest, in customers and in money."""
    most, dearest = moved.loc[moved["customers"].idxmax()], moved.loc[moved["spend_after"].idxmax()]
    words = f"Most moved from “{most['before']}” to “{most['after']}”: {most['customers']:,}"
    own = f"net spend {most['spend_after']:,.0f} {money}"
    if most.name == dearest.name:
        return f"{words}, and with the most money ({own})."
    return (
        f"{words} ({own}); most money moved from “{dearest['before']}” to “{dearest['after']}”: "
        f"{dearest['customers']:,} with {dearest['spend_after']:,.0f} {money}."
    )


def came_or_went_in_words(told: pd.DataFrame, *, known: str, side: str) -> str:
    """Say in which segments those stand who came new, or stood who were lost; the three largest."""
    largest = told.sort_values("customers", ascending=False, kind="stable").head(3)
    parts = [f"{row['customers']:,} in “{row[side]}”" for _, row in largest.iterrows()]
    return f"{known}: {', '.join(parts)}{' and others' if len(told) > len(largest) else ''}."


def gone_in_words(before: pd.DataFrame, after: pd.DataFrame, *, days: int, min_group: int) -> str:
    """Say how many fell silent: had ordered within so many days before the earlier day, and not before the later one.

    Parameters
    ----------
    before, after : features of the two days, one row a customer, indexed by customer_id: recency_days
    days : see `gone_after_days`
    min_group : fewest customers that may be counted
    """
    if not days:
        return "Nobody came back so far, so there is no telling after how long a silence a customer is gone."
    was, now = before["recency_days"].align(after["recency_days"], join="inner")
    there, gone = int((was <= days).sum()), int(((was <= days) & (now > days)).sum())
    if gone < min_group or there - gone < min_group:
        return f"Too few or too many customers to count have had no order for more than {days:,} days since."
    return (
        f"{gone:,} of the {there:,} customers who had ordered within {days:,} days before the earlier day are gone: as "
        f"of the later day their last order is more than {days:,} days ago, longer than {USUAL_GAP:.0%} of those who "
        "come back usually leave between two orders."
    )
