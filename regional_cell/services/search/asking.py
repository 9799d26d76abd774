"""Searching all workspaces of a person: those of this cell, and by the controlled channel those of others.

Own workspaces are searched here, each under its own policies. Of another cell this cell asks itself first
what that cell would decide and what may be sent there; where either is refused the cell is not asked.

Invariants
    1. Every cell that holds a workspace of the person is named with a state; a withheld one with its rule.
    2. Nothing is sent but through a booked passage, nothing of an answer is used before it is credited.
    3. A cell that fails keeps nobody waiting: two deadlines, and a breaker for each cell.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from accord.encoding import canonical_json
from accord.errors import ColinkError, NotReadyError, UnknownResidentError, WithheldError
from regional_cell.domain.callers import Caller
from regional_cell.domain.enforcement import QUERY_SENT, SEARCH_FORESEEN, SEARCH_HERE
from regional_cell.domain.search_exchange import (
    COMPLETE,
    EMPTY,
    HITS_MAX,
    PARTIAL,
    PURPOSE,
    QUERY_CLASSES,
    QUERY_ITEM,
    QUERY_LEG,
    TIMED_OUT,
    UNAVAILABLE,
    WITHHELD,
    Ask,
    CellState,
    Refusal,
    refusal_of,
)
from regional_cell.domain.search_query import SearchQuery
from regional_cell.domain.state import State
from regional_cell.domain.transfers import Place, References
from regional_cell.ports.commits import Commits
from regional_cell.ports.crossings import Egress, Passage, PeerCells, PolicyFacts
from regional_cell.ports.directory import Routes
from regional_cell.services.search.breaker import Breaker
from regional_cell.services.search.exchange import Exchange, Match, Share, answer_flow
from regional_cell.services.search.local import TIMESTAMP, LocalSearch, Wanted
from regional_cell.services.search.people import caller_of_person, relation_of
from residency_policies.decision import Viewer
from residency_policies.points import Flow

Object = dict[str, Any]
# A search at home runs where the messages are: what may cross is their showing, to wherever the viewer is.


@dataclass(frozen=True, slots=True)
class Search:
    """A search of one caller.

    Attributes:
        cells: to be asked; None: all that may answer.
        edge: where the answer leaves the cell: name, region, country.
        country: of the viewer, `ZZ` unknown.
    """

    caller: Caller
    query: SearchQuery
    wanted: Wanted
    edge: Place
    country: str
    first_answer_ms: int
    tail_ms: int
    request_id: str
    cells: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Matches of all cells, best first, the number of all that were found, and what became of each cell."""

    matches: tuple[Match, ...]
    total: int
    cells: tuple[CellState, ...]


