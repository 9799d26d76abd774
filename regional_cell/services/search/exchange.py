"""Taking in what another cell answers: held against what was asked, credited, and only then counted.

Invariants
    1. A part fits the workspace, leg and transfer that were asked for, in order, or the whole answer ends
       there.
    2. A match counts after its leg was credited in this cell's book, under this cell's own decision.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from accord.errors import ForbiddenError
from regional_cell.domain.callers import Caller
from regional_cell.domain.enforcement import ANSWER_RECEIVED
from regional_cell.domain.search_exchange import (
    ANSWER_CLASSES,
    MATCH_BYTES_MAX,
    PURPOSE,
    SUMMARY_ITEM,
    Ask,
    Hit,
    Part,
    Refusal,
    answer_leg,
    read_summary,
)
from regional_cell.domain.transfers import Header, Place, References
from regional_cell.ports.crossings import Egress, PolicyFacts
from regional_cell.services.search.people import relation_of
from residency_policies.decision import Viewer
from residency_policies.points import Flow

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Match:
    """One match of one cell."""

    cell: str
    score: float
    ts: str
    message: Object


@dataclass(slots=True)
class Share:
    """What one cell gives: matches, and the states of its workspaces."""

    matches: list[Match] = field(default_factory=list)
    total: int = 0
    states: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    through: list[int] = field(default_factory=list)


class Exchange:
    """Takes in the parts of one cell's answer and credits each leg before its matches count."""

    def __init__(
        self,
        egress: Egress,
        facts: Callable[[str], PolicyFacts],
        peer: Place,
        query: Header,
        ask: Ask,
        caller: Caller,
        share: Share,
    ) -> None:
        self._egress, self._facts, self._peer, self._query = egress, facts, peer, query
        self._ask, self._caller, self._share = ask, caller, share
        self._waiting = list(ask.workspaces)
        self._header: Header | None = None
        self._hits: list[Hit] = []

    async def take(self, part: Part) -> None:
        """Raises ForbiddenError for what was not asked for or does not fit; what `Egress.receive` raises."""
        if not self._waiting or part.workspace != self._waiting[0]:
            raise ForbiddenError(needed="workspace")
        if part.refusal is not None:
            if self._header is not None or part.hits or part.summary:
                raise ForbiddenError(needed="refusal")
            self._waiting.pop(0)
            self._share.refusals.append(part.refusal)
            return
        if part.header is not None:
            self._begin(part.header)
        self._hits += part.hits
        if self._header is None or len(self._hits) > self._ask.count:
            raise ForbiddenError(needed="leg")
        if any(len(hit.match) > MATCH_BYTES_MAX for hit in part.hits):
            raise ForbiddenError(needed="size")
        if part.summary:
            await self._credit(self._header, part.summary)

    def finish(self) -> None:
        """Raises ForbiddenError when the peer ended early."""
        if self._waiting:
            raise ForbiddenError(needed="rest")

    def _begin(self, header: Header) -> None:
        place = len(self._ask.workspaces) - len(self._waiting)
        expected = (self._query.transfer_id, self._query.salt, answer_leg(place))
        if self._header is not None or (header.transfer_id, header.salt, header.leg) != expected:
            raise ForbiddenError(needed="leg")
        self._header = header

    async def _credit(self, header: Header, summary: bytes) -> None:
        workspace, share = self._waiting[0], self._share
        items = [(ANSWER_CLASSES[0], hit.item_id, hit.match) for hit in self._hits]
        items.append((ANSWER_CLASSES[1], SUMMARY_ITEM, summary))
        flow = answer_flow(workspace, self._peer, self._egress.here, self._caller, self._ask.country)
        references = References(workspace, self._caller.user, PURPOSE)
        facts = self._facts(workspace)
        await self._egress.receive(
            ANSWER_RECEIVED, header, items, flow, facts, source=self._peer, references=references
        )
        told = read_summary(summary)
        matches = [
            _match(self._peer.name, workspace, hit, score)
            for hit, score in zip(self._hits, told.scores, strict=False)
        ]
        if len(told.scores) != len(self._hits):
            raise ForbiddenError(needed="scores")
        share.matches += matches
        share.total += told.total
        share.through.append(told.through)
        share.states.append(told.state)
        self._waiting.pop(0)
        self._header, self._hits = None, []


def answer_flow(workspace: str, source: Place, here: Place, caller: Caller, country: str) -> Flow:
    """What the cell that holds the workspace has to decide about."""
    return Flow(workspace, source.region, here.region, Viewer(relation_of(caller), country))


def _match(cell: str, workspace: str, hit: Hit, score: int) -> Match:
    """A peer's match: an object with a `ts`, without members of ours, of the workspace that was asked."""
    try:
        message = orjson.loads(hit.match)
    except orjson.JSONDecodeError:
        raise ForbiddenError(needed="match") from None
    if not isinstance(message, dict) or not isinstance(message.get("ts"), str):
        raise ForbiddenError(needed="match")
    shown = {name: value for name, value in message.items() if not name.startswith("x_")}
    return Match(cell, min(score / 1_000_000, 1.0), message["ts"], {**shown, "team": workspace})
