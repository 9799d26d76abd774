"""Answering the searches of other cells: prove who asks, decide, search, redact, book, and only then send.

The peer is treated as hostile: what it says of its user is believed only as far as this cell's own records
say so too.

Invariants
    1. A user is answered only for workspaces here in which the same person is active and which are linked
       with the asker's workspace, by this cell's own records, within one organisation.
    2. The query is credited before it is used; each answer is debited before its first byte leaves.
    3. A withheld workspace is answered before it is searched: neither content nor time tells what is there.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from accord.errors import ForbiddenError, InvalidError, NotReadyError, TokenInvalidError
from accord.identity import IdentityClaims
from regional_cell.domain.callers import PERSON_ROLE, Caller
from regional_cell.domain.enforcement import ANSWER_BEGUN, ANSWER_SENT, QUERY_RECEIVED
from regional_cell.domain.objects.search import CONTENT, COUNT, METADATA
from regional_cell.domain.search_exchange import (
    ANSWER_CLASSES,
    COMPLETE,
    EMPTY,
    HITS_MAX,
    MATCH_BYTES_MAX,
    PARTIAL,
    PURPOSE,
    QUERY_CLASSES,
    QUERY_ITEM,
    QUERY_LEG,
    SUMMARY_ITEM,
    WORKSPACES_MAX,
    Ask,
    Hit,
    Part,
    Summary,
    answer_leg,
    read_query,
    refusal_of,
)
from regional_cell.domain.search_query import SearchQuery
from regional_cell.domain.state import State
from regional_cell.domain.transfers import Header, Place, References
from regional_cell.ports.commits import Commits
from regional_cell.ports.crossings import Egress, Passage, PolicyFacts
from regional_cell.ports.directory import Routes
from regional_cell.services.search.local import SCORE, TIMESTAMP, LocalAnswer, LocalSearch, Wanted
from regional_cell.services.search.people import caller_of_person, relation_of
from residency_policies.decision import Viewer
from residency_policies.points import Flow

PART_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Asked:
    """A proven request."""

    ask: Ask
    query: SearchQuery
    source: Place
    transfer: tuple[str, bytes]
    callers: tuple[Caller, ...]


class Answering:
    """Answers searches of peers.

    Args:
        prove: an identity token made for this cell.
        spawn: runs a coroutine beside, for what must be booked although the peer is gone.
    """

    def __init__(
        self,
        commits: Commits,
        local: LocalSearch,
        egress: Egress,
        routes: Routes,
        prove: Callable[[str], IdentityClaims],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._commits, self._local, self._egress, self._routes = commits, local, egress, routes
        self._prove, self._spawn = prove, spawn

    async def answer(self, peer: str, ask: Ask, header: Header, query: bytes) -> AsyncGenerator[Part, None]:
        """Parts of the answer; the first is empty and says that the search was accepted.

        Args:
            peer: the asking cell, as its certificate proves.

        Raises: InvalidError, TokenInvalidError, TokenExpiredError, ForbiddenError, WithheldError,
            BundleSkewError, NotReadyError, LedgerUnavailableError; then nothing was used.
        """
        asked = await self._require(peer, ask, header, query)
        yield Part()
        for place, caller in enumerate(asked.callers):
            async for part in self._workspace(asked, place, caller):
                yield part

    async def _require(self, peer: str, ask: Ask, header: Header, query: bytes) -> _Asked:
        _check_form(ask, header)
        claims = self._prove(ask.identity)
        home = await self._routes.home_of(claims.resident)
        if claims.via != peer or home is None or home[0] != peer:
            raise TokenInvalidError(why="made by another cell than the home")
        person = next(
            (role.removeprefix(PERSON_ROLE) for role in claims.roles if role.startswith(PERSON_ROLE)), ""
        )
        if claims.resident != ask.workspace or not claims.user or not person:
            raise TokenInvalidError(why="not of a user")
        callers = tuple([await self._member(ask, workspace, person) for workspace in ask.workspaces])
        tree = read_query(query)
        region = self._routes.region_of(peer)
        facts = self._routes.placement_facts(ask.workspace)
        if region is None or facts is None:
            raise NotReadyError(resident=ask.workspace)
        source = Place(peer, region, self._routes.jurisdiction_of(peer) or "")
        await self._egress.receive(
            QUERY_RECEIVED,
            header,
            [(QUERY_CLASSES[0], QUERY_ITEM, query)],
            Flow(ask.workspace, region, self._egress.here.region, Viewer("system")),
            PolicyFacts(*facts),
            source=source,
            references=References(workspace=ask.workspace, viewer=claims.user, ref=PURPOSE),
        )
        return _Asked(ask, tree, source, (header.transfer_id, header.salt), callers)

    async def _member(self, ask: Ask, workspace: str, person: str) -> Caller:
        """The person's user in a workspace of this cell, as this cell knows it. One refusal for all that is
        wrong.
        """
        refused = ForbiddenError(needed="membership")
        home = await self._routes.home_of(workspace)
        if home is None or home[0] != self._egress.here.name:
            raise refused
        state: State = await self._commits.state(workspace)
        caller = caller_of_person(state, person)
        if caller is None:
            raise refused
        user = state.row("users", caller.user) or {}
        linked = (user.get("content") or {}).get("linked_workspaces", [])
        organisation = (state.row("workspaces") or {}).get("organisation")
        if ask.workspace not in linked or not organisation or organisation != ask.organisation:
            raise refused
        return caller

    async def _workspace(self, asked: _Asked, place: int, caller: Caller) -> AsyncIterator[Part]:
        facts = self._routes.placement_facts(caller.resident)
        if facts is None:
            raise NotReadyError(resident=caller.resident)
        ask, here = asked.ask, self._egress.here
        relation = "guest" if ask.relation == "guest" else relation_of(caller)
        viewer = Viewer(relation, ask.country)
        flow = Flow(caller.resident, here.region, asked.source.region, viewer)
        decision = self._egress.check(ANSWER_BEGUN, flow, PolicyFacts(*facts))
        if not decision.allow:
            yield Part(caller.resident, refusal=refusal_of(decision))
            return
        wanted = Wanted(ask.sort, ask.ascending, ask.count, ask.highlighted, ask.mode)
        found = await self._local.search(caller, asked.query, wanted)
        passage = await self._egress.open(
            ANSWER_SENT,
            flow,
            PolicyFacts(*facts),
            destination=asked.source,
            leg=answer_leg(place),
            references=References(workspace=caller.resident, viewer=caller.user, ref=PURPOSE),
            transfer=asked.transfer,
        )
        _put(passage, found)
        header = await passage.book()
        done = False
        try:
            for part in _parts(caller.resident, header, passage.items):
                yield part
            done = True
        finally:
            if not done:
                self._spawn(passage.abort("unfinished"))


def _check_form(ask: Ask, header: Header) -> None:
    workspaces = ask.workspaces
    if not 1 <= len(workspaces) <= WORKSPACES_MAX or len(set(workspaces)) != len(workspaces):
        raise InvalidError(field="workspaces", why="count")
    if not 0 <= ask.count <= HITS_MAX or ask.sort not in (SCORE, TIMESTAMP):
        raise InvalidError(field="count", why="range")
    if ask.mode not in (CONTENT, METADATA, COUNT) or ask.relation not in ("employee", "guest"):
        raise InvalidError(field="mode", why="unknown")
    if header.leg != QUERY_LEG or header.classes != QUERY_CLASSES or len(header.salt) != 32:
        raise ForbiddenError(needed="query leg", transfer=header.transfer_id[:64])


def _put(passage: Passage, found: LocalAnswer) -> None:
    """What leaves: matches of sensible size, and how complete they are."""
    shown = [match for match in found.matches if len(match.data) <= MATCH_BYTES_MAX]
    for match in shown:
        passage.put(f"{match.channel}/{match.ts}", ANSWER_CLASSES[0], match.data)
    partial = found.partial or len(shown) < len(found.matches)
    state = PARTIAL if partial else COMPLETE if found.total else EMPTY
    scores = tuple(round(match.score * 1_000_000) for match in shown)
    summary = Summary(state, found.total, found.through, scores)
    passage.put(SUMMARY_ITEM, ANSWER_CLASSES[1], summary.to_bytes())


def _parts(workspace: str, header: Header, items: tuple[tuple[str, str, bytes], ...]) -> list[Part]:
    """The booked items, cut into messages."""
    *matches, (_, _, summary) = items
    parts, hits, size = [Part(workspace, header)], list[Hit](), 0
    for _, item_id, payload in matches:
        if hits and size + len(payload) > PART_BYTES:
            parts.append(Part(workspace, hits=tuple(hits)))
            hits, size = [], 0
        hits.append(Hit(item_id, payload))
        size += len(payload)
    return [*parts, Part(workspace, hits=tuple(hits), summary=summary)]
