"""The views: which tables are derived from a log, their keys and columns.

Every view belongs to one resident; the resident's id is the first key column of the table and not repeated
here.
A `content` column is short content as JSON text, sealed by the store with the resident's data key.
Views with `in_state` are small and rule who may do what: they are held in memory while a resident is in use.

Rows with a `due_s` (unix seconds) wait for a job, which finds those of all residents by it.

A store derives its tables from this registry; nothing else names columns.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class View:
    """One view.

    Attributes:
        key: key columns, name to type (`text` or `integer`), without the resident.
        columns: the others, name to type (`text`, `integer`, `blob` or `content`); all may be NULL.
        indexes: column lists for which the store keeps an index, each led by the resident; of the rows that
            have all of these columns.
        data_class: class of the columns in the open; `content` columns carry `content_class`.
    """

    name: str
    logs: str
    data_class: str
    key: dict[str, str]
    columns: dict[str, str]
    content_class: str = ""
    in_state: bool = False
    indexes: tuple[tuple[str, ...], ...] = ()
    unique: tuple[tuple[str, ...], ...] = field(default=())


_ALL = (
    View(
        "workspaces",
        "T",
        "workspace_meta",
        {},
        {
            "created_s": "integer",
            "establishment": "text",
            "organisation": "text",
            "general": "text",
            "content": "content",
        },
        "workspace_meta",
        True,
    ),
    View(
        "users",
        "T",
        "membership",
        {"user": "text"},
        {
            "person": "text",
            "role": "text",
            "app": "text",
            "bot": "text",
            "deleted": "integer",
            "created_s": "integer",
            "updated_s": "integer",
            "due_s": "integer",
            "content": "content",
        },
        "profile_pii",
        True,
    ),
    View(
        "channels",
        "T",
        "channel_meta",
        {"channel": "text"},
        {
            "kind": "text",
            "creator": "text",
            "created_s": "integer",
            "updated_ms": "integer",
            "archived": "integer",
            "general": "integer",
            "content": "content",
        },
        "channel_meta",
        True,
    ),
    View(
        "members",
        "T",
        "membership",
        {"channel": "text", "user": "text"},
        {
            "since_us": "integer",
            "open": "integer",
        },
        "",
        True,
    ),
    View(
        "tokens",
        "TE",
        "token",
        {"token": "text"},
        {
            "sha256": "blob",
            "kind": "text",
            "user": "text",
            "person": "text",
            "app": "text",
            "scopes": "text",
            "session": "text",
            "device": "text",
            "state": "text",
            "created_s": "integer",
            "expires_s": "integer",
        },
        "",
        True,
    ),
    View(
        "apps",
        "T",
        "workspace_meta",
        {"app": "text"},
        {
            "bot": "text",
            "bot_user": "text",
            "scopes": "text",
            "created_s": "integer",
            "updated_s": "integer",
            "deleted": "integer",
            "content": "content",
        },
        "workspace_meta",
        True,
    ),
    View(
        "webhooks",
        "T",
        "workspace_meta",
        {"webhook": "text"},
        {
            "app": "text",
            "bot": "text",
            "channel": "text",
            "creator": "text",
            "created_s": "integer",
            "removed_s": "integer",
        },
        "",
        True,
    ),
    View("topics", "TEP", "channel_meta", {"topic": "text"}, {"count": "integer"}, "", True),
    View(
        "messages",
        "T",
        "message_body",
        {"channel": "text", "ts": "integer"},
        {
            "sequence": "integer",
            "text_sequence": "integer",
            "user": "text",
            "bot": "text",
            "thread_ts": "integer",
            "broadcast": "integer",
            "subtype": "text",
            "hidden": "integer",
            "client_msg_id": "text",
            "edited_us": "integer",
            "edited_by": "text",
            "reply_count": "integer",
            "latest_reply": "integer",
            "files": "integer",
        },
        "",
        False,
        (("channel", "thread_ts", "ts"),),
        (("user", "client_msg_id"),),
    ),
    View(
        "scheduled",
        "T",
        "message_body",
        {"scheduled": "text"},
        {
            "channel": "text",
            "user": "text",
            "created_s": "integer",
            "due_s": "integer",
            "sequence": "integer",
        },
        "",
        True,
    ),
    View(
        "reactions",
        "T",
        "message_body",
        {"channel": "text", "ts": "integer", "name": "text", "user": "text"},
        {
            "at_us": "integer",
        },
        indexes=(("user", "at_us"),),
    ),
    View("reads", "T", "read_state", {"user": "text", "channel": "text"}, {"last_read": "integer"}),
    View(
        "files",
        "T",
        "file_content",
        {"file": "text"},
        {
            "user": "text",
            "state": "text",
            "created_s": "integer",
            "bytes": "integer",
            "sha256": "blob",
            "object_key": "text",
            "category": "text",
            "due_s": "integer",
            "content": "content",
        },
        "file_content",
        False,
        (("user",), ("created_s",)),
    ),
    View(
        "file_shares",
        "T",
        "file_content",
        {"file": "text", "channel": "text", "ts": "integer"},
        {
            "user": "text",
            "thread_ts": "integer",
        },
        "",
        False,
        (("channel", "ts"),),
    ),
    View(
        "organisations",
        "E",
        "workspace_meta",
        {},
        {
            "created_s": "integer",
            "establishment": "text",
            "content": "content",
        },
        "workspace_meta",
        True,
    ),
    View(
        "organisation_workspaces",
        "E",
        "workspace_meta",
        {"workspace": "text"},
        {"attached_s": "integer"},
        "",
        True,
    ),
    View("roles", "E", "membership", {"person": "text", "role": "text"}, {"since_s": "integer"}, "", True),
    View(
        "people",
        "P",
        "membership",
        {},
        {
            "created_s": "integer",
            "establishment": "text",
            "content": "content",
        },
        "profile_pii",
        True,
    ),
    View("contacts", "P", "membership", {"kind": "text"}, {"content": "content"}, "contact_identifier", True),
    View(
        "credentials",
        "P",
        "credential",
        {"kind": "text"},
        {"set_s": "integer", "content": "content"},
        "credential",
        True,
    ),
    View(
        "sessions",
        "P",
        "activity_log",
        {"session": "text"},
        {
            "opened_us": "integer",
            "closed_s": "integer",
            "content": "content",
        },
        "activity_log",
        True,
    ),
    View("links", "P", "membership", {"workspace": "text"}, {"user": "text", "since_s": "integer"}, "", True),
)

DUE = "due_s"
VIEWS: dict[str, View] = {view.name: view for view in _ALL}
IN_STATE = frozenset(view.name for view in _ALL if view.in_state)
