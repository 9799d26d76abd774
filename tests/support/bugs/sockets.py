"""Bugs in what a cell tells sockets."""

import random
from typing import Any

from regional_cell.services import sockets
from regional_cell.services.commits.states import States
from regional_cell.services.live import Live
from regional_cell.services.replays import Replays
from tests.support.bugs.patching import replace

_dice = random.Random()


def resume_one_late() -> None:
    """The first event that a socket missed is taken for told."""

    def make(real: Any) -> Any:
        async def since(self: Any, state: Any, user: str, after: int) -> list[bytes] | None:
            missed: list[bytes] | None = await real(self, state, user, after)
            return missed and missed[1:]

        return since

    replace(Replays, "since", make)


def resume_hides_gap() -> None:
    """A socket that goes on is told nothing of what it missed, and nothing of that."""

    def make(real: Any) -> Any:
        async def replay(self: Any, socket: Any, record: Any, state: Any, mark: int) -> None:
            self._begin(socket, record, state, sockets.HELLO)

        return replay

    replace(sockets.Sockets, "_replay", make)


def replay_after_reset() -> None:
    """A socket says that it begins anew, and is then told what came before."""
    replace(sockets, "HELLO", lambda real: sockets.HELLO_RESYNC)


def leavers_hear_on() -> None:
    """Whoever leaves a channel goes on hearing of it on the sockets that are open."""

    def make(real: Any) -> Any:
        def move(self: Any, resident: Any, socket: Any, topic: str, added: bool) -> None:
            if added:
                real(self, resident, socket, topic, added)

        return move

    replace(Live, "_move", make)


def others_events_lost() -> None:
    """Now and then, of what another process wrote, the first event is taken for told."""
    folding: set[str] = set()

    def make_fold(real: Any) -> Any:
        def fold(self: Any, state: Any, events: Any) -> None:
            folding.add(state.resident)
            try:
                real(self, state, events)
            finally:
                folding.discard(state.resident)

        return fold

    def make_committed(real: Any) -> Any:
        def committed(self: Any, state: Any, events: Any) -> None:
            entry = self._residents.get(state.resident)
            following = entry is not None and events and events[0][0].sequence == entry.position + 1
            if following and state.resident in folding and _dice.random() < 0.1:
                entry.position += 1
                events = events[1:]
            real(self, state, events)

        return committed

    replace(States, "_fold", make_fold)
    replace(Live, "committed", make_committed)
