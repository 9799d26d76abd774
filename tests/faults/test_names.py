"""Host names that do not resolve, or lead to somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.test_partitions import DEADLINE_S, REFUSED_S, at, keep_asking
from tests.support.faults.wired import Wired
from tests.support.load import Load
from tests.support.patience import SPARE_S
from tests.support.waiting import until


@contextmanager
def named(wired: Wired, node: str, answer: str) -> Iterator[None]:
    """The name server says this of a node."""
    network = wired.network
    network.names.say(network.name(node), answer)
    try:
        yield
    finally:
        network.names.say(network.name(node), network.address(node))


def lose_streams(wired: Wired) -> None:
    """Break what is connected between the edge and its cell, so that it has to be dialled anew."""
    with wired.network.cut(("fra", "de-fra"), how="reject"):
        until(lambda: at(wired, "fra").error, 60, "the stream is lost")


@pytest.mark.fault("F19")
@pytest.mark.parametrize("answer", ["absent", "empty", "silent"])
def test_a_name_that_does_not_resolve_is_only_noticed_where_it_has_to_be_dialled(
    wired: Wired, fault: str, answer: str
) -> None:
    """While streams are open nobody notices. Once they have to be dialled: `service_unavailable` within 2 s,
    the other edge serves, and when the name is back, everything is. The verdict is clean.
    """
    with Load(wired.demo, fault, writers=2, timeout_s=DEADLINE_S + SPARE_S) as load:
        with load.fault(f"name {answer}", "de-fra"), named(wired, "de-fra", answer):
            load.goes_on(10)
            assert at(wired, "fra").error == ""
            lose_streams(wired)
            asked = keep_asking(wired, "fra", 1)
            assert {(one.status, one.error) for one in asked} == {(503, "service_unavailable")}
            assert max(one.took_s for one in asked) < REFUSED_S + SPARE_S
            assert at(wired, "iad").error == ""
        until(lambda: at(wired, "fra").error == "", 60, "the name leads home again")
        load.goes_on()
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F19")
def test_a_name_that_leads_to_another_cell_leads_nowhere(wired: Wired, fault: str) -> None:
    """The other cell is connected to, cannot prove to be the home, and is told nothing: calls get
    `service_unavailable`. When the name is right again, everything is; the verdict is clean.
    """
    german, american = (wired.demo.cell(name)["grpc"].partition(":")[2] for name in ("de-fra", "us-iad"))
    address = wired.network.address("us-iad")
    with Load(wired.demo, fault, writers=2, timeout_s=DEADLINE_S + SPARE_S) as load:
        astray = wired.network.redirected("us-iad", int(german), int(american))
        leads = named(wired, "de-fra", address)
        with load.fault("name of another", "de-fra"), leads, astray as connections:
            lose_streams(wired)
            until(connections, 60, "the other cell is dialled")
            asked = keep_asking(wired, "fra", 2)
            assert {(one.status, one.error) for one in asked} == {(503, "service_unavailable")}
            assert at(wired, "fra", "globex").error == at(wired, "iad").error == ""
        until(lambda: at(wired, "fra").error == "", 60, "the name leads home again")
        load.goes_on()
    assert load.verdict().violations == [], load.story
