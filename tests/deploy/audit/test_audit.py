"""The checker is silent about lawful histories, and names the invariant of every fault planted in one."""

import json
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deploy.audit.audit import judge
from deploy.audit.history import HistoryError, parse
from deploy.audit.verdict import INVARIANTS, Verdict
from tests.deploy.audit.lines import Line
from tests.deploy.audit.planting import PLANTS, Plant
from tests.deploy.audit.world import World

SEEDS = st.integers(0, 2**32)


def verdict_of(lines: list[Line]) -> Verdict:
    """What the checker says."""
    verdict, _ = judge(parse([json.dumps(line).encode() for line in lines], "history"))
    return verdict


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_a_lawful_history_holds(seed: int) -> None:
    verdict = verdict_of(World(seed).lines())
    assert verdict.violations == []
    assert verdict.acknowledged > 20
    assert verdict.told > 0


@pytest.mark.parametrize(("plant", "invariants"), PLANTS.items(), ids=lambda it: getattr(it, "__name__", ""))
@settings(max_examples=12, deadline=None, derandomize=True)
@given(SEEDS)
def test_a_planted_fault_is_named_by_its_invariant(plant: Plant, invariants: str, seed: int) -> None:
    lines = World(seed).lines()
    assume(plant(lines, random.Random(seed)))
    assert set(verdict_of(lines).invariants) & set(invariants.split())


def test_every_fault_is_of_an_invariant_that_is_listed() -> None:
    assert {number for numbers in PLANTS.values() for number in numbers.split()} <= set(INVARIANTS)


def test_two_messages_with_one_key_cannot_be_judged() -> None:
    begin = {"op": "send", "type": "invoke", "channel": "C", "key": "k"}
    lines = [
        {**begin, "i": 1, "t": 1.0, "process": "a", "value": "one"},
        {**begin, "i": 2, "t": 1.0, "process": "b", "value": "other"},
    ]
    with pytest.raises(HistoryError, match="history:2: another message has the key"):
        verdict_of(lines)


def served(count: int, start_s: float, status: int, number: int = 0, op: str = "send") -> list[Line]:
    """Calls that are all answered alike, one every hundredth of a second."""
    made: list[Line] = []
    for place in range(count):
        at_s = start_s + place / 100
        about = {"i": number + place, "op": op}
        made.append(
            {**about, "t": at_s, "type": "invoke", "process": "p", "channel": "C", "value": f"v{at_s}"}
        )
        made.append({**about, "t": at_s, "type": "fail", "status": status})
    return made


def fault(begins_s: float, ends_s: float, target: str) -> tuple[Line, Line]:
    """A fault and its end."""
    about = {"i": 9_999, "op": "fault", "process": "fault"}
    begin = {**about, "t": begins_s, "type": "invoke", "value": "kill", "target": target}
    return begin, {**about, "t": ends_s, "type": "ok"}


def test_who_does_not_recover_within_a_minute_is_found() -> None:
    begin, end = fault(1.0, 2.0, "de-fra")
    calls = served(50, 0.0, 200)
    assert verdict_of([*calls, begin, end, *served(50, 70.0, 200, 100)]).holds
    assert verdict_of([*calls, begin, end, *served(50, 30.0, 503, 100)]).holds, "not a minute yet"
    assert verdict_of([*calls, begin, end, *served(50, 70.0, 503, 100)]).invariants == ["I13"]


def test_refusals_while_the_directory_alone_is_away_are_found() -> None:
    begin, end = fault(1.0, 2.0, "directory")
    within = served(10, 1.5, 503, 100)
    assert verdict_of([*served(50, 0.0, 200), begin, *within, end]).invariants == ["I12"]
    begin, end = fault(1.0, 2.0, "fra")
    assert verdict_of([*served(50, 0.0, 200), begin, *within, end]).holds
    assert verdict_of([begin, *served(9, 1.5, 200, 100), end]).spans[0].faults == ["kill fra"]


