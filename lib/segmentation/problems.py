"""The one error class for data, and how lists of culprits are worded."""

from collections.abc import Iterable


class DataProblem(ValueError):
    """What a user's data or parameters must change before a step can go on.

    The first sentence says what must be so or what can't be done, then comes the evidence, and last, for a common
    cause, a hint as a question that names the parameter to change.
    """


def some(culprits: Iterable[object], *, limit: int = 5) -> str:
    """Word a list of culprits: the first few quoted, the rest counted.

    Examples
    --------
    >>> some(["Order", "Date"])
    "'Order' and 'Date'"
    >>> some(range(8), limit=3)
    "'0', '1', '2' and 5 more"
    >>> some([])
    'nothing'
    """
    words = [f"'{shorten(str(culprit))}'" for culprit in culprits]
    if not words:
        return "nothing"
    if len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit:,} more"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def shorten(text: str, *, limit: int = 40) -> str:
    """Keep a message readable when a file's value is a page long.

    Examples
    --------
    >>> shorten("x" * 50, limit=5)
    'xxxxx…'
    """
    return text if len(text) <= limit else f"{text[:limit]}…"
