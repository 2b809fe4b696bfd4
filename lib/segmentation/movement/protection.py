"""Which numbers of a table of moves stay blank, so that none of a small group can be worked out from the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

import numpy as np

Node = tuple[str, int]
Edge = tuple[Node, Node]
START, KNOWN_BEFORE, KNOWN_AFTER, END = ("start", 0), ("before", 0), ("after", 0), ("end", 0)
EVERYBODY = (END, START)


@dataclass(frozen=True)
class Hidden:
    """What stays blank, true where it does.

    Attributes
    ----------
    cells : shape (groups before + 1, groups after + 1), the last row came new, the last column were lost
    before : of the rows' totals; after : of the columns' totals
    """

    cells: np.ndarray
    before: np.ndarray
    after: np.ndarray


def hidden_moves(counts: np.ndarray, *, min_group: int) -> Hidden:
    """Choose which cells and totals to blank: those of small groups, and others that would give them away.

    Customers flow from where they stood to where they stand. A blank can be worked out unless somebody could have gone
    another way through blanks alone, with every shown number as it is. So blanks are added, as few as will do, until
    each has another way, and no line's blanks add up to a small group. How many customers were known on either day is
    taken as shown elsewhere; what that alone gives away, no blank can hide.

    Parameters
    ----------
    counts : customers, in the shape of `Hidden.cells`; the last cell is empty, since nobody is both new and lost
    min_group : fewest customers that may be shown as a group

    Source
    ------
    Gusfield, A graph theoretic approach to statistical data security, SIAM Journal on Computing 17 (1988);
    docs/decisions/0027-movement-and-drift.md

    Examples
    --------
    >>> counts = np.array([[90, 9, 0, 0], [2, 80, 7, 0], [0, 30, 60, 0], [8, 0, 0, 0]])
    >>> hidden_moves(counts, min_group=5).cells.astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    """
    flows = Flows(counts)
    hidden = {edge for edge in flows.blankable if 0 < flows.sizes[edge] < min_group}
    while more := flows.more_blanks(hidden, min_group=min_group):
        hidden |= more
    return flows.flags(hidden)


@dataclass(frozen=True)
class Flows:
    """A table of moves as a network: a node for each line, an edge for each cell and total, customers flowing along.

    Attributes
    ----------
    counts : see `hidden_moves`
    """

    counts: np.ndarray

    @cached_property
    def sizes(self) -> dict[Edge, int]:
        """Customers along each edge."""
        (rows, columns), counts = self.counts.shape, self.counts
        cells = {(("row", i), ("column", j)): counts[i, j] for i in range(rows) for j in range(columns)}
        del cells[("row", rows - 1), ("column", columns - 1)]
        before = {self.row_total(i): counts[i].sum() for i in range(rows)}
        after = {self.column_total(j): counts[:, j].sum() for j in range(columns)}
        known = {(START, KNOWN_BEFORE): counts[:-1].sum(), (KNOWN_AFTER, END): counts[:, :-1].sum()}
        return {edge: int(size) for edge, size in (cells | before | after | known | {EVERYBODY: counts.sum()}).items()}

    def row_total(self, row: int) -> Edge:
        """Name the edge of a row's total; who came new was not known before."""
        return (START if row == len(self.counts) - 1 else KNOWN_BEFORE, ("row", row))

    def column_total(self, column: int) -> Edge:
        """Name the edge of a column's total; who was lost is not known after."""
        return (("column", column), END if column == self.counts.shape[1] - 1 else KNOWN_AFTER)

    @cached_property
    def blankable(self) -> set[Edge]:
        """Edges that the table can leave blank."""
        return self.sizes.keys() - {(START, KNOWN_BEFORE), (KNOWN_AFTER, END), EVERYBODY}

    def loss(self, edge: Edge) -> float:
        """Weigh what a blank costs: a total as much as ten cells, a cell that nobody could leave as much as two."""
        is_cell = edge[0][0] == "row" and edge[1][0] == "column"
        size = self.sizes[edge]
        return (1.0 if is_cell else 10.0) + (size / self.sizes[EVERYBODY] if size else 1.0)

    def more_blanks(self, hidden: set[Edge], *, min_group: int) -> set[Edge]:
        """Choose what else to blank, nothing when each blank is safe or nothing would help."""
        for edge in sorted(hidden):
            if more := self.way_round(edge, hidden):
                return more
        for edge in sorted(hidden):
            for node in edge:
                beside = [other for other in self.blankable - hidden if node in other and self.sizes[other] > 0]
                if beside and self.adds_up_to_few(node, hidden | {EVERYBODY}, min_group=min_group):
                    return {min(beside, key=lambda other: (self.loss(other), other))}
        return set()

    def adds_up_to_few(self, node: Node, blanks: set[Edge], *, min_group: int) -> bool:
        """Tell whether a line's blanks are one small group, all on one side of the line's sum."""
        into = [self.sizes[edge] for edge in blanks if edge[1] == node]
        out = [self.sizes[edge] for edge in blanks if edge[0] == node]
        return bool(into) != bool(out) and sum(into + out) < min_group

    def way_round(self, edge: Edge, hidden: set[Edge]) -> set[Edge]:
        """Find what else must be blank so that more or fewer customers could have gone along an edge.

        Where more do, as many go on from its end round to its start; where fewer do, from its start round to its end.
        Going against an edge means that fewer go along it, so there must be some.
        """
        steps: dict[Node, list[tuple[Node, Edge, float]]] = {}
        for other in self.blankable | {EVERYBODY}:
            if other != edge:
                cost = 0.0 if other in hidden or other == EVERYBODY else self.loss(other)
                steps.setdefault(other[0], []).append((other[1], other, cost))
                if self.sizes[other] > 0:
                    steps.setdefault(other[1], []).append((other[0], other, cost))
        ways = [cheapest_way(edge[1], edge[0], steps)]
        if self.sizes[edge] > 0:
            ways.append(cheapest_way(edge[0], edge[1], steps))
        cheapest = min(ways, key=lambda way: way[0])
        return set(cheapest[1]) - hidden - {EVERYBODY}

    def flags(self, hidden: set[Edge]) -> Hidden:
        """Set out what is hidden in the shape of the table."""
        rows, columns = self.counts.shape
        cells = [[(("row", i), ("column", j)) in hidden for j in range(columns)] for i in range(rows)]
        before = [self.row_total(i) in hidden for i in range(rows)]
        after = [self.column_total(j) in hidden for j in range(columns)]
        return Hidden(np.array(cells), np.array(before), np.array(after))


def cheapest_way(
    start: Node, end: Node, steps: Mapping[Node, Sequence[tuple[Node, Edge, float]]]
) -> tuple[float, tuple[Edge, ...]]:
    """Find the cheapest way from one node to another by Dijkstra's algorithm: its cost and edges, infinite if none."""
    waiting: list[tuple[float, Node, tuple[Edge, ...]]] = [(0.0, start, ())]
    seen: set[Node] = set()
    while waiting:
        cost, node, way = heappop(waiting)
        if node == end:
            return cost, way
        if node in seen:
            continue
        seen.add(node)
        for target, edge, more in steps.get(node, ()):
            heappush(waiting, (cost + more, target, (*way, edge)))
    return float("inf"), ()
