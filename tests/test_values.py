"""How ids, numbers, dates and flags are read, in every way in which shops' exports write them."""

import datetime
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from shops import store

from segmentation.problems import DataProblem
from segmentation.tables import Column, Kind
from segmentation.values import Writing, describe_writings, is_masked, is_shortened, plain_text, told_writings, typed

Values = Sequence[str | None]


def stored(connection: Backend, columns: Mapping[str, Values]) -> ir.Table:
    """Store columns of text as they come from a file."""
    rows = len(next(iter(columns.values())))
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return store(connection, pa.table({"__row": list(range(1, rows + 1)), **texts}))


def written(connection: Backend, kind: Kind, *values: str | None, **options: Any) -> Writing:
    """Tell how a column is written."""
    raw = stored(connection, {"column": values})
    return told_writings(raw, {"column": kind}, name="june.csv", **{"date_order": "", **options})["column"]


def plain(connection: Backend, kinds: Mapping[str, Kind], columns: Mapping[str, Values], **options: Any) -> ir.Table:
    """Bring columns into their plain form."""
    raw = stored(connection, columns)
    writings = told_writings(raw, kinds, name="june.csv", **{"date_order": "", **options})
    return plain_text(raw, writings)


def read(connection: Backend, kind: Kind, *values: str | None, **options: Any) -> list[Any]:
    """Read the values of a column as its kind."""
    table = plain(connection, {"column": kind}, {"column": values}, **options)
    column = typed(table["column"], Column("column", kind, ""))
    return table.select("__row", read=column).order_by("__row").to_pyarrow()["read"].to_pylist()


def texts(table: ir.Table, column: str = "column") -> list[str | None]:
    return table.order_by("__row").to_pyarrow()[column].to_pylist()


def times(read: Sequence[datetime.datetime | None]) -> list[str | None]:
    return [time and f"{time:%Y-%m-%d %H:%M:%S}" for time in read]


# --- ids


def test_an_id_stays_text_whatever_it_looks_like(connection: Backend) -> None:
    ids = ["00042", "9007199254740993", "12345678901234567890", "7.05", "1.2.0", "=1+1", "1e5", "A'1", "-2", "ÄRZTE"]
    assert read(connection, "id", *ids) == ids


def test_what_a_spreadsheet_puts_around_an_id_is_taken_off(connection: Backend) -> None:
    ids = ['="0042"', "=0042", "\t0042", "'0042", "'0042'", " 0042\r", "\u00a00042\u3000", "00\u200b42", '=" 0042"']
    assert set(read(connection, "id", *ids)) == {"0042"}


def test_the_end_of_a_float_is_taken_off_where_every_number_has_it(connection: Backend) -> None:
    assert read(connection, "id", "13085.0", "0017.0", "A-1", None) == ["13085", "0017", "A-1", None]


def test_whole_numbers_among_floats_are_the_same_ids(connection: Backend) -> None:
    assert read(connection, "id", "13085.0", "13085") == ["13085", "13085"]


def test_a_version_number_among_others_is_no_float(connection: Backend) -> None:
    assert read(connection, "id", "1.0", "1.5", "2.0") == ["1.0", "1.5", "2.0"]


def test_what_programs_write_for_no_id_is_none(connection: Backend) -> None:
    assert read(connection, "id", "nan", "NULL", "None", "-", "N/A", "", " ", "undefined", "\\N", "7") == [None] * 9 + [
        "7"
    ]


def test_a_customer_s_e_mail_address_is_in_lower_case(connection: Backend) -> None:
    table = plain(connection, {"column": "id"}, {"column": ["Ann@Example.com", "Ann"]})
    keys = table.select("__row", column=typed(table["column"], Column("customer_id", "id", "")))
    assert texts(keys) == ["ann@example.com", "Ann"]


def test_shortened_ids_are_refused_where_they_tell_customers_apart(connection: Backend) -> None:
    message = r"'column' of 'june\.csv' must hold whole ids; Excel has shortened 2 of 3 to the form 1\.23457E\+11"
    with pytest.raises(DataProblem, match=message):
        written(connection, "id", "4.80123E+18", "4.8E+18", "17", keys=["column"])


def test_shortened_ids_are_counted_where_others_stand_beside_them(connection: Backend) -> None:
    assert written(connection, "id", "4.80123E+18", "17", "18", keys=["column"]).shortened == 1


