"""Reading a YAML tree against a closed schema: every fault becomes a finding with its place, and reading
goes on.

A method that meets a fault records it and returns an empty value of its type; the caller of the last method
asks `findings` before it trusts anything.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime

from residency_policies import places, vocabulary
from residency_policies.errors import Finding
from residency_policies.yaml_tree import Node

TEXT_MAX = 600
LIST_MAX = 2_000
_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_PATH = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}/[a-z0-9][a-z0-9._-]{0,63}$")


class Reader:
    """Collects findings of one document."""

    def __init__(self, document: str) -> None:
        self.document = document
        self.findings: list[Finding] = []

    def fault(
        self, node: Node, code: str, path: str, sentence: str, suggestion: str = "", key: bool = False
    ) -> None:
        """Record one finding at the node, or at its key."""
        line, column = (node.key_line, node.key_column) if key and node.key_line else (node.line, node.column)
        self.findings.append(Finding(self.document, line, column, code, path, sentence, suggestion))

    def mapping(
        self,
        node: Node,
        path: str,
        keys: Iterable[str],
        required: Iterable[str] = (),
        unsupported: Mapping[str, str] | None = None,
    ) -> dict[str, Node]:
        """Entries of a mapping. Keys outside `keys` are faults; those of `unsupported` say why."""
        if not isinstance(node.value, dict):
            self.fault(node, "E-TYPE", path, "expected a mapping")
            return {}
        known, later = set(keys), unsupported or {}
        for key, child in node.value.items():
            where = f"{path}.{key}" if path else key
            if key in later:
                self.fault(
                    child,
                    "E-UNSUPPORTED",
                    where,
                    f"this version cannot enforce it: {later[key]}",
                    "",
                    key=True,
                )
            elif key not in known:
                self.fault(
                    child, "E-KEY", where, f'there is no key "{key[:40]}" here', _near(key, known), key=True
                )
        for key in required:
            if key not in node.value:
                self.fault(node, "E-MISSING", path, f'the key "{key}" is missing', "Add it.")
        return {key: child for key, child in node.value.items() if key in known}

    def items(self, node: Node | None, path: str) -> list[Node]:
        """Parts of a list; a missing node is an empty list."""
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.fault(node, "E-TYPE", path, "expected a list")
            return []
        if len(node.value) > LIST_MAX:
            self.fault(node, "E-YAML-SIZE", path, f"more than {LIST_MAX} entries")
            return []
        return node.value

    def text(self, node: Node | None, path: str, shape: str = "text") -> str:
        """A string; `shape` is text, id, or path (owner/name)."""
        if node is None:
            return ""
        if not isinstance(node.value, str):
            code = "E-YAML-BOOL" if isinstance(node.value, bool) else "E-TYPE"
            self.fault(node, code, path, "expected text", "Put it in quotes.")
            return ""
        value = node.value
        fits = {
            "text": 0 < len(value) <= TEXT_MAX,
            "id": bool(_ID.match(value)),
            "path": bool(_PATH.match(value)),
        }
        if not fits[shape]:
            self.fault(node, "E-TYPE", path, f"not a well-formed {shape}")
            return ""
        return value

    def number(self, node: Node | None, path: str, low: int, high: int, default: int) -> int:
        """An integer in [low, high]."""
        if node is None:
            return default
        if isinstance(node.value, bool) or not isinstance(node.value, int) or not low <= node.value <= high:
            self.fault(node, "E-TYPE", path, f"expected a whole number from {low} to {high}")
            return default
        return node.value

    def words(
        self,
        node: Node | None,
        path: str,
        known: Callable[[str], bool],
        what: str,
        near: Iterable[str],
        low: int = 0,
    ) -> tuple[str, ...]:
        """A list of words of the vocabulary, sorted and without repetition; at least `low` of them."""
        found: set[str] = set()
        parts = self.items(node, path)
        for part in parts:
            if word := self.word(part, path, known, what, near):
                found.add(word)
        if node is not None and isinstance(node.value, list) and len(parts) < low:
            self.fault(node, "E-MISSING", path, f"the list needs at least one {what}", "Name one.")
        return tuple(sorted(found))

    def word(
        self, node: Node | None, path: str, known: Callable[[str], bool], what: str, near: Iterable[str]
    ) -> str:
        """One word of the vocabulary, or "" after a fault."""
        value = self.text(node, path)
        if node is None or not value:
            return ""
        if not known(value):
            self.fault(
                node, "E-UNKNOWN", path, f'"{value[:40]}" is not {_article(what)} {what}.', _near(value, near)
            )
            return ""
        return value

    def countries(self, node: Node | None, path: str, low: int = 1, zz: bool = False) -> tuple[str, ...]:
        """Countries and blocs; subdivisions are named as unsupported; ZZ only where it has a meaning."""
        found: set[str] = set()
        for part in self.items(node, path):
            if word := self.country(part, path, zz):
                found.add(word)
        if node is not None and node.value == [] and low:
            self.fault(node, "E-MISSING", path, "the list of places is empty", "Name a country or a bloc.")
        return tuple(sorted(found))

    def country(self, node: Node | None, path: str, zz: bool = False, bloc: bool = True) -> str:
        """One country, or a bloc where `bloc` allows it."""
        value = self.text(node, path)
        if node is None or not value:
            return ""
        if (
            value in places.ALL_COUNTRIES
            or (bloc and places.is_place(value))
            or (zz and value == vocabulary.UNKNOWN_COUNTRY)
        ):
            return value
        if re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,4}", value) and value[:2] in places.ALL_COUNTRIES:
            self.fault(
                node, "E-UNSUPPORTED", path, "this version cannot enforce it: places are countries and blocs"
            )
        else:
            near = [*places.COUNTRIES, *(places.blocs() if bloc else ())]
            kind = "country or a bloc" if bloc else "country"
            self.fault(node, "E-UNKNOWN", path, f'"{value[:40]}" is not a {kind}.', _near(value, near))
        return ""

    def instant(self, node: Node | None, path: str) -> int | None:
        """Unix seconds of an ISO 8601 instant with Z, or of the start of a date in UTC."""
        value = self.text(node, path)
        if node is None or not value:
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


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _near(value: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(value[:40], sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else ""
