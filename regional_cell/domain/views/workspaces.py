"""Workspaces: what their own events do to the views.

`content` of the row: name, slug, organisation_name, random, subjects, tags, whatever `WorkspaceChanged` sets,
and `bound`: the stage of the policies under which its conversations were last ruled on.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Patch, Put
from regional_cell.domain.events import Event


def _created(event: Event) -> list[Change]:
    payload = event.payload
    content = {
        name: payload[name] for name in ("name", "slug", "organisation_name", "random", "subjects", "tags")
    }
    values = {
        "created_s": event.at_us // 1_000_000,
        "establishment": payload["establishment"],
        "organisation": payload["organisation"],
        "general": payload["general"],
        "content": content,
    }
    return [Put("workspaces", (), values)]


def _bound(event: Event) -> list[Change]:
    bound = {"bundle": event.payload["bundle"], "until_s": event.payload["until_s"]}
    return [Patch("workspaces", (), {"content": {"bound": bound}})]


def _changed(event: Event) -> list[Change]:
    return [Patch("workspaces", (), {"content": {event.payload["field"]: event.payload["value"]}})]


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "WorkspaceCreated": _created,
    "WorkspaceChanged": _changed,
    "PolicyBound": _bound,
}
