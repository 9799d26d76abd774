"""The bundle of a cell: tables change at the instants that the documents name, and nothing is restarted."""

import hashlib
from pathlib import Path

import pytest

from accord.clock import ManualClock
from accord.signing import KeyRing, RingKey, SigningKey
from accord.wire.directory.v1 import directory_pb2 as wire
from regional_cell.adapters.directory.policies import BundlePolicies
from regional_cell.adapters.directory.records import RecordFiles
from residency_policies.decision import Decision
from tests.residency_policies.support import METADATA, bundle_of, flow, instrument, policy, question

KEY = SigningKey.generate()
RING = KeyRing([RingKey("directory", "*", KEY.key_id, KEY.public, 0, 2**40)])
UNTIL_US = 1_798_761_600_000_000  # 2027-01-01T00:00:00Z
SHARES = flow("F1", "permit", ops=["replicate_share"], to=["US"])


async def held(folder: Path, clock: ManualClock, *policies: dict[str, object]) -> BundlePolicies:
    data = bundle_of(*policies).canonical_bytes
    signature = KEY.sign("bundle", hashlib.sha256(data).digest())
    files = RecordFiles(folder)
    found = BundlePolicies(files, RING, clock, "eu-central-1", "DE", 2**40)
    await found.take(wire.SignedBundle(version=1, bundle=data, key_id=KEY.key_id, signature=signature))
    return found


def asked(policies: BundlePolicies) -> Decision:
    return policies.decide(question("replicate_share", "DE", "US", "system"), "DE", (), ())


@pytest.mark.parametrize(
    "sample",
    [
        policy(flows=[one], instruments=[instrument("ins-1", "scc", ops=["replicate_share"])])
        for one in (SHARES, {**SHARES, "using": ["ins-1"]})
    ],
)
async def test_an_instrument_ends_to_the_millisecond_and_without_a_restart(
    tmp_path: Path, sample: dict[str, object]
) -> None:
    clock = ManualClock(UNTIL_US - 86_400_000_000)
    policies = await held(tmp_path, clock, sample)
    before = asked(policies)
    assert (before.allow, before.valid_until_s) == (True, UNTIL_US // 1_000_000)
    clock.advance(86_399.999)
    assert asked(policies).allow
    clock.advance(0.001)
    assert asked(policies).code == "INSTRUMENT_EXPIRED"


async def test_a_policy_begins_to_the_millisecond_and_without_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(UNTIL_US - 86_400_000_000)
    later = {**METADATA, "version": 2, "effective": {"from": "2027-01-01"}}
    papers = [instrument("ins-1", "scc", ops=["replicate_share"], valid={"until": "2028-01-01"})]
    open_one = policy(metadata=later, flows=[SHARES], instruments=papers)
    policies = await held(tmp_path, clock, policy(instruments=papers), open_one)
    clock.advance(86_399.999)
    assert asked(policies).code == "CLOSED"
    clock.advance(0.001)
    assert asked(policies).allow