@pytest.mark.parametrize(
    ("value", "is_so"), [("1.23457E+11", True), ("5E+10", True), ("1,2E+11", True), ("12E5", False), ("SE+10", False)]
)
def test_a_shortened_id_is_known(connection: Backend, value: str, is_so: bool) -> None:
    assert connection.execute(is_shortened(ibis.literal(value))) == is_so


@pytest.mark.parametrize("value", ["186******05", "t**1", "##a8Fk##", "***@example.com", "138xxxx5678", "＊＊"])
def test_a_masked_value_is_known(connection: Backend, value: str) -> None:
    assert connection.execute(is_masked(ibis.literal(value)))


@pytest.mark.parametrize("value", ["18612345605", "A*1", "#1001", "xx-large", "ann@example.com"])
def test_a_whole_value_is_not_masked(connection: Backend, value: str) -> None:
    assert not connection.execute(is_masked(ibis.literal(value)))


# --- words


def test_words_keep_all_but_the_spaces_around_them(connection: Backend) -> None:
    words = ["'Twas the night", "=1+1", "None", "NA", "-", "13085.0", "a \u00a0 b", "👩\u200d🍳"]
    assert read(connection, "text", *words, " Mug\u00a0", "\u3000") == [*words, "Mug", None]


def test_a_format_s_words_for_nothing_are_none(connection: Backend) -> None:
    assert read(connection, "text", "-", "Mug", empty=["-"]) == [None, "Mug"]


# --- numbers


def test_numbers_with_a_decimal_point_are_read(connection: Backend) -> None:
    numbers = {
        "1,234.50": 1234.5,
        "12,34,567.00": 1234567.0,
        "1'234.50": 1234.5,
        "1’234.50": 1234.5,
        "1 234.50": 1234.5,
        "1\u00a0234.50": 1234.5,
        "１２．５０": 12.5,
        ".5": 0.5,
        "5.": 5.0,
        "+4": 4.0,
        " 3 ": 3.0,
        "1e3": 1000.0,
        "007": 7.0,
    }
    assert read(connection, "money", *numbers) == list(numbers.values())


def test_numbers_with_a_decimal_comma_are_read(connection: Backend) -> None:
    numbers = {
        "1.234,50": 1234.5,
        "1.234.567": 1234567.0,
        "1 234,5": 1234.5,
        "1\u202f234,5": 1234.5,
        "1'234,50": 1234.5,
        "0,500": 0.5,
        ",5": 0.5,
        "12": 12.0,
        "1.234": 1234.0,
        "1,5E+3": 1500.0,
        "１２，５": 12.5,
    }
    assert read(connection, "money", *numbers) == list(numbers.values())


def test_currencies_around_a_number_are_taken_off(connection: Backend) -> None:
    sevens = [
        "$7",
        "US$ 7",
        "7 €",
        "€7",
        "£7.00",
        "￥7",
        "7元",
        "7 EUR",
        "chf 7",
        "7kr.",
        "R$ 7",
        "Rs. 7",
        "7,-",
        "7.–",
    ]
    assert read(connection, "money", *sevens) == [7.0] * len(sevens)


def test_numbers_below_zero_are_read(connection: Backend) -> None:
    below = ["-7", "−7", "(7)", "( 7.00 )", "7-", "7.00 -", "-$7", "$-7", "($7)", "$(7)", "- 7", "7- €", "－７"]
    assert read(connection, "money", *below) == [-7.0] * len(below)


@pytest.mark.parametrize(
    "value", ["abc", "inf", "NaN1", "1_000", "0x10", "--7", "(-7)", "1.2.3", "12,34", "5€0", "7 pieces", "٣", "5%"]
)
def test_what_is_no_number_is_unreadable(connection: Backend, value: str) -> None:
    assert read(connection, "money", value, *["1.50"] * 200)[0] is None


def test_what_can_t_be_read_stays_as_it_is(connection: Backend) -> None:
    table = plain(connection, {"column": "money"}, {"column": ["for free", "$7"]})
    assert texts(table) == ["for free", "7"]


def test_what_programs_write_for_no_number_is_none(connection: Backend) -> None:
    nothings = ["-", "--", "n/a", "NULL", "None", "nan", "#N/A", "(empty)", "—", "\u00a0", ""]
    assert texts(plain(connection, {"column": "money"}, {"column": [*nothings, "1"]})) == [None] * len(nothings) + ["1"]


