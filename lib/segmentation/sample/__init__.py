"""A seeded sample shop: invented customers of planted kinds, planted dirt, campaigns with a known effect."""

from segmentation.sample.campaigns import CAMPAIGNS
from segmentation.sample.cast import draw_cast
from segmentation.sample.dirt import DIRT_KINDS, DIRTY_LINES, DIRTY_ORDERS, Dirt
from segmentation.sample.kinds import CROWD, FAMILY, MIX, NOISE
from segmentation.sample.shop import make_shop

__all__ = [
    "CAMPAIGNS",
    "CROWD",
    "DIRTY_LINES",
    "DIRTY_ORDERS",
    "DIRT_KINDS",
    "FAMILY",
    "MIX",
    "NOISE",
    "Dirt",
    "draw_cast",
    "make_shop",
]
