"""A German workspace whose pushes may pass a gateway abroad, and claims about it."""

from typing import Any

from residency_policies.bundle import Bundle, CompiledBundle
from residency_policies.claims import Claim, digest_of
from residency_policies.model import Policy
from residency_policies.prove.claims import Proof, prove
from tests.residency_policies.support import bundle_of, compiled, flow, policy

_EVERYTHING = ["content", "derived", "identity", "pseudonymous", "structure", "activity", "records"]
_HOME = {"in": ["DE"]}
PLACEMENT = {"id": "P1", "classes": _EVERYTHING, "because": "home", "primary": _HOME, "replicas": _HOME,
             "backups": _HOME, "keys": _HOME}  # fmt: skip
INSIDE = flow(
    "F1", "permit", classes=["content", "derived", "identity"], ops=["transit", "disclose"], to=["EEA"]
)
READERS = flow(
    "F2", "permit", classes=["content"], to=["CH", "GB"], viewers=["employee"], obligations=["ledger_entry"]
)
PUSHES = flow(
    "F6", "permit", classes=["notification_payload"], ops=["transit"], to=["US"], when={"channel_tag": "red"}
)
SHARES = flow("F7", "permit", classes=["message_body"], ops=["replicate_share"], to=["CH"])
NOWHERE_ELSE = Claim("X1", "never_reaches", ("message_body",), src=("DE",), to=("CN", "RU", "IN"))


def sample(*flows: dict[str, object]) -> dict[str, object]:
    """The policy with the flows."""
    return policy(packs=["floor/eea"], placement=[PLACEMENT], flows=list(flows))


def bundle_with(*flows: dict[str, object], version: int = 1) -> Bundle:
    """A bundle with it."""
    return bundle_of(sample(*flows), version=version)


def only_policy(bundle: CompiledBundle) -> Policy:
    """The one policy of a bundle."""
    (found,) = (one for one in bundle.bundle.parsed if isinstance(one, Policy))
    return found


def proof_of(claim: Claim, *flows: dict[str, object]) -> Proof:
    """What comes of one claim about the policy with the flows."""
    bundle = compiled(sample(*flows))
    (proof,) = prove(bundle, only_policy(bundle), (claim,))
    return proof


def signed_again(certificate: dict[str, Any]) -> dict[str, Any]:
    """With the digest that somebody who wants to deceive would give it."""
    return {**certificate, "digest": digest_of(certificate)}
