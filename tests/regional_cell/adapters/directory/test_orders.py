"""The bundle in force in a cell, the one before it, and the directory's orders."""

import asyncio
import hashlib
import threading
from pathlib import Path

import pytest

from accord.clock import ManualClock
from accord.errors import InvalidError
from accord.identity import KeyRing, RingKey, SigningKey
from accord.orders import Halt, Orders
from accord.wire.directory.v1 import directory_pb2 as wire
from regional_cell.adapters.directory.policies import BundlePolicies
from regional_cell.adapters.directory.records import RecordFiles
from residency_policies import compiled
from residency_policies.builtin import BUILTIN_REGIONS, builtin_floors, builtin_policies
from residency_policies.bundle import Bundle
from residency_policies.compile import Table, compile_stack
from residency_policies.decision import Question, Viewer
from residency_policies.stack import Stack

KEY, FOREIGN = SigningKey.generate(), SigningKey.generate()
RING = KeyRing([RingKey("directory", frozenset({"bundle"}), KEY.key_id, KEY.public, 0, 2**40)])
NOW_S = 1_800_000_000
GERMAN = next(text for text in builtin_policies() if "id: default/de" in text)
STRICTER = GERMAN.replace(
    "flows:\n",
    """flows:
  - {id: F9, effect: deny, classes: [file_content], ops: [disclose], to: ["US"], because: "in Europe"}
""",
)
WORKSPACE = "T00000000000A"


def signed(version: int, policy: str = GERMAN, key: SigningKey = KEY) -> wire.SignedBundle:
    """A bundle with one policy."""
    data = Bundle(version, (*builtin_floors(), policy), BUILTIN_REGIONS).canonical_bytes
    signature = key.sign("bundle", hashlib.sha256(data).digest())
    return wire.SignedBundle(version=version, bundle=data, key_id=key.key_id, signature=signature)


def ordered(
    version: int, *halts: Halt, cut_off: frozenset[str] = frozenset(), key: SigningKey = KEY
) -> wire.SignedOrders:
    """Signed orders."""
    data = Orders(version, halts, cut_off).to_bytes()
    return wire.SignedOrders(
        version=version, orders=data, key_id=key.key_id, signature=key.sign("orders", data)
    )


def cell(folder: Path, clock: ManualClock) -> BundlePolicies:
    """The policies of a German cell."""
    policies = BundlePolicies(RecordFiles(folder), RING, clock, "eu-central-1", "DE", 3_600.0)
    policies.start()
    return policies


def asked(
    policies: BundlePolicies,
    dst: str = "us-east-1",
    workspace: str = WORKSPACE,
    subjects: tuple[str, ...] = (),
) -> str:
    """The code for an employee there who reads a file of the workspace."""
    bundle = policies.bundle()
    country = {"us-east-1": "US", "eu-central-1": "DE", "ap-south-1": "IN"}[dst]
    question = Question(
        workspace,
        0 if bundle is None else bundle.version,
        "disclose",
        "file_content",
        "eu-central-1",
        dst,
        Viewer("employee", country),
        "local",
        can=frozenset({"ledger_entry"}),
    )
    return policies.decide(question, "DE", subjects, ()).code


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_S * 1_000_000)


async def test_during_a_roll_out_what_either_bundle_denies_is_denied(
    tmp_path: Path, clock: ManualClock
) -> None:
    policies = cell(tmp_path, clock)
    await policies.take(signed(1))
    assert asked(policies) == "OK"
    await policies.take(signed(2, STRICTER))
    assert asked(policies) != "OK"
    before = policies.stage
    await policies.take(signed(3))
    # The newest allows it again, the one before does not, and somebody may still be there.
    assert asked(policies) != "OK"
    policies.confirm(3, 2)
    assert asked(policies) != "OK"
    policies.confirm(3, 3)
    assert asked(policies) == "OK"
    assert policies.stage != before


