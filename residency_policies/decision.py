"""Questions and decisions: the two values that cross the border of this package, and their JSON.

A decision is interned: one object for every question that falls into the same equivalence class. Its id is a
digest of its content, so the same bundle and question give the same bytes everywhere. `user_text` names no
rule, place or law.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from accord.encoding import canonical_json
from residency_policies.errors import BundleError, Finding
from residency_policies.places import place_of
from residency_policies.vocabulary import UNKNOWN_COUNTRY, Code, Moment

LayerName = Literal["platform", "floor", "organisation", "workspace", "channel"]
# Layers that say the same to everybody; what others say is a workspace's own.
_LAW: Final = frozenset({"platform", "floor"})
# An answer over the wire keeps 256 characters of each word that it carries.
TOLD_MAX: Final = 240

USER_TEXTS: Final[dict[Code, str]] = {
    "OK": "",
    "FLOOR": "The law that protects this workspace does not allow this.",
    "CLOSED": "The rules of this workspace do not allow this.",
    "INSTRUMENT_MISSING": "The law that protects this workspace does not allow this without a legal ground.",
    "INSTRUMENT_EXPIRED": "The legal ground for this has ended.",
    "COUNTER": "A legal limit for this has been reached or is not counted.",
    "KEY_PLACE": "The keys of this workspace cannot be used there.",
    "UNKNOWN_VALUE": "This cannot be allowed, because part of the request is not known.",
    "BUNDLE_SKEW": "The rules are being updated. Try again in a moment.",
    "OBLIGATION_UNSUPPORTED": "This needs a safeguard that is not available here.",
    "HALTED": "This is stopped for now.",
    "NO_TABLE": "No rules for this workspace are known here, so nothing leaves its home.",
    "DENIED": "The rules of this workspace do not allow this.",
}
_OFFICER_TEXTS: Final[dict[Code, str]] = {
    "CLOSED": "no rule permits it and the policy is closed",
    "UNKNOWN_VALUE": "a value of the question is outside the vocabulary or the region list",
    "BUNDLE_SKEW": "the question names another bundle version than the table",
    "HALTED": "a halt is in force",
    "NO_TABLE": "no policy applies to the workspace; only home-local use goes on",
}


@dataclass(frozen=True, slots=True)
class Region:
    """A place where machines stand. `country` is ISO 3166-1 alpha-2, `subdivision` a part of it that may have
    a law of its own; `operator` is the entity that runs it.
    """

    id: str
    country: str
    subdivision: str = ""
    operator: str = ""

    @property
    def place(self) -> str:
        """Where it is for rules: the part of the country, or the country."""
        return place_of(self.country, self.subdivision)


@dataclass(frozen=True, slots=True)
class Viewer:
    """To whom a flow shows data. `country` is "ZZ" when it is not known; it does not count for `system`."""

    relation: str
    country: str = UNKNOWN_COUNTRY


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `src` and `dst` are region ids; `can` are the obligations that the caller can
    discharge.
    """

    workspace: str
    bundle: int
    op: str
    data_class: str
    src: str
    dst: str
    viewer: Viewer
    purpose: str
    facts: frozenset[str] = frozenset()
    can: frozenset[str] = frozenset()
    ref: str = ""

    def to_json(self) -> dict[str, object]:
        """As a JSON object; sets are sorted lists."""
        return {
            "workspace": self.workspace,
            "bundle": self.bundle,
            "op": self.op,
            "class": self.data_class,
            "src": self.src,
            "dst": self.dst,
            "viewer": {"relation": self.viewer.relation, "country": self.viewer.country},
            "facts": sorted(self.facts),
            "can": sorted(self.can),
            "purpose": self.purpose,
            "ref": self.ref,
        }

    @staticmethod
    def from_json(value: object) -> "Question":
        """The inverse of `to_json`; every key must be there and no other.

        Raises:
            BundleError: E-TYPE, when the value has another shape.
        """
        keys = {
            "workspace",
            "bundle",
            "op",
            "class",
            "src",
            "dst",
            "viewer",
            "facts",
            "can",
            "purpose",
            "ref",
        }
        if not isinstance(value, Mapping) or set(value) != keys:
            raise _not_a_question()
        viewer = value["viewer"]
        if not isinstance(viewer, Mapping) or set(viewer) != {"relation", "country"}:
            raise _not_a_question()
        bundle = value["bundle"]
        if isinstance(bundle, bool) or not isinstance(bundle, int):
            raise _not_a_question()
        text = {key: _text(value[key]) for key in keys - {"bundle", "viewer", "facts", "can"}}
        return Question(
            workspace=text["workspace"],
            bundle=bundle,
            op=text["op"],
            data_class=text["class"],
            src=text["src"],
            dst=text["dst"],
            viewer=Viewer(_text(viewer["relation"]), _text(viewer["country"])),
            purpose=text["purpose"],
            facts=_texts(value["facts"]),
            can=_texts(value["can"]),
            ref=text["ref"],
        )


