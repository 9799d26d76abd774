"""Everything in which something can wait stands in the table, with a limit that exists."""

import dataclasses
from collections import Counter

import pytest

from accord.runtime.metrics import METRICS
from docs import queues
from tests.architecture.sources import ROOT

PLANTED = """
import asyncio
from collections import deque

class Outer:
    def __init__(self) -> None:
        self.words: list[str] = []
        self.none = ["a"]
        self._inbox: asyncio.Queue[int] = asyncio.Queue()
        self._by = {"a": deque()}
        taken = []

    class Inner:
        kept = deque(maxlen=3)

def work() -> None:
    held = deque()
"""


def test_what_the_code_makes_stands_in_the_table_once() -> None:
    known = queues.declared(ROOT)
    named = {buffer for queue in known.queues for buffer in queue.buffers}
    found = set(queues.buffers(ROOT))
    assert found - named - known.others.keys() == set(), "give them a row in docs/queues.toml"
    assert known.others.keys() - found == set(), "they are gone"
    assert named & known.others.keys() == set()


def test_every_buffer_and_every_limit_exists() -> None:
    known = queues.declared(ROOT)
    assert queues.unknown(ROOT, (bound for queue in known.queues for bound in queue.bounds)) == []
    assert queues.unknown(ROOT, (buffer for queue in known.queues for buffer in queue.buffers)) == []
    for queue in known.queues:
        assert queue.bounds, queue.name
        assert queue.limit, queue.name
        assert queue.full, queue.name
        assert not queue.metric or queue.metric in METRICS, queue.name
    assert Counter(queue.name for queue in known.queues).most_common(1)[0][1] == 1


def test_a_queue_that_nobody_named_is_found() -> None:
    assert list(queues.buffers_of(PLANTED, "x.py")) == [
        "x.py::Outer.Inner.kept",
        "x.py::Outer.words",
        "x.py::Outer._inbox",
        "x.py::Outer._by",
        "x.py::held",
    ]


@pytest.mark.parametrize(
    "bound",
    [
        "setting writer.queue_min",
        "edge/adapters/cells/stream.py::WAITING_BYTES",
        "edge/adapters/cells/nowhere.py::WAITING_BYTES_MAX",
    ],
)
def test_a_limit_that_does_not_exist_is_found(bound: str) -> None:
    first = queues.declared(ROOT).queues[0]
    assert queues.unknown(ROOT, dataclasses.replace(first, bounds=(bound,)).bounds) == [bound]
