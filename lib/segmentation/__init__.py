"""From a small shop's order export to segments, proof and campaigns."""

__version__ = "0.4.0"