def test_a_key_that_nobody_is_ever_told_of_is_found() -> None:
    begin, end = fault(0.0, 1.0, "fra")
    lines: list[Line] = [begin, end]
    for number in range(4):
        at_s = 2.0 + 30 * number
        about = {"i": number, "op": "send", "process": "p"}
        lines.append({**about, "t": at_s, "type": "invoke", "channel": "C", "key": "k", "value": "v"})
        lines.append({**about, "t": at_s + 1, "type": "unknown"})
    assert "I25" in verdict_of(lines).invariants
    lines[-1] |= {"type": "ok", "ts": "1700000000.000001"}
    assert "I25" not in verdict_of(lines).invariants


def test_a_cause_that_is_not_seen_before_its_effect_is_found() -> None:
    """A writes in one channel; B reads that and answers in another; C reads the answer and then not the
    cause.
    """

    def call(number: int, op: str, process: str, channel: str, **more: object) -> list[Line]:
        known = ("ts", "items")
        begin = {name: value for name, value in more.items() if name not in known}
        end = {name: value for name, value in more.items() if name in known}
        at_s = float(number)
        return [
            {
                "i": number,
                "t": at_s,
                "op": op,
                "type": "invoke",
                "process": process,
                "channel": channel,
                **begin,
            },
            {"i": number, "t": at_s + 0.5, "op": op, "type": "ok", **end},
        ]

    ts, before = "1700000000.000002", "1700000000.000001"
    first, cause, effect = [before, "k0", "v0"], [ts, "k1", "v1"], [ts, "k2", "v2"]
    lines = [
        *call(0, "send", "a", "C1", key="k0", value="v0", ts=before),
        *call(1, "send", "a", "C1", key="k1", value="v1", ts=ts),
        *call(2, "read", "b", "C1", items=[first, cause]),
        *call(3, "send", "b", "C2", key="k2", value="v2", ts=ts),
        *call(4, "read", "c", "C2", items=[effect]),
    ]
    assert verdict_of([*lines, *call(5, "read", "c", "C1", items=[first, cause])]).holds
    assert verdict_of([*lines, *call(5, "read", "d", "C1", items=[first])]).holds, (
        "another's page may be older"
    )
    assert verdict_of([*lines, *call(5, "read", "c", "C1", items=[first])]).invariants == ["I05"]


def test_edits_in_a_circle_are_found() -> None:
    """One reader sees the first edit and then the second, another the second and then the first."""
    ts = "1700000000.000001"
    lines: list[Line] = []
    calls: list[tuple[float, str, str, Line, Line]] = [
        (0.0, "send", "w", {"key": "k", "value": "v0"}, {"ts": ts}),
        (1.0, "edit", "x", {"ts": ts, "value": "v1"}, {}),
        (1.0, "edit", "y", {"ts": ts, "value": "v2"}, {}),
        (2.0, "read", "r", {}, {"items": [[ts, "k", "v1"]]}),
        (2.0, "read", "s", {}, {"items": [[ts, "k", "v2"]]}),
        (3.0, "read", "r", {}, {"items": [[ts, "k", "v2"]]}),
        (3.0, "read", "s", {}, {"items": [[ts, "k", "v1"]]}),
    ]
    for number, (at_s, op, process, more, end) in enumerate(calls, 1):
        lines.append(
            {"i": number, "t": at_s, "op": op, "type": "invoke", "process": process, "channel": "C", **more}
        )
        lines.append({"i": number, "t": at_s, "op": op, "type": "ok", **end})
    lines.sort(key=lambda line: line["t"])
    opened = {"i": 90, "op": "open", "process": "l"}
    lines += [{**opened, "t": 4.0, "type": "invoke"}, {**opened, "t": 4.0, "type": "ok"}]
    for seq, value in ((1, "v1"), (2, "v2")):
        told = {"event": "message_changed", "topic": "C", "channel": "C", "seq": seq, "ts": ts, "key": "k"}
        moment = {"i": 90 + seq, "t": 5.0, "op": "receive", "type": "ok", "process": "l", "socket": 90}
        lines.append({**moment, **told, "value": value, "digest": value})
    assert verdict_of(lines).invariants == ["I05"]
    kept = [line for line in lines if line["i"] != 7]
    assert verdict_of(kept).holds