class Asking:
    """Answers searches of users of this cell.

    Args:
        identify: (caller, cell) to an identity token of that user for that cell.
        monotonic_s: for `took_ms` and the breaker.
        first_answer_ms, tail_ms: deadlines where a search names none.
    """

    def __init__(
        self,
        commits: Commits,
        local: LocalSearch,
        egress: Egress,
        routes: Routes,
        peers: PeerCells,
        identify: Callable[[Caller, str], str],
        monotonic_s: Callable[[], float],
        *,
        first_answer_ms: int,
        tail_ms: int,
    ) -> None:
        self.first_answer_ms, self.tail_ms = first_answer_ms, tail_ms
        self._commits, self._local, self._egress, self._routes = commits, local, egress, routes
        self._peers, self._identify, self._monotonic_s = peers, identify, monotonic_s
        self._breaker = Breaker(monotonic_s)

    async def read(self, caller: Caller, text: str) -> SearchQuery:
        """As `LocalSearch.read`."""
        return await self._local.read(caller, text)

    async def search(self, search: Search) -> Answer:
        """Ask every cell at once. Raises only what concerns the caller's own workspace:
        UnknownResidentError.
        """
        state = await self._commits.state(search.caller.resident)
        groups = await self._groups(state, search)
        shares = await asyncio.gather(
            *(self._cell(cell, workspaces, state, search) for cell, workspaces in groups.items())
        )
        matches = [match for share, _ in shares for match in share.matches]
        by_time = search.wanted.sort == TIMESTAMP
        matches.sort(
            key=lambda match: (match.ts if by_time else match.score, match.ts, match.cell),
            reverse=not search.wanted.ascending,
        )
        states = tuple(state for _, states in shares for state in states)
        return Answer(tuple(matches), sum(share.total for share, _ in shares), states)

    async def _groups(self, state: State, search: Search) -> dict[str, list[str]]:
        """Workspaces of the person by cell, the own cell first. Names of cells that are not known are
        empty.
        """
        caller, here = search.caller, self._egress.here.name
        groups = {here: [caller.resident]}
        user = state.row("users", caller.user) or {}
        linked = (user.get("content") or {}).get("linked_workspaces", []) if caller.person else []
        for workspace in linked:
            if workspace == caller.resident:
                continue
            try:
                home = await self._routes.home_of(workspace)
            except NotReadyError:
                home = None
            groups.setdefault(home[0] if home else "", []).append(workspace)
        wanted = search.cells
        return {cell: found for cell, found in groups.items() if wanted is None or cell in wanted}

    async def _cell(
        self, cell: str, workspaces: list[str], state: State, search: Search
    ) -> tuple[Share, list[CellState]]:
        begun_s, share = self._monotonic_s(), Share()
        failure = ""
        try:
            if cell == self._egress.here.name:
                for workspace in workspaces:
                    await self._search_here(workspace, search, share)
            elif not cell or self._breaker.is_open(cell):
                failure = UNAVAILABLE
            else:
                await self._ask(cell, workspaces, state, search, share)
        except TimeoutError:
            failure = TIMED_OUT
        except ColinkError as error:
            failure = UNAVAILABLE
            if isinstance(error, WithheldError):
                failure = ""
                metadata = error.metadata
                share.refusals.append(
                    Refusal(metadata.get("rule", ""), error.text, metadata.get("decision", ""))
                )
        took_ms = round((self._monotonic_s() - begun_s) * 1000)
        jurisdiction = self._routes.jurisdiction_of(cell) or ""
        return share, _states(cell, jurisdiction, share, failure, took_ms)

    # --- this cell -------------------------------------------------------------------------------

    async def _search_here(self, workspace: str, search: Search, share: Share) -> None:
        caller: Caller | None = search.caller
        if workspace != search.caller.resident:
            try:
                caller = caller_of_person(await self._commits.state(workspace), search.caller.person)
            except UnknownResidentError:
                caller = None
        if caller is None:
            return
        facts = self._facts(workspace)
        here, viewer = self._egress.here, Viewer(relation_of(caller), search.country)
        flow = Flow(workspace, here.region, here.region, viewer)
        decision = self._egress.check(SEARCH_HERE, flow, facts)
        if not decision.allow:
            share.refusals.append(refusal_of(decision))
            return
        if decision.obligations:
            references = References(workspace, caller.user, PURPOSE)
            await self._egress.note(
                SEARCH_HERE, flow, decision, destination=search.edge, references=references
            )
        found = await self._local.search(caller, search.query, search.wanted)
        for each in found.matches:
            message = orjson.loads(each.data)
            share.matches.append(Match(here.name, each.score, message["ts"], message))
        share.total += found.total
        share.through.append(found.through)
        share.states.append(PARTIAL if found.partial else COMPLETE if found.total else EMPTY)

    # --- other cells -----------------------------------------------------------------------------

    async def _ask(
        self, cell: str, workspaces: list[str], state: State, search: Search, share: Share
    ) -> None:
        region = self._routes.region_of(cell)
        if region is None:
            raise NotReadyError(cell=cell)
        place = Place(cell, region, self._routes.jurisdiction_of(cell) or "")
        asked = self._allowed(place, workspaces, search, share)
        if not asked:
            return
        here, caller = self._egress.here, search.caller
        references = References(caller.resident, caller.user, PURPOSE)
        passage = await self._egress.open(
            QUERY_SENT,
            Flow(caller.resident, here.region, region, Viewer("system")),
            self._facts(caller.resident),
            destination=place,
            leg=QUERY_LEG,
            references=references,
        )
        passage.put(QUERY_ITEM, QUERY_CLASSES[0], canonical_json(search.query.to_fields()))
        await passage.book()
        ask = Ask(
            self._identify(caller, cell),
            caller.resident,
            tuple(asked),
            str((state.row("workspaces") or {}).get("organisation") or ""),
            search.first_answer_ms,
            search.tail_ms,
            min(search.wanted.limit, HITS_MAX),
            search.wanted.sort,
            search.wanted.ascending,
            search.wanted.highlighted,
            search.wanted.mode,
            search.country,
            relation_of(caller),
            search.request_id,
        )
        exchange = Exchange(self._egress, self._facts, place, passage.header, ask, caller, share)
        await self._exchange(cell, passage, ask, exchange)

    def _allowed(self, place: Place, workspaces: list[str], search: Search, share: Share) -> list[str]:
        """Those that the other cell would answer for, by this cell's copy of the policies."""
        asked = []
        for workspace in workspaces:
            flow = answer_flow(workspace, place, self._egress.here, search.caller, search.country)
            decision = self._egress.check(SEARCH_FORESEEN, flow, self._facts(workspace))
            if decision.allow:
                asked.append(workspace)
            else:
                share.refusals.append(refusal_of(decision))
        return asked

    async def _exchange(self, cell: str, passage: Passage, ask: Ask, exchange: Exchange) -> None:
        """Send the query and take the answer in, within both deadlines."""
        why = ""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        parts = self._peers.search(passage, ask)
        try:
            async with asyncio.timeout_at(begun_s + ask.first_answer_ms / 1000) as limit:
                await anext(parts, None)
                limit.reschedule(begun_s + max(ask.first_answer_ms, ask.tail_ms) / 1000)
                async for part in parts:
                    await exchange.take(part)
                exchange.finish()
            self._breaker.succeeded(cell)
        except (TimeoutError, ColinkError) as error:
            why = error.reason.value if isinstance(error, ColinkError) else TIMED_OUT
            if not isinstance(error, WithheldError):
                self._breaker.failed(cell)
            raise
        finally:
            if (close := getattr(parts, "aclose", None)) is not None:
                with contextlib.suppress(Exception):
                    await close()
            if why:
                with contextlib.suppress(ColinkError):
                    await passage.abort(why)

    def _facts(self, workspace: str) -> PolicyFacts:
        facts = self._routes.placement_facts(workspace)
        if facts is None:
            raise NotReadyError(resident=workspace)
        return PolicyFacts(*facts)


def _states(cell: str, jurisdiction: str, share: Share, failure: str, took_ms: int) -> list[CellState]:
    """One state for what was answered or missed, and one for each rule that withheld something."""
    states = []
    if share.states or failure:
        state = failure
        if share.states:
            whole = not failure and PARTIAL not in share.states
            state = PARTIAL if not whole else COMPLETE if COMPLETE in share.states else EMPTY
        through = share.through[0] if len(share.through) == 1 else None
        states.append(CellState(cell, jurisdiction, state, through=through, took_ms=took_ms))
    for refusal in dict.fromkeys(share.refusals):
        states.append(CellState(cell, jurisdiction, WITHHELD, refusal.rule, refusal.text, refusal.decision))
    if not states:
        states.append(CellState(cell, jurisdiction, EMPTY, took_ms=took_ms))
    return states
