"""Users of a workspace: who joined, in which role, and the card that others see. `due_s` is when the stay of
a guest ends.
"""

from collections.abc import Callable
from typing import Any

from regional_cell.domain.changes import Change, Patch, Put
from regional_cell.domain.events import Event
from regional_cell.domain.roles import GUESTS


def _joined(event: Event) -> list[Change]:
    payload = event.payload
    created_s = event.at_us // 1_000_000
    card = {**payload.get("card", {}), "linked_workspaces": list(payload.get("linked_workspaces", []))}
    if payload.get("jurisdiction"):
        card["jurisdiction"] = payload["jurisdiction"]
    return [Put("users", (payload["user"],), {
        "person": payload.get("person", ""), "role": payload["role"], "app": payload.get("app", ""),
        "bot": payload.get("bot", ""), "deleted": 0, "created_s": created_s, "updated_s": created_s,
        "due_s": payload.get("expires_s") or None, "content": card,
    })]  # fmt: skip


def _patch(event: Event, **values: Any) -> list[Change]:
    return [Patch("users", (event.payload["user"],), {"updated_s": event.at_us // 1_000_000, **values})]


def _role_set(event: Event) -> list[Change]:
    role = event.payload["role"]
    return _patch(event, role=role) if role in GUESTS else _patch(event, role=role, due_s=None)


def _deactivated(event: Event) -> list[Change]:
    return _patch(event, deleted=1, due_s=None)


def _reactivated(event: Event) -> list[Change]:
    return _patch(event, deleted=0)


def _expiry_set(event: Event) -> list[Change]:
    return _patch(event, due_s=event.payload["expires_s"] or None)


def _linked(event: Event) -> list[Change]:
    return _patch(event, content={"linked_workspaces": list(event.payload["linked_workspaces"])})


def _card_updated(event: Event) -> list[Change]:
    return _patch(event, content=dict(event.payload["fields"]))


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "UserJoined": _joined,
    "UserRoleSet": _role_set,
    "UserDeactivated": _deactivated,
    "UserReactivated": _reactivated,
    "UserLinked": _linked,
    "GuestExpirySet": _expiry_set,
    "CardUpdated": _card_updated,
}
