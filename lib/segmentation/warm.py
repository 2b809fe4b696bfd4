"""What most steps import, imported once: a kernel started ahead does this while the step before it still runs."""

import duckdb  # noqa: F401
import ibis  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import pandas  # noqa: F401
import seaborn  # noqa: F401
import sklearn.cluster
import sklearn.metrics  # noqa: F401
