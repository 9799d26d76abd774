"""What is true of a running federation is true of what it leaves behind. The last tests of this folder: they
end the demo that the others share.
"""

import json

import pytest

from deploy import verify_ledger
from tests.residency.home import Home
from tests.residency.planting import Planted
from tests.residency.sinks import HOME_FOLDER, hunter, leaks, shown
from tests.support.federation import RunningDemo, processes_below

pytestmark = pytest.mark.timeout(240)


def test_what_is_left_when_all_processes_have_ended_holds_no_canary_elsewhere(
    demo: RunningDemo, planted: Planted
) -> None:
    assert demo.stop() == 0
    assert not processes_below(str(demo.data_dir))
    found = leaks(demo.data_dir, hunter(planted.canaries.values(), planted.keys))
    assert not found, shown(found)
    opened = b"\n".join(text for _, text in Home(demo.data_dir / HOME_FOLDER).opened())
    at_home = {label.canary for label in hunter(planted.resting.values(), ()).labels_in(opened)}
    assert at_home == set(planted.resting)


def test_what_people_did_through_an_edge_abroad_is_in_the_book_of_their_home(
    demo: RunningDemo, planted: Planted
) -> None:
    """They travelled: edge `iad` saw what they said. Its bytes are counted, under a rule, without a word."""
    demo.stop()
    book = demo.data_dir / HOME_FOLDER / "data/ledger/book"
    lines = [line for path in sorted(book.glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    entries = [json.loads(line)["open"] for line in lines]
    counted = [one for one in entries if one["phase"] == "aggregate" and one["items"]]
    abroad = [one for one in counted if one["destination"]["name"] == "iad"]
    assert {one["op"] for one in abroad} == {"transit", "disclose"}
    assert sum(one["items"] for one in abroad) > 20
    assert sum(one["bytes"] for one in abroad) > 2_000
    assert all(one["decision"]["allow"] and one["decision"]["rules"] for one in abroad)
    assert not [one for one in entries if one["destination"]["country"] == "DE"], "home is not abroad"
    assert verify_ledger.main(["verify", "--data", str(demo.data_dir), "--json"]) == 0
