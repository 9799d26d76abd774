"""People: profile, contacts, credentials, sessions and the workspaces they belong to, from the person's
own log.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Patch, Put, Remove
from regional_cell.domain.events import Event


def _created(event: Event) -> list[Change]:
    values = {
        "created_s": event.at_us // 1_000_000,
        "establishment": event.payload["establishment"],
        "content": dict(event.payload["profile"]),
    }
    return [Put("people", (), values)]


def _changed(event: Event) -> list[Change]:
    return [Patch("people", (), {"content": dict(event.payload["fields"])})]


def _contact_claimed(event: Event) -> list[Change]:
    return [Put("contacts", (event.payload["kind"],), {"content": {"value": event.payload["value"]}})]


def _contact_released(event: Event) -> list[Change]:
    return [Remove("contacts", (event.payload["kind"],))]


def _credential_set(event: Event) -> list[Change]:
    values = {"set_s": event.at_us // 1_000_000, "content": {"hash": event.payload["hash"]}}
    return [Put("credentials", (event.payload["kind"],), values)]


def _credential_removed(event: Event) -> list[Change]:
    return [Remove("credentials", (event.payload["kind"],))]


def _session_opened(event: Event) -> list[Change]:
    values = {
        "opened_us": event.at_us,
        "closed_s": 0,
        "content": {"device": event.payload["device"]},
    }
    return [Put("sessions", (event.payload["session"],), values)]


def _session_closed(event: Event) -> list[Change]:
    return [Patch("sessions", (event.payload["session"],), {"closed_s": event.at_us // 1_000_000})]


def _linked(event: Event) -> list[Change]:
    values = {"user": event.payload["user"], "since_s": event.at_us // 1_000_000}
    return [Put("links", (event.payload["workspace"],), values)]


def _unlinked(event: Event) -> list[Change]:
    return [Remove("links", (event.payload["workspace"],))]


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "PersonCreated": _created,
    "ProfileChanged": _changed,
    "ContactClaimed": _contact_claimed,
    "ContactReleased": _contact_released,
    "CredentialSet": _credential_set,
    "CredentialRemoved": _credential_removed,
    "SessionOpened": _session_opened,
    "SessionClosed": _session_closed,
    "WorkspaceLinked": _linked,
    "WorkspaceUnlinked": _unlinked,
}
