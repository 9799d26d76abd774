"""Passages: decided, booked, and only then open; what arrives is held against its header and credited
first.
"""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from accord.clock import ManualClock
from accord.errors import (
    BundleSkewError,
    ForbiddenError,
    InternalError,
    LedgerUnavailableError,
    NotReadyError,
    WithheldError,
)
from accord.ledger import payload_root
from regional_cell.domain.enforcement import (
    EDGE_DISCLOSE,
    EDGE_TRANSIT,
    QUERY_RECEIVED,
    QUERY_SENT,
)
from regional_cell.domain.transfers import Entry, Header, Place, References
from regional_cell.ports.crossings import Policies, PolicyFacts
from regional_cell.ports.sockets import EdgeFacts
from regional_cell.services.edge_passages import EdgePassages
from regional_cell.services.egress import Egress
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.decision import Viewer
from residency_policies.points import Flow, Point
from tests.regional_cell.services.search.federation import AT_S, WHERE, FixedPolicies, FixedRoutes

HERE, THERE = Place("us-iad", "us-east-1", "US"), Place("de-fra", "eu-central-1", "DE")
FACTS = PolicyFacts("US")
FLOW = Flow(WHERE["us-iad"][2], HERE.region, THERE.region, Viewer("system"))
SHOWN = (EDGE_TRANSIT, EDGE_DISCLOSE)
LOCAL_QUERY = Point("cell.test.query", "process", ("message_body",), "local")
COMPILED = compile_bundle(Bundle(7, tuple(builtin_documents()), tuple(BUILTIN_REGIONS)), AT_S)


@dataclass
class RecordingLedger:
    """`ports.Ledger` that remembers the order of things."""

    said: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    broken: str = ""

    async def append(self, entries: Sequence[Entry]) -> int:
        if self.broken:
            raise LedgerUnavailableError(why=self.broken)
        for entry in entries:
            self.said.append(f"{entry.open['side']} {entry.open['phase']}")
        self.entries += entries
        return len(self.entries) - len(entries)

    async def checkpoint(self) -> str:
        return ""


def make(ledger: RecordingLedger, policies: Policies | None = None) -> Egress:
    clock = ManualClock()
    return Egress(
        HERE, policies or FixedPolicies(COMPILED), ledger, clock, lambda: "t-1", lambda count: b"s" * count
    )


async def test_a_passage_is_booked_before_anything_can_leave() -> None:
    ledger = RecordingLedger()
    passage = await make(ledger).open(
        QUERY_SENT,
        FLOW,
        FACTS,
        destination=THERE,
        leg="query",
        references=References("T1"),
    )
    assert ledger.said == ["debit intent"]
    passage.put("query", "message_body", b"words")
    with pytest.raises(InternalError):
        _ = passage.items
    header = await passage.book()
    ledger.said.append("sent")
    assert ledger.said == ["debit intent", "debit result", "sent"]
    assert passage.items == (("message_body", "query", b"words"),)
    assert (header.items, header.size_bytes) == (1, 5)
    with pytest.raises(InternalError):
        passage.put("more", "message_body", b"later")
    with pytest.raises(InternalError):
        await passage.book()
    assert ledger.entries[1].sealed["workspace"] == "T1"
    assert "T1" not in str(ledger.entries[1].open)


async def test_a_class_that_was_not_asked_for_is_refused() -> None:
    passage = await make(RecordingLedger()).open(
        QUERY_SENT, FLOW, FACTS, destination=THERE, leg="query", references=References()
    )
    with pytest.raises(ForbiddenError):
        passage.put("profile", "profile_pii", b"ann")


async def test_what_the_policies_refuse_is_not_even_announced() -> None:
    ledger = RecordingLedger()
    with pytest.raises(WithheldError) as refused:
        await make(ledger).open(
            LOCAL_QUERY, FLOW, FACTS, destination=THERE, leg="query", references=References(),
        )  # fmt: skip
    assert refused.value.metadata["code"]
    assert ledger.said == []