async def test_a_bundle_decides_for_those_who_are_asked_about_without_a_table_to_make(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, made = threading.get_ident(), list[int]()

    def counted(stack: Stack) -> Table:
        made.append(threading.get_ident())
        return compile_stack(stack)

    monkeypatch.setattr(compiled, "compile_stack", counted)
    policies = cell(tmp_path, clock)
    await policies.take(signed(1))
    assert (asked(policies), asked(policies, subjects=("US",))) == ("OK", "OK")
    made.clear()
    await policies.take(signed(2, STRICTER))
    assert made, "tables of the policy, and of the workspace with subjects in the United States"
    assert loop not in made, "none of them where everybody waits"
    made.clear()
    assert (asked(policies), asked(policies, subjects=("US",))) == ("DENIED", "DENIED")
    assert made == []


async def test_until_a_bundle_is_kept_the_one_before_decides_and_none_overtakes(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, keeping, go_on = RecordFiles.keep_bundle, threading.Event(), threading.Event()

    def slowly(files: RecordFiles, bundle: wire.SignedBundle) -> None:
        keeping.set()
        assert go_on.wait(30)
        keep(files, bundle)

    policies = cell(tmp_path, clock)
    await policies.take(signed(1))
    monkeypatch.setattr(RecordFiles, "keep_bundle", slowly)
    newest = asyncio.create_task(policies.take(signed(3, STRICTER)))
    assert await asyncio.to_thread(keeping.wait, 30)
    older = asyncio.create_task(policies.take(signed(2)))
    await asyncio.sleep(0)
    assert (policies.version, asked(policies)) == (1, "OK")
    go_on.set()
    await asyncio.gather(newest, older)
    assert (policies.version, asked(policies)) == (3, "DENIED")
    again = cell(tmp_path, clock)
    assert again.version == 3, "it is what was kept, too"


@pytest.mark.parametrize(
    ("halt", "hit"),
    [
        (Halt(7, "workspace", WORKSPACE, NOW_S + 60), True),
        (Halt(7, "workspace", "T00000000000B", NOW_S + 60), False),
        (Halt(7, "jurisdiction", "US", NOW_S + 60), True),
        (Halt(7, "jurisdiction", "DE", NOW_S + 60), True),
        (Halt(7, "jurisdiction", "IN", NOW_S + 60), False),
        (Halt(7, "workspace", WORKSPACE, NOW_S), False),
    ],
)
async def test_what_is_halted_does_not_cross_and_home_goes_on(
    tmp_path: Path, clock: ManualClock, halt: Halt, hit: bool
) -> None:
    policies = cell(tmp_path, clock)
    await policies.take(signed(1))
    await policies.order(ordered(1, halt))
    assert asked(policies) == ("HALTED" if hit else "OK")
    assert asked(policies, "eu-central-1") == "OK"


async def test_a_halt_outlasts_a_restart_and_ends_by_itself(tmp_path: Path, clock: ManualClock) -> None:
    policies = cell(tmp_path, clock)
    await policies.take(signed(1))
    await policies.order(ordered(1, Halt(7, "jurisdiction", "US", NOW_S + 60)))
    again = cell(tmp_path, clock)
    again.confirm(1, 1)
    assert asked(again) == "HALTED"
    before = again.stage
    clock.advance(60)
    assert again.stage != before
    assert asked(again) == "OK"


async def test_only_newer_orders_of_the_directory_replace_what_holds(
    tmp_path: Path, clock: ManualClock
) -> None:
    policies = cell(tmp_path, clock)
    await policies.take(signed(1))
    await policies.order(ordered(5, Halt(7, "jurisdiction", "US", NOW_S + 60), cut_off=frozenset({"us-iad"})))
    await policies.order(ordered(4))
    with pytest.raises(InvalidError):
        await policies.order(ordered(6, key=FOREIGN))
    other = ordered(6)
    other.version = 7
    with pytest.raises(InvalidError):
        await policies.order(other)
    assert asked(policies) == "HALTED"
    assert policies.cut_off("us-iad")
    assert not policies.cut_off("de-fra")
    await policies.order(ordered(6))
    assert asked(policies) == "OK"
    assert not policies.cut_off("us-iad")
