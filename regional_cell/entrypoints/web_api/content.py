"""Content of a message as the arguments of a method say it."""

from typing import Any

import orjson

from regional_cell.domain.access import require_scope, sees_user, visible
from regional_cell.domain.callers import Caller
from regional_cell.domain.content import Composed, Raw, compose
from regional_cell.domain.state import State
from regional_cell.domain.text import Linker
from regional_cell.entrypoints.web_api.arguments import Arguments
from regional_cell.entrypoints.web_api.services import Services

Answer = dict[str, Any]
FIRST_PARTY = "xoxc"
USERNAME_CHARS_MAX = 80


async def composed_of(caller: Caller, arguments: Arguments, services: Services) -> Composed:
    """The content that the arguments say. Raises as `compose`."""
    names = ("text", "markdown_text", "blocks", "attachments", "metadata")
    return compose(
        Raw(*(arguments.get(name) for name in names)),
        first_party=caller.kind == FIRST_PARTY,
        draw_id=services.draw_word,
        link=await linker(caller, arguments, services),
    )


def warned(composed: Composed) -> Answer:
    """Members that tell of warnings; none without one."""
    if not composed.warnings:
        return {}
    warnings = list(composed.warnings)
    return {"warning": ",".join(warnings), "response_metadata": {"warnings": warnings}}


async def linker(caller: Caller, arguments: Arguments, services: Services) -> Linker | None:
    """What turns names into tokens, where the arguments ask for it."""
    if not arguments.get("link_names", False) and arguments.get("parse") != "full":
        return None
    return _tokens(await services.commits.state(caller.resident), caller)


def _tokens(state: State, caller: Caller) -> Linker:
    def link(name: str) -> str | None:
        if name.startswith("@"):
            user = state.user_by_name.get(name[1:])
            return f"<@{user}>" if user and sees_user(state, caller, user) else None
        channel = state.channel_by_name.get(name[1:])
        if channel is None or visible(state, caller, channel) is None:
            return None
        return f"<#{channel}|{name[1:]}>"

    return link


def overrides(caller: Caller, arguments: Arguments) -> tuple[str, str]:
    """Name and icons (JSON text) that a bot posts under; nothing for users, who post as themselves."""
    username = arguments.get("username", "")[:USERNAME_CHARS_MAX]
    emoji, url = arguments.get("icon_emoji", ""), arguments.get("icon_url", "")
    if not caller.is_bot or not (username or emoji or url):
        return "", ""
    require_scope(caller, "chat:write.customize")
    icons = {"emoji": emoji} if emoji else {"image_48": url[:3_000]} if url else {}
    return username, orjson.dumps(icons).decode() if icons else ""
