"""One federation for the flows that leave it whole; tests that hurt processes start their own."""

from collections.abc import Iterator

import pytest

from tests.support.federation import RunningDemo


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningDemo]:
    """Three cells, three edges, rate limits of the `test` profile."""
    with RunningDemo("--rate-limits", "test", "--no-latency") as running:
        yield running
