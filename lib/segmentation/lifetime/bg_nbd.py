"""BG/NBD: a customer may leave after each repeat purchase.

Source: Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005), "Counting your customers" the easy way: an alternative to
the Pareto/NBD model, Marketing Science 24(2), 275-284.
"""

from functools import partial

from segmentation.lifetime import beta_geometric as shared
from segmentation.lifetime.models import Model

BG_NBD = Model(
    name="BG/NBD",
    words="each repeat purchase may be a customer's last; who bought once counts as active",
    parameters=shared.PARAMETERS,
    of_time=shared.OF_TIME,
    log_likelihood=partial(shared.log_likelihood, at_first=0),
    start=shared.start,
    active=partial(shared.probability_active, at_first=0),
    orders=partial(shared.orders_if_active, at_first=0),
    returns=shared.returns_if_active,
    draw=partial(shared.draw_orders, at_first=0),
)
