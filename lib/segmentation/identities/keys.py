"""What tells who someone is: platform numbers, e-mail addresses and telephone numbers, each in one normal form."""

import re

import ibis
import ibis.expr.types as ir

from segmentation.problems import DataProblem, some
from segmentation.values import is_masked

EMAIL = r"^[^\s@,;<>\"]+@[^\s@,;<>\"]+$"
EXTENSION = r"(?i)[ ,;]*(ext|extension|x|#|durchwahl)[. ]*\d{1,5}$"
INTERNATIONAL_ID = r"^\+[\d ()./-]{7,}$"  # a customer id that is a telephone number, as Shopify writes it
KEEPS_ZERO = ("39", "378")  # calling codes of Italy and San Marino, whose numbers keep their first zero abroad


def calling_code(country: str) -> str:
    """Read a country's calling code as its digits, none for an empty one.

    Raises
    ------
    DataProblem
        It is no calling code.

    Examples
    --------
    >>> calling_code("+49"), calling_code("0044"), calling_code("")
    ('49', '44', '')
    """
    digits = re.sub(r"^(\+|00)", "", country.strip())
    if not re.fullmatch(r"(?:[1-9]\d{0,2})?", digits, re.ASCII):
        raise DataProblem(
            f"`phone_country` must be the calling code of the shop's country, such as 49; got {some([country])}."
        )
    return digits


def normal_email(value: ir.StringColumn) -> ir.StringColumn:
    """Express an e-mail address trimmed and in lower case; null for a masked one and for anything else.

    Nothing clever: some providers read dots or what follows a plus sign, others do not.
    """
    plain = value.strip().lower()
    is_email = plain.re_search(EMAIL) & ~plain.contains("*") & ~is_masked(plain)  # no real address has an asterisk
    return ibis.ifelse(is_email, plain, ibis.null("string"))


def normal_phone(value: ir.StringColumn, *, country: str) -> ir.StringColumn:
    """Express a telephone number as + and 8 to 15 digits; null for a masked one and for anything else.

    Parameters
    ----------
    value : as people write it, extensions and all
    country : calling code of numbers that do not tell theirs, as digits; without one they keep their form, without +

    Source
    ------
    ITU-T E.164: a country code of one to three digits, at most 15 in all. Numbers of one digit repeated are fillers.
    """
    plain = value.strip().re_replace(EXTENSION, "").replace("(0)", "")
    readable = plain.re_search(r"^[+\d\s\x{00a0}()./\-–]+$")
    digits = plain.re_replace(r"\D", "")
    abroad = plain.re_search(r"^[(\s]*\+") | digits.startswith("00")
    national = digits.re_replace("^0*", "")
    number = ibis.ifelse(abroad, ibis.literal("+") + national, at_home(digits, country=country))
    length = number.length() - number.startswith("+").cast("int64")
    is_filler = national.replace(national.right(1), "") == ""
    return ibis.ifelse(readable & length.between(8, 15) & ~is_filler, number, ibis.null("string"))


def at_home(digits: ir.StringColumn, *, country: str) -> ir.StringColumn:
    """Express a number that does not begin with + or 00 with its country, where the country is told.

    A spreadsheet takes the plus sign or the first zero off; what begins with the country's code and is long enough has
    lost its plus sign.
    """
    if not country:
        return digits
    trunk = digits if country in KEEPS_ZERO else digits.re_replace("^0", "")
    has_code = digits.startswith(country) & (digits.length() >= len(country) + 9)
    return ibis.literal("+") + ibis.ifelse(has_code, digits, ibis.literal(country) + trunk)


def own_key(customer_id: ir.StringColumn, *, country: str) -> ir.StringColumn:
    """Express whom a customer id names: an e-mail address or a telephone number where it is one, else the id itself.

    Keys sort by how well they serve as a customer's name: id, e-mail address, telephone number.

    Returns
    -------
    Text "id:…", "mail:…" or "phone:…"; null for a masked one
    """
    phone = ibis.ifelse(
        customer_id.re_search(INTERNATIONAL_ID), normal_phone(customer_id, country=country), ibis.null("string")
    )
    key = ibis.coalesce(email_key(customer_id), prefixed("phone:", phone), prefixed("id:", customer_id))
    return ibis.ifelse(is_masked(customer_id), ibis.null("string"), key)


def email_key(value: ir.StringColumn) -> ir.StringColumn:
    """Express the key of an e-mail address, null when it is none."""
    return prefixed("mail:", normal_email(value))


def phone_key(value: ir.StringColumn, *, country: str) -> ir.StringColumn:
    """Express the key of a telephone number, null when it is none."""
    return prefixed("phone:", normal_phone(value, country=country))


def prefixed(kind: str, value: ir.StringColumn) -> ir.StringColumn:
    """Express a key of a kind, null for null."""
    return ibis.literal(kind) + value


def without_kind(key: ir.StringColumn) -> ir.StringColumn:
    """Express the value in a key."""
    return key.re_replace("^(id|mail|phone):", "")
