"""Ports between planes: only proven peers, only what they may ask, only at the current epoch."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from accord.ids import new_id
from accord.runtime.mtls import Authority, MtlsFiles, issue
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.cell.v1 import operations_pb2, operations_pb2_grpc
from accord.wire.common.v1 import common_pb2
from accord.wire.directory.v1 import directory_pb2, directory_pb2_grpc
from tests.support.clients import Plain, whole_history
from tests.support.federation import RunningDemo
from tests.support.rooms import Person, room
from tests.support.wire import EdgeStream, certificate, channel, foreign_certificate, own_certificate, refused


def edge_folder(demo: RunningDemo, name: str) -> Path:
    return Path(demo.edge(name)["data_dir"]).parent


@pytest.fixture
async def stream(demo: RunningDemo) -> AsyncIterator[EdgeStream]:
    """A second stream of the edge `fra` to its cell."""
    mtls = own_certificate(edge_folder(demo, "fra"), "edge")
    async with channel(demo, demo.cell("de-fra")["grpc"], "de-fra", mtls) as opened:
        made = EdgeStream(opened)
        await made.hello("fra", "DE", "eu-central-1")
        yield made


def body(channel_id: str, text: str) -> bytes:
    return json.dumps({"channel": channel_id, "text": text, "client_msg_id": str(uuid.uuid4())}).encode()


async def test_a_call_at_another_epoch_is_stale_and_writes_nothing(
    demo: RunningDemo, anna: Person, stream: EdgeStream
) -> None:
    place = room(demo, anna)
    team = demo.workspace("acme")["id"]
    with Plain(demo.edge("iad"), anna.token) as plain:
        before = whole_history(plain, place)
        for epoch in (2, 7, 2**40):
            answer = await stream.call(anna.token, team, epoch, "chat.postMessage", body(place, "stale"))
            assert answer.status == 503
            assert json.loads(answer.body) == {"ok": False, "error": "service_unavailable"}
            read = json.dumps({"channel": place}).encode()
            answer = await stream.call(anna.token, team, epoch, "conversations.history", read)
            assert answer.status == 503
        assert whole_history(plain, place) == before
        answer = await stream.call(anna.token, team, 1, "chat.postMessage", body(place, "current"))
        assert json.loads(answer.body)["ok"] is True
        assert whole_history(plain, place)[0]["text"] == "current"


async def test_a_call_for_a_resident_of_elsewhere_is_not_done_here(
    demo: RunningDemo, stream: EdgeStream
) -> None:
    row = demo.person("globex")
    team = demo.workspace("globex")["id"]
    general = demo.workspace("globex")["channels"]["general"]
    answer = await stream.call(row["token"], team, 1, "chat.postMessage", body(general, "astray"))
    assert answer.status != 200 or json.loads(answer.body)["ok"] is False
    with Plain(demo.edge("iad"), row["token"]) as plain:
        newest = plain.done("conversations.history", channel=general, limit=5)["messages"]
        assert "astray" not in [message["text"] for message in newest]


async def test_a_token_is_good_for_its_own_resident_whatever_the_edge_says(
    demo: RunningDemo, anna: Person, stream: EdgeStream
) -> None:
    place = room(demo, anna)
    stranger = demo.person("globex")["token"]
    team = demo.workspace("acme")["id"]
    # Not in its last letters: the top bits of a signature are zero, and a change there may be none.
    place_changed = len(anna.token) - 20
    letter = "A" if anna.token[place_changed] != "A" else "B"
    forged = anna.token[:place_changed] + letter + anna.token[place_changed + 1 :]
    for token in (stranger, "xoxp-test-made-up", forged):
        answer = await stream.call(token, team, 1, "chat.postMessage", body(place, "not mine"))
        assert json.loads(answer.body) == {"ok": False, "error": "invalid_auth"}
    answer = await stream.call("", team, 1, "chat.postMessage", body(place, "nobody's"))
    assert json.loads(answer.body)["ok"] is False
    with Plain(demo.edge("fra"), anna.token) as plain:
        assert not [m for m in whole_history(plain, place) if m["text"] in ("not mine", "nobody's")]


async def test_a_port_speaks_to_nobody_without_a_certificate(demo: RunningDemo) -> None:
    cell = demo.cell("de-fra")
    async with grpc.aio.insecure_channel(cell["grpc"]) as opened:
        assert await refused(opened) is grpc.StatusCode.UNAVAILABLE
    roots = (demo.data_dir / "trust" / "de-fra.demo.pem").read_bytes()
    named = [("grpc.ssl_target_name_override", "de-fra.demo")]
    credentials = grpc.ssl_channel_credentials(roots)
    async with grpc.aio.secure_channel(cell["grpc"], credentials, named) as opened:
        assert await refused(opened) is grpc.StatusCode.UNAVAILABLE


async def test_a_name_proves_nothing_without_its_own_authority(demo: RunningDemo) -> None:
    cell = demo.cell("de-fra")
    async with channel(demo, cell["grpc"], "de-fra", foreign_certificate("fra", "edge")) as opened:
        assert await refused(opened) is grpc.StatusCode.UNAVAILABLE
    # A trusted authority that signs a name outside its own domain.
    folder = demo.data_dir / "authorities" / "us-iad.demo"
    authority = Authority((folder / "authority.pem").read_bytes(), (folder / "authority.key").read_bytes())
    usurper = MtlsFiles(*issue(authority, "edge", "fra.demo"))
    async with channel(demo, cell["grpc"], "de-fra", usurper) as opened:
        assert await refused(opened) in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAVAILABLE)


@pytest.mark.parametrize("domain", ["us-iad", "operator", "directory", "iad"])
async def test_an_edge_s_stream_is_opened_by_the_edge_of_that_name_only(
    demo: RunningDemo, domain: str
) -> None:
    cell = demo.cell("de-fra")
    async with channel(demo, cell["grpc"], "de-fra", certificate(demo, domain, "edge")) as opened:
        assert await refused(opened) is grpc.StatusCode.PERMISSION_DENIED


async def test_an_edge_may_not_do_what_operators_do(demo: RunningDemo) -> None:
    cell, mtls = demo.cell("de-fra"), own_certificate(edge_folder(demo, "fra"), "edge")
    async with channel(demo, cell["grpc"], "de-fra", mtls) as opened:
        stub = operations_pb2_grpc.OperationsStub(opened)
        provisioning = operations_pb2_grpc.ProvisioningStub(opened)
        for call in (
            stub.Status(operations_pb2.StatusRequest(), timeout=30),
            stub.Drain(operations_pb2.DrainCellRequest(), timeout=30),
            provisioning.IssueTokens(operations_pb2.IssueTokensRequest(), timeout=30),
            provisioning.CreatePersons(operations_pb2.CreatePersonsRequest(), timeout=30),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as denied:
                await call
            assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED
    async with channel(demo, demo.ready["directory"]["grpc"], "directory", mtls) as opened:
        residents = directory_pb2_grpc.ResidentsStub(opened)
        cells = directory_pb2_grpc.CellsStub(opened)
        resident = new_id("P")
        place = directory_pb2.PlaceRequest(
            context=common_pb2.RequestContext(
                request_id=str(uuid.uuid4()),
                idempotency_key=str(uuid.uuid4()),
                resident=resident,
                purpose="administration",
            ),
            resident=resident,
            kind=directory_pb2.RESIDENT_KIND_PERSON,
            establishment="DE",
            subjects=["DE"],
            handover=b"{}",
        )
        for call in (
            residents.Place(place, timeout=30),
            cells.Admit(directory_pb2.AdmitRequest(), timeout=30),
            cells.Drain(directory_pb2.SetCellStateRequest(), timeout=30),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as denied:
                await call
            assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_garbage_on_a_stream_ends_that_stream_and_nothing_else(demo: RunningDemo, anna: Person) -> None:
    cell, mtls = demo.cell("de-fra"), own_certificate(edge_folder(demo, "fra"), "edge")
    batches = [
        b"\xff" * 64,
        wire.EdgeBatch(frames=[wire.EdgeFrame()]).SerializeToString(),
        wire.EdgeBatch(frames=[wire.EdgeFrame(call=wire.Call(id=1, slot=99))]).SerializeToString(),
        wire.EdgeBatch(
            frames=[wire.EdgeFrame(chunk=wire.BodyChunk(id=77, data=b"x" * 300_000))]
        ).SerializeToString(),
    ]
    for data in batches:
        async with channel(demo, cell["grpc"], "de-fra", mtls) as opened:
            method: Any = opened.stream_stream("/accord.wire.cell.v1.Gateway/Exchange")
            call = method(timeout=2)
            try:
                await call.write(data)
                await call.write(data)
                async with asyncio.timeout(3):
                    while await call.read() is not grpc.aio.EOF:
                        pass
            except (grpc.aio.AioRpcError, TimeoutError, asyncio.InvalidStateError):
                pass
            finally:
                call.cancel()
    with Plain(demo.edge("fra"), anna.token) as plain:
        assert plain.done("auth.test")["user_id"] == anna.user
