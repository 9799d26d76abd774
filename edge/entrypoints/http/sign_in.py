"""Doors of signing in and out."""

import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from accord.errors import InvalidError, TokenMissingError
from accord.ids import new_uuid
from edge.entrypoints.http.bodies import Body, ClientGoneError, TooLargeError, bearer
from edge.ports import CallRequest
from edge.services.calls import Calls
from edge.services.orders import Orders
from edge.services.sign_in import Client, SignIn
from edge.services.tokens import Tokens

BODY_BYTES_MAX = 16 * 1024
DEVICE_CHARACTERS_MAX = 200
NO_STORE = {"cache-control": "no-store"}


class SignInDoor:
    """Routes `/sign-in/...` and `/sign-out`.

    Args:
        cookie: name of the cookie that holds the session token: the edge's, since edges of one host share
        cookies.
        secure: whether the public address is https.
    """

    def __init__(
        self,
        sign_in: SignIn,
        calls: Calls,
        tokens: Tokens,
        orders: Orders,
        *,
        cookie: str,
        secure: bool,
        country: Callable[[], str],
    ) -> None:
        self._sign_in, self._calls, self._tokens, self._orders = sign_in, calls, tokens, orders
        self._cookie, self._secure, self._country = cookie, secure, country

    def mount(self, web: FastAPI) -> None:
        web.add_api_route("/sign-in/password", self.password, methods=["POST"], response_model=None)
        web.add_api_route("/sign-in/{ticket}", self.ticket, methods=["GET"], response_model=None)
        web.add_api_route("/sign-out", self.sign_out, methods=["POST"], response_model=None)

    async def password(self, request: Request) -> Response:
        """E-mail and password for a session token per workspace."""
        body = await _json_body(request)
        return self._done(await self._sign_in.password(body, self._client(request)))

    async def ticket(self, request: Request, ticket: str) -> Response:
        """A link for the same."""
        person = self._tokens.resident_of(ticket, "sign_in")
        return self._done(await self._sign_in.ticket(person, ticket, self._client(request)))

    async def sign_out(self, request: Request) -> Response:
        """End the session of the token shown, in whatever workspaces it is good."""
        token = bearer(request.scope) or request.cookies.get(self._cookie, "")
        if not token:
            raise TokenMissingError()
        claims, request_id = self._tokens.verify(token), new_uuid()
        placement, cell = await self._calls.admit(claims.resident)
        answer = await self._calls.forward(
            placement,
            cell,
            CallRequest(
                token,
                claims.resident,
                placement.epoch,
                "sign-out",
                request_id=request_id,
                viewer_country=self._country(),
            ),
        )
        body = answer.body
        if answer.status == 200:
            said = json.loads(body)
            carried = await self._orders.carry(said.pop("orders", None), request_id, self._country())
            if said.get("ok"):
                said |= {"complete": carried.complete, "away": list(carried.away)}
            body = json.dumps(said).encode()
        response = Response(body, answer.status, NO_STORE, media_type="application/json; charset=utf-8")
        response.delete_cookie(self._cookie, path="/")
        return response

    def _client(self, request: Request) -> Client:
        device = request.headers.get("user-agent", "")[:DEVICE_CHARACTERS_MAX]
        address = request.client.host if request.client else ""
        return Client(address, device, self._country(), new_uuid())

    def _done(self, answer: dict[str, object]) -> Response:
        response = JSONResponse(answer, 200, NO_STORE)
        workspaces: Any = answer.get("workspaces")
        token = next((row["token"] for row in workspaces or [] if row.get("token")), "")
        if token:
            response.set_cookie(
                self._cookie, token, path="/", secure=self._secure, httponly=True, samesite="strict"
            )
        return response


async def _json_body(request: Request) -> dict[str, object]:
    try:
        data = await Body(request.scope, request.receive, BODY_BYTES_MAX).whole()
        value = json.loads(data)
    except (ValueError, RecursionError, TooLargeError, ClientGoneError):
        raise InvalidError(field="body", why="no JSON object of at most 16 KiB") from None
    if not isinstance(value, dict):
        raise InvalidError(field="body", why="not an object")
    return value
