"""What is read as a history, and what is refused."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.audit.audit import judge
from deploy.audit.history import HistoryError, parse
from deploy.audit.operations import KINDS, MEMBERS
from tests.deploy.audit.world import World

BEGIN = {"i": 1, "t": 1.0, "op": "send", "type": "invoke", "process": "p", "channel": "C", "value": "v"}
READ = {"i": 1, "t": 1.0, "op": "read", "type": "invoke", "process": "p", "channel": "C"}
READ_END = {"i": 1, "t": 2.0, "op": "read", "type": "ok"}
LOG = {"i": 1, "t": 1.0, "op": "log", "type": "ok", "process": "p", "cell": "de-fra"}
END = {"i": 1, "t": 2.0, "op": "send", "type": "ok", "ts": "1700000000.000001"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


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
        ([BEGIN, {**END, "items": "all"}], "items is of another kind"),
        ([BEGIN, {**END, "items": [["1", "k", 3]]}], "items is of another kind"),
        ([READ, {**READ_END, "items": [["1", "k"]]}], "items of a read have other texts"),
        ([{**READ, "op": "search"}, {**READ_END, "op": "search", "items": [["1", "k", "v"]]}], "other texts"),
        ([{**LOG, "items": [["1", "first", "1700000000.000001"]]}], "items of a log have other texts"),
        ([{**BEGIN, "thread": 3}], "thread is of another kind"),
        ([{**BEGIN, "members": "U1"}], "members is of another kind"),
        ([{**LOG, "op": "receive", "socket": "first"}], "socket is of another kind"),
        ([{**LOG, "op": "receive", "seq": True}], "seq is of another kind"),
        ([READ, {**READ_END, "cells": ["de-fra"]}], "cells is of another kind"),
    ],
)
def test_what_is_no_history_is_refused_with_its_line(bad: list[dict[str, Any] | str], why: str) -> None:
    with pytest.raises(HistoryError, match=why) as refused:
        parse(lines(*bad), "h")
    assert f"h:{len(bad)}:" in str(refused.value)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20), st.data())
def test_whatever_stands_in_a_line_is_judged_or_refused(seed: int, data: st.DataObject) -> None:
    lines_now = World(seed, 60).lines()
    for _ in range(3):
        line = data.draw(st.sampled_from(lines_now))
        name = data.draw(st.sampled_from([*MEMBERS, "other"]))
        line[name] = data.draw(st.one_of(st.sampled_from(list(line.values())), JSON))
    with contextlib.suppress(HistoryError):
        judge(parse(lines(*lines_now), "h"))


def test_what_the_recorder_writes_has_members_of_the_page_only() -> None:
    named = {name for line in World(1).lines() for name in line}
    assert named - set(MEMBERS) == set()
    listed = {word.strip("[]") for kind in KINDS.values() for word in f"{kind.begins} {kind.ends}".split()}
    assert listed - set(MEMBERS) == set()
