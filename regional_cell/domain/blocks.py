"""Blocks of messages: a table of what each kind may hold, and the one walk that checks and completes them.

Bounds are those of the public description. Kinds that are not in the table are kept for first-party clients
and refused
from apps. A fault names a place (`/blocks/0/text`) and a rule, never the value that stands there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accord.errors import InvalidError

BLOCKS_MAX = 50
FAULTS_MAX = 10
ID_CHARS_MAX = 255

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """What one member must be.

    Attributes:
        kind: `text` (text object), `plain` (plain_text object), `string`, `list`, `element`, `option`,
        `object`, `any`.
        size: characters, or entries of a list.
        of: kind of the entries of a list.
        least: fewest entries of a list.
    """

    kind: str
    size: int = 0
    required: bool = False
    of: str = "any"
    least: int = 0
    entry_size: int = 0


_CONFIRM = {
    "title": Member("text", 100, True), "text": Member("text", 300, True),
    "confirm": Member("text", 30, True), "deny": Member("text", 30, True),
}  # fmt: skip
_OPTIONS = Member("list", 100, of="option", least=1)
_FEW_OPTIONS = Member("list", 10, True, of="option", least=1)
_PLACEHOLDER = {"placeholder": Member("plain", 150)}
_INPUT = {**_PLACEHOLDER, "initial_value": Member("string", 3_000)}

BLOCKS: dict[str, dict[str, Member]] = {
    "section": {
        "text": Member("text", 3_000), "fields": Member("list", 10, of="text", least=1, entry_size=2_000),
        "accessory": Member("element"),
    },
    "divider": {},
    "header": {"text": Member("plain", 150, True)},
    "image": {
        "image_url": Member("string", 3_000), "alt_text": Member("string", 2_000, True),
        "title": Member("plain", 2_000),
        "slack_file": Member("object"),
    },
    "actions": {"elements": Member("list", 25, True, of="element", least=1)},
    "context": {"elements": Member("list", 10, True, of="context", least=1, entry_size=3_000)},
    "input": {
        "label": Member("plain", 2_000, True), "element": Member("element", required=True),
        "hint": Member("plain", 2_000),
    },
    "file": {"external_id": Member("string", 255, True), "source": Member("string", 10, True)},
    "rich_text": {"elements": Member("list", 1_000, True, of="object")},
    "video": {
        "alt_text": Member("string", 2_000, True), "title": Member("plain", 200, True),
        "thumbnail_url": Member("string", 3_000, True), "video_url": Member("string", 3_000, True),
    },
    "call": {"call_id": Member("string", 255, True)},
    "markdown": {"text": Member("string", 12_000, True)},
    "context_actions": {"elements": Member("list", 5, True, of="object", least=1)},
    "table": {"rows": Member("list", 100, True, of="any", least=1)},
}  # fmt: skip

ELEMENTS: dict[str, dict[str, Member]] = {
    "button": {
        "text": Member("plain", 75, True), "value": Member("string", 2_000), "url": Member("string", 3_000),
        "style": Member("string", 10), "confirm": Member("confirm"),
    },
    "image": {"image_url": Member("string", 3_000), "alt_text": Member("string", 2_000, True)},
    "overflow": {"options": Member("list", 5, True, of="option", least=1)},
    "checkboxes": {"options": _FEW_OPTIONS},
    "radio_buttons": {"options": _FEW_OPTIONS},
    **{
        f"{many}static_select": {**_PLACEHOLDER, "options": _OPTIONS, "option_groups": Member("list", 100,
        of="object")}
        for many in ("", "multi_")
    },
    **{
        f"{many}{source}_select": _PLACEHOLDER
        for many in ("", "multi_")
        for source in ("external", "users", "conversations", "channels")
    },
    **dict.fromkeys(("datepicker", "timepicker", "datetimepicker"), _PLACEHOLDER),
    **dict.fromkeys(
        ("plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"), _INPUT
    ),
    "file_input": {},
    "workflow_button": {"text": Member("plain", 75, True)},
}  # fmt: skip

_OPTION = {"text": Member("text", 75, True), "value": Member("string", 150, True)}


class _Walk:
    """One pass over a message's blocks; collects faults as `pointer: rule`."""

    def __init__(self, first_party: bool) -> None:
        self.faults: list[str] = []
        self.first_party = first_party

    def fault(self, path: str, rule: str) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(f"{rule} [json-pointer:{path}]")

    def members(self, value: Object, table: dict[str, Member], path: str) -> None:
        for name, member in table.items():
            if value.get(name) is None:
                if member.required:
                    self.fault(f"{path}/{name}", "missing required field")
                continue
            self.value(value[name], member, f"{path}/{name}")

    def value(self, value: Any, member: Member, path: str) -> None:
        kind = member.kind
        if kind == "string":
            self.string(value, member.size, path)
        elif kind == "list":
            self.entries(value, member, path)
        elif kind == "any":
            return
        elif not isinstance(value, dict):
            self.fault(path, "must be an object")
        elif kind in ("text", "plain"):
            self.text(value, member.size, path, plain=kind == "plain")
        elif kind in ("element", "context"):
            self.element(value, member, path)
        elif kind == "option":
            self.members(value, _OPTION, path)
        elif kind == "confirm":
            self.members(value, _CONFIRM, path)

    def string(self, value: Any, size: int, path: str) -> None:
        if not isinstance(value, str):
            self.fault(path, "must be a string")
        elif len(value) > size:
            self.fault(path, f"must be at most {size} characters")

    def entries(self, value: Any, member: Member, path: str) -> None:
        if not isinstance(value, list):
            self.fault(path, "must be an array")
            return
        if not member.least <= len(value) <= member.size:
            self.fault(path, f"must have {member.least} to {member.size} entries")
            return
        for index, entry in enumerate(value):
            self.value(entry, Member(member.of, member.entry_size), f"{path}/{index}")

    def text(self, value: Object, size: int, path: str, *, plain: bool) -> None:
        kind = value.get("type")
        if kind not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
            self.fault(f"{path}/type", "unsupported type of text object")
            return
        if not isinstance(value.get("text"), str) or not value["text"]:
            self.fault(f"{path}/text", "must be a string of at least 1 character")
        elif size and len(value["text"]) > size:
            self.fault(f"{path}/text", f"must be at most {size} characters")
        default = "emoji" if kind == "plain_text" else "verbatim"
        value.setdefault(default, kind == "plain_text")

    def element(self, value: Object, member: Member, path: str) -> None:
        kind = value.get("type")
        if member.kind == "context" and kind in ("plain_text", "mrkdwn"):
            self.text(value, member.entry_size or member.size, path, plain=False)
            return
        if (
            not isinstance(kind, str)
            or kind not in ELEMENTS
            or (member.kind == "context" and kind != "image")
        ):
            self.fault(f"{path}/type", "unsupported type of element")
            return
        self.members(value, ELEMENTS[kind], path)
        if "action_id" in value:
            self.string(value["action_id"], ID_CHARS_MAX, f"{path}/action_id")
        if kind == "button" and value.get("style") not in (None, "primary", "danger"):
            self.fault(f"{path}/style", "must be primary or danger")

    def block(self, value: Object, path: str) -> None:
        kind = value.get("type")
        if not isinstance(kind, str):
            self.fault(f"{path}/type", "missing required field")
            return
        table = BLOCKS.get(kind)
        if table is None:
            if not self.first_party:
                self.fault(f"{path}/type", "unsupported type of block")
            return
        self.members(value, table, path)
        if kind == "section" and value.get("text") is None and not value.get("fields"):
            self.fault(path, "needs text or fields")
        if kind == "image" and not value.get("image_url") and not value.get("slack_file"):
            self.fault(path, "needs image_url or slack_file")
        if kind == "rich_text" and isinstance(value.get("elements"), list):
            for index, element in enumerate(value["elements"]):
                if not (isinstance(element, dict) and str(element.get("type", "")).startswith("rich_text_")):
                    self.fault(f"{path}/elements/{index}/type", "unsupported type of element")


