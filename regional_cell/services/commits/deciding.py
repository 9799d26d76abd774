"""Deciding: from queued commands to numbered, sealed shares of a batch.

Invariants
    1. Commands of one resident are decided in the order in which they were taken.
    2. A command fails alone, whatever its decision raises.
"""

import asyncio
from collections.abc import Callable

from accord.clock import Clock
from accord.errors import ColinkError, InternalError
from regional_cell.domain.batches import Plan
from regional_cell.domain.decisions import Committed, Decided
from regional_cell.domain.state import OPEN, State
from regional_cell.ports.log import Sealer
from regional_cell.services.commits.batch import Batch
from regional_cell.services.commits.commands import Command, planned, refusal
from regional_cell.services.commits.queue import CommandQueue
from regional_cell.services.commits.states import States

SLICE_COMMANDS = 64
# (state, decided, principal) -> what may be written of it, with what follows from it. Raises what refuses it.
Rule = Callable[[State, Decided, str], Decided]


def unruled(state: State, decided: Decided, principal: str) -> Decided:
    """Whatever was decided."""
    return decided


class Deciding:
    """Fills batches. `rule` is asked about each structural command, after it was decided.

    Args:
        report: told of defects.
    """

    def __init__(
        self, states: States, queue: CommandQueue, sealer: Sealer, clock: Clock,
        report: Callable[[Exception], None],
    ) -> None:  # fmt: skip
        self._states, self._queue, self._sealer, self._clock = states, queue, sealer, clock
        self._report = report
        self.rule: Rule = unruled

    async def decide(self, batch: Batch, commands: list[Command]) -> None:
        """Add what is to be written. Commands that must wait for a commit are deferred, those whose state is
        not here wait for it. Lets others run between slices.
        """
        now_us = self._clock.now_us()
        batch.count += len(commands)
        for index, command in enumerate(commands, 1):
            if index % SLICE_COMMANDS == 0:
                await asyncio.sleep(0)
            plan = batch.plans.get(command.resident)
            if plan is None:
                held = self._states.hold(command.resident)
                if not held.ready or held.state is None:
                    self._states.wait_last(command)
                    continue
                held.flight = batch.flight
                plan = batch.plan(command.resident, held.state)
            if plan.closed:
                batch.deferred.append(command)
                continue
            try:
                self._decide(command, plan, now_us, batch)
            except ColinkError as error:
                self._queue.fail(command, error)
            except Exception as error:
                self._report(error)
                self._queue.fail(command, InternalError())

    def _decide(self, command: Command, plan: Plan, now_us: int, batch: Batch) -> None:
        """Add a share, unless nothing is to be written: answered, refused, or following the first of its
        key.
        """
        state = plan.state
        if state.lifecycle != OPEN or command.epoch not in (None, state.epoch):
            self._refuse(command, state)
            return
        first_us = plan.first_us(now_us)
        decided = command.decide(state, first_us)
        if decided.structural:
            decided = self.rule(state, decided, command.principal)
        if not decided.drafts:
            self._queue.resolve(command, Committed((), state, None, decided.answer))
            return
        key = decided.client_msg_id
        if key is not None and (first := batch.firsts.get((command.resident, *key))) is not None:
            first.followers.append(command)
            return
        one = planned(self._sealer, command, plan, decided, first_us)
        if key is not None:
            batch.firsts[command.resident, *key] = one
        batch.shares.append(one)

    def _refuse(self, command: Command, state: State) -> None:
        """Not with this epoch or in this life cycle, unless the fencing row says that the state here is
        old.
        """
        if command.rounds == 0:
            command.rounds = 1
            self._states.wait([command])
        else:
            self._queue.fail(command, refusal(state))
