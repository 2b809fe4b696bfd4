"""Controls in step 04: other numbers of segments, algorithms, features and scalings, beside what the page shows.

They explore and decide nothing: what the report says comes from parameters, and a report has no kernel to ask.
"""

from segmentation.exploring.segments import Explored, explored, known_features, sampled
from segmentation.exploring.shown import explorer, show_explorer

__all__ = ["Explored", "explored", "explorer", "known_features", "sampled", "show_explorer"]
