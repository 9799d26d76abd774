"""What comes together begins bit by bit, whoever has little is not behind who has much."""

import asyncio

from regional_cell.entrypoints.gateway.turns import Turns

AT_ONCE = 4


async def test_so_many_begin_in_a_turn_and_what_comes_alone_at_once() -> None:
    begun: list[int] = []
    turns = Turns(begun.append, AT_ONCE)
    for piece in range(10):
        turns.add("T1", piece)
    seen = [len(begun)]
    while len(turns):
        await asyncio.sleep(0)
        seen.append(len(begun))
    assert (seen, begun) == ([4, 8, 10], list(range(10)))
    turns.add("T1", 10)  # in the turn of the last two: there is room
    assert begun[-1] == 10
    for _ in range(3):
        await asyncio.sleep(0)
    turns.add("T1", 11)
    assert begun[-1] == 11


async def test_who_has_little_does_not_wait_for_who_has_much() -> None:
    begun: list[str] = []
    turns = Turns(begun.append, AT_ONCE)
    for place in range(100):
        turns.add("loud", f"loud {place}")
    turns.add("quiet", "quiet")
    await asyncio.sleep(0)
    assert "quiet" in begun
    assert len(begun) == 2 * AT_ONCE


async def test_what_was_cleared_never_begins() -> None:
    begun: list[int] = []
    turns = Turns(begun.append, AT_ONCE)
    for piece in range(10):
        turns.add("T1", piece)
    turns.clear()
    for _ in range(5):
        await asyncio.sleep(0)
    assert begun == list(range(AT_ONCE))
