"""The seven exhibits of the fail-open museum as checks of real objects. Each raises AssertionError when the
choice is made that fails open; `test_museum` shows for each that it notices the guard missing.
"""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from accord.clock import ManualClock
from accord.errors import ColinkError, NotReadyError, UnknownResidentError
from accord.identity import TokenClaims
from accord.ids import new_id
from accord.runtime.metrics import Metrics
from accord.signing import KeyRing
from edge.adapters.directory.parsing import parse_delta
from edge.adapters.local.files import JournalFiles
from edge.domain.routes import CellRoute, Delta, Placement
from edge.entrypoints.http.api import Api
from edge.ports import CallAnswer, LookupIndex, RouteFeed, SignedBundle
from edge.services.routing import Routing
from regional_cell.adapters.directory.routes import RouteTable
from regional_cell.adapters.local.search_fts5 import Fts5Index
from regional_cell.domain.events import Event
from regional_cell.domain.search_query import Term
from regional_cell.ports.search import IndexQuery
from regional_cell.services.indexing import Indexing
from residency_policies.builtin import BUILTIN_REGIONS, builtin_floors
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.decision import Question, Viewer
from residency_policies.vocabulary import OBLIGATIONS

ROOT = Path(__file__).resolve().parents[2]
PERMITTED = ROOT / "docs/examples/policies-search-permitted/de.yaml"
BEFORE_S, AFTER_S = 1_795_219_200, 1_830_000_000  # 2026-11-21; 2027-12-28, the fact ended on 2027-09-30


class Away:
    """A directory that answers `resolve` with an error, or with nothing."""

    def __init__(self, failure: ColinkError | None) -> None:
        self._failure = failure

    def watch(self, watch_version: int, last_hash: bytes) -> RouteFeed:
        raise AssertionError

    async def resolve(self, resident: str, deadline_s: float) -> Placement | None:
        if self._failure is not None:
            raise self._failure
        return None

    async def find(self, indexes: Sequence[LookupIndex], deadline_s: float) -> str:
        raise AssertionError

    def watch_bundle(self, held_version: int) -> AsyncIterator[SignedBundle]:
        raise AssertionError

    async def acknowledge(self, version: int, bundle_hash: bytes) -> None:
        raise AssertionError


def routing_of(folder: Path, failure: ColinkError | None, *, synced: bool = True) -> Routing:
    """An edge's routing whose directory is away. A cell is there and willing: it must not be taken."""
    routing = Routing(
        JournalFiles(folder),
        Away(failure),
        KeyRing(),
        parse_delta,
        ManualClock(),
        signers=KeyRing(),
        age_s_max=1,
    )
    if synced:
        cell = CellRoute("de-fra", "DE", "eu-central-1", ("127.0.0.1:1",), "active", 1)
        routing.table.apply(Delta(1, 1, True, cells=(cell,)))
    return routing


async def check_exhibit_1(folder: Path, failure: ColinkError) -> None:
    """No error of the resolver falls to a default cell."""
    try:
        entry = await routing_of(folder, failure).resolve(new_id("T"))
    except NotReadyError:
        return
    raise AssertionError(f"{failure.reason} was answered with the cell {entry.cell}")


async def check_exhibit_2(folder: Path) -> None:
    """An unknown id, and any id before the first sync, is refused: at the edge and in a cell."""
    with pytest.raises(UnknownResidentError):
        await routing_of(folder, None).resolve(new_id("T"))
    with pytest.raises(NotReadyError):
        routing_of(folder, None).resolve_now(new_id("T"))
    fresh = routing_of(folder, NotReadyError(), synced=False)
    assert not fresh.ready
    with pytest.raises(NotReadyError):
        await fresh.resolve(new_id("T"))
    with pytest.raises(NotReadyError):
        fresh.home(Placement(new_id("T"), "de-fra", 1, 1, 1, b""))
    with pytest.raises(NotReadyError):
        await RouteTable(KeyRing(), "us-iad").home_of(new_id("T"))


