"""The policy bundle: signed, stored before it is used, and asked for every transit."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from accord.clock import ManualClock
from accord.errors import HomeUnreachableError, NotReadyError, WrongEdgeError
from accord.ids import new_id
from accord.orders import Halt, Orders
from accord.signing import KeyRing, RingKey, SigningKey
from edge.adapters.local.files import BundleFile
from edge.domain.enforcement import TRANSIT
from edge.domain.routes import CellRoute, EdgeRoute, Placement
from edge.ports import LookupIndex, RouteFeed, SignedBundle, SignedOrders
from edge.services.policies import Policies
from residency_policies import compiled
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle
from residency_policies.compile import Table, compile_stack
from residency_policies.decision import USER_TEXTS, instant_text
from residency_policies.stack import Stack
from tests.edge.support_world import strict_policy

KEY, FOREIGN = SigningKey.generate(), SigningKey.generate()
RING = KeyRing([RingKey("directory", "*", KEY.key_id, KEY.public, 0, 2**40)])
STRICT = new_id("T")
INDIA = CellRoute("in-bom", "IN", "ap-south-1", ("a:1",), "active", 1)
NOW_US = 1_800_000_000_000_000
EDGES = [
    EdgeRoute("fra", "DE", "eu-central-1", "http://fra.test", 1),
    EdgeRoute("bom", "IN", "ap-south-1", "http://bom.test", 1),
]


def signed(version: int, key: SigningKey = KEY, *more: str, strict: str = "") -> SignedBundle:
    texts = (*builtin_documents(), strict or strict_policy(STRICT), *more)
    data = Bundle(version, texts, BUILTIN_REGIONS).canonical_bytes
    return SignedBundle(version, data, key.key_id, key.sign("bundle", hashlib.sha256(data).digest()))


class _Directory:
    """Gives these bundles, then is away."""

    def __init__(self, *bundles: SignedBundle) -> None:
        self.bundles = bundles
        self.acknowledged: list[int] = []

    async def watch_bundle(self, held_version: int) -> AsyncIterator[SignedBundle]:
        for bundle in self.bundles:
            yield bundle
        raise HomeUnreachableError()

    async def acknowledge(self, version: int, bundle_hash: bytes) -> None:
        self.acknowledged.append(version)

    def watch(self, watch_version: int, last_hash: bytes) -> RouteFeed:
        raise AssertionError

    async def resolve(self, resident: str, deadline_s: float) -> Placement | None:
        raise AssertionError

    async def find(self, indexes: Sequence[LookupIndex], deadline_s: float) -> str:
        raise AssertionError


class _EndError(Exception):
    """The watch came to its pause."""


def edge(
    folder: Path,
    directory: _Directory,
    wall_s: float = NOW_US / 1e6,
    region: str = "eu-central-1",
    clock: ManualClock | None = None,
) -> Policies:
    async def stop(seconds: float) -> None:
        raise _EndError

    policies = Policies(
        BundleFile(folder, lambda: wall_s),
        directory,
        RING,
        clock or ManualClock(NOW_US),
        region=region,
        edges=lambda: EDGES,
        age_s_max=3_600,
        sleep=stop,
    )
    policies.start()
    return policies


async def watched(
    folder: Path,
    directory: _Directory,
    wall_s: float = NOW_US / 1e6,
    region: str = "eu-central-1",
    clock: ManualClock | None = None,
) -> Policies:
    policies = edge(folder, directory, wall_s, region, clock)
    with pytest.raises(_EndError):
        await policies.watch()
    return policies


def home(resident: str, establishment: str = "IN") -> Placement:
    return Placement(resident, "in-bom", 1, 1, 1, b"", establishment)


async def test_a_signed_bundle_is_stored_used_and_acknowledged(tmp_path: Path) -> None:
    directory = _Directory(signed(1))
    policies = await watched(tmp_path, directory)
    assert (policies.version, policies.country, directory.acknowledged) == (1, "DE", [1])
    assert (await watched(tmp_path, _Directory(), (tmp_path / "bundle").stat().st_mtime)).version == 1


async def test_a_bundle_decides_for_those_who_are_asked_about_without_a_table_to_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Stack] = []

    def counted(stack: Stack) -> Table:
        made.append(stack)
        return compile_stack(stack)

    class Asking(_Directory):
        """After each bundle the edge is asked about a workspace whose law is that of several places."""

        policies: Policies

        async def acknowledge(self, version: int, bundle_hash: bytes) -> None:
            asked = replace(home(new_id("T")), subjects=("SG",))
            made.clear()
            self.policies.check(asked, INDIA, TRANSIT)
            self.acknowledged.append(len(made))
            made.clear()

    monkeypatch.setattr(compiled, "compile_stack", counted)
    directory = Asking(signed(1), signed(2))
    directory.policies = edge(tmp_path, directory)
    with pytest.raises(_EndError):
        await directory.policies.watch()
    assert directory.acknowledged == [1, 0], "the table is made when the first bundle is asked"


async def test_a_bundle_that_is_not_the_directorys_is_neither_used_nor_stored(tmp_path: Path) -> None:
    good = signed(1)
    faults = [
        signed(1, FOREIGN),
        SignedBundle(1, good.bundle.replace(b"India", b"Indio"), good.key_id, good.signature),
        SignedBundle(2, good.bundle, good.key_id, good.signature),
    ]
    directory = _Directory(*faults)
    policies = await watched(tmp_path, directory)
    assert (policies.ready, directory.acknowledged) == (False, [])
    assert not (tmp_path / "bundle").exists()
    with pytest.raises(NotReadyError):
        policies.check(home(STRICT), INDIA, TRANSIT)


async def test_an_older_bundle_never_replaces_a_newer_one(tmp_path: Path) -> None:
    directory = _Directory(signed(3), signed(2))
    assert (await watched(tmp_path, directory)).version == 3
    assert directory.acknowledged == [3]


async def test_a_stored_bundle_that_is_too_old_is_not_started_from(tmp_path: Path) -> None:
    await watched(tmp_path, _Directory(signed(1)))
    written_s = (tmp_path / "bundle").stat().st_mtime
    assert (await watched(tmp_path, _Directory(), written_s + 3_599)).ready
    assert not (await watched(tmp_path, _Directory(), written_s + 3_601)).ready


async def test_a_stored_bundle_with_a_flipped_byte_is_none(tmp_path: Path) -> None:
    await watched(tmp_path, _Directory(signed(1)))
    file = tmp_path / "bundle"
    whole = file.read_bytes()
    for at in (3, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not (await watched(tmp_path, _Directory(), file.stat().st_mtime)).ready


async def test_transit_is_refused_with_rule_and_lawful_edge_and_a_new_bundle_is_asked_anew(
    tmp_path: Path,
) -> None:
    policies = await watched(tmp_path, _Directory(signed(1)))
    for _ in range(2):  # the second from what was kept
        with pytest.raises(WrongEdgeError) as refused:
            policies.check(home(STRICT), INDIA, TRANSIT)
        # Nobody has proven who asks: nothing of why the workspace has it so, nor of what it allows.
        assert refused.value.metadata.keys() == {"rule", "decision", "url"}
        assert refused.value.metadata["rule"] == "strict/in default"
        assert refused.value.metadata["url"] == "http://bom.test"
        assert refused.value.text == USER_TEXTS["CLOSED"]
    policies.check(home(new_id("T")), INDIA, TRANSIT)
    local = await watched(tmp_path / "bom", _Directory(signed(1)), region="ap-south-1")
    local.check(home(STRICT), INDIA, TRANSIT)


async def test_a_policy_begins_at_its_instant_for_requests_that_come_then(tmp_path: Path) -> None:
    begins_s = NOW_US // 1_000_000 + 3_600
    text = strict_policy(STRICT).replace("2026-11-01T00:00:00Z", instant_text(begins_s))
    clock = ManualClock(NOW_US)
    policies = await watched(tmp_path, _Directory(signed(1, strict=text)), clock=clock)
    policies.check(home(STRICT), INDIA, TRANSIT)
    clock.advance(3_599.999)
    policies.check(home(STRICT), INDIA, TRANSIT)
    clock.advance(0.001)
    with pytest.raises(WrongEdgeError) as refused:
        policies.check(home(STRICT), INDIA, TRANSIT)
    assert refused.value.metadata["rule"] == "strict/in default"


async def test_without_a_policy_nothing_passes_a_border_and_a_foreign_region_is_unknown(
    tmp_path: Path,
) -> None:
    policies = await watched(tmp_path, _Directory(signed(1)))
    with pytest.raises(WrongEdgeError):
        policies.check(home(new_id("T"), "ZZ"), INDIA, TRANSIT)
    elsewhere = await watched(tmp_path / "x", _Directory(signed(1)), region="nowhere-1")
    assert elsewhere.country == "ZZ"
    with pytest.raises(WrongEdgeError):
        elsewhere.check(home(new_id("T")), INDIA, TRANSIT)


def ordered(version: int, *halts: Halt, cut_off: frozenset[str] = frozenset()) -> SignedBundle:
    """The bundle with orders."""
    data = Orders(version, halts, cut_off).to_bytes()
    return replace(signed(1), orders=SignedOrders(version, data, KEY.key_id, KEY.sign("orders", data)))


LATER_S = NOW_US // 1_000_000 + 60


def may_pass(policies: Policies, resident: str = "T00000000000A") -> str:
    """The rule by which an Indian workspace does not pass the edge in Frankfurt; empty: it passes."""
    try:
        policies.check(home(resident), INDIA, TRANSIT)
    except WrongEdgeError as error:
        return error.metadata["rule"] + " " + error.metadata.get("url", "")
    return ""


@pytest.mark.parametrize(
    ("halt", "hit"),
    [
        (Halt(7, "workspace", "T00000000000A", LATER_S), True),
        (Halt(7, "workspace", "T00000000000B", LATER_S), False),
        (Halt(7, "jurisdiction", "IN", LATER_S), True),
        (Halt(7, "jurisdiction", "DE", LATER_S), True),
        (Halt(7, "jurisdiction", "US", LATER_S), False),
        (Halt(7, "workspace", "T00000000000A", LATER_S - 60), False),
    ],
)
async def test_what_is_halted_does_not_pass_and_is_told_of_an_edge_at_home(
    tmp_path: Path, halt: Halt, hit: bool
) -> None:
    policies = await watched(tmp_path, _Directory(ordered(1, halt)))
    assert may_pass(policies) == ("halt 7 http://bom.test" if hit else "")
    at_home = await watched(tmp_path, _Directory(ordered(1, halt)), region="ap-south-1")
    assert may_pass(at_home) == ""


async def test_a_halt_outlasts_a_restart_and_older_orders_and_ends_with_newer_ones(tmp_path: Path) -> None:
    halt = Halt(7, "jurisdiction", "IN", LATER_S)
    await watched(tmp_path, _Directory(ordered(2, halt)))
    written_s = (tmp_path / "bundle").stat().st_mtime
    assert may_pass(await watched(tmp_path, _Directory(), written_s)).startswith("halt 7")
    assert may_pass(await watched(tmp_path, _Directory(ordered(1)))).startswith("halt 7")
    forged = ordered(3)
    assert forged.orders is not None
    wrong = replace(forged, orders=replace(forged.orders, signature=bytes(64)))
    assert may_pass(await watched(tmp_path, _Directory(wrong))).startswith("halt 7")
    assert may_pass(await watched(tmp_path, _Directory(ordered(3)))) == ""


async def test_a_cell_that_is_cut_off_is_reached_at_home_alone(tmp_path: Path) -> None:
    directory = _Directory(ordered(1, cut_off=frozenset({"in-bom"})))
    assert may_pass(await watched(tmp_path, directory)) == "cut off in-bom http://bom.test"
    assert may_pass(await watched(tmp_path, directory, region="ap-south-1")) == ""
