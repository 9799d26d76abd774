"""What is decided together and written in one transaction: on top of the state, or of a batch before it that
is still being written.

Invariants
    1. Every command of a batch is decided against a committed state. A batch before it changes nothing that
       decisions look at: it would be `closed` then, and nothing of that resident is decided on top of it.
    2. A plan holds only if what it stands on came true: `stands` tells once the batch before was settled.
"""

import asyncio

from regional_cell.domain.batches import Plan
from regional_cell.domain.state import State
from regional_cell.ports.log import Outcome
from regional_cell.services.commits.commands import Command, Planned

Appending = asyncio.Future[list[Outcome] | None]


class Batch:
    """One batch, while it is decided and while it is written.

    Attributes:
        flight: done once it is settled; nobody else folds into the states of its residents before.
        appending: what the store says, once it was given the shares; began_s: when, by the event loop.
        deferred: commands that wait until a structural command before them is committed, in order.
    """

    __slots__ = (
        "_before", "appending", "began_s", "count", "deferred", "firsts", "flight", "plans", "shares",
    )  # fmt: skip

    def __init__(self, before: "Batch | None" = None) -> None:
        self._before = before.plans if before is not None else {}
        self.flight: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.appending: Appending | None = None
        self.began_s = 0.0
        self.plans: dict[str, Plan] = {}
        self.firsts: dict[tuple[str, str, str], Planned] = {}
        self.shares: list[Planned] = []
        self.deferred: list[Command] = []
        self.count = 0

    def plan(self, resident: str, state: State) -> Plan:
        """What this batch plans for a resident that it had nothing of yet."""
        plan = self.plans[resident] = Plan(state, self._before.get(resident))
        return plan

    def go_on_from_states(self) -> None:
        """The batch before was settled: further residents are planned for on top of their states alone."""
        self._before = {}

    def stands(self, resident: str, state: State | None) -> bool:
        """Whether the resident's plan goes on from exactly this state."""
        plan = self.plans[resident]
        return plan.state is state and plan.start == plan.state.head

    def drop(self, residents: set[str]) -> list[Command]:
        """Take the plans of these residents out. Gives their commands, in the order of their submission."""
        dropped: list[Command] = []
        for one in self.shares:
            if one.command.resident in residents:
                dropped += [one.command, *one.followers]
        self.shares = [one for one in self.shares if one.command.resident not in residents]
        dropped += [command for command in self.deferred if command.resident in residents]
        self.deferred = [command for command in self.deferred if command.resident not in residents]
        for resident in residents:
            del self.plans[resident]
        return dropped
