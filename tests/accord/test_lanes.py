"""Lanes are served in turns, whatever waits in them."""

from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.lanes import Lanes


def test_who_has_little_passes_who_has_much() -> None:
    lanes: Lanes[str] = Lanes()
    for number in range(1_000):
        lanes.add("loud", f"l{number}")
    lanes.add("quiet", "q0")
    lanes.add("quiet", "q1")
    assert [lanes.take() for _ in range(5)] == ["l0", "q0", "l1", "q1", "l2"]
    assert (len(lanes), lanes.lanes, lanes.waiting("loud"), lanes.waiting("quiet")) == (997, 1, 997, 0)


def test_what_is_dear_has_its_turn_less_often() -> None:
    lanes: Lanes[str] = Lanes(quantum=4)
    for _ in range(100):
        lanes.add("searches", "dear", cost=8)
        lanes.add("reads", "cheap")
    taken = Counter(lanes.take() for _ in range(90))
    assert taken == {"dear": 10, "cheap": 80}


def test_the_newest_of_the_longest_lane_goes_first_when_there_is_no_room() -> None:
    lanes: Lanes[int] = Lanes()
    for number in range(5):
        lanes.add("loud", number)
    lanes.add("quiet", 9)
    assert lanes.drop_last(lanes.longest()) == 4
    assert sorted(lanes.clear()) == [0, 1, 2, 3, 9]
    assert len(lanes) == lanes.lanes == 0
    with pytest.raises(IndexError):
        lanes.take()


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("abc"), st.integers(1, 6)),
        st.tuples(st.just("take"), st.just(""), st.just(0)),
        st.tuples(st.just("drop"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.just("back"), st.sampled_from("abc"), st.integers(1, 3)),
    ),
    max_size=60,
)


@given(OPERATIONS, st.integers(1, 5))
def test_order_within_a_lane_and_fairness_between_them(
    operations: list[tuple[str, str, int]], quantum: int
) -> None:
    lanes: Lanes[tuple[str, int, int]] = Lanes(quantum)
    expected: dict[str, deque[tuple[str, int, int]]] = {lane: deque() for lane in "abc"}
    # What each lane spent since the last moment at which not all three had something waiting.
    spent: Counter[str] = Counter()
    for number, (kind, lane, cost) in enumerate(operations):
        if kind == "add":
            lanes.add(lane, (lane, number, cost), cost)
            expected[lane].append((lane, number, cost))
        elif kind == "back":
            items = [(lane, number, 1), (lane, -number, 1)]
            lanes.put_back(lane, items)
            expected[lane].extendleft(reversed(items))
        elif kind == "drop" and expected[lane]:
            assert lanes.drop_last(lane) == expected[lane].pop()
        elif kind == "take" and any(expected.values()):
            item = lanes.take()
            assert item == expected[item[0]].popleft()
            spent[item[0]] += item[2]
        if not all(expected.values()):
            spent.clear()
        elif spent:
            assert max(spent.values()) - min(spent[lane] for lane in "abc") <= quantum + 2 * 6
        assert len(lanes) == sum(map(len, expected.values()))
        assert [lanes.waiting(lane) for lane in "abc"] == [len(expected[lane]) for lane in "abc"]
    assert sorted(lanes.clear()) == sorted(item for items in expected.values() for item in items)
