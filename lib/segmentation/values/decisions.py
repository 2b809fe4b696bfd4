"""How the columns of a file are written, decided from all their values."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import ibis.expr.types as ir

from segmentation.problems import DataProblem, some
from segmentation.tables import Kind
from segmentation.values.ids import FLOATS, ID_WAYS, TEXT_WAYS, plain_id, way_tests
from segmentation.values.numbers import (
    Decimal,
    currencies,
    leading_zero,
    needed_steps,
    number_ways,
    told_decimals,
)
from segmentation.values.shapes import Shape, ascii_text, distinct_values, shapes
from segmentation.values.times import (
    DAY_OR_MONTH_FIRST,
    HEAD,
    PATTERNS,
    SERIAL,
    UNIX,
    YEAR_FIRST,
    DateOrder,
    first_two,
    needs,
    pattern_of,
    plain_time,
    plain_zone,
    read_time,
    zone_in,
    zone_name,
)
from segmentation.values.writing import NOT_PLAIN, NOTHINGS, TIMES, Writing, is_empty, is_odd

MANY = 0.2  # different values a value; from there on, looking at each value once saves nothing
MINORITY = 0.01  # share of values up to which those that contradict the others are errors, not another way of writing
MOST_DATES = 50_000  # shapes with the first two parts of each date: days of a year, or days as Excel counts them
SURE = 10  # dates; so many without one that could be read both ways are no chance


def first_look(raw: ir.Table, kinds: Mapping[str, Kind], *, empty: tuple[str, ...]) -> dict[str, Writing]:
    """Count every column's values, and tell which columns are plain."""
    columns = list(enumerate(kinds))
    values = {f"values_{place}": raw[header].count() for place, header in columns}
    different = {f"different_{place}": raw[header].approx_nunique() for place, header in columns}
    seen = raw.aggregate(rows=raw.count(), **values, **different).execute().fillna(0).astype("int64").iloc[0]
    writings = {
        header: Writing(
            kind,
            empty_words=empty,
            values=int(seen[f"values_{place}"]),
            empty=int(seen["rows"] - seen[f"values_{place}"]),
        )
        for place, (header, kind) in enumerate(kinds.items())
    }
    many = [header for place, header in columns if seen[f"different_{place}"] > MANY * seen[f"values_{place}"]]
    odd = odd_columns(raw, {header: writings[header] for header in many})
    odd |= {header for header in kinds if header not in many and is_oddly_written(raw, header, writings[header])}
    return {
        header: replace(writing, ways=frozenset({NOT_PLAIN} if header in odd else ()))
        for header, writing in writings.items()
    }


def odd_columns(raw: ir.Table, writings: Mapping[str, Writing]) -> set[str]:
    """Tell which columns are not plain, in one query over all rows: for columns in which few values repeat."""
    if not writings:
        return set()
    odd = {
        f"odd_{place}": is_odd(raw[header], writing).any() for place, (header, writing) in enumerate(writings.items())
    }
    seen = raw.aggregate(**odd).execute().iloc[0]
    return {
        header for place, header in enumerate(writings) if seen[f"odd_{place}"] is not None and seen[f"odd_{place}"]
    }


def is_oddly_written(raw: ir.Table, header: str, writing: Writing) -> bool:
    """Tell whether a column is not plain, from its distinct values, where these are few."""
    distinct = distinct_values(raw, header)
    return bool(distinct.aggregate(odd=is_odd(distinct.value, writing).any()).execute().fillna(False).iloc[0, 0])


def told_words(raw: ir.Table, writings: Mapping[str, Writing]) -> dict[str, Writing]:
    """Tell what surrounds ids and words, and whether the .0 behind ids is a float's doing."""
    told = {}
    for header, writing in writings.items():
        if writing.ways:
            seen = way_counts(raw, header, writing)
            ways = {way for way in (ID_WAYS if writing.kind == "id" else TEXT_WAYS) if seen[way]}
            if seen[FLOATS] < seen["decimals"]:  # 1.0 and 1.5 are versions, sizes or prices
                ways.discard(FLOATS)
            shortened = seen["shortened"] if writing.kind == "id" else 0
            writing = with_empty(writing, seen["empty"])
            told[header] = replace(writing, ways=writing.ways | ways, shortened=shortened)
    return told


