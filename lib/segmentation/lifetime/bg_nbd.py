"""BG/NBD: a customer may leave after each repeat purchase.

Source: Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005), "Counting your customers" the easy way: an alternative to
the Pareto/NBD model, Marketing Science 24(2), 275-284.
"""

from segmentation.lifetime.beta_geometric import model_of

BG_NBD = model_of(
    "BG/NBD", words="each repeat purchase may be a customer's last; who bought once counts as active", at_first=0
)
