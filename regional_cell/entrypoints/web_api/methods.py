"""The method table: one row per API method, as data.

A row names the handler, who may call it, how often, and what its arguments are. What is not here is
`unknown_method`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regional_cell.entrypoints.web_api import (
    chat,
    conversations,
    files,
    meta,
    reactions,
    realtime,
    search,
    users,
)
from regional_cell.entrypoints.web_api.arguments import (
    Argument,
    Arguments,
    bound,
    flag,
    json_object,
    json_value,
    listed,
    moment,
    number,
    text,
    word,
)
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.conversations import scopes_for
from regional_cell.entrypoints.web_api.services import Services

Handler = Callable[[ApiCall, Arguments, Services], Awaitable[dict[str, Any]]]

USER_KINDS = frozenset({"xoxp", "xoxc", "xoxe.xoxp"})
BOT_KINDS = frozenset({"xoxb", "xoxe.xoxb"})
PEOPLE_AND_BOTS = USER_KINDS | BOT_KINDS


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    Attributes:
        tier: of the rate limits: `1` to `4`, `post`, `plain`.
        scopes: any of them opens it; empty: none is needed. Sessions of our own clients need none.
        kinds: of tokens; empty: no token is needed.
        writes: whether an answer that did not come leaves open what happened.
        deduplicates: whether a request whose answer was lost is answered again, not done again.
    """

    handler: Handler
    tier: str
    arguments: Mapping[str, Argument]
    scopes: tuple[str, ...] = ()
    kinds: frozenset[str] = PEOPLE_AND_BOTS
    writes: bool = False
    deduplicates: bool = False


_TEXT = Argument(text, keeps_empty=True)
_WORD = Argument(word)
_FLAG = Argument(flag, wanted="a boolean")
_NUMBER = Argument(number, wanted="an integer")
_LIST = Argument(listed, malformed="invalid_array_arg")
_CHANNEL = Argument(word, True, "channel_not_found", "channel_not_found")
_TS = Argument(moment, True, wanted="a timestamp")
_LIMIT = Argument(number, malformed="invalid_limit")
_PAGE = {"cursor": _WORD, "limit": _LIMIT}
_OLDEST, _LATEST = (
    Argument(bound, malformed="invalid_ts_oldest"),
    Argument(bound, malformed="invalid_ts_latest"),
)
_LINE = {
    **_PAGE, "inclusive": _FLAG, "include_all_metadata": _FLAG, "oldest": _OLDEST, "latest": _LATEST,
}  # fmt: skip
_CONTENT = {
    "text": _TEXT, "markdown_text": _TEXT, "blocks": Argument(json_value, malformed="invalid_blocks_format"),
    "attachments": Argument(json_value, malformed="invalid_attachments"),
    "metadata": Argument(json_object, wanted="an object"), "parse": _WORD, "link_names": _FLAG,
    "reply_broadcast": _FLAG,
}  # fmt: skip
_REACTION = {
    "channel": _WORD, "timestamp": _WORD, "file": _WORD, "file_comment": _WORD,
    "name": Argument(word, True, "invalid_name", "invalid_name"),
}  # fmt: skip
_SEARCH = {
    "query": Argument(text, True, "no_query"), "count": _NUMBER, "highlight": _FLAG, "sort": _WORD,
    "sort_dir": _WORD, "team_id": _WORD,
}  # fmt: skip
_CHANNEL_WRITE = ("channels:manage", "channels:write", "groups:write")

