"""A directory without faces: every service over one store, and cells, edges and residents to act with."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from accord.clock import ManualClock
from accord.identity import Handover, RingKey, SigningKey, sign_handover
from accord.ids import new_id
from accord.runtime.mtls import Authority, Trust, make_authority
from accord.runtime.passwords import Argon2Hasher
from directory.adapters.authorities import TrustedAuthorities
from directory.adapters.memory.bell import LocalBell
from directory.adapters.memory.rates import LocalRate
from directory.adapters.totp import SealedTotp
from directory.domain.bundles import SignedBundle
from directory.domain.cells import Cell, CellState, Edge
from directory.domain.claims import Claim
from directory.domain.homes import HomeRules
from directory.domain.officers import STEP_S, Officer
from directory.domain.peers import Peer, PeerKind
from directory.domain.placements import Asked, Placement, ResidentKind
from directory.domain.policy_log import LogPen
from directory.entrypoints.grpc.forms import encode_delta
from directory.entrypoints.http.app import OfficerDoors
from directory.ports.store import Store, WriteUnit
from directory.services.bundles import BundleService
from directory.services.cells import CellService
from directory.services.claims import ClaimService
from directory.services.halts import HaltService
from directory.services.officers import OfficerService
from directory.services.placements import PlacementService
from directory.services.policies.evidence import PolicyEvidence
from directory.services.policies.review import PolicyReview
from directory.services.policies.rollout import PolicyRollout
from directory.services.policies.shadow import PolicyShadow
from directory.services.policy_log import PolicyLogService
from directory.services.shadows import ShadowService
from directory.services.traffic import TrafficService
from directory.services.unlawful import UnlawfulService
from directory.services.watch import WatchService
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents

FEDERATION = "test"
OPERATOR = Peer(PeerKind.OPERATOR, "root")
LEASE_S = 60
KINDS = {"T": ResidentKind.WORKSPACE, "E": ResidentKind.ORGANISATION, "P": ResidentKind.PERSON}
PLACES = {
    "de-fra": ("DE", "eu-central-1"),
    "de-mun": ("DE", "eu-central-1"),
    "us-iad": ("US", "us-east-1"),
    "br-gru": ("BR", "sa-east-1"),
}


@dataclass
class TestCell:
    """An admitted cell's own half: its authority and its signing key."""

    __test__ = False
    name: str
    authority: Authority
    key: SigningKey

    @property
    def peer(self) -> Peer:
        return Peer(PeerKind.NODE, self.name)

    def ring_key(self) -> RingKey:
        return RingKey(self.name, "*", self.key.key_id, self.key.public, 0, 2**40)

    def described(self) -> Cell:
        jurisdiction, region = PLACES[self.name]
        return Cell(
            self.name,
            jurisdiction,
            region,
            ("127.0.0.1:7001",),
            CellState.ACTIVE,
            "example-operator",
            self.authority.cert_pem,
            0,
        )

    def asks(self, resident: str, key: str = "k1", establishment: str = "") -> Asked:
        record = sign_handover(self.key, Handover(resident, "", self.name, 1, "00" * 32))
        code = establishment or PLACES[self.name][0]
        return Asked(resident, KINDS[resident[0]], code, (), (), record, key)


# Made once in a test run: compiling and certifying take longer than the tests.
BUNDLE_KEY = SigningKey.generate()
HASHER = Argon2Hasher(memory_mib=1, passes=1)
PASSWORD = "a long enough password"
_RULES = HomeRules()
_ADOPTED: dict[tuple[str, ...], SignedBundle] = {}
_AUTHORITIES: dict[str, Authority] = {}


def authority_of(domain: str) -> Authority:
    """One authority per trust domain and test run: making one is slow."""
    if domain not in _AUTHORITIES:
        _AUTHORITIES[domain] = make_authority(domain, domain)
    return _AUTHORITIES[domain]


