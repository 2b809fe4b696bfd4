"""Currencies: one for all amounts, by refusing, setting aside or converting."""

from datetime import datetime
from pathlib import Path

import pytest
from ibis.backends.duckdb import Backend
from shops import judged_orders, order_line, store_orders

from segmentation import clean
from segmentation.cleaning.currencies import read_rates
from segmentation.problems import DataProblem


def rates(folder: Path, text: str) -> Path:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return path


DATED = "date,currency,rate\n2025-02-10,SEK,0.1\n2025-01-01,SEK,0.5\n2025-01-01,USD,0.9\n"


# --- one currency


def test_the_only_currency_is_the_shop_s(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(), order_line(currency=None)])
    assert clean.require_one_currency(orders, currency="") == "EUR"


def test_a_file_that_tells_no_currency_has_none(connection: Backend) -> None:
    assert clean.require_one_currency(store_orders(connection, [order_line(currency=None)]), currency="") == ""


def test_two_currencies_are_refused_with_the_way_out(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(), order_line(), order_line(currency="SEK")])
    message = r"must be in one currency; these are in 2: EUR \(2 lines\), SEK \(1 lines\)\. .*`currency: EUR` .*`rates`"
    with pytest.raises(DataProblem, match=message):
        clean.require_one_currency(orders, currency="")


def test_rates_without_the_shop_s_currency_are_refused(connection: Backend) -> None:
    orders = store_orders(connection, [order_line(), order_line(currency="SEK")])
    with pytest.raises(DataProblem, match="Name the one that `rates` leads to"):
        clean.shop_currency(orders, clean.Policy(rates="rates.csv"))


def test_a_currency_that_no_order_is_in_needs_rates(connection: Backend) -> None:
    orders = store_orders(connection, [order_line()])
    with pytest.raises(
        DataProblem, match=r"`currency` must be one that the orders are in, which are EUR .*; got 'GBP'"
    ):
        clean.shop_currency(orders, clean.Policy(currency="GBP"))
    assert clean.shop_currency(orders, clean.Policy(currency="GBP", rates="rates.csv")) == "GBP"


# --- converting


@pytest.mark.parametrize(
    ("day", "money"),
    [(datetime(2025, 1, 1), 5.0), (datetime(2025, 2, 9, 23, 59), 5.0), (datetime(2025, 2, 10), 1.0),
     (datetime(2025, 12, 31), 1.0)],
    ids=["first day", "last day of a rate", "first day of the next", "long after"],
)  # fmt: skip
def test_the_last_rate_by_the_day_of_the_order_counts(
    connection: Backend, tmp_path: Path, day: datetime, money: float
) -> None:
    path = rates(tmp_path, DATED)
    judged = judged_orders(connection, [order_line(currency="SEK", ordered_at=day)], rates=str(path), currency="EUR")
    assert clean.account(judged).loc[0, ["reason", "money"]].tolist() == ["clean", money]


def test_a_rate_without_a_date_always_counts(connection: Backend, tmp_path: Path) -> None:
    path = rates(tmp_path, "currency;rate\nsek;0.2\n")
    judged = judged_orders(connection, [order_line(currency="SEK")], rates=str(path), currency="EUR")
    assert clean.account(judged).loc[0, "money"] == 2.0


def test_a_line_without_a_rate_is_set_aside(connection: Backend, tmp_path: Path) -> None:
    lines = [order_line(currency="GBP"), order_line(currency="SEK", ordered_at=datetime(2024, 12, 31)), order_line()]
    judged = judged_orders(connection, lines, rates=str(rates(tmp_path, DATED)), currency="EUR").order_by("source_row")
    told = judged.select("reason").to_pyarrow()["reason"].to_pylist()
    assert told == ["no exchange rate", "no exchange rate", None]


def test_all_amounts_of_a_line_are_converted(connection: Backend, tmp_path: Path) -> None:
    line = order_line(currency="SEK", quantity=3, discount=2.0, refunded=1.0)
    judged = judged_orders(connection, [line], rates=str(rates(tmp_path, DATED)), currency="EUR")
    columns = ["quantity", "unit_price", "discount", "refunded", "currency", "converted_from"]
    told = clean.kept(judged).select(*columns).to_pyarrow().to_pylist()[0]
    assert list(told.values()) == pytest.approx([3, 1.0, 0.2, 0.1, "EUR", "SEK"])


def test_the_account_in_the_shop_s_currency_balances(connection: Backend, tmp_path: Path) -> None:
    lines = [order_line(), order_line(currency="SEK", product_id="TEA", quantity=7, unit_price=3.33)]
    orders, policy = store_orders(connection, lines), clean.Policy(rates=str(rates(tmp_path, DATED)), currency="EUR")
    account = clean.account(clean.judge_orders(orders, policy, currency="EUR"))
    assert account[["reason", "money"]].values.tolist()[0] == ["clean", pytest.approx(12.331)]
    lines_in, money_in = clean.lines_and_money(orders)
    clean.require_balance(account, lines_in=lines_in, money_in=money_in)


# --- the file of rates


def test_rates_are_read_by_day(tmp_path: Path) -> None:
    told = read_rates(rates(tmp_path, DATED))
    assert told["rate"].tolist() == [0.5, 0.9, 0.1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day,code\n1,2\n", r"'rates.csv' must have the columns currency and rate, .*; it has 'day' and 'code'"),
        ("currency,rate\nkrona,0.1\n", "must be a code of three letters such as EUR; 1 are not: 'krona'"),
        ("currency,rate\nSEK,0\n", "must be a number above zero, written as 1.2345; 1 are not: '0'"),
        ("currency,rate\nSEK,\"0,1\"\n", "must be a number above zero, written as 1.2345; 1 are not: '0,1'"),
        ("currency,rate\nSEK,inf\n", "must be a number above zero"),
        ("currency,rate\nSEK,0.1\nSEK,0.2\n", "must have one rate for a currency and day; it has more for 'SEK'"),
        ("date,currency,rate\n2025-13-01,SEK,0.1\n", "must be a day such as 2026-06-30; 1 are not: '2025-13-01'"),
        ("date,currency,rate\n,SEK,0.1\n", "must be a day such as 2026-06-30; 1 are not"),
        ("", "`rates` must name a CSV file in UTF-8"),
    ],
    ids=["columns", "currency", "zero", "comma", "infinite", "twice", "date", "no date", "empty"],
)  # fmt: skip
def test_rates_that_can_t_be_read_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataProblem, match=message):
        read_rates(rates(tmp_path, text))


def test_a_file_of_rates_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(DataProblem, match=r"Can't read 'rates.csv'|must have the columns"):
        read_rates(path)


def test_a_file_of_rates_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match=r"Can't read 'none.csv': `rates` must name a CSV file"):
        read_rates(tmp_path / "none.csv")
