"""One resident's share of a batch: what sequence, time and topic numbers its next events get.

Invariants
    1. Sequences follow the head without a gap; times rise strictly, also when the wall clock steps back.
    2. Topic numbers follow the state's counters and what was given out before, also by a share that is still
       being written.
    3. The state is read, never changed: what is planned here has not happened yet.
"""

from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import KINDS, Event
from regional_cell.domain.state import State


class Plan:
    """What a batch plans for one resident on top of its state.

    Args:
        before: the plan of the batch before, when it is not committed yet.

    Attributes:
        start: the head that the state must have for the plan to hold; head: the one that it will have.
        closed: nothing more of the resident can be decided until this, or the one before, is committed.
        structural: something in it changes what decisions look at.
    """

    __slots__ = ("_counts", "clock_us", "closed", "head", "start", "state", "structural")

    def __init__(self, state: State, before: "Plan | None" = None) -> None:
        self.state = state
        self.clock_us: int = state.clock_us if before is None else before.clock_us
        # Of the batch before alone: what stood before that one is committed by now.
        self.closed: bool = before is not None and before.structural
        self.structural: bool = False
        self.start: int = state.head if before is None else before.head
        self.head: int = self.start
        self._counts: dict[str, int] = {} if before is None else before._counts.copy()

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
                    self.state.resident, self.head + offset + 1, self.state.epoch, kind.name, kind.schema,
                    first_us + offset, principal, draft.payload, topics,
                )
            )  # fmt: skip
        self.head += len(events)
        self.clock_us = first_us + len(events) - 1
        self.closed = self.structural = decided.structural
        return tuple(events)

    def _next(self, topic: str) -> int:
        count = self._counts.get(topic)
        number = (self.state.topic_count(topic) if count is None else count) + 1
        self._counts[topic] = number
        return number
