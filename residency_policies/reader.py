"""Reading a YAML tree against a closed schema: every fault becomes a finding with its place, and reading
goes on.

A method that meets a fault records it and returns an empty value of its type; the caller of the last method
asks `findings` before it trusts anything. Shapes are those of `grammar`.
"""

import difflib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

from residency_policies import places, vocabulary
from residency_policies.errors import Finding
from residency_policies.grammar import KINDS, PARTS, Key
from residency_policies.words import WORDS
from residency_policies.yaml_tree import Node

TEXT_MAX = 600
LIST_MAX = 2_000
SHAPES = {
    "text": re.compile(r"(?s)^.{1,600}$"),
    "id": re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
    "path": re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}/[a-z0-9][a-z0-9._-]{0,63}$"),
}
_NAMES = ("id", "name", "to", "type", "duty")


class Part:
    """A mapping of a document after reading: what stands under its keys, each in the shape of the grammar.

    A key that is not there, or not as it should be, reads as the empty value of the shape.
    """

    def __init__(self, node: Node, path: str, values: dict[str, object], nodes: dict[str, Node]) -> None:
        self.node, self.path, self._values, self._nodes = node, path, values, nodes

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    @property
    def at(self) -> tuple[int, int]:
        """Line and column."""
        return self.node.line, self.node.column

    def place(self, key: str) -> Node:
        """The node under a key, or the part's own."""
        return self._nodes.get(key, self.node)

    def text(self, key: str) -> str:
        """Text, a word, an id, a path or a place; "" when there is none."""
        value = self._values.get(key)
        return value if isinstance(value, str) else ""

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of those, sorted and without repetition."""
        value = self._values.get(key)
        return value if isinstance(value, tuple) else ()

    def number(self, key: str) -> int | None:
        """An integer, or an instant in Unix seconds."""
        value = self._values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, key: str) -> bool:
        """True only where it stands so."""
        return self._values.get(key) is True

    def literals(self, key: str) -> frozenset[str]:
        """Literals of a condition."""
        value = self._values.get(key)
        return value if isinstance(value, frozenset) else frozenset()

    def part(self, key: str) -> "Part":
        """A mapping under a key; without one a part that holds nothing."""
        value = self._values.get(key)
        return value if isinstance(value, Part) else Part(self.node, self.path, {}, {})

    def parts(self, key: str) -> "list[Part]":
        """A list of mappings."""
        value = self._values.get(key)
        return value if isinstance(value, list) else []


class Reader:
    """Reads parts of one document and collects findings."""

    def __init__(self, document: str) -> None:
        self.document = document
        self.findings: list[Finding] = []

    def fault(
        self, node: Node, code: str, path: str, sentence: str, suggestion: str = "", key: bool = False
    ) -> None:
        """Record one finding at the node, or at its key."""
        line, column = (node.key_line, node.key_column) if key and node.key_line else (node.line, node.column)
        self.findings.append(Finding(self.document, line, column, code, path, sentence, suggestion))

    def kind(self, node: Node, name: str) -> Part:
        """A whole document of a kind."""
        return self._part(node, "", KINDS[name])

    def _part(self, node: Node, path: str, keys: tuple[Key, ...]) -> Part:
        if not isinstance(node.value, dict):
            self.fault(node, "E-TYPE", path, "expected a mapping")
            return Part(node, path, {}, {})
        known = {key.name: key for key in keys}
        values: dict[str, object] = {}
        nodes: dict[str, Node] = {}
        for name, child in node.value.items():
            where = f"{path}.{name}" if path else name
            if name in known:
                values[name] = self._value(child, where, known[name].shape)
                nodes[name] = child
            else:
                sentence = f'there is no key "{name[:40]}" here'
                self.fault(child, "E-KEY", where, sentence, near(name, known), key=True)
        for key in keys:
            if key.required and key.name not in node.value:
                self.fault(node, "E-MISSING", path, f'the key "{key.name}" is missing', "Add it.")
        return Part(node, path, values, nodes)

    def _value(self, node: Node, path: str, shape: str) -> object:
        kind, _, rest = shape.partition(":")
        if kind in SHAPES:
            return self.text(node, path, kind)
        if kind in ("ids", "paths"):
            found = {self.text(item, path, kind[:-1]) for item in self.items(node, path)}
            return tuple(sorted(found - {""}))
        if kind == "word":
            return self._word(node, path, rest)
        if kind == "words":
            return self._words(node, path, rest)
        if kind in ("place", "country", "country_zz"):
            return self._place(node, path, bloc=kind == "place", zz=kind == "country_zz")
        if kind in ("places", "places_zz"):
            return self._places(node, path, zz=kind == "places_zz")
        if kind == "instant":
            return self._instant(node, path)
        if kind == "integer":
            low, high = map(int, rest.split(":"))
            return self._number(node, path, low, high)
        if kind == "flag":
            return self._flag(node, path)
        if kind == "part":
            return self._part(node, path, PARTS[rest])
        if kind == "condition":
            return self._condition(node, path)
        return [self._part(item, f"{path}.{_name_of(item)}", PARTS[rest]) for item in self.items(node, path)]

    def items(self, node: Node, path: str) -> list[Node]:
        """Parts of a list."""
        if not isinstance(node.value, list):
            self.fault(node, "E-TYPE", path, "expected a list")
            return []
        if len(node.value) > LIST_MAX:
            self.fault(node, "E-YAML-SIZE", path, f"more than {LIST_MAX} entries")
            return []
        return node.value

    def text(self, node: Node, path: str, shape: str = "text") -> str:
        """A string; `shape` is text, id, or path (owner/name)."""
        if not isinstance(node.value, str):
            code = "E-YAML-BOOL" if isinstance(node.value, bool) else "E-TYPE"
            self.fault(node, code, path, "expected text", "Put it in quotes.")
            return ""
        if not SHAPES[shape].match(node.value):
            self.fault(node, "E-TYPE", path, f"not a well-formed {shape}")
            return ""
        return node.value

    def _number(self, node: Node, path: str, low: int, high: int) -> int | None:
        if isinstance(node.value, bool) or not isinstance(node.value, int) or not low <= node.value <= high:
            self.fault(node, "E-TYPE", path, f"expected a whole number from {low} to {high}")
            return None
        return node.value

    def _flag(self, node: Node, path: str) -> bool:
        if not isinstance(node.value, bool):
            self.fault(node, "E-TYPE", path, "expected true or false")
            return False
        return node.value

    def _words(self, node: Node, path: str, name: str) -> tuple[str, ...]:
        found = {self._word(item, path, name) for item in self.items(node, path)}
        if node.value == [] and name != "obligation":
            self.fault(node, "E-MISSING", path, f"the list needs at least one {WORDS[name][0]}", "Name one.")
        return tuple(sorted(found - {""}))

    def _word(self, node: Node, path: str, name: str) -> str:
        value = self.text(node, path)
        what, known = WORDS[name]
        if value and value not in known:
            sentence = f'"{value[:40]}" is not {_article(what)} {what}'
            self.fault(node, "E-UNKNOWN", path, sentence, near(value, known))
            return ""
        return value

    def _places(self, node: Node, path: str, zz: bool) -> tuple[str, ...]:
        found = {self._place(item, path, bloc=True, zz=zz) for item in self.items(node, path)}
        if node.value == []:
            self.fault(node, "E-MISSING", path, "the list of places is empty", "Name a country or a bloc.")
        return tuple(sorted(found - {""}))

    def _place(self, node: Node, path: str, bloc: bool, zz: bool) -> str:
        """A country or a part of one, a bloc where `bloc` allows it, ZZ where it has a meaning."""
        value = self.text(node, path)
        known = value in places.ALL_COUNTRIES or (bloc and places.is_place(value))
        if not value or known or (zz and value == vocabulary.UNKNOWN_COUNTRY):
            return value
        if re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,4}", value) and value[:2] in places.ALL_COUNTRIES:
            sentence = "this version cannot enforce it: a part of a country that has no law of its own here"
            self.fault(node, "E-UNSUPPORTED", path, sentence, f'Write "{value[:2]}".')
        else:
            candidates = [*places.COUNTRIES, *places.SUBDIVISIONS, *(places.blocs() if bloc else ())]
            kind = "country or a bloc" if bloc else "country"
            self.fault(node, "E-UNKNOWN", path, f'"{value[:40]}" is not a {kind}', near(value, candidates))
        return ""

    def _condition(self, node: Node, path: str) -> frozenset[str]:
        """Literals that must all hold; a key takes one word or a list of them."""
        whole = {key.name for key in PARTS["condition"]}
        if not isinstance(node.value, dict):
            self.fault(node, "E-TYPE", path, "expected a mapping")
            return frozenset()
        if not node.value:
            self.fault(node, "E-MISSING", path, "the condition is empty", "Remove it or name a fact.")
        literals: set[str] = set()
        for key, child in node.value.items():
            if key not in whole:
                sentence = f'there is no key "{key[:40]}" here'
                self.fault(child, "E-KEY", f"{path}.{key}", sentence, near(key, whole), key=True)
                continue
            for item in child.value if isinstance(child.value, list) else [child]:
                if key == "fact":
                    literals.add(self._word(item, f"{path}.fact", "fact"))
                elif tag := self.text(item, f"{path}.{key}", "id"):
                    literals.add(f"{key}:{tag}")
            if child.value == []:
                self.fault(child, "E-MISSING", f"{path}.{key}", "the list is empty", "Name one.")
        return frozenset(literals - {""})

    def _instant(self, node: Node, path: str) -> int | None:
        """Unix seconds of an ISO 8601 instant with Z, or of the start of a date in UTC."""
        value = self.text(node, path)
        if not value:
            return None
        try:
            if len(value) == 10:
                moment = datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
            elif value.endswith("Z"):
                moment = datetime.fromisoformat(value)
            else:
                raise ValueError
        except ValueError:
            self.fault(node, "E-TYPE", path, "not a date or an instant in UTC", 'Write "2027-01-31".')
            return None
        return int(moment.timestamp())


def _name_of(node: Node) -> str:
    """What a part of a list is called in paths."""
    if isinstance(node.value, dict):
        for key in _NAMES:
            part = node.value.get(key)
            if part is not None and isinstance(part.value, str):
                return part.value[:40]
        classes = node.value.get("classes")
        if classes is not None and isinstance(classes.value, list):
            return "+".join(str(one.value) for one in classes.value[:3])[:40]
    return "?"


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def near(value: str, known: Iterable[str]) -> str:
    """ "Did you mean ...?" with the nearest known word, or nothing."""
    close = difflib.get_close_matches(value[:40], sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else ""
