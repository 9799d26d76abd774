"""Strict YAML: text to a tree of nodes that know their line and column.

Accepts one document of mappings, sequences, strings, decimal integers and true/false, nothing else. What
another loader might read differently (NO, 1e3, 2026-01-01, ~, 0x10, 017) is refused unless it stands in
quotes.

Bounds: 256 KiB, 24 levels, 20,000 nodes. No recursion, so that hostile nesting costs nothing.
"""

import re
from dataclasses import dataclass
from typing import Final

import yaml

from residency_policies.errors import DocumentError, Finding

SIZE_BYTES_MAX: Final = 256 * 1024
DEPTH_MAX: Final = 24
NODES_MAX: Final = 20_000

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOOL = re.compile(r"^(y|n|yes|no|on|off|true|false)$", re.IGNORECASE)
_NULL = re.compile(r"^(~|null|)$", re.IGNORECASE)
_INTEGER = re.compile(r"^(0|-?[1-9][0-9]{0,14})$")
_NUMBER = re.compile(
    r"^[-+]?(\.?[0-9][0-9_]*([.:eE_+-][0-9_.:eE+-]*)?|0[xob][0-9a-f_]+|\.(inf|nan))$", re.IGNORECASE
)
_DATE = re.compile(r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$")

Value = str | int | bool | list["Node"] | dict[str, "Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place; `line` and `column` count from 1."""

    value: Value
    line: int
    column: int
    key_line: int = 0
    key_column: int = 0


class _FaultError(Exception):
    def __init__(self, code: str, line: int, column: int, sentence: str, suggestion: str = "") -> None:
        super().__init__(code)
        self.finding = Finding("", line, column, code, "", sentence, suggestion)


def parse_tree(text: str | bytes, name: str) -> Node:
    """Read one document; `name` goes into findings.

    Raises:
        DocumentError: with every fault of a scalar or key, or the first fault of syntax.
    """
    findings: list[Finding] = []
    try:
        root = _build(_decoded(text), findings)
    except _FaultError as fault:
        root = None
        findings.append(fault.finding)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        sentence = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        findings.append(Finding("", line, column, "E-YAML", "", f"not YAML: {sentence}"))
        root = None
    if findings or root is None:
        raise DocumentError(
            Finding(name, f.line, f.column, f.code, f.path, f.sentence, f.suggestion) for f in findings
        )
    return root


def _decoded(text: str | bytes) -> str:
    try:
        raw = text.encode() if isinstance(text, str) else text
        decoded = raw.decode()
    except UnicodeError:
        raise _FaultError("E-YAML-UTF8", 1, 1, "the text is not UTF-8") from None
    if len(raw) > SIZE_BYTES_MAX:
        raise _FaultError("E-YAML-SIZE", 1, 1, f"larger than {SIZE_BYTES_MAX} bytes", "Split the document.")
    return decoded


class _Open:
    """A mapping or sequence that is being read."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.key: str | None = None
        self.key_at = (0, 0)


def _build(text: str, findings: list[Finding]) -> Node:
    root: Node | None = None
    stack: list[_Open] = []
    nodes = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _FaultError(
                    "E-YAML-MANY", line, column, "a second document starts here", "Put it into its own file."
                )
            continue
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _FaultError(
                "E-YAML-ALIAS", line, column, "anchors and aliases are refused", "Write the value out."
            )
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            stack.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        if getattr(event, "tag", None) not in (None, "!") or (
            isinstance(event, yaml.ScalarEvent) and event.tag == "!"
        ):
            raise _FaultError("E-YAML-TAG", line, column, "tags are refused", "Remove the tag.")
        nodes += 1
        if nodes > NODES_MAX or len(stack) >= DEPTH_MAX:
            raise _FaultError(
                "E-YAML-SIZE", line, column, "too deep or too many values", "Split the document."
            )
        node = _node(event, line, column, findings)
        if _is_key(stack):
            _take_key(stack[-1], node, event, findings)
            if not isinstance(event, yaml.ScalarEvent):
                raise _FaultError("E-YAML-KEY", line, column, "a key must be a string")
            continue
        _attach(stack, node)
        root = root or node
        if not isinstance(event, yaml.ScalarEvent):
            stack.append(_Open(node))
    if root is None:
        raise _FaultError("E-YAML-MANY", 1, 1, "the text holds no document")
    return root


def _is_key(stack: list[_Open]) -> bool:
    return bool(stack) and isinstance(stack[-1].node.value, dict) and stack[-1].key is None


def _take_key(parent: _Open, node: Node, event: yaml.NodeEvent, findings: list[Finding]) -> None:
    key = getattr(event, "value", "")
    assert isinstance(parent.node.value, dict)
    if key == "<<" and not getattr(event, "style", None):
        raise _FaultError(
            "E-YAML-TAG", node.line, node.column, "merge keys are refused", "Write the keys out."
        )
    if key in parent.node.value:
        sentence = f'"{_short(key)}" stands twice in one mapping'
        findings.append(Finding("", node.line, node.column, "E-DUPLICATE", "", sentence, "Remove one."))
    parent.key = key
    parent.key_at = (node.line, node.column)


def _attach(stack: list[_Open], node: Node) -> None:
    if not stack:
        return
    parent = stack[-1]
    if isinstance(parent.node.value, list):
        parent.node.value.append(node)
    elif isinstance(parent.node.value, dict) and parent.key is not None:
        placed = Node(node.value, node.line, node.column, *parent.key_at)
        parent.node.value.setdefault(parent.key, placed)
        parent.key = None


def _node(event: yaml.NodeEvent, line: int, column: int, findings: list[Finding]) -> Node:
    if isinstance(event, yaml.MappingStartEvent):
        return Node({}, line, column)
    if isinstance(event, yaml.SequenceStartEvent):
        return Node([], line, column)
    assert isinstance(event, yaml.ScalarEvent)
    try:
        return Node(_scalar(event.value, bool(event.style), line, column), line, column)
    except _FaultError as fault:
        findings.append(fault.finding)
        return Node(event.value, line, column)


def _scalar(value: str, quoted: bool, line: int, column: int) -> str | int | bool:
    if not all(character.isprintable() or character == "\n" for character in value):
        raise _FaultError(
            "E-YAML-CHAR", line, column, "holds a character that cannot be printed", "Remove it."
        )
    if quoted:
        return value
    if value in ("true", "false"):
        return value == "true"
    if _BOOL.match(value):
        country = " (Norway)" if value.upper() == "NO" else ""
        read = "true" if value.lower() in ("y", "yes", "on", "true") else "false"
        raise _FaultError(
            "E-YAML-BOOL",
            line,
            column,
            f'`{value}` was read as "{read}"',
            f'Write "{value}" in quotes{country}.',
        )
    if _NULL.match(value):
        raise _FaultError(
            "E-YAML-NULL", line, column, "the value is empty", "Write a value or remove the key."
        )
    if _INTEGER.match(value):
        return int(value)
    if _DATE.match(value):
        raise _FaultError("E-YAML-DATE", line, column, "a date needs quotes", f'Write "{_short(value)}".')
    if _NUMBER.match(value):
        raise _FaultError(
            "E-YAML-NUMBER", line, column, "only whole decimal numbers are read", f'Write "{_short(value)}".'
        )
    return value


def _short(value: str) -> str:
    return value if len(value) <= 40 else value[:37] + "..."


def plain(node: Node) -> object:
    """The tree as Python values, without places."""
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    if isinstance(node.value, dict):
        return {key: plain(item) for key, item in node.value.items()}
    return node.value
