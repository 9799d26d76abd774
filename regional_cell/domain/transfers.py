"""Transfers: what crosses a border of the cell, and how both cells book it.

A transfer has one id and one or more legs (`query`, `answer`); each leg crosses in one direction and is
booked by both cells: a debit at its source, a credit at its destination. What both books must agree on is
the header of the leg.

Invariants
    1. The `open` part of an entry holds no personal data: places, counts, codes, clauses, commitments.
    2. Ids of workspaces, viewers and things stand in the `sealed` part, which erasure can delete.
    3. A header's `payload_root` commits to every item that was put, in sending order
       (`accord.ledger.payload_root`).

Not here: bytes of entries, trees and checkpoints (`accord.ledger`), deciding and booking
(services/egress.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accord.errors import InvalidError, WithheldError
from residency_policies.decision import Decision, Viewer

LEDGER_VERSION = 1
HASH_BYTES = 32
CLASSES_MAX = 8
WORD_CHARACTERS_MAX = 64
DEBIT, CREDIT, SINGLE = "debit", "credit", "single"
INTENT, RESULT, AGGREGATE, ABORTED = "intent", "result", "aggregate", "aborted"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an end of a leg is: cell or edge name, region, country and operator entity at this time."""

    name: str
    region: str
    country: str
    operator: str = ""

    def fields(self) -> dict[str, Any]:
        """As an entry shows it."""
        return {"country": self.country, "name": self.name, "operator": self.operator, "region": self.region}


@dataclass(frozen=True, slots=True)
class Header:
    """What both books must agree on for one leg.

    Attributes:
        transfer_id: UUID shared by all legs of the transfer.
        leg: `query`, `answer`; one word of the channel's own.
        items, size_bytes: what was put, after redaction.
        payload_root: 32 bytes over the salted item commitments, in sending order.
        salt: 32 random bytes of this transfer.
        bundle_version: under which the source decided.
    """

    transfer_id: str
    leg: str
    op: str
    classes: tuple[str, ...]
    items: int
    size_bytes: int
    payload_root: bytes
    salt: bytes
    purpose: str
    bundle_version: int

    def to_leg(self) -> dict[str, Any]:
        """As the wire names its members."""
        return {
            "transfer_id": self.transfer_id,
            "leg": self.leg,
            "op": self.op,
            "classes": self.classes,
            "items": self.items,
            "bytes": self.size_bytes,
            "payload_root": self.payload_root,
            "transfer_salt": self.salt,
            "purpose": self.purpose,
            "bundle_version": self.bundle_version,
        }


def header_of(leg: Mapping[str, Any]) -> Header:
    """The header that a peer sent, by the names of `Header.to_leg`, typed by the wire. Raises
    InvalidError.
    """
    hashes = leg["payload_root"], leg["transfer_salt"]
    words = leg["transfer_id"], leg["leg"], leg["op"], leg["purpose"], *leg["classes"]
    if any(len(value) != HASH_BYTES for value in hashes) or not 1 <= len(leg["classes"]) <= CLASSES_MAX:
        raise InvalidError(field="leg", why="malformed")
    if any(not 1 <= len(word) <= WORD_CHARACTERS_MAX for word in words):
        raise InvalidError(field="leg", why="malformed")
    return Header(
        leg["transfer_id"],
        leg["leg"],
        leg["op"],
        tuple(leg["classes"]),
        leg["items"],
        leg["bytes"],
        leg["payload_root"],
        leg["transfer_salt"],
        leg["purpose"],
        leg["bundle_version"],
    )


@dataclass(frozen=True, slots=True)
class References:
    """What an entry names in its sealed part: ids only."""

    workspace: str = ""
    viewer: str = ""
    ref: str = ""

    def fields(self) -> dict[str, Any]:
        """As an entry shows it."""
        return {"ref": self.ref, "viewer": self.viewer, "workspace": self.workspace}


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger entry before it gets its sequence: both parts are canonical JSON objects."""

    open: dict[str, Any]
    sealed: dict[str, Any]


def withheld(decision: Decision, *, member: bool = False) -> WithheldError:
    """The refusal that a decision stands for: the text for people, and as metadata its code and what it tells
    whoever asked, a `member` more than others.
    """
    error = WithheldError(decision.user_text, code=decision.code)
    error.metadata |= decision.told(member=member)
    return error


def entry(
    header: Header,
    *,
    side: str,
    phase: str,
    at_us: int,
    source: Place,
    destination: Place,
    viewer: Viewer,
    decision: Decision,
    references: References,
    why: str = "",
) -> Entry:
    """One entry with the columns that an auditor asks for: what, how much, where, for whom."""
    fields = {
        "v": LEDGER_VERSION,
        "at_us": at_us,
        "transfer_id": header.transfer_id,
        "leg": header.leg,
        "side": side,
        "phase": phase,
        "op": header.op,
        "classes": sorted(header.classes),
        "items": header.items,
        "bytes": header.size_bytes,
        "payload_root": header.payload_root.hex(),
        "purpose": header.purpose,
        "bundle_version": header.bundle_version,
        "source": source.fields(),
        "destination": destination.fields(),
        "viewer": {"country": viewer.country, "relation": viewer.relation},
        "decision": {
            "allow": decision.allow,
            "bundle": decision.bundle,
            "code": decision.code,
            "id": decision.decision,
            "profile": decision.profile,
            "rules": [f"{reason.policy} {reason.clause}" for reason in decision.because],
        },
        "instrument": decision.instrument or "",
        "obligations": [obligation.do for obligation in decision.obligations],
    }
    if why:
        fields["why"] = why
    return Entry(fields, references.fields())
