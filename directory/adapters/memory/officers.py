"""Officers and their sessions in memory."""

from directory.adapters.memory.state import State
from directory.domain.officers import Officer, Session


class MemoryOfficers:
    """`directory.ports.OfficerWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, name: str) -> Officer | None:
        return self._state.officers.get(name)

    def everybody(self) -> list[Officer]:
        return [self._state.officers[name] for name in sorted(self._state.officers)]

    def session(self, digest: bytes) -> Session | None:
        return self._state.sessions.get(digest)

    def sessions_of(self, officer: str) -> list[Session]:
        found = [it for it in self._state.sessions.values() if it.officer == officer]
        return sorted(found, key=lambda it: (it.opened_s, it.digest))

    def put(self, officer: Officer) -> None:
        self._state.officers[officer.name] = officer

    def open_session(self, session: Session) -> None:
        self._state.sessions[session.digest] = session

    def close_session(self, digest: bytes) -> None:
        self._state.sessions.pop(digest, None)

    def close_sessions_before(self, now_s: int) -> None:
        for session in [it for it in self._state.sessions.values() if it.expires_s <= now_s]:
            del self._state.sessions[session.digest]
