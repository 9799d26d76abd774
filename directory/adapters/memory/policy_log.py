"""The policy log in memory."""

from directory.adapters.memory.state import State
from directory.domain.policy_log import LogEntry


class MemoryPolicyLog:
    """`directory.domain.policy_log.LogWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def size(self) -> int:
        return len(self._state.log)

    def hash_at(self, level: int, index: int) -> bytes:
        return self._state.log_nodes[level, index]

    def page(self, after: int, limit: int) -> list[LogEntry]:
        return self._state.log[after : after + limit]

    def append(self, entry: LogEntry, nodes: list[tuple[int, int, bytes]]) -> None:
        assert entry.seq == len(self._state.log)
        self._state.log.append(entry)
        self._state.log_nodes.update({(level, index): node for level, index, node in nodes})
