"""Every work by name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks.figures import Results
from benchmarks.setting import Setting
from benchmarks.works import (
    activation,
    analysis,
    fairness,
    history,
    hops,
    idle,
    overload,
    policy,
    rate,
    reconnect,
    search,
    start,
    token,
)


@dataclass(frozen=True, slots=True)
class Work:
    """One work. `default` ones run when none is named; the others restart something or want a demo of their
    own.
    """

    summary: str
    measure: Callable[[Setting], Awaitable[Results]]
    default: bool = True


WORKS = {
    "policy": Work("a policy decision, beside cedarpy", policy.measure),
    "analysis": Work("the closure of a large policy, and the impact of a bundle", analysis.measure, False),
    "activate": Work("from the last approval of a policy to every cell and edge", activation.measure, False),
    "token": Work("an edge's check of a token", token.measure),
    "W1": Work("sends in one channel of 100 members", rate.measure_w1),
    "W2": Work("sends in 200 channels of 5 members", rate.measure_w2),
    "history": Work("pages of 50 messages over HTTP, beside a bare application", history.measure),
    "hops1": Work("where the CPU of a send in W1 goes, hop by hop", hops.measure_w1, False),
    "hops2": Work("where the CPU of a send in W2 goes, hop by hop", hops.measure_w2, False),
    "search": Work("searches over HTTP", search.measure),
    "idle": Work("memory of an idle client; wants a fresh demo with --load 2000:400:5", idle.measure, False),
    "reconnect": Work(
        "all clients come back after the home cell is killed; wants --load 2000:400:5",
        reconnect.measure,
        False,
    ),
    "overload": Work(
        "sends beyond the best rate, and a minute of five times as much", overload.measure, False
    ),
    "fairness": Work("sends of one workspace beside a loud one in its cell", fairness.measure, False),
    "start": Work("cold start of a demo of its own", start.measure, False),
}
