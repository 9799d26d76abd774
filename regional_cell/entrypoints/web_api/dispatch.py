"""Dispatch: from a call to its answer, every check in its order.

Method, token, kind of token, scopes, rate, a place to read, arguments, then the handler, which asks for
permission and state.

Invariants
    1. `WebApi.call` raises nothing but cancellation, and every answer is JSON of the API's shape.
    2. Texts of exceptions and arguments stand in no answer and no log; an unknown failure is named by its
    kind and place.
    3. After a write may have happened the status is 200 (`fatal_error`), never one that clients retry.
"""

import asyncio
from functools import lru_cache
from typing import Any

import orjson

from accord import written
from accord.clock import Clock
from accord.errors import (
    ColinkError,
    ForbiddenError,
    InternalError,
    InvalidError,
    NotReadyError,
    OutcomeUnknownError,
    TokenMissingError,
    UnknownRouteError,
)
from accord.runtime.logs import error_place, get_logger
from regional_cell.domain.access import require_scope
from regional_cell.domain.callers import Caller
from regional_cell.entrypoints.web_api.admission import Admission
from regional_cell.entrypoints.web_api.answers import RefusedWithMembersError, headers, refusal, success
from regional_cell.entrypoints.web_api.arguments import Arguments, read_arguments
from regional_cell.entrypoints.web_api.calls import ApiAnswer, ApiCall
from regional_cell.entrypoints.web_api.decoding import decode
from regional_cell.entrypoints.web_api.limits import RateLimits
from regional_cell.entrypoints.web_api.lost import LostAnswers, digest_of
from regional_cell.entrypoints.web_api.method import ORDERS, ORDERS_HEADER, Method
from regional_cell.entrypoints.web_api.methods import METHODS
from regional_cell.entrypoints.web_api.services import Services

ALL_ARGUMENTS = "*"
# After the deadline, for whoever was told in time that nothing was written.
TELLING_S = 0.05


class WebApi:
    """The public API of this cell.

    Args:
        limits: of this process.
        cell: name of this cell, for the header `x-cell`.
    """

    def __init__(self, services: Services, limits: RateLimits, clock: Clock, cell: str) -> None:
        self._services = services
        self._limits = limits
        self._cell = cell
        self.lost = LostAnswers(clock)
        self.admission = Admission()

    async def call(self, call: ApiCall) -> ApiAnswer:
        """The answer to one call, within its deadline."""
        method = METHODS.get(call.method)
        scopes = _joined(call.caller.scopes) if call.caller is not None else ""
        accepted = ",".join(method.scopes) if method is not None else ""
        shown = headers(call.request_id, scopes, accepted, self._cell)
        members = None
        # Also for who calls without a stream of an edge around it.
        written.begin()
        try:
            if method is None:
                raise UnknownRouteError()
            async with asyncio.timeout(call.deadline_s + TELLING_S):
                return await self._answer(method, call, shown)
        except RefusedWithMembersError as refused:
            error, members = refused.error, refused.members
        except ColinkError as refused:
            error = written.told(refused)
        except TimeoutError:
            writes = method is not None and method.writes
            error = OutcomeUnknownError() if writes else NotReadyError(why="deadline")
        except Exception as failure:
            kind, place = type(failure).__name__, error_place(failure)
            get_logger().error("call_failed", method=call.method[:64], error=kind, error_at=place)
            error = OutcomeUnknownError() if method is not None and method.writes else InternalError()
        return refusal(error, call.request_id, members=members, shown=shown)

    def note_lost(self, digest: bytes) -> None:
        """The answer with this digest (`ApiAnswer.digest`) did not reach its client in full."""
        self.lost.note(digest)

    async def _answer(self, method: Method, call: ApiCall, shown: list[tuple[str, str]]) -> ApiAnswer:
        if method.kinds:
            self._admit(method, call)
        workspace = call.caller.resident if call.caller is not None else ""
        place = await self.admission.enter(method, workspace)
        try:
            return await self._done(method, call, shown)
        finally:
            if place is not None:
                place.leave()

    async def _done(self, method: Method, call: ApiCall, shown: list[tuple[str, str]]) -> ApiAnswer:
        arguments = _arguments(method, call)
        if not method.deduplicates:
            return _shown(await method.handler(call, arguments, self._services), shown)
        digest = digest_of(call)
        if (body := self.lost.take(digest)) is not None:
            return ApiAnswer(200, shown, body, digest)
        answer = _shown(await method.handler(call, arguments, self._services), shown, digest)
        self.lost.keep(digest, answer.body)
        return answer

    def _admit(self, method: Method, call: ApiCall) -> None:
        caller = call.caller
        if caller is None:
            raise TokenMissingError()
        if caller.kind not in method.kinds:
            raise ForbiddenError(api="not_allowed_token_type")
        if method.scopes:
            require_scope(caller, *method.scopes)
        who = caller.app if caller.is_bot else caller.user
        self._limits.hit(call.method, method.tier, caller.resident, who, first_party=caller.kind == "xoxc")
        if not method.organisations:
            _require_workspace(caller, call)


def _shown(members: dict[str, Any], shown: list[tuple[str, str]], digest: bytes = b"") -> ApiAnswer:
    """The answer; what the edge is to carry to other cells goes beside it, not to the client."""
    if ORDERS in members:
        shown.append((ORDERS_HEADER, orjson.dumps(members.pop(ORDERS)).decode()))
    return success(members, shown, digest)


def _arguments(method: Method, call: ApiCall) -> Arguments:
    texts = decode(call.content_type, call.query, call.body)
    if not method.kinds:
        return {ALL_ARGUMENTS: texts}
    return read_arguments(texts, method.arguments)


def _require_workspace(caller: Caller, call: ApiCall) -> None:
    """Most methods are about a workspace: a token of an organisation has to name one, and none acts through
    it yet.
    """
    if caller.resident.startswith("T"):
        return
    if "team_id" not in decode(call.content_type, call.query, call.body):
        raise InvalidError(api="missing_argument", field="team_id", why="missing")
    raise ForbiddenError(api="no_permission")


@lru_cache(maxsize=10_000)
def _joined(scopes: frozenset[str]) -> str:
    return ",".join(sorted(scopes))
