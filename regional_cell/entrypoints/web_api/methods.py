"""The method table: one row per API method, as data, gathered from the modules of their handlers.

A row names the handler, who may call it, how often, and what its arguments are. What is not here is
`unknown_method`.
"""

from regional_cell.entrypoints.web_api import (
    channel_changes,
    chat,
    conversations,
    files,
    guests,
    meta,
    presence,
    reactions,
    realtime,
    scheduled,
    search,
    sessions,
    team,
    users,
    webhooks,
)
from regional_cell.entrypoints.web_api.method import Method


def merged(*tables: dict[str, Method]) -> dict[str, Method]:
    """One table of all features. Raises ValueError when a method stands in two."""
    rows: dict[str, Method] = {}
    for table in tables:
        if twice := rows.keys() & table.keys():
            raise ValueError(f"methods named twice: {sorted(twice)}")
        rows |= table
    return rows


METHODS = merged(
    meta.METHODS,
    team.METHODS,
    chat.METHODS,
    scheduled.METHODS,
    conversations.METHODS,
    channel_changes.METHODS,
    users.METHODS,
    presence.METHODS,
    reactions.METHODS,
    files.METHODS,
    search.METHODS,
    realtime.METHODS,
    sessions.METHODS,
    webhooks.METHODS,
    guests.METHODS,
)
