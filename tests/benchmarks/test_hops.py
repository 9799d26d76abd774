"""What threads used is shared out among the hops of their stacks."""

import pytest

from benchmarks.works.hops import weighed

ROWS = (("write", "fanout.py"), ("read", "on_frame"), ("rest", ""), ("library", "poll"))


def test_a_thread_is_shared_out_by_its_stacks_and_one_without_counts_as_the_rest() -> None:
    stacks = [
        "thread (7): MainThread;run (a.py:1);flush (edge/fanout.py:9) 3",
        "thread (7): MainThread;run (a.py:1);on_frame (b.py:2) 1",
        "thread (7): MainThread;run (a.py:1) 4",
        "nothing that is a stack",
    ]
    hops = weighed(ROWS, stacks, {7: 0.8, 8: 0.1})
    assert hops == pytest.approx({"write": 0.3, "read": 0.1, "rest": 0.4, "library": 0.1})


def test_a_thread_of_a_library_is_none_of_ours() -> None:
    assert weighed(ROWS, ["thread (9): Thread-1 (poll);run (x) 1"], {9: 1.0})["library"] == 1.0


def test_the_first_row_that_fits_is_taken() -> None:
    assert weighed(ROWS, ["thread (7): M;on_frame (x);flush (fanout.py:9) 1"], {7: 1.0})["write"] == 1.0
