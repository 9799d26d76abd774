"""Reasons, their classes and the one table."""

import re

import grpc
import pytest

from accord import errors
from accord.errors import CLASSES, RULES, ColinkError, Moved, Reason, from_reason


def test_every_reason_has_one_class_and_one_row() -> None:
    assert set(RULES) == set(CLASSES) == set(Reason)
    assert len({kind.__name__ for kind in CLASSES.values()}) == len(Reason)


def test_the_tree_at_the_top_draws_every_class() -> None:
    drawn = set(re.findall(r"\w+Error\b", errors.__doc__ or ""))
    assert drawn == {kind.__name__ for kind in CLASSES.values()} | {"ColinkError"}


@pytest.mark.parametrize("reason", list(Reason))
def test_a_row_is_fit_for_every_border(reason: Reason) -> None:
    rule = RULES[reason]
    assert rule.grpc_code_name in grpc.StatusCode.__members__
    assert 400 <= rule.http_status < 600
    assert rule.api_status in {200, 403, 429, 503}
    assert CLASSES[reason].__name__ == "".join(word.capitalize() for word in reason.split("_")) + "Error"


@pytest.mark.parametrize(
    ("reason", "status", "error", "retry"),
    [
        ("TOKEN_INVALID", 200, "invalid_auth", "N"),
        ("STALE_EPOCH", 503, "service_unavailable", "A"),
        ("HOME_UNREACHABLE", 503, "service_unavailable", "K"),
        ("OUTCOME_UNKNOWN", 200, "fatal_error", "K"),
        ("RATE_LIMITED", 429, "ratelimited", "K"),
        ("KEY_REVOKED", 200, "ekm_access_denied", "N"),
        ("UNKNOWN_RESIDENT", 200, "invalid_auth", "N"),
    ],
)
def test_the_public_api_answers_as_promised(reason: str, status: int, error: str, retry: str) -> None:
    rule = RULES[Reason(reason)]
    assert (rule.api_status, rule.api_error, rule.retry) == (status, error, retry)


def test_a_method_may_name_its_own_code() -> None:
    assert errors.ConflictError(api="already_reacted").api == "already_reacted"
    assert errors.NotFoundError(thing="channel").api == "channel_not_found"
    assert errors.PeerRefusedError().api == "internal_error"


def test_an_error_from_the_wire_is_the_same_class() -> None:
    moved = Moved("T000000000000", "de-fra", 2, b"x")
    error = from_reason("STALE_EPOCH", {"epoch": "2"}, moved=moved, retry_after_ms=5)
    assert type(error) is errors.StaleEpochError
    assert (error.moved, error.retry_after_ms, error.metadata) == (moved, 5, {"epoch": "2"})


def test_an_unknown_reason_is_internal_and_not_a_success() -> None:
    assert type(from_reason("BRAND_NEW")) is errors.InternalError
    assert isinstance(from_reason(""), ColinkError)


def test_what_was_in_the_way_is_one_of_few_words_whatever_an_error_says() -> None:
    late = errors.OverloadedError(queue="writer", why="deadline")
    assert (errors.obstacle(late), errors.obstacle(errors.OverloadedError(queue="writer"))) == (
        "deadline",
        "writer",
    )
    assert errors.obstacle(errors.NotReadyError(store="sql", why="what nobody listed")) == "sql"
    assert errors.obstacle(from_reason("NOT_READY", {"why": "a secret", "queue": "of a peer"})) == ""
