"""Organisations: their first event, the workspaces under them, roles of people."""

from accord.errors import ConflictError, InvalidError
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State

NAME_CHARACTERS_MAX = 80


def create(name: str, establishment: str) -> Decide:
    """The first event of an organisation. ConflictError when there are events already; InvalidError on the
    name.
    """
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX:
        raise InvalidError(field="name", why="length")

    def decide(state: State, first_us: int) -> Decided:
        if state.head:
            raise ConflictError(what="organisation")
        draft = Draft("OrganisationCreated", {"name": name, "establishment": establishment})
        return Decided((draft,), structural=True)

    return decide


def attach(workspace: str) -> Decide:
    """Put a workspace under the organisation; one that is there already stays."""

    def decide(state: State, first_us: int) -> Decided:
        if state.row("organisation_workspaces", workspace) is not None:
            return Decided(())
        return Decided((Draft("WorkspaceAttached", {"workspace": workspace}),), structural=True)

    return decide


def assign_role(person: str, role: str) -> Decide:
    """Give a person a role; one held already stays."""

    def decide(state: State, first_us: int) -> Decided:
        if state.row("roles", person, role) is not None:
            return Decided(())
        return Decided((Draft("RoleAssigned", {"person": person, "role": role}),), structural=True)

    return decide
