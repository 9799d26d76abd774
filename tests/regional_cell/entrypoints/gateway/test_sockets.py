"""Promises of sockets over the stream: order, replies, one copy, resuming, closing."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from functools import partial

import grpc.aio
import pytest

from accord.errors import LedgerUnavailableError
from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.domain.web_socket import text_frame
from regional_cell.entrypoints.gateway import link
from regional_cell.ports.log import Append, Outcome
from regional_cell.services.sockets import AHEAD
from tests.regional_cell.edges import TestEdge, edge_to
from tests.regional_cell.entrypoints.gateway.conftest import Town


async def post(edge: TestEdge, town: Town, who: int, channel: str, text: str) -> None:
    """One message by the API."""
    answer = await edge.ask(
        "chat.postMessage", {"channel": channel, "text": text}, token=town.tokens[who], resident=town.team
    )
    assert answer["ok"], answer


def texts(edge: TestEdge, socket: int) -> list[str]:
    """What a socket heard as plain messages."""
    return [frame["text"] for frame in edge.of(socket, "message") if "subtype" not in frame]


async def test_the_first_frame_is_hello_and_a_mark_follows(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.marked(1)
        assert [frame["type"] for frame in edge.heard[1]][:2] == ["hello", "x_mark"]
        names = {topic.partition("/")[2] for topic in edge.topics[1]}
    assert {town.general, town.room, town.users[0], town.team} <= names


async def test_a_ticket_opens_one_socket_once_and_at_its_own_edge(town: Town) -> None:
    async with edge_to(town.site) as edge, edge_to(town.site, "ber") as other:
        answer = await edge.ask("rtm.connect", token=town.tokens[0], resident=town.team)
        ticket = answer["url"].rpartition("/")[2]
        await other.open_with(1, ticket)
        await edge.open_with(1, ticket)
        await edge.open_with(2, ticket)
        assert other.refused(1) is not None
        assert edge.refused(1) is None
        assert edge.refused(2) is not None


@pytest.mark.parametrize("epoch", [0, 2])
async def test_a_socket_at_no_or_another_epoch_is_not_opened(town: Town, epoch: int) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team, epoch=epoch)
        refusal = edge.refused(1)
    assert refusal is not None
    assert refusal.reason == "service_unavailable"


async def test_the_sender_gets_the_reply_in_the_place_of_the_event_and_everybody_else_the_event(
    town: Town,
) -> None:
    async with edge_to(town.site) as edge:
        for number, who in ((1, 0), (2, 0), (3, 1)):
            await edge.open_socket(number, town.tokens[who], town.team)
        await post(edge, town, 1, town.room, "before")
        await edge.say(1, id=7, type="message", channel=town.room, text="mine", client_msg_id="k1")
        await edge.until(lambda: any(frame.get("reply_to") == 7 for frame in edge.heard[1]))
        await post(edge, town, 1, town.room, "after")
        await edge.until(lambda: "after" in texts(edge, 1) and "after" in texts(edge, 3))
        assert texts(edge, 2) == texts(edge, 3) == ["before", "mine", "after"]
        kinds = [frame for frame in edge.heard[1] if "text" in frame]
        assert [frame["text"] for frame in kinds] == ["before", "mine", "after"]
        assert (kinds[1]["ok"], kinds[1]["client_msg_id"]) == (True, "k1")
        assert [frame["x_seq"] for frame in kinds] == [kinds[0]["x_seq"] + step for step in range(3)]


async def test_a_repeated_client_msg_id_is_answered_with_the_first_message(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        for number in (1, 2):
            await edge.say(1, id=number, type="message", channel=town.room, text="once", client_msg_id="k")
        await edge.until(lambda: len([f for f in edge.heard[1] if "reply_to" in f]) == 2)
        first, second = (frame for frame in edge.heard[1] if "reply_to" in frame)
    assert first["ts"] == second["ts"]


async def test_two_edges_get_one_copy_each_however_many_sockets_they_have(town: Town) -> None:
    async with edge_to(town.site) as one, edge_to(town.site, "ber") as two:
        for edge, numbers in ((one, (1, 2, 3)), (two, (1, 2))):
            for number in numbers:
                await edge.open_socket(number, town.tokens[number % 2], town.team)
        await post(one, town, 0, town.room, "to all")
        for edge, number in ((one, 3), (two, 2)):
            await edge.until(lambda edge=edge, number=number: texts(edge, number) == ["to all"])
        for edge in (one, two):
            copies = [f.event for f in edge.frames if f.HasField("event") and b"to all" in f.event.data]
            assert len(copies) == 1


async def test_members_hear_from_the_moment_they_join_and_not_after_they_leave(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[2], town.team)
        who = {"token": town.tokens[0], "resident": town.team}
        guest_who = {"token": town.tokens[2], "resident": town.team}
        await post(edge, town, 0, town.room, "unheard")
        await edge.ask("conversations.invite", {"channel": town.room, "users": town.users[2]}, **who)
        await post(edge, town, 0, town.room, "heard")
        assert (await edge.ask("conversations.leave", {"channel": town.room}, **guest_who))["ok"]
        await post(edge, town, 0, town.room, "unheard again")
        await post(edge, town, 0, town.general, "end")
        await edge.until(lambda: "end" in texts(edge, 1))
    assert texts(edge, 1) == ["heard", "end"]


async def test_resuming_tells_exactly_what_the_user_had_the_right_to_hear_before_anything_live(
    town: Town,
) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[2], town.team)
        mark = await edge.marked(1)
        await edge.send(wire.EdgeFrame(close_socket=wire.CloseSocket(socket=1, code=1001, reason="gone")))
        who = {"token": town.tokens[0], "resident": town.team}
        guest_who = {"token": town.tokens[2], "resident": town.team}
        guest = {"channel": town.room, "users": town.users[2]}
        await post(edge, town, 0, town.room, "no 1")
        await edge.ask("conversations.invite", guest, **who)
        await post(edge, town, 0, town.room, "yes 1")
        assert (await edge.ask("conversations.leave", {"channel": town.room}, **guest_who))["ok"]
        await post(edge, town, 0, town.room, "no 2")
        await edge.ask("conversations.invite", guest, **who)
        await post(edge, town, 0, town.room, "yes 2")
        await post(edge, town, 0, town.general, "yes 3")
        posting = asyncio.ensure_future(post(edge, town, 0, town.general, "live"))
        await edge.open_socket(2, town.tokens[2], town.team, mark)
        await posting
        await edge.until(lambda: "live" in texts(edge, 2))
        assert edge.heard[2][0] == {"type": "hello"}
        assert texts(edge, 2) == ["yes 1", "yes 2", "yes 3", "live"]
        general = [f["x_seq"] for f in edge.of(2, "message") if f["channel"] == town.general]
        assert general == list(range(general[0], general[0] + len(general)))


LONG = "x" * 3_900


async def away_for_long(edge: TestEdge, town: Town) -> str:
    """The mark of ann's socket, which missed more than a few pieces of a replay."""
    await edge.open_socket(1, town.tokens[0], town.team)
    mark = await edge.marked(1)
    await edge.send(wire.EdgeFrame(close_socket=wire.CloseSocket(socket=1, code=1001, reason="gone")))
    for number in range(60):
        await post(edge, town, 1, town.room, f"{number} {LONG}")
    edge.takes_nothing = True
    await edge.open_socket(2, town.tokens[0], town.team, mark)
    return mark


