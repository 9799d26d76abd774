"""The loops against the bare edge and cell, which are processes, and the faults that they find."""

import pytest

from benchmarks.bare.start import bare_chat, bare_page
from benchmarks.http import Asker, once
from benchmarks.http import closed_loop as asked_again
from benchmarks.loops import closed_loop, drained, faults_of, open_loop
from benchmarks.sockets import Member

ROOMS, MEMBERS = 2, 3


async def test_both_loops_find_rates_and_times_and_every_member_has_everything() -> None:
    async with bare_chat(ROOMS, MEMBERS, timed=ROOMS * MEMBERS) as (rooms, cpu_s):
        senders = [room[0] for room in rooms]
        closed = await closed_loop(rooms, senders, 2, 0.1, 0.5, cpu_s)
        times_us = await open_loop(rooms, senders, 50.0, 0.5)
        assert await drained(rooms)
        assert not faults_of(rooms)
    assert closed["sends"] > 0
    assert closed["deliveries"] > closed["sends"]
    assert len(times_us) == int(50.0 * 0.5) * MEMBERS
    assert all(0 < one < 60_000_000 for one in times_us)


def member(sent: int, answered: int, delivered: int, order: int = 0, refused: int = 0) -> Member:
    made = Member(timed=True)
    made.sent, made.answered, made.delivered, made.order, made.refused = (
        sent,
        answered,
        delivered,
        order,
        refused,
    )
    return made


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ({"sent": 0, "answered": 0, "delivered": 3}, []),
        ({"sent": 1, "answered": 0, "delivered": 3}, ["1 sends without an answer"]),
        ({"sent": 0, "answered": 0, "delivered": 2}, ["1 of 3 messages missing"]),
        ({"sent": 0, "answered": 0, "delivered": 4}, ["1 more than the 3 accepted messages"]),
        ({"sent": 0, "answered": 0, "delivered": 3, "order": 9}, ["members of one room saw two orders"]),
        ({"sent": 1, "answered": 1, "delivered": 3, "refused": 1}, []),
    ],
)
async def test_what_a_member_lacks_or_has_twice_is_a_fault(other: dict[str, int], fault: list[str]) -> None:
    assert faults_of([[member(3, 3, 3), member(**other)]]) == fault


async def test_nothing_is_asked_of_a_member_after_the_end_of_its_socket() -> None:
    cut = member(0, 0, 1)
    cut.connection_lost(None)
    assert faults_of([[member(3, 3, 3), cut]]) == ["1 of 2 sockets ended"]
    assert faults_of([[member(3, 3, 2), cut]]) == ["1 of 2 sockets ended", "1 of 3 messages missing"]


async def test_a_bare_page_is_answered_with_its_bytes_again_and_again() -> None:
    async with bare_page(b'{"ok":true}') as api:
        asked = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        assert await once(api, asked) == b'{"ok":true}'
        rate, times_us = await asked_again(api, asked, 2, 0.3)
    assert rate > 0
    assert times_us


async def test_an_answer_that_is_not_200_is_counted() -> None:
    asker = Asker(b"")
    asker.data_received(b"HTTP/1.1 503 Service Unavailable\r\nContent-Le")
    asker.data_received(b"ngth: 2\r\n\r\nn")
    assert not asker.times_us
    asker.data_received(b"o")
    assert asker.refused == 1
    assert asker.body == b"no"
