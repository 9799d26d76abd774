"""Sockets that count in whatever arrives, however it is cut."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sockets import MARK, Counter, Member, masked


def event(at_us: int) -> bytes:
    return b'{"type":"message","x_seq":7,"text":"~AT:%016d xx"}' % at_us


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Bytes with words in them and near words, cut anywhere."""
    parts = draw(
        st.lists(st.sampled_from([MARK, MARK[:-1], MARK[1:], b"~", b"x", MARK[:4] + MARK]), max_size=30)
    )
    whole = b"".join(parts)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


@given(streams())
def test_words_are_counted_once_wherever_the_stream_is_cut(pieces: list[bytes]) -> None:
    counter = Counter(MARK)
    for piece in pieces:
        counter.feed(piece)
    assert counter.count == b"".join(pieces).count(MARK)


@given(st.lists(st.integers(0, 10**15), max_size=8), st.lists(st.integers(0, 2_000), max_size=8))
def test_timed_and_counting_members_see_the_same_number(times_us: list[int], cuts: list[int]) -> None:
    whole = b"".join(event(one) for one in times_us)
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

    async def both() -> tuple[Member, Member]:
        members = Member(timed=True), Member()
        for a, b in pairwise(places):
            for member in members:
                member.data_received(whole[a:b])
        return members

    timed, counting = asyncio.run(both())
    assert timed.delivered == counting.delivered == len(times_us)
    assert len(timed.times_us) == len(times_us)


async def test_two_orders_have_two_checksums() -> None:
    one, other = Member(timed=True), Member(timed=True)
    one.data_received(event(1) + event(2))
    other.data_received(event(2) + event(1))
    assert one.delivered == other.delivered
    assert one.order != other.order


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data


async def test_a_ping_is_answered_and_who_is_cut_sends_nothing_more() -> None:
    wire, member = Wire(), Member()
    member.connection_made(wire)
    member.data_received(event(1) + b"\x89\x00" + event(2))
    assert wire.written == b"\x8a\x80\0\0\0\0"
    assert member.delivered == 2
    member.connection_lost(None)
    with pytest.raises(ConnectionResetError):
        member.send(1)


def test_a_client_frame_is_masked_with_zero() -> None:
    assert masked(b"hi") == b"\x81\x82\0\0\0\0hi"
    assert masked(b"x" * 200)[:8] == b"\x81\xfe\x00\xc8\0\0\0\0"
