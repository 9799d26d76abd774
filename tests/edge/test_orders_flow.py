"""Orders of cells through a real edge process: to the right homes alone, and what is missed is said."""

import json
from pathlib import Path
from typing import Any

from accord.ids import new_id
from accord.wire.cell.v1 import gateway_pb2 as cell_wire
from tests.edge.support_fakes import FakeCell, Session, placed, until
from tests.edge.support_world import World, running_world


def _order(resident: str, door: str = "session/end", identity: str = "signed") -> dict[str, str]:
    return {"resident": resident, "door": door, "identity": identity}


def _answers(world: World, orders: list[Any], closing: list[Any]) -> None:
    """Every cell does what it is told; the method that orders answers with `orders`."""

    async def handler(
        cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes
    ) -> cell_wire.Answer:
        told: dict[str, Any] = {"ok": True}
        headers = []
        if call.method == "ext.sessions.revoke":
            headers.append(cell_wire.Header(name="x-orders", value=json.dumps(orders)))
        elif call.method == "sign-out":
            told["orders"] = orders
        elif call.method == "session/close":
            told["orders"] = closing
        return cell_wire.Answer(id=call.id, status=200, headers=headers, body=json.dumps(told).encode())

    for cell in (world.home, world.other, world.second):
        cell.handler = handler


def _carried(cell: FakeCell) -> list[tuple[str, str, dict[str, str]]]:
    return [
        (call.method, call.resident, json.loads(body))
        for call, body in cell.calls
        if call.method.startswith("session/")
    ]


async def test_orders_go_to_the_homes_that_they_name_and_their_own_orders_too(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        person = new_id("P")
        world.directory.publish(placed(person, world.other))
        await until(lambda: len(world.directory.acks) == 2)
        _answers(world, [_order(person, "session/close")], [_order(world.team), _order(world.american)])
        status, body, headers = await world.api("ext.sessions.revoke", world.token())
        assert (status, body) == (200, {"ok": True, "complete": True, "away": []})
        assert "x-orders" not in headers
        said = {"identity": "signed"}
        assert _carried(world.home) == [("session/end", world.team, said)]
        assert sorted(_carried(world.other)) == sorted(
            [("session/close", person, said), ("session/end", world.american, said)]
        )
        assert world.http is not None
        url, bearer = f"http://{world.url}/sign-out", {"authorization": f"Bearer {world.token()}"}
        async with world.http.post(url, headers=bearer) as answer:
            assert await answer.json() == {"ok": True, "complete": True, "away": []}


async def test_what_is_no_order_goes_nowhere_and_is_said(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        team = world.team
        faults: list[Any] = [
            "not an order", {}, _order("T000000000000"), _order(""), _order("C000000000000"),
            {"resident": team, "door": "session/end"}, _order(team, "session/close"),
            _order(team, "chat.postMessage"), _order(team, "sign-in/session"),
        ]  # fmt: skip
        for place, order in enumerate(faults, 1):
            _answers(world, [order, _order(world.american)], [])
            _, body, _ = await world.api("ext.sessions.revoke", world.token())
            assert (body["ok"], body["complete"]) == (True, False), order
            assert len(_carried(world.other)) == place
        assert {call.method for call, _ in world.home.calls} == {"ext.sessions.revoke"}


async def test_a_cell_that_is_away_is_named_and_orders_without_end_are_cut(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        person = new_id("P")
        world.directory.publish(placed(person, world.home))
        await until(lambda: len(world.directory.acks) == 2)
        again = [_order(person, "session/close")]
        _answers(world, again, again)
        _, body, _ = await world.api("ext.sessions.revoke", world.token())
        assert body == {"ok": True, "complete": False, "away": []}
        assert len(_carried(world.home)) == 2
        await world.stop_server("us-iad")
        _answers(world, [_order(world.american)], [])
        _, body, _ = await world.api("ext.sessions.revoke", world.token())
        assert body == {"ok": True, "complete": False, "away": [world.american]}
