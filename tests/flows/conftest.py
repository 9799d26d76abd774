"""One federation for the flows that leave it whole; tests that hurt processes start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.environment import ROOT
from tests.support.federation import RunningDemo
from tests.support.node_clients import NodeClients
from tests.support.node_install import NodeAbsentError
from tests.support.rooms import Person, person


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningDemo]:
    """Three cells, three edges, rate limits of the `test` profile."""
    with RunningDemo("--rate-limits", "test", "--no-latency") as running:
        yield running


@pytest.fixture(scope="session")
def hurt() -> Iterator[RunningDemo]:
    """Two cells and their edges, whose processes may be killed; who does so starts them again."""
    with RunningDemo("--cells", "de-fra,us-iad", "--rate-limits", "off", "--no-latency") as running:
        yield running


@pytest.fixture(scope="session")
def permitted() -> Iterator[RunningDemo]:
    """Two cells under policies that let Americans search the German one; books and processes may be hurt,
    who does so mends them.
    """
    policies = str(ROOT / "docs/examples/policies-search-permitted")
    with RunningDemo(
        "--cells", "de-fra,us-iad", "--rate-limits", "off", "--no-latency", "--policies", policies
    ) as running:
        yield running


@pytest.fixture(scope="session")
def ruled() -> Iterator[RunningDemo]:
    """Three cells and their edges whose policies are changed; who does so changes back what others see."""
    with RunningDemo("--rate-limits", "off", "--no-latency") as running:
        yield running


@pytest.fixture(scope="module")
def node() -> Iterator[NodeClients]:
    """The official Node clients in one process; tests that want them are skipped where there is no Node."""
    yield from node_clients()


@pytest.fixture
def node_alone() -> Iterator[NodeClients]:
    """The same in a process for one test."""
    yield from node_clients()


def node_clients() -> Iterator[NodeClients]:
    """Runs the process while the caller has it."""
    try:
        clients = NodeClients()
    except NodeAbsentError as why:
        pytest.skip(str(why))
    with clients:
        yield clients


@pytest.fixture
def anna(demo: RunningDemo) -> Person:
    """A member of acme, whose home is de-fra."""
    return person(demo, "acme", "member", 0)


@pytest.fixture
def jonas(demo: RunningDemo) -> Person:
    """Another member of acme."""
    return person(demo, "acme", "member", 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A federation may have to start within the first test that wants it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(600))
