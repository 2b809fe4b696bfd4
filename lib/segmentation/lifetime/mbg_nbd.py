"""MBG/NBD: a customer may leave after each purchase, the first one too.

Source: Batislam, E. P., Denizel, M. & Filiztekin, A. (2007), Empirical validation and comparison of models for customer
base analysis, International Journal of Research in Marketing 24(3), 201-209; Wagner, U. & Hoppe, D. (2008), Erratum on
the MBG/NBD model, International Journal of Research in Marketing 25(3), 225-226.
"""

from segmentation.lifetime.beta_geometric import model_of

MBG_NBD = model_of("MBG/NBD", words="each purchase, the first one too, may be a customer's last", at_first=1)
