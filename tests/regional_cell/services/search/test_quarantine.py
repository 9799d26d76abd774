"""Who sends too much that is wrong is not listened to for a while, and nobody else is concerned."""

from contextlib import ExitStack

import pytest

from accord.errors import ForbiddenError, NotReadyError, OverloadedError
from regional_cell.services.search.quarantine import AWAY_S, SPAN_S, WRONGS_MAX, Quarantine


class Peers:
    """A quarantine with a clock in the hand."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.told: list[str] = []
        self.quarantine = Quarantine(lambda: self.now_s, self.told.append)

    def call(self, peer: str, error: Exception | None = None, times: int = 1) -> None:
        for _ in range(times):
            try:
                with self.quarantine.watch(peer):
                    if error is not None:
                        raise error
            except (ForbiddenError, NotReadyError):
                pass


def wrong() -> ForbiddenError:
    return ForbiddenError(needed="membership")


def test_too_many_wrong_calls_close_the_door_for_a_while() -> None:
    peers = Peers()
    peers.call("us-iad", wrong(), WRONGS_MAX - 1)
    peers.call("us-iad")
    assert peers.told == []
    peers.call("us-iad", wrong())
    assert peers.told == ["us-iad"]
    peers.call("in-bom")
    with pytest.raises(OverloadedError) as refused:
        peers.call("us-iad")
    assert refused.value.retry_after_ms == AWAY_S * 1000 + 1
    peers.now_s += AWAY_S
    peers.call("us-iad", wrong())
    peers.call("us-iad")
    assert peers.told == ["us-iad"]


def test_now_and_then_a_wrong_call_is_no_harm() -> None:
    peers = Peers()
    for _ in range(5):
        peers.call("us-iad", wrong(), WRONGS_MAX - 1)
        peers.now_s += SPAN_S + 0.1
    assert peers.told == []


def test_what_is_not_the_peers_fault_does_not_count() -> None:
    peers = Peers()
    peers.call("us-iad", NotReadyError(resident="T"), 10 * WRONGS_MAX)
    peers.call("us-iad")
    assert peers.told == []


def test_calls_that_were_under_way_do_not_make_it_longer() -> None:
    peers = Peers()
    with ExitStack() as under_way:
        under_way.enter_context(pytest.raises(ForbiddenError))
        under_way.enter_context(peers.quarantine.watch("us-iad"))
        peers.call("us-iad", wrong(), WRONGS_MAX)
        peers.now_s += 1
        raise wrong()
    peers.now_s += AWAY_S - 1
    peers.call("us-iad")
    assert peers.told == ["us-iad"]
