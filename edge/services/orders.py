"""Carries orders from one home cell to others: ends of sessions, which cells do not tell each other.

An order is an identity token that its cell made for the other one, which believes it or not; the edge adds
nothing to it.

Invariants
    1. Only the doors that are listed here are knocked at for a cell, and only by so many orders.
    2. What was not reached is said; nothing is tried again here.
"""

import asyncio
import json
from collections.abc import Mapping

from accord.errors import ColinkError
from accord.ids import kind_of
from edge.ports import CallRequest, Carried, Forward

DOORS: Mapping[str, str] = {"session/end": "T", "session/close": "P"}
"""Door to the kind of resident whose home has it."""

ORDERS_MAX = 200
ROUNDS_MAX = 2
JSON_TYPE = "application/json; charset=utf-8"


class Orders:
    """Orders of all cells."""

    def __init__(self, calls: Forward) -> None:
        self._calls = calls

    async def carry(self, orders: object, request_id: str, country: str) -> Carried:
        """As `ports.Carrier.carry`."""
        return await self._carry(orders, request_id, country, ROUNDS_MAX)

    async def _carry(self, orders: object, request_id: str, country: str, rounds: int) -> Carried:
        listed = orders if isinstance(orders, list) else []
        if not listed:
            return Carried()
        if rounds == 0:
            return Carried((), complete=False)
        asked = [self._deliver(order, request_id, country, rounds) for order in listed[:ORDERS_MAX]]
        found = await asyncio.gather(*asked)
        away = dict.fromkeys(team for each in found for team in each.away)
        complete = len(listed) <= ORDERS_MAX and all(each.complete for each in found)
        return Carried(tuple(away), complete)

    async def _deliver(self, order: object, request_id: str, country: str, rounds: int) -> Carried:
        said = order if isinstance(order, dict) else {}
        resident, door, identity = (str(said.get(name) or "") for name in ("resident", "door", "identity"))
        kind = kind_of(resident)
        missed = Carried((resident,) if kind == "T" else (), complete=False)
        if not identity or kind is None or DOORS.get(door) != kind:
            return missed
        body = json.dumps({"identity": identity}).encode()
        try:
            placement, cell = await self._calls.admit(resident)
            request = CallRequest(
                "", resident, placement.epoch, door, JSON_TYPE, b"", body, (), request_id, country
            )
            answer = json.loads((await self._calls.forward(placement, cell, request)).body)
        except (ColinkError, ValueError):
            return missed
        if not isinstance(answer, dict) or answer.get("ok") is not True:
            return missed
        return await self._carry(answer.get("orders"), request_id, country, rounds - 1)