def test_a_comma_before_three_digits_separates_thousands(connection: Backend) -> None:
    assert read(connection, "money", "1,234", "5") == [1234.0, 5.0]


def test_a_point_before_three_digits_is_a_decimal_point(connection: Backend) -> None:
    assert read(connection, "money", "1.234", "5") == [1.234, 5.0]


def test_a_column_that_can_t_tell_follows_the_others_of_its_file(connection: Backend) -> None:
    columns = {"price": ["12,50", "3,00"], "pieces": ["1.234", "5"], "discount": ["1,234", "2"]}
    kinds: dict[str, Kind] = {"price": "money", "pieces": "integer", "discount": "money"}
    table = plain(connection, kinds, columns)
    assert [texts(table, name) for name in ("pieces", "discount")] == [["1234", "5"], ["1.234", "2"]]


def test_a_column_that_tells_its_decimal_point_decides_for_itself(connection: Backend) -> None:
    columns = {"price": ["12,50", "3,00"], "rate": ["0.19", "1.234"]}
    table = plain(connection, {"price": "money", "rate": "number"}, columns)
    assert texts(table, "rate") == ["0.19", "1.234"]


def test_a_decimal_point_that_is_given_decides_what_the_file_can_t(connection: Backend) -> None:
    assert read(connection, "money", "1,234", decimal="comma") == [1.234]


def test_points_and_commas_that_contradict_each_other_are_refused(connection: Backend) -> None:
    message = "must be written in one way; 2 have a decimal point, .*, and 1 a decimal comma, .* Set `decimal`"
    with pytest.raises(DataProblem, match=message):
        written(connection, "money", "12.50", "1,234.5", "12,50")


def test_a_decimal_point_that_is_given_sets_the_others_aside(connection: Backend) -> None:
    assert read(connection, "money", "12,50", "12.50", decimal="comma") == [12.5, None]


def test_one_typing_error_in_two_hundred_numbers_is_set_aside(connection: Backend) -> None:
    assert read(connection, "money", "12.50", *["12,50"] * 200)[:2] == [None, 12.5]


def test_pieces_are_whole_numbers_or_unreadable(connection: Backend) -> None:
    assert read(connection, "integer", "3", "3.0", "1,000", "2.5", "1e3", "1e30") == [3, 3, 1000, None, 1000, None]


def test_the_currencies_of_a_column_are_told(connection: Backend) -> None:
    assert written(connection, "money", "$5", "7 EUR", "EUR 8", "9", "Rs").currencies == ("$", "EUR")


def test_an_unknown_way_to_write_decimals_is_refused(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="`decimal` must be point, comma or empty; got 'dot'"):
        written(connection, "money", "1", decimal="dot")


WAYS_TO_WRITE: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "plain": ("", ".", str),
    "english": (",", ".", "${}".format),
    "german": (".", ",", "{} €".format),
    "french": ("\u202f", ",", "{}\u00a0€".format),
    "swiss": ("’", ".", "CHF {}".format),
    "swedish": (" ", ",", "{} kr".format),
}


def grouped(whole: int, separator: str) -> str:
    return f"{whole:,}".replace(",", separator)


@given(
    cents=st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=30),
    way=st.sampled_from(sorted(WAYS_TO_WRITE)),
    minus=st.sampled_from(["-{}", "−{}", "({})", "{}-"]),
)
@settings(max_examples=25)
def test_an_amount_comes_back_to_the_cent(connection: Backend, cents: list[int], way: str, minus: str) -> None:
    separator, point, around = WAYS_TO_WRITE[way]
    amounts = [f"{grouped(abs(cent) // 100, separator)}{point}{abs(cent) % 100:02}" for cent in cents]
    texts = [(minus if cent < 0 else "{}").format(around(amount)) for cent, amount in zip(cents, amounts, strict=True)]
    assert [round(value * 100) for value in read(connection, "money", *texts)] == cents


# --- dates


