"""Presence: who counts as there, whatever the processes said in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regional_cell.domain.presence import ACTIVE, AWAY, IDLE_S, LINGER_S, PEER_S, Presences, Seen

KEY, OTHER = ("T", "U"), ("T", "V")
NOW_S = 1_700_000_000


def test_who_has_a_socket_and_does_something_is_there() -> None:
    known = Presences()
    assert known.facts(KEY, NOW_S).presence == AWAY
    known.own[KEY] = Seen(2, NOW_S)
    facts = known.facts(KEY, NOW_S + IDLE_S - 1)
    assert (facts.presence, facts.sockets, facts.active_s, facts.idle) == (ACTIVE, 2, NOW_S, False)
    facts = known.facts(KEY, NOW_S + IDLE_S)
    assert (facts.presence, facts.idle, facts.sockets) == (AWAY, True, 2)


def test_who_comes_back_at_once_was_never_away() -> None:
    known = Presences()
    known.own[KEY] = Seen(0, NOW_S, NOW_S)
    known.expire(NOW_S + LINGER_S - 1)
    assert known.facts(KEY, NOW_S + LINGER_S - 1).presence == ACTIVE
    assert known.facts(KEY, NOW_S + LINGER_S).presence == AWAY
    known.expire(NOW_S + LINGER_S)
    assert known.own == {}


def test_a_bot_needs_no_socket_and_can_say_to_be_away() -> None:
    known = Presences()
    assert known.facts(KEY, NOW_S, always=True).presence == ACTIVE
    assert known.set_manual(KEY, True, 1)
    assert known.facts(KEY, NOW_S, always=True).presence == AWAY


def test_sockets_of_all_processes_count_until_a_process_falls_silent() -> None:
    known = Presences()
    known.own[KEY] = Seen(1, NOW_S - IDLE_S)
    known.hear("two", KEY, Seen(2, NOW_S), NOW_S)
    assert known.hear_all("three", {KEY: Seen(1, NOW_S - 5), OTHER: Seen(1, NOW_S)}, NOW_S) == {KEY, OTHER}
    assert known.hear_all("three", {KEY: Seen(1, NOW_S - 5)}, NOW_S) == {OTHER}
    facts = known.facts(KEY, NOW_S)
    assert (facts.presence, facts.sockets, facts.active_s) == (ACTIVE, 4, NOW_S)
    later_s = NOW_S + PEER_S
    assert known.facts(KEY, later_s).presence == AWAY
    assert known.facts(KEY, later_s).sockets == 1
    known.hear_all("two", {}, NOW_S)
    assert known.facts(KEY, NOW_S).sockets == 2


@given(st.permutations([(True, 1), (False, 2), (True, 3), (False, 4), (True, 5)]), st.integers(1, 5))
def test_the_latest_word_about_being_away_counts_in_any_order(
    words: list[tuple[bool, int]], kept: int
) -> None:
    known = Presences()
    for away, set_us in words[:kept]:
        known.set_manual(KEY, away, set_us)
    latest = max(words[:kept], key=lambda word: word[1])
    assert known.manual[KEY] == latest
    assert known.facts(KEY, NOW_S).manual_away == latest[0]
    assert not known.set_manual(KEY, not latest[0], latest[1])


def test_who_said_to_be_away_is_kept_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regional_cell.domain.presence.MANUAL_MAX", 3)
    known = Presences()
    for number in range(5):
        known.set_manual(("T", f"U{number}"), True, number + 1)
    known.set_manual(("T", "U2"), False, 9)
    known.set_manual(("T", "U9"), True, 10)
    assert list(known.manual) == [("T", "U4"), ("T", "U2"), ("T", "U9")]
