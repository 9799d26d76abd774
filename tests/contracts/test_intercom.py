"""What every intercom promises; run on each of them."""

import asyncio
from collections.abc import AsyncIterator, Sized
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from regional_cell.adapters.local.intercom import LocalIntercom
from regional_cell.adapters.memory.intercom import MemoryIntercom
from regional_cell.ports.intercom import Intercom

WAIT_S = 30
Heard = list[tuple[str, bytes]]


def recorded(intercom: Intercom, *subjects: str) -> Heard:
    """Everything that it hears on the subjects, from now on."""
    heard: Heard = []
    for subject in subjects:
        intercom.listen(subject, partial(_keep, heard, subject))
    return heard


def _keep(heard: Heard, subject: str, body: bytes) -> None:
    heard.append((subject, body))


async def until(heard: Sized, count: int) -> None:
    """Wait until so many words, or whatever it is, came."""
    async with asyncio.timeout(WAIT_S):
        while len(heard) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.fixture(params=["local", "memory"])
async def three(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Intercom]]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            group: list[MemoryIntercom] = []
            yield [MemoryIntercom(group) for _ in range(3)]
            return
        made = [LocalIntercom(tmp_path, name) for name in ("one", "two", "three")]
        for intercom in made:
            await intercom.open()
            stack.push_async_callback(intercom.close)
        yield list(made)


async def test_a_word_is_heard_by_all_others_once_and_not_by_who_says_it(three: list[Intercom]) -> None:
    one, two, last = (recorded(intercom, "a") for intercom in three)
    assert not three[0].alone
    three[0].tell("a", b"word")
    for heard in (two, last):
        await until(heard, 1)
        assert heard == [("a", b"word")]
    three[1].tell("a", b"back")
    await until(last, 2)
    await until(one, 1)
    assert (one, two) == ([("a", b"back")], [("a", b"word")])


async def test_words_of_one_come_in_their_order_on_their_subject(three: list[Intercom]) -> None:
    heard, other = recorded(three[1], "a", "b"), recorded(three[2], "b")
    sizes = (0, 1, 100_000, 70_000, 3, 2_000_000, 5)
    for number, size in enumerate(sizes):
        three[0].tell("ab"[number % 2], bytes([number]) * size)
    await until(heard, len(sizes))
    assert [(subject, len(body)) for subject, body in heard] == [
        ("ab"[number % 2], size) for number, size in enumerate(sizes)
    ]
    await until(other, 3)
    assert {subject for subject, _ in other} == {"b"}


async def test_a_listener_that_breaks_harms_nobody(three: list[Intercom]) -> None:
    def broken(body: bytes) -> None:
        raise ZeroDivisionError

    three[1].listen("a", broken)
    heard = recorded(three[1], "a")
    three[0].tell("a", b"1")
    three[0].tell("nobody listens", b"2")
    three[0].tell("a", b"3")
    await until(heard, 2)
    assert [body for _, body in heard] == [b"1", b"3"]
