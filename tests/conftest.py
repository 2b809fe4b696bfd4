"""What all tests share: the engine, and how Hypothesis searches."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from ibis.backends.duckdb import Backend

from segmentation.engine import engine

settings.register_profile("workbook", deadline=None, derandomize=True, max_examples=20)
settings.load_profile("workbook")


@pytest.fixture(scope="session")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """Start the engine once for all tests; each stores its tables over those of the one before."""
    with engine(tmp_path_factory.mktemp("engine")) as started:
        yield started


# Ibis 12 asks its neighbours for what they have renamed since; nothing of ours can change that.
IBIS_WARNINGS = (
    r"ignore:fetch_arrow_table\(\) is deprecated:DeprecationWarning",
    "ignore:The 'future.infer_string' option is deprecated:pandas.errors.Pandas4Warning",
)


def pytest_configure(config: pytest.Config) -> None:
    """Exempt Ibis's own warnings from being errors."""
    for warning in IBIS_WARNINGS:
        config.addinivalue_line("filterwarnings", warning)