async def test_without_a_ledger_no_passage_opens_and_none_is_booked() -> None:
    ledger = RecordingLedger()
    egress = make(ledger)
    passage = await egress.open(
        QUERY_SENT, FLOW, FACTS, destination=THERE, leg="query", references=References()
    )
    ledger.broken = "disk"
    with pytest.raises(LedgerUnavailableError):
        await passage.book()
    with pytest.raises(InternalError):
        _ = passage.items
    with pytest.raises(LedgerUnavailableError):
        await egress.open(
            QUERY_SENT,
            FLOW,
            FACTS,
            destination=THERE,
            leg="query",
            references=References(),
        )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"items": 2}, ForbiddenError),
        ({"size_bytes": 4}, ForbiddenError),
        ({"payload_root": bytes(32)}, ForbiddenError),
        ({"salt": bytes(32)}, ForbiddenError),
        ({"classes": ("search_snippet",)}, ForbiddenError),
        ({"op": "disclose"}, ForbiddenError),
        ({"bundle_version": 9}, BundleSkewError),
        ({"bundle_version": 1}, BundleSkewError),
        ({}, None),
        ({"bundle_version": 8}, None),
    ],
)
async def test_what_arrives_is_credited_only_when_it_is_what_the_header_says(
    changes: dict[str, object], error: type[Exception] | None
) -> None:
    ledger, items = RecordingLedger(), [("message_body", "query", b"words")]
    salt = b"s" * 32
    header = Header(
        "t", "query", "process", ("message_body",), 1, 5, payload_root(salt, items), salt, "search", 7
    )
    header = replace(header, **changes)  # type: ignore[arg-type]
    egress = make(ledger)
    if error is None:
        await egress.receive(
            QUERY_RECEIVED, header, items, FLOW, FACTS, source=THERE, references=References()
        )
        assert ledger.said == ["credit result"]
        return
    with pytest.raises(error):
        await egress.receive(
            QUERY_RECEIVED, header, items, FLOW, FACTS, source=THERE, references=References()
        )
    assert ledger.said == []


async def test_edges_elsewhere_are_decided_announced_and_booked_by_the_minute() -> None:
    ledger = RecordingLedger()
    spawned: list[object] = []
    routes = FixedRoutes(homes={WHERE["us-iad"][2]: "us-iad"})
    passages = EdgePassages(
        make(ledger), ledger, FixedPolicies(COMPILED), routes, lambda: 1, lambda: "t", spawned.append
    )
    edge = EdgeFacts("fra", "DE", "eu-central-1", "", "")
    for _ in range(3):
        passages.edge_passage(edge, WHERE["us-iad"][2], 10, SHOWN, viewer_country="DE")
    with pytest.raises(WithheldError):
        passages.edge_passage(edge, WHERE["us-iad"][2], 10, SHOWN, viewer_country="RU")
    for work in spawned:
        await work  # type: ignore[misc]
    await passages.flush()
    assert ledger.said == ["single intent"] * 2 + ["single aggregate"] * 2
    assert [(entry.open["op"], entry.open["items"], entry.open["bytes"]) for entry in ledger.entries[2:]] == [
        ("transit", 3, 30), ("disclose", 3, 30),
    ]  # fmt: skip
    ledger.broken = "disk"
    with pytest.raises(LedgerUnavailableError):
        passages.edge_passage(edge, WHERE["us-iad"][2], 10, SHOWN[:1], viewer_country="DE")


async def test_what_was_counted_is_booked_although_nobody_can_decide_about_it_any_more() -> None:
    ledger = RecordingLedger()
    spawned: list[Coroutine[Any, Any, None]] = []
    home = WHERE["us-iad"][2]
    routes = FixedRoutes(homes={home: "us-iad"})
    passages = EdgePassages(
        make(ledger), ledger, FixedPolicies(COMPILED), routes, lambda: 1, lambda: "t", spawned.append
    )
    edge = EdgeFacts("fra", "DE", "eu-central-1", "", "")
    passages.edge_passage(edge, home, 10, SHOWN[:1], viewer_country="DE")
    for work in spawned:
        await work
    routes.homes.clear()
    await passages.flush()
    assert ledger.said == ["single intent", "single aggregate"]
    with pytest.raises(NotReadyError):
        passages.edge_passage(edge, home, 10, SHOWN[:1], viewer_country="DE")


