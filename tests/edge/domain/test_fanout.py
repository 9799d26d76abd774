"""Fan-out: every socket sees what a plain, one-by-one delivery would have shown it."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from edge.domain.fanout import FanOut

NUMBERS = st.integers(1, 4)
TOPICS = st.sampled_from(["T1/C1", "T1/C2", "T1/T1"])
ACTIONS = st.one_of(
    st.tuples(st.just("open"), NUMBERS),
    st.tuples(st.just("close"), NUMBERS),
    st.tuples(st.just("add"), NUMBERS, st.sets(TOPICS)),
    st.tuples(st.just("remove"), NUMBERS, st.sets(TOPICS)),
    st.tuples(st.just("event"), TOPICS, st.sets(NUMBERS, max_size=2), st.integers(0, 4)),
    st.tuples(st.just("frame"), NUMBERS),
    st.tuples(st.just("flush")),
)


@dataclass
class Plain:
    """The same without ticks: each frame goes out at once."""

    topics: set[str] = field(default_factory=set)
    seen: list[bytes] = field(default_factory=list)


@given(st.lists(ACTIONS, max_size=60))
def test_each_socket_sees_its_frames_once_and_in_order(actions: list[tuple[object, ...]]) -> None:
    fan = FanOut()
    plain: dict[int, Plain] = {}
    written: dict[int, bytearray] = {}
    for place, (kind, *rest) in enumerate(actions):
        data = b"<%d>" % place
        if kind == "open" and rest[0] not in plain:
            number = int(str(rest[0]))
            plain[number], written[number] = Plain(), bytearray()
            fan.open(number, written[number].extend)
        elif kind == "close":
            number = int(str(rest[0]))
            fan.flush()
            fan.close(number)
            if (left := plain.pop(number, None)) is not None:
                assert bytes(written.pop(number)) == b"".join(left.seen)
        elif kind in ("add", "remove"):
            number, names = int(str(rest[0])), set(rest[1])  # type: ignore[call-overload]
            if kind == "add":
                fan.change(number, add=names)
            else:
                fan.change(number, remove=names)
            if number in plain:
                plain[number].topics = (
                    plain[number].topics | names if kind == "add" else plain[number].topics - names
                )
        elif kind == "event":
            name, but = str(rest[0]), set(rest[1])  # type: ignore[call-overload]
            replied = int(str(rest[2]))
            fan.event(name, data, replied, b"(%d)" % place, but - {replied})
            for number, one in plain.items():
                if number == replied:
                    one.seen.append(b"(%d)" % place)
                elif name in one.topics and number not in but:
                    one.seen.append(data)
        elif kind == "frame":
            number = int(str(rest[0]))
            fan.frame(number, data)
            if number in plain:
                plain[number].seen.append(data)
        elif kind == "flush":
            fan.flush()
            assert not fan.pending
    fan.flush()
    assert {number: bytes(data) for number, data in written.items()} == {
        number: b"".join(one.seen) for number, one in plain.items()
    }


def test_a_tick_is_one_write_per_socket() -> None:
    fan, writes = FanOut(), []
    for number in range(100):
        fan.open(number, lambda data, number=number: writes.append((number, data)))  # type: ignore[misc]
        fan.change(number, ["a", "b"])
    for place in range(50):
        fan.event("a" if place % 2 else "b", b"%d," % place, place, b"reply,")
    assert fan.flush() == len(writes) == 100
    whole = b"".join(b"%d," % place for place in range(50))
    assert dict(writes)[99] == whole
    assert dict(writes)[7] == whole.replace(b",7,", b",reply,")


def test_a_change_of_topics_acts_in_its_place_within_a_tick() -> None:
    fan, seen = FanOut(), bytearray()
    fan.open(1, seen.extend)
    fan.change(1, ["a"])
    fan.event("a", b"1")
    fan.change(1, remove=["a"])
    fan.event("a", b"2")
    fan.change(1, ["a"])
    fan.event("a", b"3")
    fan.flush()
    assert seen == b"13"


def test_a_socket_closed_while_the_tick_is_written_gets_nothing_more() -> None:
    fan = FanOut()
    seen: list[bytes] = []
    fan.open(1, lambda data: fan.close(2))
    fan.open(2, seen.append)
    for number in (1, 2):
        fan.change(number, ["a"])
    fan.event("a", b"x")
    fan.flush()
    assert seen == []
    assert fan.sockets == (1,)
