"""Federations to be hurt. Who hurts one mends it again, in any case: the next test expects it whole."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.environment import ROOT
from tests.support.faults.hosts import unavailable
from tests.support.faults.network import Network
from tests.support.faults.wired import Wired
from tests.support.federation import RunningDemo

SLOW_BODY_S = 2.0
GIANT = 2_000


@pytest.fixture(scope="session")
def hurt() -> Iterator[RunningDemo]:
    """Two cells of two processes each, and their edges."""
    options = ("--cells", "de-fra,us-iad", "--processes", "2", "--rate-limits", "off", "--no-latency")
    with RunningDemo(*options) as running:
        yield running


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """One cell, with a workspace whose people will be too loud beside the ordinary ones, and a channel of
    thousands. Its edge waits for slow bodies a few seconds only.
    """
    nodes = tmp_path_factory.mktemp("nodes") / "nodes.json"
    nodes.write_text(json.dumps({"fra": {"environ": {"COLINK_CALLS__SLOW_BODY_S": str(SLOW_BODY_S)}}}))
    options = ("--cells", "de-fra", "--rate-limits", "off", "--no-latency", "--nodes", str(nodes))
    with RunningDemo(*options, "--load", f"20:1:20,{GIANT}:1:{GIANT}") as running:
        yield running


@pytest.fixture(scope="session")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    """Two cells, their edges and the directory, each on a host of its own; `phones` is a host of clients.
    Policies let Americans search the German cell. The edge `iad` pings its sockets every two seconds.
    """
    if why := unavailable():
        pytest.skip(why)
    with Network("directory", "de-fra", "us-iad", "fra", "iad", clients=["phones"]) as network:
        often = {"environ": {"COLINK_SOCKETS__PING_S": "2"}}
        nodes = network.nodes_file(tmp_path_factory.mktemp("nodes"), iad=often)
        policies = ROOT / "docs/examples/policies-search-permitted"
        options = ("--cells", "de-fra,us-iad", "--rate-limits", "off", "--no-latency", "--nodes", str(nodes))
        with RunningDemo(*options, "--policies", str(policies)) as running:
            yield Wired(running, network)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A federation may have to start within the first test that wants it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(600))
