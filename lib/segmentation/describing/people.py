"""Demographics: age, gender, city, country and what brought the customer, as the shop records them."""

import datetime

import ibis
import ibis.expr.types as ir

AGES = (14, 100)  # years; what lies outside is a slip of the keyboard


def known_people(customers: ir.Table, as_of: datetime.date) -> ir.Table:
    """Express the customers whose account was open when the day began; without a date it counts as open."""
    opened_later = ibis.coalesce(customers.joined_on >= ibis.date(as_of.isoformat()), False)
    return customers.filter(~opened_later & customers.customer_id.notnull())


def demographics(known: ir.Table, as_of: datetime.date) -> ir.Table:
    """Express who the customers are, one row a customer whose account was open.

    Parameters
    ----------
    known : canonical, one row a customer; should there be several, each value is the first by the alphabet
    as_of : the day of description
    """
    age = as_of.year - known.birth_year
    return known.group_by("customer_id").aggregate(
        age_years=age.min(where=age.between(*AGES)),
        gender=word(known.gender).min(),
        city=word(known.city).min(),
        home_country=word(known.country).min(),
        acquisition_channel=word(known.acquisition_channel).min(),
    )


def word(column: ir.StringColumn) -> ir.StringColumn:
    """Express a word without spaces around it, null when nothing is left."""
    return column.strip().nullif("")
