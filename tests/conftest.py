"""What every test shares: `long` ones are skipped unless asked for; each knows the fault that it injects, and
runs once more without each check that it has to notice. Files that share a federation run in one worker.
"""

import os
from collections.abc import Generator

import pytest

from deploy.testing import LONG
from tests.support import removing, together
from tests.support.removing import removed

__all__ = ["removed"]


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> str:
    """The number of the fault that the test, or this parameter of it, injects."""
    marker = request.node.get_closest_marker("fault")
    assert marker is not None, "mark the test: @pytest.mark.fault(...)"
    return str(marker.args[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what takes minutes, with a reason that says how to run it; begin with what takes longest."""
    items.sort(key=lambda item: together.place_of(item.nodeid))
    if LONG in os.environ:
        return
    for item in items:
        if item.get_closest_marker("long") is not None:
            item.add_marker(pytest.mark.skip(reason="takes minutes: python -m deploy test --long"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """See `support.together`."""
    return together.scheduler(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """See `support.removing`."""
    removing.generate(metafunc)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """See `support.removing`."""
    report = yield
    removing.turned(item, call, report)
    return report
