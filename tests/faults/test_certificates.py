"""Certificates and authorities that are exchanged, run out, or are somebody else's."""

import asyncio
import datetime
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import grpc.aio
import pytest

from accord.runtime.mtls import MtlsFiles, issue, make_authority
from tests.support.faults.certificates import Certificates, Node
from tests.support.faults.probing import ask
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.rooms import person
from tests.support.waiting import until
from tests.support.wire import EdgeStream, channel, refused

# A proof is kept for ten seconds, and asked for every five.
ENDS_S_MAX = 60.0
LIVES_S = 4.0
DAY_S = 86_400.0


def seen(demo: RunningDemo, address: str, expect: str, pair: tuple[bytes, bytes]) -> grpc.StatusCode:
    """What a port says to who shows this certificate."""

    async def asked() -> grpc.StatusCode:
        async with channel(demo, address, expect, MtlsFiles(*pair)) as opened:
            return await refused(opened)

    return asyncio.run(asked())


def wrong(certificates: Certificates, node: Node) -> dict[str, tuple[bytes, bytes]]:
    """Certificates that a node must not be believed by."""
    authority, now = certificates.authority(node), datetime.datetime.now(datetime.UTC)
    other = next(one for one in certificates.nodes if one.process == node.process and one.name != node.name)
    name = (node.process, node.domain)
    return {
        "expired": issue(authority, *name, valid_days=1, now=now - datetime.timedelta(days=2)),
        "not yet valid": issue(authority, *name, now=now + datetime.timedelta(days=1)),
        "signed by another's authority": issue(certificates.authority(other), *name),
        "of an unknown authority": issue(make_authority("a stranger", node.domain), *name),
        "of another node": issue(certificates.authority(other), other.process, other.domain),
    }


@pytest.mark.fault("F59")
@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
def test_authorities_and_certificates_are_exchanged_under_load_and_nobody_notices(
    hurt: RunningDemo, fault: str, times: int
) -> None:
    """Of every cell, edge and the directory at once, there and back, without a restart: no call fails or is
    left unknown, sockets come back by themselves; afterwards what was signed before is refused. The verdict
    is clean.
    """
    certificates = Certificates(hurt)
    edge, cell = certificates.node("fra"), hurt.cell("de-fra")
    before = {node.name: certificates.authority(node) for node in certificates.nodes}
    with Load(hurt, fault, talkers=0, timeout_s=12) as load:
        for _ in range(times):
            others, old = certificates.others(), edge.own()
            try:
                with load.fault("exchange", "every authority"):
                    certificates.rotate(before, others)
                load.goes_on()
                assert seen(hurt, cell["grpc"], "de-fra", old) is grpc.StatusCode.UNAVAILABLE
            finally:
                certificates.rotate(others, before)
            load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.unknown == 0
    refusals = [line for line in load.recorder.lines() if b'"status":503' in line]
    assert refusals == []


@pytest.mark.fault("F59")
def test_a_certificate_that_proves_nothing_opens_no_door(hurt: RunningDemo) -> None:
    """Run out, of tomorrow, or signed by who may not: neither a cell nor the directory speaks to it. One that
    proves another name is refused by its name.
    """
    certificates = Certificates(hurt)
    refusing = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED}
    doors = [("de-fra", hurt.cell("de-fra")["grpc"]), ("directory", hurt.ready["directory"]["grpc"])]
    for expect, address in doors:
        for what, pair in wrong(certificates, certificates.node("fra")).items():
            assert seen(hurt, address, expect, pair) in refusing, (expect, what)


@pytest.mark.fault("F59")
async def test_a_stream_does_not_outlive_the_certificate_of_its_edge(hurt: RunningDemo) -> None:
    """A stream is open when the certificate that opened it runs out: it is ended, and told why."""
    certificates = Certificates(hurt)
    pair = certificates.issue(certificates.node("fra"), valid_days=LIVES_S / DAY_S)
    async with channel(hurt, hurt.cell("de-fra")["grpc"], "de-fra", MtlsFiles(*pair)) as opened:
        stream = EdgeStream(opened)
        await stream.hello("fra", "DE", "eu-central-1")
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            async with asyncio.timeout(ENDS_S_MAX):
                await stream.until("drain")
        assert ended.value.code() is grpc.StatusCode.PERMISSION_DENIED


@contextmanager
def put(node: Node, pair: tuple[bytes, bytes]) -> Iterator[None]:
    """A pair stands in a node's files, until its own does again."""
    own = node.own()
    node.put(*pair)
    try:
        yield
    finally:
        node.put(*own)


@pytest.mark.fault("F59")
def test_a_process_shows_no_certificate_that_proves_nothing(hurt: RunningDemo) -> None:
    """What is put into its files is not taken, and it serves on with what it has; it does not start with it
    either, and once the files are right again it does.
    """
    certificates, token = Certificates(hurt), person(hurt).token
    node = certificates.node("fra")
    for what, pair in wrong(certificates, node).items():
        (before,) = node.logged("renewal_refused")
        with put(node, pair):
            until(lambda: len(node.logged("renewal_refused")[0]) > len(before), ENDS_S_MAX, what)  # noqa: B023
            assert ask(hurt.edge("fra"), token).error == ""
    hurt.kill("fra")
    try:
        with put(node, wrong(certificates, node)["expired"]):
            assert hurt.companion("start", "fra", check=False)["status"] == 1
    finally:
        hurt.companion("start", "fra")
    assert ask(hurt.edge("fra"), token).error == ""