async def test_a_long_replay_goes_as_fast_as_its_client_takes_it(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await away_for_long(edge, town)
        taken = 0
        while len(texts(edge, 2)) < 60:
            await edge.until(lambda: len(edge.unconfirmed) == AHEAD + 1 or len(texts(edge, 2)) == 60)
            await asyncio.sleep(0.1)
            assert len(edge.unconfirmed) <= AHEAD + 1
            await edge.take()
            taken += 1
        assert taken > 3
        posting = asyncio.ensure_future(post(edge, town, 1, town.room, "meanwhile"))
        while edge.unconfirmed:
            await edge.take()
        await posting
        await edge.until(lambda: len(texts(edge, 2)) == 61)
        assert [text.split()[0] for text in texts(edge, 2)] == [*map(str, range(60)), "meanwhile"]


async def test_who_takes_nothing_of_a_long_replay_is_given_up(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "TAKEN_S", 0.3)
    async with edge_to(town.site) as edge:
        await away_for_long(edge, town)
        await edge.until(lambda: edge.closed(2))
        assert edge.closed(2) == "slow"
        assert len(texts(edge, 2)) < 60


async def test_a_mark_of_somebody_else_or_of_nobody_begins_afresh_and_says_so(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        mark = await edge.marked(1)
        await edge.open_socket(2, town.tokens[1], town.team, mark)
        await edge.open_socket(3, town.tokens[0], town.team, "bm90IGEgbWFyaw")
        await edge.open_socket(4, town.tokens[0], town.team, mark)
        assert [edge.heard[number][0].get("x_resync", False) for number in (2, 3, 4)] == [True, True, False]


async def test_a_socket_that_heard_something_gets_a_newer_mark_and_a_silent_one_none(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.open_socket(2, town.tokens[2], town.team)
        await post(edge, town, 0, town.room, "for two of three")
        await edge.until(lambda: len(edge.of(1, "x_mark")) == 2)
        await asyncio.sleep(0.5)
        assert len(edge.of(1, "x_mark")) == 2
        assert len(edge.of(2, "x_mark")) == 1


async def test_a_revoked_token_closes_its_sockets_and_opens_no_more(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        answer = await edge.ask("rtm.connect", token=town.tokens[0], resident=town.team)
        ticket = answer["url"].rpartition("/")[2]
        tried = await edge.ask("auth.revoke", {"test": True}, token=town.tokens[0], resident=town.team)
        assert tried == {"ok": True, "revoked": False}
        revoked = await edge.ask("auth.revoke", token=town.tokens[0], resident=town.team)
        assert revoked == {"ok": True, "revoked": True}
        await edge.until(lambda: edge.closed(1) is not None)
        assert edge.closed(1) == "token_revoked"
        await edge.open_with(2, ticket)
        refusal = edge.refused(2)
        assert refusal is not None
        assert refusal.reason == "token_revoked"
        await edge.say(1, id=1, type="message", channel=town.room, text="ghost")
        history = await edge.ask(
            "conversations.history", {"channel": town.room}, token=town.tokens[1], resident=town.team
        )
    assert all(message.get("text") != "ghost" for message in history["messages"])


async def test_what_cannot_be_read_is_answered_and_closes_nothing(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        for data in (b"{", b"[]", b'"x"', b'{"type":7}', b"\xff\xfe", b"[" * 5_000, b" " * 20_000):
            await edge.send(wire.EdgeFrame(socket_frame=wire.SocketFrame(socket=1, data=data)))
        await edge.say(1, id=1, type="nonsense")
        await edge.say(1, id=2, type="message", channel=town.room)
        await edge.say(1, id=3, type="message", channel=town.room, text="x" * 4_001)
        await edge.say(1, id=4, type="message", channel="C000000000000", text="where")
        await edge.say(1, id="five", type="ping", more={"a": 1})
        await edge.until(lambda: edge.of(1, "pong"))
        errors = [frame for frame in edge.heard[1] if frame.get("ok") is False]
        await edge.until(lambda: len([f for f in edge.heard[1] if f.get("ok") is False]) == 11)
        errors = [frame for frame in edge.heard[1] if frame.get("ok") is False]
    assert [error.get("reply_to") for error in errors][:10] == [None] * 7 + [1, 2, 3]
    assert edge.of(1, "pong") == [{"type": "pong", "reply_to": "five", "more": {"a": 1}}]


async def test_typing_is_told_to_the_others_in_the_channel_and_leaves_no_event(town: Town) -> None:
    async with edge_to(town.site) as edge:
        for number in (1, 2, 3):
            await edge.open_socket(number, town.tokens[number - 1], town.team)
        head = (await town.cell.commits.state(town.team)).head
        await edge.say(3, id=1, type="typing", channel=town.room)
        await edge.say(1, id=1, type="typing", channel=town.room)
        await edge.until(lambda: edge.of(2, "user_typing"))
        assert edge.of(2, "user_typing") == [
            {"type": "user_typing", "channel": town.room, "user": town.users[0]}
        ]
        assert edge.of(1, "user_typing") == edge.of(3, "user_typing") == []
        assert (await town.cell.commits.state(town.team)).head == head


async def test_an_edge_without_credit_gets_nothing_more_and_costs_a_bounded_amount(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.send(wire.EdgeFrame(credit=wire.Credit(bytes=1)))
        await edge.until(lambda: True)
        for number in range(50):
            await edge.say(1, id=number, type="ping", filler="x" * 10_000)
        await asyncio.sleep(0.3)
        stalled = len(edge.of(1, "pong"))
        assert stalled < 50
        await edge.send(wire.EdgeFrame(credit=wire.Credit(bytes=10_000_000)))
        await edge.until(lambda: len(edge.of(1, "pong")) == 50)


async def test_an_edge_that_never_reads_is_cut_off(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.send(wire.EdgeFrame(credit=wire.Credit(bytes=1)))
        (session,) = town.cell.exchange._sessions
        session.outbox._bytes_max = 100_000
        with contextlib.suppress(grpc.aio.AioRpcError):
            for number in range(30):
                await edge.say(1, id=number, type="ping", filler="x" * 10_000)
        await asyncio.wait_for(edge.ended.wait(), 5)
    assert len(town.cell.sockets) == 0


async def test_draining_tells_edges_before_the_process_ends(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        before_ms = time.time() * 1000
        town.cell.lifespan.drain("test")
        assert "serving" in town.cell.missing()
        town.cell.exchange.drain(int(before_ms) + 5_000)
        await edge.until(lambda: any(f.HasField("drain") for f in edge.frames))
        by_ms = next(f.drain.by_ms for f in edge.frames if f.HasField("drain"))
    assert before_ms < by_ms < before_ms + 10_000


async def test_an_edge_that_may_hear_nothing_any_more_takes_nothing_from_the_others(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        edge_to(town.site, "iad", "US") as abroad,
        edge_to(town.site, "ber") as near,
        edge_to(town.site) as edge,
    ):
        await edge.open_socket(1, town.tokens[0], town.team)
        await abroad.open_socket(1, town.tokens[1], town.team)
        await near.open_socket(1, town.tokens[1], town.team)

        def refused(*_: object, **__: object) -> None:
            raise LedgerUnavailableError(why="full")

        monkeypatch.setattr(town.cell.passages, "edge_passage", refused)
        await edge.say(1, id=1, type="message", channel=town.room, text="hello")
        await edge.until(lambda: any(frame.get("reply_to") == 1 for frame in edge.heard[1]))
        await near.until(lambda: near.of(1, "message"))
        await abroad.until(lambda: abroad.closed(1) == "withheld")
        assert abroad.of(1, "message") == []
        await edge.say(1, id=2, type="message", channel=town.room, text="still there")
        await near.until(lambda: len(near.of(1, "message")) == 2)


async def test_a_word_for_one_user_is_told_where_it_may_be_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with edge_to(town.site, "iad", "US") as abroad, edge_to(town.site) as edge:
        for number in (1, 2, 3):
            await abroad.open_socket(number, town.tokens[1], town.team)
        await edge.open_socket(1, town.tokens[1], town.team)

        def refused(*_: object, **__: object) -> None:
            raise LedgerUnavailableError(why="full")

        monkeypatch.setattr(town.cell.passages, "edge_passage", refused)
        town.cell.live.tell_user(town.team, town.users[1], text_frame(b'{"type":"x"}'))
        await edge.until(lambda: edge.of(1, "x"))
        for number in (1, 2, 3):
            await abroad.until(partial(is_withheld, abroad, number))
            assert abroad.of(number, "x") == []


def is_withheld(edge: TestEdge, number: int) -> bool:
    return edge.closed(number) == "withheld"


async def test_an_edge_is_told_how_many_sends_may_come_once_some_found_no_place(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = town.cell.stores.log
    append, free = log.append, asyncio.Event()

    async def slow(shares: Sequence[Append]) -> list[Outcome]:
        await free.wait()
        return await append(shares)

    monkeypatch.setattr(log, "append", slow)
    monkeypatch.setattr(town.cell.commits.queue, "_lane_max", 10)
    async with edge_to(town.site) as edge:
        free.set()
        await edge.open_socket(1, town.tokens[0], town.team)
        free.clear()
        for number in range(15):
            await edge.say(1, id=number, type="message", channel=town.room, text=f"m{number}")
        await edge.until(lambda: any(frame.HasField("send_limit") for frame in edge.frames))
        limit = next(frame.send_limit for frame in edge.frames if frame.HasField("send_limit"))
        assert limit.resident == town.team
        assert 1 <= limit.per_s <= 50
        free.set()
        await edge.until(lambda: len([one for one in edge.heard[1] if "reply_to" in one]) == 15)
        replies = {one["reply_to"]: one for one in edge.heard[1] if "reply_to" in one}
    error = {"code": 4, "msg": "ratelimited"}
    assert [replies[number].get("error") for number in range(15)] == [None] * 10 + [error] * 5
    assert town.cell.commits.queue.refused == 5
