"""What passes to edges in other jurisdictions is asked about where it passes, and a test notices when it is
not.
"""

import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from accord.errors import WithheldError
from accord.runtime.mtls import PeerName
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.common.v1 import common_pb2
from regional_cell.domain.callers import Caller
from regional_cell.entrypoints.gateway.file_bytes import FileBytes
from regional_cell.entrypoints.web_api.answers import refusal as web_refusal
from regional_cell.services.edge_passages import EdgePassages
from residency_policies.decision import Because, make_decision
from tests.regional_cell.edges import TestEdge, edge_to
from tests.regional_cell.entrypoints.gateway.conftest import Town
from tests.regional_cell.services.test_egress import RecordingLedger, make
from tests.support.ruling import Ruling, about, act

CALLS = "regional_cell/entrypoints/gateway/calls.py::Calls._answer"
LINK = "regional_cell/entrypoints/gateway/link.py::Link._passes"
DOWNLOAD = "regional_cell/entrypoints/gateway/file_bytes.py::FileBytes.download"
CHUNKS = "regional_cell/entrypoints/gateway/file_bytes.py::_chunks"
TRANSIT, DISCLOSE = "cell.edge.transit", "cell.edge.disclose"
FILE_TRANSIT, FILE_DISCLOSE = "cell.file.transit", "cell.file.disclose"
OPS = ("transit", "disclose")


def ruled(town: Town, monkeypatch: pytest.MonkeyPatch) -> Ruling:
    """The cell asks this from now on."""
    ruling = Ruling()
    monkeypatch.setattr(town.cell.egress, "_policies", ruling)
    monkeypatch.setattr(town.cell.passages, "_policies", ruling)
    return ruling


