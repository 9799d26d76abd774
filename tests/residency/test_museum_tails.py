"""The fail-open museum, exhibit 7, in real processes: the follow-up of a committed write is a tail of the log
with a durable position. Killed between the commit and the follow-up, both the search index and the sockets go
on from where they were.
"""

import os
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.residency.planting import HOME
from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.hunt import rows_of
from tests.support.sockets import open_socket
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(600)

BURST = 20
# Many words take the index longer than the answer takes to the client.
LONG = " ".join(f"w{number}" for number in range(5_500))
TRIES = 5


def behind(data: Path, workspace: str) -> int:
    """How many events of a workspace are committed and not yet indexed, by the files alone."""
    head = rows_of(data / "cell.db", "SELECT head FROM residents WHERE resident = ?", workspace)
    done = rows_of(data / "search.db", "SELECT sequence FROM positions WHERE resident = ?", workspace)
    return int(head[0][0]) - (int(done[0][0]) if done else 0)


def test_exhibit_7_killed_after_a_commit_a_cell_indexes_and_tells_it_after_the_next_start(
    demo: RunningDemo,
) -> None:
    with Plain(demo.edge("fra"), demo.person("acme")["token"]) as plain:
        name = f"tails-{uuid.uuid4().hex[:12]}"
        channel = str(plain.done("conversations.create", name=name)["channel"]["id"])
        for _ in range(TRIES):
            if killed_in_between(demo, plain, channel):
                return
    raise AssertionError(f"no kill out of {TRIES} came between a commit and its follow-up")


def row_of(demo: RunningDemo) -> dict[str, Any]:
    """The home cell as the demo's status shows it."""
    rows: list[dict[str, Any]] = demo.companion("status")["processes"]
    return next(row for row in rows if row["name"] == HOME)


def killed_in_between(demo: RunningDemo, plain: Plain, channel: str) -> bool:
    """Post, kill the cell with the last answer, start it again, and look. Whether its index was behind."""
    word, token = "zq" + uuid.uuid4().hex[:16], demo.person("acme")["token"]
    pid = int(row_of(demo)["pid"])
    with open_socket(demo.edge("fra"), token) as socket:
        mark = socket.resume()
        socket.drain(0.2)
        posted = [
            str(plain.done("chat.postMessage", channel=channel, text=text)["ts"])
            for text in [*(f"{word} {number}" for number in range(BURST - 1)), f"{word} {LONG}"]
        ]
        # At once: a companion would take longer than the follow-up.
        os.kill(pid, signal.SIGKILL)
    until(lambda: row_of(demo)["state"] == "stopped", 60, "the cell has ended")
    missing = behind(Path(demo.cell(HOME)["data_dir"]), demo.workspace("acme")["id"])
    demo.companion("start", HOME)
    until(lambda: plain.call("auth.test").status == 200, 60, "the cell is back", every_s=0.3)

    def found() -> list[str]:
        answer = plain.done("search.messages", query=word, count=100)["messages"]
        return [match["ts"] for match in answer["matches"]]

    until(lambda: len(found()) >= BURST, 60, "everything acknowledged is indexed", every_s=0.3)
    assert sorted(found()) == sorted(posted), "once each"
    with open_socket(demo.edge("fra"), token, resume=mark) as again:
        frames = [frame for frame in again.drain(1.5) if frame.get("type") == "message"]
    told = [frame["ts"] for frame in frames if str(frame.get("text", "")).startswith(word)]
    assert told == posted, "told in order, once each"
    return missing > 0
