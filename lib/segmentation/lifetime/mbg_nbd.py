"""MBG/NBD: a customer may leave after each purchase, the first one too.

Source: Batislam, E. P., Denizel, M. & Filiztekin, A. (2007), Empirical validation and comparison of models for customer
base analysis, International Journal of Research in Marketing 24(3), 201-209; Wagner, U. & Hoppe, D. (2008), Erratum on
the MBG/NBD model, International Journal of Research in Marketing 25(3), 225-226.
"""

from functools import partial

from segmentation.lifetime import beta_geometric as shared
from segmentation.lifetime.models import Model

MBG_NBD = Model(
    name="MBG/NBD",
    words="each purchase, the first one too, may be a customer's last",
    parameters=shared.PARAMETERS,
    of_time=shared.OF_TIME,
    log_likelihood=partial(shared.log_likelihood, at_first=1),
    start=shared.start,
    active=partial(shared.probability_active, at_first=1),
    orders=partial(shared.orders_if_active, at_first=1),
    returns=shared.returns_if_active,
    draw=partial(shared.draw_orders, at_first=1),
)
