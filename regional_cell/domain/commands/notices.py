"""Notices: the messages of the system that tell in a conversation what happened to it."""

from regional_cell.domain.events import Draft

NOTICES = ("join", "leave", "topic", "purpose", "name", "archive", "unarchive")
SYSTEM_SUBTYPES = frozenset(
    {"tombstone", *(f"{family}_{word}" for family in ("channel", "group") for word in NOTICES)}
)
"""Subtypes of messages that nobody edits or answers and that do not count as unread."""


def notice(channel: str, user: str, word: str, text: str, **about: str) -> Draft:
    """What `user` did or what happened to them. `word`: one of `NOTICES`; `about`: members of the message."""
    family = "group" if channel.startswith("G") else "channel"
    payload = {"channel": channel, "user": user, "text": text, "subtype": f"{family}_{word}", "about": about}
    return Draft("MessagePosted", payload, (channel,))
