"""What is read as a history, and what is refused."""

import json
from typing import Any

import pytest

from deploy.audit.history import HistoryError, parse
from deploy.audit.operations import KINDS, MEMBERS
from tests.deploy.audit.world import World

BEGIN = {"i": 1, "t": 1.0, "op": "send", "type": "invoke", "process": "p", "channel": "C", "value": "v"}
END = {"i": 1, "t": 2.0, "op": "send", "type": "ok", "ts": "1700000000.000001"}


def lines(*values: dict[str, Any] | str) -> list[bytes]:
    """Lines of a file."""
    return [(value if isinstance(value, str) else json.dumps(value)).encode() for value in values]


def test_the_two_lines_of_an_operation_are_joined() -> None:
    (send,) = parse(lines(BEGIN, END), "h").operations
    assert (send.began_s, send.ended_s, send.outcome, send.lines) == (1.0, 2.0, "ok", (1, 2))
    assert (send.channel, send.value, send.ts) == ("C", "v", "1700000000.000001")


def test_an_operation_without_an_end_is_unknown() -> None:
    (send,) = parse(lines(BEGIN), "h").operations
    assert (send.outcome, send.latest_s, send.lines) == ("unknown", float("inf"), (1,))


def test_members_that_nobody_knows_are_kept() -> None:
    (send,) = parse(lines({**BEGIN, "colour": "red"}, {**END, "weight": 3}), "h").operations
    assert send.more == {"colour": "red", "weight": 3}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (["{"], "not a line of JSON"),
        ([""], "not a line of JSON"),
        (["1, 2"], "not a line of JSON"),
        (["[" * 100_000], "not a line of JSON"),
        (["[1]"], "i, t and type are needed"),
        (["null"], "i, t and type are needed"),
        ([{"i": 1, "op": "send", "type": "invoke"}], "i, t and type are needed"),
        ([{**BEGIN, "i": "1"}], "i is a whole number"),
        ([{**BEGIN, "i": True}], "i is a whole number"),
        ([{**BEGIN, "t": "now"}], "t are seconds"),
        (['{"i": 1, "t": NaN, "op": "send", "type": "invoke"}'], "t are seconds"),
        ([{**BEGIN, "op": "dance"}], "there is no such op"),
        ([{**BEGIN, "op": ["send"]}], "there is no such op"),
        ([{**BEGIN, "type": "begin"}], "does not begin with this type"),
        ([{**BEGIN, "op": "receive"}], "does not begin with this type"),
        ([{**BEGIN, "type": "ok"}], "does not begin with this type"),
        ([{**BEGIN, "channel": 7}], "channel is text"),
        ([BEGIN, {**END, "t": 0.5}], "the clock went back"),
        ([BEGIN, {**END, "type": "maybe"}], "type is one of"),
        ([BEGIN, {**END, "op": "edit"}], "began as send"),
        ([BEGIN, END, {**BEGIN, "t": 3.0}], "began before"),
        ([BEGIN, {**BEGIN, "i": 2}], "still busy"),
        ([BEGIN, {**END, "items": "all"}], "items are lists of texts"),
        ([BEGIN, {**END, "items": [["1"]]}], "items are lists of texts"),
        ([BEGIN, {**END, "items": [["1", "k", 3]]}], "items are lists of texts"),
    ],
)
def test_what_is_no_history_is_refused_with_its_line(bad: list[dict[str, Any] | str], why: str) -> None:
    with pytest.raises(HistoryError, match=why) as refused:
        parse(lines(*bad), "h")
    assert f"h:{len(bad)}:" in str(refused.value)


def test_what_the_recorder_writes_has_members_of_the_page_only() -> None:
    named = {name for line in World(1).lines() for name in line}
    assert named - set(MEMBERS) == set()
    listed = {word.strip("[]") for kind in KINDS.values() for word in f"{kind.begins} {kind.ends}".split()}
    assert listed - set(MEMBERS) == set()
