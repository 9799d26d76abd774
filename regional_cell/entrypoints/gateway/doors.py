"""Doors: what edges ask that is no API method. Bodies and answers are JSON objects.

sign-in/password  at a person's home (or, for nobody, anywhere): {email, password, totp?, device?}
                  -> {ok, person, session, identities: [{team_id, user_id, cell, identity, name}],
                      away: [team_id], orders}
sign-in/ticket    {ticket, device?} -> the same
sign-in/session   at a workspace's home: {identity, device?}
                  -> {ok, team_id, name, user_id, token, expires_at}
sign-out          with the session's token -> {ok, orders}
session/close     at a person's home: {identity} of a workspace's home -> {ok, orders}
session/end       at a workspace's home: {identity} of the person's home -> {ok}

orders: [{resident, door, identity}], what the edge is to carry to other cells.
"""

import json
from collections.abc import Awaitable, Callable

import orjson

from accord.encoding import canonical_json
from accord.errors import InvalidError, TokenMissingError
from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.domain.callers import Caller
from regional_cell.entrypoints.web_api.calls import ApiAnswer
from regional_cell.entrypoints.web_api.sessions import orders_of
from regional_cell.services.sessions import Sessions
from regional_cell.services.sign_in import SignedIn, SignIn

BODY_BYTES_MAX = 16 * 1024
TYPE = ("content-type", "application/json; charset=utf-8")

Said = dict[str, str]


class Doors:
    """Opens the doors of people."""

    def __init__(self, sign_in: SignIn, sessions: Sessions) -> None:
        self._sign_in, self._sessions = sign_in, sessions

    async def open(self, call: wire.Call, body: bytes, caller: Caller | None) -> ApiAnswer:
        """Raises ColinkErrors; the table `DOORS` names every method that may come here."""
        said = _said(body)
        answer = await DOORS[call.method](self, call, said, caller)
        return ApiAnswer(200, [TYPE], orjson.dumps({"ok": True, **answer}))

    async def password(self, call: wire.Call, said: Said, caller: Caller | None) -> dict[str, object]:
        """See the module."""
        email, password = said.get("email", ""), said.get("password", "")
        device = said.get("device", "")
        return _identities(await self._sign_in.password(call.resident, call.epoch, email, password, device))

    async def ticket(self, call: wire.Call, said: Said, caller: Caller | None) -> dict[str, object]:
        """See the module."""
        return _identities(await self._sign_in.ticket(said.get("ticket", ""), said.get("device", "")))

    async def session(self, call: wire.Call, said: Said, caller: Caller | None) -> dict[str, object]:
        """See the module."""
        opened = await self._sign_in.session(call.resident, said.get("identity", ""), said.get("device", ""))
        return {
            "team_id": opened.workspace,
            "name": opened.name,
            "user_id": opened.user,
            "token": opened.token,
            "expires_at": opened.expires_s,
        }

    async def sign_out(self, call: wire.Call, said: Said, caller: Caller | None) -> dict[str, object]:
        """See the module."""
        if caller is None:
            raise TokenMissingError()
        return {"orders": orders_of(await self._sessions.sign_out(caller))}

    async def close(self, call: wire.Call, said: Said, caller: Caller | None) -> dict[str, object]:
        """See the module."""
        orders = await self._sessions.closed_elsewhere(call.resident, said.get("identity", ""))
        return {"orders": orders_of(orders)}

    async def end(self, call: wire.Call, said: Said, caller: Caller | None) -> dict[str, object]:
        """See the module."""
        await self._sessions.ended_elsewhere(call.resident, said.get("identity", ""))
        return {}


Opener = Callable[[Doors, wire.Call, Said, Caller | None], Awaitable[dict[str, object]]]

DOORS: dict[str, Opener] = {
    "sign-in/password": Doors.password,
    "sign-in/ticket": Doors.ticket,
    "sign-in/session": Doors.session,
    "sign-out": Doors.sign_out,
    "session/close": Doors.close,
    "session/end": Doors.end,
}
AT_HOME_BY_ITSELF = frozenset({"sign-in/password"})
"""Doors that find out by themselves whether this is the home: the known cost no more than the unknown."""


def _said(body: bytes) -> Said:
    if len(body) > BODY_BYTES_MAX:
        raise InvalidError(field="body", why="too long")
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise InvalidError(field="body", why="no JSON", api="invalid_json") from None
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise InvalidError(field="body", why="not an object of texts", api="json_not_object")
    canonical_json(value)
    return value


def _identities(signed_in: SignedIn) -> dict[str, object]:
    rows = [
        {
            "team_id": door.workspace,
            "user_id": door.user,
            "cell": door.cell,
            "identity": door.identity,
            "name": "",
        }
        for door in signed_in.doors
    ]
    return {
        "person": signed_in.person,
        "session": signed_in.session,
        "identities": rows,
        "away": list(signed_in.away),
        "orders": orders_of(signed_in.orders),
    }
