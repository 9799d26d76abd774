"""Bugs in an edge, and the one condition under which two processes of a cell write one workspace."""

import random
from typing import Any

from edge.adapters.cells import pool
from edge.domain import fanout
from edge.services.calls import Calls
from tests.support.bugs.patching import replace

_dice = random.Random()


def tell_twice() -> None:
    """Every fiftieth event goes to its listeners twice."""

    def make(real: Any) -> Any:
        def event(self: Any, *arguments: Any, **named: Any) -> None:
            real(self, *arguments, **named)
            if _dice.random() < 0.02:
                real(self, *arguments, **named)

        return event

    replace(fanout.FanOut, "event", make)


def turn_tick_round() -> None:
    """What a topic got in one tick is told last first."""

    def make(real: Any) -> Any:
        def init(self: Any, places: list[int], frames: list[bytes]) -> None:
            real(self, places, frames[::-1])
            self.joined = b"".join(self.frames)

        return init

    replace(fanout._Run, "__init__", make)


def ask_again_without_key() -> None:
    """Messages without a key are sent to the cell twice, as if the first answer had not come."""

    def make(real: Any) -> Any:
        async def forward(self: Any, placement: Any, cell: Any, request: Any, *rest: Any) -> Any:
            answer = await real(self, placement, cell, request, *rest)
            if request.method == "chat.postMessage" and b"client_msg_id" not in request.body:
                answer = await real(self, placement, cell, request, *rest)
            return answer

        return forward

    replace(Calls, "forward", make)


def other_process_first() -> None:
    """This edge prefers the process that other edges take for the last: slower, and as good."""
    replace(pool, "ranked", lambda real: lambda resident, addresses: real(resident, addresses)[::-1])
