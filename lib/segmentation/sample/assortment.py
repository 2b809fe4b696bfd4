"""What the shop sells."""

import numpy as np
import pandas as pd

ASSORTMENT = {  # category: products with their price in its smallest variant, variants with their factor
    "Tea": (
        {"Assam": 9, "Darjeeling First Flush": 13, "Earl Grey": 9, "Grüner Sencha": 11, "Rooibos": 9, "Peppermint": 8,
         "Children's tea": 8},
        {"100 g": 1, "200 g": 1.7, "300 g": 2.3, "gift tin": 2},
    ),
    "Coffee": (
        {"House blend": 10, "Espresso": 11, "Decaf": 11, "Sidamo": 14, "Santos": 10, "Crema": 11, "Cold brew": 12},
        {"250 g": 1, "500 g": 1.7, "750 g": 2.3, "20 pods": 1.2},
    ),
    "Ceramics": (
        {'Mug "Good morning"': 14, "Bowl": 17, "Plate": 18, "Teapot": 32, "Crème brûlée dishes, set of 4": 26,
         "Vase": 27, "Jug": 25},
        {"white": 1, "sea blue": 1, "forest green": 1.1, "hand-painted": 1.5},
    ),
    "Kitchen": (
        {"Chef's knife": 36, "Käsemesser": 20, "Chopping board": 26, "Mixing bowl": 17, "Baker's peel": 26,
         "Pepper mill": 28, "Whisk": 11},
        {"beech": 1, "walnut": 1.3, "steel": 1.2, "family size": 1.4},
    ),
    "Candles": (
        {'Candle "Winter evening"': 12, 'Candle "Sea & salt"': 12, "Beeswax candle": 11, "Pillar candle": 9,
         "Tealights": 8, "Candle, unscented": 9, "Lantern": 20},
        {"small": 1, "medium": 1.4, "large": 1.9, "set of 3": 2.2},
    ),
    "Textiles": (
        {"Tea towel, linen": 13, "Apron": 22, "Tablecloth": 32, "Cushion cover": 19, "Throw": 39, "Bath towel": 21,
         "Napkins, set of 4": 16},
        {"natural": 1, "grey": 1, "rust": 1.05, "striped": 1.15},
    ),
    "Stationery": (
        {"Notebook": 11, "Calendar": 15, "Greeting cards, set of 8": 13, "Fountain pen": 26, "Washi tape": 8,
         "Wrapping paper": 8, "Sketchbook": 12},
        {"blue": 1, "black": 1, "ivory": 1, "gold edition": 1.5},
    ),
    "Gift sets": (
        {"Breakfast box": 22, "Tea lover's box": 23, "Baking box": 25, "Cosy evening box": 27, "Für dich": 19,
         "Thank-you box": 20, "Housewarming box": 29},
        {"small": 1, "classic": 1.3, "large": 1.6, "luxury": 2.1},
    ),
}  # fmt: skip
FEES = (("POSTAGE", "Postage", 490), ("SERVICE-FEE", "Service fee", 250))  # code, name, cents


def products() -> pd.DataFrame:
    """List the assortment.

    Returns
    -------
    DataFrame, one row a product, the products of a category together, then the fees
        code, name, category : str; cents : int, price of a piece; popularity : float

    Examples
    --------
    >>> products().iloc[0, :2].to_list()
    ['TEA-001', 'Assam - 100 g']
    """
    rows = []
    for category, (names, variants) in ASSORTMENT.items():
        offers = [
            (name, price, variant, factor) for name, price in names.items() for variant, factor in variants.items()
        ]
        for number, (name, price, variant, factor) in enumerate(offers, start=1):
            cents = round(2 * price * factor) * 50 - 10
            rows.append((f"{category[:3].upper()}-{number:03d}", f"{name} - {variant}", category, cents))
    listed = pd.DataFrame(rows, columns=["code", "name", "category", "cents"])
    rank = np.arange(len(listed)) * 89 % len(listed)  # 89 and 224 share no factor: every rank once, well mixed
    listed["popularity"] = 1 / (rank + 8) ** 0.7
    fees = pd.DataFrame([(code, name, "Fees", cents, 0.0) for code, name, cents in FEES], columns=listed.columns)
    return pd.concat([listed, fees], ignore_index=True)


PRODUCTS = products()
PRODUCT_CENTS = PRODUCTS["cents"].to_numpy()
SOLD = len(PRODUCTS) - len(FEES)  # products; fees come after them
POPULARITY = PRODUCTS["popularity"].to_numpy()[:SOLD].cumsum()
CATEGORY_ENDS = np.append(0.0, POPULARITY[SOLD // len(ASSORTMENT) - 1 :: SOLD // len(ASSORTMENT)])
