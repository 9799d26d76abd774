"""Every rpc of every plane, found in the wire's own descriptions, answers whatever comes with a typed error.

The peer is one that the rpc admits, so that what it sends is read: what a node that was taken over can do.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import grpc.aio
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from accord import wire as descriptions
from accord.errors import Reason
from accord.runtime.error_detail import METADATA_KEY, error_from_wire
from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.rpc_client import open_channel
from accord.runtime.rpc_server import MESSAGE_BYTES_MAX
from accord.wire.directory.v1 import directory_pb2 as wire
from tests.directory.process import FEDERATION, Directory
from tests.directory.test_process import admit, context
from tests.regional_cell.cells import make_site, running
from tests.regional_cell.edges import edge_to
from tests.regional_cell.entrypoints.gateway.conftest import settle
from tests.support.attacks import FOREIGN, MALFORMED, MISENCODED, NESTED, OVERSIZED, REPLAYED

WAIT_S = 20.0
STREAM_S = 1.0
ELSEWHERE = "T00000000FFFF"
IDS = {
    "request_id": "r",
    "idempotency_key": str(uuid.UUID(int=7)),
    "cell": "us-iad",
    "node": "us-iad",
    "organisation": "E00000000FFFF",
    "person": "P00000000FFFF",
    "file": "F00000000FFFF",
}
# It ends the process for everybody when it is done as asked: attacked by itself.
DRAIN = "/accord.wire.cell.v1.Operations/Drain"
# What makes somebody new, or is the same for everybody: no id in it is of elsewhere.
ABOUT_NOBODY = frozenset(
    {
        "Status",
        "Drain",
        "Keys",
        "WrapAgain",
        "CreateOrganisation",
        "CreatePersons",
        "FetchBundle",
        "WatchBundle",
    }
)
# What a peer may be told by the library itself, before any of our code runs.
BY_THE_LIBRARY = {OVERSIZED: {grpc.StatusCode.RESOURCE_EXHAUSTED}}
NEVER_SAID = frozenset({Reason.INTERNAL.value, Reason.OUTCOME_UNKNOWN.value})
STRING, BYTES = FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES


def rpcs() -> dict[str, MethodDescriptor]:
    """Every rpc by its full name, of every description that the planes have in common."""
    found: dict[str, MethodDescriptor] = {}
    for module in walk_packages(descriptions.__path__, descriptions.__name__ + "."):
        if module.name.endswith("_pb2"):
            for service in import_module(module.name).DESCRIPTOR.services_by_name.values():
                found |= {f"/{service.full_name}/{method.name}": method for method in service.methods}
    return found


RPCS = rpcs()


@dataclass(frozen=True, slots=True)
class Request:
    """Bytes to send, and the class of attack that they are; `readable`: as a message of the rpc."""

    kind: str
    name: str
    data: bytes
    readable: bool = True


def requests(method: MethodDescriptor, facts: dict[str, str]) -> Iterator[Request]:
    """Attacks on one rpc. `facts`: by name of a field, ids that are somebody else's."""
    kind = method.input_type
    yield Request(MALFORMED, "no message", b"\xff" * 64, False)
    yield Request(MALFORMED, "a length beyond the end", b"\x0a\xff\xff\xff\xff\x07", False)
    yield Request(MALFORMED, "a tag that is none", b"\x00\x01", False)
    yield Request(MALFORMED, "an unfinished number", b"\x08" + b"\xff" * 11, False)
    yield Request(NESTED, "groups", b"\x7b" * 5_000, False)
    yield Request(NESTED, "messages in an unknown field", _wrapped(9_999, 200))
    yield Request(MALFORMED, "unknown fields", b"\x98\xf4\x03\x01" * 50_000)
    yield Request(MISENCODED, "no UTF-8", _misencoded(kind))
    yield Request(
        OVERSIZED,
        "beyond the limit",
        b"\x9a\xf4\x03" + _varint(MESSAGE_BYTES_MAX + 1) + b"x" * (MESSAGE_BYTES_MAX + 1),
    )
    yield Request(MALFORMED, "nothing", b"")
    for name, value in (
        ("NUL", "\0"),
        ("a path", "../../etc/passwd"),
        ("long", "x" * 9_000),
        ("bidi", "\u202e\ufeff"),
    ):
        yield Request(MALFORMED, f"all texts are {name}", _filled(kind, lambda _, value=value: value, 1))
    yield Request(OVERSIZED, "many entries", _filled(kind, lambda _: "x", 900))
    foreign = _filled(kind, lambda name: facts.get(name, "DE"), 1, number=1)
    if not method.containing_service.full_name.endswith("directory.v1.Cells"):
        yield Request(FOREIGN, "ids of another home", foreign)
        yield Request(REPLAYED, "the same again", foreign)


def _varint(number: int) -> bytes:
    said = bytearray()
    while number > 127:
        said.append(number & 127 | 128)
        number >>= 7
    return bytes([*said, number])


