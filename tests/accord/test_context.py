"""Who asks."""

import dataclasses

import pytest

from accord.context import Principal, RequestContext


def test_a_context_is_replaced_and_never_changed() -> None:
    context = RequestContext("r1", Principal("cell", cell="de-fra"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        context.epoch = 2  # type: ignore[misc]
    assert dataclasses.replace(context, epoch=2).epoch == 2


def test_principals_have_the_same_key_only_when_they_act_as_the_same() -> None:
    user = Principal("user", resident="T000000000001", user="U000000000001", roles=frozenset({"owner"}))
    assert user.key == dataclasses.replace(user, roles=frozenset(), token_id="other").key
    others = [
        dataclasses.replace(user, kind="bot"),
        dataclasses.replace(user, resident="T000000000002"),
        dataclasses.replace(user, user="U000000000002"),
        dataclasses.replace(user, app="A000000000001"),
        dataclasses.replace(user, cell="de-fra"),
    ]
    assert len({user.key, *(other.key for other in others)}) == 6
