"""Organisations: their name, the workspaces under them and who holds which role, from the organisation's
log.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Put
from regional_cell.domain.events import Event


def _created(event: Event) -> list[Change]:
    values = {
        "created_s": event.at_us // 1_000_000,
        "establishment": event.payload["establishment"],
        "content": {"name": event.payload["name"]},
    }
    return [Put("organisations", (), values)]


def _attached(event: Event) -> list[Change]:
    values = {"attached_s": event.at_us // 1_000_000}
    return [Put("organisation_workspaces", (event.payload["workspace"],), values)]


def _role_assigned(event: Event) -> list[Change]:
    key = (event.payload["person"], event.payload["role"])
    return [Put("roles", key, {"since_s": event.at_us // 1_000_000})]


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "OrganisationCreated": _created,
    "WorkspaceAttached": _attached,
    "RoleAssigned": _role_assigned,
}
