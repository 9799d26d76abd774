"""What documents say, as values: policies, floor packs and their parts. Made by `document`, read by `stack`.

Class words, places and facts stand here as written (groups and blocs not expanded) and are known to the
vocabulary. A condition is a set of literals that must all hold: `workspace_tag:x`, `channel_tag:x`,
`item_tag:x`, or a fact.
"""

from dataclasses import dataclass, field
from typing import Literal

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """One rule of a policy (permit, deny) or of a floor pack (deny, require).

    `to` and `to_not` exclude each other. `viewers` empty means every relation, `purposes` empty every
    purpose, `viewer_countries` empty that the viewer has to be where the flow goes (see `stack`).
    `unless_any` lifts the rule when one condition holds; `mechanisms` lifts a floor's deny where a transfer
    mechanism exists.
    """

    id: str
    effect: Literal["permit", "deny", "require"]
    classes: Words
    ops: Words
    because: str
    to: Words = ()
    to_not: Words = ()
    viewers: Words = ()
    viewer_countries: Words = ()
    purposes: Words = ()
    when: frozenset[str] = frozenset()
    unless_any: tuple[frozenset[str], ...] = ()
    mechanisms: Words = ()
    obligations: Words = ()
    citation: str = ""
    confidence: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class PlacementEntry:
    """Where classes rest: `primary` always; `replicas`, `backups`, `keys` empty when the entry does not
    speak of them.
    """

    id: str
    classes: Words
    primary: Words
    because: str
    replicas: Words = ()
    backups: Words = ()
    keys: Words = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class AssertedFact:
    """A fact that the policy's owner vouches for until `until_s` (exclusive, Unix seconds), with evidence."""

    id: str
    owner: str
    until_s: int
    evidence: str
    because: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Adequacy:
    """A destination that a floor recognises from `since_s` until `until_s` (exclusive), if `fact` holds."""

    to: str
    since_s: int | None = None
    until_s: int | None = None
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One test of a policy: a flow between two countries and what must come out."""

    name: str
    op: str
    data_class: str
    src: str
    dst: str
    viewer: str
    viewer_country: str
    purpose: str
    facts: frozenset[str]
    allow: bool
    obligations: Words | None
    rule: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """Whom a document is for. For a policy: workspaces, or everything of an establishment. For a floor: any
    match.
    """

    workspaces: Words = ()
    establishment: Words = ()
    subjects: Words = ()
    tags: Words = ()
    region: Words = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """One customer's or cell's rules: the workspace layer of a profile."""

    id: str
    title: str
    version: int
    closed: bool
    applies_to: AppliesTo
    effective_s: int | None
    review_s: int | None
    packs: Words
    placement: tuple[PlacementEntry, ...]
    flows: tuple[Flow, ...]
    facts: tuple[AssertedFact, ...]
    tests: tuple[Expectation, ...]
    canonical: object = field(compare=False, hash=False, default=None)


@dataclass(frozen=True, slots=True)
class FloorPack:
    """What the law of a jurisdiction demands: an open layer of denies and requirements that nobody can
    loosen.
    """

    id: str
    title: str
    version: str
    last_checked: str
    confidence: str
    applies_when: AppliesTo
    adequacy: tuple[Adequacy, ...]
    rules: tuple[Flow, ...]
    canonical: object = field(compare=False, hash=False, default=None)


Document = Policy | FloorPack
