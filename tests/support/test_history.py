"""The checker finds planted faults and is silent about lawful histories."""

from collections.abc import Callable

import pytest

from tests.support.history import Attempt, History, Row, findings, rows, stream_findings


def posted(count: int = 5) -> tuple[list[Attempt], list[Row]]:
    """Messages posted one after the other, each acknowledged and read."""
    attempts = [Attempt(f"k{n}", f"text {n}", n, n + 0.5, "ok", f"17.{n:06d}") for n in range(count)]
    return attempts, [Row(attempt.ts, attempt.key, attempt.text) for attempt in attempts]


def kinds(attempts: list[Attempt], *reads: list[Row]) -> set[str]:
    return {finding.kind for finding in findings(attempts, *reads)}


def test_a_lawful_history_has_no_finding() -> None:
    attempts, read = posted()
    assert kinds(attempts, read, list(read)) == set()


def test_an_unknown_outcome_may_be_there_or_not() -> None:
    attempts, read = posted()
    attempts.append(Attempt("u", "x", 9, 10, "unknown"))
    assert kinds(attempts, read) == set()
    assert kinds(attempts, [*read, Row("17.000099", "u", "x")]) == set()


def test_messages_posted_at_the_same_time_may_stand_in_any_order() -> None:
    attempts = [Attempt("a", "a", 0, 9, "ok", "17.000002"), Attempt("b", "b", 1, 8, "ok", "17.000001")]
    assert kinds(attempts, [Row("17.000001", "b", "b"), Row("17.000002", "a", "a")]) == set()


Plant = Callable[[list[Attempt], list[Row]], None]


def _drop(attempts: list[Attempt], read: list[Row]) -> None:
    del read[2]


def _repeat(attempts: list[Attempt], read: list[Row]) -> None:
    read.append(Row("17.000099", "k1", "text 1"))


def _invent(attempts: list[Attempt], read: list[Row]) -> None:
    read.append(Row("17.000099", "nobody", "x"))


def _keep_failed(attempts: list[Attempt], read: list[Row]) -> None:
    attempts.append(Attempt("f", "x", 9, 10, "fail"))
    read.append(Row("17.000099", "f", "x"))


def _swap(attempts: list[Attempt], read: list[Row]) -> None:
    read[1], read[2] = read[2], read[1]


def _alter(attempts: list[Attempt], read: list[Row]) -> None:
    read[1] = Row(read[1].ts, read[1].key, "another")


def _rename(attempts: list[Attempt], read: list[Row]) -> None:
    read[4] = Row("17.000098", "k4", "text 4")


def _answer_twice(attempts: list[Attempt], read: list[Row]) -> None:
    attempts.append(Attempt("k1", "text 1", 9, 10, "ok", "17.000077"))


def _go_back(attempts: list[Attempt], read: list[Row]) -> None:
    attempts.append(Attempt("z", "z", 20, 21, "ok", "16.000000"))
    read.insert(0, Row("16.000000", "z", "z"))


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (_drop, "lost"),
        (_repeat, "duplicate"),
        (_invent, "phantom"),
        (_keep_failed, "phantom"),
        (_swap, "disorder"),
        (_alter, "altered"),
        (_rename, "renamed"),
        (_answer_twice, "answered twice"),
        (_go_back, "out of time"),
    ],
)
def test_a_planted_fault_is_found(plant: Plant, kind: str) -> None:
    attempts, read = posted()
    plant(attempts, read)
    assert kind in kinds(attempts, read)


def test_reads_that_differ_are_found() -> None:
    attempts, read = posted()
    attempts.append(Attempt("u", "x", 9, 10, "unknown"))
    assert kinds(attempts, read, [*read, Row("17.000099", "u", "x")]) == {"diverged"}


def test_rows_are_what_history_shows_oldest_first() -> None:
    shown = [{"ts": "2", "client_msg_id": "b", "text": "B"}, {"ts": "1.5", "text": "join"}]
    shown.append({"ts": "1", "client_msg_id": "a", "text": "A"})
    assert rows(shown) == [Row("1", "a", "A"), Row("2", "b", "B")]


def test_a_key_is_unsettled_until_a_client_was_told() -> None:
    history = History()
    history.add(Attempt("a", "a", 0, 1, "unknown"))
    assert history.unsettled() == {"a"}
    history.add(Attempt("a", "a", 1, 2, "ok", "1"))
    assert history.unsettled() == set()
    assert history.acknowledged() == {"a": "1"}


def event(number: int, text: str = "", channel: str = "C1") -> dict[str, object]:
    return {"type": "message", "channel": channel, "x_seq": number, "text": text}


def test_a_stream_without_a_gap_has_no_finding() -> None:
    assert stream_findings([event(1), event(9, channel="C2"), event(2)], [event(2), event(3)]) == []


def test_a_gap_is_found_within_a_socket_and_between_two() -> None:
    assert [f.kind for f in stream_findings([event(1), event(3)])] == ["gap"]
    assert [f.kind for f in stream_findings([event(1)], [event(3)])] == ["gap"]


def test_a_repetition_that_differs_is_found() -> None:
    assert [f.kind for f in stream_findings([event(1, "a")], [event(1, "b")])] == ["told differently"]


def test_a_stream_that_says_it_begins_anew_has_no_gap() -> None:
    assert stream_findings([event(1)], [{"type": "hello", "x_resync": True}, event(7)]) == []
