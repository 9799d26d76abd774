"""What is true of a running federation is true of what it leaves behind. The last tests of this folder: they
end the demo that the others share.
"""

import json

import pytest

from deploy import verify_ledger
from tests.residency.home import Home
from tests.residency.planting import Planted
from tests.residency.sinks import HOME_FOLDER, hunter, leaks, shown
from tests.support.clients import Plain
from tests.support.federation import RunningDemo, processes_below

pytestmark = pytest.mark.timeout(600)


TRAVELLED = 25


@pytest.fixture(scope="module")
def ended(demo: RunningDemo, planted: Planted) -> RunningDemo:
    """The federation after an orderly end. Somebody travels before it: what was counted within a minute of
    the death of a cell, of which there were some, is not in its book.
    """
    with Plain(demo.edge("iad"), planted.token) as far:
        for _ in range(TRAVELLED):
            far.done("conversations.history", channel=planted.channel)
    assert demo.stop() == 0
    return demo


def test_what_is_left_when_all_processes_have_ended_holds_no_canary_elsewhere(
    ended: RunningDemo, planted: Planted
) -> None:
    assert not processes_below(str(ended.data_dir))
    found = leaks(ended.data_dir, hunter(planted.canaries.values(), planted.keys))
    assert not found, shown(found)
    opened = b"\n".join(text for _, text in Home(ended.data_dir / HOME_FOLDER).opened())
    at_home = {label.canary for label in hunter(planted.resting.values(), ()).labels_in(opened)}
    assert at_home == set(planted.resting)


def test_what_people_did_through_an_edge_abroad_is_in_the_book_of_their_home(
    ended: RunningDemo,
) -> None:
    """They travelled: edge `iad` saw what they said. Its bytes are counted, under a rule, without a word."""
    book = ended.data_dir / HOME_FOLDER / "data/ledger/book"
    lines = [line for path in sorted(book.glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    entries = [json.loads(line)["open"] for line in lines]
    counted = [one for one in entries if one["phase"] == "aggregate" and one["items"]]
    abroad = [one for one in counted if one["destination"]["name"] == "iad"]
    assert {one["op"] for one in abroad} == {"transit", "disclose"}
    assert sum(one["items"] for one in abroad) >= 2 * TRAVELLED
    assert sum(one["bytes"] for one in abroad) > 2_000
    assert all(one["decision"]["allow"] and one["decision"]["rules"] for one in abroad)
    assert not [one for one in entries if one["destination"]["country"] == "DE"], "home is not abroad"
    assert verify_ledger.main(["verify", "--data", str(ended.data_dir), "--json"]) == 0
