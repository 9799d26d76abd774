"""No byte of a stock is handed out twice, to whatever thread and in whatever portions."""

import itertools
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from regional_cell.adapters.local.random_stock import STOCK_BYTES, RandomStock


class Counting:
    """Numbers in place of random bytes: every eight bytes are others."""

    def __init__(self) -> None:
        self.numbers = itertools.count()

    def __call__(self, count: int) -> bytes:
        whole = b"".join(next(self.numbers).to_bytes(8, "big") for _ in range(-(-count // 8)))
        return whole[:count]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, STOCK_BYTES // 8), max_size=20))
def test_portions_follow_each_other_without_repetition(counts: list[int]) -> None:
    stock = RandomStock(Counting())
    portions = [stock(8 * count) for count in counts]
    words = [portion[at : at + 8] for portion in portions for at in range(0, len(portion), 8)]
    assert [len(portion) for portion in portions] == [8 * count for count in counts]
    assert len(set(words)) == len(words)


def test_more_than_the_stock_is_drawn_apart() -> None:
    assert len(RandomStock()(3 * STOCK_BYTES)) == 3 * STOCK_BYTES


def test_threads_never_share_a_portion() -> None:
    stock, taken = RandomStock(Counting()), []

    def take() -> None:
        taken.extend([stock(8) for _ in range(5_000)])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == len(taken) == 20_000
