"""The shadow of a cell: used only as it was told and signed, beside its one base, and never to decide."""

import hashlib
from pathlib import Path

import pytest

from accord.clock import ManualClock
from accord.signing import SigningKey
from accord.wire.directory.v1 import directory_pb2 as wire
from regional_cell.adapters.directory.shadows import ShadowBundle
from tests.regional_cell.adapters.directory.test_policies import KEY, RING, asked, held
from tests.residency_policies.support import AT_S, bundle_of, flow, instrument, policy

SHARES = flow("F1", "permit", ops=["replicate_share"], to=["US"])
PAPERS = [instrument("ins-1", "scc", ops=["replicate_share"], valid={"until": "2028-01-01"})]
OPEN = policy(flows=[SHARES], instruments=PAPERS)
SHUT = bundle_of(policy(), version=2).canonical_bytes


def signed(
    data: bytes, purpose: str = "shadow", version: int = 2, key: SigningKey = KEY
) -> wire.SignedBundle:
    signature = key.sign(purpose, hashlib.sha256(data).digest())
    return wire.SignedBundle(version=version, bundle=data, key_id=KEY.key_id, signature=signature)


def digest_of(bundle: wire.SignedBundle) -> bytes:
    return hashlib.sha256(bundle.bundle).digest()


async def test_a_shadow_is_compared_with_its_base_and_decides_nothing(tmp_path: Path) -> None:
    clock = ManualClock(AT_S * 1_000_000)
    policies = await held(tmp_path, clock, OPEN)
    shadow, bundle = ShadowBundle(policies, RING, clock), signed(SHUT)
    changed: list[object] = []
    shadow.changing = lambda: changed.append(shadow.shadow())
    assert shadow.shadow() is None
    assert asked(policies).allow
    shadow.tell(1, digest_of(bundle))
    assert await shadow.missing() == digest_of(bundle)
    assert [shadow.shadow(), shadow.state] == [None, None]
    await shadow.take(digest_of(bundle), bundle)
    found = shadow.shadow()
    assert found is not None
    assert (found[0], found[1].version, found[1].askers) == (digest_of(bundle), 2, policies.askers())
    assert shadow.state == wire.ShadowState(bundle_hash=digest_of(bundle))
    assert asked(policies).allow
    # Beside another bundle in force it compares with nothing.
    shadow.tell(2, digest_of(bundle))
    await shadow.take(digest_of(bundle), bundle)
    assert shadow.shadow() is None
    shadow.tell(0, b"")
    assert [shadow.shadow(), shadow.state] == [None, None]
    # What was counted until then is counted before each change.
    assert [it is not None for it in changed] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("bundle", "why"),
    [
        (signed(SHUT, "bundle"), "signature"),
        (signed(SHUT, key=SigningKey.generate()), "signature"),
        (signed(SHUT, version=3), "another version inside"),
        (signed(b"{}"), "does not compile"),
        (signed(bundle_of(policy(packs=["floor/none"]), version=2).canonical_bytes), "does not compile"),
    ],
)
async def test_what_is_wrong_with_a_shadow_is_told_and_disturbs_nothing(
    tmp_path: Path, bundle: wire.SignedBundle, why: str
) -> None:
    clock = ManualClock(AT_S * 1_000_000)
    policies = await held(tmp_path, clock, OPEN)
    shadow = ShadowBundle(policies, RING, clock)
    shadow.tell(1, digest_of(bundle))
    await shadow.take(digest_of(bundle), bundle)
    assert shadow.shadow() is None
    assert shadow.state == wire.ShadowState(bundle_hash=digest_of(bundle), refused=why)
    assert asked(policies).allow
    assert policies.version == 1


async def test_a_shadow_that_is_not_the_one_told_is_not_taken(tmp_path: Path) -> None:
    clock = ManualClock(AT_S * 1_000_000)
    shadow, bundle = ShadowBundle(await held(tmp_path, clock, OPEN), RING, clock), signed(SHUT)
    other = hashlib.sha256(b"another").digest()
    shadow.tell(1, other)
    await shadow.take(other, bundle)
    assert shadow.state == wire.ShadowState(bundle_hash=other, refused="another hash")
    shadow.tell(1, digest_of(bundle))
    await shadow.take(other, bundle)
    assert shadow.state is None
