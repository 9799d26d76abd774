"""A cell that turns on others gets nothing from them, and costs them little."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from accord.errors import ColinkError, Reason
from accord.identity import SigningKey, mint_identity
from accord.ledger import payload_root
from accord.runtime.rpc_client import error_of
from accord.wire.cell.v1 import channel_pb2 as wire
from accord.wire.cell.v1 import channel_pb2_grpc as stubs
from accord.wire.cell.v1 import gateway_pb2, operations_pb2
from accord.wire.common.v1 import common_pb2
from tests.support.faults.freezing import pids_of
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.metrics import total
from tests.support.wire import certificate, channel

# Who may call what at a cell, as the contracts between planes say.
DOORS = {"Gateway": "edge", "ControlledChannel": "cell", "Operations": "operator", "Provisioning": "operator"}
ROLES = {
    "edge": ("fra", "edge"),
    "cell": ("us-iad", "cell"),
    "operator": ("operator", "deploy"),
    "directory": ("directory", "directory"),
}
AT_THE_DOOR = "not for this peer"
AT_ONCE, CALL_S = 16, 30.0
# Of a core, for each refusal: a fifth of it at twenty a second on a slow machine.
REFUSAL_CPU_S_MAX = 0.01
PERSON, WORKSPACE = "P0000000000ZZ", "T0000000000ZZ"


def methods() -> Iterator[tuple[str, Any]]:
    """Service and descriptor of every method of a cell's port."""
    for module in (gateway_pb2, wire, operations_pb2):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield service.name, method


async def silence() -> AsyncIterator[bytes]:
    """Requests that never come: one on its way when a call is refused may hide why it was."""
    await asyncio.Event().wait()
    yield b""


async def refusal(opened: grpc.aio.Channel, method: Any, request: bytes = b"") -> ColinkError | None:
    """How a method refuses; None: it does not."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    kinds: dict[tuple[bool, bool], Any] = {
        (False, False): opened.unary_unary,
        (False, True): opened.unary_stream,
        (True, False): opened.stream_unary,
        (True, True): opened.stream_stream,
    }
    streams = method.client_streaming, method.server_streaming
    call: Any = kinds[streams](path)(silence() if streams[0] else request, timeout=CALL_S)
    try:
        if streams[1]:
            async for _ in call:
                break
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error_of(error)
    return None


@pytest.mark.fault("F38")
async def test_a_certificate_opens_the_doors_of_its_role_and_no_other(hurt: RunningDemo) -> None:
    """Each method of a cell's port, called by a cell, an edge, an operator and the directory, each proven:
    whoever it is not for is refused at the door, before anything of the call is looked at.
    """
    address, wrong = hurt.cell("de-fra")["grpc"], []
    for role, (domain, process) in ROLES.items():
        async with channel(hurt, address, "de-fra", certificate(hurt, domain, process)) as opened:
            for service, method in methods():
                if DOORS[service] != role:
                    refused = await refusal(opened, method)
                    if refused is None or refused.metadata.get("why") != AT_THE_DOOR:
                        wrong.append((role, service, method.name, refused))
    assert wrong == []


class HostileCell:
    """`us-iad` with its certificate and its keys, and no manners."""

    def __init__(self, demo: RunningDemo) -> None:
        home = Path(demo.cell("us-iad")["data_dir"]).parent
        seed = (home / "secrets" / "keys__signing_seed").read_text("ascii")
        self._key = SigningKey.from_seed(bytes.fromhex(seed))
        self._globex, self._acme = (str(demo.workspace(name)["id"]) for name in ("globex", "acme"))
        self._user = demo.visitor()[1]["user_id"]

    def identity(self, **changes: Any) -> str:
        """A token about one of its users, made as it should be but for the changes."""
        claims: dict[str, Any] = {
            "resident": self._globex,
            "user": self._user,
            "audience": "de-fra",
            "roles": (f"person:{PERSON}",),
            "via": "us-iad",
            "issued_s": int(time.time()),
        }
        return mint_identity(changes.pop("key", self._key), **{**claims, **changes})

    def search(
        self,
        query: bytes = b"{}",
        identity: str | None = None,
        leg: dict[str, Any] | None = None,
        **changes: Any,
    ) -> wire.SearchRequest:
        """A search of a workspace of the other cell, as it should be but for the changes."""
        salt = os.urandom(32)
        root = payload_root(salt, [("message_body", "query", query)])
        members = {
            "transfer_id": os.urandom(16).hex(),
            "leg": "query",
            "op": "process",
            "classes": ["message_body"],
            "items": 1,
        }
        members |= {
            "bytes": len(query),
            "payload_root": root,
            "transfer_salt": salt,
            "purpose": "search",
            "bundle_version": 1,
        }
        context = common_pb2.RequestContext(
            request_id=os.urandom(8).hex(),
            principal=self.identity() if identity is None else identity,
            resident=changes.pop("resident", self._globex),
        )
        request = {"workspaces": [self._acme], "count": 20, "sort": "score", "mode": "content"}
        request |= {
            "viewer_country": "US",
            "viewer_relation": "employee",
            "first_answer_ms": 1000,
            "tail_ms": 1000,
        }
        asked = wire.SearchRequest(context=context, query=query, **{**request, **changes})
        if leg != {}:
            asked.leg.CopyFrom(wire.Leg(**{**members, **(leg or {})}))
        return asked

    def wrongs(self) -> dict[str, tuple[Callable[[], wire.SearchRequest], set[Reason]]]:
        """What it sends by name, and why that may be refused."""
        invalid, forbidden = {Reason.INVALID}, {Reason.FORBIDDEN}
        token, refused = {Reason.TOKEN_INVALID}, {Reason.PEER_REFUSED}
        deep = b'{"all":' * 20_000 + b"{}" + b"}" * 20_000
        replayed = self.search()
        return {
            "nothing": (wire.SearchRequest, refused),
            "no leg": (lambda: self.search(leg={}), refused),
            "a leg of an answer": (lambda: self.search(leg={"leg": "answer.0"}), forbidden),
            "a salt of nothing": (lambda: self.search(leg={"transfer_salt": b""}), {*invalid, *forbidden}),
            "no workspaces": (lambda: self.search(workspaces=[]), invalid),
            "a thousand workspaces": (
                lambda: self.search(workspaces=[f"T{n:012d}" for n in range(1_000)]),
                invalid,
            ),
            "too many hits": (lambda: self.search(count=2**31), invalid),
            "no identity": (lambda: self.search(identity=""), token),
            "a made-up identity": (lambda: self.search(identity="x" * 4_000), token),
            "an identity by nobody's key": (
                lambda: self.search(identity=self.identity(key=SigningKey.generate())),
                token,
            ),
            "an identity for another cell": (
                lambda: self.search(identity=self.identity(audience="us-iad")),
                token,
            ),
            "an identity of the other cell's": (
                lambda: self.search(identity=self.identity(via="de-fra")),
                token,
            ),
            "an identity of yesterday": (
                lambda: self.search(identity=self.identity(issued_s=int(time.time()) - 86_400)),
                {Reason.TOKEN_INVALID, Reason.TOKEN_EXPIRED},
            ),
            "somebody of the other cell": (
                lambda: self.search(identity=self.identity(resident=self._acme), resident=self._acme),
                token,
            ),
            "nobody's person": (lambda: self.search(), forbidden),
            "nobody's workspace": (lambda: self.search(workspaces=[WORKSPACE]), forbidden),
            "the same again": (lambda: replayed, forbidden),
            "a deep query": (lambda: self.search(deep), {*invalid, *forbidden}),
        }


def cpu_s(pid: int) -> float:
    """Seconds of a processor that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.fault("F38")
