"""One resident's share of a batch: what sequence, time and topic numbers its next events get.

Invariants
    1. Sequences follow the head without a gap; times rise strictly, also when the wall clock steps back.
    2. Topic numbers follow the state's counters and what the share gave out before.
    3. The state is read, never changed: what is planned here has not happened yet.
"""

from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import KINDS, Event
from regional_cell.domain.state import State


class Plan:
    """What a batch plans for one resident on top of its state."""

    __slots__ = ("_counts", "_head", "clock_us", "closed", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.clock_us = state.clock_us
        self.closed = False
        self._head = state.head
        self._counts: dict[str, int] = {}

    def first_us(self, now_us: int) -> int:
        """The time that the next event gets."""
        return max(self.clock_us + 1, now_us)

    def add(self, decided: Decided, principal: str, first_us: int) -> tuple[Event, ...]:
        """Number the drafts of one command. `first_us` is what the decision was told. Raises KeyError:
        unknown kind.
        """
        events = []
        for offset, draft in enumerate(decided.drafts):
            kind = KINDS[draft.kind]
            topics = tuple([(topic, self._next(topic)) for topic in draft.topics])
            events.append(
                Event(
                    self.state.resident, self._head + offset + 1, self.state.epoch, kind.name, kind.schema,
                    first_us + offset, principal, draft.payload, topics,
                )
            )  # fmt: skip
        self._head += len(events)
        self.clock_us = first_us + len(events) - 1
        self.closed = decided.structural
        return tuple(events)

    def _next(self, topic: str) -> int:
        count = self._counts.get(topic)
        number = (self.state.topic_count(topic) if count is None else count) + 1
        self._counts[topic] = number
        return number
