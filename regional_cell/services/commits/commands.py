"""What stands in the writer's queue, and what it becomes once decided."""

from accord.errors import ColinkError, FrozenError, StaleEpochError, UnknownResidentError, from_reason
from regional_cell.domain.batches import Plan
from regional_cell.domain.changes import Change
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from regional_cell.domain.views.apply import apply
from regional_cell.domain.views.registry import IN_STATE
from regional_cell.ports.commits import Waiter
from regional_cell.ports.log import Append, Sealer


class Command:
    """One submitted command. `rounds` counts lost fences, `unmet` failed conditions of its own.

    Nobody waits for it after `until_s`; `since_s` is when it came (both of the event loop). `writing`: the
    store has it; `over`: its waiter was told.
    """

    __slots__ = (
        "decide", "epoch", "origin", "over", "principal", "resident", "rounds", "since_s", "unmet", "until_s",
        "waiter", "writing",
    )  # fmt: skip

    def __init__(
        self, resident: str, decide: Decide, principal: str, epoch: int | None, origin: object | None,
        waiter: Waiter, since_s: float, until_s: float,
    ) -> None:  # fmt: skip
        self.resident = resident
        self.decide = decide
        self.principal = principal
        self.epoch = epoch
        self.origin = origin
        self.waiter = waiter
        self.since_s = since_s
        self.until_s = until_s
        self.rounds = 0
        self.unmet = 0
        self.writing = False
        self.over = False

    def is_late(self, now_s: float) -> bool:
        """Whether nobody waits for it any more."""
        return self.over or self.until_s <= now_s


class Planned:
    """A decided command: its numbered events, their changes to the state, and the share that the store gets.

    `followers` are commands of the same batch with the same client_msg_id: they share its fate.
    """

    __slots__ = ("changes", "command", "decided", "events", "followers", "share", "state")

    def __init__(
        self, command: Command, decided: Decided, events: tuple[Event, ...], changes: list[Change],
        share: Append, state: State,
    ) -> None:  # fmt: skip
        self.command = command
        self.decided = decided
        self.events = events
        self.changes = changes
        self.share = share
        self.state = state
        self.followers: list[Command] = []


def planned(sealer: Sealer, command: Command, plan: Plan, decided: Decided, first_us: int) -> Planned:
    """Number, seal and fold-to-be what was decided. Raises InvalidError for a payload that is no JSON."""
    events = plan.add(decided, command.principal, first_us)
    entries = tuple([sealer.seal_event(event) for event in events])
    written = [change for event in events for change in apply(event)]
    folded = [change for change in written if change.view in IN_STATE]
    share = Append(
        command.resident, plan.state.epoch, entries, tuple(written), decided.requires, decided.client_msg_id
    )
    return Planned(command, decided, events, folded, share, plan.state)


def refusal(state: State) -> ColinkError:
    """Why a command cannot be decided against this state, which is current."""
    if state.lifecycle == "frozen":
        return FrozenError(resident=state.resident)
    if state.lifecycle == "closed":
        return UnknownResidentError(resident=state.resident)
    return StaleEpochError(resident=state.resident, epoch=state.epoch)


def own(error: ColinkError) -> ColinkError:
    """A copy, since one exception raised in many places gathers all their tracebacks."""
    return from_reason(
        error.reason, error.metadata, text=error.text, api=error.api_override,
        retry_after_ms=error.retry_after_ms, moved=error.moved,
    )  # fmt: skip
