"""A policy decision in process, beside Cedar's engine asked the same: the German default with its floors.

`cedarpy` takes its policies as text with each call, so its figure holds their parsing; ours is compiled
beforehand, as in a cell.
"""

import time
from collections.abc import Callable

import cedarpy

from benchmarks.figures import Results, figures_of
from benchmarks.setting import Setting
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.decision import Question, Viewer
from residency_policies.model import Policy
from residency_policies.vocabulary import PURPOSES
from tests.residency_policies import cedar

ROUNDS, CEDAR_ROUNDS = 100_000, 20
UNITS = {"bound_us": "us", "decide_us": "us", "cedarpy_us": "us", "times_faster": "x"}


async def measure(setting: Setting) -> Results:
    """Microseconds of one decision: with operation, class and place bound beforehand, with nothing bound,
    by Cedar.
    """
    compiled = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), int(time.time()))
    document = next(one for one in compiled.bundle.parsed if one.id == "default/de")
    assert isinstance(document, Policy)
    policies = cedar.policies(compiled.stack_for(document, "DE"))
    profile = compiled.profile_for("T1", "DE")
    places = {region.country: region.id for region in BUILTIN_REGIONS}
    asked = Question(
        "T1", 1, "disclose", "message_body", places["DE"], places["US"], Viewer("employee", "US"), PURPOSES[0]
    )
    request = cedar.request(asked)
    bound = profile.bind(asked.op, asked.data_class, asked.src)
    answer = profile.decide(asked)
    agreed = cedarpy.is_authorized(request, policies, []).allowed == (
        answer.code in ("OK", "OBLIGATION_UNSUPPORTED")
    )

    def run() -> dict[str, float]:
        ours_us = _each_us(lambda: profile.decide(asked), ROUNDS)
        cedar_us = _each_us(lambda: cedarpy.is_authorized(request, policies, []), CEDAR_ROUNDS)
        viewer = asked.viewer
        return {
            "bound_us": _each_us(
                lambda: bound(
                    asked.dst, viewer.relation, viewer.country, asked.purpose, asked.facts, asked.can
                ),
                ROUNDS,
            ),
            "decide_us": ours_us,
            "cedarpy_us": cedar_us,
            "times_faster": cedar_us / ours_us,
        }

    figures = figures_of("policy", [run() for _ in range(setting.repeat)], UNITS)
    return Results(figures, faults=[] if agreed else [f"policy: Cedar does not agree about {answer.code}"])


def _each_us(ask: Callable[[], object], rounds: int) -> float:
    began_ns = time.perf_counter_ns()
    for _ in range(rounds):
        ask()
    return (time.perf_counter_ns() - began_ns) / 1_000 / rounds
