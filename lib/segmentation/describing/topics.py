"""What texts are about: topics found by TF-IDF and NMF, named by their words, none of which tells of a person."""

import warnings
from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfTransformer

from segmentation.describing.texts import CHINESE, fitted_on, words_of

TOPICS = 6  # at most
TEXTS = 50  # at least
WORDS_A_TOPIC = 3
COMMON = 0.5  # a word of more than this share of the texts tells nothing apart
SHORTEST = 3  # letters of a word
CHINESE_STOPS = frozenset("的了是在和我有就不也都很这那吗吧呢啊还又与及")


def topics(texts: pd.DataFrame, *, min_group: int, names: Collection[str] = (), seed: int) -> list[str | None]:
    """Name the topic that weighs most in each text.

    Parameters
    ----------
    texts : one row a text: customer_id, text; see `known_texts`
    min_group : a word counts only when so many different customers use it, and a topic when so many write of it
    names : words that are names of customers, in lower case; they never count
    seed : of the decomposition

    Returns
    -------
    A label a text, such as "delivery, late, parcel"; none where no topic weighs, or too little was written
    """
    terms = [terms_of(text, names) for text in texts["text"]]
    counts, words = counted(terms, texts["customer_id"], min_group=min_group)
    number = min(TOPICS, len(words) // WORDS_A_TOPIC, texts["customer_id"].nunique() // min_group)
    if len(texts) < TEXTS or number < 2:
        return [None] * len(texts)
    weights, labels = decomposed(counts, words, number=number, seed=seed)
    found = [labels[row.argmax()] if row.max() > 0 else None for row in weights]
    writers = texts["customer_id"].groupby(pd.Series(found, index=texts.index)).nunique()
    return [label if label and writers[label] >= min_group else None for label in found]


def terms_of(text: str, names: Collection[str]) -> set[str]:
    """List the words of a text that may tell its topic; Chinese, which has no spaces, by pairs of signs.

    Examples
    --------
    >>> sorted(terms_of("The mug of Ann came broken. 快递很慢", {"ann"}))
    ['broken', 'came', 'mug', '快递']
    """
    words = words_of(text)
    latin = {word for word in words if len(word) >= SHORTEST and not CHINESE.match(word)} - ENGLISH_STOP_WORDS
    pairs = {a + b for word in words if CHINESE.match(word) for a, b in pairwise(word)}
    return {term for term in latin | pairs if term not in names and not CHINESE_STOPS & set(term)}


def counted(terms: Sequence[set[str]], customers: pd.Series, *, min_group: int) -> tuple[csr_matrix, np.ndarray]:
    """Count the words that enough different customers use, shape (texts, words), and list them in sorted order."""
    told = pd.DataFrame({"text": np.arange(len(terms)), "term": [sorted(found) for found in terms]}).explode("term")
    told = told.dropna()
    users = customers.to_numpy()[told["text"].to_numpy(dtype=int)]
    spread = pd.DataFrame({"term": told["term"].to_numpy(), "user": users}).groupby("term")["user"].nunique()
    shares = told["term"].value_counts() / max(1, len(terms))
    words = np.array(sorted(word for word in spread.index[spread >= min_group] if shares[word] <= COMMON), dtype=object)
    told = told[told["term"].isin(words)]
    places = (told["text"].to_numpy(dtype=int), np.searchsorted(words, told["term"].to_numpy(dtype=object)))
    return csr_matrix((np.ones(len(told)), places), shape=(len(terms), len(words))), words


def decomposed(counts: csr_matrix, words: np.ndarray, *, number: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Find topics among texts and name each by its heaviest words, equal ones by the alphabet.

    Returns
    -------
    Weights, shape (texts, topics), and a label a topic
    """
    weighed = TfidfTransformer().fit(counts)
    rows = fitted_on(counts.shape[0])
    model = NMF(number, init="nndsvd", random_state=seed, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a topic that still moves a little is a topic
        model.fit(weighed.transform(counts[rows]))
        weights = model.transform(weighed.transform(counts))
    best = np.argsort(-model.components_.round(6), axis=1, kind="stable")[:, :WORDS_A_TOPIC]
    return weights.round(6), [", ".join(words[row]) for row in best]
