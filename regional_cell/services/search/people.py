"""The same person in several workspaces: their user there, and how they stand to it."""

from regional_cell.domain.callers import Caller
from regional_cell.domain.roles import GUESTS
from regional_cell.domain.state import State


def caller_of_person(state: State, person: str) -> Caller | None:
    """The person's active user of a workspace, as a caller without a token; None when there is none."""
    if not person or "users" not in state.rows:
        return None
    for key, row in state.rows["users"].items():
        if row["person"] == person and not row["deleted"] and not row["bot"]:
            return Caller(state.resident, "", "xoxc", key[0], "", "", person, row["role"], frozenset())
    return None


def relation_of(caller: Caller) -> str:
    """The viewer's relation in the words of the policies."""
    return "guest" if caller.role in GUESTS else "employee"