def test_dates_that_begin_with_their_year_are_read(connection: Backend) -> None:
    written_as = {
        "2025-03-04 10:05:06": "2025-03-04 10:05:06",
        "2025-03-04": "2025-03-04 00:00:00",
        "2025-03-04T10:05:06.789Z": "2025-03-04 10:05:06",
        "2025-03-04 10:05:06 +0200": "2025-03-04 10:05:06",
        "2025-03-04T10:05+02:00": "2025-03-04 10:05:00",
        "2025-03-04 10:05 UTC": "2025-03-04 10:05:00",
        "2025-03-04 10:05:06 CET": "2025-03-04 10:05:06",
        "2025-03-04 10:05 UTC+8": "2025-03-04 10:05:00",
        "2025/3/4 9:05": "2025-03-04 09:05:00",
        "2025.03.04": "2025-03-04 00:00:00",
        "2025-3-4 9:05 PM": "2025-03-04 21:05:00",
        "2025年3月4日": "2025-03-04 00:00:00",
        "2025年3月4日 9:05": "2025-03-04 09:05:00",
        "2025年3月4日9时5分6秒": None,
        "2025年3月4日09时05分06秒": "2025-03-04 09:05:06",
        "2025/3/4 下午9:05": "2025-03-04 21:05:00",
        "２０２５-03-04　10：05": "2025-03-04 10:05:00",
        "20250304": "2025-03-04 00:00:00",
        "20250304100506": "2025-03-04 10:05:06",
        "20250304T100506Z": "2025-03-04 10:05:06",
        "2025-Mar-04": "2025-03-04 00:00:00",
    }
    assert times(read(connection, "time", *written_as)) == list(written_as.values())


def test_dates_with_a_month_s_name_are_read(connection: Backend) -> None:
    written_as = {
        "4 Mar 2025": "2025-03-04 00:00:00",
        "4th of March 2025 9:05": "2025-03-04 09:05:00",
        "04-MAR-25": "2025-03-04 00:00:00",
        "Mar 4, 2025": "2025-03-04 00:00:00",
        "March 4, 2025 at 9:05 PM": "2025-03-04 21:05:00",
        "Sept. 4, 2025, 12:05 a.m.": "2025-09-04 00:05:00",
        "Tue, 4 Mar 2025 10:05:06 GMT": "2025-03-04 10:05:06",
        "Tue Mar 04 2025 10:05:06 GMT+0100 (Central European Time)": "2025-03-04 10:05:06",
        "04/Mar/2025:10:05:06 +0100": "2025-03-04 10:05:06",
        "31 Dec 99": "1999-12-31 00:00:00",
    }
    assert times(read(connection, "time", *written_as)) == list(written_as.values())


def test_dates_that_end_with_their_year_are_read(connection: Backend) -> None:
    written_as = {
        "31.12.2025": "2025-12-31 00:00:00",
        "4.3.2025": "2025-03-04 00:00:00",
        "4. 3. 2025": "2025-03-04 00:00:00",
        "04/03/25": "2025-03-04 00:00:00",
        "04/03/69": "2069-03-04 00:00:00",
        "04/03/70": "1970-03-04 00:00:00",
        "04-03-2025 9:05": "2025-03-04 09:05:00",
        "04.03.2025 09:05 Uhr": "2025-03-04 09:05:00",
        "4/3/2025, 21:05:06": "2025-03-04 21:05:06",
        "4/3/2025 9:05 pm": "2025-03-04 21:05:00",
        "4/3/2025 12:05 a.m.": "2025-03-04 00:05:00",
        "4/3/2025 12:05:06PM": "2025-03-04 12:05:06",
        "4/3/2025 13:05 PM": "2025-03-04 13:05:00",
        "04.03.2025 09:05:06 +0200": "2025-03-04 09:05:06",
    }
    assert times(read(connection, "time", *written_as)) == list(written_as.values())


def test_excel_s_days_are_read_beside_text_and_real_dates(connection: Backend) -> None:
    written_as = {
        "45412.43": "2024-04-30 10:19:12",
        "45412": "2024-04-30 00:00:00",
        "2024/5/1 9:05": "2024-05-01 09:05:00",
        "2024-05-01 10:00:00": "2024-05-01 10:00:00",
        "99999": None,
        "1000": None,
    }
    assert times(read(connection, "time", *written_as)) == list(written_as.values())


@pytest.mark.parametrize("value", ["1714557600", "1714557600.9", "1714557600123", "1714557600123456"])
def test_seconds_since_1970_and_their_parts_are_read(connection: Backend, value: str) -> None:
    assert times(read(connection, "time", value)) == ["2024-05-01 10:00:00"]


def test_seconds_since_1970_among_dates_are_unreadable(connection: Backend) -> None:
    assert times(read(connection, "time", "1714557600", "2024-05-01 10:00:00")) == [None, "2024-05-01 10:00:00"]


