"""Signs people in: finds the person's home by blind index, has it check the credentials, collects a token
from each workspace's home.

Invariants
    1. A client never learns whether an address is known: unknown people cost the same work in some cell and
       get the same answer.
    2. Plain names leave the edge only towards the cell that checks the credentials.
    3. Attempts are counted per client address before anything is asked.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from accord.blind import blind_index
from accord.clock import Clock
from accord.errors import (
    ColinkError,
    HomeUnreachableError,
    InvalidError,
    NotReadyError,
    RateLimitedError,
    UnknownResidentError,
    WrongEdgeError,
)
from edge.domain.routes import CellRoute, Placement
from edge.ports import CallAnswer, CallRequest, Carrier, Cells, Directory, Forward, LookupIndex

FIND_S = 2.0
WORKSPACES_MAX = 100
ADDRESSES_MAX = 50_000
REFUSALS = frozenset({"totp_required", "ratelimited", "access_denied"})
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class LookupKey:
    """A key of blind indexes that this edge may hold; at least 32 bytes."""

    attribute: str
    jurisdiction: str
    key_id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """Who knocks: `address` for the limit, the rest is passed on."""

    address: str
    device: str
    country: str
    request_id: str


class SignIn:
    """Sign-in by password and by link.

    Args:
        jurisdiction: of this edge: its cells do the work for unknown people.
        attempts_per_minute: per client address.
    """

    def __init__(
        self,
        calls: Forward,
        orders: Carrier,
        cells: Cells,
        directory: Directory,
        cells_of: Callable[[], Sequence[CellRoute]],
        clock: Clock,
        keys: Sequence[LookupKey],
        *,
        jurisdiction: str,
        attempts_per_minute: int,
    ) -> None:
        self._calls, self._cells, self._directory, self._cells_of = calls, cells, directory, cells_of
        self._orders = orders
        self._clock, self._keys, self._jurisdiction = clock, tuple(keys), jurisdiction
        self._attempts = attempts_per_minute
        self._spent: dict[str, tuple[float, float]] = {}

    async def password(self, body: Mapping[str, object], client: Client) -> dict[str, object]:
        """The answer to e-mail and password: shape of the public contract, refusals included.

        Raises:
            RateLimitedError, InvalidError, HomeUnreachableError and others when nothing could be decided.
        """
        self._count(client.address)
        email, password, totp = body.get("email"), body.get("password"), body.get("totp", "")
        if not (isinstance(email, str) and isinstance(password, str) and isinstance(totp, str)):
            raise InvalidError(field="email", why="email and password are texts")
        if len(password) > 1_024 or len(totp) > 16:
            raise InvalidError(field="password", why="too long")
        try:
            person = await self._find(email)
        except InvalidError:
            person = ""
        said = json.dumps(
            {"email": email, "password": password, "totp": totp, "device": client.device}
        ).encode()
        return await self._ask(person, "sign-in/password", said, client)

    async def ticket(self, person: str, ticket: str, client: Client) -> dict[str, object]:
        """The answer to a link whose ticket was proven to be `person`'s. Raises as `password`."""
        self._count(client.address)
        said = json.dumps({"ticket": ticket, "device": client.device}).encode()
        return await self._ask(person, "sign-in/ticket", said, client)

    async def _ask(self, person: str, method: str, body: bytes, client: Client) -> dict[str, object]:
        try:
            placement, cell = await self._calls.admit(person) if person else self._anywhere()
        except UnknownResidentError:
            person = ""
            placement, cell = self._anywhere()
        except WrongEdgeError as error:
            refused: dict[str, object] = {"ok": False, "error": "access_denied"}
            return refused | ({"x_url": error.metadata["url"]} if "url" in error.metadata else {})
        request = CallRequest(
            "",
            person,
            placement.epoch if person else 0,
            method,
            JSON_TYPE,
            b"",
            body,
            (),
            client.request_id,
            client.country,
        )
        answer = _object(await self._calls.forward(placement, cell, request))
        if answer.get("ok") is not True or not person:
            code = answer.get("error")
            return {"ok": False, "error": code if code in REFUSALS else "invalid_login"}
        return await self._sessions(answer, client)

    async def _sessions(self, answer: Mapping[str, object], client: Client) -> dict[str, object]:
        identities = answer.get("identities")
        rows = identities[:WORKSPACES_MAX] if isinstance(identities, list) else []
        asked = [self._session(row, client) for row in rows if isinstance(row, dict)]
        # Sessions that were too many end beside it.
        ended = self._orders.carry(answer.get("orders"), client.request_id, client.country)
        found, _ = await asyncio.gather(asyncio.gather(*asked), ended)
        ends = [end for row in found if row and isinstance(end := row.pop("expires_at", None), int)]
        workspaces = [row for row in found if row is not None]
        return {"ok": True, "workspaces": workspaces, "expires_at": min(ends, default=0)}

    async def _session(self, row: Mapping[str, object], client: Client) -> dict[str, object] | None:
        """A token from one workspace's home; a workspace that cannot be reached or entered from here is
        named with the reason and without a token."""
        team, name = str(row.get("team_id", "")), str(row.get("name", ""))
        said = json.dumps({"identity": row.get("identity"), "device": client.device}).encode()
        try:
            placement, cell = await self._calls.admit(team)
            request = CallRequest(
                "",
                team,
                placement.epoch,
                "sign-in/session",
                JSON_TYPE,
                b"",
                said,
                (),
                client.request_id,
                client.country,
            )
            answer = _object(await self._calls.forward(placement, cell, request))
        except WrongEdgeError as error:
            return {
                "team_id": team,
                "name": name,
                "x_error": "access_denied",
                "x_url": error.metadata.get("url", ""),
            }
        except ColinkError as error:
            return {"team_id": team, "name": name, "x_error": error.api}
        if answer.get("ok") is not True:
            return None
        return {
            "team_id": team,
            "name": answer.get("name", name),
            "token": answer.get("token", ""),
            "user_id": answer.get("user_id", ""),
            "expires_at": answer.get("expires_at"),
        }

    async def _find(self, email: str) -> str:
        """The person of an address, from the directory or, with it away, from the cells; empty: none."""
        indexes = [
            LookupIndex(key.attribute, key.key_id, blind_index(key.key, "email", email))
            for key in self._keys
            if key.attribute == "email"
        ]
        try:
            return await self._directory.find(indexes, FIND_S)
        except RateLimitedError:
            raise
        except ColinkError:
            return await self._find_in_cells(indexes)

    async def _find_in_cells(self, indexes: Sequence[LookupIndex]) -> str:
        asked = [stream.find(indexes, FIND_S) for stream in self._cells.ready_streams()]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, str) and answer:
                return answer
        if not answers or any(isinstance(answer, BaseException) for answer in answers):
            raise HomeUnreachableError(retry_after_ms=1_000)
        return ""

    def _anywhere(self) -> tuple[Placement, CellRoute]:
        """Some reachable cell of this edge's jurisdiction, for the work that an unknown person costs."""
        reachable = {stream.cell for stream in self._cells.ready_streams()}
        for cell in self._cells_of():
            if cell.jurisdiction == self._jurisdiction and cell.name in reachable:
                return Placement("", cell.name, 0, 0, 0, b""), cell
        raise NotReadyError(retry_after_ms=1_000)

    def _count(self, address: str) -> None:
        """A bucket per address that refills by itself."""
        now_s = self._clock.monotonic_s()
        left, at_s = self._spent.pop(address, (float(self._attempts), now_s))
        left = min(float(self._attempts), left + (now_s - at_s) * self._attempts / 60)
        while len(self._spent) >= ADDRESSES_MAX:
            del self._spent[next(iter(self._spent))]
        self._spent[address] = (left - 1 if left >= 1 else left, now_s)
        if left < 1:
            wait_s = max(1, round((1 - left) * 60 / self._attempts))
            raise RateLimitedError(retry_after_ms=wait_s * 1_000)


def _object(answer: CallAnswer) -> dict[str, object]:
    """The JSON object of a cell's answer; a busy cell stays what it is."""
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = None
    if answer.status == 429:
        raise RateLimitedError(retry_after_ms=1_000)
    if answer.status != 200 or not isinstance(value, dict):
        raise HomeUnreachableError(retry_after_ms=1_000)
    return value
