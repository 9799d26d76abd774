"""Promises of the stream between an edge and a cell: who may open it, what calls and sockets get."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import grpc.aio
import msgspec
import pytest

from accord.errors import LedgerUnavailableError, NotReadyError
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.directory.v1 import directory_pb2
from regional_cell.entrypoints.gateway.doors import Doors
from regional_cell.entrypoints.gateway.exchange import BEGIN_MAX, CALLS_MAX
from regional_cell.ports.log import Append, Outcome
from regional_cell.services.messages.posting import Messages
from tests.regional_cell.edges import edge_to
from tests.regional_cell.entrypoints.gateway.conftest import PASSWORD, Town


async def test_an_edge_is_greeted_by_its_cell(town: Town) -> None:
    async with edge_to(town.site, greet=False) as edge:
        hello = await edge.greet()
    assert (hello.cell, hello.bundle_version) == ("de-fra", 1)


@pytest.mark.parametrize("changed", [{"edge": "ber"}, {"jurisdiction": "US"}])
async def test_a_hello_that_the_certificate_or_the_directory_does_not_prove_ends_the_stream(
    town: Town, changed: dict[str, str]
) -> None:
    async with edge_to(town.site, greet=False) as edge:
        with pytest.raises((EOFError, grpc.aio.AioRpcError)):
            await edge.greet(**changed)


async def test_a_peer_that_is_no_admitted_edge_cannot_open_a_stream(town: Town) -> None:
    async with edge_to(town.site, "operator", greet=False) as edge:
        with pytest.raises((EOFError, grpc.aio.AioRpcError)):
            await edge.greet()


async def test_calls_that_are_cancelled_before_they_begin_are_bounded_as_others(town: Town) -> None:
    pairs = [
        frame
        for number in range(1, 8_001)
        for frame in (
            wire.EdgeFrame(call=wire.Call(id=number, method="auth.test", request_id="r")),
            wire.EdgeFrame(cancel=wire.Cancel(id=number)),
        )
    ]
    async with edge_to(town.site) as edge:
        await edge.send(*pairs)
        refused = 8_000 - CALLS_MAX - BEGIN_MAX
        await edge.until(lambda: len(edge.frames) >= refused)
        assert {frame.answer.status for frame in edge.frames} == {503}
        assert len(edge.frames) == refused


async def test_a_person_signs_in_with_a_password_and_the_session_opens_the_workspace(town: Town) -> None:
    async with edge_to(town.site) as edge:
        said = {"email": "Ann@example.com", "password": PASSWORD}
        answer = await edge.ask("sign-in/password", said, resident=town.persons[0])
        (identity,) = answer["identities"]
        assert identity["team_id"] == town.team
        session = await edge.ask(
            "sign-in/session", {"identity": identity["identity"], "device": "tests"}, resident=town.team
        )
        assert (session["user_id"], session["name"]) == (town.users[0], "Works")
        me = await edge.ask("auth.test", token=session["token"], resident=town.team)
        assert me["user_id"] == town.users[0]
        out = await edge.ask("sign-out", token=session["token"], resident=town.team)
        after = await edge.ask("auth.test", token=session["token"], resident=town.team)
    assert out == {"ok": True, "orders": []}
    assert after["error"] == "token_revoked"


async def test_unknown_people_and_wrong_passwords_get_one_answer(town: Town) -> None:
    async with edge_to(town.site) as edge:
        said = {"email": "ann@example.com", "password": "wrong"}
        wrong = await edge.call("sign-in/password", said, resident=town.persons[0])
        unknown = await edge.call("sign-in/password", said)
        other = {"email": "ben@example.com", "password": PASSWORD}
        stranger = await edge.call("sign-in/password", other, resident=town.persons[0])
    assert b'"invalid_login"' in wrong.body
    assert wrong.body == unknown.body == stranger.body


async def test_guessing_is_stopped_before_it_costs_work(town: Town) -> None:
    async with edge_to(town.site) as edge:
        said = {"email": "ann@example.com", "password": "wrong"}
        right = said | {"password": PASSWORD}
        answers = [await edge.call("sign-in/password", said, resident=town.persons[0]) for _ in range(9)]
        # Those that fit are no guesses.
        for _ in range(3):
            assert (await edge.ask("sign-in/password", right, resident=town.persons[0]))["ok"]
        answers += [await edge.call("sign-in/password", said, resident=town.persons[0]) for _ in range(2)]
        late = await edge.call("sign-in/password", right, resident=town.persons[0])
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert late.status == 429


async def test_a_send_whose_deadline_passed_behind_a_slow_store_was_not_written(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = town.cell.stores.log
    append, free, reached = log.append, asyncio.Event(), asyncio.Event()

    async def slow(shares: Sequence[Append]) -> list[Outcome]:
        reached.set()
        await free.wait()
        return await append(shares)

    async with edge_to(town.site) as edge:
        of: dict[str, Any] = {"token": town.tokens[0], "resident": town.team}
        assert (await edge.ask("chat.postMessage", {"channel": town.room, "text": "first"}, **of))["ok"]
        monkeypatch.setattr(log, "append", slow)
        writing = asyncio.ensure_future(
            edge.ask("chat.postMessage", {"channel": town.room, "text": "writing"}, **of)
        )
        await reached.wait()
        late = await edge.call(
            "chat.postMessage", {"channel": town.room, "text": "late"}, deadline_ms=200, **of
        )
        free.set()
        assert (await writing)["ok"]
        assert (await edge.ask("chat.postMessage", {"channel": town.room, "text": "next"}, **of))["ok"]
        page = await edge.ask("conversations.history", {"channel": town.room}, **of)
    assert (late.status, json.loads(late.body)) == (503, {"ok": False, "error": "service_unavailable"})
    assert "retry-after" in {header.name for header in late.headers}
    said = town.cell.metrics.text().decode()
    assert 'colink_unavailable_total{how="deadline",reason="OVERLOADED"} 1.0' in said
    assert [row["text"] for row in page["messages"]][:3] == ["next", "writing", "first"]
    assert town.cell.commits.queue.late == 1


async def test_a_call_at_another_epoch_is_answered_with_the_signed_home_and_does_nothing(town: Town) -> None:
    async with edge_to(town.site) as edge:
        said = {"channel": town.general, "text": "late"}
        answer = await edge.call("chat.postMessage", said, token=town.tokens[0], resident=town.team, epoch=7)
        assert (answer.moved.cell, answer.moved.epoch) == ("de-fra", 1)
        assert answer.moved.handover
        history = await edge.ask(
            "conversations.history", {"channel": town.general}, token=town.tokens[0], resident=town.team
        )
    assert [message for message in history["messages"] if message.get("text") == "late"] == []


@pytest.mark.fault("F09")
@pytest.mark.parametrize("heard", [False, True])
async def test_the_old_home_of_who_moved_writes_nothing(town: Town, heard: bool) -> None:
    """An edge calls the old home at the epoch of before: nothing is written, whether the cell has heard from
    the directory where the workspace went or only its log says that it is gone; then it says where to.
    """
    said = {"channel": town.general, "text": "too late"}
    before = await town.cell.stores.log.record(town.team)
    gone = "UPDATE residents SET state = 'moved' WHERE resident = ?"
    await town.cell.stores.database.write(lambda connection: connection.execute(gone, (town.team,)))
    if heard:
        placement = directory_pb2.Placement(
            resident=town.team, cell="us-iad", epoch=2, version=9, handover=b"{}", establishment="DE"
        )
        town.cell.plane.tell([placement])
    async with edge_to(town.site) as edge:
        # What is in memory still calls itself at home: the log refuses, and is read again.
        answers = [
            await edge.call("chat.postMessage", said, token=town.tokens[0], resident=town.team, epoch=1)
            for _ in range(2)
        ]
    assert [answer.status for answer in answers] == [503, 503]
    # An edge that knows epoch 1 follows to a higher one alone.
    assert (answers[1].moved.cell, answers[1].moved.epoch) == (("us-iad", 2) if heard else ("de-fra", 1))
    after = await town.cell.stores.log.record(town.team)
    assert before is not None
    assert after == msgspec.structs.replace(before, state="moved")


async def test_a_resident_elsewhere_is_answered_with_its_home_and_a_nobody_with_nothing(town: Town) -> None:
    placement = directory_pb2.Placement(
        resident="T" + "Z" * 12, cell="us-iad", epoch=3, version=9, handover=b"{}", establishment="US"
    )
    town.cell.plane.tell([placement])
    async with edge_to(town.site) as edge:
        moved = await edge.call("auth.test", resident="T" + "Z" * 12)
        nobody = await edge.call("auth.test", resident="T" + "Y" * 12)
    assert (moved.moved.cell, moved.moved.epoch) == ("us-iad", 3)
    assert not nobody.HasField("moved")
    assert b"invalid_auth" in nobody.body


async def test_a_token_opens_its_own_workspace_only(town: Town) -> None:
    async with edge_to(town.site) as edge:
        answer = await edge.ask("auth.test", token=town.tokens[0], resident=town.persons[0])
    assert answer == {"ok": False, "error": "invalid_auth"}


async def test_a_long_body_comes_in_chunks_and_a_long_answer_leaves_in_chunks(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.ask("auth.test", token=town.tokens[0], resident=town.team)
        body = b'{"channel":"%s","text":"%s"}' % (town.general.encode(), b"x" * 3_000)
        future = edge._answers[99] = asyncio.get_running_loop().create_future()
        call = wire.Call(
            id=99, slot=1, resident=town.team, epoch=1, method="chat.postMessage", more=True,
            content_type="application/json", deadline_ms=5_000, request_id="long", viewer_country="DE",
        )  # fmt: skip
        chunks = [wire.BodyChunk(id=99, data=body[:1000]), wire.BodyChunk(id=99, data=body[1000:], last=True)]
        await edge.send(wire.EdgeFrame(call=call), *(wire.EdgeFrame(chunk=chunk) for chunk in chunks))
        answer = await asyncio.wait_for(future, 5)
    assert b'"ok":true' in answer.body


async def test_an_edge_in_another_jurisdiction_gets_nothing_that_the_policy_forbids(town: Town) -> None:
    async with edge_to(town.site, "iad", "US") as edge:
        who: dict[str, Any] = {"token": town.tokens[0], "resident": town.team}
        known = await edge.ask("auth.test", country="US", **who)
        unknown = await edge.ask("auth.test", country="ZZ", **who)
        said = {"channel": town.general, "text": "never"}
        await edge.ask("chat.postMessage", said, country="ZZ", **who)
        history = await edge.ask("conversations.history", {"channel": town.general}, country="US", **who)
    assert known["ok"]
    assert (unknown["ok"], unknown["error"]) == (False, "restricted_action")
    assert unknown["x_rule"]
    assert [message["text"] for message in history["messages"] if message["text"] == "never"] == []


async def test_a_person_is_found_by_blind_index_with_the_directory_away(town: Town) -> None:
    town.cell.plane.away = True
    (index,) = town.cell.lookup.of("email", "BEN@example.com")
    rows = [wire.LookupIndex(attribute=index[0], key_id=index[1], index=index[2])]
    async with edge_to(town.site) as edge:
        await edge.send(
            wire.EdgeFrame(find=wire.FindPerson(id=1, indexes=rows)),
            wire.EdgeFrame(find=wire.FindPerson(id=2, indexes=[])),
        )
        await edge.until(lambda: len([f for f in edge.frames if f.HasField("found")]) == 2)
        found = {f.found.id: f.found.resident for f in edge.frames if f.HasField("found")}
    assert found == {1: town.persons[1], 2: ""}


async def test_a_frame_out_of_place_ends_the_stream(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.send(wire.EdgeFrame(hello=wire.EdgeHello(edge="fra")))
        await asyncio.wait_for(edge.ended.wait(), 5)


async def test_what_edges_say_of_each_answer_is_not_carried_to_them(town: Town) -> None:
    async with edge_to(town.site) as edge:
        answer = await edge.call("auth.test", {}, token=town.tokens[0], resident=town.team)
        refused = await edge.call("conversations.info", {}, token=town.tokens[0], resident=town.team)
    own = {"content-type", "x-oauth-scopes", "x-accepted-oauth-scopes"}
    for each in (answer, refused):
        assert {header.name for header in each.headers} == own


class _Closing:
    """A passage that lets a request in and no answer out, until it is opened."""

    def __init__(self) -> None:
        self.open = False
        self._inward = False

    def edge_passage(self, *_: object, **__: object) -> None:
        self._inward = not self._inward
        if not self._inward and not self.open:
            raise LedgerUnavailableError(why="full")


async def test_what_was_written_for_an_edge_abroad_is_unknown_when_its_answer_may_not_pass(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = _Closing()
    monkeypatch.setattr(town.cell.passages, "edge_passage", closing.edge_passage)
    async with edge_to(town.site, "iad", "US") as edge:
        how: dict[str, Any] = {"token": town.tokens[0], "resident": town.team}
        post = {"channel": town.room, "text": "once"}
        assert (await edge.ask("chat.postMessage", post, **how))["error"] == "fatal_error"
        read = await edge.ask("conversations.history", {"channel": town.room}, **how)
        assert read["error"] == "service_unavailable"
        refused = await edge.ask("chat.postMessage", {"channel": "C0", "text": "never"}, **how)
        assert refused["error"] == "service_unavailable"
        closing.open = True
        assert (await edge.ask("chat.postMessage", post, **how))["ok"]
        read = await edge.ask("conversations.history", {"channel": town.room}, **how)
        assert [message["text"] for message in read["messages"]].count("once") == 1


async def test_who_fails_after_a_write_is_not_told_to_come_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Messages.post_message

    async def then_fails(self: Messages, *arguments: Any, **named: Any) -> Any:
        await real(self, *arguments, **named)
        raise NotReadyError(store="sql")

    async with edge_to(town.site) as edge:
        how: dict[str, Any] = {"token": town.tokens[0], "resident": town.team}
        post = {"channel": town.room, "text": "stands"}
        monkeypatch.setattr(Messages, "post_message", then_fails)
        assert (await edge.ask("chat.postMessage", post, **how))["error"] == "fatal_error"
        post["channel"] = "C0"
        assert (await edge.ask("chat.postMessage", post, **how))["error"] == "channel_not_found"
        read = await edge.ask("conversations.history", {"channel": town.room}, **how)
        assert [message["text"] for message in read["messages"]].count("stands") == 1


async def test_a_defect_after_a_write_does_not_say_that_nothing_happened(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Doors.open

    async def then_breaks(self: Doors, *arguments: Any) -> Any:
        await real(self, *arguments)
        raise RuntimeError

    monkeypatch.setattr(Doors, "open", then_breaks)
    async with edge_to(town.site) as edge:
        card = {"email": "ann@example.com", "password": PASSWORD}
        answer = await edge.ask("sign-in/password", card, resident=town.persons[0])
    assert answer["error"] == "fatal_error"
