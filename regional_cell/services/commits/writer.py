"""The only way to change a resident: commands are decided, written in groups, synced, folded in,
acknowledged.

All of this runs on the event loop; only the store's own threads touch a disk. While they write one batch,
what comes is decided into the next one and the batch before is told. `linger.py` says what may be delayed.

Invariants
    1. A waiter is told `Committed` only after the store synced the batch; until then no state,
       event or number of it can be seen. Nothing acknowledged is lost or written twice; one client_msg_id is
       one message.
    2. A command is decided against the state at a head and written on condition that the head is still that
       one (the store's fence); when another process was first, the log is caught up and the command decided
       again.
    3. Commands of one resident are decided in the order of their submission.
    4. At most `queue_max` commands wait, half of them of one resident; one more is refused before anything
       happened. Residents have their turns (`queue.py`).
    5. After a batch whose end is not known, the heads of its residents are read again before anything is
       decided.
    6. What nobody waits for any more is not handed to the store: it is refused, and nothing was written.
"""

import asyncio
from collections.abc import Sequence

from accord import deadline, written
from accord.clock import Clock
from accord.errors import ColinkError, ConflictError, InternalError, NotReadyError, OutcomeUnknownError
from regional_cell.domain.decisions import Committed, Decide
from regional_cell.domain.state import State
from regional_cell.ports.commits import LiveFeed, Waiter
from regional_cell.ports.log import Behind, Doorbell, Duplicate, Log, Outcome, Sealer, Unmet, Written
from regional_cell.ports.views import Views
from regional_cell.services.commits.batch import Batch
from regional_cell.services.commits.commands import Command, Planned
from regional_cell.services.commits.deciding import Deciding
from regional_cell.services.commits.entries import Entries
from regional_cell.services.commits.linger import Linger
from regional_cell.services.commits.queue import CommandQueue
from regional_cell.services.commits.sizes import BatchSizes
from regional_cell.services.commits.states import States, Told

ROUNDS_MAX = 64
UNMET_MAX = 2
# Fewer wait for the store, so that they share a transaction with what comes until then.
AHEAD_COMMANDS = 64