async def test_what_could_not_be_announced_is_announced_before_anything_passes_again() -> None:
    ledger = RecordingLedger()
    spawned: list[Coroutine[Any, Any, None]] = []
    routes = FixedRoutes(homes={WHERE["us-iad"][2]: "us-iad"})
    passages = EdgePassages(
        make(ledger), ledger, FixedPolicies(COMPILED), routes, lambda: 1, lambda: "t", spawned.append
    )
    edge = EdgeFacts("fra", "DE", "eu-central-1", "", "")
    passages.edge_passage(edge, WHERE["us-iad"][2], 10, SHOWN[:1], viewer_country="DE")
    ledger.broken = "full"
    for work in spawned:
        await work
    await passages.flush()
    ledger.broken = ""
    with pytest.raises(LedgerUnavailableError):
        passages.edge_passage(edge, WHERE["us-iad"][2], 10, SHOWN[:1], viewer_country="DE")
    assert ledger.said == []
    await passages.flush()
    assert ledger.said == ["single intent", "single aggregate"]
    passages.edge_passage(edge, WHERE["us-iad"][2], 10, SHOWN[:1], viewer_country="DE")


def _drop(work: Coroutine[Any, Any, None]) -> None:
    work.close()


@pytest.mark.parametrize("late", ["us-iad", "fra"])
async def test_no_edge_is_shown_anything_while_either_end_is_cut_off(late: str) -> None:
    ledger, home = RecordingLedger(), WHERE["us-iad"][2]
    policies = FixedPolicies(COMPILED)
    passages = EdgePassages(
        make(ledger, policies=policies), ledger, policies, FixedRoutes(homes={home: "us-iad"}), lambda: 1,
        lambda: "t", _drop,
    )  # fmt: skip
    edge = EdgeFacts("fra", "DE", "eu-central-1", "", "")
    passages.edge_passage(edge, home, 10, SHOWN[:1], viewer_country="DE")
    policies.late = frozenset({late})
    with pytest.raises(BundleSkewError):
        passages.edge_passage(edge, home, 10, SHOWN[:1], viewer_country="DE")
    policies.late = frozenset({"de-fra"})
    passages.edge_passage(edge, home, 10, SHOWN[:1], viewer_country="DE")


async def test_nothing_leaves_and_nothing_is_taken_while_either_end_is_cut_off() -> None:
    ledger = RecordingLedger()
    for late in (HERE.name, THERE.name):
        egress = make(ledger, FixedPolicies(COMPILED, frozenset({late})))
        with pytest.raises(BundleSkewError):
            await egress.open(
                QUERY_SENT, FLOW, FACTS, destination=THERE, leg="query", references=References("T1")
            )
        header = Header(
            "t-1",
            "query",
            "process",
            ("message_body",),
            0,
            0,
            payload_root(b"s" * 32, []),
            b"s" * 32,
            "search",
            7,
        )
        with pytest.raises(BundleSkewError):
            await egress.receive(
                QUERY_RECEIVED, header, [], FLOW, FACTS, source=THERE, references=References("T1")
            )
    assert ledger.said == []


async def test_a_cell_behind_its_edge_shows_it_nothing() -> None:
    ledger, home = RecordingLedger(), WHERE["us-iad"][2]
    policies = FixedPolicies(COMPILED)
    passages = EdgePassages(
        make(ledger, policies),
        ledger,
        policies,
        FixedRoutes(homes={home: "us-iad"}),
        lambda: 1,
        lambda: "t",
        _drop,
    )
    edge = EdgeFacts("fra", "DE", "eu-central-1", "", "", COMPILED.version)
    passages.edge_passage(edge, home, 10, SHOWN[:1], viewer_country="DE")
    younger = replace(edge, bundle_version=COMPILED.version + 1)
    with pytest.raises(BundleSkewError):
        passages.edge_passage(younger, home, 10, SHOWN[:1], viewer_country="DE")