@dataclass
class Beyond:
    """What stands behind the door of the Web API: notes what comes through."""

    reached: list[str] = field(default_factory=list)

    def verify(self, text: str) -> TokenClaims:
        self.reached.append("token")
        raise AssertionError("beyond the door")

    async def admit(self, resident: str, *more: object) -> tuple[Placement, CellRoute]:
        raise AssertionError

    async def forward(self, *_: object) -> CallAnswer:
        raise AssertionError


async def check_exhibit_4(path: str) -> None:
    """A route outside the table goes no further than the door."""
    beyond = Beyond()
    inner = cast(Any, beyond)
    door = Api(inner, inner, inner, Metrics(), country=lambda: "DE", body_bytes_max=1_000)
    sent: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": b"{}", "more_body": False}]

    async def receive() -> Any:
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer xoxp-test"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await door(scope, receive, send)
    assert not beyond.reached, "the call went beyond the door"
    assert b'"unknown_method"' in b"".join(message.get("body", b"") for message in sent)


def check_exhibit_6() -> None:
    """A forbid whose exception can no longer be proven denies, and the decision names it."""
    documents = (*builtin_floors(), PERMITTED.read_text("utf-8"))
    bundle = Bundle(7, documents, BUILTIN_REGIONS)
    question = Question(
        "T1",
        7,
        "search_from",
        "message_body",
        "eu-central-1",
        "us-east-1",
        Viewer("employee", "US"),
        "search",
        can=frozenset(OBLIGATIONS),
    )
    while_it_lasts = compile_bundle(bundle, BEFORE_S)
    assert while_it_lasts.profile_for("T1", "DE").decide(question).allow
    for at in (compile_bundle(bundle, AFTER_S), while_it_lasts.at(AFTER_S)):
        decision = at.profile_for("T1", "DE").decide(question)
        assert not decision.allow, "a forbid that could not be decided was skipped"
        assert decision.code == "INSTRUMENT_EXPIRED"
        assert decision.rule.startswith("floor/eea ")
        assert decision.rule in [f"{one.policy} {one.clause}" for one in decision.because]


RESIDENT, CHANNEL = "T00000000000A", "C00000000000A"


def posted(sequence: int) -> Event:
    """A message as it stands in a log."""
    payload = {"channel": CHANNEL, "user": "U00000000000A", "text": f"word{sequence}", "blocks": ""}
    return Event(
        RESIDENT,
        sequence,
        1,
        "MessagePosted",
        1,
        sequence,
        "U00000000000A",
        {**payload, "attachments": ""},
        (),
    )


async def check_exhibit_7(folder: Path) -> None:
    """A follow-up that ends between its effect and its position, in either order, is done after the next
    start: nothing is lost, nothing is there twice.
    """
    path = folder / "search.db"
    events = [posted(1), posted(2), posted(3)]
    for table in ("documents", "positions"):
        path.unlink(missing_ok=True)
        index = Fts5Index(path)
        await index.open()
        stopper = sqlite3.connect(path)
        stopper.execute(
            f"CREATE TRIGGER stop BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'power is gone'); END"
        )
        stopper.commit()
        with pytest.raises(NotReadyError):
            await Indexing(index).consume(RESIDENT, 3, events)
        await index.close()
        stopper.execute("DROP TRIGGER stop")
        stopper.commit()
        stopper.close()
        again = Fts5Index(path)
        await again.open()
        tail = Indexing(again)
        done = await tail.position(RESIDENT)
        await tail.consume(RESIDENT, 3, [event for event in events if event.sequence > done])
        for event in events:
            terms = (Term(event.payload["text"], "word"),)
            hits = await again.search(RESIDENT, IndexQuery(terms, (CHANNEL,), (), None, None, 10))
            assert [hit.ts for hit in hits] == [event.at_us], f"stopped at {table}"
        assert await tail.position(RESIDENT) == 3
        await again.close()
