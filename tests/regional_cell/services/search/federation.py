"""Two cells in one process: stores in memory, books and indexes in folders, real TLS between them."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from accord.clock import SystemClock
from accord.identity import KeyRing, RingKey, SigningKey
from accord.ids import new_uuid
from accord.runtime.mtls import Authority, MtlsFiles, PeerName, Trust, issue, make_authority
from accord.runtime.rpc_client import open_channel
from accord.runtime.rpc_server import RpcServer
from accord.signing import SigningKeys
from accord.wire.cell.v1 import channel_pb2_grpc
from regional_cell.adapters.cells.peers import CellPeers
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.ledger import FolderLedger
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.local.search_fts5 import Fts5Index
from regional_cell.adapters.memory.store import MemoryStore
from regional_cell.adapters.memory.views import MemoryViews
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands import workspaces
from regional_cell.domain.search_exchange import CellState
from regional_cell.domain.transfers import Place
from regional_cell.entrypoints.channel.service import ChannelService
from regional_cell.ports.log import ResidentRecord
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.egress import Egress
from regional_cell.services.search.answering import Answering
from regional_cell.services.search.asking import Answer, Asking, Search
from regional_cell.services.search.local import LocalSearch, Wanted
from regional_cell.services.search.quarantine import Quarantine
from regional_cell.services.tokens import Tokens
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents, builtin_floors
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.decision import Decision, Question
from tests.regional_cell.stores import post

AT_S = 1_795_000_000
ORGANISATION, PERSON, OTHER = "E00000000000A", "P00000000000A", "P00000000000B"
CHANNEL, PRIVATE = "C00000000000A", "C00000000000B"
WHERE = {"de-fra": ("DE", "eu-central-1", "T00000000000D"), "us-iad": ("US", "us-east-1", "T00000000000S")}
USERS = {"de-fra": ("U00000000000D", "U00000000001D"), "us-iad": ("U00000000000S", "U00000000001S")}
PERMITTED = Path(__file__).parents[4] / "docs" / "examples" / "policies-search-permitted"


@dataclass
class FixedPolicies:
    """`ports.Policies` with one bundle."""

    compiled: CompiledBundle
    late: frozenset[str] = frozenset()

    @property
    def stage(self) -> object:
        return self.bundle()

    def cut_off(self, node: str) -> bool:
        return node in self.late

    def bundle(self) -> CompiledBundle:
        return self.compiled

    def decide(
        self, question: Question, establishment: str, subjects: Sequence[str], tags: Sequence[str]
    ) -> Decision:
        profile = self.compiled.profile_for(question.workspace, establishment, subjects, tags)
        return profile.decide(question)


@dataclass
class FixedRoutes:
    """`ports.Routes` as the directory would spread them."""

    key_ring: KeyRing = field(default_factory=KeyRing)
    homes: dict[str, str] = field(default_factory=dict)

    async def home_of(self, resident: str) -> tuple[str, int] | None:
        return (self.homes[resident], 1) if resident in self.homes else None

    def region_of(self, cell: str) -> str | None:
        return WHERE[cell][1] if cell in WHERE else None

    def jurisdiction_of(self, cell: str) -> str | None:
        return WHERE[cell][0] if cell in WHERE else None

    def placement_facts(self, resident: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
        home = self.homes.get(resident)
        return (WHERE[home][0], (), ()) if home else None


def documents(*, permitted: bool) -> tuple[str, ...]:
    """The built-in policies, or those of the example in which the search is permitted."""
    if not permitted:
        return tuple(builtin_documents())
    own = tuple(path.read_text("utf-8") for path in sorted(PERMITTED.glob("*.yaml")))
    return (*own, *builtin_floors())


class TestedCell:
    """One cell with one workspace, in which ann (PERSON) and bob (OTHER) are members."""

    __test__ = False

    def __init__(
        self,
        name: str,
        folder: Path,
        routes: FixedRoutes,
        trust: Trust,
        policies: CompiledBundle,
        authority: Authority,
    ) -> None:
        self.name, self.routes, self.trust = name, routes, trust
        country, region, self.workspace = WHERE[name]
        self.clock, self.key = SystemClock(), SigningKey.from_seed(os.urandom(32))
        sealer = LocalSealer(CellKeys(os.urandom(32)))
        self.store = MemoryStore(sealer)
        self.sealer, views = sealer, MemoryViews(self.store)
        self.commits = GroupCommits(self.store, views, sealer, self.clock)
        self.ledger_key = SigningKey.from_seed(os.urandom(32))
        self.ledger = FolderLedger(
            folder / name / "ledger", f"{name}.demo/ledger", self.ledger_key, os.urandom
        )
        self.index = Fts5Index(folder / f"{name}.db")
        keys = SigningKeys([self.key], routes.key_ring, lambda: self.clock.now_us() // 1_000_000)
        self.tokens = Tokens(self.commits, routes.key_ring, keys, name, self.clock, os.urandom)
        self.egress = Egress(
            Place(name, region, country),
            FixedPolicies(policies),
            self.ledger,
            self.clock,
            new_uuid,
            os.urandom,
        )
        self.addresses: dict[str, str] = {}
        self.authority = authority
        self.local = LocalSearch(self.commits, views, self.index, self.clock.now_us)
        self.spawned: set[asyncio.Task[None]] = set()
        self.answering = Answering(
            self.commits, self.local, self.egress, routes, self.tokens.prove_identity,
            lambda work: self.spawned.add(asyncio.ensure_future(work)),
        )  # fmt: skip

    def connect(self) -> None:
        """Make what needs the trust of both."""
        certificate, key = issue(self.authority, "cell", f"{self.name}.demo")
        mtls = MtlsFiles(certificate, key)
        self.peers = CellPeers(
            lambda cell, address: open_channel(address, mtls, self.trust, f"{cell}.demo"),
            lambda cell: [self.addresses[cell]] if cell in self.addresses else [],
        )
        self.asking = Asking(
            self.commits, self.local, self.egress, self.routes, self.peers, self.tokens.identify,
            self.clock.monotonic_s, first_answer_ms=5000, tail_ms=8000,
        )  # fmt: skip

        def is_cell(peer: PeerName) -> bool:
            return peer.node in WHERE and peer.trust_domain == f"{peer.node}.demo"

        method = "/accord.wire.cell.v1.ControlledChannel/Search"
        self.rpc = RpcServer(self.name, "127.0.0.1:0", mtls, self.trust, {method: is_cell})
        service = ChannelService(self.answering, Quarantine(time.monotonic, lambda peer: None))
        self.rpc.add(lambda server: channel_pb2_grpc.add_ControlledChannelServicer_to_server(service, server))

    async def start(self) -> str:
        """Open everything and make the workspace; the address."""
        await self.ledger.open()
        await self.index.open()
        await self.commits.start()
        key_id, wrapped = self.sealer.new_key(self.workspace)
        country = WHERE[self.name][0]
        record = ResidentRecord(self.workspace, "T", 1, "open", 0, 0, key_id, country, (), ())
        await self.store.open(record, wrapped)
        others = tuple(where[2] for name, where in WHERE.items() if name != self.name)
        ann, bob = USERS[self.name]
        facts = workspaces.WorkspaceFacts(
            "Acme", "acme", ORGANISATION, "Acme Group", country, (), (), CHANNEL, "C0000000000RR"
        )
        newcomers = [
            workspaces.Newcomer(user, person, "member", {"name": name, "tz": "UTC"}, others)
            for user, person, name in ((ann, PERSON, "ann"), (bob, OTHER, "bob"))
        ]
        private = workspaces.NewChannel(PRIVATE, "plans", True, bob, (bob,))
        for decide in (
            workspaces.create(facts),
            workspaces.admit(newcomers),
            workspaces.create_channels([private]),
        ):
            await self.commits.commit(self.workspace, decide, principal="")
        return f"127.0.0.1:{await self.rpc.start()}"

    async def stop(self) -> None:
        await self.peers.close()
        await self.rpc.stop(0.1)
        await self.commits.stop()
        await self.index.close()
        await self.ledger.close()

    def caller(self, place: int = 0) -> Caller:
        """ann, or bob."""
        person = (PERSON, OTHER)[place]
        return Caller(
            self.workspace, "", "xoxc", USERS[self.name][place], "", "", person, "member", frozenset()
        )

    async def say(self, text: str, channel: str = CHANNEL, place: int = 1) -> None:
        await self.commits.commit(self.workspace, post(text, channel, USERS[self.name][place]), principal="")

    async def find(
        self,
        text: str,
        *,
        first_answer_ms: int = 5000,
        cells: frozenset[str] | None = None,
        mode: str = "content",
    ) -> Answer:
        """ann searches at an edge beside this cell."""
        country, region, _ = WHERE[self.name]
        query = await self.asking.read(self.caller(), text)
        edge = Place("edge", region, country)
        return await self.asking.search(
            Search(
                self.caller(),
                query,
                Wanted(mode=mode),
                edge,
                country,
                first_answer_ms,
                8000,
                "request",
                cells,
            )
        )

    def book(self) -> bytes:
        """Every line of the ledger."""
        files = sorted((self.ledger._folder / "book").glob("*.jsonl"))
        return b"".join(file.read_bytes() for file in files)


def state_of(answer: Answer, cell: str) -> CellState:
    """The only state of a cell."""
    (state,) = [state for state in answer.cells if state.cell == cell]
    return state


@asynccontextmanager
async def two_cells(folder: Path, *, permitted: bool) -> AsyncIterator[tuple[TestedCell, TestedCell]]:
    """de-fra and us-iad, running; ann and bob are in both, and their workspaces are linked."""
    bundle = Bundle(7, documents(permitted=permitted), tuple(BUILTIN_REGIONS))
    compiled = compile_bundle(bundle, AT_S)
    routes = FixedRoutes(homes={where[2]: name for name, where in WHERE.items()})
    authorities = {name: make_authority(name, f"{name}.demo") for name in WHERE}
    trust = Trust({f"{name}.demo": authority.cert_pem for name, authority in authorities.items()})
    cells = [TestedCell(name, folder, routes, trust, compiled, authorities[name]) for name in WHERE]
    routes.key_ring.replace(
        [RingKey(cell.name, "*", cell.key.key_id, cell.key.public, 0, 2**40) for cell in cells]
    )
    for cell in cells:
        cell.connect()
    addresses = {cell.name: await cell.start() for cell in cells}
    for cell in cells:
        cell.addresses.update(addresses)
    try:
        yield cells[0], cells[1]
    finally:
        for cell in cells:
            await cell.stop()
