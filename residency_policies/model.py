"""What documents say, as values: policies, packs, instruments, waivers. Made by `document`, read by `stack`.

Class words, places and facts stand here as written (groups and blocs not expanded) and are known to the
vocabulary. A condition is a set of literals that must all hold: `workspace_tag:x`, `channel_tag:x`,
`item_tag:x`, or a fact. Instants are Unix seconds; an end is exclusive. `at` is the place in the text, line
and column from 1.
"""

from dataclasses import dataclass, field
from typing import Literal

from residency_policies.claims import Claim

Words = tuple[str, ...]
At = tuple[int, int]
NOWHERE: At = (0, 0)


@dataclass(frozen=True, slots=True)
class Exempt:
    """One exception of a deny: it lifts the deny where every mechanism is there and every fact holds."""

    facts: frozenset[str]
    mechanisms: Words = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """One rule of a policy (permit, deny) or of a pack (deny, require).

    `to` and `to_not` exclude each other. `viewers` empty means every relation, `purposes` empty every
    purpose, `viewer_countries` empty that the viewer has to be where the flow goes (see `stack`). Each of
    `unless` lifts the rule by itself. `using`: instruments under which a permit stands.
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
    unless: tuple[Exempt, ...] = ()
    obligations: Words = ()
    using: Words = ()
    citation: str = ""
    confidence: str = ""
    last_checked_s: int | None = None
    at: At = field(default=NOWHERE, compare=False)

    @property
    def mechanisms(self) -> Words:
        """Every mechanism that an exception names, sorted."""
        return tuple(sorted({word for one in self.unless for word in one.mechanisms}))


@dataclass(frozen=True, slots=True)
class PlacementEntry:
    """Where classes rest: `primary` always; `replicas`, `backups`, `keys` empty when the entry does not
    speak of them.

    `replicas_min` copies beside the home; backups no older than `backups_max_age_days`; `custody` of the
    keys, or empty; `primary_first`: no copy anywhere before the home has committed.
    """

    id: str
    classes: Words
    primary: Words
    because: str
    replicas: Words = ()
    replicas_min: int = 0
    backups: Words = ()
    backups_max_age_days: int | None = None
    keys: Words = ()
    custody: str = ""
    primary_first: bool = False
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long classes are kept, counted from `after`; None means that this clause sets no such bound."""

    id: str
    classes: Words
    min_days: int | None
    max_days: int | None
    after: str
    because: str
    citation: str = ""
    confidence: str = ""
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One concrete transfer mechanism. `evidence` is sorted (kind, text): tia, filing, ref, sha256."""

    id: str
    type: str
    citation: str
    importer: str
    to: Words
    classes: Words
    ops: Words
    until_s: int
    from_s: int | None = None
    occasional: bool = False
    evidence: tuple[tuple[str, str], ...] = ()
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class AssertedFact:
    """A fact that the policy's owner vouches for until `until_s` (exclusive, Unix seconds), with evidence."""

    id: str
    owner: str
    until_s: int
    evidence: str
    because: str
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Adequacy:
    """A destination that a floor recognises from `since_s` until `until_s` (exclusive), if `fact` holds."""

    to: str
    since_s: int | None = None
    until_s: int | None = None
    fact: str = ""
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What a law demands of instruments of one type: others beside it, and whether for single acts only."""

    type: str
    citation: str
    needs: Words = ()
    occasional: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """Within what time the law wants a duty done; `amount` None: no number, `note` says what."""

    duty: str
    amount: int | None
    unit: str
    starts: str
    note: str
    citation: str
    confidence: str


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
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """Whom a document is for.

    For a workspace's policy: workspaces, or everything of an establishment; `tags` are asserted. For an
    organisation's: workspaces by id or by tag. For a channel's: channels of workspaces. For a pack: any
    match.
    """

    workspaces: Words = ()
    channels: Words = ()
    establishment: Words = ()
    subjects: Words = ()
    tags: Words = ()
    region: Words = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules of an organisation, a workspace or a channel: one layer of a profile."""

    id: str
    title: str
    layer: Literal["organisation", "workspace", "channel"]
    version: int
    closed: bool
    applies_to: AppliesTo
    effective_s: int | None
    review_s: int | None
    packs: Words
    placement: tuple[PlacementEntry, ...]
    flows: tuple[Flow, ...]
    retention: tuple[Retention, ...]
    instruments: tuple[Instrument, ...]
    facts: tuple[AssertedFact, ...]
    tests: tuple[Expectation, ...]
    proofs: tuple[Claim, ...] = ()
    effective_at: At = field(default=NOWHERE, compare=False)
    review_at: At = field(default=NOWHERE, compare=False)
    packs_at: At = field(default=NOWHERE, compare=False)
    canonical: object = field(compare=False, hash=False, default=None)


@dataclass(frozen=True, slots=True)
class FloorPack:
    """What the law of a jurisdiction demands: an open layer of denies and requirements.

    An id that begins with `floor/` applies by itself; one with `pack/` only where a policy names it. A
    `no_waiver` pack cannot be waived, a `reference_only` one not be activated for a customer.
    """

    id: str
    title: str
    version: str
    last_checked: str
    last_checked_s: int
    review_days: int
    confidence: str
    no_waiver: bool
    reference_only: bool
    reviewed_by_counsel: bool
    applies_when: AppliesTo
    adequacy: tuple[Adequacy, ...]
    mechanisms: tuple[Mechanism, ...]
    rules: tuple[Flow, ...]
    retention: tuple[Retention, ...]
    deadlines: tuple[Deadline, ...]
    canonical: object = field(compare=False, hash=False, default=None)


@dataclass(frozen=True, slots=True)
class InstrumentDocument:
    """An instrument in a document of its own, and the policies for which it counts."""

    id: str
    title: str
    policies: Words
    instrument: Instrument
    canonical: object = field(compare=False, hash=False, default=None)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Clauses of a pack that do not count for some policies for a while, and who stands for it."""

    id: str
    title: str
    policies: Words
    pack: str
    clauses: Words
    reason: str
    counsel: str
    author: str
    from_s: int | None
    until_s: int
    approvals: tuple[tuple[str, int], ...]
    at: At = field(default=NOWHERE, compare=False)
    canonical: object = field(compare=False, hash=False, default=None)


Document = Policy | FloorPack | InstrumentDocument | Waiver
