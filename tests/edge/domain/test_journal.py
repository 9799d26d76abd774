"""The route journal's bytes: nothing inside is believed unproven, a torn end is dropped, nothing else is."""

import contextlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accord.routes import CHAIN_START, sign_route, verify_route
from accord.signing import KeyRing, RingKey, SigningKey
from edge.domain.journal import JournalBrokenError, Record, read_journal

KEY = SigningKey.from_seed(bytes(32))
RING = KeyRing([RingKey("directory", frozenset({"routes"}), KEY.key_id, KEY.public, 0, 2**40)])
DELTAS = st.lists(st.binary(max_size=40), min_size=1, max_size=5)


def signed(previous: bytes, record: Record) -> bool:
    return verify_route(RING, record.key_id.hex(), previous, record.delta, record.signature)


def journal(deltas: list[bytes]) -> list[Record]:
    records, last = [], CHAIN_START
    for delta in deltas:
        records.append(Record(delta, bytes.fromhex(KEY.key_id), sign_route(KEY, last, delta)))
        last = records[-1].hash_after(last)
    return records


@given(DELTAS)
def test_what_was_written_is_read(deltas: list[bytes]) -> None:
    records = journal(deltas)
    data = b"".join(record.encode() for record in records)
    for synced in (None, len(data), 0):
        found = read_journal(data, synced, signed)
        assert found.records == tuple(records)
        assert found.length == len(data)


@given(DELTAS, st.data())
def test_a_torn_end_is_dropped_and_all_before_it_kept(deltas: list[bytes], draw: st.DataObject) -> None:
    records = journal(deltas)
    last = records[-1].encode()
    before = b"".join(record.encode() for record in records[:-1])
    torn = before + last[: draw.draw(st.integers(0, len(last) - 1))]
    for synced in (None, len(before)):
        found = read_journal(torn, synced, signed)
        assert (found.records, found.length) == (tuple(records[:-1]), len(before))
    with pytest.raises(JournalBrokenError):
        read_journal(torn, len(before) + len(last), signed)


@given(DELTAS, st.data())
def test_a_flipped_bit_inside_the_synced_part_stops_the_start(
    deltas: list[bytes], draw: st.DataObject
) -> None:
    data = bytearray(b"".join(record.encode() for record in journal(deltas)))
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] ^= 1 << draw.draw(st.integers(0, 7))
    with pytest.raises(JournalBrokenError):
        read_journal(bytes(data), len(data), signed)


@given(DELTAS, st.data())
def test_records_in_another_order_or_left_out_are_broken(deltas: list[bytes], draw: st.DataObject) -> None:
    records = journal(deltas)
    assume(len(records) > 1)
    gone = draw.draw(st.integers(0, len(records) - 2))
    data = b"".join(record.encode() for place, record in enumerate(records) if place != gone)
    with pytest.raises(JournalBrokenError):
        read_journal(data, None, signed)


@given(st.binary(max_size=300))
def test_bytes_of_others_are_never_records(data: bytes) -> None:
    with contextlib.suppress(JournalBrokenError):
        assert read_journal(data, None, signed).records == ()