def way_counts(raw: ir.Table, header: str, writing: Writing) -> dict[str, int]:
    """Count the ids or words of a column that are written in some way, and those that mean nothing."""
    distinct = distinct_values(raw, header)
    bare = plain_id(distinct.value, ID_WAYS if writing.kind == "id" else TEXT_WAYS)
    tests = way_tests(distinct.value) | {"empty": is_empty(bare, writing)}
    counts = {name: distinct["count"].sum(where=test) for name, test in tests.items()}
    return distinct.aggregate(**counts).execute().fillna(0).astype("int64").iloc[0].to_dict()


def with_empty(writing: Writing, empty: int) -> Writing:
    """Count values that turned out to mean nothing as empty."""
    ways = writing.ways | ({NOTHINGS} if empty else set())
    return replace(writing, ways=ways, values=writing.values - empty, empty=writing.empty + empty)


def with_shapes(writing: Writing, seen: Sequence[Shape]) -> Writing:
    """Take over from a column's shapes how many are empty, and which characters stand for ASCII ones."""
    characters = "".join(sorted(set().union(*(shape.characters for shape in seen))))
    empty = sum(shape.count for shape in seen if shape.is_empty)
    return replace(with_empty(writing, empty), characters=characters)


def require_whole_ids(writings: Mapping[str, Writing], *, name: str) -> None:
    """Require that Excel has not shortened most ids of a column that tells orders or customers apart."""
    for header, writing in writings.items():
        if writing.shortened > writing.values / 2:
            raise DataProblem(
                f"Column {some([header])} of {some([name])} must hold whole ids; Excel has shortened "
                f"{writing.shortened:,} of {writing.values:,} to the form 1.23457E+11, so that different ones look the "
                "same. Export the file again and use it as it comes, or format the column as text before saving."
            )


def looked_at(raw: ir.Table, header: str, writing: Writing) -> list[Shape]:
    """List the shapes of a column of dates or numbers."""
    distinct = distinct_values(raw, header)
    text = ascii_text(distinct.value)
    if writing.kind in TIMES:
        return shapes(distinct, detail=text.left(HEAD), is_empty=is_empty(text, writing), most=MOST_DATES)
    return shapes(distinct, detail=leading_zero(text), is_empty=is_empty(text, writing))


def told_times(raw: ir.Table, writings: Mapping[str, Writing], *, name: str, given: str) -> dict[str, Writing]:
    """Tell in which ways dates are written, and what comes first in those of one file."""
    told, orders = {}, {}
    for header, writing in writings.items():
        if writing.ways:
            seen = looked_at(raw, header, writing)
            told[header] = ways_of_time(raw, header, writing, seen)
            if starts := day_or_month_starts(seen):
                orders[header] = told_order(raw, header, starts, name=name, given=given)
    order = given or shared_order(raw, orders, name=name)
    for header in orders:
        told[header] = replace(told[header], date_order=order)
        if not given:
            require_unswapped(raw, header, told[header], name=name)
    return told


def ways_of_time(raw: ir.Table, header: str, writing: Writing, seen: Sequence[Shape]) -> Writing:
    """Tell in which ways the dates of one column are written, and their zone.

    Seconds since 1970 are believed only where nearly all values are such: among dates they are errors.
    """
    counts: Counter[str] = Counter()
    ways = set()
    for shape in seen:
        if not shape.is_empty and (pattern := pattern_of(shape)):
            counts[pattern] += shape.count
            ways |= needs(shape, pattern)
    is_unix = counts[UNIX] > (1 - MINORITY) * counts.total()
    ways |= {UNIX} if is_unix else set(counts) - {UNIX}
    zone = "UTC" if is_unix else column_zone(raw, header, seen)
    writing = with_shapes(writing, seen)
    return replace(writing, ways=writing.ways | ways, zone=zone)


