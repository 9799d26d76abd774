"""What the verbs of `colink keys` share: the cell that is looked after, its secrets folder, whom to ask.

Invariants
    1. A secret goes into the file of the secrets folder and nowhere else: not on the wire, not on a terminal.
    2. Each step is waited for in every process that it concerns before the next begins; who cannot be heard
       is named, and nothing goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from accord.errors import ColinkError
from accord.runtime.key_files import format_keys, parse_keys
from accord.wire.cell.v1 import operations_pb2 as cell_pb
from accord.wire.directory.v1 import directory_pb2 as pb
from deploy.demo.layout import write_secret
from deploy.demo.operator import Operator

LOOK_S = 0.25
WALK_S_MAX = 6 * 3600.0
RETIRED = pb.CELL_STATE_RETIRED


class KeysError(Exception):
    """It was tried and not done; the text says how far it came."""


@dataclass(frozen=True, slots=True)
class Files:
    """The secrets folder of the cell."""

    folder: Path

    def read(self, name: str) -> list[bytes]:
        """Keys of a file, the one in use first."""
        return list(parse_keys((self.folder / name).read_bytes()))

    def write(self, name: str, keys: list[bytes]) -> None:
        """Put these keys into the file, synced, in one step."""
        data = format_keys(keys)
        parse_keys(data)
        write_secret(self.folder / name, data)


class Desk:
    """One cell of a federation, as its operator sees it.

    Args:
        directory: address of the directory; wait_s: how long a step is waited for.
        say: is told each step, as names and values.
    """

    def __init__(
        self,
        operator: Operator,
        directory: str,
        cell: str,
        files: Files,
        wait_s: float,
        say: Callable[..., None],
    ) -> None:
        self._operator, self._directory, self.cell = operator, directory, cell
        self.files, self._wait_s, self.say = files, wait_s, say

    async def everybody(self) -> pb.ListCellsResponse:
        """Cells, edges, and how far each is."""
        request = pb.ListCellsRequest(context=self._operator.context())
        return await self._operator.ask(self._operator.cells(self._directory).List, request)

    async def entry(self) -> pb.Cell:
        """The cell's entry in the directory. Raises KeysError."""
        for status in (await self.everybody()).cells:
            if status.cell.name == self.cell:
                return status.cell
        raise KeysError(f"the directory knows no cell {self.cell}")

    async def status(self) -> list[cell_pb.KeysResponse]:
        """The keys of every process of the cell. Raises ColinkError when one does not answer."""
        found = []
        for address in (await self.entry()).addresses:
            request = cell_pb.KeysRequest(context=self._operator.context())
            found.append(
                await self._operator.ask(self._operator.operations(address, self.cell).Keys, request)
            )
        return found

    async def admit(self, key: pb.Key) -> None:
        """Tell the directory of a key of the cell, or of its next state."""
        request = pb.AdmitRequest(context=self._operator.context(), cell=await self.entry(), keys=[key])
        await self._operator.ask(self._operator.cells(self._directory).Admit, request)

    async def until(self, what: str, missing: Callable[[], Awaitable[list[str]]]) -> None:
        """Wait until nobody is missing. Raises KeysError, which names who is."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._wait_s
        while names := await missing():
            if loop.time() >= until_s:
                raise KeysError(f"{what}: still waiting for {', '.join(names)} after {self._wait_s:g} s")
            await asyncio.sleep(LOOK_S)

    async def until_processes(self, what: str, done: Callable[[cell_pb.KeysResponse], bool]) -> None:
        """Wait until it is so in every process of the cell."""

        async def missing() -> list[str]:
            try:
                found = await self.status()
            except ColinkError as error:
                return [f"a process of {self.cell} ({error.reason.value.lower()})"]
            return [f"process {number} of {self.cell}" for number, one in enumerate(found) if not done(one)]

        await self.until(what, missing)

    async def until_everybody(self, what: str, without: list[str]) -> None:
        """Wait until every cell and edge holds the route table as it is now, apart from those named."""
        version = (await self.everybody()).watch_version

        async def missing() -> list[str]:
            now = await self.everybody()
            names = [one.cell.name for one in now.cells if one.cell.state != RETIRED]
            names += [edge.name for edge in now.edges]
            return [name for name in names if name not in without and now.held.get(name, 0) < version]

        await self.until(what, missing)

    async def walk(self, start: Callable[[Any], Any]) -> cell_pb.KeysProgress:
        """Follow a walk over all keys to its end, telling how far it is. `start` is given `Operations`.

        Raises:
            KeysError: it broke, or left something as it was; what was done stays done.
        """
        address = (await self.entry()).addresses[0]
        last = cell_pb.KeysProgress()
        try:
            async for last in _steps(start(self._operator.operations(address, self.cell))):
                self.say(step="walked", done=last.done, changed=last.changed, failed=len(last.failed))
        except grpc.aio.AioRpcError as error:
            raise KeysError(f"ended after {last.done} keys ({error.code().name}); run it again") from None
        if last.failed:
            some = ", ".join(f"{name} ({why})" for name, why in list(last.failed.items())[:5])
            raise KeysError(f"{len(last.failed)} residents were left as they were: {some}")
        return last

    def context(self) -> Any:
        """A context of the operator's own."""
        return self._operator.context()


async def _steps(call: Any) -> AsyncIterator[cell_pb.KeysProgress]:
    async for progress in call:
        yield progress