def _wrapped(field: int, depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = _varint(field << 3 | 2) + _varint(len(data)) + data
    return data


def _misencoded(kind: Descriptor) -> bytes:
    """Every text of the message, also those one level down, is no UTF-8."""
    data = b""
    for field in kind.fields:
        inner = b""
        if field.type == STRING:
            inner = b"\xff\xc0\x80"
        elif field.message_type is not None:
            inner = b"".join(
                _varint(one.number << 3 | 2) + b"\x02\xff\xfe"
                for one in field.message_type.fields
                if one.type == STRING
            )
        if inner:
            data += _varint(field.number << 3 | 2) + _varint(len(inner)) + inner
    return data or b"\xff"


def _filled(kind: Descriptor, text: Any, many: int, number: int = -1) -> bytes:
    made = GetMessageClass(kind)()
    _fill(made, text, many, number, 0)
    return bytes(made.SerializeToString())


def _fill(message: Message, text: Any, many: int, number: int, depth: int) -> None:
    """Put something into every field: the text for its name, numbers at their end unless one is given."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None:
            if depth < 4 and not field.message_type.GetOptions().map_entry:
                slot = getattr(message, field.name)
                for inner in [slot.add() for _ in range(many)] if field.is_repeated else [slot]:
                    _fill(inner, text, many if depth < 1 else 1, number, depth + 1)
            continue
        value: Any = 1
        if field.type == STRING:
            value = text(field.name)
        elif field.type == BYTES:
            value = b"\xff" * 64
        elif number == -1 and field.cpp_type == FieldDescriptor.CPPTYPE_UINT64:
            value = 2**64 - 1
        elif number == -1 and field.cpp_type == FieldDescriptor.CPPTYPE_UINT32:
            value = 2**32 - 1
        if field.is_repeated:
            getattr(message, field.name).extend([value] * many)
        else:
            setattr(message, field.name, value)


async def answer(opened: grpc.aio.Channel, path: str, method: MethodDescriptor, request: Request) -> Any:
    """Status, its words and its trailer; a stream that stays open is OK."""
    while True:
        said = await _answer(opened, path, method, request)
        # The client's library has no better word for a stream that ended before it had written.
        if said[1] != "Internal error from Core":
            return said


async def _answer(opened: grpc.aio.Channel, path: str, method: MethodDescriptor, request: Request) -> Any:
    stream_in, stream_out = method.client_streaming, method.server_streaming
    shape = f"{'stream' if stream_in else 'unary'}_{'stream' if stream_out else 'unary'}"
    rpc: Any = getattr(opened, shape)(path)

    async def said() -> Any:
        yield request.data

    call = rpc(said() if stream_in else request.data, timeout=WAIT_S)
    refusable = not request.readable or request.kind in (MISENCODED, FOREIGN, REPLAYED)
    try:
        if not stream_out:
            await call
            return grpc.StatusCode.OK, "", ()
        async with asyncio.timeout(WAIT_S if refusable else STREAM_S):
            over = await call.read() is grpc.aio.EOF
        async with asyncio.timeout(WAIT_S if over else STREAM_S):
            return await call.code(), await call.details(), await call.trailing_metadata()
    except TimeoutError:
        call.cancel()
        return grpc.StatusCode.OK, "", ()
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details(), error.trailing_metadata()


def judge(path: str, request: Request, said: Any) -> None:
    """A typed error that gives nothing away, or success where nothing is wrong with the request."""
    code, details, trailer = said
    if code is grpc.StatusCode.OK:
        assert request.readable, (path, request.name)
        assert request.kind != MISENCODED, (path, request.name)
        assert request.kind not in (FOREIGN, REPLAYED) or path.rpartition("/")[2] in ABOUT_NOBODY, path
        return
    if code in BY_THE_LIBRARY.get(request.kind, ()):
        return
    assert details in {reason.value for reason in Reason} - NEVER_SAID, (path, request.name, code, details)
    told = error_from_wire(dict(trailer)[METADATA_KEY])
    assert told is not None
    assert told.reason.value == details
    for word in told.metadata.values():
        assert "Error(" not in word, (path, request.name)
        assert "Traceback" not in word, (path, request.name)
        assert ".py" not in word, (path, request.name)


@dataclass(frozen=True, slots=True)
class Place:
    """A plane that listens: its address, its name in certificates, who speaks to it, and ids of elsewhere."""

    address: str
    name: str
    trust: Trust
    peers: Sequence[MtlsFiles]
    facts: dict[str, str]

    def channel(self, peer: MtlsFiles) -> grpc.aio.Channel:
        return open_channel(self.address, peer, self.trust, self.name)


@pytest.fixture
async def cell(tmp_path: Path) -> AsyncIterator[Place]:
    """A cell with people, who know that a workspace of somebody else lives in America."""
    site = make_site(tmp_path)
    async with running(site) as running_cell:
        town = await settle(site, running_cell)
        running_cell.plane.tell([wire.Placement(resident=ELSEWHERE, cell="us-iad", epoch=1, version=9)])
        peers = [site.mtls("us-iad", "cell"), site.mtls("fra", "edge"), site.mtls("operator", "deploy")]
        facts = {
            "resident": ELSEWHERE,
            "workspace": ELSEWHERE,
            "workspaces": ELSEWHERE,
            "user": town.users[0],
            "users": town.users[0],
            "principal": town.tokens[0],
            "channel": town.room,
            "token": town.tokens[0],
        }
        yield Place(f"127.0.0.1:{site.grpc}", "de-fra.demo", site.trust, peers, facts | IDS)
        async with edge_to(site) as edge:
            assert (await edge.ask("auth.test", token=town.tokens[0], resident=town.team))["ok"]


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Place]:
    """A directory that has admitted one cell, and placed nobody."""
    made = Directory(tmp_path).write()
    assert made.run("migrate").returncode == 0
    made.start()
    try:
        await admit(made)
        trust = made.client("operator", "deploy")[1]
        peers = [
            made.client(name, process)[0] for name, process in (("de-fra", "cell"), ("operator", "deploy"))
        ]
        place = Place(made.address, f"directory.{FEDERATION}", trust, peers, {"resident": ELSEWHERE, **IDS})
        yield place
        async with place.channel(peers[0]) as opened:
            status: Any = opened.unary_unary("/accord.wire.directory.v1.Cells/List")
            assert await status(wire.ListCellsRequest(context=context()).SerializeToString(), timeout=WAIT_S)
    finally:
        made.kill()


async def attack(place: Place, paths: Sequence[str]) -> int:
    """Every attack on each of the rpcs by each peer that it admits; how many were made."""
    made = 0
    for path in paths:
        admitted = 0
        for peer in place.peers:
            async with place.channel(peer) as opened:
                first, *others = requests(RPCS[path], place.facts)
                said = await answer(opened, path, RPCS[path], first)
                judge(path, first, said)
                if said[1] == Reason.PEER_REFUSED.value:
                    continue
                admitted += 1
                for request in others:
                    judge(path, request, await answer(opened, path, RPCS[path], request))
                made += len(others) + 1
        assert admitted, f"{path}: no peer of this test is admitted"
    return made


@pytest.mark.timeout(900)
async def test_every_rpc_of_a_cell_answers_whatever_comes_with_a_typed_error(cell: Place) -> None:
    paths = [path for path in RPCS if path.startswith("/accord.wire.cell.") and path != DRAIN]
    assert await attack(cell, paths) > 10 * len(paths)


@pytest.mark.timeout(900)
async def test_a_cell_drains_when_it_is_asked_in_earnest_and_by_whom_it_may_be(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    async with running(site) as running_cell:
        draining = running_cell.lifespan.draining
        place = Place(f"127.0.0.1:{site.grpc}", "de-fra.demo", site.trust, (), IDS)
        ended: set[str] = set()
        for name, process in (
            ("us-iad", "cell"),
            ("fra", "edge"),
            ("de-fra", "cell"),
            ("operator", "deploy"),
        ):
            async with place.channel(site.mtls(name, process)) as opened:
                for request in requests(RPCS[DRAIN], IDS):
                    said = await answer(opened, DRAIN, RPCS[DRAIN], request)
                    judge(DRAIN, request, said)
                    assert draining.is_set() is (said[0] is grpc.StatusCode.OK), (name, request.name)
                    if draining.is_set():
                        ended.add(name)
                    draining.clear()
        assert ended == {"operator"}
        async with place.channel(site.mtls("operator", "deploy")) as opened:
            status: Any = opened.unary_unary("/accord.wire.cell.v1.Operations/Status")
            assert await status(b"", timeout=WAIT_S)


@pytest.mark.timeout(900)
async def test_every_rpc_of_the_directory_answers_whatever_comes_with_a_typed_error(
    directory: Place,
) -> None:
    paths = [path for path in RPCS if path.startswith("/accord.wire.directory.")]
    assert await attack(directory, paths) > 10 * len(paths)


def test_every_rpc_belongs_to_a_plane_that_is_attacked() -> None:
    assert len(RPCS) > 30
    assert all(path.startswith(("/accord.wire.cell.", "/accord.wire.directory.")) for path in RPCS)


@pytest.mark.timeout(900)
async def test_what_is_no_rpc_or_says_too_much_around_it_is_refused(cell: Place) -> None:
    async with cell.channel(cell.peers[2]) as opened:
        for path in (
            "/a.b/c",
            "/accord.wire.cell.v1.Gateway/exchange",
            "/accord.wire.cell.v1.Operations/Status/",
        ):
            missing: Any = opened.unary_unary(path)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await missing(b"", timeout=WAIT_S)
            assert refused.value.details() == Reason.PEER_REFUSED.value
        rpc: Any = opened.unary_unary("/accord.wire.cell.v1.Operations/Status")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await rpc(b"")
        assert refused.value.details() == Reason.INVALID.value
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await rpc(b"", timeout=WAIT_S, metadata=[(f"x-{number}", "y" * 90) for number in range(2_000)])
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await rpc(b"", timeout=WAIT_S)
