"""`conversations.*` and `users.conversations`: channels and direct messages, their history and read marks.

What changes a channel itself is in `channel_changes.py`.
"""

from typing import Any

from accord.errors import InvalidError
from regional_cell.domain.access import FAMILIES
from regional_cell.domain.timestamps import format_ts
from regional_cell.entrypoints.web_api.answers import RefusedWithMembersError
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, listed, moment, text, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import (
    CHANNEL,
    CHANNEL_WRITE,
    FLAG,
    LATEST,
    LIST,
    OLDEST,
    PAGE,
    WORD,
    Method,
)
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of
from regional_cell.services.conversations import Wanted, require_kinds
from regional_cell.services.messages.reading import Bounds, Page, Viewer

Answer = dict[str, Any]
KINDS = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
LIMIT_DEFAULT = 100
HISTORY_LIMIT_MAX = 999
LIST_LIMIT_MAX = 999
MEMBERS_LIMIT_MAX = 1_000
INVITED_MAX = 100


async def create(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Make a channel; the caller is its first member."""
    private = arguments.get("is_private", False)
    return {
        "channel": await services.conversations.create(
            caller_of(call), arguments["name"].strip(), private, epoch_of(call)
        )
    }


async def join(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Join a public channel."""
    channel, was_in = await services.conversations.join(caller_of(call), arguments["channel"], epoch_of(call))
    answer: Answer = {"channel": channel}
    if was_in:
        answer |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return answer


async def leave(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Leave a channel; who was not in it is told so."""
    was_in = await services.conversations.leave(caller_of(call), arguments["channel"], epoch_of(call))
    return {} if was_in else {"not_in_channel": True}


async def invite(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Invite users; one fault refuses all unless `force` is set."""
    users, force = arguments["users"], arguments.get("force", False)
    if not users:
        raise InvalidError(api="no_user", field="users", why="names nobody")
    if len(users) > INVITED_MAX:
        raise InvalidError(field="users", why=f"users must name at most {INVITED_MAX}")
    channel, invited = await services.conversations.invite(
        caller_of(call), arguments["channel"], users, force, epoch_of(call)
    )
    errors = [{"user": user, "ok": False, "error": code} for user, code in invited.faults]
    if errors and (not force or len(errors) == len(set(users))):
        raise RefusedWithMembersError(InvalidError(api=invited.faults[0][1]), {"errors": errors})
    return {"channel": channel, "errors": errors} if errors else {"channel": channel}


async def kick(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Remove somebody else from a channel."""
    await services.conversations.kick(
        caller_of(call), arguments["channel"], arguments["user"], epoch_of(call)
    )
    return {"errors": {}}


async def close(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Take a direct message off the caller's list."""
    was_open = await services.conversations.close(caller_of(call), arguments["channel"], epoch_of(call))
    return {} if was_open else {"no_op": True, "already_closed": True}


async def open_(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Open a direct message with users, or reopen one by its id."""
    users, channel = arguments.get("users"), arguments.get("channel", "")
    if users is None and not channel:
        raise InvalidError(api="users_list_not_supplied", field="users", why="missing")
    shown, opened = await services.conversations.open(
        caller_of(call), users or [], channel, arguments.get("prevent_creation", False), epoch_of(call)
    )
    answer: Answer = {"channel": shown if arguments.get("return_im", False) else {"id": opened.channel}}
    if opened.was_open:
        answer |= {"no_op": True, "already_open": True}
    return answer


async def list_(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Conversations that the caller may know of, in order of creation."""
    caller, wanted, limit = caller_of(call), _wanted(call, arguments), list_limit(arguments)
    bound = (call.method, caller.token_id, wanted.kinds, wanted.archived)
    after = tuple(services.cursors.read(arguments["cursor"], *bound)) if arguments.get("cursor") else None
    shown, following = await services.conversations.page(caller, wanted, limit, after)
    return {"channels": shown, **_cursor(services.cursors.make(following, *bound) if following else "")}


async def of_user(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Conversations that a user, the caller by default, is in; in order of creation."""
    caller, wanted, limit = caller_of(call), _wanted(call, arguments), list_limit(arguments)
    user = arguments.get("user") or caller.user
    bound = (call.method, caller.token_id, user, wanted.kinds, wanted.archived)
    after = tuple(services.cursors.read(arguments["cursor"], *bound)) if arguments.get("cursor") else None
    shown, following = await services.conversations.page_of(caller, user, wanted, limit, after)
    return {"channels": shown, **_cursor(services.cursors.make(following, *bound) if following else "")}


def _wanted(call: ApiCall, arguments: Arguments) -> Wanted:
    types = arguments.get("types") or ["public_channel"]
    if not set(types) <= set(KINDS):
        raise InvalidError(api="invalid_types", field="types", why="unknown type")
    kinds = tuple(sorted({KINDS[name] for name in types}))
    require_kinds(caller_of(call), kinds)
    return Wanted(kinds, not arguments.get("exclude_archived", False))


async def members(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Users in a conversation."""
    caller, channel = caller_of(call), arguments["channel"]
    limit = list_limit(arguments, MEMBERS_LIMIT_MAX)
    bound = (call.method, caller.token_id, channel)
    after = services.cursors.read(arguments["cursor"], *bound) if arguments.get("cursor") else None
    users, following = await services.conversations.members(caller, channel, limit, after)
    return {"members": users, **_cursor(services.cursors.make(following, *bound) if following else "")}


async def info(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """One conversation, with the caller's read state."""
    caller, channel = caller_of(call), arguments["channel"]
    shown, newest = await services.conversations.info(
        caller,
        channel,
        num_members=arguments.get("include_num_members", False),
        locale=arguments.get("include_locale", False),
    )
    if newest is not None:
        viewer = Viewer(caller, call.edge.url)
        page = await services.reader.history(
            viewer, channel, Bounds(latest=newest + 1), 1, None, scope="read"
        )
        if page.messages:
            shown["latest"] = page.messages[0]
    return {"channel": shown}


async def history(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The main line of a conversation, newest first."""
    caller, channel = caller_of(call), arguments["channel"]
    bounds, named = _bounds(arguments)
    bound = (call.method, caller.token_id, channel, bounds.oldest, bounds.latest)
    after = services.cursors.read(arguments["cursor"], *bound) if arguments.get("cursor") else None
    page = await services.reader.history(
        _viewer(call, arguments), channel, bounds, _history_limit(arguments), after
    )
    following = services.cursors.make(page.following, *bound) if page.following is not None else ""
    return {
        "messages": page.messages if page.json is None else page.json,
        **named,
        "has_more": bool(following),
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
        **_cursor(following),
    }


async def replies(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """A thread, its root first."""
    caller, channel, ts = caller_of(call), arguments["channel"], arguments["ts"]
    bounds, _ = _bounds(arguments)
    bound = (call.method, caller.token_id, channel, ts, bounds.oldest, bounds.latest)
    after = services.cursors.read(arguments["cursor"], *bound) if arguments.get("cursor") else None
    page: Page = await services.reader.replies(
        _viewer(call, arguments), channel, ts, bounds, _history_limit(arguments), after
    )
    following = services.cursors.make(page.following, *bound) if page.following is not None else ""
    return {"messages": page.messages, "has_more": bool(following), **_cursor(following)}


async def mark(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Move the caller's read mark."""
    await services.reads.mark(caller_of(call), arguments["channel"], arguments["ts"], epoch_of(call))
    return {}


def list_limit(arguments: Arguments, most: int = LIST_LIMIT_MAX) -> int:
    """The limit of a list. Raises InvalidError `invalid_limit`."""
    limit: int = arguments.get("limit", LIMIT_DEFAULT)
    if not 1 <= limit <= most:
        raise InvalidError(api="invalid_limit", field="limit", why="out of range")
    return limit


def _history_limit(arguments: Arguments) -> int:
    return max(1, min(arguments.get("limit", 0) or LIMIT_DEFAULT, HISTORY_LIMIT_MAX))


def _bounds(arguments: Arguments) -> tuple[Bounds, dict[str, str]]:
    """The range, exclusive, and the ends as they are echoed."""
    oldest, latest = arguments.get("oldest"), arguments.get("latest")
    echoed = {
        name: format_ts(at_us)
        for name, at_us in (("oldest", oldest), ("latest", latest))
        if at_us is not None
    }
    if arguments.get("inclusive", False):
        oldest = oldest - 1 if oldest is not None else None
        latest = latest + 1 if latest is not None else None
    return Bounds(oldest or None, latest), echoed


def _viewer(call: ApiCall, arguments: Arguments) -> Viewer:
    return Viewer(caller_of(call), call.edge.url, arguments.get("include_all_metadata", False))


def _cursor(following: str) -> Answer:
    return {"response_metadata": {"next_cursor": following}}


def scopes_for(verb: str) -> tuple[str, ...]:
    """`channels:read`, `groups:read` ... for one verb: any of them opens the method, the kind decides
    then.
    """
    return tuple(f"{family}:{verb}" for family in FAMILIES.values())


_LINE = {
    **PAGE, "inclusive": FLAG, "include_all_metadata": FLAG, "oldest": OLDEST, "latest": LATEST,
}  # fmt: skip
METHODS = {
    "conversations.create": Method(
        create, "2", {"name": Argument(text, True, "invalid_name_required"), "is_private":
        FLAG},
        CHANNEL_WRITE, writes=True,
    ),
    "conversations.list": Method(
        list_, "2", {**PAGE, "types": LIST, "exclude_archived": FLAG}, scopes_for("read")
    ),
    "conversations.info": Method(
        info, "3", {"channel": CHANNEL, "include_locale": FLAG, "include_num_members": FLAG},
        scopes_for("read"),
    ),
    "conversations.join": Method(
        join, "3", {"channel": CHANNEL}, ("channels:join", "channels:write",
        "channels:manage"), writes=True
    ),
    "conversations.leave": Method(
        leave, "3", {"channel": CHANNEL}, CHANNEL_WRITE, writes=True
    ),
    "conversations.invite": Method(
        invite, "3",
        {
            "channel": CHANNEL, "users": Argument(listed, True, "no_user", "invalid_array_arg"),
            "force": FLAG,
        },
        (*CHANNEL_WRITE, "channels:write.invites", "groups:write.invites"), writes=True,
    ),
    "conversations.kick": Method(
        kick, "3", {"channel": CHANNEL, "user": Argument(word, True, "user_not_found", "user_not_found")},
        CHANNEL_WRITE, writes=True,
    ),
    "conversations.close": Method(
        close, "3", {"channel": CHANNEL}, ("im:write", "mpim:write"), writes=True
    ),
    "users.conversations": Method(
        of_user, "3",
        {**PAGE, "types": LIST, "exclude_archived": FLAG, "exclude_muted": FLAG, "user": WORD},
        scopes_for("read"),
    ),
    "conversations.members": Method(
        members, "4", {"channel": CHANNEL, **PAGE}, scopes_for("read")
    ),
    "conversations.history": Method(
        history, "3", {"channel": CHANNEL, **_LINE}, scopes_for("history")
    ),
    "conversations.replies": Method(
        replies, "3",
        {"channel": CHANNEL, "ts": Argument(moment, True, "thread_not_found", "thread_not_found"), **_LINE},
        scopes_for("history"),
    ),
    "conversations.mark": Method(
        mark, "3",
        {"channel": CHANNEL, "ts": Argument(moment, True, "invalid_timestamp", "invalid_timestamp")},
        (*CHANNEL_WRITE, "im:write", "mpim:write"), writes=True,
    ),
    "conversations.open": Method(
        open_, "3",
        {"users": LIST, "channel": WORD, "return_im": FLAG, "prevent_creation": FLAG},
        (*CHANNEL_WRITE, "im:write", "mpim:write"), writes=True,
    ),
}  # fmt: skip
