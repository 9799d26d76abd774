"""Content of a message: what a client sent, checked and brought into the form in which it is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from accord.errors import ConflictError, InvalidError
from regional_cell.domain.blocks import check_blocks, ids_of
from regional_cell.domain.commands.messages import Content
from regional_cell.domain.text import (
    CHARS_MAX,
    MARKDOWN_CHARS_MAX,
    Linker,
    from_markdown,
    plain,
    prepare,
    truncate,
)

ATTACHMENTS_MAX = 100
ACTIONS_MAX = 5
FOOTER_CHARS_MAX = 300
BLOCKS_BYTES_MAX = 100_000
METADATA_BYTES_MAX = 16_384
TRUNCATED = "message_truncated"
_ATTACHMENT_TEXTS = (
    "fallback", "color", "pretext", "author_name", "author_link", "author_icon", "title", "title_link",
    "text", "image_url", "thumb_url", "footer", "footer_icon", "callback_id", "from_url", "service_name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Raw:
    """Content as sent: None for what was not. `blocks`, `attachments`, `metadata` are JSON values."""

    text: str | None = None
    markdown: str | None = None
    blocks: Any = None
    attachments: Any = None
    metadata: Any = None


@dataclass(frozen=True, slots=True)
class Composed:
    """Content to be stored, and warnings for the sender."""

    content: Content
    warnings: tuple[str, ...] = ()


def compose(
    raw: Raw, *, first_party: bool, draw_id: Callable[[], str], link: Linker | None = None, truncates: bool
    = True,
    text_required: bool = True,
) -> Composed:  # fmt: skip
    """Check and prepare.

    Args:
        first_party: keeps kinds of blocks that are not known here.
        draw_id: names blocks that have no `block_id`.
        link: turns `#name` and `@handle` into tokens.
        truncates: cut a text of more than 40,000 characters and warn; else it is refused.
        text_required: whether nothing at all is `no_text`.

    Raises:
        InvalidError: `no_text` `msg_too_long` `invalid_blocks` `invalid_blocks_format` `msg_blocks_too_long`
            `invalid_attachments` `too_many_attachments` `metadata_too_large` `invalid_arguments` (metadata).
        ConflictError: `markdown_text_conflict`.
    """
    text, warnings = _text(raw, link, truncates)
    taken = _ids_in(raw.attachments)
    blocks = _blocks(raw.blocks, first_party, draw_id, taken) if raw.blocks else ""
    attachments = _attachments(raw.attachments, first_party, draw_id, taken) if raw.attachments else ""
    if text_required and not (text.strip() or blocks or attachments):
        raise InvalidError(api="no_text", field="text", why="nothing to say")
    return Composed(Content(text, blocks, attachments, _metadata(raw.metadata)), warnings)


def _text(raw: Raw, link: Linker | None, truncates: bool) -> tuple[str, tuple[str, ...]]:
    text = raw.text or ""
    if raw.markdown:
        if raw.text or raw.blocks:
            raise ConflictError(api="markdown_text_conflict", what="text")
        if len(raw.markdown) > MARKDOWN_CHARS_MAX:
            raise InvalidError(api="msg_too_long", field="markdown_text", why="too long")
        text = from_markdown(raw.markdown)
    if len(text) > CHARS_MAX and not truncates:
        raise InvalidError(api="msg_too_long", field="text", why="too long")
    # What is prepared is never shorter, so nothing beyond the limit has to be looked at.
    prepared = prepare(text[: CHARS_MAX + 1], link)
    kept = truncate(prepared)
    return kept, (TRUNCATED,) if len(text) > CHARS_MAX else ()


def _ids_in(attachments: Any) -> set[str]:
    entries = attachments if isinstance(attachments, list) else []
    return {name for entry in entries if isinstance(entry, dict) for name in ids_of(entry.get("blocks"))}


def _blocks(blocks: Any, first_party: bool, draw_id: Callable[[], str], taken: set[str]) -> str:
    checked = orjson.dumps(check_blocks(blocks, first_party=first_party, draw_id=draw_id, taken=taken))
    if len(checked) > BLOCKS_BYTES_MAX:
        raise InvalidError(api="msg_blocks_too_long", field="blocks", why="too long")
    return checked.decode()


def _attachments(attachments: Any, first_party: bool, draw_id: Callable[[], str], taken: set[str]) -> str:
    if not isinstance(attachments, list) or not all(isinstance(entry, dict) for entry in attachments):
        raise _bad_attachments("must be a list of objects")
    if len(attachments) > ATTACHMENTS_MAX:
        raise InvalidError(api="too_many_attachments", field="attachments", why="too many")
    for index, entry in enumerate(attachments):
        _attachment(entry, index, first_party, draw_id, taken)
    checked = orjson.dumps(attachments)
    if len(checked) > BLOCKS_BYTES_MAX * 2:
        raise _bad_attachments("too long")
    return checked.decode()


def _attachment(
    entry: dict[str, Any], index: int, first_party: bool, draw_id: Callable[[], str], taken: set[str]
) -> None:
    path = f"[json-pointer:/attachments/{index}]"
    if any(not isinstance(entry.get(name, ""), str) for name in _ATTACHMENT_TEXTS):
        raise _bad_attachments(f"must hold strings {path}")
    if len(entry.get("footer", "")) > FOOTER_CHARS_MAX or len(entry.get("callback_id", "")) > 255:
        raise _bad_attachments(f"too long {path}")
    for name, most in (("actions", ACTIONS_MAX), ("fields", 100), ("mrkdwn_in", 10)):
        if name in entry and not (isinstance(entry[name], list) and len(entry[name]) <= most):
            raise _bad_attachments(f"{name} must be an array of at most {most} {path}")
    entry["id"] = index + 1
    if "color" in entry:
        entry["color"] = entry["color"].removeprefix("#")
    if blocks := entry.get("blocks"):
        if "callback_id" in entry or "actions" in entry:
            raise _bad_attachments(f"blocks stand alone {path}")
        check_blocks(
            blocks, first_party=first_party, draw_id=draw_id, path=f"/attachments/{index}/blocks",
            code="invalid_attachments", taken=taken,
        )  # fmt: skip
    if not entry.get("fallback"):
        said = next(
            (entry[name] for name in ("pretext", "title", "text") if entry.get(name)),
            "[no preview available]",
        )
        entry["fallback"] = plain(said)[:FOOTER_CHARS_MAX]


def _metadata(metadata: Any) -> str:
    if metadata is None or metadata == {}:
        return ""
    if not (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload", {}), dict)
    ):
        raise InvalidError(
            field="metadata", why="must hold event_type and event_payload [json-pointer:/metadata]"
        )
    kept = {"event_type": metadata["event_type"], "event_payload": metadata.get("event_payload", {})}
    checked = orjson.dumps(kept)
    if len(checked) > METADATA_BYTES_MAX:
        raise InvalidError(api="metadata_too_large", field="metadata", why="too large")
    return checked.decode()


def _bad_attachments(why: str) -> InvalidError:
    return InvalidError(api="invalid_attachments", field="attachments", why=why)
