"""What every test shares: tests marked `long` are skipped unless asked for."""

import os

import pytest

from deploy.testing import LONG


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what takes minutes, with a reason that says how to run it."""
    if LONG in os.environ:
        return
    for item in items:
        if item.get_closest_marker("long") is not None:
            item.add_marker(pytest.mark.skip(reason="takes minutes: python -m deploy test --long"))
