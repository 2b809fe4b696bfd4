"""What a reader of the outlook must know: who tells what, how good the intervals are, what is missing and why."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from segmentation.forecasting.contest import Contest
from segmentation.forecasting.intervals import Errors, errors_of
from segmentation.gate import listed

WORDS = {"returns": "who orders", "orders": "how many orders", "value": "spend"}
AMOUNTS = {"value": "spend", "orders": "orders"}


def notes_of(
    contest: Contest,
    basis: Mapping[tuple[str, int], str],
    errors: Mapping[tuple[str, int], Errors],
    shares: Mapping[str, float],
    refused: str,
    *,
    horizons: Sequence[int],
) -> list[str]:
    """Say what a reader of the outlook must know, one sentence an item.

    Parameters
    ----------
    contest : see `hold_contest`
    basis : (target, horizon) → by whom and how it is told
    errors : (orders or value, horizon) → how far forecasts were off where they could be tried out
    shares : see `coverage`
    refused : why there is no lifetime model; empty when there is one
    horizons : in days
    """
    notes = [*basis_in_words(basis), *bias_in_words(errors)]
    if contest.why_not:
        notes.append(f"Nothing says how good this is. {contest.why_not}")
    else:
        notes.append(coverage_in_words(contest, shares))
    if refused:
        notes.append(
            f"There is no lifetime model, so active means the chance of an order within {horizons[-1]} days, and the "
            f"next order goes by the customer's own gaps; who bought on one day only has none. {refused}"
        )
    return notes


def basis_in_words(basis: Mapping[tuple[str, int], str]) -> list[str]:
    """Say by whom each target is told; what is told in the same way stands together.

    Examples
    --------
    >>> basis_in_words({("orders", 30): "past spend", ("value", 30): "past spend", ("value", 90): "RFM map"})
    ['How many orders and spend within 30 days: past spend.', 'Spend within 90 days: RFM map.']
    """
    days: dict[tuple[str, str], list[str]] = {}
    for (target, horizon), words in basis.items():
        days.setdefault((words, target), []).append(f"{horizon}")
    targets: dict[tuple[str, str], list[str]] = {}
    for (words, target), horizons in days.items():
        targets.setdefault((words, listed(horizons)), []).append(WORDS[target])
    return [
        f"{capital(listed(names))} within {horizons} days: {words.rstrip('.')}."
        for (words, horizons), names in targets.items()
    ]


def bias_in_words(errors: Mapping[tuple[str, int], Errors]) -> list[str]:
    """Say how far forecasts of spend were off in all, where they could be tried out; nothing where none could."""
    tried = [
        f"{off.bias:+.0%} for {days} days"
        for (target, days), off in errors.items()
        if target == "value" and np.isfinite(off.bias)
    ]
    if not tried:
        return []
    return [f"Tried out on earlier days, forecasts of spend were off in all by {listed(tried)}; above 0 is too high."]


def capital(words: str) -> str:
    """Begin a sentence.

    Examples
    --------
    >>> capital("past spend of A and B")
    'Past spend of A and B'
    """
    return words[:1].upper() + words[1:]


def coverage_in_words(contest: Contest, shares: Mapping[str, float]) -> str:
    """Say how often intervals made from the days before held what followed the last one; see `coverage`."""
    if not shares:
        return "Intervals are meant for 95 % of customers; there is no second day to test them on."
    told = listed([f"the {AMOUNTS[target]} of {share:.0%}" for target, share in shares.items()])
    return (
        f"Intervals are meant for 95 % of customers. Made by what was known before, they held {told} of them in the "
        f"{contest.length} days after {contest.days[-1]}."
    )


def coverage(contest: Contest, simulated: pd.DataFrame | None) -> dict[str, float]:
    """Measure the share of customers whom intervals held in the contest's last period, made by what was known before.

    Parameters
    ----------
    contest : see `hold_contest`
    simulated : the lifetime model's table of the contest's last day, which has intervals of its own; None unless it won

    Returns
    -------
    Target → share, 0 to 1; empty with fewer than two days
    """
    if len(contest.days) < 2:
        return {}
    shares = {}
    for target in AMOUNTS:
        name = contest.winners["value" if target == "value" else "returns"].name
        told = contest.forecasts[name][target]
        last = told.index.get_level_values("day") == contest.days[-1]
        actual = contest.actual.loc[told.index, target].clip(lower=0.0)
        if simulated is not None and contest.kinds[name] == "lifetime model":
            customers = told.index[last].get_level_values("customer_id")
            column = f"{target}_{contest.length}"
            low, high = (simulated.loc[customers, f"{column}_{end}"].to_numpy() for end in ("low", "high"))
        else:
            days = told.index.get_level_values("day").to_numpy()
            before = errors_of(told[~last].to_numpy(), actual[~last].to_numpy(), days=days[~last])
            low, high = before.interval(told[last].to_numpy())
        followed = actual[last].to_numpy()
        shares[target] = float(np.mean((low <= followed) & (followed <= high)))
    return shares
