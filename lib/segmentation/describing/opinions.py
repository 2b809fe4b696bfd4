"""Feedback: ratings, complaints, and the mood and topic of what customers wrote."""

from collections.abc import Collection

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from segmentation.cleaning.marks import stored_rows
from segmentation.describing.sentiment import moods
from segmentation.describing.texts import known_texts, words_of
from segmentation.describing.topics import topics

STARS = (1, 5)
COMPLAINT = "complaint"
MOODS = pa.schema([("customer_id", pa.string()), ("sentiment", pa.float64()), ("review_topic", pa.string())])


def opinions(feedback: ir.Table) -> ir.Table:
    """Express each customer's mean rating and number of complaints, one row a customer who gave feedback.

    Parameters
    ----------
    feedback : canonical, from before the day
    """
    known = feedback.filter(feedback.customer_id.notnull())
    return known.group_by("customer_id").aggregate(
        mean_rating=known.rating.mean(where=known.rating.between(*STARS)),
        complaint_count=(known.kind == COMPLAINT).cast("int64").sum(),
    )


def written(feedback: ir.Table, *, names: Collection[str], min_group: int, seed: int) -> ir.Table:
    """Measure outside the engine what customers wrote, and store it; see `moods` and `topics`.

    Returns
    -------
    Stored table, one row a customer who wrote: customer_id, sentiment (−1 to 1), review_topic (a label); null where
    it can't be told
    """
    texts = known_texts(feedback)
    told = pd.DataFrame({"customer_id": [], "sentiment": [], "review_topic": []})
    if len(texts):
        texts["sentiment"] = moods(texts, seed=seed)
        texts["review_topic"] = topics(texts, min_group=min_group, names=names, seed=seed)
        told = by_customer(texts)
    return stored_rows(pa.Table.from_pandas(told, schema=MOODS, preserve_index=False), beside=feedback)


def by_customer(texts: pd.DataFrame) -> pd.DataFrame:
    """Average the mood of each customer's texts, and choose the topic of most, equal numbers by the alphabet."""
    told = texts.groupby("customer_id")["sentiment"].mean().to_frame()
    counts = texts.groupby(["customer_id", "review_topic"]).size().reset_index(name="texts")
    counts = counts.sort_values(["texts", "review_topic"], ascending=[False, True])
    told["review_topic"] = counts.drop_duplicates("customer_id").set_index("customer_id")["review_topic"]
    told["review_topic"] = told["review_topic"].astype(object).where(told["review_topic"].notna(), None)
    return told.reset_index()


def names_of(customers: ir.Table | None) -> set[str]:
    """Fetch the words of customers' names, in lower case, which no label of a topic may hold."""
    if customers is None:
        return set()
    names = customers.filter(customers.name.notnull()).select("name").distinct().execute()["name"]
    return {word for name in names for word in words_of(name)}