def test_what_programs_write_for_no_date_is_none(connection: Backend) -> None:
    nothings = ["0000-00-00", "0000-00-00 00:00:00", "1900-01-00", "0001-01-01 00:00:00", "00/00/0000", "0", "-", ""]
    table = plain(connection, {"column": "time"}, {"column": [*nothings, "2024-05-01"]})
    assert texts(table) == [None] * len(nothings) + ["2024-05-01"]


@pytest.mark.parametrize(
    "value",
    ["soon", "2025-02-30", "31/02/2025", "45/45/2025", "infinity", "epoch", "2025-03-04 25:00", "31/12/2025 or so",
     "0202-05-01 10:00:00", "9999-12-31", "2025-13-01 10:00:00", "20251301", "12"],
)  # fmt: skip
def test_what_is_no_date_is_unreadable(connection: Backend, value: str) -> None:
    assert read(connection, "time", value, "31/12/2025") == [None, datetime.datetime(2025, 12, 31)]


def test_one_day_above_twelve_decides_for_the_whole_column(connection: Backend) -> None:
    day_first = read(connection, "day", "01/02/2025", "13/02/2025")
    month_first = read(connection, "day", "01/02/2025", "02/13/2025")
    assert (day_first[0], month_first[0]) == (datetime.date(2025, 2, 1), datetime.date(2025, 1, 2))


def test_dates_that_could_be_either_are_refused(connection: Backend) -> None:
    message = (
        r"Can't tell the dates of column 'column' in 'june\.csv': each could have the day or the month first, "
        r"as '12/12/2025' and '01/02/2025'\. Which is it\? Set `date_order` to dmy or mdy"
    )
    with pytest.raises(DataProblem, match=message):
        written(connection, "time", "01/02/2025", "12/12/2025")


def test_dates_that_contradict_each_other_are_refused(connection: Backend) -> None:
    message = "some have the day first, others the month, as '13/02/2025' and '02/13/2025'"
    with pytest.raises(DataProblem, match=message):
        written(connection, "time", "02/13/2025", "13/02/2025")


def test_one_typing_error_in_two_hundred_dates_is_set_aside(connection: Backend) -> None:
    assert read(connection, "day", "02/13/2025", *["13/02/2025"] * 200)[:2] == [None, datetime.date(2025, 2, 13)]


def test_a_date_order_that_is_given_decides_what_the_file_can_t(connection: Backend) -> None:
    assert read(connection, "day", "01/02/2025", date_order="mdy") == [datetime.date(2025, 1, 2)]


def test_a_column_of_dates_that_can_t_tell_follows_the_others_of_its_file(connection: Backend) -> None:
    columns = {"sent_at": ["13/02/2025"], "opened_at": ["01/02/2025"]}
    table = plain(connection, {"sent_at": "time", "opened_at": "time"}, columns)
    assert texts(table, "opened_at") == ["2025-02-01 00:00:00"]


def test_columns_of_dates_that_contradict_each_other_are_refused(connection: Backend) -> None:
    raw = stored(connection, {"sent_at": ["13/02/2025"], "opened_at": ["02/13/2025"]})
    with pytest.raises(DataProblem, match="must share one order; they are sent_at dmy, opened_at mdy"):
        told_writings(raw, {"sent_at": "time", "opened_at": "time"}, name="june.csv", date_order="")


def half_read_by_a_spreadsheet() -> list[str]:
    """Write the days of May as a spreadsheet leaves them that takes the month for what comes first."""
    return [f"2025-{day:02}-05 00:00:00" if day <= 12 else f"{day}/05/2025" for day in range(1, 32)]


def test_days_that_a_spreadsheet_took_for_months_are_refused(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="a spreadsheet seems to have taken days for months: 12 are dates of its own"):
        written(connection, "time", *half_read_by_a_spreadsheet())


def test_a_date_order_that_is_given_answers_for_the_spreadsheet(connection: Backend) -> None:
    assert written(connection, "time", *half_read_by_a_spreadsheet(), date_order="dmy").date_order == "dmy"


def test_an_unknown_date_order_is_refused(connection: Backend) -> None:
    with pytest.raises(DataProblem, match="`date_order` must be ymd, dmy, mdy or empty; got 'day first'"):
        written(connection, "time", "2025-01-01", date_order="day first")


