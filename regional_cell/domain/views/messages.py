"""Messages: which event holds the text, which thread it stands in, and the counts of thread roots.

Invariants
    1. `thread_ts` is the root of a reply, never the message itself; NULL for everything else.
    2. `sequence` is the event that posted it, `text_sequence` the one that holds its present text.
    3. `reply_count` of a root is the number of rows whose `thread_ts` it is and that are not hidden.
    4. Posting in the main line moves the author's read mark up to the own message.
    5. A deleted message keeps its row, hidden; one client_msg_id is one message for ever.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Add, Change, Patch, Put, Remove
from regional_cell.domain.events import Event

TOMBSTONE, DELETED = "tombstone", "deleted"


def _posted(event: Event) -> list[Change]:
    find = event.payload.get
    channel, ts, root = event.payload["channel"], event.at_us, find("thread_ts", 0)
    broadcast = int(bool(find("broadcast", False)))
    user, files = find("user", ""), find("files", ())
    changes: list[Change] = [Put("messages", (channel, ts), {
        "sequence": event.sequence, "text_sequence": event.sequence, "user": user, "bot": find("bot", ""),
        "thread_ts": root or None, "broadcast": broadcast, "subtype": find("subtype", ""), "hidden": 0,
        "client_msg_id": find("client_msg_id") or None, "edited_us": None, "edited_by": None,
        "reply_count": 0, "latest_reply": None, "files": len(files),
    })]  # fmt: skip
    if root:
        changes += [
            Add("messages", (channel, root), "reply_count", 1),
            Patch("messages", (channel, root), {"latest_reply": ts}),
        ]
    if user and (broadcast or not root):
        changes.append(Put("reads", (user, channel), {"last_read": ts}))
    if files:
        shown = {"user": user, "thread_ts": root or None}
        changes += [Put("file_shares", (file, channel, ts), shown) for file in files]
    return changes


def _edited(event: Event) -> list[Change]:
    payload = event.payload
    values = {"text_sequence": event.sequence, "edited_us": event.at_us, "edited_by": payload["by"]}
    if payload.get("broadcast"):
        values |= {"broadcast": 1, "subtype": "thread_broadcast"}
    return [Patch("messages", (payload["channel"], payload["ts"]), values)]


def _deleted(event: Event) -> list[Change]:
    payload = event.payload
    channel, ts, root = payload["channel"], payload["ts"], payload.get("thread_ts", 0)
    changes: list[Change] = [Remove("file_shares", (file, channel, ts)) for file in payload.get("files", [])]
    # The row stays hidden: its client_msg_id must not post the message again, however late the retry comes.
    subtype = TOMBSTONE if payload["tombstone"] else DELETED
    gone = {"text_sequence": event.sequence, "subtype": subtype, "hidden": 1, "files": 0}
    changes.append(Patch("messages", (channel, ts), gone))
    if root and not payload["tombstone"]:
        changes += [
            Add("messages", (channel, root), "reply_count", -1),
            Patch("messages", (channel, root), {"latest_reply": payload.get("latest_reply") or None}),
        ]
    return changes


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "MessagePosted": _posted,
    "MessageEdited": _edited,
    "MessageDeleted": _deleted,
}