def column_zone(raw: ir.Table, header: str, seen: Sequence[Shape]) -> str:
    """Name the zones that the times of a column are written in, empty when none is told."""
    if not any(zone_in(shape.text) for shape in seen):
        return ""
    distinct = distinct_values(raw, header)
    zones = distinct.select(zone=plain_zone(ascii_text(distinct.value))).distinct().execute()["zone"]
    return " and ".join(sorted({zone_name(zone) for zone in zones.dropna()} - {""}))


def day_or_month_starts(seen: Sequence[Shape]) -> Counter[tuple[int, int]]:
    """Count the two numbers with which dates begin that have their year last; one of them can be a month."""
    starts: Counter[tuple[int, int]] = Counter()
    for shape in seen:
        if not shape.is_empty and pattern_of(shape) == DAY_OR_MONTH_FIRST and min(first_two(shape)) <= 12:
            starts[first_two(shape)] += shape.count
    return starts


def told_order(
    raw: ir.Table, header: str, starts: Mapping[tuple[int, int], int], *, name: str, given: str
) -> DateOrder | None:
    """Decide what comes first in the dates of one column, none when each could be read both ways.

    Raises
    ------
    DataProblem
        Some have the day first, others the month, and `date_order` is not given.
    """
    counts = {
        "dmy": sum(count for (first, _), count in starts.items() if first > 12),
        "mdy": sum(count for (_, second), count in starts.items() if second > 12),
    }
    order, is_clear = majority(counts)
    if not is_clear and not given:
        raise order_problem(raw, header, "some have the day first, others the month", name=name)
    return order


def majority(counts: Mapping[str, int]) -> tuple[str | None, bool]:
    """Choose what most values say, and tell whether the others are few enough to be errors.

    Examples
    --------
    >>> majority({"dmy": 1_000, "mdy": 2}), majority({"dmy": 3, "mdy": 2}), majority({})
    (('dmy', True), ('dmy', False), (None, True))
    """
    told = {word: count for word, count in counts.items() if count}
    if not told:
        return None, True
    most = max(told, key=told.__getitem__)
    return most, sum(told.values()) - told[most] <= MINORITY * sum(told.values())


def shared_order(raw: ir.Table, orders: Mapping[str, DateOrder | None], *, name: str) -> DateOrder:
    """Choose the order that the dates of a file share, from the columns that tell it.

    Raises
    ------
    DataProblem
        Columns tell different ones, or none tells it.
    """
    found = {header: order for header, order in orders.items() if order}
    if len(set(found.values())) > 1:
        told = ", ".join(f"{header} {order}" for header, order in found.items())
        raise DataProblem(f"The dates of {some([name])} must share one order; they are {told}.")
    if orders and not found:
        raise order_problem(raw, next(iter(orders)), "each could have the day or the month first", name=name)
    return next(iter(found.values()), "ymd")


def order_problem(raw: ir.Table, header: str, why: str, *, name: str) -> DataProblem:
    """Word that the order of day and month can't be told, with two dates that show it."""
    value = ascii_text(raw[header])
    first, second = (value.re_extract(PATTERNS[DAY_OR_MONTH_FIRST][0], i).try_cast("int64") for i in (1, 2))
    dates = raw.select(value=value, lead=first - second).filter(first.notnull(), (first <= 12) | (second <= 12))
    seen = dates.aggregate(day=dates.value.argmax(dates.lead), month=dates.value.argmin(dates.lead)).execute().iloc[0]
    examples = dict.fromkeys([seen["day"], seen["month"]])
    return DataProblem(
        f"Can't tell the dates of column {some([header])} in {some([name])}: {why}, as {some(examples)}. "
        "Which is it? Set `date_order` to dmy or mdy."
    )


