"""Rules that a marketer might change, as data: the RFM map and the words for segments."""

from importlib.resources import files

import yaml


def read_preset(name: str) -> dict:
    """Read one preset, such as "rfm_map"."""
    return yaml.safe_load((files(__name__) / f"{name}.yaml").read_text(encoding="utf-8"))
