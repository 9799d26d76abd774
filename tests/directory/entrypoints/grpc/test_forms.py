"""Messages and records are two forms of the same thing."""

import pytest

from accord.errors import InvalidError
from accord.identity import RingKey, SigningKey
from accord.wire.directory.v1 import directory_pb2 as pb
from directory.domain.cells import AdmittedKey
from directory.entrypoints.grpc import forms


@pytest.mark.parametrize("state", ["active", "verify_only", "withdrawn"])
def test_a_key_comes_back_as_it_went(state: str) -> None:
    public = SigningKey.generate()
    for purposes in ("*", frozenset({"xoxb", "handover"})):
        key = RingKey("de-fra", purposes, public.key_id, public.public, 1, 2, state)  # type: ignore[arg-type]
        assert forms.key_from_wire(forms.key_to_wire(AdmittedKey(key, 7))) == key


def test_an_unspecified_or_unknown_word_is_refused() -> None:
    for kind in (0, 99):
        with pytest.raises(InvalidError):
            forms.asked_from_wire(pb.PlaceRequest(kind=kind))  # type: ignore[arg-type]
        with pytest.raises(InvalidError):
            forms.key_from_wire(pb.Key(state=kind))  # type: ignore[arg-type]
    with pytest.raises(InvalidError):
        forms.key_from_wire(pb.Key(purposes=["*", "xoxb"], state=pb.KEY_STATE_ACTIVE))


def test_numbers_that_no_store_keeps_are_refused() -> None:
    assert forms.integer(2**63 - 1, "epoch") == 2**63 - 1
    for number in (2**63, 2**64 - 1, -1):
        with pytest.raises(InvalidError):
            forms.integer(number, "epoch")
