"""Claims: names of residents as blind indexes, leased first and committed once the cell has committed.

Invariants
    1. Inside one jurisdiction a (attribute, key id, index) has at most one owner: a resident of one cell.
    2. A lease covers all of its claims or none of them; superseded, expired or released, it never commits.
    3. A committed claim changes hands only after its owner released it.
    4. The directory never has a lookup key and never tells an index to anyone but the cell that claimed it.

Not here: computing an index (`accord.identity.blind_index`), the settling of what a crash left (the cell).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accord.encoding import b64url, canonical_json, parse_canonical, unb64url
from accord.errors import ConflictError, InvalidError
from accord.ids import RESIDENT_PREFIXES, check_id
from directory.domain.names import check_word

ATTRIBUTES = frozenset({"email", "phone", "slug"})
CLAIMS_MAX = 32
INDEX_BYTES = 32
LIST_MAX = 500

Name = tuple[str, str, bytes]
"""(attribute, key id, index): what is claimed within a jurisdiction."""


class LeaseState(StrEnum):
    """Where a lease stands; the last two are kept for a day so that repeats are answered alike."""

    LEASED = "leased"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Claim:
    """That `resident` is to be found under this index."""

    attribute: str
    key_id: str
    index: bytes
    resident: str

    @property
    def name(self) -> Name:
        return self.attribute, self.key_id, self.index


@dataclass(frozen=True, slots=True)
class Lease:
    """A cell's hold on a set of claims. `expires_s`: unix seconds, without meaning once committed."""

    lease_id: str
    cell: str
    jurisdiction: str
    state: LeaseState
    expires_s: int

    def is_live(self, now_s: int) -> bool:
        return self.state is LeaseState.LEASED and now_s < self.expires_s


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A claim as the store holds it, with the lease it belongs to."""

    claim: Claim
    lease: Lease


@dataclass(frozen=True, slots=True)
class Grant:
    """What to do so that the asked claims are held by one lease.

    Args:
        renew: id of the lease that holds exactly these claims already, or None: a new lease.
        supersede: leases to be released whole; take: claims to be written under the lease.
    """

    renew: str | None
    supersede: frozenset[str]
    take: tuple[Claim, ...]


def check_claims(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """The same claims, proven in form: 1 to 32, each name once.

    Raises:
        InvalidError
    """
    if not 0 < len(claims) <= CLAIMS_MAX or len({claim.name for claim in claims}) != len(claims):
        raise InvalidError(field="claims", why="1 to 32, each once")
    for claim in claims:
        check_name_form(claim.name)
        check_id(claim.resident, *RESIDENT_PREFIXES)
    return tuple(claims)


def check_name_form(name: Name) -> Name:
    """The same name, proven in form.

    Raises:
        InvalidError: unknown attribute, malformed key id, an index that is no HMAC-SHA256.
    """
    attribute, key_id, index = name
    if attribute not in ATTRIBUTES:
        raise InvalidError(field="attribute", why="unknown")
    check_word(key_id, "key_id")
    if len(index) != INDEX_BYTES:
        raise InvalidError(field="index", why="32 bytes")
    return name


def grant(
    asked: Sequence[Claim], held: Mapping[Name, HeldClaim], cell: str, now_s: int, whole: bool
) -> Grant:
    """Decide a lease: all of it or nothing.

    Args:
        asked: checked claims; held: what stands under their names, if anything.
        whole: whether the one live lease among `held` has no claims beside the asked ones.

    Raises:
        ConflictError: a name is committed to, or leased by, another resident or cell.
    """
    free: list[Claim] = []
    again: list[Claim] = []
    leases: set[str] = set()
    for claim in asked:
        standing = held.get(claim.name)
        if standing is None:
            free.append(claim)
            continue
        committed = standing.lease.state is LeaseState.COMMITTED
        ours = standing.claim.resident == claim.resident and standing.lease.cell == cell
        if (committed or standing.lease.is_live(now_s)) and not ours:
            raise ConflictError(what="claim", attribute=claim.attribute)
        if committed:
            continue
        if ours and standing.lease.is_live(now_s):
            again.append(claim)
        else:
            free.append(claim)
        leases.add(standing.lease.lease_id)
    if again and not free and len(leases) == 1 and whole:
        return Grant(next(iter(leases)), frozenset(), ())
    return Grant(None, frozenset(leases), (*free, *again))


def find(matches: Sequence[HeldClaim], jurisdiction: str) -> str | None:
    """The one resident that the committed matches point to.

    The same value may be claimed once per jurisdiction. One owner is the answer; among several only the one
    of the asking edge's own jurisdiction is; else there is none, as for an unknown value.
    """
    committed = [it for it in matches if it.lease.state is LeaseState.COMMITTED]
    owners = {it.claim.resident for it in committed}
    if len(owners) > 1:
        owners = {it.claim.resident for it in committed if it.lease.jurisdiction == jurisdiction}
    return owners.pop() if len(owners) == 1 else None


def cursor_of(held: HeldClaim) -> str:
    """Opaque place behind this claim in the list of its cell."""
    attribute, key_id, index = held.claim.name
    return b64url(canonical_json([held.lease.jurisdiction, attribute, key_id, index.hex()]))


def place_of(cursor: str) -> tuple[str, str, str, bytes] | None:
    """(jurisdiction, attribute, key id, index) of a cursor; None for the beginning.

    Raises:
        InvalidError: not a cursor of ours.
    """
    if not cursor:
        return None
    parts = parse_canonical(unb64url(cursor[:1024]), 1024)
    if not isinstance(parts, list) or len(parts) != 4 or not all(isinstance(it, str) for it in parts):
        raise InvalidError(field="cursor", why="malformed")
    try:
        return parts[0], parts[1], parts[2], bytes.fromhex(parts[3])
    except ValueError:
        raise InvalidError(field="cursor", why="malformed") from None