def _not_a_question() -> BundleError:
    return BundleError([Finding("question", 0, 0, "E-TYPE", "", "not a question of the agreed shape")])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _not_a_question()
    return value


def _texts(value: object) -> frozenset[str]:
    if not isinstance(value, list) or len(value) > 64:
        raise _not_a_question()
    return frozenset(_text(item) for item in value)


@dataclass(frozen=True, slots=True)
class Obligation:
    """What the caller owes for an allow, and when relative to the act."""

    do: str
    when: Moment


@dataclass(frozen=True, slots=True)
class Because:
    """One clause that led to the decision, in a layer."""

    policy: str
    version: int | str
    clause: str
    text: str
    cite: str = ""
    layer: LayerName = "platform"

    def to_json(self) -> dict[str, object]:
        """`cite` only where there is one."""
        shape: dict[str, object] = {
            "layer": self.layer,
            "policy": self.policy,
            "version": self.version,
            "clause": self.clause,
            "text": self.text,
        }
        return {**shape, "cite": self.cite} if self.cite else shape


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `profile` is "sha256:<hex>"; `valid_until_s` is the next instant at which it may change.

    `rule` is the name to show, "<policy id> <clause>"; `officer_text` and `nearest`, the smallest change that
    would allow it, are for people who may see the policy, `user_text` is for everybody. `instrument` is the
    one that the allow rests on, if it rests on one.
    """

    allow: bool
    code: Code
    decision: str
    bundle: int
    profile: str
    obligations: tuple[Obligation, ...]
    because: tuple[Because, ...]
    rule: str
    officer_text: str
    user_text: str
    nearest: str
    instrument: str | None
    valid_until_s: int | None

    def told(self, *, member: bool = False) -> dict[str, str]:
        """What whoever is refused is told beside `user_text`, each at most TOLD_MAX characters.

        `rule` (the code, where no rule spoke) and `decision`, by which an officer finds the rest; `cite`,
        where the clause comes from, and `nearest`, where there are such. Everybody is told where the law says
        so; a `member`, proven to belong to the workspace, also the source of its own clauses, and `nearest`.
        """
        found = {"rule": self.rule or self.code, "decision": self.decision}
        first = self.because[0] if self.because else None
        if first is not None and (member or first.layer in _LAW):
            found["cite"] = first.cite or first.text
        if member and self.nearest:
            found["nearest"] = self.nearest
        return {name: _short(text) for name, text in found.items()}

    def to_json(self) -> dict[str, object]:
        """As a JSON object. A denial adds rule, officer_text, user_text and nearest."""
        shape: dict[str, object] = {
            "allow": self.allow,
            "code": self.code,
            "decision": self.decision,
            "bundle": self.bundle,
            "profile": self.profile,
            "valid_until": None if self.valid_until_s is None else instant_text(self.valid_until_s),
            "obligations": [{"do": one.do, "when": one.when} for one in self.obligations],
            "because": [one.to_json() for one in self.because],
            "instrument": self.instrument,
        }
        if not self.allow:
            shape.update(
                rule=self.rule, officer_text=self.officer_text, user_text=self.user_text, nearest=self.nearest
            )
        return shape


def _short(text: str) -> str:
    """Whole parts of a list, or whole words of a sentence."""
    if len(text) <= TOLD_MAX:
        return text
    head = text[: TOLD_MAX - 4]
    mark = "; " if "; " in head else " "
    return head.rpartition(mark)[0] + " ..."


def instant_text(unix_s: int) -> str:
    """ISO 8601 in UTC with Z."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_decision(
    code: Code,
    bundle: int,
    profile: str,
    because: tuple[Because, ...] = (),
    obligations: tuple[Obligation, ...] = (),
    rule: str = "",
    nearest: str = "",
    valid_until_s: int | None = None,
    instrument: str | None = None,
) -> Decision:
    """A decision with its texts and its id, a digest of code, bundle, reasons, obligations and instrument."""
    allow = code == "OK"
    shown = rule or (f"{because[0].policy} {because[0].clause}" if because else "")
    reason = _OFFICER_TEXTS.get(code) or (because[0].text if because else "")
    if code == "OBLIGATION_UNSUPPORTED":
        reason = "the caller cannot discharge: " + ", ".join(one.do for one in obligations)
    cite = f" ({because[0].cite})" if because and because[0].cite else ""
    officer = "" if allow else f"{shown}: {reason}{cite}" if shown else reason
    content = canonical_json(
        [
            code, bundle, [one.to_json() for one in because], [one.do for one in obligations], shown,
            instrument or "",
        ]
    )  # fmt: skip
    return Decision(
        allow=allow,
        code=code,
        decision="d:" + hashlib.sha256(content).hexdigest()[:16],
        bundle=bundle,
        profile=profile,
        obligations=obligations,
        because=because,
        rule=shown,
        officer_text=officer,
        user_text=USER_TEXTS[code],
        nearest="" if allow else nearest,
        instrument=instrument,
        valid_until_s=valid_until_s,
    )