@pytest.mark.parametrize(
    ("values", "zone"),
    [
        (["2025-03-04 10:00:00"], ""),
        (["2025-03-04T10:00:00Z", "2025-03-04 10:00 +0000"], "UTC"),
        (["2025-03-04 10:00:00 +0100", "2025-07-04 10:00:00 +0200"], "UTC+01:00 and UTC+02:00"),
        (["1714557600"], "UTC"),
        (["5/13/2025 9:00 PM PST"], "PST"),
    ],
    ids=["none", "utc", "summer time", "since 1970", "named"],
)
def test_the_zone_that_times_are_written_in_is_told(connection: Backend, values: list[str], zone: str) -> None:
    assert written(connection, "time", *values).zone == zone


DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.123Z",
    "%Y/%m/%d %H:%M:%S",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%b-%Y %H:%M:%S",
    "%B %d, %Y %I:%M:%S %p",
    "%a, %d %b %Y %H:%M:%S GMT",
)


@given(
    moments=st.lists(st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2099, 12, 31)), max_size=30),
    form=st.sampled_from(DATE_FORMATS),
)
@settings(max_examples=25)
def test_a_time_comes_back_from_every_way_to_write_it(
    connection: Backend, moments: list[datetime.datetime], form: str
) -> None:
    moments = [moment.replace(microsecond=0) for moment in [*moments, datetime.datetime(2025, 12, 31, 12, 5)]]
    assert read(connection, "time", *(moment.strftime(form) for moment in moments)) == moments


# --- flags


def test_words_for_yes_and_no_are_read(connection: Backend) -> None:
    yes = ["true", "YES", "1", "y", "ja", "是", "subscribed", " True "]
    no = ["false", "No", "0", "n", "nein", "否", "unsubscribed", "not_subscribed", "pending"]
    assert read(connection, "flag", *yes, *no, "maybe", "", None) == [True] * 8 + [False] * 9 + [None] * 3


# --- the whole table


def test_columns_that_are_plain_are_left_alone(connection: Backend) -> None:
    raw = stored(connection, {"id": ["A1", None], "price": ["1.50", "2"], "at": ["2025-03-04 10:00:00", None]})
    writings = told_writings(raw, {"id": "id", "price": "money", "at": "time"}, name="june.csv", date_order="")
    assert plain_text(raw, writings).equals(raw)


ANY_TEXT = st.one_of(
    st.none(),
    st.text(st.sampled_from(string.digits + ".,-+()' $€E\u00a0xX/:T=\u200b１年月日"), max_size=12),
    st.sampled_from(["nan", "-", "2025-03-04", "31/12/2025", "45412.5", "1.234,50", "7.0", '="7"', "12.50", "yes"]),
)
KINDS: tuple[Kind, ...] = ("id", "text", "money", "integer", "time", "day", "flag")


@given(values=st.lists(ANY_TEXT, min_size=1, max_size=20), kind=st.sampled_from(KINDS))
@settings(max_examples=30)
def test_the_plain_form_of_the_plain_form_is_itself(connection: Backend, values: Values, kind: Kind) -> None:
    try:
        once = plain(connection, {"column": kind}, {"column": values}, date_order="dmy", decimal="comma")
        twice = plain(connection, {"column": kind}, {"column": texts(once)})
    except DataProblem:
        return
    column = Column("column", kind, "")
    first, second = (table.select("__row", column=typed(table["column"], column)) for table in (once, twice))
    assert texts(second) == texts(first)


@given(ids=st.lists(st.text(string.digits, min_size=1, max_size=25), min_size=1, max_size=20))
@settings(max_examples=10)
def test_ids_of_digits_survive(connection: Backend, ids: list[str]) -> None:
    assert read(connection, "id", *ids) == ids


def test_how_columns_are_written_is_set_out_without_their_values(connection: Backend) -> None:
    columns = {
        "who": ["00042", "ann@example.com", "7"],
        "at": ["31.12.2024 10:00", "1.2.2024 9:30", ""],
        "price": ["1.234,50 €", "7,00 €", "-"],
    }
    raw = stored(connection, columns)
    writings = told_writings(raw, {"who": "id", "at": "time", "price": "money"}, name="june.csv", date_order="")
    assert describe_writings(writings, unreadable={"at": 0}).to_dict("split")["data"] == [
        ["who", "id, as text", "plain", 3, 0, 0],
        ["at", "date and time", "day first: 31/12/2025", 2, 1, 0],
        ["price", "amount", "decimal comma: 1.234,56; with currency signs: €; thousands separated", 2, 1, 0],
    ]
