"""A call that wrote something and failed then is not told as one that did nothing."""

import asyncio

import pytest

from accord import written
from accord.errors import (
    ColinkError,
    ForbiddenError,
    NotReadyError,
    OutcomeUnknownError,
    StorageFullError,
)


@pytest.mark.parametrize("error", [NotReadyError(), StorageFullError(), ForbiddenError()])
async def test_who_wrote_nothing_is_told_the_error_itself(error: ColinkError) -> None:
    written.begin()
    assert written.told(error) is error


@pytest.mark.parametrize("error", [NotReadyError(), StorageFullError()])
async def test_come_again_is_not_said_of_what_stands(error: ColinkError) -> None:
    written.begin()
    assert written.noted("done") == "done"
    assert isinstance(written.told(error), OutcomeUnknownError)
    refusal = ForbiddenError()
    assert written.told(refusal) is refusal
    written.begin()
    assert written.told(error) is error


async def test_calls_beside_do_not_know_of_each_other() -> None:
    async def call(writes: bool) -> ColinkError:
        written.begin()
        if writes:
            written.noted(None)
        await asyncio.sleep(0)
        return written.told(NotReadyError())

    told = await asyncio.gather(call(True), call(False))
    assert [type(error) for error in told] == [OutcomeUnknownError, NotReadyError]
