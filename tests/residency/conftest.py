"""One federation for the proofs of residency, with canaries planted in Germany. Its folder outlives its
processes, so that what rests can be read after they ended too.
"""

import tempfile
from collections.abc import Iterator

import pytest

from tests.residency.planting import Planted, plant
from tests.support.federation import RunningDemo


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningDemo]:
    """Three cells, three edges, rate limits of the `test` profile. Tests in `test_stopped` end it: they are
    the last of this folder.
    """
    # A short path: sockets lie in the folder.
    with (
        tempfile.TemporaryDirectory(prefix="colink-") as folder,
        RunningDemo("--rate-limits", "test", "--no-latency", "--keep", folder) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def planted(demo: RunningDemo) -> Planted:
    """The canaries of the German cell."""
    return plant(demo)