@pytest.mark.parametrize("rounds", [12, pytest.param(2_000, marks=pytest.mark.long)])
def test_what_a_hostile_cell_asks_is_refused_typed_and_cheaply(
    hurt: RunningDemo, fault: str, rounds: int
) -> None:
    """Malformed, oversized, deep, replayed and unauthorised searches, hundreds of them: each is refused by a
    reason, for little of a processor, and from the hundredth on unread. The people of the cell notice
    nothing; the verdict is clean.
    """
    cell, door = HostileCell(hurt), hurt.cell("de-fra")["metrics"]
    quarantined = total([door], "colink_peers_quarantined_total")
    wrongs = cell.wrongs()
    (pid,) = pids_of(hurt, "de-fra")
    spent_s, read = list[float](), set[str]()

    async def flood() -> list[str]:
        gate, wrong = asyncio.Semaphore(AT_ONCE), list[str]()

        async def one(name: str, made: Callable[[], wire.SearchRequest], reasons: set[Reason]) -> None:
            async with gate:
                try:
                    parts = stubs.ControlledChannelStub(opened).Search(made(), timeout=CALL_S)
                    wrong.extend([f"{name} is answered" async for _ in parts])
                except grpc.aio.AioRpcError as error:
                    reason = error_of(error).reason
                    if reason in reasons:
                        read.add(name)
                    elif reason is not Reason.OVERLOADED:
                        wrong.append(f"{name}: {reason}")

        mtls = certificate(hurt, "us-iad", "cell")
        async with channel(hurt, hurt.cell("de-fra")["grpc"], "de-fra", mtls) as opened:
            for name, (made, reasons) in wrongs.items():
                await one(name, made, reasons)
            began_s = cpu_s(pid)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(rounds):
                    for name, (made, reasons) in wrongs.items():
                        tasks.create_task(one(name, made, reasons))
            spent_s.append((cpu_s(pid) - began_s) / (rounds * len(wrongs)))
            with pytest.raises(grpc.aio.AioRpcError) as oversized:
                async for _ in stubs.ControlledChannelStub(opened).Search(
                    cell.search(bytes(5_000_000)), timeout=CALL_S
                ):
                    pass
            assert oversized.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        return wrong

    assert asyncio.run(flood()) == []
    assert total([door], "colink_peers_quarantined_total") > 0
    assert quarantined or read == set(wrongs)
    print(f"{spent_s[0] * 1000:.2f} ms of a processor for a refusal")
    assert spent_s[0] < REFUSAL_CPU_S_MAX
    with Load(hurt, fault, writers=2, pause_s=0.02) as load:
        with load.fault("hostile cell", "us-iad to de-fra"):
            assert asyncio.run(flood()) == []
        load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.unknown == 0
