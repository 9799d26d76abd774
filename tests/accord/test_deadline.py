"""A deadline belongs to a call and to what is done for it, to nothing else."""

import asyncio

from accord import deadline


async def test_a_deadline_reaches_what_a_call_starts_and_nothing_beside_it() -> None:
    async def told() -> float:
        return deadline.until_s()

    async def call(moment_s: float) -> float:
        deadline.wait_until(moment_s)
        await asyncio.sleep(0)
        return await asyncio.create_task(told())

    told_of = [asyncio.create_task(call(moment_s)) for moment_s in (7.0, 9.0)]
    assert [await task for task in told_of] == [7.0, 9.0]
    assert deadline.until_s() == deadline.NEVER_S
