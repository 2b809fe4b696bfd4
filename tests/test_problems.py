"""How problems are worded: lists of culprits, long values."""

import pytest

from segmentation.problems import DataProblem, shorten, some


@pytest.mark.parametrize(
    ("culprits", "words"),
    [
        ([], "nothing"),
        (["Order"], "'Order'"),
        (["Order", "Date"], "'Order' and 'Date'"),
        (["Order", "Date", "Total"], "'Order', 'Date' and 'Total'"),
        (range(5), "'0', '1', '2', '3' and '4'"),
        (range(6), "'0', '1', '2', '3', '4' and 1 more"),
        (range(12_000), "'0', '1', '2', '3', '4' and 11,995 more"),
        ((word for word in ("a", "b")), "'a' and 'b'"),
    ],
    ids=["none", "one", "two", "three", "five", "six", "thousands", "a generator"],
)
def test_the_first_culprits_are_quoted_and_the_rest_counted(culprits: list[object], words: str) -> None:
    assert some(culprits) == words


def test_a_long_value_is_cut_inside_its_quotes() -> None:
    assert some(["x" * 50]) == f"'{'x' * 40}…'"


@pytest.mark.parametrize(("text", "short"), [("abc", "abc"), ("abcde", "abcde"), ("abcdef", "abcde…"), ("", "")])
def test_text_is_cut_only_above_the_limit(text: str, short: str) -> None:
    assert shorten(text, limit=5) == short


def test_a_data_problem_is_an_error_of_values() -> None:
    assert issubclass(DataProblem, ValueError)
