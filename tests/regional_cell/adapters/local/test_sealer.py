"""Sealed bytes open in their own place and nowhere else."""

import hashlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.errors import InvalidError, KeyUnavailableError
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.domain.errors import IntegrityError
from regional_cell.domain.events import Event, SealedEvent
from tests.regional_cell.stores import C1, CELL_KEY, T1, T2, U1

EVENT = Event(T1, 7, 1, "MessagePosted", 1, 1_700_000_000_000_000, U1, {"text": "hello"}, ((C1, 3),))


def sealer(*residents: str) -> LocalSealer:
    made = LocalSealer(CellKeys(CELL_KEY))
    for resident in residents:
        made.new_key(resident)
    return made


texts = st.text(st.characters(exclude_categories=["Cs"]))
payloads = st.dictionaries(
    texts.filter(lambda name: name != "salt"),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=5,
)


@given(payloads)
def test_what_was_sealed_opens_as_it_was(payload: dict[str, object]) -> None:
    keys = sealer(T1)
    event = replace(EVENT, payload=payload)
    assert keys.open_event(keys.seal_event(event)) == event
    sealed = keys.seal_content(T1, "users", (U1,), payload)
    assert keys.open_content(T1, "users", (U1,), sealed) == payload


def test_the_commitment_is_salted_and_proves_the_payload() -> None:
    keys = sealer(T1)
    one, two = keys.seal_event(EVENT), keys.seal_event(EVENT)
    assert len(one.commitment) == 32
    assert one.commitment != two.commitment
    assert one.commitment != hashlib.sha256(orjson.dumps(EVENT.payload)).digest()
    with pytest.raises(IntegrityError):
        keys.open_event(replace(one, commitment=two.commitment))


@pytest.mark.parametrize(
    "moved",
    [
        {"sequence": 8},
        {"kind": "MessageEdited"},
        {"epoch": 2},
        {"schema": 2},
        {"at_us": 1_700_000_000_000_001},
        {"principal": "U000000000009"},
        {"sealed": b""},
        {"sealed": b"x" * 80},
        {"sealed": None},
    ],
)
def test_an_event_opens_at_its_place_only(moved: dict[str, object]) -> None:
    keys = sealer(T1)
    sealed = keys.seal_event(EVENT)
    assert keys.open_event(sealed) == EVENT
    with pytest.raises(IntegrityError):
        keys.open_event(replace(sealed, **moved))


def test_an_event_opens_under_its_own_resident_only() -> None:
    keys = sealer(T1, T2)
    stolen: SealedEvent = replace(keys.seal_event(EVENT), resident=T2)
    with pytest.raises(KeyUnavailableError):
        keys.open_event(stolen)
    with pytest.raises(IntegrityError):
        keys.open_event(replace(stolen, key_id=keys.seal_event(replace(EVENT, resident=T2)).key_id))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_does_not_open(place: int, change: int) -> None:
    keys = sealer(T1)
    entry = keys.seal_event(EVENT)
    assert entry.sealed is not None
    data = bytearray(entry.sealed)
    data[place % len(data)] ^= change
    with pytest.raises(IntegrityError):
        keys.open_event(replace(entry, sealed=bytes(data)))


@pytest.mark.parametrize(("view", "key"), [("channels", (U1,)), ("users", ("U000000000009",)), ("users", ())])
def test_content_opens_in_its_row_only(view: str, key: tuple[str, ...]) -> None:
    keys = sealer(T1)
    sealed = keys.seal_content(T1, "users", (U1,), {"name": "ada"})
    with pytest.raises(IntegrityError):
        keys.open_content(T1, view, key, sealed)


def test_a_key_admitted_elsewhere_opens_and_another_cell_s_key_does_not() -> None:
    first = LocalSealer(CellKeys(CELL_KEY))
    key_id, wrapped = first.new_key(T1)
    second = LocalSealer(CellKeys(CELL_KEY))
    assert not second.holds(T1)
    with pytest.raises(KeyUnavailableError):
        second.open_event(first.seal_event(EVENT))
    second.admit(T1, key_id, wrapped)
    assert second.open_event(first.seal_event(EVENT)) == EVENT
    for resident, keys in ((T2, CELL_KEY), (T1, b"x" * 32)):
        with pytest.raises(IntegrityError):
            LocalSealer(CellKeys(keys)).admit(resident, key_id, wrapped)


def test_an_older_key_still_opens_after_a_rotation() -> None:
    keys = sealer(T1)
    old = keys.seal_event(EVENT)
    keys.new_key(T1)
    fresh = keys.seal_event(EVENT)
    assert old.key_id != fresh.key_id
    assert keys.open_event(old) == keys.open_event(fresh) == EVENT


@pytest.mark.parametrize("payload", [{"salt": "mine"}, {"x": b"bytes"}, {"x": 2**70}])
def test_what_is_no_payload_is_refused(payload: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        sealer(T1).seal_event(replace(EVENT, payload=payload))
