"""What a header means: words of shops in several languages, kept as data in words.yaml."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any, NamedTuple

import yaml

TIERS = {"words": 1.0, "weak": 0.8, "last": 0.6}
WITH_BESIDE, WITH_UNKNOWN = 0.97, 0.55
ENOUGH = 0.45  # strength below which words say too little
CHINESE = re.compile(r"[\u3400-\u9fff]")
# What only narrows a Chinese word down: order, goods, buyer, user, customer, member, trade, sale, purchase.
CHINESE_BESIDE = re.compile("订单|商品|宝贝|买家|用户|客户|会员|顾客|交易|销售|购买|的|总|元|件")


@cache
def vocabulary() -> dict[str, Any]:
    """Read the words; see words.yaml."""
    return yaml.safe_load((files("segmentation.guessing") / "words.yaml").read_text(encoding="utf-8"))


def folded(text: str) -> str:
    """Write a header in lower-case words, one space between them.

    Examples
    --------
    >>> folded("InvoiceNo"), folded("Numéro_de commande"), folded("商品总价（元）"), folded("OrderID#2")
    ('invoice no', 'numero de commande', '商品总价 元', 'order id 2')
    """
    plain = unicodedata.normalize("NFKC", text).replace("%", " percent ")
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return " ".join(re.findall(r"[^\W_]+", plain.casefold()))


class Word(NamedTuple):
    """A word of a canonical column: folded, without spaces and words that say nothing, and its tier's strength."""

    column: str
    text: str
    bare: str
    strength: float


@cache
def known_words(table: str) -> tuple[Word, ...]:
    """List the words of a table's columns."""
    columns = vocabulary()["columns"][table]
    return tuple(
        Word(column, text, bare(text), strength)
        for column, told in columns.items()
        for tier, strength in TIERS.items()
        for text in map(folded, told.get(tier, ()))
        if text
    )


@cache
def other_words() -> frozenset[str]:
    """List what means something that no canonical column is, or changes what a header means."""
    return frozenset(map(folded, vocabulary()["other"]))


@cache
def words_beside(table: str, column: str) -> frozenset[str]:
    """List the single words that may stand beside a column's words."""
    told = vocabulary()["columns"][table][column].get("beside", ())
    return frozenset(chain.from_iterable(folded(word).split() for word in told)) | neutral_words()


@cache
def neutral_words() -> frozenset[str]:
    """List the words that say nothing."""
    return frozenset(folded(word) for word in vocabulary()["neutral"])


@cache
def telling_words(table: str) -> frozenset[str]:
    """List every word that would change what a header means."""
    named = chain.from_iterable(word.text.split() for word in known_words(table))
    return frozenset(chain(named, other_words())) - neutral_words()


@cache
def telling_chinese(table: str) -> tuple[str, ...]:
    """List the Chinese ones of `telling_words`; they stand inside longer ones."""
    return tuple(word for word in telling_words(table) if CHINESE.search(word))


@cache
def meanings(header: str, table: str) -> dict[str, float]:
    """Tell which canonical columns a header may stand for, by its words alone.

    The longest words found decide: a ship date is no order date, though both hold the word "date".

    Parameters
    ----------
    header : as it stands in the file
    table : a table of words.yaml, such as "orders"

    Returns
    -------
    Strength by column, at most 1; empty when the words say nothing or something else

    Examples
    --------
    >>> meanings("Bestelldatum", "orders")
    {'ordered_at': 1.0}
    >>> meanings("Ship date", "orders"), meanings("发货时间", "orders")
    ({}, {})
    """
    text, own = folded(header), bare(folded(header))
    if not text or (own in map(bare, other_words()) and all(word.bare != own for word in known_words(table))):
        return {}
    found = [
        (word.column, word.strength * fit, len(own) if fit == 1 else len(word.bare))
        for word in known_words(table)
        if (word.text in text or word.bare in own)
        and (rest := remainder(text, word.text)) is not None
        and (fit := fit_of_rest(rest, table, word.column))
    ]
    longest = max((length for _, _, length in found), default=0)
    best: dict[str, float] = {}
    for column, strength, length in found:
        if length == longest:
            best[column] = max(best.get(column, 0.0), strength)
    return {column: strength for column, strength in best.items() if strength >= ENOUGH}


def fit_of_rest(rest: Sequence[str], table: str, column: str) -> float:
    """Weigh what stands beside a word: 1 for nothing, less for what is unknown, 0 for what changes its meaning."""
    if not rest or all(word in neutral_words() for word in rest):
        return 1.0
    strange = [word for word in rest if not word.isdecimal() and word not in words_beside(table, column)]
    if not strange:
        return WITH_BESIDE
    if any(known in word for word in strange if CHINESE.search(word) for known in telling_chinese(table)):
        return 0.0
    return 0.0 if any(word in telling_words(table) for word in strange) else WITH_UNKNOWN


def remainder(text: str, word: str) -> list[str] | None:
    """List what a folded header holds beside a word; none when it does not hold the word.

    Examples
    --------
    >>> remainder("ship date", "date"), remainder("orderdate", "order date"), remainder("ordered", "order")
    (['ship'], [], None)
    >>> remainder("lieferdatum", "datum"), remainder("商品销售数量", "销售数量")
    (['liefer'], [])
    """
    if bare(text) == bare(word):
        return []
    if CHINESE.search(word):
        left = " ".join(text.partition(word)[::2]) if word in text else None
        return None if left is None else CHINESE_BESIDE.sub(" ", left).split()
    header, wanted = text.split(), word.split()
    for place in range(len(header) - len(wanted) + 1):
        if header[place : place + len(wanted)] == wanted:
            return header[:place] + header[place + len(wanted) :]
    is_compound = len(header) == len(wanted) == 1 and len(word) >= 4 and text.endswith(word)
    return [text.removesuffix(word)] if is_compound and len(text) - len(word) >= 3 else None


def bare(text: str) -> str:
    """Drop the spaces and the words that say nothing, so that "n de commande" equals "n commande".

    Examples
    --------
    >>> bare("n de commande"), bare("de")
    ('ncommande', 'de')
    """
    telling = [word for word in text.split() if word not in neutral_words()]
    return "".join(telling or text.split())


def otherwise(table: str) -> Mapping[str, str]:
    """List the columns that hold one word for all rows when the file has no such column."""
    columns = vocabulary()["columns"][table]
    return {column: told["otherwise"] for column, told in columns.items() if "otherwise" in told}


def is_personal(header: str) -> bool:
    """Tell whether a header says that its column holds a person's name, address or the like.

    Examples
    --------
    >>> is_personal("Nachname"), is_personal("Kundenname"), is_personal("收货人姓名"), is_personal("Menge")
    (True, True, True, False)
    """
    text, personal = folded(header), [folded(word) for word in vocabulary()["personal"]]
    return any(word in text if CHINESE.search(word) else word in text.split() for word in personal)