async def test_everything_that_a_session_carries_is_asked_about(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruling = ruled(town, monkeypatch)
    async with edge_to(town.site, "iad", "US") as abroad, edge_to(town.site) as near:
        for data_class in ("message_body", "profile_pii", "presence", "typing", "read_state"):
            ruling.changes(about(data_class))
            answer = await abroad.ask("auth.test", token=town.tokens[0], resident=town.team)
            assert answer.get("error") == "restricted_action"
        ruling.changes(about("file_content"))
        assert (await abroad.ask("auth.test", token=town.tokens[0], resident=town.team))["ok"]
        ruling.changes(lambda question: True)
        assert (await near.ask("auth.test", token=town.tokens[0], resident=town.team))["ok"]


@pytest.mark.notices(CALLS, TRANSIT, DISCLOSE)
async def test_no_call_passes_to_an_edge_abroad_that_may_not(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruling = ruled(town, monkeypatch)
    async with edge_to(town.site, "iad", "US") as abroad:
        for op in OPS:
            ruling.changes(act(op))
            answer = await abroad.ask("auth.test", token=town.tokens[0], resident=town.team)
            assert answer.get("error") == "restricted_action", op


@pytest.mark.notices(LINK, TRANSIT, DISCLOSE)
async def test_no_frame_passes_to_an_edge_abroad_that_may_not(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruling = ruled(town, monkeypatch)
    async with edge_to(town.site, "iad", "US") as abroad, edge_to(town.site) as near:
        await near.open_socket(1, town.tokens[0], town.team)
        for number, op in enumerate(OPS, 1):
            ruling.changes(lambda question: False)
            await abroad.open_socket(number, town.tokens[1], town.team)
            ruling.changes(act(op))
            await near.say(1, id=number, type="message", channel=town.room, text=op)
            await near.until(
                lambda op=op: any(frame.get("text") == op for frame in near.of(1, "message")) or near.heard
            )
            await settled(near, number)
            assert abroad.of(number, "message") == [], op
            assert abroad.closed(number) == "withheld", op


async def settled(edge: TestEdge, number: int) -> None:
    """Wait until what was said has its reply, and whatever else was told with it has come."""
    await edge.until(lambda: any(frame.get("reply_to") == number for frame in edge.heard[1]))
    await edge.say(1, id=100 + number, type="ping")
    await edge.until(lambda: any(frame.get("reply_to") == 100 + number for frame in edge.heard[1]))


class Files:
    """One file, and everything that is stored."""

    size_bytes, mimetype, name, sha256 = 3, "text/plain", "a.txt", bytes(32)

    def __init__(self) -> None:
        self.stored: list[bytes] = []

    async def store(self, resident: str, ticket: str, chunks: AsyncIterator[bytes]) -> int:
        self.stored = [chunk async for chunk in chunks]
        return len(self.stored)

    async def require_readable(self, caller: Caller, file: str) -> "Files":
        return self

    async def read(self, stored: object, offset: int, length: int | None) -> AsyncIterator[bytes]:
        yield b"abc"


class Inside:
    """What file bytes need of calls, tokens and routes: everybody is who they say."""

    role = "member"

    def __init__(self, ruling: Ruling) -> None:
        routes = cast(Any, self)
        ledger, spawn = RecordingLedger(), lambda work: work.close()
        egress = make(ledger, ruling)
        self.passages = EdgePassages(egress, ledger, cast(Any, ruling), routes, lambda: 1, lambda: "t", spawn)

    def placement_facts(self, resident: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        return "DE", (), ()

    def passage_for(self, edge: object) -> EdgePassages:
        return self.passages

    async def require_home(self, resident: str, epoch: int) -> None: ...

    async def caller(self, token: str) -> Caller:
        return Caller("T1", "", "xoxp", "U1", "", "", "P1", self.role, frozenset({"files:read"}))


def bytes_of(ruling: Ruling, files: Files) -> FileBytes:
    inside = cast(Any, Inside(ruling))
    return FileBytes(cast(Any, files), inside, inside, lambda name: ("US", "us-east-1"), "demo")


PEER = PeerName("iad.demo", "edge")
CONTEXT = common_pb2.RequestContext(resident="T1", epoch=1, principal="t")


async def shown(ruling: Ruling) -> list[bytes]:
    """What a reader abroad gets."""
    request = wire.DownloadRequest(context=CONTEXT, file="F1", viewer_country="US")
    return [part.data async for part in bytes_of(ruling, Files()).download(PEER, request)]


async def taken(ruling: Ruling, files: Files) -> None:
    """Bytes come from abroad."""

    async def requests() -> AsyncIterator[wire.UploadRequest]:
        yield wire.UploadRequest(context=CONTEXT, ticket="ticket", data=b"abc")
        yield wire.UploadRequest(data=b"def")

    await bytes_of(ruling, files).upload(PEER, requests())


@pytest.mark.notices(DOWNLOAD, FILE_TRANSIT, FILE_DISCLOSE)
async def test_no_bytes_of_a_file_are_shown_abroad_that_may_not() -> None:
    for op in OPS:
        with pytest.raises(WithheldError):
            await shown(Ruling(act(op)))
    assert await shown(Ruling(lambda question: question.data_class != "file_content")) == [b"", b"abc"]


async def test_a_reader_abroad_is_told_what_they_may_know(monkeypatch: pytest.MonkeyPatch) -> None:
    because = (Because("own/policy", 1, "F9", "works agreement 4", layer="workspace"),)
    refusal = make_decision("DENIED", 1, "test", because, nearest="allowed: employee in DE")
    ruling = Ruling()
    monkeypatch.setattr(ruling, "decide", lambda *_: refusal)
    for role, told in (("member", {"cite", "nearest"}), ("guest", set())):
        monkeypatch.setattr(Inside, "role", role)
        with pytest.raises(WithheldError) as caught:
            await shown(ruling)
        assert caught.value.metadata.keys() == {"code", "rule", "decision", *told}
        assert caught.value.text == refusal.user_text
        body = json.loads(web_refusal(caught.value, "r").body)
        assert {f"x_{name}" for name in told} == body.keys() & {"x_cite", "x_nearest"}
        assert body["x_rule"] == "own/policy F9"


async def test_a_caller_abroad_is_told_more_when_a_member(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    because = (Because("own/policy", 1, "F9", "works agreement 4", layer="workspace"),)
    refusal = make_decision("DENIED", 1, "test", because, nearest="allowed: employee in DE")
    ruling = ruled(town, monkeypatch)
    monkeypatch.setattr(ruling, "decide", lambda *_: refusal)
    async with edge_to(town.site, "iad", "US") as abroad:
        answer = await abroad.ask("auth.test", token=town.tokens[0], resident=town.team)
        assert (answer["x_cite"], answer["x_nearest"]) == ("works agreement 4", "allowed: employee in DE")
        assert answer["x_decision"] == refusal.decision
        nobody = await abroad.ask("api.test", resident=town.team)
        assert nobody["x_rule"] == "own/policy F9"
        assert not nobody.keys() & {"x_cite", "x_nearest"}


@pytest.mark.notices(CHUNKS, FILE_TRANSIT)
async def test_no_bytes_of_a_file_are_taken_from_abroad_that_may_not() -> None:
    files = Files()
    with pytest.raises(WithheldError):
        await taken(Ruling(act("transit")), files)
    assert files.stored == []
    await taken(Ruling(act("disclose")), files)
    assert files.stored == [b"abc", b"def"]
