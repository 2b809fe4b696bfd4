"""Texts of customers: read in an order of their own, and broken into words, English and Chinese."""

import re

import ibis.expr.types as ir
import numpy as np
import pandas as pd

SIGNS = "㐀-鿿"  # Chinese
CHINESE = re.compile(f"[{SIGNS}]+")
WORD = re.compile(f"[{SIGNS}]+|(?:(?![{SIGNS}])[^\\W\\d_])+(?:'(?:(?![{SIGNS}])[^\\W\\d_])+)*")
# What tells of a person or an order, and is no word: addresses, and whatever has a digit or an @ in it.
PRIVATE = re.compile(f"(?:https?:|www\\.)[^\\s{SIGNS}]+|[^\\s{SIGNS}]*[@\\d][^\\s{SIGNS}]*")
FITTED = 20_000  # texts that a model is fitted on at most


def known_texts(feedback: ir.Table) -> pd.DataFrame:
    """Fetch what was written.

    Parameters
    ----------
    feedback : canonical, from before the day

    Returns
    -------
    DataFrame, one row a text, sorted by text and rating so that neither rows nor names decide anything
        customer_id, text : str; rating : float, missing when none was given
    """
    told = feedback.filter(feedback.text.strip() != "", feedback.customer_id.notnull())
    texts = told.select("customer_id", "text", "rating").execute()
    texts["rating"] = texts["rating"].astype("float64")
    return texts.sort_values(["text", "rating", "customer_id"], ignore_index=True)


def words_of(text: str) -> list[str]:
    """List the words of a text in lower case; a run of Chinese signs is one word, and what may tell of a person none.

    Examples
    --------
    >>> words_of("Didn't like it, order 1001! 质量很好 ann@example.com")
    ["didn't", 'like', 'it', 'order', '质量很好']
    """
    return WORD.findall(PRIVATE.sub(" ", text.lower().replace("’", "'")))


def fitted_on(number: int) -> np.ndarray:
    """Choose the rows that a model is fitted on: all, or evenly spread ones when there are very many."""
    return np.unique(np.linspace(0, number - 1, min(number, FITTED)).astype(int))