class GroupCommits(Entries):
    """`ports.Commits`, and what bootstrap does with it: `feed`, `start`, `stop`.

    Args:
        doorbell: rung for each resident after a commit; heard for what other processes wrote.
        batch_max, queue_max, states_max: commands in a batch, commands that may wait, states held in memory.
        wait_s: how long a command may wait for the store where its caller's deadline is not earlier.
        shared: other processes write to the same store, so `state` looks at the head first.
    """

    def __init__(
        self, log: Log, views: Views, sealer: Sealer, clock: Clock, *, doorbell: Doorbell | None = None,
        batch_max: int = 512, queue_max: int = 8192, states_max: int = 4096, wait_s: float = 10.0,
        shared: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(log, sealer)
        self._doorbell = doorbell
        self._sizes, self._wait_s, self._shared = BatchSizes(batch_max), wait_s, shared
        self._feeds: tuple[LiveFeed, ...] = ()
        self.queue = CommandQueue(queue_max)
        self._states = States(
            log, views, sealer, states_max, tell=self._tell, go_on=self._go_on, fail=self.queue.fail
        )
        self.deciding = Deciding(self._states, self.queue, sealer, clock, self._report)
        self._untold: list[tuple[State, Told, list[Planned]]] = []
        self._linger = Linger(self.queue)
        self._stopping = False
        self._pump: asyncio.Task[None] | None = None
        if doorbell is not None:
            doorbell.listen(self._hear)

    @property
    def pending(self) -> int:
        """Commands submitted and not yet resolved."""
        return self.queue.pending

    def feed(self, *feeds: LiveFeed) -> None:
        """Name who hears of what is committed, in this order; before `start`."""
        self._feeds = feeds

    async def start(self) -> None:
        """Begin to write."""
        self._pump = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Refuse new commands, finish those that wait, and end."""
        self._stopping = True
        self.queue.stop()
        if self._pump is not None:
            await self._pump
        await self._states.stop()

    def enqueue(
        self,
        resident: str,
        decide: Decide,
        waiter: Waiter,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> None:
        """As `ports.Commits.enqueue`."""
        self._enqueue(resident, decide, waiter, principal, epoch, origin)

    def _enqueue(
        self,
        resident: str,
        decide: Decide,
        waiter: Waiter,
        principal: str,
        epoch: int | None,
        origin: object | None,
    ) -> Command:
        if self._stopping:
            raise NotReadyError(why="draining")
        self.queue.admit(resident)
        now_s = asyncio.get_running_loop().time()
        until_s = min(deadline.until_s(), now_s + self._wait_s)
        command = Command(resident, decide, principal, epoch, origin, waiter, now_s, until_s)
        if self._states.hold(resident).ready:
            self.queue.add((command,))
        else:
            self._states.wait_last(command)
        return command

    def submit(
        self,
        resident: str,
        decide: Decide,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> asyncio.Future[Committed]:
        """As `ports.Commits.submit`."""
        future: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self.enqueue(resident, decide, future, principal=principal, epoch=epoch, origin=origin)
        return future

    async def commit(
        self,
        resident: str,
        decide: Decide,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> Committed:
        """As `ports.Commits.commit`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Committed] = loop.create_future()
        command = self._enqueue(resident, decide, future, principal, epoch, origin)
        alarm = loop.call_at(command.until_s, self.queue.expire, command)
        try:
            # Cancelling the caller cancels the future alone: the command stays in the queue.
            return written.noted(await future)
        finally:
            alarm.cancel()

    async def state(self, resident: str) -> State:
        """As `ports.Commits.state`."""
        held = self._states.hold(resident)
        if not held.ready:
            await asyncio.shield(self._states.load(resident, held))
        if self._shared:
            # After a load too: it may have begun before another process acknowledged what is asked for.
            await self._states.catch_up(resident, held)
        if held.state is None:
            raise NotReadyError(resident=resident)
        self._tell_rest()
        return held.state

    def pin(self, resident: str) -> None:
        """Keep the state here and caught up on every ring, as long as somebody listens. Balanced by
        `unpin`.
        """
        self._states.hold(resident).pins += 1

    def unpin(self, resident: str) -> None:
        """Let the state go again."""
        if (held := self._states.find(resident)) is not None and held.pins:
            held.pins -= 1

    def _hear(self, resident: str, head: int) -> None:
        """A doorbell rang. Only states that somebody listens to are caught up at once."""
        held = self._states.find(resident)
        if held is None or not held.pins or self._stopping:
            return
        if held.state is None or held.state.head < head:
            self._states.load(resident, held)

    async def _run(self) -> None:
        writing: Batch | None = None
        while writing is not None or not self.queue.over:
            following = Batch(writing)
            await self._gather(following, writing)
            if writing is not None and writing.appending is not None:
                outcomes = await writing.appending
                self._sizes.written(len(writing.shares), asyncio.get_running_loop().time() - writing.began_s)
                self._land(writing)
                # INVARIANT: nothing waits from here to the fold, so no other fold can come between.
                if outcomes is not None:
                    self._settle(writing.shares, outcomes)
                following.go_on_from_states()
                self._revise(following)
            if not following.count and self._linger.wanted():
                self._tell_rest()
                # INVARIANT: nothing is decided while it waits for company, so nobody overtakes it.
                await self._linger.wait()
            shared = self.queue.shared
            taken = self.queue.take(self._sizes.most(shared=shared) - following.count)
            taken += self.queue.take_few(self._sizes.last(following.count + len(taken), shared=shared))
            await self.deciding.decide(following, taken)
            self.queue.put_back(following.deferred)
            writing = await self._begin(following)
        self._tell_rest()

    async def _gather(self, following: Batch, writing: Batch | None) -> None:
        """Decide many commands ahead while the batch before is written; without one, wait for the first."""
        appending = writing.appending if writing is not None else None
        while appending is not None and not appending.done():
            room = self._sizes.most(shared=self.queue.shared) - following.count
            if room > 0 and self.queue.ready >= AHEAD_COMMANDS:
                await self.deciding.decide(following, self.queue.take(room))
            else:
                await self.queue.wait()
        while appending is None and not self.queue.ready and not self.queue.over:
            await self.queue.wait()

    async def _begin(self, batch: Batch) -> Batch | None:
        """Hand the shares to the store; the batch before is told while it works. None: there are none."""
        if not batch.shares:
            self._land(batch)
            self._tell_rest()
            return None
        for one in batch.shares:
            one.command.writing = True
        batch.began_s = asyncio.get_running_loop().time()
        appending = batch.appending = asyncio.ensure_future(self._append(batch.shares))
        appending.add_done_callback(lambda _: self.queue.nudge())
        await asyncio.sleep(0)
        self._tell_rest()
        return batch

    def _land(self, batch: Batch) -> None:
        """Others may fold into the states of its residents again."""
        for resident in batch.plans:
            self._release(resident, batch)
        batch.flight.set_result(None)

    def _release(self, resident: str, batch: Batch) -> None:
        held = self._states.find(resident)
        if held is not None and held.flight is batch.flight:
            held.flight = None

    def _revise(self, batch: Batch) -> None:
        """Decide again what stands on something that did not come true, or beside what nobody waits for."""
        fallen = {
            resident
            for resident in batch.plans
            if (held := self._states.find(resident)) is None or not batch.stands(resident, held.state)
        }
        now_s = asyncio.get_running_loop().time()
        fallen |= {one.command.resident for one in batch.shares if one.command.is_late(now_s)}
        if not fallen:
            return
        for resident in fallen:
            self._release(resident, batch)
        back: list[Command] = []
        for command in batch.drop(fallen):
            if self._states.hold(command.resident).ready:
                back.append(command)
            else:
                self._states.wait_last(command)
        self.queue.put_back(back)

    async def _append(self, batch: list[Planned]) -> list[Outcome] | None:
        """The outcomes; None when the batch failed as a whole and its commands were told."""
        failure: ColinkError = OutcomeUnknownError()
        try:
            return await self._log.append([one.share for one in batch])
        except ColinkError as error:
            failure = error
        except Exception as error:
            self._report(error)
        for one in batch:
            held = self._states.find(one.command.resident)
            if held is not None and isinstance(failure, OutcomeUnknownError):
                held.stale = True
            for command in (one.command, *one.followers):
                self.queue.fail(command, failure)
        return None

    def _settle(self, batch: list[Planned], outcomes: Sequence[Outcome]) -> None:
        """Fold, and tell, at once or while the next batch is written; send everything else on its way."""
        written: dict[str, list[Planned]] = {}
        again: dict[str, list[Command]] = {}
        for one, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Written):
                written.setdefault(one.command.resident, []).append(one)
            else:
                self._unwritten(one, outcome, again)
        self._linger.settled({resident: len(its) for resident, its in written.items()})
        for its in written.values():
            state = its[0].state
            # The first event of a command is the one that its sender waits for.
            told = [
                (event, one.command.origin if event is one.events[0] else None)
                for one in its
                for event in one.events
            ]
            state.fold([event for event, _ in told], [change for one in its for change in one.changes])
            self._untold.append((state, told, its))
        for commands in again.values():
            self._states.wait(commands)
        if not self.queue.ready:
            self._tell_rest()

    def _tell_rest(self) -> None:
        """Tell the feeds and the waiters of what is folded, before anybody sees a later state."""
        untold, self._untold = self._untold, []
        for state, told, _ in untold:
            self._tell_feeds(state, told)
            if self._doorbell is not None:
                self._doorbell.ring(state.resident, state.head)
        for _, _, its in untold:
            for one in its:
                self.queue.resolve(one.command, Committed(one.events, one.state, None, one.decided.answer))
                for follower in one.followers:
                    self.queue.resolve(follower, Committed((), one.state, one.events[0]))

    def _unwritten(self, one: Planned, outcome: Outcome, again: dict[str, list[Command]]) -> None:
        if isinstance(outcome, Duplicate):
            for command in (one.command, *one.followers):
                self._states.spawn(self._answer_duplicate(command, outcome.sequence))
            return
        self._decide_again(one.command, outcome, again)
        if one.followers:
            again.setdefault(one.command.resident, []).extend(one.followers)

    def _decide_again(self, command: Command, outcome: Outcome, again: dict[str, list[Command]]) -> None:
        command.writing = False
        if isinstance(outcome, Behind):
            command.rounds += 1
        elif isinstance(outcome, Unmet):
            command.unmet += outcome.require is not None
            if outcome.require is not None and command.unmet >= UNMET_MAX:
                self.queue.fail(command, ConflictError(what=outcome.require.view))
                return
        else:
            self.queue.fail(command, InternalError(why="unfit"))
            return
        if command.rounds > ROUNDS_MAX:
            self.queue.fail(command, NotReadyError(resident=command.resident, why="contended"))
        else:
            again.setdefault(command.resident, []).append(command)

    async def _answer_duplicate(self, command: Command, sequence: int) -> None:
        try:
            event = await self.event(command.resident, sequence)
            held = self._states.hold(command.resident)
            if held.state is None or held.state.head < sequence:
                await asyncio.shield(self._states.load(command.resident, held))
            if event is None or held.state is None:
                raise ConflictError(what="client_msg_id")
            self.queue.resolve(command, Committed((), held.state, event))
        except ColinkError as error:
            self.queue.fail(command, error)
        except BaseException:
            self.queue.fail(command, OutcomeUnknownError())
            raise

    def _go_on(self, commands: list[Command]) -> None:
        self.queue.add(commands)

    def _tell(self, state: State, told: Told) -> None:
        """What others wrote; what was written here before it comes first."""
        self._tell_rest()
        self._tell_feeds(state, told)

    def _tell_feeds(self, state: State, told: Told) -> None:
        for feed in self._feeds:
            try:
                feed.committed(state, told)
            except Exception as error:
                # What is committed is committed: a listener's defect must not make the writer lie about it.
                self._report(error)

    def _report(self, error: Exception) -> None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "defect in the writer", "exception": error}
        )
