"""Basket: products and categories, how spend falls on them, and the level of prices."""

import ibis
import ibis.expr.types as ir


def product_counts(bought: ir.Table) -> ir.Table:
    """Express how many different products each customer bought, one row a customer."""
    products = bought.select("customer_id", "product_id").distinct()
    return products.group_by("customer_id").aggregate(product_count=products.product_id.count())


def category_spend(bought: ir.Table) -> ir.Table:
    """Express what each customer bought of each category, in one pass over the lines.

    Returns
    -------
    Table, one row a customer and category that is known
        cents : of value after discounts, at least 0; list_value : money; pieces
    """
    told = bought.filter(bought.category.notnull())
    return told.group_by("customer_id", "category").aggregate(
        cents=(told.value.sum() * 100).round().clip(lower=0).cast("int64"),
        list_value=told.list_value.sum(),
        pieces=told.quantity.sum(),
    )


def middle_prices(bought: ir.Table) -> ir.Table:
    """Express each category's median price over its bought lines.

    Prices repeat, so equal ones are counted first; the median is then found among few rows, and exactly.

    Returns
    -------
    Table, one row a category with a median price above 0: category, middle_price (money)
    """
    told = bought.filter(bought.category.notnull())
    prices = told.group_by("category", "unit_price").aggregate(lines=told.count())
    by_price = ibis.window(group_by=prices.category, order_by=prices.unit_price, preceding=None, following=0)
    ranked = prices.mutate(
        upto=prices.lines.sum().over(by_price), all=prices.lines.sum().over(group_by=prices.category)
    )
    lower, upper = (ranked.unit_price.min(where=2 * ranked.upto >= ranked["all"] + extra) for extra in (0, 1))
    middle = ranked.group_by("category").aggregate(middle_price=(lower + upper) / 2)
    return middle.filter(middle.middle_price > 0)


def categories(spend: ir.Table, middle: ir.Table) -> ir.Table:
    """Express breadth, evenness and favourite among categories, and the level of prices, one row a customer.

    Parameters
    ----------
    spend : see `category_spend`; middle : see `middle_prices`
    """
    compared = spend.left_join(middle, "category").drop("category_right")
    compared = compared.mutate(
        weighed=compared.list_value / compared.middle_price,
        bits=ibis.ifelse(compared.cents > 0, compared.cents * compared.cents.nullif(0).log2(), 0.0),
    )
    total = compared.cents.sum()
    best = ibis.struct({"less": -compared.cents, "word": compared.category}).min()
    return compared.group_by("customer_id").aggregate(
        category_count=compared.category.count(),
        category_entropy=total.nullif(0).log2() - compared.bits.sum() / total.nullif(0),
        favourite_share=compared.cents.max() / total.nullif(0),
        price_level=compared.weighed.sum() / compared.pieces.sum(where=compared.middle_price.notnull()).nullif(0),
        favourite_category=best["word"],
    )