@dataclass
class World:
    """Services over `store`, with a clock that stands still."""

    store: Store
    clock: ManualClock = field(default_factory=lambda: ManualClock(1_796_000_000_000_000))
    find_per_minute: int = 10_000

    def __post_init__(self) -> None:
        self.bell = LocalBell()
        self.routes_key = SigningKey.generate()
        self.bundle_key = BUNDLE_KEY
        given = Trust({"operator.test": authority_of("operator.test").cert_pem})
        authorities = TrustedAuthorities(given, FEDERATION)
        regions = frozenset(region.id for region in BUILTIN_REGIONS)
        self.placements = PlacementService(self.store, self.clock, self.bell, _RULES)
        self.claims = ClaimService(
            self.store, self.clock, _counted_bytes(), LocalRate(self.find_per_minute), LEASE_S
        )
        self.cells = CellService(self.store, self.clock, self.bell, authorities, regions)
        self.log_key = SigningKey.generate()
        self.pen = LogPen(self.log_key, f"policies.{FEDERATION}")
        self.random = _counted_bytes()
        made = (self.store, self.clock, self.bell, self.bundle_key, self.random, self.pen)
        self.bundles = BundleService(*made)
        self.review, self.rollout = PolicyReview(*made), PolicyRollout(*made)
        self.evidence = PolicyEvidence(*made)
        self.halts = HaltService(*made, acknowledge_s=10)
        self.traffic = TrafficService(self.store, self.clock)
        self.shadow, self.shadows = PolicyShadow(*made), ShadowService(self.store, self.clock)
        self.unlawful = UnlawfulService(self.store, self.clock, self.random, self.pen)
        self.log = PolicyLogService(self.store)
        self.factors = SealedTotp(bytes(32))
        self.officers = OfficerService(
            self.store, self.clock, self.random, HASHER, self.factors, LocalRate(1_000), self.pen
        )
        self.watch = WatchService(self.store, self.clock, self.routes_key, encode_delta)

    @property
    def doors(self) -> OfficerDoors:
        """What officers are served by."""
        return OfficerDoors(
            self.officers,
            self.review,
            self.rollout,
            self.halts,
            self.log,
            self.evidence,
            self.shadow,
            self.shadows,
            self.unlawful,
        )

    async def begin(self, documents: tuple[str, ...] = builtin_documents()) -> "World":
        """With the built-in bundle active, or another one."""
        if documents not in _ADOPTED:
            _ADOPTED[documents] = await self.bundles.adopt(documents, BUILTIN_REGIONS)

        def work(unit: WriteUnit) -> None:
            if unit.bundles.active() is None:
                unit.bundles.add(_ADOPTED[documents], 0)
                unit.commit()

        await self.store.write(work)
        return self

    async def admit(self, name: str = "de-fra") -> TestCell:
        domain = f"{name}.{FEDERATION}"
        cell = TestCell(name, authority_of(domain), SigningKey.generate())
        await self.cells.admit(OPERATOR, cell.described(), [cell.ring_key()])
        return cell

    async def admit_edge(self, name: str = "fra", jurisdiction: str = "DE") -> Peer:
        edge = Edge(name, jurisdiction, "eu-central-1", f"https://{name}.example.test", 0)
        await self.cells.admit_edge(OPERATOR, edge)
        return Peer(PeerKind.EDGE, name)

    async def officer(self, name: str, role: str = "officer", *jurisdictions: str) -> Officer:
        """An enrolled officer; everywhere unless jurisdictions are given."""
        secret, _ = await self.officers.invite(OPERATOR, name, [role], list(jurisdictions or ("*",)))
        self.totp = await self.officers.enrol(name, secret, PASSWORD, "127.0.0.1")
        found = await self.store.read(lambda unit: unit.officers.find(name))
        assert found is not None
        return found

    def code(self, uri: str, later: int = 0) -> str:
        """The authenticator's code now, or some steps later."""
        at_s = self.clock.now_us() // 1_000_000 + later * STEP_S
        return code_of(uri, at_s)

    async def place(self, cell: TestCell, prefix: str = "T") -> Placement:
        return await self.placements.place(cell.peer, cell.asks(new_id(prefix)))


def code_of(uri: str, at_s: int) -> str:
    """What an authenticator shows at this time, as RFC 6238 says it: written from the paper, not the
    library.
    """
    text = parse_qs(urlsplit(uri).query)["secret"][0]
    key = base64.b32decode(text + "=" * (-len(text) % 8))
    digest = hmac.digest(key, (at_s // STEP_S).to_bytes(8, "big"), "sha1")
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def claim(resident: str, value: str, attribute: str = "email", key_id: str = "de-email-1") -> Claim:
    """A claim whose index stands in for an HMAC of the value."""
    return Claim(attribute, key_id, hashlib.sha256(f"{attribute}:{value}".encode()).digest(), resident)


def _counted_bytes() -> "_Counted":
    return _Counted()


class _Counted:
    """Bytes that differ at every call and repeat in every run."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, count: int) -> bytes:
        self._calls += 1
        return hashlib.shake_256(self._calls.to_bytes(8, "big")).digest(count)
