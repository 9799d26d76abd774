"""Sizes of batches: large for who is alone, short while several wait for the same store."""

from hypothesis import given
from hypothesis import strategies as st

from regional_cell.services.commits.sizes import GROWTH, LEAST, ROUND_S, BatchSizes

MOST = 512


@given(st.lists(st.tuples(st.integers(1, MOST), st.floats(0.0, 1.0))))
def test_who_is_alone_has_the_whole_batch_however_long_it_takes(written: list[tuple[int, float]]) -> None:
    sizes = BatchSizes(MOST)
    for count, took_s in written:
        sizes.written(count, took_s)
        assert sizes.most(shared=False) == MOST
        assert LEAST <= sizes.most(shared=True) <= MOST


@given(st.floats(0.0, 0.005), st.floats(1e-6, 1e-3))
def test_a_batch_that_is_shared_soon_takes_no_longer_than_a_round(sync_s: float, each_s: float) -> None:
    sizes = BatchSizes(MOST)
    for _ in range(60):
        sizes.written(count := sizes.most(shared=True), sync_s + count * each_s)
    for _ in range(20):
        count = sizes.most(shared=True)
        took_s = sync_s + count * each_s
        assert took_s <= GROWTH * ROUND_S + each_s or count == LEAST
        # No smaller than it needs to be, either.
        assert took_s >= ROUND_S / 4 or count in (LEAST, MOST)
        sizes.written(count, took_s)


@given(st.integers(1, 2 * MOST), st.integers(0, 2 * MOST), st.floats(0.0, 1.0))
def test_who_has_little_finds_a_place_at_the_last_moment_that_others_could_not_fill(
    most: int, count: int, took_s: float
) -> None:
    sizes = BatchSizes(most)
    sizes.written(most, took_s)
    count = min(count, sizes.most(shared=True))
    assert count <= most
    assert sizes.last(count, shared=True) >= min(LEAST, most - count)
    assert count + sizes.last(count, shared=True) <= most
    assert sizes.last(count, shared=False) == 0
