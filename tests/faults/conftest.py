"""Federations to be hurt. Who hurts one mends it again, in any case: the next test expects it whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.federation import RunningDemo


@pytest.fixture(scope="session")
def hurt() -> Iterator[RunningDemo]:
    """Two cells of two processes each, and their edges."""
    options = ("--cells", "de-fra,us-iad", "--processes", "2", "--rate-limits", "off", "--no-latency")
    with RunningDemo(*options) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A federation may have to start within the first test that wants it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(300))