METHODS: dict[str, Method] = {
    "api.test": Method(meta.api_test, "plain", {}, kinds=frozenset()),
    "auth.test": Method(meta.auth_test, "plain", {}),
    "chat.postMessage": Method(
        chat.post_message, "post",
        {
            "channel": _CHANNEL, **_CONTENT, "thread_ts": Argument(moment, malformed="invalid_timestamp"),
            "client_msg_id": _WORD, "username": _WORD, "icon_emoji": _WORD, "icon_url": _WORD,
        },
        ("chat:write",), writes=True, deduplicates=True,
    ),
    "chat.update": Method(
        chat.update, "3", {"channel": _CHANNEL, "ts": _TS, **_CONTENT}, ("chat:write",), writes=True
    ),
    "chat.delete": Method(chat.delete, "3", {"channel": _CHANNEL, "ts": _TS}, ("chat:write",), writes=True),
    "chat.getPermalink": Method(
        chat.get_permalink, "plain",
        {"channel": _CHANNEL, "message_ts": Argument(moment, True, malformed="message_not_found")},
    ),
    "conversations.create": Method(
        conversations.create, "2", {"name": Argument(text, True, "invalid_name_required"), "is_private":
        _FLAG},
        _CHANNEL_WRITE, writes=True,
    ),
    "conversations.list": Method(
        conversations.list_, "2", {**_PAGE, "types": _LIST, "exclude_archived": _FLAG}, scopes_for("read")
    ),
    "conversations.info": Method(
        conversations.info, "3", {"channel": _CHANNEL, "include_locale": _FLAG, "include_num_members": _FLAG},
        scopes_for("read"),
    ),
    "conversations.join": Method(
        conversations.join, "3", {"channel": _CHANNEL}, ("channels:join", "channels:write",
        "channels:manage"), writes=True
    ),
    "conversations.leave": Method(
        conversations.leave, "3", {"channel": _CHANNEL}, _CHANNEL_WRITE, writes=True
    ),
    "conversations.invite": Method(
        conversations.invite, "3",
        {
            "channel": _CHANNEL, "users": Argument(listed, True, "no_user", "invalid_array_arg"),
            "force": _FLAG,
        },
        (*_CHANNEL_WRITE, "channels:write.invites", "groups:write.invites"), writes=True,
    ),
    "conversations.members": Method(
        conversations.members, "4", {"channel": _CHANNEL, **_PAGE}, scopes_for("read")
    ),
    "conversations.history": Method(
        conversations.history, "3", {"channel": _CHANNEL, **_LINE}, scopes_for("history")
    ),
    "conversations.replies": Method(
        conversations.replies, "3",
        {"channel": _CHANNEL, "ts": Argument(moment, True, "thread_not_found", "thread_not_found"), **_LINE},
        scopes_for("history"),
    ),
    "conversations.mark": Method(
        conversations.mark, "3",
        {"channel": _CHANNEL, "ts": Argument(moment, True, "invalid_timestamp", "invalid_timestamp")},
        (*_CHANNEL_WRITE, "im:write", "mpim:write"), writes=True,
    ),
    "conversations.open": Method(
        conversations.open_, "3",
        {"users": _LIST, "channel": _WORD, "return_im": _FLAG, "prevent_creation": _FLAG},
        (*_CHANNEL_WRITE, "im:write", "mpim:write"), writes=True,
    ),
    "users.list": Method(users.list_, "2", {**_PAGE, "include_locale": _FLAG}, ("users:read",)),
    "users.info": Method(
        users.info, "4", {"user": Argument(word, True, "user_not_found", "user_not_found"),
        "include_locale": _FLAG},
        ("users:read",),
    ),
    "users.lookupByEmail": Method(
        users.lookup_by_email, "3", {"email": Argument(word, True, malformed="users_not_found")},
        ("users:read.email",)
    ),
    "users.profile.get": Method(
        users.profile_get, "3", {"user": _WORD, "include_labels": _FLAG}, ("users.profile:read", "users:read")
    ),
    "users.profile.set": Method(
        users.profile_set, "3",
        {
            "user": _WORD, "name": _WORD, "value": _TEXT,
            "profile": Argument(json_object, malformed="invalid_profile"),
        },
        ("users.profile:write",), USER_KINDS, writes=True,
    ),
    "reactions.add": Method(reactions.add, "3", _REACTION, ("reactions:write",), writes=True),
    "reactions.remove": Method(reactions.remove, "2", _REACTION, ("reactions:write",), writes=True),
    "reactions.get": Method(
        reactions.get, "3",
        {"channel": _WORD, "timestamp": _WORD, "file": _WORD, "file_comment": _WORD, "full": _FLAG},
        ("reactions:read",),
    ),
    "files.getUploadURLExternal": Method(
        files.get_upload_url_external, "4",
        {
            "filename": Argument(text, True, "missing_argument"),
            "length": Argument(number, True, "missing_argument", wanted="an integer"),
            "title": _TEXT, "snippet_type": _WORD, "alt_txt": _TEXT, "alt_text": _TEXT,
        },
        ("files:write",), writes=True,
    ),
    "files.completeUploadExternal": Method(
        files.complete_upload_external, "4",
        {
            "files": Argument(json_value, True, "missing_argument", wanted="a list of files"),
            "channel_id": _WORD, "channels": _LIST,
            "thread_ts": Argument(moment, malformed="invalid_thread_ts"), "initial_comment": _TEXT,
            "blocks": Argument(json_value, malformed="invalid_blocks_format"),
        },
        ("files:write",), writes=True,
    ),
    "search.messages": Method(
        search.messages, "2", {**_SEARCH, "page": _NUMBER, "cursor": _WORD}, ("search:read",), USER_KINDS
    ),
    "ext.search": Method(
        search.everywhere, "2",
        {
            **_SEARCH, "purpose": _WORD, "cells": _LIST, "first_answer_ms": _NUMBER, "tail_ms": _NUMBER,
            "mode": _WORD, "continuation": _WORD,
        },
        ("search:read",), USER_KINDS,
    ),
    "rtm.connect": Method(realtime.rtm_connect, "1", {"batch_presence_aware": _FLAG, "presence_sub": _FLAG}),
    "ext.sessions.list": Method(realtime.sessions_list, "3", {}, kinds=USER_KINDS),
    "ext.sessions.revoke": Method(
        realtime.sessions_revoke, "3", {"session": Argument(word, True)}, kinds=USER_KINDS, writes=True
    ),
}  # fmt: skip
