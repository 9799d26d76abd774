"""No byte leaves a cell by another way: its host is closed to all but the directory, the other cell and the
name server, and everything goes on.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clients import Plain, web
from tests.support.faults.door import Door
from tests.support.faults.wired import Wired
from tests.support.load import Load
from tests.support.rooms import person
from tests.support.sockets import open_socket
from tests.support.waiting import until

CELLS = ("de-fra", "us-iad")


@pytest.fixture
def doors(wired: Wired) -> Iterator[dict[str, Door]]:
    """Both cells, closed."""
    with contextlib.ExitStack() as open_doors:
        yield {
            cell: open_doors.enter_context(Door(wired, cell, other))
            for cell, other in zip(CELLS, reversed(CELLS), strict=True)
        }


def lost(doors: dict[str, Door]) -> dict[str, int]:
    """Packets that went anywhere else."""
    return {cell: door.packets()["lost"] for cell, door in doors.items()}


def search_abroad(wired: Wired) -> dict[str, str]:
    """States by cell of a search by an American over both cells."""
    with Plain(wired.demo.edge("iad"), wired.demo.visitor()[1]["token"]) as plain:
        answer: dict[str, Any] = plain.done("ext.search", query="plan")
    return {cell["cell"]: cell["state"] for cell in answer["cells"]}


def test_with_every_other_socket_closed_nothing_is_lost_and_all_goes_on(
    wired: Wired, doors: dict[str, Door]
) -> None:
    anna = person(wired.demo, "acme")
    with Load(wired.demo) as load:
        load.goes_on()
        channel = wired.demo.workspace("acme")["channels"]["general"]
        for name in ("fra", "iad"):
            edge = wired.demo.edge(name)
            sent = web(edge, anna.token).files_upload_v2(channel=channel, content=b"abc", filename="a.bin")
            path = sent["files"][0]["url_private"].split("/files-pri/", 1)[1]
            with Plain(edge, anna.token) as plain:
                assert plain.send("GET", f"{plain.url}/files-pri/{path}").body == b"abc"
            with open_socket(edge, anna.token) as socket:
                assert socket.reply(socket.say("ping"))
        until(lambda: set(search_abroad(wired).values()) == {"complete"}, 60, "a search over both cells")
        load.goes_on()
    assert load.verdict().violations == [], load.story
    assert lost(doors) == {"de-fra": 0, "us-iad": 0}
    assert doors["us-iad"].packets()["cells"] > 0
    assert all(door.packets()["directory"] > 0 for door in doors.values())


def test_a_cell_that_does_not_reach_the_other_tries_no_other_way(
    wired: Wired, doors: dict[str, Door]
) -> None:
    with wired.network.cut(CELLS):
        assert search_abroad(wired)["de-fra"] in ("timed_out", "unavailable")
    until(lambda: set(search_abroad(wired).values()) == {"complete"}, 60, "a search over both cells")
    assert lost(doors) == {"de-fra": 0, "us-iad": 0}


@pytest.mark.parametrize("how", ["tcp to an edge", "udp to a client", "tcp to a port beside the directory's"])
def test_whatever_leaves_by_another_way_is_lost_and_counted(
    wired: Wired, doors: dict[str, Door], how: str
) -> None:
    network, kind = wired.network, "SOCK_STREAM" if how.startswith("tcp") else "SOCK_DGRAM"
    target = {"tcp to an edge": "fra", "udp to a client": "phones"}.get(how, "directory")
    leak = f"""\
import socket
leaking = socket.socket(socket.AF_INET, socket.{kind})
leaking.settimeout(1)
leaking.connect(("{network.address(target)}", 9))
leaking.send(b"words")
"""
    subprocess.run(
        [*network.under("de-fra"), "python3", "-c", leak], capture_output=True, timeout=20, check=False
    )
    assert doors["de-fra"].packets()["lost"] > 0
    assert doors["us-iad"].packets()["lost"] == 0
