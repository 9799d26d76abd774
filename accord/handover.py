"""Hand-over records: both cells' signatures over one change of home, checked whenever an epoch changes.

Invariants
    1. Epoch 1 is signed by the first cell alone, every later epoch by the old and the new home.
    2. A record has one form; the signatures of others beside the two make it invalid.
"""

from dataclasses import dataclass

from accord.encoding import b64url, canonical_json, parse_canonical, unb64url
from accord.errors import InvalidError
from accord.ids import check_id
from accord.signing import KeyRing, SigningKey, verify_signature

HANDOVER_BYTES_MAX = 1024


@dataclass(frozen=True, slots=True)
class Handover:
    """That `resident` goes `source` -> `target` at `epoch` with state `root` (hex).

    At epoch 1 there is no source (an empty name), and the first cell signs alone.
    """

    resident: str
    source: str
    target: str
    epoch: int
    root: str

    def payload(self) -> dict[str, object]:
        names = {"resident": self.resident, "from": self.source, "to": self.target}
        return names | {"epoch": self.epoch, "root": self.root}


def sign_handover(key: SigningKey, handover: Handover, other: bytes = b"") -> bytes:
    """The record with this key's signature added to the record `other` of the other cell, if there is one.

    Raises:
        InvalidError: `other` is about something else.
    """
    payload = handover.payload()
    signatures: dict[str, str] = {}
    if other:
        before = parse_canonical(other, HANDOVER_BYTES_MAX)
        if not isinstance(before, dict) or {**before, "signatures": None} != {**payload, "signatures": None}:
            raise InvalidError(field="handover", why="about something else")
        signatures |= before["signatures"]
    signatures[key.key_id] = b64url(key.sign("handover", canonical_json(payload)))
    return canonical_json({**payload, "signatures": signatures})


def verify_handover(record: bytes, ring: KeyRing) -> Handover:
    """Prove a record: signed by both cells, or by the first cell alone at epoch 1, and by nobody else.

    The caller compares resident, target and epoch with the placement that the record came with.

    Raises:
        InvalidError: anything else.
    """
    body = parse_canonical(record, HANDOVER_BYTES_MAX)
    fields = {"resident": str, "from": str, "to": str, "epoch": int, "root": str, "signatures": dict}
    if not isinstance(body, dict) or {name: type(value) for name, value in body.items()} != fields:
        raise InvalidError(field="handover", why="fields")
    handover = Handover(body["resident"], body["from"], body["to"], body["epoch"], body["root"])
    check_id(handover.resident, "T", "E", "P")
    if (
        handover.epoch < 1
        or (handover.epoch == 1) != (handover.source == "")
        or handover.source == handover.target
    ):
        raise InvalidError(field="handover", why="epoch")
    message = canonical_json(handover.payload())
    signers = [_handover_signer(ring, key_id, text, message) for key_id, text in body["signatures"].items()]
    if sorted(signers) != sorted({handover.source, handover.target} - {""}):
        raise InvalidError(field="handover", why="signers")
    return handover


def _handover_signer(ring: KeyRing, key_id: str, signature: object, message: bytes) -> str:
    key = ring.find(key_id)
    if key is None or key.state == "withdrawn" or not key.may("handover") or not isinstance(signature, str):
        raise InvalidError(field="handover", why="key")
    if not verify_signature(key.public, "handover", message, unb64url(signature)):
        raise InvalidError(field="handover", why="signature")
    return key.cell
