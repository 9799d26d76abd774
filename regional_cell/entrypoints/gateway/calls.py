"""Calls from edges: is this the home, who calls, may it pass to that edge; then the door or the method.

Invariants
    1. A call for a resident that is not here, or at another epoch, is answered with `moved`, and nothing was
       done.
    2. The token is proven and its record looked up at the head on every call; the token's resident is the
       one that is asked about, whatever the edge resolved.
    3. For an edge in another jurisdiction the decision comes before the work, and the answer is counted
       before it leaves. What was written stands, so that an answer that may not pass any more is of unknown
       outcome: nobody does the same again by himself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from accord import written
from accord.errors import (
    ColinkError,
    InternalError,
    Moved,
    OutcomeUnknownError,
    Reason,
    StaleEpochError,
    TokenInvalidError,
    UnknownResidentError,
)
from accord.runtime.logs import error_place, get_logger
from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.domain.callers import Caller
from regional_cell.domain.enforcement import EDGE_DISCLOSE, EDGE_TRANSIT
from regional_cell.domain.roles import GUESTS
from regional_cell.entrypoints.gateway import webhooks
from regional_cell.entrypoints.gateway.doors import AT_HOME_BY_ITSELF, DOORS, Doors
from regional_cell.entrypoints.gateway.webhooks import WebhookDoor
from regional_cell.entrypoints.web_api.answers import refusal
from regional_cell.entrypoints.web_api.calls import ApiAnswer, ApiCall, EdgeInfo
from regional_cell.entrypoints.web_api.dispatch import WebApi
from regional_cell.entrypoints.web_api.methods import METHODS
from regional_cell.ports.commits import Commits
from regional_cell.ports.sockets import EdgeFacts, EdgePassage
from regional_cell.services.tokens import Tokens

SHOWN = (EDGE_TRANSIT, EDGE_DISCLOSE)


@dataclass(slots=True)
class CallAnswer:
    """An answer on its way to the edge; `moved`: another cell is home."""

    answer: ApiAnswer
    moved: Moved | None = None


class Calls:
    """Answers calls. Never raises, but for cancellation.

    Args:
        passage: asked about edges in other jurisdictions than `jurisdiction`.
        moved: where a resident lives, when the directory says that it is not here.
    """

    def __init__(
        self,
        commits: Commits,
        tokens: Tokens,
        doors: Doors,
        webhook_door: WebhookDoor,
        web_api: WebApi,
        passage: EdgePassage,
        moved: Callable[[str], Moved | None],
        jurisdiction: str,
    ) -> None:
        self._commits, self._tokens, self._doors, self._web_api = commits, tokens, doors, web_api
        self._webhook_door = webhook_door
        self._passage, self._moved, self._jurisdiction = passage, moved, jurisdiction

    def passage_for(self, edge: EdgeFacts) -> EdgePassage | None:
        """What rules the way to an edge; None inside the jurisdiction."""
        return None if edge.jurisdiction == self._jurisdiction else self._passage

    async def answer(self, edge: EdgeFacts, call: wire.Call, body: bytes, token: str) -> CallAnswer:
        """Do what is asked and say how it ended."""
        written.begin()
        try:
            return CallAnswer(await self._answer(edge, call, body, token))
        except ColinkError as refused:
            error = written.told(refused)
            return CallAnswer(_refusal(call, error), error.moved)
        except Exception as error:
            kind, place = type(error).__name__, error_place(error)
            get_logger().error("call_failed", method=call.method[:64], error=kind, error_at=place)
            return CallAnswer(_refusal(call, written.told(InternalError())))

    async def _answer(self, edge: EdgeFacts, call: wire.Call, body: bytes, token: str) -> ApiAnswer:
        resident = call.resident
        if resident and call.method not in AT_HOME_BY_ITSELF:
            await self.require_home(resident, call.epoch)
        caller = await self._caller(resident, token) if token else None
        passage = self.passage_for(edge)
        if passage is not None:
            edge = replace(edge, bundle_version=call.bundle_version)
            size, country = len(body) + len(call.query), call.viewer_country
            guest = caller is not None and caller.role in GUESTS
            member = caller is not None and not guest
            passage.edge_passage(
                edge, resident, size, SHOWN, viewer_country=country, guest=guest, member=member
            )
        answer = await self._done(edge, call, body, caller)
        if passage is not None:
            size = len(answer.body)
            try:
                passage.edge_passage(
                    edge, resident, size, SHOWN, viewer_country=country, guest=guest, member=member
                )
            except ColinkError as error:
                if not _may_have_written(call.method, answer):
                    raise
                self._web_api.note_lost(answer.digest)
                raise OutcomeUnknownError() from error
        return answer

    async def _done(self, edge: EdgeFacts, call: wire.Call, body: bytes, caller: Caller | None) -> ApiAnswer:
        if call.method in DOORS:
            return await self._doors.open(call, body, caller)
        if call.method == webhooks.METHOD:
            return await self._webhook_door.open(call, body)
        return await self._web_api.call(_api_call(edge, call, body, caller))

    async def require_home(self, resident: str, epoch: int) -> None:
        """Raises UnknownResidentError, or StaleEpochError with where it lives (when the directory has
        told).
        """
        try:
            state = await self._commits.state(resident)
        except UnknownResidentError:
            if (moved := self._moved(resident)) is not None:
                raise StaleEpochError(moved=moved) from None
            raise
        if state.lifecycle in ("moved", "closed") or epoch != state.epoch:
            raise StaleEpochError(moved=self._moved(resident), retry_after_ms=1_000)

    async def _caller(self, resident: str, token: str) -> Caller:
        shown = self._tokens.read(token)
        if shown.claims.resident != resident:
            raise TokenInvalidError(why="of another resident")
        return self._tokens.caller_at(shown, await self._commits.state(resident))


def _may_have_written(method: str, answer: ApiAnswer) -> bool:
    if answer.refused is not None:
        return answer.refused.reason is Reason.OUTCOME_UNKNOWN
    return method not in METHODS or METHODS[method].writes


def _refusal(call: wire.Call, error: ColinkError) -> ApiAnswer:
    return webhooks.refusal(error) if call.method == webhooks.METHOD else refusal(error, call.request_id)


def _api_call(edge: EdgeFacts, call: wire.Call, body: bytes, caller: Caller | None) -> ApiCall:
    return ApiCall(
        method=call.method,
        caller=caller,
        resident=call.resident,
        epoch=call.epoch,
        content_type=call.content_type,
        query=call.query,
        body=body,
        headers={header.name.lower(): header.value for header in call.headers} if call.headers else {},
        edge=_info(edge),
        viewer_country=call.viewer_country or "ZZ",
        deadline_s=call.deadline_ms / 1000,
        request_id=call.request_id,
    )


@lru_cache(maxsize=1_000)
def _info(edge: EdgeFacts) -> EdgeInfo:
    return EdgeInfo(edge.name, edge.url, edge.socket_url, edge.jurisdiction, edge.region)