def check_blocks(
    blocks: Any,
    *,
    first_party: bool,
    draw_id: Callable[[], str],
    path: str = "/blocks",
    code: str = "invalid_blocks",
    taken: set[str] | None = None,
) -> list[Object]:
    """The same blocks, checked, with a `block_id` each and the defaults of their texts filled in.

    Args:
        draw_id: five random characters for a block that names no id of its own.
        taken: ids that other blocks of the message have, none of which is drawn; those of these are added.

    Raises:
        InvalidError: `invalid_blocks_format` when it is no list of objects; `code` with `faults`, one per
        line.
    """
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise InvalidError(
            api=f"{code}_format" if code == "invalid_blocks" else code,
            field="blocks",
            why="must be a list of objects",
        )
    walk = _Walk(first_party)
    if len(blocks) > BLOCKS_MAX:
        walk.fault(path, f"no more than {BLOCKS_MAX} items allowed")
    else:
        taken = set() if taken is None else taken
        taken |= ids_of(blocks)
        seen: set[str] = set()
        for index, block in enumerate(blocks):
            _name(walk, block, seen, taken, draw_id, f"{path}/{index}")
            walk.block(block, f"{path}/{index}")
    if walk.faults:
        raise InvalidError(api=code, field="blocks", faults="\n".join(walk.faults))
    return blocks


def ids_of(blocks: Any) -> set[str]:
    """The ids that blocks name themselves, whatever `blocks` is."""
    listed = blocks if isinstance(blocks, list) else []
    named = [block.get("block_id") for block in listed if isinstance(block, dict)]
    return {name for name in named if isinstance(name, str)}


def _name(
    walk: _Walk, block: Object, seen: set[str], taken: set[str], draw_id: Callable[[], str], path: str
) -> None:
    block_id = block.get("block_id")
    if block_id in (None, ""):
        drawn = draw_id()
        while drawn in taken:
            drawn = draw_id()
        taken.add(drawn)
        block_id = block["block_id"] = drawn
    if not isinstance(block_id, str) or len(block_id) > ID_CHARS_MAX:
        walk.fault(f"{path}/block_id", f"must be a string of at most {ID_CHARS_MAX} characters")
    elif block_id in seen:
        walk.fault(f"{path}/block_id", "must be unique in the message")
    else:
        seen.add(block_id)