def require_unswapped(raw: ir.Table, header: str, writing: Writing, *, name: str) -> None:
    """Require that no spreadsheet has read days as months: it keeps as text only the dates that this can't befall.

    Raises
    ------
    DataProblem
        No date in figures could be read both ways, and none of the others has a day above 12.
    """
    if not writing.ways & {YEAR_FIRST, SERIAL}:
        return
    distinct = distinct_values(raw, header)
    text = ascii_text(distinct.value)
    first, second = (text.re_extract(PATTERNS[DAY_OR_MONTH_FIRST][0], i).try_cast("int64") for i in (1, 2))
    day = read_time(plain_time(text, writing.ways, writing.date_order)).day()
    rows, is_text = distinct["count"], first.notnull()
    seen = distinct.aggregate(
        texts=rows.sum(where=is_text),
        both_ways=rows.sum(where=(first <= 12) & (second <= 12)),
        dates=rows.sum(where=day.notnull() & ~is_text),
        late=rows.sum(where=(day > 12) & ~is_text),
    )
    texts, both_ways, dates, late = seen.execute().fillna(0).iloc[0]
    if min(texts, dates) >= SURE and not both_ways and not late:
        raise DataProblem(
            f"The dates of column {some([header])} in {some([name])} must be as the shop wrote them; a spreadsheet "
            f"seems to have taken days for months: {dates:,} are dates of its own, none after the 12th of a month, and "
            f"of {texts:,} left as text none could be read both ways. Export the file again and use it as it comes. "
            f"Is it right as it is? Set `date_order` to {writing.date_order}."
        )


def told_numbers(raw: ir.Table, writings: Mapping[str, Writing], *, name: str, given: str) -> dict[str, Writing]:
    """Tell how numbers are written; a column that can't tell its decimal point follows the others of its file.

    A value such as 1,234 or 1.234 can be read both ways. Where no column tells, the point is the decimal one.
    """
    seen = {header: looked_at(raw, header, writing) for header, writing in writings.items() if writing.ways}
    decimals = {header: told_decimal(shapes, header, name=name, given=given) for header, shapes in seen.items()}
    shared = set(decimals.values()) - {None}
    rest: Decimal = given or (shared.pop() if len(shared) == 1 else "point")
    if rest == "comma":  # then what looks plain may be none: 1.234
        plain = {header: looked_at(raw, header, writing) for header, writing in writings.items() if not writing.ways}
        grouped = {header: shapes for header, shapes in plain.items() if is_grouped(shapes)}
        seen, decimals = seen | grouped, decimals | dict.fromkeys(grouped, rest)
    return {
        header: ways_of_numbers(writings[header], shapes, decimals[header] or rest) for header, shapes in seen.items()
    }


def told_decimal(seen: Sequence[Shape], header: str, *, name: str, given: str) -> Decimal | None:
    """Decide what stands before the cents in one column, none when it can't be told.

    Raises
    ------
    DataProblem
        Some values have a decimal point, others a decimal comma, and `decimal` is not given.
    """
    counts = told_decimals(seen)
    decimal, is_clear = majority(counts)
    if not is_clear and not given:
        raise DataProblem(
            f"The numbers of column {some([header])} in {some([name])} must be written in one way; {counts['point']:,} "
            f"have a decimal point, as 12.50 or 1,234.50, and {counts['comma']:,} a decimal comma, as 12,50 or "
            "1.234,50. Which is right? Set `decimal` to point or comma, and the others are set aside."
        )
    return decimal if is_clear else given


def is_grouped(seen: Sequence[Shape]) -> bool:
    """Tell whether points in a column that looks plain must separate thousands, where the file has decimal commas."""
    return not any(told_decimals(seen).values()) and any("." in shape.text for shape in seen)


def ways_of_numbers(writing: Writing, seen: Sequence[Shape], decimal: Decimal) -> Writing:
    """Tell in which ways the numbers of one column are written."""
    found = [shape for shape in seen if not shape.is_empty]
    writing = with_shapes(writing, seen)
    return replace(
        writing,
        decimal=decimal,
        ways=writing.ways.union({NOT_PLAIN}, *(number_ways(shape, decimal) for shape in found)),
        steps=needed_steps(found),
        currencies=tuple(currencies(found)),
    )
