"""The mood of texts, −1 all blame to 1 all praise: learnt from ratings where there are enough, otherwise by words."""

import re
from collections.abc import Iterable
from functools import cache

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from segmentation.describing.texts import CHINESE, fitted_on, words_of
from segmentation.presets import read_preset

RATED = 200  # rated texts, at least, to learn from
EACH = 20  # of them, at least, that praise and that blame
CLAUSE_ENDS = re.compile("[.,;:!?，。；：！？、\n]")  # a negation reaches no further
GOOD, POOR = 4, 2  # stars: from here up a text praises, from here down it blames


def moods(texts: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Measure the mood of each text.

    Parameters
    ----------
    texts : one row a text: text (str), rating (1 to 5, or missing); see `known_texts`
    seed : of the classifier

    Returns
    -------
    Array of float, shape (texts,), −1 to 1, NaN where no word tells
    """
    different, place = np.unique(texts["text"].to_numpy(dtype=object).astype(str), return_inverse=True)
    model = learnt(texts, seed=seed)
    if model is None:
        return np.array([mood_by_words(text) for text in different], dtype="float64")[place]
    return (2 * model.predict_proba(different)[:, 1] - 1)[place]


def learnt(texts: pd.DataFrame, *, seed: int) -> Pipeline | None:
    """Learn from rated texts how praise is told from blame, by runs of letters, which Chinese has too.

    Returns
    -------
    Fitted pipeline whose second class is praise; none when fewer than `RATED` texts are clear or one side is rare
    """
    clear = texts[(texts["rating"] >= GOOD) | (texts["rating"] <= POOR)]
    praise = clear["rating"] >= GOOD
    if len(clear) < RATED or min(praise.sum(), (~praise).sum()) < EACH:
        return None
    rows = fitted_on(len(clear))
    letters = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True, max_features=20_000)
    model = LogisticRegression(class_weight="balanced", solver="liblinear", random_state=seed)
    return make_pipeline(letters, model).fit(clear["text"].iloc[rows], praise.iloc[rows])


@cache
def lexicon(language: str) -> dict[str, frozenset[str] | int]:
    """Read the words of a language that praise, blame and negate, and how far a negation reaches."""
    told = read_preset("sentiment")[language]
    return {name: words if isinstance(words, int) else frozenset(words.split()) for name, words in told.items()}


def mood_by_words(text: str) -> float:
    """Measure a text's mood by the words that praise and blame, turned round behind a negation.

    Returns
    -------
    (praise − blame) ÷ (praise + blame), NaN when it has neither

    Examples
    --------
    >>> mood_by_words("Not good, and it came late."), mood_by_words("质量很好，不贵"), mood_by_words("A mug.")
    (-1.0, 1.0, nan)
    """
    clauses = [words_of(clause) for clause in CLAUSE_ENDS.split(text)]
    signs = [sign for words in clauses for sign in english_signs([w for w in words if not CHINESE.match(w)])]
    signs += [sign for words in clauses for word in words if CHINESE.match(word) for sign in chinese_signs(word)]
    return float(np.mean(signs)) if signs else float("nan")


def english_signs(words: list[str]) -> list[int]:
    """List 1 for each word of praise and −1 for each of blame, the other way round behind a negation."""
    told = lexicon("english")
    signs = []
    for place, word in enumerate(words):
        sign = int(is_in(word, told["praise"])) - int(is_in(word, told["blame"]))
        negated = any(before in told["negations"] for before in words[max(0, place - told["reach"]) : place])
        signs.append(-sign if negated else sign)
    return [sign for sign in signs if sign]


def is_in(word: str, words: Iterable[str]) -> bool:
    """Tell whether a word is listed, whole or by a beginning that ends in *."""
    return word in words or any(f"{word[:length]}*" in words for length in range(3, len(word) + 1))


def chinese_signs(run: str) -> list[int]:
    """List 1 for each word of praise and −1 for each of blame in a run of signs, the longest word first."""
    told = lexicon("chinese")
    longest = max(len(word) for word in told["praise"] | told["blame"])
    signs, place = [], 0
    while place < len(run):
        sizes = range(min(longest, len(run) - place), 0, -1)
        size = next((size for size in sizes if run[place : place + size] in told["praise"] | told["blame"]), 0)
        if size:
            sign = 1 if run[place : place + size] in told["praise"] else -1
            negated = any(word in run[max(0, place - told["reach"]) : place] for word in told["negations"])
            signs.append(-sign if negated else sign)
        place += size or 1
    return signs
