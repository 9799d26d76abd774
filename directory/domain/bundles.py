"""Bundles: the signed, versioned set of all policies, and which nodes have taken it over.

    signature = Ed25519(bundle key, purpose `bundle`, SHA-256(bundle bytes))

Invariants
    1. Versions begin at 1 and rise by exactly one; a stored bundle never changes.
    2. The active bundle is the one with the highest version; it compiled without a finding.
    3. `settled_version` is acknowledged by every node of the federation: never more than the slowest has.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accord.errors import ConflictError, InvalidError
from accord.signing import SigningKey
from directory.domain.names import check_checkpoint
from residency_policies.bundle import Bundle

PURPOSE = "bundle"


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """Canonical bytes of a bundle with the directory's signature; `key_id`: 16 hex of the bundle key."""

    version: int
    bundle: bytes
    key_id: str
    signature: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the bytes: what is signed, and what nodes acknowledge."""
        return bundle_digest(self.bundle)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That a node evaluates under this version; `checkpoint`: signed note of its ledger, or empty."""

    node: str
    bundle_version: int
    checkpoint: str
    acknowledged_s: int


def sign_bundle(bundle: Bundle, key: SigningKey) -> SignedBundle:
    """The bundle with the directory's signature."""
    data = bundle.canonical_bytes
    return SignedBundle(bundle.version, data, key.key_id, key.sign(PURPOSE, bundle_digest(data)))


def bundle_digest(bundle: bytes) -> bytes:
    """SHA-256 of the bundle's bytes."""
    return hashlib.sha256(bundle).digest()


def check_acknowledged(bundle: SignedBundle | None, digest: bytes, checkpoint: str) -> SignedBundle:
    """The acknowledged bundle.

    Raises:
        InvalidError: no such version. ConflictError: the node holds other bytes under this version.
    """
    if bundle is None:
        raise InvalidError(field="bundle_version", why="unknown")
    if bundle.digest != digest:
        raise ConflictError(what="bundle_hash", version=bundle.version)
    check_checkpoint(checkpoint)
    return bundle


def settled_version(nodes: Iterable[str], acknowledged: Mapping[str, int]) -> int:
    """The lowest version over all nodes; a node that never acknowledged counts as 0, no nodes as 0."""
    return min((acknowledged.get(node, 0) for node in nodes), default=0)
